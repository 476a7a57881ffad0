/* Error answers of every protocol, and of what stands between us and the service. */
#include "aws_suites.h"
#include "codec.h"
#include "gt_test.h"

#include <gantry/base/str.h>
#include <gantry/model/operations.h>
#include <string.h>

GT_TEST_ARENA

#define GET_GATEWAY &gt_op_bedrock_agentcore_control_GetGateway
#define GET_POOL &gt_op_cognito_idp_DescribeUserPool
#define GET_ALARMS &gt_op_cloudwatch_DescribeAlarms
#define GET_ROLE &gt_op_iam_GetRole
#define GET_OBJECT &gt_op_s3_GetObject

static const struct row {
    const char *name;
    const struct gt_operation *operation;
    int status;
    struct gt_header headers[2];
    const char *body; /* with ' for " */
    enum gt_aws_failure failure;
    const char *code, *message, *request_id;
} rows[] = {
    {"rest-json: the header's code",
     GET_GATEWAY,
     404,
     {{"x-amzn-errortype", "ResourceNotFoundException:http://internal.amazon.com/"},
      {"x-amzn-requestid", "r-1"}},
     "{'message':'no such gateway'}",
     GT_AWS_REFUSED,
     "ResourceNotFoundException",
     "no such gateway",
     "r-1"},
    {"rest-json: the body's code",
     GET_GATEWAY,
     409,
     {{0}},
     "{'code':'ConflictException','message':'taken'}",
     GT_AWS_REFUSED,
     "ConflictException",
     "taken",
     NULL},
    {"rest-json: the body's type",
     GET_GATEWAY,
     400,
     {{0}},
     "{'__type':'com.amazonaws.agentcore#ValidationException:x','Message':'bad'}",
     GT_AWS_REFUSED,
     "ValidationException",
     "bad",
     NULL},
    {"rest-json: the fields of a validation",
     GET_GATEWAY,
     400,
     {{"x-amzn-errortype", "ValidationException"}},
     "{'message':'2 errors','reason':'FieldValidationFailed','fieldList':["
     "{'name':'/name','message':'too long'},{'name':'/roleArn','message':'no ARN'}]}",
     GT_AWS_REFUSED,
     "ValidationException",
     "2 errors; /name: too long; /roleArn: no ARN",
     NULL},
    {"rest-json: no code",
     GET_GATEWAY,
     403,
     {{0}},
     "{'message':'Forbidden'}",
     GT_AWS_REFUSED,
     "HTTP 403",
     "Forbidden",
     NULL},
    {"rest-json: no body",
     GET_GATEWAY,
     503,
     {{0}},
     "",
     GT_AWS_REFUSED,
     "HTTP 503",
     "HTTP 503 without a reason",
     NULL},
    {"aws-json: the type without its name space",
     GET_POOL,
     400,
     {{"x-amzn-requestid", "r-2"}},
     "{'__type':'com.amazonaws.cognito#ResourceNotFoundException','message':'no pool'}",
     GT_AWS_REFUSED,
     "ResourceNotFoundException",
     "no pool",
     "r-2"},
    {"aws-json: the code of the query protocol",
     GET_ALARMS,
     404,
     {{"x-amzn-query-error", "ResourceNotFound;Sender"}},
     "{'__type':'x#ResourceNotFoundException','message':'none'}",
     GT_AWS_REFUSED,
     "ResourceNotFound",
     "none",
     NULL},
    {"query: code, message and request id",
     GET_ROLE,
     404,
     {{0}},
     "<ErrorResponse xmlns='https://iam/'><Error><Type>Sender</Type><Code>NoSuchEntity</Code>"
     "<Message>no\n role</Message></Error><RequestId>r-3</RequestId></ErrorResponse>",
     GT_AWS_REFUSED,
     "NoSuchEntity",
     "no role",
     "r-3"},
    {"query: errors around the error",
     GET_ROLE,
     400,
     {{0}},
     "<Response><Errors><Error><Code>AuthFailure</Code><Message>who</Message></Error></Errors>"
     "<RequestID>r-4</RequestID></Response>",
     GT_AWS_REFUSED,
     "AuthFailure",
     "who",
     "r-4"},
    {"rest-xml: a bare error",
     GET_OBJECT,
     404,
     {{"x-amz-request-id", "r-5"}},
     "<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>gone</Message>"
     "<RequestId>r-5</RequestId><HostId>h</HostId></Error>",
     GT_AWS_REFUSED,
     "NoSuchKey",
     "gone",
     "r-5"},
    {"rest-xml: a status alone",
     &gt_op_s3_HeadObject,
     404,
     {{0}},
     "",
     GT_AWS_REFUSED,
     "HTTP 404",
     "HTTP 404 without a reason",
     NULL},
    {"a proxy's page",
     GET_GATEWAY,
     502,
     {{"content-type", "text/html"}},
     "<html><body>Bad Gateway</body></html>",
     GT_AWS_GARBLED,
     "HTTP 502",
     "HTTP 502 with text/html, 37 bytes, not the service's own answer",
     NULL},
    {"a proxy's page for XML",
     GET_ROLE,
     502,
     {{"content-type", "text/html"}},
     "<!DOCTYPE html><html>",
     GT_AWS_GARBLED,
     "HTTP 502",
     "HTTP 502 with text/html, 21 bytes, not the service's own answer",
     NULL},
    {"XML without an error",
     GET_ROLE,
     500,
     {{0}},
     "<oops/>",
     GT_AWS_GARBLED,
     "HTTP 500",
     "HTTP 500 with no content type, 7 bytes, not the service's own answer",
     NULL},
    {"an error header with a page",
     GET_GATEWAY,
     503,
     {{"x-amzn-errortype", "ThrottlingException"}},
     "<html/>",
     GT_AWS_REFUSED,
     "ThrottlingException",
     "HTTP 503 without a reason",
     NULL},
    {"a redirect",
     GET_GATEWAY,
     302,
     {{0}},
     "",
     GT_AWS_REFUSED,
     "HTTP 302",
     "HTTP 302 without a reason",
     NULL},
    {"a quoted canonical string is cut off: it holds the token",
     GET_POOL,
     403,
     {{0}},
     "{'__type':'InvalidSignatureException','message':'no match. The Canonical String for this "
     "request should have been POST x-amz-security-token:SECRET'}",
     GT_AWS_REFUSED,
     "InvalidSignatureException",
     "no match.",
     NULL},
    {"texts of other types",
     GET_GATEWAY,
     400,
     {{0}},
     "{'message':{'a':1},'code':7}",
     GT_AWS_REFUSED,
     "HTTP 400",
     "HTTP 400 without a reason",
     NULL},
};

START_TEST(errors_are_read_by_the_protocol)
{
    const struct row *row = &rows[_i];
    char *body = gt_strdup(arena, row->body);
    for (char *c = body; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    struct gt_http_response response = {
        .status = row->status, .headers = row->headers, .body = body, .body_len = strlen(body)};
    while (response.header_count < 2 && row->headers[response.header_count].name != NULL)
        response.header_count++;
    struct gt_decoded decoded = gt_decode(arena, row->operation, &response);
    ck_assert_msg(decoded.failure == row->failure, "%s: failure %d", row->name,
                  (int)decoded.failure);
    ck_assert_str_eq(decoded.code, row->code);
    ck_assert_str_eq(decoded.message, row->message);
    ck_assert_msg(gt_streq(decoded.request_id, row->request_id), "%s: request id", row->name);
    ck_assert_ptr_eq(decoded.output, NULL);
}
END_TEST

Suite *fault_suite(void)
{
    Suite *suite = suite_create("fault");
    TCase *tcase = tcase_create("fault");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_loop_test(tcase, errors_are_read_by_the_protocol, 0, (int)GT_COUNT(rows));
    suite_add_tcase(suite, tcase);
    return suite;
}
