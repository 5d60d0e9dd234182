/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live PART [ARGUMENT...]: run one part of the tests on this host's engine. TAP on standard output,
 * exit 1 if a test failed, 2 if the part could not begin.
 */
#include "live.h"

swarm_client *live_client;
const char *live_arg[LIVE_ARGS] = { "", "", "", "" };
char live_token[256];

static const struct {
	const char *name;
	int (*run)(void);
	bool token; /* reads a join token from standard input */
} parts[] = {
	{ "outside", live_outside, false },
	{ "first", live_first, false },
	{ "token", live_print_token, false },
	{ "join", live_join, true },
	{ "settings", live_settings, false },
	{ "rotate-ca", live_rotate_ca, false },
	{ "lock", live_lock, false },
	{ "unlock", live_unlock, false },
	{ "leave", live_leave, false },
	{ "lost", live_lost, false },
	{ "end", live_end, false },
	{ "nodes", live_nodes, false },
	{ "twin", live_twin, false },
	{ "quorum", live_quorum, false },
	{ "leave_cleanly", live_leave_cleanly, false },
	{ "writers", live_writers, false },
	{ "objects", live_objects, false },
	{ "services", live_services, false },
	{ "events", live_events, false },
	{ "left", live_left, false },
	{ "refused", live_refused, true },
	{ "placement", live_placement, false },
};

static int run(size_t part)
{
	swarm_error err = SWARM_ERROR_INIT;
	int status;

	if (parts[part].token && !fgets(live_token, sizeof(live_token), stdin)) {
		fputs("live: a join token is needed on standard input\n", stderr);
		return 2;
	}
	live_token[strcspn(live_token, "\n")] = '\0';
	if (swarm_client_new(NULL, &live_client, &err)) {
		fprintf(stderr, "live: %s\n", err.text);
		return 2;
	}
	status = parts[part].run();
	swarm_client_free(live_client);
	return status;
}

int main(int argc, char **argv)
{
	for (int i = 2; i < argc && i - 2 < LIVE_ARGS; i++)
		live_arg[i - 2] = argv[i];
	for (size_t i = 0; argc > 1 && i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(argv[1], parts[i].name) == 0)
			return run(i);
	fputs("usage: live PART [ARGUMENT...]; see tests/live/run\n", stderr);
	return 2;
}
