/* A variable of the manifest, and how its value is typed. */
#ifndef GANTRY_STACK_VALUE_H
#define GANTRY_STACK_VALUE_H

#include "lower.h"

struct gt_variable {
    const char *name;
    const char *type;             /* as declared, or NULL */
    const json_t *value;          /* the manifest's, or NULL */
    const char *pointer;          /* where that stands */
    const struct gt_marks *marks; /* of pointer */
    struct gt_pos pos;            /* of the declaration */
    json_t *final; /* what ${var.NAME} gives; NULL until gt_value_all, or when it failed */
    bool given;    /* by --var or --var-file: it has no place in the manifest */
};

#endif
