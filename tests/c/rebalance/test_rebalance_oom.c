/* SPDX-License-Identifier: Apache-2.0 */
/* Services evened out without memory: each allocation fails in turn. */
#include "evict/moving_swarm.h"

#include "oom_parser.h"

enum { TOO_MANY = 20000 };

static int plan(swarm_client *client, swarm_error *err)
{
	json_t *made = NULL;
	int rc = swarm_rebalance_plan(client, NULL, &made, err);

	CHECK((made != NULL) == (rc == 0));
	json_decref(made);
	return rc;
}

static int rebalance(swarm_client *client, swarm_error *err)
{
	json_t *made = NULL;
	int rc = swarm_rebalance(client, NULL, &made, err);

	CHECK((made != NULL) == (rc == 0));
	json_decref(made);
	return rc;
}

static void fill(moving_swarm *s)
{
	moving_start(s);
	s->scales = true;
	moving_service(s, "s1", "web",
		       "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"web\"}},\"Mode\":"
		       "{\"Replicated\":{\"Replicas\":2}},\"UpdateConfig\":{\"Order\":"
		       "\"start-first\"}}");
	moving_task(s, "s1", 1, "n1");
	moving_task(s, "s1", 2, "n1");
}

/* One run in which allocation n fails; false if it needed fewer. */
static bool fails_at(long n, int (*run)(swarm_client *client, swarm_error *err))
{
	moving_swarm s;
	bool failed;
	fixture f;
	int rc;

	fill(&s);
	f = moving_setup(&s);
	/* The wrappers spare other threads, and so the one of the fake engine. */
	oom_start_with_jansson(n);
	rc = run(f.client, &f.err);
	failed = oom_stop();
	CHECK_INT(f.err.code, rc);
	CHECK_INT(rc, failed ? SWARM_E_NOMEM : 0);
	CHECK_INT(s.lost, 0);
	teardown(&f);
	moving_end(&s);
	return failed;
}

static void run_out(int (*run)(swarm_client *client, swarm_error *err))
{
	long n = 0;

	while (n < TOO_MANY && !test_failures && fails_at(n, run))
		n++;
	CHECK(n > 3 && n < TOO_MANY);
}

static void plan_without_memory(void)
{
	run_out(plan);
}

static void rebalance_without_memory(void)
{
	run_out(rebalance);
}

TEST_MAIN(TEST(plan_without_memory), TEST(rebalance_without_memory))
