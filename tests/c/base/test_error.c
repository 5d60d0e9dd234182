/* SPDX-License-Identifier: Apache-2.0 */
/* The error struct: names, first cause, wrapping, one clean line. */
#include "base/internal.h"
#include "test.h"

static void names(void)
{
	CHECK_STR(swarm_error_name(0), "SWARM_OK");
	CHECK_STR(swarm_error_name(SWARM_E_TIMEOUT), "SWARM_E_TIMEOUT");
	CHECK_STR(swarm_error_meaning(SWARM_E_NOMEM), "out of memory");
	CHECK(!swarm_error_name(1));
	CHECK(!swarm_error_meaning(-999));
}

static void each_code_is_distinct(void)
{
	static const int codes[] = {
#define E(name, number, exception, meaning) SWARM_E_##name,
#include <swarm/errors.def>
#undef E
	};
	const size_t count = sizeof(codes) / sizeof(codes[0]);

	for (size_t i = 0; i < count; i++) {
		CHECK(codes[i] < 0);
		CHECK(swarm_error_name(codes[i]) && swarm_error_meaning(codes[i])[0]);
		for (size_t other = 0; other < i; other++)
			CHECK(codes[i] != codes[other]);
	}
}

static void first_cause_wins(void)
{
	swarm_error err = SWARM_ERROR_INIT;

	CHECK_INT(swarm__error(&err, SWARM_E_TOKEN, "bad %s", "part"), SWARM_E_TOKEN);
	CHECK_INT(swarm__error(&err, SWARM_E_HTTP, "later"), SWARM_E_TOKEN);
	CHECK_STR(err.text, "bad part");
	swarm__error_clear(&err);
	CHECK_INT(err.code, 0);
	CHECK_STR(err.text, "");
	CHECK_INT(swarm__nomem(&err), SWARM_E_NOMEM);
	CHECK_STR(err.text, "out of memory");
	CHECK_INT(swarm__error(NULL, SWARM_E_HTTP, "nobody listens"), SWARM_E_HTTP);
	swarm__error_clear(NULL);
}

static void wrapping(void)
{
	swarm_error err = SWARM_ERROR_INIT;

	swarm__error(&err, SWARM_E_CONNECT, "refused");
	CHECK_INT(swarm__error_wrap(&err, SWARM_E_INVAL, "join of %s", "worker1"), SWARM_E_CONNECT);
	CHECK_STR(err.text, "join of worker1: refused");
	CHECK_INT(swarm__error_wrap(&err, SWARM_E_INVAL, "join of %s", "worker1"), SWARM_E_CONNECT);
	CHECK_STR(err.text, "join of worker1: refused");
	swarm__error_wrap(&err, SWARM_E_INVAL, "join");
	CHECK_STR(err.text, "join of worker1: refused");
	swarm__error_wrap(&err, SWARM_E_INVAL, "join of worker");
	CHECK_STR(err.text, "join of worker: join of worker1: refused");
	CHECK_INT(swarm__error_wrap(NULL, SWARM_E_HTTP, "context"), SWARM_E_HTTP);
	swarm__error_clear(&err);
	CHECK_INT(swarm__error_wrap(&err, SWARM_E_HTTP, "context"), SWARM_E_HTTP);
	CHECK_STR(err.text, "context");
}

static void one_clean_line(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "a\nb\tc\r\n", "a b c" },
		{ "a\x1b[31mred", "a [31mred" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3" },
		{ "bad \xff byte", "bad ? byte" },
		/* Line separators, and what has no width or turns the text round. */
		{ "a\xe2\x80\xa8"
		  "b\xe2\x80\xa9"
		  "c",
		  "a b c" },
		{ "a\xe2\x80\x8b\xe2\x80\x8d"
		  "b\xef\xbb\xbf"
		  "c",
		  "abc" },
		{ "\xe2\x80\xae"
		  "txt.exe\xe2\x80\xac",
		  "txt.exe" },
		{ "\xe2\x81\xa6"
		  "a\xe2\x81\xa9\xe2\x80\x8e\xe2\x80\x8f"
		  "b",
		  "ab" },
		{ "use SWMTKN-1-abcdefgh\xe2\x80\x8bijklmnop-qrst here",
		  "use SWMTKN-[redacted] here" },
		{ "use SWMTKN-1-abcdefgh\nijklmnop-qrst here", "use SWMTKN-[redacted] here" },
		{ "c1 \xc2\x9b"
		  "31m",
		  "c1   31m" },
		{ "overlong \xc0\xaf, surrogate \xed\xa0\x80, cut \xe2\x82",
		  "overlong ??, surrogate ???, cut ??" },
		{ "use SWMTKN-1-abcdefghijklmnop-qrst here", "use SWMTKN-[redacted] here" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		swarm_error err = SWARM_ERROR_INIT;

		test_row = rows[i].out;
		swarm__error(&err, SWARM_E_HTTP, "%s", rows[i].in);
		CHECK_STR(err.text, rows[i].out);
	}
}

/* A long text is cut, never in the middle of a character, with and without a wrap. */
static void long_text(void)
{
	for (size_t start = 0; start < 4; start++) {
		swarm_error err = SWARM_ERROR_INIT;
		char text[SWARM_ERROR_TEXT * 2] = "";
		size_t size = start;

		memset(text, 'x', start);
		for (; size < SWARM_ERROR_TEXT + 8; size += 4)
			memcpy(text + size, "\xf0\x9f\x90\xb3", 4);
		swarm__error(&err, SWARM_E_HTTP, "%s", text);
		CHECK_INT((long long)strlen(err.text), (long long)(508 + start));
		CHECK(!strchr(err.text, '?'));
		swarm__error_wrap(&err, SWARM_E_HTTP, "context");
		CHECK(strlen(err.text) < SWARM_ERROR_TEXT && strlen(err.text) > 500);
		CHECK_INT((long long)((strlen(err.text) - strlen("context: ") - start) % 4), 0);
	}
}

TEST_MAIN(TEST(names), TEST(each_code_is_distinct), TEST(first_cause_wins), TEST(wrapping),
	  TEST(one_clean_line), TEST(long_text))
