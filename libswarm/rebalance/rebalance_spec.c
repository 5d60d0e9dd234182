/* SPDX-License-Identifier: Apache-2.0 */
/* The specs of a service whose tasks are evened out: more replicas and a label for a while. */
#include "rebalance/internal.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { MARK = 48 };

json_int_t swarm__rebalance_replicas(const json_t *spec)
{
	return swarm__json_integer(spec, "Mode.Replicated.Replicas");
}

bool swarm__rebalance_marked(const json_t *spec, json_int_t *ret_from, json_int_t *ret_to)
{
	const json_t *labels = json_object_get(spec, "Labels");
	const char *text = json_string_value(json_object_get(labels, SWARM__LABEL_REBALANCE));
	char again[MARK];
	int from, to;

	/* Another hand's text: only what is written by grown(). */
	if (!text || sscanf(text, "%9d %9d", &from, &to) != 2 || from < 0 || to <= from)
		return false;
	snprintf(again, sizeof(again), "%d %d", from, to);
	*ret_from = from;
	*ret_to = to;
	return strcmp(again, text) == 0;
}

static bool is_marked(const json_t *spec)
{
	json_int_t from, to;

	return swarm__rebalance_marked(spec, &from, &to);
}

/* --- specs ------------------------------------------------------------------------------------------ */

static int set_replicas(json_t *spec, json_int_t count)
{
	json_t *mode = swarm__json_iterable(swarm__json_at(spec, "Mode.Replicated"));

	return json_object_set_new(mode, "Replicas", json_integer(count));
}

/* New; NULL without memory. */
static json_t *grown(const json_t *spec, json_int_t to)
{
	json_t *copy = json_deep_copy(spec);
	json_t *labels = json_object_get(copy, "Labels");
	int rc = copy ? 0 : -1;

	if (!rc && !json_is_object(labels)) {
		labels = json_object();
		rc = json_object_set_new(copy, "Labels", labels);
	}
	if (!rc)
		rc = json_object_set_new(labels, SWARM__LABEL_REBALANCE,
					 json_sprintf("%lld %lld",
						      (long long)swarm__rebalance_replicas(spec),
						      (long long)to));
	if (!rc && !set_replicas(copy, to))
		return copy;
	json_decref(copy);
	return NULL;
}

/*
 * The very spec from before where nobody changed the service since: whether it had an empty object of
 * labels shows only in that. New; NULL without memory.
 */
static json_t *shrunk(const json_t *object, json_int_t from, json_int_t to)
{
	const json_t *spec = json_object_get(object, "Spec");
	const json_t *before = json_object_get(object, "PreviousSpec");
	json_t *copy = json_deep_copy(spec);
	json_t *again;
	bool same;

	if (!copy)
		return NULL;
	json_object_del(json_object_get(copy, "Labels"), SWARM__LABEL_REBALANCE);
	if (swarm__rebalance_replicas(spec) == to && set_replicas(copy, from)) {
		json_decref(copy);
		return NULL;
	}
	if (!json_is_object(before) || is_marked(before))
		return copy;
	again = grown(before, to);
	same = json_equal(again, spec);
	if (again && same) {
		json_decref(copy);
		copy = json_deep_copy(before);
	}
	if (!again) {
		json_decref(copy);
		copy = NULL;
	}
	json_decref(again);
	return copy;
}

/* --- sending ---------------------------------------------------------------------------------------- */

/* What make callbacks get. */
typedef struct change {
	json_int_t version;
	json_int_t more;
	bool needless; /* nothing is to be sent: no failure of make_same() */
} change;

static int give(json_t *spec, json_t **ret_spec, swarm_error *err)
{
	*ret_spec = spec;
	return spec ? 0 : swarm__nomem(err);
}

/* A second update of one that is stuck can lose tasks that run, and one that is paused would go on. */
static int check_settled(const json_t *object, swarm_error *err)
{
	const char *why = swarm__unsettled(object);

	return why ? swarm__error(err, SWARM_E_STATE, "%s: run it again when that has ended", why)
		   : 0;
}

static int make_grown(void *payload, const json_t *object, json_t **ret_spec, swarm_error *err)
{
	const change *c = payload;
	json_t *spec = json_object_get(object, "Spec");

	if (is_marked(spec))
		return give(json_incref(spec), ret_spec, err);
	if (swarm__json_integer(object, "Version.Index") != c->version)
		return swarm__error(err, SWARM_E_STATE,
				    "somebody else changed it meanwhile: run it again");
	return give(grown(spec, swarm__rebalance_replicas(spec) + c->more), ret_spec, err);
}

static int make_shrunk(void *payload, const json_t *object, json_t **ret_spec, swarm_error *err)
{
	json_t *spec = json_object_get(object, "Spec");
	json_int_t from, to;
	int rc;

	(void)payload;
	if (!swarm__rebalance_marked(spec, &from, &to))
		return give(json_incref(spec), ret_spec, err);
	rc = check_settled(object, err);
	return rc ? rc : give(shrunk(object, from, to), ret_spec, err);
}

/* The spec as it is, once more: it becomes the one to roll back to. */
static int make_same(void *payload, const json_t *object, json_t **ret_spec, swarm_error *err)
{
	change *c = payload;
	json_t *spec = json_object_get(object, "Spec");
	int rc;

	c->needless = !is_marked(json_object_get(object, "PreviousSpec")) || is_marked(spec);
	if (c->needless)
		return swarm__error(err, SWARM_E_STATE, "somebody else changed it meanwhile");
	rc = check_settled(object, err);
	return rc ? rc : give(json_incref(spec), ret_spec, err);
}

static int send(swarm_client *client, const char *service_id, bool always, change *c,
		int (*make)(void *, const json_t *, json_t **, swarm_error *),
		const swarm__deadline *deadline, swarm_error *err)
{
	return swarm__update_run(client,
				 &(swarm__update){ .inspect = SWARM_OP_SERVICE_INSPECT,
						   .update = SWARM_OP_SERVICE_UPDATE,
						   .id = service_id,
						   .always = always,
						   .make = make,
						   .payload = c },
				 deadline, NULL, err);
}

int swarm__rebalance_grow(swarm_client *client, const char *service_id, json_int_t version,
			  json_int_t more, const swarm__deadline *deadline, swarm_error *err)
{
	change c = { .version = version, .more = more };

	return send(client, service_id, false, &c, make_grown, deadline, err);
}

int swarm__rebalance_shrink(swarm_client *client, const char *service_id,
			    const swarm__deadline *deadline, swarm_error *err)
{
	change c = { .version = 0 };

	return send(client, service_id, false, &c, make_shrunk, deadline, err);
}

int swarm__rebalance_settle(swarm_client *client, const char *service_id,
			    const swarm__deadline *deadline, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	change c = { .version = 0 };
	int rc = send(client, service_id, true, &c, make_same, deadline, &here);

	if (!rc || c.needless || rc == SWARM_E_NOT_FOUND)
		return 0;
	return swarm__replace(err, &here);
}
