#include "hosted.h"

#include "embedded.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>
#include <gantry/ui/interrupt.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1 << 20, GRACE_MS = 10000, START_TIMEOUT_MS = 30000, DOWNS_MOST = 4 };

/* A line of a server that the cloud runs, or what became of the server itself. */
static void show_log(struct gt_hosted *hosted, const char *name, const json_t *event)
{
    struct gt_context *context = hosted->context;
    struct gt_program *program = context->program;
    const char *runtime = gt_text_at(event, "/runtime"), *line = gt_text_at(event, "/line");
    if (gt_events_wanted(&program->events)) {
        json_t *members = json_copy(gt_iterable(event));
        json_object_del(members, "event");
        json_object_del(members, "time");
        gt_program_event(program, name, members);
        gt_stream_flush(&program->out);
    }
    if (line == NULL)
        line = gt_text_at(event, "/reason");
    if (line == NULL || runtime == NULL || program->json)
        return;
    struct gt_arena *arena = gt_arena_new();
    const char *text = gt_printf(arena, "%s | %s", runtime, gt_safe_text(arena, line));
    if (context->progress != NULL && context->watching) {
        gt_progress_line(context->progress, text);
    } else if (program->verbosity != GT_QUIET) {
        gt_stream_safe(&program->err, text);
        gt_stream_adds(&program->err, "\n");
        gt_stream_flush(&program->err);
    }
    gt_arena_free(arena);
}

/* A server that ends again and again, or that was given all the time there is, will not run by
 * waiting for it. */
static void count_downs(struct gt_hosted *hosted, const json_t *event)
{
    struct gt_context *context = hosted->context;
    const char *runtime = gt_text_at(event, "/runtime"), *state = gt_text_at(event, "/state");
    const char *reason = gt_text_at(event, "/reason");
    bool late = json_is_true(gt_at(event, "/late"));
    if (runtime == NULL || gt_streq(state, "starting"))
        return;
    json_int_t downs = json_integer_value(json_object_get(hosted->downs, runtime)) + 1;
    if (!gt_streq(state, "down"))
        downs = 0;
    json_object_set_new(hosted->downs, runtime, json_integer(downs));
    if ((downs < DOWNS_MOST && !late) || hosted->broken != NULL || context->engine == NULL)
        return;
    hosted->broken =
        gt_printf(context->arena, "the server of runtime %s does not run: %s", runtime,
                  reason == NULL ? "it ended" : gt_one_line(context->arena, reason, 300));
    gt_engine_interrupt(context->engine);
}

static void on_event(struct gt_hosted *hosted, const char *text, size_t len)
{
    json_auto_t *event = json_loadb(text, len, 0, NULL);
    const char *name = gt_text_at(event, "/event");
    const char *message = gt_text_at(event, "/message");
    if (gt_streq(name, "diagnostic") && gt_streq(gt_text_at(event, "/severity"), "error"))
        hosted->last_error = gt_strdup(hosted->context->arena, message);
    if (gt_streq(name, "listening")) {
        hosted->port = (int)json_integer_value(gt_at(event, "/port"));
        gt_loop_stop(hosted->context->loop);
    } else if (gt_streq(name, "runtime")) {
        count_downs(hosted, event);
        if (hosted->follow)
            show_log(hosted, name, event);
    } else if (hosted->follow && gt_streq(name, "log")) {
        show_log(hosted, name, event);
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

/* True when there may be more. */
static bool take_output(struct gt_hosted *hosted)
{
    char bytes[16384];
    int fd = hosted->companion.out;
    ssize_t got = read(fd, bytes, sizeof(bytes));
    if (got > 0) {
        gt_buf_add(&hosted->line, bytes, (size_t)got);
        take_lines(hosted);
        if (hosted->line.overflow || hosted->line.len + sizeof(bytes) > LINE_MAX_BYTES)
            hosted->line.len = 0;
        return true;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return errno == EINTR;
    gt_loop_unwatch(hosted->context->loop, fd);
    hosted->ended = true;
    if (hosted->awaited)
        gt_loop_stop(hosted->context->loop);
    else if (hosted->context->engine != NULL)
        gt_engine_interrupt(hosted->context->engine);
    return false;
}

static void on_output(void *payload, int fd)
{
    (void)fd;
    take_output(payload);
}

bool gt_hosted_ended(struct gt_hosted *hosted)
{
    while (!hosted->ended && take_output(hosted)) {
    }
    return hosted->ended;
}

struct start {
    struct gt_loop *loop;
    struct gt_timer *timer; /* NULL: it fired */
};

static void on_late(void *payload)
{
    struct start *start = payload;
    start->timer = NULL;
    gt_loop_stop(start->loop);
}

/* True when it listens. */
static bool wait_for_port(struct gt_hosted *hosted)
{
    struct start start = {.loop = hosted->context->loop};
    start.timer = gt_timer_start(start.loop, START_TIMEOUT_MS, on_late, &start);
    hosted->awaited = true;
    while (hosted->port == 0 && !hosted->ended && start.timer != NULL)
        gt_loop_run(start.loop);
    hosted->awaited = false;
    gt_timer_cancel(start.timer);
    return hosted->port != 0;
}

static struct gt_companion *companion_of_last_act;

static void stop_companion(void)
{
    gt_companion_stop(companion_of_last_act, GRACE_MS);
}

/* A signal that ends this process at once waits for the cloud even so: who has the prompt again
 * finds nothing left. */
static void set_last_act(struct gt_companion *companion)
{
    if (companion == NULL)
        gt_interrupt_last_act(NULL);
    companion_of_last_act = companion;
    if (companion != NULL)
        gt_interrupt_last_act(stop_companion);
}

/* Its exit status, or -1. */
static int end_companion(struct gt_hosted *hosted)
{
    int status = gt_companion_stop(&hosted->companion, GRACE_MS);
    set_last_act(NULL);
    hosted->running = false;
    return status;
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
    *hosted = (struct gt_hosted){.context = context,
                                 .line = gt_buf_init(LINE_MAX_BYTES),
                                 .downs = gt_keep(context->arena, json_object())};
    gt_context_loop(context);
    if (!gt_companion_start(argv.at, &hosted->companion, context->diags))
        return false;
    hosted->running = true;
    set_last_act(&hosted->companion);
    gt_loop_watch(context->loop, hosted->companion.out, on_output, hosted);
    if (wait_for_port(hosted))
        return gt_embedded_find_at(context, hosted->port);
    if (!hosted->ended)
        gt_loop_unwatch(context->loop, hosted->companion.out);
    /* It said why on standard error, which is ours; who reads events has not seen that. */
    bool told = hosted->ended, repeated = context->program->json && hosted->last_error != NULL;
    int status = end_companion(hosted);
    gt_buf_done(&hosted->line);
    if (told && hosted->last_error != NULL && !repeated)
        return false;
    gt_error(context->diags, status == GT_EXIT_USAGE ? "usage" : "embedded-cloud",
             "the embedded cloud did not start%s%s", repeated ? ": " : "",
             repeated ? hosted->last_error : "")
        ->hint = told ? NULL : "`gantry local` shows why";
    return false;
}

void gt_hosted_stop(struct gt_hosted *hosted)
{
    if (!hosted->running)
        return;
    if (!hosted->ended)
        gt_loop_unwatch(hosted->context->loop, hosted->companion.out);
    if (end_companion(hosted) != 0) {
        gt_warning(hosted->context->diags, "embedded-cloud",
                   "the embedded cloud did not end as it should");
        /* Its supervisor has removed the state, and we may have written it again since. */
        if (hosted->context->place != NULL)
            gt_folder_remove(gt_embedded_folder(hosted->context), 2);
    }
    gt_buf_done(&hosted->line);
}
