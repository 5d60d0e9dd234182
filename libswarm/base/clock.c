/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines on the monotonic clock. */
#include "base/internal.h"

/* A deadline of years still adds up. */
#define FOREVER_MS (INT64_MAX / 4)

int64_t swarm__now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

swarm__deadline swarm__deadline_in(int64_t timeout_ms, int64_t default_ms)
{
	int64_t length = timeout_ms > 0 ? timeout_ms : default_ms;

	if (length > FOREVER_MS)
		length = FOREVER_MS;
	return (swarm__deadline){ swarm__now_ms() + length };
}

int64_t swarm__deadline_left(const swarm__deadline *deadline)
{
	int64_t left = deadline->end_ms - swarm__now_ms();

	return left > 0 ? left : 0;
}
