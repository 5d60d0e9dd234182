/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of compose/ share. Documents go through these steps, and each step only knows what the
 * one before it made: read (documents.c, with interpolate.c and the table of keys), one form of each
 * value (canonical.c), merged (merge_files.c), variables of files (env_files.c), objects (objects.c,
 * compose_service.c). Mistakes are noted as lines, and all steps go on, so that one run tells all.
 */
#ifndef SWARM_COMPOSE_INTERNAL_H
#define SWARM_COMPOSE_INTERNAL_H

#include "base/internal.h"
#include "spec/internal.h"

#include <swarm/compose.h>

#define SWARM__NAMESPACE_LABEL "com.docker.stack.namespace"

/* One call. */
typedef struct swarm__compose {
	swarm__conversion lines; /* slips, warnings, memory that ran out */
	const swarm_compose_options *options;
	const char *stack; /* its name; borrowed */
	json_t *documents; /* as they were read, in one form */
	json_t *merged;    /* one document */
	json_t *told;      /* variables of which a warning told */
	json_t *referred; /* {section: {full name: true}} of the secrets and configs that services use */
	size_t values;      /* that were read */
	size_t bytes;       /* of texts that variables made */
	swarm_error *error; /* of a callback that ended all; its code is 0 while none did */
} swarm__compose;

/* --- keys.c: compose.def ---------------------------------------------------------------------------- */

typedef enum swarm__key_type {
	SWARM__KEY_ANY,
	SWARM__KEY_OBJECT,
	SWARM__KEY_NAMES,
	SWARM__KEY_TEXT,
	SWARM__KEY_NUMBER,
	SWARM__KEY_BOOLEAN,
	SWARM__KEY_DURATION,
	SWARM__KEY_SIZE,
	SWARM__KEY_CPUS,
	SWARM__KEY_RATIO,
	SWARM__KEY_MODE,
	SWARM__KEY_WORD,
	SWARM__KEY_COMMAND,
	SWARM__KEY_LIST,
	SWARM__KEY_HOSTS,
	SWARM__KEY_MAP,
	SWARM__KEY_ENVIRONMENT,
	SWARM__KEY_PORTS,
	SWARM__KEY_VOLUMES,
	SWARM__KEY_NETWORKS,
	SWARM__KEY_REFERENCES,
} swarm__key_type;

typedef enum swarm__key_status {
	SWARM__KEY_SUPPORTED,
	SWARM__KEY_IGNORED,
	SWARM__KEY_REFUSED,
} swarm__key_status;

typedef struct swarm__key {
	const char *path;
	swarm__key_type type;
	swarm__key_status status;
	const char *text;
} swarm__key;

/* The row of a whole document. */
const swarm__key *swarm__key_root(void);
/* The row of what is below another one: by a name, "*" or "[]". NULL: there is none. */
const swarm__key *swarm__key_below(const swarm__key *row, const char *name);
/* Is there any name below it, and not "*"? */
bool swarm__key_has_names(const swarm__key *row);
/* The name below a row that is nearest to a mistyped one. */
void swarm__key_nearest(const swarm__key *row, swarm__nearest *nearest);
/* Is an empty text no value of it? */
bool swarm__key_is_typed(const swarm__key *row);

/* --- interpolate.c ------------------------------------------------------------------------------------ */

/* text with its variables replaced, new; NULL with a slip, or without memory. */
json_t *swarm__interpolate(swarm__compose *c, const char *place, const char *text);

/* --- documents.c --------------------------------------------------------------------------------------- */

/*
 * A document as it is used: variables replaced, without keys that have no effect or are not allowed.
 * New; NULL without memory.
 */
json_t *swarm__document_read(swarm__compose *c, const json_t *document);

/* --- canonical.c, canonical_service.c: one form of each value ------------------------------------------- */

/* The whole of a document, which is changed. */
void swarm__canonical(swarm__compose *c, json_t *document);
void swarm__canonical_service(swarm__compose *c, const char *place, json_t *service);
/* A mapping or list of NAME=value as a mapping of texts, in place; inherit: a name alone gives null. */
void swarm__canonical_map(swarm__compose *c, const char *place, json_t *object, const char *name,
			  bool inherit);

/* --- merge_files.c ---------------------------------------------------------------------------------------- */

/* Merge a document over another one, which is changed. */
void swarm__merge_documents(swarm__compose *c, json_t *base, const json_t *over);

/* --- content.c: bytes of files ------------------------------------------------------------------------------ */

struct swarm_content {
	unsigned char *bytes;
	size_t size;
};

/* Fill content, which is to be cleared; false with a slip at place, or where all ends. */
bool swarm__content_read(swarm__compose *c, const char *place, const char *file,
			 swarm_content *content);
/* Wipe and free. */
void swarm__content_clear(swarm_content *content);

/* --- env_files.c --------------------------------------------------------------------------------------------- */

/* The variables of a merged service, its files under its own: {name: text, or null to inherit}. New. */
json_t *swarm__environment(swarm__compose *c, const char *place, const json_t *service);
/* A variable of the caller's; NULL: unset. */
const char *swarm__variable(const swarm__compose *c, const char *name);

/* --- objects.c: networks, secrets, configs --------------------------------------------------------------------- */

/* Name in the engine of a declared object, new; NULL where the document declares none, or without memory. */
json_t *swarm__full_name(swarm__compose *c, const char *section, const char *key);
/* {label: text} with that of the stack. New. */
json_t *swarm__stack_labels(swarm__compose *c, const json_t *labels);
/* Add what the merged document declares to the stack. used: {network: true} by key. */
void swarm__add_objects(swarm__compose *c, json_t *stack, const json_t *used);
bool swarm__is_external(const json_t *object);
/* A text, "" where it is not given; notes a slip where it is something else. */
const char *swarm__text_member(swarm__compose *c, const char *place, const json_t *object,
			       const char *name);
/* file_objects.c: the secrets or the configs of the merged document. */
void swarm__add_files(swarm__compose *c, json_t *stack, const char *section);

/* --- compose_service.c, service_words.c, stack_form.c ------------------------------------------------------------ */

/* Add a service to the stack, and the networks that it uses to used. */
void swarm__add_service(swarm__compose *c, json_t *stack, const char *key, const json_t *service,
			json_t *used);
/* A merged service in the words of spec/, with names as the engine has them. New. */
json_t *swarm__service_words(swarm__compose *c, const char *place, const char *key,
			     const json_t *service, json_t *used);
/* Make a spec, which is changed, exactly what docker/cli sends. words: what it was made of. */
void swarm__stack_form(swarm__compose *c, const char *key, const json_t *service,
		       const json_t *words, json_t *spec);

/* --- service_check.c ---------------------------------------------------------------------------------------------- */

/* May an object of this section ("services", ...) be called so in the engine? Notes a slip. */
void swarm__check_name(swarm__compose *c, const char *place, const char *section, const char *name);
/* depends_on of all services: declared, and without a circle. */
void swarm__check_order(swarm__compose *c);

/* --- compose.c ------------------------------------------------------------------------------------------------------ */

/* true, also as a text that says so. */
bool swarm__is_true(const json_t *value);
/* Wait with what is left: memory ran out, or a callback ended it. */
bool swarm__is_over(const swarm__compose *c);

#endif
