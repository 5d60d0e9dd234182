/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files on rebalancing share: the plan (rebalance_plan.c), the spec of a service on its way
 * (rebalance_spec.c) and a look at its tasks (rebalance_look.c).
 */
#ifndef SWARM_REBALANCE_INTERNAL_H
#define SWARM_REBALANCE_INTERNAL_H

#include "evict/internal.h"

#include <swarm/rebalance.h>

#define SWARM__LABEL_REBALANCE "saltext.swarm.rebalance"

/* --- rebalance_spec.c: a service on its way ------------------------------------------------------- */

/* Its replicas before and meanwhile, from its label; false without one. */
bool swarm__rebalance_marked(const json_t *spec, json_int_t *ret_from, json_int_t *ret_to);
json_int_t swarm__rebalance_replicas(const json_t *spec);
/*
 * Let the service have more replicas and the label, if its version is still this one.
 * 0, SWARM_E_STATE (somebody else changed it), SWARM_E_NOT_FOUND.
 */
int swarm__rebalance_grow(swarm_client *client, const char *service_id, json_int_t version,
			  json_int_t more, const swarm__deadline *deadline, swarm_error *err);
/* Take the label and the additional replicas back; a number that somebody else gave it stays. */
int swarm__rebalance_shrink(swarm_client *client, const char *service_id,
			    const swarm__deadline *deadline, swarm_error *err);
/* Have the same spec to roll back to. Nothing where that has not the label. */
int swarm__rebalance_settle(swarm_client *client, const char *service_id,
			    const swarm__deadline *deadline, swarm_error *err);

/* --- rebalance_look.c: one service and its tasks ---------------------------------------------------- */

typedef struct swarm__rebalance_look {
	json_t *service; /* NULL: it is gone */
	json_t *slots;   /* by number: what its tasks that are not to stop do */
	size_t running;  /* slots with one task, which runs */
	size_t homeless; /* slots without a task that runs, and with none or several on a node */
	swarm__names errors;
	json_t *nodes; /* ids of those of the tasks that do not run, each once */
} swarm__rebalance_look;

/* ret_look is to be cleared in any case. */
int swarm__rebalance_look_at(swarm_client *client, const char *service_id,
			     const swarm__deadline *deadline, swarm__rebalance_look *ret_look,
			     swarm_error *err);
/* Count the tasks of a list into a look that has none yet. 0 or SWARM_E_NOMEM. */
int swarm__rebalance_count(const json_t *tasks, const char *service_id, swarm__rebalance_look *look,
			   swarm_error *err);
void swarm__rebalance_look_clear(swarm__rebalance_look *look);
#define SWARM__AUTO_REBALANCE_LOOK __attribute__((cleanup(swarm__rebalance_look_clear)))
/*
 * Would fewer replicas cost no task that runs? The managers stop first what has no node or several tasks
 * in one slot, and then what is on the nodes with the most tasks, whether it runs or not.
 */
bool swarm__rebalance_is_safe(const swarm__rebalance_look *look);

/* --- rebalance_spread.c ------------------------------------------------------------------------------ */

/*
 * The moves that even out a service, [{"from", "to": host names, "tasks"}, ...], which take room from then on.
 * only_first: the first one, which takes none. 0 or SWARM_E_NOMEM.
 */
int swarm__rebalance_spread(swarm__room *room, const json_t *service, bool only_first,
			    json_t **ret_moves, swarm_error *err);

/* --- rebalance_plan.c ------------------------------------------------------------------------------- */

int swarm__rebalance_plan(swarm_client *client, const swarm_rebalance_options *options,
			  const swarm__deadline *deadline, json_t **ret_plan, swarm_error *err);
/* 0 or SWARM_E_INVAL. */
int swarm__rebalance_options_check(const swarm_rebalance_options *options, swarm_error *err);

#endif
