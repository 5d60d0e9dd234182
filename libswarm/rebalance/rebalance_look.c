/* SPDX-License-Identifier: Apache-2.0 */
/* One look at a service on its way: which of its tasks run, and which would be stopped first. Reads only. */
#include "rebalance/internal.h"

#include <stdio.h>
#include <string.h>

/* What a slot has, in one number. */
enum { RUNS = 1, PLACED = 1 << 8, TASK = 1 << 16, COUNT = 0xff };
enum { SLOT_NAME = 24 };

static json_int_t worth_of(const json_t *task)
{
	bool runs = strcmp(swarm__json_string(task, "Status.State"), "running") == 0;

	return TASK + (*swarm__json_string(task, "NodeID") ? PLACED : 0) + (runs ? RUNS : 0);
}

static void count_slot(json_int_t worth, swarm__rebalance_look *look)
{
	json_int_t tasks = worth / TASK, placed = worth / PLACED & COUNT, runs = worth & COUNT;

	if (tasks == 1 && runs == 1)
		look->running++;
	else if (!runs && (tasks > 1 || !placed))
		look->homeless++;
}

static void name_slot(const json_t *task, char slot[SLOT_NAME])
{
	snprintf(slot, SLOT_NAME, "%lld", (long long)swarm__json_integer(task, "Slot"));
}

static void add_name(swarm__names *names, const char *name)
{
	if (*name && !strstr(names->text, name))
		swarm__names_add(names, "%s", name);
}

static bool is_of(const json_t *task, const char *service_id)
{
	return strcmp(swarm__json_string(task, "ServiceID"), service_id) == 0;
}

static bool add_node(json_t *ids, const char *id)
{
	json_t *one;
	size_t i;

	json_array_foreach (ids, i, one)
		if (strcmp(json_string_value(one), id) == 0)
			return true;
	return !*id || json_array_append_new(ids, json_string(id)) == 0;
}

static bool add(swarm__rebalance_look *look, const json_t *task)
{
	json_int_t worth = worth_of(task), before;
	char slot[SLOT_NAME];

	name_slot(task, slot);
	before = json_integer_value(json_object_get(look->slots, slot));
	/* Nobody has that many tasks in a slot. */
	if (before / TASK < COUNT)
		before += worth;
	if (!(worth & RUNS) && !add_node(look->nodes, swarm__json_string(task, "NodeID")))
		return false;
	return json_object_set_new(look->slots, slot, json_integer(before)) == 0;
}

int swarm__rebalance_count(const json_t *tasks, const char *service_id, swarm__rebalance_look *look,
			   swarm_error *err)
{
	const char *slot;
	json_t *task, *worth;
	size_t i;

	look->slots = json_object();
	look->nodes = json_array();
	if (!look->slots || !look->nodes)
		return swarm__nomem(err);
	json_array_foreach (swarm__json_iterable(tasks), i, task) {
		if (is_of(task, service_id) &&
		    swarm__task_is_wanted(swarm__json_string(task, "DesiredState")) &&
		    !add(look, task))
			return swarm__nomem(err);
	}
	/* What those that came before failed of, where none runs. */
	json_array_foreach (swarm__json_iterable(tasks), i, task) {
		char name[SLOT_NAME];
		json_t *slot_worth;

		name_slot(task, name);
		slot_worth = json_object_get(look->slots, name);
		if (is_of(task, service_id) && slot_worth &&
		    !(json_integer_value(slot_worth) & COUNT))
			add_name(&look->errors, swarm__json_string(task, "Status.Err"));
	}
	json_object_foreach (look->slots, slot, worth)
		count_slot(json_integer_value(worth), look);
	return 0;
}

bool swarm__rebalance_is_safe(const swarm__rebalance_look *look)
{
	return look->running + look->homeless == json_object_size(look->slots);
}

void swarm__rebalance_look_clear(swarm__rebalance_look *look)
{
	json_decref(look->service);
	json_decref(look->slots);
	json_decref(look->nodes);
	*look = (swarm__rebalance_look){ 0 };
}

int swarm__rebalance_look_at(swarm_client *client, const char *service_id,
			     const swarm__deadline *deadline, swarm__rebalance_look *ret_look,
			     swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	json_t *tasks;
	int rc;

	*ret_look = (swarm__rebalance_look){ 0 };
	rc = swarm__service_tasks(client, service_id, deadline, &ret_look->service, &tasks, &here);
	if (!rc && tasks)
		rc = swarm__rebalance_count(tasks, service_id, ret_look, &here);
	json_decref(tasks);
	return rc ? swarm__replace(err, &here) : 0;
}
