#include <gantry/base/arena.h>

#include <gantry/base/buf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blocks double, so that a thousand small arenas (one a waiting call) cost little. */
enum { BLOCK_MIN = 1024, BLOCK_MAX = 32 * 1024 };

struct block {
    struct block *next;
    size_t used, size;
    max_align_t data[];
};

struct deferred {
    struct deferred *next;
    void (*fn)(void *arg);
    void *arg;
};

struct gt_arena {
    struct block *blocks; /* the first is the one that is being filled */
    size_t block_size;    /* of the next block */
    struct deferred *deferred;
    bool secret;
};

void gt_die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("gantry: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static void *must(void *memory)
{
    if (memory == NULL)
        gt_die("out of memory");
    return memory;
}

struct gt_arena *gt_arena_new(void)
{
    struct gt_arena *arena = must(calloc(1, sizeof(struct gt_arena)));
    arena->block_size = BLOCK_MIN;
    return arena;
}

struct gt_arena *gt_arena_new_secret(void)
{
    struct gt_arena *arena = gt_arena_new();
    arena->secret = true;
    return arena;
}

void gt_arena_free(struct gt_arena *arena)
{
    if (arena == NULL)
        return;
    for (struct deferred *d = arena->deferred; d != NULL; d = d->next)
        d->fn(d->arg);
    for (struct block *block = arena->blocks; block != NULL;) {
        struct block *next = block->next;
        if (arena->secret)
            gt_wipe(block->data, block->used);
        free(block);
        block = next;
    }
    free(arena);
}

void gt_arena_cleanup(struct gt_arena **arena)
{
    gt_arena_free(*arena);
}

static struct block *block_new(size_t size)
{
    if (size > SIZE_MAX - sizeof(struct block))
        gt_die("out of memory");
    struct block *block = must(calloc(1, sizeof(*block) + size));
    block->size = size;
    return block;
}

void *gt_alloc(struct gt_arena *arena, size_t size)
{
    const size_t unit = sizeof(max_align_t);
    if (size > SIZE_MAX - unit)
        gt_die("out of memory");
    size = size == 0 ? unit : (size + unit - 1) / unit * unit;
    struct block *head = arena->blocks;
    if (head != NULL && head->size - head->used >= size) {
        void *memory = (char *)head->data + head->used;
        head->used += size;
        return memory;
    }
    bool large = size > arena->block_size / 4;
    struct block *block = block_new(large ? size : arena->block_size);
    block->used = size;
    if (!large && arena->block_size < BLOCK_MAX)
        arena->block_size *= 2;
    if (head != NULL && large) { /* it stands behind the one that is being filled */
        block->next = head->next;
        head->next = block;
    } else {
        block->next = head;
        arena->blocks = block;
    }
    return block->data;
}

void *gt_calloc(struct gt_arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        gt_die("out of memory");
    return gt_alloc(arena, count * size);
}

char *gt_strdup(struct gt_arena *arena, const char *text)
{
    return text == NULL ? NULL : gt_strndup(arena, text, strlen(text));
}

char *gt_strndup(struct gt_arena *arena, const char *text, size_t len)
{
    char *copy = gt_alloc(arena, len + 1);
    if (len > 0)
        memcpy(copy, text, len);
    return copy;
}

char *gt_vprintf(struct gt_arena *arena, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    if (len < 0)
        gt_die("cannot format a message");
    char *text = gt_alloc(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

char *gt_printf(struct gt_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = gt_vprintf(arena, format, args);
    va_end(args);
    return text;
}

void gt_arena_defer(struct gt_arena *arena, void (*fn)(void *arg), void *arg)
{
    struct deferred *deferred = GT_NEW(arena, struct deferred);
    *deferred = (struct deferred){.next = arena->deferred, .fn = fn, .arg = arg};
    arena->deferred = deferred;
}

static void release(void *value)
{
    json_decref(value);
}

json_t *gt_keep(struct gt_arena *arena, json_t *value)
{
    if (value != NULL)
        gt_arena_defer(arena, release, value);
    return value;
}

void *gt_vec_room(struct gt_arena *arena, void *at, size_t len, size_t *cap, size_t size)
{
    if (len < *cap)
        return at;
    size_t wanted = *cap == 0 ? 8 : *cap * 2;
    char *moved = gt_calloc(arena, wanted, size);
    if (len > 0)
        memcpy(moved, at, len * size);
    *cap = wanted;
    return moved;
}
