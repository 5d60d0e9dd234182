/* SPDX-License-Identifier: Apache-2.0 */
/* Files that documents name: env_file in both readings, and the content of configs and secrets. */
#include "rules.h"

static const char binary[] = { 'a', '\0', 'b' };

static const rule_file files[] = {
	{ "a.env", "A=1\nB=2\n", 0 },
	{ "b.env", "B=3\nB=4\n", 0 },
	{ "odd.env",
	  "\357\273\277FIRST=1\r\n\n# comment\n  LEAD=x\nQ=\"a b\"\nHASH=a # b\nESC=a\\n\nVAR=$SET\nTAIL=a \n"
	  "SET\nEMPTY\nUNSET\nEQ=a=b\nNONE=\n",
	  0 },
	{ "spec.env",
	  "Q=\"a b\"\nS='a\\n$X'\nHASH=a # b\nHASHED=a#b\nESC=\"a\\nb\\\"\"\nexport E=1\nP = x \nTAIL=a \n",
	  0 },
	{ "blank.env", "A B=1\n", 0 },
	{ "nameless.env", "=1\n", 0 },
	{ "latin.env", "A=\351\n", 0 },
	{ "nul.env", "A=1\0B=2\n", 8 },
	{ "open.env", "A=\"x\n", 0 },
	{ "binary", binary, sizeof(binary) },
	{ "newline", "x\n", 0 },
	{ NULL, NULL, 0 },
};

#define ENV "{'SET':'v','EMPTY':''}"

static void env_files(void)
{
	static const rule rules[] = {
		{ SERVICE("'env_file':'a.env'"), CONTAINER "Env", "['A=1','B=2']" },
		{ SERVICE("'env_file':['a.env','b.env']"), CONTAINER "Env", "['A=1','B=4']" },
		{ SERVICE("'env_file':['b.env','a.env']"), CONTAINER "Env", "['A=1','B=2']" },
		{ SERVICE("'env_file':'a.env','environment':{'A':'9'}"), CONTAINER "Env",
		  "['A=9','B=2']" },
		/* Lines as they are, as docker reads them. */
		{ SERVICE("'env_file':'odd.env'"), CONTAINER "Env",
		  "['EMPTY=','EQ=a=b','ESC=a\\\\n','FIRST=1','HASH=a # b','LEAD=x','NONE=','Q=\\'a b\\'','SET=v',"
		  "'TAIL=a ','VAR=$SET']" },
		{ SERVICE("'env_file':'odd.env'"), WARNING,
		  "file 'odd.env' line 5: the quotes are part of the value" },
		{ SERVICE("'env_file':[{'path':'spec.env','format':'compose'}]"), CONTAINER "Env",
		  "['E=1','ESC=a\\nb\\'','HASH=a','HASHED=a#b','P=x','Q=a b','S=a\\\\n$X','TAIL=a']" },
		{ SERVICE("'env_file':[{'path':'spec.env','format':'compose'}]"), QUIET, "" },
		{ SERVICE("'env_file':'blank.env'"), SLIP,
		  "services.a.env_file[0]: file 'blank.env' line 1: a blank is in the name" },
		{ SERVICE("'env_file':'nameless.env'"), SLIP, "line 1: nothing is in the name" },
		{ SERVICE("'env_file':'latin.env'"), SLIP, "line 1: not a line of UTF-8 text" },
		{ SERVICE("'env_file':'nul.env'"), SLIP, "line 1: not a line of UTF-8 text" },
		{ SERVICE("'env_file':[{'path':'open.env','format':'compose'}]"), SLIP,
		  "line 1: a quote does not end" },
		{ SERVICE("'env_file':'missing'"), SLIP,
		  "services.a.env_file[0]: file 'missing': no such file" },
		{ SERVICE("'env_file':[{'path':'missing','required':false}]"), QUIET, "" },
		{ SERVICE("'env_file':[{'path':'a.env','format':'toml'}]"), SLIP,
		  "format must be compose or raw" },
		{ SERVICE("'env_file':[5]"), SLIP, "must be a path, or {path: ...}" },
		/* A name alone hides the file's value, as in docker, but with a word. */
		{ SERVICE("'env_file':'a.env','environment':{'B':null}"), CONTAINER "Env",
		  "['A=1','B']" },
		{ SERVICE("'env_file':'a.env','environment':{'B':null}"), WARNING,
		  "services.a.environment.B: has no value, which hides the one of env_file" },
		/* After the merge: environment of the first file beats env_file of the second. */
		{ "[" SERVICE("'environment':{'A':'7'}") "," SERVICE("'env_file':'a.env'") "]",
		  CONTAINER "Env", "['A=7','B=2']" },
		{ "[" SERVICE("'env_file':'a.env'") "," SERVICE("'env_file':'b.env'") "]",
		  CONTAINER "Env", "['A=1','B=4']" },
	};

	rule_files = files;
	RULES(rules, ENV);
}

#define OBJECT(section, object) "{'services':{'a':{'image':'i:1'}},'" section "':{'o':" object "}}"

static void contents(void)
{
	static const rule rules[] = {
		{ OBJECT("configs", "{'file':'binary'}"), "configs.s_o.Data", "'YQBi'" },
		{ OBJECT("configs", "{'file':'newline'}"), "configs.s_o.Data", "'eAo='" },
		{ OBJECT("configs", "{'environment':'SET'}"), "configs.s_o.Data", "'dg=='" },
		{ OBJECT("configs", "{'content':'${SET}\\n'}"), "configs.s_o.Data", "'dgo='" },
		{ OBJECT("configs", "{'file':'missing'}"), SLIP,
		  "configs.o: file 'missing': no such" },
		{ OBJECT("configs", "{'environment':'UNSET'}"), SLIP, "variable UNSET is not set" },
		{ OBJECT("configs", "{'environment':'EMPTY'}"), SLIP,
		  "must have 1 to 1023999 bytes" },
		{ OBJECT("secrets", "{'environment':'EMPTY'}"), SLIP,
		  "must have 1 to 511999 bytes" },
		/* Of a secret, no content. */
		{ OBJECT("secrets", "{'file':'newline'}"), "secrets.s_o",
		  "{'Name':'s_o','Labels':{'com.docker.stack.namespace':'s'}}" },
		{ OBJECT("secrets", "{'file':'newline','name':'n'}"), "sources.secrets.n",
		  "{'key':'o','named':true,'from':'file','value':'newline'}" },
		{ OBJECT("secrets", "{'environment':'SET'}"), "sources.secrets.s_o",
		  "{'key':'o','named':false,'from':'environment','value':'SET'}" },
		{ OBJECT("configs", "{'content':'x'}"), "sources.configs.s_o",
		  "{'key':'o','named':false,'from':'content','value':''}" },
		{ OBJECT("secrets", "{'file':''}"), SLIP, "file is empty" },
	};

	rule_files = files;
	RULES(rules, ENV);
}

static int give_much(void *payload, const char *file, swarm_content *content, swarm_error *err)
{
	size_t size = *(size_t *)payload;
	char *bytes = calloc(size, 1);
	int rc = swarm_content_set(content, bytes, size);

	(void)file;
	(void)err;
	free(bytes);
	return rc;
}

static void check_size(const char *section, size_t size, const char *slip)
{
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	json_t *slips = NULL, *documents = json_pack("[{s:{s:{s:s}}}]", section, "o", "file", "f");

	options.name = "s";
	options.content = give_much;
	options.payload = &size;
	CHECK_INT(swarm_compose_check(documents, &options, &slips, NULL), 0);
	if (slip)
		CHECK(rule_has_line(slips, slip));
	else
		CHECK_INT(json_array_size(slips), 0);
	json_decref(slips);
	json_decref(documents);
}

static void sizes(void)
{
	check_size("secrets", 1, NULL);
	check_size("secrets", 511999, NULL);
	check_size("secrets", 512000, "must have 1 to 511999 bytes, not 512000");
	check_size("configs", 1023999, NULL);
	check_size("configs", 1024000, "must have 1 to 1023999 bytes");
	check_size("configs", 1024001, "file 'f' has over 1024000 bytes");
}

static int stop(void *payload, const char *file, swarm_content *content, swarm_error *err)
{
	(void)file;
	(void)content;
	(void)err;
	++*(int *)payload;
	return SWARM_E_CANCELED;
}

/* A callback may end it all, and is not asked again then. */
static void canceled(void)
{
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	json_t *stack = NULL, *slips = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *documents = rule_json("[" SERVICE("'env_file':['a.env','b.env']") "]");
	int calls = 0;

	options.name = "s";
	options.content = stop;
	options.payload = &calls;
	CHECK_INT(swarm_compose_convert(documents, &options, &stack, NULL, &err), SWARM_E_CANCELED);
	CHECK_INT(err.code, SWARM_E_CANCELED);
	CHECK_INT(calls, 1);
	CHECK_INT(swarm_compose_check(documents, &options, &slips, NULL), SWARM_E_CANCELED);
	CHECK(!stack && !slips);
	options.content = NULL;
	CHECK_INT(swarm_compose_check(documents, &options, &slips, NULL), 0);
	CHECK(rule_has_line(slips, "names file 'a.env', and no files are given"));
	json_decref(slips);
	json_decref(documents);
}

static void bind_paths(void)
{
	static const rule rules[] = {
		{ SERVICE("'volumes':['./h:/1','../x/./y:/2:ro','.:/3','~/k:/4','../../../../z:/5',"
			  "{'type':'bind','source':'./l','target':'/6'},'/abs:/7']"),
		  CONTAINER "Mounts",
		  "[{'Type':'bind','Source':'/srv/app/h','Target':'/1'},{'Type':'bind','Source':'/srv/x/y',"
		  "'Target':'/2','ReadOnly':true},{'Type':'bind','Source':'/srv/app','Target':'/3'},"
		  "{'Type':'bind','Source':'/home/u/k','Target':'/4'},{'Type':'bind','Source':'/z',"
		  "'Target':'/5'},{'Type':'bind','Source':'/srv/app/l','Target':'/6'},{'Type':'bind',"
		  "'Source':'/abs','Target':'/7'}]" },
	};
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;

	options.base_dir = "/srv/app";
	options.home = "/home/u";
	rule_run(rules, &options);
}

TEST_MAIN(TEST(env_files), TEST(contents), TEST(sizes), TEST(canceled), TEST(bind_paths))
