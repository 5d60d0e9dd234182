/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Was it made? After a create whose answer says nothing of it (a 500 or 503, a cut connection, no id),
 * the object is looked up by its name. Names are unique, so the engine refuses a second one.
 */
#define _GNU_SOURCE
#include "object/internal.h"

#include <stdio.h>
#include <string.h>

/* Between the clock of this host and that of the manager that leads. */
enum { CLOCKS_APART_S = 300 };

/* Seconds since 1970 of "2026-11-29T12:00:00.123456789Z"; -1 where it is not of that form. */
static int64_t read_time(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!rest)
		return -1;
	rest += strspn(rest, ".0123456789");
	return strcmp(rest, "Z") == 0 ? (int64_t)timegm(&tm) : -1;
}

/* moby leaves out what is false, 0 or empty. */
static bool is_zero(const json_t *json)
{
	return !json || json_is_null(json) || json_is_false(json) ||
	       (json_is_integer(json) && json_integer_value(json) == 0) ||
	       (json_is_string(json) && !*json_string_value(json)) ||
	       (json_is_object(json) && json_object_size(json) == 0) ||
	       (json_is_array(json) && json_array_size(json) == 0);
}

/* moby adds the digest to the name of an image. */
static bool same_text(const char *wanted, const char *stored)
{
	size_t length = strlen(wanted);

	return strncmp(wanted, stored, length) == 0 && (!stored[length] || stored[length] == '@');
}

/* Is what was sent in what is stored, which may have more? No deeper than the caller's own spec. */
static bool is_part(const json_t *wanted, const json_t *stored)
{
	json_t *value;
	const char *name;
	size_t i;

	if (is_zero(wanted) && is_zero(stored))
		return true;
	if (json_is_string(wanted) && json_is_string(stored))
		return same_text(json_string_value(wanted), json_string_value(stored));
	if (json_is_object(wanted)) {
		json_object_foreach (swarm__json_iterable(wanted), name, value)
			if (!is_part(value, json_object_get(stored, name)))
				return false;
		return true;
	}
	if (!json_is_array(wanted))
		return json_equal(wanted, stored) != 0;
	if (json_array_size(wanted) != json_array_size(stored))
		return false;
	json_array_foreach (wanted, i, value)
		if (!is_part(value, json_array_get(stored, i)))
			return false;
	return true;
}

/* Labels are all there is to compare of a secret, so they are the same, and not only some of them. */
static bool same_spec(const json_t *spec, const json_t *stored)
{
	const json_t *labels = json_object_get(stored, "Labels");
	const char *name;
	json_t *value;

	if (json_object_size(json_object_get(spec, "Labels")) != json_object_size(labels))
		return false;
	json_object_foreach (swarm__json_iterable(spec), name, value) {
		/* No engine shows a secret's data. */
		if (strcmp(name, "Data") == 0 && !json_object_get(stored, name))
			continue;
		/* Of the request, and not of the network. */
		if (strcmp(name, "CheckDuplicate") == 0)
			continue;
		if (!is_part(value, json_object_get(stored, name)))
			return false;
	}
	return true;
}

/* One that was there before is older, and another writer's has another spec. */
static bool is_ours(const json_t *spec, const json_t *object, int64_t started_s)
{
	const json_t *stored = json_object_get(object, "Spec");
	const char *created = swarm__json_string(object, "CreatedAt");
	int64_t created_s;

	if (!*created)
		created = swarm__json_string(object, "Created");
	created_s = read_time(created);
	if (created_s > 0 && created_s < started_s - CLOCKS_APART_S)
		return false;
	return same_spec(spec, stored ? stored : object);
}

int swarm__object_find_created(swarm_client *client, swarm_kind kind, const json_t *spec,
			       int64_t started_s, const swarm__deadline *deadline,
			       json_t **ret_object, swarm_error *err)
{
	json_t *object;
	int rc = swarm__object_get(client, kind, swarm__json_string(spec, "Name"), deadline,
				   &object, err);

	if (rc)
		return rc;
	if (is_ours(spec, object, started_s)) {
		*ret_object = object;
		return 0;
	}
	json_decref(object);
	return swarm__error(err, SWARM_E_CONFLICT, "another one has the name '%s'",
			    swarm__json_string(spec, "Name"));
}
