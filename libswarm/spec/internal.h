/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of spec/ share: the table of fields, the kinds of values, and one conversion on its
 * way. Asks nothing of an engine.
 *
 * Each value has a normal form: one JSON value for all spellings that mean the same thing. What is
 * compared is always two normal forms.
 */
#ifndef SWARM_SPEC_INTERNAL_H
#define SWARM_SPEC_INTERNAL_H

#include "base/internal.h"

#include <swarm/spec.h>

/* Longest name or path of a field, with its NUL. */
#define SWARM__MAX_PATH_NAME 128

/* Longest place of a value in a text, such as "volumes[3].volume.driver_opts.device". */
#define SWARM__MAX_PLACE 256

/* swarmkit (api/validation) takes less than so many bytes of content. */
enum {
	SWARM__MAX_SECRET = 500 * 1024,
	SWARM__MAX_CONFIG = 1000 * 1024,
};

/* One call. A function that runs out of memory says so here, and its result is not used. */
typedef struct swarm__conversion {
	const swarm_spec_options *options;
	json_t *slips;         /* lines about the caller's words */
	json_t *warnings;      /* lines about what is taken, but has no effect */
	const char *malformed; /* path in the engine's spec that has another shape; NULL: none */
	bool nomem;
} swarm__conversion;

typedef struct swarm__spec_row swarm__spec_row;

/*
 * A kind of value. Functions give a new reference; NULL is "nothing set", or the conversion says what
 * went wrong.
 */
typedef struct swarm__spec_kind {
	const char *expects; /* for texts and the table in the docs: "a duration such as 1m30s" */
	/* From the caller's words; place is where they are. */
	json_t *(*parse)(swarm__conversion *c, const swarm__spec_row *row, const char *place,
			 const json_t *given);
	/* From the engine's spec. */
	json_t *(*read)(swarm__conversion *c, const swarm__spec_row *row, const json_t *stored);
	/* To the engine's spec; stored is what is there now, or NULL. */
	json_t *(*write)(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal,
			 const json_t *stored);
	/* To the caller's words; of a keyed kind one entry. NULL: as it is. */
	json_t *(*show)(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal);
	/* All of a keyed kind to the caller's words, where entries alone would not do. NULL: they do. */
	json_t *(*show_all)(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal);
	/* Of a keyed kind: a key as callers know it, for reports. NULL: as it is. */
	const char *(*show_key)(const swarm__conversion *c, const char *key);
	/* NULL: equal normal forms. */
	bool (*same)(const json_t *have, const json_t *want);
	bool keyed;  /* the normal form is an object, and changes are reported by its keys */
	bool merged; /* what is given goes over what is there, key by key */
} swarm__spec_kind;

enum {
	SWARM__SPEC_TASK = 1,
	SWARM__SPEC_PLACEMENT = 2,
	SWARM__SPEC_ZERO = 4,
	SWARM__SPEC_PARENT = 8,
	SWARM__SPEC_HIDDEN = 16,
	SWARM__SPEC_SENT = 32,
	SWARM__SPEC_OTHER = 64,
};

struct swarm__spec_row {
	const char *name;
	const char *path;
	const swarm__spec_kind *kind;
	const char *detail;
	const char *unset;
	unsigned flags;
};

/* --- table.c ------------------------------------------------------------------------------------ */

typedef enum swarm__spec_table {
	SWARM__SPEC_SERVICE,
	SWARM__SPEC_PORT,
	SWARM__SPEC_VOLUME,
	SWARM__SPEC_NETWORK,
	SWARM__SPEC_SECRET,
	SWARM__SPEC_CONFIG,
	SWARM__SPEC_OVERLAY,
} swarm__spec_table;

/* The rows of a table; the one after the last has no name. */
const swarm__spec_row *swarm__spec_rows(swarm__spec_table table);
/* NULL if the table has no such name for callers. */
const swarm__spec_row *swarm__spec_find(swarm__spec_table table, const char *name);
/* In what the caller gave: a healthcheck is not to be disabled, and has no test there. */
#define SWARM__SPEC_ENABLE "healthcheck.disable"
/*
 * The caller's words to {name: normal form, or null where it is to be removed}, into flat. place: of
 * given itself, "" for a service.
 */
void swarm__spec_parse(swarm__conversion *c, swarm__spec_table table, const char *place,
		       const json_t *given, json_t *flat);
/* The engine's words to {name: normal form} of what is set there; NULL without memory. */
json_t *swarm__spec_read(swarm__conversion *c, swarm__spec_table table, const json_t *stored);
/* The normal form that holds: normal, or what the engine does without one. May be NULL. New. */
json_t *swarm__spec_effective(swarm__conversion *c, const swarm__spec_row *row,
			      const json_t *normal);
/* The effect of changes, given by their names, on tasks: "no", "placement" or "tasks". */
const char *swarm__spec_restarts(const json_t *changes);
bool swarm__spec_same(const swarm__spec_row *row, const json_t *have, const json_t *want);
/* {name: normal form} back to the caller's nested words, into words. */
void swarm__spec_show(swarm__conversion *c, const swarm__spec_row *row, const json_t *normal,
		      json_t *words);

/* --- conversion.c: what went wrong, trees by dotted paths, and memory ----------------------------- */

void swarm__slip(swarm__conversion *c, const char *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* What went wrong, as one error, the worst first; 0 where nothing did. */
/*
 * Does a line say that a key of the mapping at place is not one, and was meant for this name? name: NULL for
 * any. A line may begin with the name of a file.
 */
bool swarm__is_mistyped(const swarm__conversion *c, const char *place, const char *name);
int swarm__spec_judge(const swarm__conversion *c, swarm_error *err);
void swarm__spec_warn(swarm__conversion *c, const char *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The slip that a value is not what its kind expects. Returns NULL. */
json_t *swarm__slip_expects(swarm__conversion *c, const char *place, const char *expects,
			    const json_t *given);
/* Mark the engine's spec as malformed at this row. Returns NULL. */
json_t *swarm__spec_malformed(swarm__conversion *c, const swarm__spec_row *row);
/* json, which is new; NULL is noted as memory that ran out. */
json_t *swarm__spec_new(swarm__conversion *c, json_t *json);
/* Set a member; value is stolen, NULL is noted as memory that ran out. */
void swarm__spec_put(swarm__conversion *c, json_t *object, const char *name, json_t *value);
/* Append to an array, in the same way. */
void swarm__spec_add(swarm__conversion *c, json_t *array, json_t *value);
/* Set what is at a dotted path, with the objects on the way; value is stolen. */
void swarm__spec_put_at(swarm__conversion *c, json_t *tree, const char *path, json_t *value);
void swarm__spec_remove_at(json_t *tree, const char *path);
/* "place.name", cut if it is too long. */
void swarm__spec_place(char place[SWARM__MAX_PLACE], const char *before, const char *name);
/* A scalar as the text that was written; NULL if it is not a scalar (nothing is noted), or memory. */
json_t *swarm__spec_text(swarm__conversion *c, const json_t *scalar);
/* What a kind writes whose normal form is the engine's. */
json_t *swarm__spec_write_copy(swarm__conversion *c, const swarm__spec_row *row,
			       const json_t *normal, const json_t *stored);
/* An array of texts as a set: sorted, each one once. */
json_t *swarm__spec_sorted(swarm__conversion *c, const json_t *array);

/* --- units.c: texts with units; false if the text has another form ------------------------------ */

bool swarm__parse_duration(const char *text, int64_t *ret_ns);
bool swarm__parse_size(const char *text, int64_t *ret_bytes);
bool swarm__parse_cpus(const char *text, int64_t *ret_nano);
bool swarm__parse_integer(const char *text, int64_t *ret_number);
void swarm__show_duration(int64_t ns, char text[64]);
void swarm__show_size(int64_t bytes, char text[64]);
void swarm__show_cpus(int64_t nano, char text[64]);

/* --- command_line.c: its words, as docker splits it -------------------------------------------------- */

/* New array; NULL with *ret_why where the text has an open quote or escape, or without memory. */
json_t *swarm__split_words(const char *text, const char **ret_why);

/* --- patch_check.c: a patch in the engine's own names ------------------------------------------------- */

/* All names, types and words in it that a service does not have, as one error. 0, SWARM_E_INVAL or SWARM_E_NOMEM. */
int swarm__spec_patch_check(const json_t *patch, swarm_error *err);

/* --- credential_spec.c -------------------------------------------------------------------------------- */

/* Refer to the config of the credential spec, and no more to the one in before (NULL: none). 0, or -1. */
int swarm__spec_settle_credentials(const json_t *before, json_t *spec,
				   const swarm_spec_options *options);

/* --- engine_rules.c: a whole spec in the engine's own words ------------------------------------------- */

/*
 * All that the managers would refuse of patched, and not of spec, which it was made of, as one error. before:
 * NULL, or the spec whose mode must stay. 0, SWARM_E_INVAL or SWARM_E_NOMEM.
 */
int swarm__spec_check_engine(const json_t *before, const json_t *spec, const json_t *patched,
			     swarm_error *err);

/* --- nearest.c --------------------------------------------------------------------------------------- */

/* Keeps in *best (NULL before the first) the name nearest to word, as far as one would mistype it. */
typedef struct swarm__nearest {
	const char *word;
	char best[64]; /* "" while none is near */
	size_t distance;
} swarm__nearest;
void swarm__nearest_try(swarm__nearest *nearest, const char *name, size_t length);
/* Each of words that blanks separate. */
void swarm__nearest_among(swarm__nearest *nearest, const char *words);

/* Words that blanks separate as "a, b or c"; longer text is cut. */
enum { SWARM__MAX_WORDS = 256 };
void swarm__words_text(char *text, size_t size, const char *words);
/* "WHAT must be a, b or c, not 'given'", with the nearest word; what may be "". */
void swarm__slip_choice(swarm__conversion *c, const char *place, const char *what,
			const char *words, const char *given);

/* --- scalars.c, list_fields.c: what the kinds in other files share ----------------------------------- */

/* A text that is not empty, from one or from a number; NULL with a slip, or where it is empty. */
json_t *swarm__spec_text_of(swarm__conversion *c, const char *place, const char *expects,
			    const json_t *given);
/* NULL for a zero that is as good as none. */
json_t *swarm__spec_number(swarm__conversion *c, const swarm__spec_row *row, int64_t value);
/* NULL for an empty array, which is as good as none; array is stolen. */
json_t *swarm__spec_some(json_t *array);
/* The same of an array of texts as a set. */
json_t *swarm__spec_set(swarm__conversion *c, json_t *array);
/* An array of texts, from a list or from one text; numbers become texts. With a slip it is empty, so that
 * what is in it has the index that is written. */
json_t *swarm__spec_texts(swarm__conversion *c, const char *place, const char *expects,
			  const json_t *given);
/* "place[2]", or the place itself of one text in place of a list. */
void swarm__spec_item(char at[SWARM__MAX_PLACE], const char *place, size_t index,
		      const json_t *given);

/*
 * --- the kinds: scalars.c, element_fields.c, credential_spec.c, list_fields.c, placement_fields.c, mapping_fields.c,
 * elements.c, mode.c, pools.c
 */

extern const swarm__spec_kind swarm__kind_TEXT, swarm__kind_IMAGE, swarm__kind_BOOLEAN,
	swarm__kind_CHOICE, swarm__kind_NUMBER, swarm__kind_DURATION, swarm__kind_SIZE,
	swarm__kind_CPUS, swarm__kind_RATIO, swarm__kind_FILEMODE, swarm__kind_IDENTITY,
	swarm__kind_MOUNTPOINT, swarm__kind_NETWORK, swarm__kind_CREDENTIAL;
/* The name of a network of this id; the id itself where none is known. Borrowed. */
const char *swarm__network_name(const swarm__conversion *c, const char *id);
extern const swarm__spec_kind swarm__kind_WORDS, swarm__kind_SET, swarm__kind_SERVERS,
	swarm__kind_COMMAND, swarm__kind_HEALTHTEST, swarm__kind_HOSTS, swarm__kind_CAPABILITIES,
	swarm__kind_CONSTRAINTS, swarm__kind_PREFERENCES, swarm__kind_ALIASES;
extern const swarm__spec_kind swarm__kind_MAP, swarm__kind_ENVIRONMENT, swarm__kind_ULIMITS,
	swarm__kind_GENERIC;
extern const swarm__spec_kind swarm__kind_PORTS, swarm__kind_VOLUMES, swarm__kind_NETWORKS,
	swarm__kind_SECRETS, swarm__kind_CONFIGS;
extern const swarm__spec_kind swarm__kind_MODE, swarm__kind_REPLICAS;
extern const swarm__spec_kind swarm__kind_POOLS;

/* --- placement_fields.c ------------------------------------------------------------------------------- */

/* As swarmkit reads one (manager/constraint). */
bool swarm__is_constraint(const char *text);

/* --- image_name.c ------------------------------------------------------------------------------------- */

bool swarm__is_image_name(const char *text);

/* "busybox" is "busybox:latest", as docker names it for people. New; NULL without memory. */
json_t *swarm__normal_image(const char *image);
/* Are two names of images the same, except for a digest that wanted does not have? */
bool swarm__same_image(const char *stored, const char *wanted);

/* Labels that docker stack or libswarm keep on objects: never removed, and no difference in a mount. */
bool swarm__is_kept_label(const char *name);

/* --- pools.c: networks and addresses by their bits ----------------------------------------------------- */

typedef struct swarm__pool {
	int family; /* AF_INET or AF_INET6 */
	int prefix;
	unsigned char bytes[16];
} swarm__pool;

/* "10.1.0.0/24", or an address alone. False where the text has another form. */
bool swarm__pool_read(const char *text, swarm__pool *pool);
bool swarm__pools_overlap(const swarm__pool *a, const swarm__pool *b);

/* --- merge.c: a network instead of a service ---------------------------------------------------------- */

/*
 * As swarm_spec_merge(), for a network: spec is the body of its create, or NULL for a new one. The
 * result has spec, changes and warnings.
 */
int swarm__network_merge(const json_t *spec, const json_t *network, const char *name,
			 json_t **ret_result, swarm_error *err);

/* --- short_form.c: one text to an element's own words ------------------------------------------------- */

/* "8080-8081:80-81/udp": appends an object for each port. Notes slips. */
void swarm__short_port(swarm__conversion *c, const char *place, const char *text, json_t *array);
/* "data:/var/lib/data:ro". The same, of one object. */
void swarm__short_volume(swarm__conversion *c, const char *place, const char *text, json_t *array);

/* --- check.c -------------------------------------------------------------------------------------------- */

/*
 * Check combinations of fields. merged: {name: normal form} after the merge; given: the caller's part
 * of it; service: the caller's words.
 */
void swarm__spec_check_whole(swarm__conversion *c, const json_t *service, const json_t *merged,
			     const json_t *given);
/* have: {name: normal form} of the network that is there. */
void swarm__network_check_whole(swarm__conversion *c, const json_t *have, const json_t *merged);
/* The name of a new service or network. */
void swarm__spec_check_name(swarm__conversion *c, const char *name);
/* Letters, digits and more, with a letter or digit at both ends, at most so many. */
bool swarm__is_object_name(const char *name, const char *more, size_t most);

/* --- task_words.c: what the engine takes, and a task fails at --------------------------------------------- */

void swarm__spec_check_tasks(swarm__conversion *c, const json_t *given);
/* A capability as it is written, without CAP_. */
void swarm__spec_check_capability(swarm__conversion *c, const char *place, const char *name);

#endif
