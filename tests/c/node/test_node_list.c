/* SPDX-License-Identifier: Apache-2.0 */
/* Node views and their type checks, finding a node, and reading one. */
#include "test_cluster.h"

#define NODES "GET " API "/nodes"

static void views(void)
{
	const fake_row rows[] = {
		{ NODES,
		  .reply = "[{\"ID\":\"m1\",\"Version\":{\"Index\":9},"
			   "\"Spec\":{\"Labels\":{\"zone\":\"a\"},"
			   "\"Role\":\"manager\",\"Availability\":\"drain\"},\"Description\":{"
			   "\"Hostname\":\"manager1\",\"Engine\":{\"EngineVersion\":\"26.1.5\"},"
			   "\"Unknown\":[1]},\"Status\":{\"State\":\"ready\",\"Message\":\"fine\","
			   "\"Addr\":\"10.0.0.1\"},\"ManagerStatus\":{\"Leader\":true,"
			   "\"Reachability\":\"reachable\",\"Addr\":\"10.0.0.1:2377\"}},"
			   "{\"ID\":\"w1\",\"Spec\":{\"Labels\":null,\"Role\":\"worker\"},"
			   "\"Description\":null,\"Status\":{\"State\":\"down\","
			   "\"Message\":null}}]" },
		{ NULL },
	};
	fixture f = setup(rows);
	swarm_node_list *list = NULL;

	if (CHECK_INT(swarm_node_list_get(f.client, 0, &list, &f.err), 0) &&
	    CHECK_INT((long long)list->count, 2)) {
		const swarm_node *m = &list->nodes[0], *w = &list->nodes[1];

		CHECK_STR(m->id, "m1");
		CHECK_STR(m->hostname, "manager1");
		CHECK_STR(m->role, "manager");
		CHECK_STR(m->availability, "drain");
		CHECK_STR(m->state, "ready");
		CHECK_STR(m->message, "fine");
		CHECK_STR(m->addr, "10.0.0.1");
		CHECK_STR(m->engine_version, "26.1.5");
		CHECK_INT(m->member, 1);
		CHECK_INT(m->leader, 1);
		CHECK_STR(m->reachability, "reachable");
		CHECK_STR(m->manager_addr, "10.0.0.1:2377");
		CHECK_STR(swarm_label_get(m->labels, "zone"), "a");
		CHECK_STR(w->id, "w1");
		CHECK_STR(w->hostname, "");
		CHECK_STR(w->availability, "");
		CHECK_STR(w->message, "");
		CHECK_STR(w->engine_version, "");
		CHECK_INT(w->member, 0);
		CHECK_INT(w->leader, 0);
		CHECK_STR(w->reachability, "");
		CHECK(w->labels && !w->labels->name);
	}
	swarm_node_list_free(list);
	CHECK(swarm_node_list_free(NULL) == NULL);
	teardown(&f);
}

static void wrong_types(void)
{
	static const struct {
		const char *reply;
		const char *text;
	} table[] = {
		{ "", "node list: the JSON is malformed at byte 0" },
		{ "{}", "node list: expected array" },
		{ "[{\"ID\":\"a\"},7]", "[1].node: expected object" },
		{ "[{\"ID\":\"a\"},{}]", "[1].ID: expected string" },
		{ "[{\"ID\":null}]", "[0].ID: expected string" },
		{ "[{\"ID\":\"a\",\"Description\":{\"Hostname\":5}}]",
		  "[0].Description.Hostname: expected string" },
		{ "[{\"ID\":\"a\",\"Description\":\"x\"}]", "[0].Description: expected object" },
		{ "[{\"ID\":\"a\",\"Description\":{\"Engine\":[]}}]",
		  "[0].Description.Engine: expected object" },
		{ "[{\"ID\":\"a\",\"Spec\":{\"Labels\":[]}}]",
		  "[0].Spec.Labels: expected object of strings" },
		{ "[{\"ID\":\"a\",\"ManagerStatus\":true}]", "[0].ManagerStatus: expected object" },
		{ "[{\"ID\":\"a\",\"ManagerStatus\":{\"Leader\":\"yes\"}}]",
		  "[0].ManagerStatus.Leader: expected boolean" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = { { NODES, .reply = table[i].reply }, { NULL } };
		fixture f = setup(rows);
		swarm_node_list *list = NULL;

		test_row = table[i].reply;
		CHECK_INT(swarm_node_list_get(f.client, 0, &list, &f.err), SWARM_E_JSON);
		CHECK_STR(f.err.text, table[i].text);
		CHECK(list == NULL);
		teardown(&f);
	}
}

static void not_a_manager(void)
{
	const fake_row rows[] = {
		{ NODES, .status = 503,
		  .reply = MESSAGE(
			  "This node is not a swarm manager. Worker nodes can't be used to view") },
		{ NULL },
	};
	fixture f = setup(rows);
	swarm_node_list *list = NULL;

	CHECK_INT(swarm_node_list_get(f.client, 0, &list, &f.err), SWARM_E_NOT_MANAGER);
	CHECK_INT(swarm_node_list_get(NULL, 0, &list, NULL), SWARM_E_INVAL);
	teardown(&f);
}

static void find(void)
{
	static swarm_node nodes[] = {
		{ .id = "id1", .hostname = "worker1", .state = "down" },
		{ .id = "id2", .hostname = "worker2", .state = "ready" },
		{ .id = "id3", .hostname = "worker1", .state = "ready" },
		{ .id = "id4", .hostname = "id2", .state = "ready" },
	};
	const swarm_node_list list = { 4, nodes };
	static const struct {
		const char *ref;
		int code;
		int index;
		const char *text;
	} table[] = {
		{ "id1", 0, 0, "" },
		{ "worker2", 0, 1, "" },
		{ "id2", 0, 1, "" },
		{ "worker1", SWARM_E_AMBIGUOUS, 0,
		  "2 nodes have the host name 'worker1', use an id: id1 (down), id3 (ready)" },
		{ "worker", SWARM_E_NOT_FOUND, 0,
		  "no node has the id or host name 'worker' (see swarm.node_ls)" },
		{ "WORKER2", SWARM_E_NOT_FOUND, 0,
		  "no node has the id or host name 'WORKER2' (see swarm.node_ls)" },
		{ "id", SWARM_E_NOT_FOUND, 0,
		  "no node has the id or host name 'id' (see swarm.node_ls)" },
		{ "", SWARM_E_INVAL, 0, "a node's id or host name is required" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm_error err = SWARM_ERROR_INIT;
		const swarm_node *node = NULL;

		test_row = table[i].ref;
		CHECK_INT(swarm_node_find(&list, table[i].ref, &node, &err), table[i].code);
		CHECK_STR(err.text, table[i].text);
		CHECK(node == (table[i].code ? NULL : &nodes[table[i].index]));
	}
}

#define NODE1 "{\"ID\":\"id1\",\"Description\":{\"Hostname\":\"worker1\"}}"

static void inspect(void)
{
	static const struct {
		const char *ref;
		int code;
	} table[] = {
		{ "id1", 0 },
		{ "worker1", 0 },
		/* The engine takes a prefix of an id; that might hit a node that nobody named. */
		{ "id", SWARM_E_NOT_FOUND },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char request[64];
		const fake_row rows[] = { { request, .reply = NODE1 }, { NULL } };
		json_t *node = NULL;
		fixture f;

		snprintf(request, sizeof(request), NODES "/%s", table[i].ref);
		f = setup(rows);
		test_row = table[i].ref;
		CHECK_INT(swarm_node_inspect(f.client, table[i].ref, 0, &node, &f.err),
			  table[i].code);
		CHECK((node != NULL) == (table[i].code == 0));
		json_decref(node);
		teardown(&f);
	}
}

static void inspect_errors(void)
{
	const fake_row missing[] = {
		{ NODES "/gone", .status = 404, .reply = MESSAGE("node gone not found") },
		{ NULL },
	};
	const fake_row ambiguous[] = {
		{ NODES "/worker1", .status = 400,
		  .reply = MESSAGE("node worker1 is ambiguous (2 matches found)") },
		{ NODES, .reply = "[" NODE1
				  ",{\"ID\":\"id2\",\"Description\":{\"Hostname\":\"worker1\"},"
				  "\"Status\":{\"State\":\"down\"}}]" },
		{ NULL },
	};
	const fake_row none[] = { { NULL } };
	fixture f = setup(missing);
	json_t *node = NULL;

	CHECK_INT(swarm_node_inspect(f.client, "gone", 0, &node, &f.err), SWARM_E_NOT_FOUND);
	CHECK_STR(f.err.text, "no node has the id or host name 'gone' (see swarm.node_ls)");
	CHECK_INT(f.err.http_status, 404);
	teardown(&f);
	f = setup(ambiguous);
	CHECK_INT(swarm_node_inspect(f.client, "worker1", 0, &node, &f.err), SWARM_E_AMBIGUOUS);
	CHECK_PART(f.err.text, "use an id: id1 (), id2 (down)");
	teardown(&f);
	f = setup(none);
	CHECK_INT(swarm_node_inspect(f.client, "", 0, &node, &f.err), SWARM_E_INVAL);
	CHECK_INT(swarm_node_inspect(f.client, NULL, 0, &node, NULL), SWARM_E_INVAL);
	teardown(&f);
}

static void self(void)
{
	const fake_row rows[] = {
		{ INFO, .reply = ACTIVE_AS("id1", "true", "") },
		{ NODES "/id1", .reply = NODE1 },
		{ NULL },
	};
	const fake_row outside[] = { { INFO, .reply = INACTIVE }, { NULL } };
	fixture f = setup(rows);
	json_t *node = NULL;

	CHECK_INT(swarm_node_inspect(f.client, "self", 0, &node, &f.err), 0);
	CHECK_STR(json_string_value(json_object_get(node, "ID")), "id1");
	json_decref(node);
	teardown(&f);
	f = setup(outside);
	CHECK_INT(swarm_node_inspect(f.client, "self", 0, &node, &f.err), SWARM_E_NOT_MEMBER);
	teardown(&f);
}

TEST_MAIN(TEST(views), TEST(wrong_types), TEST(not_a_manager), TEST(find), TEST(inspect),
	  TEST(inspect_errors), TEST(self))
