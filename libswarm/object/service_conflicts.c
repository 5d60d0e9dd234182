/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands against a whole spec of a service in the rest of the swarm: published ports that another service
 * has, which the managers refuse, and drivers that no node has, so that its tasks would wait for ever. With it
 * test mode refuses what the real run would. Reads only.
 */
#include "object/internal.h"

#include <stdio.h>
#include <string.h>

/* --- published ports ---------------------------------------------------------------------------------- */

static bool is_host(const json_t *port)
{
	return strcmp(swarm__json_string(port, "PublishMode"), "host") == 0;
}

/* swarmkit: tasks that publish one on their own host may have the same number. */
static bool conflicts(const json_t *one, const json_t *other)
{
	json_int_t published = swarm__json_integer(one, "PublishedPort");

	return published && published == swarm__json_integer(other, "PublishedPort") &&
	       strcmp(swarm__json_string(one, "Protocol"), swarm__json_string(other, "Protocol")) ==
		       0 &&
	       !(is_host(one) && is_host(other));
}

/* The first of ports that is among those of another spec or endpoint; NULL: none. */
static const json_t *find_conflict(const json_t *ports, const json_t *others)
{
	json_t *port, *other;
	size_t i, j;

	json_array_foreach (swarm__json_iterable(ports), i, port)
		json_array_foreach (swarm__json_iterable(others), j, other)
			if (conflicts(port, other))
				return port;
	return NULL;
}

int swarm__service_check_ports(const char *name, const json_t *spec, const json_t *services,
			       swarm_error *err)
{
	const json_t *ports = swarm__json_at(spec, "EndpointSpec.Ports");
	json_t *service;
	size_t i;

	json_array_foreach (swarm__json_iterable(services), i, service) {
		const char *other = swarm__json_string(service, "Spec.Name");
		const json_t *port;

		if (strcmp(other, name) == 0)
			continue;
		port = find_conflict(ports, swarm__json_at(service, "Spec.EndpointSpec.Ports"));
		/* Those that the engine chose. */
		if (!port)
			port = find_conflict(ports, swarm__json_at(service, "Endpoint.Ports"));
		if (port)
			return swarm__error(
				err, SWARM_E_CONFLICT,
				"service %s: port %lld/%s is published by service %s already: choose "
				"another one, or remove it there first",
				name, (long long)swarm__json_integer(port, "PublishedPort"),
				swarm__json_string(port, "Protocol"), other);
	}
	return 0;
}

bool swarm__service_adds_ports(const json_t *before, const json_t *spec)
{
	const json_t *ports = swarm__json_at(spec, "EndpointSpec.Ports");

	return json_array_size(ports) &&
	       !json_equal(swarm__json_iterable(ports),
			   swarm__json_iterable(swarm__json_at(before, "EndpointSpec.Ports")));
}

/* --- drivers ---------------------------------------------------------------------------------------------- */

bool swarm__node_has_plugin(const json_t *node, const char *type, const char *name, bool *ret_any)
{
	const json_t *all = swarm__json_at(node, "Description.Engine.Plugins");
	size_t size = strlen(name);

	*ret_any = false;
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *plugin = json_array_get(all, i);
		const char *has = swarm__json_string(plugin, "Name");

		if (strcmp(swarm__json_string(plugin, "Type"), type) != 0)
			continue;
		*ret_any = true;
		if (strncmp(has, name, size) == 0 &&
		    (!has[size] || strcmp(has + size, ":latest") == 0))
			return true;
	}
	return false;
}

/* Does no node have it, while at least one says which it has? */
static bool is_nowhere(const json_t *nodes, const char *type, const char *name)
{
	bool told = false, any;
	json_t *node;
	size_t i;

	json_array_foreach (swarm__json_iterable(nodes), i, node) {
		if (swarm__node_has_plugin(node, type, name, &any))
			return false;
		told = told || any;
	}
	return told;
}

/* "" where each node has it, or it is the one from before. */
static const char *log_driver(const json_t *before, const json_t *spec)
{
	const char *name = swarm__json_string(spec, "TaskTemplate.LogDriver.Name");

	return strcmp(name, "none") == 0 || strcmp(name, "json-file") == 0 ||
			       strcmp(name, swarm__json_string(before,
							       "TaskTemplate.LogDriver.Name")) == 0
		       ? ""
		       : name;
}

static const char *volume_driver(const json_t *mount)
{
	const char *name = swarm__json_string(mount, "VolumeOptions.DriverConfig.Name");

	return strcmp(swarm__json_string(mount, "Type"), "volume") == 0 &&
			       strcmp(name, "local") != 0
		       ? name
		       : "";
}

static const json_t *mounts_of(const json_t *spec)
{
	return swarm__json_at(spec, "TaskTemplate.ContainerSpec.Mounts");
}

/* Is there a driver to look for? */
static bool must_look(const json_t *before, const json_t *spec)
{
	bool must = *log_driver(before, spec) != '\0';
	json_t *mount;
	size_t i;

	if (!json_equal(swarm__json_iterable(mounts_of(before)),
			swarm__json_iterable(mounts_of(spec))))
		json_array_foreach (swarm__json_iterable(mounts_of(spec)), i, mount)
			must = must || *volume_driver(mount);
	return must;
}

static int no_driver(const char *what, const char *name, swarm_error *err)
{
	return swarm__error(err, SWARM_E_INVAL,
			    "no node of the swarm has the %s driver '%.60s': correct its name, or "
			    "install its plugin first",
			    what, name);
}

int swarm__service_check_drivers(swarm_client *client, const json_t *before, const json_t *spec,
				 const swarm__deadline *deadline, swarm_error *err)
{
	const char *log = log_driver(before, spec);
	json_t *nodes = NULL, *mount;
	size_t i;
	int rc;

	if (!must_look(before, spec))
		return 0;
	rc = swarm__call_patiently(client, SWARM_OP_NODE_LIST, NULL, NULL, deadline, &nodes, err);
	if (rc)
		return rc;
	if (*log && is_nowhere(nodes, "Log", log))
		rc = no_driver("log", log, err);
	json_array_foreach (swarm__json_iterable(mounts_of(spec)), i, mount) {
		const char *name = volume_driver(mount);

		if (!rc && *name && is_nowhere(nodes, "Volume", name))
			rc = no_driver("volume", name, err);
	}
	json_decref(nodes);
	return rc;
}

int swarm__network_check_driver(swarm_client *client, const char *driver,
				const swarm__deadline *deadline, swarm_error *err)
{
	/* moby: built in. */
	static const char *const known[] = { "", "overlay", "bridge", "host", "ipvlan", "macvlan" };
	json_t *nodes = NULL, *node;
	bool any;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(driver, known[i]) == 0)
			return 0;
	rc = swarm__call_patiently(client, SWARM_OP_NODE_LIST, NULL, NULL, deadline, &nodes, err);
	/* The one that leads is asked by the engine. */
	json_array_foreach (swarm__json_iterable(nodes), i, node)
		if (!rc && json_is_true(swarm__json_at(node, "ManagerStatus.Leader")) &&
		    !swarm__node_has_plugin(node, "Network", driver, &any) && any)
			rc = swarm__error(err, SWARM_E_INVAL,
					  "driver: %s, which leads, has no network plugin '%.60s': "
					  "correct the name, or install it there",
					  swarm__json_string(node, "Description.Hostname"), driver);
	json_decref(nodes);
	return rc;
}
