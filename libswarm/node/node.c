/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes as the managers list them: the list, and finding one. Reads only. */
#include "node/internal.h"
#include "view/internal.h"

#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000 };

/* --- the list ------------------------------------------------------------------------------- */

static int read_list(swarm_client *client, bool patient, const swarm__deadline *deadline,
		     swarm_node_list **ret_list, swarm_error *err)
{
	swarm__budget budget;
	swarm__buffer text;
	int rc = patient ? swarm__call_text_patiently(client, SWARM_OP_NODE_LIST, NULL, deadline,
						      &text, err)
			 : swarm__call_text(client, SWARM_OP_NODE_LIST, NULL, deadline, &text, err);

	if (rc)
		return rc;
	budget = swarm__answer_budget(client, client->max_body, deadline);
	rc = swarm__node_rows(text.data, text.size, &budget, ret_list, err);
	swarm__buffer_clear(&text);
	if (!rc)
		swarm__rows_sort(&swarm__view_node, (swarm__rows *)*ret_list);
	return rc;
}

int swarm__node_list(swarm_client *client, bool patient, const swarm__deadline *deadline,
		     swarm_node_list **ret_list, swarm_error *err)
{
	swarm_node_list *list;
	int rc = read_list(client, patient, deadline, &list, err);

	if (rc)
		return rc;
	if (list->count == 0)
		rc = swarm__error(err, SWARM_E_JSON, "node list: it is empty");
	for (size_t i = 0; !rc && i < list->count; i++)
		if (!swarm__is_id(list->nodes[i].id))
			rc = swarm__error(err, SWARM_E_JSON, "[%zu].ID: expected id", i);
	if (rc)
		swarm_node_list_free(list);
	else
		*ret_list = list;
	return rc;
}

int swarm_node_list_get(swarm_client *client, int64_t timeout_ms, swarm_node_list **ret_list,
			swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);

	if (!client || !ret_list)
		return swarm__error(err, SWARM_E_INVAL, "client and ret_list are required");
	return read_list(client, false, &deadline, ret_list, err);
}

/* --- finding one ---------------------------------------------------------------------------- */

static int not_found(const char *ref, swarm_error *err)
{
	return swarm__error(err, SWARM_E_NOT_FOUND,
			    "no node has the id or host name '%s' (see swarm.node_ls)", ref);
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
				    "%zu nodes have the host name '%s', use an id: %s", count, ref,
				    ids.text);
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
	rc = swarm__local_require_member(local, err);
	if (rc)
		return rc;
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

/* Is it the node that was asked for? */
static int take_node(const json_t *node, const char *ref, swarm_error *err)
{
	const char *id = swarm__json_string(node, "ID");
	const char *name = swarm__json_string(node, "Description.Hostname");
	int rc = swarm__shape_object("node", node, "ID", err);

	if (!rc)
		rc = swarm__shape_answers("node", id, name, ref, err);
	if (rc || strcmp(id, ref) == 0 || strcmp(name, ref) == 0)
		return rc;
	/* moby: full id, then exact host name, then id prefix; the last is not taken. */
	return not_found(ref, err);
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
		rc = take_node(json, ref, err);
		if (rc)
			json_decref(json);
		else
			*ret_node = json;
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
