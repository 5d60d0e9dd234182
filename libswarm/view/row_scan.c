/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row of a view out of the bytes of a long list, in one pass: what no field asks for is checked
 * and left behind. Returns the same values and the same errors as row.c does from a tree.
 */
#include "view/internal.h"

#include <string.h>

/* A string as it is to be kept; "" after an error. */
static const char *scan_text(swarm__scan *scan, swarm__arena *arena)
{
	swarm__slice slice;
	char *text;

	if (!swarm__scan_string(scan, &slice))
		return "";
	text = swarm__slice_string(&slice, arena);
	if (!text)
		swarm__scan_fail(scan, SWARM_E_NOMEM);
	return text ? text : "";
}

/* Is there time, memory and patience left? Asked at each member, and looked at now and then. */
static bool go_on(swarm__scan *scan, const swarm__arena *arena)
{
	enum { EACH = 128 };
	int rc = ++scan->steps % EACH
			 ? 0
			 : swarm__budget_check(scan->budget, scan->memory + arena->size);

	return !rc || swarm__scan_fail(scan, rc);
}

/* How many members the object that is next has. */
static size_t count_members(swarm__scan ahead)
{
	swarm__slice ignored;
	size_t count = 0;

	swarm__scan_open(&ahead, '{');
	for (; swarm__scan_member(&ahead, &ignored); count++)
		swarm__scan_skip(&ahead);
	return count;
}

/* The members of the object that is next; without a value if that is not a string. */
static void read_labels(swarm__scan *scan, swarm_label *labels, swarm__arena *arena)
{
	swarm__slice name;

	swarm__scan_open(scan, '{');
	for (; go_on(scan, arena) && swarm__scan_member(scan, &name); labels++) {
		labels->name = swarm__slice_string(&name, arena);
		if (!labels->name) {
			swarm__scan_fail(scan, SWARM_E_NOMEM);
			return;
		}
		labels->value = NULL;
		if (swarm__scan_peek(scan) == '"')
			labels->value = scan_text(scan, arena);
		else
			swarm__scan_skip(scan);
	}
}

static void scan_labels(swarm__scan *scan, swarm__row *r, size_t i)
{
	size_t count = count_members(*scan);
	swarm_label *labels;

	if (count > SWARM__MAX_LABELS) {
		scan->many_labels = !scan->code;
		swarm__scan_fail(scan, SWARM_E_TOO_LARGE);
		return;
	}
	labels = swarm__labels_take(r->arena, count);
	if (labels)
		read_labels(scan, labels, r->arena);
	if (!labels || (!scan->code && !swarm__labels_sort(labels, count, r->arena)))
		swarm__scan_fail(scan, SWARM_E_NOMEM);
	if (scan->code)
		return;
	swarm__row_labels(r, i, labels);
	for (; labels->name; labels++)
		if (!labels->value)
			r->wrong[i] = strlen(r->view->fields[i].path);
}

static void scan_object(swarm__scan *scan, swarm__row *r, size_t first, size_t last, size_t start);

/* How many elements the array that is next has. */
static size_t count_elements(swarm__scan ahead)
{
	size_t count = 0;

	for (swarm__scan_open(&ahead, '['); swarm__scan_element(&ahead); count++)
		swarm__scan_skip(&ahead);
	return count;
}

/* The objects of the array that is next; what is not a port makes the field wrong. */
static void scan_ports(swarm__scan *scan, swarm__row *r, size_t i)
{
	const swarm__view *v = &swarm__view_port;
	size_t count = count_elements(*scan), n = 0;
	swarm_port *ports;
	bool right = true;
	int rc = swarm__budget_check(scan->budget,
				     scan->memory + r->arena->size + count * sizeof(*ports));

	ports = rc ? NULL : swarm__ports_take(r->arena, count);
	if (!ports) {
		swarm__scan_fail(scan, rc ? rc : SWARM_E_NOMEM);
		return;
	}
	for (swarm__scan_open(scan, '['); go_on(scan, r->arena) && swarm__scan_element(scan); n++) {
		swarm__row port;

		swarm__row_start(&port, v, &ports[n], r->arena);
		if (swarm__scan_peek(scan) == '{') {
			scan_object(scan, &port, 0, v->count, 0);
			right = right && swarm__row_is_right(&port);
		} else {
			swarm__scan_skip(scan);
			right = false;
		}
	}
	if (scan->code)
		return;
	swarm__row_ports(r, i, ports);
	if (!right)
		r->wrong[i] = strlen(r->view->fields[i].path);
}

/* The value of one field, which is not null. False if it is of another type; it is next then. */
static bool scan_leaf(swarm__scan *scan, swarm__row *r, size_t i)
{
	char c = swarm__scan_peek(scan);
	swarm__slice number;
	int64_t integer;

	switch (r->view->fields[i].kind) {
	case FIELD_STRING:
		if (c != '"')
			return false;
		swarm__row_string(r, i, scan_text(scan, r->arena));
		return true;
	case FIELD_INTEGER: {
		swarm__scan ahead = *scan;

		if (!swarm__scan_number(&ahead, &number) ||
		    !swarm__slice_integer(&number, &integer))
			return false;
		*scan = ahead;
		swarm__row_integer(r, i, integer);
		return true;
	}
	case FIELD_BOOL:
		if (c != 't' && c != 'f')
			return false;
		swarm__scan_word(scan, c == 't' ? "true" : "false");
		swarm__row_flag(r, i, c == 't');
		return true;
	case FIELD_LABELS:
		if (c != '{')
			return false;
		scan_labels(scan, r, i);
		return true;
	case FIELD_PORTS:
		if (c != '[')
			return false;
		scan_ports(scan, r, i);
		return true;
	default:
		return false;
	}
}

/*
 * Is this the name that begins at start on the path? A name with a dot in it is none of ours. Most
 * names differ in their first byte, so a call of strncmp() would cost more than it compares.
 */
static bool is_named(const swarm__view_field *f, size_t start, const swarm__slice *name)
{
	const char *path = f->path + start;
	size_t i = 0;

	while (i < name->size && path[i] == name->start[i] && path[i] != '.')
		i++;
	return i && i == name->size && (path[i] == '.' || !path[i]);
}

/* The value that is next belongs to these fields, whose paths are the same up to end. */
static void scan_value(swarm__scan *scan, swarm__row *r, size_t first, size_t last, size_t end)
{
	const swarm__view_field *f = &r->view->fields[first];
	bool here = !f->path[end];

	/* Of members with the same name the last counts, as in a tree. */
	swarm__row_forget(r, first, last);
	if (swarm__scan_peek(scan) == 'n') {
		swarm__scan_word(scan, "null");
		return;
	}
	if (here && f->kind != FIELD_PRESENT) {
		if (scan_leaf(scan, r, first))
			return;
	} else if (swarm__scan_peek(scan) == '{') {
		if (here)
			swarm__row_flag(r, first, 1);
		scan_object(scan, r, here ? first + 1 : first, last, end + 1);
		return;
	}
	for (size_t i = first; i < last; i++)
		r->wrong[i] = end;
	swarm__scan_skip(scan);
}

/*
 * The object that is next, for fields whose paths are the same up to start. Calls itself by way of
 * scan_value(), no deeper than a path has names.
 */
static void scan_object(swarm__scan *scan, swarm__row *r, size_t first, size_t last, size_t start)
{
	const swarm__view_field *fields = r->view->fields;
	swarm__slice name;

	swarm__scan_open(scan, '{');
	while (go_on(scan, r->arena) && swarm__scan_member(scan, &name)) {
		size_t from = first, to;

		if (name.escaped) {
			name.start = swarm__slice_string(&name, r->arena);
			if (!name.start) {
				swarm__scan_fail(scan, SWARM_E_NOMEM);
				return;
			}
			name.size = strlen(name.start);
		}
		while (from < last && !is_named(&fields[from], start, &name))
			from++;
		for (to = from; to < last && is_named(&fields[to], start, &name);)
			to++;
		if (from < to)
			scan_value(scan, r, from, to, start + name.size);
		else
			swarm__scan_skip(scan);
	}
}

int swarm__scan_error(const swarm__scan *scan, const swarm__view *v, swarm_error *err)
{
	if (scan->code == SWARM_E_NOMEM)
		return swarm__nomem(err);
	if (scan->many_labels)
		return swarm__error(err, scan->code, "%s list: an object has more than %d labels",
				    v->name, SWARM__MAX_LABELS);
	if (scan->code != SWARM_E_JSON)
		return swarm__error_wrap(err, swarm__budget_fail(scan->budget, scan->code, err),
					 "%s list", v->name);
	return swarm__error(err, scan->code, "%s list: the JSON is malformed at byte %zu", v->name,
			    scan->offset);
}

int swarm__row_scan(swarm__scan *scan, const swarm__view *v, void *record, swarm__arena *arena,
		    int64_t index, swarm_error *err)
{
	bool object = swarm__scan_peek(scan) == '{';
	swarm__row r;

	swarm__row_start(&r, v, record, arena);
	if (object)
		scan_object(scan, &r, 0, v->count, 0);
	else
		swarm__scan_skip(scan);
	if (scan->code)
		return swarm__scan_error(scan, v, err);
	return object ? swarm__row_finish(&r, index, err) : swarm__row_no_object(v, index, err);
}
