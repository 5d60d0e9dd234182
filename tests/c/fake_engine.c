/* SPDX-License-Identifier: Apache-2.0 */
/* See fake_engine.h. One thread polls the listening socket, a wake pipe and the connections. */
#include "fake_engine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 32, MAX_KEPT = 64 };

typedef struct connection {
	int fd;
	char *data; /* what came of the request so far */
	size_t size;
	size_t room;
} connection;

struct fake_engine {
	char folder[64];
	char path[96];
	char url[112];
	int listener;
	int wake[2];
	pthread_t thread;
	const fake_row *row;
	bool row_used;    /* a repeating row has answered at least once */
	fake_answer give; /* instead of rows, or NULL */
	void *payload;
	fake_row own; /* what it gave */
	connection connections[MAX_CONNECTIONS];
	pthread_mutex_t lock; /* guards what follows */
	int accepted;
	int requests;
	int failures;
	char *kept[MAX_KEPT];
};

static void die(const char *what)
{
	printf("Bail out! fake engine: %s: %s\n", what, strerror(errno));
	exit(99);
}

static void nap(int ms)
{
	struct timespec pause = { ms / 1000, (long)(ms % 1000) * 1000000L };

	nanosleep(&pause, NULL);
}

static void drop(connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->data);
	*c = (connection){ .fd = -1 };
}

static void fail(fake_engine *engine, const char *what, const char *row, const char *request)
{
	printf("# fake engine: %s: row '%s'%s%.*s\n", what, row ? row : "(end of script)",
	       request ? ", request: " : "", request ? (int)strcspn(request, "\r\n") : 0,
	       request ? request : "");
	pthread_mutex_lock(&engine->lock);
	engine->failures++;
	pthread_mutex_unlock(&engine->lock);
}

/* --- sending ------------------------------------------------------------------------------- */

typedef struct text {
	char *data;
	size_t size;
} text;

static void text_add(text *t, const char *bytes, size_t size)
{
	t->data = realloc(t->data, t->size + size + 1);
	if (!t->data)
		die("realloc");
	if (size)
		memcpy(t->data + t->size, bytes, size);
	t->size += size;
	t->data[t->size] = '\0';
}

/* A client that has gone away is its own affair: errors end the sending only. */
static bool send_all(int fd, const char *bytes, size_t size, const fake_row *row)
{
	size_t piece = row->pieces ? row->pieces : size;

	for (size_t done = 0; done < size;) {
		size_t want = size - done < piece ? size - done : piece;
		ssize_t sent = send(fd, bytes + done, want, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		done += (size_t)sent;
		if (row->pieces && row->delay_ms)
			nap(row->delay_ms);
	}
	return true;
}

static void add_chunked(text *t, const char *body, size_t size, const fake_row *row)
{
	size_t chunk = row->chunk;
	char line[32];

	for (size_t done = 0; done < size;) {
		size_t part = size - done < chunk ? size - done : chunk;

		text_add(t, line, (size_t)snprintf(line, sizeof(line), "%zx\r\n", part));
		text_add(t, body + done, part);
		text_add(t, "\r\n", 2);
		done += part;
	}
	if (row->fault != FAKE_OPEN)
		text_add(t, "0\r\n\r\n", 5);
}

static text make_reply(const fake_row *row)
{
	text t = { NULL, 0 };
	char head[1024];
	char *huge = NULL;
	const char *body = row->reply ? row->reply : "";
	size_t size = row->size ? row->size : strlen(body);
	char length[64] = "Transfer-Encoding: chunked\r\n";

	if (row->fault == FAKE_RAW) {
		text_add(&t, body, size);
		return t;
	}
	if (row->fault == FAKE_HUGE) {
		size = row->at;
		huge = malloc(size + 1);
		if (!huge)
			die("malloc");
		memset(huge, ' ', size);
		body = huge;
	}
	if (!row->chunk)
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n",
			 row->fault == FAKE_LENGTH ? row->at : size);
	text_add(&t, head,
		 (size_t)snprintf(head, sizeof(head),
				  "HTTP/1.1 %d Fake\r\nContent-Type: application/json\r\n%s",
				  row->status ? row->status : 200, length));
	if (row->headers)
		text_add(&t, row->headers, strlen(row->headers));
	text_add(&t, "\r\n", 2);
	if (row->chunk)
		add_chunked(&t, body, size, row);
	else
		text_add(&t, body, size);
	free(huge);
	return t;
}

/* False: the connection is to be closed. */
static bool answer(int fd, const fake_row *row)
{
	text t;
	bool good;

	if (row->fault == FAKE_SILENT)
		return true;
	if (row->delay_ms)
		nap(row->delay_ms);
	t = make_reply(row);
	if (row->fault == FAKE_CLOSE_AT && row->at < t.size)
		t.size = row->at;
	good = send_all(fd, t.data, t.size, row);
	free(t.data);
	return good &&
	       (row->fault == FAKE_NONE || row->fault == FAKE_HUGE || row->fault == FAKE_OPEN);
}

/* --- the script ---------------------------------------------------------------------------- */

static bool fits(const fake_row *row, const char *request)
{
	size_t length;

	if (!row->expect)
		return false;
	length = strlen(row->expect);
	return strncmp(request, row->expect, length) == 0 &&
	       strncmp(request + length, " HTTP/1.1\r\n", 11) == 0;
}

static const fake_row wrong = { .status = 599,
				.reply = "{\"message\":\"not in the fake engine's script\"}" };

/* The row that answers a request, after moving on in the script. */
static const fake_row *pick(fake_engine *engine, const char *request)
{
	const fake_row *row = engine->row;
	const char *body = strstr(request, "\r\n\r\n");

	if (engine->give) {
		engine->own = engine->give(engine->payload, request);
		return &engine->own;
	}
	if (row->expect && row->repeat && engine->row_used && !fits(row, request)) {
		row = ++engine->row;
		engine->row_used = false;
	}
	if (!fits(row, request)) {
		fail(engine, "unexpected request", row->expect, request);
		return &wrong;
	}
	if (row->body && !strstr(body + 4, row->body)) {
		fail(engine, "body lacks the expected text", row->expect, request);
		return &wrong;
	}
	engine->row_used = true;
	if (!row->repeat) {
		engine->row++;
		engine->row_used = false;
	}
	return row;
}

static void keep(fake_engine *engine, const char *request)
{
	pthread_mutex_lock(&engine->lock);
	if (engine->requests < MAX_KEPT)
		engine->kept[engine->requests] = strdup(request);
	engine->requests++;
	pthread_mutex_unlock(&engine->lock);
}

/* --- receiving ------------------------------------------------------------------------------- */

/* Size of the whole request, 0 while it is not there yet. */
static size_t request_size(const connection *c)
{
	const char *end = strstr(c->data, "\r\n\r\n");
	size_t size;

	if (!end)
		return 0;
	size = (size_t)(end - c->data) + 4;
	for (const char *line = c->data; line < end; line = strstr(line, "\r\n") + 2)
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			size += strtoul(line + 15, NULL, 10);
	return c->size < size ? 0 : size;
}

/* Take what came; answer each whole request. False: close. */
static bool serve(fake_engine *engine, connection *c)
{
	ssize_t got;
	size_t size;

	if (c->room - c->size < 65536) {
		c->room = c->room * 2 + 131072;
		c->data = realloc(c->data, c->room);
		if (!c->data)
			die("realloc");
	}
	got = recv(c->fd, c->data + c->size, c->room - c->size - 1, 0);
	if (got <= 0)
		return got < 0 && errno == EINTR;
	c->size += (size_t)got;
	c->data[c->size] = '\0';
	while (c->size && (size = request_size(c))) {
		char after = c->data[size];
		const fake_row *row;

		c->data[size] = '\0';
		row = pick(engine, c->data);
		keep(engine, c->data);
		c->data[size] = after;
		memmove(c->data, c->data + size, c->size - size + 1);
		c->size -= size;
		if (!answer(c->fd, row))
			return false;
	}
	return true;
}

static void take(fake_engine *engine)
{
	int fd = accept(engine->listener, NULL, NULL);

	if (fd < 0)
		return;
	for (int i = 0; i < MAX_CONNECTIONS; i++) {
		if (engine->connections[i].fd >= 0)
			continue;
		engine->connections[i].fd = fd;
		pthread_mutex_lock(&engine->lock);
		engine->accepted++;
		pthread_mutex_unlock(&engine->lock);
		return;
	}
	close(fd);
}

static void *run(void *payload)
{
	fake_engine *engine = payload;

	for (;;) {
		struct pollfd fds[MAX_CONNECTIONS + 2] = {
			{ .fd = engine->wake[0], .events = POLLIN },
			{ .fd = engine->listener, .events = POLLIN },
		};

		for (int i = 0; i < MAX_CONNECTIONS; i++)
			fds[i + 2] = (struct pollfd){ .fd = engine->connections[i].fd,
						      .events = POLLIN };
		if (poll(fds, MAX_CONNECTIONS + 2, -1) < 0 && errno != EINTR)
			die("poll");
		if (fds[0].revents)
			return NULL;
		for (int i = 0; i < MAX_CONNECTIONS; i++)
			if (fds[i + 2].revents && !serve(engine, &engine->connections[i]))
				drop(&engine->connections[i]);
		if (fds[1].revents)
			take(engine);
	}
}

/* --- what tests call ------------------------------------------------------------------------- */

static void listen_unix(fake_engine *engine)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(engine->folder, sizeof(engine->folder), "/tmp/fake-engine-XXXXXX");
	if (!mkdtemp(engine->folder))
		die("mkdtemp");
	snprintf(engine->path, sizeof(engine->path), "%s/docker.sock", engine->folder);
	snprintf(engine->url, sizeof(engine->url), "unix://%s", engine->path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", engine->path);
	engine->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (engine->listener < 0 ||
	    bind(engine->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(engine->listener, 16) < 0)
		die("listen");
}

static void listen_tcp(fake_engine *engine)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);

	engine->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (engine->listener < 0 ||
	    bind(engine->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(engine->listener, 16) < 0 ||
	    getsockname(engine->listener, (struct sockaddr *)&address, &size) < 0)
		die("listen");
	snprintf(engine->url, sizeof(engine->url), "tcp://127.0.0.1:%d", ntohs(address.sin_port));
}

static fake_engine *start(const fake_row *rows, fake_answer give, void *payload,
			  void (*open_listener)(fake_engine *engine))
{
	fake_engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		die("calloc");
	engine->row = rows;
	engine->give = give;
	engine->payload = payload;
	for (int i = 0; i < MAX_CONNECTIONS; i++)
		engine->connections[i].fd = -1;
	open_listener(engine);
	if (pipe(engine->wake) < 0)
		die("pipe");
	pthread_mutex_init(&engine->lock, NULL);
	if (pthread_create(&engine->thread, NULL, run, engine) != 0)
		die("pthread_create");
	return engine;
}

fake_engine *fake_engine_start(const fake_row *rows)
{
	return start(rows, NULL, NULL, listen_unix);
}

fake_engine *fake_engine_start_with(fake_answer give, void *payload)
{
	static const fake_row none = { .expect = NULL };

	return start(&none, give, payload, listen_unix);
}

fake_engine *fake_engine_start_tcp(const fake_row *rows)
{
	return start(rows, NULL, NULL, listen_tcp);
}

const char *fake_engine_url(const fake_engine *engine)
{
	return engine->url;
}

int fake_engine_connections(fake_engine *engine)
{
	int count;

	pthread_mutex_lock(&engine->lock);
	count = engine->accepted;
	pthread_mutex_unlock(&engine->lock);
	return count;
}

int fake_engine_requests(fake_engine *engine)
{
	int count;

	pthread_mutex_lock(&engine->lock);
	count = engine->requests;
	pthread_mutex_unlock(&engine->lock);
	return count;
}

const char *fake_engine_request(fake_engine *engine, int n)
{
	const char *request;

	pthread_mutex_lock(&engine->lock);
	request = n >= 0 && n < MAX_KEPT && n < engine->requests ? engine->kept[n] : NULL;
	pthread_mutex_unlock(&engine->lock);
	return request;
}

static int stop(fake_engine *engine, bool early)
{
	int failures;

	if (write(engine->wake[1], "x", 1) != 1)
		die("write");
	pthread_join(engine->thread, NULL);
	for (const fake_row *row = engine->row; !early && row->expect; row++)
		if (row != engine->row || !engine->row_used)
			fail(engine, "row was not asked for", row->expect, NULL);
	failures = engine->failures;
	for (int i = 0; i < MAX_CONNECTIONS; i++)
		drop(&engine->connections[i]);
	for (int i = 0; i < MAX_KEPT; i++)
		free(engine->kept[i]);
	close(engine->listener);
	close(engine->wake[0]);
	close(engine->wake[1]);
	if (engine->path[0]) {
		unlink(engine->path);
		rmdir(engine->folder);
	}
	pthread_mutex_destroy(&engine->lock);
	free(engine);
	return failures;
}

int fake_engine_stop(fake_engine *engine)
{
	return stop(engine, false);
}

int fake_engine_stop_early(fake_engine *engine)
{
	return stop(engine, true);
}
