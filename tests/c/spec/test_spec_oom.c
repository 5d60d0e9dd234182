/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs out at each allocation of a merge in turn: an ordinary error, and nothing is lost. */
#include "oom.h"
#include "spec/internal.h"
#include "test.h"

static const char have[] =
	"{\"Labels\":{\"a\":\"1\"},\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"a:1\",\"Env\":[\"A=1\"],"
	"\"Mounts\":[{\"Type\":\"volume\",\"Source\":\"d\",\"Target\":\"/d\"}],\"Hosts\":[\"1.1.1.1 a\"]},"
	"\"Networks\":[{\"Target\":\"n1\"}]},\"Mode\":{\"Replicated\":{\"Replicas\":1}},"
	"\"EndpointSpec\":{\"Ports\":[{\"TargetPort\":80,\"PublishedPort\":80}]}}";
static const char given[] =
	"{\"image\":\"b:1\",\"enviroment\":1,\"environment\":{\"B\":2},\"command\":\"a 'b c'\",\"ports\":"
	"[\"80:81\",\"90-91:90-91/udp\"],\"volumes\":[\"d:/d:ro\",\"/h:/h\"],\"extra_hosts\":[\"b:1.1.1.1\"],"
	"\"cap_add\":[\"net_admin\"],\"ulimits\":{\"nofile\":5},\"networks\":{\"n1\":{\"aliases\":[\"x\"]}},"
	"\"configs\":[\"site\"],\"healthcheck\":{\"test\":\"x\",\"interval\":\"5s\"},\"deploy\":{\"labels\":"
	"{\"b\":\"2\"},\"replicas\":3,\"update_config\":{\"delay\":\"1s\"},\"placement\":{\"constraints\":"
	"[\"node.role==worker\"],\"preferences\":[{\"spread\":\"node.labels.z\"}]},\"resources\":{\"limits\":"
	"{\"cpus\":0.5,\"memory\":\"1g\"}}}}";

/* 0, or the error that is not one of memory; -1 where an allocation failed, as it should. */
static int run(long n, const json_t *spec, const json_t *service, int want)
{
	swarm_error err = SWARM_ERROR_INIT;
	json_t *result = NULL;
	bool failed;
	int rc;

	oom_start_with_jansson(n);
	rc = swarm_spec_merge(spec, service, NULL, &result, &err);
	failed = oom_stop();
	CHECK_INT(rc, failed ? SWARM_E_NOMEM : want);
	CHECK((result == NULL) == (rc != 0));
	json_decref(result);
	return failed ? -1 : rc;
}

static void run_all(bool slip, int want)
{
	enum { TOO_MANY = 5000 };
	json_t *spec = json_loads(have, 0, NULL), *service = json_loads(given, 0, NULL);
	long n = 0;

	CHECK(spec && service);
	if (!slip)
		json_object_del(service, "enviroment");
	while (n < TOO_MANY && run(n, spec, service, want) == -1 && !test_failures)
		n++;
	CHECK(n > 100 && n < TOO_MANY);
	json_decref(spec);
	json_decref(service);
}

static void merge(void)
{
	run_all(false, 0);
}

static void slips(void)
{
	run_all(true, SWARM_E_INVAL);
}

TEST_MAIN(TEST(merge), TEST(slips))
