/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs out at each allocation in turn: networks and the credentials of a registry. */
#include "oom_table.h"

#define NETWORK(id, more)                                                                          \
	"{\"Name\":\"b\",\"Id\":\"" id "\",\"Scope\":\"swarm\",\"Driver\":\"overlay\"" more "}"
#define POOLS ",\"IPAM\":{\"Config\":[{\"Subnet\":\"10.0.1.0/24\",\"Gateway\":\"10.0.1.1\"}]}"
#define LIST "GET " API "/networks"
#define DETACHED "GET " API "/services?filters=%7B%22label%22%3A%5B%22libswarm.detached.b%22%5D%7D"
#define SERVICE(index, labels, networks)                                                           \
	"{\"ID\":\"s1\",\"Version\":{\"Index\":" index                                             \
	"},\"Spec\":{\"Name\":\"web\",\"Labels\":{" labels                                         \
	"},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"r:5000/a:1\"},\"Networks\":[" networks \
	"]},\"Mode\":{\"Replicated\":{}}}}"
#define KEPT "\"libswarm.detached.b\":\"{\\\"networks\\\":[{\\\"index\\\":0}]}\""

/* Made while there is memory: a parser of jansson's without any is not of this library. */
static json_t *declared, *nothing, *credentials;

static void make_arguments(void)
{
	declared = json_loads(
		"{\"attachable\":true,\"labels\":{\"a\":\"1\"},\"ipam\":{\"config\":[{"
		"\"subnet\":\"10.0.1.0/24\",\"gateway\":\"10.0.1.7\"}]}}",
		0, NULL);
	nothing = json_object();
	credentials = json_pack("{s:s, s:s}", "username", "u", "password", "p");
}

static void free_arguments(void)
{
	json_decref(declared);
	json_decref(nothing);
	json_decref(credentials);
}

static int run_network(swarm_client *client, const json_t *network, unsigned flags,
		       swarm_error *err)
{
	swarm_network_options options = SWARM_NETWORK_OPTIONS_INIT;
	json_t *result = NULL;
	int rc;

	options.flags = flags;
	rc = swarm_network_apply(client, "b", network, &options, &result, err);
	CHECK((result == NULL) == (rc != 0));
	json_decref(result);
	return rc;
}

static int run_create(swarm_client *client, swarm_error *err)
{
	return run_network(client, declared, 0, err);
}

/* Only up to the first write: what follows is undone, and that has its own test. */
static int run_plan(swarm_client *client, swarm_error *err)
{
	return run_network(client, declared, SWARM_NETWORK_REPLACE | SWARM_NETWORK_DRY_RUN, err);
}

static int run_restore(swarm_client *client, swarm_error *err)
{
	return run_network(client, nothing, 0, err);
}

static int run_remove(swarm_client *client, swarm_error *err)
{
	return swarm_network_remove(client, "b", NULL, NULL, err);
}

static int run_usage(swarm_client *client, swarm_error *err)
{
	json_t *rows = NULL;
	int rc = swarm_network_usage(client, 0, &rows, err);

	CHECK((rows == NULL) == (rc != 0));
	json_decref(rows);
	return rc;
}

static int run_login(swarm_client *client, swarm_error *err)
{
	json_t *result = NULL;
	int rc = swarm_registry_login(client, "r:5000", credentials, "1", 0, 0, &result, err);

	CHECK((result == NULL) == (rc != 0));
	json_decref(result);
	return rc;
}

static const fake_row new_rows[] = {
	{ LIST, .reply = "[]" },
	{ DETACHED, .reply = "[]" },
	{ "POST " API "/networks/create", .status = 201, .reply = "{\"Id\":\"n2\"}" },
	{ "GET " API "/networks/n2", .reply = NETWORK("n2", "") },
	{ NULL },
};

static const fake_row plan_rows[] = {
	{ LIST, .reply = "[" NETWORK("n1", POOLS) "]" },
	{ DETACHED, .reply = "[]" },
	{ "GET " API "/services", .reply = "[" SERVICE("5", "", "{\"Target\":\"n1\"}") "]" },
	{ NULL },
};

static const fake_row restore_rows[] = {
	{ LIST, .reply = "[" NETWORK("n1", POOLS) "]" },
	{ DETACHED, .reply = "[" SERVICE("5", KEPT, "") "]" },
	{ "GET " API "/services/s1", .reply = SERVICE("5", KEPT, "") },
	{ "POST " API "/services/s1/update?version=5", .reply = "{}" },
	{ NULL },
};

static const fake_row remove_rows[] = {
	{ LIST, .reply = "[" NETWORK("n1", POOLS) "]" },
	{ "GET " API "/services", .reply = "[]" },
	{ "DELETE " API "/networks/n1", .status = 204 },
	{ NULL },
};

static const fake_row usage_rows[] = {
	{ LIST, .reply = "[" NETWORK("n1", POOLS) "]" },
	{ "GET " API "/services", .reply = "[]" },
	{ "GET " API "/tasks",
	  .reply =
		  "[{\"ID\":\"t1\",\"NodeID\":\"w1\",\"NetworksAttachments\":[{\"Network\":{\"ID\":"
		  "\"n1\"},\"Addresses\":[\"10.0.1.3/24\"]}]}]" },
	{ NULL },
};

static const fake_row login_rows[] = {
	{ "GET " API "/services", .reply = "[" SERVICE("5", "", "") "]" },
	{ "GET " API "/distribution/r%3A5000/a%3A1/json",
	  .reply = "{\"Descriptor\":{\"digest\":\"sha256:"
		   "b79000000000000000000000000000000000000000000000000000000000000f\"}}" },
	{ "GET " API "/services/s1", .reply = SERVICE("5", "", ""), .repeat = true },
	{ "POST " API "/services/s1/update?version=5", .reply = "{}" },
	{ "GET " API "/services/s1", .reply = STORED },
	{ NULL },
};

static const oom_case table[] = {
	{ "create", new_rows, run_create },       { "plan", plan_rows, run_plan },
	{ "restore", restore_rows, run_restore }, { "remove", remove_rows, run_remove },
	{ "usage", usage_rows, run_usage },       { "login", login_rows, run_login },
};

enum { CASES = sizeof(table) / sizeof(table[0]) };

static void own_allocations(void)
{
	make_arguments();
	oom_run_table(table, CASES, oom_start);
	free_arguments();
}

static void jansson_too(void)
{
	make_arguments();
	oom_run_table(table, CASES, oom_start_with_jansson);
	free_arguments();
}

TEST_MAIN(TEST(own_allocations), TEST(jansson_too))
