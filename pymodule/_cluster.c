/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The methods of Client on the cluster as seen from one host: its state, init, join, leave and
 * leave_cleanly, and the cluster's settings, tokens, keys and CA.
 */
#include "_swarm.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define LOCAL(name, kind) { #name, offsetof(swarm_local, name), kind }

static const swarmpy_field local_fields[] = {
	LOCAL(manager, SWARMPY_FLAG),
	LOCAL(node_id, SWARMPY_TEXT),
	LOCAL(node_addr, SWARMPY_TEXT),
	LOCAL(name, SWARMPY_TEXT),
	LOCAL(error, SWARMPY_TEXT),
	LOCAL(cluster_id, SWARMPY_TEXT),
	LOCAL(engine_version, SWARMPY_TEXT),
	LOCAL(managers, SWARMPY_TEXTS),
	LOCAL(manager_ids, SWARMPY_TEXTS),
	LOCAL(warnings, SWARMPY_TEXTS),
};
/* clang-format on */

static PyObject *local_dict(const swarm_local *local)
{
	SWARMPY_AUTO PyObject *state = NULL;
	PyObject *dict = swarmpy_dict(local_fields, sizeof(local_fields) / sizeof(*local_fields),
				      local);
	const char *name = swarm_local_state_name(local->state);

	state = dict ? swarmpy_str(name ? name : "") : NULL;
	if (!state || PyDict_SetItemString(dict, "state", state))
		Py_CLEAR(dict);
	return dict;
}

PyObject *swarmpy_client_local(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_local *local = NULL;
	PyObject *dict = NULL;
	int64_t timeout_ms = 0;
	int result;

	if (swarmpy_client_parse(self, args, kwargs, "|$O:local", NULL, NULL, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_local_get(self->client, timeout_ms, &local, &err);
	if (!swarmpy_client_end(self, result, &err))
		dict = local_dict(local);
	swarm_local_free(local);
	return dict;
}

static PyObject *run_init(swarmpy_client *self, const swarm_init_options *options)
{
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *answer = NULL;
	char *node_id = NULL;
	int result;

	if (swarmpy_client_begin(self))
		return NULL;
	result = swarm_init(self->client, options, &node_id, &err);
	if (!swarmpy_client_end(self, result, &err))
		answer = swarmpy_str(node_id);
	free(node_id);
	return answer;
}

PyObject *swarmpy_client_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "listen_addr",
				 "advertise_addr",
				 "data_path_addr",
				 "data_path_port",
				 "availability",
				 "default_addr_pool",
				 "subnet_size",
				 "autolock",
				 "force_new_cluster",
				 "spec",
				 "timeout",
				 "force_despite_leader",
				 NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	const swarmpy_state *state = self->state;
	swarm_init_options options = SWARM_INIT_OPTIONS_INIT;
	PyObject *listen = NULL, *advertise = NULL, *path = NULL, *port = NULL;
	PyObject *availability = NULL, *pool = NULL, *subnet = NULL, *autolock = NULL;
	PyObject *force = NULL, *spec = NULL, *timeout = NULL, *meant = NULL, *answer = NULL;
	SWARMPY_AUTO PyObject *owner = NULL;
	const char **pools = NULL;
	int64_t data_path_port = 0, subnet_size = 0;
	json_t *json = NULL;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$OOOOOOOOOOOO:init", names, &listen,
					 &advertise, &path, &port, &availability, &pool, &subnet,
					 &autolock, &force, &spec, &timeout, &meant) ||
	    swarmpy_optional_text(state, "listen_addr", listen, &options.listen_addr) ||
	    swarmpy_optional_text(state, "advertise_addr", advertise, &options.advertise_addr) ||
	    swarmpy_optional_text(state, "data_path_addr", path, &options.data_path_addr) ||
	    swarmpy_integer(state, "data_path_port", port, 1, INT_MAX, &data_path_port) ||
	    swarmpy_optional_text(state, "availability", availability, &options.availability) ||
	    swarmpy_integer(state, "subnet_size", subnet, 1, INT_MAX, &subnet_size) ||
	    swarmpy_flag("autolock", autolock, &options.autolock) ||
	    swarmpy_flag("force_new_cluster", force, &options.force_new_cluster) ||
	    swarmpy_flag("force_despite_leader", meant, &options.force_despite_leader) ||
	    swarmpy_seconds(state, "timeout", timeout, &options.timeout_ms))
		return NULL;
	if (!swarmpy_texts(state, "default_addr_pool", pool, &owner, &pools) &&
	    !swarmpy_json(state, "spec", spec, &json)) {
		options.data_path_port = (int)data_path_port;
		options.subnet_size = (int)subnet_size;
		options.default_addr_pool = pools;
		options.spec = json;
		answer = run_init(self, &options);
	}
	PyMem_Free(pools);
	swarmpy_free_json(json);
	return answer;
}

static PyObject *run_join(swarmpy_client *self, const swarm_join_options *options)
{
	swarm_error err = SWARM_ERROR_INIT;
	int result;

	if (swarmpy_client_begin(self))
		return NULL;
	result = swarm_join(self->client, options, &err);
	return swarmpy_client_end_none(self, result, &err);
}

PyObject *swarmpy_client_join(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = {
		"remote_addrs",   "token",        "digest",  "listen_addr",     "advertise_addr",
		"data_path_addr", "availability", "manager", "replace_pending", "pending_timeout",
		"timeout",        "worker",       NULL
	};
	swarmpy_client *self = (swarmpy_client *)object;
	const swarmpy_state *state = self->state;
	swarm_join_options options = SWARM_JOIN_OPTIONS_INIT;
	PyObject *remote, *token, *digest = NULL, *listen = NULL, *advertise = NULL;
	PyObject *path = NULL, *availability = NULL, *manager = NULL, *replace = NULL;
	PyObject *pending = NULL, *timeout = NULL, *worker = NULL, *answer;
	SWARMPY_AUTO PyObject *owner = NULL;
	const char **addrs = NULL;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$OOOOOOOOOO:join", names, &remote,
					 &token, &digest, &listen, &advertise, &path, &availability,
					 &manager, &replace, &pending, &timeout, &worker) ||
	    swarmpy_text(state, "token", token, &options.token) ||
	    swarmpy_optional_text(state, "digest", digest, &options.digest) ||
	    swarmpy_optional_text(state, "listen_addr", listen, &options.listen_addr) ||
	    swarmpy_optional_text(state, "advertise_addr", advertise, &options.advertise_addr) ||
	    swarmpy_optional_text(state, "data_path_addr", path, &options.data_path_addr) ||
	    swarmpy_optional_text(state, "availability", availability, &options.availability) ||
	    swarmpy_flag("manager", manager, &options.manager) ||
	    swarmpy_flag("worker", worker, &options.worker) ||
	    swarmpy_flag("replace_pending", replace, &options.replace_pending) ||
	    swarmpy_seconds(state, "pending_timeout", pending, &options.pending_ms) ||
	    swarmpy_seconds(state, "timeout", timeout, &options.timeout_ms) ||
	    swarmpy_texts(state, "remote_addrs", remote, &owner, &addrs))
		return NULL;
	options.remote_addrs = addrs;
	answer = run_join(self, &options);
	PyMem_Free(addrs);
	return answer;
}

PyObject *swarmpy_client_leave(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "force", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *force = NULL, *timeout = NULL;
	int64_t timeout_ms = 0;
	int forced = 0, result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$OO:leave", names, &force, &timeout) ||
	    swarmpy_flag("force", force, &forced) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_leave(self->client, forced, timeout_ms, &err);
	return swarmpy_client_end_none(self, result, &err);
}

PyObject *swarmpy_client_leave_cleanly(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "manager", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	swarmpy_client *clients[] = { self, NULL };
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *manager, *timeout = NULL;
	int64_t timeout_ms = 0;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!|$O:leave_cleanly", names,
					 self->state->client_type, &manager, &timeout) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms))
		return NULL;
	clients[1] = (swarmpy_client *)manager;
	if (swarmpy_clients_begin(clients, 2))
		return NULL;
	result = swarm_leave_cleanly(self->client, clients[1]->client, timeout_ms, &err);
	if (swarmpy_clients_end(clients, 2, result, &err))
		return NULL;
	Py_RETURN_NONE;
}

PyObject *swarmpy_client_tokens(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_tokens tokens = SWARM_TOKENS_INIT;
	PyObject *answer = NULL;
	int64_t timeout_ms = 0;
	int result;

	if (swarmpy_client_parse(self, args, kwargs, "|$O:tokens", NULL, NULL, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_tokens_get(self->client, timeout_ms, &tokens, &err);
	if (!swarmpy_client_end(self, result, &err))
		answer = Py_BuildValue("{s:s, s:s, s:s}", "worker", tokens.worker, "manager",
				       tokens.manager, "cluster_id", tokens.cluster_id);
	swarm_tokens_clear(&tokens);
	return answer;
}

static PyObject *run_update(swarmpy_client *self, const json_t *patch, unsigned rotate,
			    int64_t timeout_ms)
{
	swarm_error err = SWARM_ERROR_INIT;
	json_t *change = NULL;
	int result;

	if (swarmpy_client_begin(self))
		return NULL;
	result = swarm_cluster_update(self->client, patch, rotate, timeout_ms, &change, &err);
	return swarmpy_client_end_json(self, result, &err, change);
}

PyObject *swarmpy_client_cluster_update(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "patch",
				 "rotate_worker_token",
				 "rotate_manager_token",
				 "rotate_unlock_key",
				 "timeout",
				 NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *patch = NULL, *worker = NULL, *manager = NULL, *key = NULL, *timeout = NULL;
	int rotate_worker = 0, rotate_manager = 0, rotate_key = 0;
	PyObject *answer;
	int64_t timeout_ms = 0;
	unsigned rotate = 0;
	json_t *json = NULL;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O$OOOO:cluster_update", names, &patch,
					 &worker, &manager, &key, &timeout) ||
	    swarmpy_flag("rotate_worker_token", worker, &rotate_worker) ||
	    swarmpy_flag("rotate_manager_token", manager, &rotate_manager) ||
	    swarmpy_flag("rotate_unlock_key", key, &rotate_key) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_json(self->state, "patch", patch, &json))
		return NULL;
	rotate |= rotate_worker ? SWARM_ROTATE_WORKER_TOKEN : 0U;
	rotate |= rotate_manager ? SWARM_ROTATE_MANAGER_TOKEN : 0U;
	rotate |= rotate_key ? SWARM_ROTATE_UNLOCK_KEY : 0U;
	answer = run_update(self, json, rotate, timeout_ms);
	swarmpy_free_json(json);
	return answer;
}

PyObject *swarmpy_client_ca_rotate(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "cert", "key", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_ca_options options = SWARM_CA_OPTIONS_INIT;
	PyObject *cert = NULL, *key = NULL, *timeout = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	int result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$OOO:ca_rotate", names, &cert, &key,
					 &timeout) ||
	    swarmpy_optional_text(self->state, "cert", cert, &options.cert) ||
	    swarmpy_optional_text(self->state, "key", key, &options.key) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &options.timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_ca_rotate(self->client, &options, &err);
	return swarmpy_client_end_none(self, result, &err);
}

PyObject *swarmpy_client_unlock(PyObject *object, PyObject *args, PyObject *kwargs)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	int64_t timeout_ms = 0;
	const char *key;
	int result;

	if (swarmpy_client_parse(self, args, kwargs, "O|$O:unlock", "key", &key, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = swarm_unlock(self->client, key, timeout_ms, &err);
	return swarmpy_client_end_none(self, result, &err);
}

PyObject *swarmpy_client_unlock_key(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "rotate", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *rotate = NULL, *timeout = NULL, *answer = NULL;
	int64_t timeout_ms = 0;
	char *key = NULL;
	int rotated = 0, result;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$OO:unlock_key", names, &rotate,
					 &timeout) ||
	    swarmpy_flag("rotate", rotate, &rotated) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	result = rotated ? swarm_unlock_key_rotate(self->client, timeout_ms, &key, &err)
			 : swarm_unlock_key_get(self->client, timeout_ms, &key, &err);
	if (!swarmpy_client_end(self, result, &err))
		answer = swarmpy_str(key);
	if (key)
		swarm_bytes_free(key, strlen(key));
	return answer;
}
