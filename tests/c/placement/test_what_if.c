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
	  "1 task, all fit elsewhere",
	  NULL },
	{ "each of some", { "zone=b" }, 0, 1, "host3 down: 1 task, all fit elsewhere", "web 1/1" },
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

/* --- random swarms: each node in turn gives what each of them alone gives ------------------------------- */

typedef struct made {
	char *nodes, *services, *tasks;
} made;

static unsigned seed;

static int any(int count)
{
	seed = seed * 1103515245U + 12345U;
	return (int)(seed >> 16) % count;
}

enum { NODES = 5, SERVICES = 6, TASKS = 16 };

static char *dump(json_t *list)
{
	char *text = json_dumps(list, JSON_COMPACT);

	json_decref(list);
	return text;
}

static json_t *template_of(int service)
{
	return json_pack("{s:{s:{s:I}}, s:{s:i}}", "Resources", "Reservations", "MemoryBytes",
			 (json_int_t)(service % 3) * 150, "Placement", "MaxReplicas",
			 service == 4 ? 2 : 0);
}

static made make_swarm(void)
{
	json_t *nodes = json_array(), *services = json_array(), *tasks = json_array();
	char id[8], name[16], service[8], node[8];

	for (int i = 0; i < NODES; i++) {
		snprintf(id, sizeof(id), "n%d", i);
		snprintf(name, sizeof(name), "host%d", i);
		json_array_append_new(
			nodes,
			json_pack("{s:s, s:{s:s, s:s, s:{}}, s:{s:s}, s:{s:s, s:{s:I}}}", "ID", id,
				  "Spec", "Availability", any(5) ? "active" : "drain", "Role",
				  "worker", "Labels", "Status", "State", any(6) ? "ready" : "down",
				  "Description", "Hostname", name, "Resources", "MemoryBytes",
				  (json_int_t)600));
	}
	for (int i = 0; i < SERVICES; i++) {
		snprintf(id, sizeof(id), "s%d", i);
		json_array_append_new(
			services,
			json_pack("{s:s, s:{s:s, s:{s:{}}, s:o, s:{s:[{s:s, s:s, s:i}]}}}", "ID",
				  id, "Spec", "Name", id, "Mode", i == 5 ? "Global" : "Replicated",
				  "TaskTemplate", template_of(i), "EndpointSpec", "Ports",
				  "Protocol", "tcp", "PublishMode", i == 3 ? "host" : "ingress",
				  "PublishedPort", 80));
	}
	for (int i = 0; i < TASKS; i++) {
		int of = any(SERVICES);

		snprintf(id, sizeof(id), "t%d", i);
		snprintf(service, sizeof(service), "s%d", of);
		snprintf(node, sizeof(node), "n%d", any(NODES));
		json_array_append_new(
			tasks, json_pack("{s:s, s:s, s:s, s:s, s:{s:s}, s:o}", "ID", id,
					 "ServiceID", service, "NodeID", node, "DesiredState",
					 any(6) ? "running" : "shutdown", "Status", "State",
					 "running", "Spec", template_of(of)));
	}
	return (made){ dump(nodes), dump(services), dump(tasks) };
}

static fake_row give(void *payload, const char *request)
{
	const made *m = payload;

	if (strstr(request, "/nodes"))
		return (fake_row){ .reply = m->nodes };
	return (fake_row){ .reply = strstr(request, "/services") ? m->services : m->tasks };
}

static void without_fits(json_t *case_)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(case_, "services"), i, row)
		if (!json_integer_value(json_object_get(row, "homeless")))
			json_array_clear(json_object_get(row, "fits"));
}

/* Returns how many tasks are homeless. */
static int compare_ways(swarm_client *client, int drain)
{
	swarm_what_if_options options = SWARM_WHAT_IF_OPTIONS_INIT;
	json_t *all = NULL, *one;
	int homeless = 0;
	size_t i;

	options.each = 1;
	options.drain = drain;
	CHECK_INT(swarm_what_if(client, &options, &all, NULL), 0);
	options.each = 0;
	json_array_foreach (all, i, one) {
		json_t *names = json_object_get(one, "nodes"), *alone = NULL;
		const char *nodes[] = { json_string_value(json_array_get(names, 0)), NULL };

		options.nodes = nodes;
		CHECK_INT(swarm_what_if(client, &options, &alone, NULL), 0);
		without_fits(json_array_get(alone, 0));
		CHECK(json_equal(one, json_array_get(alone, 0)));
		homeless += (int)json_integer_value(json_object_get(one, "homeless"));
		json_decref(alone);
	}
	json_decref(all);
	return homeless;
}

static void each_is_as_alone(void)
{
	int homeless = 0, swarms = 40;

	for (int i = 0; i < swarms; i++) {
		swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
		swarm_client *client = NULL;
		fake_engine *engine;
		made m;

		seed = (unsigned)i;
		m = make_swarm();
		engine = fake_engine_start_with(give, &m);
		options.url = fake_engine_url(engine);
		options.api_version = "1.45";
		CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
		homeless += compare_ways(client, i % 2);
		swarm_client_free(client);
		fake_engine_stop(engine);
		free(m.nodes);
		free(m.services);
		free(m.tasks);
	}
	/* Both kinds of answers were compared. */
	CHECK(homeless > swarms);
}

static void arguments(void)
{
	static const struct {
		const char *node;
		int rc;
		const char *text;
	} bad[] = {
		{ "nobody", SWARM_E_NOT_FOUND,
		  "no node has the id or host name 'nobody' (see swarm.node_ls)" },
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

TEST_MAIN(TEST(who_loses_what), TEST(why_not), TEST(each_is_as_alone), TEST(arguments))
