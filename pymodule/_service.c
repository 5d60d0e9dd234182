/*
 * The methods of Client on the lock of the managers, on roles, and on services and other objects:
 * what cannot be said in one call of an operation.
 */
#include "_swarm.h"

#include <string.h>

/* Ends a call that answers JSON. Takes the tree. */
static PyObject *end_json(swarmpy_client *self, int result, const swarm_error *err, json_t *json)
{
	PyObject *answer = NULL;

	if (!swarmpy_client_end(self, result, err))
		answer = swarmpy_plain(self->state, json);
	swarmpy_free_json(json);
	return answer;
}

/* --- the lock of the managers ----------------------------------------------------------------- */

PyObject *swarmpy_client_unlock(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "key", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *value, *timeout = NULL;
	int64_t timeout_ms = 0;
	const char *key;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:unlock", names, &value, &timeout) ||
	    swarmpy_text(self->state, "key", value, &key) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_unlock(self->client, key, timeout_ms, &err);
	if (swarmpy_client_end(self, result, &err))
		return NULL;
	Py_RETURN_NONE;
}

PyObject *swarmpy_client_unlock_key(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "rotate", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *rotate = NULL, *timeout = NULL, *answer = NULL;
	int64_t timeout_ms = 0;
	char *key = NULL;
	int rotated = 0, result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$OO:unlock_key", names, &rotate,
					 &timeout) ||
	    swarmpy_flag("rotate", rotate, &rotated) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = rotated ? swarm_unlock_key_rotate(self->client, timeout_ms, &key, &err)
			 : swarm_unlock_key_get(self->client, timeout_ms, &key, &err);
	if (!swarmpy_client_end(self, result, &err))
		answer = swarmpy_str(key);
	if (key)
		swarm_bytes_free(key, strlen(key));
	return answer;
}

/* --- roles ------------------------------------------------------------------------------------ */

typedef int set_role(swarm_client *client, const char *node, int64_t timeout_ms,
		     json_t **ret_change, swarm_error *err);

static PyObject *run_role(PyObject *object, PyObject *args, PyObject *kwargs, const char *format,
			  set_role *set)
{
	static char *names[] = { "node", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *value, *timeout = NULL;
	int64_t timeout_ms = 0;
	json_t *change = NULL;
	const char *node;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &value, &timeout) ||
	    swarmpy_text(self->state, "node", value, &node) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = set(self->client, node, timeout_ms, &change, &err);
	return end_json(self, result, &err, change);
}

PyObject *swarmpy_client_node_promote(PyObject *self, PyObject *args, PyObject *kwargs)
{
	return run_role(self, args, kwargs, "O|$O:node_promote", swarm_node_promote);
}

PyObject *swarmpy_client_node_demote(PyObject *self, PyObject *args, PyObject *kwargs)
{
	return run_role(self, args, kwargs, "O|$O:node_demote", swarm_node_demote);
}

PyObject *swarmpy_client_node_prune(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *timeout = NULL;
	int64_t timeout_ms = 0;
	json_t *ids = NULL;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$O:node_prune", names, &timeout) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_node_prune(self->client, timeout_ms, &ids, &err);
	return end_json(self, result, &err, ids);
}

/* --- services and other objects --------------------------------------------------------------- */

static int read_kind(const swarmpy_state *state, PyObject *value, swarm_kind *ret_kind)
{
	static const char *const kinds[] = {
		[SWARM_KIND_SERVICE] = "service", [SWARM_KIND_TASK] = "task",
		[SWARM_KIND_SECRET] = "secret",   [SWARM_KIND_CONFIG] = "config",
		[SWARM_KIND_NETWORK] = "network",
	};
	const char *name;

	if (swarmpy_text(state, "kind", value, &name))
		return -1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(name, kinds[i]) == 0) {
			*ret_kind = (swarm_kind)i;
			return 0;
		}
	}
	return swarmpy_invalid(state, "kind is service, task, secret, config or network, not '%s'",
			       name);
}

PyObject *swarmpy_client_object_update(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "kind", "ref", "patch", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *kind_name, *value, *dict, *timeout = NULL, *answer = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *patch = NULL, *change = NULL;
	swarm_kind kind = SWARM_KIND_SERVICE;
	int64_t timeout_ms = 0;
	const char *ref;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO|$O:object_update", names, &kind_name,
					 &value, &dict, &timeout) ||
	    read_kind(self->state, kind_name, &kind) ||
	    swarmpy_text(self->state, "ref", value, &ref) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_json(self->state, "patch", dict, &patch))
		return NULL;
	if (!swarmpy_client_begin(self)) {
		result = swarm_object_update(self->client, kind, ref, patch, NULL, timeout_ms,
					     &change, &err);
		answer = end_json(self, result, &err, change);
	}
	swarmpy_free_json(patch);
	return answer;
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
	return end_json(self, result, &err, change);
}

/* The arguments (service, *, timeout). */
static int parse_service(swarmpy_client *self, PyObject *args, PyObject *kwargs, const char *format,
			 const char **ret_service, int64_t *ret_ms)
{
	static char *names[] = { "service", "timeout", NULL };
	PyObject *service, *timeout = NULL;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &service, &timeout) ||
	    swarmpy_text(self->state, "service", service, ret_service) ||
	    swarmpy_seconds(self->state, "timeout", timeout, ret_ms))
		return -1;
	return 0;
}

PyObject *swarmpy_client_service_rollback(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0;
	const char *service;
	int result;

	if (parse_service(self, args, kwargs, "O|$O:service_rollback", &service, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_service_rollback(self->client, service, timeout_ms, &err);
	if (swarmpy_client_end(self, result, &err))
		return NULL;
	Py_RETURN_NONE;
}

PyObject *swarmpy_client_service_wait(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_converged status = { 0, 0, 0 };
	int64_t timeout_ms = 0;
	const char *service;
	int result;

	if (parse_service(self, args, kwargs, "O|$O:service_wait", &service, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_service_wait(self->client, service, timeout_ms, &status, &err);
	if (swarmpy_client_end(self, result, &err))
		return NULL;
	return Py_BuildValue("{s:n, s:n, s:O}", "done", (Py_ssize_t)status.done, "total",
			     (Py_ssize_t)status.total, "rolled_back",
			     status.rolled_back ? Py_True : Py_False);
}
