#include "saved_plan.h"

#include <gantry/base/hash.h>
#include <gantry/base/json.h>
#include <gantry/base/map.h>
#include <gantry/base/str.h>
#include <gantry/sys/file.h>

#include <string.h>

static const size_t plan_max = (size_t)256 << 20;

/* Whoever reads a plan before it is applied must see what apply compares: the digest of a step is
 * that of its members. */
static bool check_digests(struct gt_context *context, const struct gt_plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->steps.len; i++) {
        const struct gt_plan_step *step = &plan->steps.at[i];
        if (gt_streq(step->digest, gt_plan_step_digest(context->arena, step)))
            continue;
        struct gt_diag *diag =
            gt_error(context->diags, "no-plan", "%s was changed since it was written", path);
        diag->subject = step->address;
        diag->hint = "make a new plan with `gantry diff --out FILE`";
        return false;
    }
    return true;
}

json_t *gt_saved_plan_read(struct gt_context *context, const char *path, struct gt_plan *plan)
{
    size_t len;
    const char *bytes = gt_context_read(context, path, plan_max, &len);
    if (bytes == NULL)
        return NULL;
    json_error_t error;
    json_t *document = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &error);
    if (document == NULL || !json_is_object(document)) {
        json_decref(document);
        gt_error(context->diags, "no-plan", "%s is no plan file", path)->hint =
            "plan files are written by `gantry diff --out FILE`";
        return NULL;
    }
    gt_keep(context->arena, document);
    bool ok = gt_plan_parse(context->arena, document, plan, context->diags) &&
              check_digests(context, plan, path);
    return ok ? document : NULL;
}

/* "SALT:DIGEST" of the secret values that the manifest gives; NULL when it gives none. `salt` NULL:
 * a new one. */
static const char *secrets_digest(struct gt_context *context, const char *salt)
{
    json_auto_t *all = json_object();
    for (size_t i = 0; context->has_stack && i < context->stack.resources.len; i++) {
        const struct gt_resource *resource = &context->stack.resources.at[i];
        json_t *secrets = gt_type_secrets(resource->type, resource->properties);
        if (json_object_size(secrets) > 0)
            json_object_set_new(all, resource->address, secrets);
        else
            json_decref(secrets);
    }
    if (json_object_size(all) == 0)
        return NULL;
    GT_CLEANUP(gt_arena_cleanup) struct gt_arena *scratch = gt_arena_new_secret();
    const char *text = gt_json_canonical(scratch, all);
    if (salt == NULL)
        salt = gt_uuid(context->program->sys, context->arena);
    return gt_printf(context->arena, "%s:%s", salt,
                     gt_scrypt_hex(context->arena, text, strlen(text), salt));
}

bool gt_saved_plan_write(struct gt_context *context, const char *path, const struct gt_plan *plan)
{
    struct gt_plan saved = *plan;
    saved.secrets_digest = secrets_digest(context, NULL);
    json_auto_t *document = gt_plan_document(&saved);
    struct gt_buf text = gt_buf_init(plan_max);
    char *dump = gt_json_canonical(context->arena, document);
    gt_buf_adds(&text, dump);
    gt_buf_addc(&text, '\n');
    bool ok = gt_file_write(path, gt_buf_text(&text), text.len, 0600, NULL, context->diags);
    gt_buf_done(&text);
    return ok;
}

static json_t *list_document(const char *const *list)
{
    json_t *out = json_array();
    for (; list != NULL && *list != NULL; list++)
        json_array_append_new(out, json_string(*list));
    return out;
}

json_t *gt_saved_plan_options_document(const struct gt_engine_options *options)
{
    json_t *out = json_object();
    json_object_set_new(out, "targets", list_document(options->targets));
    json_object_set_new(out, "excludes", list_document(options->excludes));
    json_object_set_new(out, "replaces", list_document(options->replaces));
    json_object_set_new(out, "allowReplace", list_document(options->allow_replace));
    json_object_set_new(out, "denyReplace", json_boolean(options->deny_replace));
    json_object_set_new(out, "denyDelete", json_boolean(options->deny_delete));
    json_object_set_new(out, "maxDelete", json_integer(options->max_delete));
    return out;
}

static const char *const *list_of(struct gt_arena *arena, const json_t *options, const char *key)
{
    const json_t *list = json_object_get(options, key);
    const char **out = gt_calloc(arena, json_array_size(list) + 1, sizeof(const char *));
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_is_string(json_array_get(list, i)))
            out[count++] = json_string_value(json_array_get(list, i));
    return out;
}

/* Both lists, for consent that is given when the plan is applied. */
static const char *const *joined(struct gt_arena *arena, const char *const *a, const char *const *b)
{
    GT_VEC(const char *) all = {0};
    for (; a != NULL && *a != NULL; a++)
        *GT_PUSH(arena, &all) = *a;
    for (; b != NULL && *b != NULL; b++)
        *GT_PUSH(arena, &all) = *b;
    *GT_PUSH(arena, &all) = NULL;
    return all.at;
}

void gt_saved_plan_options(struct gt_context *context, const struct gt_plan *saved,
                           struct gt_engine_options *options)
{
    struct gt_arena *arena = context->arena;
    options->targets = list_of(arena, saved->options, "targets");
    options->excludes = list_of(arena, saved->options, "excludes");
    options->replaces = list_of(arena, saved->options, "replaces");
    options->allow_replace =
        joined(arena, list_of(arena, saved->options, "allowReplace"), options->allow_replace);
    options->deny_replace |= json_is_true(json_object_get(saved->options, "denyReplace"));
    options->deny_delete |= json_is_true(json_object_get(saved->options, "denyDelete"));
    const json_t *limit = json_object_get(saved->options, "maxDelete");
    if (options->max_delete < 0 && json_is_integer(limit))
        options->max_delete = (long)json_integer_value(limit);
    options->destroy = saved->destroy;
}

static const char *shown(const char *text)
{
    return text == NULL ? "(none)" : text;
}

struct member {
    const char *what, *saved, *fresh, *hint;
};

static void compare_members(struct gt_context *context, const struct gt_plan *saved,
                            const struct gt_plan *fresh)
{
    const struct member members[] = {
        {"gantry", saved->version, fresh->version, "make the plan with the gantry that applies it"},
        {"stack", saved->stack, fresh->stack, "use the manifest that the plan was made from"},
        {"environment", saved->environment, fresh->environment, "give the same -e"},
        {"partition", saved->partition, fresh->partition, "use the region of the plan"},
        {"account", saved->account, fresh->account, "use credentials of the plan's account"},
        {"region", saved->region, fresh->region, "give the same --region"},
        {"endpoint", saved->endpoint, fresh->endpoint, "give the same --endpoint-url"},
    };
    for (size_t i = 0; i < GT_COUNT(members); i++)
        if (!gt_streq(members[i].saved, members[i].fresh))
            gt_error(context->diags, "stale-plan", "the plan is for %s %s, this is %s",
                     members[i].what, shown(members[i].saved), shown(members[i].fresh))
                ->hint = members[i].hint;
    static const char again[] = "make a new plan with `gantry diff --out FILE`";
    if (!gt_streq(saved->lineage, fresh->lineage))
        gt_error(context->diags, "stale-plan", "the plan was made from another state")->hint =
            again;
    else if (saved->serial != fresh->serial)
        gt_error(context->diags, "stale-plan",
                 "the state changed since the plan was made: its serial was %lld, now it is %lld",
                 (long long)saved->serial, (long long)fresh->serial)
            ->hint = again;
    if (!gt_streq(saved->manifest_digest, fresh->manifest_digest))
        gt_error(context->diags, "stale-plan",
                 "the manifest, or a variable or file that it reads, changed since the plan was "
                 "made")
            ->hint = "give the same --var and --var-file, or make a new plan";
}

static void compare_secrets(struct gt_context *context, const struct gt_plan *saved)
{
    const char *was = saved->secrets_digest == NULL ? "" : saved->secrets_digest;
    size_t len = strcspn(was, ":");
    const char *now = secrets_digest(context, gt_strndup(context->arena, was, len));
    if (!gt_streq(saved->secrets_digest, now))
        gt_error(context->diags, "stale-plan",
                 "a secret value of the manifest changed since the plan was made")
            ->hint = "give the same secrets, or make a new plan with `gantry diff --out FILE`";
}

static bool is_planned(const struct gt_plan_step *step)
{
    return step->action != GT_ACTION_NOOP && step->action != GT_ACTION_READ;
}

static struct gt_diag *step_error(struct gt_context *context, const struct gt_plan_step *step,
                                  const char *message)
{
    struct gt_diag *diag = gt_error(context->diags, "stale-plan", "%s", message);
    diag->subject = step->address;
    diag->hint = "make a new plan with `gantry diff --out FILE`";
    return diag;
}

/* Each planned resource, in both directions; what neither plan touches may differ. */
static void compare_steps(struct gt_context *context, const struct gt_plan *saved,
                          const struct gt_plan *fresh)
{
    struct gt_map by_address = gt_map_init(context->arena);
    for (size_t i = 0; i < fresh->steps.len; i++)
        gt_map_set(&by_address, fresh->steps.at[i].address, &fresh->steps.at[i]);
    for (size_t i = 0; i < saved->steps.len; i++) {
        const struct gt_plan_step *was = &saved->steps.at[i];
        const struct gt_plan_step *now = gt_map_get(&by_address, was->address);
        gt_map_set(&by_address, was->address, NULL);
        if (now == NULL) {
            if (is_planned(was))
                step_error(context, was, "it is planned but no longer known");
        } else if (was->action != now->action) {
            step_error(context, was,
                       gt_printf(context->arena, "planned to %s, now it would be to %s",
                                 gt_action_name(was->action), gt_action_name(now->action)));
        } else if (is_planned(was) && !gt_streq(was->digest, now->digest)) {
            step_error(context, was, "what is planned for it changed since");
        }
    }
    for (size_t i = 0; i < by_address.entries.len; i++) {
        const struct gt_plan_step *now = by_address.entries.at[i].value;
        if (now != NULL && is_planned(now))
            step_error(context, now, "it is not in the plan");
    }
}

bool gt_saved_plan_matches(struct gt_context *context, const struct gt_plan *saved,
                           const struct gt_plan *fresh)
{
    size_t errors = context->diags->errors;
    compare_members(context, saved, fresh);
    compare_secrets(context, saved);
    /* A wrong place explains every difference below. */
    if (context->diags->errors == errors)
        compare_steps(context, saved, fresh);
    return context->diags->errors == errors;
}

char *gt_plan_counts_text(struct gt_arena *arena, const struct gt_plan *plan)
{
    struct gt_plan_counts counts = gt_plan_count(plan);
    const struct {
        size_t count;
        const char *words;
    } rows[] = {
        {counts.create, "to create"},   {counts.adopt, "to adopt"},   {counts.update, "to update"},
        {counts.replace, "to replace"}, {counts.remove, "to delete"}, {counts.forget, "to forget"},
    };
    char *text = gt_strdup(arena, "");
    for (size_t i = 0; i < GT_COUNT(rows); i++)
        if (rows[i].count > 0)
            text = gt_printf(arena, "%s%s%zu %s", text, *text == '\0' ? "" : ", ", rows[i].count,
                             rows[i].words);
    return gt_printf(arena, "%s%s%zu unchanged\n", *text == '\0' ? "no changes" : text, "; ",
                     counts.noop + counts.read);
}

json_t *gt_plan_counts_document(const struct gt_plan *plan)
{
    struct gt_plan_counts counts = gt_plan_count(plan);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "create", (json_int_t)counts.create,
                     "adopt", (json_int_t)counts.adopt, "update", (json_int_t)counts.update,
                     "replace", (json_int_t)counts.replace, "delete", (json_int_t)counts.remove,
                     "forget", (json_int_t)counts.forget, "unchanged",
                     (json_int_t)(counts.noop + counts.read));
}
