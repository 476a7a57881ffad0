#include "watch.h"

#include <gantry/base/json.h>

#include <string.h>

enum { TICK_MS = 200 };

static const struct {
    const char *doing, *done;
} verbs[GT_ACTION_COUNT] = {
    [GT_ACTION_NOOP] = {"checking", "checked"},   [GT_ACTION_READ] = {"reading", "read"},
    [GT_ACTION_CREATE] = {"creating", "created"}, [GT_ACTION_ADOPT] = {"adopting", "adopted"},
    [GT_ACTION_UPDATE] = {"updating", "updated"}, [GT_ACTION_REPLACE] = {"replacing", "replaced"},
    [GT_ACTION_DELETE] = {"deleting", "deleted"}, [GT_ACTION_FORGET] = {"forgetting", "forgotten"},
};

static const struct {
    const char *name; /* of the event */
    bool change;      /* of a resource, shown as progress */
    enum gt_change_kind kind;
} kinds[] = {
    [GT_EVENT_PLANNED] = {.name = "planned"},
    [GT_EVENT_RECOVERED] = {.name = "recovered"},
    [GT_EVENT_STARTED] = {"started", true, GT_CHANGE_STARTED},
    [GT_EVENT_WAITING] = {"waiting", true, GT_CHANGE_WAITING},
    [GT_EVENT_RETRYING] = {"retrying", true, GT_CHANGE_RETRYING},
    [GT_EVENT_DONE] = {"done", true, GT_CHANGE_DONE},
    [GT_EVENT_FAILED] = {"failed", true, GT_CHANGE_FAILED},
    [GT_EVENT_SKIPPED] = {"skipped", true, GT_CHANGE_SKIPPED},
    [GT_EVENT_SAVED] = {.name = "saved"},
    [GT_EVENT_FINISHED] = {.name = "finished"},
};

static void set_text(json_t *members, const char *key, const char *text)
{
    if (text != NULL)
        json_object_set_new(members, key, json_string(text));
}

static void emit(struct gt_program *program, const struct gt_event *event)
{
    if (!gt_events_wanted(&program->events))
        return;
    json_t *members = json_object();
    set_text(members, "address", event->address);
    set_text(members, "type", event->type);
    if (event->address != NULL)
        set_text(members, "action", gt_action_name(event->action));
    set_text(members, "message", event->message);
    json_object_set_new(members, "elapsedMs", json_integer(event->elapsed_ms));
    if (event->detail != NULL)
        json_object_set(members, "detail", gt_iterable(event->detail));
    gt_events_emit(&program->events, kinds[event->kind].name, event->time_ms, members);
}

static void show_change(struct gt_context *context, const struct gt_event *event)
{
    struct gt_progress_change change = {
        .kind = kinds[event->kind].kind,
        .address = event->address,
        .doing = verbs[event->action].doing,
        .done = verbs[event->action].done,
        .message = event->message,
        .elapsed_ms = event->elapsed_ms,
    };
    gt_progress_change(context->progress, &change, gt_monotonic_ms(context->program->sys));
}

static void show_line(struct gt_context *context, const struct gt_event *event)
{
    const char *text = event->kind == GT_EVENT_RECOVERED
                           ? gt_printf(context->arena, "settled %s: %s",
                                       event->address == NULL ? "" : event->address,
                                       event->message == NULL ? "" : event->message)
                           : event->message;
    bool wanted = event->kind == GT_EVENT_RECOVERED || context->program->verbosity == GT_VERBOSE;
    if (wanted && text != NULL)
        gt_progress_line(context->progress, text);
}

void gt_watch_event(void *payload, const struct gt_event *event)
{
    struct gt_context *context = payload;
    emit(context->program, event);
    context->done[event->action] += event->kind == GT_EVENT_DONE;
    context->failed += event->kind == GT_EVENT_FAILED;
    context->skipped += event->kind == GT_EVENT_SKIPPED;
    if (context->progress == NULL || context->program->json)
        return;
    if (kinds[event->kind].change && event->address != NULL)
        show_change(context, event);
    else
        show_line(context, event);
}

void gt_watch_reset(struct gt_context *context)
{
    memset(context->done, 0, sizeof(context->done));
    context->failed = context->skipped = 0;
    context->counted = gt_aws_counts(context->aws);
}

static void tick(void *payload)
{
    struct gt_context *context = payload;
    gt_progress_tick(context->progress, gt_monotonic_ms(context->program->sys));
    context->tick = gt_timer_start(context->loop, TICK_MS, tick, context);
}

void gt_watch_begin(struct gt_context *context, const char *title, size_t total)
{
    struct gt_program *program = context->program;
    bool live = program->err.tty && !program->json && program->verbosity != GT_QUIET;
    if (context->progress == NULL)
        context->progress = gt_progress_new(
            context->arena, &(struct gt_progress_options){
                                .stream = &program->err,
                                .verbosity = program->json ? GT_QUIET : program->verbosity,
                                .live = live});
    context->watching = true;
    gt_progress_begin(context->progress, title, total, gt_monotonic_ms(program->sys));
    if (live)
        context->tick = gt_timer_start(context->loop, TICK_MS, tick, context);
}

void gt_watch_end(struct gt_context *context)
{
    gt_timer_cancel(context->tick);
    context->tick = NULL;
    context->watching = false;
    if (context->progress != NULL)
        gt_progress_end(context->progress);
}
