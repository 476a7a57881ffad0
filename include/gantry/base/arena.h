/*
 * Arenas: everything that lives as long as a command, a request or a task is allocated from one
 * arena and goes when the arena goes. Running out of memory ends the program with a message, so no
 * caller checks for NULL. An arena belongs to one thread.
 */
#ifndef GANTRY_BASE_ARENA_H
#define GANTRY_BASE_ARENA_H

#include <gantry/base/compiler.h>
#include <jansson.h>
#include <stdarg.h>
#include <stddef.h>

struct gt_arena;

/* A new, empty arena; the caller frees it with gt_arena_free. */
struct gt_arena *gt_arena_new(void);

/* One whose memory is wiped when it is freed: for whatever works with keys, tokens and the texts
 * that are made of them. */
struct gt_arena *gt_arena_new_secret(void);

/* Runs the deferred functions (last first) and frees all memory of the arena. NULL is allowed. */
void gt_arena_free(struct gt_arena *arena);

/* For GT_CLEANUP(gt_arena_cleanup). */
void gt_arena_cleanup(struct gt_arena **arena);

/* `size` zeroed bytes, aligned for any type. */
void *gt_alloc(struct gt_arena *arena, size_t size);

/* Zeroed memory for `count` elements of `size` bytes; a product that overflows ends the program. */
void *gt_calloc(struct gt_arena *arena, size_t count, size_t size);

/* A copy of a NUL-terminated string; NULL stays NULL. */
char *gt_strdup(struct gt_arena *arena, const char *text);

/* A NUL-terminated copy of `len` bytes. */
char *gt_strndup(struct gt_arena *arena, const char *text, size_t len);

/* A formatted string in the arena. */
char *gt_printf(struct gt_arena *arena, const char *format, ...) GT_PRINTF(2, 3);
char *gt_vprintf(struct gt_arena *arena, const char *format, va_list args) GT_PRINTF(2, 0);

/* Calls fn(arg) when the arena is freed; for handles of other libraries. */
void gt_arena_defer(struct gt_arena *arena, void (*fn)(void *arg), void *arg);

/*
 * Gives one reference of `value` to the arena and returns the same value, now borrowed: it is
 * released when the arena is freed. NULL stays NULL.
 */
json_t *gt_keep(struct gt_arena *arena, json_t *value);

/* Typed allocation: GT_NEW(arena, struct gt_plan). */
#define GT_NEW(arena, type) ((type *)gt_alloc((arena), sizeof(type)))

/*
 * A growing array in an arena: `GT_VEC(struct gt_step) steps;`, zero-initialised.
 * GT_PUSH returns a pointer to a new zeroed element, valid until the next push.
 */
#define GT_VEC(type)                                                                               \
    struct {                                                                                       \
        type *at;                                                                                  \
        size_t len, cap;                                                                           \
    }
#define GT_PUSH(arena, vec)                                                                        \
    ((vec)->at = gt_vec_room((arena), (vec)->at, (vec)->len, &(vec)->cap, sizeof(*(vec)->at)),     \
     &(vec)->at[(vec)->len++])

/* What GT_PUSH uses: room for one more element; moves the array when it is full. */
void *gt_vec_room(struct gt_arena *arena, void *at, size_t len, size_t *cap, size_t size);

/* Ends the program (status 1) with a message on stderr: only for memory and broken invariants. */
GT_NORETURN void gt_die(const char *format, ...) GT_PRINTF(1, 2);

#endif
