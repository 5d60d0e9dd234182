/* SPDX-License-Identifier: Apache-2.0 */
/* Specs that mean the same: what the engine leaves out, and what it does not. */
#include "common/internal.h"
#include "test.h"
#include "test_cluster.h"

/* Each pair both ways round. */
static void pairs(void)
{
	static const struct {
		const char *a;
		const char *b;
		bool same;
	} table[] = {
		{ "{}", "{\"TTY\":false}", true },
		{ "{\"TTY\":true}", "{\"TTY\":false}", false },
		{ "{\"TTY\":true}", "{}", false },
		{ "{}", "{\"Name\":\"\",\"Isolation\":\"\",\"ForceUpdate\":0,\"Env\":[]}", true },
		{ "{}", "{\"MaxFailureRatio\":0.0}", true },
		{ "{\"MaxFailureRatio\":1}", "{\"MaxFailureRatio\":1.0}", true },
		{ "{\"MaxFailureRatio\":1}", "{\"MaxFailureRatio\":0.5}", false },
		{ "{}", "{\"MaxFailureRatio\":0.5}", false },
		{ "{\"Name\":null}", "{}", true },
		{ "{\"a\":{\"b\":{\"TTY\":false,\"c\":1}}}", "{\"a\":{\"b\":{\"c\":1}}}", true },
		{ "{\"a\":{\"b\":{\"TTY\":false,\"c\":1}}}", "{\"a\":{\"b\":{\"c\":2}}}", false },
		{ "{\"UpdateConfig\":{\"Delay\":0,\"Monitor\":0}}", "{\"UpdateConfig\":{}}", true },
		/* In lists, where their order counts. */
		{ "{\"Mounts\":[{\"Target\":\"/a\",\"ReadOnly\":false}]}",
		  "{\"Mounts\":[{\"Target\":\"/a\"}]}", true },
		{ "{\"Mounts\":[{\"Target\":\"/a\"}]}", "{\"Mounts\":[]}", false },
		{ "{\"Args\":[\"a\",\"b\"]}", "{\"Args\":[\"b\",\"a\"]}", false },
		{ "{\"Args\":[\"\"]}", "{\"Args\":[]}", false },
		/* Maps: an empty value is a value. */
		{ "{\"Labels\":{}}", "{\"Labels\":null}", true },
		{ "{\"Labels\":{}}", "{}", true },
		{ "{\"Labels\":{\"a\":\"\"}}", "{}", false },
		{ "{\"Labels\":{\"a\":\"\"}}", "{\"Labels\":{\"b\":\"\"}}", false },
		{ "{\"Sysctls\":{}}", "{}", true },
		/* Pointers: nothing is another thing than zero, and comes back. */
		{ "{\"Replicated\":{\"Replicas\":0}}", "{\"Replicated\":{}}", false },
		{ "{\"Init\":false}", "{}", false },
		{ "{\"StopGracePeriod\":0}", "{}", false },
		{ "{\"RestartPolicy\":{\"Delay\":0}}", "{\"RestartPolicy\":{}}", false },
		{ "{\"RestartPolicy\":{\"MaxAttempts\":0}}", "{\"RestartPolicy\":{}}", false },
		{ "{\"TaskHistoryRetentionLimit\":0}", "{}", false },
		{ "{\"Mode\":{\"Global\":{},\"Replicated\":{\"Replicas\":1}}}",
		  "{\"Mode\":{\"Replicated\":{\"Replicas\":1}}}", false },
		{ "{\"UpdateConfig\":{}}", "{}", false },
		{ "{\"Configs\":[{\"Runtime\":{}}]}", "{\"Configs\":[{}]}", false },
		/* The cluster's own structs are none. */
		{ "{\"EncryptionConfig\":{\"AutoLockManagers\":false}}", "{}", true },
		{ "{\"EncryptionConfig\":{\"AutoLockManagers\":true}}", "{}", false },
		{ "{\"CAConfig\":{}}", "{}", true },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		json_t *a = json_loads(table[i].a, 0, NULL);
		json_t *b = json_loads(table[i].b, 0, NULL);

		test_row = table[i].a;
		CHECK(a && b);
		CHECK(swarm__spec_equal(a, b) == table[i].same);
		CHECK(swarm__spec_equal(b, a) == table[i].same);
		CHECK(swarm__spec_equal(a, a) && swarm__spec_equal(b, b));
		json_decref(a);
		json_decref(b);
	}
}

#define WEB(container)                                                                              \
	"{\"ID\":\"s1\",\"Version\":{\"Index\":5},\"Spec\":{\"Name\":\"web\",\"Mode\":{\"Global\":" \
	"{}},\"TaskTemplate\":{\"ContainerSpec\":{" container "}}}}"

/* The patch that once made three writes and three restarts of "no change". */
static void no_write(void)
{
	const fake_row rows[] = {
		{ "GET " API "/services/web", .reply = WEB("\"Image\":\"nginx\"") },
		{ "GET " API "/services/s1", .reply = WEB("\"Image\":\"nginx\"") },
		{ NULL },
	};
	const fake_row written[] = {
		{ "GET " API "/services/web", .reply = WEB("\"TTY\":true") },
		{ "GET " API "/services/s1", .reply = WEB("\"TTY\":true") },
		{ "POST " API "/services/s1/update?version=5", .body = "\"TTY\":false",
		  .reply = "{}" },
		{ "GET " API "/services/s1", .reply = STORED },
		{ NULL },
	};
	json_t *patch = json_pack("{s:{s:{s:b, s:[]}}}", "TaskTemplate", "ContainerSpec", "TTY", 0,
				  "Env");
	json_t *change = NULL;
	fixture f = setup(rows);

	CHECK_INT(swarm_object_update(f.client, SWARM_KIND_SERVICE, "web", patch, NULL, 0, &change,
				      &f.err),
		  0);
	CHECK(change && json_equal(json_object_get(change, "old"), json_object_get(change, "new")));
	json_decref(change);
	teardown(&f);
	f = setup(written);
	CHECK_INT(swarm_object_update(f.client, SWARM_KIND_SERVICE, "web", patch, NULL, 0, NULL,
				      &f.err),
		  0);
	teardown(&f);
	json_decref(patch);
}

TEST_MAIN(TEST(pairs), TEST(no_write))
