/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The methods of Client on services, tasks and other objects. A list of services or tasks becomes one
 * dict for each straight from the library's rows.
 */
#include "_swarm.h"

/* --- what all kinds have in common ------------------------------------------------------------ */

PyObject *swarmpy_client_object_list(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "kind", "filters", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *kind_name, *given = NULL, *timeout = NULL, *answer = NULL;
	SWARMPY_AUTO PyObject *owner = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_kind kind = SWARM_KIND_SERVICE;
	swarm_pair *filters = NULL;
	int64_t timeout_ms = 0;
	json_t *list = NULL;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OO:object_list", names, &kind_name,
					 &given, &timeout) ||
	    swarmpy_kind(self->state, kind_name, &kind) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_filters(self->state, given, &owner, &filters))
		return NULL;
	if (!swarmpy_client_begin(self)) {
		result = swarm_object_list(self->client, kind, filters, timeout_ms, &list, &err);
		answer = swarmpy_client_end_json(self, result, &err, list);
	}
	PyMem_Free(filters);
	return answer;
}

/* The arguments (kind, ref, *, timeout). */
static int parse_object(swarmpy_client *self, PyObject *args, PyObject *kwargs, const char *format,
			swarm_kind *ret_kind, const char **ret_ref, int64_t *ret_ms)
{
	static char *names[] = { "kind", "ref", "timeout", NULL };
	PyObject *kind, *ref, *timeout = NULL;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &kind, &ref, &timeout) ||
	    swarmpy_kind(self->state, kind, ret_kind) ||
	    swarmpy_text(self->state, "ref", ref, ret_ref) ||
	    swarmpy_seconds(self->state, "timeout", timeout, ret_ms))
		return -1;
	return 0;
}

PyObject *swarmpy_client_object_inspect(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_kind kind = SWARM_KIND_SERVICE;
	int64_t timeout_ms = 0;
	json_t *found = NULL;
	const char *ref;
	int result;

	if (parse_object(self, args, kwargs, "OO|$O:object_inspect", &kind, &ref, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_object_inspect(self->client, kind, ref, timeout_ms, &found, &err);
	return swarmpy_client_end_json(self, result, &err, found);
}

PyObject *swarmpy_client_object_remove(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_kind kind = SWARM_KIND_SERVICE;
	int64_t timeout_ms = 0;
	const char *ref;
	int result;

	if (parse_object(self, args, kwargs, "OO|$O:object_remove", &kind, &ref, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_object_remove(self->client, kind, ref, timeout_ms, &err);
	return swarmpy_client_end_none(self, result, &err);
}

/* What is written: a spec without ref to create one, a patch with ref to update it. */
typedef struct writing {
	swarm_kind kind;
	const char *ref;
	json_t *json;
	json_t *auth;
	int64_t timeout_ms;
} writing;

static PyObject *run_writing(swarmpy_client *self, const writing *w)
{
	swarm_error err = SWARM_ERROR_INIT;
	json_t *answer = NULL;
	int result;

	if (swarmpy_client_begin(self))
		return NULL;
	result = w->ref ? swarm_object_update(self->client, w->kind, w->ref, w->json, w->auth,
					      w->timeout_ms, &answer, &err)
			: swarm_object_create(self->client, w->kind, w->json, w->auth,
					      w->timeout_ms, &answer, &err);
	return swarmpy_client_end_json(self, result, &err, answer);
}

/* Fills in the rest of w. */
static PyObject *write_object(swarmpy_client *self, writing *w, char *name, PyObject *json,
			      PyObject *auth, PyObject *timeout)
{
	PyObject *answer = NULL;

	if (!swarmpy_seconds(self->state, "timeout", timeout, &w->timeout_ms) &&
	    !swarmpy_json(self->state, name, json, &w->json) &&
	    !swarmpy_json(self->state, "registry_auth", auth, &w->auth))
		answer = run_writing(self, w);
	swarmpy_free_json(w->json);
	swarmpy_free_json(w->auth);
	return answer;
}

PyObject *swarmpy_client_object_create(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "kind", "spec", "registry_auth", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *kind, *spec, *auth = NULL, *timeout = NULL;
	writing w = { SWARM_KIND_SERVICE, NULL, NULL, NULL, 0 };

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$OO:object_create", names, &kind, &spec,
					 &auth, &timeout) ||
	    swarmpy_kind(self->state, kind, &w.kind))
		return NULL;
	return write_object(self, &w, "spec", spec, auth, timeout);
}

PyObject *swarmpy_client_object_update(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "kind", "ref", "patch", "registry_auth", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *kind, *ref, *patch, *auth = NULL, *timeout = NULL;
	writing w = { SWARM_KIND_SERVICE, NULL, NULL, NULL, 0 };

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO|$OO:object_update", names, &kind, &ref,
					 &patch, &auth, &timeout) ||
	    swarmpy_kind(self->state, kind, &w.kind) ||
	    swarmpy_text(self->state, "ref", ref, &w.ref))
		return NULL;
	return write_object(self, &w, "patch", patch, auth, timeout);
}

/* --- tasks ------------------------------------------------------------------------------------ */

/* clang-format off */
#define TASK(name, kind) { #name, offsetof(swarm_task, name), kind }

static const swarmpy_field task_fields[] = {
	TASK(id, SWARMPY_TEXT),
	TASK(service_id, SWARMPY_TEXT),
	TASK(slot, SWARMPY_INTEGER),
	TASK(node_id, SWARMPY_TEXT),
	TASK(desired_state, SWARMPY_TEXT),
	TASK(state, SWARMPY_TEXT),
	TASK(message, SWARMPY_TEXT),
	TASK(error, SWARMPY_TEXT),
	TASK(timestamp, SWARMPY_TEXT),
	TASK(container_id, SWARMPY_TEXT),
	TASK(exit_code, SWARMPY_INTEGER),
	TASK(image, SWARMPY_TEXT),
	TASK(job_iteration, SWARMPY_INTEGER),
	TASK(created_at, SWARMPY_TEXT),
	TASK(labels, SWARMPY_LABELS),
};
/* clang-format on */

PyObject *swarmpy_task_model(void)
{
	return swarmpy_model(task_fields, sizeof(task_fields) / sizeof(*task_fields));
}

static PyObject *run_task_list(swarmpy_client *self, const swarm_pair *filters, int64_t timeout_ms)
{
	swarm_error err = SWARM_ERROR_INIT;
	swarm_task_list *tasks = NULL;
	PyObject *answer = NULL;
	int result;

	if (swarmpy_client_begin(self))
		return NULL;
	result = swarm_task_list_get(self->client, filters, timeout_ms, &tasks, &err);
	if (!swarmpy_client_end(self, result, &err))
		answer = swarmpy_dicts(self->state->task_model, task_fields,
				       sizeof(task_fields) / sizeof(*task_fields), tasks->tasks,
				       sizeof(*tasks->tasks), tasks->count);
	swarm_task_list_free(tasks);
	return answer;
}

PyObject *swarmpy_client_task_list(PyObject *self, PyObject *args, PyObject *kwargs)
{
	return swarmpy_client_list(self, args, kwargs, "|$OO:task_list", run_task_list);
}

/* --- services --------------------------------------------------------------------------------- */

/* clang-format off */
#define SERVICE(name, kind) { #name, offsetof(swarm_service, name), kind }

static const swarmpy_field service_fields[] = {
	SERVICE(id, SWARMPY_TEXT),
	SERVICE(version, SWARMPY_INTEGER),
	SERVICE(name, SWARMPY_TEXT),
	SERVICE(labels, SWARMPY_LABELS),
	SERVICE(image, SWARMPY_TEXT),
	SERVICE(replicated, SWARMPY_FLAG),
	SERVICE(replicas, SWARMPY_INTEGER),
	SERVICE(global, SWARMPY_FLAG),
	SERVICE(replicated_job, SWARMPY_FLAG),
	SERVICE(total_completions, SWARMPY_INTEGER),
	SERVICE(global_job, SWARMPY_FLAG),
	SERVICE(max_replicas, SWARMPY_INTEGER),
	SERVICE(ports, SWARMPY_PORTS),
	SERVICE(update_state, SWARMPY_TEXT),
	SERVICE(update_message, SWARMPY_TEXT),
	SERVICE(running_tasks, SWARMPY_INTEGER),
	SERVICE(desired_tasks, SWARMPY_INTEGER),
	SERVICE(completed_tasks, SWARMPY_INTEGER),
	SERVICE(updated_at, SWARMPY_TEXT),
};
/* clang-format on */

PyObject *swarmpy_service_model(void)
{
	return swarmpy_model(service_fields, sizeof(service_fields) / sizeof(*service_fields));
}

static PyObject *run_service_list(swarmpy_client *self, const swarm_pair *filters,
				  int64_t timeout_ms)
{
	swarm_error err = SWARM_ERROR_INIT;
	swarm_service_list *services = NULL;
	PyObject *answer = NULL;
	int result;

	if (swarmpy_client_begin(self))
		return NULL;
	result = swarm_service_list_status(self->client, filters, timeout_ms, &services, &err);
	if (!swarmpy_client_end(self, result, &err))
		answer = swarmpy_dicts(self->state->service_model, service_fields,
				       sizeof(service_fields) / sizeof(*service_fields),
				       services->services, sizeof(*services->services),
				       services->count);
	swarm_service_list_free(services);
	return answer;
}

PyObject *swarmpy_client_service_list(PyObject *self, PyObject *args, PyObject *kwargs)
{
	return swarmpy_client_list(self, args, kwargs, "|$OO:service_list", run_service_list);
}

PyObject *swarmpy_client_service_scale(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "service", "count", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *value, *number, *timeout = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0, count = -1;
	json_t *change = NULL;
	const char *service;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$O:service_scale", names, &value,
					 &number, &timeout) ||
	    swarmpy_text(self->state, "service", value, &service) ||
	    swarmpy_integer(self->state, "count", number, 0, INT64_MAX, &count) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_service_scale(self->client, service, count, timeout_ms, &change, &err);
	return swarmpy_client_end_json(self, result, &err, change);
}

PyObject *swarmpy_client_service_remove(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0;
	const char *service;
	int result;

	if (swarmpy_client_parse(self, args, kwargs, "O|$O:service_remove", "service", &service,
				 &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_service_remove(self->client, service, timeout_ms, &err);
	return swarmpy_client_end_none(self, result, &err);
}

PyObject *swarmpy_client_service_rollback(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0;
	const char *service;
	int result;

	if (swarmpy_client_parse(self, args, kwargs, "O|$O:service_rollback", "service", &service,
				 &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_service_rollback(self->client, service, timeout_ms, &err);
	return swarmpy_client_end_none(self, result, &err);
}

PyObject *swarmpy_client_task_why(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0;
	json_t *why = NULL;
	const char *ref;
	int result;

	if (swarmpy_client_parse(self, args, kwargs, "O|$O:task_why", "ref", &ref, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_task_why(self->client, ref, timeout_ms, &why, &err);
	return swarmpy_client_end_json(self, result, &err, why);
}

PyObject *swarmpy_client_service_wait(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_converged status = { 0, 0, 0 };
	int64_t timeout_ms = 0;
	const char *service;
	int result;

	if (swarmpy_client_parse(self, args, kwargs, "O|$O:service_wait", "service", &service,
				 &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_service_wait(self->client, service, timeout_ms, &status, &err);
	if (swarmpy_client_end(self, result, &err))
		return NULL;
	return Py_BuildValue("{s:n, s:n, s:O}", "done", (Py_ssize_t)status.done, "total",
			     (Py_ssize_t)status.total, "rolled_back",
			     status.rolled_back ? Py_True : Py_False);
}

PyObject *swarmpy_client_service_settle(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "service", "unchanged", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *value, *flag = NULL, *timeout = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *outcome = NULL;
	int64_t timeout_ms = 0;
	const char *service;
	int unchanged = 0;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OO:service_settle", names, &value, &flag,
					 &timeout) ||
	    swarmpy_text(self->state, "service", value, &service) ||
	    swarmpy_flag("unchanged", flag, &unchanged) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_service_settle(self->client, service, timeout_ms,
				      unchanged ? SWARM_SETTLE_UNCHANGED : 0, &outcome, &err);
	return swarmpy_client_end_json(self, result, &err, outcome);
}
