/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services, beyond what all objects have in common (<swarm/object.h>): scale, roll back, wait until
 * the tasks are as the service's spec says, and read logs.
 *
 * A service is named by its full id or its exact name. Timeouts as in <swarm/cluster.h>. Beside the
 * errors named, each function gives those of the transport and of the engine, SWARM_E_NOT_MANAGER
 * and SWARM_E_NO_LEADER. Thread rule: as for any function that takes a client.
 */
#ifndef SWARM_SERVICE_H
#define SWARM_SERVICE_H

#include <swarm/client.h>
#include <swarm/object.h>
#include <swarm/spec.h>
#include <swarm/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Ask the registry of an image, through the engine, for its digest.
 *
 * @param image          such as "nginx:1.27" or "registry:5000/team/app:2"
 * @param registry_auth  NULL, or credentials as in swarm_call_options; borrowed, wiped from every copy
 * @param timeout_ms     0: 15 s
 * @param ret_found      new reference: {"image": name with digest, "digest": "sha256:...",
 *                       "platforms": [{"Architecture", "OS"}, ...]}
 * @return 0, SWARM_E_NOT_FOUND, SWARM_E_HTTP (http_status 401: credentials are missing or wrong),
 *         SWARM_E_TIMEOUT, SWARM_E_JSON, SWARM_E_INVAL
 */
int swarm_image_resolve(swarm_client *client, const char *image, const json_t *registry_auth,
			int64_t timeout_ms, json_t **ret_found, swarm_error *err);

/**
 * Ensure that the engine, of any node, has an image: it pulls it where it is not there. Nothing is sent to
 * the registry where it is, and a tag is not compared with it.
 *
 * @param image          as in the spec of a service: "nginx", "nginx:1.27", or with a digest, by which
 *                       it is pulled then
 * @param registry_auth  NULL, or credentials as in swarm_call_options; borrowed, wiped from every copy
 * @param timeout_ms     0: 600 s
 * @param ret_pulled     new reference: {"image": the name that the engine was asked for, "pulled": whether
 *                       it was not there before}
 * @return 0, SWARM_E_NOT_FOUND, SWARM_E_HTTP (http_status 401: credentials are missing or wrong),
 *         SWARM_E_STATE (the engine ended the pull, and has no such image), SWARM_E_TIMEOUT,
 *         SWARM_E_JSON, SWARM_E_TOO_LARGE, SWARM_E_INVAL
 */
int swarm_image_pull(swarm_client *client, const char *image, const json_t *registry_auth,
		     int64_t timeout_ms, json_t **ret_pulled, swarm_error *err);

/** Send nothing: the result says what would be done. */
#define SWARM_REGISTRY_DRY_RUN 0x1u

/**
 * Give new credentials for a registry to all services that have an image of it. The credentials are tried
 * first, by looking one of the images up. No task restarts; but each service that gets them loses the spec
 * that it could be rolled back to, so a service has the version in its label "libswarm.registry_auth", and
 * is left alone where that is the one that is given. Jobs are left alone, since they would run again.
 *
 * @param registry       host of the registry, as in the names of its images: "registry:5000", "docker.io"
 * @param registry_auth  credentials as in swarm_call_options; borrowed, wiped from every copy
 * @param version        any text that is another one for each credentials, such as a date; no secret
 * @param flags          0 or SWARM_REGISTRY_DRY_RUN
 * @param timeout_ms     0: 60 s
 * @param ret_result     new reference: {"services": [name of each that got them, or would], "skipped":
 *                       [name of each job]}
 * @return 0, SWARM_E_HTTP (http_status 401: the credentials are wrong, and nothing was sent),
 *         SWARM_E_INVAL, SWARM_E_SEQUENCE, SWARM_E_TIMEOUT
 */
int swarm_registry_login(swarm_client *client, const char *registry, const json_t *registry_auth,
			 const char *version, unsigned flags, int64_t timeout_ms,
			 json_t **ret_result, swarm_error *err);

/** When the digest of an image is looked up. */
typedef enum swarm_resolve {
	SWARM_RESOLVE_CHANGED, /**< where another image is written, or none is pinned yet */
	SWARM_RESOLVE_ALWAYS,  /**< each time: a tag that moved is a change */
	SWARM_RESOLVE_NEVER    /**< each node takes what its registry says */
} swarm_resolve;

/** Send nothing: the result says what would be done. */
#define SWARM_APPLY_DRY_RUN 0x100u
/** Where the mode changes, remove the service and make a new one; that is an error without it. */
#define SWARM_APPLY_REPLACE 0x200u
/** Send also a spec that swarm has rolled back. */
#define SWARM_APPLY_RETRY 0x400u

/** Start from SWARM_APPLY_OPTIONS_INIT. All pointers are borrowed. */
typedef struct swarm_apply_options {
	size_t size;
	int64_t timeout_ms;          /**< 0: 60 s */
	unsigned flags;              /**< SWARM_SPEC_..., SWARM_APPLY_... */
	int resolve;                 /**< a swarm_resolve */
	const json_t *registry_auth; /**< NULL, or credentials as in swarm_call_options */
	/** NULL, or a text: all tasks run again once for each text. Kept in a label. */
	const char *force_update;
	/** NULL, or the stack that the service is known to belong to; others' are refused. */
	const char *stack;
	/** NULL, or a text: a job runs again once for each text. Kept in a label. */
	const char *job_trigger;
	/** NULL, or a merge patch in the engine's own words, over what service says. */
	const json_t *spec_patch;
} swarm_apply_options;

#define SWARM_APPLY_OPTIONS_INIT                                                                   \
	{                                                                                          \
		sizeof(swarm_apply_options), 0, 0, SWARM_RESOLVE_CHANGED, NULL, NULL, NULL, NULL,  \
			NULL                                                                       \
	}

/**
 * Make a service as it is declared: create it, or change what differs. Nothing is sent where nothing
 * differs, so the spec before the last change stays there to roll back to. Does not wait for tasks
 * (swarm_service_settle()). A job is not run again for a change that is not of its tasks.
 *
 * A spec that swarm has rolled back is not sent again (action "rolled_back"), as long as the tasks that
 * failed are in the engine's history: run after run it would fail in the same way.
 *
 * The digest of the image is looked up and pinned. Where the registry cannot be asked, a digest that is
 * pinned stays, and a new service gets the image as written, with a warning; an image that the registry
 * does not have or refuses is an error before anything is changed.
 *
 * @param name        the service's exact name
 * @param service     in compose's words, as for swarm_spec_merge(); borrowed
 * @param options     NULL: the defaults
 * @param ret_result  new reference: {"id": text, "action": "create", "update", "replace", "none" or
 *                    "rolled_back"; "changes": as of swarm_spec_merge(), what was changed or, with
 *                    "rolled_back" and in a dry run, what would be; "restarts": "no", "tasks" or
 *                    "placement"; "warnings": [line, ...]; "rolled_back": only with that action, the
 *                    engine's reasons}
 * @return 0, SWARM_E_INVAL (the text has the first mistakes), SWARM_E_CONFLICT (belongs to a stack, or
 *         another mode), SWARM_E_NOT_FOUND and SWARM_E_HTTP (the image), SWARM_E_VERSION,
 *         SWARM_E_SEQUENCE, SWARM_E_JSON
 */
int swarm_service_apply(swarm_client *client, const char *name, const json_t *service,
			const swarm_apply_options *options, json_t **ret_result, swarm_error *err);

/**
 * Set the number of tasks of a replicated service, or of completions of a replicated job (which runs
 * the job again). Does not wait.
 *
 * @param service     id or name
 * @param count       0 or more
 * @param timeout_ms  0: 60 s
 * @param ret_change  NULL, or new reference, as swarm_object_update()
 * @return 0, SWARM_E_INVAL (also for a global service), SWARM_E_NOT_FOUND, SWARM_E_SEQUENCE
 */
int swarm_service_scale(swarm_client *client, const char *service, int64_t count,
			int64_t timeout_ms, json_t **ret_change, swarm_error *err);

/**
 * Roll back to the spec before the last change. Does not wait. Fails if another writer changes the
 * spec meanwhile, because that change would be rolled back instead.
 *
 * @param service     id or name
 * @param timeout_ms  0: 60 s
 * @return 0, SWARM_E_CONFLICT (there is no previous spec), SWARM_E_SEQUENCE (another writer changed
 *         the spec), SWARM_E_NOT_FOUND, SWARM_E_INVAL
 */
int swarm_service_rollback(swarm_client *client, const char *service, int64_t timeout_ms,
			   swarm_error *err);

/**
 * Remove a service and wait until its tasks have ended: the engine stops them later, and they hold ports,
 * volumes and networks until then. swarm_object_remove() does not wait.
 *
 * @param service     id or name
 * @param timeout_ms  0: 300 s, for all of it
 * @return 0, SWARM_E_NOT_FOUND, SWARM_E_TIMEOUT (it was removed, but some tasks have not ended),
 *         SWARM_E_INVAL
 */
int swarm_service_remove(swarm_client *client, const char *service, int64_t timeout_ms,
			 swarm_error *err);

/** For swarm_service_settle(): nothing was changed just now, so what is as it should be counts at once. */
#define SWARM_SETTLE_UNCHANGED 0x1u

/** How a service converged. */
typedef struct swarm_converged {
	size_t done;     /**< tasks that run, or completed */
	size_t total;    /**< the number that the service's spec asks for */
	int rolled_back; /**< 1: the engine went back to the previous spec, and that one converged */
} swarm_converged;

/**
 * Wait until a service is as its spec says: of a replicated one all tasks run, of a global one a task
 * on each node that fits, of a job all completions are there. Tasks of an older spec do not count. It
 * must stay so for the Monitor time of the update's settings (5 s by default)
 * where the engine does not itself report an update as completed. Giving the wait up, by deadline or
 * cancel, changes nothing.
 *
 * A global service that fits no node converges with 0 of 0 tasks. A task that ended and is not restarted,
 * by its restart policy, ends the wait.
 *
 * @param service     id or name
 * @param timeout_ms  0: 300 s
 * @param ret_status  filled on success; NULL is allowed
 * @param err         its text names a few tasks that do not run, with the engine's reasons
 * @return 0, SWARM_E_STATE (the update or rollback was paused by the engine, or a task ended and is not
 *         restarted, such as a failed job's), SWARM_E_TIMEOUT,
 *         SWARM_E_NOT_FOUND (also when it is removed meanwhile), SWARM_E_INVAL
 */
int swarm_service_wait(swarm_client *client, const char *service, int64_t timeout_ms,
		       swarm_converged *ret_status, swarm_error *err);

/**
 * Open the log of a service or a task; read it with swarm_stream_next(), whose records tell
 * standard output from standard error unless the containers have a terminal. What goes wrong while
 * the log is read comes as an error of that call.
 *
 * @param kind        SWARM_KIND_SERVICE or SWARM_KIND_TASK
 * @param ref         its id, or the exact name of a service
 * @param query       NULL, or names and values, ends with a NULL name: "follow", "tail", "since",
 *                    "timestamps", "details", "stdout", "stderr"; up to 8. Both outputs where neither
 *                    is named. With "follow" the log of a service never ends
 * @param timeout_ms  0: 60 s, until the log begins
 * @param ret_stream  new; free with swarm_stream_free(), before the client
 * @return 0, SWARM_E_NOT_FOUND, SWARM_E_INVAL, SWARM_E_VERSION
 */
int swarm_logs_open(swarm_client *client, swarm_kind kind, const char *ref, const swarm_pair *query,
		    int64_t timeout_ms, swarm_stream **ret_stream, swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
