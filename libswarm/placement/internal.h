/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files on placement share: what the tasks on a node take of it (node_usage.c), and the
 * rules that reject a node for a task (placement_rules.c, placement_volumes.c, constraint.c).
 */
#ifndef SWARM_PLACEMENT_INTERNAL_H
#define SWARM_PLACEMENT_INTERNAL_H

#include "object/internal.h"

/* --- node_usage.c ------------------------------------------------------------------------- */

/* What the tasks that were placed on a node take of it. */
typedef struct swarm__node_usage {
	int64_t nano_cpus;
	int64_t memory;  /* bytes */
	int64_t tasks;   /* of the service that is asked about */
	json_t *generic; /* kind to number; NULL: nothing */
	json_t *ports;   /* the names are "8080/tcp"; NULL: none */
} swarm__node_usage;

/*
 * What is used of each of the engine's nodes, in their order. tasks, services: the engine's lists;
 * service_id: whose tasks are counted. 0 or SWARM_E_NOMEM.
 */
int swarm__node_usage_make(const json_t *nodes, const json_t *tasks, const json_t *services,
			   const char *service_id, swarm__node_usage **ret_usage, swarm_error *err);
/*
 * Let one more task take what it takes. services_ports: NULL, or the ports of services by their ids,
 * for a task that does not report its own. False without memory.
 */
bool swarm__node_usage_add(swarm__node_usage *usage, const json_t *task, const char *service_id,
			   const json_t *services_ports);
/* New: the nodes' places in the list by their ids; NULL without memory. */
json_t *swarm__node_places(const json_t *nodes);
/* NULL is allowed. */
void swarm__node_usage_free(swarm__node_usage *usage, size_t count);

/* From the node that was chosen until the end; what only waits or is over takes nothing. */
bool swarm__task_takes_room(const json_t *task);

#define SWARM__PORT_NAME 32

/* "8080/tcp" of a port that takes a port of its node; false for any other. */
bool swarm__host_port(const json_t *port, char name[SWARM__PORT_NAME]);
/* The ports that a service publishes, NULL or an array. */
const json_t *swarm__service_ports(const json_t *service);

/* --- reasons.c ----------------------------------------------------------------------------- */

/* Why a node is not taken: "first reason; second reason", cut if it is too long. */
typedef struct swarm__reasons {
	char text[1024];
} swarm__reasons;

void swarm__reasons_add(swarm__reasons *reasons, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- placement_rules.c ------------------------------------------------------------------- */

/* All rules for one task and one node. ports: of the task's service, may be NULL. */
void swarm__placement_check(const json_t *task, const json_t *ports, const json_t *node,
			    const swarm__node_usage *usage, swarm__reasons *reasons);
/* Does a rule ask what other tasks take, for this task? */
bool swarm__placement_needs_usage(const json_t *task, const json_t *ports);

/* --- placement_volumes.c ------------------------------------------------------------------ */

/* Does the task mount a cluster volume? */
bool swarm__volumes_wanted(const json_t *task);
/* New reference: volume id to node id to whether a task there writes. 0 or SWARM_E_NOMEM. */
int swarm__volumes_uses(const json_t *tasks, json_t **ret_uses, swarm_error *err);
/* volumes: the engine's list, an array; uses: of all tasks. Both NULL if none is needed. */
void swarm__volumes_check(const json_t *task, const json_t *volumes, const json_t *uses,
			  const json_t *node, swarm__reasons *reasons);

/* --- room.c: would more tasks fit? --------------------------------------------------------- */

/* The nodes with what is used of each, and with the tasks that were put on them here. */
typedef struct swarm__room {
	const json_t *nodes;   /* the engine's list; borrowed */
	json_t *tasks;         /* service id to its tasks, an array */
	const json_t *volumes; /* an array, or NULL */
	json_t *uses;
	json_t *places; /* node id to its place in the list */
	swarm__node_usage *usage;
	swarm__node_usage *before; /* of the nodes that took something since */
	bool *took;
	bool *left_out;
	bool brief; /* name no node that takes or rejects a task */
} swarm__room;

/*
 * nodes, tasks, services: the engine's lists, borrowed until the end; volumes: NULL, or its answer,
 * {"Volumes": [...]}. ret_room is to be cleared in any case. 0 or SWARM_E_NOMEM.
 */
int swarm__room_open(swarm__room *ret_room, const json_t *nodes, const json_t *tasks,
		     const json_t *services, const json_t *volumes, swarm_error *err);
void swarm__room_clear(swarm__room *room);
/* The tasks of a service in the list; borrowed, NULL where it has none. */
const json_t *swarm__room_tasks(const swarm__room *room, const char *service_id);
#define SWARM__AUTO_ROOM __attribute__((cleanup(swarm__room_clear)))
/* Take everything back that was put on nodes, and leave none out. */
void swarm__room_reset(swarm__room *room);
/* New: tasks by a member of theirs, such as ServiceID, each an array; NULL without memory. */
json_t *swarm__tasks_by(const json_t *tasks, const char *member);
/* Give a node nothing more. False if it is not in the list. */
bool swarm__room_leave_out(swarm__room *room, const char *node_id);

/* One more task of a service, asked of each node. */
typedef struct swarm__room_question {
	swarm__room *room;
	const json_t *service;
	json_t *task;
	json_t *ports; /* its service's, by its id */
} swarm__room_question;

/* From then on room.usage counts the tasks of this service. To be cleared in any case. 0 or SWARM_E_NOMEM. */
int swarm__room_ask(swarm__room *room, const json_t *service, swarm__room_question *ret_question,
		    swarm_error *err);
void swarm__room_question_clear(swarm__room_question *question);
#define SWARM__AUTO_ROOM_QUESTION __attribute__((cleanup(swarm__room_question_clear)))
/* Does no rule reject the node with this place in the list? */
bool swarm__room_takes(const swarm__room_question *question, size_t node);
/* Let the task take room there. 0 or SWARM_E_NOMEM. */
int swarm__room_put(const swarm__room_question *question, size_t node, swarm_error *err);

typedef struct swarm__room_answer {
	size_t placed;
	json_t *fits;     /* new reference: host names of the nodes that take the first task */
	swarm__names why; /* of the ready and active nodes that reject it: "worker2: reason, ..." */
} swarm__room_answer;

/*
 * Put up to count tasks of a service, as its spec is now, on nodes, one after the other, each on the
 * first node that no rule rejects. They take room from then on. Once for each service. 0 or
 * SWARM_E_NOMEM.
 */
int swarm__room_place(swarm__room *room, const json_t *service, size_t count,
		      swarm__room_answer *ret_answer, swarm_error *err);

/* --- constraint.c ------------------------------------------------------------------------ */

void swarm__constraint_check(const char *constraint, const json_t *node, swarm__reasons *reasons);

#endif
