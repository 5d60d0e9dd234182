/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutations of an answer: of the whole of it, and of each value in its JSON by each of a list of others.
 */
#include "hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- of the whole answer ------------------------------------------------------------------------- */

enum { MANY = 300000, DEEP = 50000 };

static char *repeated(const char *start, const char *piece, size_t count, const char *end)
{
	size_t length = strlen(piece), size = strlen(start);
	char *text = malloc(size + count * length + strlen(end) + 1);

	memcpy(text, start, size);
	for (size_t i = 0; i < count; i++, size += length)
		memcpy(text + size, piece, length);
	strcpy(text + size, end);
	return text;
}

/* A refusal that quotes what was sent, as an engine does; escaped, for it is JSON. */
static char *echo(const char *request)
{
	const char *body = strstr(request, "\r\n\r\n");
	size_t size = 0;
	char *text;

	body = body ? body + 4 : "";
	text = malloc(2 * strlen(body) + 64);
	size = (size_t)sprintf(text, "{\"message\":\"cannot take ");
	for (; *body; body++) {
		if (*body == '"' || *body == '\\')
			text[size++] = '\\';
		text[size++] = *body;
	}
	strcpy(text + size, "\"}");
	return text;
}

static const struct whole {
	const char *name;
	const char *reply; /* NULL: as it was */
	int status;
	fake_fault fault;
	size_t at;
	size_t pieces;
	size_t chunk;
	const char *headers;
} wholes[] = {
	{ "as it should be", NULL },
	{ "empty", "" },
	{ "null", "null" },
	{ "true", "true" },
	{ "a number", "5" },
	{ "a string", "\"text\"" },
	{ "an empty array", "[]" },
	{ "an empty object", "{}" },
	{ "an array of null", "[null]" },
	{ "an array of arrays", "[[]]" },
	{ "an array of objects", "[{}]" },
	{ "open", "{" },
	{ "open in a string", "{\"ID\":\"" },
	{ "no JSON", "hello\n" },
	{ "not UTF-8", "{\"ID\":\"\xff\xfe\"}" },
	{ "bytes", "\xff\x80\xc0" },
	{ "a control character", "{\"ID\":\"a\x01\"}" },
	{ "half a character", "{\"ID\":\"\\ud800\"}" },
	{ "a NUL", "{\"ID\":\"\\u0000\"}" },
	{ "a large number", "{\"Version\":{\"Index\":99999999999999999999}}" },
	{ "HTTP 200", NULL, 200 },
	{ "HTTP 204", NULL, 204 },
	{ "HTTP 301", NULL, 301, .headers = "Location: http://elsewhere/\r\n" },
	{ "HTTP 400", "{\"message\":\"no\"}", 400 },
	{ "HTTP 404", "{\"message\":\"not found\"}", 404 },
	{ "HTTP 404 of a router", "{\"message\":\"page not found\"}", 404 },
	{ "HTTP 409", "{\"message\":\"exists\"}", 409 },
	{ "HTTP 500", "{\"message\":\"trouble\"}", 500 },
	{ "HTTP 500 with the answer", NULL, 500 },
	{ "HTTP 500 without words", "", 500 },
	{ "HTTP 500, no leader", "{\"message\":\"The swarm does not have a leader\"}", 500 },
	{ "HTTP 500, out of sequence", "{\"message\":\"update out of sequence\"}", 500 },
	{ "HTTP 503", "{\"message\":\"later\"}", 503 },
	{ "HTTP 503, no swarm", "{\"message\":\"This node is not part of a swarm\"}", 503 },
	{ "HTTP 503, a message of another type", "{\"message\":[1]}", 503 },
	{ "HTTP 999", "{\"message\":\"?\"}", 999 },
	{ "cut in the head", NULL, 0, FAKE_CLOSE_AT, 20 },
	{ "cut behind the head", NULL, 0, FAKE_CLOSE_AT, 110 },
	{ "closed without an answer", NULL, 0, FAKE_CLOSE_AT, 0 },
	{ "closed behind it", NULL, 0, FAKE_CLOSE_AFTER },
	{ "silent", NULL, 0, FAKE_SILENT },
	{ "longer than it is", NULL, 0, FAKE_LENGTH, 100000 },
	{ "shorter than it is", NULL, 0, FAKE_LENGTH, 1 },
	{ "too large by its length", NULL, 0, FAKE_LENGTH, (size_t)1 << 40 },
	{ "blanks", NULL, 0, FAKE_HUGE, (size_t)1 << 20 },
	{ "slow", NULL, .pieces = 64 },
	{ "in chunks", NULL, .chunk = 3 },
	{ "without an end", NULL, 0, FAKE_OPEN, .chunk = 50 },
	{ "no HTTP", "SSH-2.0-OpenSSH\r\n", 0, FAKE_RAW },
	{ "a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 0,
	  FAKE_RAW },
	{ "a head without an end", "HTTP/1.1 200 OK\r\nX: 1\r\n", 0, FAKE_RAW },
	{ "another version", NULL, .headers = "Api-Version: 9.9\r\nContent-Type: text/html\r\n" },
};

enum { MADE = 7, WHOLES = sizeof(wholes) / sizeof(wholes[0]) };

/* Texts that are made. NULL beyond the last. */
static const char *make_whole(size_t n, const char *request, fake_row *row, char **ret_text)
{
	switch (n) {
	case 0:
		*ret_text = repeated("[", "{},", MANY, "{}]");
		return "many objects";
	case 1:
		*ret_text = repeated("[", "{\"ID\":\"a\"},", MANY, "{\"ID\":\"a\"}]");
		return "many rows";
	case 2:
		*ret_text = repeated("", "[", DEEP, "");
		return "deep";
	case 3:
		*ret_text = repeated("{\"ID\":\"", "aaaaaaaaaaaaaaaa", MANY, "\"}");
		return "a long string";
	case 4:
		row->status = 500;
		*ret_text = echo(request);
		return "HTTP 500 that quotes the request";
	case 5:
		row->status = 400;
		*ret_text = echo(request);
		return "HTTP 400 that quotes the request";
	default:
		row->status = 500;
		*ret_text = repeated("{\"message\":\"", "aaaaaaaaaaaaaaaa", MANY, "\"}");
		return "a long HTTP 500";
	}
}

static const char *mutate_whole(fake_row *row, size_t n, const char *request, char **ret_text)
{
	const struct whole *w;

	if (n >= WHOLES) {
		const char *name = make_whole(n - WHOLES, request, row, ret_text);

		row->reply = *ret_text;
		row->size = 0;
		return name;
	}
	w = &wholes[n];
	if (w->reply) {
		row->reply = w->reply;
		row->size = 0;
	}
	row->status = w->status ? w->status : row->status;
	row->fault = w->fault ? w->fault : row->fault;
	row->at = w->at ? w->at : row->at;
	row->pieces = w->pieces ? w->pieces : row->pieces;
	row->delay_ms = w->pieces ? 1 : 0;
	row->chunk = w->chunk ? w->chunk : row->chunk;
	row->headers = w->headers ? w->headers : row->headers;
	if (w->fault == FAKE_RAW || w->fault == FAKE_LENGTH)
		row->chunk = 0;
	return w->name;
}

/* --- of one value ------------------------------------------------------------------------------- */

/* Instead of a value; NULL: it is taken out. Bytes that are not UTF-8 cannot be in a tree: MARK. */
#define MARK "@bad-bytes@"

static json_t *deep_value(void)
{
	json_t *value = json_array();

	for (int i = 0; i < 1000; i++)
		value = json_pack("[o]", value);
	return value;
}

static json_t *long_value(void)
{
	char *text = repeated("", "x", 100000, "");
	json_t *value = json_string(text);

	free(text);
	return value;
}

enum { REMOVED, VALUES = 16 };

static const char *value_name(size_t n)
{
	static const char *const names[VALUES] = {
		"removed", "null", "true",     "false", "0",  "-1",   "2^63-1",        "-2^63",
		"1.5",     "\"\"", "a string", "[]",    "{}", "deep", "a long string", "not UTF-8"
	};

	return names[n];
}

static json_t *value_of(size_t n)
{
	switch (n) {
	case 1:
		return json_null();
	case 2:
		return json_true();
	case 3:
		return json_false();
	case 4:
		return json_integer(0);
	case 5:
		return json_integer(-1);
	case 6:
		return json_integer(INT64_MAX);
	case 7:
		return json_integer(INT64_MIN);
	case 8:
		return json_real(1.5);
	case 9:
		return json_string("");
	case 10:
		return json_string("another\n text");
	case 11:
		return json_array();
	case 12:
		return json_object();
	case 13:
		return deep_value();
	case 14:
		return long_value();
	default:
		return json_string(MARK);
	}
}

static size_t count_values(const json_t *json)
{
	size_t count = 0, i;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)json, name, value)
		count += 1 + count_values(value);
	json_array_foreach (json, i, value)
		count += 1 + count_values(value);
	return count;
}

/* Replace value number *n, counted in the order of count_values(). True once that is done. */
static bool replace_value(json_t *json, size_t *n, size_t with)
{
	size_t i;
	const char *name;
	json_t *value;

	json_object_foreach (json, name, value) {
		if ((*n)-- == 0) {
			if (with == REMOVED)
				json_object_del(json, name);
			else
				json_object_set_new(json, name, value_of(with));
			return true;
		}
		if (replace_value(value, n, with))
			return true;
	}
	json_array_foreach (json, i, value) {
		if ((*n)-- == 0) {
			if (with == REMOVED)
				json_array_remove(json, i);
			else
				json_array_set_new(json, i, value_of(with));
			return true;
		}
		if (replace_value(value, n, with))
			return true;
	}
	return false;
}

static const char *mutate_value(fake_row *row, size_t n, char **ret_text)
{
	json_t *json = json_loads(row->reply, JSON_DISABLE_EOF_CHECK, NULL);
	size_t value = n / VALUES;
	char *text, *mark;

	/* After an event that came at another moment, another answer has this number. */
	if (!json)
		return "unchanged";
	replace_value(json, &value, n % VALUES);
	text = json_dumps(json, JSON_COMPACT);
	mark = strstr(text, MARK);
	if (mark)
		memcpy(mark, "\xff\xfe\xc0\x80\xed\xa0\x80\xf5\xff\xff\xff", strlen(MARK));
	json_decref(json);
	*ret_text = repeated(text, "\n", 1, "");
	free(text);
	row->reply = *ret_text;
	return value_name(n % VALUES);
}

/* --- what the driver has ------------------------------------------------------------------------ */

size_t mutations_of(const char *text)
{
	json_t *json = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
	size_t count = WHOLES + MADE + VALUES * count_values(json);

	json_decref(json);
	return count;
}

const char *mutate(fake_row *row, size_t n, const char *request, char **ret_text)
{
	*ret_text = NULL;
	if (n < WHOLES + MADE)
		return mutate_whole(row, n, request, ret_text);
	return mutate_value(row, n - WHOLES - MADE, ret_text);
}
