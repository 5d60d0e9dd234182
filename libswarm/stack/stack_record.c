/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The revision that a call declares: made of what was planned, stored before anything is changed, so that
 * what a run made that was killed is known as ours, and marked with the result at the end.
 */
#include "stack/deploy.h"

#include <stdio.h>
#include <string.h>

/* So often another manager may take the number. */
enum { STORE_TRIES = 5 };

/* --- what this call declares ---------------------------------------------------------------------------------- */

/*
 * The stack without the bytes of its configs, and without paths, which may be others on another manager.
 * New; NULL without memory.
 */
static json_t *bare_stack(const swarm__stack *s)
{
	json_t *stack = json_deep_copy(s->wanted), *of_kind, *one;
	const char *kind, *name;

	json_object_foreach (json_object_get(stack, "configs"), name, one)
		json_object_del(one, "Data");
	json_object_foreach (json_object_get(stack, "sources"), kind, of_kind)
		json_object_foreach (of_kind, name, one)
			json_object_del(one, "value");
	return stack;
}

/* {"secrets": {declared: name in the engine}, "configs": ...}. New; NULL without memory. */
static json_t *content_names(const swarm__stack *s)
{
	json_t *names = json_pack("{s:{}, s:{}}", "secrets", "configs"), *picks, *pick;
	const char *kind, *name;

	json_object_foreach (s->picked, kind, picks)
		json_object_foreach (picks, name, pick)
			if (!names || json_object_set(json_object_get(names, kind), name,
						      json_object_get(pick, "name"))) {
				json_decref(names);
				return NULL;
			}
	return names;
}

/* What the engine runs, or will: the image with its digest, and the platforms that it is for. */
static json_t *image_of(const swarm__stack *s, const swarm__stack_service *service)
{
	const json_t *spec = service->becomes ? service->becomes
					      : json_object_get(service->object, "Spec");
	const char *image = swarm__json_string(spec, "TaskTemplate.ContainerSpec.Image");
	const json_t *platforms = swarm__json_at(spec, "TaskTemplate.Placement.Platforms");
	const json_t *old;

	if (service->held) {
		old = json_object_get(swarm__json_at(swarm__revision_newest(s), "document.images"),
				      service->name);
		return json_incref(swarm__json_iterable(old));
	}
	if (!strchr(image, '@'))
		return NULL;
	return json_pack("{s:s, s:s, s:O*}", "image", image, "digest", strchr(image, '@') + 1,
			 "platforms", platforms);
}

static json_t *images(const swarm__stack *s)
{
	json_t *images = json_object();

	for (size_t i = 0; images && i < s->service_count; i++) {
		json_t *image = image_of(s, &s->services[i]);

		if (image && json_object_set_new(images, s->services[i].name, image)) {
			json_decref(images);
			return NULL;
		}
	}
	return images;
}

static bool is_gone(const swarm__stack *s, const char *kind, const json_t *object)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(s->gone, kind), i, one)
		if (one == object)
			return true;
	return false;
}

/* What was ours before, is not declared, and stays. */
static json_t *still_owned(const swarm__stack *s)
{
	json_t *owned = json_object();

	for (int i = 0; owned && i < SWARM__STACK_KINDS; i++) {
		const swarm__stack_kind *kind = &swarm__stack_kinds[i];
		json_t *names = json_array(), *object;
		int bad = !names;
		size_t j;

		json_array_foreach (json_object_get(s->found, kind->name), j, object) {
			const char *name = swarm__stack_title(object, kind);

			if (!is_gone(s, kind->name, object) &&
			    !(kind->kind == SWARM_KIND_CONFIG && swarm__is_revision(object)) &&
			    swarm__stack_owns(s, kind->name, name))
				bad = bad || json_array_append_new(names, json_string(name));
		}
		if (json_object_set_new(owned, kind->name, names) || bad) {
			json_decref(owned);
			return NULL;
		}
	}
	return owned;
}

/* The text of a tree, which is the same for equal ones. err is filled. */
static int dump(const swarm__stack *s, const json_t *tree, swarm__buffer *text, swarm_error *err)
{
	int rc;

	swarm__buffer_init(text, SWARM__MAX_CONFIG);
	rc = swarm__json_dump_sorted(tree, text);
	if (rc == SWARM_E_TOO_LARGE)
		return swarm__error(err, rc,
				    "stack %s is too large for a revision: %d bytes are the most",
				    s->name, SWARM__MAX_CONFIG - 1);
	return rc ? swarm__nomem(err) : 0;
}

static int hash_document(swarm__stack *s, swarm_error *err)
{
	json_t *declared = json_pack("{s:O, s:O}", "stack", json_object_get(s->document, "stack"),
				     "contents", json_object_get(s->document, "contents"));
	swarm__buffer text = { 0 };
	int rc = declared ? dump(s, declared, &text, err) : swarm__nomem(err);

	if (!rc)
		swarm__sha256_hex(text.data, text.size, s->hash);
	swarm__buffer_clear(&text);
	json_decref(declared);
	return rc;
}

/* Did an image become another one, with the same text in the file? */
static bool has_new_image(const swarm__stack *s)
{
	const json_t *old = swarm__json_at(swarm__revision_newest(s), "document.images");
	const json_t *now = json_object_get(s->document, "images");

	for (size_t i = 0; i < s->service_count; i++) {
		const json_t *image = json_object_get(now, s->services[i].name);

		if (s->services[i].becomes && image &&
		    !json_equal(json_object_get(old, s->services[i].name),
				swarm__json_iterable(image)))
			return true;
	}
	return false;
}

int swarm__revision_make(swarm__stack *s, swarm_error *err)
{
	int rc;

	s->document = json_pack("{s:o, s:o, s:o}", "stack", bare_stack(s), "contents",
				content_names(s), "images", images(s));
	if (!s->document)
		return swarm__nomem(err);
	rc = hash_document(s, err);
	if (rc)
		return rc;
	s->number = swarm__json_integer(swarm__revision_newest(s), "number");
	s->stores = !swarm__revision_newest(s) ||
		    strcmp(swarm__revision_label(swarm__revision_newest(s), SWARM__REVISION_HASH),
			   s->hash) != 0 ||
		    has_new_image(s);
	s->number += s->stores;
	return 0;
}

int swarm__revision_own(swarm__stack *s, swarm_error *err)
{
	swarm__buffer text = { 0 };
	int rc = json_object_set_new(s->document, "owned", still_owned(s))
			 ? swarm__nomem(err)
			 : dump(s, s->document, &text, err);

	swarm__buffer_clear(&text);
	return rc;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

/* A long name of a stack is cut, and told apart by its hash. */
static void revision_name(const swarm__stack *s, char *name, size_t size)
{
	char hash[SWARM__SHA256_HEX];

	if (strlen(s->name) <= 40) {
		snprintf(name, size, "%s.revision.%lld", s->name, (long long)s->number);
		return;
	}
	swarm__sha256_hex(s->name, strlen(s->name), hash);
	snprintf(name, size, "%.27s-%.12s.revision.%lld", s->name, hash, (long long)s->number);
}

static json_t *revision_spec(const swarm__stack *s)
{
	char name[SWARM__MAX_OBJECT_NAME + 24];

	revision_name(s, name, sizeof(name));
	return json_pack("{s:s, s:{s:s, s:o, s:s, s:o, s:s, s:s, s:s}}", "Name", name, "Labels",
			 SWARM__STACK_LABEL, s->name, SWARM__REVISION_LABEL,
			 json_sprintf("%lld", (long long)s->number), SWARM__REVISION_HASH, s->hash,
			 SWARM__REVISION_TIME, json_sprintf("%lld", (long long)time(NULL)),
			 SWARM__REVISION_SOURCE, s->options->source ? s->options->source : "",
			 SWARM__REVISION_WHO, s->options->who ? s->options->who : "",
			 SWARM__REVISION_RESULT, "pending");
}

static int create(swarm__stack *s, json_t **ret_created, swarm_error *err)
{
	swarm__buffer plain = { 0 };
	json_t *spec = NULL;
	char *text = NULL;
	int rc = dump(s, s->document, &plain, err);

	if (!rc) {
		text = swarm__base64(plain.data, plain.size);
		spec = revision_spec(s);
		rc = text && spec ? swarm__content_create(s->client, SWARM_KIND_CONFIG, spec, text,
							  &s->deadline, ret_created, err)
				  : swarm__nomem(err);
	}
	swarm__buffer_clear(&plain);
	free(text);
	json_decref(spec);
	return rc;
}

static int read_again(swarm__stack *s, swarm_error *err)
{
	char label[sizeof(SWARM__STACK_LABEL) + SWARM__MAX_OBJECT_NAME + 1];
	json_t *configs;
	int rc;

	snprintf(label, sizeof(label), "%s=%s", SWARM__STACK_LABEL, s->name);
	rc = swarm__stack_list(s, swarm__stack_kind_named("configs"), label, &configs, err);
	if (rc)
		return rc;
	rc = swarm__revisions_read(configs, &s->revisions, err);
	json_decref(configs);
	return rc;
}

/* Another manager stored one at the same moment: the same, or the number after it is ours. */
static int take_turn(swarm__stack *s, swarm_error *err)
{
	int rc = read_again(s, err);

	if (rc)
		return rc;
	if (strcmp(swarm__revision_label(swarm__revision_newest(s), SWARM__REVISION_HASH),
		   s->hash) == 0) {
		s->stores = false;
		s->number = swarm__json_integer(swarm__revision_newest(s), "number");
	} else if (swarm__json_integer(swarm__revision_newest(s), "number") >= s->number) {
		s->number = swarm__json_integer(swarm__revision_newest(s), "number") + 1;
	} else {
		/* Of another kind: a config that somebody made by hand. */
		s->number++;
	}
	return 0;
}

int swarm__revision_store(swarm__stack *s, swarm_error *err)
{
	int rc = 0;

	for (int tries = 0; s->stores && tries < STORE_TRIES; tries++) {
		swarm_error here = SWARM_ERROR_INIT;
		json_t *created = NULL, *revision;

		rc = create(s, &created, &here);
		if (rc == SWARM_E_CONFLICT) {
			rc = take_turn(s, err);
			if (rc)
				return rc;
			continue;
		}
		if (rc)
			return swarm__replace(err, &here);
		revision = json_pack("{s:I, s:s, s:{s:s}, s:O}", "number", s->number, "id",
				     swarm__json_string(created, "ID"), "labels",
				     SWARM__REVISION_RESULT, "pending", "document", s->document);
		json_decref(created);
		return json_array_insert_new(s->revisions, 0, revision) ? swarm__nomem(err) : 0;
	}
	return s->stores ? swarm__error(err, SWARM_E_CONFLICT,
					"other managers store revisions of stack %s: try again",
					s->name)
			 : 0;
}

/* --- the end of a run ------------------------------------------------------------------------------------------------- */

/* {service: reason} of what is held, or failed now. New; NULL without memory. */
static json_t *failures(const swarm__stack *s)
{
	json_t *failures = json_object(), *one;
	int bad = !failures;
	size_t i;

	json_array_foreach (s->held, i, one)
		bad = bad || json_object_set(failures, swarm__json_string(one, "service"),
					     json_object_get(one, "reason"));
	if (s->failed && json_is_true(json_object_get(s->failed, "rolled_back")))
		bad = bad || json_object_set(failures, swarm__json_string(s->failed, "service"),
					     json_object_get(s->failed, "reason"));
	if (!bad)
		return failures;
	json_decref(failures);
	return NULL;
}

static int set_result(const swarm__stack *s, const char *result, swarm_error *err)
{
	const json_t *newest = swarm__revision_newest(s);
	json_t *failed = failures(s), *patch = NULL;
	swarm__buffer text = { 0 };
	int rc = failed ? 0 : swarm__nomem(err);

	if (!rc && json_object_size(failed))
		rc = dump(s, failed, &text, err);
	json_decref(failed);
	if (!rc && (strcmp(swarm__revision_label(newest, SWARM__REVISION_RESULT), result) != 0 ||
		    strcmp(swarm__revision_label(newest, SWARM__REVISION_FAILED),
			   text.data ? text.data : "") != 0)) {
		patch = json_pack("{s:{s:s, s:s?}}", "Labels", SWARM__REVISION_RESULT, result,
				  SWARM__REVISION_FAILED, text.data);
		rc = patch ? swarm__object_update(s->client, SWARM_KIND_CONFIG,
						  swarm__json_string(newest, "id"), patch, NULL,
						  &s->deadline, NULL, err)
			   : swarm__nomem(err);
	}
	json_decref(patch);
	swarm__buffer_clear(&text);
	return rc;
}

/* Those that are too many; the last one that worked stays to go back to. */
static int drop_old(swarm__stack *s, swarm_error *err)
{
	size_t most = s->options->history ? s->options->history : SWARM__STACK_HISTORY;
	bool worked = false;
	json_t *revision;
	size_t i;

	json_array_foreach (s->revisions, i, revision) {
		swarm_error here = SWARM_ERROR_INIT;
		bool ok = strcmp(swarm__revision_label(revision, SWARM__REVISION_RESULT), "ok") ==
			  0;
		int rc = 0;

		if (i >= most && !(ok && !worked))
			rc = swarm_object_remove(s->client, SWARM_KIND_CONFIG,
						 swarm__json_string(revision, "id"),
						 swarm__deadline_left(&s->deadline), &here);
		worked = worked || ok;
		if (swarm__stack_is_final(rc))
			return swarm__replace(err, &here);
		if (rc && rc != SWARM_E_NOT_FOUND &&
		    swarm__stack_warn(s, err, "a revision stays: %s", here.text))
			return SWARM_E_NOMEM;
	}
	return 0;
}

int swarm__revision_finish(swarm__stack *s, const char *result, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	int rc = set_result(s, result, &here);

	if (swarm__stack_is_final(rc))
		return swarm__replace(err, &here);
	/* The run that dropped it as too old was another one. */
	if (rc && rc != SWARM_E_NOT_FOUND &&
	    swarm__stack_warn(s, err, "the result of revision %lld was not noted: %s",
			      (long long)s->number, here.text))
		return SWARM_E_NOMEM;
	return s->stores ? drop_old(s, err) : 0;
}
