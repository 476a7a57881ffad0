/*
 * Compiling in two passes: the first finds every schema of the document with its identifiers (a
 * $ref may lead to what stands behind it), the second fills in the rules of each.
 */
#ifndef GANTRY_SRC_SCHEMA_COMPILE_H
#define GANTRY_SRC_SCHEMA_COMPILE_H

#include "rules.h"

enum {
    GT_SCHEMA_DEPTH_MAX = 256,   /* of schemas in each other, and of references in a row */
    GT_SCHEMA_POINTER_MAX = 4096 /* bytes */
};

struct gt_compile {
    struct gt_arena *arena;
    const json_t *document;
    struct gt_map places;            /* pointer -> struct gt_rules */
    struct gt_map resources;         /* URI -> struct gt_resource */
    GT_VEC(struct gt_rules *) found; /* grows while references lead to unknown places */
    bool dynamic;
    size_t depth; /* of the schema that is being looked at */
    struct gt_schema_problem *problem;
};

enum gt_keyword_holds {
    GT_HOLDS_VALUE,
    GT_HOLDS_SCHEMA,
    GT_HOLDS_LIST, /* of schemas, at least one */
    GT_HOLDS_MAP   /* of schemas by name */
};

struct gt_keyword;

/* Puts a keyword's value into the rules; false after gt_compile_refuse. */
typedef bool gt_keyword_fn(struct gt_compile *compile, struct gt_rules *rules,
                           const struct gt_keyword *keyword, const json_t *value);

enum gt_rules_group { /* parts of struct gt_rules, made when the first keyword of theirs comes */
                      GT_GROUP_NONE,
                      GT_GROUP_NUMBER,
                      GT_GROUP_STRING,
                      GT_GROUP_ARRAY,
                      GT_GROUP_OBJECT,
                      GT_GROUP_LOGIC
};

struct gt_keyword {
    const char *name;
    enum gt_keyword_holds holds;
    gt_keyword_fn *fill; /* NULL: nothing is checked by it */
    enum gt_rules_group group;
    size_t offset; /* of what `fill` sets, in the group; of gt_rules itself where there is none */
};

/* NULL for one that is not known, and means nothing. */
const struct gt_keyword *gt_keyword_find(const char *name);

/* Sets the problem, at `key` of a schema (NULL: at the schema itself); returns false. */
bool gt_compile_refuse(struct gt_compile *compile, const char *pointer, const char *key,
                       const char *format, ...) GT_PRINTF(4, 5);

/* The first pass over a schema and all below it. NULL after gt_compile_refuse. */
struct gt_rules *gt_compile_find(struct gt_compile *compile, const json_t *document,
                                 const char *pointer, struct gt_resource *resource);

/* The rules of what a keyword holds, found by the first pass; `name` NULL: the keyword's own. */
const struct gt_rules *gt_compile_child(struct gt_compile *compile, const struct gt_rules *rules,
                                        const char *keyword, const char *name);

/* $id, $anchor and $dynamicAnchor, before what is below; changes the resource at an $id. */
bool gt_compile_identify(struct gt_compile *compile, struct gt_rules *rules,
                         struct gt_resource **resource);

struct gt_logic *gt_rules_logic(struct gt_compile *compile, struct gt_rules *rules);
struct gt_object_rules *gt_rules_object(struct gt_compile *compile, struct gt_rules *rules);

/* Keywords with more to them than a value. */
gt_keyword_fn gt_keyword_ref, gt_keyword_dynamic_ref, gt_keyword_members,
    gt_keyword_pattern_members, gt_keyword_dependencies;

/* Refuses references that lead back to where they began without going into the value. */
bool gt_compile_check_cycles(struct gt_compile *compile);

#endif
