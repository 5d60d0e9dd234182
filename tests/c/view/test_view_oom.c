/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs out at each allocation of a list in turn: an ordinary error, and nothing is lost. */
#include "oom.h"
#include "test.h"
#include "view/internal.h"

/* So many that the rows have to grow, with names and labels of every sort. */
#define NODE                                                                                       \
	"{\"\\u0049D\":\"n\",\"Description\":{\"Hostname\":\"" LONG "\"},\"Spec\":{\"Labels\":"    \
	"{\"b\":\"1\",\"a\":\"2\"}}},"
#define LONG "a-long-name-so-that-the-first-block-of-the-arena-does-not-hold-all-of-these-strings"
#define NODES_5 NODE NODE NODE NODE NODE

static const char text[] = "[" NODES_5 NODES_5 NODES_5 NODES_5 "{\"ID\":\"last\"}]";

static int from_bytes(const json_t *json, swarm_node_list **ret_list, swarm_error *err)
{
	(void)json;
	return swarm__node_rows(text, sizeof(text) - 1, NULL, ret_list, err);
}

static void run(int (*make)(const json_t *json, swarm_node_list **ret_list, swarm_error *err))
{
	json_t *json = json_loads(text, 0, NULL);

	for (long n = 0; n < 1000; n++) {
		swarm_error err = SWARM_ERROR_INIT;
		swarm_node_list *list = NULL;
		bool failed;
		int rc;

		oom_start(n);
		rc = make(json, &list, &err);
		failed = oom_stop();
		CHECK_INT(rc, failed ? SWARM_E_NOMEM : 0);
		CHECK_INT(err.code, rc);
		CHECK((list == NULL) == (rc != 0));
		if (list)
			CHECK_STR(list->nodes[20].id, "last");
		swarm_node_list_free(list);
		if (!failed) {
			CHECK(n > 4);
			break;
		}
	}
	json_decref(json);
}

static void bytes(void)
{
	run(from_bytes);
}

static void tree(void)
{
	run(swarm_node_view);
}

TEST_MAIN(TEST(bytes), TEST(tree))
