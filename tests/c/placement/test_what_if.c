/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of the services if nodes go. */
#include "test_cluster.h"

#define NODE(id, name, labels, more)                                                               \
	"{\"ID\":\"" id "\",\"Spec\":{\"Availability\":\"active\",\"Role\":\"worker\",\"Labels\":" \
	"{" labels "}},\"Status\":{\"State\":\"ready\"},\"Description\":{\"Hostname\":\"" name     \
	"\",\"Resources\":{\"NanoCPUs\":2000000000,\"MemoryBytes\":1073741824}}" more "}"
#define ZONE(name) "\"zone\":\"" name "\""
#define MANAGES(leader) ",\"ManagerStatus\":{\"Leader\":" leader ",\"Reachability\":\"reachable\"}"
#define NODES_LIST                                                                                 \
	"[" NODE("n1", "host1", ZONE("a"), MANAGES("true")) "," NODE(                              \
		"n2", "host2", ZONE("a"), MANAGES("false")) "," NODE("n3", "host3", ZONE("b"),     \
								     MANAGES("false")) "]"
#define SERVICE(id, name, mode, template, ports)                                                   \
	"{\"ID\":\"" id "\",\"Spec\":{\"Name\":\"" name "\",\"Mode\":{\"" mode                     \
	"\":{}},\"TaskTemplate\":{" template "},\"EndpointSpec\":{" ports "}}}"
#define HOST_PORT "\"Ports\":[{\"Protocol\":\"tcp\",\"PublishedPort\":80,\"PublishMode\":\"host\"}]"
#define MEMORY(bytes) "\"Resources\":{\"Reservations\":{\"MemoryBytes\":" bytes "}}"
#define TASK(id, service, node, template, desired)                                                 \
	"{\"ID\":\"" id "\",\"ServiceID\":\"" service "\",\"NodeID\":\"" node                      \
	"\",\"DesiredState\":\"" desired                                                           \
	"\",\"Status\":{\"State\":\"running\"},\"Spec\":{" template "}}"
#define BIG MEMORY("700000000")
#define SERVICES_LIST                                                                              \
	"[" SERVICE("s1", "web", "Replicated", "", "") "," SERVICE(                                \
		"s2", "port", "Replicated", "",                                                    \
		HOST_PORT) "," SERVICE("s3", "big", "Replicated", BIG,                             \
				       "") "," SERVICE("s4", "agent", "Global", "", "") "]"
#define TASKS_LIST                                                                                                        \
	"[" TASK("t1", "s1", "n1", "", "running") "," TASK("t2", "s1", "n3", "", "running") "," TASK(                     \
		"t3", "s2", "n1", "",                                                                                     \
		"running") "," TASK("t4", "s2", "n2", "",                                                                 \
				    "running") "," TASK("t5", "s3", "n1", BIG,                                            \
							"running") "," TASK("t6", "s3", "n2", BIG,                        \
									    "running") "," TASK("t7",                     \
												"s4",                     \
												"n1",                     \
												"",                       \
												"running") "," TASK("t8", \
														    "s1", \
														    "n1", \
														    "",   \
														    "shutdown") "]"

static const fake_row rows[] = {
	{ "GET " API "/nodes", .reply = NODES_LIST },
	{ "GET " API "/services", .reply = SERVICES_LIST },
	{ "GET " API "/tasks", .reply = TASKS_LIST },
	{ NULL },
};

static const struct {
	const char *name;
	const char *nodes[3];
	int drain;
	int each;
	const char *texts;
	const char *services; /* of the first case */
} table[] = {
	{ "one node: all fit on the others",
	  { "host1" },
	  0,
	  0,
	  "host1 down: 4 tasks, all fit elsewhere",
	  "big 1/1 agent 0/1 global port 1/1 web 1/1" },
	{ "by id", { "n1" }, 0, 0, "host1 down: 4 tasks, all fit elsewhere", NULL },
	{ "two nodes: what one takes the other cannot",
	  { "host1", "host2" },
	  0,
	  0,
	  "host1, host2 down: 6 tasks, of which these may fit nowhere: big (1 of 2), port (1 of 2); "
	  "the managers lose their quorum",
	  "big 1/2 agent 0/1 global port 1/2 web 1/1" },
	{ "a drain keeps the managers",
	  { "host1", "host2" },
	  1,
	  0,
	  "host1, host2 drained: 6 tasks, of which these may fit nowhere: big (1 of 2), port (1 of 2)",
	  NULL },
	{ "by a label",
	  { "zone=a" },
	  1,
	  0,
	  "host1, host2 drained: 6 tasks, of which these may fit nowhere: big (1 of 2), port (1 of 2)",
	  NULL },
	{ "each of all",
	  { NULL },
	  0,
	  1,
	  "host1 down: 4 tasks, all fit elsewhere|host2 down: 2 tasks, all fit elsewhere|host3 down: "
	  "1 tasks, all fit elsewhere",
	  NULL },
	{ "each of some", { "zone=b" }, 0, 1, "host3 down: 1 tasks, all fit elsewhere", "web 1/1" },
};

static void join_texts(const json_t *cases, char *text)
{
	const json_t *one;
	size_t i;

	*text = '\0';
	json_array_foreach ((json_t *)cases, i, one)
		sprintf(text + strlen(text), "%s%s", i ? "|" : "",
			json_string_value(json_object_get(one, "text")));
}

static void join_services(const json_t *one, char *text)
{
	const json_t *row;
	size_t i;

	*text = '\0';
	json_array_foreach (json_object_get(one, "services"), i, row) {
		const char *mode = json_string_value(json_object_get(row, "mode"));

		sprintf(text + strlen(text), "%s%s %d/%d%s", i ? " " : "",
			json_string_value(json_object_get(row, "service")),
			(int)json_integer_value(json_object_get(row, "placed")),
			(int)json_integer_value(json_object_get(row, "tasks")),
			strcmp(mode, "global") == 0 ? " global" : "");
	}
}

static void who_loses_what(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm_what_if_options options = SWARM_WHAT_IF_OPTIONS_INIT;
		json_t *found = NULL;
		fixture f = setup(rows);
		char text[2048];

		test_row = table[i].name;
		options.nodes = table[i].nodes[0] ? table[i].nodes : NULL;
		options.drain = table[i].drain;
		options.each = table[i].each;
		CHECK_INT(swarm_what_if(f.client, &options, &found, &f.err), 0);
		CHECK_STR(f.err.text, "");
		join_texts(found, text);
		CHECK_STR(text, table[i].texts);
		join_services(json_array_get(found, 0), text);
		if (table[i].services)
			CHECK_STR(text, table[i].services);
		json_decref(found);
		teardown(&f);
	}
}

static void why_not(void)
{
	static const char *const nodes[] = { "host1", "host2", NULL };
	swarm_what_if_options options = SWARM_WHAT_IF_OPTIONS_INIT;
	json_t *found = NULL, *row;
	fixture f = setup(rows);

	options.nodes = nodes;
	CHECK_INT(swarm_what_if(f.client, &options, &found, &f.err), 0);
	row = json_array_get(json_object_get(json_array_get(found, 0), "services"), 0);
	CHECK_STR(json_string_value(json_object_get(row, "service")), "big");
	CHECK_INT(json_integer_value(json_object_get(row, "homeless")), 1);
	CHECK_STR(json_string_value(json_array_get(json_object_get(row, "fits"), 0)), "host3");
	json_decref(found);
	teardown(&f);
}

static void arguments(void)
{
	static const struct {
		const char *node;
		int rc;
		const char *text;
	} bad[] = {
		{ "nobody", SWARM_E_NOT_FOUND, "no node has the id or host name 'nobody'" },
		{ "zone=c", SWARM_E_NOT_FOUND, "no node has the label 'zone=c'" },
	};
	const fake_row none[] = { { NULL } };
	swarm_what_if_options options = SWARM_WHAT_IF_OPTIONS_INIT;
	json_t *found = NULL;
	fixture f;

	for (size_t i = 0; i < 2; i++) {
		const char *const nodes[] = { bad[i].node, NULL };

		f = setup(rows);
		options.nodes = nodes;
		CHECK_INT(swarm_what_if(f.client, &options, &found, &f.err), bad[i].rc);
		CHECK_STR(f.err.text, bad[i].text);
		teardown(&f);
	}
	f = setup(none);
	options.nodes = NULL;
	CHECK_INT(swarm_what_if(f.client, &options, &found, &f.err), SWARM_E_INVAL);
	CHECK_STR(f.err.text, "name the nodes, or ask for each");
	CHECK_INT(swarm_what_if(f.client, NULL, &found, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_what_if(f.client, &options, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_what_if(NULL, &options, &found, NULL), SWARM_E_INVAL);
	CHECK(found == NULL);
	teardown(&f);
}

TEST_MAIN(TEST(who_loses_what), TEST(why_not), TEST(arguments))
