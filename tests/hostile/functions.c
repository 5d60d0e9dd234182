/* SPDX-License-Identifier: Apache-2.0 */
/* Every public function that asks an engine, once or in a few ways, with arguments that are good. */
#include "hostile.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static char address[64];

void functions_open(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* Nobody accepts: probes wait in the queue, or find it full, which is well enough. */
	if (bind(fd, (struct sockaddr *)&a, size) || listen(fd, 4096) ||
	    getsockname(fd, (struct sockaddr *)&a, &size))
		perror("a manager's port");
	snprintf(address, sizeof(address), "127.0.0.1:%d", ntohs(a.sin_port));
}

/* --- calls ------------------------------------------------------------------------------------- */

static int api_version(swarm_client *client, swarm_error *err)
{
	const char *version;

	return swarm_client_api_version(client, &version, err);
}

static int call_json(swarm_client *client, swarm_op op, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(op);
	json_t *json = NULL;
	int rc = swarm_call_json(client, &options, &json, err);

	json_decref(json);
	return rc;
}

static int call_info(swarm_client *client, swarm_error *err)
{
	return call_json(client, SWARM_OP_INFO, err);
}

static int call_version(swarm_client *client, swarm_error *err)
{
	return call_json(client, SWARM_OP_VERSION, err);
}

static int call_ping(swarm_client *client, swarm_error *err)
{
	return call_json(client, SWARM_OP_PING, err);
}

static int call_bytes(swarm_client *client, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_NODE_LIST);
	char *bytes = NULL;
	size_t size = 0;
	int rc = swarm_call_bytes(client, &options, &bytes, &size, err);

	swarm_bytes_free(bytes, size);
	return rc;
}

static int call_in_steps(swarm_client *client, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_SWARM_INSPECT);
	swarm_call *call = NULL;
	char *bytes = NULL;
	size_t size = 0;
	bool done = false;
	int rc;

	options.timeout_ms = TIMEOUT_MS;
	rc = swarm_call_begin(client, &options, &call, err);
	while (!rc && !done) {
		struct pollfd wait = { swarm_call_fd(call), POLLIN, 0 };

		poll(&wait, 1, (int)swarm_call_due_in(call));
		rc = swarm_call_step(call, &done, err);
	}
	if (!rc)
		rc = swarm_call_result(call, &bytes, &size, err);
	swarm_bytes_free(bytes, size);
	swarm_call_free(call);
	return rc;
}

/* --- this host ---------------------------------------------------------------------------------- */

static int local(swarm_client *client, swarm_error *err)
{
	swarm_local *answer = NULL;
	int rc = swarm_local_get(client, TIMEOUT_MS, &answer, err);

	swarm_local_free(answer);
	return rc;
}

static int init(swarm_client *client, swarm_error *err)
{
	swarm_init_options options = SWARM_INIT_OPTIONS_INIT;
	char *id = NULL;
	int rc;

	options.autolock = 1;
	options.timeout_ms = TIMEOUT_MS;
	rc = swarm_init(client, &options, &id, err);
	free(id);
	return rc;
}

static int join(swarm_client *client, swarm_error *err)
{
	const char *const remotes[] = { address, NULL };
	swarm_join_options options = SWARM_JOIN_OPTIONS_INIT;

	options.remote_addrs = remotes;
	options.token = TOKEN;
	options.timeout_ms = TIMEOUT_MS;
	return swarm_join(client, &options, err);
}

static int leave(swarm_client *client, swarm_error *err)
{
	return swarm_leave(client, 1, TIMEOUT_MS, err);
}

static int leave_cleanly(swarm_client *client, swarm_error *err)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_client *manager = NULL;
	int rc;

	options.url = swarm_client_url(client);
	options.api_version = OTHER_HOST;
	rc = swarm_client_new(&options, &manager, err);
	if (!rc)
		rc = swarm_leave_cleanly(client, manager, 4 * TIMEOUT_MS, err);
	swarm_client_free(manager);
	return rc;
}

static int unlock(swarm_client *client, swarm_error *err)
{
	return swarm_unlock(client, UNLOCK_KEY, TIMEOUT_MS, err);
}

/* --- the cluster -------------------------------------------------------------------------------- */

static int tokens(swarm_client *client, swarm_error *err)
{
	swarm_tokens answer = SWARM_TOKENS_INIT;
	int rc = swarm_tokens_get(client, TIMEOUT_MS, &answer, err);

	swarm_tokens_clear(&answer);
	return rc;
}

static int update_cluster(swarm_client *client, unsigned rotate, swarm_error *err)
{
	json_t *patch = json_pack("{s:{s:s}}", "Labels", "a", "1"), *change = NULL;
	int rc = swarm_cluster_update(client, patch, rotate, TIMEOUT_MS, &change, err);

	json_decref(change);
	json_decref(patch);
	return rc;
}

static int cluster_update(swarm_client *client, swarm_error *err)
{
	return update_cluster(client, 0, err);
}

static int cluster_rotate(swarm_client *client, swarm_error *err)
{
	return update_cluster(client, SWARM_ROTATE_WORKER_TOKEN | SWARM_ROTATE_MANAGER_TOKEN, err);
}

static int unlock_key(swarm_client *client, swarm_error *err)
{
	char *key = NULL;
	int rc = swarm_unlock_key_get(client, TIMEOUT_MS, &key, err);

	free(key);
	return rc;
}

static int unlock_key_rotate(swarm_client *client, swarm_error *err)
{
	char *key = NULL;
	int rc = swarm_unlock_key_rotate(client, TIMEOUT_MS, &key, err);

	free(key);
	return rc;
}

static int ca_rotate(swarm_client *client, swarm_error *err)
{
	swarm_ca_options options = SWARM_CA_OPTIONS_INIT;

	/* The root that this engine has and keeps: another one would be waited for. */
	options.cert = "root";
	options.key = "key";
	options.timeout_ms = TIMEOUT_MS;
	return swarm_ca_rotate(client, &options, err);
}

/* --- nodes --------------------------------------------------------------------------------------- */

static int node_list(swarm_client *client, swarm_error *err)
{
	swarm_node_list *list = NULL;
	int rc = swarm_node_list_get(client, TIMEOUT_MS, &list, err);

	swarm_node_list_free(list);
	return rc;
}

static int node_list_filtered(swarm_client *client, swarm_error *err)
{
	static const swarm_pair filters[] = { { "name", "host1" }, { NULL, NULL } };
	swarm_node_list *list = NULL;
	int rc = swarm_node_list_filtered(client, filters, TIMEOUT_MS, &list, err);

	swarm_node_list_free(list);
	return rc;
}

/* Functions that give a tree at the end. */
#define TREE(function, ...)                                                                        \
	static int function(swarm_client *client, swarm_error *err)                                \
	{                                                                                          \
		json_t *json = NULL;                                                               \
		int rc = swarm_##function(client, __VA_ARGS__, TIMEOUT_MS, &json, err);            \
                                                                                                   \
		json_decref(json);                                                                 \
		return rc;                                                                         \
	}

static const swarm_pair labels[] = { { "a", "1" }, { NULL, NULL } };

TREE(node_inspect, "host1")
TREE(node_label, "n1", labels)
TREE(node_promote, "w1")
TREE(node_demote, "n2")
TREE(node_drain, "n1")
TREE(evict_undo, "n1")
TREE(service_scale, "web", 3)
TREE(task_why, "web")

static int evict_plan(swarm_client *client, swarm_error *err)
{
	swarm_evict_options options = SWARM_EVICT_OPTIONS_INIT;
	json_t *plan = NULL;
	int rc;

	options.timeout_ms = TIMEOUT_MS;
	rc = swarm_evict_plan(client, "n1", &options, &plan, err);
	json_decref(plan);
	return rc;
}

static int evict_plans(swarm_client *client, swarm_error *err)
{
	static const char *const nodes[] = { "n1", NULL };
	swarm_evict_options options = SWARM_EVICT_OPTIONS_INIT;
	json_t *plans = NULL;
	int rc;

	options.timeout_ms = TIMEOUT_MS;
	rc = swarm_evict_plans(client, nodes, &options, &plans, err);
	json_decref(plans);
	return rc;
}

static int evict_images(swarm_client *client, swarm_error *err)
{
	static const char *const nodes[] = { "n1", "w1", NULL };
	json_t *images = NULL;
	int rc = swarm_evict_images(client, nodes, TIMEOUT_MS, &images, err);

	json_decref(images);
	return rc;
}

static int evict(swarm_client *client, swarm_error *err)
{
	swarm_evict_options options = SWARM_EVICT_OPTIONS_INIT;
	json_t *change = NULL;
	int rc;

	options.timeout_ms = TIMEOUT_MS;
	options.flags = SWARM_EVICT_FORCE | SWARM_EVICT_DRAIN;
	rc = swarm_evict(client, "n1", &options, &change, err);
	json_decref(change);
	return rc;
}

static int rebalance_plan(swarm_client *client, swarm_error *err)
{
	swarm_rebalance_options options = SWARM_REBALANCE_OPTIONS_INIT;
	json_t *plan = NULL;
	int rc;

	options.timeout_ms = TIMEOUT_MS;
	rc = swarm_rebalance_plan(client, &options, &plan, err);
	json_decref(plan);
	return rc;
}

static int rebalance(swarm_client *client, swarm_error *err)
{
	swarm_rebalance_options options = SWARM_REBALANCE_OPTIONS_INIT;
	json_t *change = NULL;
	int rc;

	options.timeout_ms = TIMEOUT_MS;
	rc = swarm_rebalance(client, &options, &change, err);
	json_decref(change);
	return rc;
}

static int node_remove(swarm_client *client, swarm_error *err)
{
	return swarm_node_remove(client, "n2", SWARM_REMOVE_FORCE | SWARM_REMOVE_DEMOTE, TIMEOUT_MS,
				 err);
}

static int node_prune(swarm_client *client, swarm_error *err)
{
	json_t *ids = NULL;
	int rc = swarm_node_prune(client, TIMEOUT_MS, &ids, err);

	json_decref(ids);
	return rc;
}

static int quorum(swarm_client *client, swarm_error *err)
{
	static const char *const leaving[] = { "n2", NULL };
	swarm_quorum answer;

	return swarm_quorum_get(client, 1, leaving, TIMEOUT_MS, &answer, err);
}

/* --- objects ------------------------------------------------------------------------------------- */

static int object_lists(swarm_client *client, swarm_error *err)
{
	json_t *list = NULL;
	int rc = swarm_object_list(client, SWARM_KIND_SERVICE, NULL, TIMEOUT_MS, &list, err);

	json_decref(list);
	return rc;
}

static int object_inspect(swarm_client *client, swarm_error *err)
{
	json_t *object = NULL;
	int rc = swarm_object_inspect(client, SWARM_KIND_NETWORK, "net", TIMEOUT_MS, &object, err);

	json_decref(object);
	return rc;
}

#define ROWS(type)                                                                                 \
	static int type##_rows(swarm_client *client, swarm_error *err)                             \
	{                                                                                          \
		swarm_##type##_list *list = NULL;                                                  \
		int rc = swarm_##type##_list_get(client, NULL, TIMEOUT_MS, &list, err);            \
                                                                                                   \
		swarm_##type##_list_free(list);                                                    \
		return rc;                                                                         \
	}

ROWS(service)

static int service_status(swarm_client *client, swarm_error *err)
{
	swarm_service_list *list = NULL;
	int rc = swarm_service_list_status(client, NULL, TIMEOUT_MS, &list, err);

	swarm_service_list_free(list);
	return rc;
}

ROWS(task)
ROWS(secret)
ROWS(config)
ROWS(network)

static int cluster_view(swarm_client *client, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_SWARM_INSPECT);
	swarm_cluster_list *list = NULL;
	json_t *json = NULL;
	int rc = swarm_call_json(client, &options, &json, err);

	if (!rc)
		rc = swarm_cluster_view(json, &list, err);
	swarm_cluster_list_free(list);
	json_decref(json);
	return rc;
}

static int service_create(swarm_client *client, swarm_error *err)
{
	json_t *spec = json_pack("{s:s, s:{s:{s:s}}, s:{s:{}}}", "Name", "web", "TaskTemplate",
				 "ContainerSpec", "Image", "a:1", "Mode", "Global");
	json_t *auth = json_pack("{s:s, s:s}", "username", "me", "password", PASSWORD);
	json_t *created = NULL;
	int rc = swarm_object_create(client, SWARM_KIND_SERVICE, spec, auth, TIMEOUT_MS, &created,
				     err);

	json_decref(created);
	json_decref(auth);
	json_decref(spec);
	return rc;
}

static int service_update(swarm_client *client, swarm_error *err)
{
	json_t *patch = json_pack("{s:{s:s}}", "Labels", "v", "2"), *change = NULL;
	int rc = swarm_object_update(client, SWARM_KIND_SERVICE, "web", patch, NULL, TIMEOUT_MS,
				     &change, err);

	json_decref(change);
	json_decref(patch);
	return rc;
}

static int service_rollback(swarm_client *client, swarm_error *err)
{
	return swarm_service_rollback(client, "web", TIMEOUT_MS, err);
}

static int service_wait(swarm_client *client, swarm_error *err)
{
	swarm_converged status;

	return swarm_service_wait(client, "web", TIMEOUT_MS, &status, err);
}

static int service_settle(swarm_client *client, swarm_error *err)
{
	json_t *outcome = NULL;
	int rc = swarm_service_settle(client, "web", TIMEOUT_MS, 0, &outcome, err);

	json_decref(outcome);
	return rc;
}

static int health_get(swarm_client *client, swarm_error *err)
{
	swarm_health_options options = SWARM_HEALTH_OPTIONS_INIT;
	json_t *rows = NULL;
	int rc;

	options.timeout_ms = TIMEOUT_MS;
	rc = swarm_health_get(client, &options, &rows, err);
	json_decref(rows);
	return rc;
}

static int health_wait(swarm_client *client, swarm_error *err)
{
	swarm_health_options options = SWARM_HEALTH_OPTIONS_INIT;

	options.timeout_ms = TIMEOUT_MS;
	options.stable_ms = 1;
	return swarm_health_wait(client, &options, NULL, err);
}

static int what_if(swarm_client *client, swarm_error *err)
{
	swarm_what_if_options options = SWARM_WHAT_IF_OPTIONS_INIT;
	json_t *cases = NULL;
	int rc;

	options.each = 1;
	options.timeout_ms = TIMEOUT_MS;
	rc = swarm_what_if(client, &options, &cases, err);
	json_decref(cases);
	return rc;
}

static int lock_take(swarm_client *client, swarm_error *err)
{
	swarm_lock_options options = SWARM_LOCK_OPTIONS_INIT;

	options.run = "r1";
	options.what = "docker.rotate";
	options.holder = "salt1";
	options.wait_ms = -1;
	options.timeout_ms = TIMEOUT_MS;
	return swarm_lock_take(client, &options, NULL, err);
}

static int lock_renew(swarm_client *client, swarm_error *err)
{
	int rc = swarm_lock_renew(client, "r1", TIMEOUT_MS, NULL, err);

	/* The healthy engine's cluster has no lock. */
	if (rc != SWARM_E_CONFLICT)
		return rc;
	*err = (swarm_error)SWARM_ERROR_INIT;
	return 0;
}

static int lock_release(swarm_client *client, swarm_error *err)
{
	return swarm_lock_release(client, "r1", TIMEOUT_MS, NULL, err);
}

static int lock_get(swarm_client *client, swarm_error *err)
{
	json_t *lock = NULL;
	int rc = swarm_lock_get(client, TIMEOUT_MS, &lock, err);

	json_decref(lock);
	return rc;
}

static int service_apply(swarm_client *client, swarm_error *err)
{
	swarm_apply_options options = SWARM_APPLY_OPTIONS_INIT;
	json_t *service = json_pack("{s:s}", "hostname", "h");
	json_t *patch = json_pack("{s:{s:i}}", "TaskTemplate", "ForceUpdate", 7);
	json_t *result = NULL;
	int rc;

	options.timeout_ms = TIMEOUT_MS;
	options.spec_patch = patch;
	rc = swarm_service_apply(client, "web", service, &options, &result, err);
	json_decref(service);
	json_decref(patch);
	json_decref(result);
	return rc;
}

static int service_remove(swarm_client *client, swarm_error *err)
{
	return swarm_service_remove(client, "web", TIMEOUT_MS, err);
}

static int object_remove(swarm_client *client, swarm_error *err)
{
	return swarm_object_remove(client, SWARM_KIND_SERVICE, "web", TIMEOUT_MS, err);
}

static int secret_create(swarm_client *client, swarm_error *err)
{
	/* DATA is its base64. */
	static const unsigned char data[] = {
		0x71, 0x2b, 0xa8, 0x5c, 0xd6, 0xf1, 0xbe, 0x35, 0x7c
	};
	char *id = NULL;
	int rc = swarm_secret_create(client, "secret1", data, sizeof(data), NULL, TIMEOUT_MS, &id,
				     err);

	free(id);
	return rc;
}

/* What it would do: its writes are those of other functions. */
static int versioned_put(swarm_client *client, swarm_error *err)
{
	swarm_versioned what = SWARM_VERSIONED_INIT;
	json_t *result = NULL;
	int rc;

	what.name = "secret1";
	what.data = "one";
	what.data_size = 3;
	what.key = "key";
	what.key_size = 3;
	what.keep = 0;
	what.flags = SWARM_VERSIONED_DRY_RUN;
	what.timeout_ms = TIMEOUT_MS;
	rc = swarm_versioned_put(client, SWARM_KIND_SECRET, &what, &result, err);
	json_decref(result);
	return rc;
}

static int versioned_remove(swarm_client *client, swarm_error *err)
{
	json_t *result = NULL;
	int rc = swarm_versioned_remove(client, SWARM_KIND_SECRET, "secret1",
					SWARM_VERSIONED_DRY_RUN, TIMEOUT_MS, &result, err);

	json_decref(result);
	return rc;
}

static int versioned_users(swarm_client *client, swarm_error *err)
{
	json_t *users = NULL;
	int rc = swarm_versioned_users(client, SWARM_KIND_SECRET, "secret1", TIMEOUT_MS, &users,
				       err);

	json_decref(users);
	return rc;
}

/* A stack of one service, as compose files would give it. */
static int make_stack(json_t **ret_stack, swarm_error *err)
{
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	json_t *documents = json_pack("[{s:{s:{s:s, s:[s]}}, s:{s:{s:s}}}]", "services", "web",
				      "image", "nginx:1", "configs", "page", "configs", "page",
				      "content", "one");
	int rc;

	options.name = "shop";
	rc = swarm_compose_convert(documents, &options, ret_stack, NULL, err);
	json_decref(documents);
	return rc;
}

static int stack_plan(swarm_client *client, swarm_error *err)
{
	swarm_stack_options options = SWARM_STACK_OPTIONS_INIT;
	json_t *stack = NULL, *plan = NULL;
	int rc = make_stack(&stack, err);

	options.key = "key";
	options.key_size = 3;
	options.resolve = SWARM_RESOLVE_NEVER;
	options.timeout_ms = TIMEOUT_MS;
	if (!rc)
		rc = swarm_stack_plan(client, stack, &options, &plan, err);
	json_decref(stack);
	json_decref(plan);
	return rc;
}

/* What it would do: an apply has a time of its own to put back what it changed. */
static int stack_rollback(swarm_client *client, swarm_error *err)
{
	swarm_stack_options options = SWARM_STACK_OPTIONS_INIT;
	json_t *plan = NULL;
	int rc;

	options.timeout_ms = TIMEOUT_MS;
	rc = swarm_stack_rollback(client, "shop", 1, 1, &options, &plan, err);
	json_decref(plan);
	return rc;
}

static int stack_remove(swarm_client *client, swarm_error *err)
{
	json_t *result = NULL;
	int rc = swarm_stack_remove(client, "shop", SWARM_STACK_DRY_RUN, TIMEOUT_MS, &result, err);

	json_decref(result);
	return rc;
}

static int stack_list(swarm_client *client, swarm_error *err)
{
	json_t *stacks = NULL;
	int rc = swarm_stack_list(client, TIMEOUT_MS, &stacks, err);

	json_decref(stacks);
	return rc;
}

static int stack_status(swarm_client *client, swarm_error *err)
{
	json_t *stack = NULL, *status = NULL;
	int rc = make_stack(&stack, err);

	if (!rc)
		rc = swarm_stack_status(client, "shop", stack, TIMEOUT_MS, &status, err);
	json_decref(stack);
	json_decref(status);
	return rc;
}

static int stack_history(swarm_client *client, swarm_error *err)
{
	json_t *history = NULL;
	int rc = swarm_stack_history(client, "shop", TIMEOUT_MS, &history, err);

	json_decref(history);
	return rc;
}

static int config_create(swarm_client *client, swarm_error *err)
{
	return swarm_config_create(client, "config1", "data", 4, NULL, TIMEOUT_MS, NULL, err);
}

/* A replacement has a time of its own to put back what it took off: test_network.c has it. */
static int apply_network(swarm_client *client, const char *name, swarm_error *err)
{
	swarm_network_options options = SWARM_NETWORK_OPTIONS_INIT;
	json_t *network = json_object(), *result = NULL;
	int rc;

	options.timeout_ms = TIMEOUT_MS;
	rc = swarm_network_apply(client, name, network, &options, &result, err);
	json_decref(result);
	json_decref(network);
	return rc;
}

static int network_create(swarm_client *client, swarm_error *err)
{
	return apply_network(client, "fresh", err);
}

static int network_compare(swarm_client *client, swarm_error *err)
{
	return apply_network(client, "net", err);
}

static int network_remove(swarm_client *client, swarm_error *err)
{
	swarm_network_options options = SWARM_NETWORK_OPTIONS_INIT;

	options.timeout_ms = TIMEOUT_MS;
	return swarm_network_remove(client, "net", &options, NULL, err);
}

static int network_usage(swarm_client *client, swarm_error *err)
{
	json_t *rows = NULL;
	int rc = swarm_network_usage(client, TIMEOUT_MS, &rows, err);

	json_decref(rows);
	return rc;
}

static int registry_login(swarm_client *client, swarm_error *err)
{
	json_t *auth = json_pack("{s:s, s:s}", "username", "me", "password", PASSWORD);
	json_t *result = NULL;
	int rc = swarm_registry_login(client, "docker.io", auth, "1", 0, TIMEOUT_MS, &result, err);

	json_decref(result);
	json_decref(auth);
	return rc;
}

static int image_pull(swarm_client *client, swarm_error *err)
{
	json_t *auth = json_pack("{s:s, s:s, s:s}", "username", "u", "password", PASSWORD,
				 "serveraddress", "r:5000");
	json_t *pulled = NULL;
	int rc = swarm_image_pull(client, "r:5000/a:1", auth, TIMEOUT_MS, &pulled, err);

	json_decref(pulled);
	json_decref(auth);
	return rc;
}

/* --- streams -------------------------------------------------------------------------------------- */

static int logs(swarm_client *client, swarm_error *err)
{
	swarm_record record = { SWARM_SOURCE_NONE, "", 0 };
	swarm_stream *stream = NULL;
	int rc = swarm_logs_open(client, SWARM_KIND_SERVICE, "web", NULL, TIMEOUT_MS, &stream, err);

	while (!rc && record.data)
		rc = swarm_stream_next(stream, TIMEOUT_MS, &record, err);
	swarm_stream_free(stream);
	return rc;
}

static int events(swarm_client *client, swarm_error *err)
{
	swarm_client *const clients[] = { client, NULL };
	swarm_follow_options options = SWARM_FOLLOW_OPTIONS_INIT;
	const swarm_event *event;
	swarm_events *stream = NULL;
	int rc;

	options.clients = clients;
	options.timeout_ms = TIMEOUT_MS;
	rc = swarm_events_open(&options, &stream, err);
	for (int i = 0; !rc && i < 3; i++)
		rc = swarm_events_next(stream, 100, &event, err);
	swarm_events_free(stream);
	return rc;
}

static int on_event(void *payload, swarm_client *client, const swarm_event *event, swarm_error *err)
{
	(void)payload;
	(void)client;
	(void)err;
	return event != NULL;
}

static int wait_for(swarm_client *client, swarm_error *err)
{
	swarm_client *const clients[] = { client, NULL };
	swarm_follow_options options = SWARM_FOLLOW_OPTIONS_INIT;

	options.clients = clients;
	options.on_event = on_event;
	options.timeout_ms = TIMEOUT_MS;
	return swarm_wait_for(&options, err);
}

const function functions[] = {
	{ "api_version", api_version, MANAGER, MANAGER },
	{ "call ping", call_ping, MANAGER, MANAGER },
	{ "call info", call_info, MANAGER, MANAGER },
	{ "call version", call_version, MANAGER, MANAGER },
	{ "call_bytes", call_bytes, MANAGER, MANAGER },
	{ "call_step", call_in_steps, MANAGER, MANAGER },
	{ "local_get", local, MANAGER, MANAGER },
	{ "init", init, INACTIVE, MANAGER },
	{ "join", join, INACTIVE, WORKER },
	{ "leave", leave, WORKER, INACTIVE },
	{ "leave_cleanly", leave_cleanly, WORKER, INACTIVE },
	{ "unlock", unlock, LOCKED, MANAGER },
	{ "tokens_get", tokens, MANAGER, MANAGER },
	{ "cluster_update", cluster_update, MANAGER, MANAGER },
	{ "cluster_update, rotated", cluster_rotate, MANAGER, MANAGER },
	{ "cluster_view", cluster_view, MANAGER, MANAGER },
	{ "unlock_key_get", unlock_key, MANAGER, MANAGER },
	{ "unlock_key_rotate", unlock_key_rotate, MANAGER, MANAGER },
	{ "ca_rotate", ca_rotate, MANAGER, MANAGER },
	{ "node_list_get", node_list, MANAGER, MANAGER },
	{ "node_list_filtered", node_list_filtered, MANAGER, MANAGER },
	{ "node_inspect", node_inspect, MANAGER, MANAGER },
	{ "node_label", node_label, MANAGER, MANAGER },
	{ "node_promote", node_promote, MANAGER, MANAGER },
	{ "node_demote", node_demote, MANAGER, MANAGER },
	{ "node_drain", node_drain, MANAGER, MANAGER },
	{ "node_remove", node_remove, MANAGER, MANAGER },
	{ "node_prune", node_prune, MANAGER, MANAGER },
	{ "evict_plan", evict_plan, MANAGER, MANAGER },
	{ "evict_plans", evict_plans, MANAGER, MANAGER },
	{ "evict_images", evict_images, MANAGER, MANAGER },
	{ "evict", evict, MANAGER, MANAGER },
	{ "evict_undo", evict_undo, MANAGER, MANAGER },
	{ "rebalance_plan", rebalance_plan, MANAGER, MANAGER },
	{ "rebalance", rebalance, MANAGER, MANAGER },
	{ "quorum_get", quorum, MANAGER, MANAGER },
	{ "object_list", object_lists, MANAGER, MANAGER },
	{ "object_inspect", object_inspect, MANAGER, MANAGER },
	{ "service_list_get", service_rows, MANAGER, MANAGER },
	{ "service_list_status", service_status, MANAGER, MANAGER },
	{ "task_list_get", task_rows, MANAGER, MANAGER },
	{ "secret_list_get", secret_rows, MANAGER, MANAGER },
	{ "config_list_get", config_rows, MANAGER, MANAGER },
	{ "network_list_get", network_rows, MANAGER, MANAGER },
	{ "object_create", service_create, MANAGER, MANAGER },
	{ "object_update", service_update, MANAGER, MANAGER },
	{ "object_remove", object_remove, MANAGER, MANAGER },
	{ "secret_create", secret_create, MANAGER, MANAGER },
	{ "config_create", config_create, MANAGER, MANAGER },
	{ "versioned_put", versioned_put, MANAGER, MANAGER },
	{ "versioned_remove", versioned_remove, MANAGER, MANAGER },
	{ "versioned_users", versioned_users, MANAGER, MANAGER },
	{ "stack_plan", stack_plan, MANAGER, MANAGER },
	{ "stack_rollback", stack_rollback, MANAGER, MANAGER },
	{ "stack_remove", stack_remove, MANAGER, MANAGER },
	{ "stack_list", stack_list, MANAGER, MANAGER },
	{ "stack_status", stack_status, MANAGER, MANAGER },
	{ "stack_history", stack_history, MANAGER, MANAGER },
	{ "network_apply, new", network_create, MANAGER, MANAGER },
	{ "network_apply", network_compare, MANAGER, MANAGER },
	{ "network_remove", network_remove, MANAGER, MANAGER },
	{ "network_usage", network_usage, MANAGER, MANAGER },
	{ "registry_login", registry_login, MANAGER, MANAGER },
	{ "image_pull", image_pull, WORKER, WORKER },
	{ "service_scale", service_scale, MANAGER, MANAGER },
	{ "service_remove", service_remove, MANAGER, MANAGER },
	{ "service_rollback", service_rollback, MANAGER, MANAGER },
	{ "service_wait", service_wait, MANAGER, MANAGER },
	{ "service_settle", service_settle, MANAGER, MANAGER },
	{ "service_apply", service_apply, MANAGER, MANAGER },
	{ "what_if", what_if, MANAGER, MANAGER },
	{ "lock_take", lock_take, MANAGER, MANAGER },
	{ "lock_renew", lock_renew, MANAGER, MANAGER },
	{ "lock_release", lock_release, MANAGER, MANAGER },
	{ "lock_get", lock_get, MANAGER, MANAGER },
	{ "health_get", health_get, MANAGER, MANAGER },
	{ "health_wait", health_wait, MANAGER, MANAGER },
	{ "task_why", task_why, MANAGER, MANAGER },
	{ "logs_open", logs, MANAGER, MANAGER },
	{ "events_next", events, MANAGER, MANAGER },
	{ "wait_for", wait_for, MANAGER, MANAGER },
};

const size_t functions_count = sizeof(functions) / sizeof(functions[0]);
