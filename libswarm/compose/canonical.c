/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One form for what a document may write in several: mappings in place of lists of NAME=value, and the
 * sections of a document. Knows no service.
 */
#include "compose/internal.h"

#include <stdio.h>
#include <string.h>

/* --- mappings of texts ----------------------------------------------------------------------------- */

static bool is_good_name(swarm__compose *c, const char *place, const char *name, bool variable)
{
	if (!*name)
		swarm__slip(&c->lines, place, "has an empty name");
	else if (variable && strpbrk(name, "= \t\r\n"))
		/* What follows its "=" may be a secret. */
		swarm__slip(&c->lines, place, "'%.*s' is not the name of a variable",
			    (int)strcspn(name, "=") + 1, name);
	else
		return true;
	return false;
}

static void add_value(swarm__compose *c, const char *place, json_t *map, const char *name,
		      const json_t *value, bool inherit)
{
	char at[SWARM__MAX_PLACE];

	swarm__spec_place(at, place, name);
	if (!is_good_name(c, place, name, inherit))
		return;
	if (json_is_object(value) || json_is_array(value))
		swarm__slip_expects(&c->lines, at, "a string", value);
	else if (json_is_null(value))
		swarm__spec_put(&c->lines, map, name, inherit ? json_null() : json_string(""));
	else
		swarm__spec_put(&c->lines, map, name, swarm__spec_text(&c->lines, value));
}

static void add_line(swarm__compose *c, const char *place, json_t *map, const char *line,
		     bool inherit)
{
	size_t length = strcspn(line, "=");
	char *name = strndup(line, length);

	if (!name)
		c->lines.nomem = true;
	else if (is_good_name(c, place, name, inherit) && line[length])
		swarm__spec_put(&c->lines, map, name, json_string(line + length + 1));
	else if (*name && (!inherit || !strpbrk(name, " \t\r\n")))
		swarm__spec_put(&c->lines, map, name, inherit ? json_null() : json_string(""));
	free(name);
}

void swarm__canonical_map(swarm__compose *c, const char *place, json_t *object, const char *name,
			  bool inherit)
{
	const json_t *given = json_object_get(object, name);
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
		swarm__slip_expects(&c->lines, at, "a mapping or a list of NAME=value", given);
	json_object_foreach (swarm__json_iterable(given), key, value)
		add_value(c, at, map, key, value, inherit);
	json_array_foreach (swarm__json_iterable(given), i, value)
		if (json_is_string(value))
			add_line(c, at, map, json_string_value(value), inherit);
		else
			swarm__slip_expects(&c->lines, at, "a list of NAME=value", value);
	swarm__spec_put(&c->lines, object, name, map);
}

/* --- what stands at the top of a document ------------------------------------------------------------- */

/* external: {name: x} is the old form of external: true and name: x. */
static void canonical_external(swarm__compose *c, const char *place, json_t *object)
{
	const json_t *external = json_object_get(object, "external");
	const json_t *name = json_object_get(external, "name");
	char at[SWARM__MAX_PLACE];

	swarm__spec_place(at, place, "external");
	if (!external || json_is_null(external))
		return;
	if (!json_is_object(external)) {
		bool yes = swarm__is_true(external);

		if (!yes && !json_is_false(external) &&
		    !(json_is_string(external) &&
		      strcmp(json_string_value(external), "false") == 0))
			swarm__slip_expects(&c->lines, at, "true, false or a mapping of name",
					    external);
		swarm__spec_put(&c->lines, object, "external", json_boolean(yes));
		return;
	}
	if (name && json_object_get(object, "name"))
		swarm__slip(&c->lines, at, "has a name, and so has %s: write only name", place);
	if (name)
		swarm__spec_put(&c->lines, object, "name", json_incref(swarm__json_iterable(name)));
	swarm__spec_put(&c->lines, object, "external", json_true());
}

static void canonical_ipam(swarm__compose *c, const char *place, json_t *network)
{
	json_t *ipam = json_object_get(network, "ipam");
	json_t *config = json_object_get(ipam, "config");
	char at[SWARM__MAX_PLACE], entry_at[SWARM__MAX_PLACE];
	json_t *entry;
	size_t i;

	swarm__spec_place(at, place, "ipam");
	swarm__canonical_map(c, at, ipam, "options", false);
	if (config && !json_is_array(config) && !json_is_null(config)) {
		swarm__slip_expects(&c->lines, at, "a mapping whose config is a list", config);
		json_object_del(ipam, "config");
		return;
	}
	json_array_foreach (config, i, entry) {
		snprintf(entry_at, sizeof(entry_at), "%.200s.config[%zu]", at, i);
		if (!json_is_object(entry))
			swarm__slip_expects(&c->lines, entry_at,
					    "a mapping such as "
					    "{subnet: 10.1.0.0/24}",
					    entry);
	}
}

static void canonical_section(swarm__compose *c, json_t *document, const char *section)
{
	json_t *objects = json_object_get(document, section);
	char place[SWARM__MAX_PLACE];
	const char *name;
	json_t *object;

	json_object_foreach (objects, name, object) {
		swarm__spec_place(place, section, name);
		if (!json_is_object(object)) {
			swarm__spec_put(&c->lines, objects, name, json_object());
			continue;
		}
		canonical_external(c, place, object);
		swarm__canonical_map(c, place, object, "labels", false);
		swarm__canonical_map(c, place, object, "driver_opts", false);
		canonical_ipam(c, place, object);
	}
}

void swarm__canonical(swarm__compose *c, json_t *document)
{
	static const char *const sections[] = { "networks", "volumes", "secrets", "configs" };
	json_t *services = json_object_get(document, "services");
	char place[SWARM__MAX_PLACE];
	const char *name;
	json_t *service;
	void *next;

	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
		canonical_section(c, document, sections[i]);
	if (services && !json_is_object(services)) {
		if (!json_is_null(services))
			swarm__slip_expects(&c->lines, "services", "a mapping", services);
		json_object_del(document, "services");
		return;
	}
	json_object_foreach_safe(services, next, name, service)
	{
		swarm__spec_place(place, "services", name);
		if (json_is_object(service)) {
			swarm__canonical_service(c, place, service);
			continue;
		}
		swarm__slip_expects(&c->lines, place, "a mapping such as {image: nginx:1.27}",
				    service);
		json_object_del(services, name);
	}
}
