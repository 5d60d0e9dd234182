/* SPDX-License-Identifier: Apache-2.0 */
/* The module _swarm put together, and its functions that take no client. */
#include "_swarm.h"

#include <string.h>

PyDoc_STRVAR(redact_doc, "redact($module, /, text)\n--\n\n"
			 "The text with join tokens, unlock keys and private keys blanked.");

static PyObject *redact(PyObject *module, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "text", NULL };
	const swarmpy_state *state = PyModule_GetState(module);
	PyObject *value, *result;
	const char *text;
	char *copy;
	size_t size;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:redact", names, &value) ||
	    swarmpy_text(state, "text", value, &text))
		return NULL;
	copy = strdup(text);
	if (!copy)
		return PyErr_NoMemory();
	size = strlen(copy);
	swarm_redact(copy);
	result = swarmpy_str(copy);
	swarm_bytes_free(copy, size);
	return result;
}

PyDoc_STRVAR(token_parse_doc, "token_parse($module, /, token)\n--\n\n"
			      "What a join token says of itself, without its secret.\n\n"
			      "Returns {\"digest\": str, \"fips\": bool}; raises BadToken.");

static PyObject *token_parse(PyObject *module, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "token", NULL };
	const swarmpy_state *state = PyModule_GetState(module);
	swarm_error err = SWARM_ERROR_INIT;
	swarm_token_info info;
	PyObject *value;
	const char *token;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:token_parse", names, &value) ||
	    swarmpy_text(state, "token", value, &token))
		return NULL;
	if (swarm_token_parse(token, &info, &err))
		return swarmpy_raise(state, &err);
	return Py_BuildValue("{s:s, s:O}", "digest", info.digest, "fips",
			     info.fips ? Py_True : Py_False);
}

PyDoc_STRVAR(probe_doc, "probe($module, /, address, *, timeout=None)\n--\n\n"
			"Return if host[:port] accepts TCP connections; raise an Error if not.\n\n"
			"The port is 2377 unless given, the timeout 3 seconds.");

static PyObject *probe(PyObject *module, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "address", "timeout", NULL };
	const swarmpy_state *state = PyModule_GetState(module);
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *value, *timeout = NULL;
	const char *address;
	int64_t timeout_ms = 0;
	swarmpy_wait wait;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:probe", names, &value, &timeout) ||
	    swarmpy_text(state, "address", value, &address) ||
	    swarmpy_seconds(state, "timeout", timeout, &timeout_ms))
		return NULL;
	swarmpy_wait_begin(&wait);
	result = swarm_probe(address, timeout_ms, swarmpy_wait_cancel, &wait, &err);
	if (swarmpy_wait_end(&wait, state, result, &err))
		return NULL;
	Py_RETURN_NONE;
}

/* clang-format off */
#define METHOD(name) \
	{ #name, (PyCFunction)(void (*)(void))name, METH_VARARGS | METH_KEYWORDS, name##_doc }
/* clang-format on */

PyDoc_STRVAR(compose_check_doc,
	     "compose_check($module, /, documents, name=None, *, env=None, names=None,\n"
	     "              base_dir=None, home=None, content=None)\n--\n\n"
	     "What is wrong with compose documents: a list of lines, empty if nothing is.");

PyDoc_STRVAR(compose_convert_doc,
	     "compose_convert($module, /, documents, name=None, *, env=None, names=None,\n"
	     "                base_dir=None, home=None, content=None)\n--\n\n"
	     "Make the objects of a stack of compose documents, without an engine.\n\n"
	     "env: the variables. names: what lines call the documents. content: a callable that\n"
	     "gives the bytes of a file that a document names.\n\n"
	     "Returns a dict: stack, warnings.");

PyDoc_STRVAR(
	spec_check_doc,
	"spec_check($module, /, service, *, name=None, ids=None, network=False)\n--\n\n"
	"What is wrong with a service, or with a network, in compose's words and with its name: a list\n"
	"of lines, empty if nothing is.");

PyDoc_STRVAR(
	spec_merge_doc,
	"spec_merge($module, /, spec, service, *, name=None, ids=None, strict=False,\n"
	"           show_env=False)\n--\n\n"
	"Merge a service in compose's words into the engine's spec, or into None for a new one.\n\n"
	"Returns a dict: spec, changes, restarts, replaces, warnings.");

PyDoc_STRVAR(spec_words_doc, "spec_words($module, /, spec, *, ids=None, show_env=False)\n--\n\n"
			     "An engine's spec in compose's words.");

PyDoc_STRVAR(
	health_checks_doc,
	"health_checks($module, /)\n--\n\n"
	"The table of checks: a list of dicts: name, level, source (engine, or hosts for what\n"
	"no engine can tell), holds, fix.");

/* clang-format off */
#define SPEC(name) \
	{ #name, (PyCFunction)(void (*)(void))swarmpy_##name, METH_VARARGS | METH_KEYWORDS, name##_doc }
/* clang-format on */

static PyMethodDef methods[] = {
	SPEC(compose_check), SPEC(compose_convert),   SPEC(spec_check), SPEC(spec_merge),
	SPEC(spec_words),    SPEC(health_checks),     METHOD(redact),   METHOD(token_parse),
	METHOD(probe),       { NULL, NULL, 0, NULL },
};

/* New type, also in the module under its name. */
static PyObject *new_type(PyObject *module, PyType_Spec *spec, const char *name)
{
	SWARMPY_AUTO PyObject *owner = PyModule_GetNameObject(module);
	SWARMPY_AUTO PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);

	/* The spec's name is fixed, the module's is "_swarm" or "saltext.swarm._swarm". */
	if (!owner || !type || PyObject_SetAttrString(type, "__module__", owner) ||
	    PyModule_AddObjectRef(module, name, type))
		return NULL;
	Py_INCREF(type);
	return type;
}

static int add_types(PyObject *module, swarmpy_state *state)
{
	state->client_type = new_type(module, &swarmpy_client_spec, "Client");
	state->events_type = new_type(module, &swarmpy_events_spec, "Events");
	state->logs_type = new_type(module, &swarmpy_logs_spec, "Logs");
	return state->client_type && state->events_type && state->logs_type ? 0 : -1;
}

static int add_json(swarmpy_state *state)
{
	SWARMPY_AUTO PyObject *json = PyImport_ImportModule("json");

	if (!json)
		return -1;
	state->json_loads = PyObject_GetAttrString(json, "loads");
	state->json_dumps = PyObject_GetAttrString(json, "dumps");
	return state->json_loads && state->json_dumps ? 0 : -1;
}

static int add_models(swarmpy_state *state)
{
	state->node_model = swarmpy_node_model();
	state->service_model = swarmpy_service_model();
	state->task_model = swarmpy_task_model();
	return state->node_model && state->service_model && state->task_model ? 0 : -1;
}

static int add_ops(PyObject *module)
{
	SWARMPY_AUTO PyObject *names = PyList_New(0);
	SWARMPY_AUTO PyObject *ops = NULL;
	const swarm_op_info *row;

	if (!names)
		return -1;
	for (int op = 0; (row = swarm_op_get(op)); op++) {
		SWARMPY_AUTO PyObject *name = swarmpy_str(row->name);

		if (!name || PyList_Append(names, name))
			return -1;
	}
	ops = PyList_AsTuple(names);
	return ops ? PyModule_AddObjectRef(module, "OPS", ops) : -1;
}

static int module_exec(PyObject *module)
{
	swarmpy_state *state = PyModule_GetState(module);

	if (strcmp(swarm_version(), SWARM_VERSION) != 0) {
		PyErr_Format(PyExc_ImportError,
			     "_swarm " SWARM_VERSION
			     " was loaded with libswarm %s: install one version of both",
			     swarm_version());
		return -1;
	}
	if (add_json(state) || add_models(state) || swarmpy_add_exceptions(module, state) ||
	    add_types(module, state) || add_ops(module) ||
	    PyModule_AddStringConstant(module, "VERSION", SWARM_VERSION))
		return -1;
	return 0;
}

static PyModuleDef_Slot slots[] = {
	{ Py_mod_exec, module_exec },
	{ 0, NULL },
};

PyMODINIT_FUNC PyInit__swarm(void)
{
	swarmpy_module.m_methods = methods;
	swarmpy_module.m_slots = slots;
	return PyModuleDef_Init(&swarmpy_module);
}
