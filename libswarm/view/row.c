/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row of a view: filling its fields, from a tree or from elsewhere, with the same errors. Strings
 * stay where they are read from.
 */
#include "view/internal.h"

#include <stdio.h>
#include <string.h>

enum { MAX_NAME = 64 };

/* --- one row that is being filled ------------------------------------------------------------ */

static const char *const kind_names[] = {
	[FIELD_STRING] = "string",
	[FIELD_INTEGER] = "integer below 2^63",
	[FIELD_BOOL] = "boolean",
	[FIELD_PRESENT] = "object",
	[FIELD_LABELS] = "object of strings",
	[FIELD_PORTS] = "array of ports",
};

static const swarm_label no_labels[] = { { NULL, NULL } };
static const swarm_port no_ports[] = { { 0, 0, NULL, NULL } };

static void put(const swarm__row *r, size_t i, const void *value, size_t size)
{
	memcpy(r->record + r->view->fields[i].offset, value, size);
}

void swarm__row_string(swarm__row *r, size_t i, const char *value)
{
	put(r, i, &value, sizeof(value));
	r->found[i] = true;
}

void swarm__row_integer(swarm__row *r, size_t i, int64_t value)
{
	put(r, i, &value, sizeof(value));
	r->found[i] = true;
}

void swarm__row_flag(swarm__row *r, size_t i, int value)
{
	put(r, i, &value, sizeof(value));
	r->found[i] = true;
}

void swarm__row_labels(swarm__row *r, size_t i, const swarm_label *value)
{
	put(r, i, &value, sizeof(value));
	r->found[i] = true;
}

void swarm__row_ports(swarm__row *r, size_t i, const swarm_port *value)
{
	put(r, i, &value, sizeof(value));
	r->found[i] = true;
}

/* The fields from first to last as if nothing had been said of them. */
void swarm__row_forget(swarm__row *r, size_t first, size_t last)
{
	for (size_t i = first; i < last; i++) {
		switch (r->view->fields[i].kind) {
		case FIELD_STRING:
			swarm__row_string(r, i, "");
			break;
		case FIELD_INTEGER:
			swarm__row_integer(r, i, 0);
			break;
		case FIELD_LABELS:
			swarm__row_labels(r, i, no_labels);
			break;
		case FIELD_PORTS:
			swarm__row_ports(r, i, no_ports);
			break;
		default:
			swarm__row_flag(r, i, 0);
		}
		r->found[i] = false;
		r->wrong[i] = 0;
	}
}

void swarm__row_start(swarm__row *r, const swarm__view *v, void *record, swarm__arena *arena)
{
	*r = (swarm__row){ .view = v, .record = record, .arena = arena };
	swarm__row_forget(r, 0, v->count);
}

/* "[3]." in front of the path of what is wrong; made only then. */
static const char *place(int64_t index, char text[24])
{
	*text = '\0';
	if (index != SWARM__ALONE)
		snprintf(text, 24, "[%lld].", (long long)index);
	return text;
}

/* Where its value is of another type, or missing though required, the first field says so. */
int swarm__row_finish(const swarm__row *r, int64_t index, swarm_error *err)
{
	char text[24];

	for (size_t i = 0; i < r->view->count; i++) {
		const swarm__view_field *f = &r->view->fields[i];
		bool missing = f->required && !r->found[i];
		size_t length, wrong;

		if (!missing && !r->wrong[i])
			continue;
		length = strlen(f->path);
		wrong = missing ? length : r->wrong[i];
		return swarm__error(err, SWARM_E_JSON, "%s%.*s: expected %s", place(index, text),
				    (int)wrong, f->path,
				    wrong < length ? "object" : kind_names[f->kind]);
	}
	return 0;
}

bool swarm__row_is_right(const swarm__row *r)
{
	for (size_t i = 0; i < r->view->count; i++)
		if (r->wrong[i])
			return false;
	return true;
}

int swarm__row_no_object(const swarm__view *v, int64_t index, swarm_error *err)
{
	char text[24];

	return swarm__error(err, SWARM_E_JSON, "%s%s: expected object", place(index, text),
			    v->name);
}

/* --- labels ---------------------------------------------------------------------------------- */

const char *swarm_label_get(const swarm_label *labels, const char *name)
{
	for (; labels && name && labels->name; labels++)
		if (strcmp(labels->name, name) == 0)
			return labels->value;
	return NULL;
}

typedef struct ordered {
	swarm_label label;
	size_t order;
} ordered;

static int compare(const void *one, const void *other)
{
	const ordered *a = one, *b = other;
	int order = strcmp(a->label.name, b->label.name);

	return order ? order : (a->order > b->order) - (a->order < b->order);
}

/*
 * Sort count labels by name; of several with one name the last counts, as in a tree. The engine's
 * are sorted and each there once (Go writes its maps so). False without memory.
 */
bool swarm__labels_sort(swarm_label *labels, size_t count, swarm__arena *arena)
{
	size_t kept = 0, sorted = 1;
	ordered *all;

	while (sorted < count && strcmp(labels[sorted - 1].name, labels[sorted].name) < 0)
		sorted++;
	if (sorted >= count)
		return true;
	all = swarm__arena_take(arena, count * sizeof(*all));
	if (!all)
		return false;
	for (size_t i = 0; i < count; i++)
		all[i] = (ordered){ labels[i], i };
	qsort(all, count, sizeof(*all), compare);
	for (size_t i = 0; i < count; i++)
		if (i + 1 == count || strcmp(all[i].label.name, all[i + 1].label.name) != 0)
			labels[kept++] = all[i].label;
	labels[kept] = (swarm_label){ NULL, NULL };
	return true;
}

/* Room for count labels and the end; NULL without memory. */
swarm_label *swarm__labels_take(swarm__arena *arena, size_t count)
{
	swarm_label *labels = NULL;

	/* Half of it, for swarm__labels_sort() takes more for each. */
	if (count < SIZE_MAX / sizeof(ordered) / 2)
		labels = swarm__arena_take(arena, (count + 1) * sizeof(*labels));
	if (labels)
		labels[count] = (swarm_label){ NULL, NULL };
	return labels;
}

/* --- ports ----------------------------------------------------------------------------------- */

swarm_port *swarm__ports_take(swarm__arena *arena, size_t count)
{
	swarm_port *ports = NULL;

	if (count < SIZE_MAX / sizeof(*ports))
		ports = swarm__arena_take(arena, (count + 1) * sizeof(*ports));
	if (ports)
		ports[count] = (swarm_port){ 0, 0, NULL, NULL };
	return ports;
}

/* --- from a tree ----------------------------------------------------------------------------- */

/* The value at a path, NULL if it is missing or null. Returns how much of the path was walked. */
static size_t walk(const json_t *json, const char *path, const json_t **ret_value)
{
	size_t end = 0;

	for (;;) {
		size_t length = strcspn(path + end, ".");
		char name[MAX_NAME];

		snprintf(name, sizeof(name), "%.*s", (int)length, path + end);
		json = json_object_get(json, name);
		end += length;
		*ret_value = json_is_null(json) ? NULL : json;
		if (!*ret_value || !path[end] || !json_is_object(json))
			return end;
		end++;
	}
}

/* False if they are not labels; an error in *ret_code without memory. */
static bool tree_labels(swarm__row *r, size_t i, const json_t *json, int *ret_code)
{
	size_t count = json_object_size(json), n = 0;
	swarm_label *labels;
	const char *name;
	json_t *value;

	if (!json_is_object(json))
		return false;
	if (count > SWARM__MAX_LABELS) {
		*ret_code = SWARM_E_TOO_LARGE;
		return true;
	}
	json_object_foreach (swarm__json_iterable(json), name, value)
		if (!json_is_string(value))
			return false;
	labels = swarm__labels_take(r->arena, count);
	if (!labels) {
		*ret_code = SWARM_E_NOMEM;
		return true;
	}
	json_object_foreach (swarm__json_iterable(json), name, value)
		labels[n++] = (swarm_label){ name, json_string_value(value) };
	if (!swarm__labels_sort(labels, count, r->arena))
		*ret_code = SWARM_E_NOMEM;
	swarm__row_labels(r, i, labels);
	return true;
}

static int tree_field(swarm__row *r, size_t i, const json_t *json);

/* As tree_labels(). */
static bool tree_ports(swarm__row *r, size_t i, const json_t *json, int *ret_code)
{
	size_t count = json_array_size(json);
	swarm_port *ports;

	if (!json_is_array(json))
		return false;
	ports = swarm__ports_take(r->arena, count);
	if (!ports) {
		*ret_code = SWARM_E_NOMEM;
		return true;
	}
	for (size_t n = 0; n < count; n++) {
		const json_t *value = json_array_get(json, n);
		swarm__row port;

		swarm__row_start(&port, &swarm__view_port, &ports[n], r->arena);
		/* No field of a port takes memory. */
		for (size_t k = 0; k < port.view->count; k++)
			tree_field(&port, k, value);
		if (!json_is_object(value) || !swarm__row_is_right(&port))
			return false;
	}
	swarm__row_ports(r, i, ports);
	return true;
}

/* 0, SWARM_E_NOMEM or SWARM_E_TOO_LARGE. */
static int tree_field(swarm__row *r, size_t i, const json_t *json)
{
	const swarm__view_field *f = &r->view->fields[i];
	const json_t *value;
	size_t end = walk(json, f->path, &value);
	bool good = true;
	int rc = 0;

	if (!value)
		return 0;
	if (f->path[end])
		good = false;
	else if (f->kind == FIELD_STRING && (good = json_is_string(value)))
		swarm__row_string(r, i, json_string_value(value));
	else if (f->kind == FIELD_INTEGER && (good = json_is_integer(value)))
		swarm__row_integer(r, i, json_integer_value(value));
	else if (f->kind == FIELD_BOOL && (good = json_is_boolean(value)))
		swarm__row_flag(r, i, json_is_true(value));
	else if (f->kind == FIELD_PRESENT && (good = json_is_object(value)))
		swarm__row_flag(r, i, 1);
	else if (f->kind == FIELD_LABELS)
		good = tree_labels(r, i, value, &rc);
	else if (f->kind == FIELD_PORTS)
		good = tree_ports(r, i, value, &rc);
	if (!good)
		r->wrong[i] = end;
	return rc;
}

int swarm__row_walk(const swarm__view *v, const json_t *json, void *record, swarm__arena *arena,
		    int64_t index, swarm_error *err)
{
	swarm__row r;

	if (!json_is_object(json))
		return swarm__row_no_object(v, index, err);
	swarm__row_start(&r, v, record, arena);
	for (size_t i = 0; i < v->count; i++) {
		int rc = tree_field(&r, i, json);

		if (rc == SWARM_E_TOO_LARGE)
			return swarm__error(err, rc, "%s: an object has more than %d labels",
					    v->name, SWARM__MAX_LABELS);
		if (rc)
			return swarm__nomem(err);
	}
	return swarm__row_finish(&r, index, err);
}
