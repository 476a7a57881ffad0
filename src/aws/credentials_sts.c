/*
 * AssumeRole and AssumeRoleWithWebIdentity. They share the codecs with the AWS client, but not its
 * way of sending, which needs credentials first. Source: AWS Security Token Service API Reference.
 */
#include "codec.h"
#include "endpoint.h"
#include "providers.h"
#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/model/operations.h>
#include <gantry/net/loop.h>
#include <string.h>

enum { ATTEMPTS = 3, PAUSE_MS = 500, TIMEOUT_MS = 20000 };

struct call {
    struct gt_fetch *fetch;
    const struct gt_operation *operation;
    struct gt_role_request request;
    const struct gt_keys *signer;
    struct gt_endpoint endpoint;
    int attempts;
};

static const char not_sts_hint[] = "something between here and STS answers in its place";

/* What to do about the service's own codes. */
static const struct {
    const char *code, *hint;
} hints[] = {
    {"AccessDenied", "the role's trust policy has to name who calls, with the external id and the "
                     "claims that it asks for"},
    {"ExpiredToken", "the keys that the role is assumed with have expired: renew them"},
    {"ExpiredTokenException", "the token has expired: get a new one"},
    {"InvalidIdentityToken", "look at the identity provider in IAM: its URL, audience and keys"},
    {"IDPRejectedClaim", "look at the token's claims and the identity provider in IAM"},
    {"InvalidClientTokenId", "the access key does not exist, or is switched off"},
    {"SignatureDoesNotMatch", "the secret key does not belong to the access key, or this machine's "
                              "clock is wrong"},
    {"RequestExpired", "this machine's clock is wrong"},
    {"RegionDisabledException", "switch STS on for that region, or use another one"},
    {"ValidationError", "look at the role's ARN, the session's name and the duration"},
};

/* Codes after which the same request can be sent again. */
static const char *const passing_codes[] = {"Throttling",           "ThrottlingException",
                                            "RequestLimitExceeded", "IDPCommunicationError",
                                            "ServiceUnavailable",   "InternalFailure"};

/* The request's input as the model names it; wiped with the run. */
static json_t *input_of(struct call *call)
{
    struct gt_run *run = call->fetch->run;
    const struct gt_role_request *request = &call->request;
    const char *session = request->session_name;
    if (session == NULL)
        session = gt_printf(run->arena, "gantry-%lld", (long long)(gt_now_ms(run->sys) / 1000));
    json_t *input = gt_pack(run->arena, "{s:s, s:s, s:s*, s:s*}", "RoleArn", request->role_arn,
                            "RoleSessionName", session, "ExternalId", request->external_id,
                            "WebIdentityToken", request->web_token);
    if (request->duration_s != 0)
        json_object_set_new(input, "DurationSeconds", json_integer(request->duration_s));
    return input;
}

static const char *account_of_arn(struct gt_arena *arena, const char *arn)
{
    enum { BEFORE_ACCOUNT = 4 }; /* arn:PARTITION:iam:: */
    for (int i = 0; i < BEFORE_ACCOUNT; i++) {
        const char *colon = strchr(arn, ':');
        if (colon == NULL)
            return NULL;
        arn = colon + 1;
    }
    size_t len = strcspn(arn, ":");
    return len == 0 ? NULL : gt_strndup(arena, arn, len);
}

static void use_answer(struct call *call, json_t *output)
{
    static const struct gt_keys_form form = {
        .access_key_id = "AccessKeyId",
        .secret_access_key = "SecretAccessKey",
        .session_token = "SessionToken",
        .expiration = "Expiration",
        .token_required = true,
    };
    struct gt_arena *arena = call->fetch->run->arena;
    const char *why = NULL;
    const struct gt_keys *keys = gt_keys_parse(arena, json_object_get(output, "Credentials"), &form,
                                               call->request.source, &why);
    if (keys == NULL) {
        gt_fetch_fail(call->fetch, not_sts_hint, "%s at %s: %s", call->operation->name,
                      call->endpoint.url, why);
        return;
    }
    struct gt_keys *complete = GT_NEW(arena, struct gt_keys);
    *complete = *keys;
    complete->account_id = account_of_arn(arena, call->request.role_arn);
    gt_fetch_give(call->fetch, complete);
}

static const char *hint_for(const char *code)
{
    for (size_t i = 0; i < GT_COUNT(hints); i++)
        if (gt_streq(hints[i].code, code))
            return hints[i].hint;
    return "look at the role and at who may assume it";
}

static void refused(struct call *call, const struct gt_http_response *response,
                    const struct gt_decoded *decoded)
{
    struct gt_fetch *fetch = call->fetch;
    const char *message = gt_one_line(fetch->run->arena, decoded->message, GT_MESSAGE_MAX);
    struct gt_diag *diag =
        gt_error(&fetch->run->diags, "credentials-failed", "%s: %s of %s was refused: %s: %s",
                 fetch->provider->name, call->operation->name, call->request.role_arn,
                 decoded->code, message);
    diag->hint = hint_for(decoded->code);
    diag->remote = (struct gt_remote){.service = "sts",
                                      .operation = call->operation->name,
                                      .http_status = response->status,
                                      .code = decoded->code,
                                      .request_id = decoded->request_id,
                                      .reason = message};
    gt_fetch_failed(fetch);
}

static bool is_passing(const struct gt_http_response *response, const char *code)
{
    for (size_t i = 0; i < GT_COUNT(passing_codes); i++)
        if (gt_streq(passing_codes[i], code))
            return true;
    return response->outcome != GT_HTTP_ANSWERED || response->status >= 500;
}

static void send_call(void *payload);

static void answered(void *payload, const struct gt_http_response *response)
{
    struct call *call = payload;
    struct gt_fetch *fetch = call->fetch;
    struct gt_decoded decoded = {.failure = GT_AWS_NO_ANSWER};
    if (response->outcome == GT_HTTP_ANSWERED)
        decoded = gt_decode(fetch->run->arena, call->operation, response);
    if (decoded.failure == GT_AWS_OK)
        use_answer(call, decoded.output);
    else if (is_passing(response, decoded.code) && call->attempts < ATTEMPTS)
        fetch->run->timer =
            gt_timer_start(fetch->run->options->loop, PAUSE_MS << call->attempts, send_call, call);
    else if (decoded.failure == GT_AWS_REFUSED)
        refused(call, response, &decoded);
    else if (decoded.failure == GT_AWS_GARBLED)
        gt_fetch_fail(fetch, not_sts_hint, "%s at %s: %s", call->operation->name,
                      call->endpoint.url, decoded.message);
    else
        gt_fetch_fail(fetch, "look at the network, the region and the proxy", "%s at %s: %s",
                      call->operation->name, call->endpoint.url,
                      gt_answer_problem(fetch->run->arena, response));
}

/* Signs with the keys of the call, if there are any, and sends. */
static void sign_and_send(struct call *call, struct gt_wire *wire)
{
    struct gt_run *run = call->fetch->run;
    struct gt_arena *arena = run->arena;
    GT_VEC(struct gt_sign_header) own = {0};
    *GT_PUSH(arena, &own) = (struct gt_sign_header){"Host", call->endpoint.host};
    for (size_t i = 0; i < wire->headers.len; i++)
        *GT_PUSH(arena, &own) =
            (struct gt_sign_header){wire->headers.at[i].name, wire->headers.at[i].value};
    if (call->signer != NULL) {
        const struct gt_sign_request request = {
            .method = call->operation->method,
            .path = gt_printf(arena, "%s%s", call->endpoint.prefix, wire->path),
            .query = wire->query,
            .headers = own.at,
            .header_count = own.len,
            .body = wire->body,
            .body_len = wire->body_len};
        const struct gt_sign_options options = {.access_key_id = call->signer->access_key_id,
                                                .secret_access_key =
                                                    call->signer->secret_access_key,
                                                .session_token = call->signer->session_token,
                                                .region = call->endpoint.signing_region,
                                                .service = call->operation->service->signing_name,
                                                .unix_ms = gt_now_ms(run->sys)};
        struct gt_signature signature = gt_sigv4_sign(arena, &request, &options);
        for (size_t i = 0; i < signature.added_count; i++)
            gt_wire_header(arena, wire, signature.added[i].name, signature.added[i].value);
    }
    const struct gt_http_request request = {
        .method = call->operation->method,
        .url = gt_printf(arena, "%s%s", call->endpoint.url, wire->path),
        .headers = wire->headers.at,
        .header_count = wire->headers.len,
        .body = wire->body,
        .body_len = wire->body_len,
        .timeout_ms = TIMEOUT_MS,
    };
    gt_run_send(run, &request, answered, call);
}

static void send_call(void *payload)
{
    struct call *call = payload;
    struct gt_run *run = call->fetch->run;
    run->timer = NULL;
    call->attempts++;
    struct gt_wire wire;
    json_t *input = input_of(call);
    bool fits = gt_encode(run->arena, call->operation, input, &wire, &run->diags);
    gt_json_wipe(input);
    if (!fits) {
        gt_fetch_failed(call->fetch);
        return;
    }
    sign_and_send(call, &wire);
    gt_text_wipe(wire.body, wire.body_len);
}

void gt_sts_fetch(struct gt_fetch *fetch, const struct gt_role_request *request,
                  const struct gt_keys *signer)
{
    struct gt_run *run = fetch->run;
    const struct gt_credentials_options *options = run->options;
    const char *region = options->region != NULL ? options->region
                                                 : gt_region_configured(run->sys, options->profile);
    const struct gt_aws_options aws = {.loop = options->loop,
                                       .region = region != NULL ? region : "us-east-1",
                                       .endpoint_url = options->endpoint_url,
                                       .profile = options->profile};
    struct call *call = GT_NEW(run->arena, struct call);
    *call = (struct call){
        .fetch = fetch,
        .operation = request->web_token != NULL ? &gt_op_sts_AssumeRoleWithWebIdentity
                                                : &gt_op_sts_AssumeRole,
        .request = *request,
        .signer = signer,
        .endpoint = gt_endpoint_find(run->arena, &aws, &gt_service_sts),
    };
    if (call->endpoint.flaw != NULL)
        gt_fetch_fail(fetch, "look at the region and at the configured endpoints", "%s: %s",
                      call->operation->name, call->endpoint.flaw);
    else
        send_call(call);
}
