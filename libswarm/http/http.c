/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport: one engine address, one kept-alive connection, one request at a time, over
 * libcurl's multi interface, so that the deadline and the cancel callback are ours. It knows
 * sockets and HTTP/1.1, and nothing of Docker.
 *
 * libcurl names the descriptors that it waits for; they are gathered in one epoll descriptor, which
 * a caller's event loop can watch. Calls that block wait on the same one and take the same steps.
 */
#include "http/http.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

/* The cancel callback is asked at least this often, and seldom more (it may take Python's GIL). */
enum { SLICE_MS = 200 };
/* The connection, and what the resolver waits for. */
enum { MAX_EVENTS = 8 };

int swarm__http_new(const swarm__endpoint *endpoint, swarm__http **ret_http, swarm_error *err)
{
	swarm__http *http = calloc(1, sizeof(*http));

	if (!http)
		return swarm__nomem(err);
	http->endpoint = endpoint;
	http->epoll = -1;
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

/* libcurl says which events of a descriptor it waits for. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *payload, void *known)
{
	swarm__http *http = payload;
	struct epoll_event event = { .data.fd = fd };

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		/* Closed descriptors leave by themselves. */
		epoll_ctl(http->epoll, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		event.events |= EPOLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		event.events |= EPOLLOUT;
	if (epoll_ctl(http->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0)
		return -1;
	curl_multi_assign(http->multi, fd, http);
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *payload)
{
	swarm__http *http = payload;

	(void)multi;
	http->due_ms = ms < 0 ? -1 : swarm__now_ms() + ms;
	return 0;
}

static void forget_response(swarm__http *http)
{
	swarm__buffer_clear(&http->response.body);
	http->head_done = false;
}

/* The request is over, whatever came of it; closes the connection if the answer is not whole. */
static void end_request(swarm__http *http)
{
	if (!http->busy)
		return;
	http->busy = false;
	curl_multi_remove_handle(http->multi, http->easy);
	/* What is left in the handle points into this request. */
	curl_easy_reset(http->easy);
	/* One of them may hold credentials. */
	for (struct curl_slist *line = http->headers; line; line = line->next)
		swarm__wipe(line->data, strlen(line->data));
	curl_slist_free_all(http->headers);
	http->headers = NULL;
	/* What came of a stream before it was cut still counts. */
	if (!http->feed)
		forget_response(http);
}

/*
 * After a fork the connection belongs to the other process, and so does what is in the epoll
 * descriptor, which both share. Plain HTTP says nothing at a close, so closing our copies leaves the
 * other's connection as it is. TLS does say something, in the other's name: there the handles are
 * left alone, once in each child.
 */
static void close_handles(swarm__http *http)
{
	bool inherited = http->pid != getpid();

	/* First, so that nothing is taken out of it in the other's name. */
	if (http->epoll >= 0)
		close(http->epoll);
	http->epoll = -1;
	if (!inherited || !http->endpoint->tls) {
		end_request(http);
		curl_easy_cleanup(http->easy);
		curl_multi_cleanup(http->multi);
	}
	http->busy = false;
	http->headers = NULL;
	http->easy = NULL;
	http->multi = NULL;
}

swarm__http *swarm__http_free(swarm__http *http)
{
	if (http) {
		close_handles(http);
		forget_response(http);
	}
	free(http);
	return NULL;
}

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
	http->pid = getpid();
	http->multi = curl_multi_init();
	http->easy = curl_easy_init();
	if (!http->multi || !http->easy) {
		close_handles(http);
		return swarm__nomem(err);
	}
	http->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (http->epoll < 0) {
		int sys = errno;

		close_handles(http);
		return swarm__http_fail(err, SWARM_E_TRANSPORT, CURLE_OK, sys,
					"no descriptor is left to wait with");
	}
	curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, 1L);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	http->due_ms = -1;
	return 0;
}

/* --- one request in steps -------------------------------------------------------------------- */

static int multi_failed(swarm__http *http, CURLMcode multi, swarm_error *err)
{
	end_request(http);
	if (multi == CURLM_OUT_OF_MEMORY)
		return swarm__nomem(err);
	return swarm__error(err, SWARM_E_TRANSPORT, "libcurl: %s", curl_multi_strerror(multi));
}

static int ask_cancel(swarm__http *http, swarm_error *err)
{
	const swarm__http_request *request = &http->request;

	http->asked_ms = swarm__now_ms();
	if (!request->cancel || request->cancel(request->cancel_payload) == 0)
		return 0;
	end_request(http);
	return swarm__error(err, SWARM_E_CANCELED, "canceled");
}

int swarm__http_begin(swarm__http *http, const swarm__http_request *request, swarm_error *err)
{
	CURLcode set;
	CURLMcode added;
	int rc;

	if (http->busy && http->pid == getpid())
		return swarm__error(err, SWARM_E_INVAL,
				    "another call of this client is in progress: end it first");
	http->request = *request;
	rc = open_handles(http, err);
	if (rc == 0)
		rc = ask_cancel(http, err);
	if (rc)
		return rc;
	forget_response(http);
	http->response = (swarm__http_response){ .status = 0 };
	swarm__buffer_init_in(&http->response.body, request->max_body, request->allocator);
	http->deadline = swarm__deadline_in(request->timeout_ms, 1);
	http->lines = 0;
	http->many_lines = false;
	http->paused = false;
	http->stopped = 0;
	http->detail[0] = '\0';
	http->busy = true;
	set = swarm__http_set_options(http);
	if (set != CURLE_OK) {
		end_request(http);
		return set == CURLE_OUT_OF_MEMORY ? swarm__nomem(err)
						  : swarm__http_fail(err, SWARM_E_TRANSPORT, set, 0,
								     curl_easy_strerror(set));
	}
	added = curl_multi_add_handle(http->multi, http->easy);
	return added == CURLM_OK ? 0 : multi_failed(http, added, err);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t swarm__http_due_in(const swarm__http *http)
{
	int64_t left = swarm__deadline_left(&http->deadline);
	int64_t due = http->due_ms < 0 ? left : http->due_ms - swarm__now_ms();

	return http->busy && !http->paused && due > 0 ? least(due, left) : 0;
}

void swarm__http_feed(swarm__http *http, size_t size)
{
	http->feed = size;
}

int swarm__http_fd(const swarm__http *http)
{
	return http->epoll;
}

static bool is_due(const swarm__http *http)
{
	return http->due_ms >= 0 && http->due_ms <= swarm__now_ms();
}

/* Let libcurl go on where it can. *ret_idle: no descriptor had anything for it. */
static CURLMcode advance(swarm__http *http, int64_t wait_ms, bool *ret_idle)
{
	struct epoll_event events[MAX_EVENTS];
	CURLMcode multi = CURLM_OK;
	int running, count = 0;

	*ret_idle = !is_due(http);
	/* A request begins with what is due: one system call less for each. */
	if (*ret_idle) {
		wait_ms = least(least(wait_ms, SLICE_MS), swarm__http_due_in(http));
		count = epoll_wait(http->epoll, events, MAX_EVENTS, (int)wait_ms);
		*ret_idle = count <= 0;
	}
	for (int i = 0; i < count && multi == CURLM_OK; i++) {
		int what = events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0;

		if (events[i].events & EPOLLOUT)
			what |= CURL_CSELECT_OUT;
		if (events[i].events & (EPOLLERR | EPOLLHUP))
			what |= CURL_CSELECT_ERR;
		multi = curl_multi_socket_action(http->multi, events[i].data.fd, what, &running);
	}
	if (multi == CURLM_OK && is_due(http)) {
		http->due_ms = -1;
		multi = curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	return multi;
}

/* The answer is whole, or the transfer failed. */
static int settle(swarm__http *http, CURLcode result, swarm_error *err)
{
	int rc = swarm__http_verdict(http, result, err);

	if (rc)
		end_request(http);
	return rc;
}

/* Take what was held back. Where it is refused libcurl says so here alone, and would go on without it. */
static CURLcode resume(swarm__http *http)
{
	http->fed = 0;
	if (!http->paused)
		return CURLE_OK;
	http->paused = false;
	return curl_easy_pause(http->easy, CURLPAUSE_CONT);
}

int swarm__http_step(swarm__http *http, int64_t wait_ms, bool *ret_done, swarm_error *err)
{
	const CURLMsg *message;
	CURLcode resumed;
	CURLMcode multi;
	bool idle, held = http->paused;
	int queued;

	if (!http->busy || http->pid != getpid())
		return swarm__error(
			err, SWARM_E_INVAL,
			"no call is in progress: it is over, or belongs to another process");
	resumed = resume(http);
	if (resumed != CURLE_OK)
		return settle(http, resumed, err);
	multi = advance(http, held ? 0 : wait_ms, &idle);
	if (multi != CURLM_OK)
		return multi_failed(http, multi, err);
	message = curl_multi_info_read(http->multi, &queued);
	if (message) {
		int rc = settle(http, message->data.result, err);

		*ret_done = rc == 0;
		return rc;
	}
	*ret_done = false;
	if (!swarm__deadline_left(&http->deadline)) {
		end_request(http);
		return swarm__http_fail(err, SWARM_E_TIMEOUT, CURLE_OK, 0,
					"no answer before the deadline");
	}
	/* No descriptor is ready when a slice is over, and when a signal came (EINTR). */
	if (wait_ms && (idle || swarm__now_ms() - http->asked_ms >= SLICE_MS))
		return ask_cancel(http, err);
	return 0;
}

void swarm__http_take(swarm__http *http, swarm__http_response *ret_response)
{
	*ret_response = http->response;
	swarm__buffer_init(&http->response.body, 0);
	end_request(http);
	forget_response(http);
}

swarm__http_response *swarm__http_so_far(swarm__http *http)
{
	return http->head_done ? &http->response : NULL;
}

void swarm__http_no_deadline(swarm__http *http)
{
	http->deadline = swarm__deadline_in(INT64_MAX, 1);
}

void swarm__http_abort(swarm__http *http)
{
	if (http->pid == getpid())
		end_request(http);
}

int swarm__http_send(swarm__http *http, const swarm__http_request *request,
		     swarm__http_response *ret_response, swarm_error *err)
{
	bool done = false;
	int rc = swarm__http_begin(http, request, err);

	while (rc == 0 && !done)
		rc = swarm__http_step(http, SLICE_MS, &done, err);
	if (rc == 0)
		swarm__http_take(http, ret_response);
	return rc;
}

void swarm__http_response_clear(swarm__http_response *response)
{
	swarm__buffer_clear(&response->body);
}
