/* A call from its submission to its completion: attempts, pauses, deadline. */
#include "client.h"
#include "scalar.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <string.h>

enum { DEADLINE_MS = 120000 };

static int64_t now_ms(const struct gt_open_call *call)
{
    return gt_monotonic_ms(call->aws->sys);
}

static void unlink_call(struct gt_open_call *call)
{
    if (call->previous != NULL)
        call->previous->next = call->next;
    else
        call->aws->calls = call->next;
    if (call->next != NULL)
        call->next->previous = call->previous;
}

void gt_call_drop(struct gt_open_call *call)
{
    unlink_call(call);
    gt_timer_cancel(call->deadline);
    gt_timer_cancel(call->pause);
    gt_arena_free(call->arena);
}

static void complete(struct gt_open_call *call)
{
    struct gt_aws_answer *answer = &call->answer;
    answer->attempts = call->attempts;
    if (answer->failure != GT_AWS_OK) {
        answer->output = NULL;
        answer->maybe_done = answer->maybe_done || call->maybe_done;
        answer->message = gt_mask_secrets(call, answer->message);
    }
    gt_timer_cancel(call->deadline);
    call->deadline = NULL;
    bool keys_to_come = call->state == GT_CALL_KEYS;
    call->state = GT_CALL_FINISHED;
    call->fn(call->payload, answer);
    if (!keys_to_come)
        gt_call_drop(call);
}

static void fail(struct gt_open_call *call, enum gt_aws_failure failure, const char *message)
{
    call->answer = (struct gt_aws_answer){.failure = failure, .message = message};
    complete(call);
}

/* While a request is under way its own time limit counts, which ends no later. */
static void on_deadline(void *payload)
{
    struct gt_open_call *call = payload;
    call->deadline = NULL;
    if (call->state == GT_CALL_SENT)
        return;
    struct gt_lane *lane = call->lane;
    bool held_place = call->state == GT_CALL_KEYS;
    if (call->state == GT_CALL_WAITING)
        gt_lane_leave(call);
    if (call->attempts > 0)
        complete(call); /* with what the last attempt gave */
    else
        fail(call, GT_AWS_UNREACHABLE,
             held_place ? "no credentials came before the deadline"
                        : "the deadline passed before the request's turn came");
    if (held_place)
        gt_lane_done(lane);
}

static void on_pause_over(void *payload)
{
    struct gt_open_call *call = payload;
    call->pause = NULL;
    gt_lane_enter(call);
}

static void pause_call(struct gt_open_call *call, int64_t ms)
{
    call->state = GT_CALL_PAUSED;
    call->pause = gt_timer_start(call->aws->options.loop, ms, on_pause_over, call);
}

/* Whether another attempt is made; then it is on its way. */
static bool try_again(struct gt_open_call *call, const struct gt_http_response *response,
                      enum gt_retry verdict)
{
    struct gt_aws *aws = call->aws;
    if (now_ms(call) >= call->deadline_ms)
        return false;
    switch (verdict) {
    case GT_RETRY_SKEW:
        call->skew_tried = true;
        aws->skew_ms = call->answer.date_ms - gt_now_ms(aws->sys);
        pause_call(call, 0);
        return true;
    case GT_RETRY_EXPIRED:
        call->expired_tried = true;
        gt_credentials_expire(aws->options.credentials, call->signed_by);
        pause_call(call, 0);
        return true;
    case GT_RETRY_BACK_OFF:
        break;
    case GT_RETRY_NONE:
        return false;
    }
    int64_t delay_ms = gt_retry_delay_ms(aws->sys, response, call->retries + 1);
    if (call->retries + 1 >= aws->options.max_attempts ||
        now_ms(call) + delay_ms >= call->deadline_ms)
        return false;
    int cost = gt_quota_take(&aws->quota, response->timed_out);
    if (cost == 0)
        return false;
    call->cost = cost;
    call->retries++;
    aws->counts.retries++;
    pause_call(call, delay_ms);
    return true;
}

static void read_answer(struct gt_open_call *call, const struct gt_http_response *response)
{
    struct gt_aws_answer *answer = &call->answer;
    *answer = (struct gt_aws_answer){.http_status = response->status};
    if (response->outcome == GT_HTTP_ANSWERED) {
        struct gt_decoded decoded = gt_decode(call->arena, call->operation, response);
        answer->failure = decoded.failure;
        answer->output = decoded.output;
        answer->code = decoded.code;
        answer->message = decoded.message;
        answer->request_id = decoded.request_id;
        const char *date = gt_http_header(response, "date");
        if (date != NULL && !gt_http_date_parse(date, &answer->date_ms))
            answer->date_ms = 0;
    } else {
        answer->message =
            gt_one_line(call->arena, response->error == NULL ? "no answer" : response->error, 300);
    }
    gt_retry_classify(call->operation, response, answer);
    call->maybe_done = call->maybe_done || answer->maybe_done;
}

static void on_response(void *payload, const struct gt_http_response *response)
{
    struct gt_open_call *call = payload;
    struct gt_aws *aws = call->aws;
    struct gt_lane *lane = call->lane;
    read_answer(call, response);
    const struct gt_aws_answer *answer = &call->answer;
    aws->counts.throttled += answer->throttled;
    if (answer->failure == GT_AWS_OK)
        gt_quota_give(&aws->quota, call->cost);
    if (answer->failure == GT_AWS_OK || answer->throttled)
        gt_adaptive_answered(&lane->adaptive, answer->throttled, now_ms(call));
    struct gt_retry_facts facts = {.operation = call->operation,
                                   .response = response,
                                   .answer = answer,
                                   .repeatable = call->repeatable,
                                   .skew_tried = call->skew_tried,
                                   .expired_tried = call->expired_tried,
                                   .signed_ms = call->signed_ms,
                                   .took_ms = now_ms(call) - call->sent_ms};
    enum gt_retry verdict = gt_retry_verdict(&facts);
    if (!try_again(call, response, verdict)) {
        if (call->expired_tried && gt_retry_is_expired(answer))
            call->answer.failure = GT_AWS_CREDENTIALS;
        complete(call);
    }
    gt_lane_done(lane);
}

/* Host, the codec's headers, and those that tell the services about attempts. */
static struct gt_sign_header *headers_of(struct gt_open_call *call, const char *host, size_t *count)
{
    struct gt_arena *arena = call->arena;
    const struct gt_wire *wire = &call->wire;
    const char *attempt =
        gt_printf(arena, "attempt=%d; max=%d", call->attempts, call->aws->options.max_attempts);
    const struct gt_sign_header own[] = {{"Host", host},
                                         {"User-Agent", "gantry/" GANTRY_VERSION},
                                         {"amz-sdk-invocation-id", call->invocation_id},
                                         {"amz-sdk-request", attempt}};
    *count = wire->headers.len + GT_COUNT(own);
    struct gt_sign_header *headers = gt_calloc(arena, *count, sizeof(*headers));
    memcpy(headers, own, sizeof(own));
    for (size_t i = 0; i < wire->headers.len; i++)
        headers[GT_COUNT(own) + i] =
            (struct gt_sign_header){wire->headers.at[i].name, wire->headers.at[i].value};
    return headers;
}

static struct gt_signature sign(struct gt_open_call *call, const struct gt_keys *keys,
                                const struct gt_sign_request *request)
{
    const struct gt_service *service = call->operation->service;
    bool s3 = gt_streq(service->name, "s3");
    struct gt_sign_options options = {.access_key_id = keys->access_key_id,
                                      .secret_access_key = keys->secret_access_key,
                                      .session_token = keys->session_token,
                                      .region = call->lane->endpoint.signing_region,
                                      .service = service->signing_name,
                                      .unix_ms = call->signed_ms,
                                      .s3_path = s3,
                                      .add_content_sha256 = s3};
    return gt_sigv4_sign(call->arena, request, &options);
}

/* `keys` NULL: unsigned. */
static void send_call(struct gt_open_call *call, const struct gt_keys *keys)
{
    struct gt_aws *aws = call->aws;
    const struct gt_endpoint *endpoint = &call->lane->endpoint;
    const struct gt_wire *wire = &call->wire;
    struct gt_address address =
        gt_endpoint_address(call->arena, endpoint, call->operation->service, wire->path);
    call->state = GT_CALL_SENT;
    call->attempts++;
    aws->counts.requests++;
    call->sent_ms = now_ms(call);
    call->signed_ms = keys == NULL ? 0 : gt_now_ms(aws->sys) + aws->skew_ms;
    call->signed_by = keys == NULL ? NULL : gt_strdup(call->arena, keys->access_key_id);
    size_t count;
    const struct gt_sign_header *headers = headers_of(call, address.host, &count);
    struct gt_sign_request to_sign = {
        call->operation->method, address.path, wire->query, headers, count, wire->body,
        wire->body_len};
    struct gt_signature signature = {0};
    if (keys != NULL)
        signature = sign(call, keys, &to_sign);
    struct gt_header *all = gt_calloc(call->arena, count + signature.added_count, sizeof(*all));
    for (size_t i = 0; i < count + signature.added_count; i++) {
        const struct gt_sign_header *header = i < count ? &headers[i] : &signature.added[i - count];
        all[i] = (struct gt_header){header->name, header->value};
    }
    int64_t left_ms = call->deadline_ms - call->sent_ms;
    if (left_ms > aws->options.attempt_timeout_ms)
        left_ms = aws->options.attempt_timeout_ms;
    struct gt_http_request request = {
        .method = call->operation->method,
        .url = gt_printf(call->arena, "%s%s%s%s%s", endpoint->scheme, address.host, address.path,
                         *wire->query != '\0' ? "?" : "", wire->query),
        .headers = all,
        .header_count = count + signature.added_count,
        .body = wire->body,
        .body_len = wire->body_len,
        .timeout_ms = left_ms > 0 ? left_ms : 1,
        .secret = true,
    };
    if (keys != NULL && keys->session_token != NULL)
        gt_remember_secret(call, keys->session_token);
    aws->options.transport.send(aws->options.transport.self, &request, on_response, call);
}

static const char *reason_of(struct gt_arena *arena, const struct gt_diags *diags)
{
    for (size_t i = 0; diags != NULL && i < diags->list.len; i++)
        if (diags->list.at[i]->severity == GT_SEVERITY_ERROR)
            return gt_one_line(arena, diags->list.at[i]->message, GT_MESSAGE_MAX);
    return "no provider has any";
}

static void on_keys(void *payload, const struct gt_keys *keys, const struct gt_diags *diags)
{
    struct gt_open_call *call = payload;
    if (call->state == GT_CALL_FINISHED) {
        gt_call_drop(call);
        return;
    }
    call->state = GT_CALL_SENT;
    if (keys != NULL) {
        send_call(call, keys);
        return;
    }
    struct gt_lane *lane = call->lane;
    fail(call, GT_AWS_CREDENTIALS, reason_of(call->arena, diags));
    gt_lane_done(lane);
}

void gt_call_start(struct gt_open_call *call)
{
    struct gt_credentials *credentials = call->aws->options.credentials;
    if (credentials == NULL || call->operation->unsigned_request) {
        send_call(call, NULL);
        return;
    }
    call->state = GT_CALL_KEYS;
    gt_credentials_get(credentials, on_keys, call);
}

static struct gt_lane_bucket *bucket_of(struct gt_lane *lane, const struct gt_operation *operation)
{
    const struct gt_rate *rate = lane->endpoint.official ? gt_rate_of(operation) : NULL;
    if (rate == NULL)
        return NULL;
    const void *of = rate->shared ? (const void *)rate : (const void *)operation;
    for (struct gt_lane_bucket *bucket = lane->buckets; bucket != NULL; bucket = bucket->next)
        if (bucket->of == of)
            return bucket;
    struct gt_lane_bucket *bucket = GT_NEW(lane->aws->arena, struct gt_lane_bucket);
    *bucket = (struct gt_lane_bucket){
        .of = of,
        .bucket = gt_bucket_new(rate->per_second, gt_monotonic_ms(lane->aws->sys)),
        .next = lane->buckets};
    lane->buckets = bucket;
    return bucket;
}

/* A token that the model requires and the caller left out: one for all attempts. */
static const json_t *with_token(struct gt_open_call *call, const json_t *input)
{
    const struct gt_member *token = gt_operation_token(call->operation);
    if (token == NULL || (token->flags & GT_MEMBER_REQUIRED) == 0 ||
        json_object_get(input, token->name) != NULL)
        return input;
    json_t *copy =
        gt_keep(call->arena, input == NULL ? json_object() : json_copy(gt_iterable(input)));
    json_object_set_new(copy, token->name, json_string(gt_uuid(call->aws->sys, call->arena)));
    return copy;
}

static void finish_invalid(void *payload)
{
    struct gt_open_call *call = payload;
    call->pause = NULL;
    complete(call);
}

/* What makes the call impossible before anything is sent, or NULL. */
static const char *flaw_of(struct gt_open_call *call, const json_t *input)
{
    if (call->lane->endpoint.flaw != NULL)
        return call->lane->endpoint.flaw;
    struct gt_diags diags = gt_diags_init(call->arena);
    if (!gt_encode(call->arena, call->operation, with_token(call, input), &call->wire, &diags))
        return diags.list.at[0]->message;
    return NULL;
}

void gt_aws_submit(struct gt_aws *aws, const struct gt_call *wanted, gt_aws_fn *fn, void *payload)
{
    struct gt_arena *arena = gt_arena_new_secret();
    struct gt_open_call *call = GT_NEW(arena, struct gt_open_call);
    *call = (struct gt_open_call){.arena = arena,
                                  .aws = aws,
                                  .lane = gt_lane_of(aws, wanted->operation->service),
                                  .operation = wanted->operation,
                                  .repeatable = wanted->repeatable,
                                  .fn = fn,
                                  .payload = payload,
                                  .next = aws->calls};
    if (aws->calls != NULL)
        aws->calls->previous = call;
    aws->calls = call;
    call->invocation_id = gt_uuid(aws->sys, arena);
    const char *flaw = flaw_of(call, wanted->input);
    if (flaw != NULL) {
        call->state = GT_CALL_PAUSED;
        call->answer = (struct gt_aws_answer){.failure = GT_AWS_INVALID, .message = flaw};
        call->pause = gt_timer_start(aws->options.loop, 0, finish_invalid, call);
        return;
    }
    gt_collect_secrets(call, call->operation->input, wanted->input);
    int64_t deadline_ms = wanted->deadline_ms > 0 ? wanted->deadline_ms : DEADLINE_MS;
    call->deadline_ms = now_ms(call) + deadline_ms;
    call->deadline = gt_timer_start(aws->options.loop, deadline_ms, on_deadline, call);
    call->bucket = bucket_of(call->lane, call->operation);
    gt_lane_enter(call);
}
