/* SPDX-License-Identifier: Apache-2.0 */
/* The local state, addresses held against this host, and the probe of a manager's port. */
#include "test_cluster.h"

#include "common/internal.h"

static void states(void)
{
	static const struct {
		const char *reply;
		int code;
		int state;
	} table[] = {
		{ STATE(""), 0, SWARM_LOCAL_INACTIVE },
		{ STATE("inactive"), 0, SWARM_LOCAL_INACTIVE },
		{ STATE("pending"), 0, SWARM_LOCAL_PENDING },
		{ STATE("active"), 0, SWARM_LOCAL_ACTIVE },
		{ STATE("error"), 0, SWARM_LOCAL_ERROR },
		{ STATE("locked"), 0, SWARM_LOCAL_LOCKED },
		{ STATE("dancing"), SWARM_E_JSON, 0 },
		{ "{\"Swarm\":{\"LocalNodeState\":5}}", SWARM_E_JSON, 0 },
		{ "{\"Swarm\":{}}", SWARM_E_JSON, 0 },
		{ "{\"Swarm\":null}", SWARM_E_JSON, 0 },
		{ "[]", SWARM_E_JSON, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = { { INFO, .reply = table[i].reply }, { NULL } };
		fixture f = setup(rows);
		swarm_local *local = NULL;

		test_row = table[i].reply;
		CHECK_INT(swarm_local_get(f.client, 0, &local, &f.err), table[i].code);
		CHECK_INT(f.err.code, table[i].code);
		CHECK((local == NULL) == (table[i].code != 0));
		if (local) {
			CHECK_INT(local->state, table[i].state);
			CHECK_STR(local->node_id, "");
			CHECK_STR(local->cluster_id, "");
			CHECK(local->managers[0] == NULL);
		}
		swarm_local_free(local);
		teardown(&f);
	}
}

/* An engine that restarted its swarm part goes on to say "error" of a node that is up. */
static void restarted(void)
{
	static const struct {
		const char *reply;
		int state;
	} table[] = {
		{ "{\"Swarm\":{\"LocalNodeState\":\"error\",\"NodeID\":\"n1\",\"Error\":\"\"}}",
		  SWARM_LOCAL_ACTIVE },
		{ "{\"Swarm\":{\"LocalNodeState\":\"error\",\"NodeID\":\"n1\",\"Error\":\"no\"}}",
		  SWARM_LOCAL_ERROR },
		{ "{\"Swarm\":{\"LocalNodeState\":\"error\",\"NodeID\":\"\",\"Error\":\"\"}}",
		  SWARM_LOCAL_ERROR },
		{ "{\"Swarm\":{\"LocalNodeState\":\"pending\",\"NodeID\":\"n1\",\"Error\":\"\"}}",
		  SWARM_LOCAL_PENDING },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = { { INFO, .reply = table[i].reply }, { NULL } };
		fixture f = setup(rows);
		swarm_local *local = NULL;

		test_row = table[i].reply;
		CHECK_INT(swarm_local_get(f.client, 0, &local, &f.err), 0);
		CHECK_INT(local->state, table[i].state);
		swarm_local_free(local);
		teardown(&f);
	}
}

static void state_names(void)
{
	CHECK_STR(swarm_local_state_name(SWARM_LOCAL_INACTIVE), "inactive");
	CHECK_STR(swarm_local_state_name(SWARM_LOCAL_LOCKED), "locked");
	CHECK(swarm_local_state_name(5) == NULL);
	CHECK(swarm_local_state_name(-1) == NULL);
}

static void all_fields(void)
{
	const fake_row rows[] = {
		{ INFO, .reply = "{\"Name\":\"manager1\",\"ServerVersion\":\"26.1.5\",\"Swarm\":{"
				 "\"NodeID\":\"m1\",\"NodeAddr\":\"10.0.0.1\","
				 "\"LocalNodeState\":\"active\",\"ControlAvailable\":true,"
				 "\"Error\":\"\",\"RemoteManagers\":["
				 "{\"NodeID\":\"m1\",\"Addr\":\"10.0.0.1:2377\"},"
				 "{\"NodeID\":\"m2\",\"Addr\":\"10.0.0.2:2377\"}],"
				 "\"Cluster\":{\"ID\":\"c1\"},\"Warnings\":[\"two managers\"]}}" },
		{ NULL },
	};
	fixture f = setup(rows);
	swarm_local *local = NULL;

	if (CHECK_INT(swarm_local_get(f.client, 0, &local, &f.err), 0)) {
		CHECK_INT(local->manager, 1);
		CHECK_STR(local->node_id, "m1");
		CHECK_STR(local->node_addr, "10.0.0.1");
		CHECK_STR(local->name, "manager1");
		CHECK_STR(local->error, "");
		CHECK_STR(local->cluster_id, "c1");
		CHECK_STR(local->engine_version, "26.1.5");
		CHECK_STR(local->managers[1], "10.0.0.2:2377");
		CHECK_STR(local->manager_ids[1], "m2");
		CHECK(local->managers[2] == NULL && local->manager_ids[2] == NULL);
		CHECK_STR(local->warnings[0], "two managers");
		CHECK(local->warnings[1] == NULL);
	}
	swarm_local_free(local);
	teardown(&f);
}

/* Rule 15 of registries: the engine's log then has their credentials, on any node of a swarm. */
static void a_debug_log(void)
{
	const fake_row rows[] = {
		{ INFO,
		  .reply = "{\"Debug\":true,\"Swarm\":{\"NodeID\":\"m1\","
			   "\"LocalNodeState\":\"active\",\"Warnings\":[\"two managers\"]}}" },
		{ INFO, .reply = "{\"Debug\":true,\"Swarm\":{\"LocalNodeState\":\"inactive\"}}" },
		{ NULL },
	};
	fixture f = setup(rows);
	swarm_local *local = NULL;

	if (CHECK_INT(swarm_local_get(f.client, 0, &local, &f.err), 0)) {
		CHECK_STR(local->warnings[0], "two managers");
		CHECK_PART(local->warnings[1], "the engine logs at debug level");
		CHECK(local->warnings[2] == NULL);
	}
	local = swarm_local_free(local);
	if (CHECK_INT(swarm_local_get(f.client, 0, &local, &f.err), 0))
		CHECK(local->warnings[0] == NULL);
	swarm_local_free(local);
	teardown(&f);
}

/* A manager without leader is active, with an error beside and a cluster of zero values. */
static void without_leader(void)
{
	const fake_row rows[] = {
		{ INFO, .reply = "{\"Swarm\":{\"NodeID\":\"m1\",\"LocalNodeState\":\"active\","
				 "\"ControlAvailable\":true,\"Error\":\"no leader; " TOKEN "\","
				 "\"RemoteManagers\":null,\"Cluster\":{\"ID\":\"\"}}}" },
		{ NULL },
	};
	fixture f = setup(rows);
	swarm_local *local = NULL;

	if (CHECK_INT(swarm_local_get(f.client, 0, &local, &f.err), 0)) {
		CHECK_INT(local->state, SWARM_LOCAL_ACTIVE);
		CHECK_INT(local->manager, 1);
		CHECK_STR(local->cluster_id, "");
		CHECK_PART(local->error, "no leader; ");
		CHECK(strstr(local->error, DIGEST) == NULL);
	}
	swarm_local_free(local);
	teardown(&f);
}

static void a_failed_call_is_not_a_state(void)
{
	const fake_row rows[] = { { INFO, .status = 500, .reply = MESSAGE("broken") }, { NULL } };
	fixture f = setup(rows);
	swarm_local *local = NULL;

	CHECK_INT(swarm_local_get(f.client, 0, &local, &f.err), SWARM_E_HTTP);
	CHECK(local == NULL);
	CHECK_STR(f.err.text, "broken");
	teardown(&f);
	CHECK_INT(swarm_local_get(NULL, 0, &local, NULL), SWARM_E_INVAL);
}

static void address_forms(void)
{
	static const struct {
		const char *address;
		const char *host; /* NULL: malformed */
		const char *port;
	} table[] = {
		{ "10.0.0.1", "10.0.0.1", "" },
		{ "10.0.0.1:2377", "10.0.0.1", "2377" },
		{ "manager1.example", "manager1.example", "" },
		{ "eth0:2377", "eth0", "2377" },
		{ "fd00::1", "fd00::1", "" },
		{ "[fd00::1]", "fd00::1", "" },
		{ "[fd00::1]:65535", "fd00::1", "65535" },
		{ "", NULL, NULL },
		{ ":2377", NULL, NULL },
		{ "10.0.0.1:", NULL, NULL },
		{ "10.0.0.1:0", NULL, NULL },
		{ "10.0.0.1:65536", NULL, NULL },
		{ "10.0.0.1:23x", NULL, NULL },
		{ "10.0.0.1:002377", NULL, NULL },
		{ "[fd00::1", NULL, NULL },
		{ "[fd00::1]2377", NULL, NULL },
		{ "[10.0.0.1]:2377", NULL, NULL },
		{ "tcp://10.0.0.1:2377", NULL, NULL },
		{ "10.0.0.1 ", NULL, NULL },
		{ "manager 1", NULL, NULL },
	};
	char host[256], port[8], small[4];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm_error err = SWARM_ERROR_INIT;
		int rc = swarm__address_split(table[i].address, host, sizeof(host), port,
					      sizeof(port), &err);

		test_row = table[i].address;
		CHECK_INT(rc, table[i].host ? 0 : SWARM_E_INVAL);
		if (rc == 0 && table[i].host) {
			CHECK_STR(host, table[i].host);
			CHECK_STR(port, table[i].port);
		}
	}
	CHECK_INT(swarm__address_split("10.0.0.1", small, sizeof(small), port, sizeof(port), NULL),
		  SWARM_E_INVAL);
	CHECK_INT(swarm__address_split(NULL, host, sizeof(host), port, sizeof(port), NULL),
		  SWARM_E_INVAL);
}

static void address_of_this_host(void)
{
	swarm_error err = SWARM_ERROR_INIT;

	CHECK_INT(swarm__address_check_local("advertise address", "127.0.0.1", &err), 0);
	CHECK_INT(swarm__address_check_local("advertise address", "127.0.0.1:2377", &err), 0);
	CHECK_INT(swarm__address_check_local("advertise address", "lo:2377", &err), 0);
	/* 192.0.2.0/24 is for documents; no host has it. */
	CHECK_INT(swarm__address_check_local("advertise address", "192.0.2.7:2377", &err),
		  SWARM_E_INVAL);
	CHECK_PART(err.text,
		   "advertise address 192.0.2.7:2377 is not an address of this host (it has ");
	swarm__error_clear(&err);
	CHECK_INT(swarm__address_check_local("listen address", "a b", &err), SWARM_E_INVAL);
	CHECK_PART(err.text, "listen address: address 'a b' is malformed");
}

static int never(void *payload)
{
	(*(int *)payload)++;
	return 1;
}

static void probe_answers(void)
{
	char open_address[64], closed_address[64];
	int open_fd = open_port(true, open_address, sizeof(open_address));
	int closed_fd = open_port(false, closed_address, sizeof(closed_address));
	swarm_error err = SWARM_ERROR_INIT;

	CHECK_INT(swarm_probe(open_address, 0, NULL, NULL, &err), 0);
	CHECK_INT(err.code, 0);
	CHECK_INT(swarm_probe(closed_address, 0, NULL, NULL, &err), SWARM_E_CONNECT);
	CHECK_PART(err.text, "nothing listens at 127.0.0.1:");
	CHECK_PART(err.text, "Connection refused");
	CHECK_INT(err.sys_errno, ECONNREFUSED);
	swarm__error_clear(&err);
	CHECK_INT(swarm_probe("no such host", 0, NULL, NULL, &err), SWARM_E_INVAL);
	close(open_fd);
	close(closed_fd);
}

/* A port whose queue is full swallows the connect, as a firewall does. */
static void probe_of_silence(void)
{
	char address[64];
	int fd = open_port(false, address, sizeof(address));
	int fillers[4];
	swarm_error err = SWARM_ERROR_INIT;
	int asked = 0;

	CHECK_INT(listen(fd, 0), 0);
	for (size_t i = 0; i < 4; i++) {
		struct sockaddr_in at = { .sin_family = AF_INET };

		at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		at.sin_port = htons((uint16_t)strtol(strchr(address, ':') + 1, NULL, 10));
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(fillers[i], (struct sockaddr *)&at, sizeof(at));
	}
	CHECK_INT(swarm_probe(address, 150, NULL, NULL, &err), SWARM_E_TIMEOUT);
	CHECK_PART(err.text, "does not answer");
	swarm__error_clear(&err);
	CHECK_INT(swarm_probe(address, 60000, never, &asked, &err), SWARM_E_CANCELED);
	CHECK_INT(asked, 1);
	for (size_t i = 0; i < 4; i++)
		close(fillers[i]);
	close(fd);
}

TEST_MAIN(TEST(states), TEST(restarted), TEST(state_names), TEST(all_fields), TEST(a_debug_log),
	  TEST(without_leader), TEST(a_failed_call_is_not_a_state), TEST(address_forms),
	  TEST(address_of_this_host), TEST(probe_answers), TEST(probe_of_silence))
