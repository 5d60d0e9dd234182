/* SPDX-License-Identifier: Apache-2.0 */
/* Who uses a secret or config, and the removal of all its versions. */
#include "stack/internal.h"

#include <string.h>

/* The versions of a name, and the object of exactly this name or, with by_id, this id. */
static int read_objects(swarm_client *client, swarm_kind kind, const char *ref,
			const swarm__deadline *deadline, bool by_id, json_t **ret_objects,
			swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	json_t *objects, *object, *one;
	bool known = false;
	size_t i;
	int rc = swarm__versions_read(client, kind, ref, deadline, &objects, err);

	if (rc)
		return rc;
	rc = swarm__object_get(client, kind, ref, deadline, &object, &here);
	if (rc == SWARM_E_NOT_FOUND) {
		*ret_objects = objects;
		return 0;
	}
	if (rc) {
		json_decref(objects);
		return swarm__replace(err, &here);
	}
	json_array_foreach (objects, i, one)
		known = known || strcmp(swarm__object_id(one), swarm__object_id(object)) == 0;
	if (!known && (by_id || strcmp(swarm__object_name(object), ref) == 0) &&
	    json_array_append(objects, object))
		rc = swarm__nomem(err);
	json_decref(object);
	if (rc)
		json_decref(objects);
	else
		*ret_objects = objects;
	return rc;
}

/* --- users ----------------------------------------------------------------------------------------- */

static int add_users(swarm_kind kind, const json_t *service, const json_t *objects, json_t *users)
{
	json_t *now = json_object(), *before = json_object(), *object;
	int bad = !now || !before ||
		  swarm__spec_collect(kind, json_object_get(service, "Spec"), now) ||
		  swarm__spec_collect(kind, json_object_get(service, "PreviousSpec"), before);
	size_t i;

	json_array_foreach (objects, i, object) {
		const char *id = swarm__object_id(object);
		bool is_now = json_object_get(now, id) != NULL;
		bool was = json_object_get(before, id) != NULL;

		if (bad || !(is_now || was))
			continue;
		bad = json_array_append_new(users,
					    json_pack("{s:s, s:s, s:s, s:s, s:s}", "service",
						      swarm__object_name(service), "service_id",
						      swarm__object_id(service), "name",
						      swarm__object_name(object), "id", id, "spec",
						      !is_now ? "previous"
						      : was   ? "both"
							      : "current"));
	}
	json_decref(now);
	json_decref(before);
	return bad;
}

static int find_users(swarm_client *client, swarm_kind kind, const json_t *objects,
		      const swarm__deadline *deadline, json_t **ret_users, swarm_error *err)
{
	json_t *services, *service, *users;
	size_t i;
	int bad, rc;

	rc = swarm__object_list(client, SWARM_KIND_SERVICE, NULL, deadline, &services, err);
	if (rc)
		return rc;
	users = json_array();
	bad = !users;
	json_array_foreach (services, i, service)
		bad = bad || add_users(kind, service, objects, users);
	json_decref(services);
	if (bad) {
		json_decref(users);
		return swarm__nomem(err);
	}
	*ret_users = users;
	return 0;
}

static int check(const swarm_client *client, swarm_kind kind, const char *ref, swarm_error *err)
{
	if (!client || !ref || (kind != SWARM_KIND_SECRET && kind != SWARM_KIND_CONFIG))
		return swarm__error(err, SWARM_E_INVAL,
				    "client and the name of a secret or config are required");
	return swarm__versioned_name_check(kind, ref, true, err);
}

int swarm_versioned_users(swarm_client *client, swarm_kind kind, const char *ref,
			  int64_t timeout_ms, json_t **ret_users, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, SWARM__STACK_TIMEOUT_MS);
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *objects;
	int rc;

	if (!err)
		err = &spare;
	rc = check(client, kind, ref, err);
	if (rc)
		return rc;
	if (!ret_users)
		return swarm__error(err, SWARM_E_INVAL, "ret_users is required");
	rc = read_objects(client, kind, ref, &deadline, true, &objects, err);
	if (rc)
		return rc;
	rc = json_array_size(objects)
		     ? find_users(client, kind, objects, &deadline, ret_users, err)
		     : swarm__error(err, SWARM_E_NOT_FOUND, "no %s has the id or name '%s'",
				    swarm__kind_word(kind), ref);
	json_decref(objects);
	return rc;
}

/* --- removal ----------------------------------------------------------------------------------------- */

/* 0, or SWARM_E_CONFLICT with all services that name one now; earlier ones are warnings. */
static int check_unused(swarm_kind kind, const char *name, const json_t *users, json_t *warnings,
			swarm_error *err)
{
	swarm__names now = { 0 };
	json_t *user;
	size_t i;

	json_array_foreach (users, i, user) {
		const char *service = swarm__json_string(user, "service");

		if (strcmp(swarm__json_string(user, "spec"), "previous") != 0)
			swarm__names_add(&now, "%s", service);
		else if (json_array_append_new(
				 warnings, json_sprintf("%s can no longer be rolled back to the "
							"spec that names %s",
							service, swarm__json_string(user, "name"))))
			return swarm__nomem(err);
	}
	if (!*now.text)
		return 0;
	return swarm__error(err, SWARM_E_CONFLICT,
			    "%s '%s' is in use: take it out of these services first: %s",
			    swarm__kind_word(kind), name, now.text);
}

static int remove_all(swarm_client *client, swarm_kind kind, const json_t *objects, bool dry,
		      int64_t timeout_ms, json_t *removed, swarm_error *err)
{
	json_t *object;
	size_t i;

	json_array_foreach (objects, i, object) {
		swarm_error here = SWARM_ERROR_INIT;
		int rc = dry ? 0
			     : swarm_object_remove(client, kind, swarm__object_id(object),
						   timeout_ms, &here);

		if (rc && rc != SWARM_E_NOT_FOUND)
			return swarm__replace(err, &here);
		if (json_array_append_new(removed, json_string(swarm__object_name(object))))
			return swarm__nomem(err);
	}
	return 0;
}

int swarm_versioned_remove(swarm_client *client, swarm_kind kind, const char *name, unsigned flags,
			   int64_t timeout_ms, json_t **ret_result, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, SWARM__STACK_TIMEOUT_MS);
	json_t *objects = NULL, *users = NULL, *removed = NULL, *warnings = NULL, *result = NULL;
	swarm_error spare = SWARM_ERROR_INIT;
	int rc;

	if (!err)
		err = &spare;
	rc = check(client, kind, name, err);
	if (rc)
		return rc;
	if (!ret_result || (flags & ~SWARM_VERSIONED_DRY_RUN))
		return swarm__error(err, SWARM_E_INVAL,
				    "ret_result is required, and no flag but "
				    "SWARM_VERSIONED_DRY_RUN is known");
	removed = json_array();
	warnings = json_array();
	rc = removed && warnings ? read_objects(client, kind, name, &deadline, false, &objects, err)
				 : swarm__nomem(err);
	if (!rc && json_array_size(objects)) {
		rc = find_users(client, kind, objects, &deadline, &users, err);
		if (!rc)
			rc = check_unused(kind, name, users, warnings, err);
		if (!rc)
			rc = remove_all(client, kind, objects, flags != 0, timeout_ms, removed,
					err);
	}
	if (!rc) {
		result = json_pack("{s:O, s:O}", "removed", removed, "warnings", warnings);
		rc = result ? 0 : swarm__nomem(err);
	}
	if (!rc)
		*ret_result = result;
	json_decref(objects);
	json_decref(users);
	json_decref(removed);
	json_decref(warnings);
	return rc;
}
