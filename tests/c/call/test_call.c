/* SPDX-License-Identifier: Apache-2.0 */
/* Calls by operation, from arguments to bytes, JSON or an error. */
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

static void answers(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /_ping", .headers = "Api-Version: 1.45\r\n", .reply = "OK" },
		{ .expect = "GET /v1.45/info", .reply = "{\"Name\":\"manager1\"}\n" },
		{ .expect = "GET /v1.45/info", .reply = "{\"Name\":\"manager1\"}\n" },
		{ .expect = "POST /v1.45/swarm/leave?force=1" },
		{ .expect = "POST /v1.45/swarm/leave" },
		{ .expect = "GET /_ping", .reply = "OK" },
		{ .expect = "POST /v1.45/swarm/init",
		  .body = "{\"ListenAddr\":\"0.0.0.0\"}",
		  .reply = "\"7v2t30z9blmxuhnyo6s4cpenp\"\n" },
		{ NULL },
	};
	static const swarm_pair force[] = { { "force", "1" }, { NULL, NULL } };
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, NULL);
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	swarm_call_options leave = SWARM_CALL_INIT(SWARM_OP_SWARM_LEAVE);
	swarm_call_options ping = SWARM_CALL_INIT(SWARM_OP_PING);
	swarm_call_options init = SWARM_CALL_INIT(SWARM_OP_SWARM_INIT);
	json_t *json = NULL, *body = json_pack("{s:s}", "ListenAddr", "0.0.0.0");
	char *bytes = NULL;
	size_t size = 0;

	CHECK_INT(swarm_call_json(client, &info, &json, NULL), 0);
	CHECK_STR(swarm__json_string(json, "Name"), "manager1");
	json_decref(json);
	CHECK_INT(swarm_call_bytes(client, &info, &bytes, &size, NULL), 0);
	CHECK_STR(bytes, "{\"Name\":\"manager1\"}\n");
	CHECK_INT((long long)size, 20);
	swarm_bytes_free(bytes, size);
	leave.query = force;
	CHECK_INT(swarm_call_json(client, &leave, &json, NULL), 0);
	CHECK(json_is_null(json));
	leave.query = NULL;
	CHECK_INT(swarm_call_bytes(client, &leave, &bytes, &size, NULL), 0);
	CHECK_STR(bytes, "");
	CHECK_INT((long long)size, 0);
	swarm_bytes_free(bytes, size);
	CHECK_INT(swarm_call_json(client, &ping, &json, NULL), 0);
	CHECK_STR(json_string_value(json), "OK");
	json_decref(json);
	init.body = body;
	CHECK_INT(swarm_call_json(client, &init, &json, NULL), 0);
	CHECK_STR(json_string_value(json), "7v2t30z9blmxuhnyo6s4cpenp");
	json_decref(json);
	json_decref(body);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* The empty script makes the fake engine fail the test if anything at all is sent. */
static void nothing_is_sent(void)
{
	static const fake_row rows[] = { { NULL } };
	static const swarm_pair unknown[] = { { "nothing", "1" }, { NULL, NULL } };
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.27");
	swarm_client *negotiating = open_client(engine, NULL);
	swarm_call_options bad = SWARM_CALL_INIT(SWARM_OP_INFO);
	swarm_call_options init = SWARM_CALL_INIT(SWARM_OP_SWARM_INIT);
	json_t *body = json_pack("{s:s, s:s}", "ListenAddr", "x", "Availability", "drain");
	swarm_error err = SWARM_ERROR_INIT;
	char *bytes;
	size_t size;

	bad.query = unknown;
	CHECK_INT(swarm_call_json(negotiating, &bad, NULL, &err), SWARM_E_INVAL);
	CHECK_STR(err.text, "info takes no parameter 'nothing'");
	swarm__error_clear(&err);
	init.body = body;
	CHECK_INT(swarm_call_json(client, &init, NULL, &err), SWARM_E_VERSION);
	CHECK_STR(err.text, "Availability needs API 1.28, but this client is set to 1.27: choose "
			    "another version");
	bad.query = NULL;
	bad.op = (swarm_op)12345;
	CHECK_INT(swarm_call_json(client, &bad, NULL, NULL), SWARM_E_INVAL);
	bad.op = SWARM_OP_INFO;
	bad.timeout_ms = -1;
	CHECK_INT(swarm_call_json(client, &bad, NULL, NULL), SWARM_E_INVAL);
	bad.timeout_ms = 0;
	CHECK_INT(swarm_call_bytes(client, &bad, NULL, &size, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_call_bytes(client, &bad, &bytes, NULL, NULL), SWARM_E_INVAL);
	bad.size = 0;
	CHECK_INT(swarm_call_json(client, &bad, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_call_json(client, NULL, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_call_json(NULL, &init, NULL, NULL), SWARM_E_INVAL);
	json_decref(body);
	swarm_client_free(client);
	swarm_client_free(negotiating);
	CHECK_INT(fake_engine_connections(engine), 0);
	CHECK_INT(fake_engine_stop(engine), 0);
}

static void too_new_for_the_engine(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /_ping", .headers = "Api-Version: 1.27\r\n", .reply = "OK" },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, NULL);
	swarm_call_options init = SWARM_CALL_INIT(SWARM_OP_SWARM_INIT);
	json_t *body = json_pack("{s:s, s:s}", "ListenAddr", "x", "Availability", "drain");
	swarm_error err = SWARM_ERROR_INIT;

	init.body = body;
	CHECK_INT(swarm_call_json(client, &init, NULL, &err), SWARM_E_VERSION);
	CHECK_STR(err.text,
		  "Availability needs API 1.28, but the engine speaks 1.27: upgrade docker");
	json_decref(body);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* An engine that was exchanged for an older one: the next call asks for its version again. */
static void engine_exchanged(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /_ping", .headers = "Api-Version: 1.51\r\n", .reply = "OK" },
		{ .expect = "GET /v1.51/info",
		  .status = 400,
		  .reply =
			  "{\"message\":\"client version 1.51 is too new. Maximum supported API version is 1.45\"}" },
		{ .expect = "GET /_ping", .headers = "Api-Version: 1.45\r\n", .reply = "OK" },
		{ .expect = "GET /v1.45/info", .reply = "{}" },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, NULL);
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	swarm_error err = SWARM_ERROR_INIT;

	CHECK_INT(swarm_call_json(client, &info, NULL, &err), SWARM_E_VERSION);
	CHECK_STR(err.text,
		  "client version 1.51 is too new. Maximum supported API version is 1.45");
	CHECK_INT(err.http_status, 400);
	CHECK_INT(swarm_call_json(client, &info, NULL, NULL), 0);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

static void refusal_without_secrets(void)
{
	static const fake_row rows[] = {
		{ .expect = "POST /v1.41/swarm/join",
		  .body = "\"JoinToken\":\"notatokenatall\"",
		  .status = 500,
		  .reply = "{\"message\":\"invalid join token notatokenatall\"}" },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.41");
	swarm_call_options join = SWARM_CALL_INIT(SWARM_OP_SWARM_JOIN);
	json_t *body = json_pack("{s:s, s:[s], s:s}", "ListenAddr", "x", "RemoteAddrs", "10.0.0.1",
				 "JoinToken", "notatokenatall");
	swarm_error err = SWARM_ERROR_INIT;

	join.body = body;
	CHECK_INT(swarm_call_json(client, &join, NULL, &err), SWARM_E_TOKEN);
	CHECK_STR(err.text, "invalid join token [redacted]");
	CHECK_INT(err.http_status, 500);
	json_decref(body);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

static void bad_answers(void)
{
	static const struct {
		const char *reply;
		int status, code;
		const char *text;
	} table[] = {
		{ "{\"Name\":", 200, SWARM_E_JSON,
		  "the engine's answer to info: the JSON is malformed (line 1" },
		{ "{\"Pids\":18446744073709551615}", 200, SWARM_E_JSON,
		  "a number that is too large" },
		{ "", 301, SWARM_E_HTTP, "the engine answered HTTP 301 without a reason" },
		{ "", 500, SWARM_E_HTTP, "the engine answered HTTP 500 without a reason" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = { { .expect = "GET /v1.41/info",
					    .status = table[i].status,
					    .reply = table[i].reply },
					  { NULL } };
		fake_engine *engine = fake_engine_start(rows);
		swarm_client *client = open_client(engine, "1.41");
		swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
		swarm_error err = SWARM_ERROR_INIT;
		json_t *json = NULL;

		test_row = table[i].text;
		CHECK_INT(swarm_call_json(client, &info, &json, &err), table[i].code);
		CHECK_PART(err.text, table[i].text);
		CHECK(!json);
		swarm_client_free(client);
		CHECK_INT(fake_engine_stop(engine), 0);
	}
}

/* What jansson refuses, the bytes call gives. */
static void large_numbers_as_bytes(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /v1.41/info", .reply = "{\"Pids\":18446744073709551615}" },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.41");
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	char *bytes = NULL;
	size_t size = 0;

	CHECK_INT(swarm_call_bytes(client, &info, &bytes, &size, NULL), 0);
	CHECK_STR(bytes, "{\"Pids\":18446744073709551615}");
	swarm_bytes_free(bytes, size);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* Nesting over jansson's limit of 2048 is refused without harm, and below it is taken. */
static void deep_answers(void)
{
	static const struct {
		size_t depth;
		int code;
	} table[] = { { 2000, 0 }, { 2100, SWARM_E_JSON }, { 1000000, SWARM_E_JSON } };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char *reply = malloc(2 * table[i].depth + 1);
		const fake_row rows[] = { { .expect = "GET /v1.41/info", .reply = reply },
					  { .expect = "GET /v1.41/info", .reply = reply },
					  { NULL } };
		fake_engine *engine;
		swarm_client *client;
		swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
		json_t *json = NULL;

		memset(reply, '[', table[i].depth);
		memset(reply + table[i].depth, ']', table[i].depth);
		reply[2 * table[i].depth] = '\0';
		engine = fake_engine_start(rows);
		client = open_client(engine, "1.41");
		CHECK_INT(swarm_call_json(client, &info, NULL, NULL), 0);
		CHECK_INT(swarm_call_json(client, &info, &json, NULL), table[i].code);
		json_decref(json);
		swarm_client_free(client);
		CHECK_INT(fake_engine_stop(engine), 0);
		free(reply);
	}
}

/* The caller's timeout goes before the client's, and that before the row's 60 s. */
static void timeouts(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /v1.41/info", .fault = FAKE_SILENT, .repeat = true }, { NULL }
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	swarm__deadline soon;
	swarm_client *client = NULL;
	swarm_error err = SWARM_ERROR_INIT;

	options.url = fake_engine_url(engine);
	options.api_version = "1.41";
	options.timeout_ms = 30;
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	CHECK_INT(swarm_call_json(client, &info, NULL, &err), SWARM_E_TIMEOUT);
	CHECK_STR(err.text, "info took longer than 30 ms: no answer before the deadline");
	swarm__error_clear(&err);
	info.timeout_ms = 20;
	CHECK_INT(swarm_call_json(client, &info, NULL, &err), SWARM_E_TIMEOUT);
	CHECK_STR(err.text, "info took longer than 20 ms: no answer before the deadline");
	swarm__error_clear(&err);
	soon = swarm__deadline_in(86400000, 0);
	CHECK_INT(swarm__call(client, SWARM_OP_INFO, NULL, NULL, NULL, &soon, NULL, &err),
		  SWARM_E_TIMEOUT);
	CHECK_PART(err.text, "info took longer than 30 ms");
	soon.end_ms = swarm__now_ms();
	CHECK_INT(swarm__call(client, SWARM_OP_INFO, NULL, NULL, NULL, &soon, NULL, NULL),
		  SWARM_E_TIMEOUT);
	CHECK_INT(fake_engine_requests(engine), 3);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

static int always(void *payload)
{
	++*(int *)payload;
	return 1;
}

static void canceled_call(void)
{
	static const fake_row rows[] = { { NULL } };
	fake_engine *engine = fake_engine_start(rows);
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	swarm_client *client = NULL;
	int asked = 0;

	options.url = fake_engine_url(engine);
	options.cancel = always;
	options.cancel_payload = &asked;
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	CHECK_INT(swarm_call_json(client, &info, NULL, NULL), SWARM_E_CANCELED);
	CHECK_INT(asked, 1);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

TEST_MAIN(TEST(answers), TEST(nothing_is_sent), TEST(too_new_for_the_engine),
	  TEST(engine_exchanged), TEST(refusal_without_secrets), TEST(bad_answers),
	  TEST(large_numbers_as_bytes), TEST(deep_answers), TEST(timeouts), TEST(canceled_call))
