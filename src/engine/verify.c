/* The hops from a client's secret to the tools behind a gateway, in their order. */
#include "verify_check.h"

#include <gantry/base/str.h>

int64_t gt_check_now_ms(const struct gt_check *check)
{
    return gt_monotonic_ms(gt_loop_sys(check->options->loop));
}

void gt_hop_begin(struct gt_check *check, const char *name)
{
    check->begin_ms = gt_check_now_ms(check);
    if (check->options->on_hop != NULL)
        check->options->on_hop(check->options->payload, &(struct gt_hop){.name = name}, false);
}

/* What was cut short is no result. */
static void end(struct gt_check *check, struct gt_hop hop)
{
    if (gt_is_over(&check->fetch))
        return;
    hop.elapsed_ms = gt_check_now_ms(check) - check->begin_ms;
    *GT_PUSH(check->arena, &check->out->hops) = hop;
    check->out->failed += hop.result == GT_HOP_FAILED;
    check->out->skipped += hop.result == GT_HOP_SKIPPED;
    if (check->options->on_hop != NULL)
        check->options->on_hop(check->options->payload, &hop, true);
}

bool gt_hop_passed(struct gt_check *check, const char *name, const char *detail)
{
    end(check, (struct gt_hop){.name = name, .result = GT_HOP_OK, .detail = detail});
    return true;
}

void gt_hop_skipped(struct gt_check *check, const char *name, const char *why)
{
    gt_hop_begin(check, name);
    end(check, (struct gt_hop){.name = name, .result = GT_HOP_SKIPPED, .detail = why});
}

bool gt_hop_failed(struct gt_check *check, const char *name, const struct gt_token_failure *why)
{
    end(check, (struct gt_hop){.name = name,
                               .result = GT_HOP_FAILED,
                               .detail = why->message,
                               .sent = why->sent,
                               .received = why->received,
                               .cause = why->cause});
    return false;
}

/* That it asks for no token is how it is meant. One that clients are to call must ask. */
static bool is_open(const struct gt_verify_options *options)
{
    return options->gateway->open && options->client == NULL;
}

static bool needs_token(const struct gt_check *check)
{
    return !is_open(check->options);
}

static bool calls(const struct gt_check *check)
{
    return check->options->call != NULL;
}

/* Each hop stands on those before it. `wanted` NULL: always. */
static const struct {
    const char *name;
    bool (*run)(struct gt_check *check);
    bool (*wanted)(const struct gt_check *check);
} chain[] = {
    {"discovery", gt_hop_discovery, needs_token},
    {"token", gt_hop_token, needs_token},
    {"claims", gt_hop_claims, needs_token},
    {"connect", gt_hop_connect, NULL},
    {"tools/list", gt_hop_list, NULL},
    {"tools/call", gt_hop_call, calls},
};

static const struct {
    const char *name;
    void (*run)(struct gt_check *check);
    bool needs_token;
} refusals[] = {
    {"no token", gt_hop_no_token, false},
    {"tampered token", gt_hop_tampered, true},
    {"wrong scope", gt_hop_wrong_scope, true},
};

/* Why the pair cannot be tried with a token; NULL: it can. */
static const char *obstacle(const struct gt_verify_options *options)
{
    if (is_open(options))
        return NULL;
    if (options->gateway->authorizer == NULL && !options->gateway->open)
        return "the gateway's callers sign their requests, which takes no token";
    if (options->client == NULL)
        return "no client of the stack may call the gateway";
    return options->client->secret == NULL ? "the client has no secret to get a token with" : NULL;
}

static void try_chain(struct gt_check *check)
{
    const char *why_not = NULL;
    for (size_t i = 0; i < GT_COUNT(chain) && !gt_is_over(&check->fetch); i++) {
        if (chain[i].wanted != NULL && !chain[i].wanted(check))
            continue;
        if (why_not != NULL)
            gt_hop_skipped(check, chain[i].name, why_not);
        else if (!chain[i].run(check))
            why_not = gt_printf(check->arena, "not tried, since %s failed", chain[i].name);
    }
}

static void try_refusals(struct gt_check *check)
{
    for (size_t i = 0; i < GT_COUNT(refusals) && !gt_is_over(&check->fetch); i++) {
        if (refusals[i].needs_token && check->token.access_token == NULL)
            gt_hop_skipped(check, refusals[i].name, "not tried, since there is no token");
        else
            refusals[i].run(check);
    }
}

static void try_all(struct gt_check *check)
{
    const struct gt_verify_gateway *gateway = check->options->gateway;
    const char *why_not = obstacle(check->options);
    if (why_not == NULL)
        try_chain(check);
    else
        gt_hop_skipped(check, "token", why_not);
    if (is_open(check->options))
        gt_hop_skipped(check, "no token", "the gateway asks for no token");
    else if (why_not == NULL)
        try_refusals(check);
    else if (gateway->authorizer != NULL)
        gt_hop_no_token(check);
}

void gt_verify(struct gt_arena *arena, const struct gt_verify_options *options,
               struct gt_verification *out)
{
    int64_t deadline_ms = options->deadline_ms > 0 ? options->deadline_ms : GT_TOKEN_DEADLINE_MS;
    struct gt_check check = {.arena = arena,
                             .secret = gt_arena_new_secret(),
                             .options = options,
                             .out = out,
                             .fetch = {.loop = options->loop,
                                       .http = options->http,
                                       .is_over = options->is_over,
                                       .payload = options->payload}};
    check.fetch.end_ms = gt_check_now_ms(&check) + deadline_ms;
    *out = (struct gt_verification){0};
    try_all(&check);
    gt_mcp_client_free(check.trial.client);
    gt_arena_free(check.secret);
}
