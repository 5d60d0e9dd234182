/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that grow up to a maximum. What it held may be secret (a request with a join token, the
 * answer of GET /swarm), so memory is wiped before it is given back, also when it grows.
 */
#include "base/internal.h"

#include <string.h>
#include <sys/mman.h>

/*
 * Steps this large, because each page that is written costs more than the bytes on it, and those of
 * the smaller room are written for nothing; what is never written costs nothing.
 */
enum { FIRST_ROOM = 1024, GROWTH = 8 };

/* Of the processor's large pages, on all machines that are common. */
#define LARGE_PAGE ((uintptr_t)2 << 20)

void swarm__buffer_init(swarm__buffer *buffer, size_t max)
{
	swarm__buffer_init_in(buffer, max, NULL);
}

void swarm__buffer_init_in(swarm__buffer *buffer, size_t max, const swarm_allocator *allocator)
{
	*buffer = (swarm__buffer){ .max = max, .allocator = allocator };
}

/*
 * A long answer costs most where memory is touched for the first time, page by page, so large pages
 * are asked for; where the kernel has none, nothing changes. Not at the ends, which others may share.
 */
static void advise_large(void *memory, size_t size)
{
	uintptr_t start = ((uintptr_t)memory + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
	uintptr_t end = ((uintptr_t)memory + size) & ~(LARGE_PAGE - 1);

	if (start < end)
		(void)madvise((void *)start, end - start, MADV_HUGEPAGE);
}

static void *allocate(const swarm__buffer *buffer, size_t size)
{
	void *memory = swarm__allocate(buffer->allocator, size);

	if (memory && !buffer->allocator && size > LARGE_PAGE)
		advise_large(memory, size);
	return memory;
}

void swarm__buffer_clear(swarm__buffer *buffer)
{
	swarm__wipe(buffer->data, buffer->size);
	swarm__release(buffer->allocator, buffer->data);
	swarm__buffer_init_in(buffer, buffer->max, buffer->allocator);
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
		room = room > SIZE_MAX / GROWTH ? need : room * GROWTH;
	if (room > buffer->max && buffer->max < SIZE_MAX)
		room = buffer->max + 1;
	data = allocate(buffer, room);
	if (!data)
		return SWARM_E_NOMEM;
	if (buffer->size)
		memcpy(data, buffer->data, buffer->size);
	swarm__wipe(buffer->data, buffer->size);
	swarm__release(buffer->allocator, buffer->data);
	buffer->data = data;
	buffer->room = room;
	return 0;
}

int swarm__buffer_add(swarm__buffer *buffer, const void *bytes, size_t size)
{
	int rc = 0;

	if (size > buffer->max - buffer->size || size >= SIZE_MAX - buffer->size)
		rc = SWARM_E_TOO_LARGE;
	else
		rc = grow(buffer, size);
	if (rc) {
		swarm__buffer_clear(buffer);
		return rc;
	}
	if (size)
		memcpy(buffer->data + buffer->size, bytes, size);
	buffer->size += size;
	buffer->data[buffer->size] = '\0';
	return 0;
}

void swarm__buffer_drop(swarm__buffer *buffer, size_t size)
{
	if (!size)
		return;
	buffer->size -= size;
	memmove(buffer->data, buffer->data + size, buffer->size);
	swarm__wipe(buffer->data + buffer->size, size);
}

int swarm__buffer_add_string(swarm__buffer *buffer, const char *string)
{
	return swarm__buffer_add(buffer, string, strlen(string));
}

bool swarm__is_unreserved(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("-._~", c));
}

int swarm__buffer_add_encoded(swarm__buffer *buffer, const char *string, const char *keep)
{
	static const char digits[] = "0123456789ABCDEF";
	int rc = swarm__buffer_add(buffer, "", 0);

	for (; *string && rc == 0; string++) {
		unsigned char c = (unsigned char)*string;
		char escape[3] = { '%', digits[c >> 4], digits[c & 15] };
		bool plain = swarm__is_unreserved(c) || strchr(keep, c);

		rc = plain ? swarm__buffer_add(buffer, string, 1)
			   : swarm__buffer_add(buffer, escape, 3);
	}
	return rc;
}
