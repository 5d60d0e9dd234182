/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's address as a user writes it, to what the transport needs. */
#include "http/internal.h"

#include <string.h>
#include <sys/un.h>

/* A name of 253 characters, brackets, a port. */
enum { MAX_HOST = 300 };

static bool is_host_and_port(const char *text)
{
	const char *end = text;
	size_t digits;

	if (*text == '[') {
		end = text + 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
		if (end == text + 1 || *end++ != ']')
			return false;
	} else {
		end += strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.-_");
		if (end == text)
			return false;
	}
	if (*end++ != ':')
		return false;
	digits = strspn(end, "0123456789");
	return digits >= 1 && digits <= 5 && strtol(end, NULL, 10) >= 1 &&
	       strtol(end, NULL, 10) <= 65535 && strcmp(end + digits, end[digits] ? "/" : "") == 0;
}

static int split_unix(const char *path, char **ret_socket, char **ret_address, swarm_error *err)
{
	const size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
	char *socket, *address;

	if (*path != '/')
		return swarm__error(err, SWARM_E_INVAL,
				    "the socket's path must be absolute, as in %s",
				    SWARM_DEFAULT_URL);
	if (strlen(path) > max)
		return swarm__error(
			err, SWARM_E_INVAL,
			"the socket's path is over %zu bytes, more than a socket can have", max);
	socket = strdup(path);
	address = strdup("http://localhost");
	if (!socket || !address) {
		free(socket);
		free(address);
		return swarm__nomem(err);
	}
	*ret_socket = socket;
	*ret_address = address;
	return 0;
}

static int split_tcp(const char *host, bool tls, char **ret_socket, char **ret_address,
		     swarm_error *err)
{
	const char *scheme = tls ? "https://" : "http://";
	size_t start = strlen(scheme);
	size_t length = strcspn(host, "/");
	char *address;

	if (strlen(host) > MAX_HOST || !is_host_and_port(host))
		return swarm__error(
			err, SWARM_E_INVAL,
			"a TCP address is tcp://host:port, with a port from 1 to 65535");
	address = calloc(1, start + length + 1);
	if (!address)
		return swarm__nomem(err);
	memcpy(address, scheme, start);
	memcpy(address + start, host, length);
	*ret_socket = NULL;
	*ret_address = address;
	return 0;
}

int swarm__url_split(const char *url, bool *tls, char **ret_socket, char **ret_address,
		     swarm_error *err)
{
	if (strncmp(url, "tcp://", 6) == 0)
		return split_tcp(url + 6, *tls, ret_socket, ret_address, err);
	if (strncmp(url, "https://", 8) == 0) {
		*tls = true;
		return split_tcp(url + 8, true, ret_socket, ret_address, err);
	}
	if (*tls)
		return swarm__error(err, SWARM_E_INVAL,
				    "TLS goes with tcp://host:port and https://host:port only");
	if (strncmp(url, "unix://", 7) == 0)
		return split_unix(url + 7, ret_socket, ret_address, err);
	if (strncmp(url, "http://", 7) == 0)
		return split_tcp(url + 7, false, ret_socket, ret_address, err);
	return swarm__error(err, SWARM_E_INVAL,
			    "unknown kind of address: use unix:///path or tcp://host:port");
}
