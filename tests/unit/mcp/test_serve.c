/* The server over HTTP, spoken to byte by byte. */
#include "mcp_suites.h"

#include <arpa/inet.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/mcp/http.h>
#include <loop_run.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

GT_TEST_ARENA

struct peer {
    int fd;
    struct gt_buf came;
    bool ended;
};

static struct gt_loop *loop;
static struct gt_server *http_server;
static struct gt_mcp_server *server;
static struct gt_mcp_http_options http_options;
static struct gt_mcp_call *parked;
static struct gt_buf trace;
static GT_VEC(struct peer *) peers;

static void echo(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_result(call, json_pack("{s:s}", "method", call->method));
}

static void progress(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_progress(call, 1, -1, NULL);
    gt_mcp_result(call, json_pack("{s:b}", "done", 1));
}

static void note(void *payload)
{
    (void)payload;
    gt_buf_adds(&trace, "cancelled;");
}

static void park(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_on_cancel(call, note, NULL);
    parked = call;
}

static void give_in(void *payload)
{
    gt_mcp_result(payload, NULL);
}

/* Answers as soon as it is cancelled. */
static void quick(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_on_cancel(call, give_in, call);
}

static void heard(void *payload, const json_t *result, const json_t *error)
{
    (void)error;
    gt_mcp_result(payload, json_pack("{s:b}", "heard", result != NULL));
}

static void asking(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_ask(call, "roots/list", NULL, 60000, heard, call);
}

static void lacking(void *self, struct gt_mcp_call *call)
{
    (void)self;
    gt_mcp_error(call, GT_MCP_MISSING_CAPABILITY, "sampling is needed", NULL);
}

static const struct gt_mcp_method methods[] = {
    {"tools/list", GT_MCP_LIST, echo},
    {"tools/call", GT_MCP_NAMED, echo},
    {"resources/read", GT_MCP_NAMED | GT_MCP_LIST, echo},
    {"progress", 0, progress},
    {"park", 0, park},
    {"quick", 0, quick},
    {"asking", 0, asking},
    {"lacking", 0, lacking},
    {NULL, 0, NULL},
};

static const json_t *mirrored(void *self, struct gt_mcp_call *call)
{
    const char *name = gt_text_at(call->params, "/name");
    return gt_streq(name, "mirror") ? self : NULL;
}

static void on_request(void *payload, struct gt_exchange *exchange)
{
    (void)payload;
    if (gt_mcp_http_admit(&http_options, exchange))
        gt_mcp_http_serve(server, &http_options, exchange, NULL);
}

static void setup(void)
{
    arena_setup();
    loop = gt_loop_new(gt_sys_real());
    trace = gt_buf_init(1024);
    http_options = (struct gt_mcp_http_options){0};
    memset(&peers, 0, sizeof(peers));
    struct gt_mcp_server_options options = {
        .loop = loop,
        .server_info = gt_pack(arena, "{s:s, s:s}", "name", "tested", "version", "1"),
        .capabilities = gt_pack(arena, "{s:{s:b}}", "tools", "listChanged", 1),
        .methods = methods,
        .self = gt_pack(arena, "{s:s, s:s, s:s, s:s}", "text", "Text", "count", "Count", "flag",
                        "Flag", "/deep/er", "Deep"),
        .private_lists = true,
        .mirrored = mirrored,
    };
    server = gt_mcp_server_new(&options);
    struct gt_server_options listen = {.host = "127.0.0.1", .handler = on_request};
    ck_assert(gt_server_start(loop, &listen, &http_server, &diags));
}

static void teardown(void)
{
    for (size_t i = 0; i < peers.len; i++) {
        if (!peers.at[i]->ended)
            gt_loop_unwatch(loop, peers.at[i]->fd);
        close(peers.at[i]->fd);
        gt_buf_done(&peers.at[i]->came);
    }
    gt_mcp_server_free(server);
    gt_server_free(http_server);
    gt_loop_free(loop);
    gt_buf_done(&trace);
    arena_teardown();
}

static void on_bytes(void *payload, int fd)
{
    struct peer *peer = payload;
    char bytes[65536];
    ssize_t len = read(fd, bytes, sizeof(bytes));
    if (len > 0) {
        gt_buf_add(&peer->came, bytes, (size_t)len);
        return;
    }
    peer->ended = true;
    gt_loop_unwatch(loop, fd);
    gt_loop_stop(loop);
}

static struct peer *send_request(const char *method, const char *headers, const char *body)
{
    struct peer *peer = GT_NEW(arena, struct peer);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)gt_server_port(http_server)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    *GT_PUSH(arena, &peers) = peer;
    peer->came = gt_buf_init(1024 * 1024);
    peer->fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(peer->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    const char *host = strstr(headers, "Host:") != NULL ? "" : "Host: localhost:1\r\n";
    const char *text = gt_printf(arena,
                                 "%s /mcp HTTP/1.1\r\n%s%sContent-Length: %zu\r\nConnection: close"
                                 "\r\n\r\n%s",
                                 method, host, headers, strlen(body), body);
    ck_assert_int_eq(write(peer->fd, text, strlen(text)), (ssize_t)strlen(text));
    gt_loop_watch(loop, peer->fd, on_bytes, peer);
    return peer;
}

enum { PATIENCE_MS = 60000 };

/* Until the answer is whole or time is up. */
static const char *answer_of(struct peer *peer, int64_t ms)
{
    gt_test_run_until(loop, ms, &peer->ended);
    return gt_buf_text(&peer->came);
}

static const char *ask(const char *headers, const char *body)
{
    return answer_of(send_request("POST", headers, body), PATIENCE_MS);
}

static void is(const char *headers, const char *body, const char *status, const char *part)
{
    const char *answer = ask(headers, body);
    ck_assert_msg(gt_starts_with(answer, gt_printf(arena, "HTTP/1.1 %s ", status)),
                  "%s%s\nis not %s:\n%s", headers, body, status, answer);
    ck_assert_msg(strstr(answer, part) != NULL, "%s%s\nhas no %s:\n%s", headers, body, part,
                  answer);
}

#define BOTH "Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n"
#define OLD BOTH "MCP-Protocol-Version: 2025-11-25\r\n"
#define NEW BOTH "MCP-Protocol-Version: 2026-07-28\r\n"
#define META                                                                                       \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","                       \
    "\"io.modelcontextprotocol/clientCapabilities\":{},\"progressToken\":1}"
#define CALL(method) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\"}"
#define MODERN(method, params)                                                                     \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":{" META params "}}"

START_TEST(legacy_versions_are_served_and_others_refused)
{
    is(BOTH, CALL("ping"), "200", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
    is(OLD, CALL("ping"), "200", "Content-Type: application/json");
    is(BOTH "MCP-Protocol-Version: 2025-03-26\r\n", CALL("ping"), "200", "\"result\"");
    is(BOTH "MCP-Protocol-Version: 1999-01-01\r\n", CALL("ping"), "400", "-32022");
    is(BOTH "MCP-Protocol-Version: \x01\r\n", CALL("ping"), "400", "");
    is(OLD, CALL("nope"), "200", "-32601");
    is(OLD, CALL("lacking"), "200", "-32021");
    is(OLD, CALL("server/discover"), "200", "-32601");
    is(BOTH "MCP-Protocol-Version: 1999-01-01\r\n",
       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
       "\"2025-06-18\"}}",
       "200", "\"protocolVersion\":\"2025-06-18\"");
}
END_TEST

START_TEST(notifications_and_answers_are_accepted_without_a_body)
{
    static const char *const rows[] = {
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"}",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/unheard-of\",\"params\":{}}",
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        is(OLD, rows[i], "202", "");
        ck_assert(gt_ends_with(ask(OLD, rows[i]), "\r\n\r\n"));
    }
    is(NEW, rows[0], "202", "");
    is(BOTH "MCP-Protocol-Version: x\r\n", rows[0], "400", "-32022");
    is(OLD, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{}}", "400", "\"id\":null");
}
END_TEST

START_TEST(what_is_no_message_is_a_bad_request)
{
    is(OLD, "{\"jsonrpc\":", "400", "-32700");
    is(OLD, "", "400", "-32700");
    is(NEW, "{\"jsonrpc\":", "400", "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700");
    is(OLD, "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", "400", "\"id\":null");
    is(OLD, "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"ping\",\"params\":[]}", "400", "\"id\":8");
    http_options.max_depth = 3;
    is(OLD, "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"ping\",\"params\":{\"a\":{\"b\":{}}}}",
       "400", "deeper than 3 levels");
}
END_TEST

START_TEST(media_types_and_methods_are_checked)
{
    is("Content-Type: text/plain\r\n", CALL("ping"), "415", "");
    is("Content-Type: Application/JSON; charset=utf-8\r\n", CALL("ping"), "200", "");
    is("Accept: text/html\r\n", CALL("ping"), "406", "");
    is("Accept: */*\r\n", CALL("ping"), "200", "application/json");
    is("Accept: text/event-stream\r\n", CALL("ping"), "200", "data: {\"jsonrpc\"");
    is("", CALL("ping"), "200", "application/json");
    const char *answer = answer_of(send_request("GET", OLD, ""), PATIENCE_MS);
    ck_assert(gt_starts_with(answer, "HTTP/1.1 405 "));
    ck_assert_ptr_nonnull(strstr(answer, "Allow: POST\r\n"));
    ck_assert(
        gt_starts_with(answer_of(send_request("DELETE", OLD, ""), PATIENCE_MS), "HTTP/1.1 405 "));
}
END_TEST

START_TEST(modern_requests_have_headers_that_say_the_same)
{
    is(NEW "Mcp-Method: tools/list\r\n", MODERN("tools/list", ""), "200",
       "\"cacheScope\":\"private\"");
    is(NEW "mcp-method: tools/list \r\n", MODERN("tools/list", ""), "200", "\"resultType\"");
    is(NEW "Mcp-Method: TOOLS/LIST\r\n", MODERN("tools/list", ""), "400", "-32020");
    is(NEW, MODERN("tools/list", ""), "400", "-32020");
    is(NEW "Mcp-Method: tools/list\r\nMcp-Method: tools/call\r\n", MODERN("tools/list", ""), "400",
       "-32020");
    is(BOTH "Mcp-Method: tools/list\r\n", MODERN("tools/list", ""), "400", "-32020");
    is(OLD "Mcp-Method: tools/list\r\n", MODERN("tools/list", ""), "400", "-32020");
    is(NEW "Mcp-Method: tools/list\r\nMcp-Protocol-Version: 2026-07-28\r\n",
       MODERN("tools/list", ""), "400", "-32020");
    is(NEW "Mcp-Method: tools/list\r\n", CALL("tools/list"), "400", "-32602");
    is(NEW "Mcp-Method: nope\r\n", MODERN("nope", ""), "404", "-32601");
    is(NEW "Mcp-Method: ping\r\n", MODERN("ping", ""), "404", "-32601");
    is(NEW "Mcp-Method: lacking\r\n", MODERN("lacking", ""), "400", "-32021");
}
END_TEST

START_TEST(names_are_mirrored_plain_or_encoded)
{
    const char *call = MODERN("tools/call", ",\"name\":\"caf\xc3\xa9\"");
#define TOOL NEW "Mcp-Method: tools/call\r\n"
    is(TOOL "Mcp-Name: =?base64?Y2Fmw6k=?=\r\n", call, "200", "");
    is(TOOL "Mcp-Name: =?base64?Y2Fmw6k?=\r\n", call, "400", "-32020");
    is(TOOL "Mcp-Name: =?base64?Y2FmAA==?=\r\n", call, "400", "-32020");
    is(TOOL "Mcp-Name: caf\xc3\xa9\r\n", call, "400", "-32020");
    is(TOOL, call, "400", "-32020");
    is(TOOL, MODERN("tools/call", ""), "200", "");
    is(TOOL "Mcp-Name: x\r\n", MODERN("tools/call", ""), "400", "-32020");
    is(NEW "Mcp-Method: resources/read\r\nMcp-Name: a:b\r\n",
       MODERN("resources/read", ",\"uri\":\"a:b\""), "200", "ttlMs");
}
END_TEST

struct mirror_row {
    const char *headers, *arguments, *status;
};

START_TEST(mirrored_arguments_must_agree)
{
    static const struct mirror_row rows[] = {
        {"", "{}", "200"},
        {"", "{\"text\":null}", "200"},
        {"", "{\"text\":\"a\"}", "400"},
        {"Mcp-Param-Text: a\r\n", "{\"text\":\"a\"}", "200"},
        {"mcp-param-TEXT: a\r\n", "{\"text\":\"a\"}", "200"},
        {"Mcp-Param-Text: A\r\n", "{\"text\":\"a\"}", "400"},
        {"Mcp-Param-Text: a\r\n", "{}", "400"},
        {"Mcp-Param-Text: a\r\nMcp-Param-Text: a\r\n", "{\"text\":\"a\"}", "400"},
        {"Mcp-Param-Text: =?base64?IGE=?=\r\n", "{\"text\":\" a\"}", "200"},
        {"Mcp-Param-Text: =?base64?PT9iYXNlNjQ/?=\r\n", "{\"text\":\"=?base64?\"}", "200"},
        {"Mcp-Param-Text: =?base64?IGE=\r\n", "{\"text\":\"=?base64?IGE=\"}", "200"},
        {"Mcp-Param-Count: 42\r\n", "{\"count\":42}", "200"},
        {"Mcp-Param-Count: 42.0\r\n", "{\"count\":42}", "200"},
        {"Mcp-Param-Count: 4.2e1\r\n", "{\"count\":42}", "200"},
        {"Mcp-Param-Count: 0x2a\r\n", "{\"count\":42}", "400"},
        {"Mcp-Param-Count: 43\r\n", "{\"count\":42}", "400"},
        {"Mcp-Param-Count: \r\n", "{\"count\":0}", "400"},
        {"Mcp-Param-Flag: true\r\n", "{\"flag\":true}", "200"},
        {"Mcp-Param-Flag: True\r\n", "{\"flag\":true}", "400"},
        {"Mcp-Param-Flag: false\r\n", "{\"flag\":false}", "200"},
        {"Mcp-Param-Deep: x\r\n", "{\"deep\":{\"er\":\"x\"}}", "200"},
        {"", "{\"deep\":{\"er\":\"x\"}}", "400"},
        {"Mcp-Param-Other: x\r\n", "{}", "200"},
        {"", "{\"text\":{}}", "200"},
        {"Mcp-Param-Text: {}\r\n", "{\"text\":{}}", "400"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        is(gt_printf(arena, TOOL "Mcp-Name: mirror\r\n%s", rows[i].headers),
           gt_printf(arena,
                     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{" META
                     ",\"name\":\"mirror\",\"arguments\":%s}}",
                     rows[i].arguments),
           rows[i].status, strcmp(rows[i].status, "200") == 0 ? "\"result\"" : "-32020");
}
END_TEST

START_TEST(hosts_and_origins_of_others_are_forbidden)
{
    is(OLD "Host: evil.example\r\n", CALL("ping"), "403", "\"id\":null");
    is(OLD "Host: localhost.evil.example\r\n", CALL("ping"), "403", "");
    is(OLD "Host: 127.0.0.1.evil.example\r\n", CALL("ping"), "403", "");
    is(OLD "Host: 127.0.0.1:8000\r\n", CALL("ping"), "200", "");
    is(OLD "Host: [::1]:8000\r\n", CALL("ping"), "200", "");
    is(OLD "Origin: http://localhost:3000\r\n", CALL("ping"), "200", "");
    is(OLD "Origin: http://evil.example\r\n", CALL("ping"), "403", "");
    is(OLD "Origin: null\r\n", CALL("ping"), "403", "");
    is(NEW "Origin: http://localhost@evil.example\r\n", CALL("ping"), "403",
       "{\"error\":{\"code\":-32600,\"message\":\"the origin is not allowed\"},\"jsonrpc\"");
    static const char *const origins[] = {"https://app.example", NULL};
    static const char *const hosts[] = {"mcp.example", "other.example:81", NULL};
    http_options.allowed_origins = origins;
    http_options.allowed_hosts = hosts;
    is(OLD "Host: MCP.example:8000\r\nOrigin: https://app.example\r\n", CALL("ping"), "200", "");
    is(OLD "Host: other.example:81\r\n", CALL("ping"), "200", "");
    is(OLD "Host: other.example:82\r\n", CALL("ping"), "403", "");
    is(OLD "Host: mcp.example\r\nOrigin: http://localhost\r\n", CALL("ping"), "403", "");
    is(OLD "Host: localhost\r\n", CALL("ping"), "403", "");
    http_options.any_host = true;
    is(OLD "Host: localhost\r\n", CALL("ping"), "200", "");
}
END_TEST

#define PREFLIGHT(origin) "Origin: " origin "\r\nAccess-Control-Request-Method: POST\r\n"

static void has_no_cors(const char *answer)
{
    ck_assert_msg(strstr(answer, "Access-Control") == NULL, "%s", answer);
}

START_TEST(pages_of_others_read_nothing_unless_that_is_wanted)
{
    has_no_cors(ask(OLD "Origin: http://localhost:3000\r\n", CALL("ping")));
    const char *answer =
        answer_of(send_request("OPTIONS", PREFLIGHT("http://localhost:1"), ""), PATIENCE_MS);
    ck_assert(gt_starts_with(answer, "HTTP/1.1 405 "));
    has_no_cors(answer);
}
END_TEST

START_TEST(pages_of_allowed_origins_may_read_answers)
{
    static const char *const origins[] = {"https://app.example", "http://two.example:81", NULL};
#define READ                                                                                       \
    "Access-Control-Expose-Headers: Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate, "      \
    "Retry-After\r\n"
    http_options.cors = true;
    is(OLD "Origin: http://localhost:3000\r\n", CALL("ping"), "200",
       "Access-Control-Allow-Origin: http://localhost:3000\r\n" READ);
    http_options.allowed_origins = origins;
    is(OLD "Origin: https://app.example\r\n", CALL("ping"), "200",
       "Vary: Origin\r\nAccess-Control-Allow-Origin: https://app.example\r\n" READ);
    is(OLD "Origin: http://two.example:81\r\n", CALL("progress"), "200",
       "Access-Control-Allow-Origin: http://two.example:81\r\n");
    is(OLD "Origin: https://app.example\r\n", "{", "400",
       "Access-Control-Allow-Origin: https://app.example\r\n");
    has_no_cors(ask(OLD "Origin: https://app.example:81\r\n", CALL("ping")));
    has_no_cors(ask(OLD "Origin: null\r\n", CALL("ping")));
    has_no_cors(ask(OLD "Host: evil.example\r\nOrigin: https://app.example\r\n", CALL("ping")));
    const char *plain = ask(OLD, CALL("ping"));
    has_no_cors(plain);
    ck_assert_ptr_nonnull(strstr(plain, "Vary: Origin\r\n"));
    static const char *const all[] = {"https://app.example", "*", NULL};
    http_options.allowed_origins = all;
    const char *any = ask(OLD "Origin: https://any.example\r\n", CALL("ping"));
    ck_assert_ptr_nonnull(strstr(any, "Access-Control-Allow-Origin: *\r\n" READ));
    ck_assert_ptr_null(strstr(any, "Vary"));
}
END_TEST

START_TEST(preflights_are_answered_before_anything_else)
{
    static const char *const origins[] = {"https://app.example", NULL};
    static const char *const parts[] = {
        "HTTP/1.1 204 ",
        "Access-Control-Allow-Origin: https://app.example\r\n",
        "Access-Control-Allow-Methods: GET, POST, DELETE\r\n",
        "Access-Control-Allow-Headers: authorization, mcp-param-Count,content-type\r\n",
        "Access-Control-Max-Age: 7200\r\n",
        "Vary: Origin\r\n",
    };
    http_options = (struct gt_mcp_http_options){.allowed_origins = origins, .cors = true};
    const char *asked = PREFLIGHT("https://app.example") "Access-Control-Request-Headers: "
                                                         "authorization, mcp-param-Count,"
                                                         "content-type\r\n";
    const char *answer = answer_of(send_request("OPTIONS", asked, ""), PATIENCE_MS);
    for (size_t i = 0; i < GT_COUNT(parts); i++)
        ck_assert_msg(strstr(answer, parts[i]) != NULL, "no %s in %s", parts[i], answer);
    static const struct {
        const char *headers, *status;
    } rows[] = {
        {PREFLIGHT("https://evil.example"), "403"},
        {"Host: evil.example\r\n" PREFLIGHT("https://app.example"), "403"},
        {"Origin: https://app.example\r\n", "405"},
        {"Access-Control-Request-Method: POST\r\n", "405"},
        {PREFLIGHT("https://app.example") "Access-Control-Request-Headers: a;b\r\n", "204"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        answer = answer_of(send_request("OPTIONS", rows[i].headers, ""), PATIENCE_MS);
        ck_assert_msg(gt_starts_with(answer, gt_printf(arena, "HTTP/1.1 %s ", rows[i].status)),
                      "%s: %s", rows[i].headers, answer);
        ck_assert_msg(strstr(answer, "Allow-Headers") == NULL, "%s", answer);
    }
}
END_TEST

START_TEST(news_before_the_result_make_a_stream)
{
    const char *call = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"progress\",\"params\":{"
                       "\"_meta\":{\"progressToken\":\"t\"}}}";
    is(OLD, call, "200", "Content-Type: text/event-stream\r\n");
    is(OLD, call, "200", "X-Accel-Buffering: no\r\n");
    is(OLD, call, "200",
       "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"");
    is(OLD, call, "200", "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"done\":true}}\n\n");
    is("Accept: application/json\r\n", call, "200", "Content-Type: application/json\r\n");
    ck_assert_ptr_null(strstr(ask("Accept: application/json\r\n", call), "progress\""));
    is(OLD, CALL("progress"), "200", "Content-Type: application/json\r\n");
    is(NEW "Mcp-Method: progress\r\n", MODERN("progress", ""), "200", "\"progressToken\":1");
}
END_TEST

START_TEST(batches_are_answered_together)
{
    const char *batch =
        "[" CALL("ping") ",{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}," CALL(
            "nope") ",7," CALL("initialize") "]";
    is(BOTH, batch, "200",
       "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}},{\"jsonrpc\":\"2.0\",\"id\":1,\"error\"");
    is(BOTH "MCP-Protocol-Version: 2025-03-26\r\n", batch, "200", "initialize does not go into");
    is(OLD, batch, "400", "-32600");
    is(NEW, batch, "400", "-32600");
    is(BOTH, "[]", "400", "-32600");
    is(BOTH, "[{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}]", "202", "");
    is(BOTH,
       "[" CALL("ping") ",{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"progress\",\"params\":{"
                        "\"_meta\":{\"progressToken\":\"t\"}}}]",
       "200", "data: [{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}]\n\n");
}
END_TEST

START_TEST(a_batch_takes_no_request_of_another_version)
{
    is(BOTH, "[" CALL("ping") "," MODERN("tools/list", "") "]", "200",
       "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32600,\"message\":\"batches are served "
       "at "
       "2025-03-26 only\"}}");
}
END_TEST

static void end_turn(void *payload)
{
    (void)payload;
    gt_loop_stop(loop);
}

START_TEST(a_client_that_does_not_read_misses_what_is_too_much)
{
    enum { NEWS = 400, SIZE = 64 * 1024, MOST = 16 * 1024 * 1024 };
    struct peer *peer = send_request("POST", OLD, CALL("park"));
    answer_of(peer, 50);
    gt_loop_unwatch(loop, peer->fd);
    char *text = gt_alloc(arena, SIZE + 1);
    memset(text, 'x', SIZE);
    text[SIZE] = '\0';
    for (int i = 0; i < NEWS; i++) {
        gt_mcp_notify(parked, "notifications/x", json_pack("{s:s}", "text", text));
        gt_timer_start(loop, 0, end_turn, NULL);
        gt_loop_run(loop); /* in which it leaves as far as it can */
    }
    gt_mcp_result(parked, NULL);
    peer->came = gt_buf_init((size_t)64 * 1024 * 1024);
    gt_loop_watch(loop, peer->fd, on_bytes, peer);
    const char *all = answer_of(peer, PATIENCE_MS);
    ck_assert(peer->ended);
    ck_assert_ptr_nonnull(strstr(all, "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n"));
    ck_assert_uint_gt(peer->came.len, MOST / 8);
    ck_assert_uint_lt(peer->came.len, MOST);
}
END_TEST

START_TEST(a_batch_waits_for_its_last_response)
{
    struct peer *peer = send_request("POST", BOTH, "[" CALL("ping") "," CALL("park") "]");
    answer_of(peer, 50);
    ck_assert(!peer->ended);
    gt_mcp_result(parked, NULL);
    const char *answer = answer_of(peer, PATIENCE_MS);
    ck_assert_ptr_nonnull(strstr(answer, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}},{"));
}
END_TEST

static void leave(struct peer *peer)
{
    gt_loop_unwatch(loop, peer->fd);
    peer->ended = true;
    shutdown(peer->fd, SHUT_RDWR);
    answer_of(send_request("POST", OLD, CALL("ping")), PATIENCE_MS);
}

START_TEST(a_client_that_leaves_cancels_from_2026_on)
{
    struct peer *peer = send_request("POST", NEW "Mcp-Method: park\r\n", MODERN("park", ""));
    answer_of(peer, 50);
    ck_assert_str_eq(gt_buf_text(&trace), "");
    leave(peer);
    ck_assert_str_eq(gt_buf_text(&trace), "cancelled;");
    ck_assert(gt_mcp_cancelled(parked));
    gt_mcp_notify(parked, "notifications/x", json_object());
    gt_mcp_result(parked, NULL);
    ck_assert_uint_eq(gt_mcp_server_open(server), 0);
}
END_TEST

START_TEST(a_legacy_client_that_leaves_does_not_cancel)
{
    struct peer *peer = send_request("POST", OLD, CALL("park"));
    answer_of(peer, 50);
    leave(peer);
    ck_assert(!gt_mcp_cancelled(parked));
    gt_mcp_result(parked, NULL);
}
END_TEST

#define CANCEL                                                                                     \
    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}"

START_TEST(a_legacy_client_cancels_its_own_requests_only)
{
    struct peer *peer = send_request("POST", OLD "Authorization: Bearer a\r\n", CALL("park"));
    answer_of(peer, 50);
    is(OLD "Authorization: Bearer b\r\n", CANCEL, "202", "");
    is(OLD, CANCEL, "202", "");
    ck_assert_str_eq(gt_buf_text(&trace), "");
    is(OLD "Authorization: Bearer a\r\n", CANCEL, "202", "");
    ck_assert_str_eq(gt_buf_text(&trace), "cancelled;");
    gt_mcp_result(parked, NULL);
    ck_assert(gt_starts_with(answer_of(peer, PATIENCE_MS), "HTTP/1.1 202 "));
}
END_TEST

START_TEST(two_requests_with_one_id_are_not_cancelled)
{
    struct peer *one = send_request("POST", OLD, CALL("park"));
    answer_of(one, 50);
    struct gt_mcp_call *first = parked;
    struct peer *two = send_request("POST", OLD, CALL("park"));
    answer_of(two, 50);
    is(OLD, CANCEL, "202", "");
    ck_assert_str_eq(gt_buf_text(&trace), "");
    gt_mcp_result(first, NULL);
    gt_mcp_result(parked, NULL);
}
END_TEST

START_TEST(another_post_brings_the_answer)
{
    struct peer *peer = send_request("POST", OLD, CALL("asking"));
    const char *stream = answer_of(peer, 100);
    const char *id = strstr(stream, "\"id\":\"");
    ck_assert_ptr_nonnull(id);
    ck_assert_ptr_nonnull(strstr(stream, "\"method\":\"roots/list\""));
    is(OLD,
       gt_printf(arena, "{\"jsonrpc\":\"2.0\",\"id\":\"%.32s\",\"result\":{\"roots\":[]}}",
                 id + strlen("\"id\":\"")),
       "202", "");
    ck_assert_ptr_nonnull(strstr(answer_of(peer, PATIENCE_MS), "{\"heard\":true}"));
    is("Accept: application/json\r\n", CALL("asking"), "200", "{\"heard\":false}");
    is(NEW "Mcp-Method: asking\r\n", MODERN("asking", ""), "200", "\"heard\":false");
}
END_TEST

START_TEST(who_asked_and_left_gets_no_answer)
{
    struct peer *peer = send_request("POST", OLD, CALL("asking"));
    answer_of(peer, 50);
    ck_assert_uint_eq(gt_mcp_server_open(server), 1);
    leave(peer);
    ck_assert_uint_eq(gt_mcp_server_open(server), 0);
}
END_TEST

START_TEST(listeners_are_told_until_they_or_we_leave)
{
#define LISTEN NEW "Mcp-Method: subscriptions/listen\r\n"
    const char *listen =
        MODERN("subscriptions/listen", ",\"notifications\":{\"toolsListChanged\":true}");
    struct peer *one = send_request("POST", LISTEN, listen);
    struct peer *two = send_request("POST", LISTEN, listen);
    answer_of(one, 100);
    ck_assert_uint_eq(gt_mcp_server_open(server), 2);
    leave(two);
    ck_assert_uint_eq(gt_mcp_server_open(server), 1);
    gt_mcp_list_changed(server, "tools");
    answer_of(one, 50);
    gt_mcp_server_quiesce(server);
    const char *all = answer_of(one, PATIENCE_MS);
    const char *first = strstr(all, "notifications/subscriptions/acknowledged");
    const char *second = strstr(all, "notifications/tools/list_changed");
    const char *last = strstr(all, "\"id\":1,\"result\":{\"resultType\":\"complete\"");
    ck_assert_msg(first != NULL && second > first && last > second, "%s", all);
    is("Accept: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\n"
       "Mcp-Method: subscriptions/listen\r\n",
       listen, "406", "-32600");
    const char *late = ask(LISTEN, listen); /* ends at once, now */
    first = strstr(late, "notifications/subscriptions/acknowledged");
    ck_assert_msg(first != NULL && strstr(first, "\"resultType\":\"complete\"") != NULL, "%s",
                  late);
}
END_TEST

START_TEST(legacy_streams_hear_of_changed_lists)
{
    struct peer *silent = send_request("POST", OLD, CALL("park"));
    struct peer *peer = send_request("POST", OLD, CALL("asking"));
    answer_of(peer, 100);
    gt_mcp_list_changed(server, "tools");
    ck_assert_ptr_nonnull(strstr(answer_of(peer, 50), "notifications/tools/list_changed"));
    ck_assert_str_eq(answer_of(silent, 10), "");
    gt_mcp_result(parked, NULL);
    leave(peer);
}
END_TEST

START_TEST(open_calls_end_with_the_server)
{
    struct peer *peer = send_request("POST", OLD, CALL("park"));
    struct peer *stream = send_request("POST", OLD, CALL("asking"));
    struct peer *quick = send_request("POST", OLD, CALL("quick"));
    answer_of(peer, 100);
    gt_mcp_server_free(server);
    server = NULL;
    ck_assert_str_eq(gt_buf_text(&trace), "cancelled;");
    ck_assert(gt_starts_with(answer_of(peer, PATIENCE_MS), "HTTP/1.1 503 "));
    ck_assert_ptr_nonnull(strstr(answer_of(peer, PATIENCE_MS), "-32603"));
    ck_assert(gt_starts_with(answer_of(quick, PATIENCE_MS), "HTTP/1.1 503 "));
    ck_assert_ptr_nonnull(strstr(answer_of(quick, PATIENCE_MS), "shutting down"));
    const char *asked = strstr(answer_of(stream, PATIENCE_MS), "roots/list");
    ck_assert(asked != NULL && strstr(asked, "shutting down") != NULL);
}
END_TEST

Suite *serve_suite(void)
{
    Suite *suite = suite_create("serve");
    TCase *tests = tcase_create("serve");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, legacy_versions_are_served_and_others_refused);
    tcase_add_test(tests, notifications_and_answers_are_accepted_without_a_body);
    tcase_add_test(tests, what_is_no_message_is_a_bad_request);
    tcase_add_test(tests, media_types_and_methods_are_checked);
    tcase_add_test(tests, modern_requests_have_headers_that_say_the_same);
    tcase_add_test(tests, names_are_mirrored_plain_or_encoded);
    tcase_add_test(tests, mirrored_arguments_must_agree);
    tcase_add_test(tests, hosts_and_origins_of_others_are_forbidden);
    tcase_add_test(tests, pages_of_others_read_nothing_unless_that_is_wanted);
    tcase_add_test(tests, pages_of_allowed_origins_may_read_answers);
    tcase_add_test(tests, preflights_are_answered_before_anything_else);
    tcase_add_test(tests, news_before_the_result_make_a_stream);
    tcase_add_test(tests, batches_are_answered_together);
    tcase_add_test(tests, a_batch_takes_no_request_of_another_version);
    tcase_add_test(tests, a_client_that_does_not_read_misses_what_is_too_much);
    tcase_add_test(tests, a_batch_waits_for_its_last_response);
    tcase_add_test(tests, a_client_that_leaves_cancels_from_2026_on);
    tcase_add_test(tests, a_legacy_client_that_leaves_does_not_cancel);
    tcase_add_test(tests, a_legacy_client_cancels_its_own_requests_only);
    tcase_add_test(tests, two_requests_with_one_id_are_not_cancelled);
    tcase_add_test(tests, another_post_brings_the_answer);
    tcase_add_test(tests, who_asked_and_left_gets_no_answer);
    tcase_add_test(tests, listeners_are_told_until_they_or_we_leave);
    tcase_add_test(tests, legacy_streams_hear_of_changed_lists);
    tcase_add_test(tests, open_calls_end_with_the_server);
    suite_add_tcase(suite, tests);
    return suite;
}
