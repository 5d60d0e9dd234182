/* SPDX-License-Identifier: Apache-2.0 */
/* How the wait for a service ends, as it is reported. */
#include "test_cluster.h"

#define SERVICE(mode, more)                                                                        \
	"{\"ID\":\"s1\",\"Version\":{\"Index\":5},\"Spec\":{\"Name\":\"web\",\"Mode\":{" mode      \
	"},\"TaskTemplate\":{\"RestartPolicy\":{\"Condition\":\"none\"}},\"UpdateConfig\":{"       \
	"\"Monitor\":60000000000}}" more "}"
#define ONE "\"Replicated\":{\"Replicas\":1}"
#define JOB "\"ReplicatedJob\":{\"MaxConcurrent\":1,\"TotalCompletions\":1}"
#define UPDATE(state)                                                                              \
	",\"UpdateStatus\":{\"State\":\"" state "\",\"StartedAt\":\"2026-01-02T03:04:05Z\","       \
	"\"Message\":\"so it was\"}"
#define TASK(desired, state, more)                                                                     \
	"{\"ID\":\"t1\",\"ServiceID\":\"s1\",\"Slot\":1,\"NodeID\":\"n1\",\"DesiredState\":\"" desired \
	"\",\"CreatedAt\":\"2026-01-02T03:04:06Z\",\"Status\":{\"State\":\"" state "\"" more "}}"
#define EXIT(code)                                                                                 \
	",\"Err\":\"task: non-zero exit (" code ")\",\"ContainerStatus\":{\"ExitCode\":" code "}"
#define OUTCOME(outcome, done, total, exit_code, text)                                             \
	"{\"done\":" done ",\"exit_code\":" exit_code ",\"nodes\":[],\"outcome\":\"" outcome       \
	"\",\"text\":\"" text "\",\"total\":" total "}"
#define ALL_TASKS "GET " API "/tasks?filters=%7B%22service%22%3A%5B%22s1%22%5D%7D"
#define TASKS                                                                                      \
	"GET " API "/tasks?filters=%7B%22service%22%3A%5B%22s1%22%5D%2C%22_up-to-date%22%3A%5B%22" \
	"true%22%5D%7D"

#define NODES_TWO                                                                                  \
	"[{\"ID\":\"n1\",\"Spec\":{\"Availability\":\"active\"},\"Status\":{\"State\":\"ready\"}," \
	"\"Description\":{\"Hostname\":\"host1\"}}]"

static const struct {
	const char *name;
	const char *service;
	const char *tasks;
	const char *all_tasks;
	unsigned flags;
	const char *outcome;
} table[] = {
	{ "nothing was changed: no time of the monitor", SERVICE(ONE, ""),
	  "[" TASK("running", "running", "") "]", NULL, SWARM_SETTLE_UNCHANGED,
	  OUTCOME("converged", "1", "1", "0", "1 of 1 tasks are running") },
	{ "an old rollback is history", SERVICE(ONE, UPDATE("rollback_completed")),
	  "[" TASK("running", "running", "") "]", NULL, SWARM_SETTLE_UNCHANGED,
	  OUTCOME("converged", "1", "1", "0", "1 of 1 tasks are running") },
	{ "no node fits", SERVICE("\"Global\":{}", ""), "[]", NULL, SWARM_SETTLE_UNCHANGED,
	  OUTCOME("converged", "0", "0", "0",
		  "0 of 0 tasks are running: no node fits the service") },
	{ "rolled back", SERVICE(ONE, UPDATE("rollback_completed")),
	  "[" TASK("running", "running", "") "]",
	  "[" TASK("running", "running", "") "," TASK("shutdown", "failed", EXIT("3")) "]", 0,
	  OUTCOME("rolled_back", "1", "1", "0",
		  "swarm rolled the update back: so it was; web.1 (failed): task: non-zero exit (3)") },
	{ "paused", SERVICE(ONE, UPDATE("paused")), "[" TASK("shutdown", "failed", EXIT("3")) "]",
	  NULL, 0,
	  OUTCOME("paused", "0", "1", "0",
		  "the update was paused: so it was; web.1 (failed): task: non-zero exit (3)") },
	{ "a job that failed", SERVICE(JOB, ""), "[" TASK("complete", "failed", EXIT("3")) "]",
	  NULL, 0,
	  OUTCOME("failed", "0", "1", "3",
		  "0 of 1 tasks are complete, and a task that ended with exit code 3 is not "
		  "restarted: web.1 (failed): task: non-zero exit (3)") },
	{ "a job that is done", SERVICE(JOB, ""), "[" TASK("complete", "complete", "") "]", NULL, 0,
	  OUTCOME("converged", "1", "1", "0", "1 of 1 tasks are complete") },
};

static void outcomes(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = {
			{ "GET " API "/services/web", .reply = table[i].service },
			{ TASKS, .reply = table[i].tasks },
			{ "GET " API "/nodes", .reply = NODES_TWO },
			{ table[i].all_tasks ? ALL_TASKS : NULL, .reply = table[i].all_tasks },
			{ NULL },
		};
		json_t *outcome = NULL;
		fixture f = setup(rows);
		char *text;

		test_row = table[i].name;
		CHECK_INT(
			swarm_service_settle(f.client, "web", 0, table[i].flags, &outcome, &f.err),
			0);
		CHECK_STR(f.err.text, "");
		text = json_dumps(outcome, JSON_COMPACT | JSON_SORT_KEYS);
		CHECK_STR(text, table[i].outcome);
		free(text);
		json_decref(outcome);
		teardown(&f);
	}
}

#define WAITS                                                                                      \
	"[{\"ID\":\"t1\",\"ServiceID\":\"s1\",\"Slot\":1,\"DesiredState\":\"running\",\"Spec\":{"  \
	"\"Placement\":{\"Constraints\":[\"node.labels.zone==b\"]}},\"Status\":{\"State\":"        \
	"\"pending\",\"Err\":\"no suitable node\"}}]"
/* A task that fits nowhere: which rule rejects which node. */
static void no_node(void)
{
	const fake_row rows[] = {
		{ "GET " API "/services/web", .reply = SERVICE(ONE, "") },
		{ TASKS, .reply = WAITS },
		{ "GET " API "/nodes", .reply = NODES_TWO },
		NO_EVENTS("service"),
		{ "GET " API "/services/web", .fault = FAKE_SILENT },
		{ "GET " API "/services/web", .reply = SERVICE(ONE, "") },
		{ ALL_TASKS, .reply = WAITS },
		{ "GET " API "/nodes", .reply = NODES_TWO },
		{ NULL },
	};
	json_t *outcome = NULL;
	fixture f = setup(rows);

	CHECK_INT(swarm_service_settle(f.client, "web", 1500, 0, &outcome, &f.err), 0);
	CHECK_STR(json_string_value(json_object_get(outcome, "outcome")), "timeout");
	CHECK_PART(json_string_value(json_object_get(outcome, "text")), "no suitable node");
	CHECK_STR(json_string_value(json_array_get(json_object_get(outcome, "nodes"), 0)),
		  "host1: constraint node.labels.zone==b (the node has none)");
	json_decref(outcome);
	teardown(&f);
}

#define REJECTED "[" TASK("shutdown", "rejected", ",\"Err\":\"No such image: web:0\"") "]"
/* An image that no node can pull: the managers try again and again, until the time is over. */
static void no_image(void)
{
	static const char service[] = "{\"ID\":\"s1\",\"Spec\":{\"Name\":\"web\",\"Mode\":{" ONE
				      "},\"TaskTemplate\":{}}}";
	const fake_row rows[] = {
		{ "GET " API "/services/web", .reply = service },
		{ TASKS, .reply = REJECTED },
		{ "GET " API "/nodes", .reply = NODES_TWO },
		NO_EVENTS("service"),
		{ "GET " API "/services/web", .fault = FAKE_SILENT },
		{ "GET " API "/services/web", .reply = service },
		{ ALL_TASKS, .reply = REJECTED },
		{ NULL },
	};
	json_t *outcome = NULL;
	fixture f = setup(rows);

	CHECK_INT(swarm_service_settle(f.client, "web", 1500, 0, &outcome, &f.err), 0);
	CHECK_STR(json_string_value(json_object_get(outcome, "outcome")), "timeout");
	CHECK_PART(json_string_value(json_object_get(outcome, "text")),
		   "web.1 (rejected): No such image: web:0");
	json_decref(outcome);
	teardown(&f);
}

static void arguments(void)
{
	const fake_row rows[] = { { NULL } };
	json_t *outcome = NULL;
	fixture f = setup(rows);

	CHECK_INT(swarm_service_settle(NULL, "web", 0, 0, &outcome, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_service_settle(f.client, "web", 0, 0, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_service_settle(f.client, "web", 0, 8, &outcome, NULL), SWARM_E_INVAL);
	teardown(&f);
}

TEST_MAIN(TEST(outcomes), TEST(no_node), TEST(no_image), TEST(arguments))
