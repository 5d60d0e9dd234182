/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648) with padding, as the engine takes bytes in JSON. */
#include "base/internal.h"

char *swarm__base64(const void *data, size_t size)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
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
