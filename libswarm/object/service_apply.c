/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service as a caller declares it: read, merged with what is there (service_spec.c), and written only
 * where something differs.
 */
#include "object/internal.h"
#include "spec/internal.h"

#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000 };

typedef swarm__apply apply;

static bool is_on(const apply *a, unsigned flag)
{
	return (a->options->flags & flag) != 0;
}

static json_t *changes_of(const apply *a)
{
	return json_object_get(a->result, "changes");
}

/* --- names to ids --------------------------------------------------------------------------------- */

static int read_ids(apply *a, swarm_kind kind, const char *what, const char *id_path,
		    const char *name_path, swarm_error *err)
{
	json_t *list, *object, *ids;
	size_t i;
	int rc;

	if (!json_object_get(a->service, what) &&
	    !(kind == SWARM_KIND_CONFIG &&
	      *swarm__json_string(a->service, "credential_spec.config")))
		return 0;
	rc = swarm__object_list(a->client, kind, NULL, &a->deadline, &list, err);
	if (rc)
		return rc;
	ids = json_object();
	json_array_foreach (list, i, object) {
		/* A network of this host alone is not for services. */
		if (kind == SWARM_KIND_NETWORK &&
		    strcmp(swarm__json_string(object, "Scope"), "swarm") != 0)
			continue;
		if (json_object_set_new(ids, swarm__json_string(object, name_path),
					json_is_true(json_object_get(object, "Ingress"))
						? json_false()
						: json_string(swarm__json_string(object, id_path))))
			rc = swarm__nomem(err);
	}
	if (!rc && kind != SWARM_KIND_NETWORK && swarm__logical_ids(list, ids))
		rc = swarm__nomem(err);
	json_decref(list);
	if (json_object_set_new(a->ids, what, ids) || rc)
		return swarm__nomem(err);
	return 0;
}

/* Do the caller's networks, a list or a mapping, have this name? */
static bool names_network(const json_t *networks, const char *name)
{
	json_t *one;
	size_t i;

	if (json_is_object(networks))
		return json_object_get(networks, name) != NULL;
	json_array_foreach (networks, i, one) {
		const char *text = json_is_object(one) ? swarm__json_string(one, "name")
						       : json_string_value(one);

		if (text && strcmp(text, name) == 0)
			return true;
	}
	return false;
}

/* moby: the hosts' own networks have a counterpart in the swarm, which no list has. */
static int read_predefined(apply *a, swarm_error *err)
{
	static const char *const predefined[] = { "host", "bridge" };
	const swarm_pair query[] = { { "scope", "swarm" }, { NULL, NULL } };
	json_t *ids = json_object_get(a->ids, "networks");

	for (size_t i = 0; i < sizeof(predefined) / sizeof(*predefined); i++) {
		const char *name = predefined[i];
		json_t *network = NULL;
		int rc;

		if (!names_network(json_object_get(a->service, "networks"), name))
			continue;
		rc = swarm__call_patiently(a->client, SWARM_OP_NETWORK_INSPECT, name, query,
					   &a->deadline, &network, err);
		if (rc)
			return rc;
		rc = json_object_set_new(ids, name, json_string(swarm__json_string(network, "Id")));
		json_decref(network);
		if (rc)
			return swarm__nomem(err);
	}
	return 0;
}

static int read_all_ids(apply *a, swarm_error *err)
{
	int rc;

	a->ids = json_object();
	if (!a->ids)
		return swarm__nomem(err);
	rc = read_ids(a, SWARM_KIND_NETWORK, "networks", "Id", "Name", err);
	if (!rc)
		rc = read_predefined(a, err);
	if (!rc)
		rc = read_ids(a, SWARM_KIND_SECRET, "secrets", "ID", "Spec.Name", err);
	if (!rc)
		rc = read_ids(a, SWARM_KIND_CONFIG, "configs", "ID", "Spec.Name", err);
	return rc;
}

/* --- sending ------------------------------------------------------------------------------------------ */

/* Where nothing is removed before, the managers refuse a port themselves. */
static int check_ports(const apply *a, const json_t *before, const json_t *spec, swarm_error *err)
{
	json_t *services;
	int rc;

	if (!(is_on(a, SWARM_APPLY_DRY_RUN) || a->replaces) ||
	    !swarm__service_adds_ports(before, spec))
		return 0;
	rc = swarm__object_list(a->client, SWARM_KIND_SERVICE, NULL, &a->deadline, &services, err);
	if (rc)
		return rc;
	rc = swarm__service_check_ports(a->name, spec, services, err);
	json_decref(services);
	return rc;
}

/* What stands against the spec that would be sent. */
static int check_conflicts(const apply *a, const json_t *before, const json_t *spec,
			   swarm_error *err)
{
	int rc = check_ports(a, before, spec, err);

	return rc ? rc : swarm__service_check_drivers(a->client, before, spec, &a->deadline, err);
}

/* Test mode reports what the real run would not send: a field that the engine's API does not have. */
static int test_write(const apply *a, bool new, const json_t *spec, swarm_error *err)
{
	const swarm_pair query[] = { { "version", "0" }, { NULL, NULL } };
	swarm_call_options options = SWARM_CALL_INIT(new ? SWARM_OP_SERVICE_CREATE
							 : SWARM_OP_SERVICE_UPDATE);

	options.body = spec;
	if (!new) {
		options.id = a->name;
		options.query = query;
	}
	return swarm__prepared_test(a->client, &options, !new, err);
}

/* Each service of containers has an image; without the check the caller would be asked for one. */
static int check_image(const json_t *spec, swarm_error *err)
{
	const json_t *task = json_object_get(spec, "TaskTemplate");

	if (*swarm__json_string(task, "ContainerSpec.Image") ||
	    json_is_object(json_object_get(task, "PluginSpec")) ||
	    json_is_object(json_object_get(task, "NetworkAttachmentSpec")))
		return 0;
	return swarm__error(err, SWARM_E_JSON,
			    "Spec.TaskTemplate.ContainerSpec.Image: expected text");
}

/* What is merged with what is there now, or what is there, where nothing is to be sent. */
static int make_spec(void *payload, const json_t *object, json_t **ret_spec, swarm_error *err)
{
	apply *a = payload;
	const json_t *before = json_object_get(object, "Spec");
	json_t *spec;
	int rc;

	/* The engine takes the start of an id, too. */
	if (strcmp(swarm__json_string(before, "Name"), a->name) != 0)
		return swarm__error(err, SWARM_E_NOT_FOUND, "there is no service %s", a->name);
	rc = swarm__apply_check_owner(a, before, err);
	if (!rc)
		rc = check_image(before, err);
	if (!rc)
		rc = swarm__apply_merge(a, before, &spec, err);
	if (rc)
		return rc;
	if (json_object_size(changes_of(a)) && !a->held && !is_on(a, SWARM_APPLY_RETRY))
		rc = swarm__rolled_back(a->client, object, spec, &a->deadline, &a->rolled_back,
					err);
	if (!rc && json_object_size(changes_of(a)) && !a->held && !a->rolled_back)
		rc = check_conflicts(a, before, spec, err);
	if (!rc && is_on(a, SWARM_APPLY_DRY_RUN) && !a->held && !a->rolled_back)
		rc = test_write(a, a->replaces, spec, err);
	if (!rc && a->replaces) {
		json_decref(a->replacement);
		a->replacement = json_incref(spec);
	}
	if (!rc)
		*ret_spec = json_incref(a->held || a->rolled_back || a->replaces ||
							is_on(a, SWARM_APPLY_DRY_RUN)
						? swarm__json_iterable(before)
						: spec);
	json_decref(spec);
	return rc;
}

static int send_new(apply *a, const json_t *spec, json_t **ret_created, swarm_error *err)
{
	return swarm__object_create(a->client, SWARM_KIND_SERVICE, spec, a->options->registry_auth,
				    &a->deadline, ret_created, err);
}

static int take_created(apply *a, json_t *created, json_t **ret_id, swarm_error *err)
{
	*ret_id = created ? json_incref(json_object_get(created, "ID")) : json_string("");
	a->answer = created;
	if (!*ret_id)
		return swarm__nomem(err);
	/* In test mode there is nothing to read. */
	return created ? swarm__apply_check_kept(a, json_string_value(*ret_id), err) : 0;
}

/*
 * A mode cannot be changed, so another service takes the name. Where the engine refuses that one, the old
 * one is made again.
 */
static int replace(apply *a, const json_t *old, json_t **ret_id, swarm_error *err)
{
	swarm_error spare = SWARM_ERROR_INIT;
	json_t *created = NULL, *again = NULL;
	int rc = swarm_object_remove(a->client, SWARM_KIND_SERVICE, json_string_value(*ret_id),
				     swarm__deadline_left(&a->deadline), err);

	if (rc)
		return rc;
	rc = send_new(a, a->replacement, &created, err);
	if (!rc) {
		json_decref(*ret_id);
		return take_created(a, created, ret_id, err);
	}
	if (send_new(a, json_object_get(old, "Spec"), &again, &spare))
		swarm__error_wrap(err, rc, "service %s was removed, and cannot be made again (%s)",
				  a->name, spare.text);
	json_decref(again);
	return rc;
}

static int update(apply *a, const json_t *object, json_t **ret_id, swarm_error *err)
{
	const char *id = swarm__json_string(object, "ID");
	int rc = swarm__update_run(a->client,
				   &(swarm__update){ .inspect = SWARM_OP_SERVICE_INSPECT,
						     .update = SWARM_OP_SERVICE_UPDATE,
						     .id = id,
						     .make = make_spec,
						     .payload = a,
						     .registry_auth = a->options->registry_auth,
						     .ret_answer = &a->answer },
				   &a->deadline, NULL, err);

	*ret_id = json_incref(json_object_get(object, "ID"));
	if (rc || is_on(a, SWARM_APPLY_DRY_RUN) || a->rolled_back)
		return rc;
	if (a->replaces)
		return replace(a, object, ret_id, err);
	return a->answer ? swarm__apply_check_kept(a, id, err) : 0;
}

static int create(apply *a, json_t **ret_id, swarm_error *err)
{
	json_t *spec, *created = NULL;
	int rc = swarm__apply_merge(a, NULL, &spec, err);

	if (rc)
		return rc;
	rc = check_conflicts(a, NULL, spec, err);
	if (!rc && is_on(a, SWARM_APPLY_DRY_RUN))
		rc = test_write(a, true, spec, err);
	else if (!rc)
		rc = send_new(a, spec, &created, err);
	json_decref(spec);
	return rc ? rc : take_created(a, created, ret_id, err);
}

static const char *action_on_existing(const apply *a)
{
	if (a->held || !json_object_size(changes_of(a)))
		return "none";
	if (a->rolled_back)
		return "rolled_back";
	return a->replaces ? "replace" : "update";
}

/* ret_id: of the service, new; ret_action: what was done, or would be. */
static int run(apply *a, json_t **ret_id, const char **ret_action, swarm_error *err)
{
	json_t *object = NULL;
	int rc = swarm__object_get(a->client, SWARM_KIND_SERVICE, a->name, &a->deadline, &object,
				   err);

	if (rc && rc != SWARM_E_NOT_FOUND)
		return rc;
	if (rc)
		swarm__error_clear(err);
	/* Before the service is read to be changed: a look-up may take longer than its index holds. */
	rc = swarm__apply_look_up(a, json_object_get(object, "Spec"), err);
	if (!rc)
		rc = swarm__apply_try_credentials(a, json_object_get(object, "Spec"), err);
	if (!rc && object) {
		rc = update(a, object, ret_id, err);
		*ret_action = action_on_existing(a);
	} else if (!rc) {
		rc = create(a, ret_id, err);
		*ret_action = "create";
	}
	json_decref(object);
	return rc;
}

/* What the engine said to the write, and what is worth knowing beside it. 0 or -1 without memory. */
static int add_warnings(const apply *a, json_t *warnings)
{
	json_t *engines = json_object_get(a->answer, "Warnings");

	if (swarm__apply_warn_unpinned(a, warnings))
		return -1;
	if (json_is_array(engines) && json_array_extend(warnings, engines))
		return -1;
	if (a->unsure && json_array_append_new(warnings, json_string(a->unsure)))
		return -1;
	if (a->held &&
	    json_array_append_new(
		    warnings, json_string("a change would run the job again: it is left as it is "
					  "until job_trigger has another text")))
		return -1;
	return 0;
}

static int make_result(const apply *a, json_t *id, const char *action, json_t **ret_result,
		       swarm_error *err)
{
	json_t *warnings = json_object_get(a->result, "warnings");
	bool restarts = strcmp(action, "update") == 0 || strcmp(action, "replace") == 0;
	json_t *result;

	if (add_warnings(a, warnings))
		return swarm__nomem(err);
	result = json_pack("{s:O, s:s, s:O, s:s, s:O}", "id", id, "action", action, "changes",
			   changes_of(a), "restarts", restarts ? swarm__apply_restarts(a) : "no",
			   "warnings", warnings);
	if (a->rolled_back && json_object_set(result, "rolled_back", a->rolled_back)) {
		json_decref(result);
		result = NULL;
	}
	if (!result)
		return swarm__nomem(err);
	*ret_result = result;
	return 0;
}

static int check(swarm_client *client, const char *name, const json_t *service,
		 const swarm_apply_options *o, json_t **ret_result, swarm_error *err)
{
	if (o->size != sizeof(*o))
		return swarm__error(err, SWARM_E_INVAL, "start from SWARM_APPLY_OPTIONS_INIT");
	if (!client || !name || !*name || !json_is_object(service) || !ret_result)
		return swarm__error(
			err, SWARM_E_INVAL,
			"client, name, service (a mapping) and ret_result are required");
	if (o->spec_patch && json_object_get(o->spec_patch, "Name"))
		return swarm__error(err, SWARM_E_INVAL,
				    "spec_patch.Name: the engine cannot rename a service");
	if (o->spec_patch) {
		int rc = swarm__patch_check(SWARM_OP_SERVICE_UPDATE, o->spec_patch, err);

		if (rc)
			return swarm__error_wrap(err, rc, "spec_patch");
		rc = swarm__spec_patch_check(o->spec_patch, err);
		if (rc)
			return rc;
	}
	if (o->resolve < SWARM_RESOLVE_CHANGED || o->resolve > SWARM_RESOLVE_NEVER)
		return swarm__error(err, SWARM_E_INVAL, "resolve must be one of SWARM_RESOLVE_");
	return 0;
}

int swarm_service_apply(swarm_client *client, const char *name, const json_t *service,
			const swarm_apply_options *options, json_t **ret_result, swarm_error *err)
{
	static const swarm_apply_options defaults = SWARM_APPLY_OPTIONS_INIT;
	const swarm_apply_options *o = options ? options : &defaults;
	swarm_error spare = SWARM_ERROR_INIT;
	const char *action = "none";
	json_t *id = NULL;
	apply a = { .client = client, .name = name, .service = service, .options = o };
	int rc;

	if (!err)
		err = &spare;
	rc = check(client, name, service, o, ret_result, err);
	if (rc)
		return rc;
	a.deadline = swarm__deadline_in(o->timeout_ms, DEFAULT_TIMEOUT_MS);
	rc = read_all_ids(&a, err);
	if (!rc)
		rc = run(&a, &id, &action, err);
	/* Another writer made it between our look and our request. */
	if (rc == SWARM_E_CONFLICT && err->http_status == 409) {
		json_decref(id);
		id = NULL;
		json_decref(a.answer);
		a.answer = NULL;
		swarm__error_clear(err);
		rc = run(&a, &id, &action, err);
	}
	if (!rc)
		rc = make_result(&a, id, action, ret_result, err);
	json_decref(id);
	json_decref(a.ids);
	json_decref(a.found);
	json_decref(a.result);
	json_decref(a.answer);
	json_decref(a.replacement);
	json_decref(a.rolled_back);
	free(a.unsure);
	return rc;
}
