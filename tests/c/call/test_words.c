/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each sentence of the engine that is known: it reads in our words, or passes as it is on purpose,
 * because it says what is wrong and names nothing of docker's command line.
 */
#include "call/internal.h"
#include "test.h"

#define LEAVING                                                                                    \
	"You are attempting to leave the swarm on a node that is participating as a manager. "
#define THE_ONLY_WAY                                                                               \
	"The only way to restore a swarm that has lost consensus is to reinitialize it with "      \
	"`--force-new-cluster`. Use `--force` to suppress this message."

static void ours(void)
{
	static const struct {
		const char *theirs, *ours;
	} table[] = {
		{ "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" "
		  "to connect this node to swarm and try again.",
		  "this host is not in a swarm" },
		{ "This node is not a swarm manager. Worker nodes can't be used to view or modify "
		  "cluster state. Please run this command on a manager node or promote the current "
		  "node to a manager.",
		  "this host is a worker, not a manager: ask one of the managers" },
		{ "This node is not a swarm manager. Manager is being prepared or has trouble "
		  "connecting to the cluster.",
		  "the manager part of this host is starting, or does not reach the other managers: "
		  "try again in a moment" },
		{ "This node is not a swarm manager", "this host is not a manager" },
		{ "This node is not part of a swarm", "this host is not in a swarm" },
		{ "This node is not part of swarm", "this host is not in a swarm" },
		{ "This node is already part of a swarm. Use \"docker swarm leave\" to leave this "
		  "swarm and join another one.",
		  "this host is in a swarm already: leave that one first" },
		{ "Timeout was reached before node joined. The attempt to join the swarm will "
		  "continue in the background. Use the \"docker info\" command to see the current "
		  "swarm status of your node.",
		  "the engine's 20 s for a join are over; it goes on to try by itself" },
		{ "Swarm is encrypted and needs to be unlocked before it can be used. Please use "
		  "\"docker swarm unlock\" to unlock it.",
		  "the swarm on this host is locked: unlock it with its unlock key" },
		{ "Swarm is encrypted and locked. Please unlock it first or use `--force` to ignore "
		  "this message.",
		  "the swarm on this host is locked: unlock it with its unlock key, or leave by "
		  "force" },
		{ "Swarm certificates have expired. To replace them, leave the swarm and join again.",
		  "the certificates of this node have expired: leave the swarm by force, then join "
		  "again" },
		{ LEAVING "Removing the last manager erases all current state of the swarm. Use "
			  "`--force` to ignore this message. ",
		  "this host is the last manager: with it the whole swarm is erased; leave by force "
		  "if that is meant" },
		{ LEAVING
		  "Removing this node leaves 1 managers out of 3. Without a Raft quorum your "
		  "swarm will be inaccessible. " THE_ONLY_WAY,
		  "this host is a manager, and without it only 1 of 3 are left, too few for a "
		  "quorum: demote it first" },
		{ LEAVING "Doing so may lose the consensus of your cluster. " THE_ONLY_WAY,
		  "this host is a manager, which the others may need for their quorum: demote it "
		  "first, or leave by force" },
		{ "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible "
		  "that too few managers are online. Make sure more than half of the managers are "
		  "online.",
		  "The swarm does not have a leader: more than half of its managers must be online" },
		{ "raft: failed to process the request: node lost leader status",
		  "the managers elect a leader just now: try again in a moment" },
		{ "rpc error: code = Unknown desc = raft: no elected cluster leader",
		  "the managers elect a leader just now: try again in a moment" },
		{ "rpc error: code = Canceled desc = grpc: the client connection is closing",
		  "the connection to the leader was closed, since the leader or this node's role "
		  "changes just now: try again in a moment" },
		{ "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
		  "no leader answered in the engine's 20 s: the managers have lost their quorum "
		  "(more than half of them must be online), or the leader is overloaded" },
		{ "rpc error: code = FailedPrecondition desc = node x1 is not down and can't be "
		  "removed",
		  "node x1 is alive: let its host leave the swarm first, or remove it by force" },
		{ "rpc error: code = FailedPrecondition desc = node x1 is a cluster manager and is a "
		  "member of the raft cluster. It must be demoted to worker before removal",
		  "node x1 is a manager: it must be demoted before it is removed" },
		{ "rpc error: code = FailedPrecondition desc = attempting to demote the last manager "
		  "of the swarm",
		  "this is the last manager: promote another node first" },
		{ "rpc error: code = FailedPrecondition desc = can't remove member from the raft: "
		  "this would result in a loss of quorum",
		  "the other managers would lose their quorum: bring back those that are down "
		  "first" },
		{ "could not choose an IP address to advertise since this system has multiple "
		  "addresses on interface eth0 (10.0.0.5 and 10.0.0.6)",
		  "this host has more than one address, on interface eth0 (10.0.0.5 and 10.0.0.6): "
		  "give one of them as advertise address" },
		{ "could not find the system's IP address - specify one with --advertise-addr",
		  "docker finds no address of this host: give one as advertise address" },
		{ "--live-restore daemon configuration is incompatible with swarm mode",
		  "live-restore is on in docker's configuration, which swarm mode does not allow: "
		  "remove it from daemon.json and restart docker" },
		{ "rpc error: code = InvalidArgument desc = minimum certificate expiry time is: 1h0m0s",
		  "the life of node certificates (NodeCertExpiry) must be at least 1h0m0s" },
		{ "Cannot create a multi-host network from a worker node. Please create the network "
		  "from a manager node.",
		  "this host is a worker: create the network on a manager" },
		{ "rpc error: code = AlreadyExists desc = name conflicts with an existing object: "
		  "service web already exists",
		  "service web already exists" },
		{ "rpc error: code = AlreadyExists desc = name conflicts with an existing object",
		  "an object of this name exists already" },
		{ "page not found", "the engine does not have this call (page not found)" },
		/* The number of a code, before Docker 17.06. */
		{ "rpc error: code = 2 desc = The swarm does not have a leader. It's possible",
		  "The swarm does not have a leader: more than half of its managers must be online" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[SWARM_ERROR_TEXT];

		test_row = table[i].theirs;
		swarm__reword(table[i].theirs, text, sizeof(text));
		CHECK_STR(text, table[i].ours);
		/* None of docker's commands or options, and nothing of gRPC. */
		CHECK(!strstr(text, "docker swarm") && !strstr(text, "--") &&
		      !strstr(text, "rpc "));
	}
}

static void on_purpose(void)
{
	static const char *const table[] = {
		"node x1 not found",
		"node web is ambiguous (2 matches found)",
		"secret 'x' is in use by the following service: web",
		"config 'x' is in use by the following services: web, db",
		"network x is in use by service web",
		"port '80' is already in use by service 'web' (abc) as an ingress port",
		"only updates to Labels are allowed",
		"service web does not have a previous spec",
		"secret x already exists",
		"network with name x already exists",
		"swarm is not locked",
		"swarm could not be unlocked: invalid key provided",
		"swarm component could not be started: disk full",
		"error updating cluster settings: too short",
		"renaming services is not supported",
		"service mode change is not allowed",
		"invalid Role: \"\"",
		"Invalid role filter: 'x'",
		"network web not found",
		"secret(s) not found: x",
		"bad parameter: image",
		/* update.c waits for this one. */
		"can't find manager in raft memberlist",
		"update out of sequence",
		/* join.c says what to do. */
		"invalid join token",
		"A valid join token is necessary to join this cluster",
		"remote CA does not match fingerprint. Expected: 1234",
		/* call.c says what to do. */
		"client version 1.51 is too new. Maximum supported API version is 1.43",
		("client version 1.24 is too old. Minimum supported API version is 1.44, please "
		 "upgrade your client to a newer version"),
		"",
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[SWARM_ERROR_TEXT], wrapped[SWARM_ERROR_TEXT];

		test_row = table[i];
		swarm__reword(table[i], text, sizeof(text));
		CHECK_STR(text, table[i]);
		snprintf(wrapped, sizeof(wrapped), "rpc error: code = Unknown desc = %s", table[i]);
		swarm__reword(wrapped, text, sizeof(text));
		CHECK_STR(text, table[i]);
	}
}

/* Too little room, and a star that matches without end. */
static void edges(void)
{
	char text[SWARM_ERROR_TEXT], small[12], *long_text = malloc(5001);

	memset(long_text, 'x', 5000);
	long_text[5000] = '\0';
	swarm__reword(long_text, text, sizeof(text));
	CHECK_INT((long long)strlen(text), SWARM_ERROR_TEXT - 1);
	memcpy(long_text, "minimum certificate expiry time is: ", 36);
	swarm__reword(long_text, text, sizeof(text));
	CHECK_PART(text, "must be at least xxxx");
	swarm__reword("page not found", small, sizeof(small));
	CHECK_STR(small, "the engine ");
	swarm__reword("minimum certificate expiry time is:", text, sizeof(text));
	CHECK_STR(text, "minimum certificate expiry time is:");
	free(long_text);
}

TEST_MAIN(TEST(ours), TEST(on_purpose), TEST(edges))
