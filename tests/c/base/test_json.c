/* SPDX-License-Identifier: Apache-2.0 */
/* Paths into trees, parse errors, and the merge patch of RFC 7396 (the cases of its appendix A). */
#include "base/internal.h"
#include "test.h"

static void paths(void)
{
	json_t *json = json_loads("{\"Swarm\":{\"NodeID\":\"n1\",\"ControlAvailable\":true,"
				  "\"Cluster\":null,\"Nodes\":3}}",
				  0, NULL);

	CHECK_STR(swarm__json_string(json, "Swarm.NodeID"), "n1");
	CHECK_STR(swarm__json_string(json, "Swarm.Cluster.ID"), "");
	CHECK_STR(swarm__json_string(json, "Swarm.Nodes"), "");
	CHECK_STR(swarm__json_string(json, "Nothing.At.All"), "");
	CHECK_STR(swarm__json_string(NULL, "Swarm"), "");
	CHECK(swarm__json_bool(json, "Swarm.ControlAvailable"));
	CHECK(!swarm__json_bool(json, "Swarm.NodeID"));
	CHECK(json_is_integer(swarm__json_at(json, "Swarm.Nodes")));
	CHECK(json_is_null(swarm__json_at(json, "Swarm.Cluster")));
	CHECK(!swarm__json_at(json, "Swarm.Nodes.More"));
	CHECK(!swarm__json_at(
		json,
		"Swarm.0123456789012345678901234567890123456789012345678901234567890123456789"));
	json_decref(json);
}

static void parsing(void)
{
	static const struct {
		const char *text;
		int code;
		const char *part;
	} rows[] = {
		{ "\"7v2t30z9blmxuhnyo6s4cpenp\"\n", 0, "" },
		{ "{\"a\":[1,2,{}]}", 0, "" },
		{ "9223372036854775807", 0, "" },
		{ "18446744073709551615", SWARM_E_JSON, "too large" },
		{ "{\"secretword\":tru}", SWARM_E_JSON, "malformed (line 1, column" },
		{ "{} x", SWARM_E_JSON, "malformed" },
		{ "", SWARM_E_JSON, "malformed" },
		{ "\"\xff\"", SWARM_E_JSON, "malformed" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		swarm_error err = SWARM_ERROR_INIT;
		json_t *json = NULL;

		test_row = rows[i].text;
		CHECK_INT(swarm__json_parse(rows[i].text, strlen(rows[i].text), &json, &err),
			  rows[i].code);
		CHECK_PART(err.text, rows[i].part);
		CHECK(!strstr(err.text, "secretword"));
		CHECK((json != NULL) == (rows[i].code == 0));
		json_decref(json);
	}
}

static void wiping(void)
{
	json_t *json = json_pack("{s:{s:s}, s:i}", "JoinTokens", "Worker", "secret", "n", 1);
	const char *text = swarm__json_string(json, "JoinTokens.Worker");

	swarm__json_wipe(json, "JoinTokens.Worker");
	CHECK(memcmp(text, "\0\0\0\0\0\0", 7) == 0);
	swarm__json_wipe(json, "JoinTokens.Manager");
	swarm__json_wipe(json, "n");
	CHECK_INT(json_integer_value(swarm__json_at(json, "n")), 1);
	json_decref(json);
}

static void dumping(void)
{
	json_t *json = json_pack("{s:s, s:[i, b]}", "JoinToken", "x", "list", 1, 1);
	swarm__buffer buffer;

	swarm__buffer_init(&buffer, 1000);
	CHECK_INT(swarm__json_dump(json, &buffer), 0);
	CHECK_STR(buffer.data, "{\"JoinToken\":\"x\",\"list\":[1,true]}");
	swarm__buffer_clear(&buffer);
	swarm__buffer_init(&buffer, 10);
	CHECK_INT(swarm__json_dump(json, &buffer), SWARM_E_TOO_LARGE);
	CHECK(!buffer.data);
	json_decref(json);
}

static void merging(void)
{
	static const struct {
		const char *target, *patch, *result;
	} rows[] = {
		{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
		{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
		{ "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
		{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
		{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
		{ "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
		{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
		  "{\"a\":{\"b\":\"d\"}}" },
		{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
		{ "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
		{ "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
		{ "{\"a\":\"foo\"}", "null", "null" },
		{ "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
		{ "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
		{ "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
		{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *target = json_loads(rows[i].target, JSON_DECODE_ANY, NULL);
		json_t *patch = json_loads(rows[i].patch, JSON_DECODE_ANY, NULL);
		json_t *target_before = json_deep_copy(target),
		       *patch_before = json_deep_copy(patch);
		json_t *want = json_loads(rows[i].result, JSON_DECODE_ANY, NULL);
		json_t *got = swarm__json_merge(target, patch);

		test_row = rows[i].patch;
		CHECK(json_equal(got, want));
		/* Nothing is shared: emptying the result leaves both as they were. */
		if (json_is_object(got)) {
			json_object_clear(json_object_get(got, "a"));
			json_object_clear(got);
		}
		CHECK(json_equal(target, target_before));
		CHECK(json_equal(patch, patch_before));
		json_decref(target);
		json_decref(patch);
		json_decref(target_before);
		json_decref(patch_before);
		json_decref(want);
		json_decref(got);
	}
}

TEST_MAIN(TEST(paths), TEST(parsing), TEST(wiping), TEST(dumping), TEST(merging))
