/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network is created: the body that the engine requires, subnets that would overlap, names that remains of
 * another network hold, and the wait for its addresses. Compares nothing.
 */
#include "object/network.h"
#include "spec/internal.h"

#include <string.h>

enum {
	/* So often a name is taken by what no list shows, such as remains that went meanwhile. */
	BLIND_TRIES = 5,
};

/* moby fills it in. */
#define VXLAN_IDS "com.docker.network.driver.overlay.vxlanid_list"

/* --- what is there, as a create would have it ---------------------------------------------------------- */

static int copy_fields(const json_t *from, json_t *to, const char *const *names)
{
	for (; *names; names++) {
		json_t *value = json_object_get(from, *names);
		json_t *copy = value && !json_is_null(value) ? json_deep_copy(value) : NULL;

		if (value && !json_is_null(value) && json_object_set_new(to, *names, copy))
			return -1;
	}
	return 0;
}

json_t *swarm__network_body(const json_t *object, const json_t *driver_opts)
{
	static const char *const names[] = { "Name",    "Driver",     "Internal",   "Attachable",
					     "Ingress", "EnableIPv4", "EnableIPv6", "Options",
					     "Labels",  "IPAM",       NULL };
	json_t *body = json_object();

	if (!body || copy_fields(object, body, names)) {
		json_decref(body);
		return NULL;
	}
	if (!json_object_get(driver_opts, VXLAN_IDS))
		json_object_del(json_object_get(body, "Options"), VXLAN_IDS);
	return body;
}

/* Give what the engine requires of a create. */
static int complete(json_t *body)
{
	if (!json_object_get(body, "Driver") &&
	    json_object_set_new(body, "Driver", json_string("overlay")))
		return -1;
	/* moby, before Engine 25: else a second one with a name of this host is made. */
	return json_object_set_new(body, "CheckDuplicate", json_true());
}

/* --- subnets ---------------------------------------------------------------------------------------------- */

/* The network that has a subnet overlapping one; NULL: none. */
static const char *find_overlap(const swarm__network *n, const swarm__pool *pool,
				const char **ret_subnet)
{
	json_t *other, *config;
	size_t i, j;

	json_array_foreach (n->all, i, other) {
		if (other == n->object ||
		    strcmp(swarm__json_string(other, "Scope"), "swarm") != 0 ||
		    strcmp(swarm__json_string(other, "Name"), n->name) == 0)
			continue;
		json_array_foreach (swarm__json_iterable(swarm__json_at(other, "IPAM.Config")), j,
				    config) {
			const char *subnet = swarm__json_string(config, "Subnet");
			swarm__pool its;

			if (swarm__pool_read(subnet, &its) && swarm__pools_overlap(pool, &its)) {
				*ret_subnet = subnet;
				return swarm__json_string(other, "Name");
			}
		}
	}
	return NULL;
}

static int check_ingress(const swarm__network *n, const json_t *spec, swarm_error *err)
{
	json_t *other;
	size_t i;

	if (!json_is_true(json_object_get(spec, "Ingress")))
		return 0;
	json_array_foreach (n->all, i, other)
		if (other != n->object && json_is_true(json_object_get(other, "Ingress")) &&
		    strcmp(swarm__json_string(other, "Name"), n->name) != 0)
			return swarm__error(
				err, SWARM_E_CONFLICT,
				"the ingress network is %s, and a swarm has one: remove "
				"it first, or replace it under its own name",
				swarm__json_string(other, "Name"));
	return 0;
}

/* moby takes a network that overlaps another one, and its tasks wait for ever. */
int swarm__network_check_others(const swarm__network *n, const json_t *spec, swarm_error *err)
{
	const json_t *pools = swarm__json_at(spec, "IPAM.Config");
	json_t *one;
	size_t i;
	int rc;

	json_array_foreach (swarm__json_iterable(pools), i, one) {
		const char *subnet = swarm__json_string(one, "Subnet"), *its = "";
		const char *name = NULL;
		swarm__pool pool;

		if (swarm__pool_read(subnet, &pool))
			name = find_overlap(n, &pool, &its);
		if (name)
			return swarm__error(err, SWARM_E_CONFLICT,
					    "subnet %s of network %s overlaps %s of network %s",
					    subnet, n->name, its, name);
	}
	rc = check_ingress(n, spec, err);
	return rc ? rc
		  : swarm__network_check_driver(n->client, swarm__json_string(spec, "Driver"),
						&n->deadline, err);
}

/* --- the create ------------------------------------------------------------------------------------------- */

/* The managers that have no addresses for a network leave its driver empty. */
bool swarm__network_is_allocated(const json_t *object)
{
	return *swarm__json_string(object, "Driver") != '\0';
}

int swarm__network_unallocated(const swarm__network *n, swarm_error *err)
{
	return swarm__error(err, SWARM_E_STATE,
			    "the managers have no addresses for network %s: its subnets overlap "
			    "those of another network, or the address pool is used up",
			    n->name);
}

static int wait_allocated(swarm__network *n, const char *id, swarm_error *err)
{
	swarm__deadline soon = swarm__deadline_in(0, SWARM__NETWORK_ALLOCATE_MS);
	int64_t pause = 0;

	for (;;) {
		json_t *object;
		bool done;
		int rc = swarm__object_get(n->client, SWARM_KIND_NETWORK, id, &n->deadline, &object,
					   err);

		if (rc)
			return rc;
		done = swarm__network_is_allocated(object);
		json_decref(object);
		if (done)
			return 0;
		rc = swarm__pause(n->client, &soon, &pause, err);
		if (rc == SWARM_E_TIMEOUT) {
			swarm__error_clear(err);
			/* Nothing can use it, and with its name it would be taken for the right one. */
			swarm__call(n->client, SWARM_OP_NETWORK_DELETE, id, NULL, NULL,
				    &n->deadline, NULL, NULL);
			return swarm__network_unallocated(n, err);
		}
		if (rc)
			return rc;
	}
}

/* moby: the remains of a deleted one on this host hold its name, until the last container is gone. */
static int post_create(swarm__network *n, const json_t *body, json_t **ret_created,
		       swarm_error *err)
{
	int64_t pause = 0;
	int blind = 0;

	for (;;) {
		swarm_error here = SWARM_ERROR_INIT;
		int rc = swarm__object_create(n->client, SWARM_KIND_NETWORK, body, NULL,
					      &n->deadline, ret_created, err);

		if (rc != SWARM_E_CONFLICT)
			return rc;
		if (swarm__network_find(n, &here))
			return swarm__replace(err, &here);
		if (n->object || (!n->remains && ++blind > BLIND_TRIES))
			return rc;
		rc = swarm__pause(n->client, &n->deadline, &pause, &here);
		if (rc == SWARM_E_TIMEOUT)
			return swarm__error_wrap(
				err, SWARM_E_CONFLICT,
				"containers of this host still hold a network %s that "
				"was removed",
				n->name);
		if (rc)
			return swarm__replace(err, &here);
		swarm__error_clear(err);
	}
}

int swarm__network_create(swarm__network *n, json_t *body, char **ret_id, swarm_error *err)
{
	json_t *created = NULL;
	int rc;

	if (complete(body))
		return swarm__nomem(err);
	rc = post_create(n, body, &created, err);
	if (rc)
		return rc;
	free(*ret_id);
	*ret_id = strdup(swarm__json_string(created, "ID"));
	json_decref(created);
	return *ret_id ? wait_allocated(n, *ret_id, err) : swarm__nomem(err);
}
