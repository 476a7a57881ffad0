#include "suites.h"

#include "lint.h"

#include <gantry/model/operations.h>

GT_TEST_ARENA

START_TEST(every_type_is_complete_and_consistent)
{
    const char *lines = lint(arena, gt_types[_i]);
    ck_assert_msg(*lines == '\0', "\n%s", lines);
}
END_TEST

START_TEST(finds_types_by_name)
{
    static const char *const names[] = {
        "user_pool",   "user_pool_domain", "resource_server", "user_pool_client", "role",
        "role_policy", "role_attachment",  "gateway",         "target",           "runtime",
        "log_group",   "runtime_endpoint", "oauth_provider",  "api_key_provider"};
    size_t count = 0;
    while (gt_types[count] != NULL)
        count++;
    ck_assert_uint_eq(count, GT_COUNT(names));
    for (size_t i = 0; i < GT_COUNT(names); i++)
        ck_assert_str_eq(type_of(names[i])->name, names[i]);
    ck_assert_ptr_null(gt_type_find("gate"));
}
END_TEST

/* Rows that replace a part of a good type with a bad one. */

static const struct gt_bind bad_binds[] = {{"gatewayIdentifer", GT_FROM_IDENTITY, "gatewayId"},
                                           {0}};
static const struct gt_attr bad_path[] = {{.path = "nam", .flags = GT_ATTR_IMMUTABLE},
                                          {.path = NULL}};
static const char *const half[] = {"READY", NULL};
static const struct gt_absence bad_code[] = {{.code = "NoSuchGateway"}, {.code = NULL}};
static const struct gt_transient foreign_call[] = {
    {.operation = &gt_op_iam_CreateRole, .code = "InvalidInput", .limit_ms = 1}, {.code = NULL}};
static const char *const secret_output[] = {"ClientSecret", NULL};

static void expect(const struct gt_type *type, const char *line)
{
    const char *lines = lint(arena, type);
    ck_assert_msg(strstr(lines, line) != NULL, "\"%s\" is not in\n%s", line, lines);
}

START_TEST(rejects_what_the_models_do_not_have)
{
    struct gt_type type = *type_of("gateway");
    type.read.in = bad_binds;
    expect(&type, "has no member gatewayIdentifer");
    expect(&type, "read: required member gatewayIdentifier is not set");

    type = *type_of("role");
    type.attributes = bad_path;
    expect(&type, "attributes: no nam");
    expect(&type, "identity: /RoleName may change");
}
END_TEST

START_TEST(rejects_what_is_missing)
{
    struct gt_type type = *type_of("gateway");
    type.status.pending = half;
    expect(&type, "status: READY is in 2 lists");
    expect(&type, "status: CREATING is in 0 lists");

    type = *type_of("gateway");
    type.steps = NULL;
    expect(&type, "steps: nothing changes roleArn");

    type = *type_of("gateway");
    type.absent = bad_code;
    expect(&type, "absent: no error NoSuchGateway");

    type = *type_of("gateway");
    type.transients = foreign_call;
    expect(&type, "transients: CreateRole is no call of bedrock-agentcore-control");

    type = *type_of("user_pool_client");
    type.outputs = secret_output;
    expect(&type, "outputs: ClientSecret is secret");

    type = *type_of("target");
    type.parent = NULL;
    expect(&type, "neither tags nor a parent");

    type = *type_of("target");
    type.lookup.list.operation = NULL;
    expect(&type, "identity: targetId cannot be looked up");
    expect(&type, "absent: nothing to confirm AccessDeniedException by");
}
END_TEST

Suite *registry_suite(void)
{
    Suite *suite = suite_create("registry");
    TCase *tests = tcase_create("registry");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    int count = 0;
    while (gt_types[count] != NULL)
        count++;
    tcase_add_loop_test(tests, every_type_is_complete_and_consistent, 0, count);
    tcase_add_test(tests, finds_types_by_name);
    tcase_add_test(tests, rejects_what_the_models_do_not_have);
    tcase_add_test(tests, rejects_what_is_missing);
    suite_add_tcase(suite, tests);
    return suite;
}
