/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's refusals: status and text to a code, and to an error without secrets. The engine
 * gives no machine-readable reason: most swarm refusals are 503 or 500 with a sentence (moby:
 * daemon/cluster/errors.go; swarmkit: manager/controlapi, manager/state/raft, ca). A row here
 * matches text and status, so that an object named like a sentence cannot choose the code.
 */
#define _GNU_SOURCE
#include "call/internal.h"

#include <string.h>
#include <strings.h>

enum { START, ANYWHERE };

static const struct {
	int status[3]; /* those with which the text is seen; 0: no other */
	int where;
	const char *text;
	int code;
} rules[] = {
	/* moby 1.12 said 406 where later ones say 503; of networks 403. */
	{ { 503, 406, 403 },
	  START,
	  "This node is not a swarm manager. Use \"docker swarm init\"",
	  SWARM_E_NOT_MEMBER },
	{ { 503, 406, 403 },
	  START,
	  "This node is not a swarm manager. Manager is being prepared",
	  SWARM_E_UNAVAILABLE },
	{ { 503, 406, 403 }, START, "This node is not a swarm manager", SWARM_E_NOT_MANAGER },
	{ { 403 }, START, "Cannot create a multi-host network from a worker", SWARM_E_NOT_MANAGER },
	{ { 503, 406 }, START, "This node is not part of a swarm", SWARM_E_NOT_MEMBER },
	{ { 503, 406 }, START, "This node is not part of swarm", SWARM_E_NOT_MEMBER },
	{ { 503, 406 }, START, "This node is already part of a swarm", SWARM_E_MEMBER },
	{ { 503, 500 }, START, "Timeout was reached before node", SWARM_E_PENDING },
	{ { 503, 500 }, START, "Swarm is encrypted and", SWARM_E_LOCKED },
	{ { 503, 500 }, START, "Swarm certificates have expired", SWARM_E_STATE },
	{ { 401, 400 }, ANYWHERE, "swarm could not be unlocked", SWARM_E_KEY },
	/* swarmkit: InvalidArgument for cluster volumes, Unknown for all else. */
	{ { 500, 400 }, ANYWHERE, "update out of sequence", SWARM_E_SEQUENCE },
	{ { 500, 503 }, ANYWHERE, "The swarm does not have a leader", SWARM_E_NO_LEADER },
	{ { 500, 503 }, ANYWHERE, "node lost leader status", SWARM_E_NO_LEADER },
	{ { 500, 503 }, ANYWHERE, "no elected cluster leader", SWARM_E_NO_LEADER },
	/* swarmkit: of networks, where another manager creates one at the same time. */
	{ { 500 }, START, "name conflicts with an existing object", SWARM_E_CONFLICT },
	/* Either no leader for less than 10 s, or a busy one: the answer is the same. */
	{ { 500 }, ANYWHERE, "context deadline exceeded", SWARM_E_UNAVAILABLE },
	{ { 500, 400 }, ANYWHERE, "invalid join token", SWARM_E_TOKEN },
	{ { 500, 400 }, ANYWHERE, "A valid join token is necessary", SWARM_E_TOKEN },
	{ { 500, 400 }, ANYWHERE, "remote CA does not match fingerprint", SWARM_E_TOKEN },
	{ { 500, 400 }, ANYWHERE, "this would result in a loss of quorum", SWARM_E_QUORUM },
	{ { 500, 400 }, ANYWHERE, "attempting to demote the last manager", SWARM_E_QUORUM },
	{ { 400 }, ANYWHERE, "client version ", SWARM_E_VERSION },
	{ { 400 }, ANYWHERE, "client is newer than server", SWARM_E_VERSION },
	/* The router's answer for a path that this engine does not have. */
	{ { 404 }, START, "page not found", SWARM_E_VERSION },
};

static bool fits(size_t i, int http_status, const char *message)
{
	bool status = false;

	for (size_t n = 0; n < 3 && rules[i].status[n]; n++)
		status |= rules[i].status[n] == http_status;
	if (!status)
		return false;
	if (rules[i].where == START)
		return strncasecmp(message, rules[i].text, strlen(rules[i].text)) == 0;
	return strcasestr(message, rules[i].text) != NULL;
}

/*
 * A follower that does not reach the leader, or whose connection to it was closed under the call
 * because another node leads now or its own role changes (swarmkit: raftproxy; gRPC: "the client
 * connection is closing", which is Canceled). Early engines give gRPC's numbers.
 */
static bool is_unavailable(int http_status, const char *message)
{
	static const char *const starts[] = {
		"rpc error: code = Unavailable ",
		"rpc error: code = 14 ",
		"rpc error: code = Canceled ",
		"rpc error: code = 1 ",
	};

	if (http_status != 500)
		return false;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (strncmp(message, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

int swarm__classify(int http_status, const char *message)
{
	bool unavailable = message && is_unavailable(http_status, message);

	message = swarm__skip_grpc(message ? message : "");
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (fits(i, http_status, message))
			return rules[i].code;
	if (unavailable)
		return SWARM_E_UNAVAILABLE;
	switch (http_status) {
	case 404:
		return SWARM_E_NOT_FOUND;
	case 409:
		return SWARM_E_CONFLICT;
	case 503:
		return SWARM_E_UNAVAILABLE;
	default:
		return SWARM_E_HTTP;
	}
}

/* --- the error ----------------------------------------------------------------------------- */

/* Of a body, or of credentials for a registry. */
static bool is_secret_field(const char *name)
{
	static const char *const names[] = { "JoinToken",     "UnlockKey",    "SigningCAKey",
					     "Data",          "password",     "auth",
					     "identitytoken", "registrytoken" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* The whole value, and each line of it: a key of many lines comes back as one escaped line. */
static void redact_secret(char *message, const char *secret)
{
	char line[256];

	swarm__redact_value(message, secret);
	while (*secret) {
		size_t length = strcspn(secret, "\r\n");

		if (length < sizeof(line)) {
			memcpy(line, secret, length);
			line[length] = '\0';
			swarm__redact_value(message, line);
		}
		secret += length + (secret[length] != '\0');
	}
	swarm__wipe(line, sizeof(line));
}

/* Short enough to be a word itself; of a longer one fewer characters may be ordinary words. */
enum { SHORT_SECRET = 128, LEAST_OF_SHORT = 8, LEAST_OF_LONG = 16 };

/* Parts of it, and of what it encodes: an engine may quote only its end, or its bytes. */
static void redact_parts(char *message, const char *name, const char *secret)
{
	bool encoded = strcmp(name, "Data") == 0 || strcmp(name, "auth") == 0;
	size_t least = strlen(secret) <= SHORT_SECRET ? LEAST_OF_SHORT : LEAST_OF_LONG;

	swarm__redact_parts(message, secret, least);
	if (encoded)
		swarm__redact_base64(message, secret, least);
}

static void redact_body(char *message, const json_t *body)
{
	const char *name;
	json_t *value;

	json_object_foreach (swarm__json_iterable(body), name, value) {
		if (json_is_object(value))
			redact_body(message, value);
		if (!json_is_string(value) || !is_secret_field(name))
			continue;
		redact_secret(message, json_string_value(value));
		redact_parts(message, name, json_string_value(value));
	}
}

/* The header as it was sent. False without memory. */
static bool redact_header(char *message, const swarm_call_options *request)
{
	swarm__buffer header;
	bool good;

	swarm__buffer_init(&header, 2 * SWARM__MAX_AUTH);
	good = swarm__make_header(swarm_op_get((int)request->op), request, &header, NULL) == 0;
	if (header.data) {
		swarm__redact_value(message, header.data + strlen(SWARM__AUTH_HEADER ": "));
		swarm__redact_parts(message, header.data + strlen(SWARM__AUTH_HEADER ": "),
				    LEAST_OF_LONG);
	}
	swarm__buffer_clear(&header);
	return good;
}

/* The text of {"message": text}, or the body if it is other JSON or none. New; NULL without memory. */
static char *read_message(const swarm__buffer *body)
{
	const char *bytes = body->data ? body->data : "";
	const char *message;
	json_t *json = NULL;
	char *copy = NULL;

	if (swarm__json_parse(bytes, body->size, &json, NULL) == SWARM_E_NOMEM)
		return NULL;
	message = json_string_value(json_object_get(json, "message"));
	copy = strdup(message ? message : bytes);
	swarm__json_wipe(json, "message");
	json_decref(json);
	return copy;
}

int swarm__refusal(int http_status, const swarm__buffer *body, const swarm_call_options *request,
		   swarm_error *err)
{
	char *message = read_message(body);
	char ours[SWARM_ERROR_TEXT];
	int rc;

	if (!message || (request && !redact_header(message, request))) {
		swarm__free_secret(message);
		return swarm__nomem(err);
	}
	rc = swarm__classify(http_status, message);
	redact_body(message, request ? request->body : NULL);
	redact_body(message, request ? request->registry_auth : NULL);
	if (err && !err->code)
		err->http_status = http_status;
	swarm_redact(message);
	swarm__one_line(message);
	swarm__reword(message, ours, sizeof(ours));
	if (ours[0])
		swarm__error(err, rc, "%s", ours);
	else
		swarm__error(err, rc, "the engine answered HTTP %d without a reason", http_status);
	swarm__free_secret(message);
	return rc;
}
