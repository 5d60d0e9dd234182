/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster's lock: one change of the cluster at a time, whoever makes it and from where.
 *
 * The lock is a label of the cluster, "saltext.swarm.lock", written by compare-and-set on the cluster's
 * version, so of any number of takers one wins. It binds those who ask for it, and nobody else. It cannot
 * guard an init, because there is no cluster yet.
 *
 * A lock is renewed by its holder. It ends when a waiter has seen it unchanged for the whole ttl on the
 * waiter's own steady clock: no host's date matters.
 *
 * Each function that gives a lock gives an object {"run", "what", "holder", "since" (UTC, for people),
 * "ttl" (seconds), "count" (renewals), "text" (one line for people)}.
 */
#ifndef SWARM_LOCK_H
#define SWARM_LOCK_H

#include <jansson.h>
#include <swarm/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Options of swarm_lock_take(). Start from SWARM_LOCK_OPTIONS_INIT. */
typedef struct swarm_lock_options {
	size_t size;
	const char *run;    /**< which run takes it: one word of up to 100 characters; required */
	const char *what;   /**< what it does, such as "docker.upgrade": one word; required */
	const char *holder; /**< who, such as the master's id: one word; required */
	int64_t ttl_s;      /**< seconds without a renewal after which it ends; 0: 120 */
	int64_t wait_ms; /**< while another run has it; 0: until that run is seen alive, or its lock
			     *   ends; -1: not at all */
	int64_t timeout_ms; /**< for the requests of one try; 0: 60 s */
} swarm_lock_options;

#define SWARM_LOCK_OPTIONS_INIT                                                                    \
	{                                                                                          \
		sizeof(swarm_lock_options), NULL, NULL, NULL, 0, 0, 0                              \
	}

/**
 * Take the lock. A run that has it already renews it.
 *
 * @param options   required
 * @param ret_lock  new reference; NULL is allowed
 * @return 0; SWARM_E_CONFLICT: another run has it, the text says which, since when and how to break it;
 *         SWARM_E_INVAL; those of the transport and of the engine
 *
 * Thread rule: as for any function that takes a client.
 */
int swarm_lock_take(swarm_client *client, const swarm_lock_options *options, json_t **ret_lock,
		    swarm_error *err);

/**
 * Renew the lock of a run.
 *
 * @param timeout_ms  0: 60 s
 * @param ret_lock    new reference; NULL is allowed
 * @return 0; SWARM_E_CONFLICT: the run does not have it any more, the text says who does
 */
int swarm_lock_renew(swarm_client *client, const char *run, int64_t timeout_ms, json_t **ret_lock,
		     swarm_error *err);

/**
 * Release the lock of a run, one's own or, to break it, another's. Nothing is written where nobody has it.
 *
 * @param timeout_ms    0: 60 s
 * @param ret_released  1: the run had it; NULL is allowed
 * @return 0; SWARM_E_CONFLICT: another run has it
 */
int swarm_lock_release(swarm_client *client, const char *run, int64_t timeout_ms, int *ret_released,
		       swarm_error *err);

/**
 * Read the lock: one request, as before each write of a run that holds it.
 *
 * @param timeout_ms  0: 60 s
 * @param ret_lock    new reference; JSON's null where nobody has it
 */
int swarm_lock_get(swarm_client *client, int64_t timeout_ms, json_t **ret_lock, swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
