/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of rules: documents in JSON, with ' for the quotes, and what must come of them. For one file of
 * a test program.
 */
#ifndef SWARM_RULES_H
#define SWARM_RULES_H

#include "compose/internal.h"
#include "test.h"

/* In place of a path in the stack: a line that must be among the slips, or among the warnings. */
#define SLIP NULL
#define WARNING "warning"
/* It converts, and there is no warning. */
#define QUIET "quiet"
/* In place of a value: nothing is at the path. */
#define ABSENT "-"

/* A document of one service a, and of one member more. */
#define SERVICE(members) "{'services':{'a':{'image':'i:1'," members "}}}"
#define DEPLOY(members) SERVICE("'deploy':{" members "}")
#define TASK "services.s_a.TaskTemplate."
#define CONTAINER TASK "ContainerSpec."

typedef struct rule {
	const char *documents; /* one, or several in an array */
	const char *path;      /* in the stack */
	const char *want;      /* JSON, or a part of a line */
} rule;

/* Files that documents name; ends with NULL. */
typedef struct rule_file {
	const char *name;
	const char *bytes;
	size_t size; /* 0: up to the NUL */
} rule_file;

static const rule_file *rule_files;

static inline int rule_content(void *payload, const char *name, swarm_content *content,
			       swarm_error *err)
{
	(void)payload;
	for (const rule_file *file = rule_files; file && file->name; file++)
		if (strcmp(file->name, name) == 0)
			return swarm_content_set(content, file->bytes,
						 file->size ? file->size : strlen(file->bytes));
	return swarm__error(err, SWARM_E_NOT_FOUND, "no such file");
}

static inline json_t *rule_json(const char *text)
{
	char *copy = strdup(text);
	json_error_t error;
	json_t *json;

	for (char *at = copy; *at; at++)
		*at = *at == '\'' ? '"' : *at;
	json = json_loads(copy, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
	if (!json)
		printf("# %s: %s\n", error.text, copy);
	free(copy);
	return json;
}

static inline bool rule_has_line(const json_t *lines, const char *part)
{
	json_t *line;
	size_t i;

	json_array_foreach (swarm__json_iterable(lines), i, line)
		if (strstr(json_string_value(line), part))
			return true;
	json_array_foreach (swarm__json_iterable(lines), i, line)
		printf("# %s\n", json_string_value(line));
	return false;
}

static inline void rule_check_value(const json_t *stack, const rule *r)
{
	const json_t *have = swarm__json_at(stack, r->path);
	json_t *want;
	char *text;

	if (strcmp(r->want, ABSENT) == 0) {
		CHECK(have == NULL);
		return;
	}
	want = rule_json(r->want);
	if (!CHECK(want && have &&
		   json_equal(swarm__json_iterable(have), swarm__json_iterable(want)))) {
		text = have ? json_dumps(have, JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;
		test_print("# got ", text ? text : "nothing", "\n");
		free(text);
	}
	json_decref(want);
}

static inline void rule_run(const rule *r, swarm_compose_options *options)
{
	json_t *stack = NULL, *warnings = NULL, *slips = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *given = rule_json(r->documents);
	json_t *documents = json_is_array(given) ? json_incref(given) : json_pack("[O]", given);
	int rc;

	test_row = r->documents;
	options->name = "s";
	options->content = rule_content;
	CHECK(given != NULL);
	CHECK_INT(swarm_compose_check(documents, options, &slips, NULL), 0);
	rc = swarm_compose_convert(documents, options, &stack, &warnings, &err);
	CHECK_INT(rc, json_array_size(slips) ? SWARM_E_INVAL : 0);
	if (r->path == SLIP) {
		CHECK_INT(rc, SWARM_E_INVAL);
		CHECK(rule_has_line(slips, r->want));
	} else if (!CHECK_INT(rc, 0)) {
		printf("# %s\n", err.text);
	} else if (strcmp(r->path, WARNING) == 0) {
		CHECK(rule_has_line(warnings, r->want));
	} else if (strcmp(r->path, QUIET) == 0) {
		if (!CHECK_INT(json_array_size(warnings), 0))
			rule_has_line(warnings, "");
	} else {
		rule_check_value(stack, r);
	}
	json_decref(slips);
	json_decref(stack);
	json_decref(warnings);
	json_decref(documents);
	json_decref(given);
	test_row = NULL;
}

/* env: the caller's variables, in JSON as documents are; NULL: none. */
static inline void rule_run_all(const rule *rules, size_t count, const char *env)
{
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	json_t *variables = env ? rule_json(env) : NULL;

	options.env = variables;
	for (size_t i = 0; i < count; i++)
		rule_run(&rules[i], &options);
	json_decref(variables);
}

#define RULES(rules, env) rule_run_all(rules, sizeof(rules) / sizeof(*(rules)), env)

#endif
