/*
 * Arguments and target: whatever the arguments are, a target that is made is one line of printable
 * ASCII with the row's path in it. Input: operation byte, then lines: id, name, value, body.
 */
#include "fuzz.h"
#include "internal.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const swarm_op_info *row;
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_PING);
	swarm_query query[2] = { { NULL, NULL }, { NULL, NULL } };
	swarm_error err = SWARM_ERROR_INIT;
	swarm__need need = { .since = 0 };
	swarm__buffer target;
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
	options.body = body;
	if (swarm__check_arguments(row, &options, &need, &err) == 0) {
		REQUIRE(need.since >= row->since);
		swarm__buffer_init(&target, SWARM__MAX_URL);
		if (swarm__make_target(row, "1.45", &options, &target, &err) == 0)
			check_target(target.data);
		swarm__buffer_clear(&target);
	} else {
		REQUIRE(err.code == SWARM_E_INVAL && err.text[0]);
	}
	json_decref(body);
	free(text);
	return 0;
}
