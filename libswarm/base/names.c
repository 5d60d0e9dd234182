/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of names for error texts: "worker1, worker2, ...". Knows nothing of what is named.
 */
#include "base/internal.h"

#include <stdio.h>
#include <string.h>

void swarm__names_add(swarm__names *names, const char *format, ...)
{
	char item[160];
	size_t used = strlen(names->text);
	size_t room = sizeof(names->text) - used;
	va_list args;

	va_start(args, format);
	vsnprintf(item, sizeof(item), format, args);
	va_end(args);
	if (names->full)
		return;
	/* Keep room for the dots that say that the list goes on. */
	if (strlen(item) + sizeof(", , ...") > room) {
		names->full = true;
		snprintf(names->text + used, room, "%s...", used ? ", " : "");
		return;
	}
	snprintf(names->text + used, room, "%s%s", used ? ", " : "", item);
}
