/*
 * The list calls that give views: ask with filters, make the rows, and take out those that the
 * engine's filters let through although their id or name only begins like the one that is wanted.
 */
#include "object/internal.h"
#include "view/internal.h"

enum { DEFAULT_TIMEOUT_MS = 60000 };

static int read_list(swarm_client *client, swarm_op op, const swarm_pair *filters,
		     const swarm__deadline *deadline, swarm__buffer *ret_text, swarm_error *err)
{
	swarm_pair query[] = { { "filters", NULL }, { NULL, NULL } };
	swarm__buffer text;
	int rc;

	swarm__buffer_init(&text, SWARM__MAX_URL);
	rc = swarm__filters_make(filters, &text, err);
	query[0].value = text.data;
	if (!rc)
		rc = swarm__call_text_patiently(client, op, text.data ? query : NULL, deadline,
						ret_text, err);
	swarm__buffer_clear(&text);
	return rc;
}

/*
 * The lists differ in nothing but names and types. name is what the filter "name" means for a row.
 * What is taken out stays in the memory of the list, which goes as a whole.
 */
#define DEFINE_LIST(function, type, rows, OP, name)                                                \
	int function(swarm_client *client, const swarm_pair *filters, int64_t timeout_ms,          \
		     swarm_##type##_list **ret_list, swarm_error *err)                             \
	{                                                                                          \
		swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);     \
		swarm_##type##_list *list;                                                         \
		swarm__buffer text;                                                                \
		size_t kept = 0;                                                                   \
		int rc;                                                                            \
                                                                                                   \
		if (!client || !ret_list)                                                          \
			return swarm__error(err, SWARM_E_INVAL,                                    \
					    "client and ret_list are required");                   \
		rc = read_list(client, OP, filters, &deadline, &text, err);                        \
		if (rc)                                                                            \
			return rc;                                                                 \
		rc = swarm__##type##_rows(text.data, text.size, swarm__client_allocator(client),   \
					  &list, err);                                             \
		swarm__buffer_clear(&text);                                                        \
		if (rc)                                                                            \
			return rc;                                                                 \
		for (size_t i = 0; i < list->count; i++) {                                         \
			const swarm_##type *row = &list->rows[i];                                  \
                                                                                                   \
			if (swarm__filters_match(filters, row->id, name))                          \
				list->rows[kept++] = *row;                                         \
		}                                                                                  \
		list->count = kept;                                                                \
		*ret_list = list;                                                                  \
		return 0;                                                                          \
	}

DEFINE_LIST(swarm_node_list_filtered, node, nodes, SWARM_OP_NODE_LIST, row->hostname)
DEFINE_LIST(swarm_service_list_get, service, services, SWARM_OP_SERVICE_LIST, row->name)
/* A task's name is made of other objects' names, and is in no answer. */
DEFINE_LIST(swarm_task_list_get, task, tasks, SWARM_OP_TASK_LIST, NULL)
DEFINE_LIST(swarm_secret_list_get, secret, secrets, SWARM_OP_SECRET_LIST, row->name)
DEFINE_LIST(swarm_config_list_get, config, configs, SWARM_OP_CONFIG_LIST, row->name)
DEFINE_LIST(swarm_network_list_get, network, networks, SWARM_OP_NETWORK_LIST, row->name)
