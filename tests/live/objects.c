/* SPDX-License-Identifier: Apache-2.0 */
/* Services, secrets, configs, networks and events, on a manager. */
#include "live.h"

/* Until the wait for a service that cannot run gives up; the engine refuses its task at once. */
#define GIVE_UP_MS 20000

/* The id of a created object must be that of the one found by name, and it ends as not found. */
static void removed(swarm_kind kind, const char *name)
{
	json_auto_t *left = NULL;

	WORKS(swarm_object_remove(live_client, kind, name, 0, &err));
	GIVES(SWARM_E_NOT_FOUND, swarm_object_inspect(live_client, kind, name, 0, &left, &err));
	GIVES(SWARM_E_NOT_FOUND, swarm_object_remove(live_client, kind, name, 0, &err));
}

static void data_object(swarm_kind kind, const char *name)
{
	json_auto_t *labels = json_pack("{s:s}", "made", "live");
	json_auto_t *patch = json_pack("{s:{s:s}}", "Labels", "tier", "lab");
	json_auto_t *data = json_pack("{s:s}", "Data", "b3RoZXI=");
	json_auto_t *object = NULL;
	char *id = NULL;
	char *again = NULL;
	int (*create)(swarm_client *, const char *, const void *, size_t, const json_t *, int64_t,
		      char **, swarm_error *) = kind == SWARM_KIND_SECRET ? swarm_secret_create
									  : swarm_config_create;

	test_row = name;
	WORKS(create(live_client, name, "a\0b", 3, labels, 0, &id, &err));
	GIVES(SWARM_E_CONFLICT, create(live_client, name, "c", 1, NULL, 0, &again, &err));
	WORKS(swarm_object_update(live_client, kind, name, patch, NULL, 0, NULL, &err));
	if (WORKS(swarm_object_inspect(live_client, kind, name, 0, &object, &err))) {
		CHECK_STR(json_string_value(json_object_get(object, "ID")), id);
		CHECK_STR(live_text(json_object_get(object, "Spec"), "Labels", "made"), "live");
		CHECK_STR(live_text(json_object_get(object, "Spec"), "Labels", "tier"), "lab");
		CHECK_STR(live_text(object, "Spec", "Data"),
			  kind == SWARM_KIND_SECRET ? "" : "YQBi");
	}
	/* The data cannot change. */
	GIVES(SWARM_E_INVAL,
	      swarm_object_update(live_client, kind, name, data, NULL, 0, NULL, &err));
	removed(kind, name);
	free(id);
}

static void secrets(void)
{
	data_object(SWARM_KIND_SECRET, "live-secret");
}

static void configs(void)
{
	data_object(SWARM_KIND_CONFIG, "live-config");
	/* What the part `lost` looks for. */
	WORKS(swarm_config_create(live_client, "live-kept", "kept", 4, NULL, 0, NULL, &err));
}

/* The manager's allocator fills in the driver a moment after the creation; until then it is "". */
static swarm_network_list *allocated(const swarm_pair *filters)
{
	swarm_network_list *networks = NULL;

	for (int i = 0; i < 20; i++) {
		swarm_network_list_free(networks);
		networks = NULL;
		if (!WORKS(swarm_network_list_get(live_client, filters, 0, &networks, &err)) ||
		    (networks->count && networks->networks[0].driver[0]))
			break;
		usleep(200000);
	}
	return networks;
}

static void networks(void)
{
	json_auto_t *spec = json_pack("{s:s, s:s, s:b, s:{s:s}}", "Name", "live-net", "Driver",
				      "overlay", "Attachable", 1, "Labels", "made", "live");
	const swarm_pair by_name[] = { { "name", "live-net" }, { NULL, NULL } };
	swarm_network_list *networks;

	WORKS(swarm_object_create(live_client, SWARM_KIND_NETWORK, spec, NULL, 0, NULL, &err));
	networks = allocated(by_name);
	if (networks && CHECK_INT(networks->count, 1)) {
		CHECK_STR(networks->networks[0].scope, "swarm");
		CHECK_STR(networks->networks[0].driver, "overlay");
		CHECK_INT(networks->networks[0].attachable, 1);
		CHECK_STR(swarm_label_get(networks->networks[0].labels, "made"), "live");
	}
	swarm_network_list_free(networks);
	GIVES(SWARM_E_CONFLICT,
	      swarm_object_create(live_client, SWARM_KIND_NETWORK, spec, NULL, 0, NULL, &err));
	removed(SWARM_KIND_NETWORK, "live-net");
}

int live_objects(void)
{
	static const test_case cases[] = { TEST(secrets), TEST(configs), TEST(networks) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

/* --- live services IMAGE WORKER: the hosts have the image, no host reaches a registry ----------- */

json_t *live_service(const char *name, const char *image, const char *script, int replicas)
{
	/* Without IPVS in the kernel there is no virtual IP. */
	return json_pack("{s:s, s:{s:{s:s, s:[s,s,s,s], s:[s], s:i}, s:{s:s}}, s:{s:{s:i}},"
			 " s:{s:s}, s:{s:i}}",
			 "Name", name, "TaskTemplate", "ContainerSpec", "Image", image, "Command",
			 "/bin/busybox", "sh", "-c", script, "Env", "KEPT=yes", "StopGracePeriod",
			 1000000, "RestartPolicy", "Condition", "any", "Mode", "Replicated",
			 "Replicas", replicas, "EndpointSpec", "Mode", "dnsrr", "UpdateConfig",
			 "Monitor", 1000000000);
}

static void no_image(void)
{
	json_auto_t *spec = live_service("live-none", "nowhere.invalid/none:1", "true", 1);

	WORKS(swarm_object_create(live_client, SWARM_KIND_SERVICE, spec, NULL, 0, NULL, &err));
	GIVES(SWARM_E_TIMEOUT,
	      swarm_service_wait(live_client, "live-none", GIVE_UP_MS, NULL, &err));
	live_note("a service whose image is nowhere", err.text);
	CHECK_PART(err.text, "No such image");
	removed(SWARM_KIND_SERVICE, "live-none");
}

static void converges(const char *name, size_t total)
{
	swarm_converged status = { 0 };

	if (WORKS(swarm_service_wait(live_client, name, 90000, &status, &err))) {
		CHECK_INT(status.done, total);
		CHECK_INT(status.total, total);
	}
}

static void no_replicas(void)
{
	json_auto_t *spec = live_service("live-web", live_arg[0],
					 "echo out; echo err >&2;"
					 " exec /bin/busybox sleep 1000",
					 0);
	json_auto_t *nothing = json_object();

	WORKS(swarm_object_create(live_client, SWARM_KIND_SERVICE, spec, NULL, 0, NULL, &err));
	GIVES(SWARM_E_CONFLICT,
	      swarm_object_create(live_client, SWARM_KIND_SERVICE, spec, NULL, 0, NULL, &err));
	GIVES(SWARM_E_INVAL,
	      swarm_object_create(live_client, SWARM_KIND_SERVICE, nothing, NULL, 0, NULL, &err));
	converges("live-web", 0);
	/* There was no change to go back from. */
	GIVES(SWARM_E_CONFLICT, swarm_service_rollback(live_client, "live-web", 0, &err));
}

static void scale(void)
{
	WORKS(swarm_service_scale(live_client, "live-web", 2, 0, NULL, &err));
	converges("live-web", 2);
	GIVES(SWARM_E_INVAL, swarm_service_scale(live_client, "live-web", -1, 0, NULL, &err));
}

static json_t *container(const json_t *service)
{
	return json_object_get(json_object_get(json_object_get(service, "Spec"), "TaskTemplate"),
			       "ContainerSpec");
}

/* A label of the containers: the tasks roll over, and no other field of the spec changes. */
static void update(void)
{
	json_auto_t *patch = json_pack("{s:{s:{s:{s:s}}}}", "TaskTemplate", "ContainerSpec",
				       "Labels", "turn", "two");
	json_auto_t *before = NULL;
	json_auto_t *after = NULL;

	WORKS(swarm_object_inspect(live_client, SWARM_KIND_SERVICE, "live-web", 0, &before, &err));
	WORKS(swarm_object_update(live_client, SWARM_KIND_SERVICE, "live-web", patch, NULL, 0, NULL,
				  &err));
	converges("live-web", 2);
	WORKS(swarm_object_inspect(live_client, SWARM_KIND_SERVICE, "live-web", 0, &after, &err));
	CHECK_STR(live_text(container(after), "Labels", "turn"), "two");
	json_object_del(container(after), "Labels");
	json_object_del(container(before), "Labels");
	CHECK(json_equal(json_object_get(before, "Spec"), json_object_get(after, "Spec")));
	CHECK_INT(json_array_size(json_object_get(container(after), "Env")), 1);
}

static void rollback(void)
{
	json_auto_t *service = NULL;
	swarm_converged status = { 0 };

	WORKS(swarm_service_rollback(live_client, "live-web", 0, &err));
	if (WORKS(swarm_service_wait(live_client, "live-web", 90000, &status, &err)))
		CHECK_INT(status.done, 2);
	if (WORKS(swarm_object_inspect(live_client, SWARM_KIND_SERVICE, "live-web", 0, &service,
				       &err)))
		CHECK_STR(live_text(container(service), "Labels", "turn"), "");
}

/* A change whose tasks end at once, with the engine told to go back by itself. */
static void failed_update(void)
{
	json_auto_t *patch = json_pack("{s:{s:{s:[s,s]}}, s:{s:s,s:i,s:f,s:i}}", "TaskTemplate",
				       "ContainerSpec", "Command", "/bin/busybox", "false",
				       "UpdateConfig", "FailureAction", "rollback", "Parallelism",
				       1, "MaxFailureRatio", 0.0, "Monitor", 1000000000);
	swarm_converged status = { 0 };

	WORKS(swarm_object_update(live_client, SWARM_KIND_SERVICE, "live-web", patch, NULL, 0, NULL,
				  &err));
	if (WORKS(swarm_service_wait(live_client, "live-web", 90000, &status, &err))) {
		CHECK_INT(status.rolled_back, 1);
		CHECK_INT(status.done, 2);
	}
}

static void logs(void)
{
	swarm_stream *stream = NULL;
	swarm_record record = { 0 };
	size_t out = 0;
	size_t errors = 0;

	if (!WORKS(swarm_logs_open(live_client, SWARM_KIND_SERVICE, "live-web", NULL, 0, &stream,
				   &err)))
		return;
	while (WORKS(swarm_stream_next(stream, 20000, &record, &err)) && record.data) {
		out += record.source == SWARM_SOURCE_STDOUT && !memcmp(record.data, "out", 3);
		errors += record.source == SWARM_SOURCE_STDERR && !memcmp(record.data, "err", 3);
	}
	CHECK(out >= 2);
	CHECK_INT(out, errors);
	swarm_stream_free(stream);
}

static size_t tasks_on(const char *node)
{
	const swarm_pair filters[] = { { "service", "live-web" },
				       { "node", node },
				       { "desired-state", "running" },
				       { NULL, NULL } };
	swarm_task_list *tasks = NULL;
	size_t running = 0;

	if (WORKS(swarm_task_list_get(live_client, filters, 0, &tasks, &err)))
		for (size_t i = 0; i < tasks->count; i++)
			running += strcmp(tasks->tasks[i].state, "running") == 0;
	swarm_task_list_free(tasks);
	return running;
}

/* With a task on each of the three hosts that may run some; then the two others take them all. */
static void drain(void)
{
	json_auto_t *active = json_pack("{s:s}", "Availability", "active");

	WORKS(swarm_service_scale(live_client, "live-web", 3, 0, NULL, &err));
	converges("live-web", 3);
	CHECK_INT(tasks_on(live_arg[1]), 1);
	WORKS(swarm_node_drain(live_client, live_arg[1], 0, NULL, &err));
	CHECK_INT(tasks_on(live_arg[1]), 0);
	converges("live-web", 3);
	WORKS(swarm_node_update(live_client, live_arg[1], active, 0, NULL, &err));
	removed(SWARM_KIND_SERVICE, "live-web");
}

static void modes(void)
{
	json_auto_t *global = live_service("live-all", live_arg[0], "exec /bin/busybox sleep 1000",
					   1);
	json_auto_t *job = live_service("live-job", live_arg[0], "true", 1);

	json_object_set_new(global, "Mode", json_pack("{s:{}}", "Global"));
	WORKS(swarm_object_create(live_client, SWARM_KIND_SERVICE, global, NULL, 0, NULL, &err));
	converges("live-all", 3);
	GIVES(SWARM_E_INVAL, swarm_service_scale(live_client, "live-all", 2, 0, NULL, &err));
	removed(SWARM_KIND_SERVICE, "live-all");

	json_object_set_new(job, "Mode",
			    json_pack("{s:{s:i}}", "ReplicatedJob", "TotalCompletions", 2));
	json_object_del(job, "UpdateConfig");
	json_object_set_new(json_object_get(job, "TaskTemplate"), "RestartPolicy",
			    json_pack("{s:s}", "Condition", "none"));
	WORKS(swarm_object_create(live_client, SWARM_KIND_SERVICE, job, NULL, 0, NULL, &err));
	converges("live-job", 2);
	removed(SWARM_KIND_SERVICE, "live-job");
}

int live_services(void)
{
	static const test_case cases[] = {
		TEST(no_image),      TEST(no_replicas), TEST(scale), TEST(update), TEST(rollback),
		TEST(failed_update), TEST(logs),        TEST(drain), TEST(modes),
	};

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

/* --- live events WORKER -------------------------------------------------------------------------- */

/* Changes a label once the stream is there, and ends with the event of it. */
static int on_event(void *payload, swarm_client *client, const swarm_event *event,
		    swarm_error *reterr)
{
	const swarm_pair labels[] = { { "followed", payload }, { NULL, NULL } };

	if (!event)
		return swarm_node_label(client, live_arg[0], labels, 0, NULL, reterr);
	return strcmp(event->type, "node") == 0 && strcmp(event->action, "update") == 0 &&
	       strcmp(event->name, live_arg[0]) == 0;
}

static void follow(void)
{
	static const swarm_pair types[] = { { "type", "node" }, { NULL, NULL } };
	swarm_client *clients[] = { live_client, NULL };
	swarm_follow_options options = SWARM_FOLLOW_OPTIONS_INIT;
	char first[] = "1";
	char second[] = "2";

	options.clients = clients;
	options.on_event = on_event;
	options.timeout_ms = 20000;
	options.payload = first;
	GIVES(1, swarm_follow(&options, &err));
	options.payload = second;
	options.filters = types;
	GIVES(1, swarm_follow(&options, &err));
}

static void unknown_filter(void)
{
	static const swarm_pair bogus[] = { { "colour", "red" }, { NULL, NULL } };
	swarm_client *clients[] = { live_client, NULL };
	swarm_follow_options options = SWARM_FOLLOW_OPTIONS_INIT;

	options.clients = clients;
	options.on_event = on_event;
	options.filters = bogus;
	options.timeout_ms = 20000;
	GIVES(SWARM_E_INVAL, swarm_follow(&options, &err));
}

static int label_is_there(void *payload, swarm_client *client, const swarm_event *event,
			  swarm_error *reterr)
{
	json_auto_t *node = NULL;
	int code = swarm_node_inspect(client, live_arg[0], 0, &node, reterr);

	(void)event;
	return code ? code
		    : !strcmp(live_text(json_object_get(node, "Spec"), "Labels", "followed"),
			      payload);
}

static void wait_for(void)
{
	swarm_client *clients[] = { live_client, NULL };
	swarm_follow_options options = SWARM_FOLLOW_OPTIONS_INIT;
	char there[] = "2";
	char never[] = "3";

	options.clients = clients;
	options.on_event = label_is_there;
	options.timeout_ms = 20000;
	options.payload = there;
	WORKS(swarm_wait_for(&options, &err));
	options.payload = never;
	options.timeout_ms = 3000;
	GIVES(SWARM_E_TIMEOUT, swarm_wait_for(&options, &err));
}

int live_events(void)
{
	static const test_case cases[] = { TEST(follow), TEST(unknown_filter), TEST(wait_for) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}
