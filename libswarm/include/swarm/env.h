/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the engine is, as the docker command line has it: from the environment, or from a context.
 *
 *	swarm_endpoint_from_env(&endpoint, &err);
 *	swarm_endpoint_use(endpoint, &options);
 *	swarm_client_new(&options, &client, &err);
 *	swarm_endpoint_free(endpoint);
 *
 * Thread rule: any thread, as long as none changes the environment meanwhile. In a set-user-id
 * program the environment counts as empty.
 */
#ifndef SWARM_ENV_H
#define SWARM_ENV_H

#include <swarm/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An endpoint; the strings belong to it, NULL if nothing is said. */
typedef struct swarm_endpoint {
	char *url;
	char *api_version; /**< without the "v" that some write */
	swarm_tls tls;
	char *tls_ca;
	char *tls_cert;
	char *tls_key;
} swarm_endpoint;

/**
 * From DOCKER_HOST, DOCKER_API_VERSION, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH.
 *
 * An empty variable counts as unset. TLS is for a TCP address: verified with DOCKER_TLS_VERIFY,
 * whatever it says; not verified with DOCKER_CERT_PATH alone, which is what docker's Go client does.
 * ca.pem, cert.pem and key.pem are in DOCKER_CERT_PATH, all three; without it, those that are there in
 * DOCKER_CONFIG or ~/.docker are taken.
 *
 * @param ret_endpoint  new; free with swarm_endpoint_free()
 * @param err           NULL or an error to fill
 * @return 0, SWARM_E_NOMEM, SWARM_E_INVAL (a path is too long); what is wrong in the values is found
 *         by swarm_client_new()
 */
int swarm_endpoint_from_env(swarm_endpoint **ret_endpoint, swarm_error *err);

/**
 * From a docker context, as "docker context create" keeps it in DOCKER_CONFIG or ~/.docker. Where it
 * has PEM files they are used, and the server is verified unless the context says otherwise.
 *
 * @param name          the context's name; "default" is swarm_endpoint_from_env()
 * @param ret_endpoint  new; free with swarm_endpoint_free()
 * @param err           NULL or an error to fill
 * @return 0, SWARM_E_INVAL (no possible name, no docker endpoint in it, a path is too long),
 *         SWARM_E_NOT_FOUND, SWARM_E_PERMISSION, SWARM_E_TOO_LARGE, SWARM_E_JSON, SWARM_E_NOMEM
 */
int swarm_endpoint_from_context(const char *name, swarm_endpoint **ret_endpoint, swarm_error *err);

/**
 * Set url, api_version and tls of client options; all else in them stays.
 *
 * @param endpoint  borrowed by options until swarm_client_new() has returned
 * @param options   started from SWARM_CLIENT_OPTIONS_INIT
 */
void swarm_endpoint_use(const swarm_endpoint *endpoint, swarm_client_options *options);

/**
 * Free an endpoint with its strings.
 *
 * @param endpoint  stolen; NULL is allowed
 * @return NULL, always
 */
swarm_endpoint *swarm_endpoint_free(swarm_endpoint *endpoint);

#ifdef __cplusplus
}
#endif

#endif
