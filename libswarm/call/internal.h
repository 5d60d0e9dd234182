/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What call/ offers: the client, and one operation of the engine. It knows Docker's API, and not what
 * a swarm is.
 */
#ifndef SWARM_CALL_INTERNAL_H
#define SWARM_CALL_INTERNAL_H

#include "http/internal.h"

/* Limits for what a caller can make large. */
#define SWARM__MAX_REQUEST ((size_t)16 << 20)
#define SWARM__MAX_AUTH ((size_t)16 << 10) /* credentials as JSON; a registry's token may be long */

/* Largest body of an error answer: the engine writes a sentence. */
#define SWARM__MAX_REFUSAL ((size_t)256 << 10)

#define SWARM__AUTH_HEADER "X-Registry-Auth"

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
/* Say in an error of the transport what it means for an engine. Returns code. */
int swarm__client_explain(const swarm_client *client, int code, swarm_error *err);
/* True if the engine is on a unix socket, that is, on this very host. */
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

/* --- requirement.c ------------------------------------------------------------------------- */

/* Longest name of a field in a text, with its path, such as "Spec.TaskTemplate.Placement". */
#define SWARM__MAX_FIELD 128

/* What a call needs of the engine: the highest version among the operation and its fields. */
typedef struct swarm__requirement {
	int since; /* API 1.x */
	char what[SWARM__MAX_FIELD];
	/* Set by the caller: the body goes back as it was read, with fields that the row does not know. */
	bool any_field;
} swarm__requirement;

/* Raise it to a version, unless a higher one is required already. */
void swarm__require_version(swarm__requirement *requirement, int since, const char *what);

/* --- arguments.c ------------------------------------------------------------------------- */

/*
 * Check arguments against the row. requirement starts zeroed, except any_field, and is raised.
 * 0, SWARM_E_INVAL, SWARM_E_NOMEM.
 */
int swarm__check_arguments(const swarm_op_info *row, const swarm_call_options *options,
			   swarm__requirement *requirement, swarm_error *err);

/* A value's type as a row writes it, and its name in texts. */
bool swarm__has_type(const json_t *value, char type);
const char *swarm__type_name(char type);

/* --- field_versions.c: fields deep in a body that came after 1.24 (field_versions.def) ------ */

void swarm__require_field_versions(swarm_op op, const json_t *body,
				   swarm__requirement *requirement);

/* --- request_target.c: what goes on the wire, from arguments that were checked -------------- */

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

/* --- prepare.c ----------------------------------------------------------------------------- */

/* A call that was checked, with its parts made. */
typedef struct swarm__prepared {
	const swarm_op_info *row;
	const swarm_call_options *options; /* borrowed */
	swarm__deadline deadline;
	int64_t timeout_ms; /* of the whole call */
	swarm__requirement requirement;
	swarm__buffer target; /* with the version in front once that is agreed */
	swarm__buffer header;
	swarm__buffer body;
} swarm__prepared;

/*
 * Check a call and make its parts, without asking the engine. any_field: see swarm__requirement.
 * swarm__prepared_clear() it after success; options live until then.
 */
int swarm__prepare(const swarm_client *client, const swarm_call_options *options, bool any_field,
		   swarm__prepared *ret_prepared, swarm_error *err);
void swarm__prepared_clear(swarm__prepared *prepared);
/* Must the engine be asked for its version before this is sent? */
bool swarm__prepared_needs_version(const swarm_client *client, const swarm__prepared *prepared);
/* Once the version is known: SWARM_E_VERSION where it is too low for the call, SWARM_E_NOMEM. */
int swarm__prepared_agree(const swarm_client *client, swarm__prepared *prepared, swarm_error *err);
/*
 * Would the call pass all checks, also that of the engine's version where that is known? Sends nothing.
 * any_field as above.
 */
int swarm__prepared_test(const swarm_client *client, const swarm_call_options *options,
			 bool any_field, swarm_error *err);
/* The request of it, with what is left of the deadline; it borrows from ready and client. */
swarm__http_request swarm__prepared_request(const swarm_client *client,
					    const swarm__prepared *prepared);
/* Say in an error of the transport what it means for this call. Returns code. */
int swarm__prepared_explain(const swarm_client *client, const swarm__prepared *prepared, int code,
			    swarm_error *err);
/* Turn an answer's status and, unless it is a success, its body into 0 or an error. */
int swarm__prepared_judge(swarm_client *client, const swarm__prepared *prepared, int http_status,
			  const swarm__buffer *body, swarm_error *err);

/* --- call.c ------------------------------------------------------------------------------ */

/* Does the operation answer a stream, or one document, as requested? 0 or SWARM_E_INVAL. */
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
int swarm__call(swarm_client *client, swarm_op op, const char *id, const swarm_pair *query,
		const json_t *body, const swarm__deadline *deadline, json_t **ret_json,
		swarm_error *err);
/* The same of a list, with the answer as it came: for the rows of view.c. Clear it after success. */
int swarm__call_text(swarm_client *client, swarm_op op, const swarm_pair *query,
		     const swarm__deadline *deadline, swarm__buffer *ret_text, swarm_error *err);

/* --- exchange.c: one call on its way, as blocking calls, event loops (call_in_steps.c) and streams take it --- */

struct swarm_call {
	swarm_client *client;
	swarm__http *http; /* the client's, or a stream's own */
	swarm__prepared prepared;
	bool begun; /* a request of ours is under way */
	bool sent;  /* the request itself, not only the ping before it */
	bool done;  /* response is there, a success */
	bool given; /* and was handed out */
	swarm__http_response response;
};

/*
 * Check, and send what comes first: a ping where the engine's version is not known. options live
 * until swarm__exchange_clear(), which always follows, whatever this gives.
 */
int swarm__exchange_start(swarm_call *call, swarm_client *client, swarm__http *http,
			  const swarm_call_options *options, bool any_field, swarm_error *err);
/* Go on, after waiting for it up to wait_ms. */
int swarm__exchange_next(swarm_call *call, int64_t wait_ms, swarm_error *err);
/* Wipe and free all of it; ends what is under way. */
void swarm__exchange_clear(swarm_call *call);
/* The bytes of the answer that is done, to the caller; of an empty one an empty string. */
void swarm__exchange_take(swarm_call *call, char **ret_body, size_t *ret_size);

/* --- answer.c: what an answer may be, and a success to data --------------------------------------- */

/* Bytes of the largest answer: the client's max_body, or less where an operation answers little. */
size_t swarm__answer_limit(const swarm_client *client, const swarm_op_info *row);
/* What reading an answer of up to limit bytes may cost; deadline is borrowed. */
swarm__budget swarm__answer_budget(const swarm_client *client, size_t limit,
				   const swarm__deadline *deadline);
/* The answer of a call that is done as JSON: text is a string, nothing is null. New reference. */
int swarm__answer_read(const swarm_call *call, json_t **ret_json, swarm_error *err);
/* Would it keep within its budget, for who reads the bytes? 0 or a code of the budget. */
int swarm__answer_weigh(const swarm_call *call, swarm_error *err);

/* --- frames.c: records in the bytes of a stream ---------------------------------------------- */

/* The next line, without blanks at its ends; *ret_used: bytes it takes, 0 while it is not whole. */
void swarm__next_line(const char *bytes, size_t size, swarm_record *ret_record, size_t *ret_used);
/* The next log frame. 0, SWARM_E_TRANSPORT (no frame), SWARM_E_HTTP (its data is an error text). */
int swarm__next_frame(const char *bytes, size_t size, swarm_record *ret_record, size_t *ret_used);
/* How long the next frame says that it is, with its head; 0 while the head is not whole. */
size_t swarm__frame_size(const char *bytes, size_t size);

/* --- classify.c: the engine's status and text to a code ---------------------------------- */

int swarm__classify(int http_status, const char *message);

/* --- words.c: the engine's sentences in our words ------------------------------------------ */

/* Behind gRPC's own words, if the message begins with them. */
const char *swarm__skip_grpc(const char *message);
/* The message as it reads here (words.def), cut to size bytes. */
void swarm__reword(const char *message, char *text, size_t size);

/*
 * Fill err from an error answer: what the engine says, without the secrets that the
 * request (NULL or its options) carried. Returns the code.
 */
int swarm__refusal(int http_status, const swarm__buffer *body, const swarm_call_options *request,
		   swarm_error *err);

#endif
