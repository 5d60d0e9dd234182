/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compose files that docker's own CLI deployed (tests/compose/cases), against what a real engine stored
 * then (tests/compose/goldens): the same objects, once what the engine fills in is there.
 */
#include "compose/internal.h"
#include "test.h"

#include <dirent.h>

#define VXLAN "com.docker.network.driver.overlay.vxlanid_list"

enum { FEWEST = 52 };

static int read_case_file(void *payload, const char *file, swarm_content *content, swarm_error *err)
{
	char path[512], bytes[4096];
	FILE *stream;
	size_t size;

	(void)payload;
	snprintf(path, sizeof(path), "%s/%s", CASES, file);
	stream = fopen(path, "rb");
	if (!stream)
		return swarm__error(err, SWARM_E_NOT_FOUND, "no such file");
	size = fread(bytes, 1, sizeof(bytes), stream);
	fclose(stream);
	return swarm_content_set(content, bytes, size);
}

/* --- what the engine fills in ------------------------------------------------------------------------------ */

static void fill(json_t *object, const char *name, json_t *value)
{
	if (object && !json_object_get(object, name))
		json_object_set_new(object, name, value);
	else
		json_decref(value);
}

static void fill_update(json_t *config)
{
	double ratio = json_number_value(json_object_get(config, "MaxFailureRatio"));

	/* Its JSON has no point in a whole number. */
	if (ratio == 1)
		json_object_set_new(config, "MaxFailureRatio", json_integer(1));
	fill(config, "FailureAction", json_string("pause"));
	fill(config, "Order", json_string("stop-first"));
	fill(config, "MaxFailureRatio", json_integer(0));
}

/* What is zero is not in the engine's answer. */
static void drop_zeros(json_t *resources)
{
	json_t *entry;
	size_t i;

	json_array_foreach (resources, i, entry) {
		json_t *one = json_object_get(entry, "DiscreteResourceSpec");

		if (json_integer_value(json_object_get(one, "Value")) == 0)
			json_object_del(one, "Value");
	}
}

static void fill_task(json_t *task)
{
	json_t *container = json_object_get(task, "ContainerSpec");
	json_t *privileges = json_object_get(container, "Privileges");
	json_t *identity = json_object_get(privileges, "CredentialSpec");
	json_t *policy = json_object_get(task, "RestartPolicy");
	json_t *resources = json_object_get(task, "Resources");

	drop_zeros(json_object_get(json_object_get(resources, "Reservations"), "GenericResources"));
	fill(task, "ForceUpdate", json_integer(0));
	fill(task, "Runtime", json_string("container"));
	fill(container, "Isolation", json_string("default"));
	fill(identity, "Config", json_string(""));
	fill(identity, "File", json_string(""));
	fill(identity, "Registry", json_string(""));
	fill(privileges, "CredentialSpec", json_null());
	fill(privileges, "SELinuxContext", json_null());
	fill(privileges, "NoNewPrivileges", json_false());
	fill(policy, "Condition", json_string("any"));
	fill(policy, "MaxAttempts", json_integer(0));
}

/* The gateway is an address of the subnet. */
static void fill_ipam(json_t *ipam, const json_t *want)
{
	json_t *pool;
	size_t i;

	fill(ipam, "Driver", json_string("default"));
	fill(ipam, "Options", json_null());
	json_array_foreach (json_object_get(ipam, "Config"), i, pool)
		fill(pool, "Gateway",
		     json_incref(json_object_get(json_array_get(json_object_get(want, "Config"), i),
						 "Gateway")));
}

static void fill_service(json_t *spec)
{
	json_t *mode = json_object_get(spec, "Mode");
	json_t *job = json_object_get(mode, "ReplicatedJob");

	fill(json_object_get(mode, "Replicated"), "Replicas", json_integer(1));
	fill(job, "MaxConcurrent", json_integer(1));
	fill(job, "TotalCompletions", json_integer(1));
	fill(json_object_get(spec, "EndpointSpec"), "Mode", json_string("vip"));
	fill_update(json_object_get(spec, "UpdateConfig"));
	fill_update(json_object_get(spec, "RollbackConfig"));
	fill_task(json_object_get(spec, "TaskTemplate"));
}

/* --- names as the golden has ids ---------------------------------------------------------------------------------- */

static json_t *id_of(const json_t *objects, const char *name)
{
	return json_object_get(objects, name) ? json_sprintf("<id of %s>", name)
					      : json_string("<id of an external object>");
}

static void put_ids(json_t *list, const json_t *objects, const char *name, const char *id)
{
	json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry)
		json_object_set_new(entry, id, id_of(objects, swarm__json_string(entry, name)));
}

static void put_all_ids(json_t *spec, const json_t *golden)
{
	json_t *configs = json_object_get(golden, "configs");
	json_t *task = json_object_get(spec, "TaskTemplate");
	json_t *container = json_object_get(task, "ContainerSpec");
	json_t *identity = json_object_get(json_object_get(container, "Privileges"),
					   "CredentialSpec");

	put_ids(json_object_get(task, "Networks"), json_object_get(golden, "networks"), "Target",
		"Target");
	put_ids(json_object_get(container, "Secrets"), json_object_get(golden, "secrets"),
		"SecretName", "SecretID");
	put_ids(json_object_get(container, "Configs"), configs, "ConfigName", "ConfigID");
	if (json_object_get(identity, "Config"))
		json_object_set_new(identity, "Config",
				    id_of(configs, swarm__json_string(identity, "Config")));
}

/* --- what is known to differ ------------------------------------------------------------------------------------------ */

/* The CLI leaves the order of unpublished ports to chance. */
static json_t *port_set(const json_t *spec)
{
	json_t *set = json_object(), *port;
	size_t i;

	json_array_foreach (json_object_get(json_object_get(spec, "EndpointSpec"), "Ports"), i,
			    port) {
		char *text = json_dumps(port, JSON_SORT_KEYS);

		json_object_set_new(set, text, json_true());
		free(text);
	}
	return set;
}

/* The CLI does not replace variables in a default. */
static void nest(json_t *golden)
{
	json_t *spec = json_object_get(json_object_get(golden, "services"), "interpolate_i");
	json_t *env = json_object_get(
		json_object_get(json_object_get(spec, "TaskTemplate"), "ContainerSpec"), "Env");
	size_t i;
	json_t *line;

	json_array_foreach (env, i, line)
		if (strcmp(json_string_value(line), "H=${PASSED}") == 0)
			json_array_set_new(env, i, json_string("H=from-env"));
}

/* --- comparing --------------------------------------------------------------------------------------------------------- */

static void check_equal(const json_t *have, const json_t *want)
{
	char *first, *second;

	if (CHECK(json_equal(swarm__json_iterable(have), swarm__json_iterable(want))))
		return;
	first = have ? json_dumps(have, JSON_SORT_KEYS) : strdup("nothing");
	second = json_dumps(want, JSON_SORT_KEYS);
	CHECK_STR(first, second);
	free(first);
	free(second);
}

static void check_service(json_t *spec, json_t *want, const json_t *golden)
{
	json_t *have_ports = port_set(spec), *want_ports = port_set(want);

	CHECK(spec != NULL);
	check_equal(have_ports, want_ports);
	json_decref(have_ports);
	json_decref(want_ports);
	json_object_del(json_object_get(want, "EndpointSpec"), "Ports");
	json_object_del(json_object_get(spec, "EndpointSpec"), "Ports");
	put_all_ids(spec, golden);
	fill_service(spec);
	check_equal(spec, want);
}

/* The engine has more of a network than it was made with. */
static void check_network(const json_t *body, const json_t *want)
{
	const json_t *asked = json_object_get(body, "Options");
	size_t numbered = json_object_get(asked, VXLAN) ? 0 : 1;
	const char *name;
	json_t *value;

	fill_ipam(json_object_get(body, "IPAM"), json_object_get(want, "IPAM"));

	json_object_foreach (swarm__json_iterable(asked), name, value)
		check_equal(json_object_get(json_object_get(want, "Options"), name), value);
	json_object_foreach (swarm__json_iterable(body), name, value)
		if (strcmp(name, "Name") != 0 && strcmp(name, "Options") != 0)
			check_equal(value, json_object_get(want, name));
	CHECK_INT(json_object_size(json_object_get(want, "Options")),
		  json_object_size(asked) + numbered);
}

static void check_case(const char *name)
{
	swarm_compose_options options = SWARM_COMPOSE_OPTIONS_INIT;
	swarm_error err = SWARM_ERROR_INIT;
	json_t *input, *golden, *stack = NULL, *value;
	char path[512];
	const char *key;

	snprintf(path, sizeof(path), "%s/%s.json", CASES, name);
	input = json_load_file(path, 0, NULL);
	snprintf(path, sizeof(path), "%s/%s.golden.json", GOLDENS, name);
	golden = json_load_file(path, 0, NULL);
	if (!CHECK(input && golden))
		return;
	options.name = json_string_value(json_object_get(input, "name"));
	options.env = json_object_get(input, "env");
	options.base_dir = json_string_value(json_object_get(input, "base_dir"));
	options.content = read_case_file;
	if (!CHECK_INT(swarm_compose_convert(json_object_get(input, "documents"), &options, &stack,
					     NULL, &err),
		       0))
		printf("# %s\n", err.text);
	nest(golden);
	json_object_foreach (json_object_get(golden, "services"), key, value)
		check_service(json_object_get(json_object_get(stack, "services"), key), value,
			      golden);
	json_object_foreach (json_object_get(golden, "networks"), key, value)
		check_network(json_object_get(json_object_get(stack, "networks"), key), value);
	check_equal(json_object_get(stack, "secrets"), json_object_get(golden, "secrets"));
	check_equal(json_object_get(stack, "configs"), json_object_get(golden, "configs"));
	CHECK_INT(json_object_size(json_object_get(stack, "services")),
		  json_object_size(json_object_get(golden, "services")));
	CHECK_INT(json_object_size(json_object_get(stack, "networks")),
		  json_object_size(json_object_get(golden, "networks")));
	json_decref(stack);
	json_decref(golden);
	json_decref(input);
}

static void equal_to_what_docker_deployed(void)
{
	DIR *folder = opendir(GOLDENS);
	struct dirent *entry;
	int cases = 0;

	if (!CHECK(folder != NULL))
		return;
	while ((entry = readdir(folder))) {
		char name[128];
		const char *end = strstr(entry->d_name, ".golden.json");

		if (!end)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(end - entry->d_name), entry->d_name);
		test_row = name;
		check_case(name);
		test_row = NULL;
		cases++;
	}
	closedir(folder);
	CHECK(cases >= FEWEST);
}

TEST_MAIN(TEST(equal_to_what_docker_deployed))
