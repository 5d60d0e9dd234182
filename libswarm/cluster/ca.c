/* SPDX-License-Identifier: Apache-2.0 */
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
	if (o->cert && (!*o->cert || !*o->key))
		return swarm__error(err, SWARM_E_INVAL,
				    "the CA certificate or its key is empty: give PEM texts, or "
				    "neither for a root that the engine makes");
	if (swarm__utf8_check("the CA certificate", o->cert, err))
		return SWARM_E_INVAL;
	return swarm__utf8_check("the key of the CA", o->key, err);
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

/* ret_before: new, the TLSInfo of the cluster as it was; NULL without one. */
static int start_rotation(swarm_client *client, const swarm_ca_options *o,
			  const swarm__deadline *deadline, json_t **ret_before, swarm_error *err)
{
	json_t *cluster, *patch;
	int rc = swarm__cluster_read(client, true, deadline, &cluster, err);

	if (rc)
		return rc;
	patch = make_patch(o, cluster);
	*ret_before = json_incref(json_object_get(cluster, "TLSInfo"));
	json_decref(cluster);
	if (!patch)
		return swarm__nomem(err);
	rc = swarm__cluster_update(client, patch, 0, false, deadline, NULL, NULL, err);
	swarm__json_wipe(patch, "CAConfig.SigningCAKey");
	json_decref(patch);
	return rc;
}

/* --- the wait ------------------------------------------------------------------------------- */

static bool same_tls(const json_t *one, const json_t *other)
{
	static const char *const fields[] = { "TrustRoot", "CertIssuerSubject",
					      "CertIssuerPublicKey" };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strcmp(swarm__json_string(one, fields[i]),
			   swarm__json_string(other, fields[i])) != 0)
			return false;
	return true;
}

/* Does the node trust the cluster's root, and has it a certificate of the cluster's issuer? */
static bool is_renewed(const json_t *node, const json_t *tls)
{
	return same_tls(swarm__json_at(node, "Description.TLSInfo"), tls);
}

/* The same PEM text, except for white space at its end. */
static bool same_pem(const char *one, const char *other)
{
	size_t a = strlen(one), b = strlen(other);

	while (a && strchr(" \t\r\n", one[a - 1]))
		a--;
	while (b && strchr(" \t\r\n", other[b - 1]))
		b--;
	return a == b && memcmp(one, other, a) == 0;
}

/* What one look at the cluster found. */
typedef struct rotation {
	bool running; /* the engine's own word */
	bool changed; /* the root is another one than before, or the one that was given */
	size_t nodes;
	size_t renewed;
	swarm__names left;
} rotation;

static int count_nodes(const json_t *nodes, const json_t *tls, rotation *r, swarm_error *err)
{
	json_t *node;
	size_t i;

	int rc = swarm__shape_list("node", nodes, "ID", err);

	if (rc)
		return rc;
	/* A manager is in its own list. */
	if (json_array_size(nodes) == 0)
		return swarm__error(err, SWARM_E_JSON, "node list: it is empty");
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

static int read_rotation(const json_t *cluster, const swarm_ca_options *o, const json_t *before,
			 rotation *r, swarm_error *err)
{
	const json_t *running = swarm__json_at(cluster, "RootRotationInProgress");
	const json_t *tls = swarm__json_at(cluster, "TLSInfo");
	const char *root = swarm__json_string(tls, "TrustRoot");

	if (running && !json_is_boolean(running))
		return swarm__error(err, SWARM_E_JSON, "RootRotationInProgress: expected boolean");
	if (!*root)
		return swarm__error(err, SWARM_E_JSON, "TLSInfo.TrustRoot: expected string");
	r->running = json_is_true(running);
	r->changed = !same_tls(tls, before) || (o->cert && same_pem(o->cert, root));
	/* swarmkit starts a rotation, or ends it, in the transaction of the update. */
	if (!r->running && !r->changed)
		return swarm__error(
			err, SWARM_E_STATE,
			"docker accepted the rotation of the CA, but the root is the same "
			"as before: see docker's log on the leader (journalctl -u docker)");
	return 0;
}

static int look(swarm_client *client, const swarm_ca_options *o, const json_t *before,
		const swarm__deadline *deadline, rotation *ret_found, swarm_error *err)
{
	rotation r = { 0 };
	json_t *cluster, *nodes;
	int rc = swarm__cluster_read(client, true, deadline, &cluster, err);

	if (rc)
		return rc;
	rc = read_rotation(cluster, o, before, &r, err);
	if (!rc)
		rc = swarm__call_patiently(client, SWARM_OP_NODE_LIST, NULL, NULL, deadline, &nodes,
					   err);
	if (!rc) {
		rc = count_nodes(nodes, swarm__json_at(cluster, "TLSInfo"), &r, err);
		json_decref(nodes);
	}
	json_decref(cluster);
	if (!rc)
		*ret_found = r;
	return rc;
}

static int wait_rotated(swarm_client *client, const swarm_ca_options *o, const json_t *before,
			const swarm__deadline *deadline, int64_t started, swarm_error *err)
{
	swarm__watch SWARM__AUTO_WATCH watch = { .client = client, .type = "node" };
	rotation found = { 0 };
	int64_t pause = 0;
	int rc;

	do {
		rc = look(client, o, before, deadline, &found, err);
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
	json_t *before = NULL;
	int rc;

	if (!client)
		return swarm__error(err, SWARM_E_INVAL, "client is required");
	rc = check_options(o, err);
	if (!rc)
		rc = start_rotation(client, o, &deadline, &before, err);
	if (!rc)
		rc = wait_rotated(client, o, before, &deadline, started, err);
	json_decref(before);
	return rc;
}
