/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stack/ has in common: secrets and configs by a logical name, and the services that use them.
 */
#ifndef SWARM_STACK_INTERNAL_H
#define SWARM_STACK_INTERNAL_H

#include "object/internal.h"

#define SWARM__HASH_LABEL "libswarm.hash"
/* Of a version: the services that went back from it, "id:index id:index ...". */
#define SWARM__REFUSED_LABEL "libswarm.refused"
#define SWARM__STACK_LABEL "com.docker.stack.namespace"

/* Of the names of versions: "-" and so many digits of the hash. */
#define SWARM__HASH_DIGITS 12
#define SWARM__MAX_OBJECT_NAME 64

/* For what is asked beside a rollout: no more than that may take itself. */
enum { SWARM__STACK_TIMEOUT_MS = 60000 };

static inline swarm__deadline swarm__stack_deadline(int64_t timeout_ms)
{
	bool shorter = timeout_ms > 0 && timeout_ms < SWARM__STACK_TIMEOUT_MS;

	return swarm__deadline_in(shorter ? timeout_ms : 0, SWARM__STACK_TIMEOUT_MS);
}

/* --- versions.c: the objects of one logical name ------------------------------------------------ */

/* "secret" or "config". */
const char *swarm__kind_word(swarm_kind kind);
const char *swarm__object_name(const json_t *object);
const char *swarm__object_id(const json_t *object);
/* All objects of this logical name, the newest first: new reference. */
int swarm__versions_read(swarm_client *client, swarm_kind kind, const char *name,
			 const swarm__deadline *deadline, json_t **ret_versions, swarm_error *err);
/* 0 or SWARM_E_INVAL: may an object be called so, with room for the hash? */
int swarm__versioned_name_check(swarm_kind kind, const char *name, bool fixed, swarm_error *err);
/*
 * HMAC of base64 text (may be NULL), template driver and driver, under the key of what or of the
 * cluster.
 */
int swarm__versioned_hash(swarm_client *client, const swarm_versioned *what, const char *text,
			  const swarm__deadline *deadline, char hash[SWARM__SHA256_HEX],
			  swarm_error *err);

/* --- declared.c --------------------------------------------------------------------------------- */

/* 0 or SWARM_E_INVAL. */
int swarm__versioned_check(const swarm_client *client, swarm_kind kind, const swarm_versioned *what,
			   json_t **ret_result, swarm_error *err);

/* --- consumers.c: what services name ------------------------------------------------------------ */

/* Ids to names, without those of skip (may be NULL): new; NULL without memory. */
json_t *swarm__ids_of(const json_t *objects, const json_t *skip);
/* The id in ids that a service's spec names, borrowed; NULL: names none. */
const char *swarm__spec_names(swarm_kind kind, const json_t *spec, const json_t *ids);
/* Add the ids of all that a spec names to an object. 0, or -1 without memory. */
int swarm__spec_collect(swarm_kind kind, const json_t *spec, json_t *ids);
/* spec is ours: name another object in place of each in ids. 0, or -1 without memory. */
int swarm__spec_repoint(swarm_kind kind, json_t *spec, const json_t *ids, const char *id,
			const char *name);
bool swarm__is_job(const json_t *spec);

/* --- rotate.c: services from older versions to the current one ------------------------------------ */

typedef struct swarm__rotation {
	swarm_client *client;
	swarm_kind kind;
	const swarm_versioned *what;
	json_t *older;    /* the other versions: {id: name}; borrowed */
	const char *id;   /* of the current version; "" in a dry run of a new one */
	const char *name; /* of the current version */
	json_t *current;  /* its object; NULL in a dry run of a new one */
	json_t *services; /* those that are moved: {name: {"old", "new"}}; ours */
	json_t *warnings; /* borrowed */
	json_t *failed;   /* ours; NULL: none did */
} swarm__rotation;

/* Move the services of a list. What went wrong with a service is in failed, and no error. */
int swarm__rotate(swarm__rotation *r, const json_t *services, swarm_error *err);
/* Will this service be moved? */
bool swarm__is_moved(const swarm__rotation *r, const json_t *service);

/* --- prune.c: services are moved, then older versions removed ------------------------------------- */

/* A secret or config that is declared, and what is there of it. */
typedef struct swarm__put {
	swarm_client *client;
	swarm_kind kind;
	const swarm_versioned *what;
	char hash[SWARM__SHA256_HEX];
	char name[SWARM__MAX_OBJECT_NAME + 1]; /* of a version with this content */
	char *text;                            /* the content in base64; NULL: a driver has it */
	json_t *versions;                      /* the newest first */
	json_t *current;                       /* has the content; NULL: is still to be made */
	json_t *replaced;                      /* the object of a fixed name that must go first */
	const char *action;
	json_t *changes;
	json_t *warnings;
	json_t *failed;
	swarm__deadline deadline;
} swarm__put;

int swarm__services_read(const swarm__put *p, json_t **ret_services, swarm_error *err);
/* Of a list of services, which is read again after a move. */
int swarm__versioned_finish(const swarm__put *p, swarm__rotation *r, json_t **services,
			    swarm_error *err);

#endif
