/* SPDX-License-Identifier: Apache-2.0 */
/* Client options, the agreement on an API version, and what a failed connection is said to mean. */
#include "base/internal.h"
#include "fake_engine.h"
#include "test.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static void urls(void)
{
	static const struct {
		const char *url, *text;
	} rows[] = {
		{ NULL, NULL },
		{ "unix:///var/run/docker.sock", NULL },
		{ "tcp://127.0.0.1:2375", NULL },
		{ "tcp://host-1.example_2:2375/", NULL },
		{ "tcp://[::1]:2375", NULL },
		{ "http://manager1:2375", NULL },
		{ "unix://var/run/docker.sock", "must be absolute" },
		{ "unix://", "must be absolute" },
		{ "unix:///123456789/123456789/123456789/123456789/123456789/123456789/123456789/"
		  "123456789/123456789/123456789/123456789/123456789/x.sock",
		  "over 107 bytes" },
		{ "tcp://host", "tcp://host:port" },
		{ "tcp://:2375", "tcp://host:port" },
		{ "tcp://host:", "tcp://host:port" },
		{ "tcp://host:0", "tcp://host:port" },
		{ "tcp://host:65536", "tcp://host:port" },
		{ "tcp://host:2375/path", "tcp://host:port" },
		{ "tcp://user@host:2375", "tcp://host:port" },
		{ "tcp://[::1:2375", "tcp://host:port" },
		{ "tcp://ho st:2375", "tcp://host:port" },
		{ "https://host:2376", NULL },
		{ "https://host", "tcp://host:port" },
		{ "ssh://host", "unknown kind of address" },
		{ "/var/run/docker.sock", "unknown kind of address" },
		{ "", "unknown kind of address" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
		swarm_client *client = NULL;
		swarm_error err = SWARM_ERROR_INIT;

		test_row = rows[i].url;
		options.url = rows[i].url;
		CHECK_INT(swarm_client_new(&options, &client, &err),
			  rows[i].text ? SWARM_E_INVAL : 0);
		CHECK_PART(err.text, rows[i].text ? rows[i].text : "");
		if (client)
			CHECK_STR(swarm_client_url(client),
				  rows[i].url ? rows[i].url : SWARM_DEFAULT_URL);
		CHECK(!swarm_client_free(client));
	}
}

static void bad_options(void)
{
	static const char *const versions[] = { "1.23", "1.53",  "2.0", "1.",
						"1.4x", "v1.41", "",    "1.99999" };
	swarm_client *client = NULL;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
		swarm_error err = SWARM_ERROR_INIT;

		test_row = versions[i];
		options.api_version = versions[i];
		CHECK_INT(swarm_client_new(&options, &client, &err), SWARM_E_INVAL);
		CHECK_PART(err.text, "from \"1.24\" to \"1.52\"");
	}
	{
		swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;

		options.timeout_ms = -1;
		CHECK_INT(swarm_client_new(&options, &client, NULL), SWARM_E_INVAL);
		options.timeout_ms = 0;
		options.size = 0;
		CHECK_INT(swarm_client_new(&options, &client, NULL), SWARM_E_INVAL);
	}
	CHECK_INT(swarm_client_new(NULL, NULL, NULL), SWARM_E_INVAL);
	CHECK(!client);
	CHECK_STR(swarm_version(), SWARM_VERSION);
}

static void negotiation(void)
{
	static const struct {
		const char *header;
		int status;
		int code;
		const char *version; /* or a part of the error's text */
	} rows[] = {
		{ "Api-Version: 1.45\r\n", 200, 0, "1.45" },
		{ "api-version:1.41 \r\n", 200, 0, "1.41" },
		{ "Api-Version: 1.99\r\n", 200, 0, "1.52" },
		{ "Api-Version: 1.44\r\n", 500, 0, "1.44" },
		{ "Api-Version: 1.9999\r\n", 200, 0, "1.52" },
		{ "Api-Version: 1.99999999999999999999999\r\n", 200, 0, "1.52" },
		{ NULL, 200, 0, "1.24" },
		{ "Api-Version: 1.18\r\n", 200, SWARM_E_VERSION, "upgrade docker" },
		{ "Api-Version: nonsense\r\n", 200, SWARM_E_VERSION, "upgrade docker" },
		{ NULL, 502, SWARM_E_HTTP, "is not a Docker engine (HTTP 502 on /_ping)" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const fake_row script[] = {
			{ .expect = "GET /_ping",
			  .status = rows[i].status,
			  .headers = rows[i].header,
			  .reply = "OK" },
			{ NULL },
		};
		fake_engine *engine = fake_engine_start(script);
		swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
		swarm_client *client = NULL;
		swarm_error err = SWARM_ERROR_INIT;
		const char *version = NULL;

		test_row = rows[i].header;
		options.url = fake_engine_url(engine);
		CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
		CHECK_INT(swarm_client_api_version(client, &version, &err), rows[i].code);
		if (rows[i].code) {
			CHECK_PART(err.text, rows[i].version);
		} else {
			CHECK_STR(version, rows[i].version);
			/* Asked once only. */
			CHECK_INT(swarm_client_api_version(client, &version, &err), 0);
		}
		CHECK_INT(err.http_status, rows[i].code == SWARM_E_HTTP ? rows[i].status : 0);
		swarm_client_free(client);
		CHECK_INT(fake_engine_stop(engine), 0);
	}
}

/* The wait for the version is named, before a call and by itself. */
static void silent_ping(void)
{
	static const fake_row rows[] = {
		{ .expect = "GET /_ping", .fault = FAKE_SILENT, .repeat = true }, { NULL }
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	swarm_client *client = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	const char *version;

	options.url = fake_engine_url(engine);
	options.timeout_ms = 30;
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	CHECK_INT(swarm_client_api_version(client, &version, &err), SWARM_E_TIMEOUT);
	CHECK_STR(err.text, "the ping took longer than 30 ms: no answer before the deadline");
	swarm__error_clear(&err);
	CHECK_INT(swarm_call_json(client, &info, NULL, &err), SWARM_E_TIMEOUT);
	CHECK_STR(err.text, "info took longer than 30 ms: the ping before it: no answer before the "
			    "deadline");
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* The error of a first call at url. */
static swarm_error first_call(const char *url)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	swarm_client *client = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	int code;

	options.url = url;
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	code = swarm_call_json(client, &info, NULL, &err);
	CHECK_INT(code, err.code);
	swarm_client_free(client);
	return err;
}

static void missing_socket(void)
{
	swarm_error err = first_call("unix:///nonexistent/docker.sock");

	CHECK_INT(err.code, SWARM_E_CONNECT);
	CHECK_INT(err.sys_errno, ENOENT);
	CHECK(err.curl_code != 0);
	CHECK_STR(err.text,
		  "no engine listens at /nonexistent/docker.sock, is docker installed and "
		  "running?: No such file or directory");
}

/* Takes each connection, and resets it before anything is read; payload: the listening socket. */
static void *close_each(void *payload)
{
	const struct linger at_once = { 1, 0 };
	int fd;

	while ((fd = accept(*(int *)payload, NULL, NULL)) >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(fd);
	}
	return NULL;
}

/*
 * Somebody listens, and closes. Where the close comes first libcurl finds no connection, else one that
 * broke; in neither case it is its own words, nor that nobody listens.
 */
static void closed_at_once(void)
{
	char folder[] = "/tmp/test-client-XXXXXX", url[128];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pthread_t thread;

	CHECK(mkdtemp(folder) != NULL);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/x.sock", folder);
	snprintf(url, sizeof(url), "unix://%s", address.sun_path);
	CHECK_INT(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	CHECK_INT(listen(listener, 5), 0);
	CHECK_INT(pthread_create(&thread, NULL, close_each, &listener), 0);
	for (int i = 0; i < 20; i++) {
		swarm_error err = first_call(url);

		CHECK(!strstr(err.text, "localhost"));
		CHECK(!strstr(err.text, "no engine listens"));
		CHECK_PART(err.text, "docker");
		CHECK_PART(err.text, err.code == SWARM_E_CONNECT
					     ? "takes connections and closes them"
					     : "journalctl -u docker");
	}
	shutdown(listener, SHUT_RDWR);
	CHECK_INT(pthread_join(thread, NULL), 0);
	close(listener);
	unlink(address.sun_path);
	rmdir(folder);
}

/* As when it is killed: the call's end is unknown, and the engine comes back. */
static void engine_that_ends(void)
{
	const fake_row rows[] = {
		{ .expect = "GET /_ping", .headers = "Api-Version: 1.45\r\n", .reply = "OK" },
		/* A kept connection that is closed is retried once. */
		{ .expect = "GET /v1.45/info", .fault = FAKE_CLOSE_AT, .repeat = true },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_error err = first_call(fake_engine_url(engine));

	CHECK_INT(err.code, SWARM_E_TRANSPORT);
	CHECK_STR(err.text,
		  "docker ended during the call (journalctl -u docker), run again: the connection "
		  "was closed before an answer came");
	CHECK_INT(fake_engine_stop(engine), 0);
}

static void refused_port(void)
{
	swarm_error err = first_call("tcp://127.0.0.1:1");

	CHECK_INT(err.code, SWARM_E_CONNECT);
	CHECK_INT(err.sys_errno, ECONNREFUSED);
	CHECK_PART(err.text, "no engine listens at tcp://127.0.0.1:1, is docker installed");
}

/* --- a resolver that does not answer ---------------------------------------------------------- */

static sem_t resolver_waits, resolver_goes_on;

/* Replaces libc's, in libcurl too. */
int getaddrinfo(const char *restrict node, const char *restrict service,
		const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)ret;
	sem_post(&resolver_waits);
	while (sem_wait(&resolver_goes_on) < 0)
		;
	return EAI_AGAIN;
}

static int count_threads(void)
{
	DIR *folder = opendir("/proc/self/task");
	int count = 0;

	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 2;
}

/* The deadline holds while a name is looked up: the call does not wait for the one who does that. */
static void silent_resolver(void)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_call_options call = SWARM_CALL_INIT(SWARM_OP_INFO);
	int threads = count_threads();
	swarm_client *client = NULL;

	/* What docs/endpoints.md says of the deadline asks for this much of libcurl. */
	if (!(info->features & CURL_VERSION_ASYNCHDNS) || info->version_num < 0x075700)
		return;
	sem_init(&resolver_waits, 0, 0);
	sem_init(&resolver_goes_on, 0, 0);
	options.url = "tcp://manager1.example:2375";
	options.timeout_ms = 300;
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	CHECK_INT(swarm_call_json(client, &call, NULL, NULL), SWARM_E_TIMEOUT);
	swarm_client_free(client);
	CHECK_INT(sem_wait(&resolver_waits), 0);
	sem_post(&resolver_goes_on);
	while (count_threads() > threads)
		sched_yield();
}

/* A socket that nobody listens at, in a new folder. */
static void make_socket(char *folder, char *path, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK(mkdtemp(folder) != NULL);
	CHECK(chmod(folder, 0755) == 0);
	snprintf(path, size, "%s/docker.sock", folder);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	close(fd);
}

static void stale_socket(void)
{
	char folder[] = "/tmp/stale-XXXXXX", path[64], url[80];
	swarm_error err;

	make_socket(folder, path, sizeof(path));
	snprintf(url, sizeof(url), "unix://%s", path);
	err = first_call(url);
	CHECK_INT(err.code, SWARM_E_CONNECT);
	CHECK_INT(err.sys_errno, ECONNREFUSED);
	CHECK_PART(err.text, "docker is not running, start it with systemctl start docker");
	unlink(path);
	rmdir(folder);
}

/* In a child without root's rights, for whom the mode of a socket counts. */
static void forbidden_socket(void)
{
	char folder[] = "/tmp/forbidden-XXXXXX", path[64], url[80];
	int status = -1;
	pid_t child;

	make_socket(folder, path, sizeof(path));
	CHECK(chmod(path, 0) == 0);
	snprintf(url, sizeof(url), "unix://%s", path);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		swarm_error err;

		if (geteuid() == 0 && setuid(65534) != 0)
			test_end_child(false);
		err = first_call(url);
		CHECK_INT(err.code, SWARM_E_PERMISSION);
		CHECK_INT(err.sys_errno, EACCES);
		CHECK_PART(err.text, "may not be opened, run as root or join the group docker");
		test_end_child(!test_failures);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK_INT(status, 0);
	unlink(path);
	rmdir(folder);
}

TEST_MAIN(TEST(urls), TEST(bad_options), TEST(negotiation), TEST(silent_ping), TEST(missing_socket),
	  TEST(closed_at_once), TEST(engine_that_ends), TEST(refused_port), TEST(silent_resolver),
	  TEST(stale_socket), TEST(forbidden_socket))
