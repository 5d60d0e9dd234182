/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views of the engine's objects: the tables of their fields, and the lists of rows made by them, from
 * a tree (row.c) or in one pass over the bytes (row_scan.c). Knows the shape of the engine's answers,
 * and no rule of swarm mode.
 */
#include "view/internal.h"

#include <string.h>

enum { FIRST_ROWS = 16 };

/* --- the tables ------------------------------------------------------------------------------ */

/* moby: most fields are left out when empty, and null is an empty list or map. */
/* clang-format off */
#define F(path, kind, member) { path, FIELD_##kind, false, offsetof(ROW, member) }
#define REQUIRED(path, kind, member) { path, FIELD_##kind, true, offsetof(ROW, member) }

#define ROW swarm_node
static const swarm__view_field node_fields[] = {
	REQUIRED("ID", STRING, id),
	F("Spec.Role", STRING, role),
	F("Spec.Availability", STRING, availability),
	F("Spec.Labels", LABELS, labels),
	F("Description.Hostname", STRING, hostname),
	F("Description.Engine.EngineVersion", STRING, engine_version),
	F("Status.State", STRING, state),
	F("Status.Message", STRING, message),
	F("Status.Addr", STRING, addr),
	F("ManagerStatus", PRESENT, member),
	F("ManagerStatus.Leader", BOOL, leader),
	F("ManagerStatus.Reachability", STRING, reachability),
	F("ManagerStatus.Addr", STRING, manager_addr),
};
#undef ROW
#define ROW swarm_port
static const swarm__view_field port_fields[] = {
	F("Protocol", STRING, protocol),
	F("TargetPort", INTEGER, target),
	F("PublishedPort", INTEGER, published),
	F("PublishMode", STRING, mode),
};
#undef ROW
#define ROW swarm_service
static const swarm__view_field service_fields[] = {
	REQUIRED("ID", STRING, id),
	F("Version.Index", INTEGER, version),
	F("UpdatedAt", STRING, updated_at),
	F("Spec.Name", STRING, name),
	F("Spec.Labels", LABELS, labels),
	F("Spec.TaskTemplate.ContainerSpec.Image", STRING, image),
	F("Spec.TaskTemplate.Placement.MaxReplicas", INTEGER, max_replicas),
	F("Spec.Mode.Replicated", PRESENT, replicated),
	F("Spec.Mode.Replicated.Replicas", INTEGER, replicas),
	F("Spec.Mode.Global", PRESENT, global),
	F("Spec.Mode.ReplicatedJob", PRESENT, replicated_job),
	F("Spec.Mode.ReplicatedJob.TotalCompletions", INTEGER, total_completions),
	F("Spec.Mode.GlobalJob", PRESENT, global_job),
	F("Endpoint.Ports", PORTS, ports),
	F("UpdateStatus.State", STRING, update_state),
	F("UpdateStatus.Message", STRING, update_message),
	F("ServiceStatus.RunningTasks", INTEGER, running_tasks),
	F("ServiceStatus.DesiredTasks", INTEGER, desired_tasks),
	F("ServiceStatus.CompletedTasks", INTEGER, completed_tasks),
};
#undef ROW
#define ROW swarm_task
static const swarm__view_field task_fields[] = {
	REQUIRED("ID", STRING, id),
	F("CreatedAt", STRING, created_at),
	F("Labels", LABELS, labels),
	F("Spec.ContainerSpec.Image", STRING, image),
	F("ServiceID", STRING, service_id),
	F("Slot", INTEGER, slot),
	F("NodeID", STRING, node_id),
	F("Status.Timestamp", STRING, timestamp),
	F("Status.State", STRING, state),
	F("Status.Message", STRING, message),
	F("Status.Err", STRING, error),
	F("Status.ContainerStatus.ContainerID", STRING, container_id),
	F("Status.ContainerStatus.ExitCode", INTEGER, exit_code),
	F("DesiredState", STRING, desired_state),
	F("JobIteration.Index", INTEGER, job_iteration),
};
#undef ROW
#define ROW swarm_secret
static const swarm__view_field secret_fields[] = {
	REQUIRED("ID", STRING, id),
	F("Version.Index", INTEGER, version),
	F("CreatedAt", STRING, created_at),
	F("UpdatedAt", STRING, updated_at),
	F("Spec.Name", STRING, name),
	F("Spec.Labels", LABELS, labels),
	F("Spec.Driver.Name", STRING, driver),
	F("Spec.Templating.Name", STRING, templating),
};
#undef ROW
#define ROW swarm_config
static const swarm__view_field config_fields[] = {
	REQUIRED("ID", STRING, id),
	F("Version.Index", INTEGER, version),
	F("CreatedAt", STRING, created_at),
	F("UpdatedAt", STRING, updated_at),
	F("Spec.Name", STRING, name),
	F("Spec.Labels", LABELS, labels),
	F("Spec.Data", STRING, data),
	F("Spec.Templating.Name", STRING, templating),
};
#undef ROW
#define ROW swarm_network
static const swarm__view_field network_fields[] = {
	F("Name", STRING, name),
	REQUIRED("Id", STRING, id),
	F("Created", STRING, created),
	F("Scope", STRING, scope),
	F("Driver", STRING, driver),
	F("EnableIPv6", BOOL, enable_ipv6),
	F("Internal", BOOL, internal),
	F("Attachable", BOOL, attachable),
	F("Ingress", BOOL, ingress),
	F("ConfigFrom.Network", STRING, config_from),
	F("ConfigOnly", BOOL, config_only),
	F("Options", LABELS, options),
	F("Labels", LABELS, labels),
};
#undef ROW
#define ROW swarm_cluster
static const swarm__view_field cluster_fields[] = {
	REQUIRED("ID", STRING, id),
	F("Version.Index", INTEGER, version),
	F("CreatedAt", STRING, created_at),
	F("UpdatedAt", STRING, updated_at),
	F("Spec.Name", STRING, name),
	F("Spec.Labels", LABELS, labels),
	F("Spec.Orchestration.TaskHistoryRetentionLimit", INTEGER, task_history_limit),
	F("Spec.Raft.SnapshotInterval", INTEGER, snapshot_interval),
	F("Spec.Dispatcher.HeartbeatPeriod", INTEGER, heartbeat_period_ns),
	F("Spec.CAConfig.NodeCertExpiry", INTEGER, node_cert_expiry_ns),
	F("Spec.EncryptionConfig.AutoLockManagers", BOOL, autolock),
	F("TLSInfo.TrustRoot", STRING, trust_root),
	F("RootRotationInProgress", BOOL, root_rotation_in_progress),
	F("DataPathPort", INTEGER, data_path_port),
	F("SubnetSize", INTEGER, subnet_size),
};
#undef ROW

#define VIEW(type) const swarm__view swarm__view_##type = { \
	#type, sizeof(swarm_##type), sizeof(type##_fields) / sizeof(swarm__view_field), type##_fields, \
}
VIEW(node);
VIEW(port);
VIEW(service);
VIEW(task);
VIEW(secret);
VIEW(config);
VIEW(network);
VIEW(cluster);
/* clang-format on */

/* --- lists ----------------------------------------------------------------------------------- */

static void *list_free(void *public)
{
	swarm__rows *l = public;
	swarm_allocator copy;
	const swarm_allocator *allocator;

	if (!l)
		return NULL;
	swarm__arena_clear(&l->arena);
	/* Not out of what is being released. */
	copy = l->allocator;
	allocator = l->arena.allocator ? &copy : NULL;
	swarm__release(allocator, l->first);
	swarm__release(allocator, l);
	return NULL;
}

static swarm__rows *list_new(const swarm__view *v, const swarm_allocator *allocator)
{
	swarm__rows *l = swarm__allocate(allocator, sizeof(*l));

	if (!l)
		return NULL;
	*l = (swarm__rows){ .view = v };
	if (allocator) {
		l->allocator = *allocator;
		l->arena.allocator = &l->allocator;
	}
	return l;
}

/*
 * May the place for rows grow, with the old one still there? Rows are kept to three times the text, as
 * they are never larger for what an engine writes, so that both are four times the text together.
 */
static int check_room(const swarm__rows *l, swarm__scan *scan)
{
	enum { ROWS = 3, SMALL = 1 << 20 };
	const size_t size = (size_t)(scan->end - scan->start);
	const size_t room = l->room ? l->room * 2 : FIRST_ROWS;

	if (!scan->budget || l->count < l->room)
		return 0;
	if (size < (SIZE_MAX - SMALL) / ROWS && scan->budget->memory > SMALL + ROWS * size)
		scan->budget->memory = SMALL + ROWS * size;
	scan->memory = (l->count + room) * l->view->size;
	return swarm__budget_check(scan->budget, scan->memory + l->arena.size);
}

/* The place of the next row, which count does not count yet; NULL without memory. */
static void *next_row(swarm__rows *l)
{
	size_t size = l->view->size;

	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : FIRST_ROWS;
		char *first = room > SIZE_MAX / size
				      ? NULL
				      : swarm__allocate(l->arena.allocator, room * size);

		if (!first)
			return NULL;
		if (l->count)
			memcpy(first, l->first, l->count * size);
		swarm__release(l->arena.allocator, l->first);
		l->first = first;
		l->room = room;
	}
	return l->first + l->count * size;
}

static int list_scan(swarm__rows *l, const char *text, size_t size, swarm__budget *budget,
		     swarm_error *err)
{
	swarm__scan scan;
	void *record;
	int rc;

	swarm__scan_init(&scan, text, size);
	scan.budget = budget;
	/* moby: null is an empty list. */
	if (swarm__scan_peek(&scan) != '[') {
		bool null = swarm__scan_peek(&scan) == 'n';

		swarm__scan_skip(&scan);
		if (!swarm__scan_end(&scan))
			return swarm__scan_error(&scan, l->view, err);
		return null ? 0
			    : swarm__error(err, SWARM_E_JSON, "%s list: expected array",
					   l->view->name);
	}
	for (swarm__scan_open(&scan, '['); swarm__scan_element(&scan); l->count++) {
		rc = check_room(l, &scan);
		if (rc) {
			swarm__scan_fail(&scan, rc);
			return swarm__scan_error(&scan, l->view, err);
		}
		record = next_row(l);
		if (!record)
			return swarm__nomem(err);
		scan.memory = l->room * l->view->size;
		rc = swarm__row_scan(&scan, l->view, record, &l->arena, (int64_t)l->count, err);
		if (rc)
			return rc;
	}
	return swarm__scan_end(&scan) ? 0 : swarm__scan_error(&scan, l->view, err);
}

static int list_walk(swarm__rows *l, const json_t *json, swarm_error *err)
{
	bool array = json_is_array(json);
	size_t count = array ? json_array_size(json) : 1;
	void *record;
	int rc;

	if (json_is_null(json))
		return 0;
	for (; l->count < count; l->count++) {
		record = next_row(l);
		if (!record)
			return swarm__nomem(err);
		rc = swarm__row_walk(l->view, array ? json_array_get(json, l->count) : json, record,
				     &l->arena, array ? (int64_t)l->count : SWARM__ALONE, err);
		if (rc)
			return rc;
	}
	return 0;
}

int swarm__rows_scan(const swarm__view *view, const char *text, size_t size, swarm__budget *budget,
		     swarm__rows **ret_rows, swarm_error *err)
{
	swarm__rows *l = list_new(view, budget ? budget->allocator : NULL);
	int rc = l ? list_scan(l, text, size, budget, err) : swarm__nomem(err);

	if (rc)
		list_free(l);
	else
		*ret_rows = l;
	return rc;
}

static int rows_walk(const swarm__view *view, const json_t *json, bool wanted,
		     swarm__rows **ret_rows, swarm_error *err)
{
	swarm__rows *l;
	int rc;

	if (!json || !wanted)
		return swarm__error(err, SWARM_E_INVAL, "json and ret_list are required");
	l = list_new(view, NULL);
	rc = l ? list_walk(l, json, err) : swarm__nomem(err);
	if (rc)
		list_free(l);
	else
		*ret_rows = l;
	return rc;
}

/* --- the functions of each type -------------------------------------------------------------- */

/* What the public list has must be what swarm__rows has. */
#define LIST(type)                                                                                 \
	_Static_assert(                                                                            \
		offsetof(swarm_##type##_list, count) == offsetof(swarm__rows, count) &&            \
			offsetof(swarm_##type##_list, type##s) == offsetof(swarm__rows, first) &&  \
			sizeof(type##_fields) / sizeof(swarm__view_field) <= SWARM__MAX_FIELDS,    \
		"the shape of a list");                                                            \
	swarm_##type##_list *swarm_##type##_list_free(swarm_##type##_list *list)                   \
	{                                                                                          \
		return list_free(list);                                                            \
	}                                                                                          \
	int swarm_##type##_view(const json_t *json, swarm_##type##_list **ret_list,                \
				swarm_error *err)                                                  \
	{                                                                                          \
		swarm__rows *l = NULL;                                                             \
		int rc = rows_walk(&swarm__view_##type, json, ret_list != NULL, &l, err);          \
                                                                                                   \
		if (!rc)                                                                           \
			*ret_list = (swarm_##type##_list *)l;                                      \
		return rc;                                                                         \
	}
#define ROWS(type)                                                                                 \
	LIST(type)                                                                                 \
	int swarm__##type##_rows(const char *text, size_t size, swarm__budget *budget,             \
				 swarm_##type##_list **ret_list, swarm_error *err)                 \
	{                                                                                          \
		swarm__rows *l = NULL;                                                             \
		int rc = swarm__rows_scan(&swarm__view_##type, text, size, budget, &l, err);       \
                                                                                                   \
		if (!rc)                                                                           \
			*ret_list = (swarm_##type##_list *)l;                                      \
		return rc;                                                                         \
	}

ROWS(node)
ROWS(service)
ROWS(task)
ROWS(secret)
ROWS(config)
ROWS(network)
LIST(cluster)
