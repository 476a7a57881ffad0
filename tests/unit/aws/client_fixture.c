#include "client_fixture.h"

#include <gantry/base/str.h>

struct client_fixture client;

void client_setup(void)
{
    client.arena = gt_arena_new();
    client.diags = gt_diags_init(client.arena);
    gt_fixed_sys_init(&client.fixed, INT64_C(1000) * NOW_S);
    client.loop = gt_loop_new(&client.fixed.sys);
    client.scripted = gt_scripted_new(client.arena, client.loop);
    client.keys = (struct gt_keys){.access_key_id = "AKIDEXAMPLE",
                                   .secret_access_key = {"secret", 6},
                                   .session_token = "a-session-token"};
    client.credentials =
        gt_credentials_new(&(struct gt_credentials_options){.sys = &client.fixed.sys,
                                                            .loop = client.loop,
                                                            .transport = client.scripted->transport,
                                                            .fixed = &client.keys});
}

void client_teardown(void)
{
    gt_aws_free(client.aws);
    gt_credentials_free(client.credentials);
    gt_loop_free(client.loop);
    gt_arena_free(client.arena);
    client = (struct client_fixture){0};
}

void connect_with(struct gt_aws_options options)
{
    options.loop = client.loop;
    options.transport = client.scripted->transport;
    options.credentials = client.credentials;
    options.region = "us-west-2";
    client.aws = gt_aws_new(&options);
}

void connect_local(void)
{
    connect_with((struct gt_aws_options){.endpoint_url = "http://127.0.0.1:5000/base"});
}

void take(void *payload, const struct gt_aws_answer *answer)
{
    struct result *result = payload;
    result->calls++;
    result->answer = *answer;
    result->answer.code = gt_strdup(client.arena, answer->code);
    result->answer.message = gt_strdup(client.arena, answer->message);
    result->answer.request_id = gt_strdup(client.arena, answer->request_id);
    result->answer.output = gt_keep(client.arena, json_incref(answer->output));
    result->at_ms = client.fixed.monotonic_ms;
}

void submit(const struct gt_operation *operation, json_t *input, bool repeatable,
            struct result *result)
{
    *result = (struct result){0};
    struct gt_call call = {.operation = operation, .input = input, .repeatable = repeatable};
    gt_aws_submit(client.aws, &call, take, result);
    json_decref(input);
    ck_assert_int_eq(result->calls, 0);
}

json_t *gateway_id(void)
{
    return json_pack("{s:s}", "gatewayIdentifier", "g-1");
}

struct result run(bool repeatable)
{
    struct result result;
    if (repeatable)
        submit(GET_GATEWAY, gateway_id(), true, &result);
    else
        submit(CREATE_GATEWAY, json_pack("{s:s}", "name", "tools"), false, &result);
    gt_loop_run(client.loop);
    ck_assert_int_eq(result.calls, 1);
    return result;
}

const struct gt_scripted_answer ok = {.body = GATEWAY_ANSWER};
const struct gt_scripted_answer throttled = {
    .status = 429,
    .body = "{\"message\":\"Rate exceeded\"}",
    .headers = {{"x-amzn-errortype", "ThrottlingException"}}};
const struct gt_scripted_answer lost = {.outcome = GT_HTTP_MAYBE_SENT, .error = "reset"};
const struct gt_scripted_answer unreachable = {.outcome = GT_HTTP_NOT_SENT,
                                               .error = "connection refused"};
const struct gt_scripted_answer broken = {
    .status = 500,
    .body = "{\"message\":\"oops\"}",
    .headers = {{"x-amzn-errortype", "InternalServerException"}, {"x-amzn-requestid", "r-1"}}};
