/*
 * The redactor: takes secrets out of a text, in place, without making it longer. By form: join
 * tokens, unlock keys, PEM private keys. By value: whatever secret the caller names. Pure
 * functions; what is missed here would stand in logs, so in doubt more is blanked than less.
 */
#define _GNU_SOURCE
#include "base/internal.h"

#include <string.h>
#include <strings.h>

#define MARK "[redacted]"
#define PEM_BEGIN "-----BEGIN "
#define PEM_END "-----END "
#define PEM_LABEL "PRIVATE KEY"

/* A PEM label, such as "ENCRYPTED ", is shorter than this. */
enum { MAX_LABEL = 64 };

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

/* The mark, or as much of it as fits into room. Gives what it wrote. */
static size_t put_mark(char *out, size_t room)
{
	size_t size = room < sizeof(MARK) - 1 ? room : sizeof(MARK) - 1;

	memcpy(out, MARK, size);
	return size;
}

/*
 * Characters behind "SWMTKN-" or "SWMKEY-" that may belong to the secret: base36 and dashes of a
 * token, base64 of a key, either of them percent-encoded, or with "/" escaped as in JSON.
 */
static size_t secret_length(const char *text)
{
	size_t length = 0;

	for (;;) {
		if (text[length] == '\\' && text[length + 1] == '/')
			length += 2;
		else if ((text[length] >= '0' && text[length] <= '9') ||
			 (text[length] >= 'a' && text[length] <= 'z') ||
			 (text[length] >= 'A' && text[length] <= 'Z') ||
			 (text[length] && strchr("-_+/=%", text[length])))
			length++;
		else
			return length;
	}
}

/*
 * Where a PEM line that starts at text ends, if its label says private key; NULL if it does not.
 * The label stays in the text, so it may be nothing but capitals, digits and spaces (RFC 7468).
 */
static const char *after_label(const char *text, const char *start)
{
	const char *label = text + strlen(start);
	size_t length = strspn(label, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ");
	size_t last = strlen(PEM_LABEL);

	if (length > MAX_LABEL || length < last ||
	    memcmp(label + length - last, PEM_LABEL, last) != 0 ||
	    strncmp(label + length, "-----", 5) != 0)
		return NULL;
	return label + length + 5;
}

/*
 * End of the private key whose BEGIN line ends at text: behind its END line, or the end of all. One
 * that was blanked before ends at once, or what follows it would go at a second pass.
 */
static const char *after_key(const char *text)
{
	const char *end = text;

	if (strncmp(text, MARK, strlen(MARK)) == 0)
		return text;
	while ((end = strstr(end, PEM_END))) {
		const char *after = after_label(end, PEM_END);

		if (after)
			return after;
		end += strlen(PEM_END);
	}
	return text + strlen(text);
}

/*
 * Is there a secret at text? Then how long are its prefix, which stays, and the secret behind it?
 */
static bool secret_at(const char *text, size_t *ret_prefix, size_t *ret_secret)
{
	const char *body;

	if (strncasecmp(text, "SWMTKN-", 7) == 0 || strncasecmp(text, "SWMKEY-", 7) == 0) {
		*ret_prefix = 7;
		*ret_secret = secret_length(text + 7);
		return true;
	}
	if (strncmp(text, PEM_BEGIN, strlen(PEM_BEGIN)) == 0 &&
	    (body = after_label(text, PEM_BEGIN))) {
		*ret_prefix = (size_t)(body - text);
		*ret_secret = (size_t)(after_key(body) - body);
		return true;
	}
	return false;
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
	/* Behind the new end too stand pieces of what was moved. */
	swarm__wipe(out, (size_t)(in - out) + 1);
}

void swarm__redact_value(char *text, const char *secret)
{
	size_t length = secret ? strlen(secret) : 0, rest;
	const char *in = text, *found;
	char *out = text;

	/* A shorter value would blank ordinary words, and is no secret that the engine takes. */
	if (!text || length < 8)
		return;
	while ((found = strstr(in, secret))) {
		memmove(out, in, (size_t)(found - in));
		out += found - in;
		in = found + length;
		/* A mark cut short could end in letters that make the value anew with what follows. */
		if (length < sizeof(MARK) - 1)
			out = (char *)memset(out, '*', length) + length;
		else
			out += put_mark(out, length);
	}
	rest = strlen(in);
	memmove(out, in, rest);
	swarm__wipe(out + rest, (size_t)(in - out) + 1);
}
