/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a manager's port accept TCP connections? One connect, nothing sent. Knows no engine.
 */
#include "cluster/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#define DEFAULT_PORT "2377"

enum { DEFAULT_TIMEOUT_MS = 3000, STEP_MS = 100 };

typedef struct probe {
	swarm__deadline deadline;
	swarm_cancel_cb cancel;
	void *payload;
} probe;

/* 0 when the socket got through or failed (see SO_ERROR), SWARM_E_TIMEOUT, SWARM_E_CANCELED. */
static int wait_writable(const probe *p, int fd)
{
	for (;;) {
		struct pollfd wait = { .fd = fd, .events = POLLOUT };
		int64_t left = swarm__deadline_left(&p->deadline);

		if (p->cancel && p->cancel(p->payload) != 0)
			return SWARM_E_CANCELED;
		if (left <= 0)
			return SWARM_E_TIMEOUT;
		/* A signal ends the poll early; the cancel callback then knows of it. */
		if (poll(&wait, 1, (int)(left < STEP_MS ? left : STEP_MS)) > 0)
			return 0;
	}
}

/* 0, SWARM_E_CONNECT with ret_errno, SWARM_E_TIMEOUT, SWARM_E_CANCELED. */
static int connect_one(const probe *p, const struct addrinfo *to, int *ret_errno)
{
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(*ret_errno);
	int rc = 0;

	*ret_errno = 0;
	if (fd < 0) {
		*ret_errno = errno;
		return SWARM_E_CONNECT;
	}
	if (connect(fd, to->ai_addr, to->ai_addrlen) < 0) {
		*ret_errno = errno;
		if (errno == EINPROGRESS || errno == EINTR) {
			rc = wait_writable(p, fd);
			if (!rc && getsockopt(fd, SOL_SOCKET, SO_ERROR, ret_errno, &size) < 0)
				*ret_errno = errno;
		}
		if (!rc && *ret_errno)
			rc = SWARM_E_CONNECT;
	}
	close(fd);
	return rc;
}

int swarm_probe(const char *address, int64_t timeout_ms, swarm_cancel_cb cancel, void *payload,
		swarm_error *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const probe p = { swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS), cancel, payload };
	char host[256], port[8];
	struct addrinfo *found;
	int64_t started = swarm__now_ms();
	int system = 0;
	int rc = swarm__address_split(address, host, sizeof(host), port, sizeof(port), err);

	if (rc)
		return rc;
	/*
	 * A name goes to the system's resolver, whose time limit is its own (resolv.conf); managers
	 * are named by ip in practice, which asks nobody.
	 */
	rc = getaddrinfo(host, *port ? port : DEFAULT_PORT, &hints, &found);
	if (rc == EAI_MEMORY)
		return swarm__nomem(err);
	if (rc)
		return swarm__error(err, SWARM_E_CONNECT, "host name '%s' is not known: %s", host,
				    gai_strerror(rc));
	for (const struct addrinfo *to = found; to; to = to->ai_next) {
		rc = connect_one(&p, to, &system);
		if (rc != SWARM_E_CONNECT)
			break;
	}
	freeaddrinfo(found);
	switch (rc) {
	case 0:
		return 0;
	case SWARM_E_CANCELED:
		return swarm__error(err, rc, "canceled while connecting to %s", address);
	case SWARM_E_TIMEOUT:
		return swarm__error(err, rc, "%s does not answer (waited %lld s)", address,
				    (long long)swarm__seconds_since(started));
	default:
		swarm__error(err, rc, "nothing listens at %s: %s", address, strerror(system));
		if (err && !err->sys_errno)
			err->sys_errno = system;
		return rc;
	}
}
