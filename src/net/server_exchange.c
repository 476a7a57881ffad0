#include "server_internal.h"

static void append(struct gt_exchanges *list, struct gt_exchange *exchange)
{
    exchange->previous = list->last;
    if (list->last != NULL)
        list->last->next = exchange;
    else
        list->first = exchange;
    list->last = exchange;
    list->count++;
}

static void take_out(struct gt_exchanges *list, struct gt_exchange *exchange)
{
    if (exchange->previous != NULL)
        exchange->previous->next = exchange->next;
    else
        list->first = exchange->next;
    if (exchange->next != NULL)
        exchange->next->previous = exchange->previous;
    else
        list->last = exchange->previous;
    list->count--;
}

void gt_exchange_hand_over(struct gt_exchange *exchange)
{
    struct gt_server *server = exchange->server;
    exchange->handed = true;
    append(&server->handed, exchange);
    server->options.handler(server->options.payload, exchange);
}

void gt_exchange_finish(struct gt_exchange *exchange)
{
    struct gt_server *server = exchange->server;
    take_out(&server->handed, exchange);
    gt_timer_cancel(exchange->gone_timer);
    exchange->gone_timer = NULL;
    exchange->next = server->done;
    server->done = exchange;
    gt_server_plan_run(server);
    gt_server_check_drained(server);
}

void gt_exchange_free(struct gt_exchange *exchange)
{
    if (exchange->response != NULL)
        MHD_destroy_response(exchange->response);
    gt_buf_wipe(&exchange->out);
    gt_arena_free(exchange->arena);
}

static void call_gone(struct gt_exchange *exchange)
{
    gt_timer_fn *fn = exchange->gone_fn;
    exchange->gone_fn = NULL;
    if (fn != NULL)
        fn(exchange->gone_payload);
}

void gt_exchange_tell_gone(struct gt_exchange *exchange)
{
    if (exchange->gone)
        return;
    exchange->gone = true;
    call_gone(exchange);
}

static void tell_later(void *payload)
{
    struct gt_exchange *exchange = payload;
    exchange->gone_timer = NULL;
    call_gone(exchange);
}

void gt_exchange_on_gone(struct gt_exchange *exchange, gt_timer_fn *fn, void *payload)
{
    exchange->gone_fn = fn;
    exchange->gone_payload = payload;
    gt_timer_cancel(exchange->gone_timer);
    exchange->gone_timer = fn != NULL && exchange->gone
                               ? gt_timer_start(exchange->server->loop, 0, tell_later, exchange)
                               : NULL;
}

const struct gt_request *gt_exchange_request(const struct gt_exchange *exchange)
{
    return &exchange->request;
}

void gt_exchange_add_header(struct gt_exchange *exchange, const char *name, const char *value)
{
    *GT_PUSH(exchange->arena, &exchange->added) =
        (struct gt_header){gt_strdup(exchange->arena, name), gt_strdup(exchange->arena, value)};
}

struct gt_arena *gt_exchange_arena(struct gt_exchange *exchange)
{
    return exchange->arena;
}
