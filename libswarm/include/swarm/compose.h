/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compose documents to the objects of a stack, as docker stack deploy makes them: interpolation, checks,
 * merge of several files, conversion. The engine is asked nothing.
 *
 * A document is the JSON of a compose file; docs/compose-keys.md has the table of all keys. Where it
 * came from YAML, the loader decides what a text like 22:22 is (the execution module swarm_compose has
 * one that reads as docker does). Thread rule: any thread, as long as no other one changes the same
 * trees.
 */
#ifndef SWARM_COMPOSE_H
#define SWARM_COMPOSE_H

#include <jansson.h>
#include <stddef.h>

#include <swarm/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The bytes of one file, to be filled by a swarm_content_cb. */
typedef struct swarm_content swarm_content;

/**
 * Fill content from a file that a document names: an env_file, or the file of a config or secret.
 *
 * @param file     as it is written, such as "./files/tls.key"; whether a path is allowed is up to the
 *                 callback
 * @param content  for swarm_content_set()
 * @param err      to be filled on failure; its text becomes part of the line about the file
 * @return 0; SWARM_E_CANCELED or SWARM_E_NOMEM end the conversion; any other code is a mistake in the
 *         document, told with the others
 */
typedef int (*swarm_content_cb)(void *payload, const char *file, swarm_content *content,
				swarm_error *err);

/**
 * Copy bytes into content. The copy is wiped after use.
 *
 * @return 0, SWARM_E_NOMEM, SWARM_E_TOO_LARGE (over 1,024,000 bytes)
 */
int swarm_content_set(swarm_content *content, const void *bytes, size_t size);

/** Start from SWARM_COMPOSE_OPTIONS_INIT. All pointers are borrowed. */
typedef struct swarm_compose_options {
	size_t size;
	const char *name;    /**< of the stack; NULL: the documents have it as their key name */
	const json_t *env;   /**< object of strings: the variables; NULL: none */
	const json_t *names; /**< array of strings: what lines call the documents; NULL: no name */
	/** Absolute folder that relative sources of bind mounts are in; NULL: they are refused. */
	const char *base_dir;
	const char *home;         /**< what ~ stands for at the start of a source; NULL: refused */
	swarm_content_cb content; /**< NULL: files are refused */
	void *payload;            /**< of content */
	unsigned flags;           /**< 0 */
} swarm_compose_options;

#define SWARM_COMPOSE_OPTIONS_INIT                                                                 \
	{                                                                                          \
		sizeof(swarm_compose_options), NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0         \
	}

/**
 * Check compose documents: everything that swarm_compose_convert() would refuse.
 *
 * @param documents  array of objects; each one is merged over those before it
 * @param options    as for swarm_compose_convert()
 * @param ret_slips  new reference: array of lines "file: place: what is wrong", one for each mistake;
 *                   empty if there is none
 * @return 0, SWARM_E_INVAL (an argument, not a document), SWARM_E_CANCELED, SWARM_E_NOMEM
 */
int swarm_compose_check(const json_t *documents, const swarm_compose_options *options,
			json_t **ret_slips, swarm_error *err);

/**
 * Convert compose documents to the objects of a stack.
 *
 * @param documents     array of objects, at least one; each one is merged over those before it
 * @param options       NULL: no name, no variables, no files
 * @param ret_stack     new reference: {"name": of the stack; "services", "networks", "secrets",
 *                      "configs": {name in the engine: what the engine takes}, where a service has
 *                      names in place of the ids of networks, secrets and configs, and no replicas
 *                      if the documents name none; "external": {"networks", "secrets", "configs":
 *                      [name, ...]} which must be there already; "sources": {"secrets", "configs":
 *                      {name in the engine: {"key": of the document, "named": is its name written,
 *                      "from": "file", "environment", "content" or "driver", "value": of that key}}};
 *                      "depends_on": {service: {service: condition}}}. The content of configs is in
 *                      their Data, that of secrets is not in it
 * @param ret_warnings  NULL, or new reference: array of lines about what has no effect
 * @param err           its text has the first mistakes; swarm_compose_check() gives all of them
 * @return 0, SWARM_E_INVAL, SWARM_E_CANCELED, SWARM_E_NOMEM
 */
int swarm_compose_convert(const json_t *documents, const swarm_compose_options *options,
			  json_t **ret_stack, json_t **ret_warnings, swarm_error *err);

#ifdef __cplusplus
}
#endif

#endif
