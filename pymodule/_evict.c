/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of Client that empty a node and give it back. */
#include "_swarm.h"

/* What is not a plain value yet; borrowed. */
typedef struct given {
	PyObject *node;
	PyObject *allow;
	PyObject *force;
	PyObject *drain;
	PyObject *wait;
	PyObject *reason;
	PyObject *timeout;
} given;

typedef int evict_node(swarm_client *client, const char *node, const swarm_evict_options *options,
		       json_t **ret_json, swarm_error *err);

static int parse(const swarmpy_state *state, const given *g, const char **node,
		 swarm_evict_options *options)
{
	int force = 0, drain = 0, wait = 0;

	if (swarmpy_text(state, "node", g->node, node) || swarmpy_flag("force", g->force, &force) ||
	    swarmpy_flag("drain", g->drain, &drain) || swarmpy_flag("wait", g->wait, &wait) ||
	    swarmpy_optional_text(state, "reason", g->reason, &options->reason) ||
	    swarmpy_seconds(state, "timeout", g->timeout, &options->timeout_ms))
		return -1;
	options->flags = (force ? SWARM_EVICT_FORCE : 0U) | (drain ? SWARM_EVICT_DRAIN : 0U) |
			 (wait ? SWARM_EVICT_WAIT : 0U);
	return 0;
}

static PyObject *run(PyObject *object, const given *g, evict_node *function)
{
	swarm_evict_options options = SWARM_EVICT_OPTIONS_INIT;
	swarmpy_client *self = (swarmpy_client *)object;
	SWARMPY_AUTO PyObject *owner = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	const char **allow = NULL;
	PyObject *answer = NULL;
	json_t *json = NULL;
	const char *node;
	int code;

	if (parse(self->state, g, &node, &options) ||
	    swarmpy_texts(self->state, "allow", g->allow, &owner, &allow))
		return NULL;
	if (!swarmpy_client_begin(self)) {
		options.allow = allow;
		code = function(self->client, node, &options, &json, &err);
		answer = swarmpy_client_end_json(self, code, &err, json);
	}
	PyMem_Free(allow);
	return answer;
}

PyObject *swarmpy_client_evict_plan(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "node", "allow", "force", "wait", "timeout", NULL };
	given g = { NULL };

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OOOO:evict_plan", names, &g.node,
					 &g.allow, &g.force, &g.wait, &g.timeout))
		return NULL;
	return run(object, &g, swarm_evict_plan);
}

static PyObject *run_plans(swarmpy_client *self, const char *const *nodes,
			   const swarm_evict_options *options)
{
	swarm_error err = SWARM_ERROR_INIT;
	json_t *json = NULL;
	int code;

	if (!nodes) {
		PyErr_SetString(PyExc_TypeError, "nodes must be a list of strings, not None");
		return NULL;
	}
	if (swarmpy_client_begin(self))
		return NULL;
	code = swarm_evict_plans(self->client, nodes, options, &json, &err);
	return swarmpy_client_end_json(self, code, &err, json);
}

/* The lists are freed by the caller of run_plans(), which holds the GIL again. */
PyObject *swarmpy_client_evict_plans(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "nodes", "allow", "force", "timeout", NULL };
	swarm_evict_options options = SWARM_EVICT_OPTIONS_INIT;
	SWARMPY_AUTO PyObject *owner = NULL, *owner_of_allow = NULL;
	swarmpy_client *self = (swarmpy_client *)object;
	const char **nodes = NULL, **allow = NULL;
	PyObject *answer = NULL;
	given g = { NULL };
	int force = 0;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OOO:evict_plans", names, &g.node,
					 &g.allow, &g.force, &g.timeout) ||
	    swarmpy_flag("force", g.force, &force) ||
	    swarmpy_seconds(self->state, "timeout", g.timeout, &options.timeout_ms) ||
	    swarmpy_texts(self->state, "nodes", g.node, &owner, &nodes))
		return NULL;
	options.flags = force ? SWARM_EVICT_FORCE : 0U;
	if (!swarmpy_texts(self->state, "allow", g.allow, &owner_of_allow, &allow)) {
		options.allow = allow;
		answer = run_plans(self, nodes, &options);
	}
	PyMem_Free(allow);
	PyMem_Free(nodes);
	return answer;
}

PyObject *swarmpy_client_evict_images(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "nodes", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *given_nodes, *timeout = NULL, *answer = NULL;
	SWARMPY_AUTO PyObject *owner = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	const char **nodes = NULL;
	int64_t timeout_ms = 0;
	json_t *json = NULL;
	int code;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:evict_images", names, &given_nodes,
					 &timeout) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_texts(self->state, "nodes", given_nodes, &owner, &nodes))
		return NULL;
	if (!nodes) {
		PyErr_SetString(PyExc_TypeError, "nodes must be a list of strings, not None");
	} else if (!swarmpy_client_begin(self)) {
		code = swarm_evict_images(self->client, nodes, timeout_ms, &json, &err);
		answer = swarmpy_client_end_json(self, code, &err, json);
	}
	PyMem_Free(nodes);
	return answer;
}

PyObject *swarmpy_client_evict(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "node", "allow", "force", "drain", "reason", "timeout", NULL };
	given g = { NULL };

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OOOOO:evict", names, &g.node, &g.allow,
					 &g.force, &g.drain, &g.reason, &g.timeout))
		return NULL;
	return run(object, &g, swarm_evict);
}

PyObject *swarmpy_client_evict_undo(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0;
	json_t *json = NULL;
	const char *node;
	int code;

	if (swarmpy_client_parse(self, args, kwargs, "O|$O:evict_undo", "node", &node,
				 &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	code = swarm_evict_undo(self->client, node, timeout_ms, &json, &err);
	return swarmpy_client_end_json(self, code, &err, json);
}
