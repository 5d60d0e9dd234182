/* SPDX-License-Identifier: Apache-2.0 */
/* What a caller declares of a secret or config, before anything is asked of an engine. */
#include "stack/internal.h"

#include <string.h>

static int check_labels(const json_t *labels, swarm_error *err)
{
	static const char own[] = "libswarm.";
	const char *label;
	json_t *value;

	if (labels && !json_is_object(labels))
		return swarm__error(err, SWARM_E_INVAL, "labels must be an object of strings");
	json_object_foreach (swarm__json_iterable(labels), label, value) {
		if (!json_is_string(value) && !json_is_null(value))
			return swarm__error(err, SWARM_E_INVAL, "label '%s' must be a string",
					    label);
		if (strncmp(label, own, strlen(own)) == 0)
			return swarm__error(err, SWARM_E_INVAL,
					    "label '%s' is one of the library's own: choose a name "
					    "that does not begin with '%s'",
					    label, own);
	}
	return 0;
}

static int check_content(swarm_kind kind, const swarm_versioned *what, swarm_error *err)
{
	if (!what->driver) {
		if (!what->data)
			return swarm__error(err, SWARM_E_INVAL, "data is required");
		return swarm__content_check(kind, what->data_size, err);
	}
	if (kind != SWARM_KIND_SECRET || what->data)
		return swarm__error(err, SWARM_E_INVAL,
				    "a driver is for secrets, and gives their data itself");
	if (!json_is_object(what->driver) || !*swarm__json_string(what->driver, "Name"))
		return swarm__error(err, SWARM_E_INVAL, "a driver is an object with a Name");
	return 0;
}

int swarm__versioned_check(const swarm_client *client, swarm_kind kind, const swarm_versioned *what,
			   json_t **ret_result, swarm_error *err)
{
	int rc;

	if (!client || !what || !ret_result ||
	    (kind != SWARM_KIND_SECRET && kind != SWARM_KIND_CONFIG))
		return swarm__error(err, SWARM_E_INVAL,
				    "client, a secret or config, and ret_result are required");
	if (what->size != sizeof(*what))
		return swarm__error(err, SWARM_E_INVAL, "start from SWARM_VERSIONED_INIT");
	if (what->key && !what->key_size)
		return swarm__error(err, SWARM_E_INVAL, "the key of the hash is empty");
	rc = swarm__versioned_name_check(kind, what->name, what->flags & SWARM_VERSIONED_FIXED_NAME,
					 err);
	if (!rc)
		rc = swarm__utf8_check("the template driver", what->template_driver, err);
	if (!rc)
		rc = check_labels(what->labels, err);
	return rc ? rc : check_content(kind, what, err);
}
