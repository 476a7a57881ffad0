/* The manifest and what comes into it from outside: variables, files, environment, profile. */
#include "embedded.h"

#include <gantry/base/json.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>

#include <string.h>

static const size_t manifest_max = (size_t)9 << 20; /* the parser's own limit is 8 MiB */
static const size_t file_max = (size_t)1 << 20;

struct gt_context gt_context_new(struct gt_program *program)
{
    return (struct gt_context){.program = program,
                               .arena = program->arena,
                               .diags = &program->diags,
                               .local = gt_asked(program, OPTION_LOCAL)};
}

const char *gt_context_read(struct gt_context *context, const char *path, size_t max, size_t *len)
{
    char *bytes = NULL;
    switch (gt_file_read(context->arena, path, max, &bytes, len, context->diags)) {
    case GT_READ_OK:
        return bytes;
    case GT_READ_ABSENT:
        gt_error(context->diags, "no-file", "there is no file %s", path);
        break;
    case GT_READ_FAILED:
        break;
    }
    return NULL;
}

static const char *resolve_env(void *self, const char *name)
{
    const struct gt_context *context = self;
    return gt_env(context->program->sys, name);
}

/* ${file.PATH}: text of at most a mebibyte, found from the manifest's folder. */
static const char *resolve_file(void *self, const char *path, struct gt_diags *diags)
{
    struct gt_context *context = self;
    const char *full = gt_path_below(context->arena, context->folder, path);
    size_t mark = gt_diags_mark(diags);
    const char *text = gt_file_text(context->arena, full, file_max, diags);
    if (text == NULL && gt_streq(diags->list.at[mark]->code, "no-file"))
        diags->list.at[mark]->hint = "the path of a ${file...} starts at the manifest's folder";
    return text;
}

static bool read_manifest(struct gt_context *context)
{
    const char *given = gt_option_text(context->program, OPTION_FILE);
    context->path = given == NULL ? "gantry.yaml" : given;
    bool from_stdin = gt_streq(context->path, "-");
    context->folder = from_stdin ? "." : gt_path_folder(context->arena, context->path, NULL);
    char *bytes = NULL;
    size_t len;
    switch (
        gt_file_read(context->arena, context->path, manifest_max, &bytes, &len, context->diags)) {
    case GT_READ_ABSENT:
        gt_error(context->diags, "no-manifest", "there is no file %s", context->path)->hint =
            given == NULL ? "write one with `gantry init`, or name yours with -f FILE"
                          : "write one with `gantry init -f FILE`, or look at the path";
        return false;
    case GT_READ_FAILED:
        return false;
    case GT_READ_OK:
        break;
    }
    return gt_doc_parse(context->arena, from_stdin ? "(standard input)" : context->path, bytes, len,
                        &context->manifest, context->diags);
}

static bool read_variable_file(struct gt_context *context, const char *path, json_t *variables)
{
    size_t len;
    const char *bytes = gt_context_read(context, path, manifest_max, &len);
    struct gt_doc doc;
    if (bytes == NULL || !gt_doc_parse(context->arena, path, bytes, len, &doc, context->diags))
        return false;
    if (!json_is_object(doc.root)) {
        struct gt_diag *diag = gt_error(context->diags, "variable-file",
                                        "a variable file is a map of names to values");
        diag->pos = gt_marks_pos(doc.marks, "");
        return false;
    }
    json_object_update(variables, doc.root);
    return true;
}

static bool set_variable(struct gt_context *context, const char *assignment, json_t *variables)
{
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment) {
        gt_error(context->diags, "usage", "--var %s has no value", assignment)->hint =
            "write --var NAME=VALUE";
        return false;
    }
    json_t *value = json_string(equals + 1);
    const char *name = gt_strndup(context->arena, assignment, (size_t)(equals - assignment));
    if (value == NULL || gt_utf8_length(name) < 0) {
        json_decref(value);
        gt_error(context->diags, "usage", "--var %s is not valid UTF-8", name);
        return false;
    }
    json_object_set_new(variables, name, value);
    return true;
}

static bool read_variables(struct gt_context *context)
{
    const struct gt_args *args = context->program->args;
    json_t *variables = gt_keep(context->arena, json_object());
    bool ok = true;
    for (const char *const *path = gt_args_list(args, context->arena, OPTION_VAR_FILE);
         *path != NULL; path++)
        ok &= read_variable_file(context, *path, variables);
    for (const char *const *var = gt_args_list(args, context->arena, OPTION_VAR); *var != NULL;
         var++)
        ok &= set_variable(context, *var, variables);
    context->variables = variables;
    return ok;
}

bool gt_context_load(struct gt_context *context)
{
    if (context->has_manifest)
        return true;
    const char *environment = gt_option_text(context->program, OPTION_ENVIRONMENT);
    if (environment == NULL)
        environment = gt_env(context->program->sys, "GANTRY_ENV");
    if (environment != NULL)
        context->environment = environment;
    context->resolver =
        (struct gt_resolver){.env = resolve_env, .file = resolve_file, .self = context};
    bool manifest = read_manifest(context);
    context->has_manifest = manifest;
    return read_variables(context) && manifest;
}

bool gt_context_build_environment(struct gt_context *context, const char *environment,
                                  struct gt_stack *out, struct gt_diags *diags)
{
    const char *configured = gt_region_configured(context->program->sys, context->profile);
    if (configured == NULL)
        configured = context->local ? GT_EMBEDDED_REGION : context->region;
    struct gt_stack_options options = {
        .environment = environment,
        .variables = context->variables,
        .region = gt_option_text(context->program, OPTION_REGION),
        .region_default = configured,
        .local = context->local,
    };
    return gt_stack_build(context->arena, &context->manifest, &context->resolver, &options, out,
                          diags);
}

/* The profile of the command line, else of the environment, else the default. Offline, one that is
 * not there is none; the embedded cloud needs none. */
static bool load_profile(struct gt_context *context, const char *name, bool offline)
{
    if (context->local)
        return true;
    size_t mark = gt_diags_mark(context->diags);
    if (gt_profile_load(context->arena, context->program->sys, name, &context->profile,
                        context->diags))
        return true;
    context->profile = NULL;
    if (offline)
        gt_diags_rewind(context->diags, mark);
    return offline;
}

bool gt_context_profile(struct gt_context *context)
{
    return load_profile(context, gt_option_text(context->program, OPTION_PROFILE), false);
}

/* The profile that the manifest names, as far as it can be told before the stack is built. */
static const char *manifest_profile(struct gt_context *context)
{
    const char *environment = context->environment != NULL
                                  ? context->environment
                                  : gt_text_at(context->manifest.root, "/defaultEnvironment");
    const char *name = NULL;
    if (environment != NULL) {
        const char *entry = gt_pointer_join(context->arena, "/environments", environment);
        name = gt_text_at(context->manifest.root,
                          gt_printf(context->arena, "%s/provider/profile", entry));
    }
    if (name == NULL)
        name = gt_text_at(context->manifest.root, "/provider/profile");
    return name == NULL || strstr(name, "${") != NULL ? NULL : name;
}

bool gt_context_build(struct gt_context *context, bool offline)
{
    if (!gt_context_load(context))
        return false;
    const char *given = gt_option_text(context->program, OPTION_PROFILE);
    const char *profile = given != NULL ? given : manifest_profile(context);
    /* Checks that make no call need some region, and which one does not matter to them. */
    if (offline)
        context->region = "us-east-1";
    size_t mark = gt_diags_mark(context->diags);
    if (!load_profile(context, profile, offline) ||
        !gt_context_build_environment(context, context->environment, &context->stack,
                                      context->diags))
        return false;
    const char *wanted = context->stack.provider.profile;
    if (given == NULL && wanted != NULL && !gt_streq(wanted, profile)) {
        gt_diags_rewind(context->diags, mark);
        if (!load_profile(context, wanted, offline) ||
            !gt_context_build_environment(context, context->environment, &context->stack,
                                          context->diags))
            return false;
    }
    context->has_stack = true;
    context->stack_name = context->stack.name;
    context->stack_environment = context->stack.environment;
    return true;
}

/* The environment by name: given, or the manifest's default; "default" where it has none. */
static const char *environment_name(struct gt_context *context)
{
    const json_t *root = context->manifest.root;
    const json_t *environments = gt_at(root, "/environments");
    const char *name = context->environment;
    if (name == NULL)
        name = gt_text_at(root, "/defaultEnvironment");
    if (json_object_size(environments) == 0) {
        if (context->environment == NULL || gt_streq(name, "default"))
            return "default";
        gt_error(context->diags, "unknown-environment",
                 "there is no environment \"%s\": the manifest has none", name);
        return NULL;
    }
    if (name == NULL) {
        gt_error(context->diags, "no-environment", "the manifest has several environments")->hint =
            "choose one with -e NAME or GANTRY_ENV";
        return NULL;
    }
    if (json_object_get(environments, name) == NULL) {
        gt_error(context->diags, "unknown-environment", "the manifest has no environment \"%s\"",
                 name);
        return NULL;
    }
    return name;
}

/* Both names are parts of the state's path. */
static bool names_a_file(struct gt_context *context, const char *what, const char *name)
{
    if (name[0] != '.' && strchr(name, '/') == NULL)
        return true;
    gt_error(context->diags, "usage", "\"%s\" cannot be the name of a %s", name, what);
    return false;
}

bool gt_context_names(struct gt_context *context)
{
    context->stack_name = gt_option_text(context->program, OPTION_STACK);
    if (context->stack_name != NULL) {
        const char *file = gt_option_text(context->program, OPTION_FILE);
        const char *environment = gt_option_text(context->program, OPTION_ENVIRONMENT);
        if (environment == NULL)
            environment = gt_env(context->program->sys, "GANTRY_ENV");
        context->folder = file == NULL ? "." : gt_path_folder(context->arena, file, NULL);
        context->stack_environment = environment == NULL ? "default" : environment;
        return names_a_file(context, "stack", context->stack_name) &&
               names_a_file(context, "environment", context->stack_environment);
    }
    if (!gt_context_load(context))
        return false;
    context->stack_name = gt_text_at(context->manifest.root, "/stack");
    if (context->stack_name == NULL) {
        gt_error(context->diags, "no-stack", "%s does not name its stack", context->path)->hint =
            "see `gantry validate`, or use --stack NAME";
        return false;
    }
    context->stack_environment = environment_name(context);
    return context->stack_environment != NULL &&
           names_a_file(context, "stack", context->stack_name) &&
           names_a_file(context, "environment", context->stack_environment);
}
