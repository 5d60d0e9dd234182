/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of a cluster that the engine accepts without a word and that harm it, or that it refuses only
 * after an init has made the swarm. Checked before anything is sent.
 */
#include "cluster/internal.h"

/* swarmkit: ca/certificates.go, an hour. */
#define MIN_EXPIRY_NS ((json_int_t)3600 * 1000000000)

/* A number that is given must be at least least. name is for the text, which says what unit it has. */
static int check_least(const json_t *given, const char *path, json_int_t least, const char *unit,
		       swarm_error *err)
{
	const json_t *value = swarm__json_at(given, path);

	if (!value || json_is_null(value))
		return 0;
	if (!json_is_integer(value))
		return swarm__error(err, SWARM_E_INVAL, "%s must be a whole number%s", path, unit);
	if (json_integer_value(value) < least)
		return swarm__error(err, SWARM_E_INVAL, "%s must be at least %lld%s, not %lld",
				    path, (long long)least, unit,
				    (long long)json_integer_value(value));
	return 0;
}

/* etcd/raft: with equal ticks followers call an election before the leader's heartbeat can come. */
static int check_ticks(const json_t *given, const json_t *merged, swarm_error *err)
{
	json_int_t heartbeat = swarm__json_integer(merged, "Raft.HeartbeatTick");
	json_int_t election = swarm__json_integer(merged, "Raft.ElectionTick");

	if (!swarm__json_at(given, "Raft.HeartbeatTick") &&
	    !swarm__json_at(given, "Raft.ElectionTick"))
		return 0;
	/* swarmkit's own, where an init gives only one. */
	heartbeat = heartbeat ? heartbeat : 1;
	election = election ? election : 10;
	if (election <= heartbeat)
		return swarm__error(
			err, SWARM_E_INVAL,
			"Raft.ElectionTick must be greater than Raft.HeartbeatTick, not %lld "
			"and %lld",
			(long long)election, (long long)heartbeat);
	return 0;
}

int swarm__settings_check(const json_t *given, const json_t *merged, swarm_error *err)
{
	int rc = check_least(given, "Dispatcher.HeartbeatPeriod", 1, " (nanoseconds)", err);

	if (!rc)
		rc = check_least(given, "CAConfig.NodeCertExpiry", MIN_EXPIRY_NS,
				 " (nanoseconds: 1 hour)", err);
	if (!rc)
		rc = check_least(given, "Raft.HeartbeatTick", 1, "", err);
	if (!rc)
		rc = check_least(given, "Raft.ElectionTick", 1, "", err);
	return rc ? rc : check_ticks(given, merged, err);
}
