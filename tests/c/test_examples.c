/* SPDX-License-Identifier: Apache-2.0 */
/* The programs of examples/, run as a user runs them. */
#include "stack/model.h"
#include "test_cluster.h"

#include <sys/stat.h>
#include <sys/wait.h>

#define PING                                                                                       \
	{                                                                                          \
		"GET /_ping", .headers = "Api-Version: 1.45\r\n", .reply = "OK"                    \
	}
#define RECORD                                                                                     \
	"{\"ID\":\"n1\",\"Version\":{\"Index\":5},\"Spec\":{\"Role\":\"worker\",\"Availability\":" \
	"\"drain\"},\"Description\":{\"Hostname\":\"host1\"},\"Status\":{\"State\":\"ready\"}}"
#define CLUSTER                                                                                    \
	"{\"ID\":\"c1\",\"Version\":{\"Index\":5},\"Spec\":{\"Name\":\"default\"},"                \
	"\"JoinTokens\":{\"Worker\":\"" TOKEN "\",\"Manager\":\"" TOKEN "\"}}"

#define NEW_TOKEN "SWMTKN-1-" DIGEST "-2bwxwuwd3z9j1z3puu7rcgdbx"
#define ROTATED                                                                                    \
	"{\"ID\":\"c1\",\"JoinTokens\":{\"Worker\":\"" NEW_TOKEN "\",\"Manager\":\"" NEW_TOKEN     \
	"\"}}"

/* Run a command line, with the engine's URL at its end; what it printed, errors too. */
static int run_at(const char *command, fake_engine *engine, char *text, size_t size)
{
	char line[1024];
	size_t used = 0, got = 1;
	FILE *pipe;
	int status;

	snprintf(line, sizeof(line), "exec 2>&1; " EXAMPLES "/%s %s", command,
		 fake_engine_url(engine));
	pipe = popen(line, "r");
	while (pipe && got && used < size - 1) {
		got = fread(text + used, 1, size - 1 - used, pipe);
		used += got;
	}
	text[used] = '\0';
	status = pipe ? pclose(pipe) : -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run(const char *command, const fake_row *rows, char *text, size_t size)
{
	fake_engine *engine = fake_engine_start(rows);
	int status = run_at(command, engine, text, size);

	CHECK_INT(fake_engine_stop(engine), 0);
	return status;
}

static void list_nodes(void)
{
	const fake_row rows[] = { PING,
				  { "GET " API "/nodes", .reply = "[" RECORD "]" },
				  { NULL } };
	char text[1024];

	CHECK_INT(run("list_nodes", rows, text, sizeof(text)), 0);
	CHECK_PART(text, "n1                         host1                ready    drain");
}

static void event_loop(void)
{
	const fake_row rows[] = {
		PING,
		{ "GET " API "/version", .reply = "{\"Version\":\"26.1.5\"}" },
		{ NULL },
	};
	char text[1024];

	CHECK_INT(run("event_loop", rows, text, sizeof(text)), 0);
	CHECK_STR(text, "{\"Version\":\"26.1.5\"}\n");
}

static void fails(void)
{
	const fake_row rows[] = {
		PING,
		{ "GET " API "/nodes", .status = 500, .reply = MESSAGE(NO_LEADER_TEXT) },
		{ NULL },
	};
	char text[1024];

	CHECK_INT(run("list_nodes", rows, text, sizeof(text)), 1);
	CHECK_PART(text, "(SWARM_E_NO_LEADER)");
}

static void rotate_tokens(void)
{
	const fake_row rows[] = {
		PING,
		{ "GET " API "/swarm", .reply = CLUSTER },
		{ .expect = "POST " API "/swarm/update?version=5&rotateWorkerToken=true&"
			    "rotateManagerToken=true" },
		{ "GET " API "/swarm", .reply = ROTATED },
		{ "GET " API "/swarm", .reply = ROTATED },
		{ NULL },
	};
	char folder[] = "/tmp/examples-XXXXXX";
	char path[64], command[128], text[1024];
	struct stat st;

	if (!CHECK(mkdtemp(folder) != NULL))
		return;
	snprintf(path, sizeof(path), "%s/tokens", folder);
	snprintf(command, sizeof(command), "rotate_tokens %s", path);
	CHECK_INT(run(command, rows, text, sizeof(text)), 0);
	CHECK_PART(text, "new tokens of cluster c1 are in ");
	CHECK(!strstr(text, DIGEST));
	if (CHECK_INT(stat(path, &st), 0)) {
		CHECK_INT(st.st_mode & 0777, 0600);
		CHECK_INT(st.st_size, strlen("worker \nmanager \n" TOKEN TOKEN));
	}
	unlink(path);
	rmdir(folder);
}

/* A line that is not an event ends it; nothing else would. */
static void follow_events(void)
{
	const fake_row rows[] = {
		PING,
		{ INFO, .reply = MANAGER },
		{ "GET " API "/events?filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D",
		  .reply = "{\"Type\":\"node\",\"Action\":\"update\",\"Actor\":{\"ID\":\"n1\","
			   "\"Attributes\":{\"name\":\"host1\"}}}\nbroken\n",
		  .chunk = 500, .fault = FAKE_OPEN },
		{ NULL },
	};
	char text[1024];

	CHECK_INT(run("follow_events", rows, text, sizeof(text)), 1);
	CHECK_PART(text, "; what happened before was not seen\nnode update n1 host1\n");
	CHECK_PART(text, "(SWARM_E_JSON)");
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[128];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	stream = fopen(path, "w");
	if (CHECK(stream != NULL)) {
		fputs(text, stream);
		fclose(stream);
	}
}

static void deploy_stack(void)
{
	static const char document[] =
		"{\"services\":{\"web\":{\"image\":\"web:1\",\"secrets\":[\"key\"]}},\"secrets\":{"
		"\"key\":{\"file\":\"key.txt\"}}}";
	char folder[] = "/tmp/examples-XXXXXX";
	char command[256], text[2048];
	fixture f;
	model m;

	if (!CHECK(mkdtemp(folder) != NULL))
		return;
	write_file(folder, "stack.json", document);
	write_file(folder, "key.txt", "topsecretvalue");
	model_begin(&m, &f);
	snprintf(command, sizeof(command), "deploy_stack shop %s/none.json", folder);
	CHECK_INT(run_at(command, f.engine, text, sizeof(text)), 1);
	CHECK_PART(text, "usage: deploy_stack NAME FILE [URL]");
	CHECK_INT(chdir(folder), 0);
	CHECK_INT(run_at("deploy_stack shop stack.json", f.engine, text, sizeof(text)), 0);
	CHECK_PART(text, "to do:\n  create shop_default of networks\n");
	CHECK_PART(text, "done:\n  create shop_default of networks\n");
	CHECK_PART(text, "  create shop_web of services\n");
	CHECK(!strstr(text, "topsecret"));
	CHECK(model_wrote(&m, 0, "create services shop_web"));
	CHECK_INT(run_at("deploy_stack shop stack.json", f.engine, text, sizeof(text)), 0);
	CHECK_STR(text, "to do:\ndone:\n");
	/* The file of the secret is gone: said before anything is changed. */
	unlink("key.txt");
	CHECK_INT(run_at("deploy_stack shop stack.json", f.engine, text, sizeof(text)), 1);
	CHECK_PART(text, "file 'key.txt': cannot be read (SWARM_E_INVAL)");
	unlink("stack.json");
	CHECK_INT(chdir("/"), 0);
	rmdir(folder);
	model_end(&m, &f);
}

TEST_MAIN(TEST(deploy_stack), TEST(list_nodes), TEST(event_loop), TEST(fails), TEST(rotate_tokens),
	  TEST(follow_events))
