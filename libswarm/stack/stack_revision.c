/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revisions of a stack, each in a config of the swarm, as they are read, and what they prove: what they
 * declare was made by this library, or taken over.
 */
#include "stack/deploy.h"

#include <string.h>

/* --- reading ------------------------------------------------------------------------------------------- */

const char *swarm__revision_label(const json_t *revision, const char *label)
{
	const char *text = json_string_value(
		json_object_get(json_object_get(revision, "labels"), label));

	return text ? text : "";
}

bool swarm__is_revision(const json_t *config)
{
	return *swarm__label(config, SWARM__REVISION_LABEL) != '\0';
}

/* The document of a config; it stays NULL where somebody else wrote into it. */
static int parse_document(const json_t *config, json_t **ret_document, swarm_error *err)
{
	const char *text = swarm__json_string(config, "Spec.Data");
	swarm_error here = SWARM_ERROR_INIT;
	json_t *document = NULL;
	size_t size = 0;
	char *bytes;
	int rc;

	if (!swarm__is_base64(text))
		return 0;
	bytes = swarm__base64_bytes(text, &size);
	rc = bytes ? swarm__json_parse(bytes, size, &document, &here) : swarm__nomem(&here);
	free(bytes);
	if (rc == SWARM_E_NOMEM)
		return swarm__replace(err, &here);
	if (!rc && json_is_object(json_object_get(document, "stack")))
		*ret_document = json_incref(document);
	json_decref(document);
	return 0;
}

/* ret_revision stays NULL where the config is none that can be read. */
static int parse_revision(const json_t *config, json_t **ret_revision, swarm_error *err)
{
	const char *text = swarm__label(config, SWARM__REVISION_LABEL);
	char *end = NULL;
	long long number = strtoll(text, &end, 10);
	json_t *document = NULL;
	int rc;

	if (number < 1 || *end || strlen(text) > 9)
		return 0;
	rc = parse_document(config, &document, err);
	if (rc || !document)
		return rc;
	*ret_revision = json_pack("{s:I, s:s, s:O, s:o}", "number", (json_int_t)number, "id",
				  swarm__object_id(config), "labels",
				  swarm__json_at(config, "Spec.Labels"), "document", document);
	return *ret_revision ? 0 : swarm__nomem(err);
}

static int compare(const void *one, const void *other)
{
	json_int_t a = swarm__json_integer(*(json_t *const *)one, "number");
	json_int_t b = swarm__json_integer(*(json_t *const *)other, "number");

	return (a < b) - (a > b);
}

int swarm__revisions_read(const json_t *configs, json_t **ret_revisions, swarm_error *err)
{
	json_t **all = calloc(json_array_size(configs) + 1, sizeof(json_t *));
	json_t *sorted = json_array(), *config;
	size_t count = 0, i;
	int rc = all && sorted ? 0 : swarm__nomem(err);

	json_array_foreach (swarm__json_iterable(configs), i, config) {
		if (rc || !swarm__is_revision(config))
			continue;
		rc = parse_revision(config, &all[count], err);
		count += all[count] != NULL;
	}
	if (all)
		qsort(all, count, sizeof(json_t *), compare);
	for (i = 0; i < count; i++)
		if (json_array_append_new(sorted, all[i]))
			rc = swarm__nomem(err);
	free(all);
	if (rc) {
		json_decref(sorted);
		return rc;
	}
	json_decref(*ret_revisions);
	*ret_revisions = sorted;
	return 0;
}

const json_t *swarm__revision_newest(const swarm__stack *s)
{
	return json_array_get(s->revisions, 0);
}

/* --- what it proves ---------------------------------------------------------------------------------------- */

static bool has_text(const json_t *list, const char *text)
{
	json_t *one;
	size_t i;

	json_array_foreach (swarm__json_iterable(list), i, one)
		if (json_is_string(one) && strcmp(json_string_value(one), text) == 0)
			return true;
	return false;
}

/* The names in the engine of a document's secrets or configs are the values of a mapping. */
static bool has_value(const json_t *names, const char *name)
{
	json_t *value;
	const char *key;

	json_object_foreach (swarm__json_iterable(names), key, value)
		if (json_is_string(value) && strcmp(json_string_value(value), name) == 0)
			return true;
	return false;
}

bool swarm__revision_has(const json_t *revision, const char *kind, const char *name)
{
	const json_t *document = json_object_get(revision, "document");
	const json_t *contents = json_object_get(json_object_get(document, "contents"), kind);
	const json_t *stack = json_object_get(document, "stack");

	if (contents)
		return has_value(contents, name);
	return json_object_get(json_object_get(stack, kind), name) != NULL;
}

bool swarm__stack_owns(const swarm__stack *s, const char *kind, const char *name)
{
	const json_t *owned = swarm__json_at(swarm__revision_newest(s), "document.owned");
	json_t *revision;
	size_t i;

	if (has_text(json_object_get(owned, kind), name))
		return true;
	json_array_foreach (s->revisions, i, revision)
		if (swarm__revision_has(revision, kind, name))
			return true;
	return false;
}

const json_t *swarm__revision_service(const json_t *revision, const char *name)
{
	return json_object_get(swarm__json_at(revision, "document.stack.services"), name);
}

json_t *swarm__revision_failed(const json_t *revision)
{
	const char *text = swarm__revision_label(revision, SWARM__REVISION_FAILED);
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *failed = NULL;

	if (*text && swarm__json_parse(text, strlen(text), &failed, &spare) == SWARM_E_NOMEM)
		return NULL;
	if (json_is_object(failed))
		return failed;
	json_decref(failed);
	return json_object();
}
