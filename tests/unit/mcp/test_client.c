/* Connecting, requests, sessions, authorization and lists over HTTP. */
#include "client_fixture.h"

#include <string.h>

static struct outcome got, other;

static void setup(void)
{
    world_setup();
    got = other = (struct outcome){0};
}

static struct gt_mcp_open *ask(const char *method, const char *params)
{
    json_auto_t *doc = params != NULL ? json_loads(params, 0, NULL) : NULL;
    struct gt_mcp_ask request = {.method = method, .params = doc};
    return gt_mcp_request(world.client, &request, note, &got);
}

static void ask_and_wait(const char *method, const char *params)
{
    ask(method, params);
    run_until(&got);
}

static void answer_modern(struct answer answer)
{
    world_answer((struct answer)MODERN);
    world_answer(answer);
}

static void answer_legacy(const char *session)
{
    world_answer((struct answer)REFUSED("server/discover"));
    world_answer((struct answer){.method = "initialize", .body = INITIALIZED, .session = session});
    world_answer((struct answer){.method = "notifications/initialized", .status = 202});
}

static const char *methods(void)
{
    struct gt_buf text = gt_buf_init(10000);
    for (size_t i = 0; i < world.seen.len; i++)
        gt_buf_addf(&text, "%s%s", i > 0 ? " " : "",
                    world.seen.at[i].method != NULL ? world.seen.at[i].method : "-");
    const char *copy = gt_strdup(world.arena, gt_buf_text(&text));
    gt_buf_done(&text);
    return copy;
}

/* -- connecting -- */

START_TEST(discovers_a_modern_server_and_says_who_it_is)
{
    answer_modern((struct answer){.body = RESULT("{\"tools\":[]}")});
    world_client((struct gt_mcp_client_options){0});
    ask_and_wait("tools/list", NULL);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    ck_assert_int_eq(gt_mcp_client_version(world.client), GT_MCP_2026_07_28);
    ck_assert_str_eq(gt_mcp_client_handshake(world.client), "server/discover");
    ck_assert_ptr_nonnull(gt_at(gt_mcp_client_server(world.client), "/supportedVersions"));
    ck_assert_str_eq(methods(), "server/discover tools/list");
    for (size_t i = 0; i < world.seen.len; i++) {
        const struct seen *seen = &world.seen.at[i];
        const json_t *meta = gt_at(seen->message, "/params/_meta");
        ck_assert_str_eq(seen->version, "2026-07-28");
        ck_assert_str_eq(seen->mirror_method, seen->method);
        ck_assert_ptr_null(seen->mirror_name);
        ck_assert_ptr_null(seen->session);
        ck_assert_str_eq(seen->accept, "application/json, text/event-stream");
        ck_assert_str_eq(seen->type, "application/json");
        ck_assert_str_eq(gt_text_at(meta, "/io.modelcontextprotocol~1protocolVersion"),
                         "2026-07-28");
        ck_assert_str_eq(gt_text_at(meta, "/io.modelcontextprotocol~1clientInfo/name"), "test");
        ck_assert(json_is_object(gt_at(meta, "/io.modelcontextprotocol~1clientCapabilities")));
        ck_assert_ptr_null(gt_at(meta, "/progressToken"));
    }
}
END_TEST

static const struct {
    const char *name, *body;
    int status;
} refusals[] = {
    {"unknown method",
     "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":{\"code\":-32601,\"message\":\"x\"}}", 404},
    {"unknown method, 200",
     "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":{\"code\":-32601,\"message\":\"x\"}}", 200},
    {"unsupported version",
     "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":{\"code\":-32022,\"message\":\"x\"}}", 400},
    {"no session yet",
     "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,\"message\":\"x\"}}", 400},
    {"bad parameters",
     "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":{\"code\":-32602,\"message\":\"x\"}}", 200},
    {"bad request", "unsupported protocol version", 400},
    {"not found", "<html>", 404},
};

START_TEST(initializes_where_discovery_is_refused)
{
    world_answer((struct answer){
        .method = "server/discover", .status = refusals[_i].status, .body = refusals[_i].body});
    answer_legacy("abc");
    world_answer((struct answer){.body = RESULT("{}")});
    world_client((struct gt_mcp_client_options){0});
    ask_and_wait("tools/list", NULL);
    ck_assert_msg(got.failure == GT_MCP_OK, "%s: %s", refusals[_i].name, got.message);
    ck_assert_str_eq(methods(), "server/discover initialize notifications/initialized tools/list");
    ck_assert_int_eq(gt_mcp_client_version(world.client), GT_MCP_2025_06_18);
    ck_assert_str_eq(gt_mcp_client_handshake(world.client), "initialize");
    const struct seen *seen = world.seen.at;
    ck_assert_ptr_null(seen[1].version);
    ck_assert_ptr_null(seen[1].session);
    ck_assert_str_eq(gt_text_at(seen[1].message, "/params/protocolVersion"), "2025-11-25");
    ck_assert_str_eq(gt_text_at(seen[1].message, "/params/clientInfo/version"), "1.2");
    for (size_t i = 2; i < 4; i++) {
        ck_assert_str_eq(seen[i].version, "2025-06-18");
        ck_assert_str_eq(seen[i].session, "abc");
        ck_assert_ptr_null(seen[i].mirror_method);
    }
    ck_assert_ptr_null(gt_at(seen[3].message, "/params/_meta"));
    ck_assert_ptr_null(gt_at(seen[2].message, "/id"));
}
END_TEST

START_TEST(does_not_take_a_missing_token_for_an_unknown_method)
{
    world_answer((struct answer){
        .status = 401,
        .body = "{\"jsonrpc\":\"2.0\",\"id\":0,\"error\":{\"code\":-32001,\"message\":\"no\"}}"});
    world_client((struct gt_mcp_client_options){0});
    ask_and_wait("tools/list", NULL);
    ck_assert_int_eq(got.failure, GT_MCP_REFUSED);
    ck_assert_int_eq(got.http_status, 401);
    ck_assert_int_eq(got.code, -32001);
    ck_assert_str_eq(got.header, "Bearer scope=\"x\"");
    ck_assert_uint_eq(world.seen.len, 1);
}
END_TEST

START_TEST(tells_a_failed_connection_to_all_who_wait_and_tries_again_later)
{
    world_answer((struct answer){.status = 503, .type = "text/html", .body = "busy", .times = 1});
    answer_modern((struct answer){.body = RESULT("{}")});
    world_client((struct gt_mcp_client_options){0});
    gt_mcp_connect(world.client, note, &other);
    ask_and_wait("tools/list", NULL);
    ck_assert_int_eq(other.failure, GT_MCP_HTTP_STATUS);
    ck_assert_int_eq(got.failure, GT_MCP_HTTP_STATUS);
    ck_assert_int_eq(got.http_status, 503);
    ck_assert_str_eq(got.body, "busy");
    ck_assert_uint_eq(world.seen.len, 1);
    ask_and_wait("tools/list", NULL);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
}
END_TEST

START_TEST(connects_once_for_all_who_wait)
{
    answer_modern((struct answer){.body = RESULT("{}")});
    world_client((struct gt_mcp_client_options){0});
    gt_mcp_connect(world.client, note, &other);
    ask("tools/list", NULL);
    run_until(&got);
    ck_assert_int_eq(other.failure, GT_MCP_OK);
    ck_assert_ptr_nonnull(gt_at(other.result, "/supportedVersions"));
    ck_assert_int_eq(other.http_status, 200);
    ck_assert_str_eq(methods(), "server/discover tools/list");
    gt_mcp_connect(world.client, note, &other);
    ck_assert_int_eq(other.count, 1); /* not from inside the call */
    run_until(&other);
    ck_assert_ptr_nonnull(gt_at(other.result, "/supportedVersions"));
    ck_assert_uint_eq(world.seen.len, 2);
}
END_TEST

START_TEST(speaks_only_the_version_that_is_asked_for)
{
    world_answer((struct answer){.method = "initialize", .body = INITIALIZED});
    world_answer((struct answer){.body = RESULT("{}")});
    world_client((struct gt_mcp_client_options){.only = GT_MCP_2025_11_25});
    ask_and_wait("tools/list", NULL);
    ck_assert_int_eq(got.failure, GT_MCP_REFUSED);
    ck_assert_int_eq(got.code, GT_MCP_UNSUPPORTED_VERSION);
    ck_assert_str_eq(got.message, "the server speaks MCP 2025-06-18, which was not asked for");
    ck_assert_str_eq(methods(), "initialize");
    gt_mcp_client_free(world.client);
    world_client((struct gt_mcp_client_options){.only = GT_MCP_2025_06_18});
    ask_and_wait("tools/list", NULL);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    ck_assert_str_eq(gt_text_at(world.seen.at[1].message, "/params/protocolVersion"), "2025-06-18");
}
END_TEST

START_TEST(does_not_fall_back_from_the_only_version)
{
    world_answer((struct answer)REFUSED("server/discover"));
    world_client((struct gt_mcp_client_options){.only = GT_MCP_2026_07_28});
    ask_and_wait("tools/list", NULL);
    ck_assert_int_eq(got.failure, GT_MCP_REFUSED);
    ck_assert_int_eq(got.code, GT_RPC_METHOD_NOT_FOUND);
    ck_assert_uint_eq(world.seen.len, 1);
}
END_TEST

START_TEST(initializes_first_where_that_is_preferred)
{
    world_answer((struct answer)REFUSED("initialize"));
    answer_modern((struct answer){.body = RESULT("{}")});
    world_client((struct gt_mcp_client_options){.prefer_legacy = true});
    ask_and_wait("tools/list", NULL);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    ck_assert_str_eq(methods(), "initialize server/discover tools/list");
}
END_TEST

/* -- answers -- */

START_TEST(mirrors_names_in_headers_that_any_peer_reads)
{
    answer_modern((struct answer){.body = RESULT("{}")});
    world_client((struct gt_mcp_client_options){0});
    static const struct {
        const char *method, *params, *header;
    } rows[] = {
        {"tools/call", "{\"name\":\"add\"}", "add"},
        {"tools/call", "{\"name\":\"caf\\u00e9\"}", "=?base64?Y2Fmw6k=?="},
        {"tools/call", "{\"name\":\" x\"}", "=?base64?IHg=?="},
        {"tools/call", "{\"name\":\"=?base64?eA==?=\"}", "=?base64?PT9iYXNlNjQ/ZUE9PT89?="},
        {"tools/call", "{\"name\":\"a\\nb\"}", "=?base64?YQpi?="},
        {"resources/read", "{\"uri\":\"file:///a b\"}", "file:///a b"},
        {"prompts/get", "{\"name\":\"p\"}", "p"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        ask_and_wait(rows[i].method, rows[i].params);
        ck_assert_int_eq(got.failure, GT_MCP_OK);
        ck_assert_str_eq(world.seen.at[i + 1].mirror_name, rows[i].header);
    }
}
END_TEST

START_TEST(mirrors_the_arguments_that_a_tool_wants_in_headers)
{
    world_answer((struct answer)MODERN);
    world_answer((struct answer){
        .method = "tools/list",
        .body = RESULT("{\"tools\":[{\"name\":\"t\",\"inputSchema\":{\"properties\":{\"where\":{"
                       "\"properties\":{\"region\":{\"x-mcp-header\":\"Region\"}}},"
                       "\"bad\":{\"x-mcp-header\":\"a b\"}}}}]}")});
    world_answer((struct answer){.body = RESULT("{}")});
    world_client((struct gt_mcp_client_options){0});
    ask_and_wait("tools/list", NULL);
    static const struct {
        const char *arguments, *header;
    } rows[] = {
        {"{\"where\":{\"region\":\"eu\"}}", "eu"},
        {"{\"where\":{\"region\":42}}", "42"},
        {"{\"where\":{\"region\":true}}", "true"},
        {"{\"where\":{\"region\":null}}", NULL},
        {"{\"where\":{}, \"bad\": \"x\"}", NULL},
        {"{\"where\":\"region\"}", NULL},
        {"{\"where\":{\"region\":\"\\u00e9\"}}", "=?base64?w6k=?="},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        ask_and_wait("tools/call", gt_printf(world.arena, "{\"name\":\"t\",\"arguments\":%s}",
                                             rows[i].arguments));
        ck_assert_int_eq(got.failure, GT_MCP_OK);
        ck_assert_pstr_eq(world.seen.at[world.seen.len - 1].region, rows[i].header);
    }
}
END_TEST

#define EVENT(TEXT) "event: message\ndata: " TEXT "\n\n"

static void call_hears_of_its_progress(void)
{
    json_auto_t *params = json_pack("{s:s}", "name", "slow");
    struct gt_mcp_ask request = {
        .method = "tools/call", .params = params, .on_notification = note_notification};
    gt_mcp_request(world.client, &request, note, &got);
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    ck_assert_int_eq(json_integer_value(gt_at(got.result, "/n")), 1);
    ck_assert_uint_eq(world.notifications.len, 1);
}

START_TEST(follows_an_event_stream_to_its_answer)
{
    answer_modern((struct answer){.type = "Text/Event-Stream; charset=utf-8",
                                  .body = ": hello\n\nid: 1\ndata:\n\n" EVENT(
                                      "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\","
                                      "\"params\":{\"progressToken\":$ID,\"progress\":1}}")
                                      EVENT(RESULT("{\"n\":1}"))});
    world_client((struct gt_mcp_client_options){0});
    call_hears_of_its_progress();
    const json_t *token = gt_at(world.seen.at[1].message, "/params/_meta/progressToken");
    ck_assert(json_equal(token, gt_at(world.notifications.at[0], "/params/progressToken")));
    run_ms(50); /* nothing comes twice */
    ck_assert_int_eq(got.count, 1);
}
END_TEST

#define BATCH                                                                                      \
    "[{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{"                     \
    "\"progressToken\":$ID,\"progress\":1}}," RESULT("{\"n\":1}") ",5]"

static const struct answer batches[] = {
    {.method = "tools/call", .body = BATCH},
    {.method = "tools/call", .type = "text/event-stream", .body = EVENT(BATCH)},
};

START_TEST(takes_the_messages_of_a_batch)
{
    answer_legacy(NULL);
    world_answer(batches[_i]);
    world_client((struct gt_mcp_client_options){0});
    call_hears_of_its_progress();
}
END_TEST

START_TEST(does_not_wait_for_the_end_of_a_stream_that_has_answered)
{
    answer_modern((struct answer){.method = "tools/call",
                                  .type = "text/event-stream",
                                  .body = EVENT(RESULT("{}")),
                                  .how = STALL});
    world_client((struct gt_mcp_client_options){0});
    ask_and_wait("tools/call", "{\"name\":\"x\"}");
    ck_assert_int_eq(got.failure, GT_MCP_OK);
}
END_TEST

START_TEST(answers_what_a_server_asks)
{
    answer_legacy(NULL);
    world_answer(
        (struct answer){.method = "tools/call",
                        .type = "text/event-stream",
                        .body = EVENT("{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}")
                            EVENT("{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"roots/list\"}")
                                EVENT("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}")
                                    EVENT(RESULT("{}"))});
    world_client((struct gt_mcp_client_options){.on_notification = note_notification});
    ask_and_wait("tools/call", "{\"name\":\"x\"}");
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    ck_assert_uint_eq(world.notifications.len, 1);
    run_ms(100);
    ck_assert_uint_eq(world.seen.len, 6);
    size_t pong = gt_streq(gt_text_at(world.seen.at[4].message, "/id"), "p") ? 4 : 5;
    ck_assert(json_is_object(gt_at(world.seen.at[pong].message, "/result")));
    ck_assert_int_eq(json_integer_value(gt_at(world.seen.at[9 - pong].message, "/error/code")),
                     GT_RPC_METHOD_NOT_FOUND);
    ck_assert_str_eq(world.seen.at[pong].version, "2025-06-18");
}
END_TEST

static const struct {
    const char *name;
    struct answer answer;
    enum gt_mcp_failure failure;
    const char *message;
} failures[] = {
    {"an error",
     {.body =
          "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":{\"code\":-32602,\"message\":\"no\\nsuch\"}}"},
     GT_MCP_REFUSED,
     "no such"},
    {"an error without id",
     {.body = "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":1,\"message\":\"x\"}}"},
     GT_MCP_REFUSED,
     "x"},
    {"an error with a status",
     {.status = 400,
      .body = "{\"jsonrpc\":\"2.0\",\"id\":7777,\"error\":{\"code\":1,\"message\":\"x\"}}"},
     GT_MCP_REFUSED,
     "x"},
    {"a status",
     {.status = 502, .body = "{\"message\":\"bad gateway\"}"},
     GT_MCP_HTTP_STATUS,
     "HTTP status 502"},
    {"a redirect", {.status = 307, .body = ""}, GT_MCP_HTTP_STATUS, "HTTP status 307"},
    {"a page", {.type = "text/html", .body = "<html>"}, GT_MCP_GARBLED, NULL},
    {"nothing", {.body = ""}, GT_MCP_GARBLED, "HTTP status 200 without an answer"},
    {"accepted", {.status = 202, .body = ""}, GT_MCP_GARBLED, "HTTP status 202 without an answer"},
    {"another's answer",
     {.body = "{\"jsonrpc\":\"2.0\",\"id\":7777,\"result\":{}}"},
     GT_MCP_GARBLED,
     NULL},
    {"no message", {.body = "{\"message\":\"hello\"}"}, GT_MCP_GARBLED, NULL},
    {"a stream without answer",
     {.type = "text/event-stream", .body = ": x\n\n"},
     GT_MCP_NO_ANSWER,
     "the stream ended before the answer"},
    {"a stream of no JSON",
     {.type = "text/event-stream", .body = "data: x\n\n"},
     GT_MCP_GARBLED,
     NULL},
    {"half a body", {.body = RESULT("{}"), .how = CUT}, GT_MCP_NO_ANSWER, NULL},
    {"half a stream",
     {.type = "text/event-stream", .body = EVENT(RESULT("{}")), .how = CUT},
     GT_MCP_NO_ANSWER,
     NULL},
    {"a reset", {.how = ABORT}, GT_MCP_NO_ANSWER, NULL},
    {"silence", {.how = STALL}, GT_MCP_NO_ANSWER, "no answer in time"},
};

START_TEST(names_what_went_wrong)
{
    answer_modern(failures[_i].answer);
    world_client((struct gt_mcp_client_options){0});
    gt_mcp_connect(world.client, note, &got);
    run_until(&got);
    got.count = 0;
    json_auto_t *params = json_pack("{s:s}", "name", "x");
    struct gt_mcp_ask request = {.method = "tools/call",
                                 .params = params,
                                 .timeout_ms = failures[_i].answer.how == STALL ? 2000 : 0};
    gt_mcp_request(world.client, &request, note, &got);
    run_until(&got);
    ck_assert_msg(got.failure == failures[_i].failure, "%s: %d %s", failures[_i].name, got.failure,
                  got.message);
    ck_assert_ptr_nonnull(got.message);
    if (failures[_i].message != NULL)
        ck_assert_str_eq(got.message, failures[_i].message);
    ck_assert_ptr_null(got.result);
    run_ms(20);
    ck_assert_int_eq(got.count, 1);
    ck_assert_uint_eq(world.seen.len, 2); /* nothing is sent twice */
}
END_TEST

START_TEST(says_that_nobody_listens)
{
    const char *url = world_url();
    gt_server_free(world.server);
    world.server = NULL;
    world_client((struct gt_mcp_client_options){.url = url});
    ask_and_wait("tools/list", NULL);
    ck_assert_int_eq(got.failure, GT_MCP_UNREACHABLE);
    ck_assert_int_eq(got.http_status, 0);
}
END_TEST

/* -- sessions -- */

START_TEST(opens_a_lost_session_again_and_repeats_once)
{
    answer_legacy("one");
    world_answer(
        (struct answer){.method = "tools/list", .status = 404, .body = "gone", .times = 1});
    world_answer((struct answer){.method = "tools/list", .body = RESULT("{}")});
    world_answer((struct answer){.status = 404, .body = "gone"});
    world_client((struct gt_mcp_client_options){0});
    ask_and_wait("tools/list", NULL);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    ck_assert_str_eq(methods(), "server/discover initialize notifications/initialized tools/list "
                                "server/discover initialize notifications/initialized tools/list");
    ask_and_wait("tools/call", "{\"name\":\"x\"}");
    ck_assert_int_eq(got.failure, GT_MCP_HTTP_STATUS);
    ck_assert_int_eq(got.http_status, 404);
    ck_assert_uint_eq(world.seen.len, 13);
}
END_TEST

START_TEST(takes_a_404_without_session_as_it_is)
{
    answer_legacy(NULL);
    world_answer((struct answer){.status = 404, .body = "gone"});
    world_client((struct gt_mcp_client_options){0});
    ask_and_wait("tools/list", NULL);
    ck_assert_int_eq(got.failure, GT_MCP_HTTP_STATUS);
    ck_assert_uint_eq(world.seen.len, 4);
}
END_TEST

START_TEST(connects_anew_after_a_reset)
{
    answer_modern((struct answer){.body = RESULT("{}")});
    world_client((struct gt_mcp_client_options){0});
    ask_and_wait("tools/list", NULL);
    gt_mcp_client_reset(world.client);
    ck_assert_int_eq(gt_mcp_client_version(world.client), GT_MCP_UNKNOWN);
    ck_assert_ptr_null(gt_mcp_client_server(world.client));
    ask_and_wait("tools/list", NULL);
    ck_assert_str_eq(methods(), "server/discover tools/list server/discover tools/list");
}
END_TEST

/* -- cancellation -- */

START_TEST(cancels_by_closing_the_stream_at_2026_07_28)
{
    answer_modern((struct answer){.type = "text/event-stream", .how = STALL});
    world_client((struct gt_mcp_client_options){0});
    struct gt_mcp_open *open = ask("tools/call", "{\"name\":\"x\"}");
    run_ms(100);
    ck_assert_uint_eq(world.stalled.len, 1);
    gt_mcp_cancel(open);
    run_ms(100);
    ck_assert_int_eq(world.gone, 1);
    ck_assert_int_eq(got.count, 0);
    ck_assert_uint_eq(world.seen.len, 2);
}
END_TEST

START_TEST(cancels_by_saying_so_before)
{
    answer_legacy("s");
    world_answer((struct answer){.method = "notifications/cancelled", .status = 202});
    world_answer((struct answer){.type = "text/event-stream", .how = STALL});
    world_client((struct gt_mcp_client_options){0});
    struct gt_mcp_open *open = ask("tools/call", "{\"name\":\"x\"}");
    run_ms(100);
    gt_mcp_cancel(open);
    run_ms(100);
    ck_assert_int_eq(got.count, 0);
    ck_assert_uint_eq(world.seen.len, 5);
    const struct seen *seen = &world.seen.at[4];
    ck_assert_str_eq(seen->method, "notifications/cancelled");
    ck_assert_str_eq(seen->session, "s");
    ck_assert(json_equal(gt_at(seen->message, "/params/requestId"),
                         gt_at(world.seen.at[3].message, "/id")));
}
END_TEST

START_TEST(cancels_what_timed_out)
{
    answer_legacy("s");
    world_answer((struct answer){.method = "notifications/cancelled", .status = 202});
    world_answer((struct answer){.type = "text/event-stream", .how = STALL});
    world_client((struct gt_mcp_client_options){0});
    gt_mcp_connect(world.client, note, &got);
    run_until(&got);
    gt_mcp_request(world.client, &(struct gt_mcp_ask){.method = "tools/list", .timeout_ms = 1000},
                   note, &got);
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_NO_ANSWER);
    run_ms(100);
    ck_assert_uint_eq(world.seen.len, 5);
    ck_assert_str_eq(world.seen.at[4].method, "notifications/cancelled");
}
END_TEST

START_TEST(cancels_what_has_not_been_sent_without_a_word)
{
    world_answer((struct answer)MODERN);
    world_client((struct gt_mcp_client_options){0});
    gt_mcp_cancel(ask("tools/list", NULL));
    gt_mcp_cancel(NULL);
    run_ms(100);
    ck_assert_str_eq(methods(), "server/discover");
    ck_assert_int_eq(got.count, 0);
}
END_TEST

static void cancel_other(void *payload, const json_t *notification)
{
    (void)notification;
    gt_mcp_cancel(*(struct gt_mcp_open **)payload);
}

START_TEST(is_cancelled_from_inside_a_notification)
{
    answer_modern(
        (struct answer){.type = "text/event-stream",
                        .body = EVENT("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}")
                            EVENT(RESULT("{}"))});
    world_client((struct gt_mcp_client_options){0});
    struct gt_mcp_open *open;
    struct gt_mcp_ask request = {
        .method = "tools/call", .on_notification = cancel_other, .payload = &open};
    open = gt_mcp_request(world.client, &request, note, &got);
    run_ms(200);
    ck_assert_uint_eq(world.seen.len, 2);
    ck_assert_int_eq(got.count, 0);
}
END_TEST

START_TEST(drops_everything_when_it_goes)
{
    answer_modern((struct answer){.type = "text/event-stream", .how = STALL});
    world_client((struct gt_mcp_client_options){0});
    ask("tools/call", "{\"name\":\"x\"}");
    gt_mcp_list(world.client, "tools/list", "tools", note, &got);
    run_ms(100);
    gt_mcp_client_free(world.client);
    world.client = NULL;
    run_ms(50);
    ck_assert_int_eq(got.count, 0);
    ck_assert_int_eq(world.gone, 2);
}
END_TEST

/* -- authorization -- */

static struct gt_mcp_sending *sendings[8];
static size_t sending_count;
static enum { AT_ONCE, LATER, NEVER_WELL } pace;
static const struct gt_header token = {"Authorization", "Bearer t"};

static void authorise(void *payload, struct gt_mcp_sending *sending,
                      const struct gt_http_request *request)
{
    (void)payload;
    ck_assert_str_eq(request->method, "POST");
    ck_assert_ptr_nonnull(strstr(request->body, "jsonrpc"));
    ck_assert_uint_eq(request->body_len, strlen(request->body));
    if (pace == AT_ONCE)
        gt_mcp_send(sending, &token, 1);
    else if (pace == NEVER_WELL)
        gt_mcp_send_fail(sending, "no\ntoken");
    else
        sendings[sending_count++] = sending;
}

START_TEST(sends_each_request_with_its_authorization)
{
    pace = AT_ONCE;
    answer_modern((struct answer){.body = RESULT("{}")});
    world_client((struct gt_mcp_client_options){.authorise = authorise});
    ask_and_wait("tools/list", NULL);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    ck_assert_str_eq(world.seen.at[0].authorization, "Bearer t");
    ck_assert_str_eq(world.seen.at[1].authorization, "Bearer t");
}
END_TEST

START_TEST(waits_for_the_authorization)
{
    pace = LATER;
    sending_count = 0;
    answer_modern((struct answer){.body = RESULT("{}")});
    world_client((struct gt_mcp_client_options){.authorise = authorise});
    ask("tools/list", NULL);
    run_ms(50);
    ck_assert_uint_eq(sending_count, 1);
    ck_assert_uint_eq(world.seen.len, 0);
    pace = AT_ONCE;
    gt_mcp_send(sendings[0], &token, 1);
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
}
END_TEST

START_TEST(fails_without_authorization)
{
    pace = NEVER_WELL;
    world_client((struct gt_mcp_client_options){.authorise = authorise});
    ask("tools/list", NULL);
    ck_assert_int_eq(got.count, 0); /* not from inside the call */
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_UNREACHABLE);
    ck_assert_str_eq(got.message, "no token");
    ck_assert_uint_eq(world.seen.len, 0);
}
END_TEST

START_TEST(gives_up_an_authorization_that_takes_too_long)
{
    pace = LATER;
    sending_count = 0;
    world_client((struct gt_mcp_client_options){.authorise = authorise, .timeout_ms = 100});
    gt_mcp_connect(world.client, note, &got);
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_UNREACHABLE);
    ck_assert_str_eq(got.message, "no authorization in time");
    gt_mcp_connect(world.client, note, &other);
    gt_mcp_client_free(world.client);
    world.client = NULL;
    ck_assert_uint_eq(sending_count, 2);
    gt_mcp_send(sendings[0], &token, 1); /* nobody waits any more */
    gt_mcp_send_fail(sendings[1], "late");
    run_ms(20);
    ck_assert_uint_eq(world.seen.len, 0);
}
END_TEST

/* -- lists -- */

START_TEST(follows_the_pages_of_a_list)
{
    world_answer((struct answer)MODERN);
    world_answer(
        (struct answer){.body = RESULT("{\"tools\":[1,2],\"nextCursor\":\"a\"}"), .times = 1});
    world_answer((struct answer){.body = RESULT("{\"tools\":[],\"nextCursor\":\"\"}"), .times = 1});
    world_answer((struct answer){.body = RESULT("{\"tools\":[3],\"nextCursor\":null}")});
    world_client((struct gt_mcp_client_options){0});
    gt_mcp_list(world.client, "tools/list", "tools", note, &got);
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_OK);
    ck_assert_uint_eq(json_array_size(gt_at(got.result, "/tools")), 3);
    ck_assert_int_eq(json_integer_value(gt_at(got.result, "/pages")), 3);
    ck_assert_ptr_null(gt_at(world.seen.at[1].message, "/params/cursor"));
    ck_assert_str_eq(gt_text_at(world.seen.at[2].message, "/params/cursor"), "a");
    ck_assert_str_eq(gt_text_at(world.seen.at[3].message, "/params/cursor"), "");
}
END_TEST

START_TEST(ends_a_list_that_does_not)
{
    answer_modern((struct answer){.body = RESULT("{\"tools\":[1],\"nextCursor\":\"a\"}")});
    world_client((struct gt_mcp_client_options){0});
    gt_mcp_list(world.client, "tools/list", "tools", note, &got);
    run_until(&got);
    ck_assert_int_eq(got.failure, GT_MCP_GARBLED);
    ck_assert_str_eq(got.message, "tools/list: the same cursor came twice");
    ck_assert_uint_eq(world.seen.len, 3);
    gt_mcp_list(world.client, "prompts/list", "prompts", note, &got);
    run_until(&got);
    ck_assert_str_eq(got.message, "prompts/list: a page without its list");
}
END_TEST

static void add_connecting(Suite *suite)
{
    TCase *tests = tcase_create("connecting");
    tcase_add_checked_fixture(tests, setup, world_teardown);
    tcase_add_test(tests, discovers_a_modern_server_and_says_who_it_is);
    tcase_add_loop_test(tests, initializes_where_discovery_is_refused, 0, GT_COUNT(refusals));
    tcase_add_test(tests, does_not_take_a_missing_token_for_an_unknown_method);
    tcase_add_test(tests, tells_a_failed_connection_to_all_who_wait_and_tries_again_later);
    tcase_add_test(tests, connects_once_for_all_who_wait);
    tcase_add_test(tests, speaks_only_the_version_that_is_asked_for);
    tcase_add_test(tests, does_not_fall_back_from_the_only_version);
    tcase_add_test(tests, initializes_first_where_that_is_preferred);
    tcase_add_test(tests, opens_a_lost_session_again_and_repeats_once);
    tcase_add_test(tests, takes_a_404_without_session_as_it_is);
    tcase_add_test(tests, connects_anew_after_a_reset);
    suite_add_tcase(suite, tests);
}

static void add_cancelling(Suite *suite)
{
    TCase *tests = tcase_create("cancelling");
    tcase_add_checked_fixture(tests, setup, world_teardown);
    tcase_add_test(tests, cancels_by_closing_the_stream_at_2026_07_28);
    tcase_add_test(tests, cancels_by_saying_so_before);
    tcase_add_test(tests, cancels_what_timed_out);
    tcase_add_test(tests, cancels_what_has_not_been_sent_without_a_word);
    tcase_add_test(tests, is_cancelled_from_inside_a_notification);
    tcase_add_test(tests, drops_everything_when_it_goes);
    suite_add_tcase(suite, tests);
}

Suite *client_suite(void)
{
    Suite *suite = suite_create("client");
    add_connecting(suite);
    add_cancelling(suite);
    TCase *tests = tcase_create("answers");
    tcase_add_checked_fixture(tests, setup, world_teardown);
    tcase_add_test(tests, mirrors_names_in_headers_that_any_peer_reads);
    tcase_add_test(tests, mirrors_the_arguments_that_a_tool_wants_in_headers);
    tcase_add_test(tests, follows_an_event_stream_to_its_answer);
    tcase_add_loop_test(tests, takes_the_messages_of_a_batch, 0, GT_COUNT(batches));
    tcase_add_test(tests, does_not_wait_for_the_end_of_a_stream_that_has_answered);
    tcase_add_test(tests, answers_what_a_server_asks);
    tcase_add_loop_test(tests, names_what_went_wrong, 0, GT_COUNT(failures));
    tcase_add_test(tests, says_that_nobody_listens);
    tcase_add_test(tests, sends_each_request_with_its_authorization);
    tcase_add_test(tests, waits_for_the_authorization);
    tcase_add_test(tests, fails_without_authorization);
    tcase_add_test(tests, gives_up_an_authorization_that_takes_too_long);
    tcase_add_test(tests, follows_the_pages_of_a_list);
    tcase_add_test(tests, ends_a_list_that_does_not);
    suite_add_tcase(suite, tests);
    return suite;
}
