/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form that docker's CLI sends, where it counts: empty objects, explicit defaults, order, names. The
 * engine replaces tasks for each difference.
 */
#include "rules.h"

static void wrappers(void)
{
	static const rule rules[] = {
		{ SERVICE("'tty':false"), "services.s_a",
		  "{'Name':'s_a','Labels':{'com.docker.stack.namespace':'s','com.docker.stack.image':'i:1'},"
		  "'Mode':{'Replicated':{}},'EndpointSpec':{},'TaskTemplate':{'Resources':{},'Placement':{},"
		  "'Networks':[{'Target':'s_default','Aliases':['a']}],'ContainerSpec':{'Image':'i:1',"
		  "'Privileges':{},'Labels':{'com.docker.stack.namespace':'s'}}}}" },
		{ DEPLOY("'update_config':{}"), "services.s_a.UpdateConfig", "{'Parallelism':1}" },
		{ DEPLOY("'update_config':null"), "services.s_a.UpdateConfig", ABSENT },
		{ DEPLOY("'rollback_config':{'order':'start-first'}"),
		  "services.s_a.RollbackConfig", "{'Parallelism':1,'Order':'start-first'}" },
		{ DEPLOY("'restart_policy':{}"), TASK "RestartPolicy", "{}" },
		{ DEPLOY("'resources':{'limits':{}}"), TASK "Resources", "{'Limits':{}}" },
		{ DEPLOY("'resources':{'reservations':{'cpus':'0.25'}}"), TASK "Resources",
		  "{'Reservations':{'NanoCPUs':250000000}}" },
		{ SERVICE("'logging':{}"), TASK "LogDriver", "{}" },
		{ SERVICE("'dns':[]"), CONTAINER "DNSConfig", "{}" },
		{ SERVICE("'dns_search':null"), CONTAINER "DNSConfig", ABSENT },
	};

	RULES(rules, NULL);
}

/* A default that is written is sent: unset is another form. */
static void explicit_defaults(void)
{
	static const rule rules[] = {
		{ SERVICE("'stop_grace_period':'10s'"), CONTAINER "StopGracePeriod",
		  "10000000000" },
		{ DEPLOY("'restart_policy':{'condition':'any','delay':'5s','window':'0s','max_attempts':0}"),
		  TASK "RestartPolicy", "{'Condition':'any','Delay':5000000000,'Window':0}" },
		{ DEPLOY("'restart_policy':{'delay':'0s'}"), TASK "RestartPolicy", "{'Delay':0}" },
		{ DEPLOY("'update_config':{'monitor':'5s','failure_action':'pause','order':'stop-first'}"),
		  "services.s_a.UpdateConfig",
		  "{'Parallelism':1,'Monitor':5000000000,'FailureAction':'pause','Order':'stop-first'}" },
		{ DEPLOY("'endpoint_mode':'vip'"), "services.s_a.EndpointSpec", "{'Mode':'vip'}" },
		{ SERVICE("'isolation':'default'"), CONTAINER "Isolation", "'default'" },
		{ SERVICE("'init':false"), CONTAINER "Init", "false" },
		{ SERVICE("'volumes':[{'type':'bind','source':'/h','target':'/c','bind':"
			  "{'propagation':'rprivate'}}]"),
		  CONTAINER "Mounts",
		  "[{'Type':'bind','Source':'/h','Target':'/c','BindOptions':{'Propagation':'rprivate'}}]" },
		{ SERVICE("'volumes':[{'type':'tmpfs','target':'/c','tmpfs':{}}]"),
		  CONTAINER "Mounts", "[{'Type':'tmpfs','Target':'/c','TmpfsOptions':{}}]" },
		{ SERVICE("'volumes':['/h:/c/']"), CONTAINER "Mounts",
		  "[{'Type':'bind','Source':'/h','Target':'/c/'}]" },
	};

	RULES(rules, NULL);
}

static void order_and_texts(void)
{
	static const rule rules[] = {
		{ SERVICE("'extra_hosts':['b:2.2.2.2','a:[::1]','b:3.3.3.3']"), CONTAINER "Hosts",
		  "['2.2.2.2 b','::1 a','3.3.3.3 b']" },
		{ SERVICE("'extra_hosts':{'b':'2.2.2.2','a':['1.1.1.1','::1']}"), CONTAINER "Hosts",
		  "['1.1.1.1 a','::1 a','2.2.2.2 b']" },
		{ SERVICE("'cap_add':['sys_time','NET_ADMIN'],'cap_drop':['CAP_NET_ADMIN','kill']"),
		  CONTAINER "CapabilityDrop", "['CAP_KILL']" },
		{ SERVICE("'cap_add':['ALL','KILL'],'cap_drop':['ALL']"), CONTAINER "CapabilityAdd",
		  "['ALL']" },
		{ SERVICE("'cap_add':['ALL'],'cap_drop':['ALL']"), CONTAINER "CapabilityDrop",
		  ABSENT },
		{ SERVICE("'ulimits':{'nproc':5,'core':{'soft':1,'hard':2}}"), CONTAINER "Ulimits",
		  "[{'Name':'core','Soft':1,'Hard':2},{'Name':'nproc','Soft':5,'Hard':5}]" },
		{ "{'services':{'a':{'image':'Reg.io/x@sha256:0123456789012345678901234567890123456789012345"
		  "678901234567890123'}}}",
		  CONTAINER "Image",
		  "'Reg.io/x@sha256:0123456789012345678901234567890123456789012345678901234567890123'" },
		{ "{'services':{'a':{'image':'busybox'}}}", CONTAINER "Image", "'busybox:latest'" },
		{ "{'services':{'a':{'image':'docker.io/library/busybox'}}}", CONTAINER "Image",
		  "'busybox:latest'" },
		{ "{'services':{'a':{'image':'docker.io/library/busybox'}}}", "services.s_a.Labels",
		  "{'com.docker.stack.image':'docker.io/library/busybox','com.docker.stack.namespace':'s'}" },
		{ SERVICE("'networks':{'default':{'aliases':['z','a','a']}}"), TASK "Networks",
		  "[{'Target':'s_default','Aliases':['z','a','a','a']}]" },
		{ SERVICE("'ports':['90:1','80:2','70-71:3-4']"), "services.s_a.EndpointSpec.Ports",
		  "[{'TargetPort':3,'PublishedPort':70,'Protocol':'tcp','PublishMode':'ingress'},"
		  "{'TargetPort':4,'PublishedPort':71,'Protocol':'tcp','PublishMode':'ingress'},"
		  "{'TargetPort':2,'PublishedPort':80,'Protocol':'tcp','PublishMode':'ingress'},"
		  "{'TargetPort':1,'PublishedPort':90,'Protocol':'tcp','PublishMode':'ingress'}]" },
	};

	RULES(rules, NULL);
}

/* Drives have a colon of their own. */
static void paths_of_windows(void)
{
	static const rule rules[] = {
		{ SERVICE("'volumes':['C:\\\\a:D:\\\\b:ro','C:\\\\c']"), CONTAINER "Mounts",
		  "[{'Type':'bind','Source':'C:\\\\a','Target':'D:\\\\b','ReadOnly':true},"
		  "{'Type':'volume','Target':'C:\\\\c'}]" },
		{ SERVICE("'volumes':[{'type':'npipe','source':'\\\\\\\\.\\\\pipe\\\\x',"
			  "'target':'\\\\\\\\.\\\\pipe\\\\x'}]"),
		  CONTAINER "Mounts",
		  "[{'Type':'npipe','Source':'\\\\\\\\.\\\\pipe\\\\x',"
		  "'Target':'\\\\\\\\.\\\\pipe\\\\x'}]" },
	};

	RULES(rules, NULL);
}

static void names(void)
{
	static const rule rules[] = {
		{ "{'services':{'a':{'image':'i:1','volumes':['v:/1','w:/2','x:/3','/4']}},'volumes':{'v':null,"
		  "'w':{'external':true},'x':{'name':'y','driver':'nfs','driver_opts':{'o':1},'labels':['k=1']}}}",
		  CONTAINER "Mounts",
		  "[{'Type':'volume','Source':'s_v','Target':'/1','VolumeOptions':{'Labels':"
		  "{'com.docker.stack.namespace':'s'}}},{'Type':'volume','Source':'w','Target':'/2',"
		  "'VolumeOptions':{}},{'Type':'volume','Source':'y','Target':'/3','VolumeOptions':{'Labels':"
		  "{'k':'1','com.docker.stack.namespace':'s'},'DriverConfig':{'Name':'nfs','Options':{'o':'1'}}}},"
		  "{'Type':'volume','Target':'/4'}]" },
		{ "{'services':{'a':{'image':'i:1','volumes':[{'type':'cluster','source':'c','target':'/1',"
		  "'cluster':{}},{'type':'cluster','source':'group:g','target':'/2'}]}},'volumes':{'c':{}}}",
		  CONTAINER "Mounts",
		  "[{'Type':'cluster','Source':'s_c','Target':'/1','ClusterOptions':{}},{'Type':'cluster',"
		  "'Source':'group:g','Target':'/2','ClusterOptions':{}}]" },
		{ "{'services':{'a':{'image':'i:1','networks':['n','h']}},'networks':{'n':{'external':true},'h':"
		  "{'external':true,'name':'host'}}}",
		  TASK "Networks", "[{'Target':'host'},{'Target':'n','Aliases':['a']}]" },
		{ "{'services':{'a':{'image':'i:1','networks':['n']}},'networks':{'n':{'external':true},'m':"
		  "{'external':true}}}",
		  "external", "{'networks':['n'],'secrets':[],'configs':[]}" },
		{ "{'services':{'a':{'image':'i:1','networks':['n']}},'networks':{'n':{'name':'full'}}}",
		  "networks.full.Name", "'full'" },
		{ "{'services':{'a':{'image':'i:1','credential_spec':{'config':'c'}}},'configs':{'c':{'content':"
		  "'x'}}}",
		  CONTAINER "Configs", "[{'ConfigName':'s_c','Runtime':{}}]" },
		{ "{'services':{'a':{'image':'i:1','secrets':['z','b']}},'secrets':{'z':{'external':true,'name':"
		  "'a1'},'b':{'external':true}}}",
		  CONTAINER "Secrets",
		  "[{'SecretName':'a1','File':{'Name':'z','UID':'0','GID':'0','Mode':292}},{'SecretName':'b',"
		  "'File':{'Name':'b','UID':'0','GID':'0','Mode':292}}]" },
	};

	RULES(rules, NULL);
}

TEST_MAIN(TEST(wrappers), TEST(explicit_defaults), TEST(order_and_texts), TEST(paths_of_windows),
	  TEST(names))
