/* gantry up: the whole chain on one machine: embedded cloud, apply, verify, client settings, logs;
 * and at the end nothing of it is left. */
#include "../embedded.h"
#include "../hosted.h"
#include "../output.h"
#include "../run.h"
#include "../teardown.h"
#include "../verification.h"
#include "../watch.h"
#include "commands.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>

static enum gt_exit apply(struct gt_context *context)
{
    struct gt_plan *plan;
    enum gt_exit code = gt_context_prepare(context, true);
    if (code != GT_EXIT_DONE)
        return code;
    if (!gt_run_plan(context, &plan) || !gt_engine_guards(context->engine, plan, context->diags) ||
        !gt_embedded_tell(context))
        return GT_EXIT_FAILED;
    gt_program_report(context->program);
    return gt_run_apply(context, plan);
}

static enum gt_exit verify(struct gt_context *context)
{
    struct gt_verification_report report;
    struct gt_verification_options options = {.say = true};
    if (context->stack.clients.len == 0) {
        gt_program_say(context->program, "nothing to verify: the stack has no clients of its own");
        return GT_EXIT_DONE;
    }
    enum gt_exit code = gt_verification_run(context, &options, &report);
    if (code != GT_EXIT_FAILED)
        gt_program_say(context->program, "%s: %zu passed, %zu failed, %zu skipped",
                       report.failed > 0 ? "not verified" : "verified", report.passed,
                       report.failed, report.skipped);
    return code;
}

/* -- what a client needs -- */

/* The options that lead another gantry to this stack and this cloud. */
static const char *same_stack(struct gt_context *context, const char *manifest)
{
    const char *environment = gt_streq(context->stack_environment, "default")
                                  ? ""
                                  : gt_printf(context->arena, " -e %s", context->stack_environment);
    return gt_printf(context->arena, "--local -f %s%s", manifest, environment);
}

static void print_commands(struct gt_context *context, const struct gt_output *output)
{
    struct gt_arena *arena = context->arena;
    struct gt_program *program = context->program;
    const char *same = same_stack(context, output->manifest);
    const char *port = gt_printf(arena, "GANTRY_LOCAL=%d", context->place->port);
    for (size_t i = 0; i < output->integrations.len; i++) {
        const struct gt_integration *one = &output->integrations.at[i];
        const json_t *client =
            json_object_get(json_object_get(output->document, "clients"), one->client);
        const char *asks = gt_printf(arena, "%s --client %s", same, one->client);
        gt_program_print(
            program,
            gt_printf(arena,
                      "\n# client %s, gateway %s\n"
                      "endpoint   %s\n"
                      "token URL  %s\n"
                      "client id  %s\n"
                      "scope      %s\n\n"
                      "# a token\n"
                      "export %s\n"
                      "curl -s -u \"%s:$(gantry output %s --show-secrets --format json | "
                      "python3 -c 'import json,sys; "
                      "print(json.load(sys.stdin)[\"clients\"][\"%s\"][\"clientSecret\"])')\" \\\n"
                      "    -d grant_type=client_credentials -d scope='%s' %s\n\n"
                      "# the tools\n"
                      "curl -s -H \"$(gantry token %s --format header)\" \\\n"
                      "    -H 'Content-Type: application/json' "
                      "-H 'Accept: application/json, text/event-stream' \\\n"
                      "    -d '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}' %s\n",
                      one->client, one->gateway, one->url, gt_text_at(client, "/tokenUrl"),
                      gt_text_at(client, "/clientId"), gt_text_at(client, "/scope"), port,
                      gt_text_at(client, "/clientId"), asks, one->client,
                      gt_text_at(client, "/scope"), gt_text_at(client, "/tokenUrl"), asks,
                      one->url));
    }
}

static void print_settings(struct gt_context *context)
{
    struct gt_program *program = context->program;
    struct gt_client_facts *facts =
        gt_calloc(context->arena, context->stack.clients.len + 1, sizeof(*facts));
    const char *real = gt_path_real(context->arena, context->path);
    struct gt_output output = {.manifest = real == NULL ? context->path : real, .local = true};
    gt_fetch_token_urls(context, facts, NULL);
    gt_output_collect(context->arena, &context->stack, context->session->state, facts, NULL,
                      &output);
    if (program->json)
        gt_program_event(program, "outputs", json_incref(output.document));
    if (output.integrations.len == 0)
        return;
    print_commands(context, &output);
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
    static const struct gt_consent given = {.given = true, .prompt = {.in = -1}};
    struct gt_engine_options options = gt_context_engine_options(context);
    options.destroy = true;
    gt_context_engine(context, &options);
    enum gt_exit code = gt_run_recover(context);
    return code == GT_EXIT_DONE ? gt_teardown(context, &given) : code;
}

static enum gt_exit run(struct gt_context *context, struct gt_hosted *hosted)
{
    struct gt_program *program = context->program;
    bool once = gt_asked(program, OPTION_ONCE);
    enum gt_exit code = apply(context);
    if (code == GT_EXIT_DONE)
        code = verify(context);
    gt_program_report(program);
    if (code == GT_EXIT_DONE || code == GT_EXIT_UNVERIFIED) {
        print_settings(context);
        gt_program_report(program);
    }
    if (!once && (code == GT_EXIT_DONE || code == GT_EXIT_UNVERIFIED)) {
        gt_program_say(program, "\nserving; Ctrl-C removes everything and ends");
        gt_signals_wait(context, &hosted->ended);
        if (hosted->ended) {
            gt_error(context->diags, "embedded-cloud", "the embedded cloud ended");
            return GT_EXIT_FAILED;
        }
    }
    if (context->session == NULL)
        return code;
    enum gt_exit end = destroy(context);
    return code == GT_EXIT_DONE ? end : code;
}

int gt_command_up(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    struct gt_context context = gt_context_new(program);
    struct gt_hosted hosted = {0};
    enum gt_exit code = GT_EXIT_FAILED;
    context.local = true;
    /* Mistakes in the manifest are found before anything is started. */
    if (gt_context_build(&context, false) && gt_hosted_start(&hosted, &context)) {
        hosted.follow = true;
        code = run(&context, &hosted);
    }
    code = (enum gt_exit)gt_program_exit(program, (int)code);
    gt_hosted_stop(&hosted);
    gt_context_done(&context);
    return (int)code;
}
