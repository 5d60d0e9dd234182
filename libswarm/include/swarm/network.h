/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks of services, beyond what all objects have in common (<swarm/object.h>): a network as it is
 * declared, also where that takes a new one; removal; and how full the networks are.
 *
 * Timeouts as in <swarm/cluster.h>. Beside the errors named, each function gives those of the transport
 * and of the engine, SWARM_E_NOT_MANAGER and SWARM_E_NO_LEADER. Thread rule: as for any function that
 * takes a client.
 */
#ifndef SWARM_NETWORK_H
#define SWARM_NETWORK_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include <swarm/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Where a network differs, take its services off, delete it, create it again, and put the services on.
 * Their tasks are replaced twice.
 */
#define SWARM_NETWORK_REPLACE 0x1u
/** Send nothing: the result says what would be done. */
#define SWARM_NETWORK_DRY_RUN 0x2u

/** Start from SWARM_NETWORK_OPTIONS_INIT. */
typedef struct swarm_network_options {
	size_t size;
	int64_t timeout_ms; /**< 0: 60 s, and with SWARM_NETWORK_REPLACE 300 s */
	unsigned flags;     /**< SWARM_NETWORK_... */
} swarm_network_options;

#define SWARM_NETWORK_OPTIONS_INIT                                                                 \
	{                                                                                          \
		sizeof(swarm_network_options), 0, 0                                                \
	}

/**
 * Make a network as it is declared: create it, or compare what is given with the one that is there. What
 * is not given is not compared, and kept where the network is replaced; what the engine chose (a gateway,
 * VXLAN ids) is not a difference.
 *
 * A network cannot be changed in place. With SWARM_NETWORK_REPLACE each service that uses it is taken off
 * in one update, which keeps what is needed to put it on again in the service's own label
 * "libswarm.detached.NAME"; so a run that was killed at any moment is finished by the next one, also
 * without the flag. Where the network cannot be deleted or created, the services get it back as it was.
 * Of the ingress network the published ports are taken off in the same way. Does not wait for tasks
 * (swarm_service_wait()).
 *
 * @param name        the network's exact name
 * @param network     in compose's words: driver, driver_opts, attachable, internal, ingress, enable_ipv6,
 *                    labels, ipam (driver, options, config); borrowed
 * @param options     NULL: the defaults
 * @param ret_result  new reference: {"id": text; "action": "create", "replace", "restore" (only services
 *                    were put on again) or "none"; "changes": {field: {"old", "new"}}; "services": [name of
 *                    each that was moved, or would be]}
 * @return 0, SWARM_E_INVAL (the text has the mistakes), SWARM_E_CONFLICT (it differs, and the text says in
 *         what; a container, a job or a network of this host alone is in the way; its subnets overlap those
 *         of another one), SWARM_E_STATE (the managers have no addresses for it), SWARM_E_TIMEOUT,
 *         SWARM_E_VERSION, SWARM_E_JSON
 */
int swarm_network_apply(swarm_client *client, const char *name, const json_t *network,
			const swarm_network_options *options, json_t **ret_result,
			swarm_error *err);

/**
 * Remove a network, and wait until the tasks of services that are gone have left it. An absent network is
 * not an error.
 *
 * @param name        the network's exact name
 * @param options     NULL: the defaults; SWARM_NETWORK_DRY_RUN is the only flag
 * @param ret_result  NULL, or new reference: {"id": text, "action": "remove" or "none"}
 * @return 0, SWARM_E_CONFLICT (the services or containers that use it), SWARM_E_TIMEOUT (tasks do not end)
 */
int swarm_network_remove(swarm_client *client, const char *name,
			 const swarm_network_options *options, json_t **ret_result,
			 swarm_error *err);

/**
 * How many addresses of each network are in use: those of tasks, virtual IPs of services, and one of each
 * node that has a task on the network.
 *
 * @param timeout_ms  0: 60 s
 * @param ret_rows    new reference: array of {"id", "name", "subnets": [text], "size": addresses for
 *                    tasks and services; "used", "tasks", "services", "nodes": numbers}
 * @return 0, SWARM_E_JSON
 */
int swarm_network_usage(swarm_client *client, int64_t timeout_ms, json_t **ret_rows,
			swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
