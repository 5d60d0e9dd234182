/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs out at each allocation of a conversion in turn: an ordinary error, and nothing is lost. */
#include "oom.h"
#include "rules.h"

static const rule_file files[] = {
	{ "a.env", "A=1\nB=\"2\"\nSET\n", 0 },
	{ "f", "x", 0 },
	{ NULL, NULL, 0 },
};

static const char documents_text[] =
	"[{'services':{'a':{'image':'i:${TAG:-1}','ports':['80:80','90'],'volumes':['v:/v','./h:/h','/x'],"
	"'env_file':'a.env','environment':['B=3','C'],'labels':{'k':1},'networks':{'n':{'aliases':['z']}},"
	"'configs':['c'],'secrets':[{'source':'k','target':'t'}],'extra_hosts':{'h':'1.1.1.1'},'restart':"
	"'always','depends_on':['b'],'cap_add':['KILL'],'cap_drop':['KILL'],'build':'.','expose':['1'],"
	"'healthcheck':{},'deploy':{'placement':{'constraints':['node.role == worker']}}},'b':{'image':"
	"'i:1$UNSET'}},'networks':{'n':{'ipam':{'config':[{'subnet':'10.0.0.0/24'}]}},'m':{}},'volumes':{'v':"
	"{'driver':'d'}},'configs':{'c':{'file':'f'}},'secrets':{'k':{'file':'f'}}},"
	"{'services':{'a':{'ports':['80:81'],'volumes':['w:/v'],'dns':'1.1.1.1'}},'volumes':{'w':{'external':"
	"{'name':'x'}}}}]";

/* 0, or the error that is not one of memory; -1 where an allocation failed, as it should. */
static int run(long n, const json_t *documents, const swarm_compose_options *options, int want)
{
	swarm_error err = SWARM_ERROR_INIT;
	json_t *stack = NULL, *warnings = NULL;
	bool failed;
	int rc;

	oom_start_with_jansson(n);
	rc = swarm_compose_convert(documents, options, &stack, &warnings, &err);
	failed = oom_stop();
	CHECK_INT(rc, failed ? SWARM_E_NOMEM : want);
	CHECK((stack == NULL) == (rc != 0));
	json_decref(stack);
	json_decref(warnings);
	return failed ? -1 : rc;
}

static void run_all(bool slip, int want)
{
	enum { TOO_MANY = 20000 };
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	json_t *documents = rule_json(documents_text), *env = rule_json("{'SET':'1'}");
	json_t *names = rule_json("['a.yml','b.yml']");
	long n = 0;

	rule_files = files;
	options.name = "s";
	options.env = env;
	options.names = names;
	options.base_dir = "/srv";
	options.content = rule_content;
	if (slip)
		json_object_set_new(json_array_get(documents, 0), "service", json_true());
	while (n < TOO_MANY && run(n, documents, &options, want) == -1 && !test_failures)
		n++;
	if (test_failures)
		printf("# allocation %ld\n", n);
	CHECK(n > 500 && n < TOO_MANY);
	json_decref(documents);
	json_decref(env);
	json_decref(names);
}

static void convert(void)
{
	run_all(false, 0);
}

static void slips(void)
{
	run_all(true, SWARM_E_INVAL);
}

TEST_MAIN(TEST(convert), TEST(slips))
