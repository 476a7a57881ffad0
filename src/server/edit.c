#include <gantry/server/edit.h>

#include <gantry/base/buf.h>
#include <gantry/base/json.h>
#include <gantry/base/map.h>
#include <gantry/base/str.h>

enum { TEXT_MAX = 1024 * 1024 };

char *gt_config_new_text(struct gt_arena *arena, const char *name, const json_t *sources,
                         const json_t *tools)
{
    json_auto_t *head = json_pack("{s:s}", "name", name);
    json_auto_t *first = json_pack("{s:O}", "sources", sources);
    json_auto_t *second = json_pack("{s:O}", "tools", tools);
    struct gt_buf buf = gt_buf_init(TEXT_MAX);
    gt_buf_addf(&buf,
                "# What `gantry-mcp serve` serves; `gantry-mcp validate` checks it.\n%s\n"
                "# What the tools work on. Secrets come from the environment or from files:\n"
                "# ${env.NAME}, ${file.PATH}.\n%s\n"
                "# `gantry-mcp register` adds more.\n%s\n"
                "# Who may call, and from where.\n"
                "tiers:\n"
                "  local:\n"
                "    listen: 127.0.0.1:8000\n",
                gt_doc_print_yaml(arena, head), gt_doc_print_yaml(arena, first),
                gt_doc_print_yaml(arena, second));
    char *text = gt_strdup(arena, gt_buf_text(&buf));
    gt_buf_done(&buf);
    return text;
}

/* The pointer of an entry of a section, or NULL. */
static const char *find_entry(const struct gt_edit *edit, const char *section, const char *name)
{
    const char *base = gt_printf(edit->arena, "/%s", section);
    const json_t *all = json_object_get(edit->root, section), *item;
    size_t i;
    if (json_object_get(all, name) != NULL)
        return gt_pointer_join(edit->arena, base, name);
    json_array_foreach(all, i, item)
    {
        if (gt_streq(gt_text_at(item, "/name"), name))
            return gt_pointer_index(edit->arena, base, i);
    }
    return NULL;
}

/* The same settings with `name` before them, for a list. */
static const json_t *named(const struct gt_edit *edit, const char *name, const json_t *settings)
{
    json_t *out = json_pack("{s:s}", "name", name);
    json_object_update_missing(out, gt_iterable(settings));
    return gt_keep(edit->arena, out);
}

bool gt_config_add(struct gt_edit *edit, const char *section, const char *name,
                   const json_t *settings, struct gt_diags *diags)
{
    const char *base = gt_printf(edit->arena, "/%s", section);
    const json_t *all = json_object_get(edit->root, section);
    if (find_entry(edit, section, name) != NULL) {
        gt_error(diags, "exists", "%s has \"%s\" under %s already", edit->name, name, section)
            ->hint = "choose another name, or remove it first";
        return false;
    }
    if (all == NULL) {
        const json_t *fresh = gt_pack(edit->arena, "{s:O}", name, settings);
        return gt_edit_add(edit, "", section, fresh, diags);
    }
    if (json_is_array(all) && json_array_size(all) > 0)
        return gt_edit_add(edit, base, NULL, named(edit, name, settings), diags);
    return gt_edit_add(edit, base, name, settings, diags);
}

/* Takes a tool out of all toolsets: those that are left name only what is there. */
static bool forget_tool(struct gt_edit *edit, const char *name, struct gt_diags *diags)
{
    GT_VEC(const char *) found = {0};
    const json_t *all = json_object_get(edit->root, "toolsets"), *toolset;
    const char *key;
    size_t i, count = json_is_array(all) ? json_array_size(all) : json_object_size(all);
    GT_VEC(const char *) pointers = {0};
    json_object_foreach(gt_iterable(all), key, toolset) * GT_PUSH(edit->arena, &pointers) =
        gt_pointer_join(edit->arena, "/toolsets", key);
    json_array_foreach(all, i, toolset) * GT_PUSH(edit->arena, &pointers) =
        gt_pointer_index(edit->arena, "/toolsets", i);
    for (size_t t = 0; t < count; t++) {
        const char *base = gt_printf(edit->arena, "%s/tools", pointers.at[t]);
        const json_t *names = gt_at(edit->root, base);
        for (size_t k = json_array_size(names); k > 0; k--)
            if (gt_streq(json_string_value(json_array_get(names, k - 1)), name))
                *GT_PUSH(edit->arena, &found) = gt_pointer_index(edit->arena, base, k - 1);
    }
    for (size_t f = 0; f < found.len; f++)
        if (!gt_edit_remove(edit, found.at[f], diags))
            return false;
    return true;
}

bool gt_config_remove_tool(struct gt_edit *edit, const char *name, struct gt_diags *diags)
{
    const char *at = find_entry(edit, "tools", name);
    if (at != NULL)
        return gt_edit_remove(edit, at, diags) && forget_tool(edit, name, diags);
    GT_VEC(const char *) names = {0};
    const json_t *all = json_object_get(edit->root, "tools"), *tool;
    const char *key;
    size_t i;
    json_object_foreach(gt_iterable(all), key, tool) * GT_PUSH(edit->arena, &names) = key;
    json_array_foreach(all, i, tool)
    {
        if (gt_text_at(tool, "/name") != NULL)
            *GT_PUSH(edit->arena, &names) = gt_text_at(tool, "/name");
    }
    *GT_PUSH(edit->arena, &names) = NULL;
    const char *near = gt_nearest(name, names.at);
    gt_error(diags, "absent", "%s has no tool \"%s\"", edit->name, name)->hint =
        near != NULL ? gt_printf(edit->arena, "did you mean \"%s\"?", near)
                     : "`gantry-mcp tools` lists them";
    return false;
}

bool gt_config_add_to_toolset(struct gt_edit *edit, const char *toolset, const char *tool,
                              struct gt_diags *diags)
{
    const char *at = find_entry(edit, "toolsets", toolset);
    const json_t *names =
        at != NULL ? gt_at(edit->root, gt_printf(edit->arena, "%s/tools", at)) : NULL;
    const json_t *value = gt_keep(edit->arena, json_string(tool)), *item;
    size_t i;
    if (at == NULL)
        return gt_config_add(edit, "toolsets", toolset,
                             gt_pack(edit->arena, "{s:[O]}", "tools", value), diags);
    json_array_foreach(names, i, item)
    {
        if (gt_streq(json_string_value(item), tool))
            return true;
    }
    if (names == NULL) /* nothing at all is in it, perhaps */
        return gt_edit_add(edit, at, "tools", gt_pack(edit->arena, "[O]", value), diags);
    return gt_edit_add(edit, gt_printf(edit->arena, "%s/tools", at), NULL, value, diags);
}

/* What makes two diagnostics the same for a reader, wherever their lines moved. */
static const char *key_of(struct gt_arena *arena, const struct gt_diag *diag)
{
    return gt_printf(arena, "%d %s %s", (int)diag->severity, diag->code, diag->message);
}

bool gt_config_judge(const struct gt_sys *sys, const char *before, size_t before_len,
                     const struct gt_edit *after, struct gt_diags *diags)
{
    size_t errors = diags->errors;
    struct gt_diags old = gt_diags_init(after->arena), new = gt_diags_init(after->arena);
    const struct gt_config_options was = {
        .path = after->name, .bytes = before, .len = before_len, .elsewhere = true};
    const struct gt_config_options is = {
        .path = after->name, .bytes = after->text, .len = after->len, .elsewhere = true};
    struct gt_map seen = gt_map_init(after->arena);
    gt_config_free(gt_config_load(sys, &was, &old));
    gt_config_free(gt_config_load(sys, &is, &new));
    for (size_t i = 0; i < old.list.len; i++)
        gt_map_set(&seen, key_of(after->arena, old.list.at[i]), after->arena);
    for (size_t i = 0; i < new.list.len; i++)
        if (gt_map_get(&seen, key_of(after->arena, new.list.at[i])) == NULL)
            gt_diags_copy(diags, new.list.at[i]);
    return diags->errors == errors;
}
