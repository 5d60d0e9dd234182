/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several documents to one: mappings by key, lists as the type of their key says. What a later file
 * writes wins, and its null removes; as docker/cli merges, without what that loses
 * (docs/compose-keys.md).
 */
#include "compose/internal.h"

#include <stdio.h>
#include <string.h>

enum { KEY = 300 };

static json_t *merge(swarm__compose *c, const swarm__key *row, const json_t *base,
		     const json_t *over);

/* --- lists ------------------------------------------------------------------------------------------ */

static void text_of(swarm__compose *c, const json_t *entry, const char *name, char text[64])
{
	const json_t *value = json_object_get(entry, name);
	json_t *copy = value ? swarm__spec_text(&c->lines, value) : NULL;

	snprintf(text, 64, "%s", copy ? json_string_value(copy) : "");
	json_decref(copy);
}

/* What an entry of a list is known by. */
static void key_of(swarm__compose *c, const swarm__key *row, const json_t *entry, char key[KEY])
{
	const char *target = swarm__json_string(entry, "target");
	size_t length = strlen(target);
	char protocol[64], published[64], inner[64];

	switch (row->type) {
	case SWARM__KEY_PORTS:
		text_of(c, entry, "protocol", protocol);
		text_of(c, entry, "published", published);
		text_of(c, entry, "target", inner);
		if (*published && strcmp(published, "0") != 0 && strcmp(published, "null") != 0)
			snprintf(key, KEY, "%s %s", *protocol ? protocol : "tcp", published);
		else
			snprintf(key, KEY, "%s any %s", *protocol ? protocol : "tcp", inner);
		break;
	case SWARM__KEY_VOLUMES:
		while (length > 1 && target[length - 1] == '/')
			length--;
		snprintf(key, KEY, "%.*s", (int)(length < KEY ? length : KEY - 1), target);
		break;
	case SWARM__KEY_REFERENCES:
		snprintf(key, KEY, "%s", length ? target : swarm__json_string(entry, "source"));
		break;
	default: /* SWARM__KEY_HOSTS */
		target = json_is_string(entry) ? json_string_value(entry) : "";
		snprintf(key, KEY, "%.*s", (int)strcspn(target, "=:"), target);
	}
}

/* {key: true} of the entries of a list. */
static json_t *keys_of(swarm__compose *c, const swarm__key *row, const json_t *list)
{
	json_t *keys = swarm__spec_new(&c->lines, json_object());
	char key[KEY];
	json_t *entry;
	size_t i;

	json_array_foreach (swarm__json_iterable(list), i, entry) {
		key_of(c, row, entry, key);
		swarm__spec_put(&c->lines, keys, key, json_true());
	}
	return keys;
}

/* The entries of base that over does not replace, and those of over. */
static json_t *merge_keyed(swarm__compose *c, const swarm__key *row, const json_t *base,
			   const json_t *over)
{
	json_t *list = swarm__spec_new(&c->lines, json_array());
	json_t *keys = keys_of(c, row, over);
	char key[KEY];
	json_t *entry;
	size_t i;

	json_array_foreach (swarm__json_iterable(base), i, entry) {
		key_of(c, row, entry, key);
		if (!json_object_get(keys, key))
			swarm__spec_add(&c->lines, list, json_deep_copy(entry));
	}
	json_array_foreach (swarm__json_iterable(over), i, entry)
		swarm__spec_add(&c->lines, list, json_deep_copy(entry));
	json_decref(keys);
	return list;
}

/* Both in their order, each entry once. */
static json_t *append(swarm__compose *c, const json_t *base, const json_t *over)
{
	json_t *list = swarm__spec_new(&c->lines, json_deep_copy(base));
	json_t *entry, *other;
	size_t i, j;

	json_array_foreach (swarm__json_iterable(over), i, entry) {
		bool found = false;

		json_array_foreach (swarm__json_iterable(base), j, other)
			found |= json_equal(entry, other) != 0;
		if (!found)
			swarm__spec_add(&c->lines, list, json_deep_copy(entry));
	}
	return list;
}

static json_t *merge_lists(swarm__compose *c, const swarm__key *row, const json_t *base,
			   const json_t *over)
{
	switch (row ? row->type : SWARM__KEY_ANY) {
	case SWARM__KEY_PORTS:
	case SWARM__KEY_VOLUMES:
	case SWARM__KEY_REFERENCES:
	case SWARM__KEY_HOSTS:
		return merge_keyed(c, row, base, over);
	case SWARM__KEY_LIST:
		return append(c, base, over);
	default:
		return swarm__spec_new(&c->lines, json_deep_copy(over));
	}
}

/* --- mappings ------------------------------------------------------------------------------------------ */

/* What in base contradicts over, and so goes before they are merged. */
static void give_way(const char *path, json_t *base, const json_t *over)
{
	const char *mode = swarm__json_string(over, "mode");

	if (strcmp(path, "services.*.healthcheck") == 0) {
		if (swarm__is_true(json_object_get(over, "disable")))
			json_object_del(base, "test");
		if (json_object_get(over, "test"))
			json_object_del(base, "disable");
	} else if (strcmp(path, "services.*.deploy") == 0 && strncmp(mode, "global", 6) == 0) {
		json_object_del(base, "replicas");
	}
}

/* Does over take the place of base as a whole? */
static bool replaces(const char *path, const json_t *base, const json_t *over)
{
	const char *have = swarm__json_string(base, "driver");
	const char *want = swarm__json_string(over, "driver");

	if (strcmp(path, "services.*.logging") == 0)
		return *have && *want && strcmp(have, want) != 0;
	return strcmp(path, "services.*.credential_spec") == 0;
}

static const swarm__key *row_below(const swarm__key *row, const char *name)
{
	const swarm__key *any = row ? swarm__key_below(row, "*") : NULL;

	return any ? any : row ? swarm__key_below(row, name) : NULL;
}

static json_t *merge_mappings(swarm__compose *c, const swarm__key *row, const json_t *base,
			      const json_t *over)
{
	json_t *result = swarm__spec_new(&c->lines, json_deep_copy(base));
	const char *name;
	json_t *value;

	if (result && row)
		give_way(row->path, result, over);
	json_object_foreach (swarm__json_iterable(over), name, value)
		if (json_is_null(value) && (!row || row->type != SWARM__KEY_ENVIRONMENT))
			json_object_del(result, name);
		else
			swarm__spec_put(&c->lines, result, name,
					merge(c, row_below(row, name),
					      json_object_get(result, name), value));
	return result;
}

static int by_target(const void *a, const void *b)
{
	return strcmp(swarm__json_string(*(const json_t *const *)a, "target"),
		      swarm__json_string(*(const json_t *const *)b, "target"));
}

/* docker/cli sorts the mounts of a service that is in both files, and their order counts. */
static void sort_volumes(swarm__compose *c, json_t *service)
{
	const json_t *volumes = json_object_get(service, "volumes");
	size_t count = json_array_size(volumes);
	const json_t **entries = calloc(count + 1, sizeof(*entries));
	json_t *sorted = swarm__spec_new(&c->lines, json_array());

	for (size_t i = 0; entries && i < count; i++)
		entries[i] = json_array_get(volumes, i);
	if (entries && count)
		qsort(entries, count, sizeof(*entries), by_target);
	for (size_t i = 0; entries && i < count; i++)
		swarm__spec_add(&c->lines, sorted, json_incref(swarm__json_iterable(entries[i])));
	if (!entries)
		c->lines.nomem = true;
	free(entries);
	if (count && sorted)
		swarm__spec_put(&c->lines, service, "volumes", sorted);
	else
		json_decref(sorted);
}

/* New; base may be NULL. */
static json_t *merge(swarm__compose *c, const swarm__key *row, const json_t *base,
		     const json_t *over)
{
	json_t *result;

	if (json_is_array(base) && json_is_array(over))
		return merge_lists(c, row, base, over);
	if (!json_is_object(base) || !json_is_object(over) ||
	    (row && replaces(row->path, base, over)))
		return swarm__spec_new(&c->lines, json_deep_copy(over));
	result = merge_mappings(c, row, base, over);
	if (result && row && strcmp(row->path, "services.*") == 0)
		sort_volumes(c, result);
	return result;
}

void swarm__merge_documents(swarm__compose *c, json_t *base, const json_t *over)
{
	json_t *merged = merge_mappings(c, swarm__key_root(), base, over);

	if (merged && json_object_clear(base) == 0 && json_object_update(base, merged))
		c->lines.nomem = true;
	json_decref(merged);
}
