/* SPDX-License-Identifier: Apache-2.0 */
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

PyObject *swarmpy_node_model(void)
{
	return swarmpy_model(node_fields, sizeof(node_fields) / sizeof(*node_fields));
}

static const swarmpy_field quorum_fields[] = {
	{ "managers", offsetof(swarm_quorum, managers), SWARMPY_INTEGER },
	{ "reachable", offsetof(swarm_quorum, reachable), SWARMPY_INTEGER },
	{ "needed", offsetof(swarm_quorum, needed), SWARMPY_INTEGER },
	{ "losses", offsetof(swarm_quorum, losses), SWARMPY_INTEGER },
};

static PyObject *run_list(swarmpy_client *self, const swarm_pair *filters, int64_t timeout_ms)
{
	swarm_error err = SWARM_ERROR_INIT;
	swarm_node_list *nodes = NULL;
	PyObject *answer = NULL;
	int result;

	if (swarmpy_client_begin(self))
		return NULL;
	/* The plain list reports at once that there is no leader; a filtered one waits for an answer. */
	result = filters ? swarm_node_list_filtered(self->client, filters, timeout_ms, &nodes, &err)
			 : swarm_node_list_get(self->client, timeout_ms, &nodes, &err);
	if (!swarmpy_client_end(self, result, &err))
		answer = swarmpy_dicts(self->state->node_model, node_fields,
				       sizeof(node_fields) / sizeof(*node_fields), nodes->nodes,
				       sizeof(*nodes->nodes), nodes->count);
	swarm_node_list_free(nodes);
	return answer;
}

PyObject *swarmpy_client_node_list(PyObject *self, PyObject *args, PyObject *kwargs)
{
	return swarmpy_client_list(self, args, kwargs, "|$OO:node_list", run_list);
}

PyObject *swarmpy_client_node_inspect(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0;
	json_t *json = NULL;
	const char *node;
	int result;

	if (swarmpy_client_parse(self, args, kwargs, "O|$O:node_inspect", "node", &node,
				 &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_node_inspect(self->client, node, timeout_ms, &json, &err);
	return swarmpy_client_end_json(self, result, &err, json);
}

/* Drain, promote and demote are of one form. */
typedef int change_node(swarm_client *client, const char *node, int64_t timeout_ms,
			json_t **ret_change, swarm_error *err);

static PyObject *run_change(PyObject *object, PyObject *args, PyObject *kwargs, const char *format,
			    change_node *change)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0;
	json_t *changed = NULL;
	const char *node;
	int result;

	if (swarmpy_client_parse(self, args, kwargs, format, "node", &node, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = change(self->client, node, timeout_ms, &changed, &err);
	return swarmpy_client_end_json(self, result, &err, changed);
}

PyObject *swarmpy_client_node_drain(PyObject *self, PyObject *args, PyObject *kwargs)
{
	return run_change(self, args, kwargs, "O|$O:node_drain", swarm_node_drain);
}

PyObject *swarmpy_client_node_promote(PyObject *self, PyObject *args, PyObject *kwargs)
{
	return run_change(self, args, kwargs, "O|$O:node_promote", swarm_node_promote);
}

PyObject *swarmpy_client_node_demote(PyObject *self, PyObject *args, PyObject *kwargs)
{
	return run_change(self, args, kwargs, "O|$O:node_demote", swarm_node_demote);
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
	return swarmpy_client_end_json(self, result, &err, change);
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
	return swarmpy_client_end_none(self, result, &err);
}

PyObject *swarmpy_client_node_prune(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0;
	json_t *ids = NULL;
	int result;

	if (swarmpy_client_parse(self, args, kwargs, "|$O:node_prune", NULL, NULL, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_node_prune(self->client, timeout_ms, &ids, &err);
	return swarmpy_client_end_json(self, result, &err, ids);
}

static PyObject *run_quorum(swarmpy_client *self, int64_t joining, const char *const *leaving,
			    int64_t timeout_ms)
{
	swarm_error err = SWARM_ERROR_INIT;
	swarm_quorum quorum = { 0 };
	int result;

	if (swarmpy_client_begin(self))
		return NULL;
	result = swarm_quorum_get(self->client, joining, leaving, timeout_ms, &quorum, &err);
	if (swarmpy_client_end(self, result, &err))
		return NULL;
	return swarmpy_dict(quorum_fields, sizeof(quorum_fields) / sizeof(*quorum_fields), &quorum);
}

PyObject *swarmpy_client_quorum(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "leaving", "joining", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *leaving = NULL, *joining = NULL, *timeout = NULL, *answer;
	SWARMPY_AUTO PyObject *owner = NULL;
	const char **refs = NULL;
	int64_t timeout_ms = 0, more = 0;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O$OO:quorum", names, &leaving, &joining,
					 &timeout) ||
	    swarmpy_integer(self->state, "joining", joining, 0, INT32_MAX, &more) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_texts(self->state, "leaving", leaving, &owner, &refs))
		return NULL;
	answer = run_quorum(self, more, refs, timeout_ms);
	PyMem_Free(refs);
	return answer;
}
