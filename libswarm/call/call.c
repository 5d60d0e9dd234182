/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls by operation that block until the answer is whole (exchange.c), and the answer as bytes or
 * JSON.
 */
#include "call/internal.h"

#include <limits.h>
#include <string.h>

/* On success the answer is one that the row names. swarm__exchange_clear() follows in any case. */
static int run(swarm_call *call, swarm_client *client, const swarm_call_options *options,
	       bool any_field, swarm_error *err)
{
	swarm__http *http = client ? client->http : NULL;
	int rc = swarm__exchange_start(call, client, http, options, any_field, err);

	while (rc == 0 && !call->done)
		rc = swarm__exchange_next(call, INT_MAX, err);
	return rc;
}

int swarm__call_check(const swarm_call_options *options, bool stream, swarm_error *err)
{
	const swarm_op_info *row = options ? swarm_op_get((int)options->op) : NULL;

	/* Wrong options are refused when the call is prepared. */
	if (!row || (row->result >= SWARM_RESULT_LINES) == stream)
		return 0;
	return swarm__error(err, SWARM_E_INVAL,
			    stream ? "%s answers one document, not a stream"
				   : "%s answers a stream, not one document",
			    row->name);
}

int swarm_call_bytes(swarm_client *client, const swarm_call_options *options, char **ret_body,
		     size_t *ret_size, swarm_error *err)
{
	swarm_call call;
	int rc;

	if (!ret_body || !ret_size)
		return swarm__error(err, SWARM_E_INVAL, "a place for the answer is required");
	rc = swarm__call_check(options, false, err);
	if (rc)
		return rc;
	rc = run(&call, client, options, false, err);
	if (rc == 0)
		rc = swarm__answer_weigh(&call, err);
	if (rc == 0)
		swarm__exchange_take(&call, ret_body, ret_size);
	swarm__exchange_clear(&call);
	return rc;
}

static int call_json(swarm_client *client, const swarm_call_options *options, bool any_field,
		     json_t **ret_json, swarm_error *err)
{
	swarm_call call;
	int rc = swarm__call_check(options, false, err);

	if (rc)
		return rc;
	rc = run(&call, client, options, any_field, err);
	if (rc == 0 && ret_json)
		rc = swarm__answer_read(&call, ret_json, err);
	swarm__exchange_clear(&call);
	return rc;
}

int swarm_call_json(swarm_client *client, const swarm_call_options *options, json_t **ret_json,
		    swarm_error *err)
{
	return call_json(client, options, false, ret_json, err);
}

/* Bound a call by a deadline beside the operation's own limit. */
static int bound(const swarm_client *client, const swarm__deadline *deadline,
		 swarm_call_options *options, swarm_error *err)
{
	int64_t left = swarm__deadline_left(deadline);
	int64_t own = client->timeout_ms ? client->timeout_ms
					 : swarm_op_get((int)options->op)->timeout_ms;

	if (!left)
		return swarm__error(err, SWARM_E_TIMEOUT, "the deadline passed");
	options->timeout_ms = left < own ? left : own;
	return 0;
}

int swarm__call_text(swarm_client *client, swarm_op op, const swarm_pair *query,
		     const swarm__deadline *deadline, swarm__buffer *ret_text, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(op);
	swarm_call call;
	int rc = bound(client, deadline, &options, err);

	if (rc)
		return rc;
	options.query = query;
	rc = run(&call, client, &options, false, err);
	if (rc == 0) {
		*ret_text = call.response.body;
		swarm__buffer_init(&call.response.body, 0);
	}
	swarm__exchange_clear(&call);
	return rc;
}

int swarm__call_until(swarm_client *client, swarm_call_options *options,
		      const swarm__deadline *deadline, json_t **ret_json, swarm_error *err)
{
	const swarm_op_info *row = swarm_op_get((int)options->op);
	swarm__field version;
	int rc = bound(client, deadline, options, err);

	if (rc)
		return rc;
	return call_json(client, options, swarm__field_find(row->query, "version", &version),
			 ret_json, err);
}

int swarm__call(swarm_client *client, swarm_op op, const char *id, const swarm_pair *query,
		const json_t *body, const swarm__deadline *deadline, json_t **ret_json,
		swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(op);

	options.id = id;
	options.query = query;
	options.body = body;
	return swarm__call_until(client, &options, deadline, ret_json, err);
}
