/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation fails in turn: streams, calls in steps, and addresses from files. */
#include "base/internal.h"
#include "fake_engine.h"
#include "oom.h"
#include "test.h"

#define LOG "\1\0\0\0\0\0\0\2a\n\2\0\0\0\0\0\0\2b\n"

static const fake_row log_rows[] = {
	{ .expect = "GET /_ping", .headers = "Api-Version: 1.45\r\n", .repeat = true },
	{ .expect = "GET /v1.45/services/s1/logs",
	  .headers = "Content-Type: application/vnd.docker.multiplexed-stream\r\n",
	  .reply = LOG,
	  .size = sizeof(LOG) - 1,
	  .chunk = 3,
	  .pieces = 5,
	  .repeat = true },
	{ NULL },
};

/* Open and read to the end. */
static int read_log(swarm_client *client, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_SERVICE_LOGS);
	swarm_stream *stream = NULL;
	swarm_record record = { SWARM_SOURCE_NONE, "", 0 };
	int code;

	options.id = "s1";
	code = swarm_stream_open(client, &options, SWARM_FRAMING_AUTO, &stream, err);
	while (code == 0 && record.data)
		code = swarm_stream_next(stream, 60000, &record, err);
	swarm_stream_free(stream);
	return code;
}

/* One call in steps, with a body. */
static int step_through(swarm_client *client, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_SWARM_UNLOCK);
	json_t *body = json_pack("{s:s}", "UnlockKey", "secretsecret");
	swarm_call *call = NULL;
	char *bytes = NULL;
	size_t size = 0;
	bool done = false;
	int code;

	options.body = body;
	code = swarm_call_begin(client, &options, &call, err);
	while (code == 0 && !done)
		code = swarm_call_step(call, &done, err);
	if (code == 0)
		code = swarm_call_result(call, &bytes, &size, err);
	swarm_call_free(call);
	swarm_bytes_free(bytes, size);
	json_decref(body);
	return code;
}

static const fake_row step_rows[] = {
	{ .expect = "GET /_ping", .headers = "Api-Version: 1.45\r\n", .repeat = true },
	{ .expect = "POST /v1.45/swarm/unlock", .body = "secretsecret", .repeat = true },
	{ NULL },
};

/* The client of the same script goes on after each failure. */
static void each_allocation(const fake_row *rows, int (*act)(swarm_client *, swarm_error *))
{
	bool failed = true;
	long n = 0;

	for (; failed && n < 1000; n++) {
		fake_engine *engine = fake_engine_start(rows);
		swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
		swarm_client *client = NULL;
		swarm_error err = SWARM_ERROR_INIT;
		int code;

		options.url = fake_engine_url(engine);
		CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
		oom_start(n);
		code = act(client, &err);
		failed = oom_stop();
		CHECK_INT(code, failed ? SWARM_E_NOMEM : 0);
		CHECK_INT(err.code, code);
		CHECK_INT(act(client, NULL), 0);
		swarm_client_free(client);
		CHECK_INT(fake_engine_stop_early(engine), 0);
	}
	CHECK(n > 5 && n < 1000);
}

static void streams(void)
{
	each_allocation(log_rows, read_log);
}

static void steps(void)
{
	each_allocation(step_rows, step_through);
}

static void addresses(void)
{
	bool failed = true;

	setenv("DOCKER_HOST", "tcp://m1:2376", 1);
	setenv("DOCKER_API_VERSION", "1.45", 1);
	setenv("DOCKER_TLS_VERIFY", "1", 1);
	setenv("DOCKER_CERT_PATH", "/certificates", 1);
	for (long n = 0; failed && n < 100; n++) {
		swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
		swarm_endpoint *endpoint = NULL;
		swarm_client *client = NULL;
		swarm_error err = SWARM_ERROR_INIT;
		int code;

		oom_start(n);
		code = swarm_endpoint_from_env(&endpoint, &err);
		if (code == 0) {
			swarm_endpoint_use(endpoint, &options);
			code = swarm_client_new(&options, &client, &err);
		}
		failed = oom_stop();
		CHECK_INT(code, failed ? SWARM_E_NOMEM : 0);
		CHECK_INT(err.code, code);
		CHECK((client == NULL) == failed);
		swarm_endpoint_free(endpoint);
		swarm_client_free(client);
	}
	CHECK(!failed);
}

TEST_MAIN(TEST(streams), TEST(steps), TEST(addresses))
