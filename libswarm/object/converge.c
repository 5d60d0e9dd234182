/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wait until the tasks of a service are as its spec says, and say of those that are not, why. The
 * rules are those of swarmkit's orchestrators (replicated, global, jobs) and of its updater.
 */
#include "events/internal.h"
#include "node/internal.h"
#include "object/internal.h"

#include <stdio.h>
#include <string.h>

enum {
	DEFAULT_TIMEOUT_MS = 300000,
	/* swarmkit: api/defaults, the updater's Monitor. */
	DEFAULT_MONITOR_MS = 5000,
	/* Until a task that failed has another in its place, where it gets one. */
	RESTART_MS = 3000,
};

typedef enum mode { REPLICATED, GLOBAL, REPLICATED_JOB, GLOBAL_JOB } mode;

/* One look: the service, its tasks of the present spec, and the nodes that are down. */
typedef struct look {
	json_t *service;
	swarm_task_list *tasks;
	json_t *down; /* object, the ids are its names */
	mode mode;
	size_t done;
	size_t total;
	const swarm_task *ended; /* its place has no task any more that could run; NULL: none */
	swarm__names reasons;
} look;

/* What one wait has seen so far; 0: not. */
typedef struct since {
	int64_t converged;
	int64_t empty; /* global, and no node fits */
	int64_t ended;
} since;

static void look_clear(look *l)
{
	json_decref(l->service);
	swarm_task_list_free(l->tasks);
	json_decref(l->down);
	*l = (look){ 0 };
}

/* --- what is asked -------------------------------------------------------------------------- */

static int read_mode(const json_t *service, mode *ret_mode, swarm_error *err)
{
	static const char *const names[] = { "Replicated", "Global", "ReplicatedJob", "GlobalJob" };
	const json_t *modes = swarm__json_at(service, "Spec.Mode");

	for (int i = 0; i < 4; i++) {
		if (json_object_get(modes, names[i])) {
			*ret_mode = (mode)i;
			return 0;
		}
	}
	return swarm__error(err, SWARM_E_JSON, "Spec.Mode: none that is known");
}

/* A task on a node that is down still says "running". */
static int read_down(swarm_client *client, const swarm__deadline *deadline, json_t **ret_down,
		     swarm_error *err)
{
	swarm_node_list *list;
	json_t *down;
	int rc = swarm__node_list(client, true, deadline, &list, err);

	if (rc)
		return rc;
	down = json_object();
	for (size_t i = 0; down && i < list->count; i++) {
		if (strcmp(list->nodes[i].state, "down") != 0)
			continue;
		if (json_object_set_new(down, list->nodes[i].id, json_true()) < 0) {
			json_decref(down);
			down = NULL;
		}
	}
	swarm_node_list_free(list);
	*ret_down = down;
	return down ? 0 : swarm__nomem(err);
}

static int read_all(swarm_client *client, const char *ref, const swarm__deadline *deadline, look *l,
		    swarm_error *err)
{
	int64_t left;
	int rc = swarm__object_get(client, SWARM_KIND_SERVICE, ref, deadline, &l->service, err);

	if (!rc)
		rc = read_mode(l->service, &l->mode, err);
	if (!rc) {
		/* moby: the last filter leaves tasks of an older spec out. */
		const swarm_pair filters[] = { { "service", swarm__json_string(l->service, "ID") },
					       { "_up-to-date", "true" },
					       { NULL, NULL } };

		left = swarm__deadline_left(deadline);
		rc = swarm_task_list_get(client, filters, left ? left : 1, &l->tasks, err);
	}
	return rc ? rc : read_down(client, deadline, &l->down, err);
}

/* --- what is counted ------------------------------------------------------------------------ */

/* A job's tasks of an earlier run stay in the list. */
static bool is_of_this_run(const look *l, const swarm_task *task)
{
	return l->mode == REPLICATED || l->mode == GLOBAL ||
	       task->job_iteration ==
		       swarm__json_integer(l->service, "JobStatus.JobIteration.Index");
}

bool swarm__task_is_wanted(const char *desired_state)
{
	return strcmp(desired_state, "shutdown") != 0 && strcmp(desired_state, "remove") != 0;
}

static bool is_job(const look *l)
{
	return l->mode == REPLICATED_JOB || l->mode == GLOBAL_JOB;
}

static bool is_global(const look *l)
{
	return l->mode == GLOBAL || l->mode == GLOBAL_JOB;
}

static bool is_over(const swarm_task *task)
{
	static const char *const states[] = { "complete", "shutdown", "failed",
					      "rejected", "remove",   "orphaned" };

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (strcmp(task->state, states[i]) == 0)
			return true;
	return false;
}

static bool is_done(const look *l, const swarm_task *task)
{
	if (is_job(l))
		return strcmp(task->state, "complete") == 0;
	return strcmp(task->state, "running") == 0 && swarm__task_is_wanted(task->desired_state) &&
	       !json_object_get(l->down, task->node_id);
}

/* The place of a task: a slot, or the node of a global service. */
static void place_of(const look *l, const swarm_task *task, char *text, size_t size)
{
	if (is_global(l))
		snprintf(text, size, "%s", task->node_id);
	else
		snprintf(text, size, "%lld", (long long)task->slot);
}

/* Add the reasons of the places that did not converge; replaced tasks also give theirs. */
static void add_reasons(look *l, const json_t *places)
{
	for (size_t i = 0; i < l->tasks->count; i++) {
		const swarm_task *task = &l->tasks->tasks[i];
		char place[64];

		place_of(l, task, place, sizeof(place));
		if (!*task->error || !is_of_this_run(l, task) ||
		    json_is_true(json_object_get(places, place)) ||
		    strstr(l->reasons.text, task->error))
			continue;
		swarm__names_add(&l->reasons, "%s.%s (%s): %s",
				 swarm__json_string(l->service, "Spec.Name"), place, task->state,
				 task->error);
	}
}

/* Tasks of one slot that run side by side (start-first) count once. 0 or -1 without memory. */
static int count_tasks(look *l, json_t *places)
{
	for (size_t i = 0; i < l->tasks->count; i++) {
		const swarm_task *task = &l->tasks->tasks[i];
		bool done = is_done(l, task);
		char place[64];

		if (!is_of_this_run(l, task) ||
		    (!done && !swarm__task_is_wanted(task->desired_state)))
			continue;
		place_of(l, task, place, sizeof(place));
		if (json_is_true(json_object_get(places, place)))
			continue;
		if (json_object_set_new(places, place, json_boolean(done)) < 0)
			return -1;
		l->done += done;
	}
	return 0;
}

/* By its policy the engine restarts a task only under a condition, or so many times. */
static bool may_end(const look *l)
{
	const char *condition = swarm__json_string(l->service,
						   "Spec.TaskTemplate.RestartPolicy.Condition");

	return strcmp(condition, "none") == 0 || strcmp(condition, "on-failure") == 0 ||
	       swarm__json_integer(l->service, "Spec.TaskTemplate.RestartPolicy.MaxAttempts") > 0;
}

/* Finds a task that is over, whose place is neither done nor has another that could. 0 or -1. */
static int find_ended(look *l, const json_t *places)
{
	json_t *active = json_object();
	int rc = active ? 0 : -1;

	for (size_t i = 0; !rc && i < l->tasks->count; i++) {
		const swarm_task *task = &l->tasks->tasks[i];
		char place[64];

		place_of(l, task, place, sizeof(place));
		if (is_of_this_run(l, task) && !is_over(task) &&
		    swarm__task_is_wanted(task->desired_state))
			rc = json_object_set_new(active, place, json_true());
	}
	for (size_t i = 0; !rc && !l->ended && i < l->tasks->count; i++) {
		const swarm_task *task = &l->tasks->tasks[i];
		char place[64];

		place_of(l, task, place, sizeof(place));
		if (is_of_this_run(l, task) && is_over(task) &&
		    strcmp(task->state, "shutdown") != 0 && strcmp(task->state, "remove") != 0 &&
		    !json_is_true(json_object_get(places, place)) &&
		    !json_object_get(active, place))
			l->ended = task;
	}
	json_decref(active);
	return rc;
}

static int wanted_number(const look *l, size_t places, size_t *ret_number, swarm_error *err)
{
	const char *path = l->mode == REPLICATED ? "Spec.Mode.Replicated.Replicas"
						 : "Spec.Mode.ReplicatedJob.TotalCompletions";
	const json_t *number = swarm__json_at(l->service, path);

	/* swarmkit makes a task for each node that fits at once, so as many are wanted. */
	if (is_global(l)) {
		*ret_number = places;
		return 0;
	}
	if (!json_is_integer(number) || json_integer_value(number) < 0)
		return swarm__error(err, SWARM_E_JSON, "%s: expected an integer from 0", path);
	*ret_number = (size_t)json_integer_value(number);
	return 0;
}

static int count(look *l, swarm_error *err)
{
	json_t *places = json_object();
	int rc = !places || count_tasks(l, places) || (may_end(l) && find_ended(l, places))
			 ? swarm__nomem(err)
			 : 0;

	add_reasons(l, places);
	if (!rc)
		rc = wanted_number(l, json_object_size(places), &l->total, err);
	json_decref(places);
	return rc;
}

/* --- what is decided ------------------------------------------------------------------------ */

/* A global one that fits no node has no task, and that is all there will be. */
static bool is_converged(const look *l)
{
	return l->done == l->total;
}

static int64_t monitor_ms(const look *l)
{
	const json_t *monitor = swarm__json_at(l->service, "Spec.UpdateConfig.Monitor");

	/* swarmkit looks at a job no longer once it is complete. */
	if (is_job(l))
		return 0;
	/* moby: nanoseconds. */
	return monitor ? json_integer_value(monitor) / 1000000 : DEFAULT_MONITOR_MS;
}

static const char *what_tasks_do(const look *l)
{
	return is_job(l) ? "complete" : "running";
}

/* The updater gave up, and waits for somebody. */
static bool is_paused(const char *state)
{
	return strcmp(state, "paused") == 0 || strcmp(state, "rollback_paused") == 0;
}

static bool goes_on(const char *state)
{
	return strcmp(state, "updating") == 0 || strcmp(state, "rollback_started") == 0;
}

/* Has it been so for this long? */
static bool lasts(int64_t *from, bool now, int64_t ms)
{
	if (!now) {
		*from = 0;
		return false;
	}
	if (!*from)
		*from = swarm__now_ms();
	return swarm__now_ms() - *from >= ms;
}

static int64_t ended_ms(const look *l)
{
	const char *condition = swarm__json_string(l->service,
						   "Spec.TaskTemplate.RestartPolicy.Condition");

	return strcmp(condition, "none") == 0 ? 0 : RESTART_MS;
}

/* How it stands: how the wait ends, or SWARM__GOES_ON. */
static swarm__outcome judge(const look *l, bool unchanged, since *s)
{
	const char *state = swarm__json_string(l->service, "UpdateStatus.State");
	bool converged = is_converged(l), empty = is_global(l) && !l->total;
	bool held;

	if (is_paused(state))
		return SWARM__PAUSED;
	if (lasts(&s->ended, !converged && l->ended && !goes_on(state), ended_ms(l)))
		return SWARM__FAILED;
	held = lasts(&s->converged, converged && !empty && !goes_on(state), monitor_ms(l)) ||
	       lasts(&s->empty, empty, DEFAULT_MONITOR_MS);
	if (!converged || goes_on(state))
		return SWARM__GOES_ON;
	/* The updater has watched for the monitor's time already. */
	if (strcmp(state, "rollback_completed") == 0)
		return unchanged ? SWARM__CONVERGED : SWARM__ROLLED_BACK;
	return held || unchanged || strcmp(state, "completed") == 0 ? SWARM__CONVERGED
								    : SWARM__GOES_ON;
}

static void explain_end(const look *l, swarm__settled *ret)
{
	ret->exit_code = l->ended->exit_code;
	snprintf(ret->text, sizeof(ret->text),
		 "%zu of %zu tasks are %s, and a task that ended with exit code %lld is not "
		 "restarted%s%s",
		 l->done, l->total, what_tasks_do(l), (long long)l->ended->exit_code,
		 *l->reasons.text ? ": " : "", l->reasons.text);
}

/* Say how the wait ended. */
static int explain(swarm_client *client, look *l, unsigned flags, const swarm__deadline *deadline,
		   int64_t started, swarm__settled *ret, swarm_error *err)
{
	const char *state = swarm__json_string(l->service, "UpdateStatus.State");
	const char *message = swarm__json_string(l->service, "UpdateStatus.Message");
	const char *between = "";
	int rc = 0;

	ret->done = l->done;
	ret->total = l->total;
	if (ret->outcome == SWARM__ROLLED_BACK && (flags & SWARM__SETTLE_EXPLAIN))
		rc = swarm__rollout_errors(client, l->service, deadline, &l->reasons, err);
	between = *l->reasons.text ? "; " : "";
	if (ret->outcome == SWARM__PAUSED)
		snprintf(ret->text, sizeof(ret->text), "the %s was paused: %s%s%s",
			 *state == 'p' ? "update" : "rollback", message, between, l->reasons.text);
	else if (ret->outcome == SWARM__ROLLED_BACK)
		snprintf(ret->text, sizeof(ret->text), "swarm rolled the update back: %s%s%s",
			 message, between, l->reasons.text);
	else if (ret->outcome == SWARM__FAILED)
		explain_end(l, ret);
	else if (ret->outcome == SWARM__TIMED_OUT)
		snprintf(ret->text, sizeof(ret->text), "%zu of %zu tasks are %s after %lld s%s%s",
			 l->done, l->total, what_tasks_do(l),
			 (long long)swarm__seconds_since(started), *l->reasons.text ? ": " : "",
			 l->reasons.text);
	else
		snprintf(ret->text, sizeof(ret->text), "%zu of %zu tasks are %s%s", l->done,
			 l->total, what_tasks_do(l),
			 is_global(l) && !l->total ? ": no node fits the service" : "");
	swarm__one_line(ret->text);
	return rc;
}

struct swarm__settling {
	char *service;
	unsigned flags;
	int64_t started;
	since seen;
	look last;
	swarm__settled result;
};

swarm__settling *swarm__settling_new(const char *service, unsigned flags)
{
	swarm__settling *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->service = strdup(service);
	s->flags = flags;
	s->started = swarm__now_ms();
	if (s->service)
		return s;
	free(s);
	return NULL;
}

void swarm__settling_free(swarm__settling *s)
{
	if (!s)
		return;
	look_clear(&s->last);
	free(s->service);
	free(s);
}

int swarm__settling_look(swarm_client *client, swarm__settling *s, const swarm__deadline *deadline,
			 swarm__outcome *ret_outcome, swarm_error *err)
{
	look l = { 0 };
	int rc = read_all(client, s->service, deadline, &l, err);

	if (!rc)
		rc = count(&l, err);
	if (rc) {
		look_clear(&l);
		return rc;
	}
	look_clear(&s->last);
	s->last = l;
	swarm__progress(client, "converge", l.done, l.total, "%s", l.reasons.text);
	s->result.outcome = judge(&s->last, (s->flags & SWARM_SETTLE_UNCHANGED) != 0, &s->seen);
	*ret_outcome = s->result.outcome;
	return 0;
}

int swarm__settling_end(swarm_client *client, swarm__settling *s, const swarm__deadline *deadline,
			swarm__settled *ret, swarm_error *err)
{
	int rc;

	if (s->result.outcome == SWARM__GOES_ON)
		s->result.outcome = SWARM__TIMED_OUT;
	rc = explain(client, &s->last, s->flags, deadline, s->started, &s->result, err);
	if (!rc)
		*ret = s->result;
	return rc;
}

int swarm__service_settle(swarm_client *client, const char *service, unsigned flags,
			  const swarm__deadline *deadline, swarm__settled *ret, swarm_error *err)
{
	swarm__watch SWARM__AUTO_WATCH watch = { .client = client, .type = "service" };
	swarm__settling *s = swarm__settling_new(service, flags);
	swarm__outcome outcome = SWARM__GOES_ON;
	int64_t pause = 0;
	int rc;

	*ret = (swarm__settled){ 0 };
	if (!s)
		return swarm__nomem(err);
	do {
		rc = swarm__settling_look(client, s, deadline, &outcome, err);
		if (rc || outcome != SWARM__GOES_ON)
			break;
		rc = swarm__watch_pause(&watch, deadline, &pause, err);
	} while (!rc);
	if (rc == SWARM_E_TIMEOUT && s->last.service) {
		swarm__error_clear(err);
		rc = 0;
	}
	if (!rc)
		rc = swarm__settling_end(client, s, deadline, ret, err);
	swarm__settling_free(s);
	return rc;
}

int swarm_service_wait(swarm_client *client, const char *service, int64_t timeout_ms,
		       swarm_converged *ret_status, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm_error spare = SWARM_ERROR_INIT;
	swarm__settled settled;
	int rc;

	if (!err)
		err = &spare;
	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	rc = swarm__service_settle(client, service, 0, &deadline, &settled, err);
	if (rc)
		return rc;
	if (settled.outcome == SWARM__TIMED_OUT)
		return swarm__error(err, SWARM_E_TIMEOUT, "%s", settled.text);
	if (settled.outcome == SWARM__PAUSED || settled.outcome == SWARM__FAILED)
		return swarm__error(err, SWARM_E_STATE, "%s", settled.text);
	if (ret_status)
		*ret_status = (swarm_converged){ settled.done, settled.total,
						 settled.outcome == SWARM__ROLLED_BACK };
	return 0;
}
