/* SPDX-License-Identifier: Apache-2.0 */
/* The health of a swarm: one look, the wait for it, the table of checks; and what if nodes go. */
#include "_swarm.h"

/* The arguments of both methods; what is borrowed from them is freed by given_clear(). */
typedef struct given {
	swarm_health_options options;
	const char **checks;
	const char **ignore;
	PyObject *checks_owner;
	PyObject *ignore_owner;
	json_t *baseline; /* {"rows": [...]} */
} given;

static void given_clear(given *g)
{
	PyMem_Free(g->checks);
	PyMem_Free(g->ignore);
	Py_XDECREF(g->checks_owner);
	Py_XDECREF(g->ignore_owner);
	swarmpy_free_json(g->baseline);
}

static int read_baseline(const swarmpy_state *state, PyObject *value, given *g)
{
	SWARMPY_AUTO PyObject *wrapped = NULL;

	if (!value || value == Py_None)
		return 0;
	wrapped = Py_BuildValue("{s:O}", "rows", value);
	if (!wrapped || swarmpy_json(state, "baseline", wrapped, &g->baseline))
		return -1;
	g->options.baseline = json_object_get(g->baseline, "rows");
	return 0;
}

static int parse(swarmpy_client *self, PyObject *args, PyObject *kwargs, const char *format,
		 char **names, given *g)
{
	const swarmpy_state *state = self->state;
	PyObject *checks = NULL, *ignore = NULL, *baseline = NULL, *margin = NULL;
	PyObject *timeout = NULL, *stable = NULL;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &checks, &ignore, &baseline,
					 &margin, &timeout, &stable) ||
	    swarmpy_texts(state, "checks", checks, &g->checks_owner, &g->checks) ||
	    swarmpy_texts(state, "ignore", ignore, &g->ignore_owner, &g->ignore) ||
	    read_baseline(state, baseline, g) ||
	    swarmpy_integer(state, "margin", margin, 0, INT32_MAX, &g->options.margin) ||
	    swarmpy_seconds(state, "timeout", timeout, &g->options.timeout_ms) ||
	    swarmpy_seconds(state, "stable", stable, &g->options.stable_ms))
		return -1;
	/* 0 is a number here, and the default in C. */
	if (margin && margin != Py_None && g->options.margin == 0)
		g->options.margin = -1;
	g->options.checks = g->checks;
	g->options.ignore = g->ignore;
	return 0;
}

PyObject *swarmpy_client_health(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "checks", "ignore", "baseline", "margin", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	given g = { .options = SWARM_HEALTH_OPTIONS_INIT };
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *answer = NULL;
	json_t *rows = NULL;
	int result;

	if (!parse(self, args, kwargs, "|$OOOOO:health", names, &g) &&
	    !swarmpy_client_begin(self)) {
		result = swarm_health_get(self->client, &g.options, &rows, &err);
		answer = swarmpy_client_end_json(self, result, &err, rows);
	}
	given_clear(&g);
	return answer;
}

PyObject *swarmpy_client_health_wait(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {
		"checks", "ignore", "baseline", "margin", "timeout", "stable", NULL
	};
	swarmpy_client *self = (swarmpy_client *)object;
	given g = { .options = SWARM_HEALTH_OPTIONS_INIT };
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *answer = NULL;
	json_t *rows = NULL;
	int result;

	if (!parse(self, args, kwargs, "|$OOOOOO:health_wait", names, &g) &&
	    !swarmpy_client_begin(self)) {
		result = swarm_health_wait(self->client, &g.options, &rows, &err);
		answer = swarmpy_client_end_json(self, result, &err, rows);
	}
	given_clear(&g);
	return answer;
}

PyObject *swarmpy_client_what_if(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "nodes", "drain", "each", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	const swarmpy_state *state = self->state;
	swarm_what_if_options options = SWARM_WHAT_IF_OPTIONS_INIT;
	PyObject *nodes = NULL, *drain = NULL, *each = NULL, *timeout = NULL, *answer = NULL;
	SWARMPY_AUTO PyObject *owner = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	const char **refs = NULL;
	json_t *cases = NULL;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O$OOO:what_if", names, &nodes, &drain,
					 &each, &timeout) ||
	    swarmpy_flag("drain", drain, &options.drain) ||
	    swarmpy_flag("each", each, &options.each) ||
	    swarmpy_seconds(state, "timeout", timeout, &options.timeout_ms) ||
	    swarmpy_texts(state, "nodes", nodes, &owner, &refs))
		return NULL;
	options.nodes = refs;
	if (!swarmpy_client_begin(self)) {
		result = swarm_what_if(self->client, &options, &cases, &err);
		answer = swarmpy_client_end_json(self, result, &err, cases);
	}
	PyMem_Free(refs);
	return answer;
}

PyObject *swarmpy_health_checks(PyObject *module, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { NULL };
	const swarmpy_state *state = PyModule_GetState(module);
	swarm_error err = SWARM_ERROR_INIT;
	json_t *checks = NULL;
	PyObject *answer;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, ":health_checks", names))
		return NULL;
	if (swarm_health_checks(&checks, &err))
		return swarmpy_raise(state, &err);
	answer = swarmpy_plain(state, checks);
	json_decref(checks);
	return answer;
}
