/* SPDX-License-Identifier: Apache-2.0 */
/* What follows once a stack is there: its state, its history, the way back, its removal; on a model of a manager. */
#include "base/internal.h"
#include "model.h"

#define SITE                                                                                       \
	"{\"services\":{\"web\":{\"image\":\"web:1\",\"configs\":[\"page\"]},\"db\":{\"image\":"   \
	"\"db:1\"}},\"configs\":{\"page\":{\"content\":\"%s\"}}}"

typedef struct site {
	model m;
	fixture f;
	swarm_stack_options options;
	json_t *result;
} site;

static void begin(site *s)
{
	*s = (site){ .options = SWARM_STACK_OPTIONS_INIT };
	model_begin(&s->m, &s->f);
	s->options.resolve = SWARM_RESOLVE_NEVER;
	s->options.timeout_ms = 200000;
}

static void end(site *s)
{
	json_decref(s->result);
	model_end(&s->m, &s->f);
}

static void drop_result(site *s)
{
	json_decref(s->result);
	s->result = NULL;
	s->f.err = (swarm_error)SWARM_ERROR_INIT;
}

static json_t *stack_with(const char *page)
{
	const char *mark = strstr(SITE, "%s");
	char text[1024];

	snprintf(text, sizeof(text), "%.*s%s%s", (int)(mark - SITE), SITE, page, mark + 2);
	return model_stack("site", text);
}

static void apply(site *s, const char *page)
{
	json_t *stack = stack_with(page);

	drop_result(s);
	CHECK_INT(swarm_stack_apply(s->f.client, stack, &s->options, &s->result, &s->f.err), 0);
	CHECK_STR(s->f.err.text, "");
	json_decref(stack);
}

static int go_back(site *s, int64_t to, bool plan)
{
	drop_result(s);
	return swarm_stack_rollback(s->f.client, "site", to, plan, &s->options, &s->result,
				    &s->f.err);
}

static void read_history(site *s)
{
	drop_result(s);
	CHECK_INT(swarm_stack_history(s->f.client, "site", 0, &s->result, &s->f.err), 0);
}

static const char *row(const site *s, size_t i, const char *what)
{
	return model_string(json_array_get(s->result, i), what);
}

static json_int_t row_number(const site *s, size_t i)
{
	return json_integer_value(json_object_get(json_array_get(s->result, i), "revision"));
}

static json_t *spec_of(const site *s, const char *name)
{
	return json_object_get(model_find(&s->m, 3, name), "Spec");
}

static const char *config_of(const site *s)
{
	json_t *container = json_object_get(json_object_get(spec_of(s, "site_web"), "TaskTemplate"),
					    "ContainerSpec");

	return model_string(json_array_get(json_object_get(container, "Configs"), 0), "ConfigName");
}

/* --- history ---------------------------------------------------------------------------------------------- */

static void revisions_are_kept_and_bounded(void)
{
	site s;

	begin(&s);
	s.options.history = 3;
	s.options.source = "git 1f3a";
	s.options.who = "ops";
	apply(&s, "1");
	apply(&s, "2");
	apply(&s, "3");
	apply(&s, "4");
	read_history(&s);
	CHECK_INT(json_array_size(s.result), 3);
	CHECK_INT(row_number(&s, 0), 4);
	CHECK_INT(row_number(&s, 2), 2);
	CHECK_STR(row(&s, 0, "result"), "ok");
	CHECK_STR(row(&s, 0, "source"), "git 1f3a");
	CHECK_STR(row(&s, 0, "who"), "ops");
	CHECK_INT(strlen(row(&s, 0, "hash")), 64);
	CHECK(!model_find(&s.m, 2, "site.revision.1"));
	drop_result(&s);
	CHECK_INT(swarm_stack_history(s.f.client, "none", 0, &s.result, &s.f.err), 0);
	CHECK_INT(json_array_size(s.result), 0);
	end(&s);
}

static void a_spoiled_revision_is_ignored(void)
{
	site s;

	begin(&s);
	apply(&s, "1");
	json_object_set_new(json_object_get(model_find(&s.m, 2, "site.revision.1"), "Spec"), "Data",
			    json_string("%%%"));
	read_history(&s);
	CHECK_INT(json_array_size(s.result), 0);
	/* Its name is taken: the next number is used, and what was ours is adopted. */
	apply(&s, "1");
	CHECK_INT(json_integer_value(json_object_get(s.result, "revision")), 2);
	end(&s);
}

static void a_long_name_of_a_stack_has_revisions(void)
{
	static const char name[] = "a-name-that-is-longer-than-what-a-config-leaves";
	json_t *stack = model_stack(name, "{\"services\":{\"a\":{\"image\":\"a:1\"}}}");
	site s;

	begin(&s);
	CHECK_INT(swarm_stack_apply(s.f.client, stack, &s.options, &s.result, &s.f.err), 0);
	CHECK_PART(s.m.writes[0], "create configs a-name-that-is-longer-than--");
	CHECK(strlen(s.m.writes[0]) - strlen("create configs ") <= 64);
	json_decref(stack);
	end(&s);
}

/* --- the way back ------------------------------------------------------------------------------------------ */

static void back_to_what_it_was(void)
{
	json_t *web;
	char first[128];
	int writes;
	site s;

	begin(&s);
	apply(&s, "1");
	web = json_deep_copy(spec_of(&s, "site_web"));
	snprintf(first, sizeof(first), "%s", config_of(&s));
	apply(&s, "2");
	CHECK(strcmp(config_of(&s), first) != 0);
	writes = s.m.count;
	CHECK_INT(go_back(&s, 0, true), 0);
	CHECK_INT(s.m.count, writes);
	CHECK_INT(json_integer_value(json_object_get(s.result, "revision")), 3);
	CHECK_INT(go_back(&s, 0, false), 0);
	CHECK(json_equal(spec_of(&s, "site_web"), web));
	CHECK_STR(config_of(&s), first);
	CHECK(!model_wrote(&s.m, writes, "update services site_db"));
	CHECK(!model_wrote(&s.m, writes, "create configs site_page"));
	/* The same file as then changes nothing any more, and a label says which version was declared last. */
	writes = s.m.count;
	apply(&s, "1");
	CHECK_INT(s.m.count, writes);
	read_history(&s);
	CHECK_STR(row(&s, 0, "source"), "rollback to 1");
	json_decref(web);
	end(&s);
}

static void the_digest_of_then(void)
{
	static const char image[] =
		"web:1@sha256:"
		"0000000000000000000000000000000000000000000000000000000000000000";
	json_t *container;
	int writes;
	site s;

	begin(&s);
	apply(&s, "1");
	/* As if it had been pinned when it was applied. */
	container = json_object_get(json_object_get(spec_of(&s, "site_web"), "TaskTemplate"),
				    "ContainerSpec");
	json_object_set_new(container, "Image", json_string(image));
	apply(&s, "2");
	container = json_object_get(json_object_get(spec_of(&s, "site_web"), "TaskTemplate"),
				    "ContainerSpec");
	CHECK_STR(model_string(container, "Image"), image);
	json_object_set_new(container, "Image", json_string("web:1"));
	/* Who decides what a stack may use gets it first, as it was declared. */
	writes = s.m.count;
	CHECK_INT(go_back(&s, 0, true), 0);
	CHECK_INT(json_integer_value(json_object_get(s.result, "to")), 1);
	CHECK_STR(swarm__json_string(s.result,
				     "stack.services.site_web.TaskTemplate.ContainerSpec.Image"),
		  "web:1");
	CHECK_INT(s.m.count, writes);
	CHECK_INT(go_back(&s, 2, false), 0);
	container = json_object_get(json_object_get(spec_of(&s, "site_web"), "TaskTemplate"),
				    "ContainerSpec");
	CHECK_STR(model_string(container, "Image"), image);
	end(&s);
}

static void what_was_removed_is_named(void)
{
	char name[128], text[256];
	json_t *config;
	int writes;
	size_t i;
	site s;

	begin(&s);
	apply(&s, "1");
	snprintf(name, sizeof(name), "%s", config_of(&s));
	apply(&s, "2");
	apply(&s, "3");
	json_array_foreach (s.m.lists[2], i, config)
		if (strcmp(model_name(2, config), name) == 0)
			break;
	json_array_remove(s.m.lists[2], i);
	writes = s.m.count;
	CHECK_INT(go_back(&s, 1, false), SWARM_E_CONFLICT);
	CHECK_PART(s.f.err.text, name);
	CHECK_INT(go_back(&s, 9, false), SWARM_E_NOT_FOUND);
	CHECK_PART(s.f.err.text, "choose one of 3 (ok), 2 (ok), 1 (ok)");
	CHECK_INT(s.m.count, writes);
	read_history(&s);
	snprintf(text, sizeof(text), "config %s", name);
	CHECK_STR(json_string_value(json_array_get(
			  json_object_get(json_array_get(s.result, 2), "missing"), 0)),
		  text);
	drop_result(&s);
	CHECK_INT(swarm_stack_rollback(s.f.client, "none", 0, 0, NULL, &s.result, &s.f.err),
		  SWARM_E_NOT_FOUND);
	CHECK_PART(s.f.err.text, "has no stored revision");
	end(&s);
}

/* --- its state ------------------------------------------------------------------------------------------------ */

/* The row of a service in the status. */
static json_t *status(site *s, const char *page, const char *service)
{
	json_t *stack = page ? stack_with(page) : NULL, *one, *found = NULL;
	size_t i;

	drop_result(s);
	CHECK_INT(swarm_stack_status(s->f.client, "site", stack, 0, &s->result, &s->f.err), 0);
	json_decref(stack);
	json_array_foreach (json_object_get(s->result, "services"), i, one)
		if (strcmp(model_string(one, "service"), service) == 0)
			found = one;
	return found;
}

static void sync_and_health_are_two_answers(void)
{
	json_t *web, *one, *gone;
	size_t i;
	site s;

	begin(&s);
	CHECK_INT(swarm_stack_status(s.f.client, "site", NULL, 0, &s.result, &s.f.err),
		  SWARM_E_NOT_FOUND);
	apply(&s, "1");
	one = status(&s, NULL, "site_web");
	CHECK_STR(model_string(one, "sync"), "synced");
	CHECK_STR(model_string(one, "health"), "healthy");
	CHECK_STR(model_string(s.result, "sync"), "synced");
	CHECK_STR(model_string(s.result, "result"), "ok");
	CHECK_STR(model_string(status(&s, "1", "site_web"), "sync"), "synced");
	/* The file says something else. */
	CHECK_STR(model_string(status(&s, "2", "site_web"), "sync"), "out of sync");
	CHECK_STR(model_string(status(&s, "2", "site_db"), "sync"), "synced");
	/* The swarm does. */
	web = json_object_get(json_object_get(spec_of(&s, "site_web"), "TaskTemplate"),
			      "ContainerSpec");
	json_object_set_new(web, "Hostname", json_string("mine"));
	one = status(&s, NULL, "site_web");
	CHECK_STR(model_string(one, "sync"), "drifted");
	CHECK(json_object_get(json_object_get(one, "changes"), "hostname") != NULL);
	CHECK_STR(model_string(status(&s, "1", "site_web"), "sync"), "drifted");
	/* Unknown is not missing. */
	model_add(&s.m, "services",
		  json_pack("{s:s, s:{s:s}, s:{}, s:{s:{}}}", "Name", "site_hand", "Labels",
			    "com.docker.stack.namespace", "site", "TaskTemplate", "Mode",
			    "Replicated"));
	CHECK_STR(model_string(status(&s, NULL, "site_hand"), "sync"), "unknown");
	json_array_foreach (s.m.lists[3], i, gone)
		if (strcmp(model_name(3, gone), "site_db") == 0)
			break;
	json_array_remove(s.m.lists[3], i);
	one = status(&s, NULL, "site_db");
	CHECK_STR(model_string(one, "health"), "missing");
	CHECK_STR(model_string(s.result, "health"), "missing");
	end(&s);
}

static void an_update_that_is_paused_is_degraded(void)
{
	json_t *one;
	site s;

	begin(&s);
	apply(&s, "1");
	model_set_status(model_find(&s.m, 3, "site_web"), "paused");
	one = status(&s, NULL, "site_web");
	CHECK_STR(model_string(one, "health"), "degraded");
	CHECK_STR(model_string(one, "message"), "by the model");
	model_set_status(model_find(&s.m, 3, "site_web"), "updating");
	CHECK_STR(model_string(status(&s, NULL, "site_web"), "health"), "progressing");
	end(&s);
}

static void all_stacks(void)
{
	json_t *one;
	site s;

	begin(&s);
	apply(&s, "1");
	model_add(&s.m, "services",
		  json_pack("{s:s, s:{s:s}, s:{}, s:{s:{}}}", "Name", "cli_web", "Labels",
			    "com.docker.stack.namespace", "cli", "TaskTemplate", "Mode",
			    "Replicated"));
	drop_result(&s);
	CHECK_INT(swarm_stack_list(s.f.client, 0, &s.result, &s.f.err), 0);
	CHECK_INT(json_array_size(s.result), 2);
	CHECK_STR(row(&s, 0, "name"), "cli");
	CHECK(json_is_null(json_object_get(json_array_get(s.result, 0), "revision")));
	one = json_array_get(s.result, 1);
	CHECK_STR(model_string(one, "name"), "site");
	CHECK_INT(json_integer_value(json_object_get(one, "services")), 2);
	CHECK_INT(json_integer_value(json_object_get(one, "networks")), 1);
	/* The revision is not one of its configs. */
	CHECK_INT(json_integer_value(json_object_get(one, "configs")), 1);
	CHECK_INT(row_number(&s, 1), 1);
	end(&s);
}

/* --- the end --------------------------------------------------------------------------------------------------- */

static int remove_site(site *s, unsigned flags)
{
	drop_result(s);
	return swarm_stack_remove(s->f.client, "site", flags, 0, &s->result, &s->f.err);
}

static void nothing_is_left(void)
{
	static const char *const order[] = { "services", "services", "networks", "configs",
					     "configs" };
	int writes;
	site s;

	begin(&s);
	apply(&s, "1");
	writes = s.m.count;
	CHECK_INT(remove_site(&s, SWARM_STACK_DRY_RUN), 0);
	CHECK_INT(s.m.count, writes);
	CHECK_INT(
		json_array_size(json_object_get(json_object_get(s.result, "removed"), "services")),
		2);
	CHECK_INT(remove_site(&s, 0), 0);
	CHECK_INT(s.m.count, writes + 5);
	for (int i = 0; i < 5 && writes + i < s.m.count; i++)
		CHECK_PART(s.m.writes[writes + i], order[i]);
	CHECK_STR(s.m.writes[s.m.count - 1], "remove configs site.revision.1");
	for (int i = 0; i < MODEL_KINDS; i++)
		CHECK_INT(json_array_size(s.m.lists[i]), 0);
	CHECK_INT(json_integer_value(json_object_get(s.result, "revisions")), 1);
	/* Absent is as good as removed. */
	CHECK_INT(remove_site(&s, 0), 0);
	CHECK_INT(s.m.count, writes + 5);
	end(&s);
}

static void who_is_in_the_way_is_named_first(void)
{
	json_t *network;
	int writes;
	site s;

	begin(&s);
	apply(&s, "1");
	network = model_find(&s.m, 0, "site_default");
	model_add(&s.m, "services",
		  json_pack("{s:s, s:{}, s:{s:[{s:O}]}, s:{s:{}}}", "Name", "guest", "Labels",
			    "TaskTemplate", "Networks", "Target", json_object_get(network, "Id"),
			    "Mode", "Replicated"));
	writes = s.m.count;
	CHECK_INT(remove_site(&s, 0), SWARM_E_CONFLICT);
	CHECK_PART(s.f.err.text, "service guest uses network site_default");
	CHECK_INT(s.m.count, writes);
	end(&s);
}

TEST_MAIN(TEST(revisions_are_kept_and_bounded), TEST(a_spoiled_revision_is_ignored),
	  TEST(a_long_name_of_a_stack_has_revisions), TEST(back_to_what_it_was),
	  TEST(the_digest_of_then), TEST(what_was_removed_is_named),
	  TEST(sync_and_health_are_two_answers), TEST(an_update_that_is_paused_is_degraded),
	  TEST(all_stacks), TEST(nothing_is_left), TEST(who_is_in_the_way_is_named_first))
