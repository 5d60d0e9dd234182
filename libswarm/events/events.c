/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster's events, one by one, from manager to manager. moby keeps too few events (256) to catch
 * up, so after a gap everything is read again once the new stream is open.
 */
#include "events/internal.h"

#include <string.h>

enum {
	OPEN_MS = 60000,
	/* A manager that was demoted, or lost its leader, goes silent, and does not close. */
	TEST_MS = 30000,
	/* What a caller who polls must have patience for where a stream is opened or tested. */
	LEAST_MS = 1000,
	MAX_FILTERS = 30,
};

struct swarm_events {
	swarm_client **clients; /* ends with NULL */
	swarm_client **client;  /* the one that is followed, or is tried next */
	swarm__buffer filters;
	swarm_stream *stream; /* NULL in a gap */
	pid_t pid;            /* that opened it */
	bool ever;            /* there was a stream once */
	bool fresh;           /* there is one, and the caller does not know yet */
	int64_t tested_ms;    /* when the manager was last seen to be one */
	int64_t pause_ms;
	json_t *json; /* what event is made of */
	swarm_event event;
};

/*
 * moby: daemon/events/filter.go looks at the filters that it knows and says nothing of the others, so
 * a misspelled one would let everything through. These are the ones that fit events of swarm scope.
 */
static bool is_filter(const char *name)
{
	static const char *const names[] = { "config", "event",  "label",   "network",
					     "node",   "secret", "service", "type" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int check_options(const swarm_follow_options *o, swarm_error *err)
{
	size_t count = 0;

	if (!o || o->size != sizeof(*o))
		return swarm__error(err, SWARM_E_INVAL, "start from SWARM_FOLLOW_OPTIONS_INIT");
	if (!o->clients || !o->clients[0])
		return swarm__error(err, SWARM_E_INVAL, "clients are required");
	for (; o->filters && o->filters[count].name; count++)
		if (!is_filter(o->filters[count].name))
			return swarm__error(err, SWARM_E_INVAL,
					    "unknown event filter '%s' (valid: config, "
					    "event, label, network, node, secret, service, type)",
					    o->filters[count].name);
	if (count > MAX_FILTERS)
		return swarm__error(err, SWARM_E_INVAL, "%zu filters are more than %d", count,
				    MAX_FILTERS);
	return 0;
}

static int make_filters(swarm_events *e, const swarm_pair *given, swarm_error *err)
{
	swarm_pair all[MAX_FILTERS + 2] = { { "scope", "swarm" } };
	size_t count = 1;

	for (; given && given->name; given++)
		all[count++] = *given;
	all[count] = (swarm_pair){ NULL, NULL };
	return swarm__filters_make(all, 0, &e->filters, err);
}

/* --- one manager, and the next ---------------------------------------------------------------- */

/* Is it this manager's trouble, so that another one may do better? */
static bool is_local_trouble(const swarm_error *err)
{
	switch (err->code) {
	case SWARM_E_CONNECT:
	case SWARM_E_PERMISSION:
	case SWARM_E_TRANSPORT:
	case SWARM_E_TIMEOUT:
	case SWARM_E_UNAVAILABLE:
	case SWARM_E_NO_LEADER:
	case SWARM_E_NOT_MANAGER:
	case SWARM_E_NOT_MEMBER:
	case SWARM_E_LOCKED:
	case SWARM_E_STATE:
		return true;
	default:
		return err->code == SWARM_E_HTTP && err->http_status >= 500;
	}
}

/* moby: a worker accepts the request, and sends no events. */
static int require_manager(swarm_client *client, const swarm__deadline *deadline, swarm_error *err)
{
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	int rc = swarm__local_read(client, deadline, &local, err);

	if (rc)
		return rc;
	if (!local->manager)
		return swarm__error(err, SWARM_E_NOT_MANAGER, "%s is not a manager", local->name);
	if (*local->error)
		return swarm__error(err, SWARM_E_STATE, "%s: %s", local->name, local->error);
	return 0;
}

static int open_stream(swarm_events *e, const swarm__deadline *limit, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_EVENTS);
	const swarm_pair query[] = { { "filters", e->filters.data }, { NULL, NULL } };
	int64_t left = swarm__deadline_left(limit);
	int rc = require_manager(*e->client, limit, err);

	if (rc)
		return rc;
	options.query = query;
	options.timeout_ms = left < TEST_MS ? left : TEST_MS;
	if (!left)
		return swarm__error(err, SWARM_E_TIMEOUT, "the deadline passed");
	return swarm_stream_open(*e->client, &options, SWARM_FRAMING_AUTO, &e->stream, err);
}

/* 0: another manager is to be tried, after a pause; all of them failing ends it at the start only. */
static int move_on(swarm_events *e, int rc, const swarm__deadline *limit, swarm_error *err)
{
	swarm_client *last = *e->client;

	if (!is_local_trouble(err) || !swarm__deadline_left(limit))
		return rc;
	e->client++;
	if (!*e->client) {
		e->client = e->clients;
		if (!e->ever)
			return rc;
	}
	swarm__error_clear(err);
	return swarm__pause(last, limit, &e->pause_ms, err);
}

/* Until a stream is open. */
static int find_manager(swarm_events *e, const swarm__deadline *limit, swarm_error *err)
{
	while (!e->stream) {
		int rc = open_stream(e, limit, err);

		e->fresh = !rc;
		if (rc)
			rc = move_on(e, rc, limit, err);
		if (rc)
			return rc;
	}
	if (e->fresh) {
		e->ever = true;
		e->pid = getpid();
		e->tested_ms = swarm__now_ms();
	}
	return 0;
}

int swarm__events_leave(swarm_events *e, int rc, const swarm__deadline *limit, swarm_error *err)
{
	e->stream = swarm_stream_free(e->stream);
	return move_on(e, rc, limit, err);
}

/* --- one event -------------------------------------------------------------------------------- */

static int read_event(swarm_events *e, const swarm_record *record, const swarm__deadline *limit,
		      swarm_error *err)
{
	swarm__budget budget = swarm__answer_budget(*e->client, (*e->client)->max_body, limit);
	json_t *json;
	int rc = swarm__json_read(record->data, record->size, &budget, &json, err);

	if (!rc && !json_is_object(json)) {
		json_decref(json);
		rc = swarm__error(err, SWARM_E_JSON, "expected object");
	}
	if (rc)
		return swarm__error_wrap(err, rc, "an event");
	json_decref(e->json);
	e->json = json;
	e->event = (swarm_event){ swarm__json_string(json, "Type"),
				  swarm__json_string(json, "Action"),
				  swarm__json_string(json, "Actor.ID"),
				  swarm__json_string(json, "Actor.Attributes.name"), json };
	return 0;
}

/* *ret_got: false if nothing came in this time. An error is the end of the stream. */
static int read_stream(swarm_events *e, int64_t wait_ms, const swarm__deadline *limit,
		       bool *ret_got, swarm_error *err)
{
	swarm__deadline patience = swarm__deadline_in(wait_ms, 0);
	swarm_record record;
	int rc;

	*ret_got = false;
	for (;;) {
		int64_t left = swarm__deadline_left(&patience);
		int64_t due = e->tested_ms + TEST_MS - swarm__now_ms();

		if (due <= 0) {
			rc = require_manager(*e->client, limit, err);
			if (rc)
				return rc;
			e->tested_ms = swarm__now_ms();
			due = TEST_MS;
		}
		rc = swarm_stream_next(e->stream, left < due ? left : due, &record, err);
		if (rc != SWARM_E_TIMEOUT)
			break;
		swarm__error_clear(err);
		if (left <= due)
			return 0;
	}
	if (rc)
		return rc;
	if (!record.data)
		return swarm__error(err, SWARM_E_TRANSPORT, "the stream of events ended");
	e->tested_ms = swarm__now_ms();
	rc = read_event(e, &record, limit, err);
	*ret_got = !rc;
	return rc;
}

int swarm__events_next(swarm_events *e, int64_t wait_ms, const swarm__deadline *limit,
		       bool *ret_silent, const swarm_event **ret_event, swarm_error *err)
{
	bool got = false;
	int rc;

	/* The stream is the other process's: a gap for this one. */
	if (e->pid != getpid())
		e->stream = swarm_stream_free(e->stream);
	rc = find_manager(e, limit, err);
	if (!rc && !e->fresh) {
		rc = read_stream(e, wait_ms, limit, &got, err);
		if (rc)
			rc = swarm__events_leave(e, rc, limit, err);
		if (!rc)
			rc = find_manager(e, limit, err);
	}
	if (rc)
		return rc;
	*ret_silent = !got && !e->fresh;
	*ret_event = got ? &e->event : NULL;
	e->fresh = false;
	return 0;
}

/* --- what callers have -------------------------------------------------------------------------- */

int swarm__events_new(const swarm_follow_options *options, swarm_events **ret_events,
		      swarm_error *err)
{
	swarm_events *e;
	size_t count = 0;
	int rc = check_options(options, err);

	if (rc)
		return rc;
	while (options->clients[count])
		count++;
	e = calloc(1, sizeof(*e));
	if (!e)
		return swarm__nomem(err);
	swarm__buffer_init(&e->filters, SWARM__MAX_URL);
	e->clients = calloc(count + 1, sizeof(*e->clients));
	if (!e->clients) {
		swarm_events_free(e);
		return swarm__nomem(err);
	}
	memcpy(e->clients, options->clients, count * sizeof(*e->clients));
	e->client = e->clients;
	rc = make_filters(e, options->filters, err);
	if (rc)
		swarm_events_free(e);
	else
		*ret_events = e;
	return rc;
}

int swarm_events_open(const swarm_follow_options *options, swarm_events **ret_events,
		      swarm_error *err)
{
	swarm_error spare = SWARM_ERROR_INIT;
	swarm_events *e = NULL;
	swarm__deadline limit;
	int rc;

	if (!err)
		err = &spare;
	if (!ret_events)
		return swarm__error(err, SWARM_E_INVAL, "ret_events is required");
	rc = swarm__events_new(options, &e, err);
	if (rc)
		return rc;
	limit = swarm__deadline_in(options->timeout_ms, OPEN_MS);
	rc = find_manager(e, &limit, err);
	if (rc)
		swarm_events_free(e);
	else
		*ret_events = e;
	return rc;
}

int swarm_events_next(swarm_events *events, int64_t timeout_ms, const swarm_event **ret_event,
		      swarm_error *err)
{
	swarm__deadline limit = swarm__deadline_in(timeout_ms, 0);
	const swarm_event *event = NULL;
	swarm_error spare = SWARM_ERROR_INIT;
	bool silent = false;
	int rc;

	if (!err)
		err = &spare;
	if (!events || !ret_event || timeout_ms < 0)
		return swarm__error(err, SWARM_E_INVAL,
				    "events, a place for the event and no negative timeout are "
				    "required");
	if (timeout_ms < LEAST_MS)
		limit = swarm__deadline_in(LEAST_MS, 0);
	rc = swarm__events_next(events, timeout_ms, &limit, &silent, &event, err);
	if (!rc && silent)
		return swarm__error(err, SWARM_E_TIMEOUT, "no event yet");
	if (!rc)
		*ret_event = event;
	return rc;
}

swarm_client *swarm_events_client(const swarm_events *events)
{
	return events ? *events->client : NULL;
}

swarm_events *swarm_events_free(swarm_events *events)
{
	if (events) {
		swarm_stream_free(events->stream);
		swarm__buffer_clear(&events->filters);
		json_decref(events->json);
		free(events->clients);
	}
	free(events);
	return NULL;
}
