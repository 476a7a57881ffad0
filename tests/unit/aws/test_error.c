#include "aws_suites.h"
#include "gt_test.h"

#include <gantry/aws/aws.h>
#include <gantry/model/operations.h>
#include <string.h>

GT_TEST_ARENA

static const struct {
    const struct gt_operation *operation;
    struct gt_aws_answer answer;
    const char *code, *message, *hint; /* hint: a part */
} rows[] = {
    {&gt_op_bedrock_agentcore_control_CreateAgentRuntime,
     {.failure = GT_AWS_REFUSED,
      .http_status = 400,
      .code = "ValidationException",
      .message = "Role validation failed for 'arn:x'"},
     "aws-refused",
     "CreateAgentRuntime was refused with ValidationException: Role validation failed for 'arn:x'",
     "bedrock-agentcore.amazonaws.com"},
    {&gt_op_bedrock_agentcore_control_GetGateway,
     {.failure = GT_AWS_REFUSED, .code = "AccessDeniedException", .message = "not authorized"},
     "aws-refused",
     "GetGateway was refused with AccessDeniedException: not authorized",
     "permission"},
    {&gt_op_bedrock_agentcore_control_DeleteGateway,
     {.failure = GT_AWS_REFUSED,
      .code = "ValidationException",
      .message = "Gateway has targets associated"},
     "aws-refused",
     "DeleteGateway was refused with ValidationException: Gateway has targets associated",
     "targets must be gone"},
    {&gt_op_iam_GetRole,
     {.failure = GT_AWS_REFUSED, .code = "Throttling", .message = "Rate", .throttled = true},
     "aws-refused",
     "GetRole was refused with Throttling: Rate",
     "try again in a while"},
    {&gt_op_iam_GetRole,
     {.failure = GT_AWS_UNREACHABLE, .message = "could not resolve host: iam.amazonaws.com"},
     "aws-unreachable",
     "GetRole could not be sent: could not resolve host: iam.amazonaws.com",
     "region"},
    {&gt_op_iam_GetRole,
     {.failure = GT_AWS_NO_ANSWER, .message = "no answer in time"},
     "aws-no-answer",
     "GetRole got no answer: no answer in time",
     "may have been carried out"},
    {&gt_op_iam_GetRole,
     {.failure = GT_AWS_GARBLED, .code = "HTTP 502", .message = "HTTP 502 with text/html"},
     "aws-garbled",
     "GetRole got no answer of the service: HTTP 502 with text/html",
     "proxy"},
    {&gt_op_iam_GetRole,
     {.failure = GT_AWS_CREDENTIALS, .message = "none"},
     "aws-credentials",
     "GetRole has no valid credentials: none",
     "AWS_PROFILE"},
};

START_TEST(an_error_says_what_happened_and_what_to_do)
{
    struct gt_diag *diag = gt_aws_error(&diags, rows[_i].operation, &rows[_i].answer);
    ck_assert_str_eq(diag->code, rows[_i].code);
    ck_assert_str_eq(diag->message, rows[_i].message);
    ck_assert_ptr_ne(diag->hint, NULL);
    ck_assert_msg(strstr(diag->hint, rows[_i].hint) != NULL, "%s", diag->hint);
    ck_assert_str_eq(diag->remote.operation, rows[_i].operation->name);
    ck_assert_str_eq(diag->remote.reason, rows[_i].answer.message);
    ck_assert_uint_eq(diags.errors, 1);
}
END_TEST

Suite *error_suite(void)
{
    Suite *suite = suite_create("error");
    TCase *tcase = tcase_create("error");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_loop_test(tcase, an_error_says_what_happened_and_what_to_do, 0, (int)GT_COUNT(rows));
    suite_add_tcase(suite, tcase);
    return suite;
}
