/* SPDX-License-Identifier: Apache-2.0 */
/* The node that is emptied, and its labels, which say what is under way and how to go back. */
#include "evict/internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int swarm__eviction_begin(swarm_client *client, const char *node, int64_t timeout_ms,
			  swarm__eviction *ret, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, timeout_ms);
	int rc;

	*ret = (swarm__eviction){ 0 };
	rc = swarm__node_change_begin(client, node, &deadline, &ret->node, err);
	if (rc)
		return rc;
	swarm__constraint_against(ret->node.id, ret->constraint);
	return swarm__eviction_read(ret, err);
}

void swarm__eviction_clear(swarm__eviction *e)
{
	swarm__node_change_clear(&e->node);
	json_decref(e->record);
	json_decref(e->plan);
	json_decref(e->moved);
	*e = (swarm__eviction){ 0 };
}

const char *swarm__eviction_availability(const swarm__eviction *e)
{
	return swarm__json_string(e->record, "Spec.Availability");
}

const char *swarm__eviction_label(const swarm__eviction *e, const char *name)
{
	const json_t *labels = swarm__json_at(e->record, "Spec.Labels");
	const char *value = json_string_value(json_object_get(labels, name));

	return value ? value : "";
}

/* --- the services of the label ---------------------------------------------------------------------- */

/* Ids of a text, each once. New; NULL without memory. */
static json_t *read_ids(const char *text)
{
	json_t *ids = json_array();

	while (ids && *text) {
		size_t length = strcspn(text, " ");
		json_t *id = json_stringn(text, length);

		/* Another hand's text goes into no path. */
		if (!id || (swarm__is_id(json_string_value(id)) && json_array_append(ids, id))) {
			json_decref(ids);
			ids = NULL;
		}
		json_decref(id);
		text += length;
		text += strspn(text, " ");
	}
	return ids;
}

bool swarm__eviction_moves(const swarm__eviction *e, const char *service_id)
{
	json_t *id;
	size_t i;

	json_array_foreach (e->moved, i, id)
		if (strcmp(json_string_value(id), service_id) == 0)
			return true;
	return false;
}

/* Those of the plan beside those of the label. 0 or SWARM_E_NOMEM. */
static int add_planned(swarm__eviction *e, swarm_error *err)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(e->plan, "services"), i, row) {
		const char *id = swarm__json_string(row, "id");

		if (strcmp(swarm__json_string(row, "way"), "move") == 0 &&
		    !swarm__eviction_moves(e, id) &&
		    json_array_append_new(e->moved, json_string(id)))
			return swarm__nomem(err);
	}
	return 0;
}

/* New; NULL without memory or without services. */
static json_t *join_ids(const json_t *ids)
{
	json_t *text = NULL;
	json_t *id;
	size_t i;

	json_array_foreach (swarm__json_iterable(ids), i, id) {
		json_t *longer = json_sprintf("%s%s%s", text ? json_string_value(text) : "",
					      text ? " " : "", json_string_value(id));

		json_decref(text);
		text = longer;
		if (!text)
			return NULL;
	}
	return text;
}

/* record: stolen. */
static int take_record(swarm__eviction *e, json_t *record, swarm_error *err)
{
	json_t *moved;

	json_decref(e->record);
	e->record = record;
	moved = read_ids(swarm__eviction_label(e, SWARM__LABEL_MOVED));
	if (!moved)
		return swarm__nomem(err);
	json_decref(e->moved);
	e->moved = moved;
	return 0;
}

int swarm__eviction_read(swarm__eviction *e, swarm_error *err)
{
	json_t *record;
	int rc = swarm__node_get(e->node.client, e->node.id, true, &e->node.deadline, &record, err);

	return rc ? rc : take_record(e, record, err);
}

int swarm__eviction_of(swarm_client *client, json_t *record, const swarm__deadline *deadline,
		       swarm__eviction *ret, swarm_error *err)
{
	int rc;

	*ret = (swarm__eviction){ 0 };
	rc = swarm__node_change_of(client, record, deadline, &ret->node, err);
	if (rc)
		return rc;
	swarm__constraint_against(ret->node.id, ret->constraint);
	return take_record(ret, json_incref(record), err);
}

/* --- changes ---------------------------------------------------------------------------------------- */

/* patch: stolen; NULL: no memory. */
static int apply(swarm__eviction *e, json_t *patch, swarm_error *err)
{
	int rc = patch ? swarm__node_patch(&e->node, patch, NULL, err) : swarm__nomem(err);

	json_decref(patch);
	return rc;
}

static int set_label(json_t *labels, const char *name, json_t *value, swarm_error *err)
{
	return json_object_set_new(labels, name, value) ? swarm__nomem(err) : 0;
}

/* A node that somebody else activated since is a new case. */
static bool is_claimed(const swarm__eviction *e)
{
	return *swarm__eviction_label(e, SWARM__LABEL_WAS) &&
	       strcmp(swarm__eviction_availability(e), "active") != 0;
}

static int fill_claim(swarm__eviction *e, json_t *labels, swarm_error *err)
{
	const char *reason = e->options->reason ? e->options->reason : "evict";
	json_t *ids = join_ids(e->moved);
	int rc;

	if (json_array_size(e->moved) && !ids)
		return swarm__nomem(err);
	rc = ids ? set_label(labels, SWARM__LABEL_MOVED, ids, err) : 0;
	if (rc || is_claimed(e))
		return rc;
	rc = set_label(labels, SWARM__LABEL_WAS, json_string(swarm__eviction_availability(e)), err);
	if (!rc)
		rc = set_label(labels, SWARM__LABEL_REASON, json_string(reason), err);
	return rc ? rc
		  : set_label(labels, SWARM__LABEL_SINCE,
			      json_sprintf("%lld", (long long)time(NULL)), err);
}

int swarm__eviction_claim(swarm__eviction *e, swarm_error *err)
{
	json_t *labels = json_object();
	int rc = labels ? add_planned(e, err) : swarm__nomem(err);

	if (!rc)
		rc = fill_claim(e, labels, err);
	if (!rc)
		rc = apply(e,
			   json_pack("{s:s, s:O}", "Availability",
				     strcmp(swarm__eviction_availability(e), "drain") == 0
					     ? "drain"
					     : "pause",
				     "Labels", labels),
			   err);
	json_decref(labels);
	return rc ? rc : swarm__eviction_read(e, err);
}

int swarm__eviction_moved(swarm__eviction *e, swarm_error *err)
{
	return apply(e, json_pack("{s:{s:n}}", "Labels", SWARM__LABEL_MOVED), err);
}

/* An availability that somebody else gave it since stays. */
int swarm__eviction_return(swarm__eviction *e, swarm_error *err)
{
	const char *was = swarm__eviction_label(e, SWARM__LABEL_WAS);
	const char *now = swarm__eviction_availability(e);

	if (swarm__availability_check(was, NULL))
		was = now;
	return apply(e,
		     json_pack("{s:s, s:{s:n, s:n, s:n, s:n}}", "Availability",
			       strcmp(now, "active") == 0 ? now : was, "Labels", SWARM__LABEL_WAS,
			       SWARM__LABEL_REASON, SWARM__LABEL_SINCE, SWARM__LABEL_MOVED),
		     err);
}
