/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services in compose's words: the functions of the module that ask no engine, and the methods of
 * Client that declare a service and look up an image.
 */
#include "_swarm.h"

#include <string.h>

/* What the functions on specs have in common; borrowed json is freed by given_clear(). */
typedef struct given {
	json_t *spec;
	json_t *service;
	json_t *ids;
	swarm_spec_options options;
} given;

static void given_clear(given *g)
{
	swarmpy_free_json(g->spec);
	swarmpy_free_json(g->service);
	swarmpy_free_json(g->ids);
}

static int parse_given(const swarmpy_state *state, given *g, PyObject *spec, PyObject *service,
		       PyObject *name, PyObject *ids)
{
	if (swarmpy_json(state, "spec", spec, &g->spec) ||
	    swarmpy_json(state, "service", service, &g->service) ||
	    swarmpy_json(state, "ids", ids, &g->ids) ||
	    swarmpy_optional_text(state, "name", name, &g->options.name))
		return -1;
	g->options.ids = g->ids;
	return 0;
}

/* result, which is taken, as plain data; or the exception of a code. */
static PyObject *end(const swarmpy_state *state, given *g, int code, const swarm_error *err,
		     json_t *result)
{
	PyObject *answer = code ? swarmpy_raise(state, err) : swarmpy_plain(state, result);

	json_decref(result);
	given_clear(g);
	return answer;
}

static int parse_flags(PyObject *strict, PyObject *show_env, unsigned *flags)
{
	int is_strict = 0, shows = 0;

	if (swarmpy_flag("strict", strict, &is_strict) ||
	    swarmpy_flag("show_env", show_env, &shows))
		return -1;
	*flags |= (is_strict ? SWARM_SPEC_STRICT : 0) | (shows ? SWARM_SPEC_SHOW_ENV : 0);
	return 0;
}

PyObject *swarmpy_spec_check(PyObject *module, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "service", "name", "ids", "network", NULL };
	const swarmpy_state *state = PyModule_GetState(module);
	given g = { .options = SWARM_SPEC_OPTIONS_INIT };
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *service, *name = NULL, *ids = NULL, *network = NULL;
	json_t *slips = NULL;
	int code, is_network = 0;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OOO:spec_check", names, &service, &name,
					 &ids, &network))
		return NULL;
	if (parse_given(state, &g, NULL, service, name, ids) ||
	    swarmpy_flag("network", network, &is_network)) {
		given_clear(&g);
		return NULL;
	}
	g.options.flags = is_network ? SWARM_SPEC_NETWORK : 0;
	code = swarm_spec_check(g.service, &g.options, &slips, &err);
	return end(state, &g, code, &err, slips);
}

PyObject *swarmpy_spec_merge(PyObject *module, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "spec", "service", "name", "ids", "strict", "show_env", NULL };
	const swarmpy_state *state = PyModule_GetState(module);
	given g = { .options = SWARM_SPEC_OPTIONS_INIT };
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *spec, *service, *name = NULL, *ids = NULL, *strict = NULL, *show_env = NULL;
	json_t *result = NULL;
	int code;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$OOOO:spec_merge", names, &spec,
					 &service, &name, &ids, &strict, &show_env))
		return NULL;
	if (parse_given(state, &g, spec, service, name, ids) ||
	    parse_flags(strict, show_env, &g.options.flags)) {
		given_clear(&g);
		return NULL;
	}
	code = swarm_spec_merge(g.spec, g.service, &g.options, &result, &err);
	return end(state, &g, code, &err, result);
}

PyObject *swarmpy_spec_words(PyObject *module, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { "spec", "ids", "show_env", NULL };
	const swarmpy_state *state = PyModule_GetState(module);
	given g = { .options = SWARM_SPEC_OPTIONS_INIT };
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *spec, *ids = NULL, *show_env = NULL;
	json_t *words = NULL;
	int code;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|$OO:spec_words", names, &spec, &ids,
					 &show_env))
		return NULL;
	if (parse_given(state, &g, spec, NULL, NULL, ids) ||
	    parse_flags(NULL, show_env, &g.options.flags)) {
		given_clear(&g);
		return NULL;
	}
	code = swarm_spec_words(g.spec, &g.options, &words, &err);
	return end(state, &g, code, &err, words);
}

/* --- with an engine ------------------------------------------------------------------------------- */

typedef int ask_for_image(swarm_client *client, const char *image, const json_t *registry_auth,
			  int64_t timeout_ms, json_t **ret_json, swarm_error *err);

static PyObject *ask(PyObject *object, PyObject *args, PyObject *kwargs, const char *format,
		     ask_for_image *function)
{
	static char *names[] = { "image", "registry_auth", "timeout", NULL };
	swarmpy_client *self = (swarmpy_client *)object;
	PyObject *image_text, *auth = NULL, *timeout = NULL, *answer = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *credentials = NULL, *found = NULL;
	int64_t timeout_ms = 0;
	const char *image;
	int code;

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &image_text, &auth,
					 &timeout) ||
	    swarmpy_text(self->state, "image", image_text, &image) ||
	    swarmpy_seconds(self->state, "timeout", timeout, &timeout_ms) ||
	    swarmpy_json(self->state, "registry_auth", auth, &credentials))
		return NULL;
	if (!swarmpy_client_begin(self)) {
		code = function(self->client, image, credentials, timeout_ms, &found, &err);
		answer = swarmpy_client_end_json(self, code, &err, found);
	}
	swarmpy_free_json(credentials);
	return answer;
}

PyObject *swarmpy_client_image_resolve(PyObject *object, PyObject *args, PyObject *kwargs)
{
	return ask(object, args, kwargs, "O|$OO:image_resolve", swarm_image_resolve);
}

PyObject *swarmpy_client_image_pull(PyObject *object, PyObject *args, PyObject *kwargs)
{
	return ask(object, args, kwargs, "O|$OO:image_pull", swarm_image_pull);
}

/* What service_apply and service_diff take beside name and service. */
typedef struct wishes {
	PyObject *strict, *show_env, *resolve, *force, *stack, *auth, *timeout, *trigger, *patch;
	PyObject *replace, *retry, *dry_run;
} wishes;

static int parse_wishes(const swarmpy_state *state, const wishes *w, swarm_apply_options *options)
{
	int replace = 0, retry = 0, dry = 0;

	if (parse_flags(w->strict, w->show_env, &options->flags) ||
	    swarmpy_flag("replace", w->replace, &replace) ||
	    swarmpy_flag("retry", w->retry, &retry) || swarmpy_flag("dry_run", w->dry_run, &dry) ||
	    swarmpy_resolve(state, w->resolve, &options->resolve) ||
	    swarmpy_optional_text(state, "force_update", w->force, &options->force_update) ||
	    swarmpy_optional_text(state, "job_trigger", w->trigger, &options->job_trigger) ||
	    swarmpy_optional_text(state, "stack", w->stack, &options->stack) ||
	    swarmpy_seconds(state, "timeout", w->timeout, &options->timeout_ms))
		return -1;
	options->flags |= (replace ? SWARM_APPLY_REPLACE : 0) | (retry ? SWARM_APPLY_RETRY : 0) |
			  (dry ? SWARM_APPLY_DRY_RUN : 0);
	return 0;
}

static PyObject *run_apply(swarmpy_client *self, PyObject *name_text, PyObject *words,
			   const wishes *w, swarm_apply_options *options)
{
	const swarmpy_state *state = self->state;
	json_t *service = NULL, *credentials = NULL, *patch = NULL, *result = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	PyObject *answer = NULL;
	const char *name;
	int code;

	if (!swarmpy_text(state, "name", name_text, &name) && !parse_wishes(state, w, options) &&
	    !swarmpy_json(state, "service", words, &service) &&
	    !swarmpy_json(state, "registry_auth", w->auth, &credentials) &&
	    !swarmpy_json(state, "spec_patch", w->patch, &patch) && !swarmpy_client_begin(self)) {
		options->registry_auth = credentials;
		options->spec_patch = patch;
		code = swarm_service_apply(self->client, name, service, options, &result, &err);
		answer = swarmpy_client_end_json(self, code, &err, result);
	}
	swarmpy_free_json(service);
	swarmpy_free_json(credentials);
	swarmpy_free_json(patch);
	return answer;
}

#define WISHES                                                                                     \
	"name", "service", "strict", "show_env", "resolve_image", "force_update", "stack",         \
		"registry_auth", "timeout", "job_trigger", "spec_patch", "replace", "retry"
#define PLACES(w)                                                                                  \
	&(w).strict, &(w).show_env, &(w).resolve, &(w).force, &(w).stack, &(w).auth, &(w).timeout, \
		&(w).trigger, &(w).patch, &(w).replace, &(w).retry

PyObject *swarmpy_client_service_apply(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { WISHES, "dry_run", NULL };
	swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
	PyObject *name, *words;
	wishes w = { NULL };

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$OOOOOOOOOOOO:service_apply", names,
					 &name, &words, PLACES(w), &w.dry_run))
		return NULL;
	return run_apply((swarmpy_client *)object, name, words, &w, &options);
}

PyObject *swarmpy_client_service_diff(PyObject *object, PyObject *args, PyObject *kwargs)
{
	static char *names[] = { WISHES, NULL };
	swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
	PyObject *name, *words;
	wishes w = { NULL };

	if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|$OOOOOOOOOOO:service_diff", names, &name,
					 &words, PLACES(w)))
		return NULL;
	options.flags = SWARM_APPLY_DRY_RUN;
	return run_apply((swarmpy_client *)object, name, words, &w, &options);
}
