/* SPDX-License-Identifier: Apache-2.0 */
/* A stack as it is declared, on a model of a manager: planned, applied, changed, failed, adopted, pruned. */
#include "base/internal.h"
#include "model.h"

#define SHOP                                                                                       \
	"{\"services\":{\"web\":{\"image\":\"web:1\",\"configs\":[\"page\"],\"secrets\":"          \
	"[\"key\"],\"environment\":{\"COLOR\":\"%s\"},\"depends_on\":[\"db\"]},"                   \
	"\"db\":{\"image\":\"db:1\"}},\"configs\":{\"page\":{\"content\":\"%s\"}},"                \
	"\"secrets\":{\"key\":{\"file\":\"key\"}}}"
#define SECRET "dG9wc2VjcmV0dmFsdWU=" /* base64 of topsecretvalue */

typedef struct shop {
	model m;
	fixture f;
	swarm_stack_options options;
	const char *secret;
	json_t *result;
} shop;

static int give_secret(void *payload, const char *name, swarm_content *content, swarm_error *err)
{
	const shop *s = payload;

	(void)err;
	CHECK_STR(name, "shop_key");
	return swarm_content_set(content, s->secret, strlen(s->secret));
}

static void begin(shop *s)
{
	*s = (shop){ .options = SWARM_STACK_OPTIONS_INIT, .secret = "topsecretvalue" };
	model_begin(&s->m, &s->f);
	s->options.resolve = SWARM_RESOLVE_NEVER;
	s->options.content = give_secret;
	s->options.payload = s;
	s->options.timeout_ms = 200000;
}

static void end(shop *s)
{
	json_decref(s->result);
	model_end(&s->m, &s->f);
}

static void drop_result(shop *s)
{
	json_decref(s->result);
	s->result = NULL;
	s->f.err = (swarm_error)SWARM_ERROR_INIT;
}

/* A document with texts in place of the first and the second %s. */
static json_t *stack_of(const char *document, const char *first, const char *second)
{
	const char *texts[] = { first, second }, *mark;
	char text[4096] = "";
	size_t used = 0;

	for (int i = 0; i < 2 && (mark = strstr(document, "%s")) != NULL; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s%s",
					 (int)(mark - document), document, texts[i]);
		document = mark + 2;
	}
	snprintf(text + used, sizeof(text) - used, "%s", document);
	return model_stack("shop", text);
}

static int apply(shop *s, json_t *stack)
{
	int rc;

	drop_result(s);
	rc = swarm_stack_apply(s->f.client, stack, &s->options, &s->result, &s->f.err);
	CHECK((s->result != NULL) == (rc == 0));
	json_decref(stack);
	return rc;
}

static int plan(shop *s, json_t *stack)
{
	int rc;

	drop_result(s);
	rc = swarm_stack_plan(s->f.client, stack, &s->options, &s->result, &s->f.err);
	json_decref(stack);
	return rc;
}

/* What a dotted path of the result has, as text; a name with a dot in it is the last. */
static const char *at(const shop *s, const char *kind, const char *name, const char *what)
{
	json_t *change = json_object_get(
		json_object_get(json_object_get(s->result, "changes"), kind), name);

	return model_string(change, what);
}

static size_t changed(const shop *s)
{
	return json_object_size(json_object_get(s->result, "changes"));
}

static const char *failed(const shop *s, const char *what)
{
	return model_string(json_object_get(s->result, "failed"), what);
}

static const char *held(const shop *s, const char *what)
{
	return model_string(json_array_get(json_object_get(s->result, "held"), 0), what);
}

static json_int_t number(const shop *s)
{
	return json_integer_value(json_object_get(s->result, "revision"));
}

/* The service of a name, and a member of its container's spec. */
static json_t *container(const shop *s, const char *name)
{
	json_t *spec = json_object_get(model_find(&s->m, 3, name), "Spec");

	return json_object_get(json_object_get(spec, "TaskTemplate"), "ContainerSpec");
}

/* --- made, and left alone ---------------------------------------------------------------------------------- */

static void a_plan_is_what_apply_does(void)
{
	json_t *planned;
	int writes;
	shop s;

	begin(&s);
	CHECK_INT(plan(&s, stack_of(SHOP, "red", "one")), 0);
	CHECK_INT(s.m.count, 0);
	CHECK_STR(at(&s, "services", "shop_web", "action"), "create");
	CHECK_STR(at(&s, "networks", "shop_default", "action"), "create");
	planned = json_incref(s.result);
	CHECK_INT(apply(&s, stack_of(SHOP, "red", "one")), 0);
	CHECK(json_equal(planned, s.result));
	json_decref(planned);
	/* Revision, network, secret, config, two services, the revision's result. */
	CHECK_INT(s.m.count, 7);
	CHECK_STR(s.m.writes[0], "create configs shop.revision.1");
	CHECK_STR(s.m.writes[1], "create networks shop_default");
	CHECK_PART(s.m.writes[2], "create secrets shop_key-");
	CHECK_PART(s.m.writes[3], "create configs shop_page-");
	CHECK_STR(s.m.writes[4], "create services shop_db");
	CHECK_STR(s.m.writes[5], "create services shop_web");
	CHECK_STR(s.m.writes[6], "update configs shop.revision.1");
	writes = s.m.count;
	CHECK_INT(apply(&s, stack_of(SHOP, "red", "one")), 0);
	CHECK_INT(s.m.count, writes);
	CHECK_INT(changed(&s), 0);
	CHECK_INT(number(&s), 1);
	CHECK_INT(json_integer_value(
			  json_object_get(json_object_get(s.result, "unchanged"), "services")),
		  2);
	end(&s);
}

static void a_service_on_several_new_networks(void)
{
	static const char two[] =
		"{\"services\":{\"web\":{\"image\":\"web:1\",\"networks\":[\"a\",\"b\"]}},"
		"\"networks\":{\"a\":{},\"b\":{}}}";
	shop s;

	begin(&s);
	CHECK_INT(plan(&s, stack_of(two, "", "")), 0);
	CHECK_STR(at(&s, "networks", "shop_a", "action"), "create");
	CHECK_STR(at(&s, "networks", "shop_b", "action"), "create");
	CHECK_INT(apply(&s, stack_of(two, "", "")), 0);
	CHECK_STR(at(&s, "services", "shop_web", "action"), "create");
	end(&s);
}

static void a_secret_is_only_in_its_own_request(void)
{
	char *text;
	shop s;

	begin(&s);
	CHECK_INT(apply(&s, stack_of(SHOP, "red", "one")), 0);
	for (int i = 0; i < s.m.count; i++)
		CHECK_INT(strstr(s.m.bodies[i], SECRET) != NULL,
			  strncmp(s.m.writes[i], "create secrets", 14) == 0);
	text = json_dumps(s.result, 0);
	CHECK(text && !strstr(text, "topsecret") && !strstr(text, SECRET));
	free(text);
	end(&s);
}

static void a_changed_content_rolls_in_the_same_run(void)
{
	const char *old;
	int writes;
	shop s;

	begin(&s);
	s.options.keep = 1;
	CHECK_INT(apply(&s, stack_of(SHOP, "red", "one")), 0);
	old = model_string(json_array_get(json_object_get(container(&s, "shop_web"), "Configs"), 0),
			   "ConfigName");
	CHECK_PART(old, "shop_page-");
	writes = s.m.count;
	CHECK_INT(apply(&s, stack_of(SHOP, "red", "two")), 0);
	CHECK_STR(at(&s, "configs", "shop_page", "action"), "create");
	CHECK_STR(at(&s, "services", "shop_web", "action"), "update");
	CHECK(!model_wrote(&s.m, writes, "update services shop_db"));
	/* The spec before it names it. */
	CHECK(!model_wrote(&s.m, writes, "remove"));
	writes = s.m.count;
	CHECK_INT(apply(&s, stack_of(SHOP, "blue", "two")), 0);
	CHECK(model_wrote(&s.m, writes, "remove configs shop_page-"));
	CHECK(!model_wrote(&s.m, writes, "remove secrets"));
	end(&s);
}

static void what_was_set_by_hand_and_is_not_declared_stays(void)
{
	json_t *spec;
	shop s;

	begin(&s);
	CHECK_INT(apply(&s, stack_of(SHOP, "red", "one")), 0);
	spec = json_object_get(model_find(&s.m, 3, "shop_web"), "Spec");
	json_object_set_new(json_object_get(json_object_get(spec, "Mode"), "Replicated"),
			    "Replicas", json_integer(3));
	json_object_set_new(json_object_get(spec, "TaskTemplate"), "ForceUpdate", json_integer(4));
	CHECK_INT(apply(&s, stack_of(SHOP, "red", "one")), 0);
	CHECK_INT(changed(&s), 0);
	CHECK_INT(apply(&s, stack_of(SHOP, "blue", "one")), 0);
	spec = json_object_get(model_find(&s.m, 3, "shop_web"), "Spec");
	CHECK_INT(
		json_integer_value(json_object_get(
			json_object_get(json_object_get(spec, "Mode"), "Replicated"), "Replicas")),
		3);
	CHECK_INT(json_integer_value(
			  json_object_get(json_object_get(spec, "TaskTemplate"), "ForceUpdate")),
		  4);
	end(&s);
}

static void a_hand_made_change_is_corrected_and_nothing_else(void)
{
	int writes;
	shop s;

	begin(&s);
	CHECK_INT(apply(&s, stack_of(SHOP, "red", "one")), 0);
	json_object_set_new(container(&s, "shop_db"), "Hostname", json_string("mine"));
	writes = s.m.count;
	CHECK_INT(apply(&s, stack_of(SHOP, "red", "one")), 0);
	CHECK_INT(s.m.count, writes + 1);
	CHECK_STR(s.m.writes[writes], "update services shop_db");
	CHECK_INT(number(&s), 1);
	CHECK(json_object_get(
		      json_object_get(
			      json_object_get(json_object_get(json_object_get(s.result, "changes"),
							      "services"),
					      "shop_db"),
			      "changes"),
		      "hostname") != NULL);
	end(&s);
}

/* --- of others ----------------------------------------------------------------------------------------------- */

#define LABELS "Labels", "com.docker.stack.namespace"

static void a_stack_of_the_cli_is_adopted(void)
{
	json_t *stack = stack_of(SHOP, "red", "one"), *object, *spec;
	const char *kinds[] = { "networks", "configs", "services" }, *name;
	int writes;
	shop s;

	begin(&s);
	/* As docker's CLI makes it: names without a hash, and no label of ours. */
	model_add(&s.m, "secrets", json_pack("{s:s, s:{s:s}}", "Name", "shop_key", LABELS, "shop"));
	for (int i = 0; i < 3; i++)
		json_object_foreach (json_object_get(stack, kinds[i]), name, object)
			model_add(&s.m, kinds[i], json_deep_copy(object));
	json_object_foreach (json_object_get(stack, "services"), name, object) {
		json_t *list = json_object_get(container(&s, name), "Secrets");
		json_t *configs = json_object_get(container(&s, name), "Configs");

		if (list) {
			json_object_set_new(
				json_array_get(list, 0), "SecretID",
				json_string(model_string(model_find(&s.m, 1, "shop_key"), "ID")));
			json_object_set_new(
				json_array_get(configs, 0), "ConfigID",
				json_string(model_string(model_find(&s.m, 2, "shop_page"), "ID")));
		}
	}
	CHECK_INT(apply(&s, stack), 0);
	CHECK_STR(at(&s, "services", "shop_web", "action"), "adopt");
	CHECK_STR(at(&s, "networks", "shop_default", "action"), "adopt");
	CHECK_STR(at(&s, "secrets", "shop_key", "action"), "adopt");
	CHECK_STR(at(&s, "configs", "shop_page", "action"), "adopt");
	CHECK(!model_wrote(&s.m, 0, "update services"));
	CHECK(!model_wrote(&s.m, 0, "create services"));
	/* The revision, a label of the secret with its hash, the result. */
	CHECK_INT(s.m.count, 3);
	CHECK(model_wrote(&s.m, 0, "update secrets shop_key"));
	CHECK_INT(json_array_size(json_object_get(s.result, "warnings")), 1);
	writes = s.m.count;
	CHECK_INT(apply(&s, stack_of(SHOP, "red", "one")), 0);
	CHECK_INT(s.m.count, writes);
	CHECK_INT(changed(&s), 0);
	/* From now on its content can be compared. */
	s.secret = "another one";
	CHECK_INT(plan(&s, stack_of(SHOP, "red", "one")), 0);
	CHECK_STR(at(&s, "secrets", "shop_key", "action"), "create");
	spec = container(&s, "shop_web");
	CHECK_STR(model_string(json_array_get(json_object_get(spec, "Configs"), 0), "ConfigName"),
		  "shop_page");
	end(&s);
}

static void only_what_a_revision_declared_is_pruned(void)
{
	static const char smaller[] = "{\"services\":{\"db\":{\"image\":\"db:1\"}}}";
	int writes;
	shop s;

	begin(&s);
	CHECK_INT(apply(&s, stack_of(SHOP, "red", "one")), 0);
	model_add(&s.m, "services",
		  json_pack("{s:s, s:{s:s}, s:{}, s:{s:{}}}", "Name", "shop_hand", LABELS, "shop",
			    "TaskTemplate", "Mode", "Replicated"));
	model_add(&s.m, "configs",
		  json_pack("{s:s, s:{s:s}, s:s}", "Name", "shop_mine", LABELS, "shop", "Data",
			    "b25l"));
	writes = s.m.count;
	s.options.flags = SWARM_STACK_NO_PRUNE;
	CHECK_INT(apply(&s, model_stack("shop", smaller)), 0);
	CHECK(!model_wrote(&s.m, writes, "remove"));
	/* It is still known as ours, although only an older revision declares it. */
	s.options.flags = 0;
	s.options.keep = 1;
	CHECK_INT(apply(&s, model_stack("shop", smaller)), 0);
	CHECK_STR(at(&s, "services", "shop_web", "action"), "remove");
	CHECK(model_wrote(&s.m, writes, "remove services shop_web"));
	CHECK(model_wrote(&s.m, writes, "remove configs shop_page-"));
	CHECK(model_wrote(&s.m, writes, "remove secrets shop_key-"));
	CHECK(!model_wrote(&s.m, writes, "remove services shop_hand"));
	CHECK(!model_wrote(&s.m, writes, "remove configs shop_mine"));
	CHECK_STR(json_string_value(json_array_get(
			  json_object_get(json_object_get(s.result, "unmanaged"), "services"), 0)),
		  "shop_hand");
	end(&s);
}

static void all_that_is_wrong_comes_before_anything(void)
{
	static const char document[] =
		"{\"services\":{\"web\":{\"image\":\"web:1\",\"networks\":[\"out\",\"in\"],"
		"\"secrets\":[\"key\",\"far\"]}},\"networks\":{\"out\":{\"external\":true},\"in\":"
		"{\"name\":\"taken\"}},\"secrets\":{\"key\":{\"file\":\"key\"},\"far\":{"
		"\"external\":true}}}";
	shop s;

	begin(&s);
	s.options.content = NULL;
	model_add(&s.m, "networks", json_pack("{s:s, s:s}", "Name", "taken", "Driver", "overlay"));
	CHECK_INT(apply(&s, model_stack("shop", document)), SWARM_E_NOT_FOUND);
	CHECK_PART(s.f.err.text, "external network out does not exist");
	CHECK_PART(s.f.err.text, "network taken exists already, and belongs to no stack");
	CHECK_PART(s.f.err.text, "secret shop_key: its content is not given");
	CHECK_PART(s.f.err.text, "external secret far does not exist");
	CHECK_INT(s.m.count, 0);
	end(&s);
}

/* What the engine would refuse when half of the stack is there. */
static void what_others_have_taken_comes_before_anything(void)
{
	static const char document[] =
		"{\"services\":{\"a\":{\"image\":\"web:1\",\"ports\":[\"80:80\"],\"logging\":{"
		"\"driver\":\"fluentd\"}},\"b\":{\"image\":\"web:1\",\"ports\":[\"81:80\"]},\"c\":{"
		"\"image\":\"web:1\",\"networks\":[\"new\"]}},\"networks\":{\"new\":{\"ipam\":{\"config\":[{"
		"\"subnet\":\"10.9.0.0/16\"}]}}}}";
	static const char mesh[] =
		"{\"services\":{\"a\":{\"image\":\"web:1\",\"networks\":[\"mesh\"]}},\"networks\":{"
		"\"mesh\":{\"external\":true}}}";
	shop s;

	begin(&s);
	model_add(&s.m, "networks",
		  json_pack("{s:s, s:s, s:s, s:b}", "Name", "mesh", "Driver", "overlay", "Scope",
			    "swarm", "Ingress", 1));
	model_add(&s.m, "networks",
		  json_pack("{s:s, s:s, s:s, s:{s:[{s:s}]}}", "Name", "old", "Driver", "overlay",
			    "Scope", "swarm", "IPAM", "Config", "Subnet", "10.9.1.0/24"));
	model_add(&s.m, "services",
		  json_pack("{s:s, s:{}, s:{}, s:{s:{}}, s:{s:[{s:i, s:s, s:s}]}}", "Name", "proxy",
			    "Labels", "TaskTemplate", "Mode", "Replicated", "EndpointSpec", "Ports",
			    "PublishedPort", 80, "Protocol", "tcp", "PublishMode", "ingress"));
	CHECK_INT(apply(&s, model_stack("shop", document)), SWARM_E_CONFLICT);
	CHECK_STR(s.f.err.text, "network shop_new: subnet 10.9.0.0/16 of network shop_new overlaps "
				"10.9.1.0/24 of network old");
	json_array_remove(s.m.lists[0], 1);
	CHECK_INT(apply(&s, model_stack("shop", document)), SWARM_E_CONFLICT);
	CHECK_PART(s.f.err.text,
		   "service shop_a: port 80/tcp is published by service proxy already");
	CHECK_INT(apply(&s, model_stack("shop", mesh)), SWARM_E_INVAL);
	CHECK_PART(s.f.err.text, "external network mesh is the ingress network");
	CHECK_INT(s.m.count, 0);
	end(&s);
}

static void a_service_of_another_stack_is_refused(void)
{
	shop s;

	begin(&s);
	model_add(&s.m, "services",
		  json_pack("{s:s, s:{s:s}, s:{}, s:{s:{}}}", "Name", "shop_db", LABELS, "other",
			    "TaskTemplate", "Mode", "Replicated"));
	CHECK_INT(apply(&s, stack_of(SHOP, "red", "one")), SWARM_E_CONFLICT);
	CHECK_PART(s.f.err.text, "service shop_db exists already, and belongs to stack other");
	CHECK_INT(s.m.count, 0);
	end(&s);
}

/* The line names the service once. */
static void another_mode_is_refused(void)
{
	shop s;

	begin(&s);
	CHECK_INT(apply(&s, model_stack("shop", "{\"services\":{\"web\":{\"image\":\"web:1\"}}}")),
		  0);
	CHECK_INT(plan(&s, model_stack("shop", "{\"services\":{\"web\":{\"image\":\"web:1\","
					       "\"deploy\":{\"mode\":\"global\"}}}}")),
		  SWARM_E_CONFLICT);
	CHECK_STR(s.f.err.text,
		  "service shop_web: deploy.mode cannot be changed: give replace: True, "
		  "which removes the service and creates it again");
	end(&s);
}

/* A file that was cut off does not remove what runs; a stack of contents alone is one. */
static void files_without_a_service(void)
{
	static const char wants[] =
		"stack shop: the files declare no service, and 1 of its services "
		"would be removed: declare services, or remove the whole stack "
		"(swarm.stack_absent)";
	static const char config[] = "{\"configs\":{\"page\":{\"content\":\"x\"}}}";
	shop s;

	begin(&s);
	CHECK_INT(apply(&s, model_stack("shop", "{\"version\":\"3\"}")), SWARM_E_INVAL);
	CHECK_PART(s.f.err.text, "stack shop: the files declare no service: declare services");
	CHECK_INT(s.m.count, 0);
	CHECK_INT(apply(&s, model_stack("shop", config)), 0);
	CHECK_INT(apply(&s, model_stack("shop", "{\"services\":{\"web\":{\"image\":\"web:1\"}}}")),
		  0);
	CHECK_INT(plan(&s, model_stack("shop", "{\"version\":\"3\"}")), SWARM_E_INVAL);
	CHECK_STR(s.f.err.text, wants);
	CHECK_INT(apply(&s, model_stack("shop", config)), SWARM_E_INVAL);
	CHECK_STR(s.f.err.text, wants);
	end(&s);
}

static void another_manager_at_the_same_moment(void)
{
	shop s;

	begin(&s);
	s.m.taken = "shop_db";
	CHECK_INT(apply(&s, stack_of(SHOP, "red", "one")), 0);
	CHECK(json_is_null(json_object_get(s.result, "failed")));
	/* What the other one did is not a change of this run. */
	CHECK_STR(at(&s, "services", "shop_db", "action"), "");
	CHECK_STR(at(&s, "services", "shop_web", "action"), "create");
	CHECK(!model_wrote(&s.m, 0, "update services shop_db"));
	end(&s);

	begin(&s);
	s.m.taken = "shop.revision.1";
	CHECK_INT(apply(&s, stack_of(SHOP, "red", "one")), 0);
	CHECK_INT(number(&s), 1);
	CHECK(!model_find(&s.m, 2, "shop.revision.2"));
	end(&s);
}

/* --- failures --------------------------------------------------------------------------------------------------- */

#define FAILING                                                                                    \
	"{\"services\":{\"web\":{\"image\":\"web:1\",\"environment\":{\"COLOR\":\"%s\"}},"         \
	"\"db\":{\"image\":\"db:1\",\"depends_on\":[\"web\"],\"command\":[\"%s\"]}}}"

static void a_failed_service_rolls_the_stack_back(void)
{
	json_t *web, *db;
	int writes;
	shop s;

	begin(&s);
	CHECK_INT(apply(&s, stack_of(FAILING, "red", "run")), 0);
	web = json_deep_copy(json_object_get(model_find(&s.m, 3, "shop_web"), "Spec"));
	db = json_deep_copy(json_object_get(model_find(&s.m, 3, "shop_db"), "Spec"));
	s.m.pauses = true;
	writes = s.m.count;
	CHECK_INT(apply(&s, stack_of(FAILING, "blue", "fail")), 0);
	CHECK_STR(failed(&s, "service"), "shop_db");
	CHECK_PART(failed(&s, "reason"), "the update was paused");
	CHECK(json_is_true(json_object_get(json_object_get(s.result, "failed"), "rolled_back")));
	CHECK(json_equal(web, json_object_get(model_find(&s.m, 3, "shop_web"), "Spec")));
	CHECK(json_equal(db, json_object_get(model_find(&s.m, 3, "shop_db"), "Spec")));
	CHECK(!model_wrote(&s.m, writes, "remove"));
	/* The spec that failed is not sent again, and the rest is. */
	writes = s.m.count;
	CHECK_INT(apply(&s, stack_of(FAILING, "blue", "fail")), 0);
	CHECK_STR(held(&s, "service"), "shop_db");
	CHECK_PART(held(&s, "reason"), "the update was paused");
	CHECK_STR(at(&s, "services", "shop_web", "action"), "update");
	CHECK(!model_wrote(&s.m, writes, "update services shop_db"));
	writes = s.m.count;
	for (int i = 0; i < 10; i++) {
		CHECK_INT(apply(&s, stack_of(FAILING, "blue", "fail")), 0);
		CHECK_STR(held(&s, "service"), "shop_db");
		CHECK_INT(changed(&s), 0);
	}
	CHECK_INT(s.m.count, writes);
	s.options.flags = SWARM_STACK_RETRY;
	CHECK_INT(apply(&s, stack_of(FAILING, "blue", "fail")), 0);
	CHECK(model_wrote(&s.m, writes, "update services shop_db"));
	/* Another spec is another try, without a word of the one that failed. */
	s.options.flags = 0;
	CHECK_INT(apply(&s, stack_of(FAILING, "blue", "walk")), 0);
	CHECK_INT(json_array_size(json_object_get(s.result, "held")), 0);
	CHECK_STR(at(&s, "services", "shop_db", "action"), "update");
	/* Nor is the one that failed after somebody went back to what ran before. */
	drop_result(&s);
	CHECK_INT(swarm_stack_rollback(s.f.client, "shop", 1, 0, &s.options, &s.result, &s.f.err),
		  0);
	writes = s.m.count;
	CHECK_INT(apply(&s, stack_of(FAILING, "blue", "fail")), 0);
	CHECK_STR(held(&s, "service"), "shop_db");
	CHECK(!model_wrote(&s.m, writes, "update services shop_db"));
	json_decref(web);
	json_decref(db);
	end(&s);
}

static void what_swarm_rolled_back_is_held(void)
{
	int writes;
	shop s;

	begin(&s);
	s.options.flags = SWARM_STACK_NO_ROLLBACK;
	CHECK_INT(apply(&s, stack_of(FAILING, "red", "run")), 0);
	CHECK_INT(apply(&s, stack_of(FAILING, "red", "fail")), 0);
	CHECK_STR(failed(&s, "service"), "shop_db");
	CHECK_PART(failed(&s, "reason"), "swarm rolled the update back");
	CHECK_PART(failed(&s, "reason"), "non-zero exit (7)");
	writes = s.m.count;
	CHECK_INT(apply(&s, stack_of(FAILING, "red", "fail")), 0);
	CHECK_STR(held(&s, "service"), "shop_db");
	CHECK_PART(held(&s, "reason"), "non-zero exit (7)");
	CHECK(!model_wrote(&s.m, writes, "update services"));
	end(&s);
}

static void a_new_service_that_fails_is_removed(void)
{
	static const char document[] =
		"{\"services\":{\"db\":{\"image\":\"db:1\",\"command\":[\"fail\"],\"networks\":"
		"[\"side\"]}},\"networks\":{\"side\":{}}}";
	int writes;
	shop s;

	begin(&s);
	CHECK_INT(apply(&s, model_stack("shop", document)), 0);
	CHECK_STR(failed(&s, "service"), "shop_db");
	CHECK(!model_find(&s.m, 3, "shop_db"));
	CHECK(!model_find(&s.m, 0, "shop_side"));
	writes = s.m.count;
	CHECK_INT(apply(&s, model_stack("shop", document)), 0);
	CHECK_STR(held(&s, "service"), "shop_db");
	CHECK(!model_wrote(&s.m, writes, "create services"));
	end(&s);
}

/* --- what cannot change in place ------------------------------------------------------------------------------------ */

static void a_network_that_differs_is_refused_or_replaced(void)
{
	static const char document[] =
		"{\"services\":{\"db\":{\"image\":\"db:1\",\"networks\":"
		"[\"side\"]}},\"networks\":{\"side\":{\"attachable\":%s%s}}}";
	int writes;
	shop s;

	begin(&s);
	CHECK_INT(apply(&s, stack_of(document, "false", "")), 0);
	writes = s.m.count;
	CHECK_INT(apply(&s, stack_of(document, "true", "")), SWARM_E_CONFLICT);
	CHECK_PART(s.f.err.text, "attachable is false, not true");
	CHECK_INT(s.m.count, writes);
	s.options.flags = SWARM_STACK_REPLACE;
	CHECK_INT(plan(&s, stack_of(document, "true", "")), 0);
	CHECK_STR(at(&s, "networks", "shop_side", "action"), "replace");
	end(&s);
}

static void what_a_killed_replacement_took_off_is_put_on_again(void)
{
	static const char document[] =
		"{\"services\":{\"db\":{\"image\":\"db:1\",\"networks\":"
		"[\"side\"]}},\"networks\":{\"side\":{\"attachable\":%s%s}}}";
	json_t *other, *spec;
	int writes;
	shop s;

	begin(&s);
	CHECK_INT(apply(&s, stack_of(document, "true", "")), 0);
	/* The network is there again; a service of somebody else is not on it yet. */
	other = json_deep_copy(model_find(&s.m, 3, "shop_db"));
	spec = json_object_get(other, "Spec");
	json_object_set_new(other, "ID", json_string("other"));
	json_object_set_new(spec, "Name", json_string("other"));
	json_object_del(json_object_get(spec, "TaskTemplate"), "Networks");
	json_object_set_new(spec, "Labels",
			    json_pack("{s:s}", "libswarm.detached.shop_side",
				      "{\"networks\":[{\"index\":0,\"Aliases\":[\"o\"]}]}"));
	json_array_append_new(s.m.lists[3], other);
	writes = s.m.count;
	CHECK_INT(plan(&s, stack_of(document, "true", "")), 0);
	CHECK_STR(at(&s, "networks", "shop_side", "action"), "restore");
	CHECK_INT(s.m.count, writes);
	CHECK_INT(apply(&s, stack_of(document, "true", "")), 0);
	spec = json_object_get(model_find(&s.m, 3, "other"), "Spec");
	CHECK_INT(json_object_size(json_object_get(spec, "Labels")), 0);
	CHECK_STR(model_string(json_array_get(swarm__json_at(spec, "TaskTemplate.Networks"), 0),
			       "Target"),
		  model_string(model_find(&s.m, 0, "shop_side"), "Id"));
	writes = s.m.count;
	CHECK_INT(apply(&s, stack_of(document, "true", "")), 0);
	CHECK_INT(s.m.count, writes);
	end(&s);
}

static void a_fixed_name_keeps_its_content(void)
{
	static const char document[] =
		"{\"services\":{\"db\":{\"image\":\"db:1\",\"configs\":[\"page\"]}},\"configs\":{"
		"\"page\":{\"name\":\"front\",\"content\":\"%s\",\"labels\":{\"a\":\"%s\"}}}}";
	int writes;
	shop s;

	begin(&s);
	CHECK_INT(apply(&s, stack_of(document, "one", "1")), 0);
	CHECK(model_find(&s.m, 2, "front") != NULL);
	writes = s.m.count;
	CHECK_INT(apply(&s, stack_of(document, "two", "1")), SWARM_E_CONFLICT);
	CHECK_PART(s.f.err.text, "the content of config front differs");
	CHECK_INT(s.m.count, writes);
	CHECK_INT(apply(&s, stack_of(document, "one", "2")), 0);
	CHECK_STR(at(&s, "configs", "front", "action"), "update");
	CHECK(!model_wrote(&s.m, writes, "update services"));
	end(&s);
}

static void a_job_is_not_run_for_a_label(void)
{
	static const char document[] =
		"{\"services\":{\"db\":{\"image\":\"db:1\",\"deploy\":{\"mode\":\"replicated-job\","
		"\"labels\":{\"a\":\"%s\"},\"replicas\":0}}}}";
	int writes;
	shop s;

	begin(&s);
	s.options.flags = SWARM_STACK_NO_WAIT;
	CHECK_INT(apply(&s, stack_of(document, "1", "")), 0);
	writes = s.m.count;
	CHECK_INT(apply(&s, stack_of(document, "2", "")), 0);
	CHECK(!model_wrote(&s.m, writes, "update services"));
	CHECK_PART(json_string_value(json_array_get(json_object_get(s.result, "warnings"), 0)),
		   "would run the job again");
	end(&s);
}

static void a_registry_that_is_silent_is_asked_once(void)
{
	static const char document[] =
		"{\"services\":{\"a\":{\"image\":\"a:1\"},\"b\":{\"image\":\"b:1\"},\"c\":{\"image\":"
		"\"r:5000/c:1\"}}}";
	shop s;

	begin(&s);
	s.options.resolve = SWARM_RESOLVE_CHANGED;
	CHECK_INT(apply(&s, model_stack("shop", document)), 0);
	CHECK_INT(s.m.lookups, 2);
	CHECK_INT(json_array_size(json_object_get(s.result, "warnings")), 3);
	CHECK_PART(json_string_value(json_array_get(json_object_get(s.result, "warnings"), 1)),
		   "no registry today");
	end(&s);
}

static void wrong_arguments(void)
{
	swarm_stack_options options = SWARM_STACK_OPTIONS_INIT;
	json_t *stack = model_stack("shop", "{\"services\":{\"db\":{\"image\":\"db:1\"}}}");
	json_t *result = NULL, *none = json_pack("{s:s}", "name", "shop");
	shop s;

	begin(&s);
	CHECK_INT(swarm_stack_plan(NULL, stack, NULL, &result, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_stack_plan(s.f.client, NULL, NULL, &result, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_stack_plan(s.f.client, stack, NULL, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_stack_plan(s.f.client, none, NULL, &result, &s.f.err), SWARM_E_INVAL);
	CHECK_PART(s.f.err.text, "it has no services");
	options.flags = 0x8000;
	CHECK_INT(swarm_stack_plan(s.f.client, stack, &options, &result, NULL), SWARM_E_INVAL);
	options.flags = 0;
	options.history = 1000;
	CHECK_INT(swarm_stack_plan(s.f.client, stack, &options, &result, NULL), SWARM_E_INVAL);
	options.history = 0;
	options.size = 1;
	CHECK_INT(swarm_stack_plan(s.f.client, stack, &options, &result, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_stack_remove(s.f.client, "a b", 0, 0, &result, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_stack_remove(s.f.client, "shop", 1, 0, &result, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_stack_history(s.f.client, "", 0, &result, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_stack_rollback(s.f.client, "shop", -1, 0, NULL, &result, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_stack_status(s.f.client, "shop", none, 0, &result, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_stack_list(NULL, 0, &result, NULL), SWARM_E_INVAL);
	CHECK(result == NULL);
	CHECK_INT(s.m.requests, 0);
	json_decref(stack);
	json_decref(none);
	end(&s);
}

TEST_MAIN(TEST(a_plan_is_what_apply_does), TEST(a_service_on_several_new_networks),
	  TEST(a_secret_is_only_in_its_own_request), TEST(a_changed_content_rolls_in_the_same_run),
	  TEST(what_was_set_by_hand_and_is_not_declared_stays),
	  TEST(a_hand_made_change_is_corrected_and_nothing_else),
	  TEST(a_stack_of_the_cli_is_adopted), TEST(only_what_a_revision_declared_is_pruned),
	  TEST(all_that_is_wrong_comes_before_anything),
	  TEST(what_others_have_taken_comes_before_anything),
	  TEST(a_service_of_another_stack_is_refused), TEST(another_mode_is_refused),
	  TEST(files_without_a_service), TEST(another_manager_at_the_same_moment),
	  TEST(a_failed_service_rolls_the_stack_back), TEST(what_swarm_rolled_back_is_held),
	  TEST(a_new_service_that_fails_is_removed),
	  TEST(a_network_that_differs_is_refused_or_replaced),
	  TEST(what_a_killed_replacement_took_off_is_put_on_again),
	  TEST(a_fixed_name_keeps_its_content), TEST(a_job_is_not_run_for_a_label),
	  TEST(a_registry_that_is_silent_is_asked_once), TEST(wrong_arguments))
