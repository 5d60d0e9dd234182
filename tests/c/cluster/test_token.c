/* SPDX-License-Identifier: Apache-2.0 */
/* Join tokens by their form; the text of an error never quotes one. */
#include "base/internal.h"
#include "test.h"

#define DIGEST "3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl"
#define SECRET "1awxwuwd3z9j1z3puu7rcgdbx"

static void good_tokens(void)
{
	static const struct {
		const char *token;
		int fips;
	} rows[] = {
		{ "SWMTKN-1-" DIGEST "-" SECRET, 0 },
		{ "SWMTKN-2-0-" DIGEST "-" SECRET, 0 },
		{ "SWMTKN-2-1-" DIGEST "-" SECRET, 1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		swarm_token_info info = { -1, "" };
		swarm_error err = SWARM_ERROR_INIT;

		test_row = rows[i].token;
		CHECK_INT(swarm_token_parse(rows[i].token, &info, &err), 0);
		CHECK_INT(info.fips, rows[i].fips);
		CHECK_STR(info.digest, DIGEST);
		CHECK_INT(err.code, 0);
	}
}

static void bad_tokens(void)
{
	static const struct {
		const char *token, *text;
	} rows[] = {
		{ "", "does not start" },
		{ "hello", "does not start" },
		{ "SWMKEY-1-" DIGEST "-" SECRET, "does not start" },
		{ " SWMTKN-1-" DIGEST "-" SECRET, "does not start" },
		{ "SWMTKN-1-" DIGEST "-" SECRET "\n", "whitespace" },
		{ "SWMTKN-1-" DIGEST " " SECRET, "whitespace" },
		{ "SWMTKN-1-" DIGEST, "too short" },
		{ "SWMTKN-1-" DIGEST "-1awxwuwd3z9j1z3puu7rcgdb", "too short" },
		{ "SWMTKN-1-" DIGEST "-" SECRET "x", "not 25" },
		{ "SWMTKN-1-" DIGEST "-1awxwuwd3z9j1z3puu7rcgdbX", "not 25" },
		{ "SWMTKN-1-" DIGEST "-1awxwuwd3z9j1z3puu7rcgd-x", "not 25" },
		{ "SWMTKN-1-3PU6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl-" SECRET, "not 50" },
		{ "SWMTKN-3-" DIGEST "-" SECRET, "neither" },
		{ "SWMTKN-2-2-" DIGEST "-" SECRET, "neither" },
		{ "SWMTKN-1-1-" DIGEST "-" SECRET, "neither" },
		{ "SWMTKN--1-" DIGEST "-" SECRET, "neither" },
		{ "SWMTKN-2-" DIGEST "-" SECRET, "neither" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		swarm_token_info info = { -1, "" };
		swarm_error err = SWARM_ERROR_INIT;

		test_row = rows[i].token;
		CHECK_INT(swarm_token_parse(rows[i].token, &info, &err), SWARM_E_TOKEN);
		CHECK_INT(err.code, SWARM_E_TOKEN);
		CHECK_PART(err.text, rows[i].text);
		CHECK(!strstr(err.text, "3pu6"));
		CHECK(!strstr(err.text, "1awx"));
		CHECK_INT(info.fips, -1);
	}
}

static void missing_arguments(void)
{
	swarm_token_info info;

	CHECK_INT(swarm_token_parse(NULL, &info, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_token_parse("SWMTKN-1-" DIGEST "-" SECRET, NULL, NULL), SWARM_E_INVAL);
}

TEST_MAIN(TEST(good_tokens), TEST(bad_tokens), TEST(missing_arguments))
