/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Even out the tasks of services over the nodes: after a node came back empty, swarm leaves it empty. The
 * fewest tasks move, and none stops before another one runs: a service gets as many more replicas as
 * tasks move, which the managers put on the nodes with the fewest, and when all run it gets its number
 * back, for which they stop those on the nodes with the most. All others stay what they are.
 *
 * What is under way is written in a label of the service:
 *
 *	saltext.swarm.rebalance  "4 6": its replicas before and meanwhile
 *
 * Stopped anywhere, the next swarm_rebalance() goes on: the end is the number from before. Each spec is
 * what it was, and so is the spec to roll back to; an older one to roll back to is lost, as with any update.
 *
 * Timeouts as in <swarm/cluster.h>. Beside the errors named, each function gives those of the transport
 * and of the engine, SWARM_E_NOT_MANAGER and SWARM_E_NO_LEADER. Thread rule: as for any function that
 * takes a client.
 */
#ifndef SWARM_REBALANCE_H
#define SWARM_REBALANCE_H

#include <jansson.h>
#include <swarm/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Start from SWARM_REBALANCE_OPTIONS_INIT. All pointers are borrowed. */
typedef struct swarm_rebalance_options {
	size_t size;
	int64_t timeout_ms; /**< for all of it; 0: 600 s; of the plan 60 s */
	/** NULL for all, or names of services, ends with NULL. */
	const char *const *services;
} swarm_rebalance_options;

#define SWARM_REBALANCE_OPTIONS_INIT                                                               \
	{                                                                                          \
		sizeof(swarm_rebalance_options), 0, NULL                                           \
	}

/**
 * Say what swarm_rebalance() would do. Changes nothing.
 *
 * @param options   NULL: the defaults
 * @param ret_plan  new reference: array by name of the services that are not even, or on their way:
 *                  {"id", "service": name, "version", "replicas", "way", "why": text, "moves": [{"from",
 *                  "to": host names, "tasks"}, ...]}, and the way is
 *                  "move": its tasks would move so; which of nodes with as many tasks gets one is the
 *                  managers' choice,
 *                  "finish": a run that was stopped would be finished,
 *                  "stay": it is not even, and nothing is done, because of why
 * @return 0, SWARM_E_INVAL (also for a name that no service has)
 */
int swarm_rebalance_plan(swarm_client *client, const swarm_rebalance_options *options,
			 json_t **ret_plan, swarm_error *err);

/**
 * Even out the services as planned, one after the other. Nothing is sent where all are even.
 *
 * @param options     NULL: the defaults
 * @param ret_change  NULL, or new reference: the rows of the plan
 * @return as swarm_rebalance_plan(), and SWARM_E_STATE (somebody else changed a service), SWARM_E_TIMEOUT
 *         (new tasks do not run; the text says whether the service has its number of replicas again: it keeps
 *         the higher one where the managers would stop tasks that run instead of those that do not)
 */
int swarm_rebalance(swarm_client *client, const swarm_rebalance_options *options,
		    json_t **ret_change, swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
