/* SPDX-License-Identifier: Apache-2.0 */
/* The growing buffer, percent-encoding, and the clock's arithmetic. */
#include "common/internal.h"
#include "test.h"

static void growing(void)
{
	swarm__buffer buffer;

	swarm__buffer_init(&buffer, 100000);
	CHECK(!buffer.data);
	CHECK_INT(swarm__buffer_add(&buffer, "", 0), 0);
	CHECK_STR(buffer.data, "");
	for (int i = 0; i < 10000; i++)
		if (!CHECK_INT(swarm__buffer_add(&buffer, "0123456789", 10), 0))
			return;
	CHECK_INT((long long)buffer.size, 100000);
	CHECK_INT(buffer.data[100000], 0);
	CHECK(strncmp(buffer.data + 99990, "0123456789", 10) == 0);
	swarm__buffer_clear(&buffer);
	CHECK(!buffer.data && !buffer.size);
	CHECK_INT(swarm__buffer_add_string(&buffer, "again"), 0);
	CHECK_STR(buffer.data, "again");
	swarm__buffer_clear(&buffer);
}

static void maximum(void)
{
	swarm__buffer buffer;

	swarm__buffer_init(&buffer, 4);
	CHECK_INT(swarm__buffer_add(&buffer, "1234", 4), 0);
	CHECK_INT(swarm__buffer_add(&buffer, "5", 1), SWARM_E_TOO_LARGE);
	CHECK(!buffer.data && !buffer.size);
	CHECK_INT(swarm__buffer_add(&buffer, "5", SIZE_MAX), SWARM_E_TOO_LARGE);
	swarm__buffer_init(&buffer, SIZE_MAX);
	CHECK_INT(swarm__buffer_add(&buffer, "5", SIZE_MAX), SWARM_E_TOO_LARGE);
	swarm__buffer_clear(&buffer);
}

static void encoding(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "", "" },
		{ "AZaz09-._~", "AZaz09-._~" },
		{ "a b/c?d&e=f#g%h+i", "a%20b%2Fc%3Fd%26e%3Df%23g%25h%2Bi" },
		{ "{\"name\":[\"x\"]}", "%7B%22name%22%3A%5B%22x%22%5D%7D" },
		{ "\xc3\xa4\x01\x7f", "%C3%A4%01%7F" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		swarm__buffer buffer;

		swarm__buffer_init(&buffer, 100);
		CHECK_INT(swarm__buffer_add_encoded(&buffer, rows[i].in, ""), 0);
		CHECK_STR(buffer.data, rows[i].out);
		swarm__buffer_clear(&buffer);
	}
}

static void deadlines(void)
{
	swarm__deadline far_off = swarm__deadline_in(INT64_MAX, 1);
	swarm__deadline by_default = swarm__deadline_in(0, 60000);
	swarm__deadline passed = { swarm__now_ms() - 1 };
	swarm_client *client = NULL;
	swarm_error err = SWARM_ERROR_INIT;

	CHECK(swarm__deadline_left(&far_off) > 1000000000);
	CHECK(swarm__deadline_left(&by_default) <= 60000);
	CHECK(swarm__deadline_left(&by_default) > 0);
	CHECK_INT(swarm__deadline_left(&passed), 0);
	CHECK_INT(swarm_client_new(NULL, &client, NULL), 0);
	CHECK_INT(swarm__sleep(client, &passed, 5, &err), SWARM_E_TIMEOUT);
	CHECK_INT(swarm__sleep(client, &far_off, 1, NULL), 0);
	/* Cut at the deadline, or this test would take a day. */
	by_default = swarm__deadline_in(5, 5);
	CHECK_INT(swarm__sleep(client, &by_default, 86400000, NULL), 0);
	swarm_client_free(client);
}

static int stop_at_3(void *payload)
{
	return ++*(int *)payload >= 3;
}

static void canceled_sleep(void)
{
	int asked = 0;
	swarm_client_options options = SWARM_CLIENT_OPTIONS_INIT;
	swarm__deadline day = swarm__deadline_in(86400000, 0);
	swarm_client *client = NULL;
	swarm_error err = SWARM_ERROR_INIT;

	options.cancel = stop_at_3;
	options.cancel_payload = &asked;
	CHECK_INT(swarm_client_new(&options, &client, NULL), 0);
	CHECK_INT(swarm__sleep(client, &day, 86400000, &err), SWARM_E_CANCELED);
	CHECK_INT(asked, 3);
	CHECK_STR(err.text, "canceled");
	swarm_client_free(client);
}

TEST_MAIN(TEST(growing), TEST(maximum), TEST(encoding), TEST(deadlines), TEST(canceled_sleep))
