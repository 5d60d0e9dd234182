/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of Client that even out the tasks of services. */
#include "_swarm.h"

typedef int rebalance_services(swarm_client *client, const swarm_rebalance_options *options,
			       json_t **ret_json, swarm_error *err);

static PyObject *run(PyObject *object, PyObject *services, PyObject *timeout,
		     rebalance_services *function)
{
	swarm_rebalance_options options = SWARM_REBALANCE_OPTIONS_INIT;
	swarmpy_client *self = (swarmpy_client *)object;
	SWARMPY_AUTO PyObject *owner = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	const char **names = NULL;
	PyObject *answer = NULL;
	json_t *json = NULL;
	int code;

	if (swarmpy_seconds(self->state, "timeout", timeout, &options.timeout_ms) ||
	    swarmpy_texts(self->state, "services", services, &owner, &names))
		return NULL;
	if (!swarmpy_client_begin(self)) {
		options.services = names;
		code = function(self->client, &options, &json, &err);
		answer = swarmpy_client_end_json(self, code, &err, json);
	}
	PyMem_Free(names);
	return answer;
}

PyObject *swarmpy_client_rebalance_plan(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "services", "timeout", NULL };
	PyObject *services = NULL, *timeout = NULL;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O$O:rebalance_plan", names, &services,
					 &timeout))
		return NULL;
	return run(object, services, timeout, swarm_rebalance_plan);
}

PyObject *swarmpy_client_rebalance(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "services", "timeout", NULL };
	PyObject *services = NULL, *timeout = NULL;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O$O:rebalance", names, &services,
					 &timeout))
		return NULL;
	return run(object, services, timeout, swarm_rebalance);
}
