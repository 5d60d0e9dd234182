/* SPDX-License-Identifier: Apache-2.0 */
/* Health with every allocation failing in turn. */
#include "oom_table.h"

#define NODE                                                                                       \
	"{\"ID\":\"m1\",\"Spec\":{\"Role\":\"manager\",\"Availability\":\"pause\"},\"Status\":{"   \
	"\"State\":\"ready\"},\"Description\":{\"Hostname\":\"host1\"},\"ManagerStatus\":{"        \
	"\"Leader\":true,\"Reachability\":\"reachable\"}}"
#define AWAY                                                                                       \
	"{\"ID\":\"w1\",\"Spec\":{\"Role\":\"worker\",\"Availability\":\"active\"},\"Status\":{"   \
	"\"State\":\"down\"},\"Description\":{\"Hostname\":\"worker1\"}}"
#define WEB "{\"ID\":\"s1\",\"Spec\":{\"Name\":\"web\",\"Mode\":{\"Replicated\":{\"Replicas\":2}}}}"
#define TASK                                                                                       \
	"{\"ID\":\"t1\",\"ServiceID\":\"s1\",\"NodeID\":\"m1\",\"DesiredState\":\"running\","      \
	"\"Status\":{\"State\":\"running\"}}"

static const fake_row rows[] = {
	{ INFO, .reply = MANAGER },
	{ "GET " API "/nodes", .reply = "[" NODE "," AWAY "]" },
	{ "GET " API "/services?status=true", .reply = "[" WEB "]" },
	{ "GET " API "/tasks?filters=%7B%22desired-state%22%3A%5B%22running%22%5D%7D",
	  .reply = "[" TASK "]" },
	{ "GET " API "/swarm", .reply = "{\"ID\":\"c1\",\"RootRotationInProgress\":true}" },
	{ NULL },
};

static int run_get(swarm_client *client, swarm_error *err)
{
	json_t *found = NULL;
	int rc = swarm_health_get(client, NULL, &found, err);

	json_decref(found);
	return rc;
}

static int run_checks(swarm_client *client, swarm_error *err)
{
	json_t *found = NULL;
	int rc = swarm_health_checks(&found, err);

	(void)client;
	json_decref(found);
	return rc;
}

static const oom_case table[] = { { "get", rows, run_get } };
/* The table of checks is made by jansson alone. */
static const oom_case trees[] = { { "get", rows, run_get }, { "checks", rows, run_checks } };

static void own_allocations(void)
{
	oom_run_table(table, 1, oom_start);
}

static void jansson_too(void)
{
	oom_run_table(trees, 2, oom_start_with_jansson);
}

TEST_MAIN(TEST(own_allocations), TEST(jansson_too))
