/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes that are answered badly: the state is read afterwards, and decides. Those that were carried out
 * succeed; those that were not are sent again where the answer may pass, or fail with the engine's words.
 */
#include "test_cluster.h"

#define KEY "SWMKEY-1-7XJCgnXwYIcA4WzWqQ7i9VJFzY1QW3tN0r5K8m2LhPs"
#define LEAVE "POST " API "/swarm/leave"
#define UNLOCK "POST " API "/swarm/unlock"
#define LOCKED STATE("locked")
#define SECRET_OF(more) "{\"ID\":\"s1\",\"Spec\":{\"Name\":\"x\",\"Labels\":{\"a\":\"b\"}}" more "}"
#define CONFIG_OF(data)                                                                                   \
	"{\"ID\":\"s1\",\"CreatedAt\":\"2999-01-01T00:00:00.5Z\",\"Spec\":{\"Name\":\"x\",\"Labels\":{}," \
	"\"Data\":\"" data "\"}}"
#define SERVICE(image)                                                                             \
	"{\"ID\":\"s1\",\"Version\":{\"Index\":5},\"Spec\":{\"Name\":\"web\",\"TaskTemplate\":{"   \
	"\"ContainerSpec\":{\"Image\":\"" image "\"}},\"Mode\":{\"Global\":{}}}}"
#define NETWORK                                                                                    \
	"{\"Id\":\"n1\",\"Name\":\"net\",\"Driver\":\"overlay\",\"Created\":\"2999-01-01T00:00:00Z\"}"
#define NODE "{\"ID\":\"n1\",\"Spec\":{\"Role\":\"worker\"},\"Status\":{\"State\":\"down\"}}"
#define GET_NODE "GET " API "/nodes/n1"
#define DELETE_NODE "DELETE " API "/nodes/n1"
#define NOT_FOUND .status = 404, .reply = MESSAGE("not found")
#define BAD .status = 500, .reply = MESSAGE("internal trouble")
#define BUSY .status = 503, .reply = MESSAGE("try later")
#define CUT .fault = FAKE_CLOSE_AT, .at = 0

typedef struct write_case {
	const char *name;
	int (*run)(swarm_client *client, swarm_error *err);
	fake_row rows[8];
	int code;
	const char *text;
} write_case;

static int leave(swarm_client *client, swarm_error *err)
{
	return swarm_leave(client, 0, 0, err);
}

static int unlock(swarm_client *client, swarm_error *err)
{
	return swarm_unlock(client, KEY, 0, err);
}

static int secret(swarm_client *client, swarm_error *err)
{
	json_t *labels = json_pack("{s:s}", "a", "b");
	char *id = NULL;
	int rc = swarm_secret_create(client, "x", "foo", 3, labels, 0, &id, err);

	if (rc == 0)
		CHECK_STR(id, "s1");
	free(id);
	json_decref(labels);
	return rc;
}

static int config(swarm_client *client, swarm_error *err)
{
	return swarm_config_create(client, "x", "foo", 3, NULL, 0, NULL, err);
}

static int create(swarm_client *client, swarm_kind kind, const char *text, const char *id,
		  swarm_error *err)
{
	json_t *spec = json_loads(text, 0, NULL), *created = NULL;
	int rc = swarm_object_create(client, kind, spec, NULL, 0, &created, err);

	if (rc == 0)
		CHECK_STR(json_string_value(json_object_get(created, "ID")), id);
	json_decref(created);
	json_decref(spec);
	return rc;
}

static int service(swarm_client *client, swarm_error *err)
{
	return create(
		client, SWARM_KIND_SERVICE,
		"{\"Name\":\"web\",\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\",\"TTY\":false}},"
		"\"Mode\":{\"Global\":{}},\"Labels\":{}}",
		"s1", err);
}

static int network(swarm_client *client, swarm_error *err)
{
	return create(
		client, SWARM_KIND_NETWORK,
		"{\"Name\":\"net\",\"CheckDuplicate\":true,\"Driver\":\"overlay\",\"Internal\":false}",
		"n1", err);
}

static int remove_secret(swarm_client *client, swarm_error *err)
{
	return swarm_object_remove(client, SWARM_KIND_SECRET, "x", 0, err);
}

static int remove_node(swarm_client *client, swarm_error *err)
{
	return swarm_node_remove(client, "n1", 0, 0, err);
}

static int update(swarm_client *client, swarm_error *err)
{
	json_t *patch = json_pack("{s:{s:{s:s}}}", "TaskTemplate", "ContainerSpec", "Image", "a:2");
	json_t *change = NULL;
	int rc = swarm_object_update(client, SWARM_KIND_SERVICE, "web", patch, NULL, 0, &change,
				     err);

	/* What it was before, although the last look shows the new one already. */
	if (rc == 0)
		CHECK_STR(json_string_value(json_object_get(
				  json_object_get(json_object_get(json_object_get(change, "old"),
								  "TaskTemplate"),
						  "ContainerSpec"),
				  "Image")),
			  "a:1");
	json_decref(change);
	json_decref(patch);
	return rc;
}

#define GET_SECRET "GET " API "/secrets/x"
#define POST_SECRET "POST " API "/secrets/create"
#define POST_CONFIG "POST " API "/configs/create"
#define GET_CONFIG "GET " API "/configs/x"
#define POST_SERVICE "POST " API "/services/create"
#define GET_SERVICE "GET " API "/services/web"
#define DELETE_SECRET "DELETE " API "/secrets/s1"
#define READ_SERVICE "GET " API "/services/s1"
#define UPDATE_SERVICE "POST " API "/services/s1/update?version=5"

static const write_case all[] = {
	/* Carried out. */
	{ "leave, 500",
	  leave,
	  { { INFO, .reply = WORKER },
	    { LEAVE, BAD },
	    { INFO, .reply = INACTIVE, .repeat = true } },
	  0,
	  "" },
	{ "leave, 503",
	  leave,
	  { { INFO, .reply = WORKER },
	    { LEAVE, BUSY },
	    { INFO, .reply = INACTIVE, .repeat = true } },
	  0,
	  "" },
	{ "leave, cut",
	  leave,
	  { { INFO, .reply = WORKER },
	    { LEAVE, CUT },
	    { INFO, .reply = INACTIVE, .repeat = true } },
	  0,
	  "" },
	{ "unlock, 500",
	  unlock,
	  { { INFO, .reply = LOCKED },
	    { UNLOCK, BAD },
	    { INFO, .reply = MANAGER, .repeat = true } },
	  0,
	  "" },
	{ "unlock, 503, soon",
	  unlock,
	  { { INFO, .reply = LOCKED },
	    { UNLOCK, BUSY },
	    { INFO, .reply = PENDING },
	    { INFO, .reply = MANAGER } },
	  0,
	  "" },
	{ "secret, 500",
	  secret,
	  { { POST_SECRET, BAD }, { GET_SECRET, .reply = SECRET_OF("") } },
	  0,
	  "" },
	{ "secret, 503",
	  secret,
	  { { POST_SECRET, BUSY }, { GET_SECRET, .reply = SECRET_OF("") } },
	  0,
	  "" },
	{ "secret, cut",
	  secret,
	  { { POST_SECRET, CUT }, { GET_SECRET, .reply = SECRET_OF("") } },
	  0,
	  "" },
	{ "secret, 200",
	  secret,
	  { { POST_SECRET, .reply = "{}" }, { GET_SECRET, .reply = SECRET_OF("") } },
	  0,
	  "" },
	{ "config, 500",
	  config,
	  { { POST_CONFIG, BAD }, { GET_CONFIG, .reply = CONFIG_OF("Zm9v") } },
	  0,
	  "" },
	{ "service, 500",
	  service,
	  { { POST_SERVICE, BAD }, { GET_SERVICE, .reply = SERVICE("a:1@sha256:0") } },
	  0,
	  "" },
	{ "network, 503",
	  network,
	  { { "POST " API "/networks/create", BUSY },
	    { "GET " API "/networks/net", .reply = NETWORK } },
	  0,
	  "" },
	{ "remove, 500",
	  remove_secret,
	  { { GET_SECRET, .reply = SECRET_OF("") },
	    { DELETE_SECRET, BAD },
	    { "GET " API "/secrets/s1", NOT_FOUND } },
	  0,
	  "" },
	{ "update, 500",
	  update,
	  { { GET_SERVICE, .reply = SERVICE("a:1") },
	    { READ_SERVICE, .reply = SERVICE("a:1") },
	    { UPDATE_SERVICE, BAD },
	    { READ_SERVICE, .reply = SERVICE("a:2") } },
	  0,
	  "" },
	{ "update, cut",
	  update,
	  { { GET_SERVICE, .reply = SERVICE("a:1") },
	    { READ_SERVICE, .reply = SERVICE("a:1") },
	    { UPDATE_SERVICE, CUT },
	    { READ_SERVICE, .reply = SERVICE("a:2") } },
	  0,
	  "" },
	{ "node, 500",
	  remove_node,
	  { { GET_NODE, .reply = NODE }, { DELETE_NODE, BAD }, { GET_NODE, NOT_FOUND } },
	  0,
	  "" },
	/* Sent again. */
	{ "node again",
	  remove_node,
	  { { GET_NODE, .reply = NODE }, { DELETE_NODE, BUSY }, { DELETE_NODE, NOT_FOUND } },
	  0,
	  "" },
	{ "leave again",
	  leave,
	  { { INFO, .reply = WORKER },
	    { LEAVE, BUSY },
	    { INFO, .reply = WORKER },
	    { LEAVE },
	    { INFO, .reply = INACTIVE } },
	  0,
	  "" },
	{ "unlock again",
	  unlock,
	  { { INFO, .reply = LOCKED },
	    { UNLOCK, BUSY },
	    { INFO, .reply = LOCKED },
	    { UNLOCK },
	    { INFO, .reply = MANAGER } },
	  0,
	  "" },
	{ "secret again",
	  secret,
	  { { POST_SECRET, BUSY },
	    { GET_SECRET, NOT_FOUND },
	    { POST_SECRET, .status = 201, .reply = "{\"ID\":\"s1\"}" } },
	  0,
	  "" },
	{ "secret, made between",
	  secret,
	  { { POST_SECRET, BUSY },
	    { GET_SECRET, NOT_FOUND },
	    { POST_SECRET, .status = 409, .reply = MESSAGE("exists") },
	    { GET_SECRET, .reply = SECRET_OF("") } },
	  0,
	  "" },
	{ "remove again",
	  remove_secret,
	  { { GET_SECRET, .reply = SECRET_OF("") },
	    { DELETE_SECRET, BUSY },
	    { "GET " API "/secrets/s1", .reply = SECRET_OF("") },
	    { DELETE_SECRET, .status = 204 } },
	  0,
	  "" },
	{ "remove, gone between",
	  remove_secret,
	  { { GET_SECRET, .reply = SECRET_OF("") },
	    { DELETE_SECRET, BUSY },
	    { "GET " API "/secrets/s1", .reply = SECRET_OF("") },
	    { DELETE_SECRET, NOT_FOUND } },
	  0,
	  "" },
	{ "update again",
	  update,
	  { { GET_SERVICE, .reply = SERVICE("a:1") },
	    { READ_SERVICE, .reply = SERVICE("a:1") },
	    { UPDATE_SERVICE, BUSY },
	    { READ_SERVICE, .reply = SERVICE("a:1") },
	    { UPDATE_SERVICE, .reply = "{}" },
	    { READ_SERVICE, .reply = STORED } },
	  0,
	  "" },
	/* Not carried out, or not by this call. */
	{ "node fails",
	  remove_node,
	  { { GET_NODE, .reply = NODE }, { DELETE_NODE, BAD }, { GET_NODE, .reply = NODE } },
	  SWARM_E_HTTP,
	  "internal trouble" },
	{ "leave fails",
	  leave,
	  { { INFO, .reply = WORKER }, { LEAVE, BAD }, { INFO, .reply = WORKER } },
	  SWARM_E_HTTP,
	  "internal trouble" },
	{ "unlock fails",
	  unlock,
	  { { INFO, .reply = LOCKED }, { UNLOCK, BAD }, { INFO, .reply = LOCKED } },
	  SWARM_E_HTTP,
	  "internal trouble" },
	{ "secret fails",
	  secret,
	  { { POST_SECRET, BAD }, { GET_SECRET, NOT_FOUND } },
	  SWARM_E_HTTP,
	  "internal trouble" },
	{ "secret from before",
	  secret,
	  { { POST_SECRET, BAD },
	    { GET_SECRET, .reply = SECRET_OF(",\"CreatedAt\":\"2020-01-01T00:00:00Z\"") } },
	  SWARM_E_HTTP,
	  "internal trouble" },
	{ "another's secret",
	  secret,
	  { { POST_SECRET, BAD },
	    { GET_SECRET,
	      .reply = "{\"ID\":\"s1\",\"Spec\":{\"Name\":\"x\",\"Labels\":{\"a\":\"c\"}}}" } },
	  SWARM_E_HTTP,
	  "internal trouble" },
	{ "another's config",
	  config,
	  { { POST_CONFIG, BAD }, { GET_CONFIG, .reply = CONFIG_OF("YmFy") } },
	  SWARM_E_HTTP,
	  "internal trouble" },
	{ "another's service",
	  service,
	  { { POST_SERVICE, BAD }, { GET_SERVICE, .reply = SERVICE("b:1") } },
	  SWARM_E_HTTP,
	  "internal trouble" },
	{ "a first conflict",
	  secret,
	  { { POST_SECRET, .status = 409, .reply = MESSAGE("exists") } },
	  SWARM_E_CONFLICT,
	  "exists" },
	{ "remove fails",
	  remove_secret,
	  { { GET_SECRET, .reply = SECRET_OF("") },
	    { DELETE_SECRET, BAD },
	    { "GET " API "/secrets/s1", .reply = SECRET_OF("") } },
	  SWARM_E_HTTP,
	  "internal trouble" },
	{ "update fails",
	  update,
	  { { GET_SERVICE, .reply = SERVICE("a:1") },
	    { READ_SERVICE, .reply = SERVICE("a:1") },
	    { UPDATE_SERVICE, BAD },
	    { READ_SERVICE, .reply = SERVICE("a:1") } },
	  SWARM_E_HTTP,
	  "internal trouble" },
};

static void writes(void)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		fixture f = setup(all[i].rows);

		test_row = all[i].name;
		CHECK_INT(all[i].run(f.client, &f.err), all[i].code);
		CHECK_STR(f.err.text, all[i].text);
		CHECK_INT(f.err.code, all[i].code);
		teardown(&f);
	}
}

/* For one that is busy to the end its own words are reported. */
static void busy_to_the_end(void)
{
	const fake_row rows[] = { { POST_SECRET, BUSY }, { GET_SECRET, NOT_FOUND }, { NULL } };
	fixture f = setup(rows);

	CHECK_INT(swarm_secret_create(f.client, "x", "foo", 3, NULL, 1, NULL, &f.err) == 0, 0);
	swarm_client_free(f.client);
	fake_engine_stop_early(f.engine);
	CHECK(f.err.code == SWARM_E_UNAVAILABLE || f.err.code == SWARM_E_TIMEOUT);
}

TEST_MAIN(TEST(writes), TEST(busy_to_the_end))
