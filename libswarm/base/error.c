/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The error module: names from errors.def, and the one place that fills a swarm_error. Every text
 * passes the redactor here, and is one line of valid UTF-8 when it leaves.
 */
#include "base/internal.h"

#include <stdio.h>
#include <string.h>

static const struct {
	int code;
	const char *name;
	const char *meaning;
} table[] = {
	{ SWARM_OK, "SWARM_OK", "success" },
#define E(name, number, exception, meaning) { number, "SWARM_E_" #name, meaning },
#include <swarm/errors.def>
#undef E
};

const char *swarm_error_name(int code)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == code)
			return table[i].name;
	return NULL;
}

const char *swarm_error_meaning(int code)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == code)
			return table[i].meaning;
	return NULL;
}

/* No overlong one, and no surrogate. */
size_t swarm__utf8_length(const char *text, size_t size)
{
	const unsigned char *bytes = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (!size)
		return 0;
	if (bytes[0] < 0x80)
		return 1;
	if (bytes[0] >= 0xc2 && bytes[0] <= 0xdf)
		length = 2;
	else if (bytes[0] >= 0xe0 && bytes[0] <= 0xef)
		length = 3;
	else if (bytes[0] >= 0xf0 && bytes[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (bytes[0] == 0xe0)
		low = 0xa0;
	else if (bytes[0] == 0xed)
		high = 0x9f;
	else if (bytes[0] == 0xf0)
		low = 0x90;
	else if (bytes[0] == 0xf4)
		high = 0x8f;
	if (size < length || bytes[1] < low || bytes[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (bytes[i] < 0x80 || bytes[i] > 0xbf)
			return 0;
	return length;
}

/* The character's code point. */
static unsigned code_of(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;
	unsigned code = length == 1 ? bytes[0] : bytes[0] & (0x7fU >> length);

	for (size_t i = 1; i < length; i++)
		code = code << 6 | (bytes[i] & 0x3fU);
	return code;
}

void swarm__one_line(char *text)
{
	size_t end = strlen(text), out = 0;

	for (size_t in = 0; in < end;) {
		size_t length = swarm__utf8_length(text + in, end - in);
		unsigned code = length ? code_of(text + in, length) : 0;
		bool invisible = length && swarm__is_invisible(code);

		/* A terminal may obey a control; a line's end is a space; what has no width goes. */
		if (!length)
			text[out++] = '?';
		else if (invisible && (code == 0x2028 || code == 0x2029))
			text[out++] = ' ';
		else if (invisible && length < 3) {
			memset(text + out, ' ', length);
			out += length;
		} else if (!invisible) {
			memmove(text + out, text + in, length);
			out += length;
		}
		in += length ? length : 1;
	}
	while (out && text[out - 1] == ' ')
		out--;
	memset(text + out, 0, end - out);
}

/* vsnprintf() cuts between bytes; remove the start of a character that was cut. */
static void drop_cut_character(char *text, size_t size)
{
	size_t start = size;

	while (start && size - start < 4 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start && (unsigned char)text[start - 1] >= 0xc0 &&
	    swarm__utf8_length(text + start - 1, size - start + 1) == 0)
		text[start - 1] = '\0';
}

__attribute__((format(printf, 2, 0))) static void format_text(char *text, const char *format,
							      va_list arguments)
{
	int length = vsnprintf(text, SWARM_ERROR_TEXT, format, arguments);

	if (length < 0)
		snprintf(text, SWARM_ERROR_TEXT, "%s", "error without text");
	else if (length >= SWARM_ERROR_TEXT)
		drop_cut_character(text, SWARM_ERROR_TEXT - 1);
	swarm_redact(text);
	swarm__one_line(text);
}

int swarm__error(swarm_error *err, int code, const char *format, ...)
{
	va_list arguments;

	if (!err)
		return code;
	if (err->code)
		return err->code;
	va_start(arguments, format);
	format_text(err->text, format, arguments);
	va_end(arguments);
	err->code = code;
	return code;
}

int swarm__nomem(swarm_error *err)
{
	return swarm__error(err, SWARM_E_NOMEM, "out of memory");
}

bool swarm__error_names(const char *text, const char *what)
{
	const size_t length = strlen(what);

	return strncmp(text, what, length) == 0 && (text[length] == ':' || text[length] == ' ');
}

int swarm__error_wrap(swarm_error *err, int code, const char *format, ...)
{
	char cause[SWARM_ERROR_TEXT];
	char context[SWARM_ERROR_TEXT];
	va_list arguments;
	int length;

	if (!err)
		return code;
	if (!err->code)
		err->code = code;
	memcpy(cause, err->text, sizeof(cause));
	va_start(arguments, format);
	format_text(context, format, arguments);
	va_end(arguments);
	if (swarm__error_names(cause, context))
		return err->code;
	length = snprintf(err->text, sizeof(err->text), "%s%s%s", context, cause[0] ? ": " : "",
			  cause);
	if (length >= SWARM_ERROR_TEXT)
		drop_cut_character(err->text, SWARM_ERROR_TEXT - 1);
	return err->code;
}

void swarm__error_clear(swarm_error *err)
{
	if (err)
		*err = (swarm_error)SWARM_ERROR_INIT;
}
