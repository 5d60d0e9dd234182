/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets and configs as a document declares them: where their content comes from, and what the engine
 * takes. The content of a secret is only looked at, and wiped.
 */
#include "compose/internal.h"

#include <stdio.h>
#include <string.h>

static const char *const origins[] = { "file", "environment", "content", "driver" };

/* The one key that says where the content is; NULL with a slip. */
static const char *find_origin(swarm__compose *c, const char *place, const json_t *object,
			       bool is_secret)
{
	const char *found = NULL;

	for (size_t i = 0; i < sizeof(origins) / sizeof(*origins); i++) {
		const json_t *value = json_object_get(object, origins[i]);

		if (!value || json_is_null(value))
			continue;
		if (found) {
			swarm__slip(&c->lines, place, "has %s and %s: write one of them", found,
				    origins[i]);
			return NULL;
		}
		found = origins[i];
	}
	if (!found)
		swarm__slip(&c->lines, place, "needs its content: write one of file, environment%s",
			    is_secret ? ", driver, external" : ", content, external");
	return found;
}

/* The size is that of the content, "" for nothing. */
static void check_size(swarm__compose *c, const char *place, size_t size, bool is_secret)
{
	size_t limit = is_secret ? SWARM__MAX_SECRET : SWARM__MAX_CONFIG;

	if (!size || size >= limit)
		swarm__slip(&c->lines, place, "must have 1 to %zu bytes, not %zu", limit - 1, size);
}

/* Put the content into the spec of a config. */
static void put_data(swarm__compose *c, json_t *spec, const void *bytes, size_t size)
{
	char *text = swarm__base64(bytes, size);

	swarm__spec_put(&c->lines, spec, "Data", text ? json_string(text) : NULL);
	free(text);
}

static void take_content(swarm__compose *c, const char *place, const char *origin,
			 const char *value, bool is_secret, json_t *spec)
{
	swarm_content content = { NULL, 0 };
	const char *text = strcmp(origin, "environment") == 0 ? swarm__variable(c, value) : value;

	if (!*value && strcmp(origin, "content") != 0) {
		swarm__slip(&c->lines, place, "%s is empty", origin);
	} else if (strcmp(origin, "file") == 0) {
		if (swarm__content_read(c, place, value, &content)) {
			check_size(c, place, content.size, is_secret);
			if (!is_secret)
				put_data(c, spec, content.bytes, content.size);
		}
		swarm__content_clear(&content);
	} else if (!text) {
		swarm__slip(&c->lines, place, "variable %.100s is not set", value);
	} else {
		check_size(c, place, strlen(text), is_secret);
		if (!is_secret)
			put_data(c, spec, text, strlen(text));
	}
}

static void put_driver(swarm__compose *c, const char *place, const json_t *object, json_t *spec)
{
	const char *name = swarm__text_member(c, place, object, "driver");
	const json_t *options = json_object_get(object, "driver_opts");
	json_t *driver = swarm__spec_new(&c->lines, json_pack("{s:s}", "Name", name));

	if (driver && json_object_size(options))
		swarm__spec_put(&c->lines, driver, "Options", json_deep_copy(options));
	swarm__spec_put(&c->lines, spec, "Driver", driver);
}

static void put_templating(swarm__compose *c, const char *place, const json_t *object, json_t *spec)
{
	const char *driver = swarm__text_member(c, place, object, "template_driver");

	if (*driver && strcmp(driver, "golang") != 0)
		swarm__slip(&c->lines, place, "template_driver must be golang, not '%.60s'",
			    driver);
	else if (*driver)
		swarm__spec_put(&c->lines, spec, "Templating", json_pack("{s:s}", "Name", driver));
}

static void add_file(swarm__compose *c, json_t *stack, const char *section, const char *key,
		     const json_t *object, const char *name)
{
	bool is_secret = strcmp(section, "secrets") == 0;
	json_t *made = json_object_get(stack, section);
	json_t *sources = json_object_get(json_object_get(stack, "sources"), section);
	json_t *spec = swarm__spec_new(&c->lines, json_pack("{s:s}", "Name", name));
	char place[SWARM__MAX_PLACE];
	const char *origin, *value;

	if (!spec)
		return;
	swarm__spec_place(place, section, key);
	swarm__check_name(c, place, section, name);
	swarm__spec_put(&c->lines, spec, "Labels",
			swarm__stack_labels(c, json_object_get(object, "labels")));
	put_templating(c, place, object, spec);
	origin = find_origin(c, place, object, is_secret);
	value = origin ? swarm__text_member(c, place, object, origin) : "";
	if (origin && strcmp(origin, "driver") == 0)
		put_driver(c, place, object, spec);
	else if (origin)
		take_content(c, place, origin, value, is_secret, spec);
	if (json_object_get(made, name))
		swarm__slip(&c->lines, place, "'%.64s' is the name of two %s", name, section);
	swarm__spec_put(&c->lines, sources, name,
			json_pack("{s:s, s:b, s:s, s:s}", "key", key, "named",
				  json_is_string(json_object_get(object, "name")), "from",
				  origin ? origin : "", "value",
				  origin && strcmp(origin, "content") == 0 ? "" : value));
	swarm__spec_put(&c->lines, made, name, spec);
}

void swarm__add_files(swarm__compose *c, json_t *stack, const char *section)
{
	json_t *external = json_object_get(json_object_get(stack, "external"), section);
	const char *key;
	json_t *object;

	json_object_foreach (json_object_get(c->merged, section), key, object) {
		json_t *name = swarm__full_name(c, section, key);

		if (!name || swarm__is_over(c)) {
			json_decref(name);
			return;
		}
		/* Of external ones only those that a service uses need be there. */
		if (!swarm__is_external(object))
			add_file(c, stack, section, key, object, json_string_value(name));
		else if (json_object_get(json_object_get(c->referred, section),
					 json_string_value(name)))
			swarm__spec_add(&c->lines, external, json_incref(name));
		json_decref(name);
	}
}
