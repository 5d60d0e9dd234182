/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of a registry: to which images they go, and new ones for all services of it. */
#include "object/internal.h"
#include "test_cluster.h"

#include <jansson.h>

#define HEX "b79000000000000000000000000000000000000000000000000000000000000f"
#define FOUND "{\"Descriptor\":{\"digest\":\"sha256:" HEX "\"}}"
#define SERVICES "GET " API "/services"
#define LOOK_UP(image) "GET " API "/distribution/" image "/json"
#define SERVICE(id, name, image, labels, mode)                                                     \
	"{\"ID\":\"" id "\",\"Version\":{\"Index\":5},\"Spec\":{\"Name\":\"" name                  \
	"\",\"Labels\":{" labels "},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"" image       \
	"\"}},\"Mode\":{" mode "}}}"
#define RUNS "\"Replicated\":{}"
#define WEB SERVICE("s1", "web", "r:5000/a:1@sha256:" HEX, "", RUNS)
#define DONE SERVICE("s2", "done", "r:5000/b", "\"libswarm.registry_auth\":\"2\"", RUNS)
#define OLD SERVICE("s3", "old", "r:5000/c", "\"libswarm.registry_auth\":\"1\"", RUNS)
#define JOB SERVICE("s4", "job", "r:5000/d", "", "\"ReplicatedJob\":{}")
#define ELSEWHERE SERVICE("s5", "other", "r/a:1", "", RUNS)
#define UPDATE(id) "POST " API "/services/" id "/update?version=5"
#define LABEL "\"libswarm.registry_auth\":\"2\""

typedef struct login_case {
	const char *name;
	fake_row rows[12];
	unsigned flags;
	int code;
	const char *result; /* or the error's text */
} login_case;

static const login_case logins[] = {
	{ "each service of the registry once, and no job",
	  { { SERVICES, .reply = "[" WEB "," DONE "," OLD "," JOB "," ELSEWHERE "]" },
	    { LOOK_UP("r%3A5000/d"), .reply = FOUND },
	    { "GET " API "/services/s3", .reply = OLD },
	    { "GET " API "/services/s3", .reply = OLD },
	    { UPDATE("s3"), .body = LABEL, .reply = "{}" },
	    { "GET " API "/services/s3", .reply = STORED },
	    { "GET " API "/services/s1", .reply = WEB },
	    { "GET " API "/services/s1", .reply = WEB },
	    { UPDATE("s1"), .body = LABEL, .reply = "{}" },
	    { "GET " API "/services/s1", .reply = STORED } },
	  0,
	  0,
	  "{\"services\":[\"old\",\"web\"],\"skipped\":[\"job\"]}" },
	{ "ahead",
	  { { SERVICES, .reply = "[" WEB "," DONE "," JOB "]" },
	    { LOOK_UP("r%3A5000/d"), .reply = FOUND } },
	  SWARM_REGISTRY_DRY_RUN,
	  0,
	  "{\"services\":[\"web\"],\"skipped\":[\"job\"]}" },
	{ "all have them",
	  { { SERVICES, .reply = "[" DONE "," ELSEWHERE "]" } },
	  0,
	  0,
	  "{\"services\":[],\"skipped\":[]}" },
	{ "wrong ones go nowhere",
	  { { SERVICES, .reply = "[" WEB "]" },
	    { LOOK_UP("r%3A5000/a%3A1%40sha256%3A" HEX), .status = 401,
	      .reply = MESSAGE("unauthorized: authentication required") } },
	  0,
	  SWARM_E_HTTP,
	  "the registry r:5000 refuses image r:5000/a:1@sha256:" HEX
	  ": credentials are missing or wrong" },
	{ "an image that is gone says nothing of them",
	  { { SERVICES, .reply = "[" OLD "," WEB "]" },
	    { LOOK_UP("r%3A5000/c"), .status = 404, .reply = MESSAGE("manifest unknown") },
	    { LOOK_UP("r%3A5000/a%3A1%40sha256%3A" HEX), .reply = FOUND } },
	  SWARM_REGISTRY_DRY_RUN,
	  0,
	  "{\"services\":[\"old\",\"web\"],\"skipped\":[]}" },
	{ "a service that was removed meanwhile",
	  { { SERVICES, .reply = "[" WEB "]" },
	    { LOOK_UP("r%3A5000/a%3A1%40sha256%3A" HEX), .reply = FOUND },
	    { "GET " API "/services/s1", .status = 404, .reply = MESSAGE("service not found") } },
	  0,
	  0,
	  "{\"services\":[],\"skipped\":[]}" },
};

static void login(void)
{
	json_t *auth = json_pack("{s:s, s:s}", "username", "u", "password", "hunter2hunter2");

	for (size_t i = 0; i < sizeof(logins) / sizeof(*logins); i++) {
		const login_case *c = &logins[i];
		fixture f = setup(c->rows);
		json_t *result = NULL;
		char *text;

		test_row = c->name;
		CHECK_INT(swarm_registry_login(f.client, "r:5000", auth, "2", c->flags, 0, &result,
					       &f.err),
			  c->code);
		text = result ? json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS)
			      : strdup(f.err.text);
		CHECK_STR(text, c->result);
		for (int n = 0; n < fake_engine_requests(f.engine); n++)
			if (strncmp(fake_engine_request(f.engine, n), "POST", 4) == 0)
				CHECK_PART(fake_engine_request(f.engine, n), "X-Registry-Auth: ");
		free(text);
		json_decref(result);
		teardown(&f);
	}
	json_decref(auth);
}

static void arguments(void)
{
	const fake_row rows[] = { { NULL } };
	json_t *auth = json_pack("{s:s}", "identitytoken", "x"), *list = json_array(),
	       *result = NULL;
	fixture f = setup(rows);
	char longest[400];

	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	CHECK_INT(swarm_registry_login(NULL, "r", auth, "1", 0, 0, &result, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_registry_login(f.client, "", auth, "1", 0, 0, &result, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_registry_login(f.client, "r", NULL, "1", 0, 0, &result, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_registry_login(f.client, "r", list, "1", 0, 0, &result, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_registry_login(f.client, "r", auth, "", 0, 0, &result, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_registry_login(f.client, "r", auth, longest, 0, 0, &result, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_registry_login(f.client, "r", auth, "1", 0, 0, NULL, NULL), SWARM_E_INVAL);
	CHECK(result == NULL);
	json_decref(auth);
	json_decref(list);
	teardown(&f);
}

static void registries(void)
{
	static const struct {
		const char *image, *registry;
		bool is_of;
	} table[] = {
		{ "nginx", "docker.io", true },
		{ "team/app:1", "docker.io", true },
		{ "docker.io/team/app", "index.docker.io", true },
		{ "r:5000/app", "docker.io", false },
		{ "r:5000/app", "r:5000", true },
		{ "r:5000/app", "r", false },
		{ "r.example/app", "r.example:5000", false },
		{ "localhost/app", "localhost", true },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		test_row = table[i].image;
		CHECK_INT(swarm__image_is_of(table[i].image, table[i].registry), table[i].is_of);
	}
}

/* The engine would send them to whatever host the image names. */
static void credentials_of_another_registry(void)
{
	static const struct {
		const char *image, *address;
		bool good;
	} table[] = {
		{ "nginx", "https://index.docker.io/v1/", true },
		{ "r:5000/app", "https://r:5000/v2/", true },
		{ "r:5000/app", "r:5000", true },
		{ "r:5000/app", "", true },
		{ "r:5000/app", "https://index.docker.io/v1/", false },
		{ "nginx", "r:5000", false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		json_t *auth = json_pack("{s:s}", "serveraddress", table[i].address);
		swarm_error err = SWARM_ERROR_INIT;

		test_row = table[i].address;
		CHECK_INT(swarm__image_check_auth(table[i].image, auth, &err),
			  table[i].good ? 0 : SWARM_E_INVAL);
		CHECK_PART(err.text, table[i].good ? "" : "the engine would send them there");
		json_decref(auth);
	}
}

TEST_MAIN(TEST(login), TEST(arguments), TEST(registries), TEST(credentials_of_another_registry))
