/* SPDX-License-Identifier: Apache-2.0 */
/* What the managers would refuse of a service is refused before anything is sent, in test mode too. */
#include "test_cluster.h"

#include <jansson.h>

#define GET "GET " API "/services/web"
#define GET_ID "GET " API "/services/s1"
#define CREATE "POST " API "/services/create"
#define UPDATE "POST " API "/services/s1/update?version=5"
#define NETWORKS "GET " API "/networks"
#define CONFIGS "GET " API "/configs"
#define SERVICES "GET " API "/services"
#define NODES "GET " API "/nodes"
#define NONE_SUCH .status = 404, .reply = MESSAGE("service web not found")
#define PLUGINS(names)                                                                             \
	"[{\"ID\":\"m1\",\"Description\":{\"Engine\":{\"Plugins\":[" names "]}}},{\"ID\":\"m2\"}]"
#define PLUGIN(type, name) "{\"Type\":\"" type "\",\"Name\":\"" name "\"}"
#define KNOWN PLUGINS(PLUGIN("Log", "local") "," PLUGIN("Volume", "local"))

#define WEB(container, more)                                                                       \
	"{\"ID\":\"s1\",\"Version\":{\"Index\":5},\"Spec\":{\"Name\":\"web\",\"Labels\":{},"       \
	"\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1\"" container                     \
	"}},\"Mode\":{\"Replicated\":{\"Replicas\":1}}" more "}}"
#define PLAIN WEB("", "")
#define SHORT WEB(",\"Healthcheck\":{\"Interval\":1}", "")
#define GMSA                                                                                                                                 \
	WEB(",\"Privileges\":{\"CredentialSpec\":{\"Config\":\"c1\"}},\"Configs\":[{\"ConfigID\":\"c1\",\"ConfigName\":\"gmsa\",\"Runtime\"" \
	    ":{}}]",                                                                                                                         \
	    "")
#define GMSAS                                                                                      \
	"[{\"ID\":\"c1\",\"Spec\":{\"Name\":\"gmsa\"}},{\"ID\":\"c2\",\"Spec\":{\"Name\":\"gm2\"}}]"

/* A spec that is in the swarm, what is given, and the error; each of them in both modes. */
typedef struct refused {
	fake_row rows[5];
	const char *service, *patch, *text;
} refused;

#define CONTAINER(text) "{\"TaskTemplate\":{\"ContainerSpec\":{" text "}}}"
#define AT "with spec_patch: "
#define IN_CONTAINER "TaskTemplate.ContainerSpec."

static const refused by_type[] = {
	{ .patch = "{\"UpdateConfig\":{\"Parallelism\":\"2\"}}",
	  .text = "spec_patch.UpdateConfig.Parallelism: must be a whole number of at least 0, not '2'" },
	{ .patch = "{\"UpdateConfig\":{\"Parallelism\":-1,\"MaxFailureRatio\":\"x\"}}",
	  .text = "spec_patch.UpdateConfig.Parallelism: must be a whole number of at least 0, not '-1'; "
		  "spec_patch.UpdateConfig.MaxFailureRatio: must be a number, not 'x'" },
	{ .patch = CONTAINER("\"TTY\":\"yes\""),
	  .text = "spec_patch." IN_CONTAINER "TTY: must be true or false, not 'yes'" },
	{ .patch = CONTAINER("\"Command\":\"sleep 1\",\"Env\":[1]"),
	  .text = "spec_patch." IN_CONTAINER "Command: must be a list, not 'sleep 1'; "
		  "spec_patch." IN_CONTAINER "Env[0]: must be a string, not '1'" },
	{ .patch = "{\"Labels\":{\"a\":1},\"EndpointSpec\":[]}",
	  .text = "spec_patch.Labels.a: must be a string, not '1'; spec_patch.EndpointSpec: must be a "
		  "mapping, not a list" },
	{ .patch = "{\"UpdateConfig\":{\"Order\":\"start_first\"}}",
	  .text = "spec_patch.UpdateConfig.Order: must be stop-first or start-first, not 'start_first': did "
		  "you mean start-first?" },
	{ .patch = "{\"EndpointSpec\":{\"Ports\":[{\"Protocol\":\"TCP\",\"TargetPort\":80}]}}",
	  .text = "spec_patch.EndpointSpec.Ports[0].Protocol: must be tcp, udp or sctp, not 'TCP': did you "
		  "mean tcp?" },
};

static const refused by_rules[] = {
	{ .patch = "{\"Mode\":{\"Global\":{}}}",
	  .text = AT
	  "Mode: a service has one mode, and this would be 2: give deploy.mode in its place" },
	{ .patch = "{\"Mode\":{\"Global\":{},\"Replicated\":null}}",
	  .text = AT
	  "Mode: the mode of a service cannot be changed to Global: give deploy.mode in its place, "
	  "with replace: True" },
	{ .patch = "{\"TaskTemplate\":{\"Resources\":{\"Limits\":{\"MemoryBytes\":1024}}}}",
	  .text = AT
	  "TaskTemplate.Resources.Limits.MemoryBytes: must be 0 or at least 4194304 (4 MiB), not "
	  "1024" },
	{ .patch = CONTAINER("\"Healthcheck\":{\"Interval\":30,\"Retries\":-1}"),
	  .text = AT IN_CONTAINER
	  "Healthcheck.Interval: must be 0 or at least 1000000 (1 ms), not 30; " IN_CONTAINER
	  "Healthcheck.Retries: must be at least 0, not -1" },
	{ .patch = "{\"UpdateConfig\":{\"Delay\":-1,\"MaxFailureRatio\":1.5}}",
	  .text = AT
	  "UpdateConfig.Delay: must be at least 0, not -1; UpdateConfig.MaxFailureRatio: must be "
	  "from 0 to 1" },
	{ .patch = CONTAINER(
		  "\"Mounts\":[{\"Type\":\"volume\",\"Target\":\"/a\"},{\"Type\":\"tmpfs\","
		  "\"Target\":\"/a\"}]"),
	  .text = AT IN_CONTAINER "Mounts: /a is given twice" },
	{ .patch = CONTAINER("\"Secrets\":[{\"SecretID\":\"x1\",\"File\":{\"Name\":\"k\"}}]"),
	  .text = AT IN_CONTAINER "Secrets[0]: needs SecretID and SecretName" },
	{ .patch = CONTAINER("\"Configs\":[{\"ConfigID\":\"x1\",\"ConfigName\":\"c\"}]"),
	  .text = AT IN_CONTAINER "Configs[0]: needs File.Name" },
	{ .patch = CONTAINER("\"Privileges\":{\"CredentialSpec\":{\"Config\":\"c1\"}}"),
	  .text = AT IN_CONTAINER
	  "Privileges.CredentialSpec: Config must be the id of one of Configs that has "
	  "Runtime: give credential_spec in compose's words in its place" },
	{ .patch = CONTAINER("\"Privileges\":{\"CredentialSpec\":{}}"),
	  .text = AT IN_CONTAINER
	  "Privileges.CredentialSpec: takes one of Config, File and Registry" },
	{ .patch = CONTAINER("\"Image\":\"no such\""),
	  .text = AT IN_CONTAINER "Image: 'no such' is not the name of an image" },
	{ .patch = "{\"TaskTemplate\":{\"Placement\":{\"Constraints\":[\"node.role=manager\"]}}}",
	  .text = AT "TaskTemplate.Placement.Constraints: 'node.role=manager' must be like "
		     "node.labels.disk==ssd" },
	{ .patch =
		  "{\"EndpointSpec\":{\"Mode\":\"dnsrr\",\"Ports\":[{\"TargetPort\":80,\"PublishedPort\":80}"
		  ",{\"TargetPort\":81,\"PublishedPort\":80,\"PublishMode\":\"host\"}]}}",
	  .text = AT
	  "EndpointSpec.Ports: 80/ is given twice; EndpointSpec.Ports: PublishMode ingress does not "
	  "go with Mode dnsrr: publish in mode host" },
};

static const refused by_the_swarm[] = {
	{ .rows = { { NETWORKS,
		      .reply = "[{\"Name\":\"mesh\",\"Id\":\"n1\",\"Scope\":\"swarm\",\"Ingress\":"
			       "true}]" },
		    { GET, .reply = PLAIN },
		    { GET_ID, .reply = PLAIN } },
	  .service = "{\"networks\":[\"mesh\"]}",
	  .text = "networks[0].name: 'mesh' is the ingress network, to which no service can be attached: "
		  "publish ports in its place" },
	{ .rows = { { GET, .reply = PLAIN },
		    { GET_ID, .reply = PLAIN },
		    { NODES, .reply = KNOWN } },
	  .service = "{\"logging\":{\"driver\":\"fluentd\"}}",
	  .text = "no node of the swarm has the log driver 'fluentd': correct its name, or install its plugin "
		  "first" },
	{ .rows = { { GET, NONE_SUCH }, { NODES, .reply = KNOWN } },
	  .service =
		  "{\"image\":\"nginx:1\",\"volumes\":[{\"type\":\"volume\",\"source\":\"d\",\"target\":"
		  "\"/d\",\"volume\":{\"driver\":\"rexray\"}}]}",
	  .text = "no node of the swarm has the volume driver 'rexray': correct its name, or install its plugin "
		  "first" },
	{ .rows = { { CONFIGS, .reply = GMSAS }, { GET, NONE_SUCH } },
	  .service = "{\"image\":\"nginx:1\",\"credential_spec\":{\"config\":\"gm3\"}}",
	  .text = "credential_spec.config: config 'gm3' does not exist in the swarm" },
	{ .rows = { { GET, .reply = GMSA }, { GET_ID, .reply = GMSA } },
	  .service = "{\"credential_spec\":{\"file\":\"a.json\"}}",
	  .text = "credential_spec: takes one of config, file and registry: set what it has to null" },
};

static json_t *parsed(const char *text)
{
	return text ? json_loads(text, 0, NULL) : json_object();
}

static void run_refused(const refused *r, const fake_row *rows)
{
	for (int dry = 0; dry < 2; dry++) {
		swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
		json_t *service = parsed(r->service), *result = NULL;
		json_t *patch = r->patch ? parsed(r->patch) : NULL;
		fixture f = setup(rows);

		test_row = r->text;
		options.flags = dry ? SWARM_APPLY_DRY_RUN : 0;
		options.resolve = SWARM_RESOLVE_NEVER;
		options.spec_patch = patch;
		CHECK(swarm_service_apply(f.client, "web", service, &options, &result, &f.err) < 0);
		CHECK_STR(f.err.text, r->text);
		CHECK(result == NULL);
		json_decref(service);
		json_decref(patch);
		teardown(&f);
	}
}

static void patches_of_another_type(void)
{
	const fake_row rows[] = { { NULL } };

	for (size_t i = 0; i < sizeof(by_type) / sizeof(*by_type); i++)
		run_refused(&by_type[i], rows);
}

static void patches_that_break_a_rule(void)
{
	const fake_row rows[] = { { GET, .reply = PLAIN }, { GET_ID, .reply = PLAIN }, { NULL } };

	for (size_t i = 0; i < sizeof(by_rules) / sizeof(*by_rules); i++)
		run_refused(&by_rules[i], rows);
}

static void what_the_swarm_lacks(void)
{
	for (size_t i = 0; i < sizeof(by_the_swarm) / sizeof(*by_the_swarm); i++)
		run_refused(&by_the_swarm[i], by_the_swarm[i].rows);
}

/* What passes: a second write is not refused for what the first one did. */
static void what_is_taken(void)
{
	static const struct {
		fake_row rows[6];
		const char *service, *patch;
	} table[] = {
		/* Each node has json-file, and one of these has local. */
		{ { { GET, NONE_SUCH }, { NODES, .reply = KNOWN } },
		  "{\"image\":\"nginx:1\",\"logging\":{\"driver\":\"local\"}}",
		  NULL },
		{ { { GET, NONE_SUCH } },
		  "{\"image\":\"nginx:1\",\"logging\":{\"driver\":\"json-file\"},\"volumes\":[\"d:/d\"]}",
		  NULL },
		/* No node tells what it has. */
		{ { { GET, NONE_SUCH }, { NODES, .reply = "[{\"ID\":\"m1\"}]" } },
		  "{\"image\":\"nginx:1\",\"logging\":{\"driver\":\"fluentd\"}}",
		  NULL },
		/* A name and its tag. */
		{ { { GET, NONE_SUCH }, { NODES, .reply = PLUGINS(PLUGIN("Log", "loki:latest")) } },
		  "{\"image\":\"nginx:1\",\"logging\":{\"driver\":\"loki\"}}",
		  NULL },
		{ { { GET, .reply = PLAIN }, { GET_ID, .reply = PLAIN } },
		  "{}",
		  "{\"Mode\":{\"Replicated\":{\"Replicas\":2}},\"UpdateConfig\":{\"Order\":\"\",\"Delay\":1}}" },
		/* What the swarm itself has stored is not the patch's mistake. */
		{ { { GET, .reply = SHORT }, { GET_ID, .reply = SHORT } },
		  "{}",
		  "{\"UpdateConfig\":{\"Delay\":1}}" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
		json_t *service = parsed(table[i].service), *result = NULL;
		json_t *patch = table[i].patch ? parsed(table[i].patch) : NULL;
		fixture f = setup(table[i].rows);

		test_row = table[i].service;
		options.flags = SWARM_APPLY_DRY_RUN;
		options.resolve = SWARM_RESOLVE_NEVER;
		options.spec_patch = patch;
		CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err),
			  0);
		CHECK_STR(f.err.text, "");
		json_decref(result);
		json_decref(service);
		json_decref(patch);
		teardown(&f);
	}
}

/* --- ports ------------------------------------------------------------------------------------------ */

#define PORT(published, mode)                                                                      \
	"{\"Protocol\":\"tcp\",\"TargetPort\":80,\"PublishedPort\":" published                     \
	",\"PublishMode\":\"" mode "\"}"
#define OTHERS                                                                                     \
	"[{\"ID\":\"s1\",\"Spec\":{\"Name\":\"web\",\"EndpointSpec\":{\"Ports\":[" PORT(           \
		"80",                                                                              \
		"ingress") "]}}},{\"ID\":\"s2\",\"Spec\":{\"Name\":\"shop\",\"EndpointSpec\":{"    \
			   "\"Ports\":[" PORT("81", "ingress") "," PORT(                           \
				   "82",                                                           \
				   "host") "]}},\"Endpoint\":{\"Ports\":[" PORT("30000",           \
										"ingress") "]}}]"
#define TAKEN(port)                                                                                \
	"service web: port " port                                                                  \
	"/tcp is published by service shop already: choose another one, or "                       \
	"remove it there first"

/* The engine refuses it in the real run; test mode looks at the other services. */
static void ports_of_others(void)
{
	static const struct {
		const char *ports, *text;
	} table[] = {
		{ "[\"81:80\"]", TAKEN("81") },
		{ "[{\"target\":80,\"published\":81,\"mode\":\"host\"}]", TAKEN("81") },
		{ "[\"82:80\"]", TAKEN("82") },
		{ "[\"30000:80\"]", TAKEN("30000") },
		/* Two on their own hosts, its own, another protocol, one that the engine is to choose. */
		{ "[{\"target\":80,\"published\":82,\"mode\":\"host\"}]", "" },
		{ "[\"80:80\",\"81:80/udp\",\"90\"]", "" },
	};
	const fake_row rows[] = { { GET, NONE_SUCH }, { SERVICES, .reply = OTHERS }, { NULL } };

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
		json_t *service = json_pack("{s:s, s:o}", "image", "nginx:1", "ports",
					    parsed(table[i].ports));
		json_t *result = NULL;
		fixture f = setup(rows);

		test_row = table[i].ports;
		options.flags = SWARM_APPLY_DRY_RUN;
		options.resolve = SWARM_RESOLVE_NEVER;
		CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err),
			  *table[i].text ? SWARM_E_CONFLICT : 0);
		CHECK_STR(f.err.text, table[i].text);
		json_decref(result);
		json_decref(service);
		teardown(&f);
	}
}

/* --- the credential spec of a Windows container --------------------------------------------------- */

#define SPEC_OF(config) "\"Privileges\":{\"CredentialSpec\":{\"Config\":\"" config "\"}}"
#define SHOWN_NOWHERE(id, name)                                                                    \
	"{\"ConfigID\":\"" id "\",\"ConfigName\":\"" name "\",\"Runtime\":{}}"

static void credentials_in_a_config(void)
{
	static const struct {
		fake_row rows[6];
		const char *service, *action;
	} table[] = {
		{ { { CONFIGS, .reply = GMSAS },
		    { GET, NONE_SUCH },
		    { CREATE,
		      .body = SPEC_OF("c1") ",\"Configs\":[" SHOWN_NOWHERE("c1", "gmsa") "]",
		      .status = 201, .reply = "{\"ID\":\"s1\"}" } },
		  "{\"image\":\"nginx:1\",\"credential_spec\":{\"config\":\"gmsa\"}}",
		  "create" },
		{ { { CONFIGS, .reply = GMSAS },
		    { GET, .reply = GMSA },
		    { GET_ID, .reply = GMSA } },
		  "{\"credential_spec\":{\"config\":\"gmsa\"}}",
		  "none" },
		{ { { CONFIGS, .reply = GMSAS },
		    { GET, .reply = GMSA },
		    { GET_ID, .reply = GMSA } },
		  "{\"credential_spec\":{\"config\":\"c1\"}}",
		  "none" },
		{ { { CONFIGS, .reply = GMSAS },
		    { GET, .reply = GMSA },
		    { GET_ID, .reply = GMSA },
		    { UPDATE, .body = SPEC_OF("c2") ",\"Configs\":[" SHOWN_NOWHERE("c2", "gm2") "]",
		      .reply = "{}" } },
		  "{\"credential_spec\":{\"config\":\"gm2\"}}",
		  "update" },
		/* The engine refuses an empty one. */
		{ { { GET, .reply = GMSA },
		    { GET_ID, .reply = GMSA },
		    { UPDATE, .body = "\"Privileges\":{},\"Configs\":[]", .reply = "{}" } },
		  "{\"credential_spec\":{\"config\":null}}",
		  "update" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
		json_t *service = parsed(table[i].service), *result = NULL;
		fixture f = setup(table[i].rows);

		test_row = table[i].service;
		options.resolve = SWARM_RESOLVE_NEVER;
		CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err),
			  0);
		CHECK_STR(f.err.text, "");
		CHECK_STR(json_string_value(json_object_get(result, "action")), table[i].action);
		json_decref(result);
		json_decref(service);
		teardown(&f);
	}
}

TEST_MAIN(TEST(patches_of_another_type), TEST(patches_that_break_a_rule),
	  TEST(what_the_swarm_lacks), TEST(what_is_taken), TEST(ports_of_others),
	  TEST(credentials_in_a_config))
