/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of Client that empty a node and give it back. */
#include "_swarm.h"

/* What is not a plain value yet; borrowed. */
typedef struct given {
	PyObject *node;
	PyObject *allow;
	PyObject *force;
	PyObject *drain;
	PyObject *reason;
	PyObject *timeout;
} given;

typedef int evict_node(swarm_client *client, const char *node, const swarm_evict_options *options,
		       json_t **ret_json, swarm_error *err);

static int parse(const swarmpy_state *state, const given *g, const char **node,
		 swarm_evict_options *options)
{
	int force = 0, drain = 0;

	if (swarmpy_text(state, "node", g->node, node) || swarmpy_flag("force", g->force, &force) ||
	    swarmpy_flag("drain", g->drain, &drain) ||
	    swarmpy_optional_text(state, "reason", g->reason, &options->reason) ||
	    swarmpy_seconds(state, "timeout", g->timeout, &options->timeout_ms))
		return -1;
	options->flags = (force ? SWARM_EVICT_FORCE : 0U) | (drain ? SWARM_EVICT_DRAIN : 0U);
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
	static char *names[] = { "node", "allow", "force", "timeout", NULL };
	given g = { NULL };

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OOO:evict_plan", names, &g.node,
					 &g.allow, &g.force, &g.timeout))
		return NULL;
	return run(object, &g, swarm_evict_plan);
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
