/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records in the bytes of a stream: functions over what came so far, without any reading. Each gives
 * in *ret_used how many bytes the next record takes, 0 while it is not whole. An empty record is
 * for the caller to pass over.
 */
#include "call/internal.h"

#include <string.h>

/* json-seq (RFC 7464) puts it in front of each record. */
#define RECORD_SEPARATOR '\x1e'

enum { HEAD_SIZE = 8 };
/* moby: pkg/stdcopy. Standard input is never in a log. */
enum { STDIN, STDOUT, STDERR, SYSTEM_ERROR };

void swarm__next_line(const char *bytes, size_t size, swarm_record *ret_record, size_t *ret_used)
{
	const char *end = size ? memchr(bytes, '\n', size) : NULL;
	const char *start = bytes;

	*ret_used = 0;
	if (!end)
		return;
	*ret_used = (size_t)(end - bytes) + 1;
	while (start < end && (*start == RECORD_SEPARATOR || *start == ' ' || *start == '\t'))
		start++;
	while (start < end && (end[-1] == '\r' || end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*ret_record = (swarm_record){ SWARM_SOURCE_NONE, start, (size_t)(end - start) };
}

/* A head is: source, three zeros, length in network order. */
static size_t frame_length(const unsigned char *head)
{
	return (size_t)head[4] << 24 | (size_t)head[5] << 16 | (size_t)head[6] << 8 | head[7];
}

size_t swarm__frame_size(const char *bytes, size_t size)
{
	return size < HEAD_SIZE ? 0 : HEAD_SIZE + frame_length((const unsigned char *)bytes);
}

int swarm__next_frame(const char *bytes, size_t size, swarm_record *ret_record, size_t *ret_used)
{
	const unsigned char *head = (const unsigned char *)bytes;
	size_t length;

	*ret_used = 0;
	if (size < HEAD_SIZE)
		return 0;
	if (head[0] > SYSTEM_ERROR || head[1] || head[2] || head[3])
		return SWARM_E_TRANSPORT;
	length = frame_length(head);
	if (length > size - HEAD_SIZE)
		return 0;
	*ret_used = HEAD_SIZE + length;
	*ret_record = (swarm_record){ SWARM_SOURCE_NONE, bytes + HEAD_SIZE, length };
	if (head[0] == STDOUT)
		ret_record->source = SWARM_SOURCE_STDOUT;
	else if (head[0] == STDERR)
		ret_record->source = SWARM_SOURCE_STDERR;
	return head[0] == SYSTEM_ERROR ? SWARM_E_HTTP : 0;
}
