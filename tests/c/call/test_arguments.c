/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments against the row. No engine is needed: nothing is sent. */
#include "call/internal.h"
#include "test.h"

typedef struct row {
	int op;
	const char *id;
	swarm_pair query[4];
	const char *body;
	const char *text; /* of the error, NULL where all is well */
} row;

#define JOIN "\"ListenAddr\":\"0.0.0.0\",\"RemoteAddrs\":[\"10.0.0.1\"],\"JoinToken\":\"x\""

static const row rows[] = {
	{ SWARM_OP_INFO, NULL, { { 0 } }, NULL, NULL },
	{ SWARM_OP_INFO, "x", { { 0 } }, NULL, "info takes no id" },
	{ SWARM_OP_INFO, NULL, { { 0 } }, "{}", "info takes no body" },
	{ SWARM_OP_INFO, NULL, { { "x", "1" } }, NULL, "info takes no parameter 'x'" },
	{ SWARM_OP_NODE_INSPECT, "n1", { { 0 } }, NULL, NULL },
	{ SWARM_OP_NODE_INSPECT, NULL, { { 0 } }, NULL, "node_inspect needs an id" },
	{ SWARM_OP_NODE_INSPECT, "", { { 0 } }, NULL, "node_inspect needs an id" },
	{ SWARM_OP_NODE_INSPECT, "n1/update", { { 0 } }, NULL, "an id has no slash" },
	{ SWARM_OP_NODE_INSPECT, "..", { { 0 } }, NULL, "no part of an id is empty" },
	{ SWARM_OP_NODE_INSPECT, ".", { { 0 } }, NULL, "no part of an id is empty" },
	{ SWARM_OP_NODE_INSPECT, "..a", { { 0 } }, NULL, NULL },
	{ SWARM_OP_DISTRIBUTION_INSPECT, "a/b/c:1", { { 0 } }, NULL, NULL },
	{ SWARM_OP_DISTRIBUTION_INSPECT, "a/../b", { { 0 } }, NULL, "no part of an id is empty" },
	{ SWARM_OP_DISTRIBUTION_INSPECT, "./b", { { 0 } }, NULL, "no part of an id is empty" },
	{ SWARM_OP_DISTRIBUTION_INSPECT, "a//b", { { 0 } }, NULL, "no part of an id is empty" },
	{ SWARM_OP_DISTRIBUTION_INSPECT, "/b", { { 0 } }, NULL, "no part of an id is empty" },
	{ SWARM_OP_DISTRIBUTION_INSPECT, "b/", { { 0 } }, NULL, "no part of an id is empty" },
	/* A header is not a parameter. */
	{ SWARM_OP_DISTRIBUTION_INSPECT,
	  "a",
	  { { "X-Registry-Auth", "e30=" } },
	  NULL,
	  "takes no parameter 'X-Registry-Auth'" },
	/* Engine 29 drops it silently. */
	{ SWARM_OP_SERVICE_CREATE,
	  NULL,
	  { { 0 } },
	  "{\"Name\":\"x\",\"TaskTemplate\":{},\"Mode\":{},\"Networks\":[]}",
	  "takes no field 'Networks'" },
	{ SWARM_OP_NODE_DELETE, "n1", { { "force", "1" } }, NULL, NULL },
	{ SWARM_OP_NODE_DELETE, "n1", { { "force", "true" } }, NULL, NULL },
	{ SWARM_OP_NODE_DELETE, "n1", { { "force", "yes" } }, NULL, "force must be 1, 0" },
	{ SWARM_OP_NODE_DELETE, "n1", { { "force", NULL } }, NULL, "force must have a value" },
	{ SWARM_OP_NODE_DELETE, "n1", { { "force", "1" }, { "force", "0" } }, NULL, "given twice" },
	{ SWARM_OP_NODE_LIST, NULL, { { "filters", "{\"role\":[\"manager\"]}" } }, NULL, NULL },
	{ SWARM_OP_NODE_LIST,
	  NULL,
	  { { "filters", "{\"role\":{\"manager\":true}}" } },
	  NULL,
	  NULL },
	{ SWARM_OP_NODE_LIST,
	  NULL,
	  { { "filters", "{\"role\":\"manager\"}" } },
	  NULL,
	  "JSON object of lists" },
	{ SWARM_OP_NODE_LIST, NULL, { { "filters", "[]" } }, NULL, "JSON object of lists" },
	{ SWARM_OP_NODE_LIST, NULL, { { "filters", "{" } }, NULL, "JSON object of lists" },
	{ SWARM_OP_NODE_UPDATE,
	  "n1",
	  { { "version", "18446744073709551615" } },
	  "{\"Role\":\"worker\",\"Availability\":\"drain\",\"Labels\":{}}",
	  NULL },
	{ SWARM_OP_NODE_UPDATE,
	  "n1",
	  { { "version", "7" } },
	  "{\"Role\":\"worker\",\"Availability\":\"drain\",\"Labels\":null}",
	  NULL },
	{ SWARM_OP_NODE_UPDATE,
	  "n1",
	  { { "version", "-1" } },
	  "{\"Role\":\"worker\",\"Availability\":\"drain\"}",
	  "version must be a whole number" },
	{ SWARM_OP_NODE_UPDATE,
	  "n1",
	  { { "version", "" } },
	  "{\"Role\":\"worker\",\"Availability\":\"drain\"}",
	  "version must be a whole number" },
	{ SWARM_OP_NODE_UPDATE,
	  "n1",
	  { { "version", "123456789012345678901" } },
	  "{\"Role\":\"worker\",\"Availability\":\"drain\"}",
	  "version must be a whole number" },
	{ SWARM_OP_NODE_UPDATE,
	  "n1",
	  { { 0 } },
	  "{\"Role\":\"worker\",\"Availability\":\"drain\"}",
	  "node_update needs the parameter version" },
	{ SWARM_OP_NODE_UPDATE, "n1", { { "version", "7" } }, NULL, "node_update needs a body" },
	{ SWARM_OP_NODE_UPDATE, "n1", { { "version", "7" } }, "[]", "node_update needs a body" },
	{ SWARM_OP_NODE_UPDATE,
	  "n1",
	  { { "version", "7" } },
	  "{\"Role\":\"worker\"}",
	  "node_update needs the field Availability" },
	{ SWARM_OP_NODE_UPDATE,
	  "n1",
	  { { "version", "7" } },
	  "{\"Role\":null,\"Availability\":\"drain\"}",
	  "node_update needs the field Role" },
	{ SWARM_OP_NODE_UPDATE,
	  "n1",
	  { { "version", "7" } },
	  "{\"Role\":\"worker\",\"Availability\":\"drain\",\"labels\":{}}",
	  "takes no field 'labels'" },
	{ SWARM_OP_NODE_UPDATE,
	  "n1",
	  { { "version", "7" } },
	  "{\"Role\":\"worker\",\"Availability\":\"drain\",\"Labels\":[]}",
	  "Labels must be an object" },
	{ SWARM_OP_SWARM_JOIN, NULL, { { 0 } }, "{" JOIN "}", NULL },
	{ SWARM_OP_SWARM_JOIN,
	  NULL,
	  { { 0 } },
	  "{" JOIN ",\"Availability\":true}",
	  "Availability must be a string" },
	{ SWARM_OP_SWARM_JOIN,
	  NULL,
	  { { 0 } },
	  "{\"ListenAddr\":\"x\",\"RemoteAddrs\":\"10.0.0.1\",\"JoinToken\":\"x\"}",
	  "RemoteAddrs must be a list" },
	{ SWARM_OP_SWARM_INIT,
	  NULL,
	  { { 0 } },
	  "{\"ListenAddr\":\"x\",\"SubnetSize\":\"24\"}",
	  "SubnetSize must be a whole number" },
	{ SWARM_OP_SWARM_INIT,
	  NULL,
	  { { 0 } },
	  "{\"ListenAddr\":\"x\",\"ForceNewCluster\":1}",
	  "ForceNewCluster must be true or false" },
};

static void checks(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const swarm_op_info *op = swarm_op_get(rows[i].op);
		swarm_call_options options = SWARM_CALL_INIT(op->op);
		json_t *body = rows[i].body ? json_loads(rows[i].body, 0, NULL) : NULL;
		swarm_error err = SWARM_ERROR_INIT;
		swarm__requirement need = { 0 };

		test_row = rows[i].text ? rows[i].text : op->name;
		options.id = rows[i].id;
		options.query = rows[i].query;
		options.body = body;
		CHECK_INT(swarm__check_arguments(op, &options, &need, &err),
			  rows[i].text ? SWARM_E_INVAL : 0);
		CHECK_PART(err.text, rows[i].text ? rows[i].text : "");
		json_decref(body);
	}
}

static void versions(void)
{
	static const struct {
		const char *body;
		int since;
		const char *what;
	} table[] = {
		{ "{\"ListenAddr\":\"x\"}", 24, "swarm_init" },
		{ "{\"ListenAddr\":\"x\",\"Availability\":\"drain\"}", 28, "Availability" },
		{ "{\"ListenAddr\":\"x\",\"DataPathPort\":4789,\"SubnetSize\":24}", 40,
		  "DataPathPort" },
		{ "{\"ListenAddr\":\"x\",\"DataPathPort\":null}", 24, "swarm_init" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_SWARM_INIT);
		json_t *body = json_loads(table[i].body, 0, NULL);
		swarm__requirement need = { 0 };

		test_row = table[i].body;
		options.body = body;
		CHECK_INT(swarm__check_arguments(swarm_op_get(SWARM_OP_SWARM_INIT), &options, &need,
						 NULL),
			  0);
		CHECK_INT(need.since, table[i].since);
		CHECK_STR(need.what, table[i].what);
		json_decref(body);
	}
}

/* What a newer engine gave goes back to it; only the library's own updates may do so. */
static void fields_of_a_newer_engine(void)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_NODE_UPDATE);
	swarm_pair version[] = { { "version", "7" }, { NULL, NULL } };
	json_t *body = json_loads("{\"Role\":\"worker\",\"Availability\":\"drain\",\"New\":1}", 0,
				  NULL);
	swarm__requirement need = { .any_field = true };

	options.id = "n1";
	options.query = version;
	options.body = body;
	CHECK_INT(swarm__check_arguments(swarm_op_get(SWARM_OP_NODE_UPDATE), &options, &need, NULL),
		  0);
	need = (swarm__requirement){ .any_field = false };
	CHECK_INT(swarm__check_arguments(swarm_op_get(SWARM_OP_NODE_UPDATE), &options, &need, NULL),
		  SWARM_E_INVAL);
	json_decref(body);
}

static void credentials(void)
{
	static const struct {
		int op;
		const char *auth, *text;
	} table[] = {
		{ SWARM_OP_SERVICE_CREATE, "{\"username\":\"a\",\"password\":\"b\"}", NULL },
		{ SWARM_OP_SERVICE_UPDATE, "{\"identitytoken\":\"a\",\"serveraddress\":\"b\"}",
		  NULL },
		{ SWARM_OP_DISTRIBUTION_INSPECT, "{\"registrytoken\":\"a\"}", NULL },
		{ SWARM_OP_NODE_UPDATE, "{\"auth\":\"a\"}", "takes no registry_auth" },
		{ SWARM_OP_SERVICE_CREATE, "[]", "must be an object with credentials" },
		{ SWARM_OP_SERVICE_CREATE, "{}", "must be an object with credentials" },
		{ SWARM_OP_SERVICE_CREATE, "{\"password\":7}", "password must be a string" },
		{ SWARM_OP_SERVICE_CREATE, "{\"auth\":\"hunter2\"}", "must have username and" },
		{ SWARM_OP_SERVICE_CREATE, "{\"username\":\"hunter2\"}", "must have username and" },
		{ SWARM_OP_SERVICE_CREATE, "{\"username\":\"\",\"password\":\"hunter2\"}",
		  "must have username and password, identitytoken or registrytoken" },
		{ SWARM_OP_SERVICE_CREATE, "{\"hunter2\":\"x\"}", "has a member that is unknown" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const swarm_op_info *op = swarm_op_get(table[i].op);
		swarm_call_options options = SWARM_CALL_INIT(op->op);
		const swarm_pair version[] = { { "version", "1" }, { NULL, NULL } };
		json_t *auth = json_loads(table[i].auth, 0, NULL);
		json_t *body = json_pack("{s:s, s:{}, s:{}}", "Name", "x", "TaskTemplate", "Mode");
		swarm_error err = SWARM_ERROR_INIT;
		swarm__requirement need = { 0 };

		test_row = table[i].auth;
		options.id = strchr(op->path, '{') ? "x" : NULL;
		options.query = strstr(op->query, "version:") ? version : NULL;
		options.body = *op->body ? body : NULL;
		options.registry_auth = auth;
		CHECK_INT(swarm__check_arguments(op, &options, &need, &err),
			  table[i].text ? SWARM_E_INVAL : 0);
		CHECK_PART(err.text, table[i].text ? table[i].text : "");
		CHECK(!strstr(err.text, "hunter2"));
		json_decref(auth);
		json_decref(body);
	}
}

/* What lies deep in a body asks for its version too. */
static void deep_fields(void)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_SERVICE_CREATE);
	json_t *body = json_loads("{\"Name\":\"x\",\"Mode\":{},\"RollbackConfig\":{},"
				  "\"TaskTemplate\":{\"ContainerSpec\":{\"Ulimits\":[]}}}",
				  0, NULL);
	swarm__requirement need = { 0 };

	options.body = body;
	CHECK_INT(swarm__check_arguments(swarm_op_get(SWARM_OP_SERVICE_CREATE), &options, &need,
					 NULL),
		  0);
	CHECK_INT(need.since, 41);
	CHECK_STR(need.what, "TaskTemplate.ContainerSpec.Ulimits");
	json_decref(body);
}

TEST_MAIN(TEST(checks), TEST(versions), TEST(fields_of_a_newer_engine), TEST(credentials),
	  TEST(deep_fields))
