/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of the scheduler, each by tables of a task, a node, and what the tasks on the node take;
 * the cases of the constraints follow those of swarmkit's own tests.
 */
#include "placement/internal.h"
#include "test.h"

static json_t *parse(const char *text)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);

	if (!json) {
		printf("Bail out! no JSON: %s\n", text);
		exit(99);
	}
	return json;
}

#define NODE(description, more)                                                                    \
	"{\"ID\":\"n1\",\"Spec\":{\"Role\":\"worker\",\"Availability\":\"active\",\"Labels\":{"    \
	"\"disk\":\"ssd\",\"Case\":\"Yes\"}},\"Status\":{\"State\":\"ready\",\"Addr\":"            \
	"\"10.0.0.7\"},\"Description\":{\"Hostname\":\"host1\",\"Platform\":{\"OS\":\"linux\","    \
	"\"Architecture\":\"x86_64\"}" description "}" more "}"
#define PLAIN NODE(",\"Engine\":{\"EngineVersion\":\"26.1.5\",\"Labels\":{\"zone\":\"a\"}}", "")

/* --- constraints ---------------------------------------------------------------------------- */

static void constraints(void)
{
	static const struct {
		const char *constraint;
		const char *reason; /* NULL: fits */
	} table[] = {
		{ "node.id==n1", NULL },
		{ "node.id!=n1", "the node has 'n1'" },
		{ "node.id == n2", "the node has 'n1'" },
		{ " node.hostname ==\thost1 ", NULL },
		{ "NODE.HostName==HOST1", NULL },
		{ "node.hostname==host", "the node has 'host1'" },
		{ "node.hostname==host12", "the node has 'host1'" },
		{ "node.role==worker", NULL },
		{ "node.role!=worker", "the node has 'worker'" },
		{ "node.role==manager", "the node has 'worker'" },
		{ "node.platform.os==linux", NULL },
		{ "node.platform.os!=windows", NULL },
		/* Unlike the platforms of an image, this is taken unchanged. */
		{ "node.platform.arch==x86_64", NULL },
		{ "node.platform.arch==amd64", "the node has 'x86_64'" },
		{ "node.labels.disk==ssd", NULL },
		{ "Node.Labels.disk==SSD", NULL },
		{ "node.labels.disk!=hdd", NULL },
		{ "node.labels.disk==hdd", "the node has 'ssd'" },
		{ "node.labels.Case==yes", NULL },
		{ "node.labels.case==yes", "the node has none" },
		{ "node.labels.none!=x", NULL },
		{ "node.labels.none==x", "the node has none" },
		{ "engine.labels.zone==a", NULL },
		{ "engine.labels.zone!=a", "the node has 'a'" },
		{ "engine.labels.none==a", "the node has none" },
		{ "node.labels.==x", "no such key" },
		{ "node.labels==x", "no such key" },
		{ "node.name==host1", "no such key" },
		{ "node.ip==10.0.0.7", NULL },
		{ "node.ip!=10.0.0.7", "the node has '10.0.0.7'" },
		{ "node.ip==10.0.0.8", "the node has '10.0.0.7'" },
		{ "node.ip==::ffff:10.0.0.7", NULL },
		{ "node.ip==10.0.0.0/24", NULL },
		{ "node.ip==10.0.0.0/29", NULL },
		{ "node.ip==10.0.0.0/30", "the node has '10.0.0.7'" },
		{ "node.ip==10.0.0.4/30", NULL },
		{ "node.ip==0.0.0.0/0", NULL },
		{ "node.ip!=10.0.0.0/8", "the node has '10.0.0.7'" },
		{ "node.ip==10.0.0.7/32", NULL },
		{ "node.ip==::/0", "the node has '10.0.0.7'" },
		{ "node.ip==10.0.0.7/33", "no address or network" },
		{ "node.ip==10.0.0.7/", "no address or network" },
		{ "node.ip==10.0.0.7/8x", "no address or network" },
		{ "node.ip==10.0.0.7/99999999999999999999", "no address or network" },
		{ "node.ip==2001:db8::7", "the node has '10.0.0.7'" },
		{ "node.ip==host1", "no address or network" },
		{ "node.ip==0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
		  "no address or network" },
		/* Without an operator: the managers would not have taken it. */
		{ "node.id=n2", NULL },
	};
	json_t *node = parse(PLAIN);

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm__reasons reasons = { "" };
		char text[256] = "";

		test_row = table[i].constraint;
		if (table[i].reason)
			snprintf(text, sizeof(text), "constraint %s (%s)", table[i].constraint,
				 table[i].reason);
		swarm__constraint_check(table[i].constraint, node, &reasons);
		CHECK_STR(reasons.text, text);
	}
	json_decref(node);
}

/* A node that has said nothing of itself yet is as one with empty values. */
static void constraints_on_nothing(void)
{
	static const struct {
		const char *constraint;
		bool fits;
	} table[] = {
		{ "node.hostname==host1", false },     { "node.hostname!=host1", true },
		{ "node.platform.os==linux", false },  { "node.platform.os!=linux", true },
		{ "node.labels.disk!=ssd", true },     { "engine.labels.zone==a", false },
		{ "node.ip==10.0.0.0/8", false },      { "node.ip!=10.0.0.0/8", true },
		{ "node.ip==2001:db8::7/128", false },
	};
	json_t *node = parse("{\"ID\":\"n1\",\"Spec\":{\"Labels\":null},\"Description\":{}}");

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm__reasons reasons = { "" };

		test_row = table[i].constraint;
		swarm__constraint_check(table[i].constraint, node, &reasons);
		CHECK_INT(!*reasons.text, table[i].fits);
	}
	json_decref(node);
}

/* --- all rules ------------------------------------------------------------------------------ */

#define RESERVES(what) "{\"Spec\":{\"Resources\":{\"Reservations\":{" what "}}}}"
#define GENERIC(kind, n) "{\"DiscreteResourceSpec\":{\"Kind\":\"" kind "\",\"Value\":" n "}}"
#define NAMED(kind, name) "{\"NamedResourceSpec\":{\"Kind\":\"" kind "\",\"Value\":\"" name "\"}}"
#define MACHINE                                                                                    \
	NODE(",\"Resources\":{\"NanoCPUs\":4000000000,\"MemoryBytes\":2147483648,"                 \
	     "\"GenericResources\":[" NAMED("gpu", "a") "," NAMED("gpu", "b") "," GENERIC(         \
		     "ssd", "3") "]}",                                                             \
	     "")
#define PLUGINS(list) NODE(",\"Engine\":{\"EngineVersion\":\"26.1.5\",\"Plugins\":[" list "]}", "")
#define PLUGIN(type, name) "{\"Type\":\"" type "\",\"Name\":\"" name "\"}"
#define MOUNT(type, driver)                                                                        \
	"{\"Spec\":{\"ContainerSpec\":{\"Mounts\":[{\"Type\":\"" type                              \
	"\",\"VolumeOptions\":{\"DriverConfig\":{\"Name\":\"" driver "\"}}}]}}}"
#define LOG(driver) "{\"Spec\":{\"LogDriver\":{\"Name\":\"" driver "\"}}}"
#define ATTACHED(driver)                                                                           \
	"{\"NetworksAttachments\":[{\"Network\":{\"DriverState\":{\"Name\":\"" driver "\"}}}]}"
#define PLATFORMS(list) "{\"Spec\":{\"Placement\":{\"Platforms\":[" list "]}}}"
#define PLATFORM(os, arch) "{\"OS\":\"" os "\",\"Architecture\":\"" arch "\"}"
#define MOST(n) "{\"Spec\":{\"Placement\":{\"MaxReplicas\":" n "}}}"
#define PORT(number, mode)                                                                         \
	"[{\"Protocol\":\"tcp\",\"PublishedPort\":" number ",\"PublishMode\":\"" mode "\"}]"

static const struct {
	const char *name;
	const char *task;
	const char *ports;
	const char *node;
	swarm__node_usage usage;
	const char *generic;
	const char *used;
	const char *reasons;
} table[] = {
	{ "nothing requested", "{}", .node = PLAIN, .reasons = "" },
	{ "down", "{}",
	  .node = "{\"Status\":{\"State\":\"down\"},\"Spec\":{\"Availability\":\"active\"}}",
	  .reasons = "its state is down" },
	{ "down and drained", "{}",
	  .node = "{\"Status\":{\"State\":\"down\"},\"Spec\":{\"Availability\":\"drain\"}}",
	  .reasons = "its state is down; its availability is drain" },
	{ "paused", "{}",
	  .node = "{\"Status\":{\"State\":\"ready\"},\"Spec\":{\"Availability\":\"pause\"}}",
	  .reasons = "its availability is pause" },

	{ "enough", RESERVES("\"NanoCPUs\":1500000000,\"MemoryBytes\":1073741824"), .node = MACHINE,
	  .usage = { .nano_cpus = 2500000000, .memory = 1073741824 }, .reasons = "" },
	{ "processors", RESERVES("\"NanoCPUs\":2000000000"), .node = MACHINE,
	  .usage = { .nano_cpus = 2500000000 }, .reasons = "2 CPUs requested, 1.5 of 4 free" },
	{ "memory", RESERVES("\"MemoryBytes\":1073741825"), .node = MACHINE,
	  .usage = { .memory = 1073741824 },
	  .reasons = "1024.000001 MiB of memory requested, 1024 of 2048 free" },
	{ "much memory", RESERVES("\"MemoryBytes\":1099512676352"), .node = MACHINE,
	  .reasons = "1048577 MiB of memory requested, 2048 of 2048 free" },
	{ "a node that shrank", RESERVES("\"MemoryBytes\":1048576"), .node = MACHINE,
	  .usage = { .nano_cpus = 5000000000 }, .reasons = "0 CPUs requested, 0 of 4 free" },
	{ "a node that reports nonsense", RESERVES("\"MemoryBytes\":1048576"),
	  .node = NODE(",\"Resources\":{\"NanoCPUs\":-9223372036854775808}", ""),
	  .usage = { .nano_cpus = 1000000000, .memory = INT64_MAX },
	  .reasons = "0 CPUs requested, 0 of 0 free; 1 MiB of memory requested, 0 of 0 free" },
	{ "reserves nothing on such a one", RESERVES("\"NanoCPUs\":0"), .node = MACHINE,
	  .usage = { .nano_cpus = 5000000000 }, .reasons = "" },
	{ "pieces with names", RESERVES("\"GenericResources\":[" GENERIC("gpu", "2") "]"),
	  .node = MACHINE, .reasons = "" },
	{ "one is taken", RESERVES("\"GenericResources\":[" GENERIC("gpu", "2") "]"),
	  .node = MACHINE, .generic = "{\"gpu\":1}", .reasons = "2 gpu requested, 1 of 2 free" },
	{ "a number of pieces", RESERVES("\"GenericResources\":[" GENERIC("ssd", "3") "]"),
	  .node = MACHINE, .generic = "{\"gpu\":1}", .reasons = "" },
	{ "none of the kind", RESERVES("\"GenericResources\":[" GENERIC("fpga", "1") "]"),
	  .node = MACHINE, .reasons = "1 fpga requested, 0 of 0 free" },

	{ "volume plugin", MOUNT("volume", "nfs"), .node = PLUGINS(PLUGIN("Volume", "nfs")),
	  .reasons = "" },
	{ "its latest", MOUNT("volume", "nfs"), .node = PLUGINS(PLUGIN("Volume", "nfs:latest")),
	  .reasons = "" },
	{ "its other tag", MOUNT("volume", "nfs"), .node = PLUGINS(PLUGIN("Volume", "nfs:v1")),
	  .reasons = "no volume plugin nfs" },
	{ "a plugin of another type", MOUNT("volume", "nfs"),
	  .node = PLUGINS(PLUGIN("Network", "nfs")), .reasons = "no volume plugin nfs" },
	{ "local volumes need none", MOUNT("volume", "local"), .node = PLUGINS(""), .reasons = "" },
	{ "other mounts need none", MOUNT("tmpfs", "nfs"), .node = PLUGINS(""), .reasons = "" },
	{ "an engine that reported nothing", MOUNT("volume", "nfs"),
	  .node = NODE(",\"Engine\":{}", ""), .reasons = "" },
	{ "network plugin", ATTACHED("overlay"), .node = PLUGINS(PLUGIN("Network", "overlay")),
	  .reasons = "" },
	{ "no network plugin", ATTACHED("weave"), .node = PLUGINS(PLUGIN("Network", "overlay")),
	  .reasons = "no network plugin weave" },
	{ "log plugin", LOG("fluentd"), .node = PLUGINS(PLUGIN("Log", "fluentd")), .reasons = "" },
	{ "no log plugin", LOG("fluentd"), .node = PLUGINS(PLUGIN("Log", "syslog")),
	  .reasons = "no log plugin fluentd" },
	{ "no log is requested", LOG("none"), .node = PLUGINS(PLUGIN("Log", "syslog")),
	  .reasons = "" },
	{ "an engine that reports none", LOG("fluentd"), .node = PLUGINS(PLUGIN("Volume", "nfs")),
	  .reasons = "" },

	{ "platform by its other name", PLATFORMS(PLATFORM("linux", "amd64")), .node = PLAIN,
	  .reasons = "" },
	{ "any architecture", PLATFORMS(PLATFORM("linux", "")), .node = PLAIN, .reasons = "" },
	{ "one of two", PLATFORMS(PLATFORM("windows", "amd64") "," PLATFORM("linux", "x86_64")),
	  .node = PLAIN, .reasons = "" },
	{ "none of two", PLATFORMS(PLATFORM("windows", "amd64") "," PLATFORM("linux", "aarch64")),
	  .node = PLAIN,
	  .reasons = "platform linux/amd64, the image has windows/amd64, linux/arm64" },

	{ "port in use", "{}", PORT("8080", "host"), PLAIN, .used = "{\"8080/tcp\":true}",
	  .reasons = "host port 8080/tcp in use" },
	{ "another port", "{}", PORT("8081", "host"), PLAIN, .used = "{\"8080/tcp\":true}",
	  .reasons = "" },
	{ "port of the swarm", "{}", PORT("8080", "ingress"), PLAIN, .used = "{\"8080/tcp\":true}",
	  .reasons = "" },
	{ "any port", "{}", PORT("0", "host"), PLAIN, .used = "{\"8080/tcp\":true}",
	  .reasons = "" },

	{ "room for one more", MOST("2"), .node = PLAIN, .usage = { .tasks = 1 }, .reasons = "" },
	{ "no room for more", MOST("2"), .node = PLAIN, .usage = { .tasks = 2 },
	  .reasons = "it has 2 of at most 2 tasks of the service" },
	{ "as many as one likes", MOST("0"), .node = PLAIN, .usage = { .tasks = 9 },
	  .reasons = "" },

	{ "all that rejects",
	  "{\"Spec\":{\"Placement\":{\"MaxReplicas\":1,\"Constraints\":[\"node.id==n2\","
	  "\"node.role==manager\"]}}}",
	  .node = PLAIN, .usage = { .tasks = 1 },
	  .reasons = "constraint node.id==n2 (the node has 'n1'); constraint node.role==manager "
		     "(the node has 'worker'); it has 1 of at most 1 tasks of the service" },
};

static void rules(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		json_t *task = parse(table[i].task), *node = parse(table[i].node);
		json_t *ports = table[i].ports ? parse(table[i].ports) : NULL;
		swarm__reasons reasons = { "" };
		swarm__node_usage usage = table[i].usage;

		usage.generic = table[i].generic ? parse(table[i].generic) : NULL;
		usage.ports = table[i].used ? parse(table[i].used) : NULL;
		test_row = table[i].name;
		swarm__placement_check(task, ports, node, &usage, &reasons);
		CHECK_STR(reasons.text, table[i].reasons);
		json_decref(usage.generic);
		json_decref(usage.ports);
		json_decref(ports);
		json_decref(node);
		json_decref(task);
	}
}

/* Cut, and still UTF-8. */
static void too_long(void)
{
	swarm__reasons reasons = { "" };
	json_t *text;

	for (int i = 0; i < 200; i++)
		swarm__reasons_add(&reasons, "%s", i % 2 ? "\303\244\303\266\303\274" : "abcd");
	CHECK_INT(strlen(reasons.text), sizeof(reasons.text) - 1);
	text = json_string(reasons.text);
	CHECK(text != NULL);
	json_decref(text);
}

TEST_MAIN(TEST(constraints), TEST(constraints_on_nothing), TEST(rules), TEST(too_long))
