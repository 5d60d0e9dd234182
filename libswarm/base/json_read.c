/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text to a tree, within a budget. The text is weighed first, so that what is refused was never
 * made, and jansson takes it in small pieces, so that a reading can be stopped.
 */
#include "base/internal.h"

#include <string.h>

/* --- the weight of a text: what jansson's tree of it takes at most ---------------------------------- */

/*
 * In bytes, with malloc's own. A string's text counts beside it, and the members of an object that has
 * many share the growth of its table.
 */
enum {
	OBJECT = 224, /* hash table of 8 places */
	ARRAY = 128,  /* table of 8 places */
	STRING = 80,  /* also of a name */
	MEMBER = 24,  /* beside its name */
	ELEMENT = 16, /* a place in a table that doubles */
	INTEGER = 32,
};

/*
 * So many times a text's size; a small one counts for nothing. Docker's answers come to about 13, a list
 * of nothing but empty objects to 80.
 */
enum { DENSEST = 24, SMALL = 1 << 20 };

typedef struct weigher {
	size_t weight;
	int depth; /* arrays and objects that are open */
	bool in_string;
	bool escaped;
	bool in_number;
} weigher;

static bool is_number(char c)
{
	return (c >= '0' && c <= '9') || c == '-';
}

static void weigh_token(weigher *w, char c)
{
	bool number = is_number(c) ||
		      (w->in_number && (c == '.' || c == 'e' || c == 'E' || c == '+'));

	if (number && !w->in_number)
		w->weight += INTEGER;
	w->in_number = number;
	switch (c) {
	case '{':
		w->weight += OBJECT;
		w->depth++;
		break;
	case '[':
		w->weight += ARRAY;
		w->depth++;
		break;
	case '}':
	case ']':
		w->depth--;
		break;
	case ':':
		w->weight += MEMBER;
		break;
	case ',':
		w->weight += ELEMENT;
		break;
	case '"':
		w->weight += STRING;
		w->in_string = true;
		break;
	default:
		break;
	}
}

/* False if it is deeper than JSON is read: nothing is made of what comes behind. */
static bool weigh(weigher *w, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size && w->depth <= JSON_PARSER_MAX_DEPTH; i++) {
		char c = bytes[i];

		if (!w->in_string) {
			weigh_token(w, c);
			continue;
		}
		w->weight++;
		if (w->escaped)
			w->escaped = false;
		else if (c == '\\')
			w->escaped = true;
		else if (c == '"')
			w->in_string = false;
	}
	return w->depth <= JSON_PARSER_MAX_DEPTH;
}

static size_t densest(size_t size)
{
	return size > (SIZE_MAX - SMALL) / DENSEST ? SIZE_MAX : SMALL + DENSEST * size;
}

static int check(const weigher *w, size_t size, swarm__budget *budget)
{
	int rc = swarm__budget_check(budget, w->weight);

	return !rc && budget && w->weight > densest(size) ? SWARM_E_TOO_LARGE : rc;
}

int swarm__json_weigh(const char *text, size_t size, swarm__budget *budget, swarm_error *err)
{
	enum { PIECE = 64 * 1024 };
	weigher w = { 0 };
	int rc = check(&w, size, budget);
	bool goes_on = true;

	for (size_t at = 0; at < size && goes_on && !rc; at += PIECE) {
		goes_on = weigh(&w, text + at, size - at < PIECE ? size - at : PIECE);
		rc = check(&w, size, budget);
	}
	if (rc == SWARM_E_TOO_LARGE && w.weight <= budget->memory)
		return swarm__error(
			err, rc,
			"reading the answer would take more than %d times its size in memory, and "
			"docker's own take 13 times: is this docker?",
			DENSEST);
	return rc ? swarm__budget_fail(budget, rc, err) : 0;
}

/* --- reading -------------------------------------------------------------------------------------- */

typedef struct reader {
	const char *at;
	const char *end;
	swarm__budget *budget;
	int code; /* 0, or why it stopped */
} reader;

/* A json_load_callback_t: the next piece, up to room bytes. */
static size_t give_piece(void *bytes, size_t room, void *payload)
{
	reader *r = payload;
	size_t left = (size_t)(r->end - r->at);
	size_t size = left < room ? left : room;

	if (!r->code)
		r->code = swarm__budget_check(r->budget, 0);
	if (r->code)
		return (size_t)-1;
	memcpy(bytes, r->at, size);
	r->at += size;
	return size;
}

int swarm__json_read(const char *text, size_t size, swarm__budget *budget, json_t **ret_json,
		     swarm_error *err)
{
	reader r = { .at = text, .end = text + size, .budget = budget };
	json_error_t error;
	json_t *json;
	int rc = budget ? swarm__json_weigh(text, size, budget, err) : 0;

	if (rc)
		return rc;
	json = json_load_callback(give_piece, &r, JSON_DECODE_ANY, &error);
	if (r.code) {
		json_decref(json);
		return swarm__budget_fail(budget, r.code, err);
	}
	if (json) {
		*ret_json = json;
		return 0;
	}
	/* jansson seldom says that memory was lacking; elsewhere it leaves the text empty. */
	if (!error.text[0] || json_error_code(&error) == json_error_out_of_memory)
		return swarm__nomem(err);
	if (json_error_code(&error) == json_error_numeric_overflow)
		return swarm__error(err, SWARM_E_JSON,
				    "the JSON has a number that is too large (line %d, column %d)",
				    error.line, error.column);
	return swarm__error(err, SWARM_E_JSON, "the JSON is malformed (line %d, column %d)",
			    error.line, error.column);
}
