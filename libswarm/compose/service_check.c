/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine refuses only after half of a stack is there: the names of its objects, and the order of
 * services.
 */
#include "compose/internal.h"

#include <stdio.h>
#include <string.h>

/* --- names of objects (swarmkit: manager/controlapi) ------------------------------------------------------------ */

void swarm__check_name(swarm__compose *c, const char *place, const char *section, const char *name)
{
	bool is_file = strcmp(section, "secrets") == 0 || strcmp(section, "configs") == 0;
	const char *more = is_file ? "-_." : "-_";
	size_t most = is_file ? 64 : 63;

	if (!swarm__is_object_name(name, more, most))
		swarm__slip(
			&c->lines, place,
			"cannot be called '%.80s' in the engine: at most %zu letters, digits, %s, "
			"with a letter or digit at both ends",
			name, most, is_file ? "-, _ and ." : "- and _");
}

/* --- order ---------------------------------------------------------------------------------------------------------- */

/* Between blanks. */
static bool is_among(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words + 1; length && *at; at += strcspn(at, " ") + 1)
		if (strcspn(at, " ") == length && strncmp(at, word, length) == 0)
			return true;
	return false;
}

typedef struct order {
	swarm__compose *c;
	const json_t *services;
	json_t *seen; /* {service: true once all below it were looked at, false on the way} */
} order;

static void check_condition(const order *o, const char *place, const json_t *entry)
{
	static const char words[] =
		" service_started service_healthy service_completed_successfully ";
	const char *condition = swarm__json_string(entry, "condition");

	if (*condition && !is_among(words, condition))
		swarm__slip_choice(&o->c->lines, place, "condition", words, condition);
}

/* Depth first; as deep as there are services. */
static void visit(order *o, const char *name, const json_t *service)
{
	char place[SWARM__MAX_PLACE];
	const char *other;
	json_t *entry;

	swarm__spec_put(&o->c->lines, o->seen, name, json_false());
	json_object_foreach (json_object_get(service, "depends_on"), other, entry) {
		const json_t *below = json_object_get(o->services, other);
		const json_t *seen = json_object_get(o->seen, other);

		snprintf(place, sizeof(place), "services.%.100s.depends_on", name);
		check_condition(o, place, entry);
		if (!below && (!json_object_get(entry, "required") ||
			       swarm__is_true(json_object_get(entry, "required"))))
			swarm__slip(&o->c->lines, place, "there is no service '%.60s'", other);
		else if (json_is_false(seen))
			swarm__slip(&o->c->lines, place, "'%.60s' depends on this one in turn",
				    other);
		else if (below && !seen && !o->c->lines.nomem)
			visit(o, other, below);
	}
	swarm__spec_put(&o->c->lines, o->seen, name, json_true());
}

void swarm__check_order(swarm__compose *c)
{
	order o = { c, json_object_get(c->merged, "services"),
		    swarm__spec_new(&c->lines, json_object()) };
	const char *name;
	json_t *service;

	if (!o.seen)
		return;
	json_object_foreach (swarm__json_iterable(o.services), name, service)
		if (!json_object_get(o.seen, name))
			visit(&o, name, service);
	json_decref(o.seen);
}
