/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of each service of a stack. It is compared in compose's words, so that a difference in form is
 * none; what is sent has the form that docker's CLI sends, as far as that restarts no task.
 */
#include "stack/deploy.h"

#include <stdio.h>
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
	service->spec = swarm__stack_name_references(s, declared);
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

/* Why the registry of an image could not be asked a moment ago, for another service; NULL. */
static const char *find_silent(const swarm__stack *s, const char *image)
{
	const char *other;
	json_t *why;

	json_object_foreach (s->silent, other, why)
		if (swarm__image_shares_registry(other, image))
			return json_string_value(why);
	return NULL;
}

/* Would the registry be asked for the image, or its digest, of what is there (NULL: nothing)? */
static bool is_due(const swarm__stack *s, const json_t *before, const char *image)
{
	const json_t *label = json_object_get(json_object_get(before, "Labels"),
					      "com.docker.stack.image");

	if (s->options->resolve == SWARM_RESOLVE_NEVER || strchr(image, '@'))
		return false;
	if (!before)
		return true;
	return json_is_string(label) && strcmp(json_string_value(label), image) == 0 &&
	       (s->options->resolve == SWARM_RESOLVE_ALWAYS ||
		!strchr(swarm__json_string(before, CONTAINER ".Image"), '@'));
}

/* A registry that does not answer is asked once, and not for each service. */
static int ask(swarm__stack *s, const swarm__stack_service *service, swarm__apply *a,
	       const json_t *before, swarm_error *err)
{
	const char *image = swarm__json_string(service->words, "image");
	const char *why = is_due(s, before, image) ? find_silent(s, image) : NULL;
	int rc;

	if (why)
		return swarm__stack_warn(s, err, "service %s: %s", service->name, why);
	rc = swarm__apply_look_up(a, before, err);
	if (rc || !a->unsure)
		return rc;
	if (json_object_set_new(s->silent, image, json_string(a->unsure)))
		return swarm__nomem(err);
	return swarm__stack_warn(s, err, "service %s: %s", service->name, a->unsure);
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
		rc = ask(s, service, a, before, err);
	if (!rc)
		rc = swarm__apply_try_credentials(a, before, err);
	if (rc)
		return rc;
	json_decref(service->pinned);
	service->pinned = json_incref(a->found);
	return 0;
}

/* Does a revision declare the service as it is wanted now, with the same secrets and configs? */
static bool is_of_revision(const swarm__stack *s, const swarm__stack_service *service,
			   const json_t *revision)
{
	const json_t *stored = swarm__revision_service(revision, service->name);
	const json_t *wanted = json_object_get(json_object_get(s->wanted, "services"),
					       service->name);
	const json_t *names = swarm__json_at(revision, "document.contents");
	const char *kind, *name;
	json_t *picks, *pick;
	bool same = stored &&
		    json_equal(swarm__json_iterable(stored), swarm__json_iterable(wanted));

	json_object_foreach (s->picked, kind, picks)
		json_object_foreach (picks, name, pick)
			same = same &&
			       json_equal(json_object_get(json_object_get(names, kind), name),
					  json_object_get(pick, "name"));
	return same;
}

/*
 * Did our own rollout of this very spec fail the last time? Somebody may have gone back to an older revision
 * since then.
 */
static int find_failed(const swarm__stack *s, swarm__stack_service *service, swarm_error *err)
{
	json_t *revision, *failed, *reason;
	size_t i;

	json_array_foreach (s->revisions, i, revision) {
		if (!is_of_revision(s, service, revision))
			continue;
		failed = swarm__revision_failed(revision);
		reason = json_object_get(failed, service->name);
		if (failed && json_is_string(reason)) {
			json_decref(service->held);
			service->held = json_incref(reason);
		}
		json_decref(failed);
		return failed ? 0 : swarm__nomem(err);
	}
	return 0;
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
	declared = swarm__stack_add_ids(s, service->spec);
	service->becomes = declared
				   ? swarm__stack_sent_form(declared, merged,
							    a->replaces ? NULL : before,
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

/* What is wrong with a service; some errors name it themselves. */
static int slip(swarm__stack *s, int rc, const char *name, const char *text, swarm_error *err)
{
	char what[SWARM_ERROR_TEXT];

	snprintf(what, sizeof(what), "service %s", name);
	return swarm__error_names(text, what) ? swarm__stack_slip(s, rc, err, "%s", text)
					      : swarm__stack_slip(s, rc, err, "%s: %s", what, text);
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
		return slip(s, rc, service->name, here.text, err);
	return note(s, service, err);
}

/* Would a service publish a port that it does not publish now? */
static bool adds_ports(const swarm__stack_service *service)
{
	return service->becomes && !service->held &&
	       swarm__service_adds_ports(json_object_get(service->object, "Spec"),
					 service->becomes);
}

/* Services that are not declared here. */
static int list_strangers(swarm__stack *s, json_t **ret_services, swarm_error *err)
{
	const json_t *wanted = json_object_get(s->wanted, "services");
	int rc = swarm__object_list(s->client, SWARM_KIND_SERVICE, NULL, &s->deadline, ret_services,
				    err);
	size_t i = rc ? 0 : json_array_size(*ret_services);

	while (i-- > 0)
		if (json_object_get(wanted, swarm__json_string(json_array_get(*ret_services, i),
							       "Spec.Name")))
			json_array_remove(*ret_services, i);
	return rc;
}

/* Ports that another service of the swarm has; those of one stack were compared with its documents. */
static int check_ports(swarm__stack *s, swarm_error *err)
{
	json_t *services = NULL;
	int rc = 0;

	for (size_t i = 0; !rc && i < s->service_count; i++) {
		const swarm__stack_service *service = &s->services[i];
		swarm_error here = SWARM_ERROR_INIT;

		if (!adds_ports(service))
			continue;
		rc = services ? 0 : list_strangers(s, &services, err);
		if (!rc &&
		    swarm__service_check_ports(service->name, service->becomes, services, &here))
			rc = swarm__stack_slip(s, SWARM_E_CONFLICT, err, "%s", here.text);
	}
	json_decref(services);
	return rc;
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
	return rc ? rc : check_ports(s, err);
}
