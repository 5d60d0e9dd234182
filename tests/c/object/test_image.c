/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine answers for the digest of an image, as seen on real ones, and what is said of it. */
#include "object/internal.h"
#include "test_cluster.h"

#include <jansson.h>

#define HEX "b79000000000000000000000000000000000000000000000000000000000000f"
#define LOOK_UP "GET " API "/distribution/r%3A5000/a%3A1/json"

typedef struct image_case {
	int status;
	const char *reply;
	int code;
	int http_status;
	const char *text;
} image_case;

static const image_case answers[] = {
	{ 404, "manifest unknown: manifest unknown", SWARM_E_NOT_FOUND, 404,
	  "the registry r:5000 has no image r:5000/a:1, or hides it without credentials" },
	{ 500, "Head \\\"http://r:5000/v2/a/manifests/1\\\": no basic auth credentials",
	  SWARM_E_HTTP, 401,
	  "the registry r:5000 refuses image r:5000/a:1: credentials are missing or wrong" },
	{ 500, "Head \\\"http://r:5000/v2/\\\": unauthorized: incorrect username or password",
	  SWARM_E_HTTP, 401,
	  "the registry r:5000 refuses image r:5000/a:1: credentials are missing or wrong" },
	{ 401, "unauthorized: authentication required", SWARM_E_HTTP, 401,
	  "the registry r:5000 refuses image r:5000/a:1: credentials are missing or wrong" },
	{ 403, "denied: no right to it", SWARM_E_HTTP, 401,
	  "the registry r:5000 refuses image r:5000/a:1: credentials are missing or wrong" },
	{ 500, "tls: failed to verify certificate: x509: certificate signed by unknown authority",
	  SWARM_E_HTTP, 500,
	  "put the registry's CA into /etc/docker/certs.d/r:5000/ca.crt on the managers and the workers: "
	  "tls: failed to verify certificate: x509: certificate signed by unknown authority" },
	{ 429, "toomanyrequests: the limit is reached", SWARM_E_HTTP, 429,
	  "image r:5000/a:1 could not be looked up: toomanyrequests: the limit is reached" },
	{ 500, "received unexpected HTTP status: 503 Service Unavailable", SWARM_E_HTTP, 500,
	  "image r:5000/a:1 could not be looked up: received unexpected HTTP status: 503 Service "
	  "Unavailable" },
	{ 500, "dial tcp 10.0.0.2:5000: connect: connection refused", SWARM_E_HTTP, 500,
	  "image r:5000/a:1 could not be looked up: dial tcp 10.0.0.2:5000: connect: connection refused" },
	{ 400, "invalid reference format", SWARM_E_HTTP, 400,
	  "image r:5000/a:1 could not be looked up: invalid reference format" },
};

static void refusals(void)
{
	json_t *auth = json_pack("{s:s, s:s}", "username", "u", "password", "hunter2hunter2");

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		const image_case *c = &answers[i];
		char reply[256];
		const fake_row rows[] = { { LOOK_UP, .status = c->status, .reply = reply },
					  { NULL } };
		json_t *found = NULL;
		fixture f;

		snprintf(reply, sizeof(reply), "{\"message\":\"%s\"}", c->reply);
		f = setup(rows);
		test_row = c->reply;
		CHECK_INT(swarm_image_resolve(f.client, "r:5000/a:1", auth, 0, &found, &f.err),
			  c->code);
		CHECK_STR(f.err.text, c->text);
		CHECK_INT(f.err.http_status, c->http_status);
		CHECK(found == NULL);
		teardown(&f);
	}
	json_decref(auth);
}

/* An engine waits for ever where a registry accepts a request and does not answer it. */
static void a_look_up_has_a_limit_of_its_own(void)
{
	const fake_row rows[] = { { LOOK_UP, .fault = FAKE_SILENT }, { NULL } };
	fixture f = setup(rows);
	json_t *found = NULL;

	CHECK_INT(swarm_image_resolve(f.client, "r:5000/a:1", NULL, 200, &found, &f.err),
		  SWARM_E_TIMEOUT);
	CHECK_PART(f.err.text, "image r:5000/a:1 could not be looked up");
	teardown(&f);
}

/* Refused before a request: the engine would send them to the host that the image names. */
static void credentials_of_another_registry(void)
{
	const fake_row rows[] = { { NULL } };
	json_t *auth = json_pack("{s:s, s:s, s:s}", "username", "u", "password", "hunter2hunter2",
				 "serveraddress", "other:5000");
	fixture f = setup(rows);
	json_t *found = NULL;

	CHECK_INT(swarm_image_resolve(f.client, "r:5000/a:1", auth, 0, &found, &f.err),
		  SWARM_E_INVAL);
	CHECK_STR(f.err.text,
		  "the credentials are for the registry other:5000, and image r:5000/a:1 is "
		  "of another one: the engine would send them there");
	json_decref(auth);
	teardown(&f);
}

static void malformed(void)
{
	static const char *const replies[] = { "{}", "{\"Descriptor\":{\"digest\":\"sha256:b7\"}}",
					       "{\"Descriptor\":{\"digest\":\"md5:" HEX "\"}}" };

	for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++) {
		const fake_row rows[] = { { LOOK_UP, .reply = replies[i] }, { NULL } };
		fixture f = setup(rows);
		json_t *found = NULL;

		CHECK_INT(swarm_image_resolve(f.client, "r:5000/a:1", NULL, 0, &found, &f.err),
			  SWARM_E_JSON);
		CHECK_STR(f.err.text, "Descriptor.digest: expected sha256:...");
		teardown(&f);
	}
}

TEST_MAIN(TEST(refusals), TEST(a_look_up_has_a_limit_of_its_own),
	  TEST(credentials_of_another_registry), TEST(malformed))
