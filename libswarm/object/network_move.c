/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services off a network and on again. What a service had there goes into a label of its own in the same
 * update, so that whoever comes later can put it on again.
 *
 * The label is {"networks": [{"index": place in the list, and the fields of the attachment}]}, or for the
 * ingress network {"ports": [...]}.
 */
#include "object/network.h"

#include <stdio.h>
#include <string.h>

#define LABEL "libswarm.detached."

enum { MAX_TEXT = 65536 };

typedef struct move {
	const swarm__network *n;
	const char *id; /* of the network */
	bool ingress;
	char label[SWARM__MAX_LABEL];
} move;

void swarm__network_label(const swarm__network *n, char label[SWARM__MAX_LABEL])
{
	snprintf(label, SWARM__MAX_LABEL, LABEL "%s", n->name);
}

/* --- which can be moved ------------------------------------------------------------------------------ */

int swarm__network_check_users(const swarm__network *n, const json_t *services, swarm_error *err)
{
	swarm__names jobs = { 0 }, old = { 0 };
	json_t *service;
	size_t i;

	json_array_foreach (swarm__json_iterable(services), i, service) {
		const json_t *spec = json_object_get(service, "Spec");
		const json_t *mode = json_object_get(spec, "Mode");
		const char *name = swarm__json_string(spec, "Name");

		if (json_object_get(mode, "ReplicatedJob") || json_object_get(mode, "GlobalJob"))
			swarm__names_add(&jobs, "%s", name);
		/* moby: read where TaskTemplate has none, and no longer at all since Engine 29. */
		if (json_array_size(json_object_get(spec, "Networks")))
			swarm__names_add(&old, "%s", name);
	}
	if (*jobs.text)
		return swarm__error(err, SWARM_E_CONFLICT,
				    "network %s is used by jobs, which would run again: %s: remove "
				    "them first",
				    n->name, jobs.text);
	if (*old.text)
		return swarm__error(err, SWARM_E_CONFLICT,
				    "network %s is in the old field Networks of %s: update them "
				    "first, so that it is in TaskTemplate.Networks",
				    n->name, old.text);
	return 0;
}

/* --- off ------------------------------------------------------------------------------------------------ */

/* Is it on the network? Ports of mode host do not use it. */
static bool is_attachment(const move *m, const json_t *one)
{
	const char *target = swarm__json_string(one, "Target");

	if (m->ingress)
		return strcmp(swarm__json_string(one, "PublishMode"), "host") != 0;
	return strcmp(target, m->id) == 0 || strcmp(target, m->n->name) == 0;
}

/* What is kept of one in the label; NULL without memory. */
static json_t *make_kept(const move *m, const json_t *one, size_t index)
{
	json_t *kept = json_deep_copy(one);

	if (m->ingress || !kept)
		return kept;
	json_object_del(kept, "Target");
	if (json_object_set_new(kept, "index", json_integer((json_int_t)index))) {
		json_decref(kept);
		return NULL;
	}
	return kept;
}

/* The rest of a list, and what is kept of those that go; 0 or -1 without memory. */
static int split(const move *m, const json_t *list, json_t *rest, json_t *kept)
{
	json_t *one;
	size_t i;

	json_array_foreach (swarm__json_iterable(list), i, one) {
		int rc = is_attachment(m, one) ? json_array_append_new(kept, make_kept(m, one, i))
					       : json_array_append(rest, one);

		if (rc)
			return -1;
	}
	return 0;
}

static int set_label(const move *m, json_t *spec, const json_t *kept)
{
	json_t *content = json_pack("{s:O}", m->ingress ? "ports" : "networks", kept);
	swarm__buffer text;
	int rc;

	if (!json_is_object(json_object_get(spec, "Labels")) &&
	    json_object_set_new(spec, "Labels", json_object())) {
		json_decref(content);
		return -1;
	}
	swarm__buffer_init(&text, MAX_TEXT);
	rc = content ? swarm__json_dump(content, &text) : -1;
	if (!rc)
		rc = json_object_set_new(json_object_get(spec, "Labels"), m->label,
					 json_string(text.data));
	swarm__buffer_clear(&text);
	json_decref(content);
	return rc;
}

/* The object around a list, in a spec of our own: "TaskTemplate" or "EndpointSpec". */
static json_t *around(const move *m, json_t *spec)
{
	return json_object_get(spec, m->ingress ? "EndpointSpec" : "TaskTemplate");
}

static const char *list_name(const move *m)
{
	return m->ingress ? "Ports" : "Networks";
}

static int take_off(const move *m, json_t *spec)
{
	json_t *owner = around(m, spec);
	json_t *rest = json_array(), *kept = json_array();
	int rc = split(m, json_object_get(owner, list_name(m)), rest, kept);

	/* One that is off already keeps its label. */
	if (!rc && json_array_size(kept)) {
		rc = set_label(m, spec, kept);
		if (!rc && json_array_size(rest))
			rc = json_object_set(owner, list_name(m), rest);
		else if (!rc)
			json_object_del(owner, list_name(m));
	}
	json_decref(rest);
	json_decref(kept);
	return rc;
}

/* --- on ------------------------------------------------------------------------------------------------- */

/* The label is readable and writable by all who reach the engine. NULL: malformed, or no memory. */
static json_t *read_label(const move *m, const json_t *spec)
{
	const char *text = json_string_value(
		json_object_get(json_object_get(spec, "Labels"), m->label));
	json_t *content = NULL, *list, *one;
	size_t i;

	if (!text || swarm__json_parse(text, strlen(text), &content, NULL))
		return NULL;
	list = json_incref(json_object_get(content, m->ingress ? "ports" : "networks"));
	json_decref(content);
	if (!json_is_array(list)) {
		json_decref(list);
		return NULL;
	}
	json_array_foreach (list, i, one) {
		if (!json_is_object(one)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static bool has(const json_t *list, const json_t *wanted, bool ingress)
{
	json_t *one;
	size_t i;

	json_array_foreach (swarm__json_iterable(list), i, one)
		if (ingress ? json_equal(one, swarm__json_iterable(wanted)) != 0
			    : strcmp(swarm__json_string(one, "Target"),
				     swarm__json_string(wanted, "Target")) == 0)
			return true;
	return false;
}

/* Put one back into its place of a list; 0 or -1 without memory. */
static int put_back(const move *m, json_t *list, const json_t *kept)
{
	json_t *one = json_deep_copy(kept);
	json_int_t index = json_integer_value(json_object_get(kept, "index"));
	size_t size = json_array_size(list);
	int rc = 0;

	if (!one)
		return -1;
	if (m->ingress) {
		index = (json_int_t)size;
	} else {
		json_object_del(one, "index");
		rc = json_object_set_new(one, "Target", json_string(m->id));
	}
	if (index < 0 || (size_t)index > size)
		index = (json_int_t)size;
	if (!rc && !has(list, one, m->ingress))
		rc = json_array_insert(list, (size_t)index, one);
	json_decref(one);
	return rc;
}

static int put_on(const move *m, json_t *spec, const json_t *kept)
{
	const char *name = m->ingress ? "EndpointSpec" : "TaskTemplate";
	json_t *list, *one;
	size_t i;

	if (!json_is_object(around(m, spec)) && json_object_set_new(spec, name, json_object()))
		return -1;
	if (!json_is_array(json_object_get(around(m, spec), list_name(m))) &&
	    json_object_set_new(around(m, spec), list_name(m), json_array()))
		return -1;
	list = json_object_get(around(m, spec), list_name(m));
	json_array_foreach (swarm__json_iterable(kept), i, one)
		if (put_back(m, list, one))
			return -1;
	return json_object_del(json_object_get(spec, "Labels"), m->label);
}

/* --- the updates ---------------------------------------------------------------------------------------- */

static int make_off(void *payload, const json_t *object, json_t **ret_spec, swarm_error *err)
{
	json_t *spec = json_deep_copy(json_object_get(object, "Spec"));

	if (!spec || take_off(payload, spec)) {
		json_decref(spec);
		return swarm__nomem(err);
	}
	*ret_spec = spec;
	return 0;
}

static int make_on(void *payload, const json_t *object, json_t **ret_spec, swarm_error *err)
{
	const move *m = payload;
	const json_t *stored = json_object_get(object, "Spec");
	json_t *spec, *kept;

	if (!json_object_get(json_object_get(stored, "Labels"), m->label)) {
		*ret_spec = json_incref(swarm__json_iterable(stored));
		return 0;
	}
	kept = read_label(m, stored);
	if (!kept)
		return swarm__error(err, SWARM_E_STATE,
				    "label %s is malformed: put the service on network %s by "
				    "hand, and remove the label",
				    m->label, m->n->name);
	spec = json_deep_copy(stored);
	if (!spec || put_on(m, spec, kept)) {
		json_decref(spec);
		json_decref(kept);
		return swarm__nomem(err);
	}
	json_decref(kept);
	*ret_spec = spec;
	return 0;
}

/* One after the other: each is one update, and their tasks follow side by side. */
static int move_all(swarm__network *n, const char *id, const json_t *services,
		    int (*make)(void *, const json_t *, json_t **, swarm_error *), swarm_error *err)
{
	move m = { .n = n, .id = id, .ingress = n->ingress };
	json_t *service;
	size_t i;
	int rc = 0;

	swarm__network_label(n, m.label);
	json_array_foreach (swarm__json_iterable(services), i, service) {
		swarm_error here = SWARM_ERROR_INIT;
		int one = swarm__update_run(
			n->client,
			&(swarm__update){ .inspect = SWARM_OP_SERVICE_INSPECT,
					  .update = SWARM_OP_SERVICE_UPDATE,
					  .id = swarm__json_string(service, "ID"),
					  .make = make,
					  .payload = &m },
			&n->deadline, NULL, &here);

		/* A service that was removed meanwhile is on no network. */
		if (!one || one == SWARM_E_NOT_FOUND)
			continue;
		/* All are tried: those that go on are not held up by one. */
		if (!rc) {
			swarm__error_wrap(&here, one, "service %s",
					  swarm__json_string(service, "Spec.Name"));
			rc = swarm__replace(err, &here);
		}
		if (make == make_off || one == SWARM_E_CANCELED)
			break;
	}
	return rc;
}

int swarm__network_take_off(swarm__network *n, const json_t *services, swarm_error *err)
{
	return move_all(n, swarm__json_string(n->object, "Id"), services, make_off, err);
}

int swarm__network_put_on(swarm__network *n, const char *id, const json_t *services,
			  swarm_error *err)
{
	return move_all(n, id, services, make_on, err);
}
