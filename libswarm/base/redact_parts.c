/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The redactor by parts: an engine may quote the end of a token alone, or a secret with escapes in it.
 * All runs of 8 characters of the text are looked up while the secret, which may be half a megabyte,
 * passes by once.
 */
#include "base/internal.h"

#include <string.h>

#define MARK "[redacted]"

enum { GRAM = 8, SLOTS = 2 * SWARM__MAX_PARTS };

/* The text as it was meant, and where each character of it is. */
typedef struct parts {
	size_t count;
	unsigned char plain[SWARM__MAX_PARTS];
	uint16_t from[SWARM__MAX_PARTS];
	uint16_t to[SWARM__MAX_PARTS];
	uint16_t first[SLOTS];           /* place + 1 of a run with this hash, 0: none */
	uint16_t next[SWARM__MAX_PARTS]; /* the next one with the same hash, as first */
	bool found[SWARM__MAX_PARTS];    /* the run that begins here is in the secret */
	unsigned char last[GRAM];        /* what came by of the secret */
	size_t seen;
} parts;

/* FNV-1a. */
static size_t slot_of(const unsigned char *run)
{
	uint32_t hash = 2166136261U;

	for (int i = 0; i < GRAM; i++)
		hash = (hash ^ run[i]) * 16777619U;
	return (hash ^ hash >> 16) % SLOTS;
}

static bool is_ignored(unsigned code)
{
	return code == ' ' || swarm__is_invisible(code);
}

static void add_bytes(parts *p, const char *text, size_t from, size_t size, unsigned code)
{
	bool one = code < 0x80;

	/* A character of more bytes as its bytes: the secret comes by in bytes. */
	for (size_t i = 0; i < (one ? 1 : size); i++) {
		p->plain[p->count] = one ? (unsigned char)code : (unsigned char)text[from + i];
		p->from[p->count] = (uint16_t)from;
		p->to[p->count] = (uint16_t)(from + size);
		p->count++;
	}
}

static void read_text(parts *p, const char *text)
{
	for (size_t at = 0; text[at];) {
		unsigned code = 0;
		size_t size = swarm__read_meant(text + at, &code);

		if (!is_ignored(code))
			add_bytes(p, text, at, size, code);
		at += size;
	}
	for (size_t i = p->count; i-- > 0;) {
		size_t slot;

		if (i + GRAM > p->count)
			continue;
		slot = slot_of(p->plain + i);
		p->next[i] = p->first[slot];
		p->first[slot] = (uint16_t)(i + 1);
	}
}

/* The next character of the secret. */
static void feed(parts *p, unsigned char byte)
{
	if (is_ignored(byte < 0x80 ? byte : 'x'))
		return;
	memmove(p->last, p->last + 1, GRAM - 1);
	p->last[GRAM - 1] = byte;
	if (++p->seen < GRAM)
		return;
	for (size_t at = p->first[slot_of(p->last)]; at; at = p->next[at - 1]) {
		if (memcmp(p->plain + at - 1, p->last, GRAM) != 0)
			continue;
		/* The others like it are marked, too, by an earlier time. */
		if (p->found[at - 1])
			return;
		p->found[at - 1] = true;
	}
}

/* The mark, or stars if it does not fit. Returns what it wrote. */
static size_t put_mark(char *out, size_t room)
{
	size_t size = sizeof(MARK) - 1;

	if (room >= size)
		memcpy(out, MARK, size);
	else
		memset(out, '*', size = room);
	return size;
}

/*
 * Where the run that begins at i ends, behind its last character; i where there is none. A run that
 * ends inside a character of several bytes takes all of it, or the next run would begin before it.
 */
static size_t run_end(const parts *p, size_t i)
{
	size_t end = i;

	for (size_t k = i; k < p->count && (k == i || k < end) && k + GRAM <= p->count; k++) {
		if (!p->found[k])
			continue;
		end = k + GRAM;
		while (end < p->count && p->from[end] == p->from[end - 1])
			end++;
	}
	return end;
}

static void blank(char *text, const parts *p, size_t least)
{
	size_t length = strlen(text), in = 0, out = 0;

	for (size_t i = 0; i < p->count;) {
		size_t end = p->found[i] ? run_end(p, i) : i;
		size_t from = p->from[i], to;

		if (end - i < least) {
			i = end > i ? end : i + 1;
			continue;
		}
		to = p->to[end - 1];
		memmove(text + out, text + in, from - in);
		out += from - in;
		out += put_mark(text + out, to - from);
		in = to;
		i = end;
	}
	memmove(text + out, text + in, length - in);
	out += length - in;
	swarm__wipe(text + out, length - out + 1);
}

static void start(parts *p, char *text)
{
	size_t length = strlen(text);

	if (length >= SWARM__MAX_PARTS) {
		swarm__wipe(text + SWARM__MAX_PARTS - 1, length - SWARM__MAX_PARTS + 1);
		text[SWARM__MAX_PARTS - 1] = '\0';
	}
	read_text(p, text);
}

static void finish(parts *p, char *text, size_t least)
{
	blank(text, p, least < GRAM ? GRAM : least);
	swarm__wipe(p, sizeof(*p));
}

void swarm__redact_parts(char *text, const char *secret, size_t least)
{
	parts p = { 0 };

	if (!text || !secret)
		return;
	start(&p, text);
	for (; *secret; secret++)
		feed(&p, (unsigned char)*secret);
	finish(&p, text, least);
}

void swarm__redact_base64(char *text, const char *base64, size_t least)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	parts p = { 0 };
	unsigned bits = 0;
	int have = 0;

	if (!text || !base64)
		return;
	start(&p, text);
	for (; *base64; base64++) {
		const char *letter = strchr(letters, *base64 == '-'   ? '+'
						     : *base64 == '_' ? '/'
								      : *base64);

		if (!letter)
			continue;
		bits = (bits << 6 | (unsigned)(letter - letters)) & 0xffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			feed(&p, (unsigned char)(bits >> have & 0xff));
		}
	}
	bits = 0;
	finish(&p, text, least);
}
