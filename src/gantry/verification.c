#include "verification.h"

#include "watch.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

static const struct {
    const char *name; /* for machines */
    const char *word;
    enum gt_paint paint;
} results[] = {
    [GT_HOP_OK] = {"passed", "ok", GT_GREEN},
    [GT_HOP_FAILED] = {"failed", "failed", GT_RED},
    [GT_HOP_SKIPPED] = {"skipped", "skipped", GT_YELLOW},
};

struct saying {
    struct gt_context *context;
    const struct gt_verify_client *client;
    const struct gt_verify_gateway *gateway;
    bool say;
};

static json_t *hop_document(const struct gt_hop *hop)
{
    const struct {
        const char *name, *value;
    } texts[] = {{"detail", hop->detail},
                 {"sent", hop->sent},
                 {"received", hop->received},
                 {"cause", hop->cause}};
    json_t *out = json_pack("{s:s, s:s, s:I}", "hop", hop->name, "result",
                            results[hop->result].name, "elapsedMs", (json_int_t)hop->elapsed_ms);
    for (size_t i = 0; i < GT_COUNT(texts); i++)
        if (texts[i].value != NULL)
            json_object_set_new(out, texts[i].name, json_string(texts[i].value));
    return out;
}

static void say_more(struct gt_stream *stream, const char *label, const char *text)
{
    if (text == NULL)
        return;
    gt_stream_addf(stream, "           %-9s ", label);
    gt_stream_safe(stream, text);
    gt_stream_adds(stream, "\n");
}

static void say_hop(struct gt_stream *stream, const struct gt_hop *hop)
{
    gt_stream_adds(stream, "  ");
    gt_stream_paint(stream, results[hop->result].paint,
                    hop->result == GT_HOP_OK       ? "ok      "
                    : hop->result == GT_HOP_FAILED ? "failed  "
                                                   : "skipped ");
    gt_stream_addf(stream, " %-14s %6lld ms  ", hop->name, (long long)hop->elapsed_ms);
    gt_stream_safe(stream, hop->detail == NULL ? "" : hop->detail);
    gt_stream_adds(stream, "\n");
    say_more(stream, "sent:", hop->sent);
    say_more(stream, "received:", hop->received);
    say_more(stream, "likely:", hop->cause);
}

static void on_hop(void *payload, const struct gt_hop *hop, bool done)
{
    struct saying *saying = payload;
    struct gt_program *program = saying->context->program;
    if (!done)
        return;
    if (gt_events_wanted(&program->events)) {
        json_t *members = hop_document(hop);
        json_object_set_new(members, "client", json_string(saying->client->name));
        json_object_set_new(members, "gateway", json_string(saying->gateway->name));
        gt_program_event(program, "hop", members);
    }
    bool wanted = program->verbosity != GT_QUIET || hop->result == GT_HOP_FAILED;
    if (!saying->say || !wanted || program->json)
        return;
    say_hop(&program->out, hop);
    gt_stream_flush(&program->out);
}

static void verify_pair(struct saying *saying, const struct gt_verification_options *options,
                        const struct gt_callers *callers, struct gt_verification_report *report)
{
    struct gt_context *context = saying->context;
    struct gt_program *program = context->program;
    struct gt_verify_options how = {
        .loop = context->loop,
        .http = context->http,
        .client = saying->client,
        .gateway = saying->gateway,
        .clients = callers->clients,
        .client_count = callers->count,
        .call = options->call,
        .arguments = options->arguments,
        .deadline_ms = options->deadline_ms,
        .version = GANTRY_VERSION,
        .on_hop = on_hop,
        .payload = saying,
    };
    struct gt_verified_pair *pair = GT_PUSH(context->arena, &report->pairs);
    *pair = (struct gt_verified_pair){.client = saying->client->name,
                                      .gateway = saying->gateway->name,
                                      .url = saying->gateway->url};
    if (saying->say && !program->json && program->verbosity != GT_QUIET)
        gt_program_print(program, gt_printf(context->arena, "client %s, gateway %s: %s\n",
                                            pair->client, pair->gateway, pair->url));
    gt_verify(context->arena, &how, &pair->result);
    report->failed += pair->result.failed;
    report->skipped += pair->result.skipped;
    report->passed += pair->result.hops.len - pair->result.failed - pair->result.skipped;
}

/* Pairs of a client with the gateways that it may call, as far as they were asked for. */
static bool each_gateway(struct gt_context *context, const struct gt_client_info *info,
                         const struct gt_verification_options *options,
                         const struct gt_callers *callers, struct gt_verification_report *report)
{
    const struct gt_verify_client *client = gt_callers_find(callers, info->name);
    for (size_t i = 0; i < info->gateways.len; i++) {
        const char *name = info->gateways.at[i];
        struct gt_verify_gateway gateway;
        if (options->gateway != NULL && !gt_streq(options->gateway, name))
            continue;
        if (client == NULL) {
            gt_error(context->diags, "not-applied", "the client %s was not applied", info->name)
                ->hint = "`gantry status` lists what is there";
            return false;
        }
        if (!gt_callers_gateway(context, name, &gateway))
            return false;
        struct saying saying = {context, client, &gateway, options->say};
        verify_pair(&saying, options, callers, report);
    }
    return true;
}

enum gt_exit gt_verification_run(struct gt_context *context,
                                 const struct gt_verification_options *options,
                                 struct gt_verification_report *report)
{
    struct gt_callers callers;
    int64_t begin_ms = gt_monotonic_ms(context->program->sys);
    *report = (struct gt_verification_report){0};
    if (options->client != NULL &&
        gt_callers_choose(context, options->client, options->gateway) == NULL)
        return GT_EXIT_FAILED;
    if (!gt_callers_collect(context, NULL, &callers))
        return GT_EXIT_FAILED;
    for (size_t i = 0; i < context->stack.clients.len; i++) {
        const struct gt_client_info *info = &context->stack.clients.at[i];
        if ((options->client == NULL || gt_streq(options->client, info->name)) &&
            !each_gateway(context, info, options, &callers, report))
            return GT_EXIT_FAILED;
    }
    report->elapsed_ms = gt_monotonic_ms(context->program->sys) - begin_ms;
    if (report->pairs.len == 0) {
        gt_error(context->diags, "nothing-to-verify",
                 options->gateway == NULL ? "no client of the stack may call a gateway"
                                          : "no client of the stack may call that gateway")
            ->hint = "clients are declared below identity.NAME.clients, and gateways name the "
                     "identity";
        return GT_EXIT_FAILED;
    }
    return report->failed > 0 ? GT_EXIT_UNVERIFIED : GT_EXIT_DONE;
}

static json_t *pair_document(const struct gt_verified_pair *pair)
{
    json_t *hops = json_array();
    for (size_t i = 0; i < pair->result.hops.len; i++)
        json_array_append_new(hops, hop_document(&pair->result.hops.at[i]));
    json_t *out = json_pack("{s:s, s:s, s:s, s:o}", "client", pair->client, "gateway",
                            pair->gateway, "url", pair->url, "hops", hops);
    if (pair->result.token_url != NULL)
        json_object_set_new(out, "tokenUrl", json_string(pair->result.token_url));
    if (pair->result.tools != NULL)
        json_object_set(out, "tools", pair->result.tools);
    return out;
}

json_t *gt_verification_document(const struct gt_context *context,
                                 const struct gt_verification_report *report)
{
    json_t *pairs = json_array();
    for (size_t i = 0; i < report->pairs.len; i++)
        json_array_append_new(pairs, pair_document(&report->pairs.at[i]));
    return json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "stack", context->stack_name, "environment",
        context->stack_environment, "outcome", report->failed > 0 ? "failed" : "verified", "passed",
        (json_int_t)report->passed, "failed", (json_int_t)report->failed, "skipped",
        (json_int_t)report->skipped, "elapsedMs", (json_int_t)report->elapsed_ms, "pairs", pairs);
}
