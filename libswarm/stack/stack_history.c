/* SPDX-License-Identifier: Apache-2.0 */
/* The stored revisions of a stack: listed, gone back to; and the list of all stacks. */
#include "stack/deploy.h"

#include <string.h>

static json_int_t time_of(const json_t *revision)
{
	return strtoll(swarm__revision_label(revision, SWARM__REVISION_TIME), NULL, 10);
}

/* --- history ---------------------------------------------------------------------------------------- */

/* Lines of the secrets and configs that a revision needs and the swarm lacks. New; NULL without memory. */
static json_t *find_missing(const swarm__stack *s, const json_t *revision)
{
	const json_t *contents = swarm__json_at(revision, "document.contents");
	json_t *missing = json_array(), *names, *name;
	const char *what, *declared;
	int bad = !missing;

	json_object_foreach (swarm__json_iterable(contents), what, names) {
		const swarm__stack_kind *kind = swarm__stack_kind_named(what);

		json_object_foreach (names, declared, name)
			if (kind && json_is_string(name) &&
			    !swarm__stack_find(json_object_get(s->found, what), kind,
					       json_string_value(name)))
				bad = bad ||
				      json_array_append_new(missing,
							    json_sprintf("%s %s", kind->word,
									 json_string_value(name)));
	}
	if (!bad)
		return missing;
	json_decref(missing);
	return NULL;
}

static json_t *service_names(const json_t *revision)
{
	const json_t *services = swarm__json_at(revision, "document.stack.services");
	json_t *names = json_array(), *spec;
	const char *name;
	int bad = !names;

	json_object_foreach (swarm__json_iterable(services), name, spec)
		bad = bad || json_array_append_new(names, json_string(name));
	if (!bad)
		return names;
	json_decref(names);
	return NULL;
}

static json_t *make_row(const swarm__stack *s, const json_t *revision)
{
	return json_pack("{s:O, s:I, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "revision",
			 json_object_get(revision, "number"), "time", time_of(revision), "result",
			 swarm__revision_label(revision, SWARM__REVISION_RESULT), "hash",
			 swarm__revision_label(revision, SWARM__REVISION_HASH), "source",
			 swarm__revision_label(revision, SWARM__REVISION_SOURCE), "who",
			 swarm__revision_label(revision, SWARM__REVISION_WHO), "services",
			 service_names(revision), "failed", swarm__revision_failed(revision),
			 "missing", find_missing(s, revision));
}

int swarm_stack_history(swarm_client *client, const char *name, int64_t timeout_ms,
			json_t **ret_history, swarm_error *err)
{
	swarm_stack_options options = SWARM_STACK_OPTIONS_INIT;
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *history = NULL, *revision;
	swarm__stack s;
	size_t i;
	int rc;

	if (!err)
		err = &spare;
	if (!ret_history)
		return swarm__error(err, SWARM_E_INVAL, "ret_history is required");
	options.timeout_ms = timeout_ms;
	rc = swarm__stack_begin(&s, client, name, &options, err);
	if (!rc)
		rc = swarm__stack_read(&s, err);
	if (!rc) {
		history = json_array();
		rc = history ? 0 : swarm__nomem(err);
	}
	json_array_foreach (s.revisions, i, revision)
		if (!rc && json_array_append_new(history, make_row(&s, revision)))
			rc = swarm__nomem(err);
	swarm__stack_clear(&s);
	if (rc)
		json_decref(history);
	else
		*ret_history = history;
	return rc;
}

/* --- rollback ------------------------------------------------------------------------------------------- */

/* The revision to go to, borrowed. */
static int find_revision(const swarm__stack *s, int64_t to, const json_t **ret_revision,
			 swarm_error *err)
{
	swarm__names numbers = { 0 };
	json_t *revision;
	size_t i;

	json_array_foreach (s->revisions, i, revision) {
		json_int_t number = swarm__json_integer(revision, "number");
		bool ok = strcmp(swarm__revision_label(revision, SWARM__REVISION_RESULT), "ok") ==
			  0;

		if (to ? number == to : i > 0 && ok) {
			*ret_revision = revision;
			return 0;
		}
		swarm__names_add(&numbers, "%lld (%s)", (long long)number,
				 swarm__revision_label(revision, SWARM__REVISION_RESULT));
	}
	if (!*numbers.text)
		return swarm__error(err, SWARM_E_NOT_FOUND, "stack %s has no stored revision",
				    s->name);
	if (to)
		return swarm__error(err, SWARM_E_NOT_FOUND,
				    "stack %s has no revision %lld: choose one of %s", s->name,
				    (long long)to, numbers.text);
	return swarm__error(err, SWARM_E_NOT_FOUND,
			    "stack %s has no earlier revision that worked: choose one of %s",
			    s->name, numbers.text);
}

static int check_missing(const swarm__stack *s, const json_t *revision, swarm_error *err)
{
	json_t *missing = find_missing(s, revision), *line;
	swarm__names names = { 0 };
	size_t i;

	if (!missing)
		return swarm__nomem(err);
	json_array_foreach (missing, i, line)
		swarm__names_add(&names, "%s", json_string_value(line));
	json_decref(missing);
	if (!*names.text)
		return 0;
	return swarm__error(err, SWARM_E_CONFLICT,
			    "stack %s cannot go back to revision %lld, because parts of it were "
			    "removed: %s",
			    s->name, (long long)swarm__json_integer(revision, "number"),
			    names.text);
}

static int go_back(swarm__stack *s, const json_t *revision, int plan, json_t **ret_result,
		   swarm_error *err)
{
	json_t *result = NULL;
	int rc;

	s->frozen = json_object_get(revision, "document");
	s->wanted = json_object_get(s->frozen, "stack");
	rc = swarm__stack_plan(s, err);
	if (!rc && !plan)
		rc = swarm__stack_carry_out(s, err);
	if (!rc)
		rc = swarm__stack_result(s, &result, err);
	/* Who decides what a stack may use looks at these before anything is sent. */
	if (!rc && (json_object_set(result, "to", json_object_get(revision, "number")) ||
		    json_object_set(result, "stack", json_object_get(s->frozen, "stack"))))
		rc = swarm__nomem(err);
	if (rc)
		json_decref(result);
	else
		*ret_result = result;
	return rc;
}

int swarm_stack_rollback(swarm_client *client, const char *name, int64_t to, int plan,
			 const swarm_stack_options *options, json_t **ret_result, swarm_error *err)
{
	static const swarm_stack_options defaults = SWARM_STACK_OPTIONS_INIT;
	swarm_stack_options o = options ? *options : defaults;
	const json_t *revision = NULL;
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *kept = NULL;
	char source[64];
	swarm__stack s;
	int rc;

	if (!err)
		err = &spare;
	if (!ret_result || to < 0)
		return swarm__error(err, SWARM_E_INVAL,
				    "ret_result is required, and to is 0 or the number of a "
				    "revision");
	rc = swarm__stack_begin(&s, client, name, options, err);
	if (!rc)
		rc = swarm__stack_read(&s, err);
	if (!rc)
		rc = find_revision(&s, to, &revision, err);
	if (!rc)
		rc = check_missing(&s, revision, err);
	/* The plan reads all again. */
	kept = json_incref(swarm__json_iterable(revision));
	if (!rc) {
		snprintf(source, sizeof(source), "rollback to %lld",
			 (long long)swarm__json_integer(kept, "number"));
		o.source = o.source ? o.source : source;
		s.options = &o;
		rc = go_back(&s, kept, plan, ret_result, err);
	}
	swarm__stack_clear(&s);
	json_decref(kept);
	return rc;
}

/* --- all stacks ------------------------------------------------------------------------------------------ */

/* Count the objects of a kind by their stack. */
static int count(json_t *stacks, const swarm__stack_kind *kind, const json_t *list,
		 swarm_error *err)
{
	json_t *object;
	size_t i;

	json_array_foreach (swarm__json_iterable(list), i, object) {
		const char *name = swarm__stack_label(object, kind, SWARM__STACK_LABEL);
		json_t *row = json_object_get(stacks, name);

		if (!*name || (kind->kind == SWARM_KIND_CONFIG && swarm__is_revision(object)))
			continue;
		if (!row) {
			row = json_pack("{s:s, s:i, s:i, s:i, s:i, s:n, s:n, s:n}", "name", name,
					"services", 0, "networks", 0, "secrets", 0, "configs", 0,
					"revision", "result", "time");
			if (json_object_set_new(stacks, name, row))
				return swarm__nomem(err);
		}
		if (json_object_set_new(row, kind->name,
					json_integer(swarm__json_integer(row, kind->name) + 1)))
			return swarm__nomem(err);
	}
	return 0;
}

/* The newest revision of each stack: they come the newest first. */
static int add_revisions(json_t *stacks, const json_t *configs, swarm_error *err)
{
	json_t *revisions = NULL, *revision;
	size_t i;
	int rc = swarm__revisions_read(configs, &revisions, err);

	json_array_foreach (revisions, i, revision) {
		json_t *row = json_object_get(stacks,
					      swarm__revision_label(revision, SWARM__STACK_LABEL));

		if (rc || !row || !json_is_null(json_object_get(row, "revision")))
			continue;
		if (json_object_set(row, "revision", json_object_get(revision, "number")) ||
		    json_object_set_new(
			    row, "result",
			    json_string(swarm__revision_label(revision, SWARM__REVISION_RESULT))) ||
		    json_object_set_new(row, "time", json_integer(time_of(revision))))
			rc = swarm__nomem(err);
	}
	json_decref(revisions);
	return rc;
}

static int by_name(const void *one, const void *other)
{
	return strcmp(*(const char *const *)one, *(const char *const *)other);
}

/* An array by name; new. */
static int sort(json_t *stacks, json_t **ret_stacks, swarm_error *err)
{
	const char **names = calloc(json_object_size(stacks) + 1, sizeof(*names)), *name;
	json_t *sorted = json_array(), *row;
	int bad = !names || !sorted;
	size_t number = 0;

	json_object_foreach (stacks, name, row)
		if (names)
			names[number++] = name;
	if (names)
		qsort(names, number, sizeof(*names), by_name);
	for (size_t i = 0; !bad && i < number; i++)
		bad = json_array_append(sorted, json_object_get(stacks, names[i]));
	free(names);
	if (bad) {
		json_decref(sorted);
		return swarm__nomem(err);
	}
	*ret_stacks = sorted;
	return 0;
}

int swarm_stack_list(swarm_client *client, int64_t timeout_ms, json_t **ret_stacks,
		     swarm_error *err)
{
	const swarm__deadline deadline = swarm__deadline_in(timeout_ms, SWARM__STACK_TIMEOUT_MS);
	swarm__stack s = { .client = client, .deadline = deadline };
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *stacks;
	int rc = 0;

	if (!err)
		err = &spare;
	if (!client || !ret_stacks)
		return swarm__error(err, SWARM_E_INVAL, "client and ret_stacks are required");
	stacks = json_object();
	if (!stacks)
		return swarm__nomem(err);
	/* Services first: a stack without any is what is left of one. */
	for (int i = SWARM__STACK_KINDS; !rc && i > 0; i--) {
		const swarm__stack_kind *kind = &swarm__stack_kinds[i - 1];
		json_t *list = NULL;

		rc = swarm__stack_list(&s, kind, SWARM__STACK_LABEL, &list, err);
		if (!rc)
			rc = count(stacks, kind, list, err);
		if (!rc && kind->kind == SWARM_KIND_CONFIG)
			rc = add_revisions(stacks, list, err);
		json_decref(list);
	}
	if (!rc)
		rc = sort(stacks, ret_stacks, err);
	json_decref(stacks);
	return rc;
}
