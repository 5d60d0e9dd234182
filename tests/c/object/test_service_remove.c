/* SPDX-License-Identifier: Apache-2.0 */
/* A service is removed, and its tasks are waited for. */
#include "test_cluster.h"

#define GET "GET " API "/services/web"
#define GET_ID "GET " API "/services/s1"
#define WEB "{\"ID\":\"s1\",\"Version\":{\"Index\":5},\"Spec\":{\"Name\":\"web\"}}"
#define OF_SERVICE "GET " API "/tasks?filters=%7B%22service%22%3A%5B%22s1%22%5D%7D"
#define BY_ID(ids) "GET " API "/tasks?filters=%7B%22id%22%3A%5B" ids "%5D%7D"
#define DELETE "DELETE " API "/services/s1"
#define TASK(id, state)                                                                            \
	"{\"ID\":\"" id "\",\"DesiredState\":\"remove\",\"Status\":{\"State\":\"" state "\"}}"

typedef struct remove_case {
	const char *name;
	fake_row rows[9];
	int64_t timeout_ms;
	int code;
	const char *text;
} remove_case;

static const remove_case removals[] = {
	{ "until the last task has ended, and only those that ran are asked for",
	  { { GET, .reply = WEB },
	    { OF_SERVICE, .reply = "[" TASK("t1", "running") "," TASK("t2", "shutdown") "," TASK(
				  "t3", "preparing") "]" },
	    { GET_ID, .reply = WEB },
	    { DELETE, .reply = "" },
	    { BY_ID("%22t1%22%2C%22t3%22"),
	      .reply = "[" TASK("t1", "running") "," TASK("t3", "shutdown") "]" },
	    { BY_ID("%22t1%22"), .reply = "[]" } },
	  0,
	  0,
	  "" },
	{ "without tasks there is no wait",
	  { { GET, .reply = WEB },
	    { OF_SERVICE, .reply = "[]" },
	    { GET_ID, .reply = WEB },
	    { DELETE, .reply = "" } },
	  0,
	  0,
	  "" },
	{ "not there",
	  { { GET, .status = 404, .reply = MESSAGE("service web not found") } },
	  0,
	  SWARM_E_NOT_FOUND,
	  "" },
	{ "refused, and nothing is waited for",
	  { { GET, .reply = WEB },
	    { OF_SERVICE, .reply = "[" TASK("t1", "running") "]" },
	    { GET_ID, .reply = WEB },
	    { DELETE, .status = 400, .reply = MESSAGE("no") } },
	  0,
	  SWARM_E_HTTP,
	  "no" },
	{ "a task that does not end",
	  { { GET, .reply = WEB },
	    { OF_SERVICE, .reply = "[" TASK("t1", "running") "]" },
	    { GET_ID, .reply = WEB },
	    { DELETE, .reply = "" },
	    { BY_ID("%22t1%22"), .reply = "[" TASK("t1", "running") "]", .fault = FAKE_SILENT } },
	  150,
	  SWARM_E_TIMEOUT,
	  "service web was removed, but 1 of its tasks have not ended" },
};

static void each(void)
{
	for (size_t i = 0; i < sizeof(removals) / sizeof(*removals); i++) {
		const remove_case *c = &removals[i];
		fixture f = setup(c->rows);

		test_row = c->name;
		CHECK_INT(swarm_service_remove(f.client, "web", c->timeout_ms, &f.err), c->code);
		CHECK_PART(f.err.text, c->text);
		teardown(&f);
	}
}

/* The ids of a large service do not have room in one request. */
static void hundreds_of_tasks(void)
{
	char list[64 * 1024] = "[", first[4096], second[4096];
	fake_row rows[8] = { { GET, .reply = WEB },
			     { OF_SERVICE, .reply = list },
			     { GET_ID, .reply = WEB },
			     { DELETE, .reply = "" },
			     { first, .reply = "[]" },
			     { second, .reply = "[]" },
			     { NULL } };
	fixture f;

	strcpy(first, "GET " API "/tasks?filters=%7B%22id%22%3A%5B");
	strcpy(second, first);
	for (int i = 0; i < 100; i++) {
		char *target = i < 64 ? first : second;
		size_t used = strlen(list), filled = strlen(target);

		snprintf(list + used, sizeof(list) - used, "%s" TASK("%021dabcd", "running"),
			 i ? "," : "", i);
		snprintf(target + filled, 4096 - filled, "%s%%22%021dabcd%%22", i % 64 ? "%2C" : "",
			 i);
	}
	strcat(list, "]");
	strcat(first, "%5D%7D");
	strcat(second, "%5D%7D");
	f = setup(rows);
	CHECK_INT(swarm_service_remove(f.client, "web", 0, &f.err), 0);
	CHECK_STR(f.err.text, "");
	teardown(&f);
}

static void arguments(void)
{
	const fake_row rows[] = { { NULL } };
	fixture f = setup(rows);

	CHECK_INT(swarm_service_remove(NULL, "web", 0, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_service_remove(f.client, "", 0, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_service_remove(f.client, NULL, 0, NULL), SWARM_E_INVAL);
	teardown(&f);
}

TEST_MAIN(TEST(each), TEST(hundreds_of_tasks), TEST(arguments))
