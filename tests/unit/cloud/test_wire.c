/* Requests and answers on the wire, in each protocol. */
#include "cloud_suites.h"
#include "cloud_world.h"

#include <gantry/base/json.h>
#include <string.h>

#include "cloud.h"

static struct world world;

static void setup(void)
{
    world_start(&world, false, NULL);
}

static void teardown(void)
{
    world_done(&world);
}

static struct world_answer query(const char *body)
{
    return world_send(
        &world, &(struct world_request){.method = "POST",
                                        .path = "/",
                                        .type = "application/x-www-form-urlencoded; charset=utf-8",
                                        .body = body,
                                        .sign = "iam"});
}

static struct world_answer cognito(const char *operation, const char *body)
{
    return world_send(
        &world,
        &(struct world_request){
            .method = "POST",
            .path = "/",
            .type = "application/x-amz-json-1.1",
            .target = gt_printf(world.arena, "AWSCognitoIdentityProviderService.%s", operation),
            .body = body,
            .sign = "cognito-idp"});
}

static struct world_answer control(const char *method, const char *path, const char *body)
{
    return world_send(&world, &(struct world_request){.method = method,
                                                      .path = path,
                                                      .type = body ? "application/json" : NULL,
                                                      .body = body,
                                                      .sign = "bedrock-agentcore"});
}

static void assert_xml_error(struct world_answer answer, int status, const char *code)
{
    ck_assert_int_eq(answer.status, status);
    const char *wanted = gt_printf(world.arena, "<Code>%s</Code>", code);
    ck_assert_msg(strstr(answer.body, wanted) != NULL, "%s", answer.body);
    ck_assert_str_eq(answer.type, "text/xml");
}

#define ROLE                                                                                       \
    "&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=%7B%22Version%22%3A%222012-10-17%22"  \
    "%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22"   \
    "%3A%22bedrock-agentcore.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D"

START_TEST(query_lists_and_structures_come_in)
{
    struct world_answer answer =
        query("Action=CreateRole" ROLE "&Tags.member.1.Key=a&Tags.member.1.Value=1+2"
              "&Tags.member.2.Key=b%2B&Tags.member.2.Value=%C3%A9"
              "&MaxSessionDuration=7200");
    ck_assert_int_eq(answer.status, 200);
    ck_assert_ptr_nonnull(strstr(answer.body, "<CreateRoleResponse xmlns=\"https://iam."));
    ck_assert_ptr_nonnull(strstr(answer.body, "<CreateRoleResult><Role>"));
    ck_assert_ptr_nonnull(answer.request_id);
    answer = query("Action=GetRole&Version=2010-05-08&RoleName=r");
    ck_assert_ptr_nonnull(strstr(answer.body, "<MaxSessionDuration>7200</MaxSessionDuration>"));
    answer = query("Action=ListRoleTags&Version=2010-05-08&RoleName=r");
    ck_assert_ptr_nonnull(strstr(answer.body, "<member><Key>a</Key><Value>1 2</Value></member>"));
    ck_assert_ptr_nonnull(strstr(answer.body, "<Key>b+</Key><Value>\xc3\xa9</Value>"));
}
END_TEST

static const struct {
    const char *name, *body;
    int status;
    const char *code;
} bad_queries[] = {
    {"unknown operation", "Action=CreateRolf&Version=2010-05-08", 400, "InvalidAction"},
    {"another version", "Action=GetRole&Version=2011-05-08&RoleName=r", 400, "InvalidAction"},
    {"missing member", "Action=GetRole&Version=2010-05-08", 400, "ValidationError"},
    {"unknown member", "Action=GetRole&Version=2010-05-08&RoleName=r&Rolename=r", 400,
     "ValidationError"},
    {"hole in a list",
     "Action=TagRole&Version=2010-05-08&RoleName=r&Tags.member.2.Key=a&Tags.member.2.Value=b", 400,
     "ValidationError"},
    {"twice", "Action=GetRole&Version=2010-05-08&RoleName=r&RoleName=s", 400,
     "MalformedQueryString"},
    {"no UTF-8", "Action=GetRole&Version=2010-05-08&RoleName=%FF", 400, "MalformedQueryString"},
    {"NUL", "Action=GetRole&Version=2010-05-08&RoleName=r%00x", 400, "MalformedQueryString"},
    {"no number", "Action=ListRoles&Version=2010-05-08&MaxItems=many", 400, "ValidationError"},
    {"out of range", "Action=ListRoles&Version=2010-05-08&MaxItems=0", 400, "ValidationError"},
    {"not there", "Action=GetRole&Version=2010-05-08&RoleName=nobody", 404, "NoSuchEntity"},
    {"a reference is what it is", "Action=GetRole&Version=2010-05-08&RoleName=%24%7Bvar.x%7D", 400,
     "ValidationError"},
};

START_TEST(query_errors_are_the_services_own)
{
    struct world_answer answer = query(bad_queries[_i].body);
    ck_assert_msg(answer.status == bad_queries[_i].status, "%s: %d", bad_queries[_i].name,
                  answer.status);
    assert_xml_error(answer, bad_queries[_i].status, bad_queries[_i].code);
}
END_TEST

static void assert_json_error(struct world_answer answer, int status, const char *code)
{
    ck_assert_int_eq(answer.status, status);
    ck_assert_str_eq(gt_text_at(answer.json, "/__type"), code);
    ck_assert_ptr_nonnull(gt_text_at(answer.json, "/message"));
    ck_assert_str_eq(answer.type, "application/x-amz-json-1.1");
}

#define CORAL "com.amazon.coral.service#"

static const struct {
    const char *name, *operation, *body, *code;
} bad_json[] = {
    {"unknown operation", "ListUserPuls", "{}", CORAL "UnknownOperationException"},
    {"no JSON", "ListUserPools", "{", CORAL "SerializationException"},
    {"a list", "ListUserPools", "[]", CORAL "SerializationException"},
    {"a name twice", "ListUserPools", "{\"MaxResults\": 1, \"MaxResults\": 1}",
     CORAL "SerializationException"},
    {"wrong type", "ListUserPools", "{\"MaxResults\": \"1\"}", CORAL "SerializationException"},
    {"a huge number", "ListUserPools", "{\"MaxResults\": 99999999999999999999}",
     CORAL "SerializationException"},
    {"unknown member", "ListUserPools", "{\"MaxResults\": 1, \"Max\": 1}",
     "InvalidParameterException"},
    {"missing member", "ListUserPools", "{}", "InvalidParameterException"},
    {"null is missing", "ListUserPools", "{\"MaxResults\": null}", "InvalidParameterException"},
    {"out of range", "ListUserPools", "{\"MaxResults\": 61}", "InvalidParameterException"},
    {"unknown value", "CreateUserPool", "{\"PoolName\": \"p\", \"DeletionProtection\": \"MAYBE\"}",
     "InvalidParameterException"},
    {"not there", "DescribeUserPool", "{\"UserPoolId\": \"us-east-1_abcdefghi\"}",
     "ResourceNotFoundException"},
};

START_TEST(aws_json_errors_are_the_services_own)
{
    assert_json_error(cognito(bad_json[_i].operation, bad_json[_i].body), 400, bad_json[_i].code);
}
END_TEST

START_TEST(a_body_that_is_no_json_is_not_repeated)
{
    struct world_answer answer =
        cognito("CreateUserPoolClient", "{\"ClientSecret\": \"hush-hush-hush");
    ck_assert_int_eq(answer.status, 400);
    ck_assert_ptr_nonnull(strstr(answer.body, "the body is no JSON: "));
    ck_assert_ptr_null(strstr(answer.body, "hush"));
}
END_TEST

START_TEST(deeply_nested_bodies_are_refused)
{
    enum { DEEP = 100000 };
    char *body = gt_alloc(world.arena, DEEP + 1);
    memset(body, '[', DEEP);
    assert_json_error(cognito("ListUserPools", body), 400, CORAL "SerializationException");
}
END_TEST

START_TEST(many_unknown_members_are_refused_in_short)
{
    struct gt_buf body = gt_buf_init(1 << 20);
    gt_buf_adds(&body, "{\"MaxResults\": 1");
    for (int i = 0; i < 20000; i++)
        gt_buf_addf(&body, ", \"x%d\": 1", i);
    gt_buf_adds(&body, "}");
    struct world_answer answer = cognito("ListUserPools", gt_buf_text(&body));
    gt_buf_done(&body);
    assert_json_error(answer, 400, "InvalidParameterException");
    ck_assert_uint_lt(strlen(answer.body), 4000);
}
END_TEST

START_TEST(aws_json_times_are_seconds)
{
    struct world_answer answer = cognito("CreateUserPool", "{\"PoolName\": \"p\"}");
    ck_assert_int_eq(answer.status, 200);
    const json_t *made = gt_at(answer.json, "/UserPool/CreationDate");
    ck_assert(json_is_number(made));
    ck_assert_double_gt(json_number_value(made), 1.6e9);
}
END_TEST

static const struct {
    const char *name, *method, *path, *body;
    int status;
    const char *code, *reason;
} bad_rest[] = {
    {"unknown path", "GET", "/nothing/", NULL, 404, "UnknownOperationException", NULL},
    {"without its slash", "GET", "/gateways/x-0123456789", NULL, 404, "UnknownOperationException",
     NULL},
    {"label against its pattern", "GET", "/gateways/X_/", NULL, 400, "ValidationException",
     "FieldValidationFailed"},
    {"label with NUL", "GET", "/gateways/x%00y/", NULL, 400, "ValidationException", NULL},
    {"query out of range", "GET", "/gateways/?maxResults=0", NULL, 400, "ValidationException",
     "FieldValidationFailed"},
    {"query that is no number", "GET", "/gateways/?maxResults=x", NULL, 400, "ValidationException",
     "FieldValidationFailed"},
    {"unknown query", "GET", "/gateways/?maxResult=1", NULL, 400, "ValidationException",
     "FieldValidationFailed"},
    {"missing members", "POST", "/gateways/", "{}", 400, "ValidationException",
     "FieldValidationFailed"},
    {"unknown member", "POST", "/gateways/", "{\"nam\": \"x\"}", 400, "ValidationException",
     "FieldValidationFailed"},
    {"wrong type", "POST", "/gateways/", "{\"name\": 1}", 400, "ValidationException",
     "CannotParse"},
    {"no JSON", "POST", "/gateways/", "name=x", 400, "ValidationException", "CannotParse"},
    {"label in the body", "PUT", "/gateways/x-0123456789/", "{\"gatewayIdentifier\": \"x\"}", 400,
     "ValidationException", "FieldValidationFailed"},
    {"not there", "GET", "/gateways/nobody-0123456789/", NULL, 404, "ResourceNotFoundException",
     NULL},
    {"an operation that is absent", "GET", "/policy-engines", NULL, 501,
     "NotImplementedByEmbeddedCloud", NULL},
};

START_TEST(rest_errors_are_the_services_own)
{
    struct world_answer answer = control(bad_rest[_i].method, bad_rest[_i].path, bad_rest[_i].body);
    ck_assert_msg(answer.status == bad_rest[_i].status, "%s: %d %s", bad_rest[_i].name,
                  answer.status, answer.body);
    size_t len = strcspn(answer.error_type, ":");
    ck_assert_str_eq(gt_strndup(world.arena, answer.error_type, len), bad_rest[_i].code);
    ck_assert_ptr_nonnull(gt_text_at(answer.json, "/message"));
    if (bad_rest[_i].reason != NULL)
        ck_assert_str_eq(gt_text_at(answer.json, "/reason"), bad_rest[_i].reason);
}
END_TEST

START_TEST(field_lists_name_the_members)
{
    struct world_answer answer = control("POST", "/gateways/", "{\"nam\": \"x\"}");
    size_t index;
    json_t *field;
    bool unknown = false, missing = false;
    json_array_foreach(json_object_get(answer.json, "fieldList"), index, field)
    {
        unknown = unknown || strcmp(gt_text_at(field, "/name"), "nam") == 0;
        missing = missing || strcmp(gt_text_at(field, "/name"), "roleArn") == 0;
    }
    ck_assert(unknown && missing);
}
END_TEST

START_TEST(an_arn_in_a_label_is_decoded)
{
    struct world_answer answer =
        control("GET",
                "/tags/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A000000000000%3Agateway"
                "%2Fnobody-0123456789",
                NULL);
    ck_assert_int_eq(answer.status, 404);
    ck_assert_ptr_nonnull(strstr(answer.error_type, "ResourceNotFoundException"));
}
END_TEST

START_TEST(extra_members_are_in_every_protocol)
{
    world.local->knobs.extra_members = true;
    cognito("CreateUserPool", "{\"PoolName\": \"p\"}");
    ck_assert_ptr_nonnull(
        gt_at(cognito("ListUserPools", "{\"MaxResults\": 5}").json, "/UserPools/0/futureMember"));
    query("Action=CreateRole" ROLE);
    ck_assert_ptr_nonnull(
        strstr(query("Action=GetRole&Version=2010-05-08&RoleName=r").body, "<FutureMember>"));
}
END_TEST

static struct world_answer s3(const char *method, const char *path, const char *body)
{
    return world_send(&world, &(struct world_request){
                                  .method = method, .path = path, .body = body, .sign = "s3"});
}

START_TEST(s3_keeps_keys_as_they_are)
{
    ck_assert_int_eq(s3("PUT", "/bucket/a%20b/c%2Bd", "text").status, 200);
    struct world_answer answer = s3("GET", "/bucket/a%20b/c%2Bd?x-id=GetObject", NULL);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(answer.body, "text");
    answer = s3("GET", "/bucket?list-type=2&prefix=a%20b%2F", NULL);
    ck_assert_ptr_nonnull(strstr(answer.body, "<ListBucketResult"));
    ck_assert_ptr_nonnull(strstr(answer.body, "<Key>a b/c+d</Key>"));
    answer = s3("GET", "/bucket/none", NULL);
    ck_assert_int_eq(answer.status, 404);
    ck_assert_ptr_nonnull(strstr(answer.body, "<Code>NoSuchKey</Code>"));
    answer = s3("GET", "/bucket?versioning", NULL);
    ck_assert_int_eq(answer.status, 501);
}
END_TEST

Suite *wire_suite(void)
{
    Suite *suite = suite_create("wire");
    TCase *tests = tcase_create("wire");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, query_lists_and_structures_come_in);
    tcase_add_loop_test(tests, query_errors_are_the_services_own, 0, (int)GT_COUNT(bad_queries));
    tcase_add_loop_test(tests, aws_json_errors_are_the_services_own, 0, (int)GT_COUNT(bad_json));
    tcase_add_test(tests, a_body_that_is_no_json_is_not_repeated);
    tcase_add_test(tests, deeply_nested_bodies_are_refused);
    tcase_add_test(tests, many_unknown_members_are_refused_in_short);
    tcase_add_test(tests, aws_json_times_are_seconds);
    tcase_add_loop_test(tests, rest_errors_are_the_services_own, 0, (int)GT_COUNT(bad_rest));
    tcase_add_test(tests, field_lists_name_the_members);
    tcase_add_test(tests, an_arn_in_a_label_is_decoded);
    tcase_add_test(tests, extra_members_are_in_every_protocol);
    tcase_add_test(tests, s3_keeps_keys_as_they_are);
    suite_add_tcase(suite, tests);
    return suite;
}
