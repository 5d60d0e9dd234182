/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a failure: the services that were sent get the spec back that they had, in the reverse order, new
 * ones go, and so do networks that were made for them. Secrets are pruned last, so the old ones are there.
 */
#include "stack/deploy.h"

#include <string.h>

/* The former spec; tasks that were restarted on purpose are not restarted again. */
static int make_former(void *payload, const json_t *object, json_t **ret_spec, swarm_error *err)
{
	const swarm__stack_service *service = payload;
	const json_t *former = json_object_get(service->object, "Spec");
	const json_t *force = swarm__json_at(object, "Spec.TaskTemplate.ForceUpdate");
	json_t *spec = json_deep_copy(former);
	json_t *task = json_object_get(spec, "TaskTemplate");

	if (!spec ||
	    (force && task && json_object_set(task, "ForceUpdate", swarm__json_iterable(force)))) {
		json_decref(spec);
		return swarm__nomem(err);
	}
	*ret_spec = spec;
	return 0;
}

static int give_back(swarm__stack *s, swarm__stack_service *service, swarm_error *err)
{
	const swarm__update update = { .inspect = SWARM_OP_SERVICE_INSPECT,
				       .update = SWARM_OP_SERVICE_UPDATE,
				       .id = json_string_value(service->sent_id),
				       .make = make_former,
				       .payload = service };

	return swarm__update_run(s->client, &update, &s->deadline, NULL, err);
}

static int take_away(swarm__stack *s, swarm__stack_service *service, swarm_error *err)
{
	int rc = swarm_object_remove(s->client, SWARM_KIND_SERVICE,
				     json_string_value(service->sent_id),
				     swarm__deadline_left(&s->deadline), err);

	if (rc == SWARM_E_NOT_FOUND) {
		swarm__error_clear(err);
		return 0;
	}
	return rc;
}

/* A service that took the place of one of another mode. */
static int make_again(swarm__stack *s, swarm__stack_service *service, swarm_error *err)
{
	json_t *created = NULL;
	int rc = take_away(s, service, err);

	if (!rc)
		rc = swarm__object_create(s->client, SWARM_KIND_SERVICE,
					  json_object_get(service->object, "Spec"), NULL,
					  &s->deadline, &created, err);
	if (!rc) {
		json_decref(service->sent_id);
		service->sent_id = json_incref(json_object_get(created, "ID"));
	}
	json_decref(created);
	return rc;
}

static int restore(swarm__stack *s, swarm__stack_service *service, swarm_error *err)
{
	swarm__stack_step(s);
	if (!service->object)
		return take_away(s, service, err);
	if (strcmp(service->action, "replace") == 0)
		return make_again(s, service, err);
	return give_back(s, service, err);
}

static int wait_for(swarm__stack *s, const swarm__stack_service *service, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(s->options->timeout_ms, SWARM__STACK_WAIT_MS);
	swarm__settled settled;
	int rc;

	if (!service->object || !json_is_string(service->sent_id) ||
	    swarm__stack_is_on(s, SWARM_STACK_NO_WAIT))
		return 0;
	/* The engine may have gone back by itself. */
	rc = swarm__service_settle(s->client, json_string_value(service->sent_id), 0, &deadline,
				   &settled, err);
	if (!rc && settled.outcome != SWARM__CONVERGED && settled.outcome != SWARM__ROLLED_BACK)
		rc = swarm__error(err, SWARM_E_STATE, "%s", settled.text);
	return rc;
}

/* What does not go back is a warning: the failure itself is what is reported. */
static int note(swarm__stack *s, int rc, const swarm_error *why, const char *what, bool *bad,
		swarm_error *err)
{
	if (swarm__stack_is_final(rc))
		return swarm__replace(err, why);
	if (!rc)
		return 0;
	*bad = true;
	return swarm__stack_warn(s, err, "going back failed: %s: %s", what, why->text);
}

static int remove_networks(swarm__stack *s, bool *bad, swarm_error *err)
{
	swarm_network_options options = SWARM_NETWORK_OPTIONS_INIT;
	const char *name;
	json_t *change;
	int rc = 0;

	json_object_foreach (json_object_get(s->changes, "networks"), name, change) {
		swarm_error here = SWARM_ERROR_INIT;

		if (rc || strcmp(swarm__json_string(change, "action"), "create") != 0)
			continue;
		rc = swarm_network_remove(s->client, name, &options, NULL, &here);
		rc = note(s, rc, &here, name, bad, err);
	}
	return rc;
}

int swarm__stack_restore(swarm__stack *s, swarm_error *err)
{
	bool bad = false;
	int rc = 0;

	for (size_t i = s->service_count; !rc && i > 0; i--) {
		swarm__stack_service *service = &s->services[i - 1];
		swarm_error here = SWARM_ERROR_INIT;

		if (service->sent_id)
			rc = restore(s, service, &here);
		rc = note(s, rc, &here, service->name, &bad, err);
	}
	for (size_t i = 0; !rc && i < s->service_count; i++) {
		swarm_error here = SWARM_ERROR_INIT;

		if (s->services[i].sent_id)
			rc = wait_for(s, &s->services[i], &here);
		rc = note(s, rc, &here, s->services[i].name, &bad, err);
	}
	if (!rc)
		rc = remove_networks(s, &bad, err);
	if (!rc && json_object_set_new(s->failed, "rolled_back", json_boolean(!bad)))
		rc = swarm__nomem(err);
	return rc;
}
