/*
 * A strict reader of JSON (RFC 8259) that makes no tree: for long lists of which little is wanted.
 * It takes and refuses what jansson does, so NUL characters, lone surrogates and bad UTF-8 are
 * errors; only the size of a number matters here to the one who asks for it. A pure function of the
 * text; knows nothing of views.
 */
#include "scan.h"

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

/* Inline, for it is asked at each token. The engine writes no white space. */
static inline char peek(swarm__scan *scan)
{
	while (scan->at < scan->end &&
	       (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t'))
		scan->at++;
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

bool swarm__scan_word(swarm__scan *scan, const char *word)
{
	size_t size = strlen(word);

	peek(scan);
	if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0)
		return malformed(scan);
	scan->at += size;
	return true;
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

/* How long the escape at a backslash is; 0 if it is none, or one of NUL or half a character. */
static size_t escape_length(const char *at, const char *end)
{
	long unit;

	if (end - at < 2)
		return 0;
	if (at[1] != 'u')
		return memchr("\"\\/bfnrt", at[1], 8) ? 2 : 0;
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
 * answer pass here, so eight are looked at in one go: a byte's top bit in stop is set if it, or one
 * before it, is such a byte.
 */
static const char *skip_plain(const char *at, const char *end)
{
	const uint64_t ones = 0x0101010101010101U;

	while (end - at >= 8) {
		uint64_t word, quote, slash, stop;

		memcpy(&word, at, sizeof(word));
		quote = word ^ (ones * '"');
		slash = word ^ (ones * '\\');
		stop = ((quote - ones) & ~quote) | ((slash - ones) & ~slash) | (word - ones * ' ') |
		       word;
		stop &= ones * 0x80;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		if (stop)
			return at + __builtin_ctzll(stop) / 8;
#else
		if (stop)
			break;
#endif
		at += 8;
	}
	while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= ' ' &&
	       (unsigned char)*at < 0x80)
		at++;
	return at;
}

bool swarm__scan_string(swarm__scan *scan, swarm__slice *ret_string)
{
	bool escaped = false;
	const char *start;

	if (peek(scan) != '"')
		return malformed(scan);
	start = ++scan->at;
	for (;;) {
		size_t length;

		scan->at = skip_plain(scan->at, scan->end);
		if (scan->at == scan->end)
			return malformed(scan);
		if (*scan->at == '"')
			break;
		if (*scan->at == '\\')
			length = escape_length(scan->at, scan->end);
		else if ((unsigned char)*scan->at < ' ')
			length = 0;
		else
			length = swarm__utf8_length(scan->at, (size_t)(scan->end - scan->at));
		if (!length)
			return malformed(scan);
		escaped = escaped || *scan->at == '\\';
		scan->at += length;
	}
	*ret_string = (swarm__slice){ start, (size_t)(scan->at - start), escaped };
	scan->at++;
	return true;
}

/* The UTF-8 of a code point to text. Gives its length. */
static size_t write_utf8(unsigned long point, char *text)
{
	size_t length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = length; i-- > 1; point >>= 6)
		text[i] = (char)(0x80 | (point & 0x3f));
	text[0] = (char)(lead[length] | point);
	return length;
}

/* The character of an escape that was checked. Moves *at behind it, and gives the length of text. */
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
static bool skip_digits(swarm__scan *scan)
{
	const char *start = scan->at;

	while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
		scan->at++;
	return scan->at > start;
}

/* Past one of two bytes, if it is next. */
static bool skip_byte(swarm__scan *scan, char one, char other)
{
	if (scan->at == scan->end || (*scan->at != one && *scan->at != other))
		return false;
	scan->at++;
	return true;
}

bool swarm__scan_number(swarm__scan *scan, swarm__slice *ret_number)
{
	const char *start;

	peek(scan);
	start = scan->at;
	skip_byte(scan, '-', '-');
	/* A digit behind this zero is what no caller expects next. */
	if (!skip_byte(scan, '0', '0') && !skip_digits(scan))
		return malformed(scan);
	if (skip_byte(scan, '.', '.') && !skip_digits(scan))
		return malformed(scan);
	if (skip_byte(scan, 'e', 'E')) {
		skip_byte(scan, '+', '-');
		if (!skip_digits(scan))
			return malformed(scan);
	}
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

/* Calls itself, but no deeper than SWARM__MAX_DEPTH. */
void swarm__scan_skip(swarm__scan *scan)
{
	swarm__slice ignored;

	switch (peek(scan)) {
	case '{':
		swarm__scan_open(scan, '{');
		while (swarm__scan_member(scan, &ignored))
			swarm__scan_skip(scan);
		break;
	case '[':
		swarm__scan_open(scan, '[');
		while (swarm__scan_element(scan))
			swarm__scan_skip(scan);
		break;
	case '"':
		swarm__scan_string(scan, &ignored);
		break;
	case 't':
		swarm__scan_word(scan, "true");
		break;
	case 'f':
		swarm__scan_word(scan, "false");
		break;
	case 'n':
		swarm__scan_word(scan, "null");
		break;
	default:
		swarm__scan_number(scan, &ignored);
	}
}
