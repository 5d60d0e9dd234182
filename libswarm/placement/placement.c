/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a task gets no node: read what the rules need, and report their result. The rules themselves are
 * in placement_rules.c.
 */
#include "placement/internal.h"

#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000 };

/* What is asked, and what was read for it. */
typedef struct question {
	json_t *service; /* NULL: the task is of none, or it is gone */
	json_t *tasks;   /* array: those that are asked about */
	json_t *nodes;   /* NULL while no task waits for one */
	swarm__node_usage *usage;
	json_t *volumes; /* {"Volumes": [...]} and who uses them; NULL: no task needs one */
	json_t *uses;
} question;

static void question_clear(question *q)
{
	swarm__node_usage_free(q->usage, json_array_size(q->nodes));
	json_decref(q->service);
	json_decref(q->tasks);
	json_decref(q->nodes);
	json_decref(q->volumes);
	json_decref(q->uses);
}
#define AUTO_QUESTION __attribute__((cleanup(question_clear)))

/* --- what is asked -------------------------------------------------------------------------- */

/* swarmkit: in the first of these it waits for its addresses, and for a node next. */
static bool is_waiting(const json_t *task)
{
	const char *state = swarm__json_string(task, "Status.State");

	return (strcmp(state, "new") == 0 || strcmp(state, "allocated") == 0 ||
		strcmp(state, "pending") == 0) &&
	       swarm__task_is_wanted(swarm__json_string(task, "DesiredState"));
}

/* The engine takes the start of an id too, so another object's may be in the way. */
static bool is_absent(int rc)
{
	return rc == SWARM_E_NOT_FOUND || rc == SWARM_E_AMBIGUOUS;
}

static int find_task(swarm_client *client, const char *ref, const swarm__deadline *deadline,
		     question *q, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	const char *service_id;
	json_t *task;
	int rc = swarm__object_get(client, SWARM_KIND_TASK, ref, deadline, &task, &here);

	if (is_absent(rc))
		return swarm__error(err, SWARM_E_NOT_FOUND,
				    "no service has the id or name '%s', and no task the id", ref);
	if (!rc) {
		q->tasks = json_array();
		if (json_array_append_new(q->tasks, task) < 0)
			return swarm__nomem(err);
		service_id = swarm__json_string(task, "ServiceID");
		if (*service_id && !swarm__is_id(service_id))
			return swarm__error(err, SWARM_E_JSON, "task.ServiceID: expected id");
		if (*service_id)
			rc = swarm__object_get(client, SWARM_KIND_SERVICE, service_id, deadline,
					       &q->service, &here);
		/* Its last tasks outlive a service. */
		if (is_absent(rc))
			rc = 0;
	}
	if (rc)
		*err = here;
	return rc;
}

/* It was given to a node, which could not run it: its image, its mounts, its command. */
static bool has_failed(const json_t *task)
{
	const char *state = swarm__json_string(task, "Status.State");

	return (strcmp(state, "rejected") == 0 || strcmp(state, "failed") == 0) &&
	       *swarm__json_string(task, "Status.Err");
}

static bool any_waits(const question *q)
{
	for (size_t i = 0; i < json_array_size(q->tasks); i++)
		if (is_waiting(json_array_get(q->tasks, i)))
			return true;
	return false;
}

/* Those that wait; if none does, the last errors say why the service does not run. */
static int keep_tasks(question *q, swarm_error *err)
{
	bool waits = any_waits(q);
	json_t *kept = json_array();
	bool good = kept != NULL;
	json_t *task;
	size_t i;

	json_array_foreach (q->tasks, i, task)
		if (good && (waits ? is_waiting(task) : has_failed(task)))
			good = json_array_append(kept, task) == 0;
	json_decref(q->tasks);
	q->tasks = kept;
	return good ? 0 : swarm__nomem(err);
}

static int find_tasks(swarm_client *client, const char *ref, const swarm__deadline *deadline,
		      question *q, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	int rc = swarm__object_get(client, SWARM_KIND_SERVICE, ref, deadline, &q->service, &here);

	if (is_absent(rc))
		return find_task(client, ref, deadline, q, err);
	if (!rc) {
		const swarm_pair filters[] = { { "service", swarm__json_string(q->service, "ID") },
					       { NULL, NULL } };

		rc = swarm__object_list(client, SWARM_KIND_TASK, filters, deadline, &q->tasks,
					&here);
	}
	if (rc) {
		*err = here;
		return rc;
	}
	return keep_tasks(q, err);
}

/* --- what is read for it -------------------------------------------------------------------- */

static bool wants_volumes(const question *q)
{
	for (size_t i = 0; i < json_array_size(q->tasks); i++)
		if (swarm__volumes_wanted(json_array_get(q->tasks, i)))
			return true;
	return false;
}

static bool wants_loads(const question *q)
{
	const json_t *ports = swarm__service_ports(q->service);

	for (size_t i = 0; i < json_array_size(q->tasks); i++)
		if (swarm__placement_needs_usage(json_array_get(q->tasks, i), ports))
			return true;
	return wants_volumes(q);
}

static int read_volumes(swarm_client *client, const swarm__deadline *deadline, const json_t *tasks,
			question *q, swarm_error *err)
{
	int rc;

	if (!wants_volumes(q))
		return 0;
	rc = swarm__call_patiently(client, SWARM_OP_VOLUME_LIST, NULL, NULL, deadline, &q->volumes,
				   err);
	if (!rc && !json_is_object(q->volumes))
		rc = swarm__error(err, SWARM_E_JSON, "volume list: expected object");
	return rc ? rc : swarm__volumes_uses(tasks, &q->uses, err);
}

/* The tasks of all services are a long list, so it is read only for the rules that need it. */
static int read_loads(swarm_client *client, const swarm__deadline *deadline, question *q,
		      swarm_error *err)
{
	json_t *tasks = NULL, *services = NULL;
	int rc = 0;

	if (wants_loads(q)) {
		rc = swarm__object_list(client, SWARM_KIND_TASK, NULL, deadline, &tasks, err);
		if (!rc)
			rc = swarm__object_list(client, SWARM_KIND_SERVICE, NULL, deadline,
						&services, err);
	}
	if (!rc)
		rc = read_volumes(client, deadline, tasks, q, err);
	if (!rc)
		rc = swarm__node_usage_make(q->nodes, tasks, services,
					    swarm__json_string(q->service, "ID"), &q->usage, err);
	json_decref(tasks);
	json_decref(services);
	return rc;
}

static int read_nodes(swarm_client *client, const swarm__deadline *deadline, question *q,
		      swarm_error *err)
{
	int rc;

	if (!any_waits(q))
		return 0;
	rc = swarm__call_patiently(client, SWARM_OP_NODE_LIST, NULL, NULL, deadline, &q->nodes,
				   err);
	if (!rc)
		rc = swarm__shape_list("node", q->nodes, "ID", err);
	/* A manager is in its own list. */
	if (!rc && json_array_size(q->nodes) == 0)
		rc = swarm__error(err, SWARM_E_JSON, "node list: it is empty");
	return rc ? rc : read_loads(client, deadline, q, err);
}

/* --- the report ----------------------------------------------------------------------------- */

/* NULL without memory. */
static json_t *make_nodes(const question *q, const json_t *task)
{
	const char *own = swarm__json_string(task, "NodeID");
	json_t *rows = json_array();

	for (size_t i = 0; rows && is_waiting(task) && i < json_array_size(q->nodes); i++) {
		const json_t *node = json_array_get(q->nodes, i);
		const char *id = swarm__json_string(node, "ID");
		swarm__reasons reasons = { "" };

		if (*own && strcmp(own, id) != 0)
			continue;
		swarm__placement_check(task, swarm__service_ports(q->service), node, &q->usage[i],
				       &reasons);
		swarm__volumes_check(task, json_object_get(q->volumes, "Volumes"), q->uses, node,
				     &reasons);
		if (json_array_append_new(
			    rows, json_pack("{s:s, s:s, s:s}", "id", id, "hostname",
					    swarm__json_string(node, "Description.Hostname"),
					    "rejected", reasons.text)) < 0) {
			json_decref(rows);
			return NULL;
		}
	}
	return rows;
}

static json_t *make_task(const question *q, const json_t *task)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", swarm__json_string(task, "ID"),
			 "service", swarm__json_string(q->service, "Spec.Name"), "state",
			 swarm__json_string(task, "Status.State"), "message",
			 swarm__json_string(task, "Status.Message"), "error",
			 swarm__json_string(task, "Status.Err"));
}

/* Are the same rules asked for both? */
static bool is_alike(const json_t *one, const json_t *other)
{
	const json_t *spec = json_object_get(one, "Spec");

	return one == other || (strcmp(swarm__json_string(one, "NodeID"),
				       swarm__json_string(other, "NodeID")) == 0 &&
				json_equal(spec, json_object_get(other, "Spec")));
}

/* How many of the tasks from first on are like that one; 0 if one before it is. */
static size_t count_alike(const json_t *tasks, size_t first)
{
	const json_t *task = json_array_get(tasks, first);
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(tasks); i++) {
		if (!is_alike(json_array_get(tasks, i), task))
			continue;
		if (i < first)
			return 0;
		count++;
	}
	return count;
}

static int make_answer(const question *q, json_t **ret_why, swarm_error *err)
{
	json_t *why = json_array();

	for (size_t i = 0; why && i < json_array_size(q->tasks); i++) {
		const json_t *task = json_array_get(q->tasks, i);
		size_t count = count_alike(q->tasks, i);
		json_t *entry = count ? json_object() : NULL;

		if (!count)
			continue;
		if (json_object_set_new(entry, "task", make_task(q, task)) < 0 ||
		    json_object_set_new(entry, "count", json_integer((json_int_t)count)) < 0 ||
		    json_object_set_new(entry, "nodes", make_nodes(q, task)) < 0) {
			json_decref(entry);
			entry = NULL;
		}
		if (json_array_append_new(why, entry) < 0) {
			json_decref(why);
			why = NULL;
		}
	}
	if (!why)
		return swarm__nomem(err);
	*ret_why = why;
	return 0;
}

int swarm_task_why(swarm_client *client, const char *ref, int64_t timeout_ms, json_t **ret_why,
		   swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	question AUTO_QUESTION q = { 0 };
	swarm_error spare = SWARM_ERROR_INIT;
	int rc;

	if (!err)
		err = &spare;
	if (!client || !ret_why)
		return swarm__error(err, SWARM_E_INVAL, "client and ret_why are required");
	if (!ref || !*ref)
		return swarm__error(err, SWARM_E_INVAL,
				    "a service's id or name, or a task's id, is required");
	rc = find_tasks(client, ref, &deadline, &q, err);
	if (!rc)
		rc = read_nodes(client, &deadline, &q, err);
	return rc ? rc : make_answer(&q, ret_why, err);
}
