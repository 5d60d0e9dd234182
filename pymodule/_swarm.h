/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the extension share: the module's state, arguments in, plain data out.
 * The extension knows CPython (GIL, signals, reference counts) and no rule of swarm mode.
 */
#ifndef SWARMPY_H
#define SWARMPY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>
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
	PyObject *events_type;
	PyObject *logs_type;
	PyObject *json_loads;
	PyObject *json_dumps;
	PyObject *node_model; /* swarmpy_model() of the rows of a list */
	PyObject *service_model;
	PyObject *task_model;
} swarmpy_state;

/* _state.c */
extern PyModuleDef swarmpy_module;

/* A local that gives its reference back. */
#define SWARMPY_AUTO __attribute__((cleanup(swarmpy_decref)))

static inline void swarmpy_decref(PyObject **object)
{
	Py_XDECREF(*object);
}

/* A str; bytes that are not UTF-8, as of a text cut off, become U+FFFD. New, or NULL. */
static inline PyObject *swarmpy_str(const char *text)
{
	return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

/* --- _errors.c ------------------------------------------------------------------------------ */

/* Make the exceptions, in state and in the module. 0, or -1 with one set. */
int swarmpy_add_exceptions(PyObject *module, swarmpy_state *state);

/* Raise the exception of a filled error. Returns NULL. */
PyObject *swarmpy_raise(const swarmpy_state *state, const swarm_error *err);

/* Raise InvalidArgument with a text. Returns -1. */
int swarmpy_invalid(const swarmpy_state *state, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- _wait.c -------------------------------------------------------------------------------- */

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
/* A flag of Python that sets one of the library. Optional. */
int swarmpy_bit(const char *name, PyObject *value, unsigned bit, unsigned *flags);
/* Borrowed from the bytes. Optional. */
int swarmpy_bytes(const char *name, PyObject *value, const void **ret, size_t *ret_size);
/* "changed", "always" or "never": a swarm_resolve. Optional. */
int swarmpy_resolve(const swarmpy_state *state, PyObject *value, int *ret);
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
		  swarm_pair **ret);
/* The same of filters: a dict of names, each with a str or a list or tuple of them. Optional. */
int swarmpy_filters(const swarmpy_state *state, PyObject *value, PyObject **ret_owner,
		    swarm_pair **ret);
/* "service", "task", "secret", "config" or "network". */
int swarmpy_kind(const swarmpy_state *state, PyObject *value, swarm_kind *ret);
/* A dict as JSON, new reference; give it to swarmpy_free_json(). Optional. */
int swarmpy_json(const swarmpy_state *state, const char *name, PyObject *value, json_t **ret);
/*
 * _keys.c: TypeError where a dict in value, at any depth, has a key that is not a str. 0 or -1;
 * RecursionError where it is too deep.
 */
int swarmpy_check_keys(const char *name, PyObject *value);
/* The same of the keys of one dict alone. */
int swarmpy_check_names(const char *name, PyObject *dict);
/* Wipe the strings and drop the reference. NULL is allowed. */
void swarmpy_free_json(json_t *json);

/* Data out: new references, or NULL with an exception set. */

/* A JSON text by json.loads: complete, and with integers of any size. */
PyObject *swarmpy_loads(const swarmpy_state *state, const char *text, size_t size);
/* The same of a tree of the library. */
PyObject *swarmpy_plain(const swarmpy_state *state, const json_t *json);

/* --- _record.c -------------------------------------------------------------------------------- */

/* How a member of one of the library's structs becomes an item of a dict. */
typedef struct swarmpy_field {
	const char *name;
	size_t offset;
	enum {
		SWARMPY_TEXT,
		SWARMPY_FLAG,
		SWARMPY_INTEGER,
		SWARMPY_TEXTS,
		SWARMPY_LABELS,
		SWARMPY_PORTS
	} kind;
} swarmpy_field;

/* A dict of a struct. */
PyObject *swarmpy_dict(const swarmpy_field *fields, size_t count, const void *record);
/* The dict that rows begin as, None for each field, new; it saves making the names in each call. */
PyObject *swarmpy_model(const swarmpy_field *fields, size_t count);
/* A list of dicts of structs, each of size bytes. model: of the same fields; stays as it is. */
PyObject *swarmpy_dicts(PyObject *model, const swarmpy_field *fields, size_t count,
			const void *records, size_t size, size_t number);

/* --- _client.c ------------------------------------------------------------------------------ */

/* A client of the library, shared by a Client and what iterates over it; the last one frees it. */
typedef struct swarmpy_engine {
	swarm_client *client;
	size_t users;
} swarmpy_engine;

typedef struct swarmpy_client {
	PyObject_HEAD PyObject *module; /* keeps state alive */
	const swarmpy_state *state;
	swarmpy_engine *engine; /* NULL before __init__ and after close() */
	swarm_client *client;   /* the engine's */
	PyObject *progress;     /* a callable, or NULL */
	swarmpy_wait wait;
	swarmpy_wait *busy; /* of the call in the library that uses this client; NULL: none does */
} swarmpy_client;

/* What the type Client is made of, beside its methods. */
PyObject *swarmpy_client_new(PyTypeObject *type, PyObject *args, PyObject *kwargs);
int swarmpy_client_init_self(PyObject *object, PyObject *args, PyObject *kwargs);
int swarmpy_client_traverse(PyObject *object, visitproc visit, void *arg);
int swarmpy_client_clear(PyObject *object);
void swarmpy_client_dealloc(PyObject *object);
extern PyGetSetDef swarmpy_client_getset[];

/* NULL is allowed in both; with the GIL. */
swarmpy_engine *swarmpy_engine_ref(swarmpy_engine *engine);
void swarmpy_engine_unref(swarmpy_engine *engine);

/*
 * Around each call of the library: begin gives the GIL away, or refuses (-1, exception set) a
 * client that is closed or busy; end as swarmpy_wait_end().
 */
int swarmpy_client_begin(swarmpy_client *self);
int swarmpy_client_end(swarmpy_client *self, int result, const swarm_error *err);
/* The same around a call that uses several clients. */
int swarmpy_clients_begin(swarmpy_client *const *clients, size_t count);
int swarmpy_clients_end(swarmpy_client *const *clients, size_t count, int result,
			const swarm_error *err);
/* swarmpy_client_end() of a call that answers nothing: None, or NULL with an exception set. */
PyObject *swarmpy_client_end_none(swarmpy_client *self, int result, const swarm_error *err);
/* Of one that answers JSON: plain data. Takes the tree. */
PyObject *swarmpy_client_end_json(swarmpy_client *self, int result, const swarm_error *err,
				  json_t *json);
/*
 * The arguments (name, *, timeout), or (*, timeout) where name is NULL, by a format "O|$O:method" or
 * "|$O:method". The result is borrowed from args.
 */
int swarmpy_client_parse(swarmpy_client *self, PyObject *args, PyObject *kwargs, const char *format,
			 char *name, const char **ret_text, int64_t *ret_ms);

/* What asks for a list; filters may be NULL. */
typedef PyObject *swarmpy_lister(swarmpy_client *self, const swarm_pair *filters,
				 int64_t timeout_ms);
/* A list by the arguments (*, filters, timeout), whose format is "|$OO:method". */
PyObject *swarmpy_client_list(PyObject *object, PyObject *args, PyObject *kwargs,
			      const char *format, swarmpy_lister *list);

/* --- _methods.c: the type Client, of _client.c and the methods of these files ------------------ */

extern PyType_Spec swarmpy_client_spec;

#define SWARMPY_METHOD(name)                                                                       \
	PyObject *swarmpy_client_##name(PyObject *self, PyObject *args, PyObject *kwargs)

/* _client.c */
PyObject *swarmpy_client_api_version(PyObject *self, PyObject *unused);
PyObject *swarmpy_client_close(PyObject *self, PyObject *unused);
SWARMPY_METHOD(call);

/* _cluster.c */
SWARMPY_METHOD(local);
SWARMPY_METHOD(init);
SWARMPY_METHOD(join);
SWARMPY_METHOD(leave);
SWARMPY_METHOD(leave_cleanly);
SWARMPY_METHOD(tokens);
SWARMPY_METHOD(cluster_update);
SWARMPY_METHOD(ca_rotate);
SWARMPY_METHOD(unlock);
SWARMPY_METHOD(unlock_key);

/* _node.c */
PyObject *swarmpy_node_model(void);
SWARMPY_METHOD(node_list);
SWARMPY_METHOD(node_inspect);
SWARMPY_METHOD(node_update);
SWARMPY_METHOD(node_drain);
SWARMPY_METHOD(node_remove);
SWARMPY_METHOD(node_promote);
SWARMPY_METHOD(node_demote);
SWARMPY_METHOD(node_prune);
SWARMPY_METHOD(quorum);

/* _rebalance.c */
SWARMPY_METHOD(rebalance_plan);
SWARMPY_METHOD(rebalance);

/* _evict.c */
SWARMPY_METHOD(evict_plan);
SWARMPY_METHOD(evict_plans);
SWARMPY_METHOD(evict_images);
SWARMPY_METHOD(evict);
SWARMPY_METHOD(evict_undo);

/* _service.c */
PyObject *swarmpy_service_model(void);
PyObject *swarmpy_task_model(void);
SWARMPY_METHOD(object_list);
SWARMPY_METHOD(object_inspect);
SWARMPY_METHOD(object_create);
SWARMPY_METHOD(object_update);
SWARMPY_METHOD(object_remove);
SWARMPY_METHOD(service_list);
SWARMPY_METHOD(task_list);
SWARMPY_METHOD(service_scale);
SWARMPY_METHOD(service_remove);
SWARMPY_METHOD(service_rollback);
SWARMPY_METHOD(service_wait);
SWARMPY_METHOD(service_settle);
SWARMPY_METHOD(task_why);

/* _health.c; the last is a function of the module */
SWARMPY_METHOD(health);
SWARMPY_METHOD(health_wait);
SWARMPY_METHOD(what_if);
PyObject *swarmpy_health_checks(PyObject *module, PyObject *args, PyObject *kwargs);

/* _lock.c */
SWARMPY_METHOD(lock_take);
SWARMPY_METHOD(lock_renew);
SWARMPY_METHOD(lock_release);
SWARMPY_METHOD(lock_get);

/* _compose.c; functions of the module */
PyObject *swarmpy_compose_check(PyObject *module, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_compose_convert(PyObject *module, PyObject *args, PyObject *kwargs);

/* _spec.c; the first three are functions of the module */
PyObject *swarmpy_spec_check(PyObject *module, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_spec_merge(PyObject *module, PyObject *args, PyObject *kwargs);
PyObject *swarmpy_spec_words(PyObject *module, PyObject *args, PyObject *kwargs);
SWARMPY_METHOD(image_resolve);
SWARMPY_METHOD(image_pull);
SWARMPY_METHOD(service_apply);
SWARMPY_METHOD(service_diff);

/* _versioned.c */
SWARMPY_METHOD(secret_put);
SWARMPY_METHOD(config_put);
SWARMPY_METHOD(versioned_remove);
SWARMPY_METHOD(versioned_users);

/* _stack.c */
SWARMPY_METHOD(stack_plan);
SWARMPY_METHOD(stack_apply);
SWARMPY_METHOD(stack_rollback);
SWARMPY_METHOD(stack_remove);
SWARMPY_METHOD(stack_list);
SWARMPY_METHOD(stack_status);
SWARMPY_METHOD(stack_history);

/* _network.c */
SWARMPY_METHOD(network_apply);
SWARMPY_METHOD(network_remove);
SWARMPY_METHOD(network_usage);
SWARMPY_METHOD(registry_login);

/* _stream.c */
extern PyType_Spec swarmpy_events_spec;
extern PyType_Spec swarmpy_logs_spec;
SWARMPY_METHOD(events);
SWARMPY_METHOD(logs);

#endif
