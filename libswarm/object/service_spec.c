/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A merged spec of a service becomes the one that is sent: the image is pinned (service_image.c), texts
 * that run tasks again are kept in labels, and a patch in the engine's words is added. Sends no service.
 */
#include "object/internal.h"
#include "spec/internal.h"

#include <stdio.h>
#include <string.h>

#define STACK_LABEL "com.docker.stack.namespace"
#define FORCE_LABEL "libswarm.force_update"
#define TRIGGER_LABEL "libswarm.job_trigger"

/* --- a merged spec becomes the one that is sent ------------------------------------------------------ */

static json_t *changes_of(const swarm__apply *a)
{
	return json_object_get(a->result, "changes");
}

int swarm__apply_tell(const swarm__apply *a, const char *name, const char *old, const char *new)
{
	json_t *change = json_pack("{s:s?, s:s?}", "old", old, "new", new);

	return json_object_set_new(changes_of(a), name, change);
}

int swarm__apply_set_label(json_t *spec, const char *name, const char *value)
{
	if (!json_is_object(json_object_get(spec, "Labels")) &&
	    json_object_set_new(spec, "Labels", json_object()))
		return -1;
	return json_object_set_new(json_object_get(spec, "Labels"), name, json_string(value));
}

static const char *label(const json_t *spec, const char *name)
{
	return json_string_value(json_object_get(json_object_get(spec, "Labels"), name));
}

/* A text that the caller changes runs all tasks again, once. */
static int force(const swarm__apply *a, const json_t *before, json_t *spec)
{
	const char *text = a->options->force_update, *old = label(before, FORCE_LABEL);
	json_t *task = json_object_get(spec, "TaskTemplate");

	if (!text || (old && strcmp(old, text) == 0))
		return 0;
	if (before &&
	    (json_object_set_new(task, "ForceUpdate",
				 json_integer(swarm__json_integer(task, "ForceUpdate") + 1)) ||
	     swarm__apply_tell(a, "force_update", old, text)))
		return -1;
	return swarm__apply_set_label(spec, FORCE_LABEL, text);
}

/* Any update runs a job again, so the label alone does it. */
static int trigger(const swarm__apply *a, const json_t *before, json_t *spec)
{
	const char *text = a->options->job_trigger, *old = label(before, TRIGGER_LABEL);

	if (!text || (old && strcmp(old, text) == 0))
		return 0;
	if (before && swarm__apply_tell(a, "job_trigger", old, text))
		return -1;
	return swarm__apply_set_label(spec, TRIGGER_LABEL, text);
}

/* Does the patch that the caller gave in the engine's own words change tasks? */
static bool patch_restarts(const swarm__apply *a)
{
	const char *name;
	json_t *value;

	json_object_foreach (changes_of(a), name, value)
		if (strncmp(name, "spec_patch.TaskTemplate", 23) == 0 ||
		    strncmp(name, "spec_patch.EndpointSpec", 23) == 0)
			return true;
	return false;
}

const char *swarm__apply_restarts(const swarm__apply *a)
{
	return json_object_get(changes_of(a), "force_update") || patch_restarts(a)
		       ? "tasks"
		       : swarm__spec_restarts(changes_of(a));
}

static bool is_job(const json_t *spec)
{
	const json_t *mode = json_object_get(spec, "Mode");

	return json_object_get(mode, "ReplicatedJob") || json_object_get(mode, "GlobalJob");
}

/* Each update of a job runs it again, also one of a label: that is not what a label is for. */
static bool must_hold(const swarm__apply *a, const json_t *before)
{
	return is_job(before) && json_object_size(changes_of(a)) &&
	       strcmp(swarm__apply_restarts(a), "no") == 0 &&
	       !json_object_get(changes_of(a), "deploy.replicas") &&
	       !json_object_get(changes_of(a), "job_trigger");
}

int swarm__apply_check_owner(const swarm__apply *a, const json_t *before, swarm_error *err)
{
	const char *stack = label(before, STACK_LABEL);

	if (!stack || (a->options->stack && strcmp(a->options->stack, stack) == 0))
		return 0;
	return swarm__error(err, SWARM_E_CONFLICT,
			    "service %s belongs to stack %s: change it there, or give stack: %s",
			    a->name, stack, stack);
}

/* --- what compose has no words for ------------------------------------------------------------------- */

#define MAX_PATH 256

/* Tells each value in patch, at path, that differs from what was there. */
static int tell_patch(const swarm__apply *a, const char *path, const json_t *before,
		      const json_t *after, const json_t *patch)
{
	const char *name;
	json_t *value;

	json_object_foreach (swarm__json_iterable(patch), name, value) {
		const json_t *old = json_object_get(before, name),
			     *new = json_object_get(after, name);
		char place[MAX_PATH];

		snprintf(place, sizeof(place), "%s.%s", path, name);
		if (json_is_object(value)) {
			if (tell_patch(a, place, old, new, value))
				return -1;
		} else if (!json_equal(swarm__json_iterable(old), swarm__json_iterable(new)) &&
			   json_object_set_new(changes_of(a), place,
					       json_pack("{s:O?, s:O?}", "old", old, "new", new))) {
			return -1;
		}
	}
	return 0;
}

/* ret_spec: a new reference. */
static int add_patch(const swarm__apply *a, const json_t *before, json_t *spec, json_t **ret_spec,
		     swarm_error *err)
{
	const json_t *patch = a->options->spec_patch;
	json_t *after;
	int rc;

	if (!patch) {
		*ret_spec = json_incref(spec);
		return 0;
	}
	after = swarm__json_merge(spec, patch);
	if (!after)
		return swarm__nomem(err);
	if (tell_patch(a, "spec_patch", before, after, patch))
		rc = swarm__nomem(err);
	else
		rc = swarm__spec_check_engine(a->replaces ? NULL : before, spec, after, err);
	if (rc)
		json_decref(after);
	else
		*ret_spec = after;
	return rc;
}

/* NULL, or the first value of patch, at path, that is not in spec. */
static const char *missing(const json_t *spec, const json_t *patch, const char *path, char *place)
{
	const char *name;
	json_t *value;

	json_object_foreach (swarm__json_iterable(patch), name, value) {
		const json_t *stored = json_object_get(spec, name);
		char here[MAX_PATH];

		snprintf(here, sizeof(here), "%s.%s", path, name);
		if (json_is_object(value)) {
			if (missing(stored, value, here, place))
				return place;
		} else if (!swarm__spec_equal(value, stored)) {
			memcpy(place, here, sizeof(here));
			return place;
		}
	}
	return NULL;
}

int swarm__apply_check_kept(swarm__apply *a, const char *id, swarm_error *err)
{
	char place[MAX_PATH];
	json_t *object;
	int rc;

	if (!a->options->spec_patch)
		return 0;
	rc = swarm__object_get(a->client, SWARM_KIND_SERVICE, id, &a->deadline, &object, err);
	if (rc)
		return rc;
	if (missing(json_object_get(object, "Spec"), a->options->spec_patch, "spec_patch", place))
		rc = swarm__error(err, SWARM_E_VERSION,
				  "%s: the engine of this API version does not keep it: check the "
				  "name and the value, or remove it",
				  place);
	json_decref(object);
	return rc;
}

/* --- all of it ----------------------------------------------------------------------------------------- */

/* Of a service that gets another mode: what the new mode cannot have goes. */
static void fit_mode(json_t *spec)
{
	if (!is_job(spec))
		return;
	json_object_del(spec, "UpdateConfig");
	json_object_del(spec, "RollbackConfig");
}

static int finish(swarm__apply *a, const json_t *before, json_t *spec,
		  const swarm_spec_options *options, json_t **ret_spec, swarm_error *err)
{
	if (a->options->job_trigger && !is_job(spec))
		return swarm__error(err, SWARM_E_INVAL,
				    "job_trigger: service %s is not a job: use force_update",
				    a->name);
	if (swarm__apply_pin(a, before, spec) || force(a, before, spec) ||
	    trigger(a, before, spec) || swarm__apply_label_image(a, before, spec) ||
	    swarm__spec_settle_credentials(before, spec, options))
		return swarm__nomem(err);
	if (a->replaces)
		fit_mode(spec);
	return add_patch(a, before, spec, ret_spec, err);
}

int swarm__apply_merge(swarm__apply *a, const json_t *before, json_t **ret_spec, swarm_error *err)
{
	swarm_spec_options options = SWARM_SPEC_OPTIONS_INIT;
	json_t *spec = NULL;
	int rc;

	json_decref(a->result);
	a->result = NULL;
	a->held = false;
	options.name = a->name;
	options.ids = a->ids;
	options.flags = a->options->flags & (SWARM_SPEC_STRICT | SWARM_SPEC_SHOW_ENV);
	rc = swarm_spec_merge(before, a->service, &options, &a->result, err);
	if (rc)
		return rc;
	a->replaces = json_is_true(json_object_get(a->result, "replaces"));
	if (a->replaces && !(a->options->flags & SWARM_APPLY_REPLACE))
		return swarm__error(
			err, SWARM_E_CONFLICT,
			"service %s: deploy.mode cannot be changed: give replace: True, "
			"which removes the service and creates it again",
			a->name);
	rc = finish(a, before, json_object_get(a->result, "spec"), &options, &spec, err);
	if (rc)
		return rc;
	/* The words and the patch may have undone one another. */
	if (before && swarm__spec_equal(before, spec))
		json_object_clear(changes_of(a));
	a->held = must_hold(a, before) && !a->replaces;
	*ret_spec = spec;
	return 0;
}
