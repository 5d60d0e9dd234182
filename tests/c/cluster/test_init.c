/* SPDX-License-Identifier: Apache-2.0 */
/* Init: what is refused before, what is sent, and what is waited for. */
#include "test_cluster.h"

#include "base/internal.h"

#define INIT "POST " API "/swarm/init"
#define SWARM "GET " API "/swarm"
#define CLUSTER "{\"ID\":\"c1\",\"Spec\":{}}"

static void state_first(void)
{
	static const struct {
		const char *reply;
		int code;
		const char *text;
	} table[] = {
		{ PENDING, SWARM_E_MEMBER, "this host is pending" },
		{ WORKER, SWARM_E_MEMBER, "this host is active in a swarm already, as node w1" },
		{ STATE_ERROR("error", "certificate expired"), SWARM_E_MEMBER,
		  "in state error (certificate expired)" },
		{ STATE("locked"), SWARM_E_LOCKED, "unlock it with its unlock key" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = { { INFO, .reply = table[i].reply }, { NULL } };
		fixture f = setup(rows);

		test_row = table[i].text;
		CHECK_INT(swarm_init(f.client, NULL, NULL, &f.err), table[i].code);
		CHECK_PART(f.err.text, table[i].text);
		teardown(&f);
	}
}

static void bad_options(void)
{
	static const struct {
		swarm_init_options options;
		const char *text;
	} table[] = {
		{ { 0 }, "start from SWARM_INIT_OPTIONS_INIT" },
		{ { .size = sizeof(swarm_init_options), .data_path_port = 80 },
		  "data path port must be 1024 to 49151, not 80" },
		{ { .size = sizeof(swarm_init_options), .subnet_size = 30 },
		  "subnet size is 1 to 29, not 30" },
		{ { .size = sizeof(swarm_init_options), .availability = "Drain" },
		  "availability must be active, pause or drain, not 'Drain'" },
		{ { .size = sizeof(swarm_init_options), .advertise_addr = "192.0.2.7" },
		  "advertise address 192.0.2.7 is not an address of this host (it has " },
		{ { .size = sizeof(swarm_init_options), .data_path_addr = "nosuchif0" },
		  "data path address nosuchif0 is not an address of this host (it has " },
		{ { .size = sizeof(swarm_init_options), .listen_addr = "192.0.2.7:2377" },
		  "listen address 192.0.2.7:2377 is not an address of this host (it has " },
	};
	const fake_row rows[] = { { NULL } };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fixture f = setup(rows);

		test_row = table[i].text;
		CHECK_INT(swarm_init(f.client, &table[i].options, NULL, &f.err), SWARM_E_INVAL);
		CHECK_PART(f.err.text, table[i].text);
		teardown(&f);
	}
	CHECK_INT(swarm_init(NULL, NULL, NULL, NULL), SWARM_E_INVAL);
}

/* Until active, with the manager part, and until the swarm answers, that is, has a leader. */
static void waits_for_leader(void)
{
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ INIT, .body = "{\"ListenAddr\":\"0.0.0.0:2377\",\"Spec\":{}}",
		  .reply = "\"m1\"\n" },
		{ INFO, .reply = PENDING },
		{ INFO, .reply = WORKER },
		{ INFO, .reply = MANAGER },
		{ SWARM, .status = 503,
		  .reply = MESSAGE(
			  "This node is not a swarm manager. Manager is being prepared or has "
			  "trouble connecting to the cluster.") },
		{ INFO, .reply = MANAGER },
		{ SWARM, .status = 500, .reply = MESSAGE(NO_LEADER_TEXT) },
		{ INFO, .reply = MANAGER },
		{ SWARM, .reply = "{\"ID\":\"c1\"}" },
		{ NULL },
	};
	fixture f = setup(rows);
	char *id = NULL;

	CHECK_INT(swarm_init(f.client, NULL, &id, &f.err), 0);
	CHECK_STR(id, "m1");
	CHECK_INT(f.err.code, 0);
	free(id);
	teardown(&f);
}

static void bodies(void)
{
	static const char *const pool[] = { "10.20.0.0/16", "10.30.0.0/16", NULL };
	json_t *lock = json_pack("{s:{s:b}, s:s}", "EncryptionConfig", "AutoLockManagers", 1,
				 "Name", "default");
	const struct {
		swarm_init_options options;
		const char *body;
	} table[] = {
		{ { .size = sizeof(swarm_init_options),
		    .advertise_addr = "127.0.0.1",
		    .listen_addr = "lo:2377",
		    .data_path_addr = "lo",
		    .availability = "drain" },
		  "{\"ListenAddr\":\"lo:2377\",\"AdvertiseAddr\":\"127.0.0.1\","
		  "\"DataPathAddr\":\"lo\","
		  "\"Availability\":\"drain\",\"Spec\":{}}" },
		{ { .size = sizeof(swarm_init_options), .listen_addr = "::1" },
		  "\"ListenAddr\":\"[::1]:2377\"" },
		{ { .size = sizeof(swarm_init_options), .listen_addr = "[::1]:5000" },
		  "\"ListenAddr\":\"[::1]:5000\"" },
		{ { .size = sizeof(swarm_init_options), .listen_addr = "::" },
		  "\"ListenAddr\":\"[::]:2377\"" },
		{ { .size = sizeof(swarm_init_options), .default_addr_pool = pool },
		  "\"DefaultAddrPool\":[\"10.20.0.0/16\",\"10.30.0.0/16\"],\"SubnetSize\":24" },
		{ { .size = sizeof(swarm_init_options), .subnet_size = 26 },
		  "\"DefaultAddrPool\":[\"10.0.0.0/8\"],\"SubnetSize\":26" },
		{ { .size = sizeof(swarm_init_options), .autolock = 1 },
		  "\"Spec\":{\"EncryptionConfig\":{\"AutoLockManagers\":true}},"
		  "\"AutoLockManagers\":true" },
		{ { .size = sizeof(swarm_init_options), .spec = lock },
		  "\"Spec\":{\"EncryptionConfig\":{\"AutoLockManagers\":true},"
		  "\"Name\":\"default\"},"
		  "\"AutoLockManagers\":true" },
		{ { .size = sizeof(swarm_init_options),
		    .data_path_port = 7777,
		    .force_new_cluster = 1 },
		  "\"DataPathPort\":7777,\"ForceNewCluster\":true" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = {
			{ INFO, .reply = INACTIVE },
			{ INIT, .body = table[i].body, .reply = "\"m1\"\n" },
			{ INFO, .reply = MANAGER },
			{ SWARM, .reply = CLUSTER },
			{ NULL },
		};
		fixture f = setup(rows);

		test_row = table[i].body;
		CHECK_INT(swarm_init(f.client, &table[i].options, NULL, &f.err), 0);
		teardown(&f);
	}
	CHECK(json_object_size(lock) == 2);
	json_decref(lock);
}

/* Only a lost quorum is a reason; then the host is a member, but it may not be locked. */
static void force_new_cluster(void)
{
	swarm_init_options options = SWARM_INIT_OPTIONS_INIT;
	const fake_row rows[] = {
		{ INFO, .reply = MANAGER },
		{ SWARM, .status = 500, .reply = MESSAGE(NO_LEADER_TEXT) },
		{ INIT, .body = "\"Spec\":{},\"ForceNewCluster\":true", .reply = "\"m1\"\n" },
		{ INFO, .reply = MANAGER },
		{ SWARM, .reply = CLUSTER },
		{ NULL },
	};
	const fake_row locked[] = { { INFO, .reply = STATE("locked") }, { NULL } };
	fixture f = setup(rows);

	options.force_new_cluster = 1;
	CHECK_INT(swarm_init(f.client, &options, NULL, &f.err), 0);
	teardown(&f);
	f = setup(locked);
	CHECK_INT(swarm_init(f.client, &options, NULL, &f.err), SWARM_E_LOCKED);
	teardown(&f);
}

/* On a healthy swarm it would throw the other managers out; with autolock the engine loses its own. */
static void force_refused(void)
{
	static const char locks[] = "{\"ID\":\"c1\",\"Spec\":{\"EncryptionConfig\":{"
				    "\"AutoLockManagers\":true}}}";
	static const struct {
		const char *info;
		int status;
		const char *reply;
		int meant;
		int code;
		const char *text;
	} table[] = {
		{ MANAGER, 200, CLUSTER, 0, SWARM_E_MEMBER,
		  "the swarm of this host has a leader, so nothing is lost" },
		{ MANAGER, 200, locks, 0, SWARM_E_MEMBER, "has a leader" },
		{ MANAGER, 200, locks, 1, SWARM_E_LOCKED, "autolock is on" },
		/* The leader was seen a moment ago: an election is not a lost quorum. */
		{ "{\"Swarm\":{\"NodeID\":\"m1\",\"LocalNodeState\":\"active\","
		  "\"ControlAvailable\":true,\"Cluster\":{\"ID\":\"c1\"}}}",
		  500, MESSAGE(NO_LEADER_TEXT), 0, SWARM_E_MEMBER, "has a leader" },
		/* Only the engine's own report that there is no leader counts. */
		{ MANAGER, 200, "", 0, SWARM_E_JSON, "" },
		{ MANAGER, 200, "{}", 0, SWARM_E_JSON, "" },
		{ MANAGER, 200, "[]", 1, SWARM_E_JSON, "" },
		{ MANAGER, 200, "{\"ID\":\"c1\"}", 1, SWARM_E_JSON, "" },
		{ MANAGER, 200,
		  "{\"ID\":\"c1\",\"Spec\":{\"EncryptionConfig\":{\"AutoLockManagers\":1}}}", 1,
		  SWARM_E_JSON, "AutoLockManagers" },
		{ MANAGER, 500, MESSAGE("disk full"), 0, SWARM_E_HTTP, "disk full" },
		{ MANAGER, 404, MESSAGE("page not found"), 0, SWARM_E_VERSION, "" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm_init_options options = SWARM_INIT_OPTIONS_INIT;
		const fake_row rows[] = {
			{ INFO, .reply = table[i].info },
			{ SWARM, .status = table[i].status, .reply = table[i].reply },
			{ NULL },
		};
		fixture f = setup(rows);

		test_row = table[i].reply;
		options.force_new_cluster = 1;
		options.force_despite_leader = table[i].meant;
		CHECK_INT(swarm_init(f.client, &options, NULL, &f.err), table[i].code);
		CHECK_PART(f.err.text, table[i].text);
		teardown(&f);
	}
}

/*
 * The engine takes autolock and the counter from the call whatever it says of them, so they go back
 * as they were, with what the caller changes.
 */
static void force_keeps_the_spec(void)
{
	swarm_init_options options = SWARM_INIT_OPTIONS_INIT;
	json_t *spec = json_pack("{s:{s:i}}", "Orchestration", "TaskHistoryRetentionLimit", 7);
	const fake_row rows[] = {
		{ INFO, .reply = MANAGER },
		{ SWARM,
		  .reply = "{\"ID\":\"c1\",\"Spec\":{\"CAConfig\":{\"ForceRotate\":3},"
			   "\"EncryptionConfig\":{\"AutoLockManagers\":false}},\"JoinTokens\":{"
			   "\"Worker\":\"" TOKEN "\"}}" },
		{ INIT,
		  .body = "\"Spec\":{\"CAConfig\":{\"ForceRotate\":3},\"EncryptionConfig\":{"
			  "\"AutoLockManagers\":false},\"Orchestration\":{"
			  "\"TaskHistoryRetentionLimit\":7}},\"ForceNewCluster\":true",
		  .reply = "\"m1\"\n" },
		{ INFO, .reply = MANAGER },
		{ SWARM, .reply = CLUSTER },
		{ NULL },
	};
	fixture f = setup(rows);

	options.force_new_cluster = 1;
	options.force_despite_leader = 1;
	options.spec = spec;
	CHECK_INT(swarm_init(f.client, &options, NULL, &f.err), 0);
	teardown(&f);
	json_decref(spec);
}

/* The engine makes the swarm first and looks at the settings then. */
static void bad_settings(void)
{
	static const struct {
		const char *spec;
		const char *text;
	} table[] = {
		{ "{\"Dispatcher\":{\"HeartbeatPeriod\":0}}",
		  "Dispatcher.HeartbeatPeriod must be at least 1" },
		{ "{\"Raft\":{\"ElectionTick\":1}}",
		  "Raft.ElectionTick must be greater than Raft.HeartbeatTick, not 1 and 1" },
		{ "{\"CAConfig\":{\"NodeCertExpiry\":60000000000}}",
		  "CAConfig.NodeCertExpiry must be at least 3600000000000 (nanoseconds: 1 hour)" },
	};
	const fake_row rows[] = { { NULL } };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm_init_options options = SWARM_INIT_OPTIONS_INIT;
		json_t *spec = json_loads(table[i].spec, 0, NULL);
		fixture f = setup(rows);

		test_row = table[i].spec;
		options.spec = spec;
		CHECK_INT(swarm_init(f.client, &options, NULL, &f.err), SWARM_E_INVAL);
		CHECK_PART(f.err.text, table[i].text);
		json_decref(spec);
		teardown(&f);
	}
}

/* A 200 alone is not a swarm: the host must be a node, and the cluster must have an id. */
static void proven(void)
{
	static const struct {
		const char *info;
		const char *cluster; /* NULL: not asked for */
	} table[] = {
		{ ACTIVE_AS("", "true", ""), NULL },
		{ "{\"Swarm\":{\"LocalNodeState\":\"active\",\"ControlAvailable\":true}}", NULL },
		{ MANAGER, "" },
		{ MANAGER, "{}" },
		{ MANAGER, "null" },
		{ MANAGER, "[]" },
		{ MANAGER, "{\"ID\":5}" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = {
			{ INFO, .reply = INACTIVE },
			{ INIT, .reply = "\"m1\"\n" },
			{ INFO, .reply = table[i].info },
			{ table[i].cluster ? SWARM : NULL, .reply = table[i].cluster },
			{ NULL },
		};
		fixture f = setup(rows);
		char *id = NULL;

		test_row = table[i].cluster ? table[i].cluster : table[i].info;
		CHECK_INT(swarm_init(f.client, NULL, &id, &f.err), SWARM_E_JSON);
		CHECK(id == NULL);
		teardown(&f);
	}
}

/* The engine: an init whose settings are refused last leaves a swarm behind. */
static void error_with_a_swarm(void)
{
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ INIT, .status = 500,
		  .reply = MESSAGE("error updating cluster settings: too short") },
		{ INFO, .reply = MANAGER },
		{ NULL },
	};
	const fake_row without[] = {
		{ INFO, .reply = INACTIVE },
		{ INIT, .status = 500, .reply = MESSAGE("cannot listen") },
		{ INFO, .reply = INACTIVE },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_init(f.client, NULL, NULL, &f.err), SWARM_E_HTTP);
	CHECK_PART(f.err.text, "a swarm runs on this host now, without the requested settings");
	CHECK_PART(f.err.text, ": error updating cluster settings: too short");
	CHECK_INT(f.err.http_status, 500);
	teardown(&f);
	f = setup(without);
	CHECK_INT(swarm_init(f.client, NULL, NULL, &f.err), SWARM_E_HTTP);
	CHECK_STR(f.err.text, "cannot listen");
	teardown(&f);
}

static void refused(void)
{
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ INIT, .status = 400,
		  .reply = MESSAGE("could not choose an IP address to advertise") },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_init(f.client, NULL, NULL, &f.err), SWARM_E_HTTP);
	CHECK_STR(f.err.text, "could not choose an IP address to advertise");
	teardown(&f);
}

static void hangs(void)
{
	swarm_init_options options = SWARM_INIT_OPTIONS_INIT;
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ INIT, .fault = FAKE_SILENT },
		{ NULL },
	};
	fixture f = setup(rows);

	options.timeout_ms = 300;
	CHECK_INT(swarm_init(f.client, &options, NULL, &f.err), SWARM_E_TIMEOUT);
	CHECK_PART(f.err.text, "docker did not finish the init in ");
	CHECK_PART(f.err.text,
		   "restart docker on this host (systemctl restart docker), then run again");
	teardown(&f);
}

static void never_leads(void)
{
	swarm_init_options options = SWARM_INIT_OPTIONS_INIT;
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ INIT, .reply = "\"m1\"\n" },
		{ INFO, .reply = PENDING, .repeat = true },
		{ NULL },
	};
	const fake_row fails[] = {
		{ INFO, .reply = INACTIVE },
		{ INIT, .reply = "\"m1\"\n" },
		{ INFO, .reply = STATE_ERROR("error", "disk full") },
		{ NULL },
	};
	fixture f = setup(rows);

	options.timeout_ms = 400;
	CHECK_INT(swarm_init(f.client, &options, NULL, &f.err), SWARM_E_TIMEOUT);
	CHECK_PART(f.err.text, "the swarm was created, but has no leader after ");
	teardown(&f);
	f = setup(fails);
	CHECK_INT(swarm_init(f.client, NULL, NULL, &f.err), SWARM_E_STATE);
	CHECK_PART(f.err.text, "state error: disk full");
	teardown(&f);
}

TEST_MAIN(TEST(state_first), TEST(bad_options), TEST(waits_for_leader), TEST(bodies),
	  TEST(force_new_cluster), TEST(force_refused), TEST(force_keeps_the_spec), TEST(proven),
	  TEST(bad_settings), TEST(error_with_a_swarm), TEST(refused), TEST(hangs),
	  TEST(never_leads))
