/* SPDX-License-Identifier: Apache-2.0 */
/* Pass events to a callback until it ends that, and wait for a condition on top of it. */
#include "events/internal.h"

enum {
	FOREVER_MS = INT32_MAX,
	LOOK_MS = 1000,
};

/* looks: after a silence the callback is called too, as after a gap. */
static int step(const swarm_follow_options *o, bool looks, swarm_events *events,
		const swarm__deadline *deadline, swarm_error *err)
{
	int64_t left = swarm__deadline_left(deadline);
	const swarm_event *event = NULL;
	bool silent = false;
	int rc;

	if (!left)
		return swarm__error(err, SWARM_E_TIMEOUT, "the deadline passed");
	rc = swarm__events_next(events, looks && left > LOOK_MS ? LOOK_MS : left, deadline, &silent,
				&event, err);
	if (rc || (silent && !looks))
		return rc;
	rc = o->on_event(o->payload, swarm_events_client(events), event, err);
	return rc < 0 ? swarm__events_leave(events, rc, deadline, err) : rc;
}

static int run(const swarm_follow_options *options, bool looks, swarm_error *err)
{
	swarm_error spare = SWARM_ERROR_INIT;
	swarm_events *events = NULL;
	swarm__deadline deadline;
	int rc;

	if (!err)
		err = &spare;
	rc = swarm__events_new(options, &events, err);
	if (rc)
		return rc;
	if (!options->on_event)
		rc = swarm__error(err, SWARM_E_INVAL, "on_event is required");
	deadline = swarm__deadline_in(options->timeout_ms, (int64_t)FOREVER_MS * 1000);
	while (!rc)
		rc = step(options, looks, events, &deadline, err);
	swarm_events_free(events);
	return rc;
}

int swarm_follow(const swarm_follow_options *options, swarm_error *err)
{
	return run(options, false, err);
}

int swarm_wait_for(const swarm_follow_options *options, swarm_error *err)
{
	int rc = run(options, true, err);

	return rc == 1 ? 0 : rc;
}
