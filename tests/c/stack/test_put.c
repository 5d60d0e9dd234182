/* SPDX-License-Identifier: Apache-2.0 */
/* A declared secret or config: made, found again, changed under services that use it, and refused. */
#include "test_cluster.h"

#include <jansson.h>

#define LIST(kind) "GET " API "/" kind "?filters=%7B%22label%22%3A%5B%22libswarm.name%3Ddb%22%5D%7D"
#define SECRETS LIST("secrets")
#define BY_NAME "GET " API "/secrets/db"
#define NONE_SUCH .status = 404, .reply = MESSAGE("secret db not found")
#define CREATE "POST " API "/secrets/create"
#define SERVICES "GET " API "/services"
#define CREATED .status = 201, .reply = "{\"ID\":\"new1\"}"

/* HMAC of the base64 of "one" and of "two" under "key". */
#define ONE "55db490e4017f803bfbc0bbf34ab7ac45325891ab7ba7ed6274547b485d1db03"
#define TWO "6dc3cb593ff634d70a4ef2f09ba9de26eb407a12e929bbd3770b01ec2df638da"
#define DB_ONE "db-55db490e4017"
#define DB_TWO "db-6dc3cb593ff6"

#define OBJECT(id, name, labels)                                                                   \
	"{\"ID\":\"" id "\",\"Version\":{\"Index\":3},\"Spec\":{\"Name\":\"" name                  \
	"\",\"Labels\":{" labels "}}}"
#define OWN(hash, number, more)                                                                    \
	"\"libswarm.name\":\"db\",\"libswarm.hash\":\"" hash "\",\"libswarm.version\":\"" number   \
	"\"" more
#define V1 OBJECT("x1", DB_ONE, OWN(ONE, "1", ""))
#define V2 OBJECT("x2", DB_TWO, OWN(TWO, "2", ""))

#define REFERENCE(id, name)                                                                        \
	"{\"SecretID\":\"" id "\",\"SecretName\":\"" name                                          \
	"\",\"File\":{\"Name\":\"pw\",\"UID\":\"7\",\"GID\":\"8\",\"Mode\":256}}"
#define SPEC(name, id, secret, more)                                                               \
	"{\"Name\":\"" name "\",\"Labels\":{" more                                                 \
	"},\"TaskTemplate\":{\"ContainerSpec\":{\"Secrets\":[" REFERENCE(                          \
		id, secret) "]}},"                                                                 \
			    "\"Mode\":{\"Replicated\":{\"Replicas\":0}}}"
#define SERVICE(spec, more) "{\"ID\":\"s1\",\"Version\":{\"Index\":5},\"Spec\":" spec more "}"
#define PREVIOUS(spec) ",\"PreviousSpec\":" spec
#define STATUS(state) ",\"UpdateStatus\":{\"State\":\"" state "\",\"Message\":\"why\"}"
#define ON_ONE(more) SPEC("web", "x1", DB_ONE, more)
#define ON_TWO(more) SPEC("web", "x2", DB_TWO, more)
#define JOB                                                                                        \
	"{\"Name\":\"job\",\"TaskTemplate\":{\"ContainerSpec\":{\"Secrets\":[" REFERENCE(          \
		"x1", DB_ONE) "]}},\"Mode\":{\"ReplicatedJob\":{}}}"

#define GET_SERVICE "GET " API "/services/s1"
#define MOVE "POST " API "/services/s1/update?version=5"
#define BACK "POST " API "/services/s1/update?version=5&rollback=previous"
#define TASKS                                                                                      \
	"GET " API "/tasks?filters=%7B%22service%22%3A%5B%22s1%22%5D%2C%22_up-to-date%22%3A%5B%22" \
	"true%22%5D%7D"
#define NODES "GET " API "/nodes"
/* One look of the wait for a service. */
#define LOOK(service)                                                                              \
	{ GET_SERVICE, .reply = service }, { TASKS, .reply = "[]" },                               \
	{                                                                                          \
		NODES, .reply = "[{\"ID\":\"n1\"}]"                                                \
	}

#define CURRENT(old, new) "\"current\":{\"new\":\"" new "\",\"old\":" old "}"
#define MOVED(old, new) "\"services\":{\"web\":{\"new\":\"" new "\",\"old\":\"" old "\"}}"
#define RESULT_OF(action, changes, failed, id, name, warnings)                                     \
	"{\"action\":\"" action "\",\"changes\":{" changes "},\"failed\":" failed ",\"id\":\"" id  \
	"\",\"name\":\"" name "\",\"warnings\":[" warnings "]}"
#define RESULT(action, changes, id, name) RESULT_OF(action, changes, "null", id, name, "")

typedef struct put_case {
	const char *name;
	fake_row rows[24];
	const char *content;
	unsigned flags;
	size_t keep;
	const char *labels; /* JSON, or NULL */
	int code;
	const char *result; /* or the error's text */
} put_case;

static const put_case secrets[] = {
	{ "the first version",
	  { { SECRETS, .reply = "[]" },
	    { BY_NAME, NONE_SUCH },
	    { CREATE,
	      .body = "{\"Name\":\"" DB_ONE "\",\"Labels\":{\"owner\":\"web\",\"libswarm.name\":"
		      "\"db\",\"libswarm.hash\":\"" ONE
		      "\",\"libswarm.version\":\"1\"},\"Data\":\"b25l\"}",
	      CREATED },
	    { SECRETS, .reply = "[" V1 "]" } },
	  "one",
	  0,
	  1,
	  "{\"owner\":\"web\"}",
	  0,
	  RESULT("create", CURRENT("null", DB_ONE), "x1", DB_ONE) },
	{ "what a dry run says of it",
	  { { SECRETS, .reply = "[]" }, { BY_NAME, NONE_SUCH } },
	  "one",
	  SWARM_VERSIONED_DRY_RUN,
	  1,
	  NULL,
	  0,
	  RESULT("create", CURRENT("null", DB_ONE), "", DB_ONE) },
	{ "nothing differs",
	  { { SECRETS, .reply = "[" V1 "]" } },
	  "one",
	  0,
	  1,
	  NULL,
	  0,
	  RESULT("none", "", "x1", DB_ONE) },
	{ "another of the same prefix is not ours",
	  { { SECRETS, .reply = "[" OBJECT("x9", "db-variant",
					   "\"libswarm.name\":\"db-variant\"") "," V1 "]" } },
	  "one",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT("none", "", "x1", DB_ONE) },
	{ "labels in place, and what others set stays",
	  { { SECRETS, .reply = "[" OBJECT("x1", DB_ONE, OWN(ONE, "1", ",\"hand\":\"made\"")) "]" },
	    { "GET " API "/secrets/x1",
	      .reply = OBJECT("x1", DB_ONE, OWN(ONE, "1", ",\"hand\":\"made\"")) },
	    { "GET " API "/secrets/x1",
	      .reply = OBJECT("x1", DB_ONE, OWN(ONE, "1", ",\"hand\":\"made\"")) },
	    { "POST " API "/secrets/x1/update?version=3",
	      .body = "\"hand\":\"made\",\"owner\":\"web\"}", .reply = "" },
	    { "GET " API "/secrets/x1", .reply = STORED } },
	  "one",
	  0,
	  1,
	  "{\"owner\":\"web\",\"gone\":null}",
	  0,
	  RESULT("update", "\"labels\":{\"owner\":{\"new\":\"web\",\"old\":null}}", "x1", DB_ONE) },
	{ "another manager was first",
	  { { SECRETS, .reply = "[]" },
	    { BY_NAME, NONE_SUCH },
	    { CREATE, .status = 409, .reply = MESSAGE("name conflict") },
	    { SECRETS, .reply = "[" V1 "]" } },
	  "one",
	  0,
	  1,
	  NULL,
	  0,
	  RESULT("create", CURRENT("null", DB_ONE), "x1", DB_ONE) },
	{ "a foreign one has the name of the version",
	  { { SECRETS, .reply = "[]" },
	    { BY_NAME, NONE_SUCH },
	    { CREATE, .status = 409, .reply = MESSAGE("name conflict") },
	    { SECRETS, .reply = "[]" } },
	  "one",
	  0,
	  1,
	  NULL,
	  SWARM_E_CONFLICT,
	  "secret '" DB_ONE "' exists and is not managed: adopt it, or remove it, or choose "
	  "another name" },
	{ "one made by hand stays beside it",
	  { { SECRETS, .reply = "[]" },
	    { BY_NAME, .reply = OBJECT("h1", "db", "") },
	    { CREATE, .body = DB_ONE, CREATED },
	    { SECRETS, .reply = "[" V1 "]" } },
	  "one",
	  0,
	  1,
	  NULL,
	  0,
	  RESULT_OF("create", CURRENT("null", DB_ONE), "null", "x1", DB_ONE,
		    "\"secret 'db' exists beside it and is not managed: its services are left as "
		    "they are unless it is adopted\"") },
	{ "one made by hand is adopted",
	  { { SECRETS, .reply = "[]" },
	    { BY_NAME, .reply = OBJECT("h1", "db", "\"hand\":\"made\"") },
	    { "GET " API "/secrets/h1", .reply = OBJECT("h1", "db", "\"hand\":\"made\"") },
	    { "GET " API "/secrets/h1", .reply = OBJECT("h1", "db", "\"hand\":\"made\"") },
	    { "POST " API "/secrets/h1/update?version=3",
	      .body = "{\"hand\":\"made\",\"libswarm.name\":\"db\",\"libswarm.hash\":\"" ONE
		      "\",\"libswarm.version\":\"1\"}",
	      .reply = "" },
	    { "GET " API "/secrets/h1", .reply = STORED } },
	  "one",
	  SWARM_VERSIONED_ADOPT,
	  1,
	  NULL,
	  0,
	  RESULT("adopt", CURRENT("null", "db"), "h1", "db") },
	{ "moved and waited for; the older version stays to roll back to",
	  { { SECRETS, .reply = "[" V1 "]" },
	    { CREATE, .body = "\"libswarm.version\":\"2\"", CREATED },
	    { SECRETS, .reply = "[" V1 "," V2 "]" },
	    { SERVICES, .reply = "[" SERVICE(ON_ONE(""), "") "]" },
	    { GET_SERVICE, .reply = SERVICE(ON_ONE(""), "") },
	    { MOVE,
	      .body = "{\"SecretID\":\"x2\",\"SecretName\":\"" DB_TWO
		      "\",\"File\":{\"Name\":\"pw\",\"UID\":\"7\",\"GID\":\"8\",\"Mode\":256}}",
	      .reply = "{}" },
	    LOOK(SERVICE(ON_TWO(""), PREVIOUS(ON_ONE("")) STATUS("completed"))),
	    { SERVICES, .reply = "[" SERVICE(ON_TWO(""), PREVIOUS(ON_ONE(""))) "]" } },
	  "two",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT("create", CURRENT("\"" DB_ONE "\"", DB_TWO) "," MOVED(DB_ONE, DB_TWO), "x2",
		 DB_TWO) },
	{ "what a dry run says of that",
	  { { SECRETS, .reply = "[" V1 "]" },
	    { SERVICES, .reply = "[" SERVICE(ON_ONE(""), "") "]" } },
	  "two",
	  SWARM_VERSIONED_DRY_RUN,
	  0,
	  NULL,
	  0,
	  RESULT("create", CURRENT("\"" DB_ONE "\"", DB_TWO) "," MOVED(DB_ONE, DB_TWO), "",
		 DB_TWO) },
	{ "an older version that none names is removed",
	  { { SECRETS, .reply = "[" V1 "," V2 "]" },
	    { SERVICES, .reply = "[" SERVICE(ON_TWO(""), "") "]" },
	    { "GET " API "/secrets/x1", .reply = V1 },
	    { .expect = "DELETE " API "/secrets/x1", .status = 204 } },
	  "two",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT("update", "\"removed\":[\"" DB_ONE "\"]", "x2", DB_TWO) },
	{ "and one of them is kept",
	  { { SECRETS, .reply = "[" V1 "," V2 "]" },
	    { SERVICES, .reply = "[" SERVICE(ON_TWO(""), "") "]" } },
	  "two",
	  0,
	  1,
	  NULL,
	  0,
	  RESULT("none", "", "x2", DB_TWO) },
	{ "a removal that another's use prevents is not a failure",
	  { { SECRETS, .reply = "[" V1 "," V2 "]" },
	    { SERVICES, .reply = "[]" },
	    { "GET " API "/secrets/x1", .reply = V1 },
	    { .expect = "DELETE " API "/secrets/x1",
	      .status = 400,
	      .reply = MESSAGE("secret is in use by web") } },
	  "two",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT_OF("none", "", "null", "x2", DB_TWO,
		    "\"" DB_ONE " stays: secret is in use by web\"") },
	{ "back to an older version",
	  { { SECRETS, .reply = "[" V1 "," V2 "]" },
	    { "GET " API "/secrets/x1", .reply = V1 },
	    { "GET " API "/secrets/x1", .reply = V1 },
	    { "POST " API "/secrets/x1/update?version=3", .body = "\"libswarm.version\":\"3\"",
	      .reply = "" },
	    { "GET " API "/secrets/x1", .reply = STORED },
	    { SERVICES, .reply = "[]" } },
	  "one",
	  0,
	  1,
	  NULL,
	  0,
	  RESULT("return", CURRENT("\"" DB_TWO "\"", DB_ONE), "x1", DB_ONE) },
	{ "a job is not run again",
	  { { SECRETS, .reply = "[" V1 "," V2 "]" },
	    { SERVICES, .reply = "[" SERVICE(JOB, "") "]" } },
	  "two",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT_OF("none", "", "null", "x2", DB_TWO,
		    "\"the job job keeps the older version of db: a change would run it again\"") },
	{ "a stack's service is spared",
	  { { SECRETS, .reply = "[" V1 "," V2 "]" },
	    { SERVICES,
	      .reply = "[" SERVICE(ON_ONE("\"com.docker.stack.namespace\":\"shop\""), "") "]" } },
	  "two",
	  SWARM_VERSIONED_SPARE_STACKS,
	  0,
	  NULL,
	  0,
	  RESULT("none", "", "x2", DB_TWO) },
	{ "rolled back, and noted at the version",
	  { { SECRETS, .reply = "[" V1 "," V2 "]" },
	    { SERVICES, .reply = "[" SERVICE(ON_ONE(""), "") "]" },
	    { GET_SERVICE, .reply = SERVICE(ON_ONE(""), "") },
	    { MOVE, .reply = "{}" },
	    LOOK(SERVICE(ON_TWO(""), PREVIOUS(ON_ONE("")) STATUS("paused"))),
	    { GET_SERVICE, .reply = SERVICE(ON_TWO(""), PREVIOUS(ON_ONE(""))) },
	    { GET_SERVICE, .reply = SERVICE(ON_TWO(""), PREVIOUS(ON_ONE(""))) },
	    { BACK, .reply = "{}" },
	    { GET_SERVICE, .reply = STORED },
	    LOOK(SERVICE(ON_ONE(""), PREVIOUS(ON_TWO("")) STATUS("rollback_completed"))),
	    { GET_SERVICE, .reply = SERVICE(ON_ONE(""), "") },
	    { "GET " API "/secrets/x2", .reply = V2 },
	    { "GET " API "/secrets/x2", .reply = V2 },
	    { "POST " API "/secrets/x2/update?version=3", .body = "\"libswarm.refused\":\"s1:5\"",
	      .reply = "" },
	    { "GET " API "/secrets/x2", .reply = STORED } },
	  "two",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT_OF("update", MOVED(DB_ONE, DB_TWO),
		    "{\"reason\":\"the update was paused: why\",\"rolled_back\":true,\"service\":"
		    "\"web\"}",
		    "x2", DB_TWO, "") },
	{ "not sent again while nothing has changed",
	  { { SECRETS, .reply = "[" V1 "," OBJECT(
			       "x2", DB_TWO, OWN(TWO, "2", ",\"libswarm.refused\":\"s1:5\"")) "]" },
	    { SERVICES, .reply = "[" SERVICE(ON_ONE(""), "") "]" } },
	  "two",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT_OF("none", "",
		    "{\"reason\":\"it went back from this version before, and did not change "
		    "since: change the service or the content, or retry\",\"rolled_back\":true,"
		    "\"service\":\"web\"}",
		    "x2", DB_TWO, "") },
	{ "cut off after the move: the wait goes on",
	  { { SECRETS, .reply = "[" V1 "," V2 "]" },
	    { SERVICES,
	      .reply = "[" SERVICE(ON_TWO(""), PREVIOUS(ON_ONE("")) STATUS("updating")) "]" },
	    LOOK(SERVICE(ON_TWO(""), PREVIOUS(ON_ONE("")) STATUS("completed"))) },
	  "two",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT("none", "", "x2", DB_TWO) },
	{ "nothing goes back because the managers could not be asked",
	  { { SECRETS, .reply = "[" V1 "," V2 "]" },
	    { SERVICES, .reply = "[" SERVICE(ON_ONE(""), "") "]" },
	    { GET_SERVICE, .reply = SERVICE(ON_ONE(""), "") },
	    { MOVE, .reply = "{}" },
	    { GET_SERVICE, .status = 403, .reply = MESSAGE("no") } },
	  "two",
	  0,
	  0,
	  NULL,
	  0,
	  RESULT_OF("update", MOVED(DB_ONE, DB_TWO),
		    "{\"reason\":\"no\",\"rolled_back\":false,\"service\":\"web\"}", "x2", DB_TWO,
		    "") },
	{ "a fixed name in use",
	  { { SECRETS, .reply = "[" OBJECT("x1", "db", OWN(ONE, "1", "")) "]" },
	    { SERVICES,
	      .reply = "[" SERVICE(SPEC("api", "x9", "other", ""),
				   PREVIOUS(SPEC("api", "x1", "db",
						 ""))) "," SERVICE(SPEC("web", "x1", "db", ""),
								   "") "]" } },
	  "two",
	  SWARM_VERSIONED_FIXED_NAME,
	  1,
	  NULL,
	  SWARM_E_CONFLICT,
	  "the content of secret 'db' differs, and under a fixed name it cannot change while "
	  "services name it: api (to roll back to), web" },
	{ "a fixed name that nobody uses",
	  { { SECRETS, .reply = "[" OBJECT("x1", "db", OWN(ONE, "1", "")) "]" },
	    { SERVICES, .reply = "[]" },
	    { "GET " API "/secrets/x1", .reply = OBJECT("x1", "db", OWN(ONE, "1", "")) },
	    { .expect = "DELETE " API "/secrets/x1", .status = 204 },
	    { CREATE, .body = "{\"Name\":\"db\"", CREATED },
	    { SECRETS, .reply = "[" OBJECT("x3", "db", OWN(TWO, "2", "")) "]" } },
	  "two",
	  SWARM_VERSIONED_FIXED_NAME,
	  1,
	  NULL,
	  0,
	  RESULT("replace", CURRENT("\"db\"", "db"), "x3", "db") },
	{ "a fixed name that is another's",
	  { { SECRETS, .reply = "[]" }, { BY_NAME, .reply = OBJECT("h1", "db", "") } },
	  "one",
	  SWARM_VERSIONED_FIXED_NAME,
	  1,
	  NULL,
	  SWARM_E_CONFLICT,
	  "secret 'db' exists and is not managed: adopt it, or remove it, or choose another name" },
};

#define CONFIGS LIST("configs")
#define CONFIG(id, name, labels, data)                                                             \
	"{\"ID\":\"" id "\",\"Version\":{\"Index\":3},\"Spec\":{\"Name\":\"" name                  \
	"\",\"Labels\":{" labels "},\"Data\":\"" data "\"}}"

static const put_case configs[] = {
	{ "found by its content under another key",
	  { { CONFIGS, .reply = "[" CONFIG("c1", "db-77", OWN("77", "1", ""), "b25l") "]" } },
	  "one",
	  0,
	  1,
	  NULL,
	  0,
	  RESULT("none", "", "c1", "db-77") },
	{ "made by hand with the same content: adopted without a word",
	  { { CONFIGS, .reply = "[]" },
	    { "GET " API "/configs/db", .reply = CONFIG("h1", "db", "", "b25l") },
	    { "GET " API "/configs/h1", .reply = CONFIG("h1", "db", "", "b25l") },
	    { "GET " API "/configs/h1", .reply = CONFIG("h1", "db", "", "b25l") },
	    { "POST " API "/configs/h1/update?version=3", .body = "\"libswarm.version\":\"1\"",
	      .reply = "" },
	    { "GET " API "/configs/h1", .reply = STORED } },
	  "one",
	  0,
	  1,
	  NULL,
	  0,
	  RESULT("adopt", CURRENT("null", "db"), "h1", "db") },
	{ "made by hand with other content: an older version",
	  { { CONFIGS, .reply = "[]" },
	    { "GET " API "/configs/db", .reply = CONFIG("h1", "db", "", "dHdv") },
	    { "GET " API "/configs/h1", .reply = CONFIG("h1", "db", "", "dHdv") },
	    { "GET " API "/configs/h1", .reply = CONFIG("h1", "db", "", "dHdv") },
	    { "POST " API "/configs/h1/update?version=3",
	      .body = "\"Labels\":{\"libswarm.name\":\"db\",\"libswarm.version\":\"1\"}",
	      .reply = "" },
	    { "GET " API "/configs/h1", .reply = STORED },
	    { CONFIGS, .reply = "[" CONFIG("h1", "db", OWN("", "1", ""), "dHdv") "]" },
	    { "POST " API "/configs/create", .body = "\"libswarm.version\":\"2\"", CREATED },
	    { CONFIGS, .reply = "[" CONFIG("h1", "db", OWN("", "1", ""), "dHdv") "," CONFIG(
			       "c2", DB_ONE, OWN(ONE, "2", ""), "b25l") "]" },
	    { SERVICES, .reply = "[]" } },
	  "one",
	  SWARM_VERSIONED_ADOPT,
	  1,
	  NULL,
	  0,
	  RESULT("create", CURRENT("\"db\"", DB_ONE), "c2", DB_ONE) },
	{ "what a dry run says of that",
	  { { CONFIGS, .reply = "[]" },
	    { "GET " API "/configs/db", .reply = CONFIG("h1", "db", "", "dHdv") },
	    { SERVICES, .reply = "[]" } },
	  "one",
	  SWARM_VERSIONED_ADOPT | SWARM_VERSIONED_DRY_RUN,
	  1,
	  NULL,
	  0,
	  RESULT("create", CURRENT("\"db\"", DB_ONE), "", DB_ONE) },
};

static void run_case(swarm_kind kind, const put_case *c)
{
	swarm_versioned what = SWARM_VERSIONED_INIT;
	json_t *labels = c->labels ? json_loads(c->labels, 0, NULL) : NULL, *result = NULL;
	fixture f = setup(c->rows);
	char *text;

	test_row = c->name;
	what.name = "db";
	what.data = c->content;
	what.data_size = strlen(c->content);
	what.key = "key";
	what.key_size = 3;
	what.flags = c->flags;
	what.keep = c->keep;
	what.labels = labels;
	CHECK_INT(swarm_versioned_put(f.client, kind, &what, &result, &f.err), c->code);
	text = result ? json_dumps(result, JSON_COMPACT | JSON_SORT_KEYS) : strdup(f.err.text);
	CHECK_STR(text, c->result);
	free(text);
	json_decref(result);
	json_decref(labels);
	teardown(&f);
}

static void each_secret(void)
{
	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
		run_case(SWARM_KIND_SECRET, &secrets[i]);
}

static void each_config(void)
{
	for (size_t i = 0; i < sizeof(configs) / sizeof(*configs); i++)
		run_case(SWARM_KIND_CONFIG, &configs[i]);
}

/* --- what goes into the hash, and what is refused ------------------------------------------------ */

static char *name_of(swarm_versioned *what, const fake_row *rows)
{
	json_t *result = NULL;
	fixture f = setup(rows);
	char *name = NULL;

	what->flags |= SWARM_VERSIONED_DRY_RUN;
	if (CHECK_INT(swarm_versioned_put(f.client, SWARM_KIND_SECRET, what, &result, &f.err), 0))
		name = strdup(json_string_value(json_object_get(result, "name")));
	json_decref(result);
	teardown(&f);
	return name ? name : strdup("");
}

static void the_hash_is_of_all_of_it(void)
{
	static const fake_row rows[] = { { SECRETS, .reply = "[]" },
					 { BY_NAME, NONE_SUCH },
					 { NULL } };
	static const fake_row with_info[] = {
		{ INFO, .reply = "{\"Swarm\":{\"LocalNodeState\":\"active\",\"ControlAvailable\":"
				 "true,\"NodeID\":\"m1\",\"Cluster\":{\"ID\":\"c1\"}}}" },
		{ SECRETS, .reply = "[]" },
		{ BY_NAME, NONE_SUCH },
		{ NULL },
	};
	json_t *driver = json_pack("{s:s}", "Name", "vault");
	swarm_versioned what = SWARM_VERSIONED_INIT;
	char *names[4];

	what.name = "db";
	what.data = "one";
	what.data_size = 3;
	what.key = "key";
	what.key_size = 3;
	names[0] = name_of(&what, rows);
	what.template_driver = "golang";
	names[1] = name_of(&what, rows);
	what.template_driver = NULL;
	what.key = NULL;
	names[2] = name_of(&what, with_info);
	what.key = "key";
	what.data = NULL;
	what.driver = driver;
	names[3] = name_of(&what, rows);
	CHECK_STR(names[0], DB_ONE);
	CHECK_STR(names[1], "db-7d5be04adf20");
	CHECK_STR(names[2], "db-e2b50783209e");
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < i; j++)
			CHECK(strcmp(names[i], names[j]) != 0);
	for (int i = 0; i < 4; i++)
		free(names[i]);
	json_decref(driver);
}

typedef struct bad_case {
	const char *name;
	const char *secret_name;
	size_t size;
	const char *labels;
	const char *text;
} bad_case;

#define LONG_NAME "a234567890123456789012345678901234567890123456789012"

static const bad_case bad[] = {
	{ "empty", "db", 0, NULL, "data must be 1 to 511999 bytes, not 0" },
	{ "too large", "db", 512000, NULL, "data must be 1 to 511999 bytes, not 512000" },
	{ "no name", "", 3, NULL,
	  "the name of a secret must be 1 to 51 letters, digits, '-', '_' and '.', and begin and end "
	  "with a letter or digit" },
	{ "no room for the hash", LONG_NAME, 3, NULL,
	  "the name of a secret must be 1 to 51 letters, digits, '-', '_' and '.', and begin and end "
	  "with a letter or digit" },
	{ "a blank", "d b", 3, NULL,
	  "the name of a secret must be 1 to 51 letters, digits, '-', '_' and '.', and begin and end "
	  "with a letter or digit" },
	{ "a label that is not a string", "db", 3, "{\"a\":1}", "label 'a' must be a string" },
	{ "a label of ours", "db", 3, "{\"libswarm.hash\":\"x\"}",
	  "label 'libswarm.hash' is one of the library's own: choose a name that does not begin "
	  "with 'libswarm.'" },
};

static void refused(void)
{
	static const fake_row rows[] = { { NULL } };
	static char data[512000];
	fixture f = setup(rows);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		swarm_versioned what = SWARM_VERSIONED_INIT;
		json_t *labels = bad[i].labels ? json_loads(bad[i].labels, 0, NULL) : NULL;
		swarm_error err = SWARM_ERROR_INIT;
		json_t *result = NULL;

		test_row = bad[i].name;
		what.name = bad[i].secret_name;
		what.data = data;
		what.data_size = bad[i].size;
		what.labels = labels;
		CHECK_INT(swarm_versioned_put(f.client, SWARM_KIND_SECRET, &what, &result, &err),
			  SWARM_E_INVAL);
		CHECK_STR(err.text, bad[i].text);
		CHECK(result == NULL);
		json_decref(labels);
	}
	teardown(&f);
}

static void arguments(void)
{
	static const fake_row rows[] = { { NULL } };
	swarm_versioned what = SWARM_VERSIONED_INIT;
	fixture f = setup(rows);
	json_t *result = NULL;

	what.name = "db";
	what.data = "one";
	what.data_size = 3;
	CHECK_INT(swarm_versioned_put(f.client, SWARM_KIND_SERVICE, &what, &result, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_versioned_put(f.client, SWARM_KIND_SECRET, NULL, &result, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_versioned_put(NULL, SWARM_KIND_SECRET, &what, &result, NULL),
		  SWARM_E_INVAL);
	what.key = "";
	CHECK_INT(swarm_versioned_put(f.client, SWARM_KIND_SECRET, &what, &result, NULL),
		  SWARM_E_INVAL);
	what.key = NULL;
	what.data = NULL;
	CHECK_INT(swarm_versioned_put(f.client, SWARM_KIND_SECRET, &what, &result, NULL),
		  SWARM_E_INVAL);
	what.size = 3;
	CHECK_INT(swarm_versioned_put(f.client, SWARM_KIND_SECRET, &what, &result, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_versioned_remove(f.client, SWARM_KIND_NETWORK, "db", 0, 0, &result, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_versioned_remove(f.client, SWARM_KIND_SECRET, "db", 64, 0, &result, NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm_versioned_users(f.client, SWARM_KIND_SECRET, "", 0, &result, NULL),
		  SWARM_E_INVAL);
	CHECK(result == NULL);
	teardown(&f);
}

TEST_MAIN(TEST(each_secret), TEST(each_config), TEST(the_hash_is_of_all_of_it), TEST(refused),
	  TEST(arguments))
