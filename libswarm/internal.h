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

/* Make text one line of valid UTF-8 in place: control characters to spaces, bad bytes to "?". */
void swarm__one_line(char *text);

/* --- redact.c ---------------------------------------------------------------------------- */

/* Blank every occurrence of secret (at least 8 characters) in text, in place. */
void swarm__redact_value(char *text, const char *secret);

/* Wipe memory so that the compiler cannot leave it out. NULL is allowed. */
void swarm__wipe(void *memory, size_t size);

/* Wipe and free a string. NULL is allowed. */
void swarm__free_secret(char *secret);

/* --- buffer.c: bytes that grow up to a maximum; empties itself when an append fails --------- */

typedef struct swarm__buffer {
	char *data; /* NUL-terminated once something was added, NULL before */
	size_t size;
	size_t room;
	size_t max;
} swarm__buffer;

void swarm__buffer_init(swarm__buffer *buffer, size_t max);
/* 0, SWARM_E_NOMEM, SWARM_E_TOO_LARGE; buffer is wiped and empty then. */
int swarm__buffer_add(swarm__buffer *buffer, const void *bytes, size_t size);
int swarm__buffer_add_string(swarm__buffer *buffer, const char *string);
/* Percent-encoded for a path segment or query value. */
int swarm__buffer_add_encoded(swarm__buffer *buffer, const char *string);
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
 * "unix:///path" or "tcp://host:port" (also http://) to new strings: the socket's path, NULL for
 * TCP, and the URL that HTTP is spoken to. 0, SWARM_E_INVAL, SWARM_E_NOMEM.
 */
int swarm__url_split(const char *url, char **ret_socket, char **ret_address, swarm_error *err);

/* --- http.c: one connection, one request at a time; knows nothing of Docker ----------------- */

typedef struct swarm__http swarm__http;

typedef struct swarm__http_request {
	const char *method;
	const char *target; /* path and query */
	const char *body;   /* NULL or JSON text */
	size_t body_size;
	int64_t timeout_ms;
	size_t max_body;
	swarm_cancel_cb cancel;
	void *cancel_payload;
} swarm__http_request;

typedef struct swarm__http_response {
	int status;
	char api_version[16]; /* header Api-Version, "" without */
	swarm__buffer body;
} swarm__http_response;

/* url as in swarm_client_options. 0, SWARM_E_INVAL, SWARM_E_NOMEM. */
int swarm__http_new(const char *url, swarm__http **ret_http, swarm_error *err);
swarm__http *swarm__http_free(swarm__http *http);
/* ret_response is initialized here; swarm__http_response_clear() it after success. */
int swarm__http_send(swarm__http *http, const swarm__http_request *request,
		     swarm__http_response *ret_response, swarm_error *err);
void swarm__http_response_clear(swarm__http_response *response);

/* --- client.c ---------------------------------------------------------------------------- */

/* API versions 1.x that this library speaks: swarm mode came with 1.24. */
#define SWARM__API_MIN 24
#define SWARM__API_MAX 51

struct swarm_client {
	char *url;
	swarm__http *http;
	char version[16];   /* "1.45"; "" until negotiated */
	int minor;          /* 45; 0 until negotiated */
	bool pinned;        /* the version was given by the caller */
	int64_t timeout_ms; /* 0: the operation's own */
	size_t max_body;
	swarm_cancel_cb cancel;
	void *cancel_payload;
};

/* Fill client->minor and client->version, asking the engine unless they are known. */
int swarm__client_negotiate(swarm_client *client, int64_t timeout_ms, swarm_error *err);
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
	char type; /* s b i o a f */
	bool required;
	int since; /* API 1.x, 0: as the operation */
} swarm__field;

/* Take the next field off a list; false at its end. */
bool swarm__field_next(const char **list, swarm__field *ret_field);
bool swarm__field_find(const char *list, const char *name, swarm__field *ret_field);

/* --- arguments.c ------------------------------------------------------------------------- */

/* What a call needs of the engine: the highest version among the operation and its fields. */
typedef struct swarm__need {
	int since; /* API 1.x */
	char what[64];
	bool any_field; /* set by the caller: the body may have fields that the row does not know */
} swarm__need;

/* Arguments against the row. 0, SWARM_E_INVAL, SWARM_E_NOMEM. Else ret_need must start zeroed. */
int swarm__check_arguments(const swarm_op_info *row, const swarm_call_options *options,
			   swarm__need *ret_need, swarm_error *err);

/*
 * "/v1.45/nodes/abc?force=1" from arguments that were checked; target is initialized and empty.
 * 0, SWARM_E_INVAL (too long), SWARM_E_NOMEM.
 */
int swarm__make_target(const swarm_op_info *row, const char *version,
		       const swarm_call_options *options, swarm__buffer *target, swarm_error *err);

/* --- call.c: shorthand over swarm_call_json() with a deadline ---------------------------- */

/*
 * Call op; id, query, body, ret_json may be NULL. The deadline bounds it beside the operation's own
 * limit. A 500 with the text of a lost race gives SWARM_E_SEQUENCE, of a lost leader
 * SWARM_E_NO_LEADER, and so on (classify.c). The body may have fields that the row does not know:
 * an update sends back what the engine gave, and a newer engine has more.
 */
int swarm__call(swarm_client *client, swarm_op op, const char *id, const swarm_query *query,
		const json_t *body, const swarm__deadline *deadline, json_t **ret_json,
		swarm_error *err);

/* --- classify.c: the engine's status and text to a code ---------------------------------- */

int swarm__classify(int http_status, const char *message);

/*
 * Fill err from an answer that is no success: the engine's own words, without the secrets that the
 * request (NULL or its JSON body) carried. Gives the code.
 */
int swarm__refusal(int http_status, const swarm__buffer *body, const json_t *request,
		   swarm_error *err);

/* --- json.c: typed reads of an answer; a missing or null member gives the fallback ---------- */

/* Member of an object by a dotted path such as "Swarm.Cluster.ID"; borrowed, NULL if not there. */
const json_t *swarm__json_at(const json_t *json, const char *path);
/* Borrowed; "" if it is not there or no string. */
const char *swarm__json_string(const json_t *json, const char *path);
bool swarm__json_bool(const json_t *json, const char *path);
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

/* --- node.c ------------------------------------------------------------------------------ */

/*
 * Read a node by id, exact host name or "self" (no id prefix). patient: wait out an election.
 * ret_node: new reference.
 */
int swarm__node_get(swarm_client *client, const char *ref, bool patient,
		    const swarm__deadline *deadline, json_t **ret_node, swarm_error *err);
/*
 * The fields of one node, checked for type; where is what stands before a path in the error text.
 * no_labels is what labels points to on a node without any.
 */
int swarm__node_view(const json_t *json, const char *where, const json_t *no_labels,
		     swarm_node *ret_node, swarm_error *err);
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

typedef struct swarm__update {
	swarm_op inspect;
	swarm_op update;
	const char *id;           /* NULL for the cluster */
	const json_t *patch;      /* an object, or NULL */
	const swarm_query *query; /* beside version; may be NULL */
	bool always;              /* send although the patch changes nothing (rotation) */
	/* Looks at each pair of specs before it is sent; may be NULL. */
	int (*check)(void *payload, const json_t *before, const json_t *after, swarm_error *err);
	void *payload;
} swarm__update;

/* ret_change as swarm_cluster_update(), may be NULL. */
int swarm__update_run(swarm_client *client, const swarm__update *update,
		      const swarm__deadline *deadline, json_t **ret_change, swarm_error *err);

#endif
