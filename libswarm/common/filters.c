/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters of lists: to the engine's JSON, and the check after it. moby takes "id" and "name" as the
 * start of a value (of a network's name, as any part of it), which no caller means. All other
 * filters are exact in the engine.
 */
#include "common/internal.h"

#include <string.h>

/* Room in the request for what is beside the values of the filters. */
enum { BESIDE = 512 };

/* Bytes of a text in a request, at most: as JSON, and percent-encoded. */
static size_t encoded_size(const char *text)
{
	size_t size = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool escaped = c < ' ' || c == '"' || c == '\\';

		size += swarm__is_unreserved(c) ? 1 : escaped ? 18 : 3;
	}
	return size;
}

/* Have the values no room in a request? Each is between quotes, with a comma, which are three bytes each. */
static bool are_long(const swarm_pair *filters)
{
	size_t size = BESIDE;

	for (; filters->name; filters++)
		size += encoded_size(filters->value) + 9;
	return size > SWARM__MAX_URL;
}

static bool is_checked_again(const char *name, unsigned again)
{
	return (again & SWARM__FILTERS_ID && strcmp(name, "id") == 0) ||
	       (again & SWARM__FILTERS_NAME && strcmp(name, "name") == 0);
}

/* {"name": ["a", "b"], "label": ["x=y"]}; NULL without memory. */
static json_t *make_tree(const swarm_pair *filters, unsigned again)
{
	unsigned left_out = are_long(filters) ? again : 0;
	json_t *tree = json_object();

	for (; tree && filters->name; filters++) {
		json_t *values = json_object_get(tree, filters->name);

		if (is_checked_again(filters->name, left_out))
			continue;
		if (!values) {
			json_object_set_new(tree, filters->name, json_array());
			values = json_object_get(tree, filters->name);
		}
		if (json_array_append_new(values, json_string(filters->value)) < 0) {
			json_decref(tree);
			return NULL;
		}
	}
	return tree;
}

int swarm__filters_make(const swarm_pair *filters, unsigned again, swarm__buffer *text,
			swarm_error *err)
{
	json_t *tree;
	int rc = 0;

	if (!filters || !filters->name)
		return 0;
	for (const swarm_pair *filter = filters; filter->name; filter++)
		if (!filter->value)
			return swarm__error(err, SWARM_E_INVAL, "the filter '%s' has no value",
					    filter->name);
	for (const swarm_pair *filter = filters; filter->name; filter++)
		if (swarm__utf8_check("a filter", filter->name, err) ||
		    swarm__utf8_check("the value of a filter", filter->value, err))
			return SWARM_E_INVAL;
	tree = make_tree(filters, again);
	if (!tree)
		return swarm__nomem(err);
	if (json_object_size(tree))
		rc = swarm__json_dump(tree, text);
	json_decref(tree);
	if (rc == SWARM_E_TOO_LARGE)
		return swarm__error(err, SWARM_E_INVAL, "the filters are too long");
	return rc ? swarm__nomem(err) : 0;
}

/* Is value among the values of the filters with this name, or are there none? */
static bool is_wanted(const swarm_pair *filters, const char *name, const char *value)
{
	bool asked = false;

	for (; filters && filters->name; filters++) {
		if (strcmp(filters->name, name) != 0)
			continue;
		if (strcmp(filters->value, value) == 0)
			return true;
		asked = true;
	}
	return !asked;
}

bool swarm__filters_match(const swarm_pair *filters, const char *id, const char *name)
{
	return is_wanted(filters, "id", id) && (!name || is_wanted(filters, "name", name));
}
