/* SPDX-License-Identifier: Apache-2.0 */
/* What a call needs of the engine's API version; arguments.c and field_versions.c find it out. */
#include "call/internal.h"

#include <stdio.h>

void swarm__require_version(swarm__requirement *requirement, int since, const char *what)
{
	if (since <= requirement->since)
		return;
	requirement->since = since;
	snprintf(requirement->what, sizeof(requirement->what), "%s", what);
}
