/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that runs out on purpose. The test program is linked with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup, so the wrappers replace the
 * library's own calls (its static archive), but not for libcurl's or libc's inner ones.
 *
 *	for (long n = 0; ; n++) {
 *		swarm_error err = SWARM_ERROR_INIT;
 *		... set up, with memory ...
 *		oom_start(n);
 *		code = the_call(..., &err);
 *		if (!oom_stop())
 *			break;	(it needed no more than n allocations, and went well)
 *		CHECK_INT(code, SWARM_E_NOMEM);
 *		... clean up ...
 *	}
 *
 * Only the thread that started it is concerned, so a fake engine beside it has memory.
 */
#ifndef SWARM_OOM_H
#define SWARM_OOM_H

#include <stdbool.h>

/* Let allocation number n (from 0) of the library fail, and all others succeed. */
void oom_start(long n);

/*
 * The same, counting jansson's too. jansson 2.14 does not report all of them: its parser drops the
 * character for which a string could not grow (lex_save in load.c), so a text may come out as
 * malformed, or shorter. What can be held here: no crash, no leak, and no result beside an error.
 */
void oom_start_with_jansson(long n);

/* Let all succeed again. True if one failed since the start. */
bool oom_stop(void);

#endif
