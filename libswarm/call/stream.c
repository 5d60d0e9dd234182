/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams: opened as any call, on a connection of their own, so that the client goes on beside them;
 * then what comes is cut into records (frames.c). libcurl is let to read only when no whole record
 * is left, so a reader that is slow slows the engine down instead of filling memory.
 */
#include "call/internal.h"

#include <limits.h>
#include <string.h>

/* Bytes taken in at once, beside a record that is not whole yet. */
enum { FEED_SIZE = 64 * 1024 };
/* First API 1.x whose Content-Type of a log distinguishes frames from raw bytes. */
enum { TYPED_LOGS = 42 };

struct swarm_stream {
	swarm_call call; /* what opened it */
	swarm__http *http;
	swarm_framing framing;
	size_t used;         /* bytes of the body that were handed out */
	size_t searched;     /* bytes behind them that are known to have no end of a line */
	bool whole;          /* the last byte is there */
	bool over;           /* the end or an error was reported */
	swarm_error failure; /* why no more comes; reported after the records that came before it */
};

/* What came and is kept: in the call where the answer was whole at once. */
static swarm__buffer *bytes_of(swarm_stream *stream)
{
	swarm__http_response *response = swarm__http_so_far(stream->http);

	if (stream->call.done)
		return &stream->call.response.body;
	return response ? &response->body : NULL;
}

/* --- opening ------------------------------------------------------------------------------- */

static int find_framing(swarm_stream *stream, const char *content_type, swarm_error *err)
{
	const swarm_op_info *row = stream->call.prepared.row;

	if (stream->framing != SWARM_FRAMING_AUTO)
		return 0;
	if (row->result == SWARM_RESULT_LINES)
		stream->framing = SWARM_FRAMING_LINES;
	else if (stream->call.client->minor < TYPED_LOGS)
		return swarm__error(
			err, SWARM_E_INVAL,
			"%s: before API 1.%d the engine does not say what framing a log has: "
			"name it, by ContainerSpec.TTY of the service",
			row->name, TYPED_LOGS);
	else if (strcmp(content_type, "application/vnd.docker.multiplexed-stream") == 0)
		stream->framing = SWARM_FRAMING_FRAMES;
	else if (strcmp(content_type, "application/vnd.docker.raw-stream") == 0)
		stream->framing = SWARM_FRAMING_RAW;
	else
		return swarm__error(err, SWARM_E_TRANSPORT, "%s: the engine's answer is not a log",
				    row->name);
	return 0;
}

/* Fill err from what ended the stream. */
static int fail(const swarm_stream *stream, swarm_error *err)
{
	if (err && !err->code)
		*err = stream->failure;
	return stream->failure.code;
}

/* In the words of a stream. */
static void say_cut(swarm_stream *stream)
{
	if (stream->failure.code == SWARM_E_TRANSPORT)
		swarm__error_wrap(&stream->failure, SWARM_E_TRANSPORT, "%s: the stream was cut",
				  stream->call.prepared.row->name);
}

/* The head of a success; NULL as long as there is none. */
static const swarm__http_response *accepted(const swarm_stream *stream)
{
	const swarm_call *call = &stream->call;
	const swarm__http_response *response = swarm__http_so_far(stream->http);

	if (call->done)
		return &call->response;
	return call->sent && response && swarm__status_fits(call->prepared.row, response->status)
		       ? response
		       : NULL;
}

/* Until the head of a success is there, or an error is whole. It may be cut right behind its head. */
static int wait_for_head(swarm_stream *stream, swarm_error *err)
{
	const swarm__http_response *response;

	while (!(response = accepted(stream))) {
		if (stream->failure.code)
			return fail(stream, err);
		swarm__exchange_next(&stream->call, INT_MAX, &stream->failure);
	}
	say_cut(stream);
	return find_framing(stream, response->content_type, err);
}

static int open_stream(swarm_stream *stream, swarm_client *client,
		       const swarm_call_options *options, swarm_error *err)
{
	int rc = swarm__http_new(&client->endpoint, &stream->http, err);

	if (rc)
		return rc;
	swarm__http_feed(stream->http, FEED_SIZE);
	rc = swarm__exchange_start(&stream->call, client, stream->http, options, false, err);
	if (rc == 0)
		rc = wait_for_head(stream, err);
	stream->whole = stream->call.done;
	stream->call.prepared.options = NULL; /* the caller's to free */
	if (rc == 0)
		swarm__http_no_deadline(stream->http);
	return rc;
}

int swarm_stream_open(swarm_client *client, const swarm_call_options *options,
		      swarm_framing framing, swarm_stream **ret_stream, swarm_error *err)
{
	swarm_stream *stream;
	int rc;

	if (!client || !options || !ret_stream || framing < SWARM_FRAMING_AUTO ||
	    framing > SWARM_FRAMING_RAW)
		return swarm__error(
			err, SWARM_E_INVAL,
			"a stream needs a client, options, a framing and a place for it");
	rc = swarm__call_check(options, true, err);
	if (rc)
		return rc;
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return swarm__nomem(err);
	stream->framing = framing;
	rc = open_stream(stream, client, options, err);
	if (rc)
		swarm_stream_free(stream);
	else
		*ret_stream = stream;
	return rc;
}

/* --- reading ------------------------------------------------------------------------------- */

/* The engine could not go on reading a log, and says why in a frame of its own. */
static int fail_engine(const swarm_stream *stream, const swarm_record *record, swarm_error *err)
{
	const char *name = stream->call.prepared.row->name;
	const char *text = record->data;
	size_t size = record->size;

	/* Blanks and control characters are not words. */
	while (size && (unsigned char)*text <= ' ') {
		text++;
		size--;
	}
	if (!size)
		return swarm__error(err, SWARM_E_HTTP,
				    "%s: the engine stopped reading the log and gave no reason: "
				    "see docker's log (journalctl -u docker)",
				    name);
	return swarm__error(err, SWARM_E_HTTP, "%.*s",
			    size < SWARM_ERROR_TEXT ? (int)size : SWARM_ERROR_TEXT, text);
}

/* Each byte is searched once, however many pieces a long line comes in. */
static void take_line(swarm_stream *stream, const char *data, size_t size, swarm_record *ret_record,
		      size_t *ret_used)
{
	size_t fresh;

	*ret_used = 0;
	/* What is over the limit is dropped as a whole. */
	if (stream->searched > size)
		stream->searched = size;
	fresh = size - stream->searched;
	if (!fresh || !memchr(data + stream->searched, '\n', fresh)) {
		stream->searched = size;
		return;
	}
	stream->searched = 0;
	swarm__next_line(data, size, ret_record, ret_used);
}

/* A frame that cannot fit is refused at its head, and not after max_body bytes of it. */
static int take_frame(const char *data, size_t size, size_t max, swarm_record *ret_record,
		      size_t *ret_used, swarm_error *err)
{
	int rc = swarm__next_frame(data, size, ret_record, ret_used);

	if (rc == SWARM_E_TRANSPORT)
		return swarm__error(err, rc,
				    "no log frame came, but other bytes: does the service have a "
				    "terminal?");
	if (rc == 0 && !*ret_used && swarm__frame_size(data, size) > max)
		return swarm__error(err, SWARM_E_TOO_LARGE,
				    "the engine announces a log record of %zu bytes, over the "
				    "limit of %zu bytes",
				    swarm__frame_size(data, size), max);
	return rc;
}

/* *ret_record has no size while there is no whole one. */
static int take(swarm_stream *stream, swarm_record *ret_record, swarm_error *err)
{
	const swarm__buffer *bytes = bytes_of(stream);
	size_t used = 1;
	int rc = 0;

	ret_record->size = 0;
	while (bytes && rc == 0 && used && !ret_record->size) {
		const char *data = bytes->data ? bytes->data + stream->used : "";
		size_t size = bytes->size - stream->used;

		used = 0;
		if (stream->framing == SWARM_FRAMING_LINES) {
			take_line(stream, data, size, ret_record, &used);
		} else if (stream->framing == SWARM_FRAMING_FRAMES) {
			rc = take_frame(data, size, stream->call.client->max_body, ret_record,
					&used, err);
		} else if (size) {
			*ret_record = (swarm_record){ SWARM_SOURCE_NONE, data, size };
			used = size;
		}
		stream->used += used;
	}
	return rc == SWARM_E_HTTP ? fail_engine(stream, ret_record, err) : rc;
}

static int at_end(swarm_stream *stream, swarm_record *ret_record, swarm_error *err)
{
	const swarm__buffer *bytes = bytes_of(stream);

	stream->over = true;
	if (bytes && bytes->size > stream->used)
		return swarm__error(err, SWARM_E_TRANSPORT,
				    "%s: the stream was cut in the middle of a record",
				    stream->call.prepared.row->name);
	*ret_record = (swarm_record){ SWARM_SOURCE_NONE, NULL, 0 };
	return 0;
}

/* Let more bytes in. Everything that was handed out may go now. */
static void feed(swarm_stream *stream, int64_t wait_ms)
{
	swarm__buffer *bytes = bytes_of(stream);

	if (bytes)
		swarm__buffer_drop(bytes, stream->used);
	stream->used = 0;
	if (swarm__http_step(stream->http, wait_ms, &stream->whole, &stream->failure))
		say_cut(stream);
}

int swarm_stream_next(swarm_stream *stream, int64_t timeout_ms, swarm_record *ret_record,
		      swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, 0);
	swarm_record record = { SWARM_SOURCE_NONE, NULL, 0 };
	bool asked = false;
	int rc = 0;

	if (!stream || !ret_record || timeout_ms < 0)
		return swarm__error(err, SWARM_E_INVAL,
				    "a stream, a place for the record and no negative timeout are "
				    "required");
	if (stream->over)
		return swarm__error(err, SWARM_E_INVAL, "the stream is over");
	for (;;) {
		int64_t left = swarm__deadline_left(&deadline);

		rc = take(stream, &record, err);
		if (rc || record.size)
			break;
		if (stream->failure.code) {
			rc = fail(stream, err);
			break;
		}
		if (stream->whole)
			return at_end(stream, ret_record, err);
		if (asked && !left)
			return swarm__error(err, SWARM_E_TIMEOUT, "%s: nothing new yet",
					    stream->call.prepared.row->name);
		feed(stream, left);
		asked = true;
	}
	stream->over = rc != 0;
	if (rc == 0)
		*ret_record = record;
	return rc;
}

int swarm_stream_fd(const swarm_stream *stream)
{
	return stream ? swarm__http_fd(stream->http) : -1;
}

int64_t swarm_stream_due_in(const swarm_stream *stream)
{
	return stream && !stream->whole ? swarm__http_due_in(stream->http) : 0;
}

swarm_stream *swarm_stream_free(swarm_stream *stream)
{
	if (stream) {
		if (stream->http)
			swarm__exchange_clear(&stream->call);
		swarm__http_free(stream->http);
	}
	free(stream);
	return NULL;
}
