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
	int64_t begun;
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

/* What is seen of a service that is to move. */
typedef enum stage {
	NOTHING, /* it is gone, or has no task on the node */
	GOES,    /* it has the constraint */
	WHOLE,   /* it can begin */
	SHORT,   /* an update goes on, or not all of its tasks run */
	STUCK,   /* its update is paused */
} stage;

static stage stage_of(const mover *m, const swarm__evict_look *look)
{
	const char *unsettled = swarm__unsettled(look->service);

	if (!look->service)
		return NOTHING;
	if (has_constraint(m, look))
		return GOES;
	if (!look->there)
		return NOTHING;
	if (unsettled)
		return strstr(unsettled, "paused") ? STUCK : SHORT;
	return look->running < look->wanted ? SHORT : WHOLE;
}

/* look: as of the last time, or of this one. */
static int look_once(const mover *m, swarm__evict_look *look, stage *ret, swarm_error *err)
{
	swarm__evict_look SWARM__AUTO_LOOK now = { 0 };
	int rc = look_at(m, &now, err);

	if (rc)
		return rc;
	swarm__evict_look_clear(look);
	*look = now;
	now = (swarm__evict_look){ 0 };
	*ret = stage_of(m, look);
	return 0;
}

/* An update of a moment ago shows in no state yet: look twice before it is whole. */
static int look_twice(const mover *m, swarm__evict_look *look, stage *ret, swarm_error *err)
{
	int rc = look_once(m, look, ret, err);

	if (rc || *ret != WHOLE)
		return rc;
	rc = swarm__sleep(m->e->node.client, &m->e->node.deadline, SETTLE_MS, err);
	return rc ? rc : look_once(m, look, ret, err);
}

static int not_whole(const mover *m, const swarm__evict_look *look, swarm_error *err)
{
	const char *unsettled = swarm__unsettled(look->service);
	/* When the time of all is over, what is left may be stopped. */
	bool late = !swarm__deadline_left(&m->e->node.deadline);
	int code = late ? SWARM_E_TIMEOUT : SWARM_E_STATE;
	const char *errors = look->errors.text;
	long long seconds = swarm__seconds_since(m->begun);

	swarm__error_clear(err);
	if (unsettled)
		return swarm__error(err, code, "%s: %s after %lld s", name_of(look), unsettled,
				    seconds);
	return swarm__error(err, code, "%s: only %zu of its %zu tasks run after %lld s%s%s",
			    name_of(look), look->running, look->wanted, seconds,
			    *errors ? ": " : "", errors);
}

/* Whether all of its tasks fit elsewhere was proven for what it was before. */
static int prove_again(const mover *m, const swarm__deadline *limit, swarm_error *err)
{
	int rc = swarm__evict_settle(m->e, limit, err);

	return rc ? rc : swarm__evict_refuse(m->e, err);
}

static int add_constraint(const mover *m, const swarm__evict_look *look, bool *ret_nothing,
			  swarm_error *err)
{
	int rc = swarm__constraint_add(m->e->node.client, m->id, m->e->constraint,
				       &m->e->node.deadline, err);

	*ret_nothing = rc == SWARM_E_NOT_FOUND;
	if (*ret_nothing)
		swarm__error_clear(err);
	if (!rc || *ret_nothing)
		return 0;
	return swarm__error_wrap(err, rc, "%s", name_of(look));
}

/* Where tasks that are late may be stopped in the end, there is no other limit than the end. */
static swarm__deadline limit_of(const mover *m)
{
	return m->e->options->flags & SWARM_EVICT_DRAIN
		       ? m->e->node.deadline
		       : swarm__settle_limit(m->e, SWARM__SETTLE_ON_THE_WAY_MS);
}

/* Wait until it is whole, and what it is then was proven. look: as of the last time. */
static int wait_whole(mover *m, swarm__evict_look *look, stage *ret, swarm_error *err)
{
	swarm__deadline limit = limit_of(m);
	bool changed = false;
	int64_t pause = 0;
	int rc;

	while (!(rc = look_twice(m, look, ret, err))) {
		if (*ret != SHORT && (*ret != WHOLE || !changed))
			return 0;
		changed = *ret == SHORT;
		if (changed)
			swarm__progress(m->e->node.client, "evict", 0, look->there, "%s",
					name_of(look));
		rc = changed ? check_node(m->e, err) : prove_again(m, &limit, err);
		if (!rc && changed)
			rc = swarm__watch_pause(&m->watch, &limit, &pause, err);
		if (rc)
			break;
	}
	return rc == SWARM_E_TIMEOUT && *ret == SHORT ? not_whole(m, look, err) : rc;
}

/* ret_nothing: there is nothing to wait for. */
static int begin(mover *m, bool *ret_nothing, swarm_error *err)
{
	swarm__evict_look SWARM__AUTO_LOOK look = { 0 };
	stage now = NOTHING;
	int rc = wait_whole(m, &look, &now, err);

	*ret_nothing = now == NOTHING;
	if (rc)
		return rc;
	if (now == STUCK)
		return swarm__error(err, SWARM_E_STATE, "%s: %s", name_of(&look),
				    swarm__unsettled(look.service));
	return now == WHOLE ? add_constraint(m, &look, ret_nothing, err) : 0;
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
	mover m = { .e = e,
		    .id = id,
		    .begun = swarm__now_ms(),
		    .watch = { .client = e->node.client, .type = "service" } };
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
