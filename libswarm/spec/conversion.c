/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One conversion: the lines about what went wrong, trees by dotted paths, and memory that runs out.
 * Knows no field.
 */
#include "spec/internal.h"

#include <stdio.h>
#include <string.h>

/* Room for one line; longer ones are cut. */
enum { LINE = 512, MOST_LINES = 200, SHOWN = 60 };

__attribute__((format(printf, 4, 0))) static void
add_line(swarm__conversion *c, json_t *lines, const char *place, const char *format, va_list args)
{
	char line[LINE];
	size_t used = 0;

	if (json_array_size(lines) >= MOST_LINES)
		return;
	if (*place)
		used = (size_t)snprintf(line, sizeof(line), "%s: ", place);
	if (used < sizeof(line))
		vsnprintf(line + used, sizeof(line) - used, format, args);
	swarm__one_line(line);
	swarm__spec_add(c, lines, json_string(line));
}

void swarm__slip(swarm__conversion *c, const char *place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_line(c, c->slips, place, format, args);
	va_end(args);
}

void swarm__spec_warn(swarm__conversion *c, const char *place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_line(c, c->warnings, place, format, args);
	va_end(args);
}

static bool says_mistyped(const char *line, const char *place, const char *name)
{
	size_t length = strlen(place);
	const char *at = length ? strstr(line, place) : line;
	char said[SWARM__MAX_PATH_NAME + 64] = ": no such key";

	if (!at || (at != line && at[-1] != ' ') || (length && at[length] != '.'))
		return false;
	at += length + (length > 0);
	at += strcspn(at, ".[:");
	if (!name)
		return strncmp(at, said, strlen(said)) == 0;
	snprintf(said, sizeof(said), ": no such key, did you mean %s?", name);
	return strcmp(at, said) == 0;
}

bool swarm__is_mistyped(const swarm__conversion *c, const char *place, const char *name)
{
	json_t *line;
	size_t i;

	json_array_foreach (c->slips, i, line)
		if (says_mistyped(json_string_value(line), place, name))
			return true;
	return false;
}

int swarm__spec_judge(const swarm__conversion *c, swarm_error *err)
{
	size_t count = json_array_size(c->slips), used = 0;
	char text[SWARM_ERROR_TEXT] = "";

	if (c->nomem)
		return swarm__nomem(err);
	if (c->malformed)
		return swarm__error(err, SWARM_E_JSON,
				    "Spec.%s: the engine's value has another form", c->malformed);
	for (size_t i = 0; i < count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? "; " : "",
					 json_string_value(json_array_get(c->slips, i)));
	return count ? swarm__error(err, SWARM_E_INVAL, "%s", text) : 0;
}

json_t *swarm__slip_expects(swarm__conversion *c, const char *place, const char *expects,
			    const json_t *given)
{
	json_t *text = swarm__spec_text(c, given);
	const char *shown = json_string_value(text);

	if (json_is_boolean(given))
		swarm__slip(c, place, "must be %s, not %s: quote it in YAML if a string is meant",
			    expects, shown ? shown : "");
	else if (json_is_real(given) && shown && !strpbrk(shown, ".e"))
		swarm__slip(c, place, "must be %s, not '%s.0'", expects, shown);
	else if (shown)
		swarm__slip(c, place, "must be %s, not '%.*s'", expects, SHOWN, shown);
	else
		swarm__slip(c, place, "must be %s, not %s", expects,
			    json_is_array(given) ? "a list" : "a mapping");
	json_decref(text);
	return NULL;
}

json_t *swarm__spec_malformed(swarm__conversion *c, const swarm__spec_row *row)
{
	if (!c->malformed)
		c->malformed = row->path;
	return NULL;
}

json_t *swarm__spec_new(swarm__conversion *c, json_t *json)
{
	if (!json)
		c->nomem = true;
	return json;
}

void swarm__spec_put(swarm__conversion *c, json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value))
		c->nomem = true;
}

void swarm__spec_add(swarm__conversion *c, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value))
		c->nomem = true;
}

/* The next name of a dotted path, cut from it; false at its end. */
static bool next_name(const char **path, char name[SWARM__MAX_PATH_NAME], bool *ret_last)
{
	size_t length = strcspn(*path, ".");

	if (!length || length >= SWARM__MAX_PATH_NAME)
		return false;
	memcpy(name, *path, length);
	name[length] = '\0';
	*path += length;
	*ret_last = !**path;
	*path += !*ret_last;
	return true;
}

void swarm__spec_put_at(swarm__conversion *c, json_t *tree, const char *path, json_t *value)
{
	char name[SWARM__MAX_PATH_NAME];
	bool last;

	while (value && next_name(&path, name, &last)) {
		if (last) {
			swarm__spec_put(c, tree, name, value);
			return;
		}
		if (!json_is_object(json_object_get(tree, name)))
			swarm__spec_put(c, tree, name, json_object());
		tree = json_object_get(tree, name);
		if (!tree)
			break;
	}
	json_decref(value);
	c->nomem = true;
}

void swarm__spec_remove_at(json_t *tree, const char *path)
{
	char name[SWARM__MAX_PATH_NAME];
	bool last;

	while (tree && next_name(&path, name, &last)) {
		if (last) {
			json_object_del(tree, name);
			return;
		}
		tree = json_object_get(tree, name);
	}
}

void swarm__spec_place(char place[SWARM__MAX_PLACE], const char *before, const char *name)
{
	snprintf(place, SWARM__MAX_PLACE, "%.*s%s%.*s", SWARM__MAX_PLACE / 2 - 1, before,
		 *before ? "." : "", SWARM__MAX_PLACE / 2 - 2, name);
}

json_t *swarm__spec_text(swarm__conversion *c, const json_t *scalar)
{
	char text[64];

	if (json_is_string(scalar))
		return swarm__spec_new(c, json_string(json_string_value(scalar)));
	if (json_is_integer(scalar))
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(scalar));
	else if (json_is_real(scalar))
		snprintf(text, sizeof(text), "%.12g", json_real_value(scalar));
	else if (json_is_boolean(scalar))
		snprintf(text, sizeof(text), "%s", json_is_true(scalar) ? "true" : "false");
	else if (!scalar || json_is_null(scalar))
		snprintf(text, sizeof(text), "null");
	else
		return NULL;
	return swarm__spec_new(c, json_string(text));
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *swarm__spec_sorted(swarm__conversion *c, const json_t *array)
{
	size_t count = json_array_size(array);
	json_t *sorted = swarm__spec_new(c, json_array());
	const char **texts = calloc(count + 1, sizeof(*texts));

	for (size_t i = 0; texts && i < count; i++)
		texts[i] = json_string_value(json_array_get(array, i));
	if (!texts)
		c->nomem = true;
	else if (count)
		qsort(texts, count, sizeof(*texts), compare);
	for (size_t i = 0; texts && i < count; i++)
		if (!i || strcmp(texts[i], texts[i - 1]) != 0)
			swarm__spec_add(c, sorted, json_string(texts[i]));
	free(texts);
	return sorted;
}

json_t *swarm__spec_write_copy(swarm__conversion *c, const swarm__spec_row *row,
			       const json_t *normal, const json_t *stored)
{
	(void)row;
	(void)stored;
	return swarm__spec_new(c, json_deep_copy(normal));
}
