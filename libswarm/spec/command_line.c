/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command line to its words, by the rules of a POSIX shell without expansion, as docker/cli splits
 * a text of command or entrypoint (google/shlex): quotes, escapes, and "#" at the start of a word
 * for a comment.
 */
#include "spec/internal.h"

#include <string.h>

typedef struct split {
	json_t *words;
	char *word; /* room for the whole text */
	size_t size;
	bool open; /* a word has begun, maybe an empty one */
	bool bad;
} split;

static void end_word(split *s)
{
	if (s->open && json_array_append_new(s->words, json_stringn(s->word, s->size)))
		s->bad = true;
	s->size = 0;
	s->open = false;
}

static void take(split *s, char c)
{
	s->word[s->size++] = c;
	s->open = true;
}

/* text is behind the quote; gives the place behind its end, NULL if there is none. */
static const char *quoted(split *s, const char *text, char quote)
{
	s->open = true;
	for (; *text && *text != quote; text++) {
		/* google/shlex takes any character behind a backslash in double quotes. */
		if (*text == '\\' && quote == '"' && text[1])
			text++;
		take(s, *text);
	}
	return *text ? text + 1 : NULL;
}

static const char *split_all(split *s, const char *text)
{
	while (*text) {
		char c = *text++;

		if (strchr(" \t\r\n", c)) {
			end_word(s);
		} else if (c == '#' && !s->open) {
			text += strcspn(text, "\n");
		} else if (c == '"' || c == '\'') {
			text = quoted(s, text, c);
			if (!text)
				return "a quote that does not end";
		} else if (c == '\\') {
			if (!*text)
				return "a backslash at its end";
			take(s, *text++);
		} else {
			take(s, c);
		}
	}
	end_word(s);
	return NULL;
}

json_t *swarm__split_words(const char *text, const char **ret_why)
{
	split s = { json_array(), malloc(strlen(text) + 1), 0, false, false };

	*ret_why = s.words && s.word ? split_all(&s, text) : NULL;
	if (!s.word || s.bad || *ret_why) {
		json_decref(s.words);
		s.words = NULL;
	}
	free(s.word);
	return s.words;
}
