/*
 * Calls by operation: have the arguments checked (arguments.c), agree on a version, make what goes
 * on the wire (request_target.c), send, and turn the answer into bytes, JSON or an error (classify.c). Every
 * request but the first ping is made ready here, streams too.
 */
#include "call/internal.h"

#include <limits.h>
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

/* --- a call made ready --------------------------------------------------------------------- */

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

int swarm__ready_make(const swarm_client *client, const swarm_call_options *options, bool any_field,
		      swarm__ready *ret_ready, swarm_error *err)
{
	swarm__ready ready = { .row = row_of(client, options, err), .options = options };
	const swarm_allocator *allocator = client ? swarm__client_allocator(client) : NULL;
	int code;

	if (!ready.row)
		return SWARM_E_INVAL;
	ready.need.any_field = any_field;
	ready.timeout_ms = options->timeout_ms ? options->timeout_ms : client->timeout_ms;
	if (!ready.timeout_ms)
		ready.timeout_ms = ready.row->timeout_ms;
	ready.deadline = swarm__deadline_in(ready.timeout_ms, 0);
	swarm__buffer_init_in(&ready.target, SWARM__MAX_URL, allocator);
	swarm__buffer_init_in(&ready.header, 2 * SWARM__MAX_AUTH, allocator);
	swarm__buffer_init_in(&ready.body, SWARM__MAX_REQUEST, allocator);
	code = swarm__check_arguments(ready.row, options, &ready.need, err);
	if (code == 0)
		code = swarm__make_target(ready.row, options, &ready.target, err);
	if (code == 0)
		code = swarm__make_header(ready.row, options, &ready.header, err);
	if (code == 0)
		code = make_body(ready.row, options->body, &ready.body, err);
	if (code)
		swarm__ready_clear(&ready);
	else
		*ret_ready = ready;
	return code;
}

void swarm__ready_clear(swarm__ready *ready)
{
	swarm__buffer_clear(&ready->target);
	swarm__buffer_clear(&ready->header);
	swarm__buffer_clear(&ready->body);
}

bool swarm__ready_wants_version(const swarm_client *client, const swarm__ready *ready)
{
	return !client->minor && !swarm__is_unversioned(ready->row);
}

/* "/v1.45" in front of the target. */
static int add_version(const swarm_client *client, swarm__buffer *target)
{
	swarm__buffer versioned;
	int code;

	swarm__buffer_init_in(&versioned, SWARM__MAX_URL + sizeof(client->version) + 2,
			      target->allocator);
	code = swarm__buffer_add_string(&versioned, "/v");
	if (code == 0)
		code = swarm__buffer_add_string(&versioned, client->version);
	if (code == 0)
		code = swarm__buffer_add(&versioned, target->data, target->size);
	if (code)
		return code;
	swarm__buffer_clear(target);
	*target = versioned;
	return 0;
}

int swarm__ready_agree(const swarm_client *client, swarm__ready *ready, swarm_error *err)
{
	if (swarm__is_unversioned(ready->row))
		return 0;
	if (ready->need.since <= client->minor)
		return add_version(client, &ready->target) ? swarm__nomem(err) : 0;
	return swarm__error(
		err, SWARM_E_VERSION, "%s needs API 1.%d, but %s %s: %s", ready->need.what,
		ready->need.since, client->pinned ? "this client is set to" : "the engine speaks",
		client->version, client->pinned ? "choose another version" : "upgrade docker");
}

swarm__http_request swarm__ready_request(const swarm_client *client, const swarm__ready *ready)
{
	return (swarm__http_request){
		.method = ready->row->method,
		.target = ready->target.data,
		.header = ready->header.data,
		.body = ready->body.data,
		.body_size = ready->body.size,
		.timeout_ms = swarm__deadline_left(&ready->deadline),
		.max_body = client->max_body,
		.allocator = swarm__client_allocator(client),
		.cancel = client->cancel,
		.cancel_payload = client->cancel_payload,
	};
}

int swarm__ready_explain(const swarm_client *client, const swarm__ready *ready, int code,
			 swarm_error *err)
{
	if (code == SWARM_E_TIMEOUT)
		return swarm__error_wrap(err, code, "%s took longer than %lld ms", ready->row->name,
					 (long long)ready->timeout_ms);
	return swarm__client_explain(client, code, err);
}

/* The engine's "client version 1.41 is too old" (29.0 takes none under 1.44) or "too new". */
static int refuse_version(swarm_client *client, swarm_error *err)
{
	if (client->pinned)
		return swarm__error_wrap(err, SWARM_E_VERSION,
					 "this client is set to API %s, choose another or none",
					 client->version);
	/* Another engine listens than the one that was asked: ask again at the next call. */
	client->minor = 0;
	if (err && strstr(err->text, "too old"))
		return swarm__error_wrap(
			err, SWARM_E_VERSION,
			"libswarm speaks API 1.%d at most, too old for this engine",
			SWARM__API_MAX);
	return SWARM_E_VERSION;
}

int swarm__ready_judge(swarm_client *client, const swarm__ready *ready, int http_status,
		       const swarm__buffer *body, swarm_error *err)
{
	int code;

	if (swarm__status_fits(ready->row, http_status))
		return 0;
	/* What comes with a success of another kind is no reason, and may be secret. */
	if (http_status >= 200 && http_status < 300) {
		if (err && !err->code)
			err->http_status = http_status;
		return swarm__error(err, SWARM_E_HTTP, "%s answered HTTP %d, and not %s",
				    ready->row->name, http_status, ready->row->status);
	}
	code = swarm__refusal(http_status, body, ready->options, err);
	return code == SWARM_E_VERSION && http_status == 400 ? refuse_version(client, err) : code;
}

/* --- from the first byte to the last --------------------------------------------------------- */

/* On success the answer is one that the row names. swarm__steps_clear() follows in any case. */
static int run(swarm_call *call, swarm_client *client, const swarm_call_options *options,
	       bool any_field, swarm_error *err)
{
	swarm__http *http = client ? client->http : NULL;
	int code = swarm__steps_start(call, client, http, options, any_field, err);

	while (code == 0 && !call->done)
		code = swarm__steps_next(call, INT_MAX, err);
	return code;
}

int swarm__call_check(const swarm_call_options *options, bool stream, swarm_error *err)
{
	const swarm_op_info *row = options ? swarm_op_get((int)options->op) : NULL;

	/* Options that are no good are refused when the call is made ready. */
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
	int code;

	if (!ret_body || !ret_size)
		return swarm__error(err, SWARM_E_INVAL, "a place for the answer is required");
	code = swarm__call_check(options, false, err);
	if (code)
		return code;
	code = run(&call, client, options, false, err);
	if (code == 0)
		swarm__steps_take(&call, ret_body, ret_size);
	swarm__steps_clear(&call);
	return code;
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
	swarm_call call;
	int code = swarm__call_check(options, false, err);

	if (code)
		return code;
	code = run(&call, client, options, any_field, err);
	if (code == 0 && ret_json)
		code = read_answer(call.ready.row, &call.response.body, ret_json, err);
	swarm__steps_clear(&call);
	return code;
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

int swarm__call_text(swarm_client *client, swarm_op op, const swarm_query *query,
		     const swarm__deadline *deadline, swarm__buffer *ret_text, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(op);
	swarm_call call;
	int code = bound(client, deadline, &options, err);

	if (code)
		return code;
	options.query = query;
	code = run(&call, client, &options, false, err);
	if (code == 0) {
		*ret_text = call.response.body;
		swarm__buffer_init(&call.response.body, 0);
	}
	swarm__steps_clear(&call);
	return code;
}

int swarm__call_until(swarm_client *client, swarm_call_options *options,
		      const swarm__deadline *deadline, json_t **ret_json, swarm_error *err)
{
	const swarm_op_info *row = swarm_op_get((int)options->op);
	swarm__field version;
	int code = bound(client, deadline, options, err);

	if (code)
		return code;
	return call_json(client, options, swarm__field_find(row->query, "version", &version),
			 ret_json, err);
}

int swarm__call(swarm_client *client, swarm_op op, const char *id, const swarm_query *query,
		const json_t *body, const swarm__deadline *deadline, json_t **ret_json,
		swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(op);

	options.id = id;
	options.query = query;
	options.body = body;
	return swarm__call_until(client, &options, deadline, ret_json, err);
}
