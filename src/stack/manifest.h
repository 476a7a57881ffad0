/* The grammar of the manifest: the tables of manifest.c. */
#ifndef GANTRY_STACK_MANIFEST_H
#define GANTRY_STACK_MANIFEST_H

#include <gantry/doc/keys.h>

/* The whole manifest: a key that takes fields. */
extern const struct gt_key gt_manifest;

/* A check by its tables, with `marks` for positions. */
struct gt_keys_run gt_manifest_run(struct gt_arena *arena, const struct gt_marks *marks,
                                   struct gt_diags *diags);

#endif
