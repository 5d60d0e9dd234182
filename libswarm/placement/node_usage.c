/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tasks on each node take of it: reservations, generic resources, ports. The rules are those
 * of swarmkit's manager/scheduler: scheduler.go (which tasks count) and nodeinfo.go (what they take).
 */
#include "placement/internal.h"

#include <stdio.h>
#include <string.h>

bool swarm__task_takes_room(const json_t *task)
{
	static const char *const states[] = { "assigned", "accepted", "preparing",
					      "ready",    "starting", "running" };
	const char *state = swarm__json_string(task, "Status.State");

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(state, states[i]) == 0)
			return true;
	return false;
}

/* --- ports ---------------------------------------------------------------------------------- */

bool swarm__host_port(const json_t *port, char name[SWARM__PORT_NAME])
{
	json_int_t number = swarm__json_integer(port, "PublishedPort");

	if (!number || strcmp(swarm__json_string(port, "PublishMode"), "host") != 0)
		return false;
	snprintf(name, SWARM__PORT_NAME, "%lld/%s", (long long)number,
		 swarm__json_string(port, "Protocol"));
	return true;
}

const json_t *swarm__service_ports(const json_t *service)
{
	return swarm__json_at(service, "Spec.EndpointSpec.Ports");
}

/* The services' ports by their ids; NULL without memory. */
static json_t *ports_by_service(const json_t *services)
{
	json_t *all = json_object();

	for (size_t i = 0; all && i < json_array_size(services); i++) {
		const json_t *service = json_array_get(services, i);
		const json_t *ports = swarm__service_ports(service);

		if (ports && json_object_set(all, swarm__json_string(service, "ID"),
					     swarm__json_iterable(ports)) < 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

/*
 * What a task that runs says of itself holds also where its service has been given other ports.
 * False without memory.
 */
static bool add_ports(swarm__node_usage *usage, const json_t *task, const json_t *services_ports)
{
	const json_t *ports = swarm__json_at(task, "Status.PortStatus.Ports");

	if (!json_array_size(ports))
		ports = json_object_get(services_ports, swarm__json_string(task, "ServiceID"));
	for (size_t i = 0; i < json_array_size(ports); i++) {
		char name[SWARM__PORT_NAME];

		if (!swarm__host_port(json_array_get(ports, i), name))
			continue;
		if (!usage->ports)
			usage->ports = json_object();
		if (json_object_set_new(usage->ports, name, json_true()) < 0)
			return false;
	}
	return true;
}

/* --- reservations --------------------------------------------------------------------------- */

/* What an engine or a node says may be nonsense, and must not run over. */
static void add_amount(int64_t *sum, json_int_t more)
{
	if (more > 0 && __builtin_add_overflow(*sum, more, sum))
		*sum = INT64_MAX;
}

/* A named resource is one piece of its kind. False without memory. */
static bool add_generic(swarm__node_usage *usage, const json_t *resource)
{
	const json_t *discrete = json_object_get(resource, "DiscreteResourceSpec");
	const json_t *named = json_object_get(resource, "NamedResourceSpec");
	const char *kind = swarm__json_string(discrete ? discrete : named, "Kind");
	int64_t number;

	if (!usage->generic)
		usage->generic = json_object();
	number = json_integer_value(json_object_get(usage->generic, kind));
	add_amount(&number, discrete ? swarm__json_integer(discrete, "Value") : 1);
	return json_object_set_new(usage->generic, kind, json_integer(number)) == 0;
}

static bool add_task(swarm__node_usage *usage, const json_t *task, const char *service_id,
		     const json_t *services_ports)
{
	const json_t *generic = json_object_get(task, "GenericResources");

	add_amount(&usage->nano_cpus,
		   swarm__json_integer(task, "Spec.Resources.Reservations.NanoCPUs"));
	add_amount(&usage->memory,
		   swarm__json_integer(task, "Spec.Resources.Reservations.MemoryBytes"));
	if (strcmp(swarm__json_string(task, "ServiceID"), service_id) == 0 &&
	    swarm__task_is_wanted(swarm__json_string(task, "DesiredState")))
		usage->tasks++;
	for (size_t i = 0; i < json_array_size(generic); i++)
		if (!add_generic(usage, json_array_get(generic, i)))
			return false;
	return add_ports(usage, task, services_ports);
}

bool swarm__node_usage_add(swarm__node_usage *usage, const json_t *task, const char *service_id,
			   const json_t *services_ports)
{
	return add_task(usage, task, service_id, services_ports);
}

/* --- all nodes ------------------------------------------------------------------------------ */

json_t *swarm__node_places(const json_t *nodes)
{
	json_t *places = json_object();

	for (size_t i = 0; places && i < json_array_size(nodes); i++) {
		const char *id = swarm__json_string(json_array_get(nodes, i), "ID");

		if (json_object_set_new(places, id, json_integer((json_int_t)i)) < 0) {
			json_decref(places);
			return NULL;
		}
	}
	return places;
}

static bool add_tasks(swarm__node_usage *usage, const json_t *places, const json_t *tasks,
		      const char *service_id, const json_t *services_ports)
{
	for (size_t i = 0; i < json_array_size(tasks); i++) {
		const json_t *task = json_array_get(tasks, i);
		const json_t *place = json_object_get(places, swarm__json_string(task, "NodeID"));

		if (place && swarm__task_takes_room(task) &&
		    !add_task(&usage[json_integer_value(place)], task, service_id, services_ports))
			return false;
	}
	return true;
}

int swarm__node_usage_make(const json_t *nodes, const json_t *tasks, const json_t *services,
			   const char *service_id, swarm__node_usage **ret_usage, swarm_error *err)
{
	size_t count = json_array_size(nodes);
	swarm__node_usage *usage = calloc(count + 1, sizeof(*usage));
	json_t *places = swarm__node_places(nodes);
	json_t *services_ports = ports_by_service(services);
	bool good = usage && places && services_ports &&
		    add_tasks(usage, places, tasks, service_id, services_ports);

	json_decref(places);
	json_decref(services_ports);
	if (!good) {
		swarm__node_usage_free(usage, count);
		return swarm__nomem(err);
	}
	*ret_usage = usage;
	return 0;
}

void swarm__node_usage_free(swarm__node_usage *usage, size_t count)
{
	for (size_t i = 0; usage && i < count; i++) {
		json_decref(usage[i].generic);
		json_decref(usage[i].ports);
	}
	free(usage);
}
