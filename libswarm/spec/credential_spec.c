/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The credential spec of a Windows container, where it is a config: a name for callers, an id in the spec, and
 * a reference to the config that shows it in no file. Knows no other field.
 */
#include "spec/internal.h"

#include <string.h>

static const json_t *config_ids(const swarm_spec_options *options)
{
	return options->ids ? json_object_get(options->ids, "configs") : NULL;
}

/* Of one that has versions that of the newest; NULL: the name is not there. */
static const json_t *id_of(const json_t *known)
{
	return json_is_object(known) ? json_object_get(known, "id") : known;
}

/* The name of a caller, or of the engine; NULL: no config has the id. */
static const char *find_name(const json_t *ids, const char *id, bool of_engine)
{
	const char *name;
	json_t *known;

	json_object_foreach (swarm__json_iterable(ids), name, known) {
		const char *has = json_string_value(id_of(known));

		if (has && strcmp(has, id) == 0)
			return of_engine && json_is_object(known)
				       ? swarm__json_string(known, "name")
				       : name;
	}
	return NULL;
}

static json_t *parse_config(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			    const json_t *given)
{
	json_t *text = swarm__spec_text_of(c, place, row->kind->expects, given);
	const json_t *ids = config_ids(c->options);
	const json_t *id;

	if (!text || !ids)
		return text;
	id = id_of(json_object_get(ids, json_string_value(text)));
	if (!json_is_string(id) && find_name(ids, json_string_value(text), false))
		return text;
	if (!json_is_string(id))
		swarm__slip(c, place, "config '%.64s' does not exist in the swarm",
			    json_string_value(text));
	json_decref(text);
	return json_is_string(id) ? json_incref(swarm__json_iterable(id)) : NULL;
}

static json_t *read_config(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	return swarm__kind_TEXT.read(c, row, stored);
}

static json_t *show_config(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal)
{
	const char *name = find_name(config_ids(c->options), json_string_value(normal), false);

	(void)row;
	return name ? swarm__spec_new(c, json_string(name))
		    : json_incref(swarm__json_iterable(normal));
}

const swarm__spec_kind swarm__kind_CREDENTIAL = { .expects = "the name of a config",
						  .parse = parse_config,
						  .read = read_config,
						  .write = swarm__spec_write_copy,
						  .show = show_config };

/* --- the reference, as docker/cli makes it ---------------------------------------------------------------- */

static const char *config_of(const json_t *spec)
{
	return swarm__json_string(spec,
				  "TaskTemplate.ContainerSpec.Privileges.CredentialSpec.Config");
}

static bool is_reference(const json_t *reference, const char *id)
{
	return json_is_object(json_object_get(reference, "Runtime")) &&
	       strcmp(swarm__json_string(reference, "ConfigID"), id) == 0;
}

static void remove_references(json_t *configs, const char *id)
{
	size_t i = json_array_size(configs);

	while (i-- > 0)
		if (is_reference(json_array_get(configs, i), id))
			json_array_remove(configs, i);
}

static int add_reference(json_t *container, const json_t *ids, const char *id)
{
	const char *name = find_name(ids, id, true);
	json_t *configs = json_object_get(container, "Configs"), *one;
	size_t i;

	json_array_foreach (configs, i, one)
		if (is_reference(one, id))
			return 0;
	if (!name)
		return 0;
	if (!json_is_array(configs)) {
		configs = json_array();
		if (json_object_set_new(container, "Configs", configs))
			return -1;
	}
	return json_array_append_new(configs, json_pack("{s:s, s:s, s:{}}", "ConfigID", id,
							"ConfigName", name, "Runtime"));
}

/* moby refuses one without a member. */
static void remove_empty(json_t *container)
{
	json_t *privileges = json_object_get(container, "Privileges");
	const json_t *credentials = json_object_get(privileges, "CredentialSpec");

	if (json_is_object(credentials) && !*swarm__json_string(credentials, "Config") &&
	    !*swarm__json_string(credentials, "File") &&
	    !*swarm__json_string(credentials, "Registry"))
		json_object_del(privileges, "CredentialSpec");
}

int swarm__spec_settle_credentials(const json_t *before, json_t *spec,
				   const swarm_spec_options *options)
{
	json_t *container = json_object_get(json_object_get(spec, "TaskTemplate"), "ContainerSpec");
	const char *old = config_of(before), *new = config_of(spec);

	remove_empty(container);
	if (strcmp(old, new) == 0)
		return 0;
	if (*old)
		remove_references(json_object_get(container, "Configs"), old);
	return *new ? add_reference(container, config_ids(options), new) : 0;
}
