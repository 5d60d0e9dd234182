/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets and configs by a logical name: each content is an object of its own, a version, which has the
 * logical name in a label. A name in a service's description means the version declared last.
 */
#include "object/internal.h"

#include <string.h>

const char *swarm__label(const json_t *object, const char *label)
{
	const json_t *labels = swarm__json_at(object, "Spec.Labels");
	const char *text = json_string_value(json_object_get(labels, label));

	return text ? text : "";
}

json_int_t swarm__version_number(const json_t *object)
{
	const char *text = swarm__label(object, SWARM__VERSION_LABEL);
	/* Not over what an increment still holds. */
	enum { MOST_DIGITS = 9 };

	return strlen(text) <= MOST_DIGITS ? strtol(text, NULL, 10) : 0;
}

int swarm__version_order(const json_t *one, const json_t *other)
{
	json_int_t a = swarm__version_number(one), b = swarm__version_number(other);
	int order;

	if (a != b)
		return a < b ? 1 : -1;
	order = strcmp(swarm__json_string(other, "CreatedAt"),
		       swarm__json_string(one, "CreatedAt"));
	return order ? order
		     : strcmp(swarm__json_string(one, "ID"), swarm__json_string(other, "ID"));
}

/* The object that has the logical name as its own, and no label, is what a service has always meant. */
static bool is_taken(const json_t *list, const char *logical)
{
	json_t *object;
	size_t i;

	json_array_foreach (list, i, object)
		if (strcmp(swarm__json_string(object, "Spec.Name"), logical) == 0)
			return strcmp(swarm__label(object, SWARM__NAME_LABEL), logical) != 0;
	return false;
}

int swarm__logical_ids(const json_t *list, json_t *ids)
{
	json_t *newest = json_object(), *object;
	const char *logical;
	int bad = !newest;
	size_t i;

	json_array_foreach (list, i, object) {
		const json_t *other;

		logical = swarm__label(object, SWARM__NAME_LABEL);
		other = json_object_get(newest, logical);
		if (bad || !*logical || (other && swarm__version_order(other, object) < 0))
			continue;
		bad = json_object_set(newest, logical, object);
	}
	json_object_foreach (newest, logical, object) {
		if (bad || is_taken(list, logical))
			continue;
		bad = json_object_set_new(ids, logical,
					  json_pack("{s:s, s:s}", "id",
						    swarm__json_string(object, "ID"), "name",
						    swarm__json_string(object, "Spec.Name")));
	}
	json_decref(newest);
	return bad ? -1 : 0;
}
