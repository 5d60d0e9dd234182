/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records in bytes: whatever comes, a record lies within the bytes that it takes, and cutting the
 * input elsewhere gives the same records. Input: the bytes of a stream.
 */
#include "call/internal.h"
#include "fuzz.h"

static int next(bool frames, const char *bytes, size_t size, swarm_record *record, size_t *used)
{
	if (frames)
		return swarm__next_frame(bytes, size, record, used);
	swarm__next_line(bytes, size, record, used);
	return 0;
}

static void check_record(bool frames, const char *bytes, size_t size, const swarm_record *record,
			 size_t used)
{
	swarm_record again;
	size_t used_again;

	REQUIRE(used <= size);
	REQUIRE(record->data >= bytes && record->data + record->size <= bytes + used);
	if (!frames)
		REQUIRE(bytes[used - 1] == '\n' && !memchr(record->data, '\n', record->size));
	/* One byte less is not a record, and what follows does not matter. */
	next(frames, bytes, used - 1, &again, &used_again);
	REQUIRE(used_again == 0);
	next(frames, bytes, used, &again, &used_again);
	REQUIRE(used_again == used && again.data == record->data && again.size == record->size);
}

static void walk(bool frames, const char *bytes, size_t size)
{
	size_t used = 1;

	while (used) {
		swarm_record record;
		int code = next(frames, bytes, size, &record, &used);

		REQUIRE(code == 0 || code == SWARM_E_HTTP || code == SWARM_E_TRANSPORT);
		REQUIRE(code != SWARM_E_TRANSPORT || used == 0);
		if (used)
			check_record(frames, bytes, size, &record, used);
		bytes += used;
		size -= used;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	walk(true, (const char *)data, size);
	walk(false, (const char *)data, size);
	return 0;
}
