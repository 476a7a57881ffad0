/* Plan files: written by diff, read by show and apply; and what the plan is in a few words. */
#ifndef GANTRY_PROGRAM_SAVED_PLAN_H
#define GANTRY_PROGRAM_SAVED_PLAN_H

#include "context.h"

/* Reads a plan file into `plan`; its document, kept by the arena, or NULL with an error. */
json_t *gt_saved_plan_read(struct gt_context *context, const char *path, struct gt_plan *plan);

/* Writes a plan file, which only its owner can read. */
bool gt_saved_plan_write(struct gt_context *context, const char *path, const struct gt_plan *plan);

/*
 * Whether `fresh`, made now, is what `saved` says; every difference is an error: another Gantry,
 * cloud, state or manifest, and each resource whose planned members are others.
 */
bool gt_saved_plan_matches(struct gt_context *context, const struct gt_plan *saved,
                           const struct gt_plan *fresh);

/* What the plan was made with, for `options` of the plan; new reference. */
json_t *gt_saved_plan_options_document(const struct gt_engine_options *options);

/* The options of the engine as the saved plan was made with them. */
void gt_saved_plan_options(struct gt_context *context, const struct gt_plan *saved,
                           struct gt_engine_options *options);

/* "2 to create, 1 to update; 9 unchanged\n" */
char *gt_plan_counts_text(struct gt_arena *arena, const struct gt_plan *plan);

/* The counts as a document; new reference. */
json_t *gt_plan_counts_document(const struct gt_plan *plan);

#endif
