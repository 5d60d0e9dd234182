/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This host: its local state from /info, and what it brings along to an init or a join. A failed
 * call never means "no swarm". Knows nothing of other nodes.
 */
#include "common/internal.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000 };

static const char *const state_names[] = {
	[SWARM_LOCAL_INACTIVE] = "inactive", [SWARM_LOCAL_PENDING] = "pending",
	[SWARM_LOCAL_ACTIVE] = "active",     [SWARM_LOCAL_ERROR] = "error",
	[SWARM_LOCAL_LOCKED] = "locked",
};

enum { STATES = sizeof(state_names) / sizeof(state_names[0]) };

const char *swarm_local_state_name(int state)
{
	return state >= 0 && state < STATES ? state_names[state] : NULL;
}

static int parse_state(const json_t *info, swarm_local_state *ret_state, swarm_error *err)
{
	const json_t *json = swarm__json_at(info, "Swarm.LocalNodeState");
	const char *name;

	/* Anything but a string must not pass for "inactive": an init may follow. */
	if (!json_is_string(json))
		return swarm__error(err, SWARM_E_JSON, "Swarm.LocalNodeState: expected string");
	name = json_string_value(json);
	/* moby: "" before any swarm code of the engine is up. */
	if (!*name)
		name = "inactive";
	for (int i = 0; i < STATES; i++) {
		if (strcmp(name, state_names[i]) == 0) {
			*ret_state = (swarm_local_state)i;
			return 0;
		}
	}
	return swarm__error(err, SWARM_E_JSON, "Swarm.LocalNodeState: unknown state '%s'", name);
}

static void free_list(char **list)
{
	for (char **item = list; item && *item; item++)
		free(*item);
	free(list);
}

/*
 * The strings of the array at a path, or those at a member of each of its objects, in its order; an
 * empty list where it is missing or null.
 */
static int string_list(const json_t *info, const char *path, const char *member, char ***ret_list,
		       swarm_error *err)
{
	const json_t *array = swarm__json_at(info, path);
	size_t count = json_array_size(array);
	char **list;
	int rc = 0;

	if (array && !json_is_null(array) && !json_is_array(array))
		return swarm__error(err, SWARM_E_JSON, "%s: expected array", path);
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		return swarm__nomem(err);
	for (size_t i = 0; !rc && i < count; i++) {
		const json_t *item = json_array_get(array, i);
		const char *string = json_string_value(member ? json_object_get(item, member)
							      : item);

		if (!string)
			rc = swarm__error(err, SWARM_E_JSON, "%s[%zu]%s%s: expected string", path,
					  i, member ? "." : "", member ? member : "");
		else if (!(list[i] = strdup(string)))
			rc = swarm__nomem(err);
	}
	if (rc)
		free_list(list);
	else
		*ret_list = list;
	return rc;
}

/* moby takes the managers out of a map, in another order each time: by address, ids beside them. */
static void sort_managers(char **addresses, char **ids)
{
	for (size_t i = 1; addresses[0] && addresses[i]; i++) {
		for (size_t k = i; k && strcmp(addresses[k - 1], addresses[k]) > 0; k--) {
			char *address = addresses[k], *id = ids[k];

			addresses[k] = addresses[k - 1];
			addresses[k - 1] = address;
			ids[k] = ids[k - 1];
			ids[k - 1] = id;
		}
	}
}

static void redact_list(char **list)
{
	for (; list && *list; list++)
		swarm_redact(*list);
}

swarm_local *swarm_local_free(swarm_local *local)
{
	if (!local)
		return NULL;
	free(local->node_id);
	free(local->node_addr);
	free(local->name);
	free(local->error);
	free(local->cluster_id);
	free(local->engine_version);
	free_list(local->managers);
	free_list(local->manager_ids);
	free_list(local->warnings);
	free(local);
	return NULL;
}

/*
 * moby: noderunner.go: once the swarm part of an engine has ended and was restarted, State() reports
 * "error" until the engine itself is restarted, although the node is up: it takes its own finished
 * restart for one in progress. Between restarts there is no node id; after a failure there is a reason.
 */
static bool was_restarted(const swarm_local *local)
{
	return local->state == SWARM_LOCAL_ERROR && *local->node_id && !*local->error;
}

static int copy_string(const json_t *info, const char *path, char **ret_copy, swarm_error *err)
{
	const json_t *value = swarm__json_at(info, path);

	if (value && !json_is_null(value) && !json_is_string(value))
		return swarm__error(err, SWARM_E_JSON, "%s: expected string", path);
	*ret_copy = strdup(swarm__json_string(info, path));
	return *ret_copy ? 0 : swarm__nomem(err);
}

/* The engine's reason, without secrets and in our words. */
static int reword(char **error, swarm_error *err)
{
	char text[SWARM_ERROR_TEXT];

	swarm_redact(*error);
	swarm__reword(*error, text, sizeof(text));
	swarm__one_line(text);
	free(*error);
	*error = strdup(text);
	return *error ? 0 : swarm__nomem(err);
}

/* moby: nodeagent logs the tasks that it gets, with the credentials of their images' registries. */
#define DEBUG_WARNING                                                                              \
	"the engine logs at debug level, and on a worker that includes the credentials of "        \
	"registries: remove \"debug\": true from daemon.json"

static int add_debug_warning(char ***list, swarm_error *err)
{
	char **longer;
	size_t count = 0;

	while ((*list)[count])
		count++;
	longer = realloc(*list, (count + 2) * sizeof(*longer));
	if (!longer)
		return swarm__nomem(err);
	*list = longer;
	longer[count + 1] = NULL;
	longer[count] = strdup(DEBUG_WARNING);
	return longer[count] ? 0 : swarm__nomem(err);
}

static int parse_lists(const json_t *info, swarm_local *local, swarm_error *err)
{
	static const char remote[] = "Swarm.RemoteManagers";
	int rc = string_list(info, remote, "Addr", &local->managers, err);

	if (!rc)
		rc = string_list(info, remote, "NodeID", &local->manager_ids, err);
	if (!rc)
		rc = string_list(info, "Swarm.Warnings", NULL, &local->warnings, err);
	if (!rc && *local->node_id && json_is_true(json_object_get(info, "Debug")))
		rc = add_debug_warning(&local->warnings, err);
	if (!rc)
		sort_managers(local->managers, local->manager_ids);
	return rc;
}

static int parse(const json_t *info, swarm_local **ret_local, swarm_error *err)
{
	const struct {
		size_t offset;
		const char *path;
	} strings[] = {
		{ offsetof(swarm_local, node_id), "Swarm.NodeID" },
		{ offsetof(swarm_local, node_addr), "Swarm.NodeAddr" },
		{ offsetof(swarm_local, name), "Name" },
		{ offsetof(swarm_local, error), "Swarm.Error" },
		/* Absent on a worker; of zero value on a manager without leader. */
		{ offsetof(swarm_local, cluster_id), "Swarm.Cluster.ID" },
		{ offsetof(swarm_local, engine_version), "ServerVersion" },
	};
	const json_t *control = swarm__json_at(info, "Swarm.ControlAvailable");
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	swarm_local_state state = SWARM_LOCAL_INACTIVE;
	int rc = parse_state(info, &state, err);

	if (!rc && control && !json_is_boolean(control))
		rc = swarm__error(err, SWARM_E_JSON, "Swarm.ControlAvailable: expected boolean");
	if (rc)
		return rc;
	local = calloc(1, sizeof(*local));
	if (!local)
		return swarm__nomem(err);
	local->state = state;
	local->manager = json_is_true(control);
	for (size_t i = 0; !rc && i < sizeof(strings) / sizeof(strings[0]); i++) {
		char *copy = NULL;

		rc = copy_string(info, strings[i].path, &copy, err);
		memcpy((char *)local + strings[i].offset, &copy, sizeof(copy));
	}
	if (!rc)
		rc = parse_lists(info, local, err);
	if (rc)
		return rc;
	if (was_restarted(local))
		local->state = SWARM_LOCAL_ACTIVE;
	if (*local->node_id && !swarm__is_id(local->node_id))
		return swarm__error(err, SWARM_E_JSON, "Swarm.NodeID: expected id");
	rc = reword(&local->error, err);
	if (rc)
		return rc;
	redact_list(local->warnings);
	*ret_local = local;
	local = NULL;
	return 0;
}

int swarm__local_read(swarm_client *client, const swarm__deadline *deadline,
		      swarm_local **ret_local, swarm_error *err)
{
	json_t *info;
	int rc = swarm__call(client, SWARM_OP_INFO, NULL, NULL, NULL, deadline, &info, err);

	if (rc)
		return rc;
	rc = parse(info, ret_local, err);
	json_decref(info);
	return rc;
}

int swarm_local_get(swarm_client *client, int64_t timeout_ms, swarm_local **ret_local,
		    swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);

	if (!client || !ret_local)
		return swarm__error(err, SWARM_E_INVAL, "client and ret_local are required");
	return swarm__local_read(client, &deadline, ret_local, err);
}

int swarm__local_require_inactive(const swarm_local *local, swarm_error *err)
{
	switch (local->state) {
	case SWARM_LOCAL_INACTIVE:
		return 0;
	case SWARM_LOCAL_PENDING:
		return swarm__error(
			err, SWARM_E_MEMBER,
			"this host is pending: an earlier join or start goes on; wait until "
			"it is active, or leave by force, then run again");
	case SWARM_LOCAL_ACTIVE:
		return swarm__error(
			err, SWARM_E_MEMBER,
			"this host is active in a swarm already, as node %s: leave that "
			"swarm first",
			local->node_id);
	case SWARM_LOCAL_ERROR:
		return swarm__error(
			err, SWARM_E_MEMBER,
			"this host is in a swarm already, in state error (%s): fix that, "
			"or leave by force first",
			local->error);
	case SWARM_LOCAL_LOCKED:
		break;
	}
	return swarm__error(err, SWARM_E_LOCKED,
			    "the swarm on this host is locked: unlock it with its "
			    "unlock key, or leave by force first");
}

int swarm__local_require_member(const swarm_local *local, swarm_error *err)
{
	if (local->state == SWARM_LOCAL_INACTIVE)
		return swarm__error(err, SWARM_E_NOT_MEMBER, "this host is not in a swarm");
	if (*local->node_id)
		return 0;
	if (local->state == SWARM_LOCAL_LOCKED)
		return swarm__local_require_inactive(local, err);
	return swarm__error(
		err, SWARM_E_STATE, "this host is in state %s%s%s: it has no node id now",
		swarm_local_state_name((int)local->state), *local->error ? ", " : "", local->error);
}

int swarm__availability_check(const char *availability, swarm_error *err)
{
	static const char *const known[] = { "active", "pause", "drain" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(availability, known[i]) == 0)
			return 0;
	return swarm__error(err, SWARM_E_INVAL,
			    "availability must be active, pause or drain, not '%s'", availability);
}

/* moby: every address of the host; the default of listen_addr. */
static bool is_any(const char *address)
{
	return strncmp(address, "0.0.0.0", 7) == 0 || strncmp(address, "[::]", 4) == 0 ||
	       strcmp(address, "::") == 0;
}

int swarm__host_check(const swarm_client *client, const swarm__host *host, swarm_error *err)
{
	int rc = swarm__utf8_check("listen address", host->listen_addr, err);

	if (!rc)
		rc = swarm__utf8_check("advertise address", host->advertise_addr, err);
	if (!rc)
		rc = swarm__utf8_check("data path address", host->data_path_addr, err);
	if (!rc && host->availability)
		rc = swarm__availability_check(host->availability, err);
	/* An engine elsewhere has addresses that cannot be seen from here. */
	if (rc || !swarm__client_is_local(client))
		return rc;
	/*
	 * The engine refuses a wrong address at init with an unclear text, and at a join it ignores
	 * one silently.
	 */
	if (host->listen_addr && !is_any(host->listen_addr))
		rc = swarm__address_check_local("listen address", host->listen_addr, err);
	if (!rc && host->advertise_addr)
		rc = swarm__address_check_local("advertise address", host->advertise_addr, err);
	if (!rc && host->data_path_addr)
		rc = swarm__address_check_local("data path address", host->data_path_addr, err);
	return rc;
}

/* moby takes no IPv6 address without brackets and port here; docker's command line adds them. */
static const char *listen_with_port(const char *address, char *text, size_t size)
{
	char host[256], port[8];

	if (swarm__address_split(address, host, sizeof(host), port, sizeof(port), NULL) || *port ||
	    !strchr(host, ':'))
		return address;
	snprintf(text, size, "[%s]:2377", host);
	return text;
}

json_t *swarm__host_body(const swarm__host *host)
{
	const char *listen = host->listen_addr ? host->listen_addr : "0.0.0.0:2377";
	char text[272];

	return json_pack("{s:s, s:s*, s:s*, s:s*}", "ListenAddr",
			 listen_with_port(listen, text, sizeof(text)), "AdvertiseAddr",
			 host->advertise_addr, "DataPathAddr", host->data_path_addr, "Availability",
			 host->availability);
}
