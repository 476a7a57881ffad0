#include "client.h"

#include <gantry/base/str.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ATTEMPTS = 3, ATTEMPT_TIMEOUT_MS = 60000 };

static int attempts_of(const struct gt_aws_options *options, const struct gt_sys *sys)
{
    const char *text = gt_env(sys, "AWS_MAX_ATTEMPTS");
    if (text == NULL)
        text = gt_profile_get(options->profile, "max_attempts");
    long number = text == NULL ? 0 : strtol(text, NULL, 10);
    if (options->max_attempts > 0)
        return options->max_attempts;
    return number > 0 && number <= 100 ? (int)number : MAX_ATTEMPTS;
}

struct gt_aws *gt_aws_new(const struct gt_aws_options *options)
{
    struct gt_arena *arena = gt_arena_new();
    struct gt_aws *aws = GT_NEW(arena, struct gt_aws);
    aws->arena = arena;
    aws->options = *options;
    aws->options.region = gt_strdup(arena, options->region);
    aws->options.endpoint_url = gt_strdup(arena, options->endpoint_url);
    aws->sys = gt_loop_sys(options->loop);
    aws->options.max_attempts = attempts_of(options, aws->sys);
    if (aws->options.attempt_timeout_ms <= 0)
        aws->options.attempt_timeout_ms = ATTEMPT_TIMEOUT_MS;
    aws->quota.tokens = GT_QUOTA_MAX;
    return aws;
}

void gt_aws_free(struct gt_aws *aws)
{
    if (aws == NULL)
        return;
    while (aws->calls != NULL)
        gt_call_drop(aws->calls);
    for (struct gt_lane *lane = aws->lanes; lane != NULL; lane = lane->next)
        gt_timer_cancel(lane->timer);
    gt_arena_free(aws->arena);
}

struct gt_lane *gt_lane_of(struct gt_aws *aws, const struct gt_service *service)
{
    for (struct gt_lane *lane = aws->lanes; lane != NULL; lane = lane->next)
        if (lane->service == service)
            return lane;
    struct gt_lane *lane = GT_NEW(aws->arena, struct gt_lane);
    lane->aws = aws;
    lane->service = service;
    lane->endpoint = gt_endpoint_find(aws->arena, &aws->options, service);
    lane->next = aws->lanes;
    aws->lanes = lane;
    return lane;
}

const char *gt_aws_endpoint(struct gt_aws *aws, const struct gt_service *service)
{
    return gt_lane_of(aws, service)->endpoint.url;
}

struct gt_aws_counts gt_aws_counts(const struct gt_aws *aws)
{
    return aws->counts;
}

/* What a caller of a blocking call gets. */
struct waiting {
    struct gt_aws *aws;
    struct gt_arena *arena;
    const struct gt_operation *operation;
    struct gt_diags *diags;
    json_t *output;
    bool answered, ok;
};

static void take_answer(void *payload, const struct gt_aws_answer *answer)
{
    struct waiting *waiting = payload;
    waiting->answered = true;
    waiting->ok = answer->failure == GT_AWS_OK;
    if (waiting->ok)
        waiting->output = gt_keep(waiting->arena, json_incref(answer->output));
    else
        gt_aws_error(waiting->diags, waiting->operation, answer);
    gt_loop_stop(waiting->aws->options.loop);
}

/* Reads by their names, and calls with a token of the caller's. */
static bool is_repeatable(const struct gt_operation *operation, const json_t *input)
{
    static const char *const reads[] = {"Get", "List", "Describe", "Head", "BatchGet", "Simulate"};
    for (size_t i = 0; i < GT_COUNT(reads); i++)
        if (gt_starts_with(operation->name, reads[i]))
            return true;
    const struct gt_member *token = gt_operation_token(operation);
    return token != NULL && json_is_string(json_object_get(input, token->name));
}

bool gt_aws_call(struct gt_aws *aws, struct gt_arena *arena, const struct gt_operation *operation,
                 const json_t *input, json_t **output, struct gt_diags *diags)
{
    struct waiting waiting = {.aws = aws, .arena = arena, .operation = operation, .diags = diags};
    struct gt_call call = {
        .operation = operation, .input = input, .repeatable = is_repeatable(operation, input)};
    gt_aws_submit(aws, &call, take_answer, &waiting);
    while (!waiting.answered)
        gt_loop_run(aws->options.loop);
    if (waiting.ok && output != NULL)
        *output = waiting.output;
    return waiting.ok;
}
