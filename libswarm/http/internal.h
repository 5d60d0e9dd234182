/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What http/ offers: where an engine is, and one request at a time. It knows sockets, HTTP and TLS,
 * and not Docker. http.h is shared by http.c and http_options.c alone.
 */
#ifndef SWARM_HTTP_INTERNAL_H
#define SWARM_HTTP_INTERNAL_H

#include "base/internal.h"

/* Limits for what the engine or a caller can make large. */
#define SWARM__MAX_URL 4096
#define SWARM__MAX_HEADER 1024

/* --- url.c ------------------------------------------------------------------------------- */

/*
 * "unix:///path", "tcp://host:port" (also http://), "https://host:port" to new strings: the socket's
 * path, NULL for TCP, and the URL for HTTP. *tls: the caller requires it; also set by https.
 * 0, SWARM_E_INVAL, SWARM_E_NOMEM.
 */
int swarm__url_split(const char *url, bool *tls, char **ret_socket, char **ret_address,
		     swarm_error *err);

/* --- endpoint.c: where the engine is, and how one speaks to it ------------------------------ */

typedef struct swarm__endpoint {
	char *url;     /* as the caller wrote it */
	char *socket;  /* path of the unix socket, NULL for TCP */
	char *address; /* "http://localhost", "http://host:port", "https://host:port" */
	char *ca;      /* PEM files; NULL: the system's CAs, no certificate of our own */
	char *cert;
	char *key;
	bool tls;
	bool verify; /* the server's certificate and name */
} swarm__endpoint;

/* New strings from url and tls_* of the options. 0, SWARM_E_INVAL, SWARM_E_NOMEM. */
int swarm__endpoint_init(const swarm_client_options *options, swarm__endpoint *ret_endpoint,
			 swarm_error *err);
void swarm__endpoint_clear(swarm__endpoint *endpoint);

/* --- env.c: what context.c needs of it too --------------------------------------------------- */

#define SWARM__MAX_PATH 4096

/* NULL if it is unset or empty. */
const char *swarm__env(const char *name);
/* 0 or SWARM_E_INVAL (too long). */
int swarm__path(char path[SWARM__MAX_PATH], swarm_error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* DOCKER_CONFIG or ~/.docker. 0 or SWARM_E_INVAL. */
int swarm__docker_folder(char path[SWARM__MAX_PATH], swarm_error *err);
/* ca.pem, cert.pem and key.pem in folder; those that are there, or all. 0, SWARM_E_INVAL, SWARM_E_NOMEM. */
int swarm__endpoint_find_pem(swarm_endpoint *endpoint, const char *folder, bool must,
			     swarm_error *err);
/* Is it no unix socket? With http:// TLS is refused later, not left out. NULL, the default, is one. */
bool swarm__is_tcp(const char *url);

/* --- http.c: one connection, one request at a time; knows nothing of Docker ----------------- */

typedef struct swarm__http swarm__http;

/* Strings are borrowed until the request is over. */
typedef struct swarm__http_request {
	const char *method;
	const char *target; /* path and query */
	const char *header; /* NULL or one more line "Name: value", without its end */
	const char *body;   /* NULL or JSON text */
	size_t body_size;
	int64_t timeout_ms;
	size_t max_body;
	size_t max_error; /* the same of an answer with a status from 300; 0: max_body */
	const swarm_allocator *allocator; /* for the answer; NULL: malloc */
	swarm_cancel_cb cancel;
	void *cancel_payload;
} swarm__http_request;

typedef struct swarm__http_response {
	int status;
	char api_version[16];  /* header Api-Version, "" without */
	char content_type[64]; /* header Content-Type without parameters, "" without */
	swarm__buffer body;
} swarm__http_response;

/* The endpoint is borrowed as long as the connection lives. 0, SWARM_E_NOMEM. */
int swarm__http_new(const swarm__endpoint *endpoint, swarm__http **ret_http, swarm_error *err);
swarm__http *swarm__http_free(swarm__http *http);
/* The whole of it: ret_response is initialized here; swarm__http_response_clear() it after success. */
int swarm__http_send(swarm__http *http, const swarm__http_request *request,
		     swarm__http_response *ret_response, swarm_error *err);
void swarm__http_response_clear(swarm__http_response *response);

/*
 * The same in steps, for callers with an event loop and for answers without end. An error ends the
 * request, and so does swarm__http_abort(). SWARM_E_INVAL: another request is on its way.
 */
int swarm__http_begin(swarm__http *http, const swarm__http_request *request, swarm_error *err);
/*
 * Go on with what can be done now, after waiting for it up to wait_ms. With 0 the cancel callback
 * is not called, because the caller does not wait here.
 */
int swarm__http_step(swarm__http *http, int64_t wait_ms, bool *ret_done, swarm_error *err);
/* After done: the answer, to be cleared by the caller. */
void swarm__http_take(swarm__http *http, swarm__http_response *ret_response);
/*
 * The request's answer as far as it came; NULL before its head is there. A stream eats the body, also
 * what is left of it after an error.
 */
swarm__http_response *swarm__http_so_far(swarm__http *http);
/* From here on the request ends when its answer does. */
void swarm__http_no_deadline(swarm__http *http);
void swarm__http_abort(swarm__http *http);
/* A stream: hand over no more than about size bytes in one step; the rest waits in the socket. */
void swarm__http_feed(swarm__http *http, size_t size);
/* Readable when a step has something to do; -1 before the first request. */
int swarm__http_fd(const swarm__http *http);
/* Milliseconds until a step is due even if the descriptor stays silent. */
int64_t swarm__http_due_in(const swarm__http *http);

#endif
