/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New credentials for a registry, to all services that have an image of it. The engine keeps credentials
 * for each service, shows them nowhere, and takes what it gets without a look; so they are tried by
 * looking an image up, and a label says which ones a service has.
 */
#include "object/internal.h"

#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000, MAX_VERSION = 256 };

#define LABEL "libswarm.registry_auth"

typedef struct login {
	swarm_client *client;
	const char *registry;
	const json_t *auth;
	const char *version;
	bool dry;
	swarm__deadline deadline;
	json_t *sent, *skipped; /* names of services */
} login;

static const char *image_of(const json_t *service)
{
	return swarm__json_string(service, "Spec.TaskTemplate.ContainerSpec.Image");
}

static bool is_job(const json_t *service)
{
	const json_t *mode = swarm__json_at(service, "Spec.Mode");

	return json_object_get(mode, "ReplicatedJob") || json_object_get(mode, "GlobalJob");
}

static bool is_of_registry(const login *l, const json_t *service)
{
	const char *image = image_of(service);

	return *image && swarm__image_is_of(image, l->registry);
}

/* A rollback restores the earlier credentials, and the label with them. */
static bool has_version(const login *l, const json_t *service)
{
	const char *version = json_string_value(
		json_object_get(swarm__json_at(service, "Spec.Labels"), LABEL));

	return version && strcmp(version, l->version) == 0;
}

/* Any image tells; one that is gone says nothing of the credentials. */
static int try_credentials(const login *l, const json_t *services, swarm_error *err)
{
	json_t *service;
	size_t i;

	json_array_foreach (swarm__json_iterable(services), i, service) {
		swarm_error here = SWARM_ERROR_INIT;
		json_t *found = NULL;
		int rc = swarm__image_resolve(l->client, image_of(service), l->auth, &l->deadline,
					      &found, &here);

		json_decref(found);
		if (rc != SWARM_E_NOT_FOUND)
			return rc ? swarm__replace(err, &here) : 0;
	}
	return 0;
}

static int send(const login *l, const json_t *service, swarm_error *err)
{
	json_t *patch = json_pack("{s:{s:s}}", "Labels", LABEL, l->version);
	int rc;

	if (!patch)
		return swarm__nomem(err);
	rc = swarm__object_update(l->client, SWARM_KIND_SERVICE, swarm__json_string(service, "ID"),
				  patch, l->auth, &l->deadline, NULL, err);
	json_decref(patch);
	return rc;
}

static int send_all(const login *l, const json_t *services, swarm_error *err)
{
	json_t *service;
	size_t i;

	json_array_foreach (swarm__json_iterable(services), i, service) {
		const char *name = swarm__json_string(service, "Spec.Name");
		json_t *list = is_job(service) ? l->skipped : l->sent;
		/* Each update of a job runs it again. */
		int rc = l->dry || is_job(service) ? 0 : send(l, service, err);

		if (rc == SWARM_E_NOT_FOUND) {
			swarm__error_clear(err);
			continue;
		}
		if (rc)
			return swarm__error_wrap(err, rc, "service %s", name);
		if (json_array_append_new(list, json_string(name)))
			return swarm__nomem(err);
	}
	return 0;
}

/* The services that need them; new. */
static int find_services(const login *l, json_t **ret_services, swarm_error *err)
{
	json_t *list, *service, *found;
	size_t i;
	int rc = swarm__object_list(l->client, SWARM_KIND_SERVICE, NULL, &l->deadline, &list, err);

	if (rc)
		return rc;
	found = json_array();
	rc = found ? 0 : swarm__nomem(err);
	json_array_foreach (list, i, service)
		if (!rc && is_of_registry(l, service) && !has_version(l, service) &&
		    json_array_append(found, service))
			rc = swarm__nomem(err);
	json_decref(list);
	if (rc)
		json_decref(found);
	else
		*ret_services = found;
	return rc;
}

static int check(const login *l, json_t **ret_result, swarm_error *err)
{
	if (!l->client || !l->registry || !*l->registry || !json_is_object(l->auth) ||
	    !l->version || !*l->version || !ret_result)
		return swarm__error(err, SWARM_E_INVAL,
				    "client, registry, registry_auth, version and ret_result are "
				    "required");
	if (strlen(l->version) > MAX_VERSION)
		return swarm__error(err, SWARM_E_INVAL, "version is over %d bytes", MAX_VERSION);
	return swarm__utf8_check("version", l->version, err);
}

int swarm_registry_login(swarm_client *client, const char *registry, const json_t *registry_auth,
			 const char *version, unsigned flags, int64_t timeout_ms,
			 json_t **ret_result, swarm_error *err)
{
	login l = { .client = client,
		    .registry = registry,
		    .auth = registry_auth,
		    .version = version,
		    .dry = (flags & SWARM_REGISTRY_DRY_RUN) != 0,
		    .deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS) };
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *services = NULL, *result = NULL;
	int rc;

	if (!err)
		err = &spare;
	rc = check(&l, ret_result, err);
	if (rc)
		return rc;
	l.sent = json_array();
	l.skipped = json_array();
	rc = l.sent && l.skipped ? find_services(&l, &services, err) : swarm__nomem(err);
	if (!rc)
		rc = try_credentials(&l, services, err);
	if (!rc)
		rc = send_all(&l, services, err);
	if (!rc) {
		result = json_pack("{s:O, s:O}", "services", l.sent, "skipped", l.skipped);
		rc = result ? 0 : swarm__nomem(err);
	}
	if (!rc)
		*ret_result = result;
	json_decref(l.sent);
	json_decref(l.skipped);
	json_decref(services);
	return rc;
}
