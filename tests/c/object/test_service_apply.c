/* SPDX-License-Identifier: Apache-2.0 */
/* A declared service: created, changed only where it differs, and its image pinned. */
#include "test_cluster.h"

#include <jansson.h>

#define GET "GET " API "/services/web"
#define GET_ID "GET " API "/services/s1"
#define LOOK_UP(image) "GET " API "/distribution/" image "/json"
#define UPDATE(index) "POST " API "/services/s1/update?version=" index
#define CREATE "POST " API "/services/create"
#define HEX "b79000000000000000000000000000000000000000000000000000000000000f"
#define OTHER "c79000000000000000000000000000000000000000000000000000000000000f"
#define FOUND                                                                                      \
	"{\"Descriptor\":{\"digest\":\"sha256:" HEX "\"},\"Platforms\":[{\"architecture\":"        \
	"\"amd64\",\"os\":\"linux\"}]}"
#define NONE_SUCH .status = 404, .reply = MESSAGE("service web not found")
#define PINNED "nginx:1@sha256:" HEX

#define SERVICE_AT(index, labels, image, more)                                                     \
	"{\"ID\":\"s1\",\"Version\":{\"Index\":" index                                             \
	"},\"Spec\":{\"Name\":\"web\",\"Labels\":{" labels                                         \
	"},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"" image "\"}}" more "}}"
#define IMAGE_LABEL(image) "\"com.docker.stack.image\":\"" image "\""
#define REPLICATED ",\"Mode\":{\"Replicated\":{\"Replicas\":1}}"
#define WEB SERVICE_AT("5", IMAGE_LABEL("nginx:1"), PINNED, REPLICATED)

#define ROLLED_BACK                                                                                    \
	"{\"ID\":\"s1\",\"Version\":{\"Index\":5},\"UpdateStatus\":{\"State\":\"rollback_completed\"," \
	"\"StartedAt\":\"2026-01-02T03:04:05.1Z\",\"Message\":\"update rolled back\"},\"Spec\":{"      \
	"\"Name\":\"web\",\"Labels\":{" IMAGE_LABEL(                                                   \
		"nginx:1") "},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"" PINNED                \
			   "\"}}" REPLICATED "}}"
#define ALL_TASKS "GET " API "/tasks?filters=%7B%22service%22%3A%5B%22s1%22%5D%7D"
#define FAILED_TASK(hostname, created, desired)                                                    \
	"{\"ID\":\"t1\",\"Slot\":1,\"CreatedAt\":\"" created "\",\"DesiredState\":\"" desired      \
	"\",\"Spec\":{\"ContainerSpec\":{\"Image\":\"" PINNED "\",\"Hostname\":\"" hostname        \
	"\"}},\"Status\":{\"State\":\"failed\",\"Err\":\"exit 3\"}}"
#define WEB_UPDATED                                                                                \
	SERVICE_AT("5", IMAGE_LABEL("nginx:1"), PINNED,                                            \
		   REPLICATED ",\"UpdateConfig\":{\"Parallelism\":2}")

/* What ran, as JSON; an error leaves result empty. */
typedef struct apply_case {
	const char *name;
	fake_row rows[8];
	const char *service;
	unsigned flags;
	int resolve;
	const char *force_update;
	int code;
	const char *result; /* or the error's text */
} apply_case;

#define RESULT(id, action, changes, restarts, warnings)                                            \
	"{\"action\":\"" action "\",\"changes\":{" changes "},\"id\":\"" id                        \
	"\",\"restarts\":\"" restarts "\",\"warnings\":[" warnings "]}"
#define CHANGE(name, old, new) "\"" name "\":{\"new\":" new ",\"old\":" old "}"

static const apply_case applies[] = {
	{ "created",
	  { { GET, NONE_SUCH },
	    { LOOK_UP("nginx%3A1"), .reply = FOUND },
	    { CREATE,
	      .body = "{\"Name\":\"web\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"" PINNED
		      "\"},\"Placement\":{\"Platforms\":[{\"Architecture\":\"amd64\",\"OS\":"
		      "\"linux\"}]}},\"Mode\":{\"Replicated\":{\"Replicas\":1}},\"Labels\":{" IMAGE_LABEL(
			      "nginx:1") "}}",
	      .status = 201, .reply = "{\"ID\":\"s1\"}" } },
	  "{\"image\":\"nginx:1\"}",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT("s1", "create", CHANGE("image", "null", "\"" PINNED "\""), "no", "") },
	{ "nothing differs",
	  { { GET, .reply = WEB }, { GET_ID, .reply = WEB } },
	  "{\"image\":\"nginx:1\",\"tty\":false}",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT("s1", "none", "", "no", "") },
	{ "an answer without an image",
	  { { GET, .reply = SERVICE_AT("5", "", "", REPLICATED) },
	    { GET_ID, .reply = SERVICE_AT("5", "", "", REPLICATED) } },
	  "{\"tty\":true}",
	  0,
	  0,
	  NULL,
	  SWARM_E_JSON,
	  "Spec.TaskTemplate.ContainerSpec.Image: expected text" },
	{ "a tag that did not move",
	  { { GET, .reply = WEB },
	    { LOOK_UP("nginx%3A1"), .reply = FOUND },
	    { GET_ID, .reply = WEB } },
	  "{\"image\":\"nginx:1\"}",
	  0,
	  SWARM_RESOLVE_ALWAYS,
	  NULL,
	  0,
	  RESULT("s1", "none", "", "no", "") },
	{ "docker service create has no label",
	  { { GET, .reply = SERVICE_AT("5", "", PINNED, REPLICATED) },
	    { GET_ID, .reply = SERVICE_AT("5", "", PINNED, REPLICATED) } },
	  "{\"image\":\"nginx:1\"}",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT("s1", "none", "", "no", "") },
	{ "a tag that moved",
	  { { GET, .reply = SERVICE_AT("5", IMAGE_LABEL("nginx:1"), "nginx:1@sha256:" OTHER,
				       REPLICATED) },
	    { LOOK_UP("nginx%3A1"), .reply = FOUND },
	    { GET_ID, .reply = SERVICE_AT("5", IMAGE_LABEL("nginx:1"), "nginx:1@sha256:" OTHER,
					  REPLICATED) },
	    { UPDATE("5"), .body = PINNED, .reply = "{}" } },
	  "{\"image\":\"nginx:1\"}",
	  0,
	  SWARM_RESOLVE_ALWAYS,
	  NULL,
	  0,
	  RESULT("s1", "update", CHANGE("image", "\"nginx:1@sha256:" OTHER "\"", "\"" PINNED "\""),
		 "tasks", "") },
	{ "another tag of the same content restarts nothing",
	  { { GET, .reply = WEB },
	    { LOOK_UP("nginx%3A2"), .reply = FOUND },
	    { GET_ID, .reply = WEB },
	    { UPDATE("5"), .body = "\"Image\":\"" PINNED "\"", .reply = "{}" } },
	  "{\"image\":\"nginx:2\"}",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT("s1", "update",
		 CHANGE("deploy.labels.com.docker.stack.image", "\"nginx:1\"", "\"nginx:2\""), "no",
		 "") },
	{ "pinned again after a look-up failed",
	  { { GET, .reply = SERVICE_AT("5", IMAGE_LABEL("nginx:1"), "nginx:1", REPLICATED) },
	    { LOOK_UP("nginx%3A1"), .reply = FOUND },
	    { GET_ID, .reply = SERVICE_AT("5", IMAGE_LABEL("nginx:1"), "nginx:1", REPLICATED) },
	    { UPDATE("5"), .body = PINNED, .reply = "{}" } },
	  "{\"image\":\"nginx:1\"}",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT("s1", "update", CHANGE("image", "\"nginx:1\"", "\"" PINNED "\""), "tasks", "") },
	{ "the registry is gone: what is pinned stays",
	  { { GET, .reply = WEB },
	    { LOOK_UP("nginx%3A1"), .status = 500,
	      .reply = MESSAGE("dial tcp: connection refused") },
	    { GET_ID, .reply = WEB } },
	  "{\"image\":\"nginx:1\"}",
	  0,
	  SWARM_RESOLVE_ALWAYS,
	  NULL,
	  0,
	  RESULT("s1", "none", "", "no",
		 "\"image nginx:1 could not be looked up: dial tcp: connection refused\"") },
	{ "the registry is gone: another image is not sent",
	  { { GET, .reply = WEB },
	    { LOOK_UP("nginx%3A2"), .status = 500,
	      .reply = MESSAGE("dial tcp: connection refused") } },
	  "{\"image\":\"nginx:2\"}",
	  0,
	  0,
	  NULL,
	  SWARM_E_HTTP,
	  "image nginx:2 could not be looked up: dial tcp: connection refused: run again, or leave it "
	  "to the nodes with resolve_image: never" },
	{ "no such image, and nothing is created",
	  { { GET, NONE_SUCH },
	    { LOOK_UP("nginx%3A1"), .status = 404, .reply = MESSAGE("manifest unknown") } },
	  "{\"image\":\"nginx:1\"}",
	  0,
	  0,
	  NULL,
	  SWARM_E_NOT_FOUND,
	  "the registry docker.io has no image nginx:1, or hides it without credentials" },
	{ "missing credentials",
	  { { GET, NONE_SUCH },
	    { LOOK_UP("r%3A5000/x%3A1"), .status = 500,
	      .reply = MESSAGE("Head x: no basic auth credentials") } },
	  "{\"image\":\"r:5000/x:1\"}",
	  0,
	  0,
	  NULL,
	  SWARM_E_HTTP,
	  "the registry r:5000 refuses image r:5000/x:1: credentials are missing or wrong" },
	{ "a malformed digest",
	  { { GET, NONE_SUCH },
	    { LOOK_UP("nginx%3A1"), .reply = "{\"Descriptor\":{\"digest\":\"sha256:x\"}}" } },
	  "{\"image\":\"nginx:1\"}",
	  0,
	  SWARM_RESOLVE_ALWAYS,
	  NULL,
	  0,
	  NULL },
	{ "never looked up",
	  { { GET, NONE_SUCH },
	    { CREATE,
	      .body = "{\"Name\":\"web\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":"
		      "\"nginx:1\"},\"Placement\":{}},\"Mode\":{\"Replicated\":{\"Replicas\":1}}}",
	      .status = 201, .reply = "{\"ID\":\"s1\"}" } },
	  "{\"image\":\"nginx:1\"}",
	  0,
	  SWARM_RESOLVE_NEVER,
	  NULL,
	  0,
	  RESULT("s1", "create", CHANGE("image", "null", "\"nginx:1\""), "no",
		 "\"image nginx:1 is not pinned to a digest: a node may run an older image of that "
		 "name, and pinning it later restarts the tasks\"") },
	{ "dry run",
	  { { GET, .reply = WEB }, { GET_ID, .reply = WEB } },
	  "{\"image\":\"nginx:1\",\"hostname\":\"h\"}",
	  SWARM_APPLY_DRY_RUN,
	  0,
	  NULL,
	  0,
	  RESULT("s1", "update", CHANGE("hostname", "null", "\"h\""), "tasks", "") },
	{ "dry run of a new one",
	  { { GET, NONE_SUCH }, { LOOK_UP("nginx%3A1"), .reply = FOUND } },
	  "{\"image\":\"nginx:1\"}",
	  SWARM_APPLY_DRY_RUN,
	  0,
	  NULL,
	  0,
	  RESULT("", "create", CHANGE("image", "null", "\"" PINNED "\""), "no", "") },
	{ "another writer's label survives",
	  { { GET, .reply = WEB },
	    { GET_ID, .reply = WEB },
	    { UPDATE("5"), .status = 500, .reply = MESSAGE(SEQUENCE_TEXT) },
	    { GET_ID, .reply = SERVICE_AT("6", IMAGE_LABEL("nginx:1") ",\"by\":\"hand\"", PINNED,
					  REPLICATED) },
	    { UPDATE("6"), .body = "\"by\":\"hand\"", .reply = "{}" } },
	  "{\"image\":\"nginx:1\",\"hostname\":\"h\"}",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT("s1", "update", CHANGE("hostname", "null", "\"h\""), "tasks", "") },
	{ "a stack's",
	  { { GET, .reply = SERVICE_AT("5", "\"com.docker.stack.namespace\":\"shop\"", PINNED,
				       REPLICATED) },
	    { GET_ID, .reply = SERVICE_AT("5", "\"com.docker.stack.namespace\":\"shop\"", PINNED,
					  REPLICATED) } },
	  "{\"image\":\"nginx:1\"}",
	  0,
	  0,
	  NULL,
	  SWARM_E_CONFLICT,
	  "service web belongs to stack shop: change it there, or give stack: shop" },
	{ "another mode",
	  { { GET, .reply = WEB }, { GET_ID, .reply = WEB } },
	  "{\"image\":\"nginx:1\",\"deploy\":{\"mode\":\"global\"}}",
	  0,
	  0,
	  NULL,
	  SWARM_E_CONFLICT,
	  "service web: deploy.mode cannot be changed: give replace: True, which removes the service and "
	  "creates it again" },
	{ "rolled back: not sent again",
	  { { GET, .reply = ROLLED_BACK },
	    { GET_ID, .reply = ROLLED_BACK },
	    { ALL_TASKS,
	      .reply = "[" FAILED_TASK("h", "2026-01-02T03:04:05.2Z", "shutdown") "]" } },
	  "{\"image\":\"nginx:1\",\"hostname\":\"h\"}",
	  0,
	  0,
	  NULL,
	  0,
	  "{\"action\":\"rolled_back\",\"changes\":{" CHANGE(
		  "hostname", "null",
		  "\"h\"") "},\"id\":\"s1\",\"restarts\":\"no\",\"rolled_back\":\"update rolled back; "
			   "web.1 (failed): exit 3\",\"warnings\":[]}" },
	{ "rolled back: sent where that is asked for",
	  { { GET, .reply = ROLLED_BACK },
	    { GET_ID, .reply = ROLLED_BACK },
	    { UPDATE("5"), .body = "\"Hostname\":\"h\"", .reply = "{}" } },
	  "{\"image\":\"nginx:1\",\"hostname\":\"h\"}",
	  SWARM_APPLY_RETRY,
	  0,
	  NULL,
	  0,
	  RESULT("s1", "update", CHANGE("hostname", "null", "\"h\""), "tasks", "") },
	{ "rolled back: another spec is sent",
	  { { GET, .reply = ROLLED_BACK },
	    { GET_ID, .reply = ROLLED_BACK },
	    { ALL_TASKS, .reply = "[" FAILED_TASK("h", "2026-01-02T03:04:05.2Z", "shutdown") "]" },
	    { UPDATE("5"), .body = "\"Hostname\":\"i\"", .reply = "{}" } },
	  "{\"image\":\"nginx:1\",\"hostname\":\"i\"}",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT("s1", "update", CHANGE("hostname", "null", "\"i\""), "tasks", "") },
	{ "rolled back: a task from before that rollout proves nothing",
	  { { GET, .reply = ROLLED_BACK },
	    { GET_ID, .reply = ROLLED_BACK },
	    { ALL_TASKS, .reply = "[" FAILED_TASK("h", "2026-01-02T03:04:05Z", "shutdown") "]" },
	    { UPDATE("5"), .body = "\"Hostname\":\"h\"", .reply = "{}" } },
	  "{\"image\":\"nginx:1\",\"hostname\":\"h\"}",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT("s1", "update", CHANGE("hostname", "null", "\"h\""), "tasks", "") },
	{ "rolled back: what runs is as declared, which is history",
	  { { GET, .reply = ROLLED_BACK }, { GET_ID, .reply = ROLLED_BACK } },
	  "{\"image\":\"nginx:1\"}",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT("s1", "none", "", "no", "") },
	{ "the engine's warnings",
	  { { GET, .reply = WEB },
	    { GET_ID, .reply = WEB },
	    { UPDATE("5"), .reply = "{\"Warnings\":[\"no digest\"]}" } },
	  "{\"image\":\"nginx:1\",\"hostname\":\"h\"}",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT("s1", "update", CHANGE("hostname", "null", "\"h\""), "tasks", "\"no digest\"") },
	{ "another mode, by a new service",
	  { { GET, .reply = WEB_UPDATED },
	    { GET_ID, .reply = WEB_UPDATED },
	    { GET_ID, .reply = WEB_UPDATED },
	    { "DELETE " API "/services/s1", .status = 200, .reply = "" },
	    { CREATE,
	      .body = "{\"Name\":\"web\",\"Labels\":{" IMAGE_LABEL(
		      "nginx:1") "},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"" PINNED
				 "\"}},\"Mode\":{\"ReplicatedJob\":{}}}",
	      .status = 201, .reply = "{\"ID\":\"s2\"}" } },
	  "{\"image\":\"nginx:1\",\"deploy\":{\"mode\":\"replicated-job\"}}",
	  SWARM_APPLY_REPLACE,
	  0,
	  NULL,
	  0,
	  RESULT("s2", "replace", CHANGE("deploy.mode", "\"replicated\"", "\"replicated-job\""),
		 "no", "") },
	{ "another mode, which the engine refuses: the old service is made again",
	  { { GET, .reply = WEB },
	    { GET_ID, .reply = WEB },
	    { GET_ID, .reply = WEB },
	    { "DELETE " API "/services/s1", .status = 200, .reply = "" },
	    { CREATE, .body = "\"Global\"", .status = 400, .reply = MESSAGE("no such thing") },
	    { CREATE, .body = "\"Replicated\"", .status = 201, .reply = "{\"ID\":\"s3\"}" } },
	  "{\"image\":\"nginx:1\",\"deploy\":{\"mode\":\"global\"}}",
	  SWARM_APPLY_REPLACE,
	  0,
	  NULL,
	  SWARM_E_HTTP,
	  "no such thing" },
	{ "a job is not run for a label",
	  { { GET, .reply = SERVICE_AT("5", "", PINNED, ",\"Mode\":{\"ReplicatedJob\":{}}") },
	    { GET_ID, .reply = SERVICE_AT("5", "", PINNED, ",\"Mode\":{\"ReplicatedJob\":{}}") } },
	  "{\"image\":\"nginx:1\",\"deploy\":{\"labels\":{\"a\":\"1\"}}}",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT("s1", "none", CHANGE("deploy.labels.a", "null", "\"1\""), "no",
		 "\"a change would run the job again: it is left as it is until job_trigger has another "
		 "text\"") },
	{ "forced",
	  { { GET, .reply = WEB },
	    { GET_ID, .reply = WEB },
	    { UPDATE("5"), .body = "\"ForceUpdate\":1", .reply = "{}" } },
	  "{\"image\":\"nginx:1\"}",
	  0,
	  0,
	  "monday",
	  0,
	  RESULT("s1", "update", CHANGE("force_update", "null", "\"monday\""), "tasks", "") },
	{ "forced twice by one text",
	  { { GET, .reply = SERVICE_AT(
			   "5", IMAGE_LABEL("nginx:1") ",\"libswarm.force_update\":\"monday\"",
			   PINNED, REPLICATED) },
	    { GET_ID, .reply = SERVICE_AT(
			      "5", IMAGE_LABEL("nginx:1") ",\"libswarm.force_update\":\"monday\"",
			      PINNED, REPLICATED) } },
	  "{\"image\":\"nginx:1\"}",
	  0,
	  0,
	  "monday",
	  0,
	  RESULT("s1", "none", "", "no", "") },
	{ "a slip",
	  { { GET, NONE_SUCH } },
	  "{\"image\":\"nginx:1\",\"enviroment\":{}}",
	  0,
	  SWARM_RESOLVE_NEVER,
	  NULL,
	  SWARM_E_INVAL,
	  "enviroment: no such key, did you mean environment?" },
	{ "the start of another's id",
	  { { GET, .reply = "{\"ID\":\"web123\",\"Spec\":{\"Name\":\"other\"}}" } },
	  "{\"image\":\"nginx:1\",\"enviroment\":{}}",
	  0,
	  SWARM_RESOLVE_NEVER,
	  NULL,
	  SWARM_E_INVAL,
	  "enviroment: no such key, did you mean environment?" },
};

static void run_case(const apply_case *c)
{
	swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
	json_t *service = json_loads(c->service, 0, NULL), *result = NULL;
	fixture f = setup(c->rows);
	char *text = NULL;

	test_row = c->name;
	options.flags = c->flags;
	options.resolve = c->resolve;
	options.force_update = c->force_update;
	if (!c->result) {
		CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err),
			  SWARM_E_JSON);
	} else {
		CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err),
			  c->code);
		text = result ? json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS)
			      : strdup(f.err.text);
		CHECK_STR(text, c->result);
	}
	free(text);
	json_decref(result);
	json_decref(service);
	teardown(&f);
}

static void each(void)
{
	for (size_t i = 0; i < sizeof(applies) / sizeof(*applies); i++)
		run_case(&applies[i]);
}

/* Options beside the table's: a patch in the engine's words, and the trigger of a job. */
static void patched(void)
{
	static const char with[] = SERVICE_AT(
		"6", IMAGE_LABEL("nginx:1"),
		PINNED "\",\"Privileges\":{\"NoNewPrivileges\":true},\"Dir\":\"", REPLICATED);
	const fake_row rows[] = {
		{ GET, .reply = WEB },
		{ GET_ID, .reply = WEB },
		{ UPDATE("5"), .body = "\"NoNewPrivileges\":true", .reply = "{}" },
		{ GET_ID, .reply = with },
		/* And again: nothing differs. */
		{ GET, .reply = with },
		{ GET_ID, .reply = with },
		/* An engine that drops it. */
		{ GET, .reply = WEB },
		{ GET_ID, .reply = WEB },
		{ UPDATE("5"), .reply = "{}" },
		{ GET_ID, .reply = WEB },
		{ NULL },
	};
	swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
	json_t *patch = json_pack("{s:{s:{s:{s:b}}}}", "TaskTemplate", "ContainerSpec",
				  "Privileges", "NoNewPrivileges", 1);
	json_t *service = json_object(), *result = NULL;
	fixture f = setup(rows);

	options.spec_patch = patch;
	CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err), 0);
	CHECK_STR(json_string_value(json_object_get(result, "restarts")), "tasks");
	CHECK(json_object_get(json_object_get(result, "changes"),
			      "spec_patch.TaskTemplate.ContainerSpec.Privileges.NoNewPrivileges") !=
	      NULL);
	json_decref(result);
	result = NULL;
	CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err), 0);
	CHECK_STR(json_string_value(json_object_get(result, "action")), "none");
	json_decref(result);
	result = NULL;
	CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err),
		  SWARM_E_VERSION);
	CHECK_PART(f.err.text,
		   "spec_patch.TaskTemplate.ContainerSpec.Privileges.NoNewPrivileges: the engine");
	json_decref(patch);
	patch = json_pack("{s:s}", "Nam", "x");
	options.spec_patch = patch;
	f.err = (swarm_error)SWARM_ERROR_INIT;
	CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err),
		  SWARM_E_INVAL);
	CHECK_PART(f.err.text, "spec_patch: unknown field 'Nam'");
	json_decref(patch);
	json_decref(service);
	teardown(&f);
}

/* The engine drops a name that it does not know: all of them are reported before the first request. */
static void patches_with_slips(void)
{
	static const struct {
		const char *patch, *text;
	} table[] = {
		{ "{\"TaskTemplate\":{\"ContainerSpec\":{\"Privilege\":{}}}}",
		  "spec_patch.TaskTemplate.ContainerSpec.Privilege: the engine has no such field, did you "
		  "mean Privileges?" },
		{ "{\"TaskTemplate\":{\"ContainerSpec\":{\"init\":true,\"Mounts\":[{\"Tmpfs\":1}]}},"
		  "\"EndpointSpec\":{\"Ports\":[{},{\"TargetPorts\":1}],\"Zzz\":null}}",
		  "spec_patch.TaskTemplate.ContainerSpec.init: the engine has no such field, did you mean "
		  "Init?; spec_patch.TaskTemplate.ContainerSpec.Mounts[0].Tmpfs: the engine has no such "
		  "field; spec_patch.EndpointSpec.Ports[1].TargetPorts: the engine has no such field, did "
		  "you mean TargetPort?; spec_patch.EndpointSpec.Zzz: the engine has no such field" },
	};
	const fake_row rows[] = { { NULL } };
	json_t *service = json_object();

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
		json_t *patch = json_loads(table[i].patch, 0, NULL), *result = NULL;
		fixture f = setup(rows);

		options.spec_patch = patch;
		CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err),
			  SWARM_E_INVAL);
		CHECK_STR(f.err.text, table[i].text);
		json_decref(patch);
		teardown(&f);
	}
	json_decref(service);
}

/* Names that are the caller's own, and fields without deeper names, are left to the engine. */
static void a_patch_with_free_names(void)
{
	static const char patch_text[] =
		"{\"Labels\":{\"a.b\":\"1\"},\"TaskTemplate\":{\"LogDriver\":{\"Options\":{\"tag\":"
		"\"x\"}},\"ContainerSpec\":{\"Sysctls\":{\"net.x\":\"1\"},\"Hostname\":\"h\"}}}";
	const fake_row rows[] = { { GET, .reply = WEB }, { GET_ID, .reply = WEB }, { NULL } };
	swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
	json_t *patch = json_loads(patch_text, 0, NULL), *service = json_object(), *result = NULL;
	fixture f = setup(rows);

	options.spec_patch = patch;
	options.flags = SWARM_APPLY_DRY_RUN;
	CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err), 0);
	CHECK_STR(f.err.text, "");
	json_decref(result);
	json_decref(patch);
	json_decref(service);
	teardown(&f);
}

/* A new service has nothing to read again in test mode. */
static void a_patch_ahead_of_its_service(void)
{
	const fake_row rows[] = { { GET, NONE_SUCH }, { NULL } };
	swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
	json_t *patch = json_pack("{s:{s:s}}", "Labels", "a", "1");
	json_t *service = json_pack("{s:s}", "image", "nginx:1"), *result = NULL;
	fixture f = setup(rows);

	options.spec_patch = patch;
	options.flags = SWARM_APPLY_DRY_RUN;
	options.resolve = SWARM_RESOLVE_NEVER;
	CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err), 0);
	CHECK_STR(f.err.text, "");
	CHECK_STR(json_string_value(json_object_get(result, "action")), "create");
	json_decref(result);
	json_decref(patch);
	json_decref(service);
	teardown(&f);
}

/* Fields that the engine's API does not have yet are refused in test mode as in the real run. */
static void newer_than_the_engine(void)
{
	static const struct {
		const char *service, *text;
		bool is_there;
	} table[] = {
		{ "{\"image\":\"nginx:1\",\"oom_score_adj\":5}",
		  "TaskTemplate.ContainerSpec.OomScoreAdj needs API 1.46, but this client is set to "
		  "1.45: choose another version",
		  false },
		{ "{\"oom_score_adj\":5}",
		  "TaskTemplate.ContainerSpec.OomScoreAdj needs API 1.46, but this client is set to "
		  "1.45: choose another version",
		  true },
	};

	for (size_t i = 0; i < 2 * sizeof(table) / sizeof(*table); i++) {
		const fake_row rows[] = {
			{ GET, .status = table[i / 2].is_there ? 200 : 404,
			  .reply = table[i / 2].is_there ? WEB : MESSAGE("service web not found") },
			{ table[i / 2].is_there ? GET_ID : NULL, .reply = WEB },
			{ NULL }
		};
		swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
		json_t *service = json_loads(table[i / 2].service, 0, NULL), *result = NULL;
		fixture f = setup(rows);

		options.flags = i % 2 ? SWARM_APPLY_DRY_RUN : 0;
		options.resolve = SWARM_RESOLVE_NEVER;
		CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err),
			  SWARM_E_VERSION);
		CHECK_STR(f.err.text, table[i / 2].text);
		json_decref(service);
		teardown(&f);
	}
}

#define JOB_WITH(label) SERVICE_AT("5", label, PINNED, ",\"Mode\":{\"ReplicatedJob\":{}}")

static void triggered(void)
{
	const fake_row rows[] = {
		{ GET, .reply = JOB_WITH("\"libswarm.job_trigger\":\"1\"") },
		{ GET_ID, .reply = JOB_WITH("\"libswarm.job_trigger\":\"1\"") },
		{ UPDATE("5"), .body = "\"libswarm.job_trigger\":\"2\"", .reply = "{}" },
		{ GET, .reply = JOB_WITH("\"libswarm.job_trigger\":\"2\"") },
		{ GET_ID, .reply = JOB_WITH("\"libswarm.job_trigger\":\"2\"") },
		{ GET, .reply = WEB },
		{ GET_ID, .reply = WEB },
		{ NULL },
	};
	swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
	json_t *service = json_object(), *result = NULL;
	fixture f = setup(rows);

	options.job_trigger = "2";
	CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err), 0);
	CHECK_STR(json_string_value(json_object_get(result, "action")), "update");
	json_decref(result);
	result = NULL;
	CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err), 0);
	CHECK_STR(json_string_value(json_object_get(result, "action")), "none");
	json_decref(result);
	result = NULL;
	CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err),
		  SWARM_E_INVAL);
	CHECK_STR(f.err.text, "job_trigger: service web is not a job: use force_update");
	json_decref(service);
	teardown(&f);
}

static void names_become_ids(void)
{
	const fake_row rows[] = {
		{ "GET " API "/networks",
		  .reply = "[{\"Name\":\"net\",\"Id\":\"local1\",\"Scope\":"
			   "\"local\"},{\"Name\":\"net\",\"Id\":\"n1\",\"Scope\":"
			   "\"swarm\"}]" },
		{ "GET " API "/secrets", .reply = "[{\"ID\":\"x1\",\"Spec\":{\"Name\":\"key\"}}]" },
		{ GET, NONE_SUCH },
		{ CREATE, .body = "\"Target\":\"n1\"", .status = 201, .reply = "{\"ID\":\"s1\"}" },
		{ NULL },
	};
	swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
	json_t *service = json_pack("{s:s, s:[s], s:[s]}", "image", "nginx:1", "networks", "net",
				    "secrets", "key");
	json_t *result = NULL;
	fixture f = setup(rows);

	options.resolve = SWARM_RESOLVE_NEVER;
	CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err), 0);
	CHECK_STR(f.err.text, "");
	json_decref(result);
	json_decref(service);
	teardown(&f);
}

/* The network of the hosts themselves has an id of its own in the swarm. */
static void the_hosts_network(void)
{
	const fake_row rows[] = {
		{ "GET " API "/networks",
		  .reply = "[{\"Name\":\"host\",\"Id\":\"local1\",\"Scope\":\"local\"}]" },
		{ "GET " API "/networks/host?scope=swarm",
		  .reply = "{\"Name\":\"host\",\"Id\":\"h1\",\"Scope\":\"swarm\"}" },
		{ GET, NONE_SUCH },
		{ CREATE, .body = "\"Target\":\"h1\"", .status = 201, .reply = "{\"ID\":\"s1\"}" },
		{ NULL },
	};
	swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
	json_t *service = json_pack("{s:s, s:[{s:s}]}", "image", "nginx:1", "networks", "name",
				    "host");
	json_t *result = NULL;
	fixture f = setup(rows);

	options.resolve = SWARM_RESOLVE_NEVER;
	CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err), 0);
	CHECK_STR(f.err.text, "");
	json_decref(result);
	json_decref(service);
	teardown(&f);
}

static void arguments(void)
{
	const fake_row rows[] = { { NULL } };
	swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
	json_t *service = json_object(), *list = json_array(), *result = NULL;
	fixture f = setup(rows);

	CHECK_INT(swarm_service_apply(f.client, "", service, NULL, &result, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_service_apply(f.client, "web", list, NULL, &result, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_service_apply(NULL, "web", service, NULL, &result, NULL), SWARM_E_INVAL);
	options.resolve = 7;
	CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, NULL),
		  SWARM_E_INVAL);
	options.size = 3;
	CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_image_resolve(f.client, "", NULL, 0, &result, NULL), SWARM_E_INVAL);
	CHECK(result == NULL);
	json_decref(service);
	json_decref(list);
	teardown(&f);
}

TEST_MAIN(TEST(each), TEST(patched), TEST(patches_with_slips), TEST(a_patch_with_free_names),
	  TEST(a_patch_ahead_of_its_service), TEST(newer_than_the_engine), TEST(triggered),
	  TEST(names_become_ids), TEST(the_hosts_network), TEST(arguments))
