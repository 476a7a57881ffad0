/* gantry validate: all offline checks, of every environment unless one is chosen. */
#include "../context.h"
#include "commands.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/ui/report.h>

struct check {
    const char *environment;
    struct gt_diags diags;
    struct gt_map keys; /* of the diagnostics */
};

struct checks {
    GT_VEC(struct check) list;
};

/* The environments a diagnostic is about: NULL when it is about all of them. */
static const char *environments_of(struct gt_arena *arena, const struct checks *checks,
                                   const struct gt_diag *diag)
{
    const char *names = "", *key = gt_report_key(arena, diag);
    size_t count = 0;
    for (size_t i = 0; i < checks->list.len; i++) {
        if (gt_map_get(&checks->list.at[i].keys, key) == NULL)
            continue;
        names = gt_printf(arena, "%s%s%s", names, count > 0 ? ", " : "",
                          checks->list.at[i].environment);
        count++;
    }
    return count == checks->list.len ? NULL : names;
}

/* Each mistake once, with the environments that have it where not all have. */
static void merge(struct gt_context *context, const struct checks *checks)
{
    for (size_t i = 0; i < checks->list.len; i++) {
        const struct gt_diags *diags = &checks->list.at[i].diags;
        for (size_t j = 0; j < diags->list.len; j++) {
            struct gt_diag *diag = diags->list.at[j];
            const char *key = gt_report_key(context->arena, diag);
            bool seen = false;
            for (size_t k = 0; k < i && !seen; k++)
                seen = gt_map_get(&checks->list.at[k].keys, key) != NULL;
            if (seen)
                continue;
            const char *names = environments_of(context->arena, checks, diag);
            gt_diags_copy(context->diags, diag);
            struct gt_diag *copy = context->diags->list.at[context->diags->list.len - 1];
            if (names != NULL)
                copy->message =
                    gt_printf(context->arena, "%s (environment %s)", copy->message, names);
        }
    }
}

static size_t validate_each(struct gt_context *context, const json_t *environments)
{
    struct checks checks = {0};
    const char *name;
    json_t *ignored;
    json_object_foreach(gt_iterable(environments), name, ignored)
    {
        struct check *check = GT_PUSH(context->arena, &checks.list);
        struct gt_stack stack;
        check->environment = name;
        check->diags = gt_diags_init(context->arena);
        gt_context_build_environment(context, name, &stack, &check->diags);
        check->keys = gt_map_init(context->arena);
        for (size_t i = 0; i < check->diags.list.len; i++)
            gt_map_set(&check->keys, gt_report_key(context->arena, check->diags.list.at[i]), check);
    }
    merge(context, &checks);
    return checks.list.len;
}

static void print_result(struct gt_context *context, const char *what)
{
    const struct gt_diags *diags = context->diags;
    gt_program_event(context->program, "validated",
                     json_pack("{s:b, s:I, s:I}", "valid", diags->errors == 0, "errors",
                               (json_int_t)diags->errors, "warnings", (json_int_t)diags->warnings));
    if (diags->errors > 0)
        gt_program_say(context->program, "%zu error%s, %zu warning%s", diags->errors,
                       gt_plural(diags->errors), diags->warnings, gt_plural(diags->warnings));
    else
        gt_program_print(context->program,
                         gt_printf(context->arena, "%s is valid%s\n", context->path, what));
}

int gt_command_validate(struct gt_program *program, const struct gt_args *args)
{
    (void)args;
    struct gt_context context = gt_context_new(program);
    const char *what = "";
    if (gt_context_load(&context)) {
        const json_t *environments = gt_at(context.manifest.root, "/environments");
        if (context.environment == NULL && json_is_object(environments) &&
            json_object_size(environments) > 0) {
            context.region = "us-east-1";
            size_t count = validate_each(&context, environments);
            what = gt_printf(context.arena, " in %zu environment%s", count, gt_plural(count));
        } else if (gt_context_build(&context, true)) {
            what = gt_printf(context.arena, ": %zu resource%s", context.stack.resources.len,
                             gt_plural(context.stack.resources.len));
        }
    }
    gt_program_report(program);
    if (context.has_manifest)
        print_result(&context, what);
    int code = gt_program_exit(program, GT_EXIT_DONE);
    gt_context_done(&context);
    return code;
}
