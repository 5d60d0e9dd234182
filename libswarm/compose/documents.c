/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document as it is used: each key looked up in the table, variables replaced, extensions dropped.
 * Knows no key by name but version, which is not interpolated.
 */
#include "compose/internal.h"

#include <stdio.h>
#include <string.h>

enum {
	MAX_DEPTH = 40,
	MAX_VALUES = 200000,
	MAX_ENTRIES = 5000,
};

static json_t *take(swarm__compose *c, const swarm__key *row, const char *place,
		    const json_t *given, int depth);

/* --- texts -------------------------------------------------------------------------------------- */

static json_t *take_text(swarm__compose *c, const swarm__key *row, const char *place,
			 const json_t *given)
{
	const char *text = json_string_value(given);
	json_t *result;

	if (json_string_length(given) != strlen(text)) {
		swarm__slip(&c->lines, place, "holds a NUL character");
		return NULL;
	}
	if (!strchr(text, '$') || (row && strcmp(row->path, "version") == 0))
		return json_incref(swarm__json_iterable(given));
	result = swarm__interpolate(c, place, text);
	if (!result || json_string_length(result) || !row || !swarm__key_is_typed(row))
		return result;
	swarm__spec_warn(&c->lines, place, "is empty with its variables: it is taken as left out");
	json_decref(result);
	return NULL;
}

/* --- mappings ------------------------------------------------------------------------------------- */

static void unknown(swarm__compose *c, const swarm__key *row, const char *place, const char *key)
{
	swarm__nearest nearest = { key, "", 0 };

	swarm__key_nearest(row, &nearest);
	if (*nearest.best)
		swarm__slip(&c->lines, place, "no such key, did you mean %s?", nearest.best);
	else
		swarm__slip(&c->lines, place, "no such key");
}

/* May a member go on? Notes why not; ignored: names for one line about all of them. */
static bool may_pass(swarm__compose *c, const swarm__key *row, const char *place, const char *name,
		     swarm__names *ignored)
{
	if (row->status == SWARM__KEY_REFUSED)
		swarm__slip(&c->lines, place, "is not for a swarm: %s", row->text);
	else if (row->status == SWARM__KEY_IGNORED && row->text)
		swarm__spec_warn(&c->lines, place, "is ignored: %s", row->text);
	else if (row->status == SWARM__KEY_IGNORED)
		swarm__names_add(ignored, "%.100s", name);
	return row->status == SWARM__KEY_SUPPORTED;
}

/* The row of a member of an object that has one; NULL where there is none to go on with. */
static const swarm__key *find_row(swarm__compose *c, const swarm__key *row, const char *place,
				  const char *name, swarm__names *ignored)
{
	const swarm__key *any = swarm__key_below(row, "*");
	const swarm__key *found = any ? any : swarm__key_below(row, name);

	if (found)
		return may_pass(c, found, place, name, ignored) ? found : NULL;
	if (strncmp(name, "x-", 2) != 0)
		unknown(c, row, place, name);
	return NULL;
}

static json_t *take_object(swarm__compose *c, const swarm__key *row, const char *place,
			   const json_t *given, int depth)
{
	bool is_free = !row || (!swarm__key_below(row, "*") && !swarm__key_has_names(row));
	json_t *object = swarm__spec_new(&c->lines, json_object());
	swarm__names ignored = { "", false };
	char at[SWARM__MAX_PLACE];
	const char *name;
	json_t *value;

	json_object_foreach (swarm__json_iterable(given), name, value) {
		const swarm__key *below = NULL;
		json_t *member;

		swarm__spec_place(at, place, name);
		if (!is_free) {
			below = find_row(c, row, at, name, &ignored);
			if (!below)
				continue;
		}
		/* An element of a list may also be a text, a member may not. */
		if (below && below->type == SWARM__KEY_OBJECT && !json_is_object(value) &&
		    !json_is_null(value)) {
			swarm__slip_expects(&c->lines, at, "a mapping", value);
			continue;
		}
		member = take(c, below, at, value, depth + 1);
		if (member && object)
			swarm__spec_put(&c->lines, object, name, member);
		else
			json_decref(member);
	}
	if (*ignored.text)
		swarm__spec_warn(&c->lines, place, "ignored, without effect in a swarm: %s",
				 ignored.text);
	return object;
}

static json_t *take_array(swarm__compose *c, const swarm__key *row, const char *place,
			  const json_t *given, int depth)
{
	const swarm__key *below = row ? swarm__key_below(row, "[]") : NULL;
	json_t *array = swarm__spec_new(&c->lines, json_array());
	char at[SWARM__MAX_PLACE];
	json_t *value;
	size_t i;

	if (json_array_size(given) > MAX_ENTRIES) {
		swarm__slip(&c->lines, place, "over %d entries", MAX_ENTRIES);
		return array;
	}
	json_array_foreach (swarm__json_iterable(given), i, value) {
		json_t *item;

		snprintf(at, sizeof(at), "%.200s[%zu]", place, i);
		item = take(c, json_is_object(value) ? below : NULL, at, value, depth + 1);
		if (item && array)
			swarm__spec_add(&c->lines, array, item);
		else
			json_decref(item);
	}
	return array;
}

/* New; NULL where nothing is left of it. */
static json_t *take(swarm__compose *c, const swarm__key *row, const char *place,
		    const json_t *given, int depth)
{
	if (swarm__is_over(c))
		return NULL;
	if (++c->values >= MAX_VALUES || depth > MAX_DEPTH) {
		/* The first one tells; a value that has itself inside ends here, too. */
		if (c->values <= MAX_VALUES)
			swarm__slip(&c->lines, place, "over %d values, or over %d levels",
				    MAX_VALUES, MAX_DEPTH);
		c->values = MAX_VALUES + 1;
		return NULL;
	}
	if (json_is_string(given))
		return take_text(c, row, place, given);
	if (json_is_object(given))
		return take_object(c, row, place, given, depth);
	if (json_is_array(given))
		return take_array(c, row, place, given, depth);
	return json_incref(swarm__json_iterable(given));
}

json_t *swarm__document_read(swarm__compose *c, const json_t *document)
{
	return take(c, swarm__key_root(), "", document, 0);
}
