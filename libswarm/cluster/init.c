/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Make a new swarm on this host. The rules of the engine's init; knows nothing of other hosts.
 */
#include "cluster/internal.h"

#include <string.h>

enum {
	DEFAULT_TIMEOUT_MS = 120000,
	/* moby: the engine's own pool and mask; it requires both or none. */
	DEFAULT_SUBNET_SIZE = 24,
	SMALLEST_SUBNET = 29,
};
#define DEFAULT_POOL "10.0.0.0/8"

static int check_options(const swarm_client *client, const swarm_init_options *o,
			 const swarm__host *host, swarm_error *err)
{
	if (o->size != sizeof(*o))
		return swarm__error(err, SWARM_E_INVAL, "start from SWARM_INIT_OPTIONS_INIT");
	if (o->data_path_port && (o->data_path_port < 1024 || o->data_path_port > 49151))
		return swarm__error(err, SWARM_E_INVAL,
				    "data path port must be 1024 to 49151, not %d",
				    o->data_path_port);
	if (o->subnet_size < 0 || o->subnet_size > SMALLEST_SUBNET)
		return swarm__error(err, SWARM_E_INVAL, "subnet size is 1 to %d, not %d",
				    SMALLEST_SUBNET, o->subnet_size);
	if (o->spec && !json_is_object(o->spec))
		return swarm__error(err, SWARM_E_INVAL, "spec must be an object");
	/* moby: with a spec that it refuses, a swarm is made all the same. */
	if (swarm__settings_check(o->spec, o->spec, err))
		return SWARM_E_INVAL;
	for (const char *const *cidr = o->default_addr_pool; cidr && *cidr; cidr++)
		if (swarm__utf8_check("an address pool", *cidr, err))
			return SWARM_E_INVAL;
	return swarm__host_check(client, host, err);
}

/* 0 or -1; value is stolen, and NULL gives -1. */
static int set(json_t *object, const char *name, json_t *value)
{
	return json_object_set_new(object, name, value);
}

/* moby: the size is ignored without a pool, and a pool without size is stored with size 0. */
static int set_pool(json_t *body, const swarm_init_options *o)
{
	json_t *pool = json_array();
	int bad = !pool;

	for (const char *const *cidr = o->default_addr_pool; !bad && cidr && *cidr; cidr++)
		bad = json_array_append_new(pool, json_string(*cidr));
	if (!bad && json_array_size(pool) == 0)
		bad = json_array_append_new(pool, json_string(DEFAULT_POOL));
	if (bad) {
		json_decref(pool);
		return -1;
	}
	return set(body, "DefaultAddrPool", pool) ||
	       set(body, "SubnetSize",
		   json_integer(o->subnet_size ? o->subnet_size : DEFAULT_SUBNET_SIZE));
}

/*
 * moby: the top-level field makes the key at the start of the node, then the spec's field is copied
 * over it whatever it says. So both or none.
 */
static int set_spec(json_t *body, const swarm_init_options *o, const json_t *before)
{
	json_t *lock = o->autolock
			       ? json_pack("{s:{s:b}}", "EncryptionConfig", "AutoLockManagers", 1)
			       : json_object();
	json_t *none = json_object();
	json_t *mine = lock && none ? swarm__json_merge(o->spec ? o->spec : none, lock) : NULL;
	json_t *spec = mine ? swarm__json_merge(before ? before : none, mine) : NULL;
	bool autolock = swarm__json_bool(spec, "EncryptionConfig.AutoLockManagers");
	int bad = set(body, "Spec", spec);

	swarm__json_wipe(mine, "CAConfig.SigningCAKey");
	json_decref(lock);
	json_decref(none);
	json_decref(mine);
	if (!bad && autolock)
		bad = set(body, "AutoLockManagers", json_true());
	return bad;
}

/* before: the spec of a cluster that lost its quorum, or NULL. */
static json_t *make_body(const swarm_init_options *o, const swarm__host *host, const json_t *before)
{
	json_t *body = swarm__host_body(host);
	bool pool = o->subnet_size || (o->default_addr_pool && *o->default_addr_pool);

	if (!body || (pool && set_pool(body, o)) || set_spec(body, o, before) ||
	    (o->data_path_port && set(body, "DataPathPort", json_integer(o->data_path_port))) ||
	    (o->force_new_cluster && set(body, "ForceNewCluster", json_true()))) {
		json_decref(body);
		return NULL;
	}
	return body;
}

/* A swarm that has just started has no leader for a moment, and no manager part before that. */
static bool starting(const swarm_error *err)
{
	return swarm__is_transient(err) || err->code == SWARM_E_NOT_MANAGER ||
	       err->code == SWARM_E_UNAVAILABLE;
}

/* --- force-new-cluster ------------------------------------------------------------------------ */

/* Is the spec one with which a new cluster may be forced? ret_spec: new reference. */
static int take_spec(json_t *spec, json_t **ret_spec, swarm_error *err)
{
	bool locks;
	int rc = swarm__spec_autolock(spec, &locks, err);

	if (rc)
		return rc;
	/* moby: the node cannot start from its locked key, and the engine then says "inactive". */
	if (locks)
		return swarm__error(
			err, SWARM_E_LOCKED,
			"autolock is on: the engine cannot force a new cluster from locked "
			"data; turn autolock off first, or bring the other managers back");
	*ret_spec = json_incref(spec);
	return 0;
}

/*
 * Only a cluster without a leader may be forced: it removes all other managers. moby copies autolock
 * and the CA's rotation counter over the old ones even where they are zero, so where a leader is
 * seen, the spec is sent back with them; without one a manager cannot read it, and it stays NULL.
 */
static int check_lost(swarm_client *client, const swarm_init_options *o, const swarm_local *local,
		      const swarm__deadline *deadline, json_t **ret_spec, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	json_t *cluster = NULL;
	bool leads = *local->cluster_id;
	int rc = swarm__cluster_read(client, false, deadline, &cluster, &here);

	/* Only the engine's own report that there is no leader counts. */
	if (rc && !starting(&here)) {
		*err = here;
		return rc;
	}
	if ((!rc || leads) && !o->force_despite_leader)
		rc = swarm__error(
			err, SWARM_E_MEMBER,
			"the swarm of this host has a leader, so nothing is lost: forcing a "
			"new cluster would remove all other managers");
	else
		rc = rc ? 0 : take_spec(json_object_get(cluster, "Spec"), ret_spec, err);
	json_decref(cluster);
	return rc;
}

/* --- the wait --------------------------------------------------------------------------------- */

/* 0: it leads, and ret_node_id (NULL is allowed) has a new string. 1: not yet. Else an error. */
static int look(swarm_client *client, const swarm__deadline *deadline, char **ret_node_id,
		swarm_error *err)
{
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	int rc = swarm__local_read(client, deadline, &local, err);

	if (rc)
		return rc;
	swarm__progress(client, "init", 0, 1, "%s", swarm_local_state_name((int)local->state));
	if (local->state == SWARM_LOCAL_ERROR || local->state == SWARM_LOCAL_INACTIVE)
		return swarm__error(err, SWARM_E_STATE,
				    "docker accepted the init, but is in state %s: %s",
				    swarm_local_state_name(local->state),
				    *local->error ? local->error : "see docker's log");
	if (local->state != SWARM_LOCAL_ACTIVE || !local->manager)
		return 1;
	if (!*local->node_id)
		return swarm__error(err, SWARM_E_JSON,
				    "docker accepted the init, but names no node: Swarm.NodeID: "
				    "expected id");
	rc = swarm__cluster_read(client, false, deadline, NULL, err);
	if (rc && starting(err)) {
		swarm__error_clear(err);
		return 1;
	}
	if (!rc && ret_node_id) {
		*ret_node_id = local->node_id;
		local->node_id = NULL;
	}
	return rc;
}

static int wait_leading(swarm_client *client, const swarm__deadline *deadline, int64_t started,
			char **ret_node_id, swarm_error *err)
{
	int64_t pause = 0;
	int rc;

	for (;;) {
		rc = look(client, deadline, ret_node_id, err);
		if (rc == 1)
			rc = swarm__pause(client, deadline, &pause, err);
		else if (rc != SWARM_E_TIMEOUT)
			return rc;
		if (rc == SWARM_E_TIMEOUT)
			break;
		if (rc)
			return rc;
	}
	swarm__error_clear(err);
	return swarm__error(
		err, SWARM_E_TIMEOUT,
		"the swarm was created, but has no leader after %lld s: see docker's log "
		"(journalctl -u docker)",
		(long long)swarm__seconds_since(started));
}

/*
 * moby: where only the writing of the spec fails, the answer is an error but the node runs on as
 * manager of a new swarm. Whoever sees the error must know that.
 */
static void tell_if_running(swarm_client *client, const swarm__deadline *deadline, swarm_error *err)
{
	swarm_local SWARM__AUTO_LOCAL *local = NULL;

	if (swarm__local_read(client, deadline, &local, NULL) || local->state != SWARM_LOCAL_ACTIVE)
		return;
	swarm__error_wrap(err, err->code,
			  "a swarm runs on this host now, without the requested settings "
			  "(set them by an update, or leave by force and run again)");
}

int swarm_init(swarm_client *client, const swarm_init_options *options, char **ret_node_id,
	       swarm_error *err)
{
	static const swarm_init_options defaults = SWARM_INIT_OPTIONS_INIT;
	const swarm_init_options *o = options ? options : &defaults;
	const swarm__host host = { o->listen_addr, o->advertise_addr, o->data_path_addr,
				   o->availability };
	swarm__deadline deadline = swarm__deadline_in(o->timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm_error spare = SWARM_ERROR_INIT;
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	int64_t started = swarm__now_ms();
	json_t *before = NULL, *body;
	int rc;

	if (!err)
		err = &spare;
	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	rc = check_options(client, o, &host, err);
	if (!rc)
		rc = swarm__local_read(client, &deadline, &local, err);
	/* A member may force a new cluster, unless it is locked. */
	if (!rc && (!o->force_new_cluster || local->state == SWARM_LOCAL_LOCKED))
		rc = swarm__local_require_inactive(local, err);
	if (!rc && o->force_new_cluster && local->state != SWARM_LOCAL_INACTIVE)
		rc = check_lost(client, o, local, &deadline, &before, err);
	if (rc)
		return rc;
	body = make_body(o, &host, before);
	json_decref(before);
	if (!body)
		return swarm__nomem(err);
	rc = swarm__call(client, SWARM_OP_SWARM_INIT, NULL, NULL, body, &deadline, NULL, err);
	swarm__json_wipe(body, "Spec.CAConfig.SigningCAKey");
	json_decref(body);
	if (!rc)
		return wait_leading(client, &deadline, started, ret_node_id, err);
	if (rc == SWARM_E_TIMEOUT)
		return swarm__error_hung(err, "init", started);
	if (err->http_status == 500 && !o->force_new_cluster)
		tell_if_running(client, &deadline, err);
	return rc;
}
