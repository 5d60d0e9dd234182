/* SPDX-License-Identifier: Apache-2.0 */
/* What the files on networks share. */
#ifndef SWARM_OBJECT_NETWORK_H
#define SWARM_OBJECT_NETWORK_H

#include "object/internal.h"

#include <swarm/network.h>

/* Longest label of a network, with its NUL; the name is of a request. */
#define SWARM__MAX_LABEL 512

/* One network on its way. */
typedef struct swarm__network {
	swarm_client *client;
	const char *name;
	swarm__deadline deadline;
	json_t *all;    /* networks as listed */
	json_t *object; /* the one of that name, or NULL; borrowed from all */
	bool ingress;   /* was object, when there last was one, what services publish ports on? */
	bool remains;   /* does this host have the remains of one that was deleted? */
} swarm__network;

/* --- network.c ----------------------------------------------------------------------------------- */

#define SWARM__NETWORK_TIMEOUT_MS 60000
/* The managers give a network its addresses at once, or never. */
#define SWARM__NETWORK_ALLOCATE_MS 5000
extern const swarm_network_options swarm__network_no_options;
/* Of a public call; flags: those that it takes. 0 or SWARM_E_INVAL. */
int swarm__network_check(swarm_client *client, const char *name, const swarm_network_options *o,
			 unsigned flags, swarm_error *err);

/* --- network_create.c ------------------------------------------------------------------------------ */

/* The managers that have no addresses for a network leave its driver empty. */
bool swarm__network_is_allocated(const json_t *object);
/* The error that it gets none. Returns the code. */
int swarm__network_unallocated(const swarm__network *n, swarm_error *err);
/*
 * SWARM_E_CONFLICT for a subnet that another network has: its tasks would wait for ever; and for a second
 * ingress network. SWARM_E_INVAL for a driver that the leading manager does not have.
 */
int swarm__network_check_others(const swarm__network *n, const json_t *spec, swarm_error *err);
/*
 * Create it and wait for its addresses. ret_id: freed and replaced once it is there. After
 * SWARM_E_CONFLICT n->object is the one that has its name.
 */
int swarm__network_create(swarm__network *n, json_t *body, char **ret_id, swarm_error *err);

/* --- network_users.c: which services and containers use a network --------------------------------- */

/* Fill all and object. 0, or SWARM_E_CONFLICT where another kind of network has the name. */
int swarm__network_find(swarm__network *n, swarm_error *err);
/* The services whose spec uses the network; new array. */
int swarm__network_users(swarm__network *n, json_t **ret_services, swarm_error *err);
/* The services that were taken off it, and not put on again; new array. */
int swarm__network_detached(swarm__network *n, json_t **ret_services, swarm_error *err);
/* 0, or SWARM_E_CONFLICT for containers that hold the network, as far as this manager sees them. */
int swarm__network_check_attached(swarm__network *n, swarm_error *err);
/* Delete it, and wait for the tasks that still use it. 0 also where it is gone already. */
int swarm__network_delete(swarm__network *n, swarm_error *err);
/* Names of services, for texts and results. */
void swarm__network_names(const json_t *services, swarm__names *names);

/* --- network_move.c: services off a network and on again ------------------------------------------- */

/* 0, or SWARM_E_CONFLICT for a service that cannot be moved. */
int swarm__network_check_users(const swarm__network *n, const json_t *services, swarm_error *err);
int swarm__network_take_off(swarm__network *n, const json_t *services, swarm_error *err);
/* id: of the network that they are put on; it may be another one than before. */
int swarm__network_put_on(swarm__network *n, const char *id, const json_t *services,
			  swarm_error *err);
/* "libswarm.detached.NAME" */
void swarm__network_label(const swarm__network *n, char label[SWARM__MAX_LABEL]);

#endif
