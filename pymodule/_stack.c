/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The methods of Client on stacks. The contents of secrets come in as bytes of a dict, which is copied, so
 * that the library can read them while Python does something else.
 */
#include "_swarm.h"

/* The content of one secret; borrowed from the copy of the dict. */
typedef struct secret {
	const char *name;
	const void *bytes;
	size_t size;
} secret;

/* What is not a plain value yet; borrowed. */
typedef struct given {
	PyObject *contents, *hash_key, *prune, *rollback, *wait, *hash_names, *resolve, *auth;
	PyObject *retry, *replace, *show_env, *keep, *history, *source, *who, *timeout;
} given;

/* What an options struct borrows from. */
typedef struct held {
	PyObject *contents; /* the copy */
	secret *secrets;    /* the last one has no name */
	json_t *auth;
} held;

static void held_clear(held *h)
{
	Py_XDECREF(h->contents);
	PyMem_Free(h->secrets);
	swarmpy_free_json(h->auth);
}

/* Without the GIL. */
static int give_content(void *payload, const char *name, swarm_content *content, swarm_error *err)
{
	const secret *secrets = payload;

	for (; secrets->name; secrets++)
		if (strcmp(secrets->name, name) == 0)
			return swarm_content_set(content, secrets->bytes, secrets->size);
	PyOS_snprintf(err->text, sizeof(err->text), "its content is not given");
	err->code = SWARM_E_INVAL;
	return err->code;
}

static int parse_contents(const swarmpy_state *state, PyObject *value, held *h)
{
	PyObject *name, *bytes;
	Py_ssize_t at = 0, size;
	size_t count = 0;

	if (value && value != Py_None && !PyDict_Check(value)) {
		PyErr_SetString(PyExc_TypeError, "contents must be a dict of bytes");
		return -1;
	}
	h->contents = value && value != Py_None ? PyDict_Copy(value) : PyDict_New();
	if (!h->contents)
		return -1;
	size = PyDict_Size(h->contents);
	h->secrets = PyMem_Calloc((size_t)size + 1, sizeof(*h->secrets));
	if (!h->secrets) {
		PyErr_NoMemory();
		return -1;
	}
	while (PyDict_Next(h->contents, &at, &name, &bytes)) {
		secret *one = &h->secrets[count++];

		if (bytes == Py_None) {
			PyErr_SetString(PyExc_TypeError, "contents must be a dict of bytes");
			return -1;
		}
		if (swarmpy_text(state, "a name in contents", name, &one->name) ||
		    swarmpy_bytes("each of contents", bytes, &one->bytes, &one->size))
			return -1;
	}
	return 0;
}

/* A flag that is on unless Python says False. */
static int parse_not(const char *name, PyObject *value, unsigned bit, unsigned *flags)
{
	int is_on = 1;

	if (swarmpy_flag(name, value, &is_on))
		return -1;
	*flags |= is_on ? 0 : bit;
	return 0;
}

static int parse_flags(const given *g, unsigned *flags)
{
	if (parse_not("prune", g->prune, SWARM_STACK_NO_PRUNE, flags) ||
	    parse_not("rollback", g->rollback, SWARM_STACK_NO_ROLLBACK, flags) ||
	    parse_not("wait", g->wait, SWARM_STACK_NO_WAIT, flags) ||
	    parse_not("hash_names", g->hash_names, SWARM_STACK_PLAIN_NAMES, flags) ||
	    swarmpy_bit("retry", g->retry, SWARM_STACK_RETRY, flags) ||
	    swarmpy_bit("replace", g->replace, SWARM_STACK_REPLACE, flags) ||
	    swarmpy_bit("show_env", g->show_env, SWARM_STACK_SHOW_ENV, flags))
		return -1;
	return 0;
}

static int parse_given(const swarmpy_state *state, const given *g, held *h,
		       swarm_stack_options *options)
{
	int64_t keep = 0, history = 0;

	if (parse_contents(state, g->contents, h) ||
	    swarmpy_bytes("hash_key", g->hash_key, &options->key, &options->key_size) ||
	    parse_flags(g, &options->flags) ||
	    swarmpy_resolve(state, g->resolve, &options->resolve) ||
	    swarmpy_json(state, "registry_auth", g->auth, &h->auth) ||
	    swarmpy_integer(state, "keep", g->keep, 1, 100, &keep) ||
	    swarmpy_integer(state, "history", g->history, 1, 100, &history) ||
	    swarmpy_optional_text(state, "source", g->source, &options->source) ||
	    swarmpy_optional_text(state, "who", g->who, &options->who) ||
	    swarmpy_seconds(state, "timeout", g->timeout, &options->timeout_ms))
		return -1;
	options->keep = (size_t)keep;
	options->history = (size_t)history;
	options->content = give_content;
	options->payload = h->secrets;
	options->registry_auth = h->auth;
	return 0;
}

typedef int (*deploy)(swarm_client *client, const json_t *stack, const swarm_stack_options *options,
		      json_t **ret_result, swarm_error *err);

static PyObject *run(PyObject *object, PyObject *args, PyObject *kwargs, const char *format,
		     deploy function)
{
	static char *names[] = { "stack",         "contents", "hash_key",   "prune",
				 "rollback",      "wait",     "hash_names", "resolve_image",
				 "registry_auth", "retry",    "replace",    "show_env",
				 "keep",          "history",  "source",     "who",
				 "timeout",       NULL };
	swarm_stack_options options = SWARM_STACK_OPTIONS_INIT;
	swarmpy_client *self = (swarmpy_client *)object;
	json_t *stack = NULL, *result = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *given_stack, *answer = NULL;
	given g = { NULL };
	held h = { NULL, NULL, NULL };
	int code;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &given_stack, &g.contents,
					 &g.hash_key, &g.prune, &g.rollback, &g.wait, &g.hash_names,
					 &g.resolve, &g.auth, &g.retry, &g.replace, &g.show_env,
					 &g.keep, &g.history, &g.source, &g.who, &g.timeout))
		return NULL;
	if (!parse_given(self->state, &g, &h, &options) &&
	    !swarmpy_json(self->state, "stack", given_stack, &stack) &&
	    !swarmpy_client_begin(self)) {
		code = function(self->client, stack, &options, &result, &err);
		answer = swarmpy_client_end_json(self, code, &err, result);
	}
	swarmpy_free_json(stack);
	held_clear(&h);
	return answer;
}

PyObject *swarmpy_client_stack_plan(PyObject *object, PyObject *args, PyObject *kwargs)
{
	return run(object, args, kwargs, "O|$OOOOOOOOOOOOOOOO:stack_plan", swarm_stack_plan);
}

PyObject *swarmpy_client_stack_apply(PyObject *object, PyObject *args, PyObject *kwargs)
{
	return run(object, args, kwargs, "O|$OOOOOOOOOOOOOOOO:stack_apply", swarm_stack_apply);
}

PyObject *swarmpy_client_stack_rollback(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "name",     "to",       "plan",          "prune",
				 "rollback", "wait",     "registry_auth", "retry",
				 "replace",  "show_env", "keep",          "history",
				 "source",   "who",      "timeout",       NULL };
	swarm_stack_options options = SWARM_STACK_OPTIONS_INIT;
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *name_text, *to_number = NULL, *plan_flag = NULL, *answer = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	held h = { NULL, NULL, NULL };
	json_t *result = NULL;
	given g = { NULL };
	const char *name;
	int code, plan = 0;
	int64_t to = 0;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OOOOOOOOOOOOOO:stack_rollback", names,
					 &name_text, &to_number, &plan_flag, &g.prune, &g.rollback,
					 &g.wait, &g.auth, &g.retry, &g.replace, &g.show_env,
					 &g.keep, &g.history, &g.source, &g.who, &g.timeout))
		return NULL;
	if (!swarmpy_text(self->state, "name", name_text, &name) &&
	    !swarmpy_integer(self->state, "to", to_number, 1, 999999999, &to) &&
	    !swarmpy_flag("plan", plan_flag, &plan) &&
	    !parse_given(self->state, &g, &h, &options) && !swarmpy_client_begin(self)) {
		code = swarm_stack_rollback(self->client, name, to, plan, &options, &result, &err);
		answer = swarmpy_client_end_json(self, code, &err, result);
	}
	held_clear(&h);
	return answer;
}

PyObject *swarmpy_client_stack_remove(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "name", "dry_run", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *name_text, *dry_run = NULL, *timeout = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *result = NULL;
	int64_t timeout_ms = 0;
	unsigned flags = 0;
	const char *name;
	int code;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OO:stack_remove", names, &name_text,
					 &dry_run, &timeout) ||
	    swarmpy_text(self->state, "name", name_text, &name) ||
	    swarmpy_bit("dry_run", dry_run, SWARM_STACK_DRY_RUN, &flags) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	code = swarm_stack_remove(self->client, name, flags, timeout_ms, &result, &err);
	return swarmpy_client_end_json(self, code, &err, result);
}

PyObject *swarmpy_client_stack_list(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *timeout = NULL;
	json_t *stacks = NULL;
	int64_t timeout_ms = 0;
	int code;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$O:stack_list", names, &timeout) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	code = swarm_stack_list(self->client, timeout_ms, &stacks, &err);
	return swarmpy_client_end_json(self, code, &err, stacks);
}

PyObject *swarmpy_client_stack_status(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "name", "stack", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *name_text, *given_stack = NULL, *timeout = NULL, *answer = NULL;
	json_t *stack = NULL, *status = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0;
	const char *name;
	int code;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OO:stack_status", names, &name_text,
					 &given_stack, &timeout) ||
	    swarmpy_text(self->state, "name", name_text, &name) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_json(self->state, "stack", given_stack, &stack))
		return NULL;
	if (!swarmpy_client_begin(self)) {
		code = swarm_stack_status(self->client, name, stack, timeout_ms, &status, &err);
		answer = swarmpy_client_end_json(self, code, &err, status);
	}
	swarmpy_free_json(stack);
	return answer;
}

PyObject *swarmpy_client_stack_history(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "name", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *name_text, *timeout = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *history = NULL;
	int64_t timeout_ms = 0;
	const char *name;
	int code;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:stack_history", names, &name_text,
					 &timeout) ||
	    swarmpy_text(self->state, "name", name_text, &name) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	code = swarm_stack_history(self->client, name, timeout_ms, &history, &err);
	return swarmpy_client_end_json(self, code, &err, history);
}
