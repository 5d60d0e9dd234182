/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster's lock, a label of its spec: "RUN WHAT HOLDER SINCE TTL COUNT". Taken, renewed and released by
 * read, merge and write with the version read, as any change of the cluster (update.c).
 */
#include "cluster/internal.h"

#include <stdio.h>
#include <string.h>

#define LABEL "saltext.swarm.lock"

enum {
	DEFAULT_TIMEOUT_MS = 60000,
	DEFAULT_TTL_S = 120,
	MAX_TTL_S = 86400,
	WORD = 101,
	TEXT = 512,
	/* Writes of the cluster send no event. */
	SHORTEST_POLL_MS = 100,
	LONGEST_POLL_MS = 2000,
};

typedef struct lock {
	char run[WORD];
	char what[WORD];
	char holder[WORD];
	char since[WORD];
	long long ttl_s;
	long long count;
} lock;

/* --- the text ------------------------------------------------------------------------------- */

/* A label of another form is held by nobody who renews it; its first word breaks it. */
static void lock_parse(const char *text, lock *l)
{
	*l = (lock){ .ttl_s = DEFAULT_TTL_S };
	if (sscanf(text, "%100s %100s %100s %100s %18lld %18lld", l->run, l->what, l->holder,
		   l->since, &l->ttl_s, &l->count) != 6 ||
	    l->ttl_s < 1 || l->ttl_s > MAX_TTL_S)
		l->ttl_s = DEFAULT_TTL_S;
}

static int check_word(const char *name, const char *word, swarm_error *err)
{
	size_t size = word ? strlen(word) : 0;
	bool plain = true;

	for (size_t i = 0; i < size; i++)
		plain = plain && word[i] > ' ' && word[i] <= '~';
	if (size == 0 || size >= WORD || !plain)
		return swarm__error(err, SWARM_E_INVAL,
				    "%s must be one word of up to %d plain characters", name,
				    WORD - 1);
	return 0;
}

static void lock_describe(const lock *l, char *text, size_t size)
{
	snprintf(text, size, "%s (run %s, by %s) holds the cluster since %s", l->what, l->run,
		 l->holder, l->since);
	swarm_redact(text);
	swarm__one_line(text);
}

static int lock_json(const lock *l, json_t **ret_lock, swarm_error *err)
{
	char text[TEXT];

	if (!ret_lock)
		return 0;
	lock_describe(l, text, sizeof(text));
	*ret_lock = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s}", "run", l->run, "what", l->what,
			      "holder", l->holder, "since", l->since, "ttl", (json_int_t)l->ttl_s,
			      "count", (json_int_t)l->count, "text", text);
	return *ret_lock ? 0 : swarm__nomem(err);
}

/* --- one change of it ----------------------------------------------------------------------- */

typedef struct change {
	const char *run;
	const lock *wanted; /* what to write; NULL: remove it (release), or count it up (renew) */
	bool renews;
	const char *ended; /* the label of a run that has ended; NULL: none */
	char held[TEXT];   /* the label that was in the way; "": none */
	char sent[TEXT];   /* what was written last, perhaps without an answer; "": nothing */
	bool had;          /* the run has the lock */
	bool ever;         /* it had it in one of the rounds */
	lock after;
} change;

/* A label's value is compared and parsed; it may be of any length and form. */
static const char *label_of(const json_t *spec)
{
	const json_t *labels = json_object_get(spec, "Labels");

	/* Not by a path: the name has dots in it. */
	return json_string_value(json_object_get(labels, LABEL))
		       ? json_string_value(json_object_get(labels, LABEL))
		       : "";
}

static int in_the_way(change *c, const lock *held, swarm_error *err)
{
	char text[TEXT];

	lock_describe(held, text, sizeof(text));
	if (c->renews)
		return swarm__error(err, SWARM_E_CONFLICT, "run %s has lost the cluster's lock: %s",
				    c->run, text);
	return swarm__error(err, SWARM_E_CONFLICT,
			    "%s: wait until it is done, or, if it is dead, break its lock "
			    "(swarm.lock_break %s)",
			    text, held->run);
}

/* What the label becomes: "" to remove it. 0 or SWARM_E_CONFLICT. */
static int decide(change *c, const char *label, char *text, size_t size, swarm_error *err)
{
	lock held;

	lock_parse(label, &held);
	c->had = *label && strcmp(held.run, c->run) == 0;
	c->ever |= c->had;
	snprintf(c->held, sizeof(c->held), "%s", label);
	*text = '\0';
	if (*label && !c->had && !(c->ended && strcmp(c->ended, c->held) == 0))
		return in_the_way(c, &held, err);
	if (!c->had && c->renews)
		return swarm__error(err, SWARM_E_CONFLICT,
				    "run %s has lost the cluster's lock: nobody has it now",
				    c->run);
	if (!c->wanted && !c->renews)
		return 0;
	c->after = c->had ? held : *c->wanted;
	/* An answer that was lost: it is written already. */
	c->after.count += c->had && strcmp(label, c->sent) != 0;
	snprintf(text, size, "%s %s %s %s %lld %lld", c->after.run, c->after.what, c->after.holder,
		 c->after.since, c->after.ttl_s, c->after.count);
	snprintf(c->sent, sizeof(c->sent), "%s", text);
	return 0;
}

static int make_spec(void *payload, const json_t *object, json_t **ret_spec, swarm_error *err)
{
	change *c = payload;
	const json_t *before = json_object_get(object, "Spec");
	char text[TEXT];
	json_t *patch, *spec;
	int rc = decide(c, label_of(before), text, sizeof(text), err);

	if (rc)
		return rc;
	if (!*text && !c->had)
		spec = json_deep_copy(before);
	else {
		patch = json_pack("{s:{s:o}}", "Labels", LABEL,
				  *text ? json_string(text) : json_null());
		spec = patch ? swarm__json_merge(before, patch) : NULL;
		json_decref(patch);
	}
	if (!spec)
		return swarm__nomem(err);
	*ret_spec = spec;
	return 0;
}

static int run_change(swarm_client *client, change *c, const swarm__deadline *deadline,
		      swarm_error *err)
{
	return swarm__update_run(client,
				 &(swarm__update){ .inspect = SWARM_OP_SWARM_INSPECT,
						   .update = SWARM_OP_SWARM_UPDATE,
						   .make = make_spec,
						   .payload = c },
				 deadline, NULL, err);
}

/* --- take ----------------------------------------------------------------------------------- */

/* What a waiter has seen of another run's lock, by its own steady clock. */
typedef struct watching {
	char label[TEXT];
	int64_t since_ms;
} watching;

static int64_t ttl_ms(const char *label)
{
	lock l;

	lock_parse(label, &l);
	return (int64_t)l.ttl_s * 1000;
}

static int64_t poll_ms(const char *label)
{
	int64_t ms = ttl_ms(label) / 10;

	if (ms < SHORTEST_POLL_MS)
		return SHORTEST_POLL_MS;
	return ms < LONGEST_POLL_MS ? ms : LONGEST_POLL_MS;
}

/* Has the holder been seen at work since the last look? */
static bool see(watching *w, const char *label)
{
	bool first = !*w->label;

	if (strcmp(w->label, label) == 0)
		return false;
	snprintf(w->label, sizeof(w->label), "%s", label);
	w->since_ms = swarm__now_ms();
	return !first;
}

static int take(swarm_client *client, const swarm_lock_options *o, change *c, swarm_error *err)
{
	swarm__deadline end = swarm__deadline_in(o->wait_ms > 0 ? o->wait_ms : MAX_TTL_S * 1000LL,
						 0);
	watching w = { .label = "" };

	for (;;) {
		swarm__deadline deadline = swarm__deadline_in(o->timeout_ms, DEFAULT_TIMEOUT_MS);
		swarm_error here = SWARM_ERROR_INIT;
		bool alive;
		int rc = run_change(client, c, &deadline, &here);

		if (!rc)
			return 0;
		if (rc != SWARM_E_CONFLICT || o->wait_ms < 0)
			return swarm__replace(err, &here);
		alive = see(&w, c->held);
		if ((alive && o->wait_ms == 0) || !swarm__deadline_left(&end))
			return swarm__replace(err, &here);
		c->ended = swarm__now_ms() - w.since_ms >= ttl_ms(w.label) ? w.label : NULL;
		if (c->ended)
			continue;
		swarm__progress(client, "lock", 0, 0, "%s", here.text);
		rc = swarm__sleep(client, &end, poll_ms(w.label), err);
		if (rc)
			return rc == SWARM_E_TIMEOUT ? swarm__replace(err, &here) : rc;
	}
}

static int check_options(const swarm_lock_options *o, lock *ret_lock, swarm_error *err)
{
	time_t now = time(NULL);
	struct tm utc;
	int rc;

	if (!o || o->size != sizeof(*o))
		return swarm__error(err, SWARM_E_INVAL, "start from SWARM_LOCK_OPTIONS_INIT");
	rc = check_word("run", o->run, err);
	if (!rc)
		rc = check_word("what", o->what, err);
	if (!rc)
		rc = check_word("holder", o->holder, err);
	if (!rc && (o->ttl_s < 0 || o->ttl_s > MAX_TTL_S || o->wait_ms < -1 || o->timeout_ms < 0))
		rc = swarm__error(err, SWARM_E_INVAL,
				  "ttl_s must be from 0 to %d, wait_ms at least -1, and timeout_ms "
				  "not negative",
				  MAX_TTL_S);
	if (rc)
		return rc;
	*ret_lock = (lock){ .ttl_s = o->ttl_s ? o->ttl_s : DEFAULT_TTL_S };
	snprintf(ret_lock->run, WORD, "%s", o->run);
	snprintf(ret_lock->what, WORD, "%s", o->what);
	snprintf(ret_lock->holder, WORD, "%s", o->holder);
	/* For people alone: nothing is decided by anybody's date. */
	if (!gmtime_r(&now, &utc) || !strftime(ret_lock->since, WORD, "%Y-%m-%dT%H:%M:%SZ", &utc))
		snprintf(ret_lock->since, WORD, "?");
	return 0;
}

int swarm_lock_take(swarm_client *client, const swarm_lock_options *options, json_t **ret_lock,
		    swarm_error *err)
{
	swarm_error spare = SWARM_ERROR_INIT;
	change c = { 0 };
	lock wanted;
	int rc;

	if (!err)
		err = &spare;
	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	rc = check_options(options, &wanted, err);
	if (rc)
		return rc;
	c.run = wanted.run;
	c.wanted = &wanted;
	rc = take(client, options, &c, err);
	return rc ? rc : lock_json(&c.after, ret_lock, err);
}

/* --- renew, release, get -------------------------------------------------------------------- */

static int begin(swarm_client *client, const char *run, swarm_error *err)
{
	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	return check_word("run", run, err);
}

int swarm_lock_renew(swarm_client *client, const char *run, int64_t timeout_ms, json_t **ret_lock,
		     swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	change c = { .run = run, .renews = true };
	int rc = begin(client, run, err);

	if (!rc)
		rc = run_change(client, &c, &deadline, err);
	return rc ? rc : lock_json(&c.after, ret_lock, err);
}

int swarm_lock_release(swarm_client *client, const char *run, int64_t timeout_ms, int *ret_released,
		       swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	change c = { .run = run };
	int rc = begin(client, run, err);

	if (!rc)
		rc = run_change(client, &c, &deadline, err);
	if (!rc && ret_released)
		*ret_released = c.ever;
	return rc;
}

int swarm_lock_get(swarm_client *client, int64_t timeout_ms, json_t **ret_lock, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	const char *label;
	json_t *cluster;
	lock l;
	int rc;

	if (!client || !ret_lock)
		return swarm__error(err, SWARM_E_INVAL, "client and ret_lock are required");
	rc = swarm__cluster_read(client, true, &deadline, &cluster, err);
	if (rc)
		return rc;
	label = label_of(json_object_get(cluster, "Spec"));
	lock_parse(label, &l);
	if (*label)
		rc = lock_json(&l, ret_lock, err);
	else
		*ret_lock = json_null();
	json_decref(cluster);
	return rc;
}
