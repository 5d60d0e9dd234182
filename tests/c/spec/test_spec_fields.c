/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each field of spec.def in its life: made, found again, changed and removed, with what the engine is
 * sent and whether tasks restart. A field without a case here is a failure.
 */
#include "spec/internal.h"
#include "test.h"

typedef struct field_case {
	const char *name;
	const char *first;
	const char *stored; /* at the path of the field, for first */
	const char *second;
} field_case;

static const char ids[] = "{\"networks\":{\"front\":\"net1\",\"back\":\"net2\",\"host\":\"net3\"},"
			  "\"secrets\":{\"key\":\"sec1\",\"other\":\"sec2\"},"
			  "\"configs\":{\"site\":\"con1\",\"other\":\"con2\"}}";

#define FILE_OF(kind, id, name, file)                                                              \
	"[{\"" kind "ID\":\"" id "\",\"" kind "Name\":\"" name "\",\"File\":{\"Name\":\"" file     \
	"\",\"UID\":\"0\",\"GID\":\"0\",\"Mode\":292}}]"
#define PORT(target, published, protocol, mode)                                                    \
	"{\"TargetPort\":" target ",\"PublishedPort\":" published ",\"Protocol\":\"" protocol      \
	"\",\"PublishMode\":\"" mode "\"}"

static const field_case fields[] = {
	{ "image", "\"b:1\"", "\"b:1\"", "\"b:2\"" },
	{ "command", "\"a 'b c'\"", "[\"a\",\"b c\"]", "[\"a\",\"b\",\"c\"]" },
	{ "entrypoint", "[\"sh\",\"-c\"]", "[\"sh\",\"-c\"]", "\"sh\"" },
	{ "environment", "{\"B\":2,\"A\":\"\"}", "[\"A=\",\"B=2\"]", "[\"B=3\",\"A=\"]" },
	{ "labels", "[\"a=1\"]", "{\"a\":\"1\"}", "{\"a\":\"2\"}" },
	{ "hostname", "\"h\"", "\"h\"", "\"i\"" },
	{ "user", "\"5:6\"", "\"5:6\"", "\"5\"" },
	{ "group_add", "[\"7\"]", "[\"7\"]", "[\"7\",\"8\"]" },
	{ "working_dir", "\"/w\"", "\"/w\"", "\"/x\"" },
	{ "tty", "true", "true", "false" },
	{ "stdin_open", "true", "true", "false" },
	{ "read_only", "true", "true", "false" },
	{ "init", "true", "true", "false" },
	{ "init", "false", "false", "null" },
	{ "isolation", "\"process\"", "\"process\"", "\"hyperv\"" },
	{ "stop_signal", "\"SIGINT\"", "\"SIGINT\"", "\"SIGHUP\"" },
	{ "stop_grace_period", "\"1m\"", "60000000000", "\"0s\"" },
	{ "dns", "[\"10.0.0.2\",\"10.0.0.1\"]", "[\"10.0.0.2\",\"10.0.0.1\"]",
	  "[\"10.0.0.1\",\"10.0.0.2\"]" },
	{ "dns_search", "[\"b.org\",\"a.org\"]", "[\"b.org\",\"a.org\"]", "[\"a.org\",\"b.org\"]" },
	{ "dns_opt", "[\"ndots:2\"]", "[\"ndots:2\"]", "[\"ndots:3\"]" },
	{ "extra_hosts", "[\"six:2001:db8::1\"]", "[\"2001:db8::1 six\"]",
	  "[\"six:2001:db8::2\"]" },
	{ "healthcheck.test", "\"true || x\"", "[\"CMD-SHELL\",\"true || x\"]",
	  "[\"CMD\",\"true\"]" },
	{ "healthcheck.test", "[\"CMD\",\"true\"]", "[\"CMD\",\"true\"]", "[\"NONE\"]" },
	{ "healthcheck.test", "[\"NONE\"]", "[\"NONE\"]", "null" },
	{ "healthcheck.interval", "\"90s\"", "90000000000", "\"0s\"" },
	{ "healthcheck.timeout", "\"2s\"", "2000000000", "\"3s\"" },
	{ "healthcheck.retries", "3", "3", "0" },
	{ "healthcheck.start_period", "\"5s\"", "5000000000", "\"6s\"" },
	{ "healthcheck.start_interval", "\"1s\"", "1000000000", "\"2s\"" },
	{ "logging.driver", "\"json-file\"", "\"json-file\"", "\"local\"" },
	{ "logging.options", "{\"max-file\":3}", "{\"max-file\":\"3\"}", "{\"max-file\":\"4\"}" },
	{ "cap_add", "[\"net_admin\"]", "[\"CAP_NET_ADMIN\"]", "[\"CAP_NET_RAW\"]" },
	{ "cap_drop", "[\"CAP_CHOWN\"]", "[\"CAP_CHOWN\"]", "[\"ALL\"]" },
	{ "sysctls", "{\"net.core.somaxconn\":99}", "{\"net.core.somaxconn\":\"99\"}",
	  "[\"net.core.somaxconn=100\"]" },
	{ "ulimits", "{\"core\":-1}", "[{\"Name\":\"core\",\"Soft\":-1,\"Hard\":-1}]",
	  "{\"core\":0}" },
	{ "ulimits", "{\"nofile\":{\"soft\":1,\"hard\":2}}",
	  "[{\"Name\":\"nofile\",\"Soft\":1,\"Hard\":2}]", "{\"nofile\":2}" },
	{ "oom_score_adj", "-100", "-100", "0" },
	{ "credential_spec.config", "\"site\"", "\"con1\"", "\"other\"" },
	{ "credential_spec.file", "\"a.json\"", "\"a.json\"", "\"b.json\"" },
	{ "credential_spec.registry", "\"a\"", "\"a\"", "\"b\"" },
	{ "secrets", "[\"key\"]", FILE_OF("Secret", "sec1", "key", "key"), "[\"other\"]" },
	{ "configs", "[\"site\"]", FILE_OF("Config", "con1", "site", "/site"), "[\"other\"]" },
	{ "volumes", "[\"/h:/t:ro\"]",
	  "[{\"Type\":\"bind\",\"Source\":\"/h\",\"Target\":\"/t\",\"ReadOnly\":true}]",
	  "[\"/h:/t\"]" },
	{ "volumes", "[\"d:/d\"]", "[{\"Type\":\"volume\",\"Source\":\"d\",\"Target\":\"/d\"}]",
	  "[]" },
	{ "volumes", "[{\"type\":\"tmpfs\",\"target\":\"/m\",\"tmpfs\":{\"size\":\"1m\"}}]",
	  "[{\"Type\":\"tmpfs\",\"Target\":\"/m\",\"TmpfsOptions\":{\"SizeBytes\":1048576}}]",
	  "[{\"type\":\"tmpfs\",\"target\":\"/m\",\"tmpfs\":{\"size\":\"2m\"}}]" },
	{ "networks", "[\"front\"]", "[{\"Target\":\"net1\"}]", "[\"back\"]" },
	{ "networks", "[\"net2\"]", "[{\"Target\":\"net2\"}]", "[\"front\",\"back\"]" },
	{ "networks", "[\"host\"]", "[{\"Target\":\"net3\"}]", "[]" },
	{ "networks", "{\"front\":{\"aliases\":[\"x\"]}}",
	  "[{\"Target\":\"net1\",\"Aliases\":[\"x\"]}]", "[\"front\"]" },
	{ "ports", "[\"80\"]",
	  "[{\"TargetPort\":80,\"Protocol\":\"tcp\",\"PublishMode\":\"ingress\"}]",
	  "[\"8080:80\"]" },
	{ "ports", "[\"70:7/sctp\"]", "[" PORT("7", "70", "sctp", "ingress") "]",
	  "[\"70:7/udp\"]" },
	{ "ports", "[{\"target\":7,\"published\":70,\"mode\":\"host\"}]",
	  "[" PORT("7", "70", "tcp", "host") "]", "[\"70:7\"]" },
	{ "deploy.mode", "\"replicated\"", "{\"Replicated\":{\"Replicas\":1}}", "\"global-job\"" },
	{ "deploy.replicas", "2", "{\"Replicated\":{\"Replicas\":2}}", "0" },
	{ "deploy.labels", "{\"a\":1}", "{\"a\":\"1\"}", "{\"a\":2}" },
	{ "deploy.endpoint_mode", "\"dnsrr\"", "\"dnsrr\"", "\"vip\"" },
	{ "deploy.update_config.parallelism", "0", "0", "2" },
	{ "deploy.update_config.delay", "\"2s\"", "2000000000", "\"0s\"" },
	{ "deploy.update_config.failure_action", "\"rollback\"", "\"rollback\"", "\"pause\"" },
	{ "deploy.update_config.monitor", "\"3s\"", "3000000000", "\"5s\"" },
	{ "deploy.update_config.max_failure_ratio", "0.5", "0.5", "0" },
	{ "deploy.update_config.order", "\"start-first\"", "\"start-first\"", "\"stop-first\"" },
	{ "deploy.rollback_config.parallelism", "0", "0", "2" },
	{ "deploy.rollback_config.delay", "\"2s\"", "2000000000", "\"0s\"" },
	{ "deploy.rollback_config.failure_action", "\"continue\"", "\"continue\"", "\"pause\"" },
	{ "deploy.rollback_config.monitor", "\"3s\"", "3000000000", "\"5s\"" },
	{ "deploy.rollback_config.max_failure_ratio", "0.5", "0.5", "0" },
	{ "deploy.rollback_config.order", "\"start-first\"", "\"start-first\"", "\"stop-first\"" },
	{ "deploy.restart_policy.condition", "\"on-failure\"", "\"on-failure\"", "\"any\"" },
	{ "deploy.restart_policy.delay", "\"3s\"", "3000000000", "\"5s\"" },
	{ "deploy.restart_policy.max_attempts", "2", "2", "0" },
	{ "deploy.restart_policy.window", "\"9s\"", "9000000000", "\"0s\"" },
	{ "deploy.placement.constraints", "[\"node.role == worker\"]", "[\"node.role==worker\"]",
	  "[\"node.role!=worker\"]" },
	{ "deploy.placement.preferences", "[{\"spread\":\"node.labels.a\"}]",
	  "[{\"Spread\":{\"SpreadDescriptor\":\"node.labels.a\"}}]",
	  "[{\"spread\":\"node.labels.b\"}]" },
	{ "deploy.placement.max_replicas_per_node", "2", "2", "0" },
	{ "deploy.resources.limits.cpus", "0.5", "500000000", "\"0\"" },
	{ "deploy.resources.limits.memory", "\"64m\"", "67108864", "0" },
	{ "deploy.resources.limits.pids", "9", "9", "0" },
	{ "deploy.resources.reservations.cpus", "\"0.25\"", "250000000", "0.5" },
	{ "deploy.resources.reservations.memory", "\"1g\"", "1073741824", "\"2g\"" },
	{ "deploy.resources.reservations.generic_resources",
	  "[{\"discrete_resource_spec\":{\"kind\":\"gpu\",\"value\":2}}]",
	  "[{\"DiscreteResourceSpec\":{\"Kind\":\"gpu\",\"Value\":2}}]",
	  "[{\"discrete_resource_spec\":{\"kind\":\"gpu\",\"value\":1}}]" },
};

static json_t *load(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_DECODE_ANY, &error);

	if (!json)
		printf("# %s\n# %s\n", error.text, text);
	return json;
}

/* A service with an image, and the value where the name says. */
static json_t *words_of(const char *name, const char *value)
{
	json_t *service = json_pack("{s:s}", "image", "a:1"), *place = service;
	char part[64];

	for (const char *dot; (dot = strchr(name, '.')); name = dot + 1) {
		json_t *below = json_object();

		snprintf(part, sizeof(part), "%.*s", (int)(dot - name), name);
		json_object_set_new(place, part, below);
		place = below;
	}
	json_object_set_new(place, name, load(value));
	return service;
}

static json_t *merged(const json_t *spec, const char *name, const char *value)
{
	swarm_spec_options options = SWARM_SPEC_OPTIONS_INIT;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *known = load(ids), *words = words_of(name, value), *result = NULL;

	options.name = "web";
	options.ids = known;
	if (!CHECK_INT(swarm_spec_merge(spec, words, &options, &result, &err), 0))
		printf("# %s\n", err.text);
	json_decref(known);
	json_decref(words);
	return result;
}

/* All changes are of the field, or of a key in it, beside the image of a new service; nothing is left for
 * a second run. */
static void check_changed(const json_t *result, const field_case *c, const char *value, bool some)
{
	json_t *changes = json_object_get(result, "changes"), *again, *change;
	const size_t length = strlen(c->name);
	const char *key;

	json_object_foreach (changes, key, change) {
		if (strcmp(key, "image") == 0 && json_is_null(json_object_get(change, "old")))
			continue;
		CHECK(strncmp(key, c->name, length) == 0 &&
		      (key[length] == '\0' || key[length] == '.'));
	}
	CHECK((json_object_size(changes) > 0) == some);
	again = merged(json_object_get(result, "spec"), c->name, value);
	CHECK_INT(json_object_size(json_object_get(again, "changes")), 0);
	CHECK(json_equal(json_object_get(again, "spec"), json_object_get(result, "spec")));
	json_decref(again);
}

static const char *restarts_of(const swarm__spec_row *row)
{
	return row->flags & SWARM__SPEC_TASK        ? "tasks"
	       : row->flags & SWARM__SPEC_PLACEMENT ? "placement"
						    : "no";
}

static void run_case(const field_case *c)
{
	const swarm__spec_row *row = swarm__spec_find(SWARM__SPEC_SERVICE, c->name);
	json_t *made, *changed, *spec, *stored = load(c->stored);
	char *text;

	test_row = c->name;
	if (!CHECK(row != NULL))
		return;
	made = merged(NULL, c->name, c->first);
	spec = json_object_get(made, "spec");
	if (!CHECK(json_equal(swarm__json_at(spec, row->path), stored))) {
		text = json_dumps(swarm__json_at(spec, row->path), JSON_ENCODE_ANY);
		printf("# %s\n", text);
		free(text);
	}
	check_changed(made, c, c->first, true);
	changed = merged(spec, c->name, c->second);
	check_changed(changed, c, c->second, true);
	/* Another mode is another service. */
	if (strcmp(c->name, "deploy.mode") != 0)
		CHECK_STR(json_string_value(json_object_get(changed, "restarts")),
			  restarts_of(row));
	json_decref(changed);
	json_decref(made);
	json_decref(stored);
}

static void each(void)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		run_case(&fields[i]);
}

/* null removes it, once. What no service is without is asked for, or stays. */
static void removed(void)
{
	static const char *const stay[] = { "deploy.mode", "deploy.replicas" };

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		const field_case *c = &fields[i];
		json_t *made, *changed;
		bool stays = false;

		if (strcmp(c->name, "image") == 0)
			continue;
		test_row = c->name;
		for (size_t k = 0; k < sizeof(stay) / sizeof(*stay); k++)
			stays |= strcmp(c->name, stay[k]) == 0;
		made = merged(NULL, c->name, c->first);
		changed = merged(json_object_get(made, "spec"), c->name, "null");
		check_changed(changed, c, "null", !stays);
		json_decref(changed);
		json_decref(made);
	}
}

static void every_row_has_a_case(void)
{
	for (const swarm__spec_row *row = swarm__spec_rows(SWARM__SPEC_SERVICE); row->name; row++) {
		bool found = row->flags & SWARM__SPEC_HIDDEN;

		for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
			found |= strcmp(fields[i].name, row->name) == 0;
		test_row = row->name;
		CHECK(found);
	}
}

TEST_MAIN(TEST(each), TEST(removed), TEST(every_row_has_a_case))
