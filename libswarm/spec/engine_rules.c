/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the managers refuse of a whole spec in the engine's words, which a patch may have made: the rules of
 * swarmkit (manager/controlapi/service.go) and moby (daemon/cluster/convert). With them test mode refuses
 * what the real run would. Asks nothing of an engine.
 */
#include "spec/internal.h"

#include <stdio.h>
#include <string.h>

#define CONTAINER "TaskTemplate.ContainerSpec"

/* Of these members of a list, no two elements may have the same; one that is empty or zero counts for none. */
static void check_twice(swarm__conversion *c, const json_t *spec, const char *path,
			const char *member, const char *other)
{
	const json_t *list = swarm__json_at(spec, path);
	json_t *seen = swarm__spec_new(c, json_object()), *one;
	char key[SWARM__MAX_PLACE];
	size_t i;

	json_array_foreach (swarm__json_iterable(list), i, one) {
		json_t *text = swarm__spec_text(c, swarm__json_at(one, member));
		const char *first = text ? json_string_value(text) : "";

		snprintf(key, sizeof(key), "%.160s%s%.60s", first, other ? "/" : "",
			 other ? swarm__json_string(one, other) : "");
		if (*first && strcmp(first, "0") != 0) {
			if (json_object_get(seen, key))
				swarm__slip(c, path, "%s is given twice", key);
			swarm__spec_put(c, seen, key, json_true());
		}
		json_decref(text);
	}
	json_decref(seen);
}

/* --- the mode ------------------------------------------------------------------------------------------- */

static const char *const modes[] = { "Replicated", "Global", "ReplicatedJob", "GlobalJob" };
enum { MODES = sizeof(modes) / sizeof(*modes) };

/* How many modes a spec has; ret_mode: the last of them, or what the engine takes without one. */
static int count_modes(const json_t *spec, const char **ret_mode)
{
	const json_t *mode = json_object_get(spec, "Mode");
	int count = 0;

	*ret_mode = modes[0];
	for (size_t i = 0; i < MODES; i++)
		if (json_is_object(json_object_get(mode, modes[i]))) {
			*ret_mode = modes[i];
			count++;
		}
	return count;
}

/* before: NULL, or the spec whose mode must stay. */
static void check_mode(swarm__conversion *c, const json_t *before, const json_t *spec)
{
	const char *mode, *old;
	int count = count_modes(spec, &mode);

	if (before)
		count_modes(before, &old);
	if (count > 1)
		swarm__slip(
			c, "Mode",
			"a service has one mode, and this would be %d: give deploy.mode in its place",
			count);
	else if (before && strcmp(mode, old) != 0)
		swarm__slip(
			c, "Mode",
			"the mode of a service cannot be changed to %s: give deploy.mode in its "
			"place, with replace: True",
			mode);
	else if (strstr(mode, "Job") && json_is_object(json_object_get(spec, "UpdateConfig")))
		swarm__slip(c, "UpdateConfig", "does not go with mode %s", mode);
}

/* --- numbers -------------------------------------------------------------------------------------------- */

static void check_numbers(swarm__conversion *c, const json_t *spec)
{
	/* Zero is unset. */
	static const struct {
		const char *path;
		json_int_t lowest;
		const char *text;
	} all[] = {
		{ "TaskTemplate.Resources.Limits.NanoCPUs", 1000000, "1000000 (0.001 processors)" },
		{ "TaskTemplate.Resources.Reservations.NanoCPUs", 1000000,
		  "1000000 (0.001 processors)" },
		{ "TaskTemplate.Resources.Limits.MemoryBytes", 4194304, "4194304 (4 MiB)" },
		{ "TaskTemplate.Resources.Reservations.MemoryBytes", 4194304, "4194304 (4 MiB)" },
		{ CONTAINER ".Healthcheck.Interval", 1000000, "1000000 (1 ms)" },
		{ CONTAINER ".Healthcheck.Timeout", 1000000, "1000000 (1 ms)" },
		{ CONTAINER ".Healthcheck.StartPeriod", 1000000, "1000000 (1 ms)" },
		{ CONTAINER ".Healthcheck.StartInterval", 1000000, "1000000 (1 ms)" },
		{ CONTAINER ".Healthcheck.Retries", 0, "0" },
		{ "TaskTemplate.RestartPolicy.Delay", 0, "0" },
		{ "TaskTemplate.RestartPolicy.Window", 0, "0" },
		{ "UpdateConfig.Delay", 0, "0" },
		{ "UpdateConfig.Monitor", 0, "0" },
	};
	const json_t *ratio = swarm__json_at(spec, "UpdateConfig.MaxFailureRatio");

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		json_int_t value = swarm__json_integer(spec, all[i].path);

		if (value && value < all[i].lowest)
			swarm__slip(c, all[i].path, "must be %sat least %s, not %lld",
				    all[i].lowest ? "0 or " : "", all[i].text, (long long)value);
	}
	if (json_number_value(ratio) < 0 || json_number_value(ratio) > 1)
		swarm__slip(c, "UpdateConfig.MaxFailureRatio", "must be from 0 to 1");
}

/* --- the container ---------------------------------------------------------------------------------------- */

static void check_references(swarm__conversion *c, const json_t *spec, const char *path,
			     const char *id, const char *name)
{
	const json_t *list = swarm__json_at(spec, path);
	char place[SWARM__MAX_PLACE];
	json_t *one;
	size_t i;

	json_array_foreach (swarm__json_iterable(list), i, one) {
		bool runtime = json_is_object(json_object_get(one, "Runtime"));
		bool file = *swarm__json_string(one, "File.Name") != '\0';

		snprintf(place, sizeof(place), "%.200s[%zu]", path, i);
		if (!*swarm__json_string(one, id) || !*swarm__json_string(one, name))
			swarm__slip(c, place, "needs %s and %s", id, name);
		if (file == runtime)
			swarm__slip(c, place, "needs File.Name%s",
				    runtime ? " or Runtime, not both" : "");
	}
	check_twice(c, spec, path, "File.Name", NULL);
}

static void check_credentials(swarm__conversion *c, const json_t *spec)
{
	static const char path[] = CONTAINER ".Privileges.CredentialSpec";
	const json_t *credentials = swarm__json_at(spec, path);
	const char *config = swarm__json_string(credentials, "Config");
	const json_t *configs = swarm__json_at(spec, CONTAINER ".Configs");
	bool found = false;
	json_t *one;
	int count;
	size_t i;

	count = (*config != '\0') + (*swarm__json_string(credentials, "File") != '\0') +
		(*swarm__json_string(credentials, "Registry") != '\0');
	if (json_is_object(credentials) && count != 1)
		swarm__slip(c, path, "takes one of Config, File and Registry");
	json_array_foreach (swarm__json_iterable(configs), i, one)
		found = found || (json_is_object(json_object_get(one, "Runtime")) &&
				  strcmp(swarm__json_string(one, "ConfigID"), config) == 0);
	if (*config && !found)
		swarm__slip(c, path,
			    "Config must be the id of one of Configs that has Runtime: give "
			    "credential_spec in compose's words in its place");
}

static void check_container(swarm__conversion *c, const json_t *spec)
{
	const char *image = swarm__json_string(spec, CONTAINER ".Image");
	const json_t *constraints = swarm__json_at(spec, "TaskTemplate.Placement.Constraints");
	json_t *one;
	size_t i;

	if (*image && !swarm__is_image_name(image))
		swarm__slip(c, CONTAINER ".Image", "'%.100s' is not the name of an image", image);
	check_twice(c, spec, CONTAINER ".Mounts", "Target", NULL);
	check_references(c, spec, CONTAINER ".Secrets", "SecretID", "SecretName");
	check_references(c, spec, CONTAINER ".Configs", "ConfigID", "ConfigName");
	check_credentials(c, spec);
	json_array_foreach (swarm__json_iterable(constraints), i, one)
		if (!swarm__is_constraint(json_string_value(one)))
			swarm__slip(c, "TaskTemplate.Placement.Constraints",
				    "'%.100s' must be like node.labels.disk==ssd",
				    json_string_value(one));
}

/* --- the ports -------------------------------------------------------------------------------------------- */

static void check_ports(swarm__conversion *c, const json_t *spec)
{
	const json_t *ports = swarm__json_at(spec, "EndpointSpec.Ports");
	json_t *one;
	size_t i;

	check_twice(c, spec, "EndpointSpec.Ports", "PublishedPort", "Protocol");
	if (strcmp(swarm__json_string(spec, "EndpointSpec.Mode"), "dnsrr") != 0)
		return;
	json_array_foreach (swarm__json_iterable(ports), i, one)
		if (strcmp(swarm__json_string(one, "PublishMode"), "host") != 0)
			swarm__slip(c, "EndpointSpec.Ports",
				    "PublishMode ingress does not go with Mode dnsrr: publish in "
				    "mode host");
}

/* before: as for check_mode(). */
static void check_all(swarm__conversion *c, const json_t *before, const json_t *spec)
{
	check_mode(c, before, spec);
	check_numbers(c, spec);
	check_container(c, spec);
	check_ports(c, spec);
}

static bool has(const json_t *lines, const json_t *line)
{
	json_t *one;
	size_t i;

	json_array_foreach (lines, i, one)
		if (json_equal(one, line))
			return true;
	return false;
}

int swarm__spec_check_engine(const json_t *before, const json_t *spec, const json_t *patched,
			     swarm_error *err)
{
	swarm__conversion old = { .slips = json_array() }, c = { .slips = json_array() };
	int rc;

	if (!old.slips || !c.slips) {
		rc = swarm__nomem(err);
	} else {
		check_all(&old, before, spec);
		check_all(&c, before, patched);
		/* What the engine itself has stored is not the caller's mistake. */
		for (size_t i = json_array_size(c.slips); i-- > 0;)
			if (has(old.slips, json_array_get(c.slips, i)))
				json_array_remove(c.slips, i);
		c.nomem = c.nomem || old.nomem;
		rc = swarm__spec_judge(&c, err);
	}
	json_decref(old.slips);
	json_decref(c.slips);
	return rc ? swarm__error_wrap(err, rc, "with spec_patch") : 0;
}
