/* SPDX-License-Identifier: Apache-2.0 */
/* A network is removed, where nothing uses it. */
#include "object/network.h"

static int check_unused(swarm__network *n, swarm_error *err)
{
	swarm__names names = { 0 };
	json_t *users;
	int rc = swarm__network_users(n, &users, err);

	if (rc)
		return rc;
	swarm__network_names(users, &names);
	json_decref(users);
	if (*names.text)
		return swarm__error(
			err, SWARM_E_CONFLICT,
			"network %s is used by services: %s: remove them first, or take "
			"them off it",
			n->name, names.text);
	return swarm__network_check_attached(n, err);
}

/* moby lists networks without a word where it has no leader; a list of services says so. */
static int check_absent(swarm__network *n, swarm_error *err)
{
	json_t *services = NULL;
	int rc = swarm__network_detached(n, &services, err);

	json_decref(services);
	return rc;
}

static int remove_network(swarm__network *n, bool dry, json_t **ret_result, swarm_error *err)
{
	json_t *result;
	int rc = swarm__network_find(n, err);

	if (!rc)
		rc = n->object ? check_unused(n, err) : check_absent(n, err);
	if (!rc && n->object && !dry)
		rc = swarm__network_delete(n, err);
	if (rc || !ret_result)
		return rc;
	result = json_pack("{s:s, s:s}", "id", swarm__json_string(n->object, "Id"), "action",
			   n->object ? "remove" : "none");
	if (!result)
		return swarm__nomem(err);
	*ret_result = result;
	return 0;
}

int swarm_network_remove(swarm_client *client, const char *name,
			 const swarm_network_options *options, json_t **ret_result,
			 swarm_error *err)
{
	const swarm_network_options *o = options ? options : &swarm__network_no_options;
	swarm__network n = { .client = client, .name = name };
	swarm_error spare = SWARM_ERROR_INIT;
	int rc;

	if (!err)
		err = &spare;
	rc = swarm__network_check(client, name, o, SWARM_NETWORK_DRY_RUN, err);
	if (rc)
		return rc;
	n.deadline = swarm__deadline_in(o->timeout_ms, SWARM__NETWORK_TIMEOUT_MS);
	rc = remove_network(&n, (o->flags & SWARM_NETWORK_DRY_RUN) != 0, ret_result, err);
	json_decref(n.all);
	return rc;
}
