/* SPDX-License-Identifier: Apache-2.0 */
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

/*
 * As swarm_cluster_update(), within a deadline. proven: read the cluster after the write, since nobody waits
 * for its effect. ret_key: the new unlock key where that is rotated, to be freed with
 * swarm__free_secret(); may be NULL.
 */
int swarm__cluster_update(swarm_client *client, const json_t *patch, unsigned rotate, bool proven,
			  const swarm__deadline *deadline, json_t **ret_change, char **ret_key,
			  swarm_error *err);

/* --- unlock.c ---------------------------------------------------------------------------- */

/* The unlock key in force, to be freed with swarm__free_secret(); NOT_FOUND where autolock is off. */
int swarm__unlock_key_read(swarm_client *client, const swarm__deadline *deadline, char **ret_key,
			   swarm_error *err);

/* --- rotation.c: what was rotated is another secret than before ---------------------------- */

/* The cluster's object before and after; SWARM_E_STATE names the tokens that are the same. */
int swarm__rotation_tokens(unsigned rotate, const json_t *before, const json_t *after,
			   swarm_error *err);
/* The unlock key to compare with; NULL where autolock is off. */
int swarm__rotation_key_before(swarm_client *client, const swarm__deadline *deadline,
			       char **ret_key, swarm_error *err);
/* SWARM_E_STATE where the key in force is the one before; ret_key may be NULL. */
int swarm__rotation_key_after(swarm_client *client, const swarm__deadline *deadline,
			      const char *before, char **ret_key, swarm_error *err);

/* --- settings.c -------------------------------------------------------------------------- */

/* What is given of a spec, and the spec with it. 0 or SWARM_E_INVAL with the rule. */
int swarm__settings_check(const json_t *given, const json_t *merged, swarm_error *err);

#endif
