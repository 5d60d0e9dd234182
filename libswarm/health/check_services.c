/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of the services and of the cluster's own object. Pure functions of what was read. */
#include "health/internal.h"

#include <string.h>

static size_t rows_of(const swarm__report *report)
{
	return json_array_size(report->rows);
}

/* "" for an update that is over, or never was. */
static const char *unsettled(const char *state)
{
	if (strcmp(state, "updating") == 0)
		return "its update is under way";
	if (strcmp(state, "paused") == 0)
		return "its update is paused";
	if (strcmp(state, "rollback_started") == 0)
		return "its rollback is under way";
	return strcmp(state, "rollback_paused") == 0 ? "its rollback is paused" : "";
}

int swarm__check_updates(swarm__report *report, const swarm__look *look, swarm_error *err)
{
	size_t before = rows_of(report), count = look->services->count;
	int rc = 0;

	for (size_t i = 0; !rc && i < count; i++) {
		const swarm_service *service = &look->services->services[i];
		const char *what = unsettled(service->update_state);

		if (*what)
			rc = swarm__report_fault(report, SWARM__CHECK_UPDATES_SETTLED,
						 service->name, err, "%s: %s%s%s", service->name,
						 what, *service->update_message ? ": " : "",
						 service->update_message);
	}
	return rc ? rc
		  : swarm__report_fine(report, SWARM__CHECK_UPDATES_SETTLED, before, err,
				       "no update of %zu service%s is under way", count,
				       count == 1 ? "" : "s");
}

int swarm__check_running(swarm__report *report, const swarm__look *look, swarm_error *err)
{
	size_t before = rows_of(report), count = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < look->services->count; i++) {
		const swarm_service *service = &look->services->services[i];
		int64_t runs = look->running ? look->running[i] : service->running_tasks;
		int64_t wanted = look->wanted ? look->wanted[i] : service->desired_tasks;

		if (service->replicated_job || service->global_job)
			continue;
		count++;
		if (runs < wanted)
			rc = swarm__report_fault(report, SWARM__CHECK_SERVICES_RUNNING,
						 service->name, err, "%s: %lld of %lld tasks run",
						 service->name, (long long)runs, (long long)wanted);
	}
	return rc ? rc
		  : swarm__report_fine(report, SWARM__CHECK_SERVICES_RUNNING, before, err,
				       "%zu of %zu services run", count, count);
}

int swarm__check_ca(swarm__report *report, const swarm__look *look, swarm_error *err)
{
	if (swarm__json_bool(look->cluster, "RootRotationInProgress"))
		return swarm__report_fault(
			report, SWARM__CHECK_CA_SETTLED, "", err,
			"the root CA is being rotated: it ends when every node has a new "
			"certificate");
	return swarm__report_fine(report, SWARM__CHECK_CA_SETTLED, rows_of(report), err,
				  "the root CA is not being rotated");
}
