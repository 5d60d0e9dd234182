/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back: what the labels of a node say was changed. A service in the middle of an update is
 * waited for, and left alone if it does not end: the node stays paused then, because on an active one
 * the managers would stop its tasks at once.
 */
#include "events/internal.h"
#include "evict/internal.h"

#include <string.h>

enum { UNDO_TIMEOUT_MS = 120000 };

static int left_alone(const swarm__eviction *e, const swarm__evict_look *look, swarm_error *err)
{
	swarm__error_clear(err);
	return swarm__error(err, SWARM_E_STATE,
			    "%s keeps the constraint %s, because %s: undo it when that has ended, "
			    "until then %s stays paused",
			    swarm__json_string(look->service, "Spec.Name"), e->constraint,
			    swarm__unsettled(look->service), e->node.name);
}

/* Is it settled, or not ours any more? An update that is paused rolls nothing out. */
static bool is_settled(const swarm__eviction *e, const swarm__evict_look *look)
{
	const char *unsettled = swarm__unsettled(look->service);

	return !unsettled || strstr(unsettled, "paused") ||
	       !swarm__has_constraint(json_object_get(look->service, "Spec"), e->constraint);
}

/* One service, until it is settled. ret_look: as of the last time. */
static int wait_settled(swarm__eviction *e, const char *id, swarm__evict_look *ret_look,
			swarm_error *err)
{
	swarm__watch SWARM__AUTO_WATCH watch = { .client = e->node.client, .type = "service" };
	int64_t pause = 0;
	int rc;

	do {
		swarm__evict_look now = { 0 };

		rc = swarm__evict_look_at(e->node.client, id, e->node.id, &e->node.deadline, &now,
					  err);
		if (rc) {
			swarm__evict_look_clear(&now);
			break;
		}
		swarm__evict_look_clear(ret_look);
		*ret_look = now;
		if (!now.service || is_settled(e, ret_look))
			return 0;
		rc = swarm__watch_pause(&watch, &e->node.deadline, &pause, err);
	} while (!rc);
	return rc == SWARM_E_TIMEOUT && ret_look->service ? left_alone(e, ret_look, err) : rc;
}

static int take_back_one(swarm__eviction *e, const char *id, bool only_there, json_t *services,
			 swarm_error *err)
{
	swarm__evict_look SWARM__AUTO_LOOK look = { 0 };
	const char *name;
	bool changed = false;
	int rc = wait_settled(e, id, &look, err);

	if (rc || !look.service || (only_there && !look.there))
		return rc;
	name = swarm__json_string(look.service, "Spec.Name");
	rc = swarm__constraint_take_back(e->node.client, id, e->constraint, &e->node.deadline,
					 &changed, err);
	if (rc)
		return swarm__error_wrap(err, rc, "%s keeps the constraint %s", name,
					 e->constraint);
	if (changed && services && json_array_append_new(services, json_string(name)))
		return swarm__nomem(err);
	return 0;
}

int swarm__evict_take_back(swarm__eviction *e, bool only_there, json_t *services, swarm_error *err)
{
	json_t *ids = json_incref(e->moved);
	int rc = 0;
	json_t *id;
	size_t i;

	/* All are tried in turn: the first that is not settled ends it, and says so. */
	json_array_foreach (ids, i, id) {
		if (!rc)
			rc = take_back_one(e, json_string_value(id), only_there, services, err);
	}
	json_decref(ids);
	return rc;
}

/* The availability alone: the labels stay until the services have their specs back. */
static int set_availability(swarm__eviction *e, swarm_error *err)
{
	const char *was = swarm__eviction_label(e, SWARM__LABEL_WAS);
	json_t *patch;
	int rc;

	if (strcmp(swarm__eviction_availability(e), "active") == 0 ||
	    swarm__availability_check(was, NULL))
		return 0;
	patch = json_pack("{s:s}", "Availability", was);
	rc = patch ? swarm__node_patch(&e->node, patch, NULL, err) : swarm__nomem(err);
	json_decref(patch);
	return rc;
}

int swarm__evict_go_back(swarm__eviction *e, json_t *services, swarm_error *err)
{
	int rc = swarm__eviction_read(e, err);

	if (rc || !*swarm__eviction_label(e, SWARM__LABEL_WAS))
		return rc;
	/* Tasks that are still there must not meet an active node and the constraint. */
	rc = swarm__evict_take_back(e, true, services, err);
	if (!rc && json_array_size(e->moved))
		rc = set_availability(e, err);
	if (!rc)
		rc = swarm__evict_take_back(e, false, services, err);
	return rc ? rc : swarm__eviction_return(e, err);
}

int swarm_evict_undo(swarm_client *client, const char *node, int64_t timeout_ms,
		     json_t **ret_change, swarm_error *err)
{
	const swarm_evict_options options = SWARM_EVICT_OPTIONS_INIT;
	swarm__eviction SWARM__AUTO_EVICTION e = { 0 };
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *services, *was = NULL, *change = NULL;
	int rc;

	if (!err)
		err = &spare;
	rc = swarm__eviction_begin(client, node, timeout_ms > 0 ? timeout_ms : UNDO_TIMEOUT_MS, &e,
				   err);
	if (rc)
		return rc;
	e.options = &options;
	services = json_array();
	was = json_string(swarm__eviction_availability(&e));
	rc = services && was ? swarm__evict_go_back(&e, services, err) : swarm__nomem(err);
	if (!rc)
		rc = swarm__eviction_read(&e, err);
	if (!rc && ret_change) {
		change = json_pack("{s:s, s:s, s:O, s:s, s:O}", "id", e.node.id, "hostname",
				   e.node.name, "old", was, "new", swarm__eviction_availability(&e),
				   "services", services);
		rc = change ? 0 : swarm__nomem(err);
	}
	if (!rc && ret_change)
		*ret_change = change;
	json_decref(services);
	json_decref(was);
	return rc;
}
