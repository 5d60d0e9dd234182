/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of lists of texts: words in their order, sets, and lists that have rules of their own. Knows no
 * field.
 */
#include "spec/internal.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

json_t *swarm__spec_some(json_t *array)
{
	if (json_array_size(array))
		return array;
	json_decref(array);
	return NULL;
}

json_t *swarm__spec_set(swarm__conversion *c, json_t *array)
{
	json_t *set = array ? swarm__spec_sorted(c, array) : NULL;

	json_decref(array);
	return swarm__spec_some(set);
}

void swarm__spec_item(char at[SWARM__MAX_PLACE], const char *place, size_t index,
		      const json_t *given)
{
	/* One text stands for a list of it. */
	if (json_is_array(given))
		snprintf(at, SWARM__MAX_PLACE, "%.200s[%zu]", place, index);
	else
		snprintf(at, SWARM__MAX_PLACE, "%.200s", place);
}

json_t *swarm__spec_texts(swarm__conversion *c, const char *place, const char *expects,
			  const json_t *given)
{
	json_t *array = swarm__spec_new(c, json_array());
	char at[SWARM__MAX_PLACE];
	bool bad = false;
	size_t i;
	json_t *item;

	if (json_is_string(given)) {
		swarm__spec_add(c, array, json_string(json_string_value(given)));
		return array;
	}
	if (!json_is_array(given))
		swarm__slip_expects(c, place, expects, given);
	json_array_foreach (swarm__json_iterable(given), i, item) {
		snprintf(at, sizeof(at), "%.200s[%zu]", place, i);
		if (!json_is_string(item) && !json_is_integer(item)) {
			swarm__slip_expects(c, at, "a string", item);
			bad = true;
		}
		swarm__spec_add(c, array, swarm__spec_text(c, item));
	}
	if (bad)
		json_array_clear(array);
	return array;
}

static json_t *parse_words(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			   const json_t *given)
{
	return swarm__spec_some(swarm__spec_texts(c, place, row->kind->expects, given));
}

static json_t *read_words(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	size_t i;
	json_t *item;

	if (!json_is_array(stored))
		return swarm__spec_malformed(c, row);
	json_array_foreach (swarm__json_iterable(stored), i, item)
		if (!json_is_string(item))
			return swarm__spec_malformed(c, row);
	return json_array_size(stored) ? json_incref(swarm__json_iterable(stored)) : NULL;
}

const swarm__spec_kind swarm__kind_WORDS = { .expects = "a list of strings",
					     .parse = parse_words,
					     .read = read_words,
					     .write = swarm__spec_write_copy };

static json_t *parse_set(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			 const json_t *given)
{
	return swarm__spec_set(c, swarm__spec_texts(c, place, row->kind->expects, given));
}

static json_t *read_set(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	return swarm__spec_set(c, read_words(c, row, stored));
}

const swarm__spec_kind swarm__kind_SET = { .expects = "a list of strings",
					   .parse = parse_set,
					   .read = read_set,
					   .write = swarm__spec_write_copy };

static bool is_address(const char *text)
{
	struct in6_addr binary;

	return inet_pton(AF_INET, text, &binary) == 1 || inet_pton(AF_INET6, text, &binary) == 1;
}

/* moby stores any text, and no task starts with another one. */
static json_t *parse_servers(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			     const json_t *given)
{
	json_t *servers = swarm__spec_texts(c, place, row->kind->expects, given), *one;
	char at[SWARM__MAX_PLACE];
	size_t i;

	json_array_foreach (servers, i, one) {
		swarm__spec_item(at, place, i, given);
		if (!is_address(json_string_value(one)))
			swarm__slip(c, at, "'%.60s' is not an IP address", json_string_value(one));
	}
	return swarm__spec_some(servers);
}

const swarm__spec_kind swarm__kind_SERVERS = { .expects = "a list of IP addresses",
					       .parse = parse_servers,
					       .read = read_words,
					       .write = swarm__spec_write_copy };

/* --- commands ------------------------------------------------------------------------------------- */

static json_t *parse_command(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			     const json_t *given)
{
	const char *why;
	json_t *words;

	if (!json_is_string(given))
		return parse_words(c, row, place, given);
	words = swarm__split_words(json_string_value(given), &why);
	if (why)
		swarm__slip(c, place, "has %s", why);
	else if (!words)
		c->nomem = true;
	return swarm__spec_some(words);
}

const swarm__spec_kind swarm__kind_COMMAND = { .expects = "a command line or a list of its words",
					       .parse = parse_command,
					       .read = read_words,
					       .write = swarm__spec_write_copy };

static json_t *parse_healthtest(swarm__conversion *c, const swarm__spec_row *row, const char *place,
				const json_t *given)
{
	const char *text = json_string_value(given);
	json_t *words;
	const char *first;

	if (text && strcmp(text, "NONE") == 0)
		swarm__slip(c, place, "NONE would be run as a command: write disable: true");
	if (text)
		return *text ? swarm__spec_new(c, json_pack("[ss]", "CMD-SHELL", text)) : NULL;
	words = parse_words(c, row, place, given);
	first = json_string_value(json_array_get(words, 0));
	if (first && strcmp(first, "NONE") != 0 && strcmp(first, "CMD") != 0 &&
	    strcmp(first, "CMD-SHELL") != 0)
		swarm__slip(c, place, "a list must begin with CMD, CMD-SHELL or NONE, not '%.60s'",
			    first);
	return words;
}

const swarm__spec_kind swarm__kind_HEALTHTEST = { .expects = "a command line or a list that begins "
							     "with CMD, CMD-SHELL or NONE",
						  .parse = parse_healthtest,
						  .read = read_words,
						  .write = swarm__spec_write_copy };

/* --- hosts: "name=address" ------------------------------------------------------------------------ */

static void add_host(swarm__conversion *c, json_t *array, const char *place, const char *name,
		     size_t length, const char *address)
{
	char text[512], plain[64];
	size_t size = strlen(address);

	/* docker takes an IPv6 address with or without brackets. */
	if (size >= 2 && size < sizeof(plain) && address[0] == '[' && address[size - 1] == ']') {
		snprintf(plain, sizeof(plain), "%.*s", (int)size - 2, address + 1);
		address = plain;
	}
	if (!length || length > 253 || strcspn(name, " \t") < length) {
		swarm__slip(c, place, "'%.*s' is not a host name", length > 60 ? 60 : (int)length,
			    name);
	} else if (strcmp(address, "host-gateway") != 0 && !is_address(address)) {
		swarm__slip(c, place, "'%.60s' is not an IP address", address);
	} else {
		snprintf(text, sizeof(text), "%.*s=%s", (int)length, name, address);
		swarm__spec_add(c, array, json_string(text));
	}
}

/* One address or a list of them. */
static void add_addresses(swarm__conversion *c, json_t *array, const char *place, const char *name,
			  const json_t *value)
{
	json_t *addresses = swarm__spec_texts(c, place, "an IP address or a list of them", value);
	char at[SWARM__MAX_PLACE];
	size_t i;
	json_t *item;

	json_array_foreach (addresses, i, item) {
		swarm__spec_item(at, place, i, value);
		add_host(c, array, at, name, strlen(name), json_string_value(item));
	}
	json_decref(addresses);
}

static json_t *parse_hosts(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			   const json_t *given)
{
	json_t *array = swarm__spec_new(c, json_array());
	json_t *lines = NULL;
	char at[SWARM__MAX_PLACE];
	const char *name;
	json_t *value;
	size_t i;

	if (!json_is_object(given))
		lines = swarm__spec_texts(c, place, row->kind->expects, given);
	json_object_foreach (swarm__json_iterable(given), name, value) {
		swarm__spec_place(at, place, name);
		add_addresses(c, array, at, name, value);
	}
	json_array_foreach (lines, i, value) {
		const char *line = json_string_value(value);
		size_t length = strcspn(line, "=:");

		swarm__spec_item(at, place, i, given);
		if (line[length])
			add_host(c, array, at, line, length, line + length + 1);
		else
			swarm__slip(c, at, "must be host:address, not '%.60s'", line);
	}
	json_decref(lines);
	return swarm__spec_set(c, array);
}

/* The engine has lines of /etc/hosts: an address and its names. */
static json_t *read_hosts(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	json_t *lines = read_words(c, row, stored);
	json_t *array = swarm__spec_new(c, json_array());
	json_t *item;
	size_t i;

	json_array_foreach (lines, i, item) {
		const char *line = json_string_value(item);
		size_t size = strcspn(line, " \t");
		const char *name = line + size + strspn(line + size, " \t");

		for (size_t length; *name; name += length, name += strspn(name, " \t")) {
			char text[512];

			length = strcspn(name, " \t");
			snprintf(text, sizeof(text), "%.*s=%.*s", length > 253 ? 253 : (int)length,
				 name, size > 64 ? 64 : (int)size, line);
			swarm__spec_add(c, array, json_string(text));
		}
	}
	json_decref(lines);
	return swarm__spec_set(c, array);
}

static json_t *write_hosts(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal,
			   const json_t *stored)
{
	json_t *lines = swarm__spec_new(c, json_array());
	json_t *item;
	size_t i;

	(void)row;
	(void)stored;
	json_array_foreach (swarm__json_iterable(normal), i, item) {
		const char *name = json_string_value(item);
		size_t length = strcspn(name, "=");
		char text[512];

		snprintf(text, sizeof(text), "%s %.*s", name + length + 1, (int)length, name);
		swarm__spec_add(c, lines, json_string(text));
	}
	return lines;
}

const swarm__spec_kind swarm__kind_HOSTS = { .expects = "a list of host:address, or a mapping",
					     .parse = parse_hosts,
					     .read = read_hosts,
					     .write = write_hosts };

/* --- capabilities --------------------------------------------------------------------------------- */

/* docker/cli: upper case, with CAP_ in front; ALL means every capability. */
static json_t *normal_capabilities(swarm__conversion *c, json_t *array)
{
	json_t *names = array ? swarm__spec_new(c, json_array()) : NULL;
	json_t *item;
	size_t i;

	json_array_foreach (array, i, item) {
		const char *name = json_string_value(item);
		char text[72];

		name += strncasecmp(name, "CAP_", 4) == 0 ? 4 : 0;
		snprintf(text, sizeof(text), "CAP_%.64s", name);
		for (char *at = text; *at; at++)
			*at = (char)toupper((unsigned char)*at);
		if (strcmp(text, "CAP_ALL") != 0) {
			swarm__spec_add(c, names, json_string(text));
			continue;
		}
		json_array_clear(names);
		swarm__spec_add(c, names, json_string("ALL"));
		break;
	}
	json_decref(array);
	return swarm__spec_set(c, names);
}

static json_t *parse_capabilities(swarm__conversion *c, const swarm__spec_row *row,
				  const char *place, const json_t *given)
{
	json_t *names = swarm__spec_texts(c, place, row->kind->expects, given);
	char at[SWARM__MAX_PLACE];
	json_t *item;
	size_t i;

	json_array_foreach (names, i, item) {
		const char *name = json_string_value(item);

		swarm__spec_item(at, place, i, given);
		name += strncasecmp(name, "CAP_", 4) == 0 ? 4 : 0;
		swarm__spec_check_capability(c, at, name);
	}
	return normal_capabilities(c, names);
}

static json_t *read_capabilities(swarm__conversion *c, const swarm__spec_row *row,
				 const json_t *stored)
{
	return normal_capabilities(c, read_words(c, row, stored));
}

const swarm__spec_kind swarm__kind_CAPABILITIES = { .expects = "a list of capabilities",
						    .parse = parse_capabilities,
						    .read = read_capabilities,
						    .write = swarm__spec_write_copy };

/* --- aliases of a network: the service's own name always is one ---------------------------------------- */

static json_t *without_own(swarm__conversion *c, json_t *array)
{
	const char *own = c->options->name;
	size_t i = 0;

	while (own && array && i < json_array_size(array))
		if (strcmp(json_string_value(json_array_get(array, i)), own) == 0)
			json_array_remove(array, i);
		else
			i++;
	return swarm__spec_set(c, array);
}

static json_t *parse_aliases(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			     const json_t *given)
{
	json_t *aliases = swarm__spec_texts(c, place, row->kind->expects, given), *one;
	char at[SWARM__MAX_PLACE];
	size_t i;

	json_array_foreach (aliases, i, one) {
		const char *alias = json_string_value(one);

		swarm__spec_item(at, place, i, given);
		if (!*alias || strpbrk(alias, " \t\r\n") || strlen(alias) > 253)
			swarm__slip(c, at, "'%.60s' cannot be an alias", alias);
	}
	return without_own(c, aliases);
}

static json_t *read_aliases(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	json_t *words = read_words(c, row, stored);
	json_t *own = words ? swarm__spec_new(c, json_deep_copy(words)) : NULL;

	json_decref(words);
	return without_own(c, own);
}

const swarm__spec_kind swarm__kind_ALIASES = { .expects = "a list of names",
					       .parse = parse_aliases,
					       .read = read_aliases,
					       .write = swarm__spec_write_copy };
