/* SPDX-License-Identifier: Apache-2.0 */
/* The operation table: lookups, and the grammar of each row. */
#include "call/internal.h"
#include "test.h"

static void lookups(void)
{
	CHECK_STR(swarm_op_get(SWARM_OP_NODE_LIST)->name, "node_list");
	CHECK_STR(swarm_op_get(SWARM_OP_NODE_LIST)->path, "/nodes");
	CHECK_STR(swarm_op_get(SWARM_OP_NODE_LIST)->method, "GET");
	CHECK_INT(swarm_op_get(SWARM_OP_NODE_LIST)->result, SWARM_RESULT_JSON);
	CHECK(swarm_op_by_name("swarm_join") == swarm_op_get(SWARM_OP_SWARM_JOIN));
	CHECK(!swarm_op_by_name("nothing"));
	CHECK(!swarm_op_by_name(NULL));
	CHECK(!swarm_op_get(-1));
	CHECK(!swarm_op_get(10000));
}

/* A typing error in a list of fields would otherwise switch off the fields behind it. */
static void check_list(const char *list)
{
	swarm__field field, found;

	while (swarm__field_next(&list, &field)) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)field.length, field.name);
		test_row = name;
		CHECK(field.length > 0 && !strchr(name, ' '));
		CHECK(strchr("sbioafh", field.type));
		CHECK(field.since == 0 ||
		      (field.since > SWARM__API_MIN && field.since <= SWARM__API_MAX));
		CHECK(*list == ' ' || *list == '\0');
		CHECK(swarm__field_find(field.name, name, &found));
	}
	CHECK_STR(list, "");
	test_row = NULL;
}

/* "200", "200 204" */
static void check_status(const char *list)
{
	for (;; list += 4) {
		CHECK(list[0] == '2' && strspn(list, "0123456789") == 3);
		if (list[3] != ' ')
			break;
	}
	CHECK_INT(list[3], 0);
}

static void grammar(void)
{
	for (int op = 0; swarm_op_get(op); op++) {
		const swarm_op_info *row = swarm_op_get(op);

		CHECK_INT(row->op, op);
		CHECK(row == swarm_op_by_name(row->name));
		CHECK(row->path[0] == '/');
		CHECK(row->since >= 12 && row->since <= SWARM__API_MAX);
		CHECK(row->timeout_ms >= 1000);
		CHECK(!*row->body || row->method[0] == 'P');
		check_status(row->status);
		check_list(row->query);
		check_list(row->body);
	}
}

static void fields(void)
{
	const char *list = "version:i! rotateManagerUnlockKey:b@25 Labels:o";
	swarm__field field;

	CHECK(swarm__field_find(list, "version", &field));
	CHECK_INT(field.type, 'i');
	CHECK(field.required && field.since == 0);
	CHECK(swarm__field_find(list, "rotateManagerUnlockKey", &field));
	CHECK(!field.required && field.since == 25);
	CHECK(swarm__field_find(list, "Labels", &field));
	CHECK(!swarm__field_find(list, "Label", &field));
	CHECK(!swarm__field_find(list, "labels", &field));
	CHECK(!swarm__field_find(list, "", &field));
	CHECK(!swarm__field_find("", "x", &field));
}

static void statuses(void)
{
	CHECK(swarm__status_fits(swarm_op_get(SWARM_OP_INFO), 200));
	CHECK(!swarm__status_fits(swarm_op_get(SWARM_OP_INFO), 201));
	CHECK(swarm__status_fits(swarm_op_get(SWARM_OP_SERVICE_CREATE), 201));
	CHECK(!swarm__status_fits(swarm_op_get(SWARM_OP_SERVICE_CREATE), 200));
	CHECK(swarm__status_fits(swarm_op_get(SWARM_OP_AUTH), 200));
	CHECK(swarm__status_fits(swarm_op_get(SWARM_OP_AUTH), 204));
	CHECK(!swarm__status_fits(swarm_op_get(SWARM_OP_AUTH), 0));
	CHECK(!swarm__status_fits(swarm_op_get(SWARM_OP_AUTH), 20));
}

TEST_MAIN(TEST(lookups), TEST(grammar), TEST(fields), TEST(statuses))
