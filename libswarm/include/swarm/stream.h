/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endless answers: events and logs, record by record, over a connection of their own.
 *
 * Thread rule: as the client's, to which the stream belongs; calls of the client may go on beside it.
 * After a fork it belongs to the process that opened it, and gives SWARM_E_INVAL in the other, where
 * it can only be freed.
 */
#ifndef SWARM_STREAM_H
#define SWARM_STREAM_H

#include <swarm/client.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct swarm_stream swarm_stream;

/** How the stream separates records. */
typedef enum swarm_framing {
	SWARM_FRAMING_AUTO, /**< as the engine says: lines for events; for logs since API 1.42 only */
	SWARM_FRAMING_LINES, /**< a record a line, also with a record separator (json-seq) before it */
	SWARM_FRAMING_FRAMES, /**< logs: stdout and stderr, in frames with a head of 8 bytes */
	SWARM_FRAMING_RAW     /**< logs of a service with a terminal: bytes as they come */
} swarm_framing;

/** Where a piece of log comes from; SWARM_SOURCE_NONE where the framing does not say. */
typedef enum swarm_source {
	SWARM_SOURCE_NONE,
	SWARM_SOURCE_STDOUT,
	SWARM_SOURCE_STDERR
} swarm_source;

/** One record; data is not NUL-terminated, and borrowed until the next call with the stream. */
typedef struct swarm_record {
	swarm_source source;
	const char *data; /**< NULL: regular end of the stream */
	size_t size;      /**< never 0 before the end */
} swarm_record;

/**
 * Open a stream, and wait until the engine accepts it.
 *
 * Arguments are checked as for swarm_call_bytes(). The timeout in options is for the opening.
 *
 * @param client      borrowed until swarm_stream_free(); its max_body limits one record
 * @param options     an operation that answers SWARM_RESULT_LINES or SWARM_RESULT_FRAMES
 * @param framing     usually SWARM_FRAMING_AUTO; before API 1.42 the engine does not say what framing a
 *                    log has: frames, except for a service whose ContainerSpec.TTY is true
 * @param ret_stream  new; free with swarm_stream_free(), before the client
 * @param err         NULL or an error to fill
 * @return 0, SWARM_E_INVAL (also: framing unknown), or any error of swarm_call_bytes()
 */
int swarm_stream_open(swarm_client *client, const swarm_call_options *options,
		      swarm_framing framing, swarm_stream **ret_stream, swarm_error *err);

/**
 * Wait for the next record.
 *
 * @param timeout_ms  how long to wait; 0: not at all
 * @param ret_record  the record, or data NULL at the end. Logs end; events without "until" end when
 *                    the engine stops
 * @return 0; SWARM_E_TIMEOUT: nothing yet, ask again. After all others the stream is over:
 *         SWARM_E_CANCELED, SWARM_E_TRANSPORT (the stream was cut, or has no such framing),
 *         SWARM_E_TOO_LARGE (one record), SWARM_E_HTTP (the engine's words in the stream, where
 *         reading a log failed), SWARM_E_NOMEM; SWARM_E_INVAL for a stream that is over
 */
int swarm_stream_next(swarm_stream *stream, int64_t timeout_ms, swarm_record *ret_record,
		      swarm_error *err);

/**
 * For an event loop: a descriptor that is readable when swarm_stream_next() with timeout 0 has
 * something to do; the same as long as the stream lives, and only to be watched. Take records until
 * SWARM_E_TIMEOUT each time.
 */
int swarm_stream_fd(const swarm_stream *stream);

/** Milliseconds after which swarm_stream_next() is due even if the descriptor is silent. */
int64_t swarm_stream_due_in(const swarm_stream *stream);

/**
 * Close the connection and free the stream.
 *
 * @param stream  stolen; NULL is allowed
 * @return NULL, always
 */
swarm_stream *swarm_stream_free(swarm_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
