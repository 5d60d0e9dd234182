/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is a manager: promote and demote with the wait for the raft group, which follows the record by
 * seconds. How an update is written is update.c's, and the quorum before a demotion quorum.c's.
 */
#include "events/internal.h"
#include "node/internal.h"

#include <string.h>

/* swarmkit: the role manager tries again every 5 s, and a certificate may take 16 s. */
enum { DEFAULT_TIMEOUT_MS = 120000 };

/* --- the wait for the raft group -------------------------------------------------------------- */

/*
 * A manager that demotes itself cannot be asked about the raft group for long: what it says of itself
 * counts then. As look(); why is the error if the host is another one.
 */
static int look_at_self(const swarm__node_change *change, const swarm_error *why, swarm_error *err)
{
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	int rc = swarm__local_read(change->client, &change->deadline, &local, err);

	if (rc)
		return rc;
	if (strcmp(local->node_id, change->id) != 0) {
		if (err)
			*err = *why;
		return why->code;
	}
	return local->state == SWARM_LOCAL_ACTIVE && !local->manager ? 0 : 1;
}

/*
 * 0: the raft group is as wanted. 1: not yet. Else an error. A record that is gone is out of the
 * group.
 */
static int look(const swarm__node_change *change, bool wanted, swarm_error *err)
{
	json_t *json;
	const json_t *status;
	swarm_error here = SWARM_ERROR_INIT;
	bool there;
	int rc = swarm__call_patiently(change->client, SWARM_OP_NODE_INSPECT, change->id, NULL,
				       &change->deadline, &json, &here);

	if (rc == SWARM_E_NOT_FOUND && !wanted)
		return 0;
	if ((rc == SWARM_E_NOT_MANAGER || rc == SWARM_E_UNAVAILABLE) && !wanted)
		return look_at_self(change, &here, err);
	if (rc) {
		if (err)
			*err = here;
		return rc;
	}
	/* Of another object the missing status would say that the node is out of the group. */
	rc = swarm__shape_object("node", json, "ID", err);
	if (!rc)
		rc = swarm__shape_answers("node", swarm__json_string(json, "ID"), NULL, change->id,
					  err);
	status = swarm__json_at(json, "ManagerStatus");
	if (!rc && status && !json_is_null(status) && !json_is_object(status))
		rc = swarm__error(err, SWARM_E_JSON, "ManagerStatus: expected object");
	if (rc) {
		json_decref(json);
		return rc;
	}
	there = json_is_object(status);
	/* A new member counts for the quorum at once, so it must be reachable too. */
	if (wanted)
		there = strcmp(swarm__json_string(status, "Reachability"), "reachable") == 0;
	json_decref(json);
	return there == wanted ? 0 : 1;
}

static int wait_role(const swarm__node_change *change, bool manager, swarm_error *err)
{
	swarm__watch SWARM__AUTO_WATCH watch = { .client = change->client, .type = "node" };
	const char *what = manager ? "promote" : "demote";
	int64_t pause = 0;
	int rc;

	do {
		rc = look(change, manager, err);
		if (rc >= 0)
			swarm__progress(change->client, what, rc == 0, 1, "%s", change->name);
		if (rc == 0)
			return 0;
		if (rc == 1)
			rc = swarm__watch_pause(&watch, &change->deadline, &pause, err);
	} while (!rc);
	if (rc != SWARM_E_TIMEOUT)
		return rc;
	swarm__error_clear(err);
	return swarm__error(err, rc,
			    "%s was %sd, but is %s member of the managers' group after %lld s: %s",
			    change->name, what, manager ? "not a reachable" : "still a",
			    (long long)swarm__seconds_since(change->started),
			    manager ? "see docker's log on that host" : "run again");
}

/* --- promote and demote ----------------------------------------------------------------------- */

static int set_role(swarm__node_change *change, bool manager, json_t **ret_change, swarm_error *err)
{
	json_t *patch = json_pack("{s:s}", "Role", manager ? "manager" : "worker");
	json_t *made = NULL;
	int rc = patch ? swarm__node_patch(change, patch, &made, err) : swarm__nomem(err);

	json_decref(patch);
	if (!rc)
		rc = wait_role(change, manager, err);
	if (!rc && ret_change)
		*ret_change = json_incref(made);
	json_decref(made);
	return rc;
}

int swarm__node_demote(swarm__node_change *change, json_t **ret_change, swarm_error *err)
{
	return set_role(change, false, ret_change, err);
}

static int set_role_of(swarm_client *client, const char *node, bool manager, int64_t timeout_ms,
		       json_t **ret_change, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm__node_change SWARM__AUTO_NODE_CHANGE change = { 0 };
	int rc = swarm__node_change_begin(client, node, &deadline, &change, err);

	return rc ? rc : set_role(&change, manager, ret_change, err);
}

int swarm_node_promote(swarm_client *client, const char *node, int64_t timeout_ms,
		       json_t **ret_change, swarm_error *err)
{
	return set_role_of(client, node, true, timeout_ms, ret_change, err);
}

int swarm_node_demote(swarm_client *client, const char *node, int64_t timeout_ms,
		      json_t **ret_change, swarm_error *err)
{
	return set_role_of(client, node, false, timeout_ms, ret_change, err);
}
