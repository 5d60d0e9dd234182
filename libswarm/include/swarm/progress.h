/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a long wait has come.
 */
#ifndef SWARM_PROGRESS_H
#define SWARM_PROGRESS_H

#include <stddef.h>
#include <swarm/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One look at the cluster during a wait. */
typedef struct swarm_progress {
	const char *what; /**< the wait: "init", "join", "leave", "drain", "promote", "demote",
			   *   "rotate ca", "unlock", "converge"; static */
	size_t done;      /**< how many of total are done */
	size_t total;     /**< 0 if the number is not known */
	const char *text; /**< one line on what is waited for; borrowed for the call, may be "" */
} swarm_progress;

/**
 * Called at each look of a wait, that is several times a second at first and once a second later, in
 * the caller's thread. It must not use the client. To end the wait, use the cancel callback.
 *
 * @param payload   the pointer given with it
 * @param progress  borrowed for the call
 */
typedef void (*swarm_progress_cb)(void *payload, const swarm_progress *progress);

/**
 * Set the callback that receives the progress of a client's waits.
 *
 * @param client    the client; NULL is allowed and does nothing
 * @param progress  NULL: no more calls
 * @param payload   passed to progress; borrowed as long as it is set
 *
 * Thread rule: as for any function that takes a client.
 */
void swarm_client_set_progress(swarm_client *client, swarm_progress_cb progress, void *payload);

#ifdef __cplusplus
}
#endif

#endif
