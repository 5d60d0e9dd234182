/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses: what is taken makes an absolute path, or one URL of http or https with host and port and
 * nothing else. Input: first byte odd for TLS, then the URL.
 */
#include "fuzz.h"
#include "http/internal.h"

static void check_address(const char *url, bool tls, const char *address)
{
	const char *scheme = tls ? "https://" : "http://";

	REQUIRE(strncmp(address, scheme, strlen(scheme)) == 0);
	address += strlen(scheme);
	REQUIRE(*address && strchr(address, ':') && strstr(url, address));
	for (; *address; address++)
		REQUIRE(*address > ' ' && *address < 0x7f && !strchr("/@?#%\\", *address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	swarm_error err = SWARM_ERROR_INIT;
	char *url, *socket = NULL, *address = NULL;
	bool tls;

	if (!size)
		return 0;
	tls = data[0] & 1;
	url = fuzz_string(data + 1, size - 1);
	if (swarm__url_split(url, &tls, &socket, &address, &err) == 0) {
		if (socket)
			REQUIRE(!tls && socket[0] == '/' &&
				strcmp(address, "http://localhost") == 0);
		else
			check_address(url, tls, address);
	} else {
		REQUIRE(err.code == SWARM_E_INVAL && err.text[0] && !socket && !address);
	}
	free(socket);
	free(address);
	free(url);
	return 0;
}
