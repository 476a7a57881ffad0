/* gantry-mcp call: one call of a tool from the command line. */
#include "../settings.h"
#include "commands.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/server/service.h>
#include <gantry/ui/interrupt.h>
#include <string.h>

struct calling {
    struct gt_program *program;
    struct gt_loop *loop;
    const char *tool;
    bool over, failed, stopped;
};

/* Texts as they are; other content by its kind. */
static void print_content(struct gt_program *program, const json_t *content)
{
    size_t i;
    const json_t *block;
    json_array_foreach(content, i, block)
    {
        const char *text = gt_text_at(block, "/text"), *type = gt_text_at(block, "/type");
        gt_stream_safe(&program->out,
                       text != NULL ? text : gt_printf(program->arena, "(%s)", type));
        gt_stream_adds(&program->out, "\n");
    }
}

static void tell_failure(struct gt_program *program, const char *tool, const json_t *result,
                         const char *error)
{
    const char *text = result != NULL ? gt_text_at(result, "/content/0/text") : error;
    struct gt_diag *diag =
        gt_error(&program->diags, "tool", "%s", gt_one_line(program->arena, text, 2000));
    if (gt_streq(gt_text_at(json_object_get(result, "_meta"), "/gantry~1kind"),
                 "invalid_arguments"))
        diag->hint =
            gt_printf(program->arena, "`gantry-mcp tools --json` has the input schema of %s", tool);
}

static void on_called(void *payload, const json_t *result, const char *error)
{
    struct calling *calling = payload;
    struct gt_program *program = calling->program;
    const json_t *structured = json_object_get(result, "structuredContent");
    if (calling->over)
        return;
    calling->over = true;
    calling->failed = result == NULL || json_is_true(json_object_get(result, "isError"));
    if (calling->failed)
        tell_failure(program, calling->tool, result, error);
    if (program->json && result != NULL)
        gt_program_event(program, "result", json_deep_copy(result));
    else if (calling->failed)
        ; /* was told */
    else if (structured != NULL)
        gt_program_document(program, "result", "result", structured, GT_DOCUMENT_JSON);
    else
        print_content(program, json_object_get(result, "content"));
    gt_loop_stop(calling->loop);
}

static json_t *read_arguments(struct gt_program *program, const struct gt_args *args)
{
    if (args->words.len < 2)
        return gt_keep(program->arena, json_object());
    json_error_t error;
    json_t *arguments =
        gt_keep(program->arena, json_loads(args->words.at[1], JSON_REJECT_DUPLICATES, &error));
    if (json_is_object(arguments))
        return arguments;
    gt_error(&program->diags, "usage", "the arguments are no JSON object%s%s",
             arguments == NULL ? ": " : "", arguments == NULL ? error.text : "")
        ->hint = "for example gantry-mcp call file_read '{\"path\": \"report.md\"}'";
    return NULL;
}

static bool is_there(struct gt_program *program, const struct gt_config *config, const char *tool)
{
    if (gt_config_tool(config, tool) != NULL)
        return true;
    const char **names = gt_calloc(program->arena, config->tools.len + 1, sizeof(*names));
    for (size_t i = 0; i < config->tools.len; i++)
        names[i] = config->tools.at[i]->name;
    const char *near = gt_nearest(tool, names);
    gt_error(&program->diags, "usage", "there is no tool \"%s\"", tool)->hint =
        near != NULL ? gt_printf(program->arena, "did you mean %s?", near)
                     : "`gantry-mcp tools` lists them";
    return false;
}

static void on_signal(void *payload, int fd)
{
    struct calling *calling = payload;
    (void)fd;
    if (gt_interrupt_take())
        gt_loop_stop(calling->loop);
}

static void run(struct calling *calling, struct gt_config *config, const char *tool,
                const json_t *arguments)
{
    struct gt_service *service =
        gt_service_new(&(struct gt_service_options){.loop = calling->loop}, config);
    int fd = gt_interrupt_hold();
    if (fd >= 0)
        gt_loop_watch(calling->loop, fd, on_signal, calling);
    gt_service_call(service, tool, arguments, on_called, calling);
    if (!calling->over)
        gt_loop_run(calling->loop);
    calling->stopped = !calling->over;
    if (fd >= 0)
        gt_loop_unwatch(calling->loop, fd);
    gt_interrupt_release();
    calling->over = true; /* what is cancelled now is not shown */
    gt_service_free(service);
}

int gt_command_call(struct gt_program *program, const struct gt_args *args)
{
    const struct gt_config_options options = {.path = gt_config_file(program)};
    struct calling calling = {.program = program};
    const json_t *arguments = read_arguments(program, args);
    struct gt_config *config =
        arguments != NULL ? gt_config_load(program->sys, &options, &program->diags) : NULL;
    gt_program_report(program);
    if (config == NULL || !is_there(program, config, args->words.at[0])) {
        gt_config_free(config);
        return gt_program_exit(program, GT_EXIT_FAILED);
    }
    calling.tool = args->words.at[0];
    calling.loop = gt_loop_new(program->sys);
    run(&calling, config, args->words.at[0], arguments);
    gt_loop_free(calling.loop);
    return gt_program_exit(program, calling.stopped  ? GT_EXIT_INTERRUPTED
                                    : calling.failed ? GT_EXIT_FAILED
                                                     : GT_EXIT_DONE);
}
