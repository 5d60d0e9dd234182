/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a long record costs: each byte is looked at a few times, however many pieces it comes in. Linked
 * with a wrapper of memchr(), which counts the bytes it is given.
 */
#include "call/internal.h"
#include "fake_engine.h"
#include "test.h"

static size_t looked_at;

void *__real_memchr(const void *bytes, int c, size_t size);
void *__wrap_memchr(const void *bytes, int c, size_t size);

void *__wrap_memchr(const void *bytes, int c, size_t size)
{
	looked_at += size;
	return __real_memchr(bytes, c, size);
}

/* A line of size bytes, then a short one. */
static char *make_lines(size_t size)
{
	char *text = malloc(size + 10);

	memset(text, 'x', size);
	memcpy(text + size, "\n{}\n", 5);
	return text;
}

static void one_long_line(void)
{
	enum { SIZE = 8 << 20 };
	char *text = make_lines(SIZE);
	const fake_row rows[] = { { .expect = "GET /v1.45/events", .reply = text, .chunk = 60000 },
				  { NULL } };
	fake_engine *engine = fake_engine_start(rows);
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_call_options events = SWARM_CALL_INIT(SWARM_OP_EVENTS);
	swarm_client *client = NULL;
	swarm_stream *stream = NULL;
	swarm_record record;

	options.url = fake_engine_url(engine);
	options.api_version = "1.45";
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	CHECK_INT(swarm_stream_open(client, &events, SWARM_FRAMING_AUTO, &stream, NULL), 0);
	looked_at = 0;
	CHECK_INT(swarm_stream_next(stream, 600000, &record, NULL), 0);
	CHECK_INT(record.size, SIZE);
	/* Once for its end, once to cut it, and libcurl's own. */
	CHECK(looked_at > SIZE && looked_at < 4 * (size_t)SIZE);
	CHECK_INT(swarm_stream_next(stream, 600000, &record, NULL), 0);
	CHECK_INT(record.size, 2);
	CHECK(memcmp(record.data, "{}", 2) == 0);
	CHECK_INT(swarm_stream_next(stream, 600000, &record, NULL), 0);
	CHECK(!record.data);
	swarm_stream_free(stream);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
	free(text);
}

TEST_MAIN(TEST(one_long_line))
