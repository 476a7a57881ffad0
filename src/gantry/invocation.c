#include "invocation.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>

#include <string.h>

const char *gt_invocation_program(struct gt_context *context)
{
    static const char name[] = "gantry";
    const char *self = gt_path_real(context->arena, "/proc/self/exe");
    const char *path = gt_env(context->program->sys, "PATH");
    while (self != NULL && path != NULL && *path != '\0') {
        size_t len = strcspn(path, ":");
        const char *found = gt_path_real(
            context->arena, gt_printf(context->arena, "%.*s/%s", (int)len, path, name));
        if (found != NULL)
            return gt_streq(found, self) ? name : self;
        path += len + (path[len] == ':');
    }
    return self == NULL ? name : self;
}

static const char *absolute(struct gt_context *context, const char *path)
{
    const char *real = gt_path_real(context->arena, path);
    return real == NULL ? path : real;
}

const char *const *gt_invocation_options(struct gt_context *context)
{
    static const struct {
        enum option option;
        const char *name;
        bool is_list, is_path;
    } kept[] = {
        {OPTION_VAR, "--var", true, false},
        {OPTION_VAR_FILE, "--var-file", true, true},
        {OPTION_REGION, "--region", false, false},
        {OPTION_PROFILE, "--profile", false, false},
        {OPTION_ENDPOINT_URL, "--endpoint-url", false, false},
    };
    const struct gt_args *args = context->program->args;
    GT_VEC(const char *) words = {0};
    for (size_t i = 0; i < GT_COUNT(kept); i++) {
        const char *const one[] = {gt_args_text(args, kept[i].option, NULL), NULL};
        const char *const *given =
            kept[i].is_list ? gt_args_list(args, context->arena, kept[i].option) : one;
        for (; *given != NULL; given++) {
            *GT_PUSH(context->arena, &words) = kept[i].name;
            *GT_PUSH(context->arena, &words) = kept[i].is_path ? absolute(context, *given) : *given;
        }
    }
    if (context->place != NULL)
        *GT_PUSH(context->arena, &words) = "--local";
    *GT_PUSH(context->arena, &words) = NULL;
    return words.at;
}

json_t *gt_invocation_environment(struct gt_context *context)
{
    /* Desktop clients start programs with little of the user's environment. */
    static const char run_folder[] = "XDG_RUNTIME_DIR";
    const char *base = gt_env(context->program->sys, run_folder);
    if (context->place == NULL)
        return NULL;
    json_t *out = gt_pack(context->arena, "{s:s}", "GANTRY_LOCAL",
                          gt_printf(context->arena, "%d", context->place->port));
    if (base != NULL && *base == '/')
        json_object_set_new(out, run_folder, json_string(base));
    return out;
}

const char *gt_shell_quote(struct gt_arena *arena, const char *text)
{
    const char *out = "'";
    for (;;) {
        size_t len = strcspn(text, "'");
        out = gt_printf(arena, "%s%.*s", out, (int)len, text);
        if (text[len] == '\0')
            return gt_printf(arena, "%s'", out);
        out = gt_printf(arena, "%s'\\''", out);
        text += len + 1;
    }
}

const char *gt_shell_word(struct gt_arena *arena, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:=@%+,";
    bool is_plain = *text != '\0' && text[strspn(text, plain)] == '\0';
    return is_plain ? text : gt_shell_quote(arena, text);
}
