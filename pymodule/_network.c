/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of Client that declare, remove and measure networks, and that renew registry credentials. */
#include "_swarm.h"

PyObject *swarmpy_client_network_apply(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "name", "network", "replace", "dry_run", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	const swarmpy_state *state = self->state;
	swarm_network_options options = SWARM_NETWORK_OPTIONS_INIT;
	PyObject *name_text, *words, *replace = NULL, *dry_run = NULL, *timeout = NULL;
	json_t *network = NULL, *result = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *answer = NULL;
	int replaces = 0, dry = 0, code;
	const char *name;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$OOO:network_apply", names, &name_text,
					 &words, &replace, &dry_run, &timeout) ||
	    swarmpy_text(state, "name", name_text, &name) ||
	    swarmpy_flag("replace", replace, &replaces) || swarmpy_flag("dry_run", dry_run, &dry) ||
	    swarmpy_seconds(state, "timeout", timeout, &options.timeout_ms))
		return NULL;
	options.flags = (replaces ? SWARM_NETWORK_REPLACE : 0) | (dry ? SWARM_NETWORK_DRY_RUN : 0);
	if (!swarmpy_json(state, "network", words, &network) && !swarmpy_client_begin(self)) {
		code = swarm_network_apply(self->client, name, network, &options, &result, &err);
		answer = swarmpy_client_end_json(self, code, &err, result);
	}
	swarmpy_free_json(network);
	return answer;
}

PyObject *swarmpy_client_network_remove(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "name", "dry_run", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	const swarmpy_state *state = self->state;
	swarm_network_options options = SWARM_NETWORK_OPTIONS_INIT;
	PyObject *name_text, *dry_run = NULL, *timeout = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *result = NULL;
	const char *name;
	int dry = 0, code;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OO:network_remove", names, &name_text,
					 &dry_run, &timeout) ||
	    swarmpy_text(state, "name", name_text, &name) ||
	    swarmpy_flag("dry_run", dry_run, &dry) ||
	    swarmpy_seconds(state, "timeout", timeout, &options.timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	options.flags = dry ? SWARM_NETWORK_DRY_RUN : 0;
	code = swarm_network_remove(self->client, name, &options, &result, &err);
	return swarmpy_client_end_json(self, code, &err, result);
}

PyObject *swarmpy_client_network_usage(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *timeout = NULL;
	int64_t timeout_ms = 0;
	json_t *rows = NULL;
	int code;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$O:network_usage", names, &timeout) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	code = swarm_network_usage(self->client, timeout_ms, &rows, &err);
	return swarmpy_client_end_json(self, code, &err, rows);
}

PyObject *swarmpy_client_registry_login(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {
		"registry", "registry_auth", "version", "dry_run", "timeout", NULL
	};
	swarmpy_client *self = (swarmpy_client *)object;
	const swarmpy_state *state = self->state;
	PyObject *registry_text, *auth, *version_text, *dry_run = NULL, *timeout = NULL;
	json_t *credentials = NULL, *result = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	const char *registry, *version;
	PyObject *answer = NULL;
	int64_t timeout_ms = 0;
	int dry = 0, code;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO|$OO:registry_login", names,
					 &registry_text, &auth, &version_text, &dry_run,
					 &timeout) ||
	    swarmpy_text(state, "registry", registry_text, &registry) ||
	    swarmpy_text(state, "version", version_text, &version) ||
	    swarmpy_flag("dry_run", dry_run, &dry) ||
	    swarmpy_seconds(state, "timeout", timeout, &timeout_ms))
		return NULL;
	if (!swarmpy_json(state, "registry_auth", auth, &credentials) &&
	    !swarmpy_client_begin(self)) {
		code = swarm_registry_login(self->client, registry, credentials, version,
					    dry ? SWARM_REGISTRY_DRY_RUN : 0, timeout_ms, &result,
					    &err);
		answer = swarmpy_client_end_json(self, code, &err, result);
	}
	swarmpy_free_json(credentials);
	return answer;
}
