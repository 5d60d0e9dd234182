/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Would more tasks of a service fit, beside what runs and what was put there before? The nodes are
 * taken in their order, so more tasks may fit than are found to: the managers' scheduler spreads them.
 * Pure functions of what was read.
 */
#include "placement/internal.h"

#include <string.h>

json_t *swarm__tasks_by(const json_t *tasks, const char *member)
{
	json_t *all = json_object();
	json_t *task;
	size_t i;

	json_array_foreach (swarm__json_iterable(tasks), i, task) {
		const char *id = swarm__json_string(task, member);
		json_t *own = json_object_get(all, id);

		if (!own) {
			own = json_array();
			if (json_object_set_new(all, id, own)) {
				json_decref(all);
				return NULL;
			}
		}
		if (json_array_append(own, task)) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

const json_t *swarm__room_tasks(const swarm__room *room, const char *service_id)
{
	return json_object_get(room->tasks, service_id);
}

int swarm__room_open(swarm__room *ret_room, const json_t *nodes, const json_t *tasks,
		     const json_t *services, const json_t *volumes, swarm_error *err)
{
	size_t count = json_array_size(nodes) + 1;
	int rc;

	*ret_room = (swarm__room){ .nodes = nodes,
				   .tasks = swarm__tasks_by(tasks, "ServiceID"),
				   .places = swarm__node_places(nodes) };
	ret_room->volumes = json_object_get(volumes, "Volumes");
	ret_room->left_out = calloc(count, sizeof(bool));
	ret_room->took = calloc(count, sizeof(bool));
	ret_room->before = calloc(count, sizeof(*ret_room->before));
	rc = ret_room->left_out && ret_room->took && ret_room->before && ret_room->tasks &&
			     ret_room->places
		     ? swarm__volumes_uses(tasks, &ret_room->uses, err)
		     : swarm__nomem(err);
	return rc ? rc : swarm__node_usage_make(nodes, tasks, services, "", &ret_room->usage, err);
}

void swarm__room_clear(swarm__room *room)
{
	swarm__node_usage_free(room->usage, json_array_size(room->nodes));
	swarm__node_usage_free(room->before, json_array_size(room->nodes));
	json_decref(room->uses);
	json_decref(room->tasks);
	json_decref(room->places);
	free(room->took);
	free(room->left_out);
	*room = (swarm__room){ 0 };
}

bool swarm__room_leave_out(swarm__room *room, const char *node_id)
{
	const json_t *place = json_object_get(room->places, node_id);

	if (!place)
		return false;
	return room->left_out[json_integer_value(place)] = true;
}

void swarm__room_reset(swarm__room *room)
{
	for (size_t i = 0; i < json_array_size(room->nodes); i++) {
		room->left_out[i] = false;
		if (!room->took[i])
			continue;
		json_decref(room->usage[i].generic);
		json_decref(room->usage[i].ports);
		room->usage[i] = room->before[i];
		room->before[i] = (swarm__node_usage){ 0 };
		room->took[i] = false;
	}
}

/* Keep what is used of a node before it takes more. False without memory. */
static bool keep(swarm__room *room, size_t i)
{
	swarm__node_usage *usage = &room->usage[i];
	json_t *generic, *ports;

	if (room->took[i])
		return true;
	generic = json_copy(usage->generic);
	ports = json_copy(usage->ports);
	if ((usage->generic && !generic) || (usage->ports && !ports)) {
		json_decref(generic);
		json_decref(ports);
		return false;
	}
	room->before[i] = *usage;
	usage->generic = generic;
	usage->ports = ports;
	return room->took[i] = true;
}

/* A task as the managers would make it now. New; NULL without memory. */
static json_t *make_task(const json_t *service)
{
	json_t *spec = swarm__json_iterable(swarm__json_at(service, "Spec.TaskTemplate"));
	json_t *generic = swarm__json_iterable(
		swarm__json_at(spec, "Resources.Reservations.GenericResources"));

	return json_pack("{s:s, s:s, s:O*, s:O*}", "ServiceID", swarm__json_string(service, "ID"),
			 "DesiredState", "running", "Spec", spec, "GenericResources", generic);
}

/* The usage was made for no service: which of these tasks are its own is counted now. */
static void count_own(swarm__room *room, const char *service_id)
{
	json_t *task;
	size_t i;

	for (i = 0; i < json_array_size(room->nodes); i++)
		room->usage[i].tasks = 0;
	json_array_foreach (swarm__json_iterable(swarm__room_tasks(room, service_id)), i, task) {
		const json_t *place = json_object_get(room->places,
						      swarm__json_string(task, "NodeID"));

		if (place && swarm__task_takes_room(task) &&
		    swarm__task_is_wanted(swarm__json_string(task, "DesiredState")))
			room->usage[json_integer_value(place)].tasks++;
	}
}

void swarm__room_question_clear(swarm__room_question *q)
{
	json_decref(q->task);
	json_decref(q->ports);
	*q = (swarm__room_question){ 0 };
}

int swarm__room_ask(swarm__room *room, const json_t *service, swarm__room_question *ret_question,
		    swarm_error *err)
{
	json_t *ports = swarm__json_iterable(swarm__service_ports(service));
	const char *id = swarm__json_string(service, "ID");

	*ret_question = (swarm__room_question){ .room = room, .service = service };
	ret_question->task = make_task(service);
	ret_question->ports = json_pack("{s:O*}", id, ports);
	if (!ret_question->task || !ret_question->ports)
		return swarm__nomem(err);
	count_own(room, id);
	return 0;
}

static void check_node(const swarm__room_question *q, size_t i, swarm__reasons *reasons)
{
	const json_t *node = json_array_get(q->room->nodes, i);

	swarm__placement_check(q->task, swarm__service_ports(q->service), node, &q->room->usage[i],
			       reasons);
	swarm__volumes_check(q->task, q->room->volumes, q->room->uses, node, reasons);
}

bool swarm__room_takes(const swarm__room_question *q, size_t i)
{
	swarm__reasons reasons = { "" };

	if (q->room->left_out[i])
		return false;
	check_node(q, i, &reasons);
	return !*reasons.text;
}

int swarm__room_put(const swarm__room_question *q, size_t i, swarm_error *err)
{
	const char *id = swarm__json_string(q->service, "ID");

	return keep(q->room, i) && swarm__node_usage_add(&q->room->usage[i], q->task, id, q->ports)
		       ? 0
		       : swarm__nomem(err);
}

/* Of a node that takes no tasks at all there is nothing to say about this one. */
static bool is_open(const json_t *node)
{
	return strcmp(swarm__json_string(node, "Status.State"), "ready") == 0 &&
	       strcmp(swarm__json_string(node, "Spec.Availability"), "active") == 0;
}

static int list_fits(const swarm__room_question *q, swarm__room_answer *answer, swarm_error *err)
{
	json_t *node;
	size_t i;

	json_array_foreach (swarm__json_iterable(q->room->nodes), i, node) {
		const char *name = swarm__json_string(node, "Description.Hostname");
		swarm__reasons reasons = { "" };

		if (q->room->left_out[i] || !is_open(node))
			continue;
		check_node(q, i, &reasons);
		if (*reasons.text)
			swarm__names_add(&answer->why, "%s: %s", name, reasons.text);
		else if (json_array_append_new(answer->fits, json_string(name)) < 0)
			return swarm__nomem(err);
	}
	if (!*answer->why.text && !json_array_size(answer->fits))
		swarm__names_add(&answer->why, "no other node is ready and active");
	return 0;
}

/* On the first node that takes it, from *start on: those before it have rejected one like it. */
static int place_one(const swarm__room_question *q, size_t *start, swarm__room_answer *answer,
		     swarm_error *err)
{
	for (; *start < json_array_size(q->room->nodes); ++*start) {
		if (!swarm__room_takes(q, *start))
			continue;
		answer->placed++;
		return swarm__room_put(q, *start, err);
	}
	return 0;
}

int swarm__room_place(swarm__room *room, const json_t *service, size_t count,
		      swarm__room_answer *ret_answer, swarm_error *err)
{
	swarm__room_question SWARM__AUTO_ROOM_QUESTION q = { 0 };
	swarm__room_answer answer = { .fits = json_array() };
	size_t start = 0;
	int rc = answer.fits ? swarm__room_ask(room, service, &q, err) : swarm__nomem(err);

	if (!rc && !room->brief)
		rc = list_fits(&q, &answer, err);
	for (size_t i = 0; !rc && i < count && answer.placed == i; i++)
		rc = place_one(&q, &start, &answer, err);
	if (rc)
		json_decref(answer.fits);
	else
		*ret_answer = answer;
	return rc;
}
