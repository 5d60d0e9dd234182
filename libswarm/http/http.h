/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the transport share: http.c drives, http_options.c says what libcurl is to do. */
#ifndef SWARM_HTTP_HTTP_H
#define SWARM_HTTP_HTTP_H

#include "http/internal.h"

#include <curl/curl.h>

struct swarm__http {
	const swarm__endpoint *endpoint;
	pid_t pid; /* the process that opened the handles */
	CURLM *multi;
	CURL *easy;
	int epoll;      /* watches the descriptors that libcurl waits for; -1 without handles */
	int64_t due_ms; /* monotonic time of libcurl's next timer; -1: none, only descriptors count */

	size_t feed; /* most bytes of a body in one step, 0: all */

	/* The request on its way, if busy. */
	bool busy;
	swarm__http_request request;
	swarm__deadline deadline;
	int64_t asked_ms; /* when the cancel callback was asked last */
	struct curl_slist *headers;
	swarm__http_response response;
	int lines;       /* of the head */
	bool many_lines; /* the head, or the trailers behind the body, are too large */
	bool head_done;
	size_t fed;  /* bytes of the body in this step */
	bool paused; /* libcurl holds bytes back */
	int stopped; /* the code for which a callback stopped the transfer, 0 if none did */
	char detail[CURL_ERROR_SIZE];
};

/* Options of the easy handle for http->request, new headers among them. */
CURLcode swarm__http_set_options(swarm__http *http);
/* From how the transfer ended to 0 or an error. */
int swarm__http_verdict(const swarm__http *http, CURLcode result, swarm_error *err);
/* Fill err with libcurl's and the system's numbers beside code and text. */
int swarm__http_fail(swarm_error *err, int code, CURLcode curl, long sys, const char *text);

#endif
