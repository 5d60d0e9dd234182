/*
 * A new root CA for the cluster, and the wait until every node has a certificate of it. swarmkit
 * renews the nodes' certificates in batches, and ends the rotation when the last one has reported.
 */
#include "cluster/internal.h"
#include "events/internal.h"

#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 300000, NAMED = 3 };

static int check_options(const swarm_ca_options *o, swarm_error *err)
{
	if (o->size != sizeof(*o))
		return swarm__error(err, SWARM_E_INVAL, "start from SWARM_CA_OPTIONS_INIT");
	/* A certificate alone is for external CAs, which this call does not set up. */
	if (!o->cert != !o->key)
		return swarm__error(err, SWARM_E_INVAL,
				    "a CA certificate and its key are given together, or neither");
	return 0;
}

/*
 * moby: a root of one's own is taken as it is; else a counter that differs from the last one makes
 * a new root. NULL without memory.
 */
static json_t *make_patch(const swarm_ca_options *o, const json_t *cluster)
{
	json_int_t last = swarm__json_integer(cluster, "Spec.CAConfig.ForceRotate");

	if (o->cert)
		return json_pack("{s:{s:s, s:s}}", "CAConfig", "SigningCACert", o->cert,
				 "SigningCAKey", o->key);
	return json_pack("{s:{s:I}}", "CAConfig", "ForceRotate",
			 last < INT64_MAX ? last + 1 : (json_int_t)1);
}

static int read_cluster(swarm_client *client, const swarm__deadline *deadline, json_t **ret_cluster,
			swarm_error *err)
{
	int rc = swarm__call_patiently(client, SWARM_OP_SWARM_INSPECT, NULL, NULL, deadline,
				       ret_cluster, err);

	if (rc)
		return rc;
	swarm__json_wipe(*ret_cluster, "JoinTokens.Worker");
	swarm__json_wipe(*ret_cluster, "JoinTokens.Manager");
	return 0;
}

static int start_rotation(swarm_client *client, const swarm_ca_options *o,
			  const swarm__deadline *deadline, swarm_error *err)
{
	int64_t left;
	json_t *cluster, *patch;
	int rc = read_cluster(client, deadline, &cluster, err);

	if (rc)
		return rc;
	patch = make_patch(o, cluster);
	json_decref(cluster);
	if (!patch)
		return swarm__nomem(err);
	left = swarm__deadline_left(deadline);
	rc = swarm_cluster_update(client, patch, 0, left ? left : 1, NULL, err);
	swarm__json_wipe(patch, "CAConfig.SigningCAKey");
	json_decref(patch);
	return rc;
}

/* --- the wait ------------------------------------------------------------------------------- */

/* Does the node trust the cluster's root, and has it a certificate of the cluster's issuer? */
static bool is_renewed(const json_t *node, const json_t *tls)
{
	static const char *const fields[] = { "TrustRoot", "CertIssuerSubject",
					      "CertIssuerPublicKey" };
	const json_t *own = swarm__json_at(node, "Description.TLSInfo");

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(swarm__json_string(own, fields[i]),
			   swarm__json_string(tls, fields[i])) != 0)
			return false;
	return true;
}

/* What one look at the cluster found. */
typedef struct rotation {
	bool running; /* the engine's own word */
	size_t nodes;
	size_t renewed;
	swarm__names left;
} rotation;

static int count_nodes(const json_t *nodes, const json_t *tls, rotation *r, swarm_error *err)
{
	json_t *node;
	size_t i;

	if (!json_is_array(nodes))
		return swarm__error(err, SWARM_E_JSON, "node list: expected array");
	json_array_foreach (nodes, i, node) {
		r->nodes++;
		if (is_renewed(node, tls))
			r->renewed++;
		else if (r->nodes - r->renewed <= NAMED)
			swarm__names_add(&r->left, "%s (%s)",
					 swarm__json_string(node, "Description.Hostname"),
					 swarm__json_string(node, "Status.State"));
	}
	return 0;
}

static int look(swarm_client *client, const swarm__deadline *deadline, rotation *ret_found,
		swarm_error *err)
{
	rotation r = { 0 };
	json_t *cluster, *nodes;
	int rc = read_cluster(client, deadline, &cluster, err);

	if (rc)
		return rc;
	r.running = swarm__json_bool(cluster, "RootRotationInProgress");
	rc = swarm__call_patiently(client, SWARM_OP_NODE_LIST, NULL, NULL, deadline, &nodes, err);
	if (!rc) {
		rc = count_nodes(nodes, swarm__json_at(cluster, "TLSInfo"), &r, err);
		json_decref(nodes);
	}
	json_decref(cluster);
	if (!rc)
		*ret_found = r;
	return rc;
}

static int wait_rotated(swarm_client *client, const swarm__deadline *deadline, int64_t started,
			swarm_error *err)
{
	swarm__watch SWARM__AUTO_WATCH watch = { .client = client, .type = "node" };
	rotation found = { 0 };
	int64_t pause = 0;
	int rc;

	do {
		rc = look(client, deadline, &found, err);
		if (rc)
			break;
		swarm__progress(client, "rotate ca", found.renewed, found.nodes, "%s",
				found.left.text);
		if (!found.running && found.renewed == found.nodes)
			return 0;
		rc = swarm__watch_pause(&watch, deadline, &pause, err);
	} while (!rc);
	if (rc != SWARM_E_TIMEOUT)
		return rc;
	swarm__error_clear(err);
	return swarm__error(err, rc,
			    "the rotation of the CA goes on: after %lld s %zu of %zu nodes have a "
			    "certificate of the new root; not yet: %s%s",
			    (long long)swarm__seconds_since(started), found.renewed, found.nodes,
			    found.left.text,
			    found.nodes - found.renewed > NAMED ? " and others" : "");
}

int swarm_ca_rotate(swarm_client *client, const swarm_ca_options *options, swarm_error *err)
{
	static const swarm_ca_options defaults = SWARM_CA_OPTIONS_INIT;
	const swarm_ca_options *o = options ? options : &defaults;
	swarm__deadline deadline = swarm__deadline_in(o->timeout_ms, DEFAULT_TIMEOUT_MS);
	int64_t started = swarm__now_ms();
	int rc;

	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	rc = check_options(o, err);
	if (!rc)
		rc = start_rotation(client, o, &deadline, err);
	return rc ? rc : wait_rotated(client, &deadline, started, err);
}
