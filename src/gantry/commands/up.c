/* gantry up: the whole chain on one machine: embedded cloud, apply, verify, client settings, logs;
 * and at the end nothing of it is left. */
#include "../embedded.h"
#include "../hosted.h"
#include "../invocation.h"
#include "../knobs_given.h"
#include "../output.h"
#include "../run.h"
#include "../teardown.h"
#include "../verification.h"
#include "../watch.h"
#include "commands.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>

static enum gt_exit apply(struct gt_context *context)
{
    struct gt_plan *plan;
    enum gt_exit code = gt_context_prepare(context, true);
    if (code != GT_EXIT_DONE)
        return code;
    if (!gt_run_plan(context, &plan) || !gt_engine_guards(context->engine, plan, context->diags) ||
        !gt_embedded_tell_commands(context))
        return GT_EXIT_FAILED;
    gt_program_report(context->program);
    return gt_run_apply(context, plan);
}

static bool is_over(void *payload)
{
    return gt_hosted_ended(payload) || gt_signals_seen();
}

static enum gt_exit verify(struct gt_context *context, struct gt_hosted *hosted)
{
    struct gt_verification_report report;
    struct gt_verification_options options = {.say = true, .is_over = is_over, .payload = hosted};
    gt_signals_stop_loop(true);
    hosted->awaited = true;
    enum gt_exit code = gt_verification_run(context, &options, &report);
    hosted->awaited = false;
    gt_signals_stop_loop(false);
    if (is_over(hosted) || code == GT_EXIT_FAILED)
        return code;
    if (gt_events_wanted(&context->program->events))
        gt_program_event(context->program, "verification",
                         gt_verification_document(context, &report));
    gt_verification_say(context, &report);
    return code;
}

/* -- what a client needs -- */

/* The program and the options that lead it to this stack, for a shell. */
struct same {
    const char *program, *options;
};

static struct same same_stack(struct gt_context *context, const struct gt_output *output)
{
    struct gt_arena *arena = context->arena;
    struct same same = {gt_shell_word(arena, output->program),
                        gt_printf(arena, "-f %s", gt_shell_word(arena, output->manifest))};
    if (!gt_streq(output->environment, "default"))
        same.options = gt_printf(arena, "%s -e %s", same.options, output->environment);
    for (const char *const *option = output->options; *option != NULL; option++)
        same.options = gt_printf(arena, "%s %s", same.options, gt_shell_word(arena, *option));
    return same;
}

/* In words that can be typed as they stand, in any shell of this user. */
static void print_commands(struct gt_context *context, const struct gt_output *output,
                           const struct gt_integration *one)
{
    struct gt_arena *arena = context->arena;
    const json_t *client =
        json_object_get(json_object_get(output->document, "clients"), one->client);
    const char *token_url = gt_text_at(client, "/tokenUrl"), *scope = gt_text_at(client, "/scope");
    struct same same = same_stack(context, output);
    const char *asks = gt_printf(arena, "%s --client %s", same.options, one->client);
    const char *name;
    json_t *value;
    gt_program_print(context->program, gt_printf(arena,
                                                 "\n# client %s, gateway %s\n"
                                                 "endpoint   %s\n"
                                                 "token URL  %s\n"
                                                 "client id  %s\n"
                                                 "scope      %s\n\n"
                                                 "# a token\n",
                                                 one->client, one->gateway, one->url, token_url,
                                                 gt_text_at(client, "/clientId"), scope));
    json_object_foreach(output->variables, name, value) gt_program_print(
        context->program,
        gt_printf(arena, "export %s=%s\n", name, gt_shell_word(arena, json_string_value(value))));
    gt_program_print(
        context->program,
        gt_printf(arena,
                  "eval \"$(%s output %s --format env --show-secrets)\"\n"
                  "curl -sS -u \"$%s:$%s\" \\\n"
                  "    -d grant_type=client_credentials --data-urlencode %s %s\n\n"
                  "# the tools\n"
                  "curl -sS -H \"$(%s token %s --format header)\" \\\n"
                  "    -H 'Content-Type: application/json' "
                  "-H 'Accept: application/json, text/event-stream' \\\n"
                  "    -d '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}' %s\n",
                  same.program, asks, gt_output_variable(arena, one->client, "client_id"),
                  gt_output_variable(arena, one->client, "client_secret"),
                  gt_shell_word(arena, gt_printf(arena, "scope=%s", scope)),
                  gt_shell_word(arena, token_url), same.program, asks,
                  gt_shell_word(arena, one->url)));
}

static void print_settings(struct gt_context *context)
{
    struct gt_program *program = context->program;
    struct gt_client_facts *facts =
        gt_calloc(context->arena, context->stack.clients.len + 1, sizeof(*facts));
    struct gt_output output = {0};
    gt_output_invocation(context, &output);
    gt_fetch_token_urls(context, facts, NULL);
    gt_output_collect(context->arena, &context->stack, context->session->state, facts, NULL,
                      &output);
    if (gt_events_wanted(&program->events))
        gt_program_event(program, "outputs", json_incref(output.document));
    if (output.integrations.len == 0)
        return;
    for (size_t i = 0; i < output.integrations.len; i++)
        print_commands(context, &output, &output.integrations.at[i]);
    struct gt_stream text = gt_stream_memory();
    gt_output_print(&text, context->arena, &output,
                    &(struct gt_format_options){.format = "mcp-json"});
    gt_program_print(program, "\n# for desktop clients\n");
    gt_program_print(program, gt_buf_text(&text.buf));
    gt_stream_done(&text);
    gt_stream_flush(&program->out);
}

/* -- the end -- */

static enum gt_exit destroy(struct gt_context *context)
{
    struct gt_engine_options options = gt_context_engine_options(context);
    options.destroy = true;
    /* Our own cloud ends now, with all that is in it. */
    for (size_t i = 0; i < context->stack.resources.len; i++)
        context->stack.resources.at[i].protect = context->stack.resources.at[i].retain = false;
    gt_context_engine(context, &options);
    gt_watch_reset(context);
    enum gt_exit code = gt_run_recover(context);
    return code == GT_EXIT_DONE ? gt_teardown(context, NULL) : code;
}

/* Nothing is applied any more when this command ends, partly or not: a resource that could not be
 * made is a link of the chain that does not hold. */
static enum gt_exit judge(struct gt_context *context, struct gt_hosted *hosted, enum gt_exit code)
{
    if (code != GT_EXIT_DONE && hosted->broken != NULL && !is_over(hosted)) {
        gt_error(context->diags, "server-down", "%s", hosted->broken)->hint =
            context->program->verbosity == GT_QUIET
                ? "without --quiet what it prints is shown; the manifest says below `local:` what "
                  "is run"
                : "what it printed is above; the manifest says below `local:` what is run";
        return GT_EXIT_UNVERIFIED;
    }
    bool of_resources = (code == GT_EXIT_FAILED || code == GT_EXIT_PARTLY) && context->failed > 0;
    return of_resources ? GT_EXIT_UNVERIFIED : code;
}

/* Up to the logs. */
static enum gt_exit bring_up(struct gt_context *context, struct gt_hosted *hosted, bool *applied)
{
    struct gt_program *program = context->program;
    enum gt_exit code = judge(context, hosted, apply(context));
    *applied = code == GT_EXIT_DONE;
    if (*applied && !is_over(hosted))
        code = verify(context, hosted);
    gt_program_report(program);
    if (*applied && code != GT_EXIT_FAILED && !is_over(hosted))
        print_settings(context);
    gt_program_report(program);
    if (!gt_signals_seen())
        return code;
    gt_signals_forget(); /* what it asked for is done next */
    return GT_EXIT_INTERRUPTED;
}

static enum gt_exit run(struct gt_context *context, struct gt_hosted *hosted)
{
    struct gt_program *program = context->program;
    bool applied;
    enum gt_exit code = bring_up(context, hosted, &applied);
    bool serves = code == GT_EXIT_DONE || (code == GT_EXIT_UNVERIFIED && applied);
    if (serves && !hosted->ended && !gt_asked(program, OPTION_ONCE)) {
        gt_program_event(program, "serving", json_object());
        gt_program_say(program, "serving; Ctrl-C removes everything and ends");
        gt_stream_flush(&program->out);
        hosted->awaited = true;
        gt_signals_wait(context, &hosted->ended);
        hosted->awaited = false;
    }
    if (gt_hosted_ended(hosted)) {
        gt_error(context->diags, "embedded-cloud", "the embedded cloud ended");
        return GT_EXIT_FAILED;
    }
    if (context->session == NULL || context->engine == NULL)
        return code;
    enum gt_exit end = destroy(context);
    if (gt_signals_seen()) /* in the middle of that: the cloud takes the rest with it */
        end = GT_EXIT_INTERRUPTED;
    return code == GT_EXIT_DONE ? end : code;
}

int gt_command_up(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    struct gt_context context = gt_context_new(program);
    struct gt_hosted hosted = {0};
    enum gt_exit code = GT_EXIT_FAILED;
    context.local = context.fleeting = true;
    /* Mistakes in the options and in the manifest are found before anything is started. */
    json_t *knobs;
    if (gt_knobs_given(program, &knobs) && gt_context_build(&context, false) &&
        gt_hosted_start(&hosted, &context)) {
        hosted.follow = true;
        gt_signals_hold(&context);
        code = run(&context, &hosted);
        if (code == GT_EXIT_PARTLY) /* nothing of it is there any more to go on from */
            code = GT_EXIT_FAILED;
        gt_program_report(program);
        gt_hosted_stop(&hosted);
        gt_signals_release(&context);
    }
    gt_hosted_stop(&hosted);
    code = (enum gt_exit)gt_program_exit(program, (int)code);
    gt_context_done(&context);
    return (int)code;
}
