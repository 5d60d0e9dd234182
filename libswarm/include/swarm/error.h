/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of libswarm: a code, its origin, and one line of text.
 * The struct belongs to the caller; the library keeps no last error anywhere.
 */
#ifndef SWARM_ERROR_H
#define SWARM_ERROR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Size of the text in a swarm_error, in bytes, with the final NUL. */
#define SWARM_ERROR_TEXT 512

/** Codes of libswarm; 0 is success, all others are negative. See libswarm/errors.def. */
typedef enum swarm_error_code {
	SWARM_OK = 0,
#define E(name, number, exception, meaning) SWARM_E_##name = number,
#include <swarm/errors.def>
#undef E
} swarm_error_code;

/**
 * What went wrong. Filled once, by the first cause; not touched on success.
 * Initialize with SWARM_ERROR_INIT. The text contains no secret: it went through the redactor.
 */
typedef struct swarm_error {
	int code;        /**< a swarm_error_code, equal to the function's return value */
	int http_status; /**< the engine's HTTP status, 0 if there was none */
	int curl_code;   /**< libcurl's CURLcode, 0 if there was none */
	int sys_errno;   /**< errno of a failed system call, 0 if there was none */
	char text[SWARM_ERROR_TEXT]; /**< one line, UTF-8, no final period or newline */
} swarm_error;

#define SWARM_ERROR_INIT                                                                           \
	{                                                                                          \
		0, 0, 0, 0,                                                                        \
		{                                                                                  \
			0                                                                          \
		}                                                                                  \
	}

/**
 * Name of an error code.
 *
 * @param code  a swarm_error_code
 * @return "SWARM_E_TIMEOUT" and so on, "SWARM_OK" for 0, NULL for a number that is not a code;
 *         static, never freed
 *
 * Thread rule: any thread.
 */
const char *swarm_error_name(int code);

/**
 * Meaning of an error code, for people.
 *
 * @param code  a swarm_error_code
 * @return the line of errors.def, NULL for a number that is not a code; static, never freed
 *
 * Thread rule: any thread.
 */
const char *swarm_error_meaning(int code);

/**
 * Blank join tokens (SWMTKN-...), unlock keys (SWMKEY-...) and PEM private keys in a text, in place.
 * Each becomes its prefix and "[redacted]"; the text never grows.
 *
 * @param text    NUL-terminated text, changed in place; NULL is allowed
 *
 * Thread rule: any thread.
 */
void swarm_redact(char *text);

#ifdef __cplusplus
}
#endif

#endif
