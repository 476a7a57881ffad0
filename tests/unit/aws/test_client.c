#include "aws_suites.h"
#include "client_fixture.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

START_TEST(a_call_is_encoded_signed_sent_and_decoded)
{
    connect_local();
    gt_scripted_next(client.scripted, (struct gt_scripted_answer){
                                          .body = GATEWAY_ANSWER,
                                          .headers = {{"x-amzn-requestid", "r-9"},
                                                      {"date", "Sat, 17 Jan 2026 12:34:56 GMT"}}});
    struct result result = run(true);
    ck_assert_int_eq(result.answer.failure, GT_AWS_OK);
    ck_assert_str_eq(gt_text_at(result.answer.output, "/gatewayId"), "g-1");
    ck_assert_str_eq(result.answer.request_id, "r-9");
    ck_assert_int_eq(result.answer.date_ms, INT64_C(1000) * NOW_S);
    ck_assert_int_eq(result.answer.attempts, 1);
    const struct gt_scripted_request *request = &client.scripted->requests.at[0];
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
    connect_local();
    gt_scripted_next(client.scripted,
                     (struct gt_scripted_answer){.body = "<AssumeRoleWithWebIdentityResponse>"
                                                         "<AssumeRoleWithWebIdentityResult/>"
                                                         "</AssumeRoleWithWebIdentityResponse>"});
    struct result result;
    submit(&gt_op_sts_AssumeRoleWithWebIdentity, json_pack("{s:s}", "RoleArn", "r"), true, &result);
    gt_loop_run(client.loop);
    ck_assert_int_eq(result.answer.failure, GT_AWS_OK);
    ck_assert_ptr_eq(gt_scripted_header(&client.scripted->requests.at[0], "authorization"), NULL);
}
END_TEST

START_TEST(an_object_of_s3_is_sent_to_its_bucket_with_its_hash)
{
    connect_with((struct gt_aws_options){0});
    gt_scripted_next(client.scripted, (struct gt_scripted_answer){.headers = {{"etag", "\"e\""}}});
    struct result result;
    submit(&gt_op_s3_PutObject,
           json_pack("{s:s, s:s, s:s}", "Bucket", "states", "Key", "a b/c", "Body", "{}"), false,
           &result);
    gt_loop_run(client.loop);
    ck_assert_str_eq(gt_text_at(result.answer.output, "/ETag"), "\"e\"");
    const struct gt_scripted_request *request = &client.scripted->requests.at[0];
    ck_assert_str_eq(request->url, "https://states.s3.us-west-2.amazonaws.com/a%20b/c");
    ck_assert_str_eq(gt_scripted_header(request, "host"), "states.s3.us-west-2.amazonaws.com");
    ck_assert_str_eq(gt_scripted_header(request, "x-amz-content-sha256"),
                     "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    ck_assert_ptr_ne(
        strstr(gt_scripted_header(request, "authorization"), "/us-west-2/s3/aws4_request"), NULL);
}
END_TEST

START_TEST(calls_that_never_get_their_turn_were_not_sent)
{
    enum { COUNT = 40 };
    static struct result results[COUNT];
    connect_local();
    gt_scripted_when(client.scripted, NULL, NULL, 0,
                     (struct gt_scripted_answer){.body = "{}", .delay_ms = 5000});
    json_t *input = gt_keep(client.arena, gateway_id());
    struct gt_call call = {
        .operation = GET_GATEWAY, .input = input, .repeatable = true, .deadline_ms = 7000};
    for (size_t i = 0; i < COUNT; i++)
        gt_aws_submit(client.aws, &call, take, &results[i]);
    gt_loop_run(client.loop);
    size_t late = 0;
    for (size_t i = 0; i < COUNT; i++)
        late += results[i].answer.failure == GT_AWS_UNREACHABLE && results[i].at_ms == 8000;
    ck_assert_uint_eq(late, COUNT - 32);
    ck_assert_uint_eq(client.scripted->requests.len, 32);
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
    gt_timer_start(client.loop, 100, count_down, NULL);
    *answer = (struct gt_scripted_answer){.body = GATEWAY_ANSWER, .delay_ms = 100};
    return true;
}

START_TEST(requests_under_way_are_capped)
{
    enum { COUNT = 100 };
    static struct result results[COUNT];
    connect_local();
    gt_scripted_by(client.scripted, count_up, NULL);
    for (size_t i = 0; i < COUNT; i++)
        submit(GET_GATEWAY, gateway_id(), true, &results[i]);
    gt_loop_run(client.loop);
    ck_assert_int_eq(most_under_way, 16);
    for (size_t i = 0; i < COUNT; i++)
        ck_assert_int_eq(results[i].answer.failure, GT_AWS_OK);
    ck_assert_int_le(client.fixed.monotonic_ms, 1000 + 100 * 8);
}
END_TEST

START_TEST(official_endpoints_are_called_at_their_rates)
{
    enum { COUNT = 45 };
    static struct result results[COUNT];
    connect_with((struct gt_aws_options){0});
    gt_scripted_when(client.scripted, NULL, NULL, 0, ok);
    for (size_t i = 0; i < COUNT; i++)
        submit(GET_GATEWAY, gateway_id(), true, &results[i]);
    gt_loop_run(client.loop);
    ck_assert_int_ge(client.fixed.monotonic_ms, 1000 + 3900);
    ck_assert_int_le(client.fixed.monotonic_ms, 1000 + 4200);
    ck_assert(gt_starts_with(client.scripted->requests.at[0].url,
                             "https://bedrock-agentcore-control.us-west-2.amazonaws.com/"));
}
END_TEST

START_TEST(configured_endpoints_are_not_slowed_down)
{
    enum { COUNT = 45 };
    static struct result results[COUNT];
    connect_local();
    gt_scripted_when(client.scripted, NULL, NULL, 0, ok);
    for (size_t i = 0; i < COUNT; i++)
        submit(GET_GATEWAY, gateway_id(), true, &results[i]);
    gt_loop_run(client.loop);
    ck_assert_int_eq(client.fixed.monotonic_ms, 1000);
}
END_TEST

START_TEST(throttling_slows_down_what_comes_after)
{
    enum { COUNT = 60 };
    static struct result results[COUNT];
    connect_local();
    gt_scripted_when(client.scripted, NULL, NULL, 3, throttled);
    gt_scripted_when(client.scripted, NULL, NULL, 0, ok);
    for (size_t i = 0; i < COUNT; i++)
        submit(GET_GATEWAY, gateway_id(), true, &results[i]);
    gt_loop_run(client.loop);
    for (size_t i = 0; i < COUNT; i++)
        ck_assert_int_eq(results[i].answer.failure, GT_AWS_OK);
    ck_assert_int_gt(client.fixed.monotonic_ms, 1000 + 500);
    ck_assert_int_lt(client.fixed.monotonic_ms, 1000 + 20000);
}
END_TEST

START_TEST(an_input_that_does_not_fit_is_told_from_the_loop)
{
    connect_local();
    struct result result;
    submit(GET_GATEWAY, json_object(), true, &result);
    gt_loop_run(client.loop);
    ck_assert_int_eq(result.calls, 1);
    ck_assert_int_eq(result.answer.failure, GT_AWS_INVALID);
    ck_assert_str_eq(result.answer.message, "GetGateway: gatewayIdentifier is missing");
    ck_assert_uint_eq(client.scripted->requests.len, 0);
}
END_TEST

START_TEST(an_endpoint_that_is_none_fails_every_call)
{
    connect_with((struct gt_aws_options){.endpoint_url = "localhost:5000"});
    struct result result = run(true);
    ck_assert_int_eq(result.answer.failure, GT_AWS_INVALID);
    ck_assert_str_eq(result.answer.message,
                     "the endpoint from --endpoint-url is neither an http nor an https URL");
    ck_assert_ptr_nonnull(gt_aws_error(&client.diags, GET_GATEWAY, &result.answer)->hint);
    ck_assert_str_eq(gt_aws_endpoint(client.aws, &gt_service_iam), "localhost:5000");
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
    {"a-session", "a-session-token, a-session", "***, ***"},
    {"******", "six stars: ******", "six stars: ***"},
    {long_text, long_text, "***"},
};

START_TEST(secrets_of_the_input_are_not_in_messages)
{
    memset(long_text, 'x', sizeof(long_text) - 1);
    connect_local();
    gt_scripted_next(client.scripted,
                     (struct gt_scripted_answer){
                         .status = 400,
                         .body = gt_printf(client.arena, "{\"message\":\"%s\"}", echoes[_i].said),
                         .headers = {{"x-amzn-errortype", "ValidationException"}}});
    struct result result;
    submit(&gt_op_bedrock_agentcore_control_CreateApiKeyCredentialProvider,
           json_pack("{s:s, s:s}", "name", "provider-1", "apiKey", echoes[_i].key), false, &result);
    gt_loop_run(client.loop);
    ck_assert_str_eq(result.answer.message, echoes[_i].told);
}
END_TEST

START_TEST(a_required_token_is_made_once_for_all_attempts)
{
    struct gt_shape input = *(CREATE_GATEWAY)->input;
    struct gt_member *members = gt_calloc(client.arena, input.member_count, sizeof(*members));
    memcpy(members, input.members, input.member_count * sizeof(*members));
    for (size_t i = 0; i < input.member_count; i++)
        if (members[i].flags & GT_MEMBER_IDEMPOTENCY_TOKEN)
            members[i].flags |= GT_MEMBER_REQUIRED;
    input.members = members;
    struct gt_operation operation = *CREATE_GATEWAY;
    operation.input = &input;
    connect_local();
    gt_scripted_next(client.scripted, lost);
    gt_scripted_next(client.scripted, ok);
    struct result result;
    submit(&operation, json_pack("{s:s}", "name", "tools"), true, &result);
    gt_loop_run(client.loop);
    ck_assert_uint_eq(client.scripted->requests.len, 2);
    ck_assert_ptr_ne(strstr(client.scripted->requests.at[0].body, "\"clientToken\":\""), NULL);
    ck_assert_str_eq(client.scripted->requests.at[0].body, client.scripted->requests.at[1].body);
}
END_TEST

START_TEST(no_token_is_invented_where_none_is_required)
{
    connect_local();
    gt_scripted_next(client.scripted, ok);
    run(false);
    ck_assert_str_eq(client.scripted->requests.at[0].body, "{\"name\":\"tools\"}");
}
END_TEST

START_TEST(a_blocking_call_gives_output_or_an_error)
{
    connect_local();
    gt_scripted_next(client.scripted, ok);
    gt_scripted_when(
        client.scripted, NULL, NULL, 0,
        (struct gt_scripted_answer){.status = 404,
                                    .body = "{\"message\":\"no such gateway\"}",
                                    .headers = {{"x-amzn-errortype", "ResourceNotFoundException"},
                                                {"x-amzn-requestid", "r-1"}}});
    json_t *input = gt_keep(client.arena, gateway_id()), *output = NULL;
    ck_assert(gt_aws_call(client.aws, client.arena, GET_GATEWAY, input, &output, &client.diags));
    ck_assert_str_eq(gt_text_at(output, "/gatewayId"), "g-1");
    ck_assert(!gt_aws_call(client.aws, client.arena, GET_GATEWAY, input, &output, &client.diags));
    ck_assert_uint_eq(client.diags.errors, 1);
    ck_assert_str_eq(client.diags.list.at[0]->remote.code, "ResourceNotFoundException");
    ck_assert_str_eq(client.diags.list.at[0]->remote.request_id, "r-1");
}
END_TEST

static void stop(void *payload)
{
    (void)payload;
    gt_loop_stop(client.loop);
}

START_TEST(freeing_drops_open_calls)
{
    static struct result results[40];
    connect_local();
    gt_scripted_when(client.scripted, NULL, NULL, 10, throttled);
    gt_scripted_when(client.scripted, NULL, NULL, 0,
                     (struct gt_scripted_answer){.delay_ms = 100000});
    for (size_t i = 0; i < 40; i++)
        submit(GET_GATEWAY, gateway_id(), true, &results[i]);
    gt_timer_start(client.loop, 20, stop, NULL);
    gt_loop_run(client.loop);
    gt_aws_free(client.aws);
    client.aws = NULL;
    for (size_t i = 0; i < 40; i++)
        ck_assert_int_eq(results[i].calls, 0);
}
END_TEST

Suite *client_suite(void)
{
    Suite *suite = suite_create("client");
    TCase *tcase = tcase_create("client");
    tcase_add_checked_fixture(tcase, client_setup, client_teardown);
    tcase_add_test(tcase, a_call_is_encoded_signed_sent_and_decoded);
    tcase_add_test(tcase, an_operation_without_authorization_is_not_signed);
    tcase_add_test(tcase, an_object_of_s3_is_sent_to_its_bucket_with_its_hash);
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
