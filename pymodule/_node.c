/*
 * The methods of Client on the nodes of a swarm. A list becomes one dict a node straight from the
 * library's rows.
 */
#include "_swarm.h"

/* clang-format off */
#define NODE(name, kind) { #name, offsetof(swarm_node, name), kind }

static const swarmpy_field node_fields[] = {
	NODE(id, SWARMPY_TEXT),
	NODE(hostname, SWARMPY_TEXT),
	NODE(role, SWARMPY_TEXT),
	NODE(availability, SWARMPY_TEXT),
	NODE(state, SWARMPY_TEXT),
	NODE(message, SWARMPY_TEXT),
	NODE(addr, SWARMPY_TEXT),
	NODE(engine_version, SWARMPY_TEXT),
	NODE(member, SWARMPY_FLAG),
	NODE(leader, SWARMPY_FLAG),
	NODE(reachability, SWARMPY_TEXT),
	NODE(manager_addr, SWARMPY_TEXT),
	NODE(labels, SWARMPY_LABELS),
};
/* clang-format on */

PyObject *swarmpy_client_node_list(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_node_list *nodes = NULL;
	PyObject *timeout = NULL, *answer = NULL;
	int64_t timeout_ms = 0;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$O:node_list", names, &timeout) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_node_list_get(self->client, timeout_ms, &nodes, &err);
	if (!swarmpy_client_end(self, result, &err))
		answer = swarmpy_dicts(node_fields, sizeof(node_fields) / sizeof(*node_fields),
				       nodes->nodes, sizeof(*nodes->nodes), nodes->count);
	swarm_node_list_free(nodes);
	return answer;
}

/* Ends a call that answers JSON. Takes the tree. */
static PyObject *end_json(swarmpy_client *self, int result, const swarm_error *err, json_t *json)
{
	PyObject *answer = NULL;

	if (!swarmpy_client_end(self, result, err))
		answer = swarmpy_plain(self->state, json);
	swarmpy_free_json(json);
	return answer;
}

/* The arguments (node, *, timeout). */
static int parse_node(swarmpy_client *self, PyObject *args, PyObject *kwargs, const char *format,
		      const char **ret_node, int64_t *ret_ms)
{
	static char *names[] = { "node", "timeout", NULL };
	PyObject *node, *timeout = NULL;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &node, &timeout) ||
	    swarmpy_text(self->state, "node", node, ret_node) ||
	    swarmpy_seconds(self->state, "timeout", timeout, ret_ms))
		return -1;
	return 0;
}

PyObject *swarmpy_client_node_inspect(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0;
	json_t *json = NULL;
	const char *node;
	int result;

	if (parse_node(self, args, kwargs, "O|$O:node_inspect", &node, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_node_inspect(self->client, node, timeout_ms, &json, &err);
	return end_json(self, result, &err, json);
}

PyObject *swarmpy_client_node_drain(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0;
	json_t *change = NULL;
	const char *node;
	int result;

	if (parse_node(self, args, kwargs, "O|$O:node_drain", &node, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_node_drain(self->client, node, timeout_ms, &change, &err);
	return end_json(self, result, &err, change);
}

static PyObject *run_update(swarmpy_client *self, const char *node, const json_t *patch,
			    int64_t timeout_ms)
{
	swarm_error err = SWARM_ERROR_INIT;
	json_t *change = NULL;
	int result;

	if (swarmpy_client_begin(self))
		return NULL;
	result = swarm_node_update(self->client, node, patch, timeout_ms, &change, &err);
	return end_json(self, result, &err, change);
}

PyObject *swarmpy_client_node_update(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "node", "patch", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *value, *patch, *timeout = NULL, *answer;
	int64_t timeout_ms = 0;
	json_t *json = NULL;
	const char *node;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$O:node_update", names, &value, &patch,
					 &timeout) ||
	    swarmpy_text(self->state, "node", value, &node) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms))
		return NULL;
	if (patch == Py_None) {
		PyErr_SetString(PyExc_TypeError, "patch must be a dict, not None");
		return NULL;
	}
	if (swarmpy_json(self->state, "patch", patch, &json))
		return NULL;
	answer = run_update(self, node, json, timeout_ms);
	swarmpy_free_json(json);
	return answer;
}

PyObject *swarmpy_client_node_remove(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "node", "force", "demote", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *value, *force = NULL, *demote = NULL, *timeout = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	int forced = 0, demoted = 0, result;
	int64_t timeout_ms = 0;
	unsigned flags = 0;
	const char *node;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OOO:node_remove", names, &value, &force,
					 &demote, &timeout) ||
	    swarmpy_text(self->state, "node", value, &node) ||
	    swarmpy_flag("force", force, &forced) || swarmpy_flag("demote", demote, &demoted) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	flags |= forced ? SWARM_REMOVE_FORCE : 0U;
	flags |= demoted ? SWARM_REMOVE_DEMOTE : 0U;
	result = swarm_node_remove(self->client, node, flags, timeout_ms, &err);
	if (swarmpy_client_end(self, result, &err))
		return NULL;
	Py_RETURN_NONE;
}
