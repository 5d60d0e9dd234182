/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a report: which checks are asked, what a fault is worth after "ignore" and the baseline,
 * and which rows block. Knows nothing of nodes and services.
 */
#include "health/internal.h"

#include <stdio.h>
#include <string.h>

enum { NAMED = 5 };

/* --- what is asked -------------------------------------------------------------------------- */

static int unknown_check(const char *name, bool engine_only, swarm_error *err)
{
	swarm__names known = { 0 };

	for (int i = 0; i < SWARM__CHECKS; i++)
		if (!engine_only || swarm__check_get(i)->source != SWARM__SOURCE_HOSTS)
			swarm__names_add(&known, "%s", swarm__check_get(i)->name);
	return swarm__error(err, SWARM_E_INVAL, "%s check '%.*s' (valid: %s)",
			    engine_only ? "no engine can tell the" : "unknown",
			    (int)strcspn(name, ":"), name, known.text);
}

static int ask(swarm__report *report, const char *const *checks, swarm_error *err)
{
	for (int i = 0; !checks && i < SWARM__CHECKS; i++)
		report->asked[i] = swarm__check_get(i)->source != SWARM__SOURCE_HOSTS;
	for (; checks && *checks; checks++) {
		int check = swarm__check_find(*checks, strlen(*checks));

		if (check < 0)
			return unknown_check(*checks, false, err);
		if (swarm__check_get(check)->source == SWARM__SOURCE_HOSTS)
			return unknown_check(*checks, true, err);
		report->asked[check] = true;
	}
	return 0;
}

/* A slip in a name must not switch off nothing without a word. */
static int check_ignored(const char *const *ignore, swarm_error *err)
{
	for (; ignore && *ignore; ignore++) {
		size_t size = strcspn(*ignore, ":");

		if (swarm__check_find(*ignore, size) < 0)
			return unknown_check(*ignore, false, err);
		if ((*ignore)[size] && !(*ignore)[size + 1])
			return swarm__error(err, SWARM_E_INVAL,
					    "ignore '%s' names no object after the colon", *ignore);
	}
	return 0;
}

int swarm__report_begin(swarm__report *report, const swarm_health_options *options,
			swarm_error *err)
{
	int rc;

	*report = (swarm__report){ .options = options };
	if (options->size != sizeof(*options))
		return swarm__error(err, SWARM_E_INVAL, "start from SWARM_HEALTH_OPTIONS_INIT");
	if (options->margin < -1 || options->stable_ms < 0 || options->timeout_ms < 0)
		return swarm__error(err, SWARM_E_INVAL,
				    "margin must be at least -1, and times must not be negative");
	if (options->baseline && !json_is_array(options->baseline))
		return swarm__error(err, SWARM_E_INVAL,
				    "baseline must be the rows of an earlier look");
	rc = check_ignored(options->ignore, err);
	return rc ? rc : ask(report, options->checks, err);
}

/* --- what a fault is worth ------------------------------------------------------------------ */

static bool is_ignored(const swarm__report *report, const char *name, const char *on)
{
	const char *const *ignore = report->options->ignore;
	size_t size = strlen(name);

	for (; ignore && *ignore; ignore++) {
		if (strncmp(*ignore, name, size) != 0)
			continue;
		if (!(*ignore)[size])
			return true;
		if ((*ignore)[size] == ':' && strcmp(*ignore + size + 1, on) == 0)
			return true;
	}
	return false;
}

/* What is not known then is nothing that was known to be so. */
static bool is_old(const swarm__report *report, const char *name, const char *on)
{
	const json_t *row;
	size_t i;

	json_array_foreach (swarm__json_iterable(report->options->baseline), i, row)
		if (json_is_false(json_object_get(row, "ok")) &&
		    strcmp(swarm__json_string(row, "name"), name) == 0 &&
		    strcmp(swarm__json_string(row, "on"), on) == 0)
			return true;
	return false;
}

static const char *level_of(const swarm__report *report, int check, bool fault, const char *on)
{
	const swarm__check_row *row = swarm__check_get(check);

	return row->level == SWARM__LEVEL_WARNING || is_ignored(report, row->name, on) ||
			       (fault && is_old(report, row->name, on))
		       ? "warning"
		       : "error";
}

/* --- rows ----------------------------------------------------------------------------------- */

static void write_fix(int check, const char *on, char *text, size_t size)
{
	const char *fix = swarm__check_get(check)->fix;
	const char *hole = strstr(fix, "{}");

	if (hole)
		snprintf(text, size, "%.*s%s%s", (int)(hole - fix), fix, on, hole + 2);
	else
		snprintf(text, size, "%s", fix);
	swarm__one_line(text);
}

/* ok is borrowed: json_true(), json_false() or json_null(). */
__attribute__((format(printf, 6, 0))) static int add(swarm__report *report, int check, json_t *ok,
						     const char *on, swarm_error *err,
						     const char *format, va_list args)
{
	char text[SWARM_ERROR_TEXT], fix[SWARM_ERROR_TEXT] = "";
	json_t *row;

	vsnprintf(text, sizeof(text), format, args);
	swarm_redact(text);
	swarm__one_line(text);
	/* Of what is not known there is nothing to fix yet. */
	if (json_is_false(ok))
		write_fix(check, on, fix, sizeof(fix));
	row = json_pack("{s:s, s:O, s:s, s:s, s:s, s:s}", "name", swarm__check_get(check)->name,
			"ok", ok, "level", level_of(report, check, json_is_false(ok), on), "on", on,
			"text", text, "fix", fix);
	if (!report->rows)
		report->rows = json_array();
	return json_array_append_new(report->rows, row) < 0 ? swarm__nomem(err) : 0;
}

int swarm__report_fault(swarm__report *report, int check, const char *on, swarm_error *err,
			const char *format, ...)
{
	va_list args;
	int rc;

	va_start(args, format);
	rc = add(report, check, json_false(), on, err, format, args);
	va_end(args);
	return rc;
}

__attribute__((format(printf, 5, 6))) static int
add_text(swarm__report *report, int check, json_t *ok, swarm_error *err, const char *format, ...)
{
	va_list args;
	int rc;

	va_start(args, format);
	rc = add(report, check, ok, "", err, format, args);
	va_end(args);
	return rc;
}

int swarm__report_unknown(swarm__report *report, int check, const char *why, swarm_error *err)
{
	return add_text(report, check, json_null(), err, "not known: %s", why);
}

int swarm__report_fine(swarm__report *report, int check, size_t before, swarm_error *err,
		       const char *format, ...)
{
	va_list args;
	int rc;

	if (json_array_size(report->rows) != before)
		return 0;
	va_start(args, format);
	rc = add(report, check, json_true(), "", err, format, args);
	va_end(args);
	return rc;
}

/* --- what blocks ----------------------------------------------------------------- */

bool swarm__row_blocks(const json_t *row)
{
	return !json_is_true(json_object_get(row, "ok")) &&
	       strcmp(swarm__json_string(row, "level"), "error") == 0;
}

size_t swarm__rows_blocking(const json_t *rows, char *text, size_t size)
{
	size_t count = 0, used = 0;
	json_t *row;
	size_t i;

	if (size)
		*text = '\0';
	json_array_foreach (swarm__json_iterable(rows), i, row) {
		if (!swarm__row_blocks(row) || count++ >= NAMED || used >= size)
			continue;
		used += (size_t)snprintf(text + used, size - used, "%s%s: %s",
					 count > 1 ? "; " : "", swarm__json_string(row, "name"),
					 swarm__json_string(row, "text"));
	}
	if (count > NAMED && used < size)
		snprintf(text + used, size - used, "; and %zu more", count - NAMED);
	return count;
}
