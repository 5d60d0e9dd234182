/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of JSON bytes: what it takes is what jansson takes, and what strings and numbers mean. */
#include "base/scan.h"
#include "test.h"

#include <jansson.h>

static bool takes(const char *text, size_t size)
{
	swarm__scan scan;

	swarm__scan_init(&scan, text, size);
	swarm__scan_skip(&scan);
	return swarm__scan_end(&scan);
}

static void as_jansson(void)
{
	static const struct {
		const char *text;
		bool good;
	} table[] = {
		{ "", false },
		{ " ", false },
		{ "null", true },
		{ "\t\r\n true \n", true },
		{ "false", true },
		{ "nul", false },
		{ "nulll", false },
		{ "truefalse", false },
		{ "True", false },
		{ "\f1", false },
		{ "[]", true },
		{ "[ ]", true },
		{ "{}", true },
		{ "{ }", true },
		{ "[1,2 , 3]", true },
		{ "[1,]", false },
		{ "[,1]", false },
		{ "[,]", false },
		{ "[1 2]", false },
		{ "[1", false },
		{ "[1,", false },
		{ "[1}", false },
		{ "[]]", false },
		{ "[] []", false },
		{ "{\"a\":1,\"b\":[{}]}", true },
		{ "{\"a\" : 1 , \"a\":2}", true },
		{ "{\"a\":1,}", false },
		{ "{,\"a\":1}", false },
		{ "{\"a\"}", false },
		{ "{\"a\":}", false },
		{ "{\"a\",1}", false },
		{ "{a:1}", false },
		{ "{1:1}", false },
		{ "{\"a\":1]", false },
		{ "{\"a\":1 \"b\":2}", false },
		{ "{\"a\\u0000\":1}", false },
		{ "0", true },
		{ "-0", true },
		{ "-1.5e+10", true },
		{ "1E5", true },
		{ "10", true },
		{ "01", false },
		{ "-01", false },
		{ "-", false },
		{ "+1", false },
		{ "1.", false },
		{ ".5", false },
		{ "1e", false },
		{ "1e+", false },
		{ "1.e5", false },
		{ "0x10", false },
		{ "NaN", false },
		{ "Infinity", false },
		{ "\"\"", true },
		{ "\"a", false },
		{ "\"12345678 abcdefgh\"", true },
		{ "\"1234567\x01 abcdefg\"", false },
		{ "\"tab\there\"", false },
		{ "\"\x7f\"", true },
		{ "'a'", false },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", true },
		{ "\"\\x\"", false },
		{ "\"\\", false },
		{ "\"\\u12\"", false },
		{ "\"\\u123g\"", false },
		{ "\"\\u0000\"", false },
		{ "\"\\u0001\"", true },
		{ "\"\\ud83d\\ude00\"", true },
		{ "\"\\ud83d\"", false },
		{ "\"\\ud83dx\"", false },
		{ "\"\\ud83d\\u0041\"", false },
		{ "\"\\ud83d\\ud83d\"", false },
		{ "\"\\ude00\"", false },
		{ "\"\\ud83d\\ude0\"", false },
		{ "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"", true },
		{ "\"\xc3\"", false },
		{ "\"\xc3", false },
		{ "\"\xa9\"", false },
		{ "\"\xc0\x80\"", false },
		{ "\"\xe0\x80\x80\"", false },
		{ "\"\xed\xa0\x80\"", false },
		{ "\"\xf4\x90\x80\x80\"", false },
		{ "\"\xff\"", false },
		{ "\xef\xbb\xbf[]", false },
		{ "[\"a\"\xc3\xa9]", false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t size = strlen(table[i].text);
		/* Its own memory of this size, so that a sanitizer sees reads behind it. */
		char *text = malloc(size ? size : 1);
		json_t *json;

		memcpy(text, table[i].text, size);
		test_row = table[i].text;
		json = json_loadb(text, size, JSON_DECODE_ANY, NULL);
		CHECK((json != NULL) == table[i].good);
		CHECK(takes(text, size) == table[i].good);
		json_decref(json);
		free(text);
	}
	/* jansson 2.14 overlooks a NUL byte behind a number or a word. */
	CHECK(!takes("[1\0]", 4));
	CHECK(!takes("null\0", 5));
	CHECK(!takes("[1]\0", 4));
	CHECK(!takes("[\0]", 3));
	CHECK(!takes("\"a\0b\"", 5));
}

/* The one difference: the size of a number that nobody asks for. */
static void large_numbers(void)
{
	static const char *const table[] = { "18446744073709551615", "-9223372036854775809",
					     "1e999" };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		test_row = table[i];
		CHECK(json_loads(table[i], JSON_DECODE_ANY, NULL) == NULL);
		CHECK(takes(table[i], strlen(table[i])));
	}
}

static void depth(void)
{
	static const struct {
		int arrays;
		const char *middle;
		bool good;
	} table[] = {
		{ SWARM__MAX_DEPTH, "", true },       { SWARM__MAX_DEPTH + 1, "", false },
		{ SWARM__MAX_DEPTH - 1, "7", true },  { SWARM__MAX_DEPTH, "7", false },
		{ SWARM__MAX_DEPTH - 1, "{}", true }, { SWARM__MAX_DEPTH - 1, "{\"a\":1}", false },
	};
	static char text[3 * SWARM__MAX_DEPTH];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t count = (size_t)table[i].arrays, middle = strlen(table[i].middle);
		size_t size = 2 * count + middle;
		json_t *json;

		memset(text, '[', count);
		memcpy(text + count, table[i].middle, middle);
		memset(text + count + middle, ']', count);
		json = json_loadb(text, size, JSON_DECODE_ANY, NULL);
		test_row = table[i].middle;
		CHECK((json != NULL) == table[i].good);
		CHECK(takes(text, size) == table[i].good);
		json_decref(json);
	}
	/* Nothing closes. */
	memset(text, '[', sizeof(text));
	CHECK(!takes(text, sizeof(text)));
}

static void strings(void)
{
	static const struct {
		const char *text;
		const char *want;
	} table[] = {
		{ "\"\"", "" },
		{ "\"plain\"", "plain" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
		{ "\"a\\u0041\\u00e9\\u20ac\\ud83d\\ude00z\"",
		  "aA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z" },
		{ "\"\\uD83D\\uDE00\\u00E9\"", "\xf0\x9f\x98\x80\xc3\xa9" },
		{ "\"\\uffff\\udbff\\udfff\"", "\xef\xbf\xbf\xf4\x8f\xbf\xbf" },
	};
	swarm__arena arena = { NULL };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm__slice slice;
		swarm__scan scan;

		test_row = table[i].text;
		swarm__scan_init(&scan, table[i].text, strlen(table[i].text));
		CHECK(swarm__scan_string(&scan, &slice));
		CHECK_STR(swarm__slice_string(&slice, &arena), table[i].want);
	}
	swarm__arena_clear(&arena);
}

static void integers(void)
{
	static const struct {
		const char *text;
		bool good;
		int64_t want;
	} table[] = {
		{ "0", true, 0 },
		{ "-0", true, 0 },
		{ "42", true, 42 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775809", false, 0 },
		{ "99999999999999999999999", false, 0 },
		{ "1.0", false, 0 },
		{ "1e2", false, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm__slice slice;
		swarm__scan scan;
		int64_t got = 0;

		test_row = table[i].text;
		swarm__scan_init(&scan, table[i].text, strlen(table[i].text));
		CHECK(swarm__scan_number(&scan, &slice));
		CHECK(swarm__slice_integer(&slice, &got) == table[i].good);
		CHECK(got == table[i].want);
	}
}

/* After an error nothing is read any more, and the first place stays. */
static void sticky(void)
{
	static const char text[] = "[1, x, 2]";
	swarm__slice slice;
	swarm__scan scan;

	swarm__scan_init(&scan, text, sizeof(text) - 1);
	CHECK(swarm__scan_open(&scan, '['));
	CHECK(swarm__scan_element(&scan) && swarm__scan_number(&scan, &slice));
	CHECK(swarm__scan_element(&scan) && !swarm__scan_number(&scan, &slice));
	CHECK_INT(scan.code, SWARM_E_JSON);
	CHECK_INT(scan.offset, 4);
	CHECK(!swarm__scan_element(&scan) && !swarm__scan_member(&scan, &slice));
	CHECK(!swarm__scan_string(&scan, &slice) && !swarm__scan_open(&scan, '{'));
	CHECK(!swarm__scan_word(&scan, "null") && !swarm__scan_end(&scan));
	CHECK_INT(swarm__scan_peek(&scan), 0);
	CHECK_INT(scan.offset, 4);
}

static void arena(void)
{
	swarm__arena arena = { NULL };
	char *first = swarm__arena_take(&arena, 3);
	char *large, *last = NULL;

	memcpy(first, "ab", 3);
	large = swarm__arena_take(&arena, 1000000);
	memset(large, 'x', 1000000);
	for (int i = 0; i < 10000; i++) {
		last = swarm__arena_take(&arena, 13);
		memset(last, 'y', 13);
		CHECK((uintptr_t)last % sizeof(void *) == 0);
	}
	CHECK_STR(first, "ab");
	CHECK_INT(large[999999], 'x');
	CHECK(swarm__arena_take(&arena, SIZE_MAX) == NULL);
	CHECK(swarm__arena_take(&arena, SIZE_MAX - 64) == NULL);
	CHECK(swarm__arena_take(&arena, 0) != NULL);
	swarm__arena_clear(&arena);
	CHECK(arena.last == NULL);
}

/* Strings are read many bytes at a time: what ends them, or is wrong in them, at each place of a step. */
static void at_each_place(void)
{
	static const char *const parts[] = { "\\n", "\\x", "\x1f", "\x80", "\xc3\xa9", "\"" };
	enum { PLACES = 40 };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (size_t place = 0; place < PLACES; place++) {
			size_t length = strlen(parts[i]), size = 1 + PLACES + length + 1;
			/* Its own memory of this size, so that a sanitizer sees reads behind it. */
			char *text = malloc(size);
			json_t *json;

			memset(text, 'a', size);
			text[0] = text[size - 1] = '"';
			memcpy(text + 1 + place, parts[i], length);
			json = json_loadb(text, size, JSON_DECODE_ANY, NULL);
			if (!CHECK(takes(text, size) == (json != NULL)))
				printf("# part %zu at %zu\n", i, place);
			json_decref(json);
			free(text);
		}
	}
}

TEST_MAIN(TEST(as_jansson), TEST(at_each_place), TEST(large_numbers), TEST(depth), TEST(strings),
	  TEST(integers), TEST(sticky), TEST(arena))
