/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of the engine itself and of the nodes. Pure functions of what was read. */
#include "health/internal.h"

#include <string.h>

#define OWN_RUN "saltext.swarm.run"
#define OWN_WAS "saltext.swarm.was"

static size_t rows_of(const swarm__report *report)
{
	return json_array_size(report->rows);
}

static bool is_ready(const swarm_node *node)
{
	return strcmp(node->state, "ready") == 0;
}

/* What a row says it is about: a host name that two nodes have is nobody's. */
static const char *name_of(const swarm__look *look, const swarm_node *node)
{
	for (size_t i = 0; i < look->nodes->count; i++) {
		const swarm_node *other = &look->nodes->nodes[i];

		if (other != node && strcmp(other->hostname, node->hostname) == 0)
			return node->id;
	}
	return *node->hostname ? node->hostname : node->id;
}

/* --- the engine ----------------------------------------------------------------------------- */

int swarm__check_engine(swarm__report *report, const swarm__look *look, swarm_error *err)
{
	const swarm_local *local = look->local;
	const char *name = local ? local->name : "";

	if (!local || (look->local_err.code && look->local_err.code != SWARM_E_NOT_MANAGER))
		return swarm__report_fault(report, SWARM__CHECK_ENGINE, name, err, "%s",
					   look->local_err.text);
	if (local->state != SWARM_LOCAL_ACTIVE || *local->error)
		return swarm__report_fault(report, SWARM__CHECK_ENGINE, name, err, "%s is %s%s%s",
					   name, swarm_local_state_name(local->state),
					   *local->error ? ": " : "", local->error);
	return swarm__report_fine(report, SWARM__CHECK_ENGINE, rows_of(report), err,
				  "docker %s is active", local->engine_version);
}

/* --- managers ------------------------------------------------------------------------------- */

int swarm__check_leader(swarm__report *report, const swarm__look *look, swarm_error *err)
{
	const swarm_node *leader = NULL;
	size_t leaders = 0;

	if (!look->nodes)
		return swarm__is_transient(&look->nodes_err)
			       ? swarm__report_fault(report, SWARM__CHECK_LEADER, "", err,
						     "the managers have no leader")
			       : swarm__report_unknown(report, SWARM__CHECK_LEADER,
						       look->nodes_err.text, err);
	for (size_t i = 0; i < look->nodes->count; i++) {
		if (!look->nodes->nodes[i].leader)
			continue;
		leader = &look->nodes->nodes[i];
		leaders++;
	}
	if (leaders != 1)
		return swarm__report_fault(
			report, SWARM__CHECK_LEADER, "", err,
			leaders ? "%zu managers say that they lead" : "%zu managers lead", leaders);
	return swarm__report_fine(report, SWARM__CHECK_LEADER, rows_of(report), err, "%s leads",
				  name_of(look, leader));
}

int swarm__check_reachable(swarm__report *report, const swarm__look *look, swarm_error *err)
{
	size_t before = rows_of(report), managers = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < look->nodes->count; i++) {
		const swarm_node *node = &look->nodes->nodes[i];

		managers += node->member != 0;
		if (node->member && strcmp(node->reachability, "reachable") != 0)
			rc = swarm__report_fault(
				report, SWARM__CHECK_MANAGERS_REACHABLE, name_of(look, node), err,
				"%s is a manager, but %s", name_of(look, node), node->reachability);
	}
	return rc ? rc
		  : swarm__report_fine(report, SWARM__CHECK_MANAGERS_REACHABLE, before, err,
				       "%zu of %zu managers are reachable", managers, managers);
}

int swarm__check_margin(swarm__report *report, const swarm__look *look, swarm_error *err)
{
	swarm_quorum quorum = swarm__quorum_count(look->nodes);
	int64_t margin = report->options->margin ? report->options->margin : 1;

	/* One or two can lose none: a choice, and no fault of today. */
	if (quorum.managers <= 2 || margin < 0)
		margin = 0;
	if (quorum.losses < margin)
		return swarm__report_fault(
			report, SWARM__CHECK_QUORUM_MARGIN, "", err,
			"%lld of %lld managers are reachable, %lld are needed: %lld may fail, not "
			"%lld",
			(long long)quorum.reachable, (long long)quorum.managers,
			(long long)quorum.needed, (long long)quorum.losses, (long long)margin);
	return swarm__report_fine(report, SWARM__CHECK_QUORUM_MARGIN, rows_of(report), err,
				  "%lld of %lld managers may fail", (long long)quorum.losses,
				  (long long)quorum.managers);
}

/* --- nodes ---------------------------------------------------------------------------------- */

int swarm__check_ready(swarm__report *report, const swarm__look *look, swarm_error *err)
{
	size_t before = rows_of(report), count = look->nodes->count;
	int rc = 0;

	for (size_t i = 0; !rc && i < count; i++) {
		const swarm_node *node = &look->nodes->nodes[i];

		if (!is_ready(node))
			rc = swarm__report_fault(report, SWARM__CHECK_NODES_READY,
						 name_of(look, node), err, "%s is %s%s%s",
						 name_of(look, node), node->state,
						 *node->message ? ": " : "", node->message);
	}
	return rc ? rc
		  : swarm__report_fine(report, SWARM__CHECK_NODES_READY, before, err,
				       "%zu of %zu nodes are ready", count, count);
}

/* Managers that take no tasks are how many swarms are meant to be. */
static bool is_set_aside(const swarm_node *node)
{
	const bool drained = strcmp(node->availability, "drain") == 0;

	return strcmp(node->availability, "active") != 0 && !(drained && node->member) &&
	       !swarm_label_get(node->labels, OWN_RUN) && !swarm_label_get(node->labels, OWN_WAS);
}

int swarm__check_availability(swarm__report *report, const swarm__look *look, swarm_error *err)
{
	size_t before = rows_of(report);
	int rc = 0;

	for (size_t i = 0; !rc && i < look->nodes->count; i++) {
		const swarm_node *node = &look->nodes->nodes[i];

		if (is_set_aside(node))
			rc = swarm__report_fault(
				report, SWARM__CHECK_AVAILABILITY, name_of(look, node), err,
				"%s is %s", name_of(look, node),
				strcmp(node->availability, "pause") == 0 ? "paused" : "drained");
	}
	return rc ? rc
		  : swarm__report_fine(report, SWARM__CHECK_AVAILABILITY, before, err,
				       "no node is paused or drained by hand");
}

/*
 * The record of a manager from before a force-new-cluster asks for its old role forever; it is not ready,
 * and that is its fault.
 */
int swarm__check_roles(swarm__report *report, const swarm__look *look, swarm_error *err)
{
	size_t before = rows_of(report);
	int rc = 0;

	for (size_t i = 0; !rc && i < look->nodes->count; i++) {
		const swarm_node *node = &look->nodes->nodes[i];
		bool wanted = strcmp(node->role, "manager") == 0;

		if (is_ready(node) && wanted != (node->member != 0))
			rc = swarm__report_fault(
				report, SWARM__CHECK_ROLES_SETTLED, name_of(look, node), err,
				"%s is still becoming a %s", name_of(look, node), node->role);
	}
	return rc ? rc
		  : swarm__report_fine(report, SWARM__CHECK_ROLES_SETTLED, before, err,
				       "every node has its role");
}

int swarm__check_versions(swarm__report *report, const swarm__look *look, swarm_error *err)
{
	swarm__names versions = { 0 };
	size_t kinds = 0;

	for (size_t i = 0; i < look->nodes->count; i++) {
		const swarm_node *node = &look->nodes->nodes[i];
		size_t first = 0;

		while (!is_ready(&look->nodes->nodes[first]) ||
		       strcmp(look->nodes->nodes[first].engine_version, node->engine_version) != 0)
			if (++first > i)
				break;
		if (!is_ready(node) || first != i || !*node->engine_version)
			continue;
		swarm__names_add(&versions, "%s", node->engine_version);
		kinds++;
	}
	if (kinds > 1)
		return swarm__report_fault(report, SWARM__CHECK_VERSIONS, "", err,
					   "engines differ: %s", versions.text);
	return swarm__report_fine(report, SWARM__CHECK_VERSIONS, rows_of(report), err,
				  "all engines are %s", kinds ? versions.text : "of one version");
}

int swarm__check_listed(swarm__report *report, const swarm__look *look, swarm_error *err)
{
	const char *id = look->local->node_id, *name = look->local->name;

	for (size_t i = 0; i < look->nodes->count; i++) {
		const swarm_node *node = &look->nodes->nodes[i];

		if (strcmp(node->id, id) != 0)
			continue;
		if (!is_ready(node))
			return swarm__report_fault(report, SWARM__CHECK_HOST_LISTED, name, err,
						   "the managers list %s as %s", name, node->state);
		return swarm__report_fine(report, SWARM__CHECK_HOST_LISTED, rows_of(report), err,
					  "the managers list %s (%s)", name, id);
	}
	return swarm__report_fault(report, SWARM__CHECK_HOST_LISTED, name, err,
				   "%s (%s) is not in the node list: the managers removed its node",
				   name, id);
}
