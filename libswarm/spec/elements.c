/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of lists whose elements have fields of their own: ports, volumes, networks, secrets, configs.
 * The normal form is an object of elements by their key, each with its fields' normal forms. An
 * element that is equal keeps the form that the engine stores. Knows no service.
 */
#include "spec/internal.h"

#include <stdio.h>
#include <string.h>

enum { KEY = 512 };

/* What differs between the lists. */
typedef struct list_kind {
	swarm__spec_table table;
	/* Fill in what the caller left out; place is the element's. */
	void (*complete)(swarm__conversion *c, const char *place, json_t *flat);
	/* What an element is known by. */
	void (*key)(const json_t *flat, char key[KEY]);
	/* Is a stored element one of those that compose has words for? NULL: each is. */
	bool (*ours)(const json_t *stored);
} list_kind;

static const char *text_at(const json_t *flat, const char *name)
{
	const char *text = json_string_value(json_object_get(flat, name));

	return text ? text : "";
}

/* Put in what the engine does where nothing is set, so that equal elements are equal trees. */
static void fill(swarm__conversion *c, const list_kind *kind, json_t *flat)
{
	for (const swarm__spec_row *row = swarm__spec_rows(kind->table); row->name; row++) {
		json_t *normal = swarm__spec_effective(c, row, json_object_get(flat, row->name));

		if (normal)
			swarm__spec_put(c, flat, row->name, normal);
		else
			json_object_del(flat, row->name);
	}
}

/* --- the caller's words --------------------------------------------------------------------------- */

static void add_element(swarm__conversion *c, const list_kind *kind, const char *place,
			const json_t *given, json_t *keyed)
{
	size_t slips = json_array_size(c->slips);
	json_t *flat = swarm__spec_new(c, json_object());
	char key[KEY];

	if (flat)
		swarm__spec_parse(c, kind->table, place, given, flat);
	if (flat && json_array_size(c->slips) == slips)
		kind->complete(c, place, flat);
	if (flat && json_array_size(c->slips) == slips) {
		fill(c, kind, flat);
		kind->key(flat, key);
		if (json_object_get(keyed, key))
			swarm__slip(c, place, "%s is given twice", key);
		else
			swarm__spec_put(c, keyed, key, json_incref(flat));
	}
	json_decref(flat);
}

/* One entry of a caller's list: an object, or a short form that gives some. */
static void add_entry(swarm__conversion *c, const list_kind *kind, const char *place,
		      const json_t *entry, const char *expects, json_t *keyed)
{
	json_t *array = swarm__spec_new(c, json_array());
	json_t *text = swarm__spec_text(c, entry);
	size_t slips = json_array_size(c->slips);
	json_t *item;
	size_t i;

	if (json_is_object(entry))
		swarm__spec_add(c, array, json_incref(swarm__json_iterable(entry)));
	else if (kind->table == SWARM__SPEC_PORT &&
		 (json_is_string(entry) || json_is_integer(entry)))
		swarm__short_port(c, place, json_string_value(text), array);
	else if (!json_is_string(entry))
		swarm__slip_expects(c, place, expects, entry);
	else if (kind->table == SWARM__SPEC_VOLUME)
		swarm__short_volume(c, place, json_string_value(entry), array);
	else
		swarm__spec_add(c, array,
				json_pack("{s:O}",
					  kind->table == SWARM__SPEC_NETWORK ? "name" : "source",
					  entry));
	if (json_array_size(c->slips) == slips)
		json_array_foreach (array, i, item)
			add_element(c, kind, place, item, keyed);
	json_decref(array);
	json_decref(text);
}

static json_t *parse_list(swarm__conversion *c, const list_kind *kind, const char *expects,
			  const char *place, const json_t *given)
{
	json_t *keyed = swarm__spec_new(c, json_object());
	char at[SWARM__MAX_PLACE];
	json_t *entry;
	size_t i;

	if (!json_is_array(given))
		swarm__slip_expects(c, place, expects, given);
	json_array_foreach (swarm__json_iterable(given), i, entry) {
		snprintf(at, sizeof(at), "%.200s[%zu]", place, i);
		add_entry(c, kind, at, entry, expects, keyed);
	}
	return keyed;
}

/* --- the engine's ------------------------------------------------------------------------------------ */

static json_t *read_element(swarm__conversion *c, const list_kind *kind, const json_t *stored,
			    char key[KEY])
{
	json_t *flat;

	if (kind->ours && !kind->ours(stored))
		return NULL;
	flat = swarm__spec_read(c, kind->table, stored);
	if (!flat)
		return NULL;
	/* A caller who gives no ids has none to compare with. */
	if (!c->options->ids)
		json_object_del(flat, "id");
	fill(c, kind, flat);
	kind->key(flat, key);
	return flat;
}

static json_t *read_list(swarm__conversion *c, const list_kind *kind, const swarm__spec_row *row,
			 const json_t *stored)
{
	json_t *keyed = swarm__spec_new(c, json_object());
	json_t *item;
	size_t i;

	if (!json_is_array(stored))
		swarm__spec_malformed(c, row);
	json_array_foreach (swarm__json_iterable(stored), i, item) {
		char key[KEY];
		json_t *flat;

		if (!json_is_object(item))
			swarm__spec_malformed(c, row);
		flat = json_is_object(item) ? read_element(c, kind, item, key) : NULL;
		if (flat)
			swarm__spec_put(c, keyed, key, flat);
	}
	if (json_object_size(keyed))
		return keyed;
	json_decref(keyed);
	return NULL;
}

/*
 * Write the fields of an element that differ over what is stored of it, which is changed. have: NULL
 * for a new one, of which docker/cli writes some fields in any case.
 */
static void write_element(swarm__conversion *c, const list_kind *kind, const json_t *have,
			  const json_t *want, json_t *stored)
{
	for (const swarm__spec_row *row = swarm__spec_rows(kind->table); row->name; row++) {
		const json_t *new = json_object_get(want, row->name);
		json_t *old = swarm__spec_effective(c, row, json_object_get(have, row->name));
		bool same = swarm__spec_same(row, old, new);

		json_decref(old);
		if (same && (have || !(row->flags & SWARM__SPEC_SENT)))
			continue;
		if (new)
			swarm__spec_put_at(
				c, stored, row->path,
				row->kind->write(c, row, new, swarm__json_at(stored, row->path)));
		else
			swarm__spec_remove_at(stored, row->path);
	}
}

static json_t *write_list(swarm__conversion *c, const list_kind *kind, const json_t *normal,
			  const json_t *stored)
{
	json_t *list = swarm__spec_new(c, json_array());
	json_t *left = swarm__spec_new(c, json_deep_copy(normal));
	const char *name;
	json_t *item;
	size_t i;

	json_array_foreach (swarm__json_iterable(stored), i, item) {
		char key[KEY];
		json_t *have = read_element(c, kind, item, key);
		const json_t *want = have ? json_object_get(left, key) : NULL;
		json_t *copy;

		if (!have || want) {
			copy = swarm__spec_new(c, json_deep_copy(item));
			if (want && copy)
				write_element(c, kind, have, want, copy);
			swarm__spec_add(c, list, copy);
		}
		if (want)
			json_object_del(left, key);
		json_decref(have);
	}
	json_object_foreach (left, name, item) {
		json_t *made = swarm__spec_new(c, json_object());

		if (made)
			write_element(c, kind, NULL, item, made);
		swarm__spec_add(c, list, made);
	}
	json_decref(left);
	return list;
}

/* An element in the caller's words, long form, without what it has in any case. */
static json_t *show_element(swarm__conversion *c, const list_kind *kind, const json_t *flat)
{
	json_t *words = swarm__spec_new(c, json_object());

	for (const swarm__spec_row *row = swarm__spec_rows(kind->table); words && row->name;
	     row++) {
		const json_t *normal = json_object_get(flat, row->name);
		json_t *unset = swarm__spec_effective(c, row, NULL);

		if (normal &&
		    ((row->flags & SWARM__SPEC_OTHER) || !unset || !json_equal(unset, normal)))
			swarm__spec_show(c, row, normal, words);
		json_decref(unset);
	}
	return words;
}

#define LIST_KIND(NAME, list, what)                                                                \
	static json_t *parse_##NAME(swarm__conversion *c, const swarm__spec_row *row,              \
				    const char *place, const json_t *given)                        \
	{                                                                                          \
		return parse_list(c, &list, row->kind->expects, place, given);                     \
	}                                                                                          \
	static json_t *read_##NAME(swarm__conversion *c, const swarm__spec_row *row,               \
				   const json_t *stored)                                           \
	{                                                                                          \
		return read_list(c, &list, row, stored);                                           \
	}                                                                                          \
	static json_t *write_##NAME(swarm__conversion *c, const swarm__spec_row *row,              \
				    const json_t *normal, const json_t *stored)                    \
	{                                                                                          \
		(void)row;                                                                         \
		return write_list(c, &list, normal, stored);                                       \
	}                                                                                          \
	static json_t *show_##NAME(swarm__conversion *c, const swarm__spec_row *row,               \
				   const json_t *normal)                                           \
	{                                                                                          \
		(void)row;                                                                         \
		return show_element(c, &list, normal);                                             \
	}                                                                                          \
	const swarm__spec_kind swarm__kind_##NAME = { .expects = (what),                           \
						      .parse = parse_##NAME,                       \
						      .read = read_##NAME,                         \
						      .write = write_##NAME,                       \
						      .show = show_##NAME,                         \
						      .keyed = true }

/* --- ports ------------------------------------------------------------------------------------------- */

static void complete_port(swarm__conversion *c, const char *place, json_t *flat)
{
	if (!json_is_integer(json_object_get(flat, "target")) &&
	    !swarm__is_mistyped(c, place, "target"))
		swarm__slip(c, place, "needs a target: the port in the container");
}

/* The engine allows a published port once for each protocol. */
static void port_key(const json_t *flat, char key[KEY])
{
	json_int_t published = json_integer_value(json_object_get(flat, "published"));
	json_int_t target = json_integer_value(json_object_get(flat, "target"));

	if (published)
		snprintf(key, KEY, "%lld/%s", (long long)published, text_at(flat, "protocol"));
	else
		snprintf(key, KEY, "any:%lld/%s", (long long)target, text_at(flat, "protocol"));
}

static const list_kind ports = { SWARM__SPEC_PORT, complete_port, port_key, NULL };

LIST_KIND(PORTS, ports, "a list of ports such as [\"8080:80\"]");

/* --- volumes ------------------------------------------------------------------------------------------- */

static bool has_group(const json_t *flat, const char *group)
{
	const char *name;
	json_t *value;
	size_t length = strlen(group);

	json_object_foreach (swarm__json_iterable(flat), name, value)
		if (strncmp(name, group, length) == 0 && name[length] == '.' &&
		    !json_is_null(value))
			return true;
	return false;
}

static void complete_volume(swarm__conversion *c, const char *place, json_t *flat)
{
	static const char *const groups[] = { "bind", "volume", "tmpfs", "image" };
	const char *type = text_at(flat, "type");
	const char *source = text_at(flat, "source");

	if (!*type && !swarm__is_mistyped(c, place, "type"))
		swarm__slip(c, place, "needs a type: volume, bind or tmpfs");
	if (!*text_at(flat, "target") && !swarm__is_mistyped(c, place, "target"))
		swarm__slip(c, place, "needs a target: the path in the container");
	if (strcmp(type, "bind") == 0 && *source != '/' && !(*source && source[1] == ':'))
		swarm__slip(
			c, place,
			"a bind mount needs an absolute path of the host as source, not '%.60s'",
			source);
	if (strcmp(type, "tmpfs") == 0 && *source)
		swarm__slip(c, place, "a tmpfs has no source");
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (*type && strcmp(type, groups[i]) != 0 && has_group(flat, groups[i]))
			swarm__slip(c, place, "%s options do not go with type %s", groups[i], type);
}

static void volume_key(const json_t *flat, char key[KEY])
{
	snprintf(key, KEY, "%.500s", text_at(flat, "target"));
}

static const list_kind volumes = { SWARM__SPEC_VOLUME, complete_volume, volume_key, NULL };

LIST_KIND(VOLUMES, volumes, "a list of volumes such as [\"data:/var/lib/data\"]");

/* --- secrets and configs --------------------------------------------------------------------------------- */

/* docker/cli: a secret lies in /run/secrets by its name, a config at the root of the container. */
static void complete_reference(swarm__conversion *c, const char *place, json_t *flat,
			       const char *what, const char *root)
{
	const json_t *ids = c->options->ids ? json_object_get(c->options->ids, what) : NULL;
	const char *source = text_at(flat, "source");
	const json_t *id = json_object_get(ids, source);
	const json_t *version = json_is_object(id) ? id : NULL;

	/* A logical name: the file has it, the reference that of the version. */
	if (version)
		id = json_object_get(version, "id");
	if (!*source) {
		swarm__slip(c, place, "needs a source: the name of the %.*s", (int)strlen(what) - 1,
			    what);
		return;
	}
	if (ids && !json_is_string(id))
		swarm__slip(c, place, "%.*s '%.64s' does not exist in the swarm",
			    (int)strlen(what) - 1, what, source);
	else if (ids)
		swarm__spec_put(c, flat, "id", json_incref(swarm__json_iterable(id)));
	if (!*text_at(flat, "target"))
		swarm__spec_put(c, flat, "target", json_sprintf("%s%s", root, source));
	if (version)
		swarm__spec_put(c, flat, "source", json_incref(json_object_get(version, "name")));
	if (!json_is_integer(json_object_get(flat, "mode")))
		swarm__spec_put(c, flat, "mode", json_integer(0444));
}

static void complete_secret(swarm__conversion *c, const char *place, json_t *flat)
{
	complete_reference(c, place, flat, "secrets", "");
}

static void complete_config(swarm__conversion *c, const char *place, json_t *flat)
{
	complete_reference(c, place, flat, "configs", "/");
}

/* A config without a file is the credential spec's. */
static bool is_file(const json_t *stored)
{
	return *swarm__json_string(stored, "File.Name") != '\0';
}

static const list_kind secrets = { SWARM__SPEC_SECRET, complete_secret, volume_key, is_file };
static const list_kind configs = { SWARM__SPEC_CONFIG, complete_config, volume_key, is_file };

LIST_KIND(SECRETS, secrets, "a list of secrets");
LIST_KIND(CONFIGS, configs, "a list of configs");

/* --- networks: compose also has a mapping of names ---------------------------------------------------------- */

static void complete_network(swarm__conversion *c, const char *place, json_t *flat)
{
	if (!*text_at(flat, "name"))
		swarm__slip(c, place, "needs a name");
}

static void network_key(const json_t *flat, char key[KEY])
{
	snprintf(key, KEY, "%.500s", text_at(flat, "name"));
}

static const list_kind networks = { SWARM__SPEC_NETWORK, complete_network, network_key, NULL };

static json_t *parse_networks(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			      const json_t *given)
{
	json_t *keyed, *element;
	const char *name;
	json_t *value;

	if (!json_is_object(given))
		return parse_list(c, &networks, row->kind->expects, place, given);
	keyed = swarm__spec_new(c, json_object());
	json_object_foreach (swarm__json_iterable(given), name, value) {
		char at[SWARM__MAX_PLACE];

		swarm__spec_place(at, place, name);
		if (!json_is_null(value) && !json_is_object(value)) {
			swarm__slip_expects(c, at, "a mapping such as {aliases: [web]}", value);
			continue;
		}
		element = swarm__spec_new(c, json_is_null(value) ? json_object()
								 : json_deep_copy(value));
		if (element) {
			swarm__spec_put(c, element, "name", json_string(name));
			add_element(c, &networks, at, element, keyed);
		}
		json_decref(element);
	}
	return keyed;
}

static json_t *read_networks(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	return read_list(c, &networks, row, stored);
}

static json_t *write_networks(swarm__conversion *c, const swarm__spec_row *row,
			      const json_t *normal, const json_t *stored)
{
	(void)row;
	return write_list(c, &networks, normal, stored);
}

static json_t *show_network(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal)
{
	(void)row;
	return show_element(c, &networks, normal);
}

const swarm__spec_kind swarm__kind_NETWORKS = { .expects = "a list of networks, or a mapping",
						.parse = parse_networks,
						.read = read_networks,
						.write = write_networks,
						.show = show_network,
						.show_key = swarm__network_name,
						.keyed = true };
