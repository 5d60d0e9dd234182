/* SPDX-License-Identifier: Apache-2.0 */
/* What object/ offers: services, tasks, secrets, configs and networks. */
#ifndef SWARM_OBJECT_INTERNAL_H
#define SWARM_OBJECT_INTERNAL_H

#include "common/internal.h"

/* --- object.c ------------------------------------------------------------------------------- */

/* As swarm_object_list(), within a deadline, and waiting out an election. */
int swarm__object_list(swarm_client *client, swarm_kind kind, const swarm_pair *filters,
		       const swarm__deadline *deadline, json_t **ret_list, swarm_error *err);
/* As swarm_object_inspect(), within a deadline, and waiting out an election. */
int swarm__object_get(swarm_client *client, swarm_kind kind, const char *ref,
		      const swarm__deadline *deadline, json_t **ret_object, swarm_error *err);
/* As swarm_object_create(), within a deadline. */
int swarm__object_create(swarm_client *client, swarm_kind kind, const json_t *spec,
			 const json_t *registry_auth, const swarm__deadline *deadline,
			 json_t **ret_created, swarm_error *err);
/*
 * created.c: the object that a create made which began at started_s (since 1970), by the name in spec.
 * As swarm__object_get(), and SWARM_E_CONFLICT where that is another writer's.
 */
int swarm__object_find_created(swarm_client *client, swarm_kind kind, const json_t *spec,
			       int64_t started_s, const swarm__deadline *deadline,
			       json_t **ret_object, swarm_error *err);
/* As swarm_object_update(), within a deadline. */
int swarm__object_update(swarm_client *client, swarm_kind kind, const char *ref,
			 const json_t *patch, const json_t *registry_auth,
			 const swarm__deadline *deadline, json_t **ret_change, swarm_error *err);

/*
 * service.c: a service and the list of its tasks, new references; both are NULL where the service is gone.
 * err is set by the error alone.
 */
int swarm__service_tasks(swarm_client *client, const char *service_id,
			 const swarm__deadline *deadline, json_t **ret_service, json_t **ret_tasks,
			 swarm_error *err);

/* --- secret.c: the content of secrets and configs --------------------------------------------- */

/* May it have so many bytes? 0 or SWARM_E_INVAL. */
int swarm__content_check(swarm_kind kind, size_t size, swarm_error *err);
/* Create one from a spec and its content in base64 (NULL: none), which is not in spec afterwards. */
int swarm__content_create(swarm_client *client, swarm_kind kind, json_t *spec, const char *text,
			  const swarm__deadline *deadline, json_t **ret_created, swarm_error *err);

/* --- logical_name.c: versions of one secret or config, which have its name in a label ----------- */

#define SWARM__NAME_LABEL "libswarm.name"
#define SWARM__VERSION_LABEL "libswarm.version"

/* A label of an object; "" where it has none. */
const char *swarm__label(const json_t *object, const char *label);
/* The number of a version; 0 where it has none. */
json_int_t swarm__version_number(const json_t *object);
/* As of qsort(): the version that was declared last comes first. */
int swarm__version_order(const json_t *one, const json_t *other);
/* Add {"id", "name"} of the newest version of each logical name in a list. 0, or -1 without memory. */
int swarm__logical_ids(const json_t *list, json_t *ids);

/* --- image.c -------------------------------------------------------------------------------- */

/* Longest name of an image. */
#define SWARM__MAX_IMAGE 1024

/* Does an image come from the registry of this host, such as "docker.io" or "registry:5000"? */
bool swarm__image_is_of(const char *image, const char *registry);
/* Do two images come from the same registry? */
bool swarm__image_shares_registry(const char *image, const char *other);
/* Credentials that name another registry would be sent to this one. 0 or SWARM_E_INVAL. */
int swarm__image_check_auth(const char *image, const json_t *registry_auth, swarm_error *err);
/* As swarm_image_resolve(), within a deadline and with its own limit. err is not NULL. */
int swarm__image_resolve(swarm_client *client, const char *image, const json_t *registry_auth,
			 const swarm__deadline *deadline, json_t **ret_found, swarm_error *err);
/* Say what a refusal of the engine, or of the registry by it, means for an image. Returns the code. */
int swarm__image_explain(const char *image, const char *verb, int rc, swarm_error *err);

/* --- service_spec.c ------------------------------------------------------------------------- */

/* One swarm_service_apply() on its way. */
typedef struct swarm__apply {
	swarm_client *client;
	const char *name;
	const json_t *service;
	const swarm_apply_options *options;
	swarm__deadline deadline;
	json_t *ids;
	json_t *found;  /* of the image; NULL: was not asked for, or not found */
	char *unsure;   /* why the image could not be looked up, if that is not an error; or NULL */
	json_t *result; /* of the last merge */
	json_t *answer; /* the engine's, to the write; NULL: nothing was sent */
	json_t *replacement; /* the spec of the service that takes the place of one of another mode */
	json_t *rolled_back; /* why nothing is sent: swarm rolled this spec back; or NULL */
	bool looked_up;      /* the image's registry was asked, with the credentials */
	bool held;           /* a job that would run again for a label */
	bool replaces;       /* the mode changes */
} swarm__apply;

/* SWARM_E_CONFLICT for a service of a stack that the caller does not name. */
int swarm__apply_check_owner(const swarm__apply *a, const json_t *before, swarm_error *err);
/* The spec to send: before with the changes, or that of a new service for NULL; a new reference. */
int swarm__apply_merge(swarm__apply *a, const json_t *before, json_t **ret_spec, swarm_error *err);
/* "no", "placement" or "tasks", of the changes of the last merge. */
const char *swarm__apply_restarts(const swarm__apply *a);
/* SWARM_E_INVAL where the engine dropped a part of the caller's patch from what it stored. */
int swarm__apply_check_kept(swarm__apply *a, const char *id, swarm_error *err);

/* Notes that a value changes; old and new may be NULL. 0, or -1 without memory. */
int swarm__apply_tell(const swarm__apply *a, const char *name, const char *old, const char *new);
/* 0, or -1 without memory. */
int swarm__apply_set_label(json_t *spec, const char *name, const char *value);

/* --- service_image.c ------------------------------------------------------------------------ */

/* Ask for the image's digest where that is due. spec: what is stored, or NULL. */
int swarm__apply_look_up(swarm__apply *a, const json_t *spec, swarm_error *err);
/*
 * Try the caller's credentials where a write would send them and no look-up has used them: the engine
 * takes any. spec as above. SWARM_E_HTTP where the registry refuses them.
 */
int swarm__apply_try_credentials(swarm__apply *a, const json_t *spec, swarm_error *err);
/* Adds what is to be known of an image that is sent without a digest. 0, or -1 without memory. */
int swarm__apply_warn_unpinned(const swarm__apply *a, json_t *warnings);
/* Puts the image that was found into spec, and the machines that it is for. 0, or -1 without memory. */
int swarm__apply_pin(const swarm__apply *a, const json_t *before, json_t *spec);
/* Keeps the image as written in a label; last, since it is a change only where something else is. As above. */
int swarm__apply_label_image(const swarm__apply *a, const json_t *before, json_t *spec);

/* --- service_remove.c ----------------------------------------------------------------------- */

/* Has a task in this state ended? */
bool swarm__task_is_over(const char *state);

/* --- rolled_back.c -------------------------------------------------------------------------- */

/*
 * Did swarm roll back a rollout of this very spec? ret_reason: NULL if not, else a new text with what
 * its tasks failed of. service: the engine's object.
 */
int swarm__rolled_back(swarm_client *client, const json_t *service, const json_t *spec,
		       const swarm__deadline *deadline, json_t **ret_reason, swarm_error *err);
/* Was the task made since the last update of its service began? */
bool swarm__task_is_of_update(const json_t *service, const json_t *task);
/* Adds the errors of the tasks of the rollout that was rolled back to reasons. */
int swarm__rollout_errors(swarm_client *client, const json_t *service,
			  const swarm__deadline *deadline, swarm__names *reasons, swarm_error *err);

/* --- service_conflicts.c ------------------------------------------------------------------------------ */

/*
 * May a service publish the ports of its spec beside those of services? SWARM_E_CONFLICT names the first that
 * one of another name has. A spec with the ports from before needs no look (NULL: there was none).
 */
int swarm__service_check_ports(const char *name, const json_t *spec, const json_t *services,
			       swarm_error *err);
bool swarm__service_adds_ports(const json_t *before, const json_t *spec);
/* Is there a node with each new log and volume driver? 0 or SWARM_E_INVAL; asks only where there is one. */
int swarm__service_check_drivers(swarm_client *client, const json_t *before, const json_t *spec,
				 const swarm__deadline *deadline, swarm_error *err);
/* The same of a network's driver, of the manager that leads. */
int swarm__network_check_driver(swarm_client *client, const char *driver,
				const swarm__deadline *deadline, swarm_error *err);
/* Has a node, as listed, a plugin? *ret_any: it tells of one of the type. */
bool swarm__node_has_plugin(const json_t *node, const char *type, const char *name, bool *ret_any);

/* --- network_create.c ----------------------------------------------------------------------- */

/* The body of a create that makes a network as it is there. New; NULL without memory. */
json_t *swarm__network_body(const json_t *object, const json_t *driver_opts);

/* --- network_users.c ------------------------------------------------------------------------ */

/* Are services off a network since a replacement that did not end? swarm_network_apply() puts them on. */
int swarm__network_has_detached(swarm_client *client, const char *name,
				const swarm__deadline *deadline, bool *ret_has, swarm_error *err);

/* --- converge.c ----------------------------------------------------------------------------- */

typedef enum swarm__outcome {
	SWARM__GOES_ON,
	SWARM__CONVERGED,
	SWARM__ROLLED_BACK,
	SWARM__PAUSED,
	SWARM__FAILED, /* a task ended and is not restarted */
	SWARM__TIMED_OUT
} swarm__outcome;

/* How a wait for a service ended. */
typedef struct swarm__settled {
	swarm__outcome outcome;
	size_t done;
	size_t total;
	int64_t exit_code; /* of the task that ended */
	char text[SWARM_ERROR_TEXT];
} swarm__settled;

/*
 * Wait for a service. flags: SWARM_SETTLE_UNCHANGED, and SWARM__SETTLE_EXPLAIN to ask also what a rollout
 * that was rolled back failed of. 0 for each outcome.
 */
#define SWARM__SETTLE_EXPLAIN 0x100u
int swarm__service_settle(swarm_client *client, const char *service, unsigned flags,
			  const swarm__deadline *deadline, swarm__settled *ret, swarm_error *err);

/* The same in steps, for several services at a time. */
typedef struct swarm__settling swarm__settling;
/* NULL without memory. service: an id. */
swarm__settling *swarm__settling_new(const char *service, unsigned flags);
void swarm__settling_free(swarm__settling *s);
/* One look. ret_outcome: how the wait ended, or SWARM__GOES_ON. */
int swarm__settling_look(swarm_client *client, swarm__settling *s, const swarm__deadline *deadline,
			 swarm__outcome *ret_outcome, swarm_error *err);
/* After at least one look: what is to be said of the end; SWARM__TIMED_OUT where it goes on. */
int swarm__settling_end(swarm_client *client, swarm__settling *s, const swarm__deadline *deadline,
			swarm__settled *ret, swarm_error *err);
/* Is a task's desired state to run or to complete, and not to stop? */
bool swarm__task_is_wanted(const char *desired_state);

#endif
