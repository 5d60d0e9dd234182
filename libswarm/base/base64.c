/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648) with padding, as the engine takes bytes in JSON. */
#include "base/internal.h"

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *swarm__base64(const void *data, size_t size)
{
	const unsigned char *bytes = data;
	char *text = malloc((size + 2) / 3 * 4 + 1);
	char *out = text;

	for (size_t i = 0; text && i < size; i += 3) {
		size_t left = size - i;
		unsigned group = (unsigned)bytes[i] << 16;

		if (left > 1)
			group |= (unsigned)bytes[i + 1] << 8;
		if (left > 2)
			group |= bytes[i + 2];
		*out++ = letters[group >> 18];
		*out++ = letters[group >> 12 & 63];
		*out++ = left > 1 ? letters[group >> 6 & 63] : '=';
		*out++ = left > 2 ? letters[group & 63] : '=';
	}
	if (out)
		*out = '\0';
	return text;
}

bool swarm__is_base64(const char *text)
{
	size_t length = strlen(text);
	size_t good = strspn(text, letters);

	return length % 4 == 0 && length - good <= 2 && strspn(text + good, "=") == length - good;
}

char *swarm__base64_bytes(const char *text, size_t *ret_size)
{
	size_t size = 0;
	unsigned group = 0, bits = 0;
	char *bytes = malloc(strlen(text) / 4 * 3 + 4);

	if (!bytes)
		return NULL;
	for (; *text && *text != '='; text++) {
		const char *letter = strchr(letters, *text);

		group = (group << 6 | (unsigned)(letter ? letter - letters : 0)) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			bytes[size++] = (char)(group >> bits & 0xff);
		}
	}
	*ret_size = size;
	return bytes;
}
