/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host leaves its swarm as a whole, so that nothing of it stays behind: no task is cut off, no dead
 * member counts for the quorum, no record stays. Two engines are asked: the host's own, and another
 * manager's, which outlives the host's membership.
 */
#include "cluster/internal.h"
#include "node/internal.h"

#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 600000 };

/* The host's own word on its node. ret_id: new. */
static int read_own_id(swarm_client *host, const swarm__deadline *deadline, char **ret_id,
		       swarm_error *err)
{
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	int rc = swarm__local_read(host, deadline, &local, err);

	if (rc)
		return rc;
	if (local->state == SWARM_LOCAL_LOCKED)
		return swarm__local_require_inactive(local, err);
	rc = swarm__local_require_member(local, err);
	if (rc)
		return rc;
	*ret_id = local->node_id;
	local->node_id = NULL;
	return 0;
}

/* The manager must stay when the host has gone. */
static int check_manager(swarm_client *manager, const char *host_id,
			 const swarm__deadline *deadline, swarm_error *err)
{
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	int rc = swarm__local_read(manager, deadline, &local, err);

	if (rc)
		return rc;
	if (strcmp(local->node_id, host_id) == 0)
		return swarm__error(err, SWARM_E_INVAL,
				    "the manager is the host that is to leave: give another one");
	return 0;
}

/* A manager that was demoted runs its manager part a moment longer, and may not leave till then. */
static int wait_worker(swarm_client *host, const swarm__deadline *deadline, swarm_error *err)
{
	int64_t pause = 0;

	for (;;) {
		swarm_local SWARM__AUTO_LOCAL *local = NULL;
		int rc = swarm__local_read(host, deadline, &local, err);

		if (rc || !local->manager)
			return rc;
		swarm__progress(host, "demote", 0, 1, "the manager part of %s goes on",
				local->name);
		rc = swarm__pause(host, deadline, &pause, err);
		if (rc)
			return rc;
	}
}

static int demote(swarm_client *host, swarm__node_change *node, swarm_error *err)
{
	int rc = swarm__node_demote(node, NULL, err);

	return rc ? rc : wait_worker(host, &node->deadline, err);
}

static int run(swarm_client *host, swarm__node_change *node, swarm_error *err)
{
	int rc = node->manager ? swarm__quorum_check(node, err) : 0;

	/* Nothing has been changed so far. */
	if (rc)
		return rc;
	rc = swarm__node_drain(node, NULL, err);
	if (rc)
		return swarm__error_wrap(err, rc, "drain");
	rc = node->manager ? demote(host, node, err) : 0;
	if (rc)
		return swarm__error_wrap(err, rc, "%s is drained; demote", node->name);
	rc = swarm__leave(host, false, &node->deadline, err);
	if (rc)
		return swarm__error_wrap(err, rc, "%s is drained%s; leave", node->name,
					 node->manager ? " and demoted" : "");
	/* By force: that the node is down shows only after 15 s (moby: three heartbeats). */
	rc = swarm__node_delete(node, SWARM_REMOVE_FORCE | SWARM_REMOVE_DEMOTE, err);
	if (rc == SWARM_E_NOT_FOUND) {
		swarm__error_clear(err);
		rc = 0;
	}
	return rc ? swarm__error_wrap(err, rc, "%s has left; delete of its record", node->name) : 0;
}

int swarm_leave_cleanly(swarm_client *host, swarm_client *manager, int64_t timeout_ms,
			swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm__node_change SWARM__AUTO_NODE_CHANGE node = { 0 };
	swarm_error spare = SWARM_ERROR_INIT;
	char *id = NULL;
	int rc;

	if (!err)
		err = &spare;
	if (!host || !manager)
		return swarm__error(err, SWARM_E_INVAL, "both clients are required");
	rc = read_own_id(host, &deadline, &id, err);
	if (!rc)
		rc = check_manager(manager, id, &deadline, err);
	if (!rc)
		rc = swarm__node_change_begin(manager, id, &deadline, &node, err);
	if (!rc)
		rc = run(host, &node, err);
	free(id);
	return rc;
}
