/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of lists, the same at every call: nodes by id, services, secrets, configs and networks by
 * name, tasks by service, slot and node, the newest first; what is equal by id. Texts by their bytes.
 */
#include "view/internal.h"

#include <string.h>

static int texts(const char *a, const char *b, const char *next_a, const char *next_b)
{
	int order = strcmp(a, b);

	return order ? order : strcmp(next_a, next_b);
}

static int nodes(const void *one, const void *other)
{
	const swarm_node *a = one, *b = other;

	return strcmp(a->id, b->id);
}

int swarm__order_tasks(const swarm_task *a, const swarm_task *b)
{
	int order = strcmp(a->service_id, b->service_id);

	if (!order)
		order = (a->slot > b->slot) - (a->slot < b->slot);
	if (!order)
		order = strcmp(a->node_id, b->node_id);
	/* RFC 3339 in UTC: the later one is the greater text. */
	return order ? order : texts(b->created_at, a->created_at, a->id, b->id);
}

static int tasks(const void *one, const void *other)
{
	return swarm__order_tasks(one, other);
}

#define BY_NAME(type)                                                                              \
	static int type##s(const void *one, const void *other)                                     \
	{                                                                                          \
		const swarm_##type *a = one, *b = other;                                           \
                                                                                                   \
		return texts(a->name, b->name, a->id, b->id);                                      \
	}
BY_NAME(service)
BY_NAME(secret)
BY_NAME(config)
BY_NAME(network)

void swarm__rows_sort(const swarm__view *view, swarm__rows *rows)
{
	static const struct {
		const swarm__view *view;
		int (*compare)(const void *one, const void *other);
	} orders[] = {
		{ &swarm__view_node, nodes },     { &swarm__view_service, services },
		{ &swarm__view_task, tasks },     { &swarm__view_secret, secrets },
		{ &swarm__view_config, configs }, { &swarm__view_network, networks },
	};

	for (size_t i = 0; rows->count > 1 && i < sizeof(orders) / sizeof(orders[0]); i++)
		if (orders[i].view == view)
			qsort(rows->first, rows->count, view->size, orders[i].compare);
}
