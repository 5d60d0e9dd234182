/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The secrets and configs of a stack: which object has the declared content. A content that none has becomes
 * a new object, a version, called after its hash, so that services are moved to it like to any other change.
 * Where the name is written in the file, or hashes are off, there is one object, as docker's CLI makes it.
 */
#include "stack/deploy.h"

#include <stdio.h>
#include <string.h>

/* One declared secret or config. */
typedef struct content {
	swarm__stack *s;
	const swarm__stack_kind *kind;
	const char *name; /* as declared */
	const json_t *spec;
	bool fixed;
	const json_t *used; /* ids of those that services of the stack name */
	json_t *versions;   /* objects that are, or may be, of this name; the newest first */
	json_t *chosen;     /* borrowed from versions */
	bool assumed;       /* nobody can see whether the content of chosen is the declared one */
	char hash[SWARM__SHA256_HEX];
	char made[SWARM__MAX_OBJECT_NAME + SWARM__HASH_DIGITS + 2]; /* name of a new one */
} content;

static bool is_secret(const content *c)
{
	return c->kind->kind == SWARM_KIND_SECRET;
}

/* --- the content -------------------------------------------------------------------------------------- */

/* A line about a secret, except for what ends all. */
static int refuse(content *c, int rc, const swarm_error *why, swarm_error *err)
{
	if (swarm__stack_is_final(rc))
		return swarm__error(err, rc, "%s", *why->text ? why->text : "canceled");
	return swarm__stack_slip(c->s, SWARM_E_INVAL, err, "%s %s: %s", c->kind->word, c->name,
				 *why->text ? why->text : "its content cannot be read");
}

/* ret_text: in base64, for swarm__free_secret(); NULL: a driver has it, or there is a slip. */
static int read_secret(content *c, char **ret_text, swarm_error *err)
{
	const swarm_stack_options *o = c->s->options;
	swarm_content bytes = { NULL, 0 };
	swarm_error here = SWARM_ERROR_INIT;
	int rc;

	if (!o->content)
		return swarm__stack_slip(c->s, SWARM_E_INVAL, err,
					 "secret %s: its content is not given", c->name);
	rc = o->content(o->payload, c->name, &bytes, &here);
	if (!rc)
		rc = swarm__content_check(c->kind->kind, bytes.size, &here);
	if (rc) {
		rc = refuse(c, rc, &here, err);
	} else {
		*ret_text = swarm__base64(bytes.bytes, bytes.size);
		rc = *ret_text ? 0 : swarm__nomem(err);
	}
	swarm__content_clear(&bytes);
	return rc;
}

static int read_text(content *c, char **ret_text, swarm_error *err)
{
	*ret_text = NULL;
	if (json_object_get(c->spec, "Driver"))
		return 0;
	if (is_secret(c))
		return read_secret(c, ret_text, err);
	*ret_text = strdup(swarm__json_string(c->spec, "Data"));
	return *ret_text ? 0 : swarm__nomem(err);
}

/* The cluster's id, where the caller has no key: asked once. */
static int read_key(swarm__stack *s, swarm_versioned *what, swarm_error *err)
{
	int rc = 0;

	if (s->options->key) {
		what->key = s->options->key;
		what->key_size = s->options->key_size;
		return 0;
	}
	if (!s->local)
		rc = swarm__local_read(s->client, &s->deadline, &s->local, err);
	if (rc)
		return rc;
	if (!*s->local->cluster_id)
		return swarm__error(err, SWARM_E_NOT_MANAGER,
				    "this host is not a manager of a swarm with a leader");
	what->key = s->local->cluster_id;
	what->key_size = strlen(s->local->cluster_id);
	return 0;
}

static int make_hash(content *c, const char *text, swarm_error *err)
{
	const char *template = swarm__json_string(c->spec, "Templating.Name");
	swarm_versioned what = SWARM_VERSIONED_INIT;
	int rc = read_key(c->s, &what, err);

	if (rc)
		return rc;
	what.template_driver = *template ? template : NULL;
	what.driver = json_object_get(c->spec, "Driver");
	rc = swarm__versioned_hash(c->s->client, &what, text, &c->s->deadline, c->hash, err);
	if (!rc && c->fixed)
		snprintf(c->made, sizeof(c->made), "%s", c->name);
	else if (!rc)
		snprintf(c->made, sizeof(c->made), "%s-%.*s", c->name, SWARM__HASH_DIGITS, c->hash);
	return rc;
}

/* --- what is there ------------------------------------------------------------------------------------------ */

static int compare(const void *one, const void *other)
{
	return swarm__version_order(*(const json_t *const *)one, *(const json_t *const *)other);
}

/* Of the stack's own objects, those of this name; one made by docker's CLI has it without a label. */
static int find_versions(content *c, swarm_error *err)
{
	const json_t *list = json_object_get(c->s->found, c->kind->name);
	const json_t **sorted = calloc(json_array_size(list) + 1, sizeof(*sorted));
	json_t *object;
	size_t count = 0, i;
	int rc = 0;

	c->versions = json_array();
	json_array_foreach (swarm__json_iterable(list), i, object) {
		const char *logical = swarm__label(object, SWARM__NAME_LABEL);
		bool named = strcmp(swarm__object_name(object), c->name) == 0;

		if (sorted && (named || (!c->fixed && strcmp(logical, c->name) == 0)))
			sorted[count++] = object;
	}
	if (sorted)
		qsort(sorted, count, sizeof(*sorted), compare);
	for (i = 0; i < count; i++)
		if (json_array_append(c->versions, swarm__json_iterable(sorted[i])))
			rc = swarm__nomem(err);
	if (!sorted || !c->versions)
		rc = swarm__nomem(err);
	free(sorted);
	return rc;
}

static bool has_content(const content *c, const json_t *object, const char *text)
{
	const json_t *data = swarm__json_at(object, "Spec.Data");

	if (is_secret(c))
		return *c->hash && strcmp(swarm__label(object, SWARM__HASH_LABEL), c->hash) == 0;
	return text && json_is_string(data) && strcmp(json_string_value(data), text) == 0 &&
	       strcmp(swarm__json_string(object, "Spec.Templating.Name"),
		      swarm__json_string(c->spec, "Templating.Name")) == 0;
}

/* Do services of the stack run with it now? */
static bool is_used(const content *c, const json_t *object)
{
	return json_object_get(c->used, swarm__object_id(object)) != NULL;
}

/* The one with the content: rather one that services run with already. */
static void choose(content *c, const char *text)
{
	json_t *object;
	size_t i;

	json_array_foreach (c->versions, i, object)
		if (has_content(c, object, text) &&
		    (!c->chosen || (!is_used(c, c->chosen) && is_used(c, object))))
			c->chosen = object;
	/* Docker's CLI leaves no trace of the content of a secret. */
	if (c->chosen || !is_secret(c))
		return;
	json_array_foreach (c->versions, i, object)
		if (*swarm__label(object, SWARM__HASH_LABEL))
			return;
	c->chosen = json_array_get(c->versions, 0);
	c->assumed = c->chosen != NULL;
}

/* A rollback goes to the object that its revision had. */
static int choose_frozen(content *c, swarm_error *err)
{
	const json_t *names = json_object_get(json_object_get(c->s->frozen, "contents"),
					      c->kind->name);
	const char *name = json_string_value(json_object_get(names, c->name));
	json_t *object = name ? swarm__stack_find(json_object_get(c->s->found, c->kind->name),
						  c->kind, name)
			      : NULL;

	if (!object)
		return swarm__stack_slip(c->s, SWARM_E_CONFLICT, err,
					 "%s %s of that revision was removed", c->kind->word,
					 name ? name : c->name);
	c->chosen = object;
	return 0;
}

/* --- what is to be done ----------------------------------------------------------------------------------------- */

static json_int_t last_number(const content *c)
{
	const json_t *first = json_array_get(c->versions, 0);

	return first ? swarm__version_number(first) : 0;
}

static int add_version_labels(const content *c, json_t *labels)
{
	if (json_object_set_new(labels, SWARM__NAME_LABEL, json_string(c->name)) ||
	    json_object_set_new(labels, SWARM__VERSION_LABEL,
				json_sprintf("%lld", (long long)last_number(c) + 1)))
		return -1;
	return *c->hash ? json_object_set_new(labels, SWARM__HASH_LABEL, json_string(c->hash)) : 0;
}

/* Labels of the file that the object does not have; changes are in compose's words. */
static int compare_labels(const content *c, json_t *labels, json_t *changes)
{
	const json_t *have = swarm__json_at(c->chosen, "Spec.Labels");
	const char *label;
	json_t *value;

	json_object_foreach (json_object_get(c->spec, "Labels"), label, value) {
		json_t *old = json_object_get(have, label);
		char path[SWARM__MAX_PLACE];

		if (old && json_equal(old, value))
			continue;
		swarm__spec_place(path, "labels", label);
		if (json_object_set(labels, label, value) ||
		    json_object_set_new(changes, path,
					json_pack("{s:O?, s:O}", "old", old, "new", value)))
			return -1;
	}
	return 0;
}

/* Was another content declared after the chosen one? */
static bool returns(const content *c, const char *text)
{
	const json_t *newest = json_array_get(c->versions, 0);

	return newest && newest != c->chosen && !has_content(c, newest, text) && !c->fixed;
}

static json_t *name_change(const char *old, const char *new)
{
	return json_pack("{s:{s:s?, s:s?}}", "name", "old", old, "new", new);
}

/* Of a version that is there: labels, its place in the order, and whose it is. */
static int pick_chosen(content *c, const char *text, json_t *pick, swarm_error *err)
{
	const char *name = swarm__object_name(c->chosen), *action = "none";
	bool back = returns(c, text);
	json_t *labels = json_object();
	json_t *changes = back ? name_change(swarm__object_name(json_array_get(c->versions, 0)),
					     name)
			       : json_object();
	int bad = !labels || !changes || compare_labels(c, labels, changes);

	if (!bad && (back || c->assumed))
		bad = add_version_labels(c, labels);
	if (back)
		action = "return";
	else if (!swarm__stack_owns(c->s, c->kind->name, name))
		action = "adopt";
	else if (json_object_size(labels))
		action = "update";
	bad = bad || json_object_set_new(pick, "name", json_string(name)) ||
	      json_object_set_new(pick, "id", json_string(swarm__object_id(c->chosen))) ||
	      json_object_set_new(pick, "action", json_string(action)) ||
	      json_object_set(pick, "labels", labels);
	json_decref(labels);
	if (bad) {
		json_decref(changes);
		return swarm__nomem(err);
	}
	if (c->assumed &&
	    swarm__stack_warn(c->s, err,
			      "secret %s was not made here: it is assumed to have the "
			      "declared content",
			      name)) {
		json_decref(changes);
		return SWARM_E_NOMEM;
	}
	if (strcmp(action, "none") == 0) {
		json_decref(changes);
		return swarm__stack_count(c->s, c->kind->name, err);
	}
	return swarm__stack_change(c->s, c->kind->name, c->name, action, changes, false, err);
}

/* The version that services run with until now. */
static const char *former(const content *c)
{
	json_t *object;
	size_t i;

	json_array_foreach (c->versions, i, object)
		if (is_used(c, object))
			return swarm__object_name(object);
	object = json_array_get(c->versions, 0);
	return object ? swarm__object_name(object) : NULL;
}

static int pick_new(content *c, json_t *pick, swarm_error *err)
{
	json_t *labels = json_object_get(c->spec, "Labels");
	int rc = 0;

	labels = labels ? json_copy(labels) : json_object();
	if (!labels || add_version_labels(c, labels) ||
	    json_object_set_new(pick, "name", json_string(c->made)) ||
	    json_object_set_new(pick, "id", json_string("")) ||
	    json_object_set_new(pick, "action", json_string("create")) ||
	    json_object_set(pick, "labels", labels))
		rc = swarm__nomem(err);
	json_decref(labels);
	return rc ? rc
		  : swarm__stack_change(c->s, c->kind->name, c->name, "create",
					name_change(former(c), c->made), false, err);
}

/* Only the labels of an object under a fixed name can change. */
static int check_fixed(content *c, swarm_error *err)
{
	if (!c->fixed || !json_array_size(c->versions))
		return 0;
	return swarm__stack_slip(c->s, SWARM_E_CONFLICT, err,
				 "the content of %s %s differs, and that of an object under a "
				 "fixed name cannot change: leave its name to the stack, or choose "
				 "another one",
				 c->kind->word, c->name);
}

static int pick_one(content *c, swarm_error *err)
{
	json_t *pick = json_object();
	char *text = NULL;
	int rc = pick ? find_versions(c, err) : swarm__nomem(err);

	if (!rc)
		rc = swarm__versioned_name_check(c->kind->kind, c->name, c->fixed, err);
	if (!rc && c->s->frozen) {
		rc = choose_frozen(c, err);
	} else if (!rc) {
		rc = read_text(c, &text, err);
		if (!rc && is_secret(c) && (text || json_object_get(c->spec, "Driver")))
			rc = make_hash(c, text, err);
		if (!rc)
			choose(c, text);
		if (!rc && !c->chosen && !is_secret(c))
			rc = make_hash(c, text, err);
	}
	if (!rc && c->chosen)
		rc = pick_chosen(c, text, pick, err);
	else if (!rc && *c->made) {
		rc = check_fixed(c, err);
		if (!rc)
			rc = pick_new(c, pick, err);
	}
	if (!rc && *swarm__json_string(pick, "name") &&
	    json_object_set(json_object_get(c->s->picked, c->kind->name), c->name, pick))
		rc = swarm__nomem(err);
	swarm__free_secret(text);
	swarm__wipe(c->hash, sizeof(c->hash));
	json_decref(c->versions);
	json_decref(pick);
	return rc;
}

/* --- all of them ---------------------------------------------------------------------------------------------- */

static bool is_named(const swarm__stack *s, const swarm__stack_kind *kind, const char *name)
{
	const json_t *sources = json_object_get(json_object_get(s->wanted, "sources"), kind->name);

	return swarm__stack_is_on(s, SWARM_STACK_PLAIN_NAMES) ||
	       json_is_true(json_object_get(json_object_get(sources, name), "named"));
}

/* The ids that services of the stack name now; new. NULL without memory. */
static json_t *find_used(const swarm__stack *s, const swarm__stack_kind *kind)
{
	json_t *used = json_object(), *service;
	int bad = !used;
	size_t i;

	json_array_foreach (json_object_get(s->found, "services"), i, service)
		bad = bad ||
		      swarm__spec_collect(kind->kind, json_object_get(service, "Spec"), used);
	if (!bad)
		return used;
	json_decref(used);
	return NULL;
}

static int pick_kind(swarm__stack *s, const swarm__stack_kind *kind, swarm_error *err)
{
	json_t *used = find_used(s, kind), *spec;
	const char *name;
	int rc = used ? 0 : swarm__nomem(err);

	json_object_foreach (json_object_get(s->wanted, kind->name), name, spec) {
		content c = { .s = s, .kind = kind, .name = name, .spec = spec, .used = used };

		c.fixed = is_named(s, kind, name);
		if (!rc)
			rc = pick_one(&c, err);
	}
	json_decref(used);
	if (!rc)
		rc = swarm__stack_check_names(s, kind, err);
	if (!rc)
		rc = swarm__stack_fill_ids(s, kind, err);
	return rc ? rc : swarm__stack_check_externals(s, kind, err);
}

int swarm__stack_pick(swarm__stack *s, swarm_error *err)
{
	int rc = pick_kind(s, swarm__stack_kind_named("secrets"), err);

	return rc ? rc : pick_kind(s, swarm__stack_kind_named("configs"), err);
}
