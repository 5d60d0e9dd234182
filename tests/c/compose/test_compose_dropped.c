/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What docker's CLI takes and drops, or stores wrong, or the engine refuses after half of a stack is
 * made: refused here, or warned of, or sent.
 */
#include "rules.h"

static void service_values(void)
{
	static const rule rules[] = {
		{ SERVICE("'extra_hosts':['bad']"), SLIP, "must be host:address" },
		{ SERVICE("'extra_hosts':['a:not-an-ip']"), SLIP,
		  "'not-an-ip' is not an IP address" },
		{ SERVICE("'isolation':'foo'"), SLIP, "services.a.isolation: must be default, " },
		{ SERVICE("'healthcheck':{'test':'NONE'}"), SLIP, "write disable: true" },
		{ SERVICE("'healthcheck':{'test':['curl','x']}"), SLIP, "must begin with CMD" },
		{ SERVICE("'healthcheck':{'test':'x','disable':true}"), SLIP,
		  "healthcheck.disable" },
		{ SERVICE("'healthcheck':{}"), CONTAINER "Healthcheck", "{}" },
		{ SERVICE("'healthcheck':{'test':[]}"), CONTAINER "Healthcheck", "{}" },
		{ SERVICE("'healthcheck':{'disable':false}"), CONTAINER "Healthcheck", "{}" },
		{ SERVICE("'healthcheck':{'disable':true}"), CONTAINER "Healthcheck",
		  "{'Test':['NONE']}" },
		{ SERVICE("'healthcheck':{'test':'x','timeout':'0s','retries':0}"),
		  CONTAINER "Healthcheck", "{'Test':['CMD-SHELL','x']}" },
		{ SERVICE("'ulimits':{'nofile':{'soft':9,'hard':5}}"), SLIP,
		  "the soft limit must not be above the hard one" },
		{ DEPLOY("'resources':{'limits':{'cpus':'1'},'reservations':{'cpus':'1.5'}}"), SLIP,
		  "services.a.deploy.resources.reservations.cpus: must not be above" },
		{ SERVICE("'ulimits':{'nofiles':9}"), SLIP, "ulimits: a name must be core, cpu, " },
		{ SERVICE("'ulimits':{'nofiles':9}"), SLIP, "not 'nofiles': did you mean nofile?" },
		{ SERVICE("'stop_signal':'SIGFOO'"), SLIP, "must be like SIGTERM, not 'SIGFOO'" },
		{ SERVICE("'cap_add':['NET_ADMN']"), SLIP,
		  "services.a.cap_add[0]: no capability 'NET_ADMN', did you mean NET_ADMIN?" },
		{ SERVICE("'stop_signal':'SIGINT'"), CONTAINER "StopSignal", "'SIGINT'" },
		{ SERVICE("'stop_signal':'SIGRTMIN+3'"), CONTAINER "StopSignal", "'SIGRTMIN+3'" },
		{ SERVICE("'stop_signal':'9'"), CONTAINER "StopSignal", "'9'" },
		{ SERVICE("'cap_add':['CAP_NO SUCH']"), SLIP,
		  "cap_add[0]: no capability 'NO SUCH'" },
		{ SERVICE("'cap_drop':['NOSUCH']"), SLIP, "cap_drop[0]: no capability 'NOSUCH'" },
		{ SERVICE("'networks':{'default':{'aliases':['a b']}}"), SLIP,
		  "services.a.networks.s_default.aliases[0]: 'a b' cannot be an alias" },
		{ SERVICE("'networks':{'default':{'ipv4_address':'10.0.0.5'}}"), SLIP,
		  "ipv4_address: is not for a swarm" },
		{ SERVICE("'networks':{'default':{'aliases':['b','a b']}}"), SLIP,
		  "aliases[1]: 'a b'" },
		{ SERVICE("'dns':'name'"), SLIP, "services.a.dns[0]: 'name' is not an IP address" },
		{ SERVICE("'dns':['10.0.0.1','name']"), SLIP, "services.a.dns[1]: 'name' is not" },
		{ SERVICE("'extra_hosts':{'h':['10.0.0.1','name']}"), SLIP,
		  "services.a.extra_hosts[1]: 'name' is not" },
		{ SERVICE("'hostname':'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"),
		  SLIP, "at most 63 characters" },
		{ SERVICE("'hostname':'{{.Node.Hostname}}-{{.Task.Slot}}-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"),
		  QUIET, "" },
		{ SERVICE("'environment':{'A':'x\\u0000y'}"), SLIP, "holds a NUL character" },
		{ SERVICE("'environment':['A B=1']"), SLIP, "'A B' is not the name of a variable" },
		{ SERVICE("'restart':'always:3'"), SLIP,
		  "must be no, always, unless-stopped, on-failure or on-failure:3, not " },
		{ SERVICE("'restart':'on-failure:3'"), TASK "RestartPolicy",
		  "{'Condition':'on-failure','MaxAttempts':3}" },
		{ SERVICE("'depends_on':['ghost']"), SLIP, "there is no service 'ghost'" },
		{ SERVICE("'depends_on':{'ghost':{'condition':'service_started','required':false}}"),
		  "depends_on", "{'s_a':{}}" },
		{ "{'services':{'a':{'image':'i:1','depends_on':['b']},'b':{'image':'i:1','depends_on':['a']}}}",
		  SLIP, "depends on this one in turn" },
		{ SERVICE("'depends_on':{'a':{'condition':'soon'}}"), SLIP,
		  "condition must be service_started, service_healthy or "
		  "service_completed_successfully, not 'soon'" },
		{ SERVICE("'depends_on':{'a':{'condition':'servce_healthy'}}"), SLIP,
		  "not 'servce_healthy': did you mean service_healthy?" },
	};

	RULES(rules, NULL);
}

static void ports_and_mounts(void)
{
	static const rule rules[] = {
		{ SERVICE("'ports':[{'target':80,'mode':'foo'}]"), SLIP,
		  "must be ingress or host, not 'foo'" },
		{ SERVICE("'ports':['80:80','80:81']"), SLIP, "80/tcp is given twice" },
		{ SERVICE("'ports':[{'target':80,'published':80},{'target':80,'published':80,'mode':'host'}]"),
		  SLIP, "80/tcp is given twice" },
		{ SERVICE("'ports':['53:53/tcp','53:53/udp']"), QUIET, "" },
		{ SERVICE("'ports':['127.0.0.1:80:80']"), WARNING, "listens on all addresses" },
		{ SERVICE("'ports':[{'target':80,'host_ip':'127.0.0.1'}]"), WARNING,
		  "services.a.ports[0].host_ip: is ignored: a service listens on all" },
		{ "{'services':{'a':{'image':'i:1','ports':['80:80']},'b':{'image':'i:1','ports':['80:90']}}}",
		  SLIP, "port 80/tcp is published by s_a, too" },
		{ SERVICE("'volumes':['/h:/c:rx']"), SLIP, "unknown mount option 'rx'" },
		{ SERVICE("'volumes':['/h:/c:z']"), WARNING, "option z is ignored" },
		{ SERVICE("'volumes':[{'type':'bind','source':'/h','target':'/c','bind':{'selinux':'z'}}]"),
		  WARNING, "selinux" },
		{ SERVICE("'volumes':['/h:/c:cached']"), WARNING, "option cached is ignored" },
		{ SERVICE("'volumes':[{'type':'bind','source':'/h','target':'/c','consistency':'cached'}]"),
		  WARNING,
		  "services.a.volumes[0]: ignored, without effect in a swarm: consistency" },
		{ SERVICE("'volumes':[{'type':'bind','source':'/h','target':'/c','bind':{'create_host_path':true}}]"),
		  WARNING, "the path must be there on each node" },
		{ SERVICE("'volumes':['/h:c']"), SLIP, "must be an absolute path" },
		{ SERVICE("'volumes':['/h:/']"), SLIP, "must be an absolute path below /" },
		{ SERVICE("'volumes':[{'type':'volume','source':'v'}]"), SLIP, "needs a target" },
		{ SERVICE("'volumes':['./h:/c']"), SLIP, "'./h' is relative" },
		{ SERVICE("'volumes':['~/h:/c']"), SLIP, "'~/h' is relative" },
		{ SERVICE("'volumes':['C:/c']"), SLIP, "'C' is not declared under volumes" },
		{ SERVICE("'volumes':['nowhere:/c']"), SLIP,
		  "'nowhere' is not declared under volumes" },
	};

	RULES(rules, NULL);
}

static void deployment(void)
{
	static const rule rules[] = {
		{ DEPLOY("'placement':{'constraints':['node.foo == x']}"), SLIP,
		  "a constraint is about node.id" },
		{ DEPLOY("'placement':{'constraints':['a==1']}"), SLIP,
		  "a constraint is about node.id" },
		{ DEPLOY("'placement':{'constraints':['node.role manager']}"), SLIP,
		  "must be like node.labels.disk==ssd" },
		{ DEPLOY("'placement':{'preferences':[{'spread':'foo'}]}"), SLIP,
		  "services.a.deploy.placement.preferences[0]: must be like "
		  "{spread: node.labels.zone}" },
		{ DEPLOY("'resources':{'limits':{'memory':'1m'},'reservations':{'memory':'2m'}}"),
		  SLIP, "services.a.deploy.resources.reservations.memory: must not be above" },
		{ DEPLOY("'mode':'global','replicas':2"), SLIP,
		  "services.a.deploy.replicas: does not go with mode global" },
		{ DEPLOY("'mode':'global-job','update_config':{'order':'stop-first'}"), SLIP,
		  "does not go with mode global-job" },
		{ DEPLOY("'mode':'replicated-job','rollback_config':{'parallelism':1}"), SLIP,
		  "does not go with mode replicated-job" },
		{ DEPLOY("'mode':'replicated-job','endpoint_mode':'dnsrr'"), SLIP,
		  "does not go with mode replicated-job" },
		{ DEPLOY("'mode':'replicated-job','restart_policy':{'condition':'any'}"), SLIP,
		  "must be none or on-failure" },
		{ SERVICE("'restart':'always','deploy':{'mode':'replicated-job'}"), SLIP,
		  "must be none or on-failure" },
		{ SERVICE("'ports':['80:80'],'deploy':{'endpoint_mode':'dnsrr'}"), SLIP,
		  "does not go with endpoint_mode dnsrr" },
	};

	RULES(rules, NULL);
}

#define WITH(section, object) "{'services':{'a':{'image':'i:1'}},'" section "':{'o':" object "}}"

static void declared_objects(void)
{
	static const rule rules[] = {
		{ WITH("configs", "{'content':'x','template_driver':'foo'}"), SLIP,
		  "template_driver must be golang" },
		{ WITH("secrets", "{'external':true,'file':'x'}"), SLIP,
		  "secrets.o: is external: file does not go with that" },
		{ WITH("configs", "{'external':true,'file':'x'}"), SLIP,
		  "configs.o: is external: file does not go with that" },
		{ WITH("networks", "{'external':true}"), "external.networks", "[]" },
		{ WITH("networks", "{'labels':{'a':'b'}}"), "networks.s_o", ABSENT },
		{ WITH("secrets", "{'driver':'d'}"), "secrets.s_o.Name", "'s_o'" },
		{ WITH("volumes", "{'external':true,'driver':'local'}"), SLIP,
		  "volumes.o: is external: driver does not go with that" },
		{ WITH("networks", "{'external':true,'attachable':true}"), WARNING,
		  "networks.o: attachable has no effect: it is external" },
		{ WITH("networks", "{}"), WARNING, "networks.o: no service uses it" },
		{ WITH("configs", "{'content':'x'}"), "configs.s_o.Data", "'eA=='" },
		{ WITH("secrets", "{'external':true}"), "external.secrets", "[]" },
		{ WITH("secrets", "{'content':'x'}"), SLIP,
		  "secrets.o.content: is not for a swarm" },
		{ WITH("secrets", "{}"), SLIP, "secrets.o: needs its content" },
		{ WITH("configs", "{'content':'x','file':'y'}"), SLIP, "has file and content" },
		{ WITH("configs", "{'name':'','content':'x'}"), SLIP, "configs.o: name is empty" },
		{ WITH("configs", "{'name':'a b','content':'x'}"), SLIP, "cannot be called 'a b'" },
		{ WITH("secrets", "{'driver':'vault','driver_opts':{'a':1}}"), "secrets.s_o",
		  "{'Name':'s_o','Labels':{'com.docker.stack.namespace':'s'},'Driver':{'Name':'vault',"
		  "'Options':{'a':'1'}}}" },
		{ WITH("networks", "{'external':{'name':'x'},'name':'y'}"), SLIP,
		  "write only name" },
		{ "{'services':{'a':{'image':'i:1'}},'networks':{'default':{'external':true}}}",
		  SLIP, "networks.default: is external: it needs a name" },
		{ "{'services':{'a':{'image':'i:1'}},'networks':{'default':{'driver':'bridge'}}}",
		  SLIP, "driver bridge makes a network of one host" },
		{ "{'services':{'a':{'image':'i:1','networks':['x','y']}},'networks':{'x':{'ipam':{'config':"
		  "[{'subnet':'10.1.0.0/24'}]}},'y':{'ipam':{'config':[{'subnet':'10.1.0.0/24'}]}}}}",
		  SLIP,
		  "networks.y.ipam.config[0]: subnet 10.1.0.0/24 is that of another network" },
		{ "{'services':{'a':{'image':'i:1','networks':['ghost']}}}", SLIP,
		  "services.a.networks.ghost: 'ghost' is not declared under networks" },
		{ "{'services':{'a':{'image':'i:1','secrets':['ghost']}}}", SLIP,
		  "services.a.secrets[0]: 'ghost' is not declared under secrets" },
		{ "{'services':{'a':{'image':'i:1','configs':['ghost']}}}", SLIP,
		  "'ghost' is not declared under configs" },
		{ "{'services':{'1':{'image':'i:1'}}}", "services.s_1.Name", "'s_1'" },
		{ "{'services':{'a b':{'image':'i:1'}}}", SLIP, "cannot be called 's_a b'" },
		{ "{'services':{'A.b':{'image':'i:1'}}}", SLIP, "cannot be called 's_A.b'" },
		{ "{'services':{'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa':{'image':"
		  "'i:1'}}}",
		  SLIP, "at most 63" },
	};

	RULES(rules, NULL);
}

static void check_stack_name(const char *name, bool good)
{
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	json_t *documents = rule_json("[" SERVICE("'tty':true") "]");
	json_t *slips = NULL;

	test_row = name;
	options.name = name;
	CHECK_INT(swarm_compose_check(documents, &options, &slips, NULL), 0);
	CHECK((json_array_size(slips) == 0) == good);
	json_decref(slips);
	json_decref(documents);
	test_row = NULL;
}

static void stack_names(void)
{
	check_stack_name("a b", false);
	check_stack_name("a.b", false);
	check_stack_name("\303\251", false);
	check_stack_name("_x", false);
	check_stack_name(NULL, false);
	check_stack_name("Bad", true);
	check_stack_name("1x", true);
	check_stack_name("x_", true);
}

/* A hostile document ends with a line, not with the machine. */
static void bounds(void)
{
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	json_t *circle = json_object(), *documents = json_pack("[o]", circle), *slips = NULL;
	json_t *services = rule_json("{'a':{'image':'i:1','ports':[]}}");
	json_t *ports = json_object_get(json_object_get(services, "a"), "ports");

	options.name = "s";
	json_object_set_new(circle, "services", services);
	for (int i = 0; i < 400; i++)
		json_array_append_new(ports, json_string("1-65535:1-65535"));
	CHECK_INT(swarm_compose_check(documents, &options, &slips, NULL), 0);
	CHECK(rule_has_line(slips, "over 20000 entries"));
	json_decref(slips);
	slips = NULL;
	json_array_clear(ports);
	json_object_set(json_object_get(services, "a"), "labels", services);
	CHECK_INT(swarm_compose_check(documents, &options, &slips, NULL), 0);
	CHECK(rule_has_line(slips, "or over 40 levels"));
	json_object_del(json_object_get(services, "a"), "labels");
	json_decref(slips);
	json_decref(documents);
}

static void arguments(void)
{
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *documents = rule_json("[" SERVICE("'tty':true") "]"), *stack = NULL;
	json_t *empty = json_array(), *text = rule_json("['x']"), *env = rule_json("{'A':1}");

	CHECK_INT(swarm_compose_convert(NULL, &options, &stack, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_compose_convert(documents, &options, NULL, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_compose_check(documents, &options, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_compose_convert(empty, &options, &stack, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_compose_convert(text, &options, &stack, NULL, NULL), SWARM_E_INVAL);
	options.env = env;
	CHECK_INT(swarm_compose_convert(documents, &options, &stack, NULL, &err), SWARM_E_INVAL);
	CHECK_PART(err.text, "env: A must be a string");
	options.env = NULL;
	options.base_dir = "srv";
	CHECK_INT(swarm_compose_convert(documents, &options, &stack, NULL, NULL), SWARM_E_INVAL);
	options.base_dir = NULL;
	options.size = 1;
	CHECK_INT(swarm_compose_convert(documents, &options, &stack, NULL, NULL), SWARM_E_INVAL);
	CHECK(stack == NULL);
	json_decref(documents);
	json_decref(empty);
	json_decref(text);
	json_decref(env);
}

TEST_MAIN(TEST(service_values), TEST(ports_and_mounts), TEST(deployment), TEST(declared_objects),
	  TEST(stack_names), TEST(bounds), TEST(arguments))
