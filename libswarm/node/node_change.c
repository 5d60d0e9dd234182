/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Change and drain nodes: the checks before a change, and the wait until no task is left. How an
 * update is written is update.c's, and who may stop being a manager is quorum.c's.
 */
#include "node/internal.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000, DRAIN_TIMEOUT_MS = 300000, NAMED = 3 };

/* --- a node that is being changed ------------------------------------------------------------- */

void swarm__node_change_clear(swarm__node_change *change)
{
	free(change->id);
	free(change->name);
	json_decref(change->spared);
	*change = (swarm__node_change){ 0 };
}

static int fill(swarm__node_change *change, const json_t *node, swarm_error *err)
{
	const char *id = swarm__json_string(node, "ID");
	const char *name = swarm__json_string(node, "Description.Hostname");

	change->id = strdup(id);
	change->name = strdup(*name ? name : id);
	/*
	 * swarmkit: the record of a manager from before a force-new-cluster keeps the role manager
	 * forever, because a node outside the raft group cannot be demoted; the record can be deleted
	 * as it is. A new leader reports it as unknown first, then as down. One that is ready is about
	 * to join the group.
	 */
	change->manager = json_is_object(swarm__json_at(node, "ManagerStatus")) ||
			  (strcmp(swarm__json_string(node, "Spec.Role"), "manager") == 0 &&
			   strcmp(swarm__json_string(node, "Status.State"), "ready") == 0);
	return change->id && change->name ? 0 : swarm__nomem(err);
}

int swarm__node_change_of(swarm_client *client, const json_t *node, const swarm__deadline *deadline,
			  swarm__node_change *ret_node, swarm_error *err)
{
	*ret_node = (swarm__node_change){ .client = client,
					  .deadline = *deadline,
					  .started = swarm__now_ms() };
	return fill(ret_node, node, err);
}

int swarm__node_change_begin(swarm_client *client, const char *node,
			     const swarm__deadline *deadline, swarm__node_change *ret_node,
			     swarm_error *err)
{
	json_t *json;
	int rc;

	*ret_node = (swarm__node_change){ 0 };
	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	rc = swarm__node_get(client, node, true, deadline, &json, err);
	if (rc)
		return rc;
	rc = swarm__node_change_of(client, json, deadline, ret_node, err);
	json_decref(json);
	return rc;
}

/* --- change --------------------------------------------------------------------------------- */

static bool demotes(const json_t *before, const json_t *after)
{
	return strcmp(swarm__json_string(before, "Role"), "manager") == 0 &&
	       strcmp(swarm__json_string(after, "Role"), "worker") == 0;
}

/* The check of swarm__update. */
static int check_quorum(void *payload, const json_t *before, const json_t *after, swarm_error *err)
{
	return demotes(before, after) ? swarm__quorum_check(payload, err) : 0;
}

/* moby takes some of this in another case of letters, and answers the rest with a 400. */
static int check_patch(const json_t *patch, swarm_error *err)
{
	const json_t *role = json_object_get(patch, "Role");
	const json_t *availability = json_object_get(patch, "Availability");
	const json_t *name = json_object_get(patch, "Name");
	json_t *labels = json_object_get(patch, "Labels");
	const char *label;
	json_t *value;

	if (!patch)
		return swarm__error(err, SWARM_E_INVAL, "a change is required");
	if (swarm__patch_check(SWARM_OP_NODE_UPDATE, patch, err))
		return SWARM_E_INVAL;
	if (role && (!json_is_string(role) || (strcmp(json_string_value(role), "worker") != 0 &&
					       strcmp(json_string_value(role), "manager") != 0)))
		return swarm__error(err, SWARM_E_INVAL, "Role is 'worker' or 'manager'");
	if (availability && !json_is_string(availability))
		return swarm__error(err, SWARM_E_INVAL, "Availability is a string");
	if (availability && swarm__availability_check(json_string_value(availability), err))
		return SWARM_E_INVAL;
	if (name && !json_is_string(name))
		return swarm__error(err, SWARM_E_INVAL, "Name is a string");
	if (labels && !json_is_object(labels))
		return swarm__error(err, SWARM_E_INVAL, "Labels is an object of strings");
	json_object_foreach (labels, label, value)
		if (!json_is_string(value) && !json_is_null(value))
			return swarm__error(err, SWARM_E_INVAL,
					    "label '%s' must be a string, or null to remove it",
					    label);
	return 0;
}

int swarm__node_patch(swarm__node_change *change, const json_t *patch, json_t **ret_change,
		      swarm_error *err)
{
	const swarm__update update = {
		.inspect = SWARM_OP_NODE_INSPECT,
		.update = SWARM_OP_NODE_UPDATE,
		.id = change->id,
		.patch = patch,
		.check = check_quorum,
		.payload = change,
		.proven = change->proven,
	};
	json_t *made;
	int rc = swarm__update_run(change->client, &update, &change->deadline, &made, err);

	if (rc)
		return rc;
	if (ret_change && json_object_set_new(made, "id", json_string(change->id)) < 0)
		rc = swarm__nomem(err);
	else if (ret_change)
		*ret_change = json_incref(made);
	json_decref(made);
	return rc;
}

int swarm_node_update(swarm_client *client, const char *node, const json_t *patch,
		      int64_t timeout_ms, json_t **ret_change, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm__node_change SWARM__AUTO_NODE_CHANGE change = { 0 };
	int rc;

	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	rc = check_patch(patch, err);
	if (!rc)
		rc = swarm__node_change_begin(client, node, &deadline, &change, err);
	change.proven = true;
	return rc ? rc : swarm__node_patch(&change, patch, ret_change, err);
}

/* {"Labels": {name: value or null}}; NULL without memory. */
static json_t *label_patch(const swarm_pair *labels)
{
	json_t *members = json_object();

	for (; members && labels->name; labels++) {
		json_t *value = labels->value ? json_string(labels->value) : json_null();

		if (json_object_set_new(members, labels->name, value) < 0) {
			json_decref(members);
			return NULL;
		}
	}
	return members ? json_pack("{s:o}", "Labels", members) : NULL;
}

int swarm_node_label(swarm_client *client, const char *node, const swarm_pair *labels,
		     int64_t timeout_ms, json_t **ret_change, swarm_error *err)
{
	json_t *patch;
	int rc;

	if (!labels)
		return swarm__error(err, SWARM_E_INVAL, "labels are required");
	for (const swarm_pair *label = labels; label->name; label++)
		if (swarm__utf8_check("the name of a label", label->name, err) ||
		    swarm__utf8_check("the value of a label", label->value, err))
			return SWARM_E_INVAL;
	patch = label_patch(labels);
	if (!patch)
		return swarm__nomem(err);
	rc = swarm_node_update(client, node, patch, timeout_ms, ret_change, err);
	json_decref(patch);
	return rc;
}

/* --- drain ---------------------------------------------------------------------------------- */

/*
 * Does this task run on the node, or is it about to? Its desired state does not matter once the node
 * has it: a task that must shut down runs until it has. moby: the order of states.
 */
static bool is_left(const json_t *task, const char *node_id)
{
	static const char *const waiting[] = { "new", "allocated", "pending" };
	static const char *const there[] = { "assigned", "accepted", "preparing",
					     "ready",    "starting", "running" };
	const char *state = swarm__json_string(task, "Status.State");
	const char *desired = swarm__json_string(task, "DesiredState");

	if (strcmp(swarm__json_string(task, "NodeID"), node_id) != 0)
		return false;
	for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++)
		if (strcmp(state, there[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(waiting) / sizeof(waiting[0]); i++)
		if (strcmp(state, waiting[i]) == 0)
			return strcmp(desired, "running") == 0 || strcmp(desired, "ready") == 0;
	return false;
}

/* Tasks left on the node, with the names of a few. */
static int count_tasks(const swarm__node_change *change, size_t *ret_left, swarm__names *ret_names,
		       swarm_error *err)
{
	char filters[512];
	const swarm_pair query[] = { { "filters", filters }, { NULL, NULL } };
	json_t *tasks, *task;
	swarm__names names = { 0 };
	size_t left = 0, i;
	int rc;

	snprintf(filters, sizeof(filters), "{\"node\":[\"%s\"]}", change->id);
	rc = swarm__call_patiently(change->client, SWARM_OP_TASK_LIST, NULL, query,
				   &change->deadline, &tasks, err);
	if (rc)
		return rc;
	rc = swarm__shape_list("task", tasks, "ID", err);
	json_array_foreach (tasks, i, task) {
		if (!is_left(task, change->id) ||
		    json_object_get(change->spared, swarm__json_string(task, "ServiceID")))
			continue;
		if (left++ < NAMED)
			swarm__names_add(&names, "%s (%s)", swarm__json_string(task, "ID"),
					 swarm__json_string(task, "Status.State"));
	}
	json_decref(tasks);
	if (!rc) {
		*ret_left = left;
		*ret_names = names;
	}
	return rc;
}

/*
 * By polling, because tasks have no events (moby: noderunner.go watches nodes, services, networks,
 * secrets and configs).
 */
static int wait_idle(const swarm__node_change *change, swarm_error *err)
{
	swarm__names names = { 0 };
	int64_t pause = 0;
	size_t left = 0, most = 0;
	int rc;

	do {
		rc = count_tasks(change, &left, &names, err);
		if (!rc) {
			most = left > most ? left : most;
			swarm__progress(change->client, "drain", most - left, most, "%s%s%s",
					change->name, left ? ": " : "", names.text);
		}
		if (!rc && left == 0)
			return 0;
		if (!rc)
			rc = swarm__pause(change->client, &change->deadline, &pause, err);
	} while (!rc);
	if (rc != SWARM_E_TIMEOUT || left == 0)
		return rc;
	swarm__error_clear(err);
	return swarm__error(err, SWARM_E_TIMEOUT, "%zu %s still on %s after %lld s: %s%s", left,
			    left == 1 ? "task is" : "tasks are", change->name,
			    (long long)swarm__seconds_since(change->started), names.text,
			    left > NAMED ? " and others" : "");
}

int swarm__node_drain(swarm__node_change *change, json_t **ret_change, swarm_error *err)
{
	json_t *patch = json_pack("{s:s}", "Availability", "drain");
	json_t *made = NULL;
	int rc = patch ? swarm__node_patch(change, patch, &made, err) : swarm__nomem(err);

	if (!rc)
		rc = wait_idle(change, err);
	if (!rc && ret_change)
		*ret_change = json_incref(made);
	json_decref(made);
	json_decref(patch);
	return rc;
}

int swarm_node_drain(swarm_client *client, const char *node, int64_t timeout_ms,
		     json_t **ret_change, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DRAIN_TIMEOUT_MS);
	swarm__node_change SWARM__AUTO_NODE_CHANGE change = { 0 };
	int rc = swarm__node_change_begin(client, node, &deadline, &change, err);

	return rc ? rc : swarm__node_drain(&change, ret_change, err);
}
