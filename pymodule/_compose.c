/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compose documents: the functions of the module that make the objects of a stack of them. They ask no
 * engine; a callable of Python's gives the files that a document names.
 */
#include "_swarm.h"

/* The arguments of both functions; borrowed json is freed by given_clear(). */
typedef struct given {
	const swarmpy_state *state;
	json_t *documents;
	json_t *env;
	json_t *names;
	PyObject *content; /* a callable, borrowed; NULL: none */
	swarm_compose_options options;
} given;

static void given_clear(given *g)
{
	swarmpy_free_json(g->documents);
	swarmpy_free_json(g->env);
	json_decref(g->names);
}

/* An exception of the callable as a line about the file; anything but an Exception ends it all. */
static int refuse(swarm_error *err)
{
	SWARMPY_AUTO PyObject *type = NULL;
	SWARMPY_AUTO PyObject *value = NULL;
	SWARMPY_AUTO PyObject *trace = NULL;
	SWARMPY_AUTO PyObject *text = NULL;
	const char *words;

	if (!PyErr_ExceptionMatches(PyExc_Exception) || PyErr_ExceptionMatches(PyExc_MemoryError))
		return SWARM_E_CANCELED;
	PyErr_Fetch(&type, &value, &trace);
	text = value ? PyObject_Str(value) : NULL;
	words = text ? PyUnicode_AsUTF8AndSize(text, NULL) : NULL;
	PyErr_Clear();
	err->code = SWARM_E_INVAL;
	PyOS_snprintf(err->text, sizeof(err->text), "%s", words ? words : "cannot be read");
	return err->code;
}

static int give_content(void *payload, const char *file, swarm_content *content, swarm_error *err)
{
	const given *g = payload;
	SWARMPY_AUTO PyObject *arguments = Py_BuildValue("(s)", file);
	SWARMPY_AUTO PyObject *bytes = arguments ? PyObject_Call(g->content, arguments, NULL)
						 : NULL;
	Py_ssize_t size;
	char *data;

	if (!bytes)
		return refuse(err);
	if (!PyBytes_Check(bytes)) {
		PyErr_SetString(PyExc_TypeError, "content must give bytes");
		return SWARM_E_CANCELED;
	}
	if (PyBytes_AsStringAndSize(bytes, &data, &size))
		return SWARM_E_CANCELED;
	return swarm_content_set(content, data, (size_t)size);
}

/* A list of dicts, by way of the one kind of value that swarmpy_json() takes. */
static int parse_documents(given *g, PyObject *documents)
{
	SWARMPY_AUTO PyObject *holder = NULL;
	json_t *held = NULL;

	if (!PyList_Check(documents) && !PyTuple_Check(documents)) {
		PyErr_SetString(PyExc_TypeError, "documents must be a list of dicts");
		return -1;
	}
	holder = Py_BuildValue("{s:O}", "documents", documents);
	if (!holder || swarmpy_json(g->state, "documents", holder, &held))
		return -1;
	g->documents = json_incref(json_object_get(held, "documents"));
	json_decref(held);
	return 0;
}

static int parse_names(given *g, PyObject *names)
{
	SWARMPY_AUTO PyObject *owner = NULL;
	const char **texts = NULL;

	if (swarmpy_texts(g->state, "names", names, &owner, &texts))
		return -1;
	if (!texts)
		return 0;
	g->names = json_array();
	for (const char **text = texts; *text; text++)
		if (json_array_append_new(g->names, json_string(*text))) {
			PyMem_Free(texts);
			PyErr_NoMemory();
			return -1;
		}
	PyMem_Free(texts);
	return 0;
}

static int parse_given(given *g, PyObject *args, PyObject *kwargs, const char *format)
{
	static char *keywords[] = { "documents", "name", "env",     "names",
				    "base_dir",  "home", "content", NULL };
	PyObject *documents, *name = NULL, *env = NULL, *names = NULL, *base_dir = NULL;
	PyObject *home = NULL, *content = NULL;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, keywords, &documents, &name, &env,
					 &names, &base_dir, &home, &content) ||
	    parse_documents(g, documents) ||
	    swarmpy_optional_text(g->state, "name", name, &g->options.name) ||
	    swarmpy_json(g->state, "env", env, &g->env) || parse_names(g, names) ||
	    swarmpy_optional_text(g->state, "base_dir", base_dir, &g->options.base_dir) ||
	    swarmpy_optional_text(g->state, "home", home, &g->options.home))
		return -1;
	if (content && content != Py_None) {
		if (!PyCallable_Check(content)) {
			PyErr_SetString(PyExc_TypeError, "content must be a callable");
			return -1;
		}
		g->content = content;
		g->options.content = give_content;
		g->options.payload = g;
	}
	g->options.env = g->env;
	g->options.names = g->names;
	return 0;
}

/* The exception of a code: that of the callable where it raised one. */
static PyObject *fail(const given *g, const swarm_error *err)
{
	return PyErr_Occurred() ? NULL : swarmpy_raise(g->state, err);
}

PyObject *swarmpy_compose_check(PyObject *module, PyObject *args, PyObject *kwargs)
{
	given g = { .state = PyModule_GetState(module), .options = SWARM_COMPOSE_OPTIONS_INIT };
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *answer = NULL;
	json_t *slips = NULL;

	if (!parse_given(&g, args, kwargs, "O|O$OOOOO:compose_check"))
		answer = swarm_compose_check(g.documents, &g.options, &slips, &err)
				 ? fail(&g, &err)
				 : swarmpy_plain(g.state, slips);
	json_decref(slips);
	given_clear(&g);
	return answer;
}

PyObject *swarmpy_compose_convert(PyObject *module, PyObject *args, PyObject *kwargs)
{
	given g = { .state = PyModule_GetState(module), .options = SWARM_COMPOSE_OPTIONS_INIT };
	json_t *stack = NULL, *warnings = NULL, *both = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *answer = NULL;

	if (!parse_given(&g, args, kwargs, "O|O$OOOOO:compose_convert")) {
		if (swarm_compose_convert(g.documents, &g.options, &stack, &warnings, &err))
			answer = fail(&g, &err);
		else
			both = json_pack("{s:O, s:O}", "stack", stack, "warnings", warnings);
		if (both)
			answer = swarmpy_plain(g.state, both);
		else if (!PyErr_Occurred())
			PyErr_NoMemory();
	}
	json_decref(both);
	/* Variables have secrets, and are in what services are made of. */
	swarmpy_free_json(stack);
	json_decref(warnings);
	given_clear(&g);
	return answer;
}
