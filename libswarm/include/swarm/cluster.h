/*
 * The cluster as seen from one host: its local state, init, join, leave, settings, tokens.
 *
 * A timeout is in milliseconds for the whole function, waits included; 0 means the default named
 * with it. When it passes the error is SWARM_E_TIMEOUT. The engine goes on with an init, join or
 * leave that was given up; the local state tells how it ended.
 *
 * Beside the errors named, each function gives those of the transport and of the engine.
 */
#ifndef SWARM_CLUSTER_H
#define SWARM_CLUSTER_H

#include <swarm/client.h>
#include <swarm/token.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the engine says of itself in /info. */
typedef enum swarm_local_state {
	SWARM_LOCAL_INACTIVE, /**< not in a swarm (also: swarm code not up yet) */
	SWARM_LOCAL_PENDING,  /**< starting, or a join goes on */
	SWARM_LOCAL_ACTIVE,   /**< runs as a node; says nothing of who counts it as a member */
	SWARM_LOCAL_ERROR,    /**< the last start failed, or the certificate has expired */
	SWARM_LOCAL_LOCKED    /**< a manager that wants its unlock key */
} swarm_local_state;

/** This host in the swarm, from /info. All strings are owned by the struct, never NULL. */
typedef struct swarm_local {
	swarm_local_state state;
	int manager;          /**< 1: this host has the manager part (ControlAvailable) */
	char *node_id;        /**< "" outside a swarm */
	char *node_addr;      /**< address this node is known by, "" outside a swarm */
	char *name;           /**< host name as the engine reports it to the managers */
	char *error;          /**< the engine's own words, redacted; "" without error */
	char *cluster_id;     /**< on a manager with a leader; else "" */
	char *engine_version; /**< such as "26.1.5" */
	char **managers;      /**< known manager addresses "ip:port", ends with NULL */
	char **manager_ids;   /**< their node ids, in the same order, ends with NULL */
	char **warnings;      /**< the engine's warnings on the swarm, ends with NULL */
} swarm_local;

/**
 * Read the local state. An inactive host is a success, a failed call never means "no swarm".
 *
 * @param client      the client
 * @param timeout_ms  0: 60 s. A manager without leader takes up to 20 s to answer
 * @param ret_local   new; free with swarm_local_free()
 * @param err         NULL or an error to fill
 * @return 0, or an error of the transport or the engine
 */
int swarm_local_get(swarm_client *client, int64_t timeout_ms, swarm_local **ret_local,
		    swarm_error *err);

/** Free a local state. @param local stolen; NULL is allowed. @return NULL */
swarm_local *swarm_local_free(swarm_local *local);

/** "inactive", "pending", "active", "error", "locked"; NULL for a number that is no state. */
const char *swarm_local_state_name(int state);

/** Options of swarm_init(). Start from SWARM_INIT_OPTIONS_INIT. NULL or 0: the engine's default. */
typedef struct swarm_init_options {
	size_t size;
	const char *listen_addr;    /**< "ip[:port]" or "interface[:port]"; NULL: 0.0.0.0:2377 */
	const char *advertise_addr; /**< ip or interface of this host, optionally ":port" */
	const char *data_path_addr; /**< ip or interface, for the traffic of overlay networks */
	int data_path_port;         /**< UDP port of the overlay networks, 1024 to 49151 */
	const char *availability;   /**< "active", "pause" or "drain", from the first moment */
	const char *const *default_addr_pool; /**< CIDRs, ends with NULL */
	int subnet_size;                      /**< mask length of networks cut from the pool */
	int autolock;                         /**< 1: managers lock themselves at restart */
	int force_new_cluster;                /**< 1: only for a lost quorum, on one host */
	const json_t *spec;                   /**< more of the cluster's spec; borrowed */
	int64_t timeout_ms;                   /**< 0: 120 s */
} swarm_init_options;

#define SWARM_INIT_OPTIONS_INIT                                                                    \
	{                                                                                          \
		sizeof(swarm_init_options), NULL, NULL, NULL, 0, NULL, NULL, 0, 0, 0, NULL, 0      \
	}

/**
 * Make a new swarm with this host as its first manager, and wait until it is active and leads.
 *
 * The advertise address is checked to be this host's where the engine is on a unix socket.
 * Options that the engine takes only together (pool and subnet size, both autolock fields) are sent
 * together.
 *
 * @param client       the client
 * @param options      NULL: all defaults
 * @param ret_node_id  new, the id of this node; free with free(). NULL is allowed
 * @param err          NULL or an error to fill
 * @return 0, SWARM_E_MEMBER (in a swarm already, or pending), SWARM_E_LOCKED, SWARM_E_INVAL,
 *         SWARM_E_TIMEOUT
 */
int swarm_init(swarm_client *client, const swarm_init_options *options, char **ret_node_id,
	       swarm_error *err);

/** Options of swarm_join(). Start from SWARM_JOIN_OPTIONS_INIT. */
typedef struct swarm_join_options {
	size_t size;
	const char *const *remote_addrs; /**< managers "host[:port]", ends with NULL; required */
	const char *token;       /**< join token; required, borrowed, wiped from every copy */
	const char *digest;      /**< NULL or the CA digest that the token must carry */
	const char *listen_addr; /**< as for init */
	const char *
		advertise_addr; /**< as for init; the engine itself ignores a wrong one at a join */
	const char *data_path_addr; /**< as for init */
	const char *availability;   /**< as for init */
	int manager;                /**< 1: also wait until the manager part of this host is up */
	int replace_pending;        /**< 1: a join found pending, or in error, that does not become
				     *   active in pending_ms is left by force and done anew */
	int64_t pending_ms;         /**< 0: 20 s */
	int64_t timeout_ms;         /**< 0: 120 s */
} swarm_join_options;

#define SWARM_JOIN_OPTIONS_INIT                                                                    \
	{                                                                                          \
		sizeof(swarm_join_options), NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0   \
	}

/**
 * Join this host to a swarm and wait until it is active.
 *
 * Checked before anything is sent: the token's form and digest, that this host is in no swarm, the
 * advertise address, and that a manager listens. The engine uses only the first remote address, so
 * the library tries those that listen one after the other. When the engine answers that its 20 s
 * are over it goes on by itself, and so does the wait here, until the deadline.
 *
 * @param client   the client
 * @param options  required
 * @param err      NULL or an error to fill
 * @return 0, SWARM_E_MEMBER (this host is in a swarm), SWARM_E_LOCKED, SWARM_E_STATE,
 *         SWARM_E_TOKEN (malformed, rotated, of another swarm), SWARM_E_CONNECT (no manager
 *         listens; names them), SWARM_E_PENDING (deadline passed, the engine still tries),
 *         SWARM_E_INVAL
 */
int swarm_join(swarm_client *client, const swarm_join_options *options, swarm_error *err);

/**
 * Take this host out of its swarm, and wait until it is inactive. The managers are not told: the
 * node's record stays, and goes down after about 15 s.
 *
 * @param client      the client
 * @param force       1: also as a manager, or locked, or pending
 * @param timeout_ms  0: 120 s
 * @param err         NULL or an error to fill
 * @return 0, SWARM_E_NOT_MEMBER, SWARM_E_UNAVAILABLE (a manager without force; the engine's text
 *         has the arithmetic), SWARM_E_TIMEOUT (the engine hangs: restart docker on this host)
 */
int swarm_leave(swarm_client *client, int force, int64_t timeout_ms, swarm_error *err);

/**
 * Does somebody accept TCP connections at a manager's address? Nothing is sent.
 *
 * @param address     "host[:port]", port 2377 where none is given
 * @param timeout_ms  0: 3 s
 * @param cancel      NULL or a callback, asked while waiting
 * @param payload     for cancel
 * @param err         NULL or an error to fill
 * @return 0 if accepted, SWARM_E_CONNECT (refused, unreachable), SWARM_E_TIMEOUT, SWARM_E_INVAL
 *
 * Thread rule: any thread.
 */
int swarm_probe(const char *address, int64_t timeout_ms, swarm_cancel_cb cancel, void *payload,
		swarm_error *err);

/** The join tokens of a swarm. Secret: wipe with swarm_tokens_clear(). */
typedef struct swarm_tokens {
	char *worker;
	char *manager;
	char *cluster_id;
} swarm_tokens;

#define SWARM_TOKENS_INIT                                                                          \
	{                                                                                          \
		NULL, NULL, NULL                                                                   \
	}

/**
 * Read the join tokens, from a manager.
 *
 * @param ret_tokens  filled with new strings; swarm_tokens_clear() when done
 * @return 0, SWARM_E_NOT_MANAGER, SWARM_E_NO_LEADER
 */
int swarm_tokens_get(swarm_client *client, int64_t timeout_ms, swarm_tokens *ret_tokens,
		     swarm_error *err);

/** Wipe and free the strings. The struct may be used again. @param tokens NULL is allowed */
void swarm_tokens_clear(swarm_tokens *tokens);

/** What swarm_cluster_update() rotates beside the change of the spec. */
#define SWARM_ROTATE_WORKER_TOKEN 1U
#define SWARM_ROTATE_MANAGER_TOKEN 2U
#define SWARM_ROTATE_UNLOCK_KEY 4U

/**
 * Change the cluster's spec: read it, merge the patch into what was read, send it with the index
 * read; where another writer came first, read again and apply the patch again.
 *
 * @param patch       JSON merge patch (RFC 7396) of the Spec; NULL or {} changes nothing but rotates
 * @param rotate      SWARM_ROTATE_ flags
 * @param timeout_ms  0: 60 s
 * @param ret_change  NULL, or new reference: {"old": spec before, "new": spec sent}
 * @return 0, SWARM_E_NOT_MANAGER, SWARM_E_NO_LEADER, SWARM_E_SEQUENCE (lost each race until the
 *         deadline)
 */
int swarm_cluster_update(swarm_client *client, const json_t *patch, unsigned rotate,
			 int64_t timeout_ms, json_t **ret_change, swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
