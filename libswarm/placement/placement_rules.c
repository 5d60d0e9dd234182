/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules by which the managers' scheduler rejects a node for a task. They are the filters of
 * swarmkit's manager/scheduler/filter.go, one function each; but where the scheduler stops at the
 * first that rejects, all are asked here. Pure functions of what was read.
 */
#include "placement/internal.h"

#include <stdio.h>
#include <string.h>

enum { MEBIBYTE = 1 << 20, NANO = 1000000000 };

/* --- ReadyFilter ---------------------------------------------------------------------------- */

static void check_ready(const json_t *node, swarm__reasons *reasons)
{
	const char *state = swarm__json_string(node, "Status.State");
	const char *availability = swarm__json_string(node, "Spec.Availability");

	if (strcmp(state, "ready") != 0)
		swarm__reasons_add(reasons, "its state is %s", state);
	if (strcmp(availability, "active") != 0)
		swarm__reasons_add(reasons, "its availability is %s", availability);
}

/* --- ResourceFilter ------------------------------------------------------------------------- */

static const json_t *reservations_of(const json_t *task)
{
	return swarm__json_at(task, "Spec.Resources.Reservations");
}

static bool reserves(const json_t *reservations)
{
	return swarm__json_integer(reservations, "NanoCPUs") ||
	       swarm__json_integer(reservations, "MemoryBytes") ||
	       json_array_size(json_object_get(reservations, "GenericResources"));
}

/* What the node has of a generic resource; a named one is one piece of its kind. */
static json_int_t generic_of(const json_t *node, const char *kind)
{
	const json_t *all = swarm__json_at(node, "Description.Resources.GenericResources");
	json_int_t number = 0;

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *resource = json_array_get(all, i);

		if (strcmp(swarm__json_string(resource, "DiscreteResourceSpec.Kind"), kind) == 0)
			return swarm__json_integer(resource, "DiscreteResourceSpec.Value");
		if (strcmp(swarm__json_string(resource, "NamedResourceSpec.Kind"), kind) == 0)
			number++;
	}
	return number;
}

/*
 * unit: of one piece, in what is counted. A node that shrank may have less than nothing left; one that
 * has less than nothing lies. taken is never negative.
 */
static void check_amount(json_int_t wanted, json_int_t has, json_int_t taken, double unit,
			 const char *what, swarm__reasons *reasons)
{
	json_int_t left;

	has = has > 0 ? has : 0;
	left = has - taken;
	if (wanted > left)
		swarm__reasons_add(reasons, "%.10g %s requested, %.10g of %.10g free",
				   (double)wanted / unit, what,
				   left > 0 ? (double)left / unit : 0.0, (double)has / unit);
}

static void check_resources(const json_t *task, const json_t *node, const swarm__node_usage *usage,
			    swarm__reasons *reasons)
{
	const json_t *wanted = reservations_of(task);
	const json_t *has = swarm__json_at(node, "Description.Resources");
	const json_t *generic = json_object_get(wanted, "GenericResources");

	if (!reserves(wanted))
		return;
	check_amount(swarm__json_integer(wanted, "NanoCPUs"), swarm__json_integer(has, "NanoCPUs"),
		     usage->nano_cpus, NANO, "CPUs", reasons);
	check_amount(swarm__json_integer(wanted, "MemoryBytes"),
		     swarm__json_integer(has, "MemoryBytes"), usage->memory, MEBIBYTE,
		     "MiB of memory", reasons);
	for (size_t i = 0; i < json_array_size(generic); i++) {
		const json_t *one = json_object_get(json_array_get(generic, i),
						    "DiscreteResourceSpec");
		const char *kind = swarm__json_string(one, "Kind");

		check_amount(swarm__json_integer(one, "Value"), generic_of(node, kind),
			     json_integer_value(json_object_get(usage->generic, kind)), 1, kind,
			     reasons);
	}
}

/* --- PluginFilter --------------------------------------------------------------------------- */

static void check_volumes(const json_t *task, const json_t *node, swarm__reasons *reasons)
{
	const json_t *mounts = swarm__json_at(task, "Spec.ContainerSpec.Mounts");
	bool any;

	for (size_t i = 0; i < json_array_size(mounts); i++) {
		const json_t *mount = json_array_get(mounts, i);
		const char *driver = swarm__json_string(mount, "VolumeOptions.DriverConfig.Name");

		if (*driver && strcmp(driver, "local") != 0 &&
		    strcmp(swarm__json_string(mount, "Type"), "volume") == 0 &&
		    !swarm__node_has_plugin(node, "Volume", driver, &any))
			swarm__reasons_add(reasons, "no volume plugin %s", driver);
	}
}

static void check_networks(const json_t *task, const json_t *node, swarm__reasons *reasons)
{
	const json_t *attachments = json_object_get(task, "NetworksAttachments");
	bool any;

	for (size_t i = 0; i < json_array_size(attachments); i++) {
		const char *driver = swarm__json_string(json_array_get(attachments, i),
							"Network.DriverState.Name");

		if (*driver && !swarm__node_has_plugin(node, "Network", driver, &any))
			swarm__reasons_add(reasons, "no network plugin %s", driver);
	}
}

/* An engine that reports no log plugin at all is an old one. */
static void check_log(const json_t *task, const json_t *node, swarm__reasons *reasons)
{
	const char *driver = swarm__json_string(task, "Spec.LogDriver.Name");
	bool any;

	if (*driver && strcmp(driver, "none") != 0 &&
	    !swarm__node_has_plugin(node, "Log", driver, &any) && any)
		swarm__reasons_add(reasons, "no log plugin %s", driver);
}

static void check_plugins(const json_t *task, const json_t *node, swarm__reasons *reasons)
{
	/* moby: {} for a node that has never reported. */
	if (!json_object_size(swarm__json_at(node, "Description.Engine")))
		return;
	check_volumes(task, node, reasons);
	check_networks(task, node, reasons);
	check_log(task, node, reasons);
}

/* --- ConstraintFilter ----------------------------------------------------------------------- */

static void check_constraints(const json_t *task, const json_t *node, swarm__reasons *reasons)
{
	const json_t *all = swarm__json_at(task, "Spec.Placement.Constraints");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const char *constraint = json_string_value(json_array_get(all, i));

		if (constraint)
			swarm__constraint_check(constraint, node, reasons);
	}
}

/* --- PlatformFilter ------------------------------------------------------------------------- */

static const char *architecture_of(const json_t *platform)
{
	const char *name = swarm__json_string(platform, "Architecture");

	if (strcmp(name, "x86_64") == 0)
		return "amd64";
	return strcmp(name, "aarch64") == 0 ? "arm64" : name;
}

/* What the image leaves open fits anything. */
static bool fits(const char *wanted, const char *has)
{
	return !*wanted || strcmp(wanted, has) == 0;
}

static void check_platform(const json_t *task, const json_t *node, swarm__reasons *reasons)
{
	const json_t *all = swarm__json_at(task, "Spec.Placement.Platforms");
	const json_t *platform = swarm__json_at(node, "Description.Platform");
	const char *os = swarm__json_string(platform, "OS");
	const char *architecture = architecture_of(platform);
	swarm__names wanted = { 0 };

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *one = json_array_get(all, i);

		if (fits(architecture_of(one), architecture) &&
		    fits(swarm__json_string(one, "OS"), os))
			return;
		swarm__names_add(&wanted, "%s/%s", swarm__json_string(one, "OS"),
				 architecture_of(one));
	}
	if (*wanted.text)
		swarm__reasons_add(reasons, "platform %s/%s, the image has %s", os, architecture,
				   wanted.text);
}

/* --- HostPortFilter and MaxReplicasFilter --------------------------------------------------- */

static void check_ports(const json_t *ports, const swarm__node_usage *usage,
			swarm__reasons *reasons)
{
	for (size_t i = 0; i < json_array_size(ports); i++) {
		char name[SWARM__PORT_NAME];

		if (swarm__host_port(json_array_get(ports, i), name) &&
		    json_object_get(usage->ports, name))
			swarm__reasons_add(reasons, "host port %s in use", name);
	}
}

static json_int_t most_on_a_node(const json_t *task)
{
	return swarm__json_integer(task, "Spec.Placement.MaxReplicas");
}

static void check_number(const json_t *task, const swarm__node_usage *usage,
			 swarm__reasons *reasons)
{
	json_int_t most = most_on_a_node(task);

	if (most > 0 && usage->tasks >= most)
		swarm__reasons_add(reasons, "it has %lld of at most %lld tasks of the service",
				   (long long)usage->tasks, (long long)most);
}

/* --- all ------------------------------------------------------------------------------------ */

void swarm__placement_check(const json_t *task, const json_t *ports, const json_t *node,
			    const swarm__node_usage *usage, swarm__reasons *reasons)
{
	check_ready(node, reasons);
	check_resources(task, node, usage, reasons);
	check_plugins(task, node, reasons);
	check_constraints(task, node, reasons);
	check_platform(task, node, reasons);
	check_ports(ports, usage, reasons);
	check_number(task, usage, reasons);
}

bool swarm__placement_needs_usage(const json_t *task, const json_t *ports)
{
	char name[SWARM__PORT_NAME];

	for (size_t i = 0; i < json_array_size(ports); i++)
		if (swarm__host_port(json_array_get(ports, i), name))
			return true;
	return reserves(reservations_of(task)) || most_on_a_node(task) > 0;
}
