/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine's answers must look like before anything is concluded from them: an object that was
 * asked for has its id, a list has objects, a spec can be sent back. Another shape is SWARM_E_JSON, and
 * never "no such object", an empty list or a malformed argument.
 */
#include "common/internal.h"

#include <string.h>

/* swarmkit's ids have 25 characters, those of local networks 64. */
enum { MAX_ID = 128 };

bool swarm__is_id(const char *id)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-";
	size_t length = strlen(id);

	return length > 0 && length <= MAX_ID && strspn(id, letters) == length;
}

int swarm__shape_object(const char *what, const json_t *object, const char *id_path,
			swarm_error *err)
{
	if (!json_is_object(object))
		return swarm__error(err, SWARM_E_JSON, "%s: expected object", what);
	if (!swarm__is_id(swarm__json_string(object, id_path)))
		return swarm__error(err, SWARM_E_JSON, "%s.%s: expected id", what, id_path);
	return 0;
}

/* moby resolves a full id, then an exact name, then the start of an id. */
int swarm__shape_answers(const char *what, const char *id, const char *name, const char *ref,
			 swarm_error *err)
{
	if (strncmp(id, ref, strlen(ref)) == 0 || (name && strcmp(name, ref) == 0))
		return 0;
	return swarm__error(err, SWARM_E_JSON, "asked for the %s '%s', the engine answered with %s",
			    what, ref, id);
}

int swarm__shape_list(const char *what, const json_t *list, const char *id_path, swarm_error *err)
{
	/* moby: null is an empty list. */
	if (json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return swarm__error(err, SWARM_E_JSON, "%s list: expected array", what);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *object = json_array_get(list, i);

		if (!json_is_object(object))
			return swarm__error(err, SWARM_E_JSON, "[%zu].%s: expected object", i,
					    what);
		if (!swarm__is_id(swarm__json_string(object, id_path)))
			return swarm__error(err, SWARM_E_JSON, "[%zu].%s.%s: expected id", i, what,
					    id_path);
	}
	return 0;
}

int swarm__shape_spec(swarm_op update, const json_t *spec, swarm_error *err)
{
	const char *fields = swarm_op_get((int)update)->body;
	swarm__field field;

	if (!json_is_object(spec))
		return swarm__error(err, SWARM_E_JSON, "Spec: expected object");
	while (swarm__field_next(&fields, &field)) {
		const json_t *value = json_object_getn(spec, field.name, field.length);
		bool missing = !value || json_is_null(value);

		if (missing ? field.required : !swarm__has_type(value, field.type))
			return swarm__error(err, SWARM_E_JSON, "Spec.%.*s: expected %s",
					    (int)field.length, field.name,
					    swarm__type_name(field.type));
	}
	return 0;
}

int swarm__shape_version(const json_t *object, uint64_t *ret_version, swarm_error *err)
{
	const json_t *index = swarm__json_at(object, "Version.Index");

	/* moby leaves a zero out, and parses the index as uint64; jansson refuses one over 2^63-1. */
	if (index && (!json_is_integer(index) || json_integer_value(index) < 0))
		return swarm__error(err, SWARM_E_JSON, "Version.Index: expected an integer from 0");
	*ret_version = (uint64_t)json_integer_value(index);
	return 0;
}

/* --- the caller's texts ---------------------------------------------------------------------- */

int swarm__utf8_check(const char *what, const char *text, swarm_error *err)
{
	size_t size = text ? strlen(text) : 0;

	for (size_t at = 0, length; at < size; at += length) {
		length = swarm__utf8_length(text + at, size - at);
		if (!length)
			return swarm__error(err, SWARM_E_INVAL, "%s is not UTF-8 text", what);
	}
	return 0;
}
