/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spec exactly as docker/cli sends it (cli/compose/convert): its labels, empty objects, order, and
 * texts as written. The engine keeps all of that, and a task is replaced for each difference.
 */
#include "compose/internal.h"

#include <stdio.h>
#include <string.h>

typedef struct form {
	swarm__compose *c;
	const json_t *service; /* merged */
	const json_t *words;   /* what the spec was made of */
	json_t *spec;
	json_t *task;
	json_t *container;
} form;

/* The object at a name, made where there is none. NULL without memory. */
static json_t *need(const form *f, json_t *object, const char *name)
{
	if (!json_is_object(json_object_get(object, name)))
		swarm__spec_put(&f->c->lines, object, name, json_object());
	return json_object_get(object, name);
}

static bool is_mapping(const json_t *tree, const char *path)
{
	return json_is_object(swarm__json_at(tree, path));
}

/* Is a text or number of the caller's there, that means zero? */
static bool is_zero(const json_t *tree, const char *path)
{
	const json_t *value = swarm__json_at(tree, path);
	int64_t ns = 1;

	return json_is_string(value) && swarm__parse_duration(json_string_value(value), &ns) &&
	       ns == 0;
}

/* --- empty objects --------------------------------------------------------------------------------------- */

static void put_config(const form *f, const char *words, const char *name)
{
	json_t *config;

	if (!is_mapping(f->words, words))
		return;
	config = need(f, f->spec, name);
	if (config && !json_object_get(config, "Parallelism"))
		swarm__spec_put(&f->c->lines, config, "Parallelism", json_integer(1));
}

/* In a policy, a zero is not the same as nothing. */
static void put_policy(const form *f)
{
	json_t *policy;

	if (!is_mapping(f->words, "deploy.restart_policy"))
		return;
	policy = need(f, f->task, "RestartPolicy");
	if (is_zero(f->words, "deploy.restart_policy.delay"))
		swarm__spec_put(&f->c->lines, policy, "Delay", json_integer(0));
	if (is_zero(f->words, "deploy.restart_policy.window"))
		swarm__spec_put(&f->c->lines, policy, "Window", json_integer(0));
}

static void put_wrappers(const form *f)
{
	json_t *resources = need(f, f->task, "Resources");

	need(f, f->container, "Privileges");
	need(f, f->task, "Placement");
	need(f, f->spec, "EndpointSpec");
	if (is_mapping(f->words, "deploy.resources.limits"))
		need(f, resources, "Limits");
	if (is_mapping(f->words, "deploy.resources.reservations"))
		need(f, resources, "Reservations");
	if (is_mapping(f->words, "healthcheck"))
		need(f, f->container, "Healthcheck");
	if (is_mapping(f->words, "logging"))
		need(f, f->task, "LogDriver");
	if (json_is_array(json_object_get(f->words, "dns")) ||
	    json_is_array(json_object_get(f->words, "dns_search")))
		need(f, f->container, "DNSConfig");
	put_policy(f);
	put_config(f, "deploy.update_config", "UpdateConfig");
	put_config(f, "deploy.rollback_config", "RollbackConfig");
	if (!json_object_get(f->spec, "Mode"))
		swarm__spec_put(&f->c->lines, f->spec, "Mode", json_pack("{s:{}}", "Replicated"));
}

/* --- labels and texts as written --------------------------------------------------------------------------- */

static void put_labels(const form *f)
{
	swarm__conversion *lines = &f->c->lines;
	const char *image = swarm__json_string(f->words, "image");

	swarm__spec_put(lines, f->spec, "Labels",
			swarm__stack_labels(f->c, json_object_get(f->spec, "Labels")));
	swarm__spec_put(lines, json_object_get(f->spec, "Labels"), "com.docker.stack.image",
			json_string(image));
	swarm__spec_put(lines, f->container, "Labels",
			swarm__stack_labels(f->c, json_object_get(f->container, "Labels")));
	/* The CLI's client sends the name with its tag, and without docker.io. */
	swarm__spec_put(lines, f->container, "Image", swarm__normal_image(image));
}

/* Constraints with their blanks, and hosts, in their order. */
static void put_lines(const form *f)
{
	const json_t *constraints = swarm__json_at(f->words, "deploy.placement.constraints");
	const json_t *hosts = json_object_get(f->words, "extra_hosts");
	json_t *list;
	json_t *value;
	size_t i;

	if (json_array_size(constraints))
		swarm__spec_put(&f->c->lines, json_object_get(f->task, "Placement"), "Constraints",
				json_deep_copy(constraints));
	if (!json_array_size(hosts))
		return;
	list = swarm__spec_new(&f->c->lines, json_array());
	json_array_foreach (swarm__json_iterable(hosts), i, value) {
		const char *line = json_string_value(value);
		size_t length = strcspn(line, "=:");
		const char *address = line + length + (line[length] != '\0');
		size_t size = strlen(address);

		if (*address == '[' && address[size - 1] == ']') {
			address++;
			size -= 2;
		}
		swarm__spec_add(&f->c->lines, list,
				json_sprintf("%.*s %.*s", (int)size, address, (int)length, line));
	}
	swarm__spec_put(&f->c->lines, f->container, "Hosts", list);
}

/* What is added is not dropped. */
static void put_capabilities(const form *f)
{
	const json_t *added = json_object_get(f->container, "CapabilityAdd");
	json_t *dropped = json_object_get(f->container, "CapabilityDrop");
	json_t *value;
	size_t i, at = 0;

	while (at < json_array_size(dropped)) {
		bool found = false;

		json_array_foreach (swarm__json_iterable(added), i, value)
			found |= json_equal(value, json_array_get(dropped, at)) != 0;
		if (found)
			json_array_remove(dropped, at);
		else
			at++;
	}
	if (dropped && !json_array_size(dropped))
		json_object_del(f->container, "CapabilityDrop");
}

/* --- mounts: as many as there are words, in the same order ---------------------------------------------------- */

static void put_mount(const form *f, const json_t *volume, json_t *mount)
{
	const char *type = swarm__json_string(volume, "type");
	const char *propagation = swarm__json_string(volume, "bind.propagation");

	swarm__spec_put(&f->c->lines, mount, "Target",
			json_string(swarm__json_string(volume, "target")));
	if (strcmp(type, "volume") == 0 && *swarm__json_string(volume, "source"))
		need(f, mount, "VolumeOptions");
	if (strcmp(type, "cluster") == 0)
		need(f, mount, "ClusterOptions");
	if (strcmp(type, "tmpfs") == 0 && is_mapping(volume, "tmpfs"))
		need(f, mount, "TmpfsOptions");
	if (!is_mapping(volume, "bind"))
		return;
	need(f, mount, "BindOptions");
	if (*propagation)
		swarm__spec_put(&f->c->lines, json_object_get(mount, "BindOptions"), "Propagation",
				json_string(propagation));
}

static void put_mounts(const form *f)
{
	json_t *volume;
	size_t i;

	json_array_foreach (json_object_get(f->words, "volumes"), i, volume)
		put_mount(f, volume, json_array_get(json_object_get(f->container, "Mounts"), i));
}

/* --- networks ---------------------------------------------------------------------------------------------------- */

/* docker's own networks take no aliases. */
static bool has_aliases(const char *target)
{
	static const char *const own[] = { "default", "bridge", "host", "none" };

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (strcmp(target, own[i]) == 0)
			return false;
	return strncmp(target, "container:", 10) != 0;
}

static void put_aliases(const form *f, const char *key, json_t *network)
{
	const char *target = swarm__json_string(network, "Target");
	const json_t *written = json_object_get(
		json_object_get(json_object_get(f->words, "networks"), target), "aliases");
	json_t *aliases = json_is_array(written) ? json_deep_copy(written) : json_array();

	swarm__spec_new(&f->c->lines, aliases);
	if (has_aliases(target))
		swarm__spec_add(&f->c->lines, aliases, json_string(key));
	if (json_array_size(aliases))
		swarm__spec_put(&f->c->lines, network, "Aliases", aliases);
	else
		json_decref(aliases);
}

/* --- order ----------------------------------------------------------------------------------------------------------- */

typedef struct entry {
	const json_t *object;
	const char *name; /* that it is sorted by, or NULL for its published port */
	size_t index;
} entry;

/* docker/cli leaves to chance what is equal here. */
static int compare(const void *a, const void *b)
{
	const entry *first = a, *second = b;
	json_int_t ports[2];
	int result;

	if (first->name) {
		result = strcmp(swarm__json_string(first->object, first->name),
				swarm__json_string(second->object, first->name));
		if (!result)
			result = strcmp(swarm__json_string(first->object, "File.Name"),
					swarm__json_string(second->object, "File.Name"));
	} else {
		ports[0] = swarm__json_integer(first->object, "PublishedPort");
		ports[1] = swarm__json_integer(second->object, "PublishedPort");
		result = (ports[0] > ports[1]) - (ports[0] < ports[1]);
	}
	return result ? result : (first->index > second->index) - (first->index < second->index);
}

static void sort(const form *f, json_t *object, const char *what, const char *name)
{
	const json_t *list = json_object_get(object, what);
	size_t count = json_array_size(list);
	entry *entries = count ? calloc(count, sizeof(*entries)) : NULL;
	json_t *sorted;

	if (!count)
		return;
	sorted = swarm__spec_new(&f->c->lines, json_array());
	if (!entries)
		f->c->lines.nomem = true;
	for (size_t i = 0; entries && i < count; i++)
		entries[i] = (entry){ json_array_get(list, i), name, i };
	if (entries)
		qsort(entries, count, sizeof(*entries), compare);
	for (size_t i = 0; entries && i < count; i++)
		swarm__spec_add(&f->c->lines, sorted,
				json_incref(swarm__json_iterable(entries[i].object)));
	free(entries);
	swarm__spec_put(&f->c->lines, object, what, sorted);
}

/* The config of a credential spec is one that no file shows. */
static void put_credentials(const form *f)
{
	const char *config = swarm__json_string(f->words, "credential_spec.config");
	json_t *configs;

	if (!*config)
		return;
	if (!json_object_get(f->container, "Configs"))
		swarm__spec_put(&f->c->lines, f->container, "Configs", json_array());
	configs = json_object_get(f->container, "Configs");
	swarm__spec_add(&f->c->lines, configs,
			json_pack("{s:s, s:{}}", "ConfigName", config, "Runtime"));
}

void swarm__stack_form(swarm__compose *c, const char *key, const json_t *service,
		       const json_t *words, json_t *spec)
{
	form f = { c, service, words, spec, NULL, NULL };
	json_t *network;
	size_t i;

	f.task = need(&f, spec, "TaskTemplate");
	f.container = need(&f, f.task, "ContainerSpec");
	put_wrappers(&f);
	put_labels(&f);
	put_lines(&f);
	put_capabilities(&f);
	put_mounts(&f);
	put_credentials(&f);
	json_array_foreach (json_object_get(f.task, "Networks"), i, network)
		put_aliases(&f, key, network);
	sort(&f, json_object_get(spec, "EndpointSpec"), "Ports", NULL);
	sort(&f, f.task, "Networks", "Target");
	sort(&f, f.container, "Secrets", "SecretName");
	sort(&f, f.container, "Configs", "ConfigName");
}
