/* SPDX-License-Identifier: Apache-2.0 */
/* Structs of the library to dicts, by tables of their fields: one, or a list of many. */
#include "_swarm.h"

#include <string.h>

enum { ROWS_BETWEEN_SIGNALS = 512 };

static PyObject *text_list(char *const *texts)
{
	PyObject *list = PyList_New(0);

	for (; list && *texts; texts++) {
		SWARMPY_AUTO PyObject *text = swarmpy_str(*texts);

		if (!text || PyList_Append(list, text))
			Py_CLEAR(list);
	}
	return list;
}

static PyObject *label_dict(const swarm_label *labels)
{
	PyObject *dict = PyDict_New();

	for (; dict && labels->name; labels++) {
		SWARMPY_AUTO PyObject *name = swarmpy_str(labels->name);
		SWARMPY_AUTO PyObject *value = name ? swarmpy_str(labels->value) : NULL;

		if (!value || PyDict_SetItem(dict, name, value))
			Py_CLEAR(dict);
	}
	return dict;
}

static PyObject *port_list(const swarm_port *ports)
{
	PyObject *list = PyList_New(0);

	for (; list && ports->protocol; ports++) {
		SWARMPY_AUTO PyObject *port = Py_BuildValue(
			"{s:L, s:L, s:N, s:N}", "target", (long long)ports->target, "published",
			(long long)ports->published, "protocol", swarmpy_str(ports->protocol),
			"mode", swarmpy_str(ports->mode));

		if (!port || PyList_Append(list, port))
			Py_CLEAR(list);
	}
	return list;
}

static PyObject *member(const swarmpy_field *field, const void *record)
{
	const char *place = (const char *)record + field->offset;

	switch (field->kind) {
	case SWARMPY_TEXT:
		return swarmpy_str(*(const char *const *)place);
	case SWARMPY_FLAG:
		return PyBool_FromLong(*(const int *)place);
	case SWARMPY_INTEGER:
		return PyLong_FromLongLong(*(const int64_t *)place);
	case SWARMPY_TEXTS:
		return text_list(*(char *const *const *)place);
	case SWARMPY_LABELS:
		return label_dict(*(const swarm_label *const *)place);
	case SWARMPY_PORTS:
		return port_list(*(const swarm_port *const *)place);
	}
	PyErr_SetString(PyExc_SystemError, "unknown kind of field");
	return NULL;
}

/* A field's name and, from row to row, the value that it had last. */
typedef struct column {
	PyObject *name; /* borrowed */
	PyObject *value;
	const char *text; /* of a SWARMPY_TEXT, that value; borrowed from a record */
} column;

static void free_columns(column *columns, size_t count)
{
	for (size_t i = 0; columns && i < count; i++)
		Py_XDECREF(columns[i].value);
	PyMem_Free(columns);
}

PyObject *swarmpy_model(const swarmpy_field *fields, size_t count)
{
	PyObject *model = PyDict_New();

	for (size_t i = 0; model && i < count; i++)
		if (PyDict_SetItemString(model, fields[i].name, Py_None))
			Py_CLEAR(model);
	return model;
}

/* The names of the model, which are in the order of its fields. */
static column *make_columns(PyObject *model, size_t count)
{
	column *columns = PyMem_Calloc(count, sizeof(*columns));
	Py_ssize_t place = 0;

	if (!columns) {
		PyErr_NoMemory();
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		PyDict_Next(model, &place, &columns[i].name, NULL);
	return columns;
}

/*
 * The member of a record, in column->value. Most texts of a long list, such as roles and states, are
 * those of the row before: one str serves all of these. 1 where the value is another one than before,
 * 0 if not, -1 with an exception.
 */
static int next_value(const swarmpy_field *field, column *column, const void *record)
{
	const char *text = NULL;
	PyObject *value;
	int changed;

	if (field->kind == SWARMPY_TEXT) {
		text = *(const char *const *)((const char *)record + field->offset);
		if (column->text && strcmp(column->text, text) == 0)
			return 0;
	}
	value = member(field, record);
	if (!value)
		return -1;
	changed = value != column->value;
	Py_XDECREF(column->value);
	column->value = value;
	column->text = text;
	return changed;
}

/* A copy of the row before has room for all names at once, and most of the values. */
static PyObject *next_dict(const swarmpy_field *fields, size_t count, column *columns,
			   PyObject *before, const void *record)
{
	PyObject *dict = PyDict_Copy(before);

	for (size_t i = 0; dict && i < count; i++) {
		int changed = next_value(&fields[i], &columns[i], record);

		if (changed < 0 ||
		    (changed && PyDict_SetItem(dict, columns[i].name, columns[i].value)))
			Py_CLEAR(dict);
	}
	return dict;
}

static PyObject *make_dicts(PyObject *model, const swarmpy_field *fields, size_t count,
			    const void *records, size_t size, size_t number)
{
	column *columns = make_columns(model, count);
	PyObject *list = columns ? PyList_New((Py_ssize_t)number) : NULL;
	PyObject *before = model;
	const char *record = records;

	for (size_t i = 0; list && i < number; i++) {
		/* A long list takes seconds: Ctrl-C is not for the end of it. */
		if (i % ROWS_BETWEEN_SIGNALS == 0 && PyErr_CheckSignals()) {
			Py_CLEAR(list);
			break;
		}
		before = next_dict(fields, count, columns, before, record + i * size);
		if (!before || PyList_SetItem(list, (Py_ssize_t)i, before))
			Py_CLEAR(list);
	}
	free_columns(columns, count);
	return list;
}

/* The garbage collector would look at the new dicts again and again, and none of them is garbage. */
PyObject *swarmpy_dicts(PyObject *model, const swarmpy_field *fields, size_t count,
			const void *records, size_t size, size_t number)
{
	int enabled = PyGC_Disable();
	PyObject *list = make_dicts(model, fields, count, records, size, number);

	if (enabled)
		PyGC_Enable();
	return list;
}

PyObject *swarmpy_dict(const swarmpy_field *fields, size_t count, const void *record)
{
	PyObject *dict = PyDict_New();

	for (size_t i = 0; dict && i < count; i++) {
		SWARMPY_AUTO PyObject *value = member(&fields[i], record);

		if (!value || PyDict_SetItemString(dict, fields[i].name, value))
			Py_CLEAR(dict);
	}
	return dict;
}
