/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of another shape than was asked for: each is SWARM_E_JSON, never "no such object", an empty
 * list, "autolock is off", a malformed argument or a lack of memory.
 */
#include "test_cluster.h"

#include "base/internal.h"

static const char *const shapes[] = {
	"",
	"null",
	"{}",
	"[]",
	"5",
	"\"n1\"",
	"{\"ID\":5}",
	"{\"ID\":\"\"}",
	"{\"ID\":\"a/b\"}",
	"{\"ID\":\"..\"}",
	"{\"ID\":\"zz\"}",
	"[[]]",
	"[5]",
	"[{}]",
	"{",
	"{\"ID\":\"n1\xff\"}",
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static int node(fixture *f)
{
	json_t *json = NULL;
	int rc = swarm_node_inspect(f->client, "n1", 0, &json, &f->err);

	json_decref(json);
	return rc;
}

static int node_update(fixture *f)
{
	json_t *patch = json_pack("{s:s}", "Availability", "drain");
	int rc = swarm_node_update(f->client, "n1", patch, 0, NULL, &f->err);

	json_decref(patch);
	return rc;
}

static int node_delete(fixture *f)
{
	return swarm_node_remove(f->client, "n1", 0, 0, &f->err);
}

static int service(fixture *f)
{
	json_t *json = NULL;
	int rc = swarm_object_inspect(f->client, SWARM_KIND_SERVICE, "n1", 0, &json, &f->err);

	json_decref(json);
	return rc;
}

static int network_delete(fixture *f)
{
	return swarm_object_remove(f->client, SWARM_KIND_NETWORK, "n1", 0, &f->err);
}

static int scale(fixture *f)
{
	return swarm_service_scale(f->client, "n1", 3, 0, NULL, &f->err);
}

static int rollback(fixture *f)
{
	return swarm_service_rollback(f->client, "n1", 0, &f->err);
}

static int tokens(fixture *f)
{
	swarm_tokens found = SWARM_TOKENS_INIT;
	int rc = swarm_tokens_get(f->client, 0, &found, &f->err);

	swarm_tokens_clear(&found);
	return rc;
}

static int key(fixture *f)
{
	char *found = NULL;
	int rc = swarm_unlock_key_get(f->client, 0, &found, &f->err);

	CHECK(found == NULL);
	return rc;
}

static int cluster(fixture *f)
{
	json_t *patch = json_pack("{s:{s:i}}", "Orchestration", "TaskHistoryRetentionLimit", 3);
	int rc = swarm_cluster_update(f->client, patch, 0, 0, NULL, &f->err);

	json_decref(patch);
	return rc;
}

static int local(fixture *f)
{
	swarm_local *found = NULL;
	int rc = swarm_local_get(f->client, 0, &found, &f->err);

	swarm_local_free(found);
	return rc;
}

static int secret(fixture *f)
{
	return swarm_secret_create(f->client, "x", "1234", 4, NULL, 0, NULL, &f->err);
}

static void objects(void)
{
	static const struct {
		const char *expect;
		int (*run)(fixture *f);
	} table[] = {
		{ "GET " API "/nodes/n1", node },
		{ "GET " API "/nodes/n1", node_update },
		{ "GET " API "/nodes/n1", node_delete },
		{ "GET " API "/services/n1", service },
		{ "GET " API "/networks/n1", network_delete },
		{ "GET " API "/services/n1", scale },
		{ "GET " API "/services/n1", rollback },
		{ "GET " API "/swarm", tokens },
		{ "GET " API "/swarm/unlockkey", key },
		{ "GET " API "/swarm", cluster },
		{ "GET " API "/info", local },
		{ "POST " API "/secrets/create", secret },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		for (size_t k = 0; k < SHAPES; k++) {
			const fake_row rows[] = {
				{ .expect = table[i].expect,
				  .reply = shapes[k],
				  .status = table[i].run == secret ? 201 : 200 },
				{ NULL },
			};
			fixture f = setup(rows);

			/* Any id is one of a new secret. */
			if (table[i].run == secret && strstr(shapes[k], "zz")) {
				fake_engine_stop_early(f.engine);
				swarm_client_free(f.client);
				continue;
			}
			test_row = shapes[k];
			CHECK_INT(table[i].run(&f), SWARM_E_JSON);
			CHECK(f.err.text[0]);
			teardown(&f);
		}
	}
}

/* The engine's word alone is "not found". */
static void not_found(void)
{
	static const fake_row rows[] = {
		{ "GET " API "/nodes/n1", .status = 404, .reply = MESSAGE("node n1 not found") },
		{ "GET " API "/services/n1", .status = 404,
		  .reply = MESSAGE("service n1 not found") },
		/* The start of an id, which the engine takes and we do not. */
		{ "GET " API "/services/n1", .reply = "{\"ID\":\"n1234\"}" },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(node(&f), SWARM_E_NOT_FOUND);
	swarm__error_clear(&f.err);
	CHECK_INT(service(&f), SWARM_E_NOT_FOUND);
	swarm__error_clear(&f.err);
	CHECK_INT(service(&f), SWARM_E_NOT_FOUND);
	teardown(&f);
}

static void lists(void)
{
	static const struct {
		const char *reply;
		int code;
	} table[] = {
		{ "[]", 0 },
		{ "null", 0 },
		{ "", SWARM_E_JSON },
		{ "{}", SWARM_E_JSON },
		{ "5", SWARM_E_JSON },
		{ "[5]", SWARM_E_JSON },
		{ "[{}]", SWARM_E_JSON },
		{ "[{\"ID\":5}]", SWARM_E_JSON },
		{ "[{\"ID\":\"a/b\"}]", SWARM_E_JSON },
		{ "[{\"ID\":\"s1\"}]", 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = { { "GET " API "/services", .reply = table[i].reply },
					  { NULL } };
		json_t *list = NULL;
		fixture f = setup(rows);

		test_row = table[i].reply;
		CHECK_INT(swarm_object_list(f.client, SWARM_KIND_SERVICE, NULL, 0, &list, &f.err),
			  table[i].code);
		json_decref(list);
		teardown(&f);
	}
}

/* What the engine gave for a spec cannot be sent back: no argument of the caller is wrong. */
static void specs(void)
{
	static const char *const table[] = {
		"5",
		"null",
		"{}",
		"{\"Role\":5,\"Availability\":\"active\"}",
		"{\"Role\":\"worker\"}",
		"{\"Role\":\"worker\",\"Availability\":[]}",
		"{\"Role\":\"worker\",\"Availability\":\"active\",\"Labels\":\"a\"}",
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char reply[256];
		const fake_row rows[] = {
			{ "GET " API "/nodes/n1", .reply = "{\"ID\":\"n1\"}" },
			{ "GET " API "/nodes/n1", .reply = reply },
			{ NULL },
		};
		fixture f;

		snprintf(reply, sizeof(reply),
			 "{\"ID\":\"n1\",\"Version\":{\"Index\":1},\"Spec\":%s}", table[i]);
		f = setup(rows);
		test_row = table[i];
		CHECK_INT(node_update(&f), SWARM_E_JSON);
		CHECK_PART(f.err.text, "Spec");
		teardown(&f);
	}
}

/* /info: of another type, and a host that is active without a node id. */
static void infos(void)
{
#define SWARM(more) "{\"Swarm\":{\"LocalNodeState\":\"active\"" more "}}"
	static const char *const table[] = {
		SWARM(",\"NodeID\":5"),
		SWARM(",\"NodeID\":\"a/b\""),
		SWARM(",\"ControlAvailable\":\"true\""),
		SWARM(",\"Error\":{}"),
		SWARM(",\"Cluster\":{\"ID\":[]}"),
		SWARM(",\"RemoteManagers\":{}"),
		SWARM(",\"RemoteManagers\":[5]"),
		SWARM(",\"RemoteManagers\":[{\"Addr\":5,\"NodeID\":\"n1\"}]"),
		SWARM(",\"RemoteManagers\":[{\"Addr\":\"10.0.0.1:2377\"}]"),
		SWARM(",\"Warnings\":[null]"),
	};
	const fake_row active[] = { { INFO, .reply = SWARM("") }, { NULL } };
	fixture f;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = { { INFO, .reply = table[i] }, { NULL } };

		f = setup(rows);
		test_row = table[i];
		CHECK_INT(local(&f), SWARM_E_JSON);
		CHECK_PART(f.err.text, "Swarm.");
		teardown(&f);
	}
	f = setup(active);
	CHECK_INT(swarm_node_drain(f.client, "self", 0, NULL, &f.err), SWARM_E_STATE);
	teardown(&f);
#undef SWARM
}

/* The engine's list of managers has another order each time. */
static void managers_in_order(void)
{
	const fake_row rows[] = {
		{ INFO, .reply = "{\"Swarm\":{\"LocalNodeState\":\"active\",\"RemoteManagers\":["
				 "{\"Addr\":\"10.0.0.3:2377\",\"NodeID\":\"c\"},"
				 "{\"Addr\":\"10.0.0.1:2377\",\"NodeID\":\"a\"},"
				 "{\"Addr\":\"10.0.0.2:2377\",\"NodeID\":\"b\"}]}}" },
		{ NULL },
	};
	swarm_local *found = NULL;
	fixture f = setup(rows);

	CHECK_INT(swarm_local_get(f.client, 0, &found, &f.err), 0);
	if (found) {
		CHECK_STR(found->managers[0], "10.0.0.1:2377");
		CHECK_STR(found->managers[1], "10.0.0.2:2377");
		CHECK_STR(found->managers[2], "10.0.0.3:2377");
		CHECK_STR(found->manager_ids[0], "a");
		CHECK_STR(found->manager_ids[1], "b");
		CHECK_STR(found->manager_ids[2], "c");
		CHECK(!found->managers[3] && !found->manager_ids[3]);
	}
	swarm_local_free(found);
	teardown(&f);
}

/* Tokens and keys are such by their form. */
static void no_tokens(void)
{
#define CLUSTER(worker, manager)                                                                   \
	"{\"ID\":\"c1\",\"JoinTokens\":{\"Worker\":\"" worker "\",\"Manager\":\"" manager "\"}}"
	static const char *const clusters[] = { CLUSTER("x", TOKEN), CLUSTER(TOKEN, "SWMTKN-1-"),
						CLUSTER(TOKEN, ""), CLUSTER(TOKEN "x", TOKEN) };
	static const char *const keys[] = { "{\"UnlockKey\":\"x\"}", "{\"UnlockKey\":5}",
					    "{\"UnlockKey\":null}", "{\"Key\":\"\"}" };

	for (size_t i = 0; i < 4; i++) {
		const fake_row rows[] = { { "GET " API "/swarm", .reply = clusters[i] },
					  { "GET " API "/swarm/unlockkey", .reply = keys[i] },
					  { NULL } };
		fixture f = setup(rows);

		test_row = clusters[i];
		CHECK_INT(tokens(&f), SWARM_E_JSON);
		swarm__error_clear(&f.err);
		CHECK_INT(key(&f), SWARM_E_JSON);
		teardown(&f);
	}
#undef CLUSTER
}

static void not_utf8(void)
{
	const fake_row rows[] = { { "GET /_ping", .reply = "OK\xff\xfe" }, { NULL } };
	const swarm_pair labels[] = { { "a\xff", "b" }, { NULL, NULL } };
	const swarm_pair values[] = { { "a", "b\xff" }, { NULL, NULL } };
	const char *const pool[] = { "10.\xff", NULL };
	swarm_call_options ping = SWARM_CALL_INIT(SWARM_OP_PING);
	swarm_init_options init = SWARM_INIT_OPTIONS_INIT;
	json_t *json = NULL;
	swarm_node_list *list = NULL;
	fixture f = setup(rows);

	CHECK_INT(swarm_call_json(f.client, &ping, &json, &f.err), SWARM_E_JSON);
	CHECK_PART(f.err.text, "is not UTF-8");
	/* The caller's own. */
	CHECK_INT(swarm_node_label(f.client, "n1", labels, 0, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_node_label(f.client, "n1", values, 0, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_node_list_filtered(f.client, values, 0, &list, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_secret_create(f.client, "a\xff", "1", 1, NULL, 0, NULL, NULL),
		  SWARM_E_INVAL);
	init.default_addr_pool = pool;
	CHECK_INT(swarm_init(f.client, &init, NULL, NULL), SWARM_E_INVAL);
	init = (swarm_init_options)SWARM_INIT_OPTIONS_INIT;
	init.listen_addr = "\xff";
	CHECK_INT(swarm_init(f.client, &init, NULL, NULL), SWARM_E_INVAL);
	json_decref(json);
	teardown(&f);
}

TEST_MAIN(TEST(objects), TEST(not_found), TEST(lists), TEST(specs), TEST(infos),
	  TEST(managers_in_order), TEST(no_tokens), TEST(not_utf8))
