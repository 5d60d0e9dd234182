/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs out at each allocation in turn: an ordinary error, and nothing is lost. */
#include "oom_table.h"

#include <fcntl.h>

#define NODE "GET " API "/nodes/n1"
#define RECORD                                                                                     \
	"{\"ID\":\"n1\",\"Version\":{\"Index\":5},\"Spec\":{\"Role\":\"manager\","                 \
	"\"Availability\":\"active\"},\"Description\":{\"Hostname\":\"host1\"},"                   \
	"\"Status\":{\"State\":\"ready\"}}"
#define WORKER_RECORD                                                                              \
	"{\"ID\":\"n1\",\"Version\":{\"Index\":5},\"Spec\":{\"Role\":\"worker\","                  \
	"\"Availability\":\"active\"},\"Description\":{\"Hostname\":\"host1\"}}"
#define NEW_TOKEN "SWMTKN-1-" DIGEST "-2bwxwuwd3z9j1z3puu7rcgdbx"
#define OLD_KEY "SWMKEY-1-8XJCgnXwYIcA4WzWqQ7i9VJFzY1QW3tN0r5K8m2LhPs"
#define KEY "SWMKEY-1-7XJCgnXwYIcA4WzWqQ7i9VJFzY1QW3tN0r5K8m2LhPs"
#define MEMBER(id) "{\"ID\":\"" id "\",\"ManagerStatus\":{\"Reachability\":\"reachable\"}}"

static int listener;
static char address[64];

static int run_local(swarm_client *client, swarm_error *err)
{
	swarm_local *local = NULL;
	int rc = swarm_local_get(client, 0, &local, err);

	CHECK((local == NULL) == (rc != 0));
	swarm_local_free(local);
	return rc;
}

static int run_init(swarm_client *client, swarm_error *err)
{
	static const char *const pool[] = { "10.20.0.0/16", NULL };
	swarm_init_options options = SWARM_INIT_OPTIONS_INIT;
	char *id = NULL;
	int rc;

	options.default_addr_pool = pool;
	options.autolock = 1;
	options.data_path_port = 7777;
	rc = swarm_init(client, &options, &id, err);
	CHECK((id == NULL) == (rc != 0));
	free(id);
	return rc;
}

static int run_join(swarm_client *client, swarm_error *err)
{
	const char *const remotes[] = { address, NULL };
	swarm_join_options options = SWARM_JOIN_OPTIONS_INIT;
	int rc, fd;

	options.remote_addrs = remotes;
	options.token = TOKEN;
	rc = swarm_join(client, &options, err);
	/* Take the probe off the port's queue. */
	while ((fd = accept(listener, NULL, NULL)) >= 0)
		close(fd);
	return rc;
}

static int run_leave(swarm_client *client, swarm_error *err)
{
	return swarm_leave(client, 1, 0, err);
}

static int run_tokens(swarm_client *client, swarm_error *err)
{
	swarm_tokens tokens = SWARM_TOKENS_INIT;
	int rc = swarm_tokens_get(client, 0, &tokens, err);

	CHECK((tokens.worker == NULL) == (rc != 0));
	swarm_tokens_clear(&tokens);
	return rc;
}

static int run_update(swarm_client *client, swarm_error *err)
{
	return swarm_cluster_update(client, NULL, SWARM_ROTATE_WORKER_TOKEN, 0, NULL, err);
}

static int run_list(swarm_client *client, swarm_error *err)
{
	swarm_node_list *list = NULL;
	int rc = swarm_node_list_get(client, 0, &list, err);

	CHECK((list == NULL) == (rc != 0));
	swarm_node_list_free(list);
	return rc;
}

static int run_drain(swarm_client *client, swarm_error *err)
{
	json_t *change = NULL;
	int rc = swarm_node_drain(client, "self", 0, &change, err);

	CHECK((change == NULL) == (rc != 0));
	json_decref(change);
	return rc;
}

static int run_remove(swarm_client *client, swarm_error *err)
{
	return swarm_node_remove(client, "n1", SWARM_REMOVE_DEMOTE, 0, err);
}

static int run_unlock(swarm_client *client, swarm_error *err)
{
	return swarm_unlock(client, KEY, 0, err);
}

static int run_rotate_key(swarm_client *client, swarm_error *err)
{
	char *key = NULL;
	int rc = swarm_unlock_key_rotate(client, 0, &key, err);

	CHECK((key == NULL) == (rc != 0));
	if (key)
		swarm_bytes_free(key, strlen(key));
	return rc;
}

static int run_ca(swarm_client *client, swarm_error *err)
{
	return swarm_ca_rotate(client, NULL, err);
}

static int run_leave_cleanly(swarm_client *client, swarm_error *err)
{
	/* One engine plays both hosts. */
	return swarm_leave_cleanly(client, client, 0, err);
}

static int run_force(swarm_client *client, swarm_error *err)
{
	swarm_init_options options = SWARM_INIT_OPTIONS_INIT;

	options.force_new_cluster = 1;
	options.force_despite_leader = 1;
	return swarm_init(client, &options, NULL, err);
}

static int run_label(swarm_client *client, swarm_error *err)
{
	const swarm_pair labels[] = { { "a", "1" }, { "b", NULL }, { NULL, NULL } };

	return swarm_node_label(client, "n1", labels, 0, NULL, err);
}

static int run_promote(swarm_client *client, swarm_error *err)
{
	json_t *change = NULL;
	int rc = swarm_node_promote(client, "n1", 0, &change, err);

	CHECK((change == NULL) == (rc != 0));
	json_decref(change);
	return rc;
}

static int run_prune(swarm_client *client, swarm_error *err)
{
	json_t *ids = NULL;
	int rc = swarm_node_prune(client, 0, &ids, err);

	CHECK((ids == NULL) == (rc != 0));
	json_decref(ids);
	return rc;
}

static int run_quorum(swarm_client *client, swarm_error *err)
{
	const char *const leaving[] = { "n2", NULL };
	swarm_quorum quorum = { 0 };
	int rc = swarm_quorum_get(client, 0, leaving, 0, &quorum, err);

	CHECK((quorum.managers == 1) == (rc == 0));
	return rc;
}

static int run_filtered(swarm_client *client, swarm_error *err)
{
	const swarm_pair filters[] = { { "id", "n1" }, { "id", "n2" }, { NULL, NULL } };
	swarm_node_list *list = NULL;
	int rc = swarm_node_list_filtered(client, filters, 0, &list, err);

	CHECK((list == NULL) == (rc != 0));
	swarm_node_list_free(list);
	return rc;
}

static const fake_row local_rows[] = {
	{ INFO,
	  .reply = "{\"Name\":\"host1\",\"Swarm\":{\"LocalNodeState\":\"active\","
		   "\"RemoteManagers\":["
		   "{\"NodeID\":\"m1\",\"Addr\":\"10.0.0.1:2377\"}],\"Warnings\":[\"two\"]}}" },
	{ NULL },
};
static const fake_row init_rows[] = {
	{ INFO, .reply = INACTIVE },
	{ "POST " API "/swarm/init", .reply = "\"m1\"" },
	{ INFO, .reply = MANAGER },
	{ "GET " API "/swarm", .reply = "{\"ID\":\"c1\"}" },
	{ NULL },
};
static const fake_row join_rows[] = {
	{ INFO, .reply = INACTIVE },
	{ .expect = "POST " API "/swarm/join" },
	{ INFO, .reply = WORKER },
	{ NULL },
};
static const fake_row leave_rows[] = {
	{ INFO, .reply = WORKER },
	{ .expect = "POST " API "/swarm/leave?force=true" },
	{ INFO, .reply = INACTIVE },
	{ NULL },
};
static const fake_row tokens_rows[] = {
	{ "GET " API "/swarm", .reply = "{\"ID\":\"c1\",\"JoinTokens\":{\"Worker\":\"" TOKEN
					"\",\"Manager\":\"" TOKEN "\"}}" },
	{ NULL },
};
static const fake_row update_rows[] = {
	{ "GET " API "/swarm",
	  .reply = "{\"Version\":{\"Index\":5},\"Spec\":{\"Name\":\"default\"},"
		   "\"JoinTokens\":{\"Worker\":\"" TOKEN "\"}}" },
	{ .expect = "POST " API "/swarm/update?version=5&rotateWorkerToken=true" },
	{ "GET " API "/swarm", .reply = "{\"JoinTokens\":{\"Worker\":\"" NEW_TOKEN "\"}}" },
	{ NULL },
};
static const fake_row list_rows[] = {
	{ "GET " API "/nodes", .reply = "[" MEMBER("n1") "," MEMBER("n2") "]" },
	{ NULL },
};
static const fake_row drain_rows[] = {
	{ INFO, .reply = ACTIVE_AS("n1", "true", "") },
	{ NODE, .reply = RECORD },
	{ NODE, .reply = RECORD },
	{ "POST " API "/nodes/n1/update?version=5", .body = "\"Availability\":\"drain\"" },
	{ "GET " API "/tasks?filters=%7B%22node%22%3A%5B%22n1%22%5D%7D", .reply = "[]" },
	{ NULL },
};
static const fake_row remove_rows[] = {
	{ NODE, .reply = RECORD },
	{ NODE, .reply = RECORD },
	{ "GET " API "/nodes", .reply = "[" MEMBER("n1") "," MEMBER("n2") "]" },
	{ "POST " API "/nodes/n1/update?version=5", .body = "\"Role\":\"worker\"" },
	{ NODE, .reply = RECORD },
	{ .expect = "DELETE " API "/nodes/n1" },
	{ NULL },
};

static const fake_row unlock_rows[] = {
	{ INFO, .reply = STATE("locked") },
	{ "POST " API "/swarm/unlock", .body = KEY },
	{ INFO, .reply = MANAGER },
	{ NULL },
};
static const fake_row rotate_key_rows[] = {
	{ "GET " API "/swarm/unlockkey", .reply = "{\"UnlockKey\":\"" OLD_KEY "\"}" },
	{ "GET " API "/swarm",
	  .reply = "{\"Version\":{\"Index\":5},\"Spec\":{\"EncryptionConfig\":{"
		   "\"AutoLockManagers\":true}}}" },
	{ .expect = "POST " API "/swarm/update?version=5&rotateManagerUnlockKey=true" },
	{ "GET " API "/swarm/unlockkey", .reply = "{\"UnlockKey\":\"" KEY "\"}" },
	{ NULL },
};
#define TLS(root) "\"TLSInfo\":{\"TrustRoot\":\"" root "\"}"
static const fake_row ca_rows[] = {
	{ "GET " API "/swarm", .reply = "{\"ID\":\"c1\",\"Spec\":{}," TLS("old") "}" },
	{ "GET " API "/swarm", .reply = "{\"ID\":\"c1\",\"Version\":{\"Index\":5},\"Spec\":{}}" },
	{ "POST " API "/swarm/update?version=5", .body = "\"ForceRotate\":1" },
	{ "GET " API "/swarm",
	  .reply = "{\"ID\":\"c1\",\"RootRotationInProgress\":false," TLS("new") "}" },
	{ "GET " API "/nodes",
	  .reply = "[{\"ID\":\"n1\",\"Description\":{\"Hostname\":\"host1\"," TLS("new") "}}]" },
	{ NULL },
};
static const fake_row leave_cleanly_rows[] = {
	{ INFO, .reply = ACTIVE_AS("n1", "false", "") },
	{ INFO, .reply = ACTIVE_AS("n2", "true", "") },
	{ NODE, .reply = RECORD },
	{ "GET " API "/nodes", .reply = "[" MEMBER("n1") "," MEMBER("n2") "]" },
	{ NODE, .reply = RECORD },
	{ "POST " API "/nodes/n1/update?version=5", .body = "\"Availability\":\"drain\"" },
	{ "GET " API "/tasks?filters=%7B%22node%22%3A%5B%22n1%22%5D%7D", .reply = "[]" },
	{ NODE, .reply = RECORD },
	{ "GET " API "/nodes", .reply = "[" MEMBER("n1") "," MEMBER("n2") "]" },
	{ "POST " API "/nodes/n1/update?version=5", .body = "\"Role\":\"worker\"" },
	{ NODE, .reply = RECORD },
	{ INFO, .reply = ACTIVE_AS("n1", "false", "") },
	{ INFO, .reply = ACTIVE_AS("n1", "false", "") },
	{ .expect = "POST " API "/swarm/leave" },
	{ INFO, .reply = INACTIVE },
	{ .expect = "DELETE " API "/nodes/n1?force=true" },
	{ NULL },
};
static const fake_row force_rows[] = {
	{ INFO, .reply = MANAGER },
	{ "GET " API "/swarm", .reply = "{\"ID\":\"c1\",\"Spec\":{\"Name\":\"default\"}}" },
	{ "POST " API "/swarm/init", .body = "\"Name\":\"default\"},\"Force", .reply = "\"m1\"" },
	{ INFO, .reply = MANAGER },
	{ "GET " API "/swarm", .reply = "{\"ID\":\"c1\"}" },
	{ NULL },
};
static const fake_row label_rows[] = {
	{ NODE, .reply = RECORD },
	{ NODE, .reply = RECORD },
	{ "POST " API "/nodes/n1/update?version=5", .body = "\"Labels\":{\"a\":\"1\"}" },
	{ NODE, .reply = "{\"ID\":\"n1\",\"Version\":{\"Index\":6},\"Spec\":{}}" },
	{ NULL },
};
static const fake_row promote_rows[] = {
	{ NODE, .reply = WORKER_RECORD },
	{ NODE, .reply = WORKER_RECORD },
	{ "POST " API "/nodes/n1/update?version=5", .body = "\"Role\":\"manager\"" },
	{ NODE, .reply = MEMBER("n1") },
	{ NULL },
};
static const fake_row prune_rows[] = {
	{ "GET " API "/nodes", .reply = "[{\"ID\":\"n1\",\"Spec\":{\"Role\":\"worker\"},"
					"\"Status\":{\"State\":\"down\"}}]" },
	{ .expect = "DELETE " API "/nodes/n1" },
	{ NULL },
};
static const fake_row quorum_rows[] = {
	{ "GET " API "/nodes", .reply = "[" MEMBER("n1") "," MEMBER("n2") "]" },
	{ NULL },
};
static const fake_row filtered_rows[] = {
	{ "GET " API "/nodes?filters=%7B%22id%22%3A%5B%22n1%22%2C%22n2%22%5D%7D",
	  .reply = "[" MEMBER("n1") "," MEMBER("n2") "," MEMBER("n22") "]" },
	{ NULL },
};

static const oom_case table[] = {
	{ "local", local_rows, run_local },
	{ "init", init_rows, run_init },
	{ "join", join_rows, run_join },
	{ "leave", leave_rows, run_leave },
	{ "tokens", tokens_rows, run_tokens },
	{ "update", update_rows, run_update },
	{ "list", list_rows, run_list },
	{ "drain", drain_rows, run_drain },
	{ "remove", remove_rows, run_remove },
	{ "unlock", unlock_rows, run_unlock },
	{ "rotate key", rotate_key_rows, run_rotate_key },
	{ "ca", ca_rows, run_ca },
	{ "leave_cleanly", leave_cleanly_rows, run_leave_cleanly },
	{ "force new cluster", force_rows, run_force },
	{ "label", label_rows, run_label },
	{ "promote", promote_rows, run_promote },
	{ "prune", prune_rows, run_prune },
	{ "quorum", quorum_rows, run_quorum },
	{ "filtered list", filtered_rows, run_filtered },
};

enum { CASES = sizeof(table) / sizeof(table[0]) };

static void own_allocations(void)
{
	oom_run_table(table, CASES, oom_start);
}

static void jansson_too(void)
{
	oom_run_table(table, CASES, oom_start_with_jansson);
}

int main(void)
{
	static const test_case cases[] = { TEST(own_allocations), TEST(jansson_too) };
	int rc;

	listener = open_port(true, address, sizeof(address));
	fcntl(listener, F_SETFL, O_NONBLOCK);
	rc = test_main(cases, 2);
	close(listener);
	return rc;
}
