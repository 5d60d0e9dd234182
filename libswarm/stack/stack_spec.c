/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A declared spec becomes the one that is sent: with the names and ids of this engine's objects, and in the
 * form that docker's CLI sends, as far as that restarts no task. Asks nothing of an engine.
 */
#include "stack/deploy.h"

#include <string.h>

#define CONTAINER "TaskTemplate.ContainerSpec"

/* --- names and ids ------------------------------------------------------------------------------------ */

/* The name in the engine of what a document declares; that itself where it is external. */
static const char *name_in_engine(const swarm__stack *s, const char *kind, const char *declared)
{
	const json_t *pick = json_object_get(json_object_get(s->picked, kind), declared);

	return pick ? swarm__json_string(pick, "name") : declared;
}

/* References to secrets or configs. 0, or -1 without memory. */
static int rename_all(const swarm__stack *s, json_t *list, const char *kind, const char *member)
{
	json_t *reference;
	size_t i;

	json_array_foreach (list, i, reference) {
		const char *declared = swarm__json_string(reference, member);

		if (json_object_set_new(reference, member,
					json_string(name_in_engine(s, kind, declared))))
			return -1;
	}
	return 0;
}

static const char *id_of(const swarm__stack *s, const char *kind, const char *name)
{
	const json_t *id = json_object_get(json_object_get(s->ids, kind), name);

	return json_is_object(id) ? swarm__json_string(id, "id") : json_string_value(id);
}

/* The config of a credential spec goes by its id alone. */
static int point_credentials(const swarm__stack *s, const json_t *container)
{
	json_t *credential = swarm__json_iterable(
		swarm__json_at(container, "Privileges.CredentialSpec"));
	const char *declared = swarm__json_string(credential, "Config");
	const char *id;

	if (!*declared)
		return 0;
	id = id_of(s, "configs", name_in_engine(s, "configs", declared));
	return id ? json_object_set_new(credential, "Config", json_string(id)) : 0;
}

json_t *swarm__stack_name_references(const swarm__stack *s, const json_t *spec)
{
	json_t *named = json_deep_copy(spec);
	json_t *container = json_object_get(json_object_get(named, "TaskTemplate"),
					    "ContainerSpec");

	if (named &&
	    !rename_all(s, json_object_get(container, "Secrets"), "secrets", "SecretName") &&
	    !rename_all(s, json_object_get(container, "Configs"), "configs", "ConfigName") &&
	    !point_credentials(s, container))
		return named;
	json_decref(named);
	return NULL;
}

static int add_ids(const swarm__stack *s, json_t *list, const char *kind, const char *name_member,
		   const char *id_member)
{
	json_t *reference;
	size_t i;

	json_array_foreach (list, i, reference) {
		const char *name = swarm__json_string(reference, name_member);
		const json_t *known = json_object_get(json_object_get(s->ids, kind), name);
		const char *id = id_of(s, kind, name);

		if (id && json_object_set_new(reference, id_member, json_string(id)))
			return -1;
		if (json_is_object(known) &&
		    json_object_set(reference, name_member, json_object_get(known, "name")))
			return -1;
	}
	return 0;
}

json_t *swarm__stack_add_ids(const swarm__stack *s, const json_t *named)
{
	json_t *spec = json_deep_copy(named);
	json_t *task = json_object_get(spec, "TaskTemplate");
	json_t *container = json_object_get(task, "ContainerSpec");

	if (spec &&
	    !add_ids(s, json_object_get(container, "Secrets"), "secrets", "SecretName",
		     "SecretID") &&
	    !add_ids(s, json_object_get(container, "Configs"), "configs", "ConfigName",
		     "ConfigID") &&
	    !add_ids(s, json_object_get(task, "Networks"), "networks", "Target", "Target"))
		return spec;
	json_decref(spec);
	return NULL;
}

/* --- the form that is sent ------------------------------------------------------------------------------- */

/* Copy a member, or its absence. 0, or -1 without memory. */
static int take(json_t *to, const json_t *from, const char *name)
{
	json_t *value = json_object_get(from, name);

	if (value)
		return json_object_set_new(to, name, json_deep_copy(value));
	json_object_del(to, name);
	return 0;
}

/* The declared tasks with what is carried over: the digest, where it runs, and the count of restarts. */
static int carry_over(json_t *spec, const json_t *merged)
{
	const json_t *platforms = swarm__json_at(merged, "TaskTemplate.Placement.Platforms");
	json_t *task = json_object_get(spec, "TaskTemplate");

	if (take(json_object_get(task, "ContainerSpec"), swarm__json_at(merged, CONTAINER),
		 "Image"))
		return -1;
	if (swarm__json_at(merged, "TaskTemplate.ForceUpdate") &&
	    take(task, json_object_get(merged, "TaskTemplate"), "ForceUpdate"))
		return -1;
	if (!platforms)
		return 0;
	if (!json_is_object(json_object_get(task, "Placement")) &&
	    json_object_set_new(task, "Placement", json_object()))
		return -1;
	return json_object_set_new(json_object_get(task, "Placement"), "Platforms",
				   json_deep_copy(platforms));
}

json_t *swarm__stack_sent_form(const json_t *declared, const json_t *merged, const json_t *before,
			       bool restarts)
{
	json_t *spec = json_deep_copy(declared);
	int bad = !spec;

	if (!bad && (!before || restarts))
		bad = carry_over(spec, merged);
	else if (!bad)
		bad = take(spec, merged, "TaskTemplate") || take(spec, merged, "EndpointSpec");
	if (!bad && before)
		bad = take(spec, merged, "Mode") || take(spec, merged, "Labels");
	if (!bad)
		return spec;
	json_decref(spec);
	return NULL;
}
