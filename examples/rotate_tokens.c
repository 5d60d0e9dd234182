/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rotate the join tokens of the swarm, and say which cluster they belong to. The tokens themselves
 * are written to a file that only the caller may read, never to the terminal.
 *
 *	rotate_tokens FILE [unix:///var/run/docker.sock]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <swarm/swarm.h>
#include <unistd.h>

static int write_tokens(const char *path, const swarm_tokens *tokens)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	if (dprintf(fd, "worker %s\nmanager %s\n", tokens->worker, tokens->manager) < 0) {
		close(fd);
		return -1;
	}
	return close(fd);
}

int main(int argc, char **argv)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_tokens tokens = SWARM_TOKENS_INIT;
	swarm_client *client = NULL;
	int bad = 0;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: rotate_tokens FILE [URL]\n");
		return EXIT_FAILURE;
	}
	if (argc > 2)
		options.url = argv[2];
	if (swarm_client_new(&options, &client, &err) == 0 &&
	    swarm_cluster_update(client, NULL,
				 SWARM_ROTATE_WORKER_TOKEN | SWARM_ROTATE_MANAGER_TOKEN, 0, NULL,
				 &err) == 0 &&
	    swarm_tokens_get(client, 0, &tokens, &err) == 0) {
		bad = write_tokens(argv[1], &tokens);
		if (bad)
			perror(argv[1]);
		else
			printf("new tokens of cluster %s are in %s\n", tokens.cluster_id, argv[1]);
	}
	swarm_tokens_clear(&tokens);
	swarm_client_free(client);
	if (err.code)
		fprintf(stderr, "rotate_tokens: %s (%s)\n", err.text, swarm_error_name(err.code));
	return err.code || bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
