/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a node: the patch, a demotion at the wrong moment, and draining. */
#include "test_cluster.h"

#define NODES "GET " API "/nodes"
#define NODE NODES "/n1"
#define UPDATE "POST " API "/nodes/n1/update?version=5"
#define TASKS "GET " API "/tasks?filters=%7B%22node%22%3A%5B%22n1%22%5D%7D"

#define SPEC(role, availability)                                                                   \
	"{\"Labels\":{\"zone\":\"a\"},\"Role\":\"" role "\",\"Availability\":\"" availability "\"}"
#define RECORD(spec)                                                                               \
	"{\"ID\":\"n1\",\"Version\":{\"Index\":5},\"Spec\":" spec                                  \
	",\"Description\":{\"Hostname\":\"host1\"}}"
#define WORKER1 RECORD(SPEC("worker", "active"))
/* As read after a write that was stored. */
#define WRITTEN "{\"ID\":\"n1\",\"Version\":{\"Index\":6},\"Spec\":{}}"

static int update(fixture *f, const char *patch, char **ret_text)
{
	json_t *tree = json_loads(patch, 0, NULL);
	json_t *change = NULL;
	int rc = swarm_node_update(f->client, "host1", tree, 0, &change, &f->err);

	*ret_text = change ? json_dumps(change, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	CHECK((change != NULL) == (rc == 0));
	json_decref(change);
	json_decref(tree);
	return rc;
}

static void patches_refused(void)
{
	static const struct {
		const char *patch;
		const char *text;
	} table[] = {
		{ "[]", "the change must be an object" },
		{ "{\"Role\":\"Manager\"}", "Role is 'worker' or 'manager'" },
		{ "{\"Role\":null}", "Role is 'worker' or 'manager'" },
		{ "{\"Availability\":\"idle\"}",
		  "availability must be active, pause or drain, not 'idle'" },
		{ "{\"Availability\":null}", "Availability is a string" },
		{ "{\"Labels\":[\"a\"]}", "Labels is an object of strings" },
		{ "{\"Labels\":{\"a\":1}}", "label 'a' must be a string, or null to remove it" },
		{ "{\"Name\":1}", "Name is a string" },
	};
	const fake_row rows[] = { { NULL } };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fixture f = setup(rows);
		char *text;

		test_row = table[i].patch;
		CHECK_INT(update(&f, table[i].patch, &text), SWARM_E_INVAL);
		CHECK_STR(f.err.text, table[i].text);
		teardown(&f);
	}
	CHECK_INT(swarm_node_update(NULL, "n1", NULL, 0, NULL, NULL), SWARM_E_INVAL);
}

/* Offline too: a wrong name of a field is not found out by asking an engine. */
static void unknown_field(void)
{
	const fake_row rows[] = { { NULL } };
	fixture f = setup(rows);
	char *text;

	CHECK_INT(update(&f, "{\"role\":\"worker\"}", &text), SWARM_E_INVAL);
	CHECK_STR(f.err.text, "unknown field 'role' (valid: Name, Labels, Role, Availability)");
	teardown(&f);
}

static void labels(void)
{
	const fake_row rows[] = {
		{ "GET " API "/nodes/host1", .reply = WORKER1 },
		{ NODE, .reply = WORKER1 },
		{ UPDATE, .body = "{\"Labels\":{\"rack\":\"7\"},\"Role\":\"worker\","
				  "\"Availability\":\"active\"}" },
		{ NODE, .reply = WRITTEN },
		{ NULL },
	};
	fixture f = setup(rows);
	char *text;

	CHECK_INT(update(&f, "{\"Labels\":{\"zone\":null,\"rack\":\"7\"}}", &text), 0);
	CHECK_STR(text,
		  "{\"id\":\"n1\",\"new\":{\"Availability\":\"active\",\"Labels\":{\"rack\":\"7\"},"
		  "\"Role\":\"worker\"},\"old\":{\"Availability\":\"active\",\"Labels\":"
		  "{\"zone\":\"a\"},\"Role\":\"worker\"}}");
	free(text);
	teardown(&f);
}

/* What a newer engine has in a spec goes back to it, at the top and below. */
static void unknown_fields_survive(void)
{
	static const char spec[] =
		"{\"Future\":{\"x\":[1,{\"y\":null}]},\"Labels\":{\"zone\":\"a\"},"
		"\"Role\":\"worker\",\"Availability\":\"active\",\"More\":false}";
	static const char sent[] =
		"{\"Future\":{\"x\":[1,{\"y\":null}]},\"Labels\":{\"zone\":\"a\"},"
		"\"Role\":\"worker\",\"Availability\":\"pause\",\"More\":false}";
	char record[512];
	const fake_row rows[] = {
		{ "GET " API "/nodes/host1", .reply = record },
		{ NODE, .reply = record },
		{ UPDATE, .body = sent },
		{ NODE, .reply = WRITTEN },
		{ NULL },
	};
	fixture f = setup(rows);
	char *text;

	snprintf(
		record, sizeof(record),
		"{\"ID\":\"n1\",\"Version\":{\"Index\":5},\"Description\":{\"Hostname\":\"host1\"},"
		"\"Spec\":%s}",
		spec);
	CHECK_INT(update(&f, "{\"Availability\":\"pause\"}", &text), 0);
	free(text);
	teardown(&f);
}

/* A 200 of an engine that stored nothing is not a success; what cannot be read back is not one either. */
static void a_change_that_is_not_stored(void)
{
	static const struct {
		int status;
		const char *reply;
		int code;
		const char *text;
	} table[] = {
		{ 200, WORKER1, SWARM_E_STATE,
		  "docker accepted the change, but has not stored it" },
		{ 200, "{\"ID\":\"n1\",\"Spec\":{}}", SWARM_E_STATE,
		  "docker accepted the change, but has not stored it" },
		{ 404, MESSAGE("node n1 not found"), SWARM_E_NOT_FOUND,
		  "docker accepted the change; reading it back" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = {
			{ "GET " API "/nodes/host1", .reply = WORKER1 },
			{ NODE, .reply = WORKER1 },
			{ .expect = UPDATE },
			{ NODE, .status = table[i].status, .reply = table[i].reply },
			{ NULL },
		};
		fixture f = setup(rows);
		char *text;

		test_row = table[i].text;
		CHECK_INT(update(&f, "{\"Availability\":\"pause\"}", &text), table[i].code);
		CHECK_PART(f.err.text, table[i].text);
		free(text);
		teardown(&f);
	}
}

/* The leader changes between the write and the look that proves it. */
static void leader_changes_before_it_is_read_back(void)
{
	const fake_row rows[] = {
		{ "GET " API "/nodes/host1", .reply = WORKER1 },
		{ NODE, .reply = WORKER1 },
		{ .expect = UPDATE },
		{ NODE, .status = 500,
		  .reply = MESSAGE("rpc error: code = Canceled desc = grpc: the client connection "
				   "is closing") },
		{ NODE, .reply = WRITTEN },
		{ NULL },
	};
	fixture f = setup(rows);
	char *text;

	CHECK_INT(update(&f, "{\"Availability\":\"pause\"}", &text), 0);
	CHECK_STR(f.err.text, "");
	free(text);
	teardown(&f);
}

static void nothing_changes(void)
{
	const fake_row rows[] = {
		{ "GET " API "/nodes/host1", .reply = WORKER1 },
		{ NODE, .reply = WORKER1 },
		{ NULL },
	};
	const fake_row no_labels[] = {
		{ "GET " API "/nodes/host1", .reply = WORKER1 },
		{ NODE,
		  .reply = RECORD(
			  "{\"Labels\":null,\"Role\":\"worker\",\"Availability\":\"active\"}") },
		{ NULL },
	};
	fixture f = setup(rows);
	char *text;

	CHECK_INT(update(&f, "{\"Role\":\"worker\",\"Labels\":{\"zone\":\"a\"}}", &text), 0);
	CHECK_PART(text, "\"id\":\"n1\"");
	free(text);
	teardown(&f);
	f = setup(no_labels);
	CHECK_INT(update(&f, "{\"Labels\":{\"gone\":null}}", &text), 0);
	free(text);
	teardown(&f);
}

/* --- demotions at the wrong moment ------------------------------------------------------------- */

#define FRESH_LIST                                                                                 \
	"[" RECORD(SPEC("manager", "active")) ",{\"ID\":\"n2\",\"ManagerStatus\":{"                \
					      "\"Reachability\":\"reachable\"}}]"

/* Promoted a moment ago: not in the raft group yet, so the engine cannot demote it yet. */
static void fresh_promotion(void)
{
	const fake_row rows[] = {
		{ "GET " API "/nodes/host1", .reply = RECORD(SPEC("manager", "active")) },
		{ NODE, .reply = RECORD(SPEC("manager", "active")) },
		{ NODES, .reply = FRESH_LIST },
		{ UPDATE, .status = 404,
		  .reply = MESSAGE("rpc error: code = NotFound desc = can't find manager in raft "
				   "memberlist") },
		{ NODE, .reply = RECORD(SPEC("manager", "active")) },
		{ NODES, .reply = FRESH_LIST },
		{ .expect = UPDATE },
		{ NODE, .reply = WRITTEN },
		{ NULL },
	};
	fixture f = setup(rows);
	char *text;

	CHECK_INT(update(&f, "{\"Role\":\"worker\"}", &text), 0);
	free(text);
	teardown(&f);
}

static void no_quorum_now(void)
{
	const fake_row rows[] = {
		{ NODE, .status = 500, .reply = MESSAGE(NO_LEADER_TEXT), .repeat = true },
		{ NULL },
	};
	fixture f = setup(rows);
	json_t *patch = json_pack("{s:s}", "Availability", "pause");

	CHECK_INT(swarm_node_update(f.client, "n1", patch, 300, NULL, &f.err), SWARM_E_NO_LEADER);
	CHECK_PART(f.err.text, "The swarm does not have a leader");
	json_decref(patch);
	teardown(&f);
}

/* --- drain ---------------------------------------------------------------------------------- */

#define TASK(id, node, state, desired)                                                             \
	"{\"ID\":\"" id "\",\"NodeID\":\"" node "\",\"DesiredState\":\"" desired                   \
	"\",\"Status\":{\"State\":\"" state "\"}}"

static void drain(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = WORKER1 },
		{ NODE, .reply = WORKER1 },
		{ UPDATE, .body = SPEC("worker", "drain") },
		{ TASKS, .reply = "[" TASK("t1", "n1", "running", "shutdown") "]" },
		{ TASKS, .reply = "[" TASK("t1", "n1", "preparing", "shutdown") "]" },
		{ TASKS, .reply = "[" TASK("t1", "n1", "pending", "running") "]" },
		/* All that does not count. */
		{ TASKS,
		  .reply = "[" TASK("t1", "n1", "shutdown", "shutdown") "," TASK(
			  "t2", "n1", "complete",
			  "shutdown") "," TASK("t3", "n1", "failed",
					       "shutdown") "," TASK("t4", "n1", "pending",
								    "shutdown") "," TASK("t5",
											 "n11",
											 "running",
											 "running") "]" },
		{ NULL },
	};
	fixture f = setup(rows);
	json_t *change = NULL;

	CHECK_INT(swarm_node_drain(f.client, "n1", 0, &change, &f.err), 0);
	CHECK_STR(
		json_string_value(json_object_get(json_object_get(change, "new"), "Availability")),
		"drain");
	CHECK_STR(json_string_value(json_object_get(change, "id")), "n1");
	json_decref(change);
	teardown(&f);
}

/* Drained already: nothing is sent, the tasks are looked at all the same. */
static void drained_already(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = RECORD(SPEC("worker", "drain")) },
		{ NODE, .reply = RECORD(SPEC("worker", "drain")) },
		{ TASKS, .reply = "null" },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_node_drain(f.client, "n1", 0, NULL, &f.err), 0);
	teardown(&f);
}

#define STOPPING(id) TASK(id, "n1", "running", "shutdown")

static void drain_takes_too_long(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = WORKER1 },
		{ NODE, .reply = WORKER1 },
		{ .expect = UPDATE },
		{ TASKS, .repeat = true,
		  .reply = "[" STOPPING("t1") "," STOPPING("t2") "," STOPPING("t3") "," STOPPING(
			  "t4") "]" },
		{ NULL },
	};
	fixture f = setup(rows);
	json_t *change = NULL;

	CHECK_INT(swarm_node_drain(f.client, "n1", 500, &change, &f.err), SWARM_E_TIMEOUT);
	CHECK_PART(f.err.text, "4 tasks are still on host1 after ");
	CHECK_PART(f.err.text, " s: t1 (running), t2 (running), t3 (running) and others");
	CHECK(change == NULL);
	teardown(&f);
}

TEST_MAIN(TEST(patches_refused), TEST(unknown_field), TEST(labels), TEST(unknown_fields_survive),
	  TEST(a_change_that_is_not_stored), TEST(leader_changes_before_it_is_read_back),
	  TEST(nothing_changes), TEST(fresh_promotion), TEST(no_quorum_now), TEST(drain),
	  TEST(drained_already), TEST(drain_takes_too_long))
