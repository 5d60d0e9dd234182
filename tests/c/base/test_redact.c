/* SPDX-License-Identifier: Apache-2.0 */
/* The redactor, by form and by value. */
#include "base/internal.h"
#include "test.h"

#define DIGEST "3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl"
#define TOKEN "SWMTKN-1-" DIGEST "-1awxwuwd3z9j1z3puu7rcgdbx"

static void by_form(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "nothing secret", "nothing secret" },
		{ TOKEN, "SWMTKN-[redacted]" },
		{ "join " TOKEN " 10.0.0.1:2377", "join SWMTKN-[redacted] 10.0.0.1:2377" },
		{ "\"" TOKEN "\"", "\"SWMTKN-[redacted]\"" },
		{ TOKEN "," TOKEN, "SWMTKN-[redacted],SWMTKN-[redacted]" },
		{ "SWMTKN-2-1-" DIGEST "-1awxwuwd3z9j1z3puu7rcgdbx.", "SWMTKN-[redacted]." },
		{ "swmtkn-1-" DIGEST, "swmtkn-[redacted]" },
		{ "a token starts with SWMTKN-", "a token starts with SWMTKN-" },
		{ "SWMTKN-1-ab", "SWMTKN-[red" },
		{ "SWMTKN-[redacted]", "SWMTKN-[redacted]" },
		{ "SWMKEY-1-7c37Cc8654o6p38HnroywCi19pllOnGtbdZEgtKxZu8 is wrong",
		  "SWMKEY-[redacted] is wrong" },
		{ "SWMKEY-1-7c37/Cc86+4o6p38=;", "SWMKEY-[redacted];" },
		{ "SWMKEY-1-7c37\\/Cc86\\/4o6p38\"", "SWMKEY-[redacted]\"" },
		{ "SWMKEY-1-7c37%2FCc86%2B4o6p38&x", "SWMKEY-[redacted]&x" },
		{ "a -----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- b",
		  "a -----BEGIN PRIVATE KEY-----[redacted] b" },
		{ "-----BEGIN EC PRIVATE KEY-----\\nMHcC\\n-----END EC PRIVATE KEY-----\\n",
		  "-----BEGIN EC PRIVATE KEY-----[redacted]\\n" },
		{ "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA",
		  "-----BEGIN RSA PRIVATE KEY-----[redacted]" },
		{ "-----BEGIN PRIVATE KEY-----\nMIIE-----END X-----MIIE MIIE",
		  "-----BEGIN PRIVATE KEY-----[redacted]" },
		{ "-----BEGIN PRIVATE KEY-----[redacted] then more",
		  "-----BEGIN PRIVATE KEY-----[redacted] then more" },
		{ "-----BEGIN " TOKEN " PRIVATE KEY-----\nMIIE",
		  "-----BEGIN SWMTKN-[redacted] PRIVATE KEY-----\nMIIE" },
		/* Sentences on the form of a token. */
		{ "it does not start with SWMTKN-1-", "it does not start with SWMTKN-1-" },
		{ "neither SWMTKN-1-, SWMTKN-2-0- nor SWMKEY-1- x",
		  "neither SWMTKN-1-, SWMTKN-2-0- nor SWMKEY-1- x" },
		{ "SWMTKN-1-...", "SWMTKN-1-..." },
		/* What cannot be seen, escapes, and lines that were broken. */
		{ "SWMTKN-1-3pu6\nhszjas19 x", "SWMTKN-[redacted] x" },
		{ "SWMTKN-\n1-3pu6hszjas19 x", "SWMTKN-[redacted] x" },
		{ "SWM\r\nTKN-1-3pu6hszjas19 x", "SWM\r\nTKN-[redacted] x" },
		{ "SWMTKN-1-3pu6\xe2\x80\x8bhszjas19 x", "SWMTKN-[redacted] x" },
		{ "SW\xe2\x80\xaeMTKN-1-3pu6hszjas19", "SW\xe2\x80\xaeMTKN-[redacted]" },
		{ "SWMTKN-1-3pu6\x1b[31mhszjas19 x", "SWMTKN-[redacted] x" },
		{ "SWMKEY-1-7c37\xc2\x9b"
		  "0mCc8654o6p38 x",
		  "SWMKEY-[redacted] x" },
		{ "SWMTKN-1-3pu6\\u200bhszjas19 x", "SWMTKN-[redacted] x" },
		{ "SWMTKN\\u002d1-3pu6hsz\\u006aas19 x", "SWMTKN\\u002d[redacted] x" },
		{ "SWMTKN-1-3pu6\\nhszjas19\" x", "SWMTKN-[redacted]\" x" },
		{ "SWMTKN%2D1-3pu6hszjas19&x", "SWMTKN%2D[redacted]&x" },
		{ TOKEN "\nnext line", "SWMTKN-[redacted]\nnext line" },
		{ "a token starts with SWMTKN-\nand so on",
		  "a token starts with SWMTKN-\nand so on" },
		{ "-----BEGIN PRI\xe2\x80\x8bVATE KEY-----\nMIIE\n-----END PRIVATE\x1b[0m KEY-----x",
		  "-----BEGIN PRI\xe2\x80\x8bVATE KEY-----[redacted]x" },
		{ "\\u002d----BEGIN PRIVATE KEY-----\\nMIIEMIIEMIIE",
		  "\\u002d----BEGIN PRIVATE KEY-----[redacted]" },
		{ "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
		  "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----" },
		{ "-----BEGIN CERTIFICATE-----\nMIIB\n-----BEGIN PRIVATE KEY-----\nMIIEMIIEMIIE",
		  "-----BEGIN CERTIFICATE-----\nMIIB\n-----BEGIN PRIVATE KEY-----[redacted]" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];

		test_row = rows[i].in;
		snprintf(text, sizeof(text), "%s", rows[i].in);
		swarm_redact(text);
		CHECK_STR(text, rows[i].out);
		CHECK(strlen(text) <= strlen(rows[i].in));
		swarm_redact(text);
		CHECK_STR(text, rows[i].out);
	}
	swarm_redact(NULL);
}

/* However a token is cut, no 8 characters of its secret part are left. */
static void cut_tokens(void)
{
	for (size_t length = 0; length <= strlen(TOKEN); length++) {
		char text[128] = "";

		memcpy(text, TOKEN, length);
		swarm_redact(text);
		CHECK(!strstr(text, "1awxwuwd"));
		CHECK(!strstr(text, "3pu6hszj"));
	}
}

static void by_value(void)
{
	static const struct {
		const char *in, *secret, *out;
	} rows[] = {
		{ "the key hunter22hunter22 is weak", "hunter22hunter22",
		  "the key [redacted] is weak" },
		{ "12345678", "12345678", "********" },
		{ "x12345678y12345678z", "12345678", "x********y********z" },
		{ "etsecretetsecret", "etsecret", "****************" },
		{ "etsecrettsecret", "etsecret", "********tsecret" },
		{ "short abc stays", "abc", "short abc stays" },
		{ "not there", "something else", "not there" },
		{ "", "12345678", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128];

		test_row = rows[i].in;
		snprintf(text, sizeof(text), "%s", rows[i].in);
		swarm__redact_value(text, rows[i].secret);
		CHECK_STR(text, rows[i].out);
	}
	swarm__redact_value(NULL, "12345678");
}

#define PASSWORD "correct horse battery staple"
#define PASSWORD64 "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ=="

/* Parts of a secret, escaped or not. */
static void by_parts(void)
{
	static const struct {
		const char *in, *secret, *out;
	} rows[] = {
		{ "the end 1awxwuwd3z9j1z3puu7rcgdbx is wrong", TOKEN,
		  "the end [redacted] is wrong" },
		{ "1awxwuwd", TOKEN, "********" },
		{ "1awxwuw is short", TOKEN, "1awxwuw is short" },
		{ "a 1awxwu\\nwd3z9j\xe2\x80\x8b"
		  "1z3puu7 b",
		  TOKEN, "a [redacted] b" },
		{ "a 1awx%77uwd3z b", TOKEN, "a [redacted] b" },
		{ "a \\u0031awxwuwd3z b", TOKEN, "a [redacted] b" },
		{ "a 1awxwuwd\nb 3z9j1z3puu c", TOKEN, "a ********\nb [redacted] c" },
		/* One run ends and the next one begins inside the same character. */
		{ "x abcdefg\xc3\xa9hijklmn y",
		  "abcdefg\xc3"
		  "-\xa9hijklmn",
		  "x [redacted] y" },
		{ "nothing of it", TOKEN, "nothing of it" },
		{ "", TOKEN, "" },
		{ "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaa", "[redacted]" },
		{ "x", "", "x" },
	};
	static const struct {
		const char *in, *out;
	} encoded[] = {
		{ "cannot store '" PASSWORD "'", "cannot store '[redacted]'" },
		{ "cannot store correct\\nhorse ba", "cannot store [redacted]" },
		{ "of correct size", "of correct size" },
	};
	char text[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_row = rows[i].in;
		snprintf(text, sizeof(text), "%s", rows[i].in);
		swarm__redact_parts(text, rows[i].secret, 8);
		CHECK_STR(text, rows[i].out);
	}
	for (size_t i = 0; i < sizeof(encoded) / sizeof(encoded[0]); i++) {
		test_row = encoded[i].in;
		snprintf(text, sizeof(text), "%s", encoded[i].in);
		swarm__redact_base64(text, PASSWORD64, 8);
		CHECK_STR(text, encoded[i].out);
	}
	snprintf(text, sizeof(text), "1awxwuwd3z9j1z3 1awxwuwd3z9j1z3puu7rcgdbx");
	swarm__redact_parts(text, TOKEN, 16);
	CHECK_STR(text, "1awxwuwd3z9j1z3 [redacted]");
	swarm__redact_parts(NULL, TOKEN, 8);
	swarm__redact_parts(text, NULL, 8);
	swarm__redact_base64(NULL, TOKEN, 8);
}

/* A text that is longer than an error needs is cut, and a secret of half a megabyte passes by once. */
static void long_parts(void)
{
	enum { TEXT = 3 * SWARM__MAX_PARTS, SECRET = 500000 };
	char *text = malloc(TEXT + 1), *secret = malloc(SECRET + 1);

	memset(text, 'a', TEXT);
	memset(secret, 'a', SECRET);
	text[TEXT] = secret[SECRET] = '\0';
	swarm__redact_parts(text, secret, 16);
	CHECK_STR(text, "[redacted]");
	free(secret);
	free(text);
}

static void wiping(void)
{
	char bytes[8] = "secret!";

	swarm__wipe(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		CHECK_INT(bytes[i], 0);
	swarm__wipe(NULL, 3);
	swarm__free_secret(NULL);
}

/* A sanitizer's strstr() looks at all of a text at each call. */
#ifdef __has_feature
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* An engine may answer with the request's secret many times over; it takes time for each byte, once. */
static void many_times(void)
{
	enum { COUNT = SANITIZED ? 10000 : 1000000 };
	static const char secret[] = "hunter22hunter22";
	char *text = malloc(COUNT * strlen(secret) + 1);
	char *end = text;

	for (int i = 0; i < COUNT; i++, end += strlen(secret))
		memcpy(end, secret, strlen(secret) + 1);
	swarm__redact_value(text, secret);
	CHECK_INT(strlen(text), COUNT * strlen("[redacted]"));
	CHECK(!strstr(text, "hunter"));
	/* Nor behind the new end. */
	for (const char *left = text + strlen(text); left < end; left++)
		if (!CHECK_INT(*left, 0))
			break;
	free(text);
}

TEST_MAIN(TEST(by_form), TEST(cut_tokens), TEST(by_value), TEST(by_parts), TEST(long_parts),
	  TEST(many_times), TEST(wiping))
