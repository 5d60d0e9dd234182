/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views: read-only structs with the fields of the engine's answers that a C program branches on.
 * Everything else is in the JSON, which the inspect calls return; a view is never sent to the engine.
 *
 * A list is made by one of the list calls, out of the bytes as they came, or by a swarm_x_view()
 * function, out of a tree that the caller keeps. An error (SWARM_E_JSON) names the path of what is
 * wrong: "[3].Spec.Name: expected string".
 *
 * In every view strings and labels are never NULL: fields that the engine left out are "", 0 or an
 * empty list. Times are RFC 3339 texts, as the engine writes them. Everything is owned by the list and
 * may be read by any number of threads until the list is freed.
 */
#ifndef SWARM_VIEW_H
#define SWARM_VIEW_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <swarm/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A label or an option. Lists of them are sorted by name and end with a NULL name. */
typedef struct swarm_label {
	const char *name;
	const char *value;
} swarm_label;

/**
 * The value of a label.
 *
 * @param labels  borrowed; NULL is an empty list
 * @param name    borrowed
 * @return borrowed until the list is freed; NULL if there is no such label
 */
const char *swarm_label_get(const swarm_label *labels, const char *name);

/* --- nodes ------------------------------------------------------------------------------- */

/** One node. */
typedef struct swarm_node {
	const char *id;
	const char *hostname;
	const char *role;         /**< desired role: "worker" or "manager" */
	const char *availability; /**< "active", "pause" or "drain" */
	const char *state;        /**< "unknown", "down", "ready" or "disconnected" */
	const char *message;      /**< the engine's words on the state */
	const char *addr;         /**< ip as the managers see it */
	const char *engine_version;
	int member;               /**< 1: a member of the managers' raft group */
	int leader;               /**< 1: leads it */
	const char *reachability; /**< of a raft member: "reachable", "unreachable", "unknown" */
	const char *manager_addr; /**< of a raft member: "ip:port" */
	const swarm_label *labels;
} swarm_node;

/** A list of nodes. */
typedef struct swarm_node_list {
	size_t count;
	swarm_node *nodes; /**< in the engine's order */
} swarm_node_list;

/* --- services and tasks ------------------------------------------------------------------ */

/** A port that a service publishes. Lists of them end with a NULL protocol. */
typedef struct swarm_port {
	int64_t target;       /**< in the container */
	int64_t published;    /**< 0 until the engine has chosen one */
	const char *protocol; /**< "tcp", "udp" or "sctp" */
	const char *mode;     /**< "ingress" (the routing mesh) or "host" */
} swarm_port;

/** One service. */
typedef struct swarm_service {
	const char *id;
	int64_t version;
	const char *name;
	const swarm_label *labels; /**< the service's own, not its containers' */
	const char *image;         /**< with the digest, where one was pinned */
	int replicated;            /**< one of these four modes is 1 */
	int64_t replicas;          /**< of a replicated service */
	int global;
	int replicated_job;
	int64_t total_completions; /**< of a replicated job */
	int global_job;
	int64_t max_replicas; /**< most tasks on one node; 0: no limit */
	const swarm_port *ports;
	const char *update_state; /**< "" if never updated; "updating", "paused", "completed",
				       "rollback_started", "rollback_paused", "rollback_completed" */
	const char *update_message;
	int64_t running_tasks; /**< this and the next two: only in a list that asked for the status */
	int64_t desired_tasks;
	int64_t completed_tasks; /**< of a job */
	const char *updated_at;
} swarm_service;

/** A list of services. */
typedef struct swarm_service_list {
	size_t count;
	swarm_service *services; /**< in the engine's order */
} swarm_service_list;

/** One task. */
typedef struct swarm_task {
	const char *id;
	const char *service_id;
	int64_t slot;        /**< of a replicated service, from 1; 0 of a global one */
	const char *node_id; /**< "" until it is assigned */
	const char *desired_state;
	const char *state; /**< "new", "allocated", "pending", "assigned", "accepted", "preparing",
				"ready", "starting", "running", "complete", "shutdown", "failed",
				"rejected", "remove", "orphaned" */
	const char *message;   /**< the engine's words on the state */
	const char *error;     /**< why it failed */
	const char *timestamp; /**< when it came to this state */
	const char *container_id;
	int64_t exit_code;
	const char *image;
	int64_t job_iteration;
	const char *created_at;
	const swarm_label *labels;
} swarm_task;

/** A list of tasks. */
typedef struct swarm_task_list {
	size_t count;
	swarm_task *tasks; /**< in the engine's order */
} swarm_task_list;

/* --- secrets, configs and networks ------------------------------------------------------- */

/** One secret. Its data is never given back by the engine. */
typedef struct swarm_secret {
	const char *id;
	int64_t version;
	const char *name;
	const swarm_label *labels;
	const char *driver;     /**< "" if the managers hold the data */
	const char *templating; /**< the template driver; "" without */
	const char *created_at;
	const char *updated_at;
} swarm_secret;

/** A list of secrets. */
typedef struct swarm_secret_list {
	size_t count;
	swarm_secret *secrets; /**< in the engine's order */
} swarm_secret_list;

/** One config. */
typedef struct swarm_config {
	const char *id;
	int64_t version;
	const char *name;
	const swarm_label *labels;
	const char *data;       /**< base64 */
	const char *templating; /**< the template driver; "" without */
	const char *created_at;
	const char *updated_at;
} swarm_config;

/** A list of configs. */
typedef struct swarm_config_list {
	size_t count;
	swarm_config *configs; /**< in the engine's order */
} swarm_config_list;

/** One network. */
typedef struct swarm_network {
	const char *id;
	const char *name;
	const char *scope;  /**< "swarm", "global" or "local" */
	const char *driver; /**< "overlay" for the networks of services */
	const char *created;
	int internal;
	int attachable;
	int ingress;
	int enable_ipv6;
	int config_only;
	const char *config_from;    /**< the config-only network behind it; "" without */
	const swarm_label *options; /**< of the driver, such as "encrypted" */
	const swarm_label *labels;
} swarm_network;

/** A list of networks. */
typedef struct swarm_network_list {
	size_t count;
	swarm_network *networks; /**< in the engine's order */
} swarm_network_list;

/* --- the cluster ------------------------------------------------------------------------- */

/** The cluster, without its tokens. */
typedef struct swarm_cluster {
	const char *id;
	int64_t version;
	const char *name; /**< "default" */
	const swarm_label *labels;
	int autolock;
	int64_t node_cert_expiry_ns;
	int64_t task_history_limit;
	int64_t heartbeat_period_ns;
	int64_t snapshot_interval; /**< raft entries */
	int root_rotation_in_progress;
	const char *trust_root; /**< the root certificate as PEM */
	int64_t data_path_port;
	int64_t subnet_size;
	const char *created_at;
	const char *updated_at;
} swarm_cluster;

/** One cluster in the shape of a list. */
typedef struct swarm_cluster_list {
	size_t count;
	swarm_cluster *clusters;
} swarm_cluster_list;

/* --- from a tree, and free --------------------------------------------------------------- */

/**
 * View the engine's JSON, as the inspect and list calls and swarm_call_json() give it.
 *
 * @param json      an array, one object (count is 1 then), or null (count is 0); strings are
 *                  borrowed from it, so it must stay as long as the list
 * @param ret_list  new; free with the function of the same type below
 * @return 0, SWARM_E_JSON, SWARM_E_NOMEM, SWARM_E_INVAL
 *
 * Thread rule: any thread that may read the tree.
 */
int swarm_node_view(const json_t *json, swarm_node_list **ret_list, swarm_error *err);
int swarm_service_view(const json_t *json, swarm_service_list **ret_list, swarm_error *err);
int swarm_task_view(const json_t *json, swarm_task_list **ret_list, swarm_error *err);
int swarm_secret_view(const json_t *json, swarm_secret_list **ret_list, swarm_error *err);
int swarm_config_view(const json_t *json, swarm_config_list **ret_list, swarm_error *err);
int swarm_network_view(const json_t *json, swarm_network_list **ret_list, swarm_error *err);
int swarm_cluster_view(const json_t *json, swarm_cluster_list **ret_list, swarm_error *err);

/** Free a list. @param list stolen; NULL is allowed. @return NULL */
swarm_node_list *swarm_node_list_free(swarm_node_list *list);
swarm_service_list *swarm_service_list_free(swarm_service_list *list);
swarm_task_list *swarm_task_list_free(swarm_task_list *list);
swarm_secret_list *swarm_secret_list_free(swarm_secret_list *list);
swarm_config_list *swarm_config_list_free(swarm_config_list *list);
swarm_network_list *swarm_network_list_free(swarm_network_list *list);
swarm_cluster_list *swarm_cluster_list_free(swarm_cluster_list *list);

#ifdef __cplusplus
}
#endif

#endif
