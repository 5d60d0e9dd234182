/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster as seen from one host: its local state, init, join, leave, settings, tokens.
 *
 * A timeout is in milliseconds for the whole function, waits included; 0 means the default named
 * with it. When it passes the error is SWARM_E_TIMEOUT. The engine continues an init, join or leave
 * after that; the local state shows how it ended.
 *
 * Besides the errors named, each function returns those of the transport and of the engine.
 */
#ifndef SWARM_CLUSTER_H
#define SWARM_CLUSTER_H

#include <swarm/client.h>
#include <swarm/token.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the engine reports about itself in /info. */
typedef enum swarm_local_state {
	SWARM_LOCAL_INACTIVE, /**< not in a swarm (also: swarm code not up yet) */
	SWARM_LOCAL_PENDING,  /**< starting, or joining */
	SWARM_LOCAL_ACTIVE,   /**< runs as a node; the managers may still not list it as a member */
	SWARM_LOCAL_ERROR,    /**< the last start failed, or the certificate has expired; not a node
				   that came up again, for which the engine itself reports error */
	SWARM_LOCAL_LOCKED    /**< a manager that needs its unlock key */
} swarm_local_state;

/** This host in the swarm, from /info. All strings are owned by the struct, never NULL. */
typedef struct swarm_local {
	swarm_local_state state;
	int manager;          /**< 1: this host has the manager part (ControlAvailable) */
	char *node_id;        /**< "" outside a swarm */
	char *node_addr;      /**< address this node is known by, "" outside a swarm */
	char *name;           /**< host name as the engine reports it to the managers */
	char *error;          /**< the engine's reason, redacted; "" without error */
	char *cluster_id;     /**< on a manager with a leader; else "" */
	char *engine_version; /**< such as "26.1.5" */
	char **managers;      /**< known manager addresses "ip:port", ends with NULL */
	char **manager_ids;   /**< their node ids, in the same order, ends with NULL */
	char **warnings;      /**< the engine's on the swarm, and a debug log; ends with NULL */
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

/** "inactive", "pending", "active", "error", "locked"; NULL for a number that is not a state. */
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
	int force_new_cluster;    /**< 1: only for a lost quorum, on one host; see swarm_init() */
	const json_t *spec;       /**< more of the cluster's spec; borrowed */
	int64_t timeout_ms;       /**< 0: 120 s */
	int force_despite_leader; /**< 1: force_new_cluster also where this host sees a leader,
				   *   which removes all other managers */
} swarm_init_options;

#define SWARM_INIT_OPTIONS_INIT                                                                    \
	{                                                                                          \
		sizeof(swarm_init_options), NULL, NULL, NULL, 0, NULL, NULL, 0, 0, 0, NULL, 0, 0   \
	}

/**
 * Create a new swarm with this host as its first manager, and wait until it is active and leads.
 *
 * If the engine is on a unix socket, the advertise address is checked to belong to this host.
 * Options that the engine accepts only together (pool and subnet size, both autolock fields) are sent
 * together.
 *
 * To recover from a lost quorum, call it with force_new_cluster on one of the remaining managers: that
 * becomes the only manager, and keeps services, secrets, configs and the worker nodes. Pass the same
 * listen_addr and advertise_addr as before. The other managers must leave by force and join again.
 * Never do it on two hosts. It is refused before anything is sent if this host is locked
 * (SWARM_E_LOCKED), or if it sees a leader (SWARM_E_MEMBER) unless force_despite_leader is set. With
 * force_despite_leader the spec is read and sent back, because the engine otherwise resets autolock
 * and the CA's rotation counter; a cluster with autolock is refused (SWARM_E_LOCKED). Autolock cannot
 * be read from a cluster without a leader: if it is on, the call fails and the engine leaves the
 * swarm, so check the key on the disk first, as the Salt module does. A manager that
 * is still starting refuses with SWARM_E_UNAVAILABLE or SWARM_E_NOT_MEMBER: restart docker there first.
 *
 * @param client       the client
 * @param options      NULL: all defaults
 * @param ret_node_id  new, the id of this node; free with free(). NULL is allowed
 * @param err          NULL or an error to fill
 * @return 0, SWARM_E_MEMBER (in a swarm already, or pending; a leader is seen), SWARM_E_LOCKED,
 *         SWARM_E_INVAL, SWARM_E_JSON (the engine names no node), SWARM_E_TIMEOUT
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
	int replace_pending;        /**< 1: if a join found pending, or in error, does not become
				     *   active in pending_ms, leave by force and join again */
	int64_t pending_ms;         /**< 0: 20 s */
	int64_t timeout_ms;         /**< 0: 120 s */
	int worker;                 /**< 1: it is an error if the token made this host a
				     *   manager; it stays one, and the text names its node */
} swarm_join_options;

#define SWARM_JOIN_OPTIONS_INIT                                                                    \
	{                                                                                          \
		sizeof(swarm_join_options), NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0,  \
			0                                                                          \
	}

/**
 * Join this host to a swarm and wait until it is active.
 *
 * Checked before anything is sent: the token's form and digest, that this host is not in a swarm, the
 * advertise address, and that a manager listens. The engine uses only the first remote address, so
 * the library tries those that listen one after the other, and all of them a second time where an
 * attempt failed for what may pass, such as a manager without a leader or an i/o timeout. A join that
 * failed so in the background is retried if the host is inactive again; if it is in error, only with
 * replace_pending. After the engine's own timeout of 20 s the engine keeps trying, and the wait here
 * continues until the deadline.
 *
 * @param client   the client
 * @param options  required
 * @param err      NULL or an error to fill
 * @return 0, SWARM_E_MEMBER (this host is in a swarm), SWARM_E_LOCKED, SWARM_E_STATE,
 *         SWARM_E_TOKEN (malformed, rotated, of another swarm, a manager's for a worker), SWARM_E_CONNECT (no manager
 *         listens; names them), SWARM_E_PENDING (deadline passed, the engine still tries),
 *         SWARM_E_INVAL
 */
int swarm_join(swarm_client *client, const swarm_join_options *options, swarm_error *err);

/**
 * Leave the swarm with this host, and wait until it is inactive. The managers are not notified: the
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
 * Check whether a manager's address accepts TCP connections. Nothing is sent.
 *
 * @param address     "host[:port]"; the default port is 2377
 * @param timeout_ms  0: 3 s
 * @param cancel      NULL or a callback, called while waiting
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

/**
 * What swarm_cluster_update() rotates besides changing the spec. What is read afterwards is another token
 * or key than before, or the call fails with SWARM_E_STATE.
 */
#define SWARM_ROTATE_WORKER_TOKEN 1U
#define SWARM_ROTATE_MANAGER_TOKEN 2U
#define SWARM_ROTATE_UNLOCK_KEY 4U

/**
 * Change the cluster's spec: read it, merge the patch, send it with the version read; if another
 * writer came first, read again and apply the patch again.
 *
 * @param patch       JSON merge patch (RFC 7396) of the Spec; NULL or {} changes nothing but rotates
 * @param rotate      SWARM_ROTATE_ flags
 * @param timeout_ms  0: 60 s
 * @param ret_change  NULL, or new reference: {"old": spec before, "new": spec sent}
 * @return 0, SWARM_E_NOT_MANAGER, SWARM_E_NO_LEADER, SWARM_E_SEQUENCE (lost each race until the
 *         deadline), SWARM_E_STATE (the engine rotated nothing)
 */
int swarm_cluster_update(swarm_client *client, const json_t *patch, unsigned rotate,
			 int64_t timeout_ms, json_t **ret_change, swarm_error *err);

/**
 * Unlock this host, a manager that locked itself when docker started, and wait until it is active.
 * The key's form is checked before it is sent. After a deadline or cancel the engine continues the
 * unlock.
 *
 * @param key         the unlock key "SWMKEY-1-..."; borrowed, wiped from every copy
 * @param timeout_ms  0: 120 s
 * @return 0, SWARM_E_KEY (malformed, or another swarm's or an older one), SWARM_E_CONFLICT (not
 *         locked), SWARM_E_NOT_MEMBER, SWARM_E_STATE (unlocked, but the start failed), SWARM_E_INVAL,
 *         SWARM_E_TIMEOUT
 */
int swarm_unlock(swarm_client *client, const char *key, int64_t timeout_ms, swarm_error *err);

/**
 * Read the unlock key, from a manager that is not locked.
 *
 * @param timeout_ms  0: 60 s
 * @param ret_key     new, secret; wipe and free with swarm_bytes_free(key, strlen(key))
 * @return 0, SWARM_E_NOT_FOUND (autolock is off), SWARM_E_NOT_MANAGER, SWARM_E_NO_LEADER
 */
int swarm_unlock_key_get(swarm_client *client, int64_t timeout_ms, char **ret_key,
			 swarm_error *err);

/**
 * Rotate the unlock key, and return the new one. The other managers fetch it by themselves; for a
 * moment the old key may still unlock one of them.
 *
 * @param timeout_ms  0: 60 s
 * @param ret_key     as for swarm_unlock_key_get()
 * @return as swarm_cluster_update(), and SWARM_E_INVAL (autolock is off)
 */
int swarm_unlock_key_rotate(swarm_client *client, int64_t timeout_ms, char **ret_key,
			    swarm_error *err);

/** Options of swarm_ca_rotate(). Start from SWARM_CA_OPTIONS_INIT. */
typedef struct swarm_ca_options {
	size_t size;
	const char *cert; /**< PEM of a root certificate of one's own; NULL: the engine makes one */
	const char *key;  /**< PEM of its private key; given with cert; wiped from every copy */
	int64_t timeout_ms; /**< 0: 300 s */
} swarm_ca_options;

#define SWARM_CA_OPTIONS_INIT                                                                      \
	{                                                                                          \
		sizeof(swarm_ca_options), NULL, NULL, 0                                            \
	}

/**
 * Rotate the root CA, and wait until the rotation is over and every node has a certificate of the new
 * one. Join tokens change with the root. A node that is down delays the rotation: remove it, or bring
 * it back. The rotation continues after a deadline or cancel.
 *
 * @param options  NULL: all defaults
 * @param err      NULL or an error to fill
 * @return 0, SWARM_E_INVAL, SWARM_E_TIMEOUT (the rotation goes on; names nodes that are not done),
 *         SWARM_E_STATE (the engine accepted the call, but the root is the same as before), and as swarm_cluster_update()
 */
int swarm_ca_rotate(swarm_client *client, const swarm_ca_options *options, swarm_error *err);

/**
 * Remove a host from its swarm completely: drain it and wait, demote it and wait, leave, and delete
 * its record. A demotion that would lose the quorum is refused before anything is changed. A cancel
 * or deadline keeps what was done so far.
 *
 * @param host        a client of the host's own engine
 * @param manager     a client of another host, which is a manager of the same swarm
 * @param timeout_ms  0: 600 s
 * @param err         NULL or an error to fill; its text says which step failed. After a failure the
 *                    call may be made again; where the host has left already, what remains is
 *                    swarm_node_remove()
 * @return 0, SWARM_E_NOT_MEMBER (the host is in no swarm), SWARM_E_NOT_FOUND (the manager does not
 *         know it), SWARM_E_QUORUM, SWARM_E_LOCKED, SWARM_E_INVAL (both clients are one host's),
 *         SWARM_E_TIMEOUT
 *
 * Thread rule: this thread uses both clients.
 */
int swarm_leave_cleanly(swarm_client *host, swarm_client *manager, int64_t timeout_ms,
			swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
