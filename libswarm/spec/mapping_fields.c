/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of mappings: labels and options, environment variables, ulimits, generic resources. Knows no
 * field.
 */
#include "spec/internal.h"

#include <stdio.h>
#include <string.h>

/* Instead of a value of an environment variable, which may be a secret. */
#define MASK "***"

static json_t *some(json_t *object)
{
	if (json_object_size(object))
		return object;
	json_decref(object);
	return NULL;
}

bool swarm__is_kept_label(const char *name)
{
	return strncmp(name, "com.docker.stack.", 17) == 0 || strncmp(name, "libswarm.", 9) == 0;
}

/* --- texts by names ----------------------------------------------------------------------------------- */

/* Add one: null stays, for a key that is to be removed. */
static void add_text(swarm__conversion *c, json_t *object, const char *place, const char *name,
		     const json_t *value)
{
	char at[SWARM__MAX_PLACE];

	swarm__spec_place(at, place, name);
	if (!*name)
		swarm__slip(c, place, "has an empty name");
	else if (json_is_null(value))
		swarm__spec_put(c, object, name, json_null());
	else if (json_is_string(value) || json_is_integer(value))
		swarm__spec_put(c, object, name, swarm__spec_text(c, value));
	else if (json_is_real(value))
		swarm__slip(c, at, "must be a string or integer, not %g: quote it in YAML",
			    json_real_value(value));
	else
		swarm__slip_expects(c, at, "a string or integer", value);
}

/* "name=value" lines; a line without "=" gives bare, a new reference of null or text. */
static void add_line(swarm__conversion *c, json_t *object, const char *place, const char *line,
		     json_t *bare)
{
	size_t length = strcspn(line, "=");
	char *name = strndup(line, length);

	if (!name)
		c->nomem = true;
	else if (!length)
		/* Not its value, which may be a secret. */
		swarm__slip(c, place, "has no name before its =");
	else if (line[length])
		swarm__spec_put(c, object, name, json_string(line + length + 1));
	else
		swarm__spec_put(c, object, name, json_incref(bare));
	free(name);
	json_decref(bare);
}

static json_t *parse_texts(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			   const json_t *given, bool inherit)
{
	json_t *object = swarm__spec_new(c, json_object());
	char at[SWARM__MAX_PLACE];
	const char *name;
	json_t *value;
	size_t i;

	if (json_is_string(given))
		swarm__slip(c, place, "must be %s, not a string", row->kind->expects);
	else if (!json_is_object(given) && !json_is_array(given))
		swarm__slip_expects(c, place, row->kind->expects, given);
	json_object_foreach (swarm__json_iterable(given), name, value)
		add_text(c, object, place, name, value);
	json_array_foreach (swarm__json_iterable(given), i, value) {
		snprintf(at, sizeof(at), "%.200s[%zu]", place, i);
		if (json_is_string(value))
			add_line(c, object, at, json_string_value(value),
				 inherit ? json_true() : json_string(""));
		else
			swarm__slip_expects(c, at, "like NAME=value", value);
	}
	return object;
}

static json_t *parse_map(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			 const json_t *given)
{
	return parse_texts(c, row, place, given, false);
}

static json_t *read_map(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	const char *name;
	json_t *value;

	if (!json_is_object(stored))
		return swarm__spec_malformed(c, row);
	json_object_foreach (swarm__json_iterable(stored), name, value)
		if (!json_is_string(value))
			return swarm__spec_malformed(c, row);
	return some(swarm__spec_new(c, json_deep_copy(stored)));
}

const swarm__spec_kind swarm__kind_MAP = { .expects = "a mapping of names and strings",
					   .parse = parse_map,
					   .read = read_map,
					   .write = swarm__spec_write_copy,
					   .keyed = true,
					   .merged = true };

/* --- environment: true means a name without value, which the engine resolves to nothing ----------------- */

static json_t *parse_environment(swarm__conversion *c, const swarm__spec_row *row,
				 const char *place, const json_t *given)
{
	json_t *object = parse_texts(c, row, place, given, true);
	const char *name;
	json_t *value;

	json_object_foreach (object, name, value)
		if (strpbrk(name, "= \t\n"))
			/* What follows its "=" may be a secret. */
			swarm__slip(c, place, "'%.*s' is not the name of a variable",
				    (int)strcspn(name, "=") + 1, name);
	return object;
}

static json_t *read_environment(swarm__conversion *c, const swarm__spec_row *row,
				const json_t *stored)
{
	json_t *object = swarm__spec_new(c, json_object());
	json_t *item;
	size_t i;

	if (!json_is_array(stored))
		swarm__spec_malformed(c, row);
	json_array_foreach (swarm__json_iterable(stored), i, item) {
		const char *line = json_string_value(item);

		/* As a container takes it: the last one of a name wins. */
		if (!line)
			swarm__spec_malformed(c, row);
		else if (*line && *line != '=')
			add_line(c, object, "", line, json_true());
	}
	return some(object);
}

/* Sorted lines "name=value"; values are masked where the caller did not ask for them. */
static json_t *environment_lines(swarm__conversion *c, const json_t *normal, bool masked)
{
	json_t *lines = swarm__spec_new(c, json_array());
	json_t *sorted = NULL;
	const char *name;
	json_t *value;

	json_object_foreach (swarm__json_iterable(normal), name, value)
		swarm__spec_add(c, lines,
				json_is_true(value)
					? json_string(name)
					: json_sprintf("%s=%s", name,
						       masked ? MASK : json_string_value(value)));
	if (lines)
		sorted = swarm__spec_sorted(c, lines);
	json_decref(lines);
	return sorted;
}

static json_t *write_environment(swarm__conversion *c, const swarm__spec_row *row,
				 const json_t *normal, const json_t *stored)
{
	(void)row;
	(void)stored;
	return environment_lines(c, normal, false);
}

static bool is_masked(const swarm__conversion *c)
{
	return !(c->options->flags & SWARM_SPEC_SHOW_ENV);
}

static json_t *show_variable(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal)
{
	(void)row;
	if (json_is_true(normal))
		return swarm__spec_new(c, json_string("(no value)"));
	return is_masked(c) ? swarm__spec_new(c, json_string(MASK))
			    : json_incref(swarm__json_iterable(normal));
}

static json_t *show_environment(swarm__conversion *c, const swarm__spec_row *row,
				const json_t *normal)
{
	(void)row;
	return environment_lines(c, normal, is_masked(c));
}

const swarm__spec_kind swarm__kind_ENVIRONMENT = { .expects = "a mapping or a list of NAME=value",
						   .parse = parse_environment,
						   .read = read_environment,
						   .write = write_environment,
						   .show = show_variable,
						   .show_all = show_environment,
						   .keyed = true,
						   .merged = true };

/* --- ulimits: {name: {soft, hard}} ------------------------------------------------------------------------- */

static bool read_limit(const json_t *json, int64_t *ret)
{
	*ret = json_integer_value(json);
	return json_is_integer(json) ||
	       (json_is_string(json) && swarm__parse_integer(json_string_value(json), ret));
}

static void add_limit(swarm__conversion *c, json_t *object, const char *place, const char *name,
		      const json_t *value)
{
	int64_t soft, hard;
	char at[SWARM__MAX_PLACE];

	swarm__spec_place(at, place, name);
	if (json_is_null(value)) {
		swarm__spec_put(c, object, name, json_null());
		return;
	}
	if (json_is_object(value) ? json_object_size(value) != 2 ||
					    !read_limit(json_object_get(value, "soft"), &soft) ||
					    !read_limit(json_object_get(value, "hard"), &hard)
				  : !read_limit(value, &soft)) {
		/* compose has left out a key that is not one. */
		if (!swarm__is_mistyped(c, at, NULL))
			swarm__slip_expects(c, at, "a number, or a mapping of soft and hard",
					    value);
		return;
	}
	if (!json_is_object(value))
		hard = soft;
	/* -1 means no limit at all. */
	if (soft < -1 || hard < -1 || (hard != -1 && (soft > hard || soft == -1)))
		swarm__slip(c, at, "the soft limit must not be above the hard one");
	else
		swarm__spec_put(c, object, name,
				json_pack("{s:I, s:I}", "soft", (json_int_t)soft, "hard",
					  (json_int_t)hard));
}

static json_t *parse_ulimits(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			     const json_t *given)
{
	json_t *object = swarm__spec_new(c, json_object());
	const char *name;
	json_t *value;

	if (!json_is_object(given))
		swarm__slip_expects(c, place, row->kind->expects, given);
	json_object_foreach (swarm__json_iterable(given), name, value)
		add_limit(c, object, place, name, value);
	return object;
}

static json_t *read_ulimits(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	json_t *object = swarm__spec_new(c, json_object());
	json_t *item;
	size_t i;

	if (!json_is_array(stored))
		swarm__spec_malformed(c, row);
	json_array_foreach (swarm__json_iterable(stored), i, item) {
		const char *name = json_string_value(json_object_get(item, "Name"));

		if (!name)
			swarm__spec_malformed(c, row);
		else
			/* moby leaves zeros out. */
			swarm__spec_put(
				c, object, name,
				json_pack("{s:I, s:I}", "soft",
					  json_integer_value(json_object_get(item, "Soft")), "hard",
					  json_integer_value(json_object_get(item, "Hard"))));
	}
	return some(object);
}

/* docker/cli sorts them by name. */
static json_t *write_ulimits(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal,
			     const json_t *stored)
{
	json_t *names = swarm__spec_new(c, json_array());
	json_t *list = swarm__spec_new(c, json_array());
	json_t *sorted = NULL;
	const char *name;
	json_t *value;
	size_t i;

	(void)row;
	(void)stored;
	json_object_foreach (swarm__json_iterable(normal), name, value)
		swarm__spec_add(c, names, json_string(name));
	if (names)
		sorted = swarm__spec_sorted(c, names);
	json_array_foreach (sorted, i, value) {
		const json_t *limit = json_object_get(normal, json_string_value(value));

		swarm__spec_add(c, list,
				json_pack("{s:O, s:O, s:O}", "Name", value, "Hard",
					  json_object_get(limit, "hard"), "Soft",
					  json_object_get(limit, "soft")));
	}
	json_decref(names);
	json_decref(sorted);
	return list;
}

const swarm__spec_kind swarm__kind_ULIMITS = { .expects = "a mapping of names and limits",
					       .parse = parse_ulimits,
					       .read = read_ulimits,
					       .write = write_ulimits,
					       .keyed = true,
					       .merged = true };

/* --- generic resources: {kind: number} ------------------------------------------------------------------------ */

static void add_generic(swarm__conversion *c, json_t *object, const char *place, const json_t *item)
{
	const json_t *spec = json_object_get(item, "discrete_resource_spec");
	const char *kind = json_string_value(json_object_get(spec, "kind"));
	char below[SWARM__MAX_PLACE];
	int64_t value;

	swarm__spec_place(below, place, "discrete_resource_spec");
	if (swarm__is_mistyped(c, place, NULL) || swarm__is_mistyped(c, below, NULL))
		return;
	if (!kind || !*kind || json_object_size(item) != 1 || json_object_size(spec) != 2 ||
	    !read_limit(json_object_get(spec, "value"), &value) || value < 0)
		swarm__slip_expects(c, place,
				    "{discrete_resource_spec: {kind: NAME, value: NUMBER}}", item);
	else
		swarm__spec_put(c, object, kind, json_integer(value));
}

static json_t *parse_generic(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			     const json_t *given)
{
	json_t *object = swarm__spec_new(c, json_object());
	char at[SWARM__MAX_PLACE];
	json_t *item;
	size_t i;

	if (!json_is_array(given))
		swarm__slip_expects(c, place, row->kind->expects, given);
	json_array_foreach (swarm__json_iterable(given), i, item) {
		snprintf(at, sizeof(at), "%.200s[%zu]", place, i);
		add_generic(c, object, at, item);
	}
	return some(object);
}

static json_t *read_generic(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	json_t *object = swarm__spec_new(c, json_object());
	json_t *item;
	size_t i;

	if (!json_is_array(stored))
		swarm__spec_malformed(c, row);
	json_array_foreach (swarm__json_iterable(stored), i, item) {
		const json_t *spec = json_object_get(item, "DiscreteResourceSpec");
		const json_t *kind = json_object_get(spec, "Kind");

		if (json_is_string(kind))
			swarm__spec_put(
				c, object, json_string_value(kind),
				json_integer(json_integer_value(json_object_get(spec, "Value"))));
	}
	return some(object);
}

/* Named resources, which compose has no words for, stay as they are. */
static json_t *write_generic(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal,
			     const json_t *stored)
{
	json_t *list = swarm__spec_new(c, json_array());
	const char *kind;
	json_t *value;
	size_t i;

	(void)row;
	json_array_foreach (swarm__json_iterable(stored), i, value)
		if (!json_object_get(value, "DiscreteResourceSpec"))
			swarm__spec_add(c, list, json_deep_copy(value));
	json_object_foreach (swarm__json_iterable(normal), kind, value)
		swarm__spec_add(c, list,
				json_pack("{s:{s:s, s:O}}", "DiscreteResourceSpec", "Kind", kind,
					  "Value", value));
	return list;
}

static json_t *show_generic(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal)
{
	json_t *list = swarm__spec_new(c, json_array());
	const char *kind;
	json_t *value;

	(void)row;
	json_object_foreach (swarm__json_iterable(normal), kind, value)
		swarm__spec_add(c, list,
				json_pack("{s:{s:s, s:O}}", "discrete_resource_spec", "kind", kind,
					  "value", value));
	return list;
}

const swarm__spec_kind swarm__kind_GENERIC = { .expects = "a list of {discrete_resource_spec: "
							  "{kind: NAME, value: NUMBER}}",
					       .parse = parse_generic,
					       .read = read_generic,
					       .write = write_generic,
					       .show = show_generic };
