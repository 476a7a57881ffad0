/* The state and the engine of a command. */
#include "context.h"

#include "embedded.h"
#include "watch.h"

#include <gantry/base/str.h>

void gt_context_done(struct gt_context *context)
{
    gt_watch_end(context);
    if (context->engine != NULL)
        gt_engine_free(context->engine);
    gt_session_close(context->session);
    if (context->aws != NULL) {
        gt_aws_free(context->aws);
        gt_credentials_free(context->credentials);
    }
    gt_http_free(context->http);
    gt_loop_free(context->loop);
    *context = gt_context_new(context->program);
}

struct gt_backend *gt_context_backend(struct gt_context *context)
{
    const char *folder = gt_streq(context->folder, ".")
                             ? ".gantry"
                             : gt_printf(context->arena, "%s/.gantry", context->folder);
    if (context->place != NULL)
        folder = gt_printf(context->arena, "%s/local/%s", folder, context->place->id);
    struct gt_backend *backend = gt_backend_files(context->arena, context->program->sys, folder,
                                                  context->stack_name, context->stack_environment);
    backend->command = context->program->args->command->name;
    return backend;
}

enum gt_exit gt_context_open(struct gt_context *context, bool writable)
{
    if (!gt_embedded_find(context) || (writable && !gt_embedded_tell_folder(context)))
        return GT_EXIT_FAILED;
    switch (gt_session_open(context->arena, context->program->sys, gt_context_backend(context),
                            context->stack_name, context->stack_environment, writable,
                            &context->session, context->diags)) {
    case GT_OPEN_OK:
        return GT_EXIT_DONE;
    case GT_OPEN_HELD:
        return GT_EXIT_LOCKED;
    case GT_OPEN_FAILED:
        break;
    }
    return GT_EXIT_FAILED;
}

enum gt_exit gt_context_open_applied(struct gt_context *context)
{
    enum gt_exit code = gt_context_open(context, false);
    if (code != GT_EXIT_DONE)
        return code;
    if (context->session->fresh) {
        gt_error(context->diags, "not-applied", "%s (%s) was never applied", context->stack_name,
                 context->stack_environment)
            ->hint = context->place == NULL ? "run `gantry apply`" : "run `gantry apply --local`";
        return GT_EXIT_FAILED;
    }
    context->follows_state = true;
    return GT_EXIT_DONE;
}

static bool has_word(const struct gt_context *context, enum option option, const char *word)
{
    const char *const *list = gt_args_list(context->program->args, context->arena, option);
    for (; *list != NULL; list++)
        if (gt_streq(*list, word))
            return true;
    return false;
}

struct gt_engine_options gt_context_engine_options(struct gt_context *context)
{
    const struct gt_args *args = context->program->args;
    bool limited = gt_asked(context->program, OPTION_MAX_DELETE);
    return (struct gt_engine_options){
        .loop = context->loop,
        .aws = context->aws,
        .stack = context->has_stack ? &context->stack : NULL,
        .session = context->session,
        .version = GANTRY_VERSION,
        .cloud = context->cloud,
        .event = gt_watch_event,
        .event_payload = context,
        .deadline_ms = args->values[OPTION_DEADLINE].number,
        .targets = gt_args_list(args, context->arena, OPTION_TARGET),
        .excludes = gt_args_list(args, context->arena, OPTION_EXCLUDE),
        .replaces = gt_args_list(args, context->arena, OPTION_REPLACE),
        .allow_replace = gt_args_list(args, context->arena, OPTION_ALLOW_REPLACE),
        .deny_replace = has_word(context, OPTION_DENY, "replace"),
        .deny_delete = has_word(context, OPTION_DENY, "delete"),
        .max_delete = limited ? (long)args->values[OPTION_MAX_DELETE].number : -1,
    };
}

void gt_context_engine(struct gt_context *context, const struct gt_engine_options *options)
{
    if (context->engine != NULL)
        gt_engine_free(context->engine);
    context->engine = gt_engine_new(context->arena, options);
}

static const char *const *known_addresses(struct gt_context *context)
{
    GT_VEC(const char *) all = {0};
    for (size_t i = 0; context->has_stack && i < context->stack.resources.len; i++)
        *GT_PUSH(context->arena, &all) = context->stack.resources.at[i].address;
    const struct gt_map *entries = &context->session->state->entries;
    for (size_t i = 0; i < entries->entries.len; i++)
        if (entries->entries.at[i].value != NULL)
            *GT_PUSH(context->arena, &all) = entries->entries.at[i].key;
    *GT_PUSH(context->arena, &all) = NULL;
    return all.at;
}

static bool is_known(const char *const *known, const char *address)
{
    while (*known != NULL && !gt_streq(*known, address))
        known++;
    return *known != NULL;
}

bool gt_context_addresses(struct gt_context *context)
{
    static const struct {
        enum option option;
        const char *name;
    } rows[] = {{OPTION_TARGET, "--target"},
                {OPTION_EXCLUDE, "--exclude"},
                {OPTION_REPLACE, "--replace"},
                {OPTION_ALLOW_REPLACE, "--allow-replace"}};
    size_t errors = context->diags->errors;
    const char *const *known = known_addresses(context);
    for (size_t i = 0; i < GT_COUNT(rows); i++) {
        const char *const *address =
            gt_args_list(context->program->args, context->arena, rows[i].option);
        for (; *address != NULL; address++) {
            if ((rows[i].option == OPTION_ALLOW_REPLACE && gt_streq(*address, "*")) ||
                is_known(known, *address))
                continue;
            const char *nearest = gt_nearest(*address, known);
            gt_error(context->diags, "unknown-address", "%s %s: no resource has that address",
                     rows[i].name, *address)
                ->hint = nearest == NULL ? "`gantry show` lists the addresses"
                                         : gt_printf(context->arena, "did you mean %s?", nearest);
        }
    }
    return context->diags->errors == errors;
}

enum gt_exit gt_context_prepare(struct gt_context *context, bool writable)
{
    if (!gt_context_build(context, false))
        return GT_EXIT_FAILED;
    gt_program_report(context->program);
    enum gt_exit code = gt_context_open(context, writable);
    if (code != GT_EXIT_DONE)
        return code;
    if (!gt_context_addresses(context) || !gt_context_connect(context))
        return GT_EXIT_FAILED;
    struct gt_engine_options options = gt_context_engine_options(context);
    gt_context_engine(context, &options);
    return GT_EXIT_DONE;
}
