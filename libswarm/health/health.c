/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One look at a swarm's health, and the wait for it. What is read is look.c's, what it means
 * check_nodes.c's and check_services.c's, how it is reported rows.c's.
 */
#include "events/internal.h"
#include "health/internal.h"

enum {
	LOOK_TIMEOUT_MS = 60000,
	WAIT_TIMEOUT_MS = 300000,
	STABLE_MS = 5000,
	TEXT = 512,
};

typedef int (*judge)(swarm__report *report, const swarm__look *look, swarm_error *err);

static const judge judges[SWARM__CHECKS] = {
	[SWARM__CHECK_ENGINE] = swarm__check_engine,
	[SWARM__CHECK_LEADER] = swarm__check_leader,
	[SWARM__CHECK_MANAGERS_REACHABLE] = swarm__check_reachable,
	[SWARM__CHECK_QUORUM_MARGIN] = swarm__check_margin,
	[SWARM__CHECK_NODES_READY] = swarm__check_ready,
	[SWARM__CHECK_AVAILABILITY] = swarm__check_availability,
	[SWARM__CHECK_ROLES_SETTLED] = swarm__check_roles,
	[SWARM__CHECK_UPDATES_SETTLED] = swarm__check_updates,
	[SWARM__CHECK_SERVICES_RUNNING] = swarm__check_running,
	[SWARM__CHECK_CA_SETTLED] = swarm__check_ca,
	[SWARM__CHECK_VERSIONS] = swarm__check_versions,
	[SWARM__CHECK_HOST_LISTED] = swarm__check_listed,
};

/* Why what the check needs is not there; NULL if it is. */
static const char *why_not(int check, const swarm__look *look)
{
	switch (swarm__check_get(check)->source) {
	case SWARM__SOURCE_NODES:
		/* Its own judge tells a cluster without a leader from what could not be asked. */
		return look->nodes || check == SWARM__CHECK_LEADER ? NULL : look->nodes_err.text;
	case SWARM__SOURCE_SERVICES:
		return look->services ? NULL : look->services_err.text;
	case SWARM__SOURCE_CLUSTER:
		return look->cluster ? NULL : look->cluster_err.text;
	default:
		return NULL;
	}
}

static int run_look(swarm_client *client, swarm__report *report, const swarm__deadline *deadline,
		    swarm_error *err)
{
	swarm__look SWARM__AUTO_HEALTH_LOOK look = { 0 };
	int rc = swarm__look_read(client, report, deadline, &look, err);

	json_decref(report->rows);
	report->rows = json_array();
	if (!report->rows)
		return rc ? rc : swarm__nomem(err);
	for (int i = 0; !rc && i < SWARM__CHECKS; i++) {
		const char *why = why_not(i, &look);

		if (!report->asked[i])
			continue;
		rc = why ? swarm__report_unknown(report, i, why, err)
			 : judges[i](report, &look, err);
	}
	return rc;
}

static int begin(swarm_client *client, const swarm_health_options **options, swarm__report *report,
		 swarm_error *err)
{
	static const swarm_health_options defaults = SWARM_HEALTH_OPTIONS_INIT;

	if (!*options)
		*options = &defaults;
	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	return swarm__report_begin(report, *options, err);
}

int swarm_health_get(swarm_client *client, const swarm_health_options *options, json_t **ret_rows,
		     swarm_error *err)
{
	swarm__deadline deadline;
	swarm__report report = { 0 };
	int rc;

	if (!ret_rows)
		return swarm__error(err, SWARM_E_INVAL, "ret_rows is required");
	rc = begin(client, &options, &report, err);
	if (rc)
		return rc;
	deadline = swarm__deadline_in(options->timeout_ms, LOOK_TIMEOUT_MS);
	rc = run_look(client, &report, &deadline, err);
	if (rc)
		json_decref(report.rows);
	else
		*ret_rows = report.rows;
	return rc;
}

/* --- the wait ------------------------------------------------------------------------------- */

static int not_well(const char *text, int64_t started, int64_t since, int64_t stable,
		    swarm_error *err)
{
	swarm__error_clear(err);
	if (*text)
		return swarm__error(err, SWARM_E_TIMEOUT,
				    "after %lld s the swarm is not healthy: %s",
				    (long long)swarm__seconds_since(started), text);
	return swarm__error(err, SWARM_E_TIMEOUT,
			    "the deadline passed while all checks held for %lld of %lld s",
			    (long long)(swarm__now_ms() - since) / 1000, (long long)stable / 1000);
}

/* Look until all hold for long enough. 0, or SWARM_E_TIMEOUT and the other errors of a look. */
static int wait_well(swarm_client *client, swarm__report *report, const swarm__deadline *deadline,
		     swarm_error *err)
{
	const int64_t stable = report->options->stable_ms ? report->options->stable_ms : STABLE_MS;
	swarm__watch SWARM__AUTO_WATCH watch = { .client = client, .type = "node" };
	int64_t started = swarm__now_ms(), since = 0, pause = 0;
	char text[TEXT];
	bool looked = false;
	int rc;

	for (;; looked = true) {
		int64_t begun = swarm__now_ms();
		size_t count, total;

		rc = run_look(client, report, deadline, err);
		if (rc)
			return rc;
		/* A look that was cut short says only that. */
		if (looked && !swarm__deadline_left(deadline))
			return not_well(text, started, since, stable, err);
		count = swarm__rows_blocking(report->rows, text, sizeof(text));
		total = json_array_size(report->rows);
		swarm__progress(client, "health", total - count, total, "%s", text);
		since = count ? 0 : since ? since : begun;
		if (!count && swarm__now_ms() - since >= stable)
			return 0;
		rc = swarm__watch_pause(&watch, deadline, &pause, err);
		if (rc == SWARM_E_TIMEOUT)
			return not_well(text, started, since, stable, err);
		if (rc)
			return rc;
	}
}

int swarm_health_wait(swarm_client *client, const swarm_health_options *options, json_t **ret_rows,
		      swarm_error *err)
{
	swarm_error spare = SWARM_ERROR_INIT;
	swarm__deadline deadline;
	swarm__report report = { 0 };
	int rc;

	if (!err)
		err = &spare;
	rc = begin(client, &options, &report, err);
	if (rc)
		return rc;
	deadline = swarm__deadline_in(options->timeout_ms, WAIT_TIMEOUT_MS);
	rc = wait_well(client, &report, &deadline, err);
	if (!rc && ret_rows)
		*ret_rows = report.rows;
	else
		json_decref(report.rows);
	return rc;
}
