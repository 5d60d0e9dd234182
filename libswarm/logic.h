/*
 * What the files of the cluster, node and service logic share beside internal.h.
 */
#ifndef SWARM_LOGIC_H
#define SWARM_LOGIC_H

#include "internal.h"

/* --- wait.c ------------------------------------------------------------------------------ */

/*
 * Tell the caller's progress callback how far a wait has come; total 0 where that is not known. The
 * text is redacted and cut to the length of an error's.
 */
void swarm__progress(swarm_client *client, const char *what, size_t done, size_t total,
		     const char *format, ...) __attribute__((format(printf, 5, 6)));

/* How long swarm__pause() sleeps this time. */
int64_t swarm__pause_length(int64_t *pause_ms);

/* --- watch.c: a pause that an event ends early --------------------------------------------------- */

typedef struct swarm__watch {
	swarm_client *client;
	const char *type; /* of the objects, "node" or "service" */
	swarm_stream *stream;
	bool tried; /* the stream was opened, if it can be */
} swarm__watch;

/*
 * As swarm__pause(), but over as soon as the manager tells an event of the type. The stream is opened
 * at the first pause, so that what is right at once costs nothing; without one it is swarm__pause().
 */
int swarm__watch_pause(swarm__watch *watch, const swarm__deadline *deadline, int64_t *pause_ms,
		       swarm_error *err);
void swarm__watch_clear(swarm__watch *watch);
#define SWARM__AUTO_WATCH __attribute__((cleanup(swarm__watch_clear)))

/* --- node_change.c: a node that is being changed ------------------------------------------ */

typedef struct swarm__target {
	swarm_client *client;
	swarm__deadline deadline;
	int64_t started; /* monotonic ms, for texts */
	char *id;
	char *name;   /* host name, or the id of a node without one; for texts */
	bool manager; /* is in the raft group, or wants to be and is ready */
} swarm__target;

/*
 * Start with a deadline and fill the rest from the node's record. ret_target is to be cleared in any
 * case. 0, SWARM_E_INVAL (no client), and the errors of swarm__node_get().
 */
int swarm__target_find(swarm_client *client, const char *node, const swarm__deadline *deadline,
		       swarm__target *ret_target, swarm_error *err);
void swarm__target_clear(swarm__target *target);
#define SWARM__AUTO_TARGET __attribute__((cleanup(swarm__target_clear)))

/* Merge a patch into its spec, the quorum checked first where it demotes. ret_change may be NULL. */
int swarm__target_change(swarm__target *target, const json_t *patch, json_t **ret_change,
			 swarm_error *err);
/* Drain, and wait until no task is left. ret_change may be NULL. */
int swarm__target_drain(swarm__target *target, json_t **ret_change, swarm_error *err);

/* --- quorum.c ------------------------------------------------------------------------------ */

/* SWARM_E_QUORUM where the raft group would not hold without this node. */
int swarm__quorum_check(const swarm__target *target, swarm_error *err);

/* --- node_role.c --------------------------------------------------------------------------- */

/* Demote, and wait until it is out of the raft group. ret_change may be NULL. */
int swarm__target_demote(swarm__target *target, json_t **ret_change, swarm_error *err);

/* --- node_remove.c ------------------------------------------------------------------------- */

/* Delete the record; flags are SWARM_REMOVE_. */
int swarm__target_delete(const swarm__target *target, unsigned flags, swarm_error *err);

/* --- filters.c ------------------------------------------------------------------------------ */

/*
 * Filters, NULL or a list that ends with a NULL name, to the engine's JSON; text is initialized and
 * stays empty without filters. 0, SWARM_E_INVAL, SWARM_E_NOMEM.
 */
int swarm__filters_make(const swarm_query *filters, swarm__buffer *text, swarm_error *err);
/* Are this id and name (NULL: has none) exactly among those that the filters want? */
bool swarm__filters_match(const swarm_query *filters, const char *id, const char *name);

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

/* --- object.c ------------------------------------------------------------------------------- */

/* As swarm_object_list(), within a deadline, and waiting out an election. */
int swarm__object_list(swarm_client *client, swarm_kind kind, const swarm_query *filters,
		       const swarm__deadline *deadline, json_t **ret_list, swarm_error *err);
/* As swarm_object_inspect(), within a deadline, and waiting out an election. */
int swarm__object_get(swarm_client *client, swarm_kind kind, const char *ref,
		      const swarm__deadline *deadline, json_t **ret_object, swarm_error *err);
/* As swarm_object_create(), within a deadline. */
int swarm__object_create(swarm_client *client, swarm_kind kind, const json_t *spec,
			 const json_t *registry_auth, const swarm__deadline *deadline,
			 json_t **ret_created, swarm_error *err);
/* As swarm_object_update(), within a deadline. */
int swarm__object_update(swarm_client *client, swarm_kind kind, const char *ref,
			 const json_t *patch, const json_t *registry_auth,
			 const swarm__deadline *deadline, json_t **ret_change, swarm_error *err);

/* --- converge.c ----------------------------------------------------------------------------- */

/* Do the managers want a task to run or to complete, and not to stop? */
bool swarm__task_is_wanted(const char *desired_state);

#endif
