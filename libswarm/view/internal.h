/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What view/ offers: the lists that are made of an answer. What view.c, row.c and row_scan.c share for
 * it: the fields of a view, and one row that is being filled.
 */
#ifndef SWARM_VIEW_INTERNAL_H
#define SWARM_VIEW_INTERNAL_H

#include "base/scan.h"

#define SWARM__MAX_FIELDS 32

/* Instead of an index, for a row that is in no list. */
#define SWARM__ALONE (-1)

typedef enum swarm__field_kind {
	FIELD_STRING,  /* const char *; "" where it is missing */
	FIELD_INTEGER, /* int64_t */
	FIELD_BOOL,    /* int */
	FIELD_PRESENT, /* int: 1 if there is such an object */
	FIELD_LABELS,  /* const swarm_label *; an empty list where it is missing */
	FIELD_PORTS    /* const swarm_port *; the same */
} swarm__field_kind;

/* A member of a view's struct, and its place in the engine's JSON. */
typedef struct swarm__view_field {
	const char *path;
	swarm__field_kind kind;
	bool required;
	size_t offset;
} swarm__view_field;

/*
 * Fields with the same start are adjacent, and a PRESENT object comes before its members, because the
 * reader of bytes takes them as a range.
 */
typedef struct swarm__view {
	const char *name; /* for texts */
	size_t size;      /* of the struct */
	size_t count;
	const swarm__view_field *fields;
} swarm__view;

typedef struct swarm__row {
	const swarm__view *view;
	char *record;
	swarm__arena *arena;             /* for what is in neither the text nor the tree */
	bool found[SWARM__MAX_FIELDS];   /* the value is there, and not null */
	size_t wrong[SWARM__MAX_FIELDS]; /* how much of the path leads to a value of another type */
} swarm__row;

/* --- row.c ------------------------------------------------------------------------------- */

/* All fields as missing. */
void swarm__row_start(swarm__row *row, const swarm__view *view, void *record, swarm__arena *arena);
/* The fields from first up to last as if nothing had been said of them. */
void swarm__row_forget(swarm__row *row, size_t first, size_t last);
/* The value of field number i, which is of this kind. */
void swarm__row_string(swarm__row *row, size_t i, const char *value);
void swarm__row_integer(swarm__row *row, size_t i, int64_t value);
void swarm__row_flag(swarm__row *row, size_t i, int value);
void swarm__row_labels(swarm__row *row, size_t i, const swarm_label *value);
void swarm__row_ports(swarm__row *row, size_t i, const swarm_port *value);
/*
 * SWARM_E_JSON where a field's value is of another type, or missing though required; the first one
 * says so. index is that of the row in its list, for the text.
 */
int swarm__row_finish(const swarm__row *row, int64_t index, swarm_error *err);
/* Is each value of the type that its field has? */
bool swarm__row_is_right(const swarm__row *row);
/* SWARM_E_JSON: a row is not an object. */
int swarm__row_no_object(const swarm__view *view, int64_t index, swarm_error *err);

/* More than an object of any engine has; sorting them takes a tenth of a second. */
#define SWARM__MAX_LABELS 100000

/* Room for count labels, with the end of the list behind; NULL without memory. */
swarm_label *swarm__labels_take(swarm__arena *arena, size_t count);
/*
 * Sort count labels by name; of several with one name the last counts, as in a tree. False without
 * memory.
 */
bool swarm__labels_sort(swarm_label *labels, size_t count, swarm__arena *arena);

/* Room for count ports, with the end of the list behind; NULL without memory. */
swarm_port *swarm__ports_take(swarm__arena *arena, size_t count);

/* A row from a tree, to which its strings point. 0, SWARM_E_JSON, SWARM_E_NOMEM. */
int swarm__row_walk(const swarm__view *view, const json_t *json, void *record, swarm__arena *arena,
		    int64_t index, swarm_error *err);

/* --- row_scan.c -------------------------------------------------------------------------- */

/* A row from the value that is next; its strings are in the arena. As swarm__row_walk(). */
int swarm__row_scan(swarm__scan *scan, const swarm__view *view, void *record, swarm__arena *arena,
		    int64_t index, swarm_error *err);
/* The error of a scan that stopped. */
int swarm__scan_error(const swarm__scan *scan, const swarm__view *view, swarm_error *err);

/* --- view.c: a list out of the bytes of an answer, in one pass ------------------------------- */

extern const swarm__view swarm__view_node, swarm__view_port, swarm__view_service, swarm__view_task,
	swarm__view_secret, swarm__view_config, swarm__view_network, swarm__view_cluster;

/* What each public list is, and owns beside its public part. Each has other rows, hence may_alias. */
typedef struct swarm__rows {
	size_t count;
	char *first;
	const swarm__view *view;
	size_t room; /* in rows */
	swarm__arena arena;
	swarm_allocator allocator; /* the arena's, if any */
} __attribute__((may_alias)) swarm__rows;

/*
 * The rows of a list, to be cast to the view's type of list. Nothing points into the text afterwards.
 * budget: NULL for none; its allocator is copied. 0, SWARM_E_JSON, SWARM_E_NOMEM, those of the budget.
 */
int swarm__rows_scan(const swarm__view *view, const char *text, size_t size, swarm__budget *budget,
		     swarm__rows **ret_rows, swarm_error *err);
/* The same for each type of list. */
int swarm__node_rows(const char *text, size_t size, swarm__budget *budget,
		     swarm_node_list **ret_list, swarm_error *err);
int swarm__service_rows(const char *text, size_t size, swarm__budget *budget,
			swarm_service_list **ret_list, swarm_error *err);
int swarm__task_rows(const char *text, size_t size, swarm__budget *budget,
		     swarm_task_list **ret_list, swarm_error *err);
int swarm__secret_rows(const char *text, size_t size, swarm__budget *budget,
		       swarm_secret_list **ret_list, swarm_error *err);
int swarm__config_rows(const char *text, size_t size, swarm__budget *budget,
		       swarm_config_list **ret_list, swarm_error *err);
int swarm__network_rows(const char *text, size_t size, swarm__budget *budget,
			swarm_network_list **ret_list, swarm_error *err);

/* --- order.c ----------------------------------------------------------------------------- */

/* Which of two tasks comes first. */
int swarm__order_tasks(const swarm_task *a, const swarm_task *b);
/* In the order that the lists have at every call. */
void swarm__rows_sort(const swarm__view *view, swarm__rows *rows);

#endif
