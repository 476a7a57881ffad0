#define _GNU_SOURCE /* pipe2 */
#include "client_fixture.h"

#include <fcntl.h>
#include <loop_run.h>
#include <string.h>
#include <unistd.h>

struct world world;

enum { WATCHDOG_MS = 60000 };

void world_setup(void)
{
    world = (struct world){.arena = gt_arena_new()};
    world.loop = gt_loop_new(gt_sys_real());
    world.http = gt_http_new(world.loop, &(struct gt_http_options){0});
}

void world_teardown(void)
{
    gt_mcp_client_free(world.client);
    gt_mcp_pipe_free(world.peer, 0);
    gt_http_free(world.http);
    gt_server_free(world.server);
    gt_loop_free(world.loop);
    gt_arena_free(world.arena);
}

static const char *with_id(const char *body, const json_t *id)
{
    struct gt_buf text = gt_buf_init((size_t)64 * 1024 * 1024);
    for (const char *mark; (mark = strstr(body, "$ID")) != NULL; body = mark + 3) {
        gt_buf_add(&text, body, (size_t)(mark - body));
        gt_buf_add_json(&text, id != NULL ? id : json_null(), JSON_ENCODE_ANY);
    }
    gt_buf_adds(&text, body);
    const char *copy = gt_strdup(world.arena, gt_buf_text(&text));
    gt_buf_done(&text);
    return copy;
}

static void client_gone(void *payload)
{
    (void)payload;
    world.gone++;
}

static void note_request(const struct gt_request *request, json_t *message)
{
    struct seen *seen = GT_PUSH(world.arena, &world.seen);
    const struct {
        const char *name, **place;
    } headers[] = {
        {"mcp-protocol-version", &seen->version},
        {"mcp-session-id", &seen->session},
        {"mcp-method", &seen->mirror_method},
        {"mcp-name", &seen->mirror_name},
        {"authorization", &seen->authorization},
        {"mcp-param-region", &seen->region},
        {"accept", &seen->accept},
        {"content-type", &seen->type},
    };
    for (size_t i = 0; i < GT_COUNT(headers); i++)
        *headers[i].place = gt_strdup(world.arena, gt_request_header(request, headers[i].name));
    seen->message = message;
    seen->method = gt_text_at(message, "/method");
}

static struct answer find_answer(const char *method, bool has_id)
{
    for (size_t i = 0; i < world.answers.len; i++) {
        struct answer *answer = &world.answers.at[i];
        if ((answer->method != NULL && !gt_streq(answer->method, method)) || answer->times < 0)
            continue;
        if (answer->times > 0 && --answer->times == 0)
            answer->times = -1;
        return *answer;
    }
    return (struct answer){.status = has_id ? 500 : 202, .type = "text/plain", .body = ""};
}

static void serve(void *payload, struct gt_exchange *exchange)
{
    (void)payload;
    const struct gt_request *request = gt_exchange_request(exchange);
    json_t *message = gt_keep(world.arena, json_loadb(request->body, request->body_len, 0, NULL));
    note_request(request, message);
    const json_t *id = json_object_get(message, "id");
    struct answer answer = find_answer(gt_text_at(message, "/method"), id != NULL);
    const char *body = with_id(answer.body != NULL ? answer.body : "", id);
    struct gt_header headers[3] = {
        {"Content-Type", answer.type != NULL ? answer.type : "application/json"},
        {"WWW-Authenticate", "Bearer scope=\"x\""},
        {"Mcp-Session-Id", answer.session},
    };
    size_t count = answer.session != NULL ? 3 : 2;
    int status = answer.status != 0 ? answer.status : 200;
    if (answer.how == ABORT) {
        gt_exchange_abort(exchange);
    } else if (answer.how == STALL) {
        gt_exchange_on_gone(exchange, client_gone, NULL);
        gt_stream_begin(exchange, status, headers, count);
        gt_stream_write(exchange, body, strlen(body));
        *GT_PUSH(world.arena, &world.stalled) = exchange;
    } else if (answer.how == CUT) {
        gt_reply_cut(exchange, status, headers, count, body, strlen(body), strlen(body) / 2);
    } else {
        gt_reply(exchange, status, headers, count, body, strlen(body));
    }
}

const char *world_url(void)
{
    if (world.server == NULL) {
        struct gt_diags diags = gt_diags_init(world.arena);
        struct gt_server_options options = {.host = "127.0.0.1", .handler = serve};
        ck_assert(gt_server_start(world.loop, &options, &world.server, &diags));
    }
    return gt_printf(world.arena, "http://127.0.0.1:%d/mcp", gt_server_port(world.server));
}

void world_answer(struct answer answer)
{
    *GT_PUSH(world.arena, &world.answers) = answer;
}

struct gt_mcp_client *world_client(struct gt_mcp_client_options options)
{
    options.loop = world.loop;
    options.http = world.http;
    if (options.url == NULL)
        options.url = world_url();
    options.name = "test";
    options.version = "1.2";
    world.client = gt_mcp_client_new(&options);
    return world.client;
}

static void peer_message(void *payload, const json_t *message, const char *problem)
{
    (void)payload, (void)problem;
    *GT_PUSH(world.arena, &world.lines) = gt_keep(world.arena, json_incref(gt_iterable(message)));
    if (world.on_line != NULL)
        world.on_line(&world, message);
}

static void peer_end(void *payload, const char *reason)
{
    (void)payload, (void)reason;
    world.peer_ended = true;
}

void world_new_peer(int *in, int *out)
{
    int up[2], down[2];
    ck_assert(pipe2(up, O_CLOEXEC) == 0 && pipe2(down, O_CLOEXEC) == 0);
    gt_mcp_pipe_free(world.peer, 0);
    world.peer_ended = false;
    world.peer = gt_mcp_pipe_new(&(struct gt_mcp_pipe_options){
        .loop = world.loop,
        .in = up[0],
        .out = down[1],
        .owned = true,
        .on_message = peer_message,
        .on_end = peer_end,
    });
    *in = down[0];
    *out = up[1];
}

struct gt_mcp_client *world_pipe_client(struct gt_mcp_client_options options,
                                        void (*on_line)(struct world *, const json_t *))
{
    world.on_line = on_line;
    world_new_peer(&options.in, &options.out);
    options.loop = world.loop;
    options.name = "test";
    options.version = "1.2";
    world.client = gt_mcp_client_new(&options);
    return world.client;
}

void peer_send(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = gt_vprintf(world.arena, format, args);
    va_end(args);
    json_auto_t *message = json_loads(text, 0, NULL);
    ck_assert_msg(message != NULL, "%s", text);
    gt_mcp_pipe_send(world.peer, message);
}

void note(void *payload, const struct gt_mcp_outcome *outcome)
{
    struct outcome *noted = payload;
    *noted = (struct outcome){
        .count = noted->count + 1,
        .failure = outcome->failure,
        .result = gt_keep(world.arena, json_incref(gt_iterable(outcome->result))),
        .data = gt_keep(world.arena, json_incref(gt_iterable(outcome->data))),
        .code = outcome->code,
        .http_status = outcome->http_status,
        .message = gt_strdup(world.arena, outcome->message),
        .body = gt_strdup(world.arena, outcome->body),
    };
    for (size_t i = 0; i < outcome->header_count; i++)
        if (gt_streq(outcome->headers[i].name, "www-authenticate"))
            noted->header = gt_strdup(world.arena, outcome->headers[i].value);
    gt_loop_stop(world.loop);
}

void note_notification(void *payload, const json_t *notification)
{
    (void)payload;
    *GT_PUSH(world.arena, &world.notifications) =
        gt_keep(world.arena, json_incref(gt_iterable(notification)));
}

static void time_over(void *payload)
{
    *(bool *)payload = true;
    gt_loop_stop(world.loop);
}

void run_until(const struct outcome *outcome)
{
    bool over = false;
    int before = outcome->count;
    struct gt_timer *timer = gt_timer_start(world.loop, WATCHDOG_MS, time_over, &over);
    while (!over && outcome->count == before)
        gt_loop_run(world.loop);
    ck_assert_msg(!over, "no completion in time");
    gt_timer_cancel(timer);
}

void run_ms(int64_t ms)
{
    gt_test_run_ms(world.loop, ms);
}
