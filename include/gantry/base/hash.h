/* SHA-256 (FIPS 180-4) over libcrypto. */
#ifndef GANTRY_BASE_HASH_H
#define GANTRY_BASE_HASH_H

#include <gantry/base/arena.h>

/* The digest as 64 lower-case hexadecimal digits. */
char *gt_sha256_hex(struct gt_arena *arena, const void *bytes, size_t len);

#endif
