/* SPDX-License-Identifier: Apache-2.0 */
/* Removing a node: demotion first where asked, out of the raft group, then the record. */
#include "test_cluster.h"

#define NODES "GET " API "/nodes"
#define NODE NODES "/n1"
#define UPDATE "POST " API "/nodes/n1/update?version=5"
#define DELETE "DELETE " API "/nodes/n1"

#define RECORD(role, status)                                                                       \
	"{\"ID\":\"n1\",\"Version\":{\"Index\":5},\"Spec\":{\"Role\":\"" role                      \
	"\",\"Availability\":\"active\"},\"Description\":{\"Hostname\":\"host1\"}" status "}"
#define MEMBER ",\"ManagerStatus\":{\"Reachability\":\"unreachable\"}"
#define OTHER                                                                                      \
	"{\"ID\":\"n2\",\"Description\":{\"Hostname\":\"host2\"},\"ManagerStatus\":{"              \
	"\"Reachability\":\"reachable\"}}"
#define DEAD                                                                                       \
	"{\"ID\":\"n3\",\"Description\":{\"Hostname\":\"host3\"},\"ManagerStatus\":{"              \
	"\"Reachability\":\"unreachable\"}}"
#define MUST_BE_DEMOTED                                                                            \
	MESSAGE("rpc error: code = FailedPrecondition desc = node n1 is a cluster manager and is " \
		"a member of the raft cluster. It must be demoted to worker before removal")

static void worker(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = RECORD("worker", "") },
		{ .expect = DELETE },
		{ NULL },
	};
	const fake_row forced[] = {
		{ NODE, .reply = RECORD("worker", "") },
		{ .expect = DELETE "?force=true" },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_node_remove(f.client, "n1", 0, 0, &f.err), 0);
	CHECK_INT(swarm_node_remove(f.client, "n1", 4, 0, &f.err), SWARM_E_INVAL);
	CHECK_PART(f.err.text, "unknown removal flags 0x4");
	teardown(&f);
	f = setup(forced);
	CHECK_INT(swarm_node_remove(f.client, "n1", SWARM_REMOVE_FORCE | SWARM_REMOVE_DEMOTE, 0,
				    &f.err),
		  0);
	teardown(&f);
}

/* Without the flag a manager is the engine's to refuse, once. */
static void refused(void)
{
	static const struct {
		const char *role;
		const char *reply;
		const char *text;
	} table[] = {
		{ RECORD("manager", MEMBER), MUST_BE_DEMOTED,
		  "it must be demoted before it is removed" },
		{ RECORD("worker", ""), MESSAGE("node n1 is not down and can't be removed"),
		  "node n1 is alive: let its host leave the swarm first" },
	};

	for (size_t i = 0; i < 2; i++) {
		const fake_row rows[] = {
			{ NODE, .reply = table[i].role },
			{ DELETE, .status = 400, .reply = table[i].reply },
			{ NULL },
		};
		fixture f = setup(rows);

		test_row = table[i].text;
		CHECK_INT(swarm_node_remove(f.client, "n1", 0, 0, &f.err), SWARM_E_HTTP);
		CHECK_PART(f.err.text, table[i].text);
		teardown(&f);
	}
}

static void dead_manager(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = RECORD("manager", MEMBER) },
		{ NODE, .reply = RECORD("manager", MEMBER) },
		{ NODES, .reply = "[" RECORD("manager", MEMBER) "," OTHER "]" },
		{ UPDATE, .body = "\"Role\":\"worker\"" },
		{ NODE, .reply = RECORD("worker", MEMBER) },
		NO_EVENTS("node"),
		{ NODE, .status = 500, .reply = MESSAGE(NO_LEADER_TEXT) },
		{ NODE, .reply = RECORD("worker", MEMBER) },
		{ NODE, .reply = RECORD("worker", "") },
		/* The demotion is not everywhere yet. */
		{ DELETE "?force=true", .status = 400, .reply = MUST_BE_DEMOTED },
		{ .expect = DELETE "?force=true" },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_node_remove(f.client, "n1", SWARM_REMOVE_FORCE | SWARM_REMOVE_DEMOTE, 0,
				    &f.err),
		  0);
	CHECK_INT(f.err.code, 0);
	teardown(&f);
}

/* Out of the raft group since a force-new-cluster: there is nothing to demote. */
static void lost_manager(void)
{
	static const char *const records[] = {
		RECORD("manager", ",\"Status\":{\"State\":\"down\"}"),
		/* The new leader has not missed it for long enough. */
		RECORD("manager", ",\"Status\":{\"State\":\"unknown\"}"),
	};

	for (size_t i = 0; i < 2; i++) {
		const fake_row rows[] = {
			{ NODE, .reply = records[i] },
			{ .expect = DELETE "?force=true" },
			{ NULL },
		};
		fixture f = setup(rows);

		CHECK_INT(swarm_node_remove(f.client, "n1",
					    SWARM_REMOVE_FORCE | SWARM_REMOVE_DEMOTE, 0, &f.err),
			  0);
		teardown(&f);
	}
}

/* Promoted a moment ago: it will be in the raft group, and cannot be deleted then. */
static void coming_manager(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = RECORD("manager", ",\"Status\":{\"State\":\"ready\"}") },
		{ NODE, .reply = RECORD("manager", "") },
		{ NODES, .reply = "[" RECORD("manager", "") "," OTHER "]" },
		{ UPDATE, .body = "\"Role\":\"worker\"" },
		{ NODE, .reply = RECORD("worker", "") },
		{ .expect = DELETE },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_node_remove(f.client, "n1", SWARM_REMOVE_DEMOTE, 0, &f.err), 0);
	teardown(&f);
}

/* The arithmetic comes before anything is changed. */
static void quorum(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = RECORD("manager", MEMBER) },
		{ NODE, .reply = RECORD("manager", MEMBER) },
		{ NODES, .reply = "[" RECORD("manager", MEMBER) "," OTHER "," DEAD "]" },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_node_remove(f.client, "n1", SWARM_REMOVE_DEMOTE, 0, &f.err),
		  SWARM_E_QUORUM);
	CHECK_STR(f.err.text,
		  "demoting host1 would leave 1 of 2 managers reachable, 2 are needed: bring "
		  "host3 back first");
	teardown(&f);
}

/* A demotion that an earlier run began is not sent again, only waited for. */
static void demoted_already(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = RECORD("worker", MEMBER) },
		{ NODE, .reply = RECORD("worker", MEMBER) },
		{ NODE, .reply = RECORD("worker", "") },
		{ .expect = DELETE },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_node_remove(f.client, "n1", SWARM_REMOVE_DEMOTE, 0, &f.err), 0);
	teardown(&f);
}

static void stays_a_member(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = RECORD("worker", MEMBER), .repeat = true },
		NO_EVENTS("node"),
		{ NODE, .reply = RECORD("worker", MEMBER), .repeat = true },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_node_remove(f.client, "n1", SWARM_REMOVE_DEMOTE, 400, &f.err),
		  SWARM_E_TIMEOUT);
	CHECK_PART(f.err.text,
		   "host1 was demoted, but is still a member of the managers' group after ");
	teardown(&f);
}

/* The engine gave up waiting for a delete that went through. */
static void delete_of_unknown_end(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = RECORD("worker", "") },
		{ DELETE, .status = 500, .reply = MESSAGE(ENGINE_DEADLINE_TEXT) },
		{ DELETE, .status = 404, .reply = MESSAGE("node n1 not found") },
		{ NULL },
	};
	const fake_row gone[] = {
		{ NODE, .reply = RECORD("worker", "") },
		{ DELETE, .status = 404, .reply = MESSAGE("node n1 not found") },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_node_remove(f.client, "n1", 0, 0, &f.err), 0);
	teardown(&f);
	f = setup(gone);
	CHECK_INT(swarm_node_remove(f.client, "n1", 0, 0, &f.err), SWARM_E_NOT_FOUND);
	teardown(&f);
}

TEST_MAIN(TEST(worker), TEST(refused), TEST(dead_manager), TEST(lost_manager), TEST(coming_manager),
	  TEST(quorum), TEST(demoted_already), TEST(stays_a_member), TEST(delete_of_unknown_end))
