/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service in compose's words against the engine's spec: convert, check, merge, compare. The engine
 * is asked nothing; names of networks, secrets and configs are resolved by what the caller gives.
 *
 * The words are those of a service in a compose file (docs/service-fields.md has the table of them).
 * Thread rule: any thread, as long as no other one changes the same trees.
 */
#ifndef SWARM_SPEC_H
#define SWARM_SPEC_H

#include <jansson.h>
#include <stddef.h>

#include <swarm/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is not given is removed, except labels that docker stack and libswarm set. */
#define SWARM_SPEC_STRICT 0x1u
/** Show the values of environment variables in the changes; they are "***" without it. */
#define SWARM_SPEC_SHOW_ENV 0x2u
/** For swarm_spec_check(): the words are those of a network, as swarm_network_apply() takes them. */
#define SWARM_SPEC_NETWORK 0x4u

/** Start from SWARM_SPEC_OPTIONS_INIT. */
typedef struct swarm_spec_options {
	size_t size;
	/** Name of the service; borrowed. Its own name as an alias of a network is not a difference. */
	const char *name;
	/**
	 * {"networks": {name: id}, "secrets": {name: id}, "configs": {name: id}}; borrowed. A name that
	 * is missing in it is an error, and so is a network with false in place of the id, which is the
	 * ingress network. NULL: names are taken as they are, and ids are not compared.
	 */
	const json_t *ids;
	unsigned flags; /**< SWARM_SPEC_... */
} swarm_spec_options;

#define SWARM_SPEC_OPTIONS_INIT                                                                    \
	{                                                                                          \
		sizeof(swarm_spec_options), NULL, NULL, 0                                          \
	}

/**
 * Check a service or a network in compose's words: unknown keys, wrong types, units, impossible
 * combinations, and the name in the options, if there is one.
 *
 * @param service    object, such as {"image": "nginx:1.27", "deploy": {"replicas": 2}}; borrowed
 * @param options    NULL, or as for swarm_spec_merge()
 * @param ret_slips  new reference: array of lines, one for each mistake; empty if there is none
 * @return 0, SWARM_E_INVAL (service is not an object, options of another size), SWARM_E_NOMEM
 */
int swarm_spec_check(const json_t *service, const swarm_spec_options *options, json_t **ret_slips,
		     swarm_error *err);

/**
 * Merge a service in compose's words into a spec. Keys that are not given stay unchanged; null removes.
 * A mapping (environment, labels, sysctls, options) is merged by key, and a key set to null is removed.
 * A list (ports, volumes, networks, secrets, configs, ...) replaces the old one. Equal values, and equal
 * elements of a list, keep the form in which the engine stores them, so that no task restarts for a
 * difference in form.
 *
 * @param spec        the engine's spec as it was read, or NULL for a new service; borrowed
 * @param service     as for swarm_spec_check(); borrowed
 * @param options     NULL: no name, no ids, no flags
 * @param ret_result  new reference: {"spec": the merged spec, equal to spec where nothing differs;
 *                    "changes": {field in compose's words: {"old": value, "new": value}};
 *                    "restarts": "no", "tasks" or "placement" (only tasks on nodes that no longer
 *                    fit); "replaces": true if the mode changes, which needs a new service;
 *                    "warnings": [line, ...]}
 * @param err         its text has the first mistakes; swarm_spec_check() gives all of them
 * @return 0, SWARM_E_INVAL, SWARM_E_JSON (spec has another shape than the engine's), SWARM_E_NOMEM
 */
int swarm_spec_merge(const json_t *spec, const json_t *service, const swarm_spec_options *options,
		     json_t **ret_result, swarm_error *err);

/**
 * An engine's spec in compose's words, normalised: merged into that spec it changes nothing.
 *
 * @param spec         the engine's spec; borrowed
 * @param options      NULL, or as for swarm_spec_merge(); with ids, networks go by their names
 * @param ret_service  new reference: object in compose's words
 * @return 0, SWARM_E_INVAL, SWARM_E_JSON, SWARM_E_NOMEM
 */
int swarm_spec_words(const json_t *spec, const swarm_spec_options *options, json_t **ret_service,
		     swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
