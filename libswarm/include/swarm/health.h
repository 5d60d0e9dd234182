/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the swarm well? Named checks, each with its result, one line of text and what to do.
 *
 * A result is an array of rows:
 *
 *     {"name": "nodes-ready", "ok": false, "level": "error", "on": "worker2",
 *      "text": "worker2 is down: heartbeat failure", "fix": "start docker on worker2"}
 *
 * There is one row for each fault, with the host name of a node (its id where it has none, or shares it)
 * or the name of a service as "on"; one row with "ok" true and "on" "" for each check that holds; and
 * one with "ok" null for each that is not known, which is never good. A row whose "ok" is not true
 * and whose level is "error" blocks a change.
 *
 * docs/health.md lists the checks. A task that runs counts as well; whether it works is known only of
 * images with a health check, whose tasks run only while it passes.
 */
#ifndef SWARM_HEALTH_H
#define SWARM_HEALTH_H

#include <jansson.h>
#include <swarm/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Options of swarm_health_get() and swarm_health_wait(). Start from SWARM_HEALTH_OPTIONS_INIT. */
typedef struct swarm_health_options {
	size_t size;
	const char *const *checks; /**< names, ends with NULL; NULL: all that an engine can tell */
	const char *const *ignore; /**< "name" or "name:object", where the object is a row's "on";
				    *   ends with NULL; NULL: none. Their faults become warnings */
	const json_t *baseline; /**< NULL, or the rows of an earlier look: faults that it has become
				    *   warnings, so only new ones count; borrowed */
	int64_t margin;         /**< so many managers may fail without loss of the quorum; 0: one;
				    *   -1: none need. Of one or two managers it is not asked */
	int64_t stable_ms;      /**< of a wait: how long all must hold; 0: 5 s */
	int64_t timeout_ms;     /**< 0: 60 s for a look, 300 s for a wait */
} swarm_health_options;

#define SWARM_HEALTH_OPTIONS_INIT                                                                  \
	{                                                                                          \
		sizeof(swarm_health_options), NULL, NULL, NULL, 0, 0, 0                            \
	}

/**
 * Look once. An engine that does not answer, is not a manager or has no leader is a result, not an error.
 *
 * @param options   NULL: all defaults
 * @param ret_rows  new reference: the rows, in the order of docs/health.md
 * @return 0; SWARM_E_INVAL (also an unknown check in checks or ignore, and one that no engine can tell in
 *         checks), SWARM_E_CANCELED, SWARM_E_NOMEM
 *
 * Thread rule: as for any function that takes a client.
 */
int swarm_health_get(swarm_client *client, const swarm_health_options *options, json_t **ret_rows,
		     swarm_error *err);

/**
 * Look until no row blocks for stable_ms without a break. What happens and is over between
 * two looks, at most a second apart, is not seen.
 *
 * @param options   as for swarm_health_get()
 * @param ret_rows  new reference: the rows of the last look; NULL is allowed
 * @return 0; SWARM_E_TIMEOUT, whose text names what blocks; those of swarm_health_get()
 */
int swarm_health_wait(swarm_client *client, const swarm_health_options *options, json_t **ret_rows,
		      swarm_error *err);

/**
 * The table of checks.
 *
 * @param ret_checks  new reference: an array of {"name", "level", "source", "holds", "fix"} in the order of
 *                    the rows. "source" is "engine", or "hosts" for what no engine can tell
 * @return 0 or SWARM_E_NOMEM
 *
 * Thread rule: any thread.
 */
int swarm_health_checks(json_t **ret_checks, swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
