/* SPDX-License-Identifier: Apache-2.0 */
/* Calls in steps, for an event loop; and an allocator of the caller's. */
#include "base/internal.h"
#include "fake_engine.h"
#include "test.h"

#include <poll.h>
#include <sys/wait.h>

static swarm_client *open_client(fake_engine *engine, const char *version,
				 const swarm_allocator *allocator)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_client *client = NULL;

	options.url = fake_engine_url(engine);
	options.api_version = version;
	options.allocator = allocator;
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	return client;
}

/* Step whenever the descriptor or the time asks for it. */
static int run_loop(swarm_call *call, swarm_error *err)
{
	bool done = false;
	int code = 0;
	int fd = swarm_call_fd(call);

	CHECK(fd >= 0);
	while (code == 0 && !done) {
		struct pollfd wait = { fd, POLLIN, 0 };
		int64_t due = swarm_call_due_in(call);

		CHECK(poll(&wait, 1, due < 60000 ? (int)due : 60000) >= 0);
		code = swarm_call_step(call, &done, err);
		CHECK_INT(swarm_call_fd(call), fd);
	}
	return code;
}

static const fake_row with_ping[] = {
	{ .expect = "GET /_ping", .headers = "Api-Version: 1.45\r\n", .reply = "OK" },
	{ .expect = "GET /v1.45/info",
	  .reply = "{\"Name\":\"manager1\"}",
	  .chunk = 3,
	  .pieces = 7,
	  .delay_ms = 1 },
	{ .expect = "GET /v1.45/info", .reply = "{}" },
	{ NULL },
};

static void one_call(void)
{
	fake_engine *engine = fake_engine_start(with_ping);
	swarm_client *client = open_client(engine, NULL, NULL);
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	swarm_call *call = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	char *body = NULL;
	size_t size = 0;
	bool done = false;

	CHECK_INT(swarm_call_begin(client, &info, &call, NULL), 0);
	CHECK_INT(swarm_call_result(call, &body, &size, NULL), SWARM_E_INVAL);
	/* One at a time. */
	CHECK_INT(swarm_call_json(client, &info, NULL, &err), SWARM_E_INVAL);
	CHECK_PART(err.text, "another call of this client is in progress");
	swarm__error_clear(&err);
	CHECK_INT(run_loop(call, &err), 0);
	CHECK_INT(swarm_call_step(call, &done, &err), 0);
	CHECK(done);
	CHECK_INT(swarm_call_result(call, &body, &size, &err), 0);
	CHECK_STR(body, "{\"Name\":\"manager1\"}");
	CHECK_INT(size, 19);
	CHECK_INT(swarm_call_result(call, &body, &size, NULL), SWARM_E_INVAL);
	/* The client is free again before the call is. */
	CHECK_INT(swarm_call_json(client, &info, NULL, &err), 0);
	CHECK(!swarm_call_free(call) && !swarm_call_free(NULL));
	swarm_bytes_free(body, size);
	CHECK_INT(fake_engine_connections(engine), 1);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* What the caller gave may go after the beginning; the body's secrets are still known. */
static void refused_call(void)
{
	static const fake_row rows[] = {
		{ .expect = "POST /v1.45/nodes/n1/update?version=7",
		  .status = 404,
		  .reply = "{\"message\":\"node n1 not found\"}" },
		{ .expect = "POST /v1.45/swarm/unlock",
		  .status = 400,
		  .reply = "{\"message\":\"bad key secretsecret\"}" },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.45", NULL);
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_NODE_UPDATE);
	json_t *body = json_pack("{s:s, s:s}", "Role", "worker", "Availability", "drain");
	char id[] = "n1", version[] = "7";
	swarm_pair query[] = { { "version", version }, { NULL, NULL } };
	swarm_call *call = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	bool done = true;

	options.id = id;
	options.query = query;
	options.body = body;
	CHECK_INT(swarm_call_begin(client, &options, &call, NULL), 0);
	id[0] = version[0] = '!';
	query[0].name = NULL;
	json_decref(body);
	CHECK_INT(run_loop(call, &err), SWARM_E_NOT_FOUND);
	CHECK_STR(err.text, "node n1 not found");
	CHECK_INT(swarm_call_step(call, &done, NULL), SWARM_E_INVAL);
	swarm_call_free(call);
	swarm__error_clear(&err);

	options = (swarm_call_options)SWARM_CALL_INIT(SWARM_OP_SWARM_UNLOCK);
	body = json_pack("{s:s}", "UnlockKey", "secretsecret");
	options.body = body;
	CHECK_INT(swarm_call_begin(client, &options, &call, NULL), 0);
	json_decref(body);
	CHECK(run_loop(call, &err) < 0);
	CHECK_PART(err.text, "bad key [redacted]");
	swarm_call_free(call);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* A call that is freed on its way frees the client for the next; a late one fails by itself. */
static void given_up(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /v1.45/info", .fault = FAKE_SILENT },
		{ .expect = "GET /v1.45/info", .fault = FAKE_SILENT },
		{ .expect = "GET /v1.45/info", .reply = "{}" },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.45", NULL);
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	swarm_call *call = NULL, *other = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	bool done = false;

	CHECK_INT(swarm_call_begin(client, &info, &call, NULL), 0);
	CHECK_INT(swarm_call_begin(client, &info, &other, NULL), SWARM_E_INVAL);
	CHECK(!other);
	while (fake_engine_requests(engine) < 1)
		if (!CHECK_INT(swarm_call_step(call, &done, NULL), 0))
			break;
	swarm_call_free(call);
	info.timeout_ms = 30;
	CHECK_INT(swarm_call_begin(client, &info, &call, NULL), 0);
	CHECK_INT(run_loop(call, &err), SWARM_E_TIMEOUT);
	CHECK_PART(err.text, "info took longer than 30 ms");
	/* Freed late, it does not end the next one. */
	info.timeout_ms = 0;
	CHECK_INT(swarm_call_begin(client, &info, &other, NULL), 0);
	swarm_call_free(call);
	CHECK_INT(run_loop(other, NULL), 0);
	swarm_call_free(other);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

static void bad_arguments(void)
{
	swarm_client *client = NULL;
	swarm_call_options events = SWARM_CALL_INIT(SWARM_OP_EVENTS);
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	swarm_call *call = NULL;
	bool done;

	CHECK_INT(swarm_client_new(NULL, &client, NULL), 0);
	CHECK_INT(swarm_call_begin(client, &events, &call, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_call_begin(NULL, &info, &call, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_call_begin(client, NULL, &call, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_call_begin(client, &info, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_call_step(NULL, &done, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_call_result(NULL, NULL, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_call_fd(NULL), -1);
	CHECK_INT(swarm_call_due_in(NULL), 0);
	CHECK(!call);
	swarm_client_free(client);
}

/* In a child the call is dead, and freeing it there leaves the parent's as it is. */
static bool act_in_child(swarm_client *client, swarm_call *call, bool free_first)
{
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	bool done;
	bool good = true;

	if (free_first)
		call = swarm_call_free(call);
	else
		good = swarm_call_step(call, &done, NULL) == SWARM_E_INVAL;
	/* The client itself goes on, on a connection of its own. */
	good = good && swarm_call_json(client, &info, NULL, NULL) == 0;
	swarm_call_free(call);
	good = good && swarm_call_json(client, &info, NULL, NULL) == 0;
	swarm_client_free(client);
	return good;
}

static void in_a_child(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /v1.45/info", .reply = "{}", .delay_ms = 1, .repeat = true },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.45", NULL);
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);

	for (int round = 0; round < 2; round++) {
		swarm_call *call = NULL;
		bool done = false;
		int status = -1;
		pid_t child;

		CHECK_INT(swarm_call_begin(client, &info, &call, NULL), 0);
		/* Until the connection is there and watched. */
		CHECK_INT(swarm_call_step(call, &done, NULL), 0);
		fflush(stdout);
		child = fork();
		if (child == 0)
			test_end_child(act_in_child(client, call, round));
		CHECK(waitpid(child, &status, 0) == child);
		CHECK_INT(status, 0);
		CHECK_INT(done ? 0 : run_loop(call, NULL), 0);
		swarm_call_free(call);
	}
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* --- allocator ------------------------------------------------------------------------------ */

typedef struct counter {
	int live, all;
	size_t largest;
	bool scarce; /* gives only so many more */
	int left;
} counter;

static void *count_allocate(size_t size, void *payload)
{
	counter *count = payload;

	if (count->scarce && count->left-- <= 0)
		return NULL;
	count->live++;
	count->all++;
	if (size > count->largest)
		count->largest = size;
	return malloc(size);
}

static void count_release(void *memory, void *payload)
{
	((counter *)payload)->live--;
	free(memory);
}

static void own_allocator(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /v1.45/info", .fault = FAKE_HUGE, .at = 300000 },
		{ .expect = "GET /v1.45/info", .reply = "{}" },
		{ NULL },
	};
	counter count = { 0 };
	swarm_allocator allocator = { count_allocate, count_release, &count };
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.45", &allocator);
	swarm_client_options bad = SWARM_CLIENT_OPTIONS_INIT;
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	char *body = NULL;
	size_t size = 0;

	/* It was copied. */
	allocator.release = NULL;
	bad.allocator = &allocator;
	CHECK_INT(swarm_client_new(&bad, &client, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_call_bytes(client, &info, &body, &size, NULL), 0);
	CHECK_INT(size, 300000);
	CHECK_INT(count.live, 1);
	CHECK(count.largest > 300000);
	count_release(body, &count);
	count.scarce = true;
	CHECK_INT(swarm_call_bytes(client, &info, &body, &size, NULL), SWARM_E_NOMEM);
	count.scarce = false;
	CHECK_INT(swarm_call_json(client, &info, NULL, NULL), 0);
	CHECK_INT(count.live, 0);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* The list, its rows and its strings are from it, and go back to it after the client. */
static void own_allocator_lists(void)
{
#define NODE "{\"ID\":\"n\",\"Spec\":{\"Labels\":{\"b\":\"1\",\"a\":\"2\"}}},"
#define NODES NODE NODE NODE NODE NODE NODE NODE NODE NODE NODE
	static const fake_row rows[] = {
		{ .expect = "GET /v1.45/nodes",
		  .reply = "[" NODES NODES NODES "{\"ID\":\"last\"}]",
		  .repeat = true },
		{ NULL },
	};
	counter count = { 0 };
	swarm_allocator allocator = { count_allocate, count_release, &count };
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.45", &allocator);
	swarm_node_list *list = NULL, *filtered = NULL;
	int all, before;

	CHECK_INT(swarm_node_list_get(client, 0, &list, NULL), 0);
	CHECK_INT(swarm_node_list_filtered(client, NULL, 0, &filtered, NULL), 0);
	CHECK(count.live >= 6);
	all = count.all / 2;
	before = count.live;
	for (int i = 0; i < all; i++) {
		swarm_node_list *none = NULL;

		count.left = i;
		count.scarce = true;
		CHECK_INT(swarm_node_list_get(client, 0, &none, NULL), SWARM_E_NOMEM);
		CHECK(!none);
		CHECK_INT(count.live, before);
	}
	swarm_client_free(client);
	CHECK_STR(list->nodes[0].id, "last");
	swarm_node_list_free(list);
	swarm_node_list_free(filtered);
	CHECK_INT(count.live, 0);
	CHECK_INT(fake_engine_stop(engine), 0);
}

TEST_MAIN(TEST(one_call), TEST(refused_call), TEST(given_up), TEST(bad_arguments), TEST(in_a_child),
	  TEST(own_allocator), TEST(own_allocator_lists))
