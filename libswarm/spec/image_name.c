/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of an image's name, [domain[:port]/]path[:tag][@digest], by the rules of distribution/reference
 * and go-digest. The engine refuses any other.
 */
#define _GNU_SOURCE
#include "spec/internal.h"

#include <ctype.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

enum { LONGEST_NAME = 255, LONGEST_TAG = 128 };

/* Does a part of a text have these characters only, and one at least? */
static bool consists_of(const char *text, size_t length, const char *characters)
{
	return length && strspn(text, characters) >= length;
}

/* Words of small letters and digits, with ".", "_", "__" or dashes between them. */
static bool is_path_part(const char *text, size_t length)
{
	size_t at = strspn(text, LOWER DIGITS);

	if (!at)
		return false;
	while (at < length) {
		size_t dashes = strspn(text + at, "-");
		size_t between = dashes                             ? dashes
				 : strncmp(text + at, "__", 2) == 0 ? 2
								    : strcspn(text + at, "._") == 0;
		size_t word = between ? strspn(text + at + between, LOWER DIGITS) : 0;

		if (!word)
			return false;
		at += between + word;
	}
	return at == length;
}

/* A host name, or an IPv6 address in brackets, and perhaps a port. */
static bool is_domain(const char *text, size_t length)
{
	const char *end = *text == '[' ? memchr(text, ']', length) : NULL;
	const char *colon = memchr(end ? end : text, ':',
				   length - (size_t)((end ? end : text) - text));
	size_t host = colon ? (size_t)(colon - text) : length;

	if (colon && !consists_of(colon + 1, length - host - 1, DIGITS))
		return false;
	if (*text == '[')
		return end && (size_t)(end + 1 - text) == host &&
		       consists_of(text + 1, host - 2, DIGITS "abcdefABCDEF:");
	for (size_t at = 0, size; at < host; at += size + 1) {
		size = strcspn(text + at, ".:/");
		if (!consists_of(text + at, size, LOWER UPPER DIGITS "-") || text[at] == '-' ||
		    text[at + size - 1] == '-' || (text[at + size] == '.' && at + size + 1 == host))
			return false;
	}
	return host != 0;
}

/* docker: what is before the first slash is a host where it has what a path has not, or is this one. */
static bool has_domain(const char *text, size_t length)
{
	if (length == strlen("localhost") && strncmp(text, "localhost", length) == 0)
		return true;
	for (size_t i = 0; i < length; i++)
		if (text[i] == '.' || text[i] == ':' || isupper((unsigned char)text[i]))
			return true;
	return false;
}

static bool is_digest(const char *text)
{
	static const struct {
		const char *algorithm;
		size_t digits;
	} known[] = { { "sha256:", 64 }, { "sha384:", 96 }, { "sha512:", 128 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t length = strlen(known[i].algorithm);

		if (strncmp(text, known[i].algorithm, length) == 0)
			return strlen(text + length) == known[i].digits &&
			       consists_of(text + length, known[i].digits, DIGITS "abcdef");
	}
	return false;
}

static bool is_tag(const char *text, size_t length)
{
	return length <= LONGEST_TAG && *text != '.' && *text != '-' &&
	       consists_of(text, length, LOWER UPPER DIGITS "_.-");
}

bool swarm__is_image_name(const char *text)
{
	size_t named = strcspn(text, "@"), domain = strcspn(text, "/@");
	const char *colon, *path = text, *end;

	if (text[named] && !is_digest(text + named + 1))
		return false;
	if (domain < named && has_domain(text, domain)) {
		if (!is_domain(text, domain))
			return false;
		path += domain + 1;
	}
	colon = memchr(path, ':', (size_t)(text + named - path));
	end = colon ? colon : text + named;
	if (colon && !is_tag(colon + 1, (size_t)(text + named - colon - 1)))
		return false;
	if (end - text > LONGEST_NAME)
		return false;
	for (size_t size; path <= end; path += size + 1) {
		size = strcspn(path, "/:@");
		if (!is_path_part(path, size))
			return false;
	}
	return true;
}
