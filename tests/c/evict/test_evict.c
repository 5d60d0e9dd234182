/* SPDX-License-Identifier: Apache-2.0 */
/* Evictions: what they leave behind, wherever they are stopped. */
#include "moving_swarm.h"

#define WEB                                                                                        \
	"{\"Labels\":{},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"web\"},"                  \
	"\"Placement\":{}},\"Mode\":{\"Replicated\":{\"Replicas\":3}},"                            \
	"\"UpdateConfig\":{\"Order\":\"start-first\"}}"
#define API_SPEC                                                                                   \
	"{\"Labels\":{},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"api\"},"                  \
	"\"Placement\":{\"Constraints\":[\"node.labels.zone==a\"]}},"                              \
	"\"Mode\":{\"Replicated\":{\"Replicas\":1}}}"
#define GLOBAL                                                                                     \
	"{\"Labels\":{},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"g\"}},"                   \
	"\"Mode\":{\"Global\":{}}}"

/* web: 2 tasks on n1, 1 on n2; api: 1 on n1; a global service. */
static void fill(moving_swarm *s)
{
	moving_start(s);
	moving_service(s, "s1", "web", WEB);
	moving_service(s, "s2", "api", API_SPEC);
	moving_service(s, "s3", "glob", GLOBAL);
	moving_task(s, "s1", 1, "n1");
	moving_task(s, "s1", 2, "n1");
	moving_task(s, "s1", 3, "n2");
	moving_task(s, "s2", 1, "n1");
	for (int i = 1; i <= 3; i++)
		moving_task(s, "s3", 0, i == 1 ? "n1" : i == 2 ? "n2" : "n3");
}

static int tasks_on(const moving_swarm *s, const char *node)
{
	int count = 0;
	json_t *task;
	size_t i;

	json_array_foreach (s->tasks, i, task)
		count += runs_on(task, node);
	return count;
}

static int running(const moving_swarm *s, const char *service)
{
	int count = 0;
	json_t *task;
	size_t i;

	json_array_foreach (s->tasks, i, task)
		count += is_wanted(task) && strcmp(text_of(task, "ServiceID", NULL), service) == 0;
	return count;
}

static bool task_runs(const moving_swarm *s, const char *id)
{
	return is_wanted(moving_find(s->tasks, id));
}

/* Each service has its spec from before, byte for byte, and a rollback changes nothing. */
static void check_specs(const moving_swarm *s)
{
	static const char *const specs[] = { WEB, API_SPEC, GLOBAL };
	static const char *const names[] = { "web", "api", "glob" };

	for (size_t i = 0; i < 3; i++) {
		json_t *service = json_array_get(s->services, i);
		json_t *wanted = moving_json(specs[i]);
		json_t *previous = json_object_get(service, "PreviousSpec");

		json_object_set_new(wanted, "Name", json_string(names[i]));
		CHECK(json_equal(json_object_get(service, "Spec"), wanted));
		CHECK(!previous || json_equal(previous, wanted));
		json_decref(wanted);
	}
}

static json_t *labels_of(const moving_swarm *s)
{
	return json_object_get(json_object_get(moving_find(s->nodes, "n1"), "Spec"), "Labels");
}

static void check_drained(const moving_swarm *s)
{
	CHECK_STR(availability_of(moving_find(s->nodes, "n1")), "drain");
	CHECK_INT(tasks_on(s, "n1"), 0);
	CHECK_INT(running(s, "s1"), 3);
	CHECK_INT(running(s, "s2"), 1);
	CHECK_INT(s->lost, 0);
	CHECK(task_runs(s, "t3"));
	CHECK_STR(text_of(labels_of(s), "saltext.swarm.was", NULL), "active");
	CHECK(!json_object_get(labels_of(s), "saltext.swarm.moved"));
	check_specs(s);
}

static void check_returned(const moving_swarm *s)
{
	CHECK_STR(availability_of(moving_find(s->nodes, "n1")), "active");
	CHECK_INT(running(s, "s1"), 3);
	CHECK_INT(running(s, "s2"), 1);
	CHECK_INT(s->lost, 0);
	CHECK_INT(json_object_size(labels_of(s)), 1);
	check_specs(s);
}

static void there_and_back(void)
{
	swarm_evict_options options = SWARM_EVICT_OPTIONS_INIT;
	moving_swarm s;
	json_t *change = NULL, *back = NULL;
	fixture f;
	int writes;

	fill(&s);
	f = moving_setup(&s);
	options.reason = "new disk";
	CHECK_INT(swarm_evict(f.client, "worker1", &options, &change, &f.err), 0);
	CHECK_STR(f.err.text, "");
	check_drained(&s);
	CHECK_STR(text_of(labels_of(&s), "saltext.swarm.reason", NULL), "new disk");
	CHECK_STR(text_of(change, "old", NULL), "active");
	CHECK_INT(json_array_size(json_object_get(change, "services")), 3);
	/* Once more: nothing is sent. */
	writes = s.writes;
	CHECK_INT(swarm_evict(f.client, "worker1", &options, NULL, &f.err), 0);
	CHECK_INT(s.writes, writes);
	CHECK_INT(swarm_evict_undo(f.client, "worker1", 0, &back, &f.err), 0);
	check_returned(&s);
	CHECK_STR(text_of(back, "new", NULL), "active");
	writes = s.writes;
	CHECK_INT(swarm_evict_undo(f.client, "worker1", 0, NULL, &f.err), 0);
	CHECK_INT(s.writes, writes);
	json_decref(change);
	json_decref(back);
	teardown(&f);
	moving_end(&s);
}

/* --- stopped anywhere ------------------------------------------------------------------------------- */

/* The engine dies at request number at; then it is back, and the same or the way back is run. */
static bool dies_at(int at, bool after, bool undo)
{
	moving_swarm s;
	fixture f;
	bool died;
	int rc;

	fill(&s);
	s.dies_at = at;
	s.dies_after = after;
	f = moving_setup(&s);
	rc = swarm_evict(f.client, "worker1", NULL, NULL, &f.err);
	died = s.requests >= s.dies_at;
	CHECK((rc != 0) == died);
	s.dies_at = 0;
	swarm_client_free(f.client);
	CHECK_INT(fake_engine_stop_early(f.engine), 0);
	f = moving_setup(&s);
	if (undo) {
		CHECK_INT(swarm_evict_undo(f.client, "worker1", 0, NULL, &f.err), 0);
		check_returned(&s);
	} else {
		CHECK_INT(swarm_evict(f.client, "worker1", NULL, NULL, &f.err), 0);
		check_drained(&s);
	}
	CHECK_STR(f.err.text, "");
	teardown(&f);
	moving_end(&s);
	return died;
}

static void killed(bool after, bool undo)
{
	int at = 1;

	while (at < 500 && dies_at(at, after, undo) && !test_failures)
		at++;
	CHECK(at > 30 && at < 500);
}

static void killed_before_each_request(void)
{
	killed(false, false);
	killed(false, true);
}

static void killed_after_each_request(void)
{
	killed(true, false);
	killed(true, true);
}

/* --- the way back is killed --------------------------------------------------------------------------- */

static bool undo_dies_at(int at, bool after)
{
	moving_swarm s;
	fixture f;
	bool died;

	fill(&s);
	/* In the middle: the first service has its constraint. */
	s.dies_at = 24;
	f = moving_setup(&s);
	CHECK(swarm_evict(f.client, "worker1", NULL, NULL, &f.err) != 0);
	swarm_client_free(f.client);
	CHECK_INT(fake_engine_stop_early(f.engine), 0);
	s.dies_at = at;
	s.dies_after = after;
	s.requests = 0;
	f = moving_setup(&s);
	swarm_evict_undo(f.client, "worker1", 0, NULL, &f.err);
	died = s.requests >= at;
	swarm_client_free(f.client);
	CHECK_INT(fake_engine_stop_early(f.engine), 0);
	s.dies_at = 0;
	f = moving_setup(&s);
	CHECK_INT(swarm_evict_undo(f.client, "worker1", 0, NULL, &f.err), 0);
	check_returned(&s);
	teardown(&f);
	moving_end(&s);
	return died;
}

static void killed_on_the_way_back(void)
{
	for (int after = 0; after < 2; after++) {
		int at = 1;

		while (at < 500 && undo_dies_at(at, after != 0) && !test_failures)
			at++;
		CHECK(at > 5 && at < 500);
	}
}

/* --- what does not go well ------------------------------------------------------------------------------ */

/* A task of web that failed, and was made at a time. */
static void add_failed(moving_swarm *s, const char *id, const char *created, const char *error)
{
	json_array_append_new(s->tasks,
			      json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:{s:s, s:s}}", "ID", id,
					"ServiceID", "s1", "Slot", 1, "NodeID", "n2", "CreatedAt",
					created, "DesiredState", "shutdown", "Status", "State",
					"failed", "Err", error));
}

/* An update that fails: all is as before, nothing was lost, and only the tasks of the update say why. */
static void update_fails(void)
{
	static const struct {
		const char *ends;
		const char *text;
	} table[] = {
		{ "paused", "web: update said so; no such image; everything was put back" },
		{ "rollback_completed",
		  "web: swarm rolled the update back: update said so; no such image; everything was "
		  "put back" },
	};

	for (size_t i = 0; i < 2; i++) {
		moving_swarm s;
		fixture f;

		test_row = table[i].ends;
		fill(&s);
		s.update_ends = table[i].ends;
		add_failed(&s, "old", "2026-11-29T12:00:00Z", "out of memory last night");
		add_failed(&s, "new", "2026-11-30T12:00:01Z", "no such image");
		/* By name api comes first, and has nothing to move. */
		json_array_remove(s.tasks, 3);
		json_object_set_new(
			json_object_get(
				json_object_get(
					json_object_get(json_array_get(s.services, 1), "Spec"),
					"Mode"),
				"Replicated"),
			"Replicas", json_integer(0));
		f = moving_setup(&s);
		CHECK_INT(swarm_evict(f.client, "worker1", NULL, NULL, &f.err), SWARM_E_STATE);
		CHECK_STR(f.err.text, table[i].text);
		CHECK_STR(availability_of(moving_find(s.nodes, "n1")), "active");
		CHECK_INT(json_object_size(labels_of(&s)), 1);
		CHECK(!is_kept_off(json_array_get(s.services, 0), "n1"));
		CHECK(task_runs(&s, "t1") && task_runs(&s, "t2") && task_runs(&s, "t3"));
		CHECK_INT(s.lost, 0);
		teardown(&f);
		moving_end(&s);
	}
}

/* An update that never ends is not touched: the node stays paused, and says why. */
static void update_is_stuck(void)
{
	swarm_evict_options options = SWARM_EVICT_OPTIONS_INIT;
	moving_swarm s;
	fixture f;

	fill(&s);
	s.update_looks = FOREVER;
	options.timeout_ms = 30000;
	f = moving_setup(&s);
	CHECK_INT(swarm_evict(f.client, "worker1", &options, NULL, &f.err), SWARM_E_TIMEOUT);
	CHECK_PART(f.err.text, "api: 1 of its tasks still on worker1 after ");
	CHECK_PART(f.err.text,
		   "going back failed, too: api keeps the constraint node.id!=n1, because its "
		   "update goes on: undo it when that has ended, until then worker1 "
		   "stays paused");
	CHECK_STR(availability_of(moving_find(s.nodes, "n1")), "pause");
	CHECK_STR(text_of(labels_of(&s), "saltext.swarm.was", NULL), "active");
	CHECK(task_runs(&s, "t4"));
	CHECK_INT(s.lost, 0);
	s.update_looks = 0;
	f.err = (swarm_error)SWARM_ERROR_INIT;
	CHECK_INT(swarm_evict_undo(f.client, "worker1", 0, NULL, &f.err), 0);
	check_returned(&s);
	teardown(&f);
	moving_end(&s);
}

/* The same, if what cannot be moved in time may be stopped. */
static void drained_in_the_end(void)
{
	swarm_evict_options options = SWARM_EVICT_OPTIONS_INIT;
	moving_swarm s;
	json_t *change = NULL;
	fixture f;

	fill(&s);
	s.update_looks = 80;
	options.timeout_ms = 30000;
	options.flags = SWARM_EVICT_DRAIN;
	f = moving_setup(&s);
	CHECK_INT(swarm_evict(f.client, "worker1", &options, &change, &f.err), 0);
	CHECK_PART(text_of(change, "warning", NULL), "api: 1 of its tasks still on worker1");
	CHECK_STR(availability_of(moving_find(s.nodes, "n1")), "drain");
	CHECK_INT(tasks_on(&s, "n1"), 0);
	check_specs(&s);
	json_decref(change);
	teardown(&f);
	moving_end(&s);
}

/* --- a service that is short of a task for a moment ------------------------------------------------- */

/* web, from the start: a task of it prepares, or an update goes on. */
static void make_short(moving_swarm *s, const char *update)
{
	json_t *web = json_array_get(s->services, 0);

	if (update)
		json_object_set_new(web, "UpdateStatus", json_pack("{s:s}", "State", update));
	else
		moving_prepare(json_array_get(s->tasks, 2));
}

/* It is waited for, and nothing is changed until then. */
static void short_before(void)
{
	static const char *const updates[] = { NULL, "updating", "rollback_started" };

	for (size_t i = 0; i < 3; i++) {
		moving_swarm s;
		fixture f;

		test_row = updates[i] ? updates[i] : "preparing";
		fill(&s);
		make_short(&s, updates[i]);
		s.heals_in = 6;
		f = moving_setup(&s);
		CHECK_INT(swarm_evict(f.client, "worker1", NULL, NULL, &f.err), 0);
		CHECK_STR(f.err.text, "");
		CHECK_INT(s.healed_at, 0);
		check_drained(&s);
		teardown(&f);
		moving_end(&s);
	}
}

/* The replicas that somebody else gave web meanwhile are kept. */
static void check_scaled(moving_swarm *s)
{
	json_t *web = json_object_get(json_array_get(s->services, 0), "Spec");
	json_t *replicated = json_object_get(json_object_get(web, "Mode"), "Replicated");

	CHECK_INT(json_integer_value(json_object_get(replicated, "Replicas")), 4);
	CHECK_INT(running(s, "s1"), 4);
	CHECK(!is_kept_off(json_array_get(s->services, 0), "n1"));
	CHECK_INT(s->lost, 0);
}

/* Scaled once the node is paused, and while another service moves: the run goes on when it is whole. */
static void short_on_the_way(void)
{
	for (int at = 1; at < 5; at++) {
		moving_swarm s;
		fixture f;

		fill(&s);
		s.hand = "scale";
		s.hand_at = at;
		s.heals_in = 30;
		f = moving_setup(&s);
		CHECK_INT(swarm_evict(f.client, "worker1", NULL, NULL, &f.err), 0);
		CHECK_STR(f.err.text, "");
		CHECK(!s.hand);
		CHECK_STR(availability_of(moving_find(s.nodes, "n1")), "drain");
		CHECK_INT(tasks_on(&s, "n1"), 0);
		check_scaled(&s);
		teardown(&f);
		moving_end(&s);
	}
}

/* Not for ever: then all is put back, and the text says for how long. */
static void short_for_good(void)
{
	static const struct {
		const char *text;
		int at, rc, least, most; /* seconds, without those that the machine takes */
		bool drain;
	} table[] = {
		{ "web: only 3 of its 4 tasks run; run it again when that is over, allow them", 1,
		  SWARM_E_CONFLICT, 60, 130, false },
		{ "web: only 3 of its 4 tasks run after 12", 2, SWARM_E_STATE, 60, 130, false },
		{ "web: only 3 of its 4 tasks run after ", 2, 0, 300, 620, true },
	};

	for (size_t i = 0; i < 3; i++) {
		swarm_evict_options options = SWARM_EVICT_OPTIONS_INIT;
		json_t *change = NULL;
		int64_t before = slept_ns;
		moving_swarm s;
		fixture f;

		test_row = table[i].text;
		fill(&s);
		s.hand = "scale";
		s.hand_at = table[i].at;
		options.flags = table[i].drain ? SWARM_EVICT_DRAIN : 0;
		f = moving_setup(&s);
		CHECK_INT(swarm_evict(f.client, "worker1", &options, &change, &f.err), table[i].rc);
		CHECK_PART(table[i].drain ? text_of(change, "warning", NULL) : f.err.text,
			   table[i].text);
		CHECK_STR(availability_of(moving_find(s.nodes, "n1")),
			  table[i].drain ? "drain" : "active");
		CHECK((slept_ns - before) / 1000000000 >= table[i].least);
		CHECK((slept_ns - before) / 1000000000 <= table[i].most);
		check_scaled(&s);
		json_decref(change);
		teardown(&f);
		moving_end(&s);
	}
}

/* Nothing undoes what somebody else did. */
static void another_hand(void)
{
	static const struct {
		const char *hand;
		int rc;
		const char *text;
	} table[] = {
		{ "activate", SWARM_E_STATE, "worker1 was activated by somebody else meanwhile" },
		{ "constraint", SWARM_E_STATE,
		  "its constraint node.id!=n1 was removed by somebody else" },
		{ "remove", 0, "" },
	};

	for (size_t i = 0; i < 3; i++) {
		moving_swarm s;
		fixture f;

		test_row = table[i].hand;
		fill(&s);
		/* Only web has tasks on the node. */
		json_array_remove(s.services, 1);
		json_array_remove(s.tasks, 3);
		s.hand = table[i].hand;
		s.update_looks = strcmp(table[i].hand, "activate") == 0 ? FOREVER : 3;
		f = moving_setup(&s);
		CHECK_INT(swarm_evict(f.client, "worker1", NULL, NULL, &f.err), table[i].rc);
		CHECK_PART(f.err.text, table[i].text);
		if (table[i].rc)
			CHECK_STR(availability_of(moving_find(s.nodes, "n1")), "active");
		teardown(&f);
		moving_end(&s);
	}
}

static void bad_arguments(void)
{
	static const char *const bad[] = { "\xff", NULL };
	swarm_evict_options options = SWARM_EVICT_OPTIONS_INIT;
	const fake_row rows[] = { { NULL } };
	fixture f = setup(rows);
	json_t *plan = NULL;

	CHECK_INT(swarm_evict(NULL, "n1", NULL, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_evict_plan(f.client, "n1", NULL, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_evict_plans(f.client, NULL, NULL, &plan, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_evict_undo(NULL, "n1", 0, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_evict(f.client, "", NULL, NULL, NULL), SWARM_E_INVAL);
	options.flags = 8;
	CHECK_INT(swarm_evict(f.client, "n1", &options, NULL, NULL), SWARM_E_INVAL);
	options.flags = 0;
	options.allow = bad;
	CHECK_INT(swarm_evict_plan(f.client, "n1", &options, &plan, NULL), SWARM_E_INVAL);
	options.allow = NULL;
	options.size = 1;
	CHECK_INT(swarm_evict(f.client, "n1", &options, NULL, NULL), SWARM_E_INVAL);
	CHECK(!plan);
	teardown(&f);
}

TEST_MAIN(TEST(there_and_back), TEST(killed_before_each_request), TEST(killed_after_each_request),
	  TEST(killed_on_the_way_back), TEST(update_fails), TEST(update_is_stuck),
	  TEST(drained_in_the_end), TEST(short_before), TEST(short_on_the_way),
	  TEST(short_for_good), TEST(another_hand), TEST(bad_arguments))
