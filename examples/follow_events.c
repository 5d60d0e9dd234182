/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Print what happens in the swarm, from one of its managers; where that one goes away, from the next.
 * Ctrl-C ends it.
 *
 *	follow_events [URL]...
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <swarm/swarm.h>

enum { MAX_MANAGERS = 9 };

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

static int print(void *payload, swarm_client *client, const swarm_event *event, swarm_error *err)
{
	(void)payload;
	(void)err;
	if (event)
		printf("%s %s %s %s\n", event->type, event->action, event->id, event->name);
	else
		printf("connected to %s; what happened before was not seen\n",
		       swarm_client_url(client));
	return fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	swarm_client *clients[MAX_MANAGERS + 1] = { NULL };
	swarm_follow_options follow = SWARM_FOLLOW_OPTIONS_INIT;
	swarm_error err = SWARM_ERROR_INIT;
	int count = argc > 1 ? argc - 1 : 1;

	if (count > MAX_MANAGERS) {
		fprintf(stderr, "follow_events: more than %d managers\n", MAX_MANAGERS);
		return EXIT_FAILURE;
	}
	signal(SIGINT, on_interrupt);
	for (int i = 0; i < count && !err.code; i++) {
		swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;

		options.url = argc > 1 ? argv[i + 1] : NULL;
		options.cancel = ask;
		swarm_client_new(&options, &clients[i], &err);
	}
	follow.clients = clients;
	follow.on_event = print;
	if (!err.code)
		swarm_follow(&follow, &err);
	for (int i = 0; i < count; i++)
		swarm_client_free(clients[i]);
	if (err.code == 0 || err.code == SWARM_E_CANCELED)
		return EXIT_SUCCESS;
	fprintf(stderr, "follow_events: %s (%s)\n", err.text, swarm_error_name(err.code));
	return EXIT_FAILURE;
}
