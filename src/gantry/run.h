/* What diff, apply and destroy share: planning, printing the plan, carrying it out. */
#ifndef GANTRY_PROGRAM_RUN_H
#define GANTRY_PROGRAM_RUN_H

#include "context.h"

/* Settles what a killed run left open. INTERRUPTED, FAILED or DONE. */
enum gt_exit gt_run_recover(struct gt_context *context);

/* Reads what is live and plans. */
bool gt_run_plan(struct gt_context *context, struct gt_plan **plan);

/* A note where calls are open and nobody settles them now. */
void gt_run_note_open(struct gt_context *context);

/* Prints a plan as text on standard output (one line where there is nothing to say), or as an
 * event. */
void gt_run_show(struct gt_context *context, const struct gt_plan *plan);

/* Carries a plan out with progress and signals, and prints the summary. */
enum gt_exit gt_run_apply(struct gt_context *context, const struct gt_plan *plan);

#endif
