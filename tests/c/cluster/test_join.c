/* SPDX-License-Identifier: Apache-2.0 */
/* Join: what is checked before, one manager after the other, and following it to its end. */
#include "test_cluster.h"

#include "base/internal.h"

#define JOIN "POST " API "/swarm/join"
#define LEAVE "POST " API "/swarm/leave?force=true"
#define STILL_JOINING                                                                              \
	MESSAGE("Timeout was reached before node joined. The attempt to join the swarm will "      \
		"continue in the background. Use the \\\"docker info\\\" command")

/* Seen right after a manager's link came back: the leader could not reach the new manager yet. */
#define RAFT_TIMEOUT                                                                               \
	"manager stopped: can't initialize raft node: rpc error: code = Unknown desc = could not " \
	"connect to prospective new cluster member using its advertised address: dial tcp "        \
	"10.0.0.2:2377: i/o timeout"

/* Two ports that accept and one that refuses, for all tests. */
static char good[64], good2[64], dead[64];
static const char *const one[] = { good, NULL };

static swarm_join_options options_for(const char *const *remotes)
{
	swarm_join_options options = SWARM_JOIN_OPTIONS_INIT;

	options.remote_addrs = remotes;
	options.token = TOKEN;
	return options;
}

/* --- before anything is sent ---------------------------------------------------------------- */

static void bad_options(void)
{
	static const char *const none[] = { NULL };
	static const char *const malformed[] = { "10.0.0.1:2377", "10.0.0.2:x", NULL };
	enum { SIZE = sizeof(swarm_join_options) };
	const struct {
		swarm_join_options options;
		int code;
		const char *text;
	} table[] = {
		{ { 0 }, SWARM_E_INVAL, "start from SWARM_JOIN_OPTIONS_INIT" },
		{ { SIZE, .remote_addrs = one }, SWARM_E_INVAL, "a join token is required" },
		{ { SIZE, .token = TOKEN }, SWARM_E_INVAL, "the address of a manager is required" },
		{ { SIZE, .token = TOKEN, .remote_addrs = none },
		  SWARM_E_INVAL,
		  "the address of a manager is required" },
		{ { SIZE, .token = TOKEN, .remote_addrs = malformed },
		  SWARM_E_INVAL,
		  "address '10.0.0.2:x' is malformed" },
		{ { SIZE, .token = "SWMTKN-1-abc", .remote_addrs = one }, SWARM_E_TOKEN, "" },
		{ { SIZE, .token = TOKEN, .remote_addrs = one,
		    .digest = "00000hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lk" },
		  SWARM_E_TOKEN,
		  "the join token is of another swarm (its CA digest differs)" },
		{ { SIZE, .token = TOKEN, .remote_addrs = one, .availability = "idle" },
		  SWARM_E_INVAL,
		  "availability must be active, pause or drain, not 'idle'" },
		{ { SIZE, .token = TOKEN, .remote_addrs = one, .advertise_addr = "192.0.2.7" },
		  SWARM_E_INVAL,
		  "advertise address 192.0.2.7 is not an address of this host" },
	};
	const fake_row rows[] = { { NULL } };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fixture f = setup(rows);

		test_row = table[i].text;
		CHECK_INT(swarm_join(f.client, &table[i].options, &f.err), table[i].code);
		CHECK_PART(f.err.text, table[i].text);
		CHECK(strstr(f.err.text, DIGEST) == NULL);
		teardown(&f);
	}
	CHECK_INT(swarm_join(NULL, &table[1].options, NULL), SWARM_E_INVAL);
}

static void state_first(void)
{
	static const struct {
		const char *reply;
		int code;
		int replace_pending;
	} table[] = {
		{ WORKER, SWARM_E_MEMBER, 0 },
		{ WORKER, SWARM_E_MEMBER, 1 },
		{ PENDING, SWARM_E_MEMBER, 0 },
		{ STATE_ERROR("error", "expired"), SWARM_E_MEMBER, 0 },
		{ STATE("locked"), SWARM_E_LOCKED, 0 },
		{ STATE("locked"), SWARM_E_LOCKED, 1 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = { { INFO, .reply = table[i].reply }, { NULL } };
		swarm_join_options options = options_for(one);
		fixture f = setup(rows);

		test_row = table[i].reply;
		options.replace_pending = table[i].replace_pending;
		CHECK_INT(swarm_join(f.client, &options, &f.err), table[i].code);
		teardown(&f);
	}
}

/* --- managers, one after the other ---------------------------------------------------------- */

static void nobody_listens(void)
{
	static const char *const remotes[] = { dead, NULL };
	const swarm_join_options options = options_for(remotes);
	const fake_row rows[] = { { INFO, .reply = INACTIVE }, { NULL } };
	fixture f = setup(rows);

	CHECK_INT(swarm_join(f.client, &options, &f.err), SWARM_E_CONNECT);
	CHECK_PART(f.err.text, "no manager can be reached (nothing listens at 127.0.0.1:");
	CHECK_PART(f.err.text,
		   "Connection refused): see that docker runs there and TCP port 2377 is open");
	teardown(&f);
}

static void second_listens(void)
{
	static const char *const remotes[] = { dead, good, NULL };
	swarm_join_options options = options_for(remotes);
	char body[512];
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ JOIN, .body = body },
		{ INFO, .reply = WORKER },
		{ NULL },
	};
	fixture f = setup(rows);

	snprintf(body, sizeof(body),
		 "{\"ListenAddr\":\"0.0.0.0:2377\",\"AdvertiseAddr\":\"127.0.0.1\","
		 "\"Availability\":\"drain\","
		 "\"JoinToken\":\"" TOKEN "\",\"RemoteAddrs\":[\"%s\"]}",
		 good);
	options.advertise_addr = "127.0.0.1";
	options.availability = "drain";
	CHECK_INT(swarm_join(f.client, &options, &f.err), 0);
	CHECK_INT(f.err.code, 0);
	teardown(&f);
}

static void next_manager(void)
{
	static const struct {
		int status;
		const char *reply;
	} table[] = {
		{ 500, MESSAGE(NO_LEADER_TEXT) },
		{ 500, MESSAGE(ENGINE_DEADLINE_TEXT) },
		{ 500, MESSAGE("rpc error: code = Unavailable desc = connection error: desc = "
			       "transport") },
		{ 500, MESSAGE("dial tcp 10.0.0.1:2377: connect: connection refused") },
		{ 503, MESSAGE("rpc error: code = Unavailable desc = going down") },
		{ 500, MESSAGE(RAFT_TIMEOUT) },
		{ 502, MESSAGE(RAFT_TIMEOUT) },
	};
	static const char *const remotes[] = { good, good2, NULL };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const swarm_join_options options = options_for(remotes);
		const fake_row rows[] = {
			{ INFO, .reply = INACTIVE },
			{ JOIN, .body = good, .status = table[i].status, .reply = table[i].reply },
			{ INFO, .reply = INACTIVE },
			{ JOIN, .body = good2 },
			{ INFO, .reply = WORKER },
			{ NULL },
		};
		fixture f = setup(rows);

		test_row = table[i].reply;
		CHECK_INT(swarm_join(f.client, &options, &f.err), 0);
		teardown(&f);
	}
}

static void all_managers_fail(void)
{
	static const char *const remotes[] = { good, dead, NULL };
	const swarm_join_options options = options_for(remotes);
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ JOIN, .status = 500, .reply = MESSAGE(NO_LEADER_TEXT) },
		{ INFO, .reply = INACTIVE },
		{ JOIN, .status = 500, .reply = MESSAGE(NO_LEADER_TEXT) },
		{ INFO, .reply = INACTIVE },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_join(f.client, &options, &f.err), SWARM_E_NO_LEADER);
	CHECK_PART(f.err.text, "manager 127.0.0.1:");
	CHECK_PART(f.err.text, "The swarm does not have a leader");
	teardown(&f);
}

/* No second round that the deadline does not allow: the reason is worth more than "no time". */
static void no_time_for_a_second_round(void)
{
	swarm_join_options options = options_for(one);
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ JOIN, .status = 500, .reply = MESSAGE(NO_LEADER_TEXT) },
		{ INFO, .reply = INACTIVE },
		{ NULL },
	};
	fixture f = setup(rows);

	options.timeout_ms = 1000;
	CHECK_INT(swarm_join(f.client, &options, &f.err), SWARM_E_NO_LEADER);
	teardown(&f);
}

/* The trouble of the only manager passes. */
static void second_round(void)
{
	const swarm_join_options options = options_for(one);
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ JOIN, .body = good, .status = 500, .reply = MESSAGE(RAFT_TIMEOUT) },
		{ INFO, .reply = INACTIVE },
		{ JOIN, .body = good },
		{ INFO, .reply = WORKER },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_join(f.client, &options, &f.err), 0);
	CHECK_INT(f.err.code, 0);
	teardown(&f);
}

/* The engine went on after its 20 s, and failed then for the manager's trouble. */
static void next_manager_after_a_failure_in_the_background(void)
{
	static const char *const remotes[] = { good, good2, NULL };
	const swarm_join_options options = options_for(remotes);
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ JOIN, .body = good, .status = 503, .reply = STILL_JOINING },
		{ INFO, .reply = STATE_ERROR("inactive", RAFT_TIMEOUT) },
		{ INFO, .reply = STATE_ERROR("inactive", RAFT_TIMEOUT) },
		{ JOIN, .body = good2 },
		{ INFO, .reply = WORKER },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_join(f.client, &options, &f.err), 0);
	CHECK_INT(f.err.code, 0);
	teardown(&f);
}

/* A host in state "error" leaves by force only if the caller permits that. */
static void error_in_the_background(void)
{
	static const char *const remotes[] = { good, good2, NULL };
	swarm_join_options options = options_for(remotes);
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ JOIN, .body = good, .status = 503, .reply = STILL_JOINING },
		{ INFO, .reply = STATE_ERROR("error", RAFT_TIMEOUT), .repeat = true },
		{ .expect = LEAVE },
		{ INFO, .reply = INACTIVE },
		{ JOIN, .body = good2 },
		{ INFO, .reply = WORKER },
		{ NULL },
	};
	const fake_row kept[] = {
		{ INFO, .reply = INACTIVE },
		{ JOIN, .body = good, .status = 503, .reply = STILL_JOINING },
		{ INFO, .reply = STATE_ERROR("error", RAFT_TIMEOUT) },
		{ INFO, .reply = STATE_ERROR("error", RAFT_TIMEOUT) },
		{ NULL },
	};
	fixture f = setup(rows);

	options.replace_pending = 1;
	CHECK_INT(swarm_join(f.client, &options, &f.err), 0);
	teardown(&f);
	f = setup(kept);
	options.replace_pending = 0;
	CHECK_INT(swarm_join(f.client, &options, &f.err), SWARM_E_STATE);
	CHECK_PART(f.err.text, "the join failed (state error): manager stopped");
	teardown(&f);
}

static void token_errors(void)
{
	static const struct {
		int status;
		const char *reply;
		const char *text;
	} table[] = {
		{ 500, MESSAGE("invalid join token"), "fetch a new one from a manager" },
		{ 400,
		  MESSAGE("rpc error: code = InvalidArgument desc = A valid join token is "
			  "necessary "
			  "to join this cluster"),
		  "fetch a new one from a manager" },
		{ 500, MESSAGE("remote CA does not match fingerprint. Expected: " DIGEST),
		  "the join token is of another swarm than the manager's" },
	};
	static const char *const remotes[] = { good, good2, NULL };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const swarm_join_options options = options_for(remotes);
		const fake_row rows[] = {
			{ INFO, .reply = INACTIVE },
			{ JOIN, .status = table[i].status, .reply = table[i].reply },
			{ NULL },
		};
		fixture f = setup(rows);

		test_row = table[i].reply;
		CHECK_INT(swarm_join(f.client, &options, &f.err), SWARM_E_TOKEN);
		CHECK_PART(f.err.text, table[i].text);
		CHECK_INT(f.err.http_status, table[i].status);
		teardown(&f);
	}
}

/* The host's own trouble is not asked of the next manager. */
static void own_error(void)
{
	static const char *const remotes[] = { good, good2, NULL };
	const swarm_join_options options = options_for(remotes);
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ JOIN, .status = 500, .reply = MESSAGE("--live-restore is incompatible") },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_join(f.client, &options, &f.err), SWARM_E_HTTP);
	CHECK_STR(f.err.text, "--live-restore is incompatible");
	teardown(&f);
}

/* --- following ------------------------------------------------------------------------------ */

static void engine_goes_on(void)
{
	const swarm_join_options options = options_for(one);
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE }, { JOIN, .status = 503, .reply = STILL_JOINING },
		{ INFO, .reply = PENDING },  { INFO, .reply = PENDING },
		{ INFO, .reply = WORKER },   { NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_join(f.client, &options, &f.err), 0);
	CHECK_INT(f.err.code, 0);
	teardown(&f);
}

static void ends_badly(void)
{
	static const struct {
		const char *reply;
		int code;
		const char *text;
	} table[] = {
		{ STATE_ERROR("inactive", "no route"), SWARM_E_STATE,
		  "the join failed (state inactive): no route" },
		{ INACTIVE, SWARM_E_STATE, "(state inactive): docker gives no reason" },
		{ STATE_ERROR("error", "certificate expired"), SWARM_E_STATE,
		  "the join failed (state error): certificate expired" },
		{ STATE_ERROR("inactive", "remote CA does not match fingerprint"), SWARM_E_TOKEN,
		  "the join token is of another swarm" },
		{ STATE("locked"), SWARM_E_LOCKED, "is locked" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const swarm_join_options options = options_for(one);
		const fake_row rows[] = {
			{ INFO, .reply = INACTIVE },
			{ JOIN, .status = 503, .reply = STILL_JOINING },
			{ INFO, .reply = table[i].reply, .repeat = true },
			{ NULL },
		};
		fixture f = setup(rows);

		test_row = table[i].text;
		CHECK_INT(swarm_join(f.client, &options, &f.err), table[i].code);
		CHECK_PART(f.err.text, table[i].text);
		teardown(&f);
	}
}

static void still_pending(void)
{
	swarm_join_options options = options_for(one);
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ JOIN, .status = 503, .reply = STILL_JOINING },
		{ INFO, .reply = PENDING, .repeat = true },
		{ NULL },
	};
	fixture f = setup(rows);

	options.timeout_ms = 500;
	CHECK_INT(swarm_join(f.client, &options, &f.err), SWARM_E_PENDING);
	CHECK_PART(f.err.text, "docker is still joining after ");
	CHECK_PART(f.err.text, "TCP port 2377");
	teardown(&f);
}

static void hangs(void)
{
	swarm_join_options options = options_for(one);
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ JOIN, .fault = FAKE_SILENT },
		{ NULL },
	};
	fixture f = setup(rows);

	options.timeout_ms = 400;
	CHECK_INT(swarm_join(f.client, &options, &f.err), SWARM_E_TIMEOUT);
	CHECK_PART(f.err.text, "docker did not finish the join in ");
	teardown(&f);
}

static void manager_part(void)
{
	swarm_join_options options = options_for(one);
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ .expect = JOIN },
		{ INFO, .reply = WORKER },
		{ INFO, .reply = ACTIVE_AS("m1", "true", "no leader yet") },
		{ INFO, .reply = MANAGER },
		{ NULL },
	};
	const fake_row never[] = {
		{ INFO, .reply = INACTIVE },
		{ .expect = JOIN },
		{ INFO, .reply = WORKER, .repeat = true },
		{ NULL },
	};
	fixture f = setup(rows);

	options.manager = 1;
	CHECK_INT(swarm_join(f.client, &options, &f.err), 0);
	teardown(&f);
	f = setup(never);
	options.timeout_ms = 500;
	CHECK_INT(swarm_join(f.client, &options, &f.err), SWARM_E_TIMEOUT);
	CHECK_PART(f.err.text, "its manager part is not up after ");
	teardown(&f);
}

/* --- a join found pending ------------------------------------------------------------------- */

/* With a manager's token a worker becomes a manager, which must not pass for a success. */
static void worker_part(void)
{
	swarm_join_options options = options_for(one);
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ .expect = JOIN },
		{ INFO, .reply = MANAGER },
		{ NULL },
	};
	const fake_row joined[] = {
		{ INFO, .reply = INACTIVE },
		{ .expect = JOIN },
		{ INFO, .reply = WORKER },
		{ NULL },
	};
	const fake_row none[] = { { NULL } };
	fixture f = setup(rows);

	options.worker = 1;
	CHECK_INT(swarm_join(f.client, &options, &f.err), SWARM_E_TOKEN);
	CHECK_PART(f.err.text,
		   "the join token is a manager's: this host joined as a manager, node m1");
	teardown(&f);
	f = setup(joined);
	CHECK_INT(swarm_join(f.client, &options, &f.err), 0);
	teardown(&f);
	options.manager = 1;
	f = setup(none);
	CHECK_INT(swarm_join(f.client, &options, &f.err), SWARM_E_INVAL);
	teardown(&f);
}

/* The engine's reason in /info may quote the end of the token. */
static void token_in_the_reason(void)
{
	swarm_join_options options = options_for(one);
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ .expect = JOIN },
		{ INFO, .reply = STATE_ERROR("error", "no secret 1awxwuwd3z9j1z3puu7rcgdbx known"),
		  .repeat = true },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_join(f.client, &options, &f.err), SWARM_E_STATE);
	CHECK_PART(f.err.text, "no secret [redacted] known");
	teardown(&f);
}

static void pending_comes_through(void)
{
	swarm_join_options options = options_for(one);
	const fake_row rows[] = {
		{ INFO, .reply = PENDING },
		{ INFO, .reply = PENDING },
		{ INFO, .reply = WORKER },
		{ INFO, .reply = WORKER },
		{ NULL },
	};
	fixture f = setup(rows);

	options.replace_pending = 1;
	CHECK_INT(swarm_join(f.client, &options, &f.err), 0);
	teardown(&f);
}

static void pending_ends_by_itself(void)
{
	swarm_join_options options = options_for(one);
	const fake_row rows[] = {
		{ INFO, .reply = PENDING },
		{ INFO, .reply = INACTIVE },
		{ .expect = JOIN },
		{ INFO, .reply = WORKER },
		{ NULL },
	};
	fixture f = setup(rows);

	options.replace_pending = 1;
	CHECK_INT(swarm_join(f.client, &options, &f.err), 0);
	teardown(&f);
}

static void pending_is_replaced(void)
{
	static const char *const found[] = { PENDING, STATE_ERROR("error", "expired") };

	for (size_t i = 0; i < 2; i++) {
		swarm_join_options options = options_for(one);
		const fake_row rows[] = {
			{ INFO, .reply = found[i], .repeat = true },
			{ .expect = LEAVE },
			{ INFO, .reply = INACTIVE },
			{ .expect = JOIN },
			{ INFO, .reply = WORKER },
			{ NULL },
		};
		fixture f = setup(rows);

		test_row = found[i];
		options.replace_pending = 1;
		options.pending_ms = 200;
		CHECK_INT(swarm_join(f.client, &options, &f.err), 0);
		CHECK_INT(f.err.code, 0);
		teardown(&f);
	}
}

/* Nothing is left by force when the time for the join itself is over. */
static void pending_until_the_deadline(void)
{
	swarm_join_options options = options_for(one);
	const fake_row rows[] = { { INFO, .reply = PENDING, .repeat = true }, { NULL } };
	fixture f = setup(rows);

	options.replace_pending = 1;
	options.timeout_ms = 300;
	CHECK_INT(swarm_join(f.client, &options, &f.err), SWARM_E_PENDING);
	teardown(&f);
}

static void locked_while_pending(void)
{
	swarm_join_options options = options_for(one);
	const fake_row rows[] = {
		{ INFO, .reply = PENDING },
		{ INFO, .reply = STATE("locked") },
		{ NULL },
	};
	fixture f = setup(rows);

	options.replace_pending = 1;
	CHECK_INT(swarm_join(f.client, &options, &f.err), SWARM_E_LOCKED);
	teardown(&f);
}

int main(void)
{
	static const test_case cases[] = {
		TEST(bad_options),
		TEST(state_first),
		TEST(nobody_listens),
		TEST(second_listens),
		TEST(next_manager),
		TEST(all_managers_fail),
		TEST(no_time_for_a_second_round),
		TEST(second_round),
		TEST(next_manager_after_a_failure_in_the_background),
		TEST(error_in_the_background),
		TEST(token_errors),
		TEST(own_error),
		TEST(engine_goes_on),
		TEST(ends_badly),
		TEST(still_pending),
		TEST(hangs),
		TEST(manager_part),
		TEST(worker_part),
		TEST(token_in_the_reason),
		TEST(pending_comes_through),
		TEST(pending_ends_by_itself),
		TEST(pending_is_replaced),
		TEST(pending_until_the_deadline),
		TEST(locked_while_pending),
	};
	int ports[] = { open_port(true, good, sizeof(good)), open_port(true, good2, sizeof(good2)),
			open_port(false, dead, sizeof(dead)) };
	int rc = test_main(cases, sizeof(cases) / sizeof(cases[0]));

	for (size_t i = 0; i < 3; i++)
		close(ports[i]);
	return rc;
}
