/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Specs that a real engine stored for what docker's own CLI deployed (tests/compose/goldens): each has
 * words of compose's, and merged into the spec again these change nothing, not even a form.
 */
#include "spec/internal.h"
#include "test.h"

#include <dirent.h>

enum { FEWEST = 20 };

static int services;

static void check_service(const json_t *spec)
{
	swarm_spec_options options = SWARM_SPEC_OPTIONS_INIT;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *words = NULL, *result = NULL;

	options.flags = SWARM_SPEC_SHOW_ENV;
	services++;
	if (!CHECK_INT(swarm_spec_words(spec, &options, &words, &err), 0) ||
	    !CHECK_INT(swarm_spec_merge(spec, words, &options, &result, &err), 0)) {
		printf("# %s\n", err.text);
	} else {
		CHECK_INT(json_object_size(json_object_get(result, "changes")), 0);
		CHECK(json_equal(json_object_get(result, "spec"), swarm__json_iterable(spec)));
	}
	json_decref(result);
	/* Not even where all that is not given goes. */
	options.flags |= SWARM_SPEC_STRICT;
	if (words && CHECK_INT(swarm_spec_merge(spec, words, &options, &result, &err), 0)) {
		CHECK_INT(json_object_size(json_object_get(result, "changes")), 0);
		json_decref(result);
	}
	json_decref(words);
}

static void check_file(const char *name)
{
	char path[512];
	json_t *golden, *spec;
	const char *service;

	snprintf(path, sizeof(path), "%s/%s", GOLDENS, name);
	golden = json_load_file(path, 0, NULL);
	if (!CHECK(golden != NULL))
		return;
	json_object_foreach (json_object_get(golden, "services"), service, spec) {
		test_row = service;
		check_service(spec);
	}
	json_decref(golden);
}

static void nothing_to_change(void)
{
	DIR *folder = opendir(GOLDENS);
	struct dirent *entry;

	if (!CHECK(folder != NULL))
		return;
	while ((entry = readdir(folder)))
		if (strstr(entry->d_name, ".golden.json"))
			check_file(entry->d_name);
	closedir(folder);
	test_row = NULL;
	CHECK(services >= FEWEST);
}

TEST_MAIN(TEST(nothing_to_change))
