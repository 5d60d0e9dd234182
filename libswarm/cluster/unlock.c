/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock of the managers (autolock): unlock this host with the unlock key, and read or rotate that
 * key. The key is a secret as the join tokens are: whoever has it and a manager's disk has the
 * cluster's secrets.
 */
#include "cluster/internal.h"

#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000, UNLOCK_TIMEOUT_MS = 120000 };

/* swarmkit: encryption/encryption.go, 32 bytes as base64 without padding. */
#define KEY_HEAD "SWMKEY-1-"
enum { KEY_LENGTH = 43 };

/* A wrong form is found here, so that the engine's log does not get it. Never quotes the key. */
static int check_form(const char *key, swarm_error *err)
{
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const size_t head = strlen(KEY_HEAD);

	if (!key || !*key)
		return swarm__error(err, SWARM_E_INVAL, "an unlock key is required");
	if (strncmp(key, KEY_HEAD, head) != 0)
		return swarm__error(err, SWARM_E_KEY,
				    "not an unlock key: it does not start with " KEY_HEAD);
	if (strspn(key + head, base64) != KEY_LENGTH || key[head + KEY_LENGTH])
		return swarm__error(
			err, SWARM_E_KEY,
			"malformed unlock key: %d characters of base64 follow " KEY_HEAD,
			KEY_LENGTH);
	return 0;
}

/* --- unlock --------------------------------------------------------------------------------- */

/* Workers are never locked; the text of an unlocked host is the engine's own. */
static int require_locked(const swarm_local *local, swarm_error *err)
{
	switch (local->state) {
	case SWARM_LOCAL_LOCKED:
		return 0;
	case SWARM_LOCAL_INACTIVE:
		return swarm__error(err, SWARM_E_NOT_MEMBER, "this host is not in a swarm");
	default:
		return swarm__error(err, SWARM_E_CONFLICT, "swarm is not locked");
	}
}

static int send_key(swarm_client *client, const char *key, const swarm__deadline *deadline,
		    swarm_error *err)
{
	json_t *body = json_pack("{s:s}", "UnlockKey", key);
	int rc = body ? swarm__call(client, SWARM_OP_SWARM_UNLOCK, NULL, NULL, body, deadline, NULL,
				    err)
		      : swarm__nomem(err);

	swarm__json_wipe(body, "UnlockKey");
	json_decref(body);
	return rc;
}

/*
 * Until the engine accepts the key, or is unlocked whatever it answered. PENDING: the engine unlocks,
 * but gave up waiting for it.
 */
static int unlock(swarm_client *client, const char *key, const swarm__deadline *deadline,
		  swarm_error *err)
{
	int64_t pause = 0;

	for (;;) {
		swarm_local SWARM__AUTO_LOCAL *local = NULL;
		swarm_error here = SWARM_ERROR_INIT;
		int rc = send_key(client, key, deadline, err);

		if (!rc || !swarm__is_unsure(err))
			return rc;
		if (swarm__local_read(client, deadline, &local, &here) == 0 &&
		    local->state != SWARM_LOCAL_LOCKED) {
			swarm__error_clear(err);
			return 0;
		}
		if (!swarm__is_write_transient(err) ||
		    swarm__pause(client, deadline, &pause, &here))
			return here.code == SWARM_E_CANCELED ? swarm__replace(err, &here) : rc;
		swarm__error_clear(err);
	}
}

/* 0: active. 1: not yet. Else an error. */
static int look(swarm_client *client, const swarm__deadline *deadline, swarm_error *err)
{
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	int rc = swarm__local_read(client, deadline, &local, err);

	if (rc)
		return rc;
	swarm__progress(client, "unlock", local->state == SWARM_LOCAL_ACTIVE, 1, "%s",
			swarm_local_state_name((int)local->state));
	if (local->state == SWARM_LOCAL_ERROR || local->state == SWARM_LOCAL_INACTIVE)
		return swarm__error(err, SWARM_E_STATE,
				    "docker was unlocked, but is in state %s: %s",
				    swarm_local_state_name((int)local->state),
				    *local->error ? local->error : "see docker's log");
	return local->state == SWARM_LOCAL_ACTIVE ? 0 : 1;
}

static int wait_active(swarm_client *client, const swarm__deadline *deadline, int64_t started,
		       swarm_error *err)
{
	int64_t pause = 0;
	int rc;

	do {
		rc = look(client, deadline, err);
		if (rc == 0)
			return 0;
		if (rc == 1)
			rc = swarm__pause(client, deadline, &pause, err);
	} while (!rc);
	return rc == SWARM_E_TIMEOUT ? swarm__error_hung(err, "unlock", started) : rc;
}

int swarm_unlock(swarm_client *client, const char *key, int64_t timeout_ms, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, UNLOCK_TIMEOUT_MS);
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	swarm_error spare = SWARM_ERROR_INIT;
	int64_t started = swarm__now_ms();
	int rc;

	if (!err)
		err = &spare;
	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	rc = check_form(key, err);
	if (!rc)
		rc = swarm__local_read(client, &deadline, &local, err);
	if (!rc)
		rc = require_locked(local, err);
	if (!rc)
		rc = unlock(client, key, &deadline, err);
	if (rc == SWARM_E_TIMEOUT)
		return swarm__error_hung(err, "unlock", started);
	if (rc)
		return rc;
	rc = wait_active(client, &deadline, started, err);
	/* The engine may quote the key, or a part of it, in /info. */
	if (rc && err)
		swarm__redact_parts(err->text, key, 8);
	return rc;
}

/* --- the key -------------------------------------------------------------------------------- */

int swarm__unlock_key_read(swarm_client *client, const swarm__deadline *deadline, char **ret_key,
			   swarm_error *err)
{
	json_t *answer;
	const char *key;
	int rc = swarm__call_patiently(client, SWARM_OP_SWARM_UNLOCK_KEY, NULL, NULL, deadline,
				       &answer, err);

	if (rc)
		return rc;
	key = json_string_value(json_object_get(answer, "UnlockKey"));
	/* moby: "" where autolock is off. */
	if (key && !*key)
		rc = swarm__error(err, SWARM_E_NOT_FOUND,
				  "there is no unlock key: autolock is off in this swarm");
	else if (check_form(key, NULL))
		rc = swarm__error(err, SWARM_E_JSON, "UnlockKey: expected unlock key");
	else if (!(*ret_key = strdup(key)))
		rc = swarm__nomem(err);
	swarm__json_wipe(answer, "UnlockKey");
	json_decref(answer);
	return rc;
}

int swarm_unlock_key_get(swarm_client *client, int64_t timeout_ms, char **ret_key, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);

	if (!client || !ret_key)
		return swarm__error(err, SWARM_E_INVAL, "client and ret_key are required");
	return swarm__unlock_key_read(client, &deadline, ret_key, err);
}

int swarm_unlock_key_rotate(swarm_client *client, int64_t timeout_ms, char **ret_key,
			    swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);

	if (!client || !ret_key)
		return swarm__error(err, SWARM_E_INVAL, "client and ret_key are required");
	return swarm__cluster_update(client, NULL, SWARM_ROTATE_UNLOCK_KEY, false, &deadline, NULL,
				     ret_key, err);
}
