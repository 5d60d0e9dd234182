/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments, target and header: whatever the arguments are, what is made of them is one line of
 * printable ASCII. Input: operation byte, then lines: id, name, value, body. Where the operation has
 * no body, that is the credentials.
 */
#include "call/internal.h"
#include "fuzz.h"

#include <ctype.h>

static char *take_line(char **rest)
{
	char *line = *rest;

	*rest += strcspn(line, "\n");
	if (**rest)
		*(*rest)++ = '\0';
	return line;
}

static void check_target(const char *target)
{
	REQUIRE(target[0] == '/' && strlen(target) <= SWARM__MAX_URL);
	for (; *target; target++)
		REQUIRE(*target > ' ' && *target < 0x7f && *target != '#');
}

static void check_header(const char *header)
{
	const char *value = header + strlen(SWARM__AUTH_HEADER ": ");

	REQUIRE(strncmp(header, SWARM__AUTH_HEADER ": ", strlen(SWARM__AUTH_HEADER ": ")) == 0);
	REQUIRE(strlen(value) % 4 == 0);
	for (; *value; value++)
		REQUIRE(isalnum((unsigned char)*value) || strchr("-_=", *value));
}

static void make(const swarm_op_info *row, const swarm_call_options *options)
{
	swarm__buffer target, header;

	swarm__buffer_init(&target, SWARM__MAX_URL);
	if (swarm__make_target(row, options, &target, NULL) == 0)
		check_target(target.data);
	swarm__buffer_clear(&target);
	swarm__buffer_init(&header, 2 * SWARM__MAX_AUTH);
	if (swarm__make_header(row, options, &header, NULL) == 0 && header.data)
		check_header(header.data);
	swarm__buffer_clear(&header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const swarm_op_info *row;
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_PING);
	swarm_pair query[2] = { { NULL, NULL }, { NULL, NULL } };
	swarm_error err = SWARM_ERROR_INIT;
	swarm__requirement need = { .since = 0 };
	char *text, *rest, *id;
	json_t *body = NULL;

	if (!size || !(row = swarm_op_get(data[0] - 'A')))
		return 0;
	text = fuzz_string(data + 1, size - 1);
	rest = text;
	id = take_line(&rest);
	query[0].name = take_line(&rest);
	query[0].value = take_line(&rest);
	swarm__json_parse(rest, strlen(rest), &body, NULL);
	options.op = row->op;
	options.id = *id ? id : NULL;
	options.query = *query[0].name ? query : NULL;
	options.body = *row->body ? body : NULL;
	options.registry_auth = *row->body ? NULL : body;
	if (swarm__check_arguments(row, &options, &need, &err) == 0) {
		REQUIRE(need.since >= row->since);
		make(row, &options);
	} else {
		REQUIRE(err.code == SWARM_E_INVAL && err.text[0]);
	}
	json_decref(body);
	free(text);
	return 0;
}
