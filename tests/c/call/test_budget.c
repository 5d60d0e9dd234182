/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an answer may cost: memory, counted where jansson takes it, deadline and cancel in the middle of
 * the reading. Linked with a wrapper of clock_gettime(), so that a test sets the time.
 */
#include "test_cluster.h"

#include "view/internal.h"

#include <malloc.h>
#include <time.h>

enum { MIB = 1 << 20 };

/* --- memory that jansson has ------------------------------------------------------------------ */

static size_t now, peak;

static void *count_malloc(size_t size)
{
	void *memory = malloc(size);

	now += malloc_usable_size(memory) + 8;
	peak = now > peak ? now : peak;
	return memory;
}

static void count_free(void *memory)
{
	if (memory)
		now -= malloc_usable_size(memory) + 8;
	free(memory);
}

static void count(void)
{
	now = peak = 0;
	json_set_alloc_funcs(count_malloc, count_free);
}

static void stop_counting(void)
{
	json_set_alloc_funcs(malloc, free);
}

/* --- time ------------------------------------------------------------------------------------- */

static int64_t jump_ms; /* so much later at each look at the clock */
static int64_t jumped_ms;

int __real_clock_gettime(clockid_t clock, struct timespec *ret_now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now)
{
	int rc = __real_clock_gettime(clock, ret_now);

	jumped_ms += jump_ms;
	ret_now->tv_sec += jumped_ms / 1000;
	return rc;
}

/* --- texts ------------------------------------------------------------------------------------ */

/* "[" piece "," piece ... "]", of about size bytes. */
static char *repeat(const char *piece, size_t size, size_t *ret_size)
{
	size_t length = strlen(piece);
	char *text = malloc(size + length + 3), *at = text;

	*at++ = '[';
	while ((size_t)(at - text) < size) {
		memcpy(at, piece, length);
		at += length;
		*at++ = ',';
	}
	at[-1] = ']';
	*at = '\0';
	*ret_size = (size_t)(at - text);
	return text;
}

static const char *const dense[] = { "{}",   "[]",   "{\"\":0}",   "{\"a\":{}}",
				     "[[]]", "[{}]", "{\"\":\"\"}" };

/* What the weights say is never less than what jansson takes, and not much more. */
static void weights(void)
{
	static const char *const pieces[] = {
		"{}",
		"[]",
		"\"\"",
		"\"a text that is longer than one or two of those\"",
		"1",
		"-1.5e+3",
		"true",
		"null",
		"{\"a\":1}",
		"{\"a\":\"b\",\"c\":\"d\",\"e\":[1,2,3]}",
		"{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10}",
		"{\"a\":{\"b\":{\"c\":{}}}}",
		"\"\\u00e9\\\"\\\\\"",
	};

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		swarm__budget budget = swarm__budget_make(NULL, NULL, NULL, SIZE_MAX);
		size_t size, low = 0, high = 100 * MIB;
		char *text = repeat(pieces[i], 10000, &size);
		json_t *json = NULL;

		test_row = pieces[i];
		count();
		if (CHECK_INT(swarm__json_read(text, size, &budget, &json, NULL), 0))
			json_decref(json);
		stop_counting();
		/* The least memory with which it passes. */
		while (low + 1 < high) {
			budget.memory = low + (high - low) / 2;
			if (swarm__json_weigh(text, size, &budget, NULL))
				low = budget.memory;
			else
				high = budget.memory;
		}
		CHECK(peak <= high + 4096);
		CHECK(high < 3 * peak + 65536);
		free(text);
	}
}

static void dense_trees(void)
{
	for (size_t i = 0; i < sizeof(dense) / sizeof(dense[0]); i++) {
		swarm__budget budget = swarm__budget_make(NULL, NULL, NULL, 192 * (size_t)MIB);
		swarm_error err = SWARM_ERROR_INIT, weighed = SWARM_ERROR_INIT;
		size_t size;
		char *text = repeat(dense[i], 8 * MIB, &size);
		json_t *json = NULL;

		test_row = dense[i];
		count();
		CHECK_INT(swarm__json_read(text, size, &budget, &json, &err), SWARM_E_TOO_LARGE);
		stop_counting();
		CHECK_INT(peak, 0);
		CHECK(json == NULL);
		CHECK_PART(err.text, "bytes of memory");
		count();
		CHECK_INT(swarm__json_weigh(text, size, &budget, &weighed), SWARM_E_TOO_LARGE);
		stop_counting();
		CHECK_INT(peak, 0);
		CHECK_STR(weighed.text, err.text);
		free(text);
	}
}

/* It would keep within the memory: raising a limit does not help, and the text names none. */
static void dense_for_its_size(void)
{
	swarm__budget budget = swarm__budget_make(NULL, NULL, NULL, 192 * (size_t)MIB);
	swarm_error err = SWARM_ERROR_INIT;
	size_t size;
	char *text = repeat("{}", 2 * MIB, &size);
	json_t *json = NULL;

	CHECK_INT(swarm__json_read(text, size, &budget, &json, &err), SWARM_E_TOO_LARGE);
	CHECK(json == NULL);
	CHECK_PART(err.text, "more than 24 times its size in memory");
	CHECK(!strstr(err.text, "max_body"));
	free(text);
}

/* --- by the client ---------------------------------------------------------------------------- */

static int call_info(swarm_client *client, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_INFO);
	json_t *json = NULL;

	return swarm_call_json(client, &options, &json, err);
}

static int call_tree(swarm_client *client, swarm_error *err)
{
	json_t *json = NULL;

	return swarm_object_list(client, SWARM_KIND_SERVICE, NULL, 0, &json, err);
}

static int call_bytes(swarm_client *client, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_SERVICE_LIST);
	char *body;
	size_t size;

	return swarm_call_bytes(client, &options, &body, &size, err);
}

static int call_local(swarm_client *client, swarm_error *err)
{
	swarm_local *local = NULL;

	return swarm_local_get(client, 0, &local, err);
}

static int call_version(swarm_client *client, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_VERSION);
	json_t *json = NULL;

	return swarm_call_json(client, &options, &json, err);
}

static int call_swarm(swarm_client *client, swarm_error *err)
{
	swarm_tokens tokens;

	return swarm_tokens_get(client, 0, &tokens, err);
}

static int call_ping(swarm_client *client, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_PING);
	json_t *json = NULL;

	/* Its own limit is too short for a sanitizer on a machine that does other work. */
	options.timeout_ms = 60000;
	return swarm_call_json(client, &options, &json, err);
}

typedef struct small_case {
	const char *expect;
	int (*run)(swarm_client *client, swarm_error *err);
} small_case;

/* Answers of one host or cluster are small whatever max_body says, and a ping smaller still. */
static void small_answers(void)
{
	static const small_case cases[] = {
		{ "GET " API "/info", call_info },
		{ "GET " API "/info", call_local },
		{ "GET " API "/version", call_version },
		{ "GET " API "/swarm", call_swarm },
		{ "GET /_ping", call_ping },
	};
	size_t size;
	char *text = repeat("{}", 5 * MIB, &size);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const fake_row rows[] = { { cases[i].expect, .reply = text, .chunk = 65536 },
					  { NULL } };
		fixture f = setup(rows);

		test_row = cases[i].expect;
		count();
		CHECK_INT(cases[i].run(f.client, &f.err), SWARM_E_TOO_LARGE);
		stop_counting();
		CHECK_INT(peak, 0);
		CHECK_PART(f.err.text, cases[i].run == call_ping ? "larger than 65536 bytes"
								 : "larger than 4194304 bytes");
		teardown(&f);
	}
	free(text);
}

static void large_lists(void)
{
	static const small_case cases[] = { { "GET " API "/services", call_tree },
					    { "GET " API "/services", call_bytes } };
	size_t size;
	char *text = repeat("{}", 4 * MIB, &size);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const fake_row rows[] = { { cases[i].expect, .reply = text }, { NULL } };
		fixture f = setup(rows);

		count();
		CHECK_INT(cases[i].run(f.client, &f.err), SWARM_E_TOO_LARGE);
		stop_counting();
		CHECK_INT(peak, 0);
		CHECK_PART(f.err.text,
			   "the engine's answer to service_list: reading the answer would "
			   "take more than");
		teardown(&f);
	}
	free(text);
}

/* An error answer is a sentence, and never a tree of 60 MB. */
static void large_refusal(void)
{
	size_t size;
	char *text = repeat("{}", MIB, &size);
	const fake_row rows[] = { { "GET " API "/info", .status = 500, .reply = text }, { NULL } };
	fixture f = setup(rows);

	count();
	CHECK_INT(call_info(f.client, &f.err), SWARM_E_TOO_LARGE);
	stop_counting();
	CHECK_INT(peak, 0);
	CHECK_INT(f.err.http_status, 500);
	CHECK_STR(f.err.text, "the answer is larger than 262144 bytes");
	teardown(&f);
	free(text);
}

/* --- rows ------------------------------------------------------------------------------------- */

static size_t rows_now, rows_peak;

static void *rows_allocate(size_t size, void *payload)
{
	size_t *memory = malloc(size + 16);

	(void)payload;
	if (!memory)
		return NULL;
	*memory = size;
	rows_now += size;
	rows_peak = rows_now > rows_peak ? rows_now : rows_peak;
	return (char *)memory + 16;
}

static void rows_release(void *bytes, void *payload)
{
	size_t *memory = (size_t *)(void *)((char *)bytes - 16);

	(void)payload;
	rows_now -= *memory;
	free(memory);
}

/* The last piece of a row, many times in one. */
static char *row_of_members(const char *member, size_t size, size_t *ret_size)
{
	char *text = repeat(member, size, ret_size);
	char *row = malloc(*ret_size + 32);

	text[0] = ' ';
	text[*ret_size - 1] = '\0';
	*ret_size = (size_t)snprintf(row, *ret_size + 32, "[{\"ID\":\"a\",%s}]", text);
	free(text);
	return row;
}

/*
 * Small rows, which are refused, and one with labels or names without end, which is not: the list never
 * takes more than three times the text.
 */
static void dense_rows(void)
{
	static const swarm_allocator allocator = { rows_allocate, rows_release, NULL };

	for (int i = 0; i < 3; i++) {
		int code;
		swarm__budget budget = swarm__budget_make(NULL, NULL, NULL, 192 * (size_t)MIB);
		swarm_error err = SWARM_ERROR_INIT;
		swarm_node_list *list = NULL;
		size_t size;
		char *text = i == 0   ? repeat("{\"ID\":\"\"}", 8 * MIB, &size)
			     : i == 1 ? row_of_members("\"Spec\":{\"Labels\":{\"a\":\"\"}}",
						       8 * MIB, &size)
				      : row_of_members("\"\\u0061\":0", 8 * MIB, &size);

		budget.allocator = &allocator;
		rows_now = rows_peak = 0;
		code = swarm__node_rows(text, size, &budget, &list, &err);
		CHECK_INT(code, i ? 0 : SWARM_E_TOO_LARGE);
		CHECK_PART(err.text, i ? "" : "node list: reading the answer would take more than");
		CHECK(rows_peak < 3 * size + 2 * MIB);
		swarm_node_list_free(list);
		CHECK_INT(rows_now, 0);
		free(text);
	}
}

static void many_labels(void)
{
	swarm_error err = SWARM_ERROR_INIT;
	swarm_node_list *list = NULL;
	size_t size;
	char *labels = repeat("\"a\":\"\"", 8 * (SWARM__MAX_LABELS + 10), &size);
	char *text = malloc(size + 64);

	labels[0] = '{';
	labels[size - 1] = '}';
	size = (size_t)snprintf(text, size + 64, "[{\"ID\":\"a\",\"Spec\":{\"Labels\":%s}}]",
				labels);
	CHECK_INT(swarm__node_rows(text, size, NULL, &list, &err), SWARM_E_TOO_LARGE);
	CHECK_STR(err.text, "node list: an object has more than 100000 labels");
	free(text);
	free(labels);
}

/* --- deadline and cancel ---------------------------------------------------------------------- */

#define NODE                                                                                       \
	"{\"ID\":\"a text of some length, as a name has it\",\"Description\":{\"Platform\":"       \
	"{\"Architecture\":\"x86_64\",\"OS\":\"linux\"},\"Resources\":{\"NanoCPUs\":8000000000}}}"

static int asked;

static int stop_now(void *payload)
{
	(void)payload;
	return ++asked;
}

/* The first look at the clock begins the reading; a second goes by at each that follows. */
static void stopped_while_reading(void)
{
	for (int i = 0; i < 4; i++) {
		const bool rows = i & 1, cancel = i & 2;
		swarm__deadline deadline = swarm__deadline_in(600000, 1);
		swarm__budget budget = swarm__budget_make(&deadline, cancel ? stop_now : NULL, NULL,
							  64 * (size_t)MIB);
		swarm_error err = SWARM_ERROR_INIT;
		swarm_node_list *list = NULL;
		json_t *json = NULL;
		size_t size;
		char *text = repeat("{\"ID\":\"a text of some length, as a name has it\"}", 4 * MIB,
				    &size);
		int code;

		asked = 0;
		jump_ms = cancel ? 1000 : 60000;
		count();
		code = rows ? swarm__node_rows(text, size, &budget, &list, &err)
			    : swarm__json_read(text, size, &budget, &json, &err);
		stop_counting();
		jump_ms = jumped_ms = 0;
		CHECK_INT(code, cancel ? SWARM_E_CANCELED : SWARM_E_TIMEOUT);
		CHECK_PART(err.text,
			   cancel ? "canceled" : "the deadline passed while the answer was read");
		CHECK_INT(asked, cancel ? 1 : 0);
		/* Far from its end. */
		CHECK(peak < 4 * MIB);
		CHECK_INT(now, 0);
		CHECK(!list && !json);
		free(text);
	}
}

TEST_MAIN(TEST(weights), TEST(dense_trees), TEST(dense_for_its_size), TEST(small_answers),
	  TEST(large_lists), TEST(large_refusal), TEST(dense_rows), TEST(many_labels),
	  TEST(stopped_while_reading))
