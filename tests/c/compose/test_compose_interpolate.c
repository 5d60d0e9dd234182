/* SPDX-License-Identifier: Apache-2.0 */
/* Variables in texts: each form, with a variable that is set, empty and unset. */
#include "rules.h"

#define ENV "{'SET':'v','EMPTY':'','N':'3','SPACES':'a b','a':'lower','A':'upper','J':'{}'}"
#define HOST(text) SERVICE("'labels':{'k':'" text "'}")
#define GIVES(text, result)                                                                        \
	{                                                                                          \
		HOST(text), CONTAINER "Labels",                                                    \
			"{'k':'" result "','com.docker.stack.namespace':'s'}"                      \
	}

static void forms(void)
{
	static const rule rules[] = {
		GIVES("$SET", "v"),
		GIVES("${SET}", "v"),
		GIVES("x${SET}y$SET", "xvyv"),
		GIVES("${UNSET}", ""),
		GIVES("${UNSET-d}", "d"),
		GIVES("${EMPTY-d}", ""),
		GIVES("${EMPTY:-d}", "d"),
		GIVES("${SET:-d}", "v"),
		GIVES("${SET:?m}", "v"),
		GIVES("${EMPTY?m}", ""),
		GIVES("${SET:+r}", "r"),
		GIVES("${EMPTY:+r}", ""),
		GIVES("${EMPTY+r}", "r"),
		GIVES("${UNSET+r}", ""),
		GIVES("$$SET $${SET}", "$SET ${SET}"),
		/* A $ before anything else stays. */
		GIVES("a$", "a$"),
		GIVES("$1 $. $-", "$1 $. $-"),
		GIVES("${A-B:C}", "upper"),
		GIVES("${UNSET-B:C}", "B:C"),
		GIVES("${a}${A}", "lowerupper"),
	};

	RULES(rules, ENV);
}

static void nesting(void)
{
	static const rule rules[] = {
		GIVES("${UNSET:-${SET}}", "v"),
		GIVES("${UNSET:-${EMPTY:-${SET}!}}", "v!"),
		GIVES("${UNSET:-a}b}", "ab}"),
		GIVES("${UNSET:-$$}", "$"),
		GIVES("${SET:+[${N}]}", "[3]"),
		/* Braces of JSON and of templates, set or not. */
		GIVES("${UNSET:-{{.Node.Hostname}}}", "{{.Node.Hostname}}"),
		GIVES("${SET:-{{.Node.Hostname}}}", "v"),
		GIVES("${UNSET:-{}", "{"),
		/* What a variable has is not looked at again. */
		GIVES("${J}", "{}"),
	};

	RULES(rules, ENV);
}

static void mistakes(void)
{
	static const rule rules[] = {
		{ HOST("${UNSET:?give it}"), SLIP,
		  "services.a.labels.k: required variable UNSET is not set: give it" },
		{ HOST("${EMPTY:?}"), SLIP, "required variable EMPTY is empty" },
		{ HOST("${UNSET?${N} times}"), SLIP,
		  "required variable UNSET is not set: 3 times" },
		{ HOST("${UNSET"), SLIP, "has no closing brace within 4096 bytes: write $$" },
		{ HOST("${}"), SLIP, "is not the name of a variable: write $$" },
		{ HOST("${1}"), SLIP, "is not the name of a variable" },
		{ HOST("${SET!x}"), SLIP, "behind variable SET" },
		{ HOST("${SET:}"), SLIP, "behind variable SET" },
		{ HOST("${U:-${U:-${U:-${U:-${U:-${U:-${U:-${U:-${U:-${U:-${U:-${U:-${U:-${U:-${U:-${U:-"
		       "${U:-${U:-x}}}}}}}}}}}}}}}}}}"),
		  SLIP, "defaults in each other" },
	};

	RULES(rules, ENV);
}

static void warnings(void)
{
	static const rule rules[] = {
		{ HOST("${UNSET}"), WARNING,
		  "services.a.labels.k: variable UNSET is not set: an empty string is used" },
		{ HOST("${UNSET:-}"), QUIET, "" },
		{ HOST("${EMPTY}"), QUIET, "" },
		{ DEPLOY("'replicas':'${EMPTY}'"), WARNING,
		  "services.a.deploy.replicas: is empty with its variables: it is taken as left out" },
		{ DEPLOY("'replicas':'${EMPTY}'"), "services.s_a.Mode", "{'Replicated':{}}" },
		{ SERVICE("'tty':'${EMPTY}','stop_grace_period':'${UNSET:-}'"), WARNING,
		  "services.a.tty: is empty with its variables" },
		{ SERVICE("'tty':'${EMPTY}','stop_grace_period':'${UNSET:-}'"),
		  CONTAINER "StopGracePeriod", ABSENT },
		{ DEPLOY("'resources':{'limits':{'memory':'${EMPTY}','cpus':'${EMPTY}'}}"),
		  TASK "Resources", "{'Limits':{}}" },
		{ DEPLOY("'replicas':''"), SLIP,
		  "services.a.deploy.replicas: must be a whole number" },
		{ "{'services':{'a':{'image':'i:1'}},'configs':{'o':{'content':'x','name':'${UNSET}'}}}",
		  SLIP, "configs.o: name is empty" },
	};

	RULES(rules, ENV);
}

static void places(void)
{
	static const rule rules[] = {
		{ DEPLOY("'replicas':'${N}'"), "services.s_a.Mode",
		  "{'Replicated':{'Replicas':3}}" },
		{ DEPLOY("'replicas':'${N-2}'"), "services.s_a.Mode",
		  "{'Replicated':{'Replicas':3}}" },
		{ SERVICE("'ports':['${P:-8080}:80']"), "services.s_a.EndpointSpec.Ports",
		  "[{'TargetPort':80,'PublishedPort':8080,'Protocol':'tcp','PublishMode':'ingress'}]" },
		/* A command is split after that. */
		{ SERVICE("'command':'run ${SPACES}'"), CONTAINER "Args", "['run','a','b']" },
		{ SERVICE("'command':'${T:-a b}'"), CONTAINER "Args", "['a','b']" },
		{ SERVICE("'command':['run','${SPACES}']"), CONTAINER "Args", "['run','a b']" },
		/* Neither keys nor extensions nor the version. */
		{ SERVICE("'labels':{'$SET':'1'}"), CONTAINER "Labels",
		  "{'$SET':'1','com.docker.stack.namespace':'s'}" },
		{ SERVICE("'x-a':'${UNSET:?m}'"), QUIET, "" },
		{ "{'version':'${UNSET:?m}','services':{'a':{'image':'i:1'}}}", QUIET, "" },
		{ "{'x-a':{'b':'${UNSET}'},'services':{'a':{'image':'i:1'}}}", QUIET, "" },
		{ SERVICE("'secrets':[{'source':'t','mode':'${M:-0440}'}]},'b':{'image':'i:1'"),
		  SLIP, "'t' is not declared" },
		{ "{'services':{'a':{'image':'i:1','secrets':[{'source':'t','mode':'${M:-0440}'}]}},"
		  "'secrets':{'t':{'external':true,'name':'${SET}'}}}",
		  CONTAINER "Secrets",
		  "[{'SecretName':'v','File':{'Name':'t','UID':'0','GID':'0','Mode':288}}]" },
		{ SERVICE("'environment':{'SET':null,'EMPTY':null,'UNSET':null}"), CONTAINER "Env",
		  "['EMPTY=','SET=v','UNSET']" },
		{ SERVICE("'environment':['SET','UNSET']"), CONTAINER "Env", "['SET=v','UNSET']" },
	};

	RULES(rules, ENV);
}

/* No text has the value of a variable. */
static void values_stay_inside(void)
{
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	json_t *env = rule_json("{'PASSWORD':'hunter22'}"), *slips = NULL;
	json_t *documents = rule_json("[" SERVICE(
		"'environment':{'A':'$PASSWORD','B C':'$PASSWORD'},'labels':['=$PASSWORD'],"
		"'deploy':{'replicas':'${OTHER:?of $$PASSWORD}'}") "]");
	char *text;

	options.name = "s";
	options.env = env;
	CHECK_INT(swarm_compose_check(documents, &options, &slips, NULL), 0);
	text = json_dumps(slips, 0);
	CHECK(json_array_size(slips) >= 3);
	CHECK(text && !strstr(text, "hunter22"));
	free(text);
	json_decref(slips);
	json_decref(documents);
	json_decref(env);
}

static void one_line_for_an_image_that_is_not_set(void)
{
	static const char text[] = "{'services':{'a':{'image':'${UNSET:?give it}'},'b':{}}}";
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	json_t *document = rule_json(text), *documents = json_pack("[O]", document), *slips = NULL;

	options.name = "s";
	CHECK_INT(swarm_compose_check(documents, &options, &slips, NULL), 0);
	CHECK_INT(json_array_size(slips), 2);
	CHECK_STR(json_string_value(json_array_get(slips, 0)),
		  "services.a.image: required variable UNSET is not set: give it");
	CHECK_STR(json_string_value(json_array_get(slips, 1)), "services.b.image: is required");
	json_decref(slips);
	json_decref(documents);
	json_decref(document);
}

TEST_MAIN(TEST(forms), TEST(nesting), TEST(mistakes), TEST(warnings), TEST(places),
	  TEST(values_stay_inside), TEST(one_line_for_an_image_that_is_not_set))
