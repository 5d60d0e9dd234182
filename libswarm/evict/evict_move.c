/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Move the tasks of services off the paused node: a constraint against it makes the managers replace
 * them in the way of the service's own updates. A second update of a service whose first one is stuck
 * can lose tasks that run, so a service is touched only when it is settled.
 */
#include "events/internal.h"
#include "evict/internal.h"

#include <string.h>

enum {
	/* The update's state is there this much later than the update. */
	SETTLE_MS = 200,
};

/* A service that is moved, and how its wait goes. */
typedef struct mover {
	swarm__eviction *e;
	const char *id;
	swarm__watch watch;
} mover;

static const char *name_of(const swarm__evict_look *look)
{
	return swarm__json_string(look->service, "Spec.Name");
}

static int look_at(const mover *m, swarm__evict_look *look, swarm_error *err)
{
	return swarm__evict_look_at(m->e->node.client, m->id, m->e->node.id, &m->e->node.deadline,
				    look, err);
}

static bool has_constraint(const mover *m, const swarm__evict_look *look)
{
	return swarm__has_constraint(json_object_get(look->service, "Spec"), m->e->constraint);
}

/* On an active node the managers would kill what the constraint is against, at once. */
static int check_node(swarm__eviction *e, swarm_error *err)
{
	int rc = swarm__eviction_read(e, err);

	if (rc)
		return rc;
	if (strcmp(swarm__eviction_availability(e), "active") == 0 ||
	    !*swarm__eviction_label(e, SWARM__LABEL_WAS))
		return swarm__error(err, SWARM_E_STATE,
				    "%s was activated by somebody else meanwhile", e->node.name);
	return 0;
}

/* --- begin ------------------------------------------------------------------------------------------ */

static int check_settled(const swarm__evict_look *look, swarm_error *err)
{
	const char *unsettled = swarm__unsettled(look->service);

	if (unsettled)
		return swarm__error(err, SWARM_E_STATE, "%s: %s", name_of(look), unsettled);
	if (look->running < look->wanted)
		return swarm__error(err, SWARM_E_STATE, "%s: only %zu of its %zu tasks run",
				    name_of(look), look->running, look->wanted);
	return 0;
}

/* An update of a moment ago shows in no state yet: look twice. */
static int begin(const mover *m, bool *ret_nothing, swarm_error *err)
{
	swarm__evict_look SWARM__AUTO_LOOK first = { 0 };
	swarm__evict_look SWARM__AUTO_LOOK second = { 0 };
	int rc = look_at(m, &first, err);

	if (rc)
		return rc;
	*ret_nothing = !first.service || (!first.there && !has_constraint(m, &first));
	if (*ret_nothing || has_constraint(m, &first))
		return 0;
	rc = check_settled(&first, err);
	if (!rc)
		rc = swarm__sleep(m->e->node.client, &m->e->node.deadline, SETTLE_MS, err);
	if (!rc)
		rc = look_at(m, &second, err);
	*ret_nothing = !rc && !second.service;
	if (!rc && second.service)
		rc = check_settled(&second, err);
	if (rc || *ret_nothing)
		return rc;
	rc = swarm__constraint_add(m->e->node.client, m->id, m->e->constraint, &m->e->node.deadline,
				   err);
	*ret_nothing = rc == SWARM_E_NOT_FOUND;
	if (*ret_nothing)
		swarm__error_clear(err);
	if (!rc || *ret_nothing)
		return 0;
	return swarm__error_wrap(err, rc, "%s", name_of(&first));
}

/* --- wait ------------------------------------------------------------------------------------------- */

/* Has the update ended in another way than it should? */
static int check_going(const mover *m, const swarm__evict_look *look, swarm_error *err)
{
	const char *state = swarm__json_string(look->service, "UpdateStatus.State");
	const char *message = swarm__json_string(look->service, "UpdateStatus.Message");
	const char *errors = look->errors.text;

	if (strncmp(state, "rollback_", strlen("rollback_")) == 0)
		return swarm__error(err, SWARM_E_STATE, "%s: swarm rolled the update back: %s%s%s",
				    name_of(look), message, *errors ? "; " : "", errors);
	if (strcmp(state, "paused") == 0)
		return swarm__error(err, SWARM_E_STATE, "%s: %s%s%s", name_of(look), message,
				    *errors ? "; " : "", errors);
	if (!has_constraint(m, look))
		return swarm__error(err, SWARM_E_STATE,
				    "%s: its constraint %s was removed by somebody else",
				    name_of(look), m->e->constraint);
	return 0;
}

static int timed_out(const mover *m, const swarm__evict_look *look, swarm_error *err)
{
	swarm__error_clear(err);
	return swarm__error(err, SWARM_E_TIMEOUT,
			    "%s: %zu of its tasks still on %s after %lld s%s%s", name_of(look),
			    look->there, m->e->node.name,
			    (long long)swarm__seconds_since(m->e->node.started),
			    *look->errors.text ? ": " : "", look->errors.text);
}

/* *look: as of the last time, or of this one. ret_done: it has moved, or is gone. */
static int look_again(const mover *m, swarm__evict_look *look, bool *ret_done, swarm_error *err)
{
	swarm__evict_look SWARM__AUTO_LOOK now = { 0 };
	int rc = check_node(m->e, err);

	if (!rc)
		rc = look_at(m, &now, err);
	*ret_done = !rc && !now.service;
	if (rc || !now.service)
		return rc;
	swarm__evict_look_clear(look);
	*look = now;
	now = (swarm__evict_look){ 0 };
	*ret_done = !look->there && !swarm__unsettled(look->service) &&
		    look->running >= look->wanted;
	return check_going(m, look, err);
}

static int wait_moved(mover *m, swarm_error *err)
{
	swarm__evict_look SWARM__AUTO_LOOK look = { 0 };
	int64_t pause = 0;
	size_t most = 0;
	bool done;
	int rc;

	do {
		rc = look_again(m, &look, &done, err);
		if (!rc && done)
			return 0;
		most = look.there > most ? look.there : most;
		swarm__progress(m->e->node.client, "evict", most - look.there, most, "%s",
				name_of(&look));
		if (!rc)
			rc = swarm__watch_pause(&m->watch, &m->e->node.deadline, &pause, err);
	} while (!rc);
	return rc == SWARM_E_TIMEOUT && look.service ? timed_out(m, &look, err) : rc;
}

/* --- all -------------------------------------------------------------------------------------------- */

static int move_one(swarm__eviction *e, const char *id, swarm_error *err)
{
	mover m = { .e = e, .id = id, .watch = { .client = e->node.client, .type = "service" } };
	bool nothing = false;
	int rc = check_node(e, err);

	if (!rc)
		rc = begin(&m, &nothing, err);
	if (!rc && !nothing)
		rc = wait_moved(&m, err);
	swarm__watch_clear(&m.watch);
	return rc;
}

int swarm__evict_move(swarm__eviction *e, swarm_error *err)
{
	json_t *ids = json_incref(e->moved);
	int rc = 0;
	json_t *id;
	size_t i;

	json_array_foreach (ids, i, id) {
		if (!rc)
			rc = move_one(e, json_string_value(id), err);
	}
	json_decref(ids);
	return rc;
}
