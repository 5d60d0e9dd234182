/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name nearest to a mistyped one: by the least number of letters that are added, left out,
 * replaced, or swapped with their neighbour.
 */
#include "spec/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 48 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool alike(char a, char b)
{
	/* A hyphen for an underscore is the slip of those who know the command line. */
	return tolower((unsigned char)a) == tolower((unsigned char)b) || (a == '-' && b == '_');
}

static size_t distance(const char *a, size_t size_a, const char *b, size_t size_b)
{
	size_t rows[3][LONGEST + 1];

	for (size_t j = 0; j <= size_b; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= size_a; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *higher = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= size_b; j++) {
			row[j] = least(least(above[j], row[j - 1]) + 1,
				       above[j - 1] + !alike(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && alike(a[i - 1], b[j - 2]) &&
			    alike(a[i - 2], b[j - 1]))
				row[j] = least(row[j], higher[j - 2] + 1);
		}
	}
	return rows[size_a % 3][size_b];
}

void swarm__nearest_try(swarm__nearest *nearest, const char *name, size_t length)
{
	size_t size = strlen(nearest->word);
	size_t far;

	if (size > LONGEST || length > LONGEST || length >= sizeof(nearest->best))
		return;
	far = distance(nearest->word, size, name, length);
	/* One slip in each three letters, and one begun. */
	if (far > size / 3 + 1 || far >= size || (*nearest->best && far >= nearest->distance))
		return;
	memcpy(nearest->best, name, length);
	nearest->best[length] = '\0';
	nearest->distance = far;
}

void swarm__nearest_among(swarm__nearest *nearest, const char *words)
{
	for (words += strspn(words, " "); *words; words += strspn(words, " ")) {
		size_t length = strcspn(words, " ");

		swarm__nearest_try(nearest, words, length);
		words += length;
	}
}

void swarm__words_text(char *text, size_t size, const char *words)
{
	const char *at = words + strspn(words, " ");
	size_t used = 0;

	*text = '\0';
	while (*at && used < size) {
		size_t length = strcspn(at, " ");
		const char *next = at + length + strspn(at + length, " ");
		bool last = *next &&
			    !next[strcspn(next, " ") + strspn(next + strcspn(next, " "), " ")];

		used += (size_t)snprintf(text + used, size - used, "%.*s%s", (int)length, at,
					 last    ? " or "
					 : *next ? ", "
						 : "");
		at = next;
	}
}

void swarm__slip_choice(swarm__conversion *c, const char *place, const char *what,
			const char *words, const char *given)
{
	swarm__nearest nearest = { given, "", 0 };
	char text[SWARM__MAX_WORDS];

	swarm__nearest_among(&nearest, words);
	swarm__words_text(text, sizeof(text), words);
	swarm__slip(c, place, "%s%smust be %s, not '%.60s'%s%s%s", what, *what ? " " : "", text,
		    given, *nearest.best ? ": did you mean " : "", nearest.best,
		    *nearest.best ? "?" : "");
}
