/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a service or a task as a stream. What framing it has follows from the terminal that its
 * containers have; moby says so in the answer since API 1.42 only, before that the spec must be asked.
 */
#include "object/internal.h"

#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 60000, MAX_QUERY = 8, FRAMING_IN_HEAD = 42 };

/* Both outputs, unless the caller names one: moby requires at least one. SWARM_E_INVAL: too many. */
static int make_query(const swarm_pair *given, swarm_pair all[MAX_QUERY + 3], swarm_error *err)
{
	bool named = false;
	size_t count = 0;

	for (; given && given->name; given++) {
		if (count == MAX_QUERY)
			return swarm__error(err, SWARM_E_INVAL, "more than %d parameters",
					    MAX_QUERY);
		named |= strcmp(given->name, "stdout") == 0 || strcmp(given->name, "stderr") == 0;
		all[count++] = *given;
	}
	if (!named) {
		all[count++] = (swarm_pair){ "stdout", "true" };
		all[count++] = (swarm_pair){ "stderr", "true" };
	}
	all[count] = (swarm_pair){ NULL, NULL };
	return 0;
}

static int find_framing(swarm_client *client, swarm_kind kind, const json_t *object,
			swarm_framing *ret_framing, swarm_error *err)
{
	const char *version;
	int rc = swarm_client_api_version(client, &version, err);

	if (rc)
		return rc;
	*ret_framing = SWARM_FRAMING_AUTO;
	if (client->minor < FRAMING_IN_HEAD)
		*ret_framing = swarm__json_bool(object,
						kind == SWARM_KIND_SERVICE
							? "Spec.TaskTemplate.ContainerSpec.TTY"
							: "Spec.ContainerSpec.TTY")
				       ? SWARM_FRAMING_RAW
				       : SWARM_FRAMING_FRAMES;
	return 0;
}

int swarm_logs_open(swarm_client *client, swarm_kind kind, const char *ref, const swarm_pair *query,
		    int64_t timeout_ms, swarm_stream **ret_stream, swarm_error *err)
{
	swarm__deadline deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	swarm_call_options options = SWARM_CALL_INIT(
		kind == SWARM_KIND_SERVICE ? SWARM_OP_SERVICE_LOGS : SWARM_OP_TASK_LOGS);
	swarm_pair all[MAX_QUERY + 3];
	swarm_framing framing = SWARM_FRAMING_AUTO;
	json_t *object;
	int rc;

	if (!client || !ret_stream || (kind != SWARM_KIND_SERVICE && kind != SWARM_KIND_TASK))
		return swarm__error(err, SWARM_E_INVAL,
				    "a client, a service or task, and a place for the stream are "
				    "required");
	rc = make_query(query, all, err);
	if (!rc)
		rc = swarm__object_get(client, kind, ref, &deadline, &object, err);
	if (rc)
		return rc;
	rc = find_framing(client, kind, object, &framing, err);
	options.id = swarm__json_string(object, "ID");
	options.query = all;
	options.timeout_ms = swarm__deadline_left(&deadline);
	if (!rc && !options.timeout_ms)
		rc = swarm__error(err, SWARM_E_TIMEOUT, "the deadline passed");
	if (!rc)
		rc = swarm_stream_open(client, &options, framing, ret_stream, err);
	json_decref(object);
	return rc;
}
