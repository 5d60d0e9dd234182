/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof: which tasks run on the node, how each service gets them off it, and whether they all fit
 * elsewhere at the same time, by the rules of placement/. Changes nothing.
 */
#include "evict/internal.h"

#include <stdio.h>
#include <string.h>

enum { NAMED = 5 };

typedef swarm__proof proof;

void swarm__proof_clear(swarm__proof *p)
{
	swarm__room_clear(&p->room);
	json_decref(p->nodes);
	json_decref(p->services);
	json_decref(p->tasks);
	json_decref(p->volumes);
	json_decref(p->counts);
	json_decref(p->by_node);
}

/* --- what is read ----------------------------------------------------------------------------------- */

static bool wants_volumes(const json_t *services)
{
	json_t *service;
	size_t i;

	json_array_foreach (swarm__json_iterable(services), i, service) {
		const json_t *mounts = swarm__json_at(service,
						      "Spec.TaskTemplate.ContainerSpec.Mounts");

		for (size_t k = 0; k < json_array_size(mounts); k++)
			if (strcmp(swarm__json_string(json_array_get(mounts, k), "Type"),
				   "cluster") == 0)
				return true;
	}
	return false;
}

static int read_all(proof *p, swarm_client *client, const swarm__deadline *deadline,
		    swarm_error *err)
{
	int rc = swarm__evict_tasks(client, deadline, &p->tasks, err);

	if (!rc)
		rc = swarm__object_list(client, SWARM_KIND_SERVICE, NULL, deadline, &p->services,
					err);
	if (!rc)
		rc = swarm__call_patiently(client, SWARM_OP_NODE_LIST, NULL, NULL, deadline,
					   &p->nodes, err);
	if (!rc)
		rc = swarm__shape_list("node", p->nodes, "ID", err);
	if (!rc && wants_volumes(p->services))
		rc = swarm__call_patiently(client, SWARM_OP_VOLUME_LIST, NULL, NULL, deadline,
					   &p->volumes, err);
	return rc;
}

/* Tasks that are to stop anyway need no place. */
static int count_tasks(proof *p, swarm_error *err)
{
	json_t *task;
	size_t i;

	json_decref(p->counts);
	p->counts = json_object();
	if (!p->counts)
		return swarm__nomem(err);
	json_array_foreach (json_object_get(p->by_node, p->e->node.id), i, task) {
		const char *id = swarm__json_string(task, "ServiceID");
		json_int_t count = json_integer_value(json_object_get(p->counts, id));

		if (!swarm__task_takes_room(task) ||
		    !swarm__task_is_wanted(swarm__json_string(task, "DesiredState")))
			continue;
		if (json_object_set_new(p->counts, id, json_integer(count + 1)))
			return swarm__nomem(err);
	}
	return 0;
}

/* --- one service ------------------------------------------------------------------------------------ */

typedef struct verdict {
	const char *way; /* "move", "stop", "stay" */
	char why[512];
	bool passes; /* what is in the way may be over by itself a moment later */
	json_t *fits;
} verdict;

static void decide(verdict *v, const char *way, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void decide(verdict *v, const char *way, const char *format, ...)
{
	va_list args;

	v->way = way;
	va_start(args, format);
	vsnprintf(v->why, sizeof(v->why), format, args);
	va_end(args);
	swarm__one_line(v->why);
}

static int is_job(const json_t *service)
{
	return strstr(swarm__service_mode(service), "Job") != NULL;
}

/* A service that has our constraint is on its way. */
static bool goes_already(const proof *p, const json_t *service)
{
	return swarm__eviction_moves(p->e, swarm__json_string(service, "ID")) &&
	       swarm__has_constraint(json_object_get(service, "Spec"), p->e->constraint);
}

/* Without what needs the places of others: false if that decides nothing. */
static bool judge_kind(const proof *p, const json_t *service, verdict *v)
{
	const char *mode = swarm__service_mode(service);
	const char *node = p->e->node.name;
	const char *unsettled = swarm__unsettled(service);
	char data[128];

	if (is_job(service))
		decide(v, "stay", "a job runs until it is complete");
	else if (strcmp(swarm__eviction_availability(p->e), "drain") == 0)
		decide(v, "stop", "%s is drained already", node);
	else if (strcmp(mode, "Global") == 0)
		decide(v, "stop", "global: it comes back with %s", node);
	else if (goes_already(p, service))
		decide(v, "move", "%s", "");
	else if (swarm__local_data(service, data, sizeof(data)))
		decide(v, "stay", "it keeps its data on %s (%s)", node, data);
	else if (unsettled)
		decide(v, "stay", "%s", unsettled);
	else
		return false;
	v->passes = unsettled && strcmp(v->why, unsettled) == 0 && !strstr(unsettled, "paused");
	return true;
}

/* All of it must run before: else its update fails for reasons of its own. */
static int judge_running(const proof *p, const json_t *service, verdict *v, bool *ret_all,
			 swarm_error *err)
{
	json_int_t wanted = swarm__json_integer(service, "Spec.Mode.Replicated.Replicas");
	const char *id = swarm__json_string(service, "ID");
	size_t running;
	int rc = swarm__evict_count(swarm__room_tasks(&p->room, id), id, NULL, &running, NULL, err);

	if (rc)
		return rc;
	*ret_all = (json_int_t)running >= wanted;
	v->passes = !*ret_all;
	if (!*ret_all)
		decide(v, "stay", "only %zu of its %lld tasks run", running, (long long)wanted);
	return 0;
}

static int judge_room(proof *p, const json_t *service, size_t tasks, verdict *v, swarm_error *err)
{
	const char *order = swarm__json_string(service, "Spec.UpdateConfig.Order");
	swarm__room_answer answer = { 0 };
	int rc = swarm__room_place(&p->room, service, tasks, &answer, err);

	if (rc)
		return rc;
	v->fits = answer.fits;
	p->partial = p->partial || answer.placed < tasks;
	if (answer.placed >= tasks)
		decide(v, "move", "%s",
		       strcmp(order, "start-first") == 0
			       ? ""
			       : "stop-first: each task is away until its replacement runs");
	else if (!json_array_size(answer.fits))
		decide(v, "stay", "its %zu %s nowhere else (%s)", tasks,
		       tasks == 1 ? "task fits" : "tasks fit", answer.why.text);
	else
		decide(v, "stay", "only %zu of its %zu tasks %s found to fit elsewhere (%s)",
		       answer.placed, tasks, answer.placed == 1 ? "was" : "were", answer.why.text);
	return 0;
}

static bool is_allowed(const proof *p, const json_t *service)
{
	const swarm_evict_options *options = p->e->options;
	const char *name = swarm__json_string(service, "Spec.Name");

	for (size_t i = 0; options->allow && options->allow[i]; i++)
		if (strcmp(options->allow[i], name) == 0)
			return true;
	return (options->flags & SWARM_EVICT_FORCE) != 0;
}

static int judge(proof *p, const json_t *service, size_t tasks, verdict *v, swarm_error *err)
{
	bool all = true;
	int rc = 0;

	if (!judge_kind(p, service, v)) {
		rc = judge_running(p, service, v, &all, err);
		if (!rc && all)
			rc = judge_room(p, service, tasks, v, err);
	}
	if (!rc && strcmp(v->way, "stay") == 0 && is_allowed(p, service))
		v->way = "stop";
	return rc;
}

static int add_row(proof *p, const json_t *service, json_t *rows, swarm_error *err)
{
	const char *id = swarm__json_string(service, "ID");
	json_int_t tasks = json_integer_value(json_object_get(p->counts, id));
	verdict v = { 0 };
	int rc = judge(p, service, (size_t)tasks, &v, err);
	json_t *row;

	if (!rc && !v.fits)
		v.fits = json_array();
	row = rc ? NULL
		 : json_pack("{s:s, s:s, s:I, s:s, s:s, s:O, s:b}", "id", id, "service",
			     swarm__json_string(service, "Spec.Name"), "tasks", tasks, "way", v.way,
			     "why", v.why, "fits", v.fits, "job", is_job(service));
	if (!rc && json_array_append_new(rows, row))
		rc = swarm__nomem(err);
	if (strcmp(v.way ? v.way : "", "stay") == 0)
		*(v.passes ? &p->passing : &p->lasting) += 1;
	json_decref(v.fits);
	return rc;
}

/* --- all of them ------------------------------------------------------------------------------------ */

typedef struct candidate {
	const json_t *service;
	json_int_t memory;
	json_int_t cpus;
} candidate;

/* As of qsort(): what takes the most comes first. */
static int compare_sizes(const void *one, const void *other)
{
	const candidate *a = one, *b = other;

	if (a->memory != b->memory)
		return a->memory < b->memory ? 1 : -1;
	return (a->cpus < b->cpus) - (a->cpus > b->cpus);
}

static int compare_names(const void *one, const void *other)
{
	const json_t *const *a = one, *const *b = other;

	return strcmp(swarm__json_string(*a, "service"), swarm__json_string(*b, "service"));
}

/* rows: ours; by the services' names. 0 or SWARM_E_NOMEM. */
static int sort_rows(json_t **rows, swarm_error *err)
{
	size_t count = json_array_size(*rows);
	json_t **order = calloc(count + 1, sizeof(json_t *));
	json_t *sorted = json_array();
	bool good = order && sorted;

	for (size_t i = 0; good && i < count; i++)
		order[i] = json_array_get(*rows, i);
	if (good)
		qsort(order, count, sizeof(json_t *), compare_names);
	for (size_t i = 0; good && i < count; i++)
		good = json_array_append(sorted, order[i]) == 0;
	free(order);
	if (!good) {
		json_decref(sorted);
		return swarm__nomem(err);
	}
	json_decref(*rows);
	*rows = sorted;
	return 0;
}

static int make_rows(proof *p, json_t **rows, swarm_error *err)
{
	candidate *all = calloc(json_array_size(p->services) + 1, sizeof(*all));
	size_t count = 0, i;
	json_t *service;
	int rc = all ? 0 : swarm__nomem(err);

	if (all)
		json_array_foreach (p->services, i, service) {
			const json_t *reserved;

			if (!json_object_get(p->counts, swarm__json_string(service, "ID")))
				continue;
			reserved = swarm__json_at(service,
						  "Spec.TaskTemplate.Resources.Reservations");
			all[count++] = (candidate){ service,
						    swarm__json_integer(reserved, "MemoryBytes"),
						    swarm__json_integer(reserved, "NanoCPUs") };
		}
	if (all)
		qsort(all, count, sizeof(*all), compare_sizes);
	for (i = 0; !rc && i < count; i++)
		rc = add_row(p, all[i].service, *rows, err);
	free(all);
	return rc ? rc : sort_rows(rows, err);
}

/* --- the refusal ------------------------------------------------------------------------------------ */

/* passes: all of it may be over by itself. New; NULL without memory. */
static json_t *make_refusal(const swarm__eviction *e, const json_t *rows, bool passes)
{
	const char *state = swarm__json_string(e->record, "Status.State");
	char text[1024] = "";
	size_t stays = 0, used, i;
	json_t *row;

	if (strcmp(state, "ready") != 0)
		return json_sprintf("%s is %s: nothing on it can be moved, use drain", e->node.name,
				    state);
	json_array_foreach (swarm__json_iterable(rows), i, row) {
		used = strlen(text);
		if (strcmp(swarm__json_string(row, "way"), "stay") == 0 && stays++ < NAMED)
			snprintf(text + used, sizeof(text) - used, "%s%s: %s", used ? "; " : "",
				 swarm__json_string(row, "service"),
				 swarm__json_string(row, "why"));
	}
	if (!stays)
		return json_string("");
	used = strlen(text);
	if (stays > NAMED)
		snprintf(text + used, sizeof(text) - used, "; and %zu more", stays - NAMED);
	swarm__one_line(text);
	return json_sprintf("%s is not drained: %s; %sallow them by name, or use force",
			    e->node.name, text, passes ? "run it again when that is over, " : "");
}

/* Of a slip in a name nothing would show. */
static int check_allowed(const proof *p, const char *const *allow, swarm_error *err)
{
	for (size_t i = 0; allow && allow[i]; i++) {
		bool found = false;
		json_t *service;
		size_t k;

		json_array_foreach (p->services, k, service)
			found = found ||
				strcmp(swarm__json_string(service, "Spec.Name"), allow[i]) == 0;
		if (!found)
			return swarm__error(err, SWARM_E_INVAL, "allow: there is no service '%s'",
					    allow[i]);
	}
	return 0;
}

static int make_plan(const proof *p, swarm__eviction *e, json_t *rows, swarm_error *err)
{
	bool ready = strcmp(swarm__json_string(e->record, "Status.State"), "ready") == 0;
	bool passes = ready && p->passing && !p->lasting;
	json_t *refusal = make_refusal(e, rows, passes);
	json_t *plan = refusal ? json_pack("{s:s, s:s, s:s, s:O, s:O}", "id", e->node.id,
					   "hostname", e->node.name, "availability",
					   swarm__eviction_availability(e), "services", rows,
					   "refusal", refusal)
			       : NULL;

	json_decref(refusal);
	if (!plan)
		return swarm__nomem(err);
	json_decref(e->plan);
	e->plan = plan;
	e->passing = passes;
	return 0;
}

int swarm__proof_read(swarm_client *client, const swarm_evict_options *options,
		      const swarm__deadline *deadline, swarm__proof *ret, swarm_error *err)
{
	int rc;

	*ret = (swarm__proof){ 0 };
	rc = read_all(ret, client, deadline, err);
	if (!rc)
		rc = check_allowed(ret, options->allow, err);
	if (rc)
		return rc;
	ret->by_node = swarm__tasks_by(ret->tasks, "NodeID");
	if (!ret->by_node)
		return swarm__nomem(err);
	return swarm__room_open(&ret->room, ret->nodes, ret->tasks, ret->services, ret->volumes,
				err);
}

static int prove(proof *p, swarm_error *err)
{
	json_t *rows = json_array();
	int rc;

	p->passing = p->lasting = 0;
	swarm__room_reset(&p->room);
	swarm__room_leave_out(&p->room, p->e->node.id);
	rc = rows ? make_rows(p, &rows, err) : swarm__nomem(err);
	if (!rc)
		rc = make_plan(p, p->e, rows, err);
	json_decref(rows);
	return rc;
}

/* To say why some tasks do not fit takes a look at all nodes; that they do fit, only at a few. */
int swarm__proof_of(swarm__proof *p, swarm__eviction *e, bool brief, swarm_error *err)
{
	int rc;

	p->e = e;
	p->partial = false;
	p->room.brief = brief;
	rc = count_tasks(p, err);
	if (!rc)
		rc = prove(p, err);
	if (!rc && brief && p->partial) {
		p->room.brief = false;
		rc = prove(p, err);
	}
	return rc;
}

int swarm__evict_plan(swarm__eviction *e, swarm_error *err)
{
	swarm__proof SWARM__AUTO_PROOF p = { 0 };
	int rc = swarm__proof_read(e->node.client, e->options, &e->node.deadline, &p, err);

	return rc ? rc : swarm__proof_of(&p, e, false, err);
}

int swarm__evict_options_check(const swarm_evict_options *o, swarm_error *err)
{
	if (o->size != sizeof(*o))
		return swarm__error(err, SWARM_E_INVAL,
				    "options must start from SWARM_EVICT_OPTIONS_INIT");
	if (o->flags & ~(SWARM_EVICT_FORCE | SWARM_EVICT_DRAIN | SWARM_EVICT_WAIT) ||
	    o->timeout_ms < 0)
		return swarm__error(err, SWARM_E_INVAL,
				    "flags are SWARM_EVICT_, and timeout_ms is 0 or more");
	for (size_t i = 0; o->allow && o->allow[i]; i++)
		if (swarm__utf8_check("a name in allow", o->allow[i], err))
			return SWARM_E_INVAL;
	return swarm__utf8_check("reason", o->reason, err);
}
