/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A swarm of three nodes that moves tasks as the managers do, behind a fake engine: constraints,
 * availabilities, updates. Linked with wrappers of nanosleep() and clock_gettime(): a wait takes no time.
 */
#ifndef SWARM_TEST_MOVING_SWARM_H
#define SWARM_TEST_MOVING_SWARM_H

#include "test_cluster.h"

#include <jansson.h>
#include <time.h>

enum { TEXT = 1 << 16, FOREVER = 1 << 20 };

typedef struct moving_swarm {
	json_t *nodes;
	json_t *services;
	json_t *tasks;
	int requests;
	int writes;
	int lost; /* tasks that ran and were killed without a replacement */
	int next_id;
	int dies_at;             /* the engine answers no request from this one on; 0: it lives */
	bool dies_after;         /* the first of those is carried out, and its answer is lost */
	const char *update_ends; /* state of each update that has tasks to replace */
	int update_looks;        /* reads of the service before it has that state */
	int looks;
	bool scales; /* the number of tasks follows that of the replicas */
	const char
		*stuck; /* id of the node where new tasks do not run; "": they find none; or NULL */
	const char *
		hand; /* "activate", "constraint", "remove" or "scale": done after this many writes: */
	int hand_at;
	int heals_in;  /* reads of the tasks until those that prepare run, and updates have ended */
	int healed_at; /* writes until then */
	char text[TEXT];
} moving_swarm;

/* --- time ------------------------------------------------------------------------------------------- */

static int64_t slept_ns;
int __real_clock_gettime(clockid_t clock, struct timespec *ret_now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now);
int __wrap_nanosleep(const struct timespec *time, struct timespec *ret_left);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now)
{
	int rc = __real_clock_gettime(clock, ret_now);
	int64_t ns = ret_now->tv_nsec + slept_ns % 1000000000;

	ret_now->tv_sec += slept_ns / 1000000000 + ns / 1000000000;
	ret_now->tv_nsec = ns % 1000000000;
	return rc;
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *ret_left)
{
	(void)ret_left;
	slept_ns += time->tv_sec * 1000000000 + time->tv_nsec;
	return 0;
}

/* --- reading ---------------------------------------------------------------------------------------- */

static inline const char *text_of(const json_t *object, const char *first, const char *second)
{
	const json_t *inner = second ? json_object_get(object, first) : object;
	const char *text = json_string_value(json_object_get(inner, second ? second : first));

	return text ? text : "";
}

/* A node by id or host name, a service by id. */
static inline json_t *moving_find(const json_t *list, const char *ref)
{
	json_t *one;
	size_t i;

	json_array_foreach ((json_t *)list, i, one)
		if (strcmp(text_of(one, "ID", NULL), ref) == 0 ||
		    strcmp(text_of(one, "Description", "Hostname"), ref) == 0)
			return one;
	return NULL;
}

static inline bool is_wanted(const json_t *task)
{
	return strcmp(text_of(task, "DesiredState", NULL), "running") == 0;
}

static inline bool runs_on(const json_t *task, const char *node)
{
	return is_wanted(task) && strcmp(text_of(task, "NodeID", NULL), node) == 0;
}

static inline const char *availability_of(const json_t *node)
{
	return text_of(node, "Spec", "Availability");
}

static inline json_t *placement_of(const json_t *service)
{
	return json_object_get(json_object_get(json_object_get(service, "Spec"), "TaskTemplate"),
			       "Placement");
}

static inline bool is_kept_off(const json_t *service, const char *node)
{
	char against[64];
	json_t *one;
	size_t i;

	snprintf(against, sizeof(against), "node.id!=%s", node);
	json_array_foreach (json_object_get(placement_of(service), "Constraints"), i, one)
		if (strcmp(json_string_value(one), against) == 0)
			return true;
	return false;
}

static inline bool is_global(const json_t *service)
{
	return json_object_get(json_object_get(json_object_get(service, "Spec"), "Mode"), "Global");
}

/* --- what the managers do ------------------------------------------------------------------------------ */

static inline void stop_task(json_t *task)
{
	json_object_set_new(task, "DesiredState", json_string("shutdown"));
	json_object_set_new(json_object_get(task, "Status"), "State", json_string("shutdown"));
}

static inline json_t *moving_task(moving_swarm *s, const char *service, int slot, const char *node)
{
	char id[32];
	json_t *task;

	snprintf(id, sizeof(id), "t%d", ++s->next_id);
	task = json_pack("{s:s, s:s, s:i, s:s, s:s, s:{s:s}}", "ID", id, "ServiceID", service,
			 "Slot", slot, "NodeID", node, "DesiredState", "running", "Status", "State",
			 "running");
	json_array_append_new(s->tasks, task);
	return task;
}

/* NULL: none takes it. */
static inline json_t *place_for(moving_swarm *s, const json_t *service)
{
	json_t *node;
	size_t i;

	json_array_foreach (s->nodes, i, node)
		if (strcmp(availability_of(node), "active") == 0 &&
		    !is_kept_off(service, text_of(node, "ID", NULL)))
			return node;
	return NULL;
}

static inline void replace_task(moving_swarm *s, const json_t *service, json_t *task)
{
	json_t *node = is_global(service) ? NULL : place_for(s, service);
	int slot = (int)json_integer_value(json_object_get(task, "Slot"));

	stop_task(task);
	if (node)
		moving_task(s, text_of(service, "ID", NULL), slot, text_of(node, "ID", NULL));
	else
		s->lost += !is_global(service);
}

/* --- more or fewer replicas ------------------------------------------------------------------------------ */

static inline int moving_count(const moving_swarm *s, const json_t *service, const char *node)
{
	int count = 0;
	json_t *task;
	size_t i;

	json_array_foreach (s->tasks, i, task)
		count += (node ? runs_on(task, node) : is_wanted(task)) &&
			 strcmp(text_of(task, "ServiceID", NULL), text_of(service, "ID", NULL)) ==
				 0;
	return count;
}

static inline int moving_free_slot(const moving_swarm *s, const json_t *service)
{
	json_t *task;
	size_t i;

	for (int slot = 1;; slot++) {
		bool taken = false;

		json_array_foreach (s->tasks, i, task)
			taken = taken ||
				(is_wanted(task) &&
				 strcmp(text_of(task, "ServiceID", NULL),
					text_of(service, "ID", NULL)) == 0 &&
				 json_integer_value(json_object_get(task, "Slot")) == slot);
		if (!taken)
			return slot;
	}
}

/* On the node with the fewest. */
static inline void moving_add(moving_swarm *s, const json_t *service)
{
	const char *where = "";
	json_t *node, *task;
	size_t i;
	int low = 0;

	json_array_foreach (s->nodes, i, node) {
		const char *id = text_of(node, "ID", NULL);
		int count = moving_count(s, service, id);

		if (strcmp(availability_of(node), "active") == 0 && !is_kept_off(service, id) &&
		    (!*where || count < low)) {
			where = id;
			low = count;
		}
	}
	if (s->stuck && !*s->stuck)
		where = "";
	task = moving_task(s, text_of(service, "ID", NULL), moving_free_slot(s, service), where);
	if (s->stuck && strcmp(s->stuck, where) == 0)
		json_object_set_new(json_object_get(task, "Status"), "State",
				    json_string(*where ? "preparing" : "pending"));
}

/*
 * What has no node goes first, then what is on the node with the most, and there what does not run. It is a
 * loss if one goes that runs, and another one stays that does not.
 */
static inline void moving_drop(moving_swarm *s, const json_t *service)
{
	json_t *found = NULL, *task;
	bool others = false, runs;
	int most = 0;
	size_t i;

	json_array_foreach (s->tasks, i, task) {
		const char *node = text_of(task, "NodeID", NULL);
		int count = *node ? moving_count(s, service, node) * 2 : 1000;

		if (!is_wanted(task) ||
		    strcmp(text_of(task, "ServiceID", NULL), text_of(service, "ID", NULL)) != 0)
			continue;
		runs = strcmp(text_of(task, "Status", "State"), "running") == 0;
		if (count + !runs >= most) {
			most = count + !runs;
			found = task;
		}
	}
	runs = strcmp(text_of(found, "Status", "State"), "running") == 0;
	stop_task(found);
	json_array_foreach (s->tasks, i, task)
		others = others || (is_wanted(task) &&
				    strcmp(text_of(task, "Status", "State"), "running") != 0);
	s->lost += runs && others;
}

static inline void moving_scale(moving_swarm *s, const json_t *service)
{
	const json_t *mode = json_object_get(json_object_get(service, "Spec"), "Mode");
	json_t *replicas = json_object_get(json_object_get(mode, "Replicated"), "Replicas");
	int wanted = (int)json_integer_value(replicas);

	if (!replicas)
		return;
	while (moving_count(s, service, NULL) < wanted)
		moving_add(s, service);
	while (moving_count(s, service, NULL) > wanted)
		moving_drop(s, service);
}

/* The updater: only tasks whose node the constraints reject, and only if the update gets on. */
static inline void roll_out(moving_swarm *s, json_t *service)
{
	json_t *status = json_object_get(service, "UpdateStatus");
	size_t count = json_array_size(s->tasks);
	bool done = strcmp(s->update_ends, "completed") == 0;

	if (strcmp(text_of(status, "State", NULL), "updating") != 0)
		return;
	if (s->looks++ < s->update_looks)
		return;
	for (size_t i = 0; done && i < count; i++) {
		json_t *task = json_array_get(s->tasks, i);

		if (strcmp(text_of(task, "ServiceID", NULL), text_of(service, "ID", NULL)) == 0 &&
		    is_wanted(task) && is_kept_off(service, text_of(task, "NodeID", NULL)))
			replace_task(s, service, task);
	}
	json_object_set_new(status, "State", json_string(s->update_ends));
	json_object_set_new(status, "Message", json_string("update said so"));
	if (strncmp(s->update_ends, "rollback", 8) == 0)
		json_object_set(service, "Spec", json_object_get(service, "PreviousSpec"));
}

/* The constraint enforcer and the drain. */
static inline void enforce(moving_swarm *s, const json_t *node)
{
	const char *id = text_of(node, "ID", NULL);
	size_t count = json_array_size(s->tasks);

	for (size_t i = 0; i < count; i++) {
		json_t *task = json_array_get(s->tasks, i);
		json_t *service = moving_find(s->services, text_of(task, "ServiceID", NULL));

		if (!runs_on(task, id))
			continue;
		if (strcmp(availability_of(node), "drain") == 0) {
			replace_task(s, service, task);
		} else if (strcmp(availability_of(node), "active") == 0 &&
			   is_kept_off(service, id)) {
			s->lost++;
			stop_task(task);
		}
	}
}

/* What a global service and the lost tasks get when a node comes back. */
static inline void refill(moving_swarm *s, const json_t *node)
{
	json_t *service;
	size_t i, k;

	if (strcmp(availability_of(node), "active") != 0)
		return;
	json_array_foreach (s->services, i, service) {
		bool there = false;
		json_t *task;

		json_array_foreach (s->tasks, k, task)
			there = there || (runs_on(task, text_of(node, "ID", NULL)) &&
					  strcmp(text_of(task, "ServiceID", NULL),
						 text_of(service, "ID", NULL)) == 0);
		if (is_global(service) && !there)
			moving_task(s, text_of(service, "ID", NULL), 0, text_of(node, "ID", NULL));
	}
}

/* --- requests --------------------------------------------------------------------------------------------- */

static inline void count_version(json_t *object)
{
	json_t *version = json_object_get(object, "Version");

	json_object_set_new(
		version, "Index",
		json_integer(json_integer_value(json_object_get(version, "Index")) + 1));
}

static inline fake_row answer_json(moving_swarm *s, const json_t *json)
{
	size_t size = json_dumpb(json, s->text, TEXT - 1, JSON_COMPACT);

	s->text[size < TEXT ? size : 0] = '\0';
	return (fake_row){ .reply = s->text };
}

static inline bool is_out_of_turn(const json_t *object, const char *target)
{
	const char *version = strstr(target, "version=");
	json_t *index = json_object_get(json_object_get(object, "Version"), "Index");

	return !version || strtoll(version + 8, NULL, 10) != json_integer_value(index);
}

static inline void moving_prepare(json_t *task)
{
	json_object_set_new(json_object_get(task, "Status"), "State", json_string("preparing"));
}

/* What was short of a task for a moment is whole. */
static inline void heal(moving_swarm *s)
{
	json_t *one;
	size_t i;

	if (!s->heals_in || --s->heals_in)
		return;
	s->healed_at = s->writes;
	json_array_foreach (s->tasks, i, one)
		if (strcmp(text_of(one, "Status", "State"), "preparing") == 0)
			json_object_set_new(json_object_get(one, "Status"), "State",
					    json_string("running"));
	json_array_foreach (s->services, i, one)
		if (json_object_get(one, "UpdateStatus"))
			json_object_set_new(json_object_get(one, "UpdateStatus"), "State",
					    json_string("completed"));
}

/* Another hand's change, between two of ours. */
static inline void interfere(moving_swarm *s)
{
	json_t *node = moving_find(s->nodes, "n1");
	json_t *service = json_array_get(s->services, 0);

	if (!s->hand || s->writes != s->hand_at)
		return;
	if (strcmp(s->hand, "activate") == 0) {
		json_object_set_new(json_object_get(node, "Spec"), "Availability",
				    json_string("active"));
		count_version(node);
	} else if (strcmp(s->hand, "remove") == 0) {
		json_array_remove(s->services, 0);
	} else if (strcmp(s->hand, "scale") == 0) {
		json_t *mode = json_object_get(json_object_get(service, "Spec"), "Mode");

		json_object_set_new(json_object_get(mode, "Replicated"), "Replicas",
				    json_integer(4));
		moving_prepare(moving_task(s, "s1", 4, "n3"));
		count_version(service);
	} else {
		json_object_set(service, "Spec", json_object_get(service, "PreviousSpec"));
		count_version(service);
	}
	s->hand = NULL;
}

static inline fake_row write_object(moving_swarm *s, json_t *object, bool is_node,
				    const char *target, const char *body)
{
	json_t *spec;

	if (!object)
		return (fake_row){ .status = 404, .reply = MESSAGE("not found") };
	if (is_out_of_turn(object, target))
		return (fake_row){ .status = 500, .reply = MESSAGE(SEQUENCE_TEXT) };
	spec = json_loads(body, 0, NULL);
	s->writes++;
	count_version(object);
	if (!is_node)
		json_object_set(object, "PreviousSpec", json_object_get(object, "Spec"));
	json_object_set_new(object, "Spec", spec);
	if (is_node) {
		enforce(s, object);
		refill(s, object);
		return (fake_row){ .reply = "" };
	}
	json_object_del(object, "UpdateStatus");
	if (s->scales)
		moving_scale(s, object);
	s->looks = 0;
	for (size_t i = 0; i < json_array_size(s->tasks); i++) {
		json_t *task = json_array_get(s->tasks, i);

		if (is_wanted(task) && is_kept_off(object, text_of(task, "NodeID", NULL)) &&
		    strcmp(text_of(task, "ServiceID", NULL), text_of(object, "ID", NULL)) == 0)
			json_object_set_new(object, "UpdateStatus",
					    json_pack("{s:s, s:s}", "State", "updating",
						      "StartedAt", "2026-11-30T12:00:00Z"));
	}
	return (fake_row){ .reply = "{}" };
}

static inline fake_row carry_out(moving_swarm *s, const char *request)
{
	char method[8], target[1024], ref[64] = "", what[16] = "";
	const char *body = strstr(request, "\r\n\r\n") + 4;
	json_t *object;

	sscanf(request, "%7s " API "%1023s", method, target);
	sscanf(target, "/%15[a-z]/%63[A-Za-z0-9]", what, ref);
	if (strncmp(target, "/events", 7) == 0)
		return (fake_row){ .status = 500, .reply = MESSAGE("no events today") };
	if (strncmp(target, "/tasks", 6) == 0) {
		heal(s);
		return answer_json(s, s->tasks);
	}
	object = strcmp(what, "nodes") == 0 ? s->nodes : s->services;
	if (!*ref)
		return answer_json(s, object);
	object = moving_find(object, ref);
	if (strcmp(method, "POST") == 0)
		return write_object(s, object, strcmp(what, "nodes") == 0, target, body);
	if (!object)
		return (fake_row){ .status = 404, .reply = MESSAGE("not found") };
	interfere(s);
	if (strcmp(what, "services") == 0)
		roll_out(s, object);
	return answer_json(s, object);
}

static inline fake_row moving_answer(void *payload, const char *request)
{
	moving_swarm *s = payload;
	bool dead = s->dies_at && ++s->requests >= s->dies_at;
	fake_row row = { .reply = "" };

	if (!dead || (s->dies_after && s->requests == s->dies_at))
		row = carry_out(s, request);
	if (dead)
		row = (fake_row){ .reply = "", .fault = FAKE_CLOSE_AT };
	return row;
}

/* --- a swarm ------------------------------------------------------------------------------------------------ */

static inline json_t *moving_json(const char *text)
{
	json_error_t where;
	json_t *json = json_loads(text, JSON_DECODE_ANY, &where);

	if (!json) {
		printf("Bail out! %s: %s\n", where.text, text);
		exit(99);
	}
	return json;
}

/* spec: all of it but the name. */
static inline void moving_service(moving_swarm *s, const char *id, const char *name,
				  const char *spec)
{
	json_t *service = json_pack("{s:s, s:{s:i}, s:o}", "ID", id, "Version", "Index", 7, "Spec",
				    moving_json(spec));

	json_object_set_new(json_object_get(service, "Spec"), "Name", json_string(name));
	json_array_append_new(s->services, service);
}

static inline void moving_start(moving_swarm *s)
{
	*s = (moving_swarm){ .services = json_array(),
			     .tasks = json_array(),
			     .nodes = json_array(),
			     .update_ends = "completed",
			     .update_looks = 1,
			     .hand_at = 2 };
	for (int i = 1; i <= 3; i++) {
		char id[8], name[16];

		snprintf(id, sizeof(id), "n%d", i);
		snprintf(name, sizeof(name), "worker%d", i);
		json_array_append_new(
			s->nodes,
			json_pack("{s:s, s:{s:i}, s:{s:s, s:s, s:{s:s}}, s:{s:s}, s:{s:s}}", "ID",
				  id, "Version", "Index", 3, "Spec", "Role", "worker",
				  "Availability", "active", "Labels", "zone", "a", "Description",
				  "Hostname", name, "Status", "State", "ready"));
	}
}

static inline void moving_end(moving_swarm *s)
{
	json_decref(s->nodes);
	json_decref(s->services);
	json_decref(s->tasks);
}

static inline fixture moving_setup(moving_swarm *s)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	fixture f = { .engine = fake_engine_start_with(moving_answer, s) };

	options.url = fake_engine_url(f.engine);
	options.api_version = "1.45";
	if (swarm_client_new(&options, &f.client, &f.err) != 0) {
		printf("Bail out! no client: %s\n", f.err.text);
		exit(99);
	}
	return f;
}

#endif
