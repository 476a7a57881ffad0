/*
 * Diagnostics: the one way in which anything is reported as wrong. Functions take a sink as their
 * last parameter, return false if and only if they appended an error, and write outputs only on
 * success. Nothing below the user interface prints.
 */
#ifndef GANTRY_BASE_DIAG_H
#define GANTRY_BASE_DIAG_H

#include <gantry/base/arena.h>
#include <stdbool.h>

enum gt_severity { GT_SEVERITY_ERROR, GT_SEVERITY_WARNING, GT_SEVERITY_NOTE };

/* A place in a file that a person wrote; line and column start at 1, file NULL: no place. */
struct gt_pos {
    const char *file;
    unsigned line, column;
};

/* What the remote side said; members that are unknown are NULL or 0. */
struct gt_remote {
    const char *service, *operation;
    int http_status;
    const char *code, *request_id, *reason;
};

struct gt_diag {
    enum gt_severity severity;
    const char *code;     /* stable, lower-case-with-hyphens: "unknown-key" */
    const char *message;  /* one line, lower case, no full stop */
    struct gt_pos pos;
    const char *subject;  /* a resource address or an attribute path, or NULL */
    const char *hint;     /* what to do, or NULL */
    struct gt_remote remote;
    const struct gt_diag *cause;
};

struct gt_diags {
    struct gt_arena *arena;
    GT_VEC(struct gt_diag *) list;
    size_t errors, warnings;
};

/* An empty sink whose diagnostics live in `arena`. */
struct gt_diags gt_diags_init(struct gt_arena *arena);

/*
 * Appends a diagnostic and returns it, so that the caller can add position, subject, hint or remote
 * detail: `gt_error(d, "unknown-key", "unknown key \"%s\"", key)->hint = ...`. Strings are copied
 * where they are formatted; what the caller sets must live as long as the arena.
 */
struct gt_diag *gt_error(struct gt_diags *diags, const char *code, const char *format, ...)
    GT_PRINTF(3, 4);
struct gt_diag *gt_warning(struct gt_diags *diags, const char *code, const char *format, ...)
    GT_PRINTF(3, 4);
struct gt_diag *gt_note(struct gt_diags *diags, const char *code, const char *format, ...)
    GT_PRINTF(3, 4);

/* Appends a deep copy of `diag` (in the sink's own arena). */
void gt_diags_copy(struct gt_diags *diags, const struct gt_diag *diag);

/* A mark, and dropping all that was appended since: a retried attempt rewinds the sink. */
size_t gt_diags_mark(const struct gt_diags *diags);
void gt_diags_rewind(struct gt_diags *diags, size_t mark);

#endif
