/* SPDX-License-Identifier: Apache-2.0 */
/* Where the engine is and how one speaks to it, from the options: address, TLS or not, PEM files. */
#include "http/internal.h"

#include <curl/curl.h>
#include <string.h>

static bool wants_tls(const swarm_client_options *options)
{
	return options->tls != SWARM_TLS_AUTO || options->tls_ca || options->tls_cert ||
	       options->tls_key;
}

static int check(const swarm_client_options *options, swarm_error *err)
{
	if (options->tls < SWARM_TLS_AUTO || options->tls > SWARM_TLS_NO_VERIFY)
		return swarm__error(err, SWARM_E_INVAL, "tls must be one of swarm_tls");
	if (!options->tls_cert != !options->tls_key)
		return swarm__error(err, SWARM_E_INVAL,
				    "tls_cert and tls_key go together: give both or none");
	return 0;
}

/* The extension that a file root delivers is linked with a libcurl that has no TLS. */
static int require_tls(swarm_error *err)
{
	if (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_SSL)
		return 0;
	return swarm__error(
		err, SWARM_E_INVAL,
		"this build has no TLS, because its libcurl has none: use unix:///path, or "
		"the extension of the wheel saltext-swarm, or a libcurl that has it");
}

/* False without memory. */
static bool copy(const char *string, char **ret_copy)
{
	*ret_copy = string ? strdup(string) : NULL;
	return !string || *ret_copy;
}

int swarm__endpoint_init(const swarm_client_options *options, swarm__endpoint *ret_endpoint,
			 swarm_error *err)
{
	swarm__endpoint made = { .tls = wants_tls(options),
				 .verify = options->tls != SWARM_TLS_NO_VERIFY };
	int rc = check(options, err);

	if (rc)
		return rc;
	if (copy(options->url ? options->url : SWARM_DEFAULT_URL, &made.url) &&
	    copy(options->tls_ca, &made.ca) && copy(options->tls_cert, &made.cert) &&
	    copy(options->tls_key, &made.key))
		rc = swarm__url_split(made.url, &made.tls, &made.socket, &made.address, err);
	else
		rc = swarm__nomem(err);
	if (rc == 0 && made.tls)
		rc = require_tls(err);
	if (rc)
		swarm__endpoint_clear(&made);
	else
		*ret_endpoint = made;
	return rc;
}

void swarm__endpoint_clear(swarm__endpoint *endpoint)
{
	free(endpoint->url);
	free(endpoint->socket);
	free(endpoint->address);
	free(endpoint->ca);
	free(endpoint->cert);
	free(endpoint->key);
	*endpoint = (swarm__endpoint){ .url = NULL };
}
