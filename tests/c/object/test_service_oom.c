/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs out at each allocation in turn: services and other objects, and the events. */
#include "oom_table.h"

#define REST "\"Name\":\"web\",\"TaskTemplate\":{},\"Mode\":{\"Replicated\":{\"Replicas\":1}}"
#define SERVICE                                                                                    \
	"{\"ID\":\"s1\",\"Version\":{\"Index\":5},\"Spec\":{" REST                                 \
	",\"UpdateConfig\":{\"Monitor\":1}},\"PreviousSpec\":{" REST "}}"
#define WORKER1                                                                                    \
	"{\"ID\":\"n1\",\"Version\":{\"Index\":5},\"Spec\":{\"Role\":\"worker\",\"Availability\":" \
	"\"active\"}}"
#define WEB "GET " API "/services/web"
#define UPDATE "POST " API "/services/s1/update?version=5"

static int run_list(swarm_client *client, swarm_error *err)
{
	const swarm_pair filters[] = { { "name", "web" }, { NULL, NULL } };
	json_t *list = NULL;
	int rc = swarm_object_list(client, SWARM_KIND_SERVICE, filters, 0, &list, err);

	CHECK((list == NULL) == (rc != 0));
	json_decref(list);
	return rc;
}

static int run_secret(swarm_client *client, swarm_error *err)
{
	char *id = NULL;
	int rc = swarm_secret_create(client, "x", "data", 4, NULL, 0, &id, err);

	CHECK((id == NULL) == (rc != 0));
	free(id);
	return rc;
}

static int run_scale(swarm_client *client, swarm_error *err)
{
	json_t *change = NULL;
	int rc = swarm_service_scale(client, "web", 3, 0, &change, err);

	CHECK((change == NULL) == (rc != 0));
	json_decref(change);
	return rc;
}

static int run_rollback(swarm_client *client, swarm_error *err)
{
	return swarm_service_rollback(client, "web", 0, err);
}

static int run_wait(swarm_client *client, swarm_error *err)
{
	return swarm_service_wait(client, "web", 0, NULL, err);
}

static int run_remove(swarm_client *client, swarm_error *err)
{
	return swarm_object_remove(client, SWARM_KIND_SERVICE, "web", 0, err);
}

static int on_event(void *payload, swarm_client *client, const swarm_event *event, swarm_error *err)
{
	(void)payload;
	(void)client;
	(void)err;
	return event != NULL;
}

static int run_events(swarm_client *client, swarm_error *err)
{
	swarm_client *const clients[] = { client, NULL };
	swarm_follow_options options = SWARM_FOLLOW_OPTIONS_INIT;

	options.clients = clients;
	options.on_event = on_event;
	return swarm_wait_for(&options, err);
}

static int run_logs(swarm_client *client, swarm_error *err)
{
	swarm_stream *stream = NULL;
	int rc = swarm_logs_open(client, SWARM_KIND_SERVICE, "web", NULL, 0, &stream, err);

	CHECK((stream == NULL) == (rc != 0));
	swarm_stream_free(stream);
	return rc;
}

static int run_pull(swarm_client *client, swarm_error *err)
{
	json_t *auth = json_pack("{s:s, s:s}", "username", "u", "password", "hunter2hunter2");
	json_t *pulled = NULL;
	int rc = SWARM_E_NOMEM;

	if (auth)
		rc = swarm_image_pull(client, "a", auth, 0, &pulled, err);
	else
		swarm__nomem(err);
	CHECK((pulled == NULL) == (rc != 0));
	json_decref(pulled);
	json_decref(auth);
	return rc;
}

static int run_promote(swarm_client *client, swarm_error *err)
{
	return swarm_node_promote(client, "n1", 0, NULL, err);
}

static int run_why(swarm_client *client, swarm_error *err)
{
	json_t *why = NULL;
	int rc = swarm_task_why(client, "web", 0, &why, err);

	CHECK((why == NULL) == (rc != 0));
	json_decref(why);
	return rc;
}

static int run_apply(swarm_client *client, swarm_error *err)
{
	swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
	json_t *service = json_pack("{s:s, s:{s:i}}", "hostname", "h", "deploy", "replicas", 2);
	json_t *patch = json_pack("{s:{s:{s:s}}}", "TaskTemplate", "ContainerSpec", "Dir", "/x");
	json_t *result = NULL;
	int rc = SWARM_E_NOMEM;

	options.spec_patch = patch;
	options.force_update = "monday";
	/* The test's own trees are made of the memory that runs out, too. */
	if (service && patch)
		rc = swarm_service_apply(client, "web", service, &options, &result, err);
	else
		swarm__nomem(err);
	CHECK((result == NULL) == (rc != 0));
	json_decref(result);
	json_decref(service);
	json_decref(patch);
	return rc;
}

static int run_settle(swarm_client *client, swarm_error *err)
{
	json_t *outcome = NULL;
	int rc = swarm_service_settle(client, "web", 0, 0, &outcome, err);

	CHECK((outcome == NULL) == (rc != 0));
	json_decref(outcome);
	return rc;
}

static const fake_row list_rows[] = {
	{ "GET " API "/services?filters=%7B%22name%22%3A%5B%22web%22%5D%7D", .reply = "[]" },
	{ NULL },
};
static const fake_row secret_rows[] = {
	{ "POST " API "/secrets/create", .status = 201, .reply = "{\"ID\":\"s1\"}" },
	{ NULL },
};
static const fake_row pull_rows[] = {
	{ "GET " API "/images/a%3Alatest/json", .status = 404, .reply = MESSAGE("none") },
	{ "POST " API "/images/create?fromImage=a&tag=latest",
	  .reply = "{\"status\":\"Pulling\"}\n", .chunk = 9 },
	{ "GET " API "/images/a%3Alatest/json", .reply = "{}" },
	{ NULL },
};
static const fake_row scale_rows[] = {
	{ WEB, .reply = SERVICE },
	{ "GET " API "/services/s1", .reply = SERVICE },
	{ "GET " API "/services/s1", .reply = SERVICE },
	{ UPDATE, .reply = "{}" },
	{ "GET " API "/services/s1", .reply = STORED },
	{ NULL },
};
static const fake_row rollback_rows[] = {
	{ WEB, .reply = SERVICE },
	{ UPDATE "&rollback=previous", .reply = "{}" },
	{ "GET " API "/services/s1", .reply = STORED },
	{ NULL },
};
static const fake_row wait_rows[] = {
	{ WEB, .reply = SERVICE },
	{ "GET " API "/tasks?filters=%7B%22service%22%3A%5B%22s1%22%5D%2C%22_up-to-date%22%3A%5B%22"
	  "true%22%5D%7D",
	  .reply = "[{\"ID\":\"t1\",\"Slot\":1,\"DesiredState\":\"running\",\"Status\":{"
		   "\"State\":\"running\"}}]" },
	{ "GET " API "/nodes", .reply = "[{\"ID\":\"n1\",\"Status\":{\"State\":\"down\"}}]" },
	{ NULL },
};
static const fake_row remove_rows[] = {
	{ WEB, .reply = SERVICE },
	{ .expect = "DELETE " API "/services/s1" },
	{ NULL },
};
static const fake_row events_rows[] = {
	{ INFO, .reply = MANAGER },
	{ "GET " API "/events?filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D",
	  .reply = "{\"Type\":\"node\"}\n", .chunk = 500, .fault = FAKE_OPEN },
	{ NULL },
};

static const fake_row logs_rows[] = {
	{ WEB, .reply = SERVICE },
	{ "GET " API "/services/s1/logs?stdout=true&stderr=true",
	  .headers = "Content-Type: application/vnd.docker.raw-stream\r\n", .chunk = 500 },
	{ NULL },
};

/* With a pause, and events in it. */
static const fake_row promote_rows[] = {
	{ "GET " API "/nodes/n1", .reply = WORKER1 },
	{ "GET " API "/nodes/n1", .reply = WORKER1 },
	{ .expect = "POST " API "/nodes/n1/update?version=5" },
	{ "GET " API "/nodes/n1", .reply = WORKER1 },
	{ WATCH("node"), .reply = "{}\n{}\n", .chunk = 99, .fault = FAKE_OPEN },
	{ "GET " API "/nodes/n1",
	  .reply = "{\"ID\":\"n1\",\"ManagerStatus\":{\"Reachability\":\"reachable\"}}" },
	{ NULL },
};

#define RESERVED                                                                                   \
	"\"Spec\":{\"Resources\":{\"Reservations\":{\"GenericResources\":[{"                       \
	"\"DiscreteResourceSpec\":{\"Kind\":\"gpu\",\"Value\":1}}]}},\"ContainerSpec\":{"          \
	"\"Mounts\":[{\"Type\":\"cluster\",\"Source\":\"data\"}]}}"
static const fake_row why_rows[] = {
	{ WEB, .reply = SERVICE },
	{ "GET " API "/tasks?filters=%7B%22service%22%3A%5B%22s1%22%5D%7D",
	  .reply = "[{\"ID\":\"t1\",\"Status\":{\"State\":\"pending\"}," RESERVED "}]" },
	{ "GET " API "/nodes", .reply = "[{\"ID\":\"n1\"}]" },
	{ "GET " API "/tasks",
	  .reply =
		  "[{\"ID\":\"t2\",\"NodeID\":\"n1\",\"Status\":{\"State\":\"running\",\"PortStatus\":{\"Ports\":["
		  "{\"PublishedPort\":80,\"PublishMode\":\"host\"}]}},\"GenericResources\":[{"
		  "\"NamedResourceSpec\":{\"Kind\":\"gpu\",\"Value\":\"a\"}}],\"Volumes\":[{"
		  "\"ID\":\"v1\"}]}]" },
	{ "GET " API "/services",
	  .reply = "[{\"ID\":\"s1\",\"Spec\":{\"EndpointSpec\":{\"Ports\":[]}}}]" },
	{ "GET " API "/volumes",
	  .reply = "{\"Volumes\":[{\"Name\":\"data\",\"ClusterVolume\":{\"ID\":\"v1\"}}]}" },
	{ NULL },
};

#define ROLLED_BACK                                                                                      \
	"{\"ID\":\"s1\",\"Version\":{\"Index\":5},\"UpdateStatus\":{\"State\":\"rollback_completed\"},"  \
	"\"Spec\":{\"Name\":\"web\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\"}},\"Mode\":{" \
	"\"Replicated\":{\"Replicas\":1}}}}"
#define PATCHED                                                                                    \
	"{\"ID\":\"s1\",\"Version\":{\"Index\":5},\"Spec\":{\"Name\":\"web\",\"TaskTemplate\":{"   \
	"\"ContainerSpec\":{\"Image\":\"a:1\",\"Dir\":\"/x\"}}}}"
#define ALL_TASKS "GET " API "/tasks?filters=%7B%22service%22%3A%5B%22s1%22%5D%7D"
static const fake_row apply_rows[] = {
	{ WEB, .reply = ROLLED_BACK },
	{ "GET " API "/services/s1", .reply = ROLLED_BACK },
	{ ALL_TASKS, .reply = "[{\"ID\":\"t1\",\"DesiredState\":\"shutdown\",\"Status\":{}}]" },
	{ UPDATE, .reply = "{\"Warnings\":[\"w\"]}" },
	{ "GET " API "/services/s1", .reply = PATCHED },
	{ NULL },
};
static const fake_row settle_rows[] = {
	{ WEB, .reply = ROLLED_BACK },
	{ "GET " API "/tasks?filters=%7B%22service%22%3A%5B%22s1%22%5D%2C%22_up-to-date%22%3A%5B%22"
	  "true%22%5D%7D",
	  .reply = "[{\"ID\":\"t1\",\"Slot\":1,\"DesiredState\":\"running\",\"Status\":{"
		   "\"State\":\"running\"}}]" },
	{ "GET " API "/nodes", .reply = "[{\"ID\":\"n1\",\"Status\":{\"State\":\"ready\"}}]" },
	{ ALL_TASKS, .reply = "[{\"ID\":\"t2\",\"DesiredState\":\"shutdown\",\"Status\":{"
			      "\"State\":\"failed\",\"Err\":\"exit 3\"}}]" },
	{ NULL },
};

static const fake_row gone_rows[] = {
	{ WEB, .reply = PATCHED },
	{ ALL_TASKS, .reply = "[{\"ID\":\"t1\",\"Status\":{\"State\":\"running\"}}]" },
	{ "GET " API "/services/s1", .reply = PATCHED },
	{ "DELETE " API "/services/s1", .reply = "" },
	{ "GET " API "/tasks?filters=%7B%22id%22%3A%5B%22t1%22%5D%7D", .reply = "[]" },
	{ NULL },
};

static int run_gone(swarm_client *client, swarm_error *err)
{
	return swarm_service_remove(client, "web", 0, err);
}

static const oom_case table[] = {
	{ "list", list_rows, run_list },          { "secret", secret_rows, run_secret },
	{ "scale", scale_rows, run_scale },       { "rollback", rollback_rows, run_rollback },
	{ "wait", wait_rows, run_wait },          { "remove", remove_rows, run_remove },
	{ "events", events_rows, run_events },    { "logs", logs_rows, run_logs },
	{ "promote", promote_rows, run_promote }, { "why", why_rows, run_why },
	{ "apply", apply_rows, run_apply },       { "settle", settle_rows, run_settle },
	{ "gone", gone_rows, run_gone },          { "pull", pull_rows, run_pull },
};

enum { CASES = sizeof(table) / sizeof(table[0]) };

static void own_allocations(void)
{
	oom_run_table(table, CASES, oom_start);
}

static void jansson_too(void)
{
	oom_run_table(table, CASES, oom_start_with_jansson);
}

TEST_MAIN(TEST(own_allocations), TEST(jansson_too))
