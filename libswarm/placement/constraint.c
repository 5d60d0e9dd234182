/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One placement constraint, such as "node.labels.disk==ssd", held against one node. The rules are
 * those of swarmkit's manager/constraint/constraint.go: keys and values without regard to case, the
 * names of labels with it, and a value that is missing is "".
 */
#include "placement/internal.h"

#include <arpa/inet.h>
#include <string.h>

typedef struct text {
	const char *start;
	size_t size;
} text;

typedef struct expression {
	text key;
	text value;
	bool equal; /* "==", else "!=" */
} expression;

/* --- reading it ----------------------------------------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static text trimmed(const char *start, const char *end)
{
	while (start < end && is_space(*start))
		start++;
	while (end > start && is_space(end[-1]))
		end--;
	return (text){ start, (size_t)(end - start) };
}

static bool split(const char *constraint, expression *ret_expression)
{
	const char *equal = strstr(constraint, "==");
	const char *at = equal ? equal : strstr(constraint, "!=");

	if (!at)
		return false;
	*ret_expression = (expression){ trimmed(constraint, at), trimmed(at + 2, at + strlen(at)),
					equal != NULL };
	return true;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Not strcasecmp(), which the program's locale changes. */
static bool begins(text whole, const char *part)
{
	size_t i = 0;

	while (part[i] && i < whole.size && lower(whole.start[i]) == lower(part[i]))
		i++;
	return !part[i];
}

static bool same(text one, const char *other)
{
	return strlen(other) == one.size && begins(one, other);
}

/* --- addresses ------------------------------------------------------------------------------ */

typedef struct network {
	int family;
	unsigned char bytes[sizeof(struct in6_addr)];
	unsigned bits;
} network;

/* An IPv4 address in the form of IPv6 is the IPv4 address, as in Go. */
static bool parse_address(const char *address, network *ret_network)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	network n = { .family = AF_INET, .bits = 32 };

	if (inet_pton(AF_INET, address, n.bytes) == 1) {
		*ret_network = n;
		return true;
	}
	if (inet_pton(AF_INET6, address, n.bytes) != 1)
		return false;
	if (memcmp(n.bytes, mapped, sizeof(mapped)) == 0) {
		memmove(n.bytes, n.bytes + sizeof(mapped), 4);
	} else {
		n.family = AF_INET6;
		n.bits = 128;
	}
	*ret_network = n;
	return true;
}

/* "address" or "address/bits". */
static bool parse_network(text value, network *ret_network)
{
	const char *slash = memchr(value.start, '/', value.size);
	size_t size = slash ? (size_t)(slash - value.start) : value.size;
	char address[INET6_ADDRSTRLEN];
	unsigned bits = 0;

	if (size >= sizeof(address))
		return false;
	memcpy(address, value.start, size);
	address[size] = '\0';
	if (!parse_address(address, ret_network))
		return false;
	if (!slash)
		return true;
	for (size_t i = size + 1; i < value.size && bits <= ret_network->bits; i++) {
		if (value.start[i] < '0' || value.start[i] > '9')
			return false;
		bits = bits * 10 + (unsigned)(value.start[i] - '0');
	}
	if (size + 1 == value.size || bits > ret_network->bits)
		return false;
	ret_network->bits = bits;
	return true;
}

static bool is_within(const network *address, const network *n)
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	if (address->family != n->family || memcmp(address->bytes, n->bytes, whole) != 0)
		return false;
	return !rest || !((address->bytes[whole] ^ n->bytes[whole]) >> (8 - rest));
}

/* --- holding it against a node -------------------------------------------------------------- */

/* The node's value for a key, "" for none; NULL if there is no such key. */
static const char *value_of(text key, const json_t *node)
{
	static const struct {
		const char *key;
		const char *path;
		bool label; /* the rest of the key is the name of a label */
	} table[] = {
		{ "node.id", "ID", false },
		{ "node.hostname", "Description.Hostname", false },
		{ "node.ip", "Status.Addr", false },
		/* The desired role: the API does not give the one that the node has. */
		{ "node.role", "Spec.Role", false },
		{ "node.platform.os", "Description.Platform.OS", false },
		{ "node.platform.arch", "Description.Platform.Architecture", false },
		{ "node.labels.", "Spec.Labels", true },
		{ "engine.labels.", "Description.Engine.Labels", true },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t size = strlen(table[i].key);
		const char *label;

		if (!table[i].label && same(key, table[i].key))
			return swarm__json_string(node, table[i].path);
		if (!table[i].label || key.size <= size || !begins(key, table[i].key))
			continue;
		label = json_string_value(json_object_getn(swarm__json_at(node, table[i].path),
							   key.start + size, key.size - size));
		return label ? label : "";
	}
	return NULL;
}

void swarm__constraint_check(const char *constraint, const json_t *node, swarm__reasons *reasons)
{
	const char *value;
	expression e;
	bool fits;

	/* The managers refuse what cannot be read, and the scheduler passes over it. */
	if (!split(constraint, &e))
		return;
	value = value_of(e.key, node);
	if (!value) {
		swarm__reasons_add(reasons, "constraint %s (no such key)", constraint);
		return;
	}
	if (same(e.key, "node.ip")) {
		network wanted, address;

		if (!parse_network(e.value, &wanted)) {
			swarm__reasons_add(reasons, "constraint %s (no address or network)",
					   constraint);
			return;
		}
		fits = parse_address(value, &address) && is_within(&address, &wanted);
	} else {
		fits = same(e.value, value);
	}
	if (fits == e.equal)
		return;
	if (*value)
		swarm__reasons_add(reasons, "constraint %s (the node has '%s')", constraint, value);
	else
		swarm__reasons_add(reasons, "constraint %s (the node has none)", constraint);
}
