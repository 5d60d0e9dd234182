/* SPDX-License-Identifier: Apache-2.0 */
/* The table of checks.def. */
#include "health/internal.h"

#include <string.h>

static const swarm__check_row table[] = {
#define CHECK(symbol, name, level, source, holds, fix)                                             \
	{ name, SWARM__LEVEL_##level, SWARM__SOURCE_##source, holds, fix },
#include "health/checks.def"
#undef CHECK
};

const swarm__check_row *swarm__check_get(int check)
{
	return &table[check];
}

int swarm__check_find(const char *name, size_t size)
{
	for (int i = 0; i < SWARM__CHECKS; i++)
		if (strlen(table[i].name) == size && strncmp(table[i].name, name, size) == 0)
			return i;
	return -1;
}

int swarm_health_checks(json_t **ret_checks, swarm_error *err)
{
	json_t *checks = json_array();

	if (!ret_checks) {
		json_decref(checks);
		return swarm__error(err, SWARM_E_INVAL, "ret_checks is required");
	}
	for (int i = 0; checks && i < SWARM__CHECKS; i++) {
		const swarm__check_row *row = &table[i];

		if (json_array_append_new(
			    checks,
			    json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", row->name, "level",
				      row->level == SWARM__LEVEL_ERROR ? "error" : "warning",
				      "source",
				      row->source == SWARM__SOURCE_HOSTS ? "hosts" : "engine",
				      "holds", row->holds, "fix", row->fix)) < 0) {
			json_decref(checks);
			checks = NULL;
		}
	}
	if (!checks)
		return swarm__nomem(err);
	*ret_checks = checks;
	return 0;
}
