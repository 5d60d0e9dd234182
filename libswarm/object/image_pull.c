/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image that the engine of this node is to have: asked for first, and pulled where it is not there. The
 * engine reports the pull line by line, and a failure in the midst of it behind a status of success.
 */
#include "object/internal.h"

#include <stdio.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 600000 };

typedef struct pull {
	swarm_client *client;
	const char *image;
	const json_t *auth;
	swarm__deadline deadline;
	char name[SWARM__MAX_IMAGE + 1]; /* without what follows */
	char tag[SWARM__MAX_IMAGE + 1];  /* the digest where there is one, else the tag */
	char whole[2 * SWARM__MAX_IMAGE + 3];
} pull;

/* Of no tag at all the engine pulls all there are. 0 or SWARM_E_INVAL. */
static int read_name(pull *p, swarm_error *err)
{
	size_t length = strcspn(p->image, "@");
	const char *digest = p->image + length;
	const char *colon;

	snprintf(p->name, sizeof(p->name), "%.*s", (int)length, p->image);
	colon = strrchr(p->name, ':');
	/* One before a slash is that of a port. */
	if (colon && strchr(colon, '/'))
		colon = NULL;
	snprintf(p->tag, sizeof(p->tag), "%s", *digest ? digest + 1 : colon ? colon + 1 : "latest");
	if (colon)
		p->name[colon - p->name] = '\0';
	snprintf(p->whole, sizeof(p->whole), "%s%c%s", p->name, *digest ? '@' : ':', p->tag);
	return *p->name && *p->tag
		       ? 0
		       : swarm__error(err, SWARM_E_INVAL,
				      "image is not the name of an image, such as nginx:1.27");
}

/* 0, SWARM_E_NOT_FOUND where the engine does not have it. */
static int look(const pull *p, swarm_error *err)
{
	json_t *answer = NULL;
	int rc = swarm__call(p->client, SWARM_OP_IMAGE_INSPECT, p->whole, NULL, NULL, &p->deadline,
			     &answer, err);

	json_decref(answer);
	return rc;
}

/* What the engine says, as of a refusal: without the credentials of the request. */
static int fail(const swarm_call_options *options, const char *text, swarm_error *err)
{
	swarm__buffer message;
	int rc;

	swarm__buffer_init(&message, SWARM__MAX_REFUSAL);
	rc = swarm__buffer_add_string(&message, text);
	rc = rc ? swarm__nomem(err) : swarm__refusal(500, &message, options, err);
	swarm__buffer_clear(&message);
	return rc;
}

/* One line of progress. */
static int read_line(const swarm_call_options *options, const swarm_record *record,
		     swarm_error *err)
{
	const char *text;
	json_t *line;
	int rc;

	rc = swarm__json_parse(record->data, record->size, &line, err);
	if (rc)
		return rc;
	text = swarm__json_string(line, "errorDetail.message");
	if (!*text)
		text = swarm__json_string(line, "error");
	if (!json_is_object(line))
		rc = swarm__error(err, SWARM_E_JSON,
				  "the engine's answer has a line that is not an object");
	else if (*text || json_is_object(json_object_get(line, "errorDetail")))
		rc = fail(options, text, err);
	json_decref(line);
	return rc;
}

/* Until its end: an engine that is left in the midst of it ends the pull. */
static int follow(const pull *p, const swarm_call_options *options, swarm_stream *stream,
		  swarm_error *err)
{
	for (;;) {
		swarm_record record;
		int rc = swarm_stream_next(stream, swarm__deadline_left(&p->deadline), &record,
					   err);

		if (rc == SWARM_E_TIMEOUT) {
			swarm__error_clear(err);
			return swarm__error(err, rc, "it is not whole when the deadline passes");
		}
		if (rc || !record.data)
			return rc;
		rc = read_line(options, &record, err);
		if (rc)
			return rc;
	}
}

static int fetch(const pull *p, swarm_error *err)
{
	const swarm_pair query[] = { { "fromImage", p->name }, { "tag", p->tag }, { NULL, NULL } };
	swarm_call_options options = SWARM_CALL_INIT(SWARM_OP_IMAGE_CREATE);
	swarm_stream *stream = NULL;
	int rc;

	options.query = query;
	options.registry_auth = p->auth;
	options.timeout_ms = swarm__deadline_left(&p->deadline);
	if (!options.timeout_ms)
		return swarm__error(err, SWARM_E_TIMEOUT, "the deadline passed");
	rc = swarm_stream_open(p->client, &options, SWARM_FRAMING_AUTO, &stream, err);
	if (!rc)
		rc = follow(p, &options, stream, err);
	swarm_stream_free(stream);
	return rc;
}

/* *ret_fetched: whether it was not there. */
static int ensure(const pull *p, bool *ret_fetched, swarm_error *err)
{
	int rc = look(p, err);

	if (rc != SWARM_E_NOT_FOUND)
		return rc ? swarm__error_wrap(err, rc, "image %s", p->image) : 0;
	swarm__error_clear(err);
	rc = fetch(p, err);
	if (rc)
		return swarm__image_explain(p->image, "pulled", rc, err);
	*ret_fetched = true;
	rc = look(p, err);
	if (rc != SWARM_E_NOT_FOUND)
		return rc ? swarm__error_wrap(err, rc, "image %s", p->image) : 0;
	swarm__error_clear(err);
	return swarm__error(
		err, SWARM_E_STATE,
		"the engine ended the pull of image %s, and does not have it: see docker's "
		"log (journalctl -u docker)",
		p->image);
}

int swarm_image_pull(swarm_client *client, const char *image, const json_t *registry_auth,
		     int64_t timeout_ms, json_t **ret_pulled, swarm_error *err)
{
	pull p = { .client = client, .image = image, .auth = registry_auth };
	swarm_error spare = SWARM_ERROR_INIT;
	bool fetched = false;
	json_t *pulled;
	int rc;

	if (!err)
		err = &spare;
	if (!client || !image || !*image || !ret_pulled)
		return swarm__error(err, SWARM_E_INVAL,
				    "client, image and ret_pulled are required");
	if (strlen(image) > SWARM__MAX_IMAGE)
		return swarm__error(err, SWARM_E_INVAL, "the image's name is too long");
	rc = swarm__utf8_check("image", image, err);
	if (!rc)
		rc = swarm__image_check_auth(image, registry_auth, err);
	if (!rc)
		rc = read_name(&p, err);
	if (rc)
		return rc;
	p.deadline = swarm__deadline_in(timeout_ms, DEFAULT_TIMEOUT_MS);
	rc = ensure(&p, &fetched, err);
	if (rc)
		return rc;
	pulled = json_pack("{s:s, s:b}", "image", p.whole, "pulled", fetched);
	if (!pulled)
		return swarm__nomem(err);
	*ret_pulled = pulled;
	return 0;
}
