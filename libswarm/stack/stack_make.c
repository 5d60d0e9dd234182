/* SPDX-License-Identifier: Apache-2.0 */
/* The secrets and configs that stack_content.c decided on: created, or given their labels. */
#include "stack/deploy.h"

#include <string.h>

/* The content once more; it was looked at for the plan. ret_text: NULL for a driver's. */
static int read_text(swarm__stack *s, const swarm__stack_kind *kind, const char *name,
		     const json_t *spec, char **ret_text, swarm_error *err)
{
	swarm_content content = { NULL, 0 };
	int rc;

	*ret_text = NULL;
	if (json_object_get(spec, "Driver"))
		return 0;
	if (kind->kind == SWARM_KIND_CONFIG) {
		*ret_text = strdup(swarm__json_string(spec, "Data"));
		return *ret_text ? 0 : swarm__nomem(err);
	}
	rc = s->options->content(s->options->payload, name, &content, err);
	if (!rc) {
		*ret_text = swarm__base64(content.bytes, content.size);
		rc = *ret_text ? 0 : swarm__nomem(err);
	}
	swarm__content_clear(&content);
	return rc;
}

/* Another manager made it at the same moment: the same one, or it is refused. */
static int find_made(swarm__stack *s, const swarm__stack_kind *kind, const json_t *pick,
		     json_t **ret_id, swarm_error *err)
{
	const char *name = swarm__json_string(pick, "name");
	const char *hash = json_string_value(
		json_object_get(json_object_get(pick, "labels"), SWARM__HASH_LABEL));
	json_t *object;
	int rc = swarm__object_get(s->client, kind->kind, name, &s->deadline, &object, err);

	if (rc)
		return rc;
	if (strcmp(swarm__stack_label(object, kind, SWARM__STACK_LABEL), s->name) != 0 || !hash ||
	    strcmp(swarm__label(object, SWARM__HASH_LABEL), hash) != 0)
		rc = swarm__error(err, SWARM_E_CONFLICT, "%s %s exists already, with other content",
				  kind->word, name);
	else
		*ret_id = json_incref(json_object_get(object, "ID"));
	json_decref(object);
	return rc;
}

static int create(swarm__stack *s, const swarm__stack_kind *kind, const char *name,
		  const json_t *declared, json_t *pick, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	json_t *spec = json_object(), *created = NULL, *id = NULL;
	char *text = NULL;
	int rc, bad = json_object_update(spec, swarm__json_iterable(declared));

	json_object_del(spec, "Data");
	if (bad || json_object_set(spec, "Name", json_object_get(pick, "name")) ||
	    json_object_set(spec, "Labels", json_object_get(pick, "labels")))
		rc = swarm__nomem(err);
	else
		rc = read_text(s, kind, name, declared, &text, err);
	if (!rc)
		rc = swarm__content_create(s->client, kind->kind, spec, text, &s->deadline,
					   &created, &here);
	swarm__free_secret(text);
	json_decref(spec);
	if (rc == SWARM_E_CONFLICT && here.code)
		rc = find_made(s, kind, pick, &id, err);
	else if (rc && here.code)
		rc = swarm__replace(err, &here);
	else if (!rc)
		id = json_incref(json_object_get(created, "ID"));
	json_decref(created);
	if (rc)
		return swarm__error_wrap(err, rc, "%s %s", kind->word, name);
	rc = json_object_set(json_object_get(s->ids, kind->name), swarm__json_string(pick, "name"),
			     id) ||
	     json_object_set(pick, "id", id);
	json_decref(id);
	return rc ? swarm__nomem(err) : 0;
}

static int label(swarm__stack *s, const swarm__stack_kind *kind, const json_t *pick,
		 swarm_error *err)
{
	json_t *labels = json_object_get(pick, "labels");
	json_t *patch;
	int rc;

	if (!json_object_size(labels))
		return 0;
	patch = json_pack("{s:O}", "Labels", labels);
	rc = patch ? swarm__object_update(s->client, kind->kind, swarm__json_string(pick, "id"),
					  patch, NULL, &s->deadline, NULL, err)
		   : swarm__nomem(err);
	json_decref(patch);
	return rc ? swarm__error_wrap(err, rc, "%s %s", kind->word,
				      swarm__json_string(pick, "name"))
		  : 0;
}

static int put_kind(swarm__stack *s, const swarm__stack_kind *kind, swarm_error *err)
{
	const json_t *declared = json_object_get(s->wanted, kind->name);
	const char *name;
	json_t *pick;
	int rc = 0;

	json_object_foreach (json_object_get(s->picked, kind->name), name, pick) {
		if (rc)
			break;
		swarm__stack_step(s);
		if (strcmp(swarm__json_string(pick, "action"), "create") == 0)
			rc = create(s, kind, name, json_object_get(declared, name), pick, err);
		else
			rc = label(s, kind, pick, err);
	}
	return rc;
}

int swarm__stack_put_contents(swarm__stack *s, swarm_error *err)
{
	int rc = put_kind(s, swarm__stack_kind_named("secrets"), err);

	return rc ? rc : put_kind(s, swarm__stack_kind_named("configs"), err);
}
