/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files on eviction share: the proof (evict_plan.c, evict_reason.c, evict_settle.c), the constraint of a
 * service and a look at it (evict_constraint.c, evict_look.c), the node and its labels (evict_node.c).
 */
#ifndef SWARM_EVICT_INTERNAL_H
#define SWARM_EVICT_INTERNAL_H

#include "node/internal.h"
#include "placement/internal.h"

#define SWARM__LABEL_WAS "saltext.swarm.was"
#define SWARM__LABEL_REASON "saltext.swarm.reason"
#define SWARM__LABEL_SINCE "saltext.swarm.since"
#define SWARM__LABEL_MOVED "saltext.swarm.moved"

/* --- evict_constraint.c: a constraint of a service, for as long as its tasks move --------------- */

#define SWARM__CONSTRAINT_SIZE 160

/* "node.id!=NODE" */
void swarm__constraint_against(const char *node_id, char text[SWARM__CONSTRAINT_SIZE]);
bool swarm__has_constraint(const json_t *spec, const char *constraint);
/* Is the service in the middle of an update? NULL: no, else a text that says so. */
const char *swarm__unsettled(const json_t *service);
/*
 * Add it to a service. Nothing is sent where the service has it.
 * 0, SWARM_E_STATE (the service is in the middle of an update), SWARM_E_NOT_FOUND.
 */
int swarm__constraint_add(swarm_client *client, const char *service_id, const char *constraint,
			  const swarm__deadline *deadline, swarm_error *err);
/*
 * Take it back, from the spec to roll back to as well: no task restarts. *ret_changed is raised if
 * something was sent. Nothing where it is in neither spec, or the service is gone.
 * 0, SWARM_E_STATE (the service is in the middle of an update).
 */
int swarm__constraint_take_back(swarm_client *client, const char *service_id,
				const char *constraint, const swarm__deadline *deadline,
				bool *ret_changed, swarm_error *err);

/* --- evict_look.c: one service and its tasks ---------------------------------------------------- */

typedef struct swarm__evict_look {
	json_t *service;     /* NULL: it is gone */
	size_t wanted;       /* replicas */
	size_t running;      /* slots with a task that runs */
	size_t there;        /* its tasks on the node that are not to stop */
	swarm__names errors; /* of the tasks that its last update made */
} swarm__evict_look;

/* ret_look is to be cleared in any case. A service that is gone is not an error. */
int swarm__evict_look_at(swarm_client *client, const char *service_id, const char *node_id,
			 const swarm__deadline *deadline, swarm__evict_look *ret_look,
			 swarm_error *err);
void swarm__evict_look_clear(swarm__evict_look *look);
#define SWARM__AUTO_LOOK __attribute__((cleanup(swarm__evict_look_clear)))

/* Slots of a service with a task that runs. tasks: a list; node_id, ret_there: may be NULL. */
int swarm__evict_count(const json_t *tasks, const char *service_id, const char *node_id,
		       size_t *ret_running, size_t *ret_there, swarm_error *err);

/* --- evict_tasks.c: all tasks, for the proof ------------------------------------------------------ */

/* A list of ID, ServiceID, NodeID, Slot, DesiredState, state, ports, reservations, mounts and volumes. */
int swarm__evict_tasks(swarm_client *client, const swarm__deadline *deadline, json_t **ret_tasks,
		       swarm_error *err);

/* --- evict_node.c: the node and its labels ------------------------------------------------------- */

/* One eviction on its way. */
typedef struct swarm__eviction {
	swarm__node_change node;
	const swarm_evict_options *options;
	char constraint[SWARM__CONSTRAINT_SIZE];
	json_t *record; /* the node as read last */
	json_t *plan;
	bool passing;  /* all that the plan refuses may be over by itself a moment later */
	json_t *moved; /* array: ids of the services that may have the constraint */
} swarm__eviction;

/* Find the node. ret is to be cleared in any case. */
int swarm__eviction_begin(swarm_client *client, const char *node, int64_t timeout_ms,
			  swarm__eviction *ret, swarm_error *err);
/* The same from the node's record, which was read before. 0 or SWARM_E_NOMEM. */
int swarm__eviction_of(swarm_client *client, json_t *record, const swarm__deadline *deadline,
		       swarm__eviction *ret, swarm_error *err);
void swarm__eviction_clear(swarm__eviction *e);
#define SWARM__AUTO_EVICTION __attribute__((cleanup(swarm__eviction_clear)))
/* Read the node again, with the services that its label names. */
int swarm__eviction_read(swarm__eviction *e, swarm_error *err);
/* Borrowed from the record: its availability; a label, "" without. */
const char *swarm__eviction_availability(const swarm__eviction *e);
const char *swarm__eviction_label(const swarm__eviction *e, const char *name);
/* Is the service among those of the label? */
bool swarm__eviction_moves(const swarm__eviction *e, const char *service_id);
/* Pause the node and say why and what in its labels, in one update. */
int swarm__eviction_claim(swarm__eviction *e, swarm_error *err);
/* Take the label with the services off, or all labels and set the availability from before. */
int swarm__eviction_moved(swarm__eviction *e, swarm_error *err);
int swarm__eviction_return(swarm__eviction *e, swarm_error *err);

/* --- evict_reason.c: what rules out that a service is moved --------------------------------------- */

/*
 * The mode "Replicated", "Global", "ReplicatedJob" or "GlobalJob"; "" for none of them.
 */
const char *swarm__service_mode(const json_t *service);
/* Its first mount that has its data on the node: "volume data", "bind /srv"; false without. */
bool swarm__local_data(const json_t *service, char *text, size_t size);

/* --- evict_plan.c --------------------------------------------------------------------------------- */

/* What the proofs of several nodes have in common. */
typedef struct swarm__proof {
	json_t *nodes;
	json_t *services;
	json_t *tasks;
	json_t *volumes; /* NULL: no service needs one */
	json_t *by_node; /* node id to its tasks, an array */
	swarm__room room;
	/* Of one of them: */
	swarm__eviction *e;
	json_t *counts; /* service id to its tasks on the node */
	bool partial;   /* of some tasks not all fit */
	size_t passing; /* services that stay for a reason that may be over by itself */
	size_t lasting; /* and for others */
} swarm__proof;

/* Look at the swarm. ret is to be cleared in any case. 0, SWARM_E_INVAL (an allowed name). */
int swarm__proof_read(swarm_client *client, const swarm_evict_options *options,
		      const swarm__deadline *deadline, swarm__proof *ret, swarm_error *err);
void swarm__proof_clear(swarm__proof *p);
#define SWARM__AUTO_PROOF __attribute__((cleanup(swarm__proof_clear)))
/* Make the plan of an eviction that has begun; brief: "fits" of its rows may stay empty. */
int swarm__proof_of(swarm__proof *p, swarm__eviction *e, bool brief, swarm_error *err);
/* 0 or SWARM_E_INVAL. */
int swarm__evict_options_check(const swarm_evict_options *options, swarm_error *err);
/* Make the plan of an eviction that has begun; the one from before goes. */
int swarm__evict_plan(swarm__eviction *e, swarm_error *err);

/* --- evict_settle.c: a service that is short of a task for a moment ------------------------------- */

/* How long it is waited for: before anything is changed, and once the node is paused. */
enum { SWARM__SETTLE_BEFORE_MS = 30000, SWARM__SETTLE_ON_THE_WAY_MS = 120000 };

/* What is left of a time, never past the deadline of the eviction. */
swarm__deadline swarm__settle_limit(const swarm__eviction *e, int64_t settle_ms);
/*
 * Make the plan, and again for as long as all that is in the way may be over by itself, until the limit. The
 * last plan stays, refused or not.
 */
int swarm__evict_settle(swarm__eviction *e, const swarm__deadline *limit, swarm_error *err);
/* 0, or SWARM_E_CONFLICT with the plan's refusal. */
int swarm__evict_refuse(const swarm__eviction *e, swarm_error *err);

/* --- evict_move.c --------------------------------------------------------------------------------- */

/*
 * Move the tasks of each service off the node that its label names, one service after the other, each
 * by its own update. 0, SWARM_E_STATE, SWARM_E_TIMEOUT.
 */
int swarm__evict_move(swarm__eviction *e, swarm_error *err);

/* --- evict_undo.c --------------------------------------------------------------------------------- */

/* Take the constraint back from all services that the label names, where they are settled, or wait. */
int swarm__evict_take_back(swarm__eviction *e, bool only_there, json_t *services, swarm_error *err);
/*
 * Give the node and the services back what they had; the deadline is that of e. services: NULL, or an
 * array that gets the names of those that were changed. 0, SWARM_E_STATE.
 */
int swarm__evict_go_back(swarm__eviction *e, json_t *services, swarm_error *err);

#endif
