/* SPDX-License-Identifier: Apache-2.0 */
/* A declared network: created, compared, replaced with its services, removed; and how full it is. */
#include "test_cluster.h"

#include <jansson.h>

#define LIST "GET " API "/networks"
#define DETACHED                                                                                   \
	"GET " API "/services?filters=%7B%22label%22%3A%5B%22libswarm.detached.backend%22%5D%7D"
#define CREATE "POST " API "/networks/create"
#define INSPECT "GET " API "/networks/n2"
#define VERBOSE "GET " API "/networks/n1?verbose=true"
#define DELETE "DELETE " API "/networks/n1"
#define SERVICES "GET " API "/services"
#define SERVICE "GET " API "/services/s1"
#define UPDATE(index) "POST " API "/services/s1/update?version=" index
#define NODES "GET " API "/nodes"
#define LEADER(plugin)                                                                             \
	"[{\"ManagerStatus\":{\"Leader\":true},\"Description\":{\"Hostname\":\"m1\",\"Engine\":{"  \
	"\"Plugins\":[{\"Type\":\"Network\",\"Name\":\"" plugin "\"}]}}},{\"Description\":{}}]"
#define MADE .status = 201, .reply = "{\"Id\":\"n2\"}"

#define NETWORK(id, more) "{\"Name\":\"backend\",\"Id\":\"" id "\",\"Scope\":\"swarm\"" more "}"
#define VXLAN "\"com.docker.network.driver.overlay.vxlanid_list\":\"4097\""
#define POOL(subnet) "{\"Subnet\":\"" subnet "\",\"Gateway\":\"10.0.1.1\"}"
#define IPAM(pools) ",\"IPAM\":{\"Driver\":\"default\",\"Options\":null,\"Config\":[" pools "]}"
#define PLAIN                                                                                      \
	NETWORK("n1", ",\"Driver\":\"overlay\",\"Attachable\":false,\"Options\":{" VXLAN           \
		      "},\"Labels\":{\"tier\":\"1\"}" IPAM(POOL("10.0.1.0/24")))
#define ATTACHABLE                                                                                 \
	NETWORK("n1", ",\"Driver\":\"overlay\",\"Attachable\":true" IPAM(POOL("10.0.1.0/24")))
#define FRESH NETWORK("n2", ",\"Driver\":\"overlay\"")
#define OTHER(subnet)                                                                              \
	"{\"Name\":\"other\",\"Id\":\"n9\",\"Scope\":\"swarm\",\"Driver\":\"overlay\"" IPAM(       \
		POOL(subnet)) "}"

#define WEB(index, labels, networks, more)                                                         \
	"{\"ID\":\"s1\",\"Version\":{\"Index\":" index                                             \
	"},\"Spec\":{\"Name\":\"web\",\"Labels\":{" labels "},\"TaskTemplate\":{" networks         \
	"},\"Mode\":{\"Replicated\":{}}" more "}}"
#define KEPT                                                                                       \
	"\"libswarm.detached.backend\":\"{\\\"networks\\\":[{\\\"Aliases\\\":[\\\"www\\\"],"       \
	"\\\"index\\\":1}]}\""
#define ON(id) "\"Networks\":[{\"Target\":\"n9\"},{\"Target\":\"" id "\",\"Aliases\":[\"www\"]}]"
#define OFF "\"Networks\":[{\"Target\":\"n9\"}]"
#define IN_USE(what) .status = 400, .reply = MESSAGE("network n1 is in use by " what)
#define JOB                                                                                        \
	"{\"ID\":\"s2\",\"Spec\":{\"Name\":\"once\",\"TaskTemplate\":{" ON(                        \
		"n1") "},\"Mode\":{\"ReplicatedJob\":{}}}}"

typedef struct network_case {
	const char *name;
	fake_row rows[16];
	const char *network;
	unsigned flags;
	int code;
	const char *result; /* or the error's text */
} network_case;

#define RESULT(action, changes, id, services)                                                      \
	"{\"action\":\"" action "\",\"changes\":{" changes "},\"id\":\"" id                        \
	"\",\"services\":[" services "]}"
#define CHANGE(name, old, new) "\"" name "\":{\"new\":" new ",\"old\":" old "}"
#define TO_ATTACHABLE CHANGE("attachable", "false", "true")

static const network_case declared[] = {
	{ "created",
	  { { LIST, .reply = "[]" },
	    { DETACHED, .reply = "[]" },
	    { CREATE,
	      .body = "{\"Name\":\"backend\",\"Options\":{\"encrypted\":\"\"},\"IPAM\":{\"Config\":[{"
		      "\"Subnet\":\"10.7.0.0/24\"}]},\"Driver\":\"overlay\",\"CheckDuplicate\":true}",
	      MADE },
	    { INSPECT, .reply = FRESH } },
	  "{\"driver_opts\":{\"encrypted\":\"\"},\"ipam\":{\"config\":[{\"subnet\":\"10.7.0.0/24\"}]}}",
	  0,
	  0,
	  RESULT("create",
		 CHANGE("driver_opts.encrypted", "null",
			"\"\"") "," CHANGE("ipam.config", "null", "[{\"subnet\":\"10.7.0.0/24\"}]"),
		 "n2", "") },
	{ "nothing differs: what the engine chose is not a difference",
	  { { LIST, .reply = "[" PLAIN "]" }, { DETACHED, .reply = "[]" } },
	  "{\"driver\":\"overlay\",\"attachable\":false,\"labels\":{\"tier\":1},\"ipam\":{\"driver\":"
	  "\"default\",\"config\":[{\"subnet\":\"10.0.1.0/24\"}]}}",
	  SWARM_NETWORK_REPLACE,
	  0,
	  RESULT("none", "", "n1", "") },
	{ "no subnets are given: what the engine chose is not a difference",
	  { { LIST, .reply = "[" PLAIN "]" }, { DETACHED, .reply = "[]" } },
	  "{\"ipam\":{\"driver\":null,\"config\":[]}}",
	  SWARM_NETWORK_REPLACE,
	  0,
	  RESULT("none", "", "n1", "") },
	{ "what no network of a swarm has",
	  { { LIST, .reply = "[]" } },
	  "{\"driver\":\"bridge\",\"ingress\":true,\"attachable\":true,\"ipam\":{\"config\":[{"
	  "\"subnet\":\"10.7.0.0/24\",\"aux_addresses\":{\"a\":\"10.7.0.5\"}}]}}",
	  0,
	  SWARM_E_INVAL,
	  "ipam.config[0].aux_addresses: no network of a swarm keeps them: give an ip_range; driver: "
	  "bridge makes a network of this host alone: leave it out, or write overlay; attachable: does "
	  "not go with ingress" },
	{ "a second ingress network",
	  { { LIST, .reply = "[{\"Name\":\"ingress\",\"Id\":\"n8\",\"Scope\":\"swarm\",\"Driver\":"
			     "\"overlay\",\"Ingress\":true}]" },
	    { DETACHED, .reply = "[]" } },
	  "{\"ingress\":true}",
	  SWARM_NETWORK_DRY_RUN,
	  SWARM_E_CONFLICT,
	  "the ingress network is ingress, and a swarm has one: remove it first, or replace it under its "
	  "own name" },
	{ "drift is named",
	  { { LIST, .reply = "[" PLAIN "]" }, { DETACHED, .reply = "[]" } },
	  "{\"attachable\":true,\"labels\":{\"tier\":\"2\"},\"ipam\":{\"config\":[{\"subnet\":"
	  "\"10.0.1.0/24\",\"gateway\":\"10.0.1.9\"}]}}",
	  0,
	  SWARM_E_CONFLICT,
	  "network backend differs, and no network can be changed in place: attachable is false, not "
	  "true, ipam.config is [{\"subnet\": \"10.0.1.0/24\", \"gateway\": \"10.0.1.1\"}], not "
	  "[{\"subnet\": \"10.0.1.0/24\", \"gateway\": \"10.0.1.9\"}], labels.tier is \"1\", not \"2\": "
	  "replace it, which restarts the tasks of its services" },
	{ "a replacement ahead",
	  { { LIST, .reply = "[" PLAIN "]" },
	    { DETACHED, .reply = "[]" },
	    { SERVICES, .reply = "[" WEB("5", "", ON("n1"), "") "]" } },
	  "{\"attachable\":true}",
	  SWARM_NETWORK_REPLACE | SWARM_NETWORK_DRY_RUN,
	  0,
	  RESULT("replace", TO_ATTACHABLE, "", "\"web\"") },
	{ "replaced, and its service is put on again with its aliases",
	  { { LIST, .reply = "[" PLAIN "]" },
	    { DETACHED, .reply = "[]" },
	    { SERVICES, .reply = "[" WEB("5", "", ON("n1"), "") "]" },
	    { SERVICE, .reply = WEB("5", "", ON("n1"), "") },
	    { UPDATE("5"), .body = "\"Labels\":{" KEPT "},\"TaskTemplate\":{" OFF "}",
	      .reply = "{}" },
	    { DELETE, IN_USE("task t1") },
	    { "GET " API "/tasks/t1", .reply = "{\"ID\":\"t1\",\"Spec\":{}}" },
	    { DELETE, .status = 204 },
	    { CREATE,
	      .body = "{\"Name\":\"backend\",\"Driver\":\"overlay\",\"Attachable\":true,\"Options\":{},"
		      "\"Labels\":{\"tier\":\"1\"}" IPAM(POOL("10.0.1.0/24")),
	      MADE },
	    { INSPECT, .reply = FRESH },
	    { SERVICE, .reply = WEB("6", KEPT, OFF, "") },
	    { UPDATE("6"),
	      .body = "\"Labels\":{},\"TaskTemplate\":{\"Networks\":[{\"Target\":\"n9\"},{"
		      "\"Aliases\":[\"www\"],\"Target\":\"n2\"}]}",
	      .reply = "{}" } },
	  "{\"attachable\":true}",
	  SWARM_NETWORK_REPLACE,
	  0,
	  RESULT("replace", TO_ATTACHABLE, "n2", "\"web\"") },
	{ "a run that was killed when the services were off is finished",
	  { { LIST, .reply = "[]" },
	    { DETACHED, .reply = "[" WEB("6", KEPT, OFF, "") "]" },
	    { CREATE, MADE },
	    { INSPECT, .reply = FRESH },
	    { LIST, .reply = "[" FRESH "]" },
	    { SERVICE, .reply = WEB("6", KEPT, OFF, "") },
	    { UPDATE("6"), .body = "\"Target\":\"n2\"", .reply = "{}" } },
	  "{}",
	  0,
	  0,
	  RESULT("create", "", "n2", "\"web\"") },
	{ "a run that was killed when the network was made is finished, one service at a time",
	  { { LIST, .reply = "[" PLAIN "]" },
	    { DETACHED, .reply = "[" WEB("6", KEPT, ON("n1"), "") "]" },
	    { SERVICE, .reply = WEB("6", KEPT, ON("n1"), "") },
	    { UPDATE("6"), .body = "\"Labels\":{},\"TaskTemplate\":{" ON("n1") "}",
	      .reply = "{}" } },
	  "{}",
	  0,
	  0,
	  RESULT("restore", "", "n1", "\"web\"") },
	{ "a label that somebody wrote",
	  { { LIST, .reply = "[" PLAIN "]" },
	    { DETACHED,
	      .reply = "[" WEB("6", "\"libswarm.detached.backend\":\"[]\"", OFF, "") "]" },
	    { SERVICE, .reply = WEB("6", "\"libswarm.detached.backend\":\"[]\"", OFF, "") } },
	  "{}",
	  0,
	  SWARM_E_STATE,
	  "service web: label libswarm.detached.backend is malformed: put the service on network backend "
	  "by hand, and remove the label" },
	{ "the engine does not create the new one: the old one is back",
	  { { LIST, .reply = "[" PLAIN "]" },
	    { DETACHED, .reply = "[]" },
	    { SERVICES, .reply = "[" WEB("5", "", ON("n1"), "") "]" },
	    { SERVICE, .reply = WEB("5", "", ON("n1"), "") },
	    { UPDATE("5"), .reply = "{}" },
	    { DELETE, .status = 204 },
	    { CREATE, .status = 400, .reply = MESSAGE("no IPAM driver nosuch") },
	    { CREATE, .body = "\"Driver\":\"overlay\",\"Attachable\":false", MADE },
	    { INSPECT, .reply = FRESH },
	    { SERVICE, .reply = WEB("6", KEPT, OFF, "") },
	    { UPDATE("6"), .body = "\"Target\":\"n2\"", .reply = "{}" } },
	  "{\"ipam\":{\"driver\":\"nosuch\"}}",
	  SWARM_NETWORK_REPLACE,
	  SWARM_E_HTTP,
	  "network backend was not replaced, and its services have the old one again: no IPAM driver "
	  "nosuch" },
	{ "a driver that the leading manager does not have is refused before anything is changed",
	  { { LIST, .reply = "[" PLAIN "]" },
	    { DETACHED, .reply = "[]" },
	    { NODES, .reply = LEADER("overlay") } },
	  "{\"driver\":\"weave\"}",
	  SWARM_NETWORK_REPLACE,
	  SWARM_E_INVAL,
	  "driver: m1, which leads, has no network plugin 'weave': correct the name, or install it there" },
	{ "the same in test mode, of a new one",
	  { { LIST, .reply = "[]" },
	    { DETACHED, .reply = "[]" },
	    { NODES, .reply = LEADER("overlay") } },
	  "{\"driver\":\"weave\"}",
	  SWARM_NETWORK_DRY_RUN,
	  SWARM_E_INVAL,
	  "driver: m1, which leads, has no network plugin 'weave': correct the name, or install it there" },
	{ "one that it has",
	  { { LIST, .reply = "[]" },
	    { DETACHED, .reply = "[]" },
	    { NODES, .reply = LEADER("weave:latest") } },
	  "{\"driver\":\"weave\"}",
	  SWARM_NETWORK_DRY_RUN,
	  0,
	  RESULT("create", CHANGE("driver", "\"overlay\"", "\"weave\""), "", "") },
	{ "a container that nobody could see holds it: the services are put on again",
	  { { LIST, .reply = "[" PLAIN "]" },
	    { DETACHED, .reply = "[]" },
	    { SERVICES, .reply = "[" WEB("5", "", ON("n1"), "") "]" },
	    { SERVICE, .reply = WEB("5", "", ON("n1"), "") },
	    { UPDATE("5"), .reply = "{}" },
	    { DELETE, IN_USE("task t2") },
	    { "GET " API "/tasks/t2",
	      .reply = "{\"ID\":\"t2\",\"NodeID\":\"w1\",\"Spec\":{\"Runtime\":\"attachment\","
		       "\"NetworkAttachmentSpec\":{\"ContainerID\":\"0123456789abcdef\"}}}" },
	    { SERVICE, .reply = WEB("6", KEPT, OFF, "") },
	    { UPDATE("6"), .body = "\"Target\":\"n1\"", .reply = "{}" } },
	  "{\"attachable\":true}",
	  SWARM_NETWORK_REPLACE,
	  SWARM_E_CONFLICT,
	  "network backend was not replaced, and its services have the old one again: network backend is "
	  "used by container 0123456789ab on node w1: remove it, or disconnect it" },
	{ "a container that is attached is named before anything is changed",
	  { { LIST, .reply = "[" ATTACHABLE "]" },
	    { DETACHED, .reply = "[]" },
	    { SERVICES, .reply = "[]" },
	    { VERBOSE, .reply = NETWORK("n1", ",\"Services\":{\"\":{\"Tasks\":[{\"Name\":\"plain\","
					      "\"Info\":{\"Host IP\":\"10.0.0.7\"}}]}}") } },
	  "{\"attachable\":false}",
	  SWARM_NETWORK_REPLACE,
	  SWARM_E_CONFLICT,
	  "network backend is used by containers: plain (10.0.0.7): remove them, or disconnect them" },
	{ "a job would run again",
	  { { LIST, .reply = "[" PLAIN "]" },
	    { DETACHED, .reply = "[]" },
	    { SERVICES, .reply = "[" JOB "," WEB("5", "", ON("n1"), "") "]" } },
	  "{\"attachable\":true}",
	  SWARM_NETWORK_REPLACE,
	  SWARM_E_CONFLICT,
	  "network backend is used by jobs, which would run again: once: remove them first" },
	{ "two managers create it at once",
	  { { LIST, .reply = "[]" },
	    { DETACHED, .reply = "[]" },
	    { CREATE, .status = 409, .reply = MESSAGE("network with name backend already exists") },
	    { LIST, .reply = "[" PLAIN "]" },
	    { LIST, .reply = "[" PLAIN "]" },
	    { DETACHED, .reply = "[]" } },
	  "{\"labels\":{\"tier\":\"1\"}}",
	  0,
	  0,
	  RESULT("none", "", "n1", "") },
	{ "two managers create different ones at once",
	  { { LIST, .reply = "[]" },
	    { DETACHED, .reply = "[]" },
	    { CREATE, .status = 409, .reply = MESSAGE("network with name backend already exists") },
	    { LIST, .reply = "[" PLAIN "]" },
	    { LIST, .reply = "[" PLAIN "]" },
	    { DETACHED, .reply = "[]" } },
	  "{\"attachable\":true}",
	  0,
	  SWARM_E_CONFLICT,
	  "network backend differs, and no network can be changed in place: attachable is false, not "
	  "true: replace it, which restarts the tasks of its services" },
	{ "subnets that overlap",
	  { { LIST, .reply = "[" OTHER("10.0.0.0/16") "]" }, { DETACHED, .reply = "[]" } },
	  "{\"ipam\":{\"config\":[{\"subnet\":\"10.0.3.0/24\"}]}}",
	  0,
	  SWARM_E_CONFLICT,
	  "subnet 10.0.3.0/24 of network backend overlaps 10.0.0.0/16 of network other" },
	{ "a network of this host has the name",
	  { { LIST, .reply = "[{\"Name\":\"backend\",\"Id\":\"n1\",\"Scope\":\"local\",\"Driver\":"
			     "\"bridge\"}]" } },
	  "{}",
	  0,
	  SWARM_E_CONFLICT,
	  "network backend is of this host alone (scope local, driver bridge): remove it, or choose "
	  "another name" },
	{ "the remains of a deleted one on this host are none",
	  { { LIST, .reply = "[" NETWORK("n1", ",\"Driver\":\"overlay\",\"Containers\":{}") "]" },
	    { DETACHED, .reply = "[]" } },
	  "{}",
	  SWARM_NETWORK_DRY_RUN,
	  0,
	  RESULT("create", "", "", "") },
	{ "they may be gone when they are looked for",
	  { { LIST, .reply = "[]" },
	    { DETACHED, .reply = "[]" },
	    { CREATE, .status = 409, .reply = MESSAGE("network with name backend already exists") },
	    { LIST, .reply = "[]" },
	    { CREATE, MADE },
	    { INSPECT, .reply = FRESH } },
	  "{}",
	  0,
	  0,
	  RESULT("create", "", "n2", "") },
	{ "what another manager created a moment ago has nothing to compare yet",
	  { { LIST, .reply = "[" NETWORK("n1", ",\"Driver\":\"\",\"IPAM\":{\"Config\":null}") "]" },
	    { LIST, .reply = "[" PLAIN "]" },
	    { DETACHED, .reply = "[]" } },
	  "{\"ipam\":{\"config\":[{\"subnet\":\"10.0.1.0/24\"}]}}",
	  0,
	  0,
	  RESULT("none", "", "n1", "") },
	{ "they hold the name until the last container is gone",
	  { { LIST, .reply = "[]" },
	    { DETACHED, .reply = "[]" },
	    { CREATE, .status = 409, .reply = MESSAGE("network with name backend already exists") },
	    { LIST, .reply = "[" NETWORK("n1", ",\"Driver\":\"overlay\",\"Containers\":{}") "]" },
	    { CREATE, MADE },
	    { INSPECT, .reply = FRESH } },
	  "{}",
	  0,
	  0,
	  RESULT("create", "", "n2", "") },
	{ "the remains of a deleted one are older",
	  { { LIST,
	      .reply = "[" NETWORK("n1", ",\"Driver\":\"overlay\",\"Created\":\"2026-11-29T22:00:00.5Z\"") "," NETWORK(
		      "n2",
		      ",\"Driver\":\"overlay\",\"Created\":\"2026-11-29T22:00:00.52Z\"") "]" },
	    { DETACHED, .reply = "[]" } },
	  "{}",
	  0,
	  0,
	  RESULT("none", "", "n2", "") },
	{ "one without addresses",
	  { { LIST, .reply = "[" NETWORK("n1", ",\"Driver\":\"\"") "]", .repeat = true },
	    { DETACHED, .reply = "[]" } },
	  "{}",
	  0,
	  SWARM_E_STATE,
	  "the managers have no addresses for network backend: its subnets overlap those of another "
	  "network, or the address pool is used up" },
	{ "slips, all of them, before anything is asked that changes",
	  { { LIST, .reply = "[]" } },
	  "{\"atachable\":true,\"internal\":7,\"driver_opts\":{\"encrypted\":true},\"ipam\":{\"config\":[{"
	  "\"subnet\":\"10.0.0.7/24\"},{\"subnet\":\"10.1.0.0/24\",\"gateway\":\"10.2.0.1\",\"range\":1}]}}",
	  0,
	  SWARM_E_INVAL,
	  "atachable: no such key, did you mean attachable?; internal: must be true or false, not '7'; "
	  "driver_opts.encrypted: must be a string or integer, not true: quote it in YAML if a "
	  "string is meant; ipam.config[0].subnet: must be a network, not the address 10.0.0.7 in it: write "
	  "10.0.0.0/24; ipam.config[1].gateway: 10.2.0.1 is not in the subnet; ipam.config[1].range: no "
	  "such key" },
};

static void run_case(const network_case *c)
{
	swarm_network_options options = SWARM_NETWORK_OPTIONS_INIT;
	json_t *network = json_loads(c->network, 0, NULL), *result = NULL;
	fixture f = setup(c->rows);
	char *text;

	test_row = c->name;
	options.flags = c->flags;
	CHECK_INT(swarm_network_apply(f.client, "backend", network, &options, &result, &f.err),
		  c->code);
	text = result ? json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS) : strdup(f.err.text);
	CHECK_STR(text, c->result);
	free(text);
	json_decref(result);
	json_decref(network);
	teardown(&f);
}

static void apply(void)
{
	for (size_t i = 0; i < sizeof(declared) / sizeof(*declared); i++)
		run_case(&declared[i]);
}

#define INGRESS                                                                                       \
	"{\"Name\":\"ingress\",\"Id\":\"n1\",\"Scope\":\"swarm\",\"Driver\":\"overlay\",\"Ingress\":" \
	"true}"
#define HOST_PORT "{\"TargetPort\":81,\"PublishMode\":\"host\"}"
#define MESH_PORT "{\"TargetPort\":80,\"PublishedPort\":8080,\"PublishMode\":\"ingress\"}"
#define ENDPOINT(ports) ",\"EndpointSpec\":{\"Mode\":\"vip\",\"Ports\":[" ports "]}"
#define KEPT_PORT                                                                                  \
	"\"libswarm.detached.ingress\":\"{\\\"ports\\\":[{\\\"TargetPort\\\":80,"                  \
	"\\\"PublishedPort\\\":8080,\\\"PublishMode\\\":\\\"ingress\\\"}]}\""

/* The ports that use it are taken off, and those of mode host stay. */
static void ingress(void)
{
	const fake_row rows[] = {
		{ LIST, .reply = "[" INGRESS "]" },
		{ "GET " API "/services?filters="
		  "%7B%22label%22%3A%5B%22libswarm.detached.ingress%22%5D%7D",
		  .reply = "[]" },
		{ SERVICES, .reply = "[" WEB("5", "", "", ENDPOINT(HOST_PORT "," MESH_PORT)) "]" },
		{ SERVICE, .reply = WEB("5", "", "", ENDPOINT(HOST_PORT "," MESH_PORT)) },
		{ UPDATE("5"),
		  .body = KEPT_PORT
		  "},\"TaskTemplate\":{},\"Mode\":{\"Replicated\":{}}" ENDPOINT(HOST_PORT),
		  .reply = "{}" },
		{ DELETE, .status = 204 },
		{ CREATE, .body = "\"Ingress\":true,\"Options\":{\"a\":\"1\"}", MADE },
		{ INSPECT, .reply = FRESH },
		{ SERVICE, .reply = WEB("6", KEPT_PORT, "", ENDPOINT(HOST_PORT)) },
		{ UPDATE("6"),
		  .body = "\"Labels\":{},\"TaskTemplate\":{},\"Mode\":{\"Replicated\":{}}" ENDPOINT(
			  HOST_PORT "," MESH_PORT),
		  .reply = "{}" },
		{ NULL },
	};
	swarm_network_options options = SWARM_NETWORK_OPTIONS_INIT;
	json_t *network = json_pack("{s:b, s:{s:s}}", "ingress", 1, "driver_opts", "a", "1");
	json_t *result = NULL;
	fixture f = setup(rows);

	options.flags = SWARM_NETWORK_REPLACE;
	CHECK_INT(swarm_network_apply(f.client, "ingress", network, &options, &result, &f.err), 0);
	CHECK_STR(f.err.text, "");
	json_decref(network);
	json_decref(result);
	teardown(&f);
}

/* --- remove ------------------------------------------------------------------------------------------ */

typedef struct remove_case {
	const char *name;
	fake_row rows[8];
	unsigned flags;
	int code;
	const char *result;
} remove_case;

static const remove_case removals[] = {
	{ "removed once the tasks of a service that is gone have ended",
	  { { LIST, .reply = "[" PLAIN "]" },
	    { SERVICES, .reply = "[]" },
	    { DELETE, IN_USE("task t1") },
	    { "GET " API "/tasks/t1", .status = 404, .reply = MESSAGE("task t1 not found") },
	    { DELETE, .status = 204 } },
	  0,
	  0,
	  "{\"action\":\"remove\",\"id\":\"n1\"}" },
	{ "removed by another one meanwhile",
	  { { LIST, .reply = "[" PLAIN "]" },
	    { SERVICES, .reply = "[]" },
	    { DELETE, .status = 404, .reply = MESSAGE("network n1 not found") } },
	  0,
	  0,
	  "{\"action\":\"remove\",\"id\":\"n1\"}" },
	{ "ahead",
	  { { LIST, .reply = "[" PLAIN "]" }, { SERVICES, .reply = "[]" } },
	  SWARM_NETWORK_DRY_RUN,
	  0,
	  "{\"action\":\"remove\",\"id\":\"n1\"}" },
	{ "absent, as a manager with a leader says",
	  { { LIST, .reply = "[]" }, { DETACHED, .reply = "[]" } },
	  0,
	  0,
	  "{\"action\":\"none\",\"id\":\"\"}" },
	{ "a list without the cluster's networks proves nothing",
	  { { LIST, .reply = "[]" },
	    { DETACHED, .status = 503, .reply = MESSAGE("This node is not a swarm manager.") } },
	  0,
	  SWARM_E_NOT_MANAGER,
	  "this host is not a manager" },
	{ "used",
	  { { LIST, .reply = "[" PLAIN "]" },
	    { SERVICES, .reply = "[" WEB("5", "", ON("n1"), "") "," JOB "]" } },
	  0,
	  SWARM_E_CONFLICT,
	  "network backend is used by services: once, web: remove them first, or take them off it" },
	{ "refused for another reason",
	  { { LIST, .reply = "[" PLAIN "]" },
	    { SERVICES, .reply = "[]" },
	    { DELETE, .status = 403, .reply = MESSAGE("not now") } },
	  0,
	  SWARM_E_HTTP,
	  "not now" },
};

static void remove_one(void)
{
	for (size_t i = 0; i < sizeof(removals) / sizeof(*removals); i++) {
		const remove_case *c = &removals[i];
		swarm_network_options options = SWARM_NETWORK_OPTIONS_INIT;
		fixture f = setup(c->rows);
		json_t *result = NULL;
		char *text;

		test_row = c->name;
		options.flags = c->flags;
		CHECK_INT(swarm_network_remove(f.client, "backend", &options, &result, &f.err),
			  c->code);
		text = result ? json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS)
			      : strdup(f.err.text);
		CHECK_STR(text, c->result);
		free(text);
		json_decref(result);
		teardown(&f);
	}
}

/* --- usage -------------------------------------------------------------------------------------------- */

#define TASK(id, node, state, address)                                                             \
	"{\"ID\":\"" id "\",\"NodeID\":\"" node "\",\"Status\":{\"State\":\"" state                \
	"\"},\"NetworksAttachments\":[{\"Network\":{\"ID\":\"n1\"},\"Addresses\":[\"" address      \
	"\",\"fd00::2/64\"]},{\"Network\":{\"ID\":\"gone\"},\"Addresses\":[\"10.9.0.2/24\"]}]}"

static void usage(void)
{
	const fake_row rows[] = {
		{ LIST,
		  .reply = "[" PLAIN ",{\"Name\":\"bridge\",\"Id\":\"n3\",\"Scope\":\"local\"}]" },
		{ SERVICES,
		  .reply = "[{\"ID\":\"s1\",\"Endpoint\":{\"VirtualIPs\":[{\"NetworkID\":\"n1\","
			   "\"Addr\":\"10.0.1.2/24\"}]}}]" },
		{ "GET " API "/tasks",
		  .reply = "[" TASK("t1", "w1", "running", "10.0.1.3/24") "," TASK(
			  "t2", "w1", "failed", "10.0.1.4/24") "," TASK("t3", "w2", "preparing",
									"10.0.1.5/24") "]" },
		{ NULL },
	};
	fixture f = setup(rows);
	json_t *result = NULL;
	char *text;

	CHECK_INT(swarm_network_usage(f.client, 0, &result, &f.err), 0);
	text = json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS);
	CHECK_STR(text,
		  "[{\"id\":\"n1\",\"name\":\"backend\",\"nodes\":2,\"services\":1,\"size\":253,"
		  "\"subnets\":[\"10.0.1.0/24\"],\"tasks\":2,\"used\":5}]");
	free(text);
	json_decref(result);
	teardown(&f);
}

static void arguments(void)
{
	const fake_row rows[] = { { NULL } };
	swarm_network_options options = SWARM_NETWORK_OPTIONS_INIT;
	json_t *network = json_object(), *list = json_array(), *result = NULL;
	fixture f = setup(rows);

	CHECK_INT(swarm_network_apply(f.client, "", network, NULL, &result, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_network_apply(NULL, "x", network, NULL, &result, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_network_apply(f.client, "x", list, NULL, &result, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_network_apply(f.client, "x", network, NULL, NULL, NULL), SWARM_E_INVAL);
	options.flags = SWARM_NETWORK_REPLACE;
	CHECK_INT(swarm_network_remove(f.client, "x", &options, NULL, NULL), SWARM_E_INVAL);
	options.size = 3;
	CHECK_INT(swarm_network_apply(f.client, "x", network, &options, &result, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_network_usage(f.client, 0, NULL, NULL), SWARM_E_INVAL);
	CHECK(result == NULL);
	json_decref(network);
	json_decref(list);
	teardown(&f);
}

TEST_MAIN(TEST(apply), TEST(ingress), TEST(remove_one), TEST(usage), TEST(arguments))
