/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A patch of a service in the engine's own names, against the names and types that a service has. The engine
 * drops any other name without an error, and refuses another type when it is sent.
 */
#include "spec/internal.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *path;
	const char *names;
} objects[] = {
#define MEMBERS(path, names) { path, names },
#define WORDS(path, words)
#include "spec/service_fields.def"
#undef MEMBERS
#undef WORDS
};

static const struct {
	const char *path;
	const char *words;
} choices[] = {
#define MEMBERS(path, names)
#define WORDS(path, words) { path, words },
#include "spec/service_fields.def"
#undef MEMBERS
#undef WORDS
};

/* The top of a service, whose names ops.def has; those that are left out are not in a patch. */
#define TOP "Labels* TaskTemplate Mode UpdateConfig RollbackConfig EndpointSpec Networks~"

#define SIGNS "*?#+%[~"

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

/* The sign of a name in names, ' ' for one without; 0: it is not there. */
static char sign_of(const char *names, const char *name)
{
	size_t length = strlen(name);

	for (size_t size; *names; names += size + (names[size] == ' ')) {
		size = strcspn(names, " ");
		if (strncmp(names, name, length) != 0)
			continue;
		if (size == length)
			return ' ';
		if (size == length + 1 && strchr(SIGNS, names[length]))
			return names[length];
	}
	return 0;
}

static void unknown(swarm__conversion *c, const char *names, const char *place, const char *name)
{
	swarm__nearest nearest = { name, "", 0 };

	for (size_t size; *names; names += size + (names[size] == ' ')) {
		size = strcspn(names, " ");
		swarm__nearest_try(&nearest, names, strcspn(names, " " SIGNS));
	}
	if (*nearest.best)
		swarm__slip(c, place, "the engine has no such field, did you mean %s?",
			    nearest.best);
	else
		swarm__slip(c, place, "the engine has no such field");
}

static void check_word(swarm__conversion *c, const char *path, const char *place, const char *word)
{
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		size_t length = strlen(word);
		const char *at = choices[i].words;

		if (!length || strcmp(choices[i].path, path) != 0)
			continue;
		while (*at && (strncmp(at, word, length) != 0 || strcspn(at, " ") != length)) {
			at += strcspn(at, " ");
			at += *at == ' ';
		}
		if (!*at)
			swarm__slip_choice(c, place, "", choices[i].words, word);
	}
}

/* NULL, or what a value that is not null must be. */
static const char *expected(char sign, bool is_object, const json_t *value)
{
	switch (sign) {
	case '~':
		return NULL;
	case '*':
		return json_is_object(value) ? NULL : "a mapping of names and strings";
	case '[':
		return json_is_array(value) ? NULL : "a list";
	case '?':
		return json_is_boolean(value) ? NULL : "true or false";
	case '#':
		return json_is_integer(value) ? NULL : "a whole number";
	case '+':
		return json_is_integer(value) && json_integer_value(value) >= 0
			       ? NULL
			       : "a whole number of at least 0";
	case '%':
		return json_is_number(value) ? NULL : "a number";
	default:
		if (is_object)
			return json_is_object(value) ? NULL : "a mapping";
		return json_is_string(value) ? NULL : "a string";
	}
}

/* The engine refuses a value of another type. False: nothing below it is worth a look. */
static bool check_type(swarm__conversion *c, char sign, const char *path, const char *place,
		       const json_t *value)
{
	const char *expects = json_is_null(value)
				      ? NULL
				      : expected(sign, names_below(path) != NULL, value);

	if (expects)
		swarm__slip_expects(c, place, expects, value);
	else if (json_is_string(value))
		check_word(c, path, place, json_string_value(value));
	return !expects;
}

static void check_texts(swarm__conversion *c, const char *path, const char *place,
			const json_t *value)
{
	char below[LONGEST];
	const char *name;
	json_t *one;

	json_object_foreach (swarm__json_iterable(value), name, one) {
		snprintf(below, sizeof(below), "%.160s.%.80s", place, name);
		check_type(c, ' ', path, below, one);
	}
}

static void check(swarm__conversion *c, const char *path, const char *place, const json_t *value,
		  const char *names);

static void check_list(swarm__conversion *c, const char *path, const char *place,
		       const json_t *value)
{
	char path_below[LONGEST], place_below[LONGEST];
	json_t *one;
	size_t i;

	snprintf(path_below, sizeof(path_below), "%.200s[]", path);
	json_array_foreach (value, i, one) {
		snprintf(place_below, sizeof(place_below), "%.200s[%zu]", place, i);
		if (check_type(c, ' ', path_below, place_below, one))
			check(c, path_below, place_below, one, names_below(path_below));
	}
}

/* path: in the table; place: in the text. As deep as the table is, whatever the patch. */
static void check(swarm__conversion *c, const char *path, const char *place, const json_t *value,
		  const char *names)
{
	char path_below[LONGEST], place_below[LONGEST];
	const char *name;
	json_t *one;

	if (!names || !json_is_object(value))
		return;
	json_object_foreach (swarm__json_iterable(value), name, one) {
		char sign = sign_of(names, name);

		snprintf(path_below, sizeof(path_below), "%.160s%s%.80s", path, *path ? "." : "",
			 name);
		snprintf(place_below, sizeof(place_below), "%.160s.%.80s", place, name);
		if (!sign)
			unknown(c, names, place_below, name);
		else if (!check_type(c, sign, path_below, place_below, one))
			continue;
		else if (sign == '*')
			check_texts(c, path_below, place_below, one);
		else if (sign == '[')
			check_list(c, path_below, place_below, one);
		else if (sign == ' ')
			check(c, path_below, place_below, one, names_below(path_below));
	}
}

int swarm__spec_patch_check(const json_t *patch, swarm_error *err)
{
	swarm__conversion c = { .slips = json_array(), .warnings = NULL };
	int rc;

	if (!c.slips)
		return swarm__nomem(err);
	check(&c, "", "spec_patch", patch, TOP);
	rc = swarm__spec_judge(&c, err);
	json_decref(c.slips);
	return rc;
}
