#include "config_support.h"

GT_TEST_ARENA

/* Names of tools, separated by spaces. */
static const char *names_of(const struct gt_tool *const *tools, size_t count)
{
    const char *out = "";
    for (size_t i = 0; i < count; i++)
        out = gt_printf(arena, "%s%s%s", out, i > 0 ? " " : "", tools[i]->name);
    return out;
}

static const char *sources_text = "sources:\n"
                                  "  files: {type: filesystem, allowed_paths: [/data]}\n"
                                  "  warehouse: {type: postgres, database: d, user: u}\n";

static struct gt_config *with_sources(const char *text)
{
    return good_config(arena, gt_printf(arena, "%s%s", sources_text, text));
}

START_TEST(the_tools_of_the_local_tier_are_written_as_people_write_them)
{
    struct gt_config *config = good_config(
        arena,
        "name: two-tier\n"
        "sources:\n"
        "  - {name: warehouse, type: postgres, host: 127.0.0.1, port: 5432, database: analytics,\n"
        "     user: app, password: \"${env.PGPASSWORD}\", pool: {size: 4}}\n"
        "  - {name: cache, type: redis, host: 127.0.0.1, port: 6379}\n"
        "tools:\n"
        "  - name: postgres_query\n"
        "    type: postgres-query\n"
        "    description: Runs a query.\n"
        "    parameters:\n"
        "      query: {type: string, description: SQL, required: true}\n"
        "      timeout_ms: {type: integer, default: 5000}\n"
        "    permissions: [SELECT, INSERT, UPDATE, DELETE]\n"
        "    allowed_databases: [analytics]\n"
        "    security: {requires_auth: false, sandbox: true}\n"
        "    timeout_ms: 5000\n"
        "  - name: file_read\n"
        "    type: file-read\n"
        "    description: Reads a report.\n"
        "    security: {requires_auth: false, sandbox: true, allowed_paths: [/data/reports]}\n"
        "  - name: cache_invalidate\n"
        "    type: redis-invalidate\n"
        "    patterns: [\"session:*\"]\n");
    ck_assert_str_eq(names_of(config->tools.at, config->tools.len),
                     "cache_invalidate file_read postgres_query");
    const struct gt_tool *query = gt_config_tool(config, "postgres_query");
    ck_assert_str_eq(query->source, "warehouse");
    ck_assert_int_eq(query->limits.timeout_ms, 5000);
    ck_assert_int_eq(
        json_integer_value(gt_at(query->input_schema, "/properties/timeout_ms/default")), 5000);
    ck_assert_str_eq(gt_text_at(query->input_schema, "/properties/query/description"), "SQL");
    const struct gt_tool *file = gt_config_tool(config, "file_read");
    const struct gt_source_config *own = gt_config_source(config, file->source);
    ck_assert_str_eq(gt_text_at(own->settings, "/allowed_paths/0"), "/data/reports");
    ck_assert_str_eq(own->type->name, "filesystem");
    const struct gt_source_config *warehouse = gt_config_source(config, "warehouse");
    ck_assert_str_eq(gt_text_at(warehouse->settings, "/password"), "pw");
    ck_assert_ptr_null(gt_config_tool(config, "none"));
    gt_config_free(config);
}
END_TEST

START_TEST(a_file_without_tiers_has_a_local_one_with_all_tools)
{
    struct gt_config *config =
        with_sources("tools: {b: {type: file-list}, a: {type: file-read, tier: local}}\n");
    ck_assert_uint_eq(config->tiers.len, 1);
    const struct gt_tier *tier = &config->tiers.at[0];
    ck_assert_str_eq(tier->name, "local");
    ck_assert_str_eq(tier->host, "127.0.0.1");
    ck_assert_int_eq(tier->port, 8000);
    ck_assert_str_eq(names_of(tier->tools.at, tier->tools.len), "a b");
    ck_assert(!tier->any_host && !tier->cors && !tier->search);
    ck_assert_str_eq(config->name, "gantry-mcp");
    ck_assert_ptr_nonnull(config->version);
    ck_assert_int_eq(config->tools.at[0]->limits.timeout_ms, 5000);
    ck_assert_int_eq(config->tools.at[0]->retry.attempts, 3);
    ck_assert_ptr_nonnull(config->tools.at[0]->validator);
    gt_config_free(config);
}
END_TEST

START_TEST(listeners_are_isolated)
{
    struct gt_config *config =
        with_sources("tools:\n"
                     "  here: {type: file-list, tier: local}\n"
                     "  there: {type: file-list, tier: aws}\n"
                     "toolsets: {all: {tools: [there, here]}, one: {tools: [there]}}\n"
                     "tiers:\n"
                     "  local:\n"
                     "    listen: 127.0.0.1:8000\n"
                     "    allowed_origins: [\"http://localhost:3000\"]\n"
                     "    allowed_hosts: [localhost, \"127.0.0.1\"]\n"
                     "    cors: true\n"
                     "    public_url: https://tools.example.com/\n"
                     "  aws:\n"
                     "    host: \"[::]\"\n"
                     "    port: \"${env.PORT_TEXT}\"\n"
                     "    trust: agentcore\n"
                     "    discovery: search\n");
    const struct gt_tier *local = &config->tiers.at[0], *aws = &config->tiers.at[1];
    ck_assert_str_eq(names_of(local->tools.at, local->tools.len), "here");
    ck_assert_str_eq(names_of(aws->tools.at, aws->tools.len), "there");
    ck_assert_uint_eq(local->toolsets.len, 1);
    ck_assert_str_eq(names_of(local->toolsets.at[0]->tools.at, local->toolsets.at[0]->tools.len),
                     "here");
    ck_assert_uint_eq(aws->toolsets.len, 2);
    ck_assert_str_eq(aws->host, "::");
    ck_assert_int_eq(aws->port, 9000);
    ck_assert(aws->any_host && aws->search && !local->any_host && local->cors);
    ck_assert_int_eq(aws->trust, GT_TRUST_AGENTCORE);
    ck_assert_str_eq(local->allowed_origins[0], "http://localhost:3000");
    ck_assert_ptr_null(local->allowed_hosts[2]);
    ck_assert_str_eq(local->public_url, "https://tools.example.com");
    ck_assert_ptr_null(aws->public_url);
    gt_config_free(config);
}
END_TEST

START_TEST(limits_are_those_of_the_tier_or_the_tools_own)
{
    struct gt_config *config =
        with_sources("tools:\n"
                     "  own: {type: file-list, timeout_ms: 100, limits: {max_concurrent: 2}}\n"
                     "  tiers: {type: file-list, retry: {attempts: 1, base_ms: 20}}\n"
                     "tiers:\n"
                     "  local: {limits: {max_in_flight: 100, requests_per_second: 99.5,\n"
                     "                   timeout_ms: 10000, max_concurrent: 10}}\n");
    const struct gt_limits *limits = &config->tiers.at[0].limits;
    ck_assert_int_eq(limits->max_in_flight, 100);
    ck_assert_int_eq(limits->max_concurrent, 10);
    ck_assert_int_eq(limits->timeout_ms, 10000);
    ck_assert(limits->requests_per_second > 99.4 && limits->requests_per_second < 99.6);
    const struct gt_tool *own = gt_config_tool(config, "own"),
                         *tiers = gt_config_tool(config, "tiers");
    ck_assert_int_eq(own->limits.timeout_ms, 100);
    ck_assert_int_eq(own->limits.max_concurrent, 2);
    ck_assert_int_eq(tiers->limits.timeout_ms, 10000);
    ck_assert_int_eq(tiers->limits.max_concurrent, 0);
    ck_assert_int_eq(tiers->retry.attempts, 1);
    ck_assert_int_eq(tiers->retry.base_ms, 20);
    gt_config_free(config);
}
END_TEST

START_TEST(a_tier_with_toolsets_serves_their_tools_alone)
{
    struct gt_config *config =
        with_sources("tools: {a: {type: file-list}, b: {type: file-list}, c: {type: file-list}}\n"
                     "toolsets: {x: {tools: [c, a]}, y: {tools: [a]}, z: {tools: [b]}}\n"
                     "tiers: {local: {toolsets: [x, y]}}\n");
    const struct gt_tier *tier = &config->tiers.at[0];
    ck_assert_str_eq(names_of(tier->tools.at, tier->tools.len), "a c");
    ck_assert_uint_eq(tier->toolsets.len, 2);
    ck_assert_str_eq(names_of(tier->toolsets.at[0]->tools.at, 2), "a c");
    gt_config_free(config);
}
END_TEST

START_TEST(callers_are_told_apart_by_tokens)
{
    struct gt_config *config = with_sources(
        "tools: {a: {type: file-list, security: {requires_auth: true, scopes: [s1, s2]}}}\n"
        "tiers:\n"
        "  local:\n"
        "    listen: 0.0.0.0:8000\n"
        "    auth: {jwt: {issuer: \"https://example.com/\", audience: api, clients: [c1, c2],\n"
        "                 scopes: [s1]}}\n");
    const struct gt_jwt_config *jwt = config->tiers.at[0].jwt;
    ck_assert_str_eq(jwt->discovery_url, "https://example.com/.well-known/openid-configuration");
    ck_assert_str_eq(gt_json_canonical(arena, jwt->authorizer),
                     "{\"allowedAudience\":[\"api\"],\"allowedClients\":[\"c1\",\"c2\"],"
                     "\"allowedScopes\":[\"s1\"]}");
    ck_assert(config->tiers.at[0].any_host);
    ck_assert(config->tools.at[0]->requires_auth);
    ck_assert_str_eq(config->tools.at[0]->scopes[1], "s2");
    gt_config_free(config);
    config = with_sources("tools: {a: {type: file-list}}\n"
                          "tiers: {local: {auth: {jwt: {clients: [c], discovery_url:\n"
                          "  \"https://e.com/x/.well-known/openid-configuration\"}}}}\n");
    ck_assert_str_eq(config->tiers.at[0].jwt->issuer, "https://e.com/x");
    gt_config_free(config);
}
END_TEST

START_TEST(definitions_are_what_clients_see)
{
    struct gt_config *config = with_sources(
        "tools:\n"
        "  a: {type: postgres-sql, statement: SELECT 1, title: A, description: Gives 1.,\n"
        "      category: numbers, annotations: {destructive: false, open_world: true,\n"
        "      title: One}}\n");
    const struct gt_tool *tool = config->tools.at[0];
    const json_t *definition = tool->definition;
    ck_assert_str_eq(gt_text_at(definition, "/name"), "a");
    ck_assert_str_eq(gt_text_at(definition, "/title"), "A");
    ck_assert_str_eq(gt_text_at(definition, "/description"), "Gives 1.");
    ck_assert_str_eq(gt_text_at(definition, "/annotations/title"), "One");
    ck_assert(json_is_false(gt_at(definition, "/annotations/destructiveHint")));
    ck_assert(json_is_true(gt_at(definition, "/annotations/openWorldHint")));
    ck_assert(json_is_boolean(gt_at(definition, "/annotations/readOnlyHint")));
    ck_assert_str_eq(gt_text_at(definition, "/inputSchema/type"), "object");
    ck_assert_str_eq(tool->category, "numbers");
    gt_config_free(config);
}
END_TEST

START_TEST(parameters_of_every_type_are_described_by_the_file)
{
    static const struct {
        const char *type, *more, *name, *otherwise;
    } rows[] = {
        {"postgres-query", "", "query", "SELECT 1"},
        {"file-read", "", "path", "a.txt"},
        {"file-list", "", "path", "below"},
        {"redis-invalidate", "patterns: [a*], ", "pattern", "a"},
    };
    static const char *const none[] = {NULL};
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const char *text = gt_printf(
            arena,
            "sources: {p: {type: postgres, database: d, user: u}, r: {type: redis}, "
            "f: {type: filesystem, allowed_paths: [/data]}}\n"
            "tools: {a: {type: %s, %sparameters: [{name: %s, description: mine, default: %s}]}}\n",
            rows[i].type, rows[i].more, rows[i].name, rows[i].otherwise);
        struct gt_sys sys = config_sys(none);
        const struct gt_config_options options = {.path = "x", .bytes = text, .len = strlen(text)};
        struct gt_config *config = gt_config_load(&sys, &options, &diags);
        ck_assert_ptr_nonnull(config);
        const char *at = gt_printf(arena, "/inputSchema/properties/%s", rows[i].name);
        const json_t *property = gt_at(config->tools.at[0]->definition, at);
        ck_assert_str_eq(gt_text_at(property, "/description"), "mine");
        ck_assert_str_eq(gt_text_at(property, "/default"), rows[i].otherwise);
        gt_config_free(config);
    }
}
END_TEST

START_TEST(file_tools_may_read_and_nothing_else)
{
    static const struct {
        const char *permissions;
        size_t errors;
    } rows[] = {{"[READ]", 0}, {"[]", 0}, {"[READ, WRITE]", 1}, {"[SELECT]", 1}};
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        for (int k = 0; k < 2; k++) {
            const char *text = gt_printf(arena,
                                         "tools: {a: {type: file-%s, permissions: %s, security: "
                                         "{allowed_paths: [/data]}}}\n",
                                         k == 0 ? "read" : "list", rows[i].permissions);
            static const char *const none[] = {NULL};
            struct gt_sys sys = config_sys(none);
            const struct gt_config_options options = {
                .path = "x", .bytes = text, .len = strlen(text)};
            gt_diags_rewind(&diags, 0);
            gt_config_free(gt_config_load(&sys, &options, &diags));
            ck_assert_uint_eq(diags.errors, rows[i].errors);
        }
}
END_TEST

START_TEST(escapes_and_values_of_references_are_taken_as_they_are)
{
    static const char *const variables[] = {"ODD", "a ${env.ODD} $${b}", NULL};
    static const char text[] = "name: \"$${x}\"\ntitle: \"<${env.ODD}>\"\n"
                               "tools: {a: {type: file-list, description: \"${env.ODD}\",\n"
                               "  security: {allowed_paths: [/data]}}}\n";
    struct gt_sys sys = config_sys(variables);
    const struct gt_config_options options = {.path = "x", .bytes = text, .len = strlen(text)};
    struct gt_config *config = gt_config_load(&sys, &options, &diags);
    ck_assert_msg(config != NULL, "%s", reported(arena, &diags));
    ck_assert_str_eq(config->name, "${x}");
    ck_assert_str_eq(config->title, "<a ${env.ODD} $${b}>");
    ck_assert_str_eq(config->tools.at[0]->description, "a ${env.ODD} $${b}");
    gt_config_free(config);
}
END_TEST

static struct gt_config *with_variables(const char *const *variables)
{
    static const char text[] = "tools: {a: {type: file-list, security: {allowed_paths: [/data]}}}\n"
                               "tiers: {local: {listen: 127.0.0.1:8000, trust: agentcore}}\n";
    struct gt_sys sys = config_sys(variables);
    const struct gt_config_options options = {.path = "x", .bytes = text, .len = strlen(text)};
    gt_diags_rewind(&diags, 0);
    return gt_config_load(&sys, &options, &diags);
}

START_TEST(variables_of_containers_go_over_the_file)
{
    static const struct {
        const char *variables[9];
        const char *host;
        int port;
        enum gt_serving serving;
    } rows[] = {
        {{NULL}, "127.0.0.1", 8000, GT_SERVING_UNSAID},
        {{"PORT", "9000", NULL}, "127.0.0.1", 9000, GT_SERVING_UNSAID},
        {{"PORT", "9000", "FASTMCP_PORT", "9001", NULL}, "127.0.0.1", 9001, GT_SERVING_UNSAID},
        {{"PORT", "9000", "FASTMCP_PORT", "9001", "MCP_PORT", "9002", NULL},
         "127.0.0.1",
         9002,
         GT_SERVING_UNSAID},
        {{"MCP_HOST", "0.0.0.0", "MCP_TRANSPORT", "streamable-http", NULL},
         "0.0.0.0",
         8000,
         GT_SERVING_HTTP},
        {{"FASTMCP_HOST", "localhost", "FASTMCP_TRANSPORT", "STDIO", NULL},
         "127.0.0.1",
         8000,
         GT_SERVING_STDIO},
        {{"MCP_STATELESS_HTTP", "true", "MCP_HOST", "::1", NULL}, "::1", 8000, GT_SERVING_UNSAID},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_config *config = with_variables(rows[i].variables);
        ck_assert_msg(config != NULL, "%zu: %s", i, reported(arena, &diags));
        ck_assert_str_eq(config->tiers.at[0].host, rows[i].host);
        ck_assert_int_eq(config->tiers.at[0].port, rows[i].port);
        ck_assert_int_eq(config->serving, rows[i].serving);
        ck_assert_uint_eq(diags.warnings, 0);
        gt_config_free(config);
    }
}
END_TEST

START_TEST(variables_that_say_nothing_useful_are_reported)
{
    static const struct {
        const char *variables[3];
        const char *message;
        bool error;
    } rows[] = {
        {{"MCP_PORT", "65536", NULL}, "MCP_PORT must be a port, 0 to 65535, not \"65536\"", true},
        {{"PORT", "80x", NULL}, "PORT must be a port, 0 to 65535, not \"80x\"", true},
        {{"MCP_TRANSPORT", "sse", NULL},
         "MCP_TRANSPORT must be stdio, http or streamable-http, not \"sse\"",
         true},
        {{"FASTMCP_HOST", "db.local", NULL},
         "FASTMCP_HOST must be a numeric address, not \"db.local\"",
         true},
        {{"MCP_STATELESS_HTTP", "false", NULL},
         "MCP_STATELESS_HTTP is \"false\", and this server is stateless",
         false},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_config *config = with_variables(rows[i].variables);
        ck_assert_int_eq(config == NULL, rows[i].error);
        ck_assert_uint_eq(diags.list.len, 1);
        ck_assert_str_eq(diags.list.at[0]->message, rows[i].message);
        gt_config_free(config);
    }
}
END_TEST

START_TEST(an_address_from_the_environment_opens_no_listener_either)
{
    static const char *const variables[] = {"MCP_HOST", "0.0.0.0", NULL};
    static const char text[] =
        "tools: {a: {type: file-list, security: {allowed_paths: [/data]}}}\n";
    struct gt_sys sys = config_sys(variables);
    const struct gt_config_options options = {.path = "x", .bytes = text, .len = strlen(text)};
    ck_assert_ptr_null(gt_config_load(&sys, &options, &diags));
    ck_assert_str_eq(diags.list.at[0]->code, "open-listener");
}
END_TEST

START_TEST(warns_of_what_is_not_wrong_but_not_meant)
{
    static const struct {
        const char *text, *code;
    } rows[] = {
        {"", "no-tools"},
        {"tools: {a: {type: file-list, security: {requires_auth: true}}}\n", "unreachable-tool"},
        {"tools: {a: {type: file-list, security: {scopes: [x]}}}\n", "unreachable-tool"},
        {"tools: {a_name_of_thirty-seven.characters_xxx: {type: file-list}}\n", "long-name"},
        {"tools: {a: {type: file-list}}\ntoolsets: {t: {tools: [a, a]}}\n", "duplicate-name"},
        {"tools: {a: {type: file-list, tier: local}}\ntoolsets: {t: {tools: [a]}}\n"
         "tiers: {local: {}, b: {listen: 8001, toolsets: [t]}}\n",
         "empty-toolset"},
        {"tools: {a: {type: file-list}}\n"
         "tiers: {local: {auth: {jwt: {issuer: \"https://e.com\"}}}}\n",
         "any-token"},
        {"tools: {a: {type: postgres-query, permissions: [DELETE], annotations:\n"
         "  {read_only: true}}}\n",
         "untrue-annotation"},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        gt_diags_rewind(&diags, 0);
        struct gt_config *config =
            config_of(gt_printf(arena, "%s%s", sources_text, rows[i].text), &diags);
        ck_assert_msg(config != NULL, "%s", reported(arena, &diags));
        ck_assert_msg(diags.warnings == 1, "%s: %s", rows[i].code, reported(arena, &diags));
        ck_assert_str_eq(diags.list.at[0]->code, rows[i].code);
        ck_assert_uint_gt(diags.list.at[0]->pos.line, 0);
        gt_config_free(config);
    }
}
END_TEST

START_TEST(reports_outlive_the_configuration)
{
    struct gt_config *config = config_of("sources: {c: {type: redis, password: abc}}\n", &diags);
    gt_config_free(config);
    ck_assert_uint_eq(diags.warnings, 2);
    ck_assert_str_eq(
        reported(arena, &diags),
        "1:38 warning literal-secret: sources.c.password is written in the file (use "
        "${env.NAME} or ${file.PATH}, so that who reads the file does not learn it)\n"
        "1:1 warning no-tools: the configuration has no tools (add one under tools, or "
        "with `gantry-mcp register`)\n");
}
END_TEST

START_TEST(an_editors_schema_takes_what_is_valid)
{
    struct gt_schema_problem problem = {0};
    struct gt_schema_problems problems = {0};
    json_t *document = gt_keep(arena, gt_config_schema());
    const struct gt_schema *schema = gt_schema_compile(arena, document, &problem);
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        {"tools: {a: {type: file-list, security: {allowed_paths: [/data]}, timeout_ms: 5}}", true},
        {"tools: [{name: a, type: postgres-sql, statement: SELECT 1}]", true},
        {"tiers: {local: {listen: 127.0.0.1:80, cors: \"${env.CORS}\", port: 80}}", true},
        {"tools: {a: {type: nothing}}", false},
        {"tiers: {local: {discovery: some}}", false},
        {"tols: {}", false},
    };
    ck_assert_msg(schema != NULL, "%s %s", problem.pointer, problem.message);
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        struct gt_doc doc;
        ck_assert(gt_doc_parse(arena, "x", rows[i].text, strlen(rows[i].text), &doc, &diags));
        bool valid = gt_schema_check(schema, arena, doc.root, &problems);
        ck_assert_msg(valid == rows[i].valid, "%s: %s", rows[i].text,
                      valid ? "valid" : problems.at[0].message);
    }
}
END_TEST

Suite *config_suite(void)
{
    Suite *suite = suite_create("config");
    TCase *test = tcase_create("config");
    tcase_add_checked_fixture(test, arena_setup, arena_teardown);
    tcase_add_test(test, the_tools_of_the_local_tier_are_written_as_people_write_them);
    tcase_add_test(test, a_file_without_tiers_has_a_local_one_with_all_tools);
    tcase_add_test(test, listeners_are_isolated);
    tcase_add_test(test, limits_are_those_of_the_tier_or_the_tools_own);
    tcase_add_test(test, a_tier_with_toolsets_serves_their_tools_alone);
    tcase_add_test(test, callers_are_told_apart_by_tokens);
    tcase_add_test(test, definitions_are_what_clients_see);
    tcase_add_test(test, parameters_of_every_type_are_described_by_the_file);
    tcase_add_test(test, file_tools_may_read_and_nothing_else);
    tcase_add_test(test, escapes_and_values_of_references_are_taken_as_they_are);
    tcase_add_test(test, variables_of_containers_go_over_the_file);
    tcase_add_test(test, variables_that_say_nothing_useful_are_reported);
    tcase_add_test(test, an_address_from_the_environment_opens_no_listener_either);
    tcase_add_test(test, warns_of_what_is_not_wrong_but_not_meant);
    tcase_add_test(test, reports_outlive_the_configuration);
    tcase_add_test(test, an_editors_schema_takes_what_is_valid);
    suite_add_tcase(suite, test);
    return suite;
}
