/* SPDX-License-Identifier: Apache-2.0 */
/* Promote, demote, labels, exact filters, prune: what is waited for, and what is left alone. */
#include "test_cluster.h"

#define NODES "GET " API "/nodes"
#define NODE NODES "/n1"
#define UPDATE "POST " API "/nodes/n1/update?version=5"

#define RECORD(role, status)                                                                       \
	"{\"ID\":\"n1\",\"Version\":{\"Index\":5},\"Spec\":{\"Labels\":{\"a\":\"1\",\"b\":\"2\"}," \
	"\"Role\":\"" role "\",\"Availability\":\"active\"},\"Description\":{"                     \
	"\"Hostname\":\"host1\"}" status "}"
#define STATUS(reachability) ",\"ManagerStatus\":{\"Reachability\":\"" reachability "\"}"
#define MEMBER(id) "{\"ID\":\"" id "\",\"ManagerStatus\":{\"Reachability\":\"reachable\"}}"
#define GONE_TEXT                                                                                  \
	"rpc error: code = Unavailable desc = connection error: dial unix control.sock: connect"
#define ROW(id, name, role, state, more)                                                           \
	"{\"ID\":\"" id "\",\"Description\":{\"Hostname\":\"" name                                 \
	"\"},\"Spec\":{\"Role\":\"" role "\"},\"Status\":{\"State\":\"" state "\"}" more "}"

/* A new member counts once it can be reached, not before. */
static void promote(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = RECORD("worker", "") },
		{ NODE, .reply = RECORD("worker", "") },
		{ UPDATE, .body = "\"Role\":\"manager\"" },
		{ NODE, .reply = RECORD("manager", "") },
		NO_EVENTS("node"),
		{ NODE, .reply = RECORD("manager", STATUS("unreachable")) },
		{ NODE, .reply = RECORD("manager", STATUS("reachable")) },
		{ NULL },
	};
	fixture f = setup(rows);
	json_t *change = NULL;

	CHECK_INT(swarm_node_promote(f.client, "n1", 0, &change, &f.err), 0);
	CHECK_STR(json_string_value(json_object_get(json_object_get(change, "new"), "Role")),
		  "manager");
	json_decref(change);
	teardown(&f);
}

/* Several events are one look; a stream that ends leaves the wait as it is without one. */
static void promote_by_events(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = RECORD("worker", "") },
		{ NODE, .reply = RECORD("worker", "") },
		{ .expect = UPDATE },
		{ NODE, .reply = RECORD("manager", "") },
		{ WATCH("node"), .reply = "{\"Type\":\"node\"}\n{\"Type\":\"node\"}\n",
		  .chunk = 99 },
		{ NODE, .reply = RECORD("manager", "") },
		{ NODE, .reply = RECORD("manager", "") },
		{ NODE, .reply = RECORD("manager", STATUS("reachable")) },
		{ NULL },
	};
	const fake_row silent[] = {
		{ NODE, .reply = RECORD("worker", "") },
		{ NODE, .reply = RECORD("worker", "") },
		{ .expect = UPDATE },
		{ NODE, .reply = RECORD("manager", "") },
		{ WATCH("node"), .chunk = 99, .fault = FAKE_OPEN },
		{ NODE, .reply = RECORD("manager", "") },
		{ NODE, .reply = RECORD("manager", STATUS("reachable")) },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_node_promote(f.client, "n1", 0, NULL, &f.err), 0);
	teardown(&f);
	f = setup(silent);
	CHECK_INT(swarm_node_promote(f.client, "n1", 0, NULL, &f.err), 0);
	teardown(&f);
}

static void promote_takes_too_long(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = RECORD("worker", "") },
		{ NODE, .reply = RECORD("worker", "") },
		{ .expect = UPDATE },
		{ NODE, .reply = RECORD("manager", "") },
		NO_EVENTS("node"),
		{ NODE, .reply = RECORD("manager", ""), .repeat = true },
		{ NULL },
	};
	fixture f = setup(rows);
	json_t *change = NULL;

	CHECK_INT(swarm_node_promote(f.client, "n1", 1000, &change, &f.err), SWARM_E_TIMEOUT);
	CHECK_PART(
		f.err.text,
		"host1 was promoted, but is not a reachable member of the managers' group after ");
	CHECK(change == NULL);
	teardown(&f);
}

static void demote(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = RECORD("manager", STATUS("reachable")) },
		{ NODE, .reply = RECORD("manager", STATUS("reachable")) },
		{ NODES, .reply = "[" MEMBER("n1") "," MEMBER("n2") "]" },
		{ UPDATE, .body = "\"Role\":\"worker\"" },
		{ NODE, .reply = RECORD("worker", STATUS("reachable")) },
		NO_EVENTS("node"),
		{ NODE, .reply = RECORD("worker", "") },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_node_demote(f.client, "n1", 0, NULL, &f.err), 0);
	teardown(&f);
}

/* A manager that demotes itself loses its word in the middle, and speaks for itself from then on. */
static void demote_self(void)
{
	const fake_row rows[] = {
		{ INFO, .reply = ACTIVE_AS("n1", "true", "") },
		{ NODE, .reply = RECORD("manager", STATUS("reachable")) },
		{ NODE, .reply = RECORD("manager", STATUS("reachable")) },
		{ NODES, .reply = "[" MEMBER("n1") "," MEMBER("n2") "]" },
		{ UPDATE, .body = "\"Role\":\"worker\"" },
		{ NODE, .reply = RECORD("worker", STATUS("reachable")) },
		NO_EVENTS("node"),
		{ NODE, .status = 503, .reply = MESSAGE(GONE_TEXT) },
		{ INFO, .reply = ACTIVE_AS("n1", "true", "") },
		{ NODE, .status = 503, .reply = MESSAGE("This node is not a swarm manager.") },
		{ INFO, .reply = ACTIVE_AS("n1", "false", "") },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_node_demote(f.client, "self", 0, NULL, &f.err), 0);
	CHECK_STR(f.err.text, "");
	teardown(&f);
}

/* It was this host that lost its word, but not this host that was to be demoted. */
static void demote_without_an_answer(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = RECORD("manager", STATUS("reachable")) },
		{ NODE, .reply = RECORD("manager", STATUS("reachable")) },
		{ NODES, .reply = "[" MEMBER("n1") "," MEMBER("n2") "]" },
		{ .expect = UPDATE },
		{ NODE, .status = 503, .reply = MESSAGE(GONE_TEXT) },
		{ INFO, .reply = ACTIVE_AS("n2", "false", "") },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_node_demote(f.client, "n1", 0, NULL, &f.err), SWARM_E_UNAVAILABLE);
	CHECK_PART(f.err.text, "control.sock");
	teardown(&f);
}

static void demote_refused(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = RECORD("manager", STATUS("reachable")) },
		{ NODE, .reply = RECORD("manager", STATUS("reachable")) },
		{ NODES, .reply = "[" MEMBER("n1") "]" },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_node_demote(f.client, "n1", 0, NULL, &f.err), SWARM_E_QUORUM);
	teardown(&f);
}

static void labels(void)
{
	const swarm_pair given[] = { { "b", NULL }, { "c", "3" }, { NULL, NULL } };
	const fake_row rows[] = {
		{ NODE, .reply = RECORD("worker", "") },
		{ NODE, .reply = RECORD("worker", "") },
		{ UPDATE, .body = "\"Labels\":{\"a\":\"1\",\"c\":\"3\"}" },
		{ NODE, .reply = "{\"ID\":\"n1\",\"Version\":{\"Index\":6},\"Spec\":{}}" },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_node_label(f.client, "n1", given, 0, NULL, &f.err), 0);
	CHECK_INT(swarm_node_label(f.client, "n1", NULL, 0, NULL, &f.err), SWARM_E_INVAL);
	teardown(&f);
}

/* {"name":["host1"],"role":["worker"]}, and the engine's answer has more than was meant. */
static void filters(void)
{
	const swarm_pair asked[] = { { "name", "host1" }, { "role", "worker" }, { NULL, NULL } };
	const swarm_pair two[] = { { "id", "n1" }, { "id", "n12" }, { NULL, NULL } };
	const swarm_pair no_value[] = { { "id", NULL }, { NULL, NULL } };
	const fake_row rows[] = {
		{ NODES "?filters=%7B%22name%22%3A%5B%22host1%22%5D%2C%22role%22%3A%5B%22worker%22"
			"%5D%7D",
		  .reply = "[" ROW("n1", "host1", "worker", "ready",
				   "") "," ROW("n12", "host12", "worker", "ready", "") "]" },
		{ NODES "?filters=%7B%22id%22%3A%5B%22n1%22%2C%22n12%22%5D%7D",
		  .reply = "[" ROW("n1", "host1", "worker", "ready", "") "," ROW(
			  "n123", "host1", "worker", "ready", "") "," ROW("n12", "host12", "worker",
									  "ready", "") "]" },
		{ NODES, .reply = "[]" },
		{ NULL },
	};
	fixture f = setup(rows);
	swarm_node_list *list = NULL;

	CHECK_INT(swarm_node_list_filtered(f.client, asked, 0, &list, &f.err), 0);
	if (list && CHECK_INT(list->count, 1))
		CHECK_STR(list->nodes[0].id, "n1");
	swarm_node_list_free(list);
	list = NULL;
	CHECK_INT(swarm_node_list_filtered(f.client, two, 0, &list, &f.err), 0);
	if (list && CHECK_INT(list->count, 2))
		CHECK_STR(list->nodes[1].id, "n12");
	swarm_node_list_free(list);
	list = NULL;
	CHECK_INT(swarm_node_list_filtered(f.client, NULL, 0, &list, &f.err), 0);
	swarm_node_list_free(list);
	CHECK_INT(swarm_node_list_filtered(f.client, no_value, 0, &list, &f.err), SWARM_E_INVAL);
	CHECK_STR(f.err.text, "the filter 'id' has no value");
	teardown(&f);
}

/* Of all that are down only the workers; one came back, one was removed by somebody else. */
static void prune(void)
{
	const fake_row rows[] = {
		{ NODES,
		  .reply = "[" ROW("w1", "a", "worker", "down", "") "," ROW("w2", "b", "worker", "ready", "") "," ROW(
			  "m1", "c", "manager", "down",
			  "") "," ROW("m2", "d", "worker", "down",
				      STATUS("unreachable")) "," ROW("w3", "e", "worker", "down",
								     "") "," ROW("w4", "f",
										 "worker", "down",
										 "") "," ROW("w5",
											     "g",
											     "worker",
											     "down",
											     "") "]" },
		{ .expect = "DELETE " API "/nodes/w1" },
		{ "DELETE " API "/nodes/w3", .status = 400,
		  .reply = MESSAGE("rpc error: code = FailedPrecondition desc = node w3 is not "
				   "down and can't be removed") },
		{ "DELETE " API "/nodes/w4", .status = 404, .reply = MESSAGE("node w4 not found") },
		{ .expect = "DELETE " API "/nodes/w5" },
		{ NULL },
	};
	fixture f = setup(rows);
	json_t *ids = NULL;

	CHECK_INT(swarm_node_prune(f.client, 0, &ids, &f.err), 0);
	if (CHECK_INT(json_array_size(ids), 2)) {
		CHECK_STR(json_string_value(json_array_get(ids, 0)), "w1");
		CHECK_STR(json_string_value(json_array_get(ids, 1)), "w5");
	}
	json_decref(ids);
	teardown(&f);
}

static void prune_stops(void)
{
	const fake_row rows[] = {
		{ NODES, .reply = "[" ROW("w1", "a", "worker", "down",
					  "") "," ROW("w2", "b", "worker", "down", "") "]" },
		{ .expect = "DELETE " API "/nodes/w1" },
		{ "DELETE " API "/nodes/w2", .status = 403, .reply = MESSAGE("no") },
		{ NULL },
	};
	fixture f = setup(rows);
	json_t *ids = NULL;

	CHECK_INT(swarm_node_prune(f.client, 0, &ids, &f.err), SWARM_E_HTTP);
	CHECK_STR(f.err.text, "1 node was removed, then b: no");
	CHECK(ids == NULL);
	teardown(&f);
}

/* --- progress ------------------------------------------------------------------------------- */

typedef struct seen {
	size_t calls;
	swarm_progress first;
	swarm_progress last;
	char text[256];
} seen;

static void on_progress(void *payload, const swarm_progress *progress)
{
	seen *s = payload;

	if (s->calls++ == 0)
		s->first = *progress;
	s->last = *progress;
	snprintf(s->text, sizeof(s->text), "%s", progress->text);
}

#define TASK(id, state)                                                                            \
	"{\"ID\":\"" id "\",\"NodeID\":\"n1\",\"DesiredState\":\"shutdown\",\"Status\":{"          \
	"\"State\":\"" state "\"}}"
#define TASKS "GET " API "/tasks?filters=%7B%22node%22%3A%5B%22n1%22%5D%7D"

static void progress(void)
{
	const fake_row rows[] = {
		{ NODE, .reply = RECORD("worker", "") },
		{ NODE, .reply = RECORD("worker", "") },
		{ .expect = UPDATE },
		{ TASKS, .reply = "[" TASK("t1", "running") "," TASK("t2", "running") "]" },
		{ TASKS, .reply = "[" TASK("t1", "shutdown") "," TASK("t2", "running") "]" },
		{ TASKS, .reply = "[]" },
		{ NULL },
	};
	fixture f = setup(rows);
	seen s = { 0 };

	swarm_client_set_progress(f.client, on_progress, &s);
	CHECK_INT(swarm_node_drain(f.client, "n1", 0, NULL, &f.err), 0);
	CHECK_INT(s.calls, 3);
	CHECK_STR(s.first.what, "drain");
	CHECK_INT(s.first.done, 0);
	CHECK_INT(s.first.total, 2);
	CHECK_INT(s.last.done, 2);
	CHECK_INT(s.last.total, 2);
	CHECK_STR(s.text, "host1");
	swarm_client_set_progress(NULL, on_progress, &s);
	teardown(&f);
}

TEST_MAIN(TEST(promote), TEST(promote_by_events), TEST(promote_takes_too_long), TEST(demote),
	  TEST(demote_self), TEST(demote_without_an_answer), TEST(demote_refused), TEST(labels),
	  TEST(filters), TEST(prune), TEST(prune_stops), TEST(progress))
