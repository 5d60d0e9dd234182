/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fake engine: a thread that listens on a unix socket in its own temporary folder and answers
 * requests from a script, row by row and in order. A request that does not fit its row is answered
 * with 599 and counts as a failure; so does a row that nobody asked for.
 *
 *	static const fake_row rows[] = {
 *		{ .expect = "GET /v1.45/info", .reply = "{\"Swarm\":{}}" },
 *		{ .expect = "POST /v1.45/swarm/leave?force=1", .status = 503,
 *		  .reply = "{\"message\":\"This node is not part of a swarm\"}" },
 *		{ NULL },
 *	};
 *	fake_engine *engine = fake_engine_start(rows);
 *	... options.url = fake_engine_url(engine); options.api_version = "1.45"; ...
 *	CHECK_INT(fake_engine_stop(engine), 0);
 *
 * A client whose options pin api_version sends no /_ping; one that does not sends
 * "GET /_ping" first, and needs .headers = "Api-Version: 1.45\r\n" in that row.
 *
 * Any number of connections at a time, each kept alive. Replies are sent by one thread, one after
 * the other. Nothing here is timed, except for the delays that a row asks for.
 */
#ifndef SWARM_FAKE_ENGINE_H
#define SWARM_FAKE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum fake_fault {
	FAKE_NONE,
	FAKE_CLOSE_AT,    /* send the first `at` bytes of the reply (head and body), then close */
	FAKE_CLOSE_AFTER, /* whole reply, then close, without saying "Connection: close" */
	FAKE_SILENT,      /* never answer; the connection stays open */
	FAKE_LENGTH,      /* Content-Length says `at`, whatever is sent; closes afterwards */
	FAKE_HUGE,        /* a body of `at` bytes, all spaces, instead of reply */
	FAKE_RAW,         /* reply is sent as it is, without head; closes afterwards */
	FAKE_OPEN /* chunks without their end; the connection stays open, as a stream's does */
} fake_fault;

typedef struct fake_row {
	const char *expect;  /* "METHOD target", the whole request line but " HTTP/1.1" */
	const char *body;    /* NULL, or text that must be somewhere in the request's body */
	int status;          /* 0: 200 */
	const char *headers; /* NULL, or more header lines, each with its "\r\n" */
	const char *reply;   /* body of the answer; NULL: empty */
	size_t size;         /* not 0: its bytes, where there are NULs in it */
	fake_fault fault;
	size_t at;     /* see fault */
	size_t pieces; /* not 0: sent in pieces of so many bytes */
	size_t chunk;  /* not 0: Transfer-Encoding chunked, in chunks of so many bytes */
	int delay_ms;  /* wait before the answer, and between pieces */
	bool repeat;   /* answers one or more requests: stays until another one comes */
} fake_row;

typedef struct fake_engine fake_engine;

/* Start with a script that ends with a NULL row, borrowed until the stop. Exits on failure. */
fake_engine *fake_engine_start(const fake_row *rows);

/* The same on a free TCP port of 127.0.0.1. */
fake_engine *fake_engine_start_tcp(const fake_row *rows);

/*
 * Without a script: the row for each request comes from a function, whose strings live until the next
 * one. It is called in the engine's own thread.
 */
typedef fake_row (*fake_answer)(void *payload, const char *request);
fake_engine *fake_engine_start_with(fake_answer give, void *payload);

/* "unix:///tmp/.../docker.sock", or "tcp://127.0.0.1:port"; borrowed until the stop. */
const char *fake_engine_url(const fake_engine *engine);

/* Connections accepted so far. */
int fake_engine_connections(fake_engine *engine);

/* Requests answered or swallowed so far. */
int fake_engine_requests(fake_engine *engine);

/*
 * Head and body of request number n (from 0) as it came, NUL-terminated; NULL if there was none.
 * Borrowed until the stop. The first 64 are kept.
 */
const char *fake_engine_request(fake_engine *engine, int n);

/*
 * Stop, remove socket and folder, free. Returns the number of failures: unexpected requests and rows
 * that were not asked for; each is printed as a line of the form "# ...".
 */
int fake_engine_stop(fake_engine *engine);

/* As fake_engine_stop(), but rows that were not asked for are fine, as in an out-of-memory loop. */
int fake_engine_stop_early(fake_engine *engine);

#endif
