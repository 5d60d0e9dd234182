/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call from its first request to the answer, in steps that never wait longer than they may: a
 * ping where the engine's version is not known yet, then the request itself.
 */
#include "call/internal.h"

static int begin(swarm_call *call, const swarm__http_request *request, swarm_error *err)
{
	int rc = swarm__http_begin(call->http, request, err);

	/* Where another call of the client is under way, its request is not ours to end. */
	call->begun = rc == 0;
	return rc;
}

static int send_request(swarm_call *call, swarm_error *err)
{
	swarm__http_request request;
	int rc = swarm__prepared_agree(call->client, &call->prepared, err);

	if (rc)
		return rc;
	request = swarm__prepared_request(call->client, &call->prepared);
	call->sent = true;
	return begin(call, &request, err);
}

static int send_ping(swarm_call *call, swarm_error *err)
{
	swarm__http_request ping = swarm__client_ping(
		call->client, swarm__deadline_left(&call->prepared.deadline));

	return begin(call, &ping, err);
}

int swarm__exchange_start(swarm_call *call, swarm_client *client, swarm__http *http,
			  const swarm_call_options *options, bool any_field, swarm_error *err)
{
	int rc;

	*call = (swarm_call){ .client = client, .http = http };
	rc = swarm__prepare(client, options, any_field, &call->prepared, err);
	if (rc)
		return rc;
	if (swarm__prepared_needs_version(client, &call->prepared))
		rc = send_ping(call, err);
	else
		rc = send_request(call, err);
	return swarm__prepared_explain(client, &call->prepared, rc, err);
}

/* An answer is whole: the ping's, or the one that was asked for. */
static int go_on(swarm_call *call, swarm__http_response *response, swarm_error *err)
{
	int rc;

	if (!call->sent) {
		rc = swarm__client_agree(call->client, response, err);
		if (rc == 0)
			rc = send_request(call, err);
		swarm__http_response_clear(response);
		return swarm__prepared_explain(call->client, &call->prepared, rc, err);
	}
	rc = swarm__prepared_judge(call->client, &call->prepared, response->status, &response->body,
				   err);
	if (rc) {
		swarm__http_response_clear(response);
		return rc;
	}
	/* So that an empty answer is an empty string. */
	if (swarm__buffer_add(&response->body, "", 0))
		return swarm__nomem(err);
	call->response = *response;
	call->done = true;
	return 0;
}

int swarm__exchange_next(swarm_call *call, int64_t wait_ms, swarm_error *err)
{
	swarm__http_response response;
	bool whole = false;
	int rc;

	if (!call->begun)
		return swarm__error(err, SWARM_E_INVAL, "the call is over");
	rc = swarm__http_step(call->http, wait_ms, &whole, err);
	call->begun = rc == 0 && !whole;
	if (rc == SWARM_E_TIMEOUT && !call->sent)
		swarm__error_wrap(err, rc, "the ping before it");
	if (rc)
		return swarm__prepared_explain(call->client, &call->prepared, rc, err);
	if (!whole)
		return 0;
	swarm__http_take(call->http, &response);
	return go_on(call, &response, err);
}

void swarm__exchange_clear(swarm_call *call)
{
	if (call->begun)
		swarm__http_abort(call->http);
	swarm__prepared_clear(&call->prepared);
	swarm__http_response_clear(&call->response);
	call->begun = false;
}

void swarm__exchange_take(swarm_call *call, char **ret_body, size_t *ret_size)
{
	swarm__buffer *body = &call->response.body;

	*ret_body = body->data;
	*ret_size = body->size;
	swarm__buffer_init_in(body, body->max, body->allocator);
}
