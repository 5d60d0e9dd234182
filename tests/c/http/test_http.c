/* SPDX-License-Identifier: Apache-2.0 */
/* The transport on a good day: what goes over the wire, and over how many connections. */
#include "fake_engine.h"
#include "http/internal.h"
#include "test.h"

#include <fcntl.h>
#include <sys/wait.h>

/* Of the one connection that a test has; open_http() makes it, close_http() clears it. */
static swarm__endpoint endpoint;

static swarm__http *open_http(fake_engine *engine)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm__http *http = NULL;

	options.url = fake_engine_url(engine);
	CHECK_INT(swarm__endpoint_init(&options, &endpoint, NULL), 0);
	CHECK_INT(swarm__http_new(&endpoint, &http, NULL), 0);
	return http;
}

static void close_http(swarm__http *http)
{
	swarm__http_free(http);
	swarm__endpoint_clear(&endpoint);
}

/* One request with a generous deadline; gives the status, or the negative code. */
static int ask(swarm__http *http, const char *method, const char *target, const char *body,
	       char *text, size_t size)
{
	swarm__http_request request = {
		.method = method,
		.target = target,
		.body = body,
		.body_size = body ? strlen(body) : 0,
		.timeout_ms = 60000,
		.max_body = 1 << 20,
	};
	swarm__http_response response;
	swarm_error err = SWARM_ERROR_INIT;
	int code = swarm__http_send(http, &request, &response, &err);

	CHECK_INT(code, err.code);
	if (code)
		return code;
	if (text)
		snprintf(text, size, "%s", response.body.data ? response.body.data : "");
	code = response.status;
	swarm__http_response_clear(&response);
	return code;
}

static void requests_on_the_wire(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /v1.45/nodes/a%20b?x=1", .reply = "[]" },
		{ .expect = "POST /join", .body = "{\"JoinToken\":\"x\"}" },
		{ .expect = "POST /leave?force=1" },
		{ .expect = "DELETE /nodes/n1" },
		{ .expect = "GET /a/../b" },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm__http *http;
	char text[64];

	http = open_http(engine);
	CHECK_INT(ask(http, "GET", "/v1.45/nodes/a%20b?x=1", NULL, text, sizeof(text)), 200);
	CHECK_STR(text, "[]");
	CHECK_INT(ask(http, "POST", "/join", "{\"JoinToken\":\"x\"}", text, sizeof(text)), 200);
	CHECK_STR(text, "");
	CHECK_INT(ask(http, "POST", "/leave?force=1", NULL, NULL, 0), 200);
	CHECK_INT(ask(http, "DELETE", "/nodes/n1", NULL, NULL, 0), 200);
	CHECK_INT(ask(http, "GET", "/a/../b", NULL, NULL, 0), 200);
	for (int i = 0; i < 5; i++) {
		CHECK_PART(fake_engine_request(engine, i), "\r\nHost: localhost\r\n");
		CHECK(!strstr(fake_engine_request(engine, i), "Expect"));
		CHECK((i == 1) == (strstr(fake_engine_request(engine, i), "Content-Type") != NULL));
	}
	CHECK_PART(fake_engine_request(engine, 1), "\r\nContent-Type: application/json\r\n");
	CHECK_PART(fake_engine_request(engine, 1), "\r\nContent-Length: 17\r\n");
	CHECK_PART(fake_engine_request(engine, 2), "\r\nContent-Length: 0\r\n");
	close_http(http);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* Over the 1 MB from which libcurl would wait for a "100 Continue". */
static void large_request(void)
{
	static const fake_row rows[] = { { .expect = "POST /x", .body = "the end" }, { NULL } };
	fake_engine *engine = fake_engine_start(rows);
	swarm__http *http = open_http(engine);
	size_t size = 3 << 20;
	char *body = malloc(size + 1);

	memset(body, ' ', size);
	memcpy(body + size - 7, "the end", 8);
	CHECK_INT(ask(http, "POST", "/x", body, NULL, 0), 200);
	CHECK(!strstr(fake_engine_request(engine, 0), "Expect"));
	free(body);
	close_http(http);
	CHECK_INT(fake_engine_stop(engine), 0);
}

static void reads_keep_one_connection(void)
{
	static const fake_row rows[] = { { .expect = "GET /x", .reply = "{}", .repeat = true },
					 { .expect = "GET /big", .fault = FAKE_HUGE, .at = 300000 },
					 { .expect = "GET /x", .chunk = 3, .reply = "chunked" },
					 { NULL } };
	fake_engine *engine = fake_engine_start(rows);
	swarm__http *http = open_http(engine);

	for (int i = 0; i < 20; i++)
		CHECK_INT(ask(http, "GET", "/x", NULL, NULL, 0), 200);
	CHECK_INT(ask(http, "GET", "/big", NULL, NULL, 0), 200);
	CHECK_INT(ask(http, "GET", "/x", NULL, NULL, 0), 200);
	CHECK_INT(fake_engine_connections(engine), 1);
	close_http(http);
	CHECK_INT(fake_engine_stop(engine), 0);
}

static void no_redirects(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /x",
		  .status = 301,
		  .headers = "Location: http://localhost/y\r\n" },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm__http *http = open_http(engine);

	CHECK_INT(ask(http, "GET", "/x", NULL, NULL, 0), 301);
	close_http(http);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* An engine restarted meanwhile: a read is asked again on a new connection. */
static void read_after_silent_close(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /a", .reply = "1", .fault = FAKE_CLOSE_AFTER },
		{ .expect = "GET /b", .reply = "2" },
		{ .expect = "GET /c", .fault = FAKE_CLOSE_AT, .at = 0 },
		{ .expect = "GET /c", .reply = "3" },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm__http *http = open_http(engine);
	char text[8];

	CHECK_INT(ask(http, "GET", "/a", NULL, NULL, 0), 200);
	CHECK_INT(ask(http, "GET", "/b", NULL, NULL, 0), 200);
	CHECK_INT(ask(http, "GET", "/c", NULL, text, sizeof(text)), 200);
	CHECK_STR(text, "3");
	close_http(http);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* A write that was taken but not answered is never sent a second time. */
static void write_is_sent_once(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /a", .reply = "1" },
		{ .expect = "POST /leave", .fault = FAKE_CLOSE_AT, .at = 0 },
		{ .expect = "GET /a", .reply = "1" },
		{ .expect = "DELETE /nodes/x", .fault = FAKE_CLOSE_AT, .at = 0 },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm__http *http = open_http(engine);

	CHECK_INT(ask(http, "GET", "/a", NULL, NULL, 0), 200);
	CHECK_INT(ask(http, "POST", "/leave", NULL, NULL, 0), SWARM_E_TRANSPORT);
	CHECK_INT(ask(http, "GET", "/a", NULL, NULL, 0), 200);
	CHECK_INT(ask(http, "DELETE", "/nodes/x", NULL, NULL, 0), SWARM_E_TRANSPORT);
	CHECK_INT(fake_engine_requests(engine), 4);
	close_http(http);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* A child opens its own connection and leaves the parent's usable. */
static void fork_between_requests(void)
{
	static const fake_row rows[] = { { .expect = "GET /x", .reply = "{}", .repeat = true },
					 { NULL } };
	fake_engine *engine = fake_engine_start(rows);
	swarm__http *http = open_http(engine);
	int status = -1;
	pid_t child;

	CHECK_INT(ask(http, "GET", "/x", NULL, NULL, 0), 200);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		bool good = ask(http, "GET", "/x", NULL, NULL, 0) == 200 &&
			    ask(http, "GET", "/x", NULL, NULL, 0) == 200;

		close_http(http);
		test_end_child(good);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK_INT(status, 0);
	CHECK_INT(ask(http, "GET", "/x", NULL, NULL, 0), 200);
	CHECK_INT(fake_engine_requests(engine), 4);
	CHECK_INT(fake_engine_connections(engine), 2);
	close_http(http);
	CHECK_INT(fake_engine_stop(engine), 0);
}

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1000; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Clients that come and go leave no descriptor behind. */
static void no_descriptor_is_left(void)
{
	static const fake_row rows[] = { { .expect = "GET /x", .reply = "{}", .repeat = true },
					 { NULL } };
	fake_engine *engine = fake_engine_start(rows);
	int before = count_descriptors();

	for (int i = 0; i < 10; i++) {
		swarm__http *http = open_http(engine);

		CHECK_INT(ask(http, "GET", "/x", NULL, NULL, 0), 200);
		close_http(http);
	}
	/* The fake engine itself may not have seen the last close yet, or two. */
	CHECK(count_descriptors() <= before + 2);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* Straight to the engine, whatever proxies the environment names. */
static void over_tcp(void)
{
	static const fake_row rows[] = { { .expect = "GET /x", .reply = "{}" },
					 { .expect = "POST /y" },
					 { NULL } };
	fake_engine *engine = fake_engine_start_tcp(rows);
	swarm__http *http;
	char text[8];

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	http = open_http(engine);
	CHECK_INT(ask(http, "GET", "/x", NULL, text, sizeof(text)), 200);
	CHECK_STR(text, "{}");
	CHECK_INT(ask(http, "POST", "/y", NULL, NULL, 0), 200);
	close_http(http);
	CHECK_INT(fake_engine_stop(engine), 0);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

TEST_MAIN(TEST(requests_on_the_wire), TEST(large_request), TEST(reads_keep_one_connection),
	  TEST(no_redirects), TEST(read_after_silent_close), TEST(write_is_sent_once),
	  TEST(fork_between_requests), TEST(no_descriptor_is_left), TEST(over_tcp))
