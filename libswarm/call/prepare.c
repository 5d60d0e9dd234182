/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call before and after its way: have the arguments checked (arguments.c), make what goes on the
 * wire (request_target.c), hold what it needs against the engine's version, and judge the answer's
 * status (classify.c). Every request but the first ping is prepared here, those of streams too.
 */
#include "call/internal.h"

#include <string.h>

static int make_body(const swarm_op_info *row, const json_t *json, swarm__buffer *body,
		     swarm_error *err)
{
	int rc = json ? swarm__json_dump(json, body) : 0;

	if (rc == SWARM_E_TOO_LARGE)
		return swarm__error(err, SWARM_E_INVAL, "%s: the body is over %zu bytes", row->name,
				    SWARM__MAX_REQUEST);
	return rc ? swarm__nomem(err) : 0;
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

int swarm__prepare(const swarm_client *client, const swarm_call_options *options, bool any_field,
		   swarm__prepared *ret_prepared, swarm_error *err)
{
	swarm__prepared prepared = { .row = row_of(client, options, err), .options = options };
	const swarm_allocator *allocator = client ? swarm__client_allocator(client) : NULL;
	int rc;

	if (!prepared.row)
		return SWARM_E_INVAL;
	prepared.requirement.any_field = any_field;
	prepared.timeout_ms = options->timeout_ms ? options->timeout_ms : client->timeout_ms;
	if (!prepared.timeout_ms)
		prepared.timeout_ms = prepared.row->timeout_ms;
	prepared.deadline = swarm__deadline_in(prepared.timeout_ms, 0);
	swarm__buffer_init_in(&prepared.target, SWARM__MAX_URL, allocator);
	swarm__buffer_init_in(&prepared.header, 2 * SWARM__MAX_AUTH, allocator);
	swarm__buffer_init_in(&prepared.body, SWARM__MAX_REQUEST, allocator);
	rc = swarm__check_arguments(prepared.row, options, &prepared.requirement, err);
	if (rc == 0)
		rc = swarm__make_target(prepared.row, options, &prepared.target, err);
	if (rc == 0)
		rc = swarm__make_header(prepared.row, options, &prepared.header, err);
	if (rc == 0)
		rc = make_body(prepared.row, options->body, &prepared.body, err);
	if (rc)
		swarm__prepared_clear(&prepared);
	else
		*ret_prepared = prepared;
	return rc;
}

void swarm__prepared_clear(swarm__prepared *prepared)
{
	swarm__buffer_clear(&prepared->target);
	swarm__buffer_clear(&prepared->header);
	swarm__buffer_clear(&prepared->body);
}

bool swarm__prepared_needs_version(const swarm_client *client, const swarm__prepared *prepared)
{
	return !client->minor && !swarm__is_unversioned(prepared->row);
}

/* "/v1.45" in front of the target. */
static int add_version(const swarm_client *client, swarm__buffer *target)
{
	swarm__buffer versioned;
	int rc;

	swarm__buffer_init_in(&versioned, SWARM__MAX_URL + sizeof(client->version) + 2,
			      target->allocator);
	rc = swarm__buffer_add_string(&versioned, "/v");
	if (rc == 0)
		rc = swarm__buffer_add_string(&versioned, client->version);
	if (rc == 0)
		rc = swarm__buffer_add(&versioned, target->data, target->size);
	if (rc)
		return rc;
	swarm__buffer_clear(target);
	*target = versioned;
	return 0;
}

int swarm__prepared_agree(const swarm_client *client, swarm__prepared *prepared, swarm_error *err)
{
	if (swarm__is_unversioned(prepared->row))
		return 0;
	if (prepared->requirement.since <= client->minor)
		return add_version(client, &prepared->target) ? swarm__nomem(err) : 0;
	return swarm__error(err, SWARM_E_VERSION, "%s needs API 1.%d, but %s %s: %s",
			    prepared->requirement.what, prepared->requirement.since,
			    client->pinned ? "this client is set to" : "the engine speaks",
			    client->version,
			    client->pinned ? "choose another version" : "upgrade docker");
}

int swarm__prepared_test(const swarm_client *client, const swarm_call_options *options,
			 bool any_field, swarm_error *err)
{
	swarm__prepared prepared;
	int rc = swarm__prepare(client, options, any_field, &prepared, err);

	if (rc)
		return rc;
	if (!swarm__prepared_needs_version(client, &prepared))
		rc = swarm__prepared_agree(client, &prepared, err);
	swarm__prepared_clear(&prepared);
	return rc;
}

swarm__http_request swarm__prepared_request(const swarm_client *client,
					    const swarm__prepared *prepared)
{
	return (swarm__http_request){
		.method = prepared->row->method,
		.target = prepared->target.data,
		.header = prepared->header.data,
		.body = prepared->body.data,
		.body_size = prepared->body.size,
		.timeout_ms = swarm__deadline_left(&prepared->deadline),
		.max_body = swarm__answer_limit(client, prepared->row),
		.max_error = SWARM__MAX_REFUSAL,
		.allocator = swarm__client_allocator(client),
		.cancel = client->cancel,
		.cancel_payload = client->cancel_payload,
	};
}

int swarm__prepared_explain(const swarm_client *client, const swarm__prepared *prepared, int code,
			    swarm_error *err)
{
	if (code == SWARM_E_TIMEOUT)
		return swarm__error_wrap(err, code, "%s took longer than %lld ms",
					 prepared->row->name, (long long)prepared->timeout_ms);
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

int swarm__prepared_judge(swarm_client *client, const swarm__prepared *prepared, int http_status,
			  const swarm__buffer *body, swarm_error *err)
{
	int rc;

	if (swarm__status_fits(prepared->row, http_status))
		return 0;
	/* The body of an unexpected success is not a reason, and may be secret. */
	if (http_status >= 200 && http_status < 300) {
		if (err && !err->code)
			err->http_status = http_status;
		return swarm__error(err, SWARM_E_HTTP, "%s answered HTTP %d, not %s",
				    prepared->row->name, http_status, prepared->row->status);
	}
	rc = swarm__refusal(http_status, body, prepared->options, err);
	return rc == SWARM_E_VERSION && http_status == 400 ? refuse_version(client, err) : rc;
}
