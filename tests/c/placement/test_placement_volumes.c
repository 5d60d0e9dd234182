/* SPDX-License-Identifier: Apache-2.0 */
/* The rule on cluster volumes, by a table of a mount, a volume, who uses it, and a node. */
#include "placement/internal.h"
#include "test.h"

static json_t *parse(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	if (!json) {
		printf("Bail out! no JSON: %s\n", text);
		exit(99);
	}
	return json;
}

#define MOUNT(source, more)                                                                        \
	"{\"Type\":\"cluster\",\"Source\":\"" source "\",\"Target\":\"/data\"" more "}"
#define READ_ONLY ",\"ReadOnly\":true"
#define TASK(mounts) "{\"Spec\":{\"ContainerSpec\":{\"Mounts\":[" mounts "]}}}"
#define VOLUME(name, scope, sharing, more)                                                               \
	"{\"Name\":\"" name "\",\"Driver\":\"csi\",\"ClusterVolume\":{\"ID\":\"id-" name                 \
	"\",\"Spec\":{\"Group\":\"fast\",\"Availability\":\"active\",\"AccessMode\":{\"Scope\":\"" scope \
	"\",\"Sharing\":\"" sharing "\"}},\"Info\":{\"VolumeID\":\"v\"" more "}}}"
#define PLAIN VOLUME("data", "multi", "all", "")
#define AT(zone) "{\"Segments\":{\"zone\":\"" zone "\"}}"
#define IN(zone) VOLUME("data", "multi", "all", ",\"AccessibleTopology\":[" AT(zone) "]")
#define USE(node, more)                                                                            \
	"{\"NodeID\":\"" node "\",\"Status\":{\"State\":\"running\"},\"Volumes\":[{\"ID\":"        \
	"\"id-data\",\"Source\":\"data\",\"Target\":\"/data\"}],\"Spec\":{\"ContainerSpec\":{"     \
	"\"Mounts\":[" MOUNT("other", "") "," MOUNT("data", more) "]}}}"

static const struct {
	const char *name;
	const char *mounts;
	const char *volumes;
	const char *tasks;
	const char *reasons;
} table[] = {
	{ "made and free", MOUNT("data", ""), PLAIN, "", "" },
	{ "no mount of a cluster volume", "{\"Type\":\"volume\",\"Source\":\"data\"}", "", "", "" },
	{ "no such volume", MOUNT("date", ""), PLAIN, "", "cluster volume date: there is none" },
	{ "a volume of the host alone", MOUNT("data", ""), "{\"Name\":\"data\"}", "",
	  "cluster volume data: there is none" },
	{ "a name that is a group's", MOUNT("fast", ""), PLAIN, "",
	  "cluster volume fast: there is none" },
	{ "not made yet", MOUNT("data", ""),
	  "{\"Name\":\"data\",\"ClusterVolume\":{\"Spec\":{\"Availability\":\"active\"}}}", "",
	  "cluster volume data: its plugin has not made it" },
	{ "paused", MOUNT("data", ""),
	  "{\"Name\":\"data\",\"ClusterVolume\":{\"Spec\":{\"Availability\":\"pause\"},\"Info\":{"
	  "\"VolumeID\":\"v\"}}}",
	  "", "cluster volume data: its availability is not active" },
	{ "two mounts", MOUNT("data", "") "," MOUNT("date", ""), PLAIN, "",
	  "cluster volume date: there is none" },

	{ "one of a group", MOUNT("group:fast", ""),
	  VOLUME("a", "single", "none", "") "," VOLUME("data", "multi", "all", ""), "", "" },
	{ "none of the group", MOUNT("group:slow", ""), PLAIN, "",
	  "cluster volume group:slow: there is none" },
	{ "the other of a group", MOUNT("group:fast", ""),
	  VOLUME("data", "multi", "none", "") "," VOLUME("b", "multi", "none", ""), USE("n2", ""),
	  "" },

	{ "one node, this one", MOUNT("data", ""), VOLUME("data", "single", "all", ""),
	  USE("n1", ""), "" },
	{ "one node, another one", MOUNT("data", ""), VOLUME("data", "single", "all", ""),
	  USE("n2", ""), "cluster volume data: another node uses it" },
	{ "one node, this one and another", MOUNT("data", ""), VOLUME("data", "single", "all", ""),
	  USE("n1", "") "," USE("n2", ""), "cluster volume data: another node uses it" },
	{ "of one task", MOUNT("data", ""), VOLUME("data", "multi", "none", ""), USE("n1", ""),
	  "cluster volume data: another task uses it" },
	{ "of a task that is over", MOUNT("data", ""), VOLUME("data", "multi", "none", ""),
	  "{\"NodeID\":\"n1\",\"Status\":{\"State\":\"failed\"},\"Volumes\":[{\"ID\":\"id-data\"}]}",
	  "" },
	{ "a second writer", MOUNT("data", ""), VOLUME("data", "multi", "onewriter", ""),
	  USE("n1", "") "," USE("n1", READ_ONLY),
	  "cluster volume data: another task writes to it" },
	{ "a writer after a reader", MOUNT("data", ""), VOLUME("data", "multi", "onewriter", ""),
	  USE("n1", READ_ONLY), "" },
	{ "a writer on a node with a reader", MOUNT("data", ""),
	  VOLUME("data", "multi", "onewriter", ""), USE("n1", READ_ONLY) "," USE("n1", ""),
	  "cluster volume data: another task writes to it" },
	{ "a reader beside a writer", MOUNT("data", READ_ONLY),
	  VOLUME("data", "multi", "onewriter", ""), USE("n1", ""), "" },
	{ "only readers", MOUNT("data", READ_ONLY), VOLUME("data", "multi", "readonly", ""), "",
	  "" },
	{ "a writer among readers", MOUNT("data", ""), VOLUME("data", "multi", "readonly", ""), "",
	  "cluster volume data: it can only be read" },

	{ "in the node's zone", MOUNT("data", ""), IN("a"), "", "" },
	{ "in another zone", MOUNT("data", ""), IN("b"), "",
	  "cluster volume data: the node does not reach it" },
	{ "in one of two zones", MOUNT("data", ""),
	  VOLUME("data", "multi", "all", ",\"AccessibleTopology\":[" AT("b") "," AT("a") "]"), "",
	  "" },
	{ "of a plugin that reported no zone", MOUNT("other", ""),
	  "{\"Name\":\"other\",\"Driver\":\"nfs\",\"ClusterVolume\":{\"Spec\":{\"Availability\":"
	  "\"active\"},\"Info\":{\"VolumeID\":\"v\",\"AccessibleTopology\":[" AT("b") "]}}}",
	  "", "" },
};

static void rule(void)
{
	json_t *node = parse(
		"{\"ID\":\"n1\",\"Description\":{\"CSIInfo\":[{\"PluginName\":\"nfs\"},"
		"{\"PluginName\":\"csi\",\"AccessibleTopology\":" AT("a") "}]}}");

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char task_text[1024], volumes_text[2048], tasks_text[2048];
		json_t *task, *volumes, *tasks, *uses = NULL;
		swarm__reasons reasons = { "" };
		swarm_error err = SWARM_ERROR_INIT;

		test_row = table[i].name;
		snprintf(task_text, sizeof(task_text), TASK("%s"), table[i].mounts);
		snprintf(volumes_text, sizeof(volumes_text), "[%s]", table[i].volumes);
		snprintf(tasks_text, sizeof(tasks_text), "[%s]", table[i].tasks);
		task = parse(task_text);
		volumes = parse(volumes_text);
		tasks = parse(tasks_text);
		CHECK_INT(swarm__volumes_wanted(task), strstr(table[i].mounts, "cluster") != NULL);
		CHECK_INT(swarm__volumes_uses(tasks, &uses, &err), 0);
		swarm__volumes_check(task, volumes, uses, node, &reasons);
		CHECK_STR(reasons.text, table[i].reasons);
		json_decref(task);
		json_decref(volumes);
		json_decref(tasks);
		json_decref(uses);
	}
	json_decref(node);
}

/* An engine without cluster volumes lists none. */
static void no_list(void)
{
	json_t *task = parse(TASK(MOUNT("data", ""))), *node = parse("{\"ID\":\"n1\"}");
	swarm__reasons reasons = { "" };

	swarm__volumes_check(task, NULL, NULL, node, &reasons);
	CHECK_STR(reasons.text, "cluster volume data: there is none");
	json_decref(task);
	json_decref(node);
}

TEST_MAIN(TEST(rule), TEST(no_list))
