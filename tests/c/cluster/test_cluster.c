/* SPDX-License-Identifier: Apache-2.0 */
/* Join tokens, and the cluster's settings by read-modify-write: races, unknown fields, rotation. */
#include "test_cluster.h"

#define SWARM "GET " API "/swarm"
#define UPDATE(query) "POST " API "/swarm/update?version=" query
#define TOKENS "\"JoinTokens\":{\"Worker\":\"" TOKEN "\",\"Manager\":\"" TOKEN "\"}"

#define SPEC(labels)                                                                               \
	"{\"Name\":\"default\",\"Labels\":" labels ",\"Raft\":{\"SnapshotInterval\":10000}}"
#define CLUSTER(index, spec)                                                                       \
	"{\"ID\":\"c1\",\"Version\":{\"Index\":" index "},\"Spec\":" spec "," TOKENS "}"

static void tokens(void)
{
	const fake_row rows[] = { { SWARM, .reply = CLUSTER("1", "{}") }, { NULL } };
	fixture f = setup(rows);
	swarm_tokens got = SWARM_TOKENS_INIT;

	CHECK_INT(swarm_tokens_get(f.client, 0, &got, &f.err), 0);
	CHECK_STR(got.worker, TOKEN);
	CHECK_STR(got.manager, TOKEN);
	CHECK_STR(got.cluster_id, "c1");
	swarm_tokens_clear(&got);
	CHECK(!got.worker && !got.manager && !got.cluster_id);
	swarm_tokens_clear(&got);
	swarm_tokens_clear(NULL);
	teardown(&f);
}

static void tokens_refused(void)
{
	static const struct {
		int status;
		const char *reply;
		int code;
	} table[] = {
		{ 503,
		  MESSAGE("This node is not a swarm manager. Worker nodes can't be used to view"),
		  SWARM_E_NOT_MANAGER },
		{ 500, MESSAGE(NO_LEADER_TEXT), SWARM_E_NO_LEADER },
		{ 200, "{\"ID\":\"c1\"}", SWARM_E_JSON },
		{ 200, "{\"ID\":\"c1\",\"JoinTokens\":{\"Worker\":\"" TOKEN "\",\"Manager\":7}}",
		  SWARM_E_JSON },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = {
			{ SWARM, .status = table[i].status, .reply = table[i].reply },
			{ NULL },
		};
		fixture f = setup(rows);
		swarm_tokens got = SWARM_TOKENS_INIT;

		test_row = table[i].reply;
		CHECK_INT(swarm_tokens_get(f.client, 0, &got, &f.err), table[i].code);
		CHECK(!got.worker && !got.manager && !got.cluster_id);
		CHECK(strstr(f.err.text, DIGEST) == NULL);
		teardown(&f);
	}
}

/* Run an update; the change comes out as text to compare. */
static int update(fixture *f, const char *patch, unsigned rotate, int64_t timeout_ms,
		  char **ret_text)
{
	json_t *tree = patch ? json_loads(patch, 0, NULL) : NULL;
	json_t *change = NULL;
	int rc = swarm_cluster_update(f->client, tree, rotate, timeout_ms, &change, &f->err);

	*ret_text = change ? json_dumps(change, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	CHECK((change != NULL) == (rc == 0));
	json_decref(change);
	json_decref(tree);
	return rc;
}

/* Lost twice to other writers, whose change stays, then through. */
static void lost_races(void)
{
	const fake_row rows[] = {
		{ SWARM, .reply = CLUSTER("11", SPEC("{}")) },
		{ UPDATE("11"), .body = "\"Labels\":{\"a\":\"1\"}", .status = 500,
		  .reply = MESSAGE(SEQUENCE_TEXT) },
		{ SWARM, .reply = CLUSTER("12", SPEC("{\"b\":\"2\"}")) },
		{ UPDATE("12"), .status = 500, .reply = MESSAGE(SEQUENCE_TEXT) },
		{ SWARM, .reply = CLUSTER("18446744073709551", SPEC("{\"c\":\"3\"}")) },
		{ UPDATE("18446744073709551"), .body = SPEC("{\"c\":\"3\",\"a\":\"1\"}") },
		{ SWARM, .reply = CLUSTER("18446744073709552", "{}") },
		{ NULL },
	};
	fixture f = setup(rows);
	char *text;

	CHECK_INT(update(&f, "{\"Labels\":{\"a\":\"1\"}}", 0, 0, &text), 0);
	CHECK_STR(text, "{\"new\":{\"Labels\":{\"a\":\"1\",\"c\":\"3\"},\"Name\":\"default\","
			"\"Raft\":{\"SnapshotInterval\":10000}},"
			"\"old\":{\"Labels\":{\"c\":\"3\"},\"Name\":\"default\","
			"\"Raft\":{\"SnapshotInterval\":10000}}}");
	CHECK_INT(f.err.code, 0);
	free(text);
	teardown(&f);
}

static void lost_until_the_deadline(void)
{
	const fake_row rows[] = {
		{ SWARM, .reply = CLUSTER("11", SPEC("{}")) },
		{ UPDATE("11"), .status = 500, .reply = MESSAGE(SEQUENCE_TEXT) },
		{ SWARM, .reply = CLUSTER("11", SPEC("{}")) },
		{ UPDATE("11"), .fault = FAKE_SILENT },
		{ NULL },
	};
	fixture f = setup(rows);
	char *text;

	CHECK_INT(update(&f, "{\"Labels\":{\"a\":\"1\"}}", 0, 1000, &text), SWARM_E_SEQUENCE);
	CHECK_PART(f.err.text, "other writers came first ");
	CHECK_PART(f.err.text, "update out of sequence");
	teardown(&f);
}

/* What this library does not know goes back as it came: fields, big numbers, null, order. */
static void unknown_fields(void)
{
	static const char spec[] =
		"{\"Zeta\":{\"Deep\":[1,null,{\"x\":7776000000000000}]},\"Name\":\"default\","
		"\"Labels\":null,\"CAConfig\":{\"NodeCertExpiry\":31536000000000000,"
		"\"ExternalCAs\":null},"
		"\"Alpha\":-1.5}";
	static const char sent[] =
		"{\"Zeta\":{\"Deep\":[1,null,{\"x\":7776000000000000}]},\"Name\":\"default\","
		"\"Labels\":{\"a\":\"1\"},\"CAConfig\":{\"NodeCertExpiry\":31536000000000000,"
		"\"ExternalCAs\":null},\"Alpha\":-1.5}";
	char cluster[1024];
	const fake_row rows[] = {
		{ SWARM, .reply = cluster },
		{ UPDATE("3"), .body = sent },
		{ SWARM, .reply = CLUSTER("20", "{}") },
		{ NULL },
	};
	fixture f = setup(rows);
	char *text;

	snprintf(cluster, sizeof(cluster), "{\"Version\":{\"Index\":3},\"Spec\":%s}", spec);
	CHECK_INT(update(&f, "{\"Labels\":{\"a\":\"1\"}}", 0, 0, &text), 0);
	free(text);
	teardown(&f);
}

static void nothing_changes(void)
{
	static const char *const patches[] = {
		NULL,
		"{}",
		"{\"Labels\":{\"a\":\"1\"}}",
		"{\"Labels\":{\"gone\":null}}",
		"{\"TaskDefaults\":{}}",
	};

	for (size_t i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
		const fake_row rows[] = {
			{ SWARM, .reply = CLUSTER("11", SPEC("{\"a\":\"1\"}")) },
			{ NULL },
		};
		fixture f = setup(rows);
		char *text;

		test_row = patches[i];
		CHECK_INT(update(&f, patches[i], 0, 0, &text), 0);
		CHECK_PART(text, "\"old\":{\"Labels\":{\"a\":\"1\"}");
		CHECK_PART(text, "\"new\":{\"Labels\":{\"a\":\"1\"}");
		CHECK(!text || !strstr(text, "SWMTKN"));
		free(text);
		teardown(&f);
	}
}

/* The same cluster with other tokens. */
#define ROTATED(worker, manager)                                                                   \
	"{\"ID\":\"c1\",\"Version\":{\"Index\":12},\"Spec\":" SPEC(                                \
		"{}") ",\"JoinTokens\":{\"Worker\":\"" worker "\",\"Manager\":\"" manager "\"}}"
#define NEW_TOKEN "SWMTKN-1-" DIGEST "-2bwxwuwd3z9j1z3puu7rcgdbx"
#define KEY_GET "GET " API "/swarm/unlockkey"
#define OLD_KEY "{\"UnlockKey\":\"SWMKEY-1-UmuaHGEvEoZT4HXzNYQSRcnGSBXUxRBHMIdXjHuhYUY\"}"
#define NEW_KEY "{\"UnlockKey\":\"SWMKEY-1-VmuaHGEvEoZT4HXzNYQSRcnGSBXUxRBHMIdXjHuhYUY\"}"
#define LOCKS "{\"EncryptionConfig\":{\"AutoLockManagers\":true}}"

static void rotation(void)
{
	const fake_row rows[] = {
		{ SWARM, .reply = CLUSTER("11", SPEC("{}")) },
		{ UPDATE("11&rotateWorkerToken=true&rotateManagerToken=true"), .body = SPEC("{}") },
		{ SWARM, .reply = ROTATED(NEW_TOKEN, NEW_TOKEN) },
		{ NULL },
	};
	const fake_row no_autolock[] = {
		{ KEY_GET, .reply = "{\"UnlockKey\":\"\"}" },
		{ SWARM, .reply = CLUSTER("11", SPEC("{}")) },
		{ NULL },
	};
	const fake_row autolock[] = {
		{ KEY_GET, .reply = OLD_KEY },
		{ SWARM, .reply = CLUSTER("11", LOCKS) },
		{ .expect = UPDATE("11&rotateManagerUnlockKey=true") },
		{ KEY_GET, .reply = NEW_KEY },
		{ NULL },
	};
	/* No key before it: whatever there is afterwards is new. */
	const fake_row turned_on[] = {
		{ KEY_GET, .reply = "{\"UnlockKey\":\"\"}" },
		{ SWARM, .reply = CLUSTER("11", SPEC("{}")) },
		{ .expect = UPDATE("11&rotateManagerUnlockKey=true") },
		{ KEY_GET, .reply = OLD_KEY },
		{ NULL },
	};
	fixture f = setup(rows);
	char *text;

	CHECK_INT(
		update(&f, NULL, SWARM_ROTATE_WORKER_TOKEN | SWARM_ROTATE_MANAGER_TOKEN, 0, &text),
		0);
	CHECK(text && !strstr(text, "SWMTKN"));
	free(text);
	CHECK_INT(swarm_cluster_update(f.client, NULL, 8, 0, NULL, &f.err), SWARM_E_INVAL);
	CHECK_PART(f.err.text, "unknown rotation flags 0x8");
	teardown(&f);
	f = setup(no_autolock);
	CHECK_INT(update(&f, NULL, SWARM_ROTATE_UNLOCK_KEY, 0, &text), SWARM_E_INVAL);
	CHECK_PART(f.err.text, "autolock is off");
	teardown(&f);
	f = setup(autolock);
	CHECK_INT(swarm_cluster_update(f.client, NULL, SWARM_ROTATE_UNLOCK_KEY, 0, NULL, NULL), 0);
	teardown(&f);
	f = setup(turned_on);
	CHECK_INT(update(&f, LOCKS, SWARM_ROTATE_UNLOCK_KEY, 0, &text), 0);
	free(text);
	teardown(&f);
}

/* The engine takes the wish and drops it, or cannot say what came of it: no round follows. */
static void nothing_rotated(void)
{
	static const struct {
		const char *reply;
		unsigned rotate;
		const char *text;
		int status;
		int code;
	} table[] = {
		{ CLUSTER("12", SPEC("{}")), SWARM_ROTATE_WORKER_TOKEN,
		  "the same as before: worker token; see docker's log", 200, SWARM_E_STATE },
		{ ROTATED(NEW_TOKEN, TOKEN), SWARM_ROTATE_MANAGER_TOKEN,
		  "the same as before: manager token; ", 200, SWARM_E_STATE },
		{ CLUSTER("12", SPEC("{}")), SWARM_ROTATE_WORKER_TOKEN | SWARM_ROTATE_MANAGER_TOKEN,
		  "the same as before: worker token, manager token; ", 200, SWARM_E_STATE },
		{ ROTATED("", TOKEN), SWARM_ROTATE_WORKER_TOKEN,
		  "JoinTokens.Worker: expected join token", 200, SWARM_E_JSON },
		{ MESSAGE("no such thing"), SWARM_ROTATE_WORKER_TOKEN,
		  "docker accepted the change; reading it back: ", 404, SWARM_E_NOT_FOUND },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = {
			{ SWARM, .reply = CLUSTER("11", SPEC("{}")) },
			{ .expect = table[i].rotate == SWARM_ROTATE_WORKER_TOKEN
					    ? UPDATE("11&rotateWorkerToken=true")
				    : table[i].rotate == SWARM_ROTATE_MANAGER_TOKEN
					    ? UPDATE("11&rotateManagerToken=true")
					    : UPDATE("11&rotateWorkerToken=true&rotateManagerToken="
						     "true") },
			{ SWARM, .status = table[i].status, .reply = table[i].reply },
			{ NULL },
		};
		fixture f = setup(rows);
		char *text;

		test_row = table[i].text;
		CHECK_INT(update(&f, NULL, table[i].rotate, 0, &text), table[i].code);
		CHECK_PART(f.err.text, table[i].text);
		CHECK(!strstr(f.err.text, DIGEST));
		teardown(&f);
	}
}

static void same_key(void)
{
	const fake_row rows[] = {
		{ KEY_GET, .reply = OLD_KEY },
		{ SWARM, .reply = CLUSTER("11", LOCKS) },
		{ .expect = UPDATE("11&rotateManagerUnlockKey=true") },
		{ KEY_GET, .reply = OLD_KEY },
		{ NULL },
	};
	fixture f = setup(rows);
	char *text;

	CHECK_INT(update(&f, NULL, SWARM_ROTATE_UNLOCK_KEY, 0, &text), SWARM_E_STATE);
	CHECK_PART(f.err.text, "the same as before: unlock key; ");
	CHECK(!strstr(f.err.text, "HGEvEoZT4HXzNYQSRcnGSBXUxRBH"));
	teardown(&f);
}

/* An election: the read waits for it, and so does the write. */
static void waits_out_an_election(void)
{
	const fake_row rows[] = {
		{ SWARM, .status = 500, .reply = MESSAGE(NO_LEADER_TEXT) },
		{ SWARM, .status = 500, .reply = MESSAGE(ENGINE_DEADLINE_TEXT) },
		{ SWARM, .reply = CLUSTER("11", SPEC("{}")) },
		{ UPDATE("11"), .status = 500, .reply = MESSAGE(NO_LEADER_TEXT) },
		{ SWARM, .reply = CLUSTER("11", SPEC("{}")) },
		{ .expect = UPDATE("11") },
		{ SWARM, .reply = CLUSTER("20", "{}") },
		{ NULL },
	};
	const fake_row never[] = {
		{ SWARM, .status = 500, .reply = MESSAGE(NO_LEADER_TEXT), .repeat = true },
		{ NULL },
	};
	fixture f = setup(rows);
	char *text;

	CHECK_INT(update(&f, "{\"Labels\":{\"a\":\"1\"}}", 0, 0, &text), 0);
	free(text);
	teardown(&f);
	f = setup(never);
	CHECK_INT(update(&f, "{\"Labels\":{\"a\":\"1\"}}", 0, 300, &text), SWARM_E_NO_LEADER);
	CHECK_PART(f.err.text, "The swarm does not have a leader");
	teardown(&f);
}

/* The engine gave up waiting, but the write went through: the change is reported all the same. */
static void write_of_unknown_end(void)
{
	const fake_row rows[] = {
		{ SWARM, .reply = CLUSTER("11", SPEC("{}")) },
		{ UPDATE("11"), .status = 500, .reply = MESSAGE(ENGINE_DEADLINE_TEXT) },
		{ SWARM, .reply = CLUSTER("12", SPEC("{\"a\":\"1\"}")) },
		{ NULL },
	};
	fixture f = setup(rows);
	char *text;

	CHECK_INT(update(&f, "{\"Labels\":{\"a\":\"1\"}}", 0, 0, &text), 0);
	CHECK_PART(text, "\"old\":{\"Labels\":{},");
	CHECK_PART(text, "\"new\":{\"Labels\":{\"a\":\"1\"},");
	free(text);
	teardown(&f);
}

static void bad_patches(void)
{
	static const struct {
		const char *patch;
		const char *text;
	} table[] = {
		{ "[]", "the change must be an object" },
		{ "{\"Lables\":{}}", "unknown field 'Lables' (valid: Name, Labels, " },
		{ "{\"lab:els\":{}}", "unknown field 'lab:els'" },
	};
	const fake_row rows[] = { { NULL } };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fixture f = setup(rows);
		char *text;

		test_row = table[i].patch;
		CHECK_INT(update(&f, table[i].patch, 0, 0, &text), SWARM_E_INVAL);
		CHECK_PART(f.err.text, table[i].text);
		teardown(&f);
	}
	CHECK_INT(swarm_cluster_update(NULL, NULL, 0, 0, NULL, NULL), SWARM_E_INVAL);
}

static void bad_answers(void)
{
	static const struct {
		const char *reply;
		const char *text;
	} table[] = {
		{ "{\"Version\":{\"Index\":-1},\"Spec\":{}}",
		  "Version.Index: expected an integer from 0" },
		{ "{\"Version\":{\"Index\":\"7\"},\"Spec\":{}}",
		  "Version.Index: expected an integer" },
		{ "{\"Version\":{\"Index\":7}}", "Spec: expected object" },
		{ "[]", "Spec: expected object" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = { { SWARM, .reply = table[i].reply }, { NULL } };
		fixture f = setup(rows);
		char *text;

		test_row = table[i].reply;
		CHECK_INT(update(&f, "{\"Labels\":{\"a\":\"1\"}}", 0, 0, &text), SWARM_E_JSON);
		CHECK_PART(f.err.text, table[i].text);
		teardown(&f);
	}
}

/* A new signing key is sent, and does not come back. */
static void signing_key(void)
{
	const fake_row rows[] = {
		{ SWARM, .reply = CLUSTER("11", "{\"CAConfig\":{\"ForceRotate\":1}}") },
		{ UPDATE("11"), .body = "\"SigningCAKey\":\"hush hush key\"" },
		{ SWARM, .reply = CLUSTER("20", "{}") },
		{ NULL },
	};
	const fake_row refused[] = {
		{ SWARM, .reply = CLUSTER("11", "{\"CAConfig\":{\"ForceRotate\":1}}") },
		{ UPDATE("11"), .status = 400, .reply = MESSAGE("bad key hush hush key") },
		{ NULL },
	};
	fixture f = setup(rows);
	char *text;

	CHECK_INT(update(&f, "{\"CAConfig\":{\"SigningCAKey\":\"hush hush key\"}}", 0, 0, &text),
		  0);
	CHECK(text && !strstr(text, "hush") && !strstr(text, "SigningCAKey"));
	free(text);
	teardown(&f);
	f = setup(refused);
	CHECK_INT(update(&f, "{\"CAConfig\":{\"SigningCAKey\":\"hush hush key\"}}", 0, 0, &text),
		  SWARM_E_HTTP);
	CHECK_PART(f.err.text, "bad key");
	CHECK(strstr(f.err.text, "hush") == NULL);
	teardown(&f);
}

/* What the engine takes without a word: refused before it is sent. */
static void bad_settings(void)
{
	static const struct {
		const char *patch;
		const char *text; /* NULL: sent */
	} table[] = {
		{ "{\"Dispatcher\":{\"HeartbeatPeriod\":0}}",
		  "Dispatcher.HeartbeatPeriod must be at least 1 (nanoseconds), not 0" },
		{ "{\"Dispatcher\":{\"HeartbeatPeriod\":-5}}",
		  "Dispatcher.HeartbeatPeriod must be at least 1 (nanoseconds), not -5" },
		{ "{\"Dispatcher\":{\"HeartbeatPeriod\":\"5s\"}}",
		  "Dispatcher.HeartbeatPeriod must be a whole number (nanoseconds)" },
		{ "{\"CAConfig\":{\"NodeCertExpiry\":3599999999999}}",
		  "CAConfig.NodeCertExpiry must be at least 3600000000000 (nanoseconds: 1 hour), not 3599999999999" },
		{ "{\"Raft\":{\"HeartbeatTick\":0}}",
		  "Raft.HeartbeatTick must be at least 1, not 0" },
		{ "{\"Raft\":{\"ElectionTick\":0}}",
		  "Raft.ElectionTick must be at least 1, not 0" },
		{ "{\"Raft\":{\"HeartbeatTick\":10}}",
		  "Raft.ElectionTick must be greater than Raft.HeartbeatTick, not 10 and 10" },
		{ "{\"Raft\":{\"ElectionTick\":2,\"HeartbeatTick\":3}}",
		  "Raft.ElectionTick must be greater than Raft.HeartbeatTick, not 2 and 3" },
		{ "{\"Raft\":{\"ElectionTick\":3,\"HeartbeatTick\":2}}", NULL },
		/* What is there already is not the caller's. */
		{ "{\"Labels\":{\"a\":\"b\"}}", NULL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = {
			{ SWARM,
			  .reply = CLUSTER("5", "{\"Raft\":{\"ElectionTick\":10},\"Dispatcher\":{"
						"\"HeartbeatPeriod\":0}}") },
			{ table[i].text ? NULL : UPDATE("5") },
			{ SWARM, .reply = CLUSTER("20", "{}") },
			{ NULL },
		};
		json_t *patch = json_loads(table[i].patch, 0, NULL);
		fixture f = setup(rows);

		test_row = table[i].patch;
		CHECK_INT(swarm_cluster_update(f.client, patch, 0, 0, NULL, &f.err),
			  table[i].text ? SWARM_E_INVAL : 0);
		CHECK_STR(f.err.text, table[i].text ? table[i].text : "");
		json_decref(patch);
		teardown(&f);
	}
}

TEST_MAIN(TEST(tokens), TEST(tokens_refused), TEST(lost_races), TEST(lost_until_the_deadline),
	  TEST(unknown_fields), TEST(nothing_changes), TEST(rotation), TEST(nothing_rotated),
	  TEST(same_key), TEST(waits_out_an_election), TEST(write_of_unknown_end),
	  TEST(bad_patches), TEST(bad_answers), TEST(signing_key), TEST(bad_settings))
