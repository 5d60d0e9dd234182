/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Join tokens by their form: SWMTKN-1-<digest>-<secret>, and SWMTKN-2-<fips>-<digest>-<secret> of
 * clusters that may be FIPS ones (swarmkit: ca/config.go, ParseJoinToken). The texts of errors say
 * which part is wrong, and never its value.
 */
#include "cluster/internal.h"

#include <string.h>

enum { SECRET_LENGTH = 25 };

static bool is_base36(const char *text, size_t length)
{
	return strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz") >= length;
}

/* The valid forms of the part before "-<digest>-<secret>". */
static bool read_head(const char *token, size_t length, int *ret_fips)
{
	static const struct {
		const char *head;
		int fips;
	} forms[] = { { "SWMTKN-1", 0 }, { "SWMTKN-2-0", 0 }, { "SWMTKN-2-1", 1 } };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strlen(forms[i].head) == length && memcmp(token, forms[i].head, length) == 0) {
			*ret_fips = forms[i].fips;
			return true;
		}
	}
	return false;
}

int swarm_token_parse(const char *token, swarm_token_info *ret_info, swarm_error *err)
{
	const size_t tail = 1 + SWARM_DIGEST_LENGTH + 1 + SECRET_LENGTH;
	swarm_token_info info = { 0, { 0 } };
	size_t length, head;
	const char *digest, *secret;

	if (!token || !ret_info)
		return swarm__error(err, SWARM_E_INVAL,
				    "a join token and a place for its parts are required");
	length = strlen(token);
	if (strncmp(token, "SWMTKN-", 7) != 0)
		return swarm__error(err, SWARM_E_TOKEN,
				    "not a join token: it does not start with SWMTKN-");
	if (token[strcspn(token, " \t\r\n")])
		return swarm__error(err, SWARM_E_TOKEN, "the join token has whitespace in it");
	if (length < strlen("SWMTKN-1") + tail)
		return swarm__error(err, SWARM_E_TOKEN,
				    "the join token is too short: %zu characters, not %zu", length,
				    strlen("SWMTKN-1") + tail);
	head = length - tail;
	digest = token + head + 1;
	secret = digest + SWARM_DIGEST_LENGTH + 1;
	if (!is_base36(secret, SECRET_LENGTH) || secret[-1] != '-')
		return swarm__error(
			err, SWARM_E_TOKEN,
			"the last part of the join token is not %d digits and small letters",
			SECRET_LENGTH);
	if (!is_base36(digest, SWARM_DIGEST_LENGTH) || digest[-1] != '-')
		return swarm__error(
			err, SWARM_E_TOKEN,
			"the digest in the join token is not %d digits and small letters",
			SWARM_DIGEST_LENGTH);
	if (!read_head(token, head, &info.fips))
		return swarm__error(
			err, SWARM_E_TOKEN,
			"the join token starts neither with SWMTKN-1- nor with SWMTKN-2-");
	memcpy(info.digest, digest, SWARM_DIGEST_LENGTH);
	*ret_info = info;
	return 0;
}
