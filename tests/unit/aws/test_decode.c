/* Answers to documents, and everything that is no answer. */
#include "aws_suites.h"
#include "codec.h"
#include "gt_test.h"
#include "scalar.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>
#include <string.h>

GT_TEST_ARENA

static char *quoted(const char *text)
{
    char *out = gt_strdup(arena, text);
    for (char *c = out; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    return out;
}

static const struct row {
    const char *name;
    const struct gt_operation *operation;
    int status;
    struct gt_header headers[3];
    const char *body;   /* with ' for " */
    const char *output; /* the same */
} rows[] = {
    {
        .name = "rest-json: ISO timestamps stay, nulls go, new members stay",
        .operation = &gt_op_bedrock_agentcore_control_GetGateway,
        .body = "{'gatewayId':'g','createdAt':'2026-01-17T12:34:56.123456Z','description':null,"
                "'brandNew':[1]}",
        .output = "{'gatewayId':'g','createdAt':'2026-01-17T12:34:56.123456Z','brandNew':[1]}",
    },
    {
        .name = "rest-json: Unix timestamps become ISO",
        .operation = &gt_op_bedrock_agentcore_control_GetApiKeyCredentialProvider,
        .body = "{'name':'k','createdTime':1768653296.5,'lastUpdatedTime':1768653296}",
        .output = "{'name':'k','createdTime':'2026-01-17T12:34:56.500Z',"
                  "'lastUpdatedTime':'2026-01-17T12:34:56Z'}",
    },
    {
        .name = "rest-json: no members wanted, none sent",
        .operation = &gt_op_bedrock_agentcore_control_TagResource,
        .status = 204,
        .body = "",
        .output = "{}",
    },
    {
        .name = "rest-json: status, headers and a payload of text",
        .operation = &gt_op_lambda_Invoke,
        .headers = {{"x-amz-function-error", "Unhandled"}, {"x-amz-executed-version", "3"}},
        .body = "{'errorMessage':'x'}",
        .output = "{'StatusCode':200,'FunctionError':'Unhandled','ExecutedVersion':'3',"
                  "'Payload':'{\\'errorMessage\\':\\'x\\'}'}",
    },
    {
        .name = "rest-json: a payload that is no UTF-8",
        .operation = &gt_op_lambda_Invoke,
        .body = "\xff\xfe",
        .output = "{'StatusCode':200,'Payload':{'base64':'//4='}}",
    },
    {
        .name = "aws-json: nested timestamps and numbers",
        .operation = &gt_op_cognito_idp_DescribeUserPool,
        .body = "{'UserPool':{'Id':'p','CreationDate':1.768653296E9,'EstimatedNumberOfUsers':3}}",
        .output = "{'UserPool':{'Id':'p','CreationDate':'2026-01-17T12:34:56Z',"
                  "'EstimatedNumberOfUsers':3}}",
    },
    {
        .name = "aws-json: an operation without output and an empty body",
        .operation = &gt_op_cognito_idp_DeleteUserPool,
        .body = "",
        .output = "{}",
    },
    {
        .name = "duplicate keys: the last counts",
        .operation = &gt_op_cognito_idp_DescribeUserPool,
        .body = "{'UserPool':{'Id':'p','Id':'q'}}",
        .output = "{'UserPool':{'Id':'q'}}",
    },
    {
        .name = "an integer beyond 64 bits",
        .operation = &gt_op_cognito_idp_DescribeUserPool,
        .body = "{'UserPool':{'Id':'p','EstimatedNumberOfUsers':100000000000000000000}}",
        .output = "{'UserPool':{'Id':'p','EstimatedNumberOfUsers':1e20}}",
    },
    {
        .name = "query: wrapper, structure, list, integer, boolean, timestamp",
        .operation = &gt_op_iam_ListRoles,
        .body = "<ListRolesResponse xmlns='https://iam.amazonaws.com/doc/2010-05-08/'>\n"
                " <ListRolesResult>\n  <IsTruncated>false</IsTruncated>\n  <Roles>\n"
                "   <member><RoleName>a&amp;b</RoleName><MaxSessionDuration>3600"
                "</MaxSessionDuration><CreateDate>2026-01-17T12:34:56Z</CreateDate></member>\n"
                "   <member><RoleName><![CDATA[c<d]]></RoleName></member>\n  </Roles>\n"
                " </ListRolesResult>\n <ResponseMetadata><RequestId>r</RequestId>"
                "</ResponseMetadata></ListRolesResponse>",
        .output = "{'IsTruncated':false,'Roles':[{'RoleName':'a&b','MaxSessionDuration':3600,"
                  "'CreateDate':'2026-01-17T12:34:56Z'},{'RoleName':'c<d'}]}",
    },
    {
        .name = "query: an empty list and an empty text",
        .operation = &gt_op_iam_GetRole,
        .body = "<GetRoleResponse><GetRoleResult><Role><Tags/><Description/></Role>"
                "</GetRoleResult></GetRoleResponse>",
        .output = "{'Role':{'Tags':[],'Description':''}}",
    },
    {
        .name = "query: no result",
        .operation = &gt_op_iam_DeleteRole,
        .body = "<DeleteRoleResponse><ResponseMetadata/></DeleteRoleResponse>",
        .output = "{}",
    },
    {
        .name = "query: elements with a name of their own",
        .operation = &gt_op_rds_DescribeDBClusters,
        .body = "<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters><DBCluster>"
                "<DBClusterIdentifier>c</DBClusterIdentifier><AvailabilityZones>"
                "<AvailabilityZone>a</AvailabilityZone><AvailabilityZone>b</AvailabilityZone>"
                "</AvailabilityZones></DBCluster></DBClusters></DescribeDBClustersResult>"
                "</DescribeDBClustersResponse>",
        .output = "{'DBClusters':[{'DBClusterIdentifier':'c','AvailabilityZones':['a','b']}]}",
    },
    {
        .name = "rest-xml: flattened lists",
        .operation = &gt_op_s3_ListObjectsV2,
        .body = "<?xml version='1.0'?><ListBucketResult><IsTruncated>true</IsTruncated>"
                "<Contents><Key>a</Key><Size>3</Size></Contents><KeyCount>2</KeyCount>"
                "<Contents><Key>b</Key><LastModified>2026-01-17T12:34:56.000Z</LastModified>"
                "</Contents></ListBucketResult>",
        .output = "{'IsTruncated':true,'KeyCount':2,'Contents':[{'Key':'a','Size':3},"
                  "{'Key':'b','LastModified':'2026-01-17T12:34:56.000Z'}]}",
    },
    {
        .name = "rest-xml: headers, a prefix of headers, a payload",
        .operation = &gt_op_s3_GetObject,
        .headers = {{"etag", "\"abc\""},
                    {"last-modified", "Sat, 17 Jan 2026 12:34:56 GMT"},
                    {"x-amz-meta-owner", "me"}},
        .body = "{'a':1}",
        .output = "{'Body':'{\\'a\\':1}','ETag':'\\'abc\\'','Metadata':{'owner':'me'},"
                  "'LastModified':'2026-01-17T12:34:56Z'}",
    },
    {
        .name = "rest-xml: a header without a body",
        .operation = &gt_op_s3_PutObject,
        .headers = {{"etag", "\"abc\""}},
        .body = "",
        .output = "{'ETag':'\\'abc\\''}",
    },
};

static struct gt_decoded decode(const struct gt_operation *operation, int status,
                                const struct gt_header *headers, size_t header_count,
                                const char *body)
{
    struct gt_http_response response = {.status = status,
                                        .headers = headers,
                                        .header_count = header_count,
                                        .body = body,
                                        .body_len = strlen(body)};
    return gt_decode(arena, operation, &response);
}

START_TEST(answers_are_read_by_the_tables)
{
    const struct row *row = &rows[_i];
    size_t count = 0;
    while (count < GT_COUNT(row->headers) && row->headers[count].name != NULL)
        count++;
    struct gt_decoded decoded = decode(row->operation, row->status != 0 ? row->status : 200,
                                       row->headers, count, quoted(row->body));
    ck_assert_msg(decoded.failure == GT_AWS_OK, "%s: %s", row->name, decoded.message);
    json_t *wanted = gt_keep(arena, json_loads(quoted(row->output), 0, NULL));
    ck_assert_msg(json_equal(decoded.output, wanted), "%s: %s", row->name,
                  gt_json_canonical(arena, decoded.output));
}
END_TEST

static const struct {
    const char *name, *body;
} junk[] = {
    {"empty", ""},
    {"a page", "<!DOCTYPE html><html><body><h1>Welcome</h1></body></html>"},
    {"a page that is XML", "<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>"},
    {"half an object", "{\"gatewayId\": \"g\", \"na"},
    {"half an element", "<ListRolesResponse><ListRolesResult><Roles>"},
    {"a list", "[]"},
    {"a text", "\"ok\""},
    {"null", "null"},
    {"blanks", "  \n "},
    {"no UTF-8", "{\"gatewayId\": \"\xff\xfe\"}"},
    {"no UTF-8 in XML", "<ListRolesResponse><ListRolesResult>\xff</ListRolesResult>"
                        "</ListRolesResponse>"},
    {"a lone surrogate", "{\"gatewayId\": \"\\ud800\"}"},
    {"two documents", "{} {}"},
    {"another element", "<ListUsersResponse><ListUsersResult/></ListUsersResponse>"},
    {"entities", "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><x>&b;</x>"},
    {"an unknown entity", "<ListRolesResponse>&b;</ListRolesResponse>"},
};

START_TEST(what_is_no_answer_is_garbled)
{
    static const struct gt_operation *const operations[] = {
        &gt_op_bedrock_agentcore_control_GetGateway, &gt_op_cognito_idp_DescribeUserPool,
        &gt_op_iam_ListRoles};
    for (size_t i = 0; i < GT_COUNT(operations); i++) {
        struct gt_decoded decoded = decode(operations[i], 200, NULL, 0, junk[_i].body);
        ck_assert_msg(decoded.failure == GT_AWS_GARBLED, "%s: %s", operations[i]->name,
                      junk[_i].name);
        ck_assert_ptr_eq(decoded.output, NULL);
        ck_assert_ptr_eq(strchr(decoded.message, '\n'), NULL);
        ck_assert_str_eq(decoded.code, "HTTP 200");
    }
}
END_TEST

START_TEST(a_page_is_no_answer_to_a_delete_either)
{
    static const struct gt_operation *const operations[] = {
        &gt_op_bedrock_agentcore_control_UntagResource, &gt_op_cognito_idp_DeleteUserPool,
        &gt_op_iam_DeleteRole, &gt_op_s3_DeleteObject};
    for (size_t i = 0; i < GT_COUNT(operations); i++) {
        struct gt_decoded decoded =
            decode(operations[i], 200, NULL, 0, "<html><body>Log in</body></html>");
        ck_assert_msg(decoded.failure == GT_AWS_GARBLED, "%s", operations[i]->name);
    }
}
END_TEST

/* `open` a million times, or 10 MB of it. */
static char *repeated(const char *text, size_t total, size_t *len)
{
    size_t unit = strlen(text);
    char *out = gt_alloc(arena, total + 1);
    for (*len = 0; *len + unit <= total; *len += unit)
        memcpy(out + *len, text, unit);
    return out;
}

static const char *const endless[] = {"[", "{\"a\":", "<a>", "A", "\"", "\\", "{}", "<!--", "&lt;"};

START_TEST(ten_megabytes_of_junk_do_no_harm)
{
    static const struct gt_operation *const operations[] = {
        &gt_op_bedrock_agentcore_control_GetGateway, &gt_op_iam_ListRoles};
    size_t len;
    const char *body = repeated(endless[_i], 10 * 1024 * 1024, &len);
    for (size_t i = 0; i < GT_COUNT(operations); i++) {
        for (int status = 200; status <= 500; status += 300) {
            struct gt_http_response response = {.status = status, .body = body, .body_len = len};
            struct gt_decoded decoded = gt_decode(arena, operations[i], &response);
            ck_assert_msg(decoded.failure == GT_AWS_GARBLED, "%s", endless[_i]);
            ck_assert_uint_lt(strlen(decoded.message), 200);
        }
    }
}
END_TEST

static const struct {
    const char *text;
    int64_t unix_ms; /* -1: none */
} dates[] = {
    {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777000},
    {"Sat, 17 Jan 2026 12:34:56 GMT", 1768653296000},
    {"Sat, 17 Foo 2026 12:34:56 GMT", -1},
    {"Sat, 30 Feb 2026 12:34:56 GMT", -1},
    {"2026-01-17T12:34:56Z", -1},
    {"", -1},
};

START_TEST(http_dates_are_read)
{
    int64_t unix_ms = -1;
    bool ok = gt_http_date_parse(dates[_i].text, &unix_ms);
    ck_assert_int_eq(ok, dates[_i].unix_ms >= 0);
    ck_assert_int_eq(unix_ms, dates[_i].unix_ms);
}
END_TEST

Suite *decode_suite(void)
{
    Suite *suite = suite_create("decode");
    TCase *tcase = tcase_create("decode");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_loop_test(tcase, answers_are_read_by_the_tables, 0, (int)GT_COUNT(rows));
    tcase_add_loop_test(tcase, what_is_no_answer_is_garbled, 0, (int)GT_COUNT(junk));
    tcase_add_test(tcase, a_page_is_no_answer_to_a_delete_either);
    tcase_add_loop_test(tcase, ten_megabytes_of_junk_do_no_harm, 0, (int)GT_COUNT(endless));
    tcase_add_loop_test(tcase, http_dates_are_read, 0, (int)GT_COUNT(dates));
    suite_add_tcase(suite, tcase);
    return suite;
}
