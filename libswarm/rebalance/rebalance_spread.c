/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fewest tasks that even out a service: one from the node with the most to the one with the fewest,
 * of those that take one more, for as long as that makes a difference of two or more smaller. This is
 * also what the managers do: the scheduler puts new tasks on the nodes with the fewest of the service,
 * and a lower number of replicas stops those on the nodes with the most. A pure function of what was read.
 */
#include "rebalance/internal.h"

#include <string.h>

typedef struct spread {
	const swarm__room_question *question;
	size_t nodes;
	int64_t *tasks; /* of the service, on each node */
	bool *closed;   /* nodes that reject one more */
} spread;

static size_t find_high(const spread *s)
{
	size_t high = 0;

	for (size_t i = 1; i < s->nodes; i++)
		if (s->tasks[i] > s->tasks[high])
			high = i;
	return high;
}

/* The node with the fewest tasks that takes one of the fullest; s->nodes: none. Full ones stay full. */
static size_t find_low(const spread *s, size_t high)
{
	size_t low;

	do {
		low = s->nodes;
		for (size_t i = 0; i < s->nodes; i++)
			if (!s->closed[i] && s->tasks[high] - s->tasks[i] >= 2 &&
			    (low == s->nodes || s->tasks[i] < s->tasks[low]))
				low = i;
		if (low < s->nodes)
			s->closed[low] = !swarm__room_takes(s->question, low);
	} while (low < s->nodes && s->closed[low]);
	return low;
}

static const char *name_of(const spread *s, size_t i)
{
	const json_t *node = json_array_get(s->question->room->nodes, i);
	const char *name = swarm__json_string(node, "Description.Hostname");

	return *name ? name : swarm__json_string(node, "ID");
}

static int add_move(const spread *s, size_t high, size_t low, json_t *moves, swarm_error *err)
{
	const char *from = name_of(s, high), *to = name_of(s, low);
	json_t *move;
	size_t i;

	json_array_foreach (moves, i, move) {
		json_int_t tasks = swarm__json_integer(move, "tasks");

		if (strcmp(swarm__json_string(move, "from"), from) == 0 &&
		    strcmp(swarm__json_string(move, "to"), to) == 0)
			return json_object_set_new(move, "tasks", json_integer(tasks + 1)) < 0
				       ? swarm__nomem(err)
				       : 0;
	}
	return json_array_append_new(
		       moves, json_pack("{s:s, s:s, s:i}", "from", from, "to", to, "tasks", 1)) < 0
		       ? swarm__nomem(err)
		       : 0;
}

static int even_out(spread *s, bool only_first, json_t *moves, swarm_error *err)
{
	int rc = 0;

	while (!rc) {
		size_t high = find_high(s), low = find_low(s, high);

		if (low == s->nodes)
			break;
		rc = add_move(s, high, low, moves, err);
		if (rc || only_first)
			break;
		rc = swarm__room_put(s->question, low, err);
		s->tasks[high]--;
		s->tasks[low]++;
	}
	return rc;
}

int swarm__rebalance_spread(swarm__room *room, const json_t *service, bool only_first,
			    json_t **ret_moves, swarm_error *err)
{
	swarm__room_question SWARM__AUTO_ROOM_QUESTION question = { 0 };
	size_t nodes = json_array_size(room->nodes);
	spread s = { .question = &question, .nodes = nodes };
	json_t *moves = json_array();
	int rc;

	s.tasks = calloc(nodes + 1, sizeof(*s.tasks));
	s.closed = calloc(nodes + 1, sizeof(*s.closed));
	rc = moves && s.tasks && s.closed ? swarm__room_ask(room, service, &question, err)
					  : swarm__nomem(err);
	for (size_t i = 0; !rc && i < nodes; i++)
		s.tasks[i] = room->usage[i].tasks;
	if (!rc)
		rc = even_out(&s, only_first, moves, err);
	free(s.tasks);
	free(s.closed);
	if (rc)
		json_decref(moves);
	else
		*ret_moves = moves;
	return rc;
}
