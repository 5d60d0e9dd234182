/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a task gets no node: the rules of the managers' scheduler, applied to each node as it is now.
 *
 * Timeouts as in <swarm/cluster.h>. Thread rule: as for any function that takes a client.
 */
#ifndef SWARM_PLACEMENT_H
#define SWARM_PLACEMENT_H

#include <jansson.h>
#include <swarm/client.h>
#include <swarm/service.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Say of a task, or of the tasks of a service that wait for a node, which node is rejected by which
 * rule: its state and availability, what the task reserves (processors, memory, generic resources)
 * beside what the tasks on the node reserve, plugins (volume, network, log drivers), constraints,
 * platforms, ports in host mode, the number of tasks that one node may have, and cluster volumes
 * (CSI): whether they are made, free and within the node's reach. Changes nothing.
 *
 * A task in the state "new" waits for its addresses on its networks first: its nodes are judged all
 * the same. While a node changes its role, node.role is the one that it will have. A global service
 * makes no task for a node that its constraints reject, so there is none to ask about.
 *
 * @param ref         id or exact name of a service, or id of a task
 * @param timeout_ms  0: 60 s
 * @param ret_why     new reference: an array, empty for a service of which no task waits, else of
 *                    {"task": {"id", "service" (name), "state", "message", "error"},
 *                     "count": tasks of the service that wait for the same,
 *                     "nodes": [{"id", "hostname", "rejected"}]}.
 *                    "rejected" is a text with all the rules that do, "" where none does: the task
 *                    would get this node at the next look. Of a task that belongs to one node (of a
 *                    global service) only that one is there; none if the task has its node, or is
 *                    to end: its state, message and error say what there is to say
 * @return 0, SWARM_E_NOT_FOUND, SWARM_E_INVAL, and those of the transport and of the engine,
 *         SWARM_E_NOT_MANAGER and SWARM_E_NO_LEADER
 */
int swarm_task_why(swarm_client *client, const char *ref, int64_t timeout_ms, json_t **ret_why,
		   swarm_error *err);

/**
 * Wait for a service as swarm_service_wait(), and say how it ended: also an update that swarm rolled back or
 * paused and a wait that took too long are results. For tasks that wait for a node, which rule rejects
 * which node.
 *
 * @param service      id or name
 * @param timeout_ms   0: 300 s
 * @param flags        0 or SWARM_SETTLE_UNCHANGED
 * @param ret_outcome  new reference: {"outcome": "converged", "rolled_back", "paused", "failed" (a task
 *                     ended and is not restarted) or "timeout"; "done", "total": tasks that run or are
 *                     complete, of how many; "exit_code": of the task that ended, else 0; "text": one
 *                     line that says so, with the engine's reasons; "nodes": [line for each node that is
 *                     rejected, ...]}
 * @return 0, SWARM_E_NOT_FOUND (also when it is removed meanwhile), SWARM_E_INVAL
 */
int swarm_service_settle(swarm_client *client, const char *service, int64_t timeout_ms,
			 unsigned flags, json_t **ret_outcome, swarm_error *err);

/** Options of swarm_what_if(). Start from SWARM_WHAT_IF_OPTIONS_INIT. */
typedef struct swarm_what_if_options {
	size_t size;
	const char *const *nodes; /**< ids, host names, or "label=value" for all nodes that have it;
				   *   ends with NULL */
	int drain;                /**< 1: they are drained; 0: they fail, all at the same time */
	int each;           /**< 1: each node by itself; of all that are ready, if nodes is NULL */
	int64_t timeout_ms; /**< 0: 60 s */
} swarm_what_if_options;

#define SWARM_WHAT_IF_OPTIONS_INIT                                                                 \
	{                                                                                          \
		sizeof(swarm_what_if_options), NULL, 0, 0, 0                                       \
	}

/**
 * Say what becomes of the services if nodes fail or are drained: which tasks they lose, and whether these
 * fit on the other nodes, by the rules of swarm_task_why(). Changes nothing.
 *
 * Tasks are placed one after the other, the services with the largest reservations first, each on the first
 * node that takes it. The managers' scheduler spreads them, so more may fit than are said to. Tasks of a
 * global service end with their node. Whether the data of a volume is elsewhere too is not known.
 *
 * @param options    required
 * @param ret_cases  new reference: an array of one case, or of one for each node, of
 *                   {"nodes": [host names], "tasks": how many they run, "homeless": how many of these fit
 *                    nowhere, "quorum": whether the managers keep it, "text": one line,
 *                    "services": [{"service": name, "mode", "tasks", "placed", "homeless",
 *                                  "fits": [host names of the nodes that take the first one; of each
 *                                  node by itself empty where none is homeless],
 *                                  "why": which other node is rejected by which rule}]}
 * @return 0, SWARM_E_INVAL, SWARM_E_NOT_FOUND, SWARM_E_AMBIGUOUS, and those of the transport and of the
 *         engine, SWARM_E_NOT_MANAGER and SWARM_E_NO_LEADER
 */
int swarm_what_if(swarm_client *client, const swarm_what_if_options *options, json_t **ret_cases,
		  swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
