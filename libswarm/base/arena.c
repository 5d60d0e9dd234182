/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that grows in blocks, never moves, and is given back all at once. Not for secrets. */
#include "base/scan.h"

/* Small for a list of a few rows, and few blocks for one of many. */
enum { FIRST_ROOM = 1000, LAST_ROOM = 256 * 1024 };

typedef struct swarm__block {
	struct swarm__block *before;
	size_t used;
	size_t room;
	max_align_t memory[];
} block;

/* NULL without memory. */
static block *add_block(swarm__arena *arena, size_t size)
{
	size_t room = arena->last ? arena->last->room * 2 : FIRST_ROOM;
	block *added;

	if (room > LAST_ROOM)
		room = LAST_ROOM;
	if (room < size)
		room = size;
	if (room > PTRDIFF_MAX - sizeof(*added))
		return NULL;
	added = swarm__allocate(arena->allocator, sizeof(*added) + room);
	if (!added)
		return NULL;
	*added = (block){ .before = arena->last, .room = room };
	arena->last = added;
	arena->size += sizeof(*added) + room;
	return added;
}

void *swarm__arena_take(swarm__arena *arena, size_t size)
{
	const size_t align = sizeof(void *);
	block *b = arena->last;
	void *taken;

	if (size > SIZE_MAX - align)
		return NULL;
	size = (size + align - 1) / align * align;
	if (!b || b->room - b->used < size)
		b = add_block(arena, size);
	if (!b)
		return NULL;
	taken = (char *)b->memory + b->used;
	b->used += size;
	return taken;
}

void swarm__arena_clear(swarm__arena *arena)
{
	while (arena->last) {
		block *before = arena->last->before;

		swarm__release(arena->allocator, arena->last);
		arena->last = before;
	}
	arena->size = 0;
}
