#include "marks.h"

#include <gantry/base/json.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct gt_marks_node {
    const struct gt_marks_node *parent;
    const char *token; /* escaped as in a JSON pointer */
    size_t len;
    uint64_t hash;
    struct gt_marks_node *first, *last, *next; /* children, and the next sibling */
    struct gt_mark mark;
    bool set;
};

/* One open-addressing table for all nodes, keyed by parent and token. */
struct gt_marks {
    struct gt_arena *arena;
    struct gt_marks_node root;
    struct gt_marks_node **slots;
    size_t slot_count, used;
};

struct gt_marks *gt_marks_new(struct gt_arena *arena)
{
    struct gt_marks *marks = GT_NEW(arena, struct gt_marks);
    marks->arena = arena;
    return marks;
}

/* FNV-1a, 64 bit, begun with the parent's hash, so that equal tokens in many places spread. */
static uint64_t hash(const struct gt_marks_node *parent, const char *token, size_t len)
{
    uint64_t value = parent->hash * 31 + 14695981039346656037u;
    for (size_t i = 0; i < len; i++)
        value = (value ^ (unsigned char)token[i]) * 1099511628211u;
    return value ^ (value >> 29);
}

static bool is_node(const struct gt_marks_node *node, const struct gt_marks_node *parent,
                    const char *token, size_t len)
{
    return node->parent == parent && node->len == len && memcmp(node->token, token, len) == 0;
}

static struct gt_marks_node *child(const struct gt_marks *marks, const struct gt_marks_node *parent,
                                   const char *token, size_t len)
{
    if (marks->slot_count == 0)
        return NULL;
    size_t at = (size_t)hash(parent, token, len) & (marks->slot_count - 1);
    while (marks->slots[at] != NULL && !is_node(marks->slots[at], parent, token, len))
        at = (at + 1) & (marks->slot_count - 1);
    return marks->slots[at];
}

static void put(struct gt_marks *marks, struct gt_marks_node *node)
{
    size_t at = (size_t)node->hash & (marks->slot_count - 1);
    while (marks->slots[at] != NULL)
        at = (at + 1) & (marks->slot_count - 1);
    marks->slots[at] = node;
}

static void grow(struct gt_marks *marks)
{
    struct gt_marks_node **old = marks->slots;
    size_t old_count = marks->slot_count;
    marks->slot_count = old_count == 0 ? 16 : old_count * 2;
    marks->slots = gt_calloc(marks->arena, marks->slot_count, sizeof(*marks->slots));
    for (size_t i = 0; i < old_count; i++)
        if (old[i] != NULL)
            put(marks, old[i]);
}

static struct gt_marks_node *make_child(struct gt_marks *marks, struct gt_marks_node *parent,
                                        const char *token, size_t len)
{
    struct gt_marks_node *node = child(marks, parent, token, len);
    if (node != NULL)
        return node;
    if ((marks->used + 1) * 4 > marks->slot_count * 3)
        grow(marks);
    node = GT_NEW(marks->arena, struct gt_marks_node);
    node->parent = parent;
    node->token = gt_strndup(marks->arena, token, len);
    node->len = len;
    node->hash = hash(parent, token, len);
    if (parent->last != NULL)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    put(marks, node);
    marks->used++;
    return node;
}

/* The token that begins at `*pointer` (a '/'), which moves on to the next '/' or the end. */
static const char *next_token(const char **pointer, size_t *len)
{
    const char *token = *pointer + 1;
    *len = strcspn(token, "/");
    *pointer = token + *len;
    return token;
}

struct gt_marks_node *gt_marks_root(struct gt_marks *marks)
{
    return &marks->root;
}

const struct gt_marks_node *gt_marks_look_root(const struct gt_marks *marks)
{
    return marks == NULL ? NULL : &marks->root;
}

struct gt_marks_node *gt_marks_member(struct gt_marks *marks, struct gt_marks_node *parent,
                                      const char *key)
{
    if (strpbrk(key, "~/") != NULL)
        key = gt_pointer_join(marks->arena, "", key) + 1;
    return make_child(marks, parent, key, strlen(key));
}

struct gt_marks_node *gt_marks_element(struct gt_marks *marks, struct gt_marks_node *parent,
                                       size_t index)
{
    char token[24];
    int len = snprintf(token, sizeof(token), "%zu", index);
    return make_child(marks, parent, token, (size_t)len);
}

const struct gt_marks_node *gt_marks_look(const struct gt_marks *marks,
                                          const struct gt_marks_node *parent, const char *key)
{
    if (marks == NULL || parent == NULL)
        return NULL;
    if (strpbrk(key, "~/") != NULL)
        key = gt_pointer_join(marks->arena, "", key) + 1;
    return child(marks, parent, key, strlen(key));
}

void gt_marks_node_set(struct gt_marks_node *node, const struct gt_mark *mark)
{
    node->mark = *mark;
    node->set = true;
}

struct gt_pos gt_marks_node_key(const struct gt_marks_node *node)
{
    return node->mark.key;
}

void gt_marks_copy_own(struct gt_marks_node *to, const struct gt_marks_node *from)
{
    if (from != NULL && from->set)
        gt_marks_node_set(to, &from->mark);
}

void gt_marks_copy_branch(struct gt_marks *marks, struct gt_marks_node *to,
                          const struct gt_marks_node *from)
{
    if (from == NULL)
        return;
    gt_marks_copy_own(to, from);
    for (const struct gt_marks_node *at = from->first; at != NULL; at = at->next)
        gt_marks_copy_branch(marks, make_child(marks, to, at->token, at->len), at);
}

static struct gt_marks_node *make_path(struct gt_marks *marks, const char *pointer)
{
    struct gt_marks_node *node = &marks->root;
    while (*pointer == '/') {
        size_t len;
        const char *token = next_token(&pointer, &len);
        node = make_child(marks, node, token, len);
    }
    return node;
}

void gt_marks_set(struct gt_marks *marks, const char *pointer, struct gt_mark mark)
{
    gt_marks_node_set(make_path(marks, pointer), &mark);
}

/* The node of `pointer`, or NULL; *nearest gets the deepest one on the way that has a mark. */
static const struct gt_marks_node *look_path(const struct gt_marks *marks, const char *pointer,
                                             const struct gt_marks_node **nearest)
{
    const struct gt_marks_node *node = &marks->root;
    *nearest = node->set ? node : NULL;
    while (node != NULL && *pointer == '/') {
        size_t len;
        const char *token = next_token(&pointer, &len);
        node = child(marks, node, token, len);
        if (node != NULL && node->set)
            *nearest = node;
    }
    return node;
}

const struct gt_mark *gt_marks_get(const struct gt_marks *marks, const char *pointer)
{
    const struct gt_marks_node *nearest;
    const struct gt_marks_node *node = look_path(marks, pointer, &nearest);
    return node != NULL && node->set ? &node->mark : NULL;
}

const struct gt_mark *gt_marks_find(const struct gt_marks *marks, const char *pointer)
{
    const struct gt_marks_node *nearest;
    look_path(marks, pointer, &nearest);
    return nearest == NULL ? NULL : &nearest->mark;
}

struct gt_pos gt_marks_pos(const struct gt_marks *marks, const char *pointer)
{
    const struct gt_mark *mark = gt_marks_find(marks, pointer);
    return mark == NULL ? (struct gt_pos){0} : mark->pos;
}

struct gt_pos gt_marks_key_pos(const struct gt_marks *marks, const char *pointer)
{
    const struct gt_mark *mark = gt_marks_find(marks, pointer);
    if (mark == NULL)
        return (struct gt_pos){0};
    return mark->key.line != 0 ? mark->key : mark->pos;
}

void gt_marks_graft(struct gt_marks *to, const char *to_pointer, const struct gt_marks *from,
                    const char *from_pointer)
{
    const struct gt_marks_node *nearest;
    const struct gt_marks_node *branch = look_path(from, from_pointer, &nearest);
    if (branch == NULL)
        return;
    if (to == from) { /* the target may lie within the branch that is being walked */
        struct gt_marks *copy = gt_marks_new(to->arena);
        gt_marks_copy_branch(copy, &copy->root, branch);
        branch = &copy->root;
    }
    gt_marks_copy_branch(to, make_path(to, to_pointer), branch);
}
