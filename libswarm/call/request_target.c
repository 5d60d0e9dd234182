/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a call goes on the wire beside its body: the target and the header with credentials, made
 * of arguments that arguments.c has checked.
 */
#include "call/internal.h"

#include <string.h>

bool swarm__is_unversioned(const swarm_op_info *row)
{
	return strcmp(row->path, "/_ping") == 0;
}

/* {name} of an image keeps its slashes: moby routes /distribution/{name:.*}/json. */
static int add_path(swarm__buffer *target, const swarm_op_info *row, const char *id)
{
	const char *hole = strchr(row->path, '{');
	int rc;

	if (!hole)
		return swarm__buffer_add_string(target, row->path);
	rc = swarm__buffer_add(target, row->path, (size_t)(hole - row->path));
	if (rc == 0)
		rc = swarm__buffer_add_encoded(target, id, hole[1] == 'n' ? "/" : "");
	return rc ? rc : swarm__buffer_add_string(target, strchr(hole, '}') + 1);
}

static int add_query(swarm__buffer *target, const swarm_pair *query)
{
	const char *mark = "?";
	int rc = 0;

	for (; query && query->name && rc == 0; query++, mark = "&") {
		rc = swarm__buffer_add_string(target, mark);
		if (rc == 0)
			rc = swarm__buffer_add_string(target, query->name);
		if (rc == 0)
			rc = swarm__buffer_add_string(target, "=");
		if (rc == 0)
			rc = swarm__buffer_add_encoded(target, query->value, "");
	}
	return rc;
}

int swarm__make_target(const swarm_op_info *row, const swarm_call_options *options,
		       swarm__buffer *target, swarm_error *err)
{
	int rc = add_path(target, row, options->id);

	if (rc == 0)
		rc = add_query(target, options->query);
	if (rc == SWARM_E_TOO_LARGE)
		return swarm__error(err, SWARM_E_INVAL,
				    "%s: id and parameters are too long, over %d bytes", row->name,
				    SWARM__MAX_URL);
	return rc ? swarm__nomem(err) : 0;
}

/* --- credentials --------------------------------------------------------------------------- */

/* Base64 with "-" and "_", padded, as moby decodes the header (registry: DecodeAuthConfig). */
static int add_base64url(swarm__buffer *buffer, const char *bytes, size_t size)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	int rc = 0;

	for (size_t i = 0; i < size && rc == 0; i += 3) {
		size_t left = size - i < 3 ? size - i : 3;
		unsigned group = 0;
		char out[4];

		for (size_t n = 0; n < 3; n++)
			group = group << 8 | (n < left ? (unsigned char)bytes[i + n] : 0);
		for (size_t n = 0; n < 4; n++)
			out[n] = n <= left ? letters[group >> (18 - 6 * n) & 63] : '=';
		rc = swarm__buffer_add(buffer, out, sizeof(out));
	}
	return rc;
}

int swarm__make_header(const swarm_op_info *row, const swarm_call_options *options,
		       swarm__buffer *header, swarm_error *err)
{
	swarm__buffer json;
	int rc;

	if (!options->registry_auth)
		return 0;
	swarm__buffer_init(&json, SWARM__MAX_AUTH);
	rc = swarm__json_dump(options->registry_auth, &json);
	if (rc == 0)
		rc = swarm__buffer_add_string(header, SWARM__AUTH_HEADER ": ");
	if (rc == 0)
		rc = add_base64url(header, json.data, json.size);
	swarm__buffer_clear(&json);
	if (rc == SWARM_E_TOO_LARGE)
		return swarm__error(err, SWARM_E_INVAL, "%s: registry_auth is over %zu bytes",
				    row->name, SWARM__MAX_AUTH);
	return rc ? swarm__nomem(err) : 0;
}
