/* Documents to requests. The rows were compared with what botocore 1.43 makes of the same input. */
#include "aws_suites.h"
#include "codec.h"
#include "gt_test.h"

#include <gantry/base/str.h>
#include <gantry/model/operations.h>
#include <string.h>
#include <strings.h>

GT_TEST_ARENA

static const struct row {
    const char *name;
    const struct gt_operation *operation;
    const char *input; /* JSON with ' for " */
    const char *path, *query, *body;
    struct gt_header headers[3]; /* that must be there, of no others */
} rows[] = {
    {
        .name = "rest-json: labels, body without what is elsewhere",
        .operation = &gt_op_bedrock_agentcore_control_UpdateGateway,
        .input = "{'gatewayIdentifier':'tools-a1b2c3d4e5','name':'tools','roleArn':'r',"
                 "'authorizerType':'NONE','description':null}",
        .path = "/gateways/tools-a1b2c3d4e5/",
        .body = "{'authorizerType':'NONE','name':'tools','roleArn':'r'}",
        .headers = {{"Content-Type", "application/json"}},
    },
    {
        .name = "rest-json: an ARN is one path segment",
        .operation = &gt_op_bedrock_agentcore_control_ListTagsForResource,
        .input = "{'resourceArn':'arn:aws:x:us-east-1:1:gateway/a b'}",
        .path = "/tags/arn%3Aaws%3Ax%3Aus-east-1%3A1%3Agateway%2Fa%20b",
    },
    {
        .name = "rest-json: a list in the query repeats the parameter",
        .operation = &gt_op_bedrock_agentcore_control_UntagResource,
        .input = "{'resourceArn':'x','tagKeys':['gantry:stack','b&c']}",
        .path = "/tags/x",
        .query = "tagKeys=gantry%3Astack&tagKeys=b%26c",
    },
    {
        .name = "rest-json: a post whose members are all in the query has no body",
        .operation = &gt_op_bedrock_agentcore_control_ListAgentRuntimes,
        .input = "{'maxResults':100,'nextToken':'a=/+'}",
        .path = "/runtimes/",
        .query = "maxResults=100&nextToken=a%3D%2F%2B",
    },
    {
        .name = "rest-json: body members that are not given make an empty object",
        .operation = &gt_op_bedrock_agentcore_control_ListWorkloadIdentities,
        .input = "{}",
        .path = "/identities/ListWorkloadIdentities",
        .body = "{}",
        .headers = {{"Content-Type", "application/json"}},
    },
    {
        .name = "rest-json: a client token in the query",
        .operation = &gt_op_bedrock_agentcore_control_DeleteAgentRuntime,
        .input = "{'agentRuntimeId':'lark-0123456789','clientToken':'t'}",
        .path = "/runtimes/lark-0123456789/",
        .query = "clientToken=t",
    },
    {
        .name = "rest-json: members that the tables do not know pass",
        .operation = &gt_op_bedrock_agentcore_control_CreateGateway,
        .input = "{'name':'n','brandNew':{'a':[1,2.5,true]},'protocolConfiguration':{'mcp':"
                 "{'alsoNew':1}}}",
        .path = "/gateways/",
        .body = "{'brandNew':{'a':[1,2.5,true]},'name':'n','protocolConfiguration':{'mcp':"
                "{'alsoNew':1}}}",
        .headers = {{"Content-Type", "application/json"}},
    },
    {
        .name = "rest-json: a text payload and headers",
        .operation = &gt_op_lambda_Invoke,
        .input = "{'FunctionName':'f','InvocationType':'Event','Qualifier':'1',"
                 "'Payload':'{\\'a\\':1}'}",
        .path = "/2015-03-31/functions/f/invocations",
        .query = "Qualifier=1",
        .body = "{'a':1}",
        .headers = {{"X-Amz-Invocation-Type", "Event"},
                    {"Content-Type", "application/octet-stream"}},
    },
    {
        .name = "rest-json: a payload of bytes",
        .operation = &gt_op_lambda_Invoke,
        .input = "{'FunctionName':'f','Payload':{'base64':'aGVsbG8='}}",
        .path = "/2015-03-31/functions/f/invocations",
        .body = "hello",
        .headers = {{"Content-Type", "application/octet-stream"}},
    },
    {
        .name = "rest-json: a structure as payload, and the caller's content type",
        .operation = &gt_op_bedrock_agentcore_InvokeAgentRuntimeCommand,
        .input = "{'agentRuntimeArn':'a/b','contentType':'application/json; v=2',"
                 "'body':{'command':'ls','timeout':5}}",
        .path = "/runtimes/a%2Fb/commands",
        .body = "{'command':'ls','timeout':5}",
        .headers = {{"Content-Type", "application/json; v=2"}},
    },
    {
        .name = "aws-json: target, version and body",
        .operation = &gt_op_cognito_idp_ListUserPools,
        .input = "{'MaxResults':60}",
        .path = "/",
        .body = "{'MaxResults':60}",
        .headers = {{"X-Amz-Target", "AWSCognitoIdentityProviderService.ListUserPools"},
                    {"Content-Type", "application/x-amz-json-1.1"}},
    },
    {
        .name = "aws-json: no input is an empty object",
        .operation = &gt_op_ecr_GetAuthorizationToken,
        .path = "/",
        .body = "{}",
        .headers = {{"X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"},
                    {"Content-Type", "application/x-amz-json-1.1"}},
    },
    {
        .name = "aws-json 1.0: timestamps are Unix seconds",
        .operation = &gt_op_cloudwatch_GetMetricData,
        .input = "{'StartTime':'2026-01-17T12:34:56Z','EndTime':1768653300.5,"
                 "'MetricDataQueries':[]}",
        .path = "/",
        .body = "{'EndTime':1768653300.5,'MetricDataQueries':[],'StartTime':1768653296}",
        .headers = {{"X-Amz-Target", "GraniteServiceVersion20100801.GetMetricData"},
                    {"x-amzn-query-mode", "true"},
                    {"Content-Type", "application/x-amz-json-1.0"}},
    },
    {
        .name = "query: scalars and a list of structures",
        .operation = &gt_op_iam_CreateRole,
        .input = "{'RoleName':'a+b=c,d','AssumeRolePolicyDocument':'{\\'a\\': 1}',"
                 "'MaxSessionDuration':3600,'Tags':[{'Key':'k 1','Value':'v/1'},"
                 "{'Key':'k2','Value':''}]}",
        .path = "/",
        .body = "Action=CreateRole&Version=2010-05-08&"
                "AssumeRolePolicyDocument=%7B%22a%22%3A%201%7D&MaxSessionDuration=3600&"
                "RoleName=a%2Bb%3Dc%2Cd&Tags.member.1.Key=k%201&Tags.member.1.Value=v%2F1&"
                "Tags.member.2.Key=k2&Tags.member.2.Value=",
        .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
    },
    {
        .name = "query: lists of scalars, an empty list, a boolean",
        .operation = &gt_op_iam_SimulatePrincipalPolicy,
        .input = "{'PolicySourceArn':'p','ActionNames':['a:B','c:D'],'ResourceArns':[]}",
        .path = "/",
        .body = "Action=SimulatePrincipalPolicy&Version=2010-05-08&ActionNames.member.1=a%3AB&"
                "ActionNames.member.2=c%3AD&PolicySourceArn=p&ResourceArns=",
        .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
    },
    {
        .name = "query: a list whose elements have a name of their own",
        .operation = &gt_op_rds_DescribeDBClusters,
        .input = "{'Filters':[{'Name':'engine','Values':['x','y']}],'IncludeShared':true}",
        .path = "/",
        .body = "Action=DescribeDBClusters&Version=2014-10-31&Filters.Filter.1.Name=engine&"
                "Filters.Filter.1.Values.Value.1=x&Filters.Filter.1.Values.Value.2=y&"
                "IncludeShared=true",
        .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
    },
    {
        .name = "query: no members",
        .operation = &gt_op_sts_GetCallerIdentity,
        .path = "/",
        .body = "Action=GetCallerIdentity&Version=2011-06-15",
        .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
    },
    {
        .name = "rest-xml: a greedy label keeps its slashes",
        .operation = &gt_op_s3_PutObject,
        .input = "{'Bucket':'states','Key':'a b/caf\xc3\xa9/x.json','Body':'{}',"
                 "'IfNoneMatch':'*','Metadata':{'owner':'me'}}",
        .path = "/states/a%20b/caf%C3%A9/x.json",
        .body = "{}",
        .headers = {{"If-None-Match", "*"},
                    {"x-amz-meta-owner", "me"},
                    {"Content-Type", "application/octet-stream"}},
    },
    {
        .name = "rest-xml: the path's own query comes first",
        .operation = &gt_op_s3_ListObjectsV2,
        .input = "{'Bucket':'states','Prefix':'a/','MaxKeys':10,'FetchOwner':false}",
        .path = "/states",
        .query = "list-type=2&fetch-owner=false&max-keys=10&prefix=a%2F",
    },
    {
        .name = "rest-xml: a header's timestamp is an HTTP date",
        .operation = &gt_op_s3_GetObject,
        .input = "{'Bucket':'b','Key':'k','IfModifiedSince':'2026-01-17T12:34:56Z',"
                 "'ResponseExpires':'2026-01-17T12:34:56Z'}",
        .path = "/b/k",
        .query = "response-expires=Sat%2C%2017%20Jan%202026%2012%3A34%3A56%20GMT",
        .headers = {{"If-Modified-Since", "Sat, 17 Jan 2026 12:34:56 GMT"}},
    },
};

/* JSON in C is easier to read with other quotes. */
static char *quoted(const char *text)
{
    char *out = gt_strdup(arena, text);
    for (char *c = out; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    return out;
}

static json_t *parse(const char *text)
{
    return text == NULL ? NULL : gt_keep(arena, json_loads(quoted(text), 0, NULL));
}

static const char *header(const struct gt_wire *wire, const char *name)
{
    for (size_t i = 0; i < wire->headers.len; i++)
        if (strcasecmp(wire->headers.at[i].name, name) == 0)
            return wire->headers.at[i].value;
    return "(none)";
}

START_TEST(requests_are_written_by_the_tables)
{
    const struct row *row = &rows[_i];
    struct gt_wire wire;
    bool ok = gt_encode(arena, row->operation, parse(row->input), &wire, &diags);
    ck_assert_msg(ok, "%s: refused", row->name);
    ck_assert_str_eq(wire.path, row->path);
    ck_assert_str_eq(wire.query, row->query != NULL ? row->query : "");
    const char *body = gt_strndup(arena, wire.body, wire.body_len);
    ck_assert_str_eq(body, row->body != NULL ? quoted(row->body) : "");
    size_t expected = 0;
    for (; expected < GT_COUNT(row->headers) && row->headers[expected].name != NULL; expected++)
        ck_assert_str_eq(header(&wire, row->headers[expected].name), row->headers[expected].value);
    ck_assert_msg(wire.headers.len == expected, "%s: %zu headers", row->name, wire.headers.len);
}
END_TEST

static const struct {
    const struct gt_operation *operation;
    const char *input, *message;
} misfits[] = {
    {&gt_op_bedrock_agentcore_control_GetGateway, "{}", "GetGateway: gatewayIdentifier is missing"},
    {&gt_op_bedrock_agentcore_control_GetGateway, "{'gatewayIdentifier':''}",
     "GetGateway: gatewayIdentifier is empty"},
    {&gt_op_bedrock_agentcore_control_DeleteGateway, "{'gatewayIdentifier':'..'}",
     "DeleteGateway: gatewayIdentifier would lead to another path"},
    {&gt_op_s3_PutObject, "{'Bucket':'b','Key':'k','Metadata':{'a: b\\r\\nX-Evil':'1'}}",
     "PutObject: Metadata has a key that cannot stand in a header's name"},
    {&gt_op_bedrock_agentcore_control_GetGateway, "{'gatewayIdentifier':{}}",
     "GetGateway: gatewayIdentifier cannot stand in a path"},
    {&gt_op_bedrock_agentcore_control_GetGateway, "[]", "GetGateway: the input is no object"},
    {&gt_op_iam_GetRole, "{'RoleName':{'a':1}}", "GetRole: RoleName is not of its type"},
    {&gt_op_s3_GetObject, "{'Bucket':'b','Key':'k','IfMatch':'a\\r\\nX-Evil: 1'}",
     "GetObject: IfMatch holds a control character, which a header cannot"},
    {&gt_op_s3_PutObject, "{'Bucket':'b','Key':'k','Body':7}",
     "PutObject: Body is neither a text nor {\"base64\": ...}"},
    {&gt_op_cloudwatch_GetMetricData, "{'StartTime':'soon'}",
     "GetMetricData: StartTime is no timestamp"},
};

START_TEST(an_input_that_does_not_fit_is_an_error)
{
    struct gt_wire wire;
    ck_assert(!gt_encode(arena, misfits[_i].operation, parse(misfits[_i].input), &wire, &diags));
    ck_assert_uint_eq(diags.errors, 1);
    ck_assert_str_eq(diags.list.at[0]->message, misfits[_i].message);
}
END_TEST

/* The tables have no operation with an XML body, so this one has its own. */
static const struct gt_shape string_shape = {.name = "S", .kind = GT_SHAPE_STRING};
static const struct gt_shape time_shape = {.name = "T", .kind = GT_SHAPE_TIMESTAMP};
static const struct gt_shape list_shape = {
    .name = "L", .kind = GT_SHAPE_LIST, .element = &string_shape, .element_name = "Item"};
static const struct gt_shape flat_shape = {
    .name = "F", .kind = GT_SHAPE_LIST, .flags = GT_SHAPE_FLATTENED, .element = &string_shape};
static const struct gt_shape map_shape = {.name = "M",
                                          .kind = GT_SHAPE_MAP,
                                          .key = &string_shape,
                                          .element = &string_shape,
                                          .key_name = "Name"};
static const struct gt_member xml_members[] = {
    {.name = "Flat", .location_name = "F", .shape = &flat_shape},
    {.name = "List", .shape = &list_shape},
    {.name = "Map", .shape = &map_shape},
    {.name = "When", .shape = &time_shape},
};
static const struct gt_shape xml_shape = {
    .name = "X", .kind = GT_SHAPE_STRUCTURE, .members = xml_members, .member_count = 4};
static const struct gt_service xml_service = {
    .name = "x", .protocol = GT_PROTOCOL_REST_XML, .xml_namespace = "http://x/"};
static const struct gt_shape *const no_errors[] = {NULL};
static const struct gt_operation xml_operation = {.name = "PutX",
                                                  .service = &xml_service,
                                                  .method = "PUT",
                                                  .uri = "/x",
                                                  .input = &xml_shape,
                                                  .output = &xml_shape,
                                                  .errors = no_errors};

START_TEST(an_xml_body_is_written_by_its_shapes_and_reads_back)
{
    json_t *input = parse("{'Flat':['a','b<c'],'List':['d'],'Map':{'k&':'v'},"
                          "'When':'2026-01-17T12:34:56Z'}");
    struct gt_wire wire;
    ck_assert(gt_encode(arena, &xml_operation, input, &wire, &diags));
    ck_assert_str_eq(wire.body,
                     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                     "<PutX xmlns=\"http://x/\"><F>a</F><F>b&lt;c</F><List><Item>d</Item></List>"
                     "<Map><entry><Name>k&amp;</Name><value>v</value></entry></Map>"
                     "<When>2026-01-17T12:34:56Z</When></PutX>\n");
    struct gt_http_response response = {
        .status = 200, .body = wire.body, .body_len = wire.body_len};
    struct gt_decoded decoded = gt_decode(arena, &xml_operation, &response);
    ck_assert_int_eq(decoded.failure, GT_AWS_OK);
    ck_assert(json_equal(decoded.output, input));
}
END_TEST

Suite *encode_suite(void)
{
    Suite *suite = suite_create("encode");
    TCase *tcase = tcase_create("encode");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_loop_test(tcase, requests_are_written_by_the_tables, 0, (int)GT_COUNT(rows));
    tcase_add_loop_test(tcase, an_input_that_does_not_fit_is_an_error, 0, (int)GT_COUNT(misfits));
    tcase_add_test(tcase, an_xml_body_is_written_by_its_shapes_and_reads_back);
    suite_add_tcase(suite, tcase);
    return suite;
}
