/* The whole way: a client over HTTP, a relay, a client over pipes, a child that is the test. */
#include "client_fixture.h"

#include <gantry/mcp/relay.h>

static struct outcome got, other;
static struct gt_mcp_relay *relay;
static struct gt_mcp_client *front; /* over HTTP; world.client speaks to the child */
static struct gt_server *server;
static bool child_is_modern;

static void reply(const json_t *message, const char *member, const char *text)
{
    peer_send("{\"jsonrpc\":\"2.0\",\"id\":%" JSON_INTEGER_FORMAT ",\"%s\":%s}",
              json_integer_value(json_object_get(message, "id")), member, text);
}

static void child(struct world *at, const json_t *message)
{
    (void)at;
    const char *method = gt_text_at(message, "/method");
    const char *tool = gt_text_at(message, "/params/name");
    if (gt_streq(method, "server/discover") && child_is_modern)
        reply(message, "result",
              "{\"resultType\":\"complete\",\"supportedVersions\":[\"2026-07-28\"],"
              "\"capabilities\":{\"tools\":{}},\"_meta\":{"
              "\"io.modelcontextprotocol/serverInfo\":{\"name\":\"kid\",\"version\":\"3\"}}}");
    else if (gt_streq(method, "initialize") && !child_is_modern)
        reply(message, "result",
              "{\"protocolVersion\":\"2025-06-18\",\"instructions\":\"be kind\",\"capabilities\":"
              "{\"tools\":{\"listChanged\":true},\"resources\":{\"subscribe\":true},\"tasks\":{}},"
              "\"serverInfo\":{\"name\":\"kid\",\"version\":\"3\"}}");
    else if (gt_streq(tool, "ok"))
        reply(message, "result",
              child_is_modern ? "{\"resultType\":\"complete\",\"content\":[],\"ttlMs\":5}"
                              : "{\"content\":[]}");
    else if (gt_streq(tool, "wrong"))
        reply(message, "error",
              "{\"code\":-31999,\"message\":\"two\\nlines\",\"data\":{\"why\":[1]}}");
    else if (gt_streq(method, "server/discover") || gt_streq(method, "initialize"))
        reply(message, "error", "{\"code\":-32601,\"message\":\"Method not found\"}");
}

static void serve(void *payload, struct gt_exchange *exchange)
{
    static const struct gt_mcp_http_options options;
    (void)payload;
    if (gt_mcp_http_admit(&options, exchange))
        gt_mcp_relay_serve(relay, &options, exchange);
}

static void start(bool modern_child, enum gt_mcp_version version)
{
    struct gt_diags diags = gt_diags_init(world.arena);
    struct gt_server_options options = {.host = "127.0.0.1", .handler = serve};
    child_is_modern = modern_child;
    world_pipe_client((struct gt_mcp_client_options){.timeout_ms = 60000}, child);
    relay = gt_mcp_relay_new(world.loop, world.client);
    ck_assert(gt_server_start(world.loop, &options, &server, &diags));
    front = gt_mcp_client_new(&(struct gt_mcp_client_options){
        .loop = world.loop,
        .http = world.http,
        .url = gt_printf(world.arena, "http://127.0.0.1:%d/", gt_server_port(server)),
        .name = "front",
        .version = "1",
        .only = version,
    });
}

static void setup(void)
{
    world_setup();
    got = other = (struct outcome){0};
}

static void teardown(void)
{
    gt_mcp_client_free(front);
    gt_mcp_relay_free(relay);
    gt_server_free(server);
    world_teardown();
}

static struct gt_mcp_open *call(const char *tool, struct outcome *outcome)
{
    json_auto_t *params = json_pack("{s:s}", "name", tool);
    struct gt_mcp_ask ask = {.method = "tools/call", .params = params};
    return gt_mcp_request(front, &ask, note, outcome);
}

static const struct {
    bool modern_child;
    enum gt_mcp_version version;
} eras[] = {
    {false, GT_MCP_2025_11_25},
    {false, GT_MCP_2026_07_28},
    {true, GT_MCP_2025_11_25},
    {true, GT_MCP_2026_07_28},
};

START_TEST(serves_every_era_whatever_the_child_speaks)
{
    bool modern = eras[_i].version == GT_MCP_2026_07_28;
    start(eras[_i].modern_child, eras[_i].version);
    ck_assert_uint_eq(world.lines.len, 0); /* connected to with the first request only */
    call("ok", &got);
    run_until(&got);
    ck_assert_msg(got.failure == GT_MCP_OK, "%s", got.message);
    ck_assert(json_is_array(gt_at(got.result, "/content")));
    const json_t *info = gt_mcp_client_server(front);
    const char *name = modern ? gt_text_at(info, "/_meta/io.modelcontextprotocol~1serverInfo/name")
                              : gt_text_at(info, "/serverInfo/name");
    ck_assert_str_eq(name, "kid");
    ck_assert_ptr_nonnull(gt_at(info, "/capabilities/tools"));
    ck_assert_ptr_null(gt_at(info, "/capabilities/tasks"));
    ck_assert_ptr_null(gt_at(info, "/capabilities/resources/subscribe"));
    ck_assert(modern == (gt_at(got.result, "/resultType") != NULL));
    ck_assert_ptr_null(modern ? NULL : gt_at(got.result, "/ttlMs"));
    if (!eras[_i].modern_child)
        ck_assert_str_eq(gt_text_at(info, "/instructions"), "be kind");
    const json_t *asked = world.lines.at[world.lines.len - 1];
    ck_assert(eras[_i].modern_child ==
              (gt_at(asked, "/params/_meta/io.modelcontextprotocol~1protocolVersion") != NULL));
}
END_TEST

START_TEST(passes_errors_on_as_they_are)
{
    start(false, GT_MCP_2026_07_28);
    call("wrong", &got);
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_REFUSED);
    ck_assert_int_eq(got.code, -31999);
    ck_assert_str_eq(got.message, "two lines");
    ck_assert_int_eq(json_integer_value(gt_at(got.data, "/why/0")), 1);
}
END_TEST

START_TEST(passes_progress_on)
{
    start(false, GT_MCP_2025_11_25);
    json_auto_t *params = json_pack("{s:s}", "name", "slow");
    struct gt_mcp_ask ask = {
        .method = "tools/call", .params = params, .on_notification = note_notification};
    gt_mcp_request(front, &ask, note, &got);
    run_ms(200);
    const json_t *asked = world.lines.at[world.lines.len - 1];
    json_int_t token = json_integer_value(gt_at(asked, "/params/_meta/progressToken"));
    ck_assert_int_ne(token, 0);
    for (int i = 1; i < 3; i++)
        peer_send("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":"
                  "{\"progressToken\":%" JSON_INTEGER_FORMAT
                  ",\"progress\":%d,\"total\":2,\"message\":\"m\"}}",
                  token, i);
    run_ms(100);
    ck_assert_uint_eq(world.notifications.len, 2);
    ck_assert_int_eq(json_integer_value(gt_at(world.notifications.at[1], "/params/progress")), 2);
    ck_assert_int_eq(json_integer_value(gt_at(world.notifications.at[1], "/params/total")), 2);
    ck_assert_str_eq(gt_text_at(world.notifications.at[1], "/params/message"), "m");
    ck_assert_int_eq(got.count, 0);
    reply(asked, "result", "{\"content\":[]}");
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
}
END_TEST

START_TEST(passes_cancellation_on)
{
    start(false, GT_MCP_2026_07_28);
    struct gt_mcp_open *open = call("slow", &got);
    run_ms(200);
    size_t before = world.lines.len;
    gt_mcp_cancel(open);
    run_ms(200);
    ck_assert_uint_eq(world.lines.len, before + 1);
    ck_assert_str_eq(gt_text_at(world.lines.at[before], "/method"), "notifications/cancelled");
    ck_assert(json_equal(gt_at(world.lines.at[before], "/params/requestId"),
                         gt_at(world.lines.at[before - 1], "/id")));
}
END_TEST

START_TEST(fails_calls_of_a_child_that_ends_and_goes_on_with_the_next)
{
    start(false, GT_MCP_2025_11_25);
    call("slow", &got);
    run_ms(200);
    gt_mcp_pipe_free(world.peer, 0);
    world.peer = NULL;
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_REFUSED);
    ck_assert_int_eq(got.code, GT_RPC_INTERNAL_ERROR);
    ck_assert(gt_starts_with(got.message, "the server ended before it answered"));
    call("ok", &got);
    run_until(&got);
    ck_assert_int_eq(got.code, GT_RPC_INTERNAL_ERROR);
    int in, out;
    world_new_peer(&in, &out);
    gt_mcp_client_rebind(world.client, in, out);
    call("ok", &got);
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
}
END_TEST

START_TEST(refuses_what_came_for_a_child_that_never_answers)
{
    start(false, GT_MCP_2026_07_28);
    world.on_line = NULL;
    call("ok", &got);
    run_ms(200);
    gt_mcp_pipe_free(world.peer, 0);
    world.peer = NULL;
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_REFUSED);
    ck_assert_int_eq(got.code, GT_RPC_METHOD_NOT_FOUND - 2);
    int in, out;
    world_new_peer(&in, &out);
    world.on_line = child;
    gt_mcp_client_rebind(world.client, in, out);
    call("ok", &got);
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
}
END_TEST

START_TEST(answers_everybody_when_it_goes)
{
    start(false, GT_MCP_2025_11_25);
    call("slow", &got);
    run_ms(200);
    gt_mcp_relay_free(relay);
    relay = NULL;
    run_until(&got);
    ck_assert_int_eq(got.code, GT_RPC_INTERNAL_ERROR);
    ck_assert_str_eq(got.message, "the server is being stopped");
}
END_TEST

START_TEST(answers_those_who_wait_when_it_goes)
{
    start(false, GT_MCP_2025_11_25);
    world.on_line = NULL;
    call("ok", &got);
    run_ms(100);
    gt_mcp_relay_free(relay);
    relay = NULL;
    run_until(&got);
    ck_assert_str_eq(got.message, "the server is being stopped");
}
END_TEST

Suite *relay_suite(void)
{
    Suite *suite = suite_create("relay");
    TCase *tests = tcase_create("relay");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, serves_every_era_whatever_the_child_speaks, 0, GT_COUNT(eras));
    tcase_add_test(tests, passes_errors_on_as_they_are);
    tcase_add_test(tests, passes_progress_on);
    tcase_add_test(tests, passes_cancellation_on);
    tcase_add_test(tests, fails_calls_of_a_child_that_ends_and_goes_on_with_the_next);
    tcase_add_test(tests, refuses_what_came_for_a_child_that_never_answers);
    tcase_add_test(tests, answers_everybody_when_it_goes);
    tcase_add_test(tests, answers_those_who_wait_when_it_goes);
    suite_add_tcase(suite, tests);
    return suite;
}
