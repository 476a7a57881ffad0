#include "suites.h"

#include <gantry/model/operations.h>
#include <gt_test.h>
#include <string.h>

START_TEST(finds_services_and_operations_by_name)
{
    const struct gt_service *cognito = gt_service_find("cognito-idp");
    ck_assert_ptr_eq(cognito, &gt_service_cognito_idp);
    ck_assert_ptr_eq(gt_operation_find(cognito, "CreateUserPool"),
                     &gt_op_cognito_idp_CreateUserPool);
    ck_assert_ptr_null(gt_operation_find(cognito, "CreateGateway"));
    ck_assert_ptr_null(gt_service_find("cognito"));
}
END_TEST

START_TEST(finds_every_member_by_its_name)
{
    const struct gt_shape *shape = gt_op_cognito_idp_CreateUserPoolClient.input;
    for (size_t i = 0; i < shape->member_count; i++)
        ck_assert_ptr_eq(gt_member_find(shape, shape->members[i].name), &shape->members[i]);
    static const char *const absent[] = {"", "A", "ClientNam", "ClientName2", "clientName", "zz"};
    for (size_t i = 0; i < GT_COUNT(absent); i++)
        ck_assert_msg(gt_member_find(shape, absent[i]) == NULL, "%s", absent[i]);
    ck_assert_ptr_null(gt_member_find(NULL, "ClientName"));
}
END_TEST

START_TEST(steps_along_pointers)
{
    static const struct {
        const char *pointer, *shape; /* NULL: none */
    } rows[] = {
        {"", "CreateGatewayRequest"},
        {"/name", "GatewayName"},
        {"/authorizerConfiguration/customJWTAuthorizer/allowedClients", "AllowedClientsList"},
        {"/authorizerConfiguration/customJWTAuthorizer/allowedClients/0", "AllowedClient"},
        {"/authorizerConfiguration/customJWTAuthorizer/allowedClients/17", "AllowedClient"},
        {"/authorizerConfiguration/customJWTAuthorizer/allowedClients/*", "AllowedClient"},
        {"/authorizerConfiguration/customJWTAuthorizer/allowedClients/x", NULL},
        {"/tags/any~1key", "TagValue"},
        {"/tags/*", "TagValue"},
        {"/nam", NULL},
        {"/name/deeper", NULL},
        {"name", NULL},
    };
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const struct gt_shape *shape =
            gt_shape_at(gt_op_bedrock_agentcore_control_CreateGateway.input, rows[i].pointer);
        if (rows[i].shape == NULL)
            ck_assert_msg(shape == NULL, "%s", rows[i].pointer);
        else
            ck_assert_msg(shape != NULL && strcmp(shape->name, rows[i].shape) == 0, "%s",
                          rows[i].pointer);
    }
    ck_assert_ptr_null(gt_shape_at(NULL, "/name"));
}
END_TEST

START_TEST(finds_the_idempotency_token)
{
    ck_assert_str_eq(gt_operation_token(&gt_op_bedrock_agentcore_control_CreateGateway)->name,
                     "clientToken");
    ck_assert_str_eq(gt_operation_token(&gt_op_secretsmanager_CreateSecret)->name,
                     "ClientRequestToken");
    ck_assert_ptr_null(gt_operation_token(&gt_op_iam_CreateRole));
    ck_assert_ptr_null(gt_operation_token(&gt_op_sts_GetCallerIdentity));
}
END_TEST

START_TEST(finds_errors_by_code_and_by_shape)
{
    const struct gt_operation *op = &gt_op_iam_GetRole;
    const struct gt_shape *error = gt_operation_error(op, "NoSuchEntity");
    ck_assert_str_eq(error->name, "NoSuchEntityException");
    ck_assert_int_eq(error->http_status, 404);
    ck_assert_ptr_eq(gt_operation_error(op, "NoSuchEntityException"), error);
    ck_assert_ptr_null(gt_operation_error(op, "Throttling"));
    ck_assert_ptr_null(gt_operation_error(&gt_op_sts_GetCallerIdentity, "AccessDenied"));
}
END_TEST

Suite *lookup_suite(void)
{
    Suite *suite = suite_create("lookup");
    TCase *test = tcase_create("lookup");
    tcase_add_test(test, finds_services_and_operations_by_name);
    tcase_add_test(test, finds_every_member_by_its_name);
    tcase_add_test(test, steps_along_pointers);
    tcase_add_test(test, finds_the_idempotency_token);
    tcase_add_test(test, finds_errors_by_code_and_by_shape);
    suite_add_tcase(suite, test);
    return suite;
}
