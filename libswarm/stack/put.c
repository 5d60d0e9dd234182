/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A secret or config as it is declared: which version has its content, what is made where none has,
 * its labels, and what of the older versions can go. The services are rotate.c's.
 */
#include "stack/internal.h"

#include <stdio.h>
#include <string.h>

typedef swarm__put put;

static bool has_flag(const put *p, unsigned flag)
{
	return (p->what->flags & flag) != 0;
}

static bool is_dry(const put *p)
{
	return has_flag(p, SWARM_VERSIONED_DRY_RUN);
}

static const json_t *newest(const put *p)
{
	return json_array_get(p->versions, 0);
}

/* --- what is there ------------------------------------------------------------------------------- */

static bool has_content(const put *p, const json_t *object)
{
	const json_t *data = swarm__json_at(object, "Spec.Data");

	/* A config shows its content, also under another key of the hash. */
	if (p->kind == SWARM_KIND_CONFIG && json_is_string(data))
		return strcmp(json_string_value(data), p->text) == 0 &&
		       strcmp(swarm__json_string(object, "Spec.Templating.Name"),
			      p->what->template_driver ? p->what->template_driver : "") == 0;
	return strcmp(swarm__label(object, SWARM__HASH_LABEL), p->hash) == 0;
}

static int find_current(put *p)
{
	json_t *object;
	size_t i;

	json_decref(p->current);
	json_decref(p->replaced);
	p->current = p->replaced = NULL;
	json_array_foreach (p->versions, i, object) {
		bool named = !has_flag(p, SWARM_VERSIONED_FIXED_NAME) ||
			     strcmp(swarm__object_name(object), p->what->name) == 0;

		if (!p->current && named && has_content(p, object))
			p->current = json_incref(object);
		else if (has_flag(p, SWARM_VERSIONED_FIXED_NAME) && named)
			p->replaced = json_incref(object);
	}
	return 0;
}

static int read_versions(put *p, swarm_error *err)
{
	json_t *versions;
	int rc = swarm__versions_read(p->client, p->kind, p->what->name, &p->deadline, &versions,
				      err);

	if (rc)
		return rc;
	json_decref(p->versions);
	p->versions = versions;
	return find_current(p);
}

/* --- another's object of the same name ---------------------------------------------------------- */

static int not_ours(const put *p, const char *name, swarm_error *err)
{
	return swarm__error(err, SWARM_E_CONFLICT,
			    "%s '%s' exists and is not managed: adopt it, or remove it, or choose "
			    "another name",
			    swarm__kind_word(p->kind), name);
}

static int warn_of_other(const put *p, swarm_error *err)
{
	json_t *line = json_sprintf("%s '%s' exists beside it and is not managed: its services are "
				    "left as they are unless it is adopted",
				    swarm__kind_word(p->kind), p->what->name);

	return json_array_append_new(p->warnings, line) ? swarm__nomem(err) : 0;
}

/* An object that has the logical name, and none of the labels. */
static int look_at_other(put *p, json_t *object, swarm_error *err)
{
	bool same = p->kind == SWARM_KIND_CONFIG && has_content(p, object) &&
		    !*swarm__label(object, SWARM__STACK_LABEL);

	/* swarm__versions_read() would have found it. */
	if (*swarm__label(object, SWARM__NAME_LABEL))
		return not_ours(p, p->what->name, err);
	if (has_flag(p, SWARM_VERSIONED_ADOPT) || same) {
		p->action = "adopt";
		if (json_array_append(p->versions, object))
			return swarm__nomem(err);
		if (p->kind == SWARM_KIND_SECRET || has_content(p, object))
			p->current = json_incref(object);
		else if (has_flag(p, SWARM_VERSIONED_FIXED_NAME))
			p->replaced = json_incref(object);
		return 0;
	}
	return has_flag(p, SWARM_VERSIONED_FIXED_NAME) ? not_ours(p, p->what->name, err)
						       : warn_of_other(p, err);
}

/* Asked only where there is nothing of ours: later runs cost no request for it. */
static int find_other(put *p, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	json_t *object;
	int rc;

	if (json_array_size(p->versions))
		return 0;
	rc = swarm__object_get(p->client, p->kind, p->what->name, &p->deadline, &object, &here);
	if (rc == SWARM_E_NOT_FOUND)
		return 0;
	if (rc)
		return swarm__replace(err, &here);
	rc = look_at_other(p, object, err);
	json_decref(object);
	return rc;
}

/* --- the current version ------------------------------------------------------------------------- */

static int add_own_labels(const put *p, json_t *labels)
{
	json_int_t number = newest(p) ? swarm__version_number(newest(p)) : 0;

	if (json_object_set_new(labels, SWARM__NAME_LABEL, json_string(p->what->name)) ||
	    json_object_set_new(labels, SWARM__HASH_LABEL, json_string(p->hash)) ||
	    json_object_set_new(labels, SWARM__VERSION_LABEL,
				json_sprintf("%lld", (long long)number + 1)))
		return -1;
	return 0;
}

/* Labels that others set on the version before it stay; what is given comes over them. */
static json_t *new_labels(const put *p)
{
	const json_t *old = swarm__json_at(newest(p), "Spec.Labels");
	json_t *none = json_object();
	json_t *labels = NULL;

	if (none)
		labels = swarm__json_merge(json_is_object(old) ? old : none,
					   p->what->labels ? p->what->labels : none);
	json_object_del(labels, SWARM__REFUSED_LABEL);
	json_decref(none);
	if (labels && add_own_labels(p, labels)) {
		json_decref(labels);
		labels = NULL;
	}
	return labels;
}

static json_t *new_spec(const put *p)
{
	json_t *spec = json_pack("{s:s, s:o*}", "Name", p->name, "Labels", new_labels(p));

	if (!spec || !json_object_get(spec, "Labels"))
		goto nomem;
	if (p->what->template_driver &&
	    json_object_set_new(spec, "Templating",
				json_pack("{s:s}", "Name", p->what->template_driver)))
		goto nomem;
	if (p->what->driver &&
	    json_object_set(spec, "Driver", swarm__json_iterable(p->what->driver)))
		goto nomem;
	return spec;
nomem:
	json_decref(spec);
	return NULL;
}

/* 0: it is there, made by us or, with the same content, by another at the same moment. */
static int create(put *p, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	json_t *created = NULL, *spec = new_spec(p);
	int rc;

	if (!spec)
		return swarm__nomem(err);
	rc = swarm__content_create(p->client, p->kind, spec, p->text, &p->deadline, &created,
				   &here);
	json_decref(spec);
	json_decref(created);
	if (rc && rc != SWARM_E_CONFLICT)
		return swarm__replace(err, &here);
	rc = read_versions(p, err);
	if (!rc && !p->current)
		rc = not_ours(p, p->name, err);
	return rc;
}

/* Told before anything is changed. */
static int check_unused(put *p, swarm_error *err)
{
	swarm__names users = { 0 };
	json_t *ids, *services, *service;
	size_t i;
	int rc;

	rc = swarm__object_list(p->client, SWARM_KIND_SERVICE, NULL, &p->deadline, &services, err);
	if (rc)
		return rc;
	ids = json_pack("{s:b}", swarm__object_id(p->replaced), 1);
	json_array_foreach (services, i, service) {
		if (swarm__spec_names(p->kind, json_object_get(service, "Spec"), ids))
			swarm__names_add(&users, "%s", swarm__object_name(service));
		else if (swarm__spec_names(p->kind, json_object_get(service, "PreviousSpec"), ids))
			swarm__names_add(&users, "%s (to roll back to)",
					 swarm__object_name(service));
	}
	json_decref(services);
	rc = ids ? 0 : swarm__nomem(err);
	json_decref(ids);
	if (!rc && *users.text)
		rc = swarm__error(
			err, SWARM_E_CONFLICT,
			"the content of %s '%s' differs, and under a fixed name it cannot "
			"change while services name it: %s",
			swarm__kind_word(p->kind), p->what->name, users.text);
	return rc;
}

/* A fixed name must be free for the new content. */
static int replace(put *p, swarm_error *err)
{
	int rc = check_unused(p, err);

	p->action = "replace";
	if (rc || is_dry(p))
		return rc;
	rc = swarm_object_remove(p->client, p->kind, swarm__object_id(p->replaced),
				 p->what->timeout_ms, err);
	if (rc != SWARM_E_NOT_FOUND)
		return rc;
	swarm__error_clear(err);
	return 0;
}

static int set_change(const put *p, const char *what, json_t *change, swarm_error *err)
{
	return json_object_set_new(p->changes, what, change) ? swarm__nomem(err) : 0;
}

static int tell_current(const put *p, const char *old, const char *new, swarm_error *err)
{
	return set_change(p, "current", json_pack("{s:s?, s:s}", "old", old, "new", new), err);
}

static int make_current(put *p, swarm_error *err)
{
	const char *old = newest(p) ? swarm__object_name(newest(p)) : NULL;
	/* The list of versions is read again. */
	json_t *list = json_incref(p->versions);
	int rc = 0;

	if (p->replaced)
		rc = replace(p, err);
	else
		p->action = "create";
	if (!rc)
		rc = tell_current(p, old, p->name, err);
	if (!rc && !is_dry(p))
		rc = create(p, err);
	json_decref(list);
	return rc;
}

/* --- labels of a version that is there ------------------------------------------------------------- */

static json_t *label_changes(const put *p)
{
	const json_t *have = swarm__json_at(p->current, "Spec.Labels");
	json_t *changes = json_object(), *value;
	const char *label;

	json_object_foreach (swarm__json_iterable(p->what->labels), label, value) {
		json_t *old = json_object_get(have, label);

		if (!changes || (json_is_null(value) && !old) || (old && json_equal(old, value)))
			continue;
		if (json_object_set_new(changes, label,
					json_pack("{s:O?, s:O}", "old", old, "new", value))) {
			json_decref(changes);
			return NULL;
		}
	}
	return changes;
}

/* The patch; empty where nothing differs. */
static json_t *label_patch(const put *p, const json_t *changes)
{
	bool is_newest = p->current == newest(p) && strcmp(p->action, "adopt") != 0;
	json_t *patch = json_object(), *change;
	const char *label;
	bool bad = !patch;

	json_object_foreach (swarm__json_iterable(changes), label, change)
		bad = bad || json_object_set(patch, label, json_object_get(change, "new"));
	if (!bad && !is_newest)
		bad = add_own_labels(p, patch);
	if (!bad)
		return patch;
	json_decref(patch);
	return NULL;
}

static int send_labels(const put *p, const json_t *object, json_t *labels, swarm_error *err)
{
	json_t *patch = json_pack("{s:O}", "Labels", labels);
	int rc = patch ? swarm__object_update(p->client, p->kind, swarm__object_id(object), patch,
					      NULL, &p->deadline, NULL, err)
		       : swarm__nomem(err);

	json_decref(patch);
	return rc;
}

/* A version that is there: labels, and its place in the order where it was declared again. */
static int update_current(put *p, swarm_error *err)
{
	const bool adopted = strcmp(p->action, "adopt") == 0;
	const bool returned = !adopted && p->current != newest(p);
	json_t *changes = label_changes(p);
	json_t *labels = changes ? label_patch(p, changes) : NULL;
	int rc = labels ? 0 : swarm__nomem(err);

	if (returned)
		p->action = "return";
	if (!rc && (returned || adopted))
		rc = tell_current(p, returned ? swarm__object_name(newest(p)) : NULL,
				  swarm__object_name(p->current), err);
	if (!rc && json_object_size(changes))
		rc = set_change(p, "labels", json_incref(changes), err);
	if (!rc && json_object_size(labels) && !is_dry(p))
		rc = send_labels(p, p->current, labels, err);
	json_decref(changes);
	json_decref(labels);
	return rc;
}

/* A config with another content becomes an older version, whose services are moved. */
static int adopt_older(put *p, swarm_error *err)
{
	json_t *labels, *object = json_array_get(p->versions, 0);
	int rc;

	if (strcmp(p->action, "adopt") != 0 || p->current || p->replaced || is_dry(p))
		return 0;
	labels = json_pack("{s:s, s:s}", SWARM__NAME_LABEL, p->what->name, SWARM__VERSION_LABEL,
			   "1");
	rc = labels ? send_labels(p, object, labels, err) : swarm__nomem(err);
	json_decref(labels);
	return rc ? rc : read_versions(p, err);
}

/* --- all of it ---------------------------------------------------------------------------------- */

static int move_services(put *p, swarm_error *err)
{
	json_t *services = NULL;
	swarm__rotation r = { .client = p->client,
			      .kind = p->kind,
			      .what = p->what,
			      .older = swarm__ids_of(p->versions, p->current),
			      .id = p->current ? swarm__object_id(p->current) : "",
			      .name = p->current ? swarm__object_name(p->current) : p->name,
			      .current = p->current,
			      .services = json_object(),
			      .warnings = p->warnings };
	int rc = r.older && r.services ? 0 : swarm__nomem(err);

	/* The only version there is: nobody can name another one. */
	if (!rc && json_object_size(r.older)) {
		rc = swarm__services_read(p, &services, err);
		if (!rc)
			rc = swarm__versioned_finish(p, &r, &services, err);
	}
	if (!rc && json_object_size(r.services))
		rc = set_change(p, "services", json_incref(r.services), err);
	p->failed = r.failed;
	json_decref(r.older);
	json_decref(r.services);
	json_decref(services);
	return rc;
}

static int run(put *p, swarm_error *err)
{
	int rc;

	if (p->what->data) {
		p->text = swarm__base64(p->what->data, p->what->data_size);
		if (!p->text)
			return swarm__nomem(err);
	}
	rc = swarm__versioned_hash(p->client, p->what, p->text, &p->deadline, p->hash, err);
	if (rc)
		return rc;
	if (has_flag(p, SWARM_VERSIONED_FIXED_NAME))
		snprintf(p->name, sizeof(p->name), "%s", p->what->name);
	else
		snprintf(p->name, sizeof(p->name), "%s-%.*s", p->what->name, SWARM__HASH_DIGITS,
			 p->hash);
	rc = read_versions(p, err);
	if (!rc)
		rc = find_other(p, err);
	if (!rc)
		rc = adopt_older(p, err);
	if (!rc)
		rc = p->current ? update_current(p, err) : make_current(p, err);
	return rc ? rc : move_services(p, err);
}

static int make_result(const put *p, json_t **ret_result, swarm_error *err)
{
	bool changed = json_object_size(p->changes) > 0;
	json_t *result = json_pack("{s:s, s:s, s:s, s:O, s:O?, s:O}", "id",
				   p->current ? swarm__object_id(p->current) : "", "name",
				   p->current ? swarm__object_name(p->current) : p->name, "action",
				   *p->action ? p->action
				   : changed  ? "update"
					      : "none",
				   "changes", p->changes, "failed", p->failed, "warnings",
				   p->warnings);

	if (!result)
		return swarm__nomem(err);
	*ret_result = result;
	return 0;
}

int swarm_versioned_put(swarm_client *client, swarm_kind kind, const swarm_versioned *what,
			json_t **ret_result, swarm_error *err)
{
	swarm_error spare = SWARM_ERROR_INIT;
	put p = { .client = client, .kind = kind, .what = what, .action = "" };
	int rc;

	if (!err)
		err = &spare;
	rc = swarm__versioned_check(client, kind, what, ret_result, err);
	if (rc)
		return rc;
	p.deadline = swarm__stack_deadline(what->timeout_ms);
	p.changes = json_object();
	p.warnings = json_array();
	rc = p.changes && p.warnings ? run(&p, err) : swarm__nomem(err);
	if (!rc)
		rc = make_result(&p, ret_result, err);
	swarm__free_secret(p.text);
	swarm__wipe(p.hash, sizeof(p.hash));
	json_decref(p.versions);
	json_decref(p.current);
	json_decref(p.replaced);
	json_decref(p.changes);
	json_decref(p.warnings);
	json_decref(p.failed);
	return rc;
}
