/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service in compose's words merged into the engine's spec: what is written, what is reported, and that
 * what is equal stays as it is stored.
 */
#include "spec/internal.h"
#include "test.h"

#define CONTAINER(members) "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"," members "}}}"

typedef struct merge_case {
	const char *name;
	const char *have; /* NULL: a new service */
	const char *given;
	const char *spec;    /* NULL: as it was */
	const char *changes; /* NULL: not compared */
	const char *restarts;
	unsigned flags;
} merge_case;

static const char ids[] = "{\"networks\":{\"front\":\"net1\",\"back\":\"net2\"},"
			  "\"secrets\":{\"key\":\"sec1\"},\"configs\":{\"site\":\"con1\"}}";

static json_t *load(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_DECODE_ANY, &error);

	if (!json)
		printf("# %s\n# %s\n", error.text, text);
	return json;
}

static bool check_equal(const json_t *got, const char *text, const char *what)
{
	json_t *want = load(text);
	bool good = json_equal(swarm__json_iterable(got), want);
	char *shown = good ? NULL
			   : json_dumps(got, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	char *expected = good ? NULL
			      : json_dumps(want, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	if (!good)
		printf("# got      %s\n# expected %s\n", shown ? shown : "-",
		       expected ? expected : "-");
	free(shown);
	free(expected);
	json_decref(want);
	return test_check(good, __FILE__, __LINE__, what);
}

static void run_case(const merge_case *c)
{
	swarm_spec_options options = SWARM_SPEC_OPTIONS_INIT;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *have = c->have ? load(c->have) : NULL, *given = load(c->given), *known = load(ids);
	json_t *result = NULL, *again = NULL;

	options.name = "web";
	options.ids = known;
	options.flags = c->flags;
	test_row = c->name;
	if (!CHECK_INT(swarm_spec_merge(have, given, &options, &result, &err), 0))
		printf("# %s\n", err.text);
	check_equal(json_object_get(result, "spec"), c->spec ? c->spec : c->have, "the spec");
	if (c->changes)
		check_equal(json_object_get(result, "changes"), c->changes, "the changes");
	if (c->restarts)
		CHECK_STR(json_string_value(json_object_get(result, "restarts")), c->restarts);
	/* What a service is already changes nothing. */
	if (result && CHECK_INT(swarm_spec_merge(json_object_get(result, "spec"), given, &options,
						 &again, &err),
				0)) {
		check_equal(json_object_get(again, "changes"), "{}", "nothing the second time");
		CHECK(json_equal(json_object_get(again, "spec"), json_object_get(result, "spec")));
	}
	json_decref(have);
	json_decref(given);
	json_decref(known);
	json_decref(result);
	json_decref(again);
}

/* --- what is equal, whatever its form ---------------------------------------------------------------- */

#define SAME(name, members, given)                                                                 \
	{                                                                                          \
		name, CONTAINER(members), given, NULL, "{}", "no", 0                               \
	}

static const merge_case same[] = {
	SAME("latest", "\"Image\":\"busybox:latest\"", "{\"image\":\"busybox\"}"),
	SAME("registry", "\"Image\":\"busybox:1\"", "{\"image\":\"docker.io/library/busybox:1\"}"),
	SAME("digest", "\"Image\":\"r:5000/x:1@sha256:ab\"", "{\"image\":\"r:5000/x:1\"}"),
	SAME("command", "\"Args\":[\"a b\",\"c\"]", "{\"command\":\"'a b' c\"}"),
	SAME("no command", "\"Args\":null", "{\"command\":[]}"),
	SAME("env order", "\"Env\":[\"B=2\",\"A=1\"]", "{\"environment\":{\"A\":1,\"B\":\"2\"}}"),
	SAME("env list", "\"Env\":[\"B\",\"A=\"]", "{\"environment\":[\"A=\",\"B\"]}"),
	SAME("env twice", "\"Env\":[\"A=1\",\"A=2\"]", "{\"environment\":[\"A=2\"]}"),
	SAME("tty", "\"TTY\":false", "{\"tty\":false,\"read_only\":false,\"stdin_open\":\"no\"}"),
	SAME("init", "\"Init\":false", "{\"init\":false}"),
	SAME("grace", "\"StopGracePeriod\":90000000000", "{\"stop_grace_period\":\"1m30s\"}"),
	SAME("default grace", "\"X\":1",
	     "{\"stop_grace_period\":\"10s\",\"isolation\":\"default\"}"),
	SAME("isolation", "\"Isolation\":\"default\"", "{\"isolation\":\"default\"}"),
	SAME("empty wrappers", "\"Healthcheck\":{},\"DNSConfig\":{},\"Privileges\":{}",
	     "{\"dns\":[],\"healthcheck\":{\"test\":[],\"interval\":\"0s\"}}"),
	SAME("caps", "\"CapabilityAdd\":[\"net_admin\",\"CAP_SYS_TIME\"]",
	     "{\"cap_add\":[\"SYS_TIME\",\"cap_net_admin\"]}"),
	SAME("caps all", "\"CapabilityDrop\":[\"ALL\"]", "{\"cap_drop\":[\"CHOWN\",\"all\"]}"),
	SAME("hosts", "\"Hosts\":[\"10.0.0.1 a b\",\"::1 c\"]",
	     "{\"extra_hosts\":{\"c\":\"[::1]\",\"b\":\"10.0.0.1\",\"a\":[\"10.0.0.1\"]}}"),
	SAME("hosts list", "\"Hosts\":[\"fe80::1 a\"]", "{\"extra_hosts\":[\"a:fe80::1\"]}"),
	SAME("ulimits", "\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":5,\"Hard\":5}]",
	     "{\"ulimits\":{\"nofile\":5}}"),
	SAME("mounts",
	     "\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"d\",\"Target\":\"/d/\","
	     "\"VolumeOptions\":{\"Labels\":{}}},{\"Source\":\"/h\",\"Target\":\"/t\"}]",
	     "{\"volumes\":[\"/h:/t\",\"d:/d\"]}"),
	SAME("secret",
	     "\"Secrets\":[{\"SecretID\":\"sec1\",\"SecretName\":\"key\",\"File\":"
	     "{\"Name\":\"key\",\"UID\":\"0\",\"GID\":\"0\",\"Mode\":292}}]",
	     "{\"secrets\":[\"key\"]}"),
	SAME("secret mode",
	     "\"Secrets\":[{\"SecretID\":\"sec1\",\"SecretName\":\"key\",\"File\":"
	     "{\"Name\":\"x\",\"Mode\":256}}]",
	     "{\"secrets\":[{\"source\":\"key\",\"target\":\"x\",\"mode\":\"0400\",\"uid\":0}]}"),
	SAME("config",
	     "\"Configs\":[{\"ConfigID\":\"con1\",\"ConfigName\":\"site\",\"File\":"
	     "{\"Name\":\"/site\",\"UID\":\"0\",\"GID\":\"0\",\"Mode\":292}}]",
	     "{\"configs\":[\"site\"]}"),
	{ "networks",
	  "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"},\"Networks\":[{\"Target\":\"net1\","
	  "\"Aliases\":[\"web\",\"x\"]},{\"Target\":\"net2\"}]}}",
	  "{\"image\":\"a:1\",\"networks\":{\"back\":null,\"front\":{\"aliases\":[\"x\"]}}}", NULL,
	  "{}", "no", 0 },
	{ "deploy",
	  "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"},\"Resources\":{},\"Placement\":{"
	  "\"Constraints\":[\"node.role == manager\"]},\"RestartPolicy\":{\"Condition\":\"any\","
	  "\"Delay\":5000000000,\"MaxAttempts\":0}},\"Mode\":{\"Replicated\":{\"Replicas\":1}}}",
	  "{\"image\":\"a:1\",\"deploy\":{\"mode\":\"replicated\",\"replicas\":1,\"endpoint_mode\":\"vip\","
	  "\"restart_policy\":{\"delay\":\"0s\",\"max_attempts\":0},\"resources\":{\"limits\":{"
	  "\"memory\":0,\"cpus\":\"0\"}},\"update_config\":{\"parallelism\":1,\"monitor\":\"5s\"},"
	  "\"placement\":{\"max_replicas_per_node\":0,\"constraints\":[\"node.role==manager\"]}}}",
	  NULL, "{}", "no", 0 },
	{ "ports",
	  "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"}},\"EndpointSpec\":{\"Ports\":["
	  "{\"TargetPort\":81,\"PublishedPort\":8081,\"Protocol\":\"tcp\",\"PublishMode\":\"ingress\"},"
	  "{\"TargetPort\":80,\"PublishedPort\":8080},{\"TargetPort\":90}]}}",
	  "{\"image\":\"a:1\",\"ports\":[90,\"8080-8081:80-81\"]}", NULL, "{}", "no", 0 },
	{ "published ports of one target",
	  "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"}},\"EndpointSpec\":{\"Ports\":["
	  "{\"TargetPort\":80,\"PublishedPort\":8080,\"Protocol\":\"tcp\"},{\"TargetPort\":80,"
	  "\"PublishedPort\":8081,\"Protocol\":\"tcp\"}]}}",
	  "{\"image\":\"a:1\",\"ports\":[\"8080-8081:80/TCP\"]}", NULL, "{}", "no", 0 },
	{ "a job's labels",
	  "{\"Mode\":{\"ReplicatedJob\":{}},\"TaskTemplate\":{\"ContainerSpec\":"
	  "{\"Image\":\"a:1\"}}}",
	  "{\"image\":\"a:1\",\"deploy\":{\"replicas\":1}}", NULL, "{}", "no", 0 },
};

static void equal(void)
{
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
		merge_case c = same[i];

		run_case(&c);
	}
}

/* --- what differs ---------------------------------------------------------------------------------------- */

static const merge_case changed[] = {
	{ "new", NULL,
	  "{\"image\":\"a:1\",\"deploy\":{\"replicas\":2,\"update_config\":{\"delay\":\"1s\"}},"
	  "\"environment\":[\"B=2\",\"A=1\"],\"ports\":[\"80:8080\"]}",
	  "{\"Name\":\"web\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\",\"Env\":[\"A=1\","
	  "\"B=2\"]},\"Placement\":{}},\"Mode\":{\"Replicated\":{\"Replicas\":2}},\"UpdateConfig\":{\"Delay\":1000000000,"
	  "\"Parallelism\":1},\"EndpointSpec\":{\"Ports\":[{\"TargetPort\":8080,\"PublishedPort\":80,"
	  "\"Protocol\":\"tcp\",\"PublishMode\":\"ingress\"}]}}",
	  NULL, "tasks", 0 },
	{ "all others stay", CONTAINER("\"Env\":[\"A=1\",\"B=2\"],\"New\":{\"x\":1}"),
	  "{\"environment\":{\"A\":\"3\",\"B\":null,\"C\":\"\"}}",
	  CONTAINER("\"Env\":[\"A=3\",\"C=\"],\"New\":{\"x\":1}"),
	  "{\"environment.A\":{\"old\":\"***\",\"new\":\"***\"},\"environment.B\":{\"old\":\"***\",\"new\":"
	  "null},\"environment.C\":{\"old\":null,\"new\":\"***\"}}",
	  "tasks", 0 },
	{ "shown", CONTAINER("\"Env\":[\"A=1\"]"), "{\"environment\":{\"A\":\"3\"}}",
	  CONTAINER("\"Env\":[\"A=3\"]"), "{\"environment.A\":{\"old\":\"1\",\"new\":\"3\"}}",
	  "tasks", SWARM_SPEC_SHOW_ENV },
	{ "null removes", CONTAINER("\"Hostname\":\"h\",\"StopGracePeriod\":0"),
	  "{\"hostname\":null,\"stop_grace_period\":null}",
	  "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"}}}",
	  "{\"hostname\":{\"old\":\"h\",\"new\":null},\"stop_grace_period\":{\"old\":\"0s\",\"new\":\"10s\"}}",
	  "tasks", 0 },
	{ "zero is a value", CONTAINER("\"X\":1"), "{\"stop_grace_period\":\"0s\"}",
	  CONTAINER("\"X\":1,\"StopGracePeriod\":0"),
	  "{\"stop_grace_period\":{\"old\":\"10s\",\"new\":\"0s\"}}", "tasks", 0 },
	{ "all at once",
	  "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"}},\"UpdateConfig\":{\"Delay\":1}}",
	  "{\"image\":\"a:1\",\"deploy\":{\"update_config\":{\"parallelism\":1}}}",
	  "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"}},\"UpdateConfig\":{\"Delay\":1,"
	  "\"Parallelism\":1}}",
	  "{\"deploy.update_config.parallelism\":{\"old\":0,\"new\":1}}", "no", 0 },
	{ "parallelism of null",
	  "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"}},\"UpdateConfig\":{\"Delay\":1}}",
	  "{\"image\":\"a:1\",\"deploy\":{\"update_config\":{\"parallelism\":null}}}",
	  "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"}},\"UpdateConfig\":{\"Delay\":1,"
	  "\"Parallelism\":1}}",
	  "{\"deploy.update_config.parallelism\":{\"old\":0,\"new\":1}}", "no", 0 },
	{ "networks are named",
	  "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"},\"Networks\":[{\"Target\":\"net1\"},"
	  "{\"Target\":\"gone9\"}]}}",
	  "{\"image\":\"a:1\",\"networks\":[\"back\"]}",
	  "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"},\"Networks\":[{\"Target\":\"net2\"}]}}",
	  "{\"networks.front\":{\"old\":{\"name\":\"front\"},\"new\":null},\"networks.gone9\":{\"old\":"
	  "{\"name\":\"gone9\"},\"new\":null},\"networks.back\":{\"old\":null,\"new\":{\"name\":"
	  "\"back\"}}}",
	  "tasks", 0 },
	{ "one mount of two",
	  CONTAINER("\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"d\",\"Target\":\"/d/\","
		    "\"New\":1},{\"Type\":\"tmpfs\",\"Target\":\"/t\"}]"),
	  "{\"volumes\":[\"d:/d\",{\"type\":\"tmpfs\",\"target\":\"/t\",\"tmpfs\":{\"size\":\"1m\"}},"
	  "\"/x\"]}",
	  CONTAINER(
		  "\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"d\",\"Target\":\"/d/\",\"New\":1},"
		  "{\"Type\":\"tmpfs\",\"Target\":\"/t\",\"TmpfsOptions\":{\"SizeBytes\":1048576}},"
		  "{\"Type\":\"volume\",\"Target\":\"/x\"}]"),
	  "{\"volumes./t\":{\"old\":{\"type\":\"tmpfs\",\"target\":\"/t\"},\"new\":{\"type\":\"tmpfs\","
	  "\"target\":\"/t\",\"tmpfs\":{\"size\":\"1M\"}}},\"volumes./x\":{\"old\":null,\"new\":{\"type\":"
	  "\"volume\",\"target\":\"/x\"}}}",
	  "tasks", 0 },
	{ "a list is the whole",
	  CONTAINER("\"Secrets\":[{\"SecretID\":\"sec1\",\"SecretName\":\"key\","
		    "\"File\":{\"Name\":\"key\",\"UID\":\"0\",\"GID\":\"0\",\"Mode\":"
		    "292}}]"),
	  "{\"secrets\":[]}", "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"}}}",
	  "{\"secrets.key\":{\"old\":{\"source\":\"key\",\"target\":\"key\",\"mode\":\"0444\"},\"new\":null}}",
	  "tasks", 0 },
	{ "another secret under one name",
	  CONTAINER(
		  "\"Secrets\":[{\"SecretID\":\"old\",\"SecretName\":\"key\",\"File\":{\"Name\":\"key\","
		  "\"UID\":\"0\",\"GID\":\"0\",\"Mode\":292}}]"),
	  "{\"secrets\":[\"key\"]}",
	  CONTAINER(
		  "\"Secrets\":[{\"SecretID\":\"sec1\",\"SecretName\":\"key\",\"File\":{\"Name\":\"key\","
		  "\"UID\":\"0\",\"GID\":\"0\",\"Mode\":292}}]"),
	  NULL, "tasks", 0 },
	{ "the credential spec's config stays",
	  CONTAINER("\"Configs\":[{\"ConfigID\":\"c\",\"ConfigName\":\"cred\",\"Runtime\":{}}]"),
	  "{\"configs\":[\"site\"]}",
	  CONTAINER(
		  "\"Configs\":[{\"ConfigID\":\"c\",\"ConfigName\":\"cred\",\"Runtime\":{}},{\"ConfigID\":"
		  "\"con1\",\"ConfigName\":\"site\",\"File\":{\"Name\":\"/site\",\"UID\":\"0\",\"GID\":"
		  "\"0\",\"Mode\":292}}]"),
	  NULL, "tasks", 0 },
	{ "labels of a stack stay",
	  "{\"Labels\":{\"com.docker.stack.namespace\":\"s\",\"a\":\"1\",\"libswarm.name\":\"x\"},"
	  "\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\",\"Hostname\":\"h\",\"Env\":[\"A=1\"]}}}",
	  "{\"image\":\"a:1\",\"deploy\":{\"labels\":{\"b\":2}}}",
	  "{\"Labels\":{\"com.docker.stack.namespace\":\"s\",\"b\":\"2\",\"libswarm.name\":\"x\"},"
	  "\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"}}}",
	  "{\"deploy.labels.a\":{\"old\":\"1\",\"new\":null},\"deploy.labels.b\":{\"old\":null,\"new\":"
	  "\"2\"},\"hostname\":{\"old\":\"h\",\"new\":null},\"environment.A\":{\"old\":\"***\",\"new\":null}}",
	  "tasks", SWARM_SPEC_STRICT },
	{ "placement", "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"}}}",
	  "{\"deploy\":{\"placement\":{\"constraints\":[\"node.labels.a == b\"],\"preferences\":[{\"spread\":"
	  "\"node.labels.z\"}]}}}",
	  "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"},\"Placement\":{\"Constraints\":["
	  "\"node.labels.a==b\"],\"Preferences\":[{\"Spread\":{\"SpreadDescriptor\":\"node.labels.z\"}}]}}}",
	  NULL, "placement", 0 },
	{ "labels restart nothing", CONTAINER("\"X\":1"), "{\"deploy\":{\"labels\":{\"a\":\"1\"}}}",
	  "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\",\"X\":1}},\"Labels\":{\"a\":\"1\"}}",
	  NULL, "no", 0 },
	{ "a job", NULL,
	  "{\"image\":\"a:1\",\"deploy\":{\"mode\":\"replicated-job\",\"replicas\":3}}",
	  "{\"Name\":\"web\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"},\"Placement\":{}},"
	  "\"Mode\":{\"ReplicatedJob\":{\"TotalCompletions\":3,\"MaxConcurrent\":3}}}",
	  NULL, NULL, 0 },
	{ "replicas of null stay",
	  "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"}},\"Mode\":"
	  "{\"Replicated\":{\"Replicas\":4}}}",
	  "{\"deploy\":{\"replicas\":null}}", NULL, "{}", "no", 0 },
	{ "strict keeps the scale",
	  "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"}},\"Mode\":"
	  "{\"Replicated\":{\"Replicas\":4}}}",
	  "{\"image\":\"a:1\"}", NULL, "{}", "no", SWARM_SPEC_STRICT },
	{ "health is not disabled any more",
	  CONTAINER("\"Healthcheck\":{\"Test\":[\"NONE\"],\"Retries\":3}"),
	  "{\"healthcheck\":{\"disable\":false}}", CONTAINER("\"Healthcheck\":{\"Retries\":3}"),
	  "{\"healthcheck.test\":{\"old\":[\"NONE\"],\"new\":null}}", "tasks", 0 },
	{ "health that was not disabled", CONTAINER("\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"]}"),
	  "{\"healthcheck\":{\"disable\":false}}", NULL, "{}", "no", 0 },
	{ "health", CONTAINER("\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"],\"Retries\":3}"),
	  "{\"healthcheck\":{\"disable\":true}}",
	  CONTAINER("\"Healthcheck\":{\"Test\":[\"NONE\"],\"Retries\":3}"), NULL, "tasks", 0 },
};

static void differing(void)
{
	for (size_t i = 0; i < sizeof(changed) / sizeof(*changed); i++) {
		merge_case c = changed[i];

		run_case(&c);
	}
}

static void mode_replaces(void)
{
	swarm_error err = SWARM_ERROR_INIT;
	json_t *have = load(
		"{\"Mode\":{\"Replicated\":{}},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":"
		"\"a:1\"}}}");
	json_t *given = load("{\"image\":\"a:1\",\"deploy\":{\"mode\":\"global\"}}");
	json_t *result = NULL;

	CHECK_INT(swarm_spec_merge(have, given, NULL, &result, &err), 0);
	CHECK(json_is_true(json_object_get(result, "replaces")));
	check_equal(json_object_get(json_object_get(result, "spec"), "Mode"), "{\"Global\":{}}",
		    "mode");
	json_decref(result);
	json_decref(have);
	json_decref(given);
}

/* --- units ---------------------------------------------------------------------------------------------- */

static void units(void)
{
	static const struct {
		const char *text;
		int64_t ns; /* -1: refused */
		const char *shown;
	} durations[] = {
		{ "0", 0, "0s" },
		{ "1.5h", 5400000000000, "1h30m" },
		{ "100ms", 100000000, "100ms" },
		{ "1m30s", 90000000000, "1m30s" },
		{ "1us1ns", 1001, "1us1ns" },
		{ "", -1, NULL },
		{ "5", -1, NULL },
		{ "-5s", -1, NULL },
		{ "5 s", -1, NULL },
		{ "9999999999h", -1, NULL },
		{ ".s", -1, NULL },
		{ "\302\265s", -1, NULL },
		{ "3\302\265s", 3000, "3us" },
		{ "0.0000000000000000001s", -1, NULL },
	};
	static const struct {
		const char *text;
		int64_t bytes;
		const char *shown;
	} sizes[] = {
		{ "64m", 67108864, "64M" },
		{ "1gb", 1073741824, "1G" },
		{ "1GiB", 1073741824, "1G" },
		{ "1.5k", 1536, "1536" },
		{ "12", 12, "12" },
		{ "1 kb", 1024, "1K" },
		{ "m", -1, NULL },
		{ "1x", -1, NULL },
		{ "-1", -1, NULL },
		{ "9999999999999g", -1, NULL },
	};
	int64_t value;
	char text[64];

	for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++) {
		bool good = swarm__parse_duration(durations[i].text, &value);

		test_row = durations[i].text;
		CHECK(good == (durations[i].ns >= 0));
		if (!good)
			continue;
		CHECK_INT(value, durations[i].ns);
		swarm__show_duration(value, text);
		CHECK_STR(text, durations[i].shown);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		bool good = swarm__parse_size(sizes[i].text, &value);

		test_row = sizes[i].text;
		CHECK(good == (sizes[i].bytes >= 0));
		if (!good)
			continue;
		CHECK_INT(value, sizes[i].bytes);
		swarm__show_size(value, text);
		CHECK_STR(text, sizes[i].shown);
	}
	CHECK(swarm__parse_cpus("0.1", &value));
	CHECK_INT(value, 100000000);
	CHECK(!swarm__parse_cpus("0.0000000001", &value));
	swarm__show_cpus(1500000000, text);
	CHECK_STR(text, "1.5");
	swarm__show_cpus(2000000000, text);
	CHECK_STR(text, "2");
}

static void command_lines(void)
{
	static const struct {
		const char *text;
		const char *words; /* NULL: refused */
	} lines[] = {
		{ "a b  c", "[\"a\",\"b\",\"c\"]" },
		{ "a 'b c'd \"e \\\" f\"", "[\"a\",\"b cd\",\"e \\\" f\"]" },
		{ "a '' # rest\nb", "[\"a\",\"\",\"b\"]" },
		{ "a\\ b #c", "[\"a b\"]" },
		{ "a 'b", NULL },
		{ "a\\", NULL },
	};
	const char *why;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		json_t *words = swarm__split_words(lines[i].text, &why);

		test_row = lines[i].text;
		CHECK((words != NULL) == (lines[i].words != NULL));
		CHECK((why == NULL) == (lines[i].words != NULL));
		if (words)
			check_equal(words, lines[i].words, "the words");
		json_decref(words);
	}
}

TEST_MAIN(TEST(equal), TEST(differing), TEST(mode_replaces), TEST(units), TEST(command_lines))
