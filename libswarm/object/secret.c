/*
 * Create secrets and configs from bytes. The engine accepts base64 in JSON. Each copy of a secret's
 * data that is made here is wiped.
 */
#include "object/internal.h"

#include <string.h>

enum {
	DEFAULT_TIMEOUT_MS = 60000,
	/* swarmkit: api/validation, less than so many bytes. */
	MAX_SECRET = 500 * 1024,
	MAX_CONFIG = 1000 * 1024,
};

/* New; NULL without memory. */
static char *to_base64(const unsigned char *bytes, size_t size)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = malloc((size + 2) / 3 * 4 + 1);
	char *out = text;

	for (size_t i = 0; text && i < size; i += 3) {
		size_t left = size - i;
		unsigned group = (unsigned)bytes[i] << 16;

		if (left > 1)
			group |= (unsigned)bytes[i + 1] << 8;
		if (left > 2)
			group |= bytes[i + 2];
		*out++ = letters[group >> 18];
		*out++ = letters[group >> 12 & 63];
		*out++ = left > 1 ? letters[group >> 6 & 63] : '=';
		*out++ = left > 2 ? letters[group & 63] : '=';
	}
	if (out)
		*out = '\0';
	return text;
}

static int send_spec(swarm_client *client, swarm_kind kind, const char *name, const char *data,
		     const json_t *labels, const swarm__deadline *deadline, json_t **ret_created,
		     swarm_error *err)
{
	json_t *spec = json_pack("{s:s, s:s}", "Name", name, "Data", data);
	int rc = 0;

	if (!spec || (labels && json_object_set(spec, "Labels", swarm__json_iterable(labels)) < 0))
		rc = swarm__nomem(err);
	if (!rc)
		rc = swarm__object_create(client, kind, spec, NULL, deadline, ret_created, err);
	swarm__json_wipe(spec, "Data");
	json_decref(spec);
	return rc;
}

static int create(swarm_client *client, swarm_kind kind, const char *name, const void *data,
		  size_t size, const json_t *labels, int64_t timeout_ms, char **ret_id,
		  swarm_error *err)
{
	const size_t limit = kind == SWARM_KIND_SECRET ? MAX_SECRET : MAX_CONFIG;
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	json_t *created = NULL;
	char *text;
	int rc;

	if (!client || !name || !*name || !data)
		return swarm__error(err, SWARM_E_INVAL, "client, name and data are required");
	if (swarm__utf8_check("the name", name, err))
		return SWARM_E_INVAL;
	if (labels && !json_is_object(labels))
		return swarm__error(err, SWARM_E_INVAL, "labels must be an object of strings");
	if (size == 0 || size >= limit)
		return swarm__error(err, SWARM_E_INVAL, "data must be 1 to %zu bytes, not %zu",
				    limit - 1, size);
	text = to_base64(data, size);
	if (!text)
		return swarm__nomem(err);
	rc = send_spec(client, kind, name, text, labels, &deadline, &created, err);
	swarm__free_secret(text);
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
