/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Even out one service after the other: more replicas, the wait until all run, and the number from before.
 * Each step can be the last of a run that was killed: the next one reads from the service's label where it
 * is.
 */
#include "events/internal.h"
#include "rebalance/internal.h"

#include <string.h>

enum {
	REBALANCE_TIMEOUT_MS = 600000,
	BACK_MS = 60000,
	/* An update of a moment ago moves the version this much later. */
	SETTLE_MS = 200,
};

/* A service on its way. */
typedef struct mover {
	swarm_client *client;
	const json_t *row; /* of the plan */
	const char *id;
	const char *name;
	swarm__deadline deadline;
	int64_t started;
	swarm__watch watch;
} mover;

static json_int_t count_moves(const json_t *row)
{
	json_int_t count = 0;
	json_t *move;
	size_t i;

	json_array_foreach (json_object_get(row, "moves"), i, move)
		count += swarm__json_integer(move, "tasks");
	return count;
}

static const char *between(const swarm__rebalance_look *look)
{
	return *look->errors.text ? ": " : "";
}

/* --- wait ------------------------------------------------------------------------------------------- */

/* Is the number of replicas what the label says, or somebody else's? */
static bool is_ours(const swarm__rebalance_look *look)
{
	json_int_t from, to;

	return swarm__rebalance_marked(json_object_get(look->service, "Spec"), &from, &to) &&
	       swarm__rebalance_replicas(json_object_get(look->service, "Spec")) == to;
}

static bool all_run(const swarm__rebalance_look *look)
{
	json_int_t wanted = swarm__rebalance_replicas(json_object_get(look->service, "Spec"));

	return !swarm__unsettled(look->service) && (json_int_t)look->running == wanted &&
	       look->running == json_object_size(look->slots);
}

/* grown: until the additional tasks run; else until those that are too many are gone. */
static int wait_for(mover *m, bool grown, swarm__rebalance_look *ret_look, swarm_error *err)
{
	int64_t pause = 0;
	int rc;

	do {
		swarm__rebalance_look now;

		rc = swarm__rebalance_look_at(m->client, m->id, &m->deadline, &now, err);
		if (rc) {
			swarm__rebalance_look_clear(&now);
			break;
		}
		swarm__rebalance_look_clear(ret_look);
		*ret_look = now;
		if (!now.service || all_run(&now) ||
		    (grown && !is_ours(&now) && !swarm__unsettled(now.service)))
			return 0;
		swarm__progress(m->client, "rebalance", now.running, json_object_size(now.slots),
				"%s", m->name);
		rc = swarm__watch_pause(&m->watch, &m->deadline, &pause, err);
	} while (!rc);
	if (rc != SWARM_E_TIMEOUT || !ret_look->service)
		return rc;
	swarm__error_clear(err);
	return swarm__error(err, rc, "%s: %zu of its %zu tasks run after %lld s%s%s", m->name,
			    ret_look->running, json_object_size(ret_look->slots),
			    (long long)swarm__seconds_since(m->started), between(ret_look),
			    ret_look->errors.text);
}

/* --- back ------------------------------------------------------------------------------------------- */

/* The number from before, and the same to roll back to. */
static int shrink(const mover *m, swarm_error *err)
{
	int rc = swarm__rebalance_shrink(m->client, m->id, &m->deadline, err);

	if (!rc)
		rc = swarm__rebalance_settle(m->client, m->id, &m->deadline, err);
	if (rc == SWARM_E_NOT_FOUND) {
		swarm__error_clear(err);
		return 0;
	}
	return rc ? swarm__error_wrap(err, rc, "%s keeps the label %s", m->name,
				      SWARM__LABEL_REBALANCE)
		  : 0;
}

/* Does it say something of the services, and not only that the managers did not answer? */
static bool is_verdict(int code)
{
	return code == SWARM_E_STATE || code == SWARM_E_TIMEOUT;
}

/* Its host name, or the id where it has none. all: the nodes, or NULL. */
static const char *node_name(const json_t *all, const char *id)
{
	json_t *node;
	size_t i;

	json_array_foreach (swarm__json_iterable(all), i, node)
		if (strcmp(swarm__json_string(node, "ID"), id) == 0 &&
		    *swarm__json_string(node, "Description.Hostname"))
			return swarm__json_string(node, "Description.Hostname");
	return id;
}

/* 0, or what ends the run; that the managers did not answer does not. */
static int name_nodes(const mover *m, const json_t *ids, swarm__names *names, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	json_t *all = NULL, *id;
	size_t i;
	int rc = swarm__call_patiently(m->client, SWARM_OP_NODE_LIST, NULL, NULL, &m->deadline,
				       &all, &here);

	if (rc == SWARM_E_NOMEM || rc == SWARM_E_CANCELED)
		return swarm__replace(err, &here);
	json_array_foreach (swarm__json_iterable(ids), i, id)
		swarm__names_add(names, "%s", node_name(all, json_string_value(id)));
	json_decref(all);
	return 0;
}

static int keep(const mover *m, const swarm__rebalance_look *look, swarm_error *err)
{
	swarm__names names = { "", false };
	int rc = name_nodes(m, look->nodes, &names, err);

	if (rc)
		return rc;
	return swarm__error(err, SWARM_E_STATE,
			    "%s keeps its additional replicas, because for fewer the managers "
			    "would stop tasks that run: drain or repair %s, and run it again",
			    m->name, names.text);
}

static int go_back(const mover *m, swarm_error *err)
{
	swarm__rebalance_look SWARM__AUTO_REBALANCE_LOOK look = { 0 };
	int rc = swarm__rebalance_look_at(m->client, m->id, &m->deadline, &look, err);

	if (rc || !look.service)
		return rc;
	if (is_ours(&look) && !swarm__rebalance_is_safe(&look))
		return keep(m, &look, err);
	return shrink(m, err);
}

/* rc: of a wait that failed. Returns it, with what became of the service. */
static int give_up(mover *m, int rc, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT, all = SWARM_ERROR_INIT;
	int back;

	if (!is_verdict(rc))
		return rc;
	m->deadline = swarm__deadline_in(BACK_MS, BACK_MS);
	back = go_back(m, &here);
	if (back == SWARM_E_NOMEM || back == SWARM_E_CANCELED)
		return swarm__replace(err, &here);
	swarm__error(&all, rc, "%s; %s", err->text,
		     back ? here.text : "it has its replicas from before again");
	return swarm__replace(err, &all);
}

/* --- one and all ------------------------------------------------------------------------------------ */

/* The wait for the additional tasks may take long; once they run, nothing is to be left half done. */
static int finish(mover *m, swarm_error *err)
{
	swarm__rebalance_look SWARM__AUTO_REBALANCE_LOOK look = { 0 };
	int rc = wait_for(m, true, &look, err);

	if (rc)
		return give_up(m, rc, err);
	m->deadline = swarm__deadline_in(BACK_MS, BACK_MS);
	rc = look.service ? shrink(m, err) : 0;
	return rc ? rc : wait_for(m, false, &look, err);
}

static int move(mover *m, swarm_error *err)
{
	int rc = 0;

	if (strcmp(swarm__json_string(m->row, "way"), "move") == 0) {
		rc = swarm__sleep(m->client, &m->deadline, SETTLE_MS, err);
		if (!rc)
			rc = swarm__rebalance_grow(m->client, m->id,
						   swarm__json_integer(m->row, "version"),
						   count_moves(m->row), &m->deadline, err);
	}
	if (rc == SWARM_E_NOT_FOUND) {
		swarm__error_clear(err);
		return 0;
	}
	return rc ? swarm__error_wrap(err, rc, "%s", m->name) : finish(m, err);
}

static int move_all(swarm_client *client, const json_t *plan, const swarm__deadline *deadline,
		    swarm_error *err)
{
	int64_t started = swarm__now_ms();
	int rc = 0;
	json_t *row;
	size_t i;

	json_array_foreach (swarm__json_iterable(plan), i, row) {
		mover m = { .client = client,
			    .row = row,
			    .id = swarm__json_string(row, "id"),
			    .name = swarm__json_string(row, "service"),
			    .deadline = *deadline,
			    .started = started,
			    .watch = { .client = client, .type = "service" } };

		if (rc || strcmp(swarm__json_string(row, "way"), "stay") == 0)
			continue;
		rc = move(&m, err);
		swarm__watch_clear(&m.watch);
	}
	return rc;
}

int swarm_rebalance(swarm_client *client, const swarm_rebalance_options *options,
		    json_t **ret_change, swarm_error *err)
{
	const swarm_rebalance_options defaults = SWARM_REBALANCE_OPTIONS_INIT;
	swarm_error spare = SWARM_ERROR_INIT;
	swarm__deadline deadline;
	json_t *plan = NULL;
	int rc;

	if (!err)
		err = &spare;
	options = options ? options : &defaults;
	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	rc = swarm__rebalance_options_check(options, err);
	if (rc)
		return rc;
	deadline = swarm__deadline_in(options->timeout_ms, REBALANCE_TIMEOUT_MS);
	rc = swarm__rebalance_plan(client, options, &deadline, &plan, err);
	if (!rc)
		rc = move_all(client, plan, &deadline, err);
	if (!rc && ret_change)
		*ret_change = json_incref(plan);
	json_decref(plan);
	return rc;
}
