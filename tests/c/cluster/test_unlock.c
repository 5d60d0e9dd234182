/* SPDX-License-Identifier: Apache-2.0 */
/* The lock of the managers: unlocking, the key read and rotated, and no copy of it left anywhere. */
#include "test_cluster.h"

#define KEY "SWMKEY-1-7XJCgnXwYIcA4WzWqQ7i9VJFzY1QW3tN0r5K8m2LhPs"
#define UNLOCK "POST " API "/swarm/unlock"
#define LOCKED STATE("locked")
#define OLD_KEY "SWMKEY-1-8XJCgnXwYIcA4WzWqQ7i9VJFzY1QW3tN0r5K8m2LhPs"
#define KEY_GET "GET " API "/swarm/unlockkey"

static void unlock(void)
{
	const fake_row rows[] = {
		{ INFO, .reply = LOCKED },
		{ UNLOCK, .body = "{\"UnlockKey\":\"" KEY "\"}" },
		{ INFO, .reply = PENDING },
		{ INFO, .reply = MANAGER },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_unlock(f.client, KEY, 0, &f.err), 0);
	teardown(&f);
}

/* Its own words go through the redactor as they are. */
static void own_words(void)
{
	const fake_row rows[] = { { NULL } };
	fixture f = setup(rows);

	CHECK_INT(swarm_unlock(f.client, "x", 0, &f.err), SWARM_E_KEY);
	CHECK_STR(f.err.text, "not an unlock key: it does not start with SWMKEY-1-");
	f.err = (swarm_error)SWARM_ERROR_INIT;
	CHECK_INT(swarm_unlock(f.client, "SWMKEY-1-x", 0, &f.err), SWARM_E_KEY);
	CHECK_STR(f.err.text, "malformed unlock key: 43 characters of base64 follow SWMKEY-1-");
	teardown(&f);
}

/* Without a request: a key of the wrong form. */
static void malformed(void)
{
	static const struct {
		const char *key;
		int code;
	} table[] = {
		{ NULL, SWARM_E_INVAL },
		{ "", SWARM_E_INVAL },
		{ TOKEN, SWARM_E_KEY },
		{ "SWMKEY-1-short", SWARM_E_KEY },
		{ KEY "x", SWARM_E_KEY },
		{ KEY "\n", SWARM_E_KEY },
		{ "SWMKEY-1-7XJCgnXwYIcA4WzWqQ7i9VJFzY1QW3tN0r5K8m2Lh s", SWARM_E_KEY },
	};
	const fake_row rows[] = { { NULL } };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fixture f = setup(rows);

		test_row = table[i].key;
		CHECK_INT(swarm_unlock(f.client, table[i].key, 0, &f.err), table[i].code);
		CHECK(!table[i].key || strlen(table[i].key) < 12 ||
		      !strstr(f.err.text, table[i].key));
		teardown(&f);
	}
}

static void states(void)
{
	static const struct {
		const char *info;
		int code;
	} table[] = {
		{ INACTIVE, SWARM_E_NOT_MEMBER },
		{ MANAGER, SWARM_E_CONFLICT },
		{ WORKER, SWARM_E_CONFLICT },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = { { INFO, .reply = table[i].info }, { NULL } };
		fixture f = setup(rows);

		test_row = table[i].info;
		CHECK_INT(swarm_unlock(f.client, KEY, 0, &f.err), table[i].code);
		teardown(&f);
	}
}

static void refusals(void)
{
	static const struct {
		int status;
		const char *reply;
		int code;
		const char *text;
	} table[] = {
		{ 401, MESSAGE("swarm could not be unlocked: invalid key provided"), SWARM_E_KEY,
		  "swarm could not be unlocked: invalid key provided" },
		{ 400, MESSAGE("swarm could not be unlocked: invalid key " KEY), SWARM_E_KEY,
		  "swarm could not be unlocked: invalid key [redacted]" },
		{ 409, MESSAGE("swarm is not locked"), SWARM_E_CONFLICT, "swarm is not locked" },
		{ 500, MESSAGE("swarm component could not be started: x"), SWARM_E_HTTP,
		  "swarm component could not be started: x" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = {
			{ INFO, .reply = LOCKED },
			{ UNLOCK, .status = table[i].status, .reply = table[i].reply },
			/* Whether it was unlocked all the same. */
			{ table[i].status == 500 ? INFO : NULL, .reply = LOCKED },
			{ NULL },
		};
		fixture f = setup(rows);

		test_row = table[i].text;
		CHECK_INT(swarm_unlock(f.client, KEY, 0, &f.err), table[i].code);
		CHECK_STR(f.err.text, table[i].text);
		CHECK_INT(f.err.http_status, table[i].status);
		teardown(&f);
	}
}

static void start_fails(void)
{
	const fake_row rows[] = {
		{ INFO, .reply = LOCKED },
		{ .expect = UNLOCK },
		{ INFO, .reply = STATE_ERROR("error", "disk full") },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_unlock(f.client, KEY, 0, &f.err), SWARM_E_STATE);
	CHECK_STR(f.err.text, "docker was unlocked, but is in state error: disk full");
	teardown(&f);
}

static void never_active(void)
{
	const fake_row rows[] = {
		{ INFO, .reply = LOCKED },
		{ .expect = UNLOCK },
		{ INFO, .reply = PENDING, .repeat = true },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_unlock(f.client, KEY, 1000, &f.err), SWARM_E_TIMEOUT);
	CHECK_PART(f.err.text, "docker did not finish the unlock in ");
	teardown(&f);
}

static void key_get(void)
{
	const fake_row rows[] = {
		{ KEY_GET, .reply = "{\"UnlockKey\":\"" KEY "\"}" },
		{ KEY_GET, .reply = "{\"UnlockKey\":\"\"}" },
		{ NULL },
	};
	fixture f = setup(rows);
	char *key = NULL;

	CHECK_INT(swarm_unlock_key_get(f.client, 0, &key, &f.err), 0);
	if (CHECK_STR(key, KEY))
		swarm_bytes_free(key, strlen(key));
	key = NULL;
	CHECK_INT(swarm_unlock_key_get(f.client, 0, &key, &f.err), SWARM_E_NOT_FOUND);
	CHECK(key == NULL);
	teardown(&f);
}

#define CLUSTER(lock)                                                                              \
	"{\"ID\":\"c1\",\"Version\":{\"Index\":5},\"Spec\":{\"Name\":\"default\","                 \
	"\"EncryptionConfig\":{\"AutoLockManagers\":" lock "}}}"

static void key_rotate(void)
{
	const fake_row rows[] = {
		{ KEY_GET, .reply = "{\"UnlockKey\":\"" OLD_KEY "\"}" },
		{ "GET " API "/swarm", .reply = CLUSTER("true") },
		{ "POST " API "/swarm/update?version=5&rotateManagerUnlockKey=true",
		  .body = "\"AutoLockManagers\":true" },
		{ KEY_GET, .reply = "{\"UnlockKey\":\"" KEY "\"}" },
		{ NULL },
	};
	const fake_row same[] = {
		{ KEY_GET, .reply = "{\"UnlockKey\":\"" KEY "\"}" },
		{ "GET " API "/swarm", .reply = CLUSTER("true") },
		{ .expect = "POST " API "/swarm/update?version=5&rotateManagerUnlockKey=true" },
		{ KEY_GET, .reply = "{\"UnlockKey\":\"" KEY "\"}" },
		{ NULL },
	};
	const fake_row off[] = {
		{ KEY_GET, .reply = "{\"UnlockKey\":\"\"}" },
		{ "GET " API "/swarm", .reply = CLUSTER("false") },
		{ NULL },
	};
	fixture f = setup(rows);
	char *key = NULL;

	CHECK_INT(swarm_unlock_key_rotate(f.client, 0, &key, &f.err), 0);
	if (CHECK_STR(key, KEY))
		swarm_bytes_free(key, strlen(key));
	teardown(&f);
	key = NULL;
	f = setup(same);
	CHECK_INT(swarm_unlock_key_rotate(f.client, 0, &key, &f.err), SWARM_E_STATE);
	CHECK(key == NULL && !strstr(f.err.text, KEY));
	teardown(&f);
	f = setup(off);
	CHECK_INT(swarm_unlock_key_rotate(f.client, 0, &key, &f.err), SWARM_E_INVAL);
	teardown(&f);
}

TEST_MAIN(TEST(unlock), TEST(own_words), TEST(malformed), TEST(states), TEST(refusals),
	  TEST(start_fails), TEST(never_active), TEST(key_get), TEST(key_rotate))
