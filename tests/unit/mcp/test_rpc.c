#include "mcp_suites.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/mcp/protocol.h>
#include <string.h>

GT_TEST_ARENA

static json_t *parse(const char *text)
{
    return gt_keep(arena, json_loads(text, JSON_DECODE_ANY, NULL));
}

START_TEST(versions_have_names_and_eras)
{
    for (int v = GT_MCP_2025_03_26; v <= GT_MCP_2026_07_28; v++)
        ck_assert_int_eq(gt_mcp_version_find(gt_mcp_version_name((enum gt_mcp_version)v)), v);
    ck_assert_int_eq(gt_mcp_version_find("2024-11-05"), GT_MCP_UNKNOWN);
    ck_assert_int_eq(gt_mcp_version_find(NULL), GT_MCP_UNKNOWN);
    ck_assert_ptr_null(gt_mcp_version_name(GT_MCP_UNKNOWN));
    ck_assert(!gt_mcp_is_modern(GT_MCP_LATEST_LEGACY));
    ck_assert(gt_mcp_is_modern(GT_MCP_2026_07_28));
}
END_TEST

struct kind_row {
    const char *text;
    enum gt_rpc_kind kind;
    bool has_id;
};

START_TEST(messages_are_told_apart)
{
    static const struct kind_row rows[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", GT_RPC_REQUEST, true},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"x\",\"params\":{}}", GT_RPC_REQUEST, true},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}", GT_RPC_NOTIFICATION, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}", GT_RPC_RESPONSE, true},
        {"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":1,\"message\":\"m\"}}", GT_RPC_RESPONSE, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", GT_RPC_INVALID, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", GT_RPC_INVALID, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"ping\"}", GT_RPC_INVALID, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"params\":[]}", GT_RPC_INVALID, true},
        {"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":5}", GT_RPC_INVALID, true},
        {"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"\"}", GT_RPC_INVALID, true},
        {"{\"jsonrpc\":\"2.0\",\"id\":7}", GT_RPC_INVALID, true},
        {"{\"jsonrpc\":\"2.0\",\"result\":{}}", GT_RPC_INVALID, false},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":\"x\",\"message\":\"m\"}}",
         GT_RPC_INVALID, true},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"m\"},\"result\":{}}",
         GT_RPC_INVALID, true},
        {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", GT_RPC_INVALID, true},
        {"{\"id\":1,\"method\":\"ping\"}", GT_RPC_INVALID, true},
        {"[]", GT_RPC_INVALID, false},
        {"\"text\"", GT_RPC_INVALID, false},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_rpc rpc = gt_rpc_read(parse(rows[i].text));
        ck_assert_msg(rpc.kind == rows[i].kind, "%s: kind %d", rows[i].text, (int)rpc.kind);
        ck_assert_msg((rpc.id != NULL) == rows[i].has_id, "%s: id", rows[i].text);
        ck_assert_msg((rpc.problem != NULL) == (rpc.kind == GT_RPC_INVALID), "%s", rows[i].text);
    }
}
END_TEST

START_TEST(depth_counts_brackets_outside_of_strings)
{
    const char *problem = NULL;
    const char *text = "{\"a\":[\"[[[[\\\"[[\",{\"b\":1}]}";
    json_auto_t *message = gt_rpc_parse(arena, text, strlen(text), 3, &problem);
    ck_assert_ptr_nonnull(message);
    ck_assert_ptr_null(gt_rpc_parse(arena, text, strlen(text), 2, &problem));
    ck_assert_str_eq(problem, "the document is nested deeper than 2 levels");
}
END_TEST

START_TEST(hostile_bytes_are_a_problem_of_one_line)
{
    static const char *const rows[] = {
        "",
        "{",
        "{\"a\":1,\"a\":2}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":123456789012345678901234567890}",
        "{} {}",
        "{\"a\n\x01\":1}",
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const char *problem = NULL;
        ck_assert_ptr_null(gt_rpc_parse(arena, rows[i], strlen(rows[i]), 64, &problem));
        ck_assert_ptr_nonnull(problem);
        ck_assert_ptr_null(strchr(problem, '\n'));
    }
}
END_TEST

START_TEST(a_text_with_a_nul_is_refused_for_what_it_is)
{
    const char *problem = NULL, *text = "{\"a\":\"\\u0000\"}";
    ck_assert_ptr_null(gt_rpc_parse(arena, text, strlen(text), 64, &problem));
    ck_assert_str_eq(problem, "a text holds \\u0000, at byte 13, which nothing here takes");
}
END_TEST

static void same(json_t *message, const char *wanted)
{
    char *text = gt_json_canonical(arena, message);
    ck_assert_str_eq(text, wanted);
    json_decref(message);
}

START_TEST(messages_are_built_with_what_they_have)
{
    json_t *id = gt_keep(arena, json_integer(3));
    same(gt_rpc_request(id, "ping", NULL), "{\"id\":3,\"jsonrpc\":\"2.0\",\"method\":\"ping\"}");
    same(gt_rpc_notification("n", json_object()),
         "{\"jsonrpc\":\"2.0\",\"method\":\"n\",\"params\":{}}");
    same(gt_rpc_result(id, NULL), "{\"id\":3,\"jsonrpc\":\"2.0\",\"result\":{}}");
    same(gt_rpc_error(NULL, true, -1, "m", NULL),
         "{\"error\":{\"code\":-1,\"message\":\"m\"},\"id\":null,\"jsonrpc\":\"2.0\"}");
    same(gt_rpc_error(NULL, false, -1, "m", json_true()),
         "{\"error\":{\"code\":-1,\"data\":true,\"message\":\"m\"},\"jsonrpc\":\"2.0\"}");
}
END_TEST

Suite *rpc_suite(void)
{
    Suite *suite = suite_create("rpc");
    TCase *tests = tcase_create("rpc");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_test(tests, versions_have_names_and_eras);
    tcase_add_test(tests, messages_are_told_apart);
    tcase_add_test(tests, depth_counts_brackets_outside_of_strings);
    tcase_add_test(tests, hostile_bytes_are_a_problem_of_one_line);
    tcase_add_test(tests, a_text_with_a_nul_is_refused_for_what_it_is);
    tcase_add_test(tests, messages_are_built_with_what_they_have);
    suite_add_tcase(suite, tests);
    return suite;
}
