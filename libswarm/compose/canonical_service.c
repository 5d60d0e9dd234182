/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One form for what a service may write in several: short forms of ports, volumes and references become
 * their long forms, lists of names become mappings.
 */
#include "compose/internal.h"

#include <stdio.h>
#include <string.h>

/* A range of ports is one text. */
enum { MAX_ENTRIES = 20000 };

/* One text to a list of it. */
static void to_list(swarm__compose *c, json_t *object, const char *name)
{
	const json_t *given = json_object_get(object, name);

	if (json_is_string(given) || json_is_integer(given))
		swarm__spec_put(&c->lines, object, name, json_pack("[O]", given));
}

/* --- paths of bind mounts ------------------------------------------------------------------------------ */

/* folder/path without "." and ".."; a path that leaves the root stays in it. */
static json_t *join(swarm__compose *c, const char *folder, const char *path)
{
	size_t size = strlen(folder) + strlen(path) + 3;
	char *text = malloc(size), *clean = malloc(size), *out = clean;
	json_t *result;

	if (text && clean) {
		snprintf(text, size, "%s/%s", folder, path);
		for (const char *at = text; *at;) {
			size_t length;

			at += strspn(at, "/");
			length = strcspn(at, "/");
			if (length == 2 && strncmp(at, "..", 2) == 0) {
				while (out > clean && *--out != '/')
					;
			} else if (length && !(length == 1 && *at == '.')) {
				*out++ = '/';
				memcpy(out, at, length);
				out += length;
			}
			at += length;
		}
		*out = '\0';
	}
	result = text && clean ? json_string(out > clean ? clean : "/") : NULL;
	free(text);
	free(clean);
	return swarm__spec_new(&c->lines, result);
}

/* A relative source made absolute, where the caller says how; NULL: it is as it is. */
static json_t *resolve(swarm__compose *c, const char *source)
{
	const swarm_compose_options *o = c->options;

	if (*source == '~' && (!source[1] || source[1] == '/') && o->home)
		return join(c, o->home, source + 1);
	if (*source == '.' && o->base_dir)
		return join(c, o->base_dir, source);
	return NULL;
}

static void add_volume(swarm__compose *c, const char *place, const json_t *entry, json_t *list)
{
	const char *text = json_string_value(entry);
	size_t length = text ? strcspn(text, ":") : 0;
	json_t *source, *whole = NULL, *resolved = NULL;

	if (!text) {
		const char *given = json_string_value(json_object_get(entry, "source"));
		const char *type = json_string_value(json_object_get(entry, "type"));

		source = given && type && strcmp(type, "bind") == 0 ? resolve(c, given) : NULL;
		if (source)
			swarm__spec_put(&c->lines, swarm__json_iterable(entry), "source", source);
		swarm__spec_add(&c->lines, list, json_incref(swarm__json_iterable(entry)));
		return;
	}
	source = text[length] ? swarm__spec_new(&c->lines, json_stringn(text, length)) : NULL;
	resolved = source ? resolve(c, json_string_value(source)) : NULL;
	if (resolved)
		whole = swarm__spec_new(&c->lines, json_sprintf("%s%s", json_string_value(resolved),
								text + length));
	swarm__short_volume(&c->lines, place, whole ? json_string_value(whole) : text, list);
	json_decref(source);
	json_decref(resolved);
	json_decref(whole);
}

/* --- lists whose elements have fields --------------------------------------------------------------------- */

static void add_port(swarm__compose *c, const char *place, const json_t *entry, json_t *list)
{
	json_t *text;

	if (json_is_object(entry)) {
		swarm__spec_add(&c->lines, list, json_incref(swarm__json_iterable(entry)));
		return;
	}
	text = swarm__spec_text(&c->lines, entry);
	swarm__short_port(&c->lines, place, json_string_value(text), list);
	json_decref(text);
}

static void add_reference(swarm__compose *c, const char *place, const json_t *entry, json_t *list)
{
	(void)place;
	if (json_is_object(entry))
		swarm__spec_add(&c->lines, list, json_incref(swarm__json_iterable(entry)));
	else
		swarm__spec_add(&c->lines, list, json_pack("{s:O}", "source", entry));
}

static void canonical_list(swarm__compose *c, const char *place, json_t *service, const char *name,
			   void (*add)(swarm__compose *c, const char *place, const json_t *entry,
				       json_t *list),
			   const char *expects)
{
	const json_t *given = json_object_get(service, name);
	char at[SWARM__MAX_PLACE];
	json_t *entry, *list;
	size_t i;

	if (!given || json_is_null(given))
		return;
	list = swarm__spec_new(&c->lines, json_array());
	snprintf(at, sizeof(at), "%.200s.%s", place, name);
	if (!json_is_array(given))
		swarm__slip_expects(&c->lines, at, expects, given);
	json_array_foreach (swarm__json_iterable(given), i, entry) {
		snprintf(at, sizeof(at), "%.200s.%s[%zu]", place, name, i);
		if (json_array_size(list) > MAX_ENTRIES) {
			swarm__slip(&c->lines, at, "over %d entries", MAX_ENTRIES);
			break;
		}
		/* Only ports may be numbers; a number is not a name. */
		if (json_is_object(entry) || json_is_string(entry) ||
		    (json_is_integer(entry) && add == add_port))
			add(c, at, entry, list);
		else
			swarm__slip_expects(&c->lines, at, expects, entry);
	}
	swarm__spec_put(&c->lines, service, name, list);
}

/* --- names, as a list or as a mapping ------------------------------------------------------------------------ */

/* A list of names to a mapping of them, each with a copy of what it has in the long form. */
static void canonical_names(swarm__compose *c, const char *place, json_t *service, const char *name,
			    const json_t *each)
{
	const json_t *given = json_object_get(service, name);
	json_t *map;
	char at[SWARM__MAX_PLACE];
	const char *key;
	json_t *value;
	size_t i;

	if (!given || json_is_null(given))
		return;
	map = swarm__spec_new(&c->lines, json_object());
	swarm__spec_place(at, place, name);
	if (!json_is_object(given) && !json_is_array(given))
		swarm__slip_expects(&c->lines, at, "a list of names, or a mapping", given);
	json_array_foreach (swarm__json_iterable(given), i, value)
		if (json_string_length(value))
			swarm__spec_put(&c->lines, map, json_string_value(value),
					json_deep_copy(each));
		else
			swarm__slip_expects(&c->lines, at, "a list of names", value);
	json_object_foreach (swarm__json_iterable(given), key, value)
		swarm__spec_put(&c->lines, map, key,
				json_is_object(value) ? json_incref(value) : json_deep_copy(each));
	swarm__spec_put(&c->lines, service, name, map);
}

static void canonical_networks(swarm__compose *c, const char *place, json_t *service)
{
	json_t *each = swarm__spec_new(&c->lines, json_object());
	char at[SWARM__MAX_PLACE];
	const char *name;
	json_t *network;

	if (!each)
		return;
	canonical_names(c, place, service, "networks", each);
	json_decref(each);
	json_object_foreach (json_object_get(service, "networks"), name, network) {
		snprintf(at, sizeof(at), "%.120s.networks.%.100s", place, name);
		swarm__canonical_map(c, at, network, "driver_opts", false);
		to_list(c, network, "aliases");
	}
}

static void canonical_depends(swarm__compose *c, const char *place, json_t *service)
{
	json_t *each = swarm__spec_new(&c->lines,
				       json_pack("{s:s}", "condition", "service_started"));

	if (each)
		canonical_names(c, place, service, "depends_on", each);
	json_decref(each);
}

/* "a.env", [a.env], [{path: a.env, required: false}]: all as the last. */
static void canonical_env_file(swarm__compose *c, const char *place, json_t *service)
{
	const json_t *given;
	json_t *entry, *list;
	char at[SWARM__MAX_PLACE];
	size_t i;

	to_list(c, service, "env_file");
	given = json_object_get(service, "env_file");
	if (!given || json_is_null(given))
		return;
	list = swarm__spec_new(&c->lines, json_array());
	swarm__spec_place(at, place, "env_file");
	if (!json_is_array(given))
		swarm__slip_expects(&c->lines, at, "a file or a list of files", given);
	json_array_foreach (swarm__json_iterable(given), i, entry) {
		snprintf(at, sizeof(at), "%.200s.env_file[%zu]", place, i);
		if (json_string_length(json_is_object(entry) ? json_object_get(entry, "path")
							     : entry))
			swarm__spec_add(&c->lines, list,
					json_is_object(entry) ? json_incref(entry)
							      : json_pack("{s:O}", "path", entry));
		else
			swarm__slip_expects(&c->lines, at, "a path, or {path: ...}", entry);
	}
	swarm__spec_put(&c->lines, service, "env_file", list);
}

/* The mapping of hosts as lines, as docker/cli sorts them; a name may have several addresses. */
static void canonical_hosts(swarm__compose *c, json_t *service)
{
	const json_t *given = json_object_get(service, "extra_hosts");
	json_t *lines, *sorted;
	const char *name;
	json_t *value, *one;
	size_t i;

	if (!json_is_object(given)) {
		to_list(c, service, "extra_hosts");
		return;
	}
	lines = swarm__spec_new(&c->lines, json_array());
	json_object_foreach (swarm__json_iterable(given), name, value) {
		if (json_is_string(value))
			swarm__spec_add(&c->lines, lines,
					json_sprintf("%s:%s", name, json_string_value(value)));
		json_array_foreach (value, i, one)
			if (json_is_string(one))
				swarm__spec_add(
					&c->lines, lines,
					json_sprintf("%s:%s", name, json_string_value(one)));
		if (!json_is_string(value) && !json_is_array(value))
			swarm__spec_add(&c->lines, lines, json_string(name));
	}
	sorted = lines ? swarm__spec_sorted(&c->lines, lines) : NULL;
	json_decref(lines);
	if (sorted)
		swarm__spec_put(&c->lines, service, "extra_hosts", sorted);
}

void swarm__canonical_service(swarm__compose *c, const char *place, json_t *service)
{
	static const char *const lists[] = { "dns",     "dns_search", "dns_opt",
					     "cap_add", "cap_drop",   "group_add" };
	json_t *deploy = json_object_get(service, "deploy");
	char at[SWARM__MAX_PLACE];

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		to_list(c, service, lists[i]);
	to_list(c, json_object_get(deploy, "placement"), "constraints");
	swarm__canonical_map(c, place, service, "environment", true);
	swarm__canonical_map(c, place, service, "labels", false);
	swarm__canonical_map(c, place, service, "sysctls", false);
	snprintf(at, sizeof(at), "%.200s.deploy", place);
	swarm__canonical_map(c, at, deploy, "labels", false);
	snprintf(at, sizeof(at), "%.200s.logging", place);
	swarm__canonical_map(c, at, json_object_get(service, "logging"), "options", false);
	canonical_networks(c, place, service);
	canonical_depends(c, place, service);
	canonical_env_file(c, place, service);
	canonical_hosts(c, service);
	canonical_list(c, place, service, "ports", add_port,
		       "a list of ports such as [\"8080:80\"]");
	canonical_list(c, place, service, "volumes", add_volume,
		       "a list of volumes such as [\"data:/var/lib/data\"]");
	canonical_list(c, place, service, "secrets", add_reference, "a list of secrets");
	canonical_list(c, place, service, "configs", add_reference, "a list of configs");
	/* YAML's no. */
	if (json_is_false(json_object_get(service, "restart")))
		swarm__spec_put(&c->lines, service, "restart", json_string("no"));
}
