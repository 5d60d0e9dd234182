/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module's definition and what it keeps for each interpreter. PyInit__swarm() adds the functions
 * and the slots, so that no file below the module knows what is in it.
 */
#include "_swarm.h"

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
	swarmpy_state *state = PyModule_GetState(module);

	Py_VISIT(state->error);
	for (size_t i = 0; i < SWARMPY_ERRORS; i++)
		Py_VISIT(state->exceptions[i]);
	Py_VISIT(state->client_type);
	Py_VISIT(state->events_type);
	Py_VISIT(state->logs_type);
	Py_VISIT(state->json_loads);
	Py_VISIT(state->json_dumps);
	Py_VISIT(state->node_model);
	Py_VISIT(state->service_model);
	Py_VISIT(state->task_model);
	return 0;
}

static int module_clear(PyObject *module)
{
	swarmpy_state *state = PyModule_GetState(module);

	Py_CLEAR(state->error);
	for (size_t i = 0; i < SWARMPY_ERRORS; i++)
		Py_CLEAR(state->exceptions[i]);
	Py_CLEAR(state->client_type);
	Py_CLEAR(state->events_type);
	Py_CLEAR(state->logs_type);
	Py_CLEAR(state->json_loads);
	Py_CLEAR(state->json_dumps);
	Py_CLEAR(state->node_model);
	Py_CLEAR(state->service_model);
	Py_CLEAR(state->task_model);
	return 0;
}

static void module_free(void *module)
{
	module_clear(module);
}

PyModuleDef swarmpy_module = {
	PyModuleDef_HEAD_INIT,
	.m_name = "_swarm",
	.m_doc = "Docker swarm mode: a thin front of libswarm.",
	.m_size = sizeof(swarmpy_state),
	.m_traverse = module_traverse,
	.m_clear = module_clear,
	.m_free = module_free,
};
