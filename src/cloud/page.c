/* Pages of lists: limits and tokens by the operation's paginator. */
#include "call.h"

#include <gantry/base/base64.h>
#include <gantry/base/hash.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_DEFAULT = 100, PAGE_MOST = 1000, SEAL = 16, MARK = 16 };

struct place {        /* where the next page begins: behind an item */
    const char *item; /* its mark, or "" */
    const char *next; /* of the one behind it, which may be there when others have gone */
    size_t position;  /* that the item had */
    bool blank;       /* an empty page is to come first */
};

/* By which an item is found again: of its key, which may be longer than a token; "": it has none.
 */
static const char *mark_of(struct gt_arena *arena, const json_t *item, const char *key)
{
    const char *text = json_is_string(item) ? json_string_value(item)
                       : key == NULL        ? NULL
                                            : json_string_value(json_object_get(item, key));
    return text == NULL ? "" : gt_strndup(arena, gt_sha256_hex(arena, text, strlen(text)), MARK);
}

/* What is listed: the input without the token and the limit. */
static const char *subject(const struct gt_serve *serve)
{
    const struct gt_paginator *paginator = serve->operation->paginator;
    json_t *rest = gt_keep(serve->arena, json_copy(gt_iterable(serve->input)));
    json_object_del(rest, paginator->input_token);
    if (paginator->limit != NULL)
        json_object_del(rest, paginator->limit);
    return gt_json_canonical(serve->arena, rest);
}

/* A token is good for one listing of one account and region. */
static const char *seal(struct gt_call *call, const char *text)
{
    const struct gt_serve *serve = &call->serve;
    char *all =
        gt_printf(serve->arena, "%s\n%s\n%s\n%s\n%s\n%s", serve->local->page_secret, serve->account,
                  serve->region, serve->operation->name, subject(serve), text);
    return gt_strndup(serve->arena, gt_sha256_hex(serve->arena, all, strlen(all)), SEAL);
}

static json_t *write_token(struct gt_call *call, struct place place)
{
    char *text = gt_printf(call->serve.arena, "%zu %d %s %s", place.position, place.blank,
                           place.item, place.next);
    char *sealed = gt_printf(call->serve.arena, "%s%s", seal(call, text), text);
    char *token = gt_base64(call->serve.arena, sealed, strlen(sealed));
    return json_string(token);
}

static bool read_token(struct gt_call *call, const char *token, struct place *place)
{
    char *bytes;
    size_t len;
    if (!gt_base64_decode(call->serve.arena, token, &bytes, &len) || len <= SEAL ||
        strlen(bytes) != len)
        return false;
    const char *text = bytes + SEAL;
    if (strncmp(seal(call, text), bytes, SEAL) != 0)
        return false;
    char *end;
    place->position = strtoull(text, &end, 10);
    place->blank = end[1] == '1';
    const char *item = end + 3, *gap = strchr(item, ' ');
    place->item = gt_strndup(call->serve.arena, item, (size_t)(gap - item));
    place->next = gap + 1;
    return true;
}

/* The index of the item with this mark; SIZE_MAX: there is none. */
static size_t index_of(struct gt_arena *arena, const json_t *items, const char *key,
                       const char *mark)
{
    size_t index;
    json_t *item;
    json_array_foreach(gt_iterable(items), index, item)
    {
        if (gt_streq(mark_of(arena, item, key), mark))
            return index;
    }
    return SIZE_MAX;
}

/* The index behind the place. An item that went left its neighbour in its stead, wherever that is
 * now. */
static size_t start_of(struct gt_arena *arena, const json_t *items, const char *key,
                       const struct place *place)
{
    if (*place->item == '\0')
        return place->position + 1;
    size_t index = index_of(arena, items, key, place->item);
    if (index != SIZE_MAX)
        return index + 1;
    index = index_of(arena, items, key, place->next);
    return index != SIZE_MAX ? index : place->position;
}

static size_t page_size(const struct gt_call *call)
{
    const struct gt_operation *operation = call->serve.operation;
    const char *limit = operation->paginator->limit;
    const struct gt_member *member = limit == NULL ? NULL : gt_member_find(operation->input, limit);
    int64_t size = PAGE_DEFAULT, knob = gt_local_knob(call->serve.local)->page_size;
    if (member != NULL) {
        if (member->shape->max < size)
            size = member->shape->max;
        const json_t *given = json_object_get(call->serve.input, limit);
        if (json_is_integer(given) && json_integer_value(given) > 0)
            size = json_integer_value(given);
    }
    if (knob > 0 && knob < size)
        size = knob;
    return size < 1 ? 1 : size > PAGE_MOST ? PAGE_MOST : (size_t)size;
}

static json_t *bad_token(struct gt_call *call, const char *member)
{
    gt_fail_field(call, member, "the token is not one of this operation");
    return NULL;
}

json_t *gt_serve_page(struct gt_serve *serve, const json_t *items, const char *key)
{
    struct gt_call *call = (struct gt_call *)serve;
    const struct gt_paginator *paginator = serve->operation->paginator;
    if (paginator == NULL)
        return gt_serve_fail(serve, "InternalFailure", "%s has no pages", serve->operation->name);
    const char *token = json_string_value(json_object_get(serve->input, paginator->input_token));
    struct place place = {.item = "", .next = ""};
    if (token != NULL && !read_token(call, token, &place))
        return bad_token(call, paginator->input_token);
    size_t all = json_array_size(items), size = page_size(call);
    size_t start = token == NULL ? 0 : start_of(serve->arena, items, key, &place);
    size_t end = start + size < all ? start + size : all;
    json_t *page = json_array(), *output = json_object();
    if (place.blank)
        end = start;
    for (size_t i = start; i < end; i++)
        json_array_append(page, json_array_get(items, i));
    bool more = end < all;
    if (more) {
        struct place next = place;
        next.blank = false;
        if (end > start)
            next =
                (struct place){.item = mark_of(serve->arena, json_array_get(items, end - 1), key),
                               .next = mark_of(serve->arena, json_array_get(items, end), key),
                               .position = end - 1};
        if (token == NULL && gt_local_knob(serve->local)->empty_pages)
            next.blank = ++serve->local->pages % 2 == 1;
        gt_put_at(output, gt_pointer_join(serve->arena, "", paginator->output_token),
                  write_token(call, next));
    }
    json_object_set_new(output, paginator->items, page);
    if (paginator->more != NULL)
        json_object_set_new(output, paginator->more, json_boolean(more));
    return output;
}
