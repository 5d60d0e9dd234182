/*
 * The transport: one engine address, one kept-alive connection, one request at a time, over
 * libcurl's multi interface, so that the deadline and the cancel callback are ours. It knows
 * sockets and HTTP/1.1, and nothing of Docker. TLS is not in this version.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The cancel callback is asked at least this often, and seldom more (it may take Python's GIL). */
enum { SLICE_MS = 200 };
/* Lines of an answer's head, each up to SWARM__MAX_HEADER bytes. */
enum { MAX_HEADERS = 100 };
enum { READ_SIZE = 256 * 1024 };

struct swarm__http {
	char *socket;  /* path of the unix socket, NULL for TCP */
	char *address; /* "http://localhost" or "http://host:port" */
	pid_t pid;     /* the process that opened the handles */
	CURLM *multi;
	CURL *easy;
};

/* One request on its way. */
typedef struct transfer {
	const swarm__http_request *request;
	swarm__deadline deadline;
	swarm__http_response response;
	int headers;
	bool head_done;
	int code; /* why a callback stopped the transfer, 0 if none did */
	char detail[CURL_ERROR_SIZE];
} transfer;

int swarm__http_new(const char *url, swarm__http **ret_http, swarm_error *err)
{
	swarm__http *http = calloc(1, sizeof(*http));
	int code;

	if (!http)
		return swarm__nomem(err);
	code = swarm__url_split(url, &http->socket, &http->address, err);
	if (code) {
		swarm__http_free(http);
		return code;
	}
	*ret_http = http;
	return 0;
}

/* --- handles --------------------------------------------------------------------------------- */

/*
 * The one variable of the library: curl_global_init() must run once, and before libcurl 7.84 it was
 * not safe in two threads. TLS is started too, for the sake of others in this process: the first
 * caller's flags hold for all of them.
 */
static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_started;

static void start_curl(void)
{
	curl_started = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static void close_handles(swarm__http *http)
{
	curl_easy_cleanup(http->easy);
	curl_multi_cleanup(http->multi);
	http->easy = NULL;
	http->multi = NULL;
}

swarm__http *swarm__http_free(swarm__http *http)
{
	if (http) {
		close_handles(http);
		free(http->socket);
		free(http->address);
	}
	free(http);
	return NULL;
}

/*
 * After a fork the connection belongs to the other process. Plain HTTP says nothing at a close, so
 * closing our copies of the descriptors here leaves its connection as it is.
 */
static int open_handles(swarm__http *http, swarm_error *err)
{
	if (http->easy && http->pid != getpid())
		close_handles(http);
	if (http->easy)
		return 0;
	pthread_once(&curl_once, start_curl);
	if (curl_started != CURLE_OK)
		return swarm__error(err, SWARM_E_TRANSPORT, "libcurl does not start: %s",
				    curl_easy_strerror(curl_started));
	http->multi = curl_multi_init();
	http->easy = curl_easy_init();
	if (!http->multi || !http->easy) {
		close_handles(http);
		return swarm__nomem(err);
	}
	curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, 1L);
	http->pid = getpid();
	return 0;
}

/* --- callbacks of libcurl: a size other than the one given ends the transfer ------------------ */

static bool starts_with(const char *text, size_t size, const char *start)
{
	return size >= strlen(start) && strncasecmp(text, start, strlen(start)) == 0;
}

static void read_api_version(swarm__http_response *response, const char *value, size_t size)
{
	while (size && (*value == ' ' || *value == '\t')) {
		value++;
		size--;
	}
	while (size && strchr(" \t\r\n", value[size - 1]))
		size--;
	if (size >= sizeof(response->api_version))
		return;
	memcpy(response->api_version, value, size);
	response->api_version[size] = '\0';
}

static size_t on_header(char *line, size_t one, size_t size, void *payload)
{
	static const char name[] = "Api-Version:";
	transfer *t = payload;

	(void)one; /* always 1 */
	if (size > SWARM__MAX_HEADER || ++t->headers > MAX_HEADERS) {
		t->code = SWARM_E_TOO_LARGE;
		return 0;
	}
	/* A head may come after an interim one (100 Continue). */
	if (starts_with(line, size, "HTTP/"))
		t->head_done = false;
	else if (size <= 2 && (*line == '\r' || *line == '\n'))
		t->head_done = true;
	else if (starts_with(line, size, name))
		read_api_version(&t->response, line + sizeof(name) - 1, size - (sizeof(name) - 1));
	return size;
}

static size_t on_body(char *bytes, size_t one, size_t size, void *payload)
{
	transfer *t = payload;

	(void)one;
	t->code = swarm__buffer_add(&t->response.body, bytes, size);
	return t->code ? 0 : size;
}

/* --- one request ----------------------------------------------------------------------------- */

#define SET(option, value)                                                                         \
	do {                                                                                       \
		CURLcode set = curl_easy_setopt(easy, option, value);                              \
		if (set != CURLE_OK)                                                               \
			return set;                                                                \
	} while (0)

static CURLcode set_connection(CURL *easy, const swarm__http *http)
{
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_BUFFERSIZE, (long)READ_SIZE);
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(CURLOPT_PROTOCOLS_STR, "http");
#else
	SET(CURLOPT_PROTOCOLS, (long)CURLPROTO_HTTP);
#endif
	if (http->socket)
		SET(CURLOPT_UNIX_SOCKET_PATH, http->socket);
	return CURLE_OK;
}

/*
 * libcurl sends a request again on a new connection when a reused one turns out to be closed before
 * any byte of an answer. That is right for a GET. A POST or DELETE may have been carried out all
 * the same, so it always gets a new connection, and is sent once.
 */
static CURLcode set_method(CURL *easy, const swarm__http_request *request)
{
	if (strcmp(request->method, "GET") == 0) {
		SET(CURLOPT_HTTPGET, 1L);
		return CURLE_OK;
	}
	SET(CURLOPT_FRESH_CONNECT, 1L);
	if (strcmp(request->method, "POST") == 0) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDS, request->body ? request->body : "");
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
	} else {
		SET(CURLOPT_CUSTOMREQUEST, request->method);
	}
	return CURLE_OK;
}

static CURLcode set_options(swarm__http *http, transfer *t, const char *url,
			    struct curl_slist *headers)
{
	CURL *easy = http->easy;
	CURLcode code;

	curl_easy_reset(easy);
	code = set_connection(easy, http);
	if (code == CURLE_OK)
		code = set_method(easy, t->request);
	if (code != CURLE_OK)
		return code;
	SET(CURLOPT_URL, url);
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_ERRORBUFFER, t->detail);
	/* Refused at once where Content-Length says so; on_body() counts in any case. */
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->request->max_body);
	return CURLE_OK;
}

static int make_url(const swarm__http *http, const char *target, swarm__buffer *url)
{
	int code;

	swarm__buffer_init(url, SWARM__MAX_URL + 512);
	code = swarm__buffer_add_string(url, http->address);
	return code ? code : swarm__buffer_add_string(url, target);
}

/* Without a body the type that libcurl makes up for a POST is taken out. */
static struct curl_slist *make_headers(const swarm__http_request *request)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	struct curl_slist *longer;

	if (!list)
		return NULL;
	longer = curl_slist_append(list, request->body ? "Content-Type: application/json"
						       : "Content-Type:");
	if (!longer)
		curl_slist_free_all(list);
	return longer;
}

static bool is_canceled(const swarm__http_request *request)
{
	return request->cancel && request->cancel(request->cancel_payload) != 0;
}

static int canceled(swarm_error *err)
{
	return swarm__error(err, SWARM_E_CANCELED, "canceled");
}

/* Fill err with libcurl's and the system's numbers beside code and text. */
static int fail(swarm_error *err, int code, CURLcode curl, long sys, const char *text)
{
	if (err && !err->code) {
		err->curl_code = (int)curl;
		err->sys_errno = (int)sys;
	}
	return swarm__error(err, code, "%s", text);
}

static int fail_connect(const swarm__http *http, const transfer *t, CURLcode curl, swarm_error *err)
{
	char text[128];
	const char *reason = t->detail[0] ? t->detail : curl_easy_strerror(curl);
	long sys = 0;

	curl_easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &sys);
	if (sys)
		reason = strerror_r((int)sys, text, sizeof(text));
	return fail(err, sys == EACCES || sys == EPERM ? SWARM_E_PERMISSION : SWARM_E_CONNECT, curl,
		    sys, reason);
}

static int fail_transport(const swarm__http *http, const transfer *t, CURLcode curl,
			  swarm_error *err)
{
	const char *reason = t->detail[0] ? t->detail : curl_easy_strerror(curl);
	long sys = 0;

	curl_easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &sys);
	if (curl == CURLE_GOT_NOTHING)
		reason = "the connection was closed before an answer came";
	else if (curl == CURLE_PARTIAL_FILE)
		reason = "the connection was closed in the middle of the answer";
	else if (curl == CURLE_UNSUPPORTED_PROTOCOL || curl == CURLE_WEIRD_SERVER_REPLY)
		reason = "the answer is not HTTP";
	return fail(err, SWARM_E_TRANSPORT, curl, sys, reason);
}

/* From how the transfer ended to an error. */
static int finish(swarm__http *http, transfer *t, CURLcode curl, swarm_error *err)
{
	char text[80];

	if (t->code == SWARM_E_TOO_LARGE || curl == CURLE_FILESIZE_EXCEEDED) {
		snprintf(text, sizeof(text), "the answer is larger than %zu bytes",
			 t->request->max_body);
		return fail(err, SWARM_E_TOO_LARGE, curl, 0,
			    t->head_done || !t->code ? text
						     : "the head of the answer is too large");
	}
	if (t->code == SWARM_E_NOMEM || curl == CURLE_OUT_OF_MEMORY)
		return swarm__nomem(err);
	switch (curl) {
	case CURLE_OK:
		break;
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
		return fail_connect(http, t, curl, err);
	default:
		return fail_transport(http, t, curl, err);
	}
	if (!t->head_done)
		return fail_transport(http, t, CURLE_PARTIAL_FILE, err);
	return 0;
}

/* Drive the transfer to its end, the deadline or a cancel. */
static int run(swarm__http *http, transfer *t, swarm_error *err)
{
	int64_t asked = swarm__now_ms();
	CURLMcode multi;
	CURLMsg *message;

	for (;;) {
		int running = 0, ready = 0, left_in_queue;
		int64_t left = swarm__deadline_left(&t->deadline);

		multi = curl_multi_perform(http->multi, &running);
		if (multi != CURLM_OK)
			break;
		if (!running) {
			message = curl_multi_info_read(http->multi, &left_in_queue);
			return finish(http, t, message ? message->data.result : CURLE_RECV_ERROR,
				      err);
		}
		if (!left)
			return fail(err, SWARM_E_TIMEOUT, CURLE_OK, 0,
				    "no answer before the deadline");
		/* 0 descriptors are ready when a slice is over, and when a signal came (EINTR). */
		multi = curl_multi_poll(http->multi, NULL, 0,
					left < SLICE_MS ? (int)left : SLICE_MS, &ready);
		if (multi != CURLM_OK)
			break;
		if (ready == 0 || swarm__now_ms() - asked >= SLICE_MS) {
			if (is_canceled(t->request))
				return canceled(err);
			asked = swarm__now_ms();
		}
	}
	if (multi == CURLM_OUT_OF_MEMORY)
		return swarm__nomem(err);
	return swarm__error(err, SWARM_E_TRANSPORT, "libcurl: %s", curl_multi_strerror(multi));
}

static int perform(swarm__http *http, transfer *t, const char *url, struct curl_slist *headers,
		   swarm_error *err)
{
	CURLcode set = set_options(http, t, url, headers);
	CURLMcode added;
	int code;

	if (set == CURLE_OUT_OF_MEMORY)
		return swarm__nomem(err);
	if (set != CURLE_OK)
		return fail(err, SWARM_E_TRANSPORT, set, 0, curl_easy_strerror(set));
	added = curl_multi_add_handle(http->multi, http->easy);
	if (added != CURLM_OK)
		return added == CURLM_OUT_OF_MEMORY
			       ? swarm__nomem(err)
			       : swarm__error(err, SWARM_E_TRANSPORT, "libcurl: %s",
					      curl_multi_strerror(added));
	code = run(http, t, err);
	if (code == 0) {
		long status = 0;

		curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
		t->response.status = (int)status;
	}
	/* Closes the connection if the transfer is not over. */
	curl_multi_remove_handle(http->multi, http->easy);
	/* What is left in the handle points into this call. */
	curl_easy_reset(http->easy);
	return code;
}

int swarm__http_send(swarm__http *http, const swarm__http_request *request,
		     swarm__http_response *ret_response, swarm_error *err)
{
	transfer t = { .request = request };
	struct curl_slist *headers = NULL;
	swarm__buffer url;
	int code;

	t.deadline = swarm__deadline_in(request->timeout_ms, 1);
	swarm__buffer_init(&t.response.body, request->max_body);
	swarm__buffer_init(&url, 0);
	if (is_canceled(request))
		return canceled(err);
	code = open_handles(http, err);
	if (code)
		return code;
	code = make_url(http, request->target, &url);
	if (code) {
		code = swarm__error(err, code, "%s",
				    code == SWARM_E_NOMEM ? "out of memory"
							  : "the request's target is too long");
		goto out;
	}
	headers = make_headers(request);
	if (!headers) {
		code = swarm__nomem(err);
		goto out;
	}
	code = perform(http, &t, url.data, headers, err);
	if (code == 0)
		*ret_response = t.response;
	else
		swarm__buffer_clear(&t.response.body);
out:
	curl_slist_free_all(headers);
	swarm__buffer_clear(&url);
	return code;
}

void swarm__http_response_clear(swarm__http_response *response)
{
	swarm__buffer_clear(&response->body);
}
