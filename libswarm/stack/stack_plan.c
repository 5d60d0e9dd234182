/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of a stack: all that would be done, or all that is wrong, before anything is changed. */
#include "stack/deploy.h"

#include <stdio.h>
#include <string.h>

static int check_stack(const json_t *stack, swarm_error *err)
{
	static const char *const members[] = { "services", "networks",   "secrets", "configs",
					       "external", "depends_on", "sources" };

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (!json_is_object(json_object_get(stack, members[i])))
			return swarm__error(err, SWARM_E_INVAL,
					    "stack must be what swarm_compose_convert() made: it "
					    "has no %s",
					    members[i]);
	return 0;
}

/*
 * A file that was cut off must not remove what runs. One of secrets and configs alone is a stack where no
 * service would be removed.
 */
static int check_services(const swarm__stack *s, swarm_error *err)
{
	bool declares = json_object_size(json_object_get(s->wanted, "secrets")) ||
			json_object_size(json_object_get(s->wanted, "configs"));
	size_t gone = json_array_size(json_object_get(s->gone, "services"));

	if (s->frozen || json_object_size(json_object_get(s->wanted, "services")))
		return 0;
	if (gone)
		return swarm__error(
			err, SWARM_E_INVAL,
			"stack %s: the files declare no service, and %zu of its services "
			"would be removed: declare services, or remove the whole stack "
			"(swarm.stack_absent)",
			s->name, gone);
	if (declares)
		return 0;
	return swarm__error(
		err, SWARM_E_INVAL,
		"stack %s: the files declare no service: declare services, or remove the "
		"whole stack (swarm.stack_absent)",
		s->name);
}

/* All slips in one error, as far as they fit. */
static int judge(const swarm__stack *s, swarm_error *err)
{
	size_t count = json_array_size(s->slips), used = 0;
	char text[SWARM_ERROR_TEXT] = "";

	for (size_t i = 0; i < count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? "; " : "",
					 json_string_value(json_array_get(s->slips, i)));
	return count ? swarm__error(err, s->slip_code, "%s", text) : 0;
}

int swarm__stack_plan(swarm__stack *s, swarm_error *err)
{
	int rc = check_stack(s->wanted, err);

	if (!rc)
		rc = swarm__stack_read(s, err);
	if (!rc)
		rc = swarm__stack_plan_networks(s, err);
	if (!rc)
		rc = swarm__stack_pick(s, err);
	/* Without the objects that it names, a service would only repeat what is missing. */
	if (!rc)
		rc = judge(s, err);
	if (!rc)
		rc = swarm__stack_plan_services(s, err);
	if (!rc)
		rc = judge(s, err);
	if (!rc)
		rc = swarm__revision_make(s, err);
	if (!rc)
		rc = swarm__stack_plan_prune(s, err);
	if (!rc)
		rc = check_services(s, err);
	return rc ? rc : swarm__revision_own(s, err);
}

int swarm__stack_result(const swarm__stack *s, json_t **ret_result, swarm_error *err)
{
	json_t *result = json_pack("{s:s, s:O, s:O, s:O, s:O, s:O, s:I, s:O?}", "name", s->name,
				   "changes", s->changes, "unchanged", s->unchanged, "held",
				   s->held, "unmanaged", s->unmanaged, "warnings", s->warnings,
				   "revision", s->number, "failed", s->failed);

	if (!result)
		return swarm__nomem(err);
	*ret_result = result;
	return 0;
}

/* plan or apply. */
static int run(swarm_client *client, const json_t *stack, const swarm_stack_options *options,
	       bool applies, json_t **ret_result, swarm_error *err)
{
	const char *name = swarm__json_string(stack, "name");
	swarm_error spare = SWARM_ERROR_INIT;
	swarm__stack s;
	int rc;

	if (!err)
		err = &spare;
	if (!json_is_object(stack) || !ret_result)
		return swarm__error(err, SWARM_E_INVAL,
				    "stack (an object) and ret_result are required");
	rc = swarm__stack_begin(&s, client, name, options, err);
	s.wanted = stack;
	if (!rc)
		rc = swarm__stack_plan(&s, err);
	if (!rc && applies)
		rc = swarm__stack_carry_out(&s, err);
	if (!rc)
		rc = swarm__stack_result(&s, ret_result, err);
	swarm__stack_clear(&s);
	return rc;
}

int swarm_stack_plan(swarm_client *client, const json_t *stack, const swarm_stack_options *options,
		     json_t **ret_plan, swarm_error *err)
{
	return run(client, stack, options, false, ret_plan, err);
}

int swarm_stack_apply(swarm_client *client, const json_t *stack, const swarm_stack_options *options,
		      json_t **ret_result, swarm_error *err)
{
	return run(client, stack, options, true, ret_result, err);
}
