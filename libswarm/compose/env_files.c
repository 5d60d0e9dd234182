/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The variables of a service: those of its env_file under those of its environment. A file is read as
 * docker/cli reads it, all of a line behind "=" is the value; with "format: compose" as the
 * Compose Specification has it, with quotes, escapes and comments.
 */
#define _GNU_SOURCE
#include "compose/internal.h"

#include <stdio.h>
#include <string.h>

const char *swarm__variable(const swarm__compose *c, const char *name)
{
	return json_string_value(json_object_get(c->options->env, name));
}

typedef struct env_file {
	swarm__compose *c;
	const char *place;
	const char *file;
	bool quoted; /* format: compose */
	size_t line;
	bool warned; /* of quotes that stay */
	json_t *variables;
} env_file;

/* --- a value with quotes, in place -------------------------------------------------------------------- */

static char escaped(char c)
{
	return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
}

/* Without its quotes, escapes and comment; false where a quote does not end. */
static bool unquote(char *value)
{
	char quote = *value;
	char *out = value, *at = value + 1, *comment;
	size_t length;

	if (quote != '"' && quote != '\'') {
		comment = strstr(value, " #");
		if (comment)
			*comment = '\0';
		length = strlen(value);
		while (length && strchr(" \t", value[length - 1]))
			value[--length] = '\0';
		return true;
	}
	for (; *at && *at != quote; at++)
		*out++ = *at == '\\' && quote == '"' && at[1] ? escaped(*++at) : *at;
	if (!*at)
		return false;
	*out = '\0';
	return true;
}

/* --- lines ------------------------------------------------------------------------------------------------ */

static void take_value(env_file *f, const char *name, char *value)
{
	size_t length = strlen(value);

	if (f->quoted) {
		value += strspn(value, " \t");
		if (*value && !unquote(value)) {
			swarm__slip(&f->c->lines, f->place,
				    "file '%.100s' line %zu: a quote does not end", f->file,
				    f->line);
			return;
		}
	} else if (!f->warned && length > 1 && strchr("\"'", *value) &&
		   value[length - 1] == *value) {
		f->warned = true;
		swarm__spec_warn(&f->c->lines, f->place,
				 "file '%.100s' line %zu: the quotes are part of the value, as in "
				 "docker; format: compose removes them",
				 f->file, f->line);
	}
	swarm__spec_put(&f->c->lines, f->variables, name, json_string(value));
}

/* A line without its end, which is changed. */
static void take_line(env_file *f, char *line)
{
	char *sign = strchr(line, '=');
	const char *value;

	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return;
	if (f->quoted && strncmp(line, "export ", 7) == 0)
		line += 7 + strspn(line + 7, " \t");
	if (sign) {
		*sign = '\0';
		/* The specification takes blanks in front of the sign. */
		for (char *end = sign; f->quoted && end > line && strchr(" \t", end[-1]);)
			*--end = '\0';
	}
	if (!*line || strpbrk(line, " \t")) {
		/* The text may be a secret: only its place is reported. */
		swarm__slip(&f->c->lines, f->place,
			    "file '%.100s' line %zu: %s in the name of the variable", f->file,
			    f->line, *line ? "a blank is" : "nothing is");
		return;
	}
	value = sign ? NULL : swarm__variable(f->c, line);
	if (sign)
		take_value(f, line, sign + 1);
	else if (value)
		swarm__spec_put(&f->c->lines, f->variables, line, json_string(value));
}

static bool is_utf8(const char *text)
{
	size_t left = strlen(text), length = 1;

	for (; left && length; text += length, left -= length)
		length = swarm__utf8_length(text, left);
	return length != 0;
}

static void take_file(env_file *f, char *text, size_t size)
{
	char *end = text + size;

	if (size >= 3 && memcmp(text, "\357\273\277", 3) == 0)
		text += 3;
	while (text < end && !swarm__is_over(f->c)) {
		char *stop = memchr(text, '\n', (size_t)(end - text));

		f->line++;
		if (!stop)
			stop = end;
		*stop = '\0';
		if (stop > text && stop[-1] == '\r')
			stop[-1] = '\0';
		if (strlen(text) + (stop > text && !stop[-1]) < (size_t)(stop - text) ||
		    !is_utf8(text))
			swarm__slip(&f->c->lines, f->place,
				    "file '%.100s' line %zu: not a line of UTF-8 text", f->file,
				    f->line);
		else
			take_line(f, text);
		text = stop + 1;
	}
}

static void read_file(swarm__compose *c, const char *place, const json_t *entry, json_t *variables)
{
	const char *format = swarm__json_string(entry, "format");
	const json_t *required = json_object_get(entry, "required");
	env_file f = { .c = c,
		       .place = place,
		       .file = swarm__json_string(entry, "path"),
		       .quoted = strcmp(format, "compose") == 0,
		       .variables = variables };
	size_t slips = json_array_size(c->lines.slips);
	swarm_content content;

	if (*format && strcmp(format, "compose") != 0 && strcmp(format, "raw") != 0)
		swarm__slip(&c->lines, place, "format must be compose or raw, not '%.60s'", format);
	if (swarm__content_read(c, place, f.file, &content)) {
		take_file(&f, (char *)content.bytes, content.size);
	} else if (required && !swarm__is_true(required)) {
		while (json_array_size(c->lines.slips) > slips)
			json_array_remove(c->lines.slips, json_array_size(c->lines.slips) - 1);
	}
	swarm__content_clear(&content);
}

json_t *swarm__environment(swarm__compose *c, const char *place, const json_t *service)
{
	json_t *variables = swarm__spec_new(&c->lines, json_object());
	char at[SWARM__MAX_PLACE];
	const char *name;
	json_t *value;
	size_t i;

	if (!variables)
		return NULL;
	json_array_foreach (json_object_get(service, "env_file"), i, value) {
		snprintf(at, sizeof(at), "%.200s.env_file[%zu]", place, i);
		read_file(c, at, value, variables);
	}
	json_object_foreach (json_object_get(service, "environment"), name, value) {
		const char *own = json_is_null(value) ? swarm__variable(c, name) : NULL;

		if (json_is_null(value) && !own && json_object_get(variables, name)) {
			snprintf(at, sizeof(at), "%.120s.environment.%.100s", place, name);
			swarm__spec_warn(&c->lines, at,
					 "has no value, which hides the one of env_file, as in "
					 "docker");
		}
		swarm__spec_put(&c->lines, variables, name,
				own ? json_string(own) : json_incref(value));
	}
	return variables;
}
