/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image of a declared service: its digest is looked up and kept, credentials are tried before a write
 * sends them, and the image as written is kept in a label. Sends no service.
 */
#include "object/internal.h"
#include "spec/internal.h"

#include <stdio.h>
#include <string.h>

/* docker/cli keeps the image as written in this label; the spec has it with the digest. */
#define IMAGE_LABEL "com.docker.stack.image"

/* --- asking the registry ----------------------------------------------------------------------------- */

static const char *written_image(const swarm__apply *a)
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
static bool is_same_image(const swarm__apply *a, const json_t *spec)
{
	return *image_label(spec) ? strcmp(image_label(spec), written_image(a)) == 0
				  : swarm__same_image(stored_image(spec), written_image(a));
}

/* spec: what is stored, or NULL. */
static bool must_look_up(const swarm__apply *a, const json_t *spec)
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
static bool may_go_on(const swarm__apply *a, const json_t *spec)
{
	return !spec || is_same_image(a, spec);
}

/* Does it say nothing of the image? */
static bool is_passing(const swarm_error *err)
{
	return err->code == SWARM_E_TIMEOUT || err->http_status == 429 || err->http_status >= 500;
}

static void add_advice(swarm_error *err)
{
	size_t used = strlen(err->text);

	snprintf(err->text + used, sizeof(err->text) - used,
		 ": run again, or leave it to the nodes with resolve_image: never");
}

static int resolve(const swarm__apply *a, const char *image, json_t **ret_found, swarm_error *err)
{
	json_t *normal = swarm__normal_image(image);
	int rc;

	if (!normal)
		return swarm__nomem(err);
	rc = swarm__image_resolve(a->client, json_string_value(normal), a->options->registry_auth,
				  &a->deadline, ret_found, err);
	json_decref(normal);
	return rc;
}

int swarm__apply_look_up(swarm__apply *a, const json_t *spec, swarm_error *err)
{
	json_t *found = NULL;
	int rc;

	if (!must_look_up(a, spec))
		return 0;
	a->looked_up = true;
	rc = resolve(a, written_image(a), &found, err);
	if (!rc) {
		json_decref(a->found);
		a->found = found;
	}
	if (!rc || !is_passing(err))
		return rc;
	if (!may_go_on(a, spec)) {
		add_advice(err);
		return rc;
	}
	free(a->unsure);
	a->unsure = strdup(err->text);
	swarm__error_clear(err);
	return a->unsure ? 0 : swarm__nomem(err);
}

/* Would anything be sent? Slips of the caller are errors. ret: unmodified on failure. */
static int would_write(swarm__apply *a, const json_t *spec, bool *ret, swarm_error *err)
{
	json_t *merged;
	int rc;

	/* The engine takes the start of an id, too: that is another service. */
	if (spec && strcmp(swarm__json_string(spec, "Name"), a->name) != 0) {
		*ret = false;
		return 0;
	}
	rc = spec ? swarm__apply_check_owner(a, spec, err) : 0;
	if (!rc)
		rc = swarm__apply_merge(a, spec, &merged, err);
	if (rc)
		return rc;
	json_decref(merged);
	*ret = !a->held && json_object_size(json_object_get(a->result, "changes"));
	return 0;
}

int swarm__apply_try_credentials(swarm__apply *a, const json_t *spec, swarm_error *err)
{
	const char *image = *written_image(a) ? written_image(a) : stored_image(spec);
	json_t *found = NULL;
	bool writes;
	int rc;

	if (!a->options->registry_auth || a->looked_up || !*image)
		return 0;
	rc = would_write(a, spec, &writes, err);
	if (rc || !writes)
		return rc;
	a->looked_up = true;
	rc = resolve(a, image, &found, err);
	json_decref(found);
	/* Any other answer says nothing of the credentials, and the digest was not asked for. */
	if (rc == SWARM_E_INVAL || rc == SWARM_E_NOMEM || rc == SWARM_E_CANCELED ||
	    (rc && err->http_status == 401))
		return rc;
	swarm__error_clear(err);
	return 0;
}

/* --- the spec that is sent ------------------------------------------------------------------------------ */

static json_t *changes_of(const swarm__apply *a)
{
	return json_object_get(a->result, "changes");
}

static bool has_digest(const char *image, const char *digest)
{
	const char *at = strchr(image, '@');

	return at && strcmp(at + 1, digest) == 0;
}

/*
 * The image that is sent: the stored one as long as it is the same content, since the engine compares
 * texts, else the one that was found.
 */
static int pin(const swarm__apply *a, const json_t *before, json_t *spec)
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
	return swarm__apply_tell(a, "image", *old ? old : NULL, pinned);
}

int swarm__apply_warn_unpinned(const swarm__apply *a, json_t *warnings)
{
	const char *image = json_string_value(
		json_object_get(json_object_get(changes_of(a), "image"), "new"));

	if (!image || strchr(image, '@') || a->rolled_back)
		return 0;
	return json_array_append_new(
		warnings,
		json_sprintf("image %s is not pinned to a digest: a node may run an older image of "
			     "that name, and pinning it later restarts the tasks",
			     image));
}

/* docker/cli does the same: tasks stay away from machines that the image is not for. */
static int set_platforms(const swarm__apply *a, json_t *spec)
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

int swarm__apply_pin(const swarm__apply *a, const json_t *before, json_t *spec)
{
	return pin(a, before, spec) || set_platforms(a, spec) ? -1 : 0;
}

/* The label goes along with a change; alone it is one only where it says something else. */
int swarm__apply_label_image(const swarm__apply *a, const json_t *before, json_t *spec)
{
	const char *label = image_label(before);
	const char *written = written_image(a);

	if (!*written || a->options->resolve == SWARM_RESOLVE_NEVER || strcmp(label, written) == 0)
		return 0;
	if (!*label && !json_object_size(changes_of(a)))
		return 0;
	if (*label && swarm__apply_tell(a, "deploy.labels." IMAGE_LABEL, label, written))
		return -1;
	return swarm__apply_set_label(spec, IMAGE_LABEL, written);
}
