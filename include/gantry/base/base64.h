/* Base64 with padding (RFC 4648 section 4). */
#ifndef GANTRY_BASE_BASE64_H
#define GANTRY_BASE_BASE64_H

#include <gantry/base/arena.h>
#include <stdbool.h>

/* The text of `len` bytes, on one line. */
char *gt_base64(struct gt_arena *arena, const void *bytes, size_t len);

/* Decodes strictly: no white space, whole groups, padding only at the end. *bytes is
 * NUL-terminated. False when the text is no base64. */
bool gt_base64_decode(struct gt_arena *arena, const char *text, char **bytes, size_t *len);

#endif
