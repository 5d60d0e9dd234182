/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call at a time for programs with an event loop of their own: nothing here waits, and no thread
 * is started. (A libcurl with a threaded resolver starts one to look up a host name, not for an
 * address or a unix socket.)
 *
 *	swarm_call_begin(client, &options, &call, &err);
 *	watch swarm_call_fd(call) for reading, and set a timer to swarm_call_due_in(call);
 *	at either: swarm_call_step(call, &done, &err), and set the timer again;
 *	when done: swarm_call_result(call, &body, &size, &err);
 *	swarm_call_free(call);
 *
 * The calls that block take the same steps. The client's cancel callback is not called in a step: to
 * cancel, free the call. That closes the connection; the engine still continues an init, join or
 * leave. While a call is in progress, others on its client give SWARM_E_INVAL.
 *
 * Thread rule: as the client's, to which the call belongs. After a fork the call belongs to the
 * process that began it, and gives SWARM_E_INVAL in the other, where it can only be freed.
 */
#ifndef SWARM_LOOP_H
#define SWARM_LOOP_H

#include <stdbool.h>
#include <swarm/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Check the arguments and begin the call; the deadline starts to count.
 *
 * @param client    borrowed until swarm_call_free()
 * @param options   strings and query are not needed after this; body and registry_auth are referenced
 *                  until swarm_call_free(), and may not be changed meanwhile
 * @param ret_call  new; free with swarm_call_free()
 * @param err       NULL or an error to fill
 * @return 0, SWARM_E_INVAL, SWARM_E_VERSION, SWARM_E_NOMEM, SWARM_E_CANCELED, SWARM_E_TRANSPORT
 */
int swarm_call_begin(swarm_client *client, const swarm_call_options *options, swarm_call **ret_call,
		     swarm_error *err);

/**
 * A descriptor that is readable when a step has something to do; the same as long as the call
 * lives. Only to be watched: never read, written or closed.
 */
int swarm_call_fd(const swarm_call *call);

/**
 * Milliseconds after which a step is due even if the descriptor is silent, 0 for at once; to be
 * read again after each step.
 */
int64_t swarm_call_due_in(const swarm_call *call);

/**
 * Do what can be done now. An extra step does no harm.
 *
 * @param ret_done  set to true once the answer is there, a success
 * @return 0, or any error of swarm_call_bytes() but SWARM_E_CANCELED, after which the call is over;
 *         SWARM_E_INVAL for a call that is over
 */
int swarm_call_step(swarm_call *call, bool *ret_done, swarm_error *err);

/**
 * The bytes of the answer, once.
 *
 * @param ret_body  new, as from swarm_call_bytes()
 * @param ret_size  its length in bytes
 * @return 0, SWARM_E_INVAL (not done, or given already)
 */
int swarm_call_result(swarm_call *call, char **ret_body, size_t *ret_size, swarm_error *err);

/**
 * End the call, wherever it is.
 *
 * @param call  stolen; NULL is allowed; to be freed before its client
 * @return NULL, always
 */
swarm_call *swarm_call_free(swarm_call *call);

#ifdef __cplusplus
}
#endif

#endif
