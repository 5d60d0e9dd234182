/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of what a placement says: constraints and preferences. Knows no other field.
 */
#include "spec/internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- constraints: "node.role==manager" -------------------------------------------------------------- */

/* Has a text only letters, digits and those of more? */
static bool has_only(const char *text, size_t length, const char *more)
{
	for (size_t i = 0; i < length; i++)
		if (!((text[i] >= '0' && text[i] <= '9') ||
		      ((text[i] | 32) >= 'a' && (text[i] | 32) <= 'z') || strchr(more, text[i])))
			return false;
	return true;
}

bool swarm__is_constraint(const char *text)
{
	const char *sign = strstr(text, "==");
	size_t length, rest;

	if (!sign)
		sign = strstr(text, "!=");
	if (!sign)
		return false;
	text += strspn(text, " \t");
	length = (size_t)(sign - text);
	while (length && strchr(" \t", text[length - 1]))
		length--;
	sign += 2 + strspn(sign + 2, " \t");
	rest = strlen(sign);
	return length > 1 && has_only(text, length, "-_.") && !strchr("-.0123456789", *text) &&
	       rest && has_only(sign, rest, ":-_ \t.*()?+[]\\^$|/");
}

/* swarmkit accepts blanks around the sign, and keeps them. NULL if there is no sign. */
static json_t *normal_constraint(swarm__conversion *c, const char *text)
{
	const char *sign = strstr(text, "==");
	const char *other = strstr(text, "!=");
	char normal[512];
	size_t length, rest;

	if (!sign || (other && other < sign))
		sign = other;
	if (!sign)
		return NULL;
	text += strspn(text, " ");
	length = (size_t)(sign - text);
	while (length && text[length - 1] == ' ')
		length--;
	other = sign + 2 + strspn(sign + 2, " ");
	rest = strlen(other);
	while (rest && other[rest - 1] == ' ')
		rest--;
	if (length > 200 || rest > 200)
		return NULL;
	snprintf(normal, sizeof(normal), "%.*s%.2s%.*s", (int)length, text, sign, (int)rest, other);
	return swarm__spec_new(c, json_string(normal));
}

static json_t *parse_constraints(swarm__conversion *c, const swarm__spec_row *row,
				 const char *place, const json_t *given)
{
	static const char *const known[] = { "node.id=",
					     "node.hostname=",
					     "node.role=",
					     "node.platform.os=",
					     "node.platform.arch=",
					     "node.labels.",
					     "engine.labels.",
					     "node.ip=" };
	json_t *lines = swarm__spec_texts(c, place, row->kind->expects, given);
	json_t *array = swarm__spec_new(c, json_array());
	char at[SWARM__MAX_PLACE];
	json_t *item;
	size_t i;

	json_array_foreach (lines, i, item) {
		json_t *one = normal_constraint(c, json_string_value(item));
		const char *text = json_string_value(one);
		size_t key = 0;

		for (; text && key < sizeof(known) / sizeof(*known); key++) {
			size_t length = strlen(known[key]) -
					(known[key][strlen(known[key]) - 1] == '=');

			/* swarmkit compares keys in any case. */
			if (strncasecmp(text, known[key], length) == 0)
				break;
		}
		swarm__spec_item(at, place, i, given);
		if (!text)
			swarm__slip(c, at, "'%.100s' must be like node.labels.disk==ssd",
				    json_string_value(item));
		else if (key == sizeof(known) / sizeof(*known))
			swarm__slip(
				c, at,
				"'%.100s': a constraint is about node.id, node.hostname, node.role, "
				"node.ip, node.platform.os, node.platform.arch, node.labels.NAME or "
				"engine.labels.NAME",
				text);
		else if (!swarm__is_constraint(json_string_value(item)))
			swarm__slip(
				c, at,
				"'%.100s' has a character that the managers refuse: use letters, "
				"digits, '-', '_' and '.' on both sides of the sign",
				json_string_value(item));
		if (one)
			swarm__spec_add(c, array, one);
	}
	json_decref(lines);
	return swarm__spec_set(c, array);
}

static json_t *read_constraints(swarm__conversion *c, const swarm__spec_row *row,
				const json_t *stored)
{
	json_t *lines = swarm__kind_WORDS.read(c, row, stored);
	json_t *array = swarm__spec_new(c, json_array());
	json_t *item;
	size_t i;

	json_array_foreach (lines, i, item) {
		json_t *one = normal_constraint(c, json_string_value(item));

		swarm__spec_add(c, array, one ? one : json_incref(item));
	}
	json_decref(lines);
	return swarm__spec_set(c, array);
}

const swarm__spec_kind swarm__kind_CONSTRAINTS = { .expects = "a list such as "
							      "[node.labels.disk==ssd]",
						   .parse = parse_constraints,
						   .read = read_constraints,
						   .write = swarm__spec_write_copy };

/* --- preferences: [{spread: node.labels.zone}] -------------------------------------------------------- */

static json_t *parse_preferences(swarm__conversion *c, const swarm__spec_row *row,
				 const char *place, const json_t *given)
{
	json_t *array = swarm__spec_new(c, json_array());
	char at[SWARM__MAX_PLACE];
	json_t *item;
	size_t i;

	if (!json_is_array(given))
		swarm__slip_expects(c, place, row->kind->expects, given);
	json_array_foreach (swarm__json_iterable(given), i, item) {
		const char *spread = json_string_value(json_object_get(item, "spread"));

		swarm__spec_item(at, place, i, given);
		if (!spread || json_object_size(item) != 1 ||
		    (strncmp(spread, "node.labels.", 12) != 0 &&
		     strncmp(spread, "engine.labels.", 14) != 0))
			swarm__slip(c, at, "must be like {spread: node.labels.zone}");
		else
			swarm__spec_add(c, array, json_string(spread));
	}
	return swarm__spec_some(array);
}

static json_t *read_preferences(swarm__conversion *c, const swarm__spec_row *row,
				const json_t *stored)
{
	json_t *array = swarm__spec_new(c, json_array());
	json_t *item;
	size_t i;

	if (!json_is_array(stored))
		swarm__spec_malformed(c, row);
	json_array_foreach (swarm__json_iterable(stored), i, item) {
		const json_t *spread = swarm__json_at(item, "Spread.SpreadDescriptor");

		if (json_is_string(spread))
			swarm__spec_add(c, array, json_incref(swarm__json_iterable(spread)));
		else
			swarm__spec_malformed(c, row);
	}
	return swarm__spec_some(array);
}

static json_t *pack_all(swarm__conversion *c, const json_t *normal, const char *format,
			const char *outer, const char *inner)
{
	json_t *array = swarm__spec_new(c, json_array());
	json_t *item;
	size_t i;

	json_array_foreach (swarm__json_iterable(normal), i, item)
		swarm__spec_add(c, array,
				inner ? json_pack(format, outer, inner, item)
				      : json_pack(format, outer, item));
	return array;
}

static json_t *write_preferences(swarm__conversion *c, const swarm__spec_row *row,
				 const json_t *normal, const json_t *stored)
{
	(void)row;
	(void)stored;
	return pack_all(c, normal, "{s:{s:O}}", "Spread", "SpreadDescriptor");
}

static json_t *show_preferences(swarm__conversion *c, const swarm__spec_row *row,
				const json_t *normal)
{
	(void)row;
	return pack_all(c, normal, "{s:O}", "spread", NULL);
}

const swarm__spec_kind swarm__kind_PREFERENCES = { .expects = "a list such as "
							      "[{spread: node.labels.zone}]",
						   .parse = parse_preferences,
						   .read = read_preferences,
						   .write = write_preferences,
						   .show = show_preferences };
