/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only services have: their tasks, scale and rollback. How they are listed and changed is object.c's, the
 * wait for their tasks converge.c's.
 */
#include "object/internal.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000 };

/* --- a service with its tasks --------------------------------------------------------------- */

int swarm__service_tasks(swarm_client *client, const char *service_id,
			 const swarm__deadline *deadline, json_t **ret_service, json_t **ret_tasks,
			 swarm_error *err)
{
	const swarm_pair filters[] = { { "service", service_id }, { NULL, NULL } };
	swarm_error here = SWARM_ERROR_INIT;
	int rc;

	*ret_service = *ret_tasks = NULL;
	rc = swarm__object_get(client, SWARM_KIND_SERVICE, service_id, deadline, ret_service,
			       &here);
	if (rc == SWARM_E_NOT_FOUND)
		return 0;
	if (!rc)
		rc = swarm__object_list(client, SWARM_KIND_TASK, filters, deadline, ret_tasks,
					&here);
	return rc ? swarm__replace(err, &here) : 0;
}

/* --- scale ---------------------------------------------------------------------------------- */

/* NULL and a filled error if the mode has no number, or without memory. */
static json_t *make_patch(const json_t *service, int64_t count, swarm_error *err)
{
	const json_t *mode = swarm__json_at(service, "Spec.Mode");
	json_t *patch;

	if (json_object_get(mode, "Replicated")) {
		patch = json_pack("{s:{s:{s:I}}}", "Mode", "Replicated", "Replicas",
				  (json_int_t)count);
	} else if (json_object_get(mode, "ReplicatedJob")) {
		patch = json_pack("{s:{s:{s:I}}}", "Mode", "ReplicatedJob", "TotalCompletions",
				  (json_int_t)count);
	} else if (!json_object_get(mode, "Global") && !json_object_get(mode, "GlobalJob")) {
		swarm__error(err, SWARM_E_JSON, "Spec.Mode of service %s: no known mode",
			     swarm__json_string(service, "Spec.Name"));
		return NULL;
	} else {
		swarm__error(err, SWARM_E_INVAL,
			     "%s is neither a replicated service nor a replicated job: it has no "
			     "number of tasks",
			     swarm__json_string(service, "Spec.Name"));
		return NULL;
	}
	if (!patch)
		swarm__nomem(err);
	return patch;
}

int swarm_service_scale(swarm_client *client, const char *service, int64_t count,
			int64_t timeout_ms, json_t **ret_change, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *object, *patch;
	int rc;

	if (!err)
		err = &spare;
	if (!client || count < 0)
		return swarm__error(err, SWARM_E_INVAL, "a client and a count from 0 are required");
	rc = swarm__object_get(client, SWARM_KIND_SERVICE, service, &deadline, &object, err);
	if (rc)
		return rc;
	patch = make_patch(object, count, err);
	rc = patch ? swarm__object_update(client, SWARM_KIND_SERVICE,
					  swarm__json_string(object, "ID"), patch, NULL, &deadline,
					  ret_change, err)
		   : err->code;
	json_decref(patch);
	json_decref(object);
	return rc;
}

/* --- rollback ------------------------------------------------------------------------------- */

/*
 * moby: the index is the service's, and moves with each step of an update that runs. The body must
 * be a whole spec, though only the query counts.
 */
static int send_rollback(swarm_client *client, const json_t *service,
			 const swarm__deadline *deadline, swarm_error *err)
{
	json_t *spec = json_object_get(service, "Spec");
	char version[24];
	uint64_t index;
	int rc = swarm__shape_spec(SWARM_OP_SERVICE_UPDATE, spec, err);
	const swarm_pair query[] = { { "version", version },
				     { "rollback", "previous" },
				     { NULL, NULL } };

	if (!rc)
		rc = swarm__shape_version(service, &index, err);
	if (rc)
		return rc;
	snprintf(version, sizeof(version), "%llu", (unsigned long long)index);
	return swarm__call(client, SWARM_OP_SERVICE_UPDATE, swarm__json_string(service, "ID"),
			   query, spec, deadline, NULL, err);
}

/* What an error that may pass means, from the service as it is now. */
enum verdict { AGAIN, DONE, OTHER };

static enum verdict judge(const json_t *first, const json_t *now)
{
	json_t *spec = json_object_get(now, "Spec");

	if (json_equal(spec, json_object_get(first, "Spec")))
		return AGAIN;
	if (json_equal(spec, json_object_get(first, "PreviousSpec")))
		return DONE;
	return OTHER;
}

/*
 * A rollback swaps the two specs, so sending it twice undoes it: after a transient error the specs
 * are read to see whether it was carried out.
 */
static int roll_back(swarm_client *client, const json_t *first, const swarm__deadline *deadline,
		     swarm_error *err)
{
	json_t *now = json_incref(swarm__json_iterable(first));
	int64_t pause = 0;
	int rc = 0;

	while (!rc) {
		swarm_error here = SWARM_ERROR_INIT;
		enum verdict verdict;

		rc = send_rollback(client, now, deadline, &here);
		if (!rc)
			break;
		if (rc != SWARM_E_SEQUENCE && !swarm__is_transient(&here)) {
			*err = here;
			break;
		}
		json_decref(now);
		now = NULL;
		rc = swarm__pause(client, deadline, &pause, err);
		if (!rc)
			rc = swarm__object_get(client, SWARM_KIND_SERVICE,
					       swarm__json_string(first, "ID"), deadline, &now,
					       err);
		if (rc)
			break;
		verdict = judge(first, now);
		if (verdict == DONE)
			break;
		if (verdict == OTHER)
			rc = swarm__error(err, SWARM_E_SEQUENCE,
					  "another writer changed the spec meanwhile: look at it "
					  "before anything is rolled back");
	}
	json_decref(now);
	return rc;
}

static int prove(swarm_client *client, const json_t *first, const swarm__deadline *deadline,
		 swarm_error *err)
{
	json_t *now;
	int rc = swarm__call_patiently(client, SWARM_OP_SERVICE_INSPECT,
				       swarm__json_string(first, "ID"), NULL, deadline, &now, err);

	if (rc)
		return swarm__error_wrap(err, rc, "docker accepted the rollback; reading it back");
	rc = swarm__prove_version(first, now, err);
	json_decref(now);
	return rc;
}

int swarm_service_rollback(swarm_client *client, const char *service, int64_t timeout_ms,
			   swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *first;
	int rc;

	if (!err)
		err = &spare;
	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	rc = swarm__object_get(client, SWARM_KIND_SERVICE, service, &deadline, &first, err);
	if (rc)
		return rc;
	if (json_is_object(json_object_get(first, "PreviousSpec")))
		rc = roll_back(client, first, &deadline, err);
	else
		rc = swarm__error(err, SWARM_E_CONFLICT, "%s has no previous spec to go back to",
				  swarm__json_string(first, "Spec.Name"));
	if (!rc)
		rc = prove(client, first, &deadline, err);
	json_decref(first);
	return rc;
}
