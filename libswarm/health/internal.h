/* SPDX-License-Identifier: Apache-2.0 */
/* What the files on health share: the checks, the rows that report them, and what is read for them. */
#ifndef SWARM_HEALTH_INTERNAL_H
#define SWARM_HEALTH_INTERNAL_H

#include "cluster/internal.h"
#include "node/internal.h"
#include "object/internal.h"

/* --- checks.c: the table ----------------------------------------------------------------------- */

typedef enum swarm__check {
#define CHECK(symbol, name, level, source, holds, fix) SWARM__CHECK_##symbol,
#include "health/checks.def"
#undef CHECK
	SWARM__CHECKS
} swarm__check;

typedef enum swarm__check_level { SWARM__LEVEL_ERROR, SWARM__LEVEL_WARNING } swarm__check_level;

typedef enum swarm__check_source {
	SWARM__SOURCE_INFO,
	SWARM__SOURCE_NODES,
	SWARM__SOURCE_SERVICES,
	SWARM__SOURCE_CLUSTER,
	SWARM__SOURCE_HOSTS
} swarm__check_source;

typedef struct swarm__check_row {
	const char *name;
	swarm__check_level level;
	swarm__check_source source;
	const char *holds;
	const char *fix;
} swarm__check_row;

const swarm__check_row *swarm__check_get(int check);
/* The check of a name, which ends at size; -1 if there is none. */
int swarm__check_find(const char *name, size_t size);

/* --- rows.c: the report ------------------------------------------------------------------------ */

/* What is asked, and what is reported so far. */
typedef struct swarm__report {
	const swarm_health_options *options;
	bool asked[SWARM__CHECKS];
	json_t *rows;
} swarm__report;

/* Start a report with options that were checked: 0, SWARM_E_INVAL, SWARM_E_NOMEM. */
int swarm__report_begin(swarm__report *report, const swarm_health_options *options,
			swarm_error *err);
/* Add a fault. 0 or SWARM_E_NOMEM. */
int swarm__report_fault(swarm__report *report, int check, const char *on, swarm_error *err,
			const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Say that a check is not known, and why. */
int swarm__report_unknown(swarm__report *report, int check, const char *why, swarm_error *err);
/* Say that a check holds, unless rows were added to the first of them. */
int swarm__report_fine(swarm__report *report, int check, size_t before, swarm_error *err,
		       const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Does this row block a change? */
bool swarm__row_blocks(const json_t *row);
/* The first rows that do, as a text; returns how many there are. */
size_t swarm__rows_blocking(const json_t *rows, char *text, size_t size);

/* --- look.c: what is read ---------------------------------------------------------------------- */

/* An answer that could not be had has its error instead. */
typedef struct swarm__look {
	swarm_local *local;
	swarm_error local_err;
	swarm_node_list *nodes;
	swarm_error nodes_err;
	swarm_service_list *services;
	int64_t *
		running; /* tasks of each service, where the engine's own number is not good enough */
	int64_t *wanted;
	swarm_error services_err;
	json_t *cluster;
	swarm_error cluster_err;
} swarm__look;

/* Read what the checks of the report need. 0, SWARM_E_CANCELED, SWARM_E_NOMEM. */
int swarm__look_read(swarm_client *client, const swarm__report *report,
		     const swarm__deadline *deadline, swarm__look *look, swarm_error *err);
void swarm__look_clear(swarm__look *look);
#define SWARM__AUTO_HEALTH_LOOK __attribute__((cleanup(swarm__look_clear)))

/* --- check_nodes.c, check_services.c: what it means; each adds the rows of one check ------------- */

int swarm__check_engine(swarm__report *report, const swarm__look *look, swarm_error *err);
int swarm__check_leader(swarm__report *report, const swarm__look *look, swarm_error *err);
int swarm__check_reachable(swarm__report *report, const swarm__look *look, swarm_error *err);
int swarm__check_margin(swarm__report *report, const swarm__look *look, swarm_error *err);
int swarm__check_ready(swarm__report *report, const swarm__look *look, swarm_error *err);
int swarm__check_availability(swarm__report *report, const swarm__look *look, swarm_error *err);
int swarm__check_roles(swarm__report *report, const swarm__look *look, swarm_error *err);
int swarm__check_versions(swarm__report *report, const swarm__look *look, swarm_error *err);
int swarm__check_listed(swarm__report *report, const swarm__look *look, swarm_error *err);
int swarm__check_updates(swarm__report *report, const swarm__look *look, swarm_error *err);
int swarm__check_running(swarm__report *report, const swarm__look *look, swarm_error *err);
int swarm__check_ca(swarm__report *report, const swarm__look *look, swarm_error *err);

#endif
