/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the cluster and node logic share: a client on a fake engine, the engine's
 * answers in the five local states, and real ports to probe.
 */
#ifndef SWARM_TEST_CLUSTER_H
#define SWARM_TEST_CLUSTER_H

#include "fake_engine.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <swarm/swarm.h>
#include <sys/socket.h>
#include <unistd.h>

#define API "/v1.45"
#define INFO "GET " API "/info"
#define MESSAGE(text) "{\"message\":\"" text "\"}\n"
/* What is read of an object after a write, whose version has moved. */
#define STORED "{\"Version\":{\"Index\":99}}"

#define STATE(state) "{\"Name\":\"host1\",\"Swarm\":{\"LocalNodeState\":\"" state "\"}}"
#define STATE_ERROR(state, error)                                                                  \
	"{\"Name\":\"host1\",\"Swarm\":{\"LocalNodeState\":\"" state "\",\"Error\":\"" error "\"}}"
#define ACTIVE_AS(id, control, error)                                                              \
	"{\"Name\":\"host1\",\"Swarm\":{\"NodeID\":\"" id "\",\"LocalNodeState\":\"active\","      \
	"\"ControlAvailable\":" control ",\"Error\":\"" error "\"}}"
#define WORKER ACTIVE_AS("w1", "false", "")
#define MANAGER ACTIVE_AS("m1", "true", "")
#define INACTIVE STATE("inactive")
#define PENDING STATE("pending")

#define NO_LEADER_TEXT                                                                             \
	"rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that "   \
	"too few managers are online."
#define ENGINE_DEADLINE_TEXT "rpc error: code = DeadlineExceeded desc = context deadline exceeded"
#define SEQUENCE_TEXT "rpc error: code = Unknown desc = update out of sequence"

#define DIGEST "3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl"
#define TOKEN "SWMTKN-1-" DIGEST "-1awxwuwd3z9j1z3puu7rcgdbx"

/* What a wait asks for at its first pause, so that it need not look for news itself all the time. */
#define WATCH(type)                                                                                \
	"GET " API "/events?filters=%7B%22type%22%3A%5B%22" type                                   \
	"%22%5D%2C%22scope%22%3A%5B%22swarm%22%5D%7D"
#define NO_EVENTS(type)                                                                            \
	{                                                                                          \
		WATCH(type), .status = 500, .reply = MESSAGE("no events today")                    \
	}

typedef struct fixture {
	fake_engine *engine;
	swarm_client *client;
	swarm_error err;
} fixture;

static inline fixture setup(const fake_row *rows)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	fixture f = { .engine = fake_engine_start(rows) };

	options.url = fake_engine_url(f.engine);
	options.api_version = "1.45";
	if (swarm_client_new(&options, &f.client, &f.err) != 0) {
		printf("Bail out! no client: %s\n", f.err.text);
		exit(99);
	}
	return f;
}

static inline void teardown(fixture *f)
{
	swarm_client_free(f->client);
	CHECK_INT(fake_engine_stop(f->engine), 0);
}

/*
 * A bound port of 127.0.0.1 as text; listening or refusing. Close the descriptor when done. Nobody
 * accepts: each probe stays in the queue, so that is long.
 */
static inline int open_port(bool listening, char *address, size_t size)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    (listening && listen(fd, 512) < 0) ||
	    getsockname(fd, (struct sockaddr *)&at, &length) < 0) {
		printf("Bail out! no port\n");
		exit(99);
	}
	snprintf(address, size, "127.0.0.1:%d", ntohs(at.sin_port));
	return fd;
}

#endif
