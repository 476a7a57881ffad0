/* The server's core, spoken to over a pipe. */
#include "mcp_suites.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/mcp/stdio.h>
#include <loop_run.h>
#include <string.h>
#include <unistd.h>

GT_TEST_ARENA

static struct gt_loop *loop;
static struct gt_mcp_server *server;
static struct gt_mcp_stdio *stdio;
static int to_server[2], from_server[2];
static struct gt_buf trace, output;
static struct gt_mcp_call *parked;
static bool ended;

static void echo(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_result(call, json_pack("{s:O}", "params", call->params));
}

static void shared(void *self, struct gt_mcp_call *call)
{
    json_t *document = self;
    gt_mcp_result(call, json_incref(document));
}

static void park(void *self, struct gt_mcp_call *call)
{
    (void)self;
    parked = call;
}

static void missing(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_error(call, GT_MCP_RESOURCE_NOT_FOUND, "no such resource",
                 json_pack("{s:s}", "uri", "x:y"));
}

static void tool_error(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_tool_error(call, "%s", "caf\xe9 is closed");
}

static void list(void *self, struct gt_mcp_call *call)
{
    (void)self;
    json_auto_t *items = json_pack("[i, i, i, i, i]", 1, 2, 3, 4, 5);
    json_t *result = gt_mcp_page(call, "tools", items, 2);
    if (result != NULL)
        gt_mcp_result(call, result);
}

static void news(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_notify(call, "notifications/message",
                  json_pack("{s:s, s:s}", "level", "info", "data", "a"));
    gt_mcp_notify(call, "notifications/message",
                  json_pack("{s:s, s:s}", "level", "error", "data", "b"));
    gt_mcp_progress(call, 1, 2, NULL);
    gt_mcp_progress(call, 1, 2, "again");
    gt_mcp_progress(call, 1.5, -1, "half");
    gt_mcp_result(call, NULL);
}

static void note(void *payload)
{
    gt_buf_addf(&trace, "%s;", (const char *)payload);
}

static void waiting(void *self, struct gt_mcp_call *call)
{
    static char word[] = "cancelled";
    (void)self;
    gt_mcp_on_cancel(call, note, word);
    parked = call;
}

static void answered(void *payload, const json_t *result, const json_t *error)
{
    struct gt_mcp_call *call = payload;
    const json_t *known = result != NULL ? result : error;
    gt_mcp_result(call,
                  json_pack("{s:o}", "heard", known != NULL ? json_deep_copy(known) : json_null()));
}

static int64_t patience_ms;

static void asking(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_ask(call, "roots/list", NULL, patience_ms, answered, call);
}

static const struct gt_mcp_method methods[] = {
    {"echo", 0, echo},
    {"shared", GT_MCP_LIST, shared},
    {"park", 0, park},
    {"missing", 0, missing},
    {"tool_error", 0, tool_error},
    {"tools/list", GT_MCP_LIST, list},
    {"news", 0, news},
    {"waiting", 0, waiting},
    {"asking", 0, asking},
    {"old", GT_MCP_LEGACY, echo},
    {"new", GT_MCP_MODERN, echo},
    {NULL, 0, NULL},
};

static void on_end(void *payload)
{
    (void)payload;
    ended = true;
}

static void serve(const enum gt_mcp_version *versions)
{
    struct gt_mcp_server_options options = {
        .loop = loop,
        .server_info = gt_pack(arena, "{s:s, s:s}", "name", "tested", "version", "1"),
        .capabilities = gt_pack(arena, "{s:{s:b}, s:{}, s:{s:b}}", "tools", "listChanged", 1,
                                "logging", "resources", "subscribe", 1),
        .instructions = "be kind",
        .methods = methods,
        .self = gt_pack(arena, "{s:i, s:{s:i}, s:s}", "a", 1, "_meta", "own", 1, "resultType",
                        "special"),
        .ttl_ms = 5000,
        .versions = versions,
    };
    server = gt_mcp_server_new(&options);
    stdio = gt_mcp_stdio_serve(server, loop, to_server[0], from_server[1], NULL, on_end, NULL);
}

static void setup(void)
{
    arena_setup();
    loop = gt_loop_new(gt_sys_real());
    trace = gt_buf_init(4096);
    output = gt_buf_init(1024 * 1024);
    parked = NULL;
    ended = false;
    ck_assert_int_eq(pipe(to_server), 0);
    ck_assert_int_eq(pipe(from_server), 0);
}

static void teardown(void)
{
    gt_mcp_stdio_free(stdio);
    gt_mcp_server_free(server);
    gt_loop_free(loop);
    gt_buf_done(&trace);
    gt_buf_done(&output);
    close(to_server[0]);
    close(from_server[0]);
    close(from_server[1]);
    arena_teardown();
}

static void put(const char *line)
{
    ck_assert_int_eq(write(to_server[1], line, strlen(line)), (ssize_t)strlen(line));
    ck_assert_int_eq(write(to_server[1], "\n", 1), 1);
}

static void shut(void)
{
    close(to_server[1]);
}

static void stop(void *payload)
{
    gt_loop_stop(payload);
}

/* Runs for a moment, and gives what was written since: canonical, a line each. */
static const char *said(void)
{
    char bytes[65536];
    gt_test_run_ms(loop, 40);
    ck_assert_int_eq(write(from_server[1], "[]\n", 3), 3); /* so that reading does not block */
    ssize_t len = read(from_server[0], bytes, sizeof(bytes) - 1);
    ck_assert_int_ge(len, 3);
    bytes[len - 3] = '\0';
    output.len = 0;
    gt_buf_adds(&output, "");
    for (char *line = bytes, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        json_t *message = gt_keep(arena, json_loads(line, 0, NULL));
        ck_assert_msg(message != NULL, "not JSON: %s", line);
        gt_buf_addf(&output, "%s\n", gt_json_canonical(arena, message));
    }
    return gt_strdup(arena, gt_buf_text(&output));
}

#define MODERN                                                                                     \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","                       \
    "\"io.modelcontextprotocol/clientCapabilities\":{}}"
#define INFO                                                                                       \
    "\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{\"name\":\"tested\",\"version\":\"1\"}}"

static void is(const char *request, const char *response)
{
    put(request);
    ck_assert_str_eq(said(), response);
}

static void has(const char *request, const char *part)
{
    put(request);
    const char *answer = said();
    ck_assert_msg(strstr(answer, part) != NULL, "%s\n is not in\n%s", part, answer);
}

START_TEST(initialize_agrees_on_a_version)
{
    serve(NULL);
    is("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
       "\"2025-06-18\"}}",
       "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{\"capabilities\":{\"logging\":{},\"resources\":{"
       "\"subscribe\":true},\"tools\":{\"listChanged\":true}},\"instructions\":\"be kind\","
       "\"protocolVersion\":\"2025-06-18\",\"serverInfo\":{\"name\":\"tested\",\"version\":\"1\"}}"
       "}\n");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
        "\"2024-11-05\"}}",
        "\"protocolVersion\":\"2025-11-25\"");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
        "\"2026-07-28\"}}",
        "\"protocolVersion\":\"2025-11-25\"");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\"}", "-32602");
}
END_TEST

START_TEST(a_server_for_modern_clients_names_its_versions)
{
    static const enum gt_mcp_version only[] = {GT_MCP_2026_07_28, GT_MCP_UNKNOWN};
    serve(only);
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
        "\"2025-06-18\"}}",
        "\"code\":-32022,\"data\":{\"requested\":\"2025-06-18\",\"supported\":[\"2026-07-28\"]}");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}", "-32020");
    has("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}]", "-32600");
}
END_TEST

START_TEST(discover_says_what_is_served)
{
    serve(NULL);
    is("{\"jsonrpc\":\"2.0\",\"id\":\"d\",\"method\":\"server/discover\",\"params\":{" MODERN "}}",
       "{\"id\":\"d\",\"jsonrpc\":\"2.0\",\"result\":{" INFO ",\"cacheScope\":\"public\","
       "\"capabilities\":{\"logging\":{},\"resources\":{\"subscribe\":true},\"tools\":{"
       "\"listChanged\":true}},\"instructions\":\"be kind\",\"resultType\":\"complete\","
       "\"supportedVersions\":[\"2026-07-28\",\"2025-11-25\",\"2025-06-18\",\"2025-03-26\"],"
       "\"ttlMs\":5000}}\n");
}
END_TEST

START_TEST(legacy_results_stay_as_they_are)
{
    serve(NULL);
    is("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
       "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{}}\n");
    is("{\"jsonrpc\":\"2.0\",\"id\":\"\\\"\\u00e9\",\"method\":\"echo\",\"params\":{\"a\":[1]}}",
       "{\"id\":\"\\\"\xc3\xa9\",\"jsonrpc\":\"2.0\",\"result\":{\"params\":{\"a\":[1]}}}\n");
    is("{\"jsonrpc\":\"2.0\",\"id\":9007199254740993,\"method\":\"shared\"}",
       "{\"id\":9007199254740993,\"jsonrpc\":\"2.0\",\"result\":{\"_meta\":{\"own\":1},\"a\":1,"
       "\"resultType\":\"special\"}}\n");
}
END_TEST

START_TEST(modern_results_carry_what_they_must)
{
    serve(NULL);
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{" MODERN "}}",
        "\"resultType\":\"complete\"}");
    for (int twice = 0; twice < 2; twice++)
        is("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"shared\",\"params\":{" MODERN "}}",
           "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{\"_meta\":{\"io.modelcontextprotocol/"
           "serverInfo\":{\"name\":\"tested\",\"version\":\"1\"},\"own\":1},\"a\":1,\"cacheScope\":"
           "\"public\",\"resultType\":\"special\",\"ttlMs\":5000}}\n");
    is("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"news\",\"params\":{" MODERN "}}",
       "{\"id\":2,\"jsonrpc\":\"2.0\",\"result\":{" INFO ",\"resultType\":\"complete\"}}\n");
}
END_TEST

START_TEST(modern_requests_must_say_what_they_speak)
{
    serve(NULL);
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{\"_meta\":{"
        "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"}}}",
        "-32602");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{\"_meta\":{"
        "\"io.modelcontextprotocol/protocolVersion\":7}}}",
        "-32602");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{\"_meta\":{"
        "\"io.modelcontextprotocol/protocolVersion\":\"1900-01-01\"}}}",
        "\"code\":-32022,\"data\":{\"requested\":\"1900-01-01\"");
}
END_TEST

START_TEST(methods_belong_to_eras)
{
    serve(NULL);
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"old\"}", "\"result\"");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"new\"}", "-32601");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server/discover\"}", "-32601");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"new\",\"params\":{" MODERN "}}", "\"result\"");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"old\",\"params\":{" MODERN "}}", "-32601");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{" MODERN "}}", "-32601");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{" MODERN "}}",
        "-32601");
}
END_TEST

START_TEST(resources_that_are_not_there_have_the_code_of_the_era)
{
    serve(NULL);
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"missing\"}",
        "\"error\":{\"code\":-32002,\"data\":{\"uri\":\"x:y\"}");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"missing\",\"params\":{" MODERN "}}",
        "\"error\":{\"code\":-32602,\"data\":{\"uri\":\"x:y\"}");
}
END_TEST

START_TEST(tool_errors_are_results)
{
    serve(NULL);
    is("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tool_error\"}",
       "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{\"content\":[{\"text\":\"caf? is closed\","
       "\"type\":\"text\"}],\"isError\":true}}\n");
}
END_TEST

START_TEST(pages_follow_their_cursors)
{
    serve(NULL);
    put("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"cursor\":\"\"}}");
    const json_t *page = gt_keep(arena, json_loads(said(), 0, NULL));
    ck_assert_int_eq(json_integer_value(gt_at(page, "/result/tools/1")), 2);
    for (int next = 4; next < 6; next++) {
        const char *cursor = gt_text_at(page, "/result/nextCursor");
        ck_assert_ptr_nonnull(cursor);
        put(gt_printf(arena,
                      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{"
                      "\"cursor\":\"%s\"}}",
                      cursor));
        page = gt_keep(arena, json_loads(said(), 0, NULL));
        const json_t *tools = gt_at(page, "/result/tools");
        ck_assert_int_eq(json_integer_value(json_array_get(tools, json_array_size(tools) - 1)),
                         next);
    }
    ck_assert_ptr_null(gt_at(page, "/result/nextCursor"));
    static const char *const foreign[] = {"\"x\"", "7", "\"dG9vbHM6OQ==\"", "\"dG9vbHM6KzI=\"",
                                          "\"cHJvbXB0czoy\""};
    for (size_t i = 0; i < GT_COUNT(foreign); i++)
        has(gt_printf(arena,
                      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{"
                      "\"cursor\":%s}}",
                      foreign[i]),
            "-32602");
}
END_TEST

START_TEST(log_levels_hold_for_the_connection)
{
    serve(NULL);
    put("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"news\"}");
    const char *all = said();
    ck_assert_ptr_nonnull(strstr(all, "\"level\":\"info\""));
    ck_assert_ptr_null(strstr(all, "progress"));
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"logging/setLevel\",\"params\":{\"level\":"
        "\"loud\"}}",
        "-32602");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"logging/setLevel\",\"params\":{\"level\":"
        "\"error\"}}",
        "\"result\":{}");
    put("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"news\"}");
    const char *some = said();
    ck_assert_ptr_null(strstr(some, "\"level\":\"info\""));
    ck_assert_ptr_nonnull(strstr(some, "\"level\":\"error\""));
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"news\",\"params\":{\"_meta\":{"
        "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
        "\"io.modelcontextprotocol/logLevel\":\"info\","
        "\"io.modelcontextprotocol/clientCapabilities\":{}}}}",
        "\"level\":\"info\"");
}
END_TEST

START_TEST(progress_grows_and_has_the_token)
{
    serve(NULL);
    put("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"news\",\"params\":{\"_meta\":{"
        "\"progressToken\":\"t\"}}}");
    const char *text = said();
    ck_assert_ptr_nonnull(
        strstr(text, "\"params\":{\"progress\":1,\"progressToken\":\"t\",\"total\":2}}\n"));
    ck_assert_ptr_nonnull(strstr(
        text, "\"params\":{\"message\":\"half\",\"progress\":1.5,\"progressToken\":\"t\"}}\n"));
    ck_assert_ptr_null(strstr(text, "again"));
}
END_TEST

START_TEST(cancelled_calls_are_told_and_get_no_response)
{
    serve(NULL);
    put("{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"waiting\"}");
    put("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":"
        "\"5\"}}");
    ck_assert_str_eq(said(), "");
    ck_assert(!gt_mcp_cancelled(parked));
    is("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":5}}",
       "");
    ck_assert_str_eq(gt_buf_text(&trace), "cancelled;");
    ck_assert(gt_mcp_cancelled(parked));
    gt_mcp_progress(parked, 1, 1, NULL);
    gt_mcp_result(parked, NULL);
    ck_assert_str_eq(said(), "");
    ck_assert_uint_eq(gt_mcp_server_open(server), 0);
}
END_TEST

START_TEST(what_is_asked_is_answered_by_id_or_by_time)
{
    serve(NULL);
    patience_ms = 20;
    put("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"asking\"}");
    const char *timed_out = said();
    ck_assert_ptr_nonnull(strstr(timed_out, "notifications/cancelled"));
    ck_assert_ptr_nonnull(strstr(timed_out, "{\"heard\":null}"));
    patience_ms = 60000;
    put("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"asking\"}");
    gt_test_run_ms(loop, 5);
    char bytes[1024] = "";
    ck_assert_int_gt(read(from_server[0], bytes, sizeof(bytes) - 1), 0);
    const json_t *question = gt_keep(arena, json_loads(bytes, 0, NULL));
    ck_assert_str_eq(gt_text_at(question, "/method"), "roots/list");
    const char *id = gt_text_at(question, "/id");
    ck_assert_uint_eq(strlen(id), 32);
    put("{\"jsonrpc\":\"2.0\",\"id\":\"00000000000000000000000000000000\",\"result\":{}}");
    put(gt_printf(arena, "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"result\":{\"roots\":[]}}", id));
    ck_assert_str_eq(said(), "{\"id\":2,\"jsonrpc\":\"2.0\",\"result\":{\"heard\":{\"roots\":[]}}"
                             "}\n");
    has("{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"asking\",\"params\":{" MODERN "}}",
        "\"heard\":null");
}
END_TEST

START_TEST(listeners_hear_what_they_asked_for)
{
    serve(NULL);
    is("{\"jsonrpc\":\"2.0\",\"id\":\"s\",\"method\":\"subscriptions/listen\",\"params\":{" MODERN
       ",\"notifications\":{\"toolsListChanged\":true,\"promptsListChanged\":true,"
       "\"resourceSubscriptions\":[\"x:y\"]}}}",
       "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\",\"params\":{"
       "\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":\"s\"},\"notifications\":{"
       "\"resourceSubscriptions\":[\"x:y\"],\"toolsListChanged\":true}}}\n");
    gt_mcp_list_changed(server, "tools");
    gt_mcp_list_changed(server, "prompts");
    gt_mcp_resource_updated(server, "x:z");
    gt_mcp_resource_updated(server, "x:y");
    ck_assert_str_eq(
        said(),
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\",\"params\":{"
        "\"_meta\":{\"io.modelcontextprotocol/subscriptionId\":\"s\"}}}\n"
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/resources/updated\",\"params\":{\"_meta\":"
        "{\"io.modelcontextprotocol/subscriptionId\":\"s\"},\"uri\":\"x:y\"}}\n");
    gt_mcp_server_quiesce(server);
    ck_assert_str_eq(said(),
                     "{\"id\":\"s\",\"jsonrpc\":\"2.0\",\"result\":{\"_meta\":{"
                     "\"io.modelcontextprotocol/serverInfo\":{\"name\":\"tested\",\"version\":"
                     "\"1\"},\"io.modelcontextprotocol/subscriptionId\":\"s\"},\"resultType\":"
                     "\"complete\"}}\n");
    has("{\"jsonrpc\":\"2.0\",\"id\":\"s\",\"method\":\"subscriptions/listen\",\"params\":{" MODERN
        "}}",
        "-32602");
    has("{\"jsonrpc\":\"2.0\",\"id\":\"s\",\"method\":\"subscriptions/listen\",\"params\":{" MODERN
        ",\"notifications\":{}}}",
        "\"notifications\":{}");
    is("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":"
       "\"s\"}}",
       "");
    ck_assert_uint_eq(gt_mcp_server_open(server), 0);
}
END_TEST

START_TEST(legacy_connections_hear_of_changed_lists)
{
    serve(NULL);
    gt_mcp_list_changed(server, "tools");
    ck_assert_str_eq(said(), "");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
        "\"2025-06-18\"}}",
        "\"result\"");
    gt_mcp_list_changed(server, "tools");
    ck_assert_str_eq(said(),
                     "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n");
}
END_TEST

START_TEST(batches_are_of_one_version)
{
    serve(NULL);
    is("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"method\":"
       "\"notifications/initialized\"},{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"nope\"},5]",
       "[{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{}},{\"error\":{\"code\":-32601,\"message\":"
       "\"unknown method \\\"nope\\\"\"},\"id\":2,\"jsonrpc\":\"2.0\"},{\"error\":{\"code\":-32600,"
       "\"message\":\"the message is not a JSON object\"},\"jsonrpc\":\"2.0\"}]\n");
    has("[]", "the batch is empty");
    is("[{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}]", "");
    has("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
        "\"2025-06-18\"}}",
        "\"result\"");
    has("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
        "{\"error\":{\"code\":-32600,\"message\":\"batches are served at 2025-03-26 only\"},\"id\":"
        "null,\"jsonrpc\":\"2.0\"}");
}
END_TEST

START_TEST(what_is_of_other_versions_does_not_go_into_a_batch)
{
    serve(NULL);
    is("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
       "\"2025-06-18\"}},{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"new\",\"params\":{" MODERN
       "}},{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ping\"}]",
       "[{\"error\":{\"code\":-32600,\"message\":\"initialize does not go into a batch\"},\"id\":1,"
       "\"jsonrpc\":\"2.0\"},{\"error\":{\"code\":-32600,\"message\":\"batches are served at "
       "2025-03-26 only\"},\"id\":2,\"jsonrpc\":\"2.0\"},{\"id\":3,\"jsonrpc\":\"2.0\",\"result\":{"
       "}}]\n");
}
END_TEST

static void read_all(void *payload, int fd)
{
    struct gt_buf *came = payload;
    char bytes[65536];
    ssize_t len = read(fd, bytes, sizeof(bytes));
    ck_assert_int_gt(len, 0);
    gt_buf_add(came, bytes, (size_t)len);
    const size_t tail = came->len < 400 ? 0 : came->len - 400;
    if (strstr(gt_buf_text(came) + tail, "\"result\":") != NULL && gt_ends_with(came->ptr, "}\n"))
        gt_loop_stop(loop);
}

START_TEST(a_client_that_does_not_read_misses_news)
{
    enum { NEWS = 2000, URI_SIZE = 16 * 1024, MOST = 20 * 1024 * 1024 };
    serve(NULL);
    char *uri = gt_alloc(arena, URI_SIZE + 1);
    memset(uri, 'x', URI_SIZE);
    uri[URI_SIZE] = '\0';
    put(gt_printf(
        arena,
        "{\"jsonrpc\":\"2.0\",\"id\":\"s\",\"method\":\"subscriptions/listen\",\"params\":{"
        "%s,\"notifications\":{\"resourceSubscriptions\":[\"%s\"]}}}",
        MODERN, uri));
    while (gt_mcp_server_open(server) == 0) {
        gt_timer_start(loop, 5, stop, loop);
        gt_loop_run(loop);
    }
    for (int i = 0; i < NEWS; i++)
        gt_mcp_resource_updated(server, uri);
    gt_mcp_server_quiesce(server);
    struct gt_buf came = gt_buf_init((size_t)64 * 1024 * 1024);
    gt_loop_watch(loop, from_server[0], read_all, &came);
    gt_loop_run(loop);
    gt_loop_unwatch(loop, from_server[0]);
    ck_assert_uint_gt(came.len, MOST / 2);
    ck_assert_uint_lt(came.len, MOST);
    gt_buf_done(&came);
}
END_TEST

START_TEST(hostile_lines_are_errors)
{
    serve(NULL);
    has("{\"jsonrpc\":\"2.0\",", "-32700");
    has("{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"ping\"}", "-32600");
    has("{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\",\"params\":[1]}", "\"id\":4");
    has("{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"echo\",\"params\":{\"_meta\":5}}",
        "{\"params\":{\"_meta\":5}}");
    is("{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}", "");
    is("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}", "");
}
END_TEST

static void heard_nothing(void *payload, const json_t *result, const json_t *error)
{
    (void)payload;
    gt_buf_adds(&trace, result == NULL && error == NULL ? "nothing;" : "something;");
}

START_TEST(open_calls_are_finished_after_the_end_of_input)
{
    serve(NULL);
    put("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"park\"}");
    put("{\"jsonrpc\":\"2.0\",\"id\":\"s\",\"method\":\"subscriptions/listen\",\"params\":{" MODERN
        ",\"notifications\":{}}}");
    shut();
    said();
    ck_assert(!ended);
    ck_assert_uint_eq(gt_mcp_server_open(server), 1);
    gt_mcp_ask(parked, "roots/list", NULL, 60000, heard_nothing, NULL);
    ck_assert_str_eq(gt_buf_text(&trace), "nothing;");
    gt_mcp_notify(parked, "notifications/x", NULL);
    gt_mcp_result(parked, NULL);
    ck_assert_str_eq(said(), "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}\n"
                             "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{}}\n");
    ck_assert(ended);
}
END_TEST

START_TEST(calls_may_outlive_their_pipe)
{
    serve(NULL);
    put("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"waiting\"}");
    said();
    gt_mcp_stdio_free(stdio);
    stdio = NULL;
    ck_assert_str_eq(gt_buf_text(&trace), "cancelled;");
    gt_mcp_result(parked, NULL);
    ck_assert_str_eq(said(), "");
}
END_TEST

Suite *server_suite(void)
{
    Suite *suite = suite_create("server");
    TCase *tests = tcase_create("server");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, initialize_agrees_on_a_version);
    tcase_add_test(tests, a_server_for_modern_clients_names_its_versions);
    tcase_add_test(tests, discover_says_what_is_served);
    tcase_add_test(tests, legacy_results_stay_as_they_are);
    tcase_add_test(tests, modern_results_carry_what_they_must);
    tcase_add_test(tests, modern_requests_must_say_what_they_speak);
    tcase_add_test(tests, methods_belong_to_eras);
    tcase_add_test(tests, resources_that_are_not_there_have_the_code_of_the_era);
    tcase_add_test(tests, tool_errors_are_results);
    tcase_add_test(tests, pages_follow_their_cursors);
    tcase_add_test(tests, log_levels_hold_for_the_connection);
    tcase_add_test(tests, progress_grows_and_has_the_token);
    tcase_add_test(tests, cancelled_calls_are_told_and_get_no_response);
    tcase_add_test(tests, what_is_asked_is_answered_by_id_or_by_time);
    tcase_add_test(tests, listeners_hear_what_they_asked_for);
    tcase_add_test(tests, legacy_connections_hear_of_changed_lists);
    tcase_add_test(tests, batches_are_of_one_version);
    tcase_add_test(tests, what_is_of_other_versions_does_not_go_into_a_batch);
    tcase_add_test(tests, a_client_that_does_not_read_misses_news);
    tcase_add_test(tests, hostile_lines_are_errors);
    tcase_add_test(tests, open_calls_are_finished_after_the_end_of_input);
    tcase_add_test(tests, calls_may_outlive_their_pipe);
    suite_add_tcase(suite, tests);
    return suite;
}
