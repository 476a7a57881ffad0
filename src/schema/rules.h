/*
 * What a schema becomes: one struct gt_rules for each schema of the document, in which the keywords
 * are grouped by the type of value that they are about, so that a check looks only at what can
 * matter. Everything lives in the arena of the schema; documents are borrowed.
 */
#ifndef GANTRY_SRC_SCHEMA_RULES_H
#define GANTRY_SRC_SCHEMA_RULES_H

#include "ecma.h"
#include "number.h"

#include <gantry/base/map.h>
#include <gantry/schema/schema.h>

enum { /* bits of gt_rules.types */
       GT_TYPE_NULL = 1,
       GT_TYPE_BOOLEAN = 2,
       GT_TYPE_INTEGER = 4,
       GT_TYPE_NUMBER = 8,
       GT_TYPE_STRING = 16,
       GT_TYPE_ARRAY = 32,
       GT_TYPE_OBJECT = 64
};

struct gt_type_name {
    const char *name;    /* "integer" */
    const char *article; /* "an " */
    unsigned bit;
};
extern const struct gt_type_name gt_type_names[]; /* ends with a row without name */

/* The bits of a value: two for an integer. */
unsigned gt_type_of(const json_t *value);

struct gt_rules;

struct gt_rules_list {
    const struct gt_rules **at;
    size_t len;
};

struct gt_number_rules { /* NULL: no such limit */
    const json_t *minimum, *maximum, *above, *below, *multiple_of;
    struct gt_decimal step; /* of multiple_of */
};

struct gt_range { /* of code points, items, members; `max` SIZE_MAX: none */
    size_t min, max;
};

struct gt_string_rules {
    struct gt_range length;
    const struct gt_regex *pattern;
};

struct gt_array_rules {
    struct gt_range length;
    struct gt_rules_list prefix;
    const struct gt_rules *items, *contains;
    struct gt_range contained;
    bool unique;
};

struct gt_member {
    const char *name;
    const struct gt_rules *rules; /* NULL: required only */
    bool required;
};

struct gt_pattern_member {
    const struct gt_regex *name;
    const struct gt_rules *rules;
};

struct gt_dependency { /* of the presence of a member */
    const char *name;
    const struct gt_rules *rules; /* dependentSchemas, or NULL */
    const json_t *required;       /* dependentRequired: names, or NULL */
};

struct gt_object_rules {
    struct gt_range length;
    const struct gt_member *members; /* by name */
    size_t members_len, required_len;
    const struct gt_pattern_member *patterns;
    size_t patterns_len;
    const struct gt_rules *additional, *names;
    GT_VEC(struct gt_dependency) dependencies;
};

struct gt_logic { /* what applies to the same value */
    struct gt_rules_list all, any, one;
    const struct gt_rules *none, *condition, *then, *otherwise, *ref, *dynamic_ref;
    const char *dynamic_anchor; /* dynamic_ref leads to whatever has this name in the outermost
                                   resource that was entered; NULL: to dynamic_ref itself */
};

struct gt_resource { /* a schema with $id and all that is below it until the next $id */
    const char *uri; /* without fragment; "" for a document without $id */
    const char *pointer;
    const struct gt_rules *root;
    struct gt_map anchors, dynamic_anchors; /* of struct gt_rules */
};

struct gt_rules {
    bool always, never; /* true and {}, false: nothing else to look at */
    unsigned types;     /* 0: any */
    const struct gt_resource *resource;
    const json_t *options, *constant; /* enum and const, or NULL */
    struct gt_number_rules *number;   /* NULL without a keyword of theirs, like the next four */
    struct gt_string_rules *string;
    struct gt_array_rules *array;
    struct gt_object_rules *object;
    struct gt_logic *logic;
    const struct gt_rules *unevaluated_items, *unevaluated_properties;

    const json_t *document; /* what it was made of, and where that is: for compiling */
    const char *pointer;
    const char *dynamic_anchor;
    int visit;
};

struct gt_schema {
    const struct gt_rules *root;
    bool dynamic; /* there is a $dynamicRef whose target depends on the way that led there */
};

#endif
