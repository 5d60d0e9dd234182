/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Create secrets and configs from bytes. The engine accepts base64 in JSON. Each copy of a secret's
 * data that is made here is wiped.
 */
#include "object/internal.h"
#include "spec/internal.h"

#include <string.h>

enum {
	DEFAULT_TIMEOUT_MS = 60000,
};

int swarm__content_check(swarm_kind kind, size_t size, swarm_error *err)
{
	const size_t limit = kind == SWARM_KIND_SECRET ? SWARM__MAX_SECRET : SWARM__MAX_CONFIG;

	if (size > 0 && size < limit)
		return 0;
	return swarm__error(err, SWARM_E_INVAL, "data must be 1 to %zu bytes, not %zu", limit - 1,
			    size);
}

int swarm__content_create(swarm_client *client, swarm_kind kind, json_t *spec, const char *text,
			  const swarm__deadline *deadline, json_t **ret_created, swarm_error *err)
{
	int rc;

	if (text && json_object_set_new(spec, "Data", json_string(text)))
		return swarm__nomem(err);
	rc = swarm__object_create(client, kind, spec, NULL, deadline, ret_created, err);
	swarm__json_wipe(spec, "Data");
	json_object_del(spec, "Data");
	return rc;
}

static int create(swarm_client *client, swarm_kind kind, const char *name, const void *data,
		  size_t size, const json_t *labels, int64_t timeout_ms, char **ret_id,
		  swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	json_t *spec, *created = NULL;
	char *text;
	int rc;

	if (!client || !name || !*name || !data)
		return swarm__error(err, SWARM_E_INVAL, "client, name and data are required");
	if (swarm__utf8_check("the name", name, err))
		return SWARM_E_INVAL;
	if (labels && !json_is_object(labels))
		return swarm__error(err, SWARM_E_INVAL, "labels must be an object of strings");
	rc = swarm__content_check(kind, size, err);
	if (rc)
		return rc;
	text = swarm__base64(data, size);
	spec = json_pack("{s:s}", "Name", name);
	if (!text || !spec ||
	    (labels && json_object_set(spec, "Labels", swarm__json_iterable(labels)) < 0))
		rc = swarm__nomem(err);
	if (!rc)
		rc = swarm__content_create(client, kind, spec, text, &deadline, &created, err);
	swarm__free_secret(text);
	json_decref(spec);
	if (!rc && ret_id) {
		*ret_id = strdup(swarm__json_string(created, "ID"));
		rc = *ret_id ? 0 : swarm__nomem(err);
	}
	json_decref(created);
	return rc;
}

int swarm_secret_create(swarm_client *client, const char *name, const void *data, size_t size,
			const json_t *labels, int64_t timeout_ms, char **ret_id, swarm_error *err)
{
	return create(client, SWARM_KIND_SECRET, name, data, size, labels, timeout_ms, ret_id, err);
}

int swarm_config_create(swarm_client *client, const char *name, const void *data, size_t size,
			const json_t *labels, int64_t timeout_ms, char **ret_id, swarm_error *err)
{
	return create(client, SWARM_KIND_CONFIG, name, data, size, labels, timeout_ms, ret_id, err);
}
