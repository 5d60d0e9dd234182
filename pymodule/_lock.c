/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of Client on the cluster's lock. */
#include "_swarm.h"

PyObject *swarmpy_client_lock_take(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "run", "what", "holder", "ttl", "wait", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	const swarmpy_state *state = self->state;
	swarm_lock_options options = SWARM_LOCK_OPTIONS_INIT;
	PyObject *run, *what, *holder, *ttl = NULL, *wait = NULL, *timeout = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *lock = NULL;
	int64_t seconds = -1;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO|$OOO:lock_take", names, &run, &what,
					 &holder, &ttl, &wait, &timeout) ||
	    swarmpy_text(state, "run", run, &options.run) ||
	    swarmpy_text(state, "what", what, &options.what) ||
	    swarmpy_text(state, "holder", holder, &options.holder) ||
	    swarmpy_integer(state, "ttl", ttl, 1, 86400, &options.ttl_s) ||
	    swarmpy_integer(state, "wait", wait, 0, 86400, &seconds) ||
	    swarmpy_seconds(state, "timeout", timeout, &options.timeout_ms))
		return NULL;
	/* None waits until it is known whether the holder lives, 0 does not wait. */
	options.wait_ms = seconds < 0 ? 0 : seconds ? seconds * 1000 : -1;
	if (swarmpy_client_begin(self))
		return NULL;
	result = swarm_lock_take(self->client, &options, &lock, &err);
	return swarmpy_client_end_json(self, result, &err, lock);
}

PyObject *swarmpy_client_lock_renew(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0;
	json_t *lock = NULL;
	const char *run;
	int result;

	if (swarmpy_client_parse(self, args, kwargs, "O|$O:lock_renew", "run", &run, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_lock_renew(self->client, run, timeout_ms, &lock, &err);
	return swarmpy_client_end_json(self, result, &err, lock);
}

PyObject *swarmpy_client_lock_release(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0;
	const char *run;
	int result, released = 0;

	if (swarmpy_client_parse(self, args, kwargs, "O|$O:lock_release", "run", &run,
				 &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_lock_release(self->client, run, timeout_ms, &released, &err);
	if (swarmpy_client_end(self, result, &err))
		return NULL;
	return PyBool_FromLong(released);
}

PyObject *swarmpy_client_lock_get(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *timeout = NULL;
	int64_t timeout_ms = 0;
	json_t *lock = NULL;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$O:lock_get", names, &timeout) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_lock_get(self->client, timeout_ms, &lock, &err);
	return swarmpy_client_end_json(self, result, &err, lock);
}
