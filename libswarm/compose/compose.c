/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps from documents to a stack, in their order, and the names of the documents in the lines that
 * they made.
 */
#include "compose/internal.h"

#include <stdio.h>
#include <string.h>

enum {
	MAX_DOCUMENTS = 100,
	MAX_SERVICES = 1000,
};

bool swarm__is_true(const json_t *value)
{
	static const char *const yes[] = { "true", "yes", "on", "y" };
	const char *text = json_string_value(value);

	for (size_t i = 0; text && i < sizeof(yes) / sizeof(*yes); i++)
		if (strcmp(text, yes[i]) == 0)
			return true;
	return json_is_true(value);
}

bool swarm__is_over(const swarm__compose *c)
{
	return c->lines.nomem || c->error->code;
}

/* --- which document a line is about ------------------------------------------------------------------------ */

/* How much of a place is in a tree, in characters; a name may have dots in it. */
static size_t reach(const json_t *tree, const char *place)
{
	size_t best = 0, index = 0;
	const json_t *found = NULL;
	const char *name;
	json_t *value;
	int used = 0;

	if (*place == '[' && sscanf(place, "[%zu]%n", &index, &used) == 1 && used) {
		found = json_array_get(tree, index);
		best = (size_t)used;
	}
	json_object_foreach (swarm__json_iterable(tree), name, value) {
		size_t length = strlen(name);

		if (length > best && strncmp(place, name, length) == 0 &&
		    (!place[length] || strchr(".[:", place[length]))) {
			best = length;
			found = value;
		}
	}
	if (!found)
		return 0;
	place += best;
	return best + (*place == '['               ? reach(found, place)
		       : *place == '.' && place[1] ? 1 + reach(found, place + 1)
						   : 0);
}

/* The last document that has the most of a place. */
static size_t find_document(const swarm__compose *c, const char *line)
{
	size_t most = 0, found = json_array_size(c->documents) - 1;

	for (size_t i = json_array_size(c->documents); i-- > 0;) {
		size_t length = reach(json_array_get(c->documents, i), line);

		if (length > most) {
			most = length;
			found = i;
		}
	}
	return found;
}

static json_t *named_line(const swarm__compose *c, size_t document, const char *line)
{
	const char *name = json_string_value(json_array_get(c->options->names, document));

	if (name)
		return json_sprintf("%s: %s", name, line);
	return json_sprintf("document %zu: %s", document + 1, line);
}

/* Put the name of a document in front of the lines from one on; -1: of the one that they are about. */
static void name_lines(swarm__compose *c, json_t *lines, size_t from, long document)
{
	if (!c->options->names && json_array_size(c->documents) < 2 && document <= 0)
		return;
	for (size_t i = from; i < json_array_size(lines); i++) {
		const char *line = json_string_value(json_array_get(lines, i));
		size_t at = document < 0 ? find_document(c, line) : (size_t)document;

		if (json_array_set_new(lines, i, named_line(c, at, line)))
			c->lines.nomem = true;
	}
}

/* --- the steps ----------------------------------------------------------------------------------------------- */

/* Each document by itself. */
static void read_all(swarm__compose *c, const json_t *documents)
{
	json_t *document;
	size_t i;

	json_array_foreach (swarm__json_iterable(documents), i, document) {
		size_t slips = json_array_size(c->lines.slips);
		size_t warnings = json_array_size(c->lines.warnings);
		json_t *own = swarm__document_read(c, document);

		if (own)
			swarm__canonical(c, own);
		swarm__spec_add(&c->lines, c->documents, own ? own : json_object());
		name_lines(c, c->lines.slips, slips, (long)i);
		name_lines(c, c->lines.warnings, warnings, (long)i);
	}
}

static void merge_all(swarm__compose *c)
{
	json_t *document;
	size_t i;

	c->merged = swarm__spec_new(&c->lines, json_deep_copy(json_array_get(c->documents, 0)));
	json_array_foreach (c->documents, i, document)
		if (i && c->merged)
			swarm__merge_documents(c, c->merged, document);
}

static void find_name(swarm__compose *c)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	const json_t *written = json_object_get(c->merged, "name");
	const char *name = json_string_value(written);

	c->stack = c->options->name ? c->options->name : name ? name : "";
	if (written && !json_is_null(written) && (!name || strcmp(name, c->stack) != 0))
		swarm__slip(&c->lines, "name", "must be the stack's, %.60s, or be left out",
			    c->stack);
	if (!*c->stack)
		swarm__slip(&c->lines, "", "the stack has no name: give one, or write name");
	else if (strspn(c->stack, letters) != strlen(c->stack) || strchr("_-", *c->stack))
		swarm__slip(
			&c->lines, "",
			"'%.60s' cannot be the name of a stack: letters, digits, - and _, with a "
			"letter or digit first",
			c->stack);
}

/* The routing mesh has each published port once. */
static void check_ports(swarm__compose *c, const json_t *stack)
{
	json_t *taken = swarm__spec_new(&c->lines, json_object());
	const char *name, *other;
	json_t *spec, *port;
	char key[64], place[SWARM__MAX_PLACE];
	size_t i;

	json_object_foreach (json_object_get(stack, "services"), name, spec)
		json_array_foreach (json_object_get(json_object_get(spec, "EndpointSpec"), "Ports"),
				    i, port) {
			snprintf(key, sizeof(key), "%lld/%.10s",
				 (long long)swarm__json_integer(port, "PublishedPort"),
				 swarm__json_string(port, "Protocol"));
			other = json_string_value(json_object_get(taken, key));
			if (*key == '0' ||
			    strcmp(swarm__json_string(port, "PublishMode"), "ingress") != 0)
				continue;
			swarm__spec_place(place, "services", name + strlen(c->stack) + 1);
			if (other && strcmp(other, name) != 0)
				swarm__slip(&c->lines, place, "port %s is published by %s, too",
					    key, other);
			swarm__spec_put(&c->lines, taken, key, json_string(name));
		}
	json_decref(taken);
}

static json_t *new_stack(swarm__compose *c)
{
	return swarm__spec_new(
		&c->lines,
		json_pack(
			"{s:s, s:{}, s:{}, s:{}, s:{}, s:{s:[], s:[], s:[]}, s:{s:{}, s:{}}, s:{}}",
			"name", c->stack, "services", "networks", "secrets", "configs", "external",
			"networks", "secrets", "configs", "sources", "secrets", "configs",
			"depends_on"));
}

static void convert_all(swarm__compose *c, json_t *stack)
{
	const json_t *services = json_object_get(c->merged, "services");
	json_t *used = swarm__spec_new(&c->lines, json_object());
	const char *name;
	json_t *service;

	if (json_object_size(services) > MAX_SERVICES)
		swarm__slip(&c->lines, "services", "are over %d", MAX_SERVICES);
	else
		json_object_foreach (swarm__json_iterable(services), name, service)
			if (used && !swarm__is_over(c))
				swarm__add_service(c, stack, name, service, used);
	if (used && !swarm__is_over(c)) {
		swarm__add_objects(c, stack, used);
		swarm__check_order(c);
		check_ports(c, stack);
	}
	json_decref(used);
}

/* The stack, new; NULL without memory, or where a callback ended it. */
static json_t *run(swarm__compose *c, const json_t *documents)
{
	json_t *stack = NULL;
	size_t slips, warnings;

	read_all(c, documents);
	slips = json_array_size(c->lines.slips);
	warnings = json_array_size(c->lines.warnings);
	if (!swarm__is_over(c))
		merge_all(c);
	if (!swarm__is_over(c)) {
		find_name(c);
		stack = new_stack(c);
	}
	if (stack)
		convert_all(c, stack);
	name_lines(c, c->lines.slips, slips, -1);
	name_lines(c, c->lines.warnings, warnings, -1);
	return stack;
}

/* --- arguments and results ------------------------------------------------------------------------------------ */

static int check_texts(const char *name, const json_t *texts, swarm_error *err)
{
	const char *key;
	json_t *value;
	size_t i;

	json_object_foreach (swarm__json_iterable(texts), key, value)
		if (!json_is_string(value))
			return swarm__error(err, SWARM_E_INVAL, "%s: %s must be a string", name,
					    key);
	json_array_foreach (swarm__json_iterable(texts), i, value)
		if (!json_is_string(value))
			return swarm__error(err, SWARM_E_INVAL, "each of %s must be a string",
					    name);
	return 0;
}

static int check_arguments(const json_t *documents, const swarm_compose_options *o,
			   swarm_error *err)
{
	json_t *document;
	size_t i;
	int rc;

	if (o->size != sizeof(*o) || o->flags)
		return swarm__error(err, SWARM_E_INVAL, "start from SWARM_COMPOSE_OPTIONS_INIT");
	if (!json_array_size(documents) || json_array_size(documents) > MAX_DOCUMENTS)
		return swarm__error(err, SWARM_E_INVAL, "documents must be 1 to %d, in an array",
				    MAX_DOCUMENTS);
	json_array_foreach (swarm__json_iterable(documents), i, document)
		if (!json_is_object(document))
			return swarm__error(err, SWARM_E_INVAL, "document %zu must be a mapping",
					    i + 1);
	if ((o->env && !json_is_object(o->env)) || (o->names && !json_is_array(o->names)))
		return swarm__error(err, SWARM_E_INVAL,
				    "env must be an object, names an array of strings");
	if (o->base_dir && *o->base_dir != '/')
		return swarm__error(err, SWARM_E_INVAL, "base_dir must be an absolute path");
	rc = check_texts("env", o->env, err);
	return rc ? rc : check_texts("names", o->names, err);
}

static void clear(swarm__compose *c)
{
	json_decref(c->lines.slips);
	json_decref(c->lines.warnings);
	json_decref(c->documents);
	json_decref(c->merged);
	json_decref(c->told);
	json_decref(c->referred);
}

/* 0 with the lines filled, and with the stack where there are no slips. */
static int compose(const json_t *documents, const swarm_compose_options *options, swarm__compose *c,
		   json_t **ret_stack, swarm_error *err)
{
	static const swarm_compose_options none = SWARM_COMPOSE_OPTIONS_INIT;
	static const swarm_spec_options spec = SWARM_SPEC_OPTIONS_INIT;
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *stack = NULL;
	int rc;

	*c = (swarm__compose){ .options = options ? options : &none, .error = &spare };
	c->lines.options = &spec;
	rc = check_arguments(documents, c->options, err);
	if (rc)
		return rc;
	c->lines.slips = swarm__spec_new(&c->lines, json_array());
	c->lines.warnings = swarm__spec_new(&c->lines, json_array());
	c->documents = swarm__spec_new(&c->lines, json_array());
	c->told = swarm__spec_new(&c->lines, json_object());
	c->referred = swarm__spec_new(&c->lines, json_pack("{s:{}, s:{}}", "secrets", "configs"));
	if (!c->lines.nomem)
		stack = run(c, documents);
	c->error = NULL;
	if (c->lines.nomem || spare.code) {
		json_decref(stack);
		return c->lines.nomem ? swarm__nomem(err)
				      : swarm__error(err, spare.code, "%s", spare.text);
	}
	*ret_stack = stack;
	return 0;
}

int swarm_compose_check(const json_t *documents, const swarm_compose_options *options,
			json_t **ret_slips, swarm_error *err)
{
	json_t *stack = NULL;
	swarm__compose c;
	int rc;

	if (!documents || !ret_slips)
		return swarm__error(err, SWARM_E_INVAL, "documents and ret_slips are required");
	rc = compose(documents, options, &c, &stack, err);
	if (!rc)
		*ret_slips = json_incref(c.lines.slips);
	json_decref(stack);
	clear(&c);
	return rc;
}

int swarm_compose_convert(const json_t *documents, const swarm_compose_options *options,
			  json_t **ret_stack, json_t **ret_warnings, swarm_error *err)
{
	char text[SWARM_ERROR_TEXT] = "";
	json_t *stack = NULL, *line;
	size_t used = 0, i;
	swarm__compose c;
	int rc;

	if (!documents || !ret_stack)
		return swarm__error(err, SWARM_E_INVAL, "documents and ret_stack are required");
	rc = compose(documents, options, &c, &stack, err);
	if (!rc) {
		json_array_foreach (c.lines.slips, i, line)
			if (used < sizeof(text))
				used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
							 i ? "; " : "", json_string_value(line));
		if (used)
			rc = swarm__error(err, SWARM_E_INVAL, "%s", text);
	}
	if (!rc) {
		*ret_stack = json_incref(stack);
		if (ret_warnings)
			*ret_warnings = json_incref(c.lines.warnings);
	}
	json_decref(stack);
	clear(&c);
	return rc;
}
