/*
 * Services, beyond what all objects have in common (<swarm/object.h>): scale, roll back, wait until
 * the tasks are as the service wants them, and read logs.
 *
 * A service is named by its full id or its exact name. Timeouts as in <swarm/cluster.h>. Beside the
 * errors named, each function gives those of the transport and of the engine, SWARM_E_NOT_MANAGER
 * and SWARM_E_NO_LEADER. Thread rule: as for any function that takes a client.
 */
#ifndef SWARM_SERVICE_H
#define SWARM_SERVICE_H

#include <swarm/client.h>
#include <swarm/object.h>
#include <swarm/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Set how many tasks a replicated service has, or how many completions a replicated job wants (which
 * runs the job again). Does not wait.
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
 * Go back to the spec before the last change. Does not wait. Where another writer changes the spec
 * meanwhile it ends, since what would be rolled back then is another change.
 *
 * @param service     id or name
 * @param timeout_ms  0: 60 s
 * @return 0, SWARM_E_CONFLICT (there is no previous spec), SWARM_E_SEQUENCE (another writer changed
 *         the spec), SWARM_E_NOT_FOUND, SWARM_E_INVAL
 */
int swarm_service_rollback(swarm_client *client, const char *service, int64_t timeout_ms,
			   swarm_error *err);

/** How a service converged. */
typedef struct swarm_converged {
	size_t done;     /**< tasks that run, or completed */
	size_t total;    /**< as many as the service wants */
	int rolled_back; /**< 1: the engine went back to the previous spec, and that one converged */
} swarm_converged;

/**
 * Wait until a service is as its spec says: of a replicated one all tasks run, of a global one a task
 * on each node that fits, of a job all completions are there. Tasks of an older spec do not count. It
 * must stay so for the time that the update's settings have as Monitor (5 s unless told otherwise)
 * where the engine does not itself report an update as completed. Giving the wait up, by deadline or
 * cancel, changes nothing.
 *
 * @param service     id or name
 * @param timeout_ms  0: 300 s
 * @param ret_status  filled on success; NULL is allowed
 * @param err         its text names a few tasks that do not run, with the engine's reasons
 * @return 0, SWARM_E_STATE (the update or rollback was paused by the engine), SWARM_E_TIMEOUT,
 *         SWARM_E_NOT_FOUND (also when it is removed meanwhile), SWARM_E_INVAL
 */
int swarm_service_wait(swarm_client *client, const char *service, int64_t timeout_ms,
		       swarm_converged *ret_status, swarm_error *err);

/**
 * Open the log of a service or a task; read it with swarm_stream_next(), where the records tell
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
