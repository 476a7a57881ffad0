/* What destroys a stack once everything is prepared: the plan, the consent, the proof that nothing
 * is left. */
#ifndef GANTRY_PROGRAM_TEARDOWN_H
#define GANTRY_PROGRAM_TEARDOWN_H

#include "consent.h"
#include "context.h"

/* The context has an engine with the option `destroy`, and nothing is left open. Without a consent
 * nobody decides on it: the plan is not shown. DONE or the exit code. */
enum gt_exit gt_teardown(struct gt_context *context, const struct gt_consent *consent);

#endif
