/* SPDX-License-Identifier: Apache-2.0 */
/* A host leaves as a whole: each step, in order, on the right engine, and where it stops. */
#include "test_cluster.h"

#define NODES "GET " API "/nodes"
#define NODE NODES "/n1"
#define UPDATE "POST " API "/nodes/n1/update?version=5"
#define TASKS "GET " API "/tasks?filters=%7B%22node%22%3A%5B%22n1%22%5D%7D"
#define DELETE "DELETE " API "/nodes/n1?force=true"
#define LEAVE "POST " API "/swarm/leave"

#define RECORD(role, availability, status)                                                         \
	"{\"ID\":\"n1\",\"Version\":{\"Index\":5},\"Spec\":{\"Role\":\"" role                      \
	"\",\"Availability\":\"" availability                                                      \
	"\"},\"Description\":{\"Hostname\":\"host1\"}" status "}"
#define STATUS ",\"ManagerStatus\":{\"Reachability\":\"reachable\"}"
#define MEMBER(id) "{\"ID\":\"" id "\",\"Description\":{\"Hostname\":\"host1\"}" STATUS "}"

/* f is the host, m the manager. */
static int leave_cleanly(const fake_row *host, const fake_row *manager, int64_t timeout_ms,
			 char *text)
{
	fixture f = setup(host);
	fixture m = setup(manager);
	int rc = swarm_leave_cleanly(f.client, m.client, timeout_ms, &f.err);

	CHECK_INT(rc, f.err.code);
	snprintf(text, SWARM_ERROR_TEXT, "%s", f.err.text);
	teardown(&f);
	teardown(&m);
	return rc;
}

static void manager(void)
{
	const fake_row host[] = {
		{ INFO, .reply = ACTIVE_AS("n1", "true", "") },
		/* The manager part runs on for a moment. */
		{ INFO, .reply = ACTIVE_AS("n1", "true", "") },
		{ INFO, .reply = ACTIVE_AS("n1", "false", "") },
		{ INFO, .reply = ACTIVE_AS("n1", "false", "") },
		{ .expect = LEAVE },
		{ INFO, .reply = INACTIVE },
		{ NULL },
	};
	const fake_row other[] = {
		{ INFO, .reply = ACTIVE_AS("n2", "true", "") },
		{ NODE, .reply = RECORD("manager", "active", STATUS) },
		{ NODES, .reply = "[" MEMBER("n1") "," MEMBER("n2") "]" },
		{ NODE, .reply = RECORD("manager", "active", STATUS) },
		{ UPDATE, .body = "\"Availability\":\"drain\"" },
		{ TASKS, .reply = "[]" },
		{ NODE, .reply = RECORD("manager", "drain", STATUS) },
		{ NODES, .reply = "[" MEMBER("n1") "," MEMBER("n2") "]" },
		{ UPDATE, .body = "\"Role\":\"worker\"" },
		{ NODE, .reply = RECORD("worker", "drain", "") },
		{ .expect = DELETE },
		{ NULL },
	};
	char text[SWARM_ERROR_TEXT];

	CHECK_INT(leave_cleanly(host, other, 0, text), 0);
}

static void worker(void)
{
	const fake_row host[] = {
		{ INFO, .reply = ACTIVE_AS("n1", "false", "") },
		{ INFO, .reply = ACTIVE_AS("n1", "false", "") },
		{ .expect = LEAVE },
		{ INFO, .reply = INACTIVE },
		{ NULL },
	};
	const fake_row other[] = {
		{ INFO, .reply = ACTIVE_AS("n2", "true", "") },
		{ NODE, .reply = RECORD("worker", "active", "") },
		{ NODE, .reply = RECORD("worker", "active", "") },
		{ UPDATE, .body = "\"Availability\":\"drain\"" },
		{ TASKS, .reply = "[]" },
		/* Somebody else was faster: that is what was wanted. */
		{ DELETE, .status = 404, .reply = MESSAGE("node n1 not found") },
		{ NULL },
	};
	char text[SWARM_ERROR_TEXT];

	CHECK_INT(leave_cleanly(host, other, 0, text), 0);
}

/* Nothing is changed: neither drained nor left. */
static void refused(void)
{
	static const struct {
		const char *host;
		const char *manager; /* NULL: not asked */
		const char *node;
		const char *nodes;
		int code;
		const char *text;
	} table[] = {
		{ INACTIVE, NULL, NULL, NULL, SWARM_E_NOT_MEMBER, "this host is not in a swarm" },
		{ STATE("locked"), NULL, NULL, NULL, SWARM_E_LOCKED, "is locked" },
		{ ACTIVE_AS("n1", "true", ""), ACTIVE_AS("n1", "true", ""), NULL, NULL,
		  SWARM_E_INVAL, "give another one" },
		{ ACTIVE_AS("n1", "true", ""), MANAGER, RECORD("manager", "active", STATUS),
		  "[" MEMBER("n1") "]", SWARM_E_QUORUM, "host1 is the last manager" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row host[] = { { INFO, .reply = table[i].host }, { NULL } };
		const fake_row other[] = {
			{ table[i].manager ? INFO : NULL, .reply = table[i].manager },
			{ table[i].node ? NODE : NULL, .reply = table[i].node },
			{ table[i].nodes ? NODES : NULL, .reply = table[i].nodes },
			{ NULL },
		};
		char text[SWARM_ERROR_TEXT];

		test_row = table[i].text;
		CHECK_INT(leave_cleanly(host, other, 0, text), table[i].code);
		CHECK_PART(text, table[i].text);
	}
}

static void unknown_there(void)
{
	const fake_row host[] = { { INFO, .reply = ACTIVE_AS("n1", "false", "") }, { NULL } };
	const fake_row other[] = {
		{ INFO, .reply = MANAGER },
		{ NODE, .status = 404, .reply = MESSAGE("node n1 not found") },
		{ NULL },
	};
	char text[SWARM_ERROR_TEXT];

	CHECK_INT(leave_cleanly(host, other, 0, text), SWARM_E_NOT_FOUND);
}

static void drain_takes_too_long(void)
{
	const fake_row host[] = { { INFO, .reply = ACTIVE_AS("n1", "false", "") }, { NULL } };
	const fake_row other[] = {
		{ INFO, .reply = MANAGER },
		{ NODE, .reply = RECORD("worker", "drain", "") },
		{ NODE, .reply = RECORD("worker", "drain", "") },
		{ TASKS, .repeat = true,
		  .reply =
			  "[{\"ID\":\"t1\",\"NodeID\":\"n1\",\"Status\":{\"State\":\"running\"}}]" },
		{ NULL },
	};
	char text[SWARM_ERROR_TEXT];

	CHECK_INT(leave_cleanly(host, other, 1000, text), SWARM_E_TIMEOUT);
	CHECK_PART(text, "drain: 1 task is still on host1 after ");
}

/* Which step failed is what the operator must know. */
static void leave_fails(void)
{
	const fake_row host[] = {
		{ INFO, .reply = ACTIVE_AS("n1", "false", "") },
		{ INFO, .reply = ACTIVE_AS("n1", "false", "") },
		{ LEAVE, .status = 500, .reply = MESSAGE("busy") },
		{ INFO, .reply = ACTIVE_AS("n1", "false", "") },
		{ NULL },
	};
	const fake_row other[] = {
		{ INFO, .reply = MANAGER },
		{ NODE, .reply = RECORD("worker", "drain", "") },
		{ NODE, .reply = RECORD("worker", "drain", "") },
		{ TASKS, .reply = "[]" },
		{ NULL },
	};
	char text[SWARM_ERROR_TEXT];

	CHECK_INT(leave_cleanly(host, other, 0, text), SWARM_E_HTTP);
	CHECK_STR(text, "host1 is drained; leave: busy");
	CHECK_INT(swarm_leave_cleanly(NULL, NULL, 0, NULL), SWARM_E_INVAL);
}

TEST_MAIN(TEST(manager), TEST(worker), TEST(refused), TEST(unknown_there),
	  TEST(drain_takes_too_long), TEST(leave_fails))
