/* SPDX-License-Identifier: Apache-2.0 */
/* One look at a service whose tasks move: how many run, how many are still on the node. Reads only. */
#include "evict/internal.h"

#include <stdio.h>
#include <string.h>

static bool is_running(const json_t *task)
{
	return strcmp(swarm__json_string(task, "Status.State"), "running") == 0;
}

/* Slots with a task that runs count once, also where two run side by side (start-first). */
int swarm__evict_count(const json_t *tasks, const char *service_id, const char *node_id,
		       size_t *ret_running, size_t *ret_there, swarm_error *err)
{
	json_t *slots = json_object();
	bool good = slots != NULL;
	size_t there = 0, i;
	json_t *task;

	json_array_foreach (swarm__json_iterable(tasks), i, task) {
		char slot[24];

		if (!good || strcmp(swarm__json_string(task, "ServiceID"), service_id) != 0)
			continue;
		if (!swarm__task_is_wanted(swarm__json_string(task, "DesiredState")))
			continue;
		there += node_id && swarm__task_takes_room(task) &&
			 strcmp(swarm__json_string(task, "NodeID"), node_id) == 0;
		snprintf(slot, sizeof(slot), "%lld", (long long)swarm__json_integer(task, "Slot"));
		if (is_running(task))
			good = json_object_set_new(slots, slot, json_true()) == 0;
	}
	*ret_running = json_object_size(slots);
	if (ret_there)
		*ret_there = there;
	json_decref(slots);
	return good ? 0 : swarm__nomem(err);
}

/* Those of older tasks, which stay in the list, say nothing of the move. */
static void add_errors(const json_t *tasks, swarm__evict_look *look)
{
	json_t *task;
	size_t i;

	json_array_foreach (swarm__json_iterable(tasks), i, task) {
		const char *text = swarm__json_string(task, "Status.Err");

		if (*text && !strstr(look->errors.text, text) &&
		    swarm__task_is_of_update(look->service, task))
			swarm__names_add(&look->errors, "%s", text);
	}
}

void swarm__evict_look_clear(swarm__evict_look *look)
{
	json_decref(look->service);
	*look = (swarm__evict_look){ 0 };
}

int swarm__evict_look_at(swarm_client *client, const char *service_id, const char *node_id,
			 const swarm__deadline *deadline, swarm__evict_look *ret_look,
			 swarm_error *err)
{
	json_t *tasks;
	int rc;

	*ret_look = (swarm__evict_look){ 0 };
	rc = swarm__service_tasks(client, service_id, deadline, &ret_look->service, &tasks, err);
	if (rc || !tasks)
		return rc;
	ret_look->wanted = (size_t)swarm__json_integer(ret_look->service,
						       "Spec.Mode.Replicated.Replicas");
	rc = swarm__evict_count(tasks, service_id, node_id, &ret_look->running, &ret_look->there,
				err);
	add_errors(tasks, ret_look);
	json_decref(tasks);
	return rc;
}
