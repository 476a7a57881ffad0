/*
 * One call of a tool from its acceptance to its end: limits, the argument check, the deadline,
 * retries, the result. Who waits is answered at the deadline at the latest; what works on the call
 * may end a little later, and only then its place is free again.
 */
#include "parts.h"

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { TEXT_MAX = 256 * 1024 * 1024, TEXT_KEPT = 1024 * 1024 };

enum state { WAITING, WORKING, BETWEEN }; /* for its turn; on it; two attempts */

struct gt_running {
    struct gt_tool_call call; /* first: what types are given */
    struct gt_running *next, **previous;
    struct gt_running *next_waiting;
    struct gt_service *service;
    struct gt_live *live;
    struct gt_open_source *source;
    struct gt_listener *listener;
    struct gt_gate *gate; /* the tool's */
    struct gt_mcp_call *mcp;
    gt_service_called_fn *fn;
    void *payload;
    struct gt_timer *deadline, *again;
    enum state state;
    int attempt;
    bool answered, cancelled, starting, ended;
};

static struct gt_running *running_of(struct gt_tool_call *call)
{
    return (struct gt_running *)call;
}

/* -- answers -- */

/* From here on nobody waits for the call. */
static void forget_waiting(struct gt_running *run)
{
    run->answered = true;
    gt_timer_cancel(run->deadline);
    run->deadline = NULL;
    if (run->mcp != NULL)
        gt_mcp_on_cancel(run->mcp, NULL, NULL);
    run->mcp = NULL;
}

static void answer(struct gt_running *run, json_t *result)
{
    struct gt_mcp_call *mcp = run->mcp;
    if (run->answered) {
        json_decref(result);
        return;
    }
    forget_waiting(run);
    if (mcp != NULL) {
        gt_mcp_result(mcp, result);
        return;
    }
    if (run->fn != NULL)
        run->fn(run->payload, result, NULL);
    json_decref(result);
}

static const char *const kinds[] = {
    [GT_FAILURE_ARGUMENTS] = "invalid_arguments",
    [GT_FAILURE_DENIED] = "denied",
    [GT_FAILURE_UNAVAILABLE] = "unavailable",
    [GT_FAILURE_FAILED] = "failed",
    [GT_FAILURE_TIMEOUT] = "timeout",
    [GT_FAILURE_LIMIT] = "rate_limited",
    [GT_FAILURE_CANCELLED] = "cancelled",
};

/* The kind stands in _meta: programs need not read the text. */
json_t *gt_call_failure(enum gt_failure kind, const char *text)
{
    bool retryable = kind == GT_FAILURE_UNAVAILABLE || kind == GT_FAILURE_LIMIT;
    return json_pack("{s:[{s:s, s:s}], s:b, s:{s:s, s:b}}", "content", "type", "text", "text", text,
                     "isError", 1, "_meta", "gantry/kind", kinds[kind], "gantry/retryable",
                     retryable);
}

/* -- life -- */

static void unlink_waiting(struct gt_running *run)
{
    struct gt_listener *listener = run->listener;
    for (struct gt_running **at = &listener->waiting; *at != NULL; at = &(*at)->next_waiting) {
        if (*at != run)
            continue;
        *at = run->next_waiting;
        if (listener->waiting_end == &run->next_waiting)
            listener->waiting_end = at;
        return;
    }
}

static void end(struct gt_running *run)
{
    struct gt_service *service = run->service;
    struct gt_listener *listener = run->listener;
    gt_timer_cancel(run->deadline);
    gt_timer_cancel(run->again);
    if (run->state == WAITING && listener != NULL)
        unlink_waiting(run);
    else if (listener != NULL)
        listener->gate.running--;
    if (listener != NULL)
        listener->gate.in_flight--;
    run->gate->in_flight--;
    *run->previous = run->next;
    if (run->next != NULL)
        run->next->previous = run->previous;
    if (run->source != NULL)
        gt_source_leave(service, run->source);
    gt_live_release(run->live);
    gt_arena_free(run->call.arena);
    if (listener != NULL)
        gt_calls_admit(listener);
}

static void work(struct gt_running *run)
{
    run->state = WORKING;
    run->attempt++;
    run->starting = true;
    run->call.tool->type->run(&run->call);
    run->starting = false;
    if (run->ended)
        end(run);
}

/* The type is done with the call; inside its run function the end waits until that has returned. */
static void leave(struct gt_running *run)
{
    if (run->starting)
        run->ended = true;
    else
        end(run);
}

static void on_again(void *payload)
{
    struct gt_running *run = payload;
    run->again = NULL;
    work(run);
}

/* Whether the same call may be made once more: nothing was done, or doing it twice is as once. */
static bool retry(struct gt_running *run)
{
    const struct gt_tool *tool = run->call.tool;
    if (run->answered || run->cancelled || run->attempt >= tool->retry.attempts ||
        run->listener == NULL) /* a person sees what is wrong, and tries again at will */
        return false;
    const struct gt_sys *sys = gt_loop_sys(run->service->loop);
    int64_t wait = tool->retry.base_ms << (run->attempt > 16 ? 16 : run->attempt - 1);
    unsigned char dice = 0;
    sys->random(sys->self, &dice, sizeof(dice));
    wait -= wait / 2 * dice / UINT8_MAX; /* jitter: between half of it and all */
    if (gt_monotonic_ms(sys) + wait >= run->call.deadline_ms)
        return false;
    run->state = BETWEEN;
    run->call.cancel = NULL;
    run->call.work = NULL;
    run->again = gt_timer_start(run->service->loop, wait, on_again, run);
    return true;
}

/* One text block with the JSON of a document; NULL where that is too long. */
static json_t *text_of(const json_t *structured)
{
    struct gt_buf text = gt_buf_init(TEXT_MAX);
    gt_buf_add_json(&text, structured, JSON_COMPACT);
    json_t *content = text.overflow ? NULL
                                    : json_pack("[{s:s, s:s%}]", "type", "text", "text",
                                                gt_buf_text(&text), text.len);
    gt_buf_done(&text);
    return content;
}

void gt_tool_done(struct gt_tool_call *call, json_t *structured, json_t *content)
{
    struct gt_running *run = running_of(call);
    call->cancel = NULL;
    if (!run->answered && content == NULL)
        content = text_of(structured);
    if (run->answered || content == NULL) {
        answer(run,
               run->answered ? NULL : gt_call_failure(GT_FAILURE_LIMIT, "the result is too large"));
        json_decref(structured);
        json_decref(content);
    } else {
        answer(run, json_pack("{s:o, s:o*}", "content", content, "structuredContent", structured));
    }
    leave(run);
}

static void answer_text(struct gt_running *run, const struct gt_buf *text)
{
    if (run->mcp == NULL) {
        json_t *result = json_loadb(text->ptr, text->len, JSON_ALLOW_NUL, NULL);
        if (result == NULL) /* an integer beyond int64 */
            result =
                json_loadb(text->ptr, text->len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
        answer(run, result);
        return;
    }
    struct gt_mcp_call *mcp = run->mcp;
    forget_waiting(run);
    gt_mcp_result_text(mcp, text->ptr, text->len);
}

void gt_tool_done_text(struct gt_tool_call *call, const char *structured, size_t len)
{
    struct gt_running *run = running_of(call);
    struct gt_buf *text = &run->service->text;
    call->cancel = NULL;
    if (!run->answered) {
        text->len = 0;
        gt_buf_adds(text, "{\"content\":[{\"type\":\"text\",\"text\":");
        gt_buf_add_quoted(text, structured, len);
        gt_buf_adds(text, "}],\"structuredContent\":");
        gt_buf_add(text, structured, len);
        gt_buf_addc(text, '}');
        if (text->overflow)
            answer(run, gt_call_failure(GT_FAILURE_LIMIT, "the result is too large"));
        else
            answer_text(run, text);
        if (text->overflow || text->cap > TEXT_KEPT)
            gt_buf_done(text);
    }
    leave(run);
}

void gt_tool_fail(struct gt_tool_call *call, enum gt_failure kind, const char *format, ...)
{
    struct gt_running *run = running_of(call);
    call->cancel = NULL;
    if (kind == GT_FAILURE_UNAVAILABLE && retry(run))
        return;
    va_list args;
    va_start(args, format);
    const char *text = gt_vprintf(call->arena, format, args);
    va_end(args);
    answer(run, gt_call_failure(kind, gt_one_line(call->arena, text, GT_CALL_MESSAGE_MAX)));
    leave(run);
}

/* -- the deadline and those who go -- */

static void stop(struct gt_running *run)
{
    if (run->cancelled)
        return;
    run->cancelled = true;
    if (run->state != WORKING) {
        end(run);
        return;
    }
    void (*cancel)(struct gt_tool_call *) = run->call.cancel;
    run->call.cancel = NULL;
    if (cancel != NULL)
        cancel(&run->call);
}

static void on_deadline(void *payload)
{
    struct gt_running *run = payload;
    run->deadline = NULL;
    answer(run, gt_call_failure(GT_FAILURE_TIMEOUT,
                                gt_printf(run->call.arena, "%s did not end within %lld ms",
                                          run->call.tool->name, (long long)run->call.timeout_ms)));
    stop(run);
}

static void on_gone(void *payload)
{
    struct gt_running *run = payload;
    answer(run, gt_call_failure(GT_FAILURE_CANCELLED, "cancelled"));
    stop(run);
}

void gt_calls_cancel(struct gt_service *service)
{
    struct gt_running *run = service->calls;
    while (run != NULL) {
        if (run->cancelled) {
            run = run->next;
            continue;
        }
        answer(run, gt_call_failure(GT_FAILURE_CANCELLED, "the server is shutting down"));
        stop(run);
        run = service->calls; /* others may have ended with it */
    }
}

void gt_calls_admit(struct gt_listener *listener)
{
    if (listener->admitting) /* a call that ended at once: the loop below goes on */
        return;
    listener->admitting = true;
    const struct gt_tier *tier = gt_live_tier(listener->service->live, listener->tier);
    static const struct gt_limits none = {0};
    const struct gt_limits *limits = tier != NULL ? &tier->limits : &none;
    while (!listener->service->cut && listener->waiting != NULL &&
           gt_gate_may_run(&listener->gate, limits)) {
        struct gt_running *run = listener->waiting;
        unlink_waiting(run);
        listener->gate.running++;
        work(run);
    }
    listener->admitting = false;
}

/* -- acceptance -- */

/* Says no, to whoever waits; steals the result. */
static void refuse(const struct gt_call_order *order, json_t *result)
{
    if (order->mcp != NULL) {
        gt_mcp_result(order->mcp, result);
        return;
    }
    order->fn(order->payload, result, NULL);
    json_decref(result);
}

static bool check_arguments(const struct gt_call_order *order, struct gt_arena *arena,
                            json_t *arguments)
{
    json_t *problem = gt_arguments_settle(order->tool, arena, arguments);
    if (problem != NULL)
        refuse(order, problem);
    return problem == NULL;
}

/* The tool's own limits; those of the tier were looked at when the request came. */
static bool check_limits(struct gt_service *service, const struct gt_call_order *order,
                         struct gt_gate *gate, struct gt_arena *arena)
{
    const struct gt_limits *limits = &order->tool->limits;
    const char *text = NULL;
    bool full = !gt_gate_has_room(gate, limits) ||
                (limits->max_concurrent > 0 && gate->in_flight >= (size_t)limits->max_concurrent);
    int64_t wait =
        full ? 0 : gt_gate_take(gate, limits, gt_monotonic_ms(gt_loop_sys(service->loop)));
    if (full)
        text = gt_printf(arena, "%s is busy with %zu calls: try again soon", order->tool->name,
                         gate->in_flight);
    else if (wait > 0)
        text = gt_printf(arena, "%s is called too often: try again in %lld ms", order->tool->name,
                         (long long)wait);
    if (text != NULL)
        refuse(order, gt_call_failure(GT_FAILURE_LIMIT, text));
    return text == NULL;
}

static int64_t timeout_of(const struct gt_call_order *order, const struct gt_live *live)
{
    const struct gt_tier *tier = gt_live_tier(live, order->tool->tier);
    int64_t own = order->tool->limits.timeout_ms,
            tiers = tier != NULL ? tier->limits.timeout_ms : 0;
    return own > 0 && (tiers <= 0 || own < tiers) ? own : tiers;
}

static void enter(struct gt_running *run)
{
    struct gt_service *service = run->service;
    struct gt_listener *listener = run->listener;
    run->next = service->calls;
    if (run->next != NULL)
        run->next->previous = &run->next;
    run->previous = &service->calls;
    service->calls = run;
    run->gate->in_flight++;
    gt_live_hold(run->live);
    if (run->source != NULL)
        gt_source_use(run->source);
    if (run->call.timeout_ms > 0) {
        run->call.deadline_ms = gt_monotonic_ms(gt_loop_sys(service->loop)) + run->call.timeout_ms;
        run->deadline = gt_timer_start(service->loop, run->call.timeout_ms, on_deadline, run);
    } else {
        run->call.deadline_ms = INT64_MAX;
    }
    if (listener == NULL) {
        work(run);
        return;
    }
    listener->gate.in_flight++;
    const struct gt_tier *tier = gt_live_tier(run->live, listener->tier);
    if (listener->waiting == NULL &&
        (tier == NULL || gt_gate_may_run(&listener->gate, &tier->limits))) {
        listener->gate.running++;
        work(run);
        return;
    }
    *listener->waiting_end = run;
    listener->waiting_end = &run->next_waiting;
}

static struct gt_gate *gate_of(struct gt_service *service, const char *tool)
{
    struct gt_gate *gate = gt_map_get(&service->gates, tool);
    if (gate == NULL) {
        gate = GT_NEW(service->arena, struct gt_gate);
        gt_map_set(&service->gates, tool, gate);
    }
    return gate;
}

void gt_call_start(struct gt_service *service, const struct gt_call_order *order)
{
    const struct gt_tool *tool = order->tool;
    struct gt_live *live = service->live;
    struct gt_gate *gate = gate_of(service, tool->name);
    struct gt_arena *arena = gt_arena_new();
    json_t *arguments = gt_keep(
        arena, order->arguments != NULL ? json_copy(gt_iterable(order->arguments)) : json_object());
    struct gt_open_source *source =
        tool->source != NULL ? gt_source_of(service, tool->source) : NULL;
    if (order->mcp != NULL && gt_mcp_cancelled(order->mcp))
        gt_mcp_result(order->mcp, NULL);
    else if (tool->requires_auth && !order->checked)
        refuse(order, gt_call_failure(GT_FAILURE_DENIED, "this tool is for callers with a token"));
    else if (!json_is_object(arguments))
        refuse(order, gt_call_failure(GT_FAILURE_ARGUMENTS, "the arguments must be an object"));
    else if (check_limits(service, order, gate, arena) &&
             check_arguments(order, arena, arguments)) {
        struct gt_running *run = GT_NEW(arena, struct gt_running);
        *run = (struct gt_running){
            .call = {.arena = arena,
                     .tool = tool,
                     .source = source != NULL ? source->source : NULL,
                     .loop = service->loop,
                     .arguments = arguments,
                     .timeout_ms = timeout_of(order, live),
                     .caller = gt_strdup(arena, order->caller)},
            .service = service,
            .live = live,
            .source = source,
            .listener = order->listener,
            .gate = gate,
            .mcp = order->mcp,
            .fn = order->fn,
            .payload = order->payload,
        };
        if (run->mcp != NULL)
            gt_mcp_on_cancel(run->mcp, on_gone, run);
        enter(run);
        return;
    }
    gt_arena_free(arena);
}
