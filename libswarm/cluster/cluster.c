/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster's own object, through a manager: its join tokens and its settings.
 */
#include "cluster/internal.h"

#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000 };

/* --- the object itself ---------------------------------------------------------------------- */

int swarm__cluster_read(swarm_client *client, bool patient, const swarm__deadline *deadline,
			json_t **ret_cluster, swarm_error *err)
{
	json_t *cluster;
	int rc = patient ? swarm__call_patiently(client, SWARM_OP_SWARM_INSPECT, NULL, NULL,
						 deadline, &cluster, err)
			 : swarm__call(client, SWARM_OP_SWARM_INSPECT, NULL, NULL, NULL, deadline,
				       &cluster, err);

	if (rc)
		return rc;
	swarm__json_wipe(cluster, "JoinTokens.Worker");
	swarm__json_wipe(cluster, "JoinTokens.Manager");
	if (!*swarm__json_string(cluster, "ID"))
		rc = swarm__error(err, SWARM_E_JSON, "swarm_inspect: ID: expected string");
	if (!rc && ret_cluster)
		*ret_cluster = json_incref(cluster);
	json_decref(cluster);
	return rc;
}

int swarm__spec_autolock(const json_t *spec, bool *ret_locks, swarm_error *err)
{
	const json_t *lock = swarm__json_at(spec, "EncryptionConfig.AutoLockManagers");

	/* moby 1.12 has no such field. */
	if (!json_is_object(spec) || (lock && !json_is_boolean(lock)))
		return swarm__error(err, SWARM_E_JSON,
				    "Spec.EncryptionConfig.AutoLockManagers: expected boolean");
	*ret_locks = json_is_true(lock);
	return 0;
}

/* --- join tokens ---------------------------------------------------------------------------- */

void swarm_tokens_clear(swarm_tokens *tokens)
{
	if (!tokens)
		return;
	swarm__free_secret(tokens->worker);
	swarm__free_secret(tokens->manager);
	free(tokens->cluster_id);
	*tokens = (swarm_tokens)SWARM_TOKENS_INIT;
}

/* 0 and a new string; SWARM_E_JSON where the path has none, or none of a token's form. */
static int copy_string(const json_t *json, const char *path, bool token, char **ret_copy,
		       swarm_error *err)
{
	const char *string = swarm__json_string(json, path);
	swarm_token_info info;

	if (!*string)
		return swarm__error(err, SWARM_E_JSON, "%s: expected string", path);
	if (token && swarm_token_parse(string, &info, NULL))
		return swarm__error(err, SWARM_E_JSON, "%s: expected join token", path);
	*ret_copy = strdup(string);
	return *ret_copy ? 0 : swarm__nomem(err);
}

int swarm_tokens_get(swarm_client *client, int64_t timeout_ms, swarm_tokens *ret_tokens,
		     swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm_tokens tokens = SWARM_TOKENS_INIT;
	json_t *cluster;
	int rc;

	if (!client || !ret_tokens)
		return swarm__error(err, SWARM_E_INVAL, "client and ret_tokens are required");
	rc = swarm__call(client, SWARM_OP_SWARM_INSPECT, NULL, NULL, NULL, &deadline, &cluster,
			 err);
	if (rc)
		return rc;
	rc = copy_string(cluster, "JoinTokens.Worker", true, &tokens.worker, err);
	if (!rc)
		rc = copy_string(cluster, "JoinTokens.Manager", true, &tokens.manager, err);
	if (!rc)
		rc = copy_string(cluster, "ID", false, &tokens.cluster_id, err);
	swarm__json_wipe(cluster, "JoinTokens.Worker");
	swarm__json_wipe(cluster, "JoinTokens.Manager");
	json_decref(cluster);
	if (rc)
		swarm_tokens_clear(&tokens);
	else
		*ret_tokens = tokens;
	return rc;
}

/* --- settings ------------------------------------------------------------------------------- */

/* What swarm_cluster_update() was asked for. */
typedef struct wish {
	const json_t *patch;
	unsigned rotate;
} wish;

static int check_wish(void *payload, const json_t *before, const json_t *after, swarm_error *err)
{
	const wish *w = payload;
	const unsigned *rotate = &w->rotate;
	bool locks = false;
	int rc = swarm__settings_check(w->patch, after, err);

	if (!rc && *rotate & SWARM_ROTATE_UNLOCK_KEY)
		rc = swarm__spec_autolock(after, &locks, err);
	(void)before;
	/* moby drops the rotation silently then. */
	if (!rc && *rotate & SWARM_ROTATE_UNLOCK_KEY && !locks)
		return swarm__error(
			err, SWARM_E_INVAL,
			"there is no unlock key to rotate: autolock is off in this swarm");
	return rc;
}

static int prove_tokens(void *payload, const json_t *before, const json_t *after, swarm_error *err)
{
	const wish *w = payload;

	return swarm__rotation_tokens(w->rotate, before, after, err);
}

/*
 * A signing key is a secret that must not come back in the change. moby blanks it when read, so it
 * is there only where the caller gave a new one.
 */
static void drop_signing_key(json_t *change)
{
	json_t *config = json_object_get(json_object_get(change, "new"), "CAConfig");

	if (!*swarm__json_string(config, "SigningCAKey"))
		return;
	swarm__json_wipe(config, "SigningCAKey");
	json_object_del(config, "SigningCAKey");
}

int swarm__cluster_update(swarm_client *client, const json_t *patch, unsigned rotate, bool proven,
			  const swarm__deadline *deadline, json_t **ret_change, char **ret_key,
			  swarm_error *err)
{
	static const struct {
		unsigned flag;
		const char *name;
	} rotations[] = {
		{ SWARM_ROTATE_WORKER_TOKEN, "rotateWorkerToken" },
		{ SWARM_ROTATE_MANAGER_TOKEN, "rotateManagerToken" },
		{ SWARM_ROTATE_UNLOCK_KEY, "rotateManagerUnlockKey" },
	};
	enum { ROTATIONS = sizeof(rotations) / sizeof(rotations[0]) };
	const unsigned tokens = SWARM_ROTATE_WORKER_TOKEN | SWARM_ROTATE_MANAGER_TOKEN;
	char *key = NULL;
	swarm_pair query[ROTATIONS + 1] = { { NULL, NULL } };
	unsigned known = 0;
	size_t count = 0;
	json_t *change = NULL;
	int rc;

	rc = patch ? swarm__patch_check(SWARM_OP_SWARM_UPDATE, patch, err) : 0;
	if (rc)
		return rc;
	for (size_t i = 0; i < ROTATIONS; i++) {
		if (rotate & rotations[i].flag)
			query[count++] = (swarm_pair){ rotations[i].name, "true" };
		known |= rotations[i].flag;
	}
	if (rotate & ~known)
		return swarm__error(err, SWARM_E_INVAL, "unknown rotation flags 0x%x",
				    rotate & ~known);
	if (rotate & SWARM_ROTATE_UNLOCK_KEY)
		rc = swarm__rotation_key_before(client, deadline, &key, err);
	if (rc)
		return rc;
	rc = swarm__update_run(client,
			       &(swarm__update){ .inspect = SWARM_OP_SWARM_INSPECT,
						 .update = SWARM_OP_SWARM_UPDATE,
						 .patch = patch,
						 .query = query,
						 .always = count > 0,
						 .proven = proven && !rotate,
						 .check = check_wish,
						 .prove = rotate & tokens ? prove_tokens : NULL,
						 .payload = &(wish){ patch, rotate } },
			       deadline, &change, err);
	if (!rc)
		drop_signing_key(change);
	if (!rc && rotate & SWARM_ROTATE_UNLOCK_KEY)
		rc = swarm__rotation_key_after(client, deadline, key, ret_key, err);
	swarm__free_secret(key);
	if (!rc && ret_change)
		*ret_change = change;
	else
		json_decref(change);
	return rc;
}

int swarm_cluster_update(swarm_client *client, const json_t *patch, unsigned rotate,
			 int64_t timeout_ms, json_t **ret_change, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);

	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	return swarm__cluster_update(client, patch, rotate, true, &deadline, ret_change, NULL, err);
}
