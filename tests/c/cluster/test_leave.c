/* SPDX-License-Identifier: Apache-2.0 */
/* Leave: what the engine says of it, that its end is waited for, and what a hang is called. */
#include "test_cluster.h"

#define LEAVE "POST " API "/swarm/leave"

static void outside_a_swarm(void)
{
	const fake_row rows[] = { { INFO, .reply = INACTIVE }, { NULL } };
	fixture f = setup(rows);

	CHECK_INT(swarm_leave(f.client, 0, 0, &f.err), SWARM_E_NOT_MEMBER);
	CHECK_STR(f.err.text, "this host is not in a swarm");
	teardown(&f);
	CHECK_INT(swarm_leave(NULL, 0, 0, NULL), SWARM_E_INVAL);
}

static void waits_until_inactive(void)
{
	const fake_row rows[] = {
		{ INFO, .reply = WORKER },
		{ .expect = LEAVE },
		{ INFO, .reply = PENDING },
		{ INFO, .reply = INACTIVE },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_leave(f.client, 0, 0, &f.err), 0);
	CHECK_INT(f.err.code, 0);
	teardown(&f);
}

static void by_force(void)
{
	const fake_row rows[] = {
		{ INFO, .reply = STATE("locked") },
		{ .expect = LEAVE "?force=true" },
		{ INFO, .reply = INACTIVE },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_leave(f.client, 1, 0, NULL), 0);
	teardown(&f);
}

static void manager_without_force(void)
{
	const char *text = "this host is a manager, and without it only 1 of 2 are left, too few "
			   "for a quorum: demote it first";
	const fake_row rows[] = {
		{ INFO, .reply = MANAGER },
		{ LEAVE, .status = 503,
		  .reply = MESSAGE(
			  "You are attempting to leave the swarm on a node that is participating "
			  "as a manager. Removing this node leaves 1 managers out of 2.") },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_leave(f.client, 0, 0, &f.err), SWARM_E_UNAVAILABLE);
	CHECK_STR(f.err.text, text);
	teardown(&f);
}

static void hangs(void)
{
	const fake_row in_the_call[] = {
		{ INFO, .reply = WORKER },
		{ LEAVE, .fault = FAKE_SILENT },
		{ NULL },
	};
	const fake_row afterwards[] = {
		{ INFO, .reply = WORKER },
		{ .expect = LEAVE },
		{ INFO, .reply = WORKER, .repeat = true },
		{ NULL },
	};
	const fake_row *const both[] = { in_the_call, afterwards };

	for (size_t i = 0; i < 2; i++) {
		fixture f = setup(both[i]);

		CHECK_INT(swarm_leave(f.client, 0, 1000, &f.err), SWARM_E_TIMEOUT);
		CHECK_PART(f.err.text, "docker did not finish the leave in ");
		CHECK_PART(f.err.text,
			   " s: restart docker on this host (systemctl restart docker), then run "
			   "again");
		teardown(&f);
	}
}

static int after_two(void *payload)
{
	return ++*(int *)payload > 2;
}

static void canceled(void)
{
	const fake_row rows[] = {
		{ INFO, .reply = WORKER },
		{ LEAVE, .fault = FAKE_SILENT },
		{ NULL },
	};
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	fixture f = { .engine = fake_engine_start(rows) };
	int asked = 0;

	options.url = fake_engine_url(f.engine);
	options.api_version = "1.45";
	options.cancel = after_two;
	options.cancel_payload = &asked;
	CHECK_INT(swarm_client_new(&options, &f.client, &f.err), 0);
	CHECK_INT(swarm_leave(f.client, 0, 0, &f.err), SWARM_E_CANCELED);
	swarm_client_free(f.client);
	fake_engine_stop_early(f.engine);
}

TEST_MAIN(TEST(outside_a_swarm), TEST(waits_until_inactive), TEST(by_force),
	  TEST(manager_without_force), TEST(hangs), TEST(canceled))
