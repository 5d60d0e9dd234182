/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mode of a service and its number of tasks, which the engine keeps in one object. Knows no other
 * field.
 */
#include "spec/internal.h"

#include <string.h>

static const struct {
	const char *word;  /* compose's */
	const char *name;  /* the engine's */
	const char *count; /* NULL: has no number */
} modes[] = {
	{ "replicated", "Replicated", "Replicas" },
	{ "global", "Global", NULL },
	{ "replicated-job", "ReplicatedJob", "TotalCompletions" },
	{ "global-job", "GlobalJob", NULL },
};
enum { MODES = sizeof(modes) / sizeof(*modes) };

/* Index of the mode that a Mode object has; MODES without one. */
static size_t find_mode(const json_t *stored)
{
	size_t at = 0;

	while (at < MODES && !json_is_object(json_object_get(stored, modes[at].name)))
		at++;
	return at;
}

static json_t *parse_mode(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			  const json_t *given)
{
	return swarm__kind_CHOICE.parse(c, row, place, given);
}

static json_t *read_mode(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	size_t at = find_mode(stored);

	if (!json_is_object(stored))
		return swarm__spec_malformed(c, row);
	return at < MODES ? swarm__spec_new(c, json_string(modes[at].word)) : NULL;
}

static json_t *write_mode(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal,
			  const json_t *stored)
{
	(void)row;
	(void)stored;
	for (size_t at = 0; at < MODES; at++)
		if (strcmp(modes[at].word, json_string_value(normal)) == 0)
			return swarm__spec_new(c, json_pack("{s:{}}", modes[at].name));
	return NULL;
}

const swarm__spec_kind swarm__kind_MODE = {
	.expects = "one of the words", .parse = parse_mode, .read = read_mode, .write = write_mode
};

static json_t *parse_replicas(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			      const json_t *given)
{
	return swarm__kind_NUMBER.parse(c, row, place, given);
}

/* moby: one, where the object has no number. */
static json_t *read_replicas(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored)
{
	size_t at = find_mode(stored);
	const json_t *count;

	if (at == MODES || !modes[at].count)
		return NULL;
	count = json_object_get(json_object_get(stored, modes[at].name), modes[at].count);
	if (count && !json_is_integer(count) && !json_is_null(count))
		return swarm__spec_malformed(c, row);
	return swarm__spec_new(
		c, json_integer(json_is_integer(count) ? json_integer_value(count) : 1));
}

/* As docker/cli: a job runs all of its completions at once. */
static json_t *write_replicas(swarm__conversion *c, const swarm__spec_row *row,
			      const json_t *normal, const json_t *stored)
{
	json_t *mode = swarm__spec_new(c, stored ? json_deep_copy(stored) : json_object());
	size_t at = find_mode(mode);
	json_t *object;

	(void)row;
	if (at == MODES && mode) {
		at = 0;
		swarm__spec_put(c, mode, modes[0].name, json_object());
	}
	object = mode ? json_object_get(mode, modes[at].name) : NULL;
	if (!object || !modes[at].count)
		return mode;
	swarm__spec_put(c, object, modes[at].count, json_deep_copy(normal));
	if (strcmp(modes[at].count, "TotalCompletions") == 0)
		swarm__spec_put(c, object, "MaxConcurrent", json_deep_copy(normal));
	return mode;
}

const swarm__spec_kind swarm__kind_REPLICAS = { .expects = "a whole number",
						.parse = parse_replicas,
						.read = read_replicas,
						.write = write_replicas };
