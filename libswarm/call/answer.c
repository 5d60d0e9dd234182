/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer that is a success, to what the caller asked for: how large one of this operation may be, and
 * what it may take in memory, time and patience to read it.
 */
#include "call/internal.h"

#include <string.h>

/*
 * What one object has at most: swarmkit takes none over 1.5 MB, and shows a service with the spec that
 * it had before. The others are a few kilobytes, with labels, addresses and certificates.
 */
enum { LARGEST_OBJECT = 16 << 20, LARGEST_DOCUMENT = 4 << 20, LARGEST_TEXT = 64 * 1024 };
/* Beside what a stream takes in at once. */
enum { LARGEST_LINE = 256 * 1024 };

/* Beside the bytes themselves, so that both are four times the limit together. */
enum { TREES = 3 };

static bool is_list(const swarm_op_info *row)
{
	const size_t length = strlen(row->name);

	return length > 5 && strcmp(row->name + length - 5, "_list") == 0;
}

static size_t limit_of(const swarm_op_info *row)
{
	/* The limit of a stream is for one record: of a pull the numbers of a layer, or an error. */
	if (row->op == SWARM_OP_IMAGE_CREATE)
		return LARGEST_LINE;
	if (is_list(row) || row->result >= SWARM_RESULT_LINES)
		return SIZE_MAX;
	if (row->result != SWARM_RESULT_JSON)
		return LARGEST_TEXT;
	return strchr(row->path, '{') ? LARGEST_OBJECT : LARGEST_DOCUMENT;
}

size_t swarm__answer_limit(const swarm_client *client, const swarm_op_info *row)
{
	size_t limit = limit_of(row);

	return limit < client->max_body ? limit : client->max_body;
}

swarm__budget swarm__answer_budget(const swarm_client *client, size_t limit,
				   const swarm__deadline *deadline)
{
	size_t memory = limit > SIZE_MAX / TREES ? SIZE_MAX : limit * TREES;
	swarm__budget budget = swarm__budget_make(deadline, client->cancel, client->cancel_payload,
						  memory);

	budget.allocator = swarm__client_allocator(client);
	return budget;
}

static swarm__budget budget_of(const swarm_call *call)
{
	return swarm__answer_budget(call->client,
				    swarm__answer_limit(call->client, call->prepared.row),
				    &call->prepared.deadline);
}

static int explain(const swarm_call *call, int code, swarm_error *err)
{
	const char *name = call->prepared.row->name;

	return code == SWARM_E_NOMEM
		       ? code
		       : swarm__error_wrap(err, code, "the engine's answer to %s", name);
}

static bool is_utf8(const char *text, size_t size)
{
	size_t length = 1;

	for (size_t at = 0; at < size && length; at += length)
		length = swarm__utf8_length(text + at, size - at);
	return length != 0;
}

int swarm__answer_read(const swarm_call *call, json_t **ret_json, swarm_error *err)
{
	const swarm__buffer *body = &call->response.body;
	const swarm_result result = call->prepared.row->result;
	swarm__budget budget = budget_of(call);
	json_t *json = NULL;
	int rc;

	/* moby: /auth may answer 204. */
	if (result == SWARM_RESULT_NONE || (body->size == 0 && call->response.status == 204)) {
		*ret_json = json_null();
		return 0;
	}
	if (body->size == 0 && result == SWARM_RESULT_JSON)
		return swarm__error(err, SWARM_E_JSON, "the engine's answer to %s is empty",
				    call->prepared.row->name);
	if (result == SWARM_RESULT_TEXT) {
		if (!is_utf8(body->data, body->size))
			return swarm__error(err, SWARM_E_JSON,
					    "the engine's answer to %s is not UTF-8",
					    call->prepared.row->name);
		json = json_stringn(body->data, body->size);
		if (!json)
			return swarm__nomem(err);
		*ret_json = json;
		return 0;
	}
	rc = swarm__json_read(body->data, body->size, &budget, ret_json, err);
	return rc ? explain(call, rc, err) : 0;
}

int swarm__answer_weigh(const swarm_call *call, swarm_error *err)
{
	const swarm__buffer *body = &call->response.body;
	swarm__budget budget = budget_of(call);
	int rc = 0;

	if (call->prepared.row->result == SWARM_RESULT_JSON)
		rc = swarm__json_weigh(body->data, body->size, &budget, err);
	return rc ? explain(call, rc, err) : 0;
}
