/* Names at the services. */
#include "support.h"

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

static const char *name_of(const char *stack, const char *entry, const char *address,
                           const char *pointer)
{
    const char *text =
        gt_printf(arena,
                  "gantry: 1\nstack: %s\nidentity:\n  mcp: {clients: {a: {}}}\ngateways:\n  %s: "
                  "{identity: mcp}\n"
                  "runtimes:\n  %s: {image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1'}\n",
                  stack, entry, entry);
    test = stack_test(arena);
    ASSERT_BUILT(&test, text);
    return json_string_value(property_of(&test, address, pointer));
}

START_TEST(keep_to_the_alphabet_of_each_service)
{
    ck_assert_str_eq(name_of("my-stack", "a_b", "gateway.a_b", "/name"), "my-stack-a-b");
    ck_assert_str_eq(name_of("my-stack", "a-b", "runtime.a-b", "/agentRuntimeName"),
                     "my_stack_a_b");
    ck_assert_str_eq(name_of("a--b", "x__y", "gateway.x__y", "/name"), "a-b-x-y");
    ck_assert_str_eq(name_of("my-stack", "a_b", "role.gateway.a_b", "/RoleName"),
                     "my-stack-gateway-a_b-us-east-1");
}
END_TEST

START_TEST(stay_apart_when_they_are_shortened)
{
    static const char one[] = "a-gateway-with-a-name-that-is-much-too-long-one";
    static const char two[] = "a-gateway-with-a-name-that-is-much-too-long-two";
    const char *first = name_of("a-stack-with-a-name", one,
                                "gateway.a-gateway-with-a-name-that-is-much-too-long-one", "/name");
    const char *second =
        name_of("a-stack-with-a-name", two,
                "gateway.a-gateway-with-a-name-that-is-much-too-long-two", "/name");
    ck_assert_uint_le(strlen(first), 48);
    ck_assert_str_ne(first, second);
    ck_assert_uint_le(strlen(name_of("a-stack-with-a-name", one,
                                     "role.gateway.a-gateway-with-a-name-that-is-much-too-long-one",
                                     "/RoleName")),
                      64);
}
END_TEST

START_TEST(have_no_word_in_a_domain_that_cognito_refuses)
{
    const char *domain = name_of("aws-laws-amazon-cognito", "g", "user_pool_domain.mcp", "/Domain");
    ck_assert_ptr_null(strstr(domain, "aws-"));
    ck_assert_ptr_null(strstr(domain, "amazon"));
    ck_assert_msg(gt_starts_with(domain, "a-ws-la-ws-am-azon-cog-nito-"), "%s", domain);
}
END_TEST

START_TEST(can_be_set)
{
    ASSERT_BUILT(&test,
                 "gantry: 1\nstack: s\ngateways:\n  g: {authorizer: AWS_IAM, name: Mine}\n"
                 "targets:\n  t: {gateway: g, name: docs, endpoint: 'https://a.example/mcp'}\n");
    assert_property(&test, "gateway.g", "/name", "'Mine'");
    assert_property(&test, "target.t", "/name", "'docs'");
    assert_property(&test, "role_policy.gateway.g", "/PolicyDocument/Statement/0/Resource",
                    "'arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/mine-*'");
}
END_TEST

START_TEST(are_found_wrong_with_the_rule_in_words)
{
    ck_assert(!build_text(&test,
                          "gantry: 1\nstack: s\nruntimes:\n  r:\n    name: my-runtime\n"
                          "    image: '123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1'\n"));
    ASSERT_DIAG(&test, "bad-name");
    ck_assert_uint_eq(diag_of(&test, "bad-name")->pos.line, 5);
    ck_assert_ptr_nonnull(strstr(diag_of(&test, "bad-name")->hint, "48"));
}
END_TEST

Suite *names_suite(void)
{
    Suite *suite = suite_create("names");
    TCase *tcase = tcase_create("names");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, keep_to_the_alphabet_of_each_service);
    tcase_add_test(tcase, stay_apart_when_they_are_shortened);
    tcase_add_test(tcase, have_no_word_in_a_domain_that_cognito_refuses);
    tcase_add_test(tcase, can_be_set);
    tcase_add_test(tcase, are_found_wrong_with_the_rule_in_words);
    suite_add_tcase(suite, tcase);
    return suite;
}
