/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A patch of a service in the engine's own names, against the names that a service has. The engine drops
 * any other name without an error.
 */
#include "spec/internal.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *path;
	const char *names;
} objects[] = {
#define MEMBERS(path, names) { path, names },
#include "spec/service_fields.def"
#undef MEMBERS
};

/* Longest path of a value in a text. */
enum { LONGEST = 256 };

/* The names below a path; NULL: it is a value, or its names are the caller's own. */
static const char *names_below(const char *path)
{
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		if (strcmp(objects[i].path, path) == 0)
			return objects[i].names;
	return NULL;
}

static bool has_name(const char *names, const char *name)
{
	size_t length = strlen(name);

	for (size_t size; *names; names += size + (names[size] == ' ')) {
		size = strcspn(names, " ");
		if (strncmp(names, name, length) == 0 &&
		    (size == length || (size == length + 1 && names[length] == '*')))
			return true;
	}
	return false;
}

static void unknown(swarm__conversion *c, const char *names, const char *place, const char *name)
{
	swarm__nearest nearest = { name, "", 0 };

	for (size_t size; *names; names += size + (names[size] == ' ')) {
		size = strcspn(names, " ");
		swarm__nearest_try(&nearest, names, strcspn(names, " *"));
	}
	if (*nearest.best)
		swarm__slip(c, place, "the engine has no such field, did you mean %s?",
			    nearest.best);
	else
		swarm__slip(c, place, "the engine has no such field");
}

/* path: in the table; place: in the text. As deep as the table is, whatever the patch. */
static void check(swarm__conversion *c, const char *path, const char *place, const json_t *value)
{
	const char *names = names_below(path), *name;
	char path_below[LONGEST], place_below[LONGEST];
	json_t *one;
	size_t i;

	if (json_is_array(value)) {
		snprintf(path_below, sizeof(path_below), "%s[]", path);
		json_array_foreach (value, i, one) {
			snprintf(place_below, sizeof(place_below), "%s[%zu]", place, i);
			if (!json_is_array(one))
				check(c, path_below, place_below, one);
		}
	}
	if (!names || !json_is_object(value))
		return;
	json_object_foreach (swarm__json_iterable(value), name, one) {
		snprintf(path_below, sizeof(path_below), "%s.%s", path, name);
		snprintf(place_below, sizeof(place_below), "%s.%s", place, name);
		if (has_name(names, name))
			check(c, path_below, place_below, one);
		else
			unknown(c, names, place_below, name);
	}
}

int swarm__spec_patch_check(const json_t *patch, swarm_error *err)
{
	swarm__conversion c = { .slips = json_array(), .warnings = NULL };
	const char *name;
	json_t *value;
	int rc;

	if (!c.slips)
		return swarm__nomem(err);
	json_object_foreach (swarm__json_iterable(patch), name, value) {
		char place[LONGEST];

		snprintf(place, sizeof(place), "spec_patch.%s", name);
		check(&c, name, place, value);
	}
	rc = swarm__spec_judge(&c, err);
	json_decref(c.slips);
	return rc;
}
