/* SPDX-License-Identifier: Apache-2.0 */
/* What of a service rules out that its tasks are moved: its mode, and data that lies on the node. */
#include "evict/internal.h"

#include <stdio.h>
#include <string.h>

const char *swarm__service_mode(const json_t *service)
{
	static const char *const modes[] = { "Replicated", "Global", "ReplicatedJob", "GlobalJob" };
	const json_t *mode = swarm__json_at(service, "Spec.Mode");

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (json_object_get(mode, modes[i]))
			return modes[i];
	return "";
}

/* The driver local mounts these from elsewhere, so the data is not on the node. */
static bool is_remote(const json_t *driver)
{
	static const char *const types[] = { "nfs", "nfs4", "cifs", "ceph", "glusterfs" };
	const char *type = swarm__json_string(json_object_get(driver, "Options"), "type");

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

/* A volume without a name is a new one for each task. */
static bool is_local_volume(const json_t *mount)
{
	const json_t *driver = swarm__json_at(mount, "VolumeOptions.DriverConfig");
	const char *name = swarm__json_string(driver, "Name");

	return *swarm__json_string(mount, "Source") && (!*name || (strcmp(name, "local") == 0)) &&
	       !is_remote(driver);
}

bool swarm__local_data(const json_t *service, char *text, size_t size)
{
	const json_t *mounts = swarm__json_at(service, "Spec.TaskTemplate.ContainerSpec.Mounts");
	json_t *mount;
	size_t i;

	json_array_foreach (swarm__json_iterable(mounts), i, mount) {
		const char *type = swarm__json_string(mount, "Type");

		/* What it only reads it must find on each node. */
		if (swarm__json_bool(mount, "ReadOnly"))
			continue;
		if ((strcmp(type, "volume") == 0 && is_local_volume(mount)) ||
		    strcmp(type, "bind") == 0) {
			snprintf(text, size, "%s %s", type, swarm__json_string(mount, "Source"));
			return true;
		}
	}
	return false;
}
