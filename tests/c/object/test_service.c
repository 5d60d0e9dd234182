/* SPDX-License-Identifier: Apache-2.0 */
/* Scale and roll back, and the wait until the tasks of a service are as its spec says. */
#include "test_cluster.h"

#define SERVICE(mode, more)                                                                        \
	"{\"ID\":\"s1\",\"Version\":{\"Index\":5},\"Spec\":{\"Name\":\"web\",\"Mode\":{" mode      \
	"},\"TaskTemplate\":{},\"UpdateConfig\":{\"Monitor\":1}}" more "}"
#define REPLICATED(n) "\"Replicated\":{\"Replicas\":" n "}"
#define JOB(n) "\"ReplicatedJob\":{\"MaxConcurrent\":1,\"TotalCompletions\":" n "}"
#define WEB "GET " API "/services/web"
#define S1 "GET " API "/services/s1"
#define NODES "GET " API "/nodes"
#define TASKS                                                                                      \
	"GET " API "/tasks?filters=%7B%22service%22%3A%5B%22s1%22%5D%2C%22_up-to-date%22%3A%5B%22" \
	"true%22%5D%7D"

/* --- scale ---------------------------------------------------------------------------------- */

static void scale(void)
{
	static const struct {
		const char *mode;
		const char *body; /* NULL: refused */
	} table[] = {
		{ REPLICATED("2"), "\"Mode\":{\"Replicated\":{\"Replicas\":3}}" },
		{ JOB("2"), "\"ReplicatedJob\":{\"MaxConcurrent\":1,\"TotalCompletions\":3}" },
		{ "\"Global\":{}", NULL },
		{ "\"GlobalJob\":{}", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char service[512];
		const bool good = table[i].body != NULL;
		const fake_row rows[] = {
			{ WEB, .reply = service },
			{ good ? S1 : NULL, .reply = service },
			{ S1, .reply = service },
			{ "POST " API "/services/s1/update?version=5", .body = table[i].body,
			  .reply = "{}" },
			{ S1, .reply = STORED },
			{ NULL },
		};
		fixture f;

		snprintf(service, sizeof(service), SERVICE("%s", ""), table[i].mode);
		f = setup(rows);
		test_row = table[i].mode;
		CHECK_INT(swarm_service_scale(f.client, "web", 3, 0, NULL, &f.err),
			  good             ? 0
			  : *table[i].mode ? SWARM_E_INVAL
					   : SWARM_E_JSON);
		CHECK_STR(f.err.text,
			  good ? ""
			  : !*table[i].mode
				  ? "Spec.Mode of service web: no known mode"
				  : "web is neither a replicated service nor a replicated "
				    "job: it has no number of tasks");
		CHECK_INT(swarm_service_scale(f.client, "web", -1, 0, NULL, NULL), SWARM_E_INVAL);
		teardown(&f);
	}
}

/* --- rollback ------------------------------------------------------------------------------- */

#define REST "\"TaskTemplate\":{},\"Mode\":{\"Global\":{}}"
#define TWO(index, now, before)                                                                    \
	"{\"ID\":\"s1\",\"Version\":{\"Index\":" index "},\"Spec\":{\"Name\":\"" now "\"," REST    \
	"},\"PreviousSpec\":{\"Name\":\"" before "\"," REST "}}"
#define ROLLBACK(index) "POST " API "/services/s1/update?version=" index "&rollback=previous"

static void rollback(void)
{
	const fake_row rows[] = {
		{ "GET " API "/services/b", .reply = TWO("5", "b", "a") },
		{ ROLLBACK("5"), .body = "{\"Name\":\"b\"," REST "}", .reply = "{}" },
		{ S1, .reply = TWO("6", "a", "b") },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_service_rollback(f.client, "b", 0, &f.err), 0);
	teardown(&f);
}

/* An engine that says yes and stores nothing. */
static void rollback_not_stored(void)
{
	const fake_row rows[] = {
		{ "GET " API "/services/b", .reply = TWO("5", "b", "a") },
		{ ROLLBACK("5"), .reply = "{}" },
		{ S1, .reply = TWO("5", "b", "a") },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_service_rollback(f.client, "b", 0, &f.err), SWARM_E_STATE);
	CHECK_STR(f.err.text, "docker accepted the change, but has not stored it");
	teardown(&f);
}

/* A second rollback would undo the first, so what became of one that was not answered is looked up. */
static void rollback_once(void)
{
	static const struct {
		const char *name;
		int status;
		const char *error;
		const char *now;
		bool again;
		int code;
	} table[] = {
		{ "carried out", 500, MESSAGE(ENGINE_DEADLINE_TEXT), TWO("6", "a", "b"), false, 0 },
		{ "not carried out", 500, MESSAGE(ENGINE_DEADLINE_TEXT), TWO("6", "b", "a"), true,
		  0 },
		{ "the updater moved the index", 500, MESSAGE(SEQUENCE_TEXT), TWO("6", "b", "a"),
		  true, 0 },
		{ "another writer", 500, MESSAGE(SEQUENCE_TEXT), TWO("6", "c", "b"), false,
		  SWARM_E_SEQUENCE },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = {
			{ "GET " API "/services/b", .reply = TWO("5", "b", "a") },
			{ ROLLBACK("5"), .status = table[i].status, .reply = table[i].error },
			{ S1, .reply = table[i].now },
			{ table[i].again  ? ROLLBACK("6")
			  : table[i].code ? NULL
					  : S1,
			  .reply = table[i].again ? "{}" : STORED },
			{ table[i].again ? S1 : NULL, .reply = STORED },
			{ NULL },
		};
		fixture f = setup(rows);

		test_row = table[i].name;
		CHECK_INT(swarm_service_rollback(f.client, "b", 0, &f.err), table[i].code);
		teardown(&f);
	}
}

static void nothing_to_roll_back(void)
{
	const fake_row rows[] = { { WEB, .reply = SERVICE(REPLICATED("1"), "") }, { NULL } };
	fixture f = setup(rows);

	CHECK_INT(swarm_service_rollback(f.client, "web", 0, &f.err), SWARM_E_CONFLICT);
	CHECK_STR(f.err.text, "web has no previous spec to go back to");
	teardown(&f);
}

/* --- the wait ------------------------------------------------------------------------------- */

#define TASK(slot, node, desired, state, more)                                                     \
	"{\"ID\":\"t\",\"ServiceID\":\"s1\",\"Slot\":" slot ",\"NodeID\":\"" node                  \
	"\",\"DesiredState\":\"" desired "\",\"Status\":{\"State\":\"" state "\"" more "}}"
#define RUNS(slot) TASK(slot, "n1", "running", "running", "")
#define FAILED(slot, reason) TASK(slot, "n1", "shutdown", "rejected", ",\"Err\":\"" reason "\"")
#define NODE_LIST                                                                                  \
	"[{\"ID\":\"n1\",\"Status\":{\"State\":\"ready\"}},"                                       \
	"{\"ID\":\"n2\",\"Status\":{\"State\":\"down\"}}]"
#define UPDATING(state, message)                                                                   \
	",\"UpdateStatus\":{\"State\":\"" state "\",\"Message\":\"" message "\"}"
#define ITERATION(n) ",\"JobIteration\":{\"Index\":" n "}"
#define JOB_STATUS(n) ",\"JobStatus\":{\"JobIteration\":{\"Index\":" n "}}"
#define JOB_TASK(slot, state, n)                                                                   \
	"{\"ID\":\"t\",\"Slot\":" slot ",\"NodeID\":\"n1\",\"DesiredState\":\"complete\","         \
	"\"Status\":{\"State\":\"" state "\"}" ITERATION(n) "}"

/* One look that is enough. */
static void converged(void)
{
	static const struct {
		const char *name;
		const char *service;
		const char *tasks;
		size_t total;
		int rolled_back;
	} table[] = {
		{ "replicated", SERVICE(REPLICATED("2"), ""), "[" RUNS("1") "," RUNS("2") "]", 2,
		  0 },
		{ "start first: two in a slot", SERVICE(REPLICATED("1"), ""),
		  "[" RUNS("1") "," RUNS("1") "]", 1, 0 },
		{ "none wanted", SERVICE(REPLICATED("0"), ""), "[]", 0, 0 },
		{ "global", SERVICE("\"Global\":{}", ""),
		  "[" TASK("0", "n1", "running", "running", "") "]", 1, 0 },
		{ "updated", SERVICE(REPLICATED("1"), UPDATING("completed", "")), "[" RUNS("1") "]",
		  1, 0 },
		{ "rolled back", SERVICE(REPLICATED("1"), UPDATING("rollback_completed", "")),
		  "[" RUNS("1") "]", 1, 1 },
		{ "global job: each node's task is complete", SERVICE("\"GlobalJob\":{}", ""),
		  "[" TASK("0", "n1", "complete", "complete", "") "," TASK("0", "n2", "complete",
									   "complete", "") "]",
		  2, 0 },
		{ "job: only this run counts", SERVICE(JOB("2"), JOB_STATUS("7")),
		  "[" JOB_TASK("0", "complete", "7") "," JOB_TASK(
			  "1", "complete", "7") "," JOB_TASK("0", "complete", "6") "]",
		  2, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = {
			{ WEB, .reply = table[i].service, .repeat = false },
			{ TASKS, .reply = table[i].tasks },
			{ NODES, .reply = NODE_LIST },
			{ NULL },
		};
		fixture f = setup(rows);
		swarm_converged status = { 9, 9, 9 };

		test_row = table[i].name;
		CHECK_INT(swarm_service_wait(f.client, "web", 0, &status, &f.err), 0);
		CHECK_INT(status.done, table[i].total);
		CHECK_INT(status.total, table[i].total);
		CHECK_INT(status.rolled_back, table[i].rolled_back);
		teardown(&f);
	}
}

/* One look that is not enough, then one that is. */
static void not_yet(void)
{
	static const struct {
		const char *name;
		const char *service;
		const char *tasks;
	} table[] = {
		{ "one missing", SERVICE(REPLICATED("2"), ""), "[" RUNS("1") "]" },
		{ "one too many", SERVICE(REPLICATED("2"), ""),
		  "[" RUNS("1") "," RUNS("2") "," RUNS("3") "]" },
		{ "one starts", SERVICE(REPLICATED("2"), ""),
		  "[" RUNS("1") "," TASK("2", "n1", "running", "starting", "") "]" },
		{ "one is to stop", SERVICE(REPLICATED("2"), ""),
		  "[" RUNS("1") "," TASK("2", "n1", "shutdown", "running", "") "]" },
		{ "one on a node that is down", SERVICE(REPLICATED("2"), ""),
		  "[" RUNS("1") "," TASK("2", "n2", "running", "running", "") "]" },
		{ "the updater has not said so", SERVICE(REPLICATED("2"), UPDATING("updating", "")),
		  "[" RUNS("1") "," RUNS("2") "]" },
		{ "a rollback goes on", SERVICE(REPLICATED("2"), UPDATING("rollback_started", "")),
		  "[" RUNS("1") "," RUNS("2") "]" },
		{ "global without a task", SERVICE("\"Global\":{}", ""), "[]" },
		{ "global, one of two", SERVICE("\"Global\":{}", ""),
		  "[" TASK("0", "n1", "running", "running", "") "," TASK("0", "n3", "running",
									 "preparing", "") "]" },
		{ "job, one of an earlier run", SERVICE(JOB("2"), JOB_STATUS("7")),
		  "[" JOB_TASK("0", "complete", "7") "," JOB_TASK("1", "complete", "6") "]" },
		{ "global job, one of two", SERVICE("\"GlobalJob\":{}", ""),
		  "[" TASK("0", "n1", "complete", "complete", "") "," TASK("0", "n2", "complete",
									   "running", "") "]" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = {
			{ WEB, .reply = table[i].service },
			{ TASKS, .reply = table[i].tasks },
			{ NODES, .reply = NODE_LIST },
			NO_EVENTS("service"),
			{ WEB, .reply = SERVICE(REPLICATED("2"), "") },
			{ TASKS, .reply = "[" RUNS("1") "," RUNS("2") "]" },
			{ NODES, .reply = NODE_LIST },
			{ NULL },
		};
		fixture f = setup(rows);

		test_row = table[i].name;
		CHECK_INT(swarm_service_wait(f.client, "web", 0, NULL, &f.err), 0);
		teardown(&f);
	}
}

/* It must stay so for the monitor's time: a task that starts and dies is not a success. */
static void monitor(void)
{
	static const char slow[] =
		"{\"ID\":\"s1\",\"Spec\":{\"Name\":\"web\",\"Mode\":{" REPLICATED(
			"1") "},\"UpdateConfig\":{\"Monitor\":50000000}}}";
	const fake_row rows[] = {
		{ WEB, .reply = slow },
		{ TASKS, .reply = "[" RUNS("1") "]" },
		{ NODES, .reply = NODE_LIST },
		NO_EVENTS("service"),
		{ WEB, .reply = slow, .delay_ms = 60 },
		{ TASKS, .reply = "[" FAILED("1", "exit 1") "]" },
		{ NODES, .reply = NODE_LIST },
		/* From here on the time starts again. */
		{ WEB, .reply = slow },
		{ TASKS, .reply = "[" RUNS("1") "]" },
		{ NODES, .reply = NODE_LIST },
		{ WEB, .reply = slow, .delay_ms = 60 },
		{ TASKS, .reply = "[" RUNS("1") "]" },
		{ NODES, .reply = NODE_LIST },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_service_wait(f.client, "web", 0, NULL, &f.err), 0);
	teardown(&f);
}

static void paused(void)
{
	static const struct {
		const char *state;
		const char *text;
	} table[] = {
		{ "paused",
		  "the update was paused: too many failed; web.1 (rejected): No such image" },
		{ "rollback_paused",
		  "the rollback was paused: too many failed; web.1 (rejected): No such image" },
	};

	for (size_t i = 0; i < 2; i++) {
		char service[512];
		const fake_row rows[] = {
			{ WEB, .reply = service },
			{ TASKS, .reply = "[" FAILED("1", "No such image") "]" },
			{ NODES, .reply = NODE_LIST },
			{ NULL },
		};
		fixture f;

		snprintf(service, sizeof(service),
			 SERVICE(REPLICATED("1"), UPDATING("%s", "too many failed")),
			 table[i].state);
		f = setup(rows);
		CHECK_INT(swarm_service_wait(f.client, "web", 0, NULL, &f.err), SWARM_E_STATE);
		CHECK_STR(f.err.text, table[i].text);
		teardown(&f);
	}
}

/* The reasons of what does not run, each once; not those of a slot that runs by now. */
static void takes_too_long(void)
{
	const fake_row rows[] = {
		{ WEB, .reply = SERVICE(REPLICATED("3"), "") },
		{ TASKS,
		  .reply = "[" FAILED("1", "old") "," RUNS("1") "," FAILED(
			  "2",
			  "No such image") "," FAILED("3",
						      "No such image") "," TASK("3", "", "running",
										"pending",
										",\"Err\":"
										"\"no "
										"suitable "
										"node\"") "]" },
		{ NODES, .reply = NODE_LIST },
		NO_EVENTS("service"),
		{ WEB, .fault = FAKE_SILENT },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_service_wait(f.client, "web", 1500, NULL, &f.err), SWARM_E_TIMEOUT);
	CHECK_PART(f.err.text, "1 of 3 tasks are running after ");
	CHECK_PART(f.err.text,
		   ": web.2 (rejected): No such image, web.3 (pending): no suitable node");
	CHECK(!strstr(f.err.text, "old"));
	teardown(&f);
}

static void removed_meanwhile(void)
{
	const fake_row rows[] = {
		{ WEB, .reply = SERVICE(REPLICATED("1"), "") },
		{ TASKS, .reply = "null" },
		{ NODES, .reply = NODE_LIST },
		NO_EVENTS("service"),
		{ WEB, .status = 404, .reply = MESSAGE("service web not found") },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_service_wait(f.client, "web", 0, NULL, &f.err), SWARM_E_NOT_FOUND);
	CHECK_INT(swarm_service_wait(NULL, "web", 0, NULL, NULL), SWARM_E_INVAL);
	teardown(&f);
}

static int stop(void *payload)
{
	return ++*(int *)payload > 8;
}

static void canceled(void)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	const fake_row rows[] = {
		{ WEB, .reply = SERVICE(REPLICATED("1"), "") },
		{ TASKS, .reply = "[]" },
		{ NODES, .reply = NODE_LIST },
		NO_EVENTS("service"),
		{ WEB, .fault = FAKE_SILENT },
		{ NULL },
	};
	fixture f = setup(rows);
	int asked = 0;

	swarm_client_free(f.client);
	options.url = fake_engine_url(f.engine);
	options.api_version = "1.45";
	options.cancel = stop;
	options.cancel_payload = &asked;
	CHECK_INT(swarm_client_new(&options, &f.client, &f.err), 0);
	CHECK_INT(swarm_service_wait(f.client, "web", 0, NULL, &f.err), SWARM_E_CANCELED);
	swarm_client_free(f.client);
	fake_engine_stop_early(f.engine);
}

TEST_MAIN(TEST(scale), TEST(rollback), TEST(rollback_not_stored), TEST(rollback_once),
	  TEST(nothing_to_roll_back), TEST(converged), TEST(not_yet), TEST(monitor), TEST(paused),
	  TEST(takes_too_long), TEST(removed_meanwhile), TEST(canceled))
