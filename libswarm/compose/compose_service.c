/* SPDX-License-Identifier: Apache-2.0 */
/* One service of a stack: to the engine's spec by the conversion of spec/, in the form of docker/cli. */
#include "compose/internal.h"

#include <stdio.h>
#include <string.h>

/* The lines from one on are about what is below place. */
static void put_below(swarm__compose *c, json_t *lines, size_t from, const char *place)
{
	for (size_t i = from; i < json_array_size(lines); i++) {
		json_t *line = json_sprintf("%s.%s", place,
					    json_string_value(json_array_get(lines, i)));

		if (json_array_set_new(lines, i, line))
			c->lines.nomem = true;
	}
}

/* Has what is at a place a line already, by which it was left out? It may begin with the file's name. */
static bool is_told(const json_t *lines, const char *place)
{
	size_t length = strlen(place), i;
	json_t *line;

	json_array_foreach (lines, i, line) {
		const char *text = json_string_value(line);
		const char *at = text ? strstr(text, place) : NULL;

		if (at && at[length] == ':' && (at == text || at[-1] == ' '))
			return true;
	}
	return false;
}

static json_t *convert(swarm__compose *c, const char *place, const json_t *words)
{
	swarm__conversion *lines = &c->lines;
	json_t *flat = swarm__spec_new(lines, json_object());
	json_t *spec = swarm__spec_new(lines, json_object());
	char image[SWARM__MAX_PLACE + 8];
	size_t from;
	bool builds;

	if (flat && spec) {
		snprintf(image, sizeof(image), "%s.build", place);
		builds = !json_object_get(words, "image") && is_told(lines->warnings, image);
		snprintf(image, sizeof(image), "%s.image", place);
		if (builds)
			swarm__slip(lines, image,
				    "is required: build is not supported, so push the image to a "
				    "registry and give its name here");
		/* Its line is there already: not a second one that it is required. */
		if (is_told(lines->slips, image) || swarm__is_mistyped(lines, place, "image"))
			swarm__spec_put(lines, flat, "image", json_string("told"));
		swarm__spec_parse(lines, SWARM__SPEC_SERVICE, place, words, flat);
		from = json_array_size(lines->slips);
		swarm__spec_check_whole(lines, words, flat, flat);
		put_below(c, lines->slips, from, place);
	}
	for (const swarm__spec_row *row = swarm__spec_rows(SWARM__SPEC_SERVICE); row->name; row++) {
		const json_t *normal = json_object_get(flat, row->name);

		/* All that is given, also what the engine does anyway: it keeps the form. */
		if (!spec || !normal || json_is_null(normal) ||
		    (json_is_object(normal) && !json_object_size(normal)))
			continue;
		swarm__spec_put_at(
			lines, spec, row->path,
			row->kind->write(lines, row, normal, swarm__json_at(spec, row->path)));
	}
	json_decref(flat);
	return spec;
}

static void add_order(swarm__compose *c, json_t *stack, const char *name, const json_t *service)
{
	const json_t *depends = json_object_get(service, "depends_on");
	json_t *order;
	const char *key;
	json_t *value;

	if (!json_object_size(depends))
		return;
	order = swarm__spec_new(&c->lines, json_object());
	json_object_foreach (swarm__json_iterable(depends), key, value) {
		const char *condition = swarm__json_string(value, "condition");
		json_t *other = swarm__full_name(c, "services", key);

		if (other && json_object_get(json_object_get(c->merged, "services"), key))
			swarm__spec_put(&c->lines, order, json_string_value(other),
					json_string(*condition ? condition : "service_started"));
		json_decref(other);
	}
	swarm__spec_put(&c->lines, json_object_get(stack, "depends_on"), name, order);
}

void swarm__add_service(swarm__compose *c, json_t *stack, const char *key, const json_t *service,
			json_t *used)
{
	json_t *name = swarm__spec_new(&c->lines, json_sprintf("%s_%s", c->stack, key));
	char place[SWARM__MAX_PLACE];
	json_t *words, *spec;

	swarm__spec_place(place, "services", key);
	if (!name)
		return;
	swarm__check_name(c, place, "services", json_string_value(name));
	words = swarm__service_words(c, place, key, service, used);
	spec = words ? convert(c, place, words) : NULL;
	if (spec && !c->lines.nomem) {
		swarm__spec_put(&c->lines, spec, "Name", json_incref(name));
		/* The rest relies on what was checked. */
		if (!json_array_size(c->lines.slips))
			swarm__stack_form(c, key, service, words, spec);
		swarm__spec_put(&c->lines, json_object_get(stack, "services"),
				json_string_value(name), json_incref(spec));
		add_order(c, stack, json_string_value(name), service);
	}
	json_decref(name);
	json_decref(words);
	json_decref(spec);
}
