/* SPDX-License-Identifier: Apache-2.0 */
/* The proof: what each kind of service on the node becomes, and what is refused. */
#include "moving_swarm.h"

#define SPEC(template_, mode, rest) "{\"TaskTemplate\":{" template_ "},\"Mode\":{" mode "}" rest "}"
#define ONE "\"Replicated\":{\"Replicas\":1}"
#define TWO "\"Replicated\":{\"Replicas\":2}"
#define FIRST ",\"UpdateConfig\":{\"Order\":\"start-first\"}"
#define MOUNT(mount) "\"ContainerSpec\":{\"Mounts\":[{" mount "}]}"
#define PORT                                                                                       \
	",\"EndpointSpec\":{\"Ports\":[{\"Protocol\":\"tcp\",\"PublishedPort\":80,"                \
	"\"PublishMode\":\"host\"}]}"

typedef struct plan_case {
	const char *name;
	const char *spec;
	int here;           /* tasks on n1 */
	int there;          /* one each on n2, n3 */
	const char *status; /* UpdateStatus, or NULL */
	const char *way;
	const char *why; /* a part of it */
	bool passes;     /* by itself */
} plan_case;

static const plan_case table[] = {
	{ "start-first", SPEC("", TWO, FIRST), 2, 0, NULL, "move", "" },
	{ "stop-first", SPEC("", ONE, ""), 1, 0, NULL, "move",
	  "stop-first: each task is away until its replacement runs" },
	{ "global", SPEC("", "\"Global\":{}", ""), 1, 2, NULL, "stop",
	  "global: it comes back with worker1" },
	{ "job", SPEC("", "\"ReplicatedJob\":{}", ""), 1, 0, NULL, "stay",
	  "a job runs until it is complete" },
	{ "global job", SPEC("", "\"GlobalJob\":{}", ""), 1, 0, NULL, "stay", "a job runs" },
	{ "updating", SPEC("", ONE, FIRST), 1, 0, "updating", "stay", "its update goes on", true },
	{ "paused", SPEC("", ONE, FIRST), 1, 0, "paused", "stay", "its update is paused" },
	{ "rolling back", SPEC("", ONE, FIRST), 1, 0, "rollback_started", "stay",
	  "its rollback goes on", true },
	{ "rolled back", SPEC("", ONE, FIRST), 1, 0, "rollback_completed", "move", "" },
	{ "completed", SPEC("", ONE, FIRST), 1, 0, "completed", "move", "" },
	{ "short", SPEC("", "\"Replicated\":{\"Replicas\":3}", FIRST), 2, 0, NULL, "stay",
	  "only 2 of its 3 tasks run", true },
	{ "updating, with a volume",
	  SPEC(MOUNT("\"Type\":\"bind\",\"Source\":\"/srv\""), ONE, FIRST), 1, 0, "updating",
	  "stay", "it keeps its data on worker1 (bind /srv)" },
	{ "volume", SPEC(MOUNT("\"Type\":\"volume\",\"Source\":\"data\""), ONE, FIRST), 1, 0, NULL,
	  "stay", "it keeps its data on worker1 (volume data)" },
	{ "bind", SPEC(MOUNT("\"Type\":\"bind\",\"Source\":\"/srv\""), ONE, FIRST), 1, 0, NULL,
	  "stay", "it keeps its data on worker1 (bind /srv)" },
	{ "bind to read",
	  SPEC(MOUNT("\"Type\":\"bind\",\"Source\":\"/srv\",\"ReadOnly\":true"), ONE, FIRST), 1, 0,
	  NULL, "move", "" },
	{ "volume of its own", SPEC(MOUNT("\"Type\":\"volume\""), ONE, FIRST), 1, 0, NULL, "move",
	  "" },
	{ "nfs",
	  SPEC(MOUNT("\"Type\":\"volume\",\"Source\":\"v\",\"VolumeOptions\":{\"DriverConfig\":"
		     "{\"Options\":{\"type\":\"nfs\"}}}"),
	       ONE, FIRST),
	  1, 0, NULL, "move", "" },
	{ "other driver",
	  SPEC(MOUNT("\"Type\":\"volume\",\"Source\":\"v\",\"VolumeOptions\":{\"DriverConfig\":"
		     "{\"Name\":\"rexray\"}}"),
	       ONE, FIRST),
	  1, 0, NULL, "stay", "its 1 task fits nowhere else (worker2: no volume plugin rexray" },
	{ "tmpfs", SPEC(MOUNT("\"Type\":\"tmpfs\""), ONE, FIRST), 1, 0, NULL, "move", "" },
	{ "host port", SPEC("", TWO, FIRST PORT), 1, 1, NULL, "move", "" },
	{ "host port taken", SPEC("", "\"Replicated\":{\"Replicas\":3}", FIRST PORT), 1, 2, NULL,
	  "stay", "its 1 task fits nowhere else (worker2: host port 80/tcp in use, worker3: " },
	{ "some fit", SPEC("", "\"Replicated\":{\"Replicas\":3}", FIRST PORT), 2, 1, NULL, "stay",
	  "only 1 of its 2 tasks was found to fit elsewhere (worker2: host port" },
	{ "pinned", SPEC("\"Placement\":{\"Constraints\":[\"node.id==n1\"]}", ONE, FIRST), 1, 0,
	  NULL, "stay", "its 1 task fits nowhere else (worker2: constraint node.id==n1" },
	{ "most on a node", SPEC("\"Placement\":{\"MaxReplicas\":1}", TWO, FIRST), 2, 0, NULL,
	  "move", "" },
	{ "too many on a node",
	  SPEC("\"Placement\":{\"MaxReplicas\":1}", "\"Replicated\":{\"Replicas\":3}", FIRST), 1, 2,
	  NULL, "stay", "it has 1 of at most 1 tasks of the service" },
};

static void fill(moving_swarm *s, const plan_case *c)
{
	moving_start(s);
	for (int i = 1; i <= 3; i++) {
		char id[3] = { 'n', (char)('0' + i), '\0' };
		json_t *node = moving_find(s->nodes, id);

		json_object_set_new(json_object_get(node, "Description"), "Engine",
				    moving_json("{\"EngineVersion\":\"26.1.5\",\"Plugins\":"
						"[{\"Type\":\"Volume\",\"Name\":\"local\"}]}"));
	}
	moving_service(s, "s1", "web", c->spec);
	if (c->status)
		json_object_set_new(json_array_get(s->services, 0), "UpdateStatus",
				    json_pack("{s:s}", "State", c->status));
	for (int i = 0; i < c->here; i++)
		moving_task(s, "s1", i + 1, "n1");
	for (int i = 0; i < c->there; i++)
		moving_task(s, "s1", c->here + i + 1, i ? "n3" : "n2");
}

static json_t *row_of(const json_t *plan)
{
	return json_array_get(json_object_get(plan, "services"), 0);
}

static void ways(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const plan_case *c = &table[i];
		bool stays = strcmp(c->way, "stay") == 0;
		swarm_evict_options wait = SWARM_EVICT_OPTIONS_INIT;
		json_t *plan = NULL, *later = NULL;
		int64_t before = slept_ns;
		moving_swarm s;
		fixture f;

		test_row = c->name;
		fill(&s, c);
		f = moving_setup(&s);
		CHECK_INT(swarm_evict_plan(f.client, "worker1", NULL, &plan, &f.err), 0);
		CHECK_STR(text_of(row_of(plan), "way", NULL), c->way);
		CHECK_PART(text_of(row_of(plan), "why", NULL), c->why);
		CHECK(*c->why || !*text_of(row_of(plan), "why", NULL));
		CHECK_INT(json_integer_value(json_object_get(row_of(plan), "tasks")), c->here);
		CHECK((*text_of(plan, "refusal", NULL) != '\0') == stays);
		CHECK((strstr(text_of(plan, "refusal", NULL), "; run it again when that is over, "
							      "allow them by name") != NULL) ==
		      c->passes);
		CHECK_INT(slept_ns - before, 0);
		wait.flags = SWARM_EVICT_WAIT;
		CHECK_INT(swarm_evict_plan(f.client, "worker1", &wait, &later, &f.err), 0);
		CHECK(json_equal(plan, later));
		CHECK_INT((slept_ns - before) / 1000000000 >= 15, c->passes);
		json_decref(later);
		/* The same words stop the change, before anything is sent. */
		before = slept_ns;
		if (stays) {
			CHECK_INT(swarm_evict(f.client, "worker1", NULL, NULL, &f.err),
				  SWARM_E_CONFLICT);
			CHECK_STR(f.err.text, text_of(plan, "refusal", NULL));
			CHECK_INT((slept_ns - before) / 1000000000 >= 15, c->passes);
			CHECK((slept_ns - before) / 1000000000 <= 31);
		}
		CHECK_INT(s.writes, 0);
		json_decref(plan);
		teardown(&f);
		moving_end(&s);
	}
}

static void without_fits(const json_t *plan)
{
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(plan, "services"), i, row)
		json_array_clear(json_object_get(row, "fits"));
}

/* Each by itself, as if it were asked for alone: what one takes, the next one finds free. */
static void several_nodes(void)
{
	static const char *const nodes[] = { "n1", "n2", "n1", NULL };
	static const char *const unknown[] = { "n1", "worker1", NULL };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		json_t *plans = NULL;
		moving_swarm s;
		fixture f;

		test_row = table[i].name;
		fill(&s, &table[i]);
		moving_service(&s, "s2", "api", SPEC("", ONE, FIRST PORT));
		moving_task(&s, "s2", 1, "n1");
		f = moving_setup(&s);
		CHECK_INT(swarm_evict_plans(f.client, nodes, NULL, &plans, &f.err), 0);
		CHECK_INT(json_array_size(plans), 3);
		for (size_t k = 0; k < json_array_size(plans); k++) {
			json_t *alone = NULL;

			CHECK_INT(swarm_evict_plan(f.client, nodes[k], NULL, &alone, &f.err), 0);
			without_fits(alone);
			without_fits(json_array_get(plans, k));
			CHECK(json_equal(alone, json_array_get(plans, k)));
			json_decref(alone);
		}
		json_decref(plans);
		plans = NULL;
		CHECK_INT(swarm_evict_plans(f.client, unknown, NULL, &plans, &f.err),
			  SWARM_E_NOT_FOUND);
		CHECK_STR(f.err.text, "no node has the id worker1");
		CHECK(!plans);
		CHECK_INT(s.writes, 0);
		teardown(&f);
		moving_end(&s);
	}
}

static void fits_are_named(void)
{
	const plan_case c = { "", SPEC("", TWO, FIRST PORT), 1, 1, NULL, "", "" };
	json_t *plan = NULL;
	moving_swarm s;
	fixture f;
	char *text;

	fill(&s, &c);
	f = moving_setup(&s);
	CHECK_INT(swarm_evict_plan(f.client, "n1", NULL, &plan, &f.err), 0);
	text = json_dumps(plan, JSON_COMPACT | JSON_SORT_KEYS);
	CHECK_STR(text, "{\"availability\":\"active\",\"hostname\":\"worker1\",\"id\":\"n1\","
			"\"refusal\":\"\",\"services\":[{\"fits\":[\"worker3\"],\"id\":\"s1\","
			"\"job\":false,\"service\":\"web\",\"tasks\":1,\"way\":\"move\","
			"\"why\":\"\"}]}");
	free(text);
	json_decref(plan);
	teardown(&f);
	moving_end(&s);
}

/* Two services that fit alone, and not together: what is put first takes the room. */
static void all_at_once(void)
{
	const plan_case c = { "", SPEC("", TWO, FIRST PORT), 1, 1, NULL, "", "" };
	json_t *plan = NULL;
	moving_swarm s;
	fixture f;

	fill(&s, &c);
	moving_service(&s, "s2", "api", SPEC("", ONE, FIRST PORT));
	moving_task(&s, "s2", 1, "n1");
	f = moving_setup(&s);
	CHECK_INT(swarm_evict_plan(f.client, "n1", NULL, &plan, &f.err), 0);
	CHECK_PART(text_of(plan, "refusal", NULL), "worker1 is not drained: ");
	CHECK_PART(text_of(plan, "refusal", NULL), "worker3: host port 80/tcp in use");
	CHECK_PART(text_of(plan, "refusal", NULL), "; allow them by name, or use force");
	json_decref(plan);
	teardown(&f);
	moving_end(&s);
}

/* Nodes that take no tasks are not even named. */
static void closed_nodes(void)
{
	const plan_case c = { "", SPEC("", ONE, FIRST), 1, 0, NULL, "", "" };
	json_t *plan = NULL;
	moving_swarm s;
	fixture f;

	fill(&s, &c);
	json_object_set_new(json_object_get(moving_find(s.nodes, "n2"), "Spec"), "Availability",
			    json_string("drain"));
	json_object_set_new(json_object_get(moving_find(s.nodes, "n3"), "Status"), "State",
			    json_string("down"));
	f = moving_setup(&s);
	CHECK_INT(swarm_evict_plan(f.client, "n1", NULL, &plan, &f.err), 0);
	CHECK_STR(
		text_of(plan, "refusal", NULL),
		"worker1 is not drained: web: its 1 task fits nowhere else (no other node is ready "
		"and active); allow them by name, or use force");
	json_decref(plan);
	CHECK_INT(swarm_evict_plan(f.client, "n3", NULL, &plan, &f.err), 0);
	CHECK_STR(text_of(plan, "refusal", NULL),
		  "worker3 is down: nothing on it can be moved, use drain");
	json_decref(plan);
	teardown(&f);
	moving_end(&s);
}

static void allowed(void)
{
	static const char *const web[] = { "web", NULL };
	static const char *const slip[] = { "wbe", NULL };
	const plan_case c = { "", SPEC("", "\"ReplicatedJob\":{}", ""), 1, 0, NULL, "", "" };
	swarm_evict_options options = SWARM_EVICT_OPTIONS_INIT;
	json_t *plan = NULL;
	moving_swarm s;
	fixture f;

	fill(&s, &c);
	f = moving_setup(&s);
	options.allow = slip;
	CHECK_INT(swarm_evict_plan(f.client, "n1", &options, &plan, &f.err), SWARM_E_INVAL);
	CHECK_STR(f.err.text, "allow: there is no service 'wbe'");
	f.err = (swarm_error)SWARM_ERROR_INIT;
	options.allow = web;
	CHECK_INT(swarm_evict_plan(f.client, "n1", &options, &plan, &f.err), 0);
	CHECK_STR(text_of(row_of(plan), "way", NULL), "stop");
	CHECK_STR(text_of(plan, "refusal", NULL), "");
	json_decref(plan);
	options.allow = NULL;
	options.flags = SWARM_EVICT_FORCE;
	CHECK_INT(swarm_evict_plan(f.client, "n1", &options, &plan, &f.err), 0);
	CHECK_STR(text_of(row_of(plan), "way", NULL), "stop");
	json_decref(plan);
	teardown(&f);
	moving_end(&s);
}

/* With an order of two, one reserves more: it is put first, and fits. */
static void biggest_first(void)
{
#define RESERVES(bytes) "\"Resources\":{\"Reservations\":{\"MemoryBytes\":" bytes "}}"
	const plan_case c = { "", SPEC(RESERVES("100"), ONE, FIRST), 1, 0, NULL, "", "" };
	json_t *plan = NULL;
	moving_swarm s;
	fixture f;

	fill(&s, &c);
	moving_service(&s, "s2", "zbig", SPEC(RESERVES("900"), ONE, FIRST));
	moving_task(&s, "s2", 1, "n1");
	json_object_set_new(json_object_get(moving_find(s.nodes, "n2"), "Description"), "Resources",
			    moving_json("{\"MemoryBytes\":950}"));
	json_object_set_new(json_object_get(moving_find(s.nodes, "n3"), "Description"), "Resources",
			    moving_json("{\"MemoryBytes\":100}"));
	f = moving_setup(&s);
	CHECK_INT(swarm_evict_plan(f.client, "n1", NULL, &plan, &f.err), 0);
	CHECK_STR(text_of(plan, "refusal", NULL), "");
	json_decref(plan);
	teardown(&f);
	moving_end(&s);
}

static void add_service(moving_swarm *s, const char *id, const char *image, const char *more,
			const char *mode)
{
	char spec[512];

	snprintf(spec, sizeof(spec), SPEC("\"ContainerSpec\":{\"Image\":\"%s\"%s", "%s", ""), image,
		 more, mode);
	moving_service(s, id, id, spec);
	moving_task(s, id, 1, "n1");
}

#define ONLY(node) "},\"Placement\":{\"Constraints\":[\"node.id==" node "\"]}"

/* What the same nodes need is in one row, each image once; what only the node itself takes, too. */
static void images_of_a_node(void)
{
	static const char *const nodes[] = { "n1", NULL }, *const unknown[] = { "n9", NULL };
	static const char *const idle[] = { "n2", "n3", NULL };
	json_t *images = NULL;
	moving_swarm s;
	fixture f;
	char *text;

	moving_start(&s);
	add_service(&s, "s1", "web:1", "}", ONE);
	add_service(&s, "s2", "api:1", "}", ONE);
	add_service(&s, "s3", "db:1", ONLY("n3"), ONE);
	add_service(&s, "s4", "db:1", ONLY("n2"), ONE);
	add_service(&s, "s5", "here:1", ONLY("n1"), ONE);
	add_service(&s, "s6", "nowhere:1", ONLY("n9"), ONE);
	add_service(&s, "s7", "log:1", "}", "\"Global\":{}");
	add_service(&s, "s8", "job:1", "}", "\"ReplicatedJob\":{}");
	moving_service(&s, "s9", "s9", SPEC("\"ContainerSpec\":{\"Image\":\"idle:1\"}", ONE, ""));
	json_object_set_new(json_object_get(moving_find(s.nodes, "n2"), "Spec"), "Availability",
			    json_string("active"));
	f = moving_setup(&s);
	CHECK_INT(swarm_evict_images(f.client, nodes, 0, &images, &f.err), 0);
	text = json_dumps(images, JSON_COMPACT | JSON_SORT_KEYS);
	CHECK_STR(text, "[{\"images\":[\"web:1\",\"api:1\"],\"nodes\":[\"n1\",\"n2\",\"n3\"]},"
			"{\"images\":[\"db:1\"],\"nodes\":[\"n2\",\"n3\"]},"
			"{\"images\":[\"here:1\"],\"nodes\":[\"n1\"]}]");
	free(text);
	json_decref(images);
	images = NULL;
	CHECK_INT(swarm_evict_images(f.client, idle, 0, &images, &f.err), 0);
	CHECK_INT(json_array_size(images), 0);
	json_decref(images);
	images = NULL;
	CHECK_INT(swarm_evict_images(f.client, unknown, 0, &images, &f.err), SWARM_E_NOT_FOUND);
	CHECK_STR(f.err.text, "no node has the id n9");
	CHECK_INT(swarm_evict_images(f.client, NULL, 0, &images, NULL), SWARM_E_INVAL);
	CHECK_INT(swarm_evict_images(f.client, nodes, -1, &images, NULL), SWARM_E_INVAL);
	CHECK(images == NULL);
	CHECK_INT(s.writes, 0);
	teardown(&f);
	moving_end(&s);
}

TEST_MAIN(TEST(ways), TEST(several_nodes), TEST(fits_are_named), TEST(all_at_once),
	  TEST(closed_nodes), TEST(allowed), TEST(biggest_first), TEST(images_of_a_node))
