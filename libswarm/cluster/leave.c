/*
 * Take this host out of its swarm.
 */
#include "cluster/internal.h"

enum { DEFAULT_TIMEOUT_MS = 120000 };

static int wait_inactive(swarm_client *client, const swarm__deadline *deadline, swarm_error *err)
{
	int64_t pause = 0;

	for (;;) {
		swarm_local SWARM__AUTO_LOCAL *local = NULL;
		int rc = swarm__local_read(client, deadline, &local, err);

		if (rc || local->state == SWARM_LOCAL_INACTIVE)
			return rc;
		swarm__progress(client, "leave", 0, 1, "%s",
				swarm_local_state_name((int)local->state));
		rc = swarm__pause(client, deadline, &pause, err);
		if (rc)
			return rc;
	}
}

int swarm__leave(swarm_client *client, bool force, const swarm__deadline *deadline,
		 swarm_error *err)
{
	const swarm_pair forced[] = { { "force", "true" }, { NULL, NULL } };
	swarm_error spare = SWARM_ERROR_INIT;
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	int64_t started = swarm__now_ms();
	int rc;

	if (!err)
		err = &spare;
	rc = swarm__local_read(client, deadline, &local, err);
	if (rc)
		return rc;
	if (local->state == SWARM_LOCAL_INACTIVE)
		return swarm__error(err, SWARM_E_NOT_MEMBER, "this host is in no swarm");
	rc = swarm__call(client, SWARM_OP_SWARM_LEAVE, NULL, force ? forced : NULL, NULL, deadline,
			 NULL, err);
	if (!rc)
		rc = wait_inactive(client, deadline, err);
	/* Seen: a leave that hung for 13 minutes, and every init and join behind it. */
	if (rc == SWARM_E_TIMEOUT)
		return swarm__error_hung(err, "leave", started);
	return rc;
}

int swarm_leave(swarm_client *client, int force, int64_t timeout_ms, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);

	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	return swarm__leave(client, force != 0, &deadline, err);
}
