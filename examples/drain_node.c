/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drain a node and wait until no task runs on it. Ctrl-C gives the waiting up, not the draining.
 *
 *	drain_node NODE [SECONDS]
 *
 * NODE is an id, a host name, or "self".
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <swarm/swarm.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

static int ask(void *payload)
{
	(void)payload;
	return interrupted;
}

int main(int argc, char **argv)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_client *client = NULL;
	json_t *change = NULL;
	long seconds = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

	if (argc < 2 || argc > 3 || seconds < 0) {
		fprintf(stderr, "usage: drain_node NODE [SECONDS]\n");
		return EXIT_FAILURE;
	}
	signal(SIGINT, on_interrupt);
	options.cancel = ask;
	if (swarm_client_new(&options, &client, &err) == 0 &&
	    swarm_node_drain(client, argv[1], seconds * 1000, &change, &err) == 0)
		printf("%s is drained%s\n", argv[1],
		       json_equal(json_object_get(change, "old"), json_object_get(change, "new"))
			       ? ", and was before"
			       : "");
	json_decref(change);
	swarm_client_free(client);
	if (err.code) {
		fprintf(stderr, "drain_node: %s (%s)\n", err.text, swarm_error_name(err.code));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
