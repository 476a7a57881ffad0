/*
 * Requests as Gantry sends them, with the canonical requests and signatures that botocore 1.43 (an
 * independent implementation) makes of them for 2026-01-17T12:34:56Z.
 */
#include "sign_suites.h"

#include <gantry/base/str.h>
#include <gantry/sign/sigv4.h>
#include <string.h>

GT_TEST_ARENA

#define TOKEN "IQoJb3JpZ2luX2VjEXAMPLE//token+with/slashes=="
#define ARN_PATH                                                                                   \
    "/tags/arn%3Aaws%3Abedrock-agentcore%3Aus-west-2%3A123456789012%3Agateway%2Ftools-a1b2c3d4e5"
#define ARN_PATH_SIGNED                                                                            \
    "/tags/arn%253Aaws%253Abedrock-agentcore%253Aus-west-2%253A123456789012%253Agateway%252F"      \
    "tools-a1b2c3d4e5"
#define NO_BODY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct row {
    const char *name, *method, *path, *query, *body;
    struct gt_sign_header headers[6];
    const char *region, *service, *token;
    bool s3;
    const char *canonical_request, *signature;
} rows[] = {
    {
        .name = "an ARN as path label is encoded twice",
        .method = "GET",
        .path = ARN_PATH,
        .headers = {{"Host", "bedrock-agentcore-control.us-west-2.amazonaws.com"}},
        .region = "us-west-2",
        .service = "bedrock-agentcore",
        .canonical_request = "GET\n" ARN_PATH_SIGNED "\n\n"
                             "host:bedrock-agentcore-control.us-west-2.amazonaws.com\n"
                             "x-amz-date:20260117T123456Z\n\n"
                             "host;x-amz-date\n" NO_BODY_SHA256,
        .signature = "0c11d93dd60c80c6cbe5f009bd728c84f5751da87744dbc41c5b9c497e69f285",
    },
    {
        .name = "repeated query parameters are sorted by value",
        .method = "DELETE",
        .path = ARN_PATH,
        .query = "tagKeys=team&tagKeys=gantry%3Astack&tagKeys=a%20b",
        .headers = {{"Host", "bedrock-agentcore-control.us-west-2.amazonaws.com"}},
        .region = "us-west-2",
        .service = "bedrock-agentcore",
        .canonical_request = "DELETE\n" ARN_PATH_SIGNED "\n"
                             "tagKeys=a%20b&tagKeys=gantry%3Astack&tagKeys=team\n"
                             "host:bedrock-agentcore-control.us-west-2.amazonaws.com\n"
                             "x-amz-date:20260117T123456Z\n\n"
                             "host;x-amz-date\n" NO_BODY_SHA256,
        .signature = "e7c9b9e1d8e900bf18401c4e54b18e3366da6546e3d9e1a69dc08281fac75ad9",
    },
    {
        .name = "a session token is signed",
        .method = "POST",
        .path = "/",
        .body = "Action=GetRole&Version=2010-05-08&RoleName=tools",
        .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                    {"Host", "iam.amazonaws.com"}},
        .region = "us-east-1",
        .service = "iam",
        .token = TOKEN,
        .canonical_request = "POST\n/\n\n"
                             "content-type:application/x-www-form-urlencoded; charset=utf-8\n"
                             "host:iam.amazonaws.com\n"
                             "x-amz-date:20260117T123456Z\n"
                             "x-amz-security-token:" TOKEN "\n\n"
                             "content-type;host;x-amz-date;x-amz-security-token\n"
                             "385df5926b2c39a0aaad13dd32da0004efdf775c842e77ce00e01de4e7d71853",
        .signature = "e04a2e9411ebfd59272ff4c31185713962690e2f5fd144d5d8113c49f3f761ab",
    },
    {
        .name = "the user agent is not signed",
        .method = "POST",
        .path = "/",
        .body = "{\"MaxResults\":60}",
        .headers = {{"Content-Type", "application/x-amz-json-1.1"},
                    {"X-Amz-Target", "AWSCognitoIdentityProviderService.ListUserPools"},
                    {"User-Agent", "gantry/0.1.0"},
                    {"amz-sdk-request", "attempt=1; max=3"},
                    {"Host", "cognito-idp.eu-west-1.amazonaws.com"}},
        .region = "eu-west-1",
        .service = "cognito-idp",
        .canonical_request = "POST\n/\n\n"
                             "amz-sdk-request:attempt=1; max=3\n"
                             "content-type:application/x-amz-json-1.1\n"
                             "host:cognito-idp.eu-west-1.amazonaws.com\n"
                             "x-amz-date:20260117T123456Z\n"
                             "x-amz-target:AWSCognitoIdentityProviderService.ListUserPools\n\n"
                             "amz-sdk-request;content-type;host;x-amz-date;x-amz-target\n"
                             "2b55d8b6c9857d95fa307d302bed16439a502145e1d870631eedcf3042c4ccfa",
        .signature = "723f425b7b946b8cf5030f5f7de3304481b4148ebe0254fa7cdde846f36f1ef9",
    },
    {
        .name = "S3's path is encoded once and its body's hash is a header",
        .method = "PUT",
        .path = "/state/lark%20tools/caf%C3%A9/dev.json",
        .query = "x-id=PutObject",
        .body = "{}",
        .headers = {{"If-None-Match", "*"}, {"Host", "127.0.0.1:9000"}},
        .region = "us-east-1",
        .service = "s3",
        .token = TOKEN,
        .s3 = true,
        .canonical_request =
            "PUT\n/state/lark%20tools/caf%C3%A9/dev.json\nx-id=PutObject\n"
            "host:127.0.0.1:9000\n"
            "if-none-match:*\n"
            "x-amz-content-sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
            "\n"
            "x-amz-date:20260117T123456Z\n"
            "x-amz-security-token:" TOKEN "\n\n"
            "host;if-none-match;x-amz-content-sha256;x-amz-date;x-amz-security-token\n"
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        .signature = "71e3781f6619242df2c3932a410420b217ff32237ffb2180b79b019d60b37469",
    },
    {
        .name = "an escaped percent sign, dot segments and empty values",
        .method = "GET",
        .path = "/prefix/a%2520b/./c//x/../d/",
        .query = "b=2&a=%2F&a=&c",
        .headers = {{"Host", "example.com:8443"}},
        .region = "us-east-1",
        .service = "bedrock-agentcore",
        .canonical_request = "GET\n/prefix/a%252520b/c/d/\na=&a=%2F&b=2&c=\n"
                             "host:example.com:8443\n"
                             "x-amz-date:20260117T123456Z\n\n"
                             "host;x-amz-date\n" NO_BODY_SHA256,
        .signature = "1af76db89ac08ab5743e00bbf747122d435f2a843321055c8bf54183b0878599",
    },
};

static struct gt_signature sign(const struct row *row)
{
    static const char secret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    struct gt_sign_request request = {.method = row->method,
                                      .path = row->path,
                                      .query = row->query,
                                      .headers = row->headers,
                                      .body = row->body,
                                      .body_len = row->body == NULL ? 0 : strlen(row->body)};
    while (request.header_count < GT_COUNT(row->headers) &&
           row->headers[request.header_count].name != NULL)
        request.header_count++;
    struct gt_sign_options options = {.access_key_id = "AKIDEXAMPLE",
                                      .secret_access_key = {secret, sizeof(secret) - 1},
                                      .session_token = row->token,
                                      .region = row->region,
                                      .service = row->service,
                                      .unix_ms = 1768653296789,
                                      .s3_path = row->s3,
                                      .add_content_sha256 = row->s3};
    return gt_sigv4_sign(arena, &request, &options);
}

START_TEST(signatures_are_those_of_botocore)
{
    const struct row *row = &rows[_i];
    struct gt_signature signature = sign(row);
    ck_assert_msg(strcmp(signature.canonical_request, row->canonical_request) == 0,
                  "%s:\n%s\nbut got:\n%s", row->name, row->canonical_request,
                  signature.canonical_request);
    ck_assert_msg(strcmp(signature.signature, row->signature) == 0, "%s", row->name);
    ck_assert_str_eq(signature.amz_date, "20260117T123456Z");
    const struct gt_sign_header *last = &signature.added[signature.added_count - 1];
    ck_assert_str_eq(last->name, "Authorization");
    const char *wanted = gt_printf(
        arena,
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260117/%s/%s/aws4_request, SignedHeaders=%s, "
        "Signature=%s",
        row->region, row->service, signature.signed_headers, row->signature);
    ck_assert_str_eq(last->value, wanted);
}
END_TEST

START_TEST(a_header_that_is_there_is_not_added)
{
    struct row row = rows[0];
    row.headers[1] = (struct gt_sign_header){"x-amz-date", "20260117T123456Z"};
    struct gt_signature signature = sign(&row);
    ck_assert_uint_eq(signature.added_count, 1);
    ck_assert_str_eq(signature.signature, row.signature);
}
END_TEST

static const struct {
    const char *path, *wanted;
} paths[] = {
    {"", "/"},
    {"/", "/"},
    {"//", "/"},
    {"/a//b", "/a/b"},
    {"/a/./b/", "/a/b/"},
    {"/a/../b", "/b"},
    {"/../../b", "/b"},
    {"/a/..", "/"},
    {"/a/.../b", "/a/.../b"},
    {"/..a/.b", "/..a/.b"},
    {"/{x}", "/%7Bx%7D"},
};

START_TEST(paths_are_normalised)
{
    struct row row = {.method = "GET",
                      .path = paths[_i].path,
                      .headers = {{"Host", "h"}},
                      .region = "r",
                      .service = "s"};
    struct gt_signature signature = sign(&row);
    const char *path = signature.canonical_request + 4;
    const char *line = gt_strndup(arena, path, strcspn(path, "\n"));
    ck_assert_str_eq(line, paths[_i].wanted);
}
END_TEST

Suite *signing_suite(void)
{
    Suite *suite = suite_create("signing");
    TCase *tcase = tcase_create("signing");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_loop_test(tcase, signatures_are_those_of_botocore, 0, (int)GT_COUNT(rows));
    tcase_add_test(tcase, a_header_that_is_there_is_not_added);
    tcase_add_loop_test(tcase, paths_are_normalised, 0, (int)GT_COUNT(paths));
    suite_add_tcase(suite, tcase);
    return suite;
}
