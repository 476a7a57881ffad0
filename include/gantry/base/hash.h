/* SHA-256 (FIPS 180-4) and scrypt (RFC 7914) over libcrypto. */
#ifndef GANTRY_BASE_HASH_H
#define GANTRY_BASE_HASH_H

#include <gantry/base/arena.h>

/* The digest as 64 lower-case hexadecimal digits. */
char *gt_sha256_hex(struct gt_arena *arena, const void *bytes, size_t len);

/*
 * A salted digest that is slow on purpose (N 16384, r 8, p 1: some 50 ms and 16 MiB), for telling whether
 * secrets are still the same without giving away a hash that values can be tried against at leisure. 64
 * lower-case hexadecimal digits.
 */
char *gt_scrypt_hex(struct gt_arena *arena, const char *text, size_t len, const char *salt);

#endif
