/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A constraint that a service has for as long as its tasks move. The managers leave a task alone whose
 * node satisfies the new constraints, so only those on the node are replaced, and taking the constraint
 * back replaces none.
 */
#include "evict/internal.h"

#include <stdio.h>
#include <string.h>

void swarm__constraint_against(const char *node_id, char text[SWARM__CONSTRAINT_SIZE])
{
	snprintf(text, SWARM__CONSTRAINT_SIZE, "node.id!=%s", node_id);
}

static json_t *constraints_of(const json_t *spec)
{
	return swarm__json_iterable(swarm__json_at(spec, "TaskTemplate.Placement.Constraints"));
}

bool swarm__has_constraint(const json_t *spec, const char *constraint)
{
	json_t *one;
	size_t i;

	json_array_foreach (constraints_of(spec), i, one)
		if (strcmp(json_string_value(one) ? json_string_value(one) : "", constraint) == 0)
			return true;
	return false;
}

const char *swarm__unsettled(const json_t *service)
{
	static const char *const texts[][2] = {
		{ "updating", "its update goes on" },
		{ "rollback_started", "its rollback goes on" },
		{ "paused", "its update is paused" },
		{ "rollback_paused", "its rollback is paused" },
	};
	const char *state = swarm__json_string(service, "UpdateStatus.State");

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(state, texts[i][0]) == 0)
			return texts[i][1];
	return NULL;
}

/* --- specs ------------------------------------------------------------------------------------------ */

/* A member that is an object; made where it is missing or null. Borrowed; NULL without memory. */
static json_t *object_in(json_t *parent, const char *name)
{
	json_t *object = json_object_get(parent, name);

	if (json_is_object(object))
		return object;
	object = json_object();
	return json_object_set_new(parent, name, object) ? NULL : object;
}

/* New; NULL without memory. */
static json_t *with(const json_t *spec, const char *constraint)
{
	json_t *copy = json_deep_copy(spec);
	json_t *placement = copy ? object_in(object_in(copy, "TaskTemplate"), "Placement") : NULL;
	json_t *list = json_object_get(placement, "Constraints");
	int rc = placement ? 0 : -1;

	if (!rc && !json_is_array(list)) {
		list = json_array();
		rc = json_object_set_new(placement, "Constraints", list);
	}
	if (!rc)
		rc = json_array_append_new(list, json_string(constraint));
	if (!rc)
		return copy;
	json_decref(copy);
	return NULL;
}

/* New; NULL without memory. */
static json_t *without(const json_t *spec, const char *constraint)
{
	json_t *copy = json_deep_copy(spec);
	json_t *list = constraints_of(copy);

	for (size_t i = json_array_size(list); i-- > 0;) {
		const char *one = json_string_value(json_array_get(list, i));

		if (one && strcmp(one, constraint) == 0)
			json_array_remove(list, i);
	}
	/* The engine leaves an empty list out. */
	if (copy && !json_array_size(list))
		json_object_del(
			swarm__json_iterable(swarm__json_at(copy, "TaskTemplate.Placement")),
			"Constraints");
	return copy;
}

/* --- add -------------------------------------------------------------------------------------------- */

/* What make callbacks get. */
typedef struct change {
	const char *constraint;
	bool needless; /* nothing is to be sent: no failure of make_same() */
} change;

static int refuse_unsettled(const json_t *service, swarm_error *err)
{
	const char *why = swarm__unsettled(service);

	return why ? swarm__error(err, SWARM_E_STATE, "%s", why) : 0;
}

static int make_with(void *payload, const json_t *object, json_t **ret_spec, swarm_error *err)
{
	const change *c = payload;
	json_t *spec = json_object_get(object, "Spec");
	int rc;

	if (swarm__has_constraint(spec, c->constraint)) {
		*ret_spec = json_incref(spec);
		return 0;
	}
	rc = refuse_unsettled(object, err);
	if (rc)
		return rc;
	spec = with(spec, c->constraint);
	if (!spec)
		return swarm__nomem(err);
	*ret_spec = spec;
	return 0;
}

static int send(swarm_client *client, const char *service_id, bool always, change *c,
		int (*make)(void *, const json_t *, json_t **, swarm_error *),
		const swarm__deadline *deadline, json_t **ret_change, swarm_error *err)
{
	return swarm__update_run(client,
				 &(swarm__update){ .inspect = SWARM_OP_SERVICE_INSPECT,
						   .update = SWARM_OP_SERVICE_UPDATE,
						   .id = service_id,
						   .always = always,
						   .make = make,
						   .payload = c },
				 deadline, ret_change, err);
}

int swarm__constraint_add(swarm_client *client, const char *service_id, const char *constraint,
			  const swarm__deadline *deadline, swarm_error *err)
{
	change c = { .constraint = constraint };

	return send(client, service_id, false, &c, make_with, deadline, NULL, err);
}

/* --- take back -------------------------------------------------------------------------------------- */

/*
 * The very spec from before where nobody changed the service since: whether its placement was empty or
 * not there shows only in that.
 */
static json_t *spec_before(const json_t *object, const char *constraint)
{
	json_t *spec = json_object_get(object, "Spec");
	json_t *before = json_object_get(object, "PreviousSpec");
	json_t *again;
	bool same;

	if (!json_is_object(before) || swarm__has_constraint(before, constraint))
		return without(spec, constraint);
	again = with(before, constraint);
	if (!again)
		return NULL;
	same = json_equal(again, spec);
	json_decref(again);
	return same ? json_deep_copy(before) : without(spec, constraint);
}

static int make_before(void *payload, const json_t *object, json_t **ret_spec, swarm_error *err)
{
	const change *c = payload;
	json_t *spec = json_object_get(object, "Spec");
	const char *state = swarm__json_string(object, "UpdateStatus.State");
	int rc;

	if (!swarm__has_constraint(spec, c->constraint)) {
		*ret_spec = json_incref(spec);
		return 0;
	}
	/* One that is paused rolls nothing out; one that goes on could lose a running task. */
	rc = strstr(state, "paused") ? 0 : refuse_unsettled(object, err);
	if (rc)
		return rc;
	spec = spec_before(object, c->constraint);
	if (!spec)
		return swarm__nomem(err);
	*ret_spec = spec;
	return 0;
}

/* The spec as it is, once more: it becomes the one to roll back to. */
static int make_same(void *payload, const json_t *object, json_t **ret_spec, swarm_error *err)
{
	change *c = payload;
	json_t *spec = json_object_get(object, "Spec");

	c->needless = !swarm__has_constraint(json_object_get(object, "PreviousSpec"),
					     c->constraint) ||
		      swarm__has_constraint(spec, c->constraint);
	if (c->needless)
		return swarm__error(err, SWARM_E_STATE, "somebody else changed it meanwhile");
	*ret_spec = json_incref(spec);
	return 0;
}

int swarm__constraint_take_back(swarm_client *client, const char *service_id,
				const char *constraint, const swarm__deadline *deadline,
				bool *ret_changed, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	change c = { .constraint = constraint };
	json_t *made = NULL;
	int rc = send(client, service_id, false, &c, make_before, deadline, &made, &here);

	if (!rc && !json_equal(json_object_get(made, "old"), json_object_get(made, "new")))
		*ret_changed = true;
	json_decref(made);
	if (!rc) {
		rc = send(client, service_id, true, &c, make_same, deadline, NULL, &here);
		*ret_changed = *ret_changed || !rc;
	}
	if (!rc || c.needless || rc == SWARM_E_NOT_FOUND)
		return 0;
	return swarm__replace(err, &here);
}
