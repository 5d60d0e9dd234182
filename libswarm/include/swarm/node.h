/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes of the swarm, through a manager.
 *
 * A node is named by its full id, by its exact host name, or by "self" (this host). A name that two
 * nodes share is SWARM_E_AMBIGUOUS and lists their ids. Id prefixes are not accepted.
 *
 * Timeouts as in <swarm/cluster.h>. Beside the errors named, each function gives those of the
 * transport and of the engine, SWARM_E_NOT_MANAGER and SWARM_E_NO_LEADER.
 */
#ifndef SWARM_NODE_H
#define SWARM_NODE_H

#include <swarm/client.h>
#include <swarm/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * List the nodes, ordered by id.
 *
 * @param timeout_ms  0: 60 s
 * @param ret_list    new; free with swarm_node_list_free()
 * @return 0, SWARM_E_JSON (the text names the path of what is wrong)
 */
int swarm_node_list_get(swarm_client *client, int64_t timeout_ms, swarm_node_list **ret_list,
			swarm_error *err);

/**
 * List the nodes that fit filters: "id", "name" (the host name), "role", "membership", "label" (of the
 * engine), "node.label" (since API 1.40). Id and name are exact, while the engine's are the start of
 * a value.
 *
 * @param filters     NULL, or names and values, ends with a NULL name; values of one name are
 *                    alternatives, different names must all fit
 * @param timeout_ms  0: 60 s
 * @param ret_list    new; free with swarm_node_list_free()
 * @return 0, SWARM_E_INVAL, SWARM_E_HTTP (a filter or value that the engine does not know)
 */
int swarm_node_list_filtered(swarm_client *client, const swarm_pair *filters, int64_t timeout_ms,
			     swarm_node_list **ret_list, swarm_error *err);

/**
 * Find a node in a list.
 *
 * @param list      borrowed
 * @param ref       full id, or exact host name
 * @param ret_node  borrowed until the list is freed
 * @return 0, SWARM_E_NOT_FOUND, SWARM_E_AMBIGUOUS (lists the ids), SWARM_E_INVAL
 *
 * Thread rule: any thread that may read the list.
 */
int swarm_node_find(const swarm_node_list *list, const char *ref, const swarm_node **ret_node,
		    swarm_error *err);

/**
 * Inspect a node.
 *
 * @param node      id, host name or "self"
 * @param ret_node  new reference: the engine's JSON
 * @return 0, SWARM_E_NOT_FOUND, SWARM_E_AMBIGUOUS
 */
int swarm_node_inspect(swarm_client *client, const char *node, int64_t timeout_ms,
		       json_t **ret_node, swarm_error *err);

/**
 * Change a node's spec: read, merge, send with the index read, and again where another writer came
 * first. Role, Availability and Labels are the fields; a label given as null is removed.
 * A demotion that would lose the quorum is refused with the arithmetic.
 *
 * @param node        id, host name or "self"
 * @param patch       JSON merge patch (RFC 7396) of the node's Spec
 * @param timeout_ms  0: 60 s
 * @param ret_change  NULL, or new reference: {"id": node id, "old": spec, "new": spec}; both are
 *                    equal, and nothing was sent, where the patch changes nothing
 * @return 0, SWARM_E_NOT_FOUND, SWARM_E_AMBIGUOUS, SWARM_E_INVAL, SWARM_E_QUORUM, SWARM_E_SEQUENCE
 */
int swarm_node_update(swarm_client *client, const char *node, const json_t *patch,
		      int64_t timeout_ms, json_t **ret_change, swarm_error *err);

/**
 * Set and remove labels of a node. The others stay.
 *
 * @param node        id, host name or "self"
 * @param labels      names and values, ends with a NULL name; a NULL value removes the label
 * @param timeout_ms  0: 60 s
 * @param ret_change  as for swarm_node_update()
 * @return as swarm_node_update()
 */
int swarm_node_label(swarm_client *client, const char *node, const swarm_pair *labels,
		     int64_t timeout_ms, json_t **ret_change, swarm_error *err);

/**
 * Make a node a manager, and wait until it is a reachable member of the managers' raft group.
 *
 * @param node        id, host name or "self"
 * @param timeout_ms  0: 120 s
 * @param ret_change  as for swarm_node_update()
 * @return as swarm_node_update(), and SWARM_E_TIMEOUT (the promotion goes on,
 *         as after a cancel)
 */
int swarm_node_promote(swarm_client *client, const char *node, int64_t timeout_ms,
		       json_t **ret_change, swarm_error *err);

/**
 * Make a node a worker, and wait until it is out of the managers' raft group; of this host itself,
 * until it reports that it is not a manager. Refused, with the numbers, if the quorum would be lost.
 *
 * @param node        id, host name or "self"
 * @param timeout_ms  0: 120 s
 * @param ret_change  as for swarm_node_update()
 * @return as swarm_node_update(), and SWARM_E_TIMEOUT (the demotion goes on,
 *         as after a cancel)
 */
int swarm_node_demote(swarm_client *client, const char *node, int64_t timeout_ms,
		      json_t **ret_change, swarm_error *err);

/** The managers' raft group, and what it can lose. */
typedef struct swarm_quorum {
	int64_t managers;  /**< its members */
	int64_t reachable; /**< those of them that the others reach */
	int64_t needed;    /**< how many must be reachable: more than half */
	int64_t losses;    /**< how many of those that are reachable may fail */
} swarm_quorum;

/**
 * Compute the quorum as it is, or as it would be after some managers have joined and then some nodes
 * have left the raft group, one after the other. Each demotion makes the same check. Changes nothing.
 *
 * @param joining     number of reachable managers to add; 0 to 1000
 * @param leaving     NULL, or full ids and exact host names in the order in which they would go, ends
 *                    with NULL; a node that is not a member of the group changes nothing
 * @param timeout_ms  0: 60 s
 * @param ret_quorum  of those that stay
 * @return 0, SWARM_E_QUORUM (the numbers for the first that may not leave), SWARM_E_NOT_FOUND,
 *         SWARM_E_AMBIGUOUS, SWARM_E_INVAL
 */
int swarm_quorum_get(swarm_client *client, int64_t joining, const char *const *leaving,
		     int64_t timeout_ms, swarm_quorum *ret_quorum, swarm_error *err);

/**
 * Drain a node and wait until no task runs on it.
 *
 * @param timeout_ms  0: 300 s
 * @param ret_change  as for swarm_node_update()
 * @return as swarm_node_update(), and SWARM_E_TIMEOUT (says how many tasks are left)
 */
int swarm_node_drain(swarm_client *client, const char *node, int64_t timeout_ms,
		     json_t **ret_change, swarm_error *err);

/** Flags of swarm_node_remove(). */
#define SWARM_REMOVE_FORCE 1U  /**< also a node that is not down */
#define SWARM_REMOVE_DEMOTE 2U /**< demote a manager first, and wait until it left the raft group */

/**
 * Delete a node's record. The host itself is not notified; run leave on it.
 *
 * @param node        id, host name or "self"
 * @param flags       SWARM_REMOVE_ flags
 * @param timeout_ms  0: 60 s
 * @return 0, SWARM_E_NOT_FOUND, SWARM_E_AMBIGUOUS, SWARM_E_QUORUM (with the numbers; nothing was
 *         changed), SWARM_E_HTTP (the engine's reason: not down, still a manager)
 */
int swarm_node_remove(swarm_client *client, const char *node, unsigned flags, int64_t timeout_ms,
		      swarm_error *err);

/**
 * Delete the records of all workers that are down. Never a manager, and never a node that came back
 * while this went on.
 *
 * @param timeout_ms  0: 60 s
 * @param ret_ids     NULL, or new reference: array of the ids that were removed
 * @return 0, or the first error that stopped it (the text says how many were removed before)
 */
int swarm_node_prune(swarm_client *client, int64_t timeout_ms, json_t **ret_ids, swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
