/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the checks need to know, read once from one engine. What cannot be had is part of the result;
 * only a cancel and a lack of memory end a look.
 */
#include "health/internal.h"
#include "view/internal.h"

#include <string.h>

void swarm__look_clear(swarm__look *look)
{
	swarm_local_free(look->local);
	swarm_node_list_free(look->nodes);
	swarm_service_list_free(look->services);
	free(look->running);
	free(look->wanted);
	json_decref(look->cluster);
	*look = (swarm__look){ 0 };
}

static bool needs(const swarm__report *report, swarm__check_source source)
{
	for (int i = 0; i < SWARM__CHECKS; i++)
		if (report->asked[i] && swarm__check_get(i)->source == source)
			return true;
	return false;
}

/* 0 for an error that is a result; else it, in err. */
static int give_up(const swarm_error *here, swarm_error *err)
{
	if (here->code != SWARM_E_CANCELED && here->code != SWARM_E_NOMEM)
		return 0;
	return swarm__replace(err, here);
}

/* --- services ------------------------------------------------------------------------------- */

static bool is_away(const swarm_node_list *nodes, const char *id)
{
	for (size_t i = 0; nodes && i < nodes->count; i++)
		if (strcmp(nodes->nodes[i].id, id) == 0)
			return strcmp(nodes->nodes[i].state, "ready") != 0;
	return false;
}

static bool any_away(const swarm_node_list *nodes)
{
	for (size_t i = 0; nodes && i < nodes->count; i++)
		if (strcmp(nodes->nodes[i].state, "ready") != 0)
			return true;
	return false;
}

/* The places of the services by their ids; NULL without memory. */
static json_t *places_of(const swarm_service_list *services)
{
	json_t *places = json_object();

	for (size_t i = 0; places && i < services->count; i++)
		if (json_object_set_new(places, services->services[i].id,
					json_integer((json_int_t)i)) < 0) {
			json_decref(places);
			return NULL;
		}
	return places;
}

static int count_tasks(swarm__look *look, const swarm_task_list *tasks, swarm_error *err)
{
	size_t count = look->services->count;
	json_t *places = places_of(look->services);

	look->running = calloc(count + 1, sizeof(*look->running));
	look->wanted = calloc(count + 1, sizeof(*look->wanted));
	if (!places || !look->running || !look->wanted) {
		json_decref(places);
		return swarm__nomem(err);
	}
	for (size_t i = 0; i < tasks->count; i++) {
		const swarm_task *task = &tasks->tasks[i];
		const json_t *place = json_object_get(places, task->service_id);
		size_t at = (size_t)json_integer_value(place);

		if (!place)
			continue;
		look->wanted[at]++;
		if (strcmp(task->state, "running") == 0 && !is_away(look->nodes, task->node_id))
			look->running[at]++;
	}
	for (size_t i = 0; i < count; i++)
		if (look->services->services[i].replicated)
			look->wanted[i] = look->services->services[i].replicas;
	json_decref(places);
	return 0;
}

/*
 * The engine's own numbers cost no list of all tasks, but came with API 1.41, and count tasks that were
 * running on a node when it went down.
 */
static int read_running(swarm_client *client, const swarm__deadline *deadline, swarm__look *look,
			swarm_error *err)
{
	const swarm_pair filters[] = { { "desired-state", "running" }, { NULL, NULL } };
	int64_t left = swarm__deadline_left(deadline);
	swarm_task_list *tasks = NULL;
	int rc = swarm_service_list_status(client, NULL, left ? left : 1, &look->services, err);

	if (rc && rc != SWARM_E_VERSION)
		return rc;
	if (!rc && !any_away(look->nodes))
		return 0;
	if (rc) {
		swarm__error_clear(err);
		rc = swarm_service_list_get(client, NULL, left ? left : 1, &look->services, err);
	}
	if (!rc)
		rc = swarm_task_list_get(client, filters, left ? left : 1, &tasks, err);
	if (!rc)
		rc = count_tasks(look, tasks, err);
	swarm_task_list_free(tasks);
	if (rc)
		look->services = swarm_service_list_free(look->services);
	return rc;
}

/* --- all ------------------------------------------------------------------------------------ */

static int read_of_managers(swarm_client *client, const swarm__report *report,
			    const swarm__deadline *deadline, swarm__look *look, swarm_error *err)
{
	int rc = swarm__node_list(client, false, deadline, &look->nodes, &look->nodes_err);

	if (rc) {
		look->services_err = look->cluster_err = look->nodes_err;
		return give_up(&look->nodes_err, err);
	}
	if (needs(report, SWARM__SOURCE_SERVICES))
		rc = read_running(client, deadline, look, &look->services_err);
	if (rc && (rc = give_up(&look->services_err, err)))
		return rc;
	if (needs(report, SWARM__SOURCE_CLUSTER) &&
	    swarm__cluster_read(client, false, deadline, &look->cluster, &look->cluster_err))
		return give_up(&look->cluster_err, err);
	return 0;
}

int swarm__look_read(swarm_client *client, const swarm__report *report,
		     const swarm__deadline *deadline, swarm__look *look, swarm_error *err)
{
	int rc = swarm__local_read(client, deadline, &look->local, &look->local_err);

	if (!rc)
		rc = swarm__local_require_member(look->local, &look->local_err);
	if (!rc && !look->local->manager)
		rc = swarm__error(&look->local_err, SWARM_E_NOT_MANAGER,
				  "%s is a worker: ask one of the managers", look->local->name);
	if (!rc)
		return read_of_managers(client, report, deadline, look, err);
	look->nodes_err = look->services_err = look->cluster_err = look->local_err;
	return give_up(&look->local_err, err);
}
