/* SPDX-License-Identifier: Apache-2.0 */
/* An image that an engine is to have: when it is pulled, how it is named, and what the stream says. */
#include "test_cluster.h"

#include <jansson.h>

#define HEX "b79000000000000000000000000000000000000000000000000000000000000f"
#define LOOK_A "GET " API "/images/r%3A5000/a%3A1/json"
#define PULL_A "POST " API "/images/create?fromImage=r%3A5000%2Fa&tag=1"
#define PROGRESS                                                                                   \
	"{\"status\":\"Pulling from a\",\"id\":\"1\"}\r\n"                                         \
	"{\"status\":\"Downloading\",\"progressDetail\":{\"current\":1,\"total\":2},\"id\":\"x\"}\r\n"
#define NONE_THERE                                                                                 \
	{                                                                                          \
		LOOK_A, .status = 404, .reply = MESSAGE("No such image: r:5000/a:1")               \
	}

static void names(void)
{
	static const struct {
		const char *image;
		const char *look;
		const char *pull;
		const char *whole;
	} table[] = {
		{ "a", "a%3Alatest", "a&tag=latest", "a:latest" },
		{ "team/a:2", "team/a%3A2", "team%2Fa&tag=2", "team/a:2" },
		{ "r:5000/a", "r%3A5000/a%3Alatest", "r%3A5000%2Fa&tag=latest", "r:5000/a:latest" },
		{ "a@sha256:" HEX, "a%40sha256%3A" HEX, "a&tag=sha256%3A" HEX, "a@sha256:" HEX },
		{ "r:5000/a:1@sha256:" HEX, "r%3A5000/a%40sha256%3A" HEX,
		  "r%3A5000%2Fa&tag=sha256%3A" HEX, "r:5000/a@sha256:" HEX },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char look[256], pull[256];
		const fake_row rows[] = {
			{ look, .reply = "{\"Id\":\"sha256:1\"}" },
			{ look, .status = 404, .reply = MESSAGE("No such image") },
			{ pull, .reply = PROGRESS, .chunk = 20 },
			{ look, .reply = "{\"Id\":\"sha256:1\"}" },
			{ NULL },
		};
		fixture f;

		snprintf(look, sizeof(look), "GET " API "/images/%s/json", table[i].look);
		snprintf(pull, sizeof(pull), "POST " API "/images/create?fromImage=%s",
			 table[i].pull);
		test_row = table[i].image;
		f = setup(rows);
		for (int pulled = 0; pulled < 2; pulled++) {
			json_t *made = NULL;

			CHECK_INT(
				swarm_image_pull(f.client, table[i].image, NULL, 0, &made, &f.err),
				0);
			CHECK_STR(json_string_value(json_object_get(made, "image")),
				  table[i].whole);
			CHECK_INT(json_is_true(json_object_get(made, "pulled")), pulled);
			json_decref(made);
		}
		teardown(&f);
	}
}

#define NO_NAME "@sha256:" HEX

static void no_names(void)
{
	static const char *const images[] = { "", "a:", "a@", ":1", NO_NAME };
	const fake_row rows[] = { { NULL } };
	fixture f = setup(rows);
	char *endless = calloc(2000, 1);
	json_t *made = NULL;

	for (size_t i = 0; i < sizeof(images) / sizeof(*images); i++)
		CHECK_INT(swarm_image_pull(f.client, images[i], NULL, 0, &made, NULL),
			  SWARM_E_INVAL);
	memset(endless, 'a', 1999);
	CHECK_INT(swarm_image_pull(f.client, endless, NULL, 0, &made, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_image_pull(f.client, "\xff", NULL, 0, &made, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_image_pull(f.client, "a", NULL, 0, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_image_pull(NULL, "a", NULL, 0, &made, NULL), SWARM_E_INVAL);
	CHECK(made == NULL);
	free(endless);
	teardown(&f);
}

/* Only the pull has them, and no text of an error. */
static void credentials(void)
{
	const fake_row rows[] = {
		NONE_THERE,
		{ PULL_A,
		  .reply = "{\"errorDetail\":{\"message\":\"hunter2hunter2 is not a name\"}}\n" },
		{ NULL },
	};
	json_t *auth = json_pack("{s:s, s:s, s:s}", "username", "u", "password", "hunter2hunter2",
				 "serveraddress", "r:5000");
	json_t *other = json_pack("{s:s, s:s, s:s}", "username", "u", "password", "hunter2hunter2",
				  "serveraddress", "other:5000");
	fixture f = setup(rows);
	json_t *made = NULL;

	CHECK_INT(swarm_image_pull(f.client, "r:5000/a:1", other, 0, &made, &f.err), SWARM_E_INVAL);
	CHECK_PART(f.err.text, "are for the registry other:5000, and image r:5000/a:1");
	f.err = (swarm_error)SWARM_ERROR_INIT;
	CHECK_INT(swarm_image_pull(f.client, "r:5000/a:1", auth, 0, &made, &f.err), SWARM_E_HTTP);
	CHECK_STR(f.err.text, "image r:5000/a:1 could not be pulled: [redacted] is not a name");
	CHECK(!strstr(fake_engine_request(f.engine, 0), "X-Registry-Auth"));
	CHECK_PART(fake_engine_request(f.engine, 1), "X-Registry-Auth: eyJ");
	CHECK(made == NULL);
	json_decref(auth);
	json_decref(other);
	teardown(&f);
}

typedef struct pull_case {
	const char *name;
	fake_row pull;
	int code;
	int http_status;
	const char *text;
} pull_case;

#define IN_STREAM(text) PROGRESS "{\"errorDetail\":{\"message\":\"" text "\"},\"error\":\"x\"}\r\n"
#define NOT_PULLED "image r:5000/a:1 could not be pulled: "
#define REFUSED "the registry r:5000 refuses image r:5000/a:1: credentials are missing or wrong"

static const pull_case failures[] = {
	{ "none there",
	  { PULL_A, .status = 404, .reply = MESSAGE("manifest for r:5000/a:1 not found") },
	  SWARM_E_NOT_FOUND,
	  404,
	  "the registry r:5000 has no image r:5000/a:1, or hides it without credentials" },
	{ "private",
	  { PULL_A, .status = 404,
	    .reply = MESSAGE("pull access denied for r:5000/a, repository does not exist or may "
			     "require 'docker login': denied") },
	  SWARM_E_HTTP,
	  401,
	  REFUSED },
	{ "private, later",
	  { PULL_A, .reply = IN_STREAM("401 Unauthorized") },
	  SWARM_E_HTTP,
	  401,
	  REFUSED },
	{ "no way",
	  { PULL_A, .status = 500, .reply = MESSAGE("dial tcp 10.0.0.2:5000: connection refused") },
	  SWARM_E_HTTP,
	  500,
	  NOT_PULLED "dial tcp 10.0.0.2:5000: connection refused" },
	{ "in the stream",
	  { PULL_A, .reply = IN_STREAM("write /var: no space left on device"), .chunk = 7 },
	  SWARM_E_HTTP,
	  500,
	  NOT_PULLED "write /var: no space left on device" },
	{ "the old form",
	  { PULL_A, .reply = "{\"error\":\"unexpected EOF\"}\n" },
	  SWARM_E_HTTP,
	  500,
	  NOT_PULLED "unexpected EOF" },
	{ "no reason",
	  { PULL_A, .reply = "{\"errorDetail\":{}}\n" },
	  SWARM_E_HTTP,
	  500,
	  NOT_PULLED "the engine answered HTTP 500 without a reason" },
	{ "no object",
	  { PULL_A, .reply = "[]\n" },
	  SWARM_E_JSON,
	  0,
	  NOT_PULLED "the engine's answer has a line that is not an object" },
	{ "no JSON", { PULL_A, .reply = "<html>\n" }, SWARM_E_JSON, 0, NOT_PULLED },
	{ "cut",
	  { PULL_A, .reply = PROGRESS PROGRESS, .fault = FAKE_CLOSE_AT, .at = 150, .chunk = 10 },
	  SWARM_E_TRANSPORT,
	  0,
	  NOT_PULLED "image_create: the stream was cut" },
	{ "half a line", { PULL_A, .reply = "{\"status\":" }, SWARM_E_TRANSPORT, 0, NOT_PULLED },
	{ "a long line",
	  { PULL_A, .fault = FAKE_HUGE, .at = 1 << 19 },
	  SWARM_E_TOO_LARGE,
	  0,
	  NOT_PULLED "the answer is larger than 262144 bytes" },
	{ "silent",
	  { PULL_A, .fault = FAKE_SILENT },
	  SWARM_E_TIMEOUT,
	  0,
	  NOT_PULLED "image_create took longer than " },
	{ "goes on for ever",
	  { PULL_A, .reply = PROGRESS, .chunk = 500, .fault = FAKE_OPEN },
	  SWARM_E_TIMEOUT,
	  0,
	  NOT_PULLED "it is not whole when the deadline passes" },
};

static void pulls_that_fail(void)
{
	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
		const pull_case *c = &failures[i];
		const fake_row rows[] = { NONE_THERE, c->pull, { NULL } };
		int64_t timeout_ms = c->code == SWARM_E_TIMEOUT ? 300 : 0;
		json_t *made = NULL;
		fixture f = setup(rows);

		test_row = c->name;
		CHECK_INT(swarm_image_pull(f.client, "r:5000/a:1", NULL, timeout_ms, &made, &f.err),
			  c->code);
		CHECK_PART(f.err.text, c->text);
		CHECK_INT(f.err.http_status, c->http_status);
		CHECK(made == NULL);
		teardown(&f);
	}
}

/* Many lines, each of them short: no limit is for the sum. */
static void a_long_answer(void)
{
	size_t size = 1 << 20, at = 0;
	char *lines = malloc(size);
	const fake_row rows[] = { NONE_THERE,
				  { PULL_A, .reply = lines, .size = size },
				  { LOOK_A, .reply = "{}" },
				  { NULL } };
	json_t *made = NULL;
	fixture f;

	memset(lines, '\n', size);
	for (; at + 64 < size; at += 64)
		memcpy(lines + at,
		       "{\"status\":\"Downloading\",\"id\":\"aaaaaaaaaaaaaaaaaaaaaaa\"}", 55);
	f = setup(rows);
	CHECK_INT(swarm_image_pull(f.client, "r:5000/a:1", NULL, 0, &made, &f.err), 0);
	CHECK_STR(f.err.text, "");
	json_decref(made);
	teardown(&f);
	free(lines);
}

static void it_ended_and_is_not_there(void)
{
	const fake_row rows[] = { NONE_THERE, { PULL_A, .reply = PROGRESS }, NONE_THERE, { NULL } };
	fixture f = setup(rows);
	json_t *made = NULL;

	CHECK_INT(swarm_image_pull(f.client, "r:5000/a:1", NULL, 0, &made, &f.err), SWARM_E_STATE);
	CHECK_STR(f.err.text,
		  "the engine ended the pull of image r:5000/a:1, and does not have it: "
		  "see docker's log (journalctl -u docker)");
	CHECK(made == NULL);
	teardown(&f);
}

static void the_look_fails(void)
{
	const fake_row rows[] = {
		{ LOOK_A, .status = 500, .reply = MESSAGE("no disk") },
		NONE_THERE,
		{ PULL_A, .reply = PROGRESS },
		{ LOOK_A, .status = 500, .reply = MESSAGE("no disk") },
		{ NULL },
	};
	fixture f = setup(rows);
	json_t *made = NULL;

	for (int i = 0; i < 2; i++) {
		f.err = (swarm_error)SWARM_ERROR_INIT;
		CHECK_INT(swarm_image_pull(f.client, "r:5000/a:1", NULL, 0, &made, &f.err),
			  SWARM_E_HTTP);
		CHECK_STR(f.err.text, "image r:5000/a:1: no disk");
	}
	CHECK(made == NULL);
	teardown(&f);
}

static int give_up(void *payload)
{
	int *calls = payload;

	return ++*calls > 3;
}

static void canceled(void)
{
	const fake_row rows[] = {
		NONE_THERE,
		{ PULL_A, .reply = PROGRESS, .chunk = 500, .fault = FAKE_OPEN },
		{ NULL },
	};
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	fixture f = setup(rows);
	json_t *made = NULL;
	int calls = 0;

	swarm_client_free(f.client);
	options.url = fake_engine_url(f.engine);
	options.api_version = "1.45";
	options.cancel = give_up;
	options.cancel_payload = &calls;
	CHECK_INT(swarm_client_new(&options, &f.client, NULL), 0);
	CHECK_INT(swarm_image_pull(f.client, "r:5000/a:1", NULL, 0, &made, &f.err),
		  SWARM_E_CANCELED);
	CHECK(made == NULL);
	swarm_client_free(f.client);
	f.client = NULL;
	fake_engine_stop_early(f.engine);
}

TEST_MAIN(TEST(names), TEST(no_names), TEST(credentials), TEST(pulls_that_fail),
	  TEST(a_long_answer), TEST(it_ended_and_is_not_there), TEST(the_look_fails),
	  TEST(canceled))
