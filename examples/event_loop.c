/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ask an engine for its version from an event loop, here poll() over one descriptor:
 *
 *	event_loop [unix:///var/run/docker.sock]
 *
 * Without an argument, DOCKER_HOST and the other docker variables name the engine.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <swarm/swarm.h>

/* What a program's loop does for each of its sources: wait for the descriptor or the time, step. */
static int run_loop(swarm_call *call, swarm_error *err)
{
	bool done = false;
	int code = 0;

	while (code == 0 && !done) {
		struct pollfd wait = { swarm_call_fd(call), POLLIN, 0 };

		poll(&wait, 1, (int)swarm_call_due_in(call));
		code = swarm_call_step(call, &done, err);
	}
	return code;
}

static int print_version(swarm_client *client, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_VERSION);
	swarm_call *call = NULL;
	char *body = NULL;
	size_t size = 0;
	int code = swarm_call_begin(client, &options, &call, err);

	if (code == 0)
		code = run_loop(call, err);
	if (code == 0)
		code = swarm_call_result(call, &body, &size, err);
	if (code == 0)
		printf("%s\n", body);
	swarm_bytes_free(body, size);
	swarm_call_free(call);
	return code;
}

int main(int argc, char **argv)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_endpoint *endpoint = NULL;
	swarm_client *client = NULL;

	if (argc > 1)
		options.url = argv[1];
	else if (swarm_endpoint_from_env(&endpoint, &err) == 0)
		swarm_endpoint_use(endpoint, &options);
	if (!err.code && swarm_client_new(&options, &client, &err) == 0)
		print_version(client, &err);
	swarm_client_free(client);
	swarm_endpoint_free(endpoint);
	if (err.code) {
		fprintf(stderr, "event_loop: %s (%s)\n", err.text, swarm_error_name(err.code));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
