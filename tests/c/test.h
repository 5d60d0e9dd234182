/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole test framework: checks that print where they failed, and a main loop that speaks TAP.
 * A test file has functions of the form static void name(void), and ends with
 *
 *	TEST_MAIN(TEST(name), TEST(other))
 */
#ifndef SWARM_TEST_H
#define SWARM_TEST_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct test_case {
	const char *name;
	void (*run)(void);
} test_case;

static int test_failures;
/* Set in a table-driven test to name the row in the messages; reset for each test. */
static const char *test_row;

#define TEST(function)                                                                             \
	{                                                                                          \
#function, function                                                                \
	}

/* One line, whatever text contains, so that TAP is not broken. */
static inline void test_print(const char *before, const char *text, const char *after)
{
	fputs(before, stdout);
	for (; text && *text; text++)
		putchar((unsigned char)*text < ' ' ? '.' : *text);
	fputs(text ? after : "(null)", stdout);
}

static inline bool test_check(bool good, const char *file, int line, const char *what)
{
	if (good)
		return true;
	test_failures++;
	printf("# %s:%d: %s", file, line, what);
	if (test_row)
		test_print(" [", test_row, "]");
	putchar('\n');
	return false;
}

static inline bool test_check_int(long long got, long long want, const char *file, int line,
				  const char *what)
{
	if (got != want)
		printf("# got %lld, expected %lld\n", got, want);
	return test_check(got == want, file, line, what);
}

static inline bool test_check_str(const char *got, const char *want, bool part, const char *file,
				  int line, const char *what)
{
	bool good = got && want && (part ? strstr(got, want) != NULL : strcmp(got, want) == 0);

	if (!good) {
		test_print("# got      '", got, "'\n");
		test_print(part ? "# expected in it '" : "# expected '", want, "'\n");
	}
	return test_check(good, file, line, what);
}

/* Each gives true if it holds, so that a test may stop with: if (!CHECK(x)) return; */
#define CHECK(condition) test_check((condition), __FILE__, __LINE__, #condition)
#define CHECK_INT(got, want)                                                                       \
	test_check_int((long long)(got), (long long)(want), __FILE__, __LINE__, #got " == " #want)
#define CHECK_STR(got, want) test_check_str((got), (want), false, __FILE__, __LINE__, #got)
/* Is part somewhere in got? */
#define CHECK_PART(got, part) test_check_str((got), (part), true, __FILE__, __LINE__, #got)

/*
 * End a forked child, by exec: at an _exit() valgrind would call the memory of threads that did not
 * come along with the fork lost.
 */
static inline void test_end_child(bool good)
{
	execl("/bin/sh", "sh", "-c", good ? "exit 0" : "exit 1", (char *)NULL);
	_exit(2);
}

static inline int test_main(const test_case *cases, size_t count)
{
	int bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		test_failures = 0;
		test_row = NULL;
		cases[i].run();
		printf("%sok %zu %s\n", test_failures ? "not " : "", i + 1, cases[i].name);
		bad += test_failures != 0;
	}
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define TEST_MAIN(...)                                                                             \
	int main(void)                                                                             \
	{                                                                                          \
		static const test_case cases[] = { __VA_ARGS__ };                                  \
		return test_main(cases, sizeof(cases) / sizeof(cases[0]));                         \
	}

#endif
