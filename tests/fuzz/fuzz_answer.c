/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's refusals: whatever comes, the error is one line of valid UTF-8 (jansson judges) and
 * names no secret of the request. Input: status byte, then the answer's body.
 */
#include "call/internal.h"
#include "fuzz.h"

#define SECRET "Zq8-very-secret-Zq8"
#define PASSWORD "Xk3.of-a-registry"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 400, 401, 404, 406, 409, 500, 503, 599 };
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_SERVICE_CREATE);
	swarm_error err = SWARM_ERROR_INIT;
	json_t *request, *auth, *text;
	swarm__buffer body;
	int code;

	if (!size)
		return 0;
	request = json_pack("{s:s}", "JoinToken", SECRET);
	auth = json_pack("{s:s}", "password", PASSWORD);
	options.body = request;
	options.registry_auth = auth;
	swarm__buffer_init(&body, 1 << 20);
	REQUIRE(swarm__buffer_add(&body, data + 1, size - 1) == 0);
	code = swarm__refusal(statuses[data[0] % 8], &body, &options, &err);
	REQUIRE(code < 0 && code == err.code && err.http_status == statuses[data[0] % 8]);
	REQUIRE(err.text[0] && !strpbrk(err.text, "\r\n\t"));
	REQUIRE(!strstr(err.text, SECRET) && !strstr(err.text, PASSWORD));
	text = json_string(err.text);
	REQUIRE(text != NULL);
	json_decref(text);
	swarm__buffer_clear(&body);
	json_decref(request);
	json_decref(auth);
	return 0;
}
