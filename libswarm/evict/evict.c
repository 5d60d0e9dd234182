/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Empty a node: the proof, the pause, the services one after the other, the drain, and the constraints
 * taken back. Each step can be the last of a run that was killed: the next one reads from the node's
 * labels where it is.
 */
#include "evict/internal.h"

#include <string.h>

enum { EVICT_TIMEOUT_MS = 600000, UNDO_MS = 60000, DRAIN_MS = 300000 };

static bool is_drained(const swarm__eviction *e)
{
	return strcmp(swarm__eviction_availability(e), "drain") == 0;
}

/* --- the way back ----------------------------------------------------------------------------------- */

/* Does it say something of the services or the node, and not only that the managers did not answer? */
static bool is_verdict(int code)
{
	return code == SWARM_E_STATE || code == SWARM_E_TIMEOUT || code == SWARM_E_CONFLICT;
}

/* rc: of a move that failed. Returns it, with what became of the rest. */
static int give_up(swarm__eviction *e, int rc, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT, all = SWARM_ERROR_INIT;
	int64_t timeout_ms;
	int back;

	if (!is_verdict(rc))
		return rc;
	timeout_ms = e->options->timeout_ms;
	e->node.deadline = swarm__deadline_in(
		timeout_ms > 0 && timeout_ms < UNDO_MS ? timeout_ms : UNDO_MS, UNDO_MS);
	back = swarm__evict_go_back(e, NULL, &here);
	if (back == SWARM_E_NOMEM || back == SWARM_E_CANCELED)
		return swarm__replace(err, &here);
	swarm__error(&all, rc, "%s; %s%s", err->text,
		     back ? "going back failed, too: " : "everything was put back",
		     back ? here.text : "");
	return swarm__replace(err, &all);
}

/* --- steps ------------------------------------------------------------------------------------------ */

/* The node is paused before anything moves: a task that moved must not come back to it. */
static int pause_node(swarm__eviction *e, swarm_error *err)
{
	swarm__deadline limit;
	int rc = swarm__eviction_claim(e, err);

	/* What came to the node between the plan and the pause. */
	limit = swarm__settle_limit(e, SWARM__SETTLE_ON_THE_WAY_MS);
	if (!rc)
		rc = swarm__evict_settle(e, &limit, err);
	if (!rc)
		rc = swarm__evict_refuse(e, err);
	return rc ? rc : swarm__eviction_claim(e, err);
}

static int drain(swarm__eviction *e, swarm_error *err)
{
	json_t *patch = json_pack("{s:s}", "Availability", "drain");
	int rc = patch ? swarm__node_patch(&e->node, patch, NULL, err) : swarm__nomem(err);

	json_decref(patch);
	return rc;
}

/* Jobs that may be stopped run on in spite of a drain: their tasks are not waited for. */
static int spare_jobs(swarm__eviction *e, swarm_error *err)
{
	json_t *row;
	size_t i;

	e->node.spared = json_object();
	if (!e->node.spared)
		return swarm__nomem(err);
	json_array_foreach (json_object_get(e->plan, "services"), i, row)
		if (strcmp(swarm__json_string(row, "way"), "stop") == 0 &&
		    json_is_true(json_object_get(row, "job")) &&
		    json_object_set_new(e->node.spared, swarm__json_string(row, "id"), json_true()))
			return swarm__nomem(err);
	return 0;
}

static int empty(swarm__eviction *e, swarm_error *err)
{
	int rc = spare_jobs(e, err);

	return rc ? rc : swarm__node_drain(&e->node, NULL, err);
}

/* The services get their specs back before the last tasks have stopped: it takes none of them. */
static int finish(swarm__eviction *e, swarm_error *err)
{
	int rc = drain(e, err);

	if (!rc)
		rc = swarm__evict_take_back(e, false, NULL, err);
	if (!rc && json_array_size(e->moved))
		rc = swarm__eviction_moved(e, err);
	return rc ? rc : empty(e, err);
}

static int run(swarm__eviction *e, char warning[SWARM_ERROR_TEXT], swarm_error *err)
{
	int rc;

	if (is_drained(e))
		return json_array_size(e->moved) ? finish(e, err) : empty(e, err);
	rc = pause_node(e, err);
	if (!rc)
		rc = swarm__evict_move(e, err);
	if (rc == SWARM_E_TIMEOUT && e->options->flags & SWARM_EVICT_DRAIN) {
		memcpy(warning, err->text, SWARM_ERROR_TEXT);
		swarm__error_clear(err);
		e->node.deadline = swarm__deadline_in(DRAIN_MS, DRAIN_MS);
		rc = 0;
	}
	return rc ? give_up(e, rc, err) : finish(e, err);
}

static json_t *make_change(const swarm__eviction *e, const json_t *was, const json_t *plan,
			   const char *warning)
{
	return json_pack("{s:s, s:s, s:O, s:s, s:O, s:s}", "id", e->node.id, "hostname",
			 e->node.name, "old", was, "new", "drain", "services",
			 json_object_get(plan, "services"), "warning", warning);
}

int swarm_evict(swarm_client *client, const char *node, const swarm_evict_options *options,
		json_t **ret_change, swarm_error *err)
{
	const swarm_evict_options defaults = SWARM_EVICT_OPTIONS_INIT;
	swarm__eviction SWARM__AUTO_EVICTION e = { 0 };
	char warning[SWARM_ERROR_TEXT] = "";
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *was = NULL, *plan = NULL, *change = NULL;
	swarm__deadline limit;
	int64_t timeout_ms;
	int rc;

	if (!err)
		err = &spare;
	options = options ? options : &defaults;
	rc = swarm__evict_options_check(options, err);
	if (rc)
		return rc;
	timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : EVICT_TIMEOUT_MS;
	rc = swarm__eviction_begin(client, node, timeout_ms, &e, err);
	e.options = options;
	limit = swarm__settle_limit(&e, SWARM__SETTLE_BEFORE_MS);
	if (!rc)
		rc = swarm__evict_settle(&e, &limit, err);
	if (!rc)
		rc = swarm__evict_refuse(&e, err);
	if (rc)
		return rc;
	was = json_string(swarm__eviction_availability(&e));
	plan = json_incref(e.plan);
	rc = was ? run(&e, warning, err) : swarm__nomem(err);
	if (!rc && ret_change) {
		change = make_change(&e, was, plan, warning);
		rc = change ? 0 : swarm__nomem(err);
	}
	if (!rc && ret_change)
		*ret_change = change;
	json_decref(plan);
	json_decref(was);
	return rc;
}
