/*
 * The type Client: made, called by operation, closed. One call at a time: a second thread, or a
 * signal handler that calls the client again, gets an InvalidArgument.
 */
#include "_swarm.h"

int swarmpy_client_begin(swarmpy_client *self)
{
	if (self->busy)
		return swarmpy_invalid(self->state,
				       "the client is busy with another call: make one "
				       "client for each thread");
	if (!self->client)
		return swarmpy_invalid(self->state, "the client is closed: make a new one");
	self->busy = 1;
	swarmpy_wait_begin(&self->wait);
	return 0;
}

int swarmpy_client_end(swarmpy_client *self, int result, const swarm_error *err)
{
	result = swarmpy_wait_end(&self->wait, self->state, result, err);
	self->busy = 0;
	return result;
}

/* The module that made Client, borrowed; type may be a subclass written in Python. */
static PyObject *module_of(PyTypeObject *type)
{
	for (; type; type = PyType_GetSlot(type, Py_tp_base)) {
		PyObject *module = PyType_GetModule(type);

		if (module && PyModule_GetDef(module) == &swarmpy_module)
			return module;
		PyErr_Clear();
	}
	PyErr_SetString(PyExc_SystemError, "no module _swarm behind this type");
	return NULL;
}

static PyObject *client_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
	allocfunc alloc = PyType_GetSlot(type, Py_tp_alloc);
	PyObject *module = module_of(type);
	swarmpy_client *self;

	(void)args;
	(void)kwargs;
	self = module ? (swarmpy_client *)alloc(type, 0) : NULL;
	if (!self)
		return NULL;
	Py_INCREF(module);
	self->module = module;
	self->state = PyModule_GetState(module);
	return (PyObject *)self;
}

static int client_init(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "url", "api_version", "timeout", "max_body", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	PyObject *url = NULL, *version = NULL, *timeout = NULL, *max_body = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_client *client;
	int64_t size = 0;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O$OOO:Client", names, &url, &version,
					 &timeout, &max_body) ||
	    swarmpy_optional_text(self->state, "url", url, &options.url) ||
	    swarmpy_optional_text(self->state, "api_version", version, &options.api_version) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &options.timeout_ms) ||
	    swarmpy_integer(self->state, "max_body", max_body, 1, PY_SSIZE_T_MAX, &size))
		return -1;
	if (self->busy)
		return swarmpy_invalid(self->state, "the client is busy with another call");
	options.max_body = (size_t)size;
	options.cancel = swarmpy_wait_cancel;
	options.cancel_payload = &self->wait;
	if (swarm_client_new(&options, &client, &err)) {
		swarmpy_raise(self->state, &err);
		return -1;
	}
	swarm_client_free(self->client);
	self->client = client;
	return 0;
}

/* No tp_clear: the one reference held is to the module, whose dict breaks a circle. */
static int client_traverse(PyObject *object, visitproc visit, void *arg)
{
	Py_VISIT(Py_TYPE(object));
	Py_VISIT(((swarmpy_client *)object)->module);
	return 0;
}

static void client_dealloc(PyObject *object)
{
	swarmpy_client *self = (swarmpy_client *)object;
	PyTypeObject *type = Py_TYPE(object);
	freefunc free_object = PyType_GetSlot(type, Py_tp_free);

	PyObject_GC_UnTrack(object);
	swarm_client_free(self->client);
	Py_XDECREF(self->module);
	free_object(object);
	Py_DECREF(type);
}

static PyObject *client_url(PyObject *object, void *closure)
{
	swarmpy_client *self = (swarmpy_client *)object;

	(void)closure;
	if (!self->client) {
		swarmpy_invalid(self->state, "the client is closed: make a new one");
		return NULL;
	}
	return swarmpy_str(swarm_client_url(self->client));
}

PyDoc_STRVAR(api_version_doc,
	     "api_version($self, /)\n--\n\n"
	     "The API version in use, such as \"1.45\"; asks the engine the first time.");

static PyObject *api_version(PyObject *object, PyObject *unused)
{
	swarmpy_client *self = (swarmpy_client *)object;
	swarm_error err = SWARM_ERROR_INIT;
	const char *version;
	int result;

	(void)unused;
	if (swarmpy_client_begin(self))
		return NULL;
	result = swarm_client_api_version(self->client, &version, &err);
	if (swarmpy_client_end(self, result, &err))
		return NULL;
	return swarmpy_str(version);
}

PyDoc_STRVAR(call_doc,
	     "call($self, /, op, id=None, *, query=None, body=None, registry_auth=None, "
	     "timeout=None)\n--\n\n"
	     "Call an operation by its name, one of OPS; not one that answers a stream.\n\n"
	     "id fills the {id} of the path. query values: bool becomes true or false, int and\n"
	     "str stay, dict and list become JSON. body is a dict. registry_auth is a dict with\n"
	     "username, password and serveraddress, or identitytoken, or registrytoken. The\n"
	     "timeout is in seconds.\n"
	     "Returns the decoded JSON, the text of an operation that answers text, or None.");

static PyObject *run_call(swarmpy_client *self, const swarm_op_info *row,
			  const swarm_call_options *options)
{
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *answer = NULL;
	char *body = NULL;
	size_t size = 0;
	int result;

	if (swarmpy_client_begin(self))
		return NULL;
	result = swarm_call_bytes(self->client, options, &body, &size, &err);
	if (!swarmpy_client_end(self, result, &err)) {
		/* 204 is an answer without a body. */
		if (row->result == SWARM_RESULT_JSON && (size || !strstr(row->status, "204")))
			answer = swarmpy_loads(self->state, body, size);
		else if (row->result == SWARM_RESULT_TEXT)
			answer = PyUnicode_DecodeUTF8(body, (Py_ssize_t)size, "replace");
		else
			answer = Py_BuildValue("");
	}
	swarm_bytes_free(body, size);
	return answer;
}

static PyObject *call(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "op", "id", "query", "body", "registry_auth", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *op, *id = NULL, *query = NULL, *body = NULL, *auth = NULL, *timeout = NULL;
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_PING);
	SWARMPY_AUTO PyObject *owner = NULL;
	const swarm_op_info *row;
	swarm_query *parameters = NULL;
	json_t *json = NULL, *credentials = NULL;
	PyObject *answer = NULL;
	const char *name;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O$OOOO:call", names, &op, &id, &query,
					 &body, &auth, &timeout) ||
	    swarmpy_text(self->state, "op", op, &name) ||
	    swarmpy_optional_text(self->state, "id", id, &options.id) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &options.timeout_ms))
		return NULL;
	row = swarm_op_by_name(name);
	if (!row) {
		swarmpy_invalid(self->state, "no operation '%.64s': see _swarm.OPS", name);
		return NULL;
	}
	options.op = row->op;
	if (!swarmpy_query(self->state, query, &owner, &parameters) &&
	    !swarmpy_json(self->state, "body", body, &json) &&
	    !swarmpy_json(self->state, "registry_auth", auth, &credentials)) {
		options.query = parameters;
		options.body = json;
		options.registry_auth = credentials;
		answer = run_call(self, row, &options);
	}
	PyMem_Free(parameters);
	swarmpy_free_json(json);
	swarmpy_free_json(credentials);
	return answer;
}

PyDoc_STRVAR(close_doc,
	     "close($self, /)\n--\n\n"
	     "Close the connection. Later calls raise InvalidArgument; closing again is fine.");

static PyObject *close_client(PyObject *object, PyObject *unused)
{
	swarmpy_client *self = (swarmpy_client *)object;

	(void)unused;
	if (self->busy) {
		swarmpy_invalid(self->state, "the client is busy with a call and cannot be closed");
		return NULL;
	}
	self->client = swarm_client_free(self->client);
	Py_RETURN_NONE;
}

PyDoc_STRVAR(
	local_doc,
	"local($self, /, *, timeout=None)\n--\n\n"
	"This host in the swarm, as its engine sees it.\n\n"
	"Returns a dict: state (\"inactive\", \"pending\", \"active\", \"error\" or \"locked\"),\n"
	"manager (bool), node_id, node_addr, name, error, cluster_id, engine_version (str,\n"
	"\"\" where there is none), managers (list of \"ip:port\"), manager_ids, warnings.");

PyDoc_STRVAR(
	init_doc,
	"init($self, /, *, listen_addr=None, advertise_addr=None, "
	"data_path_addr=None, data_path_port=None, availability=None, default_addr_pool=None, "
	"subnet_size=None, autolock=False, force_new_cluster=False, spec=None, timeout=None)\n--\n\n"
	"Make a new swarm with this host as its first manager, and wait until it leads.\n\n"
	"Returns the id of this node. The timeout is in seconds, 120 unless given.");

PyDoc_STRVAR(
	join_doc,
	"join($self, /, remote_addrs, token, *, digest=None, listen_addr=None, "
	"advertise_addr=None, data_path_addr=None, availability=None, manager=False, "
	"replace_pending=False, pending_timeout=None, timeout=None)\n--\n\n"
	"Join this host to a swarm and wait until it is active.\n\n"
	"remote_addrs: managers as \"host[:port]\". digest: the CA digest that the token must\n"
	"carry. manager: also wait until the manager part is up. replace_pending: a join that\n"
	"does not become active in pending_timeout (20 seconds) is left and done anew.");

PyDoc_STRVAR(leave_doc, "leave($self, /, *, force=False, timeout=None)\n--\n\n"
			"Take this host out of its swarm and wait until it is inactive.");

PyDoc_STRVAR(tokens_doc, "tokens($self, /, *, timeout=None)\n--\n\n"
			 "The join tokens: a dict with worker, manager and cluster_id. Secret.");

PyDoc_STRVAR(cluster_update_doc,
	     "cluster_update($self, /, patch=None, *, "
	     "rotate_worker_token=False, rotate_manager_token=False, rotate_unlock_key=False, "
	     "timeout=None)\n--\n\n"
	     "Merge a patch (RFC 7396) into the cluster's spec.\n\n"
	     "Returns {\"old\": spec before, \"new\": spec sent}.");

PyDoc_STRVAR(node_list_doc,
	     "node_list($self, /, *, timeout=None)\n--\n\n"
	     "The nodes of the swarm, from a manager.\n\n"
	     "Returns a list of dicts: id, hostname, role, availability, state, message, addr,\n"
	     "engine_version, member, leader (bool), reachability, manager_addr, labels (dict).");

PyDoc_STRVAR(node_inspect_doc,
	     "node_inspect($self, /, node, *, timeout=None)\n--\n\n"
	     "The engine's description of a node, named by id, host name or \"self\".");

PyDoc_STRVAR(node_update_doc,
	     "node_update($self, /, node, patch, *, timeout=None)\n--\n\n"
	     "Merge a patch (RFC 7396) into a node's spec: Role, Availability, Labels.\n\n"
	     "Returns {\"id\": node id, \"old\": spec, \"new\": spec}.");

PyDoc_STRVAR(node_drain_doc,
	     "node_drain($self, /, node, *, timeout=None)\n--\n\n"
	     "Drain a node and wait until no task runs on it, 300 seconds unless given.\n\n"
	     "Returns as node_update().");

PyDoc_STRVAR(node_remove_doc,
	     "node_remove($self, /, node, *, force=False, demote=False, timeout=None)\n--\n\n"
	     "Delete a node's record. force: also one that is not down. demote: a manager first.");

PyDoc_STRVAR(unlock_doc,
	     "unlock($self, /, key, *, timeout=None)\n--\n\n"
	     "Unlock this host, a manager that locked itself, and wait until it is active.");

PyDoc_STRVAR(
	unlock_key_doc,
	"unlock_key($self, /, *, rotate=False, timeout=None)\n--\n\n"
	"The unlock key, from a manager; rotate: a new one. Secret. NotFound where autolock is\n"
	"off.");

PyDoc_STRVAR(
	node_promote_doc,
	"node_promote($self, /, node, *, timeout=None)\n--\n\n"
	"Make a node a manager and wait until it is a reachable one, 120 seconds unless given.\n\n"
	"Returns as node_update().");

PyDoc_STRVAR(node_demote_doc,
	     "node_demote($self, /, node, *, timeout=None)\n--\n\n"
	     "Make a node a worker and wait until it left the managers' group, 120 seconds unless\n"
	     "given. Returns as node_update().");

PyDoc_STRVAR(node_prune_doc, "node_prune($self, /, *, timeout=None)\n--\n\n"
			     "Delete the records of all workers that are down. Returns their ids.");

PyDoc_STRVAR(
	object_update_doc,
	"object_update($self, /, kind, ref, patch, *, timeout=None)\n--\n\n"
	"Merge a patch (RFC 7396) into the spec of a service, or into the labels of a secret or\n"
	"config, named by id or exact name. kind: \"service\", \"secret\" or \"config\".\n\n"
	"Returns {\"id\": id, \"old\": spec, \"new\": spec}.");

PyDoc_STRVAR(service_scale_doc,
	     "service_scale($self, /, service, count, *, timeout=None)\n--\n\n"
	     "Set the number of tasks of a replicated service or job. Does not wait.\n\n"
	     "Returns as object_update().");

PyDoc_STRVAR(service_rollback_doc, "service_rollback($self, /, service, *, timeout=None)\n--\n\n"
				   "Go back to the spec before the last change. Does not wait.");

PyDoc_STRVAR(
	service_wait_doc,
	"service_wait($self, /, service, *, timeout=None)\n--\n\n"
	"Wait until the tasks are as the spec says, 300 seconds unless given.\n\n"
	"Returns a dict: done, total, rolled_back (bool). Timeout and StateError say which tasks\n"
	"do not run, and why.");

PyDoc_STRVAR(
	task_why_doc,
	"task_why($self, /, ref, *, timeout=None)\n--\n\n"
	"Why a task, named by id, or the tasks of a service, named by id or exact name, wait.\n\n"
	"Returns a list, empty where no task of the service waits, of dicts: task (dict: id,\n"
	"service, state, message, error), count (tasks of the service that wait for the same),\n"
	"nodes (list of dicts: id, hostname, rejected: the rules that reject the node, or \"\").");

/* clang-format off */
#define METHOD(name, function) \
	{ #name, (PyCFunction)(void (*)(void))function, METH_VARARGS | METH_KEYWORDS, name##_doc }
/* clang-format on */

static PyMethodDef methods[] = {
	{ "api_version", api_version, METH_NOARGS, api_version_doc },
	METHOD(call, call),
	METHOD(local, swarmpy_client_local),
	METHOD(init, swarmpy_client_init),
	METHOD(join, swarmpy_client_join),
	METHOD(leave, swarmpy_client_leave),
	METHOD(tokens, swarmpy_client_tokens),
	METHOD(cluster_update, swarmpy_client_cluster_update),
	METHOD(node_list, swarmpy_client_node_list),
	METHOD(node_inspect, swarmpy_client_node_inspect),
	METHOD(node_update, swarmpy_client_node_update),
	METHOD(node_drain, swarmpy_client_node_drain),
	METHOD(node_remove, swarmpy_client_node_remove),
	METHOD(unlock, swarmpy_client_unlock),
	METHOD(unlock_key, swarmpy_client_unlock_key),
	METHOD(node_promote, swarmpy_client_node_promote),
	METHOD(node_demote, swarmpy_client_node_demote),
	METHOD(node_prune, swarmpy_client_node_prune),
	METHOD(object_update, swarmpy_client_object_update),
	METHOD(service_scale, swarmpy_client_service_scale),
	METHOD(service_rollback, swarmpy_client_service_rollback),
	METHOD(service_wait, swarmpy_client_service_wait),
	METHOD(task_why, swarmpy_client_task_why),
	{ "close", close_client, METH_NOARGS, close_doc },
	{ NULL, NULL, 0, NULL },
};

static PyGetSetDef getset[] = {
	{ "url", client_url, NULL, "The URL that the client speaks to.", NULL },
	{ NULL, NULL, NULL, NULL, NULL },
};

PyDoc_STRVAR(
	client_doc,
	"Client(url=None, *, api_version=None, timeout=None, max_body=None)\n--\n\n"
	"One engine, one kept connection. No connection is opened before the first call.\n\n"
	"url: \"unix:///path\" or \"tcp://host:port\"; api_version: such as \"1.41\", negotiated\n"
	"unless given; timeout: seconds for one request; max_body: bytes of the largest answer.\n"
	"One thread at a time: a call on a client that is busy raises InvalidArgument. A client\n"
	"that crossed a fork opens its own connection.");

static PyType_Slot slots[] = {
	{ Py_tp_doc, (void *)(uintptr_t)client_doc },
	{ Py_tp_new, client_new },
	{ Py_tp_init, client_init },
	{ Py_tp_dealloc, client_dealloc },
	{ Py_tp_traverse, client_traverse },
	{ Py_tp_methods, methods },
	{ Py_tp_getset, getset },
	{ 0, NULL },
};

PyType_Spec swarmpy_client_spec = {
	.name = "_swarm.Client",
	.basicsize = sizeof(swarmpy_client),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
	.slots = slots,
};
