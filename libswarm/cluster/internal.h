/* What cluster/ offers to the folders above. */
#ifndef SWARM_CLUSTER_INTERNAL_H
#define SWARM_CLUSTER_INTERNAL_H

#include "common/internal.h"

/* --- leave.c ----------------------------------------------------------------------------- */

/* As swarm_leave(), within a deadline. */
int swarm__leave(swarm_client *client, bool force, const swarm__deadline *deadline,
		 swarm_error *err);

#endif
