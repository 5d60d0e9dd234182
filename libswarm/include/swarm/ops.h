/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operation table: one row for each endpoint of the Engine API that the library can call.
 *
 * New rows go to the end, so that the number of an operation never changes.
 */
#ifndef SWARM_OPS_H
#define SWARM_OPS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Operations, one for each line of libswarm/ops.def. */
typedef enum swarm_op {
#define OP(symbol, name, method, path, query, body, since, result, status, timeout_ms)             \
	SWARM_OP_##symbol,
#include <swarm/ops.def>
#undef OP
} swarm_op;

/** What an operation answers. */
typedef enum swarm_result {
	SWARM_RESULT_NONE,  /**< an empty body */
	SWARM_RESULT_JSON,  /**< one JSON document */
	SWARM_RESULT_TEXT,  /**< plain text */
	SWARM_RESULT_LINES, /**< a stream of JSON documents, one a line */
	SWARM_RESULT_FRAMES /**< a stream of log frames; plain bytes where the service has a terminal */
} swarm_result;

/** One row of the table. All strings are static. See the head of ops.def for the grammar of fields. */
typedef struct swarm_op_info {
	swarm_op op;
	const char *name;   /**< "node_list" */
	const char *method; /**< "GET" */
	const char *path;   /**< "/nodes/{id}" */
	const char *query;  /**< allowed query parameters, and headers */
	const char *body;   /**< allowed top-level body fields; "" for no body */
	int since;          /**< first API 1.x that has it, as x */
	swarm_result result;
	const char *status; /**< HTTP statuses of success: "200", "200 204" */
	int64_t timeout_ms; /**< deadline unless the caller names one */
} swarm_op_info;

/** Row of an operation, NULL for a number that is none. Any thread. */
const swarm_op_info *swarm_op_get(int op);

/** Row by name such as "node_list", NULL if there is none. Any thread. */
const swarm_op_info *swarm_op_by_name(const char *name);

#ifdef __cplusplus
}
#endif

#endif
