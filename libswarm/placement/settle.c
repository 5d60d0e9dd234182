/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wait for a service, with an answer for people: how it ended, and for tasks that found no node, which
 * rule rejects which. The wait itself is object/converge.c's.
 */
#include "placement/internal.h"

enum {
	DEFAULT_TIMEOUT_MS = 300000,
	/* To ask about nodes when the time for the wait is over. */
	EXPLAIN_MS = 10000,
	MAX_NODES = 20,
};

static const char *name_of(swarm__outcome outcome)
{
	static const char *const names[] = { "",       "converged", "rolled_back",
					     "paused", "failed",    "timeout" };

	return names[outcome];
}

/* A line for each node that is rejected, into lines. 0 or -1 without memory. */
static int add_nodes(const json_t *why, json_t *lines)
{
	json_t *entry, *node;
	size_t i, k;

	json_array_foreach (swarm__json_iterable(why), i, entry) {
		json_array_foreach (json_object_get(entry, "nodes"), k, node) {
			const char *rejected = swarm__json_string(node, "rejected");

			if (!*rejected || json_array_size(lines) >= MAX_NODES)
				continue;
			if (json_array_append_new(lines,
						  json_sprintf("%s: %s",
							       swarm__json_string(node, "hostname"),
							       rejected)))
				return -1;
		}
	}
	return 0;
}

/* What cannot be asked any more must not lose the answer. */
static int explain_nodes(swarm_client *client, const char *service, json_t *lines, swarm_error *err)
{
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *why = NULL;
	int rc = swarm_task_why(client, service, EXPLAIN_MS, &why, &spare);

	if (rc == SWARM_E_NOMEM || rc == SWARM_E_CANCELED)
		return swarm__replace(err, &spare);
	rc = !rc && add_nodes(why, lines) ? swarm__nomem(err) : 0;
	json_decref(why);
	return rc;
}

int swarm_service_settle(swarm_client *client, const char *service, int64_t timeout_ms,
			 unsigned flags, json_t **ret_outcome, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm_error spare = SWARM_ERROR_INIT;
	swarm__settled settled;
	json_t *lines, *outcome;
	int rc;

	if (!err)
		err = &spare;
	if (!client || !ret_outcome || (flags & ~SWARM_SETTLE_UNCHANGED))
		return swarm__error(
			err, SWARM_E_INVAL,
			"client and ret_outcome are required, and flags are SWARM_SETTLE_");
	rc = swarm__service_settle(client, service, flags | SWARM__SETTLE_EXPLAIN, &deadline,
				   &settled, err);
	if (rc)
		return rc;
	lines = json_array();
	rc = lines ? 0 : swarm__nomem(err);
	if (!rc && settled.outcome == SWARM__TIMED_OUT)
		rc = explain_nodes(client, service, lines, err);
	outcome = rc ? NULL
		     : json_pack("{s:s, s:I, s:I, s:I, s:s, s:O}", "outcome",
				 name_of(settled.outcome), "done", (json_int_t)settled.done,
				 "total", (json_int_t)settled.total, "exit_code",
				 (json_int_t)settled.exit_code, "text", settled.text, "nodes",
				 lines);
	json_decref(lines);
	if (!rc && !outcome)
		return swarm__nomem(err);
	if (!rc)
		*ret_outcome = outcome;
	return rc;
}
