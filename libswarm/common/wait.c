/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting: the sleep that a cancel ends, the pause between two looks at the engine, the word to the
 * caller on how far it came, which errors pass by themselves, and the text for an engine that hangs.
 */
#include "common/internal.h"

#include <stdio.h>

enum { FIRST_PAUSE_MS = 100, LONGEST_PAUSE_MS = 1000 };

/* A cancel is heard within this time. */
enum { SLEEP_STEP_MS = 100 };

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
		int64_t step = left < SLEEP_STEP_MS ? left : SLEEP_STEP_MS;
		struct timespec pause = { 0, (long)step * 1000000L };
		int rc = swarm__client_canceled(client, err);

		if (rc)
			return rc;
		if (left <= 0)
			return 0;
		/* A signal ends the step early, so that the callback sees it at once. */
		nanosleep(&pause, NULL);
	}
}

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

int64_t swarm__pause_length(int64_t *pause_ms)
{
	int64_t pause = *pause_ms > 0 ? *pause_ms : FIRST_PAUSE_MS;

	*pause_ms = pause * 2 < LONGEST_PAUSE_MS ? pause * 2 : LONGEST_PAUSE_MS;
	return pause - jitter(pause / 2);
}

int swarm__pause(swarm_client *client, const swarm__deadline *deadline, int64_t *pause_ms,
		 swarm_error *err)
{
	return swarm__sleep(client, deadline, swarm__pause_length(pause_ms), err);
}

void swarm_client_set_progress(swarm_client *client, swarm_progress_cb progress, void *payload)
{
	if (!client)
		return;
	client->progress = progress;
	client->progress_payload = payload;
}

void swarm__progress(swarm_client *client, const char *what, size_t done, size_t total,
		     const char *format, ...)
{
	char text[SWARM_ERROR_TEXT];
	const swarm_progress progress = { what, done, total, text };
	va_list args;

	if (!client->progress)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	swarm_redact(text);
	swarm__one_line(text);
	client->progress(client->progress_payload, &progress);
}

bool swarm__is_transient(const swarm_error *err)
{
	/* moby: at 500 that is the engine's own 20 s for the managers (swarmRequestTimeout). */
	return err->code == SWARM_E_NO_LEADER ||
	       (err->code == SWARM_E_UNAVAILABLE && err->http_status == 500);
}

bool swarm__is_unsure(const swarm_error *err)
{
	switch (err->code) {
	case SWARM_E_TRANSPORT:
	case SWARM_E_TOO_LARGE:
		return true;
	case SWARM_E_JSON:
		return false;
	default:
		return err->http_status >= 500 ||
		       (err->http_status >= 200 && err->http_status < 300);
	}
}

bool swarm__is_write_transient(const swarm_error *err)
{
	return swarm__is_transient(err) || err->code == SWARM_E_UNAVAILABLE;
}

int swarm__replace(swarm_error *err, const swarm_error *other)
{
	*err = *other;
	return other->code;
}

int64_t swarm__seconds_since(int64_t started_ms)
{
	int64_t seconds = (swarm__now_ms() - started_ms + 500) / 1000;

	return seconds > 0 ? seconds : 1;
}

int swarm__error_hung(swarm_error *err, const char *what, int64_t started_ms)
{
	swarm__error_clear(err);
	return swarm__error(err, SWARM_E_TIMEOUT,
			    "docker did not finish the %s in %lld s: restart docker on this host "
			    "(systemctl restart docker), then run again",
			    what, (long long)swarm__seconds_since(started_ms));
}
