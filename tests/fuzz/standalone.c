/* SPDX-License-Identifier: Apache-2.0 */
/* Replays a folder of inputs through a fuzz target, and each of them cut at every byte. */
#include "fuzz.h"

#include <dirent.h>

enum { INPUT_SIZE = 65536 };

static size_t load(const char *folder, const char *name, uint8_t *data)
{
	char path[4096];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	REQUIRE(file != NULL);
	size = fread(data, 1, INPUT_SIZE, file);
	fclose(file);
	return size;
}

int main(int count, char **arguments)
{
	static uint8_t data[INPUT_SIZE];
	struct dirent *entry;
	int files = 0;
	DIR *folder;

	REQUIRE(count == 2);
	folder = opendir(arguments[1]);
	REQUIRE(folder != NULL);
	while ((entry = readdir(folder))) {
		size_t size;

		if (entry->d_name[0] == '.')
			continue;
		size = load(arguments[1], entry->d_name, data);
		for (size_t cut = 0; cut <= size; cut++) {
			/* A copy of this size, so that a sanitizer sees reads behind it. */
			char *copy = fuzz_string(data, cut);

			LLVMFuzzerTestOneInput((const uint8_t *)copy, cut);
			free(copy);
		}
		files++;
	}
	closedir(folder);
	REQUIRE(files > 0);
	return 0;
}
