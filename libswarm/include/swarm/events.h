/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of the cluster: followed for as long as one of its managers lives, and waits built on them.
 *
 * Every manager sends all events of swarm scope (nodes, services, secrets, configs, networks), and no
 * other host does. There are none for tasks.
 */
#ifndef SWARM_EVENTS_H
#define SWARM_EVENTS_H

#include <swarm/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One event; borrowed for the call of the callback. Strings are "" where the engine has none. */
typedef struct swarm_event {
	const char *type;   /**< "node", "service", "secret", "config" or "network" */
	const char *action; /**< "create", "update" or "remove" */
	const char *id;     /**< of the object */
	const char *name;   /**< of the object */
	const json_t *json; /**< the event; what changed is in Actor.Attributes */
} swarm_event;

/**
 * Called for each event, and with event NULL when the connection is up: at first, and again after
 * each gap. Read everything again then, because changes may have been missed; later changes come as
 * events, perhaps twice.
 *
 * @param payload  the pointer from the options
 * @param client   the manager that is followed, free for calls
 * @param event    borrowed for the call, or NULL
 * @param err      to be filled where the callback returns an error of its own calls
 * @return 0 to go on; above 0: end, the value is returned to the caller; below 0: a swarm_error_code,
 *         which ends it too, unless another manager may do better (no connection, no leader)
 */
typedef int (*swarm_event_cb)(void *payload, swarm_client *client, const swarm_event *event,
			      swarm_error *err);

/** Options of swarm_follow(). Start from SWARM_FOLLOW_OPTIONS_INIT. */
typedef struct swarm_follow_options {
	size_t size;
	swarm_client *const *clients; /**< of managers, ends with NULL; required; used in turn */
	const swarm_pair *filters;    /**< NULL, or names and values as docker takes them ("type",
				       *   "event", "label", "node", "service", "secret", "config",
				       *   "network"), ends with a NULL name; up to 30. The scope is
				       *   always swarm */
	swarm_event_cb on_event;      /**< required */
	void *payload;                /**< for on_event */
	int64_t timeout_ms;           /**< 0: no end */
} swarm_follow_options;

#define SWARM_FOLLOW_OPTIONS_INIT                                                                  \
	{                                                                                          \
		sizeof(swarm_follow_options), NULL, NULL, NULL, NULL, 0                            \
	}

/**
 * Follow the events. If the stream is cut, or its host is no longer a manager, the next client is
 * used; if all of them fail, it ends only at the start. A silent stream is tested every 30 s.
 *
 * @param options  required; clients are borrowed for the call, and their cancel callbacks ask
 * @param err      NULL or an error to fill
 * @return what the callback returned to end it; SWARM_E_TIMEOUT; SWARM_E_CANCELED; SWARM_E_INVAL
 *         (also for a filter with another name, which the engine would silently ignore);
 *         SWARM_E_HTTP (a filter that the engine refuses); at the start the last client's error
 *
 * Thread rule: this thread uses all the clients.
 */
int swarm_follow(const swarm_follow_options *options, swarm_error *err);

/**
 * Wait until a condition holds: the callback is called as by swarm_follow(), and with event NULL at
 * least once a second, because some changes have no event. It returns 1 when the condition holds.
 *
 * @return 0 once the callback returned 1; all else as swarm_follow()
 */
int swarm_wait_for(const swarm_follow_options *options, swarm_error *err);

/** Events on their way, for callers that take one at a time. */
typedef struct swarm_events swarm_events;

/**
 * Open the events, and wait until a manager sends them.
 *
 * @param options     clients and filters as for swarm_follow(); the clients are borrowed until
 *                    swarm_events_free(). timeout_ms is for the opening, 0: 60 s. on_event and payload
 *                    are for swarm_follow() alone
 * @param ret_events  new; free with swarm_events_free(), before the clients
 * @param err         NULL or an error to fill
 * @return 0, SWARM_E_INVAL, SWARM_E_HTTP, SWARM_E_TIMEOUT, SWARM_E_CANCELED, or the last client's error
 *
 * Thread rule: as of the clients, which are free for calls between those with the events.
 */
int swarm_events_open(const swarm_follow_options *options, swarm_events **ret_events,
		      swarm_error *err);

/**
 * Wait for the next event. A stream that is cut is opened again, at the next client. After a fork each
 * process goes on by itself: the one that did not open the stream opens its own, with a gap.
 *
 * @param timeout_ms  how long to wait; 0: not at all. Reopening a stream may take up to a second even
 *                    then
 * @param ret_event   the event, borrowed until the next call with the events; or NULL when the
 *                    connection is up, that is at first and after each gap: read everything again
 *                    then, because changes may have been missed
 * @return 0; SWARM_E_TIMEOUT: nothing yet; other errors as swarm_follow(). After each of them it may be
 *         called again, and opens a new stream if the old one is over
 */
int swarm_events_next(swarm_events *events, int64_t timeout_ms, const swarm_event **ret_event,
		      swarm_error *err);

/** The manager that is followed, or is tried next; borrowed, one of the clients. NULL for NULL. */
swarm_client *swarm_events_client(const swarm_events *events);

/** Close the connection and free the events. @param events stolen; NULL is allowed. @return NULL */
swarm_events *swarm_events_free(swarm_events *events);

#ifdef __cplusplus
}
#endif

#endif
