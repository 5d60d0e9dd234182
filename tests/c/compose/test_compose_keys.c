/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every key of compose's published schemas, and every row of compose.def: supported, ignored with a
 * warning, or refused with what to write instead. None falls through.
 */
#include "compose/internal.h"
#include "test.h"

enum { FEWEST = 360 };

/* The next part of a path: a name, "*" or "[]". */
static bool next_part(const char **path, char part[128])
{
	size_t length;

	*path += **path == '.';
	if (!**path)
		return false;
	length = **path == '[' ? 2 : strcspn(*path, ".[");
	snprintf(part, 128, "%.*s", (int)length, *path);
	*path += length;
	return true;
}

/* The row of a path, or that of the key above it that does not go on. */
static const swarm__key *find(const char *path)
{
	const swarm__key *row = swarm__key_root();
	char part[128];

	while (row && row->status == SWARM__KEY_SUPPORTED && next_part(&path, part))
		row = swarm__key_below(row, part);
	return row;
}

static void every_key_of_the_schemas(void)
{
	FILE *stream = fopen(SCHEMA_KEYS, "r");
	char line[256];
	int count = 0;

	if (!CHECK(stream != NULL))
		return;
	while (fgets(line, sizeof(line), stream)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line == '#' || !*line)
			continue;
		test_row = line;
		CHECK(find(line) != NULL);
		count++;
	}
	test_row = NULL;
	fclose(stream);
	CHECK(count >= FEWEST);
}

/* A document that has something at a path. */
static json_t *document_of(const char *path)
{
	char part[128];
	json_t *below;

	if (!next_part(&path, part))
		return json_string("x");
	below = document_of(path);
	if (strcmp(part, "[]") == 0)
		return json_pack("[o]", below);
	return json_pack("{s:o}", strcmp(part, "*") == 0 ? "o" : part, below);
}

static bool tells(const json_t *lines, const char *part)
{
	json_t *line;
	size_t i;

	json_array_foreach (swarm__json_iterable(lines), i, line)
		if (strstr(json_string_value(line), part))
			return true;
	return false;
}

static void check_row(const swarm__key *row)
{
	static const swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	swarm_error error = SWARM_ERROR_INIT;
	swarm__compose c = { .options = &options, .error = &error, .stack = "s" };
	json_t *document = document_of(row->path), *read;
	const char *name = strrchr(row->path, '.');

	c.lines.slips = json_array();
	c.lines.warnings = json_array();
	c.told = json_object();
	read = swarm__document_read(&c, document);
	CHECK(read != NULL);
	CHECK(!tells(c.lines.slips, "no such key"));
	CHECK(tells(c.lines.slips, "is not for a swarm") == (row->status == SWARM__KEY_REFUSED));
	CHECK((json_array_size(c.lines.warnings) == 1) == (row->status == SWARM__KEY_IGNORED));
	if (row->status == SWARM__KEY_REFUSED)
		CHECK(row->text && tells(c.lines.slips, row->text));
	if (row->status == SWARM__KEY_IGNORED)
		CHECK(tells(c.lines.warnings, name ? name + 1 : row->path));
	json_decref(read);
	json_decref(document);
	json_decref(c.told);
	json_decref(c.lines.slips);
	json_decref(c.lines.warnings);
}

static void every_row(void)
{
	int count = 0;

	for (const swarm__key *row = swarm__key_root() + 1; row->path; row++, count++) {
		const char *last = strrchr(row->path, '.');

		test_row = row->path;
		CHECK(find(row->path) == row);
		/* A name or an entry that is a mapping has its keys as rows. */
		if (last && (strcmp(last, ".*") == 0 || strchr(last, ']')) &&
		    row->type == SWARM__KEY_OBJECT)
			continue;
		check_row(row);
	}
	test_row = NULL;
	CHECK(count > 200);
}

TEST_MAIN(TEST(every_key_of_the_schemas), TEST(every_row))
