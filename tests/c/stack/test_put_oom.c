/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs out at each allocation in turn: secrets and configs by their logical name. */
#include "oom_table.h"

#define LIST(kind) "GET " API "/" kind "?filters=%7B%22label%22%3A%5B%22libswarm.name%3Ddb%22%5D%7D"
#define OBJECT(id, name, number)                                                                   \
	"{\"ID\":\"" id "\",\"Version\":{\"Index\":3},\"Spec\":{\"Name\":\"" name                  \
	"\",\"Labels\":{\"libswarm.name\":\"db\",\"libswarm.version\":\"" number                   \
	"\"},\"Data\":\"b25l\"}}"
#define OLD                                                                                        \
	"{\"ID\":\"x1\",\"Version\":{\"Index\":3},\"Spec\":{\"Name\":\"db-1\",\"Labels\":{"        \
	"\"libswarm.name\":\"db\",\"libswarm.version\":\"1\"},\"Data\":\"dHdv\"}}"
#define SPEC(id)                                                                                   \
	"{\"Name\":\"web\",\"TaskTemplate\":{\"ContainerSpec\":{\"Configs\":[{\"ConfigID\":\"" id  \
	"\",\"ConfigName\":\"db\"}]}},\"Mode\":{\"Replicated\":{\"Replicas\":0}}}"
#define SERVICE(id, more) "{\"ID\":\"s1\",\"Version\":{\"Index\":5},\"Spec\":" SPEC(id) more "}"
#define COMPLETED ",\"UpdateStatus\":{\"State\":\"completed\"}"
#define PAUSED ",\"PreviousSpec\":" SPEC("x1") ",\"UpdateStatus\":{\"State\":\"paused\"}"
#define GET "GET " API "/services/s1"
#define TASKS                                                                                      \
	"GET " API "/tasks?filters=%7B%22service%22%3A%5B%22s1%22%5D%2C%22_up-to-date%22%3A%5B%22" \
	"true%22%5D%7D"
#define LOOK(service)                                                                              \
	{ GET, .reply = service }, { TASKS, .reply = "[]" },                                       \
	{                                                                                          \
		"GET " API "/nodes", .reply = "[{\"ID\":\"n1\"}]"                                  \
	}

static int put(swarm_client *client, bool has_label, swarm_error *err)
{
	json_t *labels = has_label ? json_pack("{s:s}", "owner", "web") : NULL, *result = NULL;
	swarm_versioned what = SWARM_VERSIONED_INIT;
	int rc;

	if (has_label && !labels)
		return swarm__nomem(err);
	what.name = "db";
	what.data = "one";
	what.data_size = 3;
	what.key = "key";
	what.key_size = 3;
	what.keep = 0;
	what.labels = labels;
	rc = swarm_versioned_put(client, SWARM_KIND_CONFIG, &what, &result, err);
	CHECK((result == NULL) == (rc != 0));
	json_decref(result);
	json_decref(labels);
	return rc;
}

static int run_put(swarm_client *client, swarm_error *err)
{
	return put(client, false, err);
}

static int run_labels(swarm_client *client, swarm_error *err)
{
	return put(client, true, err);
}

static int run_remove(swarm_client *client, swarm_error *err)
{
	json_t *result = NULL;
	int rc = swarm_versioned_remove(client, SWARM_KIND_CONFIG, "db", 0, 0, &result, err);

	CHECK((result == NULL) == (rc != 0));
	json_decref(result);
	return rc;
}

static int run_users(swarm_client *client, swarm_error *err)
{
	json_t *users = NULL;
	int rc = swarm_versioned_users(client, SWARM_KIND_CONFIG, "db", 0, &users, err);

	CHECK((users == NULL) == (rc != 0));
	json_decref(users);
	return rc;
}

static const fake_row rotate_rows[] = {
	{ LIST("configs"), .reply = "[" OLD "]" },
	{ "POST " API "/configs/create", .status = 201, .reply = "{\"ID\":\"x2\"}" },
	{ LIST("configs"), .reply = "[" OLD "," OBJECT("x2", "db-2", "2") "]" },
	{ "GET " API "/services", .reply = "[" SERVICE("x1", "") "]" },
	{ GET, .reply = SERVICE("x1", "") },
	{ "POST " API "/services/s1/update?version=5", .reply = "{}" },
	LOOK(SERVICE("x2", COMPLETED)),
	{ "GET " API "/services", .reply = "[" SERVICE("x2", "") "]" },
	{ "GET " API "/configs/x1", .reply = OLD },
	{ .expect = "DELETE " API "/configs/x1", .status = 204 },
	{ NULL },
};
static const fake_row refused_rows[] = {
	{ LIST("configs"), .reply = "[" OLD "," OBJECT("x2", "db-2", "2") "]" },
	{ "GET " API "/services", .reply = "[" SERVICE("x1", "") "]" },
	{ GET, .reply = SERVICE("x1", "") },
	{ "POST " API "/services/s1/update?version=5", .reply = "{}" },
	LOOK(SERVICE("x2", PAUSED)),
	{ GET, .reply = SERVICE("x2", PAUSED) },
	{ GET, .reply = SERVICE("x2", PAUSED) },
	{ "POST " API "/services/s1/update?version=5&rollback=previous", .reply = "{}" },
	{ GET, .reply = STORED },
	LOOK(SERVICE("x1", COMPLETED)),
	{ GET, .reply = SERVICE("x1", "") },
	{ "GET " API "/configs/x2", .reply = OBJECT("x2", "db-2", "2") },
	{ "GET " API "/configs/x2", .reply = OBJECT("x2", "db-2", "2") },
	{ "POST " API "/configs/x2/update?version=3", .reply = "" },
	{ "GET " API "/configs/x2", .reply = STORED },
	{ NULL },
};
static const fake_row labels_rows[] = {
	{ LIST("configs"), .reply = "[" OBJECT("x2", "db-2", "2") "]" },
	{ "GET " API "/configs/x2", .reply = OBJECT("x2", "db-2", "2") },
	{ "GET " API "/configs/x2", .reply = OBJECT("x2", "db-2", "2") },
	{ "POST " API "/configs/x2/update?version=3", .reply = "" },
	{ "GET " API "/configs/x2", .reply = STORED },
	{ NULL },
};
static const fake_row remove_rows[] = {
	{ LIST("configs"), .reply = "[" OLD "]" },
	{ "GET " API "/configs/db", .status = 404, .reply = MESSAGE("none") },
	{ "GET " API "/services", .reply = "[{\"ID\":\"s2\",\"PreviousSpec\":" SPEC("x1") "}]" },
	{ "GET " API "/configs/x1", .reply = OLD },
	{ .expect = "DELETE " API "/configs/x1", .status = 204 },
	{ NULL },
};
static const fake_row users_rows[] = {
	{ LIST("configs"), .reply = "[" OLD "]" },
	{ "GET " API "/configs/db", .status = 404, .reply = MESSAGE("none") },
	{ "GET " API "/services", .reply = "[" SERVICE("x1", "") "]" },
	{ NULL },
};

static const oom_case table[] = {
	{ "rotate", rotate_rows, run_put },    { "refused", refused_rows, run_put },
	{ "labels", labels_rows, run_labels }, { "remove", remove_rows, run_remove },
	{ "users", users_rows, run_users },
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

TEST_MAIN(TEST(own_allocations), TEST(jansson_too))
