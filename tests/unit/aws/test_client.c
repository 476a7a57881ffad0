#include "aws_suites.h"
#include "fixed_sys.h"
#include "gt_test.h"
#include "scripted_transport.h"

#include <gantry/aws/aws.h>
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>
#include <string.h>

GT_TEST_ARENA

#define CREATE_GATEWAY &gt_op_bedrock_agentcore_control_CreateGateway
#define GET_GATEWAY &gt_op_bedrock_agentcore_control_GetGateway
#define GATEWAY_ANSWER "{\"gatewayId\":\"g-1\",\"name\":\"tools\"}"

enum { NOW_S = 1768653296 };

static struct gt_fixed_sys fixed;
static struct gt_loop *loop;
static struct gt_scripted *scripted;
static struct gt_credentials *credentials;
static struct gt_aws *aws;
static struct gt_keys keys;

static void setup(void)
{
    arena_setup();
    gt_fixed_sys_init(&fixed, INT64_C(1000) * NOW_S);
    loop = gt_loop_new(&fixed.sys);
    scripted = gt_scripted_new(arena, loop);
    keys = (struct gt_keys){.access_key_id = "AKIDEXAMPLE",
                            .secret_access_key = {"secret", 6},
                            .session_token = "a-session-token"};
    credentials = gt_credentials_new(&(struct gt_credentials_options){
        .sys = &fixed.sys, .loop = loop, .transport = scripted->transport, .fixed = &keys});
}

static void teardown(void)
{
    gt_aws_free(aws);
    gt_credentials_free(credentials);
    gt_loop_free(loop);
    arena_teardown();
}

static void connect_with(struct gt_aws_options options)
{
    options.loop = loop;
    options.transport = scripted->transport;
    options.credentials = credentials;
    options.region = "us-west-2";
    aws = gt_aws_new(&options);
}

static void connect(void)
{
    connect_with((struct gt_aws_options){.endpoint_url = "http://127.0.0.1:5000/base"});
}

/* A completed call; strings are kept in the test's arena. */
struct result {
    int calls;
    struct gt_aws_answer answer;
    int64_t at_ms;
};

static void take(void *payload, const struct gt_aws_answer *answer)
{
    struct result *result = payload;
    result->calls++;
    result->answer = *answer;
    result->answer.code = gt_strdup(arena, answer->code);
    result->answer.message = gt_strdup(arena, answer->message);
    result->answer.request_id = gt_strdup(arena, answer->request_id);
    result->answer.output = gt_keep(arena, json_incref(answer->output));
    result->at_ms = fixed.monotonic_ms;
}

static void submit(const struct gt_operation *operation, json_t *input, bool repeatable,
                   struct result *result)
{
    *result = (struct result){0};
    struct gt_call call = {.operation = operation, .input = input, .repeatable = repeatable};
    gt_aws_submit(aws, &call, take, result);
    json_decref(input);
    ck_assert_int_eq(result->calls, 0);
}

static json_t *gateway_id(void)
{
    return json_pack("{s:s}", "gatewayIdentifier", "g-1");
}

/* CreateGateway, which is not repeatable, or GetGateway, which is. */
static struct result run(bool repeatable)
{
    struct result result;
    if (repeatable)
        submit(GET_GATEWAY, gateway_id(), true, &result);
    else
        submit(CREATE_GATEWAY, json_pack("{s:s}", "name", "tools"), false, &result);
    gt_loop_run(loop);
    ck_assert_int_eq(result.calls, 1);
    return result;
}

static const struct gt_scripted_answer ok = {.body = GATEWAY_ANSWER};
static const struct gt_scripted_answer throttled = {
    .status = 429,
    .body = "{\"message\":\"Rate exceeded\"}",
    .headers = {{"x-amzn-errortype", "ThrottlingException"}}};
static const struct gt_scripted_answer lost = {.outcome = GT_HTTP_MAYBE_SENT, .error = "reset"};
static const struct gt_scripted_answer unreachable = {.outcome = GT_HTTP_NOT_SENT,
                                                      .error = "connection refused"};
static const struct gt_scripted_answer broken = {
    .status = 500,
    .body = "{\"message\":\"oops\"}",
    .headers = {{"x-amzn-errortype", "InternalServerException"}, {"x-amzn-requestid", "r-1"}}};

START_TEST(a_call_is_encoded_signed_sent_and_decoded)
{
    connect();
    gt_scripted_next(scripted, (struct gt_scripted_answer){
                                   .body = GATEWAY_ANSWER,
                                   .headers = {{"x-amzn-requestid", "r-9"},
                                               {"date", "Sat, 17 Jan 2026 12:34:56 GMT"}}});
    struct result result = run(true);
    ck_assert_int_eq(result.answer.failure, GT_AWS_OK);
    ck_assert_str_eq(gt_text_at(result.answer.output, "/gatewayId"), "g-1");
    ck_assert_str_eq(result.answer.request_id, "r-9");
    ck_assert_int_eq(result.answer.date_ms, INT64_C(1000) * NOW_S);
    ck_assert_int_eq(result.answer.attempts, 1);
    const struct gt_scripted_request *request = &scripted->requests.at[0];
    ck_assert_str_eq(request->method, "GET");
    ck_assert_str_eq(request->url, "http://127.0.0.1:5000/base/gateways/g-1/");
    ck_assert_str_eq(gt_scripted_header(request, "host"), "127.0.0.1:5000");
    ck_assert_str_eq(gt_scripted_header(request, "amz-sdk-request"), "attempt=1; max=3");
    ck_assert_uint_eq(strlen(gt_scripted_header(request, "amz-sdk-invocation-id")), 36);
    ck_assert(gt_starts_with(gt_scripted_header(request, "user-agent"), "gantry/"));
    ck_assert_str_eq(gt_scripted_header(request, "x-amz-security-token"), "a-session-token");
    ck_assert_str_eq(gt_scripted_header(request, "x-amz-date"), "20260117T123456Z");
    ck_assert(gt_starts_with(
        gt_scripted_header(request, "authorization"),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260117/us-west-2/bedrock-agentcore/aws4_request"
        ", SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;host;x-amz-date;"
        "x-amz-security-token, Signature="));
    ck_assert(request->secret);
    ck_assert_int_eq(request->timeout_ms, 60000);
}
END_TEST

START_TEST(an_operation_without_authorization_is_not_signed)
{
    connect();
    gt_scripted_next(scripted,
                     (struct gt_scripted_answer){.body = "<AssumeRoleWithWebIdentityResponse>"
                                                         "<AssumeRoleWithWebIdentityResult/>"
                                                         "</AssumeRoleWithWebIdentityResponse>"});
    struct result result;
    submit(&gt_op_sts_AssumeRoleWithWebIdentity, json_pack("{s:s}", "RoleArn", "r"), true, &result);
    gt_loop_run(loop);
    ck_assert_int_eq(result.answer.failure, GT_AWS_OK);
    ck_assert_ptr_eq(gt_scripted_header(&scripted->requests.at[0], "authorization"), NULL);
}
END_TEST

START_TEST(an_object_of_s3_is_sent_to_its_bucket_with_its_hash)
{
    connect_with((struct gt_aws_options){0});
    gt_scripted_next(scripted, (struct gt_scripted_answer){.headers = {{"etag", "\"e\""}}});
    struct result result;
    submit(&gt_op_s3_PutObject,
           json_pack("{s:s, s:s, s:s}", "Bucket", "states", "Key", "a b/c", "Body", "{}"), false,
           &result);
    gt_loop_run(loop);
    ck_assert_str_eq(gt_text_at(result.answer.output, "/ETag"), "\"e\"");
    const struct gt_scripted_request *request = &scripted->requests.at[0];
    ck_assert_str_eq(request->url, "https://states.s3.us-west-2.amazonaws.com/a%20b/c");
    ck_assert_str_eq(gt_scripted_header(request, "host"), "states.s3.us-west-2.amazonaws.com");
    ck_assert_str_eq(gt_scripted_header(request, "x-amz-content-sha256"),
                     "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    ck_assert_ptr_ne(
        strstr(gt_scripted_header(request, "authorization"), "/us-west-2/s3/aws4_request"), NULL);
}
END_TEST

START_TEST(throttling_is_waited_out_even_when_not_repeatable)
{
    connect();
    gt_scripted_next(scripted, throttled);
    gt_scripted_next(scripted, throttled);
    gt_scripted_next(scripted, ok);
    struct result result = run(false);
    ck_assert_int_eq(result.answer.failure, GT_AWS_OK);
    ck_assert_int_eq(result.answer.attempts, 3);
    struct gt_aws_counts counts = gt_aws_counts(aws);
    ck_assert_uint_eq(counts.requests, 3);
    ck_assert_uint_eq(counts.throttled, 2);
    ck_assert_uint_eq(counts.retries, 2);
}
END_TEST

START_TEST(the_attempts_of_a_call_are_alike_but_for_number_and_signature)
{
    connect();
    gt_scripted_next(scripted, unreachable);
    gt_scripted_next(scripted, throttled);
    gt_scripted_next(scripted, ok);
    run(false);
    ck_assert_uint_eq(scripted->requests.len, 3);
    for (size_t i = 1; i < 3; i++) {
        const struct gt_scripted_request *first = &scripted->requests.at[0],
                                         *later = &scripted->requests.at[i];
        ck_assert_str_eq(first->body, later->body);
        ck_assert_str_eq(gt_scripted_header(first, "amz-sdk-invocation-id"),
                         gt_scripted_header(later, "amz-sdk-invocation-id"));
        ck_assert_str_eq(gt_scripted_header(later, "amz-sdk-request"),
                         gt_printf(arena, "attempt=%zu; max=3", i + 1));
        ck_assert_str_ne(gt_scripted_header(first, "authorization"),
                         gt_scripted_header(later, "authorization"));
    }
}
END_TEST

START_TEST(what_may_have_been_done_is_not_sent_again)
{
    static const struct gt_scripted_answer answers[] = {
        {.outcome = GT_HTTP_MAYBE_SENT, .timed_out = true},
        {.outcome = GT_HTTP_MAYBE_SENT, .status = 200, .body = "{\"gatewayI"},
        {.outcome = GT_HTTP_MAYBE_SENT, .status = 200, .too_large = true},
        {.status = 500, .headers = {{"x-amzn-errortype", "InternalServerException"}}},
        {.status = 502, .body = "<html>"},
        {.status = 504},
        {.status = 202, .body = "<html>"},
        {.status = 202, .body = ""},
    };
    connect();
    gt_scripted_next(scripted, answers[_i]);
    struct result result = run(false);
    ck_assert_int_ne(result.answer.failure, GT_AWS_OK);
    ck_assert(result.answer.maybe_done);
    ck_assert_int_eq(result.answer.attempts, 1);
    ck_assert_uint_eq(scripted->requests.len, 1);
    ck_assert_ptr_ne(result.answer.message, NULL);
}
END_TEST

START_TEST(a_repeatable_call_is_sent_again)
{
    connect();
    gt_scripted_next(scripted, lost);
    gt_scripted_next(scripted, broken);
    gt_scripted_next(scripted, ok);
    ck_assert_int_eq(run(true).answer.failure, GT_AWS_OK);
    ck_assert_uint_eq(scripted->requests.len, 3);
}
END_TEST

START_TEST(attempts_end_with_the_last_answer)
{
    connect();
    gt_scripted_when(scripted, NULL, NULL, 0, broken);
    struct result result = run(true);
    ck_assert_int_eq(result.answer.failure, GT_AWS_REFUSED);
    ck_assert_str_eq(result.answer.code, "InternalServerException");
    ck_assert_str_eq(result.answer.message, "oops");
    ck_assert_str_eq(result.answer.request_id, "r-1");
    ck_assert_int_eq(result.answer.http_status, 500);
    ck_assert_int_eq(result.answer.attempts, 3);
    ck_assert_int_eq(result.at_ms - 1000 <= 3000, 1); /* below 1 s and 2 s */
}
END_TEST

START_TEST(attempts_are_as_many_as_the_environment_says)
{
    gt_fixed_sys_set(&fixed, "AWS_MAX_ATTEMPTS", "5");
    connect();
    gt_scripted_when(scripted, NULL, NULL, 0, unreachable);
    struct result result = run(false);
    ck_assert_int_eq(result.answer.failure, GT_AWS_UNREACHABLE);
    ck_assert(!result.answer.maybe_done);
    ck_assert_int_eq(result.answer.attempts, 5);
    ck_assert_str_eq(result.answer.message, "connection refused");
}
END_TEST

START_TEST(an_early_doubt_stays_until_the_end)
{
    connect();
    gt_scripted_next(scripted, lost);
    gt_scripted_when(scripted, NULL, NULL, 0, throttled);
    struct result result = run(true);
    ck_assert(result.answer.throttled);
    ck_assert(result.answer.maybe_done);
}
END_TEST

START_TEST(retry_after_is_kept)
{
    connect();
    struct gt_scripted_answer later = throttled;
    later.headers[1] = (struct gt_header){"retry-after", "9"};
    gt_scripted_next(scripted, later);
    gt_scripted_next(scripted, ok);
    run(false);
    ck_assert_int_ge(scripted->requests.at[1].at_ms - scripted->requests.at[0].at_ms, 9000);
}
END_TEST

START_TEST(retries_of_all_calls_share_their_tokens)
{
    enum { COUNT = 200 };
    static struct result results[COUNT];
    connect();
    gt_scripted_when(scripted, NULL, NULL, 0, broken);
    for (size_t i = 0; i < COUNT; i++)
        submit(GET_GATEWAY, gateway_id(), true, &results[i]);
    gt_loop_run(loop);
    ck_assert_uint_eq(gt_aws_counts(aws).retries, 100);
    ck_assert_uint_eq(scripted->requests.len, COUNT + 100);
}
END_TEST

START_TEST(a_wrong_clock_is_put_right_for_all_calls)
{
    connect();
    gt_scripted_next(scripted, (struct gt_scripted_answer){
                                   .status = 403,
                                   .body = "{\"message\":\"Signature expired\"}",
                                   .headers = {{"x-amzn-errortype", "InvalidSignatureException"},
                                               {"date", "Sat, 17 Jan 2026 14:34:56 GMT"}}});
    gt_scripted_when(scripted, NULL, NULL, 0, ok);
    ck_assert_int_eq(run(false).answer.failure, GT_AWS_OK);
    ck_assert_uint_eq(scripted->requests.len, 2);
    run(true);
    for (size_t i = 1; i < 3; i++)
        ck_assert(gt_starts_with(gt_scripted_header(&scripted->requests.at[i], "x-amz-date"),
                                 "20260117T1434"));
}
END_TEST

START_TEST(expired_keys_are_fetched_anew_once)
{
    connect();
    gt_scripted_when(
        scripted, NULL, NULL, 0,
        (struct gt_scripted_answer){
            .status = 403,
            .body = "{\"message\":\"The security token included in the request is expired\"}",
            .headers = {{"x-amzn-errortype", "ExpiredTokenException"}}});
    struct result result = run(false);
    ck_assert_int_eq(result.answer.failure, GT_AWS_CREDENTIALS);
    ck_assert_str_eq(result.answer.code, "ExpiredTokenException");
    ck_assert_uint_eq(scripted->requests.len, 2);
    ck_assert(!result.answer.maybe_done);
}
END_TEST

START_TEST(the_deadline_ends_the_waiting)
{
    connect();
    gt_scripted_when(scripted, NULL, NULL, 0, throttled);
    struct result result = {0};
    json_t *input = gt_keep(arena, gateway_id());
    struct gt_call call = {.operation = GET_GATEWAY, .input = input, .deadline_ms = 50};
    gt_aws_submit(aws, &call, take, &result);
    gt_loop_run(loop);
    ck_assert_int_eq(result.calls, 1);
    ck_assert_int_eq(result.answer.failure, GT_AWS_REFUSED);
    ck_assert_int_le(result.at_ms, 1050);
    ck_assert_int_eq(scripted->requests.at[0].timeout_ms, 50);
}
END_TEST

START_TEST(calls_that_never_get_their_turn_were_not_sent)
{
    enum { COUNT = 40 };
    static struct result results[COUNT];
    connect();
    gt_scripted_when(scripted, NULL, NULL, 0,
                     (struct gt_scripted_answer){.body = "{}", .delay_ms = 5000});
    json_t *input = gt_keep(arena, gateway_id());
    struct gt_call call = {
        .operation = GET_GATEWAY, .input = input, .repeatable = true, .deadline_ms = 7000};
    for (size_t i = 0; i < COUNT; i++)
        gt_aws_submit(aws, &call, take, &results[i]);
    gt_loop_run(loop);
    size_t late = 0;
    for (size_t i = 0; i < COUNT; i++)
        late += results[i].answer.failure == GT_AWS_UNREACHABLE && results[i].at_ms == 8000;
    ck_assert_uint_eq(late, COUNT - 32);
    ck_assert_uint_eq(scripted->requests.len, 32);
}
END_TEST

/* Counts how many requests are under way at once. */
static int under_way, most_under_way;

static void count_down(void *payload)
{
    (void)payload;
    under_way--;
}

static bool count_up(void *payload, const struct gt_scripted_request *request,
                     struct gt_scripted_answer *answer)
{
    (void)payload, (void)request;
    under_way++;
    most_under_way = under_way > most_under_way ? under_way : most_under_way;
    gt_timer_start(loop, 100, count_down, NULL);
    *answer = (struct gt_scripted_answer){.body = GATEWAY_ANSWER, .delay_ms = 100};
    return true;
}

START_TEST(requests_under_way_are_capped)
{
    enum { COUNT = 100 };
    static struct result results[COUNT];
    connect();
    gt_scripted_by(scripted, count_up, NULL);
    for (size_t i = 0; i < COUNT; i++)
        submit(GET_GATEWAY, gateway_id(), true, &results[i]);
    gt_loop_run(loop);
    ck_assert_int_eq(most_under_way, 16);
    for (size_t i = 0; i < COUNT; i++)
        ck_assert_int_eq(results[i].answer.failure, GT_AWS_OK);
    ck_assert_int_le(fixed.monotonic_ms, 1000 + 100 * 8);
}
END_TEST

START_TEST(official_endpoints_are_called_at_their_rates)
{
    enum { COUNT = 45 };
    static struct result results[COUNT];
    connect_with((struct gt_aws_options){0});
    gt_scripted_when(scripted, NULL, NULL, 0, ok);
    for (size_t i = 0; i < COUNT; i++)
        submit(GET_GATEWAY, gateway_id(), true, &results[i]);
    gt_loop_run(loop);
    ck_assert_int_ge(fixed.monotonic_ms, 1000 + 3900);
    ck_assert_int_le(fixed.monotonic_ms, 1000 + 4200);
    ck_assert(gt_starts_with(scripted->requests.at[0].url,
                             "https://bedrock-agentcore-control.us-west-2.amazonaws.com/"));
}
END_TEST

START_TEST(configured_endpoints_are_not_slowed_down)
{
    enum { COUNT = 45 };
    static struct result results[COUNT];
    connect();
    gt_scripted_when(scripted, NULL, NULL, 0, ok);
    for (size_t i = 0; i < COUNT; i++)
        submit(GET_GATEWAY, gateway_id(), true, &results[i]);
    gt_loop_run(loop);
    ck_assert_int_eq(fixed.monotonic_ms, 1000);
}
END_TEST

START_TEST(throttling_slows_down_what_comes_after)
{
    enum { COUNT = 60 };
    static struct result results[COUNT];
    connect();
    gt_scripted_when(scripted, NULL, NULL, 3, throttled);
    gt_scripted_when(scripted, NULL, NULL, 0, ok);
    for (size_t i = 0; i < COUNT; i++)
        submit(GET_GATEWAY, gateway_id(), true, &results[i]);
    gt_loop_run(loop);
    for (size_t i = 0; i < COUNT; i++)
        ck_assert_int_eq(results[i].answer.failure, GT_AWS_OK);
    ck_assert_int_gt(fixed.monotonic_ms, 1000 + 500);
    ck_assert_int_lt(fixed.monotonic_ms, 1000 + 20000);
}
END_TEST

START_TEST(an_input_that_does_not_fit_is_told_from_the_loop)
{
    connect();
    struct result result;
    submit(GET_GATEWAY, json_object(), true, &result);
    gt_loop_run(loop);
    ck_assert_int_eq(result.calls, 1);
    ck_assert_int_eq(result.answer.failure, GT_AWS_INVALID);
    ck_assert_str_eq(result.answer.message, "GetGateway: gatewayIdentifier is missing");
    ck_assert_uint_eq(scripted->requests.len, 0);
}
END_TEST

START_TEST(an_endpoint_that_is_none_fails_every_call)
{
    connect_with((struct gt_aws_options){.endpoint_url = "localhost:5000"});
    struct result result = run(true);
    ck_assert_int_eq(result.answer.failure, GT_AWS_INVALID);
    ck_assert_str_eq(result.answer.message,
                     "the endpoint from --endpoint-url is neither an http nor an https URL");
    ck_assert(!gt_aws_endpoint_check(aws, &gt_service_iam, &diags));
    ck_assert_str_eq(gt_aws_endpoint(aws, &gt_service_iam), "localhost:5000");
}
END_TEST

static char long_text[700];

/* What the service says of a key that it was given, and what is told of that. */
static const struct {
    const char *key, *said, *told;
} echoes[] = {
    {"hunter2-hunter2",
     "Value 'hunter2-hunter2' at 'apiKey' of provider-1 with a-session-token is bad",
     "Value '***' at 'apiKey' of provider-1 with *** is bad"},
    {"-----BEGIN KEY-----\nabc\n\ndef\n", "no key: -----BEGIN KEY-----\\nabc\\n\\ndef\\n here",
     "no key: *** here"},
    {"a-session-token-and-more", "a-session-token-and-more, a-session-token", "***, ***"},
    {"******", "six stars: ******", "six stars: ***"},
    {long_text, long_text, "***"},
};

START_TEST(secrets_of_the_input_are_not_in_messages)
{
    memset(long_text, 'x', sizeof(long_text) - 1);
    connect();
    gt_scripted_next(scripted,
                     (struct gt_scripted_answer){
                         .status = 400,
                         .body = gt_printf(arena, "{\"message\":\"%s\"}", echoes[_i].said),
                         .headers = {{"x-amzn-errortype", "ValidationException"}}});
    struct result result;
    submit(&gt_op_bedrock_agentcore_control_CreateApiKeyCredentialProvider,
           json_pack("{s:s, s:s}", "name", "provider-1", "apiKey", echoes[_i].key), false, &result);
    gt_loop_run(loop);
    ck_assert_str_eq(result.answer.message, echoes[_i].told);
}
END_TEST

START_TEST(a_required_token_is_made_once_for_all_attempts)
{
    struct gt_shape input = *(CREATE_GATEWAY)->input;
    struct gt_member *members = gt_calloc(arena, input.member_count, sizeof(*members));
    memcpy(members, input.members, input.member_count * sizeof(*members));
    for (size_t i = 0; i < input.member_count; i++)
        if (members[i].flags & GT_MEMBER_IDEMPOTENCY_TOKEN)
            members[i].flags |= GT_MEMBER_REQUIRED;
    input.members = members;
    struct gt_operation operation = *CREATE_GATEWAY;
    operation.input = &input;
    connect();
    gt_scripted_next(scripted, lost);
    gt_scripted_next(scripted, ok);
    struct result result;
    submit(&operation, json_pack("{s:s}", "name", "tools"), true, &result);
    gt_loop_run(loop);
    ck_assert_uint_eq(scripted->requests.len, 2);
    ck_assert_ptr_ne(strstr(scripted->requests.at[0].body, "\"clientToken\":\""), NULL);
    ck_assert_str_eq(scripted->requests.at[0].body, scripted->requests.at[1].body);
}
END_TEST

START_TEST(no_token_is_invented_where_none_is_required)
{
    connect();
    gt_scripted_next(scripted, ok);
    run(false);
    ck_assert_str_eq(scripted->requests.at[0].body, "{\"name\":\"tools\"}");
}
END_TEST

START_TEST(a_blocking_call_gives_output_or_an_error)
{
    connect();
    gt_scripted_next(scripted, ok);
    gt_scripted_when(
        scripted, NULL, NULL, 0,
        (struct gt_scripted_answer){.status = 404,
                                    .body = "{\"message\":\"no such gateway\"}",
                                    .headers = {{"x-amzn-errortype", "ResourceNotFoundException"},
                                                {"x-amzn-requestid", "r-1"}}});
    json_t *input = gt_keep(arena, gateway_id()), *output = NULL;
    ck_assert(gt_aws_call(aws, arena, GET_GATEWAY, input, &output, &diags));
    ck_assert_str_eq(gt_text_at(output, "/gatewayId"), "g-1");
    ck_assert(!gt_aws_call(aws, arena, GET_GATEWAY, input, &output, &diags));
    ck_assert_uint_eq(diags.errors, 1);
    ck_assert_str_eq(diags.list.at[0]->remote.code, "ResourceNotFoundException");
    ck_assert_str_eq(diags.list.at[0]->remote.request_id, "r-1");
}
END_TEST

static void stop(void *payload)
{
    (void)payload;
    gt_loop_stop(loop);
}

START_TEST(freeing_drops_open_calls)
{
    static struct result results[40];
    connect();
    gt_scripted_when(scripted, NULL, NULL, 10, throttled);
    gt_scripted_when(scripted, NULL, NULL, 0, (struct gt_scripted_answer){.delay_ms = 100000});
    for (size_t i = 0; i < 40; i++)
        submit(GET_GATEWAY, gateway_id(), true, &results[i]);
    gt_timer_start(loop, 20, stop, NULL);
    gt_loop_run(loop);
    gt_aws_free(aws);
    aws = NULL;
    for (size_t i = 0; i < 40; i++)
        ck_assert_int_eq(results[i].calls, 0);
}
END_TEST

Suite *client_suite(void)
{
    Suite *suite = suite_create("client");
    TCase *tcase = tcase_create("client");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_call_is_encoded_signed_sent_and_decoded);
    tcase_add_test(tcase, an_operation_without_authorization_is_not_signed);
    tcase_add_test(tcase, an_object_of_s3_is_sent_to_its_bucket_with_its_hash);
    tcase_add_test(tcase, throttling_is_waited_out_even_when_not_repeatable);
    tcase_add_test(tcase, the_attempts_of_a_call_are_alike_but_for_number_and_signature);
    tcase_add_loop_test(tcase, what_may_have_been_done_is_not_sent_again, 0, 8);
    tcase_add_test(tcase, a_repeatable_call_is_sent_again);
    tcase_add_test(tcase, attempts_end_with_the_last_answer);
    tcase_add_test(tcase, attempts_are_as_many_as_the_environment_says);
    tcase_add_test(tcase, an_early_doubt_stays_until_the_end);
    tcase_add_test(tcase, retry_after_is_kept);
    tcase_add_test(tcase, retries_of_all_calls_share_their_tokens);
    tcase_add_test(tcase, a_wrong_clock_is_put_right_for_all_calls);
    tcase_add_test(tcase, expired_keys_are_fetched_anew_once);
    tcase_add_test(tcase, the_deadline_ends_the_waiting);
    tcase_add_test(tcase, calls_that_never_get_their_turn_were_not_sent);
    tcase_add_test(tcase, requests_under_way_are_capped);
    tcase_add_test(tcase, official_endpoints_are_called_at_their_rates);
    tcase_add_test(tcase, configured_endpoints_are_not_slowed_down);
    tcase_add_test(tcase, throttling_slows_down_what_comes_after);
    tcase_add_test(tcase, an_input_that_does_not_fit_is_told_from_the_loop);
    tcase_add_test(tcase, an_endpoint_that_is_none_fails_every_call);
    tcase_add_loop_test(tcase, secrets_of_the_input_are_not_in_messages, 0, (int)GT_COUNT(echoes));
    tcase_add_test(tcase, a_required_token_is_made_once_for_all_attempts);
    tcase_add_test(tcase, no_token_is_invented_where_none_is_required);
    tcase_add_test(tcase, a_blocking_call_gives_output_or_an_error);
    tcase_add_test(tcase, freeing_drops_open_calls);
    suite_add_tcase(suite, tcase);
    return suite;
}
