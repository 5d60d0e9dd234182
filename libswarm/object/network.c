/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network as a caller declares it: compared with what is there (spec/), created or replaced. Knows in
 * which order that is safe; the create itself is network_create.c's, how services move network_move.c's.
 */
#include "object/network.h"
#include "spec/internal.h"

#include <string.h>

enum {
	REPLACE_TIMEOUT_MS = 300000,
	/* For what must be put back after the caller's time was over. */
	RESTORE_TIMEOUT_MS = 60000,
	MAX_NAME = 200,
};

typedef struct apply {
	swarm__network n;
	const json_t *network;
	unsigned flags;
	json_t *body;     /* of a create that makes what is there, or NULL */
	json_t *result;   /* of the merge */
	json_t *detached; /* services that were taken off by a run before */
	json_t *users;    /* services that are on it; NULL where nobody asked */
	const char *action;
	char *id; /* of the network at the end */
} apply;

static bool is_on(const apply *a, unsigned flag)
{
	return (a->flags & flag) != 0;
}

static void apply_clear(apply *a)
{
	json_decref(a->n.all);
	json_decref(a->body);
	json_decref(a->result);
	json_decref(a->detached);
	json_decref(a->users);
	free(a->id);
}

static json_t *changes_of(const apply *a)
{
	return json_object_get(a->result, "changes");
}

static bool differs(const apply *a)
{
	return json_object_size(changes_of(a)) != 0;
}

/* --- the steps ---------------------------------------------------------------------------------------------- */

/* One that was created a moment ago has nothing yet to compare. */
static int find(apply *a, swarm_error *err)
{
	swarm__deadline soon = swarm__deadline_in(0, SWARM__NETWORK_ALLOCATE_MS);
	int64_t pause = 0;

	for (;;) {
		int rc = swarm__network_find(&a->n, err);

		if (rc || !a->n.object || swarm__network_is_allocated(a->n.object))
			return rc;
		rc = swarm__pause(a->n.client, &soon, &pause, err);
		if (rc == SWARM_E_TIMEOUT) {
			swarm__error_clear(err);
			return 0;
		}
		if (rc)
			return rc;
	}
}

/* Read the network and compare; services of it that a run before left off, too. */
static int look(apply *a, swarm_error *err)
{
	int rc = find(a, err);

	json_decref(a->body);
	json_decref(a->result);
	a->body = a->result = NULL;
	if (rc)
		return rc;
	if (a->n.object) {
		a->body = swarm__network_body(a->n.object,
					      json_object_get(a->network, "driver_opts"));
		if (!a->body)
			return swarm__nomem(err);
	}
	rc = swarm__network_merge(a->body, a->network, a->n.name, &a->result, err);
	if (rc)
		return rc;
	json_decref(a->detached);
	a->detached = NULL;
	return swarm__network_detached(&a->n, &a->detached, err);
}

static int set_id(apply *a, const char *id, swarm_error *err)
{
	free(a->id);
	a->id = strdup(id);
	return a->id ? 0 : swarm__nomem(err);
}

static int conflict(const apply *a, swarm_error *err)
{
	swarm__names lines = { 0 };
	const char *name;
	json_t *change;

	json_object_foreach (changes_of(a), name, change) {
		char *old = json_dumps(json_object_get(change, "old"), JSON_ENCODE_ANY);
		char *new = json_dumps(json_object_get(change, "new"), JSON_ENCODE_ANY);

		swarm__names_add(&lines, "%s is %s, not %s", name, old ? old : "?",
				 new ? new : "?");
		free(old);
		free(new);
	}
	return swarm__error(
		err, SWARM_E_CONFLICT,
		"network %s differs, and no network can be changed in place: %s: replace "
		"it, which restarts the tasks of its services",
		a->n.name, lines.text);
}

/* Another manager may create the same network at the same time. */
static int create_new(apply *a, swarm_error *err)
{
	int rc = swarm__network_create(&a->n, json_object_get(a->result, "spec"), &a->id, err);

	if (rc != SWARM_E_CONFLICT || !a->n.object)
		return rc;
	swarm__error_clear(err);
	rc = look(a, err);
	if (rc)
		return rc;
	if (!a->n.object || differs(a))
		return conflict(a, err);
	a->action = "none";
	return set_id(a, swarm__json_string(a->n.object, "Id"), err);
}

/* --- replacing ------------------------------------------------------------------------------------------------ */

/* What is in the way of a replacement, before anything is changed. */
static int check_replace(apply *a, swarm_error *err)
{
	int rc = swarm__network_check_others(&a->n, json_object_get(a->result, "spec"), err);

	if (!rc)
		rc = swarm__network_users(&a->n, &a->users, err);
	if (!rc)
		rc = swarm__network_check_users(&a->n, a->users, err);
	return rc ? rc : swarm__network_check_attached(&a->n, err);
}

/* The services get the old network back, which is still there, or is made once more. */
static int restore(apply *a, bool deleted, int rc, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	json_t *services = json_array();
	int failed = services ? 0 : swarm__nomem(&here);

	a->n.deadline = swarm__deadline_in(0, RESTORE_TIMEOUT_MS);
	if (!failed &&
	    (json_array_extend(services, a->users) || json_array_extend(services, a->detached)))
		failed = swarm__nomem(&here);
	if (!failed)
		failed = deleted ? swarm__network_create(&a->n, a->body, &a->id, &here)
				 : set_id(a, swarm__json_string(a->n.object, "Id"), &here);
	if (!failed)
		failed = swarm__network_put_on(&a->n, a->id, services, &here);
	json_decref(services);
	if (failed)
		return swarm__error_wrap(err, rc,
					 "network %s was not replaced, and its services are still "
					 "off it (%s): run again",
					 a->n.name, here.text);
	return swarm__error_wrap(err, rc,
				 "network %s was not replaced, and its services have the old one "
				 "again",
				 a->n.name);
}

static int replace(apply *a, swarm_error *err)
{
	bool deleted = false;
	int rc = swarm__network_take_off(&a->n, a->users, err);

	if (!rc)
		rc = swarm__network_delete(&a->n, err);
	if (!rc) {
		deleted = true;
		rc = swarm__network_create(&a->n, json_object_get(a->result, "spec"), &a->id, err);
	}
	/* Another manager makes the same one, and this run goes on with it. */
	if (rc == SWARM_E_CONFLICT && deleted && a->n.object) {
		swarm__error_clear(err);
		return set_id(a, swarm__json_string(a->n.object, "Id"), err);
	}
	return rc ? restore(a, deleted, rc, err) : 0;
}

/* --- apply ------------------------------------------------------------------------------------------------------ */

static int decide(apply *a, swarm_error *err)
{
	if (!a->n.object) {
		a->action = "create";
		return swarm__network_check_others(&a->n, json_object_get(a->result, "spec"), err);
	}
	if (!differs(a) && swarm__network_is_allocated(a->n.object)) {
		a->action = json_array_size(a->detached) ? "restore" : "none";
		return set_id(a, swarm__json_string(a->n.object, "Id"), err);
	}
	if (!is_on(a, SWARM_NETWORK_REPLACE))
		return differs(a) ? conflict(a, err) : swarm__network_unallocated(&a->n, err);
	a->action = "replace";
	return check_replace(a, err);
}

static int act(apply *a, swarm_error *err)
{
	int rc = 0;

	if (strcmp(a->action, "create") == 0)
		rc = create_new(a, err);
	else if (strcmp(a->action, "replace") == 0)
		rc = replace(a, err);
	if (rc)
		return rc;
	/* Whether it is the ingress network decides what the services get. */
	if (!a->n.object && json_array_size(a->detached)) {
		rc = swarm__network_find(&a->n, err);
		if (rc)
			return rc;
	}
	rc = swarm__network_put_on(&a->n, a->id, a->users, err);
	return rc ? rc : swarm__network_put_on(&a->n, a->id, a->detached, err);
}

/* The names of services, new; NULL without memory. */
static json_t *moved(const apply *a)
{
	const json_t *both[] = { a->users, a->detached };
	json_t *names = json_array();

	for (int i = 0; names && i < 2; i++) {
		json_t *service;
		size_t j;

		json_array_foreach (swarm__json_iterable(both[i]), j, service)
			if (json_array_append_new(
				    names, json_string(swarm__json_string(service, "Spec.Name")))) {
				json_decref(names);
				return NULL;
			}
	}
	return names;
}

static int make_result(const apply *a, json_t **ret_result, swarm_error *err)
{
	json_t *result = json_pack("{s:s, s:s, s:O, s:o}", "id", a->id ? a->id : "", "action",
				   a->action, "changes", changes_of(a), "services", moved(a));

	if (!result)
		return swarm__nomem(err);
	*ret_result = result;
	return 0;
}

const swarm_network_options swarm__network_no_options = SWARM_NETWORK_OPTIONS_INIT;

int swarm__network_check(swarm_client *client, const char *name, const swarm_network_options *o,
			 unsigned flags, swarm_error *err)
{
	if (o->size != sizeof(*o))
		return swarm__error(err, SWARM_E_INVAL, "start from SWARM_NETWORK_OPTIONS_INIT");
	if (!client || !name || !*name)
		return swarm__error(err, SWARM_E_INVAL, "client and name are required");
	if (strlen(name) > MAX_NAME || swarm__utf8_check("name", name, err))
		return swarm__error(err, SWARM_E_INVAL, "the network's name is too long");
	if (o->flags & ~flags)
		return swarm__error(err, SWARM_E_INVAL, "unknown flag");
	return 0;
}

int swarm_network_apply(swarm_client *client, const char *name, const json_t *network,
			const swarm_network_options *options, json_t **ret_result, swarm_error *err)
{
	const swarm_network_options *o = options ? options : &swarm__network_no_options;
	swarm_error spare = SWARM_ERROR_INIT;
	apply a = { .n = { .client = client, .name = name }, .network = network };
	int rc;

	if (!err)
		err = &spare;
	rc = swarm__network_check(client, name, o, SWARM_NETWORK_REPLACE | SWARM_NETWORK_DRY_RUN,
				  err);
	if (rc)
		return rc;
	if (!json_is_object(network) || !ret_result)
		return swarm__error(err, SWARM_E_INVAL,
				    "network (a mapping) and ret_result are required");
	a.flags = o->flags;
	a.n.deadline = swarm__deadline_in(o->timeout_ms, is_on(&a, SWARM_NETWORK_REPLACE)
								 ? REPLACE_TIMEOUT_MS
								 : SWARM__NETWORK_TIMEOUT_MS);
	rc = look(&a, err);
	if (!rc)
		rc = decide(&a, err);
	if (!rc && !is_on(&a, SWARM_NETWORK_DRY_RUN) && strcmp(a.action, "none") != 0)
		rc = act(&a, err);
	if (!rc)
		rc = make_result(&a, ret_result, err);
	apply_clear(&a);
	return rc;
}
