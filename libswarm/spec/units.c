/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durations, sizes and processors as texts with units. Go's time.ParseDuration() and docker's
 * units.RAMInBytes(), by integers only, so that nothing is lost in a double.
 */
#include "spec/internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* 10^18, the most decimal places that matter. */
enum { PLACES = 18 };

/* Digits with at most one point, as whole / 10^places; false for another form or too large. */
static bool read_decimal(const char **text, int64_t *ret_whole, int *ret_places)
{
	const char *at = *text;
	bool any = false, point = false;

	*ret_whole = 0;
	*ret_places = 0;
	for (; isdigit((unsigned char)*at) || (*at == '.' && !point); at++) {
		if (*at == '.') {
			point = true;
			continue;
		}
		any = true;
		if (point && ++*ret_places > PLACES)
			return false;
		if (__builtin_mul_overflow(*ret_whole, 10, ret_whole) ||
		    __builtin_add_overflow(*ret_whole, *at - '0', ret_whole))
			return false;
	}
	*text = at;
	return any;
}

/* whole * unit / 10^places, cut to a whole number. */
static bool scale(int64_t whole, int places, int64_t unit, int64_t *ret_value)
{
	__int128 value = (__int128)whole * unit;

	while (places-- > 0)
		value /= 10;
	*ret_value = (int64_t)value;
	return value <= INT64_MAX;
}

typedef struct unit {
	const char *name;
	int64_t value;
} unit;

/* Longest names first where one begins another. */
static const unit durations[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "\302\265s", 1000 },
	{ "\316\274s", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", (int64_t)60000000000 },
	{ "h", (int64_t)3600000000000 },
};

bool swarm__parse_duration(const char *text, int64_t *ret_ns)
{
	int64_t total = 0;

	if (strcmp(text, "0") == 0) {
		*ret_ns = 0;
		return true;
	}
	if (!*text)
		return false;
	while (*text) {
		int64_t whole, part;
		int places;
		size_t i;

		if (!read_decimal(&text, &whole, &places))
			return false;
		for (i = 0; i < sizeof(durations) / sizeof(*durations); i++)
			if (strncmp(text, durations[i].name, strlen(durations[i].name)) == 0)
				break;
		if (i == sizeof(durations) / sizeof(*durations))
			return false;
		text += strlen(durations[i].name);
		if (!scale(whole, places, durations[i].value, &part) ||
		    __builtin_add_overflow(total, part, &total))
			return false;
	}
	*ret_ns = total;
	return true;
}

void swarm__show_duration(int64_t ns, char text[64])
{
	static const unit shown[] = { { "h", (int64_t)3600000000000 },
				      { "m", (int64_t)60000000000 },
				      { "s", 1000000000 },
				      { "ms", 1000000 },
				      { "us", 1000 },
				      { "ns", 1 } };
	size_t used = 0;

	snprintf(text, 64, "0s");
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++) {
		int64_t count = ns / shown[i].value;

		if (count)
			used += (size_t)snprintf(text + used, 64 - used, "%lld%s", (long long)count,
						 shown[i].name);
		ns %= shown[i].value;
	}
}

bool swarm__parse_size(const char *text, int64_t *ret_bytes)
{
	static const char letters[] = "kmgtp";
	int64_t whole, factor = 1;
	const char *letter;
	int places;

	if (!read_decimal(&text, &whole, &places))
		return false;
	text += *text == ' ';
	letter = *text ? strchr(letters, tolower((unsigned char)*text)) : NULL;
	if (letter) {
		for (const char *at = letters; at <= letter; at++)
			factor *= 1024;
		text++;
		text += tolower((unsigned char)*text) == 'i';
	}
	text += tolower((unsigned char)*text) == 'b';
	return !*text && scale(whole, places, factor, ret_bytes);
}

void swarm__show_size(int64_t bytes, char text[64])
{
	static const char letters[] = "KMGTP";
	size_t at = 0;

	while (bytes && bytes % 1024 == 0 && at < sizeof(letters) - 1) {
		bytes /= 1024;
		at++;
	}
	snprintf(text, 64, "%lld%.*s", (long long)bytes, at ? 1 : 0, at ? letters + at - 1 : "");
}

bool swarm__parse_cpus(const char *text, int64_t *ret_nano)
{
	int64_t whole;
	int places;

	/* docker/cli refuses more places than a billionth has. */
	return read_decimal(&text, &whole, &places) && !*text && places <= 9 &&
	       scale(whole, places, 1000000000, ret_nano);
}

void swarm__show_cpus(int64_t nano, char text[64])
{
	char *end;

	snprintf(text, 64, "%lld.%09lld", (long long)(nano / 1000000000),
		 (long long)(nano % 1000000000));
	end = text + strlen(text) - 1;
	while (*end == '0')
		*end-- = '\0';
	if (*end == '.')
		*end = '\0';
}

bool swarm__parse_integer(const char *text, int64_t *ret_number)
{
	bool negative = *text == '-';
	int64_t whole;
	int places;

	text += negative;
	if (!isdigit((unsigned char)*text) || !read_decimal(&text, &whole, &places) || *text ||
	    places)
		return false;
	*ret_number = negative ? -whole : whole;
	return true;
}
