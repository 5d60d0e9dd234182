/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Take this host out of its swarm.
 */
#include "cluster/internal.h"

#include <string.h>

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

/*
 * moby: with a 503, as if it could not be done just now; it stays so until force is given. The texts are
 * those of words.def.
 */
static bool is_manager_refused(const swarm_error *err)
{
	return strstr(err->text, "this host is a manager") ||
	       strstr(err->text, "this host is the last manager");
}

/* Until the engine takes it, or this host is out of its swarm whatever the engine said of it. */
static int send_leave(swarm_client *client, bool force, const swarm__deadline *deadline,
		      swarm_error *err)
{
	const swarm_pair forced[] = { { "force", "true" }, { NULL, NULL } };
	int64_t pause = 0;

	for (;;) {
		swarm_local SWARM__AUTO_LOCAL *local = NULL;
		swarm_error here = SWARM_ERROR_INIT;
		int rc = swarm__call(client, SWARM_OP_SWARM_LEAVE, NULL, force ? forced : NULL,
				     NULL, deadline, NULL, err);

		if (!rc || !swarm__is_unsure(err) || is_manager_refused(err))
			return rc;
		if (swarm__local_read(client, deadline, &local, &here) == 0 &&
		    local->state == SWARM_LOCAL_INACTIVE) {
			swarm__error_clear(err);
			return 0;
		}
		if (!swarm__is_write_transient(err) ||
		    swarm__pause(client, deadline, &pause, &here))
			return here.code == SWARM_E_CANCELED ? swarm__replace(err, &here) : rc;
		swarm__error_clear(err);
	}
}

int swarm__leave(swarm_client *client, bool force, const swarm__deadline *deadline,
		 swarm_error *err)
{
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
		return swarm__error(err, SWARM_E_NOT_MEMBER, "this host is not in a swarm");
	rc = send_leave(client, force, deadline, err);
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
