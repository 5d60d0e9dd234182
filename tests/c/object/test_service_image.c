/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image of a declared service and the credentials for its registry: what is asked of the registry,
 * and what reaches the service, rule by rule.
 */
#include "test_cluster.h"

#include <jansson.h>

#define GET "GET " API "/services/web"
#define GET_ID "GET " API "/services/s1"
#define LOOK_UP(image) "GET " API "/distribution/" image "/json"
/* The whole target: no registryAuthFrom, so the engine keeps the credentials that the service has. */
#define UPDATE "POST " API "/services/s1/update?version=5"
#define CREATE "POST " API "/services/create"
#define HEX "b79000000000000000000000000000000000000000000000000000000000000f"
#define FOUND "{\"Descriptor\":{\"digest\":\"sha256:" HEX "\"}}"
#define NONE_SUCH .status = 404, .reply = MESSAGE("service web not found")
#define CREATED .status = 201, .reply = "{\"ID\":\"s1\"}"
#define REFUSED .status = 401, .reply = MESSAGE("unauthorized: authentication required")
#define REFUSAL(image)                                                                             \
	"the registry r:5000 refuses image " image ": credentials are missing or wrong"
#define PINNED "r:5000/a:1@sha256:" HEX
#define ESCAPED "r%3A5000/a%3A1"
#define PLATFORMS ",\"Placement\":{\"Platforms\":[{\"Architecture\":\"arm64\",\"OS\":\"linux\"}]}"
#define SERVICE(image, more)                                                                           \
	"{\"ID\":\"s1\",\"Version\":{\"Index\":5},\"Spec\":{\"Name\":\"web\",\"Labels\":{\"com."       \
	"docker.stack.image\":\"r:5000/a:1\"},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"" image \
	"\"}" more "},\"Mode\":{\"Replicated\":{\"Replicas\":1}}}}"
#define WEB SERVICE(PINNED, "")
#define UNPINNED(image)                                                                            \
	"image " image " is not pinned to a digest: a node may run an older image of that name, "  \
	"and pinning it later restarts the tasks"

typedef struct image_case {
	const char *name;
	fake_row rows[6];
	const char *service;
	const char *address; /* of the credentials; NULL: none are given */
	int resolve;
	unsigned flags;
	int code;
	const char *text; /* the warnings, or the error */
} image_case;

static const image_case rules[] = {
	{ "rule 1: an image with a digest is not looked up",
	  { { GET, NONE_SUCH }, { CREATE, .body = PINNED, CREATED } },
	  "{\"image\":\"" PINNED "\"}",
	  NULL,
	  0,
	  0,
	  0,
	  "" },
	{ "rule 1: nor is one that is pinned and written as before",
	  { { GET, .reply = WEB }, { GET_ID, .reply = WEB } },
	  "{\"image\":\"r:5000/a:1\"}",
	  "r:5000",
	  0,
	  0,
	  0,
	  "" },
	{ "rule 3: a new service where the registry cannot be asked",
	  { { GET, NONE_SUCH },
	    { LOOK_UP(ESCAPED), .status = 500, .reply = MESSAGE("dial tcp: no route to host") },
	    { CREATE, .body = "\"r:5000/a:1\"", CREATED } },
	  "{\"image\":\"r:5000/a:1\"}",
	  "r:5000",
	  0,
	  0,
	  0,
	  UNPINNED(
		  "r:5000/a:1") "; image r:5000/a:1 could not be looked up: dial tcp: no route to host" },
	{ "rule 6: platforms stay where nothing is looked up",
	  { { GET, .reply = SERVICE(PINNED, PLATFORMS) },
	    { GET_ID, .reply = SERVICE(PINNED, PLATFORMS) },
	    { UPDATE, .body = PLATFORMS, .reply = "{}" } },
	  "{\"image\":\"r:5000/a:1\",\"hostname\":\"h\"}",
	  NULL,
	  0,
	  0,
	  0,
	  "" },
	{ "rule 7: no change, so no look-up and no credentials",
	  { { GET, .reply = WEB }, { GET_ID, .reply = WEB } },
	  "{}",
	  "r:5000",
	  0,
	  0,
	  0,
	  "" },
	{ "rule 10: wrong credentials, and nothing is created",
	  { { GET, NONE_SUCH }, { LOOK_UP(ESCAPED), REFUSED } },
	  "{\"image\":\"r:5000/a:1\"}",
	  "r:5000",
	  0,
	  0,
	  SWARM_E_HTTP,
	  REFUSAL("r:5000/a:1") },
	{ "rule 10: also where the digest is written",
	  { { GET, NONE_SUCH }, { LOOK_UP(ESCAPED "%40sha256%3A" HEX), REFUSED } },
	  "{\"image\":\"" PINNED "\"}",
	  "r:5000",
	  0,
	  0,
	  SWARM_E_HTTP,
	  REFUSAL(PINNED) },
	{ "rule 10: also where no digest is wanted",
	  { { GET, NONE_SUCH }, { LOOK_UP(ESCAPED), REFUSED } },
	  "{\"image\":\"r:5000/a:1\"}",
	  "r:5000",
	  SWARM_RESOLVE_NEVER,
	  0,
	  SWARM_E_HTTP,
	  REFUSAL("r:5000/a:1") },
	{ "rule 10: also before an update of something else",
	  { { GET, .reply = WEB }, { LOOK_UP(ESCAPED "%40sha256%3A" HEX), REFUSED } },
	  "{\"hostname\":\"h\"}",
	  "r:5000",
	  0,
	  0,
	  SWARM_E_HTTP,
	  REFUSAL(PINNED) },
	{ "rule 10: in test mode, too",
	  { { GET, NONE_SUCH }, { LOOK_UP(ESCAPED), REFUSED } },
	  "{\"image\":\"r:5000/a:1\"}",
	  "r:5000",
	  SWARM_RESOLVE_NEVER,
	  SWARM_APPLY_DRY_RUN,
	  SWARM_E_HTTP,
	  REFUSAL("r:5000/a:1") },
	{ "rule 10: right ones go with the update",
	  { { GET, .reply = WEB },
	    { LOOK_UP(ESCAPED "%40sha256%3A" HEX), .reply = FOUND },
	    { GET_ID, .reply = WEB },
	    { UPDATE, .body = "\"Hostname\":\"h\"", .reply = "{}" } },
	  "{\"hostname\":\"h\"}",
	  "r:5000",
	  0,
	  0,
	  0,
	  "" },
	{ "rule 10: another answer says nothing of the credentials",
	  { { GET, NONE_SUCH },
	    { LOOK_UP(ESCAPED), .status = 404, .reply = MESSAGE("manifest unknown") },
	    { CREATE, .body = "\"r:5000/a:1\"", CREATED } },
	  "{\"image\":\"r:5000/a:1\"}",
	  "r:5000",
	  SWARM_RESOLVE_NEVER,
	  0,
	  0,
	  UNPINNED("r:5000/a:1") },
	{ "rule 8: those of another registry go nowhere",
	  { { GET, NONE_SUCH } },
	  "{\"image\":\"r:5000/a:1\"}",
	  "other:5000",
	  SWARM_RESOLVE_NEVER,
	  0,
	  SWARM_E_INVAL,
	  "the credentials are for the registry other:5000, and image r:5000/a:1 is of another one: "
	  "the engine would send them there" },
	{ "rule 11: an update without credentials keeps those of the service",
	  { { GET, .reply = WEB },
	    { GET_ID, .reply = WEB },
	    { UPDATE, .body = "\"Hostname\":\"h\"", .reply = "{}" } },
	  "{\"hostname\":\"h\"}",
	  NULL,
	  0,
	  0,
	  0,
	  "" },
	{ "rule 13: an image without a digest is a warning",
	  { { GET, NONE_SUCH }, { CREATE, .body = "\"r:5000/a:1\"", CREATED } },
	  "{\"image\":\"r:5000/a:1\"}",
	  NULL,
	  SWARM_RESOLVE_NEVER,
	  0,
	  0,
	  UNPINNED("r:5000/a:1") },
	{ "rule 13: only where it is sent",
	  { { GET, .reply = SERVICE("r:5000/a:1", "") },
	    { GET_ID, .reply = SERVICE("r:5000/a:1", "") } },
	  "{\"image\":\"r:5000/a:1\"}",
	  NULL,
	  SWARM_RESOLVE_NEVER,
	  0,
	  0,
	  "" },
	{ "a slip is reported before the registry is asked",
	  { { GET, NONE_SUCH } },
	  "{\"image\":\"r:5000/a:1\",\"enviroment\":{}}",
	  "r:5000",
	  SWARM_RESOLVE_NEVER,
	  0,
	  SWARM_E_INVAL,
	  "enviroment: no such key, did you mean environment?" },
};

/* The warnings in one line, or the error; to be freed. */
static char *text_of(const json_t *result, const swarm_error *err)
{
	char text[1024] = "";
	json_t *warning;
	size_t i;

	if (!result)
		return strdup(err->text);
	json_array_foreach (json_object_get(result, "warnings"), i, warning) {
		size_t length = strlen(text);

		snprintf(text + length, sizeof(text) - length, "%s%s", i ? "; " : "",
			 json_string_value(warning));
	}
	return strdup(text);
}

/* Credentials go with each look-up and each write where they are given, and with nothing else. */
static void check_requests(const image_case *c, const fixture *f)
{
	for (int n = 0; n < fake_engine_requests(f->engine); n++) {
		const char *request = fake_engine_request(f->engine, n);
		bool carries = strncmp(request, "POST", 4) == 0 ||
			       strstr(request, "/distribution/");

		if (c->address && carries)
			CHECK_PART(request, "X-Registry-Auth: ");
		else
			CHECK(strstr(request, "X-Registry-Auth") == NULL);
	}
}

static void run_case(const image_case *c)
{
	swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
	json_t *service = json_loads(c->service, 0, NULL), *result = NULL, *auth = NULL;
	fixture f = setup(c->rows);
	char *text;

	test_row = c->name;
	if (c->address)
		auth = json_pack("{s:s, s:s, s:s}", "username", "u", "password", "hunter2hunter2",
				 "serveraddress", c->address);
	options.registry_auth = auth;
	options.resolve = c->resolve;
	options.flags = c->flags;
	CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err),
		  c->code);
	text = text_of(result, &f.err);
	CHECK_STR(text, c->text);
	check_requests(c, &f);
	free(text);
	json_decref(result);
	json_decref(service);
	json_decref(auth);
	teardown(&f);
}

static void each(void)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		run_case(&rules[i]);
}

TEST_MAIN(TEST(each))
