/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of a manager for the tests on stacks: it keeps networks, secrets, configs and services as they are
 * created and changed, and each service at once has the tasks that its spec asks for. A service whose command
 * is "fail" goes back by itself, or is paused, as swarm's updater does. Writes are noted, in their order.
 */
#ifndef SWARM_TEST_MODEL_H
#define SWARM_TEST_MODEL_H

#include "test_cluster.h"

#include <jansson.h>

enum { MODEL_KINDS = 4, MODEL_WRITES = 256 };

typedef struct model {
	json_t *lists[MODEL_KINDS]; /* networks, secrets, configs, services */
	json_t *failed;             /* tasks of rollouts that failed */
	int next;
	char *writes[MODEL_WRITES]; /* "create services shop_web" */
	char *bodies[MODEL_WRITES];
	int count;
	int requests;
	int lookups;       /* of images, at a registry that does not answer */
	bool pauses;       /* a failing update is paused, not rolled back */
	const char *taken; /* once: creating this name is refused, since another manager made it */
	char *text;        /* of the last answer */
} model;

static const char *const model_kinds[MODEL_KINDS] = { "networks", "secrets", "configs",
						      "services" };

static inline const char *model_string(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static inline const char *model_name(int kind, const json_t *object)
{
	return kind ? model_string(json_object_get(object, "Spec"), "Name")
		    : model_string(object, "Name");
}

static inline const char *model_id(int kind, const json_t *object)
{
	return model_string(object, kind ? "ID" : "Id");
}

static inline const json_t *model_labels(int kind, const json_t *object)
{
	return json_object_get(kind ? json_object_get(object, "Spec") : object, "Labels");
}

/* By id or name; NULL. */
static inline json_t *model_find(const model *m, int kind, const char *ref)
{
	json_t *object;
	size_t i;

	json_array_foreach (m->lists[kind], i, object)
		if (strcmp(model_id(kind, object), ref) == 0 ||
		    strcmp(model_name(kind, object), ref) == 0)
			return object;
	return NULL;
}

static inline int model_kind(const char *name)
{
	for (int i = 0; i < MODEL_KINDS; i++)
		if (strncmp(name, model_kinds[i], strlen(model_kinds[i])) == 0)
			return i;
	return -1;
}

/* --- writes --------------------------------------------------------------------------------------------- */

static inline void model_note(model *m, const char *what, int kind, const char *name,
			      const char *body)
{
	char line[256];

	if (m->count == MODEL_WRITES)
		return;
	snprintf(line, sizeof(line), "%s %s %s", what, model_kinds[kind], name);
	m->writes[m->count] = strdup(line);
	m->bodies[m->count] = strdup(body);
	__atomic_store_n(&m->count, m->count + 1, __ATOMIC_RELEASE);
}

/* Is there a write that begins so, from the one of number from on? The count orders what the engine's
 * thread wrote before this: a client in another process does not. */
static inline bool model_wrote(const model *m, int from, const char *begin)
{
	int count = __atomic_load_n(&m->count, __ATOMIC_ACQUIRE);

	for (int i = from; i < count; i++)
		if (strncmp(m->writes[i], begin, strlen(begin)) == 0)
			return true;
	return false;
}

static inline void model_set_status(json_t *service, const char *state)
{
	json_object_set_new(service, "UpdateStatus",
			    json_pack("{s:s, s:s, s:s}", "State", state, "StartedAt",
				      "2026-01-01T00:00:00Z", "Message", "by the model"));
}

static inline bool model_fails(const json_t *spec)
{
	const json_t *command = json_object_get(
		json_object_get(json_object_get(spec, "TaskTemplate"), "ContainerSpec"), "Args");

	return json_is_string(json_array_get(command, 0)) &&
	       strcmp(json_string_value(json_array_get(command, 0)), "fail") == 0;
}

/* The engine keeps no spec that it rolled back; its tasks do. */
static inline void model_update_service(model *m, json_t *service, json_t *spec)
{
	json_t *task;

	if (model_fails(spec) && !m->pauses) {
		task = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:O}", "ID", "failed1",
				 "ServiceID", model_string(service, "ID"), "DesiredState",
				 "shutdown", "CreatedAt", "2026-01-02T00:00:00Z", "Status", "State",
				 "failed", "Err", "task: non-zero exit (7)", "Spec",
				 json_object_get(spec, "TaskTemplate"));
		json_array_append_new(m->failed, task);
		model_set_status(service, "rollback_completed");
		return;
	}
	json_object_set(service, "PreviousSpec", json_object_get(service, "Spec"));
	json_object_set(service, "Spec", spec);
	model_set_status(service, model_fails(spec) ? "paused" : "completed");
}

static inline void model_resolve_networks(const model *m, json_t *spec)
{
	json_t *networks = json_object_get(json_object_get(spec, "TaskTemplate"), "Networks");
	json_t *one, *network;
	size_t i;

	json_array_foreach (networks, i, one) {
		network = model_find(m, 0, model_string(one, "Target"));
		if (network)
			json_object_set(one, "Target", json_object_get(network, "Id"));
	}
}

static inline void model_fill_service(const model *m, json_t *spec)
{
	json_t *mode = json_object_get(json_object_get(spec, "Mode"), "Replicated");

	model_resolve_networks(m, spec);
	if (mode && !json_object_get(mode, "Replicas"))
		json_object_set_new(mode, "Replicas", json_integer(1));
}

static inline json_t *model_make(model *m, int kind, json_t *body)
{
	json_t *object;

	if (!kind) {
		object = json_deep_copy(body);
		json_object_set_new(object, "Id", json_sprintf("id%d", ++m->next));
		json_object_set_new(object, "Scope", json_string("swarm"));
		return object;
	}
	object = json_pack("{s:o, s:{s:i}, s:s, s:O}", "ID", json_sprintf("id%d", ++m->next),
			   "Version", "Index", 1, "CreatedAt", "2026-01-01T00:00:00Z", "Spec",
			   body);
	if (kind == 1)
		json_object_del(json_object_get(object, "Spec"), "Data");
	if (kind == 3) {
		model_fill_service(m, body);
		model_set_status(object, model_fails(body) ? "paused" : "completed");
	}
	return object;
}

/* As another manager, the CLI or a hand made it; a new reference's worth stays with the model. */
static inline json_t *model_add(model *m, const char *kind, json_t *body)
{
	int number = model_kind(kind);
	json_t *object = model_make(m, number, body);

	json_array_append_new(m->lists[number], object);
	json_decref(body);
	return object;
}

/* --- answers ----------------------------------------------------------------------------------------------- */

static inline fake_row model_answer(model *m, int status, json_t *json)
{
	free(m->text);
	m->text = json ? json_dumps(json, JSON_ENCODE_ANY) : strdup("");
	json_decref(json);
	return (fake_row){ .expect = "", .status = status, .reply = m->text };
}

static inline fake_row model_refuse(model *m, int status, const char *text)
{
	return model_answer(m, status, json_pack("{s:s}", "message", text));
}

/* The filters of a request, decoded; NULL: none. */
static inline json_t *model_filters(const char *target)
{
	const char *at = strstr(target, "filters=");
	char text[4096];
	size_t size = 0;

	if (!at)
		return NULL;
	for (at += 8; *at && *at != ' ' && *at != '&' && size < sizeof(text) - 1; at++) {
		unsigned code;

		if (*at == '%' && sscanf(at + 1, "%2x", &code) == 1) {
			text[size++] = (char)code;
			at += 2;
		} else {
			text[size++] = *at;
		}
	}
	text[size] = '\0';
	return json_loads(text, 0, NULL);
}

static inline bool model_has_label(int kind, const json_t *object, const char *filter)
{
	const char *equals = strchr(filter, '=');
	char key[256];
	const char *value;

	snprintf(key, sizeof(key), "%.*s",
		 (int)(equals ? (size_t)(equals - filter) : strlen(filter)), filter);
	value = json_string_value(json_object_get(model_labels(kind, object), key));
	return value && (!equals || strcmp(value, equals + 1) == 0);
}

static inline bool model_fits(int kind, const json_t *object, json_t *filters)
{
	json_t *labels = json_object_get(filters, "label"),
	       *names = json_object_get(filters, "name");
	bool named = !names;
	json_t *one;
	size_t i;

	json_array_foreach (labels, i, one)
		if (!model_has_label(kind, object, json_string_value(one)))
			return false;
	json_array_foreach (names, i, one)
		named = named || strcmp(model_name(kind, object), json_string_value(one)) == 0;
	return named;
}

static inline fake_row model_list(model *m, int kind, json_t *filters)
{
	json_t *list = json_array(), *object;
	size_t i;

	json_array_foreach (m->lists[kind], i, object)
		if (model_fits(kind, object, filters))
			json_array_append(list, object);
	json_decref(filters);
	return model_answer(m, 200, list);
}

static inline void model_add_tasks(json_t *list, const json_t *service)
{
	const json_t *spec = json_object_get(service, "Spec");
	json_t *count = json_object_get(
		json_object_get(json_object_get(spec, "Mode"), "Replicated"), "Replicas");
	json_int_t wanted = json_is_integer(count) ? json_integer_value(count) : 1;

	for (json_int_t slot = 1; slot <= wanted; slot++)
		json_array_append_new(
			list,
			json_pack("{s:o, s:s, s:I, s:s, s:s, s:s, s:{s:s}, s:O}", "ID",
				  json_sprintf("t%s-%d", model_string(service, "ID"), (int)slot),
				  "ServiceID", model_string(service, "ID"), "Slot", slot, "NodeID",
				  "n1", "DesiredState", "running", "CreatedAt",
				  "2026-01-01T00:00:00Z", "Status", "State",
				  model_fails(spec) ? "starting" : "running", "Spec",
				  json_object_get(spec, "TaskTemplate")));
}

static inline fake_row model_tasks(model *m, json_t *filters)
{
	json_t *wanted = json_object_get(filters, "service"), *list = json_array(), *service, *task;
	const char *ref = json_string_value(json_array_get(wanted, 0));
	bool current = json_object_get(filters, "_up-to-date") != NULL;
	size_t i;

	json_array_foreach (m->lists[3], i, service)
		if ((!ref || strcmp(model_id(3, service), ref) == 0) &&
		    model_fits(3, service, json_object_get(filters, "label") ? filters : NULL))
			model_add_tasks(list, service);
	json_array_foreach (m->failed, i, task)
		if (!current && ref && strcmp(model_string(task, "ServiceID"), ref) == 0)
			json_array_append(list, task);
	json_decref(filters);
	return model_answer(m, 200, list);
}

static inline fake_row model_create(model *m, int kind, const char *text)
{
	json_t *body = json_loads(text, 0, NULL), *object;
	const char *name = model_string(body, "Name");
	bool taken = m->taken && strcmp(m->taken, name) == 0;

	if (taken)
		m->taken = NULL;
	if (!taken && model_find(m, kind, name)) {
		json_decref(body);
		return model_refuse(m, 409, "name conflicts with an existing object");
	}
	if (!taken)
		model_note(m, "create", kind, name, text);
	object = model_make(m, kind, body);
	json_array_append_new(m->lists[kind], object);
	json_decref(body);
	return taken ? model_refuse(m, 409, "name conflicts with an existing object")
		     : model_answer(m, 201,
				    json_pack("{s:s}", kind ? "ID" : "Id", model_id(kind, object)));
}

static inline fake_row model_update(model *m, int kind, json_t *object, const char *text)
{
	json_t *body = json_loads(text, 0, NULL), *version = json_object_get(object, "Version");
	json_int_t index = json_integer_value(json_object_get(version, "Index"));

	model_note(m, "update", kind, model_name(kind, object), text);
	json_object_set_new(version, "Index", json_integer(index + 1));
	if (kind == 3)
		model_update_service(m, object, body);
	else
		json_object_set(json_object_get(object, "Spec"), "Labels",
				json_object_get(body, "Labels"));
	json_decref(body);
	return model_answer(m, 200, json_pack("{s:n}", "Warnings"));
}

static inline fake_row model_delete(model *m, int kind, json_t *object)
{
	json_t *one;
	size_t i;

	model_note(m, "remove", kind, model_name(kind, object), "");
	json_array_foreach (m->lists[kind], i, one)
		if (one == object)
			break;
	json_array_remove(m->lists[kind], i);
	return model_answer(m, kind == 3 ? 200 : 204, NULL);
}

/* request: "METHOD /v1.45/kind/ref HTTP/1.1", headers, body. */
static inline fake_row model_give(void *payload, const char *request)
{
	model *m = payload;
	const char *target = strchr(request, ' ') + 1 + strlen(API "/");
	const char *body = strstr(request, "\r\n\r\n");
	bool post = strncmp(request, "POST", 4) == 0;
	int kind = model_kind(target);
	const char *rest = kind < 0 ? "" : target + strlen(model_kinds[kind]);
	char ref[256] = "";
	json_t *object;

	m->requests++;
	if (strncmp(request, "GET /_ping", 10) == 0)
		return (fake_row){ .expect = "",
				   .headers = "Api-Version: 1.45\r\n",
				   .reply = "OK" };
	body = body ? body + 4 : "";
	if (strncmp(target, "tasks", 5) == 0)
		return model_tasks(m, model_filters(target));
	if (strncmp(target, "nodes", 5) == 0)
		return model_answer(m, 200, json_pack("[{s:s}]", "ID", "n1"));
	if (strncmp(target, "info", 4) == 0)
		return model_answer(m, 200,
				    json_loads("{\"Name\":\"host1\",\"Swarm\":{\"NodeID\":\"m1\","
					       "\"LocalNodeState\":\"active\",\"ControlAvailable\":"
					       "true,\"Cluster\":{\"ID\":\"c1\"}}}",
					       0, NULL));
	if (strncmp(target, "containers", 10) == 0)
		return model_answer(m, 200, json_array());
	if (strncmp(target, "distribution", 12) == 0 && ++m->lookups)
		return model_refuse(m, 503, "no registry today");
	if (kind < 0)
		return model_refuse(m, 500, "not of the model");
	if (*rest != '/')
		return model_list(m, kind, model_filters(target));
	sscanf(rest + 1, "%250[^ /?]", ref);
	if (post && strcmp(ref, "create") == 0)
		return model_create(m, kind, body);
	object = model_find(m, kind, ref);
	if (!object)
		return model_refuse(m, 404, "no such object");
	if (strncmp(request, "DELETE", 6) == 0)
		return model_delete(m, kind, object);
	return post ? model_update(m, kind, object, body)
		    : model_answer(m, 200, json_incref(object));
}

/* --- a test's own -------------------------------------------------------------------------------------------- */

static inline void model_begin(model *m, fixture *f)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;

	*m = (model){ .failed = json_array() };
	for (int i = 0; i < MODEL_KINDS; i++)
		m->lists[i] = json_array();
	*f = (fixture){ .engine = fake_engine_start_with(model_give, m) };
	options.url = fake_engine_url(f->engine);
	options.api_version = "1.45";
	if (swarm_client_new(&options, &f->client, &f->err) != 0) {
		printf("Bail out! no client: %s\n", f->err.text);
		exit(99);
	}
}

static inline void model_end(model *m, fixture *f)
{
	swarm_client_free(f->client);
	CHECK_INT(fake_engine_stop_early(f->engine), 0);
	for (int i = 0; i < MODEL_KINDS; i++)
		json_decref(m->lists[i]);
	for (int i = 0; i < m->count; i++) {
		free(m->writes[i]);
		free(m->bodies[i]);
	}
	json_decref(m->failed);
	free(m->text);
}

/* Objects of a stack from a compose document in JSON; secrets have the content "topsecretvalue". */
static inline int model_content(void *payload, const char *file, swarm_content *content,
				swarm_error *err)
{
	const char *text = payload;

	(void)file;
	(void)err;
	return swarm_content_set(content, text, strlen(text));
}

static inline json_t *model_stack(const char *name, const char *document)
{
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	json_t *one = json_loads(document, 0, NULL), *stack = NULL;
	json_t *documents = json_pack("[O]", one);
	swarm_error err = SWARM_ERROR_INIT;

	options.name = name;
	options.content = model_content;
	options.payload = (void *)(size_t) "topsecretvalue";
	CHECK_INT(swarm_compose_convert(documents, &options, &stack, NULL, &err), 0);
	CHECK_STR(err.text, "");
	json_decref(documents);
	json_decref(one);
	return stack;
}

#endif
