/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom.h for tests that read JSON. For one file of a test program, which is linked with
 * -Wl,--wrap=swarm__json_read beside the wrappers of oom.h.
 */
#ifndef SWARM_OOM_PARSER_H
#define SWARM_OOM_PARSER_H

#include "base/internal.h"
#include "oom.h"

/*
 * jansson 2.14 cannot run out of memory while it parses: it drops characters, and may write past
 * the end of a string then (lex_scan_string in load.c). So its parser is spared.
 */
void *__real_malloc(size_t size);
int __real_swarm__json_read(const char *text, size_t size, swarm__budget *budget, json_t **ret_json,
			    swarm_error *err);
int __wrap_swarm__json_read(const char *text, size_t size, swarm__budget *budget, json_t **ret_json,
			    swarm_error *err);

int __wrap_swarm__json_read(const char *text, size_t size, swarm__budget *budget, json_t **ret_json,
			    swarm_error *err)
{
	json_malloc_t allocate;
	json_free_t release;
	int rc;

	json_get_alloc_funcs(&allocate, &release);
	json_set_alloc_funcs(__real_malloc, release);
	rc = __real_swarm__json_read(text, size, budget, ret_json, err);
	json_set_alloc_funcs(allocate, release);
	return rc;
}

#endif
