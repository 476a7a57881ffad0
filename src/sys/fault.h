/* What the operating system refused, as a diagnostic. */
#ifndef GANTRY_SRC_SYS_FAULT_H
#define GANTRY_SRC_SYS_FAULT_H

#include <gantry/base/diag.h>

/*
 * Appends an error: `what` ("cannot write") and the path, with the reason for `error` (an errno)
 * and a hint where there is something to do about it. Always false, so that callers return it.
 */
bool gt_fault(struct gt_diags *diags, int error, const char *what, const char *path);

/* The reason alone, in lower case: "no space left on device". */
const char *gt_fault_text(struct gt_arena *arena, int error);

#endif
