/* What a fault script does to a call, before its work or to its answer; and calls that wait. */
#include "call.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void unlink_waiting(struct gt_call *call)
{
    if (call->waiting_link == NULL)
        return;
    *call->waiting_link = call->waiting_next;
    if (call->waiting_next != NULL)
        call->waiting_next->waiting_link = call->waiting_link;
    call->waiting_link = NULL;
}

static void on_timer(void *payload)
{
    struct gt_call *call = payload;
    call->timer = NULL;
    unlink_waiting(call);
    call->next(call);
}

static void link_waiting(struct gt_call *call)
{
    struct gt_local *local = call->serve.local;
    call->waiting_next = local->waiting;
    call->waiting_link = &local->waiting;
    if (local->waiting != NULL)
        local->waiting->waiting_link = &call->waiting_next;
    local->waiting = call;
}

void gt_call_later(struct gt_call *call, int64_t delay_ms, void (*next)(struct gt_call *call))
{
    call->next = next;
    call->timer = gt_timer_start(call->serve.local->loop, delay_ms, on_timer, call);
    link_waiting(call);
}

void gt_call_hold(struct gt_call *call, void (*next)(struct gt_call *call))
{
    call->next = next;
    call->held = true;
    link_waiting(call);
}

json_t *gt_calls_held(const struct gt_local *local)
{
    json_t *all = json_array();
    for (const struct gt_call *at = local->waiting; at != NULL; at = at->waiting_next)
        if (at->held)
            json_array_append_new(
                all, json_pack("{s:s?, s:s?}", "service",
                               at->service == NULL ? NULL : at->service->name, "operation",
                               at->serve.operation == NULL ? NULL : at->serve.operation->name));
    return all;
}

void gt_calls_release(struct gt_local *local)
{
    for (struct gt_call *at = local->waiting; at != NULL; at = at->waiting_next) {
        if (at->held)
            at->timer = gt_timer_start(local->loop, 0, on_timer, at);
        at->held = false;
    }
}

void gt_dispatch_close(struct gt_local *local)
{
    while (local->waiting != NULL) {
        struct gt_call *call = local->waiting;
        gt_exchange_on_gone(call->serve.exchange, NULL, NULL);
        gt_timer_cancel(call->timer);
        call->timer = NULL;
        unlink_waiting(call);
    }
}

/* -- answers -- */

/* Clients learn from it how wrong their clocks are. */
static void add_date(struct gt_call *call)
{
    json_auto_t *now = gt_json_time(gt_local_now_ms(call->serve.local));
    gt_answer_header(call, &call->answer, "Date",
                     gt_encode_time(call->serve.arena, now, GT_TIME_HTTP));
}

static void send_now(struct gt_call *call)
{
    if (gt_local_knob(call->serve.local)->skew_ms != 0)
        add_date(call);
    gt_state_send(call->serve.local, call->serve.exchange, &call->answer);
}

static void abort_now(struct gt_call *call)
{
    call->answer = (struct gt_answer){.abort = true};
    send_now(call);
}

static void html(struct gt_call *call)
{
    static const char page[] = "<html><head><title>502 Bad Gateway</title></head><body>"
                               "<h1>502 Bad Gateway</h1></body></html>\n";
    call->answer = (struct gt_answer){.status = 502, .body = page, .body_len = sizeof(page) - 1};
    gt_answer_header(call, &call->answer, "Content-Type", "text/html");
}

/* A stalled client that goes away is not waited for. */
static void on_stalled_gone(void *payload)
{
    struct gt_call *call = payload;
    gt_timer_cancel(call->timer);
    unlink_waiting(call);
    abort_now(call);
}

static void stop_stalling(struct gt_call *call)
{
    gt_exchange_on_gone(call->serve.exchange, NULL, NULL);
    abort_now(call);
}

static void stall(struct gt_call *call)
{
    gt_call_later(call, gt_local_knob(call->serve.local)->stall_ms, stop_stalling);
    gt_exchange_on_gone(call->serve.exchange, on_stalled_gone, call);
}

/* The process to end: of `pid`, or of a file that may still be about to be written; 0: not yet. */
static long victim(struct gt_call *call)
{
    const json_t *pid = json_object_get(call->fault, "pid");
    if (pid != NULL)
        return (long)json_integer_value(pid);
    struct gt_diags diags = gt_diags_init(call->serve.arena);
    char *text;
    size_t len;
    if (gt_file_read(call->serve.arena, gt_text_at(call->fault, "/pidfile"), 64, &text, &len,
                     &diags) != GT_READ_OK)
        return 0;
    return strtol(text, NULL, 10);
}

enum { KILL_POLL_MS = 20, KILL_TRIES = 250 };

static void kill_now(struct gt_call *call)
{
    long pid = victim(call);
    if (pid == 0 && call->tries++ < KILL_TRIES) {
        gt_call_later(call, KILL_POLL_MS, kill_now);
        return;
    }
    if (pid > 1 && pid <= INT32_MAX && pid != (long)getpid() && pid != (long)getppid())
        kill((pid_t)pid, SIGKILL);
    else
        gt_local_event(call->serve.local, json_pack("{s:s, s:s}", "event", "log", "message",
                                                    "the fault kill found no process to end"));
    abort_now(call);
}

const char *gt_fault_name(const struct gt_call *call)
{
    return call->fault == NULL ? "" : gt_text_at(call->fault, "/fault");
}

/* A fault that comes before the gt_work. */
void gt_mishap_before(struct gt_call *call)
{
    const char *name = gt_fault_name(call);
    bool answered = true;
    if (gt_streq(name, "500")) {
        gt_fail_internal(call, "injected by the fault script");
    } else if (gt_streq(name, "throttle")) {
        gt_fail_throttled(call);
    } else if (gt_streq(name, "error")) {
        const char *message = gt_text_at(call->fault, "/message");
        gt_serve_fail(&call->serve, gt_text_at(call->fault, "/code"), "%s",
                      message == NULL ? "injected by the fault script" : message);
        call->failed_status = (int)json_integer_value(json_object_get(call->fault, "status"));
    } else {
        answered = gt_streq(name, "html");
    }
    if (call->failed != NULL)
        gt_encode_failure(call, &call->answer);
    else if (answered)
        html(call);
    gt_entry_write(call, answered ? call->answer.status : 0);
    if (answered)
        send_now(call);
    else if (gt_streq(name, "stall-before"))
        stall(call);
    else if (gt_streq(name, "kill-before"))
        kill_now(call);
    else
        abort_now(call);
}

/* The gt_work is done; what the client sees of it. */
void gt_deliver(struct gt_call *call)
{
    static const char junk[] = "\x01\xff}{ this is no answer <<";
    const char *name = gt_fault_name(call);
    struct gt_answer *answer = &call->answer;
    gt_entry_write(call, answer->status);
    if (gt_streq(name, "kill-after")) {
        kill_now(call);
        return;
    }
    if (gt_streq(name, "stall")) {
        stall(call);
        return;
    }
    if (gt_streq(name, "block-after")) {
        gt_call_hold(call, send_now);
        return;
    }
    if (gt_streq(name, "reset-after")) {
        *answer = (struct gt_answer){.abort = true};
    } else if (gt_streq(name, "500-after")) {
        gt_fail_internal(call, "injected by the fault script");
        gt_encode_failure(call, answer);
    } else if (gt_streq(name, "html-after")) {
        html(call);
    } else if (gt_streq(name, "empty")) {
        answer->body = "";
        answer->body_len = 0;
    } else if (gt_streq(name, "junk")) {
        answer->body = junk;
        answer->body_len = sizeof(junk) - 1;
    } else if (gt_streq(name, "truncate")) {
        answer->cut = true;
        answer->sent = answer->body_len / 2;
    }
    send_now(call);
}
