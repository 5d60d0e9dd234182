/* SPDX-License-Identifier: Apache-2.0 */
/* Names of secrets and configs: their ids, those that others have taken, and external ones. */
#include "stack/deploy.h"

#include <string.h>

/* Names of all objects to their ids; a logical name is that of its newest version. */
int swarm__stack_fill_ids(swarm__stack *s, const swarm__stack_kind *kind, swarm_error *err)
{
	json_t *ids = json_object_get(s->ids, kind->name), *all = json_array(), *object, *pick;
	const char *name;
	size_t i;
	int bad = !all || json_array_extend(all, json_object_get(s->found, kind->name)) ||
		  json_array_extend(all, json_object_get(s->others, kind->name));

	bad = bad || swarm__logical_ids(all, ids);
	json_array_foreach (all, i, object)
		bad = bad || json_object_set_new(ids, swarm__object_name(object),
						 json_string(swarm__object_id(object)));
	json_object_foreach (json_object_get(s->picked, kind->name), name, pick)
		if (strcmp(swarm__json_string(pick, "action"), "create") == 0)
			bad = bad || json_object_set_new(ids, swarm__json_string(pick, "name"),
							 json_string(SWARM__NEW_ID));
	json_decref(all);
	return bad ? swarm__nomem(err) : 0;
}

/* Others' configs are listed only where one is to be created. */
int swarm__stack_check_names(swarm__stack *s, const swarm__stack_kind *kind, swarm_error *err)
{
	const json_t *picks = json_object_get(s->picked, kind->name);
	json_t *others = json_object_get(s->others, kind->name), *list = NULL, *pick;
	swarm_pair *filters = calloc(json_object_size(picks) + 1, sizeof(*filters));
	const char *name;
	size_t count = 0;
	int rc = 0;

	if (!filters)
		return swarm__nomem(err);
	json_object_foreach (swarm__json_iterable(picks), name, pick)
		if (strcmp(swarm__json_string(pick, "action"), "create") == 0)
			filters[count++] = (swarm_pair){ "name", swarm__json_string(pick, "name") };
	if (count && !json_array_size(others) && kind->kind == SWARM_KIND_CONFIG)
		rc = swarm__object_list(s->client, kind->kind, filters, &s->deadline, &list, err);
	if (list && json_array_extend(others, list))
		rc = swarm__nomem(err);
	json_decref(list);
	for (size_t i = 0; !rc && i < count; i++) {
		const json_t *other = swarm__stack_find(others, kind, filters[i].value);
		const char *stack = swarm__stack_label(other, kind, SWARM__STACK_LABEL);

		if (other && strcmp(stack, s->name) != 0)
			rc = swarm__stack_slip(s, SWARM_E_CONFLICT, err,
					       "%s %s exists already, and belongs to %s%s: choose "
					       "another name, or declare it external",
					       kind->word, filters[i].value,
					       *stack ? "stack " : "no stack", stack);
	}
	free(filters);
	return rc;
}

int swarm__stack_check_externals(swarm__stack *s, const swarm__stack_kind *kind, swarm_error *err)
{
	const json_t *ids = json_object_get(s->ids, kind->name);
	const json_t *external = json_object_get(json_object_get(s->wanted, "external"),
						 kind->name);
	json_t *name;
	size_t i;
	int rc = 0;

	json_array_foreach (swarm__json_iterable(external), i, name)
		if (!rc && !json_object_get(ids, json_string_value(name)))
			rc = swarm__stack_slip(s, SWARM_E_NOT_FOUND, err,
					       "external %s %s does not exist: create it first",
					       kind->word, json_string_value(name));
	return rc;
}
