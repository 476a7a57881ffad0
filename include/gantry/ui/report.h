/*
 * Prints diagnostics: `file:line:column: error: subject: message`, then the hint, what the service
 * said, and the causes. Nothing else in Gantry prints what is wrong.
 */
#ifndef GANTRY_UI_REPORT_H
#define GANTRY_UI_REPORT_H

#include <gantry/base/diag.h>
#include <gantry/ui/stream.h>

/* The diagnostics in the order of their positions; those without one keep their place at the end.
 */
const struct gt_diag **gt_report_order(struct gt_arena *arena, const struct gt_diags *diags);

/* A text that is the same for two diagnostics when a reader of both would learn nothing from the second:
 * of severity, place, subject and message. Arena string. */
char *gt_report_key(struct gt_arena *arena, const struct gt_diag *diag);

/* One diagnostic as text. */
void gt_report_one(struct gt_stream *stream, const struct gt_diag *diag);

/* All of them, in order; `quiet` leaves warnings and notes out. */
void gt_report(struct gt_stream *stream, const struct gt_diags *diags, bool quiet);

/* The members of an event "diagnostic": severity, code, message, and where known file, line,
 * column, subject, hint, remote {...}, cause {...}. New reference. */
json_t *gt_report_document(const struct gt_diag *diag);

#endif
