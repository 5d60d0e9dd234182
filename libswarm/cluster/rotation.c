/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof that tokens and unlock key were rotated: what is read after the change is another one
 * than before it. An engine may take the wish and drop it (moby does where autolock is off), and
 * whoever rotates because a secret leaked must not go on with the one that leaked.
 */
#include "cluster/internal.h"

#include <string.h>

static int not_rotated(const char *what, swarm_error *err)
{
	return swarm__error(err, SWARM_E_STATE,
			    "docker accepted the rotation, but this is the same as before: %s; see "
			    "docker's log on the leader (journalctl -u docker)",
			    what);
}

static const char *token_in(const json_t *cluster, const char *role)
{
	return swarm__json_string(json_object_get(cluster, "JoinTokens"), role);
}

int swarm__rotation_tokens(unsigned rotate, const json_t *before, const json_t *after,
			   swarm_error *err)
{
	static const struct {
		unsigned flag;
		const char *role;
		const char *name;
	} tokens[] = {
		{ SWARM_ROTATE_WORKER_TOKEN, "Worker", "worker token" },
		{ SWARM_ROTATE_MANAGER_TOKEN, "Manager", "manager token" },
	};
	swarm__names same = { 0 };

	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		const char *token = token_in(after, tokens[i].role);
		swarm_token_info info;

		if (!(rotate & tokens[i].flag))
			continue;
		if (swarm_token_parse(token, &info, NULL))
			return swarm__error(err, SWARM_E_JSON, "JoinTokens.%s: expected join token",
					    tokens[i].role);
		if (strcmp(token, token_in(before, tokens[i].role)) == 0)
			swarm__names_add(&same, "%s", tokens[i].name);
	}
	return *same.text ? not_rotated(same.text, err) : 0;
}

int swarm__rotation_key_before(swarm_client *client, const swarm__deadline *deadline,
			       char **ret_key, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	int rc = swarm__unlock_key_read(client, deadline, ret_key, &here);

	/* Autolock is off: the change may turn it on, or is refused for that. */
	if (rc && rc != SWARM_E_NOT_FOUND)
		return swarm__replace(err, &here);
	return 0;
}

int swarm__rotation_key_after(swarm_client *client, const swarm__deadline *deadline,
			      const char *before, char **ret_key, swarm_error *err)
{
	char *key = NULL;
	int rc = swarm__unlock_key_read(client, deadline, &key, err);

	if (!rc && before && strcmp(key, before) == 0)
		rc = not_rotated("unlock key", err);
	if (!rc && ret_key) {
		*ret_key = key;
		return 0;
	}
	swarm__free_secret(key);
	return rc;
}
