/* SPDX-License-Identifier: Apache-2.0 */
/* What a document declares beside services: names in the engine, and the networks that are made. */
#include "compose/internal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* --- names ------------------------------------------------------------------------------------------ */

static const json_t *declared(const swarm__compose *c, const char *section, const char *key)
{
	const json_t *object = json_object_get(json_object_get(c->merged, section), key);

	return json_is_object(object) ? object : NULL;
}

bool swarm__is_external(const json_t *object)
{
	return swarm__is_true(json_object_get(object, "external"));
}

json_t *swarm__full_name(swarm__compose *c, const char *section, const char *key)
{
	const json_t *object = declared(c, section, key);
	const json_t *name = json_object_get(object, "name");

	/* The default network needs no declaration. */
	if (!object && (strcmp(section, "networks") != 0 || strcmp(key, "default") != 0) &&
	    strcmp(section, "services") != 0)
		return NULL;
	if (json_is_string(name) && json_string_length(name))
		return json_incref(swarm__json_iterable(name));
	if (swarm__is_external(object))
		return swarm__spec_new(&c->lines, json_string(key));
	return swarm__spec_new(&c->lines, json_sprintf("%s_%s", c->stack, key));
}

json_t *swarm__stack_labels(swarm__compose *c, const json_t *labels)
{
	json_t *all = swarm__spec_new(&c->lines, json_object());

	if (all && json_is_object(labels) && json_object_update(all, swarm__json_iterable(labels)))
		c->lines.nomem = true;
	swarm__spec_put(&c->lines, all, SWARM__NAMESPACE_LABEL, json_string(c->stack));
	return all;
}

/* --- members of an object ----------------------------------------------------------------------------- */

const char *swarm__text_member(swarm__compose *c, const char *place, const json_t *object,
			       const char *name)
{
	const json_t *value = json_object_get(object, name);
	char at[SWARM__MAX_PLACE];

	if (!value || json_is_null(value) || json_is_string(value))
		return json_is_string(value) ? json_string_value(value) : "";
	swarm__spec_place(at, place, name);
	swarm__slip_expects(&c->lines, at, "a string", value);
	return "";
}

/* 1, 0, or -1 where it is not given. */
static int flag_member(swarm__compose *c, const char *place, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);
	char at[SWARM__MAX_PLACE];

	if (!value || json_is_null(value))
		return -1;
	if (swarm__is_true(value))
		return 1;
	if (!json_is_false(value) &&
	    !(text && (strcmp(text, "false") == 0 || strcmp(text, "no") == 0 ||
		       strcmp(text, "off") == 0 || strcmp(text, "n") == 0))) {
		swarm__spec_place(at, place, name);
		swarm__slip_expects(&c->lines, at, "true or false", value);
	}
	return 0;
}

static void check_external(swarm__compose *c, const char *place, const char *section,
			   const char *key, const json_t *object)
{
	const json_t *name = json_object_get(object, "name");
	const char *other;
	json_t *value;

	if (json_is_string(name) && !json_string_length(name))
		swarm__slip(&c->lines, place, "name is empty: leave it out, or set its variable");
	else if (name && !json_is_null(name))
		swarm__text_member(c, place, object, "name");
	if (!swarm__is_external(object))
		return;
	if (strcmp(section, "networks") == 0 && strcmp(key, "default") == 0 && !name)
		swarm__slip(&c->lines, place, "is external: it needs a name");
	json_object_foreach (swarm__json_iterable(object), other, value) {
		if (strcmp(other, "external") == 0 || strcmp(other, "name") == 0 ||
		    json_is_null(value))
			continue;
		if (strcmp(section, "networks") == 0)
			swarm__spec_warn(&c->lines, place, "%.60s has no effect: it is external",
					 other);
		else
			swarm__slip(&c->lines, place, "is external: %.60s does not go with that",
				    other);
	}
}

/* --- networks --------------------------------------------------------------------------------------------- */

static bool is_subnet(const char *text)
{
	char address[64];
	unsigned char binary[16];
	size_t length = strcspn(text, "/");
	int64_t bits;

	snprintf(address, sizeof(address), "%.*s", length < 63 ? (int)length : 63, text);
	if (!text[length] || !swarm__parse_integer(text + length + 1, &bits) || bits < 0)
		return false;
	return inet_pton(AF_INET, address, binary) == 1
		       ? bits <= 32
		       : inet_pton(AF_INET6, address, binary) == 1 && bits <= 128;
}

static void put_text(swarm__compose *c, const char *place, const json_t *from, const char *name,
		     json_t *to, const char *engine_name)
{
	const char *text = swarm__text_member(c, place, from, name);

	if (*text)
		swarm__spec_put(&c->lines, to, engine_name, json_string(text));
}

static void put_map(swarm__compose *c, const json_t *from, const char *name, json_t *to,
		    const char *engine_name)
{
	const json_t *map = json_object_get(from, name);

	if (json_object_size(map))
		swarm__spec_put(&c->lines, to, engine_name, json_deep_copy(map));
}

static json_t *make_pool(swarm__compose *c, const char *place, const json_t *entry, json_t *subnets)
{
	json_t *pool = swarm__spec_new(&c->lines, json_object());
	const char *subnet = swarm__text_member(c, place, entry, "subnet");

	if (!pool)
		return NULL;
	put_text(c, place, entry, "subnet", pool, "Subnet");
	put_text(c, place, entry, "ip_range", pool, "IPRange");
	put_text(c, place, entry, "gateway", pool, "Gateway");
	if (!*subnet)
		return pool;
	if (!is_subnet(subnet))
		swarm__slip(&c->lines, place, "subnet must be like 10.1.0.0/24, not '%.60s'",
			    subnet);
	/* The engine makes both, and gives the second one no addresses. */
	if (json_object_get(subnets, subnet))
		swarm__slip(&c->lines, place, "subnet %.60s is that of another network", subnet);
	swarm__spec_put(&c->lines, subnets, subnet, json_true());
	return pool;
}

static void put_ipam(swarm__compose *c, const char *place, const json_t *network, json_t *body,
		     json_t *subnets)
{
	const json_t *ipam = json_object_get(network, "ipam");
	json_t *made = swarm__spec_new(&c->lines, json_object());
	json_t *pools = swarm__spec_new(&c->lines, json_array());
	char at[SWARM__MAX_PLACE], entry_at[SWARM__MAX_PLACE];
	json_t *entry;
	size_t i;

	swarm__spec_place(at, place, "ipam");
	if (made && pools) {
		put_text(c, at, ipam, "driver", made, "Driver");
		put_map(c, ipam, "options", made, "Options");
		json_array_foreach (json_object_get(ipam, "config"), i, entry) {
			snprintf(entry_at, sizeof(entry_at), "%.200s.config[%zu]", at, i);
			if (json_is_object(entry))
				swarm__spec_add(&c->lines, pools,
						make_pool(c, entry_at, entry, subnets));
		}
		if (json_array_size(pools))
			swarm__spec_put(&c->lines, made, "Config", json_incref(pools));
		if (json_object_size(made))
			swarm__spec_put(&c->lines, body, "IPAM", json_incref(made));
	}
	json_decref(made);
	json_decref(pools);
}

/* network: NULL where it is not declared. */
static json_t *make_network(swarm__compose *c, const char *place, const char *name,
			    const json_t *network, json_t *subnets)
{
	static const char *const local[] = { "bridge", "host", "none", "null" };
	const char *driver = swarm__text_member(c, place, network, "driver");
	int ipv6 = flag_member(c, place, network, "enable_ipv6");
	json_t *labels = swarm__stack_labels(c, json_object_get(network, "labels"));
	json_t *body = swarm__spec_new(
		&c->lines, json_pack("{s:s, s:s, s:o, s:b, s:b}", "Name", name, "Driver",
				     *driver ? driver : "overlay", "Labels", labels, "Attachable",
				     flag_member(c, place, network, "attachable") == 1, "Internal",
				     flag_member(c, place, network, "internal") == 1));

	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++)
		if (strcmp(driver, local[i]) == 0)
			swarm__slip(&c->lines, place,
				    "driver %s makes a network of one host: services need overlay",
				    driver);
	if (!body)
		return NULL;
	if (ipv6 >= 0)
		swarm__spec_put(&c->lines, body, "EnableIPv6", json_boolean(ipv6));
	put_map(c, network, "driver_opts", body, "Options");
	put_ipam(c, place, network, body, subnets);
	return body;
}

static void add_network(swarm__compose *c, json_t *stack, const char *key, json_t *subnets)
{
	const json_t *network = declared(c, "networks", key);
	json_t *name = swarm__full_name(c, "networks", key);
	json_t *made = json_object_get(stack, "networks");
	char place[SWARM__MAX_PLACE];

	swarm__spec_place(place, "networks", key);
	if (name && swarm__is_external(network)) {
		swarm__spec_add(&c->lines,
				swarm__json_iterable(swarm__json_at(stack, "external.networks")),
				json_incref(name));
	} else if (name) {
		swarm__check_name(c, place, "networks", json_string_value(name));
		if (json_object_get(made, json_string_value(name)))
			swarm__slip(&c->lines, place, "'%.64s' is the name of two networks",
				    json_string_value(name));
		swarm__spec_put(&c->lines, made, json_string_value(name),
				make_network(c, place, json_string_value(name), network, subnets));
	}
	json_decref(name);
}

/* --- all of them ------------------------------------------------------------------------------------------------ */

static void check_section(swarm__compose *c, const char *section)
{
	char place[SWARM__MAX_PLACE];
	const char *key;
	json_t *object;

	json_object_foreach (json_object_get(c->merged, section), key, object) {
		swarm__spec_place(place, section, key);
		check_external(c, place, section, key, object);
	}
}

void swarm__add_objects(swarm__compose *c, json_t *stack, const json_t *used)
{
	static const char *const sections[] = { "networks", "volumes", "secrets", "configs" };
	json_t *subnets = swarm__spec_new(&c->lines, json_object());
	char place[SWARM__MAX_PLACE];
	const char *key;
	json_t *value;

	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
		check_section(c, sections[i]);
	json_object_foreach (swarm__json_iterable(used), key, value)
		add_network(c, stack, key, subnets);
	json_object_foreach (json_object_get(c->merged, "networks"), key, value) {
		swarm__spec_place(place, "networks", key);
		if (!json_object_get(used, key) && !swarm__is_external(value))
			swarm__spec_warn(&c->lines, place, "no service uses it: it is not made");
	}
	swarm__add_files(c, stack, "secrets");
	swarm__add_files(c, stack, "configs");
	json_decref(subnets);
}
