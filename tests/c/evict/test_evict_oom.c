/* SPDX-License-Identifier: Apache-2.0 */
/* Evictions without memory: each allocation fails in turn. */
#include "moving_swarm.h"

#include "oom_parser.h"

enum { TOO_MANY = 20000 };

static int plan(swarm_client *client, swarm_error *err)
{
	json_t *made = NULL;
	int rc = swarm_evict_plan(client, "worker1", NULL, &made, err);

	CHECK((made != NULL) == (rc == 0));
	json_decref(made);
	return rc;
}

static int plans(swarm_client *client, swarm_error *err)
{
	static const char *const nodes[] = { "n1", "n2", NULL };
	json_t *made = NULL;
	int rc = swarm_evict_plans(client, nodes, NULL, &made, err);

	CHECK((made != NULL) == (rc == 0));
	json_decref(made);
	return rc;
}

static int images(swarm_client *client, swarm_error *err)
{
	static const char *const nodes[] = { "n1", "n2", NULL };
	json_t *made = NULL;
	int rc = swarm_evict_images(client, nodes, 0, &made, err);

	CHECK((made != NULL) == (rc == 0));
	json_decref(made);
	return rc;
}

static int evict(swarm_client *client, swarm_error *err)
{
	json_t *made = NULL;
	int rc = swarm_evict(client, "worker1", NULL, &made, err);

	CHECK((made != NULL) == (rc == 0));
	json_decref(made);
	return rc;
}

static int undo(swarm_client *client, swarm_error *err)
{
	json_t *made = NULL;
	int rc = swarm_evict_undo(client, "worker1", 0, &made, err);

	CHECK((made != NULL) == (rc == 0));
	json_decref(made);
	return rc;
}

static void fill(moving_swarm *s)
{
	moving_start(s);
	moving_service(s, "s1", "web",
		       "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"web\"}},\"Mode\":"
		       "{\"Replicated\":{\"Replicas\":1}}}");
	moving_service(s, "s2", "glob", "{\"TaskTemplate\":{},\"Mode\":{\"Global\":{}}}");
	moving_task(s, "s1", 1, "n1");
	moving_task(s, "s2", 0, "n1");
}

/* One run in which allocation n fails; false if it needed fewer. */
static bool fails_at(long n, int (*run)(swarm_client *client, swarm_error *err), bool evicted)
{
	moving_swarm s;
	bool failed;
	fixture f;
	int rc;

	fill(&s);
	f = moving_setup(&s);
	/* The wrappers spare other threads, and so the one of the fake engine. */
	if (evicted)
		CHECK_INT(evict(f.client, &f.err), 0);
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

static void run_out(int (*run)(swarm_client *client, swarm_error *err), bool evicted)
{
	long n = 0;

	while (n < TOO_MANY && !test_failures && fails_at(n, run, evicted))
		n++;
	CHECK(n > 3 && n < TOO_MANY);
}

static void plan_without_memory(void)
{
	run_out(plan, false);
}

static void plans_without_memory(void)
{
	run_out(plans, false);
}

static void images_without_memory(void)
{
	run_out(images, false);
}

static void evict_without_memory(void)
{
	run_out(evict, false);
}

static void undo_without_memory(void)
{
	run_out(undo, true);
}

TEST_MAIN(TEST(plan_without_memory), TEST(plans_without_memory), TEST(images_without_memory),
	  TEST(evict_without_memory), TEST(undo_without_memory))
