/* Small pure string helpers that more than one layer needs. */
#ifndef GANTRY_BASE_STR_H
#define GANTRY_BASE_STR_H

#include <gantry/base/arena.h>
#include <stdbool.h>

bool gt_streq(const char *a, const char *b); /* NULL equals only NULL */
bool gt_starts_with(const char *text, const char *prefix);
bool gt_ends_with(const char *text, const char *suffix);

/* The candidate nearest to `word` (Damerau-Levenshtein, case folded) when it is near enough to be a
 * typing error, else NULL. `candidates` ends with NULL. */
const char *gt_nearest(const char *word, const char *const *candidates);

/* "s" for every count but 1. */
const char *gt_plural(size_t count);

/* Lower-case ASCII copy. */
char *gt_lower(struct gt_arena *arena, const char *text);

/* `text` with every byte but A-Z a-z 0-9 - . _ ~ as %XX (RFC 3986 section 2.3); bytes of `keep` stay. */
char *gt_percent_encode(struct gt_arena *arena, const char *text, const char *keep);

/* Decodes %XX; a malformed escape stays as it is. */
char *gt_percent_decode(struct gt_arena *arena, const char *text);

/* Lower-case hexadecimal of `len` bytes. */
char *gt_hex(struct gt_arena *arena, const unsigned char *bytes, size_t len);

/* One line for a message: runs of white space and control characters are one space, what is no
 * UTF-8 is '?'; at most `max` bytes, cut between characters, with "..." behind a cut. */
char *gt_one_line(struct gt_arena *arena, const char *text, size_t max);

/* Code points in valid UTF-8, or -1 where the bytes are not UTF-8. */
long gt_utf8_length(const char *text);

#endif
