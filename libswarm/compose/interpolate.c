/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables in texts: $X, ${X}, and the forms of the Compose Specification with a default, a required
 * value and a replacement, nested. A $ before anything else stays.
 */
#include "compose/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
	MAX_DEPTH = 16,
	MAX_TEXT = 1024 * 1024,
	MAX_ALL = 4 * MAX_TEXT,
	/* A name with its default: many braces without an end would each be searched to the end. */
	MAX_BRACED = 4096,
	SHOWN = 40,
};

typedef struct expansion {
	swarm__compose *c;
	const char *place;
	swarm__buffer text;
	bool bad;
} expansion;

static void add(expansion *e, const char *text, size_t size)
{
	int rc = e->bad ? 0 : swarm__buffer_add(&e->text, text, size);

	if (rc == SWARM_E_NOMEM)
		e->c->lines.nomem = true;
	else if (rc)
		swarm__slip(&e->c->lines, e->place, "is over %d bytes with its variables",
			    MAX_TEXT);
	e->bad |= rc != 0;
}

static size_t name_length(const char *text, const char *end)
{
	const char *at = text;

	while (at < end && (*at == '_' || isalpha((unsigned char)*at) ||
			    (at > text && isdigit((unsigned char)*at))))
		at++;
	return (size_t)(at - text);
}

/* Once for each variable; its name is not a secret, as it is in the document. */
static void warn_unset(const expansion *e, const char *name)
{
	swarm__compose *c = e->c;

	if (json_object_get(c->told, name))
		return;
	swarm__spec_put(&c->lines, c->told, name, json_true());
	swarm__spec_warn(&c->lines, e->place, "variable %s is not set: an empty string is used",
			 name);
}

static void expand(expansion *e, const char *text, const char *end, int depth);

/* What is behind a name in braces: ":-default" and so on. */
static void substitute(expansion *e, const char *name, const char *rest, const char *end, int depth)
{
	const char *value = swarm__variable(e->c, name);
	bool colon = *rest == ':' && rest < end;
	const char *word = rest + colon;
	char form = word < end ? *word : '\0';
	bool has = value && (*value || !colon);
	expansion message = { .c = e->c, .place = e->place };

	if (rest < end && !strchr("-?+", form ? form : ' ')) {
		swarm__slip(&e->c->lines, e->place,
			    "'%.*s' behind variable %s: there are :-default, :?text and :+text",
			    end - rest > SHOWN ? SHOWN : (int)(end - rest), rest, name);
		e->bad = true;
	} else if (form == '+') {
		if (has)
			expand(e, word + 1, end, depth + 1);
	} else if (has) {
		add(e, value, strlen(value));
	} else if (form == '-') {
		expand(e, word + 1, end, depth + 1);
	} else if (form == '?') {
		swarm__buffer_init(&message.text, MAX_TEXT);
		expand(&message, word + 1, end, depth + 1);
		if (!message.bad)
			swarm__slip(&e->c->lines, e->place, "required variable %s is %s%s%.200s",
				    name, value ? "empty" : "not set",
				    message.text.size ? ": " : "",
				    message.text.size ? message.text.data : "");
		swarm__buffer_clear(&message.text);
		e->bad = true;
	} else if (!value) {
		warn_unset(e, name);
	}
}

/* The brace that closes what text begins in; braces of JSON or templates count where they pair up. */
static const char *find_close(const char *text, const char *end, bool plain)
{
	int open = 1;

	if (end - text > MAX_BRACED)
		end = text + MAX_BRACED;
	for (const char *at = text; at < end; at++) {
		if (at[0] == '$' && at + 1 < end && (at[1] == '$' || at[1] == '{')) {
			open += at[1] == '{';
			at++;
		} else if (*at == '{') {
			open += plain;
		} else if (*at == '}' && --open == 0) {
			return at;
		}
	}
	return NULL;
}

/* text is behind "${"; gives what is behind the brace that closes it. */
static const char *braced(expansion *e, const char *text, const char *end, int depth)
{
	const char *close = find_close(text, end, true);
	size_t length = name_length(text, end);
	char name[256];

	if (!close)
		close = find_close(text, end, false);
	if (!close) {
		swarm__slip(&e->c->lines, e->place,
			    "'${%.*s' has no closing brace within %d bytes: write $$ for a plain $",
			    end - text > SHOWN ? SHOWN : (int)(end - text), text, MAX_BRACED);
		e->bad = true;
		return end;
	}
	if (!length || length >= sizeof(name)) {
		swarm__slip(&e->c->lines, e->place,
			    "'${%.*s' is not the name of a variable: write $$ for a plain $",
			    end - text > SHOWN ? SHOWN : (int)(end - text), text);
		e->bad = true;
		return end;
	}
	snprintf(name, sizeof(name), "%.*s", (int)length, text);
	substitute(e, name, text + length, close, depth);
	return close + 1;
}

static void expand(expansion *e, const char *text, const char *end, int depth)
{
	if (depth > MAX_DEPTH) {
		swarm__slip(&e->c->lines, e->place, "has over %d defaults in each other",
			    MAX_DEPTH);
		e->bad = true;
	}
	while (text < end && !e->bad) {
		const char *dollar = memchr(text, '$', (size_t)(end - text));
		size_t length;
		char name[256];

		add(e, text, (size_t)((dollar ? dollar : end) - text));
		if (!dollar)
			return;
		text = dollar + 1;
		length = name_length(text, end);
		if (text < end && *text == '{') {
			text = braced(e, text + 1, end, depth);
		} else if (length && length < sizeof(name)) {
			snprintf(name, sizeof(name), "%.*s", (int)length, text);
			substitute(e, name, text + length, text + length, depth);
			text += length;
		} else {
			add(e, "$", 1);
			text += text < end && *text == '$';
		}
	}
}

json_t *swarm__interpolate(swarm__compose *c, const char *place, const char *text)
{
	expansion e = { .c = c, .place = place };
	json_t *result = NULL;

	swarm__buffer_init(&e.text, MAX_TEXT);
	expand(&e, text, text + strlen(text), 0);
	c->bytes += e.text.size;
	if (c->bytes > MAX_ALL) {
		if (c->bytes - e.text.size <= MAX_ALL)
			swarm__slip(&c->lines, place, "variables make over %d bytes in all",
				    MAX_ALL);
	} else if (!e.bad) {
		result = swarm__spec_new(&c->lines, json_string(e.text.size ? e.text.data : ""));
		/* json_string() says no for memory and for what is not UTF-8; texts of JSON are. */
	}
	swarm__buffer_clear(&e.text);
	return result;
}
