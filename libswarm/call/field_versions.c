/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of field_versions.def: which of them a body has, and what API version that takes. Deep
 * fields are looked at for this alone; whether they are right is the engine's to say.
 */
#define _GNU_SOURCE
#include "call/internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef enum body_kind { CLUSTER, SERVICE } body_kind;

static const struct {
	body_kind kind;
	const char *path;
	int since;
} fields[] = {
#define FIELD_VERSION(kind, path, since) { kind, path, since },
#include "call/field_versions.def"
#undef FIELD_VERSION
};

static const struct {
	swarm_op op;
	body_kind kind;
	const char *below; /* where in the body; "" for all of it */
} bodies[] = {
	{ SWARM_OP_SWARM_INIT, CLUSTER, "Spec" },
	{ SWARM_OP_SWARM_UPDATE, CLUSTER, "" },
	{ SWARM_OP_SERVICE_CREATE, SERVICE, "" },
	{ SWARM_OP_SERVICE_UPDATE, SERVICE, "" },
};

/* Go's decoder takes a name in any case, and the API description has one that is written wrong. */
static const json_t *find_member(const json_t *object, const char *name, size_t length)
{
	const char *key;
	json_t *value;

	json_object_foreach (swarm__json_iterable(object), key, value)
		if (strlen(key) == length && strncasecmp(key, name, length) == 0)
			return value;
	return NULL;
}

/* moby writes such a value where nothing was set, so it may come back in an update. */
static bool is_unset(const json_t *json)
{
	return json_is_false(json) || (json_is_number(json) && json_number_value(json) == 0) ||
	       (json_is_string(json) && json_string_length(json) == 0) ||
	       (json_is_array(json) && json_array_size(json) == 0);
}

/* Is there anything at the path? As deep as the path is long, whatever the body. */
static bool has(const json_t *json, const char *path, bool as_read)
{
	size_t length = strcspn(path, ".[=");
	size_t index;
	json_t *element;

	if (!json || json_is_null(json))
		return false;
	if (*path == '\0')
		return !(as_read && is_unset(json));
	if (*path == '=')
		return json_is_string(json) && strcasecmp(json_string_value(json), path + 1) == 0;
	if (*path == '.')
		return has(json, path + 1, as_read);
	if (*path == '[') {
		json_array_foreach (json, index, element)
			if (has(element, path + strlen("[]"), as_read))
				return true;
		return false;
	}
	return has(find_member(json, path, length), path + length, as_read);
}

static void require_fields(body_kind kind, const char *below, const json_t *json,
			   swarm__requirement *requirement)
{
	char name[SWARM__MAX_FIELD];

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].kind != kind || !has(json, fields[i].path, requirement->any_field))
			continue;
		snprintf(name, sizeof(name), "%s%s%s", below, *below ? "." : "", fields[i].path);
		swarm__require_version(requirement, fields[i].since, name);
	}
}

void swarm__require_field_versions(swarm_op op, const json_t *body, swarm__requirement *requirement)
{
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		const char *below = bodies[i].below;

		if (bodies[i].op == op)
			require_fields(bodies[i].kind, below,
				       *below ? json_object_get(body, below) : body, requirement);
	}
}
