/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services that name an older version of a secret or config are moved to the current one: one after the
 * other, each waited for, and the first that does not run gets its previous spec back. Nothing is kept
 * between two runs but what the engine has, so a run that was cut off goes on where it was.
 */
#include "stack/internal.h"

#include <stdio.h>
#include <string.h>

static bool has_flag(const swarm__rotation *r, unsigned flag)
{
	return (r->what->flags & flag) != 0;
}

static const json_t *spec_of(const json_t *service)
{
	return json_object_get(service, "Spec");
}

static int warn_of_job(const swarm__rotation *r, const char *job, swarm_error *err)
{
	json_t *text = json_sprintf("the job %s keeps the older version of %s: a change would run "
				    "it again",
				    job, r->what->name);

	return json_array_append_new(r->warnings, text) ? swarm__nomem(err) : 0;
}

static int fail(swarm__rotation *r, const char *service, const char *reason, bool rolled_back,
		swarm_error *err)
{
	r->failed = json_pack("{s:s, s:s, s:b}", "service", service, "reason", reason,
			      "rolled_back", rolled_back);
	return r->failed ? 0 : swarm__nomem(err);
}

bool swarm__is_moved(const swarm__rotation *r, const json_t *service)
{
	if (!swarm__spec_names(r->kind, spec_of(service), r->older) ||
	    swarm__is_job(spec_of(service)))
		return false;
	return !has_flag(r, SWARM_VERSIONED_SPARE_STACKS) ||
	       !*swarm__label(service, SWARM__STACK_LABEL);
}

/* Was the move to this version cut off before anybody knew how it went? */
static bool is_unfinished(const swarm__rotation *r, const json_t *service)
{
	const char *state = swarm__json_string(service, "UpdateStatus.State");
	json_t *current;
	bool found;

	if (!*r->id || swarm__is_job(spec_of(service)) ||
	    (strcmp(state, "updating") != 0 && strcmp(state, "paused") != 0) ||
	    !swarm__spec_names(r->kind, json_object_get(service, "PreviousSpec"), r->older))
		return false;
	current = json_pack("{s:b}", r->id, 1);
	found = swarm__spec_names(r->kind, spec_of(service), current) != NULL;
	json_decref(current);
	return found;
}

/* --- services that went back from this version ------------------------------------------------------ */

/* "id:index": the service as it was when it had gone back. */
static void mark_of(const json_t *service, char *mark, size_t size)
{
	snprintf(mark, size, "%s:%lld", swarm__object_id(service),
		 (long long)swarm__json_integer(service, "Version.Index"));
}

static bool is_refused(const swarm__rotation *r, const json_t *service)
{
	const char *text = swarm__label(r->current, SWARM__REFUSED_LABEL);
	char mark[128];
	size_t length;

	mark_of(service, mark, sizeof(mark));
	length = strlen(mark);
	for (; *text; text += strcspn(text, " "), text += strspn(text, " "))
		if (strcspn(text, " ") == length && strncmp(text, mark, length) == 0)
			return true;
	return false;
}

/* Without it the next run would only send the same again. */
static int note_refused(const swarm__rotation *r, const json_t *service, swarm_error *err)
{
	const swarm__deadline deadline = swarm__stack_deadline(r->what->timeout_ms);
	char mark[128];
	json_t *patch;
	int rc;

	mark_of(service, mark, sizeof(mark));
	/* The last one is enough: those behind it were not moved. */
	patch = json_pack("{s:{s:s}}", "Labels", SWARM__REFUSED_LABEL, mark);
	if (!patch)
		return swarm__nomem(err);
	rc = swarm__object_update(r->client, r->kind, r->id, patch, NULL, &deadline, NULL, err);
	json_decref(patch);
	return rc;
}

/* --- one service ---------------------------------------------------------------------------------------- */

/* An error that says nothing of the service: it ends everything. */
static bool is_ours(int code)
{
	return code == SWARM_E_NOMEM || code == SWARM_E_CANCELED;
}

static int make_spec(void *payload, const json_t *object, json_t **ret_spec, swarm_error *err)
{
	const swarm__rotation *r = payload;
	json_t *spec = json_deep_copy(spec_of(object));

	if (!spec || swarm__spec_repoint(r->kind, spec, r->older, r->id, r->name)) {
		json_decref(spec);
		return swarm__nomem(err);
	}
	*ret_spec = spec;
	return 0;
}

static int send_move(swarm__rotation *r, const json_t *service, swarm_error *err)
{
	const swarm__deadline deadline = swarm__stack_deadline(r->what->timeout_ms);

	return swarm__update_run(r->client,
				 &(swarm__update){ .inspect = SWARM_OP_SERVICE_INSPECT,
						   .update = SWARM_OP_SERVICE_UPDATE,
						   .id = swarm__object_id(service),
						   .make = make_spec,
						   .payload = r },
				 &deadline, NULL, err);
}

/* The previous spec again, where it is the one that names an older version. */
static int go_back(const swarm__rotation *r, const char *id, bool *ret_done, swarm_error *err)
{
	const swarm__deadline deadline = swarm__stack_deadline(r->what->timeout_ms);
	json_t *service;
	int rc = swarm__object_get(r->client, SWARM_KIND_SERVICE, id, &deadline, &service, err);

	if (rc)
		return rc;
	*ret_done = swarm__spec_names(r->kind, spec_of(service), r->older) != NULL;
	if (!*ret_done &&
	    swarm__spec_names(r->kind, json_object_get(service, "PreviousSpec"), r->older)) {
		rc = swarm_service_rollback(r->client, id, swarm__deadline_left(&deadline), err);
		*ret_done = !rc;
	}
	json_decref(service);
	return rc;
}

/* After it has settled, so that the mark names the service as it stays. */
static int settle(const swarm__rotation *r, const char *id, swarm_error *err)
{
	const swarm__deadline deadline = swarm__stack_deadline(r->what->timeout_ms);
	json_t *service;
	int rc = swarm_service_wait(r->client, id, r->what->timeout_ms, NULL, err);

	if (rc)
		return rc;
	rc = swarm__object_get(r->client, SWARM_KIND_SERVICE, id, &deadline, &service, err);
	if (rc)
		return rc;
	rc = note_refused(r, service, err);
	json_decref(service);
	return rc;
}

/* why: what the wait for the service said; not NULL. */
static int give_up(swarm__rotation *r, const json_t *service, const char *why, swarm_error *err)
{
	const char *id = swarm__object_id(service);
	swarm_error here = SWARM_ERROR_INIT;
	char reason[2 * SWARM_ERROR_TEXT + 32];
	bool back = false;
	int rc = go_back(r, id, &back, &here);

	if (!rc && back)
		rc = settle(r, id, &here);
	if (is_ours(rc))
		return swarm__replace(err, &here);
	snprintf(reason, sizeof(reason), "%s%s%s", why, rc ? "; going back failed, too: " : "",
		 rc ? here.text : "");
	return fail(r, swarm__object_name(service), reason, back, err);
}

static int wait_for(swarm__rotation *r, const json_t *service, swarm_error *err)
{
	swarm_error here = SWARM_ERROR_INIT;
	swarm_converged status = { 0 };
	int rc = swarm_service_wait(r->client, swarm__object_id(service), r->what->timeout_ms,
				    &status, &here);

	/* Removed meanwhile: nothing is left to move. */
	if (rc == SWARM_E_NOT_FOUND || (!rc && !status.rolled_back))
		return 0;
	if (is_ours(rc))
		return swarm__replace(err, &here);
	/* The managers could not be asked: that says nothing of the service, and the next run waits on. */
	if (rc && rc != SWARM_E_STATE && rc != SWARM_E_TIMEOUT)
		return fail(r, swarm__object_name(service), here.text, false, err);
	return give_up(r, service, rc ? here.text : "docker rolled the update back", err);
}

static int move_one(swarm__rotation *r, const json_t *service, swarm_error *err)
{
	const char *id = swarm__spec_names(r->kind, spec_of(service), r->older);
	const char *name = swarm__object_name(service);
	swarm_error here = SWARM_ERROR_INIT;
	json_t *move;
	int rc;

	if (r->current && is_refused(r, service) && !has_flag(r, SWARM_VERSIONED_RETRY))
		return fail(r, name,
			    "it went back from this version before, and did not change since: "
			    "change the service or the content, or retry",
			    true, err);
	if (!has_flag(r, SWARM_VERSIONED_DRY_RUN)) {
		rc = send_move(r, service, &here);
		if (rc == SWARM_E_NOT_FOUND)
			return 0;
		if (is_ours(rc))
			return swarm__replace(err, &here);
		if (rc)
			return fail(r, name, here.text, false, err);
	}
	move = json_pack("{s:O, s:s}", "old", json_object_get(r->older, id), "new", r->name);
	if (json_object_set_new(r->services, name, move))
		return swarm__nomem(err);
	if (has_flag(r, SWARM_VERSIONED_DRY_RUN | SWARM_VERSIONED_NO_WAIT))
		return 0;
	return wait_for(r, service, err);
}

int swarm__rotate(swarm__rotation *r, const json_t *services, swarm_error *err)
{
	const unsigned no_wait = SWARM_VERSIONED_DRY_RUN | SWARM_VERSIONED_NO_WAIT;
	json_t *service;
	int rc = 0;
	size_t i;

	json_array_foreach (services, i, service) {
		const bool names = swarm__spec_names(r->kind, spec_of(service), r->older) != NULL;

		if (rc || r->failed)
			break;
		if (swarm__is_moved(r, service))
			rc = move_one(r, service, err);
		else if (names && swarm__is_job(spec_of(service)))
			rc = warn_of_job(r, swarm__object_name(service), err);
		else if (!has_flag(r, no_wait) && is_unfinished(r, service))
			rc = wait_for(r, service, err);
	}
	return rc;
}
