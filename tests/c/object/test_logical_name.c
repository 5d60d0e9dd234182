/* SPDX-License-Identifier: Apache-2.0 */
/* A service that names a secret by its logical name gets the version that was declared last. */
#include "test_cluster.h"

#include <jansson.h>

#define GET "GET " API "/services/web"
#define NONE_SUCH .status = 404, .reply = MESSAGE("service web not found")
#define CREATE "POST " API "/services/create"
#define SECRET(id, name, logical, number)                                                          \
	"{\"ID\":\"" id "\",\"CreatedAt\":\"2026-11-29T12:00:00Z\",\"Spec\":{\"Name\":\"" name     \
	"\",\"Labels\":{\"libswarm.name\":\"" logical "\",\"libswarm.version\":\"" number "\"}}}"
#define BY_HAND(id, name) "{\"ID\":\"" id "\",\"Spec\":{\"Name\":\"" name "\"}}"
#define REFERENCE(id, name)                                                                        \
	"{\"SecretName\":\"" name "\",\"SecretID\":\"" id                                          \
	"\",\"File\":{\"Name\":\"db\",\"UID\":\"0\",\"GID\":\"0\",\"Mode\":292}}"

typedef struct name_case {
	const char *name;
	const char *secrets;
	const char *body; /* in the service that is created; NULL: there is no such secret */
} name_case;

static const name_case table[] = {
	{ "the newest version by its number, whatever the order",
	  "[" SECRET("x9", "db-c", "db", "9") "," SECRET("x10", "db-a", "db", "10") "," SECRET(
		  "x2", "db-b", "db", "2") "]",
	  REFERENCE("x10", "db-a") },
	{ "another name that begins alike is another one",
	  "[" SECRET("x1", "db-a", "db", "1") "," SECRET("x2", "db-b-c", "db-b", "7") "]",
	  REFERENCE("x1", "db-a") },
	{ "one of exactly this name that was made by hand means itself",
	  "[" BY_HAND("h1", "db") "," SECRET("x1", "db-a", "db", "1") "]", REFERENCE("h1", "db") },
	{ "one that was adopted is the oldest version",
	  "[" SECRET("h1", "db", "db", "1") "," SECRET("x1", "db-a", "db", "2") "]",
	  REFERENCE("x1", "db-a") },
	{ "a number that is none comes last",
	  "[" SECRET("x1", "db-a", "db", "1234567890123") "," SECRET("x2", "db-b", "db", "1") "]",
	  REFERENCE("x2", "db-b") },
	{ "there is none", "[" SECRET("x1", "db-a", "dba", "1") "]", NULL },
};

static void each(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const fake_row rows[] = {
			{ "GET " API "/secrets", .reply = table[i].secrets },
			{ GET, NONE_SUCH },
			{ table[i].body ? CREATE : NULL, .body = table[i].body, .status = 201,
			  .reply = "{\"ID\":\"s1\"}" },
			{ NULL },
		};
		swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
		json_t *service = json_pack("{s:s, s:[s]}", "image", "nginx:1", "secrets", "db");
		json_t *result = NULL;
		fixture f = setup(rows);

		test_row = table[i].name;
		options.resolve = SWARM_RESOLVE_NEVER;
		CHECK_INT(swarm_service_apply(f.client, "web", service, &options, &result, &f.err),
			  table[i].body ? 0 : SWARM_E_INVAL);
		if (!table[i].body)
			CHECK_PART(f.err.text, "secret 'db' does not exist in the swarm");
		json_decref(result);
		json_decref(service);
		teardown(&f);
	}
}

TEST_MAIN(TEST(each))
