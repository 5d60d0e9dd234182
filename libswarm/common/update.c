/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Change an object of the cluster: read it, merge a patch into the tree that was read, send that
 * with the index read, and again where another writer came first. The engine replaces the whole
 * object, so what this library does not know of must come back as it was read. Knows no object's
 * meaning.
 */
#include "common/internal.h"

#include <stdio.h>
#include <string.h>

enum { MAX_QUERY = 8 };

/* swarmkit: a manager promoted a moment ago is not in the raft group yet; it is soon. */
static bool is_joining_raft(const swarm_error *err)
{
	return err->http_status == 404 &&
	       strstr(err->text, "can't find manager in raft memberlist");
}

static bool again(const swarm_error *err)
{
	return err->code == SWARM_E_SEQUENCE || swarm__is_transient(err) || is_joining_raft(err);
}

/* --- the patch -------------------------------------------------------------------------------- */

int swarm__patch_check(swarm_op update, const json_t *patch, swarm_error *err)
{
	const char *fields = swarm_op_get((int)update)->body;
	swarm__names known = { 0 };
	swarm__field field;
	const char *name;
	json_t *value;

	if (!json_is_object(patch))
		return swarm__error(err, SWARM_E_INVAL, "the change must be an object");
	json_object_foreach (swarm__json_iterable(patch), name, value) {
		if (swarm__field_find(fields, name, &field))
			continue;
		while (swarm__field_next(&fields, &field))
			swarm__names_add(&known, "%.*s", (int)field.length, field.name);
		return swarm__error(err, SWARM_E_INVAL, "unknown field '%s' (valid: %s)", name,
				    known.text);
	}
	return 0;
}

/* --- one round and all of them -------------------------------------------------------------- */

typedef struct round {
	json_t *object; /* as read */
	json_t *before; /* its Spec; borrowed from object */
	json_t *after;
	bool same; /* nothing was sent */
} round;

/* The cluster's tree has join tokens. */
static void object_clear(json_t *object)
{
	swarm__json_wipe(object, "JoinTokens.Worker");
	swarm__json_wipe(object, "JoinTokens.Manager");
	json_decref(object);
}

static void round_clear(round *r)
{
	object_clear(r->object);
	/* A new signing key may come from the caller. */
	swarm__json_wipe(r->after, "CAConfig.SigningCAKey");
	json_decref(r->after);
	*r = (round){ 0 };
}

static int send_spec(swarm_client *client, const swarm__update *u, const swarm__deadline *deadline,
		     const round *r, const char *version, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(u->update);
	swarm_pair query[MAX_QUERY + 2] = { { NULL, NULL } };
	size_t count = 1;

	query[0] = (swarm_pair){ "version", version };
	for (const swarm_pair *more = u->query; more && more->name && count <= MAX_QUERY; more++)
		query[count++] = *more;
	options.id = u->id;
	options.query = query;
	options.body = r->after;
	options.registry_auth = u->registry_auth;
	return swarm__call_until(client, &options, deadline, u->ret_answer, err);
}

static int merge_patch(const swarm__update *u, round *r, swarm_error *err)
{
	json_t *none = json_object();

	r->after = none ? swarm__json_merge(r->before, u->patch ? u->patch : none) : NULL;
	json_decref(none);
	return r->after ? 0 : swarm__nomem(err);
}

/*
 * looked_for: NULL, or the error of a write that is not sent again but may have taken effect; it is
 * returned if the write did not. ret_unsure: after this error the write may have taken effect.
 */
static int run_round(swarm_client *client, const swarm__update *u, const swarm__deadline *deadline,
		     const swarm_error *looked_for, round *r, bool *ret_unsure, swarm_error *err)
{
	char version[24];
	uint64_t index;
	int rc = swarm__call(client, u->inspect, u->id, NULL, NULL, deadline, &r->object, err);

	if (rc)
		return rc;
	r->before = json_object_get(r->object, "Spec");
	rc = swarm__shape_spec(u->update, r->before, err);
	if (!rc)
		rc = u->make ? u->make(u->payload, r->object, &r->after, err)
			     : merge_patch(u, r, err);
	if (rc)
		return rc;
	if (u->check)
		rc = u->check(u->payload, r->before, r->after, err);
	if (rc)
		return rc;
	r->same = !u->always && swarm__spec_equal(r->before, r->after);
	if (r->same)
		return 0;
	if (looked_for)
		return swarm__replace(err, looked_for);
	rc = swarm__shape_version(r->object, &index, err);
	if (rc)
		return rc;
	snprintf(version, sizeof(version), "%llu", (unsigned long long)index);
	rc = send_spec(client, u, deadline, r, version, err);
	/* A lost race was another's write, whatever status it has. */
	*ret_unsure = rc && rc != SWARM_E_SEQUENCE && swarm__is_unsure(err);
	return rc;
}

int swarm__prove_version(const json_t *before, const json_t *after, swarm_error *err)
{
	uint64_t old, new;
	int rc = swarm__shape_version(before, &old, err);

	if (!rc)
		rc = swarm__shape_version(after, &new, err);
	if (!rc && new <= old)
		rc = swarm__error(err, SWARM_E_STATE,
				  "docker accepted the change, but has not stored it");
	return rc;
}

static int prove_round(swarm_client *client, const swarm__update *u,
		       const swarm__deadline *deadline, const round *r, swarm_error *err)
{
	json_t *object;
	int rc;

	if ((!u->prove && !u->proven) || r->same)
		return 0;
	rc = swarm__call_patiently(client, u->inspect, u->id, NULL, deadline, &object, err);
	if (rc)
		return swarm__error_wrap(err, rc, "docker accepted the change; reading it back");
	rc = u->proven ? swarm__prove_version(r->object, object, err) : 0;
	if (!rc && u->prove)
		rc = u->prove(u->payload, r->object, object, err);
	object_clear(object);
	return rc;
}

/* old: the spec before an earlier round whose write may have been the one that counts; or NULL. */
static int make_change(const round *r, json_t *old, json_t **ret_change, swarm_error *err)
{
	json_t *change;

	if (!ret_change)
		return 0;
	if (r->same)
		change = json_pack("{s:O, s:o}", "old", old ? old : r->before, "new",
				   json_deep_copy(r->before));
	else
		change = json_pack("{s:O, s:o}", "old", r->before, "new", json_deep_copy(r->after));
	if (!change)
		return swarm__nomem(err);
	*ret_change = change;
	return 0;
}

static int wait_turn(swarm_client *client, const swarm__deadline *deadline, const swarm_error *last,
		     int64_t *pause, swarm_error *err)
{
	/* The first lost race says only that somebody wrote just now: go again at once. */
	if (last->code == SWARM_E_SEQUENCE && *pause == 0) {
		*pause = 1;
		return swarm__client_canceled(client, err);
	}
	return swarm__pause(client, deadline, pause, err);
}

int swarm__update_run(swarm_client *client, const swarm__update *u, const swarm__deadline *deadline,
		      json_t **ret_change, swarm_error *err)
{
	swarm_error last = SWARM_ERROR_INIT;
	json_t *unsure_spec = NULL;
	bool looking = false;
	int64_t pause = 0;
	int tries = 0;
	int rc;

	for (;;) {
		swarm_error here = SWARM_ERROR_INIT;
		round r = { 0 };
		bool unsure = false;

		rc = run_round(client, u, deadline, looking ? &last : NULL, &r, &unsure, &here);
		if (!rc) {
			rc = prove_round(client, u, deadline, &r, &here);
			if (!rc)
				rc = make_change(&r, unsure_spec, ret_change, &here);
			/* The change is made: no other round may follow. */
			last = here;
			round_clear(&r);
			break;
		}
		if (unsure && !unsure_spec)
			unsure_spec = json_incref(r.before);
		round_clear(&r);
		if (looking)
			break;
		tries++;
		/* A deadline that passes in a later round hides why there was one. */
		if (!(rc == SWARM_E_TIMEOUT && last.code))
			last = here;
		if (!again(&here) && !(unsure && swarm__is_write_transient(&here))) {
			/* Rotated tokens and keys show in no spec. */
			looking = unsure && !u->always;
			if (!looking)
				break;
			continue;
		}
		swarm__error_clear(&here);
		rc = wait_turn(client, deadline, &last, &pause, &here);
		if (rc == SWARM_E_CANCELED)
			last = here;
		if (rc)
			break;
	}
	json_decref(unsure_spec);
	if (!rc)
		return 0;
	rc = last.code;
	if (rc == SWARM_E_SEQUENCE)
		swarm__error_wrap(&last, rc, "other writers came first %d times", tries);
	if (err)
		*err = last;
	return rc;
}
