/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short forms of ports and volumes, one text each, to the words of the long form. The rules of
 * docker/cli (cli/compose/loader) and of go-connections (nat).
 */
#define _GNU_SOURCE
#include "spec/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* --- ports: [ip:][published:]target[/protocol], each port one or a range ------------------------------ */

typedef struct range {
	int64_t first, last;
} range;

/* 0 for an empty text, which means any port. */
static bool read_range(const char *text, size_t length, range *ret_range)
{
	char first[16], last[16];
	const char *dash = memchr(text, '-', length);
	size_t size = dash ? (size_t)(dash - text) : length;

	*ret_range = (range){ 0, 0 };
	if (!length)
		return true;
	if (size >= sizeof(first) || (dash && length - size - 1 >= sizeof(last)))
		return false;
	snprintf(first, sizeof(first), "%.*s", (int)size, text);
	snprintf(last, sizeof(last), "%.*s", dash ? (int)(length - size - 1) : (int)size,
		 dash ? dash + 1 : text);
	return swarm__parse_integer(first, &ret_range->first) &&
	       swarm__parse_integer(last, &ret_range->last) && ret_range->first >= 1 &&
	       ret_range->last <= 65535 && ret_range->first <= ret_range->last;
}

static int64_t count(const range *ports)
{
	return ports->last - ports->first;
}

/* docker/cli: as many published ports as targets, or none, or any number for one target. */
static bool fits(const range *target, const range *published)
{
	return !published->first || !count(target) || count(published) == count(target);
}

/* docker/cli takes TCP for tcp. */
static json_t *protocol_of(const char *text)
{
	char lower[8];
	size_t i = 0;

	for (; text[i] && i < sizeof(lower) - 1; i++)
		lower[i] = (char)tolower((unsigned char)text[i]);
	lower[i] = '\0';
	return json_string(text[i] ? text : lower);
}

void swarm__short_port(swarm__conversion *c, const char *place, const char *text, json_t *array)
{
	size_t length = text ? strcspn(text, "/") : 0;
	const char *protocol = text && text[length] ? text + length + 1 : "tcp";
	const char *colon = text ? memrchr(text, ':', length) : NULL;
	const char *target = colon ? colon + 1 : text;
	size_t before = colon ? (size_t)(colon - text) : 0;
	const char *ip = before ? memrchr(text, ':', before) : NULL;
	const char *published = ip ? ip + 1 : text;
	range wanted, open;

	if (!text)
		return;
	if (!read_range(target, length - (size_t)(target - text), &wanted) ||
	    !read_range(published, colon ? (size_t)(colon - published) : 0, &open) ||
	    !wanted.first) {
		swarm__slip(
			c, place,
			"must be like \"8080:80\", \"80\" or \"8080-8081:80-81/udp\", not '%.60s'%s",
			text,
			strlen(text) > 5 && !strpbrk(text, ":-/")
				? ": quote ports in YAML, or 22:22 becomes 1342"
				: "");
		return;
	}
	if (!fits(&wanted, &open)) {
		swarm__slip(
			c, place,
			"'%.60s' publishes %lld port%s for %lld of the container: give two ranges "
			"of the same length, or one port of the container",
			text, (long long)count(&open) + 1, count(&open) ? "s" : "",
			(long long)count(&wanted) + 1);
		return;
	}
	if (ip)
		swarm__spec_warn(
			c, place,
			"the address is ignored: a service listens on all addresses of a node");
	for (int64_t i = 0; i <= count(&open) || i <= count(&wanted); i++) {
		int64_t port_there = wanted.first + (count(&wanted) ? i : 0);
		json_t *port = json_pack("{s:I, s:o}", "target", (json_int_t)port_there, "protocol",
					 protocol_of(protocol));

		if (port && open.first)
			swarm__spec_put(c, port, "published", json_integer(open.first + i));
		swarm__spec_add(c, array, port);
	}
}

/* --- volumes: [source:]target[:options] ---------------------------------------------------------------- */

static const char *const propagations[] = { "rprivate", "private", "rshared",
					    "shared",   "rslave",  "slave" };

/* One option, such as "ro"; false if there is no such option. */
static bool take_option(swarm__conversion *c, const char *place, json_t *volume, const char *option)
{
	for (size_t i = 0; i < sizeof(propagations) / sizeof(*propagations); i++)
		if (strcmp(option, propagations[i]) == 0) {
			swarm__spec_put(c, volume, "bind",
					json_pack("{s:s}", "propagation", option));
			return true;
		}
	if (strcmp(option, "ro") == 0)
		swarm__spec_put(c, volume, "read_only", json_true());
	else if (strcmp(option, "nocopy") == 0)
		swarm__spec_put(c, volume, "volume", json_pack("{s:b}", "nocopy", 1));
	else if (strcmp(option, "z") == 0 || strcmp(option, "Z") == 0 ||
		 strcmp(option, "cached") == 0 || strcmp(option, "delegated") == 0 ||
		 strcmp(option, "consistent") == 0)
		swarm__spec_warn(c, place, "option %s is ignored: it has no effect in a swarm",
				 option);
	else
		return strcmp(option, "rw") == 0;
	return true;
}

static void take_options(swarm__conversion *c, const char *place, json_t *volume,
			 const char *options)
{
	char option[32];

	while (*options) {
		size_t length = strcspn(options, ",");

		snprintf(option, sizeof(option), "%.*s", length > 31 ? 31 : (int)length, options);
		if (!take_option(c, place, volume, option))
			swarm__slip(c, place,
				    "unknown mount option '%s' (valid: ro, rw, nocopy, and for "
				    "bind mounts rprivate, rshared, rslave)",
				    option);
		options += length + (options[length] == ',');
	}
}

/* "C:\\": a letter and a colon alone may be a volume. */
static bool is_drive(const char *text)
{
	return ((*text | 32) >= 'a' && (*text | 32) <= 'z') && text[1] == ':' && text[2] == '\\';
}

/* What a source says of its type. */
static const char *type_of(swarm__conversion *c, const char *place, const char *source,
			   size_t length)
{
	if (*source == '.' || *source == '~')
		swarm__slip(
			c, place,
			"'%.*s' is relative: a service runs on any node, so a bind mount needs an "
			"absolute path",
			length > 60 ? 60 : (int)length, source);
	/* A path of Windows, or one of its pipes. */
	return *source == '/' || *source == '\\' || is_drive(source) ? "bind" : "volume";
}

/* Up to a colon, except that of a drive. */
static size_t part_length(const char *text)
{
	size_t drive = is_drive(text) ? 2 : 0;

	return drive + strcspn(text + drive, ":");
}

void swarm__short_volume(swarm__conversion *c, const char *place, const char *text, json_t *array)
{
	size_t first = part_length(text);
	const char *target = text[first] ? text + first + 1 : text;
	size_t length = part_length(target);
	json_t *volume;

	if (!length || (text[first] && !first)) {
		swarm__slip(c, place, "must be like \"data:/var/lib/data:ro\", not '%.60s'", text);
		return;
	}
	volume = swarm__spec_new(c, json_pack("{s:s%}", "target", target, length));
	if (volume && target != text)
		swarm__spec_put(c, volume, "source", json_stringn(text, first));
	if (volume)
		swarm__spec_put(
			c, volume, "type",
			json_string(target == text ? "volume" : type_of(c, place, text, first)));
	if (volume && target[length])
		take_options(c, place, volume, target + length + 1);
	swarm__spec_add(c, array, volume);
}
