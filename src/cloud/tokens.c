/*
 * Client tokens: a call that comes again with the same token and input gets the first answer again,
 * also after a restart. Source: AgentCore API reference, clientToken of CreateGateway.
 */
#include "call.h"

#include <gantry/base/hash.h>
#include <string.h>

enum { TOKENS_MOST = 20000 };
static const int64_t life_ms = 24LL * 3600 * 1000;

/* The services disagree on how to say that the input is another one. */
static const struct {
    const char *service, *code, *reason, *message;
} mismatches[] = {
    {.service = "bedrock-agentcore-control",
     .code = "ValidationException",
     .reason = "IdempotentParameterMismatchException",
     .message = "the clientToken was used with other parameters"},
    {.service = "bedrock-agentcore",
     .code = "ValidationException",
     .reason = "IdempotentParameterMismatchException",
     .message = "the clientToken was used with other parameters"},
    {.service = "secretsmanager",
     .code = "ResourceExistsException",
     .message = "You can't use ClientRequestToken because that value is already in use for a "
                "version of this secret with other contents."},
    {.service = "",
     .code = "IdempotentParameterMismatchException",
     .message = "the client token was used with other parameters"},
};

static const char *token_of(const struct gt_call *call, const struct gt_member **member)
{
    *member = gt_operation_token(call->serve.operation);
    return *member == NULL ? NULL
                           : json_string_value(json_object_get(call->serve.input, (*member)->name));
}

static const char *key_of(const struct gt_call *call, const char *token)
{
    const struct gt_serve *serve = &call->serve;
    return gt_printf(serve->arena, "%s/%s/%s.%s/%s", serve->account, serve->region,
                     serve->operation->service->name, serve->operation->name, token);
}

static const char *digest_of(const struct gt_call *call, const struct gt_member *member)
{
    json_auto_t *rest = json_copy(gt_iterable(call->serve.input));
    json_object_del(rest, member->name);
    const char *text = gt_json_canonical(call->serve.arena, rest);
    return gt_sha256_hex(call->serve.arena, text, strlen(text));
}

enum gt_token_outcome gt_token_look(struct gt_call *call, const json_t **output)
{
    const struct gt_member *member;
    const char *token = token_of(call, &member);
    if (token == NULL)
        return GT_TOKEN_NEW;
    struct gt_local *local = call->serve.local;
    const json_t *known = json_object_get(local->tokens, key_of(call, token));
    if (known == NULL ||
        json_integer_value(json_object_get(known, "at")) + life_ms < gt_local_now_ms(local))
        return GT_TOKEN_NEW;
    if (!gt_streq(gt_text_at(known, "/digest"), digest_of(call, member)))
        return GT_TOKEN_OTHER;
    *output = json_object_get(known, "output");
    return GT_TOKEN_SAME;
}

/* Objects iterate in the order of insertion: the oldest comes first. */
static void make_room(struct gt_local *local)
{
    while (json_object_size(local->tokens) >= TOKENS_MOST) {
        const char *oldest = json_object_iter_key(json_object_iter(local->tokens));
        gt_state_note(local, "tokens", oldest);
        json_object_del(local->tokens, oldest);
    }
}

void gt_token_keep(struct gt_call *call, const json_t *output)
{
    const struct gt_member *member;
    const char *token = token_of(call, &member);
    if (token == NULL)
        return;
    struct gt_local *local = call->serve.local;
    make_room(local);
    const char *key = key_of(call, token);
    json_object_set_new(local->tokens, key,
                        json_pack("{s:s, s:o, s:I}", "digest", digest_of(call, member), "output",
                                  json_deep_copy(output), "at",
                                  (json_int_t)gt_local_now_ms(local)));
    gt_state_note(local, "tokens", key);
}

void gt_token_refuse(struct gt_call *call)
{
    size_t i = 0;
    const char *service = call->serve.operation->service->name;
    while (*mismatches[i].service != '\0' && !gt_streq(mismatches[i].service, service))
        i++;
    gt_serve_fail(&call->serve, mismatches[i].code, "%s", mismatches[i].message);
    if (mismatches[i].reason != NULL)
        gt_serve_fail_member(&call->serve, "reason", json_string(mismatches[i].reason));
}
