#include "sign_suites.h"

#include <gantry/base/str.h>
#include <gantry/sign/verify.h>
#include <string.h>

GT_TEST_ARENA

#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define NOW_MS INT64_C(1768653296789) /* 2026-01-17T12:34:56Z */
#define DATE "20260117T123456Z"

enum { HEADERS_MAX = 16 };

struct sent { /* a request on its way; tests change it */
    struct gt_sign_request request;
    struct gt_sign_header headers[HEADERS_MAX];
    const char *secret;
    int64_t now_ms;
    bool s3;
};

static const char *message;

static void add(struct sent *sent, const char *name, const char *value)
{
    ck_assert_uint_lt(sent->request.header_count, HEADERS_MAX);
    sent->headers[sent->request.header_count++] = (struct gt_sign_header){name, value};
    sent->request.headers = sent->headers;
}

static struct gt_sign_header *header(struct sent *sent, const char *name)
{
    for (size_t i = 0; i < sent->request.header_count; i++)
        if (strcmp(sent->headers[i].name, name) == 0)
            return &sent->headers[i];
    ck_abort_msg("no header %s", name);
}

static void drop(struct sent *sent, const char *name)
{
    struct gt_sign_header *at = header(sent, name);
    *at = sent->headers[--sent->request.header_count];
}

static void set_body(struct sent *sent, const char *body)
{
    sent->request.body = body;
    sent->request.body_len = strlen(body);
}

static struct gt_signature signature_of(const struct sent *sent, bool with_hash)
{
    const struct gt_sign_options options = {.access_key_id = "AKIDEXAMPLE",
                                            .secret_access_key = {SECRET, sizeof(SECRET) - 1},
                                            .session_token = "token==",
                                            .region = "us-west-2",
                                            .service = sent->s3 ? "s3" : "bedrock-agentcore",
                                            .unix_ms = NOW_MS,
                                            .s3_path = sent->s3,
                                            .add_content_sha256 = with_hash};
    return gt_sigv4_sign(arena, &sent->request, &options);
}

static struct sent *request_of(bool s3)
{
    struct sent *sent = GT_NEW(arena, struct sent);
    sent->secret = SECRET;
    sent->now_ms = NOW_MS;
    sent->s3 = s3;
    sent->request.method = "PUT";
    sent->request.path = "/gateways/a%2Fb/./x//y z";
    sent->request.query = "b=2&a=1&b=1&empty&name=a%20b";
    set_body(sent, "{\"name\":\"tools\"}");
    add(sent, "Host", "127.0.0.1:4599");
    add(sent, "Content-Type", "application/json");
    add(sent, "X-Amz-Target", "one");
    add(sent, "X-Amz-Target", " two  words ");
    add(sent, "X-Custom", "signed");
    add(sent, "User-Agent", "gantry/0.1");
    return sent;
}

static void sign_it(struct sent *sent, bool with_hash)
{
    struct gt_signature signature = signature_of(sent, with_hash);
    for (size_t i = 0; i < signature.added_count; i++)
        add(sent, signature.added[i].name, signature.added[i].value);
}

static struct sent *signed_request(bool s3)
{
    struct sent *sent = request_of(s3);
    sign_it(sent, true);
    return sent;
}

static enum gt_sigv4_outcome outcome_of(const struct sent *sent)
{
    struct gt_sigv4_claim claim = {0};
    message = NULL;
    enum gt_sigv4_outcome outcome = gt_sigv4_claim(arena, &sent->request, &claim, &message);
    if (outcome == GT_SIGV4_OK)
        outcome = gt_sigv4_verify(arena, &sent->request, &claim,
                                  (struct gt_secret){sent->secret, strlen(sent->secret)}, sent->s3,
                                  sent->now_ms, &message);
    bool silent = outcome == GT_SIGV4_OK || outcome == GT_SIGV4_ABSENT;
    ck_assert_msg((message == NULL) == silent, "outcome %d, message %s", outcome, message);
    return outcome;
}

static void expect_message(const char *part)
{
    ck_assert_msg(strstr(message, part) != NULL, "%s", message);
}

static void other_method(struct sent *sent)
{
    sent->request.method = "POST";
}
static void lower_method(struct sent *sent)
{
    sent->request.method = "put";
}
static void other_path(struct sent *sent)
{
    sent->request.path = "/gateways/a%2Fb/./x//z z";
}
static void decoded_path(struct sent *sent)
{
    sent->request.path = "/gateways/a/b/./x//y z";
}
static void lower_escape(struct sent *sent)
{
    sent->request.path = "/gateways/a%2fb/./x//y z";
}
static void path_case(struct sent *sent)
{
    sent->request.path = "/Gateways/a%2Fb/./x//y z";
}
static void query_value(struct sent *sent)
{
    sent->request.query = "b=2&a=1&b=3&empty&name=a%20b";
}
static void query_name(struct sent *sent)
{
    sent->request.query = "b=2&A=1&b=1&empty&name=a%20b";
}
static void query_less(struct sent *sent)
{
    sent->request.query = "b=2&a=1&empty&name=a%20b";
}
static void query_more(struct sent *sent)
{
    sent->request.query = "b=2&a=1&b=1&empty&name=a%20b&c";
}
static void query_plus(struct sent *sent)
{
    sent->request.query = "b=2&a=1&b=1&empty&name=a+b";
}
static void query_none(struct sent *sent)
{
    sent->request.query = NULL;
}
static void other_header(struct sent *sent)
{
    header(sent, "X-Custom")->value = "Signed";
}
static void other_host(struct sent *sent)
{
    header(sent, "Host")->value = "127.0.0.1:4598";
}
static void other_type(struct sent *sent)
{
    header(sent, "Content-Type")->value = "text/plain";
}
static void other_token(struct sent *sent)
{
    header(sent, "X-Amz-Security-Token")->value = "token=";
}
static void no_header(struct sent *sent)
{
    drop(sent, "X-Custom");
}
static void no_token(struct sent *sent)
{
    drop(sent, "X-Amz-Security-Token");
}
static void header_twice(struct sent *sent)
{
    add(sent, "x-custom", "signed");
}
static void repeated_order(struct sent *sent)
{
    struct gt_sign_header *first = header(sent, "X-Amz-Target");
    struct gt_sign_header second = first[1];
    first[1] = first[0];
    first[0] = second;
}
static void unsigned_amz(struct sent *sent)
{
    add(sent, "X-Amz-Other", "x");
}
static void other_body(struct sent *sent)
{
    set_body(sent, "{\"name\":\"Tools\"}");
}
static void no_body(struct sent *sent)
{
    set_body(sent, "");
}
static void other_body_and_hash(struct sent *sent)
{
    header(sent, "X-Amz-Content-Sha256")->value =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    set_body(sent, "");
}
static void claims_no_hash(struct sent *sent)
{
    header(sent, "X-Amz-Content-Sha256")->value = "UNSIGNED-PAYLOAD";
}
static void hash_twice(struct sent *sent)
{
    add(sent, "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
}
static void other_date(struct sent *sent)
{
    header(sent, "X-Amz-Date")->value = "20260117T123457Z";
}
static void other_secret(struct sent *sent)
{
    sent->secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEX";
}
static void no_secret(struct sent *sent)
{
    sent->secret = "";
}
static void replace(struct sent *sent, const char *from, const char *to)
{
    const char *value = header(sent, "Authorization")->value, *at = strstr(value, from);
    ck_assert_ptr_nonnull(at);
    header(sent, "Authorization")->value =
        gt_printf(arena, "%.*s%s%s", (int)(at - value), value, to, at + strlen(from));
}
static void other_region(struct sent *sent)
{
    replace(sent, "us-west-2", "us-east-1");
}
static void other_service(struct sent *sent)
{
    replace(sent, sent->s3 ? "/s3/" : "/bedrock-agentcore/", "/iam/");
}
static void other_scope_date(struct sent *sent)
{
    replace(sent, "/20260117/", "/20260116/");
}
static void upper_names(struct sent *sent)
{
    replace(sent, "host;", "Host;");
}
static void unsorted_names(struct sent *sent)
{
    replace(sent, "content-type;host;", "host;content-type;");
}
static void repeated_names(struct sent *sent)
{
    replace(sent, "host;", "host;host;");
}
static void fewer_names(struct sent *sent)
{
    replace(sent, ";x-custom", "");
}
static void absent_name(struct sent *sent)
{
    replace(sent, ";x-custom", ";x-custom;x-gone");
}
static void unsigned_host(struct sent *sent)
{
    replace(sent, "host;", "");
}
static void unsigned_type(struct sent *sent)
{
    replace(sent, "content-type;", "");
}
static void upper_signature(struct sent *sent)
{
    char *value = gt_strdup(arena, header(sent, "Authorization")->value);
    for (char *at = strstr(value, "Signature=") + 10; *at != '\0'; at++)
        if (*at >= 'a' && *at <= 'f')
            *at = (char)(*at - 'a' + 'A');
    header(sent, "Authorization")->value = value;
}
static void short_signature(struct sent *sent)
{
    char *value = gt_strdup(arena, header(sent, "Authorization")->value);
    value[strlen(value) - 1] = '\0';
    header(sent, "Authorization")->value = value;
}
static void long_signature(struct sent *sent)
{
    header(sent, "Authorization")->value =
        gt_printf(arena, "%s0", header(sent, "Authorization")->value);
}

static const struct {
    const char *name;
    void (*change)(struct sent *sent);
} changes[] = {
    {"method", other_method},
    {"method in lower case", lower_method},
    {"path", other_path},
    {"decoded path", decoded_path},
    {"escape in lower case", lower_escape},
    {"path in another case", path_case},
    {"query value", query_value},
    {"query name", query_name},
    {"a parameter less", query_less},
    {"a parameter more", query_more},
    {"plus for a space", query_plus},
    {"no query", query_none},
    {"signed header", other_header},
    {"host", other_host},
    {"content type", other_type},
    {"session token", other_token},
    {"no header", no_header},
    {"no token", no_token},
    {"a header twice", header_twice},
    {"order of a repeated header", repeated_order},
    {"x-amz header that is not signed", unsigned_amz},
    {"body", other_body},
    {"no body", no_body},
    {"body with its hash", other_body_and_hash},
    {"hash taken out", claims_no_hash},
    {"two hashes", hash_twice},
    {"date", other_date},
    {"secret", other_secret},
    {"no secret", no_secret},
    {"region", other_region},
    {"service", other_service},
    {"date of the scope", other_scope_date},
    {"names in upper case", upper_names},
    {"names in another order", unsorted_names},
    {"a name twice", repeated_names},
    {"a name less", fewer_names},
    {"a name of no header", absent_name},
    {"host that is not signed", unsigned_host},
    {"content type that is not signed", unsigned_type},
    {"signature in upper case", upper_signature},
    {"short signature", short_signature},
    {"long signature", long_signature},
};

START_TEST(a_signed_request_holds)
{
    for (int s3 = 0; s3 < 2; s3++) {
        struct sent *sent = signed_request(s3 != 0);
        ck_assert_int_eq(outcome_of(sent), GT_SIGV4_OK);
        struct gt_sigv4_claim claim;
        ck_assert_int_eq(gt_sigv4_claim(arena, &sent->request, &claim, &message), GT_SIGV4_OK);
        ck_assert_str_eq(claim.access_key_id, "AKIDEXAMPLE");
        ck_assert_str_eq(claim.date, "20260117");
        ck_assert_str_eq(claim.region, "us-west-2");
        ck_assert_str_eq(claim.service, s3 ? "s3" : "bedrock-agentcore");
        ck_assert_str_eq(claim.amz_date, DATE);
        ck_assert_str_eq(claim.session_token, "token==");
        ck_assert_uint_eq(strlen(claim.signature), 64);
    }
}
END_TEST

START_TEST(every_change_is_noticed)
{
    for (int s3 = 0; s3 < 2; s3++) {
        struct sent *sent = signed_request(s3 != 0);
        changes[_i].change(sent);
        enum gt_sigv4_outcome outcome = outcome_of(sent);
        ck_assert_msg(outcome == GT_SIGV4_MISMATCH, "%s%s: %d", changes[_i].name, s3 ? " (s3)" : "",
                      outcome);
        ck_assert_ptr_null(strstr(message, SECRET));
    }
}
END_TEST

/* What may differ between what was signed and what arrives. */
START_TEST(what_is_the_same_request_holds)
{
    struct sent *sent = signed_request(false);
    sent->request.query = "name=a b&b=1&empty=&b=2&a=%31";
    sent->request.path = "/gateways/a%2Fb/x/y z";
    header(sent, "User-Agent")->value = "another";
    header(sent, "X-Custom")->value = "\t signed  ";
    header(sent, "X-Custom")->name = "x-CUSTOM";
    add(sent, "Accept", "*/*");
    replace(sent, ", SignedHeaders", ",SignedHeaders");
    replace(sent, ", Signature", " ,  Signature");
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_OK);
    sent = signed_request(true);
    sent->request.path = "/gateways/a%2Fb/x/y z";
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_MISMATCH);
}
END_TEST

START_TEST(the_parameters_may_have_any_order)
{
    struct sent *sent = signed_request(false);
    const char *value = header(sent, "Authorization")->value;
    const char *names = strstr(value, "SignedHeaders="), *hash = strstr(value, "Signature=");
    header(sent, "Authorization")->value =
        gt_printf(arena, "AWS4-HMAC-SHA256 %s, New=1, %.*s, %.*s", hash, (int)(hash - names - 2),
                  names, (int)(names - value) - 19, value + 17);
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_OK);
}
END_TEST

START_TEST(the_hash_may_be_left_out_but_for_s3)
{
    struct sent *sent = request_of(false);
    sign_it(sent, false);
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_OK);
    other_body(sent);
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_MISMATCH);
    sent = signed_request(false);
    other_body(sent);
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_MISMATCH);
    expect_message("'x-amz-content-sha256' header does not match");
    sent = request_of(true);
    sign_it(sent, false);
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_INCOMPLETE);
    expect_message("x-amz-content-sha256");
}
END_TEST

/* Of botocore's S3 signer, for an https endpoint with payload signing off. */
static struct sent *unsigned_payload(void)
{
    struct sent *sent = GT_NEW(arena, struct sent);
    sent->secret = SECRET;
    sent->now_ms = NOW_MS;
    sent->s3 = true;
    sent->request.method = "PUT";
    sent->request.path = "/state/a%20b/../c";
    sent->request.query = "x-id=PutObject";
    set_body(sent, "anything");
    add(sent, "Host", "bucket.s3.us-west-2.amazonaws.com");
    add(sent, "X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD");
    add(sent, "X-Amz-Date", DATE);
    add(sent, "Authorization",
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260117/us-west-2/s3/aws4_request, "
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
        "Signature=301012f1f5c8495a17bd1959fbeb0920c9b70566e266e1ec97da4d95796a7fd5");
    return sent;
}

START_TEST(an_unsigned_payload_may_be_anything)
{
    struct sent *sent = unsigned_payload();
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_OK);
    set_body(sent, "something else");
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_OK);
    header(sent, "X-Amz-Content-SHA256")->value = "unsigned-payload";
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_MISMATCH);
    header(sent, "X-Amz-Content-SHA256")->value = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_MISMATCH);
}
END_TEST

START_TEST(the_time_may_be_fifteen_minutes_off)
{
    enum { LIMIT = 15 * 60 * 1000 };
    static const int64_t sent_ms = 1768653296000;
    struct sent *sent = signed_request(false);
    sent->now_ms = sent_ms + LIMIT;
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_OK);
    sent->now_ms = sent_ms + LIMIT + 1000;
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_SKEWED);
    ck_assert_str_eq(message, "Signature expired: 20260117T123456Z is now earlier than "
                              "20260117T123457Z (20260117T124957Z - 15 min.)");
    sent->now_ms = sent_ms - LIMIT;
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_OK);
    sent->now_ms = sent_ms - LIMIT - 1000;
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_SKEWED);
    ck_assert_str_eq(message, "Signature not yet current: 20260117T123456Z is still later than "
                              "20260117T123455Z (20260117T121955Z + 15 min.)");
}
END_TEST

START_TEST(date_stands_in_for_x_amz_date)
{
    struct sent *sent = signed_request(false);
    struct gt_sigv4_claim claim;
    header(sent, "X-Amz-Date")->name = "Date";
    ck_assert_int_eq(gt_sigv4_claim(arena, &sent->request, &claim, &message), GT_SIGV4_OK);
    ck_assert_str_eq(claim.amz_date, DATE);
    drop(sent, "Date");
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_INCOMPLETE);
    ck_assert_str_eq(message, "Authorization header requires existence of either a 'X-Amz-Date' or "
                              "a 'Date' header.");
}
END_TEST

static const char *const bad_dates[] = {
    "",
    "2026-01-17T12:34:56Z",
    "20260117T123456",
    "20260117T123456Z0",
    "20261317T123456Z",
    "20260230T123456Z",
    "20260117T243456Z",
    "20260117T126056Z",
    "20260117t123456z",
    "2026011 T123456Z",
    "Sat, 17 Jan 2026 12:34:56 GMT",
};

START_TEST(a_date_in_another_form_is_incomplete)
{
    struct sent *sent = signed_request(false);
    header(sent, "X-Amz-Date")->value = bad_dates[_i];
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_INCOMPLETE);
    expect_message("Date must be in ISO-8601 'basic format'");
}
END_TEST

START_TEST(two_dates_are_incomplete)
{
    struct sent *sent = signed_request(false);
    add(sent, "X-Amz-Date", DATE);
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_INCOMPLETE);
}
END_TEST

#define CREDENTIAL "Credential=AKIDEXAMPLE/20260117/us-west-2/iam/aws4_request"
#define NAMES "SignedHeaders=host;x-amz-date"
#define HASH "Signature=0c11d93dd60c80c6cbe5f009bd728c84f5751da87744dbc41c5b9c497e69f285"

static const struct {
    const char *authorization;
    enum gt_sigv4_outcome outcome;
    const char *part;
} authorizations[] = {
    {"", GT_SIGV4_ABSENT, NULL},
    {"Bearer abc", GT_SIGV4_ABSENT, NULL},
    {"AWS AKIDEXAMPLE:abc", GT_SIGV4_ABSENT, NULL},
    {"AWS4-HMAC-SHA512 " CREDENTIAL, GT_SIGV4_ABSENT, NULL},
    {"AWS4-HMAC-SHA256-X " CREDENTIAL, GT_SIGV4_ABSENT, NULL},
    {"aws4-hmac-sha256 " CREDENTIAL, GT_SIGV4_ABSENT, NULL},
    {"AWS4-HMAC-SHA256", GT_SIGV4_INCOMPLETE,
     "Authorization header requires 'Credential' parameter. Authorization header requires "
     "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter."},
    {"AWS4-HMAC-SHA256 " NAMES ", " HASH, GT_SIGV4_INCOMPLETE,
     "Authorization header requires 'Credential' parameter."},
    {"AWS4-HMAC-SHA256 " CREDENTIAL ", " HASH, GT_SIGV4_INCOMPLETE,
     "Authorization header requires 'SignedHeaders' parameter."},
    {"AWS4-HMAC-SHA256 " CREDENTIAL ", " NAMES, GT_SIGV4_INCOMPLETE,
     "Authorization header requires 'Signature' parameter."},
    {"AWS4-HMAC-SHA256 " CREDENTIAL ", " NAMES ", Signature=", GT_SIGV4_INCOMPLETE,
     "Authorization header requires 'Signature' parameter."},
    {"AWS4-HMAC-SHA256 " CREDENTIAL ", " NAMES ", " HASH ", " HASH, GT_SIGV4_INCOMPLETE,
     "more than one 'Signature'"},
    {"AWS4-HMAC-SHA256 " CREDENTIAL ", SignedHeaders, " HASH, GT_SIGV4_INCOMPLETE,
     "'SignedHeaders' not a valid key=value pair (missing equal-sign)"},
    {"AWS4-HMAC-SHA256 " CREDENTIAL " " NAMES " " HASH, GT_SIGV4_INCOMPLETE,
     "requires 'Signature' parameter"},
    {"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE, " NAMES ", " HASH, GT_SIGV4_INCOMPLETE,
     "Credential must have exactly 5 slash-delimited elements"},
    {"AWS4-HMAC-SHA256 Credential=/20260117/us-west-2/iam/aws4_request, " NAMES ", " HASH,
     GT_SIGV4_INCOMPLETE, "exactly 5"},
    {"AWS4-HMAC-SHA256 Credential=A/B/20260117/us-west-2/iam/aws4_request, " NAMES ", " HASH,
     GT_SIGV4_INCOMPLETE, "exactly 5"},
    {"AWS4-HMAC-SHA256 Credential=A/20260117/us-west-2/iam/aws4_request/, " NAMES ", " HASH,
     GT_SIGV4_INCOMPLETE, "exactly 5"},
    {"AWS4-HMAC-SHA256 Credential=A/20260117/us-west-2/iam/aws3_request, " NAMES ", " HASH,
     GT_SIGV4_INCOMPLETE, "'aws4_request', not 'aws3_request'"},
    {"AWS4-HMAC-SHA256 Credential=A/2026/us-west-2/iam/aws4_request, " NAMES ", " HASH,
     GT_SIGV4_MISMATCH, "'2026' != '20260117', from '20260117T123456Z'"},
    {"AWS4-HMAC-SHA256 " CREDENTIAL ", SignedHeaders=x-amz-date, " HASH, GT_SIGV4_MISMATCH,
     "'Host' or ':authority' must be a 'SignedHeader'"},
    {"AWS4-HMAC-SHA256 " CREDENTIAL ", SignedHeaders=host, " HASH, GT_SIGV4_MISMATCH,
     "'x-amz-date' must be a 'SignedHeader'"},
    {"AWS4-HMAC-SHA256 " CREDENTIAL ", SignedHeaders=;host;, " HASH, GT_SIGV4_MISMATCH, ""},
    {"AWS4-HMAC-SHA256 " CREDENTIAL ", " NAMES ", Signature=x", GT_SIGV4_MISMATCH,
     "The request signature we calculated does not match the signature you provided."},
};

START_TEST(the_authorization_header_is_taken_apart)
{
    struct sent *sent = GT_NEW(arena, struct sent);
    sent->secret = SECRET;
    sent->now_ms = NOW_MS;
    sent->request.method = "GET";
    sent->request.path = "/";
    add(sent, "Host", "a.example");
    add(sent, "X-Amz-Date", DATE);
    add(sent, "Authorization", authorizations[_i].authorization);
    enum gt_sigv4_outcome outcome = outcome_of(sent);
    ck_assert_msg(outcome == authorizations[_i].outcome, "%s: %d (%s)",
                  authorizations[_i].authorization, outcome, message);
    if (authorizations[_i].part != NULL)
        expect_message(authorizations[_i].part);
}
END_TEST

START_TEST(two_authorizations_are_incomplete)
{
    struct sent *sent = signed_request(false);
    add(sent, "authorization", "Bearer abc");
    ck_assert_int_eq(outcome_of(sent), GT_SIGV4_INCOMPLETE);
}
END_TEST

START_TEST(without_the_header_there_is_no_claim)
{
    ck_assert_int_eq(outcome_of(request_of(false)), GT_SIGV4_ABSENT);
}
END_TEST

Suite *verify_suite(void)
{
    Suite *suite = suite_create("verify");
    TCase *tcase = tcase_create("verify");
    tcase_add_checked_fixture(tcase, arena_setup, arena_teardown);
    tcase_add_test(tcase, a_signed_request_holds);
    tcase_add_loop_test(tcase, every_change_is_noticed, 0, (int)GT_COUNT(changes));
    tcase_add_test(tcase, what_is_the_same_request_holds);
    tcase_add_test(tcase, the_parameters_may_have_any_order);
    tcase_add_test(tcase, the_hash_may_be_left_out_but_for_s3);
    tcase_add_test(tcase, an_unsigned_payload_may_be_anything);
    tcase_add_test(tcase, the_time_may_be_fifteen_minutes_off);
    tcase_add_test(tcase, date_stands_in_for_x_amz_date);
    tcase_add_loop_test(tcase, a_date_in_another_form_is_incomplete, 0, (int)GT_COUNT(bad_dates));
    tcase_add_test(tcase, two_dates_are_incomplete);
    tcase_add_loop_test(tcase, the_authorization_header_is_taken_apart, 0,
                        (int)GT_COUNT(authorizations));
    tcase_add_test(tcase, two_authorizations_are_incomplete);
    tcase_add_test(tcase, without_the_header_there_is_no_claim);
    suite_add_tcase(suite, tcase);
    return suite;
}
