/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The quorum of the managers' raft group: what it is, and whether it holds while members leave. Every
 * demotion of this library asks here first; a caller may, to look ahead. Nothing is changed.
 */
#include "node/internal.h"

#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000, NAMED = 3, MOST_JOINING = 1000 };

/* A node list, with members thought to it, and some nodes of it thought away. */
typedef struct group {
	const swarm_node_list *list;
	int64_t joining;
	bool *gone; /* one for each node; NULL: all are there */
} group;

static bool is_member(const group *g, size_t at)
{
	return g->list->nodes[at].member && !(g->gone && g->gone[at]);
}

static bool is_reachable(const swarm_node *node)
{
	return strcmp(node->reachability, "reachable") == 0;
}

/* etcd/raft: more than half. */
static swarm_quorum count(const group *g)
{
	swarm_quorum ret = { .managers = g->joining, .reachable = g->joining };

	for (size_t i = 0; i < g->list->count; i++) {
		if (!is_member(g, i))
			continue;
		ret.managers++;
		ret.reachable += is_reachable(&g->list->nodes[i]);
	}
	ret.needed = ret.managers / 2 + 1;
	ret.losses = ret.reachable > ret.needed ? ret.reachable - ret.needed : 0;
	return ret;
}

/* The members of the group that do not answer, the first of them by name. */
static void name_dead(const group *g, swarm__names *names)
{
	int more = 0;

	for (size_t i = 0; i < g->list->count; i++)
		if (is_member(g, i) && !is_reachable(&g->list->nodes[i]) && more++ < NAMED)
			swarm__names_add(names, "%s", g->list->nodes[i].hostname);
}

/*
 * Think one member away. swarmkit asks the same question before a demotion, but answers without
 * names, and not for a member that it can demote by a detour.
 */
static int take(group *g, const swarm_node *node, swarm_error *err)
{
	const char *name = *node->hostname ? node->hostname : node->id;
	const size_t at = (size_t)(node - g->list->nodes);
	swarm__names dead = { 0 };
	swarm_quorum after;

	/* Wanted as a manager, but not in the group yet: it has no vote to lose. */
	if (!is_member(g, at))
		return 0;
	g->gone[at] = true;
	after = count(g);
	if (after.managers == 0)
		return swarm__error(err, SWARM_E_QUORUM,
				    "%s is the last manager: promote another node first", name);
	if (after.reachable >= after.needed)
		return 0;
	name_dead(g, &dead);
	return swarm__error(err, SWARM_E_QUORUM,
			    "demoting %s would leave %lld of %lld managers reachable, %lld %s "
			    "needed: bring %s back first",
			    name, (long long)after.reachable, (long long)after.managers,
			    (long long)after.needed, after.needed == 1 ? "is" : "are", dead.text);
}

static int take_all(group *g, const char *const *leaving, swarm_error *err)
{
	int rc = 0;

	for (; !rc && leaving && *leaving; leaving++) {
		const swarm_node *node = NULL;

		rc = swarm_node_find(g->list, *leaving, &node, err);
		if (!rc)
			rc = take(g, node, err);
	}
	return rc;
}

/* A manager answered, so at least that one is in the group: another list proves nothing. */
static int check_list(const group *g, swarm_error *err)
{
	for (size_t i = 0; i < g->list->count; i++)
		if (is_member(g, i))
			return 0;
	return swarm__error(err, SWARM_E_JSON,
			    "the quorum is unknown: the engine's node list has no manager in it");
}

swarm_quorum swarm__quorum_count(const swarm_node_list *list)
{
	const group g = { list, 0, NULL };

	return count(&g);
}

static int read_group(swarm_client *client, int64_t joining, const char *const *leaving,
		      const swarm__deadline *deadline, swarm_quorum *ret_quorum, swarm_error *err)
{
	swarm_node_list *list;
	group g;
	int rc = swarm__node_list(client, false, deadline, &list, err);

	if (rc)
		return rc;
	g = (group){ list, joining, calloc(list->count + 1, sizeof(*g.gone)) };
	rc = g.gone ? check_list(&g, err) : swarm__nomem(err);
	if (!rc)
		rc = take_all(&g, leaving, err);
	if (!rc && ret_quorum)
		*ret_quorum = count(&g);
	free(g.gone);
	swarm_node_list_free(list);
	return rc;
}

int swarm__quorum_check(const swarm__node_change *change, swarm_error *err)
{
	const char *const leaving[] = { change->id, NULL };
	swarm_error here = SWARM_ERROR_INIT;
	int rc = read_group(change->client, 0, leaving, &change->deadline, NULL, &here);

	/* Its record was read a moment ago, so the list is an older one, or is not whole. */
	if (rc == SWARM_E_NOT_FOUND)
		return swarm__error(
			err, SWARM_E_JSON,
			"the quorum is unknown: the engine's node list lacks %s: run again",
			change->name);
	if (rc && err)
		*err = here;
	return rc;
}

int swarm_quorum_get(swarm_client *client, int64_t joining, const char *const *leaving,
		     int64_t timeout_ms, swarm_quorum *ret_quorum, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);

	if (!client || !ret_quorum)
		return swarm__error(err, SWARM_E_INVAL, "client and ret_quorum are required");
	if (joining < 0 || joining > MOST_JOINING)
		return swarm__error(err, SWARM_E_INVAL, "joining must be 0 to %d", MOST_JOINING);
	return read_group(client, joining, leaving, &deadline, ret_quorum, err);
}
