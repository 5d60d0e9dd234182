/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of a call fails in turn: always SWARM_E_NOMEM, and the client stays usable. */
#include "base/internal.h"
#include "fake_engine.h"
#include "oom.h"
#include "test.h"

typedef struct scene {
	const char *name;
	int op;
	swarm_pair query[3];
	const char *body;
	fake_row rows[3];
	int code; /* of the call with enough memory */
	const char *id;
	const char *auth;
} scene;

/* Rows repeat, so that a client goes on after a failure wherever it was. */
#define PING                                                                                       \
	{                                                                                          \
		.expect = "GET /_ping", .headers = "Api-Version: 1.45\r\n", .reply = "OK",         \
		.repeat = true                                                                     \
	}

static const scene scenes[] = {
	{ "info",
	  SWARM_OP_INFO,
	  { { 0 } },
	  NULL,
	  { PING,
	    { .expect = "GET /v1.45/info",
	      .chunk = 700,
	      .repeat = true,
	      .reply = "{\"Name\":\"x\",\"Swarm\":{\"Nodes\":[1,2,{\"a\":null}],\"b\":1.5}}" } },
	  0 },
	{ "filters",
	  SWARM_OP_NODE_LIST,
	  { { "filters", "{\"role\":[\"manager\"]}" } },
	  NULL,
	  { PING,
	    { .expect = "GET /v1.45/nodes?filters=%7B%22role%22%3A%5B%22manager%22%5D%7D",
	      .reply = "[]",
	      .repeat = true } },
	  0 },
	{ "large answer",
	  SWARM_OP_INFO,
	  { { 0 } },
	  NULL,
	  { PING,
	    { .expect = "GET /v1.45/info",
	      .chunk = 9000,
	      .fault = FAKE_HUGE,
	      .at = 100000,
	      .repeat = true } },
	  SWARM_E_JSON },
	{ "join",
	  SWARM_OP_SWARM_JOIN,
	  { { 0 } },
	  "{\"ListenAddr\":\"x\",\"RemoteAddrs\":[\"a\"],\"JoinToken\":\"t0kent0ken\"}",
	  { PING,
	    { .expect = "POST /v1.45/swarm/join",
	      .body = "t0kent0ken",
	      .status = 500,
	      .reply = "{\"message\":\"invalid join token\"}",
	      .repeat = true } },
	  SWARM_E_TOKEN },
	{ "credentials",
	  SWARM_OP_DISTRIBUTION_INSPECT,
	  { { 0 } },
	  NULL,
	  { PING,
	    { .expect = "GET /v1.45/distribution/team/app%3A1/json",
	      .status = 401,
	      .reply = "{\"message\":\"hunter2hunter2 is wrong\"}",
	      .repeat = true } },
	  SWARM_E_HTTP,
	  "team/app:1",
	  "{\"username\":\"me\",\"password\":\"hunter2hunter2\"}" },
	{ "deep fields",
	  SWARM_OP_SERVICE_CREATE,
	  { { 0 } },
	  "{\"Name\":\"x\",\"Mode\":{},\"TaskTemplate\":{\"ContainerSpec\":{\"Sysctls\":{}}}}",
	  { PING,
	    { .expect = "POST /v1.45/services/create",
	      .status = 201,
	      .reply = "{\"ID\":\"s1\"}",
	      .repeat = true } },
	  0 },
	{ "plain text",
	  SWARM_OP_PING,
	  { { 0 } },
	  NULL,
	  { { .expect = "GET /_ping", .reply = "OK", .repeat = true } },
	  0 },
};

static void start(bool with_jansson, long n)
{
	if (with_jansson)
		oom_start_with_jansson(n);
	else
		oom_start(n);
}

/* One try from nothing to an answer. False once the allocation that was to fail did not come. */
static bool try(const scene *s, json_t *body, json_t *auth, bool with_jansson, long n)
{
	fake_engine *engine = fake_engine_start(s->rows);
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_call_options call = SWARM_CALL_INIT((swarm_op)s->op);
	swarm_client *client = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *json = NULL;
	bool failed;
	int code;

	options.url = fake_engine_url(engine);
	call.query = s->query;
	call.body = body;
	call.id = s->id;
	call.registry_auth = auth;
	start(with_jansson, n);
	code = swarm_client_new(&options, &client, &err);
	if (code == 0)
		code = swarm_call_json(client, &call, &json, &err);
	failed = oom_stop();
	CHECK_INT(err.code, code);
	CHECK((code == 0) == (json != NULL));
	if (!failed)
		CHECK_INT(code, s->code);
	if (failed && !with_jansson) {
		CHECK_INT(code, SWARM_E_NOMEM);
		CHECK_STR(err.text, "out of memory");
	}
	json_decref(json);
	if (failed && client)
		CHECK_INT(swarm_call_json(client, &call, NULL, NULL),
			  s->code == SWARM_E_JSON ? 0 : s->code);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop_early(engine), 0);
	return failed;
}

static void each_allocation(bool with_jansson)
{
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		json_t *body = scenes[i].body ? json_loads(scenes[i].body, 0, NULL) : NULL;
		json_t *auth = scenes[i].auth ? json_loads(scenes[i].auth, 0, NULL) : NULL;
		long n = 0;

		test_row = scenes[i].name;
		while (try(&scenes[i], body, auth, with_jansson, n) && n < 1000)
			n++;
		CHECK(n > 4 && n < 1000);
		json_decref(body);
		json_decref(auth);
	}
}

static void own_allocations(void)
{
	each_allocation(false);
}

static void jansson_too(void)
{
	each_allocation(true);
}

static void merge(void)
{
	json_t *target = json_loads("{\"a\":{\"b\":[1,{\"c\":\"d\"}]},\"e\":\"f\"}", 0, NULL);
	json_t *patch = json_loads("{\"a\":{\"x\":{\"y\":[2]}},\"e\":null,\"z\":\"new\"}", 0, NULL);
	json_t *want = json_loads(
		"{\"a\":{\"b\":[1,{\"c\":\"d\"}],\"x\":{\"y\":[2]}},\"z\":\"new\"}", 0, NULL);
	json_t *got = NULL;

	for (long n = 0;; n++) {
		bool failed;

		oom_start_with_jansson(n);
		got = swarm__json_merge(target, patch);
		failed = oom_stop();
		if (!failed)
			break;
		/* jansson does without memory in a few places; what comes then must be whole. */
		CHECK(!got || json_equal(got, want));
		json_decref(got);
	}
	CHECK(json_equal(got, want));
	json_decref(target);
	json_decref(patch);
	json_decref(want);
	json_decref(got);
}

TEST_MAIN(TEST(own_allocations), TEST(jansson_too), TEST(merge))
