/* SPDX-License-Identifier: Apache-2.0 */
/* The transport on bad days: cut, slow, endless, lying and silent answers; deadline and cancel. */
#include "fake_engine.h"
#include "http/internal.h"
#include "test.h"

#include <curl/curl.h>

#define REPLY "{\"name\":\"a value of some length\"}"

typedef struct outcome {
	int code;
	int status;
	swarm_error err;
	char text[256];
} outcome;

/* One GET of "/x" with the given limits, on a connection of its own. */
static outcome get(fake_engine *engine, int64_t timeout_ms, size_t max_body, swarm_cancel_cb cancel,
		   void *payload)
{
	swarm__http_request request = {
		.method = "GET",
		.target = "/x",
		.timeout_ms = timeout_ms,
		.max_body = max_body,
		.cancel = cancel,
		.cancel_payload = payload,
	};
	swarm__http_response response;
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm__endpoint endpoint;
	swarm__http *http = NULL;
	outcome result = { .err = SWARM_ERROR_INIT };

	options.url = fake_engine_url(engine);
	CHECK_INT(swarm__endpoint_init(&options, &endpoint, NULL), 0);
	CHECK_INT(swarm__http_new(&endpoint, &http, NULL), 0);
	result.code = swarm__http_send(http, &request, &response, &result.err);
	CHECK_INT(result.code, result.err.code);
	if (result.code == 0) {
		result.status = response.status;
		snprintf(result.text, sizeof(result.text), "%s",
			 response.body.data ? response.body.data : "");
		swarm__http_response_clear(&response);
	}
	swarm__http_free(http);
	swarm__endpoint_clear(&endpoint);
	return result;
}

static outcome get_row(fake_row row, size_t max_body)
{
	fake_row rows[] = { row, { NULL } };
	fake_engine *engine;
	outcome result;

	rows[0].expect = "GET /x";
	engine = fake_engine_start(rows);
	result = get(engine, 60000, max_body, NULL, NULL);
	CHECK_INT(fake_engine_stop(engine), 0);
	return result;
}

static void pieces(void)
{
	static const size_t sizes[] = { 1, 2, 7, 137, 143 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		outcome plain = get_row((fake_row){ .reply = REPLY, .pieces = sizes[i] }, 1000);
		outcome chunked = get_row(
			(fake_row){ .reply = REPLY, .pieces = sizes[i], .chunk = i + 1 }, 1000);

		CHECK_INT(plain.status, 200);
		CHECK_STR(plain.text, REPLY);
		CHECK_INT(chunked.status, 200);
		CHECK_STR(chunked.text, REPLY);
	}
}

static void slow_bytes(void)
{
	outcome result = get_row((fake_row){ .reply = REPLY, .pieces = 40, .delay_ms = 5 }, 1000);

	CHECK_STR(result.text, REPLY);
}

/* An answer that ends early is never taken for a whole one, wherever it ends. */
static void cut_at_each_byte(size_t chunk)
{
	bool whole = false;

	for (size_t at = 0; !whole && at < 1000; at++) {
		outcome result = get_row(
			(fake_row){
				.reply = REPLY, .chunk = chunk, .fault = FAKE_CLOSE_AT, .at = at },
			1000);
		char row[32];

		snprintf(row, sizeof(row), "cut at %zu", at);
		test_row = row;
		if (result.code == 0) {
			CHECK_STR(result.text, REPLY);
			CHECK(at > strlen(REPLY) + 60);
			whole = true;
		} else {
			CHECK_INT(result.code, SWARM_E_TRANSPORT);
			CHECK(result.err.text[0]);
		}
	}
	CHECK(whole);
	test_row = NULL;
}

static void cut_plain(void)
{
	cut_at_each_byte(0);
}

static void cut_chunked(void)
{
	cut_at_each_byte(5);
}

static void too_large(void)
{
	/* By Content-Length before any byte came, by counting, and one that just fits. */
	outcome length = get_row((fake_row){ .fault = FAKE_LENGTH, .at = 5000001 }, 5000000);
	outcome counted = get_row((fake_row){ .fault = FAKE_HUGE, .at = 5000001, .chunk = 65536 },
				  5000000);
	outcome fits = get_row((fake_row){ .fault = FAKE_HUGE, .at = 5000000 }, 5000000);
	outcome limitless = get_row((fake_row){ .reply = REPLY }, SIZE_MAX);

	CHECK_INT(length.code, SWARM_E_TOO_LARGE);
	CHECK_STR(length.err.text, "the answer is larger than 5000000 bytes");
	CHECK_INT(counted.code, SWARM_E_TOO_LARGE);
	CHECK_STR(counted.err.text, "the answer is larger than 5000000 bytes");
	CHECK_INT(fits.code, 0);
	CHECK_STR(limitless.text, REPLY);
}

static void large_heads(void)
{
	char line[SWARM__MAX_HEADER + 16], many[16 * 120] = "";
	outcome result;

	snprintf(line, sizeof(line), "X: %0*d\r\n", SWARM__MAX_HEADER, 0);
	result = get_row((fake_row){ .headers = line }, 1000);
	CHECK_INT(result.code, SWARM_E_TOO_LARGE);
	CHECK_PART(result.err.text, "head of the answer");
	for (size_t i = 0; i < 120; i++)
		memcpy(many + 6 * i, "X: 1\r\n", 7);
	result = get_row((fake_row){ .headers = many }, 1000);
	CHECK_INT(result.code, SWARM_E_TOO_LARGE);
	{
		/* One line over libcurl's own limit, which is not memory that ran out. */
		char *line_only = malloc(150016);

		snprintf(line_only, 150016, "X: %0150000d\r\n", 0);
		result = get_row((fake_row){ .headers = line_only }, 1000);
		CHECK_INT(result.code, SWARM_E_TOO_LARGE);
		CHECK_STR(result.err.text, "the head of the answer is too large");
		free(line_only);
	}
	/* A longer version than any engine has is not taken, and does not overflow. */
	result = get_row((fake_row){ .headers = "Api-Version: 1.4555555555555555555\r\n" }, 1000);
	CHECK_INT(result.code, 0);
}

static void large_trailers(void)
{
	char reply[2000] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n";
	outcome result;

	for (size_t i = 0, start = strlen(reply); i < 120; i++)
		memcpy(reply + start + 6 * i, "X: 1\r\n", 7);
	result = get_row((fake_row){ .reply = reply, .fault = FAKE_RAW }, 1000);
	CHECK_INT(result.code, SWARM_E_TOO_LARGE);
	CHECK_STR(result.err.text, "the trailers of the answer are too large");
}

static void malformed_chunks(void)
{
	static const char *const bodies[] = { "zz\r\n", "2\r\n{}00\r\n", "-2\r\n{}\r\n0\r\n\r\n",
					      "fffffffffffffffff\r\n{}\r\n0\r\n\r\n", "\r\n{}" };

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		char reply[200];
		outcome result;

		test_row = bodies[i];
		snprintf(reply, sizeof(reply),
			 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s", bodies[i]);
		result = get_row((fake_row){ .reply = reply, .fault = FAKE_RAW }, 1000);
		CHECK_INT(result.code, SWARM_E_TRANSPORT);
		CHECK_STR(result.err.text,
			  "the answer is malformed: its body has a chunk without a valid length");
		/* What client.c takes for an engine that ended. */
		CHECK(result.err.curl_code != CURLE_RECV_ERROR);
	}
}

static void lying_lengths(void)
{
	outcome more = get_row((fake_row){ .reply = REPLY, .fault = FAKE_LENGTH, .at = 1000 },
			       5000);
	outcome less = get_row((fake_row){ .reply = REPLY, .fault = FAKE_LENGTH, .at = 5 }, 5000);

	CHECK_INT(more.code, SWARM_E_TRANSPORT);
	CHECK_STR(more.err.text, "the connection was closed in the middle of the answer");
	CHECK(more.err.curl_code != 0);
	CHECK_STR(less.text, "{\"nam");
}

static void not_http(void)
{
	static const char *const replies[] = {
		"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/9.9 200\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "\r\n\r\n",
		"HTTP/1.1 200 OK\r\n"
	};

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		outcome result = get_row((fake_row){ .reply = replies[i], .fault = FAKE_RAW },
					 1000);

		test_row = replies[i];
		CHECK_INT(result.code, SWARM_E_TRANSPORT);
	}
}

/* Heads that contradict themselves: an error, or the answer by the rule of RFC 9112, 6.3. */
static void odd_heads(void)
{
	static const struct {
		const char *reply;
		int code;
		const char *text;
	} table[] = {
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 0,
		  "{}" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}", SWARM_E_TRANSPORT, "" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}", SWARM_E_TRANSPORT, "" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{}",
		  SWARM_E_TOO_LARGE, "" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"
		  "2\r\n{}\r\n0\r\n\r\n",
		  0, "{}" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
		  SWARM_E_TRANSPORT, "" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
		  SWARM_E_TRANSPORT, "" },
		{ "HTTP/1.1 204 No Content\r\n\r\n", 0, "" },
		/* Without a length the end of the connection is the end of the answer. */
		{ "HTTP/1.1 200 OK\r\n\r\n{}", 0, "{}" },
		{ "HTTP/1.0 200 OK\r\n\r\n{}", 0, "{}" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		outcome result = get_row((fake_row){ .reply = table[i].reply, .fault = FAKE_RAW },
					 1000);

		test_row = table[i].reply;
		CHECK_INT(result.code, table[i].code);
		CHECK_STR(result.text, table[i].text);
	}
}

static void no_answer(void)
{
	static const fake_row rows[] = { { .expect = "GET /x", .fault = FAKE_SILENT }, { NULL } };
	fake_engine *engine = fake_engine_start(rows);
	outcome result = get(engine, 50, 1000, NULL, NULL);

	CHECK_INT(result.code, SWARM_E_TIMEOUT);
	CHECK_STR(result.err.text, "no answer before the deadline");
	CHECK_INT(fake_engine_stop_early(engine), 0);
}

/* Bytes that keep coming do not put off the deadline. */
static void endless_drip(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /x", .fault = FAKE_HUGE, .at = 20000, .pieces = 1, .delay_ms = 1 },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	outcome result = get(engine, 100, 100000, NULL, NULL);

	CHECK_INT(result.code, SWARM_E_TIMEOUT);
	CHECK_INT(fake_engine_stop_early(engine), 0);
}

static int stop_at(void *payload)
{
	return --*(int *)payload <= 0;
}

static void cancel_before_and_during(void)
{
	static const fake_row rows[] = { { .expect = "GET /x", .fault = FAKE_SILENT }, { NULL } };
	fake_engine *engine = fake_engine_start(rows);
	int count = 1;
	outcome result = get(engine, 86400000, 1000, stop_at, &count);

	CHECK_INT(result.code, SWARM_E_CANCELED);
	CHECK_INT(fake_engine_connections(engine), 0);
	count = 3;
	result = get(engine, 86400000, 1000, stop_at, &count);
	CHECK_INT(result.code, SWARM_E_CANCELED);
	CHECK_STR(result.err.text, "canceled");
	CHECK_INT(count, 0);
	CHECK_INT(fake_engine_stop(engine), 0);
}

TEST_MAIN(TEST(pieces), TEST(slow_bytes), TEST(cut_plain), TEST(cut_chunked), TEST(too_large),
	  TEST(large_heads), TEST(large_trailers), TEST(malformed_chunks), TEST(lying_lengths),
	  TEST(not_http), TEST(odd_heads), TEST(no_answer), TEST(endless_drip),
	  TEST(cancel_before_and_during))
