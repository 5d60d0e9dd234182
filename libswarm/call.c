/*
 * Calls by operation: have the arguments checked and made into a target (arguments.c), make the
 * body, send, and turn the answer into bytes, JSON or an error (classify.c). The one place through
 * which every request goes.
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>

static int make_body(const swarm_op_info *row, const json_t *json, swarm__buffer *body,
		     swarm_error *err)
{
	int code = json ? swarm__json_dump(json, body) : 0;

	if (code == SWARM_E_TOO_LARGE)
		return swarm__error(err, SWARM_E_INVAL, "%s: the body is over %zu bytes", row->name,
				    SWARM__MAX_REQUEST);
	return code ? swarm__nomem(err) : 0;
}

/* The error of an answer that is no success. */
static int refuse(swarm_client *client, const swarm_call_options *options,
		  const swarm__http_response *response, swarm_error *err)
{
	int code = swarm__refusal(response->status, &response->body, options->body, err);

	/* Another engine listens than the one that was asked: ask again at the next call. */
	if (code == SWARM_E_VERSION && response->status == 400 && !client->pinned)
		client->minor = 0;
	return code;
}

static int check_version(const swarm_client *client, const swarm__need *need, swarm_error *err)
{
	if (need->since <= client->minor)
		return 0;
	return swarm__error(
		err, SWARM_E_VERSION, "%s needs API 1.%d, but %s %s: %s", need->what, need->since,
		client->pinned ? "this client is set to" : "the engine speaks", client->version,
		client->pinned ? "choose another version" : "upgrade docker");
}

static int send_request(swarm_client *client, const swarm_op_info *row,
			const swarm_call_options *options, const swarm__deadline *deadline,
			swarm__http_response *ret_response, swarm_error *err)
{
	swarm__buffer target, body;
	swarm__http_request request;
	int code;

	swarm__buffer_init(&target, SWARM__MAX_URL);
	swarm__buffer_init(&body, SWARM__MAX_REQUEST);
	code = swarm__make_target(row, client->version, options, &target, err);
	if (code == 0)
		code = make_body(row, options->body, &body, err);
	if (code)
		goto out;
	request = (swarm__http_request){
		.method = row->method,
		.target = target.data,
		.body = body.data,
		.body_size = body.size,
		.timeout_ms = swarm__deadline_left(deadline),
		.max_body = client->max_body,
		.cancel = client->cancel,
		.cancel_payload = client->cancel_payload,
	};
	code = swarm__http_send(client->http, &request, ret_response, err);
	if (code)
		code = swarm__client_explain(client, code, err);
out:
	swarm__buffer_clear(&target);
	swarm__buffer_clear(&body);
	return code;
}

/* On success the answer is 2xx and belongs to the caller. */
static int call(swarm_client *client, const swarm_op_info *row, const swarm_call_options *options,
		bool any_field, swarm__buffer *ret_body, swarm_error *err)
{
	int64_t timeout_ms = options->timeout_ms ? options->timeout_ms : client->timeout_ms;
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, row->timeout_ms);
	swarm__http_response response;
	swarm__need need = { .any_field = any_field };
	int code = swarm__check_arguments(row, options, &need, err);

	if (code)
		return code;
	if (row->op != SWARM_OP_PING) {
		code = swarm__client_negotiate(client, swarm__deadline_left(&deadline), err);
		if (code == 0)
			code = check_version(client, &need, err);
	}
	if (code == 0)
		code = send_request(client, row, options, &deadline, &response, err);
	if (code == SWARM_E_TIMEOUT)
		return swarm__error_wrap(err, code, "%s took longer than %lld ms", row->name,
					 (long long)(timeout_ms ? timeout_ms : row->timeout_ms));
	if (code)
		return code;
	if (response.status < 200 || response.status >= 300) {
		code = refuse(client, options, &response, err);
		swarm__http_response_clear(&response);
		return code;
	}
	*ret_body = response.body;
	return 0;
}

static const swarm_op_info *row_of(const swarm_client *client, const swarm_call_options *options,
				   swarm_error *err)
{
	const swarm_op_info *row = NULL;

	if (client && options && options->size >= sizeof(*options) && options->timeout_ms >= 0)
		row = swarm_op_get((int)options->op);
	if (!row)
		swarm__error(
			err, SWARM_E_INVAL,
			"a call needs a client, options from SWARM_CALL_INIT with an operation of the "
			"table, and no negative timeout");
	return row;
}

int swarm_call_bytes(swarm_client *client, const swarm_call_options *options, char **ret_body,
		     size_t *ret_size, swarm_error *err)
{
	const swarm_op_info *row = row_of(client, options, err);
	swarm__buffer body;
	int code;

	if (!row)
		return SWARM_E_INVAL;
	if (!ret_body || !ret_size)
		return swarm__error(err, SWARM_E_INVAL, "a place for the answer is required");
	code = call(client, row, options, false, &body, err);
	if (code)
		return code;
	/* So that an empty answer is an empty string. */
	if (swarm__buffer_add(&body, "", 0))
		return swarm__nomem(err);
	*ret_body = body.data;
	*ret_size = body.size;
	return 0;
}

static int read_answer(const swarm_op_info *row, const swarm__buffer *body, json_t **ret_json,
		       swarm_error *err)
{
	json_t *json = NULL;
	int code;

	if (body->size == 0 || row->result == SWARM_RESULT_NONE) {
		*ret_json = json_null();
		return 0;
	}
	if (row->result == SWARM_RESULT_TEXT) {
		json = json_stringn(body->data, body->size);
		if (!json)
			return swarm__nomem(err);
		*ret_json = json;
		return 0;
	}
	code = swarm__json_parse(body->data, body->size, ret_json, err);
	return code == SWARM_E_JSON
		       ? swarm__error_wrap(err, code, "the engine's answer to %s", row->name)
		       : code;
}

static int call_json(swarm_client *client, const swarm_call_options *options, bool any_field,
		     json_t **ret_json, swarm_error *err)
{
	const swarm_op_info *row = row_of(client, options, err);
	swarm__buffer body;
	int code;

	if (!row)
		return SWARM_E_INVAL;
	code = call(client, row, options, any_field, &body, err);
	if (code)
		return code;
	if (ret_json)
		code = read_answer(row, &body, ret_json, err);
	swarm__buffer_clear(&body);
	return code;
}

int swarm_call_json(swarm_client *client, const swarm_call_options *options, json_t **ret_json,
		    swarm_error *err)
{
	return call_json(client, options, false, ret_json, err);
}

int swarm__call(swarm_client *client, swarm_op op, const char *id, const swarm_query *query,
		const json_t *body, const swarm__deadline *deadline, json_t **ret_json,
		swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(op);
	int64_t left = swarm__deadline_left(deadline);
	int64_t own = client->timeout_ms ? client->timeout_ms : swarm_op_get((int)op)->timeout_ms;

	if (!left)
		return swarm__error(err, SWARM_E_TIMEOUT, "the deadline passed");
	options.id = id;
	options.query = query;
	options.body = body;
	options.timeout_ms = left < own ? left : own;
	return call_json(client, &options, true, ret_json, err);
}
