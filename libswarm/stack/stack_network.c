/* SPDX-License-Identifier: Apache-2.0 */
/* The networks of a stack: compared with what is there, created or made again, and those of others. */
#include "object/network.h"
#include "stack/deploy.h"

#include <string.h>

static const swarm__stack_kind *networks(void)
{
	return &swarm__stack_kinds[0];
}

static bool is_of_swarm(const json_t *network)
{
	return strcmp(swarm__json_string(network, "Scope"), "swarm") == 0;
}

/* --- the body of a create in compose's words ------------------------------------------------------------ */

typedef struct word {
	const char *name;
	const char *word;
} word;

/* 0, or -1 without memory. */
static int translate(const json_t *from, json_t *to, const word *words)
{
	for (; words->name; words++) {
		json_t *value = json_object_get(from, words->name);

		if (value && json_object_set(to, words->word, value))
			return -1;
	}
	return 0;
}

static int add_pools(const json_t *ipam, json_t *words)
{
	static const word fields[] = { { "Subnet", "subnet" },
				       { "IPRange", "ip_range" },
				       { "Gateway", "gateway" },
				       { NULL, NULL } };
	const json_t *config = json_object_get(ipam, "Config");
	json_t *pools = json_array(), *pool;
	int bad = !pools;
	size_t i;

	json_array_foreach (swarm__json_iterable(config), i, pool) {
		json_t *made = json_object();

		bad = bad || !made || translate(pool, made, fields);
		bad = json_array_append_new(pools, made) || bad;
	}
	if (!bad && json_array_size(pools))
		bad = json_object_set(words, "config", pools);
	json_decref(pools);
	return bad;
}

/* New; NULL without memory. */
static json_t *words_of(const json_t *body)
{
	static const word fields[] = { { "Driver", "driver" },
				       { "Options", "driver_opts" },
				       { "Attachable", "attachable" },
				       { "Internal", "internal" },
				       { "EnableIPv6", "enable_ipv6" },
				       { "Labels", "labels" },
				       { NULL, NULL } };
	static const word of_ipam[] = { { "Driver", "driver" },
					{ "Options", "options" },
					{ NULL, NULL } };
	const json_t *ipam = json_object_get(body, "IPAM");
	json_t *words = json_object(), *pools = json_object();
	int bad = !words || !pools || translate(body, words, fields) ||
		  translate(ipam, pools, of_ipam) || add_pools(ipam, pools);

	if (!bad && json_object_size(pools))
		bad = json_object_set(words, "ipam", pools);
	json_decref(pools);
	if (!bad)
		return words;
	json_decref(words);
	return NULL;
}

/* --- what differs ----------------------------------------------------------------------------------------- */

static int compare(const char *name, const json_t *body, const json_t *object, json_t **ret_changes,
		   swarm_error *err)
{
	json_t *have = swarm__network_body(object, json_object_get(body, "Options"));
	json_t *words = words_of(body), *result = NULL;
	int rc = have && words ? swarm__network_merge(have, words, name, &result, err)
			       : swarm__nomem(err);

	if (!rc)
		*ret_changes = json_incref(json_object_get(result, "changes"));
	json_decref(result);
	json_decref(have);
	json_decref(words);
	return rc;
}

static int refuse(swarm__stack *s, const char *name, const json_t *changes, swarm_error *err)
{
	swarm__names fields = { 0 };
	const char *field;
	json_t *change;

	json_object_foreach (swarm__json_iterable(changes), field, change) {
		char *old = json_dumps(json_object_get(change, "old"), JSON_ENCODE_ANY);
		char *new = json_dumps(json_object_get(change, "new"), JSON_ENCODE_ANY);

		swarm__names_add(&fields, "%s is %s, not %s", field, old ? old : "?",
				 new ? new : "?");
		free(old);
		free(new);
	}
	return swarm__stack_slip(s, SWARM_E_CONFLICT, err,
				 "network %s differs, and cannot be changed in place: %s: replace "
				 "it, which restarts the tasks of its services",
				 name, fields.text);
}

/* What stands against a network that is to be made. */
static int check_new(swarm__stack *s, const char *name, const json_t *body, swarm_error *err)
{
	swarm__network n = { .client = s->client, .name = name, .deadline = s->deadline };
	swarm_error here = SWARM_ERROR_INIT;
	int rc;

	n.all = json_array();
	if (!n.all || json_array_extend(n.all, json_object_get(s->found, "networks")) ||
	    json_array_extend(n.all, json_object_get(s->others, "networks"))) {
		json_decref(n.all);
		return swarm__nomem(err);
	}
	rc = swarm__network_check_others(&n, body, &here);
	json_decref(n.all);
	if (rc == SWARM_E_INVAL || rc == SWARM_E_CONFLICT)
		return swarm__stack_slip(s, rc, err, "network %s: %s", name, here.text);
	return rc ? swarm__replace(err, &here) : 0;
}

static int plan_there(swarm__stack *s, const char *name, const json_t *body, const json_t *object,
		      swarm_error *err)
{
	json_t *changes = NULL;
	bool detached = false;
	int rc = 0;

	/* One that was made a moment ago has nothing yet to compare. */
	if (*swarm__json_string(object, "Driver"))
		rc = compare(name, body, object, &changes, err);
	if (!rc && !json_object_size(changes))
		rc = swarm__network_has_detached(s->client, name, &s->deadline, &detached, err);
	if (rc)
		rc = swarm__error_wrap(err, rc, "network %s", name);
	else if (json_object_size(changes) && !swarm__stack_is_on(s, SWARM_STACK_REPLACE))
		rc = refuse(s, name, changes, err);
	else if (json_object_size(changes)) {
		rc = check_new(s, name, body, err);
		if (!rc)
			rc = swarm__stack_change(s, "networks", name, "replace",
						 json_incref(changes), true, err);
	} else if (detached)
		rc = swarm__stack_change(s, "networks", name, "restore", json_object(), true, err);
	else if (!swarm__stack_owns(s, "networks", name))
		rc = swarm__stack_change(s, "networks", name, "adopt", json_object(), false, err);
	else
		rc = swarm__stack_count(s, "networks", err);
	json_decref(changes);
	return rc;
}

static int plan_one(swarm__stack *s, const char *name, const json_t *body, swarm_error *err)
{
	const json_t *object = swarm__stack_find(json_object_get(s->found, "networks"), networks(),
						 name);
	const json_t *other = swarm__stack_find(json_object_get(s->others, "networks"), networks(),
						name);
	const char *stack = swarm__stack_label(other, networks(), SWARM__STACK_LABEL);
	int rc;

	if (object && is_of_swarm(object))
		return plan_there(s, name, body, object, err);
	if (object)
		return swarm__stack_slip(s, SWARM_E_CONFLICT, err,
					 "network %s is there, and is one of this host alone: "
					 "remove it",
					 name);
	if (other)
		return swarm__stack_slip(
			s, SWARM_E_CONFLICT, err,
			"network %s exists already, and belongs to %s%s: choose another name%s",
			name,
			*stack               ? "stack "
			: is_of_swarm(other) ? "no stack"
					     : "one host alone",
			stack, is_of_swarm(other) ? ", or declare it external" : "");
	/* Until it has an id: one of its own, because a service may be on several. */
	if (json_object_set_new(json_object_get(s->ids, "networks"), name,
				json_sprintf("(new %s)", name)))
		return swarm__nomem(err);
	rc = check_new(s, name, body, err);
	return rc ? rc
		  : swarm__stack_change(s, "networks", name, "create", json_object(), false, err);
}

/* --- ids and externals ---------------------------------------------------------------------------------------- */

static int fill_ids(swarm__stack *s, const json_t *lists, swarm_error *err)
{
	json_t *ids = json_object_get(s->ids, "networks"), *network;
	size_t i;

	json_array_foreach (json_object_get(lists, "networks"), i, network)
		if (is_of_swarm(network) &&
		    json_object_set_new(ids, swarm__json_string(network, "Name"),
					json_is_true(json_object_get(network, "Ingress"))
						? json_false()
						: json_string(swarm__json_string(network, "Id"))))
			return swarm__nomem(err);
	return 0;
}

/* moby: the hosts' own networks have a counterpart in the swarm, which no list has. */
static int find_predefined(swarm__stack *s, const char *name, bool *ret_found, swarm_error *err)
{
	static const char *const predefined[] = { "host", "bridge", "none" };
	const swarm_pair query[] = { { "scope", "swarm" }, { NULL, NULL } };
	json_t *network = NULL;
	bool known = false;
	int rc;

	for (size_t i = 0; i < sizeof(predefined) / sizeof(*predefined); i++)
		known = known || strcmp(name, predefined[i]) == 0;
	*ret_found = false;
	if (!known)
		return 0;
	rc = swarm__call_patiently(s->client, SWARM_OP_NETWORK_INSPECT, name, query, &s->deadline,
				   &network, err);
	if (rc == SWARM_E_NOT_FOUND) {
		swarm__error_clear(err);
		return 0;
	}
	if (rc)
		return rc;
	rc = json_object_set_new(json_object_get(s->ids, "networks"), name,
				 json_string(swarm__json_string(network, "Id")));
	json_decref(network);
	*ret_found = true;
	return rc ? swarm__nomem(err) : 0;
}

static int check_external(swarm__stack *s, const char *name, swarm_error *err)
{
	const json_t *other = swarm__stack_find(json_object_get(s->others, "networks"), networks(),
						name);
	const json_t *id = json_object_get(json_object_get(s->ids, "networks"), name);
	bool found;
	int rc;

	if (json_is_false(id))
		return swarm__stack_slip(s, SWARM_E_INVAL, err,
					 "external network %s is the ingress network, to which no "
					 "service can be attached: publish ports in its place",
					 name);
	if (id)
		return 0;
	rc = find_predefined(s, name, &found, err);
	if (rc || found)
		return rc;
	if (other)
		return swarm__stack_slip(s, SWARM_E_CONFLICT, err,
					 "external network %s is one of this host alone: services "
					 "need one of the swarm's, with driver overlay",
					 name);
	return swarm__stack_slip(s, SWARM_E_NOT_FOUND, err,
				 "external network %s does not exist: create it first", name);
}

int swarm__stack_plan_networks(swarm__stack *s, swarm_error *err)
{
	const json_t *external = json_object_get(json_object_get(s->wanted, "external"),
						 "networks");
	const char *name;
	json_t *body;
	size_t i;
	int rc = fill_ids(s, s->others, err);

	if (!rc)
		rc = fill_ids(s, s->found, err);
	json_array_foreach (swarm__json_iterable(external), i, body)
		if (!rc && json_is_string(body))
			rc = check_external(s, json_string_value(body), err);
	json_object_foreach (json_object_get(s->wanted, "networks"), name, body)
		if (!rc)
			rc = plan_one(s, name, body, err);
	return rc;
}

/* --- making them ---------------------------------------------------------------------------------------------- */

static int put_one(swarm__stack *s, const char *name, bool replaces, swarm_error *err)
{
	const json_t *body = json_object_get(json_object_get(s->wanted, "networks"), name);
	swarm_network_options options = SWARM_NETWORK_OPTIONS_INIT;
	json_t *words = words_of(body), *result = NULL;
	int rc;

	options.flags = replaces ? SWARM_NETWORK_REPLACE : 0;
	options.timeout_ms = s->options->timeout_ms;
	rc = words ? swarm_network_apply(s->client, name, words, &options, &result, err)
		   : swarm__nomem(err);
	json_decref(words);
	if (rc)
		return swarm__error_wrap(err, rc, "network %s", name);
	rc = json_object_set(json_object_get(s->ids, "networks"), name,
			     json_object_get(result, "id"));
	json_decref(result);
	return rc ? swarm__nomem(err) : 0;
}

int swarm__stack_put_networks(swarm__stack *s, swarm_error *err)
{
	const char *name;
	json_t *change;
	int rc = 0;

	json_object_foreach (json_object_get(s->changes, "networks"), name, change) {
		const char *action = swarm__json_string(change, "action");

		if (!rc && strcmp(action, "adopt") != 0 && strcmp(action, "remove") != 0)
			rc = put_one(s, name, strcmp(action, "replace") == 0, err);
	}
	return rc;
}
