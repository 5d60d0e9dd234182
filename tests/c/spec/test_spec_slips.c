/* SPDX-License-Identifier: Apache-2.0 */
/* What a caller can get wrong about a service: one line each, all of them at once, and nothing else. */
#include "spec/internal.h"
#include "test.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

typedef struct slip_case {
	const char *given; /* with image a:1 beside it */
	const char *line;  /* "": none */
} slip_case;

static const slip_case slips[] = {
	{ "\"enviroment\":{}", "enviroment: no such key, did you mean environment?" },
	{ "\"deploy\":{\"replica\":1}", "deploy.replica: no such key, did you mean replicas?" },
	{ "\"deploy\":{\"update_config\":{\"paralelism\":1}}",
	  "deploy.update_config.paralelism: no such key, did you mean parallelism?" },
	{ "\"read-only\":true", "read-only: no such key, did you mean read_only?" },
	{ "\"xyzzy\":1", "xyzzy: no such key" },
	{ "\"x-note\":1", "" },
	{ "\"deploy\":5", "deploy: must be a mapping, not '5'" },
	{ "\"image\":1.1", "image: must be an image name, not the number 1.1: quote it in YAML" },
	{ "\"image\":\"\"", "image: must not be empty" },
	{ "\"image\":\"a b\"", "image: 'a b' is not an image name" },
	{ "\"image\":\"Nginx:1\"", "image: 'Nginx:1' is not an image name" },
	{ "\"image\":\"nginx:\"", "image: 'nginx:' is not an image name" },
	{ "\"image\":\"a//b\"", "image: 'a//b' is not an image name" },
	{ "\"image\":\"a/\"", "image: 'a/' is not an image name" },
	{ "\"image\":\"http://reg/a\"", "image: 'http://reg/a' is not an image name" },
	{ "\"image\":\"a:1@sha256:abc\"", "image: 'a:1@sha256:abc' is not an image name" },
	{ "\"image\":\"a:-1\"", "image: 'a:-1' is not an image name" },
	{ "\"image\":\"a___b\"", "image: 'a___b' is not an image name" },
	{ "\"image\":\"reg:x/a\"", "image: 'reg:x/a' is not an image name" },
	{ "\"image\":\"reg./a\"", "image: 'reg./a' is not an image name" },
	{ "\"image\":\"a:1@sha256:" HEX "\"", "" },
	{ "\"image\":\"Reg/a__b/c-.d\"", "image: 'Reg/a__b/c-.d' is not an image name" },
	{ "\"image\":\"Reg/a__b/c--d.e_f:V.1-x_y\"", "" },
	{ "\"image\":\"localhost:5000/a@sha256:" HEX "\"", "" },
	{ "\"image\":\"[fd00::1]:5000/a/b:1\"", "" },
	{ "\"stop_signal\":\"SIGFOO\"", "stop_signal: must be like SIGTERM, not 'SIGFOO'" },
	{ "\"stop_signal\":9", "" },
	{ "\"stop_signal\":\"sigrtmin+3\"", "" },
	{ "\"cap_add\":[\"cap_nosuch\"]", "cap_add[0]: no capability 'nosuch'" },
	{ "\"cap_drop\":[\"all\",\"net_admin\"]", "" },
	{ "\"ulimits\":{\"nofiles\":5,\"nofile\":5}",
	  "ulimits: a name must be core, cpu, data, fsize, locks, memlock, msgqueue, nice, nofile, nproc, "
	  "rss, rtprio, rttime, sigpending or stack, not 'nofiles': did you mean nofile?" },
	{ "\"networks\":{\"front\":{\"aliases\":[\"a b\"]}}",
	  "networks.front.aliases[0]: 'a b' cannot be an alias" },
	{ "\"cap_add\":[\"ALL\",1.5,\"nosuch\"]", "cap_add[1]: must be a string, not '1.5'" },
	{ "\"hostname\":\"a b\"",
	  "hostname: must have at most 63 characters and no blanks, not 'a b'" },
	{ "\"dns\":[\"10.0.0.1\",\"dns.example.org\"]",
	  "dns[1]: 'dns.example.org' is not an IP address" },
	{ "\"dns\":\"fd00::1\"", "" },
	{ "\"hostname\":true",
	  "hostname: must be a string, not true: quote it in YAML if a string is meant" },
	{ "\"hostname\":5", "" },
	{ "\"tty\":\"maybe\"", "tty: must be true or false, not 'maybe'" },
	{ "\"stop_grace_period\":30", "stop_grace_period: 30 has no unit: write 30s" },
	{ "\"stop_grace_period\":\"-5s\"",
	  "stop_grace_period: must be a duration such as 30s or 1m30s, not '-5s'" },
	{ "\"isolation\":\"foo\"", "isolation: must be default, process or hyperv, not 'foo'" },
	{ "\"deploy\":{\"update_config\":{\"failure_action\":\"puase\"}}",
	  "deploy.update_config.failure_action: must be pause, continue or rollback, not 'puase': did "
	  "you mean pause?" },
	{ "\"deploy\":{\"endpoint_mode\":true}",
	  "deploy.endpoint_mode: must be vip or dnsrr, not true: quote it in YAML if a string is meant" },
	{ "\"deploy\":{\"replicas\":\"many\"}",
	  "deploy.replicas: must be a whole number, not 'many'" },
	{ "\"deploy\":{\"replicas\":-1}", "deploy.replicas: must be from 0 to 2147483647, not -1" },
	{ "\"deploy\":{\"replicas\":\"3\"}", "" },
	/* Not "not '1'", which is one. */
	{ "\"deploy\":{\"replicas\":1.0}", "deploy.replicas: must be a whole number, not '1.0'" },
	{ "\"oom_score_adj\":2000", "oom_score_adj: must be from -1000 to 1000, not 2000" },
	{ "\"environment\":{\"A\":true}",
	  "environment.A: must be a string or integer, not true: quote it in YAML if a string is meant" },
	{ "\"environment\":{\"A\":1.10}",
	  "environment.A: must be a string or integer, not 1.1: quote it in YAML" },
	{ "\"environment\":[\"A B=1\"]", "environment: 'A B' is not the name of a variable" },
	{ "\"environment\":[\"A=1\",\"=hunter2\"]", "environment[1]: has no name before its =" },
	{ "\"environment\":{\"A=hunter2\":null}",
	  "environment: 'A=' is not the name of a variable" },
	{ "\"environment\":[true]",
	  "environment[0]: must be like NAME=value, not true: quote it in "
	  "YAML if a string is meant" },
	{ "\"environment\":\"A=1\"",
	  "environment: must be a mapping or a list of NAME=value, not a string" },
	{ "\"extra_hosts\":[\"bad\"]", "extra_hosts[0]: must be host:address, not 'bad'" },
	{ "\"extra_hosts\":{\"a\":\"nowhere\"}", "extra_hosts.a: 'nowhere' is not an IP address" },
	{ "\"extra_hosts\":{\"a\":\"host-gateway\"}", "" },
	{ "\"ports\":[82030]",
	  "ports[0]: must be like \"8080:80\", \"80\" or \"8080-8081:80-81/udp\", not '82030'" },
	{ "\"ports\":[300053]",
	  "ports[0]: must be like \"8080:80\", \"80\" or \"8080-8081:80-81/udp\", not '300053': quote "
	  "ports in YAML, or 22:22 becomes 1342" },
	{ "\"ports\":[\"80:80\",\"80:81\"]", "ports[1]: 80/tcp is given twice" },
	{ "\"ports\":[{\"target\":80,\"mode\":\"foo\"}]",
	  "ports[0].mode: must be ingress or host, not 'foo'" },
	{ "\"ports\":[{\"published\":80}]", "ports[0]: needs a target: the port in the container" },
	{ "\"ports\":[\"80-82:80-81\"]",
	  "ports[0]: '80-82:80-81' publishes 3 ports for 2 of the container: give two ranges of the same "
	  "length, or one port of the container" },
	{ "\"ports\":[\"80:80-81\"]",
	  "ports[0]: '80:80-81' publishes 1 port for 2 of the container: give two ranges of the same "
	  "length, or one port of the container" },
	{ "\"ports\":[\"127.0.0.1:80:80\"]", "" },
	{ "\"ports\":[\"80-82:80\",\"81:80/UDP\"]", "" },
	{ "\"ports\":[\"80/SCTPSCTP\"]",
	  "ports[0].protocol: must be tcp, udp or sctp, not 'SCTPSCTP'" },
	{ "\"volumes\":[\"./x:/y\"]",
	  "volumes[0]: './x' is relative: a service runs on any node, so a bind mount needs an absolute "
	  "path" },
	{ "\"volumes\":[\"d:/y:rx\"]",
	  "volumes[0]: unknown mount option 'rx' (valid: ro, rw, nocopy, and for "
	  "bind mounts rprivate, rshared, rslave)" },
	{ "\"volumes\":[\"d:y\"]", "volumes[0].target: must be an absolute path below /, not 'y'" },
	{ "\"volumes\":[{\"type\":\"tmpfs\",\"target\":\"/t\",\"bind\":{\"propagation\":\"shared\"}}]",
	  "volumes[0]: bind options do not go with type tmpfs" },
	{ "\"volumes\":[{\"target\":\"/t\"}]", "volumes[0]: needs a type: volume, bind or tmpfs" },
	{ "\"secrets\":[{\"source\":\"key\",\"mode\":\"0o9\"}]",
	  "secrets[0].mode: must be an octal file mode such as \"0440\", not '0o9'" },
	/* Salt's YAML makes 400 of 0400, others make 256 of it. */
	{ "\"secrets\":[{\"source\":\"key\",\"mode\":400}]", "" },
	{ "\"secrets\":[{\"source\":\"key\",\"mode\":644}]", "" },
	{ "\"secrets\":[{\"source\":\"key\",\"mode\":\"0256\"}]", "" },
	{ "\"secrets\":[{\"source\":\"key\",\"mode\":0}]", "" },
	{ "\"secrets\":[{\"source\":\"key\",\"mode\":256}]",
	  "secrets[0].mode: 256 is what YAML makes of 0400: write \"0400\" or \"0256\", in quotes" },
	{ "\"secrets\":[{\"source\":\"key\",\"mode\":420}]",
	  "secrets[0].mode: 420 is what YAML makes of 0644: write \"0644\" or \"0420\", in quotes" },
	{ "\"configs\":[{\"source\":\"site\",\"mode\":288}]",
	  "configs[0].mode: 288 is what YAML makes of 0440: write \"0440\", in quotes" },
	{ "\"secrets\":[{\"source\":\"key\",\"mode\":-1}]",
	  "secrets[0].mode: must be an octal file mode such as \"0440\", not '-1'" },
	{ "\"secrets\":[{\"source\":\"key\",\"uid\":\"root\"}]",
	  "secrets[0].uid: must be a numeric id, not 'root'" },
	{ "\"secrets\":[\"other\"]", "secrets[0]: secret 'other' does not exist in the swarm" },
	{ "\"configs\":[\"other\"]", "configs[0]: config 'other' does not exist in the swarm" },
	{ "\"networks\":[\"other\"]",
	  "networks[0].name: network 'other' does not exist in the swarm" },
	{ "\"networks\":{\"front\":[]}",
	  "networks.front: must be a mapping such as {aliases: [web]}, not a list" },
	{ "\"healthcheck\":{\"test\":\"NONE\"}",
	  "healthcheck.test: NONE would be run as a command: write disable: true" },
	{ "\"healthcheck\":{\"test\":[\"curl\"]}",
	  "healthcheck.test: a list must begin with CMD, CMD-SHELL or NONE, not 'curl'" },
	{ "\"healthcheck\":{\"disable\":true,\"test\":\"x\"}",
	  "healthcheck.disable: cannot be set together with healthcheck.test" },
	{ "\"healthcheck\":{\"disable\":true,\"interval\":\"5s\"}",
	  "healthcheck: is disabled: its other settings have no effect" },
	{ "\"healthcheck\":{\"disable\":true}", "" },
	{ "\"cap_add\":[\"NO SUCH\"]", "cap_add[0]: no capability 'NO SUCH'" },
	{ "\"ulimits\":{\"nofile\":{\"soft\":5,\"hard\":4}}",
	  "ulimits.nofile: the soft limit must not be above the hard one" },
	{ "\"ulimits\":{\"nofile\":-1}", "" },
	{ "\"command\":\"a 'b\"", "command: has a quote that does not end" },
	{ "\"deploy\":{\"placement\":{\"constraints\":[\"node.foo==x\"]}}",
	  "deploy.placement.constraints[0]: 'node.foo==x': a constraint is about node.id, node.hostname, "
	  "node.role, node.ip, node.platform.os, node.platform.arch, node.labels.NAME or "
	  "engine.labels.NAME" },
	{ "\"deploy\":{\"placement\":{\"constraints\":[\"node.labels.zone==a,b\"]}}",
	  "deploy.placement.constraints[0]: 'node.labels.zone==a,b' has a character that the managers refuse: "
	  "use letters, digits, '-', '_' and '.' on both sides of the sign" },
	{ "\"deploy\":{\"placement\":{\"constraints\":[\"node.role manager\"]}}",
	  "deploy.placement.constraints[0]: 'node.role manager' must be like node.labels.disk==ssd" },
	{ "\"deploy\":{\"placement\":{\"preferences\":[{\"spread\":\"zone\"}]}}",
	  "deploy.placement.preferences[0]: must be like {spread: node.labels.zone}" },
	{ "\"deploy\":{\"mode\":\"global\",\"replicas\":2}",
	  "deploy.replicas: does not go with mode global" },
	{ "\"deploy\":{\"mode\":\"global-job\",\"update_config\":{\"delay\":\"1s\"}}",
	  "deploy.update_config.delay: does not go with mode global-job" },
	{ "\"deploy\":{\"mode\":\"replicated-job\",\"restart_policy\":{\"condition\":\"any\"}}",
	  "deploy.restart_policy.condition: must be none or on-failure with mode replicated-job" },
	{ "\"deploy\":{\"resources\":{\"limits\":{\"memory\":\"10m\"},\"reservations\":{\"memory\":\"20m\"}}}",
	  "deploy.resources.reservations.memory: must not be above deploy.resources.limits.memory" },
	{ "\"deploy\":{\"resources\":{\"limits\":{\"cpus\":0.0009}}}",
	  "deploy.resources.limits.cpus: must be 0 or at least 0.001" },
	{ "\"deploy\":{\"resources\":{\"reservations\":{\"memory\":\"4095k\"}}}",
	  "deploy.resources.reservations.memory: must be 0 or at least 4m" },
	{ "\"deploy\":{\"resources\":{\"limits\":{\"cpus\":0.001,\"memory\":\"4m\"}}}", "" },
	{ "\"healthcheck\":{\"test\":\"x\",\"start_period\":\"999us\"}",
	  "healthcheck.start_period: must be 0 or at least 1ms" },
	{ "\"healthcheck\":{\"test\":\"x\",\"interval\":\"0s\",\"timeout\":\"1ms\"}", "" },
	{ "\"deploy\":{\"resources\":{\"limits\":{\"cpus\":\"half\"}}}",
	  "deploy.resources.limits.cpus: must be a number of processors such as 0.5, not 'half'" },
	{ "\"deploy\":{\"update_config\":{\"max_failure_ratio\":2}}",
	  "deploy.update_config.max_failure_ratio: must be a ratio from 0 to 1, not '2'" },
	{ "\"deploy\":{\"endpoint_mode\":\"dnsrr\"},\"ports\":[\"80:80\"]",
	  "ports: 80/tcp in mode ingress does not go with endpoint_mode dnsrr: publish it in mode host" },
	{ "\"credential_spec\":{\"file\":\"a\",\"registry\":\"b\"}",
	  "credential_spec: takes one of config, file and registry: set what it has to null" },
	{ "\"deploy\":{\"resources\":{\"reservations\":{\"generic_resources\":[5]}}}",
	  "deploy.resources.reservations.generic_resources[0]: must be {discrete_resource_spec: {kind: "
	  "NAME, value: NUMBER}}, not '5'" },
};

/* A mistyped key is one line, and not a second one that what it was meant for is not there. */
static void mistyped_image(void)
{
	json_t *given = json_pack("{s:s}", "imag", "a:1"), *found = NULL;

	CHECK_INT(swarm_spec_check(given, NULL, &found, NULL), 0);
	CHECK_INT(json_array_size(found), 1);
	CHECK_STR(json_string_value(json_array_get(found, 0)),
		  "imag: no such key, did you mean image?");
	json_decref(found);
	json_decref(given);
	given = json_pack("{s:{s:s}}", "deploy", "imag", "a:1");
	CHECK_INT(swarm_spec_check(given, NULL, &found, NULL), 0);
	CHECK_INT(json_array_size(found), 2);
	json_decref(found);
	json_decref(given);
}

static json_t *service(const char *given)
{
	json_t *more = json_sprintf("{\"image\":\"a:1\",%s}", given);
	json_t *json = json_loads(json_string_value(more), 0, NULL);

	json_decref(more);
	return json;
}

static void each_slip(void)
{
	swarm_spec_options options = SWARM_SPEC_OPTIONS_INIT;
	json_t *known = json_pack("{s:{s:s}, s:{s:s}, s:{}}", "networks", "front", "net1",
				  "secrets", "key", "sec1", "configs");

	options.ids = known;
	for (size_t i = 0; i < sizeof(slips) / sizeof(*slips); i++) {
		swarm_error err = SWARM_ERROR_INIT;
		json_t *given = service(slips[i].given);
		json_t *found = NULL;

		test_row = slips[i].given;
		CHECK(given != NULL);
		CHECK_INT(swarm_spec_check(given, &options, &found, &err), 0);
		CHECK_INT(json_array_size(found), *slips[i].line != '\0');
		if (*slips[i].line)
			CHECK_STR(json_string_value(json_array_get(found, 0)), slips[i].line);
		json_decref(found);
		json_decref(given);
	}
	json_decref(known);
}

static void all_at_once(void)
{
	swarm_error err = SWARM_ERROR_INIT;
	json_t *given = service("\"enviroment\":{},\"tty\":5,\"stop_grace_period\":3");
	json_t *found = NULL, *result = NULL;

	CHECK_INT(swarm_spec_check(given, NULL, &found, NULL), 0);
	CHECK_INT(json_array_size(found), 3);
	CHECK_INT(swarm_spec_merge(NULL, given, NULL, &result, &err), SWARM_E_INVAL);
	CHECK_STR(err.text,
		  "enviroment: no such key, did you mean environment?; tty: must be true or "
		  "false, not '5'; stop_grace_period: 3 has no unit: write 3s");
	CHECK(result == NULL);
	json_decref(found);
	json_decref(given);
}

/* A name is checked where something new gets it. */
static void names(void)
{
	static const char *const bad[] = {
		"a b", "a/b",      "a.b", "-a",
		"a_",  "\303\274", "",    "a123456789b123456789c123456789d123456789e123456789f123"
	};
	swarm_spec_options options = SWARM_SPEC_OPTIONS_INIT;
	json_t *given = service("\"hostname\":\"h\""), *nothing = json_object();
	json_t *there = json_pack("{s:{}}", "TaskTemplate");

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		json_t *found = NULL, *result = NULL;
		char name[80];

		snprintf(name, sizeof(name), "%s%s", bad[i], i == 7 ? "0123456789" : "");
		test_row = name;
		options.name = name;
		CHECK_INT(swarm_spec_check(given, &options, &found, NULL), 0);
		CHECK_INT(json_array_size(found), 1);
		CHECK_PART(json_string_value(json_array_get(found, 0)),
			   "name: must be 1 to 63 letters, digits, '-' and '_'");
		CHECK_INT(swarm_spec_merge(there, given, &options, &result, NULL), 0);
		json_decref(result);
		result = NULL;
		CHECK_INT(swarm__network_merge(NULL, nothing, name, &result, NULL), SWARM_E_INVAL);
		json_decref(found);
		options.flags = SWARM_SPEC_NETWORK;
		CHECK_INT(swarm_spec_check(nothing, &options, &found, NULL), 0);
		CHECK_INT(json_array_size(found), 1);
		options.flags = 0;
		json_decref(found);
	}
	options.name = "a-_b-0";
	json_decref(there);
	CHECK_INT(swarm_spec_merge(NULL, given, &options, &there, NULL), 0);
	json_decref(given);
	json_decref(nothing);
	json_decref(there);
}

static void malformed_specs(void)
{
	static const char *const specs[] = {
		"{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":5}}}",
		"{\"TaskTemplate\":{\"ContainerSpec\":{\"Env\":{}}}}",
		"{\"TaskTemplate\":{\"ContainerSpec\":{\"Env\":[5]}}}",
		"{\"TaskTemplate\":{\"ContainerSpec\":{\"Mounts\":[5]}}}",
		"{\"TaskTemplate\":{\"ContainerSpec\":{\"Secrets\":{}}}}",
		"{\"TaskTemplate\":{\"Networks\":[{\"Target\":5}]}}",
		"{\"EndpointSpec\":{\"Ports\":[{\"TargetPort\":\"80\"}]}}",
		"{\"Mode\":5}",
		"{\"Mode\":{\"Replicated\":{\"Replicas\":\"2\"}}}",
		"{\"Labels\":{\"a\":5}}",
	};
	/* It writes into each of them. */
	static const char words[] =
		"{\"image\":\"a:1\",\"environment\":[\"B=2\"],\"volumes\":[\"d:/d\"],"
		"\"secrets\":[\"key\"],\"networks\":[\"n\"],\"ports\":[\"80:80\"],"
		"\"deploy\":{\"replicas\":3,\"labels\":{\"b\":\"1\"}}}";
	json_t *given = json_loads(words, 0, NULL);

	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
		swarm_error err = SWARM_ERROR_INIT;
		json_t *spec = json_loads(specs[i], 0, NULL);
		json_t *result = NULL;

		test_row = specs[i];
		CHECK_INT(swarm_spec_merge(spec, given, NULL, &result, &err), SWARM_E_JSON);
		CHECK_PART(err.text, "another form");
		CHECK(result == NULL);
		json_decref(spec);
	}
	json_decref(given);
}

static void arguments(void)
{
	swarm_spec_options options = SWARM_SPEC_OPTIONS_INIT;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *array = json_array(), *object = json_object(), *result = NULL;

	CHECK_INT(swarm_spec_merge(NULL, array, NULL, &result, &err), SWARM_E_INVAL);
	CHECK_INT(swarm_spec_merge(NULL, NULL, NULL, &result, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_spec_merge(array, object, NULL, &result, NULL), SWARM_E_JSON);
	CHECK_INT(swarm_spec_words(array, NULL, &result, NULL), SWARM_E_JSON);
	CHECK_INT(swarm_spec_words(NULL, NULL, &result, NULL), SWARM_E_INVAL);
	options.size = 1;
	CHECK_INT(swarm_spec_check(object, &options, &result, NULL), SWARM_E_INVAL);
	CHECK(result == NULL);
	json_decref(array);
	json_decref(object);
}

TEST_MAIN(TEST(each_slip), TEST(mistyped_image), TEST(all_at_once), TEST(names),
	  TEST(malformed_specs), TEST(arguments))
