/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How full the networks are: swarmkit gives an IPv4 address to each task on a network, to each service
 * with a virtual IP, and to each node that runs one of the tasks, for its load balancer. Knows nothing
 * of containers that are attached by hand, which no list of the engine has.
 */
#include "object/network.h"
#include "spec/internal.h"

#include <arpa/inet.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000 };

typedef struct usage {
	json_t *networks, *services, *tasks;
	json_t *counts; /* {id of a network: {"tasks", "services": numbers, "nodes": {id: true}}} */
} usage;

static void usage_clear(usage *u)
{
	json_decref(u->networks);
	json_decref(u->services);
	json_decref(u->tasks);
	json_decref(u->counts);
}

/* The counts of a network; NULL where it is not one of the list. */
static json_t *counts_of(const usage *u, const char *id)
{
	return json_object_get(u->counts, id);
}

/* 0 or -1 without memory. counts may be NULL. */
static int add_one(json_t *counts, const char *name)
{
	json_int_t number = json_integer_value(json_object_get(counts, name));

	return counts ? json_object_set_new(counts, name, json_integer(number + 1)) : 0;
}

static bool is_v4(const char *address)
{
	return *address && !strchr(address, ':');
}

/* A task holds its addresses until it has ended. */
static bool has_ended(const json_t *task)
{
	return swarm__task_is_over(swarm__json_string(task, "Status.State"));
}

static int count_task(const usage *u, const json_t *task)
{
	json_t *attachment, *address;
	size_t i, j;

	if (has_ended(task))
		return 0;
	json_array_foreach (swarm__json_iterable(json_object_get(task, "NetworksAttachments")), i,
			    attachment) {
		json_t *counts = counts_of(u, swarm__json_string(attachment, "Network.ID"));
		const char *node = swarm__json_string(task, "NodeID");

		json_array_foreach (json_object_get(attachment, "Addresses"), j, address)
			if (is_v4(json_string_value(address) ? json_string_value(address) : "") &&
			    add_one(counts, "tasks"))
				return -1;
		if (counts && *node &&
		    json_object_set_new(json_object_get(counts, "nodes"), node, json_true()))
			return -1;
	}
	return 0;
}

static int count_service(const usage *u, const json_t *service)
{
	json_t *one;
	size_t i;

	json_array_foreach (swarm__json_iterable(swarm__json_at(service, "Endpoint.VirtualIPs")), i,
			    one)
		if (is_v4(swarm__json_string(one, "Addr")) &&
		    add_one(counts_of(u, swarm__json_string(one, "NetworkID")), "services"))
			return -1;
	return 0;
}

static int count(usage *u)
{
	json_t *one;
	size_t i;

	u->counts = json_object();
	if (!u->counts)
		return -1;
	json_array_foreach (u->networks, i, one)
		if (json_object_set_new(
			    u->counts, swarm__json_string(one, "Id"),
			    json_pack("{s:i, s:i, s:{}}", "tasks", 0, "services", 0, "nodes")))
			return -1;
	json_array_foreach (u->tasks, i, one)
		if (count_task(u, one))
			return -1;
	json_array_foreach (u->services, i, one)
		if (count_service(u, one))
			return -1;
	return 0;
}

/* Without the addresses of the network itself, of broadcasts, and of the gateway. */
static json_int_t size_of(const swarm__pool *pool)
{
	json_int_t all = (json_int_t)1 << (32 - pool->prefix);

	return all > 3 ? all - 3 : 0;
}

/* New; NULL without memory. */
static json_t *make_row(const usage *u, const json_t *network)
{
	const char *id = swarm__json_string(network, "Id");
	json_t *counts = counts_of(u, id), *subnets = json_array();
	json_int_t nodes = (json_int_t)json_object_size(json_object_get(counts, "nodes"));
	json_int_t tasks = json_integer_value(json_object_get(counts, "tasks"));
	json_int_t services = json_integer_value(json_object_get(counts, "services"));
	json_int_t size = 0;
	json_t *config;
	size_t i;

	json_array_foreach (swarm__json_iterable(swarm__json_at(network, "IPAM.Config")), i,
			    config) {
		const char *subnet = swarm__json_string(config, "Subnet");
		swarm__pool pool;

		if (swarm__pool_read(subnet, &pool) && pool.family == AF_INET)
			size += size_of(&pool);
		if (json_array_append_new(subnets, json_string(subnet))) {
			json_decref(subnets);
			return NULL;
		}
	}
	return json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:I}", "id", id, "name",
			 swarm__json_string(network, "Name"), "subnets", subnets, "size", size,
			 "used", tasks + services + nodes, "tasks", tasks, "services", services,
			 "nodes", nodes);
}

static int make_rows(const usage *u, json_t **ret_rows, swarm_error *err)
{
	json_t *rows = json_array(), *one;
	size_t i;

	json_array_foreach (u->networks, i, one) {
		if (strcmp(swarm__json_string(one, "Scope"), "swarm") != 0)
			continue;
		if (json_array_append_new(rows, make_row(u, one))) {
			json_decref(rows);
			rows = NULL;
			break;
		}
	}
	if (!rows)
		return swarm__nomem(err);
	*ret_rows = rows;
	return 0;
}

int swarm_network_usage(swarm_client *client, int64_t timeout_ms, json_t **ret_rows,
			swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	usage u = { 0 };
	int rc;

	if (!client || !ret_rows)
		return swarm__error(err, SWARM_E_INVAL, "client and ret_rows are required");
	rc = swarm__object_list(client, SWARM_KIND_NETWORK, NULL, &deadline, &u.networks, err);
	if (!rc)
		rc = swarm__object_list(client, SWARM_KIND_SERVICE, NULL, &deadline, &u.services,
					err);
	if (!rc)
		rc = swarm__object_list(client, SWARM_KIND_TASK, NULL, &deadline, &u.tasks, err);
	if (!rc && count(&u))
		rc = swarm__nomem(err);
	if (!rc)
		rc = make_rows(&u, ret_rows, err);
	usage_clear(&u);
	return rc;
}
