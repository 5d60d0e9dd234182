/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The redactor: takes secrets out of a text, in place, without making it longer. By form: join
 * tokens, unlock keys, PEM private keys, also with escapes or what cannot be seen between their
 * characters. By value: whatever secret the caller names. Pure functions; what is missed here would
 * be in logs, so in doubt more is blanked than less.
 */
#define _GNU_SOURCE
#include "base/internal.h"

#include <string.h>

#define MARK "[redacted]"
#define PEM_BEGIN "-----BEGIN "
#define PEM_END "-----END "
#define PEM_LABEL "PRIVATE KEY"

enum {
	/* A PEM label, such as "ENCRYPTED ", is shorter than this. */
	MAX_LABEL = 64,
	/* swarmkit: behind SWMTKN- and SWMKEY- */
	TOKEN_LENGTH = 78,
	KEY_LENGTH = 45,
};

void swarm__wipe(void *memory, size_t size)
{
	if (memory && size)
		explicit_bzero(memory, size);
}

void swarm__free_secret(char *secret)
{
	if (secret)
		swarm__wipe(secret, strlen(secret));
	free(secret);
}

/* The mark, or as much of it as fits into room. Returns what it wrote. */
static size_t put_mark(char *out, size_t room)
{
	size_t size = room < sizeof(MARK) - 1 ? room : sizeof(MARK) - 1;

	memcpy(out, MARK, size);
	return size;
}

/* --- one character as it was meant ------------------------------------------------------------ */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* count hex digits; false if there are fewer. */
static bool read_hex(const char *text, int count, unsigned *ret_code)
{
	unsigned code = 0;

	for (int i = 0; i < count; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return false;
		code = code << 4 | (unsigned)digit;
	}
	*ret_code = code;
	return true;
}

bool swarm__is_invisible(unsigned code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x61c ||
	       code == 0x180e || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
	       code == 0xfeff;
}

/* How long an escape sequence of a terminal is whose parameters begin at text. */
static size_t sequence_length(const char *text)
{
	size_t length = 0;

	while (text[length] >= 0x20 && text[length] <= 0x3f)
		length++;
	return text[length] >= 0x40 && text[length] <= 0x7e ? length + 1 : 0;
}

/* One character in UTF-8, without checking more than its length. */
static size_t read_utf8(const unsigned char *text, unsigned *ret_code)
{
	size_t length = swarm__utf8_length((const char *)text, strnlen((const char *)text, 4));

	if (length == 2)
		*ret_code = (text[0] & 0x1fU) << 6 | (text[1] & 0x3fU);
	else if (length == 3)
		*ret_code = (text[0] & 0x0fU) << 12 | (text[1] & 0x3fU) << 6 | (text[2] & 0x3fU);
	else
		*ret_code = text[0] < 0x80 ? text[0] : 0xfffd;
	return length > 1 ? length : 1;
}

size_t swarm__read_meant(const char *text, unsigned *ret_code)
{
	static const char escapes[] = "nrtbf";
	size_t length;

	if (text[0] == '\\' && text[1] == 'u' && read_hex(text + 2, 4, ret_code))
		return 6;
	if (text[0] == '\\' && text[1] && strchr(escapes, text[1])) {
		*ret_code = '\n';
		return 2;
	}
	if (text[0] == '\\' && text[1] && strchr("/\\\"", text[1])) {
		*ret_code = (unsigned char)text[1];
		return 2;
	}
	if (text[0] == '%' && read_hex(text + 1, 2, ret_code) && *ret_code)
		return 3;
	if (text[0] == '\033') {
		*ret_code = '\033';
		return text[1] == '[' ? 2 + sequence_length(text + 2) : 1;
	}
	length = read_utf8((const unsigned char *)text, ret_code);
	/* The one-character form of ESC [. */
	return *ret_code == 0x9b ? length + sequence_length(text + length) : length;
}

/* --- by form ---------------------------------------------------------------------------------- */

/*
 * How long is word at text, in capitals or not, with what cannot be seen between its characters?
 * 0 if it is not there.
 */
static size_t word_length(const char *text, const char *word)
{
	const char *start = text;

	for (const char *next = word; *next; next++) {
		unsigned code = 0;
		size_t length;

		for (;;) {
			if (!*text)
				return 0;
			length = swarm__read_meant(text, &code);
			text += length;
			if (!swarm__is_invisible(code))
				break;
			if (next == word)
				return 0;
		}
		if (code >= 'a' && code <= 'z' && *next >= 'A' && *next <= 'Z')
			code -= 'a' - 'A';
		if (code != (unsigned char)*next)
			return 0;
	}
	return (size_t)(text - start);
}

/* Base36 and dashes of a token, base64 of a key. */
static bool is_of_secret(unsigned code)
{
	return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
	       (code >= 'A' && code <= 'Z') || (code && code < 0x80 && strchr("-_+/=%", (int)code));
}

/* What may follow the prefix in a sentence about the form of tokens, with nothing secret in it. */
static bool is_head(const char *head)
{
	static const char *const heads[] = { "1", "1-", "2", "2-", "2-0", "2-0-", "2-1", "2-1-" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (strcmp(head, heads[i]) == 0)
			return true;
	return false;
}

/*
 * Bytes behind a prefix that may belong to the secret of so many characters. What cannot be seen, a
 * line's end too, does not end it before it is whole.
 */
static size_t secret_length(const char *text, size_t whole)
{
	size_t length = 0, at = 0, count = 0;
	char head[8] = "";

	while (text[at]) {
		unsigned code = 0;
		size_t size = swarm__read_meant(text + at, &code);
		bool parted = at > length;

		if (swarm__is_invisible(code)) {
			if (count >= whole)
				break;
			at += size;
			continue;
		}
		/* A number is what a secret begins with, and a word in a sentence does not. */
		if (!is_of_secret(code) || (parted && !count && (code < '0' || code > '9')))
			break;
		if (count < sizeof(head) - 1) {
			head[count] = (char)code;
			head[count + 1] = '\0';
		}
		count++;
		at += size;
		length = at;
	}
	return count < sizeof(head) - 1 && is_head(head) ? 0 : length;
}

/*
 * Where a PEM line that starts at text ends, if its label says private key; NULL if it does not.
 * The label stays in the text, so it may be nothing but capitals, digits and spaces (RFC 7468).
 */
static const char *after_label(const char *text, const char *start)
{
	const char *at = text + word_length(text, start);
	char label[MAX_LABEL + 1] = "";
	size_t count = 0, last = strlen(PEM_LABEL), end;

	if (at == text)
		return NULL;
	while (*at) {
		unsigned code = 0;
		size_t size = swarm__read_meant(at, &code);

		if (!swarm__is_invisible(code)) {
			if (!(code >= 'A' && code <= 'Z') && !(code >= '0' && code <= '9') &&
			    code != ' ')
				break;
			if (count == MAX_LABEL)
				return NULL;
			label[count++] = (char)code;
		}
		at += size;
	}
	end = word_length(at, "-----");
	if (count < last || memcmp(label + count - last, PEM_LABEL, last) != 0 || !end)
		return NULL;
	return at + end;
}

/*
 * End of the private key whose BEGIN line ends at text: behind its END line, or the end of all. One
 * that was blanked before ends at once, or what follows it would go at a second pass.
 */
static const char *after_key(const char *text)
{
	if (strncmp(text, MARK, strlen(MARK)) == 0)
		return text;
	for (; (text = strchr(text, '-')); text++) {
		const char *after = after_label(text, PEM_END);

		if (after)
			return after;
	}
	return NULL;
}

/*
 * Is there a secret at text? Then how long are its prefix, which stays, and the secret behind it?
 */
static bool secret_at(const char *text, size_t *ret_prefix, size_t *ret_secret)
{
	const char *body, *end;
	size_t token, key;

	if (!strchr("sS-\\%", *text))
		return false;
	token = word_length(text, "SWMTKN-");
	key = token ? 0 : word_length(text, "SWMKEY-");
	if (token || key) {
		*ret_prefix = token + key;
		*ret_secret = secret_length(text + token + key, token ? TOKEN_LENGTH : KEY_LENGTH);
		return true;
	}
	body = after_label(text, PEM_BEGIN);
	if (!body)
		return false;
	end = after_key(body);
	*ret_prefix = (size_t)(body - text);
	*ret_secret = end ? (size_t)(end - body) : strlen(body);
	return true;
}

void swarm_redact(char *text)
{
	const char *in = text;
	char *out = text;

	if (!text)
		return;
	while (*in) {
		size_t prefix, secret;

		if (!secret_at(in, &prefix, &secret)) {
			*out++ = *in++;
			continue;
		}
		memmove(out, in, prefix);
		out += prefix;
		out += put_mark(out, secret);
		in += prefix + secret;
	}
	/* Pieces of what was moved are also behind the new end. */
	swarm__wipe(out, (size_t)(in - out) + 1);
}

void swarm__redact_value(char *text, const char *secret)
{
	size_t length = secret ? strlen(secret) : 0, rest;
	const char *in = text, *found;
	char *out = text;

	/* A shorter value would blank ordinary words, and is not a secret that the engine accepts. */
	if (!text || length < 8)
		return;
	while ((found = strstr(in, secret))) {
		memmove(out, in, (size_t)(found - in));
		out += found - in;
		in = found + length;
		/* A mark cut short could end in letters that form the value again with what follows. */
		if (length < sizeof(MARK) - 1)
			out = (char *)memset(out, '*', length) + length;
		else
			out += put_mark(out, length);
	}
	rest = strlen(in);
	memmove(out, in, rest);
	swarm__wipe(out + rest, (size_t)(in - out) + 1);
}
