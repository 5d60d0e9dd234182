/* SPDX-License-Identifier: Apache-2.0 */
/* Engines from 20.10 to 29 and later: what version is spoken, and what a refusal of it is said to mean. */
#include "base/internal.h"
#include "fake_engine.h"
#include "test.h"

#define TOO_OLD(ours, theirs)                                                                      \
	"{\"message\":\"client version " ours                                                      \
	" is too old. Minimum supported API version is " theirs                                    \
	", please upgrade your client to a newer version\"}\n"

static swarm_client *open_client(fake_engine *engine, const char *version)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_client *client = NULL;

	options.url = fake_engine_url(engine);
	options.api_version = version;
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	return client;
}

static int ask(swarm_client *client, swarm_error *err)
{
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);

	return swarm_call_json(client, &info, NULL, err);
}

/* The lower of the engine's and ours, which is above the minimum of each of these engines. */
static void each_engine(void)
{
	static const struct {
		const char *engine, *header, *request;
	} table[] = {
		{ "20.10", "Api-Version: 1.41\r\n", "GET /v1.41/info" },
		{ "23.0", "Api-Version: 1.42\r\n", "GET /v1.42/info" },
		{ "24.0", "Api-Version: 1.43\r\n", "GET /v1.43/info" },
		{ "25.0", "Api-Version: 1.44\r\n", "GET /v1.44/info" },
		{ "26.1", "Api-Version: 1.45\r\n", "GET /v1.45/info" },
		{ "27.5", "Api-Version: 1.47\r\n", "GET /v1.47/info" },
		{ "28.5", "Api-Version: 1.51\r\n", "GET /v1.51/info" },
		{ "29.0, from 1.44", "Api-Version: 1.52\r\n", "GET /v1.52/info" },
		{ "29.7, from 1.40", "Api-Version: 1.55\r\n", "GET /v1.52/info" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = {
			{ .expect = "GET /_ping", .headers = table[i].header, .reply = "OK" },
			{ .expect = table[i].request, .reply = "{}" },
			{ NULL },
		};
		fake_engine *engine = fake_engine_start(rows);
		swarm_client *client = open_client(engine, NULL);

		test_row = table[i].engine;
		CHECK_INT(ask(client, NULL), 0);
		swarm_client_free(client);
		CHECK_INT(fake_engine_stop(engine), 0);
	}
}

/* A version that the caller names is used, without a ping, whatever comes of it. */
static void pinned(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /v1.44/info", .headers = "Api-Version: 1.52\r\n", .reply = "{}" },
		{ .expect = "GET /v1.44/info", .reply = "{}" },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.44");
	const char *version = NULL;

	CHECK_INT(ask(client, NULL), 0);
	CHECK_INT(swarm_client_api_version(client, &version, NULL), 0);
	CHECK_STR(version, "1.44");
	CHECK_INT(ask(client, NULL), 0);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

static void pinned_too_low(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /v1.41/info",
		  .status = 400,
		  .headers = "Api-Version: 1.52\r\n",
		  .reply = TOO_OLD("1.41", "1.44"),
		  .repeat = true },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.41");

	/* A pinned version is not left, however often it is refused. */
	for (int i = 0; i < 2; i++) {
		swarm_error err = SWARM_ERROR_INIT;

		CHECK_INT(ask(client, &err), SWARM_E_VERSION);
		CHECK_STR(err.text,
			  "this client is set to API 1.41, choose another or none: client version "
			  "1.41 is too old. Minimum supported API version is 1.44, please upgrade "
			  "your client to a newer version");
		CHECK_INT(err.http_status, 400);
	}
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* An engine to come, which takes no version that this library knows. */
static void library_too_old(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /_ping", .headers = "Api-Version: 1.70\r\n", .reply = "OK" },
		{ .expect = "GET /v1.52/info", .status = 400, .reply = TOO_OLD("1.52", "1.60") },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, NULL);
	swarm_error err = SWARM_ERROR_INIT;

	CHECK_INT(ask(client, &err), SWARM_E_VERSION);
	CHECK_PART(err.text, "libswarm speaks API 1.52 at most, too old for this engine: client "
			     "version 1.52 is too old");
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

TEST_MAIN(TEST(each_engine), TEST(pinned), TEST(pinned_too_low), TEST(library_too_old))
