/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the swarm has of a stack: its objects by docker's label, those of others that have a declared name,
 * and the stored revisions. Also what all steps of one call share: lines, changes, its beginning and end.
 */
#include "stack/deploy.h"

#include <stdio.h>
#include <string.h>

const swarm__stack_kind swarm__stack_kinds[SWARM__STACK_KINDS] = {
	{ "networks", "network", SWARM_KIND_NETWORK, "Id", "Name", "Labels" },
	{ "secrets", "secret", SWARM_KIND_SECRET, "ID", "Spec.Name", "Spec.Labels" },
	{ "configs", "config", SWARM_KIND_CONFIG, "ID", "Spec.Name", "Spec.Labels" },
	{ "services", "service", SWARM_KIND_SERVICE, "ID", "Spec.Name", "Spec.Labels" },
};

const swarm__stack_kind *swarm__stack_kind_named(const char *name)
{
	for (int i = 0; i < SWARM__STACK_KINDS; i++)
		if (strcmp(swarm__stack_kinds[i].name, name) == 0)
			return &swarm__stack_kinds[i];
	return NULL;
}

/* --- one object ------------------------------------------------------------------------------------- */

const char *swarm__stack_label(const json_t *object, const swarm__stack_kind *kind,
			       const char *label)
{
	const char *text = json_string_value(
		json_object_get(swarm__json_at(object, kind->labels), label));

	return text ? text : "";
}

const char *swarm__stack_title(const json_t *object, const swarm__stack_kind *kind)
{
	return swarm__json_string(object, kind->title);
}

const char *swarm__stack_id(const json_t *object, const swarm__stack_kind *kind)
{
	return swarm__json_string(object, kind->id);
}

json_t *swarm__stack_find(const json_t *list, const swarm__stack_kind *kind, const char *name)
{
	json_t *object;
	size_t i;

	json_array_foreach (swarm__json_iterable(list), i, object)
		if (strcmp(swarm__stack_title(object, kind), name) == 0)
			return object;
	return NULL;
}

/* --- lines and changes -------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 0))) static int add_line(json_t *lines, swarm_error *err,
							  const char *format, va_list arguments)
{
	json_t *line = json_vsprintf(format, arguments);

	return json_array_append_new(lines, line) ? swarm__nomem(err) : 0;
}

int swarm__stack_slip(swarm__stack *s, int code, swarm_error *err, const char *format, ...)
{
	va_list arguments;
	int rc;

	va_start(arguments, format);
	rc = add_line(s->slips, err, format, arguments);
	va_end(arguments);
	if (!s->slip_code)
		s->slip_code = code;
	return rc;
}

int swarm__stack_warn(swarm__stack *s, swarm_error *err, const char *format, ...)
{
	va_list arguments;
	int rc;

	va_start(arguments, format);
	rc = add_line(s->warnings, err, format, arguments);
	va_end(arguments);
	return rc;
}

int swarm__stack_change(swarm__stack *s, const char *kind, const char *name, const char *action,
			json_t *changes, bool restarts, swarm_error *err)
{
	json_t *change = changes ? json_pack("{s:s, s:o, s:b}", "action", action, "changes",
					     changes, "restarts", (int)restarts)
				 : NULL;
	json_t *of_kind = json_object_get(s->changes, kind);

	if (!change)
		return swarm__nomem(err);
	if (!of_kind) {
		of_kind = json_object();
		if (json_object_set_new(s->changes, kind, of_kind)) {
			json_decref(change);
			return swarm__nomem(err);
		}
	}
	return json_object_set_new(of_kind, name, change) ? swarm__nomem(err) : 0;
}

int swarm__stack_count(swarm__stack *s, const char *kind, swarm_error *err)
{
	json_int_t count = swarm__json_integer(s->unchanged, kind);

	return json_object_set_new(s->unchanged, kind, json_integer(count + 1)) ? swarm__nomem(err)
										: 0;
}

/* --- begin and end --------------------------------------------------------------------------------------- */

int swarm__stack_check_name(const char *name, swarm_error *err)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	static const char more[] = "-_.";
	bool good = name && *name && strlen(name) <= SWARM__MAX_OBJECT_NAME &&
		    strchr(letters, *name);

	for (const char *at = name; good && *at; at++)
		good = strchr(letters, *at) || strchr(more, *at);
	return good ? 0
		    : swarm__error(err, SWARM_E_INVAL,
				   "the name of a stack must be letters, digits, '-', '_' and '.', "
				   "with a letter or digit first");
}

static int check_options(const swarm_stack_options *o, swarm_error *err)
{
	const unsigned known = SWARM_STACK_NO_PRUNE | SWARM_STACK_NO_ROLLBACK |
			       SWARM_STACK_NO_WAIT | SWARM_STACK_PLAIN_NAMES | SWARM_STACK_RETRY |
			       SWARM_STACK_REPLACE | SWARM_STACK_SHOW_ENV;

	if (o->size != sizeof(*o) || (o->flags & ~known))
		return swarm__error(
			err, SWARM_E_INVAL,
			"start from SWARM_STACK_OPTIONS_INIT, with flags of SWARM_STACK_");
	if (o->resolve < SWARM_RESOLVE_CHANGED || o->resolve > SWARM_RESOLVE_NEVER)
		return swarm__error(err, SWARM_E_INVAL, "resolve must be one of SWARM_RESOLVE_");
	if (o->registry_auth && !json_is_object(o->registry_auth))
		return swarm__error(err, SWARM_E_INVAL,
				    "registry_auth must be a mapping of hosts to credentials");
	if (o->key && !o->key_size)
		return swarm__error(err, SWARM_E_INVAL, "the key of the hashes is empty");
	if (o->history > SWARM__STACK_MAX_HISTORY)
		return swarm__error(err, SWARM_E_INVAL, "history must be 1 to %d revisions",
				    SWARM__STACK_MAX_HISTORY);
	if (swarm__utf8_check("source", o->source, err) || swarm__utf8_check("who", o->who, err))
		return SWARM_E_INVAL;
	return 0;
}

void swarm__stack_step(swarm__stack *s)
{
	s->deadline = swarm__stack_deadline(s->options->timeout_ms);
}

int swarm__stack_begin(swarm__stack *s, swarm_client *client, const char *name,
		       const swarm_stack_options *options, swarm_error *err)
{
	static const swarm_stack_options defaults = SWARM_STACK_OPTIONS_INIT;
	int rc;

	*s = (swarm__stack){ .client = client, .name = name };
	s->options = options ? options : &defaults;
	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	rc = swarm__stack_check_name(name, err);
	if (!rc)
		rc = check_options(s->options, err);
	if (rc)
		return rc;
	swarm__stack_step(s);
	s->found = json_object();
	s->others = json_object();
	s->ids = json_pack("{s:{}, s:{}, s:{}}", "networks", "secrets", "configs");
	s->picked = json_pack("{s:{}, s:{}}", "secrets", "configs");
	s->gone = json_pack("{s:[], s:[], s:[], s:[]}", "networks", "secrets", "configs",
			    "services");
	s->slips = json_array();
	s->changes = json_object();
	s->unchanged = json_pack("{s:i, s:i, s:i, s:i}", "networks", 0, "secrets", 0, "configs", 0,
				 "services", 0);
	s->held = json_array();
	s->unmanaged = json_object();
	s->warnings = json_array();
	s->silent = json_object();
	return s->silent && s->found && s->others && s->ids && s->picked && s->gone && s->slips &&
			       s->changes && s->unchanged && s->held && s->unmanaged && s->warnings
		       ? 0
		       : swarm__nomem(err);
}

void swarm__stack_clear(swarm__stack *s)
{
	for (size_t i = 0; i < s->service_count; i++)
		swarm__stack_service_clear(&s->services[i]);
	free(s->services);
	json_decref(s->found);
	json_decref(s->others);
	json_decref(s->revisions);
	json_decref(s->ids);
	json_decref(s->picked);
	json_decref(s->gone);
	json_decref(s->slips);
	json_decref(s->changes);
	json_decref(s->unchanged);
	json_decref(s->held);
	json_decref(s->unmanaged);
	json_decref(s->warnings);
	json_decref(s->silent);
	json_decref(s->failed);
	json_decref(s->document);
	swarm_local_free(s->local);
}

/* --- reading ----------------------------------------------------------------------------------------------- */

int swarm__stack_list(swarm__stack *s, const swarm__stack_kind *kind, const char *label,
		      json_t **ret_list, swarm_error *err)
{
	const swarm_pair filters[] = { { "label", label }, { NULL, NULL } };

	return swarm__object_list(s->client, kind->kind, label ? filters : NULL, &s->deadline,
				  ret_list, err);
}

/* Networks and secrets are listed whole, since services may name any of them; they are small. */
static bool needs_all(const swarm__stack *s, const swarm__stack_kind *kind)
{
	char path[32];

	if (!s->wanted)
		return false;
	if (kind->kind == SWARM_KIND_NETWORK || kind->kind == SWARM_KIND_SECRET)
		return true;
	snprintf(path, sizeof(path), "external.%s", kind->name);
	return json_array_size(swarm__json_at(s->wanted, path)) > 0;
}

/* Split a list into the stack's own and others'. */
static int sort_list(swarm__stack *s, const swarm__stack_kind *kind, const json_t *list,
		     swarm_error *err)
{
	json_t *own = json_array(), *others = json_array(), *object;
	int bad = !own || !others;
	size_t i;

	json_array_foreach (list, i, object) {
		const char *stack = swarm__stack_label(object, kind, SWARM__STACK_LABEL);

		bad = bad || json_array_append(strcmp(stack, s->name) == 0 ? own : others, object);
	}
	bad = json_object_set_new(s->found, kind->name, own) || bad;
	bad = json_object_set_new(s->others, kind->name, others) || bad;
	return bad ? swarm__nomem(err) : 0;
}

/* Others' objects that have the name of one that is to be made. */
static int read_strangers(swarm__stack *s, const swarm__stack_kind *kind, swarm_error *err)
{
	const json_t *wanted = json_object_get(s->wanted, kind->name);
	swarm_pair *filters = calloc(json_object_size(wanted) + 1, sizeof(*filters));
	json_t *found = json_object_get(s->found, kind->name);
	json_t *others = json_object_get(s->others, kind->name);
	json_t *list = NULL, *value;
	const char *name;
	size_t count = 0, i;
	int rc = 0;

	if (!filters)
		return swarm__nomem(err);
	json_object_foreach (swarm__json_iterable(wanted), name, value)
		if (!swarm__stack_find(found, kind, name))
			filters[count++] = (swarm_pair){ "name", name };
	if (count)
		rc = swarm__object_list(s->client, kind->kind, filters, &s->deadline, &list, err);
	/* One that another manager made a moment ago is the stack's own. */
	json_array_foreach (list, i, value) {
		const char *stack = swarm__stack_label(value, kind, SWARM__STACK_LABEL);

		if (json_array_append(strcmp(stack, s->name) == 0 ? found : others, value))
			rc = swarm__nomem(err);
	}
	json_decref(list);
	free(filters);
	return rc;
}

static int read_kind(swarm__stack *s, const swarm__stack_kind *kind, swarm_error *err)
{
	char label[sizeof(SWARM__STACK_LABEL) + SWARM__MAX_OBJECT_NAME + 1];
	bool all = needs_all(s, kind);
	json_t *list;
	int rc;

	snprintf(label, sizeof(label), "%s=%s", SWARM__STACK_LABEL, s->name);
	rc = swarm__stack_list(s, kind, all ? NULL : label, &list, err);
	if (rc)
		return rc;
	rc = sort_list(s, kind, list, err);
	json_decref(list);
	if (rc || !s->wanted || kind->kind != SWARM_KIND_SERVICE)
		return rc;
	return read_strangers(s, kind, err);
}

int swarm__stack_read(swarm__stack *s, swarm_error *err)
{
	int rc = 0;

	for (int i = 0; !rc && i < SWARM__STACK_KINDS; i++)
		rc = read_kind(s, &swarm__stack_kinds[i], err);
	return rc ? rc
		  : swarm__revisions_read(json_object_get(s->found, "configs"), &s->revisions, err);
}
