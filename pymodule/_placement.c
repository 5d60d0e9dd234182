/* The method of Client that says why a task gets no node. */
#include "_swarm.h"

PyObject *swarmpy_client_task_why(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "ref", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *value, *timeout = NULL, *answer = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0;
	json_t *why = NULL;
	const char *ref;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:task_why", names, &value, &timeout) ||
	    swarmpy_text(self->state, "ref", value, &ref) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_task_why(self->client, ref, timeout_ms, &why, &err);
	if (!swarmpy_client_end(self, result, &err))
		answer = swarmpy_plain(self->state, why);
	swarmpy_free_json(why);
	return answer;
}
