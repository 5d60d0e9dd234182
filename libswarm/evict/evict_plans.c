/* SPDX-License-Identifier: Apache-2.0 */
/* The plans of evictions as they are asked for: of one node, or of several from one look at the swarm. */
#include "evict/internal.h"

enum { PLAN_TIMEOUT_MS = 60000 };

int swarm_evict_plan(swarm_client *client, const char *node, const swarm_evict_options *options,
		     json_t **ret_plan, swarm_error *err)
{
	const swarm_evict_options defaults = SWARM_EVICT_OPTIONS_INIT;
	swarm__eviction SWARM__AUTO_EVICTION e = { 0 };
	swarm_error spare = SWARM_ERROR_INIT;
	swarm__deadline limit;
	int64_t timeout_ms;
	int rc;

	if (!err)
		err = &spare;
	options = options ? options : &defaults;
	if (!client || !ret_plan)
		return swarm__error(err, SWARM_E_INVAL, "client and ret_plan are required");
	rc = swarm__evict_options_check(options, err);
	if (rc)
		return rc;
	timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : PLAN_TIMEOUT_MS;
	rc = swarm__eviction_begin(client, node, timeout_ms, &e, err);
	e.options = options;
	limit = swarm__settle_limit(&e, options->flags & SWARM_EVICT_WAIT ? SWARM__SETTLE_BEFORE_MS
									  : 0);
	if (!rc)
		rc = swarm__evict_settle(&e, &limit, err);
	if (!rc)
		*ret_plan = json_incref(e.plan);
	return rc;
}

/* One more plan. */
static int add_plan(swarm_client *client, const char *node, const swarm_evict_options *options,
		    const swarm__deadline *deadline, swarm__proof *p, json_t *plans,
		    swarm_error *err)
{
	const json_t *place = json_object_get(p->room.places, node);
	swarm__eviction SWARM__AUTO_EVICTION e = { 0 };
	int rc;

	if (!place)
		return swarm__error(err, SWARM_E_NOT_FOUND, "no node has the id %s", node);
	rc = swarm__eviction_of(client, json_array_get(p->nodes, (size_t)json_integer_value(place)),
				deadline, &e, err);
	e.options = options;
	if (!rc)
		rc = swarm__proof_of(p, &e, true, err);
	if (!rc && json_array_append(plans, e.plan))
		rc = swarm__nomem(err);
	return rc;
}

int swarm_evict_plans(swarm_client *client, const char *const *nodes,
		      const swarm_evict_options *options, json_t **ret_plans, swarm_error *err)
{
	const swarm_evict_options defaults = SWARM_EVICT_OPTIONS_INIT;
	swarm__proof SWARM__AUTO_PROOF p = { 0 };
	swarm_error spare = SWARM_ERROR_INIT;
	swarm__deadline deadline;
	int64_t timeout_ms;
	json_t *plans;
	int rc;

	if (!err)
		err = &spare;
	options = options ? options : &defaults;
	if (!client || !nodes || !ret_plans)
		return swarm__error(err, SWARM_E_INVAL, "client, nodes and ret_plans are required");
	rc = swarm__evict_options_check(options, err);
	for (size_t i = 0; !rc && nodes[i]; i++)
		rc = swarm__utf8_check("a node", nodes[i], err);
	if (rc)
		return rc;
	timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : PLAN_TIMEOUT_MS;
	deadline = swarm__deadline_in(timeout_ms, timeout_ms);
	rc = swarm__proof_read(client, options, &deadline, &p, err);
	if (rc)
		return rc;
	plans = json_array();
	rc = plans ? 0 : swarm__nomem(err);
	for (size_t i = 0; !rc && nodes[i]; i++)
		rc = add_plan(client, nodes[i], options, &deadline, &p, plans, err);
	if (rc)
		json_decref(plans);
	else
		*ret_plans = plans;
	return rc;
}
