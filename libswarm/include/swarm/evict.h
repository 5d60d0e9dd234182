/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Empty a node without a gap in its services: each replicated service is moved by its own update
 * settings, so that with the order start-first a new task runs before the old one stops. A plain drain
 * (swarm_node_drain()) stops the tasks first.
 *
 * The proof comes first, and changes nothing: what runs on the node, and whether it fits elsewhere. Then
 * the node is paused, each service gets the constraint node.id!=NODE in turn, which moves only the tasks
 * on that node, the node is drained, and the constraints are removed again, so that each spec is what it
 * was, and so is the spec to roll back to. What is under way is written in labels of the node:
 *
 *	saltext.swarm.was     its availability before
 *	saltext.swarm.reason  why, for people
 *	saltext.swarm.since   when, seconds since 1970
 *	saltext.swarm.moved   ids of the services that may have the constraint
 *
 * A service in the middle of an update, or with fewer tasks that run than it should have, is waited for: 30 s
 * before anything is changed, then 120 s, and the proof is made again. What does not pass by itself, such as a
 * paused update, is refused at once.
 *
 * Stopped anywhere, the next swarm_evict() goes on, and swarm_evict_undo() goes back. Neither touches a
 * service that is in the middle of an update.
 *
 * Timeouts as in <swarm/cluster.h>. Beside the errors named, each function gives those of the transport
 * and of the engine, SWARM_E_NOT_MANAGER and SWARM_E_NO_LEADER. Thread rule: as for any function that
 * takes a client.
 */
#ifndef SWARM_EVICT_H
#define SWARM_EVICT_H

#include <jansson.h>
#include <swarm/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Go on although tasks cannot be moved: the drain stops them. */
#define SWARM_EVICT_FORCE 0x1u
/** When the time is over, drain what is left instead of going back. */
#define SWARM_EVICT_DRAIN 0x2u
/** Of swarm_evict_plan(): wait for what swarm_evict() waits for, too. */
#define SWARM_EVICT_WAIT 0x4u

/** Start from SWARM_EVICT_OPTIONS_INIT. All pointers are borrowed. */
typedef struct swarm_evict_options {
	size_t size;
	int64_t timeout_ms; /**< for all of it; 0: 600 s; of the plan 60 s */
	unsigned flags;     /**< SWARM_EVICT_... */
	/** NULL, or names of services whose tasks may be stopped, ends with NULL. */
	const char *const *allow;
	const char *reason; /**< NULL, or a line for people */
} swarm_evict_options;

#define SWARM_EVICT_OPTIONS_INIT                                                                   \
	{                                                                                          \
		sizeof(swarm_evict_options), 0, 0, NULL, NULL                                      \
	}

/**
 * Say what swarm_evict() would do. Changes nothing.
 *
 * @param node      id, host name or "self"
 * @param options   NULL: the defaults
 * @param ret_plan  new reference: {"id", "hostname", "availability", "services": [row, ...] by name,
 *                  "refusal": "" or one line that says why swarm_evict() would refuse}. A row is
 *                  {"id", "service": name, "tasks": number on the node, "way", "why": text,
 *                  "fits": [host name of each node that takes one, ...], "job": boolean}, and the way is
 *                  "move": by an update of the service,
 *                  "stop": the drain ends its tasks (of a global service, or allowed by the options),
 *                  "stay": its tasks cannot be moved, and may not be stopped
 * @return 0, SWARM_E_NOT_FOUND, SWARM_E_AMBIGUOUS, SWARM_E_INVAL (also for an allowed name that no
 *         service on the node has)
 */
int swarm_evict_plan(swarm_client *client, const char *node, const swarm_evict_options *options,
		     json_t **ret_plan, swarm_error *err);

/**
 * Say what swarm_evict() would do with each of several nodes, each by itself, from one look at the
 * swarm. Changes nothing.
 *
 * @param nodes      full ids, ends with NULL
 * @param options    NULL: the defaults
 * @param ret_plans  new reference: list of a plan for each node in their order, as of
 *                   swarm_evict_plan(), whose "fits" may be empty here: only what does not fit needs it
 * @return 0, SWARM_E_NOT_FOUND, SWARM_E_INVAL (also for an allowed name that no service has)
 */
int swarm_evict_plans(swarm_client *client, const char *const *nodes,
		      const swarm_evict_options *options, json_t **ret_plans, swarm_error *err);

/**
 * Say which images other nodes need before nodes are emptied, so that no task waits for a pull: those of
 * the replicated services with tasks there. Changes nothing; swarm_image_pull() on each node fetches them.
 *
 * @param nodes       full ids, ends with NULL
 * @param timeout_ms  0: 60 s
 * @param ret_images  new reference: list of {"images": [name as in the spec of the service, ...], "nodes":
 *                    [id of each node that now takes one more task of such a service, ...]}, one for the
 *                    images that the same nodes need; images that no node takes are in none
 * @return 0, SWARM_E_NOT_FOUND, SWARM_E_INVAL
 */
int swarm_evict_images(swarm_client *client, const char *const *nodes, int64_t timeout_ms,
		       json_t **ret_images, swarm_error *err);

/**
 * Empty a node as planned, and leave it drained. Nothing is sent where the node is drained and empty.
 *
 * @param node        id, host name or "self"
 * @param options     NULL: the defaults
 * @param ret_change  NULL, or new reference: {"id", "hostname", "old": availability before, "new":
 *                    "drain", "services": the rows of the plan, "warning": "" or what the drain had to
 *                    stop when the time was over}
 * @return as swarm_evict_plan(), and SWARM_E_CONFLICT (the plan's refusal; nothing was changed),
 *         SWARM_E_STATE (an update did not go well, or somebody else changed the node; the text says
 *         what was put back), SWARM_E_TIMEOUT (the same)
 */
int swarm_evict(swarm_client *client, const char *node, const swarm_evict_options *options,
		json_t **ret_change, swarm_error *err);

/**
 * Undo swarm_evict(): the node gets its availability from before, first, and then each service its
 * spec. Nothing is sent for a node that has none of the labels.
 *
 * @param node        id, host name or "self"
 * @param timeout_ms  0: 120 s
 * @param ret_change  NULL, or new reference: {"id", "hostname", "old", "new": availability, "services":
 *                    [name of each that got its spec back, ...]}
 * @return 0, SWARM_E_NOT_FOUND, SWARM_E_AMBIGUOUS, SWARM_E_INVAL, SWARM_E_STATE (a service is in the
 *         middle of an update and keeps the constraint; run it again later)
 */
int swarm_evict_undo(swarm_client *client, const char *node, int64_t timeout_ms,
		     json_t **ret_change, swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
