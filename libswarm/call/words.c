/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's sentences in our words, from words.def. A pure function over texts. */
#include "call/internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { CAPTURES = 4 };

static const struct {
	const char *theirs;
	const char *ours;
} rows[] = {
#define W(theirs, ours) { theirs, ours },
#include "call/words.def"
#undef W
};

typedef struct capture {
	const char *start;
	size_t size;
} capture;

const char *swarm__skip_grpc(const char *message)
{
	const char *text;

	if (strncmp(message, "rpc error: code = ", 18) != 0)
		return message;
	/* A number for the code before 17.06. */
	text = strstr(message, " desc = ");
	return text ? text + 8 : message;
}

/* Does the whole text fit the pattern? The shortest texts that do are captured. */
static bool fits(const char *text, const char *pattern, capture *captures)
{
	const char *star = strchr(pattern, '*');
	size_t length = star ? (size_t)(star - pattern) : strlen(pattern);

	if (strncasecmp(text, pattern, length) != 0)
		return false;
	text += length;
	if (!star)
		return !*text;
	captures->start = text;
	if (!star[1]) {
		captures->size = strlen(text);
		return true;
	}
	for (; *text; text++) {
		captures->size = (size_t)(text - captures->start);
		if (fits(text, star + 1, captures + 1))
			return true;
	}
	return false;
}

/* Ours, with "$1" and so on filled in; cut if it does not fit. */
static void put(char *out, size_t size, const char *ours, const capture *captures)
{
	size_t used = 0;

	while (*ours) {
		capture part = { ours, strcspn(ours, "$") };

		if (*ours == '$') {
			part = captures[ours[1] - '1'];
			ours += 2;
		} else {
			ours += part.size;
		}
		if (part.size > size - 1 - used)
			part.size = size - 1 - used;
		memcpy(out + used, part.start, part.size);
		used += part.size;
	}
	out[used] = '\0';
}

void swarm__reword(const char *message, char *text, size_t size)
{
	const char *theirs = swarm__skip_grpc(message);
	char line[SWARM_ERROR_TEXT];
	size_t length;

	snprintf(line, sizeof(line), "%s", theirs);
	length = strlen(line);
	while (length && strchr(" \r\n", line[length - 1]))
		line[--length] = '\0';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		capture captures[CAPTURES] = { { "", 0 } };

		if (!fits(line, rows[i].theirs, captures))
			continue;
		put(text, size, rows[i].ours, captures);
		return;
	}
	snprintf(text, size, "%s", theirs);
}
