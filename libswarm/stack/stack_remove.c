/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stack is removed: services, then, once their tasks are gone, networks, configs, secrets, and the stored
 * revisions last. What others use is found before anything is removed.
 */
#include "stack/deploy.h"

#include <string.h>

/* --- others that use it ----------------------------------------------------------------------------- */

static int collect_networks(const json_t *spec, json_t *used)
{
	const json_t *networks = swarm__json_at(spec, "TaskTemplate.Networks");
	json_t *network;
	size_t i;

	json_array_foreach (swarm__json_iterable(networks), i, network)
		if (json_object_set_new(used, swarm__json_string(network, "Target"), json_true()))
			return -1;
	return 0;
}

/* Does the service name an object of the stack? */
static int check_user(swarm__stack *s, const json_t *service, swarm__names *users, swarm_error *err)
{
	const json_t *spec = json_object_get(service, "Spec");
	json_t *used = json_object(), *object;
	int bad = !used || collect_networks(spec, used) ||
		  swarm__spec_collect(SWARM_KIND_SECRET, spec, used) ||
		  swarm__spec_collect(SWARM_KIND_CONFIG, spec, used);
	size_t j;

	for (int i = 0; !bad && i < SWARM__STACK_KINDS; i++) {
		const swarm__stack_kind *kind = &swarm__stack_kinds[i];

		if (kind->kind == SWARM_KIND_SERVICE)
			continue;
		json_array_foreach (json_object_get(s->found, kind->name), j, object)
			if (json_object_get(used, swarm__stack_id(object, kind)))
				swarm__names_add(users, "service %s uses %s %s",
						 swarm__object_name(service), kind->word,
						 swarm__stack_title(object, kind));
	}
	json_decref(used);
	return bad ? swarm__nomem(err) : 0;
}

static int check_users(swarm__stack *s, swarm_error *err)
{
	swarm__names users = { 0 };
	json_t *services, *service;
	size_t i;
	int rc = swarm__object_list(s->client, SWARM_KIND_SERVICE, NULL, &s->deadline, &services,
				    err);

	if (rc)
		return rc;
	json_array_foreach (services, i, service)
		if (!rc && strcmp(swarm__label(service, SWARM__STACK_LABEL), s->name) != 0)
			rc = check_user(s, service, &users, err);
	json_decref(services);
	if (!rc && *users.text)
		rc = swarm__error(err, SWARM_E_CONFLICT,
				  "stack %s cannot be removed, because others need parts of it: %s",
				  s->name, users.text);
	return rc;
}

/* --- tasks ---------------------------------------------------------------------------------------------- */

static bool is_over(const json_t *task)
{
	static const char *const states[] = { "complete", "shutdown", "failed",
					      "rejected", "remove",   "orphaned" };
	const char *state = swarm__json_string(task, "Status.State");

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (strcmp(state, states[i]) == 0)
			return true;
	return false;
}

static int count_tasks(swarm__stack *s, const swarm__deadline *deadline, size_t *ret_count,
		       swarm_error *err)
{
	char label[sizeof(SWARM__STACK_LABEL) + SWARM__MAX_OBJECT_NAME + 1];
	const swarm_pair filters[] = { { "label", label }, { NULL, NULL } };
	json_t *tasks, *task;
	size_t i;
	int rc;

	snprintf(label, sizeof(label), "%s=%s", SWARM__STACK_LABEL, s->name);
	rc = swarm__object_list(s->client, SWARM_KIND_TASK, filters, deadline, &tasks, err);
	if (rc)
		return rc;
	*ret_count = 0;
	json_array_foreach (tasks, i, task)
		*ret_count += !is_over(task);
	json_decref(tasks);
	return 0;
}

static int wait_for_tasks(swarm__stack *s, const swarm__deadline *deadline, swarm_error *err)
{
	size_t left = 0, all = 0;
	int64_t pause = 0;
	int rc;

	do {
		rc = count_tasks(s, deadline, &left, err);
		if (rc || !left)
			break;
		all = left > all ? left : all;
		swarm__progress(s->client, "tasks", all - left, all, "stack %s", s->name);
		rc = swarm__pause(s->client, deadline, &pause, err);
	} while (!rc);
	if (rc == SWARM_E_TIMEOUT && left)
		swarm__error_wrap(err, rc, "%zu task%s of stack %s did not end", left,
				  left == 1 ? "" : "s", s->name);
	return rc;
}

/* --- all of it -------------------------------------------------------------------------------------------- */

typedef struct removal {
	swarm__stack *s;
	bool dry;
	swarm__deadline deadline;
	json_t *removed;
	json_int_t revisions;
} removal;

static int remove_one(removal *r, const swarm__stack_kind *kind, const json_t *object,
		      swarm_error *err)
{
	int64_t left = swarm__deadline_left(&r->deadline);
	const char *name = swarm__stack_title(object, kind);
	swarm_network_options network = SWARM_NETWORK_OPTIONS_INIT;
	int rc = 0;

	network.timeout_ms = left ? left : 1;
	if (!r->dry && kind->kind == SWARM_KIND_NETWORK)
		rc = swarm_network_remove(r->s->client, name, &network, NULL, err);
	else if (!r->dry)
		rc = swarm_object_remove(r->s->client, kind->kind, swarm__stack_id(object, kind),
					 network.timeout_ms, err);
	if (rc == SWARM_E_NOT_FOUND) {
		swarm__error_clear(err);
		rc = 0;
	}
	return rc ? swarm__error_wrap(err, rc, "%s %s", kind->word, name) : 0;
}

static int remove_kind(removal *r, const char *name, bool revisions, swarm_error *err)
{
	const swarm__stack_kind *kind = swarm__stack_kind_named(name);
	json_t *names = json_array(), *object;
	size_t i;
	int rc = names ? 0 : swarm__nomem(err);

	json_array_foreach (json_object_get(r->s->found, name), i, object) {
		if (rc ||
		    (kind->kind == SWARM_KIND_CONFIG && swarm__is_revision(object) != revisions))
			continue;
		rc = remove_one(r, kind, object, err);
		r->revisions += revisions;
		if (!rc &&
		    json_array_append_new(names, json_string(swarm__stack_title(object, kind))))
			rc = swarm__nomem(err);
	}
	if (!rc && !revisions && json_object_set(r->removed, name, names))
		rc = swarm__nomem(err);
	json_decref(names);
	return rc;
}

static int run(removal *r, swarm_error *err)
{
	bool any = false;
	int rc = swarm__stack_read(r->s, err);

	for (int i = 0; i < SWARM__STACK_KINDS; i++)
		any = any ||
		      json_array_size(json_object_get(r->s->found, swarm__stack_kinds[i].name));
	if (!rc && any)
		rc = check_users(r->s, err);
	if (!rc)
		rc = remove_kind(r, "services", false, err);
	if (!rc && !r->dry && any)
		rc = wait_for_tasks(r->s, &r->deadline, err);
	if (!rc)
		rc = remove_kind(r, "networks", false, err);
	if (!rc)
		rc = remove_kind(r, "configs", false, err);
	if (!rc)
		rc = remove_kind(r, "secrets", false, err);
	return rc ? rc : remove_kind(r, "configs", true, err);
}

int swarm_stack_remove(swarm_client *client, const char *name, unsigned flags, int64_t timeout_ms,
		       json_t **ret_result, swarm_error *err)
{
	swarm_stack_options options = SWARM_STACK_OPTIONS_INIT;
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *result;
	swarm__stack s;
	removal r = { .s = &s, .dry = (flags & SWARM_STACK_DRY_RUN) != 0 };
	int rc;

	if (!err)
		err = &spare;
	if (!ret_result || (flags & ~SWARM_STACK_DRY_RUN))
		return swarm__error(err, SWARM_E_INVAL,
				    "ret_result is required, and no flag but SWARM_STACK_DRY_RUN "
				    "is known");
	options.timeout_ms = timeout_ms;
	r.deadline = swarm__deadline_in(timeout_ms, SWARM__STACK_WAIT_MS);
	rc = swarm__stack_begin(&s, client, name, &options, err);
	r.removed = json_object();
	if (!rc)
		rc = r.removed ? run(&r, err) : swarm__nomem(err);
	if (!rc) {
		result = json_pack("{s:s, s:O, s:I, s:O}", "name", name, "removed", r.removed,
				   "revisions", r.revisions, "warnings", s.warnings);
		rc = result ? 0 : swarm__nomem(err);
	}
	if (!rc)
		*ret_result = result;
	json_decref(r.removed);
	swarm__stack_clear(&s);
	return rc;
}
