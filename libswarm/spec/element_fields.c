/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of values inside the elements of a list: file modes, ids of users, paths, and networks, which
 * go by their names. Knows no field.
 */
#include "spec/internal.h"

#include <stdio.h>
#include <string.h>

static json_t *read_text(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	return swarm__kind_TEXT.read(c, row, stored);
}

static json_t *read_number(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	return swarm__kind_NUMBER.read(c, row, stored);
}

/* Is it a mode as people give them: the owner reads, and nobody has a right that those before lack? */
static bool is_usual_mode(int64_t mode)
{
	int64_t owner = mode >> 6 & 7, group = mode >> 3 & 7, others = mode & 7;

	return mode >= 0 && mode <= 07777 && (owner & 4) && !(group & ~owner) && !(others & ~group);
}

/* By octal digits, with or without 0 or 0o before them. */
static bool read_mode(const char *digits, int64_t *ret_mode)
{
	int64_t mode = 0;
	bool good = false;

	if (digits[0] == '0' && (digits[1] == 'o' || digits[1] == 'O'))
		digits += 2;
	for (; *digits >= '0' && *digits <= '7' && mode <= 07777; digits++) {
		mode = mode * 8 + (*digits - '0');
		good = true;
	}
	*ret_mode = mode;
	return good && !*digits && mode <= 07777;
}

/*
 * YAML and Salt differ on what 0400 is: Salt's loader gives 400, others 256. So an integer is read by its
 * digits, as Salt's file states do, unless only its value is a mode that people give.
 */
static json_t *parse_filemode(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			      const json_t *given)
{
	json_t *text = json_is_integer(given) || json_is_string(given) ? swarm__spec_text(c, given)
								       : NULL;
	json_int_t value = json_is_integer(given) ? json_integer_value(given) : 0;
	int64_t mode = 0;
	bool good = text && read_mode(json_string_value(text), &mode);

	if (is_usual_mode(value) && !good)
		swarm__slip(c, place,
			    "%lld is what YAML makes of 0%03llo: write \"0%03llo\", in quotes",
			    (long long)value, (unsigned long long)value, (unsigned long long)value);
	else if (is_usual_mode(value) && !is_usual_mode(mode))
		swarm__slip(
			c, place,
			"%lld is what YAML makes of 0%03llo: write \"0%03llo\" or \"%04lld\", in "
			"quotes",
			(long long)value, (long long)value, (unsigned long long)value,
			(unsigned long long)value);
	else if (!good)
		swarm__slip_expects(c, place, row->kind->expects, given);
	good = good && (!is_usual_mode(value) || is_usual_mode(mode));
	json_decref(text);
	return good ? swarm__spec_number(c, row, mode) : NULL;
}

static json_t *show_filemode(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal)
{
	char text[32];

	(void)row;
	snprintf(text, sizeof(text), "0%03llo", (unsigned long long)json_integer_value(normal));
	return swarm__spec_new(c, json_string(text));
}

const swarm__spec_kind swarm__kind_FILEMODE = { .expects = "an octal file mode such as \"0440\"",
						.parse = parse_filemode,
						.read = read_number,
						.write = swarm__spec_write_copy,
						.show = show_filemode };

/* The engine's tasks fail with anything else. */
static json_t *parse_identity(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			      const json_t *given)
{
	json_t *text = swarm__spec_text_of(c, place, row->kind->expects, given);
	const char *digits = json_string_value(text);

	if (!digits || (strspn(digits, "0123456789") == strlen(digits) && strlen(digits) < 11))
		return text;
	swarm__slip_expects(c, place, row->kind->expects, given);
	json_decref(text);
	return NULL;
}

const swarm__spec_kind swarm__kind_IDENTITY = { .expects = "a numeric id",
						.parse = parse_identity,
						.read = read_text,
						.write = swarm__spec_write_copy };

/* A path without the slash that does not matter at its end. */
static json_t *clean_path(swarm__conversion *c, const char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	return swarm__spec_new(c, json_stringn(path, length));
}

static json_t *parse_mountpoint(swarm__conversion *c, const swarm__spec_row *row, const char *place,
				const json_t *given)
{
	json_t *text = swarm__spec_text_of(c, place, row->kind->expects, given);
	const char *path = json_string_value(text);
	json_t *normal = NULL;

	/* A drive letter, or a pipe: Windows. */
	if (path && (path[0] == '/' ? path[1] != '\0'
				    : strncmp(path, "\\\\", 2) == 0 ||
					      (strlen(path) > 2 && path[1] == ':')))
		normal = clean_path(c, path);
	else if (path)
		swarm__slip(c, place, "must be an absolute path below /, not '%.60s'", path);
	json_decref(text);
	return normal;
}

static json_t *read_mountpoint(swarm__conversion *c, const swarm__spec_row *row,
			       const json_t *stored)
{
	json_t *text = read_text(c, row, stored);
	json_t *normal = text ? clean_path(c, json_string_value(text)) : NULL;

	json_decref(text);
	return normal;
}

const swarm__spec_kind swarm__kind_MOUNTPOINT = { .expects = "an absolute path",
						  .parse = parse_mountpoint,
						  .read = read_mountpoint,
						  .write = swarm__spec_write_copy };

/* --- networks: names for callers, ids in the spec ----------------------------------------------------------- */

static const json_t *network_ids(const swarm__conversion *c)
{
	return c->options->ids ? json_object_get(c->options->ids, "networks") : NULL;
}

static json_t *parse_network(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			     const json_t *given)
{
	json_t *name = swarm__spec_text_of(c, place, row->kind->expects, given);
	const json_t *ids = network_ids(c);
	const json_t *id = name ? json_object_get(ids, json_string_value(name)) : NULL;
	const char *known;
	json_t *value;

	if (!name || !ids)
		return name;
	if (json_is_string(id)) {
		json_decref(name);
		return json_incref(swarm__json_iterable(id));
	}
	json_object_foreach (swarm__json_iterable(ids), known, value)
		if (json_equal(value, name))
			return name;
	if (json_is_false(id))
		swarm__slip(c, place,
			    "'%.60s' is the ingress network, to which no service can be attached: "
			    "publish ports in its place",
			    json_string_value(name));
	else
		swarm__slip(c, place, "network '%.60s' does not exist in the swarm",
			    json_string_value(name));
	json_decref(name);
	return NULL;
}

const char *swarm__network_name(const swarm__conversion *c, const char *id)
{
	const char *name;
	json_t *known;

	json_object_foreach (swarm__json_iterable(network_ids(c)), name, known)
		if (json_is_string(known) && strcmp(json_string_value(known), id) == 0)
			return name;
	return id;
}

static json_t *show_network(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal)
{
	const char *id = json_string_value(normal);

	(void)row;
	if (!id)
		return json_incref(swarm__json_iterable(normal));
	return swarm__spec_new(c, json_string(swarm__network_name(c, id)));
}

const swarm__spec_kind swarm__kind_NETWORK = { .expects = "the name of a network",
					       .parse = parse_network,
					       .read = read_text,
					       .write = swarm__spec_write_copy,
					       .show = show_network };
