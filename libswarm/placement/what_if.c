/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of the services if nodes go: their tasks are taken from them, and put on the other nodes one
 * by one (room.c). Reads only.
 */
#include "node/internal.h"
#include "placement/internal.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000, TEXT = 768 };

/* What was read, and which nodes go. */
typedef struct world {
	json_t *nodes;
	json_t *services;
	json_t *tasks;
	json_t *volumes;
	swarm_node_list *list; /* a view of nodes, in the same order */
	json_t *by_node;       /* node id to its tasks, an array */
	swarm__room room;      /* of all of it; as it was at the start of each case */
	bool *gone;            /* one for each node */
} world;

static void world_clear(world *w)
{
	swarm__room_clear(&w->room);
	json_decref(w->by_node);
	swarm_node_list_free(w->list);
	json_decref(w->nodes);
	json_decref(w->services);
	json_decref(w->tasks);
	json_decref(w->volumes);
	free(w->gone);
}
#define AUTO_WORLD __attribute__((cleanup(world_clear)))

/* --- what is read --------------------------------------------------------------------------- */

static bool wants_volumes(const json_t *tasks)
{
	for (size_t i = 0; i < json_array_size(tasks); i++)
		if (swarm__volumes_wanted(json_array_get(tasks, i)))
			return true;
	return false;
}

static int read_world(swarm_client *client, const swarm__deadline *deadline, world *w,
		      swarm_error *err)
{
	int rc = swarm__call_patiently(client, SWARM_OP_NODE_LIST, NULL, NULL, deadline, &w->nodes,
				       err);

	if (!rc)
		rc = swarm__shape_list("node", w->nodes, "ID", err);
	if (!rc)
		rc = swarm_node_view(w->nodes, &w->list, err);
	if (!rc)
		rc = swarm__object_list(client, SWARM_KIND_SERVICE, NULL, deadline, &w->services,
					err);
	if (!rc)
		rc = swarm__object_list(client, SWARM_KIND_TASK, NULL, deadline, &w->tasks, err);
	if (!rc && wants_volumes(w->tasks))
		rc = swarm__call_patiently(client, SWARM_OP_VOLUME_LIST, NULL, NULL, deadline,
					   &w->volumes, err);
	if (rc)
		return rc;
	w->gone = calloc(w->list->count + 1, sizeof(*w->gone));
	w->by_node = swarm__tasks_by(w->tasks, "NodeID");
	if (!w->gone || !w->by_node)
		return swarm__nomem(err);
	return swarm__room_open(&w->room, w->nodes, w->tasks, w->services, w->volumes, err);
}

/* --- which nodes go ------------------------------------------------------------------------- */

static int take_label(world *w, const char *ref, const char *equals, swarm_error *err)
{
	char name[256];
	bool found = false;

	snprintf(name, sizeof(name), "%.*s", (int)(equals - ref), ref);
	for (size_t i = 0; i < w->list->count; i++) {
		const char *value = swarm_label_get(w->list->nodes[i].labels, name);

		if (value && strcmp(value, equals + 1) == 0)
			found = w->gone[i] = true;
	}
	return found ? 0 : swarm__error(err, SWARM_E_NOT_FOUND, "no node has the label '%s'", ref);
}

static int take_nodes(world *w, const swarm_what_if_options *o, swarm_error *err)
{
	int rc = 0;

	for (size_t i = 0; !o->nodes && i < w->list->count; i++)
		w->gone[i] = strcmp(w->list->nodes[i].state, "ready") == 0;
	for (const char *const *ref = o->nodes; !rc && ref && *ref; ref++) {
		const char *equals = strchr(*ref, '=');
		const swarm_node *node = NULL;

		if (equals) {
			rc = take_label(w, *ref, equals, err);
			continue;
		}
		rc = swarm_node_find(w->list, *ref, &node, err);
		if (!rc)
			w->gone[node - w->list->nodes] = true;
	}
	return rc;
}

/* --- what they run -------------------------------------------------------------------------- */

typedef struct loss {
	const json_t *service;
	size_t tasks;
	size_t homeless;
} loss;

/* What is hard to place comes first; memory decides, then processors. */
static int by_size(const void *one, const void *other)
{
	static const char *const paths[] = {
		"Spec.TaskTemplate.Resources.Reservations.MemoryBytes",
		"Spec.TaskTemplate.Resources.Reservations.NanoCPUs",
	};
	const json_t *a = ((const loss *)one)->service, *b = ((const loss *)other)->service;

	for (size_t i = 0; i < 2; i++) {
		json_int_t x = swarm__json_integer(a, paths[i]);
		json_int_t y = swarm__json_integer(b, paths[i]);

		if (x != y)
			return x < y ? 1 : -1;
	}
	return strcmp(swarm__json_string(a, "Spec.Name"), swarm__json_string(b, "Spec.Name"));
}

/* {service id: how many of its tasks run on the nodes that go}; NULL without memory. */
static json_t *count_lost(const world *w)
{
	json_t *counts = json_object();
	bool good = counts != NULL;

	for (size_t i = 0; i < w->list->count; i++) {
		json_t *task;
		size_t k;

		if (!w->gone[i])
			continue;
		json_array_foreach (json_object_get(w->by_node, w->list->nodes[i].id), k, task) {
			const char *id = swarm__json_string(task, "ServiceID");
			json_int_t already = json_integer_value(json_object_get(counts, id));

			if (good && swarm__task_takes_room(task) &&
			    swarm__task_is_wanted(swarm__json_string(task, "DesiredState")))
				good = json_object_set_new(counts, id, json_integer(already + 1)) ==
				       0;
		}
	}
	if (good)
		return counts;
	json_decref(counts);
	return NULL;
}

/* The services that lose tasks, as many as *ret_count; to be freed. NULL without memory. */
static loss *find_losses(const world *w, size_t *ret_count)
{
	json_t *counts = count_lost(w);
	loss *losses = calloc(json_array_size(w->services) + 1, sizeof(*losses));
	size_t count = 0;

	for (size_t i = 0; losses && counts && i < json_array_size(w->services); i++) {
		const json_t *service = json_array_get(w->services, i);
		json_int_t tasks = json_integer_value(
			json_object_get(counts, swarm__json_string(service, "ID")));

		if (tasks)
			losses[count++] = (loss){ service, (size_t)tasks, 0 };
	}
	if (!counts) {
		free(losses);
		return NULL;
	}
	json_decref(counts);
	if (losses)
		qsort(losses, count, sizeof(*losses), by_size);
	*ret_count = count;
	return losses;
}

/* --- the report ----------------------------------------------------------------------------- */

static const char *mode_of(const json_t *service)
{
	static const char *const names[][2] = { { "Replicated", "replicated" },
						{ "Global", "global" },
						{ "ReplicatedJob", "replicated-job" },
						{ "GlobalJob", "global-job" } };

	for (size_t i = 0; i < 4; i++)
		if (json_object_get(swarm__json_at(service, "Spec.Mode"), names[i][0]))
			return names[i][1];
	return "";
}

/* A task of a global service ends with its node, and is not missed. */
static int place(swarm__room *room, loss *l, json_t *rows, swarm_error *err)
{
	const char *mode = mode_of(l->service);
	bool global = strncmp(mode, "global", 6) == 0;
	swarm__room_answer answer = { .placed = 0 };
	int rc = global ? 0 : swarm__room_place(room, l->service, l->tasks, &answer, err);

	if (rc)
		return rc;
	l->homeless = global ? 0 : l->tasks - answer.placed;
	if (json_array_append_new(rows, json_pack("{s:s, s:s, s:I, s:I, s:I, s:o, s:s}", "service",
						  swarm__json_string(l->service, "Spec.Name"),
						  "mode", mode, "tasks", (json_int_t)l->tasks,
						  "placed", (json_int_t)answer.placed, "homeless",
						  (json_int_t)l->homeless, "fits",
						  answer.fits ? answer.fits : json_array(), "why",
						  l->homeless ? answer.why.text : "")) < 0)
		return swarm__nomem(err);
	return 0;
}

/* Put what is lost on the nodes that stay. brief: name nodes only for what was homeless the last time. */
static int place_losses(world *w, loss *losses, size_t count, bool brief, json_t *rows,
			swarm_error *err)
{
	int rc = 0;

	swarm__room_reset(&w->room);
	for (size_t i = 0; i < w->list->count; i++)
		if (w->gone[i])
			swarm__room_leave_out(&w->room, w->list->nodes[i].id);
	for (size_t i = 0; !rc && i < count; i++) {
		w->room.brief = brief && !losses[i].homeless;
		rc = place(&w->room, &losses[i], rows, err);
	}
	return rc;
}

/* That tasks fit takes a look at a few nodes; why they do not, at all of them. */
static int place_all(world *w, bool brief, json_t *rows, size_t *tasks, size_t *homeless,
		     swarm_error *err)
{
	size_t count = 0;
	loss *losses = find_losses(w, &count);
	int rc = losses ? place_losses(w, losses, count, brief, rows, err) : swarm__nomem(err);

	for (size_t i = 0; !rc && i < count; i++) {
		*tasks += losses[i].tasks;
		*homeless += losses[i].homeless;
	}
	if (!rc && brief && *homeless) {
		json_array_clear(rows);
		rc = place_losses(w, losses, count, true, rows, err);
	}
	free(losses);
	return rc;
}

/* Do the managers that stay keep the quorum? Whom a drain leaves is a manager still. */
static bool keeps_quorum(const world *w, bool drain)
{
	swarm_quorum now = swarm__quorum_count(w->list);
	int64_t reachable = now.reachable;

	for (size_t i = 0; !drain && i < w->list->count; i++)
		reachable -= w->gone[i] && w->list->nodes[i].member &&
			     strcmp(w->list->nodes[i].reachability, "reachable") == 0;
	return reachable >= now.needed;
}

static void describe(const json_t *rows, const swarm__names *names, bool drain, bool quorum,
		     size_t tasks, size_t homeless, char *text, size_t size)
{
	swarm__names short_of = { 0 };
	const json_t *row;
	size_t i;

	json_array_foreach (swarm__json_iterable(rows), i, row)
		if (swarm__json_integer(row, "homeless"))
			swarm__names_add(&short_of, "%s (%lld of %lld)",
					 swarm__json_string(row, "service"),
					 (long long)swarm__json_integer(row, "homeless"),
					 (long long)swarm__json_integer(row, "tasks"));
	snprintf(text, size, "%s %s: %zu task%s, %s%s%s", names->text, drain ? "drained" : "down",
		 tasks, tasks == 1 ? "" : "s",
		 homeless ? "of which these may fit nowhere: " : "all fit elsewhere", short_of.text,
		 quorum ? "" : "; the managers lose their quorum");
	swarm__one_line(text);
}

static int add_case(world *w, const swarm_what_if_options *o, json_t *cases, swarm_error *err)
{
	json_t *rows = json_array(), *nodes = json_array();
	bool quorum = keeps_quorum(w, o->drain);
	size_t tasks = 0, homeless = 0;
	swarm__names names = { 0 };
	char text[TEXT];
	int rc = rows && nodes ? place_all(w, o->each, rows, &tasks, &homeless, err)
			       : swarm__nomem(err);

	for (size_t i = 0; !rc && i < w->list->count; i++) {
		const swarm_node *node = &w->list->nodes[i];
		const char *name = *node->hostname ? node->hostname : node->id;

		if (!w->gone[i])
			continue;
		swarm__names_add(&names, "%s", name);
		rc = json_array_append_new(nodes, json_string(name)) < 0 ? swarm__nomem(err) : 0;
	}
	if (!rc) {
		describe(rows, &names, o->drain, quorum, tasks, homeless, text, sizeof(text));
		if (json_array_append_new(cases,
					  json_pack("{s:O, s:I, s:I, s:b, s:s, s:O}", "nodes",
						    nodes, "tasks", (json_int_t)tasks, "homeless",
						    (json_int_t)homeless, "quorum", quorum, "text",
						    text, "services", rows)) < 0)
			rc = swarm__nomem(err);
	}
	json_decref(rows);
	json_decref(nodes);
	return rc;
}

/* One case, or one for each of the nodes that go. */
static int add_cases(swarm_client *client, world *w, const swarm_what_if_options *o, json_t *cases,
		     swarm_error *err)
{
	size_t count = w->list->count;
	bool *asked;
	int rc = 0;

	if (!o->each)
		return add_case(w, o, cases, err);
	asked = w->gone;
	w->gone = calloc(count + 1, sizeof(*w->gone));
	if (!w->gone)
		rc = swarm__nomem(err);
	for (size_t i = 0; !rc && i < count; i++) {
		if (!asked[i])
			continue;
		w->gone[i] = true;
		rc = swarm__client_canceled(client, err);
		if (!rc)
			rc = add_case(w, o, cases, err);
		w->gone[i] = false;
	}
	free(asked);
	return rc;
}

int swarm_what_if(swarm_client *client, const swarm_what_if_options *options, json_t **ret_cases,
		  swarm_error *err)
{
	world AUTO_WORLD w = { 0 };
	swarm__deadline deadline;
	json_t *cases;
	int rc;

	if (!client || !ret_cases || !options || options->size != sizeof(*options))
		return swarm__error(err, SWARM_E_INVAL,
				    "client, ret_cases and options from SWARM_WHAT_IF_OPTIONS_INIT "
				    "are required");
	if (!options->each && (!options->nodes || !options->nodes[0]))
		return swarm__error(err, SWARM_E_INVAL, "name the nodes, or ask for each");
	deadline = swarm__deadline_in(options->timeout_ms, DEFAULT_TIMEOUT_MS);
	rc = read_world(client, &deadline, &w, err);
	if (!rc)
		rc = take_nodes(&w, options, err);
	if (rc)
		return rc;
	cases = json_array();
	rc = cases ? add_cases(client, &w, options, cases, err) : swarm__nomem(err);
	if (rc)
		json_decref(cases);
	else
		*ret_cases = cases;
	return rc;
}
