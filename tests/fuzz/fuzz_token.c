/* SPDX-License-Identifier: Apache-2.0 */
/* The token parser: takes only the known forms, and its error quotes nothing of the token. */
#include "base/internal.h"
#include "fuzz.h"

static const char *tail(const char *token)
{
	size_t length = strlen(token);

	return length > 12 ? token + length - 12 : "";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *token = fuzz_string(data, size);
	swarm_error err = SWARM_ERROR_INIT;
	swarm_token_info info = { 0, "" };

	if (swarm_token_parse(token, &info, &err) == 0) {
		REQUIRE(strlen(info.digest) == SWARM_DIGEST_LENGTH);
		REQUIRE(strncmp(token, "SWMTKN-", 7) == 0 && strstr(token, info.digest));
		REQUIRE(info.fips == (strncmp(token, "SWMTKN-2-1-", 11) == 0));
	} else {
		REQUIRE(err.code == SWARM_E_TOKEN && err.text[0]);
		/* 12 characters of a digest or secret are in no text of ours. */
		REQUIRE(strspn(tail(token), "0123456789abcdefghijklmnopqrstuvwxyz") < 12 ||
			!strstr(err.text, tail(token)));
	}
	free(token);
	return 0;
}
