/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limit what parsing an answer may cost: time, memory, and whether the caller has canceled. An engine,
 * or whoever poses as one, chooses the bytes, and a few bytes of JSON can be a hundred times as large
 * as a tree.
 */
#include "base/internal.h"

/* The cancel callback is asked this often, and no more (it may take Python's GIL). */
enum { ASK_MS = 200 };

swarm__budget swarm__budget_make(const swarm__deadline *deadline, swarm_cancel_cb cancel,
				 void *cancel_payload, size_t memory)
{
	return (swarm__budget){
		.deadline = deadline,
		.cancel = cancel,
		.cancel_payload = cancel_payload,
		.memory = memory,
		.asked_ms = swarm__now_ms(),
	};
}

int swarm__budget_check(swarm__budget *budget, size_t memory)
{
	int64_t now;

	if (!budget)
		return 0;
	if (memory > budget->memory)
		return SWARM_E_TOO_LARGE;
	if (budget->deadline && !swarm__deadline_left(budget->deadline))
		return SWARM_E_TIMEOUT;
	now = swarm__now_ms();
	if (!budget->cancel || now - budget->asked_ms < ASK_MS)
		return 0;
	budget->asked_ms = now;
	return budget->cancel(budget->cancel_payload) ? SWARM_E_CANCELED : 0;
}

int swarm__budget_fail(const swarm__budget *budget, int code, swarm_error *err)
{
	switch (code) {
	case SWARM_E_TOO_LARGE:
		return swarm__error(
			err, code,
			"reading the answer would take more than %zu bytes of memory: if "
			"docker really has so much, raise max_body",
			budget->memory);
	case SWARM_E_TIMEOUT:
		return swarm__error(err, code, "the deadline passed while the answer was read");
	default:
		return swarm__error(err, code, "canceled");
	}
}
