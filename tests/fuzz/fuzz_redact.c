/* SPDX-License-Identifier: Apache-2.0 */
/* The redactor: never grows a text, leaves no token or key, and no value that it was given. */
#include "base/internal.h"
#include "fuzz.h"

#include <ctype.h>

/* Is more than the mark behind a prefix, or than the number that each secret begins with? */
static void check_prefix(const char *text, const char *prefix)
{
	for (; (text = strstr(text, prefix)); text += strlen(prefix)) {
		char next = text[strlen(prefix)];
		size_t number = strspn(text + strlen(prefix), "012-");

		REQUIRE((number && number < 5 &&
			 !isalnum((unsigned char)text[strlen(prefix) + number])) ||
			!((next >= '0' && next <= '9') || (next >= 'a' && next <= 'z')));
	}
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_string(data, size);
	char *again, *secret;
	size_t length = strlen(text);

	swarm_redact(text);
	REQUIRE(strlen(text) <= length);
	check_prefix(text, "SWMTKN-");
	check_prefix(text, "SWMKEY-");
	again = fuzz_string((const uint8_t *)text, strlen(text));
	swarm_redact(again);
	REQUIRE(strlen(again) <= strlen(text));
	free(again);
	free(text);

	/* The first line is the secret, the rest the text. */
	text = fuzz_string(data, size);
	length = strcspn(text, "\n");
	secret = fuzz_string((const uint8_t *)text, length);
	length = strlen(text);
	swarm__redact_value(text, secret);
	REQUIRE(strlen(text) <= length);
	/* A value that the mark itself could begin or hold is not one of a token or key. */
	REQUIRE(strlen(secret) < 8 || strstr("[redacted]", secret) || strpbrk(secret, "[]*") ||
		!strstr(text, secret));
	free(text);
	text = fuzz_string(data, size);
	length = strlen(text);
	swarm__redact_parts(text, secret, 8);
	REQUIRE(strlen(text) <= length);
	REQUIRE(strlen(secret) < 8 || strpbrk(secret, "[]*\\% ") || has_control(secret) ||
		strstr(secret, "redacted") || !strstr(text, secret));
	swarm__redact_base64(text, secret, 8);
	REQUIRE(strlen(text) <= length);
	free(secret);
	free(text);
	return 0;
}
