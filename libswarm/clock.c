/* Deadlines on the monotonic clock, and the sleep that a cancel ends. */
#include "internal.h"

/* A cancel is heard within this time, and a deadline of years still adds up. */
enum { STEP_MS = 100 };
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

int swarm__sleep(swarm_client *client, const swarm__deadline *deadline, int64_t ms,
		 swarm_error *err)
{
	int64_t end = swarm__now_ms() + ms;

	if (!swarm__deadline_left(deadline))
		return swarm__error(err, SWARM_E_TIMEOUT, "the deadline passed");
	if (end > deadline->end_ms)
		end = deadline->end_ms;
	for (;;) {
		int64_t left = end - swarm__now_ms();
		int64_t step = left < STEP_MS ? left : STEP_MS;
		struct timespec pause = { 0, (long)step * 1000000L };
		int code = swarm__client_canceled(client, err);

		if (code)
			return code;
		if (left <= 0)
			return 0;
		/* A signal ends the step early, so that the callback sees it at once. */
		nanosleep(&pause, NULL);
	}
}
