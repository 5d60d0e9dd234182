/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services, tasks, secrets, configs and networks, through a manager.
 *
 * An object is named by its full id or its exact name; the start of an id is not accepted. Specs and
 * answers are the engine's JSON. Timeouts as in <swarm/cluster.h>; where none is named, 0 means 60 s.
 * Beside the errors named, each function gives those of the transport and of the engine,
 * SWARM_E_NOT_MANAGER and SWARM_E_NO_LEADER. Thread rule: as for any function that takes a client.
 */
#ifndef SWARM_OBJECT_H
#define SWARM_OBJECT_H

#include <swarm/client.h>
#include <swarm/view.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Kinds of objects. */
typedef enum swarm_kind {
	SWARM_KIND_SERVICE,
	SWARM_KIND_TASK, /**< has no name; cannot be created, changed or removed */
	SWARM_KIND_SECRET,
	SWARM_KIND_CONFIG,
	SWARM_KIND_NETWORK /**< cannot be changed; without filter also those of the host alone */
} swarm_kind;

/**
 * List objects. The filters "id" and "name" are exact here, while the engine's are the start of a
 * value ("name" of a task is left as the engine has it). The order is the same at every call: by name
 * and id, tasks by service, slot and node, the newest first. So are the lists of views.
 *
 * @param filters   NULL, or names and values, ends with a NULL name: { "name", "web" },
 *                  { "label", "tier=front" }, { "service", "web" }, ... Values of one name are
 *                  alternatives, different names must all fit
 * @param ret_list  new reference: array of the engine's objects
 * @return 0, SWARM_E_INVAL, SWARM_E_HTTP (a filter that the engine does not know)
 */
int swarm_object_list(swarm_client *client, swarm_kind kind, const swarm_pair *filters,
		      int64_t timeout_ms, json_t **ret_list, swarm_error *err);

/**
 * The same lists as views, in one pass over the answer.
 *
 * @param filters   as for swarm_object_list()
 * @param ret_list  new; free with swarm_service_list_free() and so on
 * @return as swarm_object_list(), and SWARM_E_JSON (names the path of what is wrong)
 */
int swarm_service_list_get(swarm_client *client, const swarm_pair *filters, int64_t timeout_ms,
			   swarm_service_list **ret_list, swarm_error *err);
int swarm_task_list_get(swarm_client *client, const swarm_pair *filters, int64_t timeout_ms,
			swarm_task_list **ret_list, swarm_error *err);
int swarm_secret_list_get(swarm_client *client, const swarm_pair *filters, int64_t timeout_ms,
			  swarm_secret_list **ret_list, swarm_error *err);
int swarm_config_list_get(swarm_client *client, const swarm_pair *filters, int64_t timeout_ms,
			  swarm_config_list **ret_list, swarm_error *err);
int swarm_network_list_get(swarm_client *client, const swarm_pair *filters, int64_t timeout_ms,
			   swarm_network_list **ret_list, swarm_error *err);

/**
 * The services with their numbers of running, desired and completed tasks, which the managers count.
 *
 * @return as swarm_service_list_get(), and SWARM_E_VERSION (API before 1.41)
 */
int swarm_service_list_status(swarm_client *client, const swarm_pair *filters, int64_t timeout_ms,
			      swarm_service_list **ret_list, swarm_error *err);

/**
 * Inspect an object.
 *
 * @param ref         id or name
 * @param ret_object  new reference: the engine's object. A secret's data never comes back
 * @return 0, SWARM_E_INVAL, SWARM_E_NOT_FOUND, SWARM_E_AMBIGUOUS
 */
int swarm_object_inspect(swarm_client *client, swarm_kind kind, const char *ref, int64_t timeout_ms,
			 json_t **ret_object, swarm_error *err);

/**
 * Create an object. Not tried again by itself: after an error of the transport it may exist.
 *
 * @param spec           its spec, checked as by swarm_call_json(); borrowed. "Data" of a secret or
 *                       config is base64, see swarm_secret_create()
 * @param registry_auth  NULL, or of a service the credentials for its image's registry, as in
 *                       swarm_call_options; borrowed
 * @param ret_created    NULL, or new reference: {"ID": id, "Warnings": [text, ...]}
 * @return 0, SWARM_E_INVAL, SWARM_E_VERSION, SWARM_E_CONFLICT (the name is taken)
 */
int swarm_object_create(swarm_client *client, swarm_kind kind, const json_t *spec,
			const json_t *registry_auth, int64_t timeout_ms, json_t **ret_created,
			swarm_error *err);

/**
 * Change the spec of a service, secret or config: read, merge, send with the index read, and again
 * where another writer came first. Of secrets and configs only the labels can change. A service
 * rolls its tasks over where the change touches them; each change of a job runs it again.
 *
 * @param ref            id or name
 * @param patch          JSON merge patch (RFC 7396) of the Spec; borrowed
 * @param registry_auth  as for swarm_object_create(). NULL keeps the credentials that the service has.
 *                       It goes with a change: where the patch changes nothing, nothing is sent
 * @param ret_change     NULL, or new reference: {"id": id, "old": spec, "new": spec}; both are equal,
 *                       and nothing was sent, where the patch changes nothing
 * @return 0, SWARM_E_INVAL, SWARM_E_NOT_FOUND, SWARM_E_AMBIGUOUS, SWARM_E_SEQUENCE
 */
int swarm_object_update(swarm_client *client, swarm_kind kind, const char *ref, const json_t *patch,
			const json_t *registry_auth, int64_t timeout_ms, json_t **ret_change,
			swarm_error *err);

/**
 * Remove an object. The tasks of a service stop later.
 *
 * @param ref  id or name
 * @return 0, SWARM_E_INVAL, SWARM_E_NOT_FOUND, SWARM_E_AMBIGUOUS, SWARM_E_HTTP (in use; the engine's
 *         text says by what)
 */
int swarm_object_remove(swarm_client *client, swarm_kind kind, const char *ref, int64_t timeout_ms,
			swarm_error *err);

/**
 * Create a secret from bytes.
 *
 * @param name    1 to 64 letters, digits, "-", "_", "."
 * @param data    the bytes; borrowed, wiped from every copy
 * @param size    1 to 511,999 bytes
 * @param labels  NULL or an object of strings; borrowed
 * @param ret_id  new, free with free(). NULL is allowed
 * @return as swarm_object_create()
 */
int swarm_secret_create(swarm_client *client, const char *name, const void *data, size_t size,
			const json_t *labels, int64_t timeout_ms, char **ret_id, swarm_error *err);

/** Create a config from 1 to 1,023,999 bytes; all else as swarm_secret_create(). */
int swarm_config_create(swarm_client *client, const char *name, const void *data, size_t size,
			const json_t *labels, int64_t timeout_ms, char **ret_id, swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
