#include <gantry/base/diag.h>

#include <assert.h>

struct gt_diags gt_diags_init(struct gt_arena *arena)
{
    return (struct gt_diags){.arena = arena};
}

static void count(struct gt_diags *diags, enum gt_severity severity)
{
    diags->errors += severity == GT_SEVERITY_ERROR;
    diags->warnings += severity == GT_SEVERITY_WARNING;
}

GT_PRINTF(4, 0)
static struct gt_diag *append(struct gt_diags *diags, enum gt_severity severity, const char *code,
                              const char *format, va_list args)
{
    struct gt_diag *diag = GT_NEW(diags->arena, struct gt_diag);
    diag->severity = severity;
    diag->code = code;
    diag->message = gt_vprintf(diags->arena, format, args);
    *GT_PUSH(diags->arena, &diags->list) = diag;
    count(diags, severity);
    return diag;
}

struct gt_diag *gt_error(struct gt_diags *diags, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct gt_diag *diag = append(diags, GT_SEVERITY_ERROR, code, format, args);
    va_end(args);
    return diag;
}

struct gt_diag *gt_warning(struct gt_diags *diags, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct gt_diag *diag = append(diags, GT_SEVERITY_WARNING, code, format, args);
    va_end(args);
    return diag;
}

struct gt_diag *gt_note(struct gt_diags *diags, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct gt_diag *diag = append(diags, GT_SEVERITY_NOTE, code, format, args);
    va_end(args);
    return diag;
}

static struct gt_diag *copy(struct gt_arena *arena, const struct gt_diag *diag)
{
    struct gt_diag *out = GT_NEW(arena, struct gt_diag);
    *out = *diag;
    out->code = gt_strdup(arena, diag->code);
    out->message = gt_strdup(arena, diag->message);
    out->pos.file = gt_strdup(arena, diag->pos.file);
    out->subject = gt_strdup(arena, diag->subject);
    out->hint = gt_strdup(arena, diag->hint);
    out->remote.service = gt_strdup(arena, diag->remote.service);
    out->remote.operation = gt_strdup(arena, diag->remote.operation);
    out->remote.code = gt_strdup(arena, diag->remote.code);
    out->remote.request_id = gt_strdup(arena, diag->remote.request_id);
    out->remote.reason = gt_strdup(arena, diag->remote.reason);
    if (diag->cause != NULL)
        out->cause = copy(arena, diag->cause);
    return out;
}

void gt_diags_copy(struct gt_diags *diags, const struct gt_diag *diag)
{
    *GT_PUSH(diags->arena, &diags->list) = copy(diags->arena, diag);
    count(diags, diag->severity);
}

size_t gt_diags_mark(const struct gt_diags *diags)
{
    return diags->list.len;
}

void gt_diags_rewind(struct gt_diags *diags, size_t mark)
{
    assert(mark <= diags->list.len);
    for (size_t i = mark; i < diags->list.len; i++) {
        diags->errors -= diags->list.at[i]->severity == GT_SEVERITY_ERROR;
        diags->warnings -= diags->list.at[i]->severity == GT_SEVERITY_WARNING;
    }
    diags->list.len = mark;
}
