/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A planned stack is carried out, in the order that is safe wherever it stops: the revision that says what is
 * ours, networks, secrets and configs, services, removal of what is left over.
 */
#include "stack/deploy.h"

#include <string.h>

/* Before the first service is sent, an error leaves nothing that runs in another way. */
static int prepare(swarm__stack *s, swarm_error *err)
{
	int rc;

	swarm__stack_step(s);
	rc = swarm__revision_store(s, err);
	if (!rc)
		rc = swarm__stack_put_networks(s, err);
	return rc ? rc : swarm__stack_put_contents(s, err);
}

/* What was not tried is not a change. */
static void forget_rest(swarm__stack *s)
{
	json_t *services = json_object_get(s->changes, "services");

	for (size_t i = 0; i < s->service_count; i++)
		if (s->services[i].becomes && !s->services[i].sent_id &&
		    strcmp(s->services[i].name, swarm__json_string(s->failed, "service")) != 0)
			json_object_del(services, s->services[i].name);
	for (int i = 0; i < SWARM__STACK_KINDS; i++) {
		const char *kind = swarm__stack_kinds[i].name, *name;
		json_t *changes = json_object_get(s->changes, kind), *change;
		void *next;

		json_object_foreach_safe(
			changes, next, name,
			change) if (strcmp(swarm__json_string(change, "action"), "remove") == 0)
			json_object_del(changes, name);
		if (changes && !json_object_size(changes))
			json_object_del(s->changes, kind);
	}
}

static int finish(swarm__stack *s, swarm_error *err)
{
	const char *result = json_array_size(s->held) ? "failed" : "ok";
	int rc = 0;

	if (s->failed) {
		forget_rest(s);
		if (!swarm__stack_is_on(s, SWARM_STACK_NO_ROLLBACK))
			rc = swarm__stack_restore(s, err);
		result = json_is_true(json_object_get(s->failed, "rolled_back")) ? "rolled back"
										 : "failed";
	} else {
		rc = swarm__stack_prune(s, err);
	}
	swarm__stack_step(s);
	return rc ? rc : swarm__revision_finish(s, result, err);
}

int swarm__stack_carry_out(swarm__stack *s, swarm_error *err)
{
	swarm_error spare = SWARM_ERROR_INIT;
	int rc;

	if (!s->stores && !json_object_size(s->changes))
		return 0;
	rc = prepare(s, err);
	if (!rc)
		rc = swarm__stack_roll_out(s, err);
	if (!rc)
		return finish(s, err);
	/* Its number stays "pending" only where nobody is left to say it. */
	swarm__stack_step(s);
	if (!swarm__stack_is_final(rc) &&
	    swarm__json_integer(json_array_get(s->revisions, 0), "number") == s->number)
		swarm__revision_finish(s, "failed", &spare);
	return rc;
}
