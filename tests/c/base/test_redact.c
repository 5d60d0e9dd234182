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

TEST_MAIN(TEST(by_form), TEST(cut_tokens), TEST(by_value), TEST(many_times), TEST(wiping))
