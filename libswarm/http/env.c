/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's address as docker's environment variables have it (moby: client/envvars.go). */
#define _GNU_SOURCE
#include "http/internal.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

const char *swarm__env(const char *name)
{
	const char *value = secure_getenv(name);

	return value && *value ? value : NULL;
}

int swarm__path(char path[SWARM__MAX_PATH], swarm_error *err, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(path, SWARM__MAX_PATH, format, arguments);
	va_end(arguments);
	if (length >= 0 && length < SWARM__MAX_PATH)
		return 0;
	return swarm__error(err, SWARM_E_INVAL, "a path to docker's files is over %d bytes",
			    SWARM__MAX_PATH - 1);
}

int swarm__docker_folder(char path[SWARM__MAX_PATH], swarm_error *err)
{
	const char *config = swarm__env("DOCKER_CONFIG");
	const char *home = swarm__env("HOME");
	char room[1024];
	struct passwd entry, *found = NULL;

	if (config)
		return swarm__path(path, err, "%s", config);
	if (!home && getpwuid_r(getuid(), &entry, room, sizeof(room), &found) == 0 && found)
		home = found->pw_dir;
	return swarm__path(path, err, "%s/.docker", home ? home : "");
}

/* The file in a folder; nothing if it is not there, unless it must. */
static int find_pem(const char *folder, const char *name, bool must, char **ret_path,
		    swarm_error *err)
{
	char path[SWARM__MAX_PATH];
	int rc = swarm__path(path, err, "%s/%s", folder, name);

	if (rc || (!must && access(path, F_OK) != 0))
		return rc;
	*ret_path = strdup(path);
	return *ret_path ? 0 : swarm__nomem(err);
}

int swarm__endpoint_find_pem(swarm_endpoint *endpoint, const char *folder, bool must,
			     swarm_error *err)
{
	int rc = find_pem(folder, "ca.pem", must, &endpoint->tls_ca, err);

	if (rc == 0)
		rc = find_pem(folder, "cert.pem", must, &endpoint->tls_cert, err);
	return rc ? rc : find_pem(folder, "key.pem", must, &endpoint->tls_key, err);
}

bool swarm__is_tcp(const char *url)
{
	return url && strncmp(url, "unix://", 7) != 0;
}

static int read_tls(swarm_endpoint *endpoint, swarm_error *err)
{
	const char *verify = swarm__env("DOCKER_TLS_VERIFY");
	const char *folder = swarm__env("DOCKER_CERT_PATH");
	char own[SWARM__MAX_PATH];
	int rc;

	if ((!verify && !folder) || !swarm__is_tcp(endpoint->url))
		return 0;
	endpoint->tls = verify ? SWARM_TLS_VERIFY : SWARM_TLS_NO_VERIFY;
	if (folder)
		return swarm__endpoint_find_pem(endpoint, folder, true, err);
	rc = swarm__docker_folder(own, err);
	return rc ? rc : swarm__endpoint_find_pem(endpoint, own, false, err);
}

static int copy(const char *value, char **ret_copy, swarm_error *err)
{
	if (!value)
		return 0;
	*ret_copy = strdup(value);
	return *ret_copy ? 0 : swarm__nomem(err);
}

static int read_environment(swarm_endpoint *endpoint, swarm_error *err)
{
	const char *version = swarm__env("DOCKER_API_VERSION");
	int rc = copy(swarm__env("DOCKER_HOST"), &endpoint->url, err);

	if (rc == 0)
		rc = copy(version && *version == 'v' ? version + 1 : version,
			  &endpoint->api_version, err);
	return rc ? rc : read_tls(endpoint, err);
}

int swarm_endpoint_from_env(swarm_endpoint **ret_endpoint, swarm_error *err)
{
	swarm_endpoint *endpoint;
	int rc;

	if (!ret_endpoint)
		return swarm__error(err, SWARM_E_INVAL, "a place for the endpoint is required");
	endpoint = calloc(1, sizeof(*endpoint));
	if (!endpoint)
		return swarm__nomem(err);
	rc = read_environment(endpoint, err);
	if (rc)
		swarm_endpoint_free(endpoint);
	else
		*ret_endpoint = endpoint;
	return rc;
}

void swarm_endpoint_use(const swarm_endpoint *endpoint, swarm_client_options *options)
{
	if (!endpoint || !options)
		return;
	options->url = endpoint->url;
	options->api_version = endpoint->api_version;
	options->tls = endpoint->tls;
	options->tls_ca = endpoint->tls_ca;
	options->tls_cert = endpoint->tls_cert;
	options->tls_key = endpoint->tls_key;
}

swarm_endpoint *swarm_endpoint_free(swarm_endpoint *endpoint)
{
	if (endpoint) {
		free(endpoint->url);
		free(endpoint->api_version);
		free(endpoint->tls_ca);
		free(endpoint->tls_cert);
		free(endpoint->tls_key);
	}
	free(endpoint);
	return NULL;
}
