/* SPDX-License-Identifier: Apache-2.0 */
/* Why a task gets no node: what is read, what counts as taken, and how it is reported. */
#include "test_cluster.h"

#define WEB "GET " API "/services/web"
#define S1 "GET " API "/services/s1"
#define T1 "GET " API "/services/t1"
#define TASK1 "GET " API "/tasks/t1"
#define NODES "GET " API "/nodes"
#define TASKS "GET " API "/tasks?filters=%7B%22service%22%3A%5B%22s1%22%5D%7D"
#define ALL_TASKS "GET " API "/tasks"
#define SERVICES "GET " API "/services"
#define NONE MESSAGE("not found")

#define SERVICE(id, name, ports)                                                                   \
	"{\"ID\":\"" id "\",\"Spec\":{\"Name\":\"" name "\",\"EndpointSpec\":{" ports "}}}"
#define HOST_PORT(number)                                                                          \
	"\"Ports\":[{\"Protocol\":\"tcp\",\"PublishedPort\":" number ",\"PublishMode\":\"host\"}]"
#define TASK(id, state, spec, more)                                                                \
	"{\"ID\":\"" id "\",\"ServiceID\":\"s1\",\"DesiredState\":\"running\",\"Status\":{"        \
	"\"State\":\"" state "\",\"Message\":\"pending task scheduling\",\"Err\":\"no suitable "   \
	"node\"},\"Spec\":{" spec "}" more "}"
#define NODE(id, name, availability)                                                               \
	"{\"ID\":\"" id "\",\"Spec\":{\"Availability\":\"" availability                            \
	"\"},\"Status\":{\"State\":\"ready\"},\"Description\":{\"Hostname\":\"" name               \
	"\",\"Resources\":{\"NanoCPUs\":2000000000}}}"
#define TWO_NODES "[" NODE("n1", "host1", "drain") "," NODE("n2", "host2", "active") "]"
#define TOLD(id, count, nodes)                                                                     \
	"{\"count\":" count ",\"nodes\":[" nodes "],\"task\":{\"error\":\"no suitable node\","     \
	"\"id\":\"" id "\",\"message\":\"pending task scheduling\",\"service\":\"web\","           \
	"\"state\":\"pending\"}}"
#define ROW(id, name, rejected)                                                                    \
	"{\"hostname\":\"" name "\",\"id\":\"" id "\",\"rejected\":\"" rejected "\"}"
#define HOST1 ROW("n1", "host1", "its availability is drain")
#define HOST2 ROW("n2", "host2", "")
#define BOTH HOST1 "," HOST2
#define ADDRESS ",\"NetworksAttachments\":[{\"Addresses\":[\"10.0.1.5/24\"]}]"
#define OTHER "\"ForceUpdate\":1"
#define ENDS "{\"ID\":\"t5\",\"DesiredState\":\"shutdown\",\"Status\":{\"State\":\"pending\"}}"
#define ON(node) ",\"NodeID\":\"" node "\""

/* The answer as text, to be freed; NULL without one. */
static char *ask(fixture *f, const char *ref)
{
	json_t *why = NULL;
	char *text;

	CHECK_INT(swarm_task_why(f->client, ref, 0, &why, &f->err), 0);
	CHECK_STR(f->err.text, "");
	text = json_dumps(why, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(why);
	return text;
}

static void check_answer(fixture *f, const char *ref, const char *want)
{
	char *text = ask(f, ref);

	CHECK_STR(text, want);
	free(text);
}

/* --- the report ----------------------------------------------------------------------------- */

/* Tasks with the same requirements are reported once. */
static void waiting_tasks(void)
{
	static const char tasks[] = "[" TASK("t1", "pending", "", "") "," TASK(
		"t2", "running", "", "") "," TASK("t3", "pending", "",
						  ADDRESS) "," TASK("t4", "pending", OTHER,
								    "") "," ENDS "]";
	const fake_row rows[] = {
		{ WEB, .reply = SERVICE("s1", "web", "") },
		{ TASKS, .reply = tasks },
		{ NODES, .reply = TWO_NODES },
		{ NULL },
	};
	fixture f = setup(rows);

	check_answer(&f, "web", "[" TOLD("t1", "2", BOTH) "," TOLD("t4", "1", BOTH) "]");
	teardown(&f);
}

/* If nothing waits, the tasks that a node refused say why the service does not run. */
static void rejected_tasks(void)
{
	static const char tasks[] =
		"[{\"ID\":\"t1\",\"ServiceID\":\"s1\",\"Spec\":{},\"Slot\":1,\"CreatedAt\":\"2026-01-01T00:00:00Z\","
		"\"DesiredState\":\"shutdown\",\"Status\":{\"State\":\"rejected\",\"Message\":\"preparing\","
		"\"Err\":\"No such image: web:0\"}},"
		"{\"ID\":\"t2\",\"ServiceID\":\"s1\",\"Spec\":{},\"Slot\":1,\"CreatedAt\":\"2026-01-02T00:00:00Z\","
		"\"DesiredState\":\"shutdown\",\"Status\":{\"State\":\"rejected\",\"Message\":\"preparing\","
		"\"Err\":\"No such image: web:1\"}},"
		"{\"ID\":\"t3\",\"ServiceID\":\"s1\",\"Spec\":{},\"Slot\":2,\"DesiredState\":\"shutdown\",\"Status\":{"
		"\"State\":\"shutdown\",\"Err\":\"\"}}]";
	const fake_row rows[] = { { WEB, .reply = SERVICE("s1", "web", "") },
				  { TASKS, .reply = tasks },
				  { NULL } };
	fixture f = setup(rows);

	check_answer(
		&f, "web",
		"[{\"count\":2,\"nodes\":[],\"task\":{\"error\":\"No such image: web:1\",\"id\":\"t2\","
		"\"message\":\"preparing\",\"service\":\"web\",\"state\":\"rejected\"}}]");
	teardown(&f);
}

/* The task of a global service is made for one node. */
static void of_one_node(void)
{
	static const char tasks[] = "[" TASK("t1", "pending", "",
					     ON("n1")) "," TASK("t2", "pending", "", ON("n2")) "]";
	const fake_row rows[] = {
		{ WEB, .reply = SERVICE("s1", "web", "") },
		{ TASKS, .reply = tasks },
		{ NODES, .reply = TWO_NODES },
		{ NULL },
	};
	fixture f = setup(rows);

	check_answer(&f, "web", "[" TOLD("t1", "1", HOST1) "," TOLD("t2", "1", HOST2) "]");
	teardown(&f);
}

static void nothing_waits(void)
{
	const fake_row rows[] = {
		{ WEB, .reply = SERVICE("s1", "web", "") },
		{ TASKS, .reply = "null" },
		{ NULL },
	};
	fixture f = setup(rows);

	check_answer(&f, "web", "[]");
	teardown(&f);
}

static void by_task(void)
{
	const fake_row rows[] = {
		{ T1, .status = 404, .reply = NONE },
		{ TASK1, .reply = TASK("t1", "pending", "", "") },
		{ S1, .reply = SERVICE("s1", "web", "") },
		{ NODES, .reply = TWO_NODES },
		/* It has its node, so that there is nothing to decide. */
		{ T1, .status = 404, .reply = NONE },
		{ TASK1, .reply = TASK("t1", "preparing", "", "") },
		{ S1, .status = 404, .reply = NONE },
		/* Where services have ids that begin so. */
		{ T1, .status = 400,
		  .reply = MESSAGE("service t1 is ambiguous (2 matches found)") },
		{ TASK1, .status = 404, .reply = NONE },
		{ NULL },
	};
	fixture f = setup(rows);
	json_t *why = NULL;

	check_answer(&f, "t1", "[" TOLD("t1", "1", BOTH) "]");
	check_answer(&f, "t1",
		     "[{\"count\":1,\"nodes\":[],\"task\":{\"error\":\"no suitable node\",\"id\":"
		     "\"t1\",\"message\":\"pending task scheduling\",\"service\":\"\",\"state\":"
		     "\"preparing\"}}]");
	CHECK_INT(swarm_task_why(f.client, "t1", 0, &why, &f.err), SWARM_E_NOT_FOUND);
	CHECK_STR(f.err.text, "no service has the id or name 't1', and no task the id");
	CHECK(!why);
	teardown(&f);
}

static void bad_input(void)
{
	const fake_row rows[] = { { NULL } };
	fixture f = setup(rows);
	json_t *why = NULL;

	CHECK_INT(swarm_task_why(NULL, "web", 0, &why, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_task_why(f.client, "web", 0, NULL, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_task_why(f.client, NULL, 0, &why, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_task_why(f.client, "", 0, &why, &f.err), SWARM_E_INVAL);
	CHECK_STR(f.err.text, "a service's id or name, or a task's id, is required");
	teardown(&f);
}

/* --- what the tasks on a node take ---------------------------------------------------------- */

#define WANTS(cpus) "\"Resources\":{\"Reservations\":{\"NanoCPUs\":" cpus "}}"
#define PLACED(state, desired, spec, more)                                                         \
	"{\"ID\":\"x\",\"ServiceID\":\"s2\",\"NodeID\":\"n2\",\"DesiredState\":\"" desired         \
	"\",\"Status\":{\"State\":\"" state "\"},\"Spec\":{" spec "}" more "}"
#define GENERIC(spec, value)                                                                       \
	"\"GenericResources\":[{\"" spec "\":{\"Kind\":\"gpu\",\"Value\":" value "}}]"

/* One task that waits, one that is somewhere, and what that leaves on host2. */
static void taken(void)
{
	static const struct {
		const char *name;
		const char *spec; /* of the task that waits */
		const char *placed;
		const char *rejected; /* for host2 */
	} table[] = {
		{ "runs", WANTS("1500000000"),
		  PLACED("running", "running", WANTS("1000000000"), ""),
		  "1.5 CPUs requested, 1 of 2 free" },
		{ "stops, but runs", WANTS("1500000000"),
		  PLACED("running", "shutdown", WANTS("1000000000"), ""),
		  "1.5 CPUs requested, 1 of 2 free" },
		{ "is chosen", WANTS("1500000000"),
		  PLACED("assigned", "running", WANTS("1000000000"), ""),
		  "1.5 CPUs requested, 1 of 2 free" },
		{ "waits for that node", WANTS("1500000000"),
		  PLACED("pending", "running", WANTS("1000000000"), ""), "" },
		{ "is over", WANTS("1500000000"),
		  PLACED("failed", "shutdown", WANTS("1000000000"), ""), "" },
		{ "on a node that is gone", WANTS("1500000000"),
		  "{\"ID\":\"x\",\"NodeID\":\"n9\",\"Status\":{\"State\":\"running\"},\"Spec\":{" WANTS(
			  "1000000000") "}}",
		  "" },
		{ "took what has a name",
		  "\"Resources\":{\"Reservations\":{" GENERIC("DiscreteResourceSpec", "1") "}}",
		  PLACED("running", "running", "", "," GENERIC("NamedResourceSpec", "\"a\"")),
		  "1 gpu requested, 0 of 0 free" },
		{ "of another service", "\"Placement\":{\"MaxReplicas\":1}",
		  PLACED("running", "running", "", ""), "" },
		{ "of this service", "\"Placement\":{\"MaxReplicas\":1}",
		  "{\"ID\":\"x\",\"ServiceID\":\"s1\",\"NodeID\":\"n2\",\"DesiredState\":\"running\",\"Status\":{"
		  "\"State\":\"running\"}}",
		  "it has 1 of at most 1 tasks of the service" },
		{ "of this service, stops", "\"Placement\":{\"MaxReplicas\":1}",
		  "{\"ID\":\"x\",\"ServiceID\":\"s1\",\"NodeID\":\"n2\",\"DesiredState\":\"shutdown\",\"Status\":{"
		  "\"State\":\"running\"}}",
		  "" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char task[1024], tasks[2048], want[1024], *text;
		const fake_row rows[] = {
			{ T1, .status = 404, .reply = NONE },
			{ TASK1, .reply = task },
			{ S1, .reply = SERVICE("s1", "web", "") },
			{ NODES, .reply = TWO_NODES },
			{ ALL_TASKS, .reply = tasks },
			{ SERVICES, .reply = "[]" },
			{ NULL },
		};
		fixture f;

		test_row = table[i].name;
		snprintf(task, sizeof(task), TASK("t1", "pending", "%s", ""), table[i].spec);
		snprintf(tasks, sizeof(tasks), "[%s,%s]", task, table[i].placed);
		snprintf(want, sizeof(want),
			 "\"hostname\":\"host2\",\"id\":\"n2\",\"rejected\":\"%s\"}",
			 table[i].rejected);
		f = setup(rows);
		text = ask(&f, "t1");
		CHECK_PART(text, want);
		free(text);
		teardown(&f);
	}
}

/* A task that runs has the ports that it says, one that does not those of its service. */
static void ports(void)
{
	static const struct {
		const char *name;
		const char *placed;
		const char *rejected;
	} table[] = {
		{ "of its service", PLACED("starting", "running", "", ""),
		  "host port 80/tcp in use" },
		{ "of a service that is gone",
		  "{\"ID\":\"x\",\"ServiceID\":\"s9\",\"NodeID\":\"n2\",\"Status\":{\"State\":\"running\"}}",
		  "" },
		{ "of its own",
		  "{\"ID\":\"x\",\"ServiceID\":\"s9\",\"NodeID\":\"n2\",\"Status\":{\"State\":\"running\","
		  "\"PortStatus\":{" HOST_PORT("80") "}}}",
		  "host port 80/tcp in use" },
		{ "no longer of its service",
		  "{\"ID\":\"x\",\"ServiceID\":\"s2\",\"NodeID\":\"n2\",\"Status\":{\"State\":\"running\","
		  "\"PortStatus\":{" HOST_PORT("81") "}}}",
		  "" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char tasks[1024], want[256];
		const fake_row rows[] = {
			{ WEB, .reply = SERVICE("s1", "web", HOST_PORT("80")) },
			{ TASKS, .reply = "[" TASK("t1", "pending", "", ON("n2")) "]" },
			{ NODES, .reply = TWO_NODES },
			{ ALL_TASKS, .reply = tasks },
			{ SERVICES, .reply = "[" SERVICE("s1", "web", HOST_PORT("80")) "," SERVICE(
					    "s2", "other", HOST_PORT("80")) "]" },
			{ NULL },
		};
		fixture f;

		test_row = table[i].name;
		snprintf(tasks, sizeof(tasks), "[%s]", table[i].placed);
		snprintf(want, sizeof(want), "[" TOLD("t1", "1", ROW("n2", "host2", "%s")) "]",
			 table[i].rejected);
		f = setup(rows);
		check_answer(&f, "web", want);
		teardown(&f);
	}
}

/* The volumes are read if a task needs one; an engine without cluster volumes has none. */
static void volumes(void)
{
	static const char *const replies[][2] = {
		{ "{\"Volumes\":[{\"Name\":\"data\",\"ClusterVolume\":{\"Spec\":{}}}]}",
		  "cluster volume data: its plugin has not made it" },
		{ "{\"Volumes\":null}", "cluster volume data: there is none" },
	};

	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		char want[256];
		const fake_row rows[] = {
			{ WEB, .reply = SERVICE("s1", "web", "") },
			{ TASKS, .reply = "[" TASK("t1", "pending",
						   "\"ContainerSpec\":{\"Mounts\":[{\"Type\":"
						   "\"cluster\",\"Source\":\"data\"}]}",
						   ON("n2")) "]" },
			{ NODES, .reply = TWO_NODES },
			{ ALL_TASKS, .reply = "[]" },
			{ SERVICES, .reply = "[]" },
			{ "GET " API "/volumes", .reply = replies[i][0] },
			{ NULL },
		};
		fixture f;

		test_row = replies[i][1];
		snprintf(want, sizeof(want), "[" TOLD("t1", "1", ROW("n2", "host2", "%s")) "]",
			 replies[i][1]);
		f = setup(rows);
		check_answer(&f, "web", want);
		teardown(&f);
	}
}

TEST_MAIN(TEST(waiting_tasks), TEST(rejected_tasks), TEST(of_one_node), TEST(nothing_waits),
	  TEST(by_task), TEST(bad_input), TEST(taken), TEST(ports), TEST(volumes))
