/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects that belong together. Secrets and configs by a logical name: the engine cannot change the
 * content of one, so each content is an object of its own, a version, and the services that name an
 * older version are moved to the new one.
 *
 * The versions of NAME are found by the label libswarm.name, which equals NAME. A version is called
 * NAME-HASH, where HASH is the first 12 digits of libswarm.hash, an HMAC-SHA256 of its content,
 * template driver and driver; the highest libswarm.version is the one that was declared last.
 * Beside the errors named, each function gives those of the transport and of the engine,
 * SWARM_E_NOT_MANAGER and SWARM_E_NO_LEADER. Thread rule: as for any function that takes a client.
 */
#ifndef SWARM_STACK_H
#define SWARM_STACK_H

#include <swarm/client.h>
#include <swarm/object.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Send nothing: the result says what would be done. */
#define SWARM_VERSIONED_DRY_RUN 0x1u
/** One object, called as the logical name. Its content cannot change while a service names it. */
#define SWARM_VERSIONED_FIXED_NAME 0x2u
/**
 * Take over an object of exactly this name that has none of the labels. A secret is assumed to have
 * the given content, because no engine shows it; the content of a config is compared.
 */
#define SWARM_VERSIONED_ADOPT 0x4u
/** Leave the services of stacks to their stack: they are not moved. */
#define SWARM_VERSIONED_SPARE_STACKS 0x8u
/** Do not wait for the services that were moved: all of them change at the same time. */
#define SWARM_VERSIONED_NO_WAIT 0x10u
/** Move services that went back from this very version before, although they did not change. */
#define SWARM_VERSIONED_RETRY 0x20u

/** Start from SWARM_VERSIONED_INIT. All pointers are borrowed. */
typedef struct swarm_versioned {
	size_t size;
	const char *name; /**< 1 to 51 letters, digits, "-", "_", "."; with a fixed name up to 64 */
	const void *data; /**< the content; NULL only for a secret that a driver gives */
	size_t data_size; /**< 1 to 511,999 bytes of a secret, 1 to 1,023,999 of a config */
	const void *key;  /**< of the hash; NULL: the cluster's id, which anybody may know */
	size_t key_size;
	const char *template_driver; /**< NULL, or "golang" */
	const json_t *driver; /**< NULL, or of a secret {"Name": text, "Options": {name: text}} */
	/** NULL, or an object of strings; null removes a label. Others stay. */
	const json_t *labels;
	size_t keep;    /**< older versions that stay although no service names them */
	unsigned flags; /**< SWARM_VERSIONED_... */
	/** For the rollout of each service; 0: 300 s. Other requests: as long, but 60 s at most. */
	int64_t timeout_ms;
} swarm_versioned;

#define SWARM_VERSIONED_INIT                                                                       \
	{                                                                                          \
		sizeof(swarm_versioned), NULL, NULL, 0, NULL, 0, NULL, NULL, NULL, 1, 0, 0         \
	}

/**
 * Make a secret or config as it is declared: create a version with this content where there is none,
 * move each service that names an older version to it and wait for its tasks, one service after the
 * other by name, and remove the older versions that no service names, in its spec or in the one
 * before it. Nothing is sent where nothing differs. Stopped anywhere, it goes on when it is called
 * again.
 *
 * The first service that does not run with the new version gets its previous spec back, and those
 * behind it are not moved; it is moved again only once it has changed, or with
 * SWARM_VERSIONED_RETRY. A job is never moved, since that would run it again.
 *
 * @param kind        SWARM_KIND_SECRET or SWARM_KIND_CONFIG
 * @param what        borrowed; every copy of the data is wiped
 * @param ret_result  new reference: {"id": text ("" in a dry run); "name": of the version; "action":
 *                    "create", "replace" (a fixed name), "adopt", "return" (to an older version),
 *                    "update" (labels or services alone) or "none"; "changes": {"current": {"old":
 *                    name or null, "new": name}, "labels": {label: {"old", "new"}}, "services":
 *                    {service: {"old": name, "new": name}}, "removed": [name, ...]}, without what is
 *                    empty; "failed": null, or {"service": name, "reason": text, "rolled_back":
 *                    boolean}; "warnings": [line, ...]}. Look at "failed": a service that does not
 *                    run is not an error of the function
 * @return 0, SWARM_E_INVAL, SWARM_E_CONFLICT (another object has the name, or the content of a fixed
 *         one that is in use differs: the text says by whom), SWARM_E_VERSION, SWARM_E_SEQUENCE
 */
int swarm_versioned_put(swarm_client *client, swarm_kind kind, const swarm_versioned *what,
			json_t **ret_result, swarm_error *err);

/**
 * Remove all versions of a secret or config, and the object of exactly this name.
 *
 * @param kind        SWARM_KIND_SECRET or SWARM_KIND_CONFIG
 * @param name        the logical name
 * @param flags       0 or SWARM_VERSIONED_DRY_RUN
 * @param timeout_ms  0: 60 s
 * @param ret_result  new reference: {"removed": [name, ...]; "warnings": [line, ...]}
 * @return 0 (also if there is none), SWARM_E_CONFLICT (a service names one: the text says which; then
 *         none is removed), SWARM_E_INVAL
 */
int swarm_versioned_remove(swarm_client *client, swarm_kind kind, const char *name, unsigned flags,
			   int64_t timeout_ms, json_t **ret_result, swarm_error *err);

/**
 * Who uses a secret or config: the services that name it, or one of its versions.
 *
 * @param kind        SWARM_KIND_SECRET or SWARM_KIND_CONFIG
 * @param ref         the logical name, an object's exact name or its id
 * @param timeout_ms  0: 60 s
 * @param ret_users   new reference: array of {"service": name, "service_id": id, "name": of the object,
 *                    "id": its id, "spec": "current", "previous" or "both"}
 * @return 0, SWARM_E_NOT_FOUND, SWARM_E_INVAL
 */
int swarm_versioned_users(swarm_client *client, swarm_kind kind, const char *ref,
			  int64_t timeout_ms, json_t **ret_users, swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
