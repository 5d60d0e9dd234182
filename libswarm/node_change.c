/*
 * Change, drain and remove nodes: what must be asked before (the quorum) and waited for after (the
 * raft group, the tasks). How an update is written is update.c's.
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000, DRAIN_TIMEOUT_MS = 300000, NAMED = 3 };

/* A node that is being changed. */
typedef struct target {
	swarm_client *client;
	swarm__deadline deadline;
	int64_t started; /* monotonic ms, for texts */
	char *id;
	char *name;   /* host name, or the id of a node without one; for texts */
	bool manager; /* wants to be a manager, or is in the raft group */
	bool member;  /* is in the raft group */
} target;

static void target_clear(target *t)
{
	free(t->id);
	free(t->name);
	*t = (target){ 0 };
}

/* Fill id to member from the node's record. */
static int target_find(target *t, const char *ref, swarm_error *err)
{
	json_t *json;
	swarm_node node;
	int rc = swarm__node_get(t->client, ref, true, &t->deadline, &json, err);

	if (rc)
		return rc;
	rc = swarm__node_view(json, "", NULL, &node, err);
	if (!rc) {
		t->id = strdup(node.id);
		t->name = strdup(*node.hostname ? node.hostname : node.id);
		t->member = node.member;
		t->manager = node.member || strcmp(node.role, "manager") == 0;
		if (!t->id || !t->name)
			rc = swarm__nomem(err);
	}
	json_decref(json);
	return rc;
}

/* --- the quorum ----------------------------------------------------------------------------- */

/*
 * What the raft group is without one member. swarmkit asks the same question, but answers without
 * names, and not for a member that it can demote by a detour.
 */
static int check_list(const swarm_node_list *list, const char *id, const char *name,
		      swarm_error *err)
{
	size_t members = 0, reachable = 0, left, needed, more = 0;
	const swarm_node *leaving = NULL;
	swarm__names dead = { 0 };

	for (size_t i = 0; i < list->count; i++) {
		const swarm_node *node = &list->nodes[i];
		bool reached = strcmp(node->reachability, "reachable") == 0;

		if (!node->member)
			continue;
		members++;
		reachable += reached;
		if (strcmp(node->id, id) == 0)
			leaving = node;
		else if (!reached && more++ < NAMED)
			swarm__names_add(&dead, "%s", node->hostname);
	}
	/* Wanted as a manager, but not in the group yet: it has no vote to lose. */
	if (!leaving)
		return 0;
	if (members == 1)
		return swarm__error(err, SWARM_E_QUORUM,
				    "%s is the last manager: promote another node first", name);
	left = reachable - (strcmp(leaving->reachability, "reachable") == 0 ? 1 : 0);
	needed = (members - 1) / 2 + 1;
	if (left >= needed)
		return 0;
	return swarm__error(
		err, SWARM_E_QUORUM,
		"demoting %s would leave %zu of %zu managers reachable, %zu %s needed: bring "
		"%s back first",
		name, left, members - 1, needed, needed == 1 ? "is" : "are", dead.text);
}

static bool demotes(const json_t *before, const json_t *after)
{
	return strcmp(swarm__json_string(before, "Role"), "manager") == 0 &&
	       strcmp(swarm__json_string(after, "Role"), "worker") == 0;
}

/* The check of swarm__update. */
static int check_quorum(void *payload, const json_t *before, const json_t *after, swarm_error *err)
{
	const target *t = payload;
	swarm_node_list *list;
	int rc;

	if (!demotes(before, after))
		return 0;
	rc = swarm__node_list(t->client, false, &t->deadline, &list, err);
	if (rc)
		return rc;
	rc = check_list(list, t->id, t->name, err);
	swarm_node_list_free(list);
	return rc;
}

/* --- change --------------------------------------------------------------------------------- */

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
					    "label '%s' is a string, or null to remove it", label);
	return 0;
}

static int change(target *t, const json_t *patch, json_t **ret_change, swarm_error *err)
{
	const swarm__update update = {
		.inspect = SWARM_OP_NODE_INSPECT,
		.update = SWARM_OP_NODE_UPDATE,
		.id = t->id,
		.patch = patch,
		.check = check_quorum,
		.payload = t,
	};
	json_t *made;
	int rc = swarm__update_run(t->client, &update, &t->deadline, &made, err);

	if (rc)
		return rc;
	if (ret_change && json_object_set_new(made, "id", json_string(t->id)) < 0)
		rc = swarm__nomem(err);
	else if (ret_change)
		*ret_change = json_incref(made);
	json_decref(made);
	return rc;
}

int swarm_node_update(swarm_client *client, const char *node, const json_t *patch,
		      int64_t timeout_ms, json_t **ret_change, swarm_error *err)
{
	target t = { .client = client,
		     .deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS),
		     .started = swarm__now_ms() };
	int rc;

	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	rc = check_patch(patch, err);
	if (!rc)
		rc = target_find(&t, node, err);
	if (!rc)
		rc = change(&t, patch, ret_change, err);
	target_clear(&t);
	return rc;
}

/* --- drain ---------------------------------------------------------------------------------- */

/*
 * Does this task run on the node, or is it about to? What the managers want of it does not matter
 * once the node has it: a task that is to shut down runs until it did. moby: the order of states.
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
static int count_tasks(const target *t, size_t *ret_left, swarm__names *ret_names, swarm_error *err)
{
	char filters[512];
	const swarm_query query[] = { { "filters", filters }, { NULL, NULL } };
	json_t *tasks, *task;
	swarm__names names = { 0 };
	size_t left = 0, i;
	int rc;

	snprintf(filters, sizeof(filters), "{\"node\":[\"%s\"]}", t->id);
	rc = swarm__call_patiently(t->client, SWARM_OP_TASK_LIST, NULL, query, &t->deadline, &tasks,
				   err);
	if (rc)
		return rc;
	/* moby: null is an empty list. */
	if (!json_is_array(tasks) && !json_is_null(tasks))
		rc = swarm__error(err, SWARM_E_JSON, "task list: expected array");
	json_array_foreach (tasks, i, task) {
		if (!is_left(task, t->id))
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

static int wait_idle(const target *t, swarm_error *err)
{
	swarm__names names = { 0 };
	int64_t pause = 0;
	size_t left = 0;
	int rc;

	do {
		rc = count_tasks(t, &left, &names, err);
		if (!rc && left == 0)
			return 0;
		if (!rc)
			rc = swarm__pause(t->client, &t->deadline, &pause, err);
	} while (!rc);
	if (rc != SWARM_E_TIMEOUT || left == 0)
		return rc;
	swarm__error_clear(err);
	return swarm__error(err, SWARM_E_TIMEOUT, "%zu %s still on %s after %lld s: %s%s", left,
			    left == 1 ? "task is" : "tasks are", t->name,
			    (long long)swarm__seconds_since(t->started), names.text,
			    left > NAMED ? " and others" : "");
}

int swarm_node_drain(swarm_client *client, const char *node, int64_t timeout_ms,
		     json_t **ret_change, swarm_error *err)
{
	target t = { .client = client,
		     .deadline = swarm__deadline_in(timeout_ms, DRAIN_TIMEOUT_MS),
		     .started = swarm__now_ms() };
	json_t *patch, *made = NULL;
	int rc;

	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	patch = json_pack("{s:s}", "Availability", "drain");
	rc = patch ? target_find(&t, node, err) : swarm__nomem(err);
	if (!rc)
		rc = change(&t, patch, &made, err);
	if (!rc)
		rc = wait_idle(&t, err);
	if (!rc && ret_change)
		*ret_change = json_incref(made);
	json_decref(made);
	json_decref(patch);
	target_clear(&t);
	return rc;
}

/* --- remove --------------------------------------------------------------------------------- */

/* 0: out of the raft group, or the record is gone. 1: not yet. Else an error. */
static int look_demoted(const target *t, swarm_error *err)
{
	json_t *json;
	bool member;
	int rc = swarm__call_patiently(t->client, SWARM_OP_NODE_INSPECT, t->id, NULL, &t->deadline,
				       &json, err);

	if (rc == SWARM_E_NOT_FOUND) {
		swarm__error_clear(err);
		return 0;
	}
	if (rc)
		return rc;
	member = json_is_object(swarm__json_at(json, "ManagerStatus"));
	json_decref(json);
	return member;
}

static int wait_demoted(const target *t, swarm_error *err)
{
	int64_t pause = 0;
	int rc;

	do {
		rc = look_demoted(t, err);
		if (rc == 0)
			return 0;
		if (rc == 1)
			rc = swarm__pause(t->client, &t->deadline, &pause, err);
	} while (!rc);
	if (rc != SWARM_E_TIMEOUT)
		return rc;
	swarm__error_clear(err);
	return swarm__error(
		err, rc,
		"%s was demoted, but is still a member of the managers' group after %lld s: "
		"run again",
		t->name, (long long)swarm__seconds_since(t->started));
}

static int demote(target *t, swarm_error *err)
{
	json_t *patch = json_pack("{s:s}", "Role", "worker");
	int rc = patch ? change(t, patch, NULL, err) : swarm__nomem(err);

	json_decref(patch);
	return rc ? rc : wait_demoted(t, err);
}

static int delete_record(const target *t, unsigned flags, swarm_error *err)
{
	const swarm_query forced[] = { { "force", "true" }, { NULL, NULL } };
	swarm_error last = SWARM_ERROR_INIT;
	bool unsure = false;
	int64_t pause = 0;
	int rc;

	for (;;) {
		swarm_error here = SWARM_ERROR_INIT;
		bool racing;

		rc = swarm__call(t->client, SWARM_OP_NODE_DELETE, t->id,
				 flags & SWARM_REMOVE_FORCE ? forced : NULL, NULL, &t->deadline,
				 NULL, &here);
		/* A delete that the engine gave up waiting for may have gone through. */
		if (!rc || (rc == SWARM_E_NOT_FOUND && unsure))
			return 0;
		if (!(rc == SWARM_E_TIMEOUT && last.code))
			last = here;
		/* swarmkit: the demotion of a moment ago is not everywhere yet. */
		racing = flags & SWARM_REMOVE_DEMOTE && here.http_status == 400 &&
			 strstr(here.text, "must be demoted");
		if (!racing && !swarm__may_pass(&here))
			break;
		unsure = unsure || !racing;
		swarm__error_clear(&here);
		rc = swarm__pause(t->client, &t->deadline, &pause, &here);
		if (rc == SWARM_E_CANCELED)
			last = here;
		if (rc)
			break;
	}
	if (err)
		*err = last;
	return last.code;
}

int swarm_node_remove(swarm_client *client, const char *node, unsigned flags, int64_t timeout_ms,
		      swarm_error *err)
{
	target t = { .client = client,
		     .deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS),
		     .started = swarm__now_ms() };
	int rc;

	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	if (flags & ~(SWARM_REMOVE_FORCE | SWARM_REMOVE_DEMOTE))
		return swarm__error(err, SWARM_E_INVAL, "unknown removal flags 0x%x", flags);
	rc = target_find(&t, node, err);
	if (!rc && flags & SWARM_REMOVE_DEMOTE && t.manager)
		rc = demote(&t, err);
	if (!rc)
		rc = delete_record(&t, flags, err);
	target_clear(&t);
	return rc;
}
