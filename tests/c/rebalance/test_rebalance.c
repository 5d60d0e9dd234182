/* SPDX-License-Identifier: Apache-2.0 */
/* Services evened out: what they leave behind, wherever they are stopped. */
#include "evict/moving_swarm.h"

#define SPEC(replicas)                                                                             \
	"{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"web\"},\"Placement\":{}},"              \
	"\"Mode\":{\"Replicated\":{\"Replicas\":" replicas "}},"                                   \
	"\"UpdateConfig\":{\"Order\":\"start-first\"}}"
#define LABEL "saltext.swarm.rebalance"

/* web: 5 tasks on n1; api: 2 on n2, 1 on n1; n3 came back empty. */
static void fill(moving_swarm *s)
{
	moving_start(s);
	s->scales = true;
	moving_service(s, "s1", "web", SPEC("5"));
	moving_service(s, "s2", "api", SPEC("3"));
	for (int slot = 1; slot <= 5; slot++)
		moving_task(s, "s1", slot, "n1");
	moving_task(s, "s2", 1, "n2");
	moving_task(s, "s2", 2, "n2");
	moving_task(s, "s2", 3, "n1");
}

static json_t *service_of(const moving_swarm *s, size_t i)
{
	return json_array_get(s->services, i);
}

static void check_spec(const moving_swarm *s, size_t i, const char *name, const char *text)
{
	json_t *previous = json_object_get(service_of(s, i), "PreviousSpec");
	json_t *wanted = moving_json(text);

	json_object_set_new(wanted, "Name", json_string(name));
	CHECK(json_equal(json_object_get(service_of(s, i), "Spec"), wanted));
	CHECK(!previous || json_equal(previous, wanted));
	json_decref(wanted);
}

static int spread(const moving_swarm *s, size_t i)
{
	int low = 1000, high = 0;

	for (int node = 1; node <= 3; node++) {
		char id[16];
		int count;

		snprintf(id, sizeof(id), "n%d", node);
		count = moving_count(s, service_of(s, i), id);
		low = count < low ? count : low;
		high = count > high ? count : high;
	}
	return high - low;
}

static int stayed(const moving_swarm *s, int first, int last)
{
	int count = 0;

	for (int i = first; i <= last; i++) {
		char id[16];

		snprintf(id, sizeof(id), "t%d", i);
		count += is_wanted(moving_find(s->tasks, id));
	}
	return count;
}

static void check_even(const moving_swarm *s)
{
	CHECK(spread(s, 0) < 2 && spread(s, 1) < 2);
	CHECK_INT(moving_count(s, service_of(s, 0), NULL), 5);
	CHECK_INT(moving_count(s, service_of(s, 1), NULL), 3);
	CHECK_INT(s->lost, 0);
	check_spec(s, 0, "web", SPEC("5"));
	check_spec(s, 1, "api", SPEC("3"));
}

static void evens_out(void)
{
	moving_swarm s;
	json_t *change = NULL, *plan = NULL;
	fixture f;
	int writes;

	fill(&s);
	f = moving_setup(&s);
	CHECK_INT(swarm_rebalance(f.client, NULL, &change, &f.err), 0);
	CHECK_STR(f.err.text, "");
	check_even(&s);
	/* 5 on one of three: no fewer than 3 have to move. */
	CHECK_INT(stayed(&s, 1, 5), 2);
	CHECK_INT(stayed(&s, 6, 8), 2);
	CHECK_INT(json_array_size(change), 2);
	CHECK_STR(text_of(json_array_get(change, 0), "service", NULL), "api");
	CHECK_STR(text_of(json_array_get(change, 1), "way", NULL), "move");
	/* More, fewer, and the spec to roll back to: for each of the two. */
	CHECK_INT(s.writes, 6);
	writes = s.writes;
	CHECK_INT(swarm_rebalance(f.client, NULL, NULL, &f.err), 0);
	CHECK_INT(swarm_rebalance_plan(f.client, NULL, &plan, &f.err), 0);
	CHECK_INT(json_array_size(plan), 0);
	CHECK_INT(s.writes, writes);
	json_decref(change);
	json_decref(plan);
	teardown(&f);
	moving_end(&s);
}

static void only_those_that_are_named(void)
{
	static const char *const api[] = { "api", NULL }, *const slip[] = { "apy", NULL };
	swarm_rebalance_options options = SWARM_REBALANCE_OPTIONS_INIT;
	moving_swarm s;
	fixture f;

	fill(&s);
	f = moving_setup(&s);
	options.services = slip;
	CHECK_INT(swarm_rebalance(f.client, &options, NULL, &f.err), SWARM_E_INVAL);
	CHECK_STR(f.err.text, "services: there is no service 'apy'");
	CHECK_INT(s.writes, 0);
	options.services = api;
	CHECK_INT(swarm_rebalance(f.client, &options, NULL, NULL), 0);
	CHECK(spread(&s, 1) < 2);
	CHECK_INT(stayed(&s, 1, 5), 5);
	teardown(&f);
	moving_end(&s);
}

/* --- stopped anywhere ------------------------------------------------------------------------------- */

/* The engine dies at request number at; then it is back, and the same is run. */
static bool dies_at(int at, bool after)
{
	moving_swarm s;
	fixture f;
	bool died;
	int rc;

	fill(&s);
	s.dies_at = at;
	s.dies_after = after;
	f = moving_setup(&s);
	rc = swarm_rebalance(f.client, NULL, NULL, &f.err);
	died = s.requests >= s.dies_at;
	CHECK((rc != 0) == died);
	s.dies_at = 0;
	swarm_client_free(f.client);
	CHECK_INT(fake_engine_stop_early(f.engine), 0);
	f = moving_setup(&s);
	CHECK_INT(swarm_rebalance(f.client, NULL, NULL, &f.err), 0);
	CHECK_STR(f.err.text, "");
	check_even(&s);
	CHECK_INT(stayed(&s, 1, 8), 4);
	teardown(&f);
	moving_end(&s);
	return died;
}

static void killed_at_each_request(void)
{
	for (int after = 0; after < 2; after++) {
		int at = 1;

		while (at < 500 && dies_at(at, after != 0) && !test_failures)
			at++;
		CHECK(at > 20 && at < 500);
	}
}

/* --- what does not go well ------------------------------------------------------------------------------ */

static const char *mark_of(const moving_swarm *s)
{
	json_t *spec = json_object_get(service_of(s, 0), "Spec");

	return text_of(json_object_get(spec, "Labels"), LABEL, NULL);
}

/* For fewer replicas the managers would stop those that run on the fullest node. */
static void new_tasks_that_hang_cost_none(void)
{
	swarm_rebalance_options options = SWARM_REBALANCE_OPTIONS_INIT;
	static const char *const web[] = { "web", NULL };
	moving_swarm s;
	json_t *task;
	fixture f;
	size_t i;

	fill(&s);
	s.stuck = "n3";
	f = moving_setup(&s);
	options.services = web;
	CHECK_INT(swarm_rebalance(f.client, &options, NULL, &f.err), SWARM_E_TIMEOUT);
	CHECK(strstr(f.err.text, "web: 7 of its 8 tasks run after "));
	CHECK(strstr(f.err.text, "web keeps its additional replicas, because for fewer the "
				 "managers would stop tasks that run: drain or repair worker3, and "
				 "run it again"));
	CHECK_INT(stayed(&s, 1, 5), 5);
	CHECK_STR(mark_of(&s), "5 8");
	json_array_foreach (s.tasks, i, task)
		if (runs_on(task, "n3"))
			json_object_set_new(json_object_get(task, "Status"), "State",
					    json_string("running"));
	s.stuck = NULL;
	CHECK_INT(swarm_rebalance(f.client, NULL, NULL, &f.err), 0);
	check_even(&s);
	teardown(&f);
	moving_end(&s);
}

/* Those without a node are the first to go. */
static void new_tasks_without_a_node(void)
{
	moving_swarm s;
	fixture f;

	fill(&s);
	s.stuck = "";
	f = moving_setup(&s);
	CHECK_INT(swarm_rebalance(f.client, NULL, NULL, &f.err), SWARM_E_TIMEOUT);
	CHECK(strstr(f.err.text, "api: 3 of its 4 tasks run after "));
	CHECK(strstr(f.err.text, "; it has its replicas from before again"));
	CHECK_INT(stayed(&s, 1, 8), 8);
	CHECK_INT(s.lost, 0);
	check_spec(&s, 0, "web", SPEC("5"));
	check_spec(&s, 1, "api", SPEC("3"));
	teardown(&f);
	moving_end(&s);
}

/* A number that somebody else gave the service while it had more stays. */
static void number_of_another_hand(void)
{
	moving_swarm s;
	json_t *spec;
	fixture f;

	fill(&s);
	spec = json_object_get(service_of(&s, 0), "Spec");
	json_object_set_new(spec, "Labels", json_pack("{s:s, s:s}", LABEL, "5 8", "a", "b"));
	json_object_set_new(json_object_get(json_object_get(spec, "Mode"), "Replicated"),
			    "Replicas", json_integer(6));
	moving_task(&s, "s1", 6, "n2");
	f = moving_setup(&s);
	CHECK_INT(swarm_rebalance(f.client, NULL, NULL, &f.err), 0);
	CHECK_INT(moving_count(&s, service_of(&s, 0), NULL), 6);
	CHECK_STR(mark_of(&s), "");
	CHECK_STR(text_of(json_object_get(json_object_get(service_of(&s, 0), "Spec"), "Labels"),
			  "a", NULL),
		  "b");
	teardown(&f);
	moving_end(&s);
}

/* --- properties ------------------------------------------------------------------------------------------ */

static unsigned dice(unsigned *state, unsigned sides)
{
	*state = *state * 1103515245u + 12345u;
	return (*state >> 16) % sides;
}

/* Even is a difference of one at most: what is above the higher number, or below the lower, has to move. */
static int fewest_moves(const int *counts, int sum)
{
	int low = sum / 3, high = (sum + 2) / 3, above = 0, below = 0;

	for (int i = 0; i < 3; i++) {
		above += counts[i] > high ? counts[i] - high : 0;
		below += counts[i] < low ? low - counts[i] : 0;
	}
	return above > below ? above : below;
}

static void one_throw(unsigned *state)
{
	int counts[3], sum = 0, slot = 0;
	moving_swarm s;
	fixture f;

	for (int i = 0; i < 3; i++)
		sum += counts[i] = (int)dice(state, 9);
	moving_start(&s);
	s.scales = true;
	moving_service(&s, "s1", "web", SPEC("0"));
	json_object_set_new(
		json_object_get(json_object_get(json_object_get(service_of(&s, 0), "Spec"), "Mode"),
				"Replicated"),
		"Replicas", json_integer(sum));
	for (int i = 0; i < 3; i++)
		for (int k = 0; k < counts[i]; k++)
			moving_task(&s, "s1", ++slot, i == 0 ? "n1" : i == 1 ? "n2" : "n3");
	f = moving_setup(&s);
	CHECK_INT(swarm_rebalance(f.client, NULL, NULL, &f.err), 0);
	CHECK(spread(&s, 0) < 2);
	CHECK_INT(moving_count(&s, service_of(&s, 0), NULL), sum);
	CHECK_INT(sum - stayed(&s, 1, sum), fewest_moves(counts, sum));
	CHECK_INT(s.lost, 0);
	slot = s.writes;
	CHECK_INT(swarm_rebalance(f.client, NULL, NULL, &f.err), 0);
	CHECK_INT(s.writes, slot);
	teardown(&f);
	moving_end(&s);
}

static void always_even_by_the_fewest_moves(void)
{
	unsigned state = 1;

	for (int i = 0; i < 60 && !test_failures; i++)
		one_throw(&state);
}

TEST_MAIN(TEST(evens_out), TEST(only_those_that_are_named), TEST(killed_at_each_request),
	  TEST(new_tasks_that_hang_cost_none), TEST(new_tasks_without_a_node),
	  TEST(number_of_another_hand), TEST(always_even_by_the_fewest_moves))
