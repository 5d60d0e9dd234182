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

/* For what is asked beside the rollouts. */
enum { SWARM__STACK_TIMEOUT_MS = 60000 };

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

#endif
