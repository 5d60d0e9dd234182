/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services, tasks, secrets, configs and networks: what is the same for all of them. One row says how
 * a kind differs. A reference is a full id or an exact name: the engine also takes the start of an id,
 * which changes its meaning as objects come and go.
 */
#include "object/internal.h"
#include "view/internal.h"

#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000 };

/* Instead of an operation that a kind does not have; no swarm_op has this value. */
enum { NONE = -1 };

typedef struct kind_row {
	const char *name;
	swarm_op list;
	swarm_op inspect;
	int create; /* this and the next two: a swarm_op, or NONE */
	int update;
	int remove;
	const char *id_path;
	const char *name_path; /* NULL: has no name */
	bool only_labels;      /* swarmkit: nothing else of it can change */
} kind_row;

static const kind_row kinds[] = {
	[SWARM_KIND_SERVICE] = { "service", SWARM_OP_SERVICE_LIST, SWARM_OP_SERVICE_INSPECT,
				 SWARM_OP_SERVICE_CREATE, SWARM_OP_SERVICE_UPDATE,
				 SWARM_OP_SERVICE_DELETE, "ID", "Spec.Name", false },
	[SWARM_KIND_TASK] = { "task", SWARM_OP_TASK_LIST, SWARM_OP_TASK_INSPECT, NONE, NONE, NONE,
			      "ID", NULL, false },
	[SWARM_KIND_SECRET] = { "secret", SWARM_OP_SECRET_LIST, SWARM_OP_SECRET_INSPECT,
				SWARM_OP_SECRET_CREATE, SWARM_OP_SECRET_UPDATE,
				SWARM_OP_SECRET_DELETE, "ID", "Spec.Name", true },
	[SWARM_KIND_CONFIG] = { "config", SWARM_OP_CONFIG_LIST, SWARM_OP_CONFIG_INSPECT,
				SWARM_OP_CONFIG_CREATE, SWARM_OP_CONFIG_UPDATE,
				SWARM_OP_CONFIG_DELETE, "ID", "Spec.Name", true },
	[SWARM_KIND_NETWORK] = { "network", SWARM_OP_NETWORK_LIST, SWARM_OP_NETWORK_INSPECT,
				 SWARM_OP_NETWORK_CREATE, NONE, SWARM_OP_NETWORK_DELETE, "Id",
				 "Name", false },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* NULL and a filled error if kind is not a kind, or without client. */
static const kind_row *row_of(const swarm_client *client, swarm_kind kind, swarm_error *err)
{
	if (client && (size_t)kind < KINDS)
		return &kinds[kind];
	swarm__error(err, SWARM_E_INVAL, "a client and a kind of the list are required");
	return NULL;
}

/* op: NONE gives SWARM_E_INVAL. */
static int require_op(const kind_row *row, int op, const char *verb, swarm_error *err)
{
	if (op != NONE)
		return 0;
	return swarm__error(err, SWARM_E_INVAL, "docker cannot %s a %s", verb, row->name);
}

static const char *id_of(const kind_row *row, const json_t *object)
{
	return swarm__json_string(object, row->id_path);
}

static const char *name_of(const kind_row *row, const json_t *object)
{
	return row->name_path ? swarm__json_string(object, row->name_path) : NULL;
}

/* --- list ----------------------------------------------------------------------------------- */

/* list: stolen; without what the engine's filters let through. NULL and a filled error. */
static json_t *keep_exact(const kind_row *row, const swarm_pair *filters, json_t *list,
			  swarm_error *err)
{
	json_t *kept = json_array();
	bool good = kept != NULL;
	json_t *object;
	size_t i;

	/* Another array: taking them out one by one moves the rest each time. */
	json_array_foreach (list, i, object)
		if (good && swarm__filters_match(filters, id_of(row, object), name_of(row, object)))
			good = json_array_append(kept, object) == 0;
	json_decref(list);
	if (good)
		return kept;
	json_decref(kept);
	swarm__nomem(err);
	return NULL;
}

/* What a list is ordered by: of a task all of it, of another object its name and id. */
typedef struct order_key {
	swarm_task key;
	json_t *object;
} order_key;

static int compare_keys(const void *one, const void *other)
{
	const order_key *a = one, *b = other;

	return swarm__order_tasks(&a->key, &b->key);
}

/* list: ours alone. 0 or SWARM_E_NOMEM. */
static int sort_list(const kind_row *row, json_t **list, swarm_error *err)
{
	size_t count = json_array_size(*list);
	order_key *keys = calloc(count + 1, sizeof(*keys));
	json_t *sorted = json_array();
	int bad = !keys || !sorted;

	for (size_t i = 0; !bad && i < count; i++) {
		json_t *object = json_array_get(*list, i);
		const char *name = name_of(row, object);

		keys[i].object = object;
		keys[i].key.service_id = name ? name : swarm__json_string(object, "ServiceID");
		keys[i].key.slot = swarm__json_integer(object, "Slot");
		keys[i].key.node_id = name ? "" : swarm__json_string(object, "NodeID");
		keys[i].key.created_at = name ? "" : swarm__json_string(object, "CreatedAt");
		keys[i].key.id = id_of(row, object);
	}
	if (!bad)
		qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 0; !bad && i < count; i++)
		bad = json_array_append(sorted, keys[i].object);
	free(keys);
	if (bad)
		json_decref(sorted);
	json_decref(*list);
	*list = bad ? NULL : sorted;
	return bad ? swarm__nomem(err) : 0;
}

int swarm__object_list(swarm_client *client, swarm_kind kind, const swarm_pair *filters,
		       const swarm__deadline *deadline, json_t **ret_list, swarm_error *err)
{
	const kind_row *row = &kinds[kind];
	unsigned again = SWARM__FILTERS_ID | (row->name_path ? SWARM__FILTERS_NAME : 0);
	swarm_pair query[] = { { "filters", NULL }, { NULL, NULL } };
	swarm_error spare = SWARM_ERROR_INIT;
	swarm__buffer text;
	json_t *list = NULL;
	int rc;

	if (!err)
		err = &spare;
	swarm__buffer_init(&text, SWARM__MAX_URL);
	rc = swarm__filters_make(filters, again, &text, err);
	query[0].value = text.data;
	if (!rc)
		rc = swarm__call_patiently(client, row->list, NULL, text.data ? query : NULL,
					   deadline, &list, err);
	swarm__buffer_clear(&text);
	if (rc)
		return rc;
	rc = swarm__shape_list(row->name, list, row->id_path, err);
	if (!rc && json_is_null(list)) {
		list = json_array();
		rc = list ? 0 : swarm__nomem(err);
	}
	if (rc) {
		json_decref(list);
		return rc;
	}
	list = keep_exact(row, filters, list, err);
	if (!list)
		return err->code;
	rc = sort_list(row, &list, err);
	if (!rc)
		*ret_list = list;
	return rc;
}

int swarm_object_list(swarm_client *client, swarm_kind kind, const swarm_pair *filters,
		      int64_t timeout_ms, json_t **ret_list, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);

	if (!row_of(client, kind, err))
		return SWARM_E_INVAL;
	if (!ret_list)
		return swarm__error(err, SWARM_E_INVAL, "ret_list is required");
	return swarm__object_list(client, kind, filters, &deadline, ret_list, err);
}

/* --- one ------------------------------------------------------------------------------------ */

static int not_found(const kind_row *row, const char *ref, swarm_error *err)
{
	swarm__error_clear(err);
	return swarm__error(err, SWARM_E_NOT_FOUND, "no %s has the id%s '%s'", row->name,
			    row->name_path ? " or name" : "", ref);
}

static int ambiguous(const kind_row *row, const char *ref, swarm_error *err)
{
	swarm__error_clear(err);
	return swarm__error(err, SWARM_E_AMBIGUOUS,
			    "several of kind %s have the name '%s', use an id", row->name, ref);
}

int swarm__object_get(swarm_client *client, swarm_kind kind, const char *ref,
		      const swarm__deadline *deadline, json_t **ret_object, swarm_error *err)
{
	const kind_row *row = &kinds[kind];
	swarm_error spare = SWARM_ERROR_INIT;
	const char *name;
	json_t *object;
	int rc;

	if (!err)
		err = &spare;
	if (!ref || !*ref)
		return swarm__error(err, SWARM_E_INVAL, "a %s's id%s is required", row->name,
				    row->name_path ? " or name" : "");
	rc = swarm__call_patiently(client, row->inspect, ref, NULL, deadline, &object, err);
	if (rc == SWARM_E_NOT_FOUND)
		return not_found(row, ref, err);
	if (rc == SWARM_E_HTTP && err->http_status == 400 && strstr(err->text, "ambiguous"))
		return ambiguous(row, ref, err);
	if (rc)
		return rc;
	rc = swarm__shape_object(row->name, object, row->id_path, err);
	name = name_of(row, object);
	if (!rc)
		rc = swarm__shape_answers(row->name, id_of(row, object), name, ref, err);
	if (!rc && (strcmp(id_of(row, object), ref) == 0 || (name && strcmp(name, ref) == 0))) {
		*ret_object = object;
		return 0;
	}
	json_decref(object);
	return rc ? rc : not_found(row, ref, err);
}

int swarm_object_inspect(swarm_client *client, swarm_kind kind, const char *ref, int64_t timeout_ms,
			 json_t **ret_object, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);

	if (!row_of(client, kind, err))
		return SWARM_E_INVAL;
	if (!ret_object)
		return swarm__error(err, SWARM_E_INVAL, "ret_object is required");
	return swarm__object_get(client, kind, ref, &deadline, ret_object, err);
}

/* --- create --------------------------------------------------------------------------------- */

/* The engine's answers differ: {ID, Warnings}, {ID}, {Id, Warning}. */
static int make_created(const json_t *answer, json_t **ret_created, swarm_error *err)
{
	const json_t *warnings = json_object_get(answer, "Warnings");
	const char *warning = swarm__json_string(answer, "Warning");
	const char *id = swarm__json_string(answer, "ID");
	json_t *created;

	if (!*id)
		id = swarm__json_string(answer, "Id");
	if (!swarm__is_id(id))
		return swarm__error(err, SWARM_E_JSON, "ID: expected id");
	if (warnings && !json_is_null(warnings) && !json_is_array(warnings))
		return swarm__error(err, SWARM_E_JSON, "Warnings: expected array");
	created = json_pack("{s:s, s:[]}", "ID", id, "Warnings");
	if (!created)
		return swarm__nomem(err);
	if ((json_is_array(warnings) && json_array_extend(json_object_get(created, "Warnings"),
							  swarm__json_iterable(warnings)) < 0) ||
	    (*warning && json_array_append_new(json_object_get(created, "Warnings"),
					       json_string(warning)) < 0)) {
		json_decref(created);
		return swarm__nomem(err);
	}
	*ret_created = created;
	return 0;
}

static int send_create(swarm_client *client, swarm_kind kind, const json_t *spec,
		       const json_t *registry_auth, const swarm__deadline *deadline,
		       json_t **ret_created, swarm_error *err)
{
	/* Not swarm__call(): a field that is unknown here is a slip of the pen. */
	swarm_call_options options = SWARM_CALL_INIT(kinds[kind].create);
	json_t *answer;
	int rc;

	options.body = spec;
	options.registry_auth = registry_auth;
	options.timeout_ms = swarm__deadline_left(deadline);
	if (!options.timeout_ms)
		return swarm__error(err, SWARM_E_TIMEOUT, "the deadline passed");
	rc = swarm_call_json(client, &options, &answer, err);
	if (rc)
		return rc;
	rc = make_created(answer, ret_created, err);
	json_decref(answer);
	return rc;
}

/* 0: the create that ended with err was carried out. */
static int find_created(swarm_client *client, swarm_kind kind, const json_t *spec,
			int64_t started_s, const swarm__deadline *deadline, json_t **ret_created,
			swarm_error *err)
{
	json_t *object;
	int rc = swarm__object_find_created(client, kind, spec, started_s, deadline, &object, err);

	if (rc)
		return rc;
	rc = make_created(object, ret_created, err);
	json_decref(object);
	return rc;
}

/* A create that is sent again after an answer that says nothing meets the one that it made. */
static int create(swarm_client *client, swarm_kind kind, const json_t *spec,
		  const json_t *registry_auth, const swarm__deadline *deadline,
		  json_t **ret_created, swarm_error *err)
{
	const int64_t started_s = time(NULL);
	bool unsure = false;
	int64_t pause = 0;

	for (;;) {
		swarm_error here = SWARM_ERROR_INIT;
		int found;
		int rc = send_create(client, kind, spec, registry_auth, deadline, ret_created, err);

		if (!rc || !(swarm__is_unsure(err) || (unsure && rc == SWARM_E_CONFLICT)))
			return rc;
		unsure = true;
		found = find_created(client, kind, spec, started_s, deadline, ret_created, &here);
		if (!found) {
			swarm__error_clear(err);
			return 0;
		}
		if (found == SWARM_E_NOT_FOUND && swarm__is_write_transient(err)) {
			swarm__error_clear(&here);
			found = swarm__pause(client, deadline, &pause, &here);
		}
		if (found)
			return here.code == SWARM_E_CANCELED ? swarm__replace(err, &here) : rc;
		swarm__error_clear(err);
	}
}

int swarm__object_create(swarm_client *client, swarm_kind kind, const json_t *spec,
			 const json_t *registry_auth, const swarm__deadline *deadline,
			 json_t **ret_created, swarm_error *err)
{
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *created = NULL;
	int rc = create(client, kind, spec, registry_auth, deadline, &created, err ? err : &spare);

	if (!rc && ret_created)
		*ret_created = json_incref(created);
	json_decref(created);
	return rc;
}

int swarm_object_create(swarm_client *client, swarm_kind kind, const json_t *spec,
			const json_t *registry_auth, int64_t timeout_ms, json_t **ret_created,
			swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	const kind_row *row = row_of(client, kind, err);

	if (!row || require_op(row, row->create, "create", err))
		return SWARM_E_INVAL;
	if (!json_is_object(spec))
		return swarm__error(err, SWARM_E_INVAL, "spec must be an object");
	return swarm__object_create(client, kind, spec, registry_auth, &deadline, ret_created, err);
}

/* --- update --------------------------------------------------------------------------------- */

static int check_patch(const kind_row *row, const json_t *patch, const json_t *registry_auth,
		       swarm_error *err)
{
	swarm__field header;
	const char *name;
	json_t *value;

	if (swarm__patch_check(row->update, patch, err))
		return SWARM_E_INVAL;
	/* Checked here, because an update that changes nothing is not sent, so nothing would refuse it. */
	if (registry_auth &&
	    !swarm__field_find(swarm_op_get((int)row->update)->query, SWARM__AUTH_HEADER, &header))
		return swarm__error(err, SWARM_E_INVAL, "a %s takes no registry_auth", row->name);
	json_object_foreach (swarm__json_iterable(patch), name, value)
		if (row->only_labels && strcmp(name, "Labels") != 0)
			return swarm__error(err, SWARM_E_INVAL,
					    "only the Labels of a %s can change: make a new one",
					    row->name);
	return 0;
}

int swarm__object_update(swarm_client *client, swarm_kind kind, const char *ref,
			 const json_t *patch, const json_t *registry_auth,
			 const swarm__deadline *deadline, json_t **ret_change, swarm_error *err)
{
	const kind_row *row = &kinds[kind];
	json_t *object, *change = NULL;
	int rc = swarm__object_get(client, kind, ref, deadline, &object, err);

	if (rc)
		return rc;
	rc = swarm__update_run(client,
			       &(swarm__update){ .inspect = row->inspect,
						 .update = row->update,
						 .id = id_of(row, object),
						 .patch = patch,
						 .registry_auth = registry_auth,
						 .proven = true },
			       deadline, &change, err);
	if (!rc && json_object_set_new(change, "id", json_string(id_of(row, object))) < 0)
		rc = swarm__nomem(err);
	if (!rc && ret_change)
		*ret_change = json_incref(change);
	json_decref(change);
	json_decref(object);
	return rc;
}

int swarm_object_update(swarm_client *client, swarm_kind kind, const char *ref, const json_t *patch,
			const json_t *registry_auth, int64_t timeout_ms, json_t **ret_change,
			swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	const kind_row *row = row_of(client, kind, err);

	if (!row || require_op(row, row->update, "change", err) ||
	    check_patch(row, patch, registry_auth, err))
		return SWARM_E_INVAL;
	return swarm__object_update(client, kind, ref, patch, registry_auth, &deadline, ret_change,
				    err);
}

/* --- remove --------------------------------------------------------------------------------- */

/* Until it is gone, also where the answer said nothing of that. */
static int remove_object(swarm_client *client, const kind_row *row, const char *id,
			 const swarm__deadline *deadline, swarm_error *err)
{
	bool unsure = false;
	int64_t pause = 0;

	for (;;) {
		swarm_error here = SWARM_ERROR_INIT;
		int rc = swarm__call(client, row->remove, id, NULL, NULL, deadline, NULL, err);
		bool gone = unsure && rc == SWARM_E_NOT_FOUND;

		if (rc && !gone && !swarm__is_unsure(err))
			return rc;
		unsure = rc != 0;
		if (unsure && !gone)
			gone = swarm__call_patiently(client, row->inspect, id, NULL, deadline, NULL,
						     &here) == SWARM_E_NOT_FOUND;
		if (!rc || gone) {
			swarm__error_clear(err);
			return 0;
		}
		swarm__error_clear(&here);
		if (!swarm__is_write_transient(err) ||
		    swarm__pause(client, deadline, &pause, &here))
			return here.code == SWARM_E_CANCELED ? swarm__replace(err, &here) : rc;
		swarm__error_clear(err);
	}
}

int swarm_object_remove(swarm_client *client, swarm_kind kind, const char *ref, int64_t timeout_ms,
			swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	const kind_row *row = row_of(client, kind, err);
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *object;
	int rc;

	if (!row || require_op(row, row->remove, "remove", err))
		return SWARM_E_INVAL;
	if (!err)
		err = &spare;
	rc = swarm__object_get(client, kind, ref, &deadline, &object, err);
	if (rc)
		return rc;
	rc = remove_object(client, row, id_of(row, object), &deadline, err);
	json_decref(object);
	return rc;
}
