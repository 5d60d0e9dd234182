/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Different clients in different threads, from the first call in the process on, and what any thread
 * may read. Under the thread sanitizer this is where the rules of docs/threads.md are held.
 */
#include "test_cluster.h"

#include <pthread.h>

enum { THREADS = 8, ROUNDS = 20 };

#define NODES "GET " API "/nodes"
#define NODE                                                                                       \
	"{\"ID\":\"n1\",\"Version\":{\"Index\":7},\"Spec\":{\"Role\":\"worker\",\"Availability\":" \
	"\"active\",\"Labels\":{\"zone\":\"a\"}},\"Description\":{\"Hostname\":\"host1\"}}"

typedef struct worker {
	pthread_t thread;
	pthread_barrier_t *start;
	const char *url;
	swarm_node_list *shared;
	int good;
} worker;

/* Starts them all, hands each the same moment, and waits for them. */
static void run_all(worker *workers, void *(*work)(void *))
{
	pthread_barrier_t start;

	pthread_barrier_init(&start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		workers[i].start = &start;
		CHECK_INT(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_barrier_destroy(&start);
}

static int one_round(swarm_client *client, swarm_error *err)
{
	swarm_node_list *nodes = NULL;
	swarm_local *local = NULL;
	int good = swarm_local_get(client, 0, &local, err) == 0 &&
		   local->state == SWARM_LOCAL_INACTIVE &&
		   swarm_node_list_get(client, 0, &nodes, err) == 0 && nodes->count == 1;

	swarm_local_free(local);
	swarm_node_list_free(nodes);
	return good;
}

static void *call_alone(void *payload)
{
	worker *w = payload;
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_error err = SWARM_ERROR_INIT;
	swarm_client *client = NULL;

	options.url = w->url;
	options.api_version = "1.45";
	pthread_barrier_wait(w->start);
	if (swarm_client_new(&options, &client, &err))
		return NULL;
	for (int i = 0; i < ROUNDS; i++)
		w->good += one_round(client, &err);
	swarm_client_free(client);
	return NULL;
}

/* The first test, so that libcurl's start is in it. */
static void clients_of_their_own(void)
{
	fake_row rows[2 * ROUNDS + 1] = { { NULL } };
	worker workers[THREADS] = { { 0 } };
	fake_engine *engines[THREADS];

	for (int i = 0; i < ROUNDS; i++) {
		rows[2 * i] = (fake_row){ INFO, .reply = INACTIVE };
		rows[2 * i + 1] = (fake_row){ NODES, .reply = "[" NODE "]" };
	}
	for (int i = 0; i < THREADS; i++) {
		engines[i] = fake_engine_start(rows);
		workers[i].url = fake_engine_url(engines[i]);
	}
	run_all(workers, call_alone);
	for (int i = 0; i < THREADS; i++) {
		CHECK_INT(workers[i].good, ROUNDS);
		CHECK_INT(fake_engine_stop(engines[i]), 0);
	}
}

static void *read_list(void *payload)
{
	worker *w = payload;
	const swarm_node *node;

	pthread_barrier_wait(w->start);
	for (int i = 0; i < ROUNDS; i++)
		w->good += swarm_node_find(w->shared, "host1", &node, NULL) == 0 &&
			   strcmp(swarm_label_get(node->labels, "zone"), "a") == 0;
	return NULL;
}

static void one_list_for_all(void)
{
	json_t *json = json_loads("[" NODE "]", 0, NULL);
	worker workers[THREADS] = { { 0 } };
	swarm_node_list *list = NULL;

	CHECK_INT(swarm_node_view(json, &list, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		workers[i].shared = list;
	run_all(workers, read_list);
	for (int i = 0; i < THREADS; i++)
		CHECK_INT(workers[i].good, ROUNDS);
	swarm_node_list_free(list);
	json_decref(json);
}

static void *need_no_client(void *payload)
{
	worker *w = payload;

	pthread_barrier_wait(w->start);
	for (int i = 0; i < ROUNDS; i++) {
		char text[] = "token " TOKEN;
		swarm_token_info info;
		swarm_error err = SWARM_ERROR_INIT;

		swarm_redact(text);
		w->good += !strstr(text, TOKEN) && swarm_token_parse(TOKEN, &info, &err) == 0 &&
			   strcmp(info.digest, DIGEST) == 0 && swarm_op_by_name("node_list") &&
			   swarm_error_name(SWARM_E_TIMEOUT) &&
			   swarm_token_parse("x", &info, &err) == SWARM_E_TOKEN;
	}
	return NULL;
}

static void functions_without_client(void)
{
	worker workers[THREADS] = { { 0 } };

	run_all(workers, need_no_client);
	for (int i = 0; i < THREADS; i++)
		CHECK_INT(workers[i].good, ROUNDS);
}

TEST_MAIN(TEST(clients_of_their_own), TEST(one_list_for_all), TEST(functions_without_client))
