/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merge a caller's words into the engine's spec: fields that differ are written, and reported in the
 * caller's words; equal ones stay as they are stored. Only fields that a rule of the engine depends on
 * are known by name.
 */
#include "spec/internal.h"

#include <stdio.h>
#include <string.h>

static const swarm_spec_options no_options = SWARM_SPEC_OPTIONS_INIT;

/* --- one conversion from begin to end ------------------------------------------------------------- */

static int begin(swarm__conversion *c, const json_t *spec, const json_t *service,
		 const swarm_spec_options *options, swarm_error *err)
{
	*c = (swarm__conversion){ .options = options ? options : &no_options };
	if (c->options->size != sizeof(no_options))
		return swarm__error(err, SWARM_E_INVAL, "start from SWARM_SPEC_OPTIONS_INIT");
	if (c->options->ids && !json_is_object(c->options->ids))
		return swarm__error(err, SWARM_E_INVAL, "ids must be an object");
	if (service && !json_is_object(service))
		return swarm__error(err, SWARM_E_INVAL, "a service must be a mapping");
	if (spec && !json_is_object(spec))
		return swarm__error(err, SWARM_E_JSON, "Spec: expected object");
	c->slips = swarm__spec_new(c, json_array());
	c->warnings = swarm__spec_new(c, json_array());
	return c->nomem ? swarm__nomem(err) : 0;
}

static void end(swarm__conversion *c)
{
	json_decref(c->slips);
	json_decref(c->warnings);
}

/* --- the merge ----------------------------------------------------------------------------------------- */

typedef struct merge {
	swarm__conversion *c;
	swarm__spec_table table;
	json_t *have;   /* {name: normal form} of the engine's spec */
	json_t *given;  /* of the caller's words */
	json_t *merged; /* of what it becomes */
	json_t *spec;   /* the engine's, which becomes the merged one */
	json_t *changes;
	bool replaces;
} merge;

static bool is_strict(const merge *m)
{
	return (m->c->options->flags & SWARM_SPEC_STRICT) != 0;
}

/* A mapping over what is there; all of it is new where the caller means the whole. */
static json_t *overlay(const merge *m, const json_t *have, const json_t *given)
{
	swarm__conversion *c = m->c;
	bool whole = is_strict(m) || json_is_null(given);
	json_t *result = swarm__spec_new(c, json_object());
	const char *key;
	json_t *value;

	json_object_foreach (swarm__json_iterable(have), key, value)
		if (!whole || swarm__is_kept_label(key))
			swarm__spec_put(c, result, key, json_incref(value));
	json_object_foreach (swarm__json_iterable(given), key, value)
		if (json_is_null(value))
			json_object_del(result, key);
		else
			swarm__spec_put(c, result, key, json_incref(value));
	if (json_object_size(result))
		return result;
	json_decref(result);
	return NULL;
}

/* The mode's object has two fields, and is never removed. */
static bool stays(const swarm__spec_row *row)
{
	return strcmp(row->path, "Mode") == 0;
}

/* The normal form that a row is to have, or NULL for none; *ret_asked: is it to be looked at at all? */
static json_t *wanted(const merge *m, const swarm__spec_row *row, bool *ret_asked)
{
	const json_t *have = json_object_get(m->have, row->name);
	const json_t *given = json_object_get(m->given, row->name);
	json_t *none, *result;

	*ret_asked = given || (is_strict(m) && !stays(row));
	if (!*ret_asked)
		return json_incref(swarm__json_iterable(have));
	if (row->kind->merged) {
		none = json_null();
		result = overlay(m, have, given ? given : none);
		json_decref(none);
		return result;
	}
	/* An empty list is as good as none. */
	if (!given || json_is_null(given) || (row->kind->keyed && !json_object_size(given)))
		return NULL;
	return json_incref(swarm__json_iterable(given));
}

static json_t *shown(const merge *m, const swarm__spec_row *row, const json_t *normal)
{
	if (!normal)
		return json_null();
	return row->kind->show ? row->kind->show(m->c, row, normal)
			       : json_incref(swarm__json_iterable(normal));
}

static void tell(const merge *m, const swarm__spec_row *row, const char *name, const json_t *old,
		 const json_t *new)
{
	json_t *before = shown(m, row, old), *after = shown(m, row, new);

	if (before && after)
		swarm__spec_put(m->c, m->changes, name,
				json_pack("{s:O, s:O}", "old", before, "new", after));
	json_decref(before);
	json_decref(after);
}

static void name_of_change(const merge *m, const swarm__spec_row *row, const char *key,
			   char name[SWARM__MAX_PLACE])
{
	swarm__spec_place(name, row->name,
			  row->kind->show_key ? row->kind->show_key(m->c, key) : key);
}

/* The keys in which two mappings differ, each as a change of its own. */
static void tell_keys(const merge *m, const swarm__spec_row *row, const json_t *old,
		      const json_t *new)
{
	char name[SWARM__MAX_PLACE];
	const char *key;
	json_t *value;

	json_object_foreach (swarm__json_iterable(old), key, value) {
		const json_t *other = json_object_get(new, key);

		name_of_change(m, row, key, name);
		if (!other || !json_equal(value, swarm__json_iterable(other)))
			tell(m, row, name, value, other);
	}
	json_object_foreach (swarm__json_iterable(new), key, value) {
		name_of_change(m, row, key, name);
		if (!json_object_get(old, key))
			tell(m, row, name, NULL, value);
	}
}

/* want: what is written; NULL removes. old and new are reported: the effective values, with defaults. */
static void change(merge *m, const swarm__spec_row *row, const json_t *want, const json_t *old,
		   const json_t *new)
{
	swarm__conversion *c = m->c;

	if (want)
		swarm__spec_put_at(
			c, m->spec, row->path,
			row->kind->write(c, row, want, swarm__json_at(m->spec, row->path)));
	else
		swarm__spec_remove_at(m->spec, row->path);
	if (row->kind->keyed)
		tell_keys(m, row, old, new);
	else
		tell(m, row, row->name, old, new);
	m->replaces |= row->kind == &swarm__kind_MODE && json_object_size(m->have);
}

static void compare_row(merge *m, const swarm__spec_row *row, const json_t *want)
{
	swarm__conversion *c = m->c;
	json_t *old = swarm__spec_effective(c, row, json_object_get(m->have, row->name));
	json_t *new = swarm__spec_effective(c, row, want);

	/* Inside an object that is there, zero would take its place. */
	if (!want && (stays(row) || (row->flags & SWARM__SPEC_PARENT)))
		want = new;
	/* A removed number of replicas is left to whoever scales the service. */
	if (!swarm__spec_same(row, old, new) && (new || !stays(row)))
		change(m, row, want, old, new);
	json_decref(old);
	json_decref(new);
}

static void merge_row(merge *m, const swarm__spec_row *row)
{
	bool asked;
	json_t *want = wanted(m, row, &asked);

	if (asked)
		compare_row(m, row, want);
	if (want)
		swarm__spec_put(m->c, m->merged, row->name, want);
}

/* The engine requires a mode of a new service. */
static void set_mode(const merge *m)
{
	json_t *mode;

	if (!json_object_get(m->spec, "Mode"))
		swarm__spec_put(m->c, m->spec, "Mode", json_pack("{s:{}}", "Replicated"));
	mode = json_object_get(json_object_get(m->spec, "Mode"), "Replicated");
	if (mode && !json_object_get(mode, "Replicas"))
		swarm__spec_put(m->c, mode, "Replicas", json_integer(1));
}

/* docker's command ends with a panic at a service that has none (docker service update
 * --replicas-max-per-node). */
static void set_placement(const merge *m)
{
	const json_t *task = json_object_get(m->spec, "TaskTemplate");

	if (task && !json_object_get(task, "Placement"))
		swarm__spec_put_at(m->c, m->spec, "TaskTemplate.Placement",
				   swarm__spec_new(m->c, json_object()));
}

/* moby: inside an update config that is there, no parallelism means all tasks at once. */
static void set_parallelism(const merge *m, const json_t *before, const char *config)
{
	json_t *made = json_object_get(m->spec, config);

	if (json_is_object(made) && !json_is_object(json_object_get(before, config)) &&
	    !json_object_get(made, "Parallelism"))
		swarm__spec_put(m->c, made, "Parallelism", json_integer(1));
}

static json_t *make_result(const merge *m)
{
	return swarm__spec_new(m->c,
			       json_pack("{s:O, s:O, s:s, s:b, s:O}", "spec", m->spec, "changes",
					 m->changes, "restarts", swarm__spec_restarts(m->changes),
					 "replaces", (int)m->replaces, "warnings", m->c->warnings));
}

/* "disable" without true, and no test beside it: only a test that says so goes. */
static void enable_health(const merge *m)
{
	const json_t *test = json_object_get(m->have, "healthcheck.test");
	const char *first = json_string_value(json_array_get(test, 0));

	if (json_object_get(m->given, SWARM__SPEC_ENABLE) && first && strcmp(first, "NONE") == 0)
		swarm__spec_put(m->c, m->given, "healthcheck.test", json_null());
}

/* What a service and a network have in common. given: in the caller's words. */
static void merge_rows(merge *m, const json_t *spec, const json_t *given)
{
	swarm__conversion *c = m->c;
	const char *name = c->options->name;

	m->spec = swarm__spec_new(c, spec ? json_deep_copy(spec) : json_object());
	m->have = swarm__spec_read(c, m->table, m->spec);
	m->given = swarm__spec_new(c, json_object());
	m->merged = swarm__spec_new(c, json_object());
	m->changes = swarm__spec_new(c, json_object());
	/* What is not of the engine's form cannot be written into either. */
	if (c->nomem || c->malformed)
		return;
	swarm__spec_parse(c, m->table, "", given, m->given);
	enable_health(m);
	if (!spec && name) {
		swarm__spec_check_name(c, name);
		swarm__spec_put(c, m->spec, "Name", json_string(name));
	}
	for (const swarm__spec_row *row = swarm__spec_rows(m->table); row->name; row++)
		merge_row(m, row);
}

static void merge_all(merge *m, const json_t *spec, const json_t *service)
{
	swarm__conversion *c = m->c;

	merge_rows(m, spec, service);
	if (c->nomem)
		return;
	if (!spec) {
		set_mode(m);
		set_placement(m);
	}
	set_parallelism(m, spec, "UpdateConfig");
	set_parallelism(m, spec, "RollbackConfig");
	swarm__spec_check_whole(c, service, m->merged, m->given);
}

static void merge_network(merge *m, const json_t *spec, const json_t *network)
{
	m->table = SWARM__SPEC_OVERLAY;
	merge_rows(m, spec, network);
	swarm__network_check_whole(m->c, m->have, m->merged);
}

static void merge_clear(merge *m)
{
	json_decref(m->spec);
	json_decref(m->have);
	json_decref(m->given);
	json_decref(m->merged);
	json_decref(m->changes);
	end(m->c);
}

int swarm_spec_check(const json_t *service, const swarm_spec_options *options, json_t **ret_slips,
		     swarm_error *err)
{
	swarm__conversion c;
	merge m = { .c = &c };
	int rc;

	if (!service || !ret_slips)
		return swarm__error(err, SWARM_E_INVAL, "service and ret_slips are required");
	rc = begin(&c, NULL, service, options, err);
	if (!rc) {
		if (c.options->flags & SWARM_SPEC_NETWORK)
			merge_network(&m, NULL, service);
		else
			merge_all(&m, NULL, service);
		if (c.nomem)
			rc = swarm__nomem(err);
		else
			*ret_slips = json_incref(c.slips);
	}
	merge_clear(&m);
	return rc;
}

int swarm_spec_merge(const json_t *spec, const json_t *service, const swarm_spec_options *options,
		     json_t **ret_result, swarm_error *err)
{
	swarm__conversion c;
	merge m = { .c = &c };
	json_t *result = NULL;
	int rc;

	if (!service || !ret_result)
		return swarm__error(err, SWARM_E_INVAL, "service and ret_result are required");
	rc = begin(&c, spec, service, options, err);
	if (!rc) {
		merge_all(&m, spec, service);
		result = c.nomem || c.malformed ? NULL : make_result(&m);
		rc = swarm__spec_judge(&c, err);
	}
	if (!rc)
		*ret_result = json_incref(result);
	json_decref(result);
	merge_clear(&m);
	return rc;
}

int swarm__network_merge(const json_t *spec, const json_t *network, const char *name,
			 json_t **ret_result, swarm_error *err)
{
	swarm_spec_options options = SWARM_SPEC_OPTIONS_INIT;
	swarm__conversion c;
	merge m = { .c = &c };
	json_t *result = NULL;
	int rc;

	options.name = name;
	rc = begin(&c, spec, NULL, &options, err);
	if (!rc) {
		merge_network(&m, spec, network);
		result = c.nomem ? NULL : make_result(&m);
		rc = swarm__spec_judge(&c, err);
	}
	if (!rc)
		*ret_result = json_incref(result);
	json_decref(result);
	merge_clear(&m);
	return rc;
}

int swarm_spec_words(const json_t *spec, const swarm_spec_options *options, json_t **ret_service,
		     swarm_error *err)
{
	swarm__conversion c;
	json_t *flat = NULL, *words = NULL;
	int rc;

	if (!spec || !ret_service)
		return swarm__error(err, SWARM_E_INVAL, "spec and ret_service are required");
	rc = begin(&c, spec, NULL, options, err);
	if (!rc) {
		flat = swarm__spec_read(&c, SWARM__SPEC_SERVICE, spec);
		words = swarm__spec_new(&c, json_object());
	}
	for (const swarm__spec_row *row = swarm__spec_rows(SWARM__SPEC_SERVICE);
	     !rc && !c.nomem && row->name; row++)
		if (json_object_get(flat, row->name))
			swarm__spec_show(&c, row, json_object_get(flat, row->name), words);
	if (!rc)
		rc = swarm__spec_judge(&c, err);
	if (!rc)
		*ret_service = json_incref(words);
	json_decref(flat);
	json_decref(words);
	end(&c);
	return rc;
}
