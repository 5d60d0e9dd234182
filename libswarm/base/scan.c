/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict reader of JSON (RFC 8259) that makes no tree: for long lists of which little is needed.
 * It takes and refuses what jansson does, so NUL characters, lone surrogates and bad UTF-8 are
 * errors; only the size of a number matters here to the one who asks for it. A pure function of the
 * text; knows nothing of views.
 */
#include "base/scan.h"

#include <string.h>

void swarm__scan_init(swarm__scan *scan, const char *text, size_t size)
{
	*scan = (swarm__scan){ .start = text, .at = text, .end = text + size };
}

bool swarm__scan_fail(swarm__scan *scan, int code)
{
	if (!scan->code) {
		scan->code = code;
		scan->offset = (size_t)(scan->at - scan->start);
	}
	scan->at = scan->end;
	return false;
}

static bool malformed(swarm__scan *scan)
{
	return swarm__scan_fail(scan, SWARM_E_JSON);
}

/* The engine writes no white space. */
static inline const char *skip_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
		at++;
	return at;
}

/* Inline, for it is asked at each token. */
static inline char peek(swarm__scan *scan)
{
	scan->at = skip_space(scan->at, scan->end);
	return scan->at < scan->end ? *scan->at : '\0';
}

char swarm__scan_peek(swarm__scan *scan)
{
	return peek(scan);
}

bool swarm__scan_end(swarm__scan *scan)
{
	peek(scan);
	return !scan->code && (scan->at == scan->end || malformed(scan));
}

/*
 * The functions below that move *at leave it where the text is wrong, and give false then.
 */

static inline bool skip_word(const char **at, const char *end, const char *word)
{
	size_t size = strlen(word);

	if ((size_t)(end - *at) < size || memcmp(*at, word, size) != 0)
		return false;
	*at += size;
	return true;
}

bool swarm__scan_word(swarm__scan *scan, const char *word)
{
	peek(scan);
	return skip_word(&scan->at, scan->end, word) || malformed(scan);
}

/* --- strings -------------------------------------------------------------------------------- */

/* Four hexadecimal digits; -1 if they are not. */
static long read_hex(const char *at, const char *end)
{
	long value = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = at[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value * 16 + (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value * 16 + (c - 'A' + 10);
		else
			return -1;
	}
	return value;
}

static bool is_high(long unit)
{
	return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(long unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

static bool is_short_escape(char c)
{
	switch (c) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return true;
	default:
		return false;
	}
}

/* How long the escape at a backslash is; 0 if it is none, or one of NUL or half a character. */
static size_t escape_length(const char *at, const char *end)
{
	long unit;

	if (end - at < 2)
		return 0;
	if (at[1] != 'u')
		return is_short_escape(at[1]) ? 2 : 0;
	unit = read_hex(at + 2, end);
	if (unit <= 0 || is_low(unit))
		return 0;
	if (!is_high(unit))
		return 6;
	if (end - at < 12 || at[6] != '\\' || at[7] != 'u' || !is_low(read_hex(at + 8, end)))
		return 0;
	return 12;
}

/*
 * To the first byte that is a quote, a backslash, a control character or not ASCII. Most bytes of an
 * answer pass here, so many are looked at in one go.
 */
static inline const char *skip_plain(const char *at, const char *end)
{
	typedef signed char bytes __attribute__((vector_size(16)));

	for (; end - at >= 16; at += 16) {
		bytes some, stop;
		uint64_t half[2];

		memcpy(&some, at, sizeof(some));
		/* They have a sign here, so that those over 0x7f are below the space too. */
		stop = (bytes)((some < ' ') | (some == '"') | (some == '\\'));
		memcpy(half, &stop, sizeof(half));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		if (half[0])
			return at + __builtin_ctzll(half[0]) / 8;
		if (half[1])
			return at + 8 + __builtin_ctzll(half[1]) / 8;
#else
		if (half[0] | half[1])
			break;
#endif
	}
	while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= ' ' &&
	       (unsigned char)*at < 0x80)
		at++;
	return at;
}

/* How long the escape or the character beyond ASCII is that is next; 0 if it is neither. */
static size_t special_length(const char *at, const char *end)
{
	if (*at == '\\')
		return escape_length(at, end);
	return (unsigned char)*at < ' ' ? 0 : swarm__utf8_length(at, (size_t)(end - at));
}

/* Past the rest of a string and its quote. */
static inline bool skip_string(const char **at, const char *end, bool *escaped)
{
	for (;;) {
		size_t length;

		*at = skip_plain(*at, end);
		if (*at == end)
			return false;
		if (**at == '"') {
			++*at;
			return true;
		}
		length = special_length(*at, end);
		if (!length)
			return false;
		*escaped = *escaped || **at == '\\';
		*at += length;
	}
}

bool swarm__scan_string(swarm__scan *scan, swarm__slice *ret_string)
{
	bool escaped = false;
	const char *start;

	if (peek(scan) != '"')
		return malformed(scan);
	start = ++scan->at;
	if (!skip_string(&scan->at, scan->end, &escaped))
		return malformed(scan);
	*ret_string = (swarm__slice){ start, (size_t)(scan->at - start) - 1, escaped };
	return true;
}

/* The UTF-8 of a code point to text. Returns its length. */
static size_t write_utf8(unsigned long point, char *text)
{
	size_t length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = length; i-- > 1; point >>= 6)
		text[i] = (char)(0x80 | (point & 0x3f));
	text[0] = (char)(lead[length] | point);
	return length;
}

/* The character of an escape that was checked. Moves *at behind it, and returns the length of text. */
static size_t unescape(const char **at, const char *end, char *text)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	size_t length = escape_length(*at, end);
	const char *escape = *at;
	unsigned long point;

	*at += length;
	if (length == 2) {
		*text = to[strchr(from, escape[1]) - from];
		return 1;
	}
	point = (unsigned long)read_hex(escape + 2, end);
	if (length == 12)
		point = 0x10000 + ((point - 0xd800) << 10) +
			((unsigned long)read_hex(escape + 8, end) - 0xdc00);
	return write_utf8(point, text);
}

char *swarm__slice_string(const swarm__slice *string, swarm__arena *arena)
{
	const char *at = string->start, *end = at + string->size;
	/* An escape is never shorter than its character. */
	char *text = swarm__arena_take(arena, string->size + 1);
	size_t size = 0;

	if (!text)
		return NULL;
	while (string->escaped && at < end) {
		if (*at == '\\')
			size += unescape(&at, end, text + size);
		else
			text[size++] = *at++;
	}
	memcpy(text + size, at, (size_t)(end - at));
	text[size + (size_t)(end - at)] = '\0';
	return text;
}

/* --- numbers -------------------------------------------------------------------------------- */

/* One digit or more. */
static inline bool skip_digits(const char **at, const char *end)
{
	const char *start = *at;

	while (*at < end && **at >= '0' && **at <= '9')
		++*at;
	return *at > start;
}

/* Past one of two bytes, if it is next. */
static inline bool skip_byte(const char **at, const char *end, char one, char other)
{
	if (*at == end || (**at != one && **at != other))
		return false;
	++*at;
	return true;
}

static inline bool skip_number(const char **at, const char *end)
{
	skip_byte(at, end, '-', '-');
	/* A digit behind this zero is what no caller expects next. */
	if (!skip_byte(at, end, '0', '0') && !skip_digits(at, end))
		return false;
	if (skip_byte(at, end, '.', '.') && !skip_digits(at, end))
		return false;
	if (!skip_byte(at, end, 'e', 'E'))
		return true;
	skip_byte(at, end, '+', '-');
	return skip_digits(at, end);
}

bool swarm__scan_number(swarm__scan *scan, swarm__slice *ret_number)
{
	const char *start;

	peek(scan);
	start = scan->at;
	if (!skip_number(&scan->at, scan->end))
		return malformed(scan);
	*ret_number = (swarm__slice){ .start = start, .size = (size_t)(scan->at - start) };
	return true;
}

bool swarm__slice_integer(const swarm__slice *number, int64_t *ret_integer)
{
	bool negative = *number->start == '-';
	int64_t value = 0;

	for (size_t i = negative ? 1 : 0; i < number->size; i++) {
		int digit = number->start[i] - '0';

		if (digit < 0 || digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, negative ? -digit : digit, &value))
			return false;
	}
	*ret_integer = value;
	return true;
}

/* --- arrays and objects --------------------------------------------------------------------- */

bool swarm__scan_open(swarm__scan *scan, char bracket)
{
	if (peek(scan) != bracket)
		return malformed(scan);
	scan->at++;
	scan->depth++;
	scan->first = true;
	return true;
}

/* Is another item next in the innermost one? Its comma is read then, or else its bracket. */
static bool next(swarm__scan *scan, char bracket)
{
	char c = peek(scan);
	bool first = scan->first;

	if (c == '\0')
		return malformed(scan);
	scan->first = false;
	if (c == bracket) {
		scan->at++;
		scan->depth--;
		return false;
	}
	if (!first && c != ',')
		return malformed(scan);
	if (!first)
		scan->at++;
	return scan->depth < SWARM__MAX_DEPTH || malformed(scan);
}

bool swarm__scan_element(swarm__scan *scan)
{
	return next(scan, ']');
}

bool swarm__scan_member(swarm__scan *scan, swarm__slice *ret_name)
{
	if (!next(scan, '}') || !swarm__scan_string(scan, ret_name))
		return false;
	if (peek(scan) != ':')
		return malformed(scan);
	scan->at++;
	return true;
}

/* --- any value ------------------------------------------------------------------------------ */

/* One that is neither array nor object, and begins here. */
static inline bool skip_scalar(const char **at, const char *end)
{
	bool escaped = false;

	if (*at == end)
		return false;
	switch (**at) {
	case '"':
		++*at;
		return skip_string(at, end, &escaped);
	case 't':
		return skip_word(at, end, "true");
	case 'f':
		return skip_word(at, end, "false");
	case 'n':
		return skip_word(at, end, "null");
	default:
		return skip_number(at, end);
	}
}

/* The name of a member, and its colon. */
static inline bool skip_name(const char **at, const char *end)
{
	bool escaped = false;

	*at = skip_space(*at, end);
	if (!skip_byte(at, end, '"', '"') || !skip_string(at, end, &escaped))
		return false;
	*at = skip_space(*at, end);
	return skip_byte(at, end, ':', ':');
}

/* The arrays and objects that are open, one bit each: it is an object. */
typedef struct nest {
	uint64_t objects[SWARM__MAX_DEPTH / 64];
	int depth;
	int room;
} nest;

static inline bool is_object(const nest *n)
{
	return n->objects[n->depth / 64] >> (n->depth % 64) & 1;
}

static inline bool enter(nest *n, bool object)
{
	uint64_t bit = (uint64_t)1 << (++n->depth % 64);

	if (n->depth >= n->room)
		return false;
	n->objects[n->depth / 64] &= ~bit;
	if (object)
		n->objects[n->depth / 64] |= bit;
	return true;
}

/* Past the brackets that end with a value, and the comma behind, up to the next value if any. */
static inline bool leave(const char **at, const char *end, nest *n)
{
	while (n->depth) {
		bool object = is_object(n);

		*at = skip_space(*at, end);
		if (skip_byte(at, end, ',', ','))
			return !object || skip_name(at, end);
		if (!skip_byte(at, end, object ? '}' : ']', object ? '}' : ']'))
			return false;
		n->depth--;
	}
	return true;
}

/* Most bytes of a long list pass here, so it is one loop, and no functions that call each other. */
static inline bool skip_value(const char **at, const char *end, nest *n)
{
	do {
		*at = skip_space(*at, end);
		if (skip_byte(at, end, '{', '[')) {
			bool object = (*at)[-1] == '{';

			*at = skip_space(*at, end);
			if (!skip_byte(at, end, object ? '}' : ']', object ? '}' : ']')) {
				if (!enter(n, object) || (object && !skip_name(at, end)))
					return false;
				continue;
			}
		} else if (!skip_scalar(at, end)) {
			return false;
		}
		if (!leave(at, end, n))
			return false;
	} while (n->depth);
	return true;
}

void swarm__scan_skip(swarm__scan *scan)
{
	/* Not in scan: what has no other name can be kept in a register. */
	const char *at = scan->at;
	nest n;
	bool good;

	n.depth = 0;
	n.room = SWARM__MAX_DEPTH - scan->depth;
	good = skip_value(&at, scan->end, &n);
	scan->at = at;
	if (!good)
		malformed(scan);
}
