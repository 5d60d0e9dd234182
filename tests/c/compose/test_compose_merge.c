/* SPDX-License-Identifier: Apache-2.0 */
/* Several files: what docker's CLI merges right, and what it loses. */
#include "rules.h"

#define TWO(first, second) "[" SERVICE(first) "," SERVICE(second) "]"
#define PORT(published, target, protocol)                                                          \
	"{'TargetPort':" #target ",'PublishedPort':" #published ",'Protocol':'" protocol           \
	"','PublishMode':'ingress'}"
#define ANY_PORT(target) "{'TargetPort':" #target ",'Protocol':'tcp','PublishMode':'ingress'}"
#define PORTS "services.s_a.EndpointSpec.Ports"

static void ports(void)
{
	static const rule rules[] = {
		{ TWO("'ports':['53:53/tcp','53:53/udp']", "'tty':true"), PORTS,
		  "[" PORT(53, 53, "tcp") "," PORT(53, 53, "udp") "]" },
		{ TWO("'ports':['53:53/tcp']", "'ports':['53:54/udp']"), PORTS,
		  "[" PORT(53, 53, "tcp") "," PORT(53, 54, "udp") "]" },
		{ TWO("'ports':['80','81']", "'tty':true"), PORTS,
		  "[" ANY_PORT(80) "," ANY_PORT(81) "]" },
		{ TWO("'ports':['80']", "'ports':['81']"), PORTS,
		  "[" ANY_PORT(80) "," ANY_PORT(81) "]" },
		{ TWO("'ports':['8080:80']", "'ports':['8080:81']"), PORTS,
		  "[" PORT(8080, 81, "tcp") "]" },
		{ TWO("'ports':['8080:80']",
		      "'ports':[{'target':80,'published':'8080','mode':'host'}]"),
		  PORTS,
		  "[{'TargetPort':80,'PublishedPort':8080,'Protocol':'tcp','PublishMode':'host'}]" },
	};

	RULES(rules, NULL);
}

/* What the later file writes wins, also where it is false, zero or empty. */
static void overrides(void)
{
	static const rule rules[] = {
		{ TWO("'tty':true", "'tty':false"), CONTAINER "TTY", ABSENT },
		{ TWO("'init':true", "'init':false"), CONTAINER "Init", "false" },
		{ TWO("'stdin_open':true", "'stdin_open':false"), CONTAINER "OpenStdin", ABSENT },
		{ TWO("'entrypoint':['a','b']", "'entrypoint':['c']"), CONTAINER "Command",
		  "['c']" },
		{ TWO("'deploy':{'restart_policy':{'max_attempts':3,'delay':'9s'}}",
		      "'deploy':{'restart_policy':{'max_attempts':0}}"),
		  TASK "RestartPolicy", "{'Delay':9000000000}" },
		{ TWO("'read_only':true", "'read_only':null"), CONTAINER "ReadOnly", ABSENT },
		{ TWO("'stop_grace_period':'5s'", "'stop_grace_period':'0s'"),
		  CONTAINER "StopGracePeriod", "0" },
		{ TWO("'hostname':'h'", "'hostname':''"), CONTAINER "Hostname", ABSENT },
		{ TWO("'command':['a']", "'command':[]"), CONTAINER "Args", ABSENT },
		{ TWO("'command':['a']", "'command':''"), CONTAINER "Args", ABSENT },
		{ TWO("'command':['a','b']", "'command':['c']"), CONTAINER "Args", "['c']" },
		{ TWO("'environment':{'K':'1','L':'2'}", "'environment':{'K':null}"),
		  CONTAINER "Env", "['K','L=2']" },
		{ TWO("'environment':{'K':'1'}", "'environment':['K=2','M=3']"), CONTAINER "Env",
		  "['K=2','M=3']" },
		{ TWO("'deploy':{'replicas':3}", "'deploy':{'replicas':0}"), "services.s_a.Mode",
		  "{'Replicated':{'Replicas':0}}" },
		{ TWO("'deploy':{'update_config':{'parallelism':2,'delay':'5s'}}",
		      "'deploy':{'update_config':{'parallelism':0,'delay':'0s'}}"),
		  "services.s_a.UpdateConfig", "{'Parallelism':0}" },
		{ TWO("'deploy':{'replicas':3}", "'deploy':{'mode':'global'}"), "services.s_a.Mode",
		  "{'Global':{}}" },
		{ TWO("'deploy':{'mode':'global'}", "'deploy':{'mode':'replicated','replicas':2}"),
		  "services.s_a.Mode", "{'Replicated':{'Replicas':2}}" },
		{ TWO("'credential_spec':{'file':'a'}", "'credential_spec':{'registry':'b'}"),
		  CONTAINER "Privileges", "{'CredentialSpec':{'Registry':'b'}}" },
		{ "[{'version':'3.12','services':{'a':{'image':'i:1'}}},{'version':'3.8'}]", QUIET,
		  "" },
	};

	RULES(rules, NULL);
}

static void healthchecks(void)
{
	static const rule rules[] = {
		{ TWO("'healthcheck':{'test':['CMD','a','b'],'retries':2}",
		      "'healthcheck':{'test':['CMD','c']}"),
		  CONTAINER "Healthcheck", "{'Test':['CMD','c'],'Retries':2}" },
		{ TWO("'healthcheck':{'test':['CMD','a']}", "'healthcheck':{'disable':true}"),
		  CONTAINER "Healthcheck", "{'Test':['NONE']}" },
		{ TWO("'healthcheck':{'test':['CMD','a'],'interval':'5s'}",
		      "'healthcheck':{'disable':'true'}"),
		  CONTAINER "Healthcheck", "{'Test':['NONE']}" },
		{ TWO("'healthcheck':{'disable':true}", "'healthcheck':{'test':['CMD','a']}"),
		  CONTAINER "Healthcheck", "{'Test':['CMD','a']}" },
	};

	RULES(rules, NULL);
}

static void lists(void)
{
	static const rule rules[] = {
		{ TWO("'deploy':{'placement':{'constraints':['node.role == worker']}}",
		      "'deploy':{'placement':{'constraints':['node.role == worker','node.id==x']}}"),
		  TASK "Placement.Constraints", "['node.role == worker','node.id==x']" },
		{ TWO("'deploy':{'placement':{'preferences':[{'spread':'node.labels.a'}]}}",
		      "'deploy':{'placement':{'preferences':[{'spread':'node.labels.b'}]}}"),
		  TASK "Placement.Preferences",
		  "[{'Spread':{'SpreadDescriptor':'node.labels.a'}},"
		  "{'Spread':{'SpreadDescriptor':'node.labels.b'}}]" },
		{ TWO("'dns':'1.1.1.1'", "'dns':['9.9.9.9','1.1.1.1']"), CONTAINER "DNSConfig",
		  "{'Nameservers':['1.1.1.1','9.9.9.9']}" },
		{ TWO("'dns_search':'a.org'", "'dns_search':['b.org','a.org']"),
		  CONTAINER "DNSConfig", "{'Search':['a.org','b.org']}" },
		{ TWO("'cap_drop':['KILL']", "'cap_drop':['CHOWN']"), CONTAINER "CapabilityDrop",
		  "['CAP_CHOWN','CAP_KILL']" },
		{ TWO("'volumes':['/b:/t']", "'volumes':['/b:/t/']"), CONTAINER "Mounts",
		  "[{'Type':'bind','Source':'/b','Target':'/t/'}]" },
		{ TWO("'cap_add':['KILL']", "'cap_add':['CHOWN']"), CONTAINER "CapabilityAdd",
		  "['CAP_CHOWN','CAP_KILL']" },
		{ TWO("'extra_hosts':['x:1.1.1.1','y:2.2.2.2']", "'extra_hosts':['x:3.3.3.3']"),
		  CONTAINER "Hosts", "['2.2.2.2 y','3.3.3.3 x']" },
		{ TWO("'volumes':['/b:/t:ro','/a:/s']", "'volumes':['/c:/t/']"), CONTAINER "Mounts",
		  "[{'Type':'bind','Source':'/a','Target':'/s'},{'Type':'bind','Source':'/c','Target':'/t/'}]" },
		{ TWO("'networks':{'default':{'aliases':['x']}}",
		      "'networks':{'default':{'aliases':['y']}}"),
		  TASK "Networks", "[{'Target':'s_default','Aliases':['x','y','a']}]" },
		{ TWO("'logging':{'driver':'json-file','options':{'a':'1'}}",
		      "'logging':{'options':{'b':'2'}}"),
		  TASK "LogDriver", "{'Name':'json-file','Options':{'a':'1','b':'2'}}" },
		{ TWO("'logging':{'driver':'json-file','options':{'a':'1'}}",
		      "'logging':{'driver':'local','options':{'b':'2'}}"),
		  TASK "LogDriver", "{'Name':'local','Options':{'b':'2'}}" },
	};

	RULES(rules, NULL);
}

#define REFERENCE(name, target)                                                                    \
	"{'ConfigName':'" name "','File':{'Name':'" target "','UID':'0','GID':'0','Mode':292}}"

static void objects(void)
{
	static const rule rules[] = {
		/* Several targets of one source stay. */
		{ "[{'configs':{'c':{'content':'x'},'d':{'content':'y'}},'services':{'a':{'image':'i:1','configs':"
		  "[{'source':'c','target':'/1'},{'source':'c','target':'/2'}]}}},{'services':{'a':{'configs':"
		  "[{'source':'d','target':'/2'}]}}}]",
		  CONTAINER "Configs", "[" REFERENCE("s_c", "/1") "," REFERENCE("s_d", "/2") "]" },
		/* By source and target, whatever order they are written in. */
		{ "[{'configs':{'c':{'content':'x'},'d':{'content':'y'}},'services':{'a':{'image':'i:1','configs':"
		  "[{'source':'d','target':'/1'},{'source':'c','target':'/3'},{'source':'c','target':'/2'}]}}}]",
		  CONTAINER "Configs",
		  "[" REFERENCE("s_c", "/2") "," REFERENCE("s_c", "/3") "," REFERENCE("s_d",
										      "/1") "]" },
		{ "[{'secrets':{'c':{'external':true}},'services':{'a':{'image':'i:1','secrets':"
		  "[{'source':'c','target':'1'},{'source':'c','target':'2'}]}}},{'services':{'a':{'secrets':"
		  "[{'source':'c','target':'3'}]}}}]",
		  CONTAINER "Secrets",
		  "[{'SecretName':'c','File':{'Name':'1','UID':'0','GID':'0','Mode':292}},"
		  "{'SecretName':'c','File':{'Name':'2','UID':'0','GID':'0','Mode':292}},"
		  "{'SecretName':'c','File':{'Name':'3','UID':'0','GID':'0','Mode':292}}]" },
		/* Objects at the top are merged by key. */
		{ "[{'services':{'a':{'image':'i:1'}},'configs':{'c':{'content':'x','labels':{'x':'1'}}}},"
		  "{'configs':{'c':{'labels':{'y':'2'}}}}]",
		  "configs.s_c.Labels", "{'x':'1','y':'2','com.docker.stack.namespace':'s'}" },
		{ "[{'services':{'a':{'image':'i:1'}},'networks':{'default':{'labels':{'x':'1'},"
		  "'attachable':true}}},{'networks':{'default':{'labels':{'y':'2'}}}}]",
		  "networks.s_default.Labels",
		  "{'x':'1','y':'2','com.docker.stack.namespace':'s'}" },
		{ "[{'services':{'a':{'image':'i:1'}},'networks':{'default':{'attachable':true}}},{'networks':"
		  "{'default':null}}]",
		  "networks.s_default.Attachable", "true" },
		{ "[{'services':{'a':{'image':'i:1'},'b':{'image':'i:1'}}},{'services':{'b':null}}]",
		  SLIP, "document 2: services.b: must be a mapping" },
	};

	RULES(rules, NULL);
}

/* Each line names the file that has the value. */
static void names_of_files(void)
{
	static const char *const parts[] = { "b.yml: services.a.tty: ", "a.yml: services.a.user: ",
					     "b.yml: services.a.nonsense: ",
					     "a.yml: services.c.image: ", "b.yml: configs.o.x: " };
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	json_t *names = rule_json("['a.yml','b.yml']"), *slips = NULL;
	json_t *documents = rule_json(
		"[{'services':{'a':{'image':'i:1','user':1.5},'c':{'init':true}},'configs':{'o.x':{'content':"
		"'x'}}},{'services':{'a':{'tty':'maybe','nonsense':1}},'configs':{'o.x':{'name':' '}}}]");

	options.name = "s";
	options.names = names;
	CHECK_INT(swarm_compose_check(documents, &options, &slips, NULL), 0);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		CHECK(rule_has_line(slips, parts[i]));
	CHECK_INT(json_array_size(slips), sizeof(parts) / sizeof(*parts));
	json_decref(slips);
	json_decref(documents);
	json_decref(names);
}

TEST_MAIN(TEST(ports), TEST(overrides), TEST(healthchecks), TEST(lists), TEST(objects),
	  TEST(names_of_files))
