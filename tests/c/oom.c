/* SPDX-License-Identifier: Apache-2.0 */
/* See oom.h. */
#include "oom.h"

#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *string);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *string);

static _Thread_local bool armed;
static _Thread_local bool failed;
static _Thread_local long left;

static bool refuse(void)
{
	if (!armed)
		return false;
	if (left-- != 0)
		return false;
	failed = true;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refuse() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return refuse() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *string)
{
	return refuse() ? NULL : __real_strdup(string);
}

void oom_start(long n)
{
	left = n;
	failed = false;
	armed = true;
}

void oom_start_with_jansson(long n)
{
	/* jansson is a shared library with calls of its own; hand it the wrappers. */
	json_set_alloc_funcs(__wrap_malloc, free);
	oom_start(n);
}

bool oom_stop(void)
{
	armed = false;
	json_set_alloc_funcs(__real_malloc, free);
	return failed;
}
