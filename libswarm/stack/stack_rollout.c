/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The services of a stack, sent in the order of depends_on and waited for: those that depend on others come
 * once these have settled. The first one that fails ends it.
 */
#include "events/internal.h"
#include "stack/deploy.h"

#include <string.h>

/* So many running services change at the same time. */
enum { PARALLEL = 4 };

int swarm__stack_fail(swarm__stack *s, const char *service, const char *reason, swarm_error *err)
{
	if (s->failed)
		return 0;
	s->failed = json_pack("{s:s, s:s, s:b}", "service", service, "reason", reason,
			      "rolled_back", 0);
	return s->failed ? 0 : swarm__nomem(err);
}

/* --- sending ------------------------------------------------------------------------------------------ */

typedef struct sending {
	swarm__stack *s;
	swarm__stack_service *service;
} sending;

static const json_t *auth_of(const sending *w)
{
	return swarm__stack_auth(w->s, swarm__json_string(w->service->words, "image"));
}

/* As the object is now; another writer may have come first. */
static int make_spec(void *payload, const json_t *object, json_t **ret_spec, swarm_error *err)
{
	sending *w = payload;
	json_t *spec;
	int rc = swarm__stack_merge(w->s, w->service, object, &spec, err);

	if (rc)
		return rc;
	/* Another service takes its place. */
	if (strcmp(w->service->action, "replace") == 0) {
		json_decref(spec);
		spec = json_incref(json_object_get(object, "Spec"));
	}
	*ret_spec = spec;
	return 0;
}

static int set_sent(sending *w, const json_t *id, swarm_error *err)
{
	json_decref(w->service->sent_id);
	w->service->sent_id = json_incref(swarm__json_iterable(id));
	return json_is_string(id)
		       ? 0
		       : swarm__error(err, SWARM_E_JSON, "service %s has no ID", w->service->name);
}

static int send_new(sending *w, swarm_error *err)
{
	json_t *created = NULL;
	int rc = swarm__object_create(w->s->client, SWARM_KIND_SERVICE, w->service->becomes,
				      auth_of(w), &w->s->deadline, &created, err);

	if (!rc)
		rc = set_sent(w, json_object_get(created, "ID"), err);
	json_decref(created);
	return rc;
}

/* What another manager did already is not our change. */
static void forget(sending *w)
{
	json_t *services = json_object_get(w->s->changes, "services");

	json_object_del(services, w->service->name);
	if (!json_object_size(services))
		json_object_del(w->s->changes, "services");
}

static int send_change(sending *w, const json_t *object, swarm_error *err)
{
	const char *id = swarm__object_id(object);
	json_t *answer = NULL;
	const swarm__update update = { .inspect = SWARM_OP_SERVICE_INSPECT,
				       .update = SWARM_OP_SERVICE_UPDATE,
				       .id = id,
				       .make = make_spec,
				       .payload = w,
				       .registry_auth = auth_of(w),
				       .ret_answer = &answer };
	int rc = swarm__update_run(w->s->client, &update, &w->s->deadline, NULL, err);
	bool sent = answer != NULL;

	json_decref(answer);
	if (rc)
		return rc;
	if (strcmp(w->service->action, "replace") == 0) {
		rc = swarm_object_remove(w->s->client, SWARM_KIND_SERVICE, id,
					 swarm__deadline_left(&w->s->deadline), err);
		return rc ? rc : send_new(w, err);
	}
	if (!sent)
		forget(w);
	return sent ? set_sent(w, json_object_get(object, "ID"), err) : 0;
}

static int send_created(sending *w, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	json_t *object;
	int rc = swarm__stack_merge(w->s, w->service, NULL, NULL, err);

	if (rc)
		return rc;
	rc = send_new(w, &here);
	if (rc != SWARM_E_CONFLICT)
		return rc ? swarm__replace(err, &here) : 0;
	/* Another manager made it at the same moment. */
	rc = swarm__object_get(w->s->client, SWARM_KIND_SERVICE, w->service->name, &w->s->deadline,
			       &object, err);
	if (rc)
		return rc;
	json_decref(w->service->object);
	w->service->object = object;
	if (strcmp(swarm__label(object, SWARM__STACK_LABEL), w->s->name) != 0)
		return swarm__replace(err, &here);
	return send_change(w, object, err);
}

/* A refusal of the engine is a failure of the service; what the caller or memory ended is an error. */
static int send(swarm__stack *s, swarm__stack_service *service, swarm_error *err)
{
	sending w = { .s = s, .service = service };
	swarm_error here = SWARM_ERROR_INIT;
	int rc;

	swarm__stack_step(s);
	rc = service->object ? send_change(&w, service->object, &here) : send_created(&w, &here);
	if (swarm__stack_is_final(rc))
		return swarm__replace(err, &here);
	return rc ? swarm__stack_fail(s, service->name, here.text, err) : 0;
}

/* --- waiting --------------------------------------------------------------------------------------------- */

typedef struct group {
	swarm__stack *s;
	swarm__stack_service **services;
	swarm__settling **settlings; /* NULL: is over */
	size_t count;
	swarm__deadline deadline;
} group;

static void group_clear(group *g)
{
	for (size_t i = 0; g->settlings && i < g->count; i++)
		swarm__settling_free(g->settlings[i]);
	free(g->settlings);
	free(g->services);
	g->services = NULL;
	g->settlings = NULL;
	g->count = 0;
}

static int group_begin(group *g, swarm_error *err)
{
	g->settlings = calloc(g->count + 1, sizeof(*g->settlings));
	if (!g->settlings)
		return swarm__nomem(err);
	for (size_t i = 0; i < g->count; i++) {
		g->settlings[i] = swarm__settling_new(json_string_value(g->services[i]->sent_id),
						      SWARM__SETTLE_EXPLAIN);
		if (!g->settlings[i])
			return swarm__nomem(err);
	}
	g->deadline = swarm__deadline_in(g->s->options->timeout_ms, SWARM__STACK_WAIT_MS);
	return 0;
}

/* Say how the wait for one ended. */
static int end(group *g, size_t i, swarm_error *err)
{
	/* The time of the wait may be over. */
	const swarm__deadline soon = swarm__stack_deadline(0);
	swarm__settled settled;
	int rc = swarm__settling_end(g->s->client, g->settlings[i], &soon, &settled, err);

	swarm__settling_free(g->settlings[i]);
	g->settlings[i] = NULL;
	if (rc)
		return rc;
	return settled.outcome == SWARM__CONVERGED
		       ? 0
		       : swarm__stack_fail(g->s, g->services[i]->name, settled.text, err);
}

static int look(group *g, size_t *ret_left, swarm_error *err)
{
	int rc = 0;

	*ret_left = 0;
	for (size_t i = 0; !rc && !g->s->failed && i < g->count; i++) {
		swarm__outcome outcome;

		if (!g->settlings[i])
			continue;
		rc = swarm__settling_look(g->s->client, g->settlings[i], &g->deadline, &outcome,
					  err);
		if (rc == SWARM_E_NOT_FOUND) {
			swarm__error_clear(err);
			rc = swarm__stack_fail(g->s, g->services[i]->name,
					       "it was removed meanwhile", err);
		} else if (!rc && outcome != SWARM__GOES_ON) {
			rc = end(g, i, err);
		} else if (!rc) {
			++*ret_left;
		}
	}
	return rc;
}

/* The first that did not settle in time; it had at least one look. */
static int time_out(group *g, swarm_error *err)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->settlings[i])
			return end(g, i, err);
	return 0;
}

static int wait_for(group *g, swarm_error *err)
{
	swarm__watch SWARM__AUTO_WATCH watch = { .client = g->s->client, .type = "service" };
	swarm_error here = SWARM_ERROR_INIT;
	int64_t pause = 0;
	bool looked = false;
	size_t left = 0;
	int rc;

	do {
		rc = look(g, &left, &here);
		if (rc || !left || g->s->failed)
			break;
		looked = true;
		rc = swarm__watch_pause(&watch, &g->deadline, &pause, &here);
	} while (!rc);
	if (rc == SWARM_E_TIMEOUT && looked)
		return time_out(g, err);
	return rc ? swarm__replace(err, &here) : 0;
}

/* --- one level after the other ------------------------------------------------------------------------------ */

static bool is_sent(const swarm__stack_service *service)
{
	return service->becomes && !service->held;
}

/* Send the next services of a level, as many as may change together; *from goes on. */
static int send_group(group *g, size_t level, size_t *from, swarm_error *err)
{
	swarm__stack *s = g->s;
	size_t running = 0;
	int rc = 0;

	g->services = calloc(s->service_count + 1, sizeof(swarm__stack_service *));
	if (!g->services)
		return swarm__nomem(err);
	for (; !rc && !s->failed && *from < s->service_count; ++*from) {
		swarm__stack_service *service = &s->services[*from];

		if (service->level != level || !is_sent(service))
			continue;
		if (running == PARALLEL && !swarm__stack_is_on(s, SWARM_STACK_NO_WAIT))
			break;
		running += service->object != NULL;
		rc = send(s, service, err);
		if (service->sent_id)
			g->services[g->count++] = service;
	}
	return rc;
}

static int roll_out_level(swarm__stack *s, size_t level, swarm_error *err)
{
	size_t from = 0;
	int rc = 0;

	while (!rc && !s->failed && from < s->service_count) {
		group g = { .s = s };

		rc = send_group(&g, level, &from, err);
		if (!rc && !s->failed && !swarm__stack_is_on(s, SWARM_STACK_NO_WAIT)) {
			rc = group_begin(&g, err);
			if (!rc)
				rc = wait_for(&g, err);
		}
		group_clear(&g);
	}
	return rc;
}

int swarm__stack_roll_out(swarm__stack *s, swarm_error *err)
{
	size_t last = 0;
	int rc = 0;

	for (size_t i = 0; i < s->service_count; i++)
		last = s->services[i].level > last ? s->services[i].level : last;
	for (size_t level = 0; !rc && !s->failed && level <= last; level++)
		rc = roll_out_level(s, level, err);
	return rc;
}
