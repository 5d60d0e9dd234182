/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Print the nodes of the swarm, as seen by the manager on this host:
 *
 *	list_nodes [unix:///var/run/docker.sock]
 */
#include <stdio.h>
#include <stdlib.h>
#include <swarm/swarm.h>

static const char *manager_status(const swarm_node *node)
{
	if (!node->member)
		return "";
	return node->leader ? "leader" : node->reachability;
}

int main(int argc, char **argv)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_client *client = NULL;
	swarm_node_list *list = NULL;

	if (argc > 1)
		options.url = argv[1];
	if (swarm_client_new(&options, &client, &err) == 0 &&
	    swarm_node_list_get(client, 0, &list, &err) == 0) {
		printf("%-25s  %-20s %-8s %-8s %-12s %s\n", "ID", "HOSTNAME", "STATUS", "AVAIL",
		       "MANAGER", "ENGINE");
		for (size_t i = 0; i < list->count; i++) {
			const swarm_node *node = &list->nodes[i];

			printf("%-25s  %-20s %-8s %-8s %-12s %s\n", node->id, node->hostname,
			       node->state, node->availability, manager_status(node),
			       node->engine_version);
		}
	}
	swarm_node_list_free(list);
	swarm_client_free(client);
	if (err.code) {
		fprintf(stderr, "list_nodes: %s (%s)\n", err.text, swarm_error_name(err.code));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
