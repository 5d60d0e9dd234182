/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule on cluster volumes (CSI): which of them a task may have on a node. It is that of swarmkit's
 * manager/scheduler: VolumesFilter in filter.go, volumes.go, topology.go. The scheduler's filter is
 * content with one mount that fits, and the task fails to be placed by the next; here all must fit.
 */
#include "placement/internal.h"

#include <string.h>

#define GROUP "group:"

static const char *mount_source(const json_t *mount)
{
	return swarm__json_string(mount, "Source");
}

static const json_t *mounts_of(const json_t *task)
{
	return swarm__json_at(task, "Spec.ContainerSpec.Mounts");
}

static bool is_cluster_mount(const json_t *mount)
{
	return strcmp(swarm__json_string(mount, "Type"), "cluster") == 0;
}

bool swarm__volumes_wanted(const json_t *task)
{
	const json_t *mounts = mounts_of(task);

	for (size_t i = 0; i < json_array_size(mounts); i++)
		if (is_cluster_mount(json_array_get(mounts, i)))
			return true;
	return false;
}

/* --- who uses which ------------------------------------------------------------------------- */

static bool is_writer(const json_t *task, const json_t *attachment)
{
	const json_t *mounts = mounts_of(task);

	for (size_t i = 0; i < json_array_size(mounts); i++) {
		const json_t *mount = json_array_get(mounts, i);

		if (strcmp(mount_source(mount), mount_source(attachment)) == 0 &&
		    strcmp(swarm__json_string(mount, "Target"),
			   swarm__json_string(attachment, "Target")) == 0)
			return !json_is_true(json_object_get(mount, "ReadOnly"));
	}
	return false;
}

/* uses: volume id to node id to whether a task there writes. False without memory. */
static bool add_use(json_t *uses, const json_t *task, const json_t *attachment)
{
	const char *id = swarm__json_string(attachment, "ID");
	const char *node = swarm__json_string(task, "NodeID");
	json_t *nodes = json_object_get(uses, id);

	if (!nodes) {
		nodes = json_object();
		if (json_object_set_new(uses, id, nodes) < 0)
			return false;
	}
	if (json_is_true(json_object_get(nodes, node)))
		return true;
	return json_object_set_new(nodes, node, json_boolean(is_writer(task, attachment))) == 0;
}

int swarm__volumes_uses(const json_t *tasks, json_t **ret_uses, swarm_error *err)
{
	json_t *uses = json_object();
	bool good = uses != NULL;

	for (size_t i = 0; good && i < json_array_size(tasks); i++) {
		const json_t *task = json_array_get(tasks, i);
		const json_t *attached = json_object_get(task, "Volumes");

		for (size_t n = 0;
		     good && swarm__task_takes_room(task) && n < json_array_size(attached); n++)
			good = add_use(uses, task, json_array_get(attached, n));
	}
	if (!good) {
		json_decref(uses);
		return swarm__nomem(err);
	}
	*ret_uses = uses;
	return 0;
}

/* --- one volume ----------------------------------------------------------------------------- */

/* The topology that the plugin of the volume reported for the node; NULL: none. */
static const json_t *segments_of(const json_t *node, const char *driver)
{
	const json_t *all = swarm__json_at(node, "Description.CSIInfo");

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *plugin = json_array_get(all, i);

		if (strcmp(swarm__json_string(plugin, "PluginName"), driver) == 0)
			return swarm__json_at(plugin, "AccessibleTopology.Segments");
	}
	return NULL;
}

static bool lies_within(const json_t *segments, const json_t *wanted)
{
	const char *name;
	json_t *value;

	json_object_foreach (swarm__json_iterable(wanted), name, value) {
		const json_t *has = json_object_get(segments, name);

		if (!json_equal(swarm__json_iterable(has), value))
			return false;
	}
	return true;
}

/* Something that neither side reported does not reject. */
static bool is_reachable(const json_t *volume, const json_t *node)
{
	const json_t *all = swarm__json_at(volume, "ClusterVolume.Info.AccessibleTopology");
	const json_t *segments = segments_of(node, swarm__json_string(volume, "Driver"));

	if (!segments || !json_array_size(all))
		return true;
	for (size_t i = 0; i < json_array_size(all); i++)
		if (lies_within(segments, json_object_get(json_array_get(all, i), "Segments")))
			return true;
	return false;
}

static bool used_elsewhere(const json_t *nodes, const json_t *node)
{
	const json_t *here = json_object_get(nodes, swarm__json_string(node, "ID"));

	return json_object_size(nodes) > (here ? 1U : 0U);
}

static bool any_writes(const json_t *nodes)
{
	const char *name;
	json_t *writes;

	json_object_foreach (swarm__json_iterable(nodes), name, writes)
		if (json_is_true(writes))
			return true;
	return false;
}

/* Why a mount cannot have the volume on the node; NULL: it can. */
static const char *refusal(const json_t *volume, const json_t *uses, const json_t *node,
			   bool read_only)
{
	const json_t *mode = swarm__json_at(volume, "ClusterVolume.Spec.AccessMode");
	const char *sharing = swarm__json_string(mode, "Sharing");
	const json_t *nodes = json_object_get(uses, swarm__json_string(volume, "ClusterVolume.ID"));

	if (!*swarm__json_string(volume, "ClusterVolume.Info.VolumeID"))
		return "its plugin has not made it";
	if (strcmp(swarm__json_string(volume, "ClusterVolume.Spec.Availability"), "active") != 0)
		return "its availability is not active";
	if (strcmp(swarm__json_string(mode, "Scope"), "single") == 0 && used_elsewhere(nodes, node))
		return "another node uses it";
	if (strcmp(sharing, "none") == 0 && json_object_size(nodes))
		return "another task uses it";
	if (strcmp(sharing, "onewriter") == 0 && !read_only && any_writes(nodes))
		return "another task writes to it";
	if (strcmp(sharing, "readonly") == 0 && !read_only)
		return "it can only be read";
	return is_reachable(volume, node) ? NULL : "the node does not reach it";
}

/* --- one mount ------------------------------------------------------------------------------ */

static bool is_meant(const json_t *volume, const char *source)
{
	const char *group = swarm__json_string(volume, "ClusterVolume.Spec.Group");

	if (!json_object_get(volume, "ClusterVolume"))
		return false;
	if (strncmp(source, GROUP, strlen(GROUP)) == 0)
		return strcmp(group, source + strlen(GROUP)) == 0;
	return strcmp(swarm__json_string(volume, "Name"), source) == 0;
}

/* Of a group, one volume is enough; the reason is that of the last one. */
static void check_mount(const json_t *mount, const json_t *volumes, const json_t *uses,
			const json_t *node, swarm__reasons *reasons)
{
	bool read_only = json_is_true(json_object_get(mount, "ReadOnly"));
	const char *source = mount_source(mount);
	const char *reason = "there is none";

	for (size_t i = 0; i < json_array_size(volumes); i++) {
		const json_t *volume = json_array_get(volumes, i);

		if (!is_meant(volume, source))
			continue;
		reason = refusal(volume, uses, node, read_only);
		if (!reason)
			return;
	}
	swarm__reasons_add(reasons, "cluster volume %s: %s", source, reason);
}

void swarm__volumes_check(const json_t *task, const json_t *volumes, const json_t *uses,
			  const json_t *node, swarm__reasons *reasons)
{
	const json_t *mounts = mounts_of(task);

	for (size_t i = 0; i < json_array_size(mounts); i++)
		if (is_cluster_mount(json_array_get(mounts, i)))
			check_mount(json_array_get(mounts, i), volumes, uses, node, reasons);
}
