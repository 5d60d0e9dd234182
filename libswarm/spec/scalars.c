/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of single values: texts, numbers, units, choices. Knows no field.
 */
#define _GNU_SOURCE
#include "spec/internal.h"

#include <stdio.h>
#include <string.h>

json_t *swarm__spec_text_of(swarm__conversion *c, const char *place, const char *expects,
			    const json_t *given)
{
	json_t *text;

	/* YAML reads 1.10 as 1.1, and yes as a boolean: what was written is not known any more. */
	if (!json_is_string(given) && !json_is_integer(given)) {
		if (json_is_real(given)) {
			swarm__slip(c, place, "must be %s, not the number %g: quote it in YAML",
				    expects, json_real_value(given));
			return NULL;
		}
		return swarm__slip_expects(c, place, expects, given);
	}
	text = swarm__spec_text(c, given);
	if (text && json_string_length(text) != strlen(json_string_value(text))) {
		swarm__slip(c, place, "holds a NUL character");
	} else if (text && json_string_length(text)) {
		return text;
	}
	json_decref(text);
	return NULL;
}

static json_t *parse_text(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			  const json_t *given)
{
	return swarm__spec_text_of(c, place, row->kind->expects, given);
}

static json_t *read_text(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	if (!json_is_string(stored))
		return swarm__spec_malformed(c, row);
	return json_string_length(stored) ? json_incref(swarm__json_iterable(stored)) : NULL;
}

const swarm__spec_kind swarm__kind_TEXT = { .expects = "a string",
					    .parse = parse_text,
					    .read = read_text,
					    .write = swarm__spec_write_copy };

/* --- image ---------------------------------------------------------------------------------------- */

/* distribution/reference: no registry is docker.io, no namespace there is library, no tag is latest. */
json_t *swarm__normal_image(const char *image)
{
	static const char *const prefixes[] = { "docker.io/", "index.docker.io/", "library/" };
	size_t named = strcspn(image, "@");
	const char *slash;
	char text[1024];

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		size_t length = strlen(prefixes[i]);

		if (strncmp(image, prefixes[i], length) == 0 &&
		    (i < 2 || !memchr(image + length, '/', named - length))) {
			image += length;
			named -= length;
		}
	}
	slash = memrchr(image, '/', named);
	if (memchr(slash ? slash : image, ':', (size_t)(image + named - (slash ? slash : image))) ||
	    image[named])
		return json_string(image);
	snprintf(text, sizeof(text), "%.1000s:latest", image);
	return json_string(text);
}

static json_t *parse_image(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			   const json_t *given)
{
	json_t *text = swarm__spec_text_of(c, place, row->kind->expects, given);
	const char *image = json_string_value(text);
	json_t *normal = NULL;

	if (!text && json_is_string(given) && !json_string_length(given))
		swarm__slip(c, place, "must not be empty");
	if (!text)
		return NULL;
	if (!swarm__is_image_name(image))
		swarm__slip(c, place, "'%.60s' is not an image name", image);
	else
		normal = swarm__spec_new(c, swarm__normal_image(image));
	json_decref(text);
	return normal;
}

static json_t *read_image(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	json_t *text = read_text(c, row, stored);
	json_t *normal = text ? swarm__spec_new(c, swarm__normal_image(json_string_value(text)))
			      : NULL;

	json_decref(text);
	return normal;
}

/* Whoever names no digest leaves it to the one that was pinned. */
static bool same_image(const json_t *have, const json_t *want)
{
	const char *a = json_string_value(have), *b = json_string_value(want);
	size_t named = strcspn(b, "@");

	if (b[named])
		return strcmp(a, b) == 0;
	return strcspn(a, "@") == named && strncmp(a, b, named) == 0;
}

bool swarm__same_image(const char *stored, const char *wanted)
{
	json_t *have = swarm__normal_image(stored), *want = swarm__normal_image(wanted);
	bool same = have && want && same_image(have, want);

	json_decref(have);
	json_decref(want);
	return same;
}

const swarm__spec_kind swarm__kind_IMAGE = { .expects = "an image name",
					     .parse = parse_image,
					     .read = read_image,
					     .write = swarm__spec_write_copy,
					     .same = same_image };

/* --- booleans and choices --------------------------------------------------------------------------- */

static json_t *parse_boolean(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			     const json_t *given)
{
	static const char *const yes[] = { "true", "yes", "on", "y" };
	static const char *const no[] = { "false", "no", "off", "n" };
	const char *text = json_string_value(given);
	int value = json_is_boolean(given) ? json_is_true(given) : -1;

	for (size_t i = 0; text && value < 0 && i < sizeof(yes) / sizeof(*yes); i++)
		value = strcmp(text, yes[i]) == 0 ? 1 : strcmp(text, no[i]) == 0 ? 0 : -1;
	if (value < 0)
		return swarm__slip_expects(c, place, row->kind->expects, given);
	if (!value && !(row->flags & SWARM__SPEC_ZERO))
		return NULL;
	return json_boolean(value);
}

static json_t *read_boolean(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	if (!json_is_boolean(stored))
		return swarm__spec_malformed(c, row);
	if (json_is_false(stored) && !(row->flags & SWARM__SPEC_ZERO))
		return NULL;
	return json_incref(swarm__json_iterable(stored));
}

const swarm__spec_kind swarm__kind_BOOLEAN = { .expects = "true or false",
					       .parse = parse_boolean,
					       .read = read_boolean,
					       .write = swarm__spec_write_copy };

/* Is it among words that a blank separates? */
static bool is_among(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (; *words; words += strcspn(words, " "), words += *words == ' ')
		if (strcspn(words, " ") == length && strncmp(words, word, length) == 0)
			return true;
	return false;
}

static json_t *parse_choice(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			    const json_t *given)
{
	const char *text = json_string_value(given);
	char words[SWARM__MAX_WORDS];

	if (text && (!*text || is_among(row->detail, text)))
		return *text ? swarm__spec_new(c, json_string(text)) : NULL;
	if (text) {
		swarm__slip_choice(c, place, "", row->detail, text);
		return NULL;
	}
	swarm__words_text(words, sizeof(words), row->detail);
	return swarm__slip_expects(c, place, words, given);
}

const swarm__spec_kind swarm__kind_CHOICE = { .expects = "one of the words",
					      .parse = parse_choice,
					      .read = read_text,
					      .write = swarm__spec_write_copy };

/* --- numbers ------------------------------------------------------------------------------------------ */

json_t *swarm__spec_number(swarm__conversion *c, const swarm__spec_row *row, int64_t value)
{
	if (!value && !(row->flags & SWARM__SPEC_ZERO))
		return NULL;
	return swarm__spec_new(c, json_integer(value));
}

static json_t *read_number(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	if (!json_is_integer(stored))
		return swarm__spec_malformed(c, row);
	return swarm__spec_number(c, row, json_integer_value(stored));
}

static json_t *parse_number(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			    const json_t *given)
{
	long long low = 0, high = INT64_MAX;
	int64_t value = json_integer_value(given);

	if (!json_is_integer(given) &&
	    !(json_is_string(given) && swarm__parse_integer(json_string_value(given), &value)))
		return swarm__slip_expects(c, place, row->kind->expects, given);
	if (row->detail)
		sscanf(row->detail, "%lld %lld", &low, &high);
	if (value < low || value > high) {
		swarm__slip(c, place, "must be from %lld to %lld, not %lld", low, high,
			    (long long)value);
		return NULL;
	}
	return swarm__spec_number(c, row, value);
}

const swarm__spec_kind swarm__kind_NUMBER = { .expects = "a whole number",
					      .parse = parse_number,
					      .read = read_number,
					      .write = swarm__spec_write_copy };

static json_t *parse_duration(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			      const json_t *given)
{
	int64_t ns;

	if (json_is_integer(given)) {
		swarm__slip(c, place, "%lld has no unit: write %llds",
			    (long long)json_integer_value(given),
			    (long long)json_integer_value(given));
		return NULL;
	}
	if (!json_is_string(given) || !swarm__parse_duration(json_string_value(given), &ns))
		return swarm__slip_expects(c, place, row->kind->expects, given);
	return swarm__spec_number(c, row, ns);
}

static json_t *show_duration(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal)
{
	char text[64];

	(void)row;
	swarm__show_duration(json_integer_value(normal), text);
	return swarm__spec_new(c, json_string(text));
}

const swarm__spec_kind swarm__kind_DURATION = { .expects = "a duration such as 30s or 1m30s",
						.parse = parse_duration,
						.read = read_number,
						.write = swarm__spec_write_copy,
						.show = show_duration };

static json_t *parse_size(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			  const json_t *given)
{
	int64_t bytes = json_integer_value(given);

	if (json_is_string(given) ? !swarm__parse_size(json_string_value(given), &bytes)
				  : !json_is_integer(given) || bytes < 0)
		return swarm__slip_expects(c, place, row->kind->expects, given);
	return swarm__spec_number(c, row, bytes);
}

static json_t *show_size(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal)
{
	char text[64];

	(void)row;
	swarm__show_size(json_integer_value(normal), text);
	return swarm__spec_new(c, json_string(text));
}

const swarm__spec_kind swarm__kind_SIZE = { .expects = "a size such as 512m or 2g",
					    .parse = parse_size,
					    .read = read_number,
					    .write = swarm__spec_write_copy,
					    .show = show_size };

static json_t *parse_cpus(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			  const json_t *given)
{
	char real[64];
	const char *text = json_string_value(given);
	json_t *written = NULL, *normal = NULL;
	int64_t nano;

	if (json_is_integer(given)) {
		written = swarm__spec_text(c, given);
		text = json_string_value(written);
	} else if (json_is_real(given)) {
		/* The places that docker/cli takes; a double has more than was written. */
		snprintf(real, sizeof(real), "%.9f", json_real_value(given));
		text = real;
	}
	if (text && swarm__parse_cpus(text, &nano))
		normal = swarm__spec_number(c, row, nano);
	else
		swarm__slip_expects(c, place, row->kind->expects, given);
	json_decref(written);
	return normal;
}

static json_t *show_cpus(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal)
{
	char text[64];

	(void)row;
	swarm__show_cpus(json_integer_value(normal), text);
	return swarm__spec_new(c, json_string(text));
}

const swarm__spec_kind swarm__kind_CPUS = { .expects = "a number of processors such as 0.5",
					    .parse = parse_cpus,
					    .read = read_number,
					    .write = swarm__spec_write_copy,
					    .show = show_cpus };

/* moby keeps a ratio as a 32-bit float: what has more places is the same ratio. */
static json_t *ratio(swarm__conversion *c, double value)
{
	value = (double)(int64_t)(value * 1e6 + 0.5) / 1e6;
	return value > 0 ? swarm__spec_new(c, json_real(value)) : NULL;
}

static json_t *parse_ratio(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			   const json_t *given)
{
	double value = json_number_value(given);
	int used = 0;

	if (json_is_string(given))
		sscanf(json_string_value(given), "%lf%n", &value, &used);
	if ((!json_is_number(given) && (!used || json_string_value(given)[used])) ||
	    !(value >= 0 && value <= 1))
		return swarm__slip_expects(c, place, row->kind->expects, given);
	return ratio(c, value);
}

static json_t *read_ratio(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	double value = json_number_value(stored);

	if (!json_is_number(stored) || !(value >= 0 && value <= 1))
		return swarm__spec_malformed(c, row);
	return ratio(c, value);
}

const swarm__spec_kind swarm__kind_RATIO = { .expects = "a ratio from 0 to 1",
					     .parse = parse_ratio,
					     .read = read_ratio,
					     .write = swarm__spec_write_copy };
