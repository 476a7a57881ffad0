/* Putting things into the embedded cloud from outside of its API; see seed.c. */
#ifndef GANTRY_CLOUD_SEED_H
#define GANTRY_CLOUD_SEED_H

#include "cloud.h"

/* {"objects": [...], "ecr": [...], "secrets": [...], "policies": [...], "calls": [...], "poke":
 * [...]} -> {"calls": [outputs], "secrets": [ARNs]}; NULL with one line in *problem: what came
 * before it has been done. New reference. See docs/embedded-cloud.md. */
json_t *gt_seed(struct gt_local *local, const json_t *given, const char **problem,
                struct gt_arena *arena);
bool gt_seed_poke(struct gt_local *local, const json_t *entries, const char **problem,
                  struct gt_arena *arena);

#endif
