/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list calls that return views: ask with filters, make the rows, and remove those that the
 * engine's filters let through although only the start of their id or name matches.
 */
#include "object/internal.h"
#include "view/internal.h"

#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000 };

/* Where a row has what the filters "id" and "name" are about. */
typedef struct list_kind {
	swarm_op op;
	const swarm__view *view;
	size_t id;
	size_t name; /* NO_NAME: the filter is not checked again */
	bool status; /* ask for it, too */
} list_kind;

#define NO_NAME SIZE_MAX

static int read_list(swarm_client *client, const list_kind *kind, const swarm_pair *filters,
		     const swarm__deadline *deadline, swarm__buffer *ret_text, swarm_error *err)
{
	unsigned again = SWARM__FILTERS_ID | (kind->name == NO_NAME ? 0 : SWARM__FILTERS_NAME);
	swarm_pair query[3] = { { NULL, NULL } };
	size_t count = 0;
	swarm__buffer text;
	int rc;

	swarm__buffer_init(&text, SWARM__MAX_URL);
	rc = swarm__filters_make(filters, again, &text, err);
	if (text.data)
		query[count++] = (swarm_pair){ "filters", text.data };
	if (kind->status)
		query[count++] = (swarm_pair){ "status", "true" };
	if (!rc)
		rc = swarm__call_text_patiently(client, kind->op, count ? query : NULL, deadline,
						ret_text, err);
	swarm__buffer_clear(&text);
	return rc;
}

static const char *text_at(const char *row, size_t offset)
{
	return *(const char *const *)(row + offset);
}

/* What is taken out stays in the memory of the list, which goes as a whole. */
static void keep_exact(const list_kind *kind, const swarm_pair *filters, swarm__rows *rows)
{
	size_t size = kind->view->size;
	size_t kept = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const char *row = rows->first + i * size;
		const char *name = kind->name == NO_NAME ? NULL : text_at(row, kind->name);

		if (swarm__filters_match(filters, text_at(row, kind->id), name))
			memmove(rows->first + kept++ * size, row, size);
	}
	rows->count = kept;
}

/* wanted: the caller has a place for the list. */
static int get_list(swarm_client *client, const list_kind *kind, const swarm_pair *filters,
		    int64_t timeout_ms, bool wanted, swarm__rows **ret_rows, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm__budget budget;
	swarm__buffer text;
	int rc;

	if (!client || !wanted)
		return swarm__error(err, SWARM_E_INVAL, "client and ret_list are required");
	rc = read_list(client, kind, filters, &deadline, &text, err);
	if (rc)
		return rc;
	budget = swarm__answer_budget(client, client->max_body, &deadline);
	rc = swarm__rows_scan(kind->view, text.data, text.size, &budget, ret_rows, err);
	swarm__buffer_clear(&text);
	if (rc)
		return rc;
	keep_exact(kind, filters, *ret_rows);
	swarm__rows_sort(kind->view, *ret_rows);
	return 0;
}

#define DEFINE_LIST(function, type, OP, name, status)                                              \
	int function(swarm_client *client, const swarm_pair *filters, int64_t timeout_ms,          \
		     swarm_##type##_list **ret_list, swarm_error *err)                             \
	{                                                                                          \
		const list_kind kind = {                                                           \
			OP,                                                                        \
			&swarm__view_##type,                                                       \
			offsetof(swarm_##type, id),                                                \
			name,                                                                      \
			status                                                                     \
		};                                                                                 \
		swarm__rows *rows = NULL;                                                          \
		int rc = get_list(client, &kind, filters, timeout_ms, ret_list != NULL, &rows,     \
				  err);                                                            \
                                                                                                   \
		if (!rc)                                                                           \
			*ret_list = (swarm_##type##_list *)rows;                                   \
		return rc;                                                                         \
	}

DEFINE_LIST(swarm_node_list_filtered, node, SWARM_OP_NODE_LIST, offsetof(swarm_node, hostname),
	    false)
DEFINE_LIST(swarm_service_list_get, service, SWARM_OP_SERVICE_LIST, offsetof(swarm_service, name),
	    false)
DEFINE_LIST(swarm_service_list_status, service, SWARM_OP_SERVICE_LIST,
	    offsetof(swarm_service, name), true)
/* A task's name is made of other objects' names, and is in no answer. */
DEFINE_LIST(swarm_task_list_get, task, SWARM_OP_TASK_LIST, NO_NAME, false)
DEFINE_LIST(swarm_secret_list_get, secret, SWARM_OP_SECRET_LIST, offsetof(swarm_secret, name),
	    false)
DEFINE_LIST(swarm_config_list_get, config, SWARM_OP_CONFIG_LIST, offsetof(swarm_config, name),
	    false)
DEFINE_LIST(swarm_network_list_get, network, SWARM_OP_NETWORK_LIST, offsetof(swarm_network, name),
	    false)
