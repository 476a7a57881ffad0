#include "suites.h"

#include <gantry/model/operations.h>

GT_TEST_ARENA

static const struct {
    const char *type, *live;
    enum gt_standing standing;
} standings[] = {
    {"gateway", "{'status': 'READY'}", GT_STANDING_SETTLED},
    {"gateway", "{'status': 'CREATING'}", GT_STANDING_PENDING},
    {"gateway", "{'status': 'REHEATING'}", GT_STANDING_PENDING},
    {"gateway", "{'status': 'UPDATE_UNSUCCESSFUL'}", GT_STANDING_FAILED},
    {"target", "{'status': 'SYNCHRONIZE_PENDING_AUTH'}", GT_STANDING_PERSON},
    {"target", "{'status': 'DELETING'}", GT_STANDING_DELETING},
    {"oauth_provider", "{'status': 'DELETE_FAILED'}", GT_STANDING_UNDELETABLE},
    {"oauth_provider", "{'name': 'o'}", GT_STANDING_SETTLED},
    {"role", "{'RoleName': 'r'}", GT_STANDING_SETTLED},
    {"user_pool_domain", "{'Status': 'ACTIVE'}", GT_STANDING_SETTLED},
    {"runtime_endpoint", "{'status': 'READY', 'liveVersion': '1', 'targetVersion': '2'}",
     GT_STANDING_PENDING},
    {"runtime_endpoint", "{'status': 'READY', 'liveVersion': '2', 'targetVersion': '2'}",
     GT_STANDING_SETTLED},
    {"runtime_endpoint", "{'status': 'READY', 'liveVersion': '2'}", GT_STANDING_SETTLED},
};

START_TEST(says_where_an_object_stands)
{
    const struct gt_type *type = type_of(standings[_i].type);
    ck_assert_int_eq(gt_status_standing(&type->status, doc(arena, standings[_i].live)),
                     standings[_i].standing);
}
END_TEST

START_TEST(joins_reasons_to_one_line)
{
    const struct gt_type *gateway = type_of("gateway"), *runtime = type_of("runtime");
    ck_assert_str_eq(
        gt_status_reason(arena, &gateway->status, doc(arena, "{'statusReasons': ['a', '', 'b']}")),
        "a; b");
    ck_assert_str_eq(
        gt_status_reason(arena, &runtime->status, doc(arena, "{'failureReason': 'no image'}")),
        "no image");
    ck_assert_ptr_null(
        gt_status_reason(arena, &gateway->status, doc(arena, "{'statusReasons': []}")));
    ck_assert_ptr_null(gt_status_reason(arena, &type_of("role")->status, doc(arena, "{}")));
}
END_TEST

enum meaning { NOTHING, EXISTS, ABSENT, UNSURE, PASSES, BUSY };

#define CONTROL(name) &gt_op_bedrock_agentcore_control_##name

static const struct {
    const char *type;
    const struct gt_operation *operation;
    const char *code, *message;
    enum meaning meaning;
} errors[] = {
    {"gateway", CONTROL(CreateGateway), "ConflictException", "A gateway with name g already exists",
     EXISTS},
    {"gateway", CONTROL(UpdateGateway), "ConflictException", "is in UPDATING status", BUSY},
    {"gateway", CONTROL(CreateGateway), "ValidationException",
     "Role validation failed for 'arn:aws:iam::1:role/r'", PASSES},
    {"gateway", CONTROL(CreateGateway), "AccessDeniedException",
     "Policy Engine 'x' does not have the required permissions", PASSES},
    {"gateway", CONTROL(CreateGateway), "ValidationException", "name is bad", NOTHING},
    {"gateway", CONTROL(DeleteGateway), "ValidationException",
     "Gateway has targets associated with it", BUSY},
    {"gateway", CONTROL(UpdateGateway), "ValidationException",
     "Gateway has targets associated with it", NOTHING},
    {"gateway", CONTROL(GetGateway), "ResourceNotFoundException", "Gateway g not found", ABSENT},
    {"gateway", CONTROL(GetGateway), "AccessDeniedException",
     "User is not authorized to perform: bedrock-agentcore:GetGateway", UNSURE},
    {"gateway", CONTROL(GetGateway), "ConflictException", "busy", NOTHING},
    {"target", CONTROL(CreateGatewayTarget), "ValidationException",
     "Cannot perform operation CreateGatewayTarget when gateway is in CREATING status", BUSY},
    {"target", CONTROL(CreateGatewayTarget), "ValidationException",
     "Gateway execution role lacks permission to invoke", PASSES},
    {"runtime", CONTROL(CreateAgentRuntime), "ValidationException",
     "Access denied while validating ECR URI 'x'", PASSES},
    {"runtime", CONTROL(DeleteAgentRuntime), "AccessDeniedException",
     "User is not authorized to perform: bedrock-agentcore:DeleteAgentRuntime", UNSURE},
    {"runtime_endpoint", CONTROL(GetAgentRuntimeEndpoint), "AccessDeniedException",
     "Endpoint e was not found", UNSURE},
    {"runtime_endpoint", CONTROL(GetAgentRuntimeEndpoint), "AccessDeniedException", NULL, NOTHING},
    {"role", &gt_op_iam_CreateRole, "EntityAlreadyExists", "Role with name r already exists.",
     EXISTS},
    {"role", &gt_op_iam_GetRole, "NoSuchEntity", "The role with name r cannot be found.", ABSENT},
    {"role", &gt_op_iam_DeleteRole, "DeleteConflict", "must delete policies first", BUSY},
    {"role", &gt_op_iam_CreateRole, "MalformedPolicyDocument", "Invalid principal in policy",
     PASSES},
    {"role", &gt_op_iam_CreateRole, "MalformedPolicyDocument", "Syntax errors in policy.", NOTHING},
    {"user_pool_domain", &gt_op_cognito_idp_CreateUserPoolDomain, "InvalidParameterException",
     "Domain already associated with another user pool.", EXISTS},
    {"user_pool_domain", &gt_op_cognito_idp_CreateUserPoolDomain, "InvalidParameterException",
     "User pool already has a domain configured.", NOTHING},
    {"user_pool_domain", &gt_op_cognito_idp_DeleteUserPoolDomain, "InvalidParameterException",
     "No such domain or user pool exists.", ABSENT},
    {"resource_server", &gt_op_cognito_idp_CreateResourceServer, "InvalidParameterException",
     "i already exists in user pool p.", EXISTS},
    {"user_pool_client", &gt_op_cognito_idp_UpdateUserPoolClient, "ConcurrentModificationException",
     "x", BUSY},
    {"log_group", &gt_op_logs_CreateLogGroup, "ResourceAlreadyExistsException", "x", EXISTS},
    {"log_group", &gt_op_logs_PutRetentionPolicy, "OperationAbortedException", "x", BUSY},
    {"oauth_provider", CONTROL(CreateOauth2CredentialProvider), "ValidationException",
     "Credential provider with name: o already exists", EXISTS},
};

START_TEST(says_what_an_error_means)
{
    const struct gt_type *type = type_of(errors[_i].type);
    const char *code = errors[_i].code, *message = errors[_i].message;
    bool creates = errors[_i].operation == type->create.operation;
    const struct gt_absence *absent = gt_absence_find(type->absent, code, message);
    const struct gt_transient *passing =
        gt_type_transient(type, errors[_i].operation, code, message);
    enum meaning meaning = NOTHING;
    if (creates && gt_type_says_exists(type, code, message))
        meaning = EXISTS;
    else if (!creates && absent != NULL)
        meaning = absent->confirm ? UNSURE : ABSENT;
    else if (passing != NULL)
        meaning = passing->pacing ? BUSY : PASSES;
    ck_assert_msg(meaning == errors[_i].meaning, "%s %s: %d", code, message, (int)meaning);
}
END_TEST

START_TEST(drives_a_target_again_that_failed_in_passing)
{
    const struct gt_type *target = type_of("target");
    ck_assert_ptr_nonnull(gt_type_redrive(
        target, "Failed to connect and fetch tools from the provided MCP target server. Error - "
                "Authorization error when sending message"));
    ck_assert_ptr_null(gt_type_redrive(target, "the schema is no OpenAPI document"));
    ck_assert_ptr_null(gt_type_redrive(target, NULL));
    ck_assert_ptr_null(gt_type_redrive(type_of("gateway"), "anything"));
}
END_TEST

Suite *meaning_suite(void)
{
    Suite *suite = suite_create("meaning");
    TCase *tests = tcase_create("meaning");
    tcase_add_checked_fixture(tests, arena_setup, arena_teardown);
    tcase_add_loop_test(tests, says_where_an_object_stands, 0, (int)GT_COUNT(standings));
    tcase_add_test(tests, joins_reasons_to_one_line);
    tcase_add_loop_test(tests, says_what_an_error_means, 0, (int)GT_COUNT(errors));
    tcase_add_test(tests, drives_a_target_again_that_failed_in_passing);
    suite_add_tcase(suite, tests);
    return suite;
}
