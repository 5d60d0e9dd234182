/* SPDX-License-Identifier: Apache-2.0 */
/* What events/ offers: the cluster's events, and a pause that an event ends early. */
#ifndef SWARM_EVENTS_INTERNAL_H
#define SWARM_EVENTS_INTERNAL_H

#include "common/internal.h"

/* --- events.c ----------------------------------------------------------------------------------- */

/* As swarm_events_open(), but the first manager is asked by the first swarm__events_next(). */
int swarm__events_new(const swarm_follow_options *options, swarm_events **ret_events,
		      swarm_error *err);
/*
 * As swarm_events_next(), where limit bounds the search for a manager. *ret_silent: nothing came in
 * wait_ms. err is not NULL.
 */
int swarm__events_next(swarm_events *events, int64_t wait_ms, const swarm__deadline *limit,
		       bool *ret_silent, const swarm_event **ret_event, swarm_error *err);
/* Leave the manager that is followed because of rc, an error: 0 if another one may do better. */
int swarm__events_leave(swarm_events *events, int rc, const swarm__deadline *limit,
			swarm_error *err);

/* --- watch.c: a pause that an event ends early --------------------------------------------------- */

typedef struct swarm__watch {
	swarm_client *client;
	const char *type; /* of the objects, "node" or "service" */
	swarm_stream *stream;
	bool tried; /* the stream was opened, if it can be */
} swarm__watch;

/*
 * As swarm__pause(), but ends as soon as the manager sends an event of the type. The stream is opened
 * at the first pause, so a wait that ends at once costs nothing; without one it is swarm__pause().
 */
int swarm__watch_pause(swarm__watch *watch, const swarm__deadline *deadline, int64_t *pause_ms,
		       swarm_error *err);
void swarm__watch_clear(swarm__watch *watch);
#define SWARM__AUTO_WATCH __attribute__((cleanup(swarm__watch_clear)))

#endif
