/* Requests that a server sends to its client: they end with the answer, in time, or with the call.
 */
#include "work.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { ID_BYTES = 16 };

struct gt_mcp_asked {
    struct gt_mcp_work *work;
    struct gt_mcp_asked *next, *previous; /* of the server */
    struct gt_mcp_asked *next_of_call;
    struct gt_timer *timer;
    char *id;
    gt_mcp_answer_fn *fn;
    void *payload;
};

static void unlink_asked(struct gt_mcp_asked *asked)
{
    struct gt_mcp_server *server = asked->work->call.server;
    if (asked->previous != NULL)
        asked->previous->next = asked->next;
    else
        server->asked = asked->next;
    if (asked->next != NULL)
        asked->next->previous = asked->previous;
    struct gt_mcp_asked **link = &asked->work->asked;
    while (*link != asked)
        link = &(*link)->next_of_call;
    *link = asked->next_of_call;
    gt_timer_cancel(asked->timer);
}

static void settle(struct gt_mcp_asked *asked, const json_t *result, const json_t *error)
{
    struct gt_mcp_work *work = asked->work;
    gt_mcp_work_pin(work);
    unlink_asked(asked);
    asked->fn(asked->payload, result, error);
    gt_mcp_work_unpin(work);
}

static void time_out(void *payload)
{
    struct gt_mcp_asked *asked = payload;
    struct gt_mcp_work *work = asked->work;
    asked->timer = NULL;
    if (work->carrier->can_send(work))
        gt_mcp_send_notification(
            work, "notifications/cancelled",
            json_pack("{s:s, s:s}", "requestId", asked->id, "reason", "no answer came in time"));
    settle(asked, NULL, NULL);
}

void gt_mcp_drop_asked(struct gt_mcp_work *work, bool tell)
{
    while (work->asked != NULL) {
        if (tell)
            settle(work->asked, NULL, NULL);
        else
            unlink_asked(work->asked);
    }
}

bool gt_mcp_take_answer(struct gt_mcp_server *server, const struct gt_rpc *rpc)
{
    const char *id = json_string_value(rpc->id);
    struct gt_mcp_asked *asked = server->asked;
    while (id != NULL && asked != NULL && strcmp(asked->id, id) != 0)
        asked = asked->next;
    if (id == NULL || asked == NULL)
        return false;
    settle(asked, rpc->result, rpc->error);
    return true;
}

/* Whoever knows the id may answer, so it is not to be guessed. */
static char *new_id(struct gt_mcp_call *call)
{
    const struct gt_sys *sys = gt_loop_sys(call->server->options.loop);
    unsigned char bytes[ID_BYTES];
    sys->random(sys->self, bytes, sizeof(bytes));
    return gt_hex(call->arena, bytes, sizeof(bytes));
}

void gt_mcp_ask(struct gt_mcp_call *call, const char *method, json_t *params, int64_t timeout_ms,
                gt_mcp_answer_fn *fn, void *payload)
{
    struct gt_mcp_work *work = (struct gt_mcp_work *)call;
    struct gt_mcp_server *server = call->server;
    if (gt_mcp_is_modern(call->version) || work->cancelled || !work->carrier->can_ask(work)) {
        json_decref(params);
        fn(payload, NULL, NULL);
        return;
    }
    struct gt_mcp_asked *asked = GT_NEW(call->arena, struct gt_mcp_asked);
    *asked = (struct gt_mcp_asked){.work = work,
                                   .next = server->asked,
                                   .next_of_call = work->asked,
                                   .id = new_id(call),
                                   .fn = fn,
                                   .payload = payload};
    if (server->asked != NULL)
        server->asked->previous = asked;
    server->asked = work->asked = asked;
    asked->timer = gt_timer_start(server->options.loop, timeout_ms, time_out, asked);
    json_auto_t *id = json_string(asked->id);
    const struct gt_buf *text = gt_mcp_text(server, gt_rpc_request(id, method, params));
    work->carrier->message(work, text->ptr, text->len);
}
