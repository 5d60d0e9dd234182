/* SPDX-License-Identifier: Apache-2.0 */
/* A manager's answers, with every field that the library looks at. One table: method, path, answer. */
#include "hostile.h"

#include <stdio.h>
#include <string.h>

#define VERSION "\"Version\":{\"Index\":50}"
#define NODE(id, name, role, more)                                                                          \
	"{\"ID\":\"" id "\"," VERSION ",\"CreatedAt\":\"2026-11-29T12:00:00Z\","                            \
	"\"UpdatedAt\":\"2026-11-29T12:00:00Z\",\"Spec\":{\"Role\":\"" role "\","                           \
	"\"Availability\":\"active\",\"Labels\":{\"a\":\"b\"}},\"Description\":{\"Hostname\":\"" name       \
	"\",\"Platform\":{\"Architecture\":\"x86_64\",\"OS\":\"linux\"},\"Resources\":{"                    \
	"\"NanoCPUs\":4000000000,\"MemoryBytes\":8000000000},\"Engine\":{\"EngineVersion\":"                \
	"\"28.5.0\",\"Labels\":{\"c\":\"d\"},\"Plugins\":[{\"Type\":\"Network\",\"Name\":\"overlay\"}]},"   \
	"\"TLSInfo\":{\"TrustRoot\":\"root\"}},\"Status\":{\"State\":\"ready\",\"Addr\":\"10.0.0.1\"}" more \
	"}"
#define MEMBER(leader)                                                                             \
	",\"ManagerStatus\":{\"Leader\":" leader                                                   \
	",\"Reachability\":\"reachable\",\"Addr\":\"10.0.0.1:2377\"}"
#define N1 NODE("n1", "host1", "manager", MEMBER("true"))
#define N2 NODE("n2", "host2", "manager", MEMBER("false"))
#define N3 NODE("n3", "host3", "manager", MEMBER("false"))
#define W1                                                                                         \
	"{\"ID\":\"w1\"," VERSION ",\"Spec\":{\"Role\":\"worker\",\"Availability\":\"active\"},"   \
	"\"Description\":{\"Hostname\":\"worker1\"},\"Status\":{\"State\":\"down\"}}"
#define SPEC(image, force)                                                                                   \
	"{\"Name\":\"web\",\"Labels\":{\"a\":\"b\"},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"" image \
	"\",\"TTY\":false,\"Mounts\":[{\"Type\":\"cluster\",\"Source\":\"data\"}]},\"Resources\":{"          \
	"\"Reservations\":{\"NanoCPUs\":1,\"GenericResources\":[{\"DiscreteResourceSpec\":{\"Kind\":"        \
	"\"gpu\",\"Value\":1}}]}},\"Placement\":{\"Constraints\":[\"node.role==worker\"],"                   \
	"\"MaxReplicas\":1},\"ForceUpdate\":" force                                                          \
	"},\"Mode\":{\"Replicated\":{\"Replicas\":1}},"                                                      \
	"\"EndpointSpec\":{\"Ports\":[{\"PublishedPort\":80,\"PublishMode\":\"host\"}]}}"
#define SERVICE(force)                                                                                    \
	"{\"ID\":\"s1\"," VERSION                                                                         \
	",\"CreatedAt\":\"2999-01-01T00:00:00Z\",\"Spec\":" SPEC("a:1", force) ",\"PreviousSpec\":" SPEC( \
		"a:0", "1") ",\"UpdateStatus\":{\"State\":\"completed\",\"Message\":\"ok\"},"             \
			    "\"ServiceStatus\":{\"RunningTasks\":1,\"DesiredTasks\":1}}"
#define TASK(state)                                                                                          \
	"{\"ID\":\"t1\"," VERSION                                                                            \
	",\"Labels\":{\"a\":\"b\"},\"Spec\":{\"ContainerSpec\":{\"Image\":\"a:1\","                          \
	"\"TTY\":false},\"Resources\":{\"Reservations\":{\"NanoCPUs\":1}}},\"ServiceID\":\"s1\",\"Slot\":1," \
	"\"NodeID\":\"w1\",\"DesiredState\":\"running\",\"Status\":{\"Timestamp\":\"2026-11-29T12:00:00Z\"," \
	"\"State\":\"" state                                                                                 \
	"\",\"Message\":\"m\",\"Err\":\"no suitable node\",\"ContainerStatus\":{"                            \
	"\"ContainerID\":\"c1\",\"ExitCode\":0},\"PortStatus\":{\"Ports\":[{\"PublishedPort\":80,"           \
	"\"PublishMode\":\"host\"}]}},\"GenericResources\":[{\"NamedResourceSpec\":{\"Kind\":\"gpu\","       \
	"\"Value\":\"a\"}}],\"Volumes\":[{\"ID\":\"v1\"}]}"
#define OBJECT(id, name)                                                                           \
	"{\"ID\":\"" id "\"," VERSION                                                              \
	",\"CreatedAt\":\"2999-01-01T00:00:00Z\",\"Spec\":{\"Name\":\"" name                       \
	"\",\"Labels\":{\"a\":\"b\"},\"Driver\":{\"Name\":\"d\"},\"Templating\":{\"Name\":\"golang\"}}}"
#define VERSION_OF(number)                                                                         \
	"{\"ID\":\"x" number "\",\"CreatedAt\":\"2026-11-29T12:00:00Z\",\"Spec\":{\"Name\":"       \
	"\"db-" number                                                                             \
	"\",\"Labels\":{\"libswarm.name\":\"secret1\",\"libswarm.version\":\"" number              \
	"\",\"libswarm.refused\":\"s1:5 s2:6\"}}}"
#define NETWORK                                                                                                 \
	"{\"Name\":\"net\",\"Id\":\"x1\",\"Created\":\"2999-01-01T00:00:00Z\",\"Scope\":\"swarm\","             \
	"\"Driver\":\"overlay\",\"EnableIPv6\":false,\"Internal\":false,\"Attachable\":true,\"Ingress\":false," \
	"\"ConfigFrom\":{\"Network\":\"\"},\"ConfigOnly\":false,\"Options\":{\"o\":\"p\"},\"Labels\":{\"a\":\"b\"}}"
#define CLUSTER(token)                                                                                       \
	"{\"ID\":\"c1\"," VERSION                                                                            \
	",\"Spec\":{\"Name\":\"default\",\"Labels\":{},\"Orchestration\":{"                                  \
	"\"TaskHistoryRetentionLimit\":5},\"Raft\":{\"SnapshotInterval\":10000,\"ElectionTick\":10,"         \
	"\"HeartbeatTick\":1},\"Dispatcher\":{\"HeartbeatPeriod\":5000000000},\"CAConfig\":{"                \
	"\"NodeCertExpiry\":7776000000000000,\"ForceRotate\":1},\"EncryptionConfig\":{"                      \
	"\"AutoLockManagers\":true}},\"TLSInfo\":{\"TrustRoot\":\"root\"},\"RootRotationInProgress\":false," \
	"\"DataPathPort\":4789,\"SubnetSize\":24,\"JoinTokens\":{\"Worker\":\"" token                        \
	"\",\"Manager\":\"" token "\"}}"
#define EVENT                                                                                                     \
	"{\"Type\":\"node\",\"Action\":\"update\",\"Actor\":{\"ID\":\"n1\",\"Attributes\":{\"name\":\"host1\"}}," \
	"\"time\":1}\n"

typedef struct route {
	const char *start; /* of "METHOD path", without the version */
	fake_row row;
} route;

/* A stack: a service, its network, a version of its config, and the revision that declares them. */
#define SHOP "\"com.docker.stack.namespace\":\"shop\""
#define SHOP_WEB                                                                                   \
	"{\"ID\":\"s2\"," VERSION ",\"Spec\":{\"Name\":\"shop_web\",\"Labels\":{" SHOP             \
	"},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"nginx:0\",\"Configs\":[{\"ConfigID\":" \
	"\"c2\",\"ConfigName\":\"shop_page-1\",\"File\":{\"Name\":\"/page\"}}]},\"Networks\":[{"   \
	"\"Target\":\"x2\"}]},\"Mode\":{\"Replicated\":{\"Replicas\":1}}},\"UpdateStatus\":{"      \
	"\"State\":\"rollback_completed\",\"StartedAt\":\"2026-11-29T12:00:00Z\"}}"
#define SHOP_NETWORK                                                                                      \
	"{\"Name\":\"shop_default\",\"Id\":\"x2\",\"Scope\":\"swarm\",\"Driver\":\"overlay\",\"Labels\":" \
	"{" SHOP "}}"
#define SHOP_PAGE                                                                                  \
	"{\"ID\":\"c2\"," VERSION ",\"Spec\":{\"Name\":\"shop_page-1\",\"Labels\":{" SHOP          \
	",\"libswarm.name\":\"shop_page\",\"libswarm.version\":\"1\"},\"Data\":\"b25l\"}}"
#define SHOP_REVISION                                                                              \
	"{\"ID\":\"c3\"," VERSION ",\"Spec\":{\"Name\":\"shop.revision.1\",\"Labels\":{" SHOP      \
	",\"libswarm.revision\":\"1\",\"libswarm.revision.result\":\"ok\","                        \
	"\"libswarm.revision.failed\":\"{}\"},\"Data\":\"" SHOP_DOCUMENT "\"}}"
/* {"stack": ..., "contents": ..., "images": {}, "owned": ...} */
#define SHOP_DOCUMENT                                                                              \
	"eyJzdGFjayI6eyJuYW1lIjoic2hvcCIsInNlcnZpY2VzIjp7InNob3Bfd2ViIjp7Ik5hbWUiOiJzaG9w"         \
	"X3dlYiIsIkxhYmVscyI6eyJjb20uZG9ja2VyLnN0YWNrLm5hbWVzcGFjZSI6InNob3AifSwiVGFza1Rl"         \
	"bXBsYXRlIjp7IkNvbnRhaW5lclNwZWMiOnsiSW1hZ2UiOiJuZ2lueDoxIn0sIk5ldHdvcmtzIjpbeyJU"         \
	"YXJnZXQiOiJzaG9wX2RlZmF1bHQifV19LCJNb2RlIjp7IlJlcGxpY2F0ZWQiOnt9fX19LCJuZXR3b3Jr"         \
	"cyI6eyJzaG9wX2RlZmF1bHQiOnsiTmFtZSI6InNob3BfZGVmYXVsdCIsIkRyaXZlciI6Im92ZXJsYXki"         \
	"LCJMYWJlbHMiOnsiY29tLmRvY2tlci5zdGFjay5uYW1lc3BhY2UiOiJzaG9wIn19fSwic2VjcmV0cyI6"         \
	"e30sImNvbmZpZ3MiOnsic2hvcF9wYWdlIjp7Ik5hbWUiOiJzaG9wX3BhZ2UifX0sImV4dGVybmFsIjp7"         \
	"fSwic291cmNlcyI6e30sImRlcGVuZHNfb24iOnt9fSwiY29udGVudHMiOnsic2VjcmV0cyI6e30sImNv"         \
	"bmZpZ3MiOnsic2hvcF9wYWdlIjoic2hvcF9wYWdlLTEifX0sImltYWdlcyI6e30sIm93bmVkIjp7InNl"         \
	"cnZpY2VzIjpbInNob3Bfb2xkIl19fQ=="
#define OF_SHOP "?filters=%7B%22label%22%3A%5B%22com.docker.stack"

/* The first that matches; longer ones come before their own prefixes. */
static const route routes[] = {
	{ "GET /_ping", { .reply = "OK", .headers = "Api-Version: 1.45\r\n" } },
	{ "GET /version",
	  { .reply = "{\"ApiVersion\":\"1.45\",\"Components\":[{\"Name\":\"Engine\"}]}" } },
	{ "GET /swarm/unlockkey", { .reply = "{\"UnlockKey\":\"" UNLOCK_KEY "\"}" } },
	{ "GET /swarm", { .reply = CLUSTER(TOKEN) } },
	{ "POST /swarm/init", { .reply = "\"n1\"" } },
	{ "GET /nodes/host1", { .reply = N1 } },
	{ "GET /nodes/n1", { .reply = N1 } },
	{ "GET /nodes/n2", { .reply = N2 } },
	{ "GET /nodes/w1", { .reply = W1 } },
	{ "GET /nodes", { .reply = "[" N1 "," N2 "," N3 "," W1 "]" } },
	{ "GET /services" OF_SHOP, { .reply = "[" SHOP_WEB "]" } },
	{ "GET /networks" OF_SHOP, { .reply = "[" SHOP_NETWORK "]" } },
	{ "GET /secrets" OF_SHOP, { .reply = "[]" } },
	{ "GET /configs" OF_SHOP, { .reply = "[" SHOP_PAGE "," SHOP_REVISION "]" } },
	{ "GET /services/web/logs", { .reply = "" } },
	{ "GET /services/s1/logs",
	  { .reply = "\1\0\0\0\0\0\0\4log\n\2\0\0\0\0\0\0\4err\n",
	    .size = 24,
	    .chunk = 100,
	    .headers = "Content-Type: application/vnd.docker.multiplexed-stream\r\n" } },
	{ "GET /services/", { .reply = SERVICE("1") } },
	{ "GET /services", { .reply = "[" SERVICE("1") "]" } },
	{ "POST /services/create",
	  { .status = 201, .reply = "{\"ID\":\"s1\",\"Warnings\":[\"w\"]}" } },
	{ "POST /services/", { .reply = "{\"Warnings\":null}" } },
	{ "GET /tasks/", { .reply = TASK("running") } },
	{ "GET /tasks?filters=%7B%22node", { .reply = "[]" } },
	{ "GET /tasks?filters=%7B%22service%22%3A%5B%22s1%22%5D%7D",
	  { .reply = "[" TASK("pending") "]" } },
	{ "GET /tasks?filters=%7B%22id", { .reply = "[" TASK("shutdown") "]" } },
	{ "GET /tasks", { .reply = "[" TASK("running") "]" } },
	{ "GET /secrets/", { .reply = OBJECT("x1", "secret1") } },
	{ "GET /secrets?filters=%7B%22label",
	  { .reply = "[" VERSION_OF("1") "," VERSION_OF("2") "]" } },
	{ "GET /secrets", { .reply = "[" OBJECT("x1", "secret1") "]" } },
	{ "POST /secrets/create", { .status = 201, .reply = "{\"ID\":\"x1\"}" } },
	{ "GET /configs/", { .reply = OBJECT("x1", "config1") } },
	{ "GET /configs", { .reply = "[" OBJECT("x1", "config1") "]" } },
	{ "POST /configs/create", { .status = 201, .reply = "{\"ID\":\"x1\"}" } },
	{ "GET /distribution/",
	  { .reply = "{\"Descriptor\":{\"digest\":\"sha256:"
		     "b79000000000000000000000000000000000000000000000000000000000000f\"}}" } },
	{ "GET /images/", { .reply = "{\"Id\":\"sha256:1\"}" } },
	{ "POST /images/create",
	  { .reply = "{\"status\":\"Pulling\",\"id\":\"1\"}\n{\"status\":\"Downloading\","
		     "\"progressDetail\":{\"current\":1,\"total\":2},\"error\":\"\"}\n" } },
	{ "GET /networks/", { .reply = NETWORK } },
	{ "GET /networks", { .reply = "[" NETWORK "," SHOP_NETWORK "]" } },
	{ "POST /networks/create",
	  { .status = 201, .reply = "{\"Id\":\"x1\",\"Warning\":\"w\"}" } },
	{ "GET /volumes",
	  { .reply = "{\"Volumes\":[{\"Name\":\"data\",\"ClusterVolume\":{\"ID\":\"v1\",\"Spec\":{"
		     "\"Group\":\"g\",\"AccessMode\":{\"Scope\":\"single\"}}}}]}" } },
	{ "GET /events", { .reply = EVENT EVENT, .chunk = 500 } },
	{ "DELETE /secrets/", { .status = 204 } },
	{ "DELETE /configs/", { .status = 204 } },
	{ "DELETE /networks/", { .status = 204 } },
};

/* The answer with the version that an object has after so many writes. */
static fake_row written(fake_row row, int writes)
{
	static char text[16 * 1024];
	char *version;

	snprintf(text, sizeof(text), "%s", row.reply ? row.reply : "");
	version = strstr(text, VERSION);
	if (!version)
		return row;
	/* Two digits, as before. */
	version += strlen("\"Version\":{\"Index\":");
	version[0] = (char)('5' + (writes < 49 ? writes / 10 : 4));
	version[1] = (char)('0' + writes % 10);
	row.reply = text;
	return row;
}

fake_row answer_healthy(const function *f, const char *request, int writes)
{
	char line[256];
	const char *path = strchr(request, ' ');
	int method = path ? (int)(path - request) : 0;

	path = path ? path + 1 : "";
	if (strncmp(path, "/v" OTHER_HOST "/info", 10) == 0)
		return (fake_row){ .reply = MANAGER };
	if (strncmp(path, "/v1.", 4) == 0)
		path += 6;
	snprintf(line, sizeof(line), "%.*s %.200s", method, request, path);
	if (strncmp(line, "GET /info", 9) == 0)
		return (fake_row){ .reply = writes ? f->after : f->before };
	/* A rotation must make other ones. */
	if (writes && strncmp(line, "GET /swarm/unlockkey", 20) == 0)
		return (fake_row){ .reply = "{\"UnlockKey\":\"" NEW_UNLOCK_KEY "\"}" };
	if (writes && strncmp(line, "GET /swarm", 10) == 0)
		return written((fake_row){ .reply = CLUSTER(NEW_TOKEN) }, writes);
	if (!writes && strncmp(line, "GET /images/", 12) == 0)
		return (fake_row){ .status = 404, .reply = "{\"message\":\"No such image\"}" };
	/* What service_apply() wrote is there when it looks. */
	if (writes && strncmp(line, "GET /services/", 14) == 0 && !strstr(line, "/logs"))
		return written((fake_row){ .reply = SERVICE("7") }, writes);
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strncmp(line, routes[i].start, strlen(routes[i].start)) == 0)
			return writes ? written(routes[i].row, writes) : routes[i].row;
	return (fake_row){ .reply = "" };
}
