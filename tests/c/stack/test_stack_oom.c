/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory runs out at allocation after allocation: functions on stacks, on a model of a manager. There are
 * thousands of them, so each run takes the next in steps.
 */
#include "model.h"
#include "oom_table.h"

#define SITE                                                                                        \
	"{\"services\":{\"web\":{\"image\":\"web:1\",\"secrets\":[\"key\"],\"configs\":[\"page\"]," \
	"\"depends_on\":[\"db\"]},\"db\":{\"image\":\"db:1\",\"command\":[\"%s\"]}},\"configs\":{"  \
	"\"page\":{\"content\":\"one\"}},\"secrets\":{\"key\":{\"file\":\"key\"}}}"

/* With jansson's own allocations there are many more. */
enum { STEP = 5, JANSSON_STEP = 29, TOO_MANY = 100000 };

typedef struct scene {
	const char *name;
	int (*run)(swarm_client *client, swarm_error *err);
	const char *before;  /* what is there: the command of db; NULL: nothing */
	const char *command; /* of db */
} scene;

static json_t *wanted;

static json_t *site_with(const char *command)
{
	const char *mark = strstr(SITE, "%s");
	char text[1024];

	snprintf(text, sizeof(text), "%.*s%s%s", (int)(mark - SITE), SITE, command, mark + 2);
	return model_stack("site", text);
}

static int give_secret(void *payload, const char *name, swarm_content *content, swarm_error *err)
{
	(void)payload;
	(void)name;
	(void)err;
	return swarm_content_set(content, "one", 3);
}

static swarm_stack_options options(void)
{
	swarm_stack_options o = SWARM_STACK_OPTIONS_INIT;

	o.resolve = SWARM_RESOLVE_NEVER;
	o.content = give_secret;
	o.key = "key";
	o.key_size = 3;
	o.keep = 1;
	return o;
}

static int done(int rc, json_t *result)
{
	CHECK((result == NULL) == (rc != 0));
	json_decref(result);
	return rc;
}

static int run_plan(swarm_client *client, swarm_error *err)
{
	const swarm_stack_options o = options();
	json_t *result = NULL;
	int rc = swarm_stack_plan(client, wanted, &o, &result, err);

	return done(rc, result);
}

static int run_apply(swarm_client *client, swarm_error *err)
{
	const swarm_stack_options o = options();
	json_t *result = NULL;
	int rc = swarm_stack_apply(client, wanted, &o, &result, err);

	return done(rc, result);
}

static int run_rollback(swarm_client *client, swarm_error *err)
{
	const swarm_stack_options o = options();
	json_t *result = NULL;
	int rc = swarm_stack_rollback(client, "site", 1, 1, &o, &result, err);

	return done(rc, result);
}

static int run_remove(swarm_client *client, swarm_error *err)
{
	json_t *result = NULL;
	int rc = swarm_stack_remove(client, "site", 0, 0, &result, err);

	return done(rc, result);
}

static int run_status(swarm_client *client, swarm_error *err)
{
	json_t *result = NULL;
	int rc = swarm_stack_status(client, "site", wanted, 0, &result, err);

	return done(rc, result);
}

static int run_history(swarm_client *client, swarm_error *err)
{
	json_t *result = NULL;
	int rc = swarm_stack_history(client, "site", 0, &result, err);

	return done(rc, result);
}

static int run_list(swarm_client *client, swarm_error *err)
{
	json_t *result = NULL;
	int rc = swarm_stack_list(client, 0, &result, err);

	return done(rc, result);
}

static const scene scenes[] = {
	{ "plan of a new stack", run_plan, NULL, "run" },
	{ "plan of a changed one", run_plan, "run", "walk" },
	{ "apply of a new stack", run_apply, NULL, "run" },
	{ "apply of a changed one", run_apply, "run", "walk" },
	{ "apply of one that fails", run_apply, "run", "fail" },
	{ "rollback", run_rollback, "run", "walk" },
	{ "removal", run_remove, "run", "run" },
	{ "status", run_status, "run", "walk" },
	{ "history", run_history, "run", "run" },
	{ "list", run_list, "run", "run" },
};

/* Allocation n fails; false if there were fewer. */
static bool run_scene(const scene *one, long n, void (*start)(long n), int *ret_rc)
{
	bool failed;
	fixture f;
	model m;

	model_begin(&m, &f);
	if (one->before) {
		wanted = site_with(one->before);
		CHECK_INT(run_apply(f.client, &f.err), 0);
		json_decref(wanted);
	}
	wanted = site_with(one->command);
	start(n);
	*ret_rc = one->run(f.client, &f.err);
	failed = oom_stop();
	CHECK_INT(f.err.code, *ret_rc);
	json_decref(wanted);
	model_end(&m, &f);
	return failed;
}

static void run_all(void (*start)(long n), long step)
{
	for (size_t i = 0; i < sizeof(scenes) / sizeof(*scenes); i++) {
		long n = (long)i;
		int rc;

		test_row = scenes[i].name;
		while (n < TOO_MANY && run_scene(&scenes[i], n, start, &rc)) {
			if (!CHECK_INT(rc, SWARM_E_NOMEM))
				printf("# at allocation %ld\n", n);
			n += step;
		}
		CHECK_INT(rc, 0);
		CHECK(n > 3);
	}
}

static void in_the_library(void)
{
	run_all(oom_start, STEP);
}

static void in_jansson(void)
{
	run_all(oom_start_with_jansson, JANSSON_STEP);
}

TEST_MAIN(TEST(in_the_library), TEST(in_jansson))
