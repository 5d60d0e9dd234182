/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of bytes, with jansson as its oracle: it takes and refuses the same texts, and a row has
 * the same values and the same error as one from jansson's tree. The one difference is stated in
 * scan.h: a number that no field asks for may be of any size.
 */
#include "fuzz.h"
#include "view/internal.h"

/* Every kind of field, at every depth, with names that a fuzzer comes upon. */
typedef struct sample {
	const char *a;
	const char *bc;
	int64_t bd;
	int be;
	int f;
	const char *fgh;
	int64_t fgi;
	int fj;
	const swarm_label *labels;
} sample;

static const swarm__view_field fields[] = {
	{ "a", FIELD_STRING, true, offsetof(sample, a) },
	{ "b.c", FIELD_STRING, false, offsetof(sample, bc) },
	{ "b.d", FIELD_INTEGER, false, offsetof(sample, bd) },
	{ "b.e", FIELD_BOOL, false, offsetof(sample, be) },
	{ "f", FIELD_PRESENT, false, offsetof(sample, f) },
	{ "f.g.h", FIELD_STRING, false, offsetof(sample, fgh) },
	{ "f.g.i", FIELD_INTEGER, false, offsetof(sample, fgi) },
	{ "f.j", FIELD_PRESENT, false, offsetof(sample, fj) },
	{ "k", FIELD_LABELS, false, offsetof(sample, labels) },
};
static const swarm__view view = { "sample", sizeof(sample), sizeof(fields) / sizeof(*fields),
				  fields };

/* Does jansson take it? If not, and only because of a number's size, ret_number is set. */
static json_t *load(const char *text, size_t size, bool *ret_number)
{
	json_error_t error;
	json_t *json = NULL;

	*ret_number = false;
	/* No JSON, but jansson 2.14 overlooks a NUL byte behind a number or a word. */
	if (size && memchr(text, 0, size))
		return NULL;
	json = json_loadb(text, size, JSON_DECODE_ANY, &error);
	*ret_number = !json && json_error_code(&error) == json_error_numeric_overflow;
	return json;
}

static void same_labels(const swarm_label *one, const swarm_label *other)
{
	for (; one->name && other->name; one++, other++) {
		REQUIRE(strcmp(one->name, other->name) == 0);
		REQUIRE(strcmp(one->value, other->value) == 0);
	}
	REQUIRE(!one->name && !other->name);
}

static void same_rows(const sample *one, const sample *other)
{
	REQUIRE(strcmp(one->a, other->a) == 0);
	REQUIRE(strcmp(one->bc, other->bc) == 0);
	REQUIRE(one->bd == other->bd && one->be == other->be);
	REQUIRE(one->f == other->f && one->fj == other->fj);
	REQUIRE(strcmp(one->fgh, other->fgh) == 0);
	REQUIRE(one->fgi == other->fgi);
	same_labels(one->labels, other->labels);
}

/* One row out of a text that is one value. */
static int read_row(const char *text, size_t size, sample *row, swarm__arena *arena,
		    swarm_error *err)
{
	swarm__scan scan;
	int code;

	swarm__scan_init(&scan, text, size);
	code = swarm__row_scan(&scan, &view, row, arena, SWARM__ALONE, err);
	if (!code && !swarm__scan_end(&scan))
		code = swarm__scan_error(&scan, &view, err);
	return code;
}

static void check_row(const char *text, size_t size, const json_t *json)
{
	swarm_error got = SWARM_ERROR_INIT, want = SWARM_ERROR_INIT;
	swarm__arena arena = { NULL, NULL };
	sample row, expected;
	int code = read_row(text, size, &row, &arena, &got);

	REQUIRE(code == got.code);
	if (json) {
		REQUIRE(code ==
			swarm__row_walk(&view, json, &expected, &arena, SWARM__ALONE, &want));
		REQUIRE(strcmp(got.text, want.text) == 0);
		if (!code)
			same_rows(&row, &expected);
	} else {
		REQUIRE(code == SWARM_E_JSON);
	}
	swarm__arena_clear(&arena);
}

static void check_list(const char *text, size_t size, const json_t *json)
{
	swarm_error got = SWARM_ERROR_INIT, want = SWARM_ERROR_INIT;
	swarm_node_list *list = NULL, *expected = NULL;
	int code = swarm__node_rows(text, size, NULL, &list, &got);

	REQUIRE((code == 0) == (list != NULL) && code == got.code);
	if (json_is_array(json) || json_is_null(json)) {
		REQUIRE(code == swarm_node_view(json, &expected, &want));
		REQUIRE(strcmp(got.text, want.text) == 0);
	} else {
		REQUIRE(code == SWARM_E_JSON);
	}
	REQUIRE(!list || list->count == expected->count);
	for (size_t i = 0; list && i < list->count; i++) {
		REQUIRE(strcmp(list->nodes[i].id, expected->nodes[i].id) == 0);
		same_labels(list->nodes[i].labels, expected->nodes[i].labels);
	}
	swarm_node_list_free(list);
	swarm_node_list_free(expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	bool number;
	json_t *json = load(text, size, &number);

	/* What jansson would say of the rest is not known. */
	if (!number) {
		check_row(text, size, json);
		check_list(text, size, json);
	}
	json_decref(json);
	return 0;
}
