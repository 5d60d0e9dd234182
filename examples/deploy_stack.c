/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deploy a compose file in JSON: what would be done first, then it is done and waited for. Paths of configs,
 * secrets and env_files are relative to the working directory.
 *
 *	deploy_stack NAME FILE [URL]
 */
#include <stdio.h>
#include <stdlib.h>
#include <swarm/swarm.h>

/* The bytes of a file that the document names. */
static int read_file(void *payload, const char *file, swarm_content *content, swarm_error *err)
{
	static char bytes[1024 * 1000];
	FILE *stream = fopen(file, "rb");
	size_t size = stream ? fread(bytes, 1, sizeof(bytes), stream) : 0;

	(void)payload;
	if (!stream) {
		snprintf(err->text, sizeof(err->text), "cannot be read");
		return err->code = SWARM_E_INVAL;
	}
	fclose(stream);
	return swarm_content_set(content, bytes, size);
}

/* The content of a secret, when the library creates it or compares it; it is never in the stack itself. */
static int read_secret(void *payload, const char *name, swarm_content *content, swarm_error *err)
{
	json_t *secrets = json_object_get(json_object_get(payload, "sources"), "secrets");
	json_t *source = json_object_get(secrets, name);

	return read_file(NULL, json_string_value(json_object_get(source, "value")), content, err);
}

static void print_changes(const char *title, json_t *result)
{
	json_t *changes = json_object_get(result, "changes"), *objects, *change;
	const char *kind, *name;

	printf("%s\n", title);
	json_object_foreach (changes, kind, objects)
		json_object_foreach (objects, name, change)
			printf("  %s %s of %s\n",
			       json_string_value(json_object_get(change, "action")), name, kind);
}

static int deploy(swarm_client *client, json_t *documents, const char *name, swarm_error *err)
{
	swarm_compose_options compose = SWARM_COMPOSE_OPTIONS_INIT;
	swarm_stack_options options = SWARM_STACK_OPTIONS_INIT;
	json_t *stack = NULL, *plan = NULL, *done = NULL, *failed;
	int rc;

	compose.name = name;
	compose.content = read_file;
	rc = swarm_compose_convert(documents, &compose, &stack, NULL, err);
	options.content = read_secret;
	options.payload = stack;
	if (!rc)
		rc = swarm_stack_plan(client, stack, &options, &plan, err);
	if (!rc) {
		print_changes("to do:", plan);
		rc = swarm_stack_apply(client, stack, &options, &done, err);
	}
	failed = json_object_get(done, "failed");
	if (!rc)
		print_changes("done:", done);
	if (json_is_object(failed))
		printf("%s failed: %s\n", json_string_value(json_object_get(failed, "service")),
		       json_string_value(json_object_get(failed, "reason")));
	rc = rc || json_is_object(failed) || json_array_size(json_object_get(done, "held"));
	json_decref(stack);
	json_decref(plan);
	json_decref(done);
	return rc;
}

int main(int argc, char **argv)
{
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	json_t *document = argc > 2 ? json_load_file(argv[2], 0, NULL) : NULL;
	json_t *documents = json_pack("[O]", document);
	swarm_error err = SWARM_ERROR_INIT;
	swarm_client *client = NULL;
	int rc = 1;

	options.url = argc > 3 ? argv[3] : NULL;
	if (!document)
		fprintf(stderr, "usage: deploy_stack NAME FILE [URL], where FILE is JSON\n");
	else if (swarm_client_new(&options, &client, &err) == 0)
		rc = deploy(client, documents, argv[1], &err);
	if (err.code)
		fprintf(stderr, "deploy_stack: %s (%s)\n", err.text, swarm_error_name(err.code));
	json_decref(documents);
	json_decref(document);
	swarm_client_free(client);
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
