/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs each function against each mutation of each of its answers, and watches: it returns, within its
 * deadline or soon after; its error has words, one line of UTF-8, and no secret; what is wrong with an
 * answer is never memory that ran out; and the memory of trees stays bounded.
 * The sanitizers of the build watch the rest.
 *
 * Usage: hostile [EACH [PART PARTS]]   one in EACH of the mutations, spread over all; 1: all of them,
 * which takes hours in one go. PART (from 0) of PARTS of the functions.
 */
#include "hostile.h"

#include "test.h"

#include <malloc.h>
#include <signal.h>
#include <time.h>

/* Over the deadline by so much is a function that does not look at it. */
enum { LATE_S = 20, MAX_ANSWERS = 40, MOST_MEMORY = 48 << 20 };

/* --- one run ------------------------------------------------------------------------------------ */

typedef struct run {
	const function *f;
	size_t hit; /* the answer that is mutated; MAX_ANSWERS: none */
	size_t mutation;
	bool persistent; /* also those behind it, where the same is asked */
	size_t answers;
	int writes;
	char *texts[MAX_ANSWERS]; /* of the healthy run */
	char *target;             /* what was asked for when it was hit */
	char *text;               /* of the row that is being sent */
	char name[256];
} run;

static void add_name(run *r, const char *mutation, const char *request, size_t length)
{
	char line[128] = "";

	memcpy(line, request, length < sizeof(line) ? length : sizeof(line) - 1);
	snprintf(r->name, sizeof(r->name), "%s: %s: %s%s", r->f->name, line, mutation,
		 r->persistent ? ", each time" : "");
}

/* In the engine's thread; the driver reads what it leaves when the engine has stopped. */
static fake_row give_answer(void *payload, const char *request)
{
	run *r = payload;
	size_t length = strcspn(request, "\r\n");
	bool again = r->persistent && r->target && strncmp(r->target, request, length) == 0;
	fake_row row = answer_healthy(r->f, request, r->writes);

	if (strncmp(request, "POST /v1.45/swarm/", 18) == 0 ||
	    strncmp(request, "POST /v1.45/nodes/", 18) == 0 ||
	    strncmp(request, "POST /v1.45/services/", 21) == 0 ||
	    strncmp(request, "POST /v1.45/images/", 19) == 0)
		r->writes++;
	if (r->hit == MAX_ANSWERS && r->answers < MAX_ANSWERS)
		r->texts[r->answers] = strdup(row.reply ? row.reply : "");
	if (r->answers == r->hit || again) {
		free(r->text);
		add_name(r, mutate(&row, r->mutation, request, &r->text), request, length);
		if (!r->target)
			r->target = strndup(request, length);
	}
	r->answers++;
	return row;
}

/* --- what is watched ---------------------------------------------------------------------------- */

static size_t memory_now, memory_peak;
static const char *running;

static void *count_malloc(size_t size)
{
	void *memory = malloc(size);

	memory_now += malloc_usable_size(memory);
	memory_peak = memory_now > memory_peak ? memory_now : memory_peak;
	return memory;
}

static void count_free(void *memory)
{
	if (memory)
		memory_now -= malloc_usable_size(memory);
	free(memory);
}

static void too_late(int signal)
{
	static const char text[] = "Bail out! it does not return: ";

	(void)signal;
	(void)!write(1, text, sizeof(text) - 1);
	(void)!write(1, running, strlen(running));
	(void)!write(1, "\n", 1);
	_exit(1);
}

static bool is_one_line_of_utf8(const char *text)
{
	json_t *string = json_string(text);
	bool good = string && !strpbrk(text, "\r\n\t");

	json_decref(string);
	return good;
}

static void check_error(int rc, const swarm_error *err)
{
	static const char *const secrets[] = { SECRET,         KEY_SECRET, NEW_SECRET,
					       NEW_KEY_SECRET, DATA,       PASSWORD };

	/* A wait's callback may end it with a positive number. */
	CHECK(rc >= 0 || rc == err->code);
	if (rc >= 0)
		return;
	CHECK(err->text[0] != '\0');
	CHECK(is_one_line_of_utf8(err->text));
	/* What an engine answers is not that. */
	CHECK(rc != SWARM_E_NOMEM);
	CHECK(rc != SWARM_E_INVAL);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		CHECK(!strstr(err->text, secrets[i]));
	if (test_failures)
		test_print("# error: '", err->text, "'\n");
}

/* The answers of the run are in r afterwards. */
static void run_once(run *r)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_error err = SWARM_ERROR_INIT;
	fake_engine *engine = fake_engine_start_with(give_answer, r);
	swarm_client *client = NULL;
	int before = test_failures, rc;

	options.url = fake_engine_url(engine);
	options.timeout_ms = TIMEOUT_MS;
	options.max_body = 16 << 20;
	if (!CHECK_INT(swarm_client_new(&options, &client, NULL), 0))
		return;
	snprintf(r->name, sizeof(r->name), "%s", r->f->name);
	running = r->name;
	alarm(LATE_S);
	memory_now = memory_peak = 0;
	json_set_alloc_funcs(count_malloc, count_free);
	rc = r->f->run(client, &err);
	json_set_alloc_funcs(malloc, free);
	alarm(0);
	swarm_client_free(client);
	fake_engine_stop_early(engine);
	test_row = r->name;
	check_error(rc, &err);
	CHECK(memory_peak < MOST_MEMORY);
	if (r->hit == MAX_ANSWERS)
		CHECK(rc >= 0 || rc == SWARM_E_TIMEOUT);
	if (test_failures > before)
		test_print("# in: ", r->name, "\n");
	test_row = NULL;
	free(r->text);
	free(r->target);
	r->text = r->target = NULL;
}

/* --- all of them --------------------------------------------------------------------------------- */

static size_t each = 1, seen, done;

static void mutate_answers(const run *healthy)
{
	for (size_t hit = 0; hit < healthy->answers && hit < MAX_ANSWERS; hit++) {
		size_t count = mutations_of(healthy->texts[hit]);

		for (size_t n = 0; n < count; n++) {
			run r = {
				.f = healthy->f, .hit = hit, .mutation = n, .persistent = n % 5 == 4
			};

			if (seen++ % each)
				continue;
			run_once(&r);
			done++;
		}
	}
}

static void attack(const function *f)
{
	run healthy = { .f = f, .hit = MAX_ANSWERS };

	test_failures = 0;
	done = 0;
	run_once(&healthy);
	mutate_answers(&healthy);
	for (size_t i = 0; i < MAX_ANSWERS; i++)
		free(healthy.texts[i]);
	CHECK(done > 0);
}

int main(int argc, char **argv)
{
	size_t part = 0, parts = 1;
	int bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1)
		each = strtoul(argv[1], NULL, 10);
	if (argc > 3) {
		part = strtoul(argv[2], NULL, 10);
		parts = strtoul(argv[3], NULL, 10);
	}
	if (!each || !parts)
		return EXIT_FAILURE;
	signal(SIGALRM, too_late);
	functions_open();
	printf("1..%zu\n", (functions_count + parts - 1 - part) / parts);
	for (size_t i = part; i < functions_count; i += parts) {
		attack(&functions[i]);
		printf("%sok %zu %s (%zu mutations)\n", test_failures ? "not " : "", i / parts + 1,
		       functions[i].name, done);
		bad += test_failures != 0;
	}
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
