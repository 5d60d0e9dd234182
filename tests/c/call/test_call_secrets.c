/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No memory that the library frees holds a registry's credentials: neither in clear nor encoded
 * (linked with --wrap=malloc,--wrap=free, see meson.build). libcurl frees the list of header lines
 * for us, so its blocks are looked at where they start with our line; its own send buffer is out of
 * reach.
 */
#include "call/internal.h"
#include "fake_engine.h"
#include "test.h"

#include <curl/curl.h>
#include <malloc.h>

#define PASSWORD "hunter2hunter2"
/* Of base64url of the credentials, from where the password starts. */
#define ENCODED "Imh1bnRlcjJodW50ZXIyIn0"
#define AUTH "{\"username\":\"a\",\"password\":\"" PASSWORD "\"}"

static _Thread_local bool watching;
static int found;

void *__wrap_malloc(size_t size);
void __real_free(void *memory);
void __wrap_free(void *memory);

/* Empty: what others left in the block is not the library's to wipe. */
void *__wrap_malloc(size_t size)
{
	return calloc(1, size);
}

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

	if (size && (holds(memory, size, PASSWORD) || holds(memory, size, ENCODED)))
		found++;
	__real_free(memory);
}

static void curl_free_line(void *memory)
{
	if (watching && memory &&
	    strncmp(memory, SWARM__AUTH_HEADER, strlen(SWARM__AUTH_HEADER)) == 0)
		found++;
	__real_free(memory);
}

static void the_watch_works(void)
{
	struct curl_slist *line;

	CHECK_INT(curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, curl_free_line, realloc, strdup,
				       calloc),
		  0);
	watching = true;
	found = 0;
	line = curl_slist_append(NULL, SWARM__AUTH_HEADER ": eyJwYXNzd29yZCI6" ENCODED);
	curl_slist_free_all(line);
	__wrap_free(strdup("a " PASSWORD));
	__wrap_free(strdup("a " ENCODED));
	watching = false;
	CHECK_INT(found, 3);
}

static void credentials(void)
{
	static const struct {
		int status, code;
		const char *reply;
	} table[] = {
		{ 200, 0, "{}" },
		{ 401, SWARM_E_HTTP, "{\"message\":\"" PASSWORD " is wrong\"}" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = { { .expect = "GET /v1.45/distribution/a/json",
					    .status = table[i].status,
					    .reply = table[i].reply },
					  { NULL } };
		fake_engine *engine = fake_engine_start(rows);
		swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
		swarm_call_options call = SWARM_CALL_INIT(SWARM_OP_DISTRIBUTION_INSPECT);
		json_t *auth = json_loads(AUTH, 0, NULL);
		swarm_client *client = NULL;
		swarm_error err = SWARM_ERROR_INIT;
		char *bytes = NULL;
		size_t size = 0;

		options.url = fake_engine_url(engine);
		options.api_version = "1.45";
		call.id = "a";
		call.registry_auth = auth;
		found = 0;
		watching = true;
		CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
		CHECK_INT(swarm_call_bytes(client, &call, &bytes, &size, &err), table[i].code);
		swarm_client_free(client);
		swarm_bytes_free(bytes, size);
		watching = false;
		CHECK_INT(found, 0);
		CHECK_PART(fake_engine_request(engine, 0), ENCODED);
		CHECK(!strstr(err.text, PASSWORD));
		json_decref(auth);
		CHECK_INT(fake_engine_stop(engine), 0);
	}
}

TEST_MAIN(TEST(the_watch_works), TEST(credentials))
