/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types and keys: where docker's CLI is strict or wrong about them, and what is done here
 * (docs/compose-keys.md).
 */
#include "rules.h"

/* A quoted number, boolean, duration or size is cast wherever one is, not only after a variable. */
static void casts(void)
{
	static const rule rules[] = {
		{ SERVICE("'ports':[{'target':'80','published':'8081'}]"),
		  "services.s_a.EndpointSpec.Ports",
		  "[{'TargetPort':80,'PublishedPort':8081,'Protocol':'tcp','PublishMode':'ingress'}]" },
		{ DEPLOY("'replicas':'3'"), "services.s_a.Mode", "{'Replicated':{'Replicas':3}}" },
		{ SERVICE("'tty':'true'"), CONTAINER "TTY", "true" },
		{ SERVICE("'init':'no'"), CONTAINER "Init", "false" },
		{ SERVICE("'tty':'yes'"), CONTAINER "TTY", "true" },
		{ SERVICE("'tty':'on'"), CONTAINER "TTY", "true" },
		{ SERVICE("'init':'off'"), CONTAINER "Init", "false" },
		{ SERVICE("'tty':'1'"), SLIP, "services.a.tty: must be true or false, not '1'" },
		{ SERVICE("'tty':''"), SLIP, "services.a.tty: must be true or false" },
		{ DEPLOY("'replicas':'1_0'"), SLIP,
		  "services.a.deploy.replicas: must be a whole number" },
		{ DEPLOY("'replicas':'0x2'"), SLIP,
		  "services.a.deploy.replicas: must be a whole number" },
		{ DEPLOY("'replicas':'0o440'"), SLIP,
		  "services.a.deploy.replicas: must be a whole number" },
		{ SERVICE("'healthcheck':{'test':'x','retries':'5'}"), CONTAINER "Healthcheck",
		  "{'Test':['CMD-SHELL','x'],'Retries':5}" },
		{ SERVICE("'healthcheck':{'disable':'false'}"), CONTAINER "Healthcheck", "{}" },
		{ SERVICE("'healthcheck':{'disable':'true'}"), CONTAINER "Healthcheck",
		  "{'Test':['NONE']}" },
		{ DEPLOY("'resources':{'limits':{'pids':'9'}}"), TASK "Resources.Limits",
		  "{'Pids':9}" },
		{ DEPLOY("'resources':{'reservations':{'generic_resources':[{'discrete_resource_spec':"
			 "{'kind':'gpu','value':'2'}}]}}"),
		  TASK "Resources.Reservations.GenericResources",
		  "[{'DiscreteResourceSpec':{'Kind':'gpu','Value':2}}]" },
		{ SERVICE("'volumes':[{'type':'tmpfs','target':'/t','tmpfs':{'size':'64m'}}]"),
		  CONTAINER "Mounts",
		  "[{'Type':'tmpfs','Target':'/t','TmpfsOptions':{'SizeBytes':67108864}}]" },
		{ SERVICE("'volumes':[{'type':'tmpfs','target':'/t','tmpfs':{'size':5,'mode':'1777'}}]"),
		  CONTAINER "Mounts",
		  "[{'Type':'tmpfs','Target':'/t','TmpfsOptions':{'SizeBytes':5,'Mode':1023}}]" },
		{ DEPLOY("'update_config':{'max_failure_ratio':'0.25'}"),
		  "services.s_a.UpdateConfig.MaxFailureRatio", "0.25" },
	};

	RULES(rules, NULL);
}

/* And a number where text is. */
static void numbers_as_text(void)
{
	static const rule rules[] = {
		{ DEPLOY("'resources':{'limits':{'memory':67108864,'cpus':0.5}}"),
		  TASK "Resources.Limits", "{'MemoryBytes':67108864,'NanoCPUs':500000000}" },
		{ DEPLOY("'resources':{'reservations':{'memory':67108864,'cpus':0.25}}"),
		  TASK "Resources.Reservations", "{'MemoryBytes':67108864,'NanoCPUs':250000000}" },
		{ SERVICE("'user':1000"), CONTAINER "User", "'1000'" },
		{ SERVICE("'hostname':5"), CONTAINER "Hostname", "'5'" },
		{ SERVICE("'command':[10,'a']"), CONTAINER "Args", "['10','a']" },
		{ "{'version':3.8,'services':{'a':{'image':'i:1'}}}", QUIET, "" },
		{ "{'version':'3.13','services':{'a':{'image':'i:1'}}}", QUIET, "" },
		{ SERVICE("'stop_grace_period':30"), SLIP, "write 30s" },
		{ SERVICE("'stop_grace_period':'-5s'"), SLIP, "a duration such as 30s" },
		{ SERVICE("'labels':{'a':true,'b':1.5,'c':null}"), CONTAINER "Labels",
		  "{'a':'true','b':'1.5','c':'','com.docker.stack.namespace':'s'}" },
		{ SERVICE("'environment':{'A':true,'B':2,'C':null}"), CONTAINER "Env",
		  "['A=true','B=2','C']" },
		{ SERVICE("'restart':false"), TASK "RestartPolicy", ABSENT },
		{ SERVICE("'sysctls':{'net.core.somaxconn':1024}"), CONTAINER "Sysctls",
		  "{'net.core.somaxconn':'1024'}" },
	};

	RULES(rules, NULL);
}

#define SECRET(members)                                                                              \
	"{'secrets':{'t':{'external':true}},'services':{'a':{'image':'i:1','secrets':[{'source':'t'" \
	"," members "}]}}}"

static void modes_and_ids(void)
{
	static const rule rules[] = {
		{ SECRET("'mode':'0440'"), CONTAINER "Secrets",
		  "[{'SecretName':'t','File':{'Name':'t','UID':'0','GID':'0','Mode':288}}]" },
		{ SECRET("'mode':'0o440'"), CONTAINER "Secrets",
		  "[{'SecretName':'t','File':{'Name':'t','UID':'0','GID':'0','Mode':288}}]" },
		/* Salt's reading of 0440: by its digits. */
		{ SECRET("'mode':440"), CONTAINER "Secrets",
		  "[{'SecretName':'t','File':{'Name':'t','UID':'0','GID':'0','Mode':288}}]" },
		{ SECRET("'mode':288"), SLIP, "288 is what YAML makes of 0440" },
		{ SECRET("'mode':256"), SLIP, "256 is what YAML makes of 0400" },
		{ SECRET("'mode':899"), SLIP, "an octal file mode" },
		{ SECRET("'mode':'0480'"), SLIP, "an octal file mode" },
		{ SECRET("'mode':''"), SLIP, "an octal file mode" },
		{ SECRET("'uid':5,'gid':'7'"), CONTAINER "Secrets",
		  "[{'SecretName':'t','File':{'Name':'t','UID':'5','GID':'7','Mode':292}}]" },
		{ SECRET("'uid':'teller'"), SLIP, "a numeric id, not 'teller'" },
	};

	RULES(rules, NULL);
}

/* Keys of the specification that docker's CLI refuses. */
static void taken(void)
{
	static const rule rules[] = {
		{ "{'services':{'a':{'image':'i:1','depends_on':{'b':{'condition':'service_healthy'}}},"
		  "'b':{'image':'i:1'}}}",
		  "depends_on", "{'s_a':{'s_b':'service_healthy'}}" },
		{ "{'services':{'a':{'image':'i:1','depends_on':['b']},'b':{'image':'i:1'}}}",
		  "depends_on", "{'s_a':{'s_b':'service_started'}}" },
		{ "{'name':'s','services':{'a':{'image':'i:1'}}}", "name", "'s'" },
		{ "{'name':'other','services':{'a':{'image':'i:1'}}}", SLIP,
		  "must be the stack's, s" },
		{ SERVICE("'group_add':['wheel',5]"), CONTAINER "Groups", "['5','wheel']" },
		{ SERVICE("'dns_opt':'ndots:2'"), CONTAINER "DNSConfig",
		  "{'Options':['ndots:2']}" },
		{ SERVICE("'oom_score_adj':-100"), CONTAINER "OomScoreAdj", "-100" },
		{ SERVICE("'networks':{'default':{'driver_opts':{'a':1}}}"), TASK "Networks",
		  "[{'Target':'s_default','DriverOpts':{'a':'1'},'Aliases':['a']}]" },
		{ "{'networks':{'default':{'enable_ipv6':true,'ipam':{'config':[{'subnet':'10.9.0.0/24',"
		  "'gateway':'10.9.0.1','ip_range':'10.9.0.0/25'}]}}},'services':{'a':{'image':'i:1'}}}",
		  "networks.s_default",
		  "{'Name':'s_default','Driver':'overlay','Attachable':false,'Internal':false,"
		  "'EnableIPv6':true,'Labels':{'com.docker.stack.namespace':'s'},'IPAM':{'Config':"
		  "[{'Subnet':'10.9.0.0/24','Gateway':'10.9.0.1','IPRange':'10.9.0.0/25'}]}}" },
		{ "{'networks':{'default':{'ipam':{'driver':'d','options':{'o':1},'config':[{'subnet':"
		  "'10.9.0.0/24'}]}}},'services':{'a':{'image':'i:1'}}}",
		  "networks.s_default.IPAM",
		  "{'Driver':'d','Options':{'o':'1'},'Config':[{'Subnet':'10.9.0.0/24'}]}" },
		{ "{'services':{'a':{'image':'i:1','volumes':[{'type':'volume','source':'v','target':'/v',"
		  "'volume':{'subpath':'x'}}]}},'volumes':{'v':{}}}",
		  CONTAINER "Mounts",
		  "[{'Type':'volume','Source':'s_v','Target':'/v','VolumeOptions':{'Labels':"
		  "{'com.docker.stack.namespace':'s'},'Subpath':'x'}}]" },
		{ SERVICE("'x-a':1,'healthcheck':{'x-b':1,'test':'x'},'deploy':{'x-c':{'d':1}}"),
		  QUIET, "" },
		{ SERVICE("'labels':{'x-keep':'1'}"), CONTAINER "Labels",
		  "{'x-keep':'1','com.docker.stack.namespace':'s'}" },
		{ SERVICE("'healthcheck':{'test':'x','start_interval':'2s'}"),
		  CONTAINER "Healthcheck.StartInterval", "2000000000" },
		{ DEPLOY("'mode':'replicated-job','replicas':2"), "services.s_a.Mode",
		  "{'ReplicatedJob':{'MaxConcurrent':2,'TotalCompletions':2}}" },
		{ SERVICE("'volumes':[{'type':'volume','source':'v','target':'/v','volume':{'subpath':'x'}}]"),
		  SLIP, "'v' is not declared under volumes" },
	};

	RULES(rules, NULL);
}

#define OLD(version, members)                                                                      \
	"{'version':'" version "','services':{'a':{'image':'i:1'," members "}}}"

/* A key is taken whatever version the file names, and a version that nobody knows as well. */
static void versions(void)
{
	static const rule rules[] = {
		{ OLD("3.8", "'healthcheck':{'test':'x','start_interval':'2s'}"), QUIET, "" },
		{ OLD("3.7", "'deploy':{'resources':{'limits':{'pids':9}}}"), QUIET, "" },
		{ OLD("3.5", "'deploy':{'placement':{'max_replicas_per_node':1}}"), QUIET, "" },
		{ OLD("3.3", "'deploy':{'rollback_config':{'parallelism':1}}"), QUIET, "" },
		{ OLD("3.1", "'deploy':{'endpoint_mode':'dnsrr'}"), QUIET, "" },
		{ OLD("3.0",
		      "'init':true,'cap_add':['KILL'],'sysctls':{'a.b':1},'ulimits':{'nofile':5},"
		      "'deploy':{'mode':'global-job'}"),
		  QUIET, "" },
		{ OLD("2.4", "'tty':true"), QUIET, "" },
		{ "{'version':'3.3','services':{'a':{'image':'i:1'}},'networks':{'default':{'name':'n'}},"
		  "'configs':{'c':{'name':'x','content':'x','template_driver':'golang'}}}",
		  QUIET, "" },
		{ "{'services':{'a':{'image':'i:1','healthcheck':{'start_interval':'2s'}}}}", QUIET,
		  "" },
	};

	RULES(rules, NULL);
}

static void names_of_keys(void)
{
	static const rule rules[] = {
		{ SERVICE("'enviroment':{}"), SLIP,
		  "services.a.enviroment: no such key, did you mean environment?" },
		{ DEPLOY("'replica':2"), SLIP,
		  "services.a.deploy.replica: no such key, did you mean replicas?" },
		{ SERVICE("'frobnicate':1"), SLIP, "services.a.frobnicate: no such key" },
		{ "{'service':{}}", SLIP, "service: no such key, did you mean services?" },
		{ SERVICE("'mem_limit':'1g'"), SLIP,
		  "services.a.mem_limit: is not for a swarm: write deploy.resources.limits.memory" },
		{ SERVICE("'extends':{'service':'b'}"), SLIP,
		  "services.a.extends: is not for a swarm" },
		{ SERVICE("'build':'.','container_name':'x','expose':['80'],'privileged':true"),
		  WARNING,
		  "services.a: ignored, without effect in a swarm: container_name, expose" },
		{ SERVICE("'build':'.'"), WARNING,
		  "services.a.build: is ignored: an image is never built" },
		{ SERVICE("'tmpfs':['/run']"), WARNING,
		  "write volumes: [{type: tmpfs, target: PATH}]" },
		{ SERVICE("'network_mode':'service:b'"), WARNING,
		  "services.a.network_mode: is ignored" },
		{ "{'services':{'a':{'image':'i:1'}},'configs':{'o':{'content':'x','driver':'d'}}}",
		  SLIP, "configs.o.driver: " },
		{ SERVICE("'network_mode':'none'"), WARNING,
		  "services.a.network_mode: is ignored" },
		{ SERVICE("'deploy':[]"), SLIP,
		  "services.a.deploy: must be a mapping, not a list" },
		{ "{'services':{'a':null}}", SLIP, "services.a: must be a mapping such as" },
		{ "{'services':{'a':{}}}", SLIP, "services.a.image: is required" },
		{ "{'services':{'a':{'build':'.'}}}", SLIP,
		  "services.a.image: is required: build is not supported, so push the image to a "
		  "registry and give its name here" },
		{ "{'services':[]}", SLIP, "services: must be a mapping" },
	};

	RULES(rules, NULL);
}

/* All at once, each with its place. */
static void all_slips(void)
{
	static const char document[] =
		"{'services':{'a':{'image':'i:1','enviroment':{},'ports':['x'],'tty':'maybe','user':1.5},"
		"'b':{'deploy':{'replicas':'many'},'networks':['no']}},'secrets':{'k':{}}}";
	static const char *const parts[] = {
		"services.a.enviroment: ",  "services.a.ports[0]: ",
		"services.a.tty: ",         "services.a.user: ",
		"services.b.image: ",       "services.b.deploy.replicas: ",
		"services.b.networks.no: ", "secrets.k: "
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		rule r = { document, SLIP, parts[i] };

		rule_run(&r, &(swarm_compose_options)SWARM_COMPOSE_OPTIONS_INIT);
	}
}

/* One line for a mistyped key, and none that what it was meant for is not there. */
static void one_line_for_one_mistake(void)
{
	static const struct {
		const char *service;
		const char *line;
	} cases[] = {
		{ "'imag':'a:1'", "services.a.imag: no such key, did you mean image?" },
		{ "'image':'a','ports':[{'Target':80}]",
		  "services.a.ports[0].Target: no such key, did you mean target?" },
		{ "'image':'a','volumes':[{'typ':'tmpfs','target':'/t'}]",
		  "services.a.volumes[0].typ: no such key, did you mean type?" },
		{ "'image':'a','volumes':[{'type':'tmpfs','Target':'/t'}]",
		  "services.a.volumes[0].Target: no such key, did you mean target?" },
		{ "'image':'a','secrets':[{'Source':'k'}]",
		  "services.a.secrets[0].Source: no such key, did you mean source?" },
		{ "'image':'a','ulimits':{'nofile':{'soft':5,'hrd':6}}",
		  "services.a.ulimits.nofile.hrd: no such key, did you mean hard?" },
		{ "'image':'a','deploy':{'resources':{'reservations':{'generic_resources':[{'x':1}]}}}",
		  "services.a.deploy.resources.reservations.generic_resources[0].x: no such key" },
		{ "'image':'a','deploy':{'resources':{'reservations':{'generic_resources':[5]}}}",
		  "services.a.deploy.resources.reservations.generic_resources[0]: must be "
		  "{discrete_resource_spec: {kind: NAME, value: NUMBER}}, not '5'" },
	};
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	json_t *names = json_pack("[s]", "c.yml");

	options.name = "s";
	for (int named = 0; named < 2; named++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			char text[512], line[512];
			json_t *document, *documents, *slips = NULL;

			snprintf(text, sizeof(text), "{'services':{'a':{%s}}}", cases[i].service);
			snprintf(line, sizeof(line), "%s%s", named ? "c.yml: " : "", cases[i].line);
			options.names = named ? names : NULL;
			test_row = cases[i].line;
			document = rule_json(text);
			documents = json_pack("[o]", document);
			CHECK_INT(swarm_compose_check(documents, &options, &slips, NULL), 0);
			CHECK_INT(json_array_size(slips), 1);
			CHECK_STR(json_string_value(json_array_get(slips, 0)), line);
			json_decref(slips);
			json_decref(documents);
		}
	test_row = NULL;
	json_decref(names);
}

TEST_MAIN(TEST(casts), TEST(numbers_as_text), TEST(modes_and_ids), TEST(taken), TEST(versions),
	  TEST(names_of_keys), TEST(all_slips), TEST(one_line_for_one_mistake))
