/*
 * Bytes that grow up to a maximum. What it held may be secret (a request with a join token, the
 * answer of GET /swarm), so memory is wiped before it is given back, also when it grows.
 */
#include "internal.h"

#include <string.h>

enum { FIRST_ROOM = 1024 };

void swarm__buffer_init(swarm__buffer *buffer, size_t max)
{
	*buffer = (swarm__buffer){ .max = max };
}

void swarm__buffer_clear(swarm__buffer *buffer)
{
	swarm__wipe(buffer->data, buffer->size);
	free(buffer->data);
	swarm__buffer_init(buffer, buffer->max);
}

/* Room for size bytes more, and the NUL. No realloc(): it would leave the old bytes behind. */
static int grow(swarm__buffer *buffer, size_t size)
{
	size_t need = buffer->size + size + 1;
	size_t room = buffer->room ? buffer->room : FIRST_ROOM;
	char *data;

	if (buffer->room >= need)
		return 0;
	while (room < need)
		room = room > SIZE_MAX / 2 ? need : room * 2;
	data = malloc(room);
	if (!data)
		return SWARM_E_NOMEM;
	if (buffer->size)
		memcpy(data, buffer->data, buffer->size);
	swarm__wipe(buffer->data, buffer->size);
	free(buffer->data);
	buffer->data = data;
	buffer->room = room;
	return 0;
}

int swarm__buffer_add(swarm__buffer *buffer, const void *bytes, size_t size)
{
	int code = 0;

	if (size > buffer->max - buffer->size || size >= SIZE_MAX - buffer->size)
		code = SWARM_E_TOO_LARGE;
	else
		code = grow(buffer, size);
	if (code) {
		swarm__buffer_clear(buffer);
		return code;
	}
	if (size)
		memcpy(buffer->data + buffer->size, bytes, size);
	buffer->size += size;
	buffer->data[buffer->size] = '\0';
	return 0;
}

int swarm__buffer_add_string(swarm__buffer *buffer, const char *string)
{
	return swarm__buffer_add(buffer, string, strlen(string));
}

int swarm__buffer_add_encoded(swarm__buffer *buffer, const char *string)
{
	static const char digits[] = "0123456789ABCDEF";
	int code = swarm__buffer_add(buffer, "", 0);

	for (; *string && code == 0; string++) {
		unsigned char c = (unsigned char)*string;
		char escape[3] = { '%', digits[c >> 4], digits[c & 15] };
		/* RFC 3986, 2.3: the unreserved characters. */
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			     (c >= 'A' && c <= 'Z') || strchr("-._~", c);

		code = plain ? swarm__buffer_add(buffer, string, 1)
			     : swarm__buffer_add(buffer, escape, 3);
	}
	return code;
}
