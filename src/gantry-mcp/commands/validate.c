/* gantry-mcp validate: all checks that need no connection. */
#include "../settings.h"
#include "commands.h"

#include <gantry/base/str.h>
#include <gantry/server/config.h>

static int print_schema(struct gt_program *program)
{
    json_auto_t *schema = gt_config_schema();
    gt_program_document(program, "schema", "schema", schema, GT_DOCUMENT_JSON);
    return gt_program_exit(program, GT_EXIT_DONE);
}

static void print_result(struct gt_program *program, const struct gt_config *config)
{
    const struct gt_diags *diags = &program->diags;
    gt_program_event(program, "validated",
                     json_pack("{s:b, s:I, s:I}", "valid", diags->errors == 0, "errors",
                               (json_int_t)diags->errors, "warnings", (json_int_t)diags->warnings));
    if (config == NULL) {
        gt_program_say(program, "%zu error%s, %zu warning%s", diags->errors,
                       gt_plural(diags->errors), diags->warnings, gt_plural(diags->warnings));
        return;
    }
    size_t tools = config->tools.len, tiers = config->tiers.len;
    gt_program_print(program,
                     gt_printf(program->arena, "%s is valid: %zu tool%s, %zu tier%s\n",
                               config->path, tools, gt_plural(tools), tiers, gt_plural(tiers)));
}

int gt_command_validate(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    if (gt_asked(program, OPTION_SCHEMA))
        return print_schema(program);
    const struct gt_config_options options = {.path = gt_config_file(program)};
    struct gt_config *config = gt_config_load(program->sys, &options, &program->diags);
    gt_program_report(program);
    print_result(program, config);
    gt_config_free(config);
    return gt_program_exit(program, GT_EXIT_DONE);
}
