/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of dicts that become JSON. json.dumps makes text of None, True and numbers silently, and YAML
 * makes these of null, yes, no, on, off and 5: a label of another name than was written.
 */
#include "_swarm.h"

#include <stdbool.h>
#include <stdio.h>

/* Where a value is: under a key of a dict, or at an index of a list. */
typedef struct level {
	const struct level *up; /* NULL: the argument itself */
	PyObject *key;          /* NULL: an index */
	Py_ssize_t index;
} level;

/* New reference: "body.Spec.Labels". */
static PyObject *place_of(const char *name, const level *at)
{
	SWARMPY_AUTO PyObject *up = NULL;

	if (!at)
		return PyUnicode_FromString(name);
	up = place_of(name, at->up);
	if (!up)
		return NULL;
	return at->key ? PyUnicode_FromFormat("%U.%U", up, at->key)
		       : PyUnicode_FromFormat("%U[%zd]", up, at->index);
}

/* New reference: a key as it is written; what else it is may be long, or secret, and has its type only. */
static PyObject *text_of_key(PyObject *key)
{
	SWARMPY_AUTO PyObject *type = PyObject_GetAttrString((PyObject *)Py_TYPE(key), "__name__");
	SWARMPY_AUTO PyObject *text = NULL;

	if (!type || (key != Py_None && !PyLong_Check(key) && !PyFloat_Check(key)))
		return type ? PyUnicode_FromFormat("of type %U", type) : NULL;
	text = PyObject_Repr(key);
	/* An int of thousands of digits has none. */
	if (!text)
		PyErr_Clear();
	return text ? PyUnicode_FromFormat("%.40U", text)
		    : PyUnicode_FromFormat("of type %U", type);
}

/* One line in the end; control characters of a key become blanks. */
static void copy_line(char *line, size_t room, PyObject *text)
{
	const char *bytes = text ? PyUnicode_AsUTF8AndSize(text, NULL) : NULL;

	/* A lone surrogate in a key above. */
	PyErr_Clear();
	snprintf(line, room, "%s", bytes ? bytes : "?");
	for (; *line; line++)
		if ((unsigned char)*line < ' ')
			*line = ' ';
}

/* Raises TypeError. Returns -1. */
static int refuse(const char *name, const level *at, PyObject *key)
{
	SWARMPY_AUTO PyObject *place = place_of(name, at);
	SWARMPY_AUTO PyObject *what = text_of_key(key);
	SWARMPY_AUTO PyObject *message = NULL;
	char where[200], which[80], text[SWARM_ERROR_TEXT];

	copy_line(where, sizeof(where), place);
	copy_line(which, sizeof(which), what);
	snprintf(text, sizeof(text),
		 "%s: the key %s is not a string, but a name must be a str: put it in quotes in "
		 "YAML, where null, yes, no and "
		 "numbers without quotes are other types",
		 where, which);
	swarm_redact(text);
	message = swarmpy_str(text);
	if (message)
		PyErr_SetObject(PyExc_TypeError, message);
	return -1;
}

static int check_value(const char *name, PyObject *value, const level *at);

static int check_dict(const char *name, PyObject *dict, const level *up)
{
	PyObject *key, *value;
	Py_ssize_t position = 0;

	while (PyDict_Next(dict, &position, &key, &value)) {
		level at = { up, key, 0 };

		if (!PyUnicode_Check(key))
			return refuse(name, up, key);
		if (check_value(name, value, &at))
			return -1;
	}
	return 0;
}

static int check_list(const char *name, PyObject *list, const level *up)
{
	for (Py_ssize_t i = 0; i < PySequence_Size(list); i++) {
		SWARMPY_AUTO PyObject *value = PySequence_GetItem(list, i);
		level at = { up, NULL, i };

		if (!value || check_value(name, value, &at))
			return -1;
	}
	return 0;
}

static int check_value(const char *name, PyObject *value, const level *at)
{
	bool list = PyList_Check(value) || PyTuple_Check(value);
	int result;

	if (!list && !PyDict_Check(value))
		return 0;
	/* A container may be in itself. */
	if (Py_EnterRecursiveCall(" in an argument"))
		return -1;
	result = list ? check_list(name, value, at) : check_dict(name, value, at);
	Py_LeaveRecursiveCall();
	return result;
}

int swarmpy_check_keys(const char *name, PyObject *value)
{
	return check_value(name, value, NULL);
}

int swarmpy_check_names(const char *name, PyObject *dict)
{
	PyObject *key, *value;
	Py_ssize_t position = 0;

	while (PyDict_Next(dict, &position, &key, &value))
		if (!PyUnicode_Check(key))
			return refuse(name, NULL, key);
	return 0;
}
