/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network of services and what uses it: services, tasks that have not ended yet, and plain containers
 * that are attached to it, which the engine lists nowhere.
 */
#include "object/network.h"

#include <stdio.h>
#include <string.h>

/* --- the network ---------------------------------------------------------------------------------- */

/* RFC 3339 with as many digits behind the point as there are. Is a later than b? */
static bool is_later(const char *a, const char *b)
{
	size_t length_a = strcspn(a, "Z"), length_b = strcspn(b, "Z");
	size_t both = length_a < length_b ? length_a : length_b;
	int order = strncmp(a, b, both);

	return order ? order > 0 : length_a > length_b;
}

/*
 * moby: a manager lists what the cluster has, then what its own host has beside that. A network of the
 * swarm that only the host has was deleted, and goes with the last container on it.
 */
static bool is_remains(const json_t *network)
{
	return json_is_object(json_object_get(network, "Containers"));
}

int swarm__network_find(swarm__network *n, swarm_error *err)
{
	const json_t *other = NULL;
	json_t *one;
	size_t i;
	int rc;

	json_decref(n->all);
	n->all = n->object = NULL;
	n->remains = false;
	rc = swarm__object_list(n->client, SWARM_KIND_NETWORK, NULL, &n->deadline, &n->all, err);
	if (rc)
		return rc;
	json_array_foreach (n->all, i, one) {
		if (strcmp(swarm__json_string(one, "Name"), n->name) != 0)
			continue;
		if (strcmp(swarm__json_string(one, "Scope"), "swarm") != 0)
			other = one;
		else if (is_remains(one))
			n->remains = true;
		/* Where the remains do not show, they are older. */
		else if (!n->object || is_later(swarm__json_string(one, "Created"),
						swarm__json_string(n->object, "Created")))
			n->object = one;
	}
	if (n->object)
		n->ingress = swarm__json_bool(n->object, "Ingress");
	if (n->object || !other)
		return 0;
	return swarm__error(err, SWARM_E_CONFLICT,
			    "network %s is of this host alone (scope %s, driver %s): remove it, or "
			    "choose another name",
			    n->name, swarm__json_string(other, "Scope"),
			    swarm__json_string(other, "Driver"));
}

/* --- services ------------------------------------------------------------------------------------- */

static bool names_network(const json_t *attachments, const char *id, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach (swarm__json_iterable(attachments), i, one) {
		const char *target = swarm__json_string(one, "Target");

		if (strcmp(target, id) == 0 || strcmp(target, name) == 0)
			return true;
	}
	return false;
}

static bool publishes(const json_t *spec)
{
	json_t *port;
	size_t i;

	json_array_foreach (swarm__json_iterable(swarm__json_at(spec, "EndpointSpec.Ports")), i,
			    port)
		if (strcmp(swarm__json_string(port, "PublishMode"), "host") != 0)
			return true;
	return false;
}

static bool uses(const swarm__network *n, const json_t *service)
{
	const json_t *spec = json_object_get(service, "Spec");
	const char *id = swarm__json_string(n->object, "Id");

	if (n->ingress && publishes(spec))
		return true;
	return names_network(swarm__json_at(spec, "TaskTemplate.Networks"), id, n->name) ||
	       names_network(json_object_get(spec, "Networks"), id, n->name);
}

int swarm__network_users(swarm__network *n, json_t **ret_services, swarm_error *err)
{
	json_t *list, *service, *users;
	size_t i;
	int rc = swarm__object_list(n->client, SWARM_KIND_SERVICE, NULL, &n->deadline, &list, err);

	if (rc)
		return rc;
	users = json_array();
	rc = users ? 0 : swarm__nomem(err);
	json_array_foreach (list, i, service)
		if (!rc && uses(n, service) && json_array_append(users, service))
			rc = swarm__nomem(err);
	json_decref(list);
	if (rc)
		json_decref(users);
	else
		*ret_services = users;
	return rc;
}

int swarm__network_detached(swarm__network *n, json_t **ret_services, swarm_error *err)
{
	char label[SWARM__MAX_LABEL];
	const swarm_pair filters[] = { { "label", label }, { NULL, NULL } };

	swarm__network_label(n, label);
	return swarm__object_list(n->client, SWARM_KIND_SERVICE, filters, &n->deadline,
				  ret_services, err);
}

int swarm__network_has_detached(swarm_client *client, const char *name,
				const swarm__deadline *deadline, bool *ret_has, swarm_error *err)
{
	swarm__network n = { .client = client, .name = name, .deadline = *deadline };
	json_t *services = NULL;
	int rc = swarm__network_detached(&n, &services, err);

	*ret_has = json_array_size(services) > 0;
	json_decref(services);
	return rc;
}

void swarm__network_names(const json_t *services, swarm__names *names)
{
	json_t *service;
	size_t i;

	json_array_foreach (swarm__json_iterable(services), i, service)
		swarm__names_add(names, "%s", swarm__json_string(service, "Spec.Name"));
}

/* --- containers ----------------------------------------------------------------------------------- */

/* moby: the endpoints of plain containers are those of a service without a name. */
int swarm__network_check_attached(swarm__network *n, swarm_error *err)
{
	const swarm_pair verbose[] = { { "verbose", "true" }, { NULL, NULL } };
	swarm__names names = { 0 };
	json_t *object, *one;
	size_t i;
	int rc;

	if (!swarm__json_bool(n->object, "Attachable"))
		return 0;
	rc = swarm__call_patiently(n->client, SWARM_OP_NETWORK_INSPECT,
				   swarm__json_string(n->object, "Id"), verbose, &n->deadline,
				   &object, err);
	if (rc)
		return rc;
	one = json_object_get(json_object_get(object, "Services"), "");
	json_array_foreach (json_object_get(one, "Tasks"), i, one)
		swarm__names_add(&names, "%s (%s)", swarm__json_string(one, "Name"),
				 json_string_value(
					 json_object_get(json_object_get(one, "Info"), "Host IP")));
	json_decref(object);
	if (!*names.text)
		return 0;
	return swarm__error(err, SWARM_E_CONFLICT,
			    "network %s is used by containers: %s: remove them, or disconnect them",
			    n->name, names.text);
}

/* The id behind "in use by task"; empty where there is none. */
static void read_task(const char *text, char id[64])
{
	static const char before[] = "in use by task ";
	const char *found = strstr(text, before);

	found = found ? found + sizeof(before) - 1 : "";
	snprintf(id, 64, "%.*s", (int)strspn(found, "0123456789abcdefghijklmnopqrstuvwxyz"), found);
}

/* moby has no list of them, but gives one by its id. */
static int check_task(swarm__network *n, const char *text, swarm_error *err)
{
	swarm_error ignored = SWARM_ERROR_INIT;
	char id[64];
	json_t *task;
	int rc = 0;

	read_task(text, id);
	if (!*id || swarm__call(n->client, SWARM_OP_TASK_INSPECT, id, NULL, NULL, &n->deadline,
				&task, &ignored))
		return 0;
	if (strcmp(swarm__json_string(task, "Spec.Runtime"), "attachment") == 0)
		rc = swarm__error(
			err, SWARM_E_CONFLICT,
			"network %s is used by container %.12s on node %s: remove it, or "
			"disconnect it",
			n->name, swarm__json_string(task, "Spec.NetworkAttachmentSpec.ContainerID"),
			swarm__json_string(task, "NodeID"));
	json_decref(task);
	return rc;
}

static bool is_in_use(const swarm_error *err)
{
	return strstr(err->text, "in use by") || strstr(err->text, "depends on it") ||
	       strstr(err->text, "active endpoints");
}

int swarm__network_delete(swarm__network *n, swarm_error *err)
{
	const char *id = swarm__json_string(n->object, "Id");
	int64_t pause = 0;

	for (;;) {
		swarm_error here = SWARM_ERROR_INIT;
		int rc = swarm__call(n->client, SWARM_OP_NETWORK_DELETE, id, NULL, NULL,
				     &n->deadline, NULL, &here);

		if (!rc || rc == SWARM_E_NOT_FOUND)
			return 0;
		if (!is_in_use(&here) && !swarm__is_write_transient(&here))
			return swarm__replace(err, &here);
		if (is_in_use(&here))
			rc = check_task(n, here.text, err);
		else
			rc = 0;
		if (!rc)
			rc = swarm__pause(n->client, &n->deadline, &pause, err);
		if (rc == SWARM_E_TIMEOUT) {
			swarm__error_clear(err);
			return swarm__error(err, rc, "network %s could not be removed in time: %s",
					    n->name, here.text);
		}
		if (rc)
			return rc;
	}
}
