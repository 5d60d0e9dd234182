/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network as a caller declares it: compared with what is there (spec/), created, replaced, removed.
 * Knows in which order that is safe; how services move is network_move.c's.
 */
#include "object/network.h"
#include "spec/internal.h"

#include <string.h>

enum {
	DEFAULT_TIMEOUT_MS = 60000,
	REPLACE_TIMEOUT_MS = 300000,
	/* For what must be put back after the caller's time was over. */
	RESTORE_TIMEOUT_MS = 60000,
	/* The managers give a network its addresses at once, or never. */
	ALLOCATE_MS = 5000,
	/* So often a name is taken by what no list shows, such as remains that went meanwhile. */
	BLIND_TRIES = 5,
	MAX_NAME = 200,
};

/* moby fills it in. */
#define VXLAN_IDS "com.docker.network.driver.overlay.vxlanid_list"

typedef struct apply {
	swarm__network n;
	const json_t *network;
	unsigned flags;
	json_t *body;     /* of a create that makes what is there, or NULL */
	json_t *result;   /* of the merge */
	json_t *detached; /* services that were taken off by a run before */
	json_t *users;    /* services that are on it; NULL where nobody asked */
	const char *action;
	char *id; /* of the network at the end */
} apply;

static bool is_on(const apply *a, unsigned flag)
{
	return (a->flags & flag) != 0;
}

static void apply_clear(apply *a)
{
	json_decref(a->n.all);
	json_decref(a->body);
	json_decref(a->result);
	json_decref(a->detached);
	json_decref(a->users);
	free(a->id);
}

static json_t *changes_of(const apply *a)
{
	return json_object_get(a->result, "changes");
}

static bool differs(const apply *a)
{
	return json_object_size(changes_of(a)) != 0;
}

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
static const char *find_overlap(const apply *a, const swarm__pool *pool, const char **ret_subnet)
{
	json_t *other, *config;
	size_t i, j;

	json_array_foreach (a->n.all, i, other) {
		if (other == a->n.object ||
		    strcmp(swarm__json_string(other, "Scope"), "swarm") != 0 ||
		    strcmp(swarm__json_string(other, "Name"), a->n.name) == 0)
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

/* moby takes such a network, and its tasks wait for ever. */
static int check_overlaps(const apply *a, swarm_error *err)
{
	const json_t *pools = swarm__json_at(a->result, "spec.IPAM.Config");
	json_t *one;
	size_t i;

	json_array_foreach (swarm__json_iterable(pools), i, one) {
		const char *subnet = swarm__json_string(one, "Subnet"), *its = "";
		const char *name = NULL;
		swarm__pool pool;

		if (swarm__pool_read(subnet, &pool))
			name = find_overlap(a, &pool, &its);
		if (name)
			return swarm__error(err, SWARM_E_CONFLICT,
					    "subnet %s of network %s overlaps %s of network %s",
					    subnet, a->n.name, its, name);
	}
	return 0;
}

/* --- the steps ---------------------------------------------------------------------------------------------- */

/* The managers that have no addresses for a network leave its driver empty. */
static bool is_allocated(const json_t *object)
{
	return *swarm__json_string(object, "Driver") != '\0';
}

/* One that was created a moment ago has nothing yet to compare. */
static int find(apply *a, swarm_error *err)
{
	swarm__deadline soon = swarm__deadline_in(0, ALLOCATE_MS);
	int64_t pause = 0;

	for (;;) {
		int rc = swarm__network_find(&a->n, err);

		if (rc || !a->n.object || is_allocated(a->n.object))
			return rc;
		rc = swarm__pause(a->n.client, &soon, &pause, err);
		if (rc == SWARM_E_TIMEOUT) {
			swarm__error_clear(err);
			return 0;
		}
		if (rc)
			return rc;
	}
}

/* Read the network and compare; services of it that a run before left off, too. */
static int look(apply *a, swarm_error *err)
{
	int rc = find(a, err);

	json_decref(a->body);
	json_decref(a->result);
	a->body = a->result = NULL;
	if (rc)
		return rc;
	if (a->n.object) {
		a->body = swarm__network_body(a->n.object,
					      json_object_get(a->network, "driver_opts"));
		if (!a->body)
			return swarm__nomem(err);
	}
	rc = swarm__network_merge(a->body, a->network, a->n.name, &a->result, err);
	if (rc)
		return rc;
	json_decref(a->detached);
	a->detached = NULL;
	return swarm__network_detached(&a->n, &a->detached, err);
}

static int set_id(apply *a, const char *id, swarm_error *err)
{
	free(a->id);
	a->id = strdup(id);
	return a->id ? 0 : swarm__nomem(err);
}

static int unallocated(const apply *a, swarm_error *err)
{
	return swarm__error(err, SWARM_E_STATE,
			    "the managers have no addresses for network %s: its subnets overlap "
			    "those of another network, or the address pool is used up",
			    a->n.name);
}

static int wait_allocated(apply *a, const char *id, swarm_error *err)
{
	swarm__deadline soon = swarm__deadline_in(0, ALLOCATE_MS);
	int64_t pause = 0;

	for (;;) {
		json_t *object;
		bool done;
		int rc = swarm__object_get(a->n.client, SWARM_KIND_NETWORK, id, &a->n.deadline,
					   &object, err);

		if (rc)
			return rc;
		done = is_allocated(object);
		json_decref(object);
		if (done)
			return 0;
		rc = swarm__pause(a->n.client, &soon, &pause, err);
		if (rc == SWARM_E_TIMEOUT) {
			swarm__error_clear(err);
			/* Nothing can use it, and with its name it would be taken for the right one. */
			swarm__call(a->n.client, SWARM_OP_NETWORK_DELETE, id, NULL, NULL,
				    &a->n.deadline, NULL, NULL);
			return unallocated(a, err);
		}
		if (rc)
			return rc;
	}
}

/* moby: the remains of a deleted one on this host hold its name, until the last container is gone. */
static int post_create(apply *a, const json_t *body, json_t **ret_created, swarm_error *err)
{
	int64_t pause = 0;
	int blind = 0;

	for (;;) {
		swarm_error here = SWARM_ERROR_INIT;
		int rc = swarm__object_create(a->n.client, SWARM_KIND_NETWORK, body, NULL,
					      &a->n.deadline, ret_created, err);

		if (rc != SWARM_E_CONFLICT)
			return rc;
		if (swarm__network_find(&a->n, &here))
			return swarm__replace(err, &here);
		if (a->n.object || (!a->n.remains && ++blind > BLIND_TRIES))
			return rc;
		rc = swarm__pause(a->n.client, &a->n.deadline, &pause, &here);
		if (rc == SWARM_E_TIMEOUT)
			return swarm__error_wrap(
				err, SWARM_E_CONFLICT,
				"containers of this host still hold a network %s that "
				"was removed",
				a->n.name);
		if (rc)
			return swarm__replace(err, &here);
		swarm__error_clear(err);
	}
}

static int create(apply *a, json_t *body, swarm_error *err)
{
	json_t *created = NULL;
	int rc;

	if (complete(body))
		return swarm__nomem(err);
	rc = post_create(a, body, &created, err);
	if (rc)
		return rc;
	rc = set_id(a, swarm__json_string(created, "ID"), err);
	json_decref(created);
	return rc ? rc : wait_allocated(a, a->id, err);
}

static int conflict(const apply *a, swarm_error *err)
{
	swarm__names lines = { 0 };
	const char *name;
	json_t *change;

	json_object_foreach (changes_of(a), name, change) {
		char *old = json_dumps(json_object_get(change, "old"), JSON_ENCODE_ANY);
		char *new = json_dumps(json_object_get(change, "new"), JSON_ENCODE_ANY);

		swarm__names_add(&lines, "%s is %s, not %s", name, old ? old : "?",
				 new ? new : "?");
		free(old);
		free(new);
	}
	return swarm__error(
		err, SWARM_E_CONFLICT,
		"network %s differs, and no network can be changed in place: %s: replace "
		"it, which restarts the tasks of its services",
		a->n.name, lines.text);
}

/* Another manager may create the same network at the same time. */
static int create_new(apply *a, swarm_error *err)
{
	int rc = create(a, json_object_get(a->result, "spec"), err);

	if (rc != SWARM_E_CONFLICT || !a->n.object)
		return rc;
	swarm__error_clear(err);
	rc = look(a, err);
	if (rc)
		return rc;
	if (!a->n.object || differs(a))
		return conflict(a, err);
	a->action = "none";
	return set_id(a, swarm__json_string(a->n.object, "Id"), err);
}

/* --- replacing ------------------------------------------------------------------------------------------------ */

/* What is in the way of a replacement, before anything is changed. */
static int check_replace(apply *a, swarm_error *err)
{
	int rc = check_overlaps(a, err);

	if (!rc)
		rc = swarm__network_users(&a->n, &a->users, err);
	if (!rc)
		rc = swarm__network_check_users(&a->n, a->users, err);
	return rc ? rc : swarm__network_check_attached(&a->n, err);
}

/* The services get the old network back, which is still there, or is made once more. */
static int restore(apply *a, bool deleted, int rc, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	json_t *services = json_array();
	int failed = services ? 0 : swarm__nomem(&here);

	a->n.deadline = swarm__deadline_in(0, RESTORE_TIMEOUT_MS);
	if (!failed &&
	    (json_array_extend(services, a->users) || json_array_extend(services, a->detached)))
		failed = swarm__nomem(&here);
	if (!failed)
		failed = deleted ? create(a, a->body, &here)
				 : set_id(a, swarm__json_string(a->n.object, "Id"), &here);
	if (!failed)
		failed = swarm__network_put_on(&a->n, a->id, services, &here);
	json_decref(services);
	if (failed)
		return swarm__error_wrap(err, rc,
					 "network %s was not replaced, and its services are still "
					 "off it (%s): run again",
					 a->n.name, here.text);
	return swarm__error_wrap(err, rc,
				 "network %s was not replaced, and its services have the old one "
				 "again",
				 a->n.name);
}

static int replace(apply *a, swarm_error *err)
{
	bool deleted = false;
	int rc = swarm__network_take_off(&a->n, a->users, err);

	if (!rc)
		rc = swarm__network_delete(&a->n, err);
	if (!rc) {
		deleted = true;
		rc = create(a, json_object_get(a->result, "spec"), err);
	}
	/* Another manager makes the same one, and this run goes on with it. */
	if (rc == SWARM_E_CONFLICT && deleted && a->n.object) {
		swarm__error_clear(err);
		return set_id(a, swarm__json_string(a->n.object, "Id"), err);
	}
	return rc ? restore(a, deleted, rc, err) : 0;
}

/* --- apply ------------------------------------------------------------------------------------------------------ */

static int decide(apply *a, swarm_error *err)
{
	if (!a->n.object) {
		a->action = "create";
		return check_overlaps(a, err);
	}
	if (!differs(a) && is_allocated(a->n.object)) {
		a->action = json_array_size(a->detached) ? "restore" : "none";
		return set_id(a, swarm__json_string(a->n.object, "Id"), err);
	}
	if (!is_on(a, SWARM_NETWORK_REPLACE))
		return differs(a) ? conflict(a, err) : unallocated(a, err);
	a->action = "replace";
	return check_replace(a, err);
}

static int act(apply *a, swarm_error *err)
{
	int rc = 0;

	if (strcmp(a->action, "create") == 0)
		rc = create_new(a, err);
	else if (strcmp(a->action, "replace") == 0)
		rc = replace(a, err);
	if (rc)
		return rc;
	/* Whether it is the ingress network decides what the services get. */
	if (!a->n.object && json_array_size(a->detached)) {
		rc = swarm__network_find(&a->n, err);
		if (rc)
			return rc;
	}
	rc = swarm__network_put_on(&a->n, a->id, a->users, err);
	return rc ? rc : swarm__network_put_on(&a->n, a->id, a->detached, err);
}

/* The names of services, new; NULL without memory. */
static json_t *moved(const apply *a)
{
	const json_t *both[] = { a->users, a->detached };
	json_t *names = json_array();

	for (int i = 0; names && i < 2; i++) {
		json_t *service;
		size_t j;

		json_array_foreach (swarm__json_iterable(both[i]), j, service)
			if (json_array_append_new(
				    names, json_string(swarm__json_string(service, "Spec.Name")))) {
				json_decref(names);
				return NULL;
			}
	}
	return names;
}

static int make_result(const apply *a, json_t **ret_result, swarm_error *err)
{
	json_t *result = json_pack("{s:s, s:s, s:O, s:o}", "id", a->id ? a->id : "", "action",
				   a->action, "changes", changes_of(a), "services", moved(a));

	if (!result)
		return swarm__nomem(err);
	*ret_result = result;
	return 0;
}

static const swarm_network_options no_options = SWARM_NETWORK_OPTIONS_INIT;

static int check(swarm_client *client, const char *name, const swarm_network_options *o,
		 unsigned flags, swarm_error *err)
{
	if (o->size != sizeof(*o))
		return swarm__error(err, SWARM_E_INVAL, "start from SWARM_NETWORK_OPTIONS_INIT");
	if (!client || !name || !*name)
		return swarm__error(err, SWARM_E_INVAL, "client and name are required");
	if (strlen(name) > MAX_NAME || swarm__utf8_check("name", name, err))
		return swarm__error(err, SWARM_E_INVAL, "the network's name is too long");
	if (o->flags & ~flags)
		return swarm__error(err, SWARM_E_INVAL, "a flag that is not of this function");
	return 0;
}

int swarm_network_apply(swarm_client *client, const char *name, const json_t *network,
			const swarm_network_options *options, json_t **ret_result, swarm_error *err)
{
	const swarm_network_options *o = options ? options : &no_options;
	swarm_error spare = SWARM_ERROR_INIT;
	apply a = { .n = { .client = client, .name = name }, .network = network };
	int rc;

	if (!err)
		err = &spare;
	rc = check(client, name, o, SWARM_NETWORK_REPLACE | SWARM_NETWORK_DRY_RUN, err);
	if (rc)
		return rc;
	if (!json_is_object(network) || !ret_result)
		return swarm__error(err, SWARM_E_INVAL,
				    "network (a mapping) and ret_result are required");
	a.flags = o->flags;
	a.n.deadline = swarm__deadline_in(o->timeout_ms, is_on(&a, SWARM_NETWORK_REPLACE)
								 ? REPLACE_TIMEOUT_MS
								 : DEFAULT_TIMEOUT_MS);
	rc = look(&a, err);
	if (!rc)
		rc = decide(&a, err);
	if (!rc && !is_on(&a, SWARM_NETWORK_DRY_RUN) && strcmp(a.action, "none") != 0)
		rc = act(&a, err);
	if (!rc)
		rc = make_result(&a, ret_result, err);
	apply_clear(&a);
	return rc;
}

/* --- remove ------------------------------------------------------------------------------------------------------ */

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
	const swarm_network_options *o = options ? options : &no_options;
	swarm__network n = { .client = client, .name = name };
	swarm_error spare = SWARM_ERROR_INIT;
	int rc;

	if (!err)
		err = &spare;
	rc = check(client, name, o, SWARM_NETWORK_DRY_RUN, err);
	if (rc)
		return rc;
	n.deadline = swarm__deadline_in(o->timeout_ms, DEFAULT_TIMEOUT_MS);
	rc = remove_network(&n, (o->flags & SWARM_NETWORK_DRY_RUN) != 0, ret_result, err);
	json_decref(n.all);
	return rc;
}
