/*
 * What the files of the extension share: the module's state, arguments in, plain data out.
 * The extension knows CPython (GIL, signals, reference counts) and no rule of swarm mode.
 */
#ifndef SWARMPY_H
#define SWARMPY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <swarm/swarm.h>

/* How many codes errors.def has. */
/* clang-format off */
#define E(name, number, exception, meaning) +1
enum { SWARMPY_ERRORS = 0
#include <swarm/errors.def>
};
#undef E
/* clang-format on */

/* All that the module keeps; one for each interpreter that imports it. */
typedef struct swarmpy_state {
	PyObject *error;                      /* Error, base of the exceptions */
	PyObject *exceptions[SWARMPY_ERRORS]; /* in the order of errors.def */
	PyObject *client_type;
	PyObject *json_loads;
	PyObject *json_dumps;
} swarmpy_state;

extern PyModuleDef swarmpy_module;
extern PyType_Spec swarmpy_client_spec;

/* A local that gives its reference back. */
#define SWARMPY_AUTO __attribute__((cleanup(swarmpy_decref)))

static inline void swarmpy_decref(PyObject **object)
{
	Py_XDECREF(*object);
}

/* --- _swarmmodule.c: exceptions, and running the library without the GIL ------------------ */

/* Raise the exception of a filled error. Returns NULL. */
PyObject *swarmpy_raise(const swarmpy_state *state, const swarm_error *err);

/* Raise InvalidArgument with a text. Returns -1. */
int swarmpy_invalid(const swarmpy_state *state, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The thread that gave the GIL away while it is in the library. */
typedef struct swarmpy_wait {
	PyThreadState *thread;
} swarmpy_wait;

void swarmpy_wait_begin(swarmpy_wait *wait);
/*
 * Take the GIL back. 0 where result is 0; else -1 with an exception set: the one that a signal
 * handler raised meanwhile, or that of err.
 */
int swarmpy_wait_end(swarmpy_wait *wait, const swarmpy_state *state, int result,
		     const swarm_error *err);
/* A swarm_cancel_cb; payload is the swarmpy_wait. Runs signal handlers, stops where one raised. */
int swarmpy_wait_cancel(void *payload);

/*
 * --- _convert.c -----------------------------------------------------------------------------
 *
 * Arguments in: 0, or -1 with TypeError for a wrong type, InvalidArgument for a wrong value. name
 * is the argument's, for the text. A value that is NULL or None leaves the result alone where the
 * function says "optional".
 */

/* UTF-8 without NUL, borrowed from the str. */
int swarmpy_text(const swarmpy_state *state, const char *name, PyObject *value, const char **ret);
int swarmpy_optional_text(const swarmpy_state *state, const char *name, PyObject *value,
			  const char **ret);
/* Only True and False: "False" from a command line must not mean yes. Optional. */
int swarmpy_flag(const char *name, PyObject *value, int *ret);
/* Within minimum and maximum. Optional. */
int swarmpy_integer(const swarmpy_state *state, const char *name, PyObject *value, int64_t minimum,
		    int64_t maximum, int64_t *ret);
/* Seconds as int or float, to milliseconds, at least 1. Optional. */
int swarmpy_seconds(const swarmpy_state *state, const char *name, PyObject *value, int64_t *ret_ms);

/*
 * A list or tuple of str as strings that end with NULL, free with PyMem_Free(); they are borrowed
 * from ret_owner, a new reference. Optional.
 */
int swarmpy_texts(const swarmpy_state *state, const char *name, PyObject *value,
		  PyObject **ret_owner, const char ***ret);
/*
 * A dict of query parameters, ends with a NULL name, free with PyMem_Free(); borrowed from
 * ret_owner. bool becomes true or false, dict and list become JSON. Optional.
 */
int swarmpy_query(const swarmpy_state *state, PyObject *value, PyObject **ret_owner,
		  swarm_query **ret);
/* A dict as JSON, new reference; give it to swarmpy_free_json(). Optional. */
int swarmpy_json(const swarmpy_state *state, const char *name, PyObject *value, json_t **ret);
/* Wipe the strings and drop the reference. NULL is allowed. */
void swarmpy_free_json(json_t *json);

/* Data out: new references, or NULL with an exception set. */

/* A str; bytes that are not UTF-8, as of a text cut off, become U+FFFD. */
PyObject *swarmpy_str(const char *text);
/* A JSON text by json.loads: complete, and with integers of any size. */
PyObject *swarmpy_loads(const swarmpy_state *state, const char *text, size_t size);
/* The same of a tree of the library. */
PyObject *swarmpy_plain(const swarmpy_state *state, const json_t *json);

/* --- _record.c -------------------------------------------------------------------------------- */

/* How a member of one of the library's structs becomes an item of a dict. */
typedef struct swarmpy_field {
	const char *name;
	size_t offset;
	enum { SWARMPY_TEXT, SWARMPY_FLAG, SWARMPY_TEXTS, SWARMPY_LABELS } kind;
} swarmpy_field;

/* A dict of a struct. */
PyObject *swarmpy_dict(const swarmpy_field *fields, size_t count, const void *record);
/* A list of dicts of structs, each of size bytes. */
PyObject *swarmpy_dicts(const swarmpy_field *fields, size_t count, const void *records, size_t size,
			size_t number);

/* --- _client.c, _cluster.c, _node.c ------------------------------------------------------- */

typedef struct swarmpy_client {
	PyObject_HEAD PyObject *module; /* keeps state alive */
	const swarmpy_state *state;
	swarm_client *client; /* NULL before __init__ and after close() */
	int busy;             /* 1 while a call is in the library */
	swarmpy_wait wait;
} swarmpy_client;

/*
 * Around each call of the library: begin gives the GIL away, or refuses (-1, exception set) a
 * client that is closed or busy; end as swarmpy_wait_end().
 */
int swarmpy_client_begin(swarmpy_client *self);
int swarmpy_client_end(swarmpy_client *self, int result, const swarm_error *err);

/* The methods of _cluster.c, as METH_VARARGS | METH_KEYWORDS. */
PyObject *swarmpy_client_local(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_init(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_join(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_leave(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_tokens(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_cluster_update(PyObject *self, PyObject *args, PyObject *kwargs);

/* The methods of _node.c, the same. */
PyObject *swarmpy_client_node_list(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_node_inspect(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_node_update(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_node_drain(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_node_remove(PyObject *self, PyObject *args, PyObject *kwargs);

/* The method of _placement.c, the same. */
PyObject *swarmpy_client_task_why(PyObject *self, PyObject *args, PyObject *kwargs);

/* The methods of _service.c, the same. */
PyObject *swarmpy_client_unlock(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_unlock_key(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_node_promote(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_node_demote(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_node_prune(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_object_update(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_service_scale(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_service_rollback(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_client_service_wait(PyObject *self, PyObject *args, PyObject *kwargs);

#endif
