/* gantry-mcp help: commands, the configuration, the kinds of sources and tools. */
#include "../settings.h"
#include "commands.h"

#include <gantry/base/str.h>
#include <gantry/server/config.h>
#include <gantry/server/tool.h>
#include <gantry/ui/help.h>
#include <gantry/ui/program.h>
#include <gantry/ui/table.h>

static void help_config(struct gt_program *program)
{
    gt_stream_adds(&program->out, gt_config_manual(program->arena));
}

static void help_types(struct gt_program *program)
{
    static const char *const tool_titles[] = {"TOOL TYPE", "SOURCE", "WHAT IT DOES", NULL};
    static const char *const source_titles[] = {"SOURCE TYPE", "WHAT IT IS", NULL};
    struct gt_table tools = gt_table_new(program->arena, tool_titles);
    struct gt_table sources = gt_table_new(program->arena, source_titles);
    for (const struct gt_tool_type *const *type = gt_tool_types; *type != NULL; type++)
        gt_table_add(&tools,
                     (const char *const[]){(*type)->name,
                                           (*type)->source != NULL ? (*type)->source->name : NULL,
                                           (*type)->summary});
    for (const struct gt_source_type *const *type = gt_source_types; *type != NULL; type++)
        gt_table_add(&sources, (const char *const[]){(*type)->name, (*type)->summary});
    gt_table_print(&program->out, &tools);
    gt_stream_adds(&program->out, "\n");
    gt_table_print(&program->out, &sources);
}

static void help_manual(struct gt_program *program)
{
    gt_help_manual(&program->out, &gt_mcp_grammar);
}

static bool print_type(struct gt_program *program, const char *name)
{
    const struct gt_tool_type *tool = gt_tool_type_find(name);
    const struct gt_source_type *source = gt_source_type_find(name);
    if (tool == NULL && source == NULL)
        return false;
    const char *summary = tool != NULL ? tool->summary : source->summary;
    const char *keys =
        gt_keys_manual(program->arena, tool != NULL ? tool->keys : source->keys, NULL);
    gt_stream_addf(&program->out, "%s: %s\n\n%s%s", name, summary, keys,
                   tool != NULL ? "\nand the keys of every tool: see `gantry-mcp help config`\n"
                                : "");
    return true;
}

int gt_command_help(struct gt_program *program, const struct gt_args *args)
{
    static const struct gt_help_topic rows[] = {
        {"config", help_config}, {"types", help_types}, {"manual", help_manual}, {0}};
    const struct gt_help_topics topics = {.rows = rows,
                                          .names = gt_kind_names(program->arena),
                                          .other = print_type,
                                          .hint =
                                              "see `gantry-mcp help`, or `gantry-mcp help types`"};
    return gt_program_help(program, args, &topics);
}
