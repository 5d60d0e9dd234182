/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of every method and kind of answer, with credentials, and the statuses that are success. */
#include "call/internal.h"
#include "fake_engine.h"
#include "test.h"

static swarm_client *open_client(fake_engine *engine, const char *version)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_client *client = NULL;

	options.url = fake_engine_url(engine);
	options.api_version = version;
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	return client;
}

/* One call with what the row requires, and no more. Returns the code. */
static int call_once(const fake_row *rows, const char *version, const swarm_call_options *options,
		     json_t **ret_json, swarm_error *err)
{
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, version);
	int code = swarm_call_json(client, options, ret_json, err);

	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
	return code;
}

static void head(void)
{
	/* An answer to HEAD has the length of a body that never comes. */
	static const fake_row rows[] = {
		{ .expect = "HEAD /_ping",
		  .headers = "Api-Version: 1.45\r\n",
		  .fault = FAKE_LENGTH,
		  .at = 2 },
		{ NULL },
	};
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_PING_HEAD);
	json_t *json = NULL;

	CHECK_INT(call_once(rows, NULL, &options, &json, NULL), 0);
	CHECK(json_is_null(json));
}

static void put(void)
{
	static const fake_row rows[] = {
		{ .expect = "PUT /v1.45/volumes/v1?version=7",
		  .body = "{\"Spec\":{\"Availability\":\"drain\"}}" },
		{ NULL },
	};
	static const swarm_pair version[] = { { "version", "7" }, { NULL, NULL } };
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_VOLUME_UPDATE);
	json_t *body = json_pack("{s:{s:s}}", "Spec", "Availability", "drain");
	json_t *json = NULL;

	options.id = "v1";
	options.query = version;
	options.body = body;
	CHECK_INT(call_once(rows, "1.45", &options, &json, NULL), 0);
	CHECK(json_is_null(json));
	json_decref(body);
}

static void distribution(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /v1.45/distribution/registry.example%3A5000/team/app%3A1/json",
		  .reply = "{\"Descriptor\":{\"digest\":\"sha256:1\"}}" },
		{ NULL },
	};
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_DISTRIBUTION_INSPECT);
	json_t *json = NULL;

	options.id = "registry.example:5000/team/app:1";
	CHECK_INT(call_once(rows, "1.45", &options, &json, NULL), 0);
	CHECK_STR(swarm__json_string(json, "Descriptor.digest"), "sha256:1");
	json_decref(json);
}

/* base64url of {"username":"me","password":"hunter2hunter2"} */
#define HEADER "eyJ1c2VybmFtZSI6Im1lIiwicGFzc3dvcmQiOiJodW50ZXIyaHVudGVyMiJ9"

static void credentials(void)
{
	static const fake_row rows[] = {
		{ .expect = "POST /v1.45/services/create",
		  .status = 201,
		  .reply = "{\"ID\":\"s1\"}" },
		{ .expect = "POST /v1.45/services/create",
		  .status = 500,
		  .reply = "{\"message\":\"hunter2hunter2 of " HEADER " is wrong\"}" },
		{ .expect = "GET /v1.45/info", .reply = "{}" },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.45");
	swarm_call_options create = SWARM_CALL_INIT(SWARM_OP_SERVICE_CREATE);
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	json_t *auth = json_pack("{s:s, s:s}", "username", "me", "password", "hunter2hunter2");
	json_t *body = json_pack("{s:s, s:{}, s:{}}", "Name", "web", "TaskTemplate", "Mode");
	swarm_error err = SWARM_ERROR_INIT;

	create.body = body;
	create.registry_auth = auth;
	CHECK_INT(swarm_call_json(client, &create, NULL, NULL), 0);
	CHECK_PART(fake_engine_request(engine, 0), "\r\nX-Registry-Auth: " HEADER "\r\n");
	CHECK_INT(swarm_call_json(client, &create, NULL, &err), SWARM_E_HTTP);
	CHECK_STR(err.text, "[redacted] of [redacted] is wrong");
	/* The next call has none of it. */
	CHECK_INT(swarm_call_json(client, &info, NULL, NULL), 0);
	CHECK(!strstr(fake_engine_request(engine, 2), "X-Registry-Auth"));
	json_decref(body);
	json_decref(auth);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* Rule 9 of registries: the engine takes any other encoding for no credentials, without an error. */
static void credentials_are_padded_base64url(void)
{
	static const struct {
		const char *password, *header;
	} table[] = {
		{ "hunter2hunter2?",
		  "eyJ1c2VybmFtZSI6Im1lIiwicGFzc3dvcmQiOiJodW50ZXIyaHVudGVyMj8ifQ==" },
		{ "hunter2?"
		  "?>>~~~\xc3\xbf",
		  "eyJ1c2VybmFtZSI6Im1lIiwicGFzc3dvcmQiOiJodW50ZXIyPz8-Pn5-fsO_In0=" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = {
			{ .expect = "GET /v1.45/distribution/r/json", .reply = "{}" },
			{ NULL },
		};
		fake_engine *engine = fake_engine_start(rows);
		swarm_client *client = open_client(engine, "1.45");
		swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_DISTRIBUTION_INSPECT);
		json_t *auth = json_pack("{s:s, s:s}", "username", "me", "password",
					 table[i].password);
		char line[256];

		options.id = "r";
		options.registry_auth = auth;
		snprintf(line, sizeof(line), "\r\nX-Registry-Auth: %s\r\n", table[i].header);
		CHECK_INT(swarm_call_json(client, &options, NULL, NULL), 0);
		CHECK_PART(fake_engine_request(engine, 0), line);
		json_decref(auth);
		swarm_client_free(client);
		CHECK_INT(fake_engine_stop(engine), 0);
	}
}

#define SERVICE "{\"Name\":\"x\",\"TaskTemplate\":{},\"Mode\":{}}"

/* A status that is not a success of this operation is an error, even if it is one of another. */
static void statuses(void)
{
	static const struct {
		swarm_op op;
		const char *expect, *id, *body;
		int status, code;
		const char *reply, *text;
	} table[] = {
		{ SWARM_OP_SERVICE_CREATE, "POST /v1.45/services/create", NULL, SERVICE, 201, 0,
		  "{\"ID\":\"s1\"}", "" },
		{ SWARM_OP_SERVICE_CREATE, "POST /v1.45/services/create", NULL, SERVICE, 200,
		  SWARM_E_HTTP, "", "service_create answered HTTP 200, not 201" },
		{ SWARM_OP_AUTH, "POST /v1.45/auth", NULL, "{\"username\":\"me\"}", 200, 0,
		  "{\"Status\":\"Login Succeeded\"}", "" },
		{ SWARM_OP_AUTH, "POST /v1.45/auth", NULL, "{\"username\":\"me\"}", 204, 0, "",
		  "" },
		{ SWARM_OP_AUTH, "POST /v1.45/auth", NULL, "{\"username\":\"me\"}", 202,
		  SWARM_E_HTTP, "{\"message\":\"later\"}", "auth answered HTTP 202, not 200 204" },
		{ SWARM_OP_SECRET_DELETE, "DELETE /v1.45/secrets/x", "x", NULL, 204, 0, "", "" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = { { .expect = table[i].expect,
					    .status = table[i].status,
					    .reply = table[i].reply },
					  { NULL } };
		swarm_call_options options = SWARM_CALL_INIT(table[i].op);
		json_t *body = table[i].body ? json_loads(table[i].body, 0, NULL) : NULL;
		swarm_error err = SWARM_ERROR_INIT;
		json_t *json = NULL;

		test_row = table[i].expect;
		options.id = table[i].id;
		options.body = body;
		CHECK_INT(call_once(rows, "1.45", &options, &json, &err), table[i].code);
		CHECK_STR(err.text, table[i].text);
		CHECK_INT(err.http_status, table[i].code ? table[i].status : 0);
		json_decref(json);
		json_decref(body);
	}
}

/* A field deep in the body is held against the version before anything is sent. */
static void deep_field_too_new(void)
{
	static const fake_row too_old[] = {
		{ .expect = "GET /_ping", .headers = "Api-Version: 1.43\r\n" }, { NULL }
	};
	static const fake_row good[] = {
		{ .expect = "GET /_ping", .headers = "Api-Version: 1.44\r\n" },
		{ .expect = "POST /v1.44/services/create", .status = 201, .reply = "{}" },
		{ NULL }
	};
	static const fake_row none[] = { { NULL } };
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_SERVICE_CREATE);
	json_t *body = json_loads("{\"Name\":\"x\",\"Mode\":{},\"TaskTemplate\":{\"ContainerSpec\":"
				  "{\"Privileges\":{\"NoNewPrivileges\":true}}}}",
				  0, NULL);
	swarm_error err = SWARM_ERROR_INIT;

	options.body = body;
	CHECK_INT(call_once(too_old, NULL, &options, NULL, &err), SWARM_E_VERSION);
	CHECK_STR(err.text, "TaskTemplate.ContainerSpec.Privileges.NoNewPrivileges needs API 1.44, "
			    "but the engine speaks 1.43: upgrade docker");
	swarm__error_clear(&err);
	CHECK_INT(call_once(none, "1.41", &options, NULL, &err), SWARM_E_VERSION);
	CHECK_PART(err.text, "needs API 1.44, but this client is set to 1.41");
	CHECK_INT(call_once(good, NULL, &options, NULL, NULL), 0);
	json_decref(body);
}

/* Only an update may have fields that the table does not know, and only the library's own. */
static void unknown_fields(void)
{
	static const fake_row rows[] = {
		{ .expect = "POST /v1.45/nodes/n1/update?version=7", .body = "\"New\":1" }, { NULL }
	};
	static const swarm_pair version[] = { { "version", "7" }, { NULL, NULL } };
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.45");
	swarm__deadline deadline = swarm__deadline_in(60000, 0);
	json_t *spec = json_pack("{s:s, s:s, s:i}", "Role", "worker", "Availability", "drain",
				 "New", 1);
	json_t *init = json_pack("{s:s, s:i}", "ListenAddr", "x", "New", 1);

	CHECK_INT(swarm__call(client, SWARM_OP_NODE_UPDATE, "n1", version, spec, &deadline, NULL,
			      NULL),
		  0);
	CHECK_INT(swarm__call(client, SWARM_OP_SWARM_INIT, NULL, NULL, init, &deadline, NULL, NULL),
		  SWARM_E_INVAL);
	json_decref(spec);
	json_decref(init);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

static void streams_are_refused(void)
{
	static const fake_row rows[] = { { NULL } };
	static const swarm_op ops[] = { SWARM_OP_EVENTS, SWARM_OP_SERVICE_LOGS,
					SWARM_OP_TASK_LOGS };
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.45");
	char *bytes = NULL;
	size_t size;

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		swarm_call_options options = SWARM_CALL_INIT(ops[i]);
		swarm_error err = SWARM_ERROR_INIT;

		options.id = ops[i] == SWARM_OP_EVENTS ? NULL : "x";
		CHECK_INT(swarm_call_json(client, &options, NULL, &err), SWARM_E_INVAL);
		CHECK_PART(err.text, "answers a stream");
		CHECK_INT(swarm_call_bytes(client, &options, &bytes, &size, NULL), SWARM_E_INVAL);
	}
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

TEST_MAIN(TEST(head), TEST(put), TEST(distribution), TEST(credentials),
	  TEST(credentials_are_padded_base64url), TEST(statuses), TEST(deep_field_too_new),
	  TEST(unknown_fields), TEST(streams_are_refused))
