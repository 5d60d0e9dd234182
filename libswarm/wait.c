/*
 * Waiting: the pause between two looks at the engine, which errors pass by themselves, and the text
 * for an engine that hangs.
 */
#include "internal.h"

enum { FIRST_PAUSE_MS = 100, LONGEST_PAUSE_MS = 1000 };

/*
 * Hosts that are set up side by side lose their races together; a share of chance in each pause
 * parts them. The nanoseconds of the clock are chance enough, and need no state.
 */
static int64_t jitter(int64_t span_ms)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_nsec / 1000 + getpid()) % (span_ms + 1);
}

int swarm__pause(swarm_client *client, const swarm__deadline *deadline, int64_t *pause_ms,
		 swarm_error *err)
{
	int64_t pause = *pause_ms > 0 ? *pause_ms : FIRST_PAUSE_MS;

	*pause_ms = pause * 2 < LONGEST_PAUSE_MS ? pause * 2 : LONGEST_PAUSE_MS;
	return swarm__sleep(client, deadline, pause - jitter(pause / 2), err);
}

bool swarm__may_pass(const swarm_error *err)
{
	/* moby: at 500 that is the engine's own 20 s for the managers (swarmRequestTimeout). */
	return err->code == SWARM_E_NO_LEADER ||
	       (err->code == SWARM_E_UNAVAILABLE && err->http_status == 500);
}

int64_t swarm__seconds_since(int64_t started_ms)
{
	int64_t seconds = (swarm__now_ms() - started_ms + 500) / 1000;

	return seconds > 0 ? seconds : 1;
}

int swarm__hung(swarm_error *err, const char *what, int64_t started_ms)
{
	swarm__error_clear(err);
	return swarm__error(err, SWARM_E_TIMEOUT,
			    "docker did not finish the %s in %lld s: restart docker on this host "
			    "(systemctl restart docker), then run again",
			    what, (long long)swarm__seconds_since(started_ms));
}
