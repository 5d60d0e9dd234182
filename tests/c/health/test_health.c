/* SPDX-License-Identifier: Apache-2.0 */
/* What each check makes of an engine's answers, what "ignore" and the baseline change, and the wait. */
#include "test_cluster.h"

#define NODES "GET " API "/nodes"
#define SERVICES "GET " API "/services?status=true"
#define TASKS "GET " API "/tasks?filters=%7B%22desired-state%22%3A%5B%22running%22%5D%7D"
#define SWARM "GET " API "/swarm"

#define NODE_AS(id, name, state, availability, role, labels, version, more)                        \
	"{\"ID\":\"" id "\",\"Spec\":{\"Role\":\"" role "\",\"Availability\":\"" availability      \
	"\",\"Labels\":{" labels "}},\"Status\":{\"State\":\"" state                               \
	"\"},\"Description\":{\"Hostname\":\"" name "\",\"Engine\":{\"EngineVersion\":\"" version  \
	"\"}}" more "}"
#define MANAGES(leader, reachability)                                                              \
	",\"ManagerStatus\":{\"Leader\":" leader ",\"Reachability\":\"" reachability               \
	"\",\"Addr\":\"10.0.0.1:2377\"}"
#define M1                                                                                         \
	NODE_AS("m1", "host1", "ready", "active", "manager", "", "26.1.5",                         \
		MANAGES("true", "reachable"))
#define M(id, name, reachability)                                                                  \
	NODE_AS(id, name, "ready", "active", "manager", "", "26.1.5",                              \
		MANAGES("false", reachability))
#define W(id, name, state) NODE_AS(id, name, state, "active", "worker", "", "26.1.5", "")

#define SERVICE(id, name, mode, more)                                                              \
	"{\"ID\":\"" id "\",\"Spec\":{\"Name\":\"" name "\",\"Mode\":{" mode "}}" more "}"
#define TWO "\"Replicated\":{\"Replicas\":2}"
#define STATUS(runs, wanted)                                                                       \
	",\"ServiceStatus\":{\"RunningTasks\":" runs ",\"DesiredTasks\":" wanted "}"
#define UPDATE(state)                                                                              \
	STATUS("2", "2")                                                                           \
	",\"UpdateStatus\":{\"State\":\"" state "\",\"Message\":\"so it is\"}"
#define WEB SERVICE("s1", "web", TWO, STATUS("2", "2"))
#define TASK(node, state)                                                                          \
	"{\"ID\":\"t1\",\"ServiceID\":\"s1\",\"NodeID\":\"" node                                   \
	"\",\"DesiredState\":\"running\",\"Status\":{\"State\":\"" state "\"}}"
#define CLUSTER(rotating) "{\"ID\":\"c1\",\"RootRotationInProgress\":" rotating "}"

/* The rows as "name[:on] yes|no|?[!]: text", one a line; "!" blocks. To be freed. */
static char *told(const json_t *rows)
{
	char *text = calloc(1, 8192);
	const json_t *row;
	size_t i;

	json_array_foreach ((json_t *)rows, i, row) {
		const json_t *ok = json_object_get(row, "ok");
		const char *on = json_string_value(json_object_get(row, "on"));
		bool error = strcmp(json_string_value(json_object_get(row, "level")), "error") == 0;

		snprintf(text + strlen(text), 8192 - strlen(text), "%s%s%s %s%s: %s|%s\n",
			 json_string_value(json_object_get(row, "name")), *on ? ":" : "", on,
			 json_is_true(ok)    ? "yes"
			 : json_is_false(ok) ? "no"
					     : "?",
			 !json_is_true(ok) && error ? "!" : "",
			 json_string_value(json_object_get(row, "text")),
			 json_string_value(json_object_get(row, "fix")));
	}
	return text;
}

/* --- one check, one answer ------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *check;
	const char *nodes;
	const char *services;
	const char *tasks;
	const char *cluster;
	int64_t margin;
	const char *rows;
} table[] = {
	{ "engine", "engine", M1, .rows = "engine yes: docker  is active|\n" },
	{ "one leader", "leader", M1, .rows = "leader yes: host1 leads|\n" },
	{ "nobody leads", "leader", M("m1", "host1", "reachable"),
	  .rows = "leader no!: 0 managers lead|docker.recover\n" },
	{ "two lead", "leader",
	  M1 "," NODE_AS("m2", "host2", "ready", "active", "manager", "", "26.1.5",
			 MANAGES("true", "reachable")),
	  .rows = "leader no!: 2 managers say that they lead|docker.recover\n" },
	{ "all reachable", "managers-reachable", M1,
	  .rows = "managers-reachable yes: 1 of 1 managers are reachable|\n" },
	{ "one is not", "managers-reachable", M1 "," M("m2", "host2", "unreachable"),
	  .rows = "managers-reachable:host2 no!: host2 is a manager, but unreachable|start docker on "
		  "host2\n" },
	{ "one manager needs no margin", "quorum-margin", M1,
	  .rows = "quorum-margin yes: 0 of 1 managers may fail|\n" },
	{ "two need none", "quorum-margin", M1 "," M("m2", "host2", "reachable"),
	  .rows = "quorum-margin yes: 0 of 2 managers may fail|\n" },
	{ "three, one away", "quorum-margin",
	  M1 "," M("m2", "host2", "reachable") "," M("m3", "host3", "unreachable"),
	  .rows = "quorum-margin no!: 2 of 3 managers are reachable, 2 are needed: 0 may fail, not "
		  "1|bring the managers back that are not reachable\n" },
	{ "three, one away, and no margin", "quorum-margin",
	  M1 "," M("m2", "host2", "reachable") "," M("m3", "host3", "unreachable"), .margin = -1,
	  .rows = "quorum-margin yes: 0 of 3 managers may fail|\n" },
	{ "three, and two to spare", "quorum-margin",
	  M1 "," M("m2", "host2", "reachable") "," M("m3", "host3", "reachable"), .margin = 2,
	  .rows = "quorum-margin no!: 3 of 3 managers are reachable, 2 are needed: 1 may fail, not "
		  "2|bring the managers back that are not reachable\n" },
	{ "all ready", "nodes-ready", M1 "," W("w1", "worker1", "ready"),
	  .rows = "nodes-ready yes: 2 of 2 nodes are ready|\n" },
	{ "one down, one without a name", "nodes-ready",
	  M1 "," W("w1", "worker1", "down") "," W("w2", "", "unknown"),
	  .rows = "nodes-ready:worker1 no!: worker1 is down|start docker on worker1\n"
		  "nodes-ready:w2 no!: w2 is unknown|start docker on w2\n" },
	{ "a name of two is nobody's", "nodes-ready",
	  M1 "," W("w1", "worker1", "down") "," W("w2", "worker1", "ready"),
	  .rows = "nodes-ready:w1 no!: w1 is down|start docker on w1\n" },
	{ "drained by hand", "availability",
	  M1 "," NODE_AS("w1", "worker1", "ready", "drain", "worker", "", "26.1.5", ""),
	  .rows = "availability:worker1 no: worker1 is drained|swarm.activate worker1\n" },
	{ "a drained manager is one by choice, a paused one is not", "availability",
	  NODE_AS("m1", "host1", "ready", "drain", "manager", "", "26.1.5",
		  MANAGES("true", "reachable")) "," NODE_AS("m2", "host2", "ready", "pause",
							    "manager", "", "26.1.5",
							    MANAGES("false", "reachable")),
	  .rows = "availability:host2 no: host2 is paused|swarm.activate host2\n" },
	{ "paused by a run", "availability",
	  M1 "," NODE_AS("w1", "worker1", "ready", "pause", "worker",
			 "\"saltext.swarm.was\":\"active\"", "26.1.5", ""),
	  .rows = "availability yes: no node is paused or drained by hand|\n" },
	{ "a promotion under way", "roles-settled",
	  M1 "," NODE_AS("w1", "worker1", "ready", "active", "manager", "", "26.1.5", ""),
	  .rows = "roles-settled:worker1 no!: worker1 is still becoming a manager|\n" },
	{ "a demotion under way", "roles-settled",
	  M1 "," NODE_AS("m2", "host2", "ready", "active", "worker", "", "26.1.5",
			 MANAGES("false", "reachable")),
	  .rows = "roles-settled:host2 no!: host2 is still becoming a worker|\n" },
	{ "an old manager's record", "roles-settled",
	  M1 "," NODE_AS("w1", "worker1", "down", "active", "manager", "", "26.1.5", ""),
	  .rows = "roles-settled yes: every node has its role|\n" },
	{ "engines differ", "versions",
	  M1 "," NODE_AS("w1", "worker1", "ready", "active", "worker", "", "28.5.2", ""),
	  .rows = "versions no: engines differ: 26.1.5, 28.5.2|\n" },
	{ "who is away has no version", "versions",
	  M1 "," NODE_AS("w1", "worker1", "down", "active", "worker", "", "28.5.2", ""),
	  .rows = "versions yes: all engines are 26.1.5|\n" },
	{ "listed", "host-listed", M1, .rows = "host-listed yes: the managers list host1 (m1)|\n" },
	{ "not listed", "host-listed", M("m2", "host2", "reachable"),
	  .rows = "host-listed:host1 no!: host1 (m1) is not in the node list: the managers removed its "
		  "node|docker.bootstrap\n" },
	{ "listed as down", "host-listed",
	  NODE_AS("m1", "host1", "down", "active", "manager", "", "26.1.5",
		  MANAGES("true", "reachable")),
	  .rows = "host-listed:host1 no!: the managers list host1 as down|docker.bootstrap\n" },
	{ "no update", "updates-settled", M1, WEB,
	  .rows = "updates-settled yes: no update of 1 service is under way|\n" },
	{ "each kind of update", "updates-settled", M1,
	  SERVICE("s1", "a", TWO, UPDATE("updating")) "," SERVICE("s2", "b", TWO, UPDATE("paused")) "," SERVICE("s3", "c", TWO, UPDATE("rollback_started")) "," SERVICE(
		  "s4", "d", TWO,
		  UPDATE("rollback_paused")) "," SERVICE("s5", "e", TWO,
							 UPDATE("completed")) "," SERVICE("s6", "f",
											  TWO,
											  UPDATE("rollback_completed")),
	  .rows = "updates-settled:a no!: a: its update is under way: so it is|swarm.service_rollback "
		  "a\n"
		  "updates-settled:b no!: b: its update is paused: so it is|swarm.service_rollback b\n"
		  "updates-settled:c no!: c: its rollback is under way: so it "
		  "is|swarm.service_rollback c\n"
		  "updates-settled:d no!: d: its rollback is paused: so it is|swarm.service_rollback "
		  "d\n" },
	{ "all tasks run, or more", "services-running", M1,
	  WEB "," SERVICE("s2", "more", TWO, STATUS("3", "2")) "," SERVICE(
		  "s3", "none", "\"Replicated\":{\"Replicas\":0}", STATUS("0", "0")),
	  .rows = "services-running yes: 3 of 3 services run|\n" },
	{ "too few, and a job", "services-running", M1,
	  SERVICE("s1", "web", TWO, STATUS("1", "2")) "," SERVICE(
		  "s2", "job", "\"ReplicatedJob\":{\"TotalCompletions\":3}", STATUS("0", "3")),
	  .rows = "services-running:web no!: web: 1 of 2 tasks run|swarm.why web\n" },
	{ "the engine counts tasks on a node that is down", "services-running",
	  M1 "," W("w1", "worker1", "down"), WEB, TASK("m1", "running") "," TASK("w1", "running"),
	  .rows = "services-running:web no!: web: 1 of 2 tasks run|swarm.why web\n" },
	{ "a global one, while a node is down", "services-running",
	  M1 "," W("w1", "worker1", "down"), SERVICE("s1", "web", "\"Global\":{}", ""),
	  TASK("m1", "running") "," TASK("m1", "pending"),
	  .rows = "services-running:web no!: web: 1 of 2 tasks run|swarm.why web\n" },
	{ "the CA is settled", "ca-settled", M1, .cluster = CLUSTER("false"),
	  .rows = "ca-settled yes: the root CA is not being rotated|\n" },
	{ "the CA is rotated", "ca-settled", M1, .cluster = CLUSTER("true"),
	  .rows = "ca-settled no!: the root CA is being rotated: it ends when every node has a new "
		  "certificate|bring the nodes back that are not ready\n" },
};

static void one_check(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *const checks[] = { table[i].check, NULL };
		swarm_health_options options = SWARM_HEALTH_OPTIONS_INIT;
		char nodes[4096], services[4096], tasks[4096];
		fake_row rows[6] = { { INFO, .reply = MANAGER }, { NODES, .reply = nodes } };
		size_t count = 2;
		json_t *found = NULL;
		fixture f;
		char *text;

		snprintf(nodes, sizeof(nodes), "[%s]", table[i].nodes);
		snprintf(services, sizeof(services), "[%s]", table[i].services);
		snprintf(tasks, sizeof(tasks), "[%s]", table[i].tasks);
		if (table[i].services)
			rows[count++] = (fake_row){ SERVICES, .reply = services };
		if (table[i].tasks)
			rows[count++] = (fake_row){ TASKS, .reply = tasks };
		if (table[i].cluster)
			rows[count++] = (fake_row){ SWARM, .reply = table[i].cluster };
		f = setup(rows);
		test_row = table[i].name;
		options.checks = checks;
		options.margin = table[i].margin;
		CHECK_INT(swarm_health_get(f.client, &options, &found, &f.err), 0);
		text = told(found);
		CHECK_STR(text, table[i].rows);
		free(text);
		json_decref(found);
		teardown(&f);
	}
}

/* --- what cannot be asked ---------------------------------------------------------------------- */

#define UNKNOWN(why)                                                                               \
	"managers-reachable ?!: not known: " why "|\n"                                             \
	"services-running ?!: not known: " why "|\nca-settled ?!: not known: " why "|\n"

static void what_is_not_known(void)
{
	static const struct {
		const char *name;
		const char *info;
		const char *nodes;
		const char *rows;
	} cases[] = {
		{ "no leader", MANAGER, NO_LEADER_TEXT,
		  "engine yes: docker  is active|\nleader no!: the managers have no leader|docker.recover\n" },
		{ "a worker", WORKER, NULL,
		  "engine yes: docker  is active|\nleader ?!: not known: host1 is a worker: ask one of "
		  "the managers|\n" UNKNOWN("host1 is a worker: ask one of the managers") },
		{ "in no swarm", INACTIVE, NULL, NULL },
		{ "locked", STATE("locked"), NULL, NULL },
		{ "in error", STATE_ERROR("error", "certificate has expired"), NULL, NULL },
	};
	static const char *const checks[] = {
		"engine", "leader", "managers-reachable", "services-running", "ca-settled", NULL
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char message[512];
		const fake_row rows[] = {
			{ INFO, .reply = cases[i].info },
			{ cases[i].nodes ? NODES : NULL, .status = 500, .reply = message },
			{ NULL },
		};
		swarm_health_options options = SWARM_HEALTH_OPTIONS_INIT;
		json_t *found = NULL;
		fixture f = setup(rows);
		char *text;

		snprintf(message, sizeof(message), "{\"message\":\"%s\"}", cases[i].nodes);
		test_row = cases[i].name;
		options.checks = checks;
		CHECK_INT(swarm_health_get(f.client, &options, &found, &f.err), 0);
		text = told(found);
		if (cases[i].rows)
			CHECK(strncmp(text, cases[i].rows, strlen(cases[i].rows)) == 0);
		else
			CHECK_PART(text, "engine:host1 no!: ");
		CHECK_PART(text, "services-running ?!: not known: ");
		free(text);
		json_decref(found);
		teardown(&f);
	}
}

static void no_engine(void)
{
	swarm_client_options client_options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_client *client = NULL;
	json_t *found = NULL;
	char *text;

	client_options.url = "unix:///nowhere/docker.sock";
	CHECK_INT(swarm_client_new(&client_options, &client, NULL), 0);
	CHECK_INT(swarm_health_get(client, NULL, &found, NULL), 0);
	text = told(found);
	CHECK(strncmp(text, "engine no!: ", 12) == 0);
	CHECK_PART(text, "host-listed ?!: not known: ");
	/* All that an engine can tell, and no more. */
	CHECK_INT(json_array_size(found), 12);
	free(text);
	json_decref(found);
	swarm_client_free(client);
}

/* --- an old engine ------------------------------------------------------------------------------ */

static void without_status(void)
{
	static const char *const checks[] = { "services-running", NULL };
	static const fake_row rows[] = {
		{ "GET /v1.40/info", .reply = MANAGER },
		{ "GET /v1.40/nodes", .reply = "[" M1 "]" },
		{ "GET /v1.40/services", .reply = "[" SERVICE("s1", "web", TWO, "") "]" },
		{ "GET /v1.40/tasks?filters=%7B%22desired-state%22%3A%5B%22running%22%5D%7D",
		  .reply = "[" TASK("m1", "running") "]" },
		{ NULL },
	};
	fake_engine *engine = fake_engine_start(rows);
	swarm_client_options client_options = SWARM_CLIENT_OPTIONS_INIT;
	swarm_health_options options = SWARM_HEALTH_OPTIONS_INIT;
	swarm_client *client = NULL;
	json_t *found = NULL;
	char *text;

	client_options.url = fake_engine_url(engine);
	client_options.api_version = "1.40";
	options.checks = checks;
	CHECK_INT(swarm_client_new(&client_options, &client, NULL), 0);
	CHECK_INT(swarm_health_get(client, &options, &found, NULL), 0);
	text = told(found);
	CHECK_STR(text, "services-running:web no!: web: 1 of 2 tasks run|swarm.why web\n");
	free(text);
	json_decref(found);
	swarm_client_free(client);
	CHECK_INT(fake_engine_stop(engine), 0);
}

/* --- what a fault is worth ------------------------------------------------------------------------ */

static void ignored_and_old(void)
{
	static const struct {
		const char *name;
		const char *ignore;
		const char *baseline;
		const char *rows;
	} cases[] = {
		{ "neither", NULL, NULL, "a no!|b no!|" },
		{ "by name", "nodes-ready", NULL, "a no|b no|" },
		{ "by object", "nodes-ready:b", NULL, "a no!|b no|" },
		{ "another object", "nodes-ready:c", NULL, "a no!|b no!|" },
		{ "another check", "leader", NULL, "a no!|b no!|" },
		{ "old", NULL, "[{\"name\":\"nodes-ready\",\"on\":\"a\",\"ok\":false}]",
		  "a no|b no!|" },
		{ "not known before", NULL, "[{\"name\":\"nodes-ready\",\"on\":\"a\",\"ok\":null}]",
		  "a no!|b no!|" },
		{ "old of another check", NULL,
		  "[{\"name\":\"availability\",\"on\":\"a\",\"ok\":false},1]", "a no!|b no!|" },
	};
	static const char *const checks[] = { "nodes-ready", NULL };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const ignore[] = { cases[i].ignore, NULL };
		const fake_row rows[] = {
			{ INFO, .reply = MANAGER },
			{ NODES,
			  .reply = "[" M1 "," W("w1", "a", "down") "," W("w2", "b", "down") "]" },
			{ NULL },
		};
		swarm_health_options options = SWARM_HEALTH_OPTIONS_INIT;
		json_t *found = NULL, *row;
		fixture f = setup(rows);
		char text[256] = "";
		size_t k;

		test_row = cases[i].name;
		options.checks = checks;
		options.ignore = ignore;
		options.baseline = cases[i].baseline ? json_loads(cases[i].baseline, 0, NULL)
						     : NULL;
		CHECK_INT(swarm_health_get(f.client, &options, &found, &f.err), 0);
		json_array_foreach (found, k, row) {
			strcat(text, json_string_value(json_object_get(row, "on")));
			strcat(text,
			       strcmp(json_string_value(json_object_get(row, "level")), "error")
				       ? " no|"
				       : " no!|");
		}
		CHECK_STR(text, cases[i].rows);
		json_decref((json_t *)options.baseline);
		json_decref(found);
		teardown(&f);
	}
}

static void arguments(void)
{
	static const struct {
		const char *check;
		const char *ignore;
		int64_t margin;
		const char *baseline;
		const char *text;
	} cases[] = {
		{ "nodes", NULL, 0, NULL, "unknown check 'nodes' (valid: engine, leader, " },
		{ "certificates", NULL, 0, NULL, "no engine can tell the check 'certificates'" },
		{ "leader", "node-ready", 0, NULL, "unknown check 'node-ready'" },
		{ "leader", "nodes-ready:", 0, NULL, "names no object after the colon" },
		{ "leader", "certificates:a", -2, NULL, "margin must be at least -1" },
		{ "leader", NULL, 0, "{}", "baseline must be the rows of an earlier look" },
	};
	const fake_row rows[] = { { NULL } };
	fixture f = setup(rows);
	json_t *found = NULL;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *const checks[] = { cases[i].check, NULL };
		const char *const ignore[] = { cases[i].ignore, NULL };
		swarm_health_options options = SWARM_HEALTH_OPTIONS_INIT;
		swarm_error err = SWARM_ERROR_INIT;

		test_row = cases[i].text;
		options.checks = checks;
		options.ignore = ignore;
		options.margin = cases[i].margin;
		options.baseline = cases[i].baseline ? json_loads(cases[i].baseline, 0, NULL)
						     : NULL;
		CHECK_INT(swarm_health_get(f.client, &options, &found, &err), SWARM_E_INVAL);
		CHECK_PART(err.text, cases[i].text);
		json_decref((json_t *)options.baseline);
	}
	CHECK_INT(swarm_health_get(NULL, NULL, &found, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_health_get(f.client, NULL, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_health_wait(NULL, NULL, &found, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_health_checks(NULL, NULL), SWARM_E_INVAL);
	CHECK(found == NULL);
	teardown(&f);
}

/* --- the wait ----------------------------------------------------------------------------------- */

#define READY "[" M1 "," W("w1", "worker1", "ready") "]"
#define DOWN "[" M1 "," W("w1", "worker1", "down") "]"

/* A look that is well, one that is not, and then for good: the time begins at the last. */
static void waits_until_stable(void)
{
	static const char *const checks[] = { "nodes-ready", NULL };
	static const fake_row rows[] = {
		{ INFO, .reply = MANAGER }, { NODES, .reply = READY },
		NO_EVENTS("node"),          { INFO, .reply = MANAGER },
		{ NODES, .reply = DOWN },   { INFO, .reply = MANAGER },
		{ NODES, .reply = READY },  { INFO, .reply = MANAGER, .delay_ms = 300 },
		{ NODES, .reply = READY },  { NULL },
	};
	swarm_health_options options = SWARM_HEALTH_OPTIONS_INIT;
	json_t *found = NULL;
	fixture f = setup(rows);

	options.checks = checks;
	options.stable_ms = 300;
	CHECK_INT(swarm_health_wait(f.client, &options, &found, &f.err), 0);
	CHECK_STR(f.err.text, "");
	CHECK_INT(json_array_size(found), 1);
	json_decref(found);
	teardown(&f);
}

/* An engine that is always as it is. */
static fake_row always(void *payload, const char *request)
{
	const char *nodes = payload;

	if (strstr(request, "/events"))
		return (fake_row){ .status = 500, .reply = MESSAGE("no events today") };
	return (fake_row){ .reply = strstr(request, "/info") ? MANAGER : nodes };
}

static void deadline_names_what_fails(void)
{
	static const struct {
		const char *nodes;
		int64_t stable_ms;
		const char *text;
	} cases[] = {
		{ DOWN, 100, " s the swarm is not healthy: nodes-ready: worker1 is down" },
		{ READY, 60000, "the deadline passed while all checks held for 0 of 60 s" },
	};
	static const char *const checks[] = { "nodes-ready", "leader", NULL };

	for (size_t i = 0; i < 2; i++) {
		fake_engine *engine = fake_engine_start_with(always, (void *)cases[i].nodes);
		swarm_client_options client_options = SWARM_CLIENT_OPTIONS_INIT;
		swarm_health_options options = SWARM_HEALTH_OPTIONS_INIT;
		swarm_error err = SWARM_ERROR_INIT;
		swarm_client *client = NULL;

		client_options.url = fake_engine_url(engine);
		client_options.api_version = "1.45";
		options.checks = checks;
		options.stable_ms = cases[i].stable_ms;
		options.timeout_ms = 400;
		CHECK_INT(swarm_client_new(&client_options, &client, NULL), 0);
		CHECK_INT(swarm_health_wait(client, &options, NULL, &err), SWARM_E_TIMEOUT);
		CHECK_PART(err.text, cases[i].text);
		swarm_client_free(client);
		CHECK_INT(fake_engine_stop(engine), 0);
	}
}

/* --- the table ---------------------------------------------------------------------------------- */

static void table_of_checks(void)
{
	json_t *checks = NULL;

	CHECK_INT(swarm_health_checks(&checks, NULL), 0);
	CHECK_INT(json_array_size(checks), 14);
	CHECK_STR(json_string_value(json_object_get(json_array_get(checks, 3), "name")),
		  "members-agree");
	CHECK_STR(json_string_value(json_object_get(json_array_get(checks, 3), "source")), "hosts");
	CHECK_STR(json_string_value(json_object_get(json_array_get(checks, 6), "level")),
		  "warning");
	json_decref(checks);
}

TEST_MAIN(TEST(one_check), TEST(what_is_not_known), TEST(no_engine), TEST(without_status),
	  TEST(ignored_and_old), TEST(arguments), TEST(waits_until_stable),
	  TEST(deadline_names_what_fails), TEST(table_of_checks))
