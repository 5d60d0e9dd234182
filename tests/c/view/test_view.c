/* SPDX-License-Identifier: Apache-2.0 */
/* Views: each field of each type, from bytes and from a tree, and the errors of both. */
#include "test.h"
#include "view/internal.h"

/* No field reads the middle of these texts. */
static const char node_text[] =
	"[{\"ID\":\"m1\",\"Version\":{\"Index\":9},\"Spec\":{\"Labels\":{\"zone\":\"a\"},"
	"\"Role\":\"manager\",\"Availability\":\"drain\"},\"Description\":{"
	"\"\\u0048ostname\":\"host\\u002d1\",\"Platform\":{\"OS\":\"linux\"},\"Engine\":{"
	"\"EngineVersion\":\"26.1.5\",\"Plugins\":[{\"Type\":\"Log\"}]}},"
	"\"Status\":{\"State\":\"ready\",\"Message\":\"fine\",\"Addr\":\"10.0.0.1\"},"
	"\"ManagerStatus\":{\"Leader\":true,\"Reachability\":\"reachable\","
	"\"Addr\":\"10.0.0.1:2377\"}},{\"ID\":\"w1\",\"Spec\":{\"Labels\":null}}]";

static void check_nodes(const swarm_node_list *list)
{
	const swarm_node *m = &list->nodes[0], *w = &list->nodes[1];

	CHECK_INT(list->count, 2);
	CHECK_STR(m->id, "m1");
	CHECK_STR(m->hostname, "host-1");
	CHECK_STR(m->role, "manager");
	CHECK_STR(m->availability, "drain");
	CHECK_STR(m->state, "ready");
	CHECK_STR(m->message, "fine");
	CHECK_STR(m->addr, "10.0.0.1");
	CHECK_STR(m->engine_version, "26.1.5");
	CHECK_INT(m->member, 1);
	CHECK_INT(m->leader, 1);
	CHECK_STR(m->reachability, "reachable");
	CHECK_STR(m->manager_addr, "10.0.0.1:2377");
	CHECK_STR(swarm_label_get(m->labels, "zone"), "a");
	CHECK_STR(w->id, "w1");
	CHECK_STR(w->hostname, "");
	CHECK_STR(w->engine_version, "");
	CHECK_STR(w->manager_addr, "");
	CHECK_INT(w->member, 0);
	CHECK_INT(w->leader, 0);
	CHECK(w->labels && !w->labels->name);
}

static const char service_text[] =
	"[{\"ID\":\"s1\",\"Version\":{\"Index\":21},\"CreatedAt\":\"2026-01-01T00:00:00Z\","
	"\"UpdatedAt\":\"2026-01-02T00:00:00.5Z\",\"Spec\":{\"Name\":\"web\",\"Labels\":{\"a\":\"b\"},"
	"\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:1@sha256:00\",\"Labels\":{\"x\":\"y\"}},"
	"\"ForceUpdate\":0},\"Mode\":{\"Replicated\":{\"Replicas\":3}}},"
	"\"PreviousSpec\":{\"Name\":\"old\",\"Labels\":{\"o\":\"p\"}},"
	"\"Endpoint\":{\"Spec\":{}},\"UpdateStatus\":{\"State\":\"paused\",\"Message\":\"task failed\"},"
	"\"Endpoint\":{\"Spec\":{},\"Ports\":[{\"Protocol\":\"tcp\",\"TargetPort\":80,"
	"\"PublishedPort\":8080,\"PublishMode\":\"ingress\"},{\"TargetPort\":53,\"x\":[1]}]},"
	"\"ServiceStatus\":{\"RunningTasks\":2,\"DesiredTasks\":3}},"
	"{\"ID\":\"s2\",\"Spec\":{\"Mode\":{\"Global\":{}}},\"Endpoint\":{\"Ports\":[]}},"
	"{\"ID\":\"s3\",\"Spec\":{\"Mode\":{\"ReplicatedJob\":{\"MaxConcurrent\":1,"
	"\"TotalCompletions\":5}},\"TaskTemplate\":{\"Placement\":{\"MaxReplicas\":2}}},"
	"\"ServiceStatus\":{\"CompletedTasks\":4}},"
	"{\"ID\":\"s4\",\"Spec\":{\"Mode\":{\"GlobalJob\":{}}}}]";

static void check_services(const swarm_service_list *list)
{
	const swarm_service *s = list->services;

	CHECK_INT(list->count, 4);
	CHECK_STR(s->id, "s1");
	CHECK_INT(s->version, 21);
	CHECK_STR(s->name, "web");
	CHECK_STR(swarm_label_get(s->labels, "a"), "b");
	CHECK(!swarm_label_get(s->labels, "x") && !swarm_label_get(s->labels, "o"));
	CHECK_STR(s->image, "nginx:1@sha256:00");
	CHECK_INT(s->replicas, 3);
	CHECK(s->replicated && !s->global && !s->replicated_job && !s->global_job);
	CHECK_STR(s->update_state, "paused");
	CHECK_STR(s->update_message, "task failed");
	CHECK_INT(s->running_tasks, 2);
	CHECK_INT(s->desired_tasks, 3);
	CHECK_STR(s->updated_at, "2026-01-02T00:00:00.5Z");
	CHECK_INT(s->ports[0].target, 80);
	CHECK_INT(s->ports[0].published, 8080);
	CHECK_STR(s->ports[0].protocol, "tcp");
	CHECK_STR(s->ports[0].mode, "ingress");
	CHECK_INT(s->ports[1].target, 53);
	CHECK_INT(s->ports[1].published, 0);
	CHECK_STR(s->ports[1].protocol, "");
	CHECK(!s->ports[2].protocol && !s[1].ports->protocol && !s[3].ports->protocol);
	CHECK_INT(s[2].total_completions, 5);
	CHECK_INT(s[2].max_replicas, 2);
	CHECK_INT(s[2].completed_tasks, 4);
	CHECK(!s[1].replicated && s[1].global && !s[1].replicated_job && !s[1].global_job);
	CHECK(!s[2].replicated && !s[2].global && s[2].replicated_job && !s[2].global_job);
	CHECK(!s[3].replicated && !s[3].global && !s[3].replicated_job && s[3].global_job);
	CHECK_STR(s[3].update_state, "");
}

static const char task_text[] =
	"[{\"ID\":\"t1\",\"Version\":{\"Index\":30},\"CreatedAt\":\"2026-01-01T00:00:00Z\","
	"\"Labels\":{\"l\":\"m\"},\"Spec\":{\"ContainerSpec\":{\"Image\":\"nginx:1\"}},"
	"\"ServiceID\":\"s1\",\"Slot\":2,\"NodeID\":\"n1\",\"Status\":{"
	"\"Timestamp\":\"2026-01-01T00:00:01Z\",\"State\":\"failed\",\"Message\":\"started\","
	"\"Err\":\"task: non-zero exit (-1)\",\"ContainerStatus\":{\"ContainerID\":\"c1\",\"PID\":0,"
	"\"ExitCode\":-1},\"PortStatus\":{}},\"DesiredState\":\"shutdown\","
	"\"NetworksAttachments\":null,\"JobIteration\":{\"Index\":4}},{\"ID\":\"t2\"}]";

static void check_tasks(const swarm_task_list *list)
{
	const swarm_task *t = list->tasks;

	CHECK_INT(list->count, 2);
	CHECK_STR(t->id, "t1");
	CHECK_STR(t->service_id, "s1");
	CHECK_INT(t->slot, 2);
	CHECK_STR(t->node_id, "n1");
	CHECK_STR(t->desired_state, "shutdown");
	CHECK_STR(t->state, "failed");
	CHECK_STR(t->message, "started");
	CHECK_STR(t->error, "task: non-zero exit (-1)");
	CHECK_STR(t->timestamp, "2026-01-01T00:00:01Z");
	CHECK_STR(t->container_id, "c1");
	CHECK_INT(t->exit_code, -1);
	CHECK_STR(t->image, "nginx:1");
	CHECK_INT(t->job_iteration, 4);
	CHECK_STR(t->created_at, "2026-01-01T00:00:00Z");
	CHECK_STR(swarm_label_get(t->labels, "l"), "m");
	CHECK_INT(t[1].exit_code, 0);
	CHECK_STR(t[1].node_id, "");
}

/* A secret's driver and a config's data are the difference. */
static const char secret_text[] =
	"[{\"ID\":\"x1\",\"Version\":{\"Index\":11},\"CreatedAt\":\"2026-01-01T00:00:00Z\","
	"\"UpdatedAt\":\"2026-01-02T00:00:00Z\",\"Spec\":{\"Name\":\"key\",\"Labels\":{\"a\":\"b\"},"
	"\"Driver\":{\"Name\":\"vault\"},\"Data\":\"aGVsbG8=\",\"Templating\":{\"Name\":\"golang\"}}}]";

static void check_secrets(const swarm_secret_list *list)
{
	const swarm_secret *s = list->secrets;

	CHECK_INT(list->count, 1);
	CHECK_STR(s->id, "x1");
	CHECK_INT(s->version, 11);
	CHECK_STR(s->name, "key");
	CHECK_STR(swarm_label_get(s->labels, "a"), "b");
	CHECK_STR(s->driver, "vault");
	CHECK_STR(s->templating, "golang");
	CHECK_STR(s->created_at, "2026-01-01T00:00:00Z");
	CHECK_STR(s->updated_at, "2026-01-02T00:00:00Z");
}

static void check_configs(const swarm_config_list *list)
{
	const swarm_config *c = list->configs;

	CHECK_INT(list->count, 1);
	CHECK_STR(c->id, "x1");
	CHECK_INT(c->version, 11);
	CHECK_STR(c->name, "key");
	CHECK_STR(swarm_label_get(c->labels, "a"), "b");
	CHECK_STR(c->data, "aGVsbG8=");
	CHECK_STR(c->templating, "golang");
	CHECK_STR(c->created_at, "2026-01-01T00:00:00Z");
	CHECK_STR(c->updated_at, "2026-01-02T00:00:00Z");
}

static const char network_text[] =
	"[{\"Name\":\"front\",\"Id\":\"n1\",\"Created\":\"2026-01-01T00:00:00Z\",\"Scope\":\"swarm\","
	"\"Driver\":\"overlay\",\"EnableIPv6\":true,\"IPAM\":{\"Driver\":\"default\",\"Options\":null,"
	"\"Config\":[{\"Subnet\":\"10.0.0.0/24\"}]},\"Internal\":true,\"Attachable\":true,"
	"\"Ingress\":false,\"ConfigFrom\":{\"Network\":\"base\"},\"ConfigOnly\":false,"
	"\"Containers\":null,\"Options\":{\"com.docker.network.driver.mtu\":\"1400\",\"encrypted\":\"\"},"
	"\"Labels\":{\"a\":\"b\"}},{\"Id\":\"n2\",\"Ingress\":true,\"ConfigOnly\":true,\"Labels\":null}]";

static void check_networks(const swarm_network_list *list)
{
	const swarm_network *n = list->networks;

	CHECK_INT(list->count, 2);
	CHECK_STR(n->id, "n1");
	CHECK_STR(n->name, "front");
	CHECK_STR(n->scope, "swarm");
	CHECK_STR(n->driver, "overlay");
	CHECK_STR(n->created, "2026-01-01T00:00:00Z");
	CHECK(n->internal && n->attachable && !n->ingress && n->enable_ipv6 && !n->config_only);
	CHECK_STR(n->config_from, "base");
	CHECK_STR(swarm_label_get(n->options, "encrypted"), "");
	CHECK_STR(swarm_label_get(n->options, "com.docker.network.driver.mtu"), "1400");
	CHECK_STR(swarm_label_get(n->labels, "a"), "b");
	CHECK(!n[1].internal && !n[1].attachable && n[1].ingress && n[1].config_only);
	CHECK_STR(n[1].driver, "");
}

/* From bytes, whose copy is gone before the look at the list, and from a tree. */
#define BOTH_WAYS(type, answer)                                                                    \
	static void type##s(void)                                                                  \
	{                                                                                          \
		char *bytes = strdup(answer);                                                      \
		json_t *json = json_loads(answer, 0, NULL);                                        \
		swarm_##type##_list *list = NULL;                                                  \
		swarm_error err = SWARM_ERROR_INIT;                                                \
		int rc = swarm__##type##_rows(bytes, sizeof(answer) - 1, NULL, &list, &err);       \
                                                                                                   \
		free(bytes);                                                                       \
		CHECK_STR(err.text, "");                                                           \
		if (CHECK_INT(rc, 0))                                                              \
			check_##type##s(list);                                                     \
		CHECK(swarm_##type##_list_free(list) == NULL);                                     \
		list = NULL;                                                                       \
		if (CHECK(json) && CHECK_INT(swarm_##type##_view(json, &list, &err), 0))           \
			check_##type##s(list);                                                     \
		swarm_##type##_list_free(list);                                                    \
		json_decref(json);                                                                 \
	}

BOTH_WAYS(node, node_text)
BOTH_WAYS(service, service_text)
BOTH_WAYS(task, task_text)
BOTH_WAYS(secret, secret_text)
BOTH_WAYS(config, secret_text)
BOTH_WAYS(network, network_text)

static const char cluster_text[] =
	"{\"ID\":\"c1\",\"Version\":{\"Index\":11},\"CreatedAt\":\"2026-01-01T00:00:00Z\","
	"\"UpdatedAt\":\"2026-01-02T00:00:00Z\",\"Spec\":{\"Name\":\"default\",\"Labels\":{\"a\":\"b\"},"
	"\"Orchestration\":{\"TaskHistoryRetentionLimit\":5},\"Raft\":{\"SnapshotInterval\":10000},"
	"\"Dispatcher\":{\"HeartbeatPeriod\":5000000000},"
	"\"CAConfig\":{\"NodeCertExpiry\":7776000000000000},\"TaskDefaults\":{},"
	"\"EncryptionConfig\":{\"AutoLockManagers\":true}},\"TLSInfo\":{\"TrustRoot\":\"PEM\\n\"},"
	"\"RootRotationInProgress\":true,\"DefaultAddrPool\":[\"10.0.0.0/8\"],\"SubnetSize\":24,"
	"\"DataPathPort\":4789,\"JoinTokens\":{\"Worker\":\"w\",\"Manager\":\"m\"}}";

static void cluster(void)
{
	json_t *json = json_loads(cluster_text, 0, NULL);
	swarm_cluster_list *list = NULL;
	swarm_error err = SWARM_ERROR_INIT;

	if (CHECK_INT(swarm_cluster_view(json, &list, &err), 0) && CHECK_INT(list->count, 1)) {
		const swarm_cluster *c = list->clusters;

		CHECK_STR(c->id, "c1");
		CHECK_INT(c->version, 11);
		CHECK_STR(c->name, "default");
		CHECK_STR(swarm_label_get(c->labels, "a"), "b");
		CHECK_INT(c->autolock, 1);
		CHECK_INT(c->node_cert_expiry_ns, 7776000000000000);
		CHECK_INT(c->task_history_limit, 5);
		CHECK_INT(c->heartbeat_period_ns, 5000000000);
		CHECK_INT(c->snapshot_interval, 10000);
		CHECK_INT(c->root_rotation_in_progress, 1);
		CHECK_STR(c->trust_root, "PEM\n");
		CHECK_INT(c->data_path_port, 4789);
		CHECK_INT(c->subnet_size, 24);
		CHECK_STR(c->created_at, "2026-01-01T00:00:00Z");
		CHECK_STR(c->updated_at, "2026-01-02T00:00:00Z");
	}
	swarm_cluster_list_free(list);
	json_decref(json);
}

/* What each is worth: the same error from bytes and from a tree. */
static void errors(void)
{
	static const struct {
		const char *text;
		const char *error;
	} table[] = {
		{ "[{\"ID\":\"a\"},7]", "[1].service: expected object" },
		{ "[[]]", "[0].service: expected object" },
		{ "[{\"ID\":\"a\"},{}]", "[1].ID: expected string" },
		{ "[{\"ID\":null}]", "[0].ID: expected string" },
		{ "[{\"ID\":5}]", "[0].ID: expected string" },
		{ "[{\"ID\":\"a\",\"Spec\":\"x\"}]", "[0].Spec: expected object" },
		{ "[{\"ID\":\"a\",\"Spec\":{\"Name\":[]}}]", "[0].Spec.Name: expected string" },
		{ "[{\"ID\":\"a\",\"Spec\":{\"TaskTemplate\":{\"ContainerSpec\":true}}}]",
		  "[0].Spec.TaskTemplate.ContainerSpec: expected object" },
		{ "[{\"ID\":\"a\",\"Spec\":{\"Mode\":{\"Global\":1}}}]",
		  "[0].Spec.Mode.Global: expected object" },
		{ "[{\"ID\":\"a\",\"Spec\":{\"Mode\":{\"Replicated\":{\"Replicas\":\"3\"}}}}]",
		  "[0].Spec.Mode.Replicated.Replicas: expected integer below 2^63" },
		{ "[{\"ID\":\"a\",\"Version\":{\"Index\":3.0}}]",
		  "[0].Version.Index: expected integer below 2^63" },
		{ "[{\"ID\":\"a\",\"Spec\":{\"Labels\":[]}}]",
		  "[0].Spec.Labels: expected object of strings" },
		{ "[{\"ID\":\"a\",\"Spec\":{\"Labels\":{\"x\":1}}}]",
		  "[0].Spec.Labels: expected object of strings" },
		{ "[{\"ID\":\"a\",\"Spec\":{\"Labels\":{\"x\":null}}}]",
		  "[0].Spec.Labels: expected object of strings" },
		{ "[{\"ID\":\"a\",\"Spec\":{\"Labels\":{\"x\":\"1\",\"x\":2}}}]",
		  "[0].Spec.Labels: expected object of strings" },
		{ "[{\"ID\":\"a\",\"Spec\":{\"Labels\":{\"x\":{},\"x\":\"1\"}}}]", "" },
		/* The first in the order of the table, not of the text. */
		{ "[{\"Spec\":{\"Labels\":1},\"UpdatedAt\":1}]", "[0].ID: expected string" },
		/* What was said first of a name does not count, be it good or bad. */
		{ "[{\"ID\":\"a\",\"ID\":5}]", "[0].ID: expected string" },
		{ "[{\"ID\":\"a\",\"ID\":null}]", "[0].ID: expected string" },
		{ "[{\"ID\":5,\"ID\":\"a\"}]", "" },
		{ "[{\"ID\":\"a\",\"Spec\":7,\"Spec\":{}}]", "" },
		/* A dot in a name is not a path, and a name must match as a whole. */
		{ "[{\"ID\":\"a\",\"Spec.Name\":5,\"I\":1,\"IDs\":1,\"\":1}]", "" },
		{ "[]", "" },
		{ "null", "" },
		{ "[{\"ID\":\"a\",\"Endpoint\":{\"Ports\":null}}]", "" },
		{ "[{\"ID\":\"a\",\"Endpoint\":{\"Ports\":[{},{\"PublishMode\":null}]}}]", "" },
		{ "[{\"ID\":\"a\",\"Endpoint\":{\"Ports\":{}}}]",
		  "[0].Endpoint.Ports: expected array of ports" },
		{ "[{\"ID\":\"a\",\"Endpoint\":{\"Ports\":[7]}}]",
		  "[0].Endpoint.Ports: expected array of ports" },
		{ "[{\"ID\":\"a\",\"Endpoint\":{\"Ports\":[{},{\"TargetPort\":\"80\"}]}}]",
		  "[0].Endpoint.Ports: expected array of ports" },
		{ "[{\"ID\":\"a\",\"Endpoint\":{\"Ports\":[7],\"Ports\":[]}}]", "" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm_error from_bytes = SWARM_ERROR_INIT, from_tree = SWARM_ERROR_INIT;
		json_t *json = json_loads(table[i].text, JSON_DECODE_ANY, NULL);
		swarm_service_list *list = NULL;
		int want = *table[i].error ? SWARM_E_JSON : 0;

		test_row = table[i].text;
		CHECK_INT(swarm__service_rows(table[i].text, strlen(table[i].text), NULL, &list,
					      &from_bytes),
			  want);
		CHECK_STR(from_bytes.text, table[i].error);
		CHECK((list == NULL) == (want != 0));
		list = swarm_service_list_free(list);
		CHECK_INT(swarm_service_view(json, &list, &from_tree), want);
		CHECK_STR(from_tree.text, table[i].error);
		CHECK((list == NULL) == (want != 0));
		swarm_service_list_free(list);
		json_decref(json);
	}
}

static void errors_of_bytes(void)
{
	static const struct {
		const char *text;
		const char *error;
	} table[] = {
		{ "", "node list: the JSON is malformed at byte 0" },
		{ "{}", "node list: expected array" },
		{ "7", "node list: expected array" },
		{ "nul", "node list: the JSON is malformed at byte 0" },
		{ "[{\"ID\":\"a\"}", "node list: the JSON is malformed at byte 11" },
		{ "[{\"ID\":\"a\"}]]", "node list: the JSON is malformed at byte 12" },
		{ "[{\"ID\":\"a\",\"x\":[01]}]", "node list: the JSON is malformed at byte 17" },
		{ "[{\"ID\":\"a\x01\"}]", "node list: the JSON is malformed at byte 9" },
		{ "[{\"ID\":\"a\",\"Spec\":{\"Labels\":{\"x\":}}}]",
		  "node list: the JSON is malformed at byte 33" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm_error err = SWARM_ERROR_INIT;
		swarm_node_list *list = NULL;

		test_row = table[i].text;
		CHECK_INT(swarm__node_rows(table[i].text, strlen(table[i].text), NULL, &list, &err),
			  SWARM_E_JSON);
		CHECK_STR(err.text, table[i].error);
		CHECK(list == NULL);
	}
}

/* jansson refuses the whole text for any of these. */
static void large_integers(void)
{
	static const char skipped[] = "[{\"ID\":\"a\",\"Limit\":18446744073709551615}]";
	static const char wanted[] = "[{\"ID\":\"a\",\"Version\":{\"Index\":9223372036854775808}}]";
	swarm_error err = SWARM_ERROR_INIT;
	swarm_service_list *list = NULL;

	if (CHECK_INT(swarm__service_rows(skipped, sizeof(skipped) - 1, NULL, &list, &err), 0))
		CHECK_STR(list->services[0].id, "a");
	list = swarm_service_list_free(list);
	CHECK_INT(swarm__service_rows(wanted, sizeof(wanted) - 1, NULL, &list, &err), SWARM_E_JSON);
	CHECK_STR(err.text, "[0].Version.Index: expected integer below 2^63");
}

static void labels(void)
{
	static const char text[] =
		"{\"ID\":\"a\",\"Spec\":{\"Labels\":{\"c\":\"1\",\"a\":\"2\",\"\\u0062\":\"3\",\"a\":\"4\","
		"\"c\":\"5\",\"\":\"6\",\"\\u00e9\":\"\\n\"}}}";
	static const swarm_label want[] = { { "", "6" },  { "a", "4" },         { "b", "3" },
					    { "c", "5" }, { "\xc3\xa9", "\n" }, { NULL, NULL } };
	char array[sizeof(text) + 2];
	json_t *json = json_loads(text, 0, NULL);
	swarm_node_list *lists[2] = { NULL, NULL };

	snprintf(array, sizeof(array), "[%s]", text);
	CHECK_INT(swarm__node_rows(array, strlen(array), NULL, &lists[0], NULL), 0);
	CHECK_INT(swarm_node_view(json, &lists[1], NULL), 0);
	for (size_t i = 0; i < 2 && lists[i]; i++) {
		const swarm_label *got = lists[i]->nodes[0].labels;
		size_t n = 0;

		for (; want[n].name && got[n].name; n++) {
			CHECK_STR(got[n].name, want[n].name);
			CHECK_STR(got[n].value, want[n].value);
		}
		CHECK(!got[n].name && !want[n].name);
		CHECK(swarm_label_get(got, "d") == NULL && swarm_label_get(got, NULL) == NULL);
		swarm_node_list_free(lists[i]);
	}
	CHECK(swarm_label_get(NULL, "a") == NULL);
	json_decref(json);
}

static void arguments(void)
{
	json_t *json = json_integer(7);
	swarm_task_list *list = NULL;
	swarm_error err = SWARM_ERROR_INIT;

	CHECK_INT(swarm_task_view(NULL, &list, &err), SWARM_E_INVAL);
	CHECK_INT(swarm_task_view(json, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_task_view(json, &list, NULL), SWARM_E_JSON);
	CHECK(list == NULL && swarm_task_list_free(NULL) == NULL);
	json_decref(json);
}

TEST_MAIN(TEST(nodes), TEST(services), TEST(tasks), TEST(secrets), TEST(configs), TEST(networks),
	  TEST(cluster), TEST(errors), TEST(errors_of_bytes), TEST(large_integers), TEST(labels),
	  TEST(arguments))
