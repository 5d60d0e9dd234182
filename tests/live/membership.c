/* SPDX-License-Identifier: Apache-2.0 */
/* Into a swarm and out of it: the local state, init, join, leave, leave_cleanly, lost quorum. */
#include "live.h"

#include <time.h>

static void api_version(void)
{
	const char *version = NULL;
	swarm_local *local = NULL;
	int minor = 0;

	if (WORKS(swarm_client_api_version(live_client, &version, &err))) {
		live_note("API", version);
		CHECK(sscanf(version, "1.%d", &minor) == 1 && minor >= 24);
	}
	if (WORKS(swarm_local_get(live_client, 0, &local, &err))) {
		live_note("engine", local->engine_version);
		CHECK_STR(swarm_local_state_name(local->state), "inactive");
		CHECK_STR(local->node_id, "");
		CHECK_STR(local->cluster_id, "");
		CHECK_INT(local->manager, 0);
	}
	swarm_local_free(local);
}

static void outside_errors(void)
{
	swarm_tokens tokens = SWARM_TOKENS_INIT;
	swarm_node_list *nodes = NULL;
	char *key = NULL;

	GIVES(SWARM_E_NOT_MEMBER, swarm_node_list_get(live_client, 0, &nodes, &err));
	GIVES(SWARM_E_NOT_MEMBER, swarm_tokens_get(live_client, 0, &tokens, &err));
	GIVES(SWARM_E_NOT_MEMBER, swarm_unlock_key_get(live_client, 0, &key, &err));
	GIVES(SWARM_E_NOT_MEMBER, swarm_leave(live_client, 0, 0, &err));
	GIVES(SWARM_E_NOT_MEMBER,
	      swarm_unlock(live_client, "SWMKEY-1-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0,
			   &err));
}

/* What the library or the engine refuses, with the host as it was. */
static void init_refused(void)
{
	swarm_init_options elsewhere = SWARM_INIT_OPTIONS_INIT;
	swarm_init_options availability = SWARM_INIT_OPTIONS_INIT;
	swarm_init_options port = SWARM_INIT_OPTIONS_INIT;

	elsewhere.advertise_addr = "192.0.2.7";
	GIVES(SWARM_E_INVAL, swarm_init(live_client, &elsewhere, NULL, &err));
	availability.availability = "resting";
	GIVES(SWARM_E_INVAL, swarm_init(live_client, &availability, NULL, &err));
	port.data_path_port = 80;
	GIVES(SWARM_E_INVAL, swarm_init(live_client, &port, NULL, &err));
	live_local_is(SWARM_LOCAL_INACTIVE);
}

int live_outside(void)
{
	static const test_case cases[] = { TEST(api_version), TEST(outside_errors),
					   TEST(init_refused) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

/* live first ADDRESS */
static void init(void)
{
	static const char *const pool[] = { "10.77.0.0/16", NULL };
	json_auto_t *spec = json_pack("{s:{s:s}}", "Labels", "made", "live");
	swarm_init_options options = SWARM_INIT_OPTIONS_INIT;
	json_auto_t *cluster = NULL;
	json_auto_t *node = NULL;
	swarm_local *local = NULL;
	char *id = NULL;

	options.advertise_addr = live_arg[0];
	options.availability = "drain";
	options.default_addr_pool = pool;
	options.subnet_size = 26;
	options.data_path_port = 5789;
	options.spec = spec;
	if (!WORKS(swarm_init(live_client, &options, &id, &err)))
		return;
	cluster = live_cluster();
	CHECK_STR(json_string_value(json_array_get(json_object_get(cluster, "DefaultAddrPool"), 0)),
		  pool[0]);
	CHECK_INT(json_integer_value(json_object_get(cluster, "SubnetSize")), 26);
	CHECK_INT(json_integer_value(json_object_get(cluster, "DataPathPort")), 5789);
	CHECK_STR(live_text(json_object_get(cluster, "Spec"), "Labels", "made"), "live");
	if (WORKS(swarm_local_get(live_client, 0, &local, &err))) {
		CHECK_STR(swarm_local_state_name(local->state), "active");
		CHECK_INT(local->manager, 1);
		CHECK_STR(local->node_id, id);
		CHECK_STR(local->node_addr, live_arg[0]);
		CHECK_STR(local->cluster_id, json_string_value(json_object_get(cluster, "ID")));
		CHECK(local->managers[0] && strstr(local->managers[0], live_arg[0]) != NULL);
		CHECK_STR(local->manager_ids[0], id);
	}
	if (WORKS(swarm_node_inspect(live_client, "self", 0, &node, &err)))
		CHECK_STR(live_text(node, "Spec", "Availability"), "drain");
	swarm_local_free(local);
	free(id);
}

static void init_again(void)
{
	GIVES(SWARM_E_MEMBER, swarm_init(live_client, NULL, NULL, &err));
}

int live_first(void)
{
	static const test_case cases[] = { TEST(init), TEST(init_again) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

/* live token ROLE: the one part that is not a test; its output goes to the host that joins. */
int live_print_token(void)
{
	swarm_tokens tokens = SWARM_TOKENS_INIT;
	int code = swarm_tokens_get(live_client, 0, &tokens, &err);

	if (code)
		fprintf(stderr, "live: %s\n", err.text);
	else
		puts(strcmp(live_arg[0], "manager") == 0 ? tokens.manager : tokens.worker);
	swarm_tokens_clear(&tokens);
	return code ? 2 : 0;
}

/* live refused, live join: ROLE MANAGER-ADDRESS, with the token on standard input. */
static swarm_join_options join_options(const char *const *addrs, const char *token)
{
	swarm_join_options options = SWARM_JOIN_OPTIONS_INIT;

	options.remote_addrs = addrs;
	options.token = token;
	options.manager = strcmp(live_arg[0], "manager") == 0;
	return options;
}

/* A token with one character changed, counted from its end. */
static void damage(char *token, size_t from_end)
{
	char *at = token + strlen(token) - from_end;

	*at = *at == 'a' ? 'b' : 'a';
}

static void refused_after(const swarm_join_options *options, const char *about)
{
	char note[64];
	time_t began = time(NULL);

	GIVES(SWARM_E_TOKEN, swarm_join(live_client, options, &err));
	snprintf(note, sizeof(note), "%s, after %ld s", about, (long)(time(NULL) - began));
	live_note(note, err.text);
}

static void join_refused(void)
{
	const char *const addrs[] = { live_arg[1], NULL };
	const char *const silent[] = { "10.213.0.250", NULL };
	swarm_join_options options = join_options(addrs, live_token);
	char token[sizeof(live_token)];
	const char *secret = strrchr(live_token, '-');

	if (!CHECK(secret != NULL))
		return;
	options.digest = "00000000000000000000000000000000000000000000000000";
	GIVES(SWARM_E_TOKEN, swarm_join(live_client, &options, &err));

	memcpy(token, live_token, sizeof(token));
	damage(token, 1);
	options = join_options(addrs, token);
	refused_after(&options, "a join with a wrong secret");
	CHECK(strstr(err.text, secret) == NULL);

	memcpy(token, live_token, sizeof(token));
	damage(token, strlen(secret) + 1);
	refused_after(&options, "a join with a wrong digest");

	options = join_options(silent, live_token);
	options.timeout_ms = 30000;
	GIVES(SWARM_E_CONNECT, swarm_join(live_client, &options, &err));
	live_local_is(SWARM_LOCAL_INACTIVE);
}

static void join(void)
{
	const char *const addrs[] = { "10.213.0.250", live_arg[1], NULL };
	swarm_join_options options = join_options(addrs, live_token);
	swarm_token_info info = { 0 };
	swarm_local *local = NULL;

	if (WORKS(swarm_token_parse(live_token, &info, &err)))
		options.digest = info.digest;
	WORKS(swarm_join(live_client, &options, &err));
	if (WORKS(swarm_local_get(live_client, 0, &local, &err))) {
		CHECK_STR(swarm_local_state_name(local->state), "active");
		CHECK_INT(local->manager, options.manager);
		CHECK(local->node_id[0] != '\0');
	}
	swarm_local_free(local);
}

static void join_again(void)
{
	const char *const addrs[] = { live_arg[1], NULL };
	swarm_join_options options = join_options(addrs, live_token);
	swarm_node_list *nodes = NULL;

	GIVES(SWARM_E_MEMBER, swarm_join(live_client, &options, &err));
	if (!options.manager)
		GIVES(SWARM_E_NOT_MANAGER, swarm_node_list_get(live_client, 0, &nodes, &err));
}

int live_refused(void)
{
	static const test_case cases[] = { TEST(join_refused) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

int live_join(void)
{
	static const test_case cases[] = { TEST(join), TEST(join_again) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

/* live leave: a worker, or with "force" whatever it is. */
static void leave(void)
{
	WORKS(swarm_leave(live_client, strcmp(live_arg[0], "force") == 0, 0, &err));
	live_local_is(SWARM_LOCAL_INACTIVE);
}

int live_leave(void)
{
	static const test_case cases[] = { TEST(leave) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

/* live leave_cleanly MANAGER-URL, on the host that goes. */
static void leave_cleanly(void)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_client *manager = NULL;
	swarm_local *local = NULL;
	json_auto_t *node = NULL;

	options.url = live_arg[0];
	if (!WORKS(swarm_client_new(&options, &manager, &err)))
		return;
	GIVES(SWARM_E_INVAL, swarm_leave_cleanly(live_client, live_client, 0, &err));
	if (WORKS(swarm_local_get(live_client, 0, &local, &err))) {
		WORKS(swarm_leave_cleanly(live_client, manager, 0, &err));
		live_local_is(SWARM_LOCAL_INACTIVE);
		GIVES(SWARM_E_NOT_FOUND,
		      swarm_node_inspect(manager, local->node_id, 0, &node, &err));
	}
	GIVES(SWARM_E_NOT_MEMBER, swarm_leave_cleanly(live_client, manager, 0, &err));
	swarm_local_free(local);
	swarm_client_free(manager);
}

int live_leave_cleanly(void)
{
	static const test_case cases[] = { TEST(leave_cleanly) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

/* live lost ADDRESS: the engine of the one other manager is down. */
static void no_leader(void)
{
	swarm_node_list *nodes = NULL;
	json_auto_t *patch = json_pack("{s:{s:s}}", "Labels", "too", "late");
	int code = 0;

	/* The leader gives up its office some seconds later; until then a write hangs. */
	for (int i = 0; i < 8 && code != SWARM_E_NO_LEADER; i++) {
		err = (swarm_error)SWARM_ERROR_INIT;
		code = swarm_cluster_update(live_client, patch, SWARM_ROTATE_WORKER_TOKEN, 30000,
					    NULL, &err);
		sleep(1);
	}
	live_check(code, SWARM_E_NO_LEADER, __FILE__, __LINE__, "a write without quorum");
	live_note("a write without quorum", err.text);
	/* In the first ten seconds without a leader a read only says that its time was over. */
	code = SWARM_E_UNAVAILABLE;
	for (int i = 0; i < 8 && code == SWARM_E_UNAVAILABLE; i++) {
		err = (swarm_error)SWARM_ERROR_INIT;
		code = swarm_node_list_get(live_client, 0, &nodes, &err);
	}
	live_check(code, SWARM_E_NO_LEADER, __FILE__, __LINE__, "a read without quorum");
	live_note("a read without quorum", err.text);
	live_local_is(SWARM_LOCAL_ACTIVE);
}

static void force_new_cluster(void)
{
	swarm_init_options options = SWARM_INIT_OPTIONS_INIT;
	swarm_local *before = NULL;
	swarm_node_list *nodes = NULL;
	json_auto_t *kept = NULL;
	char *id = NULL;

	options.advertise_addr = live_arg[0];
	options.force_new_cluster = 1;
	if (!WORKS(swarm_local_get(live_client, 0, &before, &err)))
		return;
	if (WORKS(swarm_init(live_client, &options, &id, &err)))
		CHECK_STR(id, before->node_id);
	if (WORKS(swarm_node_list_get(live_client, 0, &nodes, &err))) {
		size_t members = 0;

		for (size_t i = 0; i < nodes->count; i++)
			members += nodes->nodes[i].member;
		CHECK_INT(members, 1);
	}
	WORKS(swarm_object_inspect(live_client, SWARM_KIND_CONFIG, "live-kept", 0, &kept, &err));
	swarm_node_list_free(nodes);
	swarm_local_free(before);
	free(id);
}

int live_lost(void)
{
	static const test_case cases[] = { TEST(no_leader), TEST(force_new_cluster) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}

/* live end, on the last manager. */
static void end(void)
{
	GIVES(SWARM_E_UNAVAILABLE, swarm_leave(live_client, 0, 0, &err));
	live_note("the last manager leaves without force", err.text);
	live_local_is(SWARM_LOCAL_ACTIVE);
	WORKS(swarm_leave(live_client, 1, 0, &err));
	live_local_is(SWARM_LOCAL_INACTIVE);
}

int live_end(void)
{
	static const test_case cases[] = { TEST(end) };

	return test_main(cases, sizeof(cases) / sizeof(cases[0]));
}
