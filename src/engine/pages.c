/* All pages of a list. Within one planning run a listing is fetched once, however many ask for it.
 */
#include "internal.h"

#include <string.h>

enum { PAGES_MAX = 10000 };

struct waiter {
    gt_listing_fn *fn;
    void *payload;
};

struct listing {
    struct gt_engine *engine;
    struct gt_arena *arena; /* its own, but for the engine's where it is kept */
    const struct gt_operation *operation;
    json_t *input, *found; /* released with the arena */
    const char *items, *key;
    GT_VEC(struct waiter) waiters;
    int pages;
    bool done;
};

static void release(void *arg)
{
    struct listing *listing = arg;
    gt_set_json(&listing->input, NULL);
    gt_set_json(&listing->found, NULL);
}

static void tell(struct listing *listing, const struct gt_listing *result)
{
    listing->done = result->ok;
    if (!result->ok && listing->engine->caching) /* who asks later asks anew */
        gt_map_set(&listing->engine->lists, listing->key, NULL);
    for (size_t i = 0; i < listing->waiters.len; i++)
        listing->waiters.at[i].fn(listing->waiters.at[i].payload, result);
    listing->waiters.len = 0;
    if (listing->arena != listing->engine->arena)
        gt_arena_free(listing->arena);
    else if (!listing->done)
        release(listing);
}

static void next_page(struct listing *listing);

/* The token of the next page, or NULL when this was the last. */
static const json_t *next_token(const struct listing *listing, const json_t *output)
{
    const struct gt_paginator *pages = listing->operation->paginator;
    if (pages == NULL ||
        (pages->more != NULL && !json_is_true(json_object_get(output, pages->more))))
        return NULL;
    const json_t *token = json_object_get(output, pages->output_token);
    return gt_json_empty(token) ? NULL : token;
}

/* Half a list must not pass for the whole: what it lacks would be taken for absent. */
static bool never_ends(const struct listing *listing, const json_t *token)
{
    const struct gt_paginator *pages = listing->operation->paginator;
    return listing->pages >= PAGES_MAX ||
           json_equal(token, json_object_get(listing->input, pages->input_token));
}

static void on_page(void *payload, const struct gt_aws_answer *answer)
{
    struct listing *listing = payload;
    if (answer->failure != GT_AWS_OK) {
        tell(listing, &(struct gt_listing){.answer = answer});
        return;
    }
    json_array_extend(listing->found, gt_at(answer->output, listing->items));
    listing->pages++;
    const json_t *token = next_token(listing, answer->output);
    if (token == NULL) {
        tell(listing, &(struct gt_listing){.ok = true, .items = listing->found});
        return;
    }
    if (never_ends(listing, token)) {
        struct gt_aws_answer endless = *answer;
        endless.failure = GT_AWS_GARBLED;
        endless.message = "the list does not end: the service gives the same page again";
        tell(listing, &(struct gt_listing){.answer = &endless});
        return;
    }
    json_object_set(listing->input, listing->operation->paginator->input_token, gt_iterable(token));
    next_page(listing);
}

static void next_page(struct listing *listing)
{
    gt_read_call(listing->engine, listing->operation, listing->input, on_page, listing);
}

static void tell_cached(void *payload)
{
    struct listing *listing = payload;
    tell(listing, &(struct gt_listing){.ok = true, .items = listing->found});
}

void gt_list_all(struct gt_engine *engine, const struct gt_operation *operation, json_t *input,
                 const char *items, gt_listing_fn *fn, void *payload)
{
    struct gt_arena *arena = engine->caching ? engine->arena : gt_arena_new();
    char *key = gt_printf(arena, "%s %s", operation->name, gt_json_canonical(arena, input));
    struct listing *listing = engine->caching ? gt_map_get(&engine->lists, key) : NULL;
    bool cached = listing != NULL;
    if (!cached) {
        listing = GT_NEW(arena, struct listing);
        *listing = (struct listing){.engine = engine,
                                    .arena = arena,
                                    .operation = operation,
                                    .items = items,
                                    .key = key,
                                    .found = json_array()};
        listing->input = json_incref(input);
        gt_arena_defer(arena, release, listing);
        if (engine->caching)
            gt_map_set(&engine->lists, key, listing);
    }
    json_decref(input);
    bool first = listing->waiters.len == 0;
    *GT_PUSH(listing->arena, &listing->waiters) = (struct waiter){fn, payload};
    if (!cached)
        next_page(listing);
    else if (listing->done && first)
        gt_timer_start(engine->o.loop, 0, tell_cached, listing);
}
