/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Join this host to a swarm: one manager after the other, then whatever the engine makes of it.
 * Knows nothing of where a token comes from.
 */
#include "cluster/internal.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_PORT "2377"

enum { DEFAULT_TIMEOUT_MS = 120000, DEFAULT_PENDING_MS = 20000, PROBE_MS = 3000 };
/* Trouble of managers may pass, such as a link that has just come back: all are asked once more. */
enum { ROUNDS = 2, BETWEEN_ROUNDS_MS = 2000 };

typedef struct join {
	swarm_client *client;
	const swarm_join_options *options;
	swarm__host host;
	swarm__deadline deadline;
	int64_t started; /* monotonic ms, for texts */
} join;

static int check_options(const join *j, swarm_error *err)
{
	const swarm_join_options *o = j->options;
	char host[256], port[8];
	swarm_token_info token;
	int rc;

	if (o->size != sizeof(*o))
		return swarm__error(err, SWARM_E_INVAL, "start from SWARM_JOIN_OPTIONS_INIT");
	if (o->manager && o->worker)
		return swarm__error(err, SWARM_E_INVAL, "manager and worker exclude each other");
	if (!o->token || !*o->token)
		return swarm__error(err, SWARM_E_INVAL, "a join token is required");
	if (!o->remote_addrs || !*o->remote_addrs)
		return swarm__error(err, SWARM_E_INVAL, "the address of a manager is required");
	for (const char *const *remote = o->remote_addrs; *remote; remote++) {
		rc = swarm__address_split(*remote, host, sizeof(host), port, sizeof(port), err);
		if (rc)
			return rc;
	}
	rc = swarm_token_parse(o->token, &token, err);
	if (rc)
		return rc;
	if (o->digest && strcmp(o->digest, token.digest) != 0)
		return swarm__error(
			err, SWARM_E_TOKEN,
			"the join token is of another swarm (its CA digest differs): fetch "
			"the token from a manager of the swarm to join");
	return swarm__host_check(j->client, &j->host, err);
}

/* --- what the engine says of a join that failed --------------------------------------------- */

/* Say what to do where the engine's error is about the token; the code comes out. */
static int explain_token(swarm_error *err)
{
	bool other_swarm = strstr(err->text, "remote CA does not match fingerprint");
	int status = err->http_status;

	if (err->code != SWARM_E_TOKEN)
		return err->code;
	swarm__error_clear(err);
	swarm__error(
		err, SWARM_E_TOKEN, "%s",
		other_swarm
			? "the join token is of another swarm than the manager's: fetch the token "
			  "from a manager of the swarm to join"
			: "the manager refuses the join token (rotated, or damaged on its way): "
			  "fetch a new one from a manager");
	err->http_status = status;
	return SWARM_E_TOKEN;
}

/* May another manager not have this error? Nothing of it is about this host or the token. */
static bool is_the_managers(const swarm_error *err)
{
	static const char *const texts[] = {
		"connection refused",
		"connection error",
		"no route to host",
		"i/o timeout",
	};

	if (swarm__is_transient(err) || err->code == SWARM_E_UNAVAILABLE)
		return true;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (err->http_status >= 500 && strstr(err->text, texts[i]))
			return true;
	return false;
}

/* --- following a join in /info -------------------------------------------------------------- */

/* Did the join end for a reason that another manager may not have? */
static bool ended_by_manager(const swarm_local *local)
{
	swarm_error reason = SWARM_ERROR_INIT;

	/* In /info the engine gives its reasons in the words of its answers. */
	swarm__error(&reason, swarm__classify(500, local->error), "%s", local->error);
	reason.http_status = 500;
	return (local->state == SWARM_LOCAL_INACTIVE || local->state == SWARM_LOCAL_ERROR) &&
	       is_the_managers(&reason);
}

static int ended(const join *j, const swarm_local *local, swarm_error *err)
{
	bool token = swarm__classify(500, local->error) == SWARM_E_TOKEN;

	swarm__error(err, token ? SWARM_E_TOKEN : SWARM_E_STATE, "the join failed (state %s): %s",
		     swarm_local_state_name(local->state),
		     *local->error ? local->error
				   : "docker gives no reason, see its log "
				     "(journalctl -u docker)");
	/* The engine may quote the token, or a part of it. */
	swarm__redact_parts(err->text, j->options->token, 8);
	return explain_token(err);
}

/*
 * A manager that leaves at once may take the quorum with it, so the host stays; only the managers know
 * which token is whose.
 */
static int not_a_worker(const swarm_local *local, swarm_error *err)
{
	return swarm__error(
		err, SWARM_E_TOKEN,
		"the join token is a manager's: this host joined as a manager, node %s; "
		"demote that node, or give a worker's token",
		local->node_id);
}

/* 0: joined. 1: not yet, and ret_state says how far. Else how it ended. */
static int look(const join *j, swarm_local_state *ret_state, swarm_error *err)
{
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	int rc = swarm__local_read(j->client, &j->deadline, &local, err);

	if (rc)
		return rc;
	*ret_state = local->state;
	switch (local->state) {
	case SWARM_LOCAL_ACTIVE:
		if (j->options->worker && local->manager)
			return not_a_worker(local, err);
		/* moby: an error beside "active" is a manager that finds no leader yet. */
		return !j->options->manager || (local->manager && !*local->error) ? 0 : 1;
	case SWARM_LOCAL_PENDING:
		return 1;
	case SWARM_LOCAL_LOCKED:
		return swarm__local_require_inactive(local, err);
	default:
		return ended(j, local, err);
	}
}

static int too_late(const join *j, swarm_local_state state, swarm_error *err)
{
	long long seconds = swarm__seconds_since(j->started);

	swarm__error_clear(err);
	if (state == SWARM_LOCAL_PENDING)
		return swarm__error(
			err, SWARM_E_PENDING,
			"docker is still joining after %lld s, and continues by itself: see "
			"that this host reaches the managers, and they this host, at TCP port "
			"2377",
			seconds);
	if (state == SWARM_LOCAL_ACTIVE)
		return swarm__error(
			err, SWARM_E_TIMEOUT,
			"this host joined, but its manager part is not up after %lld s: see "
			"that the token is a manager's, and that the managers reach this host "
			"at TCP port 2377",
			seconds);
	return swarm__error_hung(err, "join", j->started);
}

/* To the end of a join that the engine has taken on. */
static int follow(const join *j, swarm_local_state state, swarm_error *err)
{
	int64_t pause = 0;
	int rc;

	for (;;) {
		rc = look(j, &state, err);
		if (rc >= 0)
			swarm__progress(j->client, "join", rc == 0, 1, "%s",
					swarm_local_state_name((int)state));
		if (rc == 1)
			rc = swarm__pause(j->client, &j->deadline, &pause, err);
		else if (rc != SWARM_E_TIMEOUT)
			return rc;
		if (rc == SWARM_E_TIMEOUT)
			return too_late(j, state, err);
		if (rc)
			return rc;
	}
}

/* --- one manager, and all of them ----------------------------------------------------------- */

static int send_join(const join *j, const char *address, swarm_error *err)
{
	json_t *body = swarm__host_body(&j->host);
	json_t *token = json_string(j->options->token);
	json_t *remote = json_pack("[s]", address);
	int rc;

	if (!body || !token || json_object_set(body, "JoinToken", token) < 0 ||
	    json_object_set(body, "RemoteAddrs", remote) < 0)
		rc = swarm__nomem(err);
	else
		rc = swarm__call(j->client, SWARM_OP_SWARM_JOIN, NULL, NULL, body, &j->deadline,
				 NULL, err);
	swarm__json_wipe(body, "JoinToken");
	json_decref(remote);
	json_decref(token);
	json_decref(body);
	return rc;
}

/* What an attempt at one manager came to. */
typedef enum verdict {
	DONE, /* the result is final, good or bad */
	NEXT, /* this manager's own trouble: the next one may do */
} verdict;

/*
 * After a join that the engine took on, and that failed: may the next manager be asked? A host in
 * state "error" must leave by force first, which only replace_pending permits.
 */
static verdict after_failure(const join *j)
{
	swarm_local SWARM__AUTO_LOCAL *local = NULL;

	if (swarm__local_read(j->client, &j->deadline, &local, NULL) || !ended_by_manager(local))
		return DONE;
	if (local->state == SWARM_LOCAL_INACTIVE)
		return NEXT;
	return j->options->replace_pending && swarm__leave(j->client, true, &j->deadline, NULL) == 0
		       ? NEXT
		       : DONE;
}

static verdict try_manager(const join *j, const char *address, int *ret_rc, swarm_error *err)
{
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	int rc = send_join(j, address, err);

	if (rc) {
		rc = explain_token(err);
		*ret_rc = rc;
		/* The call may end before the join does: by our own limit, or the engine's. */
		if (rc == SWARM_E_TIMEOUT && !err->http_status) {
			swarm__error_clear(err);
			*ret_rc = follow(j, SWARM_LOCAL_INACTIVE, err);
			return DONE;
		}
		/* moby: swarmConnectTimeout, 20 s, then it goes on by itself. */
		if (rc != SWARM_E_PENDING) {
			if (!is_the_managers(err))
				return DONE;
			/* moby: a join that failed at once leaves the host inactive. */
			if (swarm__local_read(j->client, &j->deadline, &local, NULL) ||
			    local->state == SWARM_LOCAL_INACTIVE)
				return NEXT;
		}
		swarm__error_clear(err);
	}
	*ret_rc = follow(j, SWARM_LOCAL_PENDING, err);
	return *ret_rc == SWARM_E_STATE ? after_failure(j) : DONE;
}

/* moby requires a port, and uses only the first address: so each is sent alone, with port. */
static int with_port(const char *address, char *text, size_t size, swarm_error *err)
{
	char host[256], port[8];
	int rc = swarm__address_split(address, host, sizeof(host), port, sizeof(port), err);

	if (!rc)
		snprintf(text, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host,
			 *port ? port : DEFAULT_PORT);
	return rc;
}

static int ask_client(void *client)
{
	return swarm__client_canceled(client, NULL);
}

/* 0: somebody listens there. An engine elsewhere reaches other addresses than we do: no probe. */
static int probe(const join *j, const char *address, swarm_error *err)
{
	int64_t left = swarm__deadline_left(&j->deadline);

	if (!swarm__client_is_local(j->client))
		return 0;
	if (left == 0)
		return swarm__error(err, SWARM_E_TIMEOUT, "no time was left for %s", address);
	return swarm_probe(address, left < PROBE_MS ? left : PROBE_MS, ask_client, j->client, err);
}

/*
 * Each manager that listens, until one gives a result that is final: then *ret_rc and err have it.
 * NEXT: none did; ret_last is the last one's error, its code 0 where nobody listens.
 */
static verdict try_round(const join *j, swarm__names *silent, swarm_error *ret_last, int *ret_rc,
			 swarm_error *err)
{
	for (const char *const *remote = j->options->remote_addrs; *remote; remote++) {
		swarm_error here = SWARM_ERROR_INIT;
		char address[272];
		int rc = with_port(*remote, address, sizeof(address), &here);

		if (!rc)
			rc = probe(j, address, &here);
		if (rc == SWARM_E_CONNECT || rc == SWARM_E_TIMEOUT) {
			swarm__names_add(silent, "%s", here.text);
			continue;
		}
		if (!rc && try_manager(j, address, &rc, &here) == NEXT) {
			*ret_last = here;
			swarm__error_wrap(ret_last, ret_last->code, "manager %s", address);
			continue;
		}
		if (rc)
			*err = here;
		*ret_rc = rc;
		return DONE;
	}
	return NEXT;
}

static int try_managers(const join *j, swarm_error *err)
{
	swarm__names silent = { 0 };
	swarm_error last = SWARM_ERROR_INIT;
	int rc = 0;

	for (int round = 1;; round++) {
		if (try_round(j, &silent, &last, &rc, err) == DONE)
			return rc;
		if (!last.code)
			return swarm__error(
				err, SWARM_E_CONNECT,
				"no manager can be reached (%s): see that docker runs there and "
				"TCP port 2377 is open",
				silent.text);
		if (round == ROUNDS || swarm__deadline_left(&j->deadline) <= BETWEEN_ROUNDS_MS)
			return swarm__replace(err, &last);
		rc = swarm__sleep(j->client, &j->deadline, BETWEEN_ROUNDS_MS, err);
		if (rc)
			return rc;
	}
}

/* --- the state found at first --------------------------------------------------------------- */

/*
 * Wait for a join found pending, or in error, that may still come through; leave by force where it
 * does not. ret_state is active or inactive on success.
 */
static int replace_pending(const join *j, swarm_local_state *ret_state, swarm_error *err)
{
	int64_t pending_ms = j->options->pending_ms > 0 ? j->options->pending_ms
							: DEFAULT_PENDING_MS;
	int64_t left = swarm__deadline_left(&j->deadline);
	swarm__deadline limit = swarm__deadline_in(pending_ms < left ? pending_ms : left, 1);
	int64_t pause = 0;
	int rc = 0;

	while (!rc) {
		swarm_local SWARM__AUTO_LOCAL *local = NULL;

		rc = swarm__local_read(j->client, &limit, &local, err);
		if (rc)
			break;
		*ret_state = local->state;
		if (local->state == SWARM_LOCAL_ACTIVE || local->state == SWARM_LOCAL_INACTIVE)
			return 0;
		if (local->state == SWARM_LOCAL_LOCKED)
			return swarm__local_require_inactive(local, err);
		rc = swarm__pause(j->client, &limit, &pause, err);
	}
	if (rc != SWARM_E_TIMEOUT)
		return rc;
	if (swarm__deadline_left(&j->deadline) == 0)
		return too_late(j, SWARM_LOCAL_PENDING, err);
	swarm__error_clear(err);
	rc = swarm__leave(j->client, true, &j->deadline, err);
	/* It may have ended by itself in between. */
	if (rc == SWARM_E_NOT_MEMBER) {
		swarm__error_clear(err);
		rc = 0;
	}
	*ret_state = SWARM_LOCAL_INACTIVE;
	return rc;
}

int swarm_join(swarm_client *client, const swarm_join_options *options, swarm_error *err)
{
	swarm_local SWARM__AUTO_LOCAL *local = NULL;
	swarm_error spare = SWARM_ERROR_INIT;
	swarm_local_state state;
	join j;
	int rc;

	if (!err)
		err = &spare;
	if (!client || !options)
		return swarm__error(err, SWARM_E_INVAL, "client and options are required");
	j = (join){ client,
		    options,
		    { options->listen_addr, options->advertise_addr, options->data_path_addr,
		      options->availability },
		    swarm__deadline_in(options->timeout_ms, DEFAULT_TIMEOUT_MS),
		    swarm__now_ms() };
	rc = check_options(&j, err);
	if (!rc)
		rc = swarm__local_read(client, &j.deadline, &local, err);
	if (rc)
		return rc;
	state = local->state;
	if (options->replace_pending &&
	    (state == SWARM_LOCAL_PENDING || state == SWARM_LOCAL_ERROR)) {
		rc = replace_pending(&j, &state, err);
		if (!rc && state == SWARM_LOCAL_ACTIVE)
			return follow(&j, state, err);
	} else {
		rc = swarm__local_require_inactive(local, err);
	}
	return rc ? rc : try_managers(&j, err);
}
