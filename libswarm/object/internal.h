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

/* Does an image come from the registry of this host, such as "docker.io" or "registry:5000"? */
bool swarm__image_is_of(const char *image, const char *registry);
/* Credentials that name another registry would be sent to this one. 0 or SWARM_E_INVAL. */
int swarm__image_check_auth(const char *image, const json_t *registry_auth, swarm_error *err);
/* As swarm_image_resolve(), within a deadline and with its own limit. err is not NULL. */
int swarm__image_resolve(swarm_client *client, const char *image, const json_t *registry_auth,
			 const swarm__deadline *deadline, json_t **ret_found, swarm_error *err);

/* --- converge.c ----------------------------------------------------------------------------- */

/* Is a task's desired state to run or to complete, and not to stop? */
bool swarm__task_is_wanted(const char *desired_state);

#endif
