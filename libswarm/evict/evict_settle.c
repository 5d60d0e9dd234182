/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service that was just scaled or updated, or one of whose tasks restarts, is short of a task for a moment: it
 * is waited for. What does not pass by itself is not.
 */
#include "events/internal.h"
#include "evict/internal.h"

swarm__deadline swarm__settle_limit(const swarm__eviction *e, int64_t settle_ms)
{
	swarm__deadline limit = swarm__deadline_in(settle_ms, settle_ms);

	return limit.end_ms < e->node.deadline.end_ms ? limit : e->node.deadline;
}

int swarm__evict_settle(swarm__eviction *e, const swarm__deadline *limit, swarm_error *err)
{
	swarm__watch SWARM__AUTO_WATCH watch = { .client = e->node.client, .type = "service" };
	int64_t pause = 0;
	int rc;

	do {
		rc = swarm__evict_plan(e, err);
		if (rc || !e->passing || !swarm__deadline_left(limit))
			return rc;
		swarm__progress(e->node.client, "evict", 0, 0, "%s",
				swarm__json_string(e->plan, "refusal"));
		rc = swarm__watch_pause(&watch, limit, &pause, err);
	} while (!rc);
	if (rc != SWARM_E_TIMEOUT)
		return rc;
	swarm__error_clear(err);
	return 0;
}

int swarm__evict_refuse(const swarm__eviction *e, swarm_error *err)
{
	const char *refusal = swarm__json_string(e->plan, "refusal");

	return *refusal ? swarm__error(err, SWARM_E_CONFLICT, "%s", refusal) : 0;
}
