/* gantry-mcp tools: the tools as clients see them. */
#include "../settings.h"
#include "commands.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/server/tool.h>
#include <gantry/ui/table.h>
#include <string.h>

static bool is_wanted(const struct gt_program *program, const struct gt_tool *tool,
                      const struct gt_toolset *toolset)
{
    const char *tier = gt_option_text(program, OPTION_TIER);
    bool in = toolset == NULL;
    for (size_t i = 0; !in && i < toolset->tools.len; i++)
        in = toolset->tools.at[i] == tool;
    return in && (tier == NULL || gt_streq(tier, tool->tier));
}

static const char *hints(struct gt_arena *arena, const struct gt_tool *tool)
{
    const struct gt_annotations *a = &tool->annotations;
    return gt_printf(arena, "%s%s",
                     a->read_only     ? "reads"
                     : a->destructive ? "writes"
                                      : "adds",
                     a->idempotent && !a->read_only ? ", idempotent" : "");
}

static void print_table(struct gt_program *program, const struct gt_config *config,
                        const struct gt_toolset *toolset)
{
    static const char *const titles[] = {"TIER", "CATEGORY", "TOOL", "", "DESCRIPTION", NULL};
    struct gt_table table = gt_table_new(program->arena, titles);
    for (size_t i = 0; i < config->tools.len; i++) {
        const struct gt_tool *tool = config->tools.at[i];
        if (!is_wanted(program, tool, toolset))
            continue;
        gt_table_add(&table,
                     (const char *const[]){
                         tool->tier, tool->category, tool->name, hints(program->arena, tool),
                         gt_one_line(program->arena, tool->description, 100), NULL});
    }
    gt_table_print(&program->out, &table);
}

static void print_json(struct gt_program *program, const struct gt_config *config,
                       const struct gt_toolset *toolset)
{
    json_auto_t *tools = json_array();
    for (size_t i = 0; i < config->tools.len; i++)
        if (is_wanted(program, config->tools.at[i], toolset))
            json_array_append(tools, config->tools.at[i]->definition);
    gt_program_document(program, "tools", "tools", tools, GT_DOCUMENT_JSON);
}

static bool find_toolset(struct gt_program *program, const struct gt_config *config,
                         const struct gt_toolset **toolset)
{
    const char *const *names = gt_args_list(program->args, program->arena, OPTION_TOOLSET);
    *toolset = NULL;
    if (*names == NULL)
        return true;
    for (size_t i = 0; i < config->toolsets.len; i++)
        if (gt_streq(config->toolsets.at[i]->name, *names))
            *toolset = config->toolsets.at[i];
    const char **all = gt_calloc(program->arena, config->toolsets.len + 1, sizeof(*all));
    for (size_t i = 0; i < config->toolsets.len; i++)
        all[i] = config->toolsets.at[i]->name;
    if (*toolset == NULL)
        gt_none_of(program, "toolset", *names, all);
    return *toolset != NULL;
}

int gt_command_tools(struct gt_program *program, const struct gt_args *args)
{
    /* What clients see follows from no secret: variables need not be set for it. */
    const struct gt_config_options options = {.path = gt_config_file(program), .elsewhere = true};
    const struct gt_toolset *toolset;
    (void)args;
    struct gt_config *config = gt_config_load(program->sys, &options, &program->diags);
    gt_program_report(program);
    if (config != NULL && gt_tier_is_there(program, config) &&
        find_toolset(program, config, &toolset)) {
        if (program->json)
            print_json(program, config, toolset);
        else
            print_table(program, config, toolset);
    }
    gt_config_free(config);
    return gt_program_exit(program, GT_EXIT_DONE);
}
