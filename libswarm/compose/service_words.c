/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A merged service in the words of spec/, which converts it: names as the engine has them, variables as
 * lines, restart as a policy.
 */
#include "compose/internal.h"

#include <stdio.h>
#include <string.h>

typedef struct words {
	swarm__compose *c;
	const char *place; /* of the service */
	const json_t *service;
	json_t *made;
} words;

static const json_t *given(const words *w, const char *name)
{
	const json_t *value = json_object_get(w->service, name);

	return json_is_null(value) ? NULL : value;
}

/* --- variables ------------------------------------------------------------------------------------------ */

static void put_environment(const words *w)
{
	json_t *variables = swarm__environment(w->c, w->place, w->service);
	json_t *lines = swarm__spec_new(&w->c->lines, json_array());
	const char *name;
	json_t *value;

	json_object_foreach (variables, name, value)
		swarm__spec_add(&w->c->lines, lines,
				json_is_string(value)
					? json_sprintf("%s=%s", name, json_string_value(value))
					: json_string(name));
	if (json_array_size(lines))
		swarm__spec_put(&w->c->lines, w->made, "environment", json_incref(lines));
	json_decref(variables);
	json_decref(lines);
}

/* --- what is declared elsewhere ------------------------------------------------------------------------------ */

/* The full name of what a service refers to, new; NULL with a slip. */
static json_t *refer(const words *w, const char *place, const char *section, const char *key)
{
	json_t *name = swarm__full_name(w->c, section, key);
	/* A relative path has its own line. */
	bool is_path = *key == '.' || *key == '~';

	if (!name && !is_path && !w->c->lines.nomem)
		swarm__slip(&w->c->lines, place, "'%.64s' is not declared under %s", key, section);
	return name;
}

static void add_network(const words *w, const char *key, const json_t *network, json_t *used,
			json_t *made)
{
	char place[SWARM__MAX_PLACE];
	json_t *name;

	snprintf(place, sizeof(place), "%.120s.networks.%.100s", w->place, key);
	name = refer(w, place, "networks", key);
	if (!name)
		return;
	swarm__spec_put(&w->c->lines, used, key, json_true());
	if (json_object_get(made, json_string_value(name)))
		swarm__slip(&w->c->lines, place, "'%.64s' is given twice", json_string_value(name));
	swarm__spec_put(&w->c->lines, made, json_string_value(name),
			network ? json_deep_copy(network) : json_object());
	json_decref(name);
}

/* The default network only where none is named. */
static void put_networks(const words *w, json_t *used)
{
	const json_t *networks = given(w, "networks");
	json_t *made = swarm__spec_new(&w->c->lines, json_object());
	const char *key;
	json_t *value;

	if (!made)
		return;
	json_object_foreach (swarm__json_iterable(networks), key, value)
		add_network(w, key, value, used, made);
	if (!json_object_size(networks))
		add_network(w, "default", NULL, used, made);
	swarm__spec_put(&w->c->lines, w->made, "networks", made);
}

/* What a declared volume adds to its mount. */
static void add_volume_options(const words *w, json_t *volume, const json_t *object)
{
	swarm__compose *c = w->c;
	json_t *options = json_object_get(volume, "volume");

	if (!json_is_object(options)) {
		options = swarm__spec_new(&c->lines, json_object());
		swarm__spec_put(&c->lines, volume, "volume", options);
	}
	if (c->lines.nomem || swarm__is_external(object))
		return;
	swarm__spec_put(&c->lines, options, "labels",
			swarm__stack_labels(c, json_object_get(object, "labels")));
	if (json_object_get(object, "driver"))
		swarm__spec_put(&c->lines, options, "driver",
				json_incref(json_object_get(object, "driver")));
	if (json_object_get(object, "driver_opts"))
		swarm__spec_put(&c->lines, options, "driver_opts",
				json_deep_copy(json_object_get(object, "driver_opts")));
}

static void add_volume(const words *w, const char *place, const json_t *entry, json_t *list)
{
	swarm__compose *c = w->c;
	json_t *volume = swarm__spec_new(&c->lines, json_deep_copy(entry));
	const char *type = swarm__json_string(entry, "type");
	const char *source = swarm__json_string(entry, "source");
	bool is_volume = strcmp(type, "volume") == 0;
	bool is_cluster = strcmp(type, "cluster") == 0 && strncmp(source, "group:", 6) != 0;
	json_t *name = NULL;

	if (!volume)
		return;
	if (*source && (is_volume || is_cluster)) {
		name = refer(w, place, "volumes", source);
		if (name && is_volume)
			add_volume_options(
				w, volume,
				json_object_get(json_object_get(c->merged, "volumes"), source));
		if (name)
			swarm__spec_put(&c->lines, volume, "source", json_incref(name));
		json_decref(name);
	}
	/* stack_form.c has it: spec/ has no words for it. */
	json_object_del(volume, "cluster");
	swarm__spec_add(&c->lines, list, volume);
}

static void add_reference(const words *w, const char *place, const char *section,
			  const json_t *entry, json_t *list)
{
	swarm__compose *c = w->c;
	const char *source = swarm__json_string(entry, "source");
	json_t *reference, *name;

	if (!*source) {
		if (!swarm__is_mistyped(&c->lines, place, "source"))
			swarm__slip(&c->lines, place, "needs a source: a name under %s", section);
		return;
	}
	name = refer(w, place, section, source);
	reference = name ? swarm__spec_new(&c->lines, json_deep_copy(entry)) : NULL;
	if (reference) {
		/* Under its own name, also where the one in the engine is another. */
		if (!*swarm__json_string(entry, "target"))
			swarm__spec_put(&c->lines, reference, "target", json_string(source));
		swarm__spec_put(&c->lines, reference, "source", json_incref(name));
		swarm__spec_put(&c->lines, json_object_get(c->referred, section),
				json_string_value(name), json_true());
		swarm__spec_add(&c->lines, list, reference);
	}
	json_decref(name);
}

static void put_list(const words *w, const char *name)
{
	const json_t *entries = given(w, name);
	json_t *list, *entry;
	char place[SWARM__MAX_PLACE];
	size_t i;

	if (!entries)
		return;
	list = swarm__spec_new(&w->c->lines, json_array());
	json_array_foreach (swarm__json_iterable(entries), i, entry) {
		snprintf(place, sizeof(place), "%.200s.%s[%zu]", w->place, name, i);
		if (list && strcmp(name, "volumes") == 0)
			add_volume(w, place, entry, list);
		else if (list)
			add_reference(w, place, name, entry, list);
	}
	swarm__spec_put(&w->c->lines, w->made, name, list);
}

/* The config of a credential spec goes by its full name. */
static void put_credentials(const words *w)
{
	json_t *credentials = json_object_get(w->made, "credential_spec");
	const char *config = swarm__json_string(credentials, "config");
	char place[SWARM__MAX_PLACE];
	json_t *name;

	if (!*config)
		return;
	swarm__spec_place(place, w->place, "credential_spec.config");
	name = refer(w, place, "configs", config);
	if (!name)
		return;
	swarm__spec_put(&w->c->lines, json_object_get(w->c->referred, "configs"),
			json_string_value(name), json_true());
	swarm__spec_put(&w->c->lines, credentials, "config", name);
}

/* docker/cli sends nothing else of a healthcheck that is disabled; a test beside that is a slip. */
static void put_health(const words *w)
{
	json_t *health = json_object_get(w->made, "healthcheck");
	const char *name;
	json_t *value;
	void *next;
	const char *text = json_string_value(json_object_get(health, "disable"));

	/* spec/ takes a boolean alone. */
	if (text && strcmp(text, "false") == 0)
		swarm__spec_put(&w->c->lines, health, "disable", json_false());
	if (!swarm__is_true(json_object_get(health, "disable")))
		return;
	swarm__spec_put(&w->c->lines, health, "disable", json_true());
	json_object_foreach_safe(health, next, name, value) if (strcmp(name, "disable") != 0 &&
								strcmp(name, "test") != 0)
		json_object_del(health, name);
}

/* --- restart -------------------------------------------------------------------------------------------------------- */

/* docker run's word as a policy: new, NULL for none or with a slip. */
static json_t *read_restart(const words *w, const json_t *restart)
{
	const char *text = json_string_value(restart);
	char place[SWARM__MAX_PLACE];
	int64_t attempts = 0;

	if (text && (!*text || strcmp(text, "no") == 0))
		return NULL;
	if (text && (strcmp(text, "always") == 0 || strcmp(text, "unless-stopped") == 0))
		return swarm__spec_new(&w->c->lines, json_pack("{s:s}", "condition", "any"));
	if (text && strncmp(text, "on-failure", 10) == 0 &&
	    (!text[10] ||
	     (text[10] == ':' && swarm__parse_integer(text + 11, &attempts) && attempts >= 0)))
		return swarm__spec_new(&w->c->lines,
				       json_pack("{s:s, s:I}", "condition", "on-failure",
						 "max_attempts", (json_int_t)attempts));
	swarm__spec_place(place, w->place, "restart");
	if (!text)
		return swarm__slip_expects(&w->c->lines, place,
					   "no, always, unless-stopped, on-failure or on-failure:3",
					   restart);
	swarm__slip_choice(&w->c->lines, place, "",
			   "no always unless-stopped on-failure on-failure:3", text);
	return NULL;
}

static void put_restart(const words *w)
{
	const json_t *restart = given(w, "restart");
	json_t *deploy = json_object_get(w->made, "deploy");
	json_t *policy = restart ? read_restart(w, restart) : NULL;

	if (!policy)
		return;
	if (!json_is_object(deploy)) {
		deploy = swarm__spec_new(&w->c->lines, json_object());
		swarm__spec_put(&w->c->lines, w->made, "deploy", deploy);
	}
	if (deploy && !json_is_object(json_object_get(deploy, "restart_policy")))
		swarm__spec_put(&w->c->lines, deploy, "restart_policy", json_incref(policy));
	json_decref(policy);
}

json_t *swarm__service_words(swarm__compose *c, const char *place, const char *key,
			     const json_t *service, json_t *used)
{
	static const char *const others[] = { "environment", "env_file",   "networks",
					      "volumes",     "secrets",    "configs",
					      "restart",     "depends_on", NULL };
	words w = { c, place, service, swarm__spec_new(&c->lines, json_deep_copy(service)) };

	(void)key;
	if (!w.made)
		return NULL;
	for (size_t i = 0; others[i]; i++)
		json_object_del(w.made, others[i]);
	put_environment(&w);
	put_networks(&w, used);
	put_list(&w, "volumes");
	put_list(&w, "secrets");
	put_list(&w, "configs");
	put_credentials(&w);
	put_health(&w);
	put_restart(&w);
	return w.made;
}
