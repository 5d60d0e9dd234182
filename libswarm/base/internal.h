/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What base/ offers to the whole library: errors, the redactor, the growing buffer, the clock, JSON
 * trees. Nothing here knows HTTP or Docker. scan.h is for reading long lists.
 */
#ifndef SWARM_BASE_INTERNAL_H
#define SWARM_BASE_INTERNAL_H

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

/* On failure a function returns non-zero, creates nothing, and leaves out parameters unmodified. */

/* --- error.c ----------------------------------------------------------------------------- */

/*
 * Fill err and return code. The text is redacted. The first cause wins: a filled err stays as it is.
 * err may be NULL.
 */
int swarm__error(swarm_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* SWARM_E_NOMEM with its static text. */
int swarm__nomem(swarm_error *err);

/* Whether a text begins with what it is about, such as "service web: " or "service web ". */
bool swarm__error_names(const char *text, const char *what);

/*
 * Put "context: " in front of the text of a filled error, unless it begins with that itself. Returns
 * err->code, or code if err is NULL.
 */
int swarm__error_wrap(swarm_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Forget an error, to try something else. */
void swarm__error_clear(swarm_error *err);

/* Length of the UTF-8 character that text begins with; 0 if there is none. */
size_t swarm__utf8_length(const char *text, size_t size);

/*
 * Make text one line of valid UTF-8 in place: control characters and line separators to spaces, bad
 * bytes to "?"; what has no width or changes the direction of a text is removed.
 */
void swarm__one_line(char *text);

/* --- redact.c ---------------------------------------------------------------------------- */

/* Blank every occurrence of secret (at least 8 characters) in text, in place. */
void swarm__redact_value(char *text, const char *secret);

/* Controls of a terminal, and what has no width or changes the direction of a text. */
bool swarm__is_invisible(unsigned code);

/*
 * The first character of a text that is not empty, decoded if it is escaped as in JSON or in a URL,
 * and the number of bytes that it takes. A terminal's escape sequence is one invisible character.
 */
size_t swarm__read_meant(const char *text, unsigned *ret_code);

/* --- redact_parts.c ------------------------------------------------------------------------ */

/* Only so much of a text is looked at: it is cut there. */
#define SWARM__MAX_PARTS 4096

/*
 * Blank each run of least (8 or more) characters that is also in the secret, in place: a part of it
 * gives away as much. Escapes, white space and what cannot be seen do not hide one.
 */
void swarm__redact_parts(char *text, const char *secret, size_t least);
/* The same for the bytes that base64 encodes. */
void swarm__redact_base64(char *text, const char *base64, size_t least);

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
/* Does a character of a URL stay as it is? RFC 3986, 2.3: the unreserved characters. */
bool swarm__is_unreserved(unsigned char c);
/* Percent-encoded for a path segment or query value, except the characters in keep. */
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

/* --- budget.c: what reading an answer may cost ------------------------------------------------ */

typedef struct swarm__budget {
	const swarm__deadline *deadline; /* borrowed; NULL: none */
	swarm_cancel_cb cancel;          /* NULL: nobody is asked */
	void *cancel_payload;
	size_t memory;                    /* most bytes of what is made of the answer */
	const swarm_allocator *allocator; /* for it, unless it is a tree; NULL: malloc */
	int64_t asked_ms;                 /* when the cancel callback was asked last */
} swarm__budget;

swarm__budget swarm__budget_make(const swarm__deadline *deadline, swarm_cancel_cb cancel,
				 void *cancel_payload, size_t memory);
/*
 * May it go on, with so much memory taken? Cheap enough for each kilobyte. budget may be NULL.
 * 0, SWARM_E_TOO_LARGE, SWARM_E_TIMEOUT, SWARM_E_CANCELED.
 */
int swarm__budget_check(swarm__budget *budget, size_t memory);
/* Fill err from one of these codes. Returns it. */
int swarm__budget_fail(const swarm__budget *budget, int code, swarm_error *err);

/* --- sha256.c ----------------------------------------------------------------------------- */

#define SWARM__SHA256_SIZE 32
#define SWARM__SHA256_HEX 65

typedef struct swarm__sha256 {
	uint32_t hash[8];
	unsigned char rest[64]; /* of the input, left bytes of it */
	size_t left;
	uint64_t size;
} swarm__sha256;

void swarm__sha256_begin(swarm__sha256 *s);
void swarm__sha256_add(swarm__sha256 *s, const void *bytes, size_t size);
/* Wipes s. */
void swarm__sha256_end(swarm__sha256 *s, unsigned char digest[SWARM__SHA256_SIZE]);
/* SHA-256 (FIPS 180-4) in lower-case hexadecimal digits, NUL-terminated. */
void swarm__sha256_hex(const void *bytes, size_t size, char hex[SWARM__SHA256_HEX]);

/* HMAC-SHA256 of what is added, under a key. */
typedef struct swarm__hmac {
	swarm__sha256 inner;
	swarm__sha256 outer;
} swarm__hmac;

void swarm__hmac_begin(swarm__hmac *h, const void *key, size_t size);
void swarm__hmac_add(swarm__hmac *h, const void *bytes, size_t size);
/* Wipes h. */
void swarm__hmac_end(swarm__hmac *h, char hex[SWARM__SHA256_HEX]);

/* --- base64.c ------------------------------------------------------------------------------- */

/* New, for swarm__free_secret() where it is one; NULL without memory. */
char *swarm__base64(const void *data, size_t size);
bool swarm__is_base64(const char *text);
/* The bytes of such a text, new; NULL without memory. */
char *swarm__base64_bytes(const char *text, size_t *ret_size);

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
/* The same text for equal trees. json_dumps() loses what it has no memory for, without a word. */
int swarm__json_dump_sorted(const json_t *json, swarm__buffer *buffer);
/* For json_object_foreach(), whose functions take no const although they change nothing. */
static inline json_t *swarm__json_iterable(const json_t *json)
{
	return (json_t *)json;
}
/* Wipe the string at a path of a tree that is ours alone; nothing if there is none. */
void swarm__json_wipe(const json_t *json, const char *path);
/* RFC 7396. New reference, target and patch unchanged; NULL without memory. */
json_t *swarm__json_merge(const json_t *target, const json_t *patch);

/* --- json_read.c: trees of what others wrote, within a budget ------------------------------------ */

/* As swarm__json_parse(), and the codes of swarm__budget_check(). budget may be NULL. */
int swarm__json_read(const char *text, size_t size, swarm__budget *budget, json_t **ret_json,
		     swarm_error *err);
/* Would a tree of the text keep within the budget? Its form is not checked. 0 or a code of the budget. */
int swarm__json_weigh(const char *text, size_t size, swarm__budget *budget, swarm_error *err);

/* --- names.c: lists of names for error texts ---------------------------------------------- */

typedef struct swarm__names {
	char text[256]; /* "a, b, ..." */
	bool full;
} swarm__names;

/* Add one name; dots if it does not fit. */
void swarm__names_add(swarm__names *names, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
