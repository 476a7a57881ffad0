#include <gantry/ui/report.h>

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum gt_paint paint;
} severities[] = {
    [GT_SEVERITY_ERROR] = {"error", GT_RED},
    [GT_SEVERITY_WARNING] = {"warning", GT_YELLOW},
    [GT_SEVERITY_NOTE] = {"note", GT_CYAN},
};

struct placed {
    const struct gt_diag *diag;
    size_t index;
};

static int compare_numbers(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int by_position(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    const struct gt_pos *p = &x->diag->pos, *q = &y->diag->pos;
    int order = (p->file == NULL) - (q->file == NULL);
    if (order == 0 && p->file != NULL) {
        order = strcmp(p->file, q->file);
        order = order != 0 ? order : compare_numbers(p->line, q->line);
        order = order != 0 ? order : compare_numbers(p->column, q->column);
    }
    return order != 0 ? order : compare_numbers(x->index, y->index);
}

const struct gt_diag **gt_report_order(struct gt_arena *arena, const struct gt_diags *diags)
{
    size_t count = diags->list.len;
    struct placed *placed = gt_calloc(arena, count + 1, sizeof(*placed));
    const struct gt_diag **order = gt_calloc(arena, count + 1, sizeof(const struct gt_diag *));
    for (size_t i = 0; i < count; i++)
        placed[i] = (struct placed){diags->list.at[i], i};
    qsort(placed, count, sizeof(*placed), by_position);
    for (size_t i = 0; i < count; i++)
        order[i] = placed[i].diag;
    return order;
}

static void print_position(struct gt_stream *stream, const struct gt_pos *pos)
{
    if (pos->file == NULL)
        return;
    gt_stream_safe(stream, pos->file);
    if (pos->line > 0)
        gt_stream_addf(stream, ":%u:%u", pos->line, pos->column > 0 ? pos->column : 1);
    gt_stream_adds(stream, ": ");
}

/* Whether there is nothing new in `part`. */
static bool says(const char *message, const char *part)
{
    return part == NULL || (message != NULL && strstr(message, part) != NULL);
}

/* What a diagnostic says of the remote side, part by part. */
struct line {
    struct gt_stream *stream;
    const char *between; /* NULL: nothing is printed yet */
};

static void add_part(struct line *line, const char *text, const char *between)
{
    gt_stream_adds(line->stream, line->between == NULL ? "  " : line->between);
    gt_stream_safe(line->stream, text);
    line->between = between;
}

/* "iam CreateRole: HTTP 409, EntityAlreadyExists, request 1f2e...: the service's reason", without
 * what the message says already, and not at all where nothing is left but the service's name. */
static void print_remote(struct gt_stream *stream, const struct gt_diag *diag)
{
    const struct gt_remote *remote = &diag->remote;
    struct gt_arena *scratch = gt_arena_new();
    const char *status =
        remote->http_status == 0 ? NULL : gt_printf(scratch, "HTTP %d", remote->http_status);
    bool operation = !says(diag->message, remote->operation);
    bool code = !says(diag->message, remote->code) && !says(status, remote->code);
    bool reason = !says(diag->message, remote->reason);
    status = says(diag->message, status) ? NULL : status;
    struct line line = {.stream = stream};
    if (operation || code || reason || status != NULL || remote->request_id != NULL) {
        if (remote->service != NULL)
            add_part(&line, remote->service, operation ? " " : ": ");
        if (operation)
            add_part(&line, remote->operation, ": ");
        if (status != NULL)
            add_part(&line, status, ", ");
        if (code)
            add_part(&line, remote->code, ", ");
        if (remote->request_id != NULL)
            add_part(&line, gt_printf(scratch, "request %s", remote->request_id), ": ");
        if (reason) {
            line.between = line.between == NULL ? NULL : ": ";
            add_part(&line, remote->reason, NULL);
        }
        gt_stream_adds(stream, "\n");
    }
    gt_arena_free(scratch);
}

static void print_details(struct gt_stream *stream, const struct gt_diag *diag)
{
    print_remote(stream, diag);
    if (diag->hint != NULL) {
        gt_stream_adds(stream, "  ");
        gt_stream_paint(stream, GT_CYAN, "hint:");
        gt_stream_adds(stream, " ");
        gt_stream_safe(stream, diag->hint);
        gt_stream_adds(stream, "\n");
    }
}

static void print_headline(struct gt_stream *stream, const struct gt_diag *diag)
{
    print_position(stream, &diag->pos);
    gt_stream_paint(stream, severities[diag->severity].paint, severities[diag->severity].name);
    gt_stream_adds(stream, ": ");
    if (diag->subject != NULL) {
        gt_stream_safe(stream, diag->subject);
        gt_stream_adds(stream, ": ");
    }
    gt_stream_safe(stream, diag->message);
    gt_stream_adds(stream, "\n");
}

void gt_report_one(struct gt_stream *stream, const struct gt_diag *diag)
{
    print_headline(stream, diag);
    print_details(stream, diag);
    for (const struct gt_diag *cause = diag->cause; cause != NULL; cause = cause->cause) {
        gt_stream_adds(stream, "  because: ");
        print_position(stream, &cause->pos);
        if (cause->subject != NULL) {
            gt_stream_safe(stream, cause->subject);
            gt_stream_adds(stream, ": ");
        }
        gt_stream_safe(stream, cause->message);
        gt_stream_adds(stream, "\n");
        print_details(stream, cause);
    }
}

char *gt_report_key(struct gt_arena *arena, const struct gt_diag *diag)
{
    return gt_printf(arena, "%d\n%s\n%u\n%u\n%s\n%s", (int)diag->severity,
                     diag->pos.file == NULL ? "" : diag->pos.file, diag->pos.line,
                     diag->pos.column, diag->subject == NULL ? "" : diag->subject,
                     diag->message);
}

void gt_report(struct gt_stream *stream, const struct gt_diags *diags, bool quiet)
{
    struct gt_arena *arena = gt_arena_new();
    const struct gt_diag **order = gt_report_order(arena, diags);
    for (; *order != NULL; order++)
        if (!quiet || (*order)->severity == GT_SEVERITY_ERROR)
            gt_report_one(stream, *order);
    gt_arena_free(arena);
}

/* Strings in diagnostics may quote bytes that a file held; what is no UTF-8 is made printable. */
static void set_text(json_t *object, const char *key, const char *text)
{
    if (text == NULL)
        return;
    json_t *value = json_string(text);
    if (value == NULL) {
        struct gt_buf ascii = gt_buf_init((size_t)1 << 20);
        for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++)
            gt_buf_addc(&ascii, *at < 0x80 ? (char)*at : '?');
        value = json_string(gt_buf_text(&ascii));
        gt_buf_done(&ascii);
    }
    json_object_set_new(object, key, value);
}

static void set_number(json_t *object, const char *key, json_int_t value)
{
    if (value != 0)
        json_object_set_new(object, key, json_integer(value));
}

static json_t *remote_document(const struct gt_remote *remote)
{
    json_t *out = json_object();
    set_text(out, "service", remote->service);
    set_text(out, "operation", remote->operation);
    set_number(out, "httpStatus", remote->http_status);
    set_text(out, "code", remote->code);
    set_text(out, "requestId", remote->request_id);
    set_text(out, "reason", remote->reason);
    return out;
}

json_t *gt_report_document(const struct gt_diag *diag)
{
    json_t *out = json_object();
    set_text(out, "severity", severities[diag->severity].name);
    set_text(out, "code", diag->code);
    set_text(out, "message", diag->message);
    set_text(out, "subject", diag->subject);
    set_text(out, "file", diag->pos.file);
    set_number(out, "line", diag->pos.line);
    set_number(out, "column", diag->pos.column);
    set_text(out, "hint", diag->hint);
    json_t *remote = remote_document(&diag->remote);
    if (json_object_size(remote) > 0)
        json_object_set_new(out, "remote", remote);
    else
        json_decref(remote);
    if (diag->cause != NULL)
        json_object_set_new(out, "cause", gt_report_document(diag->cause));
    return out;
}
