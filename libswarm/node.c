/*
 * Nodes as the managers list them: views of the engine's JSON, and finding one. Reads only.
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000, MAX_PATH = 96 };

/* --- views ---------------------------------------------------------------------------------- */

typedef enum field_kind {
	FIELD_STRING, /* const char *; "" where it is missing */
	FIELD_BOOL,   /* int */
	FIELD_OBJECT, /* const json_t *; left alone where it is missing */
	FIELD_PRESENT /* int: 1 if there is such an object */
} field_kind;

/* A field of swarm_node and where it stands in the engine's JSON. */
typedef struct field {
	const char *path;
	field_kind kind;
	bool required;
	size_t offset;
} field;

/* moby: most fields are left out when empty, and null stands for an empty list or map. */
static const field node_fields[] = {
	{ "ID", FIELD_STRING, true, offsetof(swarm_node, id) },
	{ "Description.Hostname", FIELD_STRING, false, offsetof(swarm_node, hostname) },
	{ "Spec.Role", FIELD_STRING, false, offsetof(swarm_node, role) },
	{ "Spec.Availability", FIELD_STRING, false, offsetof(swarm_node, availability) },
	{ "Spec.Labels", FIELD_OBJECT, false, offsetof(swarm_node, labels) },
	{ "Status.State", FIELD_STRING, false, offsetof(swarm_node, state) },
	{ "Status.Message", FIELD_STRING, false, offsetof(swarm_node, message) },
	{ "Status.Addr", FIELD_STRING, false, offsetof(swarm_node, addr) },
	{ "Description.Engine.EngineVersion", FIELD_STRING, false,
	  offsetof(swarm_node, engine_version) },
	{ "ManagerStatus", FIELD_PRESENT, false, offsetof(swarm_node, member) },
	{ "ManagerStatus.Leader", FIELD_BOOL, false, offsetof(swarm_node, leader) },
	{ "ManagerStatus.Reachability", FIELD_STRING, false, offsetof(swarm_node, reachability) },
	{ "ManagerStatus.Addr", FIELD_STRING, false, offsetof(swarm_node, manager_addr) },
};

enum { NODE_FIELDS = sizeof(node_fields) / sizeof(node_fields[0]) };

static int wrong_type(const char *where, const char *path, size_t length, const char *want,
		      swarm_error *err)
{
	return swarm__error(err, SWARM_E_JSON, "%s%.*s: expected %s", where, (int)length, path,
			    want);
}

/* The value at a path, NULL where it or an object on the way is missing or null. */
static int walk(const json_t *json, const char *where, const char *path, const json_t **ret_value,
		swarm_error *err)
{
	size_t start = 0;

	for (;;) {
		size_t length = strcspn(path + start, ".");
		char name[MAX_PATH];

		snprintf(name, sizeof(name), "%.*s", (int)length, path + start);
		json = json_object_get(json, name);
		start += length;
		if (!json || json_is_null(json)) {
			*ret_value = NULL;
			return 0;
		}
		if (!path[start]) {
			*ret_value = json;
			return 0;
		}
		if (!json_is_object(json))
			return wrong_type(where, path, start, "object", err);
		start++;
	}
}

static int read_field(const json_t *json, const char *where, const field *f, swarm_node *node,
		      swarm_error *err)
{
	void *to = (char *)node + f->offset;
	const char *string = "";
	const json_t *value = NULL;
	int flag = 0;
	int rc = walk(json, where, f->path, &value, err);

	if (rc)
		return rc;
	switch (f->kind) {
	case FIELD_STRING:
		if (value ? !json_is_string(value) : f->required)
			return wrong_type(where, f->path, strlen(f->path), "string", err);
		if (value)
			string = json_string_value(value);
		memcpy(to, &string, sizeof(string));
		return 0;
	case FIELD_BOOL:
		if (value && !json_is_boolean(value))
			return wrong_type(where, f->path, strlen(f->path), "boolean", err);
		flag = value && json_is_true(value);
		memcpy(to, &flag, sizeof(flag));
		return 0;
	default:
		break;
	}
	if (value && !json_is_object(value))
		return wrong_type(where, f->path, strlen(f->path), "object", err);
	flag = value != NULL;
	if (f->kind == FIELD_PRESENT)
		memcpy(to, &flag, sizeof(flag));
	else if (value)
		memcpy(to, &value, sizeof(value));
	return 0;
}

int swarm__node_view(const json_t *json, const char *where, const json_t *no_labels,
		     swarm_node *ret_node, swarm_error *err)
{
	swarm_node node = { .labels = no_labels };

	if (!json_is_object(json))
		return swarm__error(err, SWARM_E_JSON, "%snode: expected object", where);
	for (size_t i = 0; i < NODE_FIELDS; i++) {
		int rc = read_field(json, where, &node_fields[i], &node, err);

		if (rc)
			return rc;
	}
	*ret_node = node;
	return 0;
}

/* --- the list ------------------------------------------------------------------------------- */

/* What a list owns beside its public part. */
typedef struct owned_list {
	swarm_node_list list;
	json_t *no_labels;
} owned_list;

swarm_node_list *swarm_node_list_free(swarm_node_list *list)
{
	owned_list *owned = (owned_list *)list;

	if (!list)
		return NULL;
	json_decref(list->raw);
	json_decref(owned->no_labels);
	free(list->nodes);
	free(owned);
	return NULL;
}

/* raw is stolen, on failure too. */
static int make_list(json_t *raw, swarm_node_list **ret_list, swarm_error *err)
{
	owned_list *owned = calloc(1, sizeof(*owned));
	size_t count = json_array_size(raw);
	swarm_node_list *list;
	int rc = 0;

	if (!owned) {
		json_decref(raw);
		return swarm__nomem(err);
	}
	list = &owned->list;
	list->raw = raw;
	list->nodes = calloc(count + 1, sizeof(*list->nodes));
	owned->no_labels = json_object();
	if (!list->nodes || !owned->no_labels)
		rc = swarm__nomem(err);
	else if (!json_is_array(raw))
		rc = swarm__error(err, SWARM_E_JSON, "node list: expected array");
	for (; !rc && list->count < count; list->count++) {
		char where[32];

		snprintf(where, sizeof(where), "[%zu].", list->count);
		rc = swarm__node_view(json_array_get(raw, list->count), where, owned->no_labels,
				      &list->nodes[list->count], err);
	}
	if (rc)
		swarm_node_list_free(list);
	else
		*ret_list = list;
	return rc;
}

int swarm__node_list(swarm_client *client, bool patient, const swarm__deadline *deadline,
		     swarm_node_list **ret_list, swarm_error *err)
{
	json_t *raw;
	int rc;

	if (patient)
		rc = swarm__call_patiently(client, SWARM_OP_NODE_LIST, NULL, NULL, deadline, &raw,
					   err);
	else
		rc = swarm__call(client, SWARM_OP_NODE_LIST, NULL, NULL, NULL, deadline, &raw, err);
	return rc ? rc : make_list(raw, ret_list, err);
}

int swarm_node_list_get(swarm_client *client, int64_t timeout_ms, swarm_node_list **ret_list,
			swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);

	if (!client || !ret_list)
		return swarm__error(err, SWARM_E_INVAL, "client and ret_list are required");
	return swarm__node_list(client, false, &deadline, ret_list, err);
}

/* --- finding one ---------------------------------------------------------------------------- */

static int not_found(const char *ref, swarm_error *err)
{
	return swarm__error(err, SWARM_E_NOT_FOUND, "no node has the id or host name '%s'", ref);
}

int swarm_node_find(const swarm_node_list *list, const char *ref, const swarm_node **ret_node,
		    swarm_error *err)
{
	const swarm_node *found = NULL;
	swarm__names ids = { 0 };
	size_t count = 0;

	if (!list || !ref || !*ref || !ret_node)
		return swarm__error(err, SWARM_E_INVAL, "a node's id or host name is required");
	for (size_t i = 0; i < list->count; i++) {
		const swarm_node *node = &list->nodes[i];

		if (strcmp(node->id, ref) == 0) {
			*ret_node = node;
			return 0;
		}
		if (strcmp(node->hostname, ref) == 0) {
			found = node;
			count++;
			swarm__names_add(&ids, "%s (%s)", node->id, node->state);
		}
	}
	if (count > 1)
		return swarm__error(err, SWARM_E_AMBIGUOUS,
				    "%zu nodes have the host name '%s', give one's id: %s", count,
				    ref, ids.text);
	if (!found)
		return not_found(ref, err);
	*ret_node = found;
	return 0;
}

static int own_id(swarm_client *client, const swarm__deadline *deadline, char **ret_id,
		  swarm_error *err)
{
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	int rc = swarm__local_read(client, deadline, &local, err);

	if (rc)
		return rc;
	if (!*local->node_id)
		return swarm__error(err, SWARM_E_NOT_MEMBER, "this host is in no swarm");
	*ret_id = local->node_id;
	local->node_id = NULL;
	return 0;
}

/* The engine says of an ambiguous name only how many there are; the list has their ids. */
static int explain_ambiguous(swarm_client *client, const char *ref, const swarm__deadline *deadline,
			     swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	swarm_node_list *list;
	const swarm_node *node;

	if (swarm__node_list(client, false, deadline, &list, &here))
		return err->code;
	if (swarm_node_find(list, ref, &node, &here))
		*err = here;
	swarm_node_list_free(list);
	return err->code;
}

int swarm__node_get(swarm_client *client, const char *ref, bool patient,
		    const swarm__deadline *deadline, json_t **ret_node, swarm_error *err)
{
	swarm_error spare = SWARM_ERROR_INIT;
	char *self = NULL;
	json_t *json;
	int rc = 0;

	if (!err)
		err = &spare;
	if (!ref || !*ref)
		return swarm__error(err, SWARM_E_INVAL, "a node's id or host name is required");
	if (strcmp(ref, "self") == 0) {
		rc = own_id(client, deadline, &self, err);
		if (rc)
			return rc;
		ref = self;
	}
	if (patient)
		rc = swarm__call_patiently(client, SWARM_OP_NODE_INSPECT, ref, NULL, deadline,
					   &json, err);
	else
		rc = swarm__call(client, SWARM_OP_NODE_INSPECT, ref, NULL, NULL, deadline, &json,
				 err);
	if (rc == SWARM_E_HTTP && err->http_status == 400 && strstr(err->text, "ambiguous")) {
		rc = explain_ambiguous(client, ref, deadline, err);
	} else if (rc == SWARM_E_NOT_FOUND) {
		swarm__error_clear(err);
		rc = not_found(ref, err);
		err->http_status = 404;
	} else if (!rc) {
		/* moby: full id, then exact host name, then id prefix; the last is not taken. */
		if (strcmp(swarm__json_string(json, "ID"), ref) == 0 ||
		    strcmp(swarm__json_string(json, "Description.Hostname"), ref) == 0) {
			*ret_node = json;
		} else {
			json_decref(json);
			rc = not_found(ref, err);
		}
	}
	free(self);
	return rc;
}

int swarm_node_inspect(swarm_client *client, const char *node, int64_t timeout_ms,
		       json_t **ret_node, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);

	if (!client || !ret_node)
		return swarm__error(err, SWARM_E_INVAL, "client and ret_node are required");
	return swarm__node_get(client, node, false, &deadline, ret_node, err);
}
