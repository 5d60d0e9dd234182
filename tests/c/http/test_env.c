/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's address from docker's environment variables and contexts. */
#include "base/internal.h"
#include "test.h"

#include <sys/stat.h>

static const char *const variables[] = { "DOCKER_HOST",
					 "DOCKER_API_VERSION",
					 "DOCKER_TLS_VERIFY",
					 "DOCKER_CERT_PATH",
					 "DOCKER_CONFIG",
					 "HOME",
					 NULL };

/* Set the variables in the order above; NULL is unset. */
static void set_all(const char *const *values)
{
	for (size_t i = 0; variables[i]; i++)
		if (values[i])
			setenv(variables[i], values[i], 1);
		else
			unsetenv(variables[i]);
}

static bool same(const char *got, const char *want)
{
	return got && want ? strcmp(got, want) == 0 : got == want;
}

static void environment(void)
{
	static const struct {
		const char *values[6];
		const char *url, *version;
		swarm_tls tls;
		const char *ca, *cert, *key;
	} table[] = {
		{ { NULL }, NULL, NULL, SWARM_TLS_AUTO, NULL, NULL, NULL },
		{ { "", "", "", "", "", "/nowhere" },
		  NULL,
		  NULL,
		  SWARM_TLS_AUTO,
		  NULL,
		  NULL,
		  NULL },
		{ { "unix:///run/d.sock", "1.45" },
		  "unix:///run/d.sock",
		  "1.45",
		  SWARM_TLS_AUTO,
		  NULL,
		  NULL,
		  NULL },
		{ { "tcp://m1:2375", "v1.44" },
		  "tcp://m1:2375",
		  "1.44",
		  SWARM_TLS_AUTO,
		  NULL,
		  NULL,
		  NULL },
		/* TLS is not for a socket. */
		{ { "unix:///s", NULL, "1", "/c" },
		  "unix:///s",
		  NULL,
		  SWARM_TLS_AUTO,
		  NULL,
		  NULL,
		  NULL },
		{ { NULL, NULL, "1", "/c" }, NULL, NULL, SWARM_TLS_AUTO, NULL, NULL, NULL },
		/* Left to the client to refuse: never plain where TLS was asked for. */
		{ { "http://m1:2375", NULL, "1", "/c" },
		  "http://m1:2375",
		  NULL,
		  SWARM_TLS_VERIFY,
		  "/c/ca.pem",
		  "/c/cert.pem",
		  "/c/key.pem" },
		/* "0" is not empty. */
		{ { "tcp://m1:2376", NULL, "0", "/c" },
		  "tcp://m1:2376",
		  NULL,
		  SWARM_TLS_VERIFY,
		  "/c/ca.pem",
		  "/c/cert.pem",
		  "/c/key.pem" },
		{ { "tcp://m1:2376", NULL, "", "/c" },
		  "tcp://m1:2376",
		  NULL,
		  SWARM_TLS_NO_VERIFY,
		  "/c/ca.pem",
		  "/c/cert.pem",
		  "/c/key.pem" },
		{ { "tcp://m1:2376", NULL, "1", NULL, "/nowhere" },
		  "tcp://m1:2376",
		  NULL,
		  SWARM_TLS_VERIFY,
		  NULL,
		  NULL,
		  NULL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm_endpoint *endpoint = NULL;
		swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
		char row[16];

		snprintf(row, sizeof(row), "row %zu", i);
		test_row = row;
		set_all(table[i].values);
		options.timeout_ms = 77;
		if (!CHECK_INT(swarm_endpoint_from_env(&endpoint, NULL), 0))
			continue;
		swarm_endpoint_use(endpoint, &options);
		CHECK(same(options.url, table[i].url));
		CHECK(same(options.api_version, table[i].version));
		CHECK_INT(options.tls, table[i].tls);
		CHECK(same(options.tls_ca, table[i].ca));
		CHECK(same(options.tls_cert, table[i].cert));
		CHECK(same(options.tls_key, table[i].key));
		CHECK_INT(options.timeout_ms, 77);
		CHECK(!swarm_endpoint_free(endpoint));
	}
	test_row = NULL;
	set_all(table[0].values);
	CHECK_INT(swarm_endpoint_from_env(NULL, NULL), SWARM_E_INVAL);
	CHECK(!swarm_endpoint_free(NULL));
}

/* Without DOCKER_CERT_PATH those files of docker's folder count that are there. */
static void own_folder(void)
{
	char folder[] = "/tmp/docker-XXXXXX", path[128], docker[64];
	const char *values[] = { "tcp://m1:2376", NULL, "1", NULL, NULL, NULL };
	swarm_endpoint *endpoint = NULL;

	CHECK(mkdtemp(folder) != NULL);
	values[5] = folder;
	snprintf(docker, sizeof(docker), "%s/.docker", folder);
	CHECK(mkdir(docker, 0700) == 0);
	snprintf(path, sizeof(path), "%s/ca.pem", docker);
	fclose(fopen(path, "w"));
	set_all(values);
	CHECK_INT(swarm_endpoint_from_env(&endpoint, NULL), 0);
	CHECK_STR(endpoint->tls_ca, path);
	CHECK(!endpoint->tls_cert && !endpoint->tls_key);
	swarm_endpoint_free(endpoint);
	unlink(path);
	rmdir(docker);
	rmdir(folder);
}

static void long_path(void)
{
	char *folder = malloc(5001);
	const char *values[] = { "tcp://m1:2376", NULL, NULL, folder, NULL, NULL };
	swarm_endpoint *endpoint = NULL;
	swarm_error err = SWARM_ERROR_INIT;

	memset(folder, 'x', 5000);
	folder[5000] = '\0';
	set_all(values);
	CHECK_INT(swarm_endpoint_from_env(&endpoint, &err), SWARM_E_INVAL);
	CHECK_PART(err.text, "over 4095 bytes");
	set_all((const char *const[6]){ NULL });
	free(folder);
}

/* --- contexts ------------------------------------------------------------------------------- */

/* Of "prod". */
#define HASH "6754af9632a2745e85c293e5aac0863370d9bd3330b9938c00cadfd215227d77"

static const char *const parts[] = {
	"contexts",     "contexts/meta",      "contexts/meta/" HASH,
	"contexts/tls", "contexts/tls/" HASH, "contexts/tls/" HASH "/docker"
};
enum { PARTS = sizeof(parts) / sizeof(parts[0]) };
static const char *const files[] = { "contexts/meta/" HASH "/meta.json",
				     "contexts/tls/" HASH "/docker/ca.pem",
				     "contexts/tls/" HASH "/docker/cert.pem",
				     "contexts/tls/" HASH "/docker/key.pem" };
enum { FILES = sizeof(files) / sizeof(files[0]) };

static char folder[] = "/tmp/docker-XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* A context "prod" whose meta.json is this text, with or without PEM files. */
static void make_context(const char *meta, size_t size, bool pem)
{
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	CHECK(mkdtemp(folder) != NULL);
	for (size_t i = 0; i < PARTS; i++)
		CHECK(mkdir(in_folder(parts[i]), 0700) == 0);
	for (size_t i = 0; i < (pem ? FILES : 1); i++) {
		FILE *file = fopen(in_folder(files[i]), "w");

		if (i == 0)
			fwrite(meta, 1, size, file);
		fclose(file);
	}
	setenv("DOCKER_CONFIG", folder, 1);
}

static void remove_context(void)
{
	for (size_t i = 0; i < FILES; i++)
		unlink(in_folder(files[i]));
	for (size_t i = PARTS; i > 0; i--)
		rmdir(in_folder(parts[i - 1]));
	rmdir(folder);
}

#define META(host)                                                                                 \
	"{\"Name\":\"prod\",\"Metadata\":{},\"Endpoints\":{\"docker\":{\"Host\":" host "}}}"

static void contexts(void)
{
	static const struct {
		const char *meta;
		bool pem;
		int code;
		const char *url; /* or a part of the error's text */
		swarm_tls tls;
		bool uses_pem;
	} table[] = {
		{ META("\"unix:///run/d.sock\""), false, 0, "unix:///run/d.sock", SWARM_TLS_AUTO,
		  false },
		{ META("\"unix:///run/d.sock\""), true, 0, "unix:///run/d.sock", SWARM_TLS_AUTO,
		  false },
		{ META("\"tcp://m1:2375\""), false, 0, "tcp://m1:2375", SWARM_TLS_AUTO, false },
		{ META("\"tcp://m1:2376\""), true, 0, "tcp://m1:2376", SWARM_TLS_AUTO, true },
		{ META("\"tcp://m1:2376\",\"SkipTLSVerify\":true"), true, 0, "tcp://m1:2376",
		  SWARM_TLS_NO_VERIFY, true },
		{ META("\"\""), false, 0, NULL, SWARM_TLS_AUTO, false },
		{ "{\"Name\":\"other\",\"Endpoints\":{\"docker\":{\"Host\":\"unix:///x\"}}}", false,
		  SWARM_E_INVAL, "has no endpoint of a docker engine", SWARM_TLS_AUTO, false },
		{ "{\"Name\":\"prod\",\"Endpoints\":{\"kubernetes\":{}}}", false, SWARM_E_INVAL,
		  "has no endpoint of a docker engine", SWARM_TLS_AUTO, false },
		{ "[]", false, SWARM_E_INVAL, "has no endpoint of a docker engine", SWARM_TLS_AUTO,
		  false },
		{ "{\"Name\":", false, SWARM_E_JSON, "meta.json: the JSON is malformed",
		  SWARM_TLS_AUTO, false },
		{ "", false, SWARM_E_JSON, "meta.json: the JSON is malformed", SWARM_TLS_AUTO,
		  false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm_endpoint *endpoint = NULL;
		swarm_error err = SWARM_ERROR_INIT;

		test_row = table[i].meta;
		make_context(table[i].meta, strlen(table[i].meta), table[i].pem);
		CHECK_INT(swarm_endpoint_from_context("prod", &endpoint, &err), table[i].code);
		if (endpoint) {
			CHECK(same(endpoint->url, table[i].url));
			CHECK_INT(endpoint->tls, table[i].tls);
			CHECK(same(endpoint->tls_ca,
				   table[i].uses_pem ? in_folder(files[1]) : NULL));
			CHECK(same(endpoint->tls_cert,
				   table[i].uses_pem ? in_folder(files[2]) : NULL));
			CHECK(same(endpoint->tls_key,
				   table[i].uses_pem ? in_folder(files[3]) : NULL));
		} else {
			CHECK_PART(err.text, table[i].url);
		}
		swarm_endpoint_free(endpoint);
		remove_context();
	}
}

static void no_context(void)
{
	static const char *const names[] = { NULL, "", "a", "../etc", "a/b", "-x", "a b", "a\n" };
	swarm_endpoint *endpoint = NULL;
	swarm_error err = SWARM_ERROR_INIT;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		test_row = names[i];
		CHECK_INT(swarm_endpoint_from_context(names[i], &endpoint, NULL), SWARM_E_INVAL);
	}
	test_row = NULL;
	setenv("DOCKER_CONFIG", "/nowhere", 1);
	CHECK_INT(swarm_endpoint_from_context("prod", &endpoint, &err), SWARM_E_NOT_FOUND);
	CHECK_PART(err.text, "there is no docker context 'prod' here: no /nowhere/contexts/meta/");
	CHECK(err.sys_errno != 0);
	CHECK(!endpoint);
	setenv("DOCKER_HOST", "tcp://m1:2375", 1);
	CHECK_INT(swarm_endpoint_from_context("default", &endpoint, NULL), 0);
	CHECK_STR(endpoint->url, "tcp://m1:2375");
	swarm_endpoint_free(endpoint);
}

static void large_context(void)
{
	size_t size = 2 << 20;
	char *meta = malloc(size);
	swarm_endpoint *endpoint = NULL;
	swarm_error err = SWARM_ERROR_INIT;

	memset(meta, ' ', size);
	make_context(meta, size, false);
	CHECK_INT(swarm_endpoint_from_context("prod", &endpoint, &err), SWARM_E_TOO_LARGE);
	CHECK_PART(err.text, "meta.json is over 1048576 bytes");
	remove_context();
	free(meta);
}

TEST_MAIN(TEST(environment), TEST(own_folder), TEST(long_path), TEST(contexts), TEST(no_context),
	  TEST(large_context))
