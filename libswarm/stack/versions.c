/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of one logical name: found by a label that equals it (never by the start of a name), in
 * the order in which they were declared, and the hash that a version is called after.
 */
#include "stack/internal.h"

#include <string.h>

const char *swarm__kind_word(swarm_kind kind)
{
	return kind == SWARM_KIND_SECRET ? "secret" : "config";
}

const char *swarm__object_name(const json_t *object)
{
	return swarm__json_string(object, "Spec.Name");
}

const char *swarm__object_id(const json_t *object)
{
	return swarm__json_string(object, "ID");
}

/* --- the list ----------------------------------------------------------------------------------- */

static int compare(const void *one, const void *other)
{
	return swarm__version_order(*(const json_t *const *)one, *(const json_t *const *)other);
}

/* A new array of the objects in it that have the label, in order; NULL without memory. */
static json_t *pick(const json_t *list, const char *name)
{
	json_t **found = calloc(json_array_size(list) + 1, sizeof(json_t *));
	json_t *picked = json_array(), *object;
	size_t count = 0, i;
	int bad = !found || !picked;

	if (!bad) {
		json_array_foreach (list, i, object)
			if (strcmp(swarm__label(object, SWARM__NAME_LABEL), name) == 0)
				found[count++] = object;
		qsort(found, count, sizeof(json_t *), compare);
	}
	for (i = 0; !bad && i < count; i++)
		bad = json_array_append(picked, found[i]);
	free(found);
	if (!bad)
		return picked;
	json_decref(picked);
	return NULL;
}

int swarm__versions_read(swarm_client *client, swarm_kind kind, const char *name,
			 const swarm__deadline *deadline, json_t **ret_versions, swarm_error *err)
{
	char label[sizeof(SWARM__NAME_LABEL) + SWARM__MAX_OBJECT_NAME + 1];
	const swarm_pair filters[] = { { "label", label }, { NULL, NULL } };
	json_t *list, *versions;
	int rc;

	snprintf(label, sizeof(label), "%s=%s", SWARM__NAME_LABEL, name);
	rc = swarm__object_list(client, kind, filters, deadline, &list, err);
	if (rc)
		return rc;
	versions = pick(list, name);
	json_decref(list);
	if (!versions)
		return swarm__nomem(err);
	*ret_versions = versions;
	return 0;
}

/* --- names and hashes ----------------------------------------------------------------------------- */

static bool is_alnum(char letter)
{
	return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
	       (letter >= 'A' && letter <= 'Z');
}

int swarm__versioned_name_check(swarm_kind kind, const char *name, bool fixed, swarm_error *err)
{
	size_t most = SWARM__MAX_OBJECT_NAME - (fixed ? 0 : 1 + SWARM__HASH_DIGITS);
	size_t length = name ? strlen(name) : 0;
	bool good = length > 0 && length <= most && is_alnum(name[0]) && is_alnum(name[length - 1]);

	for (size_t i = 0; good && i < length; i++)
		good = is_alnum(name[i]) || strchr("-_.", name[i]);
	if (good)
		return 0;
	return swarm__error(
		err, SWARM_E_INVAL,
		"the name of a %s must be 1 to %zu letters, digits, '-', '_' and '.', and "
		"begin and end with a letter or digit",
		swarm__kind_word(kind), most);
}

/* Each part ends with its NUL, so that no two lists of parts give the same bytes. */
static void add_text(swarm__hmac *hmac, const char *text)
{
	swarm__hmac_add(hmac, text ? text : "", text ? strlen(text) + 1 : 1);
}

int swarm__versioned_hash(swarm_client *client, const swarm_versioned *what, const char *text,
			  const swarm__deadline *deadline, char hash[SWARM__SHA256_HEX],
			  swarm_error *err)
{
	char *driver = what->driver ? json_dumps(what->driver, JSON_COMPACT | JSON_SORT_KEYS)
				    : NULL;
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	swarm__hmac hmac;
	int rc = 0;

	if (what->driver && !driver)
		return swarm__nomem(err);
	if (!what->key) {
		rc = swarm__local_read(client, deadline, &local, err);
		if (!rc && !*local->cluster_id)
			rc = swarm__error(err, SWARM_E_NOT_MANAGER,
					  "this host is not a manager of a swarm with a leader");
	}
	if (!rc) {
		if (what->key)
			swarm__hmac_begin(&hmac, what->key, what->key_size);
		else
			swarm__hmac_begin(&hmac, local->cluster_id, strlen(local->cluster_id));
		add_text(&hmac, "libswarm/1");
		add_text(&hmac, what->template_driver);
		add_text(&hmac, driver);
		add_text(&hmac, text);
		swarm__hmac_end(&hmac, hash);
	}
	swarm__free_secret(driver);
	return rc;
}
