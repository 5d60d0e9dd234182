/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spec and a service, a line each: whatever they are, what was merged once changes nothing the second
 * time, and what a spec is already, by its own words, changes nothing at all.
 */
#include "fuzz.h"
#include "spec/internal.h"

static json_t *load(const uint8_t *data, size_t size)
{
	/* jansson 2.14 overlooks a NUL byte behind a number. */
	return size && memchr(data, 0, size) ? NULL : json_loadb((const char *)data, size, 0, NULL);
}

static bool changes(const json_t *result)
{
	return json_object_size(json_object_get(result, "changes")) != 0;
}

static void merge_twice(const json_t *spec, const json_t *service, unsigned flags)
{
	swarm_spec_options options = SWARM_SPEC_OPTIONS_INIT;
	json_t *first = NULL, *second = NULL;

	options.flags = flags | SWARM_SPEC_SHOW_ENV;
	if (swarm_spec_merge(spec, service, &options, &first, NULL))
		return;
	REQUIRE(changes(first) || !spec ||
		json_equal(json_object_get(first, "spec"), swarm__json_iterable(spec)));
	REQUIRE(swarm_spec_merge(json_object_get(first, "spec"), service, &options, &second,
				 NULL) == 0);
	REQUIRE(!changes(second));
	REQUIRE(json_equal(json_object_get(first, "spec"), json_object_get(second, "spec")));
	json_decref(first);
	json_decref(second);
}

static void merge_network_twice(const json_t *spec, const json_t *network)
{
	json_t *first = NULL, *second = NULL;

	if (swarm__network_merge(spec, network, "net", &first, NULL))
		return;
	REQUIRE(swarm__network_merge(json_object_get(first, "spec"), network, "net", &second,
				     NULL) == 0);
	REQUIRE(!changes(second));
	json_decref(first);
	json_decref(second);
}

static void merge_own_words(const json_t *spec)
{
	swarm_spec_options options = SWARM_SPEC_OPTIONS_INIT;
	json_t *words = NULL, *result = NULL;

	options.flags = SWARM_SPEC_SHOW_ENV;
	if (swarm_spec_words(spec, &options, &words, NULL))
		return;
	/* An engine stores what this library would refuse to write, such as a relative target. */
	if (swarm_spec_merge(spec, words, &options, &result, NULL) == 0)
		REQUIRE(!changes(result));
	json_decref(words);
	json_decref(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
	json_t *spec = line ? load(data, (size_t)(line - data)) : NULL;
	json_t *service = line ? load(line + 1, size - (size_t)(line - data) - 1)
			       : load(data, size);
	json_t *slips = NULL;

	if (service) {
		merge_twice(json_is_object(spec) ? spec : NULL, service, 0);
		merge_twice(json_is_object(spec) ? spec : NULL, service, SWARM_SPEC_STRICT);
		merge_network_twice(json_is_object(spec) ? spec : NULL, service);
		if (swarm_spec_check(service, NULL, &slips, NULL) == 0)
			json_decref(slips);
	}
	if (json_is_object(spec))
		merge_own_words(spec);
	json_decref(spec);
	json_decref(service);
	return 0;
}
