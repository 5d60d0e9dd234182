/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stack as compose files declare it (<swarm/compose.h>): plan, apply, wait, roll back, prune, remove;
 * and the revisions of it, which are kept in the swarm itself.
 *
 * The objects of a stack are found by docker's label "com.docker.stack.namespace", so stacks of docker's
 * CLI appear here, and the other way round. Each apply that changes something stores a revision: a config
 * NAME.revision.N with that label and
 *
 *	libswarm.revision         its number
 *	libswarm.revision.hash    SHA-256 of what it declares
 *	libswarm.revision.time    seconds since 1970
 *	libswarm.revision.source  what the caller says of where it comes from
 *	libswarm.revision.who     what the caller says of who applied it
 *	libswarm.revision.result  "pending", "ok", "failed" or "rolled back"
 *	libswarm.revision.failed  {service: reason} as JSON, of a rollout that was rolled back
 *
 * Its data is JSON with the converted stack, the names of the versions of its secrets and configs, and the
 * digests of its images. It never has the content of a secret or config. What a stored revision declares
 * was made, or taken over, by this library; only that is ever pruned.
 *
 * Timeouts: that of an options struct is for each group of services that roll out together (0: 300 s); other
 * requests have as long, but 60 s at most. Beside the errors named, each function gives those of the
 * transport and of the engine, SWARM_E_NOT_MANAGER and SWARM_E_NO_LEADER. Thread rule: as for any function
 * that takes a client.
 */
#ifndef SWARM_STACK_DEPLOY_H
#define SWARM_STACK_DEPLOY_H

#include <swarm/client.h>
#include <swarm/compose.h>
#include <swarm/object.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Remove nothing that the stack no longer declares. */
#define SWARM_STACK_NO_PRUNE 0x1u
/** Leave it as it is when a service fails. */
#define SWARM_STACK_NO_ROLLBACK 0x2u
/** Do not wait for tasks: all services change at the same time, and no failure of a task is seen. */
#define SWARM_STACK_NO_WAIT 0x4u
/** Secrets and configs have the names of docker's CLI, without a hash: their content cannot change. */
#define SWARM_STACK_PLAIN_NAMES 0x8u
/** Send also what was rolled back before. */
#define SWARM_STACK_RETRY 0x10u
/** Make networks that differ, and services whose mode changes, again. */
#define SWARM_STACK_REPLACE 0x20u
/** Show the values of environment variables in the changes; they are "***" without it. */
#define SWARM_STACK_SHOW_ENV 0x40u

/**
 * Fill content with that of a secret. Called once for its hash, and again where it is created.
 *
 * @param name     of the secret, as in the stack's "secrets"
 * @param content  for swarm_content_set()
 * @param err      to be filled on failure; its text becomes part of the line about the secret
 * @return 0; SWARM_E_CANCELED or SWARM_E_NOMEM end it all; any other code is a line of the error
 */
typedef int (*swarm_stack_content_cb)(void *payload, const char *name, swarm_content *content,
				      swarm_error *err);

/** Start from SWARM_STACK_OPTIONS_INIT. All pointers are borrowed. */
typedef struct swarm_stack_options {
	size_t size;
	int64_t timeout_ms;
	unsigned flags;              /**< SWARM_STACK_... */
	int resolve;                 /**< a swarm_resolve: when digests of images are looked up */
	const json_t *registry_auth; /**< NULL, or {host: credentials as in swarm_call_options} */
	swarm_stack_content_cb content; /**< NULL: a stack with secrets is refused */
	void *payload;                  /**< of content */
	const void *key; /**< of the hashes; NULL: the cluster's id, as of swarm_versioned */
	size_t key_size;
	size_t keep;        /**< what the last so many revisions name is not pruned; 0: 3 */
	size_t history;     /**< so many revisions are kept; 0: 10 */
	const char *source; /**< NULL, or a text that is kept with the revision */
	const char *who;    /**< the same */
} swarm_stack_options;

#define SWARM_STACK_OPTIONS_INIT                                                                   \
	{                                                                                          \
		sizeof(swarm_stack_options), 0, 0, 0, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL  \
	}

/**
 * What swarm_stack_apply() would do. Sends no write; it may ask registries for digests of images.
 *
 * @param stack     result of swarm_compose_convert(); borrowed
 * @param options   NULL: the defaults
 * @param ret_plan  new reference: {"name"; "changes": {"networks", "secrets", "configs", "services":
 *                  {name: {"action": "create", "update", "adopt" (it is there, and from now on this
 *                  stack's), "return" (to an older version of a secret or config), "replace", "restore" (the
 *                  services of a network that a killed run took off it) or "remove";
 *                  "changes": {field in compose's words: {"old", "new"}}, of a secret or config "name":
 *                  those of its versions; "restarts": do tasks restart?}}}, without what does not change;
 *                  "unchanged": {"networks", "secrets", "configs", "services": how many}; "held":
 *                  [{"service", "reason"}], what was rolled back before and is not sent; "unmanaged":
 *                  {"networks", ...: [name]}, what has the stack's label but is neither declared nor was
 *                  ever made by this library; "warnings": [line]; "revision": the number of the stored
 *                  revision, or of the one to be stored; "failed": null}
 * @param err       its text has the first mistakes: externals that are missing, names that belong to others,
 *                  content that is not given, what cannot be changed in place, images that are not there
 * @return 0, SWARM_E_INVAL, SWARM_E_CONFLICT, SWARM_E_NOT_FOUND, SWARM_E_HTTP, SWARM_E_TOO_LARGE (for a
 *         revision), SWARM_E_VERSION, SWARM_E_JSON
 */
int swarm_stack_plan(swarm_client *client, const json_t *stack, const swarm_stack_options *options,
		     json_t **ret_plan, swarm_error *err);

/**
 * Make a stack as it is declared: networks, secrets and configs, services in the order of depends_on, then
 * removal of what is no longer declared. Nothing is sent for what does not differ, and nothing at all where
 * nothing does. Stopped anywhere, it goes on when it is called again.
 *
 * A service that does not settle ends it: the services that were changed get their former spec back, new
 * ones are removed, and nothing is pruned. That spec is not sent again until it changes, or with
 * SWARM_STACK_RETRY: it is "held", and the other services go on.
 *
 * @param stack       result of swarm_compose_convert(); borrowed
 * @param options     NULL: the defaults
 * @param ret_result  new reference: as of swarm_stack_plan(), what was done; "failed": null, or {"service":
 *                    name, "reason": text, "rolled_back": boolean}. Look at "failed" and "held": a service
 *                    that does not run is not an error of the function
 * @return as swarm_stack_plan(), before anything was changed; and SWARM_E_SEQUENCE, SWARM_E_TIMEOUT,
 *         SWARM_E_CANCELED at any point
 */
int swarm_stack_apply(swarm_client *client, const json_t *stack, const swarm_stack_options *options,
		      json_t **ret_result, swarm_error *err);

/**
 * Make a stack as a stored revision declares it, with the versions of secrets and configs and the digests of
 * images that it had. It becomes a new revision.
 *
 * @param name        of the stack
 * @param to          number of a revision; 0: the last one that worked, before the present one
 * @param plan        not 0: only say what would be done
 * @param options     NULL: the defaults; content and key are not used
 * @param ret_result  as swarm_stack_apply(), or swarm_stack_plan(); and "to": the number of the revision,
 *                    "stack": its objects, as swarm_compose_convert() made them, with all values
 *                    of environment variables
 * @return as swarm_stack_apply(); SWARM_E_NOT_FOUND (the text has the revisions that there are),
 *         SWARM_E_CONFLICT (the text has the secrets and configs that are gone)
 */
int swarm_stack_rollback(swarm_client *client, const char *name, int64_t to, int plan,
			 const swarm_stack_options *options, json_t **ret_result, swarm_error *err);

/** Send nothing: the result says what would be removed. */
#define SWARM_STACK_DRY_RUN 0x100u

/**
 * Remove a stack: its services; then, once their tasks are gone, its networks, configs, secrets, and stored
 * revisions. Volumes stay. An absent stack is not an error.
 *
 * @param name        of the stack
 * @param flags       0 or SWARM_STACK_DRY_RUN
 * @param timeout_ms  for all of it; 0: 300 s
 * @param ret_result  new reference: {"name"; "removed": {"services", "networks", "configs", "secrets":
 *                    [name]}; "revisions": how many; "warnings": [line]}
 * @return 0, SWARM_E_CONFLICT (a service or container of another owner uses one of them), SWARM_E_TIMEOUT
 */
int swarm_stack_remove(swarm_client *client, const char *name, unsigned flags, int64_t timeout_ms,
		       json_t **ret_result, swarm_error *err);

/**
 * All stacks of the swarm, by name.
 *
 * @param timeout_ms  0: 60 s
 * @param ret_stacks  new reference: array of {"name"; "services", "networks", "secrets", "configs": how
 *                    many; "revision", "time": numbers of the newest revision, and its "result"; null for a
 *                    stack that this library did not apply}
 */
int swarm_stack_list(swarm_client *client, int64_t timeout_ms, json_t **ret_stacks,
		     swarm_error *err);

/**
 * Is a stack as it is declared, and does it work? Two answers for each service.
 *
 * @param name        of the stack
 * @param stack       NULL: compare with the newest revision; or a result of swarm_compose_convert()
 * @param timeout_ms  0: 60 s
 * @param ret_status  new reference: {"name"; "revision": number or null; "result": of it, or null; "sync",
 *                    "health": the worst of the services; "services": [{"service"; "sync": "synced",
 *                    "out of sync" (stack says something else than the revision), "drifted" (the swarm
 *                    does) or "unknown" (nothing to compare with); "health": "healthy", "progressing",
 *                    "degraded", "missing" or "unknown"; "running", "desired": tasks; "changes": {field:
 *                    {"old", "new"}}; "message": text}]}
 * @return 0, SWARM_E_NOT_FOUND (no such stack), SWARM_E_INVAL
 */
int swarm_stack_status(swarm_client *client, const char *name, const json_t *stack,
		       int64_t timeout_ms, json_t **ret_status, swarm_error *err);

/**
 * The stored revisions of a stack, the newest first.
 *
 * @param timeout_ms   0: 60 s
 * @param ret_history  new reference: array of {"revision", "time": numbers; "result", "hash", "source",
 *                     "who": texts; "services": [name]; "failed": {service: reason}; "missing": [line],
 *                     the secrets and configs without which it cannot be rolled back to}
 * @return 0, SWARM_E_INVAL
 */
int swarm_stack_history(swarm_client *client, const char *name, int64_t timeout_ms,
			json_t **ret_history, swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
