/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client: options, the API version agreed with the engine, and what a broken transport means
 * for an engine. Calls are in call.c.
 */
#include "call/internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#ifndef SWARM_VERSION
#error "compile with -DSWARM_VERSION=\"x.y.z\", from the file VERSION"
#endif

/* "1.45" to 45, any that is higher than all that are known to INT_MAX; -1 if it is not of that form. */
static int read_version(const char *text)
{
	size_t digits;
	long minor;

	if (strncmp(text, "1.", 2) != 0)
		return -1;
	digits = strspn(text + 2, "0123456789");
	if (digits < 1 || text[2 + digits])
		return -1;
	minor = strtol(text + 2, NULL, 10);
	return minor < INT_MAX ? (int)minor : INT_MAX;
}

static void set_version(swarm_client *client, int minor)
{
	client->minor = minor;
	snprintf(client->version, sizeof(client->version), "1.%d", minor);
}

static int pin_version(swarm_client *client, const char *version, swarm_error *err)
{
	int minor = read_version(version);

	if (minor < SWARM__API_MIN || minor > SWARM__API_MAX)
		return swarm__error(err, SWARM_E_INVAL,
				    "the API version must be from \"1.%d\" to \"1.%d\"",
				    SWARM__API_MIN, SWARM__API_MAX);
	client->pinned = true;
	set_version(client, minor);
	return 0;
}

int swarm_client_new(const swarm_client_options *options, swarm_client **ret_client,
		     swarm_error *err)
{
	static const swarm_client_options defaults = SWARM_CLIENT_OPTIONS_INIT;
	swarm_client *client;
	int rc;

	if (!options)
		options = &defaults;
	if (!ret_client || options->size < sizeof(*options) || options->timeout_ms < 0 ||
	    (options->allocator && (!options->allocator->allocate || !options->allocator->release)))
		return swarm__error(
			err, SWARM_E_INVAL,
			"client options must start from SWARM_CLIENT_OPTIONS_INIT, a timeout is not "
			"negative, and an allocator has both functions");
	client = calloc(1, sizeof(*client));
	if (!client)
		return swarm__nomem(err);
	client->timeout_ms = options->timeout_ms;
	client->max_body = options->max_body ? options->max_body : SWARM_DEFAULT_MAX_BODY;
	client->cancel = options->cancel;
	client->cancel_payload = options->cancel_payload;
	if (options->allocator) {
		client->allocator = *options->allocator;
		client->has_allocator = true;
	}
	rc = swarm__endpoint_init(options, &client->endpoint, err);
	if (rc == 0)
		rc = swarm__http_new(&client->endpoint, &client->http, err);
	if (rc == 0 && options->api_version)
		rc = pin_version(client, options->api_version, err);
	if (rc) {
		swarm_client_free(client);
		return rc;
	}
	*ret_client = client;
	return 0;
}

swarm_client *swarm_client_free(swarm_client *client)
{
	if (client) {
		swarm__http_free(client->http);
		swarm__endpoint_clear(&client->endpoint);
	}
	free(client);
	return NULL;
}

const char *swarm_client_url(const swarm_client *client)
{
	return client ? client->endpoint.url : NULL;
}

const char *swarm_version(void)
{
	return SWARM_VERSION;
}

void swarm_bytes_free(char *bytes, size_t size)
{
	swarm__wipe(bytes, size);
	free(bytes);
}

bool swarm__client_is_local(const swarm_client *client)
{
	return client->endpoint.socket != NULL;
}

int swarm__client_canceled(swarm_client *client, swarm_error *err)
{
	if (client->cancel && client->cancel(client->cancel_payload) != 0)
		return swarm__error(err, SWARM_E_CANCELED, "canceled");
	return 0;
}

int swarm__client_explain(const swarm_client *client, int code, swarm_error *err)
{
	const swarm__endpoint *endpoint = &client->endpoint;
	const char *where = endpoint->socket ? endpoint->socket : endpoint->url;

	switch (code) {
	case SWARM_E_PERMISSION:
		return swarm__error_wrap(
			err, code, "%s may not be opened, run as root or join the group docker",
			where);
	case SWARM_E_CONNECT:
		/* A socket without a listener is what a stopped engine leaves behind. */
		if (err && err->sys_errno == ECONNREFUSED && swarm__client_is_local(client))
			return swarm__error_wrap(
				err, code,
				"docker is not running, start it with systemctl start docker: %s",
				where);
		if (err && err->sys_errno == ECONNRESET)
			return swarm__error_wrap(
				err, code,
				"%s takes connections and closes them: docker is starting or "
				"stopping (journalctl -u docker), or something else listens there",
				where);
		return swarm__error_wrap(
			err, code, "no engine listens at %s, is docker installed and running?",
			where);
	case SWARM_E_TRANSPORT:
		/* The engine ends, as when it is killed, with the call under way. */
		if (err &&
		    (err->curl_code == CURLE_GOT_NOTHING || err->curl_code == CURLE_RECV_ERROR ||
		     err->curl_code == CURLE_SEND_ERROR))
			return swarm__error_wrap(
				err, code,
				"docker ended during the call (journalctl -u docker), run again");
		return code;
	default:
		return code;
	}
}

swarm__http_request swarm__client_ping(const swarm_client *client, int64_t timeout_ms)
{
	const swarm_op_info *ping = swarm_op_get(SWARM_OP_PING);

	return (swarm__http_request){
		.method = ping->method,
		.target = ping->path,
		.timeout_ms = timeout_ms,
		.max_body = swarm__answer_limit(client, ping),
		.max_error = SWARM__MAX_REFUSAL,
		.allocator = swarm__client_allocator(client),
		.cancel = client->cancel,
		.cancel_payload = client->cancel_payload,
	};
}

/* Go's server says so where TLS is spoken (net/http: server.go, badRequestError). */
static bool wants_tls(const swarm__http_response *response)
{
	return response->status == 400 && response->body.data &&
	       strstr(response->body.data, "HTTP request to an HTTPS server");
}

static int no_engine(const swarm_client *client, const swarm__http_response *response,
		     swarm_error *err)
{
	if (err && !err->code)
		err->http_status = response->status;
	if (wants_tls(response))
		return swarm__error(
			err, SWARM_E_HTTP,
			"%s speaks TLS: set a CA file, and usually a client certificate",
			client->endpoint.url);
	return swarm__error(err, SWARM_E_HTTP, "%s is not a Docker engine (HTTP %d on /_ping)",
			    client->endpoint.url, response->status);
}

/*
 * The lower of the engine's version and ours, as the Go client does it (moby: client/client.go,
 * negotiateAPIVersionPing). The header comes with every status. An engine without it is older than
 * 1.13, the first that sent it, so it speaks 1.24.
 */
int swarm__client_agree(swarm_client *client, const swarm__http_response *response,
			swarm_error *err)
{
	int minor = SWARM__API_MIN;

	if (response->api_version[0])
		minor = read_version(response->api_version);
	else if (response->status >= 300)
		return no_engine(client, response, err);
	if (minor < 0)
		return swarm__error(err, SWARM_E_VERSION,
				    "the API version '%s' at %s is not of the form 1.%d: check "
				    "that docker listens there, or upgrade docker",
				    response->api_version, client->endpoint.url, SWARM__API_MAX);
	if (minor < SWARM__API_MIN)
		return swarm__error(
			err, SWARM_E_VERSION,
			"the engine speaks API %s, but swarm mode needs 1.%d: upgrade docker",
			response->api_version, SWARM__API_MIN);
	set_version(client, minor < SWARM__API_MAX ? minor : SWARM__API_MAX);
	return 0;
}

static int negotiate(swarm_client *client, int64_t timeout_ms, swarm_error *err)
{
	swarm__http_request request = swarm__client_ping(client, timeout_ms);
	swarm__http_response response;
	int rc;

	if (client->minor)
		return 0;
	rc = swarm__http_send(client->http, &request, &response, err);
	if (rc == SWARM_E_TIMEOUT)
		return swarm__error_wrap(err, rc, "the ping took longer than %lld ms",
					 (long long)timeout_ms);
	if (rc)
		return swarm__client_explain(client, rc, err);
	rc = swarm__client_agree(client, &response, err);
	swarm__http_response_clear(&response);
	return rc;
}

int swarm_client_api_version(swarm_client *client, const char **ret_version, swarm_error *err)
{
	int64_t timeout_ms;
	int rc;

	if (!client || !ret_version)
		return swarm__error(err, SWARM_E_INVAL,
				    "a client and a place for the version are required");
	timeout_ms = client->timeout_ms ? client->timeout_ms
					: swarm_op_get(SWARM_OP_PING)->timeout_ms;
	rc = negotiate(client, timeout_ms, err);
	if (rc == 0)
		*ret_version = client->version;
	return rc;
}
