/* SPDX-License-Identifier: Apache-2.0 */
/* Trees from text and back, typed reads by dotted paths, and the merge patch. */
#include "base/internal.h"

#include <string.h>

/* No member name that the engine uses and we ask for is longer. */
enum { MAX_NAME = 64 };

const json_t *swarm__json_at(const json_t *json, const char *path)
{
	while (json) {
		size_t length = strcspn(path, ".");
		char name[MAX_NAME];

		if (length >= sizeof(name))
			return NULL;
		memcpy(name, path, length);
		name[length] = '\0';
		json = json_object_get(json, name);
		if (!path[length])
			break;
		path += length + 1;
	}
	return json;
}

const char *swarm__json_string(const json_t *json, const char *path)
{
	const char *value = json_string_value(swarm__json_at(json, path));

	return value ? value : "";
}

bool swarm__json_bool(const json_t *json, const char *path)
{
	return json_is_true(swarm__json_at(json, path));
}

json_int_t swarm__json_integer(const json_t *json, const char *path)
{
	return json_integer_value(swarm__json_at(json, path));
}

void swarm__json_wipe(const json_t *json, const char *path)
{
	const json_t *string = swarm__json_at(json, path);

	/* jansson has no call to overwrite a string in place. */
	if (json_is_string(string))
		swarm__wipe((char *)(uintptr_t)json_string_value(string),
			    json_string_length(string));
}

int swarm__json_parse(const char *text, size_t size, json_t **ret_json, swarm_error *err)
{
	return swarm__json_read(text, size, NULL, ret_json, err);
}

typedef struct dump {
	swarm__buffer *buffer;
	int code;
} dump;

static int add_bytes(const char *bytes, size_t size, void *payload)
{
	dump *d = payload;

	/* jansson goes on after some of our failures, and would leave the text with a hole. */
	if (d->code)
		return -1;
	d->code = swarm__buffer_add(d->buffer, bytes, size);
	return d->code ? -1 : 0;
}

static int dump_with(const json_t *json, size_t flags, swarm__buffer *buffer)
{
	dump d = { buffer, 0 };

	if (json_dump_callback(json, add_bytes, &d, JSON_COMPACT | JSON_ENCODE_ANY | flags) == 0 &&
	    !d.code)
		return 0;
	swarm__buffer_clear(buffer);
	return d.code ? d.code : SWARM_E_NOMEM;
}

int swarm__json_dump(const json_t *json, swarm__buffer *buffer)
{
	return dump_with(json, 0, buffer);
}

int swarm__json_dump_sorted(const json_t *json, swarm__buffer *buffer)
{
	return dump_with(json, JSON_SORT_KEYS, buffer);
}

/* Both trees are ours; object is changed and takes parts of patch. 0, or -1 without memory. */
static int merge_into(json_t *object, json_t *patch)
{
	const char *name;
	json_t *value;

	json_object_foreach (patch, name, value) {
		json_t *member = json_object_get(object, name);

		if (json_is_null(value)) {
			json_object_del(object, name);
			continue;
		}
		if (!json_is_object(value)) {
			if (json_object_set(object, name, value) < 0)
				return -1;
			continue;
		}
		if (!json_is_object(member)) {
			if (json_object_set_new(object, name, json_object()) < 0)
				return -1;
			member = json_object_get(object, name);
		}
		if (merge_into(member, value) < 0)
			return -1;
	}
	return 0;
}

json_t *swarm__json_merge(const json_t *target, const json_t *patch)
{
	json_t *own = json_deep_copy(patch);
	json_t *merged;

	if (!own || !json_is_object(own))
		return own;
	merged = json_is_object(target) ? json_deep_copy(target) : json_object();
	if (merged && merge_into(merged, own) < 0) {
		json_decref(merged);
		merged = NULL;
	}
	json_decref(own);
	return merged;
}
