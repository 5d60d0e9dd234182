/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: records out of chunks of any size, cuts, framing, and what goes on beside them. */
#include "base/internal.h"
#include "fake_engine.h"
#include "test.h"

#include <poll.h>
#include <sys/wait.h>

#define EVENTS "{\"Type\":\"node\"}\n{\"Type\":\"service\"}\r\n\n\x1e{\"Type\":\"secret\"}\n"
#define LOG                                                                                        \
	"\1\0\0\0\0\0\0\6hello\n"                                                                  \
	"\2\0\0\0\0\0\0\5oops\n"                                                                   \
	"\1\0\0\0\0\0\0\0"                                                                         \
	"\1\0\0\0\0\0\0\4a\0b\n"
#define MULTIPLEXED "Content-Type: application/vnd.docker.multiplexed-stream\r\n"
#define RAW "Content-Type: application/vnd.docker.raw-stream\r\n"

static const char *const events[] = { "{\"Type\":\"node\"}", "{\"Type\":\"service\"}",
				      "{\"Type\":\"secret\"}", NULL };

static swarm_client *open_client(fake_engine *engine, const char *version, size_t max_body)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_client *client = NULL;

	options.url = fake_engine_url(engine);
	options.api_version = version;
	options.max_body = max_body;
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	return client;
}

static int open_stream(swarm_client *client, swarm_op op, swarm_framing framing,
		       swarm_stream **ret_stream, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(op);

	options.id = op == SWARM_OP_EVENTS ? NULL : "s1";
	return swarm_stream_open(client, &options, framing, ret_stream, err);
}

/* What a stream gave until its end or an error, which is the code. */
typedef struct outcome {
	int code;
	int records;
	swarm_error err;
	swarm_record last;
	char text[64]; /* of the last record */
} outcome;

static outcome read_all(swarm_stream *stream)
{
	outcome result = { .err = SWARM_ERROR_INIT };
	swarm_record record = { SWARM_SOURCE_NONE, "", 0 };

	while (record.data) {
		result.code = swarm_stream_next(stream, 60000, &record, &result.err);
		if (result.code)
			break;
		if (!record.data)
			break;
		result.records++;
		result.last = record;
		snprintf(result.text, sizeof(result.text), "%.*s", (int)record.size, record.data);
	}
	CHECK_INT(result.code, result.err.code);
	/* However it ended, it is over. */
	CHECK_INT(swarm_stream_next(stream, 0, &record, NULL), SWARM_E_INVAL);
	return result;
}

/* The one row of an events or log stream, read to its end; the code of the opening or of the end. */
static outcome read_row(fake_row row, swarm_op op, swarm_framing framing, const char *version,
			size_t max_body)
{
	char expect[64];
	fake_row rows[] = { row, { NULL } };
	fake_engine *engine;
	swarm_client *client;
	swarm_stream *stream = NULL;
	outcome result = { .err = SWARM_ERROR_INIT };

	snprintf(expect, sizeof(expect), "GET /v%s/%s", version,
		 op == SWARM_OP_EVENTS ? "events" : "services/s1/logs");
	rows[0].expect = expect;
	engine = fake_engine_start(rows);
	client = open_client(engine, version, max_body);
	result.code = open_stream(client, op, framing, &stream, &result.err);
	CHECK((result.code == 0) == (stream != NULL));
	if (stream)
		result = read_all(stream);
	CHECK(!swarm_stream_free(stream));
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop_early(engine), 0);
	return result;
}

static void records_in_odd_chunks(void)
{
	static const size_t chunks[] = { 1, 2, 3, 7, 16, 17, 1000 };

	for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
		for (size_t pieces = 0; pieces < 6; pieces += 5) {
			outcome result = read_row(
				(fake_row){ .reply = EVENTS, .chunk = chunks[i], .pieces = pieces },
				SWARM_OP_EVENTS, SWARM_FRAMING_AUTO, "1.45", 0);

			CHECK_INT(result.code, 0);
			CHECK_INT(result.records, 3);
			CHECK_STR(result.text, events[2]);
		}
	}
}

/* Wherever it is cut: whole records only, and an error that says so. */
static void cut_at_each_byte(void)
{
	bool whole = false;
	int most = 0;

	for (size_t at = 0; !whole && at < 1000; at++) {
		outcome result = read_row(
			(fake_row){ .reply = EVENTS, .chunk = 5, .fault = FAKE_CLOSE_AT, .at = at },
			SWARM_OP_EVENTS, SWARM_FRAMING_AUTO, "1.45", 0);
		char row[32];

		snprintf(row, sizeof(row), "cut at %zu", at);
		test_row = row;
		CHECK(result.records >= most);
		most = result.records;
		if (most)
			CHECK_STR(result.text, events[most - 1]);
		whole = result.code == 0;
		if (whole)
			break;
		CHECK_INT(result.code, SWARM_E_TRANSPORT);
		CHECK(result.err.text[0]);
		if (most)
			CHECK_PART(result.err.text, "events: the stream was cut");
	}
	CHECK(whole);
	CHECK_INT(most, 3);
	test_row = NULL;
}

static void ended_in_a_record(void)
{
	outcome result = read_row((fake_row){ .reply = "{}\n{\"Ty", .chunk = 4 }, SWARM_OP_EVENTS,
				  SWARM_FRAMING_AUTO, "1.45", 0);

	CHECK_INT(result.code, SWARM_E_TRANSPORT);
	CHECK_STR(result.err.text, "events: the stream was cut in the middle of a record");
	CHECK_INT(result.records, 1);
}

static void logs(void)
{
	fake_row row = { .headers = MULTIPLEXED, .reply = LOG, .size = sizeof(LOG) - 1 };
	outcome result;

	for (row.chunk = 1; row.chunk < 40; row.chunk += 6) {
		result = read_row(row, SWARM_OP_SERVICE_LOGS, SWARM_FRAMING_AUTO, "1.45", 0);
		CHECK_INT(result.code, 0);
		CHECK_INT(result.records, 3);
		CHECK_INT(result.last.source, SWARM_SOURCE_STDOUT);
		CHECK_INT(result.last.size, 4);
	}
	/* Before 1.42 the type says nothing; the caller has to know. */
	row.headers = RAW;
	result = read_row(row, SWARM_OP_SERVICE_LOGS, SWARM_FRAMING_AUTO, "1.41", 0);
	CHECK_INT(result.code, SWARM_E_INVAL);
	CHECK_PART(result.err.text, "before API 1.42 the engine does not say");
	result = read_row(row, SWARM_OP_SERVICE_LOGS, SWARM_FRAMING_FRAMES, "1.41", 0);
	CHECK_INT(result.code, 0);
	CHECK_INT(result.records, 3);
	result = read_row((fake_row){ .headers = RAW, .reply = "$ ls\r\n", .chunk = 99 },
			  SWARM_OP_SERVICE_LOGS, SWARM_FRAMING_AUTO, "1.45", 0);
	CHECK_INT(result.code, 0);
	CHECK_STR(result.text, "$ ls\r\n");
	result = read_row((fake_row){ .reply = "{}" }, SWARM_OP_SERVICE_LOGS, SWARM_FRAMING_AUTO,
			  "1.45", 0);
	CHECK_INT(result.code, SWARM_E_TRANSPORT);
	CHECK_STR(result.err.text, "service_logs: the engine's answer is not a log");
	result = read_row((fake_row){ .headers = MULTIPLEXED, .reply = "from a terminal" },
			  SWARM_OP_SERVICE_LOGS, SWARM_FRAMING_AUTO, "1.45", 0);
	CHECK_INT(result.code, SWARM_E_TRANSPORT);
	CHECK_PART(result.err.text, "no log frame");
}

/* The engine's own words in the stream, in a frame of a kind of its own, and without secrets. */
static void error_in_a_log(void)
{
	static const char log[] = "\1\0\0\0\0\0\0\3ok\n"
				  "\3\0\0\0\0\0\0\x1eno logs: SWMKEY-1-abcdefghijkl";
	outcome result = read_row(
		(fake_row){ .headers = MULTIPLEXED, .reply = log, .size = sizeof(log) - 1 },
		SWARM_OP_SERVICE_LOGS, SWARM_FRAMING_AUTO, "1.45", 0);

	CHECK_INT(result.code, SWARM_E_HTTP);
	CHECK_STR(result.err.text, "no logs: SWMKEY-[redacted]");
	CHECK_INT(result.records, 1);
}

static void refusals(void)
{
	static const fake_row rows[] = { { NULL } };
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.45", 0);
	swarm_call_options call = SWARM_CALL_INIT(SWARM_OP_EVENTS);
	swarm_stream *stream = NULL;
	swarm_record record;
	swarm_error err = SWARM_ERROR_INIT;
	outcome result;

	result = read_row(
		(fake_row){ .status = 404, .reply = "{\"message\":\"service s1 not found\"}" },
		SWARM_OP_SERVICE_LOGS, SWARM_FRAMING_AUTO, "1.45", 0);
	CHECK_INT(result.code, SWARM_E_NOT_FOUND);
	CHECK_STR(result.err.text, "service s1 not found");
	CHECK_INT(swarm_call_json(client, &call, NULL, &err), SWARM_E_INVAL);
	CHECK_STR(err.text, "events answers a stream, not one document");
	swarm__error_clear(&err);
	CHECK_INT(open_stream(client, SWARM_OP_INFO, SWARM_FRAMING_AUTO, &stream, &err),
		  SWARM_E_INVAL);
	CHECK_STR(err.text, "info answers one document, not a stream");
	call.id = "x";
	CHECK_INT(swarm_stream_open(client, &call, SWARM_FRAMING_AUTO, &stream, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_stream_open(client, &call, (swarm_framing)9, &stream, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_stream_open(NULL, &call, SWARM_FRAMING_AUTO, &stream, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_stream_next(NULL, 0, &record, NULL), SWARM_E_INVAL);
	CHECK(!swarm_stream_free(NULL) && !stream);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* A stream whose engine says nothing more: it waits, and calls of its client go on. */
static void quiet_stream(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /_ping", .headers = "Api-Version: 1.45\r\n", .reply = "OK" },
		{ .expect = "GET /v1.45/events",
		  .reply = "{\"a\":1}\n",
		  .chunk = 99,
		  .fault = FAKE_OPEN },
		{ .expect = "GET /v1.45/info", .reply = "{}", .repeat = true },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, NULL, 0);
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	swarm_stream *stream = NULL;
	swarm_record record = { SWARM_SOURCE_NONE, NULL, 0 };
	swarm_error err = SWARM_ERROR_INIT;

	CHECK_INT(open_stream(client, SWARM_OP_EVENTS, SWARM_FRAMING_AUTO, &stream, NULL), 0);
	CHECK_INT(swarm_call_json(client, &info, NULL, NULL), 0);
	CHECK_INT(swarm_stream_next(stream, 60000, &record, NULL), 0);
	CHECK_INT(record.size, 7);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(swarm_stream_next(stream, 5 * i, &record, &err), SWARM_E_TIMEOUT);
		CHECK_STR(err.text, "events: nothing new yet");
		CHECK_INT(swarm_call_json(client, &info, NULL, NULL), 0);
	}
	CHECK_INT(swarm_stream_next(stream, -1, &record, NULL), SWARM_E_INVAL);
	swarm_stream_free(stream);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* Megabytes of records through a limit for one record, and one record that is over it. */
static void limit_of_a_record(void)
{
	enum { LINE = 1000, COUNT = 3000, MAX = 200000 };
	char *many = malloc(LINE * COUNT + 1), *one = malloc(2 * MAX + 1);
	outcome result;

	memset(many, 'x', LINE * COUNT);
	for (size_t i = LINE; i <= LINE * COUNT; i += LINE)
		many[i - 1] = '\n';
	many[LINE * COUNT] = '\0';
	result = read_row((fake_row){ .reply = many, .chunk = 30000 }, SWARM_OP_EVENTS,
			  SWARM_FRAMING_AUTO, "1.45", MAX);
	CHECK_INT(result.code, 0);
	CHECK_INT(result.records, COUNT);
	/* Also where the engine knows the length of it all, as of a short log. */
	result = read_row((fake_row){ .reply = many }, SWARM_OP_EVENTS, SWARM_FRAMING_AUTO, "1.45",
			  MAX);
	CHECK_INT(result.code, 0);
	CHECK_INT(result.records, COUNT);
	memset(one, 'x', 2 * MAX);
	one[2 * MAX] = '\0';
	result = read_row((fake_row){ .reply = one, .chunk = 30000 }, SWARM_OP_EVENTS,
			  SWARM_FRAMING_AUTO, "1.45", MAX);
	CHECK_INT(result.code, SWARM_E_TOO_LARGE);
	CHECK_STR(result.err.text, "the answer is larger than 200000 bytes");
	free(many);
	free(one);
}

/* A length that cannot fit is refused at its head: nothing more comes, and nothing is waited for. */
static void announced_too_long(void)
{
	static const char head[] = "\1\0\0\0\xff\xff\xff\xff";
	outcome result = read_row((fake_row){ .headers = MULTIPLEXED,
					      .reply = head,
					      .size = sizeof(head) - 1,
					      .chunk = 8,
					      .fault = FAKE_OPEN },
				  SWARM_OP_SERVICE_LOGS, SWARM_FRAMING_AUTO, "1.45", 100000);

	CHECK_INT(result.code, SWARM_E_TOO_LARGE);
	CHECK_STR(result.err.text,
		  "the engine announces a log record of 4294967303 bytes, over the "
		  "limit of 100000 bytes");
	CHECK_INT(result.records, 0);
}

static void error_without_text(void)
{
	static const char *const frames[] = { "\3\0\0\0\0\0\0\0", "\3\0\0\0\0\0\0\3 \n ",
					      "\3\0\0\0\0\0\0\1\0" };
	static const size_t sizes[] = { 8, 11, 9 };

	for (size_t i = 0; i < 3; i++) {
		outcome result = read_row((fake_row){ .headers = MULTIPLEXED,
						      .reply = frames[i],
						      .size = sizes[i],
						      .chunk = 99 },
					  SWARM_OP_SERVICE_LOGS, SWARM_FRAMING_AUTO, "1.45", 0);

		CHECK_INT(result.code, SWARM_E_HTTP);
		CHECK_PART(result.err.text,
			   "service_logs: the engine stopped reading the log and gave no reason");
	}
}

static int stop_at(void *payload)
{
	return --*(int *)payload <= 0;
}

static void canceled_and_late(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /v1.45/events", .reply = "\n", .chunk = 9, .fault = FAKE_OPEN },
		{ .expect = "GET /v1.45/events", .fault = FAKE_SILENT },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_call_options call = SWARM_CALL_INIT(SWARM_OP_EVENTS);
	swarm_client *client = NULL;
	swarm_stream *stream = NULL;
	swarm_record record;
	swarm_error err = SWARM_ERROR_INIT;
	int count = 1000;

	options.url = fake_engine_url(engine);
	options.api_version = "1.45";
	options.cancel = stop_at;
	options.cancel_payload = &count;
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	CHECK_INT(swarm_stream_open(client, &call, SWARM_FRAMING_AUTO, &stream, NULL), 0);
	count = 2;
	CHECK_INT(swarm_stream_next(stream, 86400000, &record, &err), SWARM_E_CANCELED);
	CHECK_INT(swarm_stream_next(stream, 0, &record, NULL), SWARM_E_INVAL);
	swarm_stream_free(stream);
	swarm__error_clear(&err);
	count = 1000;
	call.timeout_ms = 30;
	CHECK_INT(swarm_stream_open(client, &call, SWARM_FRAMING_AUTO, &stream, &err),
		  SWARM_E_TIMEOUT);
	CHECK_PART(err.text, "events took longer than 30 ms");
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop_early(engine), 0);
}

/* By the descriptor alone, as an event loop does it. */
static void by_descriptor(void)
{
	static const fake_row rows[] = { { .expect = "GET /v1.45/events",
					   .reply = EVENTS,
					   .chunk = 3,
					   .pieces = 9,
					   .delay_ms = 1 },
					 { NULL } };
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.45", 0);
	swarm_stream *stream = NULL;
	swarm_record record = { SWARM_SOURCE_NONE, "", 0 };
	int records = 0, waits = 0;

	CHECK_INT(open_stream(client, SWARM_OP_EVENTS, SWARM_FRAMING_AUTO, &stream, NULL), 0);
	while (record.data && waits < 1000) {
		int code = swarm_stream_next(stream, 0, &record, NULL);

		if (code == SWARM_E_TIMEOUT) {
			struct pollfd wait = { swarm_stream_fd(stream), POLLIN, 0 };
			int64_t due = swarm_stream_due_in(stream);

			CHECK(poll(&wait, 1, due < 60000 ? (int)due : 60000) >= 0);
			waits++;
			continue;
		}
		if (!CHECK_INT(code, 0))
			break;
		records += record.data != NULL;
	}
	CHECK_INT(records, 3);
	CHECK(waits > 0);
	swarm_stream_free(stream);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

static void in_a_child(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /v1.45/events", .reply = EVENTS, .chunk = 99, .fault = FAKE_OPEN },
		{ NULL }
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client *client = open_client(engine, "1.45", 0);
	swarm_stream *stream = NULL;
	swarm_record record = { SWARM_SOURCE_NONE, NULL, 0 };
	int status = -1;
	pid_t child;

	CHECK_INT(open_stream(client, SWARM_OP_EVENTS, SWARM_FRAMING_AUTO, &stream, NULL), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(swarm_stream_next(stream, 60000, &record, NULL), 0);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		bool good = swarm_stream_next(stream, 0, &record, NULL) == SWARM_E_INVAL;

		swarm_stream_free(stream);
		swarm_client_free(client);
		test_end_child(good);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK_INT(status, 0);
	CHECK_INT(swarm_stream_next(stream, 1, &record, NULL), SWARM_E_TIMEOUT);
	swarm_stream_free(stream);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

TEST_MAIN(TEST(records_in_odd_chunks), TEST(cut_at_each_byte), TEST(ended_in_a_record), TEST(logs),
	  TEST(error_in_a_log), TEST(refusals), TEST(quiet_stream), TEST(limit_of_a_record),
	  TEST(announced_too_long), TEST(error_without_text), TEST(canceled_and_late),
	  TEST(by_descriptor), TEST(in_a_child))
