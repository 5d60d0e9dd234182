/*
 * What the files of libswarm share beside the public headers: the error filler, the growing
 * buffer, the clock, the HTTP transport, and the call engine. No file below knows of Salt or
 * Python; http.c knows nothing of Docker.
 */
#ifndef SWARM_INTERNAL_H
#define SWARM_INTERNAL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/*
 * All is compiled hidden; in the library (not in the extension, which compiles the same sources
 * into itself) the public functions are visible, and libswarm.map lists them. Include this file
 * first.
 */
#include <jansson.h>
#ifdef SWARM__EXPORT
#pragma GCC visibility push(default)
#endif
#include <swarm/swarm.h>
#ifdef SWARM__EXPORT
#pragma GCC visibility pop
#endif

/* Limits for what the engine or a caller can make large. */
#define SWARM__MAX_URL 4096
#define SWARM__MAX_HEADER 1024
#define SWARM__MAX_REQUEST ((size_t)16 << 20)
#define SWARM__MAX_AUTH ((size_t)16 << 10) /* credentials as JSON; a registry's token may be long */

#define SWARM__AUTH_HEADER "X-Registry-Auth"

/* A function made nothing unless it says 0; every out parameter is untouched then. */

/* --- error.c ----------------------------------------------------------------------------- */

/*
 * Fill err and return code. The text is redacted. The first cause wins: a filled err stays as it is.
 * err may be NULL.
 */
int swarm__error(swarm_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* SWARM_E_NOMEM with its static text. */
int swarm__nomem(swarm_error *err);

/* Put "context: " in front of the text of a filled error. Returns err->code, or code if err is NULL. */
int swarm__error_wrap(swarm_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Forget an error, to try something else. */
void swarm__error_clear(swarm_error *err);

/* Length of the UTF-8 character that text begins with; 0 if there is none. */
size_t swarm__utf8_length(const char *text, size_t size);

/* Make text one line of valid UTF-8 in place: control characters to spaces, bad bytes to "?". */
void swarm__one_line(char *text);

/* --- redact.c ---------------------------------------------------------------------------- */

/* Blank every occurrence of secret (at least 8 characters) in text, in place. */
void swarm__redact_value(char *text, const char *secret);

/* Wipe memory so that the compiler cannot leave it out. NULL is allowed. */
void swarm__wipe(void *memory, size_t size);

/* Wipe and free a string. NULL is allowed. */
void swarm__free_secret(char *secret);

/* --- memory of a caller's allocator; NULL: malloc and free ------------------------------------- */

static inline void *swarm__allocate(const swarm_allocator *allocator, size_t size)
{
	return allocator ? allocator->allocate(size, allocator->payload) : malloc(size);
}

/* NULL is allowed. */
static inline void swarm__release(const swarm_allocator *allocator, void *memory)
{
	if (!allocator)
		free(memory);
	else if (memory)
		allocator->release(memory, allocator->payload);
}

/* --- buffer.c: bytes that grow up to a maximum; empties itself when an append fails --------- */

typedef struct swarm__buffer {
	char *data; /* NUL-terminated once something was added, NULL before */
	size_t size;
	size_t room;
	size_t max;
	const swarm_allocator *allocator; /* NULL: malloc */
} swarm__buffer;

void swarm__buffer_init(swarm__buffer *buffer, size_t max);
void swarm__buffer_init_in(swarm__buffer *buffer, size_t max, const swarm_allocator *allocator);
/* 0, SWARM_E_NOMEM, SWARM_E_TOO_LARGE; buffer is wiped and empty then. */
int swarm__buffer_add(swarm__buffer *buffer, const void *bytes, size_t size);
int swarm__buffer_add_string(swarm__buffer *buffer, const char *string);
/* Percent-encoded for a path segment or query value, but for the characters in keep. */
int swarm__buffer_add_encoded(swarm__buffer *buffer, const char *string, const char *keep);
/* Drop the first size bytes. */
void swarm__buffer_drop(swarm__buffer *buffer, size_t size);
/* Wipe and free; ready for use again. */
void swarm__buffer_clear(swarm__buffer *buffer);

/* --- clock.c: monotonic milliseconds ----------------------------------------------------- */

typedef struct swarm__deadline {
	int64_t end_ms; /* monotonic */
} swarm__deadline;

int64_t swarm__now_ms(void);
swarm__deadline swarm__deadline_in(int64_t timeout_ms, int64_t default_ms);
/* Milliseconds left, 0 when passed. */
int64_t swarm__deadline_left(const swarm__deadline *deadline);
/*
 * Sleep, in steps that ask the cancel callback; never past the deadline.
 * 0, SWARM_E_CANCELED; SWARM_E_TIMEOUT when the deadline has passed already.
 */
int swarm__sleep(swarm_client *client, const swarm__deadline *deadline, int64_t ms,
		 swarm_error *err);

/* --- url.c ------------------------------------------------------------------------------- */

/*
 * "unix:///path", "tcp://host:port" (also http://), "https://host:port" to new strings: the socket's
 * path, NULL for TCP, and the URL that HTTP is spoken to. *tls: the caller wants it; set by https.
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
 * is not asked, since the caller does not wait here.
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

/* --- client.c ---------------------------------------------------------------------------- */

/* API versions 1.x that this library speaks: swarm mode came with 1.24. */
#define SWARM__API_MIN 24
#define SWARM__API_MAX 52

struct swarm_client {
	swarm__endpoint endpoint;
	swarm__http *http;
	bool has_allocator;
	swarm_allocator allocator;
	char version[16];   /* "1.45"; "" until negotiated */
	int minor;          /* 45; 0 until negotiated */
	bool pinned;        /* the version was given by the caller */
	int64_t timeout_ms; /* 0: the operation's own */
	size_t max_body;
	swarm_cancel_cb cancel;
	void *cancel_payload;
	swarm_progress_cb progress;
	void *progress_payload;
};

/* The request that asks the engine for its version, and what its answer says: sets the version. */
swarm__http_request swarm__client_ping(const swarm_client *client, int64_t timeout_ms);
int swarm__client_agree(swarm_client *client, const swarm__http_response *response,
			swarm_error *err);
/* NULL: malloc. */
static inline const swarm_allocator *swarm__client_allocator(const swarm_client *client)
{
	return client->has_allocator ? &client->allocator : NULL;
}
/* Say in an error of the transport what it means for an engine. Gives code. */
int swarm__client_explain(const swarm_client *client, int code, swarm_error *err);
/* True where the engine is on a unix socket, that is, on this very host. */
bool swarm__client_is_local(const swarm_client *client);
/* Asks the cancel callback. 0 or SWARM_E_CANCELED. */
int swarm__client_canceled(swarm_client *client, swarm_error *err);

/* --- ops.c: the field lists of a row, see the head of ops.def ---------------------------- */

typedef struct swarm__field {
	const char *name; /* borrowed from the row, ends after length characters */
	size_t length;
	char type; /* s b i o a f h */
	bool required;
	int since; /* API 1.x, 0: as the operation */
} swarm__field;

/* Take the next field off a list; false at its end. */
bool swarm__field_next(const char **list, swarm__field *ret_field);
bool swarm__field_find(const char *list, const char *name, swarm__field *ret_field);
/* Is it a status that the row names as success? */
bool swarm__status_fits(const swarm_op_info *row, int http_status);

/* --- arguments.c ------------------------------------------------------------------------- */

/* Longest name of a field in a text, with its path, such as "Spec.TaskTemplate.Placement". */
#define SWARM__MAX_FIELD 128

/* What a call needs of the engine: the highest version among the operation and its fields. */
typedef struct swarm__need {
	int since; /* API 1.x */
	char what[SWARM__MAX_FIELD];
	/* Set by the caller: the body goes back as it was read, with fields that the row does not know. */
	bool any_field;
} swarm__need;

/* Raise need to a version, unless a higher one is needed already. */
void swarm__need_version(swarm__need *need, int since, const char *what);

/* Arguments against the row. 0, SWARM_E_INVAL, SWARM_E_NOMEM. Else ret_need must start zeroed. */
int swarm__check_arguments(const swarm_op_info *row, const swarm_call_options *options,
			   swarm__need *ret_need, swarm_error *err);

/* --- dated.c: fields deep in a body that came after 1.24, see the head of dated.def ---------- */

void swarm__need_dated(swarm_op op, const json_t *body, swarm__need *need);

/* --- target.c: what goes on the wire, from arguments that were checked ----------------------- */

/* True for a ping, whose path has no version, so that any engine answers it. */
bool swarm__is_unversioned(const swarm_op_info *row);

/*
 * "/nodes/abc?force=1" from arguments that were checked, without the version in front; target is
 * initialized and empty. 0, SWARM_E_INVAL (too long), SWARM_E_NOMEM.
 */
int swarm__make_target(const swarm_op_info *row, const swarm_call_options *options,
		       swarm__buffer *target, swarm_error *err);

/*
 * The line "X-Registry-Auth: ..." without its end; nothing where options have no credentials.
 * header is initialized and empty. 0, SWARM_E_INVAL (too long), SWARM_E_NOMEM.
 */
int swarm__make_header(const swarm_op_info *row, const swarm_call_options *options,
		       swarm__buffer *header, swarm_error *err);

/* --- call.c ------------------------------------------------------------------------------ */

/* A call that was checked, with its parts made. */
typedef struct swarm__ready {
	const swarm_op_info *row;
	const swarm_call_options *options; /* borrowed */
	swarm__deadline deadline;
	int64_t timeout_ms; /* of the whole call */
	swarm__need need;
	swarm__buffer target; /* with the version in front once that is agreed */
	swarm__buffer header;
	swarm__buffer body;
} swarm__ready;

/*
 * Make a call ready, without asking the engine. any_field: see swarm__need. swarm__ready_clear() it
 * after success; options live until then.
 */
int swarm__ready_make(const swarm_client *client, const swarm_call_options *options, bool any_field,
		      swarm__ready *ret_ready, swarm_error *err);
void swarm__ready_clear(swarm__ready *ready);
/* Must the engine be asked for its version before this is sent? */
bool swarm__ready_wants_version(const swarm_client *client, const swarm__ready *ready);
/* Once the version is known: SWARM_E_VERSION where it is too low for the call, SWARM_E_NOMEM. */
int swarm__ready_agree(const swarm_client *client, swarm__ready *ready, swarm_error *err);
/* The request of it, with what is left of the deadline; it borrows from ready and client. */
swarm__http_request swarm__ready_request(const swarm_client *client, const swarm__ready *ready);
/* Say in an error of the transport what it means for this call. Gives code. */
int swarm__ready_explain(const swarm_client *client, const swarm__ready *ready, int code,
			 swarm_error *err);
/* An answer's status and, where it is no success, its body, to 0 or an error. */
int swarm__ready_judge(swarm_client *client, const swarm__ready *ready, int http_status,
		       const swarm__buffer *body, swarm_error *err);

/* Does the operation answer a stream, or one document, as wanted? 0 or SWARM_E_INVAL. */
int swarm__call_check(const swarm_call_options *options, bool stream, swarm_error *err);

/*
 * swarm_call_json() with a deadline, which bounds it beside the operation's own limit: timeout_ms of
 * options is set here. A 500 with the text of a lost race gives SWARM_E_SEQUENCE, of a lost leader
 * SWARM_E_NO_LEADER, and so on (classify.c). The body of an update may have fields that the row does
 * not know: it sends back what the engine gave, and a newer engine has more.
 */
int swarm__call_until(swarm_client *client, swarm_call_options *options,
		      const swarm__deadline *deadline, json_t **ret_json, swarm_error *err);
/* Shorthand for it; id, query, body, ret_json may be NULL. */
int swarm__call(swarm_client *client, swarm_op op, const char *id, const swarm_query *query,
		const json_t *body, const swarm__deadline *deadline, json_t **ret_json,
		swarm_error *err);
/* The same of a list, with the answer as it came: for the rows of view.c. Clear it after success. */
int swarm__call_text(swarm_client *client, swarm_op op, const swarm_query *query,
		     const swarm__deadline *deadline, swarm__buffer *ret_text, swarm_error *err);

/* --- steps.c: one call on its way, as blocking calls, event loops (loop.c) and streams take it --- */

struct swarm_call {
	swarm_client *client;
	swarm__http *http; /* the client's, or a stream's own */
	swarm__ready ready;
	bool begun; /* a request of ours is under way */
	bool sent;  /* the request itself, not only the ping before it */
	bool done;  /* response is there, a success */
	bool given; /* and was handed out */
	swarm__http_response response;
};

/*
 * Check, and send what comes first: a ping where the engine's version is not known. options live
 * until swarm__steps_clear(), which always follows, whatever this gives.
 */
int swarm__steps_start(swarm_call *call, swarm_client *client, swarm__http *http,
		       const swarm_call_options *options, bool any_field, swarm_error *err);
/* Go on, after waiting for it up to wait_ms. */
int swarm__steps_next(swarm_call *call, int64_t wait_ms, swarm_error *err);
/* Wipe and free all of it; ends what is under way. */
void swarm__steps_clear(swarm_call *call);
/* The bytes of the answer that is done, to the caller; of an empty one an empty string. */
void swarm__steps_take(swarm_call *call, char **ret_body, size_t *ret_size);

/* --- frames.c: records in the bytes of a stream ---------------------------------------------- */

/* The next line, without blanks at its ends; *ret_used: bytes it takes, 0 while it is not whole. */
void swarm__next_line(const char *bytes, size_t size, swarm_record *ret_record, size_t *ret_used);
/* The next log frame. 0, SWARM_E_TRANSPORT (no frame), SWARM_E_HTTP (its data is an error text). */
int swarm__next_frame(const char *bytes, size_t size, swarm_record *ret_record, size_t *ret_used);

/* --- classify.c: the engine's status and text to a code ---------------------------------- */

int swarm__classify(int http_status, const char *message);

/*
 * Fill err from an answer that is no success: the engine's own words, without the secrets that the
 * request (NULL or its options) carried. Gives the code.
 */
int swarm__refusal(int http_status, const swarm__buffer *body, const swarm_call_options *request,
		   swarm_error *err);

/* --- env.c: what context.c needs of it too --------------------------------------------------- */

#define SWARM__MAX_PATH 4096

/* NULL where it is unset or empty. */
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

/* --- sha256.c ----------------------------------------------------------------------------- */

#define SWARM__SHA256_HEX 65

/* SHA-256 (FIPS 180-4) in lower-case hexadecimal digits, NUL-terminated. */
void swarm__sha256_hex(const void *bytes, size_t size, char hex[SWARM__SHA256_HEX]);

/* --- json.c: typed reads of an answer; a missing or null member gives the fallback ---------- */

/* Member of an object by a dotted path such as "Swarm.Cluster.ID"; borrowed, NULL if not there. */
const json_t *swarm__json_at(const json_t *json, const char *path);
/* Borrowed; "" if it is not there or no string. */
const char *swarm__json_string(const json_t *json, const char *path);
bool swarm__json_bool(const json_t *json, const char *path);
json_int_t swarm__json_integer(const json_t *json, const char *path);
/*
 * Text to a tree, any kind of value. 0, SWARM_E_NOMEM, SWARM_E_JSON (the text says where it is
 * wrong, and never quotes).
 */
int swarm__json_parse(const char *text, size_t size, json_t **ret_json, swarm_error *err);
/* Compact text of a tree, which may hold secrets, appended. 0, SWARM_E_NOMEM, SWARM_E_TOO_LARGE. */
int swarm__json_dump(const json_t *json, swarm__buffer *buffer);
/* For json_object_foreach(), whose functions take no const although they change nothing. */
static inline json_t *swarm__json_iterable(const json_t *json)
{
	return (json_t *)json;
}
/* Wipe the string at a path of a tree that is ours alone; nothing where there is none. */
void swarm__json_wipe(const json_t *json, const char *path);
/* RFC 7396. New reference, target and patch unchanged; NULL without memory. */
json_t *swarm__json_merge(const json_t *target, const json_t *patch);

/* --- address.c --------------------------------------------------------------------------- */

/*
 * "host[:port]" or "[v6]:port" or bare v6 to host and port; port is "" where none is given.
 * 0 or SWARM_E_INVAL.
 */
int swarm__address_split(const char *address, char *host, size_t host_size, char *port,
			 size_t port_size, swarm_error *err);
/*
 * Is "ip-or-interface[:port]" this host's? 0, or SWARM_E_INVAL with a text that lists what this
 * host has. what names the option in the text, such as "advertise address".
 */
int swarm__address_check_local(const char *what, const char *address, swarm_error *err);

/* --- text.c: lists of names for error texts ---------------------------------------------- */

typedef struct swarm__names {
	char text[256]; /* "a, b, ..." */
	bool full;
} swarm__names;

/* Add one name; dots where there is no more room. */
void swarm__names_add(swarm__names *names, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- wait.c ------------------------------------------------------------------------------ */

/*
 * Sleep between two looks at the engine: about 100 ms, then longer up to 1 s, never past the
 * deadline. *pause_ms is 0 before the first time. As swarm__sleep().
 */
int swarm__pause(swarm_client *client, const swarm__deadline *deadline, int64_t *pause_ms,
		 swarm_error *err);
/* May the same call go well a moment later: no leader for now, or the engine's 20 s were over? */
bool swarm__may_pass(const swarm_error *err);
/* Whole seconds, at least 1, for texts. */
int64_t swarm__seconds_since(int64_t started_ms);
/* SWARM_E_TIMEOUT with the advice for an engine that hangs in what; in place of what err says. */
int swarm__hung(swarm_error *err, const char *what, int64_t started_ms);

/* --- local.c: this host ------------------------------------------------------------------ */

/* As swarm_local_get(), within a deadline. */
int swarm__local_read(swarm_client *client, const swarm__deadline *deadline,
		      swarm_local **ret_local, swarm_error *err);
/* 0 on a host outside a swarm; else SWARM_E_MEMBER or SWARM_E_LOCKED, with what to do. */
int swarm__local_require_inactive(const swarm_local *local, swarm_error *err);

static inline void swarm__local_cleanup(swarm_local **local)
{
	swarm_local_free(*local);
}
#define SWARM__AUTO_LOCAL __attribute__((cleanup(swarm__local_cleanup)))

/* What init and join alike say of this host; NULL leaves a field to the engine. */
typedef struct swarm__host {
	const char *listen_addr;
	const char *advertise_addr;
	const char *data_path_addr;
	const char *availability;
} swarm__host;

/* 0 or SWARM_E_INVAL. Addresses are held against this host where the engine runs on it. */
int swarm__host_check(const swarm_client *client, const swarm__host *host, swarm_error *err);
/* 0 or SWARM_E_INVAL: "active", "pause" or "drain". */
int swarm__availability_check(const char *availability, swarm_error *err);
/* New object with the body fields of these; NULL without memory. */
json_t *swarm__host_body(const swarm__host *host);

/* --- leave.c ----------------------------------------------------------------------------- */

/* As swarm_leave(), within a deadline. */
int swarm__leave(swarm_client *client, bool force, const swarm__deadline *deadline,
		 swarm_error *err);

/*
 * --- view.c: a list out of the bytes of an answer, in one pass -------------------------------
 *
 * Nothing points into the text afterwards. allocator: copied; NULL: malloc. 0, SWARM_E_JSON,
 * SWARM_E_NOMEM.
 */

int swarm__node_rows(const char *text, size_t size, const swarm_allocator *allocator,
		     swarm_node_list **ret_list, swarm_error *err);
int swarm__service_rows(const char *text, size_t size, const swarm_allocator *allocator,
			swarm_service_list **ret_list, swarm_error *err);
int swarm__task_rows(const char *text, size_t size, const swarm_allocator *allocator,
		     swarm_task_list **ret_list, swarm_error *err);
int swarm__secret_rows(const char *text, size_t size, const swarm_allocator *allocator,
		       swarm_secret_list **ret_list, swarm_error *err);
int swarm__config_rows(const char *text, size_t size, const swarm_allocator *allocator,
		       swarm_config_list **ret_list, swarm_error *err);
int swarm__network_rows(const char *text, size_t size, const swarm_allocator *allocator,
			swarm_network_list **ret_list, swarm_error *err);

/* --- node.c ------------------------------------------------------------------------------ */

/*
 * Read a node by id, exact host name or "self" (no id prefix). patient: wait out an election.
 * ret_node: new reference.
 */
int swarm__node_get(swarm_client *client, const char *ref, bool patient,
		    const swarm__deadline *deadline, json_t **ret_node, swarm_error *err);
/* As swarm_node_list_get(), within a deadline. */
int swarm__node_list(swarm_client *client, bool patient, const swarm__deadline *deadline,
		     swarm_node_list **ret_list, swarm_error *err);

/* --- update.c: read, merge, write with the index read, again where another writer came first  */

/* Refuse a patch with fields that the operation does not have: a slip of the pen. SWARM_E_INVAL. */
int swarm__patch_check(swarm_op update, const json_t *patch, swarm_error *err);
/* A call that is asked again until the deadline while an error may pass; the last error stands. */
int swarm__call_patiently(swarm_client *client, swarm_op op, const char *id,
			  const swarm_query *query, const swarm__deadline *deadline,
			  json_t **ret_json, swarm_error *err);
/* The same for swarm__call_text(). */
int swarm__call_text_patiently(swarm_client *client, swarm_op op, const swarm_query *query,
			       const swarm__deadline *deadline, swarm__buffer *ret_text,
			       swarm_error *err);

typedef struct swarm__update {
	swarm_op inspect;
	swarm_op update;
	const char *id;              /* NULL for the cluster */
	const json_t *patch;         /* an object, or NULL */
	const swarm_query *query;    /* beside version; may be NULL */
	const json_t *registry_auth; /* may be NULL */
	bool always;                 /* send although the patch changes nothing (rotation) */
	/* Looks at each pair of specs before it is sent; may be NULL. */
	int (*check)(void *payload, const json_t *before, const json_t *after, swarm_error *err);
	void *payload;
} swarm__update;

/* ret_change as swarm_cluster_update(), may be NULL. */
int swarm__update_run(swarm_client *client, const swarm__update *update,
		      const swarm__deadline *deadline, json_t **ret_change, swarm_error *err);

#endif
