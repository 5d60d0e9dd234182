/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster's settings, tokens, CA and unlock key, on a manager. */
#include "base/internal.h"
#include "live.h"

#include <ctype.h>

/* swarmkit: the digest in a token is the SHA-256 of the root certificate's PEM, as 50 base36 digits. */
static void token_digest(const char *pem, char digest[SWARM_DIGEST_LENGTH + 1])
{
	char hex[SWARM__SHA256_HEX];

	swarm__sha256_hex(pem, strlen(pem), hex);
	digest[SWARM_DIGEST_LENGTH] = '\0';
	for (int at = SWARM_DIGEST_LENGTH - 1; at >= 0; at--) {
		unsigned rest = 0;

		/* The number divided by 36, digit by digit. */
		for (char *digit = hex; *digit; digit++) {
			unsigned value = isdigit((unsigned char)*digit) ? *digit - '0'
									: *digit - 'a' + 10;

			rest = rest * 16 + value;
			*digit = "0123456789abcdef"[rest / 36];
			rest %= 36;
		}
		digest[at] = "0123456789abcdefghijklmnopqrstuvwxyz"[rest];
	}
}

static void tokens(void)
{
	json_auto_t *cluster = live_cluster();
	swarm_tokens got = SWARM_TOKENS_INIT;
	swarm_token_info worker = { 0 };
	swarm_token_info manager = { 0 };
	char digest[SWARM_DIGEST_LENGTH + 1];

	if (!WORKS(swarm_tokens_get(live_client, 0, &got, &err)))
		return;
	WORKS(swarm_token_parse(got.worker, &worker, &err));
	WORKS(swarm_token_parse(got.manager, &manager, &err));
	token_digest(live_text(cluster, "TLSInfo", "TrustRoot"), digest);
	CHECK_STR(worker.digest, digest);
	CHECK_STR(manager.digest, digest);
	CHECK_INT(worker.fips, 0);
	CHECK(strcmp(got.worker, got.manager) != 0);
	CHECK_STR(got.cluster_id, json_string_value(json_object_get(cluster, "ID")));
	swarm_tokens_clear(&got);
}

static void rotate_tokens(void)
{
	swarm_tokens before = SWARM_TOKENS_INIT;
	swarm_tokens after = SWARM_TOKENS_INIT;

	if (!WORKS(swarm_tokens_get(live_client, 0, &before, &err)))
		return;
	WORKS(swarm_cluster_update(live_client, NULL, SWARM_ROTATE_WORKER_TOKEN, 0, NULL, &err));
	if (WORKS(swarm_tokens_get(live_client, 0, &after, &err))) {
		CHECK(strcmp(before.worker, after.worker) != 0);
		CHECK(strcmp(before.manager, after.manager) == 0);
	}
	swarm_tokens_clear(&after);
	WORKS(swarm_cluster_update(live_client, NULL, SWARM_ROTATE_MANAGER_TOKEN, 0, NULL, &err));
	if (WORKS(swarm_tokens_get(live_client, 0, &after, &err)))
		CHECK(strcmp(before.manager, after.manager) != 0);
	swarm_tokens_clear(&after);
	swarm_tokens_clear(&before);
}

/* Does the spec differ in the named field alone? */
static void only_differs(const json_t *old, const json_t *new, const char *field)
{
	json_auto_t *want = json_copy((json_t *)old);

	json_object_set(want, field, json_object_get(new, field));
	CHECK(json_equal(want, new));
	CHECK(!json_equal(json_object_get(old, field), json_object_get(new, field)));
}

static void update(void)
{
	static const struct {
		const char *field;
		const char *patch;
	} table[] = {
		{ "Labels", "{\"Labels\":{\"tier\":\"lab\",\"gone\":\"soon\"}}" },
		{ "Labels", "{\"Labels\":{\"gone\":null}}" },
		{ "Orchestration", "{\"Orchestration\":{\"TaskHistoryRetentionLimit\":7}}" },
		{ "Dispatcher", "{\"Dispatcher\":{\"HeartbeatPeriod\":7000000000}}" },
		{ "Dispatcher", "{\"Dispatcher\":{\"HeartbeatPeriod\":5000000000}}" },
		{ "Raft", "{\"Raft\":{\"SnapshotInterval\":9999}}" },
		{ "CAConfig", "{\"CAConfig\":{\"NodeCertExpiry\":7776000000000001}}" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		json_auto_t *patch = json_loads(table[i].patch, 0, NULL);
		json_auto_t *before = live_cluster();
		json_auto_t *after = NULL;

		test_row = table[i].patch;
		WORKS(swarm_cluster_update(live_client, patch, 0, 0, NULL, &err));
		after = live_cluster();
		only_differs(json_object_get(before, "Spec"), json_object_get(after, "Spec"),
			     table[i].field);
	}
	test_row = NULL;
	json_auto_t *cluster = live_cluster();
	const json_t *spec = json_object_get(cluster, "Spec");

	CHECK_STR(live_text(spec, "Labels", "made"), "live");
	CHECK_STR(live_text(spec, "Labels", "tier"), "lab");
	CHECK_STR(live_text(spec, "Labels", "gone"), "");
}

static void update_refused(void)
{
	static const struct {
		const char *patch;
		int code;
	} table[] = {
		{ "{\"CAConfig\":{\"NodeCertExpiry\":1}}", SWARM_E_INVAL },
		{ "{\"Dispatcher\":{\"HeartbeatPeriod\":-5}}", SWARM_E_INVAL },
		{ "{\"Name\":\"other\"}", SWARM_E_HTTP },
		{ "{\"Labels\":\"none\"}", SWARM_E_INVAL },
		{ "{\"Nonsense\":1}", SWARM_E_INVAL },
	};
	json_auto_t *before = live_cluster();

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		json_auto_t *patch = json_loads(table[i].patch, 0, NULL);

		test_row = table[i].patch;
		GIVES(table[i].code, swarm_cluster_update(live_client, patch, 0, 0, NULL, &err));
		live_note(table[i].patch, err.text);
	}
	json_auto_t *after = live_cluster();

	CHECK(json_equal(json_object_get(before, "Spec"), json_object_get(after, "Spec")));
}

static void no_unlock_key(void)
{
	char *key = NULL;

	GIVES(SWARM_E_NOT_FOUND, swarm_unlock_key_get(live_client, 0, &key, &err));
	GIVES(SWARM_E_INVAL, swarm_unlock_key_rotate(live_client, 0, &key, &err));
}

int live_settings(void)
{
	static const test_case cases[] = { TEST(tokens), TEST(rotate_tokens), TEST(update),
					   TEST(update_refused), TEST(no_unlock_key) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

static void rotate_ca(void)
{
	swarm_tokens before = SWARM_TOKENS_INIT;
	swarm_tokens after = SWARM_TOKENS_INIT;
	swarm_token_info old = { 0 };
	swarm_token_info new = { 0 };

	if (!WORKS(swarm_tokens_get(live_client, 0, &before, &err)))
		return;
	WORKS(swarm_token_parse(before.worker, &old, &err));
	WORKS(swarm_ca_rotate(live_client, NULL, &err));
	if (WORKS(swarm_tokens_get(live_client, 0, &after, &err)) &&
	    WORKS(swarm_token_parse(after.worker, &new, &err)))
		CHECK(strcmp(old.digest, new.digest) != 0);
	swarm_tokens_clear(&before);
	swarm_tokens_clear(&after);
}

int live_rotate_ca(void)
{
	static const test_case cases[] = { TEST(rotate_ca), TEST(tokens) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

/* --- autolock: the driver restarts docker between these two parts ----------------------------- */

static void set_autolock(bool on)
{
	json_auto_t *patch = json_pack("{s:{s:b}}", "EncryptionConfig", "AutoLockManagers", on);

	WORKS(swarm_cluster_update(live_client, patch, 0, 0, NULL, &err));
}

static void free_key(char *key)
{
	swarm_bytes_free(key, key ? strlen(key) : 0);
}

static void autolock(void)
{
	char *first = NULL;
	char *second = NULL;
	char *read = NULL;
	FILE *file;

	set_autolock(true);
	WORKS(swarm_unlock_key_get(live_client, 0, &first, &err));
	if (WORKS(swarm_unlock_key_rotate(live_client, 0, &second, &err)) && first)
		CHECK(strcmp(first, second) != 0);
	if (WORKS(swarm_unlock_key_get(live_client, 0, &read, &err)))
		CHECK(second && strcmp(read, second) == 0);
	GIVES(SWARM_E_CONFLICT, swarm_unlock(live_client, second, 0, &err));
	file = fopen(LIVE_KEY_FILE, "w");
	if (CHECK(file && second)) {
		CHECK(fputs(second, file) >= 0);
		CHECK(fclose(file) == 0);
	}
	free_key(first);
	free_key(second);
	free_key(read);
	/* The manager keeps its key encrypted a moment later. */
	sleep(3);
}

int live_lock(void)
{
	static const test_case cases[] = { TEST(autolock) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

static void locked(void)
{
	swarm_init_options options = SWARM_INIT_OPTIONS_INIT;
	swarm_node_list *nodes = NULL;

	live_local_is(SWARM_LOCAL_LOCKED);
	GIVES(SWARM_E_LOCKED, swarm_node_list_get(live_client, 0, &nodes, &err));
	GIVES(SWARM_E_LOCKED, swarm_init(live_client, &options, NULL, &err));
	GIVES(SWARM_E_KEY, swarm_unlock(live_client, "SWMKEY-1-short", 0, &err));
	GIVES(SWARM_E_KEY,
	      swarm_unlock(live_client, "SWMKEY-1-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0,
			   &err));
	live_note("another key", err.text);
	live_local_is(SWARM_LOCAL_LOCKED);
}

static void unlock(void)
{
	FILE *file = fopen(LIVE_KEY_FILE, "r");
	char key[128] = "";
	char *left = NULL;

	if (!CHECK(file && fgets(key, sizeof(key), file)))
		return;
	fclose(file);
	unlink(LIVE_KEY_FILE);
	WORKS(swarm_unlock(live_client, key, 0, &err));
	live_local_is(SWARM_LOCAL_ACTIVE);
	set_autolock(false);
	GIVES(SWARM_E_NOT_FOUND, swarm_unlock_key_get(live_client, 0, &left, &err));
}

int live_unlock(void)
{
	static const test_case cases[] = { TEST(locked), TEST(unlock) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}
