/* SPDX-License-Identifier: Apache-2.0 */
/* The API versions of deep fields: each row is found at its place, and nowhere else. */
#include "call/internal.h"
#include "test.h"

typedef struct dated {
	const char *kind, *path;
	int since;
} dated;

static const dated rows[] = {
#define FIELD_VERSION(kind, path, since) { #kind, path, since },
#include "call/field_versions.def"
#undef FIELD_VERSION
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* The smallest tree that has something at the path; value is at its end. */
static json_t *tree(const char *path, json_t *value)
{
	size_t length = strcspn(path, ".[=");

	if (*path == '\0')
		return value;
	if (*path == '=') {
		json_decref(value);
		return json_string(path + 1);
	}
	if (*path == '.')
		return tree(path + 1, value);
	if (*path == '[')
		return json_pack("[{}, o]", tree(path + 2, value));
	return json_pack("{s#: o}", path, (int)length, tree(path + length, value));
}

static swarm__requirement need_of(swarm_op op, json_t *body, bool any_field)
{
	swarm__requirement need = { .any_field = any_field };

	swarm__require_field_versions(op, body, &need);
	json_decref(body);
	return need;
}

static bool is_cluster(const dated *row)
{
	return strcmp(row->kind, "CLUSTER") == 0;
}

static void every_row(void)
{
	for (size_t i = 0; i < ROWS; i++) {
		swarm_op update = is_cluster(&rows[i]) ? SWARM_OP_SWARM_UPDATE
						       : SWARM_OP_SERVICE_UPDATE;
		swarm__requirement need = need_of(update, tree(rows[i].path, json_true()), false);

		test_row = rows[i].path;
		CHECK(rows[i].since > SWARM__API_MIN && rows[i].since <= SWARM__API_MAX);
		CHECK_INT(need.since, rows[i].since);
		CHECK_STR(need.what, rows[i].path);
	}
}

/* The same below Spec, and in a new service. */
static void other_places(void)
{
	for (size_t i = 0; i < ROWS; i++) {
		json_t *body = tree(rows[i].path, json_true());
		bool cluster = is_cluster(&rows[i]);
		swarm__requirement need;

		test_row = rows[i].path;
		if (cluster)
			body = json_pack("{s:o}", "Spec", body);
		need = need_of(cluster ? SWARM_OP_SWARM_INIT : SWARM_OP_SERVICE_CREATE, body,
			       false);
		CHECK_INT(need.since, rows[i].since);
		CHECK_PART(need.what, rows[i].path);
		CHECK(strncmp(need.what, "Spec.", 5) == 0 || !cluster);
	}
}

/* Two rows for one path would hide one of them. */
static void no_row_twice(void)
{
	for (size_t i = 0; i < ROWS; i++)
		for (size_t n = i + 1; n < ROWS; n++)
			CHECK(strcmp(rows[i].path, rows[n].path) != 0);
}

static void bodies(void)
{
#define CONTAINER(text) "{\"TaskTemplate\":{\"ContainerSpec\":{" text "}}}"
	static const struct {
		const char *body;
		bool as_read;
		int since;
	} table[] = {
		{ "{}", false, 0 },
		{ "[]", false, 0 },
		{ "{\"TaskTemplate\":7,\"Mode\":[],\"EndpointSpec\":{\"Ports\":{}}}", false, 0 },
		{ CONTAINER("\"Sysctls\":null"), false, 0 },
		/* What was set counts, also where it says no. */
		{ CONTAINER("\"Init\":false"), false, 37 },
		{ CONTAINER("\"Sysctls\":{}"), false, 40 },
		{ CONTAINER("\"Ulimits\":[]"), false, 41 },
		{ CONTAINER("\"OomScoreAdj\":0"), false, 46 },
		/* What an engine wrote for nothing may go back to it. */
		{ CONTAINER("\"Init\":false,\"Ulimits\":[],\"OomScoreAdj\":0,\"Hostname\":\"\""),
		  true, 0 },
		{ "{\"UpdateConfig\":{\"MaxFailureRatio\":0.0}}", true, 0 },
		{ CONTAINER("\"Sysctls\":{}"), true, 40 },
		{ CONTAINER("\"OomScoreAdj\":-5"), true, 46 },
		{ "{\"Mode\":{\"GlobalJob\":{}}}", true, 41 },
		/* Go takes the name in any case. */
		{ CONTAINER("\"sysctls\":{\"a\":\"b\"}"), false, 40 },
		{ "{\"tasktemplate\":{\"CONTAINERSPEC\":{\"Sysctls\":{}}}}", false, 40 },
		{ CONTAINER("\"Sysctl\":{}"), false, 0 },
		/* The highest of several, and each element of a list. */
		{ CONTAINER("\"Sysctls\":{},\"Ulimits\":[1],\"Hostname\":\"h\""), false, 41 },
		{ CONTAINER("\"Mounts\":[{},{\"Type\":\"bind\"},{\"ImageOptions\":{}}]"), false,
		  48 },
		{ CONTAINER("\"Mounts\":[{\"Type\":\"volume\"}]"), false, 0 },
		{ CONTAINER("\"Mounts\":[{\"Type\":\"Image\"}]"), false, 48 },
		{ "{\"EndpointSpec\":{\"Ports\":[{\"Protocol\":\"tcp\"},{\"Protocol\":\"sctp\"}]}}",
		  false, 37 },
		{ "{\"UpdateConfig\":{\"FailureAction\":\"pause\"}}", false, 0 },
		{ "{\"UpdateConfig\":{\"FailureAction\":\"rollback\"}}", false, 28 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		json_t *body = json_loads(table[i].body, 0, NULL);

		test_row = table[i].body;
		CHECK_INT(need_of(SWARM_OP_SERVICE_CREATE, body, table[i].as_read).since,
			  table[i].since);
	}
}

static void only_where_it_belongs(void)
{
	json_t *body = json_pack("{s:{s:b}}", "TaskTemplate", "ForceUpdate", 1);

	CHECK_INT(need_of(SWARM_OP_NODE_UPDATE, json_incref(body), false).since, 0);
	CHECK_INT(need_of(SWARM_OP_SERVICE_INSPECT, NULL, false).since, 0);
	CHECK_INT(need_of(SWARM_OP_SWARM_INIT, json_pack("{s:n}", "Spec"), false).since, 0);
	/* At the top of an init it is not a field of the cluster's spec. */
	CHECK_INT(
		need_of(SWARM_OP_SWARM_INIT, json_pack("{s:{}}", "EncryptionConfig"), false).since,
		0);
	json_decref(body);
}

TEST_MAIN(TEST(every_row), TEST(other_places), TEST(no_row_twice), TEST(bodies),
	  TEST(only_where_it_belongs))
