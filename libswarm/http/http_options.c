/* SPDX-License-Identifier: Apache-2.0 */
/* Set up the curl handle, collect the response, map curl results to errors. */
#define _GNU_SOURCE
#include "http/http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Lines of an answer's head, each up to SWARM__MAX_HEADER bytes. */
enum { MAX_HEADERS = 100 };
enum { READ_SIZE = 256 * 1024 };
/* A peer that lost its power says nothing: found out by TCP after a minute or so. */
enum { KEEPALIVE_S = 30 };

/* --- callbacks: a size other than the one given ends the transfer ------------------------------ */

static bool starts_with(const char *text, size_t size, const char *start)
{
	return size >= strlen(start) && strncasecmp(text, start, strlen(start)) == 0;
}

/* The value of a header line if it has this name ("Name:"), up to a semicolon, cut to the room. */
static void read_header(const char *line, size_t size, const char *name, char *value, size_t room)
{
	size_t end = 0;

	if (!starts_with(line, size, name))
		return;
	line += strlen(name);
	size -= strlen(name);
	while (size && (*line == ' ' || *line == '\t')) {
		line++;
		size--;
	}
	while (end < size && line[end] != ';')
		end++;
	while (end && strchr(" \t\r\n", line[end - 1]))
		end--;
	/* One that is longer than any that is known stays unknown when it is cut. */
	if (end >= room)
		end = room - 1;
	memcpy(value, line, end);
	value[end] = '\0';
}

static void read_status(swarm__http *http)
{
	long status = 0;

	curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
	http->response.status = (int)status;
}

static size_t on_header(char *line, size_t one, size_t size, void *payload)
{
	swarm__http *http = payload;
	swarm__http_response *response = &http->response;

	(void)one; /* always 1 */
	if (size > SWARM__MAX_HEADER || ++http->lines > MAX_HEADERS) {
		http->stopped = SWARM_E_TOO_LARGE;
		http->many_lines = true;
		return 0;
	}
	/* Trailers of a chunked body come here too. */
	if (http->head_done)
		return size;
	if (size <= 2 && (*line == '\r' || *line == '\n')) {
		read_status(http);
		/* Another head comes after an interim one (100 Continue). */
		http->head_done = response->status >= 200;
		if (response->status >= 300 && http->request.max_error &&
		    http->request.max_error < response->body.max)
			response->body.max = http->request.max_error;
	}
	read_header(line, size, "Api-Version:", response->api_version,
		    sizeof(response->api_version));
	read_header(line, size, "Content-Type:", response->content_type,
		    sizeof(response->content_type));
	return size;
}

static size_t on_body(char *bytes, size_t one, size_t size, void *payload)
{
	swarm__http *http = payload;

	(void)one;
	if (http->feed && http->fed >= http->feed) {
		http->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	http->fed += size;
	http->stopped = swarm__buffer_add(&http->response.body, bytes, size);
	return http->stopped ? 0 : size;
}

/* --- options --------------------------------------------------------------------------------- */

#define SET(option, value)                                                                         \
	do {                                                                                       \
		CURLcode set = curl_easy_setopt(easy, option, value);                              \
		if (set != CURLE_OK)                                                               \
			return set;                                                                \
	} while (0)

/* A CA file replaces the system's CAs, as with docker. */
static CURLcode set_tls(CURL *easy, const swarm__endpoint *endpoint)
{
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, endpoint->verify ? 1L : 0L);
	SET(CURLOPT_SSL_VERIFYHOST, endpoint->verify ? 2L : 0L);
	if (endpoint->ca) {
		SET(CURLOPT_CAINFO, endpoint->ca);
		SET(CURLOPT_CAPATH, NULL);
	}
	if (endpoint->cert) {
		SET(CURLOPT_SSLCERT, endpoint->cert);
		SET(CURLOPT_SSLKEY, endpoint->key);
	}
	return CURLE_OK;
}

static CURLcode set_connection(CURL *easy, const swarm__endpoint *endpoint)
{
	SET(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* A deadline or cancel does not wait for the thread that looks up a name; it ends by itself. */
	SET(CURLOPT_QUICK_EXIT, 1L);
#endif
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_PATH_AS_IS, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(CURLOPT_PROTOCOLS_STR, endpoint->tls ? "https" : "http");
#else
	SET(CURLOPT_PROTOCOLS, (long)(endpoint->tls ? CURLPROTO_HTTPS : CURLPROTO_HTTP));
#endif
	if (endpoint->socket) {
		SET(CURLOPT_UNIX_SOCKET_PATH, endpoint->socket);
	} else {
		SET(CURLOPT_TCP_KEEPALIVE, 1L);
		SET(CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_S);
		SET(CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_S / 3);
	}
	return endpoint->tls ? set_tls(easy, endpoint) : CURLE_OK;
}

/*
 * libcurl sends a request again on a new connection when a reused one turns out to be closed before
 * any byte of an answer. That is right for a GET or HEAD. Anything else may have been carried out all
 * the same, so it always gets a new connection, and is sent once.
 */
static CURLcode set_method(CURL *easy, const swarm__http_request *request)
{
	if (strcmp(request->method, "GET") == 0) {
		SET(CURLOPT_HTTPGET, 1L);
		return CURLE_OK;
	}
	if (strcmp(request->method, "HEAD") == 0) {
		SET(CURLOPT_NOBODY, 1L);
		return CURLE_OK;
	}
	SET(CURLOPT_FRESH_CONNECT, 1L);
	if (request->body || strcmp(request->method, "POST") == 0) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDS, request->body ? request->body : "");
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
	}
	SET(CURLOPT_CUSTOMREQUEST, request->method);
	return CURLE_OK;
}

static CURLcode set_url(CURL *easy, const char *address, const char *target)
{
	swarm__buffer url;
	CURLcode set = CURLE_OUT_OF_MEMORY;

	swarm__buffer_init(&url, SWARM__MAX_URL + 512);
	if (swarm__buffer_add_string(&url, address) == 0 &&
	    swarm__buffer_add_string(&url, target) == 0)
		set = curl_easy_setopt(easy, CURLOPT_URL, url.data);
	swarm__buffer_clear(&url);
	return set;
}

static CURLcode add_header(swarm__http *http, const char *line)
{
	struct curl_slist *longer = curl_slist_append(http->headers, line);

	if (!longer)
		return CURLE_OUT_OF_MEMORY;
	http->headers = longer;
	return CURLE_OK;
}

/* Without a body the type that libcurl makes up for a POST is taken out. */
static CURLcode set_headers(swarm__http *http)
{
	const swarm__http_request *request = &http->request;
	CURL *easy = http->easy;
	CURLcode code = add_header(http, "Expect:");

	if (code == CURLE_OK)
		code = add_header(http, request->body ? "Content-Type: application/json"
						      : "Content-Type:");
	if (code == CURLE_OK && request->header)
		code = add_header(http, request->header);
	if (code == CURLE_OK)
		SET(CURLOPT_HTTPHEADER, http->headers);
	return code;
}

CURLcode swarm__http_set_options(swarm__http *http)
{
	CURL *easy = http->easy;
	CURLcode code;

	/* The handle is as new: end_request() resets it. */
	code = set_connection(easy, http->endpoint);
	if (code == CURLE_OK)
		code = set_method(easy, &http->request);
	if (code == CURLE_OK)
		code = set_url(easy, http->endpoint->address, http->request.target);
	if (code == CURLE_OK)
		code = set_headers(http);
	if (code != CURLE_OK)
		return code;
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, http);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, http);
	SET(CURLOPT_BUFFERSIZE, http->feed ? (long)http->feed : (long)READ_SIZE);
	SET(CURLOPT_ERRORBUFFER, http->detail);
	/*
	 * Refused at once where Content-Length says so; on_body() counts in any case. The limit of a
	 * stream is for one record, and libcurl would hold all of its bytes against it (since 8.4 also
	 * without a length).
	 */
	if (!http->feed && http->request.max_body <= INT64_MAX)
		SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)http->request.max_body);
	return CURLE_OK;
}

/* --- how it ended ---------------------------------------------------------------------------- */

int swarm__http_fail(swarm_error *err, int code, CURLcode curl, long sys, const char *text)
{
	if (err && !err->code) {
		err->curl_code = (int)curl;
		err->sys_errno = (int)sys;
	}
	return swarm__error(err, code, "%s", text);
}

/* sys is ECONNRESET where somebody listens who closes each connection, before anything was sent. */
static int fail_connect(const swarm__http *http, const char *reason, long sys, CURLcode curl,
			swarm_error *err)
{
	char text[128];

	/* On a unix socket libcurl finds it closed without an error of the system. */
	if (!sys && curl == CURLE_COULDNT_CONNECT && http->endpoint->socket)
		sys = ECONNRESET;
	if (sys == ECONNRESET)
		reason = "the connection was closed as soon as it was open";
	else if (sys)
		reason = strerror_r((int)sys, text, sizeof(text));
	return swarm__http_fail(
		err, sys == EACCES || sys == EPERM ? SWARM_E_PERMISSION : SWARM_E_CONNECT, curl,
		sys, reason);
}

/* libcurl has the code of a broken connection for it, and says which it was in the text alone. */
static bool is_chunk_error(const swarm__http *http, CURLcode curl)
{
	return curl == CURLE_RECV_ERROR && strcasestr(http->detail, "chunk");
}

static int fail_transport(const swarm__http *http, const char *reason, long sys, CURLcode curl,
			  swarm_error *err)
{
	if (is_chunk_error(http, curl)) {
		reason = "the answer is malformed: its body has a chunk without a valid length";
		curl = CURLE_WEIRD_SERVER_REPLY;
	} else if (curl == CURLE_GOT_NOTHING || curl == CURLE_SEND_ERROR)
		reason = "the connection was closed before an answer came";
	else if (curl == CURLE_PARTIAL_FILE || (curl == CURLE_RECV_ERROR && http->head_done))
		reason = "the connection was closed in the middle of the answer";
	else if (curl == CURLE_UNSUPPORTED_PROTOCOL || curl == CURLE_WEIRD_SERVER_REPLY)
		reason = "the answer is not HTTP";
	return swarm__http_fail(err, SWARM_E_TRANSPORT, curl, sys, reason);
}

static int fail_size(const swarm__http *http, CURLcode curl, swarm_error *err)
{
	char text[80];

	if (http->many_lines && http->head_done)
		snprintf(text, sizeof(text), "the trailers of the answer are too large");
	else if (http->many_lines)
		snprintf(text, sizeof(text), "the head of the answer is too large");
	else
		snprintf(text, sizeof(text), "the answer is larger than %zu bytes",
			 http->response.body.max);
	if (err && !err->code && http->response.status >= 300)
		err->http_status = http->response.status;
	return swarm__http_fail(err, SWARM_E_TOO_LARGE, curl, 0, text);
}

/*
 * One line of the head over libcurl's own limit (100 KB), which its callback never sees: the code is
 * that of memory that ran out, and until the end of the head nothing else takes much of it.
 */
static bool is_long_line(const swarm__http *http, CURLcode curl)
{
	curl_off_t first_byte_us = 0;

	curl_easy_getinfo(http->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_us);
	return curl == CURLE_OUT_OF_MEMORY && !http->stopped && !http->head_done &&
	       first_byte_us > 0;
}

int swarm__http_verdict(const swarm__http *http, CURLcode curl, swarm_error *err)
{
	const char *reason = http->detail[0] ? http->detail : curl_easy_strerror(curl);
	long sys = 0;

	curl_easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &sys);
	if (http->stopped == SWARM_E_TOO_LARGE || curl == CURLE_FILESIZE_EXCEEDED)
		return fail_size(http, curl, err);
	if (is_long_line(http, curl))
		return swarm__http_fail(err, SWARM_E_TOO_LARGE, curl, 0,
					"the head of the answer is too large");
	if (http->stopped == SWARM_E_NOMEM || curl == CURLE_OUT_OF_MEMORY)
		return swarm__nomem(err);
	switch (curl) {
	case CURLE_OK:
		return http->head_done ? 0
				       : fail_transport(http, reason, sys, CURLE_PARTIAL_FILE, err);
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
		return fail_connect(http, reason, sys, curl, err);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CONNECT_ERROR:
		swarm__http_fail(err, SWARM_E_TRANSPORT, curl, sys, reason);
		return swarm__error_wrap(err, SWARM_E_TRANSPORT, "TLS");
	default:
		return fail_transport(http, reason, sys, curl, err);
	}
}
