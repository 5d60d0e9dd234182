/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address pools of a network. The normal form is an array of objects with the caller's own words,
 * ordered by subnet; what a pool leaves out is the engine's to choose, and no difference.
 */
#include "spec/internal.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

typedef struct pool_field {
	const char *name;   /* the caller's */
	const char *stored; /* the engine's */
} pool_field;

static const pool_field fields[] = {
	{ "subnet", "Subnet" },
	{ "ip_range", "IPRange" },
	{ "gateway", "Gateway" },
};

enum { FIELDS = sizeof(fields) / sizeof(*fields), SIZE = INET6_ADDRSTRLEN + 4 };

static const char *text_at(const json_t *pool, const char *name)
{
	const char *text = json_string_value(json_object_get(pool, name));

	return text ? text : "";
}

/* --- addresses ---------------------------------------------------------------------------------- */

bool swarm__pool_read(const char *text, swarm__pool *pool)
{
	size_t length = strcspn(text, "/");
	char address[INET6_ADDRSTRLEN];
	char *end;

	*pool = (swarm__pool){ .family = AF_INET };
	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	if (inet_pton(AF_INET, address, pool->bytes) != 1) {
		pool->family = AF_INET6;
		if (inet_pton(AF_INET6, address, pool->bytes) != 1)
			return false;
	}
	pool->prefix = pool->family == AF_INET ? 32 : 128;
	if (!text[length])
		return true;
	text += length + 1;
	if (strspn(text, "0123456789") == 0 || strlen(text) > 3 || *text == '+')
		return false;
	length = (size_t)strtoul(text, &end, 10);
	if (*end || (int)length > pool->prefix)
		return false;
	pool->prefix = (int)length;
	return true;
}

/* Are the first bits the same? */
static bool same_bits(const swarm__pool *a, const swarm__pool *b, int bits)
{
	int bytes = bits / 8, rest = bits % 8;

	if (a->family != b->family || memcmp(a->bytes, b->bytes, (size_t)bytes) != 0)
		return false;
	return !rest || (a->bytes[bytes] ^ b->bytes[bytes]) >> (8 - rest) == 0;
}

bool swarm__pools_overlap(const swarm__pool *a, const swarm__pool *b)
{
	return same_bits(a, b, a->prefix < b->prefix ? a->prefix : b->prefix);
}

static bool is_within(const swarm__pool *inner, const swarm__pool *outer)
{
	return inner->prefix >= outer->prefix && same_bits(inner, outer, outer->prefix);
}

/* Without the bits behind the prefix, as text; with the prefix where network is true. */
static void show(const swarm__pool *pool, bool network, char text[SIZE])
{
	swarm__pool copy = *pool;

	for (int bit = copy.prefix; network && bit < (copy.family == AF_INET ? 32 : 128); bit++)
		copy.bytes[bit / 8] &= (unsigned char)~(0x80 >> bit % 8);
	inet_ntop(copy.family, copy.bytes, text, INET6_ADDRSTRLEN);
	if (network)
		snprintf(text + strlen(text), 5, "/%d", copy.prefix);
}

/* --- the caller's words --------------------------------------------------------------------------- */

/* A network such as 10.1.0.0/24, normalised; NULL with a slip. */
static json_t *parse_network(swarm__conversion *c, const char *place, const json_t *given,
			     swarm__pool *pool)
{
	const char *text = json_string_value(given);
	char normal[SIZE], own[SIZE];
	swarm__pool whole;

	if (!text || !strchr(text, '/') || !swarm__pool_read(text, pool))
		return swarm__slip_expects(c, place, "a network such as 10.1.0.0/24", given);
	show(pool, true, normal);
	show(pool, false, own);
	swarm__pool_read(normal, &whole);
	if (memcmp(whole.bytes, pool->bytes, sizeof(whole.bytes)) != 0) {
		swarm__slip(c, place, "must be a network, not the address %s in it: write %s", own,
			    normal);
		return NULL;
	}
	return swarm__spec_new(c, json_string(normal));
}

static json_t *parse_address(swarm__conversion *c, const char *place, const json_t *given,
			     const swarm__pool *subnet)
{
	const char *text = json_string_value(given);
	char normal[SIZE];
	swarm__pool address;

	if (!text || strchr(text, '/') || !swarm__pool_read(text, &address))
		return swarm__slip_expects(c, place, "an address such as 10.1.0.1", given);
	show(&address, false, normal);
	if (subnet && !is_within(&address, subnet)) {
		swarm__slip(c, place, "%s is not in the subnet", normal);
		return NULL;
	}
	return swarm__spec_new(c, json_string(normal));
}

static json_t *parse_field(swarm__conversion *c, const char *place, const char *name,
			   const json_t *value, const swarm__pool *subnet)
{
	swarm__pool range;
	json_t *text;

	if (strcmp(name, "gateway") == 0)
		return parse_address(c, place, value, subnet);
	text = parse_network(c, place, value, &range);
	if (text && subnet && !is_within(&range, subnet)) {
		swarm__slip(c, place, "%s is not in the subnet", json_string_value(text));
		json_decref(text);
		text = NULL;
	}
	return text;
}

static bool is_field(const char *name)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (strcmp(fields[i].name, name) == 0)
			return true;
	return false;
}

static json_t *parse_pool(swarm__conversion *c, const char *place, const json_t *given)
{
	json_t *pool = swarm__spec_new(c, json_object());
	char at[SWARM__MAX_PLACE];
	swarm__pool subnet;
	bool known = false;
	const char *name;
	json_t *value;

	if (!json_is_object(given))
		swarm__slip_expects(c, place, "a mapping with a subnet", given);
	value = json_object_get(given, "subnet");
	if (value && !json_is_null(value)) {
		json_t *text;

		swarm__spec_place(at, place, "subnet");
		text = parse_network(c, at, value, &subnet);
		known = text != NULL;
		if (text)
			swarm__spec_put(c, pool, "subnet", text);
	}
	json_object_foreach (swarm__json_iterable(given), name, value) {
		swarm__nearest nearest = { name, "", 0 };
		json_t *normal;

		if (strcmp(name, "subnet") == 0 || json_is_null(value))
			continue;
		swarm__spec_place(at, place, name);
		if (is_field(name)) {
			normal = parse_field(c, at, name, value, known ? &subnet : NULL);
			if (normal)
				swarm__spec_put(c, pool, name, normal);
			continue;
		}
		/* docker's command takes them, and swarmkit has no field for them. */
		if (strcmp(name, "aux_addresses") == 0) {
			swarm__slip(c, at, "no network of a swarm keeps them: give an ip_range");
			continue;
		}
		for (size_t i = 0; i < FIELDS; i++)
			swarm__nearest_try(&nearest, fields[i].name, strlen(fields[i].name));
		swarm__slip(c, at, "no such key%s%s%s", *nearest.best ? ", did you mean " : "",
			    nearest.best, *nearest.best ? "?" : "");
	}
	value = json_object_get(given, "subnet");
	if (json_is_object(given) && (!value || json_is_null(value)) &&
	    !swarm__is_mistyped(c, place, "subnet"))
		swarm__slip(c, place, "must have a subnet");
	return pool;
}

/* By subnet, since their order means nothing; two are compared by their texts. */
static json_t *sorted(swarm__conversion *c, json_t *pools)
{
	json_t *result = swarm__spec_new(c, json_array());

	for (size_t i = 0; i < json_array_size(pools); i++) {
		json_t *pool = json_array_get(pools, i);
		size_t place = 0;

		while (place < json_array_size(result) &&
		       strcmp(text_at(json_array_get(result, place), "subnet"),
			      text_at(pool, "subnet")) <= 0)
			place++;
		if (json_array_insert(result, place, pool))
			c->nomem = true;
	}
	json_decref(pools);
	return result;
}

static void check_overlaps(swarm__conversion *c, const char *place, const json_t *pools)
{
	for (size_t i = 0; i < json_array_size(pools); i++)
		for (size_t j = 0; j < i; j++) {
			const char *a = text_at(json_array_get(pools, j), "subnet");
			const char *b = text_at(json_array_get(pools, i), "subnet");
			swarm__pool one, other;

			if (swarm__pool_read(a, &one) && swarm__pool_read(b, &other) &&
			    swarm__pools_overlap(&one, &other))
				swarm__slip(c, place, "%s and %s overlap", a, b);
		}
}

static json_t *parse_pools(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			   const json_t *given)
{
	/* Sorting and comparing them takes time by the square of their number. */
	enum { MOST = 64 };
	json_t *pools = swarm__spec_new(c, json_array());
	char at[SWARM__MAX_PLACE];
	json_t *one;
	size_t i;

	if (!json_is_array(given))
		swarm__slip_expects(c, place, row->kind->expects, given);
	if (json_array_size(given) > MOST) {
		swarm__slip(c, place, "has more than %d entries", MOST);
		return pools;
	}
	json_array_foreach (swarm__json_iterable(given), i, one) {
		snprintf(at, sizeof(at), "%.*s[%zu]", SWARM__MAX_PLACE - 24, place, i);
		swarm__spec_add(c, pools, parse_pool(c, at, one));
	}
	check_overlaps(c, place, pools);
	pools = sorted(c, pools);
	if (json_array_size(pools))
		return pools;
	json_decref(pools);
	return NULL;
}

/* --- the engine's words --------------------------------------------------------------------------- */

/* The text of an address or network, normalised where it is one. */
static json_t *read_text(const char *text)
{
	char normal[SIZE];
	swarm__pool pool;

	if (!swarm__pool_read(text, &pool))
		return json_string(text);
	show(&pool, strchr(text, '/') != NULL, normal);
	return json_string(normal);
}

static json_t *read_pools(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	json_t *pools = swarm__spec_new(c, json_array());
	json_t *one;
	size_t i;

	if (!json_is_array(stored))
		swarm__spec_malformed(c, row);
	json_array_foreach (swarm__json_iterable(stored), i, one) {
		json_t *pool = swarm__spec_new(c, json_object());

		for (size_t f = 0; f < FIELDS; f++) {
			json_t *value = json_object_get(one, fields[f].stored);

			if (json_is_string(value) && json_string_length(value))
				swarm__spec_put(c, pool, fields[f].name,
						read_text(json_string_value(value)));
		}
		swarm__spec_add(c, pools, pool);
	}
	pools = sorted(c, pools);
	if (json_array_size(pools))
		return pools;
	json_decref(pools);
	return NULL;
}

static json_t *write_pools(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal,
			   const json_t *stored)
{
	json_t *pools = swarm__spec_new(c, json_array());
	json_t *one;
	size_t i;

	(void)row;
	(void)stored;
	json_array_foreach (swarm__json_iterable(normal), i, one) {
		json_t *pool = swarm__spec_new(c, json_object());

		for (size_t f = 0; f < FIELDS; f++) {
			json_t *value = json_object_get(one, fields[f].name);

			if (value)
				swarm__spec_put(c, pool, fields[f].stored, json_incref(value));
		}
		swarm__spec_add(c, pools, pool);
	}
	return pools;
}

/* Both are sorted, and a pool of the caller's always has its subnet. */
static bool same_pools(const json_t *have, const json_t *want)
{
	size_t i;
	json_t *one;

	if (json_array_size(have) != json_array_size(want))
		return false;
	json_array_foreach (swarm__json_iterable(want), i, one) {
		const json_t *other = json_array_get(have, i);
		const char *name;
		json_t *value;

		json_object_foreach (one, name, value) {
			json_t *stored = json_object_get(other, name);

			if (!stored || !json_equal(value, stored))
				return false;
		}
	}
	return true;
}

const swarm__spec_kind swarm__kind_POOLS = {
	.expects = "a list of mappings with subnet, ip_range and gateway",
	.parse = parse_pools,
	.read = read_pools,
	.write = write_pools,
	.same = same_pools
};
