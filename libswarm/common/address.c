/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as people write them: split into host and port, and held against what this host has.
 */
#include "common/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static int malformed(const char *address, swarm_error *err)
{
	return swarm__error(err, SWARM_E_INVAL,
			    "address '%s' is malformed: give host, host:port or [ipv6]:port",
			    address);
}

/* Copy a part of an address if it fits and holds only characters that the engine takes in one. */
static bool copy_part(char *to, size_t to_size, const char *from, size_t size, const char *allowed)
{
	if (size == 0 || size >= to_size)
		return false;
	memcpy(to, from, size);
	to[size] = '\0';
	return strspn(to, allowed) == size;
}

static bool is_port(const char *port)
{
	long number = 0;

	if (!*port || strlen(port) > 5)
		return false;
	for (; *port; port++) {
		if (*port < '0' || *port > '9')
			return false;
		number = number * 10 + (*port - '0');
	}
	return number >= 1 && number <= 65535;
}

int swarm__address_split(const char *address, char *host, size_t host_size, char *port,
			 size_t port_size, swarm_error *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_:%";
	char new_host[256], new_port[8] = "";
	const char *start = address, *end, *colon;

	if (!address || !*address)
		return swarm__error(err, SWARM_E_INVAL, "address is empty: give host[:port]");
	if (*start == '[') {
		start++;
		end = strchr(start, ']');
		colon = end ? end + 1 : NULL;
		if (!end || !memchr(start, ':', (size_t)(end - start)) || (*colon && *colon != ':'))
			return malformed(address, err);
	} else {
		colon = strchr(start, ':');
		/* More than one colon and no bracket: IPv6 without port. */
		end = colon && !strchr(colon + 1, ':') ? colon : start + strlen(start);
		colon = end;
	}
	if (!copy_part(new_host, sizeof(new_host), start, (size_t)(end - start), letters))
		return malformed(address, err);
	if (*colon == ':' &&
	    (!copy_part(new_port, sizeof(new_port), colon + 1, strlen(colon + 1), "0123456789") ||
	     !is_port(new_port)))
		return malformed(address, err);
	if (strlen(new_host) >= host_size || strlen(new_port) >= port_size)
		return malformed(address, err);
	memcpy(host, new_host, strlen(new_host) + 1);
	memcpy(port, new_port, strlen(new_port) + 1);
	return 0;
}

/* The address of an interface in text; false for one that is neither IPv4 nor usable IPv6. */
static bool entry_text(const struct ifaddrs *entry, char *text, socklen_t size)
{
	const struct sockaddr *address = entry->ifa_addr;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (!address)
		return false;
	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		return inet_ntop(AF_INET, &v4.sin_addr, text, size) != NULL;
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof(v6));
		return !IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr) &&
		       inet_ntop(AF_INET6, &v6.sin6_addr, text, size) != NULL;
	}
	return false;
}

/* The form that inet_ntop() gives, so that "::1" and "0:0:0:0:0:0:0:1" are equal. */
static void normalize(char *host, socklen_t size)
{
	struct in6_addr v6;

	if (inet_pton(AF_INET6, host, &v6) == 1)
		inet_ntop(AF_INET6, &v6, host, size);
}

int swarm__address_check_local(const char *what, const char *address, swarm_error *err)
{
	char host[256], port[8], text[INET6_ADDRSTRLEN];
	swarm__names has = { 0 };
	struct ifaddrs *list;
	bool found = false;
	int rc = swarm__address_split(address, host, sizeof(host), port, sizeof(port), err);

	if (rc)
		return swarm__error_wrap(err, rc, "%s", what);
	normalize(host, sizeof(host));
	if (getifaddrs(&list) < 0) {
		int saved = errno;

		if (saved == ENOMEM)
			return swarm__nomem(err);
		return swarm__error(err, SWARM_E_INVAL,
				    "%s: this host's addresses cannot be read: %s", what,
				    strerror(saved));
	}
	for (const struct ifaddrs *entry = list; entry && !found; entry = entry->ifa_next) {
		if (!entry_text(entry, text, sizeof(text)))
			continue;
		found = strcmp(host, entry->ifa_name) == 0 || strcmp(host, text) == 0;
		if (!(entry->ifa_flags & IFF_LOOPBACK))
			swarm__names_add(&has, "%s %s", entry->ifa_name, text);
	}
	freeifaddrs(list);
	if (found)
		return 0;
	return swarm__error(err, SWARM_E_INVAL, "%s %s is not an address of this host (it has %s)",
			    what, address, *has.text ? has.text : "none but the loopback's");
}
