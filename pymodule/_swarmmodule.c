/*
 * The module _swarm: its exceptions, made from errors.def; its functions that need no client; and
 * how a call of the library runs without the GIL.
 */
#include "_swarm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct error_row {
	int code;
	const char *exception;
	const char *meaning;
} error_row;

/* clang-format off */
static const error_row error_rows[SWARMPY_ERRORS] = {
#define E(name, number, exception, meaning) { number, exception, meaning },
#include <swarm/errors.def>
#undef E
};
/* clang-format on */

static PyObject *exception_of(const swarmpy_state *state, int code)
{
	for (size_t i = 0; i < SWARMPY_ERRORS; i++) {
		if (error_rows[i].code == code)
			return state->exceptions[i];
	}
	return state->error;
}

static int set_number(PyObject *object, const char *name, long number)
{
	SWARMPY_AUTO PyObject *value = PyLong_FromLong(number);

	return value ? PyObject_SetAttrString(object, name, value) : -1;
}

static int set_text(PyObject *object, const char *name, const char *text)
{
	SWARMPY_AUTO PyObject *value = swarmpy_str(text);

	return value ? PyObject_SetAttrString(object, name, value) : -1;
}

PyObject *swarmpy_raise(const swarmpy_state *state, const swarm_error *err)
{
	PyObject *type = exception_of(state, err->code);
	const char *name = swarm_error_name(err->code);
	SWARMPY_AUTO PyObject *text = NULL;
	SWARMPY_AUTO PyObject *error = NULL;

	if (type == PyExc_MemoryError)
		return PyErr_NoMemory();
	text = swarmpy_str(err->text);
	error = text ? PyObject_CallFunctionObjArgs(type, text, NULL) : NULL;
	if (!error || set_text(error, "code", name ? name : "") ||
	    set_number(error, "status", err->http_status) ||
	    set_number(error, "errno", err->sys_errno))
		return NULL;
	PyErr_SetObject(type, error);
	return NULL;
}

int swarmpy_invalid(const swarmpy_state *state, const char *format, ...)
{
	swarm_error err = SWARM_ERROR_INIT;
	va_list arguments;

	err.code = SWARM_E_INVAL;
	va_start(arguments, format);
	vsnprintf(err.text, sizeof(err.text), format, arguments);
	va_end(arguments);
	swarm_redact(err.text);
	swarmpy_raise(state, &err);
	return -1;
}

void swarmpy_wait_begin(swarmpy_wait *wait)
{
	wait->thread = PyEval_SaveThread();
}

int swarmpy_wait_end(swarmpy_wait *wait, const swarmpy_state *state, int result,
		     const swarm_error *err)
{
	PyEval_RestoreThread(wait->thread);
	wait->thread = NULL;
	/* KeyboardInterrupt comes first: the library only says that it was canceled. */
	if (PyErr_Occurred())
		return -1;
	if (result) {
		swarmpy_raise(state, err);
		return -1;
	}
	return 0;
}

int swarmpy_wait_cancel(void *payload)
{
	swarmpy_wait *wait = payload;
	int raised;

	/* Not PyGILState_Ensure(), which takes the wrong thread in a sub-interpreter. */
	PyEval_RestoreThread(wait->thread);
	/* Once raised, the answer stays: the library may ask again on its way out. */
	raised = PyErr_Occurred() || PyErr_CheckSignals();
	wait->thread = PyEval_SaveThread();
	return raised;
}

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

static PyMethodDef methods[] = {
	METHOD(redact),
	METHOD(token_parse),
	METHOD(probe),
	{ NULL, NULL, 0, NULL },
};

/* New exception "module.name". */
static PyObject *new_exception(PyObject *module, const char *name, const char *doc, PyObject *base)
{
	const char *owner = PyModule_GetName(module);
	SWARMPY_AUTO PyObject *full = owner ? PyUnicode_FromFormat("%s.%s", owner, name) : NULL;
	const char *text = full ? PyUnicode_AsUTF8AndSize(full, NULL) : NULL;
	SWARMPY_AUTO PyObject *type = text ? PyErr_NewExceptionWithDoc(text, doc, base, NULL)
					   : NULL;

	if (!type || PyModule_AddObjectRef(module, name, type))
		return NULL;
	Py_INCREF(type);
	return type;
}

PyDoc_STRVAR(
	error_doc,
	"Base of the errors of _swarm. str(error) is one line without secrets.\n\n"
	"code: name such as \"SWARM_E_TIMEOUT\"; status: the engine's HTTP status, 0 without;\n"
	"errno: of a failed system call, 0 without.");

static int add_exceptions(PyObject *module, swarmpy_state *state)
{
	state->error = new_exception(module, "Error", error_doc, NULL);
	/* On the class too, so that an Error made by hand has them. */
	if (!state->error || set_text(state->error, "code", "") ||
	    set_number(state->error, "status", 0) || set_number(state->error, "errno", 0))
		return -1;
	for (size_t i = 0; i < SWARMPY_ERRORS; i++) {
		const error_row *row = &error_rows[i];

		if (row->code == SWARM_E_NOMEM) {
			Py_INCREF(PyExc_MemoryError);
			state->exceptions[i] = PyExc_MemoryError;
			continue;
		}
		state->exceptions[i] = new_exception(module, row->exception, row->meaning,
						     state->error);
		if (!state->exceptions[i])
			return -1;
	}
	return 0;
}

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
	state->task_model = swarmpy_task_model();
	return state->node_model && state->task_model ? 0 : -1;
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
	if (add_json(state) || add_models(state) || add_exceptions(module, state) ||
	    add_types(module, state) || add_ops(module) ||
	    PyModule_AddStringConstant(module, "VERSION", SWARM_VERSION))
		return -1;
	return 0;
}

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
	Py_CLEAR(state->task_model);
	return 0;
}

static void module_free(void *module)
{
	module_clear(module);
}

static PyModuleDef_Slot slots[] = {
	{ Py_mod_exec, module_exec },
	{ 0, NULL },
};

PyModuleDef swarmpy_module = {
	PyModuleDef_HEAD_INIT,
	.m_name = "_swarm",
	.m_doc = "Docker swarm mode: a thin front of libswarm.",
	.m_size = sizeof(swarmpy_state),
	.m_methods = methods,
	.m_slots = slots,
	.m_traverse = module_traverse,
	.m_clear = module_clear,
	.m_free = module_free,
};

PyMODINIT_FUNC PyInit__swarm(void)
{
	return PyModuleDef_Init(&swarmpy_module);
}
