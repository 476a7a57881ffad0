#include "reply.h"

#include <gantry/base/base64.h>
#include <gantry/base/json.h>
#include <hiredis/hiredis.h>
#include <string.h>

enum { NODE_BYTES = 16 }; /* what a node counts beside its text */

struct gt_redis_reader {
    struct gt_arena *arena; /* of the reader itself */
    redisReader *reader;
    struct gt_redis_reply *root; /* of what is being read; NULL: between two replies */
    struct gt_redis_caps left;
};

/* Stands for everything that is left out. */
static struct gt_redis_reply dropped = {.kind = GT_REDIS_NIL};

static struct gt_redis_reader *reader_of(const redisReadTask *task)
{
    return task->privdata;
}

static bool take(size_t *budget, size_t amount)
{
    if (*budget < amount)
        return false;
    *budget -= amount;
    return true;
}

/* A node in its place, or `dropped`. */
static struct gt_redis_reply *add(const redisReadTask *task, enum gt_redis_kind kind)
{
    struct gt_redis_reader *reader = reader_of(task);
    struct gt_redis_reply *above = task->parent != NULL ? task->parent->obj : NULL;
    if (above == &dropped)
        return &dropped;
    if (above != NULL && (!take(&reader->left.max_bytes, NODE_BYTES) ||
                          (above == reader->root && !take(&reader->left.max_rows, 1)))) {
        above->cut = reader->root->cut = true;
        reader->left.max_bytes = 0; /* nothing comes behind what is missing */
        return &dropped;
    }
    struct gt_arena *arena = above == NULL ? gt_arena_new() : above->arena;
    struct gt_redis_reply *node = GT_NEW(arena, struct gt_redis_reply);
    *node = (struct gt_redis_reply){.kind = kind, .above = above, .arena = arena};
    if (above == NULL)
        reader->root = node;
    else
        *GT_PUSH(arena, &above->list) = node;
    return node;
}

static void *create_string(const redisReadTask *task, char *text, size_t len)
{
    struct gt_redis_reader *reader = reader_of(task);
    struct gt_redis_reply *node = add(task, task->type == REDIS_REPLY_ERROR    ? GT_REDIS_ERROR
                                            : task->type == REDIS_REPLY_STATUS ? GT_REDIS_STATUS
                                                                               : GT_REDIS_TEXT);
    if (node == &dropped)
        return node;
    if (!take(&reader->left.max_bytes, len)) {
        len = reader->left.max_bytes;
        reader->left.max_bytes = 0;
        node->cut = reader->root->cut = true;
    }
    node->text = gt_strndup(node->arena, text, len);
    node->len = len;
    return node;
}

static void *create_array(const redisReadTask *task, int count)
{
    (void)count; /* it says what is to come; room is made for what comes */
    return add(task, GT_REDIS_LIST);
}

static void *create_integer(const redisReadTask *task, long long value)
{
    struct gt_redis_reply *node = add(task, GT_REDIS_INTEGER);
    if (node != &dropped)
        node->integer = value;
    return node;
}

static void *create_nil(const redisReadTask *task)
{
    return add(task, GT_REDIS_NIL);
}

static void free_object(void *object)
{
    (void)object; /* goes with its arena */
}

static redisReplyObjectFunctions functions = {
    .createString = create_string,
    .createArray = create_array,
    .createInteger = create_integer,
    .createNil = create_nil,
    .freeObject = free_object,
};

struct gt_redis_reader *gt_redis_reader_new(void)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_redis_reader *reader = GT_NEW(arena, struct gt_redis_reader);
    *reader = (struct gt_redis_reader){.arena = arena,
                                       .reader = redisReaderCreateWithFunctions(&functions)};
    if (reader->reader == NULL)
        gt_die("out of memory");
    reader->reader->privdata = reader;
    return reader;
}

void gt_redis_reader_free(struct gt_redis_reader *reader)
{
    if (reader == NULL)
        return;
    redisReaderFree(reader->reader);
    gt_redis_reply_free(reader->root);
    gt_arena_free(reader->arena);
}

bool gt_redis_reader_feed(struct gt_redis_reader *reader, const char *bytes, size_t len)
{
    return redisReaderFeed(reader->reader, bytes, len) == REDIS_OK;
}

struct gt_redis_reply *gt_redis_reader_next(struct gt_redis_reader *reader,
                                            const struct gt_redis_caps *caps, const char **problem)
{
    void *object = NULL;
    *problem = NULL;
    if (reader->root == NULL)
        reader->left = *caps;
    if (redisReaderGetReply(reader->reader, &object) != REDIS_OK) {
        *problem = "the server's answer is not in Redis' protocol";
        return NULL;
    }
    if (object == NULL)
        return NULL;
    struct gt_redis_reply *reply = reader->root;
    reader->root = NULL;
    if (reply == NULL) /* a kind of reply that only version 3 has */
        *problem = "the server's answer is not in Redis' protocol";
    return reply;
}

void gt_redis_reply_free(struct gt_redis_reply *reply)
{
    if (reply != NULL)
        gt_arena_free(reply->arena);
}

size_t gt_redis_reader_held(const struct gt_redis_reader *reader)
{
    return reader->reader->len - reader->reader->pos;
}

/* -- as JSON -- */

static json_t *text_json(const struct gt_redis_reply *reply)
{
    json_t *text = json_stringn(reply->text, reply->len);
    for (size_t less = 1; text == NULL && reply->cut && less < 4 && less <= reply->len; less++)
        text = json_stringn(reply->text, reply->len - less);
    if (text != NULL)
        return text;
    struct gt_arena *arena = gt_arena_new();
    text = json_pack("{s:s}", "base64", gt_base64(arena, reply->text, reply->len));
    gt_arena_free(arena);
    return text;
}

static json_t *scalar_json(const struct gt_redis_reply *reply)
{
    switch (reply->kind) {
    case GT_REDIS_INTEGER:
        return json_integer(reply->integer);
    case GT_REDIS_STATUS:
    case GT_REDIS_TEXT:
        return text_json(reply);
    case GT_REDIS_ERROR:
        return json_pack("{s:o}", "error", text_json(reply));
    case GT_REDIS_NIL:
    case GT_REDIS_LIST:
        break;
    }
    return json_null();
}

struct level {
    const struct gt_redis_reply *list;
    json_t *out;
    size_t at;
};

json_t *gt_redis_json(const struct gt_redis_reply *reply)
{
    /* hiredis reads at most this many levels. */
    struct level stack[9] = {{reply, json_array(), 0}};
    size_t depth = 0;
    if (reply->kind != GT_REDIS_LIST) {
        json_decref(stack[0].out);
        return scalar_json(reply);
    }
    for (;;) {
        struct level *level = &stack[depth];
        if (level->at == level->list->list.len) {
            if (depth == 0)
                return level->out;
            depth--;
            continue;
        }
        const struct gt_redis_reply *item = level->list->list.at[level->at++];
        if (item->kind != GT_REDIS_LIST || depth + 1 == GT_COUNT(stack)) {
            json_array_append_new(level->out, scalar_json(item));
            continue;
        }
        stack[++depth] = (struct level){item, json_array(), 0};
        json_array_append_new(level->out, stack[depth].out);
    }
}

json_t *gt_redis_json_pairs(const struct gt_redis_reply *reply)
{
    if (reply->kind != GT_REDIS_LIST || (reply->list.len % 2 != 0 && !reply->cut))
        return gt_redis_json(reply);
    json_t *out = json_object();
    for (size_t i = 0; i + 1 < reply->list.len; i += 2) {
        const struct gt_redis_reply *name = reply->list.at[i];
        bool fits = name->kind == GT_REDIS_TEXT && strlen(name->text) == name->len && !name->cut &&
                    json_object_get(out, name->text) == NULL &&
                    json_object_set_new(out, name->text, gt_redis_json(reply->list.at[i + 1])) == 0;
        if (!fits) {
            json_decref(out);
            return gt_redis_json(reply);
        }
    }
    return out;
}
