/* SPDX-License-Identifier: Apache-2.0 */
/* TLS: with a client's certificate, without, to the wrong server, and without TLS in libcurl. */
#define _GNU_SOURCE /* nftw() */
#include "base/internal.h"
#include "fake_engine.h"
#include "test.h"

#include <curl/curl.h>
#include <ftw.h>
#include <sys/wait.h>

/* --- a libcurl that can be without TLS ------------------------------------------------------ */

static bool without_tls;

curl_version_info_data *__real_curl_version_info(CURLversion age);
curl_version_info_data *__wrap_curl_version_info(CURLversion age);

curl_version_info_data *__wrap_curl_version_info(CURLversion age)
{
	static curl_version_info_data none;

	none = *__real_curl_version_info(age);
	none.features &= ~CURL_VERSION_SSL;
	return without_tls ? &none : __real_curl_version_info(age);
}

/* --- TLS in front of a fake engine ------------------------------------------------------------ */

typedef struct front {
	fake_engine *engine;
	char folder[32];
	char ca[64], other[64], cert[64], key[64];
	int port;
	char url[64];
	FILE *script; /* its standard input */
} front;

static void name_files(front *f)
{
	snprintf(f->ca, sizeof(f->ca), "%s/ca.pem", f->folder);
	snprintf(f->other, sizeof(f->other), "%s/other.pem", f->folder);
	snprintf(f->cert, sizeof(f->cert), "%s/client.pem", f->folder);
	snprintf(f->key, sizeof(f->key), "%s/client-key.pem", f->folder);
}

static bool start_front(front *f, const fake_row *rows)
{
	char command[256], file[64];
	FILE *said;

	snprintf(f->folder, sizeof(f->folder), "/tmp/tls-XXXXXX");
	if (!CHECK(mkdtemp(f->folder) != NULL))
		return false;
	name_files(f);
	f->engine = fake_engine_start_tcp(rows);
	snprintf(file, sizeof(file), "%s/port", f->folder);
	CHECK(mkfifo(file, 0600) == 0);
	snprintf(command, sizeof(command), "exec python3 -B '%s' '%s' %s >'%s'", TLS_FRONT,
		 f->folder, strrchr(fake_engine_url(f->engine), ':') + 1, file);
	f->script = popen(command, "we");
	said = f->script ? fopen(file, "re") : NULL;
	if (!CHECK(said && fscanf(said, "%d", &f->port) == 1))
		return false;
	fclose(said);
	snprintf(f->url, sizeof(f->url), "tcp://127.0.0.1:%d", f->port);
	return true;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

static void stop_front(front *f)
{
	CHECK(f->script && pclose(f->script) == 0);
	CHECK_INT(fake_engine_stop(f->engine), 0);
	nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static swarm_error ask(const front *f, swarm_tls tls, const char *ca, bool certificate)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	swarm_client *client = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	int code;

	options.url = f->url;
	options.api_version = "1.45";
	options.tls = tls;
	options.tls_ca = ca;
	options.tls_cert = certificate ? f->cert : NULL;
	options.tls_key = certificate ? f->key : NULL;
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	code = swarm_call_json(client, &info, NULL, &err);
	CHECK_INT(code, err.code);
	/* The connection is kept, and a second call goes over it. */
	if (code == 0)
		CHECK_INT(swarm_call_json(client, &info, NULL, NULL), 0);
	swarm_client_free(client);
	return err;
}

static const fake_row rows[] = {
	{ .expect = "GET /v1.45/info", .reply = "{\"Name\":\"m1\"}", .repeat = true }, { NULL }
};

static void certificates(void)
{
	front f;
	swarm_error err;

	if (!start_front(&f, rows))
		return;
	CHECK_INT(ask(&f, SWARM_TLS_AUTO, f.ca, true).code, 0);
	CHECK_INT(fake_engine_connections(f.engine), 1);
	CHECK_INT(ask(&f, SWARM_TLS_VERIFY, f.ca, true).code, 0);
	CHECK_INT(ask(&f, SWARM_TLS_NO_VERIFY, NULL, true).code, 0);
	CHECK_INT(ask(&f, SWARM_TLS_NO_VERIFY, f.other, true).code, 0);
	CHECK_INT(fake_engine_requests(f.engine), 8);

	/* Another CA, and the system's CAs, do not know the server. */
	err = ask(&f, SWARM_TLS_VERIFY, f.other, true);
	CHECK_INT(err.code, SWARM_E_TRANSPORT);
	CHECK_PART(err.text, "TLS: ");
	CHECK_INT(err.curl_code, CURLE_PEER_FAILED_VERIFICATION);
	CHECK_INT(ask(&f, SWARM_TLS_VERIFY, NULL, true).code, SWARM_E_TRANSPORT);
	/* The server requires a certificate. TLS 1.3 reports that at the first read. */
	CHECK_INT(ask(&f, SWARM_TLS_VERIFY, f.ca, false).code, SWARM_E_TRANSPORT);
	err = ask(&f, SWARM_TLS_VERIFY, "/nowhere/ca.pem", true);
	CHECK_INT(err.code, SWARM_E_TRANSPORT);
	CHECK_PART(err.text, "TLS: ");
	/* Its certificate is for 127.0.0.1. */
	snprintf(f.url, sizeof(f.url), "https://localhost:%d", f.port);
	CHECK_INT(ask(&f, SWARM_TLS_VERIFY, f.ca, true).code, SWARM_E_TRANSPORT);
	CHECK_INT(ask(&f, SWARM_TLS_NO_VERIFY, f.ca, true).code, 0);
	CHECK_INT(fake_engine_requests(f.engine), 10);
	stop_front(&f);
}

/* All that the front requires of a client. */
static void use_front(const front *f, swarm_client_options *options)
{
	options->url = f->url;
	options->api_version = "1.45";
	options->tls_ca = f->ca;
	options->tls_cert = f->cert;
	options->tls_key = f->key;
}

/* A child that goes away says nothing in its parent's name, so that goes on with its connection. */
static void fork_between_calls(void)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_call_options info = SWARM_CALL_INIT(SWARM_OP_INFO);
	swarm_client *client = NULL;
	int status = -1;
	pid_t child;
	front f;

	if (!start_front(&f, rows))
		return;
	use_front(&f, &options);
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	CHECK_INT(swarm_call_json(client, &info, NULL, NULL), 0);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		bool good = swarm_call_json(client, &info, NULL, NULL) == 0;

		swarm_client_free(client);
		test_end_child(good);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK_INT(status, 0);
	CHECK_INT(swarm_call_json(client, &info, NULL, NULL), 0);
	CHECK_INT(fake_engine_connections(f.engine), 2);
	swarm_client_free(client);
	stop_front(&f);
}

/*
 * libcurl takes all that OpenSSL holds in one step, so it is over TLS that a stream holds bytes back. A
 * record that turns out too large when they are let in is refused, not handed out with a hole.
 */
static void large_records(void)
{
	static char line[400000];
	const fake_row script[] = {
		{ .expect = "GET /v1.45/events", .reply = line, .chunk = 100000, .repeat = true },
		{ NULL }
	};
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	const swarm_call_options events = SWARM_CALL_INIT(SWARM_OP_EVENTS);
	swarm_record record;
	bool good = true;
	front f;

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 2] = '\n';
	if (!start_front(&f, script))
		return;
	use_front(&f, &options);
	/* The limit that is passed at the wrong moment depends on libcurl's own sizes. */
	for (options.max_body = 66000; good && options.max_body < sizeof(line) - 2;
	     options.max_body += 4096) {
		swarm_client *client = NULL;
		swarm_stream *stream = NULL;

		CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
		CHECK_INT(swarm_stream_open(client, &events, SWARM_FRAMING_AUTO, &stream, NULL), 0);
		good = CHECK_INT(swarm_stream_next(stream, 60000, &record, NULL),
				 SWARM_E_TOO_LARGE);
		swarm_stream_free(stream);
		swarm_client_free(client);
	}
	stop_front(&f);
}

/* --- options ---------------------------------------------------------------------------------- */

static void options_that_do_not_go(void)
{
	static const struct {
		const char *url;
		swarm_tls tls;
		const char *cert, *key, *text;
	} table[] = {
		{ "unix:///x", SWARM_TLS_VERIFY, NULL, NULL, "TLS goes with tcp" },
		{ NULL, SWARM_TLS_NO_VERIFY, NULL, NULL, "TLS goes with tcp" },
		{ "http://m1:2375", SWARM_TLS_AUTO, "c", "k", "TLS goes with tcp" },
		{ "tcp://m1:2376", SWARM_TLS_AUTO, "c", NULL, "go together" },
		{ "tcp://m1:2376", SWARM_TLS_AUTO, NULL, "k", "go together" },
		{ "tcp://m1:2376", (swarm_tls)7, NULL, NULL, "one of swarm_tls" },
		{ "https://m1", SWARM_TLS_AUTO, NULL, NULL, "tcp://host:port" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
		swarm_client *client = NULL;
		swarm_error err = SWARM_ERROR_INIT;

		test_row = table[i].url;
		options.url = table[i].url;
		options.tls = table[i].tls;
		options.tls_cert = table[i].cert;
		options.tls_key = table[i].key;
		CHECK_INT(swarm_client_new(&options, &client, &err), SWARM_E_INVAL);
		CHECK_PART(err.text, table[i].text);
		CHECK(!client);
	}
}

static void libcurl_without_tls(void)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_client *client = NULL;
	swarm_error err = SWARM_ERROR_INIT;

	without_tls = true;
	options.url = "https://m1:2376";
	CHECK_INT(swarm_client_new(&options, &client, &err), SWARM_E_INVAL);
	CHECK_PART(err.text, "this build has no TLS");
	options.url = "tcp://m1:2375";
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	without_tls = false;
	swarm_client_free(client);
}

/* Plain HTTP to a TLS port, in Go's words. */
static void tls_not_spoken(void)
{
	static const fake_row script[] = {
		{ .expect = "GET /_ping",
		  .status = 400,
		  .reply = "Client sent an HTTP request to an HTTPS server.\n" },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start_tcp(script);
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_client *client = NULL;
	swarm_error err = SWARM_ERROR_INIT;
	const char *version;

	options.url = fake_engine_url(engine);
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	CHECK_INT(swarm_client_api_version(client, &version, &err), SWARM_E_HTTP);
	CHECK_PART(err.text, "speaks TLS");
	CHECK_INT(err.http_status, 400);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

TEST_MAIN(TEST(certificates), TEST(fork_between_calls), TEST(large_records),
	  TEST(options_that_do_not_go), TEST(libcurl_without_tls), TEST(tls_not_spoken))
