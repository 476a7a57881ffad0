/* The pure parts of the data plane: addresses, names, challenges, credentials, commands. */
#include "cloud_fixture.h"
#include "cloud_suites.h"
#include "data_plane.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <stdio.h>
#include <sys/resource.h>

static struct cloud_fixture fixture;

static void setup(void)
{
    cloud_fixture_init(&fixture);
}

static void teardown(void)
{
    cloud_fixture_done(&fixture);
}

/* -- addresses -- */

static const char *obstacle(const char *text)
{
    struct gt_url url, own;
    ck_assert(gt_url_split(fixture.arena, text, &url));
    ck_assert(gt_url_split(fixture.arena, "http://127.0.0.1:4599", &own));
    return gt_url_obstacle(&url, &own);
}

START_TEST(calls_https_and_this_machine_only)
{
    static const char *const good[] = {
        "https://example.com/mcp",
        "http://127.0.0.1:9000/mcp",
        "http://localhost:1/",
        "http://[::1]:1/",
        "https://example.com:4599/mcp",
        "http://127.0.0.1:4599/runtimes/arn/invocations",
        "http://127.8.8.8/",
    };
    static const char *const bad[] = {
        "http://example.com/mcp",
        "http://127.0.0.1.example.com/",
        "http://127.0.0/",
        "http://10.0.0.1/",
        "http://localhost.example/",
        "http://127.0.0.256/",
        "http://127.0.0.1:4599/gateway/x/mcp",
        "http://localhost:4599/",
        "http://[::1]:4599/gateway/x/mcp",
    };
    for (size_t i = 0; i < GT_COUNT(good); i++)
        ck_assert_msg(obstacle(good[i]) == NULL, "%s", good[i]);
    for (size_t i = 0; i < GT_COUNT(bad); i++)
        ck_assert_msg(obstacle(bad[i]) != NULL, "%s", bad[i]);
}
END_TEST

/* -- tools -- */

START_TEST(splits_names_at_the_first_three_underscores)
{
    static const struct {
        const char *name, *target, *tool;
    } rows[] = {
        {"lark___read", "lark", "read"},
        {"lark___read___all", "lark", "read___all"},
        {"a____b", "a", "_b"},
        {"lark__read", NULL, NULL},
        {"___read", NULL, NULL},
        {"lark___", NULL, NULL},
        {"", NULL, NULL},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const char *target = NULL, *tool = NULL;
        bool split = gt_tool_split(fixture.arena, rows[i].name, &target, &tool);
        ck_assert_msg(split == (rows[i].target != NULL), "%s", rows[i].name);
        ck_assert_msg(gt_streq(target, rows[i].target) && gt_streq(tool, rows[i].tool), "%s",
                      rows[i].name);
    }
    const char *target, *tool;
    ck_assert(!gt_tool_split(fixture.arena, NULL, &target, &tool));
}
END_TEST

START_TEST(shows_tools_with_their_target)
{
    const json_t *listed = cloud_json(
        &fixture, "[{'name':'read','inputSchema':{'type':'object'}},{'title':'nameless'},7]");
    json_t *tools = gt_keep(fixture.arena, json_array());
    gt_tools_add(fixture.arena, tools, "lark", listed);
    ck_assert_uint_eq(json_array_size(tools), 1);
    ck_assert_str_eq(gt_text_at(tools, "/0/name"), "lark___read");
    ck_assert_str_eq(gt_text_at(tools, "/0/inputSchema/type"), "object");
    ck_assert_str_eq(gt_text_at(listed, "/0/name"), "read");
    gt_tools_add(fixture.arena, tools, "lark", NULL);
    ck_assert_uint_eq(json_array_size(tools), 1);
}
END_TEST

START_TEST(finds_tools_by_words)
{
    const json_t *tools = cloud_json(
        &fixture, "[{'name':'a___send_mail','description':'Sends a message'},"
                  "{'name':'a___read_file','description':'Reads from disk',"
                  "'inputSchema':{'properties':{'path':{'description':'where the file is'}}}},"
                  "{'name':'a___list','description':'Lists files'},"
                  "{'name':'x_amz_bedrock_agentcore_search','description':'file file file'}]");
    json_t *found = gt_keep(fixture.arena, gt_search_rank(fixture.arena, tools, "read a FILE", 5));
    ck_assert_uint_eq(json_array_size(found), 2);
    ck_assert_str_eq(gt_text_at(found, "/0/name"), "a___read_file");
    ck_assert_str_eq(gt_text_at(found, "/1/name"), "a___list");
    found = gt_keep(fixture.arena, gt_search_rank(fixture.arena, tools, "file", 1));
    ck_assert_uint_eq(json_array_size(found), 1);
    found = gt_keep(fixture.arena, gt_search_rank(fixture.arena, tools, " ?! ", 5));
    ck_assert_uint_eq(json_array_size(found), 0);
    found = gt_keep(fixture.arena, gt_search_rank(fixture.arena, NULL, "file", 5));
    ck_assert_uint_eq(json_array_size(found), 0);
}
END_TEST

static long resident_kb(void)
{
    struct rusage usage;
    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

START_TEST(a_long_search_in_long_descriptions_keeps_nothing_of_them)
{
    enum { TOOLS = 100, WORDS = 1000, QUERY = 64, WORD = 7, MOST_KB = 50 * 1000 };
    char *text = gt_calloc(fixture.arena, WORDS + 1, WORD);
    for (size_t i = 0; i < WORDS; i++)
        snprintf(text + i * WORD, WORD + 1, "w%05zu ", i);
    json_t *tools = gt_keep(fixture.arena, json_array());
    for (int i = 0; i < TOOLS; i++)
        json_array_append_new(tools, json_pack("{s:s, s:s}", "name", "a", "description", text));
    const char *query = "";
    for (int i = 0; i < QUERY; i++)
        query = gt_printf(fixture.arena, "%s none%02d", query, i);
    long before = resident_kb();
    json_t *found = gt_keep(fixture.arena, gt_search_rank(fixture.arena, tools, query, 5));
    ck_assert_uint_eq(json_array_size(found), 0);
    ck_assert_int_lt(resident_kb() - before, MOST_KB);
}
END_TEST

/* -- tokens and credentials -- */

START_TEST(writes_the_header_of_an_api_key)
{
    static const struct {
        const char *config, *name, *value;
    } rows[] = {
        {"{}", "Authorization", "Bearer k"},
        {"{'credentialParameterName':'X-Key'}", "X-Key", "k"},
        {"{'credentialParameterName':'X-Key','credentialPrefix':'Token'}", "X-Key", "Token k"},
        {"{'credentialPrefix':'Basic'}", "Authorization", "Basic k"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_header header =
            gt_credential_header(fixture.arena, cloud_json(&fixture, rows[i].config), "k");
        ck_assert_str_eq(header.name, rows[i].name);
        ck_assert_str_eq(header.value, rows[i].value);
    }
}
END_TEST

START_TEST(knows_which_credentials_it_has)
{
    static const struct {
        const char *config;
        bool good;
    } rows[] = {
        {"{'credentialProviderType':'GATEWAY_IAM_ROLE','credentialProvider':"
         "{'iamCredentialProvider':{'service':'bedrock-agentcore'}}}",
         true},
        {"{'credentialProviderType':'GATEWAY_IAM_ROLE'}", false},
        {"{'credentialProviderType':'OAUTH','credentialProvider':"
         "{'oauthCredentialProvider':{'providerArn':'x','scopes':[]}}}",
         true},
        {"{'credentialProviderType':'OAUTH','credentialProvider':"
         "{'oauthCredentialProvider':{'providerArn':'x','grantType':'AUTHORIZATION_CODE'}}}",
         false},
        {"{'credentialProviderType':'API_KEY','credentialProvider':"
         "{'apiKeyCredentialProvider':{'providerArn':'x'}}}",
         true},
        {"{'credentialProviderType':'JWT_PASSTHROUGH'}", true},
        {"{'credentialProviderType':'CALLER_IAM_CREDENTIALS'}", false},
        {"{}", false},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_msg((gt_credential_obstacle(cloud_json(&fixture, rows[i].config)) == NULL) ==
                          rows[i].good,
                      "%s", rows[i].config);
    ck_assert_ptr_null(gt_credential_obstacle(NULL));
}
END_TEST

START_TEST(passes_on_allowed_headers_only)
{
    const json_t *allowed = cloud_json(&fixture, "['X-Mine','authorization']");
    static const struct {
        const char *name;
        bool always, allowed;
    } rows[] = {
        {"content-type", true, true},           {"mcp-protocol-version", true, true},
        {"mcp-param-file", true, true},         {"x-mine", false, true},
        {"authorization", false, true},         {"cookie", false, false},
        {"x-amz-security-token", false, false}, {"host", false, false},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        ck_assert_msg(gt_runtime_header_passes(rows[i].name, NULL) == rows[i].always, "%s",
                      rows[i].name);
        ck_assert_msg(gt_runtime_header_passes(rows[i].name, allowed) == rows[i].allowed, "%s",
                      rows[i].name);
    }
}
END_TEST

START_TEST(passes_what_a_target_names)
{
    struct gt_object target = {
        .data = (json_t *)(uintptr_t)cloud_json(
            &fixture, "{'metadataConfiguration':{'allowedRequestHeaders':['X-Mine','Cookie',"
                      "'MCP-Protocol-Version'],'allowedQueryParameters':['a','b c']}}")};
    const struct gt_header headers[] = {{"x-mine", "1"},
                                        {"cookie", "2"},
                                        {"x-other", "3"},
                                        {"mcp-protocol-version", "4"},
                                        {"x-mine", "5"}};
    static const struct {
        const char *query, *passed;
    } rows[] = {
        {NULL, NULL},
        {"", NULL},
        {"a=1&x=2&a=3", "a=1&a=3"},
        {"%61=1&b%20c&A=1", "%61=1&b%20c"},
        {"&&=&a", "a"},
        {"%zz=1&%00a=2&x=a&y=&b+c", NULL},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const struct gt_request request = {
            .query = rows[i].query, .headers = headers, .header_count = GT_COUNT(headers)};
        struct gt_passing passing = gt_passing_of(fixture.arena, &target, &request);
        ck_assert_uint_eq(passing.header_count, 2);
        ck_assert_str_eq(passing.headers[0].value, "1");
        ck_assert_str_eq(passing.headers[1].value, "5");
        ck_assert_msg(gt_streq(passing.query, rows[i].passed), "%s: %s", rows[i].query,
                      passing.query);
        ck_assert_ptr_null(passing.back);
    }
    target.data = (json_t *)(uintptr_t)cloud_json(&fixture, "{}");
    const struct gt_request request = {
        .query = "a=1", .headers = headers, .header_count = GT_COUNT(headers)};
    ck_assert_uint_eq(gt_passing_of(fixture.arena, &target, &request).header_count, 0);
    ck_assert_ptr_null(gt_passing_of(fixture.arena, &target, &request).query);
    ck_assert(gt_header_is_restricted("Set-Cookie") && !gt_header_is_restricted("X-Mine"));
}
END_TEST

START_TEST(finds_the_template_of_an_address)
{
    static const struct {
        const char *template, *uri;
        bool fits;
    } rows[] = {
        {"file:///{path}", "file:///a/b", true},
        {"file:///{path}", "http:///a", false},
        {"x://{a}/y/{b}", "x://1/y/2", true},
        {"x://{a}/y/{b}", "x://1/z/2", false},
        {"x://{a}.txt", "x://a.txt.txt", true},
        {"x://{a}.txt", "x://a.txt.md", false},
        {"x://y", "x://y", true},
        {"x://y", "x://y/", false},
        {"{+all}", "anything", true},
        {"x{?q,r}", "x", true},
        {"x{", "x{", true},
        {"x{", "xy", false},
        {"", "", true},
        {"", "x", false},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        ck_assert_msg(gt_template_fits(rows[i].template, rows[i].uri) == rows[i].fits, "%s %s",
                      rows[i].template, rows[i].uri);
}
END_TEST

/* -- commands -- */

static const char good_command[] =
    "{'account':'000000000000','region':'us-east-1','name':'lark','command':['run','it'],"
    "'folder':'/tmp','environment':{'FROM':'command','HOST':'1.2.3.4'}}";

START_TEST(refuses_commands_that_are_none)
{
    static const struct {
        const char *pointer, *value;
    } rows[] = {
        {"/account", "'12'"},
        {"/account", "null"},
        {"/region", "null"},
        {"/name", "7"},
        {"/command", "'sh'"},
        {"/command", "[]"},
        {"/command", "['']"},
        {"/command", "['a',1]"},
        {"/folder", "'here'"},
        {"/transport", "'tcp'"},
        {"/transport", "1"},
        {"/environment", "{'A':1}"},
        {"/environment", "{'A=B':''}"},
        {"/environment", "[]"},
    };
    const char *problem = NULL;
    ck_assert(gt_runtime_command(fixture.local, cloud_json(&fixture, good_command), &problem,
                                 fixture.arena));
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        json_t *given = cloud_json(&fixture, good_command);
        json_t *value = cloud_json(&fixture, gt_printf(fixture.arena, "[%s]", rows[i].value));
        gt_put_at(given, rows[i].pointer, json_incref(json_array_get(value, 0)));
        problem = NULL;
        ck_assert_msg(!gt_runtime_command(fixture.local, given, &problem, fixture.arena) &&
                          problem != NULL,
                      "%s %s", rows[i].pointer, rows[i].value);
    }
}
END_TEST

static struct gt_object *make_runtime(const char *data)
{
    struct gt_object *runtime =
        gt_object_new(fixture.local, &gt_kind_runtime, GT_LOCAL_ACCOUNT, "us-east-1", "", "lark-x",
                      json_incref(cloud_json(&fixture, data)));
    gt_object_set_arn(runtime, "arn:aws:bedrock-agentcore:us-east-1:000000000000:runtime/lark-x");
    return runtime;
}

START_TEST(chooses_port_and_address_itself)
{
    const char *problem = NULL;
    struct gt_object *runtime =
        make_runtime("{'agentRuntimeName':'lark','agentRuntimeVersion':'1','environmentVariables':"
                     "{'PORT':'8000','MCP_TRANSPORT':'stdio','FROM':'manifest','MINE':'yes'}}");
    ck_assert(gt_runtime_command(fixture.local, cloud_json(&fixture, good_command), &problem,
                                 fixture.arena));
    const json_t *env = gt_program_environment(fixture.local, fixture.arena, runtime,
                                               gt_runtime_version(runtime, "1"), 4711);
    static const char *const expected[][2] = {
        {"PORT", "4711"},           {"MCP_PORT", "4711"}, {"HOST", "127.0.0.1"},
        {"FROM", "command"},        {"MINE", "yes"},      {"AWS_REGION", "us-east-1"},
        {"MCP_TRANSPORT", "stdio"},
    };
    for (size_t i = 0; i < GT_COUNT(expected); i++)
        ck_assert_msg(
            gt_streq(json_string_value(json_object_get(env, expected[i][0])), expected[i][1]), "%s",
            expected[i][0]);
    ck_assert_ptr_null(json_object_get(env, "AWS_ACCESS_KEY_ID")); /* it has no role */
    struct gt_server_program *program =
        gt_program_of(fixture.local, fixture.arena, runtime, runtime->data, env, 4711, &problem);
    ck_assert_ptr_nonnull(program);
    ck_assert_int_eq(program->transport, GT_OVER_STDIO);
    ck_assert_str_eq(program->argv[1], "it");
    ck_assert_ptr_null(program->argv[2]);
}
END_TEST

START_TEST(says_what_a_runtime_without_command_needs)
{
    static const char *const artifacts[] = {
        "{'containerConfiguration':{'containerUri':"
        "'000000000000.dkr.ecr.us-east-1.amazonaws.com/local:latest'}}",
        "{'codeConfiguration':{}}",
    };
    for (size_t i = 0; i < GT_COUNT(artifacts); i++) {
        struct gt_object *runtime = make_runtime(
            gt_printf(fixture.arena, "{'agentRuntimeName':'r%zu','agentRuntimeArtifact':%s}", i,
                      artifacts[i]));
        const char *why = gt_runtime_obstacle(fixture.local, runtime, fixture.arena);
        ck_assert_ptr_nonnull(why);
        ck_assert_ptr_nonnull(strstr(why, "local: {command: [...]}"));
        gt_object_remove(fixture.local, runtime);
    }
}
END_TEST

START_TEST(keeps_whole_lines_of_logs)
{
    struct gt_object *runtime = make_runtime("{'agentRuntimeName':'lark'}");
    struct gt_plane *plane = gt_plane_of(fixture.local);
    struct gt_log_feed *feed = gt_log_feed_new(plane, fixture.arena, runtime, "stderr");
    char *large = gt_alloc(fixture.arena, 40000);
    memset(large, 'x', 39999);
    static const char *const pieces[] = {"one\ntw", "o\r\n\n", "\xff\xfe bad\n", "rest"};
    for (size_t i = 0; i < GT_COUNT(pieces); i++)
        gt_log_feed_bytes(feed, pieces[i], strlen(pieces[i]));
    ck_assert_uint_eq(
        json_array_size(gt_keep(fixture.arena, gt_runtime_log_lines(fixture.local, GT_LOCAL_ACCOUNT,
                                                                    "us-east-1", "lark-x"))),
        3);
    gt_log_feed_end(feed);
    ck_assert_str_eq(gt_log_feed_last(feed), "rest");
    gt_log_feed_bytes(feed, large, 39999);
    gt_log_feed_end(feed);
    json_t *lines = gt_keep(fixture.arena, gt_runtime_log_lines(fixture.local, GT_LOCAL_ACCOUNT,
                                                                "us-east-1", "lark-x"));
    ck_assert_str_eq(gt_text_at(lines, "/0/message"), "one");
    ck_assert_str_eq(gt_text_at(lines, "/1/message"), "two");
    ck_assert_str_eq(gt_text_at(lines, "/1/stream"), "stderr");
    ck_assert_uint_eq(json_array_size(lines), 7);
    for (int i = 0; i < 2000; i++)
        gt_log_feed_bytes(feed, "again\n", 6);
    lines = gt_keep(fixture.arena,
                    gt_runtime_log_lines(fixture.local, GT_LOCAL_ACCOUNT, "us-east-1", "lark-x"));
    ck_assert_uint_eq(json_array_size(lines), 1000);
}
END_TEST

Suite *data_plane_suite(void)
{
    Suite *suite = suite_create("data_plane");
    TCase *cases = tcase_create("data_plane");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, calls_https_and_this_machine_only);
    tcase_add_test(cases, splits_names_at_the_first_three_underscores);
    tcase_add_test(cases, shows_tools_with_their_target);
    tcase_add_test(cases, finds_tools_by_words);
    tcase_add_test(cases, a_long_search_in_long_descriptions_keeps_nothing_of_them);
    tcase_add_test(cases, writes_the_header_of_an_api_key);
    tcase_add_test(cases, knows_which_credentials_it_has);
    tcase_add_test(cases, passes_on_allowed_headers_only);
    tcase_add_test(cases, passes_what_a_target_names);
    tcase_add_test(cases, finds_the_template_of_an_address);
    tcase_add_test(cases, refuses_commands_that_are_none);
    tcase_add_test(cases, chooses_port_and_address_itself);
    tcase_add_test(cases, says_what_a_runtime_without_command_needs);
    tcase_add_test(cases, keeps_whole_lines_of_logs);
    suite_add_tcase(suite, cases);
    return suite;
}
