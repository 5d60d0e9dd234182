/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client: one engine, one kept-alive connection, calls by operation.
 *
 * Thread rule for every function that takes a client: one thread at a time; different clients in
 * different threads are fine. A client that crosses a fork drops the inherited connection without
 * closing it for the parent, and opens its own.
 */
#ifndef SWARM_CLIENT_H
#define SWARM_CLIENT_H

#include <jansson.h>
#include <stdint.h>
#include <swarm/error.h>
#include <swarm/ops.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Default address of the engine. */
#define SWARM_DEFAULT_URL "unix:///var/run/docker.sock"
/** Default deadline of one request in milliseconds; an operation's row or the caller may set another. */
#define SWARM_DEFAULT_TIMEOUT_MS 60000
/**
 * Default limit of an answer in bytes. Reading it takes up to four times as much
 * memory, the answer itself included. Operations that answer little by nature have lower limits.
 */
#define SWARM_DEFAULT_MAX_BODY ((size_t)128 << 20)

typedef struct swarm_client swarm_client;

/**
 * Called several times a second while the library waits, in the caller's thread.
 *
 * @param payload  the pointer from the options
 * @return 0 to go on; anything else ends the call with SWARM_E_CANCELED. Ending a call does not undo
 *         an init, join or leave: the engine continues it.
 */
typedef int (*swarm_cancel_cb)(void *payload);

/** Whether to use TLS, and whether to verify the engine's certificate. */
typedef enum swarm_tls {
	SWARM_TLS_AUTO,     /**< verified TLS with an https URL, or if a tls_ file is given */
	SWARM_TLS_VERIFY,   /**< TLS; the engine's certificate and host name are verified */
	SWARM_TLS_NO_VERIFY /**< TLS without verification: not safe from a third party in between */
} swarm_tls;

/**
 * Memory that grows with the calls: bytes of requests, answers and streams, and the lists of rows made
 * from an answer. Not covered: the client and its strings (allocated once, by malloc), libcurl
 * and jansson (each has a setting for its whole process: curl_global_init_mem() and
 * json_set_alloc_funcs()).
 */
typedef struct swarm_allocator {
	void *(*allocate)(size_t size, void *payload); /**< as malloc; NULL: SWARM_E_NOMEM */
	void (*release)(void *memory, void *payload);  /**< as free; memory is never NULL */
	void *payload; /**< borrowed as long as the client and its lists live */
} swarm_allocator;

/** Options of swarm_client_new(). Start from SWARM_CLIENT_OPTIONS_INIT; all strings are copied. */
typedef struct swarm_client_options {
	size_t size;     /**< sizeof(swarm_client_options), set by the INIT macro */
	const char *url; /**< "unix:///path", "tcp://host:port" or "https://host:port"; NULL:
			      SWARM_DEFAULT_URL */
	const char *
		api_version; /**< such as "1.41"; NULL: negotiated with the engine at the first call */
	int64_t timeout_ms;     /**< deadline of one request in ms; 0: the operation's own */
	size_t max_body;        /**< largest answer in bytes; 0: SWARM_DEFAULT_MAX_BODY */
	swarm_cancel_cb cancel; /**< NULL: nothing can cancel */
	void *cancel_payload;   /**< handed to cancel; borrowed as long as the client lives */
	swarm_tls tls;          /**< needs a libcurl with TLS */
	const char *tls_ca;     /**< PEM file of the CAs to trust; NULL: those of the system */
	const char *tls_cert;   /**< PEM file of this client's certificate; NULL: none is sent */
	const char *tls_key;    /**< PEM file of its key, without passphrase; NULL if tls_cert is */
	const swarm_allocator *allocator; /**< copied; NULL: malloc and free */
} swarm_client_options;

#define SWARM_CLIENT_OPTIONS_INIT                                                                  \
	{                                                                                          \
		sizeof(swarm_client_options), NULL, NULL, 0, 0, NULL, NULL, SWARM_TLS_AUTO, NULL,  \
			NULL, NULL, NULL                                                           \
	}

/**
 * Make a client. No connection is opened yet.
 *
 * @param options     NULL: all defaults
 * @param ret_client  new client; free with swarm_client_free()
 * @param err         NULL or an error to fill
 * @return 0, SWARM_E_INVAL (unknown URL scheme, bad version, TLS not supported by this libcurl),
 *         SWARM_E_NOMEM
 */
int swarm_client_new(const swarm_client_options *options, swarm_client **ret_client,
		     swarm_error *err);

/**
 * Close the connection and free the client.
 *
 * @param client  stolen; NULL is allowed
 * @return NULL, always
 */
swarm_client *swarm_client_free(swarm_client *client);

/** The URL of the client's engine; borrowed as long as the client lives. */
const char *swarm_client_url(const swarm_client *client);

/**
 * The API version in use, such as "1.45": the pinned one, or the lower of the engine's and ours.
 *
 * @param client       the client; asks the engine if that was not done yet
 * @param ret_version  borrowed as long as the client lives
 * @param err          NULL or an error to fill
 * @return 0, or an error of the transport
 */
int swarm_client_api_version(swarm_client *client, const char **ret_version, swarm_error *err);

/** A call in progress, see <swarm/loop.h>. */
typedef struct swarm_call swarm_call;

/** A name and its value: a query parameter, a filter. A list of them ends with a NULL name. */
typedef struct swarm_pair {
	const char *name;
	const char *value;
} swarm_pair;

/** One call by operation. Start from SWARM_CALL_INIT(op); everything in it is borrowed for the call. */
typedef struct swarm_call_options {
	size_t size;
	swarm_op op;    /**< which operation */
	const char *id; /**< for the placeholder in the path; percent-encoded by the library */
	const swarm_pair *query; /**< NULL or a list that ends with a NULL name */
	const json_t *body;      /**< NULL or the JSON body */
	int64_t timeout_ms;      /**< 0: the client's, else the operation's */
	/**
	 * NULL, or credentials for a registry if the operation's row has X-Registry-Auth: an object
	 * with username, password and serveraddress, or identitytoken, or registrytoken. Encoded by the
	 * library. Secret: the library wipes its copies, and blanks values of 8 characters or more in
	 * error texts.
	 */
	const json_t *registry_auth;
} swarm_call_options;

#define SWARM_CALL_INIT(op)                                                                        \
	{                                                                                          \
		sizeof(swarm_call_options), (op), NULL, NULL, NULL, 0, NULL                        \
	}

/**
 * Call an operation and return the bytes of its answer.
 *
 * Path, query and top-level body fields are checked against the operation's row before anything is
 * sent: missing, unknown, wrong type, or too new for the engine's API version. Deeper body
 * fields are checked for their version only. The engine itself silently drops fields that it does not
 * know. An operation that answers a stream (SWARM_RESULT_LINES, SWARM_RESULT_FRAMES) is refused.
 *
 * @param client    the client
 * @param options   what to call
 * @param ret_body  new, NUL-terminated (the NUL is not counted); free with swarm_bytes_free(), or
 *                  release to the client's allocator; an empty answer gives an empty string
 * @param ret_size  its length in bytes
 * @param err       NULL or an error to fill
 * @return 0, SWARM_E_INVAL, SWARM_E_VERSION, or any error of the transport or the engine
 */
int swarm_call_bytes(swarm_client *client, const swarm_call_options *options, char **ret_body,
		     size_t *ret_size, swarm_error *err);

/**
 * Call an operation and return its answer as JSON.
 *
 * @param ret_json  new reference; json_null() for an empty answer. NULL: the answer is dropped
 * @return as swarm_call_bytes(), and SWARM_E_JSON (also for integers over 2^63-1, which jansson
 *         refuses; the bytes call still works then)
 */
int swarm_call_json(swarm_client *client, const swarm_call_options *options, json_t **ret_json,
		    swarm_error *err);

/**
 * Wipe and free bytes that the library returned.
 *
 * If the client has the caller's allocator, the caller wipes and releases the bytes instead.
 *
 * @param bytes  stolen; NULL is allowed
 * @param size   how many bytes to wipe
 */
void swarm_bytes_free(char *bytes, size_t size);

/** Version of the library, such as "0.1.0"; static. */
const char *swarm_version(void);

#ifdef __cplusplus
}
#endif

#endif
