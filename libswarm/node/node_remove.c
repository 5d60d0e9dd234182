/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delete node records from the cluster: one, or all that are down. The hosts are not notified.
 */
#include "node/internal.h"

#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000 };

typedef struct deletion {
	const swarm__node_change *node;
	unsigned flags;
	bool unsure; /* an earlier one may have gone through, whatever its answer was */
} deletion;

/* Is its record gone? */
static bool is_gone(const swarm__node_change *node)
{
	return swarm__call_patiently(node->client, SWARM_OP_NODE_INSPECT, node->id, NULL,
				     &node->deadline, NULL, NULL) == SWARM_E_NOT_FOUND;
}

static int delete_once(void *payload, bool *ret_again, swarm_error *err)
{
	static const swarm_pair forced[] = { { "force", "true" }, { NULL, NULL } };
	deletion *d = payload;
	int rc = swarm__call(d->node->client, SWARM_OP_NODE_DELETE, d->node->id,
			     d->flags & SWARM_REMOVE_FORCE ? forced : NULL, NULL,
			     &d->node->deadline, NULL, err);

	if (!rc || (rc == SWARM_E_NOT_FOUND && d->unsure))
		return 0;
	/* swarmkit: the demotion of a moment ago is not everywhere yet. */
	*ret_again = d->flags & SWARM_REMOVE_DEMOTE && err->http_status == 400 &&
		     strstr(err->text, "must be demoted");
	*ret_again = *ret_again || swarm__is_write_transient(err);
	d->unsure = d->unsure || swarm__is_unsure(err);
	if (*ret_again || !swarm__is_unsure(err) || !is_gone(d->node))
		return rc;
	swarm__error_clear(err);
	return 0;
}

int swarm__node_delete(const swarm__node_change *node, unsigned flags, swarm_error *err)
{
	deletion d = { .node = node, .flags = flags };

	return swarm__retry(node->client, &node->deadline, delete_once, &d, err);
}

int swarm_node_remove(swarm_client *client, const char *node, unsigned flags, int64_t timeout_ms,
		      swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm__node_change SWARM__AUTO_NODE_CHANGE change = { 0 };
	int rc;

	if (flags & ~(SWARM_REMOVE_FORCE | SWARM_REMOVE_DEMOTE))
		return swarm__error(err, SWARM_E_INVAL, "unknown removal flags 0x%x", flags);
	rc = swarm__node_change_begin(client, node, &deadline, &change, err);
	if (!rc && flags & SWARM_REMOVE_DEMOTE && change.manager)
		rc = swarm__node_demote(&change, NULL, err);
	return rc ? rc : swarm__node_delete(&change, flags, err);
}

/* --- prune ---------------------------------------------------------------------------------- */

/* Down, and neither a manager nor about to be one: a dead manager counts for the quorum. */
static bool is_prunable(const swarm_node *node)
{
	return strcmp(node->state, "down") == 0 && !node->member &&
	       strcmp(node->role, "worker") == 0;
}

/*
 * Delete one without force, so that the engine refuses if the node came back in between. That, and a
 * record that somebody else removed, is not an error; ret_removed is false then.
 */
static int prune_one(swarm_client *client, const char *id, const swarm__deadline *deadline,
		     bool *ret_removed, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	const swarm__node_change change = { .client = client,
					    .deadline = *deadline,
					    .id = (char *)(uintptr_t)id };
	int rc = swarm__node_delete(&change, 0, &here);

	*ret_removed = rc == 0;
	if (rc == 0 || rc == SWARM_E_NOT_FOUND || here.http_status == 400)
		return 0;
	if (err)
		*err = here;
	return rc;
}

static int prune_list(swarm_client *client, const swarm_node_list *list,
		      const swarm__deadline *deadline, json_t *removed, swarm_error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		bool gone = false;
		int rc;

		if (!is_prunable(&list->nodes[i]))
			continue;
		rc = prune_one(client, list->nodes[i].id, deadline, &gone, err);
		if (!rc && gone &&
		    json_array_append_new(removed, json_string(list->nodes[i].id)) < 0)
			rc = swarm__nomem(err);
		if (rc)
			return swarm__error_wrap(
				err, rc, "%zu %s removed, then %s", json_array_size(removed),
				json_array_size(removed) == 1 ? "node was" : "nodes were",
				list->nodes[i].hostname);
	}
	return 0;
}

int swarm_node_prune(swarm_client *client, int64_t timeout_ms, json_t **ret_ids, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm_node_list *list = NULL;
	json_t *removed;
	int rc;

	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	removed = json_array();
	rc = removed ? swarm__node_list(client, true, &deadline, &list, err) : swarm__nomem(err);
	if (!rc)
		rc = prune_list(client, list, &deadline, removed, err);
	if (!rc && ret_ids)
		*ret_ids = json_incref(removed);
	swarm_node_list_free(list);
	json_decref(removed);
	return rc;
}
