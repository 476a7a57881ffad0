/*
 * Where a walk through a document is, as a chain of nodes on the stack: texts are made of it only
 * when they are needed.
 */
#ifndef GANTRY_MODEL_PATH_H
#define GANTRY_MODEL_PATH_H

#include <gantry/base/arena.h>
#include <stdbool.h>

struct gt_model_path {
    const struct gt_model_path *up; /* NULL: the root */
    const char *key;                /* NULL: an index */
    size_t index;
    bool sensitive; /* values here must not be printed */
    bool at_key;    /* it is the key that matters, not its value */
};

/* The JSON pointer: "/authorizerConfiguration/allowedClients/0". */
const char *gt_model_path_pointer(struct gt_arena *arena, const struct gt_model_path *path);

/* The path for people: authorizerConfiguration.customJWTAuthorizer.allowedClients[0]. */
const char *gt_model_path_text(struct gt_arena *arena, const struct gt_model_path *path);

#endif
