#include "settings.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/doc/template.h>
#include <gantry/server/tool.h>
#include <string.h>

const char *gt_config_file(const struct gt_program *program)
{
    return gt_args_text(program->args, OPTION_CONFIG, gt_mcp_default_file);
}

/* An option, the pointer of its setting, and how it becomes a value. */
struct setting {
    enum option option;
    const char *name;    /* of the option, for messages */
    const char *pointer; /* of the setting */
};

static const struct setting settings[] = {
    {OPTION_SOURCE, "--source", "/source"},
    {OPTION_TIER, "--tier", "/tier"},
    {OPTION_DESCRIPTION, "--description", "/description"},
    {OPTION_HOST, "--host", "/host"},
    {OPTION_PORT, "--port", "/port"},
    {OPTION_DATABASE, "--database", "/database"},
    {OPTION_USER, "--user", "/user"},
    {OPTION_PASSWORD_ENV, "--password-env", "/password"},
    {OPTION_PERMISSIONS, "--permission", "/permissions"},
    {OPTION_DATABASES, "--allow-database", "/allowed_databases"},
    {OPTION_PATHS, "--allow-path", "/allowed_paths"},
};

static json_t *list_of(struct gt_program *program, enum option option)
{
    json_t *out = json_array();
    for (const char *const *item = gt_args_list(program->args, program->arena, option);
         *item != NULL; item++)
        json_array_append_new(out, json_string(*item));
    return out;
}

/* The value of an option as the file has it. */
static json_t *value_of(struct gt_program *program, const struct setting *setting)
{
    const struct gt_value *value = &program->args->values[setting->option];
    switch (program->grammar->options[setting->option].kind) {
    case GT_OPTION_LIST:
        return list_of(program, setting->option);
    case GT_OPTION_NUMBER:
        return json_integer(value->number);
    case GT_OPTION_STRING:
        if (setting->option == OPTION_PASSWORD_ENV)
            return json_string(gt_printf(program->arena, "${env.%s}", value->text));
        return json_string(value->text);
    case GT_OPTION_FLAG:
    case GT_OPTION_DURATION:
        break;
    }
    return NULL;
}

static bool is_variable(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && (*name < '0' || *name > '9') &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

/* Where a setting goes: a tool without a source of folders has them under security. */
static const char *place_of(const struct setting *setting, const struct gt_key *keys,
                            const struct gt_key *common)
{
    if (gt_key_find(keys, setting->pointer + 1) != NULL ||
        gt_key_find(common, setting->pointer + 1) != NULL)
        return setting->pointer;
    bool secure = setting->option == OPTION_PATHS && gt_key_find(common, "security") != NULL;
    return secure ? "/security/allowed_paths" : NULL;
}

/* --set KEY=VALUE: a pointer and a value that is read as YAML. */
static void set(struct gt_program *program, const struct gt_key *keys, json_t *out,
                const char *assignment)
{
    struct gt_arena *arena = program->arena;
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment) {
        gt_error(&program->diags, "usage", "--set %s has no value", assignment)->hint =
            "write --set KEY=VALUE";
        return;
    }
    char *pointer = gt_printf(arena, "/%.*s", (int)(equals - assignment), assignment);
    for (char *c = pointer; *c != '\0'; c++)
        *c = *c == '.' ? '/' : *c;
    const struct gt_key *key = gt_key_find(keys, pointer + 1);
    if (key != NULL && (key->flags & GT_KEY_SECRET) && !gt_template_is(equals + 1)) {
        gt_error(&program->diags, "usage", "%s is a secret, and the file is no place for it",
                 key->name)
            ->hint = "use --password-env VARIABLE, or --set KEY='${env.VARIABLE}'";
        return;
    }
    /* A document is a map; the value is read as that of a key, where `[a, b]` and `1` are such. */
    const char *text = gt_printf(arena, "{value: %s}", equals + 1);
    struct gt_diags ignored = gt_diags_init(arena);
    struct gt_doc doc;
    if (!gt_doc_parse(arena, "--set", text, strlen(text), &doc, &ignored) ||
        json_object_size(doc.root) != 1)
        gt_put_at(out, pointer, json_string(equals + 1));
    else
        gt_put_at(out, pointer, json_incref(json_object_get(doc.root, "value")));
}

json_t *gt_settings_of(struct gt_program *program, const char *type, const struct gt_key *keys,
                       const struct gt_key *common)
{
    size_t errors = program->diags.errors;
    json_t *out = gt_keep(program->arena, json_pack("{s:s}", "type", type));
    for (size_t i = 0; i < GT_COUNT(settings); i++) {
        const struct setting *setting = &settings[i];
        if (!gt_asked(program, setting->option))
            continue;
        const char *pointer = place_of(setting, keys, common);
        if (pointer != NULL)
            gt_put_at(out, pointer, value_of(program, setting));
        else
            gt_error(&program->diags, "usage", "%s is not for the type %s", setting->name, type)
                ->hint = gt_printf(program->arena, "see `gantry-mcp help %s`", type);
    }
    const char *variable = gt_option_text(program, OPTION_PASSWORD_ENV);
    if (variable != NULL && !is_variable(variable))
        gt_error(&program->diags, "usage", "--password-env takes the name of a variable")->hint =
            "put the password into the environment, and give the variable's name";
    for (const char *const *item = gt_args_list(program->args, program->arena, OPTION_SET);
         *item != NULL; item++)
        set(program, keys, out, *item);
    return program->diags.errors == errors ? out : NULL;
}

const char *const *gt_kind_names(struct gt_arena *arena)
{
    GT_VEC(const char *) names = {0};
    for (const struct gt_tool_type *const *type = gt_tool_types; *type != NULL; type++)
        *GT_PUSH(arena, &names) = (*type)->name;
    for (const struct gt_source_type *const *type = gt_source_types; *type != NULL; type++)
        *GT_PUSH(arena, &names) = (*type)->name;
    *GT_PUSH(arena, &names) = NULL;
    return names.at;
}

void gt_none_of(struct gt_program *program, const char *what, const char *name,
                const char *const *all)
{
    const char *list = "";
    for (size_t i = 0; all[i] != NULL; i++)
        list = gt_printf(program->arena, "%s%s%s", list, i > 0 ? ", " : "", all[i]);
    gt_error(&program->diags, "usage", "there is no %s \"%s\"", what, name)->hint =
        all[0] != NULL ? gt_printf(program->arena, "use one of %s", list)
                       : gt_printf(program->arena, "the configuration has no %ss", what);
}

bool gt_tier_is_there(struct gt_program *program, const struct gt_config *config)
{
    const char *name = gt_option_text(program, OPTION_TIER);
    const char **all = gt_calloc(program->arena, config->tiers.len + 1, sizeof(*all));
    bool found = name == NULL;
    for (size_t i = 0; i < config->tiers.len; i++) {
        all[i] = config->tiers.at[i].name;
        found = found || gt_streq(all[i], name);
    }
    if (!found)
        gt_none_of(program, "tier", name, all);
    return found;
}
