#include "hosted.h"

#include "embedded.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1 << 20, GRACE_MS = 10000, START_TIMEOUT_MS = 10000 };

/* A line of a server that the cloud runs, or what became of the server itself. */
static void show_log(struct gt_hosted *hosted, const json_t *event)
{
    struct gt_context *context = hosted->context;
    const char *runtime = gt_text_at(event, "/runtime"), *line = gt_text_at(event, "/line");
    if (line == NULL)
        line = gt_text_at(event, "/message");
    if (line == NULL || runtime == NULL || context->program->json)
        return;
    const char *text =
        gt_printf(context->arena, "%s | %s", runtime, gt_safe_text(context->arena, line));
    if (context->progress != NULL && context->watching)
        gt_progress_line(context->progress, text);
    else
        gt_program_say(context->program, "%s", text);
}

static void on_event(struct gt_hosted *hosted, const char *text, size_t len)
{
    json_auto_t *event = json_loadb(text, len, 0, NULL);
    const char *name = gt_text_at(event, "/event");
    if (gt_streq(name, "listening")) {
        hosted->port = (int)json_integer_value(gt_at(event, "/port"));
        gt_loop_stop(hosted->context->loop);
    } else if (hosted->follow && (gt_streq(name, "log") || gt_streq(name, "runtime"))) {
        show_log(hosted, event);
    }
}

static void take_lines(struct gt_hosted *hosted)
{
    for (;;) {
        const char *text = gt_buf_text(&hosted->line);
        const char *end = memchr(text, '\n', hosted->line.len);
        if (end == NULL)
            return;
        size_t len = (size_t)(end - text), rest = hosted->line.len - len - 1;
        on_event(hosted, text, len);
        memmove(hosted->line.ptr, end + 1, rest);
        hosted->line.len = rest;
        hosted->line.ptr[rest] = '\0';
    }
}

static void on_output(void *payload, int fd)
{
    struct gt_hosted *hosted = payload;
    char bytes[16384];
    ssize_t got = read(fd, bytes, sizeof(bytes));
    if (got > 0) {
        gt_buf_add(&hosted->line, bytes, (size_t)got);
        take_lines(hosted);
        if (hosted->line.overflow || hosted->line.len + sizeof(bytes) > LINE_MAX_BYTES)
            hosted->line.len = 0;
        return;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    gt_loop_unwatch(hosted->context->loop, fd);
    hosted->ended = true;
    gt_loop_stop(hosted->context->loop);
}

static void on_late(void *payload)
{
    struct gt_hosted *hosted = payload;
    hosted->ended = true;
    gt_loop_stop(hosted->context->loop);
}

bool gt_hosted_start(struct gt_hosted *hosted, struct gt_context *context)
{
    static char self[] = "/proc/self/exe", local[] = "local", listen[] = "--listen",
                address[] = "127.0.0.1:0", stop[] = "--stop-with-stdin", json[] = "--json",
                knob[] = "--knob";
    GT_VEC(char *) argv = {0};
    char *const fixed[] = {self, local, listen, address, stop, json};
    for (size_t i = 0; i < GT_COUNT(fixed); i++)
        *GT_PUSH(context->arena, &argv) = fixed[i];
    for (const char *const *given =
             gt_args_list(context->program->args, context->arena, OPTION_KNOB);
         *given != NULL; given++) {
        *GT_PUSH(context->arena, &argv) = knob;
        *GT_PUSH(context->arena, &argv) = gt_strdup(context->arena, *given);
    }
    *GT_PUSH(context->arena, &argv) = NULL;
    *hosted = (struct gt_hosted){.context = context, .line = gt_buf_init(LINE_MAX_BYTES)};
    gt_context_loop(context);
    if (!gt_companion_start(argv.at, &hosted->companion, context->diags))
        return false;
    hosted->running = true;
    gt_loop_watch(context->loop, hosted->companion.out, on_output, hosted);
    struct gt_timer *timer = gt_timer_start(context->loop, START_TIMEOUT_MS, on_late, hosted);
    while (hosted->port == 0 && !hosted->ended)
        gt_loop_run(context->loop);
    if (hosted->port == 0) {
        gt_error(context->diags, "embedded-cloud", "the embedded cloud did not start")->hint =
            "`gantry local` shows why";
        return false;
    }
    gt_timer_cancel(timer);
    return gt_embedded_find_at(context, hosted->port);
}

void gt_hosted_stop(struct gt_hosted *hosted)
{
    if (!hosted->running)
        return;
    hosted->running = false;
    if (!hosted->ended)
        gt_loop_unwatch(hosted->context->loop, hosted->companion.out);
    if (gt_companion_stop(&hosted->companion, GRACE_MS) != 0)
        gt_warning(hosted->context->diags, "embedded-cloud",
                   "the embedded cloud did not end as it should");
    gt_buf_done(&hosted->line);
}
