/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a declared secret or config: services are moved, and older versions go that none names, in its
 * spec or in the one that it could be rolled back to.
 */
#include "stack/internal.h"

static bool is_dry(const swarm__put *p)
{
	return (p->what->flags & SWARM_VERSIONED_DRY_RUN) != 0;
}

/* What services name, once those that are moved in a dry run have been moved. */
static json_t *used_ids(const swarm__put *p, const swarm__rotation *r, const json_t *services)
{
	json_t *used = json_object(), *service;
	bool bad = !used;
	size_t i;

	json_array_foreach (services, i, service) {
		bool moved = is_dry(p) && swarm__is_moved(r, service);

		bad = bad || swarm__spec_collect(p->kind, json_object_get(service, "Spec"), used);
		if (!moved)
			bad = bad ||
			      swarm__spec_collect(p->kind, json_object_get(service, "PreviousSpec"),
						  used);
	}
	if (!bad)
		return used;
	json_decref(used);
	return NULL;
}

/* A service may have come to name it since: the engine refuses then, and it stays. */
static int remove_older(const swarm__put *p, const json_t *object, json_t *removed,
			swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	int rc = is_dry(p) ? 0
			   : swarm_object_remove(p->client, p->kind, swarm__object_id(object),
						 p->what->timeout_ms, &here);
	json_t *line;

	if (rc == SWARM_E_NOMEM || rc == SWARM_E_CANCELED)
		return swarm__replace(err, &here);
	if (rc == SWARM_E_NOT_FOUND)
		return 0;
	line = rc ? json_sprintf("%s stays: %s", swarm__object_name(object), here.text)
		  : json_string(swarm__object_name(object));
	return json_array_append_new(rc ? p->warnings : removed, line) ? swarm__nomem(err) : 0;
}

static int prune(const swarm__put *p, const swarm__rotation *r, const json_t *services,
		 swarm_error *err)
{
	json_t *used = used_ids(p, r, services), *removed = json_array(), *object;
	size_t i, older = 0;
	int rc = used && removed ? 0 : swarm__nomem(err);

	json_array_foreach (p->versions, i, object) {
		if (rc || object == p->current || object == p->replaced ||
		    older++ < p->what->keep || json_object_get(used, swarm__object_id(object)))
			continue;
		rc = remove_older(p, object, removed, err);
	}
	if (!rc && json_array_size(removed))
		rc = json_object_set(p->changes, "removed", removed) ? swarm__nomem(err) : 0;
	json_decref(used);
	json_decref(removed);
	return rc;
}

int swarm__services_read(const swarm__put *p, json_t **ret_services, swarm_error *err)
{
	const swarm__deadline deadline = swarm__stack_deadline(p->what->timeout_ms);

	return swarm__object_list(p->client, SWARM_KIND_SERVICE, NULL, &deadline, ret_services,
				  err);
}

/* Services are listed again before anything is removed: others write, too. */
int swarm__versioned_finish(const swarm__put *p, swarm__rotation *r, json_t **services,
			    swarm_error *err)
{
	int rc = swarm__rotate(r, *services, err);

	if (rc || r->failed)
		return rc;
	if (!is_dry(p) && json_object_size(r->services)) {
		json_decref(*services);
		*services = NULL;
		rc = swarm__services_read(p, services, err);
	}
	return rc ? rc : prune(p, r, *services, err);
}
