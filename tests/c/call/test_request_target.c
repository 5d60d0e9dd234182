/* SPDX-License-Identifier: Apache-2.0 */
/* The target and the header made of arguments that were checked. No engine: nothing is sent. */
#include "call/internal.h"
#include "test.h"

static void targets(void)
{
	static const struct {
		int op;
		const char *id;
		swarm_pair query[3];
		const char *target;
	} table[] = {
		{ SWARM_OP_PING, NULL, { { 0 } }, "/_ping" },
		{ SWARM_OP_INFO, NULL, { { 0 } }, "/info" },
		{ SWARM_OP_NODE_INSPECT, "abc", { { 0 } }, "/nodes/abc" },
		{ SWARM_OP_NODE_INSPECT, "a b?c#d%e", { { 0 } }, "/nodes/a%20b%3Fc%23d%25e" },
		{ SWARM_OP_NODE_UPDATE,
		  "abc",
		  { { "version", "12" } },
		  "/nodes/abc/update?version=12" },
		{ SWARM_OP_SWARM_UPDATE,
		  NULL,
		  { { "version", "12" }, { "rotateWorkerToken", "1" } },
		  "/swarm/update?version=12&rotateWorkerToken=1" },
		{ SWARM_OP_NODE_LIST,
		  NULL,
		  { { "filters", "{\"name\":[\"a&b\"]}" } },
		  "/nodes?filters=%7B%22name%22%3A%5B%22a%26b%22%5D%7D" },
		/* The slashes of an image's name are those of the path. */
		{ SWARM_OP_DISTRIBUTION_INSPECT,
		  "registry.example:5000/team/app:1.0",
		  { { 0 } },
		  "/distribution/registry.example%3A5000/team/app%3A1.0/json" },
		{ SWARM_OP_DISTRIBUTION_INSPECT, "a?/b", { { 0 } }, "/distribution/a%3F/b/json" },
		{ SWARM_OP_SERVICE_LOGS,
		  "web",
		  { { "stdout", "1" }, { "tail", "all" } },
		  "/services/web/logs?stdout=1&tail=all" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const swarm_op_info *op = swarm_op_get(table[i].op);
		swarm_call_options options = SWARM_CALL_INIT(op->op);
		swarm__requirement need = { 0 };
		swarm__buffer target;

		test_row = table[i].target;
		options.id = table[i].id;
		options.query = table[i].query;
		if (!*op->body)
			CHECK_INT(swarm__check_arguments(op, &options, &need, NULL), 0);
		swarm__buffer_init(&target, SWARM__MAX_URL);
		CHECK_INT(swarm__make_target(op, &options, &target, NULL), 0);
		CHECK_STR(target.data, table[i].target);
		swarm__buffer_clear(&target);
	}
}

static void long_target(void)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_NODE_INSPECT);
	swarm_error err = SWARM_ERROR_INIT;
	swarm__buffer target;
	char id[SWARM__MAX_URL + 1];

	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	options.id = id;
	swarm__buffer_init(&target, SWARM__MAX_URL);
	CHECK_INT(swarm__make_target(swarm_op_get(SWARM_OP_NODE_INSPECT), &options, &target, &err),
		  SWARM_E_INVAL);
	CHECK_PART(err.text, "too long");
}

static void unversioned(void)
{
	for (int op = 0; swarm_op_get(op); op++)
		CHECK_INT(swarm__is_unversioned(swarm_op_get(op)),
			  op == SWARM_OP_PING || op == SWARM_OP_PING_HEAD);
}

/* Each length of the last group, and the two letters that differ from plain base64. */
static void headers(void)
{
	static const struct {
		const char *auth, *header;
	} table[] = {
		{ "{\"auth\":\"a\"}", "X-Registry-Auth: eyJhdXRoIjoiYSJ9" },
		{ "{\"auth\":\"ab\"}", "X-Registry-Auth: eyJhdXRoIjoiYWIifQ==" },
		{ "{\"auth\":\"abc\"}", "X-Registry-Auth: eyJhdXRoIjoiYWJjIn0=" },
		{ "{\"auth\":\"a~?>>>\"}", "X-Registry-Auth: eyJhdXRoIjoiYX4_Pj4-In0=" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_SERVICE_CREATE);
		json_t *auth = json_loads(table[i].auth, 0, NULL);
		swarm__buffer header;

		test_row = table[i].auth;
		options.registry_auth = auth;
		swarm__buffer_init(&header, 2 * SWARM__MAX_AUTH);
		CHECK_INT(swarm__make_header(swarm_op_get(SWARM_OP_SERVICE_CREATE), &options,
					     &header, NULL),
			  0);
		CHECK_STR(header.data, table[i].header);
		swarm__buffer_clear(&header);
		json_decref(auth);
	}
}

static void no_header(void)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_SERVICE_CREATE);
	swarm__buffer header;

	swarm__buffer_init(&header, 2 * SWARM__MAX_AUTH);
	CHECK_INT(
		swarm__make_header(swarm_op_get(SWARM_OP_SERVICE_CREATE), &options, &header, NULL),
		0);
	CHECK(!header.data);
}

static void long_header(void)
{
	static char token[SWARM__MAX_AUTH + 1];
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_SERVICE_CREATE);
	swarm_error err = SWARM_ERROR_INIT;
	swarm__buffer header;
	json_t *auth;

	memset(token, 'x', sizeof(token) - 1);
	/* The longest that goes, with its 20 characters around it, and one more. */
	for (int more = 0; more < 2; more++) {
		auth = json_pack("{s:s#}", "identitytoken", token,
				 (int)(SWARM__MAX_AUTH - 20 + (size_t)more));
		options.registry_auth = auth;
		swarm__buffer_init(&header, 2 * SWARM__MAX_AUTH);
		CHECK_INT(swarm__make_header(swarm_op_get(SWARM_OP_SERVICE_CREATE), &options,
					     &header, &err),
			  more ? SWARM_E_INVAL : 0);
		CHECK_STR(err.text,
			  more ? "service_create: registry_auth is over 16384 bytes" : "");
		swarm__buffer_clear(&header);
		json_decref(auth);
	}
}

TEST_MAIN(TEST(targets), TEST(long_target), TEST(unversioned), TEST(headers), TEST(no_header),
	  TEST(long_header))
