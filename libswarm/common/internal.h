/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What common/ offers: patterns of talking to a manager (waiting, retrying, filters, changing an
 * object), and this host's own state.
 */
#ifndef SWARM_COMMON_INTERNAL_H
#define SWARM_COMMON_INTERNAL_H

#include "call/internal.h"

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

/* --- filters.c ------------------------------------------------------------------------------ */

/* What swarm__filters_match() checks again in the answer. */
enum { SWARM__FILTERS_ID = 1, SWARM__FILTERS_NAME = 2 };

/*
 * Filters, NULL or a list that ends with a NULL name, to the engine's JSON; text is initialized and
 * stays empty without filters. again: those that the caller checks again; where all of them are too
 * long for a request, the engine does not get these. 0, SWARM_E_INVAL, SWARM_E_NOMEM.
 */
int swarm__filters_make(const swarm_pair *filters, unsigned again, swarm__buffer *text,
			swarm_error *err);
/* Do this id and name (NULL: has none) exactly match one of those in the filters? */
bool swarm__filters_match(const swarm_pair *filters, const char *id, const char *name);

/* --- wait.c ------------------------------------------------------------------------------ */

/*
 * Sleep, in steps that ask the cancel callback; never past the deadline.
 * 0, SWARM_E_CANCELED; SWARM_E_TIMEOUT when the deadline has passed already.
 */
int swarm__sleep(swarm_client *client, const swarm__deadline *deadline, int64_t ms,
		 swarm_error *err);

/*
 * Sleep between two looks at the engine: about 100 ms, then longer up to 1 s, never past the
 * deadline. *pause_ms is 0 before the first time. As swarm__sleep().
 */
int swarm__pause(swarm_client *client, const swarm__deadline *deadline, int64_t *pause_ms,
		 swarm_error *err);
/* May the same call succeed a moment later: no leader for now, or the engine's 20 s were over? */
bool swarm__is_transient(const swarm_error *err);
/*
 * May a write that ended with this error have been carried out? Then the object is read to find out.
 * True for errors of the engine itself (from 500), and for an answer that cannot be read.
 */
bool swarm__is_unsure(const swarm_error *err);
/* May the same write succeed a moment later, if it was not carried out? */
bool swarm__is_write_transient(const swarm_error *err);
/* Replace an error by another one. Returns its code. */
int swarm__replace(swarm_error *err, const swarm_error *other);
/* Whole seconds, at least 1, for texts. */
int64_t swarm__seconds_since(int64_t started_ms);
/* SWARM_E_TIMEOUT with the advice for an engine that hangs in what; instead of what err says. */
int swarm__error_hung(swarm_error *err, const char *what, int64_t started_ms);

/*
 * Report the progress of a wait to the caller's callback; total is 0 if it is not known. The text is
 * redacted, and cut to the length of an error's.
 */
void swarm__progress(swarm_client *client, const char *what, size_t done, size_t total,
		     const char *format, ...) __attribute__((format(printf, 5, 6)));

/* How long swarm__pause() sleeps this time. */
int64_t swarm__pause_length(int64_t *pause_ms);

/* --- local.c: this host ------------------------------------------------------------------ */

/* As swarm_local_get(), within a deadline. */
int swarm__local_read(swarm_client *client, const swarm__deadline *deadline,
		      swarm_local **ret_local, swarm_error *err);
/* 0 on a host outside a swarm; else SWARM_E_MEMBER or SWARM_E_LOCKED, with what to do. */
int swarm__local_require_inactive(const swarm_local *local, swarm_error *err);
/* 0 on a host with a node id; else SWARM_E_NOT_MEMBER, SWARM_E_LOCKED or SWARM_E_STATE. */
int swarm__local_require_member(const swarm_local *local, swarm_error *err);

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

/* --- retry.c ------------------------------------------------------------------------------- */

/* Makes a call once; err is not NULL. ret_again: again, although the error is not transient. */
typedef int (*swarm__attempt_cb)(void *payload, bool *ret_again, swarm_error *err);

/* Until it succeeds, fails for good, or the deadline passes; err has the last answer then. */
int swarm__retry(swarm_client *client, const swarm__deadline *deadline, swarm__attempt_cb attempt,
		 void *payload, swarm_error *err);
/* swarm__call() made again in this way. */
int swarm__call_patiently(swarm_client *client, swarm_op op, const char *id,
			  const swarm_pair *query, const swarm__deadline *deadline,
			  json_t **ret_json, swarm_error *err);
/* The same of swarm__call_text(). */
int swarm__call_text_patiently(swarm_client *client, swarm_op op, const swarm_pair *query,
			       const swarm__deadline *deadline, swarm__buffer *ret_text,
			       swarm_error *err);

/* --- shape.c: what the engine's answers must look like; 0 or SWARM_E_JSON ------------------ */

/* Letters, digits, "-" and "_": it can go into a path and into filters. */
bool swarm__is_id(const char *id);
/* An object with an id. what names its kind in the text. */
int swarm__shape_object(const char *what, const json_t *object, const char *id_path,
			swarm_error *err);
/* Has the object that came for ref this id, or this name (may be NULL)? */
int swarm__shape_answers(const char *what, const char *id, const char *name, const char *ref,
			 swarm_error *err);
/* An array of such objects, or null. */
int swarm__shape_list(const char *what, const json_t *list, const char *id_path, swarm_error *err);
/* A spec that the operation can send back. */
int swarm__shape_spec(swarm_op update, const json_t *spec, swarm_error *err);
int swarm__shape_version(const json_t *object, uint64_t *ret_version, swarm_error *err);
/* A text of the caller (NULL is allowed) that goes into JSON: 0 or SWARM_E_INVAL. */
int swarm__utf8_check(const char *what, const char *text, swarm_error *err);

/* --- spec_equal.c -------------------------------------------------------------------------- */

/* Do two specs mean the same to the engine, which leaves out what is zero? */
bool swarm__spec_equal(const json_t *a, const json_t *b);

/* --- update.c: read, merge, write with the index read, again where another writer came first  */

/* Refuse a patch with fields that the operation does not have: a slip of the pen. SWARM_E_INVAL. */
int swarm__patch_check(swarm_op update, const json_t *patch, swarm_error *err);

/*
 * SWARM_E_STATE where an object as read after a write that the engine took is the one from before it.
 * moby: each write that is stored has a higher index, whatever it changes.
 */
int swarm__prove_version(const json_t *before, const json_t *after, swarm_error *err);

typedef struct swarm__update {
	swarm_op inspect;
	swarm_op update;
	const char *id;              /* NULL for the cluster */
	const json_t *patch;         /* an object, or NULL */
	const swarm_pair *query;     /* beside version; may be NULL */
	const json_t *registry_auth; /* may be NULL */
	bool always;                 /* send although the patch changes nothing (rotation) */
	/* Makes the new spec, a new reference, of the object as read, instead of patch; may be NULL. */
	int (*make)(void *payload, const json_t *object, json_t **ret_spec, swarm_error *err);
	/* Looks at each pair of specs before it is sent; may be NULL. */
	int (*check)(void *payload, const json_t *before, const json_t *after, swarm_error *err);
	/*
	 * Looks at the whole object as read before a write that the engine took, and as read after it,
	 * which costs a request; may be NULL. Its error is final.
	 */
	int (*prove)(void *payload, const json_t *before, const json_t *after, swarm_error *err);
	/* Read the object once more after a write: its version must have moved. Where nobody waits. */
	bool proven;
	void *payload;
	/* Gets the engine's answer to the write, a new reference, where one was sent; may be NULL. */
	json_t **ret_answer;
} swarm__update;

/* ret_change as swarm_cluster_update(), may be NULL. */
int swarm__update_run(swarm_client *client, const swarm__update *update,
		      const swarm__deadline *deadline, json_t **ret_change, swarm_error *err);

#endif
