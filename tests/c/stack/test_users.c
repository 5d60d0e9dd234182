/* SPDX-License-Identifier: Apache-2.0 */
/* Who uses a secret or config, and the removal of all its versions. */
#include "test_cluster.h"

#include <jansson.h>

#define LIST "GET " API "/configs?filters=%7B%22label%22%3A%5B%22libswarm.name%3Dmotd%22%5D%7D"
#define BY_NAME "GET " API "/configs/motd"
#define NONE_SUCH .status = 404, .reply = MESSAGE("config motd not found")
#define SERVICES "GET " API "/services"

#define OWN(number) "\"libswarm.name\":\"motd\",\"libswarm.version\":\"" number "\""
#define CONFIG(id, name, labels)                                                                   \
	"{\"ID\":\"" id "\",\"Spec\":{\"Name\":\"" name "\",\"Labels\":{" labels "}}}"
#define V1 CONFIG("c1", "motd-1", OWN("1"))
#define V2 CONFIG("c2", "motd-2", OWN("2"))
#define HAND CONFIG("h1", "motd", "")
#define SPEC(name, id)                                                                             \
	"{\"Name\":\"" name                                                                        \
	"\",\"TaskTemplate\":{\"ContainerSpec\":{\"Configs\":[{\"ConfigID\":\"" id "\"}]}}}"
#define WINDOWS(name, id)                                                                          \
	"{\"Name\":\"" name                                                                        \
	"\",\"TaskTemplate\":{\"ContainerSpec\":{\"Privileges\":{\"CredentialSpec\":{\"Config\":"  \
	"\"" id "\"}}}}}"
#define SERVICE(id, spec, previous)                                                                \
	"{\"ID\":\"" id "\",\"Spec\":" spec ",\"PreviousSpec\":" previous "}"
#define USER(service, id, name, object, spec)                                                      \
	"{\"id\":\"" object "\",\"name\":\"" name "\",\"service\":\"" service                      \
	"\",\"service_id\":\"" id "\",\"spec\":\"" spec "\"}"
#define DELETE(id)                                                                                 \
	{                                                                                          \
		.expect = "DELETE " API "/configs/" id, .status = 204                              \
	}

typedef struct users_case {
	const char *name;
	fake_row rows[10];
	bool removes;
	unsigned flags;
	int code;
	const char *result; /* or the error's text */
} users_case;

static const users_case table[] = {
	{ "users of each version, now and before",
	  { { LIST, .reply = "[" V1 "," V2 "]" },
	    { BY_NAME, NONE_SUCH },
	    { SERVICES,
	      .reply = "[" SERVICE("s1", SPEC("api", "c2"), SPEC("api", "c1")) "," SERVICE(
		      "s2", SPEC("web", "c1"),
		      SPEC("web", "c1")) "," SERVICE("s3", WINDOWS("win", "c2"), "null") "]" } },
	  false,
	  0,
	  0,
	  "[" USER("api", "s1", "motd-2", "c2",
		   "current") "," USER("api", "s1", "motd-1", "c1",
				       "previous") "," USER("web", "s2", "motd-1", "c1",
							    "both") "," USER("win", "s3", "motd-2",
									     "c2", "current") "]" },
	{ "nothing of this name",
	  { { LIST, .reply = "[]" }, { BY_NAME, NONE_SUCH } },
	  false,
	  0,
	  SWARM_E_NOT_FOUND,
	  "no config has the id or name 'motd'" },
	{ "all versions go, and the one of exactly this name",
	  { { LIST, .reply = "[" V1 "," V2 "]" },
	    { BY_NAME, .reply = HAND },
	    { SERVICES, .reply = "[" SERVICE("s1", SPEC("api", "x"), SPEC("api", "c1")) "]" },
	    { "GET " API "/configs/c2", .reply = V2 },
	    DELETE("c2"),
	    { "GET " API "/configs/c1", .reply = V1 },
	    DELETE("c1"),
	    { "GET " API "/configs/h1", .reply = HAND },
	    DELETE("h1") },
	  true,
	  0,
	  0,
	  "{\"removed\":[\"motd-2\",\"motd-1\",\"motd\"],\"warnings\":[\"api can no longer be "
	  "rolled back to the spec that names motd-1\"]}" },
	{ "what a dry run says of that",
	  { { LIST, .reply = "[" V2 "]" }, { BY_NAME, NONE_SUCH }, { SERVICES, .reply = "[]" } },
	  true,
	  SWARM_VERSIONED_DRY_RUN,
	  0,
	  "{\"removed\":[\"motd-2\"],\"warnings\":[]}" },
	{ "none goes while one is in use",
	  { { LIST, .reply = "[" V1 "," V2 "]" },
	    { BY_NAME, NONE_SUCH },
	    { SERVICES, .reply = "[" SERVICE("s1", SPEC("api", "c1"), "null") "," SERVICE(
				"s2", SPEC("web", "c2"), "null") "]" } },
	  true,
	  0,
	  SWARM_E_CONFLICT,
	  "config 'motd' is in use: take it out of these services first: api, web" },
	{ "absent already",
	  { { LIST, .reply = "[]" }, { BY_NAME, NONE_SUCH } },
	  true,
	  0,
	  0,
	  "{\"removed\":[],\"warnings\":[]}" },
	{ "gone meanwhile",
	  { { LIST, .reply = "[" V2 "]" },
	    { BY_NAME, NONE_SUCH },
	    { SERVICES, .reply = "[]" },
	    { "GET " API "/configs/c2", NONE_SUCH } },
	  true,
	  0,
	  0,
	  "{\"removed\":[\"motd-2\"],\"warnings\":[]}" },
};

static void each(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const users_case *c = &table[i];
		fixture f = setup(c->rows);
		json_t *result = NULL;
		char *text;

		test_row = c->name;
		CHECK_INT(c->removes ? swarm_versioned_remove(f.client, SWARM_KIND_CONFIG, "motd",
							      c->flags, 0, &result, &f.err)
				     : swarm_versioned_users(f.client, SWARM_KIND_CONFIG, "motd", 0,
							     &result, &f.err),
			  c->code);
		text = result ? json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS)
			      : strdup(f.err.text);
		CHECK_STR(text, c->result);
		free(text);
		json_decref(result);
		teardown(&f);
	}
}

TEST_MAIN(TEST(each))
