/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of fields (spec.def), and what is done with all of a table: a caller's words to normal
 * forms, and those of the engine. Knows no kind of value.
 */
#include "spec/internal.h"

#include <string.h>

#define TASK SWARM__SPEC_TASK
#define PLACEMENT SWARM__SPEC_PLACEMENT
#define ZERO SWARM__SPEC_ZERO
#define PARENT SWARM__SPEC_PARENT
#define SENT SWARM__SPEC_SENT
#define OTHER SWARM__SPEC_OTHER
#define HIDDEN SWARM__SPEC_HIDDEN

/* Each line of spec.def becomes a row of the one table, which the others leave out. */
#define ROW(name, path, kind, detail, unset, flags)                                                \
	{ name, path, &swarm__kind_##kind, detail, unset, flags },
#define NO_ROW(name, path, kind, detail, unset, flags)

#define FIELD(table, ...) ROWS_OF_##table(__VA_ARGS__)
#define END                                                                                        \
	{                                                                                          \
		NULL, NULL, NULL, NULL, NULL, 0                                                    \
	}

#define ROWS_OF_SERVICE ROW
#define ROWS_OF_PORT NO_ROW
#define ROWS_OF_VOLUME NO_ROW
#define ROWS_OF_NETWORK NO_ROW
#define ROWS_OF_SECRET NO_ROW
#define ROWS_OF_CONFIG NO_ROW
#define ROWS_OF_OVERLAY NO_ROW
static const swarm__spec_row service_rows[] = {
#include "spec/spec.def"
	END
};
#undef ROWS_OF_SERVICE
#undef ROWS_OF_PORT
#define ROWS_OF_SERVICE NO_ROW
#define ROWS_OF_PORT ROW
static const swarm__spec_row port_rows[] = {
#include "spec/spec.def"
	END
};
#undef ROWS_OF_PORT
#undef ROWS_OF_VOLUME
#define ROWS_OF_PORT NO_ROW
#define ROWS_OF_VOLUME ROW
static const swarm__spec_row volume_rows[] = {
#include "spec/spec.def"
	END
};
#undef ROWS_OF_VOLUME
#undef ROWS_OF_NETWORK
#define ROWS_OF_VOLUME NO_ROW
#define ROWS_OF_NETWORK ROW
static const swarm__spec_row network_rows[] = {
#include "spec/spec.def"
	END
};
#undef ROWS_OF_NETWORK
#undef ROWS_OF_SECRET
#define ROWS_OF_NETWORK NO_ROW
#define ROWS_OF_SECRET ROW
static const swarm__spec_row secret_rows[] = {
#include "spec/spec.def"
	END
};
#undef ROWS_OF_SECRET
#undef ROWS_OF_CONFIG
#define ROWS_OF_SECRET NO_ROW
#define ROWS_OF_CONFIG ROW
static const swarm__spec_row config_rows[] = {
#include "spec/spec.def"
	END
};
#undef ROWS_OF_CONFIG
#undef ROWS_OF_OVERLAY
#define ROWS_OF_CONFIG NO_ROW
#define ROWS_OF_OVERLAY ROW
static const swarm__spec_row overlay_rows[] = {
#include "spec/spec.def"
	END
};

const swarm__spec_row *swarm__spec_rows(swarm__spec_table table)
{
	static const swarm__spec_row *const tables[] = { service_rows, port_rows,   volume_rows,
							 network_rows, secret_rows, config_rows,
							 overlay_rows };

	return tables[table];
}

const swarm__spec_row *swarm__spec_find(swarm__spec_table table, const char *name)
{
	for (const swarm__spec_row *row = swarm__spec_rows(table); row->name; row++)
		if (strcmp(row->name, name) == 0)
			return row->flags & SWARM__SPEC_HIDDEN ? NULL : row;
	return NULL;
}

/* Is row one of those below a name, such as deploy? */
static bool is_below(const swarm__spec_row *row, const char *name)
{
	size_t length = strlen(name);

	return !length || (strncmp(row->name, name, length) == 0 && row->name[length] == '.');
}

static bool is_group(swarm__spec_table table, const char *name)
{
	for (const swarm__spec_row *row = swarm__spec_rows(table); row->name; row++)
		if (is_below(row, name))
			return true;
	return false;
}

/* --- the caller's words ------------------------------------------------------------------------- */

typedef struct parse {
	swarm__conversion *c;
	swarm__spec_table table;
	const char *place; /* of the whole */
	json_t *flat;
} parse;

static void unknown(const parse *p, const char *group, const char *place, const char *key)
{
	swarm__nearest nearest = { key, "", 0 };
	size_t skip = *group ? strlen(group) + 1 : 0;

	for (const swarm__spec_row *row = swarm__spec_rows(p->table); row->name; row++)
		if (is_below(row, group) && !(row->flags & SWARM__SPEC_HIDDEN))
			swarm__nearest_try(&nearest, row->name + skip,
					   strcspn(row->name + skip, "."));
	if (*nearest.best)
		swarm__slip(p->c, place, "no such key, did you mean %s?", nearest.best);
	else
		swarm__slip(p->c, place, "no such key");
}

static void parse_value(const parse *p, const swarm__spec_row *row, const char *place,
			const json_t *value)
{
	size_t slips = json_array_size(p->c->slips);
	json_t *normal = NULL;

	if (!json_is_null(value))
		normal = row->kind->parse(p->c, row, place, value);
	if (json_array_size(p->c->slips) != slips)
		json_decref(normal);
	else
		swarm__spec_put(p->c, p->flat, row->name, normal ? normal : json_null());
}

static void parse_group(const parse *p, const char *group, const json_t *given);

/* compose has "disable" for a test that says so. */
static bool parse_disable(const parse *p, const char *name, const char *place, const json_t *value)
{
	if (p->table != SWARM__SPEC_SERVICE || strcmp(name, "healthcheck.disable") != 0)
		return false;
	if (!json_is_boolean(value) && !json_is_null(value))
		swarm__slip_expects(p->c, place, "true or false", value);
	else if (json_is_true(value) && json_object_get(p->flat, "healthcheck.test"))
		swarm__slip(p->c, place, "cannot be set together with healthcheck.test");
	else if (json_is_true(value))
		swarm__spec_put(p->c, p->flat, "healthcheck.test", json_pack("[s]", "NONE"));
	else if (!json_object_get(p->flat, "healthcheck.test"))
		swarm__spec_put(p->c, p->flat, SWARM__SPEC_ENABLE, json_true());
	return true;
}

static void parse_member(const parse *p, const char *group, const char *key, const json_t *value)
{
	char name[SWARM__MAX_PLACE], place[SWARM__MAX_PLACE];
	const swarm__spec_row *row;

	swarm__spec_place(name, group, key);
	swarm__spec_place(place, p->place, name);
	row = swarm__spec_find(p->table, name);
	if (row)
		parse_value(p, row, place, value);
	else if (parse_disable(p, name, place, value))
		return;
	else if (!is_group(p->table, name))
		unknown(p, group, place, key);
	else if (json_is_object(value))
		parse_group(p, name, value);
	else if (!json_is_null(value))
		swarm__slip_expects(p->c, place, "a mapping", value);
	else
		for (row = swarm__spec_rows(p->table); row->name; row++)
			if (is_below(row, name))
				swarm__spec_put(p->c, p->flat, row->name, json_null());
}

static void parse_group(const parse *p, const char *group, const json_t *given)
{
	json_t *last = NULL;
	const char *key;
	json_t *value;

	json_object_foreach (swarm__json_iterable(given), key, value) {
		/* compose: extensions have no effect. */
		if (strncmp(key, "x-", 2) == 0)
			continue;
		/* It looks at the test, in whatever order they were written. */
		if (strcmp(group, "healthcheck") == 0 && strcmp(key, "disable") == 0)
			last = value;
		else
			parse_member(p, group, key, value);
	}
	if (last)
		parse_member(p, group, "disable", last);
}

void swarm__spec_parse(swarm__conversion *c, swarm__spec_table table, const char *place,
		       const json_t *given, json_t *flat)
{
	const parse p = { c, table, place, flat };

	parse_group(&p, "", given);
}

/* --- the engine's words ------------------------------------------------------------------------- */

static bool is_null(const json_t *json)
{
	return !json || json_is_null(json);
}

/* Is there an object around the value of a row? */
static bool has_parent(const swarm__spec_row *row, const json_t *stored)
{
	char path[SWARM__MAX_PATH_NAME];
	const char *dot = strrchr(row->path, '.');

	memcpy(path, row->path, (size_t)(dot - row->path));
	path[dot - row->path] = '\0';
	return json_is_object(swarm__json_at(stored, path));
}

json_t *swarm__spec_read(swarm__conversion *c, swarm__spec_table table, const json_t *stored)
{
	json_t *flat = swarm__spec_new(c, json_object());

	for (const swarm__spec_row *row = swarm__spec_rows(table); flat && row->name; row++) {
		const json_t *value = swarm__json_at(stored, row->path);
		json_t *normal = is_null(value) ? NULL : row->kind->read(c, row, value);

		if (!normal && (row->flags & SWARM__SPEC_PARENT) && has_parent(row, stored))
			normal = swarm__spec_new(c, json_integer(0));
		if (normal)
			swarm__spec_put(c, flat, row->name, normal);
	}
	return flat;
}

json_t *swarm__spec_effective(swarm__conversion *c, const swarm__spec_row *row,
			      const json_t *normal)
{
	json_t *text, *unset;

	if (!is_null(normal))
		return json_incref(swarm__json_iterable(normal));
	if (!row->unset)
		return NULL;
	text = swarm__spec_new(c, json_string(row->unset));
	unset = text ? row->kind->parse(c, row, "", text) : NULL;
	json_decref(text);
	return unset;
}

bool swarm__spec_same(const swarm__spec_row *row, const json_t *have, const json_t *want)
{
	/* Without subnets the engine chooses, and its choice is not a difference. */
	if (!want && row->kind == &swarm__kind_POOLS)
		return true;
	if (!have || !want)
		return !have && !want;
	return row->kind->same ? row->kind->same(have, want) : json_equal(have, want);
}

/* The row that a change belongs to: "environment.PATH" is one of environment. */
static const swarm__spec_row *row_of_change(const char *name)
{
	const swarm__spec_row *found = NULL;

	for (const swarm__spec_row *row = service_rows; row->name; row++) {
		size_t length = strlen(row->name);

		if (strncmp(name, row->name, length) == 0 && (!name[length] || name[length] == '.'))
			found = row;
	}
	return found;
}

const char *swarm__spec_restarts(const json_t *changes)
{
	unsigned flags = 0;
	const char *name;
	json_t *value;

	json_object_foreach (swarm__json_iterable(changes), name, value) {
		const swarm__spec_row *row = row_of_change(name);

		flags |= row ? row->flags : 0;
	}
	return flags & SWARM__SPEC_TASK        ? "tasks"
	       : flags & SWARM__SPEC_PLACEMENT ? "placement"
					       : "no";
}

/* --- and back to the caller's --------------------------------------------------------------------- */

void swarm__spec_show(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal,
		      json_t *words)
{
	json_t *shown, *entry;
	const char *key;
	json_t *value;

	if (row->flags & SWARM__SPEC_HIDDEN)
		return;
	if (row->kind->show_all) {
		swarm__spec_put_at(c, words, row->name, row->kind->show_all(c, row, normal));
		return;
	}
	if (!row->kind->keyed) {
		shown = row->kind->show ? row->kind->show(c, row, normal)
					: json_incref(swarm__json_iterable(normal));
		swarm__spec_put_at(c, words, row->name, shown);
		return;
	}
	/* Only mappings that callers write as such are merged by key; the others are lists. */
	shown = swarm__spec_new(c, row->kind->merged ? json_object() : json_array());
	json_object_foreach (swarm__json_iterable(normal), key, value) {
		entry = row->kind->show ? row->kind->show(c, row, value) : json_incref(value);
		if (row->kind->merged)
			swarm__spec_put(c, shown, key, entry);
		else
			swarm__spec_add(c, shown, entry);
	}
	swarm__spec_put_at(c, words, row->name, shown);
}
