/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's texts to codes, and the error made of a refusal. */
#include "call/internal.h"
#include "test.h"

static void texts(void)
{
	static const struct {
		int status;
		const char *text;
		int code;
	} rows[] = {
		{ 503,
		  "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.",
		  SWARM_E_NOT_MEMBER },
		{ 406,
		  "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.",
		  SWARM_E_NOT_MEMBER },
		{ 503,
		  "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. Please run this command on a manager node or promote the current node to a manager.",
		  SWARM_E_NOT_MANAGER },
		{ 503,
		  "This node is not a swarm manager. Manager is being prepared or has trouble connecting to the cluster.",
		  SWARM_E_UNAVAILABLE },
		{ 503, "This node is not part of a swarm", SWARM_E_NOT_MEMBER },
		{ 503,
		  "This node is already part of a swarm. Use \"docker swarm leave\" to leave this swarm and join another one.",
		  SWARM_E_MEMBER },
		{ 503,
		  "Timeout was reached before node joined. The attempt to join the swarm will continue in the background. Use the \"docker info\" command to see the current swarm status of your node.",
		  SWARM_E_PENDING },
		{ 503,
		  "Swarm is encrypted and needs to be unlocked before it can be used. Please use \"docker swarm unlock\" to unlock it.",
		  SWARM_E_LOCKED },
		{ 503,
		  "Swarm is encrypted and locked. Please unlock it first or use `--force` to ignore this message.",
		  SWARM_E_LOCKED },
		{ 503,
		  "Swarm certificates have expired. To replace them, leave the swarm and join again.",
		  SWARM_E_STATE },
		{ 503,
		  "You are attempting to leave the swarm on a node that is participating as a manager. Removing the last manager erases all current state of the swarm. Use `--force` to ignore this message. ",
		  SWARM_E_UNAVAILABLE },
		{ 500, "rpc error: code = Unknown desc = update out of sequence",
		  SWARM_E_SEQUENCE },
		{ 500, "rpc error: code = 2 desc = update out of sequence", SWARM_E_SEQUENCE },
		{ 400, "rpc error: code = InvalidArgument desc = update out of sequence",
		  SWARM_E_SEQUENCE },
		{ 500,
		  "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online. Make sure more than half of the managers are online.",
		  SWARM_E_NO_LEADER },
		{ 500, "raft: failed to process the request: node lost leader status",
		  SWARM_E_NO_LEADER },
		{ 500, "rpc error: code = Unknown desc = raft: no elected cluster leader",
		  SWARM_E_NO_LEADER },
		{ 500, "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
		  SWARM_E_UNAVAILABLE },
		{ 500, "rpc error: code = Unavailable desc = connection error",
		  SWARM_E_UNAVAILABLE },
		{ 500, "rpc error: code = 14 desc = grpc: the connection is unavailable",
		  SWARM_E_UNAVAILABLE },
		{ 500, "rpc error: code = Canceled desc = grpc: the client connection is closing",
		  SWARM_E_UNAVAILABLE },
		{ 500, "rpc error: code = 1 desc = context canceled", SWARM_E_UNAVAILABLE },
		{ 500, "service rpc error: code = Canceled desc = x", SWARM_E_HTTP },
		{ 500, "invalid join token", SWARM_E_TOKEN },
		{ 400,
		  "rpc error: code = InvalidArgument desc = A valid join token is necessary to join this cluster",
		  SWARM_E_TOKEN },
		{ 500, "remote CA does not match fingerprint. Expected: 1234", SWARM_E_TOKEN },
		{ 400,
		  "rpc error: code = FailedPrecondition desc = can't remove member from the raft: this would result in a loss of quorum",
		  SWARM_E_QUORUM },
		{ 400,
		  "rpc error: code = FailedPrecondition desc = attempting to demote the last manager of the swarm",
		  SWARM_E_QUORUM },
		{ 400, "client version 1.51 is too new. Maximum supported API version is 1.43",
		  SWARM_E_VERSION },
		{ 400,
		  "client version 1.24 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version",
		  SWARM_E_VERSION },
		{ 404, "page not found", SWARM_E_VERSION },
		{ 404, "node x1 not found", SWARM_E_NOT_FOUND },
		{ 409,
		  "rpc error: code = AlreadyExists desc = name conflicts with an existing object: service web already exists",
		  SWARM_E_CONFLICT },
		{ 503, "anything else", SWARM_E_UNAVAILABLE },
		{ 400,
		  "rpc error: code = FailedPrecondition desc = node x1 is not down and can't be removed",
		  SWARM_E_HTTP },
		{ 401, "swarm could not be unlocked: invalid key provided", SWARM_E_KEY },
		{ 501, "renaming services is not supported", SWARM_E_HTTP },
		{ 500, "", SWARM_E_HTTP },
		{ 500, NULL, SWARM_E_HTTP },
		/* The name of an object in a text of another status chooses nothing. */
		{ 404, "service update out of sequence not found", SWARM_E_NOT_FOUND },
		{ 500, "rpc error: code = Unknown desc = name conflicts with an existing object",
		  SWARM_E_CONFLICT },
		{ 409, "secret This node is not part of a swarm already exists", SWARM_E_CONFLICT },
		{ 503, "node This node is not part of a swarm is busy", SWARM_E_UNAVAILABLE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_row = rows[i].text;
		CHECK_STR(swarm_error_name(swarm__classify(rows[i].status, rows[i].text)),
			  swarm_error_name(rows[i].code));
	}
}

static swarm_error refuse(int status, const char *body, const char *request, const char *auth)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_SERVICE_CREATE);
	swarm_error err = SWARM_ERROR_INIT;
	swarm__buffer buffer;
	json_t *json = request ? json_loads(request, 0, NULL) : NULL;
	json_t *credentials = auth ? json_loads(auth, 0, NULL) : NULL;
	int code;

	swarm__buffer_init(&buffer, 100000);
	if (body)
		swarm__buffer_add_string(&buffer, body);
	options.body = json;
	options.registry_auth = credentials;
	code = swarm__refusal(status, &buffer, request || auth ? &options : NULL, &err);
	CHECK_INT(code, err.code);
	swarm__buffer_clear(&buffer);
	json_decref(json);
	json_decref(credentials);
	return err;
}

static void refusals(void)
{
	static const struct {
		const char *body, *text;
	} rows[] = {
		{ "{\"message\":\"node x1 not found\"}\n", "node x1 not found" },
		{ "{\"message\":\"two\\nlines\\t\\u001b[0m\"}", "two lines  [0m" },
		{ "{\"message\":\"\\u00e4 \\u20ac\"}", "\xc3\xa4 \xe2\x82\xac" },
		{ "plain text\n", "plain text" },
		{ "bad \xff utf-8", "bad ? utf-8" },
		{ "{\"message\":", "{\"message\":" },
		{ "{\"message\":7}", "{\"message\":7}" },
		{ "[1]", "[1]" },
		{ "", "the engine answered HTTP 404 without a reason" },
		{ NULL, "the engine answered HTTP 404 without a reason" },
		{ "\x01\n", "the engine answered HTTP 404 without a reason" },
		{ "{\"message\":\"\"}", "the engine answered HTTP 404 without a reason" },
		{ "100% %s %n", "100% %s %n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		swarm_error err = refuse(404, rows[i].body, NULL, NULL);

		test_row = rows[i].body;
		CHECK_INT(err.code, SWARM_E_NOT_FOUND);
		CHECK_INT(err.http_status, 404);
		CHECK_STR(err.text, rows[i].text);
	}
}

static void secrets_of_the_request(void)
{
	static const struct {
		const char *body, *request, *text;
	} rows[] = {
		{ "{\"message\":\"bad token mytokenmytoken!\"}",
		  "{\"JoinToken\":\"mytokenmytoken\"}", "bad token [redacted]!" },
		{ "wrong key 12345678", "{\"UnlockKey\":\"12345678\"}", "wrong key ********" },
		{ "cannot use zXcVbNm1234567",
		  "{\"Spec\":{\"CAConfig\":{\"SigningCAKey\":\"zXcVbNm1234567\"}}}",
		  "cannot use [redacted]" },
		{ "cannot use \"AAAAAAAAAAAA\\nBBBBBBBBBBBB\\n\"",
		  "{\"CAConfig\":{\"SigningCAKey\":\"AAAAAAAAAAAA\\nBBBBBBBBBBBB\\n\"}}",
		  "cannot use \"[redacted]\\n[redacted]\\n\"" },
		{ "illegal base64 aHVudGVyMjI=x", "{\"Data\":\"aHVudGVyMjI=\"}",
		  "illegal base64 [redacted]x" },
		{ "denied: hunter2hunter2", "{\"password\":\"hunter2hunter2\"}",
		  "denied: [redacted]" },
		/* The end of it alone, with escapes, in a body that was cut, and the plain bytes. */
		{ "{\"message\":\"no such secret 1awxwuwd3z9j1z3puu7rcgdbx\"}",
		  "{\"JoinToken\":\"SWMTKN-1-3pu6hszjas19-1awxwuwd3z9j1z3puu7rcgdbx\"}",
		  "no such secret [redacted]" },
		{ "{\"message\":\"cannot use AAAA\\/AAAA\\nBBBBBBBB\\u0042CCCC",
		  "{\"CAConfig\":{\"SigningCAKey\":\"AAAA/AAAA\\nBBBBBBBBBCCCC\\n\"}}",
		  "{\"message\":\"cannot use [redacted]" },
		{ "cannot store 'correct horse battery'",
		  "{\"Data\":\"Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==\"}",
		  "cannot store '[redacted]'" },
		{ "{\"message\":\"bad SWMTKN-1-3pu6\\nhszjas19xyp7ghg\\u001b[31mosyx9k8 here\"}",
		  "{}", "bad SWMTKN-[redacted] here" },
		{ "name myservicename is taken", "{\"Name\":\"myservicename\"}",
		  "name myservicename is taken" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		swarm_error err = refuse(500, rows[i].body, rows[i].request, NULL);

		test_row = rows[i].text;
		CHECK_STR(err.text, rows[i].text);
	}
}

/* Credentials of a registry: the header as it was sent, and each secret in it. */
static void secrets_of_the_header(void)
{
	static const struct {
		const char *body, *auth, *text;
	} rows[] = {
		{ "denied: hunter2hunter2 is wrong",
		  "{\"username\":\"somebody\",\"password\":\"hunter2hunter2\"}",
		  "denied: [redacted] is wrong" },
		{ "user somebody is unknown",
		  "{\"username\":\"somebody\",\"password\":\"hunter2hunter2\"}",
		  "user somebody is unknown" },
		{ "bad header eyJpZGVudGl0eXRva2VuIjoiYS5iLmMuZC5lLmYifQ==!",
		  "{\"identitytoken\":\"a.b.c.d.e.f\"}", "bad header [redacted]!" },
		{ "bad a.b.c.d.e.f", "{\"identitytoken\":\"a.b.c.d.e.f\"}", "bad [redacted]" },
		{ "bad a.b.c.d.e.f", "{\"registrytoken\":\"a.b.c.d.e.f\"}", "bad [redacted]" },
		{ "bad c29tZTpvbmU=", "{\"auth\":\"c29tZTpvbmU=\"}", "bad [redacted]" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		swarm_error err = refuse(500, rows[i].body, NULL, rows[i].auth);

		test_row = rows[i].text;
		CHECK_STR(err.text, rows[i].text);
	}
}

TEST_MAIN(TEST(texts), TEST(refusals), TEST(secrets_of_the_request), TEST(secrets_of_the_header))
