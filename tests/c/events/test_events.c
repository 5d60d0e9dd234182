/* SPDX-License-Identifier: Apache-2.0 */
/* Events followed from manager to manager, and the wait for a condition built on them. */
#include "test_cluster.h"

#define EVENTS(filters)                                                                            \
	"GET " API "/events?filters=%7B%22scope%22%3A%5B%22swarm%22%5D" filters "%7D"
#define EVENT(type, action, id, name)                                                              \
	"{\"Type\":\"" type "\",\"Action\":\"" action "\",\"Actor\":{\"ID\":\"" id                 \
	"\",\"Attributes\":{\"name\":\"" name "\"}}}\n"

/* What the callback received, one word for each call, and after which word it ends. */
typedef struct told {
	char text[256];
	const char *end_at;
	int end_with;
	swarm_client *clients[3];
} told;

static int on_event(void *payload, swarm_client *client, const swarm_event *event, swarm_error *err)
{
	told *t = payload;
	size_t used = strlen(t->text);
	int which = client == t->clients[0] ? 1 : 2;

	(void)err;
	if (event)
		snprintf(t->text + used, sizeof(t->text) - used, " %d:%s/%s/%s/%s", which,
			 event->type, event->action, event->id, event->name);
	else
		snprintf(t->text + used, sizeof(t->text) - used, " %d:look", which);
	return t->end_at && strstr(t->text + used, t->end_at) ? t->end_with : 0;
}

/* Two managers, and what is asked of them. */
typedef struct pair {
	fixture a;
	fixture b;
	told told;
	swarm_follow_options options;
	swarm_error err;
} pair;

static void pair_open(pair *p, const fake_row *a, const fake_row *b, const char *end_at)
{
	*p = (pair){ .a = setup(a),
		     .b = setup(b),
		     .options = SWARM_FOLLOW_OPTIONS_INIT,
		     .err = SWARM_ERROR_INIT };
	p->told = (told){ .end_at = end_at,
			  .end_with = 7,
			  .clients = { p->a.client, p->b.client, NULL } };
	p->options.clients = p->told.clients;
	p->options.on_event = on_event;
	p->options.payload = &p->told;
}

static void pair_close(pair *p)
{
	teardown(&p->a);
	teardown(&p->b);
}

static void follow(void)
{
	static const swarm_pair filters[] = { { "type", "node" }, { NULL, NULL } };
	const fake_row a[] = {
		{ INFO, .reply = MANAGER },
		{ EVENTS("%2C%22type%22%3A%5B%22node%22%5D"),
		  .reply = EVENT("node", "update", "n1", "host1") "{\"Type\":\"node\"}\n" EVENT(
			  "node", "remove", "n2", "host2"),
		  .chunk = 7, .fault = FAKE_OPEN },
		{ NULL },
	};
	const fake_row b[] = { { NULL } };
	pair p;

	pair_open(&p, a, b, "remove");
	p.options.filters = filters;
	CHECK_INT(swarm_follow(&p.options, &p.err), 7);
	CHECK_STR(p.told.text, " 1:look 1:node/update/n1/host1 1:node/// 1:node/remove/n2/host2");
	CHECK_INT(p.err.code, 0);
	pair_close(&p);
}

/* The stream is cut, in the middle of an event; the next manager has lost its part; then it is back. */
static void reconnect(void)
{
	const fake_row a[] = {
		{ INFO, .reply = MANAGER },
		{ EVENTS(""), .reply = EVENT("node", "update", "n1", "host1") "{\"Type\":",
		  .chunk = 500, .fault = FAKE_CLOSE_AT, .at = 230 },
		{ INFO, .reply = MANAGER },
		/* It ends as it should: the engine stops. */
		{ EVENTS(""), .reply = EVENT("node", "update", "n2", "host2"), .chunk = 500 },
		{ NULL },
	};
	const fake_row b[] = {
		{ INFO, .reply = WORKER },
		{ INFO, .reply = MANAGER },
		{ EVENTS(""), .reply = EVENT("node", "update", "n3", "host3"), .chunk = 500,
		  .fault = FAKE_OPEN },
		{ NULL },
	};
	pair p;

	pair_open(&p, a, b, "n3");
	CHECK_INT(swarm_follow(&p.options, &p.err), 7);
	CHECK_STR(p.told.text,
		  " 1:look 1:node/update/n1/host1 1:look 1:node/update/n2/host2 2:look "
		  "2:node/update/n3/host3");
	CHECK_INT(p.err.code, 0);
	pair_close(&p);
}

/* At the start nobody would learn of it otherwise. */
static void none_at_first(void)
{
	const fake_row a[] = { { INFO, .reply = WORKER }, { NULL } };
	const fake_row b[] = {
		{ INFO, .reply = ACTIVE_AS("m2", "true", "no leader") },
		{ NULL },
	};
	pair p;

	pair_open(&p, a, b, NULL);
	CHECK_INT(swarm_follow(&p.options, &p.err), SWARM_E_STATE);
	CHECK_STR(p.err.text, "host1: no leader");
	CHECK_STR(p.told.text, "");
	pair_close(&p);
}

/* The engine would let everything through: nothing is sent. */
static void unknown_filter(void)
{
	static const swarm_pair filters[] = { { "type", "node" }, { "colour", "red" }, { NULL } };
	const fake_row none[] = { { NULL } };
	pair p;

	pair_open(&p, none, none, NULL);
	p.options.filters = filters;
	CHECK_INT(swarm_follow(&p.options, &p.err), SWARM_E_INVAL);
	CHECK_PART(p.err.text, "unknown event filter 'colour' (valid: config, ");
	pair_close(&p);
}

static void filter_refused(void)
{
	static const swarm_pair filters[] = { { "label", "red" }, { NULL, NULL } };
	const fake_row a[] = {
		{ INFO, .reply = MANAGER },
		{ EVENTS("%2C%22label%22%3A%5B%22red%22%5D"), .status = 400,
		  .reply = MESSAGE("invalid filter 'label'") },
		{ NULL },
	};
	const fake_row b[] = { { NULL } };
	pair p;

	pair_open(&p, a, b, NULL);
	p.options.filters = filters;
	CHECK_INT(swarm_follow(&p.options, &p.err), SWARM_E_HTTP);
	CHECK_STR(p.err.text, "invalid filter 'label'");
	pair_close(&p);
}

static void not_json(void)
{
	const fake_row a[] = {
		{ INFO, .reply = MANAGER },
		{ EVENTS(""), .reply = "{\"Type\":\"node\"\n", .chunk = 500, .fault = FAKE_OPEN },
		{ NULL },
	};
	const fake_row b[] = { { NULL } };
	pair p;

	pair_open(&p, a, b, NULL);
	CHECK_INT(swarm_follow(&p.options, &p.err), SWARM_E_JSON);
	CHECK_PART(p.err.text, "an event: the JSON is malformed");
	pair_close(&p);
}

/* A null would look like a gap to whoever reads events in Python. */
static void no_object(void)
{
	static const char *const lines[] = { "null\n", "[]\n", "5\n", "\"node\"\n", "true\n" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const fake_row a[] = {
			{ INFO, .reply = MANAGER },
			{ EVENTS(""), .reply = lines[i], .chunk = 500, .fault = FAKE_OPEN },
			{ NULL },
		};
		const fake_row b[] = { { NULL } };
		pair p;

		test_row = lines[i];
		pair_open(&p, a, b, NULL);
		CHECK_INT(swarm_follow(&p.options, &p.err), SWARM_E_JSON);
		CHECK_STR(p.err.text, "an event: expected object");
		CHECK_STR(p.told.text, " 1:look");
		pair_close(&p);
	}
}

static void deadline(void)
{
	const fake_row a[] = {
		{ INFO, .reply = MANAGER },
		{ EVENTS(""), .chunk = 500, .fault = FAKE_OPEN },
		{ NULL },
	};
	const fake_row b[] = { { NULL } };
	pair p;

	pair_open(&p, a, b, NULL);
	p.options.timeout_ms = 1000;
	CHECK_INT(swarm_follow(&p.options, &p.err), SWARM_E_TIMEOUT);
	CHECK_STR(p.told.text, " 1:look");
	pair_close(&p);
}

static void options(void)
{
	swarm_follow_options o = SWARM_FOLLOW_OPTIONS_INIT;
	swarm_client *none[] = { NULL };
	swarm_error err = SWARM_ERROR_INIT;

	CHECK_INT(swarm_follow(NULL, &err), SWARM_E_INVAL);
	CHECK_STR(err.text, "start from SWARM_FOLLOW_OPTIONS_INIT");
	CHECK_INT(swarm_follow(&o, NULL), SWARM_E_INVAL);
	o.clients = none;
	o.on_event = on_event;
	CHECK_INT(swarm_wait_for(&o, NULL), SWARM_E_INVAL);
}

/* --- one at a time ----------------------------------------------------------------------------- */

/* What came, as one word. */
static const char *next(swarm_events *events, const pair *p, int64_t timeout_ms, swarm_error *err)
{
	static char word[64];
	const swarm_event *event = NULL;
	int rc = swarm_events_next(events, timeout_ms, &event, err);

	if (rc)
		return swarm_error_name(rc);
	snprintf(word, sizeof(word), "%d:%s/%s",
		 swarm_events_client(events) == p->told.clients[0] ? 1 : 2,
		 event ? event->action : "look", event ? event->id : "");
	return word;
}

/* From manager to manager, with the gap between them reported; nothing new is not the end. */
static void one_at_a_time(void)
{
	const fake_row a[] = {
		{ INFO, .reply = MANAGER },
		{ EVENTS(""), .reply = EVENT("node", "update", "n1", "host1"), .chunk = 500 },
		{ NULL },
	};
	const fake_row b[] = {
		{ INFO, .reply = MANAGER },
		{ EVENTS(""), .reply = EVENT("node", "remove", "n2", "host2"), .chunk = 500,
		  .fault = FAKE_OPEN },
		{ NULL },
	};
	swarm_error err = SWARM_ERROR_INIT;
	swarm_events *events;
	pair p;

	pair_open(&p, a, b, NULL);
	p.options.on_event = NULL;
	CHECK_INT(swarm_events_open(&p.options, &events, &p.err), 0);
	CHECK_STR(next(events, &p, 60000, &err), "1:look/");
	CHECK_STR(next(events, &p, 60000, &err), "1:update/n1");
	CHECK_STR(next(events, &p, 60000, &err), "2:look/");
	CHECK_STR(next(events, &p, 60000, &err), "2:remove/n2");
	CHECK_INT(err.code, 0);
	CHECK_STR(next(events, &p, 0, &err), "SWARM_E_TIMEOUT");
	CHECK_STR(err.text, "no event yet");
	CHECK_STR(next(events, &p, 10, NULL), "SWARM_E_TIMEOUT");
	CHECK(swarm_events_free(events) == NULL);
	pair_close(&p);
}

/* A line that is not an event is skipped; the end of the stream opens a new one. */
static void continues_after_an_error(void)
{
	const fake_row a[] = {
		{ INFO, .reply = MANAGER },
		{ EVENTS(""), .reply = "[\n", .chunk = 500, .fault = FAKE_OPEN },
		{ INFO, .reply = MANAGER },
		{ EVENTS(""), .reply = EVENT("node", "update", "n1", "host1"), .chunk = 500,
		  .fault = FAKE_OPEN },
		{ NULL },
	};
	const fake_row b[] = { { NULL } };
	swarm_error err = SWARM_ERROR_INIT;
	swarm_events *events;
	pair p;

	pair_open(&p, a, b, NULL);
	CHECK_INT(swarm_events_open(&p.options, &events, &p.err), 0);
	CHECK_STR(next(events, &p, 60000, &err), "1:look/");
	CHECK_STR(next(events, &p, 60000, &err), "SWARM_E_JSON");
	CHECK_STR(next(events, &p, 60000, NULL), "1:look/");
	CHECK_STR(next(events, &p, 60000, NULL), "1:update/n1");
	swarm_events_free(events);
	pair_close(&p);
}

static void open_fails(void)
{
	const fake_row a[] = { { INFO, .reply = WORKER }, { NULL } };
	const fake_row b[] = { { INFO, .reply = WORKER }, { NULL } };
	const swarm_event *event;
	swarm_events *events = NULL;
	pair p;

	pair_open(&p, a, b, NULL);
	CHECK_INT(swarm_events_open(&p.options, &events, &p.err), SWARM_E_NOT_MANAGER);
	CHECK_INT(swarm_events_open(&p.options, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_events_open(NULL, &events, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_events_next(NULL, 0, &event, NULL), SWARM_E_INVAL);
	CHECK(events == NULL);
	CHECK(swarm_events_client(NULL) == NULL);
	CHECK(swarm_events_free(NULL) == NULL);
	pair_close(&p);
}

/* --- the wait ------------------------------------------------------------------------------- */

typedef struct condition {
	int left;   /* calls until it holds */
	int looks;  /* calls without an event */
	int events; /* calls with one */
} condition;

static int holds(void *payload, swarm_client *client, const swarm_event *event, swarm_error *err)
{
	condition *c = payload;
	swarm_local *local = NULL;
	int rc = swarm_local_get(client, 0, &local, err);

	swarm_local_free(local);
	if (rc)
		return rc;
	if (event)
		c->events++;
	else
		c->looks++;
	return --c->left <= 0;
}

/* It holds at the second event; and a call of its own goes over the same client. */
static void wait_for(void)
{
	const fake_row a[] = {
		{ INFO, .reply = MANAGER },
		{ EVENTS(""),
		  .reply = EVENT("node", "update", "n1", "") EVENT("node", "update", "n2", ""),
		  .chunk = 500, .fault = FAKE_OPEN },
		{ INFO, .reply = MANAGER },
		{ INFO, .reply = MANAGER },
		{ INFO, .reply = MANAGER },
		{ NULL },
	};
	const fake_row b[] = { { NULL } };
	condition c = { .left = 3 };
	pair p;

	pair_open(&p, a, b, NULL);
	p.options.on_event = holds;
	p.options.payload = &c;
	CHECK_INT(swarm_wait_for(&p.options, &p.err), 0);
	CHECK_INT(c.looks, 1);
	CHECK_INT(c.events, 2);
	pair_close(&p);
}

/* No event comes, so it looks by itself; its own call fails, so the other manager is taken. */
static void wait_without_events(void)
{
	const fake_row a[] = {
		{ INFO, .reply = MANAGER },
		{ EVENTS(""), .chunk = 500, .fault = FAKE_OPEN },
		{ INFO, .reply = MANAGER },
		{ INFO, .status = 500, .reply = MESSAGE(NO_LEADER_TEXT) },
		{ NULL },
	};
	const fake_row b[] = {
		{ INFO, .reply = MANAGER },
		{ EVENTS(""), .chunk = 500, .fault = FAKE_OPEN },
		{ INFO, .reply = MANAGER },
		{ NULL },
	};
	condition c = { .left = 2 };
	pair p;

	pair_open(&p, a, b, NULL);
	p.options.on_event = holds;
	p.options.payload = &c;
	CHECK_INT(swarm_wait_for(&p.options, &p.err), 0);
	CHECK_INT(c.looks, 2);
	pair_close(&p);
}

TEST_MAIN(TEST(follow), TEST(reconnect), TEST(none_at_first), TEST(unknown_filter),
	  TEST(filter_refused), TEST(not_json), TEST(no_object), TEST(deadline), TEST(options),
	  TEST(one_at_a_time), TEST(continues_after_an_error), TEST(open_fails), TEST(wait_for),
	  TEST(wait_without_events))
