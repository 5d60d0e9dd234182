/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of a call against the operation's row, before anything is sent: id, query
 * parameters, credentials and top-level body fields must not be missing, unknown or of the wrong
 * type. What they need of the engine's API version is gathered here and compared in prepare.c,
 * which knows the version.
 */
#include "call/internal.h"

#include <stdio.h>
#include <string.h>

static bool is_number(const char *value)
{
	size_t digits = strspn(value, "0123456789");

	/* 20 digits hold any uint64, which is what Version.Index is. */
	return digits >= 1 && digits <= 20 && value[digits] == '\0';
}

static bool is_boolean(const char *value)
{
	return strcmp(value, "1") == 0 || strcmp(value, "0") == 0 || strcmp(value, "true") == 0 ||
	       strcmp(value, "false") == 0;
}

/* Lists, or {"name":{"a":true}}, the older form that every engine takes. */
static int check_filters(const swarm_op_info *row, const swarm_pair *query, swarm_error *err)
{
	json_t *json = NULL;
	json_t *member;
	const char *name;
	bool good;

	if (swarm__json_parse(query->value, strlen(query->value), &json, NULL) == SWARM_E_NOMEM)
		return swarm__nomem(err);
	good = json_is_object(json);
	json_object_foreach (json, name, member)
		good = good && (json_is_array(member) || json_is_object(member));
	json_decref(json);
	return good ? 0
		    : swarm__error(err, SWARM_E_INVAL,
				   "%s: parameter %s must be a JSON object of lists", row->name,
				   query->name);
}

static int check_query_value(const swarm_op_info *row, const swarm_pair *query, char type,
			     swarm_error *err)
{
	const char *must = NULL;

	if (!query->value)
		must = "have a value";
	else if (type == 'b' && !is_boolean(query->value))
		must = "be 1, 0, true or false";
	else if (type == 'i' && !is_number(query->value))
		must = "be a whole number";
	else if (type == 'f')
		return check_filters(row, query, err);
	return must ? swarm__error(err, SWARM_E_INVAL, "%s: parameter %s must %s", row->name,
				   query->name, must)
		    : 0;
}

static const char *query_value(const swarm_pair *query, const swarm__field *field)
{
	for (; query && query->name; query++)
		if (strlen(query->name) == field->length &&
		    memcmp(query->name, field->name, field->length) == 0)
			return query->value;
	return NULL;
}

static int check_query(const swarm_op_info *row, const swarm_pair *query,
		       swarm__requirement *requirement, swarm_error *err)
{
	const char *list = row->query;
	swarm__field field;

	for (const swarm_pair *q = query; q && q->name; q++) {
		int rc;

		if (!swarm__field_find(row->query, q->name, &field) || field.type == 'h')
			return swarm__error(err, SWARM_E_INVAL, "%s takes no parameter '%s'",
					    row->name, q->name);
		for (const swarm_pair *other = query; other != q; other++)
			if (strcmp(other->name, q->name) == 0)
				return swarm__error(err, SWARM_E_INVAL,
						    "%s: parameter %s is given twice", row->name,
						    q->name);
		rc = check_query_value(row, q, field.type, err);
		if (rc)
			return rc;
		swarm__require_version(requirement, field.since, q->name);
	}
	while (swarm__field_next(&list, &field))
		if (field.required && !query_value(query, &field))
			return swarm__error(err, SWARM_E_INVAL, "%s needs the parameter %.*s",
					    row->name, (int)field.length, field.name);
	return 0;
}

bool swarm__has_type(const json_t *value, char type)
{
	switch (type) {
	case 's':
		return json_is_string(value);
	case 'b':
		return json_is_boolean(value);
	case 'i':
		return json_is_integer(value);
	case 'o':
		return json_is_object(value);
	default:
		return json_is_array(value);
	}
}

const char *swarm__type_name(char type)
{
	switch (type) {
	case 's':
		return "a string";
	case 'b':
		return "true or false";
	case 'i':
		return "a whole number";
	case 'o':
		return "an object";
	default:
		return "a list";
	}
}

/* A null counts as not there: the engine itself writes it for empty lists and maps. */
static int check_field(const swarm_op_info *row, const json_t *body, const swarm__field *field,
		       swarm__requirement *requirement, swarm_error *err)
{
	const json_t *value = json_object_getn(body, field->name, field->length);
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)field->length, field->name);
	if (!value || json_is_null(value)) {
		if (!field->required)
			return 0;
		return swarm__error(err, SWARM_E_INVAL, "%s needs the field %s", row->name, name);
	}
	if (!swarm__has_type(value, field->type))
		return swarm__error(err, SWARM_E_INVAL, "%s: the field %s must be %s", row->name,
				    name, swarm__type_name(field->type));
	swarm__require_version(requirement, field->since, name);
	return 0;
}

static int check_body(const swarm_op_info *row, const json_t *body, swarm__requirement *requirement,
		      swarm_error *err)
{
	const char *list = row->body;
	swarm__field field;
	const char *name;
	json_t *value;

	if (!*list)
		return body ? swarm__error(err, SWARM_E_INVAL, "%s takes no body", row->name) : 0;
	/* moby takes a missing body for one with all fields empty, which an update would write. */
	if (!json_is_object(body))
		return swarm__error(err, SWARM_E_INVAL, "%s needs a body, a JSON object",
				    row->name);
	json_object_foreach (swarm__json_iterable(body), name, value)
		if (!requirement->any_field && !swarm__field_find(row->body, name, &field))
			return swarm__error(err, SWARM_E_INVAL, "%s takes no field '%s'", row->name,
					    name);
	while (swarm__field_next(&list, &field)) {
		int rc = check_field(row, body, &field, requirement, err);

		if (rc)
			return rc;
	}
	return 0;
}

/* Is what stands between two slashes empty, "." or ".."? */
static bool is_bad_segment(const char *text)
{
	size_t length = strcspn(text, "/");

	return length == 0 || (length <= 2 && strncmp(text, "..", length) == 0);
}

/*
 * The engine's router looks at the decoded path (moby: gorilla/mux without UseEncodedPath), so an
 * encoded slash would lead to another endpoint, and a dot segment too. No id or name in swarm mode
 * has either; the name of an image has slashes, with something between them.
 */
static int check_id(const swarm_op_info *row, const char *id, swarm_error *err)
{
	bool slashes = strstr(row->path, "{name}");

	if (!strchr(row->path, '{'))
		return id ? swarm__error(err, SWARM_E_INVAL, "%s takes no id", row->name) : 0;
	if (!id || !*id)
		return swarm__error(err, SWARM_E_INVAL, "%s needs an id", row->name);
	if (!slashes && strchr(id, '/'))
		return swarm__error(err, SWARM_E_INVAL, "%s: an id has no slash", row->name);
	for (const char *part = id; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
		if (is_bad_segment(part))
			return swarm__error(err, SWARM_E_INVAL,
					    "%s: no part of an id is empty, . or ..", row->name);
	return 0;
}

static bool has_text(const json_t *object, const char *name)
{
	return json_string_length(json_object_get(object, name)) != 0;
}

/* moby takes anything else for no credentials, and those that a service has are lost then. */
static bool is_usable(const json_t *auth)
{
	return (has_text(auth, "username") && has_text(auth, "password")) ||
	       has_text(auth, "identitytoken") || has_text(auth, "registrytoken");
}

/* The texts quote no value, and only names that the engine has: the rest may be the secret. */
static int check_registry_auth(const swarm_op_info *row, const json_t *auth, swarm_error *err)
{
	/* moby: api/types/registry, AuthConfig. */
	static const char names[] = "username:s password:s serveraddress:s email:s auth:s "
				    "identitytoken:s registrytoken:s";
	swarm__field field;
	const char *name;
	json_t *value;

	if (!auth)
		return 0;
	if (!swarm__field_find(row->query, SWARM__AUTH_HEADER, &field))
		return swarm__error(err, SWARM_E_INVAL, "%s takes no registry_auth", row->name);
	if (!json_is_object(auth) || json_object_size(auth) == 0)
		return swarm__error(err, SWARM_E_INVAL,
				    "%s: registry_auth must be an object with credentials",
				    row->name);
	json_object_foreach (swarm__json_iterable(auth), name, value) {
		if (!swarm__field_find(names, name, &field))
			return swarm__error(err, SWARM_E_INVAL,
					    "%s: registry_auth has a member that is unknown",
					    row->name);
		if (!json_is_string(value))
			return swarm__error(err, SWARM_E_INVAL,
					    "%s: registry_auth: the field %s must be a string",
					    row->name, name);
	}
	if (!is_usable(auth))
		return swarm__error(err, SWARM_E_INVAL,
				    "%s: registry_auth must have username and password, "
				    "identitytoken or registrytoken",
				    row->name);
	return 0;
}

int swarm__check_arguments(const swarm_op_info *row, const swarm_call_options *options,
			   swarm__requirement *requirement, swarm_error *err)
{
	int rc = check_id(row, options->id, err);

	swarm__require_version(requirement, row->since, row->name);
	if (rc == 0)
		rc = check_query(row, options->query, requirement, err);
	if (rc == 0)
		rc = check_registry_auth(row, options->registry_auth, err);
	if (rc == 0)
		rc = check_body(row, options->body, requirement, err);
	if (rc == 0)
		swarm__require_field_versions(row->op, options->body, requirement);
	return rc;
}
