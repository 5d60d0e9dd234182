/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all keys (compose.def), and how to find one. */
#include "compose/internal.h"

#include <string.h>

#define KEY(path, type, status, text) { path, SWARM__KEY_##type, SWARM__KEY_##status, text },
static const swarm__key keys[] = {
#include "compose/compose.def"
	{ NULL, SWARM__KEY_ANY, SWARM__KEY_SUPPORTED, NULL }
};
#undef KEY

const swarm__key *swarm__key_root(void)
{
	return keys;
}

/* The part of row's path behind that of above, "" for none; rows below one follow it in the table. */
static const char *behind(const swarm__key *above, const swarm__key *row)
{
	size_t length = strlen(above->path);
	const char *rest = row->path + length;

	if (!length)
		return rest;
	return *rest == '.' ? rest + 1 : *rest == '[' ? rest : "";
}

static bool is_in(const swarm__key *above, const swarm__key *row)
{
	return row->path && strncmp(above->path, row->path, strlen(above->path)) == 0;
}

const swarm__key *swarm__key_below(const swarm__key *row, const char *name)
{
	for (const swarm__key *next = row + 1; is_in(row, next); next++)
		if (strcmp(behind(row, next), name) == 0)
			return next;
	return NULL;
}

bool swarm__key_has_names(const swarm__key *row)
{
	for (const swarm__key *next = row + 1; is_in(row, next); next++)
		if (!strchr("*[", *behind(row, next)))
			return true;
	return false;
}

void swarm__key_nearest(const swarm__key *row, swarm__nearest *nearest)
{
	for (const swarm__key *next = row + 1; is_in(row, next); next++) {
		const char *name = behind(row, next);
		size_t length = strcspn(name, ".[");

		if (length && *name != '*' && next->status != SWARM__KEY_REFUSED)
			swarm__nearest_try(nearest, name, length);
	}
}

bool swarm__key_is_typed(const swarm__key *row)
{
	return row->type >= SWARM__KEY_NUMBER && row->type <= SWARM__KEY_WORD;
}
