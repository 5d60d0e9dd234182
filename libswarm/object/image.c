/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The digest of an image, which the engine asks the image's registry for. Knows how refusals of a
 * registry show, and no service.
 */
#define _GNU_SOURCE
#include "object/internal.h"

#include <stdio.h>
#include <string.h>

/* The engine waits forever where a registry accepts a request and does not answer it. */
enum { DEFAULT_TIMEOUT_MS = 15000 };

/* Length of the registry's host in front of an image's name; 0: it is docker.io's. */
static size_t host_length(const char *image)
{
	size_t length = strcspn(image, "/");

	if (image[length] && (memchr(image, '.', length) || memchr(image, ':', length) ||
			      strncmp(image, "localhost/", 10) == 0))
		return length;
	return 0;
}

/* docker names its own registry in several ways. */
static bool is_hub(const char *host, size_t length)
{
	static const char *const names[] = { "docker.io", "index.docker.io",
					     "registry-1.docker.io" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i]) == length && strncmp(host, names[i], length) == 0)
			return true;
	return length == 0;
}

bool swarm__image_is_of(const char *image, const char *registry)
{
	size_t length = host_length(image), wanted = strlen(registry);

	if (is_hub(image, length))
		return is_hub(registry, wanted);
	return length == wanted && strncmp(image, registry, length) == 0;
}

bool swarm__image_shares_registry(const char *image, const char *other)
{
	char host[256] = "docker.io";
	size_t length = host_length(image);

	if (length)
		snprintf(host, sizeof(host), "%.*s", (int)length, image);
	return swarm__image_is_of(other, host);
}

/* docker's configuration names a registry by its host, or with scheme and path. */
int swarm__image_check_auth(const char *image, const json_t *registry_auth, swarm_error *err)
{
	const char *address = swarm__json_string(registry_auth, "serveraddress");
	const char *scheme = strstr(address, "://");
	char host[SWARM__MAX_IMAGE];

	if (scheme)
		address = scheme + 3;
	snprintf(host, sizeof(host), "%.*s", (int)strcspn(address, "/"), address);
	if (!*host || swarm__image_is_of(image, host))
		return 0;
	return swarm__error(err, SWARM_E_INVAL,
			    "the credentials are for the registry %s, and image %s is of another "
			    "one: the engine would send them there",
			    host, image);
}

/* moby: missing credentials are a 500, and of a pull a 404: only its text says what it is. */
static bool is_refused(const swarm_error *err)
{
	return err->http_status == 401 || err->http_status == 403 ||
	       strstr(err->text, "pull access denied") ||
	       (err->http_status == 500 && (strstr(err->text, "no basic auth credentials") ||
					    strcasestr(err->text, "unauthorized")));
}

static bool is_distrusted(const swarm_error *err)
{
	return err->http_status == 500 && (strstr(err->text, "x509") || strstr(err->text, "tls:"));
}

int swarm__image_explain(const char *image, const char *verb, int rc, swarm_error *err)
{
	size_t length = host_length(image);
	const char *host = length ? image : "docker.io";

	length = length ? length : strlen(host);
	if (is_refused(err)) {
		swarm__error_clear(err);
		rc = SWARM_E_HTTP;
		swarm__error(err, rc,
			     "the registry %.*s refuses image %s: credentials are missing or wrong",
			     (int)length, host, image);
		err->http_status = 401;
	} else if (rc == SWARM_E_NOT_FOUND) {
		swarm__error_clear(err);
		swarm__error(err, rc,
			     "the registry %.*s has no image %s, or hides it without credentials",
			     (int)length, host, image);
		err->http_status = 404;
	} else if (is_distrusted(err)) {
		swarm__error_wrap(
			err, rc,
			"put the registry's CA into /etc/docker/certs.d/%.*s/ca.crt on the "
			"managers and the workers",
			(int)length, host);
	} else if (rc != SWARM_E_NOMEM && rc != SWARM_E_CANCELED) {
		swarm__error_wrap(err, rc, "image %s could not be %s", image, verb);
	}
	return rc;
}

/* moby's specs have capital names where its answer has none. */
static json_t *make_platforms(const json_t *answer)
{
	json_t *platforms = json_array();
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(answer, "Platforms"), i, one) {
		json_t *platform = json_pack("{s:s, s:s}", "Architecture",
					     swarm__json_string(one, "architecture"), "OS",
					     swarm__json_string(one, "os"));

		if (json_array_append_new(platforms, platform)) {
			json_decref(platforms);
			return NULL;
		}
	}
	return platforms;
}

static int make_found(const char *image, const json_t *answer, json_t **ret_found, swarm_error *err)
{
	const char *digest = swarm__json_string(answer, "Descriptor.digest");
	json_t *found;

	if (strncmp(digest, "sha256:", 7) != 0 || strspn(digest + 7, "0123456789abcdef") != 64 ||
	    digest[71])
		return swarm__error(err, SWARM_E_JSON, "Descriptor.digest: expected sha256:...");
	found = json_pack("{s:o, s:s, s:o}", "image",
			  json_sprintf("%.*s@%s", (int)strcspn(image, "@"), image, digest),
			  "digest", digest, "platforms", make_platforms(answer));
	if (!found)
		return swarm__nomem(err);
	*ret_found = found;
	return 0;
}

int swarm__image_resolve(swarm_client *client, const char *image, const json_t *registry_auth,
			 const swarm__deadline *deadline, json_t **ret_found, swarm_error *err)
{
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_DISTRIBUTION_INSPECT);
	swarm__deadline own = swarm__deadline_in(0, DEFAULT_TIMEOUT_MS);
	json_t *answer;
	int rc;

	rc = swarm__image_check_auth(image, registry_auth, err);
	if (rc)
		return rc;
	if (swarm__deadline_left(deadline) < swarm__deadline_left(&own))
		own = *deadline;
	options.id = image;
	options.registry_auth = registry_auth;
	rc = swarm__call_until(client, &options, &own, &answer, err);
	if (rc)
		return swarm__image_explain(image, "looked up", rc, err);
	rc = make_found(image, answer, ret_found, err);
	json_decref(answer);
	return rc;
}

int swarm_image_resolve(swarm_client *client, const char *image, const json_t *registry_auth,
			int64_t timeout_ms, json_t **ret_found, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm_error spare = SWARM_ERROR_INIT;

	if (!client || !image || !*image || !ret_found)
		return swarm__error(err, SWARM_E_INVAL, "client, image and ret_found are required");
	if (strlen(image) > SWARM__MAX_IMAGE)
		return swarm__error(err, SWARM_E_INVAL, "the image's name is too long");
	return swarm__image_resolve(client, image, registry_auth, &deadline, ret_found,
				    err ? err : &spare);
}
