#include "marks.h"
#include "node.h"

#include <assert.h>
#include <string.h>

struct building {
    struct gt_marks *marks;
    struct gt_diags *diags;
    size_t nodes;
    bool stop; /* a limit was passed */
};

/* What a node becomes, and where. */
struct spot {
    struct gt_marks_node *mark;
    struct gt_pos at; /* of the key, the element or the root */
    bool member;
    unsigned depth;
};

static json_t *build(struct building *building, struct gt_node *node, struct spot spot);

static void limit(struct building *building, struct gt_pos pos, const char *code,
                  const char *message)
{
    struct gt_diag *diag = gt_error(building->diags, code, "%s", message);
    diag->pos = pos;
    diag->hint = "an alias counts as often as it is used";
    building->stop = true;
}

static void set_mark(const struct gt_node *node, const struct spot *spot)
{
    bool at_key = spot->member && node->kind != GT_NODE_SCALAR && node->block;
    struct gt_mark mark = {.pos = at_key ? spot->at : node->pos,
                           .style = node->kind == GT_NODE_SCALAR ? node->style : GT_STYLE_NONE,
                           .raw = node->text,
                           .key = spot->member ? spot->at : node->pos};
    gt_marks_node_set(spot->mark, &mark);
}

static json_t *build_scalar(const struct gt_node *node)
{
    json_t *value = NULL;
    switch (node->value.type) {
    case GT_CORE_NULL:
        return json_null();
    case GT_CORE_BOOL:
        return json_boolean(node->value.boolean);
    case GT_CORE_INT:
        return json_integer(node->value.integer);
    case GT_CORE_REAL:
        return json_real(node->value.real);
    case GT_CORE_STRING:
    case GT_CORE_RANGE:
    case GT_CORE_NOT_FINITE:
        value = json_string(node->text);
        break;
    }
    assert(value != NULL); /* libyaml gives valid UTF-8 only */
    return value;
}

static json_t *build_list(struct building *building, const struct gt_node *node,
                          const struct spot *spot)
{
    json_t *list = json_array();
    size_t index = 0;
    for (const struct gt_node_member *m = node->first; m != NULL && !building->stop; m = m->next) {
        struct spot element = {
            .mark = gt_marks_element(building->marks, spot->mark, index++),
            .at = m->at,
            .depth = spot->depth + 1,
        };
        json_array_append_new(list, build(building, m->value, element));
    }
    return list;
}

static void duplicate(struct building *building, const struct spot *spot,
                      const struct gt_node_member *member)
{
    struct gt_pos first =
        gt_marks_node_key(gt_marks_look(building->marks, spot->mark, member->key->text));
    struct gt_diag *diag =
        gt_error(building->diags, "duplicate-key",
                 "key \"%s\" is there twice; the first is at line %u, column %u",
                 gt_doc_shown(building->diags->arena, member->key->text), first.line, first.column);
    diag->pos = member->at;
    diag->hint = "remove or rename one of them";
}

static json_t *build_member(struct building *building, const struct gt_node_member *member,
                            const struct spot *spot)
{
    struct spot below = {
        .mark = gt_marks_member(building->marks, spot->mark, member->key->text),
        .at = member->at,
        .member = true,
        .depth = spot->depth + 1,
    };
    return build(building, member->value, below);
}

static json_t *build_map(struct building *building, struct gt_node *node, const struct spot *spot)
{
    json_t *map = json_object();
    bool again = node->checked; /* by way of another alias */
    node->checked = true;
    for (const struct gt_node_member *m = node->first; m != NULL && !building->stop; m = m->next) {
        if (m->key->kind != GT_NODE_SCALAR) /* was reported while reading */
            continue;
        const char *key = m->key->text;
        if (json_object_get(map, key) == NULL)
            json_object_set_new_nocheck(map, key, build_member(building, m, spot));
        else if (!again)
            duplicate(building, spot, m);
    }
    return map;
}

static json_t *build(struct building *building, struct gt_node *node, struct spot spot)
{
    if (++building->nodes > GT_DOC_MAX_NODES) {
        limit(building, spot.at, "document-too-large",
              "the document has more than 1,000,000 values");
        return json_null();
    }
    if (node->kind != GT_NODE_SCALAR && spot.depth >= GT_DOC_MAX_DEPTH) {
        limit(building, spot.at, "document-too-deep", "values are nested more than 64 levels");
        return json_null();
    }
    set_mark(node, &spot);
    switch (node->kind) {
    case GT_NODE_SCALAR:
        return build_scalar(node);
    case GT_NODE_LIST:
        return build_list(building, node, &spot);
    case GT_NODE_MAP:
        return build_map(building, node, &spot);
    }
    return json_null();
}

json_t *gt_nodes_build(struct gt_node *root, struct gt_marks *marks, struct gt_diags *diags)
{
    size_t errors = diags->errors;
    struct building building = {.marks = marks, .diags = diags};
    struct spot spot = {.mark = gt_marks_root(marks), .at = root->pos};
    json_auto_t *value = build(&building, root, spot);
    return diags->errors == errors ? json_incref(value) : NULL;
}
