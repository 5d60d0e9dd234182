/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile engine: each field of each answer replaced by something else, each answer cut, slow, lying,
 * large or deep, against each public function that asks an engine.
 */
#ifndef SWARM_HOSTILE_H
#define SWARM_HOSTILE_H

#include "fake_engine.h"

#include <swarm/swarm.h>

/* What must not be in an error, nor in freed memory that anybody prints. */
#define DIGEST "3pu6hszjas19xyp7ghgosyx9k8atbfcr8p2is99znpy26u2lkl"
#define SECRET "1awxwuwd3z9j1z3puu7rcgdbx"
#define TOKEN "SWMTKN-1-" DIGEST "-" SECRET
#define KEY_SECRET "7XJCgnXwYIcA4WzWqQ7i9VJFzY1QW3tN0r5K8m2LhPs"
#define UNLOCK_KEY "SWMKEY-1-" KEY_SECRET
/* After a rotation. */
#define NEW_SECRET "xbdgcr7uup3z1j9z3dwuwxwa1"
#define NEW_KEY_SECRET "sPhL2m8K5r0Nt3WQ1YzFJV9i7QqWzW4AcIYwXngCJX7"
#define NEW_TOKEN "SWMTKN-1-" DIGEST "-" NEW_SECRET
#define NEW_UNLOCK_KEY "SWMKEY-1-" NEW_KEY_SECRET
#define DATA "cSuoXNbxjVj8"       /* of a Docker secret */
#define PASSWORD "hunter2hunter2" /* of a registry */

/* A host's own word on itself. */
#define STATE(state, id, control)                                                                         \
	"{\"Name\":\"host1\",\"ServerVersion\":\"28.5.0\",\"Swarm\":{\"NodeID\":\"" id                    \
	"\",\"NodeAddr\":"                                                                                \
	"\"10.0.0.1\",\"LocalNodeState\":\"" state "\",\"ControlAvailable\":" control                     \
	",\"Error\":\"\","                                                                                \
	"\"RemoteManagers\":[{\"NodeID\":\"n1\",\"Addr\":\"10.0.0.1:2377\"}],\"Nodes\":3,\"Managers\":3," \
	"\"Warnings\":[\"w\"],\"Cluster\":{\"ID\":\"c1\"}}}"
#define INACTIVE STATE("inactive", "", "false")
#define LOCKED STATE("locked", "n1", "false")
#define MANAGER STATE("active", "n1", "true")
#define WORKER STATE("active", "w1", "false")

enum { TIMEOUT_MS = 200 };

/* Whoever asks by this version asks another host, which is a manager. */
#define OTHER_HOST "1.44"

/* --- functions.c ------------------------------------------------------------------------------ */

typedef struct function {
	const char *name;
	int (*run)(swarm_client *client, swarm_error *err);
	const char *before; /* this host's state until the first write, and after it */
	const char *after;
} function;

extern const function functions[];
extern const size_t functions_count;

/* An address on which a manager listens, for joins. */
void functions_open(void);

/* --- answers.c: what an engine answers that means no harm ---------------------------------------- */

fake_row answer_healthy(const function *f, const char *request, int writes);

/* --- mutate.c --------------------------------------------------------------------------------- */

/* How many mutations there are of an answer with this text. */
size_t mutations_of(const char *text);
/*
 * Mutation number n of a row; request may be quoted in it. Its strings are in *ret_text, to be freed.
 * The name, for texts.
 */
const char *mutate(fake_row *row, size_t n, const char *request, char **ret_text);

#endif
