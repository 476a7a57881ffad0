#include "verification.h"

#include "watch.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

#include <string.h>

static const struct {
    const char *name; /* for machines */
    const char *word;
    enum gt_paint paint;
} results[] = {
    [GT_HOP_OK] = {"passed", "ok", GT_GREEN},
    [GT_HOP_FAILED] = {"failed", "failed", GT_RED},
    [GT_HOP_SKIPPED] = {"skipped", "skipped", GT_YELLOW},
};

struct saying { /* of one pair */
    struct gt_context *context;
    const struct gt_verification_options *options;
    const struct gt_verified_pair *pair;
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

static void set_client(json_t *members, const struct gt_verified_pair *pair)
{
    json_object_set_new(members, "client",
                        pair->client == NULL ? json_null() : json_string(pair->client));
}

static bool is_over(void *payload)
{
    const struct saying *saying = payload;
    return saying->options->is_over != NULL && saying->options->is_over(saying->options->payload);
}

static void on_hop(void *payload, const struct gt_hop *hop, bool done)
{
    struct saying *saying = payload;
    struct gt_program *program = saying->context->program;
    if (!done)
        return;
    if (gt_events_wanted(&program->events)) {
        json_t *members = hop_document(hop);
        set_client(members, saying->pair);
        json_object_set_new(members, "gateway", json_string(saying->pair->gateway));
        gt_program_event(program, "hop", members);
    }
    bool wanted = program->verbosity != GT_QUIET || hop->result == GT_HOP_FAILED;
    if (!saying->options->say || !wanted || program->json)
        return;
    say_hop(&program->out, hop);
    gt_stream_flush(&program->out);
}

struct run {
    struct gt_context *context;
    const struct gt_verification_options *options;
    const struct gt_callers *callers;
    struct gt_verification_report *report;
    size_t gateways; /* that are tried */
    int64_t end_ms;  /* monotonic */
};

static void say_pair(struct gt_context *context, const struct gt_verified_pair *pair)
{
    struct gt_program *program = context->program;
    const char *client =
        pair->client == NULL ? "no client" : gt_printf(context->arena, "client %s", pair->client);
    if (!program->json && program->verbosity != GT_QUIET)
        gt_program_print(program, gt_printf(context->arena, "%s, gateway %s: %s\n", client,
                                            pair->gateway, pair->url));
}

static void verify_pair(struct run *run, const struct gt_verify_client *client,
                        const struct gt_verify_gateway *gateway)
{
    struct gt_context *context = run->context;
    struct gt_verification_report *report = run->report;
    struct gt_verified_pair *pair = GT_PUSH(context->arena, &report->pairs);
    *pair = (struct gt_verified_pair){.client = client == NULL ? NULL : client->name,
                                      .gateway = gateway->name,
                                      .url = gateway->url};
    struct saying saying = {context, run->options, pair};
    int64_t left_ms = run->end_ms - gt_monotonic_ms(context->program->sys);
    struct gt_verify_options how = {
        .loop = context->loop,
        .http = context->http,
        .client = client,
        .gateway = gateway,
        .clients = run->callers->clients,
        .client_count = run->callers->count,
        .call = run->options->call,
        .arguments = run->options->arguments,
        .call_where_listed = run->gateways > 1,
        .deadline_ms = left_ms > 0 ? left_ms : 1,
        .version = GANTRY_VERSION,
        .is_over = is_over,
        .on_hop = on_hop,
        .payload = &saying,
    };
    if (run->options->say)
        say_pair(context, pair);
    gt_verify(context->arena, &how, &pair->result);
    report->passed += pair->result.hops.len - pair->result.failed - pair->result.skipped;
    report->failed += pair->result.failed;
    report->skipped += pair->result.skipped;
}

static bool may_call(const struct gt_client_info *client, const char *gateway)
{
    for (size_t i = 0; i < client->gateways.len; i++)
        if (gt_streq(client->gateways.at[i], gateway))
            return true;
    return false;
}

/* The clients that may call the gateway, or the gateway alone where there is none. */
static bool each_client(struct run *run, const char *name)
{
    struct gt_context *context = run->context;
    const char *only = run->options->client;
    struct gt_verify_gateway gateway;
    size_t clients = 0;
    if (!gt_callers_gateway(context, name, &gateway))
        return false;
    for (size_t i = 0; i < context->stack.clients.len; i++) {
        const struct gt_client_info *info = &context->stack.clients.at[i];
        if (!may_call(info, name) || (only != NULL && !gt_streq(only, info->name)))
            continue;
        const struct gt_verify_client *client = gt_callers_find(run->callers, info->name);
        clients++;
        if (client == NULL) {
            gt_error(context->diags, "not-applied", "the client %s was not applied", info->name)
                ->hint = "`gantry status` lists what is there";
            return false;
        }
        verify_pair(run, client, &gateway);
    }
    if (clients == 0 && only == NULL)
        verify_pair(run, NULL, &gateway);
    return true;
}

static bool check_names(struct gt_context *context, const struct gt_verification_options *options)
{
    return (options->gateway == NULL || gt_callers_check_gateway(context, options->gateway)) &&
           (options->client == NULL ||
            gt_callers_check(context, options->client, options->gateway));
}

static bool is_wanted(const struct gt_context *context,
                      const struct gt_verification_options *options, const char *gateway)
{
    if (gateway == NULL || (options->gateway != NULL && !gt_streq(gateway, options->gateway)))
        return false;
    for (size_t i = 0; i < context->stack.clients.len; i++) {
        const struct gt_client_info *client = &context->stack.clients.at[i];
        if (gt_streq(client->name, options->client) && may_call(client, gateway))
            return true;
    }
    return options->client == NULL;
}

/* Whether the tool of --call was called somewhere, or could not be for another reason. */
static bool was_called(struct gt_context *context, const struct gt_verification_options *options,
                       const struct gt_verification_report *report)
{
    if (options->call == NULL || report->failed > 0)
        return true;
    for (size_t i = 0; i < report->pairs.len; i++)
        for (size_t k = 0; k < report->pairs.at[i].result.hops.len; k++) {
            const struct gt_hop *hop = &report->pairs.at[i].result.hops.at[k];
            if (gt_streq(hop->name, "tools/call") && hop->result != GT_HOP_SKIPPED)
                return true;
        }
    gt_error(context->diags, "no-tool", "no gateway lists the tool %s",
             gt_one_line(context->arena, options->call, 200))
        ->hint = "tools are named TARGET___TOOL; the lists are above";
    return false;
}

enum gt_exit gt_verification_run(struct gt_context *context,
                                 const struct gt_verification_options *options,
                                 struct gt_verification_report *report)
{
    struct gt_callers callers;
    int64_t begin_ms = gt_monotonic_ms(context->program->sys);
    int64_t deadline_ms = options->deadline_ms > 0 ? options->deadline_ms : GT_TOKEN_DEADLINE_MS;
    struct run run = {.context = context,
                      .options = options,
                      .callers = &callers,
                      .report = report,
                      .end_ms = begin_ms + deadline_ms};
    *report = (struct gt_verification_report){0};
    if (!check_names(context, options) || !gt_callers_collect(context, NULL, &callers))
        return GT_EXIT_FAILED;
    for (size_t i = 0; i < context->stack.resources.len; i++)
        run.gateways +=
            is_wanted(context, options, gt_gateway_name(&context->stack.resources.at[i]));
    for (size_t i = 0; i < context->stack.resources.len; i++) {
        const char *name = gt_gateway_name(&context->stack.resources.at[i]);
        if (is_wanted(context, options, name) && !each_client(&run, name))
            return GT_EXIT_FAILED;
    }
    report->elapsed_ms = gt_monotonic_ms(context->program->sys) - begin_ms;
    if (run.gateways > 1 && !was_called(context, options, report))
        return GT_EXIT_FAILED;
    return report->failed > 0 ? GT_EXIT_UNVERIFIED : GT_EXIT_DONE;
}

void gt_verification_say(struct gt_context *context, const struct gt_verification_report *report)
{
    gt_program_say(context->program, "%s: %zu passed, %zu failed, %zu skipped",
                   report->failed > 0   ? "not verified"
                   : report->passed > 0 ? "verified"
                                        : "nothing to verify",
                   report->passed, report->failed, report->skipped);
}

static json_t *pair_document(const struct gt_verified_pair *pair)
{
    json_t *hops = json_array();
    for (size_t i = 0; i < pair->result.hops.len; i++)
        json_array_append_new(hops, hop_document(&pair->result.hops.at[i]));
    json_t *out =
        json_pack("{s:s, s:s, s:o}", "gateway", pair->gateway, "url", pair->url, "hops", hops);
    set_client(out, pair);
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
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "stack", context->stack_name,
                     "environment", context->stack_environment, "outcome",
                     report->failed > 0   ? "failed"
                     : report->passed > 0 ? "verified"
                                          : "skipped",
                     "passed", (json_int_t)report->passed, "failed", (json_int_t)report->failed,
                     "skipped", (json_int_t)report->skipped, "elapsedMs",
                     (json_int_t)report->elapsed_ms, "pairs", pairs);
}
