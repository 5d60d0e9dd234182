/* SPDX-License-Identifier: Apache-2.0 */
/* The plan: which services are left as they are, and why. */
#include "evict/moving_swarm.h"

#define SERVICE(container, placement, order, mode)                                                 \
	"{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"web\"" container                        \
	"},\"Placement\":{" placement "}},\"Mode\":{\"" mode "\":{\"Replicas\":4}},"               \
	"\"UpdateConfig\":{\"Order\":\"" order "\"}}"

typedef struct plan_case {
	const char *name;
	const char *spec;
	const char *way; /* NULL: there is no row */
	const char *why;
	const char *update; /* the state of its update; NULL: none */
	int tasks;          /* 0: 4, all on n1 */
} plan_case;

static const plan_case services[] = {
	{ "moves", SERVICE("", "", "start-first", "Replicated"), "move", "" },
	{ "stop-first", SERVICE("", "", "stop-first", "Replicated"), "stay",
	  "its update order is stop-first: no task may run beside the one that it replaces" },
	{ "no order", SERVICE("", "", "", "Replicated"), "stay",
	  "its update order is stop-first: no task may run beside the one that it replaces" },
	{ "volume",
	  SERVICE(",\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"data\"}]", "", "start-first",
		  "Replicated"),
	  "stay", "it keeps its data on the nodes (volume data)" },
	{ "slot", SERVICE(",\"Env\":[\"N={{.Task.Slot}}\"]", "", "start-first", "Replicated"),
	  "stay", "its template uses .Task.Slot or .Task.Name, and new tasks have other numbers" },
	{ "preferences",
	  SERVICE("", "\"Preferences\":[{\"Spread\":{\"SpreadDescriptor\":\"node.labels.zone\"}}]",
		  "start-first", "Replicated"),
	  "stay",
	  "it has placement preferences, which the managers do not ask when they choose the tasks "
	  "that stop" },
	{ "updating", SERVICE("", "", "start-first", "Replicated"), "stay", "its update goes on",
	  "updating" },
	{ "paused", SERVICE("", "", "start-first", "Replicated"), "stay", "its update is paused",
	  "paused" },
	{ "one is missing", SERVICE("", "", "start-first", "Replicated"), "stay",
	  "3 of its 4 tasks run", NULL, 3 },
	{ "one is too many", SERVICE("", "", "start-first", "Replicated"), "stay",
	  "5 of its 4 tasks run", NULL, 5 },
	{ "global", SERVICE("", "", "start-first", "Global"), NULL, NULL },
	{ "job", SERVICE("", "", "start-first", "ReplicatedJob"), NULL, NULL },
	{ "no other node",
	  SERVICE("", "\"Constraints\":[\"node.id==n1\"]", "start-first", "Replicated"), NULL,
	  NULL },
	{ "stop-first and no other node",
	  SERVICE("", "\"Constraints\":[\"node.id==n1\"]", "stop-first", "Replicated"), NULL,
	  NULL },
};

static void try_case(const plan_case *c)
{
	json_t *plan = NULL, *row;
	moving_swarm s;
	fixture f;

	moving_start(&s);
	moving_service(&s, "s1", "web", c->spec);
	if (c->update)
		json_object_set_new(json_array_get(s.services, 0), "UpdateStatus",
				    json_pack("{s:s}", "State", c->update));
	for (int slot = 1; slot <= (c->tasks ? c->tasks : 4); slot++)
		moving_task(&s, "s1", slot, "n1");
	f = moving_setup(&s);
	CHECK_INT(swarm_rebalance_plan(f.client, NULL, &plan, &f.err), 0);
	row = json_array_get(plan, 0);
	CHECK_STR(text_of(row, "way", NULL), c->way ? c->way : "");
	CHECK_STR(text_of(row, "why", NULL), c->way ? c->why : "");
	CHECK_INT(json_array_size(json_object_get(row, "moves")),
		  c->way && strcmp(c->way, "move") == 0 ? 2 : 0);
	CHECK_INT(s.writes, 0);
	/* What may not be moved is left alone. */
	if (c->way && strcmp(c->way, "stay") == 0) {
		CHECK_INT(swarm_rebalance(f.client, NULL, NULL, &f.err), 0);
		CHECK_INT(s.writes, 0);
	}
	json_decref(plan);
	teardown(&f);
	moving_end(&s);
}

static void services_that_allow_it(void)
{
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		int before = test_failures;

		try_case(&services[i]);
		if (test_failures != before)
			printf("# %s\n", services[i].name);
	}
}

/* n2 takes one and no more, n3 is paused: two of the four stay where they fit. */
static void only_as_many_as_fit(void)
{
	json_t *plan = NULL, *moves;
	moving_swarm s;
	fixture f;

	moving_start(&s);
	moving_service(&s, "s1", "web",
		       SERVICE("", "\"MaxReplicas\":1", "start-first", "Replicated"));
	json_object_set_new(json_object_get(moving_find(s.nodes, "n3"), "Spec"), "Availability",
			    json_string("pause"));
	for (int slot = 1; slot <= 4; slot++)
		moving_task(&s, "s1", slot, "n1");
	f = moving_setup(&s);
	CHECK_INT(swarm_rebalance_plan(f.client, NULL, &plan, &f.err), 0);
	moves = json_object_get(json_array_get(plan, 0), "moves");
	CHECK_INT(json_array_size(moves), 1);
	CHECK_STR(text_of(json_array_get(moves, 0), "from", NULL), "worker1");
	CHECK_STR(text_of(json_array_get(moves, 0), "to", NULL), "worker2");
	CHECK_INT(json_integer_value(json_object_get(json_array_get(moves, 0), "tasks")), 1);
	json_decref(plan);
	teardown(&f);
	moving_end(&s);
}

TEST_MAIN(TEST(services_that_allow_it), TEST(only_as_many_as_fit))
