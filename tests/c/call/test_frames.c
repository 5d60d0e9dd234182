/* SPDX-License-Identifier: Apache-2.0 */
/* Records in bytes, and the names of folders: pure functions over tables. */
#include "call/internal.h"
#include "test.h"

/* Bytes with their size, without the final NUL. */
#define BYTES(text) text, sizeof(text) - 1

static void lines(void)
{
	static const struct {
		const char *bytes;
		size_t size;
		size_t used;
		const char *record;
	} table[] = {
		{ BYTES(""), 0, NULL },
		{ BYTES("{}"), 0, NULL },
		{ BYTES("{}\n"), 3, "{}" },
		{ BYTES("{}\n{\"a\":1}\n"), 3, "{}" },
		{ BYTES("{}\r\n"), 4, "{}" },
		{ BYTES("\x1e{}\n"), 4, "{}" },
		{ BYTES("\x1e\x1e {} \t\r\n"), 9, "{}" },
		{ BYTES("\n"), 1, "" },
		{ BYTES("\x1e \r\n"), 4, "" },
		{ BYTES("a\x1e\n"), 3, "a\x1e" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm_record record = { SWARM_SOURCE_STDERR, NULL, 99 };
		size_t used = 99;

		test_row = table[i].bytes;
		swarm__next_line(table[i].bytes, table[i].size, &record, &used);
		CHECK_INT(used, table[i].used);
		if (!table[i].used) {
			CHECK_INT(record.size, 99);
			continue;
		}
		CHECK_INT(record.size, strlen(table[i].record));
		CHECK(memcmp(record.data, table[i].record, record.size) == 0);
		CHECK_INT(record.source, SWARM_SOURCE_NONE);
	}
}

static void sizes_of_frames(void)
{
	CHECK_INT(swarm__frame_size("\1\0\0\0\0\0\0", 7), 0);
	CHECK_INT(swarm__frame_size("\1\0\0\0\0\0\0\0", 8), 8);
	CHECK_INT(swarm__frame_size("\1\0\0\0\0\1\2\3", 8), 8 + 0x10203);
	CHECK_INT(swarm__frame_size("\1\0\0\0\xff\xff\xff\xff", 8), 8 + 0xffffffffLL);
}

static void frames(void)
{
	static const struct {
		const char *bytes;
		size_t size;
		int code;
		size_t used;
		swarm_source source;
		const char *record;
	} table[] = {
		{ BYTES(""), 0, 0, 0, NULL },
		{ BYTES("\1\0\0\0\0\0\0"), 0, 0, 0, NULL },
		{ BYTES("\1\0\0\0\0\0\0\3ab"), 0, 0, 0, NULL },
		{ BYTES("\1\0\0\0\0\0\0\3abc"), 0, 11, SWARM_SOURCE_STDOUT, "abc" },
		{ BYTES("\2\0\0\0\0\0\0\3abc\1\0"), 0, 11, SWARM_SOURCE_STDERR, "abc" },
		{ BYTES("\0\0\0\0\0\0\0\1a"), 0, 9, SWARM_SOURCE_NONE, "a" },
		{ BYTES("\1\0\0\0\0\0\0\0"), 0, 8, SWARM_SOURCE_STDOUT, "" },
		{ BYTES("\3\0\0\0\0\0\0\3why"), SWARM_E_HTTP, 11, SWARM_SOURCE_NONE, "why" },
		{ BYTES("\1\0\0\0\xff\xff\xff\xff_"), 0, 0, 0, NULL },
		{ BYTES("\4\0\0\0\0\0\0\0"), SWARM_E_TRANSPORT, 0, 0, NULL },
		{ BYTES("\1\1\0\0\0\0\0\0"), SWARM_E_TRANSPORT, 0, 0, NULL },
		{ BYTES("\1\0\1\0\0\0\0\0"), SWARM_E_TRANSPORT, 0, 0, NULL },
		{ BYTES("\1\0\0\1\0\0\0\0"), SWARM_E_TRANSPORT, 0, 0, NULL },
		{ BYTES("hello from a terminal"), SWARM_E_TRANSPORT, 0, 0, NULL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		swarm_record record = { SWARM_SOURCE_NONE, NULL, 99 };
		size_t used = 99;

		CHECK_INT(swarm__next_frame(table[i].bytes, table[i].size, &record, &used),
			  table[i].code);
		CHECK_INT(used, table[i].used);
		if (!table[i].used)
			continue;
		CHECK_INT(record.source, table[i].source);
		CHECK_INT(record.size, strlen(table[i].record));
		CHECK(memcmp(record.data, table[i].record, record.size) == 0);
	}
}

/* The first three are examples of FIPS 180-4; the others end before and after the end of a block. */
static void sha256(void)
{
	static const struct {
		const char *text;
		size_t repeat;
		const char *hex;
	} table[] = {
		{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ "a", 1000000,
		  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
		{ "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "x", 55, "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072" },
		{ "x", 56, "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e" },
		{ "x", 63, "75220b47218278e656f2013bb8f0c455a25eaf01e86c64924e9d48d89776d6f2" },
		{ "x", 64, "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c" },
		{ "x", 65, "9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad565aed7e9" },
		{ "x", 120, "13f05a0b594787f5ecd315edc96141bd3243203d1b7d4f0836f37308b276ba98" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t length = strlen(table[i].text);
		char *text = malloc(length * table[i].repeat + 1);
		char hex[SWARM__SHA256_HEX];

		for (size_t n = 0; n < table[i].repeat; n++)
			memcpy(text + n * length, table[i].text, length);
		swarm__sha256_hex(text, length * table[i].repeat, hex);
		CHECK_STR(hex, table[i].hex);
		free(text);
	}
}

TEST_MAIN(TEST(lines), TEST(sizes_of_frames), TEST(frames), TEST(sha256))
