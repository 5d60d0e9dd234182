/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A docker context: contexts/meta/<SHA-256 of its name>/meta.json in docker's folder, and PEM files in
 * contexts/tls/<the same>/docker (docker/cli: cli/context/store).
 */
#include "http/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAX_META = 1 << 20, MAX_NAME = 255 };

/* docker/cli: store.go, restrictedNamePattern. */
static bool is_name(const char *name)
{
	static const char first[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	static const char more[] = "_.+-";
	size_t length = name ? strlen(name) : 0;

	if (length < 2 || length > MAX_NAME || !strchr(first, name[0]))
		return false;
	for (; *name; name++)
		if (!strchr(first, *name) && !strchr(more, *name))
			return false;
	return true;
}

static int fail_open(const char *name, const char *path, int sys, swarm_error *err)
{
	int rc = SWARM_E_NOT_FOUND;

	if (err && !err->code)
		err->sys_errno = sys;
	if (sys == ENOENT || sys == ENOTDIR)
		return swarm__error(err, rc, "there is no docker context '%s' here: no %s", name,
				    path);
	rc = SWARM_E_PERMISSION;
	return swarm__error(err, rc, "the docker context '%s' cannot be read: %s", name, path);
}

static int read_file(const char *name, const char *path, swarm__buffer *bytes, swarm_error *err)
{
	FILE *file = fopen(path, "re");
	char part[4096];
	size_t got;
	int rc = 0;

	if (!file)
		return fail_open(name, path, errno, err);
	while (rc == 0 && (got = fread(part, 1, sizeof(part), file)) > 0)
		rc = swarm__buffer_add(bytes, part, got);
	if (rc == 0 && ferror(file))
		rc = fail_open(name, path, errno, err);
	else if (rc == SWARM_E_TOO_LARGE)
		swarm__error(err, rc, "%s is over %d bytes", path, MAX_META);
	else if (rc)
		swarm__nomem(err);
	fclose(file);
	return rc;
}

static int load_meta(const char *name, const char *path, json_t **ret_meta, swarm_error *err)
{
	swarm__buffer bytes;
	int rc;

	swarm__buffer_init(&bytes, MAX_META);
	rc = read_file(name, path, &bytes, err);
	if (rc == 0) {
		rc = swarm__json_parse(bytes.data ? bytes.data : "", bytes.size, ret_meta, err);
		if (rc == SWARM_E_JSON)
			swarm__error_wrap(err, rc, "%s", path);
	}
	swarm__buffer_clear(&bytes);
	return rc;
}

/* Address and TLS from the parts of a context that was read. */
static int fill(swarm_endpoint *endpoint, const char *name, const json_t *meta, const char *pem,
		swarm_error *err)
{
	const json_t *docker = swarm__json_at(meta, "Endpoints.docker");
	const char *host = swarm__json_string(docker, "Host");
	int rc;

	/* A folder whose name is right with another context in it is somebody's mistake, or trick. */
	if (!docker || strcmp(swarm__json_string(meta, "Name"), name) != 0)
		return swarm__error(err, SWARM_E_INVAL,
				    "the docker context '%s' has no endpoint of a docker engine",
				    name);
	if (*host) {
		endpoint->url = strdup(host);
		if (!endpoint->url)
			return swarm__nomem(err);
	}
	if (!swarm__is_tcp(endpoint->url))
		return 0;
	rc = swarm__endpoint_find_pem(endpoint, pem, false, err);
	if (swarm__json_bool(docker, "SkipTLSVerify"))
		endpoint->tls = SWARM_TLS_NO_VERIFY;
	return rc;
}

static int load(swarm_endpoint *endpoint, const char *name, swarm_error *err)
{
	char folder[SWARM__MAX_PATH], meta_path[SWARM__MAX_PATH], pem[SWARM__MAX_PATH];
	char hash[SWARM__SHA256_HEX];
	json_t *meta = NULL;
	int rc = swarm__docker_folder(folder, err);

	swarm__sha256_hex(name, strlen(name), hash);
	if (rc == 0)
		rc = swarm__path(meta_path, err, "%s/contexts/meta/%s/meta.json", folder, hash);
	if (rc == 0)
		rc = swarm__path(pem, err, "%s/contexts/tls/%s/docker", folder, hash);
	if (rc == 0)
		rc = load_meta(name, meta_path, &meta, err);
	if (rc == 0)
		rc = fill(endpoint, name, meta, pem, err);
	json_decref(meta);
	return rc;
}

int swarm_endpoint_from_context(const char *name, swarm_endpoint **ret_endpoint, swarm_error *err)
{
	swarm_endpoint *endpoint;
	int rc;

	if (!ret_endpoint || !is_name(name))
		return swarm__error(
			err, SWARM_E_INVAL,
			"a context's name must consist of letters, digits and _.+- and begin with a "
			"letter or digit");
	if (strcmp(name, "default") == 0)
		return swarm_endpoint_from_env(ret_endpoint, err);
	endpoint = calloc(1, sizeof(*endpoint));
	if (!endpoint)
		return swarm__nomem(err);
	rc = load(endpoint, name, err);
	if (rc)
		swarm_endpoint_free(endpoint);
	else
		*ret_endpoint = endpoint;
	return rc;
}
