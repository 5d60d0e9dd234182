/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pause of a wait that an event ends early. Looks still go on as without events: there are none
 * for much of what is waited for (tasks above all), and one that falls between a look and the opening
 * is not seen.
 */
#include "events/internal.h"

enum {
	OPEN_MS = 5000,
	/* Events come in bursts: one look for all of them. */
	BURST_MS = 100,
	MAX_BURST = 1000,
};

void swarm__watch_clear(swarm__watch *watch)
{
	watch->stream = swarm_stream_free(watch->stream);
}

static int open_stream(swarm__watch *watch, const swarm__deadline *deadline, swarm_error *err)
{
	const swarm_pair filters[] = { { "type", watch->type },
				       { "scope", "swarm" },
				       { NULL, NULL } };
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_EVENTS);
	int64_t left = swarm__deadline_left(deadline);
	swarm_pair query[] = { { "filters", NULL }, { NULL, NULL } };
	swarm__buffer text;
	int rc;

	if (!left)
		return swarm__error(err, SWARM_E_TIMEOUT, "the deadline passed");
	swarm__buffer_init(&text, SWARM__MAX_URL);
	rc = swarm__filters_make(filters, 0, &text, err);
	query[0].value = text.data;
	options.query = query;
	options.timeout_ms = left < OPEN_MS ? left : OPEN_MS;
	if (!rc)
		rc = swarm_stream_open(watch->client, &options, SWARM_FRAMING_AUTO, &watch->stream,
				       err);
	swarm__buffer_clear(&text);
	return rc;
}

/* The stream is over: 0 to go on without it, or an error that ends the wait. */
static int give_up(swarm__watch *watch, const swarm_error *why, swarm_error *err)
{
	swarm__watch_clear(watch);
	if (why->code != SWARM_E_CANCELED && why->code != SWARM_E_NOMEM)
		return 0;
	if (err)
		*err = *why;
	return why->code;
}

/* Take what came together with the first event. */
static int take_burst(swarm__watch *watch, const swarm__deadline *deadline, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	swarm_record record = { SWARM_SOURCE_NONE, "", 0 };
	int rc = swarm__sleep(watch->client, deadline, BURST_MS, err);

	if (rc)
		return rc;
	for (int i = 0; !rc && record.data && i < MAX_BURST; i++)
		rc = swarm_stream_next(watch->stream, 0, &record, &here);
	if (rc == SWARM_E_TIMEOUT || (!rc && record.data))
		return 0;
	return give_up(watch, &here, err);
}

static int wait_event(swarm__watch *watch, const swarm__deadline *deadline, int64_t pause,
		      swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	int64_t left = swarm__deadline_left(deadline);
	swarm_record record = { SWARM_SOURCE_NONE, NULL, 0 };
	int rc;

	if (!left)
		return swarm__error(err, SWARM_E_TIMEOUT, "the deadline passed");
	rc = swarm_stream_next(watch->stream, pause < left ? pause : left, &record, &here);
	if (rc == SWARM_E_TIMEOUT)
		return 0;
	if (!rc && record.data)
		return take_burst(watch, deadline, err);
	return give_up(watch, &here, err);
}

int swarm__watch_pause(swarm__watch *watch, const swarm__deadline *deadline, int64_t *pause_ms,
		       swarm_error *err)
{
	if (!watch->tried) {
		swarm_error here = SWARM_ERROR_INIT;
		int rc = open_stream(watch, deadline, &here);

		watch->tried = true;
		if (rc)
			rc = give_up(watch, &here, err);
		if (rc)
			return rc;
	}
	if (!watch->stream)
		return swarm__pause(watch->client, deadline, pause_ms, err);
	return wait_event(watch, deadline, swarm__pause_length(pause_ms), err);
}
