/* SPDX-License-Identifier: Apache-2.0 */
/* The plan: which services are not even, which of them may move tasks, and which tasks. Changes nothing. */
#include "rebalance/internal.h"

#include <stdio.h>
#include <string.h>

enum { PLAN_TIMEOUT_MS = 60000 };

/* What was read. */
typedef struct view {
	json_t *nodes;
	json_t *services;
	json_t *tasks;
	json_t *volumes; /* NULL: no service needs one */
	swarm__room room;
} view;

static void view_clear(view *v)
{
	swarm__room_clear(&v->room);
	json_decref(v->nodes);
	json_decref(v->services);
	json_decref(v->tasks);
	json_decref(v->volumes);
}
#define AUTO_VIEW __attribute__((cleanup(view_clear)))

static bool any_wants_volumes(const json_t *tasks)
{
	json_t *task;
	size_t i;

	json_array_foreach (swarm__json_iterable(tasks), i, task)
		if (swarm__volumes_wanted(task))
			return true;
	return false;
}

static int read_all(swarm_client *client, const swarm__deadline *deadline, view *v,
		    swarm_error *err)
{
	int rc = swarm__evict_tasks(client, deadline, &v->tasks, err);

	if (!rc)
		rc = swarm__object_list(client, SWARM_KIND_SERVICE, NULL, deadline, &v->services,
					err);
	if (!rc)
		rc = swarm__call_patiently(client, SWARM_OP_NODE_LIST, NULL, NULL, deadline,
					   &v->nodes, err);
	if (!rc)
		rc = swarm__shape_list("node", v->nodes, "ID", err);
	if (!rc && any_wants_volumes(v->tasks))
		rc = swarm__call_patiently(client, SWARM_OP_VOLUME_LIST, NULL, NULL, deadline,
					   &v->volumes, err);
	return rc ? rc
		  : swarm__room_open(&v->room, v->nodes, v->tasks, v->services, v->volumes, err);
}

/* --- which services allow it -------------------------------------------------------------------------- */

typedef struct verdict {
	const char *way; /* "move", "finish", "stay"; NULL: nothing is to be said of it */
	char why[512];
	json_t *moves;
} verdict;

static void stay(verdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void stay(verdict *v, const char *format, ...)
{
	va_list args;

	v->way = "stay";
	va_start(args, format);
	vsnprintf(v->why, sizeof(v->why), format, args);
	va_end(args);
	swarm__one_line(v->why);
}

/* New tasks have other numbers than those that they replace. -1 without memory. */
static int uses_slots(const json_t *service)
{
	char *text = json_dumps(swarm__json_at(service, "Spec.TaskTemplate.ContainerSpec"),
				JSON_COMPACT | JSON_ENCODE_ANY);
	int uses;

	if (!text)
		return json_object_get(swarm__json_at(service, "Spec.TaskTemplate"),
				       "ContainerSpec")
			       ? -1
			       : 0;
	uses = strstr(text, ".Task.Slot") || strstr(text, ".Task.Name");
	free(text);
	return uses;
}

/* From the service alone: is there anything against it? */
static int judge_spec(const json_t *service, verdict *v, swarm_error *err)
{
	const char *unsettled = swarm__unsettled(service);
	int slots = uses_slots(service);
	char data[128];

	if (slots < 0)
		return swarm__nomem(err);
	if (unsettled)
		stay(v, "%s", unsettled);
	else if (strcmp(swarm__json_string(service, "Spec.UpdateConfig.Order"), "start-first") != 0)
		stay(v, "its update order is stop-first: no task may run beside the one that it "
			"replaces");
	else if (swarm__local_data(service, data, sizeof(data)))
		stay(v, "it keeps its data on the nodes (%s)", data);
	else if (slots)
		stay(v, "its template uses .Task.Slot or .Task.Name, and new tasks have other "
			"numbers");
	else if (json_array_size(
			 swarm__json_at(service, "Spec.TaskTemplate.Placement.Preferences")))
		stay(v, "it has placement preferences, which the managers do not ask when they "
			"choose the tasks that stop");
	return 0;
}

/* All of it must run, each slot once: else the managers would stop others than those that are many. */
static int judge_running(const view *all, const json_t *service, verdict *v, swarm_error *err)
{
	const char *id = swarm__json_string(service, "ID");
	swarm__rebalance_look SWARM__AUTO_REBALANCE_LOOK look = { 0 };
	json_int_t wanted = swarm__rebalance_replicas(json_object_get(service, "Spec"));
	int rc = swarm__rebalance_count(swarm__room_tasks(&all->room, id), id, &look, err);

	if (rc)
		return rc;
	if ((json_int_t)look.running != wanted || look.running != json_object_size(look.slots))
		stay(v, "%zu of its %lld tasks run", look.running, (long long)wanted);
	return 0;
}

/* A run that was stopped left the label, or only the spec to roll back to. */
static bool is_under_way(const json_t *service, verdict *v)
{
	json_int_t from, to;

	if (!swarm__rebalance_marked(json_object_get(service, "Spec"), &from, &to) &&
	    !swarm__rebalance_marked(json_object_get(service, "PreviousSpec"), &from, &to))
		return false;
	v->way = "finish";
	snprintf(v->why, sizeof(v->why), "a run was stopped: it goes back to %lld replica%s",
		 (long long)from, from == 1 ? "" : "s");
	return true;
}

static int judge(view *all, const json_t *service, verdict *v, swarm_error *err)
{
	int rc;

	if (strcmp(swarm__service_mode(service), "Replicated") != 0)
		return 0;
	if (is_under_way(service, v)) {
		v->moves = json_array();
		return v->moves ? 0 : swarm__nomem(err);
	}
	rc = judge_spec(service, v, err);
	if (!rc && !v->way)
		rc = judge_running(all, service, v, err);
	/* One that stays takes no room from the next. */
	if (!rc)
		rc = swarm__rebalance_spread(&all->room, service, v->way != NULL, &v->moves, err);
	if (rc)
		return rc;
	if (!json_array_size(v->moves))
		v->way = NULL;
	else if (v->way)
		rc = json_array_clear(v->moves) ? swarm__nomem(err) : 0;
	else
		v->way = "move";
	return rc;
}

/* --- all of them ------------------------------------------------------------------------------------ */

static bool is_asked(const swarm_rebalance_options *o, const char *name)
{
	for (size_t i = 0; o->services && o->services[i]; i++)
		if (strcmp(o->services[i], name) == 0)
			return true;
	return !o->services;
}

/* Of a slip in a name nothing would show. */
static int check_names(const view *all, const swarm_rebalance_options *o, swarm_error *err)
{
	for (size_t i = 0; o->services && o->services[i]; i++) {
		bool found = false;
		json_t *service;
		size_t k;

		json_array_foreach (all->services, k, service)
			found = found || strcmp(swarm__json_string(service, "Spec.Name"),
						o->services[i]) == 0;
		if (!found)
			return swarm__error(err, SWARM_E_INVAL,
					    "services: there is no service '%s'", o->services[i]);
	}
	return 0;
}

static int add_row(view *all, const json_t *service, json_t *rows, swarm_error *err)
{
	verdict v = { 0 };
	int rc = judge(all, service, &v, err);

	if (!rc && v.way &&
	    json_array_append_new(
		    rows, json_pack("{s:s, s:s, s:I, s:I, s:s, s:s, s:O}", "id",
				    swarm__json_string(service, "ID"), "service",
				    swarm__json_string(service, "Spec.Name"), "version",
				    swarm__json_integer(service, "Version.Index"), "replicas",
				    swarm__rebalance_replicas(json_object_get(service, "Spec")),
				    "way", v.way, "why", v.why, "moves", v.moves)))
		rc = swarm__nomem(err);
	json_decref(v.moves);
	return rc;
}

/* As of qsort(). */
static int by_name(const void *one, const void *other)
{
	const json_t *const *a = one, *const *b = other;

	return strcmp(swarm__json_string(*a, "Spec.Name"), swarm__json_string(*b, "Spec.Name"));
}

static int make_rows(view *all, const swarm_rebalance_options *o, json_t *rows, swarm_error *err)
{
	size_t count = json_array_size(all->services);
	const json_t **order = calloc(count + 1, sizeof(json_t *));
	int rc = order ? 0 : swarm__nomem(err);

	for (size_t i = 0; !rc && i < count; i++)
		order[i] = json_array_get(all->services, i);
	if (order)
		qsort(order, count, sizeof(json_t *), by_name);
	for (size_t i = 0; !rc && i < count; i++)
		if (is_asked(o, swarm__json_string(order[i], "Spec.Name")))
			rc = add_row(all, order[i], rows, err);
	free(order);
	return rc;
}

int swarm__rebalance_plan(swarm_client *client, const swarm_rebalance_options *options,
			  const swarm__deadline *deadline, json_t **ret_plan, swarm_error *err)
{
	view AUTO_VIEW all = { 0 };
	json_t *rows;
	int rc = read_all(client, deadline, &all, err);

	if (!rc)
		rc = check_names(&all, options, err);
	if (rc)
		return rc;
	rows = json_array();
	rc = rows ? make_rows(&all, options, rows, err) : swarm__nomem(err);
	if (rc)
		json_decref(rows);
	else
		*ret_plan = rows;
	return rc;
}

int swarm__rebalance_options_check(const swarm_rebalance_options *o, swarm_error *err)
{
	if (o->size != sizeof(*o) || o->timeout_ms < 0)
		return swarm__error(err, SWARM_E_INVAL,
				    "options must start from SWARM_REBALANCE_OPTIONS_INIT, and "
				    "timeout_ms is 0 or more");
	for (size_t i = 0; o->services && o->services[i]; i++)
		if (swarm__utf8_check("a name in services", o->services[i], err))
			return SWARM_E_INVAL;
	return 0;
}

int swarm_rebalance_plan(swarm_client *client, const swarm_rebalance_options *options,
			 json_t **ret_plan, swarm_error *err)
{
	const swarm_rebalance_options defaults = SWARM_REBALANCE_OPTIONS_INIT;
	swarm_error spare = SWARM_ERROR_INIT;
	swarm__deadline deadline;
	int rc;

	if (!err)
		err = &spare;
	options = options ? options : &defaults;
	if (!client || !ret_plan)
		return swarm__error(err, SWARM_E_INVAL, "client and ret_plan are required");
	rc = swarm__rebalance_options_check(options, err);
	if (rc)
		return rc;
	deadline = swarm__deadline_in(options->timeout_ms, PLAN_TIMEOUT_MS);
	return swarm__rebalance_plan(client, options, &deadline, ret_plan, err);
}
