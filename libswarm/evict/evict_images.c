/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The images that nodes need before others are emptied: for each service that will lose tasks, which nodes
 * take one more. Which of them gets it is the managers' to choose, so all of them count. Reads only.
 */
#include "evict/internal.h"

#include <string.h>

enum { TIMEOUT_MS = 60000 };

/* Ids of the services with tasks on the nodes, as an object; new, NULL without memory. */
static json_t *find_services(const swarm__proof *p, const char *const *nodes)
{
	json_t *ids = json_object();
	bool good = ids != NULL;

	for (size_t n = 0; good && nodes[n]; n++) {
		json_t *task;
		size_t i;

		json_array_foreach (json_object_get(p->by_node, nodes[n]), i, task)
			if (good && swarm__task_takes_room(task) &&
			    swarm__task_is_wanted(swarm__json_string(task, "DesiredState")))
				good = json_object_set_new(ids,
							   swarm__json_string(task, "ServiceID"),
							   json_true()) == 0;
	}
	if (good)
		return ids;
	json_decref(ids);
	return NULL;
}

/*
 * Note the nodes that take a task of the service. all: image name to a text with a "1" for each node that
 * needs it and a "0" for the others, in their order. 0 or SWARM_E_NOMEM.
 */
static int note(swarm__proof *p, const json_t *service, json_t *all, swarm_error *err)
{
	const char *image = swarm__json_string(service, "Spec.TaskTemplate.ContainerSpec.Image");
	swarm__room_question SWARM__AUTO_ROOM_QUESTION q = { 0 };
	const char *before = json_string_value(json_object_get(all, image));
	size_t count = json_array_size(p->nodes);
	bool any = false;
	char *marks;
	int rc;

	if (!*image)
		return 0;
	rc = swarm__room_ask(&p->room, service, &q, err);
	if (rc)
		return rc;
	marks = calloc(count + 1, 1);
	if (!marks)
		return swarm__nomem(err);
	for (size_t i = 0; i < count; i++) {
		marks[i] = swarm__room_takes(&q, i) || (before && before[i] == '1') ? '1' : '0';
		any = any || marks[i] == '1';
	}
	if (any && json_object_set_new(all, image, json_string(marks)))
		rc = swarm__nomem(err);
	free(marks);
	return rc;
}

static int find_wanted(swarm__proof *p, const char *const *nodes, json_t *all, swarm_error *err)
{
	json_t *ids = find_services(p, nodes);
	int rc = ids ? 0 : swarm__nomem(err);
	json_t *service;
	size_t i;

	json_array_foreach (p->services, i, service)
		/* Global ones are everywhere, and jobs run to their end where they are. */
		if (!rc && json_object_get(ids, swarm__json_string(service, "ID")) &&
		    strcmp(swarm__service_mode(service), "Replicated") == 0)
			rc = note(p, service, all, err);
	json_decref(ids);
	return rc;
}

/* New: the ids of the marked nodes; NULL without memory. */
static json_t *list_nodes(const swarm__proof *p, const char *marks)
{
	json_t *ids = json_array();

	for (size_t i = 0; ids && marks[i]; i++) {
		const char *id = swarm__json_string(json_array_get(p->nodes, i), "ID");

		if (marks[i] == '1' && json_array_append_new(ids, json_string(id))) {
			json_decref(ids);
			return NULL;
		}
	}
	return ids;
}

/* A row without images yet, for the marked nodes. rows: marks to their place in the list. -1 without memory. */
static int add_row(const swarm__proof *p, const char *marks, json_t *rows, json_t *list)
{
	json_t *place = json_integer((json_int_t)json_array_size(list));
	json_t *nodes = list_nodes(p, marks);

	if (json_object_set_new(rows, marks, place)) {
		json_decref(nodes);
		return -1;
	}
	return json_array_append_new(list, json_pack("{s:[], s:o}", "images", "nodes", nodes));
}

static int add(const swarm__proof *p, const char *image, const char *marks, json_t *rows,
	       json_t *list)
{
	const json_t *row;

	if (!json_object_get(rows, marks) && add_row(p, marks, rows, list))
		return -1;
	row = json_array_get(list, (size_t)json_integer_value(json_object_get(rows, marks)));
	return json_array_append_new(json_object_get(row, "images"), json_string(image));
}

/* New; NULL without memory. */
static json_t *make_list(const swarm__proof *p, json_t *all)
{
	json_t *list = json_array(), *rows = json_object();
	bool good = list && rows;
	const char *image;
	json_t *marks;

	json_object_foreach (all, image, marks)
		good = good && !add(p, image, json_string_value(marks), rows, list);
	json_decref(rows);
	if (good)
		return list;
	json_decref(list);
	return NULL;
}

int swarm_evict_images(swarm_client *client, const char *const *nodes, int64_t timeout_ms,
		       json_t **ret_images, swarm_error *err)
{
	const swarm_evict_options options = SWARM_EVICT_OPTIONS_INIT;
	swarm__proof SWARM__AUTO_PROOF p = { 0 };
	swarm_error spare = SWARM_ERROR_INIT;
	swarm__deadline deadline;
	json_t *all, *list;
	int rc = 0;

	if (!err)
		err = &spare;
	if (!client || !nodes || !ret_images || timeout_ms < 0)
		return swarm__error(
			err, SWARM_E_INVAL,
			"client, nodes and ret_images are required, and timeout_ms is 0 or "
			"more");
	for (size_t i = 0; !rc && nodes[i]; i++)
		rc = swarm__utf8_check("a node", nodes[i], err);
	if (rc)
		return rc;
	deadline = swarm__deadline_in(timeout_ms, TIMEOUT_MS);
	rc = swarm__proof_read(client, &options, &deadline, &p, err);
	for (size_t i = 0; !rc && nodes[i]; i++)
		if (!json_object_get(p.room.places, nodes[i]))
			rc = swarm__error(err, SWARM_E_NOT_FOUND, "no node has the id %s",
					  nodes[i]);
	if (rc)
		return rc;
	all = json_object();
	rc = all ? find_wanted(&p, nodes, all, err) : swarm__nomem(err);
	list = rc ? NULL : make_list(&p, all);
	if (!rc && !list)
		rc = swarm__nomem(err);
	json_decref(all);
	if (!rc)
		*ret_images = list;
	return rc;
}
