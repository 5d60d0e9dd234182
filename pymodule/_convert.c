/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of Python to what the library takes, and what it gives to plain data. Answers that are
 * only passed on go through json.loads: no tree is walked, and integers over 2^63-1 survive.
 */
#include "_swarm.h"

#include <math.h>
#include <string.h>

/* 11 days: in milliseconds it still fits the int that poll() takes. */
#define MAX_SECONDS 1000000.0
/* Far over what any operation has. */
#define MAX_QUERY 64
#define MAX_TEXTS 1024
/* Less than this is read in some milliseconds. */
#define LONG_TEXT (256 * 1024)

static int wrong_type(const char *name, const char *wanted, PyObject *value)
{
	SWARMPY_AUTO PyObject *type = PyObject_GetAttrString((PyObject *)Py_TYPE(value),
							     "__name__");

	if (type)
		PyErr_Format(PyExc_TypeError, "%s must be %s, not %U", name, wanted, type);
	return -1;
}

static int is_given(PyObject *value)
{
	return value && value != Py_None;
}

int swarmpy_text(const swarmpy_state *state, const char *name, PyObject *value, const char **ret)
{
	Py_ssize_t size;
	const char *text;

	if (!PyUnicode_Check(value))
		return wrong_type(name, "a str", value);
	text = PyUnicode_AsUTF8AndSize(value, &size);
	if (!text) {
		if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
			return -1;
		/* Not chained: the UnicodeEncodeError carries the whole text, maybe a token. */
		PyErr_Clear();
		return swarmpy_invalid(state, "%s is not valid Unicode: it has a lone surrogate",
				       name);
	}
	if (memchr(text, 0, (size_t)size))
		return swarmpy_invalid(state, "%s has a NUL character in it", name);
	*ret = text;
	return 0;
}

int swarmpy_optional_text(const swarmpy_state *state, const char *name, PyObject *value,
			  const char **ret)
{
	return is_given(value) ? swarmpy_text(state, name, value, ret) : 0;
}

int swarmpy_flag(const char *name, PyObject *value, int *ret)
{
	if (!is_given(value))
		return 0;
	if (!PyBool_Check(value))
		return wrong_type(name, "True or False", value);
	*ret = value == Py_True;
	return 0;
}

int swarmpy_bit(const char *name, PyObject *value, unsigned bit, unsigned *flags)
{
	int is_on = 0;

	if (swarmpy_flag(name, value, &is_on))
		return -1;
	*flags |= is_on ? bit : 0;
	return 0;
}

int swarmpy_bytes(const char *name, PyObject *value, const void **ret, size_t *ret_size)
{
	Py_ssize_t size;
	char *bytes;

	if (!value || value == Py_None)
		return 0;
	if (!PyBytes_Check(value)) {
		PyErr_Format(PyExc_TypeError, "%s must be bytes", name);
		return -1;
	}
	if (PyBytes_AsStringAndSize(value, &bytes, &size))
		return -1;
	*ret = bytes;
	*ret_size = (size_t)size;
	return 0;
}

int swarmpy_resolve(const swarmpy_state *state, PyObject *value, int *ret)
{
	static const char *const words[] = { "changed", "always", "never" };
	const char *text = NULL;

	if (swarmpy_optional_text(state, "resolve_image", value, &text))
		return -1;
	if (!text)
		return 0;
	for (int i = 0; i < (int)(sizeof(words) / sizeof(*words)); i++)
		if (strcmp(text, words[i]) == 0) {
			*ret = i;
			return 0;
		}
	return swarmpy_invalid(state, "resolve_image must be changed, always or never, not '%s'",
			       text);
}

int swarmpy_integer(const swarmpy_state *state, const char *name, PyObject *value, int64_t minimum,
		    int64_t maximum, int64_t *ret)
{
	long long number;
	int overflow;

	if (!is_given(value))
		return 0;
	if (!PyLong_Check(value) || PyBool_Check(value))
		return wrong_type(name, "an int", value);
	number = PyLong_AsLongLongAndOverflow(value, &overflow);
	if (number == -1 && PyErr_Occurred())
		return -1;
	if (overflow || number < minimum || number > maximum)
		return swarmpy_invalid(state, "%s must be between %lld and %lld", name,
				       (long long)minimum, (long long)maximum);
	*ret = number;
	return 0;
}

int swarmpy_seconds(const swarmpy_state *state, const char *name, PyObject *value, int64_t *ret_ms)
{
	double seconds;

	if (!is_given(value))
		return 0;
	if (PyBool_Check(value) || (!PyLong_Check(value) && !PyFloat_Check(value)))
		return wrong_type(name, "a number of seconds", value);
	seconds = PyFloat_AsDouble(value);
	if (PyErr_Occurred()) {
		/* An int too large for a double. */
		if (!PyErr_ExceptionMatches(PyExc_OverflowError))
			return -1;
		PyErr_Clear();
		seconds = INFINITY;
	}
	/* Written so that NaN fails too. */
	if (!(seconds > 0.0 && seconds <= MAX_SECONDS))
		return swarmpy_invalid(state, "%s must be over 0 and at most %.0f seconds", name,
				       MAX_SECONDS);
	*ret_ms = (int64_t)ceil(seconds * 1000.0);
	return 0;
}

int swarmpy_texts(const swarmpy_state *state, const char *name, PyObject *value,
		  PyObject **ret_owner, const char ***ret)
{
	SWARMPY_AUTO PyObject *items = NULL;
	const char **texts;
	Py_ssize_t count;

	if (!is_given(value))
		return 0;
	if (!PyList_Check(value) && !PyTuple_Check(value))
		return wrong_type(name, "a list of str", value);
	items = PySequence_Tuple(value);
	if (!items)
		return -1;
	count = PyTuple_Size(items);
	if (count > MAX_TEXTS)
		return swarmpy_invalid(state, "%s has over %d items", name, MAX_TEXTS);
	texts = PyMem_Calloc((size_t)count + 1, sizeof(*texts));
	if (!texts) {
		PyErr_NoMemory();
		return -1;
	}
	for (Py_ssize_t i = 0; i < count; i++) {
		if (swarmpy_text(state, name, PyTuple_GetItem(items, i), &texts[i])) {
			PyMem_Free(texts);
			return -1;
		}
	}
	*ret = texts;
	*ret_owner = items;
	items = NULL;
	return 0;
}

/* New reference: value as JSON text. */
static PyObject *dump(const swarmpy_state *state, const char *name, PyObject *value)
{
	SWARMPY_AUTO PyObject *arguments = PyTuple_Pack(1, value);
	SWARMPY_AUTO PyObject *options = Py_BuildValue("{s:O}", "allow_nan", Py_False);
	PyObject *text;

	if (!arguments || !options)
		return NULL;
	text = swarmpy_check_keys(name, value)
		       ? NULL
		       : PyObject_Call(state->json_dumps, arguments, options);
	/* NaN, infinity, or a container inside itself; or deeper than Python goes. */
	if (!text && (PyErr_ExceptionMatches(PyExc_ValueError) ||
		      PyErr_ExceptionMatches(PyExc_RecursionError))) {
		PyErr_Clear();
		swarmpy_invalid(state,
				"%s cannot be JSON: it has NaN, infinity, a circle or too many "
				"levels",
				name);
	}
	return text;
}

/* New reference: the text of one query parameter. */
static PyObject *query_value(const swarmpy_state *state, PyObject *value)
{
	if (PyBool_Check(value))
		return PyUnicode_FromString(value == Py_True ? "true" : "false");
	if (PyLong_Check(value))
		return PyObject_Str(value);
	if (PyDict_Check(value) || PyList_Check(value))
		return dump(state, "query", value);
	if (PyUnicode_Check(value)) {
		Py_INCREF(value);
		return value;
	}
	wrong_type("a query parameter", "a str, int, bool, dict or list", value);
	return NULL;
}

static int fill_query(const swarmpy_state *state, PyObject *items, PyObject *owner,
		      swarm_pair *query)
{
	Py_ssize_t count = PyList_Size(items);

	for (Py_ssize_t i = 0; i < count; i++) {
		PyObject *item = PyList_GetItem(items, i);
		PyObject *name = PyTuple_GetItem(item, 0);
		SWARMPY_AUTO PyObject *value = query_value(state, PyTuple_GetItem(item, 1));

		if (!value || PyList_Append(owner, name) || PyList_Append(owner, value) ||
		    swarmpy_text(state, "a query parameter's name", name, &query[i].name) ||
		    swarmpy_text(state, "a query parameter", value, &query[i].value))
			return -1;
	}
	return 0;
}

int swarmpy_query(const swarmpy_state *state, PyObject *value, PyObject **ret_owner,
		  swarm_pair **ret)
{
	SWARMPY_AUTO PyObject *items = NULL;
	SWARMPY_AUTO PyObject *owner = NULL;
	swarm_pair *query;

	if (!is_given(value))
		return 0;
	if (!PyDict_Check(value))
		return wrong_type("query", "a dict", value);
	if (swarmpy_check_names("query", value))
		return -1;
	items = PyDict_Items(value);
	owner = PyList_New(0);
	if (!items || !owner)
		return -1;
	if (PyList_Size(items) > MAX_QUERY)
		return swarmpy_invalid(state, "query has over %d parameters", MAX_QUERY);
	query = PyMem_Calloc((size_t)PyList_Size(items) + 1, sizeof(*query));
	if (!query) {
		PyErr_NoMemory();
		return -1;
	}
	if (fill_query(state, items, owner, query)) {
		PyMem_Free(query);
		return -1;
	}
	*ret = query;
	*ret_owner = owner;
	owner = NULL;
	return 0;
}

/* Each value of one filter. */
static int add_filter(const swarmpy_state *state, PyObject *name, PyObject *value, PyObject *pairs)
{
	SWARMPY_AUTO PyObject *values = NULL;

	if (PyUnicode_Check(value))
		values = PyTuple_Pack(1, value);
	else if (PyList_Check(value) || PyTuple_Check(value))
		values = PySequence_Tuple(value);
	else
		return wrong_type("a filter", "a str or a list of str", value);
	if (!values)
		return -1;
	if (PyTuple_Size(values) == 0)
		return swarmpy_invalid(state, "a filter has no values");
	for (Py_ssize_t i = 0; i < PyTuple_Size(values); i++) {
		SWARMPY_AUTO PyObject *pair = PyTuple_Pack(2, name, PyTuple_GetItem(values, i));

		if (!pair || PyList_Append(pairs, pair))
			return -1;
	}
	return 0;
}

/* New reference: a list of (name, value). */
static PyObject *list_filters(const swarmpy_state *state, PyObject *value)
{
	SWARMPY_AUTO PyObject *items = PyDict_Items(value);
	PyObject *pairs = PyList_New(0);

	for (Py_ssize_t i = 0; items && pairs && i < PyList_Size(items); i++) {
		PyObject *item = PyList_GetItem(items, i);

		if (add_filter(state, PyTuple_GetItem(item, 0), PyTuple_GetItem(item, 1), pairs))
			Py_CLEAR(pairs);
	}
	if (!items)
		Py_CLEAR(pairs);
	return pairs;
}

int swarmpy_filters(const swarmpy_state *state, PyObject *value, PyObject **ret_owner,
		    swarm_pair **ret)
{
	SWARMPY_AUTO PyObject *pairs = NULL;
	swarm_pair *filters;

	if (!is_given(value))
		return 0;
	if (!PyDict_Check(value))
		return wrong_type("filters", "a dict", value);
	if (swarmpy_check_names("filters", value))
		return -1;
	pairs = list_filters(state, value);
	if (!pairs)
		return -1;
	if (PyList_Size(pairs) > MAX_TEXTS)
		return swarmpy_invalid(state, "filters have over %d values", MAX_TEXTS);
	filters = PyMem_Calloc((size_t)PyList_Size(pairs) + 1, sizeof(*filters));
	if (!filters) {
		PyErr_NoMemory();
		return -1;
	}
	for (Py_ssize_t i = 0; i < PyList_Size(pairs); i++) {
		PyObject *pair = PyList_GetItem(pairs, i);

		if (swarmpy_text(state, "a filter's name", PyTuple_GetItem(pair, 0),
				 &filters[i].name) ||
		    swarmpy_text(state, "a filter", PyTuple_GetItem(pair, 1), &filters[i].value)) {
			PyMem_Free(filters);
			return -1;
		}
	}
	*ret = filters;
	*ret_owner = pairs;
	pairs = NULL;
	return 0;
}

int swarmpy_kind(const swarmpy_state *state, PyObject *value, swarm_kind *ret)
{
	static const char *const kinds[] = {
		[SWARM_KIND_SERVICE] = "service", [SWARM_KIND_TASK] = "task",
		[SWARM_KIND_SECRET] = "secret",   [SWARM_KIND_CONFIG] = "config",
		[SWARM_KIND_NETWORK] = "network",
	};
	const char *name;

	if (swarmpy_text(state, "kind", value, &name))
		return -1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(name, kinds[i]) == 0) {
			*ret = (swarm_kind)i;
			return 0;
		}
	}
	return swarmpy_invalid(state, "kind is service, task, secret, config or network");
}

/* jansson's own text quotes the text around the error, which may be a secret. */
static const char *reason(const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_numeric_overflow:
		return "an integer over 2^63-1 or a real over the range";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "a NUL character in a str";
	case json_error_invalid_utf8:
	case json_error_invalid_syntax:
		return "a lone surrogate in a str";
	case json_error_stack_overflow:
		return "too many levels";
	default:
		return "what the engine's JSON does not know";
	}
}

int swarmpy_json(const swarmpy_state *state, const char *name, PyObject *value, json_t **ret)
{
	SWARMPY_AUTO PyObject *text = NULL;
	json_error_t error;
	const char *bytes;
	Py_ssize_t size;
	json_t *json;

	if (!is_given(value))
		return 0;
	if (!PyDict_Check(value))
		return wrong_type(name, "a dict", value);
	text = dump(state, name, value);
	bytes = text ? PyUnicode_AsUTF8AndSize(text, &size) : NULL;
	if (!bytes)
		return -1;
	json = json_loadb(bytes, (size_t)size, 0, &error);
	if (!json && json_error_code(&error) == json_error_out_of_memory) {
		PyErr_NoMemory();
		return -1;
	}
	if (!json)
		return swarmpy_invalid(state, "%s has %s", name, reason(&error));
	*ret = json;
	return 0;
}

static void wipe_strings(json_t *json)
{
	json_t *child;
	const char *key;
	size_t index;

	if (json_is_object(json)) {
		json_object_foreach (json, key, child)
			wipe_strings(child);
	} else if (json_is_array(json)) {
		json_array_foreach (json, index, child)
			wipe_strings(child);
	} else if (json_is_string(json)) {
		/* jansson's own allocation, which it only shows as const. */
		explicit_bzero((void *)(uintptr_t)json_string_value(json),
			       json_string_length(json));
	}
}

void swarmpy_free_json(json_t *json)
{
	wipe_strings(json);
	json_decref(json);
}

static PyObject *bad_answer(const swarmpy_state *state, const char *text)
{
	swarm_error err = SWARM_ERROR_INIT;

	err.code = SWARM_E_JSON;
	memcpy(err.text, text, strlen(text) + 1);
	return swarmpy_raise(state, &err);
}

/* The object itself, which json has made: nothing else runs between two objects of a long text. */
static PyObject *check_signals(PyObject *self, PyObject *object)
{
	(void)self;
	if (PyErr_CheckSignals())
		return NULL;
	Py_INCREF(object);
	return object;
}

static PyMethodDef signals_hook = { "check_signals", check_signals, METH_O, NULL };

/* A long text takes seconds: Ctrl-C is for each of its objects, not for the end of it. */
static PyObject *loads_long(const swarmpy_state *state, PyObject *string)
{
	SWARMPY_AUTO PyObject *hook = PyCFunction_New(&signals_hook, NULL);
	SWARMPY_AUTO PyObject *arguments = PyTuple_Pack(1, string);
	SWARMPY_AUTO PyObject *options = hook ? Py_BuildValue("{s:O}", "object_hook", hook) : NULL;

	return arguments && options ? PyObject_Call(state->json_loads, arguments, options) : NULL;
}

PyObject *swarmpy_loads(const swarmpy_state *state, const char *text, size_t size)
{
	SWARMPY_AUTO PyObject *string = PyUnicode_DecodeUTF8(text, (Py_ssize_t)size, "strict");
	PyObject *result = NULL;

	if (string && size > LONG_TEXT)
		result = loads_long(state, string);
	else if (string)
		result = PyObject_CallFunctionObjArgs(state->json_loads, string, NULL);
	/* Bad UTF-8 and bad JSON are both ValueErrors, and carry the whole text: not chained. */
	if (!result && (PyErr_ExceptionMatches(PyExc_ValueError) ||
			PyErr_ExceptionMatches(PyExc_RecursionError))) {
		PyErr_Clear();
		return bad_answer(state, "the answer is not JSON");
	}
	return result;
}

PyObject *swarmpy_plain(const swarmpy_state *state, const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
	PyObject *result;

	if (!text)
		return PyErr_NoMemory();
	result = swarmpy_loads(state, text, strlen(text));
	swarm_bytes_free(text, strlen(text));
	return result;
}
