/*
 * Reading JSON documents (jansson) by JSON Pointer (RFC 6901) and comparing them. A pointer starts
 * with '/', "" is the whole document. Nothing here changes its arguments unless it says so.
 */
#ifndef GANTRY_BASE_JSON_H
#define GANTRY_BASE_JSON_H

#include <gantry/base/arena.h>
#include <stdbool.h>

/* jansson's iteration takes documents that are not const, though it changes nothing. */
static inline json_t *gt_iterable(const json_t *doc)
{
    union {
        const json_t *in;
        json_t *out;
    } cast = {.in = doc};
    return cast.out;
}

/* The value at `pointer` (borrowed), or NULL. */
json_t *gt_at(const json_t *doc, const char *pointer);

/* The string at `pointer` (borrowed), or NULL when absent or no string. */
const char *gt_text_at(const json_t *doc, const char *pointer);

/* Sets the value at `pointer` in `doc`, making objects on the way; steals `value`. */
void gt_put_at(json_t *doc, const char *pointer, json_t *value);

/* Removes the value at `pointer` from `doc`, if it is there. */
void gt_remove_at(json_t *doc, const char *pointer);

/* `parent` + "/" + escaped `key`. */
char *gt_pointer_join(struct gt_arena *arena, const char *parent, const char *key);
char *gt_pointer_index(struct gt_arena *arena, const char *parent, size_t index);

/* Unescapes one reference token (~1 and ~0). */
char *gt_pointer_unescape(struct gt_arena *arena, const char *token, size_t len);

/* NULL, JSON null, "", [] and {}: what a service may return in place of nothing. */
bool gt_json_empty(const json_t *value);

/* Compact text with sorted keys: the same text for equal documents. */
char *gt_json_canonical(struct gt_arena *arena, const json_t *value);

/* What is wrong with a text that is no JSON, and where: without the piece of it that the library's
 * own message shows, which may be of a secret. */
char *gt_json_problem(struct gt_arena *arena, const json_error_t *error);

/* json_pack and friends with the answer kept by the arena; a failure ends the program. */
json_t *gt_pack(struct gt_arena *arena, const char *format, ...);

#endif
