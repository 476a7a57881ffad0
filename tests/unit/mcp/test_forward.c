/* Messages of another client, passed on by a bridge. */
#include "client_fixture.h"

static struct outcome got, other;
static GT_VEC(json_t *) passed;

static void setup(void)
{
    world_setup();
    got = other = (struct outcome){0};
    passed.len = passed.cap = 0;
    passed.at = NULL;
}

static void take(void *payload, const json_t *message)
{
    (void)payload;
    *GT_PUSH(world.arena, &passed) = gt_keep(world.arena, json_incref(gt_iterable(message)));
}

static void forward_to(const char *text, struct outcome *outcome)
{
    json_auto_t *message = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(message);
    gt_mcp_forward(world.client, message, take, note, outcome);
}

static void forward(const char *text)
{
    forward_to(text, &got);
    run_until(&got);
}

#define META(REST)                                                                                 \
    "{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","                      \
    "\"io.modelcontextprotocol/clientCapabilities\":{}}" REST "}"
#define CALL "{\"jsonrpc\":\"2.0\",\"id\":\"c\",\"method\":\"tools/call\",\"params\":"
#define LEGACY_CALL CALL "{\"name\":\"t\"}}"
#define MODERN_CALL CALL META(",\"name\":\"t\"") "}"
#define INITIALIZE                                                                                 \
    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"     \
    "\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"desktop\",\"version\":\"9\"}}}"

START_TEST(takes_the_version_from_the_message)
{
    world_answer((struct answer){.body = RESULT("{}")});
    world_client((struct gt_mcp_client_options){0});
    forward(MODERN_CALL);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    ck_assert_ptr_null(got.result);
    ck_assert_uint_eq(world.seen.len, 1);
    ck_assert_str_eq(world.seen.at[0].version, "2026-07-28");
    ck_assert_str_eq(world.seen.at[0].mirror_method, "tools/call");
    ck_assert_str_eq(world.seen.at[0].mirror_name, "t");
    json_auto_t *sent = json_loads(MODERN_CALL, 0, NULL);
    ck_assert(json_equal(world.seen.at[0].message, sent));
    ck_assert_uint_eq(passed.len, 1);
    ck_assert_str_eq(gt_text_at(passed.at[0], "/id"), "c");
}
END_TEST

START_TEST(remembers_what_the_handshake_brought)
{
    world_answer((struct answer){.method = "initialize", .body = INITIALIZED, .session = "s1"});
    world_answer((struct answer){.method = "notifications/initialized", .status = 202});
    world_answer((struct answer){.body = RESULT("{}")});
    world_client((struct gt_mcp_client_options){0});
    forward(INITIALIZE);
    forward("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    ck_assert_int_eq(got.http_status, 202);
    forward(LEGACY_CALL);
    ck_assert_ptr_null(world.seen.at[0].version);
    for (size_t i = 1; i < 3; i++) {
        ck_assert_str_eq(world.seen.at[i].version, "2025-06-18");
        ck_assert_str_eq(world.seen.at[i].session, "s1");
        ck_assert_ptr_null(world.seen.at[i].mirror_method);
    }
    ck_assert_uint_eq(passed.len, 2);
    forward(MODERN_CALL);
    ck_assert_ptr_null(world.seen.at[3].session);
    ck_assert_str_eq(world.seen.at[3].version, "2026-07-28");
    forward(INITIALIZE);
    ck_assert_ptr_null(world.seen.at[4].session);
}
END_TEST

#define EVENT(TEXT) "data: " TEXT "\n\n"

START_TEST(passes_every_message_of_a_stream)
{
    world_answer(
        (struct answer){.type = "text/event-stream",
                        .body = EVENT("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}")
                            EVENT("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"roots/list\"}")
                                EVENT(RESULT("{\"n\":1}"))});
    world_client((struct gt_mcp_client_options){0});
    forward(LEGACY_CALL);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    ck_assert_uint_eq(passed.len, 3);
    ck_assert_str_eq(gt_text_at(passed.at[1], "/method"), "roots/list");
    ck_assert_int_eq(json_integer_value(gt_at(passed.at[2], "/result/n")), 1);
    forward("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"roots\":[]}}");
    ck_assert_uint_eq(world.seen.len, 2);
}
END_TEST

START_TEST(passes_a_batch_to_who_sent_one)
{
    static const char batch[] = "[" RESULT("1") "," RESULT("2") "]";
    world_answer((struct answer){.body = batch});
    world_answer((struct answer){.body = batch});
    world_client((struct gt_mcp_client_options){0});
    forward("[" LEGACY_CALL "," LEGACY_CALL "]");
    ck_assert_uint_eq(passed.len, 1);
    ck_assert_uint_eq(json_array_size(passed.at[0]), 2);
    forward(LEGACY_CALL);
    ck_assert_uint_eq(passed.len, 3);
    ck_assert_int_eq(json_integer_value(gt_at(passed.at[1], "/result")), 1);
}
END_TEST

START_TEST(names_the_request_in_errors_that_do_not)
{
    world_answer((struct answer){
        .status = 400,
        .body = "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,\"message\":\"x\"}}"});
    world_client((struct gt_mcp_client_options){0});
    forward(LEGACY_CALL);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    ck_assert_int_eq(got.http_status, 400);
    ck_assert_uint_eq(passed.len, 1);
    ck_assert_str_eq(gt_text_at(passed.at[0], "/id"), "c");
    ck_assert_int_eq(json_integer_value(gt_at(passed.at[0], "/error/code")), -32000);
}
END_TEST

static const struct {
    const char *name;
    struct answer answer;
    enum gt_mcp_failure failure;
} failures[] = {
    {"an expired token",
     {.status = 401,
      .body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":{\"code\":-32001,\"message\":\"x\"}}"},
     GT_MCP_HTTP_STATUS},
    {"a status", {.status = 500, .body = "x"}, GT_MCP_HTTP_STATUS},
    {"a 404 without session", {.status = 404, .body = "x"}, GT_MCP_HTTP_STATUS},
    {"nothing", {.status = 202, .body = ""}, GT_MCP_GARBLED},
    {"another's result", {.body = "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}"}, GT_MCP_GARBLED},
    {"a stream without answer", {.type = "text/event-stream", .body = ":\n\n"}, GT_MCP_NO_ANSWER},
    {"a reset", {.how = ABORT}, GT_MCP_NO_ANSWER},
};

START_TEST(leaves_it_to_the_bridge_to_answer_where_nothing_came)
{
    world_answer(failures[_i].answer);
    world_client((struct gt_mcp_client_options){0});
    forward(LEGACY_CALL);
    ck_assert_msg(got.failure == failures[_i].failure, "%s: %d %s", failures[_i].name, got.failure,
                  got.message);
    ck_assert_ptr_nonnull(got.message);
    ck_assert_uint_eq(passed.len, 0);
    ck_assert_uint_eq(world.seen.len, 1);
}
END_TEST

START_TEST(opens_a_lost_session_again_without_the_client)
{
    world_answer(
        (struct answer){.method = "initialize", .body = INITIALIZED, .session = "s1", .times = 1});
    world_answer((struct answer){.method = "initialize", .body = INITIALIZED, .session = "s2"});
    world_answer((struct answer){.method = "notifications/initialized", .status = 202});
    world_answer((struct answer){
        .method = "tools/call",
        .status = 404,
        .body = "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32001,\"message\":\"x\"}}",
        .times = 1});
    world_answer((struct answer){.method = "tools/call", .body = RESULT("{}"), .times = 1});
    world_answer((struct answer){.status = 404, .body = "x"});
    world_client((struct gt_mcp_client_options){0});
    forward(INITIALIZE);
    forward(LEGACY_CALL);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    ck_assert_uint_eq(passed.len, 2); /* the second handshake is nobody's business */
    ck_assert_ptr_nonnull(gt_at(passed.at[1], "/result"));
    ck_assert_uint_eq(world.seen.len, 5);
    ck_assert_str_eq(world.seen.at[2].method, "initialize");
    ck_assert_str_eq(gt_text_at(world.seen.at[2].message, "/params/clientInfo/name"), "desktop");
    ck_assert_ptr_null(world.seen.at[2].session);
    ck_assert_str_eq(world.seen.at[3].session, "s2");
    ck_assert_str_eq(world.seen.at[4].session, "s2");
    forward(LEGACY_CALL);
    ck_assert_int_eq(got.failure, GT_MCP_HTTP_STATUS);
    ck_assert_uint_eq(world.seen.len, 9);
}
END_TEST

START_TEST(cancels_a_modern_request_by_closing_its_stream)
{
    world_answer((struct answer){.type = "text/event-stream", .how = STALL});
    world_client((struct gt_mcp_client_options){0});
    forward_to(MODERN_CALL, &other);
    run_ms(100);
    forward("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":"
            "{\"requestId\":\"c\"}}");
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    run_ms(100);
    ck_assert_int_eq(other.count, 1);
    ck_assert_int_eq(other.failure, GT_MCP_OK);
    ck_assert_uint_eq(world.seen.len, 1);
    ck_assert_int_eq(world.gone, 1);
    ck_assert_uint_eq(passed.len, 0);
}
END_TEST

START_TEST(passes_a_former_cancellation_on)
{
    world_answer((struct answer){.method = "notifications/cancelled", .status = 202});
    world_answer((struct answer){.type = "text/event-stream", .how = STALL});
    world_client((struct gt_mcp_client_options){0});
    forward_to(LEGACY_CALL, &other);
    run_ms(100);
    forward("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":"
            "{\"requestId\":\"c\"}}");
    ck_assert_uint_eq(world.seen.len, 2);
    ck_assert_int_eq(other.count, 0);
}
END_TEST

START_TEST(mirrors_arguments_as_the_list_of_tools_said)
{
    world_answer((struct answer){
        .method = "tools/list",
        .body = RESULT("{\"tools\":[{\"name\":\"t\",\"inputSchema\":{\"properties\":{"
                       "\"r\":{\"x-mcp-header\":\"Region\"}}}}]}")});
    world_answer((struct answer){.body = RESULT("{}")});
    world_client((struct gt_mcp_client_options){0});
    forward("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":" META("") "}");
    forward(CALL META(",\"name\":\"t\",\"arguments\":{\"r\":\"eu\"}") "}");
    ck_assert_str_eq(world.seen.at[1].region, "eu");
}
END_TEST

Suite *forward_suite(void)
{
    Suite *suite = suite_create("forward");
    TCase *tests = tcase_create("forward");
    tcase_add_checked_fixture(tests, setup, world_teardown);
    tcase_add_test(tests, takes_the_version_from_the_message);
    tcase_add_test(tests, remembers_what_the_handshake_brought);
    tcase_add_test(tests, passes_every_message_of_a_stream);
    tcase_add_test(tests, passes_a_batch_to_who_sent_one);
    tcase_add_test(tests, names_the_request_in_errors_that_do_not);
    tcase_add_loop_test(tests, leaves_it_to_the_bridge_to_answer_where_nothing_came, 0,
                        GT_COUNT(failures));
    tcase_add_test(tests, opens_a_lost_session_again_without_the_client);
    tcase_add_test(tests, cancels_a_modern_request_by_closing_its_stream);
    tcase_add_test(tests, passes_a_former_cancellation_on);
    tcase_add_test(tests, mirrors_arguments_as_the_list_of_tools_said);
    suite_add_tcase(suite, tests);
    return suite;
}
