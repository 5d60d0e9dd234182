/* SPDX-License-Identifier: Apache-2.0 */
/* Why a task gets no node: what the rules in C say, beside what the engine's scheduler does. */
#include "live.h"

/* --- live placement IMAGE WORKER ------------------------------------------------------------------ */

#define NAME "live-why"
#define SLEEP "exec /bin/busybox sleep 1000"

static void create(json_t *placement, json_t *resources)
{
	json_auto_t *spec = live_service(NAME, live_arg[0], SLEEP, 2);
	json_t *task = json_object_get(spec, "TaskTemplate");

	json_object_set_new(task, "Placement", placement);
	json_object_set_new(task, "Resources", resources);
	WORKS(swarm_object_create(live_client, SWARM_KIND_SERVICE, spec, NULL, 0, NULL, &err));
}

static void end(void)
{
	WORKS(swarm_object_remove(live_client, SWARM_KIND_SERVICE, NAME, 0, &err));
}

/*
 * The one answer for both tasks, new reference; NULL if there is none. The scheduler writes its
 * error a moment after the task is there.
 */
static json_t *why(void)
{
	for (int i = 0; i < 100; i++) {
		json_t *told = NULL, *entry;

		if (!WORKS(swarm_task_why(live_client, NAME, 0, &told, &err)))
			return NULL;
		entry = json_incref(json_array_get(told, 0));
		json_decref(told);
		if (*live_text(entry, "task", "error"))
			return entry;
		json_decref(entry);
		usleep(200000);
	}
	CHECK(!"a task that waits");
	return NULL;
}

/* Is part in what is said of the worker, and of the other nodes where all is set? */
static void rejected(const json_t *entry, const char *part, bool all)
{
	json_t *nodes = json_object_get(entry, "nodes");
	json_t *node;
	size_t i;

	CHECK_INT(json_array_size(nodes), 4);
	json_array_foreach (nodes, i, node) {
		const char *name = json_string_value(json_object_get(node, "hostname"));
		const char *text = json_string_value(json_object_get(node, "rejected"));

		if (all || strcmp(name, live_arg[1]) == 0)
			CHECK_PART(text, part);
	}
}

/* The rule names what is missing; once it is there, the scheduler is content too. */
static void constraint(void)
{
	const swarm_pair labels[] = { { "why", "b" }, { NULL, NULL } };
	json_auto_t *entry = NULL;
	json_auto_t *after = NULL;

	create(json_pack("{s:[s]}", "Constraints", "node.labels.why==b"), json_object());
	entry = why();
	live_note("a constraint that no node fits", live_text(entry, "task", "error"));
	CHECK_PART(live_text(entry, "task", "error"), "no suitable node");
	CHECK_INT(json_integer_value(json_object_get(entry, "count")), 2);
	rejected(entry, "constraint node.labels.why==b (the node has none)", true);
	WORKS(swarm_node_label(live_client, live_arg[1], labels, 0, NULL, &err));
	WORKS(swarm_service_wait(live_client, NAME, 90000, NULL, &err));
	if (WORKS(swarm_task_why(live_client, NAME, 0, &after, &err)))
		CHECK_INT(json_array_size(after), 0);
	end();
}

static void availability_and_memory(void)
{
	json_auto_t *drain = json_pack("{s:s}", "Availability", "drain");
	json_auto_t *active = json_pack("{s:s}", "Availability", "active");
	json_auto_t *entry = NULL;

	WORKS(swarm_node_update(live_client, live_arg[1], drain, 0, NULL, &err));
	create(json_object(),
	       json_pack("{s:{s:I}}", "Reservations", "MemoryBytes", (json_int_t)1 << 50));
	entry = why();
	live_note("too much memory reserved", live_text(entry, "task", "error"));
	rejected(entry, "MiB of memory requested", true);
	rejected(entry, "its availability is drain", false);
	WORKS(swarm_node_update(live_client, live_arg[1], active, 0, NULL, &err));
	end();
}

/* The first of the tasks is on the one node, which takes no more of them. */
static void most_on_a_node(void)
{
	char constraint[128];
	json_auto_t *entry = NULL;

	snprintf(constraint, sizeof(constraint), "node.hostname==%s", live_arg[1]);
	create(json_pack("{s:[s], s:i}", "Constraints", constraint, "MaxReplicas", 1),
	       json_object());
	entry = why();
	live_note("no node takes more", live_text(entry, "task", "error"));
	CHECK_INT(json_integer_value(json_object_get(entry, "count")), 1);
	rejected(entry, "it has 1 of at most 1 tasks of the service", false);
	end();
}

int live_placement(void)
{
	static const test_case cases[] = {
		TEST(constraint),
		TEST(availability_and_memory),
		TEST(most_on_a_node),
	};

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}
