/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a file that a document names, as the caller's callback gives them. */
#include "compose/internal.h"

#include <string.h>

int swarm_content_set(swarm_content *content, const void *bytes, size_t size)
{
	unsigned char *copy;

	if (!content || (size && !bytes))
		return SWARM_E_INVAL;
	if (size > SWARM__MAX_CONFIG)
		return SWARM_E_TOO_LARGE;
	copy = malloc(size + 1);
	if (!copy)
		return SWARM_E_NOMEM;
	if (size)
		memcpy(copy, bytes, size);
	copy[size] = '\0';
	swarm__content_clear(content);
	content->bytes = copy;
	content->size = size;
	return 0;
}

void swarm__content_clear(swarm_content *content)
{
	swarm__wipe(content->bytes, content->size);
	free(content->bytes);
	*content = (swarm_content){ NULL, 0 };
}

bool swarm__content_read(swarm__compose *c, const char *place, const char *file,
			 swarm_content *content)
{
	swarm_error err = SWARM_ERROR_INIT;
	int rc;

	*content = (swarm_content){ NULL, 0 };
	if (swarm__is_over(c))
		return false;
	if (!c->options->content) {
		swarm__slip(&c->lines, place, "names file '%.100s', and no files are given", file);
		return false;
	}
	rc = c->options->content(c->options->payload, file, content, &err);
	if (!rc && content->bytes)
		return true;
	if (rc == SWARM_E_NOMEM)
		c->lines.nomem = true;
	else if (rc == SWARM_E_CANCELED)
		*c->error = err.code ? err : (swarm_error){ .code = rc, .text = "canceled" };
	else if (rc == SWARM_E_TOO_LARGE && !*err.text)
		swarm__slip(&c->lines, place, "file '%.100s' has over %d bytes", file,
			    SWARM__MAX_CONFIG);
	else
		swarm__slip(&c->lines, place, "file '%.100s': %.200s", file,
			    *err.text ? err.text : "cannot be read");
	swarm__content_clear(content);
	return false;
}
