/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The swarm's tasks, each with what the proof asks of it. The tree of all that the engine says of ten
 * thousand tasks would take ten times the bytes of its answer, and more than a client may use.
 */
#include "base/scan.h"
#include "evict/internal.h"
#include "object/internal.h"

#include <string.h>

/* A member that is kept, as a whole or these of its own. */
typedef struct member {
	const char *name;
	const struct member *inner;
} member;

static const member container_members[] = { { "Mounts", NULL }, { NULL, NULL } };
static const member spec_members[] = { { "Resources", NULL },
				       { "ContainerSpec", container_members },
				       { NULL, NULL } };
static const member status_members[] = { { "State", NULL },
					 { "PortStatus", NULL },
					 { NULL, NULL } };
static const member task_members[] = {
	{ "ID", NULL },      { "ServiceID", NULL },        { "NodeID", NULL },
	{ "Slot", NULL },    { "DesiredState", NULL },     { "GenericResources", NULL },
	{ "Volumes", NULL }, { "Status", status_members }, { "Spec", spec_members },
	{ NULL, NULL },
};

typedef struct copier {
	swarm__scan scan;
	swarm__buffer *to;
} copier;

static void put(copier *c, const char *text, size_t size)
{
	int rc = swarm__buffer_add(c->to, text, size);

	if (rc)
		swarm__scan_fail(&c->scan, rc);
}

static const member *find(const member *kept, const swarm__slice *name)
{
	for (; kept->name; kept++)
		if (strlen(kept->name) == name->size &&
		    memcmp(kept->name, name->start, name->size) == 0)
			return kept;
	return NULL;
}

/* As deep as the members are: two objects in a task. */
static void copy_object(copier *c, const member *kept)
{
	const char *before = "{\"";
	swarm__slice name;

	swarm__scan_open(&c->scan, '{');
	while (swarm__scan_member(&c->scan, &name)) {
		const member *found = find(kept, &name);
		bool object = swarm__scan_peek(&c->scan) == '{';
		const char *start = c->scan.at;

		if (!found) {
			swarm__scan_skip(&c->scan);
			continue;
		}
		put(c, before, strlen(before));
		put(c, name.start, name.size);
		put(c, "\":", 2);
		before = ",\"";
		if (found->inner && object) {
			copy_object(c, found->inner);
			continue;
		}
		swarm__scan_skip(&c->scan);
		put(c, start, (size_t)(c->scan.at - start));
	}
	put(c, *before == '{' ? "{}" : "}", *before == '{' ? 2 : 1);
}

/* 0, SWARM_E_NOMEM, those of the budget, or SWARM_E_JSON where it is not a list of objects. */
static int shorten(const swarm__buffer *text, swarm__budget *budget, swarm__buffer *shorter)
{
	copier c = { .to = shorter };
	const char *before = "[";

	swarm__scan_init(&c.scan, text->data, text->size);
	c.scan.budget = budget;
	if (swarm__scan_peek(&c.scan) != '[')
		return SWARM_E_JSON;
	swarm__scan_open(&c.scan, '[');
	while (swarm__scan_element(&c.scan)) {
		put(&c, before, 1);
		before = ",";
		copy_object(&c, task_members);
	}
	put(&c, *before == '[' ? "[]" : "]", *before == '[' ? 2 : 1);
	return swarm__scan_end(&c.scan) ? 0 : c.scan.code;
}

static int read_text(swarm_client *client, const swarm__buffer *text,
		     const swarm__deadline *deadline, json_t **ret_tasks, swarm_error *err)
{
	swarm__budget budget = swarm__answer_budget(client, client->max_body, deadline);
	swarm__buffer shorter;
	int rc;

	swarm__buffer_init_in(&shorter, text->size + 1, budget.allocator);
	rc = shorten(text, &budget, &shorter);
	if (!rc)
		rc = swarm__json_read(shorter.data, shorter.size, &budget, ret_tasks, err);
	else if (rc == SWARM_E_JSON)
		/* Whoever reads all of it can say what is wrong; null is a list, too. */
		rc = swarm__json_read(text->data, text->size, &budget, ret_tasks, err);
	else
		rc = rc == SWARM_E_NOMEM ? swarm__nomem(err) : swarm__budget_fail(&budget, rc, err);
	swarm__buffer_clear(&shorter);
	return rc && rc != SWARM_E_NOMEM
		       ? swarm__error_wrap(err, rc, "the engine's answer to task_list")
		       : rc;
}

int swarm__evict_tasks(swarm_client *client, const swarm__deadline *deadline, json_t **ret_tasks,
		       swarm_error *err)
{
	swarm__buffer text;
	json_t *tasks = NULL;
	int rc = swarm__call_text_patiently(client, SWARM_OP_TASK_LIST, NULL, deadline, &text, err);

	if (rc)
		return rc;
	rc = read_text(client, &text, deadline, &tasks, err);
	swarm__buffer_clear(&text);
	if (!rc)
		rc = swarm__shape_list("task", tasks, "ID", err);
	if (rc)
		json_decref(tasks);
	else
		*ret_tasks = tasks;
	return rc;
}
