/* gantry-mcp register: extends the configuration's text, or takes a tool out of it. */
#include "../settings.h"
#include "commands.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/server/edit.h>
#include <gantry/server/tool.h>
#include <gantry/sys/file.h>

static const size_t file_max = (size_t)9 << 20;

static void unknown_type(struct gt_program *program, const char *type)
{
    const char *near = gt_nearest(type, gt_kind_names(program->arena));
    gt_error(&program->diags, "usage", "there is no type \"%s\"", type)->hint =
        near != NULL ? gt_printf(program->arena, "did you mean %s?", near)
                     : "`gantry-mcp help types` lists them";
}

static bool add(struct gt_program *program, struct gt_edit *edit, const char *name)
{
    const char *type = gt_option_text(program, OPTION_TYPE);
    const struct gt_tool_type *tool = gt_tool_type_find(type);
    const struct gt_source_type *source = gt_source_type_find(type);
    const char *const *toolsets = gt_args_list(program->args, program->arena, OPTION_TOOLSET);
    if (type == NULL) {
        gt_error(&program->diags, "usage", "register needs --type")->hint =
            "`gantry-mcp help types` lists the kinds of tools and sources";
        return false;
    }
    if (tool == NULL && source == NULL) {
        unknown_type(program, type);
        return false;
    }
    if (tool == NULL && *toolsets != NULL) {
        gt_error(&program->diags, "usage", "--toolset is not for the type %s", type)->hint =
            "toolsets hold tools";
        return false;
    }
    const json_t *settings =
        tool != NULL ? gt_settings_of(program, type, tool->keys, gt_tool_common_keys)
                     : gt_settings_of(program, type, source->keys, gt_source_common_keys);
    if (settings == NULL ||
        !gt_config_add(edit, tool != NULL ? "tools" : "sources", name, settings, &program->diags))
        return false;
    for (; *toolsets != NULL; toolsets++)
        if (!gt_config_add_to_toolset(edit, *toolsets, name, &program->diags))
            return false;
    return true;
}

static bool read_file(struct gt_program *program, const char *path, char **text, size_t *len)
{
    enum gt_read_result result =
        gt_file_read(program->arena, path, file_max, text, len, &program->diags);
    if (gt_streq(path, "-"))
        gt_error(&program->diags, "usage", "register changes a file, and - is none")->hint =
            "name a file with --config FILE";
    else if (result == GT_READ_ABSENT)
        gt_error(&program->diags, "no-config", "there is no file %s", path)->hint =
            "write one with `gantry-mcp init`, or name yours with --config FILE";
    return result == GT_READ_OK && program->diags.errors == 0;
}

static void work(struct gt_program *program, const char *name)
{
    const char *path = gt_config_file(program);
    bool remove = gt_asked(program, OPTION_REMOVE);
    struct gt_edit edit;
    char *before = NULL;
    size_t len = 0;
    if (remove && gt_asked(program, OPTION_TYPE)) {
        gt_error(&program->diags, "usage", "--remove and --type do not go together")->hint =
            "remove the tool, then add another one of its name";
        return;
    }
    if (!read_file(program, path, &before, &len) ||
        !gt_edit_begin(program->arena, path, before, len, &edit, &program->diags))
        return;
    bool done =
        remove ? gt_config_remove_tool(&edit, name, &program->diags) : add(program, &edit, name);
    if (!done)
        return;
    if (!gt_config_judge(program->sys, before, len, &edit, &program->diags)) {
        gt_program_report(program);
        gt_program_say(program, "%s is as it was", path);
        return;
    }
    if (!gt_file_write(path, edit.text, edit.len, GT_MODE_KEEP, NULL, &program->diags))
        return;
    gt_program_event(program, remove ? "removed" : "registered",
                     json_pack("{s:s, s:s}", "file", path, "name", name));
    gt_program_print(program,
                     gt_printf(program->arena, "%s %s %s %s\n", remove ? "removed" : "added", name,
                               remove ? "from" : "to", path));
}

int gt_command_register(struct gt_program *program, const struct gt_args *args)
{
    work(program, args->words.at[0]);
    return gt_program_exit(program, GT_EXIT_DONE);
}
