#include "suites.h"

#include "golden.h"
#include "output.h"

#include <gantry/base/json.h>
#include <string.h>

GT_TEST_ARENA

static struct gt_stack stack;
static struct gt_state state;
static struct gt_client_facts facts[3];

static struct gt_entry *add(const char *type, const char *address, const char *outputs)
{
    struct gt_entry *entry = GT_NEW(arena, struct gt_entry);
    entry->address = address;
    entry->type = type;
    entry->outputs = gt_keep(arena, json_loads(outputs, 0, NULL));
    gt_map_set(&state.entries, address, entry);
    return entry;
}

static void add_client(const char *name, const char *address, const char *gateway)
{
    struct gt_client_info *client = GT_PUSH(arena, &stack.clients);
    client->name = name;
    client->client = address;
    client->pool = "user_pool.mcp";
    client->domain = "user_pool_domain.mcp";
    client->scope = "MyGateway/invoke";
    if (gateway != NULL)
        *GT_PUSH(arena, &client->gateways) = gateway;
}

static void setup(void)
{
    arena_setup();
    stack = (struct gt_stack){.name = "lark-tools"};
    state = (struct gt_state){.arena = arena,
                              .stack = "lark-tools",
                              .environment = "prod",
                              .cloud = {.region = "us-east-1"},
                              .entries = gt_map_init(arena)};
    memset(facts, 0, sizeof(facts));
    state.outputs = gt_keep(arena, json_pack("{s:s, s:[i,i], s:s}", "url", "https://x/mcp", "ports",
                                             1, 2, "note", "it's\n$HOME"));
    add("user_pool", "user_pool.mcp", "{\"Id\": \"us-east-1_AbC\"}");
    add("user_pool_domain", "user_pool_domain.mcp", "{\"Domain\": \"lark-abc\"}");
    add("user_pool_client", "user_pool_client.mcp.quick-suite", "{\"ClientId\": \"c1\"}")->applied =
        gt_keep(arena,
                json_pack("{s:[s,s]}", "AllowedOAuthScopes", "MyGateway/invoke", "MyGateway/list"));
    struct gt_entry *gateway =
        add("gateway", "gateway.tools",
            "{\"gatewayId\": \"g-1\", \"gatewayArn\": \"arn:g\", \"gatewayUrl\": "
            "\"https://g-1.gateway/mcp\", \"name\": \"lark-tools-prod-tools\"}");
    gateway->applied = gt_keep(arena, json_pack("{s:s}", "description", "Lark tools"));
    add("runtime", "runtime.lark",
        "{\"agentRuntimeId\": \"r-1\", \"agentRuntimeArn\": \"arn:r\", \"agentRuntimeVersion\": "
        "\"3\"}");
    add_client("mcp.quick-suite", "user_pool_client.mcp.quick-suite", "tools");
    add_client("mcp.not-yet", "user_pool_client.mcp.not-yet", "tools");
}

static struct gt_output collect(const char *only)
{
    struct gt_output output = {.manifest = "/home/ann/gantry.yaml"};
    gt_output_collect(arena, &stack, &state, facts, only, &output);
    return output;
}

static void print(struct gt_stream *out, const struct gt_output *output, const char *format)
{
    struct gt_format_options options = {.format = format, .delimiter = "END-1"};
    *out = gt_stream_memory();
    gt_output_print(out, arena, output, &options);
}

static const char *const formats[] = {"table",  "json",        "yaml",    "env",
                                      "github", "quick-suite", "mcp-json"};

START_TEST(formats_without_secrets_are_as_before)
{
    struct gt_output output = collect(NULL);
    struct gt_stream out;
    print(&out, &output, formats[_i]);
    golden_check(&out, gt_printf(arena, "output-%s.txt", formats[_i]));
}
END_TEST

START_TEST(formats_with_secrets_are_as_before)
{
    facts[0] = (struct gt_client_facts){"https://auth.example/token", "s3cr'et"};
    struct gt_output output = collect(NULL);
    struct gt_stream out;
    print(&out, &output, formats[_i]);
    golden_check(&out, gt_printf(arena, "output-%s-secret.txt", formats[_i]));
}
END_TEST

START_TEST(no_format_shows_a_secret_that_was_not_asked_for)
{
    struct gt_output output = collect(NULL);
    ck_assert_str_eq(gt_text_at(output.document, "/clients/mcp.quick-suite/clientSecret"),
                     GT_MASKED);
}
END_TEST

START_TEST(github_masks_secrets_and_nothing_else)
{
    facts[0].secret = "s3cret";
    struct gt_output output = collect(NULL);
    struct gt_stream out = gt_stream_memory();
    gt_output_masks(&out, &output);
    ck_assert_str_eq(stream_take(arena, &out), "::add-mask::s3cret\n");
    facts[0].secret = NULL;
    output = collect(NULL);
    out = gt_stream_memory();
    gt_output_masks(&out, &output);
    ck_assert_str_eq(stream_take(arena, &out), "");
}
END_TEST

START_TEST(clients_that_are_not_applied_yet_are_left_out)
{
    struct gt_output output = collect(NULL);
    ck_assert_ptr_null(gt_at(output.document, "/clients/mcp.not-yet"));
    ck_assert_uint_eq(output.integrations.len, 1);
}
END_TEST

START_TEST(one_client_can_be_chosen)
{
    add("user_pool_client", "user_pool_client.mcp.not-yet", "{\"ClientId\": \"c2\"}");
    struct gt_output output = collect("mcp.not-yet");
    ck_assert_uint_eq(json_object_size(gt_at(output.document, "/clients")), 1);
    ck_assert_str_eq(gt_text_at(output.document, "/clients/mcp.not-yet/clientId"), "c2");
}
END_TEST

START_TEST(servers_of_several_clients_have_names_of_their_own)
{
    add("user_pool_client", "user_pool_client.mcp.not-yet", "{\"ClientId\": \"c2\"}");
    struct gt_output output = collect(NULL);
    struct gt_stream out;
    print(&out, &output, "mcp-json");
    golden_check(&out, "output-mcp-json-two.txt");
    print(&out, &output, "quick-suite");
    golden_check(&out, "output-quick-suite-two.txt");
}
END_TEST

START_TEST(one_output_is_printed_bare)
{
    static const struct {
        const char *name, *format, *text;
    } rows[] = {
        {"url", "table", "https://x/mcp\n"},
        {"url", "json", "\"https://x/mcp\"\n"},
        {"ports", "table", "[1,2]\n"},
        {"url", "env", "export GANTRY_OUTPUT_URL='https://x/mcp'\n"},
        {"url", "github", "url=https://x/mcp\n"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_output output = collect(NULL);
        struct gt_stream out;
        ck_assert(gt_output_select(arena, &output, rows[i].name));
        print(&out, &output, rows[i].format);
        ck_assert_str_eq(stream_take(arena, &out), rows[i].text);
    }
    struct gt_output output = collect(NULL);
    ck_assert(!gt_output_select(arena, &output, "nope"));
}
END_TEST

START_TEST(token_urls_follow_the_domain)
{
    ck_assert_str_eq(gt_token_url(arena, "lark", "eu-west-1"),
                     "https://lark.auth.eu-west-1.amazoncognito.com/oauth2/token");
    ck_assert_str_eq(gt_token_url(arena, "lark", "us-gov-west-1"),
                     "https://lark.auth-fips.us-gov-west-1.amazoncognito.com/oauth2/token");
    ck_assert_str_eq(gt_token_url(arena, "login.example.com", "eu-west-1"),
                     "https://login.example.com/oauth2/token");
    ck_assert_ptr_null(gt_token_url(arena, NULL, "eu-west-1"));
}
END_TEST

Suite *output_suite(void)
{
    Suite *suite = suite_create("output");
    TCase *tcase = tcase_create("output");
    tcase_add_checked_fixture(tcase, setup, arena_teardown);
    tcase_add_loop_test(tcase, formats_without_secrets_are_as_before, 0, (int)GT_COUNT(formats));
    tcase_add_loop_test(tcase, formats_with_secrets_are_as_before, 0, (int)GT_COUNT(formats));
    tcase_add_test(tcase, no_format_shows_a_secret_that_was_not_asked_for);
    tcase_add_test(tcase, github_masks_secrets_and_nothing_else);
    tcase_add_test(tcase, clients_that_are_not_applied_yet_are_left_out);
    tcase_add_test(tcase, one_client_can_be_chosen);
    tcase_add_test(tcase, servers_of_several_clients_have_names_of_their_own);
    tcase_add_test(tcase, one_output_is_printed_bare);
    tcase_add_test(tcase, token_urls_follow_the_domain);
    suite_add_tcase(suite, tcase);
    return suite;
}
