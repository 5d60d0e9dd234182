/* SPDX-License-Identifier: Apache-2.0 */
/* The operation table, and the grammar of its field lists (head of ops.def). */
#include "call/internal.h"

#include <stdio.h>
#include <string.h>

static const swarm_op_info table[] = {
#define OP(symbol, name, method, path, query, body, since, result, status, timeout_ms)             \
	{ SWARM_OP_##symbol,     name,   method,    path, query, body, since,                      \
	  SWARM_RESULT_##result, status, timeout_ms },
#include <swarm/ops.def>
#undef OP
};

enum { COUNT = sizeof(table) / sizeof(table[0]) };

const swarm_op_info *swarm_op_get(int op)
{
	return op >= 0 && op < COUNT ? &table[op] : NULL;
}

const swarm_op_info *swarm_op_by_name(const char *name)
{
	for (size_t i = 0; name && i < COUNT; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

bool swarm__status_fits(const swarm_op_info *row, int http_status)
{
	char status[8];

	snprintf(status, sizeof(status), "%d", http_status);
	return http_status >= 100 && strstr(row->status, status);
}

bool swarm__field_next(const char **list, swarm__field *ret_field)
{
	const char *text = *list + strspn(*list, " ");
	const char *colon = strchr(text, ':');

	if (!colon)
		return false;
	*ret_field =
		(swarm__field){ .name = text, .length = (size_t)(colon - text), .type = colon[1] };
	text = colon + 2;
	if (*text == '!') {
		ret_field->required = true;
		text++;
	}
	if (*text == '@')
		for (text++; *text >= '0' && *text <= '9'; text++)
			ret_field->since = ret_field->since * 10 + (*text - '0');
	*list = text;
	return true;
}

bool swarm__field_find(const char *list, const char *name, swarm__field *ret_field)
{
	swarm__field field;

	while (swarm__field_next(&list, &field)) {
		if (strlen(name) == field.length && memcmp(name, field.name, field.length) == 0) {
			*ret_field = field;
			return true;
		}
	}
	return false;
}
