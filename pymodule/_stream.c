/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Client.events() and Client.logs() give: the iterators Events and Logs. Between two next() their
 * clients are free for other calls; one that is closed ends them.
 */
#include "_swarm.h"

typedef struct stream {
	PyObject_HEAD PyObject *clients; /* a tuple; the first one made it */
	swarmpy_client **list;           /* the same, borrowed from it */
	swarmpy_engine **engines;        /* theirs when it was opened */
	size_t count;
	swarm_events *events; /* one of these two; none once it is over */
	swarm_stream *log;
	int64_t timeout_ms; /* of each next(); 0: without end */
	int busy;           /* 1 while next() is in the library */
} stream;

/* As good as without end, and fits an int of milliseconds. */
enum { FOREVER_MS = INT32_MAX };

/* --- made and freed --------------------------------------------------------------------------- */

static void end(stream *self)
{
	self->events = swarm_events_free(self->events);
	self->log = swarm_stream_free(self->log);
	for (size_t i = 0; self->engines && i < self->count; i++) {
		swarmpy_engine_unref(self->engines[i]);
		self->engines[i] = NULL;
	}
}

static void stream_dealloc(PyObject *object)
{
	stream *self = (stream *)object;
	PyTypeObject *type = Py_TYPE(object);
	freefunc free_object = PyType_GetSlot(type, Py_tp_free);

	PyObject_GC_UnTrack(object);
	end(self);
	PyMem_Free(self->engines);
	PyMem_Free(self->list);
	Py_XDECREF(self->clients);
	free_object(object);
	Py_DECREF(type);
}

/* No tp_clear: a circle goes through a Client, which has one. */
static int stream_traverse(PyObject *object, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(object));
	Py_VISIT(((stream *)object)->clients);
	return 0;
}

/* Not open yet. clients: a tuple of Clients, one at least; stolen. */
static stream *new_stream(PyObject *type, PyObject *clients, int64_t timeout_ms)
{
	allocfunc alloc = PyType_GetSlot((PyTypeObject *)type, Py_tp_alloc);
	stream *self = (stream *)alloc((PyTypeObject *)type, 0);

	if (!self) {
		Py_DECREF(clients);
		return NULL;
	}
	self->clients = clients;
	self->count = (size_t)PyTuple_Size(clients);
	self->timeout_ms = timeout_ms;
	self->list = PyMem_Calloc(self->count, sizeof(*self->list));
	self->engines = PyMem_Calloc(self->count, sizeof(*self->engines));
	if (!self->list || !self->engines) {
		Py_DECREF(self);
		PyErr_NoMemory();
		return NULL;
	}
	for (size_t i = 0; i < self->count; i++)
		self->list[i] = (swarmpy_client *)PyTuple_GetItem(clients, (Py_ssize_t)i);
	return self;
}

/* With the GIL, which the counts need. -1 with an exception set where a client is closed or busy. */
static int begin_open(stream *self)
{
	for (size_t i = 0; i < self->count; i++)
		self->engines[i] = swarmpy_engine_ref(self->list[i]->engine);
	return swarmpy_clients_begin(self->list, self->count);
}

static int is_over(const stream *self)
{
	if (!self->events && !self->log)
		return 1;
	for (size_t i = 0; i < self->count; i++)
		if (self->list[i]->engine != self->engines[i])
			return 1;
	return 0;
}

/* --- methods of both -------------------------------------------------------------------------- */

static PyObject *stream_iter(PyObject *self)
{
	Py_INCREF(self);
	return self;
}

static int check_free(const stream *self)
{
	if (!self->busy)
		return 0;
	return swarmpy_invalid(self->list[0]->state, "another thread waits in next()");
}

PyDoc_STRVAR(close_doc, "close($self, /)\n--\n\n"
			"Close the connection; the iterator is at its end then. Again is fine.");

static PyObject *stream_close(PyObject *object, PyObject *unused)
{
	stream *self = (stream *)object;

	(void)unused;
	if (check_free(self))
		return NULL;
	end(self);
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{ "close", stream_close, METH_NOARGS, close_doc },
	{ NULL, NULL, 0, NULL },
};

/*
 * Around one step in the library. 0; -1 with an exception set, or with none if the iterator is at
 * its end.
 */
static int begin_next(stream *self)
{
	if (check_free(self))
		return -1;
	if (is_over(self)) {
		end(self);
		return -1;
	}
	/* While this thread still has the GIL: another one may close what is not busy. */
	self->busy = 1;
	if (!swarmpy_clients_begin(self->list, self->count))
		return 0;
	self->busy = 0;
	return -1;
}

static int end_next(stream *self, int result, const swarm_error *err)
{
	result = swarmpy_clients_end(self->list, self->count, result, err);
	self->busy = 0;
	return result;
}

/* --- events ----------------------------------------------------------------------------------- */

static PyObject *events_next(PyObject *object)
{
	stream *self = (stream *)object;
	const int64_t wait_ms = self->timeout_ms ? self->timeout_ms : FOREVER_MS;
	swarm_error err = SWARM_ERROR_INIT;
	const swarm_event *event = NULL;
	int result;

	if (begin_next(self))
		return NULL;
	do {
		err = (swarm_error)SWARM_ERROR_INIT;
		result = swarm_events_next(self->events, wait_ms, &event, &err);
	} while (result == SWARM_E_TIMEOUT && !self->timeout_ms);
	if (end_next(self, result, &err))
		return NULL;
	if (!event)
		Py_RETURN_NONE;
	return swarmpy_plain(self->list[0]->state, event->json);
}

static PyObject *get_client(PyObject *object, void *closure)
{
	stream *self = (stream *)object;
	PyObject *client = Py_None;
	swarm_client *followed;

	(void)closure;
	if (check_free(self))
		return NULL;
	followed = swarm_events_client(self->events);
	for (size_t i = 0; followed && i < self->count; i++)
		if (self->engines[i]->client == followed)
			client = (PyObject *)self->list[i];
	Py_INCREF(client);
	return client;
}

static PyGetSetDef events_getset[] = {
	{ "client", get_client, NULL,
	  "The Client of the manager that is followed; None at the end.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

/* New tuple of self and others, which may be NULL or None. */
static PyObject *tuple_of_clients(swarmpy_client *self, PyObject *others)
{
	PyObject *type = self->state->client_type;
	SWARMPY_AUTO PyObject *list = PyList_New(0);

	if (!list || PyList_Append(list, (PyObject *)self))
		return NULL;
	if (others && others != Py_None) {
		if (!PyList_Check(others) && !PyTuple_Check(others)) {
			PyErr_SetString(PyExc_TypeError, "others must be a list of Clients");
			return NULL;
		}
		if (PyList_SetSlice(list, 1, 1, others))
			return NULL;
	}
	for (Py_ssize_t i = 0; i < PyList_Size(list); i++) {
		if (!PyObject_TypeCheck(PyList_GetItem(list, i), (PyTypeObject *)type)) {
			PyErr_SetString(PyExc_TypeError, "others must be a list of Clients");
			return NULL;
		}
	}
	return PyList_AsTuple(list);
}

static int open_events(stream *self, const swarm_pair *filters)
{
	swarm_follow_options options = SWARM_FOLLOW_OPTIONS_INIT;
	swarm_client **clients = PyMem_Calloc(self->count + 1, sizeof(*clients));
	swarm_error err = SWARM_ERROR_INIT;
	int result = -1;

	if (!clients) {
		PyErr_NoMemory();
		return -1;
	}
	if (!begin_open(self)) {
		for (size_t i = 0; i < self->count; i++)
			clients[i] = self->engines[i]->client;
		options.clients = clients;
		options.filters = filters;
		options.timeout_ms = self->timeout_ms;
		result = swarm_events_open(&options, &self->events, &err);
		result = swarmpy_clients_end(self->list, self->count, result, &err);
	}
	PyMem_Free(clients);
	return result;
}

PyObject *swarmpy_client_events(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "filters", "others", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *given = NULL, *others = NULL, *timeout = NULL, *clients;
	SWARMPY_AUTO PyObject *owner = NULL;
	swarm_pair *filters = NULL;
	int64_t timeout_ms = 0;
	stream *made;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$OOO:events", names, &given, &others,
					 &timeout) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms))
		return NULL;
	clients = tuple_of_clients(self, others);
	made = clients ? new_stream(self->state->events_type, clients, timeout_ms) : NULL;
	if (made &&
	    (swarmpy_filters(self->state, given, &owner, &filters) || open_events(made, filters)))
		Py_CLEAR(made);
	PyMem_Free(filters);
	return (PyObject *)made;
}

/* --- logs ------------------------------------------------------------------------------------- */

static PyObject *make_record(const swarm_record *record)
{
	static const char *const sources[] = { [SWARM_SOURCE_NONE] = "",
					       [SWARM_SOURCE_STDOUT] = "stdout",
					       [SWARM_SOURCE_STDERR] = "stderr" };

	return Py_BuildValue("(sy#)", sources[record->source], record->data,
			     (Py_ssize_t)record->size);
}

static PyObject *logs_next(PyObject *object)
{
	stream *self = (stream *)object;
	const int64_t wait_ms = self->timeout_ms ? self->timeout_ms : FOREVER_MS;
	swarm_record record = { SWARM_SOURCE_NONE, NULL, 0 };
	swarm_error err = SWARM_ERROR_INIT;
	int result;

	if (begin_next(self))
		return NULL;
	do {
		err = (swarm_error)SWARM_ERROR_INIT;
		result = swarm_stream_next(self->log, wait_ms, &record, &err);
	} while (result == SWARM_E_TIMEOUT && !self->timeout_ms);
	if (end_next(self, result, &err)) {
		if (result != SWARM_E_TIMEOUT)
			end(self);
		return NULL;
	}
	if (record.data)
		return make_record(&record);
	end(self);
	return NULL;
}

static int open_log(stream *self, swarm_kind kind, const char *ref, const swarm_pair *query)
{
	swarm_error err = SWARM_ERROR_INIT;
	int result;

	if (begin_open(self))
		return -1;
	result = swarm_logs_open(self->engines[0]->client, kind, ref, query, self->timeout_ms,
				 &self->log, &err);
	return swarmpy_clients_end(self->list, self->count, result, &err);
}

PyObject *swarmpy_client_logs(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "kind", "ref", "query", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *kind_name, *value, *given = NULL, *timeout = NULL, *clients;
	SWARMPY_AUTO PyObject *owner = NULL;
	swarm_kind kind = SWARM_KIND_SERVICE;
	swarm_pair *query = NULL;
	int64_t timeout_ms = 0;
	const char *ref;
	stream *made;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$OO:logs", names, &kind_name, &value,
					 &given, &timeout) ||
	    swarmpy_kind(self->state, kind_name, &kind) ||
	    swarmpy_text(self->state, "ref", value, &ref) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms))
		return NULL;
	clients = tuple_of_clients(self, NULL);
	made = clients ? new_stream(self->state->logs_type, clients, timeout_ms) : NULL;
	if (made &&
	    (swarmpy_query(self->state, given, &owner, &query) || open_log(made, kind, ref, query)))
		Py_CLEAR(made);
	PyMem_Free(query);
	return (PyObject *)made;
}

/* --- the types -------------------------------------------------------------------------------- */

PyDoc_STRVAR(events_doc, "Events of the cluster, from Client.events().");
PyDoc_STRVAR(logs_doc, "A log, from Client.logs().");

static PyType_Slot events_slots[] = {
	{ Py_tp_doc, (void *)(uintptr_t)events_doc },
	{ Py_tp_dealloc, stream_dealloc },
	{ Py_tp_traverse, stream_traverse },
	{ Py_tp_iter, stream_iter },
	{ Py_tp_iternext, events_next },
	{ Py_tp_methods, methods },
	{ Py_tp_getset, events_getset },
	{ 0, NULL },
};

static PyType_Slot logs_slots[] = {
	{ Py_tp_doc, (void *)(uintptr_t)logs_doc },
	{ Py_tp_dealloc, stream_dealloc },
	{ Py_tp_traverse, stream_traverse },
	{ Py_tp_iter, stream_iter },
	{ Py_tp_iternext, logs_next },
	{ Py_tp_methods, methods },
	{ 0, NULL },
};

#define FLAGS (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION)

PyType_Spec swarmpy_events_spec = {
	.name = "_swarm.Events",
	.basicsize = sizeof(stream),
	.flags = FLAGS,
	.slots = events_slots,
};

PyType_Spec swarmpy_logs_spec = {
	.name = "_swarm.Logs",
	.basicsize = sizeof(stream),
	.flags = FLAGS,
	.slots = logs_slots,
};
