/* What the tables say to editors and people, and the lowered document. */
#include "support.h"
#include <gantry/base/str.h>

static struct gt_arena *arena;
static struct stack_test test;

static void setup(void)
{
    arena = gt_arena_new();
    test = stack_test(arena);
}

static void teardown(void)
{
    gt_arena_free(arena);
}

static const char *quick_suite(void)
{
    return read_text(arena, "tests/unit/stack/manifests/quick-suite.yaml");
}

START_TEST(describes_every_section_in_the_schema)
{
    json_auto_t *schema = gt_stack_schema();
    static const char *const sections[] = {
        "provider", "defaults", "variables", "environments", "identity", "gateways", "runtimes",
        "targets",  "roles",    "providers", "resources",    "outputs",  "moved"};
    for (size_t i = 0; i < GT_COUNT(sections); i++)
        ck_assert_msg(gt_at(schema, gt_printf(arena, "/properties/%s/description", sections[i])) !=
                          NULL,
                      "no %s", sections[i]);
    ck_assert_str_eq(gt_text_at(schema, "/$schema"),
                     "https://json-schema.org/draft/2020-12/schema");
    ck_assert(json_is_false(json_object_get(schema, "additionalProperties")));
    const char *text = gt_json_canonical(arena, schema);
    ck_assert_ptr_nonnull(strstr(text, "\"runtime_endpoint\""));
    ck_assert_ptr_nonnull(strstr(text, "\"required\":[\"gantry\",\"stack\"]"));
}
END_TEST

START_TEST(describes_every_key_in_the_manual)
{
    const char *text = gt_stack_manual(arena);
    static const char *const parts[] = {"gateways",     "runtimeEndpoint",    "managedPolicies",
                                        "logRetention", "one of PUBLIC, VPC", "percent-encode"};
    for (size_t i = 0; i < GT_COUNT(parts); i++)
        ck_assert_msg(strstr(text, parts[i]) != NULL, "no %s", parts[i]);
}
END_TEST

START_TEST(shows_the_stack_with_where_values_come_from)
{
    test.options.environment = "dev";
    ASSERT_BUILT(&test, quick_suite());
    json_auto_t *document = gt_stack_document(arena, &test.stack, true);
    json_t *gateway = json_object_get(document, "gateway.tools");
    ck_assert_str_eq(gt_text_at(gateway, "/type"), "gateway");
    ck_assert_str_eq(gt_text_at(gateway, "/origin/~1description"), "gantry.yaml:28:18");
    ck_assert_str_eq(gt_text_at(gateway, "/origin/~1name"),
                     "made for /gateways/tools (gantry.yaml:27:3)");
    ck_assert_str_eq(gt_text_at(gateway, "/entry"), "/gateways/tools (gantry.yaml:27:3)");
    ck_assert_str_eq(
        gt_text_at(json_object_get(document, "runtime.lark"),
                   "/origin/~1agentRuntimeArtifact~1containerConfiguration~1containerUri"),
        "gantry.yaml:13:20");
}
END_TEST

START_TEST(masks_secrets_in_the_shown_stack)
{
    ASSERT_BUILT(&test, "gantry: 1\nstack: s\nruntimes:\n  r:\n    image: "
                        "'123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1'\n"
                        "    environment: {API_TOKEN: \"${env.TOKEN}\"}\n"
                        "    local: {command: [serve], environment: {TOKEN: \"${env.TOKEN}\"}}\n");
    json_auto_t *document = gt_stack_document(arena, &test.stack, true);
    ck_assert_ptr_null(strstr(gt_json_canonical(arena, document), "s3cret"));
    for (size_t i = 0; i < test.diags.list.len; i++)
        ck_assert_ptr_null(strstr(test.diags.list.at[i]->message, "s3cret"));
    ASSERT_DIAG(&test, "secret-in-environment");
}
END_TEST

START_TEST(gives_one_digest_for_one_meaning)
{
    test.options.environment = "dev";
    ASSERT_BUILT(&test, quick_suite());
    const char *digest = test.stack.manifest_digest;
    ck_assert_uint_eq(strlen(digest), 64);
    ASSERT_BUILT(&test, gt_printf(arena, "# moved down\n\n%s", quick_suite()));
    ck_assert_str_eq(test.stack.manifest_digest, digest);
    test.options.environment = "prod";
    ASSERT_BUILT(&test, quick_suite());
    ck_assert_str_ne(test.stack.manifest_digest, digest);
}
END_TEST

START_TEST(keeps_what_was_moved)
{
    ASSERT_BUILT(
        &test,
        "gantry: 1\nstack: s\nresources:\n  new: {type: log_group, properties: {logGroupName: x}}\n"
        "moved:\n  - {from: log_group.old, to: log_group.new}\n");
    ck_assert_uint_eq(test.stack.moved.len, 1);
    ck_assert_str_eq(test.stack.moved.at[0].from, "log_group.old");
}
END_TEST

START_TEST(moves_all_that_an_entry_is_made_of)
{
    ASSERT_BUILT(&test, "gantry: 1\nstack: s\nidentity:\n  new: {clients: {a: {}}}\n"
                        "gateways:\n  g: {identity: new}\n"
                        "targets:\n  t: {gateway: g, endpoint: 'https://x.example/mcp'}\n"
                        "moved:\n  - {from: user_pool.old, to: user_pool.new}\n"
                        "  - {from: gateway.h, to: gateway.g}\n");
    static const char *const moved[][2] = {
        {"user_pool.old", "user_pool.new"},
        {"user_pool_domain.old", "user_pool_domain.new"},
        {"resource_server.old", "resource_server.new"},
        {"user_pool_client.old.a", "user_pool_client.new.a"},
        {"gateway.h", "gateway.g"},
        {"role.gateway.h", "role.gateway.g"},
        {"role_policy.gateway.h", "role_policy.gateway.g"},
    };
    for (size_t i = 0; i < GT_COUNT(moved); i++) {
        bool found = false;
        for (size_t j = 0; j < test.stack.moved.len; j++)
            found |= gt_streq(test.stack.moved.at[j].from, moved[i][0]) &&
                     gt_streq(test.stack.moved.at[j].to, moved[i][1]);
        ck_assert_msg(found, "%s", moved[i][0]);
    }
    ck_assert_uint_eq(test.stack.moved.len, GT_COUNT(moved));
}
END_TEST

Suite *reference_suite(void)
{
    Suite *suite = suite_create("reference");
    TCase *tcase = tcase_create("reference");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, describes_every_section_in_the_schema);
    tcase_add_test(tcase, describes_every_key_in_the_manual);
    tcase_add_test(tcase, shows_the_stack_with_where_values_come_from);
    tcase_add_test(tcase, masks_secrets_in_the_shown_stack);
    tcase_add_test(tcase, gives_one_digest_for_one_meaning);
    tcase_add_test(tcase, keeps_what_was_moved);
    tcase_add_test(tcase, moves_all_that_an_entry_is_made_of);
    suite_add_tcase(suite, tcase);
    return suite;
}
