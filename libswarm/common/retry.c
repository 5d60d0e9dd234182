/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Repeat a call while its error is transient, until the deadline. At the end the last answer is
 * reported, not the timeout, because it names the reason.
 */
#include "common/internal.h"

int swarm__retry(swarm_client *client, const swarm__deadline *deadline, swarm__attempt_cb attempt,
		 void *payload, swarm_error *err)
{
	swarm_error last = SWARM_ERROR_INIT;
	int64_t pause = 0;

	for (;;) {
		swarm_error here = SWARM_ERROR_INIT;
		bool again = false;
		int rc = attempt(payload, &again, &here);

		if (!rc)
			return 0;
		if (!(rc == SWARM_E_TIMEOUT && last.code))
			last = here;
		if (!again && !swarm__is_transient(&here))
			break;
		swarm__error_clear(&here);
		rc = swarm__pause(client, deadline, &pause, &here);
		if (rc == SWARM_E_CANCELED)
			last = here;
		if (rc)
			break;
	}
	if (err)
		*err = last;
	return last.code;
}

/* One of ret_json and ret_text. */
typedef struct call_payload {
	swarm_client *client;
	swarm_op op;
	const char *id;
	const swarm_pair *query;
	const swarm__deadline *deadline;
	json_t **ret_json;
	swarm__buffer *ret_text;
} call_payload;

static int call_once(void *payload, bool *ret_again, swarm_error *err)
{
	const call_payload *p = payload;

	*ret_again = false;
	if (p->ret_text)
		return swarm__call_text(p->client, p->op, p->query, p->deadline, p->ret_text, err);
	return swarm__call(p->client, p->op, p->id, p->query, NULL, p->deadline, p->ret_json, err);
}

int swarm__call_patiently(swarm_client *client, swarm_op op, const char *id,
			  const swarm_pair *query, const swarm__deadline *deadline,
			  json_t **ret_json, swarm_error *err)
{
	call_payload payload = { client, op, id, query, deadline, ret_json, NULL };

	return swarm__retry(client, deadline, call_once, &payload, err);
}

int swarm__call_text_patiently(swarm_client *client, swarm_op op, const swarm_pair *query,
			       const swarm__deadline *deadline, swarm__buffer *ret_text,
			       swarm_error *err)
{
	call_payload payload = { client, op, NULL, query, deadline, NULL, ret_text };

	return swarm__retry(client, deadline, call_once, &payload, err);
}
