/* SPDX-License-Identifier: Apache-2.0 */
/* What if nodes go, with every allocation failing in turn. */
#include "oom_table.h"

#define NODE(id, name)                                                                             \
	"{\"ID\":\"" id "\",\"Spec\":{\"Availability\":\"active\"},\"Status\":{\"State\":"         \
	"\"ready\"},\"Description\":{\"Hostname\":\"" name "\"}}"
#define WEB                                                                                        \
	"{\"ID\":\"s1\",\"Spec\":{\"Name\":\"web\",\"Mode\":{\"Replicated\":{}},"                  \
	"\"TaskTemplate\":{}}}"
#define TASK(id, node)                                                                             \
	"{\"ID\":\"" id "\",\"ServiceID\":\"s1\",\"NodeID\":\"" node                               \
	"\",\"DesiredState\":\"running\",\"Status\":{\"State\":\"running\"},\"Spec\":{}}"

static const fake_row rows[] = {
	{ "GET " API "/nodes", .reply = "[" NODE("n1", "host1") "," NODE("n2", "host2") "]" },
	{ "GET " API "/services", .reply = "[" WEB "]" },
	{ "GET " API "/tasks", .reply = "[" TASK("t1", "n1") "," TASK("t2", "n2") "]" },
	{ NULL },
};

static int run_each(swarm_client *client, swarm_error *err)
{
	swarm_what_if_options options = SWARM_WHAT_IF_OPTIONS_INIT;
	json_t *found = NULL;
	int rc;

	options.each = 1;
	rc = swarm_what_if(client, &options, &found, err);
	json_decref(found);
	return rc;
}

static const oom_case table[] = { { "each", rows, run_each } };

static void own_allocations(void)
{
	oom_run_table(table, 1, oom_start);
}

static void jansson_too(void)
{
	oom_run_table(table, 1, oom_start_with_jansson);
}

TEST_MAIN(TEST(own_allocations), TEST(jansson_too))
