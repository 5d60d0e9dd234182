/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of services and tasks: what is asked, and which framing is taken. */
#include "test_cluster.h"

#define FRAMES                                                                                     \
	"\1\0\0\0\0\0\0\6hello\n"                                                                  \
	"\2\0\0\0\0\0\0\5oops\n"
#define MULTIPLEXED "Content-Type: application/vnd.docker.multiplexed-stream\r\n"
#define SERVICE(tty)                                                                                  \
	"{\"ID\":\"s1\",\"Spec\":{\"Name\":\"web\",\"TaskTemplate\":{\"ContainerSpec\":{\"TTY\":" tty \
	"}}}}"
#define TASK(tty) "{\"ID\":\"t1\",\"Spec\":{\"ContainerSpec\":{\"TTY\":" tty "}}}"
#define BOTH "stdout=true&stderr=true"

/* All records, one after the other, each with the number of its source in front. */
static int read_log(swarm_stream *stream, char *text, size_t size, swarm_error *err)
{
	swarm_record record;
	size_t used = 0;
	int rc;

	text[0] = '\0';
	while (!(rc = swarm_stream_next(stream, 60000, &record, err)) && record.data && used < size)
		used += (size_t)snprintf(text + used, size - used, "%d:%.*s", (int)record.source,
					 (int)record.size, record.data);
	return rc;
}

static void framings(void)
{
	static const struct {
		const char *name;
		const char *version;
		swarm_kind kind;
		const char *object;
		const char *headers;
		const char *reply;
		size_t size;
		const char *text;
	} table[] = {
		{ "the head says frames", "1.45", SWARM_KIND_SERVICE, SERVICE("true"), MULTIPLEXED,
		  FRAMES, sizeof(FRAMES) - 1, "1:hello\n2:oops\n" },
		{ "an old engine, no terminal", "1.41", SWARM_KIND_SERVICE, SERVICE("false"), NULL,
		  FRAMES, sizeof(FRAMES) - 1, "1:hello\n2:oops\n" },
		{ "an old engine, a terminal", "1.41", SWARM_KIND_SERVICE, SERVICE("true"), NULL,
		  "hello\n", 6, "0:hello\n" },
		{ "a task without", "1.41", SWARM_KIND_TASK, TASK("null"), NULL, FRAMES,
		  sizeof(FRAMES) - 1, "1:hello\n2:oops\n" },
		{ "a task with", "1.41", SWARM_KIND_TASK, TASK("true"), NULL, "hello\n", 6,
		  "0:hello\n" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const bool service = table[i].kind == SWARM_KIND_SERVICE;
		char inspect[64], logs[96], text[128];
		const fake_row rows[] = {
			{ inspect, .reply = table[i].object },
			{ logs, .headers = table[i].headers, .reply = table[i].reply,
			  .size = table[i].size, .chunk = 500 },
			{ NULL },
		};
		swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
		fixture f = setup(rows);
		swarm_stream *stream = NULL;

		snprintf(inspect, sizeof(inspect), "GET /v%s/%s", table[i].version,
			 service ? "services/web" : "tasks/t1");
		snprintf(logs, sizeof(logs), "GET /v%s/%s/logs?" BOTH, table[i].version,
			 service ? "services/s1" : "tasks/t1");
		swarm_client_free(f.client);
		options.url = fake_engine_url(f.engine);
		options.api_version = table[i].version;
		CHECK_INT(swarm_client_new(&options, &f.client, NULL), 0);
		test_row = table[i].name;
		if (CHECK_INT(swarm_logs_open(f.client, table[i].kind, service ? "web" : "t1", NULL,
					      0, &stream, &f.err),
			      0)) {
			CHECK_INT(read_log(stream, text, sizeof(text), &f.err), 0);
			CHECK_STR(text, table[i].text);
		}
		swarm_stream_free(stream);
		teardown(&f);
	}
}

static void query(void)
{
	const swarm_pair given[] = {
		{ "follow", "true" }, { "tail", "10" }, { "stderr", "true" }, { NULL, NULL }
	};
	const swarm_pair wrong[] = { { "tial", "10" }, { NULL, NULL } };
	const swarm_pair many[] = { { "tail", "1" }, { "tail", "2" }, { "tail", "3" },
				    { "tail", "4" }, { "tail", "5" }, { "tail", "6" },
				    { "tail", "7" }, { "tail", "8" }, { "tail", "9" },
				    { NULL, NULL } };
	const fake_row rows[] = {
		{ "GET " API "/services/web", .reply = SERVICE("false") },
		{ "GET " API "/services/s1/logs?follow=true&tail=10&stderr=true",
		  .headers = MULTIPLEXED, .chunk = 500 },
		{ "GET " API "/services/web", .reply = SERVICE("false") },
		{ NULL },
	};
	fixture f = setup(rows);
	swarm_stream *stream = NULL;

	CHECK_INT(swarm_logs_open(f.client, SWARM_KIND_SERVICE, "web", given, 0, &stream, &f.err),
		  0);
	swarm_stream_free(stream);
	stream = NULL;
	CHECK_INT(swarm_logs_open(f.client, SWARM_KIND_SERVICE, "web", wrong, 0, &stream, &f.err),
		  SWARM_E_INVAL);
	CHECK_PART(f.err.text, "tial");
	CHECK_INT(swarm_logs_open(f.client, SWARM_KIND_SERVICE, "web", many, 0, &stream, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_logs_open(f.client, SWARM_KIND_SECRET, "x", NULL, 0, &stream, NULL),
		  SWARM_E_INVAL);
	CHECK(stream == NULL);
	teardown(&f);
}

TEST_MAIN(TEST(framings), TEST(query))
