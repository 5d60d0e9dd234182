/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster's lock with every allocation failing in turn. */
#include "oom_table.h"

#define CLUSTER(labels)                                                                               \
	"{\"ID\":\"c1\",\"Version\":{\"Index\":7},\"Spec\":{\"Name\":\"default\",\"Labels\":{" labels \
	"}}}"
#define OURS CLUSTER("\"saltext.swarm.lock\":\"r1 a b c 120 0\"")
#define SWARM "GET " API "/swarm"
#define WRITE "POST " API "/swarm/update?version=7"

static const fake_row take_rows[] = { { SWARM, .reply = CLUSTER("") }, { WRITE }, { NULL } };
static const fake_row own_rows[] = { { SWARM, .reply = OURS }, { WRITE }, { NULL } };
static const fake_row get_rows[] = { { SWARM, .reply = OURS }, { NULL } };

static int run_take(swarm_client *client, swarm_error *err)
{
	swarm_lock_options options = SWARM_LOCK_OPTIONS_INIT;
	json_t *lock = NULL;
	int rc;

	options.run = "r1";
	options.what = options.holder = "x";
	rc = swarm_lock_take(client, &options, &lock, err);
	json_decref(lock);
	return rc;
}

static int run_renew(swarm_client *client, swarm_error *err)
{
	json_t *lock = NULL;
	int rc = swarm_lock_renew(client, "r1", 0, &lock, err);

	json_decref(lock);
	return rc;
}

static int run_release(swarm_client *client, swarm_error *err)
{
	int released = 0;

	return swarm_lock_release(client, "r1", 0, &released, err);
}

static int run_get(swarm_client *client, swarm_error *err)
{
	json_t *lock = NULL;
	int rc = swarm_lock_get(client, 0, &lock, err);

	json_decref(lock);
	return rc;
}

static const oom_case table[] = {
	{ "take", take_rows, run_take },
	{ "renew", own_rows, run_renew },
	{ "release", own_rows, run_release },
	{ "get", get_rows, run_get },
};

enum { CASES = sizeof(table) / sizeof(table[0]) };

static void own_allocations(void)
{
	oom_run_table(table, CASES, oom_start);
}

static void jansson_too(void)
{
	oom_run_table(table, CASES, oom_start_with_jansson);
}

TEST_MAIN(TEST(own_allocations), TEST(jansson_too))
