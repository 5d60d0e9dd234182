/* SPDX-License-Identifier: Apache-2.0 */
/* The exceptions of _swarm, made from errors.def, and errors of the library raised as them. */
#include "_swarm.h"

#include <stdarg.h>
#include <stdio.h>

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

int swarmpy_add_exceptions(PyObject *module, swarmpy_state *state)
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
