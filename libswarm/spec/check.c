/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Check combinations of fields that the engine refuses late, or that have no effect. Reads normal
 * forms only.
 */
#include "spec/internal.h"

#include <string.h>

static const char *text_at(const json_t *merged, const char *name)
{
	const char *text = json_string_value(json_object_get(merged, name));

	return text ? text : "";
}

static json_int_t number_at(const json_t *merged, const char *name)
{
	return json_integer_value(json_object_get(merged, name));
}

/* The first field of a group that the caller gave a value; NULL: none. */
static const char *given_below(const json_t *given, const char *group)
{
	const char *name;
	json_t *value;

	json_object_foreach (swarm__json_iterable(given), name, value)
		if (strncmp(name, group, strlen(group)) == 0 && !json_is_null(value))
			return name;
	return NULL;
}

/* What docker/cli writes for each service, also where it has no effect. */
static bool is_harmless(const json_t *given, const char *name)
{
	return strcmp(text_at(given, name), "vip") == 0;
}

static void check_mode(swarm__conversion *c, const json_t *merged, const json_t *given)
{
	static const char *const not_for_jobs[] = { "deploy.update_config.",
						    "deploy.rollback_config.",
						    "deploy.endpoint_mode" };
	const char *mode = text_at(merged, "deploy.mode");
	bool job = strcmp(mode, "replicated-job") == 0 || strcmp(mode, "global-job") == 0;
	bool global = strncmp(mode, "global", 6) == 0;

	if (global && given_below(given, "deploy.replicas"))
		swarm__slip(c, "deploy.replicas", "does not go with mode %s", mode);
	if (global && given_below(given, "deploy.placement.max_replicas_per_node"))
		swarm__slip(c, "deploy.placement.max_replicas_per_node", "does not go with mode %s",
			    mode);
	for (size_t i = 0; job && i < sizeof(not_for_jobs) / sizeof(*not_for_jobs); i++) {
		const char *name = given_below(given, not_for_jobs[i]);

		if (name && !is_harmless(given, name))
			swarm__slip(c, name, "does not go with mode %s", mode);
	}
	/* moby takes it, and the job never ends. */
	if (job && strcmp(text_at(given, "deploy.restart_policy.condition"), "any") == 0)
		swarm__slip(c, "deploy.restart_policy.condition",
			    "must be none or on-failure with mode %s", mode);
}

/* swarmkit (api/validation) */
static void check_lowest(swarm__conversion *c, const json_t *given)
{
	static const struct {
		const char *field;
		json_int_t lowest;
		const char *text;
	} all[] = {
		{ "deploy.resources.limits.cpus", 1000000, "0.001" },
		{ "deploy.resources.reservations.cpus", 1000000, "0.001" },
		{ "deploy.resources.limits.memory", 4 * 1024 * 1024, "4m" },
		{ "deploy.resources.reservations.memory", 4 * 1024 * 1024, "4m" },
		{ "healthcheck.interval", 1000000, "1ms" },
		{ "healthcheck.timeout", 1000000, "1ms" },
		{ "healthcheck.start_period", 1000000, "1ms" },
		{ "healthcheck.start_interval", 1000000, "1ms" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		json_int_t value = number_at(given, all[i].field);

		if (value && value < all[i].lowest)
			swarm__slip(c, all[i].field, "must be 0 or at least %s", all[i].text);
	}
}

static void check_limit(swarm__conversion *c, const json_t *merged, const char *limit,
			const char *reservation)
{
	json_int_t most = number_at(merged, limit);

	if (most && number_at(merged, reservation) > most)
		swarm__slip(c, reservation, "must not be above %s", limit);
}

/* A port of the routing mesh needs a virtual IP. */
static void check_ports(swarm__conversion *c, const json_t *merged)
{
	const char *key;
	json_t *port;

	if (strcmp(text_at(merged, "deploy.endpoint_mode"), "dnsrr") != 0)
		return;
	json_object_foreach (json_object_get(merged, "ports"), key, port)
		if (strcmp(text_at(port, "mode"), "ingress") == 0)
			swarm__slip(c, "ports",
				    "%s in mode ingress does not go with endpoint_mode "
				    "dnsrr: publish it in mode host",
				    key);
}

static void check_health(swarm__conversion *c, const json_t *merged, const json_t *given)
{
	const json_t *test = json_object_get(merged, "healthcheck.test");
	const char *first = json_string_value(json_array_get(test, 0));

	if (first && strcmp(first, "NONE") == 0 && json_object_get(given, "healthcheck.test") &&
	    (number_at(given, "healthcheck.interval") || number_at(given, "healthcheck.timeout") ||
	     number_at(given, "healthcheck.retries")))
		swarm__slip(c, "healthcheck", "is disabled: its other settings have no effect");
}

static void check_credentials(swarm__conversion *c, const json_t *merged, const json_t *given)
{
	int count = 0;

	count += *text_at(merged, "credential_spec.config") != '\0';
	count += *text_at(merged, "credential_spec.file") != '\0';
	count += *text_at(merged, "credential_spec.registry") != '\0';
	if (count > 1 && given_below(given, "credential_spec."))
		swarm__slip(c, "credential_spec",
			    "takes one of config, file and registry: set what it has to null");
}

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

bool swarm__is_object_name(const char *name, const char *more, size_t most)
{
	size_t length = strlen(name);

	if (!length || length > most || !is_alphanumeric(name[0]) ||
	    !is_alphanumeric(name[length - 1]))
		return false;
	for (; *name; name++)
		if (!is_alphanumeric(*name) && !strchr(more, *name))
			return false;
	return true;
}

/* swarmkit (api/validation): a name in the name service of the tasks */
void swarm__spec_check_name(swarm__conversion *c, const char *name)
{
	if (!swarm__is_object_name(name, "-_", 63))
		swarm__slip(
			c, "name",
			"must be 1 to 63 letters, digits, '-' and '_', and begin and end with a "
			"letter or digit, not '%.80s'",
			name);
}

void swarm__network_check_whole(swarm__conversion *c, const json_t *have, const json_t *merged)
{
	/* The drivers of moby whose networks are of one host each. */
	static const char *const local[] = { "bridge", "host", "ipvlan", "macvlan", "null" };
	const char *driver = text_at(merged, "driver");

	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++)
		if (strcmp(driver, local[i]) == 0 && strcmp(text_at(have, "driver"), driver) != 0)
			swarm__slip(c, "driver",
				    "%s makes a network of this host alone: leave it out, or write "
				    "overlay",
				    driver);
	if (json_is_true(json_object_get(merged, "ingress")) &&
	    json_is_true(json_object_get(merged, "attachable")))
		swarm__slip(c, "attachable", "does not go with ingress");
}

void swarm__spec_check_whole(swarm__conversion *c, const json_t *service, const json_t *merged,
			     const json_t *given)
{
	const json_t *image = json_object_get(service, "image");

	check_mode(c, merged, given);
	check_lowest(c, given);
	check_limit(c, merged, "deploy.resources.limits.cpus",
		    "deploy.resources.reservations.cpus");
	check_limit(c, merged, "deploy.resources.limits.memory",
		    "deploy.resources.reservations.memory");
	check_ports(c, merged);
	check_health(c, merged, given);
	check_credentials(c, merged, given);
	swarm__spec_check_tasks(c, given);
	/* One that is wrong or mistyped has its own line. */
	if (!*text_at(merged, "image") && (!image || json_is_null(image)) &&
	    !swarm__is_mistyped(c, "", "image"))
		swarm__slip(c, "image", "is required");
}
