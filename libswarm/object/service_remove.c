/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service is removed, and its tasks are waited for: the engine stops them later, and until then they
 * hold ports, volumes and networks.
 */
#include "object/internal.h"

#include <string.h>

/* So many ids of 25 characters have room in the target of a request. */
enum { DEFAULT_TIMEOUT_MS = 300000, AT_ONCE = 64 };

bool swarm__task_is_over(const char *state)
{
	static const char *const states[] = { "complete", "shutdown", "failed",
					      "rejected", "remove",   "orphaned" };

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (strcmp(state, states[i]) == 0)
			return true;
	return false;
}

/* Adds the ids of the tasks that are not over. */
static int read_tasks(swarm_client *client, const swarm_pair *filters,
		      const swarm__deadline *deadline, json_t *ids, swarm_error *err)
{
	json_t *tasks, *task;
	size_t i;
	int rc = swarm__object_list(client, SWARM_KIND_TASK, filters, deadline, &tasks, err);

	if (rc)
		return rc;
	json_array_foreach (tasks, i, task)
		if (!swarm__task_is_over(swarm__json_string(task, "Status.State")) &&
		    json_array_append_new(ids, json_string(swarm__json_string(task, "ID"))))
			rc = swarm__nomem(err);
	json_decref(tasks);
	return rc;
}

/* ret_left: those of ids that are not over, new. moby: the tasks of a removed service have no service. */
static int look(swarm_client *client, const json_t *ids, const swarm__deadline *deadline,
		json_t **ret_left, swarm_error *err)
{
	json_t *left = json_array();
	int rc = left ? 0 : swarm__nomem(err);

	for (size_t from = 0; !rc && from < json_array_size(ids); from += AT_ONCE) {
		swarm_pair filters[AT_ONCE + 1] = { { NULL, NULL } };

		for (size_t i = 0; i < AT_ONCE && from + i < json_array_size(ids); i++)
			filters[i] = (swarm_pair){ "id", json_string_value(
								 json_array_get(ids, from + i)) };
		rc = read_tasks(client, filters, deadline, left, err);
	}
	if (rc)
		json_decref(left);
	else
		*ret_left = left;
	return rc;
}

/* ids: stolen. */
static int wait_for_end(swarm_client *client, const char *name, json_t *ids,
			const swarm__deadline *deadline, swarm_error *err)
{
	size_t all = json_array_size(ids);
	int64_t pause = 0;
	int rc = 0;

	while (!rc && json_array_size(ids)) {
		json_t *left = NULL;

		rc = look(client, ids, deadline, &left, err);
		if (rc)
			break;
		json_decref(ids);
		ids = left;
		swarm__progress(client, "tasks", all - json_array_size(ids), all, "service %s",
				name);
		if (json_array_size(ids))
			rc = swarm__pause(client, deadline, &pause, err);
	}
	if (rc)
		rc = swarm__error_wrap(
			err, rc, "service %s was removed, but %zu of its tasks have not ended",
			name, json_array_size(ids));
	json_decref(ids);
	return rc;
}

/* ret_ids: of the tasks that are to end, new. */
static int remove_service(swarm_client *client, const char *id, const swarm__deadline *deadline,
			  json_t **ret_ids, swarm_error *err)
{
	const swarm_pair filters[] = { { "service", id }, { NULL, NULL } };
	json_t *ids = json_array();
	int rc = ids ? read_tasks(client, filters, deadline, ids, err) : swarm__nomem(err);
	int64_t left = swarm__deadline_left(deadline);

	if (!rc)
		rc = swarm_object_remove(client, SWARM_KIND_SERVICE, id, left ? left : 1, err);
	if (rc)
		json_decref(ids);
	else
		*ret_ids = ids;
	return rc;
}

int swarm_service_remove(swarm_client *client, const char *service, int64_t timeout_ms,
			 swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *object, *ids = NULL;
	int rc;

	if (!err)
		err = &spare;
	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "a client is required");
	rc = swarm__object_get(client, SWARM_KIND_SERVICE, service, &deadline, &object, err);
	if (rc)
		return rc;
	rc = remove_service(client, swarm__json_string(object, "ID"), &deadline, &ids, err);
	if (!rc)
		rc = wait_for_end(client, swarm__json_string(object, "Spec.Name"), ids, &deadline,
				  err);
	json_decref(object);
	return rc;
}
