/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stack no longer declares. Only what a stored revision declared is removed; the rest that has the
 * stack's label is unmanaged. A secret or config stays while one of the last revisions names it, so that the
 * stack can go back, and while a service does, in its spec or in the one before it.
 */
#include "stack/deploy.h"

#include <string.h>

static bool is_content(const swarm__stack_kind *kind)
{
	return kind->kind == SWARM_KIND_SECRET || kind->kind == SWARM_KIND_CONFIG;
}

/* --- who uses a secret or config ------------------------------------------------------------------------ */

static swarm__stack_service *find_service(const swarm__stack *s, const char *name)
{
	for (size_t i = 0; i < s->service_count; i++)
		if (strcmp(s->services[i].name, name) == 0)
			return &s->services[i];
	return NULL;
}

static bool is_in(const json_t *list, const char *id)
{
	json_t *one;
	size_t i;

	json_array_foreach (swarm__json_iterable(list), i, one)
		if (strcmp(swarm__object_id(one), id) == 0)
			return true;
	return false;
}

/* The ids that a service will name once this stack is applied, and now where it was. 0 or -1. */
static int collect(const swarm__stack *s, swarm_kind kind, const json_t *service, bool planned,
		   json_t *used)
{
	const swarm__stack_service *ours = find_service(s, swarm__object_name(service));

	if (planned && is_in(json_object_get(s->gone, "services"), swarm__object_id(service)))
		return 0;
	if (swarm__spec_collect(kind, json_object_get(service, "Spec"), used))
		return -1;
	if (planned && ours && ours->becomes && !ours->held)
		return swarm__spec_collect(kind, ours->becomes, used);
	return swarm__spec_collect(kind, json_object_get(service, "PreviousSpec"), used);
}

/* planned: before the services are changed. ret_used: {"secrets": {id: true}, "configs": ...}, new. */
static int find_used(swarm__stack *s, bool planned, json_t **ret_used, swarm_error *err)
{
	json_t *services, *service, *used;
	int rc = swarm__object_list(s->client, SWARM_KIND_SERVICE, NULL, &s->deadline, &services,
				    err);
	size_t i;

	if (rc)
		return rc;
	used = json_pack("{s:{}, s:{}}", "secrets", "configs");
	rc = used ? 0 : swarm__nomem(err);
	json_array_foreach (services, i, service)
		if (!rc && (collect(s, SWARM_KIND_SECRET, service, planned,
				    json_object_get(used, "secrets")) ||
			    collect(s, SWARM_KIND_CONFIG, service, planned,
				    json_object_get(used, "configs"))))
			rc = swarm__nomem(err);
	json_decref(services);
	if (rc)
		json_decref(used);
	else
		*ret_used = used;
	return rc;
}

/* --- the decision ------------------------------------------------------------------------------------------ */

static bool is_declared(const swarm__stack *s, const swarm__stack_kind *kind, const char *name)
{
	const char *declared;
	json_t *pick;

	if (!is_content(kind))
		return json_object_get(json_object_get(s->wanted, kind->name), name) != NULL;
	json_object_foreach (json_object_get(s->picked, kind->name), declared, pick)
		if (strcmp(swarm__json_string(pick, "name"), name) == 0)
			return true;
	return false;
}

/* Does one of the revisions name it that the stack must be able to go back to? */
static bool is_kept(const swarm__stack *s, const swarm__stack_kind *kind, const char *name)
{
	size_t keep = s->options->keep ? s->options->keep : SWARM__STACK_KEEP;
	json_t *revision;
	size_t i;

	if (!is_content(kind))
		return false;
	json_array_foreach (s->revisions, i, revision)
		if (i + s->stores < keep && swarm__revision_has(revision, kind->name, name))
			return true;
	return false;
}

static int add_unmanaged(swarm__stack *s, const char *kind, const char *name)
{
	json_t *names = json_object_get(s->unmanaged, kind);

	if (names)
		return json_array_append_new(names, json_string(name));
	return json_object_set_new(s->unmanaged, kind, json_pack("[s]", name));
}

/* Sort what is not declared into gone, unmanaged, and what stays. */
static int sort_kind(swarm__stack *s, const swarm__stack_kind *kind, swarm_error *err)
{
	json_t *object;
	int bad = 0;
	size_t i;

	json_array_foreach (json_object_get(s->found, kind->name), i, object) {
		const char *name = swarm__stack_title(object, kind);

		if ((kind->kind == SWARM_KIND_CONFIG && swarm__is_revision(object)) ||
		    is_declared(s, kind, name))
			continue;
		if (!swarm__stack_owns(s, kind->name, name))
			bad = bad || add_unmanaged(s, kind->name, name);
		else if (!swarm__stack_is_on(s, SWARM_STACK_NO_PRUNE) && !is_kept(s, kind, name))
			bad = bad ||
			      json_array_append(json_object_get(s->gone, kind->name), object);
	}
	return bad ? swarm__nomem(err) : 0;
}

/* Of secrets and configs, those that a service still names stay. */
static int spare_used(swarm__stack *s, swarm_error *err)
{
	static const char *const kinds[] = { "secrets", "configs" };
	json_t *used;
	int rc;

	if (!json_array_size(json_object_get(s->gone, "secrets")) &&
	    !json_array_size(json_object_get(s->gone, "configs")))
		return 0;
	rc = find_used(s, true, &used, err);
	for (int i = 0; !rc && i < 2; i++) {
		json_t *gone = json_object_get(s->gone, kinds[i]);

		for (size_t j = json_array_size(gone); j > 0; j--)
			if (json_object_get(json_object_get(used, kinds[i]),
					    swarm__object_id(json_array_get(gone, j - 1))))
				json_array_remove(gone, j - 1);
	}
	if (!rc)
		json_decref(used);
	return rc;
}

int swarm__stack_plan_prune(swarm__stack *s, swarm_error *err)
{
	json_t *object;
	size_t j;
	int rc = 0;

	for (int i = 0; !rc && i < SWARM__STACK_KINDS; i++)
		rc = sort_kind(s, &swarm__stack_kinds[i], err);
	if (!rc)
		rc = spare_used(s, err);
	for (int i = 0; !rc && i < SWARM__STACK_KINDS; i++) {
		const swarm__stack_kind *kind = &swarm__stack_kinds[i];

		json_array_foreach (json_object_get(s->gone, kind->name), j, object)
			if (!rc)
				rc = swarm__stack_change(s, kind->name,
							 swarm__stack_title(object, kind), "remove",
							 json_object(), false, err);
	}
	return rc;
}

/* --- removal ----------------------------------------------------------------------------------------------------- */

/* What is used after all stays, and is not a failure. */
static int stays(swarm__stack *s, const swarm__stack_kind *kind, const char *name, const char *why,
		 swarm_error *err)
{
	json_t *of_kind = json_object_get(s->changes, kind->name);

	json_object_del(of_kind, name);
	if (!json_object_size(of_kind))
		json_object_del(s->changes, kind->name);
	return swarm__stack_warn(s, err, "%s %s stays: %s", kind->word, name, why);
}

static int remove_one(swarm__stack *s, const swarm__stack_kind *kind, const json_t *object,
		      const json_t *used, swarm_error *err)
{
	const char *name = swarm__stack_title(object, kind);
	swarm_network_options network = SWARM_NETWORK_OPTIONS_INIT;
	swarm_error here = SWARM_ERROR_INIT;
	int rc;

	swarm__stack_step(s);
	if (json_object_get(json_object_get(used, kind->name), swarm__stack_id(object, kind)))
		return stays(s, kind, name, "a service names it", err);
	network.timeout_ms = swarm__deadline_left(&s->deadline);
	if (kind->kind == SWARM_KIND_NETWORK)
		rc = swarm_network_remove(s->client, name, &network, NULL, &here);
	else
		rc = swarm_object_remove(s->client, kind->kind, swarm__stack_id(object, kind),
					 swarm__deadline_left(&s->deadline), &here);
	if (swarm__stack_is_final(rc))
		return swarm__replace(err, &here);
	return rc && rc != SWARM_E_NOT_FOUND ? stays(s, kind, name, here.text, err) : 0;
}

int swarm__stack_prune(swarm__stack *s, swarm_error *err)
{
	static const char *const order[] = { "services", "configs", "secrets", "networks" };
	json_t *used = NULL, *object;
	size_t j;
	int rc = 0;

	for (int i = 0; !rc && i < SWARM__STACK_KINDS; i++) {
		const swarm__stack_kind *kind = swarm__stack_kind_named(order[i]);
		const json_t *gone = json_object_get(s->gone, kind->name);

		/* Others may have come to name one since the plan. */
		if (is_content(kind) && json_array_size(gone) && !used)
			rc = find_used(s, false, &used, err);
		json_array_foreach (swarm__json_iterable(gone), j, object)
			if (!rc)
				rc = remove_one(s, kind, object, used, err);
	}
	json_decref(used);
	return rc;
}
