/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading JSON in one pass over its bytes, without making a tree (scan.c), and memory that is given
 * back all at once (arena.c), for what is kept of it.
 */
#ifndef SWARM_SCAN_H
#define SWARM_SCAN_H

#include "base/internal.h"

/* --- arena.c ----------------------------------------------------------------------------- */

typedef struct swarm__arena {
	struct swarm__block *last;        /* NULL: nothing was taken */
	const swarm_allocator *allocator; /* NULL: malloc */
	size_t size;                      /* of all blocks */
} swarm__arena;

/* size bytes that stay where they are until the clear, aligned for pointers; NULL without memory. */
void *swarm__arena_take(swarm__arena *arena, size_t size);
void swarm__arena_clear(swarm__arena *arena);

/* --- scan.c ------------------------------------------------------------------------------ */

/*
 * As deep as jansson goes (JSON_PARSER_MAX_DEPTH), so that an answer which one of the two takes is
 * not refused by the other.
 */
#define SWARM__MAX_DEPTH 2048

/*
 * A text that is read value by value. After an error each function gives false (or '\0') at once, so
 * that a caller may look at code when all is done.
 */
typedef struct swarm__scan {
	const char *start;
	const char *at;
	const char *end;
	int depth;     /* arrays and objects that are open */
	bool first;    /* nothing of the innermost one was read yet */
	int code;      /* 0, or why it stopped: SWARM_E_JSON, SWARM_E_NOMEM, those of the budget */
	size_t offset; /* where it stopped */
	swarm__budget *budget; /* set by who reads a long text; NULL: none */
	size_t memory;         /* bytes that are taken outside of the arena */
	bool many_labels;      /* why it is SWARM_E_TOO_LARGE, if not for the budget */
	unsigned steps;        /* since the start, to look at the budget now and then */
} swarm__scan;

/* A string between its quotes, or a number, as it is in the text. */
typedef struct swarm__slice {
	const char *start;
	size_t size;
	bool escaped; /* it has a backslash */
} swarm__slice;

void swarm__scan_init(swarm__scan *scan, const char *text, size_t size);
/* Stop with an error; the first one counts. Returns false. */
bool swarm__scan_fail(swarm__scan *scan, int code);

/* The first byte of the next token, which stays where it is; '\0' at the end. */
char swarm__scan_peek(swarm__scan *scan);
/* Go into an array ('[') or an object ('{'). */
bool swarm__scan_open(swarm__scan *scan, char bracket);
/* Is there another element? If not, the array is closed. */
bool swarm__scan_element(swarm__scan *scan);
/* Is there another member? Its name is read then, and its value is next. If not, it is closed. */
bool swarm__scan_member(swarm__scan *scan, swarm__slice *ret_name);
bool swarm__scan_string(swarm__scan *scan, swarm__slice *ret_string);
bool swarm__scan_number(swarm__scan *scan, swarm__slice *ret_number);
/* "true", "false" or "null". */
bool swarm__scan_word(swarm__scan *scan, const char *word);
/* Any value. It is checked all the same, except for the size of its numbers. */
void swarm__scan_skip(swarm__scan *scan);
/* True if nothing but white space is left. */
bool swarm__scan_end(swarm__scan *scan);

/* The decoded string, NUL-terminated in the arena; NULL without memory. */
char *swarm__slice_string(const swarm__slice *string, swarm__arena *arena);
/* False if it is not an integer from -2^63 to 2^63-1. */
bool swarm__slice_integer(const swarm__slice *number, int64_t *ret_integer);

#endif
