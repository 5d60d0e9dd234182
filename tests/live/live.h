/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libswarm against a real engine: what the parts of the program `live` share. A part is a set of tests
 * on one host at one moment of a cluster's life; tests/live/run calls them in turn.
 */
#ifndef SWARM_LIVE_H
#define SWARM_LIVE_H

#include <swarm/swarm.h>

#include "../c/test.h"

#define LIVE_ARGS 4
#define LIVE_KEY_FILE "/root/live.key"

/* A part: its tests use live_client, and live_arg as the command line gave it, "" where it ends. */
extern swarm_client *live_client;
extern const char *live_arg[LIVE_ARGS];
/* The join token of a part that joins, from standard input. */
extern char live_token[256];

int live_outside(void);
int live_first(void);
int live_print_token(void);
int live_refused(void);
int live_join(void);
int live_settings(void);
int live_rotate_ca(void);
int live_lock(void);
int live_unlock(void);
int live_leave(void);
int live_lost(void);
int live_end(void);
int live_nodes(void);
int live_twin(void);
int live_quorum(void);
int live_leave_cleanly(void);
int live_writers(void);
int live_objects(void);
int live_services(void);
int live_placement(void);
int live_events(void);
int live_left(void);

/* One for each file of tests, as the counters of test.h. */
static swarm_error err;

static inline bool live_check(int got, int want, const char *file, int line, const char *what)
{
	if (got != want) {
		printf("# got %s, expected %s\n", swarm_error_name(got), swarm_error_name(want));
		test_print("# ", err.text, "\n");
	}
	return test_check(got == want, file, line, what);
}

/* Does the call give the code? Its error is in err then. True if it does. */
#define GIVES(code, call)                                                                          \
	(err = (swarm_error)SWARM_ERROR_INIT, live_check((call), (code), __FILE__, __LINE__, #call))
#define WORKS(call) GIVES(0, call)

/* A line of what a real engine says, for docs/engines.md. */
static inline void live_note(const char *about, const char *text)
{
	printf("# note: %s: ", about);
	test_print("", text, "\n");
}

/* The spec of a service whose tasks run a script of busybox, in objects.c. New. */
json_t *live_service(const char *name, const char *image, const char *script, int replicas);

/* Text at a path such as "Spec.Role"; "" if it is not there. Borrowed from the tree. */
static inline const char *live_text(const json_t *json, const char *first, const char *second)
{
	const char *text = json_string_value(json_object_get(json_object_get(json, first), second));

	return text ? text : "";
}

/* The cluster as the engine has it now, new reference. */
static inline json_t *live_cluster(void)
{
	swarm_call_options call = SWARM_CALL_INIT(SWARM_OP_SWARM_INSPECT);
	json_t *cluster = NULL;

	WORKS(swarm_call_json(live_client, &call, &cluster, &err));
	return cluster;
}

static inline void live_local_is(swarm_local_state state)
{
	swarm_local *local = NULL;

	if (WORKS(swarm_local_get(live_client, 0, &local, &err)))
		CHECK_STR(swarm_local_state_name(local->state), swarm_local_state_name(state));
	swarm_local_free(local);
}

#endif
