/* SPDX-License-Identifier: Apache-2.0 */
/* A new root CA: what is sent, and when the rotation counts as done. */
#include "test_cluster.h"

#include "base/internal.h"

#define SWARM "GET " API "/swarm"
#define NODES "GET " API "/nodes"
#define UPDATE "POST " API "/swarm/update?version=5"

#define TLS(root)                                                                                  \
	"{\"TrustRoot\":\"" root "\",\"CertIssuerSubject\":\"s\",\"CertIssuerPublicKey\":\"" root  \
	"\"}"
#define CLUSTER(running, root)                                                                     \
	"{\"ID\":\"c1\",\"Version\":{\"Index\":5},\"RootRotationInProgress\":" running             \
	",\"TLSInfo\":" TLS(                                                                       \
		root) ",\"JoinTokens\":{\"Worker\":\"" TOKEN "\"},"                                \
		      "\"Spec\":{\"CAConfig\":{\"NodeCertExpiry\":7,\"ForceRotate\":3}}}"
#define NODE(name, root)                                                                           \
	"{\"ID\":\"" name "\",\"Description\":{\"Hostname\":\"" name                               \
	"\",\"TLSInfo\":" TLS(root) "},\"Status\":{\"State\":\"ready\"}}"

static void rotate(void)
{
	const fake_row rows[] = {
		{ SWARM, .reply = CLUSTER("false", "old") },
		{ SWARM, .reply = CLUSTER("false", "old") },
		{ UPDATE, .body = "{\"CAConfig\":{\"NodeCertExpiry\":7,\"ForceRotate\":4}}" },
		{ SWARM, .reply = CLUSTER("true", "new") },
		{ NODES, .reply = "[" NODE("a", "old") "," NODE("b", "new") "]" },
		NO_EVENTS("node"),
		/* The engine says that it is over, but a node has not reported yet. */
		{ SWARM, .reply = CLUSTER("false", "new") },
		{ NODES, .reply = "[" NODE("a", "old") "," NODE("b", "new") "]" },
		/* All have reported, but the engine is not done. */
		{ SWARM, .reply = CLUSTER("true", "new") },
		{ NODES, .reply = "[" NODE("a", "new") "," NODE("b", "new") "]" },
		{ SWARM, .reply = CLUSTER("false", "new") },
		{ NODES, .reply = "[" NODE("a", "new") "," NODE("b", "new") "]" },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_ca_rotate(f.client, NULL, &f.err), 0);
	teardown(&f);
}

/* Any other number than the last one makes a new root. */
static void counter_at_its_end(void)
{
	const char *last = "{\"ID\":\"c1\",\"Version\":{\"Index\":5},\"Spec\":{\"CAConfig\":{"
			   "\"ForceRotate\":9223372036854775807}}}";
	const fake_row rows[] = {
		{ SWARM, .reply = last },
		{ SWARM, .reply = last },
		{ UPDATE, .body = "{\"CAConfig\":{\"ForceRotate\":1}}" },
		{ SWARM, .reply = CLUSTER("false", "new") },
		{ NODES, .reply = "[" NODE("a", "new") "]" },
		{ NULL },
	};
	fixture f = setup(rows);

	CHECK_INT(swarm_ca_rotate(f.client, NULL, &f.err), 0);
	teardown(&f);
}

static void own_root(void)
{
	swarm_ca_options options = SWARM_CA_OPTIONS_INIT;
	const fake_row rows[] = {
		{ SWARM, .reply = CLUSTER("false", "old") },
		{ SWARM, .reply = CLUSTER("false", "old") },
		{ UPDATE, .body = "{\"CAConfig\":{\"NodeCertExpiry\":7,\"ForceRotate\":3,"
				  "\"SigningCACert\":\"cert\",\"SigningCAKey\":\"key\"}}" },
		{ SWARM, .reply = CLUSTER("false", "new") },
		{ NODES, .reply = "[" NODE("a", "new") "]" },
		{ NULL },
	};
	fixture f = setup(rows);

	options.cert = "cert";
	options.key = "key";
	CHECK_INT(swarm_ca_rotate(f.client, &options, &f.err), 0);
	options.key = NULL;
	CHECK_INT(swarm_ca_rotate(f.client, &options, &f.err), SWARM_E_INVAL);
	CHECK_STR(f.err.text, "a CA certificate and its key are given together, or neither");
	swarm__error_clear(&f.err);
	options.cert = "";
	options.key = "";
	CHECK_INT(swarm_ca_rotate(f.client, &options, &f.err), SWARM_E_INVAL);
	CHECK_PART(f.err.text, "the CA certificate or its key is empty");
	teardown(&f);
}

/* An own root that is the cluster's already is right at once. */
static void own_root_again(void)
{
	swarm_ca_options options = SWARM_CA_OPTIONS_INIT;
	const fake_row rows[] = {
		{ SWARM, .reply = CLUSTER("false", "mine") },
		{ SWARM, .reply = CLUSTER("false", "mine") },
		{ UPDATE, .body = "\"SigningCACert\":\"mine\\n\"" },
		{ SWARM, .reply = CLUSTER("false", "mine") },
		{ NODES, .reply = "[" NODE("a", "mine") "]" },
		{ NULL },
	};
	fixture f = setup(rows);

	options.cert = "mine\n";
	options.key = "key";
	CHECK_INT(swarm_ca_rotate(f.client, &options, &f.err), 0);
	teardown(&f);
}

/* An engine that rotates nothing, or that does not show whether it does. */
static void nothing_rotated(void)
{
	static const struct {
		const char *cluster;
		const char *nodes; /* NULL: not asked for */
		int code;
	} table[] = {
		{ CLUSTER("false", "old"), NULL, SWARM_E_STATE },
		{ CLUSTER("5", "new"), NULL, SWARM_E_JSON },
		{ CLUSTER("false", ""), NULL, SWARM_E_JSON },
		{ "{}", NULL, SWARM_E_JSON },
		{ "{\"ID\":\"c1\"}", NULL, SWARM_E_JSON },
		{ CLUSTER("false", "new"), "[]", SWARM_E_JSON },
		{ CLUSTER("false", "new"), "null", SWARM_E_JSON },
		{ CLUSTER("false", "new"), "", SWARM_E_JSON },
		{ CLUSTER("false", "new"), "{}", SWARM_E_JSON },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const fake_row rows[] = {
			{ SWARM, .reply = CLUSTER("false", "old") },
			{ SWARM, .reply = CLUSTER("false", "old") },
			{ .expect = UPDATE },
			{ SWARM, .reply = table[i].cluster },
			{ table[i].nodes ? NODES : NULL, .reply = table[i].nodes },
			{ NULL },
		};
		fixture f = setup(rows);

		test_row = table[i].nodes ? table[i].nodes : table[i].cluster;
		CHECK_INT(swarm_ca_rotate(f.client, NULL, &f.err), table[i].code);
		teardown(&f);
	}
}

static void takes_too_long(void)
{
	swarm_ca_options options = SWARM_CA_OPTIONS_INIT;
	/* A script is linear, so the time ends in a pause, after one look. */
	const fake_row rows[] = {
		{ SWARM, .reply = CLUSTER("false", "old") },
		{ SWARM, .reply = CLUSTER("false", "old") },
		{ .expect = UPDATE },
		{ SWARM, .reply = CLUSTER("true", "new") },
		{ NODES, .reply = "[" NODE("a", "old") "," NODE("b", "new") "]" },
		NO_EVENTS("node"),
		{ SWARM, .fault = FAKE_SILENT },
		{ NULL },
	};
	fixture f = setup(rows);

	options.timeout_ms = 1500;
	CHECK_INT(swarm_ca_rotate(f.client, &options, &f.err), SWARM_E_TIMEOUT);
	CHECK_PART(f.err.text, "the rotation of the CA goes on: after ");
	CHECK_PART(f.err.text,
		   "1 of 2 nodes have a certificate of the new root; not yet: a (ready)");
	teardown(&f);
}

TEST_MAIN(TEST(rotate), TEST(counter_at_its_end), TEST(own_root), TEST(own_root_again),
	  TEST(nothing_rotated), TEST(takes_too_long))
