/*
 * This host: its local state from /info, and what it brings along to an init or a join. A failed
 * call never means "no swarm". Knows nothing of other nodes.
 */
#include "common/internal.h"

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

/* The strings of an array, or those at a member of each of its objects; NULL without memory. */
static char **string_list(const json_t *array, const char *member)
{
	size_t count = json_array_size(array);
	char **list = calloc(count + 1, sizeof(*list));

	for (size_t i = 0; list && i < count; i++) {
		const json_t *item = json_array_get(array, i);
		const char *string = member ? swarm__json_string(item, member)
					    : json_string_value(item);

		list[i] = strdup(string ? string : "");
		if (!list[i]) {
			while (i-- > 0)
				free(list[i]);
			free(list);
			return NULL;
		}
	}
	return list;
}

static void free_list(char **list)
{
	for (char **item = list; item && *item; item++)
		free(*item);
	free(list);
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
 * moby: noderunner.go: once the swarm part of an engine has ended and was started again, State()
 * says "error" until the engine itself is restarted, though the node is up: it takes its own finished
 * restart for one that goes on. Between restarts there is no node id, and after a failure a reason.
 */
static bool was_restarted(const swarm_local *local)
{
	return local->state == SWARM_LOCAL_ERROR && *local->node_id && !*local->error;
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
	const json_t *remote = swarm__json_at(info, "Swarm.RemoteManagers");
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	swarm_local_state state = SWARM_LOCAL_INACTIVE;
	int rc = parse_state(info, &state, err);

	if (rc)
		return rc;
	local = calloc(1, sizeof(*local));
	if (!local)
		return swarm__nomem(err);
	local->state = state;
	local->manager = swarm__json_bool(info, "Swarm.ControlAvailable");
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		char *copy = strdup(swarm__json_string(info, strings[i].path));

		if (!copy)
			return swarm__nomem(err);
		memcpy((char *)local + strings[i].offset, &copy, sizeof(copy));
	}
	local->managers = string_list(remote, "Addr");
	local->manager_ids = string_list(remote, "NodeID");
	local->warnings = string_list(swarm__json_at(info, "Swarm.Warnings"), NULL);
	if (!local->managers || !local->manager_ids || !local->warnings)
		return swarm__nomem(err);
	if (was_restarted(local))
		local->state = SWARM_LOCAL_ACTIVE;
	swarm_redact(local->error);
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
			"this host is in a swarm already, in state error (%s): mend that, "
			"or leave by force first",
			local->error);
	case SWARM_LOCAL_LOCKED:
		break;
	}
	return swarm__error(err, SWARM_E_LOCKED,
			    "the swarm on this host is locked: unlock it with its "
			    "unlock key, or leave by force first");
}

int swarm__availability_check(const char *availability, swarm_error *err)
{
	static const char *const known[] = { "active", "pause", "drain" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(availability, known[i]) == 0)
			return 0;
	return swarm__error(err, SWARM_E_INVAL, "availability is active, pause or drain, not '%s'",
			    availability);
}

/* moby: every address of the host; the default of listen_addr. */
static bool is_any(const char *address)
{
	return strncmp(address, "0.0.0.0", 7) == 0 || strncmp(address, "[::]", 4) == 0 ||
	       strcmp(address, "::") == 0;
}

int swarm__host_check(const swarm_client *client, const swarm__host *host, swarm_error *err)
{
	int rc = 0;

	if (host->availability)
		rc = swarm__availability_check(host->availability, err);
	/* An engine elsewhere has addresses that cannot be seen from here. */
	if (rc || !swarm__client_is_local(client))
		return rc;
	/*
	 * The engine refuses a wrong address at init with an unclear text, and at a join it ignores
	 * one in silence.
	 */
	if (host->listen_addr && !is_any(host->listen_addr))
		rc = swarm__address_check_local("listen address", host->listen_addr, err);
	if (!rc && host->advertise_addr)
		rc = swarm__address_check_local("advertise address", host->advertise_addr, err);
	if (!rc && host->data_path_addr)
		rc = swarm__address_check_local("data path address", host->data_path_addr, err);
	return rc;
}

json_t *swarm__host_body(const swarm__host *host)
{
	return json_pack("{s:s, s:s*, s:s*, s:s*}", "ListenAddr",
			 host->listen_addr ? host->listen_addr : "0.0.0.0:2377", "AdvertiseAddr",
			 host->advertise_addr, "DataPathAddr", host->data_path_addr, "Availability",
			 host->availability);
}
