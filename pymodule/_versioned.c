/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of Client on secrets and configs by their logical name. Content comes in as bytes. */
#include "_swarm.h"

/* What is not a plain value yet; borrowed. */
typedef struct given {
	PyObject *name;
	PyObject *data;
	PyObject *hash_key;
	PyObject *template_driver;
	PyObject *driver;
	PyObject *labels;
	PyObject *keep;
	PyObject *fixed_name;
	PyObject *adopt;
	PyObject *spare_stacks;
	PyObject *wait;
	PyObject *retry;
	PyObject *dry_run;
	PyObject *timeout;
} given;

static int parse_flags(const given *g, unsigned *flags)
{
	int waits = 1;

	if (swarmpy_bit("fixed_name", g->fixed_name, SWARM_VERSIONED_FIXED_NAME, flags) ||
	    swarmpy_bit("adopt", g->adopt, SWARM_VERSIONED_ADOPT, flags) ||
	    swarmpy_bit("spare_stacks", g->spare_stacks, SWARM_VERSIONED_SPARE_STACKS, flags) ||
	    swarmpy_bit("retry", g->retry, SWARM_VERSIONED_RETRY, flags) ||
	    swarmpy_bit("dry_run", g->dry_run, SWARM_VERSIONED_DRY_RUN, flags) ||
	    swarmpy_flag("wait", g->wait, &waits))
		return -1;
	*flags |= waits ? 0 : SWARM_VERSIONED_NO_WAIT;
	return 0;
}

static int parse_what(const swarmpy_state *state, const given *g, swarm_versioned *what)
{
	int64_t keep = (int64_t)what->keep;

	if (swarmpy_text(state, "name", g->name, &what->name) ||
	    swarmpy_bytes("data", g->data, &what->data, &what->data_size) ||
	    swarmpy_bytes("hash_key", g->hash_key, &what->key, &what->key_size) ||
	    swarmpy_optional_text(state, "template_driver", g->template_driver,
				  &what->template_driver) ||
	    swarmpy_integer(state, "keep", g->keep, 0, 1000, &keep) ||
	    parse_flags(g, &what->flags) ||
	    swarmpy_seconds(state, "timeout", g->timeout, &what->timeout_ms))
		return -1;
	what->keep = (size_t)keep;
	return 0;
}

static PyObject *put(swarmpy_client *self, swarm_kind kind, const given *g)
{
	swarm_versioned what = SWARM_VERSIONED_INIT;
	json_t *labels = NULL, *driver = NULL, *result = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *answer = NULL;
	int code;

	if (parse_what(self->state, g, &what))
		return NULL;
	if (!swarmpy_json(self->state, "labels", g->labels, &labels) &&
	    !swarmpy_json(self->state, "driver", g->driver, &driver) &&
	    !swarmpy_client_begin(self)) {
		what.labels = labels;
		what.driver = driver;
		code = swarm_versioned_put(self->client, kind, &what, &result, &err);
		answer = swarmpy_client_end_json(self, code, &err, result);
	}
	swarmpy_free_json(labels);
	swarmpy_free_json(driver);
	return answer;
}

PyObject *swarmpy_client_secret_put(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "name",   "data",  "hash_key",   "template_driver", "driver",
				 "labels", "keep",  "fixed_name", "adopt",           "spare_stacks",
				 "wait",   "retry", "dry_run",    "timeout",         NULL };
	given g = { NULL };

	if (!PyArg_ParseTupleAndKeywords(
		    args, kwargs, "OO|$OOOOOOOOOOOO:secret_put", names, &g.name, &g.data,
		    &g.hash_key, &g.template_driver, &g.driver, &g.labels, &g.keep, &g.fixed_name,
		    &g.adopt, &g.spare_stacks, &g.wait, &g.retry, &g.dry_run, &g.timeout))
		return NULL;
	return put((swarmpy_client *)object, SWARM_KIND_SECRET, &g);
}

PyObject *swarmpy_client_config_put(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "name",         "data", "hash_key",   "template_driver",
				 "labels",       "keep", "fixed_name", "adopt",
				 "spare_stacks", "wait", "retry",      "dry_run",
				 "timeout",      NULL };
	given g = { NULL };

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$OOOOOOOOOOO:config_put", names, &g.name,
					 &g.data, &g.hash_key, &g.template_driver, &g.labels,
					 &g.keep, &g.fixed_name, &g.adopt, &g.spare_stacks, &g.wait,
					 &g.retry, &g.dry_run, &g.timeout))
		return NULL;
	return put((swarmpy_client *)object, SWARM_KIND_CONFIG, &g);
}

PyObject *swarmpy_client_versioned_remove(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "kind", "name", "dry_run", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *kind_text, *name_text, *dry_run = NULL, *timeout = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_kind kind = SWARM_KIND_SECRET;
	int64_t timeout_ms = 0;
	json_t *result = NULL;
	unsigned flags = 0;
	const char *name;
	int code;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$OO:versioned_remove", names, &kind_text,
					 &name_text, &dry_run, &timeout) ||
	    swarmpy_kind(self->state, kind_text, &kind) ||
	    swarmpy_text(self->state, "name", name_text, &name) ||
	    swarmpy_bit("dry_run", dry_run, SWARM_VERSIONED_DRY_RUN, &flags) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	code = swarm_versioned_remove(self->client, kind, name, flags, timeout_ms, &result, &err);
	return swarmpy_client_end_json(self, code, &err, result);
}

PyObject *swarmpy_client_versioned_users(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "kind", "ref", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *kind_text, *ref_text, *timeout = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_kind kind = SWARM_KIND_SECRET;
	int64_t timeout_ms = 0;
	json_t *users = NULL;
	const char *ref;
	int code;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$O:versioned_users", names, &kind_text,
					 &ref_text, &timeout) ||
	    swarmpy_kind(self->state, kind_text, &kind) ||
	    swarmpy_text(self->state, "ref", ref_text, &ref) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_client_begin(self))
		return NULL;
	code = swarm_versioned_users(self->client, kind, ref, timeout_ms, &users, &err);
	return swarmpy_client_end_json(self, code, &err, users);
}
