/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that take a client, each run with every allocation failing in turn: the error is that of
 * memory, and nothing is lost. For one file of a test program, which is linked with
 * -Wl,--wrap=swarm__json_read beside the wrappers of oom.h.
 */
#ifndef SWARM_OOM_TABLE_H
#define SWARM_OOM_TABLE_H

#include "base/internal.h"
#include "oom_parser.h"
#include "test_cluster.h"

typedef struct oom_case {
	const char *name;
	const fake_row *rows;
	int (*run)(swarm_client *client, swarm_error *err);
} oom_case;

/* One run in which allocation n fails; false if it needed fewer. */
static inline bool oom_run(const oom_case *c, long n, void (*start)(long n), int *ret_rc)
{
	fixture f = setup(c->rows);
	bool failed;

	start(n);
	*ret_rc = c->run(f.client, &f.err);
	failed = oom_stop();
	CHECK_INT(f.err.code, *ret_rc);
	swarm_client_free(f.client);
	fake_engine_stop_early(f.engine);
	return failed;
}

/* start: oom_start(), or oom_start_with_jansson() for bodies, merged specs, changes. */
static inline void oom_run_table(const oom_case *cases, size_t count, void (*start)(long n))
{
	enum { TOO_MANY = 2000 };

	for (size_t i = 0; i < count; i++) {
		long n = 0;
		int rc;

		test_row = cases[i].name;
		while (n < TOO_MANY && oom_run(&cases[i], n, start, &rc) &&
		       CHECK_INT(rc, SWARM_E_NOMEM))
			n++;
		CHECK_INT(rc, 0);
		CHECK(n > 3);
	}
}

#endif
