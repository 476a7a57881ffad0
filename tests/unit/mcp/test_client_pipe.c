/* The client over pipes: answers in any order, what the peer says unasked, and its end. */
#include "client_fixture.h"

static struct outcome got, other;

static void setup(void)
{
    world_setup();
    got = other = (struct outcome){0};
}

static void reply(const json_t *message, const char *member, const char *text)
{
    const json_t *id = json_object_get(message, "id");
    peer_send("{\"jsonrpc\":\"2.0\",\"id\":%" JSON_INTEGER_FORMAT ",\"%s\":%s}",
              json_integer_value(id), member, text);
}

static const char modern_result[] = "{\"supportedVersions\":[\"2026-07-28\"],\"capabilities\":{}}";
static const char legacy_result[] = "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{}}";
static const char unknown[] = "{\"code\":-32601,\"message\":\"Method not found\"}";

static void modern(struct world *at, const json_t *message)
{
    (void)at;
    if (gt_streq(gt_text_at(message, "/method"), "server/discover"))
        reply(message, "result", modern_result);
}

static void legacy(struct world *at, const json_t *message)
{
    (void)at;
    const char *method = gt_text_at(message, "/method");
    if (gt_streq(method, "initialize"))
        reply(message, "result", legacy_result);
    else if (gt_streq(method, "server/discover"))
        reply(message, "error", unknown);
}

static void silent_to_strangers(struct world *at, const json_t *message)
{
    if (!gt_streq(gt_text_at(message, "/method"), "server/discover"))
        legacy(at, message);
}

static struct gt_mcp_open *ask(const char *method, struct outcome *outcome)
{
    struct gt_mcp_ask request = {.method = method};
    return gt_mcp_request(world.client, &request, note, outcome);
}

static const char *line_method(size_t i)
{
    ck_assert_uint_lt(i, world.lines.len);
    return gt_text_at(world.lines.at[i], "/method");
}

static void connect_modern(void)
{
    world_pipe_client((struct gt_mcp_client_options){.on_notification = note_notification}, modern);
    gt_mcp_connect(world.client, note, &got);
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    got = (struct outcome){0};
}

START_TEST(tells_answers_apart_that_come_out_of_order)
{
    connect_modern();
    ask("tools/list", &got);
    ask("prompts/list", &other);
    run_ms(50);
    reply(world.lines.at[2], "result", "{\"n\":2}");
    run_until(&other);
    ck_assert_int_eq(got.count, 0);
    reply(world.lines.at[1], "error", unknown);
    run_until(&got);
    ck_assert_int_eq(json_integer_value(gt_at(other.result, "/n")), 2);
    ck_assert_int_eq(got.failure, GT_MCP_REFUSED);
    ck_assert_int_eq(got.code, -32601);
    ck_assert_ptr_nonnull(
        gt_at(world.lines.at[1], "/params/_meta/io.modelcontextprotocol~1protocolVersion"));
}
END_TEST

START_TEST(initializes_a_former_server)
{
    world_pipe_client((struct gt_mcp_client_options){0}, legacy);
    ask("tools/list", &got);
    run_ms(50);
    ck_assert_uint_eq(world.lines.len, 4);
    ck_assert_str_eq(line_method(0), "server/discover");
    ck_assert_str_eq(line_method(1), "initialize");
    ck_assert_str_eq(line_method(2), "notifications/initialized");
    ck_assert_str_eq(line_method(3), "tools/list");
    ck_assert_int_eq(gt_mcp_client_version(world.client), GT_MCP_2025_11_25);
}
END_TEST

START_TEST(initializes_a_server_that_says_nothing_to_strangers)
{
    world_pipe_client((struct gt_mcp_client_options){.timeout_ms = 4000}, silent_to_strangers);
    gt_mcp_connect(world.client, note, &got);
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    ck_assert_str_eq(gt_mcp_client_handshake(world.client), "initialize");
    ck_assert_str_eq(line_method(1), "initialize");
    reply(world.lines.at[0], "result", modern_result); /* too late */
    run_ms(50);
    ck_assert_int_eq(gt_mcp_client_version(world.client), GT_MCP_2025_11_25);
}
END_TEST

static void nameless_refusal(struct world *at, const json_t *message)
{
    if (gt_streq(gt_text_at(message, "/method"), "server/discover"))
        peer_send("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":%s}", unknown);
    else
        legacy(at, message);
}

START_TEST(takes_an_error_without_id_for_that_of_the_handshake)
{
    world_pipe_client((struct gt_mcp_client_options){0}, nameless_refusal);
    gt_mcp_connect(world.client, note, &got);
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    ask("tools/list", &other);
    run_ms(20);
    peer_send("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":%s}", unknown);
    run_ms(50);
    ck_assert_int_eq(other.count, 0);
}
END_TEST

START_TEST(answers_what_the_server_asks)
{
    connect_modern();
    peer_send("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"ping\"}");
    peer_send("{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"sampling/createMessage\"}");
    run_ms(50);
    ck_assert_uint_eq(world.lines.len, 3);
    ck_assert_str_eq(gt_text_at(world.lines.at[1], "/id"), "a");
    ck_assert(json_is_object(gt_at(world.lines.at[1], "/result")));
    ck_assert_int_eq(json_integer_value(gt_at(world.lines.at[2], "/id")), 5);
    ck_assert_int_eq(json_integer_value(gt_at(world.lines.at[2], "/error/code")), -32601);
}
END_TEST

static int progressed;
static void count_progress(void *payload, const json_t *notification)
{
    (void)payload;
    ck_assert_str_eq(gt_text_at(notification, "/method"), "notifications/progress");
    progressed++;
}

START_TEST(gives_progress_to_its_request_and_the_rest_to_the_owner)
{
    connect_modern();
    struct gt_mcp_ask request = {.method = "tools/call", .on_notification = count_progress};
    gt_mcp_request(world.client, &request, note, &got);
    ask("tools/list", &other);
    run_ms(50);
    json_int_t token = json_integer_value(gt_at(world.lines.at[1], "/params/_meta/progressToken"));
    ck_assert_int_ne(token, 0);
    ck_assert_ptr_null(gt_at(world.lines.at[2], "/params/_meta/progressToken"));
    progressed = 0;
    for (json_int_t i = 0; i < 2; i++)
        peer_send("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":"
                  "{\"progressToken\":%" JSON_INTEGER_FORMAT ",\"progress\":1}}",
                  token + i * 1000);
    peer_send("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}");
    run_ms(50);
    ck_assert_int_eq(progressed, 1);
    ck_assert_uint_eq(world.notifications.len, 2);
}
END_TEST

START_TEST(passes_over_what_is_no_message)
{
    connect_modern();
    ask("tools/list", &got);
    run_ms(20);
    peer_send("[1, {\"x\":1}]");
    peer_send("{\"jsonrpc\":\"2.0\",\"id\":99999,\"result\":{}}");
    peer_send("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{}}");
    run_ms(50);
    ck_assert_int_eq(got.count, 0);
    reply(world.lines.at[1], "result", "{}");
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
}
END_TEST

START_TEST(says_when_it_cancels)
{
    connect_modern();
    struct gt_mcp_open *open = ask("tools/list", &got);
    run_ms(20);
    gt_mcp_cancel(open);
    run_ms(20);
    ck_assert_str_eq(line_method(2), "notifications/cancelled");
    ck_assert(
        json_equal(gt_at(world.lines.at[2], "/params/requestId"), gt_at(world.lines.at[1], "/id")));
    reply(world.lines.at[1], "result", "{}");
    run_ms(20);
    ck_assert_int_eq(got.count, 0);
}
END_TEST

START_TEST(gives_up_and_says_so)
{
    connect_modern();
    struct gt_mcp_ask request = {.method = "tools/list", .timeout_ms = 50};
    gt_mcp_request(world.client, &request, note, &got);
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_NO_ANSWER);
    ck_assert_str_eq(got.message, "no answer in time");
    run_ms(20);
    ck_assert_str_eq(line_method(2), "notifications/cancelled");
}
END_TEST

static void end_peer(void)
{
    gt_mcp_pipe_free(world.peer, 0);
    world.peer = NULL;
}

START_TEST(fails_what_was_sent_when_the_server_ends)
{
    connect_modern();
    ask("tools/list", &got);
    run_ms(20);
    end_peer();
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_NO_ANSWER);
    ck_assert(gt_starts_with(got.message, "the server ended before it answered"));
    ask("tools/list", &got);
    ck_assert_int_eq(got.count, 1);
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_UNREACHABLE);
    ck_assert(gt_starts_with(got.message, "the server has ended"));
}
END_TEST

START_TEST(fails_what_waits_when_the_server_ends_before_it_is_connected)
{
    world_pipe_client((struct gt_mcp_client_options){0}, NULL);
    gt_mcp_connect(world.client, note, &other);
    ask("tools/list", &got);
    run_ms(20);
    end_peer();
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_UNREACHABLE);
    ck_assert_int_eq(other.failure, GT_MCP_UNREACHABLE);
    ck_assert_uint_eq(world.lines.len, 1); /* no second handshake with a dead server */
}
END_TEST

START_TEST(goes_on_with_a_new_server)
{
    connect_modern();
    ask("tools/list", &got);
    run_ms(20);
    int in, out;
    world_new_peer(&in, &out);
    gt_mcp_client_rebind(world.client, in, out);
    ck_assert_int_eq(got.failure, GT_MCP_NO_ANSWER);
    ask("prompts/list", &other);
    run_ms(50);
    ck_assert_uint_eq(world.lines.len, 4);
    ck_assert_str_eq(line_method(2), "server/discover");
    reply(world.lines.at[3], "result", "{}");
    run_until(&other);
    ck_assert_int_eq(other.failure, GT_MCP_OK);
}
END_TEST

START_TEST(goes_on_with_a_new_server_in_the_middle_of_the_handshake)
{
    world_pipe_client((struct gt_mcp_client_options){0}, NULL);
    ask("tools/list", &got);
    run_ms(20);
    int in, out;
    world_new_peer(&in, &out);
    world.on_line = modern;
    gt_mcp_client_rebind(world.client, in, out);
    run_ms(50);
    ck_assert_int_eq(got.count, 0);
    ck_assert_uint_eq(world.lines.len, 3);
    ck_assert_str_eq(line_method(1), "server/discover");
    ck_assert_str_eq(line_method(2), "tools/list");
}
END_TEST

START_TEST(is_heard_again_after_the_end_that_was_not_noticed)
{
    connect_modern();
    end_peer();
    run_ms(20);
    ask("prompts/list", &other); /* in vain, which it is told later */
    int in, out;
    world_new_peer(&in, &out);
    gt_mcp_client_rebind(world.client, in, out);
    ask("tools/list", &got);
    run_ms(50);
    ck_assert_uint_eq(world.lines.len, 3);
    ck_assert_int_eq(other.failure, GT_MCP_UNREACHABLE);
    reply(world.lines.at[2], "result", "{}");
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
}
END_TEST

static void ask_again(void *payload, const struct gt_mcp_outcome *outcome)
{
    note(payload, outcome);
    ask("tools/list", &other);
}

START_TEST(takes_new_requests_from_inside_completions)
{
    connect_modern();
    struct gt_mcp_ask request = {.method = "tools/list"};
    gt_mcp_request(world.client, &request, ask_again, &got);
    run_ms(20);
    end_peer();
    run_until(&other);
    ck_assert_int_eq(got.failure, GT_MCP_NO_ANSWER);
    ck_assert_int_eq(other.failure, GT_MCP_UNREACHABLE);
}
END_TEST

Suite *client_pipe_suite(void)
{
    Suite *suite = suite_create("client_pipe");
    TCase *tests = tcase_create("client_pipe");
    tcase_add_checked_fixture(tests, setup, world_teardown);
    tcase_add_test(tests, tells_answers_apart_that_come_out_of_order);
    tcase_add_test(tests, initializes_a_former_server);
    tcase_add_test(tests, initializes_a_server_that_says_nothing_to_strangers);
    tcase_add_test(tests, takes_an_error_without_id_for_that_of_the_handshake);
    tcase_add_test(tests, answers_what_the_server_asks);
    tcase_add_test(tests, gives_progress_to_its_request_and_the_rest_to_the_owner);
    tcase_add_test(tests, passes_over_what_is_no_message);
    tcase_add_test(tests, says_when_it_cancels);
    tcase_add_test(tests, gives_up_and_says_so);
    tcase_add_test(tests, fails_what_was_sent_when_the_server_ends);
    tcase_add_test(tests, fails_what_waits_when_the_server_ends_before_it_is_connected);
    tcase_add_test(tests, goes_on_with_a_new_server);
    tcase_add_test(tests, goes_on_with_a_new_server_in_the_middle_of_the_handshake);
    tcase_add_test(tests, is_heard_again_after_the_end_that_was_not_noticed);
    tcase_add_test(tests, takes_new_requests_from_inside_completions);
    suite_add_tcase(suite, tests);
    return suite;
}
