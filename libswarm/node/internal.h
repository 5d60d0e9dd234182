/* SPDX-License-Identifier: Apache-2.0 */
/* What node/ offers: one node, read or changed, and the managers' quorum. */
#ifndef SWARM_NODE_INTERNAL_H
#define SWARM_NODE_INTERNAL_H

#include "common/internal.h"

/* --- node.c ------------------------------------------------------------------------------ */

/*
 * Read a node by id, exact host name or "self" (no id prefix). patient: wait out an election.
 * ret_node: new reference.
 */
int swarm__node_get(swarm_client *client, const char *ref, bool patient,
		    const swarm__deadline *deadline, json_t **ret_node, swarm_error *err);
/*
 * As swarm_node_list_get(), within a deadline, for conclusions: a manager is in its own list, so an
 * empty one is SWARM_E_JSON, and so is an id that cannot go into a path.
 */
int swarm__node_list(swarm_client *client, bool patient, const swarm__deadline *deadline,
		     swarm_node_list **ret_list, swarm_error *err);

/* --- node_change.c: a node that is being changed ------------------------------------------ */

typedef struct swarm__node_change {
	swarm_client *client;
	swarm__deadline deadline;
	int64_t started; /* monotonic ms, for texts */
	char *id;
	char *name;     /* host name, or the id of a node without one; for texts */
	bool proven;    /* read the node after the write: nobody waits for its effect */
	bool manager;   /* is in the raft group, or wants to be and is ready */
	json_t *spared; /* NULL, or ids of services whose tasks a drain does not wait for */
} swarm__node_change;

/*
 * Start with a deadline and fill the rest from the node's record. ret_node is to be cleared in any
 * case. 0, SWARM_E_INVAL (no client), and the errors of swarm__node_get().
 */
int swarm__node_change_begin(swarm_client *client, const char *node,
			     const swarm__deadline *deadline, swarm__node_change *ret_node,
			     swarm_error *err);
/* The same from a record that was read before. 0 or SWARM_E_NOMEM. */
int swarm__node_change_of(swarm_client *client, const json_t *node, const swarm__deadline *deadline,
			  swarm__node_change *ret_node, swarm_error *err);
void swarm__node_change_clear(swarm__node_change *change);
#define SWARM__AUTO_NODE_CHANGE __attribute__((cleanup(swarm__node_change_clear)))

/* Merge a patch into its spec, the quorum checked first where it demotes. ret_change may be NULL. */
int swarm__node_patch(swarm__node_change *change, const json_t *patch, json_t **ret_change,
		      swarm_error *err);
/* Drain, and wait until no task is left. ret_change may be NULL. */
int swarm__node_drain(swarm__node_change *change, json_t **ret_change, swarm_error *err);

/* --- quorum.c ------------------------------------------------------------------------------ */

/* The quorum of the managers in a list, as swarm_quorum_get() gives it. */
swarm_quorum swarm__quorum_count(const swarm_node_list *list);
/* SWARM_E_QUORUM where the raft group would not hold without this node. */
int swarm__quorum_check(const swarm__node_change *change, swarm_error *err);

/* --- node_role.c --------------------------------------------------------------------------- */

/* Demote, and wait until it is out of the raft group. ret_change may be NULL. */
int swarm__node_demote(swarm__node_change *change, json_t **ret_change, swarm_error *err);

/* --- node_remove.c ------------------------------------------------------------------------- */

/* Delete the record; flags are SWARM_REMOVE_. */
int swarm__node_delete(const swarm__node_change *change, unsigned flags, swarm_error *err);

#endif
