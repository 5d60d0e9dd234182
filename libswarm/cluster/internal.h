/* What cluster/ offers to the folders above. */
#ifndef SWARM_CLUSTER_INTERNAL_H
#define SWARM_CLUSTER_INTERNAL_H

#include "common/internal.h"

/* --- leave.c ----------------------------------------------------------------------------- */

/* As swarm_leave(), within a deadline. */
int swarm__leave(swarm_client *client, bool force, const swarm__deadline *deadline,
		 swarm_error *err);

/* --- cluster.c --------------------------------------------------------------------------- */

/* The cluster's object without its tokens; ret_cluster may be NULL. patient: wait out an election. */
int swarm__cluster_read(swarm_client *client, bool patient, const swarm__deadline *deadline,
			json_t **ret_cluster, swarm_error *err);
/* Does the cluster's spec have autolock? 0 or SWARM_E_JSON. */
int swarm__spec_autolock(const json_t *spec, bool *ret_locks, swarm_error *err);

/* --- settings.c -------------------------------------------------------------------------- */

/* What is given of a spec, and the spec with it. 0 or SWARM_E_INVAL with the rule. */
int swarm__settings_check(const json_t *given, const json_t *merged, swarm_error *err);

#endif
