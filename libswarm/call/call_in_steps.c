/* SPDX-License-Identifier: Apache-2.0 */
/* Calls for a caller's own event loop: the steps of exchange.c, none of which waits. */
#include "call/internal.h"

/* What lives on in a call beside its steps: references for what blanks secrets in a refusal. */
typedef struct kept {
	swarm_call call; /* first: a swarm_call of this file is one of these */
	swarm_call_options options;
} kept;

static json_t *reference(const json_t *json)
{
	return json_incref(swarm__json_iterable(json));
}

int swarm_call_begin(swarm_client *client, const swarm_call_options *options, swarm_call **ret_call,
		     swarm_error *err)
{
	kept *made;
	int rc;

	if (!options || !ret_call)
		return swarm__error(err, SWARM_E_INVAL,
				    "options and a place for the call are required");
	rc = swarm__call_check(options, false, err);
	if (rc)
		return rc;
	made = calloc(1, sizeof(*made));
	if (!made)
		return swarm__nomem(err);
	made->options = *options;
	made->options.body = reference(options->body);
	made->options.registry_auth = reference(options->registry_auth);
	rc = swarm__exchange_start(&made->call, client, client ? client->http : NULL,
				   &made->options, false, err);
	/* Used up, and the caller's to free. */
	made->options.id = NULL;
	made->options.query = NULL;
	if (rc)
		swarm_call_free(&made->call);
	else
		*ret_call = &made->call;
	return rc;
}

int swarm_call_fd(const swarm_call *call)
{
	return call ? swarm__http_fd(call->http) : -1;
}

int64_t swarm_call_due_in(const swarm_call *call)
{
	return call && call->begun ? swarm__http_due_in(call->http) : 0;
}

int swarm_call_step(swarm_call *call, bool *ret_done, swarm_error *err)
{
	int rc;

	if (!call || !ret_done)
		return swarm__error(err, SWARM_E_INVAL,
				    "a call and a place for its state are required");
	rc = call->done ? 0 : swarm__exchange_next(call, 0, err);
	if (rc == 0)
		*ret_done = call->done;
	return rc;
}

int swarm_call_result(swarm_call *call, char **ret_body, size_t *ret_size, swarm_error *err)
{
	if (!call || !call->done || call->given || !ret_body || !ret_size)
		return swarm__error(err, SWARM_E_INVAL,
				    "a result is there once the call is done, and only once");
	swarm__exchange_take(call, ret_body, ret_size);
	call->given = true;
	return 0;
}

swarm_call *swarm_call_free(swarm_call *call)
{
	kept *made = (kept *)call;

	if (made) {
		swarm__exchange_clear(call);
		json_decref(swarm__json_iterable(made->options.body));
		json_decref(swarm__json_iterable(made->options.registry_auth));
	}
	free(made);
	return NULL;
}
