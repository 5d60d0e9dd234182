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
	swarm__names reasons;
} look;

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

static bool is_done(const look *l, const swarm_task *task)
{
	if (l->mode == REPLICATED_JOB || l->mode == GLOBAL_JOB)
		return strcmp(task->state, "complete") == 0;
	return strcmp(task->state, "running") == 0 && swarm__task_is_wanted(task->desired_state) &&
	       !json_object_get(l->down, task->node_id);
}

/* The place of a task: a slot, or the node of a global service. */
static void place_of(const look *l, const swarm_task *task, char *text, size_t size)
{
	if (l->mode == GLOBAL || l->mode == GLOBAL_JOB)
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

static int wanted_number(const look *l, size_t places, size_t *ret_number, swarm_error *err)
{
	const char *path = l->mode == REPLICATED ? "Spec.Mode.Replicated.Replicas"
						 : "Spec.Mode.ReplicatedJob.TotalCompletions";
	const json_t *number = swarm__json_at(l->service, path);

	/* swarmkit creates a task for each node that fits at once, so that is the number to reach. */
	if (l->mode == GLOBAL || l->mode == GLOBAL_JOB) {
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
	int rc = !places || count_tasks(l, places) ? swarm__nomem(err) : 0;

	add_reasons(l, places);
	if (!rc)
		rc = wanted_number(l, json_object_size(places), &l->total, err);
	json_decref(places);
	return rc;
}

/* --- what is decided ------------------------------------------------------------------------ */

/* Without a single task nobody knows yet on how many nodes a global one goes. */
static bool is_converged(const look *l)
{
	return l->done == l->total &&
	       (l->total > 0 || l->mode == REPLICATED || l->mode == REPLICATED_JOB);
}

static int64_t monitor_ms(const look *l)
{
	const json_t *monitor = swarm__json_at(l->service, "Spec.UpdateConfig.Monitor");

	/* swarmkit looks at a job no longer once it is complete. */
	if (l->mode == REPLICATED_JOB || l->mode == GLOBAL_JOB)
		return 0;
	/* moby: nanoseconds. */
	return monitor ? json_integer_value(monitor) / 1000000 : DEFAULT_MONITOR_MS;
}

/* 0: goes on. Else SWARM_E_STATE: the updater gave up, and waits for somebody. */
static int check_paused(const look *l, const char *state, swarm_error *err)
{
	if (strcmp(state, "paused") != 0 && strcmp(state, "rollback_paused") != 0)
		return 0;
	return swarm__error(err, SWARM_E_STATE, "the %s was paused: %s%s%s",
			    *state == 'p' ? "update" : "rollback",
			    swarm__json_string(l->service, "UpdateStatus.Message"),
			    *l->reasons.text ? "; " : "", l->reasons.text);
}

static int timed_out(const look *l, int64_t started, swarm_error *err)
{
	swarm__error_clear(err);
	return swarm__error(
		err, SWARM_E_TIMEOUT, "%zu of %zu tasks are %s after %lld s%s%s", l->done, l->total,
		l->mode == REPLICATED_JOB || l->mode == GLOBAL_JOB ? "complete" : "running",
		(long long)swarm__seconds_since(started), *l->reasons.text ? ": " : "",
		l->reasons.text);
}

/* 0: converged. 1: not yet; *since is when it was first seen as it should be, 0 if it is not. */
static int decide(look *l, int64_t *since, swarm_error *err)
{
	const char *state = swarm__json_string(l->service, "UpdateStatus.State");
	int rc = check_paused(l, state, err);

	if (rc)
		return rc;
	if (!is_converged(l)) {
		*since = 0;
		return 1;
	}
	/* The updater has watched for the monitor's time already. */
	if (strcmp(state, "completed") == 0 || strcmp(state, "rollback_completed") == 0)
		return 0;
	if (strcmp(state, "updating") == 0 || strcmp(state, "rollback_started") == 0)
		return 1;
	if (!*since)
		*since = swarm__now_ms();
	return swarm__now_ms() - *since >= monitor_ms(l) ? 0 : 1;
}

int swarm_service_wait(swarm_client *client, const char *service, int64_t timeout_ms,
		       swarm_converged *ret_status, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm__watch SWARM__AUTO_WATCH watch = { .client = client, .type = "service" };
	swarm_error spare = SWARM_ERROR_INIT;
	int64_t started = swarm__now_ms(), since = 0, pause = 0;
	look last = { 0 };
	int rc;

	if (!err)
		err = &spare;
	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	do {
		look l = { 0 };

		rc = read_all(client, service, &deadline, &l, err);
		if (!rc)
			rc = count(&l, err);
		if (rc) {
			look_clear(&l);
			break;
		}
		look_clear(&last);
		last = l;
		swarm__progress(client, "converge", l.done, l.total, "%s", l.reasons.text);
		rc = decide(&last, &since, err);
		if (rc == 1)
			rc = swarm__watch_pause(&watch, &deadline, &pause, err);
		else
			break;
	} while (!rc);
	if (rc == SWARM_E_TIMEOUT && last.service)
		rc = timed_out(&last, started, err);
	if (!rc && ret_status)
		*ret_status = (swarm_converged){
			last.done,
			last.total,
			strncmp(swarm__json_string(last.service, "UpdateStatus.State"), "rollback",
				8) == 0,
		};
	look_clear(&last);
	return rc;
}
