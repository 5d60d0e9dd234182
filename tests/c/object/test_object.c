/* SPDX-License-Identifier: Apache-2.0 */
/* Services, tasks, secrets, configs and networks: what all of them have in common. */
#include "test_cluster.h"

#define SECRET(id, name, labels)                                                                   \
	"{\"ID\":\"" id "\",\"Version\":{\"Index\":5},\"Spec\":{\"Name\":\"" name                  \
	"\",\"Labels\":" labels "}}"
#define SERVICE(id, name)                                                                          \
	"{\"ID\":\"" id "\",\"Version\":{\"Index\":5},\"Spec\":{\"Name\":\"" name                  \
	"\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\",\"Future\":1}},\"Mode\":{"      \
	"\"Replicated\":{\"Replicas\":2}}}}"

static char *dump(json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	json_decref(json);
	return text;
}

/* --- lists ---------------------------------------------------------------------------------- */

static void lists(void)
{
	static const swarm_pair by_name[] = { { "name", "web" }, { NULL, NULL } };
	static const swarm_pair by_id[] = { { "id", "s1" }, { NULL, NULL } };
	static const struct {
		swarm_kind kind;
		const swarm_pair *filters;
		const char *expect;
		const char *reply;
		const char *text;
	} table[] = {
		{ SWARM_KIND_SERVICE, NULL, "GET " API "/services", "null", "[]" },
		{ SWARM_KIND_SERVICE, by_name,
		  "GET " API "/services?filters=%7B%22name%22%3A%5B%22web%22%5D%7D",
		  "[{\"ID\":\"a\",\"Spec\":{\"Name\":\"web\"}},"
		  "{\"ID\":\"b\",\"Spec\":{\"Name\":\"web2\"}}]",
		  "[{\"ID\":\"a\",\"Spec\":{\"Name\":\"web\"}}]" },
		{ SWARM_KIND_SECRET, by_id,
		  "GET " API "/secrets?filters=%7B%22id%22%3A%5B%22s1%22%5D%7D",
		  "[{\"ID\":\"s12\"},{\"ID\":\"s1\"},{\"ID\":\"s13\"}]", "[{\"ID\":\"s1\"}]" },
		{ SWARM_KIND_TASK, by_name,
		  "GET " API "/tasks?filters=%7B%22name%22%3A%5B%22web%22%5D%7D",
		  "[{\"ID\":\"t1\"}]", "[{\"ID\":\"t1\"}]" },
		{ SWARM_KIND_CONFIG, by_name,
		  "GET " API "/configs?filters=%7B%22name%22%3A%5B%22web%22%5D%7D",
		  "[{\"ID\":\"a\",\"Spec\":{\"Name\":\"web.1\"}}]", "[]" },
		{ SWARM_KIND_NETWORK, by_name,
		  "GET " API "/networks?filters=%7B%22name%22%3A%5B%22web%22%5D%7D",
		  "[{\"Id\":\"a\",\"Name\":\"my_web\"},{\"Id\":\"b\",\"Name\":\"web\"}]",
		  "[{\"Id\":\"b\",\"Name\":\"web\"}]" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = { { table[i].expect, .reply = table[i].reply }, { NULL } };
		fixture f = setup(rows);
		json_t *list = NULL;
		char *text;

		test_row = table[i].expect;
		CHECK_INT(swarm_object_list(f.client, table[i].kind, table[i].filters, 0, &list,
					    &f.err),
			  0);
		text = dump(list);
		CHECK_STR(text, table[i].text);
		free(text);
		teardown(&f);
	}
}

/* More names and ids than a request has room for: all are asked for, and the answer is sorted out here. */
static void lists_of_many(void)
{
	enum { MANY = 300, LAST = MANY + 1 };
	static char names[MANY][16];
	const fake_row rows[] = {
		{ "GET " API "/services",
		  .reply = "[" SERVICE("a", "other") "," SERVICE("b", "user299") "]" },
		{ "GET " API "/services?filters=%7B%22label%22%3A%5B%22x%3D1%22%5D%7D",
		  .reply = "[" SERVICE("a", "other") "," SERVICE("b", "user299") "]" },
		{ "GET " API "/tasks", .reply = "[{\"ID\":\"user7\"},{\"ID\":\"t1\"}]" },
		{ NULL },
	};
	swarm_pair filters[LAST + 1] = { { NULL, NULL } };
	fixture f = setup(rows);
	swarm_service_list *services = NULL;
	json_t *list = NULL;
	char *text;

	for (size_t i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "user%zu", i);
		filters[i] = (swarm_pair){ "name", names[i] };
	}
	CHECK_INT(swarm_service_list_get(f.client, filters, 0, &services, &f.err), 0);
	if (services && CHECK_INT(services->count, 1))
		CHECK_STR(services->services[0].id, "b");
	swarm_service_list_free(services);
	filters[MANY] = (swarm_pair){ "label", "x=1" };
	CHECK_INT(swarm_object_list(f.client, SWARM_KIND_SERVICE, filters, 0, &list, &f.err), 0);
	CHECK_INT((long)json_array_size(list), 1);
	json_decref(list);
	filters[MANY] = (swarm_pair){ NULL, NULL };
	for (size_t i = 0; i < MANY; i++)
		filters[i].name = "id";
	CHECK_INT(swarm_object_list(f.client, SWARM_KIND_TASK, filters, 0, &list, &f.err), 0);
	text = dump(list);
	CHECK_STR(text, "[{\"ID\":\"user7\"}]");
	free(text);
	/* A task has no name that is checked again. */
	for (size_t i = 0; i < MANY; i++)
		filters[i].name = "name";
	CHECK_INT(swarm_object_list(f.client, SWARM_KIND_TASK, filters, 0, &list, &f.err),
		  SWARM_E_INVAL);
	CHECK_PART(f.err.text, "too long");
	teardown(&f);
}

static void views(void)
{
	static const swarm_pair by_name[] = { { "name", "web" }, { NULL, NULL } };
	const fake_row rows[] = {
		{ "GET " API "/services?filters=%7B%22name%22%3A%5B%22web%22%5D%7D",
		  .reply = "[" SERVICE("a", "web2") "," SERVICE("b", "web") "]" },
		{ "GET " API "/services?status=true",
		  .reply = "[{\"ID\":\"a\",\"ServiceStatus\":{\"RunningTasks\":2}}]" },
		{ "GET " API "/tasks", .reply = "[{\"ID\":\"t1\",\"Slot\":2}]" },
		{ "GET " API "/secrets", .reply = "[" SECRET("s1", "x", "null") "]" },
		{ "GET " API "/configs", .reply = "[]" },
		{ "GET " API "/networks", .reply = "[{\"Id\":\"b\",\"Name\":\"web\"}]" },
		{ NULL },
	};
	fixture f = setup(rows);
	swarm_service_list *services = NULL;
	swarm_task_list *tasks = NULL;
	swarm_secret_list *secrets = NULL;
	swarm_config_list *configs = NULL;
	swarm_network_list *networks = NULL;

	CHECK_INT(swarm_service_list_get(f.client, by_name, 0, &services, &f.err), 0);
	if (services && CHECK_INT(services->count, 1)) {
		CHECK_STR(services->services[0].id, "b");
		CHECK_INT(services->services[0].replicas, 2);
	}
	services = swarm_service_list_free(services);
	CHECK_INT(swarm_service_list_status(f.client, NULL, 0, &services, &f.err), 0);
	CHECK(services && services->count == 1 && services->services[0].running_tasks == 2);
	swarm_service_list_free(services);
	CHECK_INT(swarm_task_list_get(f.client, NULL, 0, &tasks, &f.err), 0);
	CHECK(tasks && tasks->count == 1 && tasks->tasks[0].slot == 2);
	swarm_task_list_free(tasks);
	CHECK_INT(swarm_secret_list_get(f.client, NULL, 0, &secrets, &f.err), 0);
	CHECK(secrets && secrets->count == 1);
	swarm_secret_list_free(secrets);
	CHECK_INT(swarm_config_list_get(f.client, NULL, 0, &configs, &f.err), 0);
	CHECK(configs && configs->count == 0);
	swarm_config_list_free(configs);
	CHECK_INT(swarm_network_list_get(f.client, NULL, 0, &networks, &f.err), 0);
	CHECK(networks && networks->count == 1);
	swarm_network_list_free(networks);
	CHECK_INT(swarm_network_list_get(NULL, NULL, 0, &networks, NULL), SWARM_E_INVAL);
	teardown(&f);
}

static void list_errors(void)
{
	const fake_row rows[] = {
		{ "GET " API "/tasks", .reply = "{}" },
		{ NULL },
	};
	fixture f = setup(rows);
	json_t *list = NULL;

	CHECK_INT(swarm_object_list(f.client, SWARM_KIND_TASK, NULL, 0, &list, &f.err),
		  SWARM_E_JSON);
	CHECK_STR(f.err.text, "task list: expected array");
	CHECK(list == NULL);
	CHECK_INT(swarm_object_list(f.client, (swarm_kind)9, NULL, 0, &list, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_object_list(NULL, SWARM_KIND_TASK, NULL, 0, &list, NULL), SWARM_E_INVAL);
	teardown(&f);
}

/* --- one ------------------------------------------------------------------------------------ */

static void inspect(void)
{
	static const struct {
		const char *ref;
		int status;
		const char *reply;
		int code;
		const char *text;
	} table[] = {
		{ "web", 0, SERVICE("s1", "web"), 0, "" },
		{ "s1", 0, SERVICE("s1", "web"), 0, "" },
		/* The engine found it by the start of its id. */
		{ "s", 0, SERVICE("s1", "web"), SWARM_E_NOT_FOUND,
		  "no service has the id or name 's'" },
		{ "x", 404, MESSAGE("service x not found"), SWARM_E_NOT_FOUND,
		  "no service has the id or name 'x'" },
		{ "x", 400, MESSAGE("service x is ambiguous (2 matches found)"), SWARM_E_AMBIGUOUS,
		  "several of kind service have the name 'x', use an id" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char expect[64];
		const fake_row rows[] = {
			{ expect, .status = table[i].status, .reply = table[i].reply },
			{ NULL },
		};
		fixture f = setup(rows);
		json_t *object = NULL;

		snprintf(expect, sizeof(expect), "GET " API "/services/%s", table[i].ref);
		test_row = table[i].ref;
		CHECK_INT(swarm_object_inspect(f.client, SWARM_KIND_SERVICE, table[i].ref, 0,
					       &object, &f.err),
			  table[i].code);
		CHECK_STR(f.err.text, table[i].text);
		CHECK((object != NULL) == (table[i].code == 0));
		json_decref(object);
		teardown(&f);
	}
}

static void create(void)
{
	json_t *spec = json_pack("{s:s, s:s}", "Name", "net", "Driver", "overlay");
	json_t *wrong = json_pack("{s:s, s:s}", "Name", "net", "Drivr", "overlay");
	const fake_row rows[] = {
		{ "POST " API "/networks/create",
		  .body = "{\"Name\":\"net\",\"Driver\":\"overlay\"}", .status = 201,
		  .reply = "{\"Id\":\"n1\",\"Warning\":\"odd\"}" },
		{ "POST " API "/networks/create", .status = 409,
		  .reply = MESSAGE("network with name net already exists") },
		{ NULL },
	};
	fixture f = setup(rows);
	json_t *created = NULL;
	char *text;

	CHECK_INT(
		swarm_object_create(f.client, SWARM_KIND_NETWORK, spec, NULL, 0, &created, &f.err),
		0);
	text = dump(created);
	CHECK_STR(text, "{\"ID\":\"n1\",\"Warnings\":[\"odd\"]}");
	free(text);
	CHECK_INT(swarm_object_create(f.client, SWARM_KIND_NETWORK, spec, NULL, 0, NULL, &f.err),
		  SWARM_E_CONFLICT);
	f.err = (swarm_error)SWARM_ERROR_INIT;
	CHECK_INT(swarm_object_create(f.client, SWARM_KIND_NETWORK, wrong, NULL, 0, NULL, &f.err),
		  SWARM_E_INVAL);
	CHECK_PART(f.err.text, "Drivr");
	json_decref(spec);
	json_decref(wrong);
	teardown(&f);
}

static void service_warnings(void)
{
	json_t *spec = json_pack("{s:s, s:{s:{s:s}}, s:{s:{}}}", "Name", "web", "TaskTemplate",
				 "ContainerSpec", "Image", "a:1", "Mode", "Global");
	const fake_row rows[] = {
		{ "POST " API "/services/create", .status = 201,
		  .reply = "{\"ID\":\"s1\",\"Warnings\":[\"no digest\"]}" },
		{ "POST " API "/services/create", .status = 201, .reply = "{}" },
		{ NULL },
	};
	fixture f = setup(rows);
	json_t *created = NULL;
	char *text;

	CHECK_INT(
		swarm_object_create(f.client, SWARM_KIND_SERVICE, spec, NULL, 0, &created, &f.err),
		0);
	text = dump(created);
	CHECK_STR(text, "{\"ID\":\"s1\",\"Warnings\":[\"no digest\"]}");
	free(text);
	created = NULL;
	CHECK_INT(
		swarm_object_create(f.client, SWARM_KIND_SERVICE, spec, NULL, 0, &created, &f.err),
		SWARM_E_JSON);
	json_decref(spec);
	teardown(&f);
}

/* What the library does not know goes back; another writer came first once. */
static void update(void)
{
	json_t *patch = json_pack("{s:{s:{s:s}}}", "TaskTemplate", "ContainerSpec", "Image", "a:2");
	const fake_row rows[] = {
		{ "GET " API "/services/web", .reply = SERVICE("s1", "web") },
		{ "GET " API "/services/s1", .reply = SERVICE("s1", "web") },
		{ "POST " API "/services/s1/update?version=5", .status = 500,
		  .reply = MESSAGE(SEQUENCE_TEXT) },
		{ "GET " API "/services/s1", .reply = SERVICE("s1", "web") },
		{ "POST " API "/services/s1/update?version=5",
		  .body = "\"ContainerSpec\":{\"Image\":\"a:2\",\"Future\":1}", .reply = "{}" },
		{ "GET " API "/services/s1", .reply = STORED },
		{ NULL },
	};
	fixture f = setup(rows);
	json_t *change = NULL;

	CHECK_INT(swarm_object_update(f.client, SWARM_KIND_SERVICE, "web", patch, NULL, 0, &change,
				      &f.err),
		  0);
	CHECK_STR(json_string_value(json_object_get(change, "id")), "s1");
	json_decref(change);
	json_decref(patch);
	teardown(&f);
}

/* Of a service alone; a text that has the password in it comes without. */
static void registry_auth(void)
{
	json_t *auth = json_pack("{s:s, s:s}", "username", "me", "password", "hunter2hunter2");
	json_t *spec = json_pack("{s:s, s:{s:{s:s}}, s:{s:{}}}", "Name", "web", "TaskTemplate",
				 "ContainerSpec", "Image", "a:1", "Mode", "Global");
	json_t *labels = json_pack("{s:{s:s}}", "Labels", "v", "2");
	const fake_row rows[] = {
		{ "POST " API "/services/create", .status = 500,
		  .reply = MESSAGE("no entry for hunter2hunter2") },
		{ "GET " API "/services/web", .status = 404,
		  .reply = MESSAGE("service web not found") },
		{ "GET " API "/services/web", .reply = SERVICE("s1", "web") },
		{ "GET " API "/services/s1", .reply = SERVICE("s1", "web") },
		{ "POST " API "/services/s1/update?version=5", .status = 500,
		  .reply = MESSAGE("no entry for hunter2hunter2") },
		{ "GET " API "/services/s1", .reply = SERVICE("s1", "web") },
		{ NULL },
	};
	fixture f = setup(rows);
	swarm_error err = SWARM_ERROR_INIT;

	CHECK_INT(swarm_object_create(f.client, SWARM_KIND_SERVICE, spec, auth, 0, NULL, &f.err),
		  SWARM_E_HTTP);
	CHECK_STR(f.err.text, "no entry for [redacted]");
	CHECK_INT(swarm_object_update(f.client, SWARM_KIND_SERVICE, "web", labels, auth, 0, NULL,
				      &err),
		  SWARM_E_HTTP);
	CHECK_STR(err.text, "no entry for [redacted]");
	err = (swarm_error)SWARM_ERROR_INIT;
	CHECK_INT(
		swarm_object_update(f.client, SWARM_KIND_SECRET, "x", labels, auth, 0, NULL, &err),
		SWARM_E_INVAL);
	CHECK_STR(err.text, "a secret takes no registry_auth");
	err = (swarm_error)SWARM_ERROR_INIT;
	json_object_del(spec, "TaskTemplate");
	json_object_del(spec, "Mode");
	CHECK_INT(swarm_object_create(f.client, SWARM_KIND_CONFIG, spec, auth, 0, NULL, &err),
		  SWARM_E_INVAL);
	CHECK_STR(err.text, "config_create takes no registry_auth");
	json_decref(auth);
	json_decref(spec);
	json_decref(labels);
	teardown(&f);
}

/* An engine that says yes and stores nothing. */
static void update_not_stored(void)
{
	json_t *patch = json_pack("{s:{s:s}}", "Labels", "v", "2");
	const fake_row rows[] = {
		{ "GET " API "/services/web", .reply = SERVICE("s1", "web") },
		{ "GET " API "/services/s1", .reply = SERVICE("s1", "web") },
		{ "POST " API "/services/s1/update?version=5", .reply = "{}" },
		{ "GET " API "/services/s1", .reply = SERVICE("s1", "web") },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_object_update(f.client, SWARM_KIND_SERVICE, "web", patch, NULL, 0, NULL,
				      &f.err),
		  SWARM_E_STATE);
	CHECK_STR(f.err.text, "docker accepted the change, but has not stored it");
	json_decref(patch);
	teardown(&f);
}

static void update_labels(void)
{
	json_t *labels = json_pack("{s:{s:s}}", "Labels", "v", "2");
	json_t *data = json_pack("{s:s}", "Data", "eA==");
	const fake_row rows[] = {
		{ "GET " API "/secrets/x", .reply = SECRET("s1", "x", "{\"u\":\"1\"}") },
		{ "GET " API "/secrets/s1", .reply = SECRET("s1", "x", "{\"u\":\"1\"}") },
		{ "POST " API "/secrets/s1/update?version=5",
		  .body = "{\"Name\":\"x\",\"Labels\":{\"u\":\"1\",\"v\":\"2\"}}" },
		{ "GET " API "/secrets/s1", .reply = STORED },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_object_update(f.client, SWARM_KIND_SECRET, "x", labels, NULL, 0, NULL,
				      &f.err),
		  0);
	CHECK_INT(
		swarm_object_update(f.client, SWARM_KIND_SECRET, "x", data, NULL, 0, NULL, &f.err),
		SWARM_E_INVAL);
	CHECK_STR(f.err.text, "only the Labels of a secret can change: make a new one");
	json_decref(labels);
	json_decref(data);
	teardown(&f);
}

static void what_docker_cannot(void)
{
	json_t *spec = json_object();
	const fake_row rows[] = { { NULL } };
	fixture f = setup(rows);

	CHECK_INT(swarm_object_create(f.client, SWARM_KIND_TASK, spec, NULL, 0, NULL, &f.err),
		  SWARM_E_INVAL);
	CHECK_STR(f.err.text, "docker cannot create a task");
	CHECK_INT(swarm_object_update(f.client, SWARM_KIND_NETWORK, "n", spec, NULL, 0, NULL, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_object_remove(f.client, SWARM_KIND_TASK, "t", 0, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_object_create(f.client, SWARM_KIND_SECRET, NULL, NULL, 0, NULL, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_object_inspect(f.client, SWARM_KIND_SECRET, "", 0, &spec, NULL),
		  SWARM_E_INVAL);
	json_decref(spec);
	teardown(&f);
}

/* By the id that was found, so that a name means the same in both requests. */
static void removing(void)
{
	const fake_row rows[] = {
		{ "GET " API "/configs/x", .reply = SECRET("c1", "x", "{}") },
		{ .expect = "DELETE " API "/configs/c1", .status = 204 },
		{ "GET " API "/secrets/x", .reply = SECRET("s1", "x", "{}") },
		{ "DELETE " API "/secrets/s1", .status = 400,
		  .reply = MESSAGE("secret 'x' is in use by the following service: web") },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_object_remove(f.client, SWARM_KIND_CONFIG, "x", 0, &f.err), 0);
	CHECK_INT(swarm_object_remove(f.client, SWARM_KIND_SECRET, "x", 0, &f.err), SWARM_E_HTTP);
	CHECK_PART(f.err.text, "is in use by the following service: web");
	teardown(&f);
}

/* --- secrets and configs from bytes ------------------------------------------------------------ */

/* RFC 4648, section 10. */
static void base64(void)
{
	static const struct {
		const char *data;
		const char *text;
	} table[] = {
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\377\376\375", "//79" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char body[64];
		const fake_row rows[] = {
			{ "POST " API "/configs/create", .body = body, .status = 201,
			  .reply = "{\"ID\":\"c1\"}" },
			{ NULL },
		};
		fixture f = setup(rows);
		char *id = NULL;

		snprintf(body, sizeof(body), "{\"Name\":\"x\",\"Data\":\"%s\"}", table[i].text);
		test_row = table[i].text;
		CHECK_INT(swarm_config_create(f.client, "x", table[i].data, strlen(table[i].data),
					      NULL, 0, &id, &f.err),
			  0);
		CHECK_STR(id, "c1");
		free(id);
		teardown(&f);
	}
}

static void secret_create(void)
{
	json_t *labels = json_pack("{s:s}", "a", "b");
	const fake_row rows[] = {
		{ "POST " API "/secrets/create",
		  .body = "{\"Name\":\"x\",\"Labels\":{\"a\":\"b\"},\"Data\":\"Zm9v\"}",
		  .status = 201, .reply = "{\"ID\":\"s1\"}" },
		{ "POST " API "/secrets/create", .status = 400,
		  .reply = MESSAGE("bad value c2VjcmV0IHdvcmQ=") },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_secret_create(f.client, "x", "foo", 3, labels, 0, NULL, &f.err), 0);
	CHECK_INT(swarm_secret_create(f.client, "x", "secret word", 11, NULL, 0, NULL, &f.err),
		  SWARM_E_HTTP);
	CHECK_STR(f.err.text, "bad value [redacted]");
	json_decref(labels);
	teardown(&f);
}

static void sizes(void)
{
	char *data = calloc(1, 1000 * 1024);
	json_t *array = json_array();
	const fake_row rows[] = { { NULL } };
	fixture f = setup(rows);

	CHECK_INT(swarm_secret_create(f.client, "x", "", 0, NULL, 0, NULL, &f.err), SWARM_E_INVAL);
	CHECK_STR(f.err.text, "data must be 1 to 511999 bytes, not 0");
	CHECK_INT(swarm_secret_create(f.client, "x", data, 500 * 1024, NULL, 0, NULL, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_config_create(f.client, "x", data, 1000 * 1024, NULL, 0, NULL, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_config_create(f.client, "", "x", 1, NULL, 0, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_config_create(f.client, "x", "x", 1, array, 0, NULL, NULL), SWARM_E_INVAL);
	json_decref(array);
	free(data);
	teardown(&f);
}

/* Whatever order the engine has them in: by name and id, tasks by service, slot, node and age. */
static void one_order(void)
{
#define TASK(id, service, slot, node, created)                                                     \
	"{\"ID\":\"" id "\",\"ServiceID\":\"" service "\",\"Slot\":" slot ",\"NodeID\":\"" node    \
	"\",\"CreatedAt\":\"" created "\"}"
#define A TASK("t5", "s1", "1", "n1", "2026-01-02T00:00:00Z")
#define B TASK("t4", "s1", "1", "n1", "2026-01-01T00:00:00Z")
#define C TASK("t1", "s1", "2", "n1", "2026-01-03T00:00:00Z")
#define D TASK("t2", "s2", "0", "n1", "2026-01-01T00:00:00Z")
#define E TASK("t3", "s2", "0", "n2", "2026-01-01T00:00:00Z")
#define SERVICE_OF(id, name) "{\"ID\":\"" id "\",\"Spec\":{\"Name\":\"" name "\"}}"
#define NODE_OF(id, name) "{\"ID\":\"" id "\",\"Description\":{\"Hostname\":\"" name "\"}}"
	static const char *const tasks[] = {
		"[" A "," B "," C "," D "," E "]",
		"[" E "," D "," C "," B "," A "]",
		"[" C "," A "," E "," B "," D "]"
	};
	static const char *const services[] = {
		"[" SERVICE_OF("s1", "a") "," SERVICE_OF("s2", "b") "," SERVICE_OF("s3", "b") "]",
		"[" SERVICE_OF("s3", "b") "," SERVICE_OF("s2", "b") "," SERVICE_OF("s1", "a") "]",
		"[" SERVICE_OF("s2", "b") "," SERVICE_OF("s1", "a") "," SERVICE_OF("s3", "b") "]",
	};
	static const char *const nodes[] = {
		"[" NODE_OF("n9", "a") "," NODE_OF("n1", "b") "," NODE_OF("n2", "b") "," NODE_OF(
			"n0", "") "]",
		"[" NODE_OF("n0", "") "," NODE_OF("n2", "b") "," NODE_OF("n1", "b") "," NODE_OF(
			"n9", "a") "]",
		"[" NODE_OF("n1", "b") "," NODE_OF("n0", "") "," NODE_OF("n9", "a") "," NODE_OF(
			"n2", "b") "]",
	};
	static const char *const task_order[] = { "t5", "t4", "t1", "t2", "t3" };
	static const char *const service_order[] = { "s1", "s2", "s3" };
	static const char *const node_order[] = { "n0", "n1", "n2", "n9" };

	for (size_t i = 0; i < 3; i++) {
		const fake_row rows[] = {
			{ "GET " API "/tasks", .reply = tasks[i] },
			{ "GET " API "/tasks", .reply = tasks[i] },
			{ "GET " API "/services", .reply = services[i] },
			{ "GET " API "/services", .reply = services[i] },
			{ "GET " API "/nodes", .reply = nodes[i] },
			{ "GET " API "/nodes", .reply = nodes[i] },
			{ NULL },
		};
		swarm_task_list *task_rows = NULL;
		swarm_service_list *service_rows = NULL;
		swarm_node_list *node_rows = NULL, *filtered = NULL;
		json_t *list = NULL;
		fixture f = setup(rows);

		test_row = tasks[i];
		CHECK_INT(swarm_task_list_get(f.client, NULL, 0, &task_rows, &f.err), 0);
		CHECK_INT(swarm_object_list(f.client, SWARM_KIND_TASK, NULL, 0, &list, &f.err), 0);
		for (size_t k = 0; task_rows && k < 5; k++) {
			CHECK_STR(task_rows->tasks[k].id, task_order[k]);
			CHECK_STR(json_string_value(json_object_get(json_array_get(list, k), "ID")),
				  task_order[k]);
		}
		json_decref(list);
		list = NULL;
		CHECK_INT(swarm_service_list_get(f.client, NULL, 0, &service_rows, &f.err), 0);
		CHECK_INT(swarm_object_list(f.client, SWARM_KIND_SERVICE, NULL, 0, &list, &f.err),
			  0);
		for (size_t k = 0; service_rows && k < 3; k++) {
			CHECK_STR(service_rows->services[k].id, service_order[k]);
			CHECK_STR(json_string_value(json_object_get(json_array_get(list, k), "ID")),
				  service_order[k]);
		}
		CHECK_INT(swarm_node_list_get(f.client, 0, &node_rows, &f.err), 0);
		CHECK_INT(swarm_node_list_filtered(f.client, NULL, 0, &filtered, &f.err), 0);
		for (size_t k = 0; node_rows && filtered && k < 4; k++) {
			CHECK_STR(node_rows->nodes[k].id, node_order[k]);
			CHECK_STR(filtered->nodes[k].id, node_order[k]);
		}
		json_decref(list);
		swarm_task_list_free(task_rows);
		swarm_service_list_free(service_rows);
		swarm_node_list_free(node_rows);
		swarm_node_list_free(filtered);
		teardown(&f);
	}
#undef A
#undef B
#undef C
#undef D
#undef E
}

TEST_MAIN(TEST(one_order), TEST(lists), TEST(lists_of_many), TEST(views), TEST(list_errors),
	  TEST(inspect), TEST(create), TEST(service_warnings), TEST(update), TEST(registry_auth),
	  TEST(update_not_stored), TEST(update_labels), TEST(what_docker_cannot), TEST(removing),
	  TEST(base64), TEST(secret_create), TEST(sizes))
