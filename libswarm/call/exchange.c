/*
 * One call from its first request to the answer, in steps that never wait longer than they may: a
 * ping where the engine's version is not known yet, then the request itself.
 */
#include "call/internal.h"

static int begin(swarm_call *call, const swarm__http_request *request, swarm_error *err)
{
	int code = swarm__http_begin(call->http, request, err);

	/* Where another call of the client is under way, its request is not ours to end. */
	call->begun = code == 0;
	return code;
}

static int send_request(swarm_call *call, swarm_error *err)
{
	swarm__http_request request;
	int code = swarm__ready_agree(call->client, &call->ready, err);

	if (code)
		return code;
	request = swarm__ready_request(call->client, &call->ready);
	call->sent = true;
	return begin(call, &request, err);
}

static int send_ping(swarm_call *call, swarm_error *err)
{
	swarm__http_request ping = swarm__client_ping(call->client,
						      swarm__deadline_left(&call->ready.deadline));

	return begin(call, &ping, err);
}

int swarm__steps_start(swarm_call *call, swarm_client *client, swarm__http *http,
		       const swarm_call_options *options, bool any_field, swarm_error *err)
{
	int code;

	*call = (swarm_call){ .client = client, .http = http };
	code = swarm__ready_make(client, options, any_field, &call->ready, err);
	if (code)
		return code;
	if (swarm__ready_wants_version(client, &call->ready))
		code = send_ping(call, err);
	else
		code = send_request(call, err);
	return swarm__ready_explain(client, &call->ready, code, err);
}

/* An answer is whole: the ping's, or the one that was asked for. */
static int go_on(swarm_call *call, swarm__http_response *response, swarm_error *err)
{
	int code;

	if (!call->sent) {
		code = swarm__client_agree(call->client, response, err);
		if (code == 0)
			code = send_request(call, err);
		swarm__http_response_clear(response);
		return swarm__ready_explain(call->client, &call->ready, code, err);
	}
	code = swarm__ready_judge(call->client, &call->ready, response->status, &response->body,
				  err);
	if (code) {
		swarm__http_response_clear(response);
		return code;
	}
	/* So that an empty answer is an empty string. */
	if (swarm__buffer_add(&response->body, "", 0))
		return swarm__nomem(err);
	call->response = *response;
	call->done = true;
	return 0;
}

int swarm__steps_next(swarm_call *call, int64_t wait_ms, swarm_error *err)
{
	swarm__http_response response;
	bool whole = false;
	int code;

	if (!call->begun)
		return swarm__error(err, SWARM_E_INVAL, "the call is over");
	code = swarm__http_step(call->http, wait_ms, &whole, err);
	call->begun = code == 0 && !whole;
	if (code == SWARM_E_TIMEOUT && !call->sent)
		swarm__error_wrap(err, code, "the ping before it");
	if (code)
		return swarm__ready_explain(call->client, &call->ready, code, err);
	if (!whole)
		return 0;
	swarm__http_take(call->http, &response);
	return go_on(call, &response, err);
}

void swarm__steps_clear(swarm_call *call)
{
	if (call->begun)
		swarm__http_abort(call->http);
	swarm__ready_clear(&call->ready);
	swarm__http_response_clear(&call->response);
	call->begun = false;
}

void swarm__steps_take(swarm_call *call, char **ret_body, size_t *ret_size)
{
	swarm__buffer *body = &call->response.body;

	*ret_body = body->data;
	*ret_size = body->size;
	swarm__buffer_init_in(body, body->max, body->allocator);
}
