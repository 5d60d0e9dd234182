/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster's lock: who gets it, who is refused, and when a dead run's lock ends. */
#include "test_cluster.h"

#include <time.h>

#define SWARM "GET " API "/swarm"
#define WRITE(version) "POST " API "/swarm/update?version=" version
#define SPEC(labels)                                                                               \
	"{\"Name\":\"default\",\"Labels\":" labels ",\"Raft\":{\"KeepOldSnapshots\":0}}"
#define CLUSTER(version, labels)                                                                   \
	"{\"ID\":\"c1\",\"Version\":{\"Index\":" version "},\"JoinTokens\":{\"Worker\":\"" TOKEN   \
	"\",\"Manager\":\"" TOKEN "\"},\"Spec\":" SPEC(labels) "}"
#define FREE(version) CLUSTER(version, "{\"site\":\"north\"}")
#define HELD(version, text)                                                                        \
	CLUSTER(version, "{\"saltext.swarm.lock\":\"" text "\",\"site\":\"north\"}")
#define THEIRS(count) "r2 docker.upgrade salt2 2026-01-02T02:14:00Z 120 " count
#define OURS(count) "r1 docker.rotate salt1 2026-01-02T02:14:00Z 120 " count

/* Time passes only by sleeping, and then at once. */
static int64_t slept_ns;

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_nanosleep(const struct timespec *time, struct timespec *rest);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = __real_clock_gettime(clock, now);
	int64_t ns = now->tv_nsec + (clock == CLOCK_MONOTONIC ? slept_ns : 0);

	now->tv_sec += (time_t)(ns / 1000000000);
	now->tv_nsec = (long)(ns % 1000000000);
	return rc;
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *rest)
{
	(void)rest;
	slept_ns += time->tv_sec * 1000000000LL + time->tv_nsec;
	return 0;
}

static swarm_lock_options options_of(int64_t wait_ms)
{
	swarm_lock_options options = SWARM_LOCK_OPTIONS_INIT;

	options.run = "r1";
	options.what = "docker.rotate";
	options.holder = "salt1";
	options.wait_ms = wait_ms;
	return options;
}

/* --- take ----------------------------------------------------------------------------------- */

static void takes(void)
{
	static const struct {
		const char *name;
		const char *cluster;
		const char *body;
		int count;
	} cases[] = {
		{ "free", FREE("7"), " 120 0\"", 0 },
		{ "no labels at all", CLUSTER("7", "null"), " 120 0\"", 0 },
		{ "ours already", HELD("7", OURS("3")),
		  "\"r1 docker.rotate salt1 2026-01-02T02:14:00Z 120 4\"", 4 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const fake_row rows[] = {
			{ SWARM, .reply = cases[i].cluster },
			{ WRITE("7"), .body = cases[i].body },
			{ NULL },
		};
		swarm_lock_options options = options_of(-1);
		json_t *lock = NULL;
		fixture f = setup(rows);

		test_row = cases[i].name;
		CHECK_INT(swarm_lock_take(f.client, &options, &lock, &f.err), 0);
		CHECK_STR(f.err.text, "");
		CHECK_STR(json_string_value(json_object_get(lock, "run")), "r1");
		CHECK_INT(json_integer_value(json_object_get(lock, "count")), cases[i].count);
		CHECK_INT(json_integer_value(json_object_get(lock, "ttl")), 120);
		CHECK_PART(json_string_value(json_object_get(lock, "text")),
			   "docker.rotate (run r1, by salt1) holds the cluster since 2");
		json_decref(lock);
		teardown(&f);
	}
}

static void keeps_what_is_there(void)
{
	static const fake_row rows[] = {
		{ SWARM, .reply = FREE("7") },
		{ WRITE("7"), .body = "\"Raft\":{\"KeepOldSnapshots\":0}" },
		{ SWARM, .reply = FREE("7") },
		{ WRITE("7"), .body = "\"site\":\"north\"" },
		{ NULL },
	};
	swarm_lock_options options = options_of(-1);
	fixture f = setup(rows);

	CHECK_INT(swarm_lock_take(f.client, &options, NULL, &f.err), 0);
	CHECK_INT(swarm_lock_take(f.client, &options, NULL, &f.err), 0);
	teardown(&f);
}

static void refused(void)
{
	static const fake_row rows[] = { { SWARM, .reply = HELD("7", THEIRS("3")) }, { NULL } };
	swarm_lock_options options = options_of(-1);
	fixture f = setup(rows);

	CHECK_INT(swarm_lock_take(f.client, &options, NULL, &f.err), SWARM_E_CONFLICT);
	CHECK_STR(f.err.text,
		  "docker.upgrade (run r2, by salt2) holds the cluster since 2026-01-02T02:14:00Z: "
		  "wait until it is done, or, if it is dead, break its lock (swarm.lock_break r2)");
	teardown(&f);
}

/* Another taker writes between our read and our write. */
static void lost_race(void)
{
	static const fake_row rows[] = {
		{ SWARM, .reply = FREE("7") },
		{ WRITE("7"), .status = 500, .reply = MESSAGE(SEQUENCE_TEXT) },
		{ SWARM, .reply = HELD("8", THEIRS("0")) },
		{ NULL },
	};
	swarm_lock_options options = options_of(-1);
	fixture f = setup(rows);

	CHECK_INT(swarm_lock_take(f.client, &options, NULL, &f.err), SWARM_E_CONFLICT);
	CHECK_PART(f.err.text, "run r2");
	teardown(&f);
}

/* --- the wait ------------------------------------------------------------------------------- */

static int reads;
static const char *first, *later;
static int change_at;

/* A cluster whose label changes at a look; what is written stays. */
static fake_row cluster(void *payload, const char *request)
{
	(void)payload;
	if (strncmp(request, "POST", 4) == 0)
		return (fake_row){ .reply = "" };
	return (fake_row){ .reply = reads++ < change_at ? first : later };
}

static int wait_for(const char *before, int looks, const char *after, int64_t wait_ms,
		    swarm_error *err)
{
	fake_engine *engine;
	swarm_client_options client_options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_lock_options options = options_of(wait_ms);
	swarm_client *client = NULL;
	int rc;

	reads = 0;
	slept_ns = 0;
	first = before;
	later = after;
	change_at = looks;
	engine = fake_engine_start_with(cluster, NULL);
	client_options.url = fake_engine_url(engine);
	client_options.api_version = "1.45";
	CHECK_INT(swarm_client_new(&client_options, &client, NULL), 0);
	rc = swarm_lock_take(client, &options, NULL, err);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
	return rc;
}

#define SECOND 1000000000LL

static void waits(void)
{
	static const struct {
		const char *name;
		const char *before;
		int looks;
		const char *after;
		int64_t wait_ms;
		int rc;
		int64_t least_s;
		int64_t most_s;
	} cases[] = {
		{ "a dead run: after its ttl", HELD("7", THEIRS("3")), 1000, "", 0, 0, 120, 123 },
		{ "with the ttl of the label", HELD("7", "r2 a b c 30 0"), 1000, "", 0, 0, 30, 32 },
		{ "another form is nobody's", HELD("7", "mine!"), 1000, "", 0, 0, 120, 123 },
		{ "a ttl of another form", HELD("7", "r2 a b c 999999999999 0"), 1000, "", 0, 0,
		  120, 123 },
		{ "a run that lives: at its renewal", HELD("7", THEIRS("3")), 6,
		  HELD("8", THEIRS("4")), 0, SWARM_E_CONFLICT, 10, 14 },
		{ "a run that ends: its lock is taken", HELD("7", THEIRS("3")), 6, FREE("8"), 0, 0,
		  10, 14 },
		{ "a third one gets it", HELD("7", THEIRS("3")), 6, HELD("8", "r3 a b c 120 0"), 0,
		  SWARM_E_CONFLICT, 10, 14 },
		{ "for so long, whoever lives", HELD("7", THEIRS("3")), 6, HELD("8", THEIRS("4")),
		  40000, SWARM_E_CONFLICT, 38, 42 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		swarm_error err = SWARM_ERROR_INIT;
		int rc = wait_for(cases[i].before, cases[i].looks, cases[i].after, cases[i].wait_ms,
				  &err);

		test_row = cases[i].name;
		CHECK_INT(rc, cases[i].rc);
		CHECK(slept_ns >= cases[i].least_s * SECOND - SECOND);
		CHECK(slept_ns <= cases[i].most_s * SECOND);
	}
}

/* --- renew and release ------------------------------------------------------------------------ */

static void renews(void)
{
	static const struct {
		const char *name;
		const char *cluster;
		const char *body;
		const char *text;
	} cases[] = {
		{ "ours", HELD("7", OURS("3")), "120 4\"", "" },
		{ "another's", HELD("7", THEIRS("3")), NULL,
		  "run r1 has lost the cluster's lock: docker.upgrade (run r2, by salt2) holds" },
		{ "nobody's", FREE("7"), NULL,
		  "run r1 has lost the cluster's lock: nobody has it" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const fake_row rows[] = {
			{ SWARM, .reply = cases[i].cluster },
			{ cases[i].body ? WRITE("7") : NULL, .body = cases[i].body },
			{ NULL },
		};
		json_t *lock = NULL;
		fixture f = setup(rows);

		test_row = cases[i].name;
		CHECK_INT(swarm_lock_renew(f.client, "r1", 0, &lock, &f.err),
			  cases[i].body ? 0 : SWARM_E_CONFLICT);
		CHECK_PART(f.err.text, cases[i].text);
		CHECK(!lock == !cases[i].body);
		json_decref(lock);
		teardown(&f);
	}
}

static void releases(void)
{
	static const struct {
		const char *name;
		const char *cluster;
		bool writes;
		int rc;
		int released;
	} cases[] = {
		{ "ours", HELD("7", OURS("3")), true, 0, 1 },
		{ "nobody's: nothing is written", FREE("7"), false, 0, 0 },
		{ "another's", HELD("7", THEIRS("3")), false, SWARM_E_CONFLICT, -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const fake_row rows[] = {
			{ SWARM, .reply = cases[i].cluster },
			{ cases[i].writes ? WRITE("7") : NULL,
			  .body = "\"Labels\":{\"site\":\"north\"}" },
			{ NULL },
		};
		int released = -1;
		fixture f = setup(rows);

		test_row = cases[i].name;
		CHECK_INT(swarm_lock_release(f.client, "r1", 0, &released, &f.err), cases[i].rc);
		CHECK_INT(released, cases[i].released);
		teardown(&f);
	}
}

/* The write was carried out, and its answer was lost: the lock is ours, and nothing is written twice. */
static void answer_lost(void)
{
	static const fake_row rows[] = {
		{ SWARM, .reply = HELD("7", OURS("3")) },
		{ WRITE("7"), .fault = FAKE_RAW, .reply = "" },
		{ SWARM, .reply = HELD("8", OURS("4")) },
		{ SWARM, .reply = HELD("8", OURS("4")) },
		{ WRITE("8"), .fault = FAKE_RAW, .reply = "" },
		{ SWARM, .reply = FREE("9") },
		{ NULL },
	};
	int released = -1;
	fixture f = setup(rows);

	CHECK_INT(swarm_lock_renew(f.client, "r1", 0, NULL, &f.err), 0);
	CHECK_INT(swarm_lock_release(f.client, "r1", 0, &released, &f.err), 0);
	CHECK_INT(released, 1);
	teardown(&f);
}

/* --- get, arguments --------------------------------------------------------------------------- */

static void shows(void)
{
	static const fake_row rows[] = {
		{ SWARM, .reply = HELD("7", THEIRS("3")) },
		{ SWARM, .reply = FREE("7") },
		{ NULL },
	};
	json_t *lock = NULL;
	fixture f = setup(rows);
	char *text;

	CHECK_INT(swarm_lock_get(f.client, 0, &lock, &f.err), 0);
	text = json_dumps(lock, JSON_COMPACT);
	CHECK_STR(
		text,
		"{\"run\":\"r2\",\"what\":\"docker.upgrade\",\"holder\":\"salt2\",\"since\":\""
		"2026-01-02T02:14:00Z\",\"ttl\":120,\"count\":3,\"text\":\"docker.upgrade (run r2, "
		"by salt2) holds the cluster since 2026-01-02T02:14:00Z\"}");
	free(text);
	json_decref(lock);
	CHECK_INT(swarm_lock_get(f.client, 0, &lock, &f.err), 0);
	CHECK(json_is_null(lock));
	teardown(&f);
}

static void arguments(void)
{
	static const char *const bad[] = { NULL,
					   "",
					   "two words",
					   "line\n",
					   "\xc3\xa9",
					   "x123456789x123456789x123456789x123456789x123456789x123"
					   "456789x123456789x123456789x123456789x123456789x" };
	const fake_row rows[] = { { NULL } };
	fixture f = setup(rows);
	swarm_lock_options options = options_of(0);
	json_t *lock = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		swarm_error err = SWARM_ERROR_INIT;

		test_row = bad[i];
		CHECK_INT(swarm_lock_release(f.client, bad[i], 0, NULL, &err), SWARM_E_INVAL);
		CHECK_STR(err.text, "run must be one word of up to 100 plain characters");
		options = options_of(0);
		options.what = bad[i];
		CHECK_INT(swarm_lock_take(f.client, &options, NULL, NULL), SWARM_E_INVAL);
		options = options_of(0);
		options.holder = bad[i];
		CHECK_INT(swarm_lock_take(f.client, &options, NULL, NULL), SWARM_E_INVAL);
	}
	options = options_of(-2);
	CHECK_INT(swarm_lock_take(f.client, &options, NULL, NULL), SWARM_E_INVAL);
	options = options_of(0);
	options.ttl_s = 86401;
	CHECK_INT(swarm_lock_take(f.client, &options, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_lock_take(f.client, NULL, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_lock_renew(NULL, "r1", 0, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_lock_get(f.client, 0, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_lock_get(NULL, 0, &lock, NULL), SWARM_E_INVAL);
	teardown(&f);
}

TEST_MAIN(TEST(takes), TEST(keeps_what_is_there), TEST(refused), TEST(lost_race), TEST(waits),
	  TEST(renews), TEST(releases), TEST(answer_lost), TEST(shows), TEST(arguments))
