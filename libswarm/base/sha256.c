/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), and HMAC by it. What passes here may be a secret: every copy is wiped. */
#include "base/internal.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK = 64, WORDS = 8, ROUNDS = 64 };

static const uint32_t constants[ROUNDS] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2
};

static uint32_t rotate(uint32_t word, int bits)
{
	return word >> bits | word << (32 - bits);
}

static void add_block(uint32_t hash[WORDS], const unsigned char block[BLOCK])
{
	uint32_t w[ROUNDS], v[WORDS];

	for (size_t i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (size_t i = 16; i < ROUNDS; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, hash, sizeof(v));
	for (size_t i = 0; i < ROUNDS; i++) {
		uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
		uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
		uint32_t first = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
				 choice + constants[i] + w[i];
		uint32_t second = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
				  majority;

		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += first;
		v[0] = first + second;
	}
	for (size_t i = 0; i < WORDS; i++)
		hash[i] += v[i];
	swarm__wipe(w, sizeof(w));
	swarm__wipe(v, sizeof(v));
}

void swarm__sha256_begin(swarm__sha256 *s)
{
	*s = (swarm__sha256){ .hash = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
					0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } };
}

void swarm__sha256_add(swarm__sha256 *s, const void *bytes, size_t size)
{
	const unsigned char *next = bytes;

	s->size += size;
	while (size > 0) {
		size_t part = BLOCK - s->left < size ? BLOCK - s->left : size;

		memcpy(s->rest + s->left, next, part);
		s->left += part;
		next += part;
		size -= part;
		if (s->left == BLOCK) {
			add_block(s->hash, s->rest);
			s->left = 0;
		}
	}
}

/* What is left of the input, a 1 bit, zeros, and the length in bits: one block or two. */
void swarm__sha256_end(swarm__sha256 *s, unsigned char digest[SWARM__SHA256_SIZE])
{
	unsigned char block[2 * BLOCK] = { 0 };
	size_t size = s->left + 9 > BLOCK ? 2 * BLOCK : BLOCK;
	uint64_t bits = s->size * 8;

	memcpy(block, s->rest, s->left);
	block[s->left] = 0x80;
	for (size_t i = 1; i <= 8; i++, bits >>= 8)
		block[size - i] = (unsigned char)bits;
	for (size_t i = 0; i < size; i += BLOCK)
		add_block(s->hash, block + i);
	for (size_t i = 0; i < SWARM__SHA256_SIZE; i++)
		digest[i] = (unsigned char)(s->hash[i / 4] >> (24 - 8 * (i % 4)));
	swarm__wipe(block, sizeof(block));
	swarm__wipe(s, sizeof(*s));
}

static void to_hex(const unsigned char digest[SWARM__SHA256_SIZE], char hex[SWARM__SHA256_HEX])
{
	for (size_t i = 0; i < SWARM__SHA256_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

void swarm__sha256_hex(const void *bytes, size_t size, char hex[SWARM__SHA256_HEX])
{
	unsigned char digest[SWARM__SHA256_SIZE];
	swarm__sha256 s;

	swarm__sha256_begin(&s);
	swarm__sha256_add(&s, bytes, size);
	swarm__sha256_end(&s, digest);
	to_hex(digest, hex);
}

/* --- HMAC (RFC 2104) ------------------------------------------------------------------------ */

static void add_pad(swarm__sha256 *s, const unsigned char key[BLOCK], unsigned char with)
{
	unsigned char pad[BLOCK];

	for (size_t i = 0; i < BLOCK; i++)
		pad[i] = key[i] ^ with;
	swarm__sha256_begin(s);
	swarm__sha256_add(s, pad, sizeof(pad));
	swarm__wipe(pad, sizeof(pad));
}

void swarm__hmac_begin(swarm__hmac *h, const void *key, size_t size)
{
	unsigned char block[BLOCK] = { 0 };

	if (size > BLOCK) {
		swarm__sha256_begin(&h->inner);
		swarm__sha256_add(&h->inner, key, size);
		swarm__sha256_end(&h->inner, block);
	} else if (size) {
		memcpy(block, key, size);
	}
	add_pad(&h->inner, block, 0x36);
	add_pad(&h->outer, block, 0x5c);
	swarm__wipe(block, sizeof(block));
}

void swarm__hmac_add(swarm__hmac *h, const void *bytes, size_t size)
{
	swarm__sha256_add(&h->inner, bytes, size);
}

void swarm__hmac_end(swarm__hmac *h, char hex[SWARM__SHA256_HEX])
{
	unsigned char digest[SWARM__SHA256_SIZE];

	swarm__sha256_end(&h->inner, digest);
	swarm__sha256_add(&h->outer, digest, sizeof(digest));
	swarm__sha256_end(&h->outer, digest);
	to_hex(digest, hex);
}
