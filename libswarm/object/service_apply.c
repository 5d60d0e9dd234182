/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service as a caller declares it: read, merged with what is there (spec/), and written only where
 * something differs. Knows no kind of field but the image, whose digest is looked up and kept.
 */
#include "object/internal.h"
#include "spec/internal.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000 };

/* docker/cli keeps the image as written in this label; the spec has it with the digest. */
#define IMAGE_LABEL "com.docker.stack.image"
#define STACK_LABEL "com.docker.stack.namespace"
#define FORCE_LABEL "libswarm.force_update"

typedef struct apply {
	swarm_client *client;
	const char *name;
	const json_t *service;
	const swarm_apply_options *options;
	swarm__deadline deadline;
	json_t *ids;
	json_t *found;  /* of the image; NULL: was not asked for, or not found */
	char *unsure;   /* why the image could not be looked up, if that is not an error; or NULL */
	json_t *result; /* of the last merge */
	bool held;      /* a job that would run again for a label */
} apply;

static bool is_on(const apply *a, unsigned flag)
{
	return (a->options->flags & flag) != 0;
}

/* --- names to ids --------------------------------------------------------------------------------- */

static int read_ids(apply *a, swarm_kind kind, const char *what, const char *id_path,
		    const char *name_path, swarm_error *err)
{
	json_t *list, *object, *ids;
	size_t i;
	int rc;

	if (!json_object_get(a->service, what))
		return 0;
	rc = swarm__object_list(a->client, kind, NULL, &a->deadline, &list, err);
	if (rc)
		return rc;
	ids = json_object();
	json_array_foreach (list, i, object) {
		/* A network of this host alone is not for services. */
		if (kind == SWARM_KIND_NETWORK &&
		    strcmp(swarm__json_string(object, "Scope"), "swarm") != 0)
			continue;
		if (json_object_set_new(ids, swarm__json_string(object, name_path),
					json_string(swarm__json_string(object, id_path))))
			rc = swarm__nomem(err);
	}
	if (!rc && kind != SWARM_KIND_NETWORK && swarm__logical_ids(list, ids))
		rc = swarm__nomem(err);
	json_decref(list);
	if (json_object_set_new(a->ids, what, ids) || rc)
		return swarm__nomem(err);
	return 0;
}

static int read_all_ids(apply *a, swarm_error *err)
{
	int rc;

	a->ids = json_object();
	if (!a->ids)
		return swarm__nomem(err);
	rc = read_ids(a, SWARM_KIND_NETWORK, "networks", "Id", "Name", err);
	if (!rc)
		rc = read_ids(a, SWARM_KIND_SECRET, "secrets", "ID", "Spec.Name", err);
	if (!rc)
		rc = read_ids(a, SWARM_KIND_CONFIG, "configs", "ID", "Spec.Name", err);
	return rc;
}

/* --- the image ------------------------------------------------------------------------------------- */

static const char *written_image(const apply *a)
{
	return swarm__json_string(a->service, "image");
}

static const char *stored_image(const json_t *spec)
{
	return swarm__json_string(spec, "TaskTemplate.ContainerSpec.Image");
}

static const char *image_label(const json_t *spec)
{
	const char *text = json_string_value(
		json_object_get(json_object_get(spec, "Labels"), IMAGE_LABEL));

	return text ? text : "";
}

/* Is the image that is written the one that is stored, except for a digest? */
static bool is_same_image(const apply *a, const json_t *spec)
{
	return *image_label(spec) ? strcmp(image_label(spec), written_image(a)) == 0
				  : swarm__same_image(stored_image(spec), written_image(a));
}

/* spec: what is stored, or NULL. */
static bool must_look_up(const apply *a, const json_t *spec)
{
	if (!*written_image(a) || strchr(written_image(a), '@') ||
	    a->options->resolve == SWARM_RESOLVE_NEVER)
		return false;
	return !spec || a->options->resolve == SWARM_RESOLVE_ALWAYS || !is_same_image(a, spec) ||
	       !strchr(stored_image(spec), '@');
}

/*
 * An image that is not there, or not for us, would take a running service down. Where only the
 * registry cannot be asked, what is pinned stays pinned, and a new service may still find it from
 * its nodes.
 */
static bool may_go_on(const apply *a, const json_t *spec, const swarm_error *err)
{
	bool passing = err->code == SWARM_E_TIMEOUT || err->http_status == 429 ||
		       err->http_status >= 500;

	return passing && (!spec || is_same_image(a, spec));
}

static int look_up(apply *a, const json_t *spec, swarm_error *err)
{
	json_t *normal;
	int rc;

	if (!must_look_up(a, spec))
		return 0;
	normal = swarm__normal_image(written_image(a));
	if (!normal)
		return swarm__nomem(err);
	rc = swarm__image_resolve(a->client, json_string_value(normal), a->options->registry_auth,
				  &a->deadline, &a->found, err);
	json_decref(normal);
	if (!rc || !may_go_on(a, spec, err))
		return rc;
	a->unsure = strdup(err->text);
	swarm__error_clear(err);
	return a->unsure ? 0 : swarm__nomem(err);
}

/* --- a merged spec becomes the one that is sent ------------------------------------------------------ */

static json_t *changes_of(const apply *a)
{
	return json_object_get(a->result, "changes");
}

/* 0, or -1 without memory. old and new may be NULL. */
static int tell(const apply *a, const char *name, const char *old, const char *new)
{
	json_t *change = json_pack("{s:s?, s:s?}", "old", old, "new", new);

	return json_object_set_new(changes_of(a), name, change);
}

static int set_label(json_t *spec, const char *name, const char *value)
{
	if (!json_is_object(json_object_get(spec, "Labels")) &&
	    json_object_set_new(spec, "Labels", json_object()))
		return -1;
	return json_object_set_new(json_object_get(spec, "Labels"), name, json_string(value));
}

static bool has_digest(const char *image, const char *digest)
{
	const char *at = strchr(image, '@');

	return at && strcmp(at + 1, digest) == 0;
}

/*
 * Choose the image to send: the stored one as long as its content is the same, because the engine
 * compares texts; else the one that was found.
 */
static int pin_image(const apply *a, const json_t *before, json_t *spec)
{
	const char *digest = swarm__json_string(a->found, "digest");
	const char *pinned = swarm__json_string(a->found, "image");
	json_t *container = json_object_get(json_object_get(spec, "TaskTemplate"), "ContainerSpec");
	const char *old = stored_image(before);

	if (!a->found)
		return 0;
	if (has_digest(old, digest)) {
		json_object_del(changes_of(a), "image");
		return json_object_set_new(container, "Image", json_string(old));
	}
	if (json_object_set_new(container, "Image", json_string(pinned)))
		return -1;
	return tell(a, "image", *old ? old : NULL, pinned);
}

/* docker/cli does the same: tasks stay away from machines that the image is not for. */
static int set_platforms(const apply *a, json_t *spec)
{
	json_t *platforms = json_object_get(a->found, "platforms");
	json_t *task = json_object_get(spec, "TaskTemplate");

	if (!json_array_size(platforms) || !json_object_get(changes_of(a), "image"))
		return 0;
	if (!json_is_object(json_object_get(task, "Placement")) &&
	    json_object_set_new(task, "Placement", json_object()))
		return -1;
	return json_object_set(json_object_get(task, "Placement"), "Platforms", platforms);
}

/* The label goes along with a change; alone it is one only where it says something else. */
static int label_image(const apply *a, const json_t *before, json_t *spec)
{
	const char *label = image_label(before);
	const char *written = written_image(a);

	if (!*written || a->options->resolve == SWARM_RESOLVE_NEVER || strcmp(label, written) == 0)
		return 0;
	if (!*label && !json_object_size(changes_of(a)))
		return 0;
	if (*label && tell(a, "deploy.labels." IMAGE_LABEL, label, written))
		return -1;
	return set_label(spec, IMAGE_LABEL, written);
}

/* A new text from the caller restarts all tasks, once. */
static int force(const apply *a, const json_t *before, json_t *spec)
{
	const char *text = a->options->force_update;
	const char *old = json_string_value(
		json_object_get(json_object_get(before, "Labels"), FORCE_LABEL));
	json_t *task = json_object_get(spec, "TaskTemplate");

	if (!text || (old && strcmp(old, text) == 0))
		return 0;
	if (before &&
	    (json_object_set_new(task, "ForceUpdate",
				 json_integer(swarm__json_integer(task, "ForceUpdate") + 1)) ||
	     tell(a, "force_update", old, text)))
		return -1;
	return set_label(spec, FORCE_LABEL, text);
}

static const char *restarts(const apply *a)
{
	return json_object_get(changes_of(a), "force_update") ? "tasks"
							      : swarm__spec_restarts(changes_of(a));
}

static bool is_job(const json_t *spec)
{
	const json_t *mode = json_object_get(spec, "Mode");

	return json_object_get(mode, "ReplicatedJob") || json_object_get(mode, "GlobalJob");
}

/* Each update of a job runs it again, also one of a label: that is not what a label is for. */
static bool must_hold(const apply *a, const json_t *before)
{
	return is_job(before) && json_object_size(changes_of(a)) &&
	       strcmp(restarts(a), "no") == 0 && !json_object_get(changes_of(a), "deploy.replicas");
}

static int check_owner(const apply *a, const json_t *before, swarm_error *err)
{
	const char *stack = json_string_value(
		json_object_get(json_object_get(before, "Labels"), STACK_LABEL));

	if (!stack || (a->options->stack && strcmp(a->options->stack, stack) == 0))
		return 0;
	return swarm__error(err, SWARM_E_CONFLICT,
			    "service %s belongs to stack %s: change it there, or give stack: %s",
			    a->name, stack, stack);
}

/* Merge into before, or NULL for a new service. */
static int merge(apply *a, const json_t *before, json_t **ret_spec, swarm_error *err)
{
	swarm_spec_options options = SWARM_SPEC_OPTIONS_INIT;
	json_t *spec;
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
	if (json_is_true(json_object_get(a->result, "replaces")))
		return swarm__error(
			err, SWARM_E_CONFLICT,
			"the mode of service %s cannot be changed: remove the service first",
			a->name);
	spec = json_object_get(a->result, "spec");
	if (pin_image(a, before, spec) || force(a, before, spec) || set_platforms(a, spec) ||
	    label_image(a, before, spec))
		return swarm__nomem(err);
	a->held = must_hold(a, before);
	*ret_spec = json_incref(
		a->held || is_on(a, SWARM_APPLY_DRY_RUN) ? swarm__json_iterable(before) : spec);
	return 0;
}

/* --- sending ------------------------------------------------------------------------------------------ */

static int make_spec(void *payload, const json_t *object, json_t **ret_spec, swarm_error *err)
{
	apply *a = payload;
	const json_t *before = json_object_get(object, "Spec");
	int rc;

	/* The engine takes the start of an id, too. */
	if (strcmp(swarm__json_string(before, "Name"), a->name) != 0)
		return swarm__error(err, SWARM_E_NOT_FOUND, "no service is called %s", a->name);
	rc = check_owner(a, before, err);
	return rc ? rc : merge(a, before, ret_spec, err);
}

static int update(apply *a, const char *id, swarm_error *err)
{
	return swarm__update_run(a->client,
				 &(swarm__update){ .inspect = SWARM_OP_SERVICE_INSPECT,
						   .update = SWARM_OP_SERVICE_UPDATE,
						   .id = id,
						   .make = make_spec,
						   .payload = a,
						   .registry_auth = a->options->registry_auth },
				 &a->deadline, NULL, err);
}

static int create(apply *a, json_t **ret_id, swarm_error *err)
{
	json_t *spec, *created = NULL;
	int rc = merge(a, NULL, &spec, err);

	if (rc)
		return rc;
	if (!is_on(a, SWARM_APPLY_DRY_RUN))
		rc = swarm__object_create(a->client, SWARM_KIND_SERVICE, spec,
					  a->options->registry_auth, &a->deadline, &created, err);
	json_decref(spec);
	if (rc)
		return rc;
	*ret_id = created ? json_incref(json_object_get(created, "ID")) : json_string("");
	json_decref(created);
	return *ret_id ? 0 : swarm__nomem(err);
}

/* ret_id: of the service, new; ret_action: what was done, or would be. */
static int run(apply *a, json_t **ret_id, const char **ret_action, swarm_error *err)
{
	json_t *object = NULL;
	int rc = swarm__object_get(a->client, SWARM_KIND_SERVICE, a->name, &a->deadline, &object,
				   err);

	if (rc && rc != SWARM_E_NOT_FOUND)
		return rc;
	if (rc)
		swarm__error_clear(err);
	/* Before the service is read to be changed: a look-up may take longer than its index holds. */
	rc = look_up(a, json_object_get(object, "Spec"), err);
	if (!rc && object) {
		*ret_id = json_incref(json_object_get(object, "ID"));
		rc = update(a, json_string_value(*ret_id), err);
		*ret_action = a->held || !json_object_size(changes_of(a)) ? "none" : "update";
	} else if (!rc) {
		rc = create(a, ret_id, err);
		*ret_action = "create";
	}
	json_decref(object);
	return rc;
}

static int make_result(const apply *a, json_t *id, const char *action, json_t **ret_result,
		       swarm_error *err)
{
	json_t *warnings = json_object_get(a->result, "warnings");
	json_t *result;

	if (a->unsure && json_array_append_new(warnings, json_string(a->unsure)))
		return swarm__nomem(err);
	if (a->held &&
	    json_array_append_new(
		    warnings, json_string("a change would run the job again: it is left as it is "
					  "until force_update has another text")))
		return swarm__nomem(err);
	result = json_pack("{s:O, s:s, s:O, s:s, s:O}", "id", id, "action", action, "changes",
			   changes_of(a), "restarts",
			   strcmp(action, "update") == 0 ? restarts(a) : "no", "warnings",
			   warnings);
	if (!result)
		return swarm__nomem(err);
	*ret_result = result;
	return 0;
}

static int check(swarm_client *client, const char *name, const json_t *service,
		 const swarm_apply_options *o, json_t **ret_result, swarm_error *err)
{
	if (o->size != sizeof(*o))
		return swarm__error(err, SWARM_E_INVAL, "start from SWARM_APPLY_OPTIONS_INIT");
	if (!client || !name || !*name || !json_is_object(service) || !ret_result)
		return swarm__error(
			err, SWARM_E_INVAL,
			"client, name, service (a mapping) and ret_result are required");
	if (o->resolve < SWARM_RESOLVE_CHANGED || o->resolve > SWARM_RESOLVE_NEVER)
		return swarm__error(err, SWARM_E_INVAL, "resolve must be one of SWARM_RESOLVE_");
	return 0;
}

int swarm_service_apply(swarm_client *client, const char *name, const json_t *service,
			const swarm_apply_options *options, json_t **ret_result, swarm_error *err)
{
	static const swarm_apply_options defaults = SWARM_APPLY_OPTIONS_INIT;
	const swarm_apply_options *o = options ? options : &defaults;
	swarm_error spare = SWARM_ERROR_INIT;
	const char *action = "none";
	json_t *id = NULL;
	apply a = { .client = client, .name = name, .service = service, .options = o };
	int rc;

	if (!err)
		err = &spare;
	rc = check(client, name, service, o, ret_result, err);
	if (rc)
		return rc;
	a.deadline = swarm__deadline_in(o->timeout_ms, DEFAULT_TIMEOUT_MS);
	rc = read_all_ids(&a, err);
	if (!rc)
		rc = run(&a, &id, &action, err);
	/* Another writer made it between our look and our request. */
	if (rc == SWARM_E_CONFLICT && err->http_status == 409) {
		json_decref(id);
		id = NULL;
		swarm__error_clear(err);
		rc = run(&a, &id, &action, err);
	}
	if (!rc)
		rc = make_result(&a, id, action, ret_result, err);
	json_decref(id);
	json_decref(a.ids);
	json_decref(a.found);
	json_decref(a.result);
	free(a.unsure);
	return rc;
}
