/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which secrets and configs a service's spec names, and another one instead of one. Asks nothing
 * of an engine.
 */
#include "stack/internal.h"

#include <string.h>

#define CONTAINER "TaskTemplate.ContainerSpec"

typedef struct reference {
	const char *list; /* in the container's spec */
	const char *id;
	const char *name;
} reference;

static const reference *reference_of(swarm_kind kind)
{
	static const reference secret = { CONTAINER ".Secrets", "SecretID", "SecretName" };
	static const reference config = { CONTAINER ".Configs", "ConfigID", "ConfigName" };

	return kind == SWARM_KIND_SECRET ? &secret : &config;
}

/* The config with the credential spec of a Windows container, by its id. */
static json_t *credential(swarm_kind kind, const json_t *spec)
{
	const json_t *found = kind == SWARM_KIND_CONFIG
				      ? swarm__json_at(spec, CONTAINER ".Privileges.CredentialSpec")
				      : NULL;

	return swarm__json_iterable(found);
}

json_t *swarm__ids_of(const json_t *objects, const json_t *skip)
{
	json_t *ids = json_object(), *object;
	size_t i;

	json_array_foreach (objects, i, object)
		if (ids && object != skip &&
		    json_object_set_new(ids, swarm__object_id(object),
					json_string(swarm__object_name(object)))) {
			json_decref(ids);
			ids = NULL;
		}
	return ids;
}

const char *swarm__spec_names(swarm_kind kind, const json_t *spec, const json_t *ids)
{
	const reference *is = reference_of(kind);
	const json_t *list = swarm__json_at(spec, is->list);
	const char *id = json_string_value(json_object_get(credential(kind, spec), "Config"));
	json_t *one;
	size_t i;

	if (id && json_object_get(ids, id))
		return id;
	json_array_foreach (list, i, one) {
		id = json_string_value(json_object_get(one, is->id));
		if (id && json_object_get(ids, id))
			return id;
	}
	return NULL;
}

int swarm__spec_collect(swarm_kind kind, const json_t *spec, json_t *ids)
{
	const reference *is = reference_of(kind);
	const json_t *list = swarm__json_at(spec, is->list);
	const char *id = json_string_value(json_object_get(credential(kind, spec), "Config"));
	json_t *one;
	size_t i;

	if (id && json_object_set_new(ids, id, json_true()))
		return -1;
	json_array_foreach (list, i, one) {
		id = json_string_value(json_object_get(one, is->id));
		if (id && json_object_set_new(ids, id, json_true()))
			return -1;
	}
	return 0;
}

int swarm__spec_repoint(swarm_kind kind, json_t *spec, const json_t *ids, const char *id,
			const char *name)
{
	const reference *is = reference_of(kind);
	const json_t *list = swarm__json_at(spec, is->list);
	json_t *of_container = credential(kind, spec), *one;
	const char *old = json_string_value(json_object_get(of_container, "Config"));
	size_t i;

	if (old && json_object_get(ids, old) &&
	    json_object_set_new(of_container, "Config", json_string(id)))
		return -1;
	json_array_foreach (list, i, one) {
		old = json_string_value(json_object_get(one, is->id));
		if (!old || !json_object_get(ids, old))
			continue;
		if (json_object_set_new(one, is->id, json_string(id)) ||
		    json_object_set_new(one, is->name, json_string(name)))
			return -1;
	}
	return 0;
}

bool swarm__is_job(const json_t *spec)
{
	const json_t *mode = json_object_get(spec, "Mode");

	return json_object_get(mode, "ReplicatedJob") || json_object_get(mode, "GlobalJob");
}
