/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rollout that swarm rolled back: whether a spec is the one that failed, and what its tasks failed of.
 * The engine keeps no spec of such a rollout; its tasks, which stay in the history for a while, do.
 */
#include "object/internal.h"

#include <string.h>

static int list_tasks(swarm_client *client, const json_t *service, const swarm__deadline *deadline,
		      json_t **ret_tasks, swarm_error *err)
{
	const swarm_pair filters[] = { { "service", swarm__json_string(service, "ID") },
				       { NULL, NULL } };

	return swarm__object_list(client, SWARM_KIND_TASK, filters, deadline, ret_tasks, err);
}

/* moby: RFC 3339 in UTC, without zeros at the end of the fraction. */
static bool is_before(const char *a, const char *b)
{
	size_t same = 0;

	while (a[same] && a[same] == b[same])
		same++;
	if (a[same] == 'Z' || b[same] == 'Z')
		return a[same] == 'Z' && b[same] != 'Z' && b[same];
	return a[same] < b[same];
}

bool swarm__task_is_of_update(const json_t *service, const json_t *task)
{
	return !is_before(swarm__json_string(task, "CreatedAt"),
			  swarm__json_string(service, "UpdateStatus.StartedAt"));
}

/* Was the task made by the rollout, and not wanted any more? */
static bool is_of_rollout(const json_t *service, const json_t *task)
{
	return !swarm__task_is_wanted(swarm__json_string(task, "DesiredState")) &&
	       swarm__task_is_of_update(service, task);
}

static void add_error(const json_t *service, const json_t *task, swarm__names *reasons)
{
	const char *error = swarm__json_string(task, "Status.Err");

	if (*error && !strstr(reasons->text, error))
		swarm__names_add(reasons, "%s.%lld (%s): %s",
				 swarm__json_string(service, "Spec.Name"),
				 (long long)swarm__json_integer(task, "Slot"),
				 swarm__json_string(task, "Status.State"), error);
}

/* A task's own spec has no runtime (moby). New; NULL without memory. */
static json_t *make_comparable(const json_t *task_template)
{
	json_t *copy = json_object();
	int rc = copy ? json_object_update(copy, swarm__json_iterable(task_template)) : -1;

	if (rc) {
		json_decref(copy);
		return NULL;
	}
	json_object_del(copy, "Runtime");
	return copy;
}

/* wanted: NULL, or only tasks of this spec count. Gives their number. */
static size_t collect(const json_t *service, const json_t *tasks, const json_t *wanted,
		      swarm__names *reasons)
{
	size_t i, count = 0;
	json_t *task;

	json_array_foreach (swarm__json_iterable(tasks), i, task) {
		if (!is_of_rollout(service, task) ||
		    (wanted && !swarm__spec_equal(json_object_get(task, "Spec"), wanted)))
			continue;
		add_error(service, task, reasons);
		count++;
	}
	return count;
}

int swarm__rollout_errors(swarm_client *client, const json_t *service,
			  const swarm__deadline *deadline, swarm__names *reasons, swarm_error *err)
{
	json_t *tasks;
	int rc = list_tasks(client, service, deadline, &tasks, err);

	if (rc)
		return rc;
	collect(service, tasks, NULL, reasons);
	json_decref(tasks);
	return 0;
}

int swarm__rolled_back(swarm_client *client, const json_t *service, const json_t *spec,
		       const swarm__deadline *deadline, json_t **ret_reason, swarm_error *err)
{
	const char *state = swarm__json_string(service, "UpdateStatus.State");
	swarm__names reasons = { 0 };
	json_t *tasks, *wanted;
	int rc;

	json_decref(*ret_reason);
	*ret_reason = NULL;
	if (strncmp(state, "rollback_", 9) != 0)
		return 0;
	rc = list_tasks(client, service, deadline, &tasks, err);
	if (rc)
		return rc;
	wanted = make_comparable(json_object_get(spec, "TaskTemplate"));
	rc = wanted ? 0 : swarm__nomem(err);
	if (!rc && collect(service, tasks, wanted, &reasons)) {
		*ret_reason = json_sprintf("%s%s%s",
					   swarm__json_string(service, "UpdateStatus.Message"),
					   *reasons.text ? "; " : "", reasons.text);
		rc = *ret_reason ? 0 : swarm__nomem(err);
	}
	json_decref(wanted);
	json_decref(tasks);
	return rc;
}
