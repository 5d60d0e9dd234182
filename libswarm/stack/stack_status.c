/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two answers for each service of a stack: is it as it is declared, and does it work? The first one compares
 * with the newest revision or with what the caller declares, the second one looks at tasks.
 */
#include "stack/deploy.h"

#include <string.h>

typedef struct status {
	swarm__stack s;
	const json_t *given;    /* the caller's stack, or NULL */
	const json_t *revision; /* the newest; NULL: there is none */
	json_t *tasks;
	json_t *rows;
	int sync; /* the worst so far, as in the tables */
	int health;
} status;

/* From the best to the worst. */
static const char *const syncs[] = { "synced", "unknown", "drifted", "out of sync" };
enum { SYNCED, SYNC_UNKNOWN, DRIFTED, OUT_OF_SYNC };
static const char *const healths[] = { "healthy", "unknown", "progressing", "degraded", "missing" };
enum { HEALTHY, HEALTH_UNKNOWN, PROGRESSING, DEGRADED, MISSING };

/* --- does it work? ------------------------------------------------------------------------------------ */

typedef struct health {
	int state;
	json_int_t running;
	json_int_t desired;
	const char *message; /* borrowed */
} health;

static bool is_one_of(const char *state, const char *const *states)
{
	for (; *states; states++)
		if (strcmp(state, *states) == 0)
			return true;
	return false;
}

/* Of a job, the number that completed in this run. */
static bool counts(const json_t *service, const json_t *task, bool job)
{
	const char *state = swarm__json_string(task, "Status.State");

	if (job)
		return strcmp(state, "complete") == 0 &&
		       swarm__json_integer(task, "JobIteration.Index") ==
			       swarm__json_integer(service, "JobStatus.JobIteration.Index");
	return strcmp(state, "running") == 0 &&
	       swarm__task_is_wanted(swarm__json_string(task, "DesiredState"));
}

static json_int_t desired(const json_t *service, json_int_t wanted)
{
	const json_t *mode = swarm__json_at(service, "Spec.Mode");

	if (json_object_get(mode, "Replicated"))
		return swarm__json_integer(mode, "Replicated.Replicas");
	if (json_object_get(mode, "ReplicatedJob"))
		return swarm__json_integer(mode, "ReplicatedJob.TotalCompletions");
	return wanted;
}

/* Tasks of a service: those that run or are to, and the last error. */
static void look_at_tasks(const status *st, const json_t *service, bool job, health *h)
{
	static const char *const failing[] = { "failed", "rejected", NULL };
	json_int_t wanted = 0;
	const char *waiting = "";
	json_t *task;
	size_t i;

	json_array_foreach (st->tasks, i, task) {
		const char *state = swarm__json_string(task, "Status.State");
		const char *error = swarm__json_string(task, "Status.Err");

		if (strcmp(swarm__json_string(task, "ServiceID"), swarm__object_id(service)) != 0)
			continue;
		h->running += counts(service, task, job);
		if (swarm__task_is_wanted(swarm__json_string(task, "DesiredState"))) {
			wanted++;
			waiting = *error && !*waiting ? error : waiting;
		}
		if (is_one_of(state, failing) && *error && !*h->message)
			h->message = error;
	}
	h->desired = desired(service, wanted);
	if (*waiting)
		h->message = waiting;
}

static health find_health(const status *st, const json_t *service)
{
	static const char *const moving[] = { "updating", "rollback_started", NULL };
	static const char *const paused[] = { "paused", "rollback_paused", NULL };
	const char *update = swarm__json_string(service, "UpdateStatus.State");
	health h = { .state = MISSING, .message = "" };
	bool job;

	if (!service)
		return h;
	job = swarm__is_job(json_object_get(service, "Spec"));
	look_at_tasks(st, service, job, &h);
	if (is_one_of(update, paused)) {
		h.state = DEGRADED;
		h.message = swarm__json_string(service, "UpdateStatus.Message");
	} else if (is_one_of(update, moving)) {
		h.state = PROGRESSING;
	} else if (h.running >= h.desired) {
		h.state = HEALTHY;
		h.message = "";
	} else {
		h.state = *h.message ? DEGRADED : PROGRESSING;
	}
	return h;
}

/* --- is it as it is declared? ---------------------------------------------------------------------------- */

/* A config whose content the caller changed is another one. */
static bool is_changed_config(const status *st, const char *declared, const json_t *object)
{
	const json_t *data = json_object_get(
		json_object_get(json_object_get(st->given, "configs"), declared), "Data");

	return object && json_is_string(data) &&
	       strcmp(json_string_value(data), swarm__json_string(object, "Spec.Data")) != 0;
}

/* The name in the engine of a declared secret or config: of the revision, or its own. New. */
static json_t *pick_name(const status *st, const swarm__stack_kind *kind, const char *declared)
{
	const json_t *names = json_object_get(swarm__json_at(st->revision, "document.contents"),
					      kind->name);
	const char *name = json_string_value(json_object_get(names, declared));
	const json_t *object;

	name = name ? name : declared;
	object = swarm__stack_find(json_object_get(st->s.found, kind->name), kind, name);
	if (is_changed_config(st, declared, object))
		return json_sprintf("%s (new content)", declared);
	return json_string(name);
}

/* As swarm__stack_pick(), without a look at the content of secrets. */
static int pick(status *st, const swarm__stack_kind *kind, swarm_error *err)
{
	json_t *ids = json_object_get(st->s.ids, kind->name), *all = json_array(), *object;
	const char *declared;
	size_t j;
	int bad = !all;

	for (int i = 0; !bad && i < 2; i++)
		bad = json_array_extend(
			all, json_object_get(i ? st->s.others : st->s.found, kind->name));
	bad = bad || swarm__logical_ids(all, ids);
	json_array_foreach (all, j, object)
		bad = bad || json_object_set_new(ids, swarm__object_name(object),
						 json_string(swarm__object_id(object)));
	json_object_foreach (json_object_get(st->s.wanted, kind->name), declared, object) {
		json_t *name = pick_name(st, kind, declared);

		bad = bad || !name ||
		      (!json_object_get(ids, json_string_value(name)) &&
		       json_object_set_new(ids, json_string_value(name),
					   json_string(SWARM__NEW_ID))) ||
		      json_object_set_new(json_object_get(st->s.picked, kind->name), declared,
					  json_pack("{s:O}", "name", name));
		json_decref(name);
	}
	json_decref(all);
	return bad ? swarm__nomem(err) : 0;
}

/* Was what the caller declares of a service declared by the newest revision, too? */
static bool is_in_revision(const status *st, const char *name)
{
	const json_t *stored = swarm__revision_service(st->revision, name);
	const json_t *given = json_object_get(json_object_get(st->given, "services"), name);

	return stored && given &&
	       json_equal(swarm__json_iterable(stored), swarm__json_iterable(given));
}

/* Whose act is it that a service differs? */
static int find_sync(const status *st, const swarm__stack_service *service, const json_t *failed)
{
	if (service->held || json_object_get(failed, service->name))
		return OUT_OF_SYNC;
	if (st->given && !is_in_revision(st, service->name))
		return OUT_OF_SYNC;
	/* Only its secrets or configs have other content. */
	if (st->given && service->object) {
		const char *field;
		json_t *change;

		json_object_foreach (service->changes, field, change)
			if (strncmp(field, "configs", 7) == 0)
				return OUT_OF_SYNC;
	}
	return DRIFTED;
}

static int add_row(status *st, const char *name, int sync, const health *h, json_t *changes,
		   const char *message, swarm_error *err)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:I, s:I, s:O, s:s}", "service", name, "sync",
				syncs[sync], "health", healths[h->state], "running", h->running,
				"desired", h->desired, "changes", changes, "message", message);

	st->sync = sync > st->sync ? sync : st->sync;
	st->health = h->state > st->health ? h->state : st->health;
	return json_array_append_new(st->rows, row) ? swarm__nomem(err) : 0;
}

/* A declared service against the one that is there. */
static int compare(status *st, swarm__stack_service *service, swarm_error *err)
{
	const swarm__stack_kind *kind = swarm__stack_kind_named("services");
	json_t *failed = swarm__revision_failed(st->revision), *none = json_object();
	swarm_error here = SWARM_ERROR_INIT;
	const char *message;
	int sync = SYNCED, rc;
	health h;

	service->object = json_incref(
		swarm__stack_find(json_object_get(st->s.found, "services"), kind, service->name));
	h = find_health(st, service->object);
	message = h.message;
	rc = failed && none ? swarm__stack_merge(&st->s, service, service->object, NULL, &here)
			    : swarm__nomem(&here);
	if (!rc && strcmp(service->action, "none") != 0)
		sync = find_sync(st, service, failed);
	/* Such as a network that is gone: it cannot be compared, and is not as declared. */
	if (rc && !swarm__stack_is_final(rc)) {
		sync = DRIFTED;
		message = here.text;
		rc = 0;
	}
	if (!rc && service->held)
		message = json_string_value(service->held);
	rc = rc ? swarm__replace(err, &here)
		: add_row(st, service->name, sync, &h,
			  service->object && service->changes ? service->changes : none, message,
			  err);
	json_decref(failed);
	json_decref(none);
	return rc;
}

/* --- services that are there and not declared ---------------------------------------------------------------- */

static int add_others(status *st, swarm_error *err)
{
	const json_t *wanted = json_object_get(st->s.wanted, "services");
	json_t *none = json_object(), *service;
	int rc = none ? 0 : swarm__nomem(err);
	size_t i;

	json_array_foreach (json_object_get(st->s.found, "services"), i, service) {
		const char *name = swarm__object_name(service);
		bool owned = st->given && swarm__stack_owns(&st->s, "services", name);
		health h;

		if (rc || json_object_get(wanted, name))
			continue;
		h = find_health(st, service);
		rc = add_row(st, name, owned ? OUT_OF_SYNC : SYNC_UNKNOWN, &h, none,
			     *h.message ? h.message
			     : owned    ? "is no longer declared"
					: "is not declared",
			     err);
	}
	json_decref(none);
	return rc;
}

/* --- all of it -------------------------------------------------------------------------------------------------- */

static int list_tasks(status *st, swarm_error *err)
{
	char label[sizeof(SWARM__STACK_LABEL) + SWARM__MAX_OBJECT_NAME + 1];
	const swarm_pair filters[] = { { "label", label }, { NULL, NULL } };

	snprintf(label, sizeof(label), "%s=%s", SWARM__STACK_LABEL, st->s.name);
	return swarm__object_list(st->s.client, SWARM_KIND_TASK, filters, &st->s.deadline,
				  &st->tasks, err);
}

static int compare_all(status *st, swarm_error *err)
{
	const json_t *wanted = json_object_get(st->s.wanted, "services");
	const char *name;
	json_t *spec;
	int rc = swarm__stack_plan_networks(&st->s, err);

	if (!rc)
		rc = pick(st, swarm__stack_kind_named("secrets"), err);
	if (!rc)
		rc = pick(st, swarm__stack_kind_named("configs"), err);
	st->s.services = calloc(json_object_size(wanted) + 1, sizeof(*st->s.services));
	if (!st->s.services)
		return swarm__nomem(err);
	json_object_foreach (swarm__json_iterable(wanted), name, spec) {
		swarm__stack_service *service = &st->s.services[st->s.service_count++];

		service->name = name;
		if (!rc)
			rc = compare(st, service, err);
	}
	return rc;
}

static int run(status *st, swarm_error *err)
{
	int rc;

	/* What is external is needed to compare, so all is read as for a plan. */
	st->s.wanted = st->given;
	rc = swarm__stack_read(&st->s, err);
	if (rc)
		return rc;
	st->revision = json_array_get(st->s.revisions, 0);
	if (!st->given && st->revision) {
		st->s.wanted = swarm__json_at(st->revision, "document.stack");
		rc = swarm__stack_read(&st->s, err);
		st->revision = json_array_get(st->s.revisions, 0);
		st->s.wanted = swarm__json_at(st->revision, "document.stack");
	}
	if (!rc && !st->s.wanted && !json_array_size(json_object_get(st->s.found, "services")))
		return swarm__error(err, SWARM_E_NOT_FOUND, "there is no stack %s", st->s.name);
	if (!rc)
		rc = list_tasks(st, err);
	if (!rc && st->s.wanted)
		rc = compare_all(st, err);
	return rc ? rc : add_others(st, err);
}

static int make_result(const status *st, json_t **ret_status, swarm_error *err)
{
	const json_t *labels = json_object_get(st->revision, "labels");
	json_t *result = json_pack("{s:s, s:O?, s:O?, s:s, s:s, s:O}", "name", st->s.name,
				   "revision", json_object_get(st->revision, "number"), "result",
				   json_object_get(labels, SWARM__REVISION_RESULT), "sync",
				   syncs[st->sync], "health", healths[st->health], "services",
				   st->rows);

	if (!result)
		return swarm__nomem(err);
	*ret_status = result;
	return 0;
}

int swarm_stack_status(swarm_client *client, const char *name, const json_t *stack,
		       int64_t timeout_ms, json_t **ret_status, swarm_error *err)
{
	swarm_stack_options options = SWARM_STACK_OPTIONS_INIT;
	swarm_error spare = SWARM_ERROR_INIT;
	status st = { .given = stack };
	int rc;

	if (!err)
		err = &spare;
	if (!ret_status || (stack && !json_is_object(json_object_get(stack, "services"))))
		return swarm__error(err, SWARM_E_INVAL,
				    "ret_status is required, and stack is what "
				    "swarm_compose_convert() made");
	options.timeout_ms = timeout_ms;
	options.resolve = SWARM_RESOLVE_NEVER;
	/* A mode that differs is an answer here, and no error. */
	options.flags = SWARM_STACK_REPLACE;
	rc = swarm__stack_begin(&st.s, client, name, &options, err);
	st.rows = json_array();
	if (!rc)
		rc = st.rows ? run(&st, err) : swarm__nomem(err);
	if (!rc)
		rc = make_result(&st, ret_status, err);
	json_decref(st.tasks);
	json_decref(st.rows);
	swarm__stack_clear(&st.s);
	return rc;
}
