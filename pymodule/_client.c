/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The type Client: made, called by operation, closed. One call at a time: a second thread, or a
 * signal handler that calls the client again, gets an InvalidArgument.
 */
#include "_swarm.h"

swarmpy_engine *swarmpy_engine_ref(swarmpy_engine *engine)
{
	if (engine)
		engine->users++;
	return engine;
}

void swarmpy_engine_unref(swarmpy_engine *engine)
{
	if (!engine || --engine->users > 0)
		return;
	swarm_client_free(engine->client);
	PyMem_Free(engine);
}

/* --- around a call ---------------------------------------------------------------------------- */

static int check_free(const swarmpy_client *self)
{
	if (self->busy)
		return swarmpy_invalid(self->state,
				       "the client is busy with another call: make one "
				       "client for each thread");
	if (!self->client)
		return swarmpy_invalid(self->state, "the client is closed: make a new one");
	return 0;
}

int swarmpy_clients_begin(swarmpy_client *const *clients, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (check_free(clients[i]))
			return -1;
	for (size_t i = 0; i < count; i++)
		clients[i]->busy = &clients[0]->wait;
	swarmpy_wait_begin(&clients[0]->wait);
	return 0;
}

int swarmpy_clients_end(swarmpy_client *const *clients, size_t count, int result,
			const swarm_error *err)
{
	result = swarmpy_wait_end(&clients[0]->wait, clients[0]->state, result, err);
	for (size_t i = 0; i < count; i++)
		clients[i]->busy = NULL;
	return result;
}

int swarmpy_client_begin(swarmpy_client *self)
{
	return swarmpy_clients_begin(&self, 1);
}

int swarmpy_client_end(swarmpy_client *self, int result, const swarm_error *err)
{
	return swarmpy_clients_end(&self, 1, result, err);
}

PyObject *swarmpy_client_end_none(swarmpy_client *self, int result, const swarm_error *err)
{
	if (swarmpy_client_end(self, result, err))
		return NULL;
	Py_RETURN_NONE;
}

PyObject *swarmpy_client_end_json(swarmpy_client *self, int result, const swarm_error *err,
				  json_t *json)
{
	PyObject *answer = NULL;

	if (!swarmpy_client_end(self, result, err))
		answer = swarmpy_plain(self->state, json);
	swarmpy_free_json(json);
	return answer;
}

int swarmpy_client_parse(swarmpy_client *self, PyObject *args, PyObject *kwargs, const char *format,
			 char *name, const char **ret_text, int64_t *ret_ms)
{
	char *names[] = { name ? name : "timeout", name ? "timeout" : NULL, NULL };
	PyObject *value = NULL, *timeout = NULL;
	PyObject **first = name ? &value : &timeout;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, first, &timeout) ||
	    (name && swarmpy_text(self->state, name, value, ret_text)) ||
	    swarmpy_seconds(self->state, "timeout", timeout, ret_ms))
		return -1;
	return 0;
}

PyObject *swarmpy_client_list(PyObject *object, PyObject *args, PyObject *kwargs,
			      const char *format, swarmpy_lister *list)
{
	static char *names[] = { "filters", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *given = NULL, *timeout = NULL, *answer;
	SWARMPY_AUTO PyObject *owner = NULL;
	swarm_pair *filters = NULL;
	int64_t timeout_ms = 0;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &given, &timeout) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_filters(self->state, given, &owner, &filters))
		return NULL;
	answer = list(self, filters, timeout_ms);
	PyMem_Free(filters);
	return answer;
}

/* A swarm_cancel_cb; payload is the client. */
static int cancel(void *payload)
{
	swarmpy_client *self = payload;

	return swarmpy_wait_cancel(self->busy);
}

/* A swarm_progress_cb; payload is the client. What is raised here, cancel() finds. */
static void tell_progress(void *payload, const swarm_progress *progress)
{
	swarmpy_client *self = payload;
	PyObject *result = NULL;

	PyEval_RestoreThread(self->busy->thread);
	if (!PyErr_Occurred())
		result = PyObject_CallFunction(self->progress, "NnnN", swarmpy_str(progress->what),
					       (Py_ssize_t)progress->done,
					       (Py_ssize_t)progress->total,
					       swarmpy_str(progress->text));
	Py_XDECREF(result);
	self->busy->thread = PyEval_SaveThread();
}

/* --- made and freed --------------------------------------------------------------------------- */

/* The module that made Client, borrowed; type may be a subclass written in Python. */
static PyObject *module_of(PyTypeObject *type)
{
	for (; type; type = PyType_GetSlot(type, Py_tp_base)) {
		PyObject *module = PyType_GetModule(type);

		if (module && PyModule_GetDef(module) == &swarmpy_module)
			return module;
		PyErr_Clear();
	}
	PyErr_SetString(PyExc_SystemError, "no module _swarm behind this type");
	return NULL;
}

PyObject *swarmpy_client_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	allocfunc alloc = PyType_GetSlot(type, Py_tp_alloc);
	PyObject *module = module_of(type);
	swarmpy_client *self;

	(void)args;
	(void)kwargs;
	self = module ? (swarmpy_client *)alloc(type, 0) : NULL;
	if (!self)
		return NULL;
	Py_INCREF(module);
	self->module = module;
	self->state = PyModule_GetState(module);
	return (PyObject *)self;
}

/* What __init__ says of the engine's place; objects are borrowed. */
typedef struct place {
	PyObject *url;
	PyObject *version;
	PyObject *ca;
	PyObject *cert;
	PyObject *key;
	PyObject *verify;
	PyObject *context;
} place;

static int is_given(PyObject *value)
{
	return value && value != Py_None;
}

/* ret_endpoint: new where a context is named. The strings of options are borrowed from both. */
static int read_place(const swarmpy_state *state, const place *place, swarm_client_options *options,
		      swarm_endpoint **ret_endpoint)
{
	swarm_error err = SWARM_ERROR_INIT;
	const char *context = NULL;
	int verify = -1;

	if (is_given(place->context) &&
	    (is_given(place->url) || is_given(place->ca) || is_given(place->cert) ||
	     is_given(place->key) || is_given(place->verify)))
		return swarmpy_invalid(state,
				       "a context says where the engine is: give no url, ca, "
				       "cert, key or verify with it");
	if (swarmpy_optional_text(state, "context", place->context, &context))
		return -1;
	if (context) {
		if (swarm_endpoint_from_context(context, ret_endpoint, &err)) {
			swarmpy_raise(state, &err);
			return -1;
		}
		swarm_endpoint_use(*ret_endpoint, options);
	}
	if (swarmpy_optional_text(state, "url", place->url, &options->url) ||
	    swarmpy_optional_text(state, "api_version", place->version, &options->api_version) ||
	    swarmpy_optional_text(state, "ca", place->ca, &options->tls_ca) ||
	    swarmpy_optional_text(state, "cert", place->cert, &options->tls_cert) ||
	    swarmpy_optional_text(state, "key", place->key, &options->tls_key) ||
	    swarmpy_flag("verify", place->verify, &verify))
		return -1;
	if (verify >= 0)
		options->tls = verify ? SWARM_TLS_VERIFY : SWARM_TLS_NO_VERIFY;
	return 0;
}

static void apply_progress(swarmpy_client *self)
{
	swarm_client_set_progress(self->client, self->progress ? tell_progress : NULL, self);
}

static int open_engine(swarmpy_client *self, const swarm_client_options *options)
{
	swarm_error err = SWARM_ERROR_INIT;
	swarmpy_engine *engine = PyMem_Calloc(1, sizeof(*engine));

	if (!engine) {
		PyErr_NoMemory();
		return -1;
	}
	engine->users = 1;
	if (swarm_client_new(options, &engine->client, &err)) {
		swarmpy_engine_unref(engine);
		swarmpy_raise(self->state, &err);
		return -1;
	}
	swarmpy_engine_unref(self->engine);
	self->engine = engine;
	self->client = engine->client;
	apply_progress(self);
	return 0;
}

int swarmpy_client_init_self(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "url",  "api_version", "timeout", "max_body", "ca",
				 "cert", "key",         "verify",  "context",  NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	PyObject *timeout = NULL, *max_body = NULL;
	swarm_endpoint *endpoint = NULL;
	place place = { NULL };
	int64_t size = 0;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O$OOOOOOOO:Client", names, &place.url,
					 &place.version, &timeout, &max_body, &place.ca,
					 &place.cert, &place.key, &place.verify, &place.context) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &options.timeout_ms) ||
	    swarmpy_integer(self->state, "max_body", max_body, 1, PY_SSIZE_T_MAX, &size))
		return -1;
	if (self->busy)
		return swarmpy_invalid(self->state, "the client is busy with another call");
	options.max_body = (size_t)size;
	options.cancel = cancel;
	options.cancel_payload = self;
	result = read_place(self->state, &place, &options, &endpoint);
	if (!result)
		result = open_engine(self, &options);
	swarm_endpoint_free(endpoint);
	return result;
}

int swarmpy_client_traverse(PyObject *object, visitproc visit, void *arg)
{
	swarmpy_client *self = (swarmpy_client *)object;

	Py_VISIT(Py_TYPE(object));
	Py_VISIT(self->module);
	Py_VISIT(self->progress);
	return 0;
}

/* The module stays: its dict breaks a circle, and state is needed to the end. */
int swarmpy_client_clear(PyObject *object)
{
	swarmpy_client *self = (swarmpy_client *)object;

	swarm_client_set_progress(self->client, NULL, NULL);
	Py_CLEAR(self->progress);
	return 0;
}

void swarmpy_client_dealloc(PyObject *object)
{
	swarmpy_client *self = (swarmpy_client *)object;
	PyTypeObject *type = Py_TYPE(object);
	freefunc free_object = PyType_GetSlot(type, Py_tp_free);

	PyObject_GC_UnTrack(object);
	swarmpy_client_clear(object);
	swarmpy_engine_unref(self->engine);
	Py_XDECREF(self->module);
	free_object(object);
	Py_DECREF(type);
}

/* --- attributes ------------------------------------------------------------------------------- */

static PyObject *client_url(PyObject *object, void *closure)
{
	swarmpy_client *self = (swarmpy_client *)object;

	(void)closure;
	if (!self->client) {
		swarmpy_invalid(self->state, "the client is closed: make a new one");
		return NULL;
	}
	return swarmpy_str(swarm_client_url(self->client));
}

static PyObject *get_progress(PyObject *object, void *closure)
{
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *progress = self->progress ? self->progress : Py_None;

	(void)closure;
	Py_INCREF(progress);
	return progress;
}

static int set_progress(PyObject *object, PyObject *value, void *closure)
{
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *old = self->progress;

	(void)closure;
	if (!value || (value != Py_None && !PyCallable_Check(value))) {
		PyErr_SetString(PyExc_TypeError, "progress must be a callable or None");
		return -1;
	}
	if (self->busy)
		return swarmpy_invalid(self->state, "the client is busy with a call");
	self->progress = value == Py_None ? NULL : value;
	Py_XINCREF(self->progress);
	apply_progress(self);
	Py_XDECREF(old);
	return 0;
}

/* --- methods ---------------------------------------------------------------------------------- */

PyObject *swarmpy_client_api_version(PyObject *object, PyObject *unused)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	const char *version;
	int result;

	(void)unused;
	if (swarmpy_client_begin(self))
		return NULL;
	result = swarm_client_api_version(self->client, &version, &err);
	if (swarmpy_client_end(self, result, &err))
		return NULL;
	return swarmpy_str(version);
}

static PyObject *run_call(swarmpy_client *self, const swarm_op_info *row,
			  const swarm_call_options *options)
{
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *answer = NULL;
	char *body = NULL;
	size_t size = 0;
	int result;

	if (swarmpy_client_begin(self))
		return NULL;
	result = swarm_call_bytes(self->client, options, &body, &size, &err);
	if (!swarmpy_client_end(self, result, &err)) {
		/* 204 is an answer without a body. */
		if (row->result == SWARM_RESULT_JSON && (size || !strstr(row->status, "204")))
			answer = swarmpy_loads(self->state, body, size);
		else if (row->result == SWARM_RESULT_TEXT)
			answer = PyUnicode_DecodeUTF8(body, (Py_ssize_t)size, "replace");
		else
			answer = Py_BuildValue("");
	}
	swarm_bytes_free(body, size);
	return answer;
}

PyObject *swarmpy_client_call(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "op", "id", "query", "body", "registry_auth", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *op, *id = NULL, *query = NULL, *body = NULL, *auth = NULL, *timeout = NULL;
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_PING);
	SWARMPY_AUTO PyObject *owner = NULL;
	const swarm_op_info *row;
	swarm_pair *parameters = NULL;
	json_t *json = NULL, *credentials = NULL;
	PyObject *answer = NULL;
	const char *name;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O$OOOO:call", names, &op, &id, &query,
					 &body, &auth, &timeout) ||
	    swarmpy_text(self->state, "op", op, &name) ||
	    swarmpy_optional_text(self->state, "id", id, &options.id) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &options.timeout_ms))
		return NULL;
	row = swarm_op_by_name(name);
	if (!row) {
		swarmpy_invalid(self->state, "unknown operation: see _swarm.OPS");
		return NULL;
	}
	options.op = row->op;
	if (!swarmpy_query(self->state, query, &owner, &parameters) &&
	    !swarmpy_json(self->state, "body", body, &json) &&
	    !swarmpy_json(self->state, "registry_auth", auth, &credentials)) {
		options.query = parameters;
		options.body = json;
		options.registry_auth = credentials;
		answer = run_call(self, row, &options);
	}
	PyMem_Free(parameters);
	swarmpy_free_json(json);
	swarmpy_free_json(credentials);
	return answer;
}

PyObject *swarmpy_client_close(PyObject *object, PyObject *unused)
{
	swarmpy_client *self = (swarmpy_client *)object;

	(void)unused;
	if (self->busy) {
		swarmpy_invalid(self->state, "the client is busy with a call and cannot be closed");
		return NULL;
	}
	swarmpy_engine_unref(self->engine);
	self->engine = NULL;
	self->client = NULL;
	Py_RETURN_NONE;
}

PyGetSetDef swarmpy_client_getset[] = {
	{ "url", client_url, NULL, "The URL that the client speaks to.", NULL },
	{ "progress", get_progress, set_progress,
	  "None, or a callable that receives the progress of long waits: progress(what, done, total,\n"
	  "text), in the thread that waits. total is 0 where it is not known. It must not use the\n"
	  "client; what it raises ends the wait.",
	  NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};
