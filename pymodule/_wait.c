/* SPDX-License-Identifier: Apache-2.0 */
/* How a call of the library runs without the GIL, and hears of signals. */
#include "_swarm.h"

void swarmpy_wait_begin(swarmpy_wait *wait)
{
	wait->thread = PyEval_SaveThread();
}

int swarmpy_wait_end(swarmpy_wait *wait, const swarmpy_state *state, int result,
		     const swarm_error *err)
{
	PyEval_RestoreThread(wait->thread);
	wait->thread = NULL;
	/* KeyboardInterrupt comes first: the library only says that it was canceled. */
	if (PyErr_Occurred())
		return -1;
	if (result) {
		swarmpy_raise(state, err);
		return -1;
	}
	return 0;
}

int swarmpy_wait_cancel(void *payload)
{
	swarmpy_wait *wait = payload;
	int raised;

	/* Not PyGILState_Ensure(), which takes the wrong thread in a sub-interpreter. */
	PyEval_RestoreThread(wait->thread);
	/* Once raised, the answer stays: the library may ask again on its way out. */
	raised = PyErr_Occurred() || PyErr_CheckSignals();
	wait->thread = PyEval_SaveThread();
	return raised;
}
