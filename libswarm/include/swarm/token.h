/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Join tokens, looked at without an engine.
 */
#ifndef SWARM_TOKEN_H
#define SWARM_TOKEN_H

#include <swarm/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Characters of a CA digest in a token (base36 of a SHA-256), without the NUL. */
#define SWARM_DIGEST_LENGTH 50

/** What a join token says of itself. It holds no secret. */
typedef struct swarm_token_info {
	int fips;                             /**< 1 for a token of a FIPS cluster */
	char digest[SWARM_DIGEST_LENGTH + 1]; /**< digest of the cluster's root CA */
} swarm_token_info;

/**
 * Look at a join token: "SWMTKN-1-<digest>-<secret>", or with "-1" more behind "2" for FIPS.
 * It is read from the right, so a form with one part more is understood.
 *
 * @param token     borrowed
 * @param ret_info  filled on success
 * @param err       NULL or an error to fill; its text never quotes the token
 * @return 0, SWARM_E_TOKEN, SWARM_E_INVAL (NULL argument)
 *
 * Thread rule: any thread.
 */
int swarm_token_parse(const char *token, swarm_token_info *ret_info, swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
