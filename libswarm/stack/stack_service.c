/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of each service of a stack. It is compared in compose's words, so that a difference in form is
 * none; what is sent has the form that docker's CLI sends, as far as that restarts no task.
 */
#include "stack/deploy.h"

#include <string.h>

#define CONTAINER "TaskTemplate.ContainerSpec"

void swarm__stack_service_clear(swarm__stack_service *service)
{
	json_decref(service->spec);
	json_decref(service->words);
	json_decref(service->object);
	json_decref(service->pinned);
	json_decref(service->changes);
	json_decref(service->held);
	json_decref(service->becomes);
	json_decref(service->sent_id);
}

const json_t *swarm__stack_auth(const swarm__stack *s, const char *image)
{
	const char *host;
	json_t *auth;

	json_object_foreach (swarm__json_iterable(s->options->registry_auth), host, auth)
		if (swarm__image_is_of(image, host))
			return auth;
	return NULL;
}

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

/* A declared spec with the names of this engine's objects. New; NULL without memory. */
static json_t *name_references(const swarm__stack *s, const json_t *spec)
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

/* A named spec with ids. New; NULL without memory. */
static json_t *add_all_ids(const swarm__stack *s, const json_t *named)
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

/* New; NULL without memory. before: NULL for a new service. */
static json_t *form(const json_t *declared, const json_t *merged, const json_t *before,
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

/* --- one service --------------------------------------------------------------------------------------------- */

/* A number that the document does not give is left to whoever scales the service. */
static void leave_replicas(const json_t *declared, json_t *words)
{
	const json_t *mode = json_object_get(declared, "Mode");

	if (!swarm__json_at(mode, "Replicated.Replicas") &&
	    !swarm__json_at(mode, "ReplicatedJob.TotalCompletions"))
		json_object_del(json_object_get(words, "deploy"), "replicas");
}

static int make_words(const swarm__stack *s, swarm__stack_service *service, swarm_error *err)
{
	const json_t *declared = json_object_get(json_object_get(s->wanted, "services"),
						 service->name);
	swarm_spec_options options = SWARM_SPEC_OPTIONS_INIT;
	int rc;

	json_decref(service->spec);
	json_decref(service->words);
	service->words = NULL;
	service->spec = name_references(s, declared);
	if (!service->spec)
		return swarm__nomem(err);
	options.name = service->name;
	options.flags = SWARM_SPEC_SHOW_ENV;
	rc = swarm_spec_words(service->spec, &options, &service->words, err);
	if (rc)
		return rc;
	leave_replicas(declared, service->words);
	/* As it is written, which is what docker's label has. */
	return json_object_set(service->words, "image",
			       json_object_get(swarm__json_iterable(
						       swarm__json_at(service->spec, CONTAINER)),
					       "Image"))
		       ? swarm__nomem(err)
		       : 0;
}

static int look_up(swarm__stack *s, swarm__stack_service *service, swarm__apply *a,
		   const json_t *before, swarm_error *err)
{
	int rc = 0;

	a->found = json_incref(service->pinned);
	/* Only once: what is sent is what was planned. */
	if (service->action)
		return 0;
	if (!service->pinned && !s->frozen)
		rc = swarm__apply_look_up(a, before, err);
	if (!rc)
		rc = swarm__apply_try_credentials(a, before, err);
	if (rc)
		return rc;
	json_decref(service->pinned);
	service->pinned = json_incref(a->found);
	return a->unsure ? swarm__stack_warn(s, err, "service %s: %s", service->name, a->unsure)
			 : 0;
}

/* Did our own rollout of this very spec fail before? */
static int find_failed(const swarm__stack *s, swarm__stack_service *service, swarm_error *err)
{
	const json_t *newest = json_array_get(s->revisions, 0);
	const json_t *stored = swarm__revision_service(newest, service->name);
	const json_t *wanted = json_object_get(json_object_get(s->wanted, "services"),
					       service->name);
	json_t *failed, *reason, *names;
	const char *kind, *name;
	json_t *picks, *pick;
	bool same = stored &&
		    json_equal(swarm__json_iterable(stored), swarm__json_iterable(wanted));

	names = swarm__json_iterable(swarm__json_at(newest, "document.contents"));
	json_object_foreach (s->picked, kind, picks)
		json_object_foreach (picks, name, pick)
			same = same &&
			       json_equal(json_object_get(json_object_get(names, kind), name),
					  json_object_get(pick, "name"));
	if (!same)
		return 0;
	failed = swarm__revision_failed(newest);
	reason = json_object_get(failed, service->name);
	if (failed && json_is_string(reason)) {
		json_decref(service->held);
		service->held = json_incref(reason);
	}
	json_decref(failed);
	return failed ? 0 : swarm__nomem(err);
}

static int find_rolled_back(swarm__stack *s, swarm__stack_service *service, const json_t *object,
			    swarm_error *err)
{
	json_t *reason = NULL;
	int rc = 0;

	json_decref(service->held);
	service->held = NULL;
	if (swarm__stack_is_on(s, SWARM_STACK_RETRY))
		return 0;
	if (object)
		rc = swarm__rolled_back(s->client, object, service->becomes, &s->deadline, &reason,
					err);
	if (!rc && reason)
		service->held = json_sprintf("swarm rolled this spec back: %s",
					     json_string_value(reason));
	if (!rc && reason && !service->held)
		rc = swarm__nomem(err);
	json_decref(reason);
	return rc || service->held ? rc : find_failed(s, service, err);
}

static int decide(swarm__stack *s, swarm__stack_service *service, const swarm__apply *a,
		  const json_t *object, const json_t *merged, swarm_error *err)
{
	const json_t *before = json_object_get(object, "Spec");
	json_t *changes = json_object_get(a->result, "changes");
	json_t *declared;
	int rc;

	json_decref(service->changes);
	service->changes = json_incref(changes);
	service->restarts = swarm__apply_restarts(a);
	json_decref(service->becomes);
	service->becomes = NULL;
	service->action = "none";
	if (object && (a->held || !json_object_size(changes)))
		return a->held ? swarm__stack_warn(s, err,
						   "service %s: only labels differ, and any update "
						   "would run the job again: it is left as it is",
						   service->name)
			       : 0;
	declared = add_all_ids(s, service->spec);
	service->becomes = declared ? form(declared, merged, a->replaces ? NULL : before,
					   strcmp(service->restarts, "tasks") == 0)
				    : NULL;
	json_decref(declared);
	if (!service->becomes)
		return swarm__nomem(err);
	service->action = !object ? "create" : a->replaces ? "replace" : "update";
	rc = find_rolled_back(s, service, object, err);
	if (service->held)
		service->action = "held";
	return rc;
}

int swarm__stack_merge(swarm__stack *s, swarm__stack_service *service, const json_t *object,
		       json_t **ret_spec, swarm_error *err)
{
	swarm_apply_options o = SWARM_APPLY_OPTIONS_INIT;
	const json_t *before = json_object_get(object, "Spec");
	swarm__apply a = { .client = s->client,
			   .name = service->name,
			   .options = &o,
			   .deadline = s->deadline,
			   .ids = s->ids };
	json_t *merged = NULL;
	int rc = make_words(s, service, err);

	if (rc)
		return rc;
	o.flags = SWARM_SPEC_STRICT;
	o.flags |= swarm__stack_is_on(s, SWARM_STACK_SHOW_ENV) ? SWARM_SPEC_SHOW_ENV : 0;
	o.flags |= swarm__stack_is_on(s, SWARM_STACK_REPLACE) ? SWARM_APPLY_REPLACE : 0;
	o.resolve = s->options->resolve;
	o.stack = s->name;
	o.registry_auth = swarm__stack_auth(s, swarm__json_string(service->words, "image"));
	a.service = service->words;
	rc = look_up(s, service, &a, before, err);
	if (!rc)
		rc = swarm__apply_merge(&a, before, &merged, err);
	if (!rc)
		rc = decide(s, service, &a, object, merged, err);
	if (!rc && ret_spec)
		*ret_spec = json_incref(service->becomes && !service->held
						? service->becomes
						: swarm__json_iterable(before));
	json_decref(merged);
	json_decref(a.found);
	json_decref(a.result);
	free(a.unsure);
	return rc;
}

/* --- all of them --------------------------------------------------------------------------------------------------- */

/* The longest way to a service that depends on nothing. */
static void set_levels(swarm__stack *s)
{
	const json_t *depends = json_object_get(s->wanted, "depends_on");
	bool changed = true;

	/* The check of the documents found no circle; more rounds than services would be one. */
	for (size_t round = 0; changed && round < s->service_count; round++) {
		changed = false;
		for (size_t i = 0; i < s->service_count; i++) {
			const json_t *on = json_object_get(depends, s->services[i].name);

			for (size_t j = 0; j < s->service_count; j++)
				if (json_object_get(on, s->services[j].name) &&
				    s->services[i].level <= s->services[j].level) {
					s->services[i].level = s->services[j].level + 1;
					changed = true;
				}
		}
	}
}

static int note(swarm__stack *s, swarm__stack_service *service, swarm_error *err)
{
	bool restarts = strcmp(service->restarts, "no") != 0 &&
			strcmp(service->action, "create") != 0;

	if (service->held) {
		json_t *held = json_pack("{s:s, s:O}", "service", service->name, "reason",
					 service->held);

		return json_array_append_new(s->held, held) ? swarm__nomem(err) : 0;
	}
	if (strcmp(service->action, "none") != 0)
		return swarm__stack_change(s, "services", service->name, service->action,
					   service->object ? json_incref(service->changes)
							   : json_object(),
					   restarts, err);
	if (swarm__stack_owns(s, "services", service->name))
		return swarm__stack_count(s, "services", err);
	service->action = "adopt";
	return swarm__stack_change(s, "services", service->name, "adopt", json_object(), false,
				   err);
}

static int plan_one(swarm__stack *s, swarm__stack_service *service, swarm_error *err)
{
	const swarm__stack_kind *kind = swarm__stack_kind_named("services");
	const json_t *other = swarm__stack_find(json_object_get(s->others, "services"), kind,
						service->name);
	const char *stack = swarm__stack_label(other, kind, SWARM__STACK_LABEL);
	const json_t *image = json_object_get(swarm__json_at(s->frozen, "images"), service->name);
	swarm_error here = SWARM_ERROR_INIT;
	int rc;

	if (other)
		return swarm__stack_slip(s, SWARM_E_CONFLICT, err,
					 "service %s exists already, and belongs to %s%s: choose "
					 "another name, or remove it",
					 service->name, *stack ? "stack " : "no stack", stack);
	service->object = json_incref(
		swarm__stack_find(json_object_get(s->found, "services"), kind, service->name));
	service->pinned = json_incref(swarm__json_iterable(image));
	rc = swarm__stack_merge(s, service, service->object, NULL, &here);
	if (swarm__stack_is_final(rc) || rc == SWARM_E_JSON || rc == SWARM_E_CONNECT)
		return swarm__replace(err, &here);
	if (rc)
		return swarm__stack_slip(s, rc, err, "service %s: %s", service->name, here.text);
	return note(s, service, err);
}

int swarm__stack_plan_services(swarm__stack *s, swarm_error *err)
{
	const json_t *wanted = json_object_get(s->wanted, "services");
	const char *name;
	json_t *spec;
	int rc = 0;

	s->services = calloc(json_object_size(wanted) + 1, sizeof(*s->services));
	if (!s->services)
		return swarm__nomem(err);
	json_object_foreach (swarm__json_iterable(wanted), name, spec)
		s->services[s->service_count++].name = name;
	set_levels(s);
	for (size_t i = 0; !rc && i < s->service_count; i++) {
		swarm__stack_step(s);
		rc = plan_one(s, &s->services[i], err);
	}
	return rc;
}
