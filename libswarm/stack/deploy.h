/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files on stacks share. One call reads what the swarm has of a stack (stack_read.c) and its stored
 * revisions (stack_revision.c); decides which version of each secret and config has the content
 * (stack_content.c), what becomes of each service (stack_service.c) and what can go (stack_prune.c), which
 * together is the plan (stack_plan.c); and carries it out (stack_apply.c, stack_rollout.c, stack_restore.c).
 */
#ifndef SWARM_STACK_DEPLOY_INTERNAL_H
#define SWARM_STACK_DEPLOY_INTERNAL_H

#include "compose/internal.h"
#include "stack/internal.h"

#include <swarm/stack_deploy.h>

#define SWARM__REVISION_LABEL "libswarm.revision"
#define SWARM__REVISION_HASH SWARM__REVISION_LABEL ".hash"
#define SWARM__REVISION_TIME SWARM__REVISION_LABEL ".time"
#define SWARM__REVISION_SOURCE SWARM__REVISION_LABEL ".source"
#define SWARM__REVISION_WHO SWARM__REVISION_LABEL ".who"
#define SWARM__REVISION_RESULT SWARM__REVISION_LABEL ".result"
#define SWARM__REVISION_FAILED SWARM__REVISION_LABEL ".failed"

/* The id of what is still to be created, until it is. */
#define SWARM__NEW_ID "(new)"

enum {
	SWARM__STACK_WAIT_MS = 300000,
	SWARM__STACK_KEEP = 3,
	SWARM__STACK_HISTORY = 10,
	SWARM__STACK_MAX_HISTORY = 100,
};

/* One kind of a stack's objects, in the order in which they are made. */
typedef struct swarm__stack_kind {
	const char *name; /* "networks", as in the stack */
	const char *word; /* "network" */
	swarm_kind kind;
	const char *id; /* paths in the engine's object */
	const char *title;
	const char *labels;
} swarm__stack_kind;

enum { SWARM__STACK_KINDS = 4 };
/* networks, secrets, configs, services */
extern const swarm__stack_kind swarm__stack_kinds[SWARM__STACK_KINDS];
const swarm__stack_kind *swarm__stack_kind_named(const char *name);

/* What becomes of one service. */
typedef struct swarm__stack_service {
	const char *name; /* borrowed from the stack */
	json_t *spec;     /* as declared, with the names and ids that the engine has */
	json_t *words;    /* the same in compose's words */
	json_t *object;   /* as listed; NULL: there is none */
	json_t *pinned; /* {"image", "digest", "platforms"} that a revision has, or a registry gave */
	json_t *changes;      /* in compose's words */
	json_t *held;         /* why it is not sent; or NULL */
	const char *action;   /* "none", "create", "update", "replace", "adopt" or "held" */
	const char *restarts; /* "no", "placement" or "tasks" */
	json_t *becomes;      /* the spec that is sent; NULL: none is */
	json_t *sent_id;      /* of the service that was created or changed; NULL: not yet */
	size_t level;         /* those of a lower one come first */
} swarm__stack_service;

typedef struct swarm__stack {
	swarm_client *client;
	const char *name;
	const json_t *wanted; /* what compose_convert() made; NULL: nothing is declared */
	const swarm_stack_options *options;
	swarm__deadline deadline; /* of the requests of one step */
	json_t *found;            /* {"networks": [engine's object], ...} with the stack's label */
	json_t *others; /* the same, without it, that have a name which is declared or external */
	json_t *revisions; /* the newest first: {"number", "id", "labels", "document"} */
	json_t *ids;       /* {"networks": {name: id}, ...} as for swarm_spec_merge() */
	json_t *picked; /* {"secrets", "configs": {declared name: what stack_content.c decided}} */
	const json_t *frozen; /* the document of the revision to go back to; borrowed; or NULL */
	swarm__stack_service *services;
	size_t service_count;
	json_t *gone;      /* {"services", ...: [engine's object]}: what is pruned */
	json_t *slips;     /* lines */
	int slip_code;     /* of the first */
	json_t *changes;   /* {"networks": {name: {"action", "changes", "restarts"}}, ...} */
	json_t *unchanged; /* {"networks": number, ...} */
	json_t *held;
	json_t *unmanaged;
	json_t *warnings;
	json_t *failed;   /* {"service", "reason", "rolled_back"}; NULL: none did */
	json_t *document; /* of the revision that this declares */
	char hash[SWARM__SHA256_HEX];
	json_int_t number;  /* of the revision */
	bool stores;        /* is it a new one? */
	swarm_local *local; /* NULL until the cluster's id was asked for */
	json_t *silent;     /* {image: why} of registries that could not be asked */
} swarm__stack;

static inline bool swarm__stack_is_on(const swarm__stack *s, unsigned flag)
{
	return (s->options->flags & flag) != 0;
}

/* --- stack_read.c --------------------------------------------------------------------------------- */

/* Check the arguments that all functions have. 0 or SWARM_E_INVAL. */
int swarm__stack_check_name(const char *name, swarm_error *err);
int swarm__stack_begin(swarm__stack *s, swarm_client *client, const char *name,
		       const swarm_stack_options *options, swarm_error *err);
void swarm__stack_clear(swarm__stack *s);
/* A new time for the requests of one step. */
void swarm__stack_step(swarm__stack *s);
/* Fill found, others and revisions. */
int swarm__stack_read(swarm__stack *s, swarm_error *err);
/* Lists with a label, in the engine's order. */
int swarm__stack_list(swarm__stack *s, const swarm__stack_kind *kind, const char *label,
		      json_t **ret_list, swarm_error *err);
/* The object of a list with this name, borrowed; NULL. */
json_t *swarm__stack_find(const json_t *list, const swarm__stack_kind *kind, const char *name);
/* A label of an object of this kind; "" where it has none. */
const char *swarm__stack_label(const json_t *object, const swarm__stack_kind *kind,
			       const char *label);
const char *swarm__stack_title(const json_t *object, const swarm__stack_kind *kind);
const char *swarm__stack_id(const json_t *object, const swarm__stack_kind *kind);
/* A line about what is declared. 0, or SWARM_E_NOMEM. */
int swarm__stack_slip(swarm__stack *s, int code, swarm_error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int swarm__stack_warn(swarm__stack *s, swarm_error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Note a change; changes is stolen, NULL is memory that ran out. */
int swarm__stack_change(swarm__stack *s, const char *kind, const char *name, const char *action,
			json_t *changes, bool restarts, swarm_error *err);
int swarm__stack_count(swarm__stack *s, const char *kind, swarm_error *err);
/* Is this an error of ours or of the caller, that no result can hold? */
static inline bool swarm__stack_is_final(int rc)
{
	return rc == SWARM_E_NOMEM || rc == SWARM_E_CANCELED;
}

/* --- stack_revision.c ------------------------------------------------------------------------------ */

/* Revisions among configs, the newest first; new. */
int swarm__revisions_read(const json_t *configs, json_t **ret_revisions, swarm_error *err);
/* Is a config one of them? */
bool swarm__is_revision(const json_t *config);
/* Does a revision declare the object of this name in the engine? kind: "networks", ... */
bool swarm__revision_has(const json_t *revision, const char *kind, const char *name);
/* Does any? */
bool swarm__stack_owns(const swarm__stack *s, const char *kind, const char *name);
/* A label of a revision; "" where it has none. */
const char *swarm__revision_label(const json_t *revision, const char *label);
/* NULL: there is none. */
const json_t *swarm__revision_newest(const swarm__stack *s);
/* {service: reason} of a revision, new; an empty object where none failed. NULL without memory. */
json_t *swarm__revision_failed(const json_t *revision);
/* The spec of a service in a revision, borrowed; NULL. */
const json_t *swarm__revision_service(const json_t *revision, const char *name);

/* --- stack_record.c --------------------------------------------------------------------------------- */

/* Fill document, hash, number and stores, once it is known what becomes of secrets and services. */
int swarm__revision_make(swarm__stack *s, swarm_error *err);
/* Add what else is owned, once it is known what is pruned. */
int swarm__revision_own(swarm__stack *s, swarm_error *err);
/* Create it, where it is a new one, before anything is changed; with the result "pending". */
int swarm__revision_store(swarm__stack *s, swarm_error *err);
/* Its result at the end, and removal of those that are too many. */
int swarm__revision_finish(swarm__stack *s, const char *result, swarm_error *err);
/* --- stack_names.c ---------------------------------------------------------------------------------- */

/* Names of all secrets or configs to their ids; a logical name is that of its newest version. */
int swarm__stack_fill_ids(swarm__stack *s, const swarm__stack_kind *kind, swarm_error *err);
/* Lines about names of new ones that others have. */
int swarm__stack_check_names(swarm__stack *s, const swarm__stack_kind *kind, swarm_error *err);
int swarm__stack_check_externals(swarm__stack *s, const swarm__stack_kind *kind, swarm_error *err);

/* --- stack_content.c --------------------------------------------------------------------------------- */

/* Fill picked, and the ids of secrets and configs. */
int swarm__stack_pick(swarm__stack *s, swarm_error *err);
/* Create what is to be created, and set labels; ids are filled. */
int swarm__stack_put_contents(swarm__stack *s, swarm_error *err);

/* --- stack_network.c ----------------------------------------------------------------------------------- */

int swarm__stack_plan_networks(swarm__stack *s, swarm_error *err);
int swarm__stack_put_networks(swarm__stack *s, swarm_error *err);

/* --- stack_spec.c ------------------------------------------------------------------------------------- */

/* A declared spec with the names of this engine's secrets and configs. New; NULL without memory. */
json_t *swarm__stack_name_references(const swarm__stack *s, const json_t *spec);
/* Such a spec with the ids of what it names. The same. */
json_t *swarm__stack_add_ids(const swarm__stack *s, const json_t *named);
/*
 * declared: with ids; merged: what is there with the changes, pinned; before: what is there, or NULL. The
 * stored form of tasks is kept where they do not restart. The same.
 */
json_t *swarm__stack_sent_form(const json_t *declared, const json_t *merged, const json_t *before,
			       bool restarts);

/* --- stack_service.c ----------------------------------------------------------------------------------- */

/* Decide on all services. */
int swarm__stack_plan_services(swarm__stack *s, swarm_error *err);
/* The spec to send, of the object as it is now (NULL: a new one); a new reference. */
int swarm__stack_merge(swarm__stack *s, swarm__stack_service *service, const json_t *object,
		       json_t **ret_spec, swarm_error *err);
/* Credentials for an image, borrowed; NULL. */
const json_t *swarm__stack_auth(const swarm__stack *s, const char *image);
void swarm__stack_service_clear(swarm__stack_service *service);

/* --- stack_prune.c --------------------------------------------------------------------------------------- */

/* Fill gone and unmanaged. */
int swarm__stack_plan_prune(swarm__stack *s, swarm_error *err);
int swarm__stack_prune(swarm__stack *s, swarm_error *err);

/* --- stack_plan.c ------------------------------------------------------------------------------------------ */

/* All of it, up to an error with all slips. wanted is set. */
int swarm__stack_plan(swarm__stack *s, swarm_error *err);
int swarm__stack_result(const swarm__stack *s, json_t **ret_result, swarm_error *err);

/* --- stack_apply.c ------------------------------------------------------------------------------------------ */

/* After the plan. */
int swarm__stack_carry_out(swarm__stack *s, swarm_error *err);

/* --- stack_rollout.c ---------------------------------------------------------------------------------------- */

/* Send the services and wait for them; what goes wrong with one is in failed. */
int swarm__stack_roll_out(swarm__stack *s, swarm_error *err);
/* Note a failure. */
int swarm__stack_fail(swarm__stack *s, const char *service, const char *reason, swarm_error *err);

/* --- stack_restore.c ---------------------------------------------------------------------------------------- */

/* The services that were sent get back what they had. Fills failed's rolled_back. */
int swarm__stack_restore(swarm__stack *s, swarm_error *err);

#endif
