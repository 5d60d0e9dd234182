/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents of a stack, one JSON text a line: whatever they are, they convert or there are slips, never
 * both and never none, and the same a second time.
 */
#include "compose/internal.h"
#include "fuzz.h"

static int fill(void *payload, const char *file, swarm_content *content, swarm_error *err)
{
	(void)payload;
	if (strstr(file, "missing"))
		return swarm__error(err, SWARM_E_NOT_FOUND, "no such file");
	/* A file that has its own name inside: the input is in control of env files, too. */
	return swarm_content_set(content, file, strlen(file));
}

static json_t *load(const uint8_t *data, size_t size)
{
	json_t *documents = json_array();

	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t length = end ? (size_t)(end - data) : size;
		json_t *document = memchr(data, 0, length) ? NULL
							   : json_loadb((const char *)data, length,
									JSON_ALLOW_NUL, NULL);

		if (json_is_object(document) && json_array_size(documents) < 4)
			json_array_append(documents, document);
		json_decref(document);
		data += end ? length + 1 : length;
		size -= end ? length + 1 : length;
	}
	return documents;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	json_t *documents = load(data, size);
	json_t *env = json_pack("{s:s, s:s, s:s}", "A", "a", "EMPTY", "", "P", "8080:80");
	json_t *stack = NULL, *again = NULL, *warnings = NULL, *others = NULL, *slips = NULL;
	int rc;

	options.name = "s";
	options.env = env;
	options.base_dir = "/srv";
	options.content = fill;
	if (json_array_size(documents)) {
		REQUIRE(swarm_compose_check(documents, &options, &slips, NULL) == 0);
		rc = swarm_compose_convert(documents, &options, &stack, &warnings, NULL);
		REQUIRE(rc == (json_array_size(slips) ? SWARM_E_INVAL : 0));
		REQUIRE((stack == NULL) == (rc != 0));
		REQUIRE(swarm_compose_convert(documents, &options, &again, &others, NULL) == rc);
		REQUIRE(rc || (json_equal(stack, again) && json_equal(warnings, others)));
	}
	json_decref(stack);
	json_decref(again);
	json_decref(warnings);
	json_decref(others);
	json_decref(slips);
	json_decref(documents);
	json_decref(env);
	return 0;
}
