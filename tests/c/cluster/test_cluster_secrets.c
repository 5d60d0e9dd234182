/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No freed memory of the library holds a token or key: each block that it or jansson frees is
 * searched first (linked with --wrap=free, see meson.build). libcurl's own copies, and those that
 * jansson's parser makes on its way, are out of the library's reach; so the parser is not watched.
 */
#include "test_cluster.h"

#include "base/internal.h"

#include <malloc.h>

#define SECRET "1awxwuwd3z9j1z3puu7rcgdbx"
#define KEY "signing key 7h3q"
#define UNLOCK_SECRET "7XJCgnXwYIcA4WzWqQ7i9VJFzY1QW3tN0r5K8m2LhPs"
#define UNLOCK_KEY "SWMKEY-1-" UNLOCK_SECRET
#define DATA "c2lnbmluZyBrZXkgN2gzcQ==" /* the same in base64 */

static _Thread_local bool watching;
static int found;

void __real_free(void *memory);
void __wrap_free(void *memory);
int __real_swarm__json_read(const char *text, size_t size, swarm__budget *budget, json_t **ret_json,
			    swarm_error *err);
int __wrap_swarm__json_read(const char *text, size_t size, swarm__budget *budget, json_t **ret_json,
			    swarm_error *err);

static bool holds(const char *bytes, size_t size, const char *secret)
{
	size_t length = strlen(secret);

	for (size_t i = 0; i + length <= size; i++)
		if (memcmp(bytes + i, secret, length) == 0)
			return true;
	return false;
}

void __wrap_free(void *memory)
{
	size_t size = watching && memory ? malloc_usable_size(memory) : 0;

	if (size && (holds(memory, size, SECRET) || holds(memory, size, KEY) ||
		     holds(memory, size, DATA) || holds(memory, size, UNLOCK_SECRET)))
		found++;
	__real_free(memory);
}

int __wrap_swarm__json_read(const char *text, size_t size, swarm__budget *budget, json_t **ret_json,
			    swarm_error *err)
{
	bool before = watching;
	int rc;

	watching = false;
	rc = __real_swarm__json_read(text, size, budget, ret_json, err);
	watching = before;
	return rc;
}

static void watch(void)
{
	json_set_alloc_funcs(malloc, __wrap_free);
	found = 0;
	watching = true;
}

static void stop_watching(void)
{
	watching = false;
	CHECK_INT(found, 0);
}

/* So that a pass means something. */
static void the_watch_works(void)
{
	char *copy;
	json_t *string;

	watch();
	copy = strdup(TOKEN);
	string = json_string("a " KEY);
	__wrap_free(copy);
	json_decref(string);
	watching = false;
	CHECK_INT(found, 2);
}

/* A text that got shorter leaves nothing behind its new end. */
static void behind_the_end(void)
{
	char by_form[] = "the token " TOKEN;
	char by_value[] = "the key " KEY;

	swarm_redact(by_form);
	CHECK_STR(by_form, "the token SWMTKN-[redacted]");
	CHECK(!holds(by_form, sizeof(by_form), SECRET));
	swarm__redact_value(by_value, KEY);
	CHECK_STR(by_value, "the key [redacted]");
	for (size_t i = strlen(by_value); i < sizeof(by_value); i++)
		CHECK(by_value[i] == '\0');
}

static void join(int status, const char *reply, int code)
{
	char address[64];
	int port = open_port(true, address, sizeof(address));
	const char *const remotes[] = { address, NULL };
	swarm_join_options options = SWARM_JOIN_OPTIONS_INIT;
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ "POST " API "/swarm/join", .body = TOKEN, .status = status, .reply = reply },
		{ status ? NULL : INFO, .reply = WORKER },
		{ NULL },
	};
	fixture f = setup(rows);

	options.remote_addrs = remotes;
	options.token = TOKEN;
	watch();
	CHECK_INT(swarm_join(f.client, &options, &f.err), code);
	stop_watching();
	CHECK(strstr(f.err.text, SECRET) == NULL);
	close(port);
	teardown(&f);
}

static void joining(void)
{
	join(0, "", 0);
	join(500, MESSAGE("invalid join token " TOKEN), SWARM_E_TOKEN);
	join(500, MESSAGE("cannot use " TOKEN " here"), SWARM_E_HTTP);
}

#define CLUSTER(spec)                                                                              \
	"{\"ID\":\"c1\",\"Version\":{\"Index\":5},\"Spec\":" spec                                  \
	",\"JoinTokens\":{\"Worker\":\"" TOKEN "\",\"Manager\":\"" TOKEN "\"}}"

static void reading_tokens(void)
{
	const fake_row rows[] = { { "GET " API "/swarm", .reply = CLUSTER("{}") }, { NULL } };
	fixture f = setup(rows);
	swarm_tokens tokens = SWARM_TOKENS_INIT;

	watch();
	CHECK_INT(swarm_tokens_get(f.client, 0, &tokens, &f.err), 0);
	swarm_tokens_clear(&tokens);
	stop_watching();
	teardown(&f);
}

static void updating(void)
{
	json_t *patch = json_pack("{s:{s:s}}", "CAConfig", "SigningCAKey", KEY);
	const fake_row rows[] = {
		{ "GET " API "/swarm", .reply = CLUSTER("{\"Name\":\"default\"}") },
		{ "POST " API "/swarm/update?version=5", .body = KEY, .status = 500,
		  .reply = MESSAGE(SEQUENCE_TEXT) },
		{ "GET " API "/swarm", .reply = CLUSTER("{\"Name\":\"default\"}") },
		{ "POST " API "/swarm/update?version=5", .body = KEY },
		{ "GET " API "/swarm", .reply = "{\"Version\":{\"Index\":6},\"Spec\":{}}" },
		{ NULL },
	};
	fixture f = setup(rows);
	json_t *change = NULL;

	watch();
	CHECK_INT(swarm_cluster_update(f.client, patch, 0, 0, &change, &f.err), 0);
	json_decref(change);
	stop_watching();
	json_decref(patch);
	teardown(&f);
}

static void init(void)
{
	json_t *spec = json_pack("{s:{s:s}}", "CAConfig", "SigningCAKey", KEY);
	swarm_init_options options = SWARM_INIT_OPTIONS_INIT;
	const fake_row rows[] = {
		{ INFO, .reply = INACTIVE },
		{ "POST " API "/swarm/init", .body = KEY, .reply = "\"m1\"" },
		{ INFO, .reply = MANAGER },
		{ "GET " API "/swarm", .reply = CLUSTER("{}") },
		{ NULL },
	};
	fixture f = setup(rows);

	options.spec = spec;
	watch();
	CHECK_INT(swarm_init(f.client, &options, NULL, &f.err), 0);
	stop_watching();
	CHECK_STR(json_string_value(
			  json_object_get(json_object_get(spec, "CAConfig"), "SigningCAKey")),
		  KEY);
	json_decref(spec);
	teardown(&f);
}

static void unlocking(void)
{
	const fake_row rows[] = {
		{ INFO, .reply = STATE("locked") },
		{ "POST " API "/swarm/unlock", .body = UNLOCK_KEY },
		{ INFO, .reply = MANAGER },
		{ "GET " API "/swarm/unlockkey", .reply = "{\"UnlockKey\":\"" UNLOCK_KEY "\"}" },
		{ NULL },
	};
	fixture f = setup(rows);
	char *key = NULL;

	watch();
	CHECK_INT(swarm_unlock(f.client, UNLOCK_KEY, 0, &f.err), 0);
	CHECK_INT(swarm_unlock_key_get(f.client, 0, &key, &f.err), 0);
	if (key)
		swarm_bytes_free(key, strlen(key));
	stop_watching();
	teardown(&f);
}

static void rotating_the_ca(void)
{
	swarm_ca_options options = SWARM_CA_OPTIONS_INIT;
	const fake_row rows[] = {
		{ "GET " API "/swarm", .reply = CLUSTER("{}") },
		{ "GET " API "/swarm", .reply = CLUSTER("{}") },
		{ "POST " API "/swarm/update?version=5", .body = KEY },
		{ "GET " API "/swarm",
		  .reply = "{\"ID\":\"c1\",\"TLSInfo\":{\"TrustRoot\":\"cert\"},\"JoinTokens\":{"
			   "\"Worker\":\"" TOKEN "\",\"Manager\":\"" TOKEN "\"}}" },
		{ "GET " API "/nodes",
		  .reply = "[{\"ID\":\"n1\",\"Description\":{\"TLSInfo\":{\"TrustRoot\":\"cert\"}}}"
			   "]" },
		{ NULL },
	};
	fixture f = setup(rows);

	options.cert = "cert";
	options.key = KEY;
	watch();
	CHECK_INT(swarm_ca_rotate(f.client, &options, &f.err), 0);
	stop_watching();
	teardown(&f);
}

/* The bytes, and their base64. */
static void making_a_secret(void)
{
	const fake_row rows[] = {
		{ "POST " API "/secrets/create", .body = DATA, .status = 201,
		  .reply = "{\"ID\":\"s1\"}" },
		{ "POST " API "/secrets/create", .body = DATA, .status = 400,
		  .reply = MESSAGE("cannot take " DATA) },
		{ NULL },
	};
	fixture f = setup(rows);

	watch();
	CHECK_INT(swarm_secret_create(f.client, "x", KEY, strlen(KEY), NULL, 0, NULL, &f.err), 0);
	CHECK_INT(swarm_secret_create(f.client, "x", KEY, strlen(KEY), NULL, 0, NULL, &f.err),
		  SWARM_E_HTTP);
	stop_watching();
	CHECK(!strstr(f.err.text, DATA));
	teardown(&f);
}

/* The same of a version: made, refused, and only looked for. */
static void declaring_a_secret(void)
{
	static const char list[] =
		"GET " API "/secrets?filters=%7B%22label%22%3A%5B%22libswarm.name%3Dx%22%5D%7D";
	const fake_row rows[] = {
		{ list, .reply = "[]" },
		{ "GET " API "/secrets/x", .status = 404, .reply = MESSAGE("no such secret") },
		{ "POST " API "/secrets/create", .body = DATA, .status = 400,
		  .reply = MESSAGE("cannot take " DATA) },
		{ list, .reply = "[{\"ID\":\"s1\",\"Spec\":{\"Name\":\"x-1\",\"Labels\":{"
				 "\"libswarm.name\":\"x\"}}}]" },
		{ "GET " API "/services", .reply = "[]" },
		{ NULL },
	};
	swarm_versioned what = SWARM_VERSIONED_INIT;
	fixture f = setup(rows);
	json_t *result = NULL;

	what.name = "x";
	what.data = KEY;
	what.data_size = strlen(KEY);
	what.key = UNLOCK_KEY;
	what.key_size = strlen(UNLOCK_KEY);
	watch();
	CHECK_INT(swarm_versioned_put(f.client, SWARM_KIND_SECRET, &what, &result, &f.err),
		  SWARM_E_HTTP);
	CHECK(!strstr(f.err.text, DATA));
	what.flags = SWARM_VERSIONED_DRY_RUN;
	CHECK_INT(swarm_versioned_put(f.client, SWARM_KIND_SECRET, &what, &result, NULL), 0);
	json_decref(result);
	stop_watching();
	teardown(&f);
}

TEST_MAIN(TEST(the_watch_works), TEST(behind_the_end), TEST(joining), TEST(reading_tokens),
	  TEST(updating), TEST(init), TEST(unlocking), TEST(rotating_the_ca), TEST(making_a_secret),
	  TEST(declaring_a_secret))
