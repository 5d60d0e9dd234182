/* SPDX-License-Identifier: Apache-2.0 */
/* Why a node is not taken, one reason after the other in one text. */
#include "placement/internal.h"

#include <stdio.h>
#include <string.h>

void swarm__reasons_add(swarm__reasons *reasons, const char *format, ...)
{
	size_t used = strlen(reasons->text);
	va_list args;

	if (used)
		used += (size_t)snprintf(reasons->text + used, sizeof(reasons->text) - used, "; ");
	if (used >= sizeof(reasons->text))
		return;
	va_start(args, format);
	vsnprintf(reasons->text + used, sizeof(reasons->text) - used, format, args);
	va_end(args);
	/* It may have been cut within a character. */
	swarm__one_line(reasons->text);
}
