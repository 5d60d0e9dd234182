/* SPDX-License-Identifier: Apache-2.0 */
/* The quorum: before a demotion, and asked for ahead of several. */
#include "test_cluster.h"

#define NODES "GET " API "/nodes"
#define NODE NODES "/n1"
#define UPDATE "POST " API "/nodes/n1/update?version=5"

#define SPEC(role) "{\"Labels\":{},\"Role\":\"" role "\",\"Availability\":\"active\"}"
#define RECORD(spec)                                                                               \
	"{\"ID\":\"n1\",\"Version\":{\"Index\":5},\"Spec\":" spec                                  \
	",\"Description\":{\"Hostname\":\"host1\"}}"

#define LIST                                                                                       \
	"[{\"ID\":\"n1\",\"Description\":{\"Hostname\":\"host1\"},\"ManagerStatus\":{"             \
	"\"Reachability\":\"reachable\"}}]"

/* A node list from one letter each: R reachable, U unreachable, w a worker. The first is n1. */
static void make_list(const char *letters, char *text, size_t size)
{
	size_t used = (size_t)snprintf(text, size, "[");

	for (size_t i = 0; letters[i]; i++) {
		const char *status =
			letters[i] == 'R' ? ",\"ManagerStatus\":{\"Reachability\":\"reachable\"}"
			: letters[i] == 'U'
				? ",\"ManagerStatus\":{\"Reachability\":\"unreachable\"}"
				: "";

		used += (size_t)snprintf(
			text + used, size - used,
			"%s{\"ID\":\"n%zu\",\"Description\":{\"Hostname\":\"host%zu\"}%s}",
			i ? "," : "", i + 1, i + 1, status);
	}
	snprintf(text + used, size - used, "]");
}

/* A demotion says the same as the question before it. */
static void demotions(void)
{
	static const struct {
		const char *managers; /* the first is demoted */
		const char *text;     /* NULL: allowed */
	} table[] = {
		{ "R", "host1 is the last manager: promote another node first" },
		{ "Rww", "host1 is the last manager: promote another node first" },
		{ "RR", NULL },
		{ "UR", NULL },
		{ "RU",
		  "demoting host1 would leave 0 of 1 managers reachable, 1 is needed: bring host2 "
		  "back first" },
		{ "RRR", NULL },
		{ "URR", NULL },
		{ "RUR",
		  "demoting host1 would leave 1 of 2 managers reachable, 2 are needed: bring host2 "
		  "back first" },
		{ "UUR",
		  "demoting host1 would leave 1 of 2 managers reachable, 2 are needed: bring host2 "
		  "back first" },
		{ "RRRR", NULL },
		{ "RURR", NULL },
		{ "RRRUU",
		  "demoting host1 would leave 2 of 4 managers reachable, 3 are needed: bring "
		  "host4, host5 back first" },
		{ "RRRRU", NULL },
		{ "URRRU", NULL },
		{ "RUUUURRRR",
		  "demoting host1 would leave 4 of 8 managers reachable, 5 are needed: bring "
		  "host2, host3, host4 back first" },
		{ "wRR", NULL },
	};
	char list[2048];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *const leaving[] = { "host1", NULL };
		const bool allowed = !table[i].text;
		const fake_row rows[] = {
			{ "GET " API "/nodes/host1", .reply = RECORD(SPEC("manager")) },
			{ NODE, .reply = RECORD(SPEC("manager")) },
			{ NODES, .reply = list },
			{ allowed ? UPDATE : NULL, .body = SPEC("worker") },
			{ NODE, .reply = "{\"ID\":\"n1\",\"Version\":{\"Index\":6},\"Spec\":{}}" },
			{ NULL },
		};
		const fake_row asked[] = { { NODES, .reply = list }, { NULL } };
		const int expected = allowed ? 0 : SWARM_E_QUORUM;
		json_t *patch = json_pack("{s:s}", "Role", "worker");
		swarm_quorum quorum;
		fixture f;

		make_list(table[i].managers, list, sizeof(list));
		test_row = table[i].managers;
		f = setup(rows);
		CHECK_INT(swarm_node_update(f.client, "host1", patch, 0, NULL, &f.err), expected);
		CHECK_STR(f.err.text, allowed ? "" : table[i].text);
		teardown(&f);
		f = setup(asked);
		CHECK_INT(swarm_quorum_get(f.client, 0, leaving, 0, &quorum, &f.err), expected);
		CHECK_STR(f.err.text, allowed ? "" : table[i].text);
		teardown(&f);
		json_decref(patch);
	}
}

static void ahead(void)
{
	static const struct {
		const char *managers;
		int64_t joining;
		const char *leaving[5];
		swarm_quorum expected;
		const char *text; /* NULL: allowed */
	} table[] = {
		{ "R", 0, { NULL }, { 1, 1, 1, 0 }, NULL },
		{ "RRR", 0, { NULL }, { 3, 3, 2, 1 }, NULL },
		{ "RRU", 0, { NULL }, { 3, 2, 2, 0 }, NULL },
		{ "RUU", 0, { NULL }, { 3, 1, 2, 0 }, NULL },
		{ "RRRRRw", 0, { NULL }, { 5, 5, 3, 2 }, NULL },
		{ "RRRw", 0, { "host4", "n1", "n1", NULL }, { 2, 2, 2, 0 }, NULL },
		{ "RRR", 0, { "n3", "n2", NULL }, { 1, 1, 1, 0 }, NULL },
		{ "RRR",
		  0,
		  { "n3", "n2", "n1", NULL },
		  { 0 },
		  "host1 is the last manager: promote another node first" },
		/* The dead one first, or last: the order counts. */
		{ "RRU", 0, { "n3", "n2", NULL }, { 1, 1, 1, 0 }, NULL },
		{ "RRU",
		  0,
		  { "n2", "n3", NULL },
		  { 0 },
		  "demoting host2 would leave 1 of 2 managers reachable, 2 are needed: bring host3 "
		  "back first" },
		{ "R", 1, { "n1", NULL }, { 1, 1, 1, 0 }, NULL },
		{ "RRU", 1, { "n2", NULL }, { 3, 2, 2, 0 }, NULL },
		{ "RUU",
		  1,
		  { "n1", NULL },
		  { 0 },
		  "demoting host1 would leave 1 of 3 managers reachable, 2 are needed: bring host2, "
		  "host3 back first" },
		/* The first is allowed, and the second is not. */
		{ "RRRRUU",
		  0,
		  { "n1", "n2", NULL },
		  { 0 },
		  "demoting host2 would leave 2 of 4 managers reachable, 3 are needed: bring "
		  "host5, host6 back first" },
		{ "RRRRUU", 0, { "n1", "n6", "n5", "n2", NULL }, { 2, 2, 2, 0 }, NULL },
	};
	char list[2048];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = { { NODES, .reply = list }, { NULL } };
		const swarm_quorum *expected = &table[i].expected;
		const bool allowed = !table[i].text;
		swarm_quorum found = { 0 };
		fixture f = setup(rows);

		make_list(table[i].managers, list, sizeof(list));
		test_row = table[i].managers;
		CHECK_INT(swarm_quorum_get(f.client, table[i].joining, table[i].leaving, 0, &found,
					   &f.err),
			  allowed ? 0 : SWARM_E_QUORUM);
		CHECK_STR(f.err.text, allowed ? "" : table[i].text);
		CHECK_INT(found.managers, expected->managers);
		CHECK_INT(found.reachable, expected->reachable);
		CHECK_INT(found.needed, expected->needed);
		CHECK_INT(found.losses, expected->losses);
		teardown(&f);
	}
}

static void refused(void)
{
	const fake_row rows[] = { { NODES, .reply = LIST }, { NODES, .reply = LIST }, { NULL } };
	const char *const leaving[] = { "host9", NULL };
	swarm_quorum quorum;
	fixture f = setup(rows);

	CHECK_INT(swarm_quorum_get(f.client, 0, leaving, 0, &quorum, &f.err), SWARM_E_NOT_FOUND);
	CHECK_PART(f.err.text, "host9");
	CHECK_INT(swarm_quorum_get(f.client, 0, NULL, 0, &quorum, NULL), 0);
	CHECK_INT(swarm_quorum_get(f.client, -1, NULL, 0, &quorum, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_quorum_get(f.client, 0, leaving, 0, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_quorum_get(NULL, 0, leaving, 0, &quorum, NULL), SWARM_E_INVAL);
	teardown(&f);
}

/* A list that cannot be a manager's proves nothing: no demotion goes through by it. */
static void no_list(void)
{
	static const char *const table[] = {
		"[]",
		"null",
		"",
		"{}",
		"[{}]",
		"[{\"ID\":\"n2\"}]",
		"[[]]",
		"[{\"ID\":\"n1\",\"Description\":{\"Hostname\":\"host1\"}}]",
		"[{\"ID\":\"n2\",\"ManagerStatus\":{\"Reachability\":\"reachable\"}}]",
	};
	json_t *patch = json_pack("{s:s}", "Role", "worker");

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = {
			{ "GET " API "/nodes/host1", .reply = RECORD(SPEC("manager")) },
			{ NODE, .reply = RECORD(SPEC("manager")) },
			{ NODES, .reply = table[i] },
			{ NULL },
		};
		fixture f = setup(rows);

		test_row = table[i];
		CHECK_INT(swarm_node_update(f.client, "host1", patch, 0, NULL, &f.err),
			  SWARM_E_JSON);
		teardown(&f);
	}
	json_decref(patch);
}

/* The same of the question ahead. */
static void no_list_ahead(void)
{
	static const char *const table[] = { "[]", "null", "", "[{\"ID\":\"n1\"}]" };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = { { NODES, .reply = table[i] }, { NULL } };
		swarm_quorum quorum;
		fixture f = setup(rows);

		test_row = table[i];
		CHECK_INT(swarm_quorum_get(f.client, 0, NULL, 0, &quorum, &f.err), SWARM_E_JSON);
		teardown(&f);
	}
}

TEST_MAIN(TEST(demotions), TEST(ahead), TEST(refused), TEST(no_list), TEST(no_list_ahead))
