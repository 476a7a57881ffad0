/* Chooses the environment, merges it over the rest of the manifest and gathers the variables. */
#include "manifest.h"
#include "value.h"
#include "variables.h"

#include <string.h>

static const char *const apart[] = {"variables", "environments", "defaultEnvironment"};

/* The declaration of a variable: the file's, with the environment's members over it. */
static void declare(struct gt_low *low, struct gt_map *variables, const struct gt_marks *marks,
                    const json_t *declarations, const char *pointer)
{
    const char *name;
    json_t *entry;
    json_object_foreach(gt_iterable(declarations), name, entry)
    {
        struct gt_variable *variable = gt_map_get(variables, name);
        if (variable == NULL) {
            variable = GT_NEW(low->arena, struct gt_variable);
            variable->name = gt_strdup(low->arena, name);
            gt_map_set(variables, name, variable);
        }
        const char *at = gt_pointer_join(low->arena, pointer, name);
        variable->marks = marks;
        variable->pos = gt_marks_key_pos(marks, at);
        if (!json_is_object(entry)) { /* the default alone */
            variable->value = json_is_null(entry) ? NULL : entry;
            variable->pointer = at;
            continue;
        }
        const char *type = json_string_value(json_object_get(entry, "type"));
        variable->type = type != NULL ? type : variable->type;
        json_t *value = json_object_get(entry, "default");
        if (value != NULL) {
            variable->value = value;
            variable->pointer = gt_pointer_join(low->arena, at, "default");
        }
    }
}

static const char *names_of(struct gt_arena *arena, const json_t *object)
{
    const char *all = "", *name;
    json_t *ignored;
    json_object_foreach(gt_iterable(object), name, ignored) all =
        gt_printf(arena, "%s%s%s", all, *all != '\0' ? ", " : "", name);
    return all;
}

/* The chosen environment's name; NULL with an error where one is needed. */
static const char *choose(struct gt_low *low, const struct gt_doc *manifest)
{
    const json_t *environments = json_object_get(manifest->root, "environments");
    const char *chosen = low->options->environment;
    struct gt_diag *diag;
    if (!json_is_object(environments) || json_object_size(environments) == 0) {
        if (chosen == NULL || strcmp(chosen, "default") == 0)
            return "default";
        diag = gt_error(low->diags, "unknown-environment",
                        "there is no environment \"%s\": the manifest has none", chosen);
        diag->hint = "add environments: to the manifest, or leave -e out";
        return NULL;
    }
    const char *by_default = gt_text_at(manifest->root, "/defaultEnvironment");
    const char *name = chosen != NULL ? chosen : by_default;
    const char *all = names_of(low->arena, environments);
    if (name == NULL) {
        diag = gt_error(low->diags, "environment-required",
                        "the manifest has environments: which one is not said");
        diag->pos = gt_marks_key_pos(manifest->marks, "/environments");
        diag->hint = gt_printf(low->arena,
                               "use -e NAME, GANTRY_ENV or defaultEnvironment: with one "
                               "of %s",
                               all);
        return NULL;
    }
    if (json_object_get(environments, name) != NULL)
        return gt_strdup(low->arena, name);
    struct gt_map names = gt_map_init(low->arena);
    const char *key;
    json_t *ignored;
    json_object_foreach(gt_iterable(environments), key, ignored) gt_map_set(&names, key, ignored);
    diag = gt_error(low->diags, "unknown-environment", "there is no environment \"%s\"", name);
    diag->pos =
        gt_marks_pos(manifest->marks, chosen != NULL ? "/environments" : "/defaultEnvironment");
    diag->hint = gt_low_suggest(low, &names, name);
    return NULL;
}

/* Environments that are not chosen are merged into nothing now, but must be right all the same. */
static void check_others(struct gt_low *low, const struct gt_doc *manifest, const char *chosen)
{
    const json_t *environments = json_object_get(manifest->root, "environments");
    const struct gt_key *key = gt_key_find(gt_manifest.fields, "environments");
    struct gt_keys_run run = gt_manifest_run(low->arena, manifest->marks, low->diags);
    run.overlay = true;
    json_auto_t *others = json_copy(gt_iterable(environments));
    if (chosen != NULL && json_is_object(others))
        json_object_del(others, chosen);
    if (others != NULL && !json_is_null(others))
        json_decref(gt_keys_check(&run, key, others, "/environments"));
}

static void check_variables(struct gt_low *low, const struct gt_doc *manifest, const char *pointer)
{
    const json_t *declarations = gt_at(manifest->root, pointer);
    struct gt_keys_run run = gt_manifest_run(low->arena, manifest->marks, low->diags);
    if (declarations == NULL || json_is_null(declarations))
        return;
    json_decref(
        gt_keys_check(&run, gt_key_find(gt_manifest.fields, "variables"), declarations, pointer));
}

/* What makes the stack what it is cannot differ between its environments. */
static void refuse_fixed(struct gt_low *low, const struct gt_doc *manifest, json_t *overlay,
                         const char *pointer)
{
    const struct gt_key *entry = gt_key_find(gt_manifest.fields, "environments")->element;
    for (const struct gt_key *key = gt_manifest.fields; key->name != NULL; key++) {
        if (json_object_get(overlay, key->name) == NULL ||
            gt_key_find(entry->fields, key->name) != NULL)
            continue;
        struct gt_diag *diag =
            gt_error(low->diags, "unknown-key", "an environment cannot set \"%s\"", key->name);
        diag->pos =
            gt_marks_key_pos(manifest->marks, gt_pointer_join(low->arena, pointer, key->name));
        json_object_del(overlay, key->name);
    }
}

bool gt_choose_environment(struct gt_low *low, const struct gt_doc *manifest,
                           struct gt_map *variables)
{
    const char *chosen = choose(low, manifest), *in_environment = "";
    json_auto_t *base = json_copy(manifest->root);
    const json_t *overlay = NULL;
    check_others(low, manifest, chosen);
    check_variables(low, manifest, "/variables");
    declare(low, variables, manifest->marks, json_object_get(base, "variables"), "/variables");
    if (chosen != NULL && gt_at(manifest->root, "/environments") != NULL) {
        in_environment = gt_pointer_join(low->arena, "/environments", chosen);
        overlay = gt_at(manifest->root, in_environment);
    }
    for (size_t i = 0; i < GT_COUNT(apart); i++)
        json_object_del(base, apart[i]);
    low->marks = gt_marks_new(low->arena);
    json_auto_t *over = json_is_object(overlay) ? json_copy(gt_iterable(overlay)) : json_object();
    if (json_is_object(overlay)) {
        const char *pointer = gt_pointer_join(low->arena, in_environment, "variables");
        check_variables(low, manifest, pointer);
        declare(low, variables, manifest->marks, json_object_get(over, "variables"), pointer);
        json_object_del(over, "variables");
        refuse_fixed(low, manifest, over, in_environment);
    } else if (overlay != NULL && !json_is_null(overlay)) {
        gt_low_error(low, NULL, "wrong-type", "an environment must be a map")->pos =
            gt_marks_pos(manifest->marks, in_environment);
    }
    struct gt_marks *over_marks = gt_marks_new(low->arena);
    if (over != NULL && *in_environment != '\0')
        gt_marks_graft(over_marks, "", manifest->marks, in_environment);
    low->doc =
        gt_keep(low->arena, gt_doc_merge(base, manifest->marks, over, over_marks, low->marks));
    low->stack->environment = chosen != NULL ? chosen : "default";
    return chosen != NULL;
}
