/* gantry output: what users of the stack need, in the form that they need. */
#include "../output.h"
#include "commands.h"

#include <gantry/base/str.h>
#include <gantry/sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static bool check_client(struct gt_context *context, const char *only)
{
    if (only == NULL)
        return true;
    size_t count = context->stack.clients.len;
    const char **names = gt_calloc(context->arena, count + 1, sizeof(const char *));
    for (size_t i = 0; i < count; i++) {
        names[i] = context->stack.clients.at[i].name;
        if (gt_streq(names[i], only))
            return true;
    }
    struct gt_diag *diag =
        gt_error(context->diags, "usage", "the manifest has no client \"%s\"", only);
    const char *nearest = gt_nearest(only, names);
    diag->hint = nearest != NULL ? gt_printf(context->arena, "did you mean %s?", nearest)
                                 : "clients are named IDENTITY.CLIENT";
    return false;
}

static bool select_output(struct gt_context *context, struct gt_output *output, const char *name)
{
    if (gt_output_select(context->arena, output, name))
        return true;
    const json_t *outputs = json_object_get(output->document, "outputs");
    GT_VEC(const char *) names = {0};
    const char *key;
    json_t *ignored;
    json_object_foreach(json_object_get(output->document, "outputs"), key, ignored) *
        GT_PUSH(context->arena, &names) = key;
    *GT_PUSH(context->arena, &names) = NULL;
    struct gt_diag *diag =
        gt_error(context->diags, "no-output", "the stack has no output \"%s\"", name);
    const char *nearest = gt_nearest(name, names.at);
    diag->hint = nearest != NULL ? gt_printf(context->arena, "did you mean %s?", nearest)
                 : json_object_size(outputs) == 0
                     ? "the manifest has no outputs:, or they were never applied"
                     : "`gantry output` lists them";
    return false;
}

static bool append_to(struct gt_context *context, const char *path, struct gt_stream *text)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    struct gt_stream file = {.fd = fd, .buf = gt_buf_init((size_t)1 << 30)};
    if (fd >= 0) {
        gt_stream_add(&file, gt_buf_text(&text->buf), text->buf.len);
        gt_stream_flush(&file);
        if (close(fd) == 0 && file.error == 0)
            return true;
    }
    gt_error(context->diags, "cannot-write", "cannot append to %s", path)->hint =
        "GITHUB_OUTPUT names the file";
    return false;
}

/* Formats into memory, and from there to a file, GitHub's file, or standard output. */
static bool deliver(struct gt_context *context, const struct gt_output *output, const char *format)
{
    struct gt_program *program = context->program;
    struct gt_format_options options = {
        .format = format,
        .delimiter = gt_printf(context->arena, "gantry_%s", gt_uuid(program->sys, context->arena)),
    };
    const char *path = gt_option_text(program, OPTION_WRITE);
    bool github = gt_streq(format, "github");
    const char *step = github ? gt_env(program->sys, "GITHUB_OUTPUT") : NULL;
    struct gt_stream text = gt_stream_memory();
    text.colour = path == NULL && program->out.colour;
    gt_output_print(&text, context->arena, output, &options);
    if (github)
        gt_output_masks(&program->out, output);
    bool ok = true;
    if (path != NULL)
        ok = gt_file_write(path, gt_buf_text(&text.buf), text.buf.len, 0600, NULL, context->diags);
    else if (step != NULL)
        ok = gt_stream_flush(&program->out) && append_to(context, step, &text);
    else
        gt_program_print(program, gt_buf_text(&text.buf));
    gt_stream_done(&text);
    if (ok && path != NULL)
        gt_program_say(program, "wrote %s", path);
    return ok;
}

static bool needs_clients(const struct gt_program *program, const char *format)
{
    return program->args->words.len == 0 && !gt_streq(format, "mcp-json");
}

/* Formats of what a client needs to call a gateway. */
static bool is_for_clients(const char *format)
{
    return gt_streq(format, "quick-suite") || gt_streq(format, "mcp-json");
}

static bool check_format(struct gt_context *context, const char *format)
{
    if (context->program->args->words.len == 0 || !is_for_clients(format))
        return true;
    gt_error(context->diags, "usage", "--format %s is not for a single output", format)->hint =
        "leave the output's name out, or choose another format";
    return false;
}

static bool check_integrations(struct gt_context *context, const struct gt_output *output,
                               const char *format)
{
    if (output->integrations.len > 0 || !is_for_clients(format))
        return true;
    gt_error(context->diags, "no-client",
             "%s (%s) has no client of its own that was applied and may call a gateway",
             context->stack_name, context->stack_environment)
        ->hint = "clients are declared below identity.NAME.clients, and gateways name the identity";
    return false;
}

static bool complete(struct gt_context *context, struct gt_client_facts *facts, const char *only)
{
    if (gt_asked(context->program, OPTION_SHOW_SECRETS) &&
        (!gt_context_connect(context) || !gt_fetch_secrets(context, facts, only)))
        return false;
    gt_fetch_token_urls(context, facts, only);
    return true;
}

static int output(struct gt_context *context)
{
    struct gt_program *program = context->program;
    const char *only = gt_option_text(program, OPTION_CLIENT);
    const char *format = gt_args_text(program->args, OPTION_OUTPUT_FORMAT, "table");
    if (!check_format(context, format) || !gt_context_build(context, true) ||
        !check_client(context, only))
        return GT_EXIT_FAILED;
    enum gt_exit code = gt_context_open_applied(context);
    if (code != GT_EXIT_DONE)
        return code;
    struct gt_client_facts *facts =
        gt_calloc(context->arena, context->stack.clients.len + 1, sizeof(*facts));
    if (needs_clients(program, format) && !complete(context, facts, only))
        return GT_EXIT_FAILED;
    gt_program_report(program);
    struct gt_output collected = {0};
    gt_output_invocation(context, &collected);
    gt_output_collect(context->arena, &context->stack, context->session->state, facts, only,
                      &collected);
    const char *name = program->args->words.len > 0 ? program->args->words.at[0] : NULL;
    if ((name != NULL && !select_output(context, &collected, name)) ||
        !check_integrations(context, &collected, format))
        return GT_EXIT_FAILED;
    if (program->json) {
        /* The file of --events is a log, and no log holds secrets. */
        if (gt_asked(program, OPTION_SHOW_SECRETS))
            program->events.streams[1] = NULL;
        gt_program_event(program, "outputs", json_incref(collected.document));
    }
    bool wanted = !program->json || gt_asked(program, OPTION_WRITE);
    return !wanted || deliver(context, &collected, format) ? GT_EXIT_DONE : GT_EXIT_FAILED;
}

int gt_command_output(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    struct gt_context context = gt_context_new(program);
    int code = gt_program_exit(program, output(&context));
    gt_context_done(&context);
    return code;
}
