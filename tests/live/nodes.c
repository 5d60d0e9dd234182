/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes, on a manager: lists, labels, roles, drain, removal, lost races of many writers. */
#include "live.h"

#include <pthread.h>

#define WRITERS 20
#define DEADLINE_S 60

/* live nodes WORKER: three managers and this worker are up. */
static size_t count(const char *name, const char *value)
{
	const swarm_pair filters[] = { { name, value }, { NULL, NULL } };
	swarm_node_list *nodes = NULL;
	size_t found = 0;

	if (WORKS(swarm_node_list_filtered(live_client, name ? filters : NULL, 0, &nodes, &err)))
		found = nodes->count;
	swarm_node_list_free(nodes);
	return found;
}

static void list(void)
{
	swarm_node_list *nodes = NULL;
	const swarm_node *worker = NULL;
	swarm_local *local = NULL;
	size_t leaders = 0;
	size_t members = 0;

	if (!WORKS(swarm_node_list_get(live_client, 0, &nodes, &err)) ||
	    !WORKS(swarm_local_get(live_client, 0, &local, &err)))
		goto out;
	CHECK_INT(nodes->count, 4);
	for (size_t i = 0; i < nodes->count; i++) {
		leaders += nodes->nodes[i].leader;
		members += nodes->nodes[i].member;
		CHECK_STR(nodes->nodes[i].state, "ready");
		CHECK_STR(nodes->nodes[i].engine_version, local->engine_version);
	}
	CHECK_INT(leaders, 1);
	CHECK_INT(members, 3);
	if (WORKS(swarm_node_find(nodes, live_arg[0], &worker, &err))) {
		CHECK_STR(worker->role, "worker");
		CHECK_STR(worker->hostname, live_arg[0]);
		CHECK_STR(worker->manager_addr, "");
	}
out:
	swarm_node_list_free(nodes);
	swarm_local_free(local);
}

static void filtered(void)
{
	const swarm_pair bogus[] = { { "colour", "red" }, { NULL, NULL } };
	const swarm_pair role[] = { { "role", "king" }, { NULL, NULL } };
	swarm_node_list *nodes = NULL;

	CHECK_INT(count(NULL, NULL), 4);
	CHECK_INT(count("role", "manager"), 3);
	CHECK_INT(count("role", "worker"), 1);
	CHECK_INT(count("membership", "accepted"), 4);
	CHECK_INT(count("name", live_arg[0]), 1);
	CHECK_INT(count("name", "manager"), 0); /* the engine would take it as the start */
	CHECK_INT(count("id", "zzzz"), 0);
	GIVES(SWARM_E_HTTP, swarm_node_list_filtered(live_client, bogus, 0, &nodes, &err));
	live_note("an unknown filter", err.text);
	GIVES(SWARM_E_HTTP, swarm_node_list_filtered(live_client, role, 0, &nodes, &err));
	live_note("an unknown role", err.text);
}

static void labels(void)
{
	const swarm_pair two[] = { { "zone", "a" }, { "disk", "ssd" }, { NULL, NULL } };
	const swarm_pair less[] = { { "disk", NULL }, { NULL, NULL } };
	const swarm_pair same[] = { { "zone", "a" }, { NULL, NULL } };
	json_auto_t *change = NULL;
	json_auto_t *before = NULL;
	json_auto_t *after = NULL;

	WORKS(swarm_node_label(live_client, live_arg[0], two, 0, NULL, &err));
	WORKS(swarm_node_label(live_client, live_arg[0], less, 0, NULL, &err));
	CHECK_INT(count("node.label", "zone=a"), 1);
	CHECK_INT(count("node.label", "disk"), 0);
	WORKS(swarm_node_inspect(live_client, live_arg[0], 0, &before, &err));
	if (WORKS(swarm_node_label(live_client, live_arg[0], same, 0, &change, &err)))
		CHECK(json_equal(json_object_get(change, "old"), json_object_get(change, "new")));
	/* Nothing was sent: the engine would have raised the version. */
	WORKS(swarm_node_inspect(live_client, live_arg[0], 0, &after, &err));
	CHECK(json_equal(json_object_get(before, "Version"), json_object_get(after, "Version")));
}

static void availability(void)
{
	static const char *const values[] = { "pause", "active" };
	json_auto_t *bogus = json_pack("{s:s}", "Availability", "resting");
	json_auto_t *role = json_pack("{s:s}", "Role", "king");

	for (size_t i = 0; i < 2; i++) {
		json_auto_t *patch = json_pack("{s:s}", "Availability", values[i]);
		json_auto_t *node = NULL;

		WORKS(swarm_node_update(live_client, live_arg[0], patch, 0, NULL, &err));
		if (WORKS(swarm_node_inspect(live_client, live_arg[0], 0, &node, &err))) {
			CHECK_STR(live_text(node, "Spec", "Availability"), values[i]);
			CHECK_STR(live_text(json_object_get(node, "Spec"), "Labels", "zone"), "a");
		}
	}
	GIVES(SWARM_E_INVAL, swarm_node_update(live_client, live_arg[0], bogus, 0, NULL, &err));
	GIVES(SWARM_E_INVAL, swarm_node_update(live_client, live_arg[0], role, 0, NULL, &err));
}

static void roles(void)
{
	json_auto_t *node = NULL;
	json_auto_t *change = NULL;
	json_auto_t *back = NULL;

	WORKS(swarm_node_promote(live_client, live_arg[0], 0, NULL, &err));
	if (WORKS(swarm_node_inspect(live_client, live_arg[0], 0, &node, &err)))
		CHECK_STR(live_text(node, "ManagerStatus", "Reachability"), "reachable");
	if (WORKS(swarm_node_promote(live_client, live_arg[0], 0, &change, &err)))
		CHECK(json_equal(json_object_get(change, "old"), json_object_get(change, "new")));
	WORKS(swarm_node_demote(live_client, live_arg[0], 0, NULL, &err));
	if (WORKS(swarm_node_inspect(live_client, live_arg[0], 0, &back, &err))) {
		CHECK_STR(live_text(back, "Spec", "Role"), "worker");
		CHECK(json_object_get(back, "ManagerStatus") == NULL);
	}
}

static void remove_refused(void)
{
	json_auto_t *node = NULL;
	json_auto_t *ids = NULL;

	GIVES(SWARM_E_HTTP, swarm_node_remove(live_client, live_arg[0], 0, 0, &err));
	live_note("removal of a node that is up", err.text);
	GIVES(SWARM_E_HTTP, swarm_node_remove(live_client, "self", 0, 0, &err));
	live_note("removal of a manager", err.text);
	GIVES(SWARM_E_NOT_FOUND, swarm_node_remove(live_client, "nobody", 0, 0, &err));
	GIVES(SWARM_E_NOT_FOUND, swarm_node_inspect(live_client, "worker", 0, &node, &err));
	GIVES(SWARM_E_NOT_FOUND,
	      swarm_node_inspect(live_client, "0123456789abcdefghijklmno", 0, &node, &err));
	if (WORKS(swarm_node_prune(live_client, 0, &ids, &err)))
		CHECK_INT(json_array_size(ids), 0);
	CHECK_INT(count(NULL, NULL), 4);
}

int live_nodes(void)
{
	static const test_case cases[] = {
		TEST(list),         TEST(filtered), TEST(labels),
		TEST(availability), TEST(roles),    TEST(remove_refused)
	};

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

/* --- live twin WORKER: it left and joined again, so two records have its name ------------------- */

static void ambiguous(void)
{
	json_auto_t *node = NULL;

	CHECK_INT(count("name", live_arg[0]), 2);
	GIVES(SWARM_E_AMBIGUOUS, swarm_node_inspect(live_client, live_arg[0], 0, &node, &err));
	GIVES(SWARM_E_AMBIGUOUS, swarm_node_remove(live_client, live_arg[0], 0, 0, &err));
	CHECK_INT(count("name", live_arg[0]), 2);
}

/* Sleeps until so many nodes of the name are left that are not down. */
static void wait_for_down(const char *name, size_t left)
{
	for (int i = 0; i < DEADLINE_S; i++) {
		swarm_node_list *nodes = NULL;
		size_t up = 0;

		if (!WORKS(swarm_node_list_get(live_client, 0, &nodes, &err)))
			return;
		for (size_t n = 0; n < nodes->count; n++)
			up += strcmp(nodes->nodes[n].hostname, name) == 0 &&
			      strcmp(nodes->nodes[n].state, "down") != 0;
		swarm_node_list_free(nodes);
		if (up == left)
			return;
		sleep(1);
	}
	CHECK(!"the node went down");
}

static void prune(void)
{
	json_auto_t *ids = NULL;
	json_auto_t *node = NULL;

	wait_for_down(live_arg[0], 1);
	if (WORKS(swarm_node_prune(live_client, 0, &ids, &err)))
		CHECK_INT(json_array_size(ids), 1);
	CHECK_INT(count("name", live_arg[0]), 1);
	if (WORKS(swarm_node_inspect(live_client, live_arg[0], 0, &node, &err)))
		CHECK_STR(live_text(node, "Status", "State"), "ready");
}

int live_twin(void)
{
	static const test_case cases[] = { TEST(ambiguous), TEST(prune) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

/* live left NAME: no record of it. */
static void no_record(void)
{
	CHECK_INT(count("name", live_arg[0]), 0);
}

int live_left(void)
{
	static const test_case cases[] = { TEST(no_record) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

/* --- live quorum OTHER STOPPED: of three managers the last has its engine stopped --------------- */

static void demotion_refused(void)
{
	json_auto_t *node = NULL;

	for (int i = 0; i < DEADLINE_S; i++) {
		json_decref(node);
		node = NULL;
		if (!WORKS(swarm_node_inspect(live_client, live_arg[1], 0, &node, &err)))
			return;
		if (strcmp(live_text(node, "ManagerStatus", "Reachability"), "unreachable") == 0)
			break;
		sleep(1);
	}
	CHECK_STR(live_text(node, "ManagerStatus", "Reachability"), "unreachable");
	GIVES(SWARM_E_QUORUM, swarm_node_demote(live_client, live_arg[0], 0, NULL, &err));
	live_note("a demotion that would lose the quorum", err.text);
	GIVES(SWARM_E_QUORUM, swarm_node_remove(live_client, live_arg[0],
						SWARM_REMOVE_FORCE | SWARM_REMOVE_DEMOTE, 0, &err));
	CHECK_INT(count("role", "manager"), 3);
}

static void dead_manager_removed(void)
{
	wait_for_down(live_arg[1], 0);
	GIVES(SWARM_E_HTTP, swarm_node_remove(live_client, live_arg[1], 0, 0, &err));
	WORKS(swarm_node_remove(live_client, live_arg[1], SWARM_REMOVE_DEMOTE, 0, &err));
	CHECK_INT(count("name", live_arg[1]), 0);
	CHECK_INT(count("role", "manager"), 2);
}

int live_quorum(void)
{
	static const test_case cases[] = { TEST(demotion_refused), TEST(dead_manager_removed) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

/* --- live writers: each with a label of its own on one node, and on the cluster ------------------ */

typedef struct writer {
	pthread_t thread;
	char label[16];
	int code[2];
	swarm_error err;
} writer;

static void *write_labels(void *payload)
{
	writer *self = payload;
	const swarm_pair labels[] = { { self->label, "node" }, { NULL, NULL } };
	json_auto_t *patch = json_pack("{s:{s:s}}", "Labels", self->label, "cluster");
	swarm_client *client = NULL;

	self->code[0] = swarm_client_new(NULL, &client, &self->err);
	if (self->code[0] == 0)
		self->code[0] = swarm_node_label(client, "self", labels, 0, NULL, &self->err);
	if (self->code[0] == 0)
		self->code[1] = swarm_cluster_update(client, patch, 0, 0, NULL, &self->err);
	swarm_client_free(client);
	return NULL;
}

static void all_labels(void)
{
	static writer writers[WRITERS];
	json_auto_t *cluster = NULL;
	json_auto_t *node = NULL;

	for (int i = 0; i < WRITERS; i++) {
		snprintf(writers[i].label, sizeof(writers[i].label), "writer-%d", i);
		CHECK_INT(pthread_create(&writers[i].thread, NULL, write_labels, &writers[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i].thread, NULL);
	cluster = live_cluster();
	WORKS(swarm_node_inspect(live_client, "self", 0, &node, &err));
	for (int i = 0; i < WRITERS; i++) {
		test_row = writers[i].label;
		err = writers[i].err;
		live_check(writers[i].code[0], 0, __FILE__, __LINE__, "label of the node");
		live_check(writers[i].code[1], 0, __FILE__, __LINE__, "label of the cluster");
		CHECK_STR(live_text(json_object_get(node, "Spec"), "Labels", test_row), "node");
		CHECK_STR(live_text(json_object_get(cluster, "Spec"), "Labels", test_row),
			  "cluster");
	}
	test_row = NULL;
	CHECK_STR(live_text(json_object_get(cluster, "Spec"), "Labels", "made"), "live");
}

int live_writers(void)
{
	static const test_case cases[] = { TEST(all_labels) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}
