/*
 * Follow the cluster's events from manager to manager. moby keeps too few events to catch up with
 * (256), so a gap is closed by looking at everything anew, once the new stream is open.
 */
#include "logic.h"

#include <string.h>

enum {
	FOREVER_MS = INT32_MAX,
	/* A manager that was demoted, or lost its leader, goes silent, and does not close. */
	TEST_MS = 30000,
	LOOK_MS = 1000,
	MAX_FILTERS = 30,
};

typedef struct follower {
	const swarm_follow_options *o;
	swarm__deadline deadline;
	swarm__buffer filters;
	int64_t idle_ms; /* so long a silence is no reason to do anything */
	bool looks;      /* after a silence, the callback looks too */
	bool ever;       /* a stream was open once */
} follower;

/* Why one manager's stream ended, for the next to be taken or not. */
enum { NEXT = 1, STOP = 0 };

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
	if (!o->clients || !o->clients[0] || !o->on_event)
		return swarm__error(err, SWARM_E_INVAL, "clients and on_event are required");
	for (; o->filters && o->filters[count].name; count++)
		if (!is_filter(o->filters[count].name))
			return swarm__error(
				err, SWARM_E_INVAL,
				"there is no filter '%s' of events: the filters are config, "
				"event, label, network, node, secret, service, type",
				o->filters[count].name);
	if (count > MAX_FILTERS)
		return swarm__error(err, SWARM_E_INVAL, "%zu filters are more than %d", count,
				    MAX_FILTERS);
	return 0;
}

static int make_filters(follower *f, swarm_error *err)
{
	swarm_query all[MAX_FILTERS + 2] = { { "scope", "swarm" } };
	size_t count = 1;

	for (const swarm_query *filter = f->o->filters; filter && filter->name; filter++)
		all[count++] = *filter;
	all[count] = (swarm_query){ NULL, NULL };
	return swarm__filters_make(all, &f->filters, err);
}

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

/* moby: a worker accepts the request, and tells nothing. */
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

static int open_stream(const follower *f, swarm_client *client, swarm_stream **ret_stream,
		       swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_EVENTS);
	const swarm_query query[] = { { "filters", f->filters.data }, { NULL, NULL } };
	int64_t left = swarm__deadline_left(&f->deadline);
	int rc = require_manager(client, &f->deadline, err);

	if (rc)
		return rc;
	options.query = query;
	options.timeout_ms = left < TEST_MS ? left : TEST_MS;
	if (!left)
		return swarm__error(err, SWARM_E_TIMEOUT, "the deadline passed");
	return swarm_stream_open(client, &options, SWARM_FRAMING_AUTO, ret_stream, err);
}

static int tell(const follower *f, swarm_client *client, const swarm_record *record,
		swarm_error *err)
{
	swarm_event event;
	json_t *json;
	int rc = swarm__json_parse(record->data, record->size, &json, err);

	if (rc)
		return swarm__error_wrap(err, rc, "an event");
	event = (swarm_event){ swarm__json_string(json, "Type"), swarm__json_string(json, "Action"),
			       swarm__json_string(json, "Actor.ID"),
			       swarm__json_string(json, "Actor.Attributes.name"), json };
	rc = f->o->on_event(f->o->payload, client, &event, err);
	json_decref(json);
	return rc;
}

/* After a silence: does the manager live, and has something changed that no event tells? */
static int look(const follower *f, swarm_client *client, int64_t *tested_ms, swarm_error *err)
{
	int rc = 0;

	if (swarm__now_ms() - *tested_ms >= TEST_MS) {
		rc = require_manager(client, &f->deadline, err);
		*tested_ms = swarm__now_ms();
	}
	return rc || !f->looks ? rc : f->o->on_event(f->o->payload, client, NULL, err);
}

/* Until the callback ends it, or an error does; a stream that ends is an error too. */
static int read_stream(const follower *f, swarm_client *client, swarm_stream *stream,
		       swarm_error *err)
{
	int64_t tested_ms = swarm__now_ms();
	int rc = f->o->on_event(f->o->payload, client, NULL, err);

	while (!rc) {
		int64_t left = swarm__deadline_left(&f->deadline);
		swarm_record record;

		if (!left)
			return swarm__error(err, SWARM_E_TIMEOUT, "the deadline passed");
		rc = swarm_stream_next(stream, left < f->idle_ms ? left : f->idle_ms, &record, err);
		if (rc == SWARM_E_TIMEOUT) {
			swarm__error_clear(err);
			rc = look(f, client, &tested_ms, err);
		} else if (!rc && !record.data) {
			rc = swarm__error(err, SWARM_E_TRANSPORT, "the stream of events ended");
		} else if (!rc) {
			tested_ms = swarm__now_ms();
			rc = tell(f, client, &record, err);
		}
	}
	return rc;
}

/* One manager, for as long as it lasts. Gives NEXT or STOP; *ret_rc is what it ended with. */
static int follow_one(follower *f, swarm_client *client, int *ret_rc, swarm_error *err)
{
	swarm_stream *stream = NULL;
	int rc = open_stream(f, client, &stream, err);

	if (!rc) {
		f->ever = true;
		rc = read_stream(f, client, stream, err);
	}
	swarm_stream_free(stream);
	*ret_rc = rc;
	return rc < 0 && is_local_trouble(err) && swarm__deadline_left(&f->deadline) ? NEXT : STOP;
}

static int follow(follower *f, swarm_error *err)
{
	swarm_client *const *client = f->o->clients;
	int64_t pause = 0;
	int rc;

	while (follow_one(f, *client, &rc, err) == NEXT) {
		swarm_client *last = *client++;

		if (!*client) {
			client = f->o->clients;
			if (!f->ever)
				return rc;
		}
		swarm__error_clear(err);
		rc = swarm__pause(last, &f->deadline, &pause, err);
		if (rc)
			return rc;
	}
	return rc;
}

static int run(const swarm_follow_options *options, bool looks, swarm_error *err)
{
	swarm_error spare = SWARM_ERROR_INIT;
	follower f = { .o = options, .looks = looks, .idle_ms = looks ? LOOK_MS : TEST_MS };
	int rc;

	if (!err)
		err = &spare;
	rc = check_options(options, err);
	if (rc)
		return rc;
	f.deadline = swarm__deadline_in(options->timeout_ms, (int64_t)FOREVER_MS * 1000);
	swarm__buffer_init(&f.filters, SWARM__MAX_URL);
	rc = make_filters(&f, err);
	if (!rc)
		rc = follow(&f, err);
	swarm__buffer_clear(&f.filters);
	return rc;
}

int swarm_follow(const swarm_follow_options *options, swarm_error *err)
{
	return run(options, false, err);
}

int swarm_wait_for(const swarm_follow_options *options, swarm_error *err)
{
	int rc = run(options, true, err);

	return rc == 1 ? 0 : rc;
}
