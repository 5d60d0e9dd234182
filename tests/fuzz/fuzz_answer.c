/*
 * The engine's refusals: whatever comes, the error is one line of valid UTF-8 (jansson judges) and
 * names no secret of the request. Input: status byte, then the answer's body.
 */
#include "fuzz.h"
#include "internal.h"

#define SECRET "Zq8-very-secret-Zq8"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 400, 401, 404, 406, 409, 500, 503, 599 };
	swarm_error err = SWARM_ERROR_INIT;
	json_t *request, *text;
	swarm__buffer body;
	int code;

	if (!size)
		return 0;
	request = json_pack("{s:s}", "JoinToken", SECRET);
	swarm__buffer_init(&body, 1 << 20);
	REQUIRE(swarm__buffer_add(&body, data + 1, size - 1) == 0);
	code = swarm__refusal(statuses[data[0] % 8], &body, request, &err);
	REQUIRE(code < 0 && code == err.code && err.http_status == statuses[data[0] % 8]);
	REQUIRE(err.text[0] && !strpbrk(err.text, "\r\n\t"));
	REQUIRE(!strstr(err.text, SECRET));
	text = json_string(err.text);
	REQUIRE(text != NULL);
	json_decref(text);
	swarm__buffer_clear(&body);
	json_decref(request);
	return 0;
}
