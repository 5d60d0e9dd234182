/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA256 against the cases of RFC 4231, added in one piece and byte by byte. */
#include "base/internal.h"
#include "test.h"

typedef struct hmac_case {
	const char *name;
	char key_byte; /* 0: the text is the key */
	size_t key_size;
	const char *key;
	char data_byte;
	size_t data_size;
	const char *data;
	const char *hex;
} hmac_case;

static const hmac_case table[] = {
	{ "1", 0x0b, 20, NULL, 0, 8, "Hi There",
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ "2", 0, 4, "Jefe", 0, 28, "what do ya want for nothing?",
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ "3", (char)0xaa, 20, NULL, (char)0xdd, 50, NULL,
	  "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
	{ "6", (char)0xaa, 131, NULL, 0, 54,
	  "Test Using Larger Than Block-Size Key - Hash Key First",
	  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
};

static void vectors(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const hmac_case *c = &table[i];
		char key[200], data[200], hex[SWARM__SHA256_HEX];
		swarm__hmac hmac;

		test_row = c->name;
		memset(key, c->key_byte, sizeof(key));
		memset(data, c->data_byte, sizeof(data));
		if (c->key)
			memcpy(key, c->key, c->key_size);
		if (c->data)
			memcpy(data, c->data, c->data_size);
		swarm__hmac_begin(&hmac, key, c->key_size);
		swarm__hmac_add(&hmac, data, c->data_size);
		swarm__hmac_end(&hmac, hex);
		CHECK_STR(hex, c->hex);
		swarm__hmac_begin(&hmac, key, c->key_size);
		for (size_t at = 0; at < c->data_size; at++)
			swarm__hmac_add(&hmac, data + at, 1);
		swarm__hmac_end(&hmac, hex);
		CHECK_STR(hex, c->hex);
	}
}

static void nothing_stays(void)
{
	static const swarm__hmac zero;
	char hex[SWARM__SHA256_HEX];
	swarm__hmac hmac;

	swarm__hmac_begin(&hmac, "key", 3);
	swarm__hmac_add(&hmac, "secret", 6);
	swarm__hmac_end(&hmac, hex);
	CHECK(memcmp(&hmac, &zero, sizeof(hmac)) == 0);
}

TEST_MAIN(TEST(vectors), TEST(nothing_stays))
